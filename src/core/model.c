/*
 * The fold of events into the state of a run; see model.h.
 *
 * Recorded files are input from outside: whatever an event says, counts and
 * indices stay bounded and a nonsensical sequence gives a nonsensical model,
 * never a broken one.
 */
#include "core/model.h"

#include <stdio.h>
#include <string.h>

#include "util/log.h"
#include "util/mem.h"

#define MODEL_MAX_NODES 2001 /* indices 0..2000, as event.c lets through */
#define MODEL_MAX_NAMED 1000 /* workloads, checks */

static void replace_str(char **at, const char *s)
{
	char *copy = xstrdup(s);
	free(*at);
	*at = copy;
}

struct model *model_new(void)
{
	struct model *m = xcalloc(1, sizeof(*m));
	m->chain = chain_view_new();
	m->logs = xcalloc(MODEL_LOG_LINES, sizeof(*m->logs));
	return m;
}

static void release_nodes(struct model *m)
{
	for (size_t i = 0; i < m->n_nodes; i++) {
		free(m->nodes[i].reason);
		free(m->nodes[i].endpoint);
		free(m->nodes[i].error);
	}
	free(m->nodes);
}

static void fault_release(struct model_fault *f)
{
	free(f->name);
	free(f->by);
	free(f->detail);
}

static void model_release(struct model *m)
{
	free(m->run_id);
	free(m->preset);
	free(m->backend);
	free(m->started);
	free(m->end_reason);
	for (int i = 0; i < PHASE_COUNT; i++)
		free(m->phases[i].reason);
	release_nodes(m);
	for (size_t i = 0; i < m->n_workloads; i++) {
		free(m->workloads[i].name);
		free(m->workloads[i].reason);
	}
	free(m->workloads);
	for (size_t i = 0; i < m->n_faults; i++)
		fault_release(&m->faults[i]);
	free(m->faults);
	for (size_t i = 0; i < m->n_checks; i++) {
		free(m->checks[i].name);
		free(m->checks[i].reason);
		free(m->checks[i].evidence);
	}
	free(m->checks);
	for (size_t i = 0; i < m->n_logs; i++)
		free(m->logs[i].text);
	free(m->logs);
	free(m->blocks);
	chain_view_free(m->chain);
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
static struct model_node *node_at(struct model *m, int node)
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
	replace_str(&m->run_id, ev->u.run_start.run_id);
	replace_str(&m->preset, ev->u.run_start.preset);
	replace_str(&m->backend, ev->u.run_start.backend);
	replace_str(&m->started, ev->u.run_start.started);
	m->seed = ev->u.run_start.seed;
	if (ev->u.run_start.n_nodes > 0)
		node_at(m, (int)MIN(ev->u.run_start.n_nodes, (unsigned)MODEL_MAX_NODES) - 1);
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
		p->started = true;
		p->ended = false;
		p->start_ns = ev->t_ns;
		m->phase = ev->u.phase.phase;
		return;
	}
	p->ended = true;
	p->ok = ev->u.phase.ok;
	p->duration_ns = ev->u.phase.duration_ns;
	replace_str(&p->reason, ev->u.phase.reason);
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

	free(n->reason);
	line = line ? line + 1 : tail;
	n->reason = *line ? xasprintf("%s; last words: %.*s", reason, LAST_WORDS, line)
			  : xstrdup(reason);
}

static void apply_node_state(struct model *m, const struct event *ev)
{
	struct model_node *n = node_at(m, ev->node);
	if (!n)
		return;
	enum node_state state = ev->u.node_state.state;
	if (state == NODE_STARTING && n->state != NODE_PLANNED && n->state != NODE_STARTING)
		n->restarts++;
	if (state != n->state || m->events == 1)
		n->state_since_ns = ev->t_ns;
	n->state = state;
	n->state_expected = ev->u.node_state.expected;
	if (state == NODE_DEAD)
		set_death_reason(n, ev);
	else
		replace_str(&n->reason, ev->u.node_state.reason);
	if (!state_has_process(state)) {
		replace_str(&n->endpoint, NULL);
		replace_str(&n->error, NULL);
		n->pid = 0;
		return;
	}
	if (ev->u.node_state.endpoint)
		replace_str(&n->endpoint, ev->u.node_state.endpoint);
	if (ev->u.node_state.pid)
		n->pid = ev->u.node_state.pid;
}

static void apply_sample(struct model *m, const struct event *ev)
{
	struct model_node *n = node_at(m, ev->node);
	if (!n)
		return;
	n->has_sample = true;
	n->ok = ev->u.sample.ok;
	n->sample_ns = ev->t_ns;
	n->cpu = ev->u.sample.cpu;
	n->rss_bytes = ev->u.sample.rss_bytes;
	/* That a node which does not run gives no answer is no news. */
	replace_str(&n->error, state_has_process(n->state) ? ev->u.sample.error : NULL);
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
		*w = (struct model_workload){ .name = xstrdup(ev->u.workload.name) };
	}
	w->counts = ev->u.workload.counts;
	w->ended = ev->u.workload.end;
	w->ok = ev->u.workload.ok;
	replace_str(&w->reason, ev->u.workload.reason);
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
			replace_str(&f->detail, ev->u.fault.detail);
		return;
	}
	if (f || (m->n_faults == MODEL_MAX_FAULTS && !drop_old_fault(m)))
		return;
	m->faults = xrealloc_array(m->faults, m->n_faults + 1, sizeof(*m->faults));
	m->faults[m->n_faults++] = (struct model_fault){
		.id = ev->u.fault.id,
		.start_ns = ev->t_ns,
		.node = ev->node,
		.name = xstrdup(ev->u.fault.name),
		.by = xstrdup(ev->u.fault.by),
		.detail = xstrdup(ev->u.fault.detail),
	};
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
		*c = (struct model_check){ .name = xstrdup(ev->u.check.name),
			.verdict = ev->u.check.verdict,
			.since_ns = ev->t_ns };
	}
	if (c->verdict != ev->u.check.verdict)
		c->since_ns = ev->t_ns;
	c->verdict = ev->u.check.verdict;
	replace_str(&c->reason, ev->u.check.reason);
	replace_str(&c->evidence, ev->u.check.evidence);
}

