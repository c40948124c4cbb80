/*
 * The phases of a run, on the runner's thread. Each begins and ends with an
 * event; what a phase may block on ends when env.cancel is set: `stop` as long
 * as the run may still be called off, `force` once it is being wound up.
 */
#include <stdio.h>
#include <string.h>

#include "core/runner_priv.h"
#include "util/mem.h"
#include "util/units.h"

#define HEIGHT_SPREAD  2 /* blocks in flight are no lag */
#define SETTLE_POLL_NS (100 * NS_PER_MS)
#define ALL_GONE_NS    (5 * NS_PER_S) /* somebody may be about to restart a node */

/* Clock time at which a phase that begins now is over, at the latest; 0: not known. */
static uint64_t phase_until(const struct run *r, enum phase p, uint64_t now_ns)
{
	switch (p) {
	case PHASE_BASELINE:
		return now_ns + r->scenario->run.warmup_ns;
	case PHASE_DRIVE:
		return r->drive_end_ns ? r->drive_end_ns : now_ns + r->scenario->run.duration_ns;
	case PHASE_HEAL:
		return now_ns + r->ready_timeout_ns;
	case PHASE_SETTLE:
		return now_ns + r->settle_max_ns;
	default:
		return 0;
	}
}

static void phase_tell(struct run *r, enum phase p)
{
	struct event *ev = event_new(EVENT_PHASE, hub_now(r->hub), -1);
	uint64_t until = phase_until(r, p, clock_now(r->clock));

	ev->u.phase.phase = p;
	ev->u.phase.until_ns = until ? until - r->t0_ns : 0;
	hub_emit(r->hub, ev);
}

static uint64_t phase_begin(struct run *r, enum phase p)
{
	r->phase = p;
	control_set_phase(r->control, p);
	phase_tell(r, p);
	return clock_now(r->clock);
}

static void phase_end(struct run *r, enum phase p, uint64_t start_ns, bool ok, const char *reason)
{
	struct event *ev = event_new(EVENT_PHASE, hub_now(r->hub), -1);
	ev->u.phase.phase = p;
	ev->u.phase.end = true;
	ev->u.phase.ok = ok;
	ev->u.phase.reason = ok ? NULL : xstrdup(reason);
	ev->u.phase.duration_ns = clock_now(r->clock) - start_ns;
	hub_emit(r->hub, ev);
}

typedef int phase_fn(struct run *r, struct err *err);

static int run_phase(struct run *r, enum phase p, phase_fn *fn, struct err *err)
{
	uint64_t start = phase_begin(r, p);
	int rc = fn(r, err);
	phase_end(r, p, start, rc == 0, err->text);
	return rc;
}

static int stopped(struct run *r, struct err *err)
{
	if (run_is_broken(r, err))
		return -1;
	return err_set(err, ERR_CANCELLED, "%s",
		atomic_load(&r->signals) ? "interrupted" : "the time limit of the run was reached");
}

/* --- before the load ---------------------------------------------------------------- */

static int phase_validate(struct run *r, struct err *err)
{
	const struct backend_ops *ops = r->backend.ops;
	struct backend_probe probe = { 0 };
	char missing[160];

	for (size_t i = 0; i < r->scenario->n_workloads; i++) {
		const struct workload_use *use = &r->scenario->workloads[i];
		unsigned lacking = use->ops->needs & ~ops->caps;
		if (lacking)
			return err_set(err, ERR_USAGE,
				"workload %s needs what backend %s cannot do: %s", use->name,
				ops->name, backend_caps_text(lacking, missing, sizeof(missing)));
	}
	ops->probe(r->backend.config, &probe);
	if (!probe.usable)
		return err_set(err, ERR_ENV, "backend %s cannot be used here: %s", ops->name,
			probe.missing);
	return 0;
}

static int phase_prepare(struct run *r, struct err *err)
{
	r->prepared = true;
	return r->backend.ops->prepare(&r->backend, err);
}

static void on_up_timeout(void *arg)
{
	struct run *r = arg;
	atomic_store(&r->up_timed_out, true);
	cancel_set(r->up);
}

static int phase_up(struct run *r, struct err *err)
{
	/* the backend has its own, shorter time-outs; this one is for when they fail */
	uint64_t limit = 2 * r->ready_timeout_ns;
	uint64_t timer = net_timer(r->net, clock_now(r->clock) + limit, on_up_timeout, r);

	r->env.cancel = r->up;
	r->started = true;
	int rc = r->backend.ops->up(&r->backend, err);
	r->env.cancel = r->stop;
	net_timer_cancel(r->net, timer);
	if (rc < 0 && atomic_load(&r->up_timed_out) && !run_must_stop(r)) {
		err->code = ERR_TIMEOUT;
		return err_prefix(err, "the cluster was not up after %llu s",
			(unsigned long long)(limit / NS_PER_S));
	}
	return rc;
}

