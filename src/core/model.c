/*
 * The fold of events into the state of a run; see model.h.
 *
 * Recorded files are input from outside: whatever an event says, counts and
 * indices stay bounded and a nonsensical sequence gives a nonsensical model,
 * never a broken one.
 */
#include <stdio.h>
#include <string.h>

#include "core/model_priv.h"
#include "util/clock.h"
#include "util/mem.h"

struct model *model_new(void)
{
	struct model *m = xcalloc(1, sizeof(*m));

	m->chain = chain_view_new();
	m->logs = xcalloc(MODEL_LOG_LINES, sizeof(*m->logs));
	m->block_txs = xcalloc(MODEL_BLOCKS, sizeof(struct model_block_txs *));
	m->tx_index = map_new(NULL);
	m->live = xcalloc(1, sizeof(*m->live));
	m->live->link_index = map_new(NULL);
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	model_release(m);
	free(m);
}

/* --- the parts of the fold -------------------------------------------------------- */

/* NULL when there is no such index. */
struct model_node *model_node_at(struct model *m, int node)
{
	if (node < 0 || node >= MODEL_MAX_NODES)
		return NULL;
	size_t need = (size_t)node + 1;
	if (need > m->n_nodes) {
		m->nodes = xrealloc_array(m->nodes, need, sizeof(*m->nodes));
		for (size_t i = m->n_nodes; i < need; i++) {
			m->nodes[i] = (struct model_node){ .cpu = -1 };
			snprintf(m->nodes[i].name, sizeof(m->nodes[i].name), "n%zu", i);
		}
		m->n_nodes = need;
	}
	return &m->nodes[node];
}

static void apply_run_start(struct model *m, const struct event *ev)
{
	text_set(&m->run_id, ev->u.run_start.run_id);
	text_set(&m->preset, ev->u.run_start.preset);
	text_set(&m->backend, ev->u.run_start.backend);
	text_set(&m->started, ev->u.run_start.started);
	m->seed = ev->u.run_start.seed;
	if (ev->u.run_start.n_nodes > 0)
		model_node_at(m, (int)MIN(ev->u.run_start.n_nodes, (unsigned)MODEL_MAX_NODES) - 1);
}

static uint64_t max_height(const struct model *m)
{
	uint64_t max = 0;
	for (size_t i = 0; i < m->n_nodes; i++)
		max = MAX(max, m->nodes[i].height);
	return max;
}

static void apply_phase(struct model *m, const struct event *ev)
{
	struct model_phase *p = &m->phases[ev->u.phase.phase];

	if (!ev->u.phase.end) {
		p->until_ns = ev->u.phase.until_ns;
		if (p->started && !p->ended)
			return; /* only told when it is to end now */
		p->started = true;
		p->ended = false;
		p->start_ns = ev->t_ns;
		m->phase = ev->u.phase.phase;
		return;
	}
	p->ended = true;
	p->ok = ev->u.phase.ok;
	p->duration_ns = ev->u.phase.duration_ns;
	text_set(&p->reason, ev->u.phase.reason);
	tell_phase_end(m, ev);
	if (ev->u.phase.phase == PHASE_BASELINE && p->ok) {
		m->baseline_ns = ev->t_ns;
		m->baseline_height = max_height(m);
	}
}

static bool state_has_process(enum node_state s)
{
	return s == NODE_STARTING || s == NODE_UP || s == NODE_READY || s == NODE_PAUSED;
}

#define LAST_WORDS 200

/* Why a node died, with the last line that it wrote: the cause is usually there. */
static void set_death_reason(struct model_node *n, const struct event *ev)
{
	const char *reason = ev->u.node_state.reason ? ev->u.node_state.reason : "died";
	const char *tail = ev->u.node_state.log_tail ? ev->u.node_state.log_tail : "";
	const char *line = strrchr(tail, '\n');

	line = line ? line + 1 : tail;
	CLEANUP_FREE char *text = xasprintf("%s%s%.*s", reason, *line ? "; last words: " : "",
		(int)text_cut(line, LAST_WORDS), line);
	text_set(&n->reason, text);
}

