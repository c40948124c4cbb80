/*
 * The timeline workload: what it refuses, its plan, and runs of it on a virtual
 * clock. Defines the functions of core/control and core/hub that it uses.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "util/units.h"
#include "workloads/timeline.h"

#define N_NODES   5
#define DRIVE_NS  (40 * NS_PER_S)
#define START_NS  NS_PER_S
#define MAX_DONE  32
#define MAX_STEPS 8

static struct {
	struct clock *clock;
	struct cancel *cancel;
	struct tune *tune;
	char done[MAX_DONE][COMMAND_TEXT]; /* "TIME COMMAND", from the start of the drive phase */
	size_t n_done;
	const char *fails; /* commands with this in their text */
	enum err_code fail_with;
	uint64_t takes_ns;
	struct workload_counts counts;
	bool ended, ended_ok;
	char reason[1000], note[256];
} w;

uint64_t hub_now(struct hub *h)
{
	(void)h;
	return clock_now(w.clock);
}

void hub_emit(struct hub *h, struct event *ev)
{
	(void)h;
	if (ev->kind == EVENT_WORKLOAD) {
		w.counts = ev->u.workload.counts;
		assert_false(w.ended);
		w.ended = ev->u.workload.end;
		w.ended_ok = ev->u.workload.ok;
		if (ev->u.workload.reason)
			snprintf(w.reason, sizeof(w.reason), "%s", ev->u.workload.reason);
	} else if (ev->kind == EVENT_NOTE) {
		snprintf(w.note, sizeof(w.note), "%s", ev->u.note.text);
	}
	event_free(ev);
}

int control_do(struct control *c, const struct command *cmd, const char *by,
	const struct cancel *cancel, struct err *err)
{
	(void)c;
	char text[COMMAND_TEXT], time[32];
	uint64_t now = clock_now(w.clock);

	assert_string_equal(by, "timeline");
	if (cancel_is_set(cancel))
		return err_set(err, ERR_CANCELLED, "stopped while waiting for it");
	command_format(cmd, text, sizeof(text));
	assert_true(w.n_done < MAX_DONE);
	snprintf(w.done[w.n_done++], COMMAND_TEXT, "%s %.300s",
		units_format_duration(now - START_NS, time, sizeof(time)), text);
	if (cmd->kind == COMMAND_EXTEND)
		tune_set_drive_end(w.tune, START_NS + DRIVE_NS + cmd->duration_ns);
	if (cmd->kind == COMMAND_END)
		tune_set_drive_end(w.tune, now);
	if (cmd->kind == COMMAND_JUDGE) {
		cancel_set(w.cancel);
		return err_set(err, ERR_CANCELLED, "stopped while waiting for it");
	}
	if (w.takes_ns > 0)
		clock_wait(w.clock, NULL, NULL, now + w.takes_ns);
	if (w.fails && strstr(text, w.fails))
		return err_set(err, w.fail_with, "it did not come back");
	return 0;
}

/* --- checking ------------------------------------------------------------------------- */

struct bench {
	struct backend_ops backend;
	struct workload_use uses[3];
	struct scenario scenario;
	struct plan plan;
	struct timeline_config config;
	void *plan_data;
};

static char names[3][16] = { "transactions", "restarts", "timeline" };
/* Stand-ins: all that matters of another workload is its name and what can be changed. */
static const struct workload_ops transactions_like = { .tunes =
							       TUNE_RATE | TUNE_HOLD | TUNE_BURST };
static const struct workload_ops restarts_like = { .tunes = TUNE_HOLD, .fault = true };

static void bench_init(struct bench *b, const char *const *steps)
{
	memset(b, 0, sizeof(*b));
	memset(&w, 0, sizeof(w));
	b->backend.name = "test";
	b->backend.caps = BACKEND_RESTART | BACKEND_KILL | BACKEND_PAUSE | BACKEND_ADD |
			  BACKEND_REMOVE | BACKEND_LINKS;
	b->uses[0] = (struct workload_use){ .ops = &transactions_like, .name = names[0] };
	b->uses[1] = (struct workload_use){ .ops = &restarts_like, .name = names[1] };
	b->uses[2] = (struct workload_use){
		.ops = &timeline_workload, .name = names[2], .config = &b->config
	};
	b->scenario.backend = &b->backend;
	b->scenario.workloads = b->uses;
	b->scenario.n_workloads = ARRAY_LEN(b->uses);
	b->scenario.topology.n_nodes = N_NODES;
	b->scenario.run.duration_ns = DRIVE_NS;
	b->scenario.run.warmup_ns = 3 * NS_PER_S;
	b->scenario.run.timeout_ns = 90 * NS_PER_S;
	b->plan.scenario = &b->scenario;
	b->plan.n_nodes = N_NODES;
	options_defaults(timeline_workload.options, &b->config, sizeof(b->config));
	for (size_t i = 0; i < MAX_STEPS && steps[i]; i++)
		strlist_add(&b->config.steps, steps[i]);
}

