/*
 * The restarts workload: its plan, and runs of it on a virtual clock. Defines
 * the functions of core/control and core/hub that it uses.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/restarts.h"

#define N_NODES  4
#define DRIVE_NS (300 * NS_PER_S)

struct done_op {
	enum node_op op;
	unsigned node;
	uint64_t at_ns;
};

static struct {
	struct clock *clock;
	struct cancel *cancel;
	VEC(struct done_op) ops;
	enum node_state states[N_NODES];
	enum err_code fail_with; /* ERR_NONE: ops work */
	uint64_t op_takes_ns;
	size_t cancel_after; /* ops; 0: never */
	bool ended, ended_ok;
	char reason[256];
	uint64_t actions;
	unsigned notes, held_notes;
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
		w.actions = ev->u.workload.counts.actions;
		w.ended = ev->u.workload.end;
		w.ended_ok = ev->u.workload.ok;
		if (ev->u.workload.reason)
			snprintf(w.reason, sizeof(w.reason), "%s", ev->u.workload.reason);
	}
	w.notes += ev->kind == EVENT_NOTE;
	w.held_notes += ev->kind == EVENT_NOTE && strstr(ev->u.note.text, "skipped: held");
	event_free(ev);
}

enum node_state control_node_state(struct control *c, unsigned node)
{
	(void)c;
	return w.states[node];
}

int control_node_op(struct control *c, enum node_op op, unsigned node, const char *by,
	const struct cancel *cancel, struct err *err)
{
	(void)c;
	assert_string_equal(by, "restarts");
	struct done_op done = { .op = op, .node = node, .at_ns = clock_now(w.clock) };
	if (cancel_is_set(cancel))
		return err_set(err, ERR_CANCELLED, "cancelled");
	vec_push(&w.ops, done);
	if (w.cancel_after > 0 && w.ops.len == w.cancel_after)
		cancel_set(w.cancel);
	if (w.fail_with != ERR_NONE)
		return err_set(err, w.fail_with, "it did not come back");
	if (w.op_takes_ns > 0)
		clock_wait(w.clock, NULL, NULL, clock_now(w.clock) + w.op_takes_ns);
	return 0;
}

/* --- a run ------------------------------------------------------------------------------- */

/* What somebody does while it runs; end_s 0: holds it or lets it go. */
struct change_at {
	uint64_t at_s;
	bool hold;
	uint64_t end_s;
};

struct bench {
	struct scenario scenario;
	struct plan plan;
	struct plan_node nodes[N_NODES];
	struct restarts_config config;
	void *plan_data;
	struct tune *tune;
	const struct change_at *changes; /* ends with one at 0 */
};

static void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	memset(&w, 0, sizeof(w));
	b->scenario.topology.n_nodes = N_NODES;
	b->scenario.run.duration_ns = DRIVE_NS;
	b->plan.scenario = &b->scenario;
	b->plan.nodes = b->nodes;
	b->plan.n_nodes = N_NODES;
	for (unsigned i = 0; i < N_NODES; i++) {
		snprintf(b->nodes[i].name, sizeof(b->nodes[i].name), "n%u", i);
		w.states[i] = NODE_READY;
	}
	options_defaults(restarts_workload.options, &b->config, sizeof(b->config));
}

static void bench_plan(struct bench *b, uint64_t seed)
{
	struct rng rng;
	rng_init(&rng, seed);
	restarts_workload.plan_free(b->plan_data);
	assert_int_equal(
		restarts_workload.plan(&b->config, &b->plan, &rng, &b->plan_data, NULL), 0);
}

static void *changes_main(void *arg)
{
	struct bench *b = arg;
	for (const struct change_at *c = b->changes; c->at_s > 0; c++) {
		clock_wait(w.clock, NULL, NULL, (1 + c->at_s) * NS_PER_S);
		if (c->end_s)
			tune_set_drive_end(b->tune, (1 + c->end_s) * NS_PER_S);
		else
			tune_set_held(b->tune, c->hold);
	}
	clock_leave(w.clock);
	return NULL;
}

static int bench_run(struct bench *b, struct err *err)
{
	pthread_t changes;
	uint64_t end = NS_PER_S + b->scenario.run.duration_ns;
	bench_plan(b, 3);
	w.clock = clock_new_virtual(NS_PER_S, 0);
	w.cancel = cancel_new(NULL);
	struct workload_env env = {
		.name = "restarts",
		.config = &b->config,
		.plan_data = b->plan_data,
		.plan = &b->plan,
		.clock = w.clock,
		.cancel = w.cancel,
		.t0_ns = NS_PER_S,
		.drive_start_ns = NS_PER_S,
		.drive_end_ns = end,
	};
	clock_join(w.clock);
	if (b->changes) {
		env.tune = b->tune = tune_new(end);
		clock_join(w.clock);
		assert_int_equal(pthread_create(&changes, NULL, changes_main, b), 0);
	}
	int rc = restarts_workload.run(&env, err);
	if (b->changes) {
		clock_leave(w.clock);
		pthread_join(changes, NULL);
		tune_free(b->tune);
	}
	assert_true(w.ended);
	assert_int_equal(w.ended_ok, rc == 0);
	return rc;
}

