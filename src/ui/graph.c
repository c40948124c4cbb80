/*
 * Drawing of graphs; see graph.h. Values become columns (two a cell where there
 * are dots), columns become heights, heights become dots or characters.
 */
#include "ui/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/pane.h"
#include "util/clock.h"
#include "util/mem.h"

#define MAX_COLUMNS (2 * CANVAS_MAX_SIZE)
#define MAX_VALUE   1e18 /* greater ones are drawn at the top */
#define MIN_VALUE   1e-9 /* smaller ones are 0 */
#define MAX_STEPS   5
#define LEVEL_GAP   4 /* every fourth dot of the line of a level is drawn */

/* --- scales ---------------------------------------------------------------------- */

/* A number as it can be drawn, or NAN. */
static double clean(double v)
{
	if (!isfinite(v))
		return NAN;
	return v < MIN_VALUE ? 0 : MIN(v, MAX_VALUE);
}

struct unit {
	double from, factor;
	const char *suffix;
};
static const struct unit numbers[] = { { 0, 1, "" }, { 1e4, 1e3, "k" }, { 1e6, 1e6, "M" },
	{ 1e9, 1e9, "G" }, { 1e12, 1e12, "T" }, { 1e15, 1e15, "P" } };
static const struct unit durations[] = { { 0, 1e-3, " ms" }, { 1, 1, " s" }, { 600, 60, " min" },
	{ 36000, 3600, " h" } };

static void choose_unit(double top, enum graph_unit unit, struct graph_scale *s)
{
	const struct unit *u = unit == GRAPH_SECONDS ? durations : numbers;
	const struct unit *last = unit == GRAPH_SECONDS ? &durations[ARRAY_LEN(durations) - 1]
							: &numbers[ARRAY_LEN(numbers) - 1];

	while (u < last && top >= u[1].from)
		u++;
	s->factor = u->factor;
	s->suffix = u->suffix;
}

/* The least round number that is not below x. With few steps finer ones waste less room. */
static double round_up(double x, bool fine)
{
	static const double coarse_steps[] = { 1, 2, 5, 10 },
			    fine_steps[] = { 1, 2, 3, 4, 5, 6, 8, 10 };
	const double *list = fine ? fine_steps : coarse_steps;
	size_t n = fine ? ARRAY_LEN(fine_steps) : ARRAY_LEN(coarse_steps);
	double power = pow(10, floor(log10(x)));

	for (size_t i = 0; i < n; i++) {
		if (list[i] * power >= x * (1 - 1e-9))
			return list[i] * power;
	}
	return 10 * power;
}

void graph_scale(double max, enum graph_unit unit, int steps, struct graph_scale *ret)
{
	double least = unit == GRAPH_NUMBER; /* half a transaction is none */

	steps = MAX(1, steps);
	max = clean(max);
	if (!(max > 0))
		max = 1;
	/* round numbers of the unit that is shown: 10 minutes, not 500 seconds */
	choose_unit(max, unit, ret);
	double factor = MAX(ret->factor, 1.0);

	ret->step = MAX(round_up(max / factor / steps, steps < 3), least) * factor;
	ret->top = ceil(max / ret->step * (1 - 1e-9)) * ret->step;
	if (unit == GRAPH_SECONDS && ret->factor < 1)
		choose_unit(ret->top, unit, ret);
	double shown = ret->step / ret->factor;

	ret->decimals = shown >= 1 - 1e-9 ? 0 : MIN(3, (int)ceil(-log10(shown) - 1e-9));
}

const char *graph_label(const struct graph_scale *s, double value, char *buf, size_t size)
{
	snprintf(buf, size, "%.*f%s", s->decimals, value / s->factor, s->suffix);
	return buf;
}

const char *graph_value(double value, enum graph_unit unit, char *buf, size_t size)
{
	struct graph_scale s = { 0 };

	value = clean(value);
	if (isnan(value) || size == 0) {
		snprintf(buf, size, "-");
		return buf;
	}
	choose_unit(value, unit, &s);
	double shown = value / s.factor;
	bool whole = value == floor(value) && s.factor == 1 && unit == GRAPH_NUMBER;

	s.decimals = whole || shown >= 99.95 ? 0 : shown < 9.995 && s.factor != 1e-3 ? 2 : 1;
	if (unit == GRAPH_NUMBER && s.factor == 1)
		s.decimals = MIN(s.decimals, 1);
	return graph_label(&s, value, buf, size);
}

/* --- the time axis ----------------------------------------------------------------- */

