/*
 * The faults: in force, planned next, over; and the links that do not behave
 * as usual.
 */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/workload.h"
#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/json.h"
#include "util/clock.h"
#include "util/mem.h"

#define VALUE_AT    14
#define MAX_PLANNED 2000
#define SHOW_NEXT   3
#define PLAN_MAX    ((size_t)4 * 1024 * 1024)

struct planned {
	uint64_t at_ns; /* since the drive phase began */
	char what[64];
};

struct faults_state {
	struct list list;
	const struct plan *plan;     /* that `planned` was read from */
	VEC(struct planned) planned; /* by time */
};

/* A row of the pane. */
struct row {
	enum { ROW_FAULT, ROW_PLANNED, ROW_LINK, ROW_NONE } kind;
	const struct model_fault *fault;
	const struct planned *planned;
	const struct model_link *link;
};

/* --- what is planned ------------------------------------------------------------------------ */

static int planned_cmp(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;
	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

/* Any workload whose plan has a list of things with a time: {"steps": [{"at_ns": ...}]}. */
static void read_plan_json(
	struct faults_state *s, const struct workload_use *use, const cJSON *json)
{
	const cJSON *list, *item;

	cJSON_ArrayForEach (list, json) {
		if (!cJSON_IsArray(list))
			continue;
		cJSON_ArrayForEach (item, list) {
			const cJSON *at = cJSON_GetObjectItem(item, "at_ns");
			const char *command =
				cJSON_GetStringValue(cJSON_GetObjectItem(item, "command"));
			if (!cJSON_IsNumber(at) || at->valuedouble < 0 || at->valuedouble > 1e18 ||
				s->planned.len >= MAX_PLANNED)
				continue;
			struct planned p = { .at_ns = (uint64_t)at->valuedouble };
			snprintf(p.what, sizeof(p.what), "%.60s", command ? command : use->name);
			vec_push(&s->planned, p);
		}
	}
}

static void read_plan(struct faults_state *s, const struct plan *plan)
{
	if (s->plan == plan)
		return;
	s->plan = plan;
	s->planned.len = 0;
	for (size_t i = 0; plan && plan->workloads && i < plan->scenario->n_workloads; i++) {
		const struct workload_use *use = &plan->scenario->workloads[i];
		CLEANUP_STRBUF struct strbuf text = { 0 };
		struct jw w;
		if (!plan->workloads[i])
			continue;
		jw_init(&w, &text, 0);
		use->ops->plan_to_json(plan->workloads[i], &w);
		if (text.len > PLAN_MAX)
			continue;
		cJSON *json = cJSON_Parse(strbuf_str(&text));
		read_plan_json(s, use, json);
		cJSON_Delete(json);
	}
	if (s->planned.len > 1)
		qsort(s->planned.items, s->planned.len, sizeof(*s->planned.items), planned_cmp);
}

/* --- rows ------------------------------------------------------------------------------------ */

static size_t n_open(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_faults; i++)
		n += m->faults[i].end_ns == 0;
	return n;
}

/* The first that is still to come; the end of the list when there is none. */
static size_t first_to_come(const struct faults_state *s, const struct pane_context *ctx)
{
	const struct model_phase *drive = &ctx->model->phases[PHASE_DRIVE];
	size_t i = 0;

	if (ctx->model->ended || drive->ended)
		return s->planned.len;
	if (!drive->started)
		return 0;
	while (i < s->planned.len && drive->start_ns + s->planned.items[i].at_ns <= ctx->now_ns)
		i++;
	return i;
}

/* In force, newest first; links that are shaped; what comes next; what is over, newest first. */
static struct row row_at(const struct faults_state *s, const struct pane_context *ctx, size_t at)
{
	const struct model *m = ctx->model;
	size_t next = first_to_come(s, ctx), n_next = MIN(s->planned.len - next, (size_t)SHOW_NEXT);

	for (int open = 1; open >= 0; open--) {
		for (size_t i = m->n_faults; i > 0; i--) {
			const struct model_fault *f = &m->faults[i - 1];
			if ((f->end_ns == 0) != (open == 1))
				continue;
			if (at-- == 0)
				return (struct row){ .kind = ROW_FAULT, .fault = f };
		}
		if (!open)
			break;
		if (at < m->n_links)
			return (struct row){ .kind = ROW_LINK, .link = &m->links[at] };
		at -= m->n_links;
		if (at < n_next)
			return (struct row){ .kind = ROW_PLANNED,
				.planned = &s->planned.items[next + at] };
		at -= n_next;
	}
	return (struct row){ .kind = ROW_NONE };
}

static size_t n_rows(const struct faults_state *s, const struct pane_context *ctx)
{
	size_t next = first_to_come(s, ctx);

	return ctx->model->n_faults + ctx->model->n_links +
	       MIN(s->planned.len - next, (size_t)SHOW_NEXT);
}

