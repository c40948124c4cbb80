/* See map.h. */
#include "ui/map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/scenario.h"
#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/mem.h"

#define LABEL_W   6 /* glyph and "n999" with a blank */
#define ROW_GAP   2 /* rows from one label to the next in a folded chain */
#define MAX_DOTS  ((size_t)1024 * 512)
#define MAX_EDGES 4000 /* more would be a smear */
#define TAU       6.283185307179586

/* --- places -------------------------------------------------------------------------------- */

static void put(struct map_place *p, size_t i, double x, double y, int w, int h)
{
	int left = (int)lround(x) - LABEL_W / 2 + 1, top = (int)lround(y);

	p->points[i].x = MAX(0, MIN(left, w - LABEL_W + 1));
	p->points[i].y = MAX(0, MIN(top, h - 1));
}

/* Nodes from `first` on, on an ellipse that fills the view, beginning at the top. */
static void place_round(struct map_place *p, size_t first, int w, int h)
{
	size_t n = p->n - first;
	double rx = (w - LABEL_W) / 2.0, ry = (h - 1) / 2.0;

	/* twice as wide as high in cells is round to the eye; wider than 3 to 1 is no circle */
	rx = MIN(rx, MAX(ry * 4, 8.0));
	for (size_t i = 0; i < n; i++) {
		double angle = TAU * (double)i / (double)n - TAU / 4;
		put(p, first + i, w / 2.0 + rx * cos(angle), (h - 1) / 2.0 + ry * sin(angle), w, h);
	}
}

static void place_chain(struct map_place *p, int w, int h)
{
	int per_row = MAX(1, w / (LABEL_W + 3));
	int rows = ((int)p->n + per_row - 1) / per_row;
	int gap = MAX(1, MIN(ROW_GAP + 1, rows > 1 ? (h - 1) / (rows - 1) : 1));
	int used = MIN(per_row, (int)p->n), step = MIN(14, used > 1 ? (w - LABEL_W) / used : 0);

	step = MAX(step, LABEL_W + 2);
	for (size_t i = 0; i < p->n; i++) {
		int row = (int)i / per_row, col = (int)i % per_row;
		/* to and fro, so that neighbours are neighbours at the turns too */
		if (row % 2)
			col = per_row - 1 - col;
		int top = (h - 1 - (rows - 1) * gap) / 2;
		put(p, i, LABEL_W / 2.0 + col * step, MAX(0, top) + row * gap, w, h);
	}
}

static bool overlaps(const struct map_place *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (p->points[i].y == p->points[j].y &&
				abs(p->points[i].x - p->points[j].x) < LABEL_W)
				return true;
		}
	}
	return false;
}

static void place_grid(struct map_place *p, int w)
{
	int pitch = p->n <= 60 ? LABEL_W : 2, per_row = MAX(1, w / pitch);

	/* rows of ten where they fit are easier to count */
	if (per_row >= 10)
		per_row -= per_row % 10;
	p->grid = true;
	for (size_t i = 0; i < p->n; i++) {
		p->points[i].x = (int)(i % (size_t)per_row) * pitch;
		p->points[i].y = (int)(i / (size_t)per_row);
	}
}

void map_place(const struct plan *plan, size_t n_nodes, int w, int h, struct map_place *ret)
{
	enum topology_layout layout =
		plan && plan->scenario ? plan->scenario->topology.layout : LAYOUT_FULL;

	*ret = (struct map_place){ .n = n_nodes };
	ret->points = xcalloc(MAX(n_nodes, 1u), sizeof(*ret->points));
	if (w < LABEL_W || h < 1 || n_nodes == 0)
		return;
	if (n_nodes > 64) {
		place_grid(ret, w);
		return;
	}
	if (layout == LAYOUT_CHAIN) {
		place_chain(ret, w, h);
	} else if (layout == LAYOUT_STAR && n_nodes > 2) {
		put(ret, 0, w / 2.0, (h - 1) / 2.0, w, h);
		place_round(ret, 1, w, h);
	} else {
		place_round(ret, 0, w, h);
	}
	if (overlaps(ret))
		place_grid(ret, w);
}

void map_place_release(struct map_place *p)
{
	free(p->points);
	*p = (struct map_place){ 0 };
}

unsigned map_neighbour(const struct map_place *p, unsigned from, int dx, int dy)
{
	unsigned best = from;
	long best_cost = -1;

	for (unsigned i = 0; from < p->n && i < p->n; i++) {
		/* a row is about as high as two columns are wide */
		long x = p->points[i].x - p->points[from].x;
		long y = 2L * (p->points[i].y - p->points[from].y);
		long along = x * dx + y * dy, aside = labs(x * dy) + labs(y * dx);
		long cost = along + 3 * aside;
		if (i == from || along <= 0 || (best_cost >= 0 && cost >= best_cost))
			continue;
		best = i;
		best_cost = cost;
	}
	return best;
}

int map_node_at(const struct map_place *p, int x, int y)
{
	int width = p->grid && p->n > 60 ? 2 : LABEL_W;

	for (size_t i = 0; i < p->n; i++) {
		if (p->points[i].y == y && x >= p->points[i].x && x < p->points[i].x + width)
			return (int)i;
	}
	return -1;
}

/* --- lines --------------------------------------------------------------------------------- */

/* Dots of lines, 2 by 4 a cell, and the role of the most important line in each cell. */
struct lines {
	int w, h; /* cells */
	uint8_t *bits, *roles;
};

