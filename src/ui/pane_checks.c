/*
 * The expectations: what each says now and why, what excuses them, and when
 * they are judged. The selected one's reason may take several lines.
 */
#include <stdio.h>
#include <string.h>

#include "core/check.h"
#include "ui/pane.h"
#include "ui/pane_names.h"
#include "util/json.h"
#include "util/mem.h"

#define NAME_MAX_W     24
#define MAX_WRAPPED    6  /* rows of the selected one */
#define TWO_WIDE       72 /* columns from which brief() puts two on a line */
#define SINCE_W        12
#define TWO_ROWS_BELOW 64  /* columns below which names and reasons have rows of their own */
#define SINCE_WIDE     56  /* columns from which it is said since when */
#define MAX_EVIDENCE   400 /* lines */
#define NAMED_FAULTS   3

struct checks_state {
	size_t cursor, top;
	int rows;    /* for checks, as last drawn */
	int each;    /* rows of each but the selected one */
	int wrapped; /* rows of the selected one */
};

/* --- what is so now --------------------------------------------------------------------- */

static size_t n_open_faults(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_faults; i++)
		n += m->faults[i].end_ns == 0;
	return n;
}

static void name_fault(const struct model *m, const struct model_fault *f, struct strbuf *out)
{
	strbuf_adds(out, name_or_empty(f->name));
	if (f->node >= 0)
		strbuf_addf(out, " %s", name_of_node(m, f->node, ""));
}

/* "1 fault open: liveness is not demanded (pause n3)", or nothing. */
static void excuse(const struct model *m, struct strbuf *out)
{
	size_t n = n_open_faults(m), named = 0;

	if (n == 0 || m->ended)
		return;
	strbuf_addf(out, "%s open: liveness is not demanded (", name_count(n, "fault", "faults"));
	for (size_t i = m->n_faults; i-- > 0 && named < NAMED_FAULTS;) {
		if (m->faults[i].end_ns != 0)
			continue;
		strbuf_adds(out, named++ ? ", " : "");
		name_fault(m, &m->faults[i], out);
	}
	strbuf_adds(out, n > named ? ", ...)" : ")");
}

/* When the verdicts are given: "load until 1:36, then judged". */
static void deadline(const struct model *m, struct strbuf *out)
{
	const struct model_phase *judge = &m->phases[PHASE_JUDGE], *now = &m->phases[m->phase];
	char at[32];

	if (judge->started) {
		strbuf_addf(out, "judged at %s", fmt_clock_s(judge->start_ns, at, sizeof(at)));
		return;
	}
	if (m->ended || m->n_checks == 0)
		return;
	if (m->phase < PHASE_DRIVE) {
		strbuf_adds(out, "judged after the load");
		return;
	}
	if (now->until_ns == 0)
		strbuf_adds(out, m->phase == PHASE_DRIVE ? "judged after the load" : "judged soon");
	else if (m->phase == PHASE_DRIVE)
		strbuf_addf(out, "judged after the load, which ends at %s",
			fmt_clock_s(now->until_ns, at, sizeof(at)));
	else
		strbuf_addf(out, "judged by %s", fmt_clock_s(now->until_ns, at, sizeof(at)));
}

static const char *reason_of(const struct model_check *c)
{
	return c->reason && *c->reason ? c->reason : "not judged yet";
}

static int name_width(const struct model *m)
{
	int width = 8;

	for (size_t i = 0; i < m->n_checks; i++)
		width = MAX(width, text_width(m->checks[i].name));
	return MIN(width, NAME_MAX_W);
}

/* --- drawing ------------------------------------------------------------------------------ */

/* The reason over several rows; returns how many it takes. */
static int draw_wrapped(const struct model_check *c, struct view *v, int x, int y, int rows)
{
	struct view part = view_sub(v, x, y, v->w - x, rows);
	struct rich r = { 0 };

	rich_add(&r, ROLE_STRONG, reason_of(c));
	int used = part.w > 0 ? rich_draw(&r, &part, 0, NULL) : 1;
	rich_release(&r);
	if (used > rows)
		view_char(&part, part.w - 1, rows - 1, ROLE_DIM, v->canvas->glyphs->cut);
	return MAX(1, MIN(used, rows));
}

/* How the list is drawn. */
struct form {
	bool two_rows;    /* name above reason */
	int names, since; /* widths; since 0: not shown */
};

