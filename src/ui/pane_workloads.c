/*
 * The workloads: what each is to do and what has become of it. One line each
 * with columns on wide screens, three lines each where there is room, one line
 * each otherwise. The cursor is shared: commands that change a rate mean it.
 */
#include <stdio.h>
#include <string.h>

#include "core/check.h"
#include "core/workload.h"
#include "ui/detail_tx.h"
#include "ui/pane_graphs.h"
#include "ui/pane_names.h"
#include "util/json.h"
#include "util/mem.h"

#define GRAPH_ROWS   14  /* below the list, when so many are left */
#define TABLE_WIDTH  116 /* columns from which there is a table */
#define ROOMY        60  /* columns from which labels are written out */
#define NAME_MAX_W   24
#define SPARK_TIME   (30 * NS_PER_S)
#define LISTED       50 /* transactions in the detail view */
#define LISTED_BAD   20 /* ... that were rejected */
#define RATE_IS_SAME 0.02

struct workloads_state {
	size_t top;
	int row_of[64]; /* first row of each visible workload as last drawn */
	size_t n_drawn;
	int end_row; /* first row below them */
};

/* --- questions ------------------------------------------------------------------------ */

static const struct workload_use *find_use(const struct pane_context *ctx, const char *name)
{
	const struct scenario *s = ctx->plan ? ctx->plan->scenario : NULL;

	for (size_t i = 0; s && i < s->n_workloads; i++) {
		if (strcmp(s->workloads[i].name, name) == 0)
			return &s->workloads[i];
	}
	return NULL;
}

/* Does it send transactions (or else act on the cluster)? */
static bool is_load(const struct pane_context *ctx, const struct model_workload *w)
{
	const struct workload_counts *c = &w->counts;
	const struct workload_use *use = find_use(ctx, w->name);

	return c->submitted || c->rejected || c->unsent || c->target_rate > 0 ||
	       (use && use->ops->tunes & TUNE_RATE);
}

static bool is_held(const struct pane_context *ctx, const struct model_workload *w)
{
	return is_load(ctx, w) && !w->ended && !(w->counts.target_rate > 0) &&
	       ctx->model->phase == PHASE_DRIVE;
}

/* What the preset says, per second; 0 when it cannot be told. */
static double planned_rate(const struct pane_context *ctx, const struct model_workload *w)
{
	const struct workload_use *use = find_use(ctx, w->name);
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct jw jw;
	double rate = 0;

	if (!use || !use->config)
		return 0;
	jw_init(&jw, &text, 0);
	options_to_json(use->ops->options, use->config, &jw);
	CLEANUP_JSON cJSON *json = json_parse(strbuf_str(&text), text.len, NULL, NULL);
	const char *per = json_get_str(json, "per");

	if (!json_get_double(json, "rate", &rate))
		return 0;
	if (per && strcmp(per, "block") == 0)
		rate = ctx->block_interval_ns
			       ? rate * (double)NS_PER_S / (double)ctx->block_interval_ns
			       : 0;
	return rate;
}

static bool is_changed(double target, double planned)
{
	double d = target - planned;

	return planned > 0 && (d < 0 ? -d : d) > planned * RATE_IS_SAME;
}

static uint64_t lost(const struct workload_counts *c)
{
	return c->dropped + c->expired;
}

/* Is it the only one that sends? Then what is included is its own. */
static bool is_alone(const struct pane_context *ctx, const struct model_workload *w)
{
	const struct model *m = ctx->model;

	for (size_t i = 0; i < m->n_workloads; i++) {
		const struct model_workload *other = &m->workloads[i];
		if (other != w && !other->ended && is_load(ctx, other))
			return false;
	}
	return !w->ended;
}

/* --- parts of lines ------------------------------------------------------------------------ */

static int name_width(const struct model *m)
{
	int width = 8;

	for (size_t i = 0; i < m->n_workloads; i++)
		width = MAX(width, text_width(m->workloads[i].name));
	return MIN(width, NAME_MAX_W);
}

