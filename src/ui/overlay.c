/*
 * What lies above a screen: questions, text fields, menus, texts to read. A
 * stack; the topmost gets all keys. Callbacks run after the overlay is gone, so
 * that they may open the next one.
 */
#include "ui/overlay.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ui/line_edit.h"
#include "ui/pane.h"
#include "util/clock.h"
#include "util/mem.h"

enum overlay_kind { OVERLAY_CONFIRM, OVERLAY_ASK, OVERLAY_MENU, OVERLAY_SHOW, OVERLAY_SEARCH };

struct overlay {
	struct overlay *below;
	enum overlay_kind kind;
	char *title, *detail;
	void *arg;
	ui_free_fn *free_arg;
	struct line_edit edit; /* ASK, SEARCH, MENU's filter, SHOW's search */
	/* CONFIRM */
	void (*yes)(struct ui *ui, void *arg);
	/* ASK */
	int (*check)(struct ui *ui, const char *text, void *arg, struct err *err);
	void (*done)(struct ui *ui, const char *text, void *arg);
	struct err error;
	/* MENU */
	struct menu_item *items;
	size_t n_items;
	size_t *shown; /* indices that the filter leaves */
	size_t n_shown;
	struct list list;
	void (*chosen)(struct ui *ui, size_t index, void *arg);
	/* text typed where no item matches; NULL: not wanted */
	void (*typed)(struct ui *ui, const char *text, void *arg);
	/* SHOW */
	struct rich text;
	void (*refill)(struct ui *ui, struct rich *text, void *arg);
	int top, height, width; /* as of the last draw */
	bool searching;
	size_t match;
};

/* --- the stack ----------------------------------------------------------------------- */

static struct overlay *push(struct ui *ui, enum overlay_kind kind, const char *title)
{
	struct overlay *o = xcalloc(1, sizeof(*o));

	o->kind = kind;
	o->title = xstrdup(title);
	o->below = ui->overlay;
	ui->overlay = o;
	ui->dirty = true;
	return o;
}

static struct overlay *pop(struct ui *ui)
{
	struct overlay *o = ui->overlay;

	ui->overlay = o->below;
	ui->dirty = true;
	return o;
}

static void overlay_free(struct overlay *o)
{
	if (o->free_arg)
		o->free_arg(o->arg);
	for (size_t i = 0; i < o->n_items; i++) {
		free((char *)(uintptr_t)o->items[i].label); /* copies of our own */
		free((char *)(uintptr_t)o->items[i].note);
	}
	free(o->items);
	free(o->shown);
	rich_release(&o->text);
	free(o->title);
	free(o->detail);
	free(o);
}

void ui_close_overlay(struct ui *ui)
{
	if (ui->overlay)
		overlay_free(pop(ui));
}

void overlays_close(struct ui *ui)
{
	while (ui->overlay)
		ui_close_overlay(ui);
}

void overlays_news(struct ui *ui)
{
	for (struct overlay *o = ui->overlay; o; o = o->below) {
		if (o->kind == OVERLAY_SHOW && o->refill)
			o->refill(ui, &o->text, o->arg);
	}
}

unsigned overlay_contexts(const struct ui *ui)
{
	return ui->overlay->kind == OVERLAY_SHOW && !ui->overlay->searching ? CTX_ANY | CTX_VIEW
									    : 0;
}

bool overlay_is_search(const struct ui *ui)
{
	return ui->overlay && ui->overlay->kind == OVERLAY_SEARCH;
}

/* --- opening them ---------------------------------------------------------------------- */

void ui_confirm(struct ui *ui, const char *question, const char *detail,
	void (*yes)(struct ui *ui, void *arg), void *arg, ui_free_fn *free_arg)
{
	struct overlay *o = push(ui, OVERLAY_CONFIRM, question);

	o->detail = xstrdup(detail);
	o->yes = yes;
	o->arg = arg;
	o->free_arg = free_arg;
}