/* --- drawing ---------------------------------------------------------------------------------- */

static void fault_target(const struct model_fault *f, char *buf, size_t size)
{
	if (f->node >= 0)
		snprintf(buf, size, "n%d", f->node);
	else
		snprintf(buf, size, "%s", f->detail ? f->detail : "network");
}

static void draw_fault(
	const struct pane_context *ctx, const struct model_fault *f, struct view *v, int y)
{
	const struct glyphs *g = v->canvas->glyphs;
	bool open = f->end_ns == 0;
	char target[80], at[24], took[24], rest[120];
	uint64_t end = open ? MAX(ctx->now_ns, f->start_ns) : f->end_ns;

	fault_target(f, target, sizeof(target));
	fmt_clock_s(f->start_ns, at, sizeof(at));
	fmt_ago(end - f->start_ns, took, sizeof(took));
	view_char(v, 2, y, open ? ROLE_FAULT : ROLE_DIM, open ? g->on : g->off);
	int x = view_textf(v, 4, y, open ? ROLE_FAULT : ROLE_DIM, "%s ", f->name);
	if (open)
		snprintf(rest, sizeof(rest), "since %s, %s, by %s", at, took, f->by ? f->by : "?");
	else
		snprintf(rest, sizeof(rest), "at %s, healed after %s%s", at, took,
			f->effective ? "" : ", no effect was seen");
	int room = v->w - x - text_width(rest) - 1;
	x = view_text_cut(v, x, y, MAX(room, 8), open ? ROLE_NORMAL : ROLE_DIM, target) + 1;
	view_text_cut(v, x, y, v->w - x, open || f->effective ? ROLE_DIM : ROLE_WARN, rest);
}

static void draw_row(
	const struct pane_context *ctx, const struct row *r, bool here, struct view *v, int y)
{
	const struct glyphs *g = v->canvas->glyphs;
	const struct model_phase *drive = &ctx->model->phases[PHASE_DRIVE];
	char at[24], rule[80];

	if (here && ctx->focused)
		view_char(v, 0, y, ROLE_ACCENT, g->pointer);
	switch (r->kind) {
	case ROW_FAULT:
		draw_fault(ctx, r->fault, v, y);
		break;
	case ROW_LINK:
		link_rule(r->link, g, rule, sizeof(rule));
		view_char(v, 2, y, r->link->cut ? ROLE_BAD : ROLE_WARN, g->link_cut);
		view_textf(v, 4, y, ROLE_NORMAL, "n%u %s n%u  %s", r->link->from,
			glyph_str(g->right), r->link->to, rule);
		break;
	case ROW_PLANNED:
		view_char(v, 2, y, ROLE_DIM, g->pending);
		view_textf(v, 4, y, ROLE_DIM, "next %s %s  %s", glyph_str(g->approx),
			fmt_clock_s(drive->start_ns + r->planned->at_ns, at, sizeof(at)),
			r->planned->what);
		break;
	case ROW_NONE:
		break;
	}
}

static void faults_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	size_t open = n_open(m);

	(void)state;
	if (open)
		strbuf_addf(out, "%zu in force", open);
	if (m->n_faults > open)
		strbuf_addf(out, "%s%zu healed", open ? ", " : "", m->n_faults - open);
	if (m->n_links)
		strbuf_addf(out, "%s%zu link%s shaped", open || m->n_faults > open ? ", " : "",
			m->n_links, m->n_links == 1 ? "" : "s");
}

static void faults_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct faults_state *s = state;

	read_plan(s, ctx->plan);
	size_t n = n_rows(s, ctx);
	list_clamp(&s->list, n, v->h > 0 ? (size_t)v->h : 0);
	if (n == 0) {
		view_text(v, 1, 0, ROLE_DIM,
			ctx->live ? "none; r k z p d make some" : "there were none");
		return;
	}
	for (int y = 0; y < v->h && s->list.top + (size_t)y < n; y++) {
		size_t at = s->list.top + (size_t)y;
		struct row r = row_at(s, ctx, at);
		draw_row(ctx, &r, at == s->list.cursor, v, y);
	}
}

static int faults_brief(void *state, const struct pane_context *ctx, struct view *v)
{
	struct faults_state *s = state;
	int y = 0;

	read_plan(s, ctx->plan);
	for (size_t at = 0; y < v->h && at < n_rows(s, ctx); at++) {
		struct row r = row_at(s, ctx, at);
		if (r.kind == ROW_FAULT && r.fault->end_ns != 0 && at > 0)
			break; /* what is over only when there is nothing else */
		draw_row(ctx, &r, false, v, y++);
	}
	return y;
}

