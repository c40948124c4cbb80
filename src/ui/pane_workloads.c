/*
 * The workloads: what each is to do and does, what became of it, and how long
 * it took. Three lines each where there is room, else one.
 */
#include <stdio.h>
#include <string.h>

#include "ui/detail_tx.h"
#include "ui/pane.h"
#include "util/mem.h"

#define DETAIL_TXS 50
#define SPARK      24 /* cells at most */
#define VALUE_AT   16

struct workloads_state {
	struct list list;
	int lines; /* of each, as last drawn */
};

static bool is_load(const struct workload_counts *c)
{
	return c->submitted + c->rejected + c->unsent > 0 || c->target_rate > 0;
}

static bool is_held(const struct pane_context *ctx, const struct model_workload *w)
{
	return is_load(&w->counts) && w->counts.target_rate <= 0 && !w->ended &&
	       ctx->model->phase == PHASE_DRIVE;
}

/* Transactions included a second, over the stretches of the run's course. */
static size_t included_rates(const struct model *m, double *ret, size_t max)
{
	const struct model_series *s = &m->series;
	size_t n = MIN(s->n, max), from = s->n - n;

	for (size_t i = 0; i < n; i++)
		ret[i] = s->width_ns
				 ? (double)s->buckets[from + i].included * 1e9 / (double)s->width_ns
				 : 0;
	return n;
}

/* --- one workload ------------------------------------------------------------------------ */

static enum role name_role(const struct model_workload *w)
{
	return !w->ended ? ROLE_STRONG : w->ok ? ROLE_NORMAL : ROLE_BAD;
}

/* What it does now, in the words of its kind. */
static int draw_now(const struct pane_context *ctx, const struct model_workload *w, struct view *v,
	int x, int y)
{
	const struct workload_counts *c = &w->counts;
	char target[24], now[24];

	if (w->ended)
		return view_text(v, x, y, w->ok ? ROLE_DIM : ROLE_BAD,
			w->ok       ? "done"
			: w->reason ? w->reason
				    : "failed");
	if (!is_load(c)) {
		if (c->planned > 0)
			return view_textf(v, x, y, ROLE_NORMAL, "%llu of %llu actions",
				(unsigned long long)c->actions, (unsigned long long)c->planned);
		return view_textf(
			v, x, y, ROLE_NORMAL, "%llu actions", (unsigned long long)c->actions);
	}
	if (is_held(ctx, w))
		return view_text(v, x, y, ROLE_WARN, "held");
	x = view_textf(v, x, y, ROLE_DIM, "target ");
	x = view_textf(
		v, x, y, ROLE_NORMAL, "%s", fmt_rate(c->target_rate, target, sizeof(target)));
	x = view_textf(v, x, y, ROLE_DIM, "  now ");
	return view_textf(v, x, y, ROLE_NORMAL, "%s", fmt_rate(c->rate, now, sizeof(now)));
}

static int draw_count(
	struct view *v, int x, int y, const char *name, uint64_t n, enum role role, bool always)
{
	char buf[32];

	if (n == 0 && !always)
		return x;
	x = view_textf(v, x, y, ROLE_DIM, "%s ", name);
	return view_textf(v, x, y, n ? role : ROLE_DIM, "%s  ", fmt_count(n, buf, sizeof(buf)));
}

static int draw_counts(const struct workload_counts *c, struct view *v, int x, int y)
{
	x = draw_count(v, x, y, "sent", c->submitted, ROLE_NORMAL, true);
	x = draw_count(v, x, y, "in", c->included, ROLE_NORMAL, true);
	x = draw_count(v, x, y, "pending", c->pending, ROLE_NORMAL, true);
	x = draw_count(v, x, y, "rejected", c->rejected, ROLE_BAD, false);
	x = draw_count(v, x, y, "lost", c->dropped + c->expired, ROLE_BAD, false);
	return draw_count(v, x, y, "unsent", c->unsent, ROLE_WARN, false);
}

