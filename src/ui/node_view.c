/* What several panes say about a node; see node_view.h. Pure. */
#include "ui/node_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ui/pane.h"
#include "util/mem.h"
#include "util/units.h"

uint32_t glyph_of_node(const struct glyphs *g, enum node_state s)
{
	switch (s) {
	case NODE_READY:
		return g->on;
	case NODE_UP:
		return g->off;
	case NODE_STARTING:
		return g->up;
	case NODE_PAUSED:
		return '=';
	case NODE_STOPPED:
		return '-';
	case NODE_DEAD:
		return g->fail;
	case NODE_REMOVED:
		return 'x';
	case NODE_PLANNED:
	case NODE_STATE_COUNT:
		break;
	}
	return '.';
}

bool node_has_numbers(const struct model_node *n)
{
	return n->has_sample && n->ok && (n->state == NODE_UP || n->state == NODE_READY);
}

uint64_t node_lag(const struct model_node *n, uint64_t best)
{
	return best > n->height ? best - n->height : 0;
}

struct node_facts *node_facts(const struct model *m)
{
	struct node_facts *ret = xcalloc(m->n_nodes + 1, sizeof(*ret));

	for (size_t i = 0; i < m->n_faults; i++) {
		const struct model_fault *f = &m->faults[i];

		if (f->end_ns == 0 && f->node >= 0 && (size_t)f->node < m->n_nodes)
			ret[f->node].fault = f;
	}
	for (size_t i = 0; i < m->n_links; i++) {
		const struct model_link *l = &m->links[i];
		const unsigned ends[2] = { l->from, l->to };

		for (int e = 0; e < 2; e++) {
			if (ends[e] >= m->n_nodes)
				continue;
			if (l->cut)
				ret[ends[e]].cut++;
			else
				ret[ends[e]].shaped++;
		}
	}
	return ret;
}

/* "http://127.0.0.1:18083/info: no answer" -> "no answer": which node is known. */
static const char *without_address(const char *error)
{
	const char *end = strncmp(error, "http", 4) == 0 ? strstr(error, ": ") : NULL;

	return end ? end + 2 : error;
}

static enum role note_of_fault(const struct model_fault *f, uint64_t now_ns, char *ret, size_t size)
{
	char ago[32];

	fmt_ago(now_ns > f->start_ns ? now_ns - f->start_ns : 0, ago, sizeof(ago));
	snprintf(ret, size, "%s by %s, %s", f->name ? f->name : "fault", f->by ? f->by : "?", ago);
	return ROLE_FAULT;
}

static enum role note_of_links(const struct node_facts *f, char *ret, size_t size)
{
	if (f->cut > 0 && f->shaped > 0)
		snprintf(ret, size, "%u cut and %u slow link%s", f->cut, f->shaped,
			plural_s(f->shaped));
	else
		snprintf(ret, size, "%u %s link%s", f->cut + f->shaped, f->cut ? "cut" : "slow",
			plural_s(f->cut + f->shaped));
	return ROLE_FAULT;
}

enum role node_note(const struct model_node *n, const struct node_facts *facts, uint64_t now_ns,
	char *ret, size_t size)
{
	ret[0] = '\0';
	if (n->state == NODE_DEAD) {
		snprintf(ret, size, "%s", n->reason ? n->reason : "ended by itself");
		return ROLE_BAD;
	}
	if (facts->fault)
		return note_of_fault(facts->fault, now_ns, ret, size);
	if (n->state == NODE_PLANNED || n->state == NODE_STARTING || n->state == NODE_STOPPED ||
		n->state == NODE_PAUSED || n->state == NODE_REMOVED) {
		snprintf(ret, size, "%s", n->reason ? n->reason : "");
		return n->state_expected ? ROLE_DIM : ROLE_WARN;
	}
	if (n->has_sample && !n->ok) {
		snprintf(ret, size, "%s", n->error ? without_address(n->error) : "no sample");
		return ROLE_BAD;
	}
	if (node_has_numbers(n) && n->mode[0] && strcmp(n->mode, "Online") != 0) {
		snprintf(ret, size, "mode %s", n->mode);
		return ROLE_WARN;
	}
	if (facts->cut + facts->shaped > 0)
		return note_of_links(facts, ret, size);
	return ROLE_DIM;
}

static void add_ms(char *ret, size_t size, const char *word, uint64_t ns)
{
	char ms[32];
	size_t len = strlen(ret);

	fmt_ms(ns, ms, sizeof(ms));
	char *dot = strstr(ms, ".0 "); /* what people set are round numbers */
	if (dot)
		memmove(dot, dot + 2, strlen(dot + 2) + 1);
	snprintf(ret + len, size - len, "%s%s", word, ms);
}

void link_rule(const struct model_link *l, const struct glyphs *g, char *ret, size_t size)
{
	ret[0] = '\0';
	if (l->cut) {
		snprintf(ret, size, "cut");
		return;
	}
	if (l->delay_ns > 0 || l->jitter_ns > 0)
		add_ms(ret, size, l->delay_ns ? "delay " : "jitter ",
			l->delay_ns ? l->delay_ns : l->jitter_ns);
	if (l->delay_ns > 0 && l->jitter_ns > 0)
		add_ms(ret, size, g->dots ? " ± " : " +- ", l->jitter_ns);
	if (l->loss > 0) {
		size_t len = strlen(ret);

		snprintf(ret + len, size - len, "%sloss %.3g %%", len ? ", " : "", l->loss * 100);
	}
	if (!ret[0])
		snprintf(ret, size, "as usual");
}

size_t node_dials(const struct plan *p, size_t node, unsigned **ret)
{
	struct plan_node extra;

	*ret = NULL;
	if (node < p->n_nodes) {
		const struct plan_node *n = &p->nodes[node];

		if (n->n_peers > 0)
			*ret = xmemdup(n->peers, n->n_peers * sizeof(*n->peers));
		return n->n_peers;
	}
	if (p->n_nodes == 0 || node > UINT16_MAX)
		return 0;
	plan_extra_node(p, (unsigned)node, &extra);
	*ret = extra.peers;
	return extra.n_peers;
}

int node_by_key(const struct plan *p, const struct id32 *key)
{
	for (size_t i = 0; p && i < p->n_nodes; i++) {
		if (id32_eq(&p->nodes[i].key.pk, key))
			return (int)i;
	}
	return -1;
}

static void mark(struct selection *sel, size_t i, bool on)
{
	if (sel->marked[i] == on)
		return;
	sel->marked[i] = on;
	if (on)
		sel->n_marked++;
	else
		sel->n_marked--;
}

void selection_toggle(struct selection *sel, const struct model *m)
{
	if (sel->node < MIN(m->n_nodes, (size_t)TOPOLOGY_MAX_NODES))
		mark(sel, sel->node, !sel->marked[sel->node]);
}

void selection_mark_all(struct selection *sel, const struct model *m)
{
	size_t n = MIN(m->n_nodes, (size_t)TOPOLOGY_MAX_NODES);
	bool all = true;

	for (size_t i = 0; i < n; i++)
		all = all && (sel->marked[i] || m->nodes[i].state == NODE_REMOVED);
	for (size_t i = 0; i < n; i++)
		mark(sel, i, !all && m->nodes[i].state != NODE_REMOVED);
}

bool text_has(const char *text, const char *needle)
{
	return text && needle[0] && strcasestr(text, needle) != NULL;
}
