/* What the model remembers of single things: transactions, blocks, links, traffic, log lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/model.h"
#include "util/clock.h"
#include "util/mem.h"

static char *const none;

/* Texts in these events are borrowed, so that they can be made on the stack. */
static char *text(const char *s)
{
	union {
		const char *in;
		char *out;
	} u = { .in = s };
	return u.out;
}

static struct id32 id(unsigned n)
{
	struct id32 i = { { 0 } };
	memcpy(i.b, &n, sizeof(n));
	return i;
}

static void tx(struct model *m, uint64_t t_ns, unsigned hash, enum tx_state state,
	uint64_t latency_ns, const char *reason)
{
	struct event ev = { .kind = EVENT_TX, .t_ns = t_ns, .node = 1 };

	ev.u.tx.workload = text("load");
	ev.u.tx.hash = id(hash);
	ev.u.tx.state = state;
	ev.u.tx.latency_ns = latency_ns;
	ev.u.tx.reason = text(reason);
	if (state == TX_INCLUDED)
		ev.u.tx.block = id(99);
	model_apply(m, &ev);
}

static void test_txs(void **state)
{
	(void)state;
	struct model *m = model_new();
	struct id32 h = id(1), unknown = id(12345);

	tx(m, 10, 1, TX_SUBMITTED, 7, NULL);
	struct event w = { .kind = EVENT_WORKLOAD, .t_ns = 11, .node = -1 };
	w.u.workload.name = text("load");
	model_apply(m, &w);
	tx(m, 20, 1, TX_INCLUDED, 15, NULL);
	tx(m, 21, 2, TX_REJECTED, 1, "no such note");
	/* a block that was faster than the answer of the API */
	tx(m, 30, 3, TX_INCLUDED, 4, NULL);
	tx(m, 31, 3, TX_SUBMITTED, 9, NULL);
	const struct model_tx *t = model_find_tx(m, &h);
	assert_int_equal(t->state, TX_INCLUDED);
	assert_int_equal(t->node, 1);
	assert_int_equal(t->workload, 0);
	assert_int_equal(t->first_ns, 10);
	assert_int_equal(t->t_ns, 20);
	assert_int_equal(t->submit_ns, 7);
	assert_int_equal(t->include_ns, 15);
	assert_int_equal(t->block.b[0], 99);
	h = id(2);
	assert_string_equal(model_find_tx(m, &h)->reason, "no such note");
	h = id(3);
	assert_int_equal(model_find_tx(m, &h)->state, TX_INCLUDED);
	assert_int_equal(model_find_tx(m, &h)->submit_ns, 9);

	/* the oldest are forgotten, here and in snapshots */
	for (unsigned i = 10; i < 10 + MODEL_TXS; i++)
		tx(m, 100, i, TX_SUBMITTED, 1, NULL);
	assert_int_equal(m->n_txs, MODEL_TXS);
	assert_null(model_find_tx(m, &h));
	struct snapshot *s = snapshot_new(m);
	model_free(m);
	assert_null(model_find_tx(&s->model, &h));
	h = id(10);
	assert_int_equal(id32_eq(&model_find_tx(&s->model, &h)->hash, &h), true);
	assert_int_equal(id32_eq(&s->model.txs[s->model.tx_head].hash, &h), true);
	assert_null(model_find_tx(&s->model, &unknown));
	assert_int_equal(s->model.n_tx_events, MODEL_TXS + 5);
	snapshot_unref(s);
}

