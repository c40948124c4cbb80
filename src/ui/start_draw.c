/* The start screen's picture: two lists at the left, all about what is selected at the right. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/preview.h"
#include "ui/start_priv.h"
#include "util/units.h"

#define LAST_RUNS   10 /* verdicts shown of a preset */
#define WHEN_WIDTH  11
#define TOOK_WIDTH  7
#define NODES_WIDTH 5

/* --- the top line ------------------------------------------------------------------------- */

/* "compose X no engine answers", or without the reason. */
static const char *backend_text(const struct start_backend *b, const struct glyphs *g,
	bool with_reason, char *buf, size_t size)
{
	/* "no engine answers: start docker" -> "no engine answers" */
	int words = MIN((int)strcspn(b->probe.missing, ";:,(."), 28);

	if (b->probe.usable)
		snprintf(buf, size, "%s %s%s", b->ops->name, glyph_str(g->pass),
			with_reason && b->ops->caps & BACKEND_VIRTUAL ? " simulation" : "");
	else
		snprintf(buf, size, "%s %s%s%.*s", b->ops->name, glyph_str(g->fail),
			with_reason ? " " : "", with_reason ? words : 0, b->probe.missing);
	return buf;
}

static void draw_backends(const struct start *s, struct view *v, int x)
{
	const struct glyphs *g = v->canvas->glyphs;
	bool with_reason = true;
	int width = 0;
	char text[80];

	for (size_t i = 0; i < s->backends.len; i++)
		width += 3 + text_width(backend_text(
				     &s->backends.items[i], g, true, text, sizeof(text)));
	if (width > v->w - x) {
		with_reason = false;
		width = 0;
		for (size_t i = 0; i < s->backends.len; i++)
			width += 3 + text_width(backend_text(
					     &s->backends.items[i], g, false, text, sizeof(text)));
	}
	x = MAX(x, v->w - width + 2);
	for (size_t i = 0; i < s->backends.len; i++) {
		const struct start_backend *b = &s->backends.items[i];

		x = view_text(v, x, 0,
			    !b->probe.usable                 ? ROLE_WARN
			    : b->ops->caps & BACKEND_VIRTUAL ? ROLE_DIM
							     : ROLE_GOOD,
			    backend_text(b, g, with_reason, text, sizeof(text))) +
		    3;
	}
}

static void draw_title(struct ui *ui, const struct start *s, struct view *v)
{
	CLEANUP_STRBUF struct strbuf chosen = { 0 };

	view_fill(v, 0, 0, v->w, 1, ROLE_HEADER, ' ');
	view_text(v, 1, 0, ROLE_STRONG, "ltb");
	if (*ui->start.backend)
		strbuf_addf(&chosen, "backend %s  ", ui->start.backend);
	if (ui->start.has_seed)
		strbuf_addf(&chosen, "seed %" PRIu64, ui->start.seed);
	int x = view_text_cut(v, 6, 0, MIN(34, v->w / 2), ROLE_ACCENT, strbuf_str(&chosen));

	draw_backends(s, v, x + 2);
}

/* --- presets -----------------------------------------------------------------------------------
 */

static void draw_preset(
	struct ui *ui, struct start_preset *p, struct view *v, int y, bool selected, bool focused)
{
	const struct glyphs *g = v->canvas->glyphs;
	const struct edit_status *st = start_status(ui, p, selected);
	int right = v->w - 1 - TOOK_WIDTH;
	char took[24];

	if (selected)
		view_char(v, 0, y, ROLE_ACCENT, g->pointer);
	view_text_cut(
		v, 2, y, right - NODES_WIDTH - 3, selected ? ROLE_STRONG : ROLE_NORMAL, p->name);
	if (st->scenario) {
		char nodes[24];

		snprintf(nodes, sizeof(nodes), "%zu", st->scenario->topology.n_nodes);
		view_text_right(v, right - NODES_WIDTH, y, NODES_WIDTH, ROLE_NORMAL, nodes);
		view_text_right(v, right, y, TOOK_WIDTH, ROLE_NORMAL,
			fmt_clock_s(st->run_ns, took, sizeof(took)));
	} else {
		view_text_right(
			v, right - NODES_WIDTH, y, NODES_WIDTH + TOOK_WIDTH, ROLE_BAD, "not valid");
	}
	if (selected && focused)
		view_select_row(v, y);
}

