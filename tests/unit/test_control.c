/*
 * Commands in whole runs on the fake backend and a virtual clock: what each
 * kind does, what is refused and why, and that a fault that is left in force
 * does not hang the run. A workload gives them as a script says, a check
 * writes down what the stream tells of them.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "core/check.h"
#include "core/control.h"
#include "core/runner.h"
#include "core/workload.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/units.h"

/* --- what is told --------------------------------------------------------------------------- */

static struct {
	struct strbuf told;    /* hub thread: one line an event */
	struct strbuf answers; /* script's thread: one line a command */
	struct strbuf tunes;   /* load's thread: one line a change */
	const char *early;     /* commands posted before the cluster is up, ; between */
	unsigned fail_links;   /* so many calls of link() fail */
	unsigned links_told;   /* that worked */
	_Atomic(struct run *) run;
	uint64_t height[5]; /* at the end of the run */
	struct id32 tip[5];
	/* a second before the load ends: what comes after depends on when exactly the run settles
	 */
	struct id32 driven_tip[5];
	uint64_t drive_until_ns;
} seen;

static void tell_links(const struct event *ev)
{
	char t[40];
	strbuf_addf(&seen.told, "link n%u n%u%s%s%s%s\n", ev->u.link.from, ev->u.link.to,
		ev->u.link.cut ? " cut" : "", ev->u.link.delay_ns ? " delay " : "",
		ev->u.link.delay_ns ? units_format_duration(ev->u.link.delay_ns, t, sizeof(t)) : "",
		ev->u.link.loss > 0 ? " loss" : "");
}

static void recorder_observe(struct check *c, const struct event *ev, const struct model *m)
{
	(void)c;
	(void)m;
	if (ev->kind == EVENT_COMMAND)
		strbuf_addf(&seen.told, "command %s by %s: %s\n", ev->u.command.text,
			ev->u.command.source, ev->u.command.ok ? "ok" : ev->u.command.reason);
	else if (ev->kind == EVENT_FAULT)
		strbuf_addf(&seen.told, "fault %llu %s at %d %s%s [%s]\n",
			(unsigned long long)ev->u.fault.id, ev->u.fault.name, ev->node,
			ev->u.fault.end ? "ends" : "begins",
			ev->u.fault.effective ? " effective" : "",
			ev->u.fault.detail ? ev->u.fault.detail : "");
	else if (ev->kind == EVENT_LINK)
		tell_links(ev);
	else if (ev->kind == EVENT_NOTE)
		strbuf_addf(&seen.told, "note %s\n", ev->u.note.text);
	else if (ev->kind == EVENT_PHASE && !ev->u.phase.end && ev->u.phase.until_ns) {
		if (ev->u.phase.phase == PHASE_DRIVE)
			seen.drive_until_ns = ev->u.phase.until_ns;
		strbuf_addf(&seen.told, "%s for %llu ms\n", phase_name(ev->u.phase.phase),
			(unsigned long long)((ev->u.phase.until_ns - ev->t_ns) / NS_PER_MS));
	} else if (ev->kind == EVENT_NODE_SAMPLE && ev->u.sample.ok && ev->node < 5) {
		seen.height[ev->node] = ev->u.sample.height;
		seen.tip[ev->node] = ev->u.sample.tip;
		if (ev->t_ns + NS_PER_S < seen.drive_until_ns)
			seen.driven_tip[ev->node] = ev->u.sample.tip;
	}
}

static void recorder_peek(struct check *c, const struct model *m, struct check_result *ret)
{
	(void)c;
	(void)m;
	ret->verdict = VERDICT_PENDING;
}

static void recorder_judge(struct check *c, const struct model *m, struct check_result *ret)
{
	(void)c;
	(void)m;
	ret->verdict = VERDICT_PASS;
}

static const struct option no_options[] = { { .name = NULL } };

static const struct check_ops recorder = {
	.name = "recorder",
	.summary = "for this test",
	.options = no_options,
	.validate = check_no_validate,
	.query = check_no_query,
	.init = check_no_init,
	.observe = recorder_observe,
	.peek = recorder_peek,
	.judge = recorder_judge,
	.release = check_no_release,
};