/* A text that is too long is cut between characters, not within one. */
static void test_long_texts(void **state)
{
	(void)state;
	struct model *m = model_new();
	CLEANUP_STRBUF struct strbuf long_text = { 0 };
	struct id32 h = id(1);

	strbuf_adds(&long_text, "x");
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&long_text, "\xc3\xa4");
	tx(m, 0, 1, TX_REJECTED, 0, long_text.buf);
	const char *reason = model_find_tx(m, &h)->reason;
	assert_int_equal(strlen(reason), 95); /* 1 + 47 * 2 */
	struct event ev = { .kind = EVENT_NOTE, .node = 70000 };
	ev.u.note.text = long_text.buf;
	model_apply(m, &ev);
	assert_int_equal(strlen(m->logs[0].text), 4095);
	assert_int_equal(m->logs[0].node, -1);
	struct event check = { .kind = EVENT_CHECK, .node = -1 };
	check.u.check.name = text("c");
	check.u.check.evidence = text("{\"a\":1}");
	model_apply(m, &check);
	assert_string_equal(m->checks[0].evidence, "{\"a\":1}");
	CLEANUP_FREE char *huge = xcalloc(2, 1024 * 1024);
	memset(huge, ' ', 2 * 1024 * 1024 - 1);
	check.u.check.evidence = huge;
	model_apply(m, &check);
	assert_null(m->checks[0].evidence); /* half an object would be none */
	model_free(m);
}

static void block(struct model *m, unsigned n, size_t n_txs)
{
	struct event ev = { .kind = EVENT_BLOCK, .t_ns = n, .node = 0 };

	ev.u.block.id = id(n);
	ev.u.block.parent = id(n - 1);
	ev.u.block.slot = n;
	ev.u.block.n_txs = n_txs;
	ev.u.block.txs = xcalloc(n_txs, sizeof(struct id32));
	for (size_t i = 0; i < n_txs; i++)
		ev.u.block.txs[i] = id((unsigned)(n * 1000 + i));
	model_apply(m, &ev);
	free(ev.u.block.txs);
}

static void test_block_txs(void **state)
{
	(void)state;
	struct model *m = model_new();

	for (unsigned i = 1; i <= 3; i++)
		block(m, i, i - 1);
	block(m, 2, 400); /* once more: what came first stays */
	struct snapshot *early = snapshot_new(m);
	for (unsigned i = 4; i <= MODEL_BLOCKS + 50; i++)
		block(m, i, i == 240 ? MODEL_BLOCK_TXS + 7 : 1);
	struct snapshot *late = snapshot_new(m);
	model_free(m);

	const struct model *s = &early->model;
	assert_int_equal(s->n_snapshot_blocks, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(s->blocks[i].slot, 3 - i);
		assert_int_equal(s->block_txs[i]->n, 2 - i);
	}
	struct id32 want = id(3001);
	assert_true(id32_eq(&s->block_txs[0]->hashes[1], &want));

	s = &late->model;
	assert_int_equal(s->n_snapshot_blocks, MODEL_BLOCKS);
	for (unsigned i = 0; i < MODEL_BLOCKS; i++) {
		unsigned n = MODEL_BLOCKS + 50 - i;
		want = id(n * 1000);
		assert_int_equal(s->blocks[i].slot, n);
		assert_true(id32_eq(&s->block_txs[i]->hashes[0], &want));
		assert_int_equal(s->block_txs[i]->n, n == 240 ? MODEL_BLOCK_TXS : 1);
	}
	want = id(240);
	assert_int_equal(model_find_block(s, &want)->n_txs, MODEL_BLOCK_TXS + 7);
	want = id(1);
	assert_null(model_find_block(s, &want));
	snapshot_unref(early);
	snapshot_unref(late);
}

static void link_is(struct model *m, unsigned from, unsigned to, bool cut, uint64_t delay_ns)
{
	struct event ev = { .kind = EVENT_LINK, .t_ns = 5, .node = -1 };

	ev.u.link.from = from;
	ev.u.link.to = to;
	ev.u.link.cut = cut;
	ev.u.link.delay_ns = delay_ns;
	model_apply(m, &ev);
}