static void bench_release(struct bench *b)
{
	restarts_workload.plan_free(b->plan_data);
	options_release(restarts_workload.options, &b->config);
	vec_free(&w.ops);
	cancel_free(w.cancel);
	clock_free(w.clock);
}

static char *plan_text(struct bench *b, uint64_t seed)
{
	struct strbuf out = { 0 };
	struct jw jw;
	bench_plan(b, seed);
	jw_init(&jw, &out, 0);
	restarts_workload.plan_to_json(b->plan_data, &jw);
	return strbuf_detach(&out);
}

static void plan_comes_from_the_seed(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	CLEANUP_FREE char *first = plan_text(&b, 1);
	CLEANUP_FREE char *again = plan_text(&b, 1);
	CLEANUP_FREE char *other = plan_text(&b, 2);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	bench_release(&b);
}

static void validation(void **state)
{
	(void)state;
	static const struct {
		uint64_t min_s, max_s;
		size_t nodes;
		const char *target, *want;
	} rows[] = {
		{ 10, 30, 4, "all", NULL },
		{ 10, 10, 2, "n1", NULL },
		{ 30, 10, 4, "all", "min_delay (30s) is greater than max_delay (10s)" },
		{ 10, 30, 1, "all", "restarting the only node" },
		{ 10, 30, 1, "n0", NULL },
		{ 300, 400, 4, "all", "nothing would ever be restarted" },
		{ 10, 30, 4, "n9", "no node is called 'n9'" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b);
		b.config.min_delay_ns = rows[i].min_s * NS_PER_S;
		b.config.max_delay_ns = rows[i].max_s * NS_PER_S;
		b.scenario.topology.n_nodes = rows[i].nodes;
		strlist_release(&b.config.targets);
		strlist_add(&b.config.targets, rows[i].target);
		int rc = restarts_workload.validate(&b.config, &b.scenario, &err);
		assert_int_equal(rc, rows[i].want ? -1 : 0);
		if (rows[i].want && !strstr(err.text, rows[i].want))
			fail_msg("row %zu: %s", i, err.text);
		bench_release(&b);
	}
}

static void delays_and_cooldown(void **state)
{
	(void)state;
	for (int mode = 0; mode < 2; mode++) {
		struct bench b;
		bench_init(&b);
		b.config.mode = mode;
		w.op_takes_ns = 2 * NS_PER_S;
		assert_int_equal(bench_run(&b, NULL), 0);
		assert_in_range(w.ops.len, 300 / 30 - 1, 300 / 10);
		assert_int_equal(w.actions, w.ops.len);
		uint64_t free_at[N_NODES] = { 0 };
		unsigned hit = 0;
		for (size_t i = 0; i < w.ops.len; i++) {
			const struct done_op *op = &w.ops.items[i];
			assert_int_equal(op->op, mode ? NODE_OP_RESTART : NODE_OP_KILL_RESTART);
			assert_true(op->at_ns < NS_PER_S + DRIVE_NS);
			/* the cool-down is the node's own, from when it was back */
			assert_true(op->at_ns >= free_at[op->node]);
			free_at[op->node] = op->at_ns + w.op_takes_ns + b.config.cooldown_ns;
			hit |= 1u << op->node;
		}
		assert_int_equal(hit, 0xf);
		bench_release(&b);
	}
}

static void pause_between(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.pause_ns = 5 * NS_PER_S;
	assert_int_equal(bench_run(&b, NULL), 0);
	assert_true(w.ops.len >= 4 && w.ops.len % 2 == 0);
	for (size_t i = 0; i < w.ops.len; i += 2) {
		assert_int_equal(w.ops.items[i].op, NODE_OP_KILL);
		assert_int_equal(w.ops.items[i + 1].op, NODE_OP_START);
		assert_int_equal(w.ops.items[i].node, w.ops.items[i + 1].node);
		uint64_t back = w.ops.items[i].at_ns + b.config.pause_ns;
		assert_int_equal(w.ops.items[i + 1].at_ns, MIN(back, NS_PER_S + DRIVE_NS));
	}
	bench_release(&b);
}

