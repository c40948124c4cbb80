/*
 * Drives one check with events made by hand, folded through the real model.
 * Each test file compiles its own copy; everything is static inline.
 */
#ifndef TESTS_CHECK_FIXTURE_H
#define TESTS_CHECK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "checks/checks.h"
#include "core/model.h"
#include "core/scenario.h"
#include "util/clock.h"
#include "util/mem.h"

#define FX_MAX_NODES 8
#define FX_MS(n)     ((uint64_t)(n)*NS_PER_MS)
#define FX_S(n)      ((uint64_t)(n)*NS_PER_S)
#define FX_BLOCK     FX_MS(500) /* slot 500 ms, f 1: a block every slot */
#define FX_BASELINE  FX_S(3)
#define FX_SUPPLY    123456u

struct fx {
	struct scenario scenario;
	struct plan plan;
	struct plan_node nodes[FX_MAX_NODES];
	unsigned hub_peer[1]; /* star: every node but n0 dials n0 */
	struct model *model;
	struct check check;
	struct check_result result;
	uint64_t seq;
};

static inline void fx_init(struct fx *f, const struct check_ops *ops, size_t n_nodes)
{
	memset(f, 0, sizeof(*f));
	f->scenario.topology.n_nodes = n_nodes;
	f->scenario.topology.consensus = (struct consensus){
		.slot_duration_ns = FX_BLOCK, .active_slot_coeff = 1.0, .security_param = 10
	};
	f->plan.scenario = &f->scenario;
	f->plan.nodes = f->nodes;
	f->plan.n_nodes = n_nodes;
	f->plan.total_stake = 100 * n_nodes;
	f->plan.total_supply = FX_SUPPLY;
	for (size_t i = 0; i < n_nodes; i++) {
		snprintf(f->nodes[i].name, sizeof(f->nodes[i].name), "n%u",
			(unsigned)i % FX_MAX_NODES);
		f->nodes[i].stake = 100;
		f->nodes[i].peers = f->hub_peer;
		f->nodes[i].n_peers = i > 0;
	}
	f->model = model_new();
	f->check.ops = ops;
	f->check.name = ops->name;
	f->check.plan = &f->plan;
	f->check.state = xcalloc(1, MAX(ops->state_size, 1u));
	void *config = xcalloc(1, MAX(ops->config_size, 1u));
	options_defaults(ops->options, config, ops->config_size);
	f->check.config = config;
	ops->init(&f->check);
}

static inline void *fx_config(struct fx *f)
{
	return (void *)(uintptr_t)f->check.config;
}

static inline void fx_release(struct fx *f)
{
	f->check.ops->release(&f->check);
	free(f->check.state);
	free(fx_config(f));
	strbuf_release(&f->result.evidence);
	model_free(f->model);
}

static inline void fx_feed(struct fx *f, struct event *ev)
{
	ev->seq = ++f->seq;
	model_apply(f->model, ev);
	f->check.ops->observe(&f->check, ev, f->model);
	event_free(ev);
}

static inline struct id32 fx_id(unsigned branch, uint64_t height)
{
	struct id32 id = { .b = { (uint8_t)branch } };
	for (int i = 0; i < 8; i++)
		id.b[8 + i] = (uint8_t)(height >> (8 * i));
	id.b[31] = 1;
	return id;
}

static inline void fx_phase(struct fx *f, enum phase p, bool end, bool ok, uint64_t t)
{
	struct event *ev = event_new(EVENT_PHASE, t, -1);
	ev->u.phase.phase = p;
	ev->u.phase.end = end;
	ev->u.phase.ok = ok;
	fx_feed(f, ev);
}

static inline void fx_command(struct fx *f, const char *text, bool ok, uint64_t t)
{
	struct event *ev = event_new(EVENT_COMMAND, t, -1);
	ev->u.command.text = xstrdup(text);
	ev->u.command.source = xstrdup("key");
	ev->u.command.ok = ok;
	fx_feed(f, ev);
}

static inline void fx_link(
	struct fx *f, unsigned from, unsigned to, bool cut, uint64_t delay_ns, uint64_t t)
{
	struct event *ev = event_new(EVENT_LINK, t, -1);
	ev->u.link.from = from;
	ev->u.link.to = to;
	ev->u.link.cut = cut;
	ev->u.link.delay_ns = delay_ns;
	fx_feed(f, ev);
}

static inline void fx_state(struct fx *f, int node, enum node_state s, bool expected, uint64_t t)
{
	struct event *ev = event_new(EVENT_NODE_STATE, t, node);
	ev->u.node_state.state = s;
	ev->u.node_state.expected = expected;
	if (s == NODE_DEAD)
		ev->u.node_state.reason = xstrdup("exit 1");
	fx_feed(f, ev);
}

static inline void fx_fault_as(
	struct fx *f, const char *name, uint64_t id, int node, bool end, uint64_t t)
{
	struct event *ev = event_new(EVENT_FAULT, t, node);
	ev->u.fault.id = id;
	ev->u.fault.name = xstrdup(name);
	ev->u.fault.by = xstrdup("restarts");
	ev->u.fault.end = end;
	ev->u.fault.effective = true;
	fx_feed(f, ev);
}

static inline void fx_fault(struct fx *f, uint64_t id, int node, bool end, uint64_t t)
{
	fx_fault_as(f, "kill", id, node, end, t);
}