static void test_links(void **state)
{
	(void)state;
	struct model *m = model_new();

	link_is(m, 3, 1, true, 0);
	link_is(m, 0, 7, false, 40);
	link_is(m, 3, 0, true, 0);
	struct snapshot *before = snapshot_new(m);
	struct snapshot *same = snapshot_new(m);
	assert_ptr_equal(before->model.links, same->model.links); /* not copied again */
	snapshot_unref(same);
	link_is(m, 3, 1, false, 0);
	link_is(m, 9, 9, false, 0); /* was usual already */
	link_is(m, 0, 7, false, 50);
	link_is(m, 2001, 0, true, 0);
	link_is(m, 0, 4000000000u, true, 0);
	assert_int_equal(m->n_links, 2);
	assert_int_equal(model_find_link(m, 0, 7)->delay_ns, 50);
	assert_null(model_find_link(m, 3, 1));
	assert_true(model_find_link(m, 3, 0)->cut);
	link_is(m, 0, 7, false, 0);
	link_is(m, 3, 0, false, 0);
	struct snapshot *after = snapshot_new(m);
	assert_int_equal(after->model.n_links, 0);
	assert_null(model_find_link(&after->model, 3, 0));

	/* more than are remembered */
	for (unsigned i = 0; i < 300; i++)
		for (unsigned k = 0; k < 300; k++)
			link_is(m, i, k, true, 0);
	assert_int_equal(m->n_links, MODEL_LINKS);
	for (unsigned i = 0; i < 300; i++)
		for (unsigned k = 0; k < 300; k++)
			link_is(m, k, i, false, 0);
	assert_int_equal(m->n_links, 0);
	model_free(m);
	assert_int_equal(before->model.n_links, 3);
	assert_true(model_find_link(&before->model, 3, 1)->cut);
	assert_int_equal(model_find_link(&before->model, 0, 7)->delay_ns, 40);
	assert_null(model_find_link(&before->model, 7, 0));
	snapshot_unref(before);
	snapshot_unref(after);
}

static void node_state(struct model *m, uint64_t t_ns, int node, enum node_state s, bool expected,
	const char *reason)
{
	struct event ev = { .kind = EVENT_NODE_STATE, .t_ns = t_ns, .node = node };

	ev.u.node_state.state = s;
	ev.u.node_state.expected = expected;
	ev.u.node_state.reason = text(reason);
	model_apply(m, &ev);
}

static void traffic(struct model *m, uint64_t t_ns, bool has, uint64_t in, uint64_t out)
{
	struct event ev = { .kind = EVENT_NODE_SAMPLE, .t_ns = t_ns, .node = 0 };

	ev.u.sample.ok = true;
	ev.u.sample.has_traffic = has;
	ev.u.sample.in_bytes = in;
	ev.u.sample.out_bytes = out;
	model_apply(m, &ev);
}

static void test_traffic(void **state)
{
	(void)state;
	struct model *m = model_new();

	traffic(m, NS_PER_S, true, 1000, 500);
	assert_true(m->nodes[0].has_traffic);
	assert_true(m->nodes[0].in_rate <= 0);
	traffic(m, 3 * NS_PER_S, true, 2000, 500);
	assert_true(m->nodes[0].in_rate > 499.9 && m->nodes[0].in_rate < 500.1);
	assert_true(m->nodes[0].out_rate <= 0);
	/* a new process counts from zero: that is no rate, and no huge one either */
	traffic(m, 4 * NS_PER_S, true, 10, 600);
	assert_true(m->nodes[0].in_rate <= 0);
	assert_true(m->nodes[0].out_rate > 99 && m->nodes[0].out_rate < 101);
	traffic(m, 4 * NS_PER_S, true, 20, 700); /* no time passed */
	traffic(m, 5 * NS_PER_S, false, 0, 0);
	assert_true(m->nodes[0].out_rate <= 0);
	assert_int_equal(m->nodes[0].in_bytes, 20);
	traffic(m, 6 * NS_PER_S, true, 40, 900);
	assert_true(m->nodes[0].in_rate > 9.9 && m->nodes[0].in_rate < 10.1);
	node_state(m, 7 * NS_PER_S, 0, NODE_STOPPED, true, NULL);
	assert_true(m->nodes[0].in_rate <= 0);
	model_free(m);
}

static void phase(struct model *m, uint64_t t_ns, enum phase p, bool end, uint64_t until_ns)
{
	struct event ev = { .kind = EVENT_PHASE, .t_ns = t_ns, .node = -1 };

	ev.u.phase.phase = p;
	ev.u.phase.end = end;
	ev.u.phase.ok = end && p != PHASE_SETTLE;
	ev.u.phase.reason = end && p == PHASE_SETTLE ? text("still 3 pending") : none;
	ev.u.phase.until_ns = until_ns;
	model_apply(m, &ev);
}