/* The included rate of the last half minute. Blocks bring it in lumps: each value is a mean. */
static void draw_spark(const struct model *m, struct view *v, int x, int y, int width)
{
	const struct model_series *s = &m->series;
	size_t n = MIN(s->n, (size_t)MODEL_BUCKETS);

	width = MIN(width, 64);
	if (width < 4 || n == 0 || s->width_ns == 0)
		return;
	size_t per = (size_t)MAX(SPARK_TIME / (uint64_t)width / s->width_ns, 1u);
	double values[64] = { 0 };

	for (int i = 0; i < width; i++) {
		size_t end = n - MIN(n, (size_t)(width - 1 - i) * per);
		for (size_t j = end - MIN(end, per); j < end; j++)
			values[i] += (double)s->buckets[j].included;
	}
	view_spark(v, x, y, width, ROLE_SERIES1, values, (size_t)width, 0);
}

/* "9.1/s of 9.0/s", "held", "9.1/s of 12/s, 9.0/s planned". */
static int draw_rate(const struct pane_context *ctx, const struct model_workload *w, struct view *v,
	int x, int y)
{
	double planned = planned_rate(ctx, w), target = w->counts.target_rate;
	char now[32], of[32];

	if (is_held(ctx, w))
		return view_text(v, x, y, ROLE_WARN, "held");
	if (!(target > 0))
		return view_text(v, x, y, ROLE_DIM, "load is over");
	x = view_text(v, x, y, ROLE_STRONG, fmt_rate(w->counts.rate, now, sizeof(now)));
	x = view_textf(v, x, y, is_changed(target, planned) ? ROLE_WARN : ROLE_DIM, " of %s",
		fmt_rate(target, of, sizeof(of)));
	if (is_changed(target, planned))
		x = view_textf(
			v, x, y, ROLE_DIM, ", %s planned", fmt_rate(planned, of, sizeof(of)));
	return x;
}

static int draw_outcome(const struct model_workload *w, struct view *v, int x, int y)
{
	const struct glyphs *g = v->canvas->glyphs;

	if (x >= v->w)
		return x;
	view_char(v, x, y, w->ok ? ROLE_GOOD : ROLE_BAD, w->ok ? g->pass : g->fail);
	if (w->ok)
		return view_text(v, x + 2, y, ROLE_DIM, "done");
	return view_text_cut(v, x + 2, y, v->w - x - 2, ROLE_BAD,
		w->reason && *w->reason ? w->reason : "no reason given");
}

static int draw_actions(const struct model_workload *w, struct view *v, int x, int y)
{
	return view_text(v, x, y, w->counts.actions ? ROLE_FAULT : ROLE_DIM,
		name_count(w->counts.actions, "action", "actions"));
}

struct amount {
	const char *label, *abbreviation;
	uint64_t n;
	enum role role; /* when it is not 0 */
	bool bad;       /* of no interest when it is 0 and there is little room */
};

static int draw_amounts(struct view *v, int x, int y, const struct amount *a, size_t n, bool roomy)
{
	char buf[32];

	for (size_t i = 0; i < n; i++) {
		const char *label = roomy ? a[i].label : a[i].abbreviation;
		const char *number = fmt_count(a[i].n, buf, sizeof(buf));

		if (!roomy && a[i].bad && a[i].n == 0)
			continue;
		if (x + text_width(label) + 1 + text_width(number) > v->w)
			break;
		x = view_text(v, x, y, a[i].n && a[i].bad ? a[i].role : ROLE_DIM, label);
		x = view_text(v, x + 1, y, a[i].n ? a[i].role : ROLE_DIM, number) + 2;
	}
	return x;
}