static void draw_name(
	const struct model_check *c, const struct form *f, struct view *v, int y, bool selected)
{
	char buf[48], at[32];

	if (selected)
		view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
	view_char(v, 2, y, role_of_verdict(c->verdict),
		glyph_of_verdict(v->canvas->glyphs, c->verdict));
	view_text_cut(v, 4, y, f->two_rows ? v->w - 4 - f->since : f->names,
		selected ? ROLE_STRONG : role_of_verdict(c->verdict), c->name);
	if (f->since && c->verdict != VERDICT_PENDING) {
		snprintf(buf, sizeof(buf), "since %s", fmt_clock_s(c->since_ns, at, sizeof(at)));
		view_text_right(v, v->w - f->since, y, f->since, ROLE_DIM, buf);
	}
}

/* Returns how many rows it took. */
static int draw_check(const struct model_check *c, const struct form *f, struct view *v, int y,
	bool selected, int rows)
{
	int x = f->two_rows ? 4 : f->names + 6, below = f->two_rows;
	int width = f->two_rows || !f->since ? v->w : v->w - f->since - 1;
	struct view text = view_sub(v, 0, 0, width, v->h);

	draw_name(c, f, v, y, selected);
	if (selected && rows - below > 1)
		below += draw_wrapped(c, &text, x, y + below, rows - below);
	else
		view_text_cut(&text, x, y + below++, text.w - x,
			c->verdict == VERDICT_PENDING ? ROLE_DIM : ROLE_NORMAL, reason_of(c));
	if (selected)
		view_select_row(v, y);
	return below;
}

/* Shown from `top` on, such that the selected one is, with all its rows where possible. */
static void clamp(struct checks_state *s, size_t n, int rows)
{
	int need = MAX(1, MIN(s->wrapped, rows));

	s->cursor = MIN(s->cursor, n - 1);
	s->top = MIN(s->top, s->cursor);
	if (s->cursor - s->top + (size_t)need > (size_t)rows)
		s->top = s->cursor + (size_t)need - (size_t)rows;
	size_t all = n - 1 + (size_t)need;

	s->top = MIN(s->top, all > (size_t)rows ? all - (size_t)rows : 0);
	s->top = MIN(s->top, s->cursor);
}

/* The lines below the list; as many as there is room for beside at least one check. */
static int draw_notes(const struct pane_context *ctx, struct view *v)
{
	CLEANUP_STRBUF struct strbuf fault = { 0 }, when = { 0 };
	int rows = 0;

	excuse(ctx->model, &fault);
	deadline(ctx->model, &when);
	if (when.len && v->h > rows + 1) {
		rows++;
		view_text_cut(v, 2, v->h - rows, v->w - 2, ROLE_DIM, strbuf_str(&when));
	}
	if (fault.len && v->h > rows + 1) {
		rows++;
		view_char(v, 2, v->h - rows, ROLE_FAULT, v->canvas->glyphs->on);
		view_text_cut(v, 4, v->h - rows, v->w - 4, ROLE_FAULT, strbuf_str(&fault));
	}
	return rows;
}

static void draw_list(struct checks_state *s, const struct pane_context *ctx, struct view *list)
{
	const struct model *m = ctx->model;
	struct form f = { .names = name_width(m) };
	int y = 0, n = (int)MIN(m->n_checks, 1000u);

	f.two_rows = list->w < TWO_ROWS_BELOW && 2 * n + 1 <= list->h;
	f.since = f.two_rows || list->w >= SINCE_WIDE ? SINCE_W : 0;
	s->rows = list->h;
	s->each = f.two_rows ? 2 : 1;
	/* the selected one takes what the others leave */
	int most = MAX(s->each, MIN(list->h - s->each * (n - 1), MAX_WRAPPED));

	s->wrapped = MIN(s->wrapped, most);
	clamp(s, m->n_checks, list->h);
	if (f.two_rows)
		s->top = 0;
	for (size_t i = s->top; i < m->n_checks && y < list->h; i++) {
		bool selected = i == s->cursor && ctx->focused;
		int used = draw_check(&m->checks[i], &f, list, y, selected, most);

		if (i == s->cursor)
			s->wrapped = used;
		y += used;
	}
}