static const unsigned round_spans[] = { 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 600,
	900, 1200, 1800, 2700, 3600, 5400, 7200, 10800, 14400, 21600, 28800, 43200, 64800, 86400 };

uint64_t graph_span(uint64_t now_ns)
{
	for (size_t i = 0; i < ARRAY_LEN(round_spans); i++) {
		if (now_ns <= round_spans[i] * NS_PER_S)
			return round_spans[i] * NS_PER_S;
	}
	uint64_t day = 86400 * NS_PER_S;
	return now_ns > UINT64_MAX - day ? UINT64_MAX : (now_ns / day + 1) * day;
}

/* Where a time lies among n places from 0 to the span; n when it is later. */
static size_t place_of(const struct graph_axis *axis, uint64_t t_ns, size_t n)
{
	if (axis->span_ns == 0 || t_ns >= axis->span_ns)
		return n;
	return (size_t)((double)t_ns / (double)axis->span_ns * (double)n);
}

void graph_axis_fault(struct graph_axis *axis, uint64_t from_ns, uint64_t to_ns)
{
	size_t from = place_of(axis, from_ns, GRAPH_SLOTS), to = place_of(axis, to_ns, GRAPH_SLOTS);

	for (size_t i = from; i < MIN(MAX(to, from + 1), (size_t)GRAPH_SLOTS); i++)
		axis->faults[i] = true;
}

static bool is_fault_column(const struct graph_axis *axis, int column, int n)
{
	size_t from = (size_t)column * GRAPH_SLOTS / (size_t)n;
	size_t to = (size_t)(column + 1) * GRAPH_SLOTS / (size_t)n;

	for (size_t i = from; i < MAX(to, from + 1); i++) {
		if (axis->faults[i])
			return true;
	}
	return false;
}

/* "|drive------#####---|heal--": where phases began, and when faults were in force. */
static void draw_axis(const struct graph_axis *axis, struct view *v, int y)
{
	const struct glyphs *glyphs = v->canvas->glyphs;
	uint32_t fault = glyphs->dots ? glyphs->eighths_v[4] : glyphs->eighths_v[8];
	int n = v->w;

	for (int x = 0; x < n; x++) {
		if (is_fault_column(axis, x, n))
			view_char(v, x, y, ROLE_FAULT, fault);
		else
			view_char(v, x, y, ROLE_BORDER, glyphs->h);
	}
	for (size_t i = 0; i < axis->n_phases; i++) {
		const struct graph_phase *p = &axis->phases[i];
		bool last = i + 1 == axis->n_phases;
		int x = (int)place_of(axis, p->start_ns, (size_t)n);
		int end = last ? n : (int)place_of(axis, p[1].start_ns, (size_t)n);

		view_char(v, x, y, ROLE_BORDER, glyphs->tee_right);
		if (x + 1 + text_width(p->name) <= end)
			view_text(v, x + 1, y, ROLE_DIM, p->name);
	}
}

/* The step between times that are written below the axis. */
static uint64_t time_step(uint64_t span_ns, int width)
{
	static const unsigned steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
		7200, 14400, 21600, 43200, 86400 };
	uint64_t most = (uint64_t)MAX(width / 12, 1);

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (span_ns / (steps[i] * NS_PER_S) <= most)
			return steps[i] * NS_PER_S;
	}
	return span_ns / most + 1;
}

static void draw_times(const struct graph_axis *axis, struct view *v, int y)
{
	uint64_t step = time_step(axis->span_ns, v->w);
	int end = 0;
	char buf[32];

	for (uint64_t t = 0; t < axis->span_ns; t += step) {
		const char *text = fmt_clock_s(t, buf, sizeof(buf));
		int width = text_width(text);
		int x = (int)place_of(axis, t, (size_t)v->w) - (t ? width / 2 : 0);

		if (x >= end && x + width <= v->w)
			end = view_text(v, x, y, ROLE_DIM, text) + 1;
		if (UINT64_MAX - t < step)
			break;
	}
}

/* --- the plot -------------------------------------------------------------------- */

struct plot {
	struct view v;
	int columns, heights; /* dots, or cells where there are none */
	bool dots;
	double top;
};

static struct cell *cell_of(struct plot *p, int x, int y)
{
	struct canvas *c = p->v.canvas;
	return &c->cells[(size_t)(p->v.y + y) * (size_t)c->w + (size_t)(p->v.x + x)];
}

/* Dots of one cell in addition to those that it has. */
static void add_dots(struct plot *p, int x, int y, enum role role, unsigned mask)
{
	uint32_t base = p->v.canvas->glyphs->dots, ch = cell_of(p, x, y)->ch;

	view_char(&p->v, x, y, role, (ch & ~0xffu) == base ? ch | mask : base | mask);
}