static struct rect area_of(const struct view *v)
{
	return (struct rect){ v->x, v->y, v->w, v->h };
}

/* The title of a list: with the filter while there is one. */
static void list_frame(struct ui *ui, const struct start *s, struct view *v, const char *title,
	bool focused, size_t n_shown, size_t n)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	char key[32];

	strbuf_adds(&text, title);
	if (focused && *s->filter)
		strbuf_addf(&text, " %s \"%s\" %zu of %zu", glyph_str(v->canvas->glyphs->h),
			s->filter, n_shown, n);
	else if (focused)
		strbuf_addf(&text, " %s %s to search", glyph_str(v->canvas->glyphs->h),
			keymap_label(&ui->keymap, ACTION_SEARCH, key, sizeof(key)));
	view_frame(v, focused ? ROLE_FOCUS : ROLE_BORDER, strbuf_str(&text), NULL);
}

static void draw_presets(struct ui *ui, struct start *s, struct view *frame)
{
	struct view v = view_sub(frame, 1, 1, frame->w - 2, frame->h - 2);
	struct view rows = view_sub(&v, 0, 1, v.w, v.h - 1);
	int right = v.w - 1 - TOOK_WIDTH;

	list_frame(ui, s, frame, "presets", !s->on_runs, s->shown_presets.len, s->presets.len);
	view_text(&v, 2, 0, ROLE_DIM, "name");
	view_text_right(&v, right - NODES_WIDTH, 0, NODES_WIDTH, ROLE_DIM, "nodes");
	view_text_right(&v, right, 0, TOOK_WIDTH, ROLE_DIM, "time");
	list_clamp(&s->preset_list, s->shown_presets.len, (size_t)rows.h);
	s->presets_area = area_of(&rows);
	for (int y = 0; y < rows.h; y++) {
		size_t i = s->preset_list.top + (size_t)y;

		if (i >= s->shown_presets.len)
			break;
		draw_preset(ui, &s->presets.items[s->shown_presets.items[i]], &rows, y,
			i == s->preset_list.cursor, !s->on_runs);
	}
	if (s->shown_presets.len == 0)
		view_text(&rows, 2, 0, ROLE_DIM, *s->filter ? "none matches" : "there are none");
}

/* --- runs ------------------------------------------------------------------------------------ */

static uint32_t run_glyph(const struct run_summary *r, const struct glyphs *g, enum role *ret_role)
{
	if (r->ended) {
		*ret_role = role_of_verdict(r->verdict);
		return glyph_of_verdict(g, r->verdict);
	}
	*ret_role = r->running ? ROLE_ACCENT : ROLE_WARN;
	return r->running ? g->on : g->off;
}

static void draw_run(
	const struct start *s, const struct run_summary *r, struct view *v, int y, bool selected)
{
	enum role role;
	uint32_t glyph = run_glyph(r, v->canvas->glyphs, &role);
	int when = v->w - 1 - TOOK_WIDTH - WHEN_WIDTH;
	char buf[40];

	if (selected && s->on_runs)
		view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
	view_char(v, 2, y, role, glyph);
	view_text_cut(v, 4, y, when - 5, ROLE_NORMAL, r->preset ? r->preset : r->id);
	view_text(
		v, when, y, ROLE_DIM, start_when(r->started_ms, start_now_ms(s), buf, sizeof(buf)));
	view_text_right(v, when + WHEN_WIDTH, y, TOOK_WIDTH, r->running ? ROLE_ACCENT : ROLE_NORMAL,
		fmt_clock_s(r->duration_ns, buf, sizeof(buf)));
	if (selected && s->on_runs)
		view_select_row(v, y);
}

