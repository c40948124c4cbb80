/* Recorded events: every field of every kind survives, golden lines, hostile lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/event.h"
#include "util/mem.h"

static struct id32 id_of(uint8_t b)
{
	struct id32 id;
	memset(&id, b, sizeof(id));
	return id;
}

static void fill_node(struct event *ev)
{
	if (ev->kind == EVENT_NODE_STATE) {
		ev->u.node_state.state = NODE_DEAD;
		ev->u.node_state.expected = true;
		ev->u.node_state.reason = xstrdup("exit 1");
		ev->u.node_state.endpoint = xstrdup("http://127.0.0.1:1");
		ev->u.node_state.pid = 4242;
		ev->u.node_state.log_tail = xstrdup("line 1\nline \"2\"\n");
	} else if (ev->kind == EVENT_NODE_SAMPLE) {
		ev->u.sample.ok = true;
		ev->u.sample.error = xstrdup("half an answer");
		ev->u.sample.mode = xstrdup("Online");
		ev->u.sample.slot = UINT64_MAX;
		ev->u.sample.height = 7;
		ev->u.sample.lib_slot = 8;
		ev->u.sample.tip = id_of(1);
		ev->u.sample.lib = id_of(2);
		ev->u.sample.peers = 9;
		ev->u.sample.mempool = 10;
		ev->u.sample.has_supply = true;
		ev->u.sample.supply = 9007199254740993;
		ev->u.sample.genesis_supply = 12;
		ev->u.sample.latency_ns = 13;
		ev->u.sample.cpu = 0.1;
		ev->u.sample.rss_bytes = 14;
		ev->u.sample.has_traffic = true;
		ev->u.sample.in_bytes = 23;
		ev->u.sample.out_bytes = 24;
	}
}

static void fill_chain(struct event *ev)
{
	if (ev->kind == EVENT_BLOCK) {
		ev->u.block.id = id_of(3);
		ev->u.block.parent = id_of(4);
		ev->u.block.leader = id_of(5);
		ev->u.block.slot = 15;
		ev->u.block.has_height = true;
		ev->u.block.height = 16;
		ev->u.block.size_bytes = 17;
		ev->u.block.n_txs = 2;
		ev->u.block.txs = xcalloc(2, sizeof(struct id32));
		ev->u.block.txs[0] = id_of(6);
		ev->u.block.txs[1] = id_of(7);
	} else if (ev->kind == EVENT_BLOCK_SEEN) {
		ev->u.block_seen.id = id_of(8);
	} else if (ev->kind == EVENT_REORG) {
		ev->u.reorg.from = id_of(9);
		ev->u.reorg.to = id_of(10);
		ev->u.reorg.depth = 18;
	} else if (ev->kind == EVENT_TX) {
		ev->u.tx.workload = xstrdup("transactions");
		ev->u.tx.hash = id_of(11);
		ev->u.tx.state = TX_EXPIRED;
		ev->u.tx.latency_ns = 19;
		ev->u.tx.block = id_of(12);
		ev->u.tx.reason = xstrdup("mempool \xe2\x82\xac full");
	}
}

static void fill_workload(struct event *ev)
{
	ev->u.workload.name = xstrdup("transactions-2");
	uint64_t *counts = &ev->u.workload.counts.planned;
	for (unsigned i = 0; i < 13; i++)
		counts[i] = 100 + i;
	ev->u.workload.counts.target_rate = 2.5;
	ev->u.workload.counts.rate = 1e-3;
	ev->u.workload.end = true;
	ev->u.workload.ok = true;
	ev->u.workload.reason = xstrdup("why");
}

static void fill_run(struct event *ev)
{
	if (ev->kind == EVENT_RUN_START) {
		ev->u.run_start.run_id = xstrdup("r1");
		ev->u.run_start.preset = xstrdup("smoke");
		ev->u.run_start.backend = xstrdup("fake");
		ev->u.run_start.started = xstrdup("2025-01-01T00:00:00Z");
		ev->u.run_start.seed = UINT64_MAX - 1;
		ev->u.run_start.n_nodes = 3;
	} else if (ev->kind == EVENT_PHASE) {
		ev->u.phase.phase = PHASE_SETTLE;
		ev->u.phase.end = true;
		ev->u.phase.ok = true;
		ev->u.phase.reason = xstrdup("late");
		ev->u.phase.duration_ns = 20;
		ev->u.phase.until_ns = 25;
	} else if (ev->kind == EVENT_RUN_END) {
		ev->u.run_end.verdict = VERDICT_UNKNOWN;
		ev->u.run_end.exit_code = 130;
		ev->u.run_end.reason = xstrdup("interrupted");
	}
}

static void fill_control(struct event *ev)
{
	if (ev->kind == EVENT_FAULT) {
		ev->u.fault.id = 21;
		ev->u.fault.name = xstrdup("pause");
		ev->u.fault.by = xstrdup("key");
		ev->u.fault.end = true;
		ev->u.fault.effective = true;
		ev->u.fault.detail = xstrdup("detail");
	} else if (ev->kind == EVENT_LINK) {
		ev->u.link.from = 1;
		ev->u.link.to = 2000;
		ev->u.link.cut = true;
		ev->u.link.delay_ns = 26;
		ev->u.link.jitter_ns = 27;
		ev->u.link.loss = 0.05;
	} else if (ev->kind == EVENT_COMMAND) {
		ev->u.command.text = xstrdup("kill n1");
		ev->u.command.source = xstrdup("key");
		ev->u.command.ok = true;
		ev->u.command.reason = xstrdup("reason");
	} else if (ev->kind == EVENT_METRIC) {
		ev->u.metric.query = xstrdup("up{job=~\"node-.*\"}");
		ev->u.metric.ok = true;
		ev->u.metric.error = xstrdup("half an answer");
		ev->u.metric.series = 28;
		ev->u.metric.min = -0.5;
		ev->u.metric.max = 1e300;
		ev->u.metric.min_series = xstrdup("{job=\"node-0\"}");
		ev->u.metric.max_series = xstrdup("{job=\"node-1\"}");
	} else if (ev->kind == EVENT_CHECK) {
		ev->u.check.name = xstrdup("agreement");
		ev->u.check.verdict = VERDICT_FAIL;
		ev->u.check.reason = xstrdup("forked");
		ev->u.check.evidence = xstrdup("{\"max\":18446744073709551615,\"a\":[1,2.5]}");
	} else if (ev->kind == EVENT_LOG) {
		ev->u.log.level = 4;
		ev->u.log.text = xstrdup("tab\there");
	} else if (ev->kind == EVENT_NOTE) {
		ev->u.note.text = xstrdup("a note");
	} else if (ev->kind == EVENT_LOST) {
		ev->u.lost.count = 22;
	}
}

static struct event *full_event(enum event_kind kind)
{
	struct event *ev = event_new(kind, 1234567890123456789, 2);
	ev->seq = 77;
	fill_node(ev);
	fill_chain(ev);
	fill_run(ev);
	fill_control(ev);
	if (kind == EVENT_WORKLOAD)
		fill_workload(ev);
	return ev;
}

/* What is written, read and written again is the same; and nothing of it was empty. */
static void test_round_trip(void **state)
{
	(void)state;
	for (int k = 0; k < EVENT_KIND_COUNT; k++) {
		CLEANUP_STRBUF struct strbuf first = { 0 };
		CLEANUP_STRBUF struct strbuf second = { 0 };
		struct err err = { 0 };
		struct event *ev = full_event((enum event_kind)k);
		event_to_json(ev, &first);
		assert_null(strchr(strbuf_str(&first), '\n'));
		struct event *back = event_from_json(strbuf_str(&first), first.len, &err);
		if (!back)
			fail_msg("%s: %s in %s", event_kind_name(ev->kind), err.text,
				strbuf_str(&first));
		assert_int_equal(back->kind, k);
		assert_int_equal(back->seq, 77);
		assert_int_equal(back->t_ns, 1234567890123456789);
		assert_int_equal(back->node, 2);
		event_to_json(back, &second);
		assert_string_equal(strbuf_str(&first), strbuf_str(&second));
		event_free(ev);
		event_free(back);
	}
}

