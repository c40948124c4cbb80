/*
 * Drawing the map; see map.h. Links are drawn first, as dots of braille where
 * the terminal has them, then nodes on top of them.
 */
#include "ui/map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/mem.h"
#include "util/units.h"

/* What a cell shows when several links pass it: the greatest. */
enum weight { WEIGHT_NONE, WEIGHT_DOWN, WEIGHT_USUAL, WEIGHT_SELECTED, WEIGHT_SHAPED, WEIGHT_CUT };

static const enum role weight_roles[] = {
	[WEIGHT_NONE] = ROLE_NORMAL,
	[WEIGHT_DOWN] = ROLE_DIM,
	[WEIGHT_USUAL] = ROLE_DIM,
	[WEIGHT_SELECTED] = ROLE_ACCENT,
	[WEIGHT_SHAPED] = ROLE_WARN,
	[WEIGHT_CUT] = ROLE_BAD,
};

struct edge {
	unsigned from, to;
	enum weight weight;
};
struct edges {
	VEC(struct edge) list;
	size_t n_all; /* links of the topology, drawn or not */
};

struct ink {
	uint32_t ch;  /* a character of its own; 0: dots */
	uint8_t dots; /* of braille */
	uint8_t weight;
};
struct paper {
	int w, h;
	struct ink *cells;
	const struct glyphs *glyphs;
};

size_t map_picture_nodes(const struct map_picture *p)
{
	size_t planned = p->plan ? p->plan->n_nodes : 0, known = p->model ? p->model->n_nodes : 0;

	return MAX(planned, known);
}

static const struct model_node *node_of(const struct map_picture *p, size_t i)
{
	return p->model && i < p->model->n_nodes ? &p->model->nodes[i] : NULL;
}

static void name_of(const struct map_picture *p, size_t i, char *ret, size_t size)
{
	const struct model_node *n = node_of(p, i);

	if (n)
		snprintf(ret, size, "%s", n->name);
	else if (p->plan && i < p->plan->n_nodes)
		snprintf(ret, size, "%s", p->plan->nodes[i].name);
	else
		snprintf(ret, size, "n%zu", i);
}

#define LAG_W 4 /* " -17" may follow a name */

int map_picture_name_width(const struct map_picture *p)
{
	size_t n = map_picture_nodes(p);
	int w = 1;

	for (size_t i = 0; i < n; i++) {
		char name[24];

		name_of(p, i, name, sizeof(name));
		w = MAX(w, text_width(name));
	}
	return p->model ? w + LAG_W : w;
}

void map_picture_layout(const struct map_picture *p, int w, int h, struct map_layout *ret)
{
	enum topology_layout layout =
		p->plan && p->plan->scenario ? p->plan->scenario->topology.layout : LAYOUT_RING;

	map_layout_init(ret, layout, map_picture_nodes(p), map_picture_name_width(p), w, h);
	if (p->selected >= 0)
		map_layout_show(ret, (size_t)p->selected, h);
}

/* --- links ----------------------------------------------------------------------- */

static bool is_gone(const struct map_picture *p, size_t i)
{
	const struct model_node *n = node_of(p, i);

	return n && (n->state == NODE_REMOVED || n->state == NODE_DEAD ||
			    n->state == NODE_STOPPED || n->state == NODE_PLANNED);
}

static enum weight weight_of(const struct map_picture *p, unsigned from, unsigned to)
{
	const struct model_link *there = NULL, *back = NULL;

	if (p->model && p->model->n_links > 0) {
		there = model_find_link(p->model, from, to);
		back = model_find_link(p->model, to, from);
	}
	if ((there && there->cut) || (back && back->cut))
		return WEIGHT_CUT;
	if (there || back)
		return WEIGHT_SHAPED;
	if (is_gone(p, from) || is_gone(p, to))
		return WEIGHT_DOWN;
	return p->selected == (int)from || p->selected == (int)to ? WEIGHT_SELECTED : WEIGHT_USUAL;
}

