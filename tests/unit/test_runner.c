/*
 * Whole runs on the fake backend and a virtual clock: every way to end has its
 * verdict, exit code, reports and exactly one teardown.
 */
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "core/check.h"
#include "core/control.h"
#include "core/runner.h"
#include "core/workload.h"
#include "util/fs.h"
#include "util/mem.h"

/* --- a fake backend that counts, and hooks that interrupt ----------------------------- */

static struct {
	atomic_int downs, forced, collects, prepares, reports;
	_Atomic(struct run *) run;
	enum phase interrupt_in; /* PHASE_COUNT: never */
	unsigned interrupts;
	enum phase
		break_in; /* what the nodes need, and is no node, fails there; PHASE_COUNT: never */
	atomic_bool is_broken;
	const struct backend_env *env;
	bool down_fails, prepare_fails, reports_fail;
	bool slow_hub;   /* it needs a while for each sample, in real time */
	bool down_began; /* by when an interrupt from outside was delivered */
} hook;

static void interrupt_here(enum phase p)
{
	if (hook.interrupt_in != p)
		return;
	struct run *run;
	while (!(run = atomic_load(&hook.run)))
		sched_yield(); /* run_start() is about to return */
	for (unsigned i = 0; i < hook.interrupts; i++)
		run_interrupt(run, SIGINT);
}

/* Without what has broken, links cannot be changed. */
static int hooked_link(struct backend *b, unsigned from, unsigned to, const struct link_rule *rule,
	struct err *err)
{
	if (hook.is_broken)
		return err_set(err, ERR_ENV, "no wire");
	return backend_fake.link(b, from, to, rule, err);
}

static void break_now(const char *what)
{
	struct err why = { 0 };
	err_set(&why, ERR_ENV, "%s", what);
	hook.is_broken = true;
	hook.env->broken(hook.env->arg, &why);
}

static void break_here(enum phase p)
{
	if (hook.break_in == p)
		break_now("the wire was cut");
}

static void hooked_probe(const void *config, struct backend_probe *ret)
{
	interrupt_here(PHASE_VALIDATE);
	backend_fake.probe(config, ret);
}

static int hooked_prepare(struct backend *b, struct err *err)
{
	atomic_fetch_add(&hook.prepares, 1);
	hook.env = b->env;
	interrupt_here(PHASE_PREPARE);
	break_here(PHASE_PREPARE);
	if (hook.prepare_fails)
		return err_set(err, ERR_ENV, "no room");
	return backend_fake.prepare(b, err);
}

static int hooked_up(struct backend *b, struct err *err)
{
	interrupt_here(PHASE_UP);
	break_here(PHASE_UP);
	return backend_fake.up(b, err);
}

static int hooked_collect(struct backend *b, struct err *err)
{
	atomic_fetch_add(&hook.collects, 1);
	interrupt_here(PHASE_COLLECT);
	return backend_fake.collect(b, err);
}

static int hooked_down(struct backend *b, bool force, struct err *err)
{
	atomic_fetch_add(&hook.downs, 1);
	atomic_fetch_add(&hook.forced, force);
	interrupt_here(PHASE_DOWN);
	break_here(PHASE_DOWN);
	int rc = backend_fake.down(b, force, err);
	return hook.down_fails ? err_set(err, ERR_ENV, "n0 will not die") : rc;
}

static struct backend_ops backend;

/* --- a check and a workload that do as they are told ------------------------------------ */

struct tiny_config {
	bool fail;
};

static const struct option tiny_options[] = {
	{ "fail", OPTION_BOOL, offsetof(struct tiny_config, fail), .def = "false",
		.help = "fails" },
	{ .name = NULL },
};

static void tiny_observe(struct check *c, const struct event *ev, const struct model *m)
{
	static const struct timespec a_while = { 0, 1000000 };
	(void)m;
	*(uint64_t *)c->state += ev->kind == EVENT_BLOCK;
	if (hook.slow_hub && ev->kind == EVENT_NODE_SAMPLE)
		nanosleep(&a_while, NULL);
}

static void tiny_peek(struct check *c, const struct model *m, struct check_result *ret)
{
	(void)c;
	(void)m;
	ret->verdict = VERDICT_PENDING;
}

