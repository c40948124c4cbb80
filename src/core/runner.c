/*
 * A run from its start to its end; see runner.h. Here: putting the parts
 * together, the runner's thread, interruption, and the result.
 */
#include "core/runner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/runner_priv.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/units.h"

/* Virtual runs begin at the same moment, so that they are the same, byte for byte. */
#define VIRTUAL_START_NS NS_PER_S
#define VIRTUAL_WALL_MS  1735689600000ull
#define WIND_UP_NS       (90 * NS_PER_S) /* after the time limit; then by force */

int exit_code_for(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return EXIT_PASS;
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_ENV:
	case ERR_IO:
	case ERR_TIMEOUT:
	case ERR_PROTOCOL:
	case ERR_LIMIT:
	case ERR_UNSUPPORTED:
		return EXIT_ENV;
	case ERR_CANCELLED:
		return EXIT_UNKNOWN;
	case ERR_INTERNAL:
		break;
	}
	return EXIT_INTERNAL;
}

/* --- shared with the phases ----------------------------------------------------------- */

bool run_must_stop(const struct run *r)
{
	return cancel_is_set(r->stop);
}

bool run_is_broken(struct run *r, struct err *err)
{
	pthread_mutex_lock(&r->broken_lock);
	bool broken = r->broken.code != ERR_NONE;
	if (broken)
		*err = r->broken;
	pthread_mutex_unlock(&r->broken_lock);
	return broken;
}

void run_note(struct run *r, const char *fmt, ...)
{
	struct event *ev = event_new(EVENT_NOTE, hub_now(r->hub), -1);
	va_list ap;
	va_start(ap, fmt);
	ev->u.note.text = xvasprintf(fmt, ap);
	va_end(ap);
	hub_emit(r->hub, ev);
}

void run_short_of(struct run *r, const char *fmt, ...)
{
	va_list ap;
	if (r->short_of[0])
		return; /* the first cause is the one to tell */
	va_start(ap, fmt);
	vsnprintf(r->short_of, sizeof(r->short_of), fmt, ap);
	va_end(ap);
}

/* A Prometheus that cannot find the nodes is no reason to end a run: it is told. */
static void update_scrape(struct run *r)
{
	uint64_t changes = cluster_changes(r->cluster);
	struct cluster_node n;
	struct err err = { 0 };

	if (!r->scrape || changes == r->scraped_changes)
		return;
	r->scraped_changes = changes;
	for (unsigned i = 0; cluster_get(r->cluster, i, &n); i++) {
		if (n.state == NODE_REMOVED)
			scrape_remove(r->scrape, i);
		else
			scrape_set(r->scrape, i, n.endpoint);
	}
	if (scrape_write(r->scrape, &err) < 0)
		run_note(r, "the files for Prometheus are out of date: %s", err.text);
}

enum clock_wait run_serve(struct run *r, uint64_t until_ns, const struct cancel *cancel)
{
	uint64_t next = MIN(until_ns, cluster_next_watch(r->cluster));
	enum clock_wait why = clock_wait(r->clock, &r->wake, cancel, next);

	cluster_watch(r->cluster, r->env.cancel);
	control_serve(r->control);
	update_scrape(r);
	return why;
}

int run_serve_until(struct run *r, uint64_t until_ns, const struct cancel *cancel)
{
	while (clock_now(r->clock) < until_ns) {
		if (cancel_is_set(cancel))
			return -1;
		run_serve(r, until_ns, cancel);
	}
	return cancel_is_set(cancel) ? -1 : 0;
}

/* --- result --------------------------------------------------------------------------- */

