/* The topology as a picture: nodes with their states, links with theirs. Pure; main thread. */
#ifndef UI_MAP_H
#define UI_MAP_H

#include <stdbool.h>

#include "core/model.h"
#include "core/plan.h"
#include "ui/canvas.h"
#include "ui/map_layout.h"

/* model NULL: just the plan. selected: a node's index, or -1. Fills the view. */
void map_draw(const struct plan *plan, const struct model *model, struct view *v, int selected);

/* The same, with what a pane knows besides. */
struct map_picture {
	const struct plan *plan;   /* NULL: not known; nodes are drawn without links */
	const struct model *model; /* NULL: not running */
	int selected;
	const bool *marked; /* of TOPOLOGY_MAX_NODES; may be NULL */
	const char *match;  /* nodes whose name or state has this are marked; may be NULL */
};
void map_picture_draw(const struct map_picture *p, struct view *v);
/* Where its nodes stand in a view of this size; release it. */
void map_picture_layout(const struct map_picture *p, int w, int h, struct map_layout *ret);
int map_picture_name_width(const struct map_picture *p);
size_t map_picture_nodes(const struct map_picture *p);
/* Links that are not as usual, one line each or several in a line, at most v->h lines; returns how
 * many. The last says how many more there are. */
int map_legend(const struct model *m, struct view *v);

#endif