static enum pane_reply faults_act(void *state, const struct pane_context *ctx, enum action a)
{
	struct faults_state *s = state;
	size_t n = n_rows(s, ctx);

	if (a == ACTION_OPEN)
		return n ? PANE_DETAIL : PANE_IGNORED;
	return list_act(&s->list, n, a) ? PANE_HANDLED : PANE_IGNORED;
}

static enum pane_reply faults_click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct faults_state *s = state;
	size_t at = s->list.top + (size_t)MAX(y, 0);

	(void)x;
	if (at >= n_rows(s, ctx))
		return PANE_IGNORED;
	s->list.cursor = at;
	return PANE_HANDLED;
}

/* --- all about one -------------------------------------------------------------------------- */

/* What the bench said about it: lines of the log around its beginning and end. */
static void add_log(struct rich *out, const struct model *m, const struct model_fault *f)
{
	uint64_t slack = 2 * NS_PER_S, shown = 0;
	char at[24];

	for (size_t i = 0; i < m->n_logs && m->logs; i++) {
		const struct model_log *l = &m->logs[(m->log_head + i) % MODEL_LOG_LINES];
		bool near_start = l->t_ns + slack >= f->start_ns && l->t_ns <= f->start_ns + slack;
		bool near_end =
			f->end_ns && l->t_ns + slack >= f->end_ns && l->t_ns <= f->end_ns + slack;
		if (l->own || (l->node != f->node && l->node >= 0) || !(near_start || near_end))
			continue;
		if (shown++ == 0)
			rich_heading(out, "what the bench said then");
		if (shown > 20)
			break;
		rich_indent(out, 12);
		rich_addf(out, ROLE_DIM, "  %8s  ", fmt_clock(l->t_ns, at, sizeof(at)));
		rich_add(out, ROLE_NORMAL, l->text);
		rich_newline(out);
	}
}

static void detail_fault(const struct pane_context *ctx, const struct model_fault *f, char *title,
	size_t size, struct rich *out)
{
	char target[80], at[24];
	bool open = f->end_ns == 0;

	fault_target(f, target, sizeof(target));
	snprintf(title, size, "fault: %s %s", f->name, target);
	rich_field(out, VALUE_AT, "  injected", ROLE_NORMAL, "%s by %s",
		fmt_clock(f->start_ns, at, sizeof(at)), f->by ? f->by : "?");
	if (open)
		rich_field(out, VALUE_AT, "  in force", ROLE_FAULT, "for %s",
			fmt_ago(MAX(ctx->now_ns, f->start_ns) - f->start_ns, at, sizeof(at)));
	else
		rich_field(out, VALUE_AT, "  healed", ROLE_GOOD, "after %s",
			fmt_ago(f->end_ns - f->start_ns, at, sizeof(at)));
	if (!open)
		rich_field(out, VALUE_AT, "  effect", f->effective ? ROLE_NORMAL : ROLE_WARN, "%s",
			f->effective ? "was seen" : "none was seen");
	if (f->detail && *f->detail)
		rich_field(out, VALUE_AT, "  detail", ROLE_NORMAL, "%s", f->detail);
	add_log(out, ctx->model, f);
}

static bool faults_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct faults_state *s = state;
	struct row r = row_at(s, ctx, s->list.cursor);
	char text[80];

	switch (r.kind) {
	case ROW_FAULT:
		detail_fault(ctx, r.fault, ret_title, title_size, out);
		return true;
	case ROW_LINK:
		snprintf(ret_title, title_size, "link n%u to n%u", r.link->from, r.link->to);
		link_rule(r.link, &glyphs_ascii, text, sizeof(text));
		rich_field(out, VALUE_AT, "  behaves", ROLE_WARN, "%s", text);
		rich_field(out, VALUE_AT, "  since", ROLE_NORMAL, "%s",
			fmt_clock(r.link->since_ns, text, sizeof(text)));
		return true;
	case ROW_PLANNED:
		snprintf(ret_title, title_size, "planned: %s", r.planned->what);
		rich_field(out, VALUE_AT, "  at", ROLE_NORMAL, "%s after the drive's start",
			fmt_clock(r.planned->at_ns, text, sizeof(text)));
		return true;
	case ROW_NONE:
		break;
	}
	return false;
}

static void faults_release(void *state)
{
	struct faults_state *s = state;
	vec_free(&s->planned);
}

const struct pane_ops pane_faults = {
	.id = PANE_FAULTS,
	.title = "faults",
	.state_size = sizeof(struct faults_state),
	.init = pane_no_init,
	.status = faults_status,
	.draw = faults_draw,
	.brief = faults_brief,
	.act = faults_act,
	.click = faults_click,
	.search = pane_no_search,
	.detail = faults_detail,
	.release = faults_release,
};