/* What matters more is drawn over what matters less. */
static int weight(enum role r)
{
	return r == ROLE_BAD ? 3 : r == ROLE_WARN ? 2 : r == ROLE_ACCENT ? 1 : 0;
}

static void dot(struct lines *l, int x, int y, enum role role)
{
	static const uint8_t bit[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 },
		{ 0x40, 0x80 } };
	int cx = x / 2, cy = y / 4;

	if (x < 0 || y < 0 || cx >= l->w || cy >= l->h)
		return;
	size_t at = (size_t)cy * (size_t)l->w + (size_t)cx;
	if (!l->bits[at] || weight(role) > weight((enum role)l->roles[at]))
		l->roles[at] = (uint8_t)role;
	l->bits[at] |= bit[y % 4][x % 2];
}

static void line(struct lines *l, int x0, int y0, int x1, int y1, enum role role, bool broken)
{
	int dx = abs(x1 - x0), dy = -abs(y1 - y0), sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1;
	int error = dx + dy, step = 0;

	for (;; step++) {
		if (!broken || step % 6 < 2)
			dot(l, x0, y0, role);
		if (x0 == x1 && y0 == y1)
			return;
		int twice = 2 * error;
		if (twice >= dy) {
			error += dy;
			x0 += sx;
		}
		if (twice <= dx) {
			error += dx;
			y0 += sy;
		}
	}
}

static const struct model_link *worse_link(const struct model *m, unsigned a, unsigned b)
{
	const struct model_link *x = m ? model_find_link(m, a, b) : NULL;
	const struct model_link *y = m ? model_find_link(m, b, a) : NULL;

	return x && (x->cut || !y) ? x : y ? y : x;
}

static void draw_edge(const struct map_place *p, const struct model *m, unsigned a, unsigned b,
	int selected, struct lines *l)
{
	const struct model_link *link = worse_link(m, a, b);
	bool chosen = (int)a == selected || (int)b == selected;
	enum role role = link && link->cut ? ROLE_BAD
			 : link            ? ROLE_WARN
			 : chosen          ? ROLE_ACCENT
					   : ROLE_DIM;
	const struct map_point *x = &p->points[a], *y = &p->points[b];

	line(l, (x->x + 2) * 2, x->y * 4 + 2, (y->x + 2) * 2, y->y * 4 + 2, role,
		link && link->cut);
}

static void show_lines(const struct lines *l, struct view *v)
{
	uint32_t dots = v->canvas->glyphs->dots;

	for (int y = 0; y < l->h; y++) {
		for (int x = 0; x < l->w; x++) {
			size_t at = (size_t)y * (size_t)l->w + (size_t)x;
			if (l->bits[at])
				view_char(v, x, y, (enum role)l->roles[at],
					dots ? dots + l->bits[at] : (uint32_t)'.');
		}
	}
}

static void draw_edges(const struct plan *plan, const struct model *m, size_t n,
	const struct map_place *p, int selected, struct view *v)
{
	struct lines l = { .w = v->w, .h = v->h };
	size_t cells = (size_t)v->w * (size_t)v->h, edges = 0;

	if (cells == 0 || cells > MAX_DOTS)
		return;
	l.bits = xcalloc(cells, 1);
	l.roles = xcalloc(cells, 1);
	for (unsigned i = 0; i < n; i++) {
		CLEANUP_FREE unsigned *peers = NULL;
		size_t n_peers = node_dials(plan, i, &peers);
		for (size_t j = 0; j < n_peers && edges < MAX_EDGES; j++, edges++) {
			if (peers[j] < n && peers[j] != i)
				draw_edge(p, m, i, peers[j], selected, &l);
		}
	}
	show_lines(&l, v);
	free(l.bits);
	free(l.roles);
}

/* --- nodes --------------------------------------------------------------------------------- */

static enum role label_role(const struct model *m, unsigned i)
{
	return m && i < m->n_nodes ? role_of_node(m->nodes[i].state) : ROLE_NORMAL;
}

static void draw_label(
	const struct model *m, const struct map_place *p, unsigned i, bool selected, struct view *v)
{
	const struct glyphs *g = v->canvas->glyphs;
	const struct map_point *at = &p->points[i];
	uint32_t glyph = m && i < m->n_nodes ? glyph_of_node(g, m->nodes[i].state) : g->on;
	enum role role = label_role(m, i);
	char name[16];

	if (p->grid && p->n > 60) {
		view_char(v, at->x, at->y, selected ? ROLE_ACCENT : role,
			selected ? g->pointer : glyph);
		return;
	}
	snprintf(name, sizeof(name), " n%u ", i);
	view_char(v, at->x, at->y, role, glyph);
	view_text(v, at->x + 1, at->y, selected ? ROLE_ACCENT : ROLE_NORMAL, name);
	if (selected) {
		view_char(v, at->x + 1, at->y, ROLE_ACCENT, g->pointer);
	}
}

void map_draw(const struct plan *plan, const struct model *model, struct view *v, int selected)
{
	struct map_place p;
	size_t n = model && model->n_nodes ? model->n_nodes : plan ? plan->n_nodes : 0;

	if (!plan) {
		view_text_cut(v, 1, 0, v->w - 1, ROLE_DIM, "the topology of this run is not known");
		return;
	}
	map_place(plan, n, v->w, v->h, &p);
	if (v->w >= LABEL_W && v->h >= 1) {
		if (!p.grid)
			draw_edges(plan, model, n, &p, selected, v);
		for (unsigned i = 0; i < n; i++)
			draw_label(model, &p, i, (int)i == selected, v);
	}
	map_place_release(&p);
}