static void check_answer(struct ui *ui, struct overlay *o)
{
	err_clear(&o->error);
	if (o->check && o->check(ui, o->edit.text, o->arg, &o->error) == 0)
		err_clear(&o->error);
}

void ui_ask(struct ui *ui, const char *title, const char *hint, const char *initial,
	int (*check)(struct ui *ui, const char *text, void *arg, struct err *err),
	void (*done)(struct ui *ui, const char *text, void *arg), void *arg, ui_free_fn *free_arg)
{
	struct overlay *o = push(ui, OVERLAY_ASK, title);

	o->detail = xstrdup(hint);
	o->check = check;
	o->done = done;
	o->arg = arg;
	o->free_arg = free_arg;
	line_edit_suggest(&o->edit, initial ? initial : "");
	check_answer(ui, o);
}

/* Whether all words of the filter occur somewhere in the item, in any order and case. */
static bool item_matches(const struct menu_item *item, const char *filter)
{
	char word[LINE_EDIT_MAX + 1];

	while (*filter) {
		size_t n = strcspn(filter, " ");
		memcpy(word, filter, n);
		word[n] = '\0';
		if (n && !strcasestr(item->label, word) &&
			!(item->note && strcasestr(item->note, word)))
			return false;
		filter += n + (filter[n] == ' ');
	}
	return true;
}

static void filter_menu(struct overlay *o)
{
	o->n_shown = 0;
	for (size_t i = 0; i < o->n_items; i++) {
		if (item_matches(&o->items[i], o->edit.text))
			o->shown[o->n_shown++] = i;
	}
}

static struct overlay *push_menu(
	struct ui *ui, const char *title, const struct menu_item *items, size_t n, size_t initial)
{
	struct overlay *o = push(ui, OVERLAY_MENU, title);

	o->items = xcalloc(MAX(n, 1u), sizeof(*o->items));
	o->shown = xcalloc(MAX(n, 1u), sizeof(*o->shown));
	o->n_items = n;
	for (size_t i = 0; i < n; i++) {
		o->items[i] = items[i];
		o->items[i].label = xstrdup(items[i].label);
		o->items[i].note = xstrdup(items[i].note);
	}
	filter_menu(o);
	o->list.cursor = initial < n ? initial : 0;
	return o;
}

void ui_menu(struct ui *ui, const char *title, const struct menu_item *items, size_t n,
	size_t initial, void (*done)(struct ui *ui, size_t index, void *arg), void *arg,
	ui_free_fn *free_arg)
{
	struct overlay *o = push_menu(ui, title, items, n, initial);

	o->chosen = done;
	o->arg = arg;
	o->free_arg = free_arg;
}

void ui_menu_or_text(struct ui *ui, const char *title, const char *hint,
	const struct menu_item *items, size_t n,
	void (*done)(struct ui *ui, size_t index, void *arg),
	void (*typed)(struct ui *ui, const char *text, void *arg), void *arg, ui_free_fn *free_arg)
{
	struct overlay *o = push_menu(ui, title, items, n, 0);

	o->detail = xstrdup(hint);
	o->chosen = done;
	o->typed = typed;
	o->arg = arg;
	o->free_arg = free_arg;
}

void ui_show(struct ui *ui, const char *title, struct rich *text,
	void (*refill)(struct ui *ui, struct rich *text, void *arg), void *arg,
	ui_free_fn *free_arg)
{
	struct overlay *o = push(ui, OVERLAY_SHOW, title);

	o->text = *text;
	*text = (struct rich){ 0 };
	o->refill = refill;
	o->arg = arg;
	o->free_arg = free_arg;
}

void ui_start_search(struct ui *ui)
{
	push(ui, OVERLAY_SEARCH, "search");
}

/* --- drawing --------------------------------------------------------------------------- */