/* Fields that the text could lose without the round trip noticing. */
static void test_values(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct event *ev = full_event(EVENT_NODE_SAMPLE);
	event_to_json(ev, &sb);
	event_free(ev);
	ev = event_from_json(strbuf_str(&sb), sb.len, NULL);
	assert_non_null(ev);
	assert_true(ev->u.sample.slot == UINT64_MAX);
	assert_true(ev->u.sample.supply == 9007199254740993);
	assert_true(ev->u.sample.has_supply);
	assert_true(ev->u.sample.cpu == 0.1);
	struct id32 tip = id_of(1);
	assert_memory_equal(&ev->u.sample.tip, &tip, sizeof(tip));
	event_free(ev);

	strbuf_clear(&sb);
	ev = full_event(EVENT_WORKLOAD);
	event_to_json(ev, &sb);
	struct event *back = event_from_json(strbuf_str(&sb), sb.len, NULL);
	assert_non_null(back);
	assert_memory_equal(
		&ev->u.workload.counts, &back->u.workload.counts, sizeof(ev->u.workload.counts));
	event_free(ev);
	event_free(back);
}

static void test_golden(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"{\"seq\":1,\"t_ns\":0,\"kind\":\"run_start\",\"run_id\":\"r\",\"preset\":"
		"\"smoke\","
		"\"backend\":\"local\",\"started\":\"2025-01-01T00:00:00Z\",\"seed\":1,\"n_nodes\":"
		"3}",
		"{\"seq\":2,\"t_ns\":5,\"kind\":\"phase\",\"phase\":\"up\",\"end\":false}",
		"{\"seq\":3,\"t_ns\":9,\"kind\":\"phase\",\"phase\":\"up\",\"end\":true,\"ok\":"
		"false,"
		"\"reason\":\"no\",\"duration_ns\":4}",
		"{\"seq\":4,\"t_ns\":9,\"kind\":\"node_state\",\"node\":0,\"state\":\"starting\","
		"\"expected\":true,\"pid\":7}",
		"{\"seq\":5,\"t_ns\":9,\"kind\":\"node_sample\",\"node\":1,\"ok\":false,"
		"\"error\":\"HTTP 500\",\"latency_ns\":3,\"rss_bytes\":0}",
		"{\"seq\":6,\"t_ns\":9,\"kind\":\"fault\",\"node\":1,\"id\":1,\"name\":\"kill\","
		"\"by\":\"key\",\"end\":false}",
		"{\"seq\":7,\"t_ns\":9,\"kind\":\"lost\",\"count\":3}",
		"{\"seq\":8,\"t_ns\":9,\"kind\":\"check\",\"name\":\"c\",\"verdict\":\"pass\","
		"\"reason\":\"good\",\"evidence\":{\"n\":1}}",
		"{\"seq\":9,\"t_ns\":9,\"kind\":\"link\",\"from\":0,\"to\":3,\"cut\":false,"
		"\"delay_ns\":5,\"jitter_ns\":0,\"loss\":0.5}",
		"{\"seq\":10,\"t_ns\":9,\"kind\":\"phase\",\"phase\":\"drive\",\"end\":false,"
		"\"until_ns\":70}",
		"{\"seq\":11,\"t_ns\":9,\"kind\":\"node_sample\",\"node\":1,\"ok\":false,"
		"\"latency_ns\":3,\"rss_bytes\":0,\"in_bytes\":0,\"out_bytes\":8}",
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		CLEANUP_STRBUF struct strbuf sb = { 0 };
		struct err err = { 0 };
		struct event *ev = event_from_json(lines[i], strlen(lines[i]), &err);
		if (!ev)
			fail_msg("%s: %s", lines[i], err.text);
		event_to_json(ev, &sb);
		assert_string_equal(strbuf_str(&sb), lines[i]);
		event_free(ev);
	}
}