static void draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct checks_state *s = state;
	const struct model *m = ctx->model;

	if (v->h <= 0 || v->w <= 0)
		return;
	if (m->n_checks == 0) {
		view_text_cut(v, 1, 0, v->w - 1, ROLE_DIM,
			m->ended ? "nothing was expected" : "nothing is judged yet");
		return;
	}
	/* right below the list while there is room, so that they belong to it */
	int n = (int)MIN(m->n_checks, 1000u), want = n + 3 + MAX(s->wrapped, 1);

	if (v->w < TWO_ROWS_BELOW)
		want += n;
	struct view all = view_sub(v, 0, 0, v->w, MIN(v->h, want)), *to = &all;
	int notes = draw_notes(ctx, to);
	struct view list = view_sub(to, 0, 0, to->w, to->h - notes);

	draw_list(s, ctx, &list);
}

/* One after the other, two on a line where it is wide enough. */
static int brief(void *state, const struct pane_context *ctx, struct view *v)
{
	const struct model *m = ctx->model;
	int columns = v->w >= TWO_WIDE ? 2 : 1, each = v->w / columns, names = name_width(m);
	size_t fit = (size_t)(MAX(v->h, 0) * columns);

	(void)state;
	for (size_t i = 0; i < m->n_checks && i < fit; i++) {
		const struct model_check *c = &m->checks[i];
		struct view part =
			view_sub(v, each * ((int)i % columns), (int)i / columns, each - 1, 1);

		view_char(&part, 1, 0, role_of_verdict(c->verdict),
			glyph_of_verdict(v->canvas->glyphs, c->verdict));
		view_text_cut(&part, 3, 0, MIN(names, part.w - 3), ROLE_NORMAL, c->name);
		view_text_cut(&part, 4 + names, 0, part.w - 4 - names, ROLE_DIM, reason_of(c));
	}
	return (int)((MIN(m->n_checks, fit) + (size_t)columns - 1) / (size_t)columns);
}

static void status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	static const enum verdict order[] = { VERDICT_FAIL, VERDICT_FAILING, VERDICT_UNKNOWN,
		VERDICT_PASS, VERDICT_PASSING, VERDICT_PENDING };
	const struct model *m = ctx->model;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		size_t n = 0;

		for (size_t j = 0; j < m->n_checks; j++)
			n += m->checks[j].verdict == order[i];
		if (n)
			strbuf_addf(
				out, "%s%zu %s", out->len ? ", " : "", n, verdict_name(order[i]));
	}
}

static enum pane_reply act(void *state, const struct pane_context *ctx, enum action a)
{
	struct checks_state *s = state;
	size_t n = ctx->model->n_checks;
	struct list l = { .cursor = s->cursor, .rows = (size_t)MAX(s->rows, 1) };

	if (a == ACTION_OPEN)
		return n ? PANE_DETAIL : PANE_IGNORED;
	if (!list_act(&l, n, a))
		return PANE_IGNORED;
	s->cursor = l.cursor;
	return PANE_HANDLED;
}

static enum pane_reply click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct checks_state *s = state;
	size_t at = s->top;
	int row = 0;

	(void)x;
	if (y < 0 || y >= s->rows)
		return PANE_IGNORED;
	for (; at < ctx->model->n_checks; at++) {
		row += at == s->cursor ? MAX(s->wrapped, 1) : MAX(s->each, 1);
		if (y < row)
			break;
	}
	if (at >= ctx->model->n_checks)
		return PANE_IGNORED;
	if (at == s->cursor)
		return PANE_DETAIL;
	s->cursor = at;
	return PANE_HANDLED;
}

/* --- details ---------------------------------------------------------------------------- */

#define AT 14 /* column of values */

static void add_options(struct rich *out, const struct check_use *use)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct jw w;
	int at = AT;

	if (!use->ops->options || !use->config)
		return;
	jw_init(&w, &text, 0);
	options_to_json(use->ops->options, use->config, &w);
	CLEANUP_JSON cJSON *json = json_parse(strbuf_str(&text), text.len, NULL, NULL);

	if (!json || !json->child)
		return;
	rich_heading(out, "options");
	json_each (o, json)
		at = MAX(at, text_width(o->string) + 4);
	for (const struct option *o = use->ops->options; o->name; o++) {
		CLEANUP_STRBUF struct strbuf value = { 0 };
		const cJSON *v = json_get(json, o->name);
		const char *s = json_as_str(v);

		if (!v)
			continue;
		jw_init(&w, &value, 0);
		jw_value(&w, v);
		rich_field(out, at, o->name, ROLE_NORMAL, "%s  (%s)", s ? s : strbuf_str(&value),
			name_or_empty(o->help));
	}
}