static inline void fx_block_with(struct fx *f, struct id32 id, struct id32 parent, uint64_t height,
	const struct id32 *txs, size_t n_txs, uint64_t t)
{
	struct event *ev = event_new(EVENT_BLOCK, t, 0);
	ev->u.block.id = id;
	ev->u.block.parent = parent;
	ev->u.block.slot = height;
	ev->u.block.height = height;
	ev->u.block.has_height = true;
	ev->u.block.n_txs = n_txs;
	if (n_txs)
		ev->u.block.txs = xmemdup(txs, n_txs * sizeof(*txs));
	fx_feed(f, ev);
}

/* The block of that height on a branch that left branch 0 after height `from`. */
static inline void fx_block_on(
	struct fx *f, unsigned branch, uint64_t from, uint64_t height, uint64_t t)
{
	unsigned parent = height - 1 <= from ? 0 : branch;
	fx_block_with(f, fx_id(branch, height), fx_id(parent, height - 1), height, NULL, 0, t);
}

static inline void fx_block(struct fx *f, uint64_t height, uint64_t t)
{
	fx_block_on(f, 0, 0, height, t);
}

static inline void fx_sample_at(
	struct fx *f, int node, struct id32 tip, uint64_t height, struct id32 lib, uint64_t t)
{
	struct event *ev = event_new(EVENT_NODE_SAMPLE, t, node);
	ev->u.sample.ok = true;
	ev->u.sample.mode = xstrdup("Online");
	ev->u.sample.tip = tip;
	ev->u.sample.lib = lib;
	ev->u.sample.height = height;
	ev->u.sample.has_supply = true;
	ev->u.sample.supply = ev->u.sample.genesis_supply = FX_SUPPLY;
	fx_feed(f, ev);
}

/* On branch 0, with the LIB ten blocks back. */
static inline void fx_sample(struct fx *f, int node, uint64_t height, uint64_t t)
{
	fx_sample_at(f, node, fx_id(0, height), height, fx_id(0, height > 10 ? height - 10 : 0), t);
}

static inline void fx_sample_failed(struct fx *f, int node, uint64_t t)
{
	struct event *ev = event_new(EVENT_NODE_SAMPLE, t, node);
	ev->u.sample.error = xstrdup("timed out");
	fx_feed(f, ev);
}

static inline void fx_tx(struct fx *f, struct id32 hash, enum tx_state state, int node,
	const char *reason, uint64_t t)
{
	struct event *ev = event_new(EVENT_TX, t, node);
	ev->u.tx.workload = xstrdup("transactions");
	ev->u.tx.hash = hash;
	ev->u.tx.state = state;
	ev->u.tx.latency_ns = FX_MS(600);
	ev->u.tx.reason = xstrdup(reason);
	fx_feed(f, ev);
}

/* Everything up to the baseline: nodes ready, no block yet. */
static inline void fx_start(struct fx *f)
{
	struct event *ev = event_new(EVENT_RUN_START, 0, -1);
	ev->u.run_start.n_nodes = (unsigned)f->plan.n_nodes;
	ev->u.run_start.run_id = xstrdup("r");
	ev->u.run_start.preset = xstrdup("p");
	ev->u.run_start.backend = xstrdup("fake");
	ev->u.run_start.started = xstrdup("2020-01-01T00:00:00Z");
	fx_feed(f, ev);
	for (size_t i = 0; i < f->plan.n_nodes; i++) {
		fx_state(f, (int)i, NODE_UP, true, FX_S(1));
		fx_state(f, (int)i, NODE_READY, true, FX_S(1));
	}
	fx_phase(f, PHASE_BASELINE, false, false, FX_S(1));
	fx_phase(f, PHASE_BASELINE, true, true, FX_BASELINE);
	fx_phase(f, PHASE_DRIVE, false, false, FX_BASELINE);
}

static inline void fx_end(struct fx *f, uint64_t t)
{
	fx_phase(f, PHASE_DRIVE, true, true, t);
	fx_phase(f, PHASE_SETTLE, true, true, t + 1);
}

/* Blocks from..to, one an interval, with samples of all nodes but `except` (-1: of all). */
static inline void fx_blocks(struct fx *f, uint64_t from, uint64_t to, int except)
{
	for (uint64_t h = from; h <= to; h++) {
		uint64_t t = FX_BASELINE + h * FX_BLOCK;
		fx_block(f, h, t);
		for (int i = 0; i < (int)f->plan.n_nodes; i++) {
			if (i != except)
				fx_sample(f, i, h, t + FX_MS(5));
		}
	}
}

static inline uint64_t fx_time(uint64_t height)
{
	return FX_BASELINE + height * FX_BLOCK + FX_MS(10);
}

static inline enum verdict fx_judge(struct fx *f)
{
	f->check.ops->judge(&f->check, f->model, &f->result);
	/* whatever the verdict: it has a reason, and its evidence is JSON */
	assert_true(f->result.reason[0] != '\0');
	cJSON *j = json_parse(strbuf_str(&f->result.evidence), f->result.evidence.len, NULL, NULL);
	assert_true(cJSON_IsObject(j));
	cJSON_Delete(j);
	return f->result.verdict;
}

static inline enum verdict fx_peek(struct fx *f)
{
	strbuf_clear(&f->result.evidence);
	f->check.ops->peek(&f->check, f->model, &f->result);
	return f->result.verdict;
}

#define fx_expect(f, want, part) fx_expect_at(f, want, part, __LINE__)
static inline void fx_expect_at(struct fx *f, enum verdict want, const char *part, int line)
{
	enum verdict got = fx_judge(f);
	if (got != want || !strstr(f->result.reason, part))
		fail_msg("line %d: %s: %s (wanted %s with \"%s\")", line, verdict_name(got),
			f->result.reason, verdict_name(want), part);
	fx_release(f);
}

#endif
