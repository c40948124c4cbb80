/*
 * The map of the topology: who is linked with whom, in which state nodes and
 * links are. Arrows move the selection to the node that lies in that direction;
 * it is the same selection as that of the nodes pane. Main thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/map.h"
#include "ui/node_detail.h"
#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/mem.h"
#include "util/units.h"

struct map_state {
	int w, h; /* of the picture, as of the last draw */
	int top;  /* its first row in the view */
	char search[80];
};

#define LEGEND_MAX 4
#define LOW        8 /* rows below which there is the picture alone */

static void picture_of(
	const struct map_state *s, const struct pane_context *ctx, struct map_picture *ret)
{
	size_t n;

	*ret = (struct map_picture){ .plan = ctx->plan,
		.model = ctx->model,
		.marked = ctx->selection->marked,
		.match = s->search };
	n = map_picture_nodes(ret);
	if (ctx->selection->node >= n)
		ctx->selection->node = n > 0 ? (unsigned)n - 1 : 0;
	ret->selected = (int)ctx->selection->node;
}

/* --- drawing --------------------------------------------------------------------- */

static int legend_rows(const struct pane_context *ctx, const struct view *v)
{
	int most = MIN(LEGEND_MAX, v->h / 5);
	struct canvas scratch;

	if (most <= 0 || ctx->model->n_links == 0)
		return 0;
	canvas_init(&scratch, v->w - 1, most, v->canvas->glyphs);
	struct view all = view_all(&scratch);
	int rows = map_legend(ctx->model, &all);
	canvas_release(&scratch);
	return rows;
}

/* The selected node in a line. */
static void draw_selected(const struct pane_context *ctx, struct view *v)
{
	const struct model *m = ctx->model;
	size_t i = ctx->selection->node;
	char note[300];

	if (i >= m->n_nodes)
		return;
	const struct model_node *n = &m->nodes[i];
	CLEANUP_FREE struct node_facts *facts = node_facts(m);
	enum role role = node_note(n, &facts[i], ctx->now_ns, note, sizeof(note));
	int x = view_textf(v, 0, 0, ROLE_STRONG, "%s ", n->name);

	view_char(v, x, 0, role_of_node(n->state), glyph_of_node(v->canvas->glyphs, n->state));
	x = view_text(v, x + 2, 0, role_of_node(n->state), node_state_name(n->state));
	if (n->has_sample)
		x = view_textf(v, x + 2, 0, ROLE_NORMAL,
			"height %" PRIu64 "  lag %" PRIu64 "  peers %" PRIu64, n->height,
			node_lag(n, model_height(m, NULL)), n->peers);
	if (note[0])
		view_text_cut(v, x + 2, 0, v->w - x - 2, role, note);
}

/* What the glyphs of a grid stand for, and how many there are of each. */
static void draw_key(const struct pane_context *ctx, struct view *v)
{
	const struct model *m = ctx->model;
	const struct glyphs *g = v->canvas->glyphs;
	CLEANUP_FREE struct node_facts *facts = node_facts(m);
	size_t counts[NODE_STATE_COUNT] = { 0 }, cut = 0;
	int x = 0;

	for (size_t i = 0; i < m->n_nodes; i++) {
		if (m->nodes[i].state == NODE_READY && facts[i].cut)
			cut++;
		else
			counts[m->nodes[i].state]++;
	}
	for (int s = NODE_STATE_COUNT - 1; s >= 0; s--) {
		if (counts[s] == 0)
			continue;
		view_char(v, x, 0, role_of_node((enum node_state)s),
			glyph_of_node(g, (enum node_state)s));
		x = view_textf(v, x + 2, 0, ROLE_DIM, "%s %zu", node_state_name((enum node_state)s),
			    counts[s]) +
		    3;
	}
	if (cut > 0) {
		view_char(v, x, 0, ROLE_BAD, g->link_cut);
		view_textf(v, x + 2, 0, ROLE_DIM, "ready, links cut %zu", cut);
	}
}

