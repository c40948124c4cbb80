/*
 * A run for panes to draw: five nodes in a ring 52 seconds after their start,
 * one paused, one dead, one slow to follow, with faults, links, a fork,
 * transactions, checks and a log. All of it is made by hand from one seed, as a
 * snapshot's model would look, so that a picture changes only when a pane does.
 * Include after cmocka.h; with it comes render_picture.h, which compares.
 */
#ifndef TESTS_RENDER_FIXTURE_H
#define TESTS_RENDER_FIXTURE_H

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model.h"
#include "core/plan.h"
#include "core/scenario.h"
#include "ui/canvas.h"
#include "ui/pane.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/rng.h"
#include "util/strbuf.h"

#include "render_picture.h"

#define RF_MS   1000000ull
#define RF_S    1000000000ull
#define RF_NOW  (52100 * RF_MS)
#define RF_TIP  93 /* the highest block */
#define RF_MAIN 27 /* blocks of the best chain that are there */

struct render_fixture {
	struct scenario scenario;
	struct plan plan;
	struct model model; /* as of a snapshot: chain and tx_index are NULL */
	struct selection selection;
	struct pane_context ctx; /* points to the above */
	struct rng rng;
	struct id32 tips[RF_TIP + 1]; /* id of the best chain's block of each height */
};

/* --- plan ------------------------------------------------------------------------ */

RF_INLINE void rf_release_plan(struct render_fixture *f)
{
	for (size_t i = 0; i < f->plan.n_nodes; i++)
		free(f->plan.nodes[i].peers);
	free(f->plan.nodes);
	f->plan.nodes = NULL;
	f->plan.n_nodes = 0;
}

/* Keys and links of n nodes; replaces the plan that was there. */
RF_INLINE void rf_plan(struct render_fixture *f, unsigned n, enum topology_layout layout)
{
	struct rng rng;
	struct topology *t = &f->scenario.topology;
	struct topology_edge *edges;

	rf_release_plan(f);
	rng_init(&rng, 7);
	t->n_nodes = n;
	t->layout = layout;
	t->degree = 3;
	t->default_stake = 1000;
	t->consensus = (struct consensus){ 500 * RF_MS, 0.9, 10 };
	f->plan.scenario = &f->scenario;
	f->plan.seed = 1;
	snprintf(f->plan.chain_id, sizeof(f->plan.chain_id), "ltb-fixture");
	f->plan.nodes = xcalloc(n ? n : 1, sizeof(*f->plan.nodes));
	f->plan.n_nodes = n;
	f->plan.total_stake = 1000ull * n;
	f->plan.total_supply = 50000;
	for (unsigned i = 0; i < n; i++) {
		struct plan_node *p = &f->plan.nodes[i];

		snprintf(p->name, sizeof(p->name), "n%u", i);
		p->stake = 1000;
		rng_bytes(&rng, p->key.pk.b, sizeof(p->key.pk.b));
	}
	size_t n_edges = topology_edges(t, &rng, &edges);

	for (size_t i = 0; i < n_edges; i++) {
		struct plan_node *p = &f->plan.nodes[edges[i].from];

		p->peers = xrealloc_array(p->peers, p->n_peers + 1, sizeof(*p->peers));
		p->peers[p->n_peers++] = edges[i].to;
	}
	free(edges);
	f->ctx.plan = &f->plan;
	f->ctx.block_interval_ns = 555555556;
}

/* --- nodes ----------------------------------------------------------------------- */

RF_INLINE void rf_id(struct render_fixture *f, struct id32 *ret)
{
	rng_bytes(&f->rng, ret->b, sizeof(ret->b));
}