/* A framed box of at most w x h in the middle of v; empties it. */
static struct view box(struct view *v, int w, int h, const char *title, const char *note)
{
	w = MIN(w, v->w);
	h = MIN(h, v->h);
	struct view b = view_sub(v, (v->w - w) / 2, (v->h - h) / 2, w, h);

	view_fill(&b, 0, 0, b.w, b.h, ROLE_NORMAL, ' ');
	view_frame(&b, ROLE_FOCUS, title, note);
	return view_sub(&b, 2, 1, b.w - 4, b.h - 2);
}

static void plain_text(struct rich *r, const char *text, enum role role)
{
	const char *line = text ? text : "";

	while (*line) {
		size_t n = strcspn(line, "\n");
		CLEANUP_FREE char *copy = xstrndup(line, n);
		rich_add(r, role, copy);
		line += n + (line[n] == '\n');
		if (*line)
			rich_newline(r);
	}
}

static int box_width(const struct view *v, const char *title)
{
	return MAX(MIN(v->w - 4, 72), MIN(v->w, text_width(title) + 6));
}

static void draw_confirm(struct overlay *o, struct view *v)
{
	int w = box_width(v, "");
	struct rich text = { 0 };

	plain_text(&text, o->title, ROLE_STRONG);
	if (o->detail) {
		rich_newline(&text);
		plain_text(&text, o->detail, ROLE_NORMAL);
	}
	int rows = rich_height(&text, w - 4);
	struct view b = box(v, w, rows + 4, "sure?", NULL);

	rich_draw(&text, &b, 0, NULL);
	rich_release(&text);
	int x = view_text(&b, 0, b.h - 1, ROLE_KEY, "y");
	x = view_text(&b, x, b.h - 1, ROLE_NORMAL, " yes   ");
	x = view_text(&b, x, b.h - 1, ROLE_KEY, "n");
	view_text(&b, x, b.h - 1, ROLE_NORMAL, " no");
}

static void draw_ask(const struct overlay *o, struct view *v)
{
	int w = box_width(v, o->title);
	bool bad = o->error.code != ERR_NONE;
	struct rich below = { 0 };

	plain_text(&below, bad ? o->error.text : o->detail, bad ? ROLE_BAD : ROLE_DIM);
	int rows = rich_height(&below, w - 4);
	struct view b = box(v, w, rows + 5, o->title, "ENTER takes it, ESC leaves");
	struct view text = view_sub(&b, 0, 2, b.w, b.h - 2);

	line_edit_draw(&o->edit, &b, 0, 0, b.w);
	rich_draw(&below, &text, 0, NULL);
	rich_release(&below);
}

/* The place of a menu's parts. */
struct menu_shape {
	int w, rows, label; /* of the box, of the list, of the labels' column */
	int below;          /* rows under the list for the whole note; 0: all notes fit beside it */
};

static void rich_of_note(const struct menu_item *item, struct rich *ret)
{
	*ret = (struct rich){ 0 };
	rich_add(ret, item->role, item->note ? item->note : "");
}

static void shape_menu(const struct overlay *o, const struct view *v, struct menu_shape *ret)
{
	int label = 0, note = 0;

	*ret = (struct menu_shape){ .w = 0 };
	for (size_t i = 0; i < o->n_items; i++) {
		label = MAX(label, text_width(o->items[i].label));
		if (o->items[i].note)
			note = MAX(note, text_width(o->items[i].note));
	}
	ret->w = MIN(v->w - 2, MAX(MAX(label + 4 + note, text_width(o->title) + 8), 40) + 4);
	int inner = ret->w - 4;

	ret->label = MIN(label, inner - 2);
	if (note > inner - ret->label - 4 && inner > 2) {
		/* as much as the longest takes, so that the box keeps its size */
		for (size_t i = 0; i < o->n_items; i++) {
			struct rich text;

			rich_of_note(&o->items[i], &text);
			ret->below = MAX(ret->below, rich_height(&text, inner - 2));
			rich_release(&text);
		}
		/* with a blank row; the list comes first where it is tight */
		int room = v->h - 6 - (int)MIN(o->n_items, 3u);

		ret->below = MIN(ret->below + 1, MIN(room, v->h / 3));
		ret->below = ret->below < 2 ? 0 : ret->below;
	}
	ret->rows = MIN((int)MIN(o->n_items, 1000u), v->h - 6 - ret->below);
}