static void draw_latencies(const struct workload_counts *c, struct view *v, int x, int y)
{
	char a[24], b[24];

	x = view_text(v, x, y, ROLE_DIM, "submit ");
	x = view_textf(v, x, y, ROLE_NORMAL, "%s ", fmt_ms(c->submit_p50_ns, a, sizeof(a)));
	x = view_textf(v, x, y, ROLE_DIM, "p99 ");
	x = view_textf(v, x, y, ROLE_NORMAL, "%s  ", fmt_ms(c->submit_p99_ns, b, sizeof(b)));
	x = view_text(v, x, y, ROLE_DIM, "inclusion ");
	x = view_textf(v, x, y, ROLE_NORMAL, "%s ", fmt_ms(c->include_p50_ns, a, sizeof(a)));
	x = view_textf(v, x, y, ROLE_DIM, "p99 ");
	view_textf(v, x, y, ROLE_NORMAL, "%s", fmt_ms(c->include_p99_ns, b, sizeof(b)));
}

static void draw_one(const struct pane_context *ctx, const struct model_workload *w, bool here,
	int lines, struct view *v, int y)
{
	double rates[SPARK];
	bool load = is_load(&w->counts);

	if (here && ctx->focused)
		view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
	int x = view_text_cut(v, 2, y, MIN(20, v->w - 2), name_role(w), w->name);
	x = draw_now(ctx, w, v, MAX(x + 1, 16), y) + 2;
	if (load && lines == 1 && !w->ended) {
		draw_counts(&w->counts, v, x, y);
		return;
	}
	if (!load || lines < 3)
		return;
	size_t n = included_rates(ctx->model, rates, SPARK);
	if (!w->ended && v->w - x >= 6)
		view_spark(v, x, y, MIN(SPARK, v->w - x - 1), ROLE_SERIES1, rates, n, 0);
	draw_counts(&w->counts, v, 4, y + 1);
	draw_latencies(&w->counts, v, 4, y + 2);
}

/* --- the pane ------------------------------------------------------------------------------- */

static void workloads_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	size_t failed = 0, done = 0;

	(void)state;
	for (size_t i = 0; i < m->n_workloads; i++) {
		failed += m->workloads[i].ended && !m->workloads[i].ok;
		done += m->workloads[i].ended && m->workloads[i].ok;
	}
	if (failed)
		strbuf_addf(out, "%zu failed", failed);
	if (done)
		strbuf_addf(out, "%s%zu done", failed ? ", " : "", done);
}

static void say_none(const struct pane_context *ctx, struct view *v)
{
	view_text(v, 1, 0, ROLE_DIM,
		ctx->model->phase < PHASE_DRIVE && !ctx->model->ended
			? "they begin with the drive phase"
			: "there is none");
}

static void workloads_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct workloads_state *s = state;
	const struct model *m = ctx->model;
	size_t n = m->n_workloads;

	s->lines = n > 0 && (size_t)v->h >= 3 * n ? 3 : 1;
	list_clamp(&s->list, n, v->h > 0 ? (size_t)(v->h / s->lines) : 0);
	ctx->selection->workload = (unsigned)s->list.cursor;
	if (n == 0) {
		say_none(ctx, v);
		return;
	}
	for (size_t i = s->list.top; i < n; i++) {
		int y = (int)(i - s->list.top) * s->lines;
		if (y >= v->h)
			break;
		draw_one(ctx, &m->workloads[i], i == s->list.cursor, s->lines, v, y);
	}
}

static int workloads_brief(void *state, const struct pane_context *ctx, struct view *v)
{
	int y = 0;

	(void)state;
	for (size_t i = 0; i < ctx->model->n_workloads && y < v->h; i++)
		draw_one(ctx, &ctx->model->workloads[i], false, 1, v, y++);
	return y;
}

static enum pane_reply workloads_act(void *state, const struct pane_context *ctx, enum action a)
{
	struct workloads_state *s = state;

	if (a == ACTION_OPEN)
		return ctx->model->n_workloads ? PANE_DETAIL : PANE_IGNORED;
	return list_act(&s->list, ctx->model->n_workloads, a) ? PANE_HANDLED : PANE_IGNORED;
}

static enum pane_reply workloads_click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct workloads_state *s = state;
	size_t at = s->list.top + (size_t)(MAX(y, 0) / MAX(s->lines, 1));

	(void)x;
	if (at >= ctx->model->n_workloads)
		return PANE_IGNORED;
	s->list.cursor = at;
	return PANE_HANDLED;
}

/* --- all about one -----------------------------------------------------------------------------
 */