static void bench_release(struct bench *b)
{
	timeline_workload.plan_free(b->plan_data);
	options_release(timeline_workload.options, &b->config);
}

static void accepted(void **state)
{
	(void)state;
	static const char *const rows[][MAX_STEPS] = {
		{ "10s restart n1", "15s partition n0 n1 | n2 n3 n4", "25s heal",
			"30s burst transactions 200", "39s note look here" },
		{ "0 pause n0", "1.5s resume n0", " 2s  stop n4", "5s start n4" },
		{ "45s heal", "30s extend 20s" }, /* in order of time */
		{ "1s rate transactions 12.5", "2s hold restarts", "3s release restarts" },
		{ "1s add", "2s restart n5", "2s add", "3s kill n6" },
		{ "1s remove n4", "20s end" },
		{ "20s judge" },
		/* restarts acts too: nobody can tell in what state a node is */
		{ "1s stop n1", "2s pause n1", "3s resume n1" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b, rows[i]);
		if (timeline_workload.validate(&b.config, &b.scenario, &err) != 0)
			fail_msg("row %zu: %s", i, err.text);
		bench_release(&b);
	}
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *steps[MAX_STEPS];
		const char *want;
		unsigned lacks;
	} rows[] = {
		{ { NULL }, "steps is empty", 0 },
		{ { "restart" }, "step 1, restart: expected TIME COMMAND", 0 },
		{ { "1s heal", "restart n1" }, "step 2, restart n1: expected TIME COMMAND", 0 },
		{ { "1s heal", "10 restart n1" }, "step 2, 10 restart n1: ", 0 },
		{ { "1s heal", "2s frobnicate" }, "step 2, 2s frobnicate: ", 0 },
		{ { "1s restart" }, "step 1, 1s restart: ", 0 },
		{ { "40s heal" }, "step 1, 40s heal: 40s is not within the drive phase (40s)", 0 },
		{ { "45s heal", "46s extend 20s" }, "step 1, 45s heal: 45s is not within", 0 },
		{ { "10s heal", "5s end" },
			"step 1, 10s heal: it would never happen: step 2, 5s end", 0 },
		{ { "10s judge", "10s heal" }, "step 2, 10s heal: it would never happen", 0 },
		{ { "1s restart n5" }, "no node is called n5 then; there are n0 to n4", 0 },
		{ { "3s restart n5", "4s add" }, "step 1, 3s restart n5: no node", 0 },
		{ { "3s heal n9" }, "no node is called n9 then", 0 },
		{ { "3s link n0 n9 cut" }, "step 1, 3s link n0 n9 cut: ", 0 },
		{ { "3s partition n0 | n7" }, "step 1, 3s partition n0 | n7: ", 0 },
		{ { "3s partition n0 n1" }, "step 1, 3s partition n0 n1: ", 0 },
		{ { "3s remove n1", "4s restart n1" }, "step 2, 4s restart n1: ", 0 },
		{ { "3s hold transaction" },
			"step 1, 3s hold transaction: no workload of this preset is called "
			"transaction",
			0 },
		{ { "3s rate restarts 5" }, "step 1, 3s rate restarts 5: ", 0 },
		{ { "3s hold timeline" }, "step 1, 3s hold timeline: ", 0 },
		{ { "3s partition n0 | n1" }, "step 1, 3s partition n0 | n1: ", BACKEND_LINKS },
		{ { "3s heal", "3s pause n0" }, "step 2, 3s pause n0: ", BACKEND_PAUSE },
		{ { "3s add" }, "step 1, 3s add: ", BACKEND_ADD },
		{ { "3s extend 60s" },
			"step 1, 3s extend 60s: warmup and drive phase would take 1m43s then, and "
			"run.timeout is 1m30s",
			0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b, rows[i].steps);
		b.backend.caps &= ~rows[i].lacks;
		assert_int_equal(timeline_workload.validate(&b.config, &b.scenario, &err), -1);
		if (!strstr(err.text, rows[i].want) || err.text[strlen(err.text) - 1] == ' ')
			fail_msg("row %zu: %s", i, err.text);
		bench_release(&b);
	}
}