static void draw_latencies(const struct workload_counts *c, struct view *v, int x, int y)
{
	char s50[32], s99[32], i50[32], i99[32];

	fmt_ms(c->submit_p50_ns, s50, sizeof(s50));
	fmt_ms(c->submit_p99_ns, s99, sizeof(s99));
	fmt_ms(c->include_p50_ns, i50, sizeof(i50));
	fmt_ms(c->include_p99_ns, i99, sizeof(i99));
	bool roomy = v->w >= ROOMY;

	x = view_text(v, x, y, ROLE_DIM, roomy ? "submit p50 " : "submit ");
	x = view_text(v, x, y, ROLE_NORMAL, s50);
	x = view_text(v, x, y, ROLE_DIM, roomy ? " p99 " : " / ");
	x = view_text(v, x, y, ROLE_NORMAL, s99);
	x = view_text(v, x, y, ROLE_DIM, roomy ? "  inclusion p50 " : "  in ");
	x = view_text(v, x, y, ROLE_NORMAL, i50);
	x = view_text(v, x, y, ROLE_DIM, roomy ? " p99 " : " / ");
	view_text_cut(v, x, y, v->w - x, ROLE_NORMAL, i99);
}

/* --- three lines each ---------------------------------------------------------------------- */

static bool has_failed(const struct model_workload *w)
{
	return w->ended && !w->ok;
}

/* With all that there is to say. */
static int rows_of(const struct pane_context *ctx, const struct model_workload *w, bool as_table)
{
	return as_table ? 1 + has_failed(w) : is_load(ctx, w) ? 3 : 1;
}

static void draw_head(const struct pane_context *ctx, const struct model_workload *w,
	struct view *v, int y, bool selected, bool amounts)
{
	const struct workload_counts *c = &w->counts;
	int x, names = name_width(ctx->model);

	if (selected)
		view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
	view_text_cut(v, 2, y, names, selected ? ROLE_STRONG : ROLE_NORMAL, w->name);
	x = names + 4;
	if (!is_load(ctx, w)) {
		x = draw_actions(w, v, x, y) + 2;
		if (w->ended)
			draw_outcome(w, v, x, y);
		return;
	}
	if (w->ended)
		x = draw_outcome(w, v, x, y) + 2;
	else
		x = draw_rate(ctx, w, v, x, y) + 2;
	if (amounts && (!w->ended || w->ok)) {
		const struct amount list[] = {
			{ "sent", "sent", c->submitted, ROLE_NORMAL, false },
			{ "included", "in", c->included, ROLE_NORMAL, false },
			{ "rejected", "rej", c->rejected, ROLE_WARN, true },
			{ "lost", "lost", lost(c), ROLE_BAD, true },
			{ "pending", "pend", c->pending, ROLE_NORMAL, false },
		};
		x = draw_amounts(v, x, y, list, ARRAY_LEN(list), v->w >= ROOMY + 30);
	}
	if (is_alone(ctx, w))
		draw_spark(ctx->model, v, x, y, MIN(v->w - x - 1, 40));
}

static void draw_three(const struct pane_context *ctx, const struct model_workload *w,
	struct view *v, int y, bool selected)
{
	const struct workload_counts *c = &w->counts;
	const struct amount amounts[] = {
		{ "sent", "sent", c->submitted, ROLE_NORMAL, false },
		{ "included", "in", c->included, ROLE_NORMAL, false },
		{ "pending", "pend", c->pending, ROLE_NORMAL, false },
		{ "rejected", "rej", c->rejected, ROLE_WARN, true },
		{ "lost", "lost", lost(c), ROLE_BAD, true },
		{ "unsent", "unsent", c->unsent, ROLE_WARN, true },
	};

	draw_head(ctx, w, v, y, selected, false);
	if (!is_load(ctx, w))
		return;
	draw_amounts(v, 2, y + 1, amounts, ARRAY_LEN(amounts), v->w >= ROOMY);
	draw_latencies(c, v, 2, y + 2);
}

/* --- a table ----------------------------------------------------------------------------- */

enum column {
	COL_TARGET,
	COL_NOW,
	COL_SENT,
	COL_IN,
	COL_PENDING,
	COL_REJECTED,
	COL_LOST,
	COL_UNSENT,
	COL_SUBMIT,
	COL_SUBMIT99,
	COL_INCLUDE,
	COL_INCLUDE99,
	N_COLUMNS
};