/* n nodes that are online at `height`, with slightly different numbers. */
RF_INLINE void rf_nodes(struct render_fixture *f, unsigned n, uint64_t height)
{
	struct model *m = &f->model;

	m->nodes = xcalloc(n ? n : 1, sizeof(*m->nodes));
	m->n_nodes = n;
	for (unsigned i = 0; i < n; i++) {
		struct model_node *d = &m->nodes[i];

		snprintf(d->name, sizeof(d->name), "n%u", i);
		d->state = NODE_READY;
		d->state_expected = true;
		d->state_since_ns = (2800 + 40 * (i % 25)) * RF_MS;
		d->endpoint = xasprintf("http://127.0.0.1:%u", 18080 + i);
		d->pid = 41200 + i;
		d->has_sample = d->ok = true;
		d->sample_ns = RF_NOW - (100 + 7 * (i % 50)) * RF_MS;
		snprintf(d->mode, sizeof(d->mode), "Online");
		d->height = height;
		d->slot = 104;
		d->lib_slot = 92;
		rf_id(f, &d->tip);
		rf_id(f, &d->lib);
		d->peers = 2;
		d->mempool = 8 + rng_below(&f->rng, 7);
		d->has_supply = true;
		d->supply = d->genesis_supply = 50000;
		d->cpu = 0.018 + 0.001 * (double)rng_below(&f->rng, 15);
		d->rss_bytes = 9400000 + 4096 * rng_below(&f->rng, 100);
		d->has_traffic = true;
		d->in_bytes = 1400000 + rng_below(&f->rng, 90000);
		d->out_bytes = 1350000 + rng_below(&f->rng, 90000);
		d->in_rate = 26000 + (double)rng_below(&f->rng, 4000);
		d->out_rate = 25000 + (double)rng_below(&f->rng, 4000);
	}
}

/* What happened to the five of them. */
RF_INLINE void rf_five_nodes(struct render_fixture *f)
{
	struct model_node *d;

	rf_nodes(f, 5, RF_TIP);
	for (int i = 0; i < 2; i++)
		f->model.nodes[i].tip = f->tips[RF_TIP];
	d = &f->model.nodes[2]; /* was restarted, is a block behind */
	d->height = RF_TIP - 1;
	d->tip = f->tips[RF_TIP - 1];
	d->restarts = 1;
	d->pid = 41377;
	d->state_since_ns = 23 * RF_S;
	d->in_bytes = 890000;
	d->out_bytes = 760000;
	d = &f->model.nodes[3]; /* paused by key */
	d->state = NODE_PAUSED;
	d->state_since_ns = 41 * RF_S;
	free(d->reason);
	d->reason = xstrdup("pause by key");
	d->height = RF_TIP - 17;
	d->tip = f->tips[RF_TIP - 17];
	d->slot = 82;
	d->lib_slot = 70;
	d->sample_ns = 40900 * RF_MS;
	d->ok = false;
	d->error = xstrdup("http://127.0.0.1:18083/cryptarchia/info: no answer within 1 s");
	d->cpu = 0;
	d->in_rate = d->out_rate = 0;
	d = &f->model.nodes[4]; /* died by itself */
	d->state = NODE_DEAD;
	d->state_expected = false;
	d->state_since_ns = 47900 * RF_MS;
	d->reason = xstrdup("signal 6 (Aborted); last words: ledger.c:212: assertion failed: "
			    "sum(inputs) == sum(outputs)");
	free(d->endpoint);
	d->endpoint = NULL;
	d->pid = 0;
	d->height = RF_TIP - 6;
	d->tip = f->tips[RF_TIP - 6];
	d->slot = 95;
	d->lib_slot = 84;
	d->sample_ns = 47700 * RF_MS;
	d->cpu = -1;
	d->rss_bytes = 0;
	d->in_rate = d->out_rate = 0;
}

/* --- blocks and transactions ------------------------------------------------------- */

RF_INLINE struct model_tx *rf_tx(
	struct render_fixture *f, enum tx_state state, int node, uint64_t t_ns)
{
	struct model_tx *tx = &f->model.txs[f->model.n_txs++];

	rf_id(f, &tx->hash);
	tx->state = state;
	tx->node = node;
	tx->workload = 0;
	tx->first_ns = t_ns;
	tx->t_ns = t_ns;
	tx->submit_ns = 500000 + rng_below(&f->rng, 900000);
	f->model.n_tx_events++;
	return tx;
}