static void draw_menu_item(struct ui *ui, const struct overlay *o, struct view *b,
	const struct menu_shape *m, size_t at, int y)
{
	const struct menu_item *item = &o->items[o->shown[at]];
	bool here = at == o->list.cursor;

	if (here)
		view_char(b, 0, y, ROLE_ACCENT, ui->glyphs->pointer);
	view_text_cut(b, 2, y, m->label,
		item->disabled ? ROLE_DIM
		: here         ? ROLE_STRONG
			       : ROLE_NORMAL,
		item->label);
	if (item->note)
		view_text_cut(b, 2 + m->label + 2, y, b->w - m->label - 4, item->role, item->note);
}

static void draw_menu(struct ui *ui, struct overlay *o, struct view *v)
{
	struct menu_shape m;

	shape_menu(o, v, &m);
	struct view b = box(v, m.w, m.rows + m.below + 4, o->title, "ENTER chooses, ESC leaves");
	int list_rows = b.h - 2 - m.below;

	if (o->edit.len == 0)
		view_text_cut(&b, 2, 0, b.w - 2, ROLE_DIM,
			o->detail ? o->detail : "type to narrow the list");
	else
		line_edit_draw(&o->edit, &b, 2, 0, b.w - 2);
	list_clamp(&o->list, o->n_shown, list_rows > 0 ? (size_t)list_rows : 0);
	for (int row = 0; row < list_rows && o->list.top + (size_t)row < o->n_shown; row++)
		draw_menu_item(ui, o, &b, &m, o->list.top + (size_t)row, row + 2);
	if (o->n_shown == 0)
		view_text_cut(&b, 2, 2, b.w - 2, ROLE_DIM,
			o->typed ? "ENTER sends this as a command" : "nothing matches");
	if (m.below == 0 || o->list.cursor >= o->n_shown)
		return;
	struct view below = view_sub(&b, 2, b.h - m.below + 1, b.w - 2, m.below - 1);
	struct rich note;

	rich_of_note(&o->items[o->shown[o->list.cursor]], &note);
	rich_draw(&note, &below, 0, NULL);
	rich_release(&note);
}

static void draw_show(const struct ui *ui, struct overlay *o, struct view *v)
{
	char note[120];
	int w = MIN(v->w, MAX(MIN(110, v->w - 6), 60));
	int rows = rich_height(&o->text, w - 4);
	int h = MIN(v->h, MAX(MIN(rows + 2, v->h - 2), 8));
	bool has_match = o->edit.len > 0;

	o->height = h - 2;
	o->width = w - 4;
	o->top = MAX(0, MIN(o->top, rows - o->height));
	const char *leave = ui_key_name(ui, ACTION_BACK);

	if (rows > o->height)
		snprintf(note, sizeof(note), "%d-%d of %d, %s searches, %s leaves", o->top + 1,
			MIN(o->top + o->height, rows), rows, ui_key_name(ui, ACTION_SEARCH), leave);
	else
		snprintf(note, sizeof(note), "%s leaves", leave);
	struct view b = box(v, w, h, o->title, note);

	rich_draw(&o->text, &b, o->top, has_match ? o->edit.text : NULL);
	if (o->searching) {
		view_fill(&b, 0, b.h - 1, b.w, 1, ROLE_NORMAL, ' ');
		view_text(&b, 0, b.h - 1, ROLE_KEY, "/");
		line_edit_draw(&o->edit, &b, 1, b.h - 1, b.w - 1);
	}
}