static void set_result(struct run *r, enum verdict v, int exit_code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void set_result(struct run *r, enum verdict v, int exit_code, const char *fmt, ...)
{
	va_list ap;
	r->result.verdict = v;
	r->result.exit_code = exit_code;
	va_start(ap, fmt);
	vsnprintf(r->result.reason, sizeof(r->result.reason), fmt, ap);
	va_end(ap);
}

/* The first check that came to this verdict tells why. */
static void result_from_check(struct run *r, enum verdict v, int exit_code, const char *otherwise)
{
	struct snapshot *s = hub_snapshot(r->hub);
	const struct model_check *found = NULL;

	for (size_t i = 0; i < s->model.n_checks && !found; i++) {
		if (s->model.checks[i].verdict == v)
			found = &s->model.checks[i];
	}
	if (found)
		set_result(r, v, exit_code, "%s: %s", found->name,
			found->reason ? found->reason : verdict_name(v));
	else
		set_result(r, v, exit_code, "%s", otherwise);
	snapshot_unref(s);
}

static const char *disk_hint(const struct err *err)
{
	return err->saved_errno == ENOSPC || err->saved_errno == EDQUOT
		       ? "; make room, or choose another place with --out"
		       : "";
}

/*
 * The bench itself failed: then nothing is concluded, not even that a check failed. A full disk
 * is the common case, and stops the nodes as well as the recording.
 */
static bool result_internal(struct run *r)
{
	struct err err = { 0 };

	if (r->internal.code != ERR_NONE)
		set_result(r, VERDICT_UNKNOWN, EXIT_INTERNAL, "%s", r->internal.text);
	else if (hub_error(r->hub, &err) < 0)
		set_result(
			r, VERDICT_UNKNOWN, EXIT_INTERNAL, "%.900s%s", err.text, disk_hint(&err));
	else
		return false;
	return true;
}

/* Why the verdict cannot be better than unknown, though no check failed; false: nothing. */
static bool result_short_of_pass(struct run *r)
{
	uint64_t lost = hub_lost_by_producers(r->hub);

	if (lost > 0)
		set_result(r, VERDICT_UNKNOWN, EXIT_UNKNOWN,
			"%llu block%s lost on the way to a workload", (unsigned long long)lost,
			plural_s(lost));
	else if (r->short_of[0])
		set_result(r, VERDICT_UNKNOWN, EXIT_UNKNOWN, "%s", r->short_of);
	else if (r->judged != VERDICT_PASS)
		result_from_check(r, VERDICT_UNKNOWN, EXIT_UNKNOWN, "there was nothing to judge");
	else
		return false;
	return true;
}

static void compute_result(struct run *r)
{
	struct err broken = { 0 };

	if (atomic_load(&r->signals)) {
		int signo = atomic_load(&r->signo);
		const char *name = sigabbrev_np(signo);
		set_result(r, VERDICT_UNKNOWN, EXIT_SIGNAL + signo, "interrupted by SIG%s",
			name ? name : "?");
	} else if (atomic_load(&r->timed_out)) {
		set_result(r, VERDICT_UNKNOWN, EXIT_TIME,
			"the time limit of %llu s for the whole run was reached",
			(unsigned long long)((r->deadline_ns - r->t0_ns) / NS_PER_S));
	} else if (run_is_broken(r, &broken)) {
		set_result(r, VERDICT_UNKNOWN,
			r->drive_start_ns ? EXIT_UNKNOWN : exit_code_for(broken.code), "%.1000s",
			broken.text);
	} else if (r->failure.code != ERR_NONE) {
		set_result(r, VERDICT_UNKNOWN, exit_code_for(r->failure.code), "%s: %.980s%s",
			phase_name(r->failed_phase), r->failure.text, disk_hint(&r->failure));
	} else if (!result_internal(r)) {
		if (r->judged == VERDICT_FAIL)
			result_from_check(r, VERDICT_FAIL, EXIT_FAIL, "a check failed");
		else if (!result_short_of_pass(r))
			set_result(r, VERDICT_PASS, EXIT_PASS, "%s", "");
	}
	if (r->teardown.code != ERR_NONE && r->result.exit_code == EXIT_PASS)
		set_result(r, VERDICT_PASS, EXIT_ENV, "teardown: %.980s", r->teardown.text);
}

static void write_reports(struct run *r)
{
	struct err err = { 0 };

	if (!r->opt.write_reports)
		return;
	hub_flush(r->hub);
	struct snapshot *s = hub_snapshot(r->hub);
	int rc = r->opt.write_reports(r->opt.arg, s, &r->result, &err);
	snapshot_unref(s);
	if (rc == 0 || r->internal.code != ERR_NONE)
		return;
	r->internal = err;
	err_prefix(&r->internal, "reports");
	run_note(r, "%s", r->internal.text);
	compute_result(r);
}

/* --- the runner's thread ----------------------------------------------------------------- */

static void on_deadline(void *arg)
{
	struct run *r = arg;
	atomic_store(&r->timed_out, true);
	cancel_set(r->stop);
	wake_signal(&r->wake);
}

static void on_last_deadline(void *arg)
{
	struct run *r = arg;
	cancel_set(r->force);
	wake_signal(&r->wake);
}

void run_arm_deadline(struct run *r)
{
	if (r->deadline_timer) {
		net_timer_cancel(r->net, r->deadline_timer);
		net_timer_cancel(r->net, r->last_timer);
	}
	r->deadline_timer = net_timer(r->net, r->deadline_ns, on_deadline, r);
	r->last_timer = net_timer(r->net, r->deadline_ns + WIND_UP_NS, on_last_deadline, r);
}

static void emit_run_end(struct run *r)
{
	struct event *ev = event_new(EVENT_RUN_END, hub_now(r->hub), -1);
	ev->u.run_end.verdict = r->result.verdict;
	ev->u.run_end.exit_code = r->result.exit_code;
	ev->u.run_end.reason = r->result.reason[0] ? xstrdup(r->result.reason) : NULL;
	hub_emit(r->hub, ev);
}

/* Ends everything that could still emit events; nodes that are kept live on. */
static void stop_producers(struct run *r)
{
	if (r->stuck)
		return; /* what hangs still uses them */
	if (!r->result.kept)
		procs_stop(r->procs);
	cluster_set_feed(r->cluster, NULL);
	feed_free(r->feed);
	r->feed = NULL;
	queries_free(r->queries);
	r->queries = NULL;
	net_stop(r->net);
}

/* Is what was started to be left running? What came up only partly is worth a look as well. */
static bool shall_keep(const struct run *r)
{
	if (!r->started || cancel_is_set(r->force))
		return false;
	return r->env.keep && (r->opt.keep == RUN_KEEP_ALWAYS || r->result.exit_code != EXIT_PASS);
}

static void *runner_main(void *arg)
{
	struct run *r = arg;
	struct err err = { 0 };

	run_arm_deadline(r);
	run_all_phases(r);
	pthread_mutex_lock(&r->broken_lock);
	r->is_judged = true;
	pthread_mutex_unlock(&r->broken_lock);
	net_timer_cancel(r->net, r->deadline_timer);
	run_collect(r);
	compute_result(r);
	write_reports(r);
	r->result.kept = shall_keep(r);
	if (r->result.kept)
		run_note(r, "the cluster is left running (%s); `ltb clean %s' ends it",
			r->opt.keep_why ? r->opt.keep_why : "as asked for", r->run_dir);
	else
		run_down(r);
	net_timer_cancel(r->net, r->last_timer);
	stop_producers(r);
	hub_flush(r->hub);
	compute_result(r);
	emit_run_end(r);
	write_reports(r);
	if (!r->result.kept && r->teardown.code == ERR_NONE && !r->stuck &&
		journal_done(r->journal, &err) < 0)
		run_note(r, "%s", err.text);
	hub_stop(r->hub);
	clock_leave(r->clock);
	atomic_store(&r->done, true);
	wake_signal(&r->done_wake);
	return NULL;
}

/* --- putting it together ------------------------------------------------------------------- */

static void backend_tells(void *arg, unsigned node, enum node_state state, bool expected,
	const char *endpoint, int64_t pid, const char *reason, const char *log_tail)
{
	struct run *r = arg;
	cluster_tell(r->cluster, node, state, expected, endpoint, pid, reason, log_tail);
}

static void backend_logs(void *arg, int node, int level, const char *text)
{
	struct run *r = arg;
	struct event *ev = event_new(EVENT_LOG, hub_now(r->hub), node);
	ev->u.log.level = level;
	ev->u.log.text = xstrdup(text);
	hub_emit(r->hub, ev);
}

static void backend_is_broken(void *arg, const struct err *why)
{
	struct run *r = arg;

	pthread_mutex_lock(&r->broken_lock);
	bool counts = r->broken.code == ERR_NONE && !r->is_judged;
	if (counts)
		r->broken = *why;
	pthread_mutex_unlock(&r->broken_lock);
	if (!counts)
		return;
	run_note(r, "%s", why->text);
	cancel_set(r->stop);
	wake_signal(&r->wake);
}

static void usage_of_node(void *arg, unsigned node, struct node_usage *ret)
{
	struct run *r = arg;
	r->backend.ops->usage(&r->backend, node, ret);
}

static int write_inputs(struct run *r, struct err *err)
{
	CLEANUP_STRBUF struct strbuf plan = { 0 };
	CLEANUP_STRBUF struct strbuf preset = { 0 };
	CLEANUP_FREE char *plan_path = fs_join(r->run_dir, "plan.json");
	CLEANUP_FREE char *preset_path = fs_join(r->run_dir, "preset.yaml");

	plan_to_json(r->plan, &plan);
	if (fs_write_atomic(plan_path, strbuf_str(&plan), plan.len, 0644, err) < 0)
		return -1;
	if (!r->scenario->doc || !r->scenario->doc->root)
		return 0;
	ynode_write(r->scenario->doc->root, &preset);
	return fs_write_atomic(preset_path, strbuf_str(&preset), preset.len, 0644, err);
}

static int open_record(struct run *r, struct err *err)
{
	CLEANUP_FREE char *journal_path = fs_join(r->run_dir, "journal");
	CLEANUP_FREE char *events_path = fs_join(r->run_dir, "events.jsonl");

	if (fs_mkdirs(r->run_dir, 0755, err) < 0)
		return -1;
	r->journal = journal_create(journal_path, err);
	if (!r->journal || journal_owner(r->journal, getpid(), proc_start_time(getpid()),
				   r->backend.ops->name, err) < 0)
		return -1;
	r->jury = jury_new(r->scenario, r->plan);
	const struct hub_options opt = {
		.clock = r->clock,
		.t0_ns = r->t0_ns,
		.events_path = events_path,
		.events_copy = r->events_copy,
		.jury = r->jury,
	};
	r->hub = hub_start(&opt, err);
	if (!r->hub)
		return -1;
	return write_inputs(r, err);
}

static void derive_times(struct run *r)
{
	const struct run_settings *s = &r->scenario->run;

	r->block_interval_ns = scenario_block_interval_ns(r->scenario);
	r->ready_timeout_ns = scenario_ready_timeout_ns(r->scenario);
	r->settle_max_ns =
		s->settle_ns ? s->settle_ns : MAX(15 * NS_PER_S, 15 * r->block_interval_ns);
	uint64_t timeout = r->opt.timeout_ns ? r->opt.timeout_ns : s->timeout_ns;
	r->timeout_is_given = timeout > 0;
	if (!timeout)
		timeout = s->warmup_ns + s->duration_ns + r->settle_max_ns +
			  6 * r->ready_timeout_ns + 60 * NS_PER_S;
	r->t0_ns = clock_now(r->clock);
	r->deadline_ns = r->t0_ns + timeout;
}

/* By a command of a timeline, or of somebody at the keys. */
static bool may_shape_links(const struct run *r)
{
	for (size_t i = 0; i < r->scenario->n_workloads; i++)
		if (r->scenario->workloads[i].ops->fault)
			return true;
	return r->opt.interactive;
}

/* The backend's state must be there before the network of a virtual one starts. */
static int start_parts(struct run *r, struct err *err)
{
	r->env = (struct backend_env){
		.plan = r->plan,
		.flavours = r->opt.catalog->flavours,
		.run_dir = r->run_dir,
		.run_id = r->run_id,
		.clock = r->clock,
		.cancel = r->stop,
		.journal = r->journal,
		.ready_timeout_ns = r->ready_timeout_ns,
		.arg = r,
		.node_state = backend_tells,
		.log = backend_logs,
		.broken = backend_is_broken,
		.may_shape_links = may_shape_links(r),
	};
	r->backend.env = &r->env;
	r->backend.state = xcalloc(1, MAX(r->backend.ops->state_size, 1u));
	r->procs = procs_start(err);
	if (!r->procs)
		return -1;
	r->env.procs = r->procs;
	r->env.keep = r->opt.keep != RUN_KEEP_NEVER && !(r->backend.ops->caps & BACKEND_VIRTUAL);
	r->net = net_start(r->clock, r->backend.ops->handler(&r->backend), err);
	if (!r->net)
		return -1;
	r->env.net = r->net;

	const struct cluster_options cluster = {
		.hub = r->hub,
		.net = r->net,
		.clock = r->clock,
		.plan = r->plan,
		.changed = &r->wake,
	};
	r->cluster = cluster_new(&cluster);
	const struct control_options control = {
		.cluster = r->cluster,
		.backend = &r->backend,
		.clock = r->clock,
		.hub = r->hub,
		.journal = r->journal,
		.op_timeout_ns = 4 * r->ready_timeout_ns + 60 * NS_PER_S,
		.wake = &r->wake,
		.arg = r,
		.workload = run_load_find,
		.extend = run_extend,
		.end_drive = run_end_drive,
	};
	r->control = control_new(&control);
	const struct feed_options feed = {
		.net = r->net,
		.hub = r->hub,
		.clock = r->clock,
		.block_interval_ns = r->block_interval_ns,
		.usage = usage_of_node,
		.usage_arg = r,
	};
	r->feed = feed_new(&feed);
	cluster_set_feed(r->cluster, r->feed);
	const struct queries_options queries = {
		.net = r->net,
		.hub = r->hub,
		.clock = r->clock,
		.scenario = r->scenario,
		.is_virtual = r->backend.ops->caps & BACKEND_VIRTUAL,
		.wake = &r->wake,
	};
	r->queries = queries_new(&queries);
	if (!queries.is_virtual)
		r->scrape = scrape_new(r->run_dir, r->run_id);
	return 0;
}

static void emit_run_start(struct run *r)
{
	struct event *ev = event_new(EVENT_RUN_START, hub_now(r->hub), -1);
	uint64_t now_ms = clock_wall_ms(r->clock);
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;
	char started[48];

	/* to the millisecond: it ties the run's time to that of the nodes' logs */
	gmtime_r(&now, &tm);
	size_t len = strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(started + len, sizeof(started) - len, ".%03uZ", (unsigned)(now_ms % 1000));
	ev->u.run_start.run_id = xstrdup(r->run_id);
	ev->u.run_start.preset = xstrdup(r->scenario->name);
	ev->u.run_start.backend = xstrdup(r->backend.ops->name);
	ev->u.run_start.started = xstrdup(started);
	ev->u.run_start.seed = r->plan->seed;
	ev->u.run_start.n_nodes = (unsigned)r->plan->n_nodes;
	hub_emit(r->hub, ev);
}

static struct run *run_new(const struct run_options *opt)
{
	struct run *r = xcalloc(1, sizeof(*r));

	r->opt = *opt;
	r->run_dir = xstrdup(opt->run_dir);
	r->run_id = xstrdup(opt->run_id);
	r->events_copy = xstrdup(opt->events_copy);
	r->scenario = opt->scenario;
	r->plan = opt->plan;
	r->backend.ops = opt->scenario->backend;
	r->backend.config = opt->scenario->backend_config;
	r->stop = cancel_new(NULL);
	r->load = cancel_new(r->stop);
	r->up = cancel_new(r->stop);
	r->force = cancel_new(NULL);
	wake_init(&r->wake);
	wake_init(&r->done_wake);
	pthread_mutex_init(&r->broken_lock, NULL);
	r->clock = r->backend.ops->caps & BACKEND_VIRTUAL
			   ? clock_new_virtual(VIRTUAL_START_NS, VIRTUAL_WALL_MS)
			   : clock_new_real();
	clock_set_pace(r->clock, opt->virtual_pace);
	r->judged = VERDICT_UNKNOWN;
	r->result.verdict = VERDICT_UNKNOWN;
	r->result.exit_code = EXIT_INTERNAL;
	return r;
}

struct run *run_start(const struct run_options *opt, struct err *err)
{
	struct run *r = run_new(opt);

	derive_times(r);
	if (open_record(r, err) < 0 || start_parts(r, err) < 0)
		goto fail;
	emit_run_start(r);
	clock_join(r->clock);
	int rc = pthread_create(&r->thread, NULL, runner_main, r);
	if (rc != 0) {
		clock_leave(r->clock);
		errno = rc;
		err_errno(err, ERR_ENV, "cannot start the runner's thread");
		goto fail;
	}
	r->thread_started = true;
	return r;
fail:
	run_free(r);
	return NULL;
}

/* --- for the application ------------------------------------------------------------------ */

struct hub *run_hub(struct run *r)
{
	return r->hub;
}

struct control *run_control(struct run *r)
{
	return r->control;
}

void run_interrupt(struct run *r, int signo)
{
	unsigned before = atomic_fetch_add(&r->signals, 1);
	if (before == 0)
		atomic_store(&r->signo, signo);
	cancel_set(r->stop);
	if (before > 0)
		cancel_set(r->force);
	wake_signal(&r->wake);
}

struct wake *run_done_wake(struct run *r)
{
	return &r->done_wake;
}

bool run_is_done(struct run *r)
{
	return atomic_load(&r->done);
}

void run_finish(struct run *r, struct run_result *ret)
{
	if (r->thread_started) {
		pthread_join(r->thread, NULL);
		r->thread_started = false;
	}
	*ret = r->result;
}

void run_free(struct run *r)
{
	struct run_result unused;

	if (!r)
		return;
	run_finish(r, &unused);
	/* a cluster that is kept, or a workload that hangs, still uses all of it */
	if (r->result.kept || r->stuck)
		return;
	if (r->procs)
		procs_stop(r->procs);
	feed_free(r->feed);
	queries_free(r->queries);
	net_stop(r->net);
	if (r->backend.state)
		r->backend.ops->release(&r->backend);
	free(r->backend.state);
	procs_free(r->procs);
	net_free(r->net);
	control_free(r->control);
	cluster_free(r->cluster);
	scrape_free(r->scrape);
	hub_free(r->hub);
	jury_free(r->jury);
	journal_close(r->journal);
	for (size_t i = 0; i < r->n_workers; i++)
		tune_free(r->workers[i].tune);
	free(r->workers);
	cancel_free(r->up);
	cancel_free(r->load);
	cancel_free(r->stop);
	cancel_free(r->force);
	wake_release(&r->wake);
	wake_release(&r->done_wake);
	pthread_mutex_destroy(&r->broken_lock);
	clock_free(r->clock);
	free(r->run_dir);
	free(r->run_id);
	free(r->events_copy);
	free(r);
}