/* A block with n_txs transactions (known: the bench sent them), appended: oldest first. */
RF_INLINE struct view_block *rf_block(struct render_fixture *f, const struct id32 *parent,
	uint64_t height, uint64_t t_ns, unsigned leader, unsigned n_txs, bool known)
{
	struct model *m = &f->model;
	size_t at = m->n_snapshot_blocks++;
	struct view_block *b = &m->blocks[at];
	struct model_block_txs *txs = xcalloc(1, sizeof(*txs) + n_txs * sizeof(struct id32));

	rf_id(f, &b->id);
	b->parent = *parent;
	if (leader < f->plan.n_nodes)
		b->leader = f->plan.nodes[leader].key.pk;
	else
		rf_id(f, &b->leader);
	b->slot = t_ns / (500 * RF_MS);
	b->height = height;
	b->has_height = true;
	b->first_ns = t_ns;
	b->last_ns = t_ns + RF_MS + rng_below(&f->rng, 8 * RF_MS);
	b->first_node = (int)(leader < f->plan.n_nodes ? leader : 0);
	b->seen_by = 5;
	b->n_txs = n_txs;
	b->size_bytes = 412 + 129ull * n_txs;
	txs->refs = 1;
	txs->n = n_txs;
	for (unsigned i = 0; i < n_txs; i++) {
		if (!known || m->n_txs >= MODEL_TXS) {
			rf_id(f, &txs->hashes[i]);
			continue;
		}
		struct model_tx *tx = rf_tx(f, TX_INCLUDED, (int)(i % 3),
			t_ns - 300 * RF_MS - rng_below(&f->rng, RF_S));

		tx->include_ns = t_ns - tx->first_ns;
		tx->t_ns = t_ns;
		tx->block = b->id;
		txs->hashes[i] = tx->hash;
	}
	m->block_txs[at] = txs;
	m->n_blocks++;
	return b;
}

RF_INLINE void rf_reverse_blocks(struct model *m)
{
	for (size_t i = 0, j = m->n_snapshot_blocks; i + 1 < j; i++) {
		j--;
		struct view_block b = m->blocks[i];
		struct model_block_txs *t = m->block_txs[i];

		m->blocks[i] = m->blocks[j];
		m->blocks[j] = b;
		m->block_txs[i] = m->block_txs[j];
		m->block_txs[j] = t;
	}
}

RF_INLINE void rf_alloc_blocks(struct model *m)
{
	m->blocks = xcalloc(MODEL_BLOCKS, sizeof(*m->blocks));
	m->block_txs = xcalloc(MODEL_BLOCKS, sizeof(struct model_block_txs *));
	m->txs = xcalloc(MODEL_TXS, sizeof(*m->txs));
}