static void test_phase_times(void **state)
{
	(void)state;
	struct model *m = model_new();

	phase(m, 10, PHASE_DRIVE, false, 100);
	phase(m, 50, PHASE_DRIVE, false, 200);
	assert_int_equal(m->phases[PHASE_DRIVE].start_ns, 10);
	assert_int_equal(m->phases[PHASE_DRIVE].until_ns, 200);
	phase(m, 60, PHASE_DRIVE, true, 0);
	assert_int_equal(m->phases[PHASE_DRIVE].until_ns, 200);
	assert_true(m->phases[PHASE_DRIVE].ended);
	assert_int_equal(m->n_logs, 0);
	model_free(m);
}

static void command(struct model *m, int node, const char *words, bool ok, const char *reason)
{
	struct event ev = { .kind = EVENT_COMMAND, .node = node };

	ev.u.command.text = text(words);
	ev.u.command.source = text("key");
	ev.u.command.ok = ok;
	ev.u.command.reason = text(reason);
	model_apply(m, &ev);
}

static void test_commands(void **state)
{
	(void)state;
	struct model *m = model_new();
	struct event ev = { .kind = EVENT_COMMAND, .t_ns = 70, .node = -1 };
	char longer[600];

	assert_null(model_command_at(m, 0));
	assert_null(model_command_at(m, 1));
	command(m, 1, "restart n1", false, "it is down");
	const struct model_command *first = model_command_at(m, 1);
	assert_int_equal(first->n, 1);
	assert_int_equal(first->n_failed, 1);
	assert_false(first->ok);
	assert_string_equal(first->text, "restart n1");
	assert_string_equal(first->source, "key");
	assert_string_equal(first->reason, "it is down");

	/* what is too long is cut between characters */
	for (size_t i = 0; i + 2 < sizeof(longer); i += 2)
		memcpy(longer + i, "\xc3\xa4", 3);
	ev.u.command.text = ev.u.command.source = longer;
	ev.u.command.ok = true;
	model_apply(m, &ev);
	struct snapshot *s = snapshot_new(m);
	model_free(m);
	const struct model_command *c = model_command_at(&s->model, 2);
	assert_int_equal(c->n, 2);
	assert_int_equal(c->n_failed, 1);
	assert_int_equal(c->t_ns, 70);
	assert_true(c->ok);
	assert_int_equal(strlen(c->text), sizeof(c->text) - 2);
	assert_int_equal(strlen(c->source), sizeof(c->source) - 2);
	assert_string_equal(c->reason, "");
	assert_string_equal(model_command_at(&s->model, 1)->text, "restart n1");
	snapshot_unref(s);
}

/* The newest ones are remembered, and of the others how many failed. */
static void test_many_commands(void **state)
{
	(void)state;
	struct model *m = model_new();

	for (unsigned i = 1; i <= MODEL_COMMANDS + 5; i++) {
		char words[32];
		snprintf(words, sizeof(words), "kill n%u", i);
		command(m, i, words, i % 2 == 0, "it is down");
	}
	assert_int_equal(m->n_commands, MODEL_COMMANDS + 5);
	assert_null(model_command_at(m, 5));
	assert_string_equal(model_command_at(m, 6)->text, "kill n6");
	assert_int_equal(model_command_at(m, 6)->n_failed, 3);
	assert_int_equal(model_command_at(m, m->n_commands)->n, MODEL_COMMANDS + 5);
	assert_null(model_command_at(m, m->n_commands + 1));
	model_free(m);
}

static void fault(struct model *m, uint64_t t_ns, bool end, bool effective, const char *detail)
{
	struct event ev = { .kind = EVENT_FAULT, .t_ns = t_ns, .node = 1 };

	ev.u.fault.id = 4;
	ev.u.fault.name = text("kill");
	ev.u.fault.by = text("restarts");
	ev.u.fault.end = end;
	ev.u.fault.effective = effective;
	ev.u.fault.detail = text(detail);
	model_apply(m, &ev);
}