static void draw_runs(struct ui *ui, struct start *s, struct view *frame)
{
	struct view v = view_sub(frame, 1, 1, frame->w - 2, frame->h - 2);

	list_frame(ui, s, frame, "recent runs", s->on_runs, s->shown_runs.len, s->n_runs);
	list_clamp(&s->run_list, s->shown_runs.len, (size_t)v.h);
	s->runs_area = area_of(&v);
	for (int y = 0; y < v.h; y++) {
		size_t i = s->run_list.top + (size_t)y;

		if (i >= s->shown_runs.len)
			break;
		draw_run(s, &s->runs[s->shown_runs.items[i]], &v, y, i == s->run_list.cursor);
	}
	if (s->shown_runs.len == 0)
		view_text(&v, 2, 0, ROLE_DIM, *s->filter ? "none matches" : "none yet");
}

/* --- the selected preset --------------------------------------------------------------------- */

/* "last  + + X +  why the last one that did not pass failed"; false: it never ran. */
static bool put_last(const struct start *s, const struct start_preset *p, const struct glyphs *g,
	struct rich *out)
{
	const struct run_summary *of[LAST_RUNS], *failed = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->n_runs && n < LAST_RUNS; i++) {
		if (s->runs[i].ended && start_is_run_of(p, &s->runs[i]))
			of[n++] = &s->runs[i];
	}
	if (n == 0)
		return false;
	rich_add(out, ROLE_DIM, "  last    ");
	for (size_t i = n; i-- > 0;) {
		enum role role;
		uint32_t glyph = run_glyph(of[i], g, &role);

		rich_addf(out, role, "%s ", glyph_str(glyph));
		if (of[i]->verdict != VERDICT_PASS)
			failed = of[i];
	}
	if (failed && failed->reason)
		rich_addf(out, ROLE_DIM, " %s %s (seed %" PRIu64 ")",
			glyph_str(glyph_of_verdict(g, failed->verdict)), failed->reason,
			failed->seed);
	rich_indent(out, 10);
	rich_newline(out);
	return true;
}

static void put_trouble(const struct start *s, const struct edit_status *st, const struct glyphs *g,
	struct rich *out)
{
	const struct start_backend *b =
		st->scenario ? start_backend_of(s, st->scenario->backend) : NULL;

	if (!b || b->probe.usable)
		return;
	rich_addf(out, ROLE_WARN, "  %s %s cannot be used here: %s", glyph_str(g->fail),
		b->ops->name, b->probe.missing);
	rich_indent(out, 4);
	rich_newline(out);
}

/* More than one has this name: which is it? */
static void put_place(const struct start_preset *p, struct rich *out)
{
	if (!*p->hides)
		return;
	rich_newline(out);
	rich_addf(out, ROLE_WARN, "It is that of %s; not used: %s", p->source, p->hides);
	rich_newline(out);
}

static void put_error(
	struct ui *ui, const struct edit_status *st, const struct glyphs *g, struct rich *out)
{
	char key[32];

	rich_addf(out, ROLE_BAD, "%s not valid", glyph_str(g->fail));
	rich_newline(out);
	rich_add(out, ROLE_NORMAL, st->error.text);
	rich_newline(out);
	rich_newline(out);
	rich_addf(out, ROLE_DIM, "%s edits it",
		keymap_label(&ui->keymap, ACTION_EDIT, key, sizeof(key)));
	rich_newline(out);
}

static void draw_selected(struct ui *ui, struct start *s, struct view *frame)
{
	struct start_preset *p = start_selected(s);
	struct view v = view_sub(frame, 1, 1, frame->w - 2, frame->h - 2);
	struct view text = view_sub(&v, 1, 0, v.w - 2, v.h);
	const struct glyphs *g = frame->canvas->glyphs;
	struct rich top = { 0 }, bottom = { 0 };

	view_frame(frame, ROLE_BORDER, p ? p->name : "preset", p ? p->source : NULL);
	if (!p)
		return;
	const struct edit_status *st = start_status(ui, p, true);

	rich_add(&top, ROLE_STRONG, st->scenario ? st->scenario->summary : p->summary);
	rich_newline(&top);
	put_place(p, &top);
	if (!st->plan) {
		rich_newline(&top);
		put_error(ui, st, g, &top);
	} else {
		put_last(s, p, g, &bottom);
		put_trouble(s, st, g, &bottom);
	}
	int above = rich_height(&top, text.w), below = rich_height(&bottom, v.w);

	rich_draw(&top, &text, 0, NULL);
	if (st->plan) {
		struct view middle = view_sub(&v, 0, above + 1, v.w, v.h - above - 1 - below);
		struct view last = view_sub(&v, 0, v.h - below, v.w, below);

		preview_draw(st, &middle);
		rich_draw(&bottom, &last, 0, NULL);
	}
	rich_release(&top);
	rich_release(&bottom);
}