/* Without another workload that acts on nodes, their states are known. */
static void states(void **state)
{
	(void)state;
	static const struct {
		const char *steps[MAX_STEPS];
		const char *want; /* NULL: accepted */
	} rows[] = {
		{ { "1s stop n1", "2s pause n1" },
			"step 2, 2s pause n1: cannot pause n1: it is stopped" },
		{ { "1s pause n1", "2s pause n1" }, "it is paused" },
		{ { "1s kill n1", "2s stop n1" }, "it is stopped" },
		{ { "1s resume n1" }, "cannot resume n1: it is ready" },
		{ { "1s pause n1", "2s heal", "3s resume n1" }, "it is ready" },
		{ { "1s pause n1", "2s heal n2", "3s resume n1" }, NULL },
		{ { "1s remove n1", "2s heal", "3s start n1" }, "it is removed" },
		{ { "1s stop n1", "2s heal", "3s pause n1" }, NULL },
		{ { "1s stop n1", "2s restart n1", "3s pause n1" }, NULL },
		{ { "1s add", "2s pause n5", "3s pause n5" }, "cannot pause n5: it is paused" },
		{ { "1s start n1" }, NULL }, /* it may have died by itself */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b, rows[i].steps);
		b.uses[1].ops = &transactions_like;
		int rc = timeline_workload.validate(&b.config, &b.scenario, &err);
		if (rc != (rows[i].want ? -1 : 0) ||
			(rows[i].want && !strstr(err.text, rows[i].want)))
			fail_msg("row %zu: %d %s", i, rc, err.text);
		bench_release(&b);
	}
}

/* Two timelines of a preset run side by side: each is checked with what the other does. */
static void two_timelines(void **state)
{
	(void)state;
	static char other_name[] = "timeline-2";
	static const struct {
		const char *steps[MAX_STEPS], *other[MAX_STEPS];
		const char *want, *other_want; /* NULL: accepted */
	} rows[] = {
		{ { "50s heal" }, { "30s extend 20s" }, NULL, NULL },
		{ { "70s heal" }, { "30s extend 20s" }, "1m10s is not within the drive phase (1m)",
			NULL },
		{ { "30s heal" }, { "20s end" },
			"step 1, 30s heal: it would never happen: step 1 of timeline-2, 20s end",
			NULL },
		{ { "20s end" }, { "5s heal", "30s judge" }, NULL,
			"step 2, 30s judge: it would never happen: step 1 of timeline, 20s end" },
		{ { "3s restart n5" }, { "2s add" }, NULL, NULL },
		{ { "3s restart n5" }, { "4s add" }, "no node is called n5 then", NULL },
		{ { "3s restart n1" }, { "2s remove n1" }, "cannot restart n1: it is removed",
			NULL },
		{ { "10s pause n1", "20s resume n1" }, { "15s pause n1" }, NULL,
			"cannot pause n1: it is paused" },
		/* what is wrong with the other one is its own matter */
		{ { "3s restart n1" }, { "nonsense" }, NULL, "step 1, nonsense: " },
		{ { "3s restart n1" }, { NULL }, NULL, "steps is empty" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct timeline_config other;
		bench_init(&b, rows[i].steps);
		options_defaults(timeline_workload.options, &other, sizeof(other));
		for (size_t j = 0; j < MAX_STEPS && rows[i].other[j]; j++)
			strlist_add(&other.steps, rows[i].other[j]);
		b.uses[1] = (struct workload_use){
			.ops = &timeline_workload, .name = other_name, .config = &other
		};
		for (int k = 0; k < 2; k++) {
			const char *want = k ? rows[i].other_want : rows[i].want;
			const void *config = k ? (void *)&other : (void *)&b.config;
			struct err err = { 0 };
			int rc = timeline_workload.validate(config, &b.scenario, &err);
			if (rc != (want ? -1 : 0) || (want && !strstr(err.text, want)))
				fail_msg("row %zu, timeline %d: %d %s", i, k, rc, err.text);
		}
		options_release(timeline_workload.options, &other);
		bench_release(&b);
	}
}

/* --- running -------------------------------------------------------------------------- */

static const char *const drill[MAX_STEPS] = { "20s heal", "5s pause n1", "20s note one",
	"10s restart n2", "20s note two" };

static int bench_run(struct bench *b, uint64_t end_at_s, struct err *err)
{
	struct rng rng;
	rng_init(&rng, 1);
	assert_int_equal(
		timeline_workload.plan(&b->config, &b->plan, &rng, &b->plan_data, NULL), 0);
	w.clock = clock_new_virtual(START_NS, 0);
	w.cancel = cancel_new(NULL);
	w.tune = tune_new(START_NS + DRIVE_NS);
	if (end_at_s)
		tune_set_drive_end(w.tune, START_NS + end_at_s * NS_PER_S);
	struct workload_env env = {
		.name = "timeline",
		.config = &b->config,
		.plan_data = b->plan_data,
		.plan = &b->plan,
		.clock = w.clock,
		.cancel = w.cancel,
		.t0_ns = START_NS,
		.drive_start_ns = START_NS,
		.drive_end_ns = START_NS + DRIVE_NS,
		.tune = w.tune,
	};
	clock_join(w.clock);
	int rc = timeline_workload.run(&env, err);
	assert_true(w.ended);
	assert_int_equal(w.ended_ok, rc == 0);
	assert_int_equal(w.counts.planned, b->config.steps.len);
	tune_free(w.tune);
	cancel_free(w.cancel);
	clock_free(w.clock);
	bench_release(b);
	return rc;
}

static void expect_done(const char *const *want, size_t n)
{
	assert_int_equal(w.n_done, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(w.done[i], want[i]);
}

static void plan_as_json(void **state)
{
	(void)state;
	struct bench b;
	struct rng rng;
	struct strbuf out = { 0 };
	struct jw jw;
	bench_init(&b, drill);
	rng_init(&rng, 1);
	assert_int_equal(timeline_workload.plan(&b.config, &b.plan, &rng, &b.plan_data, NULL), 0);
	jw_init(&jw, &out, 0);
	timeline_workload.plan_to_json(b.plan_data, &jw);
	assert_string_equal(strbuf_str(&out),
		"{\"steps\":[{\"at_ns\":5000000000,\"command\":\"pause n1\"},"
		"{\"at_ns\":10000000000,\"command\":\"restart n2\"},"
		"{\"at_ns\":20000000000,\"command\":\"heal\"},"
		"{\"at_ns\":20000000000,\"command\":\"note one\"},"
		"{\"at_ns\":20000000000,\"command\":\"note two\"}]}");
	strbuf_release(&out);
	bench_release(&b);
}

static void in_order_of_time(void **state)
{
	(void)state;
	static const char *const want[] = { "5s pause n1", "10s restart n2", "20s heal",
		"20s note one", "20s note two" };
	struct bench b;
	bench_init(&b, drill);
	assert_int_equal(bench_run(&b, 0, NULL), 0);
	expect_done(want, ARRAY_LEN(want));
	assert_int_equal(w.counts.actions, 5);
	assert_string_equal(w.note, "");
}

/* One step after the other, none is left out. */
static void slow_steps_delay_the_next(void **state)
{
	(void)state;
	static const char *const want[] = { "5s pause n1", "12s restart n2", "20s heal",
		"27s note one", "34s note two" };
	struct bench b;
	bench_init(&b, drill);
	w.takes_ns = 7 * NS_PER_S;
	assert_int_equal(bench_run(&b, 0, NULL), 0);
	expect_done(want, ARRAY_LEN(want));
}

static void a_failure_is_reported_and_the_rest_goes_on(void **state)
{
	(void)state;
	static const enum err_code codes[] = { ERR_TIMEOUT, ERR_UNSUPPORTED, ERR_CANCELLED };
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b, drill);
		w.fails = "restart";
		w.fail_with = codes[i];
		assert_int_equal(bench_run(&b, 0, &err), -1);
		assert_int_equal(err.code, codes[i]);
		assert_string_equal(err.text, "step 4, 10s restart n2: it did not come back");
		assert_string_equal(w.reason, err.text);
		assert_int_equal(w.n_done, 5);
		assert_int_equal(w.counts.actions, 4);
	}
}