static void check(struct model *m, enum verdict v, const char *reason)
{
	struct event ev = { .kind = EVENT_CHECK, .node = -1 };

	ev.u.check.name = text("agreement");
	ev.u.check.verdict = v;
	ev.u.check.reason = text(reason);
	model_apply(m, &ev);
}

static void log_line(struct model *m, int node, const char *words)
{
	struct event ev = { .kind = EVENT_LOG, .node = node };

	ev.u.log.level = 2;
	ev.u.log.text = text(words);
	model_apply(m, &ev);
}

static void reorg(struct model *m, uint64_t depth)
{
	struct event ev = { .kind = EVENT_REORG, .node = 2 };

	ev.u.reorg.depth = depth;
	model_apply(m, &ev);
}

/* All lines as "node|own|text", one a line. */
static void lines(const struct model *m, struct strbuf *out)
{
	for (size_t i = 0; i < m->n_logs; i++) {
		const struct model_log *l = &m->logs[(m->log_head + i) % MODEL_LOG_LINES];
		strbuf_addf(out, "%d|%s|%s\n", l->node, l->own ? "own" : "-", l->text);
	}
}

static void test_log(void **state)
{
	(void)state;
	struct model *m = model_new();
	CLEANUP_STRBUF struct strbuf got = { 0 };

	/* all nodes starting is no news; a node that dies always is */
	node_state(m, 1, 0, NODE_STARTING, true, NULL);
	node_state(m, 2, 0, NODE_UP, true, NULL);
	node_state(m, 3, 0, NODE_DEAD, false, "exit 1");
	phase(m, 4, PHASE_DRIVE, false, 0);
	log_line(m, 2, "node's own");
	log_line(m, -1, "bench's");
	command(m, 1, "restart n1", true, NULL);
	command(m, 7, "kill n7", false, "there is no such node");
	fault(m, NS_PER_S, false, false, NULL);
	fault(m, NS_PER_S, false, false, NULL); /* again: nothing new */
	fault(m, 3 * NS_PER_S, true, false, "replaced");
	fault(m, 3 * NS_PER_S, true, true, NULL); /* nothing is open */
	node_state(m, 9, 0, NODE_STARTING, true, "restart by key");
	node_state(m, 9, 0, NODE_UP, true, NULL);
	node_state(m, 9, 0, NODE_READY, true, NULL);
	node_state(m, 9, 0, NODE_READY, true, NULL);
	reorg(m, 1);
	reorg(m, 3);
	check(m, VERDICT_PASSING, NULL);
	check(m, VERDICT_FAILING, "n0 is on its own");
	check(m, VERDICT_FAILING, "n0 is still on its own");
	check(m, VERDICT_PASSING, NULL);
	check(m, VERDICT_PASS, NULL);
	phase(m, 10, PHASE_SETTLE, false, 0);
	phase(m, 10, PHASE_SETTLE, true, 0);
	phase(m, 11, PHASE_DOWN, false, 0);
	node_state(m, 12, 0, NODE_STOPPED, true, "teardown");
	lines(m, &got);
	assert_string_equal(strbuf_str(&got),
		"0|-|died: exit 1\n"
		"2|own|node's own\n"
		"-1|-|bench's\n"
		"1|-|restart n1 (key)\n"
		"7|-|kill n7 (key): refused: there is no such node\n"
		"1|-|fault begins: kill by restarts\n"
		"1|-|fault is over: kill, after 2 s, without effect: replaced\n"
		"0|-|starting: restart by key\n"
		"0|-|ready\n"
		"2|-|reorg: 1 block left its chain\n"
		"2|-|reorg: 3 blocks left its chain\n"
		"-1|-|check agreement is failing: n0 is on its own\n"
		"-1|-|check agreement is passing again\n"
		"-1|-|phase settle failed: still 3 pending\n");
	assert_int_equal(m->n_log_total, m->n_logs);
	for (int i = 0; i < MODEL_LOG_LINES; i++)
		log_line(m, 0, "x");
	assert_int_equal(m->n_logs, MODEL_LOG_LINES);
	assert_int_equal(m->n_log_total, MODEL_LOG_LINES + 14);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_txs),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_block_txs),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_phase_times),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_many_commands),
		cmocka_unit_test(test_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