/* --- the selected run ------------------------------------------------------------------------ */

static const char *run_state(const struct run_summary *r)
{
	if (r->running)
		return "is going on";
	if (!r->ended)
		return "was ended by force: there is no verdict";
	switch (r->verdict) {
	case VERDICT_PASS:
		return "passed";
	case VERDICT_FAIL:
		return "failed";
	default:
		return "could not be judged";
	}
}

static void draw_selected_run(struct ui *ui, struct start *s, struct view *frame)
{
	const struct run_summary *r = start_selected_run(s);
	struct view v = view_sub(frame, 1, 1, frame->w - 2, frame->h - 2);
	const struct glyphs *g = frame->canvas->glyphs;
	struct rich out = { 0 };
	enum role role;
	char buf[40], key[32];

	view_frame(frame, ROLE_BORDER, r ? r->id : "run", NULL);
	if (!r) {
		view_text(&v, 1, 0, ROLE_DIM,
			*s->filter ? "none matches"
				   : "A preset that is launched leaves a run here.");
		return;
	}
	uint32_t glyph = run_glyph(r, g, &role);

	rich_addf(&out, role, " %s %s %s", glyph_str(glyph), r->preset ? r->preset : "the run",
		run_state(r));
	rich_newline(&out);
	if (r->reason && *r->reason) {
		rich_addf(&out, ROLE_NORMAL, "   %s", r->reason);
		rich_indent(&out, 3);
		rich_newline(&out);
	}
	rich_newline(&out);
	rich_field(&out, 12, "started", ROLE_NORMAL, "%s",
		start_when(r->started_ms, start_now_ms(s), buf, sizeof(buf)));
	rich_field(&out, 12, r->running ? "so far" : "took", ROLE_NORMAL, "%s",
		fmt_clock_s(r->duration_ns, buf, sizeof(buf)));
	rich_field(&out, 12, "backend", ROLE_NORMAL, "%s", r->backend ? r->backend : "-");
	rich_field(&out, 12, "seed", ROLE_NORMAL, "%" PRIu64, r->seed);
	if (r->ended)
		rich_field(&out, 12, "exit code", ROLE_NORMAL, "%d", r->exit_code);
	rich_field(&out, 12, "directory", ROLE_DIM, "%s", r->path);
	rich_newline(&out);
	rich_addf(&out, ROLE_KEY, "  %s", keymap_label(&ui->keymap, ACTION_OPEN, key, sizeof(key)));
	rich_add(&out, ROLE_DIM, r->running ? " watches it" : " replays it");
	rich_newline(&out);
	rich_draw(&out, &v, 0, NULL);
	rich_release(&out);
}

void start_draw(struct ui *ui, void *state, struct view *v)
{
	struct start *s = state;
	int left = v->w < 100 ? 36 : MAX(40, MIN(v->w * 3 / 10, 60));
	int body = v->h - 1, presets = MAX(body * 6 / 10, 6);

	if (v->w < 60 || v->h < 14) {
		view_text(v, 0, 0, ROLE_WARN, "too small: at least 60 columns and 14 rows");
		return;
	}
	draw_title(ui, s, v);
	struct view frame = view_sub(v, 0, 1, left, presets);

	draw_presets(ui, s, &frame);
	frame = view_sub(v, 0, 1 + presets, left, body - presets);
	draw_runs(ui, s, &frame);
	frame = view_sub(v, left, 1, v->w - left, body);
	if (s->on_runs)
		draw_selected_run(ui, s, &frame);
	else
		draw_selected(ui, s, &frame);
}