static void apply_node_state(struct model *m, const struct event *ev)
{
	struct model_node *n = model_node_at(m, ev->node);
	if (!n)
		return;
	enum node_state state = ev->u.node_state.state, before = n->state;
	if (state == NODE_STARTING && n->state != NODE_PLANNED && n->state != NODE_STARTING)
		n->restarts++;
	if (state != n->state || m->events == 1)
		n->state_since_ns = ev->t_ns;
	n->state = state;
	n->state_expected = ev->u.node_state.expected;
	if (state == NODE_DEAD)
		set_death_reason(n, ev);
	else
		text_set(&n->reason, ev->u.node_state.reason);
	tell_node_state(m, ev, n, before);
	if (!state_has_process(state)) {
		text_set(&n->endpoint, NULL);
		text_set(&n->error, NULL);
		n->pid = 0;
		n->in_rate = n->out_rate = 0;
		return;
	}
	if (ev->u.node_state.endpoint)
		text_set(&n->endpoint, ev->u.node_state.endpoint);
	if (ev->u.node_state.pid)
		n->pid = ev->u.node_state.pid;
}

/* Counters begin anew with the process; a rate needs two samples of one. */
static void apply_traffic(struct model_node *n, const struct event *ev)
{
	uint64_t in = ev->u.sample.in_bytes, out = ev->u.sample.out_bytes;

	if (!ev->u.sample.has_traffic) {
		n->in_rate = n->out_rate = 0;
		return;
	}
	if (n->has_traffic && ev->t_ns > n->traffic_ns) {
		double s = (double)(ev->t_ns - n->traffic_ns) / (double)NS_PER_S;

		n->in_rate = in >= n->in_bytes ? (double)(in - n->in_bytes) / s : 0;
		n->out_rate = out >= n->out_bytes ? (double)(out - n->out_bytes) / s : 0;
	}
	n->has_traffic = true;
	n->in_bytes = in;
	n->out_bytes = out;
	n->traffic_ns = ev->t_ns;
}

static void apply_sample(struct model *m, const struct event *ev)
{
	struct model_node *n = model_node_at(m, ev->node);
	if (!n)
		return;
	bool was_ok = n->ok;
	uint64_t height = n->height;
	n->has_sample = true;
	n->ok = ev->u.sample.ok;
	n->sample_ns = ev->t_ns;
	n->cpu = ev->u.sample.cpu;
	n->rss_bytes = ev->u.sample.rss_bytes;
	/* That a node which does not run gives no answer is no news. */
	text_set(&n->error, state_has_process(n->state) ? ev->u.sample.error : NULL);
	apply_traffic(n, ev);
	if (!n->ok)
		return; /* what it said last stays */
	snprintf(n->mode, sizeof(n->mode), "%s", ev->u.sample.mode ? ev->u.sample.mode : "");
	n->slot = ev->u.sample.slot;
	n->height = ev->u.sample.height;
	n->lib_slot = ev->u.sample.lib_slot;
	n->tip = ev->u.sample.tip;
	n->lib = ev->u.sample.lib;
	n->peers = ev->u.sample.peers;
	n->mempool = ev->u.sample.mempool;
	if (ev->u.sample.has_supply) {
		n->has_supply = true;
		n->supply = ev->u.sample.supply;
		n->genesis_supply = ev->u.sample.genesis_supply;
	}
	series_sample(m, ev->t_ns, n->height != height || !was_ok);
}

static void apply_block(struct model *m, const struct event *ev)
{
	bool is_new;
	const struct id32 *id = &ev->u.block.id;

	chain_view_add(m->chain, id, &ev->u.block.parent, ev->u.block.slot, &is_new);
	chain_view_details(m->chain, id, &ev->u.block.leader, (uint32_t)ev->u.block.n_txs,
		ev->u.block.size_bytes);
	if (ev->u.block.has_height)
		chain_view_height(m->chain, id, ev->u.block.height);
	if (ev->node >= 0)
		chain_view_seen(m->chain, id, ev->node, ev->t_ns);
	m->n_blocks += is_new;
	if (is_new)
		keep_block_txs(m, ev->u.block.txs, ev->u.block.n_txs);
	series_block(m, ev->t_ns, is_new);
}