static const struct {
	const char *title;
	int width;
} table[N_COLUMNS] = {
	[COL_TARGET] = { "target", 7 },
	[COL_NOW] = { "now", 7 },
	[COL_SENT] = { "sent", 7 },
	[COL_IN] = { "included", 8 },
	[COL_PENDING] = { "pending", 7 },
	[COL_REJECTED] = { "rejected", 8 },
	[COL_LOST] = { "lost", 5 },
	[COL_UNSENT] = { "unsent", 6 },
	[COL_SUBMIT] = { "submit p50", 10 },
	[COL_SUBMIT99] = { "p99", 7 },
	[COL_INCLUDE] = { "incl. p50", 9 },
	[COL_INCLUDE99] = { "p99", 6 },
};

static void draw_header(const struct model *m, struct view *v)
{
	int x = name_width(m) + 3;

	view_fill(v, 0, 0, v->w, 1, ROLE_HEADER, ' ');
	view_text(v, 2, 0, ROLE_HEADER, "workload");
	for (int i = 0; i < N_COLUMNS; i++) {
		view_text_right(v, x, 0, table[i].width, ROLE_HEADER, table[i].title);
		x += table[i].width + 1;
	}
}

static void cell(struct view *v, int *x, int y, enum column c, enum role role, const char *text)
{
	view_text_right(v, *x, y, table[c].width, role, text);
	*x += table[c].width + 1;
}

static void count_cell(struct view *v, int *x, int y, enum column c, enum role role, uint64_t n)
{
	char buf[32];

	cell(v, x, y, c, n ? role : ROLE_DIM, fmt_count(n, buf, sizeof(buf)));
}

static void ms_cell(struct view *v, int *x, int y, enum column c, uint64_t ns)
{
	char buf[32];

	cell(v, x, y, c, ns ? ROLE_NORMAL : ROLE_DIM, fmt_ms(ns, buf, sizeof(buf)));
}

static void draw_row(const struct pane_context *ctx, const struct model_workload *w, struct view *v,
	int y, bool selected)
{
	const struct workload_counts *c = &w->counts;
	int x = name_width(ctx->model) + 3;
	char buf[32];

	if (selected)
		view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
	view_text_cut(v, 2, y, x - 3, selected ? ROLE_STRONG : ROLE_NORMAL, w->name);
	if (!is_load(ctx, w)) {
		x = draw_actions(w, v, x + 1, y) + 2;
		if (w->ended)
			draw_outcome(w, v, x, y);
		return;
	}
	if (is_held(ctx, w))
		cell(v, &x, y, COL_TARGET, ROLE_WARN, "held");
	else
		cell(v, &x, y, COL_TARGET,
			is_changed(c->target_rate, planned_rate(ctx, w)) ? ROLE_WARN : ROLE_DIM,
			c->target_rate > 0 ? fmt_rate(c->target_rate, buf, sizeof(buf)) : "-");
	cell(v, &x, y, COL_NOW, ROLE_STRONG, w->ended ? "-" : fmt_rate(c->rate, buf, sizeof(buf)));
	count_cell(v, &x, y, COL_SENT, ROLE_NORMAL, c->submitted);
	count_cell(v, &x, y, COL_IN, ROLE_NORMAL, c->included);
	count_cell(v, &x, y, COL_PENDING, ROLE_NORMAL, c->pending);
	count_cell(v, &x, y, COL_REJECTED, ROLE_WARN, c->rejected);
	count_cell(v, &x, y, COL_LOST, ROLE_BAD, lost(c));
	count_cell(v, &x, y, COL_UNSENT, ROLE_WARN, c->unsent);
	ms_cell(v, &x, y, COL_SUBMIT, c->submit_p50_ns);
	ms_cell(v, &x, y, COL_SUBMIT99, c->submit_p99_ns);
	ms_cell(v, &x, y, COL_INCLUDE, c->include_p50_ns);
	ms_cell(v, &x, y, COL_INCLUDE99, c->include_p99_ns);
	if (is_alone(ctx, w))
		draw_spark(ctx->model, v, x + 1, y, MIN(v->w - x - 2, 40));
	else if (w->ended)
		view_char(v, x + 1, y, w->ok ? ROLE_GOOD : ROLE_BAD,
			w->ok ? v->canvas->glyphs->pass : v->canvas->glyphs->fail);
}

