/*
 * The map: the topology with the state of nodes and links. Arrows go from node
 * to node; the selected one is that of the nodes pane.
 */
#include <stdio.h>
#include <string.h>

#include "core/scenario.h"
#include "ui/map.h"
#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/mem.h"

#define LEGEND_MAX 4
#define VALUE_AT   14

struct map_state {
	int w, h; /* of the drawing, as last drawn */
};

static size_t n_shown(const struct pane_context *ctx)
{
	return ctx->model->n_nodes ? ctx->model->n_nodes : ctx->plan ? ctx->plan->n_nodes : 0;
}

static void map_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	size_t cut = 0;

	(void)state;
	if (ctx->plan && ctx->plan->scenario)
		strbuf_addf(
			out, "%s, ", topology_layout_name(ctx->plan->scenario->topology.layout));
	strbuf_addf(out, "%zu nodes", n_shown(ctx));
	for (size_t i = 0; i < m->n_links; i++)
		cut += m->links[i].cut;
	if (cut)
		strbuf_addf(out, ", %zu link%s cut", cut, cut == 1 ? "" : "s");
	if (m->n_links > cut)
		strbuf_addf(out, ", %zu shaped", m->n_links - cut);
}

/* Links with their rules, as many as there are rows for. */
static void draw_legend(const struct model *m, struct view *v, int y, int rows)
{
	const struct glyphs *g = v->canvas->glyphs;
	char rule[80];

	for (int i = 0; i < rows; i++) {
		const struct model_link *l = &m->links[i];
		if (i == rows - 1 && m->n_links > (size_t)rows) {
			view_textf(v, 1, y + i, ROLE_DIM, "and %zu more links",
				m->n_links - (size_t)i);
			return;
		}
		link_rule(l, g, rule, sizeof(rule));
		view_textf(v, 1, y + i, l->cut ? ROLE_BAD : ROLE_WARN, "n%u %s n%u  %s", l->from,
			glyph_str(g->right), l->to, rule);
	}
}

static void pane_map_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct map_state *s = state;
	int legend = (int)MIN(ctx->model->n_links, (size_t)MIN(LEGEND_MAX, v->h / 4));
	struct view part = view_sub(v, 1, 0, v->w - 2, v->h - legend);

	s->w = part.w;
	s->h = part.h;
	map_draw(ctx->plan, ctx->model, &part,
		ctx->selection->node < n_shown(ctx) ? (int)ctx->selection->node : -1);
	draw_legend(ctx->model, v, v->h - legend, legend);
}

static enum pane_reply move(
	const struct map_state *s, const struct pane_context *ctx, int dx, int dy)
{
	struct map_place p;

	map_place(ctx->plan, n_shown(ctx), s->w, s->h, &p);
	ctx->selection->node = map_neighbour(&p, ctx->selection->node, dx, dy);
	map_place_release(&p);
	return PANE_HANDLED;
}

static enum pane_reply map_act(void *state, const struct pane_context *ctx, enum action a)
{
	size_t n = n_shown(ctx);

	switch (a) {
	case ACTION_LEFT:
		return move(state, ctx, -1, 0);
	case ACTION_RIGHT:
		return move(state, ctx, 1, 0);
	case ACTION_UP:
		return move(state, ctx, 0, -1);
	case ACTION_DOWN:
		return move(state, ctx, 0, 1);
	case ACTION_FIRST:
		ctx->selection->node = 0;
		return PANE_HANDLED;
	case ACTION_LAST:
		ctx->selection->node = n ? (unsigned)n - 1 : 0;
		return PANE_HANDLED;
	case ACTION_OPEN:
		return n ? PANE_DETAIL : PANE_IGNORED;
	case ACTION_MARK:
		selection_mark(ctx);
		return PANE_HANDLED;
	case ACTION_MARK_ALL:
		selection_mark_all(ctx);
		return PANE_HANDLED;
	default:
		return PANE_IGNORED;
	}
}

static enum pane_reply map_click(void *state, const struct pane_context *ctx, int x, int y)
{
	const struct map_state *s = state;
	struct map_place p;

	map_place(ctx->plan, n_shown(ctx), s->w, s->h, &p);
	int node = map_node_at(&p, x - 1, y);
	map_place_release(&p);
	if (node < 0)
		return PANE_IGNORED;
	ctx->selection->node = (unsigned)node;
	return PANE_HANDLED;
}

/* --- all about a node's links ------------------------------------------------------------------
 */

static void add_link(struct rich *out, const struct model *m, unsigned from, unsigned to)
{
	const struct model_link *l = model_find_link(m, from, to);
	char rule[80], since[24];

	rich_addf(out, ROLE_NORMAL, "  n%u to n%-5u ", from, to);
	if (!l) {
		rich_add(out, ROLE_DIM, "as it is");
		rich_newline(out);
		return;
	}
	link_rule(l, &glyphs_ascii, rule, sizeof(rule));
	rich_addf(out, l->cut ? ROLE_BAD : ROLE_WARN, "%s ", rule);
	rich_addf(out, ROLE_DIM, "since %s", fmt_clock(l->since_ns, since, sizeof(since)));
	rich_newline(out);
}

static bool dials(const struct plan *p, unsigned from, unsigned to)
{
	CLEANUP_FREE unsigned *peers = NULL;
	size_t n = node_dials(p, from, &peers);

	for (size_t i = 0; i < n; i++) {
		if (peers[i] == to)
			return true;
	}
	return false;
}

static bool map_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	unsigned node = ctx->selection->node;
	size_t n = n_shown(ctx);

	(void)state;
	if (node >= n || !ctx->plan)
		return false;
	snprintf(ret_title, title_size, "links of n%u", node);
	rich_heading(out, "connections, who dials first");
	for (unsigned i = 0; i < n; i++) {
		if (i == node || !(dials(ctx->plan, node, i) || dials(ctx->plan, i, node)))
			continue;
		bool first = dials(ctx->plan, node, i);
		add_link(out, ctx->model, first ? node : i, first ? i : node);
		add_link(out, ctx->model, first ? i : node, first ? node : i);
	}
	rich_heading(out, "other links that are cut or shaped");
	for (size_t i = 0; i < ctx->model->n_links; i++) {
		const struct model_link *l = &ctx->model->links[i];
		bool peers = dials(ctx->plan, l->from, l->to) || dials(ctx->plan, l->to, l->from);
		if ((l->from == node || l->to == node) && !peers)
			add_link(out, ctx->model, l->from, l->to);
	}
	return true;
}

const struct pane_ops pane_map = {
	.id = PANE_MAP,
	.title = "map",
	.state_size = sizeof(struct map_state),
	.init = pane_no_init,
	.status = map_status,
	.draw = pane_map_draw,
	.brief = pane_no_brief,
	.act = map_act,
	.click = map_click,
	.search = pane_no_search,
	.detail = map_detail,
	.release = pane_no_release,
};