static void apply_reorg(struct model *m, const struct event *ev)
{
	m->n_reorgs++;
	series_at(m, ev->t_ns)->reorgs++;
	tell_reorg(m, ev);
}

static void apply_workload(struct model *m, const struct event *ev)
{
	struct model_workload *w = NULL;
	for (size_t i = 0; i < m->n_workloads && !w; i++) {
		if (strcmp(m->workloads[i].name, ev->u.workload.name) == 0)
			w = &m->workloads[i];
	}
	if (!w) {
		if (m->n_workloads == MODEL_MAX_NAMED)
			return;
		m->workloads =
			xrealloc_array(m->workloads, m->n_workloads + 1, sizeof(*m->workloads));
		w = &m->workloads[m->n_workloads++];
		*w = (struct model_workload){ .name = text_new(ev->u.workload.name) };
	}
	w->counts = ev->u.workload.counts;
	w->ended = ev->u.workload.end;
	w->ok = ev->u.workload.ok;
	text_set(&w->reason, ev->u.workload.reason);
}

static void fault_release(struct model_fault *f)
{
	text_unref(f->name);
	text_unref(f->by);
	text_unref(f->detail);
}

/* Makes room by forgetting the oldest fault that is over; false when all are in force. */
static bool drop_old_fault(struct model *m)
{
	for (size_t i = 0; i < m->n_faults; i++) {
		if (m->faults[i].end_ns == 0)
			continue;
		fault_release(&m->faults[i]);
		m->n_faults--;
		memmove(&m->faults[i], &m->faults[i + 1], (m->n_faults - i) * sizeof(*m->faults));
		return true;
	}
	return false;
}

static struct model_fault *find_open_fault(struct model *m, uint64_t id)
{
	for (size_t i = m->n_faults; i > 0; i--) {
		if (m->faults[i - 1].id == id && m->faults[i - 1].end_ns == 0)
			return &m->faults[i - 1];
	}
	return NULL;
}

static void apply_fault(struct model *m, const struct event *ev)
{
	struct model_fault *f = find_open_fault(m, ev->u.fault.id);

	if (ev->u.fault.end) {
		if (!f)
			return;
		f->end_ns = MAX(ev->t_ns, 1);
		f->effective = ev->u.fault.effective;
		if (ev->u.fault.detail)
			text_set(&f->detail, ev->u.fault.detail);
		tell_fault(m, ev, f->start_ns);
		return;
	}
	if (f || (m->n_faults == MODEL_MAX_FAULTS && !drop_old_fault(m)))
		return;
	m->faults = xrealloc_array(m->faults, m->n_faults + 1, sizeof(*m->faults));
	m->faults[m->n_faults++] = (struct model_fault){
		.id = ev->u.fault.id,
		.start_ns = ev->t_ns,
		.node = ev->node,
		.name = text_new(ev->u.fault.name),
		.by = text_new(ev->u.fault.by),
		.detail = text_new(ev->u.fault.detail),
	};
	tell_fault(m, ev, 0);
}

/* A JSON object cannot be cut: what is too long is left out. */
static char *whole_text(const char *s, size_t max)
{
	size_t len = s ? strnlen(s, max + 1) : max + 1;

	return len <= max ? text_take(s, len) : NULL;
}

static void apply_check(struct model *m, const struct event *ev)
{
	struct model_check *c = NULL;
	for (size_t i = 0; i < m->n_checks && !c; i++) {
		if (strcmp(m->checks[i].name, ev->u.check.name) == 0)
			c = &m->checks[i];
	}
	if (!c) {
		if (m->n_checks == MODEL_MAX_NAMED)
			return;
		m->checks = xrealloc_array(m->checks, m->n_checks + 1, sizeof(*m->checks));
		c = &m->checks[m->n_checks++];
		*c = (struct model_check){ .name = text_new(ev->u.check.name),
			.verdict = VERDICT_PENDING,
			.since_ns = ev->t_ns };
	}
	if (c->verdict != ev->u.check.verdict)
		c->since_ns = ev->t_ns;
	tell_check(m, ev, c->verdict);
	c->verdict = ev->u.check.verdict;
	text_set(&c->reason, ev->u.check.reason);
	text_unref(c->evidence);
	c->evidence = whole_text(ev->u.check.evidence, MODEL_MAX_EVIDENCE);
}