static bool is_grid(const struct map_picture *p, int w, int h)
{
	struct map_layout l;

	map_picture_layout(p, w, h, &l);
	bool grid = l.kind != MAP_GRAPH;
	map_layout_release(&l);
	return grid;
}

static void map_pane_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct map_state *s = state;
	struct map_picture p;
	int bottom = v->h;

	picture_of(s, ctx, &p);
	s->top = 0;
	if (v->w > 0 && v->h >= LOW) {
		if (!ctx->plan) {
			view_text_cut(v, 1, 0, v->w - 1, ROLE_WARN,
				"the topology is not known: nodes without links");
			s->top = 1;
		}
		struct view line = view_sub(v, 1, --bottom, v->w - 1, 1);
		draw_selected(ctx, &line);
		bottom -= legend_rows(ctx, v);
		struct view legend = view_sub(v, 1, bottom, v->w - 1, v->h - 1 - bottom);
		map_legend(ctx->model, &legend);
		if (is_grid(&p, v->w - 2, bottom - s->top)) {
			struct view key = view_sub(v, 1, --bottom, v->w - 1, 1);
			draw_key(ctx, &key);
		}
	}
	/* a margin at both sides, and a line between the picture and what is below it */
	struct view picture = view_sub(v, 1, s->top, v->w - 2,
		bottom - s->top - (bottom < v->h && bottom - s->top > 6 ? 1 : 0));
	s->w = picture.w;
	s->h = picture.h;
	if (map_picture_nodes(&p) == 0)
		view_text_cut(&picture, 0, 0, picture.w, ROLE_DIM, "no nodes yet");
	else
		map_picture_draw(&p, &picture);
}

static void map_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	size_t links = 0, cut = 0, slow = 0;

	(void)state;
	if (ctx->plan && ctx->plan->scenario)
		strbuf_addf(
			out, "%s, ", topology_layout_name(ctx->plan->scenario->topology.layout));
	size_t nodes = MAX(m->n_nodes, ctx->plan ? ctx->plan->n_nodes : 0);

	strbuf_addf(out, "%zu node%s", nodes, plural_s(nodes));
	for (size_t i = 0; ctx->plan && i < ctx->plan->n_nodes; i++)
		links += ctx->plan->nodes[i].n_peers;
	if (ctx->plan)
		strbuf_addf(out, ", %zu link%s", links, plural_s(links));
	for (size_t i = 0; i < m->n_links; i++) {
		const struct model_link *l = &m->links[i];
		const struct model_link *back = model_find_link(m, l->to, l->from);

		if (back && (back->cut > l->cut || (back->cut == l->cut && l->from > l->to)))
			continue; /* counted with the other direction */
		if (l->cut)
			cut++;
		else
			slow++;
	}
	if (slow > 0)
		strbuf_addf(out, ", %zu slow", slow);
	if (cut > 0)
		strbuf_addf(out, ", %zu cut", cut);
}

/* --- acting ---------------------------------------------------------------------- */

static bool is_match(const struct map_state *s, const struct pane_context *ctx, size_t i)
{
	const struct model_node *n = &ctx->model->nodes[i];

	return text_has(n->name, s->search) || text_has(node_state_name(n->state), s->search);
}

static bool go_to_match(const struct map_state *s, const struct pane_context *ctx, bool back)
{
	size_t n = ctx->model->n_nodes;

	for (size_t d = 1; d <= n; d++) {
		size_t i = (ctx->selection->node + (back ? n - d : d)) % n;

		if (is_match(s, ctx, i)) {
			ctx->selection->node = (unsigned)i;
			return true;
		}
	}
	return false;
}

static void move(const struct map_state *s, const struct pane_context *ctx, int dx, int dy)
{
	struct map_picture p;
	struct map_layout l;

	picture_of(s, ctx, &p);
	map_picture_layout(&p, s->w, s->h, &l);
	ctx->selection->node = (unsigned)map_layout_next(&l, ctx->selection->node, dx, dy);
	map_layout_release(&l);
}