/* 27 blocks of the best chain, a lost one, and a branch of two that was left by a reorg. */
RF_INLINE void rf_thirty_blocks(struct render_fixture *f)
{
	static const unsigned leaders[RF_MAIN] = { 1, 0, 4, 2, 2, 3, 0, 1, 4, 3, 0, 0, 2, 1, 4, 0,
		2, 9 /* nobody of the plan */, 1, 4, 0, 2, 0, 1, 2, 0, 1 };
	struct model *m = &f->model;
	struct id32 parent, branch = { { 0 } };
	uint64_t t = 35200 * RF_MS;

	rf_alloc_blocks(m);
	rf_id(f, &parent);
	for (unsigned i = 0; i < RF_MAIN; i++) {
		uint64_t height = RF_TIP + 1 - RF_MAIN + i;
		struct view_block *b;

		if (height == 80 || height == 81) { /* a branch, 20 ms before its rivals */
			b = rf_block(f, height == 80 ? &parent : &branch, height, t - 20 * RF_MS,
				height == 80 ? 2 : 0, 6, false);
			branch = b->id;
			b->seen_by = 2;
		}
		b = rf_block(f, &parent, height, t, leaders[i],
			4 + (unsigned)rng_below(&f->rng, 10), height > 84);
		b->seen_by = t < 41 * RF_S ? 5 : t < 47 * RF_S ? 4 : 3;
		if (height == RF_TIP)
			b->seen_by = 2;
		if (height == 87)
			b->last_ns = b->first_ns + 1430 * RF_MS; /* sent late to somebody */
		if (height == 90) {
			struct view_block *lost =
				rf_block(f, &parent, height, t + 6 * RF_MS, 0, 7, false);

			lost->seen_by = 1;
			b = lost - 1;
		}
		parent = b->id;
		f->tips[height] = b->id;
		t += i % 3 == 2 ? 1000 * RF_MS : i % 3 ? 500 * RF_MS : 400 * RF_MS;
	}
	m->n_blocks = 96;
	m->n_reorgs = 2;
	rf_reverse_blocks(m);
	for (int i = 0; i < 8; i++)
		rf_tx(f, TX_SUBMITTED, i % 3, RF_NOW - (400 - 40 * (uint64_t)i) * RF_MS);
	struct model_tx *tx = rf_tx(f, TX_REJECTED, 1, 50 * RF_S);

	snprintf(tx->reason, sizeof(tx->reason), "note is spent already");
	rf_tx(f, TX_DROPPED, 3, 49 * RF_S);
	rf_tx(f, TX_EXPIRED, 4, 48 * RF_S);
}

/* --- the rest -------------------------------------------------------------------- */

RF_INLINE void rf_phases(struct model *m)
{
	static const struct {
		enum phase phase;
		unsigned start_ms, end_ms;
	} done[] = {
		{ PHASE_VALIDATE, 0, 3 },
		{ PHASE_PREPARE, 3, 60 },
		{ PHASE_UP, 60, 900 },
		{ PHASE_READY, 900, 3800 },
		{ PHASE_BASELINE, 3800, 6800 },
	};

	for (size_t i = 0; i < ARRAY_LEN(done); i++) {
		m->phases[done[i].phase] = (struct model_phase){
			.started = true,
			.ended = true,
			.ok = true,
			.start_ns = done[i].start_ms * RF_MS,
			.duration_ns = (done[i].end_ms - done[i].start_ms) * RF_MS,
		};
	}
	m->phases[PHASE_DRIVE] = (struct model_phase){
		.started = true, .start_ns = 6800 * RF_MS, .until_ns = 96800 * RF_MS
	};
	m->phase = PHASE_DRIVE;
	m->baseline_ns = 6800 * RF_MS;
	m->baseline_height = 9;
}

RF_INLINE void rf_workloads(struct model *m)
{
	m->workloads = xcalloc(3, sizeof(*m->workloads));
	m->n_workloads = 3;
	m->workloads[0].name = xstrdup("transactions");
	m->workloads[0].counts = (struct workload_counts){ .planned = 810,
		.submitted = 470,
		.rejected = 1,
		.unsent = 0,
		.included = 458,
		.dropped = 1,
		.expired = 1,
		.pending = 10,
		.submit_p50_ns = 812000,
		.submit_p99_ns = 2140000,
		.include_p50_ns = 700 * RF_MS,
		.include_p99_ns = 1900 * RF_MS,
		.target_rate = 9.0,
		.rate = 9.1 };
	m->workloads[1].name = xstrdup("restarts");
	m->workloads[1].counts = (struct workload_counts){ .planned = 3, .actions = 1 };
	m->workloads[2].name = xstrdup("inscriptions");
	m->workloads[2].counts = (struct workload_counts){ .planned = 20,
		.submitted = 18,
		.rejected = 2,
		.included = 18,
		.submit_p50_ns = 1900000,
		.submit_p99_ns = 5100000,
		.include_p50_ns = 900 * RF_MS,
		.include_p99_ns = 2400 * RF_MS,
		.target_rate = 0.5 };
	m->workloads[2].ended = true;
	m->workloads[2].ok = false;
	m->workloads[2].reason = xstrdup("2 of 20 were refused: channel is unknown");
}