static void add_balance(struct rich *out, const struct workload_counts *c)
{
	uint64_t sum = c->included + c->dropped + c->expired + c->pending;
	bool right = sum == c->submitted;

	rich_field(out, VALUE_AT, "  sent", right ? ROLE_NORMAL : ROLE_BAD,
		"%llu = %llu included + %llu dropped + %llu expired + %llu pending%s",
		(unsigned long long)c->submitted, (unsigned long long)c->included,
		(unsigned long long)c->dropped, (unsigned long long)c->expired,
		(unsigned long long)c->pending, right ? "" : ": this does not add up");
	rich_field(out, VALUE_AT, "  rejected", c->rejected ? ROLE_BAD : ROLE_NORMAL, "%llu",
		(unsigned long long)c->rejected);
	rich_field(out, VALUE_AT, "  unsent", c->unsent ? ROLE_WARN : ROLE_NORMAL, "%llu",
		(unsigned long long)c->unsent);
	rich_field(out, VALUE_AT, "  planned", ROLE_NORMAL, "%llu", (unsigned long long)c->planned);
}

static void add_rates(struct rich *out, const struct workload_counts *c)
{
	char a[24], b[24];

	rich_field(out, VALUE_AT, "  rate", ROLE_NORMAL, "%s, target %s",
		fmt_rate(c->rate, a, sizeof(a)), fmt_rate(c->target_rate, b, sizeof(b)));
	rich_field(out, VALUE_AT, "  accepted in", ROLE_NORMAL, "%s (p50), %s (p99)",
		fmt_ms(c->submit_p50_ns, a, sizeof(a)), fmt_ms(c->submit_p99_ns, b, sizeof(b)));
	rich_field(out, VALUE_AT, "  included in", ROLE_NORMAL, "%s (p50), %s (p99)",
		fmt_ms(c->include_p50_ns, a, sizeof(a)), fmt_ms(c->include_p99_ns, b, sizeof(b)));
	rich_add(out, ROLE_DIM, "  from the time at which it was to be sent");
	rich_newline(out);
}

static bool was_refused(const struct model_tx *t)
{
	return t->state != TX_INCLUDED && t->state != TX_SUBMITTED;
}

/* The newest first; those that were refused or lost before the others. */
static void add_txs(struct rich *out, const struct model *m, unsigned workload)
{
	size_t shown = 0;

	if (!m->txs)
		return;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = m->n_txs; i > 0 && shown < DETAIL_TXS; i--) {
			const struct model_tx *t = &m->txs[(m->tx_head + i - 1) % MODEL_TXS];
			if (t->workload != workload || was_refused(t) != (pass == 0))
				continue;
			if (shown++ == 0)
				rich_heading(out, "newest transactions");
			tx_line(out, m, t);
		}
	}
}

static bool workloads_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct workloads_state *s = state;
	const struct model *m = ctx->model;

	if (s->list.cursor >= m->n_workloads)
		return false;
	const struct model_workload *w = &m->workloads[s->list.cursor];
	snprintf(ret_title, title_size, "workload %s", w->name);
	rich_field(out, VALUE_AT, "  state", w->ended && !w->ok ? ROLE_BAD : ROLE_NORMAL, "%s",
		!w->ended   ? is_held(ctx, w) ? "held" : "at work"
		: w->ok     ? "done"
		: w->reason ? w->reason
			    : "failed");
	if (is_load(&w->counts)) {
		add_balance(out, &w->counts);
		add_rates(out, &w->counts);
		add_txs(out, m, (unsigned)s->list.cursor);
	} else {
		rich_field(out, VALUE_AT, "  actions", ROLE_NORMAL, "%llu of %llu planned",
			(unsigned long long)w->counts.actions,
			(unsigned long long)w->counts.planned);
	}
	return true;
}

const struct pane_ops pane_workloads = {
	.id = PANE_WORKLOADS,
	.title = "workloads",
	.state_size = sizeof(struct workloads_state),
	.init = pane_no_init,
	.status = workloads_status,
	.draw = workloads_draw,
	.brief = workloads_brief,
	.act = workloads_act,
	.click = workloads_click,
	.search = pane_no_search,
	.detail = workloads_detail,
	.release = pane_no_release,
};
