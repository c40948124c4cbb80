/*
 * The editor's screen: sections at the left, the form of one in the middle,
 * what it comes to at the right, help and what is wrong below. Main thread.
 */
#include <stdio.h>
#include <string.h>

#include "ui/edit_priv.h"
#include "ui/preview.h"
#include "util/mem.h"

#define SECTIONS_WIDTH 20
#define PREVIEW_FROM   110 /* columns from which there is room for the preview */
#define LOW            28  /* rows below which the help is short */

/* --- sections --------------------------------------------------------------------------- */

static size_t items_of(struct preset_edit *e, enum edit_section s)
{
	size_t n = preset_edit_fields(e, s, NULL, 0), items = 0;
	struct edit_field *fields = xcalloc(MAX(n, 1), sizeof(*fields));

	preset_edit_fields(e, s, fields, n);
	for (size_t i = 0; i < n; i++)
		items += fields[i].is_item;
	free(fields);
	return items;
}

/* The section that has the field of the error; EDIT_SECTION_COUNT: none. */
static enum edit_section wrong_section(struct preset_edit *e)
{
	struct form f = { .edit = e, .error_path = "", .match = "" };

	return form_goto(&f, preset_edit_status(e)->path) ? f.section : EDIT_SECTION_COUNT;
}

static void draw_sections(struct edit_screen *s, struct view *v)
{
	const struct glyphs *g = v->canvas->glyphs;
	enum edit_section wrong = wrong_section(s->edit);

	for (int i = 0; i < EDIT_SECTION_COUNT; i++) {
		enum edit_section section = (enum edit_section)i;
		bool here = section == s->form.section;
		bool changed = form_digest(s->edit, section) != s->as_saved[i];

		if (here)
			view_char(v, 0, i, ROLE_ACCENT, g->pointer);
		view_text_cut(v, 2, i, v->w - 4, here ? ROLE_STRONG : ROLE_NORMAL,
			edit_section_title(section));
		if (edit_section_has_items(section)) {
			char n[24];

			snprintf(n, sizeof(n), "%zu", items_of(s->edit, section));
			view_text_right(v, v->w - 4, i, 2, ROLE_DIM, n);
		}
		if (section == wrong)
			view_char(v, v->w - 1, i, ROLE_BAD, g->fail);
		else if (changed)
			view_char(v, v->w - 1, i, ROLE_ACCENT, '*');
		if (here && s->on_sections)
			view_select_row(v, i);
	}
}

/* --- below: what the field is, and whether all is well ------------------------------------- */

static void put_verdict(
	struct ui *ui, const struct edit_screen *s, const struct glyphs *g, struct rich *out)
{
	const struct edit_status *st = preset_edit_status(s->edit);
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct edit_field field;
	char key[32];

	if (st->plan) {
		preview_line(st, g, &line);
		rich_addf(out, ROLE_GOOD, "%s valid", glyph_str(g->pass));
		rich_addf(out, ROLE_DIM, " %s %s", glyph_str(g->middle_dot), strbuf_str(&line));
	} else {
		rich_addf(out, ROLE_BAD, "%s %s", glyph_str(g->fail),
			preset_edit_message(st->error.text));
		bool there = form_field(&s->form, &field) && strcmp(field.path, st->path) == 0;

		if (*st->path && !there)
			rich_addf(out, ROLE_KEY, " (%s: go there)",
				keymap_label(&ui->keymap, ACTION_VALIDATE, key, sizeof(key)));
	}
	rich_indent(out, 2);
	rich_newline(out);
}