RF_INLINE void rf_fault(struct model *m, int node, const char *name, const char *by,
	uint64_t start_ms, uint64_t end_ms, bool effective, const char *detail)
{
	m->faults = xrealloc_array(m->faults, m->n_faults + 1, sizeof(*m->faults));
	m->faults[m->n_faults] = (struct model_fault){ .id = m->n_faults + 1,
		.node = node,
		.name = xstrdup(name),
		.by = xstrdup(by),
		.start_ns = start_ms * RF_MS,
		.end_ns = end_ms * RF_MS,
		.effective = effective,
		.detail = xstrdup(detail) };
	m->n_faults++;
}

RF_INLINE void rf_link(struct model *m, unsigned from, unsigned to, bool cut, unsigned delay_ms,
	unsigned jitter_ms, double loss, uint64_t since_ms)
{
	m->links = xrealloc_array(m->links, m->n_links + 1, sizeof(*m->links));
	m->links[m->n_links++] = (struct model_link){ .from = from,
		.to = to,
		.cut = cut,
		.delay_ns = delay_ms * RF_MS,
		.jitter_ns = jitter_ms * RF_MS,
		.loss = loss,
		.since_ns = since_ms * RF_MS };
}

RF_INLINE void rf_faults(struct model *m)
{
	rf_fault(m, 2, "restart", "restarts", 20000, 23000, true, "down for 2 s");
	rf_fault(m, 1, "pause", "timeline", 30000, 31000, false, NULL);
	rf_fault(m, 3, "pause", "key", 41000, 0, false, NULL);
	rf_fault(m, -1, "delay", "key", 44500, 0, false, "n0 <-> n1, 120 ms +- 20 ms, loss 5 %");
	rf_link(m, 0, 1, false, 120, 20, 0.05, 44500);
	rf_link(m, 1, 0, false, 120, 20, 0.05, 44500);
	rf_link(m, 3, 2, true, 0, 0, 0, 46200);
}

/* One check in each verdict that there is while a run goes on, and how they end. */
RF_INLINE void rf_checks(struct model *m)
{
	static const struct {
		const char *name, *reason;
		enum verdict verdict;
		unsigned since_ms;
	} checks[] = {
		{ "consensus_liveness", "93 of at least 84 blocks, longest gap 2.1 s",
			VERDICT_PASSING, 9300 },
		{ "tx_inclusion", "458 of 470 included (97.4 %), at least 99 % wanted",
			VERDICT_FAILING, 48200 },
		{ "agreement", "LIB equal on 3 nodes, 2 excused", VERDICT_PASSING, 7100 },
		{ "supply_conserved", "judged at the end", VERDICT_PENDING, 0 },
	};

	m->checks = xcalloc(ARRAY_LEN(checks), sizeof(*m->checks));
	m->n_checks = ARRAY_LEN(checks);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		m->checks[i].name = xstrdup(checks[i].name);
		m->checks[i].reason = xstrdup(checks[i].reason);
		m->checks[i].verdict = checks[i].verdict;
		m->checks[i].since_ns = checks[i].since_ms * RF_MS;
	}
}

RF_INLINE void rf_log(
	struct model *m, uint64_t t_ns, int node, int level, bool own, const char *text)
{
	m->logs[m->n_logs++] = (struct model_log){
		.t_ns = t_ns, .node = node, .level = level, .own = own, .text = xstrdup(text)
	};
	m->n_log_total++;
}

