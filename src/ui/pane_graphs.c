/*
 * The course of the run as graphs: block interval, transactions per second,
 * inclusion latency, spread of heights. As many as fit; the viewer chooses
 * which comes first. Values are made from the model's series at each draw.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/graph.h"
#include "ui/pane_graphs.h"
#include "ui/pane_names.h"
#include "util/clock.h"
#include "util/mem.h"

#define N_GRAPHS  ((unsigned)RUN_GRAPH_COUNT)
#define MAX_LINES 2
#define TWO_WIDE  110 /* columns from which graphs stand side by side */
#define ROWS_GOOD 14  /* rows beyond which a graph gets no better */

struct graphs_state {
	unsigned first; /* graph */
	unsigned fit;   /* as of the last draw */
};

/* The values of all graphs, and the graphs that show them. */
struct graphs {
	double values[N_GRAPHS][MAX_LINES][MODEL_BUCKETS];
	struct graph_line lines[N_GRAPHS][MAX_LINES];
	struct graph graphs[N_GRAPHS];
	struct graph_axis axis;
};

static size_t n_buckets(const struct model *m)
{
	return MIN(m->series.n, (size_t)MODEL_BUCKETS);
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

static double last_known(const double *values, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		if (isfinite(values[i]))
			return values[i];
	}
	return GRAPH_NONE;
}

/* --- values ------------------------------------------------------------------------ */

/* Time between blocks; while one is overdue, the time that it has taken so far. */
static void fill_intervals(const struct pane_context *ctx, struct graphs *g)
{
	const struct model_series *s = &ctx->model->series;
	double *to = g->values[RUN_GRAPH_INTERVAL][0];
	size_t n = n_buckets(ctx->model), last = 0;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		to[i] = s->buckets[i].max_interval_ns ? seconds(s->buckets[i].max_interval_ns)
						      : NAN;
		if (s->buckets[i].blocks || s->buckets[i].max_interval_ns) {
			last = i;
			any = true;
		}
	}
	uint64_t since = any ? (n - 1 - last) * s->width_ns : 0;

	g->lines[RUN_GRAPH_INTERVAL][0] = (struct graph_line){
		.name = "", .role = ROLE_SERIES1, .bridged = true, .now = last_known(to, n)
	};
	if (any && !ctx->model->ended && since > ctx->block_interval_ns &&
		since > s->buckets[last].max_interval_ns) {
		to[n - 1] = seconds(since);
		g->lines[RUN_GRAPH_INTERVAL][0].now = to[n - 1];
	}
	g->graphs[RUN_GRAPH_INTERVAL] = (struct graph){ .title = "block interval",
		.unit = GRAPH_SECONDS,
		.n_lines = 1,
		.level = ctx->block_interval_ns ? seconds(ctx->block_interval_ns) : GRAPH_NONE,
		.level_name = "expected" };
}

/*
 * Blocks bring transactions in at once: rates are those of the last two seconds
 * or four blocks, so that they do not look like a comb.
 */
static void fill_rates(const struct pane_context *ctx, struct graphs *g)
{
	const struct model_series *s = &ctx->model->series;
	size_t n = n_buckets(ctx->model);
	uint64_t window = MAX(2 * NS_PER_S, 4 * MIN(ctx->block_interval_ns, 60 * NS_PER_S));
	size_t k = s->width_ns ? (size_t)((window + s->width_ns - 1) / s->width_ns) : 1;
	uint64_t submitted = 0, included = 0;

	k = MAX(1u, MIN(k, (size_t)MODEL_BUCKETS));
	for (size_t i = 0; i < n; i++) {
		uint64_t from = i >= k ? (i - k + 1) * s->width_ns : 0;
		uint64_t to = MIN((i + 1) * s->width_ns, MAX(ctx->model->now_ns, from + 1));

		submitted += s->buckets[i].submitted;
		included += s->buckets[i].included;
		if (i >= k) {
			submitted -= s->buckets[i - k].submitted;
			included -= s->buckets[i - k].included;
		}
		double took = MAX(seconds(to - from), 0.25);
		g->values[RUN_GRAPH_RATES][0][i] = (double)included / took;
		g->values[RUN_GRAPH_RATES][1][i] = (double)submitted / took;
	}
	g->lines[RUN_GRAPH_RATES][0] = (struct graph_line){ .name = "included",
		.role = ROLE_SERIES1,
		.filled = true,
		.averaged = true,
		.now = last_known(g->values[RUN_GRAPH_RATES][0], n) };
	g->lines[RUN_GRAPH_RATES][1] = (struct graph_line){ .name = "submitted",
		.role = ROLE_SERIES2,
		.averaged = true,
		.now = last_known(g->values[RUN_GRAPH_RATES][1], n) };
	g->graphs[RUN_GRAPH_RATES] = (struct graph){
		.title = "transactions per second", .n_lines = 2, .level = GRAPH_NONE
	};
}