/* Beyond `limit` links only those that tell something: the selected node's, cut and shaped ones. */
static void find_edges(const struct map_picture *p, size_t limit, struct edges *ret)
{
	size_t n = map_picture_nodes(p);

	if (!p->plan)
		return;
	for (size_t i = 0; i < p->plan->n_nodes; i++)
		ret->n_all += p->plan->nodes[i].n_peers;
	for (size_t i = 0; i < n; i++) {
		const struct model_node *node = node_of(p, i);
		unsigned *peers;

		if (node && node->state == NODE_REMOVED)
			continue;
		size_t n_peers = node_dials(p->plan, i, &peers);
		for (size_t k = 0; k < n_peers; k++) {
			struct edge e = { (unsigned)i, peers[k], WEIGHT_USUAL };

			if (e.to >= n)
				continue;
			e.weight = weight_of(p, e.from, e.to);
			if (ret->n_all <= limit || e.weight >= WEIGHT_SELECTED)
				vec_push(&ret->list, e);
		}
		if (i >= p->plan->n_nodes)
			ret->n_all += n_peers;
		free(peers);
	}
}

static void set_dot(struct paper *p, int x, int y, enum weight weight)
{
	static const uint8_t bits[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 },
		{ 0x40, 0x80 } };

	if (x < 0 || y < 0 || x >= 2 * p->w || y >= 4 * p->h)
		return;
	struct ink *c = &p->cells[(size_t)(y / 4) * (size_t)p->w + (size_t)(x / 2)];
	c->dots |= bits[y % 4][x % 2];
	c->weight = MAX(c->weight, (uint8_t)weight);
}

static bool is_diagonal(const struct glyphs *g, uint32_t ch)
{
	return ch == g->link_up || ch == g->link_down || ch == g->link_cross;
}

static void set_char(struct paper *p, int x, int y, enum weight weight, uint32_t ch)
{
	const struct glyphs *g = p->glyphs;

	if (x < 0 || y < 0 || x >= p->w || y >= p->h)
		return;
	struct ink *c = &p->cells[(size_t)y * (size_t)p->w + (size_t)x];
	if (c->ch == g->link_cut)
		return;
	if (c->ch != ch && is_diagonal(g, c->ch) && is_diagonal(g, ch))
		ch = g->link_cross;
	c->ch = ch;
	c->weight = MAX(c->weight, (uint8_t)weight);
}

/* Steps from one point to another, a cell or dot each. */
struct walk {
	int x, y, to_x, to_y, dx, dy, err, n;
};

static struct walk walk_begin(int x, int y, int to_x, int to_y)
{
	struct walk k = { x, y, to_x, to_y, abs(to_x - x), -abs(to_y - y), 0, 0 };

	k.err = k.dx + k.dy;
	return k;
}

static bool walk_step(struct walk *k)
{
	int twice = 2 * k->err;

	if (k->x == k->to_x && k->y == k->to_y)
		return false;
	if (twice >= k->dy) {
		k->err += k->dy;
		k->x += k->x < k->to_x ? 1 : -1;
	}
	if (twice <= k->dx) {
		k->err += k->dx;
		k->y += k->y < k->to_y ? 1 : -1;
	}
	k->n++;
	return true;
}

static uint32_t step_char(const struct glyphs *g, int dx, int dy)
{
	if (dx == 0)
		return g->link_v;
	if (dy == 0)
		return g->link_h;
	return dx == dy ? g->link_down : g->link_up;
}

static void draw_edge(struct paper *p, const struct edge *e, const struct map_layout *l)
{
	const struct map_place *a = &l->places[e->from], *b = &l->places[e->to];
	/* what does not carry anything now is dashed */
	bool dashed = e->weight == WEIGHT_CUT || e->weight == WEIGHT_DOWN;
	bool dots = p->glyphs->dots && a->y != b->y && a->x != b->x;
	struct walk k = dots ? walk_begin(2 * a->x, 4 * a->y + 1, 2 * b->x, 4 * b->y + 1)
			     : walk_begin(a->x, a->y, b->x, b->y);

	for (int x = k.x, y = k.y; walk_step(&k); x = k.x, y = k.y) {
		if (dots && (!dashed || k.n % 6 < 3))
			set_dot(p, k.x, k.y, e->weight);
		else if (!dots && (!dashed || k.n % 2 == 0))
			set_char(p, k.x, k.y, e->weight, step_char(p->glyphs, k.x - x, k.y - y));
	}
	if (e->weight == WEIGHT_CUT)
		set_char(p, (a->x + b->x) / 2, (a->y + b->y) / 2, WEIGHT_CUT, p->glyphs->link_cut);
}