static void add_log(struct model *m, const struct event *ev, int level, const char *text)
{
	struct model_log *l = &m->logs[(m->log_head + m->n_logs) % MODEL_LOG_LINES];
	if (m->n_logs == MODEL_LOG_LINES) {
		free(l->text);
		m->log_head = (m->log_head + 1) % MODEL_LOG_LINES;
	} else {
		m->n_logs++;
	}
	*l = (struct model_log){
		.t_ns = ev->t_ns,
		.node = ev->node,
		.level = level,
		.text = xstrdup(text),
	};
}

static void apply_run_end(struct model *m, const struct event *ev)
{
	m->ended = true;
	m->verdict = ev->u.run_end.verdict;
	m->exit_code = ev->u.run_end.exit_code;
	replace_str(&m->end_reason, ev->u.run_end.reason);
}

void model_apply(struct model *m, const struct event *ev)
{
	m->now_ns = MAX(m->now_ns, ev->t_ns);
	m->events++;
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
		m->n_reorgs++;
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
		add_log(m, ev, ev->u.log.level, ev->u.log.text);
		break;
	case EVENT_NOTE:
		add_log(m, ev, LOG_INFO, ev->u.note.text);
		break;
	case EVENT_LOST:
		m->n_lost += ev->u.lost.count;
		break;
	case EVENT_RUN_END:
		apply_run_end(m, ev);
		break;
	case EVENT_TX:
	case EVENT_LINK:
	case EVENT_COMMAND:
	case EVENT_KIND_COUNT:
		break;
	}
}

/* --- snapshots ------------------------------------------------------------------- */

static void *copy_array(const void *items, size_t n, size_t size)
{
	return xmemdup(items, n * size);
}

static void copy_nodes(struct model *to)
{
	to->nodes = copy_array(to->nodes, to->n_nodes, sizeof(*to->nodes));
	for (size_t i = 0; i < to->n_nodes; i++) {
		struct model_node *n = &to->nodes[i];
		n->reason = xstrdup(n->reason);
		n->endpoint = xstrdup(n->endpoint);
		n->error = xstrdup(n->error);
	}
}

static void copy_named(struct model *to)
{
	to->workloads = copy_array(to->workloads, to->n_workloads, sizeof(*to->workloads));
	for (size_t i = 0; i < to->n_workloads; i++) {
		to->workloads[i].name = xstrdup(to->workloads[i].name);
		to->workloads[i].reason = xstrdup(to->workloads[i].reason);
	}
	to->faults = copy_array(to->faults, to->n_faults, sizeof(*to->faults));
	for (size_t i = 0; i < to->n_faults; i++) {
		to->faults[i].name = xstrdup(to->faults[i].name);
		to->faults[i].by = xstrdup(to->faults[i].by);
		to->faults[i].detail = xstrdup(to->faults[i].detail);
	}
	to->checks = copy_array(to->checks, to->n_checks, sizeof(*to->checks));
	for (size_t i = 0; i < to->n_checks; i++) {
		to->checks[i].name = xstrdup(to->checks[i].name);
		to->checks[i].reason = xstrdup(to->checks[i].reason);
		to->checks[i].evidence = xstrdup(to->checks[i].evidence);
	}
}

static int copy_block(const struct view_block *b, void *arg)
{
	struct model *to = arg;
	to->blocks[to->n_snapshot_blocks] = *b;
	to->blocks[to->n_snapshot_blocks++].parent_block = NULL;
	return to->n_snapshot_blocks == MODEL_BLOCKS;
}

struct snapshot *snapshot_new(const struct model *m)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	struct model *to = &s->model;

	s->refs = 1;
	*to = *m; /* then everything that is owned gets a copy of its own */
	to->run_id = xstrdup(m->run_id);
	to->preset = xstrdup(m->preset);
	to->backend = xstrdup(m->backend);
	to->started = xstrdup(m->started);
	to->end_reason = xstrdup(m->end_reason);
	for (int i = 0; i < PHASE_COUNT; i++)
		to->phases[i].reason = xstrdup(m->phases[i].reason);
	copy_nodes(to);
	copy_named(to);

	to->chain = NULL;
	to->blocks = xcalloc(MODEL_BLOCKS, sizeof(*to->blocks));
	to->n_snapshot_blocks = 0;
	chain_view_each_newest(m->chain, copy_block, to);

	to->logs = copy_array(m->logs, m->n_logs, sizeof(*to->logs));
	for (size_t i = 0; i < to->n_logs; i++)
		to->logs[i].text = xstrdup(to->logs[i].text);
	return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void snapshot_unref(struct snapshot *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	model_release(&s->model);
	free(s);
}

/* --- questions ------------------------------------------------------------------- */

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