/* --- a workload that gives commands, and one that takes them -----------------------------------
 */

struct script_config {
	char *run;
};

static const struct option script_options[] = {
	{ "run", OPTION_STRING, offsetof(struct script_config, run),
		.help = "commands with ; between; 'wait TIME', 'post COMMAND'" },
	{ .name = NULL },
};

static struct command parse(const char *text)
{
	struct command c;
	struct err err = { 0 };
	if (command_parse(text, &c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

static void script_line(const struct workload_env *env, const char *line)
{
	struct err err = { 0 };
	uint64_t ns;
	int rc;

	if (strncmp(line, "wait ", 5) == 0) {
		assert_int_equal(units_parse_duration(line + 5, &ns, NULL), 0);
		clock_wait(env->clock, NULL, env->cancel, clock_now(env->clock) + ns);
		return;
	}
	if (strncmp(line, "post ", 5) == 0) {
		struct command c = parse(line + 5);
		assert_int_equal(control_post(env->control, &c, "key", &err), 0);
		return;
	}
	struct command c = parse(line);
	rc = control_do(env->control, &c, "script", env->cancel, &err);
	strbuf_addf(&seen.answers, "%s: %s\n", line, rc == 0 ? "ok" : err.text);
}

static int script_run(const struct workload_env *env, struct err *err)
{
	const struct script_config *config = env->config;
	char *next = NULL;
	CLEANUP_FREE char *text = xstrdup(config->run);
	(void)err;
	for (char *line = strtok_r(text, ";", &next); line; line = strtok_r(NULL, ";", &next))
		script_line(env, line + strspn(line, " "));
	return 0;
}

static const char *const no_checks[] = { NULL };
static const struct workload_ops script_workload = {
	.name = "script",
	.summary = "for this test",
	.config_size = sizeof(struct script_config),
	.options = script_options,
	.default_checks = no_checks,
	.validate = workload_no_validate,
	.plan = workload_no_plan,
	.plan_to_json = workload_no_plan_json,
	.plan_free = workload_no_plan_free,
	.run = script_run,
};

/* Works until the end of the drive phase, wherever that is, and on for `longer`. */
struct load_config {
	uint64_t longer_ns;
};

static const struct option load_options[] = {
	{ "longer", OPTION_DURATION, offsetof(struct load_config, longer_ns), .def = "0",
		.help = "works on after the drive" },
	{ .name = NULL },
};

static int load_run(const struct workload_env *env, struct err *err)
{
	const struct load_config *config = env->config;
	struct wake wake;
	struct tune_state s;

	wake_init(&wake);
	tune_set_wake(env->tune, &wake);
	tune_read(env->tune, &s);
	assert_int_equal(s.drive_end_ns, env->drive_end_ns);
	while (clock_now(env->clock) < s.drive_end_ns + config->longer_ns &&
		!cancel_is_set(env->cancel)) {
		if (clock_wait(env->clock, &wake, env->cancel,
			    s.drive_end_ns + config->longer_ns) != CLOCK_WOKEN)
			continue;
		tune_read(env->tune, &s);
		strbuf_addf(&seen.tunes, "%s%g per second, %llu at once, until %llu s\n",
			s.held ? "held, " : "", s.rate, (unsigned long long)s.burst,
			(unsigned long long)((s.drive_end_ns - env->drive_start_ns) / NS_PER_S));
	}
	tune_set_wake(env->tune, NULL);
	wake_release(&wake);
	if (cancel_is_set(env->cancel))
		return err_set(err, ERR_CANCELLED, "stopped before it was done");
	return 0;
}

static const struct workload_ops load_workload = {
	.name = "load",
	.summary = "for this test",
	.config_size = sizeof(struct load_config),
	.options = load_options,
	.tunes = TUNE_RATE | TUNE_HOLD | TUNE_BURST,
	.default_checks = no_checks,
	.validate = workload_no_validate,
	.plan = workload_no_plan,
	.plan_to_json = workload_no_plan_json,
	.plan_free = workload_no_plan_free,
	.run = load_run,
};

/* --- a backend whose links may fail -------------------------------------------------------------
 */

static struct backend_ops backend, no_links;

static int hooked_up(struct backend *b, struct err *err)
{
	char *next = NULL;
	CLEANUP_FREE char *text = xstrdup(seen.early ? seen.early : "");
	for (char *line = strtok_r(text, ";", &next); line; line = strtok_r(NULL, ";", &next)) {
		struct command c = parse(line);
		struct run *run;
		while (!(run = atomic_load(&seen.run)))
			sched_yield(); /* run_start() is about to return */
		assert_int_equal(control_post(run_control(run), &c, "key", NULL), 0);
	}
	return backend_fake.up(b, err);
}

static int hooked_link(struct backend *b, unsigned from, unsigned to, const struct link_rule *rule,
	struct err *err)
{
	if (seen.fail_links > 0) {
		seen.fail_links--;
		return err_set(err, ERR_IO, "the relay does not answer");
	}
	seen.links_told++;
	return backend_fake.link(b, from, to, rule, err);
}

/* --- running ---------------------------------------------------------------------------------- */

static const struct backend_ops *const backends[] = { &backend, &no_links, NULL };
static const struct flavour_ops *const flavours[] = { NULL };
static const struct workload_ops *const workloads[] = { &script_workload, &load_workload, NULL };
static const struct check_ops *const checks[] = { &recorder, NULL };
static const struct catalog catalog = { backends, flavours, workloads, checks };

static char base_dir[64];
static unsigned run_number;

struct outcome {
	struct run_result result;
	struct snapshot *s;
	char *journal;
};

static struct scenario *make_scenario(
	const char *backend_name, const char *script, const char *load)
{
	static const struct embedded_file none[] = { { NULL, NULL } };
	static const struct preset_source src = { .embedded = none };
	struct err err = { 0 };
	CLEANUP_FREE char *text =
		xasprintf("version: 1\n"
			  "topology:\n"
			  "  nodes: 5\n"
			  "  consensus: {slot_duration: 500ms, active_slot_coeff: 0.9,"
			  " security_param: 30}\n"
			  "wallets: {count: 3, funds: 100}\n"
			  "run: {duration: 30s, warmup: 2s, seed: 3}\n"
			  "backend: %s\n"
			  "expectations: [recorder]\n"
			  "workloads: [script: {run: '%s'}, load: {longer: %s}]\n",
			backend_name, script, load);
	struct scenario *s = scenario_parse(&catalog, &src, "test", text, strlen(text), NULL, &err);
	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static struct outcome run_with(const char *backend_name, const char *script, const char *load,
	uint64_t timeout_ns, double pace)
{
	struct outcome o = { 0 };
	struct err err = { 0 };
	struct scenario *s = make_scenario(backend_name, script, load);
	struct plan *p = plan_new(s, &err);
	CLEANUP_FREE char *dir = xasprintf("%s/run-%u", base_dir, run_number++);
	CLEANUP_FREE char *path = fs_join(dir, "journal");
	CLEANUP_STRBUF struct strbuf journal = { 0 };

	assert_non_null(p);
	strbuf_clear(&seen.told);
	strbuf_clear(&seen.answers);
	strbuf_clear(&seen.tunes);
	seen.links_told = 0;
	atomic_store(&seen.run, NULL);
	const struct run_options opt = { .scenario = s,
		.plan = p,
		.catalog = &catalog,
		.run_dir = dir,
		.run_id = "t",
		.timeout_ns = timeout_ns,
		.virtual_pace = pace };
	struct run *r = run_start(&opt, &err);
	if (!r)
		fail_msg("%s", err.text);
	atomic_store(&seen.run, r);
	run_finish(r, &o.result);
	o.s = hub_snapshot(run_hub(r));
	run_free(r);
	assert_int_equal(fs_read(path, 1 << 20, &journal, &err), 0);
	o.journal = strbuf_detach(&journal);
	plan_free(p);
	scenario_free(s);
	/* whatever was done, nothing is left in force */
	for (size_t i = 0; i < o.s->model.n_faults; i++)
		assert_true(o.s->model.faults[i].end_ns > 0);
	return o;
}

static struct outcome run(const char *script)
{
	return run_with("fake", script, "0", 0, 0);
}

static void outcome_release(struct outcome *o)
{
	snapshot_unref(o->s);
	free(o->journal);
	seen.early = NULL;
	seen.fail_links = 0;
}

static void must_pass(const struct outcome *o)
{
	if (o->result.exit_code != 0)
		fail_msg("exit %d: %s\n%s", o->result.exit_code, o->result.reason,
			strbuf_str(&seen.told));
}

/* Lines that must be there, in this order. */
static void want_lines(const struct strbuf *in, const char *const *lines)
{
	const char *at = strbuf_str(in);
	for (; *lines; lines++) {
		const char *found = strstr(at, *lines);
		if (!found)
			fail_msg("no '%s' (after what comes before it) in:\n%s", *lines,
				strbuf_str(in));
		at = found + strlen(*lines);
	}
}
#define WANT(in, ...) want_lines(&(in), (const char *const[]){ __VA_ARGS__, NULL })

static unsigned count(const char *what)
{
	unsigned n = 0;
	for (const char *at = strbuf_str(&seen.told); (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* --- faults of links ----------------------------------------------------------------------------
 */

static void test_partition(void **state)
{
	(void)state;
	struct outcome o = run("wait 5s; partition n0 n1 n2 | n3 n4; wait 15s; heal");
	must_pass(&o);
	WANT(seen.told, "fault 1 partition at -1 begins [n0 n1 n2 | n3 n4]\n", "link n0 n3 cut\n",
		"link n4 n2 cut\n", "command partition n0 n1 n2 | n3 n4 by script: ok\n",
		"link n0 n3\n", "fault 1 partition at -1 ends effective []\n",
		"command heal by script: ok\n");
	assert_int_equal(count(" cut\n"), 12);
	assert_int_equal(seen.links_told, 24);
	assert_int_equal(count("\ncommand "), 2);
	assert_non_null(strstr(o.journal, "partition n0 n1 n2 | n3 n4 by script"));
	assert_non_null(strstr(o.journal, "\"heal\""));
	/* they went different ways, and are one again */
	assert_true(o.s->model.n_reorgs > 0);
	for (unsigned i = 1; i < 5; i++)
		assert_in_range(seen.height[i], seen.height[0] - 1, seen.height[0] + 1);
	assert_string_equal(o.s->model.faults[0].detail, "n0 n1 n2 | n3 n4");
	assert_true(o.s->model.faults[0].effective);
	outcome_release(&o);
}

/* What is left in force is healed by the run itself, which ends as it would have. */
static void test_left_open(void **state)
{
	(void)state;
	struct outcome o = run("wait 5s; partition n0 | n1-n4; link n1 * delay=50ms; pause n2; "
			       "kill n3; wait 10s");
	must_pass(&o);
	WANT(seen.told, "command partition n0 | n1-n4 by script: ok\n",
		"fault 2 link at 1 begins [n1 <-> * delay 50 ms]\n",
		"command link n1 * delay=50ms by script: ok\n", "command pause n2 by script: ok\n",
		"heal for", "fault 1 partition at -1 ends effective", "command heal by heal: ok\n",
		"command resume n2 by heal: ok\n", "command start n3 by heal: ok\n");
	assert_true(o.s->model.phases[PHASE_HEAL].ok && o.s->model.phases[PHASE_SETTLE].ok);
	assert_int_equal(o.s->model.n_faults, 4);
	for (unsigned i = 1; i < 5; i++)
		assert_in_range(seen.height[i], seen.height[0] - 1, seen.height[0] + 1);
	outcome_release(&o);
}

static void test_rules(void **state)
{
	(void)state;
	static const struct {
		const char *script, *want[8];
	} rows[] = {
		/* a later rule on the same link replaces the earlier */
		{ "link n0 n1 cut; link n0 n1 delay=1s; wait 1s; heal",
			{ "fault 1 link at 0 begins [n0 -> n1 cut]\n", "link n0 n1 cut\n",
				"link n0 n1 delay 1s\n",
				"fault 1 link at 0 ends effective [n0 -> n1 cut; replaced by a "
				"later rule]\n",
				"fault 2 link at 0 ends effective []\n" } },
		/* part of a fault is healed, and then the rest */
		{ "partition n0 | n1 | n2; heal n1; link n0 n2; heal n0",
			{ "link n0 n1\n", "command heal n1 by script: ok\n", "link n0 n2\n",
				"command link n0 n2 by script: ok\n", "link n2 n0\n",
				"fault 1 partition at -1 ends effective []\n" } },
		/* the same again is a fault, though nothing changes */
		{ "link n0 n1 loss=50%; link n0 n1 loss=50%; heal",
			{ "link n0 n1 loss\n", "fault 2 link at 0 begins [n0 -> n1 loss 50 %]\n",
				"fault 1 link at 0 ends", "fault 2 link at 0 ends effective []" } },
		{ "link * * jitter=5ms; heal",
			{ "fault 1 link at -1 begins [* <-> * jitter 5 ms]\n",
				"fault 1 link at -1 ends effective" } },
		/* a node that comes later is on all sides, one that is gone on none */
		{ "partition n0 n1 | n2-n4; add; heal", { "command add by script: ok\n" } },
		{ "partition n0 n1 | n2-n4; remove n0; heal",
			{ "fault 2 remove at 0 ends", "fault 1 partition at -1 ends effective" } },
		{ "heal; heal n3; link n0 n1",
			{ "command heal by script: ok\n", "command heal n3 by script: ok\n",
				"command link n0 n1 by script: ok\n" } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct outcome o = run(rows[i].script);
		must_pass(&o);
		want_lines(&seen.told, rows[i].want);
		assert_null(strstr(strbuf_str(&seen.told), "by heal"));
		outcome_release(&o);
	}
}

static void test_heal_of_nodes(void **state)
{
	(void)state;
	struct outcome o = run("wait 1s; kill n1; pause n2; partition n3 | n4; heal n2; wait 2s; "
			       "heal; wait 2s; stop n1; start n1; remove n4; heal");
	must_pass(&o);
	WANT(seen.told, "command heal n2 by script: ok\n", "fault 2 pause at 2 ends effective []\n",
		"fault 3 partition at -1 ends effective []\n", "command heal by script: ok\n",
		"fault 1 kill at 1 ends effective []\n");
	assert_int_equal(count("\ncommand "), 9);
	outcome_release(&o);
}

/* A backend that fails: told, and neither the books nor the run suffer. */
static void test_links_that_fail(void **state)
{
	(void)state;
	seen.fail_links = 2;
	struct outcome o = run("wait 1s; partition n0 | n1");
	must_pass(&o);
	WANT(seen.told, "fault 1 partition at -1 begins",
		"fault 1 partition at -1 ends [n0 | n1; "
		"no link could be changed]\n",
		"command partition n0 | n1 by script: 2 of 2 links could not be changed: the relay "
		"does not answer\n");
	outcome_release(&o);

	seen.fail_links = 1;
	o = run("wait 1s; partition n0 | n1");
	must_pass(&o);
	WANT(seen.told, "link n1 n0 cut\n", "1 of 2 links", "heal for", "link n1 n0\n",
		"fault 1 partition at -1 ends effective []\n");
	outcome_release(&o);
}

static void test_no_links(void **state)
{
	(void)state;
	struct outcome o = run_with(
		"no-links", "partition n0 | n1; link n0 n1 cut; kill n1; wait 2s; heal", "0", 0, 0);
	must_pass(&o);
	WANT(seen.answers,
		"partition n0 | n1: backend no-links cannot shape links (no relay): to partition "
		"the network it takes a backend with the capability \"links\"\n",
		"link n0 n1 cut: backend no-links cannot shape links", "kill n1: ok\n",
		"heal: ok\n");
	assert_int_equal(o.s->model.n_faults, 1);
	outcome_release(&o);
}

/* --- the load and the drive phase ------------------------------------------------------------ */

static void test_tunes(void **state)
{
	(void)state;
	struct outcome o =
		run("wait 1s; rate load 12.5; wait 1s; hold load; wait 1s; burst load 500; "
		    "wait 1s; release load; wait 1s; extend 5s");
	must_pass(&o);
	assert_string_equal(strbuf_str(&seen.tunes),
		"12.5 per second, 0 at once, until 30 s\n"
		"held, 12.5 per second, 0 at once, until 30 s\n"
		"held, 12.5 per second, 500 at once, until 30 s\n"
		"12.5 per second, 0 at once, until 30 s\n"
		"12.5 per second, 0 at once, until 35 s\n");
	WANT(seen.told, "command rate load 12.5 by script: ok\n",
		"command hold load by script: ok\n", "command burst load 500 by script: ok\n",
		"command release load by script: ok\n", "command extend 5s by script: ok\n");
	outcome_release(&o);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *script, *want;
	} rows[] = {
		{ "rate gossip 5", "cannot change the rate of gossip: the run has no workload" },
		{ "rate script 5", "a workload of this kind does not take 'rate'" },
		{ "kill n9", "cannot kill n9: there is no such node n9, the last one is n4" },
		{ "resume n1", "cannot resume n1: it is ready" },
		{ "partition n0 | n7", "there is no node n7, the last one is n4" },
		{ "link n0 n7 cut", "there is no such node n7" },
		{ "heal n7", "there is no such node n7" },
		{ "add n9", "cannot add n9: the next node is n5" },
		{ "wait 31s; kill n1", "the time for faults is over (phase settle)" },
		{ "wait 31s; partition n0 | n1", "the time for faults is over (phase settle)" },
		{ "wait 31s; extend 5s", "cannot extend the drive phase: the drive phase is over" },
		{ "wait 31s; end", "the drive phase is over (phase settle)" },
		{ "wait 31s; burst load 5", "the drive phase is over (phase settle)" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct outcome o = run(rows[i].script);
		must_pass(&o);
		WANT(seen.answers, rows[i].want);
		WANT(seen.told, "by script: ", rows[i].want);
		assert_int_equal(count("command "), 1);
		assert_int_equal(count("fault "), 0);
		outcome_release(&o);
	}
	/* a limit that the user has set stands */
	struct outcome o = run_with("fake", "wait 1s; extend 1m; extend 2s", "0", 50 * NS_PER_S, 0);
	must_pass(&o);
	WANT(seen.answers,
		"cannot extend the drive phase: the time limit of 50 s that was set for the run "
		"would end it before",
		"extend 2s: ok\n");
	outcome_release(&o);
}

/* Nobody waits for what is posted; it is told all the same, and in order. */
static void test_posted(void **state)
{
	(void)state;
	seen.early = "extend 5s;end;judge;rate load 5;hold load;burst load 5;kill n1;note early";
	struct outcome o = run("wait 1s; post kill n1; post start n1; post start n1; post note two "
			       "words; wait 3s");
	must_pass(&o);
	WANT(seen.told,
		"command extend 5s by key: cannot extend the drive phase yet: it is possible from "
		"the drive phase on",
		"command end by key: cannot end the drive phase yet",
		"command judge by key: cannot judge yet",
		"command rate load 5 by key: cannot change the rate of load yet",
		"command hold load by key: cannot hold load yet",
		"command burst load 5 by key: cannot have load send a burst yet",
		"command kill n1 by key: ", "note early\n", "command note early by key: ok\n",
		"command kill n1 by key: ok\n", "command start n1 by key: ok\n",
		"command start n1 by key: cannot start n1: it is", "note two words\n",
		"command note two words by key: ok\n");
	outcome_release(&o);
}

static uint64_t lasted_s(const struct outcome *o, enum phase p)
{
	return o->s->model.phases[p].duration_ns / NS_PER_S;
}

static void test_extend_and_end(void **state)
{
	(void)state;
	struct outcome o = run("wait 1s");
	must_pass(&o);
	WANT(seen.told, "baseline for 2000 ms\n", "drive for 30000 ms\n", "heal for 21000 ms\n",
		"settle for 15000 ms\n");
	outcome_release(&o);

	/* far beyond the limit that was derived for the run */
	o = run("wait 10s; extend 1h");
	must_pass(&o);
	WANT(seen.told, "drive for 30000 ms\n", "drive for 3620000 ms\n", "heal for");
	outcome_release(&o);

	o = run("wait 10s; extend 1m; wait 2s; end; wait 1s; end");
	must_pass(&o);
	WANT(seen.told, "note drive ended by script after 12 s of 1:30\n",
		"command end by script: ok\n", "heal for", "command end by script: cannot end");
	WANT(seen.tunes, "until 90 s\n", "until 12 s\n");
	assert_int_equal(lasted_s(&o, PHASE_DRIVE), 12);
	assert_true(o.s->model.phases[PHASE_DRIVE].ok);
	outcome_release(&o);
}

static void test_judge(void **state)
{
	(void)state;
	/* a load that would go on for long keeps nobody waiting */
	struct outcome o = run_with("fake", "wait 10s; kill n1; judge", "10m", 0, 0);
	must_pass(&o);
	WANT(seen.told, "note drive ended by script after 10 s of 30 s\n",
		"command judge by script: ok\n", "heal for", "command start n1 by heal: ok\n");
	assert_int_equal(lasted_s(&o, PHASE_DRIVE), 10);
	assert_false(o.s->model.phases[PHASE_SETTLE].started);
	assert_true(o.s->model.phases[PHASE_JUDGE].ended);
	outcome_release(&o);

	o = run_with("fake", "wait 32s; judge", "10m", 0, 0);
	must_pass(&o);
	WANT(seen.told, "settle for", "command judge by script: ok\n");
	assert_int_equal(lasted_s(&o, PHASE_DRIVE), 30);
	assert_int_equal(lasted_s(&o, PHASE_SETTLE), 2);
	assert_null(strstr(strbuf_str(&seen.told), "ended by"));
	outcome_release(&o);

	/* without it the run is as long as it takes, and says so */
	o = run_with("fake", "wait 1s", "10m", 0, 0);
	assert_int_equal(o.result.exit_code, 3);
	assert_non_null(strstr(o.result.reason, "workload load"));
	outcome_release(&o);
}

/* At a pace it is the same run. */
static void test_pace(void **state)
{
	(void)state;
	static const char script[] = "wait 5s; partition n0 n1 n2 | n3 n4; wait 10s; heal";
	struct outcome o = run(script);
	CLEANUP_FREE char *told = strbuf_detach(&seen.told);
	struct id32 tips[5];
	static const struct id32 none;
	memcpy(tips, seen.driven_tip, sizeof(tips));
	for (size_t i = 0; i < ARRAY_LEN(tips); i++)
		assert_false(id32_eq(&tips[i], &none));
	outcome_release(&o);
	o = run_with("fake", script, "0", 0, 100);
	must_pass(&o);
	assert_string_equal(told, strbuf_str(&seen.told));
	assert_memory_equal(tips, seen.driven_tip, sizeof(tips));
	outcome_release(&o);
}

static int set_up(void **state)
{
	(void)state;
	backend = backend_fake;
	backend.up = hooked_up;
	backend.link = hooked_link;
	no_links = backend_fake;
	no_links.name = "no-links";
	no_links.caps &= ~(unsigned)BACKEND_LINKS;
	no_links.link = backend_no_link;
	snprintf(base_dir, sizeof(base_dir), "/tmp/test_control.XXXXXX");
	return mkdtemp(base_dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	strbuf_release(&seen.told);
	strbuf_release(&seen.answers);
	strbuf_release(&seen.tunes);
	return fs_remove_tree(base_dir, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partition),
		cmocka_unit_test(test_left_open),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_heal_of_nodes),
		cmocka_unit_test(test_links_that_fail),
		cmocka_unit_test(test_no_links),
		cmocka_unit_test(test_tunes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_posted),
		cmocka_unit_test(test_extend_and_end),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_pace),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