/* --- members ------------------------------------------------------------------------------ */

static void status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	uint64_t included = 0, submitted = 0;
	char in[32], of[32];

	(void)state;
	for (size_t i = 0; i < m->n_workloads; i++) {
		included += m->workloads[i].counts.included;
		submitted += m->workloads[i].counts.submitted;
	}
	if (submitted)
		strbuf_addf(out, "%s of %s included", fmt_count(included, in, sizeof(in)),
			fmt_count(submitted, of, sizeof(of)));
}

static int rows_of_all(const struct pane_context *ctx, bool as_table)
{
	int rows = 0;

	for (size_t i = 0; i < ctx->model->n_workloads && rows < CANVAS_MAX_SIZE; i++)
		rows += rows_of(ctx, &ctx->model->workloads[i], as_table);
	return rows;
}

/* Shown from `top` on, such that the selected one is. */
static void clamp(struct workloads_state *s, struct selection *sel, size_t n, int rows)
{
	sel->workload = (unsigned)MIN((size_t)sel->workload, n - 1);
	s->top = MIN(s->top, n > (size_t)rows ? n - (size_t)rows : 0);
	if (s->top > sel->workload)
		s->top = sel->workload;
	if (sel->workload - s->top >= (size_t)rows)
		s->top = sel->workload - (size_t)rows + 1;
}

static void draw_one(
	const struct pane_context *ctx, size_t i, struct view *v, int y, bool as_table, bool roomy)
{
	const struct model_workload *w = &ctx->model->workloads[i];
	bool selected = i == ctx->selection->workload;

	if (as_table) {
		draw_row(ctx, w, v, y, selected);
		if (roomy && has_failed(w))
			draw_outcome(w, v, name_width(ctx->model) + 4, y + 1);
	} else if (roomy) {
		draw_three(ctx, w, v, y, selected);
	} else {
		draw_head(ctx, w, v, y, selected, true);
	}
	if (selected && ctx->focused)
		view_select_row(v, y);
}

static void draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct workloads_state *s = state;
	const struct model *m = ctx->model;
	bool as_table = v->w >= TABLE_WIDTH && v->h > 1;
	int y = as_table, all = rows_of_all(ctx, as_table);
	bool roomy = y + all <= v->h;

	s->n_drawn = 0;
	if (v->h <= 0 || v->w <= 0)
		return;
	if (m->n_workloads == 0) {
		view_text_cut(v, 1, 0, v->w - 1, ROLE_DIM, "no workload has begun");
		return;
	}
	if (as_table)
		draw_header(m, v);
	clamp(s, ctx->selection, m->n_workloads, roomy ? (int)m->n_workloads : v->h - y);
	for (size_t i = s->top; i < m->n_workloads && y < v->h; i++) {
		if (s->n_drawn < ARRAY_LEN(s->row_of))
			s->row_of[s->n_drawn++] = y;
		draw_one(ctx, i, v, y, as_table, roomy);
		y += roomy ? rows_of(ctx, &m->workloads[i], as_table) : 1;
	}
	s->end_row = y;
	if (v->h - y - 1 >= GRAPH_ROWS) {
		struct view below = view_sub(v, 1, y + 1, v->w - 2, GRAPH_ROWS);

		run_graph_draw(ctx, RUN_GRAPH_RATES, &below);
	}
}