/* Lines from before a key was there: it is zero, which means that it is not known. */
static void test_old_lines(void **state)
{
	(void)state;
	static const char sample[] = "{\"seq\":15,\"t_ns\":1,\"kind\":\"node_sample\",\"node\":0,"
				     "\"ok\":true,\"latency_ns\":1,\"rss_bytes\":0}";
	static const char phase[] =
		"{\"seq\":2,\"t_ns\":5,\"kind\":\"phase\",\"phase\":\"up\",\"end\":false}";
	static const char link[] = "{\"seq\":3,\"t_ns\":5,\"kind\":\"link\",\"from\":1,\"to\":2}";
	struct event *ev = event_from_json(sample, strlen(sample), NULL);
	assert_non_null(ev);
	assert_false(ev->u.sample.has_traffic);
	assert_int_equal(ev->u.sample.in_bytes, 0);
	event_free(ev);
	ev = event_from_json(phase, strlen(phase), NULL);
	assert_non_null(ev);
	assert_int_equal(ev->u.phase.until_ns, 0);
	event_free(ev);
	ev = event_from_json(link, strlen(link), NULL);
	assert_non_null(ev);
	assert_int_equal(ev->node, -1);
	assert_true(ev->u.link.from == 1 && ev->u.link.to == 2 && !ev->u.link.cut &&
		    ev->u.link.delay_ns == 0 && ev->u.link.loss == 0);
	event_free(ev);
}