static const unsigned dot_bits[2][4] = { { 0x40, 0x04, 0x02, 0x01 }, { 0x80, 0x20, 0x10, 0x08 } };

/* All of a column from one height (0: the lowest) to another, both included. */
static void draw_stretch(struct plot *p, int column, int from, int to, enum role role, bool line)
{
	const struct glyphs *g = p->v.canvas->glyphs;

	if (!p->dots) {
		for (int h = from; h <= to; h++)
			view_char(
				&p->v, column, p->v.h - 1 - h, role, line ? '*' : g->eighths_v[8]);
		return;
	}
	for (int cell = from / 4; cell <= to / 4; cell++) {
		unsigned mask = 0;
		for (int h = MAX(from, cell * 4); h <= MIN(to, cell * 4 + 3); h++)
			mask |= dot_bits[column % 2][h % 4];
		add_dots(p, column / 2, p->v.h - 1 - cell, role, mask);
	}
}

static int height_of(const struct plot *p, double value)
{
	int h = (int)lround(value / p->top * (p->heights - 1));
	return MAX(0, MIN(h, p->heights - 1));
}

/* The value of one column: of all values that fall into it, or of that which spans it. */
static double column_value(const struct graph *g, const struct graph_line *l,
	const struct graph_axis *axis, int column, int n_columns)
{
	if (g->width_ns == 0)
		return NAN;
	double per_column = (double)axis->span_ns / n_columns / (double)g->width_ns;
	double from = column * per_column, max = NAN, sum = 0;
	size_t first = (size_t)from, last = (size_t)(from + per_column), known = 0;

	if (last > first && (double)last >= from + per_column)
		last--;
	for (size_t i = first; i <= last && i < g->n; i++) {
		double v = clean(l->values[i]);
		if (isnan(v))
			continue;
		max = known++ && max > v ? max : v;
		sum += v;
	}
	return l->averaged && known ? sum / (double)known : max;
}

/* Straight lines across what is not known between two known values. */
static void bridge(double *values, int n)
{
	int last = -1;

	for (int i = 0; i < n; i++) {
		if (isnan(values[i]))
			continue;
		for (int j = last + 1; last >= 0 && j < i; j++)
			values[j] =
				values[last] + (values[i] - values[last]) * (j - last) / (i - last);
		last = i;
	}
}

static void draw_line(struct plot *p, const struct graph *g, const struct graph_line *l,
	const struct graph_axis *axis)
{
	double values[MAX_COLUMNS] = { 0 };
	int before = -1;

	for (int i = 0; i < p->columns; i++)
		values[i] = column_value(g, l, axis, i, p->columns);
	if (l->bridged)
		bridge(values, p->columns);
	for (int i = 0; i < p->columns; i++) {
		if (isnan(values[i])) {
			before = -1;
			continue;
		}
		int h = height_of(p, values[i]), from = h, to = h;
		if (l->filled) {
			from = 0;
		} else if (before >= 0 && before < h) {
			from = before + 1;
		} else if (before > h) {
			to = before - 1;
		}
		draw_stretch(p, i, from, to, l->role, !l->filled);
		before = h;
	}
}

static void draw_level(struct plot *p, double level)
{
	if (!(level > 0) || level > p->top)
		return;
	int h = height_of(p, level);

	for (int i = 0; i < p->columns; i++) {
		if (!p->dots)
			view_char(&p->v, i, p->v.h - 1 - h, ROLE_DIM, p->v.canvas->glyphs->h);
		else if (i % LEVEL_GAP == 0)
			draw_stretch(p, i, h, h, ROLE_DIM, true);
	}
}

static double greatest(const struct graph *g)
{
	double max = g->level;

	for (size_t l = 0; l < g->n_lines; l++) {
		for (size_t i = 0; i < g->n; i++) {
			double v = clean(g->lines[l].values[i]);
			max = v > max ? v : max; /* not a number is not greater */
		}
	}
	return max;
}

static bool is_empty(const struct graph *g)
{
	for (size_t l = 0; l < g->n_lines; l++) {
		for (size_t i = 0; i < g->n; i++) {
			if (isfinite(g->lines[l].values[i]))
				return false;
		}
	}
	return true;
}

/* --- the whole ------------------------------------------------------------------- */

