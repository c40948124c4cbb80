/* The fold: a table of event sequences and what the model says after each; hostile sequences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/check.h"
#include "core/model.h"
#include "util/mem.h"

#define HEAD(t, kind)  "{\"seq\":1,\"t_ns\":" #t ",\"kind\":\"" kind "\","
#define STATE(t, n, s) HEAD(t, "node_state") "\"node\":" #n ",\"state\":\"" s "\"}"
#define FAULT(t, n, id, end) \
	HEAD(t, "fault") \
	"\"node\":" #n ",\"id\":" #id ",\"name\":\"kill\",\"by\":\"key\",\"end\":" end "}"
#define HEIGHT(t, n, h) \
	HEAD(t, "node_sample") "\"node\":" #n ",\"ok\":true,\"mode\":\"Online\",\"height\":" #h "}"
#define RUN(n) \
	HEAD(0, "run_start") \
	"\"run_id\":\"r\",\"preset\":\"p\",\"backend\":\"b\",\"started\":\"s\",\"n_nodes\":" #n "}"
#define PHASE(t, p, end) HEAD(t, "phase") "\"phase\":\"" p "\",\"end\":" end "}"

/* A short text of what matters, so that a row of the table says it all. */
static void describe(const struct model *m, struct strbuf *out)
{
	strbuf_addf(out, "%s base=%llu@%llu |", phase_name(m->phase),
		(unsigned long long)m->baseline_height, (unsigned long long)m->baseline_ns);
	for (size_t i = 0; i < m->n_nodes; i++) {
		const struct model_node *n = &m->nodes[i];
		strbuf_addf(out, " %s:%s@%llu h%llu r%u%s", n->name, node_state_name(n->state),
			(unsigned long long)n->state_since_ns, (unsigned long long)n->height,
			n->restarts, model_node_is_healthy(m, i) ? "+" : "-");
	}
	strbuf_addf(out, " | f%zu%s whole=%llu", m->n_faults, model_open_fault(m, -1) ? "!" : "",
		(unsigned long long)check_whole_for_ns(m));
}