static void draw_below(struct ui *ui, struct edit_screen *s, struct view *v)
{
	struct view inner = view_sub(v, 2, 1, v->w - 4, v->h - 2);
	struct edit_field field;
	struct rich text = { 0 }, verdict = { 0 };
	const struct glyphs *g = v->canvas->glyphs;

	view_frame(v, ROLE_BORDER,
		!s->on_sections && form_field(&s->form, &field)
			? field.path
			: edit_section_title(s->form.section),
		NULL);
	if (s->on_sections) {
		rich_add(&text, ROLE_NORMAL, edit_section_help(s->form.section));
		rich_newline(&text);
	} else {
		form_help(&s->form, g, &text);
	}
	put_verdict(ui, s, g, &verdict);
	/* What is wrong comes first where there is not room for both. */
	int need = rich_height(&verdict, inner.w);
	struct view top = view_sub(&inner, 0, 0, inner.w, MAX(inner.h - need, 0));
	struct view bottom = view_sub(&inner, 0, top.h, inner.w, inner.h - top.h);

	rich_draw(&text, &top, 0, NULL);
	rich_draw(&verdict, &bottom, 0, NULL);
	rich_release(&text);
	rich_release(&verdict);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void draw_title(const struct edit_screen *s, struct view *v)
{
	const struct glyphs *g = v->canvas->glyphs;
	bool valid = preset_edit_status(s->edit)->plan != NULL;
	struct form f = { .edit = s->edit, .error_path = "", .match = "" };
	struct edit_field name = { .value = "" };

	if (form_goto(&f, "name"))
		form_field(&f, &name);
	view_fill(v, 0, 0, v->w, 1, ROLE_HEADER, ' ');
	int x = view_text(v, 1, 0, ROLE_HEADER, "edit preset ");

	x = view_text_cut(v, x, 0, v->w - x - 26, ROLE_STRONG, name.value);
	if (preset_edit_is_changed(s->edit))
		view_text(v, x, 0, ROLE_ACCENT, " * not saved");
	x = v->w - (valid ? 8 : 12);
	view_textf(v, x, 0, valid ? ROLE_GOOD : ROLE_BAD, "%s %s",
		glyph_str(valid ? g->pass : g->fail), valid ? "valid" : "not valid");
}

static void draw_preview(struct edit_screen *s, struct view *v)
{
	const struct edit_status *st = preset_edit_status(s->edit);
	struct view inner = view_sub(v, 1, 1, v->w - 2, v->h - 2);
	struct rich text = { 0 };

	view_frame(v, ROLE_BORDER, "what it comes to", NULL);
	if (st->scenario && st->plan) {
		preview_draw(st, &inner);
		return;
	}
	rich_addf(&text, ROLE_BAD, "%s not valid yet", glyph_str(v->canvas->glyphs->fail));
	rich_newline(&text);
	rich_newline(&text);
	rich_add(&text, ROLE_NORMAL, preset_edit_message(st->error.text));
	inner = view_sub(v, 2, 1, v->w - 4, v->h - 2);
	rich_draw(&text, &inner, 0, NULL);
	rich_release(&text);
}

static struct rect inside(const struct view *v)
{
	return (struct rect){ v->x + 1, v->y + 1, v->w - 2, v->h - 2 };
}

static void draw(struct ui *ui, void *state, struct view *v)
{
	struct edit_screen *s = state;
	int below = v->h < LOW ? 5 : 6, body = v->h - 1 - below;
	int right = v->w >= PREVIEW_FROM ? MAX(36, MIN(v->w * 3 / 10, 80)) : 0;
	int middle = v->w - SECTIONS_WIDTH - right;

	if (v->w < 50 || v->h < 14) {
		view_text(v, 0, 0, ROLE_WARN, "too small: at least 50 columns and 14 rows");
		return;
	}
	s->form.error_path = preset_edit_status(s->edit)->path;
	s->form.match = ui->search;
	s->form.focused = !s->on_sections;
	draw_title(s, v);

	struct view frame = view_sub(v, 0, 1, SECTIONS_WIDTH, body);
	struct view inner = view_sub(&frame, 1, 1, frame.w - 2, frame.h - 2);

	view_frame(&frame, s->on_sections ? ROLE_FOCUS : ROLE_BORDER, "sections", NULL);
	draw_sections(s, &inner);
	s->sections_area = inside(&frame);
	frame = view_sub(v, SECTIONS_WIDTH, 1, middle, body);
	inner = view_sub(&frame, 1, 1, frame.w - 2, frame.h - 2);
	view_frame(&frame, s->on_sections ? ROLE_BORDER : ROLE_FOCUS,
		edit_section_title(s->form.section), NULL);
	form_draw(&s->form, &inner);
	s->fields_area = inside(&frame);
	if (right) {
		frame = view_sub(v, SECTIONS_WIDTH + middle, 1, right, body);
		draw_preview(s, &frame);
	}
	frame = view_sub(v, 0, 1 + body, v->w, below);
	draw_below(ui, s, &frame);
}

static bool in_rect(const struct rect *r, int x, int y)
{
	return x >= r->x && x < r->x + r->w && y >= r->y && y < r->y + r->h;
}

static void mouse(struct ui *ui, void *state, const struct key_event *k)
{
	struct edit_screen *s = state;
	size_t field;
	int row = k->y - s->sections_area.y;

	ui->dirty = true;
	if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
		edit_act(ui, s, k->mouse == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
		return;
	}
	if (in_rect(&s->sections_area, k->x, k->y) && row < EDIT_SECTION_COUNT) {
		form_section(&s->form, (enum edit_section)row);
		s->on_sections = k->mouse != MOUSE_DOUBLE;
	} else if (in_rect(&s->fields_area, k->x, k->y) &&
		   form_at(&s->form, k->y - s->fields_area.y, &field)) {
		bool again = !s->on_sections && s->form.cursor == field;

		s->on_sections = false;
		s->form.cursor = field;
		if (again || k->mouse == MOUSE_DOUBLE)
			edit_act(ui, s, ACTION_OPEN);
	}
}

static size_t search(struct ui *ui, void *state, const char *text)
{
	struct edit_screen *s = state;

	ui->dirty = true;
	if (!*text)
		return 0;
	if (form_find(&s->form, text, 0))
		s->on_sections = false;
	return form_matches(&s->form, text);
}

static void news(struct ui *ui, void *state)
{
	(void)ui;
	(void)state;
}

static void release(void *state)
{
	struct edit_screen *s = state;

	preset_edit_free(s->edit);
	free(s->save_name);
	free(s);
}

const struct screen_ops screen_edit = {
	.name = "edit",
	.open_hint = "change",
	.contexts = CTX_EDIT,
	.draw = draw,
	.act = edit_act,
	.mouse = mouse,
	.search = search,
	.news = news,
	.release = release,
};

void edit_mark_saved(struct edit_screen *s)
{
	for (int i = 0; i < EDIT_SECTION_COUNT; i++)
		s->as_saved[i] = form_digest(s->edit, (enum edit_section)i);
}

void ui_go_edit(struct ui *ui, const char *preset)
{
	struct err err = { 0 };
	struct preset_edit *e =
		preset_edit_open(ui->host->catalog, ui->host->presets, preset, &err);

	if (!e) {
		ui_message(ui, ROLE_BAD, "%s", err.text);
		return;
	}
	struct edit_screen *s = xcalloc(1, sizeof(*s));

	s->edit = e;
	s->form = (struct form){ .edit = e, .error_path = "", .match = "" };
	/* A new preset begins with its name; one that is there with what is most often changed. */
	form_section(&s->form, preset ? EDIT_TOPOLOGY : EDIT_GENERAL);
	edit_mark_saved(s);
	ui_go(ui, &screen_edit, s);
}