static int draw_swatch(struct view *v, int x, const struct graph_line *l)
{
	const struct glyphs *g = v->canvas->glyphs;
	uint32_t fill = g->eighths_v[8], line = g->dots ? g->h : '*';

	view_char(v, x, 0, l->role, l->filled ? fill : line);
	view_char(v, x + 1, 0, l->role, l->filled ? fill : line);
	return x + 3;
}

/* "block interval  ## mean 0.6 s  .. expected 0.56 s"; what does not fit is left out. */
static void draw_legend(const struct graph *g, struct view *v)
{
	int x = view_text_cut(v, 0, 0, v->w, ROLE_TITLE, g->title) + 2;
	char text[120], value[40];

	for (size_t i = g->n_lines; i-- > 0;) {
		const struct graph_line *l = &g->lines[i];

		if (l->now >= 0)
			snprintf(text, sizeof(text), "%s%s%s", l->name, *l->name ? " " : "",
				graph_value(l->now, g->unit, value, sizeof(value)));
		else
			snprintf(text, sizeof(text), "%s", l->name);
		if (x + 3 + text_width(text) > v->w)
			return;
		x = view_text(v, draw_swatch(v, x, l), 0, ROLE_NORMAL, text) + 2;
	}
	if (!(g->level > 0))
		return;
	snprintf(text, sizeof(text), "%s %s", g->level_name,
		graph_value(g->level, g->unit, value, sizeof(value)));
	if (x + 3 + text_width(text) > v->w)
		return;
	for (int i = 0; i < 2; i++)
		view_char(v, x + i, 0, ROLE_DIM,
			v->canvas->glyphs->dots ? v->canvas->glyphs->middle_dot
						: v->canvas->glyphs->h);
	view_text(v, x + 3, 0, ROLE_DIM, text);
}

static void draw_labels(
	const struct graph_scale *s, const struct plot *p, struct view *v, int width, int top_row)
{
	const struct glyphs *glyphs = v->canvas->glyphs;
	char buf[40];

	for (int y = 0; y < p->v.h; y++)
		view_char(v, width + 1, top_row + y, ROLE_BORDER, glyphs->v);
	for (int i = 1; i <= MAX_STEPS && i * s->step <= s->top * (1 + 1e-9); i++) {
		int h = height_of(p, i * s->step) / (p->dots ? 4 : 1), y = top_row + p->v.h - 1 - h;

		view_text_right(
			v, 0, y, width, ROLE_DIM, graph_label(s, i * s->step, buf, sizeof(buf)));
		view_char(v, width + 1, y, ROLE_BORDER, glyphs->tee_left);
	}
}

static int label_width(const struct graph_scale *s)
{
	char buf[40];
	int width = 1;

	for (int i = 1; i <= MAX_STEPS && i * s->step <= s->top * (1 + 1e-9); i++)
		width = MAX(width, text_width(graph_label(s, i * s->step, buf, sizeof(buf))));
	return width;
}

void graph_draw(const struct graph *g, const struct graph_axis *axis, struct view *v)
{
	const struct glyphs *glyphs = v->canvas->glyphs;
	int title = v->h >= 3, times = v->h >= 5, line = v->h >= 4;
	int rows = v->h - title - times - line;
	struct graph_scale s;

	if (v->w <= 0 || rows <= 0)
		return;
	if (title)
		draw_legend(g, v);
	graph_scale(greatest(g), g->unit, MIN(rows / 2, MAX_STEPS), &s);
	int labels = label_width(&s), left = labels + 2;
	struct plot p = { .v = view_sub(v, left, title, v->w - left, rows), .top = s.top };

	if (p.v.w <= 0 || axis->span_ns == 0)
		return;
	p.dots = glyphs->dots != 0;
	p.columns = MIN(p.v.w * (p.dots ? 2 : 1), MAX_COLUMNS);
	p.heights = p.v.h * (p.dots ? 4 : 1);
	draw_labels(&s, &p, v, labels, title);
	draw_level(&p, g->level);
	for (size_t i = 0; i < g->n_lines; i++)
		draw_line(&p, g, &g->lines[i], axis);
	if (is_empty(g))
		view_text_cut(&p.v, 1, p.v.h / 2, p.v.w - 1, ROLE_DIM, "nothing yet");
	if (line) {
		struct view below = view_sub(v, left, title + rows, v->w - left, 1);

		view_text_right(v, 0, title + rows, labels, ROLE_DIM, "0");
		view_char(v, left - 1, title + rows, ROLE_BORDER, glyphs->bottom_left);
		draw_axis(axis, &below, 0);
	}
	if (times) {
		struct view below = view_sub(v, left, v->h - 1, v->w - left, 1);

		draw_times(axis, &below, 0);
	}
}
