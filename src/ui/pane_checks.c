/*
 * The expectations: how each stands and why, since when, and what is open that
 * excuses it.
 */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/check.h"
#include "ui/pane.h"
#include "util/json.h"
#include "util/mem.h"

#define NAME_W       20
#define VALUE_AT     12
#define EVIDENCE_MAX ((size_t)64 * 1024)

struct checks_state {
	struct list list;
};

static size_t open_faults(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_faults; i++)
		n += m->faults[i].end_ns == 0;
	return n;
}

static void checks_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	size_t good = 0, bad = 0, unknown = 0, pending = 0;
	const char *sep = "";

	(void)state;
	for (size_t i = 0; i < m->n_checks; i++) {
		enum verdict v = m->checks[i].verdict;
		good += v == VERDICT_PASSING || v == VERDICT_PASS;
		bad += v == VERDICT_FAILING || v == VERDICT_FAIL;
		unknown += v == VERDICT_UNKNOWN;
		pending += v == VERDICT_PENDING;
	}
	const struct {
		size_t n;
		const char *word;
	} parts[] = { { bad, "failing" }, { unknown, "unknown" }, { good, "passing" },
		{ pending, "pending" } };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].n == 0)
			continue;
		strbuf_addf(out, "%s%zu %s", sep, parts[i].n, parts[i].word);
		sep = ", ";
	}
}

/* What is not demanded meanwhile, and until when the rest is watched. */
static void draw_footer(const struct pane_context *ctx, struct view *v, int y)
{
	const struct model *m = ctx->model;
	const struct model_phase *drive = &m->phases[PHASE_DRIVE];
	size_t faults = open_faults(m);
	char at[24];

	if (m->ended)
		return;
	if (faults > 0)
		view_textf(v, 2, y, ROLE_FAULT, "%zu fault%s in force: liveness is not demanded",
			faults, faults == 1 ? "" : "s");
	else if (drive->started && !drive->ended && drive->until_ns > 0)
		view_textf(v, 2, y, ROLE_DIM, "judged after %s",
			fmt_clock_s(drive->until_ns, at, sizeof(at)));
}

static void draw_line(const struct pane_context *ctx, const struct model_check *c, bool here,
	struct view *v, int y)
{
	const struct glyphs *g = v->canvas->glyphs;
	bool good = c->verdict == VERDICT_PASSING || c->verdict == VERDICT_PASS;

	if (here && ctx->focused)
		view_char(v, 0, y, ROLE_ACCENT, g->pointer);
	view_char(v, 2, y, role_of_verdict(c->verdict), glyph_of_verdict(g, c->verdict));
	view_text_cut(v, 4, y, NAME_W, ROLE_NORMAL, c->name);
	view_text_cut(v, 4 + NAME_W + 1, y, v->w - 5 - NAME_W,
		good || c->verdict == VERDICT_PENDING ? ROLE_DIM : role_of_verdict(c->verdict),
		c->reason ? c->reason : "");
}

/* The reason of the selected one, whole, when its line cannot hold it and there is room. */
static int draw_reason(const struct model_check *c, struct view *v, int y, int rows)
{
	struct rich text = { 0 };
	int width = v->w - 6;

	if (!c->reason || text_width(c->reason) <= v->w - 5 - NAME_W || width < 20)
		return 0;
	rich_add(&text, ROLE_NORMAL, c->reason);
	int need = rich_height(&text, width);
	if (need <= rows) {
		struct view part = view_sub(v, 5, y, width, need);
		rich_draw(&text, &part, 0, NULL);
	}
	rich_release(&text);
	return need <= rows ? need : 0;
}

static void checks_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct checks_state *s = state;
	const struct model *m = ctx->model;
	int y = 0;

	list_clamp(&s->list, m->n_checks, v->h > 0 ? (size_t)v->h : 0);
	if (m->n_checks == 0) {
		view_text(v, 1, 0, ROLE_DIM,
			m->ended ? "nothing was judged" : "nothing is judged yet");
		return;
	}
	int spare = v->h - (int)MIN(m->n_checks, (size_t)v->h) - 1;
	for (size_t i = s->list.top; i < m->n_checks && y < v->h; i++) {
		bool here = i == s->list.cursor;
		draw_line(ctx, &m->checks[i], here, v, y++);
		if (here && ctx->focused)
			y += draw_reason(&m->checks[i], v, y, spare);
	}
	if (y < v->h)
		draw_footer(ctx, v, v->h - 1);
}

/* Two in a line where they fit, those that are not well first. */
static int checks_brief(void *state, const struct pane_context *ctx, struct view *v)
{
	const struct model *m = ctx->model;
	const struct glyphs *g = v->canvas->glyphs;
	int per_row = v->w >= 70 ? 2 : 1, width = v->w / per_row, slot = 0;

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < m->n_checks && slot < per_row * v->h; i++) {
			const struct model_check *c = &m->checks[i];
			bool good = c->verdict == VERDICT_PASSING || c->verdict == VERDICT_PASS;
			if (good != (pass == 1))
				continue;
			struct view part =
				view_sub(v, slot % per_row * width, slot / per_row, width - 1, 1);
			view_char(&part, 1, 0, role_of_verdict(c->verdict),
				glyph_of_verdict(g, c->verdict));
			int x = view_text(&part, 3, 0, ROLE_NORMAL, c->name);
			view_text_cut(&part, x + 1, 0, part.w - x - 1,
				good ? ROLE_DIM : role_of_verdict(c->verdict),
				c->reason ? c->reason : "");
			slot++;
		}
	}
	return (slot + per_row - 1) / per_row;
}