static int brief(void *state, const struct pane_context *ctx, struct view *v)
{
	const struct model *m = ctx->model;
	int rows = 0;

	(void)state;
	for (size_t i = 0; i < m->n_workloads && rows < MIN(v->h, 2); i++) {
		if (is_load(ctx, &m->workloads[i]))
			draw_head(ctx, &m->workloads[i], v, rows++, false, true);
	}
	return rows;
}

static enum pane_reply act(void *state, const struct pane_context *ctx, enum action a)
{
	struct workloads_state *s = state;
	size_t n = ctx->model->n_workloads;
	struct list l = { .cursor = ctx->selection->workload, .rows = MAX(s->n_drawn, 1u) };

	if (a == ACTION_OPEN)
		return n ? PANE_DETAIL : PANE_IGNORED;
	if (!list_act(&l, n, a))
		return PANE_IGNORED;
	ctx->selection->workload = (unsigned)l.cursor;
	return PANE_HANDLED;
}

static enum pane_reply click(void *state, const struct pane_context *ctx, int x, int y)
{
	const struct workloads_state *s = state;

	(void)x;
	for (size_t i = s->n_drawn; y >= 0 && i-- > 0;) {
		size_t at = s->top + i;
		if (y < s->row_of[i] || y >= s->end_row || at >= ctx->model->n_workloads)
			continue;
		if (ctx->selection->workload == at)
			return PANE_DETAIL;
		ctx->selection->workload = (unsigned)at;
		return PANE_HANDLED;
	}
	return PANE_IGNORED;
}

/* --- details -------------------------------------------------------------------------------- */

#define AT 16 /* column of values */

static void add_balance(struct rich *out, const char *name, uint64_t sum, uint64_t parts,
	const char *text, bool must)
{
	char buf[32];

	if (sum == parts)
		rich_field(out, AT, name, ROLE_GOOD, "%s = %s", fmt_count(sum, buf, sizeof(buf)),
			text);
	else if (must)
		rich_field(out, AT, name, ROLE_BAD,
			"%s is not %s: the counts do not balance, a bug of the bench",
			fmt_count(sum, buf, sizeof(buf)), text);
}

static void add_counts(struct rich *out, const struct model_workload *w)
{
	const struct workload_counts *c = &w->counts;
	CLEANUP_STRBUF struct strbuf text = { 0 };
	char buf[32];

	rich_heading(out, "transactions");
	rich_field(out, AT, "planned", ROLE_NORMAL, "%s", fmt_count(c->planned, buf, sizeof(buf)));
	rich_field(
		out, AT, "submitted", ROLE_NORMAL, "%s", fmt_count(c->submitted, buf, sizeof(buf)));
	rich_field(out, AT, "rejected", c->rejected ? ROLE_WARN : ROLE_DIM, "%s",
		fmt_count(c->rejected, buf, sizeof(buf)));
	rich_field(out, AT, "unsent", c->unsent ? ROLE_WARN : ROLE_DIM, "%s",
		fmt_count(c->unsent, buf, sizeof(buf)));
	rich_field(
		out, AT, "included", ROLE_NORMAL, "%s", fmt_count(c->included, buf, sizeof(buf)));
	rich_field(out, AT, "dropped", c->dropped ? ROLE_BAD : ROLE_DIM, "%s",
		fmt_count(c->dropped, buf, sizeof(buf)));
	rich_field(out, AT, "expired", c->expired ? ROLE_BAD : ROLE_DIM, "%s",
		fmt_count(c->expired, buf, sizeof(buf)));
	rich_field(out, AT, "pending", ROLE_NORMAL, "%s", fmt_count(c->pending, buf, sizeof(buf)));
	strbuf_addf(&text, "%s included + ", fmt_count(c->included, buf, sizeof(buf)));
	strbuf_addf(&text, "%s dropped + ", fmt_count(c->dropped, buf, sizeof(buf)));
	strbuf_addf(&text, "%s expired + ", fmt_count(c->expired, buf, sizeof(buf)));
	strbuf_addf(&text, "%s pending", fmt_count(c->pending, buf, sizeof(buf)));
	add_balance(out, "submitted is", c->submitted,
		c->included + c->dropped + c->expired + c->pending, strbuf_str(&text), true);
	strbuf_clear(&text);
	strbuf_addf(&text, "%s submitted + ", fmt_count(c->submitted, buf, sizeof(buf)));
	strbuf_addf(&text, "%s rejected + ", fmt_count(c->rejected, buf, sizeof(buf)));
	strbuf_addf(&text, "%s unsent", fmt_count(c->unsent, buf, sizeof(buf)));
	add_balance(out, "planned is", c->planned, c->submitted + c->rejected + c->unsent,
		strbuf_str(&text), w->ended);
}