static int phase_ready(struct run *r, struct err *err)
{
	uint64_t deadline = clock_now(r->clock) + r->ready_timeout_ns;

	for (;;) {
		if (run_must_stop(r))
			return stopped(r, err);
		if (cluster_is_ready(r->cluster, false))
			return 0;
		if (clock_now(r->clock) >= deadline)
			break;
		run_serve(r, deadline, r->stop);
	}
	CLEANUP_STRBUF struct strbuf missing = { 0 };
	cluster_missing(r->cluster, &missing);
	return err_set(err, ERR_TIMEOUT, "not ready after %llu s: %.800s",
		(unsigned long long)(r->ready_timeout_ns / NS_PER_S), strbuf_str(&missing));
}

static int phase_baseline(struct run *r, struct err *err)
{
	uint64_t until = clock_now(r->clock) + r->scenario->run.warmup_ns;

	queries_start(r->queries);
	if (run_serve_until(r, until, r->stop) < 0)
		return stopped(r, err);
	hub_flush(r->hub);
	return 0;
}

/* --- load, and after it ---------------------------------------------------------------- */

/* Whether all nodes have been gone for so long that none will come back by itself. */
static bool all_gone(struct run *r, uint64_t *since_ns)
{
	uint64_t now = clock_now(r->clock);

	if (!cluster_is_gone(r->cluster) || control_nodes_away(r->control) > 0)
		*since_ns = now;
	return now - *since_ns >= ALL_GONE_NS;
}

static int phase_drive(struct run *r, struct err *err)
{
	uint64_t alive_ns = clock_now(r->clock);

	r->drive_start_ns = alive_ns;
	r->drive_end_ns = alive_ns + r->scenario->run.duration_ns;
	if (run_load_start(r, r->drive_end_ns, err) < 0)
		return -1;
	/* commands may move the end, either way */
	while (clock_now(r->clock) < r->drive_end_ns) {
		if (run_must_stop(r))
			return stopped(r, err);
		if (all_gone(r, &alive_ns))
			return err_set(err, ERR_ENV, "no node runs any more");
		run_serve(r, MIN(r->drive_end_ns, clock_now(r->clock) + NS_PER_S), r->stop);
	}
	return 0;
}

int run_extend(void *arg, uint64_t duration_ns, struct err *err)
{
	struct run *r = arg;
	uint64_t end = r->drive_end_ns + duration_ns;
	char limit[40], most[40];

	if (r->timeout_is_given && end >= r->deadline_ns)
		return err_set(err, ERR_USAGE,
			"cannot extend the drive phase: the time limit of %s that was set for the "
			"run would end it before, %s after its end as it is now; raise --timeout "
			"or run.timeout",
			units_format_human(r->deadline_ns - r->t0_ns, limit, sizeof(limit)),
			units_format_human(r->deadline_ns - MIN(r->drive_end_ns, r->deadline_ns),
				most, sizeof(most)));
	r->drive_end_ns = end;
	if (!r->timeout_is_given) {
		r->deadline_ns += duration_ns;
		run_arm_deadline(r);
	}
	run_load_set_end(r, end);
	phase_tell(r, PHASE_DRIVE);
	return 0;
}

void run_end_drive(void *arg, bool judge, const char *by)
{
	struct run *r = arg;
	uint64_t now = clock_now(r->clock);
	char after[40], of[40];

	r->judge_now = r->judge_now || judge;
	if (r->phase != PHASE_DRIVE)
		return;
	run_note(r, "drive ended by %s after %s of %s", by,
		units_format_human(now - r->drive_start_ns, after, sizeof(after)),
		units_format_human(r->drive_end_ns - r->drive_start_ns, of, sizeof(of)));
	r->drive_end_ns = now;
	run_load_set_end(r, now);
}

static int phase_heal(struct run *r, struct err *err)
{
	uint64_t deadline = clock_now(r->clock) + r->ready_timeout_ns;

	r->env.cancel = r->force;
	control_bring_back(r->control);
	control_serve(r->control);
	while (control_open_faults(r->control) > 0) {
		struct err broken = { 0 };
		if (clock_now(r->clock) >= deadline || cancel_is_set(r->force) ||
			run_is_broken(r, &broken)) {
			CLEANUP_STRBUF struct strbuf missing = { 0 };
			bool nodes = control_nodes_away(r->control) > 0;
			cluster_missing(r->cluster, &missing);
			control_give_up(r->control);
			return nodes ? err_set(err, ERR_TIMEOUT, "not all nodes came back: %.800s",
					       strbuf_str(&missing))
				     : err_set(err, ERR_TIMEOUT, "not all links could be healed");
		}
		run_serve(r, deadline, r->force);
	}
	return 0;
}