static void apply_run_end(struct model *m, const struct event *ev)
{
	m->ended = true;
	m->verdict = ev->u.run_end.verdict;
	m->exit_code = ev->u.run_end.exit_code;
	text_set(&m->end_reason, ev->u.run_end.reason);
}

void model_apply(struct model *m, const struct event *ev)
{
	m->now_ns = MAX(m->now_ns, ev->t_ns);
	m->events++;
	series_at(m, ev->t_ns); /* the graphs go on when nothing happens that they count */
	switch (ev->kind) {
	case EVENT_RUN_START:
		apply_run_start(m, ev);
		break;
	case EVENT_PHASE:
		apply_phase(m, ev);
		break;
	case EVENT_NODE_STATE:
		apply_node_state(m, ev);
		break;
	case EVENT_NODE_SAMPLE:
		apply_sample(m, ev);
		break;
	case EVENT_BLOCK:
		apply_block(m, ev);
		break;
	case EVENT_BLOCK_SEEN:
		if (ev->node >= 0)
			chain_view_seen(m->chain, &ev->u.block_seen.id, ev->node, ev->t_ns);
		break;
	case EVENT_REORG:
		apply_reorg(m, ev);
		break;
	case EVENT_TX:
		apply_tx(m, ev);
		break;
	case EVENT_WORKLOAD:
		apply_workload(m, ev);
		break;
	case EVENT_FAULT:
		apply_fault(m, ev);
		break;
	case EVENT_CHECK:
		apply_check(m, ev);
		break;
	case EVENT_LOG:
		tell_log(m, ev);
		break;
	case EVENT_NOTE:
		tell_note(m, ev);
		break;
	case EVENT_LOST:
		m->n_lost += ev->u.lost.count;
		break;
	case EVENT_RUN_END:
		apply_run_end(m, ev);
		break;
	case EVENT_LINK:
		apply_link(m, ev);
		break;
	case EVENT_COMMAND:
		tell_command(m, ev);
		break;
	case EVENT_METRIC: /* for checks alone */
	case EVENT_KIND_COUNT:
		break;
	}
}

/* --- questions ------------------------------------------------------------------- */

const struct model_command *model_command_at(const struct model *m, uint64_t n)
{
	if (n == 0 || n > m->n_commands || m->n_commands - n >= MODEL_COMMANDS)
		return NULL;
	return &m->commands[(n - 1) % MODEL_COMMANDS];
}

const struct model_fault *model_open_fault(const struct model *m, int node)
{
	for (size_t i = m->n_faults; i > 0; i--) {
		const struct model_fault *f = &m->faults[i - 1];
		if (f->end_ns == 0 && (node < 0 || f->node == node))
			return f;
	}
	return NULL;
}

bool model_node_is_healthy(const struct model *m, size_t node)
{
	if (node >= m->n_nodes)
		return false;
	enum node_state s = m->nodes[node].state;
	return (s == NODE_UP || s == NODE_READY) && !model_open_fault(m, (int)node);
}

static bool state_runs(enum node_state s)
{
	return s == NODE_UP || s == NODE_READY;
}

bool model_heights(const struct model *m, uint64_t *ret_low, uint64_t *ret_high)
{
	bool any = false;

	*ret_low = *ret_high = 0;
	for (size_t i = 0; i < m->n_nodes; i++) {
		const struct model_node *n = &m->nodes[i];

		if (!n->has_sample || !n->ok || !state_runs(n->state))
			continue;
		*ret_low = any ? MIN(*ret_low, n->height) : n->height;
		*ret_high = MAX(*ret_high, n->height);
		any = true;
	}
	return any;
}

uint64_t model_height(const struct model *m, uint64_t *ret_lowest)
{
	uint64_t low, high;

	/* When nothing runs any more, how far it came. */
	if (!model_heights(m, &low, &high))
		low = high = max_height(m);
	if (ret_lowest)
		*ret_lowest = low;
	return high;
}