static void nodes_that_are_down_are_left_alone(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	w.states[0] = NODE_DEAD;
	w.states[2] = NODE_PAUSED;
	assert_int_equal(bench_run(&b, NULL), 0);
	assert_true(w.ops.len > 0);
	for (size_t i = 0; i < w.ops.len; i++)
		assert_int_equal(w.ops.items[i].node % 2, 1);
	assert_true(w.notes > 0); /* two nodes with a minute of cool-down are not always enough */
	bench_release(&b);
}

static void named_target_only(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	strlist_release(&b.config.targets);
	strlist_add(&b.config.targets, "n2");
	assert_int_equal(bench_run(&b, NULL), 0);
	assert_in_range(w.ops.len, 3, 5);
	for (size_t i = 0; i < w.ops.len; i++)
		assert_int_equal(w.ops.items[i].node, 2);
	bench_release(&b);
}

static void failure_is_reported(void **state)
{
	(void)state;
	static const struct {
		enum err_code code;
		bool goes_on;
	} rows[] = { { ERR_TIMEOUT, true }, { ERR_UNSUPPORTED, false } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b);
		w.fail_with = rows[i].code;
		assert_int_equal(bench_run(&b, &err), -1);
		assert_int_equal(err.code, rows[i].code);
		assert_non_null(strstr(err.text, "restart of n"));
		assert_string_equal(err.text, w.reason);
		assert_int_equal(w.ops.len > 1, rows[i].goes_on);
		bench_release(&b);
	}
}

static void cancelled(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.pause_ns = 5 * NS_PER_S;
	w.cancel_after = 3; /* a node is down; the runner heals what is left */
	assert_int_equal(bench_run(&b, NULL), 0);
	assert_int_equal(w.ops.len, 3);
	assert_int_equal(w.actions, 1);
	bench_release(&b);
}

static void held(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 100, true, 0 }, { 200, false, 0 }, { 0 } };
	struct bench b;
	bench_init(&b);
	b.config.cooldown_ns = 0; /* so that one left out changes no other */
	assert_int_equal(bench_run(&b, NULL), 0);
	size_t n_all = w.ops.len, n_kept = 0;
	CLEANUP_FREE struct done_op *all = xmemdup(w.ops.items, n_all * sizeof(*all));
	bench_release(&b);

	bench_init(&b);
	b.config.cooldown_ns = 0;
	b.changes = changes;
	assert_int_equal(bench_run(&b, NULL), 0);
	for (size_t i = 0; i < n_all; i++) {
		if (all[i].at_ns >= 101 * NS_PER_S && all[i].at_ns < 201 * NS_PER_S)
			continue;
		assert_int_equal(w.ops.items[n_kept].at_ns, all[i].at_ns);
		assert_int_equal(w.ops.items[n_kept++].node, all[i].node);
	}
	assert_int_equal(w.ops.len, n_kept);
	assert_true(w.held_notes >= 3);
	assert_int_equal(w.held_notes, n_all - n_kept);
	bench_release(&b);
}

/* A drive phase that was made longer goes on as if it had been planned so. */
static void end_moves(void **state)
{
	(void)state;
	static const struct change_at longer[] = { { 250, false, 600 }, { 0 } };
	static const struct change_at shorter[] = { { 50, false, 100 }, { 0 } };
	struct bench b;
	bench_init(&b);
	b.scenario.run.duration_ns = 2 * DRIVE_NS;
	assert_int_equal(bench_run(&b, NULL), 0);
	size_t n = w.ops.len, n_short = 0;
	CLEANUP_FREE struct done_op *all = xmemdup(w.ops.items, n * sizeof(*all));
	bench_release(&b);

	bench_init(&b);
	b.changes = longer;
	assert_int_equal(bench_run(&b, NULL), 0);
	assert_int_equal(w.ops.len, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(w.ops.items[i].at_ns, all[i].at_ns);
		assert_int_equal(w.ops.items[i].node, all[i].node);
		n_short += all[i].at_ns < 101 * NS_PER_S;
	}
	bench_release(&b);

	bench_init(&b);
	b.changes = shorter;
	assert_int_equal(bench_run(&b, NULL), 0);
	assert_int_equal(w.ops.len, n_short);
	bench_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_comes_from_the_seed),
		cmocka_unit_test(validation),
		cmocka_unit_test(delays_and_cooldown),
		cmocka_unit_test(pause_between),
		cmocka_unit_test(nodes_that_are_down_are_left_alone),
		cmocka_unit_test(named_target_only),
		cmocka_unit_test(failure_is_reported),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(held),
		cmocka_unit_test(end_moves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