/* Says in the middle of a circle that there are more links than are drawn. */
static void draw_omitted(const struct map_picture *pic, const struct edges *e, struct view *v)
{
	char text[80], name[24] = "";

	if (e->list.len >= e->n_all)
		return;
	if (pic->selected >= 0)
		name_of(pic, (size_t)pic->selected, name, sizeof(name));
	snprintf(text, sizeof(text),
		name[0] ? " %zu link%s, drawn are those of %s " : " %zu link%s %s", e->n_all,
		plural_s(e->n_all), name);
	int w = text_width(text);
	view_text_cut(v, MAX((v->w - w) / 2, 0), (v->h - 1) / 2, v->w, ROLE_DIM, text);
}

static void draw_edges(const struct map_picture *pic, const struct map_layout *l, struct view *v)
{
	struct paper p = { v->w, v->h, NULL, v->canvas->glyphs };
	struct edges edges = { .n_all = 0 };
	size_t cells = (size_t)v->w * (size_t)v->h;

	find_edges(pic, cells / 16, &edges);
	p.cells = xcalloc(cells, sizeof(*p.cells));
	for (size_t i = 0; i < edges.list.len; i++)
		draw_edge(&p, &edges.list.items[i], l);
	for (size_t i = 0; i < cells; i++) {
		const struct ink *c = &p.cells[i];

		if (c->ch || c->dots)
			view_char(v, (int)(i % (size_t)v->w), (int)(i / (size_t)v->w),
				weight_roles[c->weight], c->ch ? c->ch : p.glyphs->dots + c->dots);
	}
	draw_omitted(pic, &edges, v);
	free(p.cells);
	vec_free(&edges.list);
}

/* --- nodes ----------------------------------------------------------------------- */

struct look {
	uint32_t glyph;
	enum role role;
	uint64_t lag;
};

static struct look look_of(const struct map_picture *p, const struct node_facts *facts,
	uint64_t best, size_t i, const struct glyphs *g)
{
	const struct model_node *n = node_of(p, i);
	struct look look = { g->off, ROLE_NORMAL, 0 };

	if (!n) {
		if (p->model)
			look = (struct look){ glyph_of_node(g, NODE_PLANNED), ROLE_DIM, 0 };
		return look;
	}
	look.glyph = glyph_of_node(g, n->state);
	look.role = role_of_node(n->state);
	if (n->has_sample)
		look.lag = node_lag(n, best);
	if (n->state == NODE_UP || n->state == NODE_READY) {
		if (n->has_sample && !n->ok)
			look.role = ROLE_BAD;
		else if (look.lag > 3)
			look.role = ROLE_WARN;
		else if (facts[i].fault)
			look.role = ROLE_FAULT;
	}
	return look;
}

static bool is_match(const struct map_picture *p, size_t i, const char *name)
{
	const struct model_node *n = node_of(p, i);

	return p->match &&
	       (text_has(name, p->match) || (n && text_has(node_state_name(n->state), p->match)));
}

static void draw_name(const struct map_picture *p, struct view *v, const struct map_place *at,
	size_t i, const struct look *look)
{
	const struct glyphs *g = v->canvas->glyphs;
	char name[24], lag[16] = "";
	bool marked = p->marked && i < TOPOLOGY_MAX_NODES && p->marked[i];

	name_of(p, i, name, sizeof(name));
	if (look->lag > 0)
		snprintf(lag, sizeof(lag), " -%" PRIu64, MIN(look->lag, (uint64_t)99));
	int w = text_width(name) + (int)strlen(lag), x = at->left ? at->x - 1 - w : at->x + 2;
	int from = at->left ? x : at->x;
	struct view all = view_sub(v, from, at->y, w + 2, 1);

	view_char(v, at->left ? at->x - 1 : at->x + 1, at->y, ROLE_ACCENT, marked ? g->mark : ' ');
	view_char(v, at->x, at->y, look->role, look->glyph);
	int end = view_text(v, x, at->y, is_match(p, i, name) ? ROLE_MATCH : ROLE_STRONG, name);
	view_text(v, end, at->y, look->lag > 3 ? ROLE_WARN : ROLE_DIM, lag);
	if ((int)i == p->selected)
		view_select_row(&all, 0);
}