static void draw_search(const struct overlay *o, struct view *v)
{
	view_fill(v, 0, v->h - 1, v->w, 1, ROLE_NORMAL, ' ');
	int x = view_text(v, 1, v->h - 1, ROLE_KEY, "/");
	line_edit_draw(&o->edit, v, x, v->h - 1, v->w / 2);
	if (o->edit.len > 0)
		view_textf(v, x + v->w / 2 + 2, v->h - 1, ROLE_DIM, "%zu found", o->match);
}

static void draw_one(struct ui *ui, struct overlay *o, struct view *v)
{
	if (!o)
		return;
	draw_one(ui, o->below, v);
	v->canvas->cursor_x = v->canvas->cursor_y = -1;
	switch (o->kind) {
	case OVERLAY_CONFIRM:
		draw_confirm(o, v);
		break;
	case OVERLAY_ASK:
		draw_ask(o, v);
		break;
	case OVERLAY_MENU:
		draw_menu(ui, o, v);
		break;
	case OVERLAY_SHOW:
		draw_show(ui, o, v);
		break;
	case OVERLAY_SEARCH:
		draw_search(o, v);
		break;
	}
}

void overlays_draw(struct ui *ui, struct view *v)
{
	draw_one(ui, ui->overlay, v);
}

/* --- keys -------------------------------------------------------------------------------- */

static void key_confirm(struct ui *ui, struct overlay *o, key_code k)
{
	bool yes = k == 'y' || k == 'Y';

	if (!yes && k != 'n' && k != 'N' && k != 'q' && k != KEY_ESC_)
		return;
	pop(ui);
	if (yes)
		o->yes(ui, o->arg);
	overlay_free(o);
}

static void key_ask(struct ui *ui, struct overlay *o, key_code k)
{
	if (k == KEY_ESC_) {
		ui_close_overlay(ui);
		return;
	}
	if (k == KEY_ENTER_) {
		check_answer(ui, o);
		if (o->error.code != ERR_NONE)
			return;
		pop(ui);
		o->done(ui, o->edit.text, o->arg);
		overlay_free(o);
		return;
	}
	if (line_edit_key(&o->edit, k))
		check_answer(ui, o);
}

static void choose(struct ui *ui, struct overlay *o)
{
	if (o->n_shown == 0 && o->typed && o->edit.len > 0) {
		pop(ui);
		o->typed(ui, o->edit.text, o->arg);
		overlay_free(o);
		return;
	}
	if (o->list.cursor >= o->n_shown)
		return;
	size_t index = o->shown[o->list.cursor];

	if (o->items[index].disabled) {
		ui_message(ui, ROLE_WARN, "%s: %s", o->items[index].label,
			o->items[index].note ? o->items[index].note : "not possible now");
		return;
	}
	pop(ui);
	o->chosen(ui, index, o->arg);
	overlay_free(o);
}

static void key_menu(struct ui *ui, struct overlay *o, key_code k)
{
	enum action a = keymap_find(&ui->keymap, k, CTX_ANY);
	bool moves = a == ACTION_UP || a == ACTION_DOWN || a == ACTION_PAGE_UP ||
		     a == ACTION_PAGE_DOWN || a == ACTION_FIRST || a == ACTION_LAST;

	if (k == KEY_ESC_) {
		ui_close_overlay(ui);
	} else if (k == KEY_ENTER_) {
		choose(ui, o);
	} else if (moves && !key_is_text(k)) {
		list_act(&o->list, o->n_shown, a);
	} else if (line_edit_key(&o->edit, k)) {
		filter_menu(o);
		o->list.cursor = o->list.top = 0;
	}
}

/* 1: the next match, -1: the one before, around both ends; 0: the first. */
static void show_match(struct ui *ui, struct overlay *o, int by)
{
	if (by == 0)
		o->match = 0;
	int row = rich_step(&o->text, o->width, o->edit.text, by, &o->match);

	if (row < 0) {
		ui_message(ui, ROLE_WARN, "\"%s\" does not occur", o->edit.text);
		return;
	}
	o->top = MAX(0, row - o->height / 2);
	ui_message(ui, ROLE_DIM, "match %zu of %zu", o->match + 1,
		rich_count(&o->text, o->width, o->edit.text));
}

