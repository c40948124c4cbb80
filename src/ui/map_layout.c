/* Places of nodes on the map; see map_layout.h. Pure. */
#include "ui/map_layout.h"

#include <math.h>
#include <stdlib.h>

#include "util/mem.h"

#define PI          3.14159265358979
#define GROUP       10  /* glyphs of a grid stand in groups */
#define INDEX_W     5   /* in front of a row of the grid: the index of its first node */
#define MAX_STRETCH 3.6 /* width of a circle to its height, in cells; 2 looks round */
#define GRAPH_MAX   120 /* more nodes than this never are a graph */

/* Nodes first..n-1 on a circle, the first on top, clockwise, stretched to fill the height. */
static void place_circle(struct map_layout *l, size_t first, int name_w, int w, int h)
{
	double rx = (w - 1) / 2.0 - (name_w + 2), lowest = 0;
	size_t n = l->n - first;

	rx = MAX(MIN(rx, (h - 1) / 2.0 * MAX_STRETCH), 0);
	for (size_t i = 0; i < n; i++)
		lowest = fmax(lowest, -cos(2 * PI * (double)i / (double)n));
	for (size_t i = 0; i < n; i++) {
		double angle = 2 * PI * (double)i / (double)n;
		struct map_place *p = &l->places[first + i];

		p->x = (int)lround((w - 1) / 2.0 + rx * sin(angle));
		p->y = (int)lround((h - 1) * (1 - cos(angle)) / (1 + lowest));
		p->left = sin(angle) < -0.05;
	}
}

static void place_star(struct map_layout *l, int name_w, int w, int h)
{
	l->places[0] = (struct map_place){ (w - 1) / 2, (h - 1) / 2, false };
	place_circle(l, 1, name_w, w, h);
}

/* A line that turns around at the right end, and again at the left. */
static bool place_chain(struct map_layout *l, int name_w, int w, int h)
{
	int step = name_w + 6, fits = MAX((w - name_w - 2) / step + 1, 1);
	int rows = (int)((l->n + (size_t)fits - 1) / (size_t)fits);
	int per_row = (int)((l->n + (size_t)rows - 1) / (size_t)rows);

	if (rows > 1 && h / rows < 2)
		return false;
	if (per_row > 1)
		step = MIN((w - name_w - 2) / (per_row - 1), 3 * step);
	int left = MAX((w - (step * (per_row - 1) + name_w + 2)) / 2, 0);
	for (size_t i = 0; i < l->n; i++) {
		int row = (int)(i / (size_t)per_row), at = (int)(i % (size_t)per_row);
		struct map_place *p = &l->places[i];

		p->x = left + step * (row % 2 ? per_row - 1 - at : at);
		p->y = (2 * row + 1) * h / (2 * rows);
	}
	return true;
}

/* From the first to the last cell of a node with its name. */
static void extent(const struct map_place *p, int name_w, int *ret_from, int *ret_to)
{
	*ret_from = p->left ? p->x - 1 - name_w : p->x;
	*ret_to = p->left ? p->x : p->x + 1 + name_w;
}

static bool is_clear(const struct map_layout *l, int name_w, int w, int h)
{
	for (size_t i = 0; i < l->n; i++) {
		int from, to, from2, to2;

		extent(&l->places[i], name_w, &from, &to);
		if (from < 0 || to >= w || l->places[i].y < 0 || l->places[i].y >= h)
			return false;
		for (size_t j = 0; j < i; j++) {
			extent(&l->places[j], name_w, &from2, &to2);
			if (l->places[i].y == l->places[j].y && from <= to2 + 1 && from2 <= to + 1)
				return false;
		}
	}
	return true;
}

static bool place_graph(struct map_layout *l, enum topology_layout layout, int name_w, int w, int h)
{
	if (l->n == 0 || l->n > GRAPH_MAX)
		return false;
	l->kind = MAP_GRAPH;
	if (layout == LAYOUT_CHAIN || (l->n == 2 && layout != LAYOUT_STAR))
		return place_chain(l, name_w, w, h) && is_clear(l, name_w, w, h);
	if (layout == LAYOUT_STAR && l->n > 2)
		place_star(l, name_w, w, h);
	else if (l->n <= 2)
		return place_chain(l, name_w, w, h) && is_clear(l, name_w, w, h);
	else
		place_circle(l, 0, name_w, w, h);
	return is_clear(l, name_w, w, h);
}

static bool place_names(struct map_layout *l, int name_w, int w, int h)
{
	int step = name_w + 4;

	l->kind = MAP_NAMES;
	l->per_row = MAX((w + 2) / step, 1);
	for (size_t i = 0; i < l->n; i++)
		l->places[i] = (struct map_place){ (int)(i % (size_t)l->per_row) * step,
			(int)(i / (size_t)l->per_row), false };
	return l->n == 0 || (l->places[l->n - 1].y < h && l->per_row * step - 2 <= w);
}

static void place_grid(struct map_layout *l, int w)
{
	int groups = MAX((w - INDEX_W + 1) / (GROUP + 1), 1);

	l->kind = MAP_GRID;
	l->per_row = groups * GROUP;
	for (size_t i = 0; i < l->n; i++) {
		int at = (int)(i % (size_t)l->per_row);

		l->places[i] = (struct map_place){ INDEX_W + at + at / GROUP,
			(int)(i / (size_t)l->per_row), false };
	}
}

void map_layout_init(
	struct map_layout *l, enum topology_layout layout, size_t n, int name_w, int w, int h)
{
	*l = (struct map_layout){ .n = n };
	l->places = xcalloc(n + 1, sizeof(*l->places));
	if (place_graph(l, layout, name_w, w, h) || place_names(l, name_w, w, h))
		return;
	place_grid(l, w);
}

void map_layout_release(struct map_layout *l)
{
	free(l->places);
	*l = (struct map_layout){ .n = 0 };
}

void map_layout_show(struct map_layout *l, size_t node, int h)
{
	if (l->kind != MAP_GRID || node >= l->n || h <= 0)
		return;
	int rows = l->places[l->n - 1].y + 1, up = l->places[node].y - h / 2;

	up = MAX(MIN(up, rows - h), 0);
	for (size_t i = 0; i < l->n; i++)
		l->places[i].y -= up;
}

size_t map_layout_next(const struct map_layout *l, size_t from, int dx, int dy)
{
	size_t best = from;
	int best_cost = 0;

	if (from >= l->n)
		return from;
	for (size_t i = 0; i < l->n; i++) {
		/* a cell is about twice as high as wide */
		int x = l->places[i].x - l->places[from].x,
		    y = 2 * (l->places[i].y - l->places[from].y);
		int along = x * dx + y * dy, across = abs(x * dy) + abs(y * dx);
		int cost = along + 2 * across;

		if (along > 0 && (best == from || cost < best_cost)) {
			best = i;
			best_cost = cost;
		}
	}
	return best;
}

size_t map_layout_at(const struct map_layout *l, int x, int y, int name_w)
{
	for (size_t i = 0; i < l->n; i++) {
		int from, to;

		extent(&l->places[i], l->kind == MAP_GRID ? -1 : name_w, &from, &to);
		if (l->places[i].y == y && x >= from && x <= to)
			return i;
	}
	return l->n;
}