static void tiny_judge(struct check *c, const struct model *m, struct check_result *ret)
{
	const struct tiny_config *config = c->config;
	(void)m;
	interrupt_here(PHASE_JUDGE);
	break_here(PHASE_JUDGE);
	ret->verdict = config->fail                 ? VERDICT_FAIL
		       : *(uint64_t *)c->state == 0 ? VERDICT_UNKNOWN
						    : VERDICT_PASS;
	snprintf(ret->reason, sizeof(ret->reason), "as told");
}

static const struct check_ops tiny_check = {
	.name = "tiny",
	.summary = "for this test",
	.config_size = sizeof(struct tiny_config),
	.state_size = sizeof(uint64_t),
	.options = tiny_options,
	.validate = check_no_validate,
	.query = check_no_query,
	.init = check_no_init,
	.observe = tiny_observe,
	.peek = tiny_peek,
	.judge = tiny_judge,
	.release = check_no_release,
};

struct load_config {
	bool fail, deaf;
	char *ops;
};

static const struct option load_options[] = {
	{ "fail", OPTION_BOOL, offsetof(struct load_config, fail), .def = "false",
		.help = "fails" },
	{ "ops", OPTION_STRING, offsetof(struct load_config, ops), .help = "node operations" },
	{ "deaf", OPTION_BOOL, offsetof(struct load_config, deaf), .def = "false",
		.help = "works until it is cancelled" },
	{ .name = NULL },
};

static int cut_links(const struct workload_env *env, struct err *err)
{
	struct command cmd;

	if (command_parse("partition n0 n2 | n1", &cmd, err) < 0)
		return -1;
	return control_do(env->control, &cmd, env->name, env->cancel, err);
}

/* k: kill n1, s: start n1, p: pause n1, u: resume n1, r: restart n1, a: add n3, .: wait 2 s, c: cut
 * all links of n1, b: what is no node breaks */
