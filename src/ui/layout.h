/*
 * Where panes go, as data and arithmetic, without any terminal.
 *
 * A layout is a text: "cols(rows(nodes:3 blocks:3 log:2):3 rows(expectations:2
 * faults workloads:2 graphs:2):2)". rows() are one above the other, cols() side
 * by side; ":N" is the weight (1). Panes that find no room are left out, the
 * least important first; one that has the focus is always shown, in place of
 * the log when the layout does not have it.
 *
 * Below LAYOUT_NARROW columns or LAYOUT_LOW rows there is no such arrangement:
 * the focused pane gets the room, with short versions above it of nodes (4
 * rows), expectations (2) and faults (1), and below it of blocks (2), each as
 * long as LAYOUT_FOCUS_ROWS are left for the focused one. Pure.
 */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

#define LAYOUT_NARROW     100
#define LAYOUT_LOW        28
#define LAYOUT_FOCUS_ROWS 12

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
	int w, h;
	enum pane_id focus;
	bool zoomed;             /* focus alone */
	bool hidden[PANE_COUNT]; /* by the user; a hidden pane that has the focus is shown */
};

struct layout_result {
	bool narrow; /* panes are shown without frames, focus first */
	bool shown[PANE_COUNT];
	struct rect rects[PANE_COUNT]; /* frames included where not narrow */
};

int layout_parse(struct layout *l, const char *name, const char *text, struct err *err);
/* Shipped ones: "default", "nodes", "chain", "load", "wall". NULL ends. */
extern const struct layout_preset {
	const char *name, *text;
} layout_presets[];
void layout_swap(struct layout *l, enum pane_id a, enum pane_id b);
void layout_compute(
	const struct layout *l, const struct layout_request *q, struct layout_result *ret);
enum pane_id pane_by_name(const char *name); /* PANE_COUNT when there is none */
const char *pane_name(enum pane_id p);

#endif