/* After faults: every node that lives has caught up with the others. */
static bool has_caught_up(struct run *r, uint64_t since_ns)
{
	uint64_t low = UINT64_MAX, high = 0;
	bool fresh = true;

	if (control_total_faults(r->control) == 0)
		return true;
	if (!cluster_is_ready(r->cluster, true))
		return false;
	/* Samples that have been taken count, whether or not the hub thread has come to them: else
	 * the same run on a virtual clock would settle at one time or another. */
	hub_flush(r->hub);
	struct snapshot *s = hub_snapshot(r->hub);
	for (size_t i = 0; i < s->model.n_nodes; i++) {
		const struct model_node *n = &s->model.nodes[i];
		if (n->state != NODE_READY)
			continue;
		fresh = fresh && n->ok && n->sample_ns >= since_ns;
		low = MIN(low, n->height);
		high = MAX(high, n->height);
	}
	snapshot_unref(s);
	return low == UINT64_MAX || (fresh && high - low <= HEIGHT_SPREAD);
}

static int phase_settle(struct run *r, struct err *err)
{
	uint64_t start = clock_now(r->clock), since = hub_now(r->hub);
	uint64_t least = start + MIN(r->block_interval_ns, r->settle_max_ns);
	uint64_t most = start + r->settle_max_ns;

	for (;;) {
		if (r->judge_now)
			return 0;
		uint64_t now = clock_now(r->clock);
		bool load_done = run_load_is_done(r);
		/* asked last, as it waits for the hub */
		if (now >= least && load_done && has_caught_up(r, since))
			return 0;
		if (now >= most)
			return err_set(err, ERR_TIMEOUT, "%s after %llu s",
				load_done ? "not every node had caught up"
					  : "not every workload had ended",
				(unsigned long long)(r->settle_max_ns / NS_PER_S));
		if (run_must_stop(r))
			return stopped(r, err);
		run_serve(r, MIN(most, now + SETTLE_POLL_NS), r->stop);
	}
}

/* Before the judgement begins: what the checks see is what was told by then. */
static void ask_last(struct run *r)
{
	uint64_t until = clock_now(r->clock) + 2 * QUERIES_ANSWER_NS;

	queries_ask_last(r->queries);
	while (!queries_are_done(r->queries) && clock_now(r->clock) < until &&
		!cancel_is_set(r->force))
		run_serve(r, until, r->force);
}

static int phase_judge(struct run *r, struct err *err)
{
	(void)err;
	r->judged = hub_judge(r->hub);
	return 0;
}

static void run_driven_phases(struct run *r)
{
	struct err err = { 0 };

	if (run_phase(r, PHASE_DRIVE, phase_drive, &err) < 0) {
		run_short_of(r, "the load ended early: %s", err.text);
		cancel_set(r->load);
	}
	err_clear(&err);
	(void)run_phase(r, PHASE_HEAL, phase_heal, &err);
	err_clear(&err);
	if (!run_must_stop(r) && !r->judge_now)
		(void)run_phase(r, PHASE_SETTLE, phase_settle, &err);
	run_load_stop(r);
	control_close(r->control);
	ask_last(r);
	(void)run_phase(r, PHASE_JUDGE, phase_judge, &err);
}

void run_all_phases(struct run *r)
{
	static const struct {
		enum phase phase;
		phase_fn *fn;
	} before[] = {
		{ PHASE_VALIDATE, phase_validate },
		{ PHASE_PREPARE, phase_prepare },
		{ PHASE_UP, phase_up },
		{ PHASE_READY, phase_ready },
		{ PHASE_BASELINE, phase_baseline },
	};

	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		struct err err = { 0 };
		int rc = run_must_stop(r) ? stopped(r, &err)
					  : run_phase(r, before[i].phase, before[i].fn, &err);
		if (rc < 0) {
			r->failure = err;
			r->failed_phase = before[i].phase;
			control_close(r->control);
			return;
		}
	}
	run_driven_phases(r);
}

/* --- winding up -------------------------------------------------------------------------- */

static int phase_collect(struct run *r, struct err *err)
{
	return r->backend.ops->collect(&r->backend, err);
}

void run_collect(struct run *r)
{
	struct err err = { 0 };

	r->env.cancel = r->force;
	if (r->prepared && !cancel_is_set(r->force))
		(void)run_phase(r, PHASE_COLLECT, phase_collect, &err);
}

static int phase_down(struct run *r, struct err *err)
{
	bool force = cancel_is_set(r->force);
	int rc = r->backend.ops->down(&r->backend, force, err);

	/* called off in the middle of being gentle */
	if (rc < 0 && !force && cancel_is_set(r->force)) {
		err_clear(err);
		rc = r->backend.ops->down(&r->backend, true, err);
	}
	if (rc < 0)
		err_prefix(err, "not all of the cluster was removed, `ltb clean %s' does that",
			r->run_dir);
	return rc;
}

void run_down(struct run *r)
{
	r->env.cancel = r->force;
	if (r->prepared)
		(void)run_phase(r, PHASE_DOWN, phase_down, &r->teardown);
}
