/*
 * The topology as a drawing: nodes placed by the kind of layout, links between
 * them as lines of dots, states as glyphs and roles. Pure; main thread.
 */
#ifndef UI_MAP_H
#define UI_MAP_H

#include "core/model.h"
#include "core/plan.h"
#include "ui/canvas.h"

/* Nodes and links of a plan, with their state when there is a model (NULL: as planned). selected:
 * a node to point out, -1: none. */
void map_draw(const struct plan *plan, const struct model *model, struct view *v, int selected);

/* Where nodes stand in a view of this size, in cells. */
struct map_place {
	bool grid; /* too many for names and links: one glyph each */
	struct map_point {
		int x, y; /* of the label's first cell */
	} * points;       /* owned; one a node */
	size_t n;
};
void map_place(const struct plan *plan, size_t n_nodes, int w, int h, struct map_place *ret);
void map_place_release(struct map_place *p);
/* The nearest node from one in a direction (dx, dy: -1, 0, 1); the same when there is none. */
unsigned map_neighbour(const struct map_place *p, unsigned from, int dx, int dy);
/* The node whose label is at x, y, or -1. */
int map_node_at(const struct map_place *p, int x, int y);

#endif