static void fill_latencies(const struct pane_context *ctx, struct graphs *g)
{
	const struct model_series *s = &ctx->model->series;
	size_t n = n_buckets(ctx->model);

	for (size_t i = 0; i < n; i++) {
		const struct model_bucket *b = &s->buckets[i];
		bool known = b->included > 0;

		g->values[RUN_GRAPH_LATENCY][0][i] =
			known ? seconds(b->include_sum_ns) / (double)b->included : NAN;
		g->values[RUN_GRAPH_LATENCY][1][i] = known ? seconds(b->include_max_ns) : NAN;
	}
	g->lines[RUN_GRAPH_LATENCY][0] = (struct graph_line){ .name = "mean",
		.role = ROLE_SERIES1,
		.filled = true,
		.bridged = true,
		.now = last_known(g->values[RUN_GRAPH_LATENCY][0], n) };
	g->lines[RUN_GRAPH_LATENCY][1] = (struct graph_line){ .name = "greatest",
		.role = ROLE_SERIES2,
		.bridged = true,
		.now = last_known(g->values[RUN_GRAPH_LATENCY][1], n) };
	g->graphs[RUN_GRAPH_LATENCY] = (struct graph){ .title = "inclusion latency",
		.unit = GRAPH_SECONDS,
		.n_lines = 2,
		.level = GRAPH_NONE };
}

static void fill_spreads(const struct pane_context *ctx, struct graphs *g)
{
	const struct model_series *s = &ctx->model->series;
	size_t n = n_buckets(ctx->model);

	for (size_t i = 0; i < n; i++) {
		const struct model_bucket *b = &s->buckets[i];
		g->values[RUN_GRAPH_SPREAD][0][i] =
			b->has_heights && b->high >= b->low ? (double)(b->high - b->low) : NAN;
	}
	g->lines[RUN_GRAPH_SPREAD][0] = (struct graph_line){ .name = "blocks",
		.role = ROLE_SERIES3,
		.filled = true,
		.bridged = true,
		.now = last_known(g->values[RUN_GRAPH_SPREAD][0], n) };
	g->graphs[RUN_GRAPH_SPREAD] =
		(struct graph){ .title = "height spread", .n_lines = 1, .level = GRAPH_NONE };
}

/* Phases before the load and after the verdict are over in no time: they would only be in the way.
 */
static void fill_axis(const struct pane_context *ctx, struct graph_axis *axis)
{
	const struct model *m = ctx->model;
	uint64_t now = MAX(ctx->now_ns, m->now_ns);

	axis->span_ns = m->ended && now ? now : graph_span(now);
	for (int p = PHASE_BASELINE; p <= PHASE_JUDGE; p++) {
		if (m->phases[p].started)
			axis->phases[axis->n_phases++] =
				(struct graph_phase){ m->phases[p].start_ns,
					phase_name((enum phase)p) };
	}
	for (size_t i = 0; i < m->n_faults; i++)
		graph_axis_fault(axis, m->faults[i].start_ns,
			m->faults[i].end_ns ? m->faults[i].end_ns : now);
}

static struct graphs *make_graphs(const struct pane_context *ctx)
{
	struct graphs *g = xcalloc(1, sizeof(*g));

	fill_intervals(ctx, g);
	fill_rates(ctx, g);
	fill_latencies(ctx, g);
	fill_spreads(ctx, g);
	for (unsigned i = 0; i < N_GRAPHS; i++) {
		for (int l = 0; l < MAX_LINES; l++)
			g->lines[i][l].values = g->values[i][l];
		g->graphs[i].lines = g->lines[i];
		g->graphs[i].n = n_buckets(ctx->model);
		g->graphs[i].width_ns = ctx->model->series.width_ns;
	}
	fill_axis(ctx, &g->axis);
	return g;
}

void run_graph_draw(const struct pane_context *ctx, enum run_graph which, struct view *v)
{
	struct graphs *g = make_graphs(ctx);

	graph_draw(&g->graphs[which], &g->axis, v);
	free(g);
}

/* --- members ------------------------------------------------------------------------ */

static void status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct graphs_state *s = state;

	(void)ctx;
	if (s->fit == 1)
		strbuf_addf(out, "%u of %u", s->first + 1, N_GRAPHS);
	else if (s->fit > 0 && s->fit < N_GRAPHS)
		strbuf_addf(out, "%u to %u of %u", s->first + 1, s->first + s->fit, N_GRAPHS);
}