static void add_evidence(struct rich *out, const char *evidence)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct jw w;
	size_t lines = 0;

	if (!evidence || !*evidence)
		return;
	CLEANUP_JSON cJSON *json = json_parse(evidence, strlen(evidence), NULL, NULL);

	rich_heading(out, "evidence");
	if (!json) {
		rich_add(out, ROLE_NORMAL, evidence);
		rich_newline(out);
		return;
	}
	jw_init(&w, &text, 2);
	jw_value(&w, json);
	char *at = text.buf;

	for (; at && *at && lines < MAX_EVIDENCE; lines++) {
		char *end = strchr(at, '\n');
		if (end)
			*end = '\0';
		rich_addf(out, ROLE_NORMAL, "  %s", at);
		rich_indent(out, 4 + (int)strspn(at, " "));
		rich_newline(out);
		at = end ? end + 1 : NULL;
	}
	if (at && *at) {
		rich_add(out, ROLE_DIM, "  ... and more; all of it is in result.json");
		rich_newline(out);
	}
}

/* Those in force now or since the verdict last changed. */
static void add_faults(struct rich *out, const struct model *m, const struct model_check *c)
{
	char from[32], to[32];
	bool any = false;

	for (size_t i = m->n_faults, shown = 0; i-- > 0 && shown < 20;) {
		const struct model_fault *f = &m->faults[i];
		CLEANUP_STRBUF struct strbuf name = { 0 };

		if (f->end_ns && f->end_ns < c->since_ns)
			continue;
		if (!any)
			rich_heading(out, "faults since then");
		any = true;
		shown++;
		name_fault(m, f, &name);
		fmt_clock(f->start_ns, from, sizeof(from));
		if (f->end_ns == 0)
			rich_field(out, AT + 8, strbuf_str(&name), ROLE_FAULT,
				"in force since %s, by %s", from, name_or_empty(f->by));
		else
			rich_field(out, AT + 8, strbuf_str(&name), ROLE_NORMAL, "%s to %s, by %s",
				from, fmt_clock(f->end_ns, to, sizeof(to)), name_or_empty(f->by));
	}
}

static const struct check_use *find_use(const struct pane_context *ctx, const char *name)
{
	const struct scenario *s = ctx->plan ? ctx->plan->scenario : NULL;

	for (size_t i = 0; s && i < s->n_checks; i++) {
		if (strcmp(s->checks[i].name, name) == 0)
			return &s->checks[i];
	}
	return NULL;
}

static bool detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct checks_state *s = state;
	const struct model *m = ctx->model;
	CLEANUP_STRBUF struct strbuf note = { 0 };
	char at[32];

	if (m->n_checks == 0)
		return false;
	const struct model_check *c = &m->checks[MIN(s->cursor, m->n_checks - 1)];
	const struct check_use *use = find_use(ctx, c->name);

	snprintf(ret_title, title_size, "expectation %s", c->name);
	if (use)
		rich_field(out, AT, "meaning", ROLE_NORMAL, "%s%s", use->ops->summary,
			use->implied ? " (expected by a workload)" : "");
	rich_field(out, AT, "verdict", role_of_verdict(c->verdict), "%s since %s",
		verdict_name(c->verdict), fmt_clock(c->since_ns, at, sizeof(at)));
	rich_field(out, AT, "reason", ROLE_STRONG, "%s", reason_of(c));
	excuse(m, &note);
	if (note.len)
		rich_field(out, AT, "excuse", ROLE_FAULT, "%s", strbuf_str(&note));
	strbuf_clear(&note);
	deadline(m, &note);
	if (note.len)
		rich_field(out, AT, "when", ROLE_NORMAL, "%s", strbuf_str(&note));
	if (use)
		add_options(out, use);
	add_evidence(out, c->evidence);
	add_faults(out, m, c);
	return true;
}

const struct pane_ops pane_checks = {
	.id = PANE_CHECKS,
	.title = "expectations",
	.state_size = sizeof(struct checks_state),
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
