/*
 * Where the nodes of a topology stand on the map: a place for each, or, when
 * they do not fit as a graph, a grid. Knows no state and draws nothing. Pure.
 */
#ifndef UI_MAP_LAYOUT_H
#define UI_MAP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/topology.h"

struct map_place {
	int x, y;  /* of the node's glyph; y may lie outside in a grid that scrolls */
	bool left; /* its name stands left of the glyph */
};

struct map_layout {
	struct map_place *places; /* n, owned */
	size_t n;
	enum { MAP_GRAPH, MAP_NAMES, MAP_GRID } kind; /* graph, grid with names, grid of glyphs */
	int per_row;                                  /* of grids */
};

/* Glyph, blank, name and what may follow it take name_w + 2 cells. */
void map_layout_init(
	struct map_layout *l, enum topology_layout layout, size_t n, int name_w, int w, int h);
void map_layout_release(struct map_layout *l);
/* Moves a grid that is higher than h so that a node is visible. */
void map_layout_show(struct map_layout *l, size_t node, int h);
/* The node that lies next in a direction (dx, dy: -1, 0, 1); `from` when there is none. */
size_t map_layout_next(const struct map_layout *l, size_t from, int dx, int dy);
/* The node at or beside a cell; n when there is none. */
size_t map_layout_at(const struct map_layout *l, int x, int y, int name_w);

#endif