/* Somebody ended the drive phase early: nothing has failed, but it is said. */
static void drive_ends_early(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, drill);
	assert_int_equal(bench_run(&b, 15, NULL), 0);
	assert_int_equal(w.n_done, 2);
	assert_int_equal(w.counts.actions, 2);
	assert_string_equal(w.note, "timeline: 3 of 5 steps left when the drive phase ended");

	/* in the middle of a step, which is refused then */
	bench_init(&b, drill);
	w.takes_ns = 7 * NS_PER_S;
	w.fails = "restart";
	w.fail_with = ERR_CANCELLED;
	assert_int_equal(bench_run(&b, 15, NULL), 0);
	assert_int_equal(w.counts.actions, 1);
	assert_string_equal(w.note, "timeline: 4 of 5 steps left when the drive phase ended");
}

static void steps_move_the_end(void **state)
{
	(void)state;
	static const char *const longer[MAX_STEPS] = { "30s extend 20s", "55s heal", "58s end" };
	static const char *const judged[MAX_STEPS] = { "30s extend 20s", "55s judge" };
	struct bench b;
	bench_init(&b, longer);
	assert_int_equal(bench_run(&b, 0, NULL), 0);
	expect_done(longer, 3);
	assert_int_equal(w.counts.actions, 3);
	bench_init(&b, judged);
	assert_int_equal(bench_run(&b, 0, NULL), 0);
	expect_done(judged, 2);
	assert_int_equal(w.counts.actions, 2);
	assert_string_equal(w.note, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(states),
		cmocka_unit_test(two_timelines),
		cmocka_unit_test(plan_as_json),
		cmocka_unit_test(in_order_of_time),
		cmocka_unit_test(slow_steps_delay_the_next),
		cmocka_unit_test(a_failure_is_reported_and_the_rest_goes_on),
		cmocka_unit_test(drive_ends_early),
		cmocka_unit_test(steps_move_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