static void draw_glyph(const struct map_picture *p, struct view *v, const struct map_place *at,
	size_t i, const struct look *look)
{
	const struct glyphs *g = v->canvas->glyphs;
	char name[24];
	uint32_t ch = look->glyph;
	enum role role = look->role;
	struct view cell = view_sub(v, at->x, at->y, 1, 1);

	name_of(p, i, name, sizeof(name));
	if (p->marked && i < TOPOLOGY_MAX_NODES && p->marked[i]) {
		ch = g->mark;
		role = ROLE_ACCENT;
	}
	view_char(v, at->x, at->y, is_match(p, i, name) ? ROLE_MATCH : role, ch);
	if ((int)i == p->selected)
		view_select_row(&cell, 0);
}

void map_picture_draw(const struct map_picture *p, struct view *v)
{
	struct map_layout l;
	uint64_t best = p->model ? model_height(p->model, NULL) : 0;
	CLEANUP_FREE struct node_facts *facts = p->model ? node_facts(p->model) : NULL;

	if (v->w <= 0 || v->h <= 0)
		return;
	map_picture_layout(p, v->w, v->h, &l);
	if (l.kind == MAP_GRAPH)
		draw_edges(p, &l, v);
	for (size_t i = 0; i < l.n; i++) {
		const struct map_place *at = &l.places[i];

		if (at->y < 0 || at->y >= v->h)
			continue;
		struct look look = look_of(p, facts, best, i, v->canvas->glyphs);
		if (l.kind != MAP_GRAPH && facts && node_of(p, i) &&
			look.glyph == v->canvas->glyphs->on && facts[i].cut) {
			look.glyph = v->canvas->glyphs->link_cut; /* links are not drawn */
			look.role = ROLE_BAD;
		}
		if (l.kind != MAP_GRID) {
			draw_name(p, v, at, i, &look);
			continue;
		}
		if (i % (size_t)l.per_row == 0) {
			char first[24];

			snprintf(first, sizeof(first), "%zu", i);
			view_text_right(v, 0, at->y, 4, ROLE_DIM, first);
		}
		draw_glyph(p, v, at, i, &look);
	}
	map_layout_release(&l);
}

void map_draw(const struct plan *plan, const struct model *model, struct view *v, int selected)
{
	struct map_picture p = { .plan = plan, .model = model, .selected = selected };

	map_picture_draw(&p, v);
}

/* --- legend ---------------------------------------------------------------------- */

#define MORE_W 12 /* "+12345 more" */

static bool is_same_rule(const struct model_link *a, const struct model_link *b)
{
	return a->cut == b->cut && a->delay_ns == b->delay_ns && a->jitter_ns == b->jitter_ns &&
	       a->loss == b->loss;
}

/* Both directions alike are told once. */
static bool is_both_ways(const struct model *m, const struct model_link *l)
{
	const struct model_link *back = model_find_link(m, l->to, l->from);

	return back && is_same_rule(l, back);
}

static void link_text(
	const struct model_link *l, bool both, const struct glyphs *g, char *ret, size_t size)
{
	char rule[120];

	link_rule(l, g, rule, sizeof(rule));
	snprintf(ret, size, "n%u %s%s n%u %s", l->from, both ? glyph_str(g->left) : "",
		glyph_str(g->right), l->to, rule);
}

int map_legend(const struct model *m, struct view *v)
{
	int x = 0, y = 0;
	size_t told = 0;

	for (size_t i = 0; m->n_links > 0 && i < 2 * m->n_links && v->h > 0; i++) { /* cut first */
		const struct model_link *l = &m->links[i % m->n_links];
		char text[200];

		if (l->cut != (i < m->n_links))
			continue;
		bool both = is_both_ways(m, l);
		if (both && l->from > l->to)
			continue;
		link_text(l, both, v->canvas->glyphs, text, sizeof(text));
		told += both ? 2 : 1;
		bool room_for_more = y + 1 == v->h && told < m->n_links;
		if (x > 0 && x + text_width(text) + (room_for_more ? MORE_W : 0) > v->w) {
			if (y + 1 == v->h) {
				view_textf(v, x, y, ROLE_DIM, "+%zu more",
					m->n_links - told + (both ? 2 : 1));
				return y + 1;
			}
			x = 0;
			y++;
		}
		x = view_text_cut(v, x, y, v->w - x, l->cut ? ROLE_BAD : ROLE_WARN, text) + 3;
	}
	return told > 0 ? y + 1 : 0;
}