static int do_ops(const struct workload_env *env, const char *ops, struct err *err)
{
	static const struct {
		char key;
		enum node_op op;
		unsigned node;
	} keys[] = {
		{ 'k', NODE_OP_KILL, 1 },
		{ 's', NODE_OP_START, 1 },
		{ 'p', NODE_OP_PAUSE, 1 },
		{ 'u', NODE_OP_RESUME, 1 },
		{ 'r', NODE_OP_RESTART, 1 },
		{ 'a', NODE_OP_ADD, 3 },
		{ 'x', NODE_OP_REMOVE, 1 },
	};
	for (; *ops; ops++) {
		if (*ops == 'b') {
			break_now("the wire was cut");
			break_now("and then the lights went out");
		}
		if (*ops == 'c' && cut_links(env, err) < 0)
			return -1;
		if (*ops == '.')
			clock_wait(env->clock, NULL, env->cancel,
				clock_now(env->clock) + 2 * NS_PER_S);
		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			if (keys[i].key == *ops &&
				control_node_op(env->control, keys[i].op, keys[i].node, env->name,
					env->cancel, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int load_run(const struct workload_env *env, struct err *err)
{
	const struct load_config *config = env->config;
	if (config->ops && do_ops(env, config->ops, err) < 0)
		return -1;
	uint64_t until = config->deaf ? CLOCK_NEVER : env->drive_end_ns;
	while (!cancel_is_set(env->cancel) && clock_now(env->clock) < until)
		clock_wait(env->clock, NULL, env->cancel, until);
	return config->fail ? err_set(err, ERR_IO, "out of breath") : 0;
}

static const char *const no_checks[] = { NULL };
static const struct workload_ops load_workload = {
	.name = "load",
	.summary = "for this test",
	.config_size = sizeof(struct load_config),
	.options = load_options,
	.default_checks = no_checks,
	.validate = workload_no_validate,
	.plan = workload_no_plan,
	.plan_to_json = workload_no_plan_json,
	.plan_free = workload_no_plan_free,
	.run = load_run,
};

/* --- running ---------------------------------------------------------------------------- */

static const struct backend_ops *const backends[] = { &backend, NULL };
static const struct flavour_ops *const flavours[] = { NULL };
static const struct workload_ops *const workloads[] = { &load_workload, NULL };
static const struct check_ops *const checks[] = { &tiny_check, NULL };
static const struct catalog catalog = { backends, flavours, workloads, checks };

static int reports(void *arg, const struct snapshot *s, const struct run_result *r, struct err *err)
{
	(void)arg;
	(void)r;
	assert_non_null(s);
	atomic_fetch_add(&hook.reports, 1);
	return hook.reports_fail ? err_set(err, ERR_IO, "disk full") : 0;
}

static char base_dir[64];
static unsigned run_number;

struct outcome {
	struct run_result result;
	struct snapshot *s;
	char *journal;
};

static void outcome_release(struct outcome *o)
{
	snapshot_unref(o->s);
	free(o->journal);
}

/* Interrupts when the stream shows that a phase has begun. */
static void watch_phase(struct run *r, enum phase p)
{
	while (!run_is_done(r)) {
		struct snapshot *s = hub_snapshot(run_hub(r));
		bool there = s->model.phases[p].started;
		snapshot_unref(s);
		if (there) {
			for (unsigned i = 0; i < hook.interrupts; i++)
				run_interrupt(r, SIGINT);
			/* virtual time does not wait for us: what had begun by now is known after a
			 * flush */
			hub_flush(run_hub(r));
			s = hub_snapshot(run_hub(r));
			hook.down_began = s->model.phases[PHASE_DOWN].started;
			snapshot_unref(s);
			return;
		}
		struct pollfd fds[2] = { { hub_wake(run_hub(r))->fd, POLLIN, 0 },
			{ run_done_wake(r)->fd, POLLIN, 0 } };
		poll(fds, 2, -1);
		wake_clear(hub_wake(run_hub(r)));
	}
}

static struct scenario *make_scenario(const char *extra)
{
	static const struct embedded_file none[] = { { NULL, NULL } };
	static const struct preset_source src = { .embedded = none };
	struct err err = { 0 };
	CLEANUP_FREE char *text =
		xasprintf("version: 1\n"
			  "topology:\n"
			  "  nodes: 3\n"
			  "  consensus: {slot_duration: 500ms, active_slot_coeff: 0.9,"
			  " security_param: 10}\n"
			  "wallets: {count: 3, funds: 100}\n"
			  "%s\n",
			extra);
	struct scenario *s = scenario_parse(&catalog, &src, "test", text, strlen(text), NULL, &err);
	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static struct outcome run_preset(const char *extra, uint64_t timeout_ns, enum phase watch)
{
	struct outcome o = { 0 };
	struct err err = { 0 };
	struct scenario *s = make_scenario(extra);
	struct plan *p = plan_new(s, &err);
	CLEANUP_FREE char *dir = xasprintf("%s/run-%u", base_dir, run_number++);
	CLEANUP_STRBUF struct strbuf journal = { 0 };

	assert_non_null(p);
	atomic_store(&hook.run, NULL);
	struct run_options opt = { .scenario = s,
		.plan = p,
		.catalog = &catalog,
		.run_dir = dir,
		.run_id = "t",
		.timeout_ns = timeout_ns,
		.write_reports = reports };
	struct run *r = run_start(&opt, &err);
	if (!r)
		fail_msg("%s", err.text);
	atomic_store(&hook.run, r);
	if (watch != PHASE_COUNT)
		watch_phase(r, watch);
	run_finish(r, &o.result);
	assert_true(run_is_done(r));
	o.s = hub_snapshot(run_hub(r));
	run_free(r);
	static const char *const files[] = { "plan.json", "preset.yaml", "events.jsonl", NULL };
	for (size_t i = 0; files[i]; i++) {
		CLEANUP_FREE char *path = fs_join(dir, files[i]);
		assert_true(fs_exists(path));
	}
	CLEANUP_FREE char *path = fs_join(dir, "journal");
	assert_int_equal(fs_read(path, 1 << 20, &journal, &err), 0);
	o.journal = strbuf_detach(&journal);
	plan_free(p);
	scenario_free(s);
	/* whatever happened, this holds */
	assert_true(o.s->model.ended);
	assert_int_equal(o.s->model.exit_code, o.result.exit_code);
	assert_int_equal(atomic_load(&hook.reports), 2);
	return o;
}

static int reset(void **state)
{
	(void)state;
	memset(&hook, 0, sizeof(hook));
	hook.interrupt_in = PHASE_COUNT;
	hook.break_in = PHASE_COUNT;
	hook.interrupts = 1;
	return 0;
}

#define RUN_10S "run: {duration: 10s, warmup: 2s, seed: 3}\n"
#define CHECKED "expectations: [tiny]\n"
#define LOADED  "workloads: [load]\n"

static bool is_done(const struct outcome *o)
{
	return strstr(o->journal, "\"done\"") != NULL;
}

static void test_results(void **state)
{
	static const struct {
		const char *name, *preset;
		int exit_code, downs;
		enum verdict verdict;
		const char *reason;
		uint64_t timeout_ns;
		bool prepare_fails, down_fails, reports_fail;
	} cases[] = {
		{ "pass", RUN_10S CHECKED LOADED "backend: fake", 0, 1, VERDICT_PASS,
			.reason = "" },
		{ "check fails", RUN_10S LOADED "expectations: [tiny: {fail: true}]\nbackend: fake",
			1, 1, VERDICT_FAIL, .reason = "tiny: as told" },
		{ "nothing checked", RUN_10S LOADED "expectations: []\nbackend: fake", 3, 1,
			VERDICT_UNKNOWN, .reason = "nothing to judge" },
		{ "up fails", RUN_10S CHECKED LOADED "backend: {fake: {up_fails: true}}", 4, 1,
			VERDICT_UNKNOWN, .reason = "up: " },
		{ "never ready", RUN_10S CHECKED LOADED "backend: {fake: {ready_never: true}}", 4,
			1, VERDICT_UNKNOWN, .reason = "n1: mode Bootstrapping" },
		{ "workload fails",
			RUN_10S CHECKED "workloads: [load: {fail: true}]\nbackend: fake", 3, 1,
			VERDICT_UNKNOWN, .reason = "workload load: out of breath" },
		{ "check and workload fail",
			RUN_10S "expectations: [tiny: {fail: true}]\n"
				"workloads: [load: {fail: true}]\nbackend: fake",
			1, 1, VERDICT_FAIL, .reason = "tiny" },
		{ "workload never ends",
			RUN_10S CHECKED "workloads: [load: {deaf: true}]\nbackend: fake", 0, 1,
			VERDICT_PASS, .reason = "" },
		{ "out of time", RUN_10S CHECKED LOADED "backend: fake", 5, 1, VERDICT_UNKNOWN,
			.reason = "time limit of 6 s", .timeout_ns = 6 * NS_PER_S },
		{ "out of time before it is up",
			RUN_10S CHECKED LOADED "backend: {fake: {ready_never: true}}", 5, 1,
			VERDICT_UNKNOWN, .reason = "time limit", .timeout_ns = 3 * NS_PER_S },
		{ "every node dies", RUN_10S CHECKED LOADED "backend: {fake: {die_at: '*:3s'}}", 3,
			1, VERDICT_UNKNOWN, .reason = "no node runs" },
		{ "prepare fails", RUN_10S CHECKED LOADED "backend: fake", 4, 1, VERDICT_UNKNOWN,
			.reason = "prepare: no room", .prepare_fails = true },
		{ "down fails", RUN_10S CHECKED LOADED "backend: fake", 4, 1, VERDICT_PASS,
			.reason = "does that: n0 will not die", .down_fails = true },
		{ "reports fail", RUN_10S CHECKED LOADED "backend: fake", 70, 1, VERDICT_UNKNOWN,
			.reason = "disk full", .reports_fail = true },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reset(state);
		hook.prepare_fails = cases[i].prepare_fails;
		hook.down_fails = cases[i].down_fails;
		hook.reports_fail = cases[i].reports_fail;
		struct outcome o = run_preset(cases[i].preset, cases[i].timeout_ns, PHASE_COUNT);
		if (o.result.exit_code != cases[i].exit_code ||
			o.result.verdict != cases[i].verdict ||
			!strstr(o.result.reason, cases[i].reason) ||
			atomic_load(&hook.downs) != cases[i].downs ||
			is_done(&o) == cases[i].down_fails)
			fail_msg("%s: exit %d, %s, '%s', %d downs, journal %s", cases[i].name,
				o.result.exit_code, verdict_name(o.result.verdict), o.result.reason,
				atomic_load(&hook.downs), o.journal);
		if (cases[i].exit_code == 0)
			assert_string_equal(o.result.reason, "");
		assert_true(o.s->model.phases[PHASE_DOWN].ended);
		assert_int_equal(atomic_load(&hook.collects), 1);
		outcome_release(&o);
	}
}

/* Every phase but the last few has begun, ended and taken the time that it should. */
static void test_phases(void **state)
{
	(void)state;
	struct outcome o = run_preset(RUN_10S CHECKED LOADED "backend: fake", 0, PHASE_COUNT);
	for (int p = 0; p < PHASE_COUNT; p++) {
		if (!o.s->model.phases[p].ended || !o.s->model.phases[p].ok)
			fail_msg("%s: %s", phase_name((enum phase)p), o.s->model.phases[p].reason);
	}
	assert_true(o.s->model.phases[PHASE_BASELINE].duration_ns == 2 * NS_PER_S);
	assert_true(o.s->model.phases[PHASE_DRIVE].duration_ns == 10 * NS_PER_S);
	assert_true(o.s->model.baseline_ns > 0);
	assert_true(o.s->model.n_blocks > 5);
	/* to the millisecond: "1970-01-01T00:00:00.000Z" */
	assert_int_equal(strlen(o.s->model.started), 24);
	assert_int_equal(o.s->model.started[19], '.');
	assert_int_equal(o.s->model.n_workloads, 1);
	assert_true(o.s->model.workloads[0].ended);
	assert_true(o.s->model.workloads[0].ok);
	outcome_release(&o);
}

static void test_interrupted(void **state)
{
	static const struct {
		enum phase phase;
		bool hooked; /* from within the phase, else from outside when it is seen */
		int prepares, downs;
	} cases[] = {
		{ PHASE_VALIDATE, true, 0, 0 },
		{ PHASE_PREPARE, true, 1, 1 },
		{ PHASE_UP, true, 1, 1 },
		{ PHASE_READY, false, 1, 1 },
		{ PHASE_BASELINE, false, 1, 1 },
		{ PHASE_DRIVE, false, 1, 1 },
		{ PHASE_HEAL, false, 1, 1 },
		{ PHASE_SETTLE, false, 1, 1 },
		{ PHASE_JUDGE, true, 1, 1 },
		{ PHASE_COLLECT, true, 1, 1 },
		{ PHASE_DOWN, true, 1, 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (unsigned times = 1; times <= 2; times++) {
			reset(state);
			hook.interrupts = times;
			if (cases[i].hooked)
				hook.interrupt_in = cases[i].phase;
			struct outcome o = run_preset(RUN_10S CHECKED
				"workloads: [load: {deaf: true}]\nbackend: fake",
				0, cases[i].hooked ? PHASE_COUNT : cases[i].phase);
			/* from outside it may come when the run is over already: then it passed */
			bool late = !cases[i].hooked && o.result.exit_code == 0;
			if ((!late && (o.result.exit_code != 130 ||
					      o.result.verdict != VERDICT_UNKNOWN)) ||
				atomic_load(&hook.prepares) != cases[i].prepares ||
				atomic_load(&hook.downs) != cases[i].downs)
				fail_msg("%s x%u: exit %d, '%s', %d downs",
					phase_name(cases[i].phase), times, o.result.exit_code,
					o.result.reason, atomic_load(&hook.downs));
			if (!late && times == 2 && cases[i].phase != PHASE_DOWN && !hook.down_began)
				assert_int_equal(atomic_load(&hook.forced), cases[i].downs);
			assert_true(is_done(&o));
			outcome_release(&o);
		}
	}
}

static void test_faults(void **state)
{
	static const struct {
		const char *ops;
		size_t faults;
		bool effective;
		unsigned restarts;
	} cases[] = {
		{ "..r..", 1, true, 1 },
		{ "..k.s..", 1, true, 1 },
		{ "..p.u..", 1, true, 0 },
		{ "..k", 1, true, 1 }, /* brought back by heal */
		{ "..p", 1, true, 0 },
		{ ".p.k.s.r.", 3, true, 2 },
		{ ".x.", 1, true, 0 },
		{ ".a.", 0, false, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reset(state);
		CLEANUP_FREE char *preset =
			xasprintf(RUN_10S CHECKED "workloads: [load: {ops: '%s'}]\nbackend: fake",
				cases[i].ops);
		struct outcome o = run_preset(preset, 0, PHASE_COUNT);
		const struct model *m = &o.s->model;
		if (o.result.exit_code != 0)
			fail_msg("%s: exit %d, %s", cases[i].ops, o.result.exit_code,
				o.result.reason);
		assert_int_equal(m->n_faults, cases[i].faults);
		for (size_t f = 0; f < m->n_faults; f++) {
			if (m->faults[f].end_ns == 0 ||
				m->faults[f].effective != cases[i].effective)
				fail_msg("%s: fault %zu: end %llu effective %d", cases[i].ops, f,
					(unsigned long long)m->faults[f].end_ns,
					m->faults[f].effective);
			assert_string_equal(m->faults[f].by, "load");
		}
		if (m->nodes[1].restarts != cases[i].restarts)
			fail_msg("%s: %u restarts", cases[i].ops, m->nodes[1].restarts);
		if (strcmp(cases[i].ops, ".a.") == 0)
			assert_int_equal(m->n_nodes, 4);
		assert_true(m->phases[PHASE_HEAL].ok);
		assert_true(m->phases[PHASE_SETTLE].ok);
		outcome_release(&o);
	}
}

/* A command that makes no sense is refused, and the workload that gave it told. */
static void test_bad_commands(void **state)
{
	static const struct {
		const char *ops, *reason;
	} cases[] = {
		{ ".s", "cannot start n1: it is ready" },
		{ ".u", "cannot resume n1: it is ready" },
		{ ".kk", "cannot kill n1: it is stopped" },
		{ ".aa", "cannot add n3: the next node is n4" },
		{ ".xr", "cannot restart n1: it is removed" },
		{ "........k", "the time for faults is over" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reset(state);
		CLEANUP_FREE char *preset =
			xasprintf(RUN_10S CHECKED "workloads: [load: {ops: '%s'}]\nbackend: fake",
				cases[i].ops);
		struct outcome o = run_preset(preset, 0, PHASE_COUNT);
		if (o.result.exit_code != 3 || !strstr(o.result.reason, cases[i].reason))
			fail_msg("%s: exit %d '%s'", cases[i].ops, o.result.exit_code,
				o.result.reason);
		assert_int_equal(atomic_load(&hook.downs), 1);
		outcome_release(&o);
	}
}

/* Something that is no node, and without which nothing can be told, is gone: unknown, whatever
 * the checks say, and nobody waits for what cannot be put right any more. */
static void test_broken(void **state)
{
	static const struct {
		const char *name, *ops;
		enum phase phase;
		bool check_fails;
		int exit_code;
	} cases[] = {
		{ "in prepare", "", PHASE_PREPARE, false, EXIT_ENV },
		{ "while it comes up", "", PHASE_UP, false, EXIT_ENV },
		{ "while driven", ".b", PHASE_COUNT, false, EXIT_UNKNOWN },
		{ "while driven, a check fails", ".b", PHASE_COUNT, true, EXIT_UNKNOWN },
		{ "while links are cut", ".c.b", PHASE_COUNT, false, EXIT_UNKNOWN },
		{ "while a node is away", ".k.b", PHASE_COUNT, false, EXIT_UNKNOWN },
		{ "at the end", "", PHASE_JUDGE, false, EXIT_UNKNOWN },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reset(state);
		hook.break_in = cases[i].phase;
		CLEANUP_FREE char *preset =
			xasprintf(RUN_10S "expectations: [tiny: {fail: %s}]\n"
					  "workloads: [load: {ops: '%s'}]\nbackend: fake",
				cases[i].check_fails ? "true" : "false", cases[i].ops);
		struct outcome o = run_preset(preset, 0, PHASE_COUNT);
		const struct model *m = &o.s->model;
		if (o.result.exit_code != cases[i].exit_code ||
			o.result.verdict != VERDICT_UNKNOWN ||
			strcmp(o.result.reason, "the wire was cut") != 0 ||
			atomic_load(&hook.downs) != 1 || atomic_load(&hook.collects) != 1 ||
			!is_done(&o))
			fail_msg("%s: exit %d, %s, '%s'", cases[i].name, o.result.exit_code,
				verdict_name(o.result.verdict), o.result.reason);
		if (m->phases[PHASE_DRIVE].started && cases[i].phase == PHASE_COUNT) {
			assert_false(m->phases[PHASE_DRIVE].ok);
			assert_false(m->phases[PHASE_SETTLE].started);
			if (m->phases[PHASE_HEAL].duration_ns > NS_PER_S)
				fail_msg("%s: healing took %llu ms", cases[i].name,
					(unsigned long long)(m->phases[PHASE_HEAL].duration_ns /
							     NS_PER_MS));
		}
		for (size_t f = 0; f < m->n_faults; f++)
			assert_true(m->faults[f].end_ns > 0);
		outcome_release(&o);
	}
}

/* What has been judged is not touched by what becomes of things in the teardown. */
static void test_broken_in_teardown(void **state)
{
	reset(state);
	hook.break_in = PHASE_DOWN;
	struct outcome o =
		run_preset(RUN_10S "expectations: [tiny: {}]\nbackend: fake", 0, PHASE_COUNT);
	assert_int_equal(o.result.exit_code, EXIT_PASS);
	assert_int_equal(o.result.verdict, VERDICT_PASS);
	assert_true(is_done(&o));
	outcome_release(&o);
}

static void test_unwritable_directory(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct scenario *s = make_scenario(RUN_10S CHECKED LOADED "backend: fake");
	struct plan *p = plan_new(s, &err);
	struct run_options opt = { .scenario = s,
		.plan = p,
		.catalog = &catalog,
		.run_dir = "/proc/nowhere",
		.run_id = "t",
		.write_reports = reports };
	assert_null(run_start(&opt, &err));
	assert_int_equal(exit_code_for(err.code), EXIT_ENV);
	assert_int_equal(atomic_load(&hook.reports), 0);
	plan_free(p);
	scenario_free(s);
	run_free(NULL);
}

static int set_up(void **state)
{
	(void)state;
	backend = backend_fake;
	backend.probe = hooked_probe;
	backend.prepare = hooked_prepare;
	backend.up = hooked_up;
	backend.link = hooked_link;
	backend.collect = hooked_collect;
	backend.down = hooked_down;
	snprintf(base_dir, sizeof(base_dir), "/tmp/test_runner.XXXXXX");
	return mkdtemp(base_dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return fs_remove_tree(base_dir, NULL);
}

/* When a run settles depends on what happened, not on how fast the hub thread is. */
static void test_settles_at_one_time(void **state)
{
	static const char preset[] =
		"run: {duration: 6s, warmup: 1s, settle: 60s}\n"
		"workloads: [load: {ops: .k}]\nexpectations: [tiny]\nbackend: fake";
	uint64_t settled_ns[2];

	for (int slow = 0; slow < 2; slow++) {
		reset(state);
		hook.slow_hub = slow;
		struct outcome o = run_preset(preset, 0, PHASE_COUNT);
		hook.slow_hub = false;
		assert_true(o.s->model.phases[PHASE_SETTLE].ok);
		settled_ns[slow] = o.s->model.phases[PHASE_SETTLE].duration_ns;
		outcome_release(&o);
	}
	assert_int_equal(settled_ns[0], settled_ns[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_results, reset),
		cmocka_unit_test_setup(test_phases, reset),
		cmocka_unit_test_setup(test_interrupted, reset),
		cmocka_unit_test_setup(test_faults, reset),
		cmocka_unit_test_setup(test_settles_at_one_time, reset),
		cmocka_unit_test_setup(test_bad_commands, reset),
		cmocka_unit_test_setup(test_broken, reset),
		cmocka_unit_test_setup(test_broken_in_teardown, reset),
		cmocka_unit_test_setup(test_unwritable_directory, reset),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