static void draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct graphs_state *s = state;
	int columns = v->w >= TWO_WIDE ? 2 : 1, rows = MIN(v->h / GRAPH_MIN_ROWS, (int)N_GRAPHS);

	if (rows < 1 && v->h >= 3)
		rows = 1;
	rows = MIN(rows, ((int)N_GRAPHS + columns - 1) / columns);
	if (rows < 1)
		return;
	/* few and tall rather than many and flat */
	while (rows > 1 && v->h / rows < GRAPH_MIN_ROWS + 1)
		rows--;
	unsigned fit = MIN((unsigned)(rows * columns), N_GRAPHS);
	struct graphs *g = make_graphs(ctx);

	s->fit = fit;
	s->first = MIN(s->first, N_GRAPHS - fit);
	for (unsigned i = 0; i < fit; i++) {
		int row = (int)i / columns, column = (int)i % columns;
		int top = v->h * row / rows, left = (v->w + 2) * column / columns;
		struct view part = view_sub(v, left, top, (v->w + 2) / columns - 2,
			v->h * (row + 1) / rows - top -
				(row + 1 < rows && v->h / rows > ROWS_GOOD));

		graph_draw(&g->graphs[s->first + i], &g->axis, &part);
	}
	free(g);
}

static enum pane_reply act(void *state, const struct pane_context *ctx, enum action a)
{
	struct graphs_state *s = state;
	unsigned last = s->fit < N_GRAPHS ? N_GRAPHS - s->fit : 0;

	(void)ctx;
	switch (a) {
	case ACTION_UP:
	case ACTION_LEFT:
	case ACTION_PAGE_UP:
		s->first -= s->first > 0;
		return PANE_HANDLED;
	case ACTION_DOWN:
	case ACTION_RIGHT:
	case ACTION_PAGE_DOWN:
		s->first += s->first < last;
		return PANE_HANDLED;
	case ACTION_FIRST:
		s->first = 0;
		return PANE_HANDLED;
	case ACTION_LAST:
		s->first = last;
		return PANE_HANDLED;
	case ACTION_OPEN:
		return PANE_DETAIL;
	default:
		return PANE_IGNORED;
	}
}

static void add_numbers(struct rich *out, const struct graph *g, const struct graph_line *l)
{
	double sum = 0, max = 0;
	size_t known = 0, at = 0;
	char mean[40], most[40], now[40], when[40];

	for (size_t i = 0; i < g->n; i++) {
		if (!isfinite(l->values[i]))
			continue;
		if (known++ == 0 || l->values[i] > max) {
			max = l->values[i];
			at = i;
		}
		sum += l->values[i];
	}
	if (known == 0) {
		rich_field(out, 16, *l->name ? l->name : "longest", ROLE_DIM, "nothing yet");
		return;
	}
	rich_field(out, 16, *l->name ? l->name : "longest", ROLE_NORMAL,
		"%s now, %s on average, at most %s at %s",
		graph_value(l->now, g->unit, now, sizeof(now)),
		graph_value(sum / (double)known, g->unit, mean, sizeof(mean)),
		graph_value(max, g->unit, most, sizeof(most)),
		fmt_clock(at * g->width_ns, when, sizeof(when)));
}

static bool detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	struct graphs *g = make_graphs(ctx);
	char width[40], value[40];

	(void)state;
	snprintf(ret_title, title_size, "course of the run");
	for (unsigned i = 0; i < N_GRAPHS; i++) {
		rich_heading(out, g->graphs[i].title);
		for (size_t l = 0; l < g->graphs[i].n_lines; l++)
			add_numbers(out, &g->graphs[i], &g->lines[i][l]);
		if (g->graphs[i].level > 0)
			rich_field(out, 16, g->graphs[i].level_name, ROLE_NORMAL, "%s",
				graph_value(g->graphs[i].level, g->graphs[i].unit, value,
					sizeof(value)));
	}
	rich_newline(out);
	rich_addf(out, ROLE_DIM, "One value for each %s of the run (%s so far).",
		fmt_ms(ctx->model->series.width_ns, width, sizeof(width)),
		name_count(n_buckets(ctx->model), "value", "values"));
	rich_newline(out);
	free(g);
	return true;
}

const struct pane_ops pane_graphs = {
	.id = PANE_GRAPHS,
	.title = "graphs",
	.state_size = sizeof(struct graphs_state),
	.init = pane_no_init,
	.status = status,
	.draw = draw,
	.brief = pane_no_brief,
	.act = act,
	.click = pane_no_click,
	.search = pane_no_search,
	.detail = detail,
	.release = pane_no_release,
};