static enum pane_reply map_act(void *state, const struct pane_context *ctx, enum action a)
{
	struct map_state *s = state;
	struct map_picture p;

	picture_of(s, ctx, &p);
	size_t n = map_picture_nodes(&p);
	if (n == 0)
		return PANE_IGNORED;
	switch (a) {
	case ACTION_LEFT:
	case ACTION_RIGHT:
		move(s, ctx, a == ACTION_LEFT ? -1 : 1, 0);
		return PANE_HANDLED;
	case ACTION_UP:
	case ACTION_DOWN:
		move(s, ctx, 0, a == ACTION_UP ? -1 : 1);
		return PANE_HANDLED;
	case ACTION_PAGE_UP: /* by index, around: every node can be reached */
	case ACTION_PAGE_DOWN:
		ctx->selection->node =
			(unsigned)((ctx->selection->node + (a == ACTION_PAGE_UP ? n - 1 : 1)) % n);
		return PANE_HANDLED;
	case ACTION_FIRST:
	case ACTION_LAST:
		ctx->selection->node = a == ACTION_FIRST ? 0 : (unsigned)n - 1;
		return PANE_HANDLED;
	case ACTION_MARK:
		selection_toggle(ctx->selection, ctx->model);
		return PANE_HANDLED;
	case ACTION_MARK_ALL:
		selection_mark_all(ctx->selection, ctx->model);
		return PANE_HANDLED;
	case ACTION_NEXT_MATCH:
	case ACTION_PREV_MATCH:
		return go_to_match(s, ctx, a == ACTION_PREV_MATCH) ? PANE_HANDLED : PANE_IGNORED;
	case ACTION_OPEN:
		return PANE_DETAIL;
	default:
		return PANE_IGNORED;
	}
}

static enum pane_reply map_click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct map_state *s = state;
	struct map_picture p;
	struct map_layout l;

	picture_of(s, ctx, &p);
	map_picture_layout(&p, s->w, s->h, &l);
	size_t at = map_layout_at(&l, x - 1, y - s->top, map_picture_name_width(&p)), n = l.n;
	map_layout_release(&l);
	if (at >= n || y - s->top >= s->h)
		return PANE_IGNORED;
	if (at == ctx->selection->node)
		return PANE_DETAIL;
	ctx->selection->node = (unsigned)at;
	return PANE_HANDLED;
}

static size_t map_search(void *state, const struct pane_context *ctx, const char *text)
{
	struct map_state *s = state;
	size_t matches = 0;

	snprintf(s->search, sizeof(s->search), "%s", text);
	for (size_t i = 0; i < ctx->model->n_nodes; i++)
		matches += is_match(s, ctx, i);
	if (matches > 0 && (ctx->selection->node >= ctx->model->n_nodes ||
				   !is_match(s, ctx, ctx->selection->node)))
		go_to_match(s, ctx, false);
	return matches;
}

static bool map_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct map_state *s = state;
	struct map_picture p;
	size_t i;

	picture_of(s, ctx, &p);
	i = ctx->selection->node;
	if (i >= map_picture_nodes(&p))
		return false;
	snprintf(ret_title, title_size, "links of %s",
		i < ctx->model->n_nodes ? ctx->model->nodes[i].name : ctx->plan->nodes[i].name);
	node_detail_links(ctx, i, out);
	return true;
}

const struct pane_ops pane_map = {
	.id = PANE_MAP,
	.title = "map",
	.state_size = sizeof(struct map_state),
	.init = pane_no_init,
	.status = map_status,
	.draw = map_pane_draw,
	.brief = pane_no_brief,
	.act = map_act,
	.click = map_click,
	.search = map_search,
	.detail = map_detail,
	.release = pane_no_release,
};
