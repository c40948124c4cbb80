/*
 * Where panes go, as data and arithmetic, without any terminal.
 *
 * A layout is a text: "cols(rows(nodes:3 blocks:3 log:2):3 rows(expectations:2
 * faults workloads:2 graphs:2):2)". rows() are one above the other, cols() side
 * by side; ":N" is the weight (1 to 99; 1). A pane is there at most once.
 *
 * Every pane has a minimum size. Those that do not fit are left out, the least
 * important first (map, graphs, log, blocks, workloads, faults, expectations,
 * nodes), never the focused one; what they and hidden panes leave is shared by
 * their neighbours. A focused pane that the layout lacks takes the lower two
 * fifths.
 *
 * Below LAYOUT_NARROW columns or LAYOUT_LOW rows the layout does not matter: the
 * focused pane gets the room, without a frame, and brief forms of others stand
 * above and below it over the whole width: expectations (2 rows), faults (1),
 * nodes (2), blocks (2), granted in this order while the focused pane keeps
 * LAYOUT_NARROW_MAIN rows (a brief of two rows may get one). From top to bottom:
 * nodes; a focused pane that is none of the four; expectations; faults; blocks.
 * Hidden panes have no brief form; zoomed there is none at all. Pure.
 */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

#define LAYOUT_NARROW      100
#define LAYOUT_LOW         28
#define LAYOUT_NARROW_MAIN 8
#define LAYOUT_MAX_SIZE    10000 /* larger screens are used up to this */

enum pane_id {
	PANE_NODES,
	PANE_BLOCKS,
	PANE_WORKLOADS,
	PANE_CHECKS,
	PANE_FAULTS,
	PANE_LOG,
	PANE_MAP,
	PANE_GRAPHS,
	PANE_COUNT
};

struct rect {
	int x, y, w, h;
};

#define LAYOUT_MAX_NODES 32

struct layout {
	char name[24];
	struct layout_node {
		enum { LAYOUT_PANE, LAYOUT_ROWS, LAYOUT_COLS } kind;
		enum pane_id pane; /* LAYOUT_PANE */
		int weight;
		int first, next; /* first child, next sibling; -1: none */
	} nodes[LAYOUT_MAX_NODES];
	int n_nodes; /* 0 is the root */
};

struct layout_request {
	int w, h; /* of the place for panes: what bars at the top and bottom leave */
	enum pane_id focus;
	bool zoomed;             /* focus alone */
	bool hidden[PANE_COUNT]; /* by the user; a hidden pane that has the focus is shown */
};

struct layout_result {
	bool narrow; /* no frames; all but the focused pane are brief forms */
	bool shown[PANE_COUNT];
	struct rect rects[PANE_COUNT]; /* frames included where not narrow */
};

/* Errors tell the column; *l is as it was then. */
int layout_parse(struct layout *l, const char *name, const char *text, struct err *err);
/* Shipped ones: "default", "nodes", "chain", "load", "wall". NULL ends. */
extern const struct layout_preset {
	const char *name, *text;
} layout_presets[];
/* One that the layout lacks takes the place of the other. */
void layout_swap(struct layout *l, enum pane_id a, enum pane_id b);
void layout_compute(
	const struct layout *l, const struct layout_request *q, struct layout_result *ret);
enum pane_id pane_by_name(const char *name); /* PANE_COUNT when there is none */
const char *pane_name(enum pane_id p);
void pane_minimum(enum pane_id p, int *ret_w, int *ret_h); /* with its frame */

#endif