static void test_fold(void **state)
{
	(void)state;
	static const struct {
		const char *lines[12];
		const char *expect;
	} cases[] = {
		{ { RUN(2) }, "validate base=0@0 | n0:planned@0 h0 r0- n1:planned@0 h0 r0- | f0 "
			      "whole=0" },
		{ { RUN(1), STATE(5, 0, "starting"), STATE(7, 0, "up"), STATE(9, 0, "ready"),
			  HEIGHT(20, 0, 3) },
			"validate base=0@0 | n0:ready@9 h3 r0+ | f0 whole=11" },
		{ { RUN(2), HEIGHT(1, 0, 4), HEIGHT(2, 1, 6), PHASE(3, "baseline", "false"),
			  PHASE(4, "baseline", "true,\"ok\":true"), HEIGHT(5, 1, 9) },
			"baseline base=6@4 | n0:planned@0 h4 r0- n1:planned@0 h9 r0- | f0 "
			"whole=0" },
		/* a failed baseline is none */
		{ { RUN(1), HEIGHT(1, 0, 4), PHASE(4, "baseline", "true,\"ok\":false") },
			"validate base=0@0 | n0:planned@0 h4 r0- | f0 whole=0" },
		/* an open fault makes a node unhealthy, whatever its state; healed: whole since
		   then */
		{ { RUN(1), STATE(2, 0, "ready"), FAULT(4, 0, 1, "false") },
			"validate base=0@0 | n0:ready@2 h0 r0- | f1! whole=0" },
		{ { RUN(1), STATE(2, 0, "ready"), FAULT(4, 0, 1, "false"), FAULT(6, 0, 1, "true"),
			  HEIGHT(10, 0, 1) },
			"validate base=0@0 | n0:ready@2 h1 r0+ | f1 whole=4" },
		{ { RUN(1), STATE(2, 0, "ready"), STATE(3, 0, "stopped"), STATE(4, 0, "starting"),
			  STATE(5, 0, "up"), STATE(6, 0, "ready") },
			"validate base=0@0 | n0:ready@6 h0 r1+ | f0 whole=1" },
		/* a removed node is not waited for */
		{ { RUN(2), STATE(2, 0, "ready"), STATE(3, 1, "removed") },
			"validate base=0@0 | n0:ready@2 h0 r0+ n1:removed@3 h0 r0- | f0 whole=1" },
		/* an end without a beginning, a beginning twice */
		{ { FAULT(1, 0, 5, "true") }, "validate base=0@0 | | f0 whole=0" },
		{ { FAULT(1, 0, 5, "false"), FAULT(2, 0, 5, "false") },
			"validate base=0@0 | | f1! whole=0" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_STRBUF struct strbuf got = { 0 };
		struct model *m = model_new();
		for (size_t k = 0; cases[i].lines[k]; k++) {
			struct err err = { 0 };
			struct event *ev =
				event_from_json(cases[i].lines[k], strlen(cases[i].lines[k]), &err);
			if (!ev)
				fail_msg("%s: %s", cases[i].lines[k], err.text);
			model_apply(m, ev);
			event_free(ev);
		}
		describe(m, &got);
		if (strcmp(strbuf_str(&got), cases[i].expect) != 0)
			fail_msg("case %zu:\n got: %s\nwant: %s", i, strbuf_str(&got),
				cases[i].expect);
		model_free(m);
	}
}

static void apply(struct model *m, struct event *ev)
{
	model_apply(m, ev);
	event_free(ev);
}

static void add_fault(struct model *m, uint64_t id, bool end)
{
	struct event *ev = event_new(EVENT_FAULT, id, 0);
	ev->u.fault.id = id;
	ev->u.fault.end = end;
	ev->u.fault.name = xstrdup("kill");
	ev->u.fault.by = xstrdup("key");
	apply(m, ev);
}

static void test_bounds(void **state)
{
	(void)state;
	struct model *m = model_new();
	for (uint64_t i = 1; i <= MODEL_MAX_FAULTS; i++) {
		add_fault(m, i, false);
		if (i == 17)
			add_fault(m, i, true);
	}
	/* the one that is over makes room; then there is none */
	add_fault(m, MODEL_MAX_FAULTS + 1, false);
	add_fault(m, MODEL_MAX_FAULTS + 2, false);
	assert_int_equal(m->n_faults, MODEL_MAX_FAULTS);
	assert_int_equal(m->faults[MODEL_MAX_FAULTS - 1].id, MODEL_MAX_FAULTS + 1);

	for (int i = 0; i < MODEL_LOG_LINES + 10; i++) {
		struct event *ev = event_new(EVENT_LOG, 0, -1);
		ev->u.log.text = xasprintf("%d", i);
		apply(m, ev);
	}
	assert_int_equal(m->n_logs, MODEL_LOG_LINES);
	assert_string_equal(m->logs[m->log_head].text, "10");

	for (int i = 0; i < 1500; i++) {
		struct event *ev = event_new(EVENT_CHECK, 0, -1);
		ev->u.check.name = xasprintf("c%d", i);
		apply(m, ev);
	}
	assert_int_equal(m->n_checks, 1000);
	apply(m, event_new(EVENT_NODE_STATE, 0, 5000));
	apply(m, event_new(EVENT_NODE_STATE, 0, -7));
	assert_int_equal(m->n_nodes, 0);
	model_free(m);
}

/* A snapshot is a copy: the model may change and go. */
static void test_snapshot(void **state)
{
	(void)state;
	struct model *m = model_new();
	struct event *ev = event_new(EVENT_NOTE, 5, -1);
	ev->u.note.text = xstrdup("hello");
	apply(m, ev);
	add_fault(m, 1, false);
	for (uint8_t i = 1; i <= 3; i++) {
		ev = event_new(EVENT_BLOCK, i, 0);
		ev->u.block.id.b[0] = i;
		ev->u.block.parent.b[0] = (uint8_t)(i - 1);
		ev->u.block.slot = i;
		apply(m, ev);
	}
	struct snapshot *s = snapshot_new(m);
	add_fault(m, 1, true);
	model_free(m);

	struct snapshot *again = snapshot_ref(s);
	snapshot_unref(s);
	assert_string_equal(again->model.logs[0].text, "hello");
	assert_int_equal(again->model.faults[0].end_ns, 0);
	assert_int_equal(again->model.n_blocks, 3);
	assert_int_equal(again->model.n_snapshot_blocks, 3);
	assert_int_equal(again->model.blocks[0].slot, 3);
	assert_null(again->model.blocks[0].parent_block);
	assert_null(again->model.chain);
	snapshot_unref(again);
	snapshot_unref(NULL);
	model_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_snapshot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