static void add_rates(
	struct rich *out, const struct pane_context *ctx, const struct model_workload *w)
{
	const struct workload_counts *c = &w->counts;
	double planned = planned_rate(ctx, w);
	char a[32], b[32];

	rich_heading(out, "rates and latencies");
	if (planned > 0)
		rich_field(out, AT, "planned", ROLE_NORMAL, "%s", fmt_rate(planned, a, sizeof(a)));
	if (is_held(ctx, w))
		rich_field(out, AT, "target", ROLE_WARN, "held");
	else
		rich_field(out, AT, "target",
			is_changed(c->target_rate, planned) && c->target_rate > 0 ? ROLE_WARN
										  : ROLE_NORMAL,
			"%s", fmt_rate(c->target_rate, a, sizeof(a)));
	rich_field(out, AT, "now", ROLE_NORMAL, "%s", fmt_rate(c->rate, a, sizeof(a)));
	rich_field(out, AT, "submit", ROLE_NORMAL, "p50 %s, p99 %s",
		fmt_ms(c->submit_p50_ns, a, sizeof(a)), fmt_ms(c->submit_p99_ns, b, sizeof(b)));
	rich_field(out, AT, "inclusion", ROLE_NORMAL, "p50 %s, p99 %s",
		fmt_ms(c->include_p50_ns, a, sizeof(a)), fmt_ms(c->include_p99_ns, b, sizeof(b)));
}

static bool detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct model *m = ctx->model;
	unsigned at = ctx->selection->workload;
	char buf[32];

	(void)state;
	if (at >= m->n_workloads)
		return false;
	const struct model_workload *w = &m->workloads[at];
	const struct workload_use *use = find_use(ctx, w->name);

	snprintf(ret_title, title_size, "workload %s", w->name);
	if (use)
		rich_field(out, AT, "what it does", ROLE_NORMAL, "%s", use->ops->summary);
	if (w->ended)
		rich_field(out, AT, "state", w->ok ? ROLE_GOOD : ROLE_BAD, "%s%s",
			w->ok ? "done" : "could not do its work: ",
			w->ok       ? ""
			: w->reason ? w->reason
				    : "no reason given");
	else
		rich_field(out, AT, "state", is_held(ctx, w) ? ROLE_WARN : ROLE_NORMAL,
			is_held(ctx, w) ? "held" : "at work");
	if (!is_load(ctx, w)) {
		rich_field(out, AT, "actions", ROLE_NORMAL, "%s",
			fmt_count(w->counts.actions, buf, sizeof(buf)));
		return true;
	}
	add_counts(out, w);
	add_rates(out, ctx, w);
	tx_list(m, at, true, "newest that were rejected", LISTED_BAD, out);
	if (tx_list(m, at, false, "newest transactions", LISTED, out) == 0) {
		rich_newline(out);
		rich_add(out, ROLE_DIM, "none of its transactions is remembered");
		rich_newline(out);
	}
	return true;
}

const struct pane_ops pane_workloads = {
	.id = PANE_WORKLOADS,
	.title = "workloads",
	.state_size = sizeof(struct workloads_state),
	.init = pane_no_init,
	.status = status,
	.draw = draw,
	.brief = brief,
	.act = act,
	.click = click,
	.search = pane_no_search,
	.detail = detail,
	.release = pane_no_release,
};