/* 50 lines: blocks as they came, and between them what was done and what went wrong. */
RF_INLINE void rf_logs(struct model *m)
{
	static const struct {
		unsigned t_ms;
		int node, level;
		bool own;
		const char *text;
	} events[] = {
		{ 41000, -1, LOG_INFO, false, "pause n3 (key)" },
		{ 42000, 0, LOG_DEBUG, true, "peer n4: ping 0.8 ms" },
		{ 42010, 1, LOG_DEBUG, true, "mempool: 14 transactions, 1.8K" },
		{ 42900, -1, LOG_WARN, false, "n3 does not answer: no answer within 1 s" },
		{ 44500, -1, LOG_INFO, false, "delay n0 n1 120ms jitter 20ms loss 5% (key)" },
		{ 44510, 1, LOG_WARN, true, "peer n0: 3 requests waited longer than 100 ms" },
		{ 44650, 2, LOG_WARN, true, "reorg of 2 blocks at height 79" },
		{ 44670, -1, LOG_WARN, false, "n2 left 2 blocks: reorg" },
		{ 46200, -1, LOG_INFO, false, "cut n3 n2 (key)" },
		{ 47880, 4, LOG_ERROR, true,
			"ledger.c:212: assertion failed: sum(inputs) == sum(outputs)" },
		{ 47900, -1, LOG_ERROR, false, "n4 died: signal 6 (Aborted)" },
		{ 48200, -1, LOG_WARN, false,
			"tx_inclusion is failing: 97.4 % included, 99 % wanted" },
		{ 48900, 0, LOG_WARN, true, "peer n4: connection refused, next try in 2 s" },
		{ 50000, 1, LOG_WARN, true, "refused a transaction: note is spent already" },
		{ 51000, -1, LOG_INFO, false, "note: watching the lag of n2" },
		{ 51500, 2, LOG_INFO, true, "caught up to height 92" },
	};
	size_t at = 0, n_blocks = m->n_snapshot_blocks;

	m->logs = xcalloc(MODEL_LOG_LINES, sizeof(*m->logs));
	m->n_log_total = 412;
	for (size_t i = n_blocks; i-- > 0;) {
		const struct view_block *b = &m->blocks[i];
		char text[120], id[ID32_HEX];

		for (; at < ARRAY_LEN(events) && events[at].t_ms * RF_MS < b->first_ns; at++)
			rf_log(m, events[at].t_ms * RF_MS, events[at].node, events[at].level,
				events[at].own, events[at].text);
		snprintf(text, sizeof(text), "proposed block %u %.8s with %u transactions",
			(unsigned)b->height, id32_hex(&b->id, id), (unsigned)b->n_txs);
		rf_log(m, b->first_ns, b->first_node, LOG_INFO, true, text);
	}
	for (; at < ARRAY_LEN(events); at++)
		rf_log(m, events[at].t_ms * RF_MS, events[at].node, events[at].level,
			events[at].own, events[at].text);
	while (m->n_logs < 50)
		rf_log(m, 51900 * RF_MS, (int)(m->n_logs % 3), LOG_DEBUG, true,
			"gossip: 12 announcements, 2 new");
}

RF_INLINE void rf_series(struct model *m)
{
	struct rng rng;
	struct model_series *s = &m->series;

	rng_init(&rng, 11);
	s->width_ns = 250 * RF_MS;
	s->n = (size_t)(RF_NOW / s->width_ns) + 1;
	for (size_t i = 0; i < s->n; i++) {
		struct model_bucket *b = &s->buckets[i];
		uint64_t t = i * s->width_ns;

		if (t < 3 * RF_S)
			continue;
		b->height = (t - 2 * RF_S) * RF_TIP / (RF_NOW - 2 * RF_S);
		b->blocks = b->height > s->buckets[i - 1].height;
		b->max_interval_ns = b->blocks ? 400 * RF_MS + rng_below(&rng, 500 * RF_MS) : 0;
		b->has_heights = i % 2 == 0;
		b->high = b->height;
		b->low = t > 41 * RF_S ? RF_TIP - 17 : b->height - (b->height > 0 && i % 6 == 0);
		if (t < 6800 * RF_MS)
			continue;
		b->submitted = 2 + (i % 4 == 0);
		b->included = b->blocks ? 4 + rng_below(&rng, 2) : 0;
		b->rejected = t == 50 * RF_S;
		b->include_sum_ns = b->included * (600 * RF_MS + rng_below(&rng, 300 * RF_MS));
		b->include_max_ns = b->included ? RF_S + rng_below(&rng, RF_S) : 0;
		b->reorgs = t == 44500 * RF_MS;
	}
}