static enum pane_reply checks_act(void *state, const struct pane_context *ctx, enum action a)
{
	struct checks_state *s = state;

	if (a == ACTION_OPEN)
		return ctx->model->n_checks ? PANE_DETAIL : PANE_IGNORED;
	return list_act(&s->list, ctx->model->n_checks, a) ? PANE_HANDLED : PANE_IGNORED;
}

static enum pane_reply checks_click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct checks_state *s = state;
	size_t at = s->list.top + (size_t)MAX(y, 0);

	(void)x;
	if (at >= ctx->model->n_checks)
		return PANE_IGNORED;
	s->list.cursor = at;
	return PANE_HANDLED;
}

/* --- all about one -------------------------------------------------------------------------- */

static const struct check_use *use_of(const struct plan *p, const char *name)
{
	for (size_t i = 0; p && p->scenario && i < p->scenario->n_checks; i++) {
		if (strcmp(p->scenario->checks[i].name, name) == 0)
			return &p->scenario->checks[i];
	}
	return NULL;
}

static void add_meaning(struct rich *out, const struct check_use *use)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct jw w;

	if (!use)
		return;
	rich_heading(out, "what it wants");
	rich_addf(out, ROLE_NORMAL, "  %s", use->ops->summary);
	rich_newline(out);
	if (use->implied) {
		rich_add(out, ROLE_DIM, "  not written in the preset: a workload brings it along");
		rich_newline(out);
	}
	if (!use->ops->options || !use->ops->options->name)
		return;
	jw_init(&w, &text, 0);
	options_to_json(use->ops->options, use->config, &w);
	rich_indent(out, 2);
	rich_addf(out, ROLE_DIM, "  %s", strbuf_str(&text));
	rich_newline(out);
}

static void add_evidence(struct rich *out, const char *evidence)
{
	if (!evidence || !*evidence || strlen(evidence) > EVIDENCE_MAX)
		return;
	cJSON *json = cJSON_Parse(evidence);
	char *pretty = json ? cJSON_Print(json) : NULL;

	rich_heading(out, "evidence");
	for (const char *line = pretty ? pretty : evidence; *line;) {
		size_t n = strcspn(line, "\n");
		CLEANUP_FREE char *copy = xstrndup(line, n);
		for (char *c = copy; *c; c++)
			*c = *c == '\t' ? ' ' : *c;
		rich_addf(out, ROLE_NORMAL, "  %s", copy);
		rich_newline(out);
		line += n + (line[n] == '\n');
	}
	cJSON_free(pretty);
	cJSON_Delete(json);
}

static void add_faults(struct rich *out, const struct model *m, uint64_t now_ns)
{
	char at[24], took[24];
	size_t shown = 0;

	for (size_t i = m->n_faults; i > 0 && shown < 20; i--) {
		const struct model_fault *f = &m->faults[i - 1];
		if (shown++ == 0)
			rich_heading(out, "faults, during which liveness is not demanded");
		rich_addf(out, f->end_ns ? ROLE_DIM : ROLE_FAULT, "  %8s  %-12s ",
			fmt_clock(f->start_ns, at, sizeof(at)), f->name);
		if (f->node >= 0)
			rich_addf(out, ROLE_NORMAL, "n%d  ", f->node);
		rich_addf(out, ROLE_DIM, "%s %s", f->end_ns ? "for" : "in force for",
			fmt_ago((f->end_ns ? f->end_ns : MAX(now_ns, f->start_ns)) - f->start_ns,
				took, sizeof(took)));
		rich_newline(out);
	}
}

static bool checks_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct checks_state *s = state;
	const struct model *m = ctx->model;
	char since[24];

	if (s->list.cursor >= m->n_checks)
		return false;
	const struct model_check *c = &m->checks[s->list.cursor];
	snprintf(ret_title, title_size, "expectation %s", c->name);
	rich_field(out, VALUE_AT, "  verdict", role_of_verdict(c->verdict), "%s",
		verdict_name(c->verdict));
	rich_field(out, VALUE_AT, "  since", ROLE_NORMAL, "%s",
		fmt_clock(c->since_ns, since, sizeof(since)));
	rich_indent(out, VALUE_AT);
	rich_field(out, VALUE_AT, "  reason", ROLE_NORMAL, "%s", c->reason ? c->reason : "-");
	add_meaning(out, use_of(ctx->plan, c->name));
	add_evidence(out, c->evidence);
	add_faults(out, m, ctx->now_ns);
	return true;
}

const struct pane_ops pane_checks = {
	.id = PANE_CHECKS,
	.title = "expectations",
	.state_size = sizeof(struct checks_state),
	.init = pane_no_init,
	.status = checks_status,
	.draw = checks_draw,
	.brief = checks_brief,
	.act = checks_act,
	.click = checks_click,
	.search = pane_no_search,
	.detail = checks_detail,
	.release = pane_no_release,
};
