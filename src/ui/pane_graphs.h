/* Graphs of a run for other panes that have room for one. */
#ifndef UI_PANE_GRAPHS_H
#define UI_PANE_GRAPHS_H

#include "ui/pane.h"

enum run_graph {
	RUN_GRAPH_INTERVAL,
	RUN_GRAPH_RATES,
	RUN_GRAPH_LATENCY,
	RUN_GRAPH_SPREAD,
	RUN_GRAPH_COUNT
};

void run_graph_draw(const struct pane_context *ctx, enum run_graph which, struct view *v);

#endif