/* --- whole fixtures ---------------------------------------------------------------- */

/* No event yet, no plan. */
RF_INLINE void render_fixture_init_empty(struct render_fixture *f)
{
	memset(f, 0, sizeof(*f));
	rng_init(&f->rng, 1);
	f->ctx = (struct pane_context){ .model = &f->model, .selection = &f->selection };
}

RF_INLINE void rf_run(struct render_fixture *f)
{
	struct model *m = &f->model;

	m->now_ns = f->ctx.now_ns = RF_NOW;
	m->events = 2871;
	m->run_id = xstrdup("20261123-140231-smoke");
	m->preset = xstrdup("smoke");
	m->backend = xstrdup("local");
	m->started = xstrdup("2026-11-23T14:02:31Z");
	m->seed = 1;
	f->ctx.live = f->ctx.focused = true;
	rf_phases(m);
}

RF_INLINE void render_fixture_init(struct render_fixture *f)
{
	render_fixture_init_empty(f);
	rf_run(f);
	rf_plan(f, 5, LAYOUT_RING);
	rf_thirty_blocks(f);
	rf_five_nodes(f);
	rf_workloads(&f->model);
	rf_faults(&f->model);
	rf_checks(&f->model);
	rf_logs(&f->model);
	rf_series(&f->model);
}

/* A big cluster that is all well, and a straight chain of n_blocks (at most MODEL_BLOCKS). */
RF_INLINE void render_fixture_init_many(
	struct render_fixture *f, unsigned n_nodes, unsigned n_blocks, enum topology_layout layout)
{
	struct id32 parent;

	render_fixture_init_empty(f);
	rf_run(f);
	rf_plan(f, n_nodes, layout);
	rf_alloc_blocks(&f->model);
	rf_id(f, &parent);
	for (unsigned i = 0; i < n_blocks; i++)
		parent = rf_block(f, &parent, 1 + i, RF_S + i * 250 * RF_MS,
			(unsigned)rng_below(&f->rng, n_nodes), 9, true)
				 ->id;
	rf_reverse_blocks(&f->model);
	rf_nodes(f, n_nodes, n_blocks);
	f->model.logs = xcalloc(MODEL_LOG_LINES, sizeof(*f->model.logs));
}

RF_INLINE void render_fixture_release(struct render_fixture *f)
{
	struct model *m = &f->model;

	for (size_t i = 0; i < m->n_nodes; i++) {
		free(m->nodes[i].reason);
		free(m->nodes[i].endpoint);
		free(m->nodes[i].error);
	}
	for (size_t i = 0; i < m->n_snapshot_blocks; i++)
		free(m->block_txs[i]);
	for (size_t i = 0; i < m->n_workloads; i++) {
		free(m->workloads[i].name);
		free(m->workloads[i].reason);
	}
	for (size_t i = 0; i < m->n_faults; i++) {
		free(m->faults[i].name);
		free(m->faults[i].by);
		free(m->faults[i].detail);
	}
	for (size_t i = 0; i < m->n_checks; i++) {
		free(m->checks[i].name);
		free(m->checks[i].reason);
		free(m->checks[i].evidence);
	}
	for (size_t i = 0; i < m->n_logs; i++)
		free(m->logs[i].text);
	free(m->nodes);
	free(m->blocks);
	free(m->block_txs);
	free(m->txs);
	free(m->workloads);
	free(m->faults);
	free(m->links);
	free(m->checks);
	free(m->logs);
	free(m->run_id);
	free(m->preset);
	free(m->backend);
	free(m->started);
	rf_release_plan(f);
	memset(f, 0, sizeof(*f));
}

#endif