static void test_evidence_is_one_line(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct event *ev = event_new(EVENT_CHECK, 0, -1);
	ev->u.check.name = xstrdup("c");
	ev->u.check.evidence = xstrdup("{\n\t\"a\": 1\r\n}");
	event_to_json(ev, &sb);
	assert_null(strpbrk(strbuf_str(&sb), "\r\n"));
	event_free(ev);
	ev = event_from_json(strbuf_str(&sb), sb.len, NULL);
	assert_non_null(ev);
	assert_string_equal(ev->u.check.evidence, "{\"a\":1}");
	event_free(ev);
}

static void test_bad_lines(void **state)
{
	(void)state;
	static const struct {
		const char *line, *says; /* says NULL: skipped in silence */
	} cases[] = {
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"from_the_future\",\"x\":1}", NULL },
		{ "", "" },
		{ "[]", "object" },
		{ "{\"kind\":\"note\"}", "needs" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"note\"}", "'text' is missing" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"note\",\"text\":null}", "'text' is missing" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"note\",\"text\":1}", "bad value" },
		{ "{\"seq\":1,\"t_ns\":-1,\"kind\":\"note\",\"text\":\"\"}", "needs" },
		{ "{\"seq\":1,\"t_ns\":0,\"node\":2001,\"kind\":\"note\",\"text\":\"\"}", "index" },
		{ "{\"seq\":1,\"t_ns\":0,\"node\":-1,\"kind\":\"note\",\"text\":\"\"}", "index" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"phase\",\"phase\":\"x\",\"end\":true}",
			"'phase'" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"block_seen\",\"id\":\"abcd\"}", "'id'" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"check\",\"name\":\"c\",\"verdict\":\"pass\","
		  "\"evidence\":[1]}",
			"'evidence'" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"log\",\"level\":99999999999,\"text\":\"\"}",
			"'level'" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"link\",\"from\":0,\"to\":2001}", "'to'" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"link\",\"from\":-1,\"to\":1}", "'from'" },
		{ "{\"seq\":1,\"t_ns\":0,\"kind\":\"link\",\"from\":1}", "'to' is missing" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		assert_null(event_from_json(cases[i].line, strlen(cases[i].line), &err));
		if (!cases[i].says)
			assert_int_equal(err.code, ERR_NONE);
		else if (err.code == ERR_NONE || !strstr(err.text, cases[i].says))
			fail_msg("case %zu: '%s'", i, err.text);
	}
	static const char extra[] =
		"{\"seq\":1,\"t_ns\":0,\"kind\":\"note\",\"text\":\"t\",\"later\":{\"a\":[]}}";
	struct event *ev = event_from_json(extra, strlen(extra), NULL);
	assert_non_null(ev);
	event_free(ev);
}

static void test_droppable(void **state)
{
	(void)state;
	for (int k = 0; k < EVENT_KIND_COUNT; k++) {
		struct event *ev = event_new((enum event_kind)k, 0, -1);
		assert_int_equal(event_is_droppable(ev), k == EVENT_NODE_SAMPLE || k == EVENT_LOG);
		event_free(ev);
	}
	event_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_old_lines),
		cmocka_unit_test(test_evidence_is_one_line),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_droppable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
