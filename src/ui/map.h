/* The topology as a drawing; see map.c. Pure; main thread. */
#ifndef UI_MAP_H
#define UI_MAP_H

#include "core/model.h"
#include "core/plan.h"
#include "ui/canvas.h"

/* Nodes and links of a plan, with their state when there is a model (NULL: as planned). selected:
 * a node to point out, -1: none. */
void map_draw(const struct plan *plan, const struct model *model, struct view *v, int selected);

#endif