static void key_show(struct ui *ui, struct overlay *o, key_code k)
{
	if (o->searching) {
		if (k == KEY_ESC_ || k == KEY_ENTER_) {
			o->searching = false;
			if (k == KEY_ESC_)
				line_edit_set(&o->edit, "");
		} else if (line_edit_key(&o->edit, k) && o->edit.len > 0) {
			show_match(ui, o, 0);
		}
		return;
	}
	switch (keymap_find(&ui->keymap, k, CTX_ANY | CTX_VIEW)) {
	case ACTION_UP:
		o->top--;
		break;
	case ACTION_DOWN:
		o->top++;
		break;
	case ACTION_PAGE_UP:
		o->top -= MAX(1, o->height - 1);
		break;
	case ACTION_PAGE_DOWN:
		o->top += MAX(1, o->height - 1);
		break;
	case ACTION_FIRST:
		o->top = 0;
		break;
	case ACTION_LAST:
		o->top = INT32_MAX / 2;
		break;
	case ACTION_SEARCH:
		o->searching = true;
		line_edit_set(&o->edit, "");
		break;
	case ACTION_NEXT_MATCH:
		if (o->edit.len > 0)
			show_match(ui, o, 1);
		break;
	case ACTION_PREV_MATCH:
		if (o->edit.len > 0)
			show_match(ui, o, -1);
		break;
	case ACTION_BACK:
	case ACTION_QUIT:
	case ACTION_OPEN:
	case ACTION_HELP:
		ui_close_overlay(ui);
		break;
	default:
		break;
	}
}

static void key_search(struct ui *ui, struct overlay *o, key_code k)
{
	if (k == KEY_ESC_) {
		ui->search[0] = '\0';
		ui->screen->search(ui, ui->screen_state, "");
		ui_close_overlay(ui);
	} else if (k == KEY_ENTER_) {
		ui_close_overlay(ui);
	} else if (line_edit_key(&o->edit, k)) {
		snprintf(ui->search, sizeof(ui->search), "%.*s", (int)sizeof(ui->search) - 4,
			o->edit.text);
		o->match = ui->screen->search(ui, ui->screen_state, ui->search);
	}
}

bool overlay_key(struct ui *ui, const struct key_event *k)
{
	struct overlay *o = ui->overlay;

	if (!o)
		return false;
	if (k->code == KEY_MOUSE_) {
		if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
			int by = k->mouse == MOUSE_WHEEL_UP ? -3 : 3;
			o->top += by;
			list_act(&o->list, o->n_shown, by < 0 ? ACTION_UP : ACTION_DOWN);
		}
		return true;
	}
	enum action a = keymap_find(&ui->keymap, k->code, CTX_ANY);
	if (!key_is_text(k->code) &&
		(a == ACTION_SUSPEND || a == ACTION_REDRAW || a == ACTION_SAVE_SCREEN))
		return false;
	switch (o->kind) {
	case OVERLAY_CONFIRM:
		key_confirm(ui, o, k->code);
		break;
	case OVERLAY_ASK:
		key_ask(ui, o, k->code);
		break;
	case OVERLAY_MENU:
		key_menu(ui, o, k->code);
		break;
	case OVERLAY_SHOW:
		key_show(ui, o, k->code);
		break;
	case OVERLAY_SEARCH:
		key_search(ui, o, k->code);
		break;
	}
	return true;
}

void ui_message(struct ui *ui, enum role role, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ui->message, sizeof(ui->message), fmt, ap);
	va_end(ap);
	ui->message_role = role;
	ui->message_until_ns = ui->now_ns + (role == ROLE_BAD ? 12 : 5) * NS_PER_S;
	ui->dirty = true;
}
