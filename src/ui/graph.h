/*
 * A graph of numbers over the time of a run, drawn with braille dots or with
 * plain characters, whatever the glyphs allow. Values are 0 or more; what is
 * no number is unknown and leaves a gap. Knows nothing about runs:
 * pane_graphs.c says what there is to draw. Pure.
 */
#ifndef UI_GRAPH_H
#define UI_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/canvas.h"

#define GRAPH_SLOTS      512 /* of the time axis: how fine the stretches of faults are */
#define GRAPH_MAX_PHASES 16
#define GRAPH_MIN_ROWS   5
#define GRAPH_NONE       (-1.0) /* no level, no present value */

enum graph_unit { GRAPH_NUMBER, GRAPH_SECONDS };

/* What graphs of one run share: the time from 0 to span_ns, and what was done when. */
struct graph_axis {
	uint64_t span_ns;
	struct graph_phase {
		uint64_t start_ns;
		const char *name;
	} phases[GRAPH_MAX_PHASES];
	size_t n_phases;
	bool faults[GRAPH_SLOTS]; /* a fault was in force in this part of the span */
};

struct graph_line {
	const char *name; /* for the legend */
	enum role role;
	bool filled;          /* the area below it, too */
	bool bridged;         /* a gap between two known values is crossed by a straight line */
	bool averaged;        /* where values share a column: their mean, else the greatest */
	const double *values; /* as many as the graph says */
	double now;           /* for the legend, or GRAPH_NONE */
};

struct graph {
	const char *title;
	enum graph_unit unit;
	const struct graph_line *lines; /* later ones lie above earlier ones */
	size_t n_lines;
	size_t n; /* values of each line; value i is of [i, i+1) * width_ns */
	uint64_t width_ns;
	double level; /* a horizontal line, such as what is expected, or GRAPH_NONE */
	const char *level_name;
};

/* Title, plot, axis with phases and faults, times; with less when there are few rows. */
void graph_draw(const struct graph *g, const struct graph_axis *axis, struct view *v);

/* A time from 0 that has room for now_ns and does not change with every second. */
uint64_t graph_span(uint64_t now_ns);
/* Marks [from, to) on the axis, one slot at least. */
void graph_axis_fault(struct graph_axis *axis, uint64_t from_ns, uint64_t to_ns);

/* A scale from 0 to top in round steps, at most `steps` of them. */
struct graph_scale {
	double top, step;
	double factor; /* one of the shown unit, in values */
	const char *suffix;
	int decimals;
};
void graph_scale(double max, enum graph_unit unit, int steps, struct graph_scale *ret);
/* "1.5 s", "20", "3 k"; returns buf. */
const char *graph_label(const struct graph_scale *s, double value, char *buf, size_t size);
/* The same for a value by itself, with about three digits. */
const char *graph_value(double value, enum graph_unit unit, char *buf, size_t size);

#endif
