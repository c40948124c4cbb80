/*
 * The overlays and the moves between screens as a test sees them: nothing is
 * drawn, what was asked is remembered, and the test answers. Defines the
 * functions that app.h declares; include in one file of a program, after
 * cmocka.h.
 */
#ifndef TESTS_UI_STUBS_H
#define TESTS_UI_STUBS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/scenario.h"
#include "ui/app.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum stub_kind { STUB_NONE, STUB_CONFIRM, STUB_ASK, STUB_MENU, STUB_SHOW };

static struct stub {
	enum stub_kind kind; /* what is open */
	char title[200], detail[600], initial[400];
	char items[4000]; /* "label|note\n" of each */
	size_t n_items, at;
	bool disabled[200];
	char shown[20000];
	void (*yes)(struct ui *, void *);
	int (*check)(struct ui *, const char *, void *, struct err *);
	void (*done)(struct ui *, const char *, void *);
	void (*chosen)(struct ui *, size_t, void *);
	void *arg;
	ui_free_fn *free_arg;
	char message[500]; /* the last one */
	enum role role;
	struct scenario *launched; /* owned */
	char opened[300];
	enum session_kind opened_as;
	unsigned n_closed; /* sessions that were left */
} stub;

static void stub_clear(void)
{
	if (stub.free_arg)
		stub.free_arg(stub.arg);
	scenario_free(stub.launched);
	memset(&stub, 0, sizeof(stub));
}

static void stub_open(
	enum stub_kind kind, const char *title, const char *detail, void *arg, ui_free_fn *free_arg)
{
	assert_int_equal(stub.kind, STUB_NONE);
	stub.kind = kind;
	stub.arg = arg;
	stub.free_arg = free_arg;
	snprintf(stub.title, sizeof(stub.title), "%s", title);
	snprintf(stub.detail, sizeof(stub.detail), "%s", detail ? detail : "");
}

/* The overlay is closed before its callback is called, so that it can open another one. */
static void stub_close(void)
{
	stub.kind = STUB_NONE;
}

__attribute__((unused)) static void stub_answer_yes(struct ui *ui)
{
	assert_int_equal(stub.kind, STUB_CONFIRM);
	stub_close();
	stub.yes(ui, stub.arg);
}

/* What the check says about a text; "" when it is taken. */
__attribute__((unused)) static const char *stub_check(struct ui *ui, const char *text)
{
	static struct err err;

	memset(&err, 0, sizeof(err));
	assert_int_equal(stub.kind, STUB_ASK);
	return stub.check(ui, text, stub.arg, &err) < 0 ? err.text : "";
}

__attribute__((unused)) static void stub_type(struct ui *ui, const char *text)
{
	assert_string_equal(stub_check(ui, text), "");
	stub_close();
	stub.done(ui, text, stub.arg);
}

__attribute__((unused)) static void stub_choose(struct ui *ui, const char *label)
{
	const char *line = stub.items;

	assert_int_equal(stub.kind, STUB_MENU);
	for (size_t i = 0; i < stub.n_items; i++, line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "|");

		if (len != strlen(label) || strncmp(line, label, len) != 0)
			continue;
		assert_false(stub.disabled[i]);
		stub_close();
		stub.chosen(ui, i, stub.arg);
		return;
	}
	fail_msg("no \"%s\" in the menu:\n%s", label, stub.items);
}

void ui_confirm(struct ui *ui, const char *question, const char *detail,
	void (*yes)(struct ui *ui, void *arg), void *arg, ui_free_fn *free_arg)
{
	(void)ui;
	stub_open(STUB_CONFIRM, question, detail, arg, free_arg);
	stub.yes = yes;
}

void ui_ask(struct ui *ui, const char *title, const char *hint, const char *initial,
	int (*check)(struct ui *ui, const char *text, void *arg, struct err *err),
	void (*done)(struct ui *ui, const char *text, void *arg), void *arg, ui_free_fn *free_arg)
{
	(void)ui;
	stub_open(STUB_ASK, title, hint, arg, free_arg);
	snprintf(stub.initial, sizeof(stub.initial), "%s", initial);
	stub.check = check;
	stub.done = done;
}

void ui_menu(struct ui *ui, const char *title, const struct menu_item *items, size_t n,
	size_t initial, void (*done)(struct ui *ui, size_t index, void *arg), void *arg,
	ui_free_fn *free_arg)
{
	size_t len = 0;

	(void)ui;
	stub_open(STUB_MENU, title, NULL, arg, free_arg);
	for (size_t i = 0; i < n; i++) {
		len += (size_t)snprintf(stub.items + len, sizeof(stub.items) - len, "%s|%s\n",
			items[i].label, items[i].note ? items[i].note : "");
		stub.disabled[i] = items[i].disabled;
	}
	stub.n_items = n;
	stub.at = initial;
	stub.chosen = done;
}

void ui_show(struct ui *ui, const char *title, struct rich *text,
	void (*refill)(struct ui *ui, struct rich *text, void *arg), void *arg,
	ui_free_fn *free_arg)
{
	CLEANUP_STRBUF struct strbuf plain = { 0 };

	(void)ui;
	(void)refill;
	stub_open(STUB_SHOW, title, NULL, arg, free_arg);
	rich_to_text(text, &plain);
	snprintf(stub.shown, sizeof(stub.shown), "%s", strbuf_str(&plain));
	rich_release(text);
}

void ui_message(struct ui *ui, enum role role, const char *fmt, ...)
{
	va_list ap;

	(void)ui;
	va_start(ap, fmt);
	vsnprintf(stub.message, sizeof(stub.message), fmt, ap);
	va_end(ap);
	stub.role = role;
}

void ui_go(struct ui *ui, const struct screen_ops *ops, void *state)
{
	if (ui->screen)
		ui->screen->release(ui->screen_state);
	ui->screen = ops;
	ui->screen_state = state;
}

void ui_go_launch(struct ui *ui, struct scenario *s)
{
	(void)ui;
	scenario_free(stub.launched);
	stub.launched = s;
}

void ui_go_open(struct ui *ui, const char *run_dir, enum session_kind kind)
{
	(void)ui;
	snprintf(stub.opened, sizeof(stub.opened), "%s", run_dir);
	stub.opened_as = kind;
}

bool ui_close_session(struct ui *ui)
{
	(void)ui;
	stub.n_closed++;
	return true;
}

/* Begins with nothing; release with stub_ui_release(). */
__attribute__((unused)) static void stub_ui_init(
	struct ui *ui, const struct ui_host *host, const struct glyphs *glyphs)
{
	memset(ui, 0, sizeof(*ui));
	ui->host = host;
	ui->glyphs = glyphs;
	keymap_defaults(&ui->keymap);
	layouts_defaults(&ui->layouts);
}

__attribute__((unused)) static void stub_ui_release(struct ui *ui)
{
	if (ui->screen)
		ui->screen->release(ui->screen_state);
	stub_clear();
}

/* The screen as it is at this size; the hint bar's row is left out. Release the canvas. */
__attribute__((unused)) static void stub_draw(struct ui *ui, struct canvas *c, int w, int h)
{
	canvas_init(c, w, h, ui->glyphs);
	struct view all = view_all(c), v = view_sub(&all, 0, 0, w, h - 1);

	ui->screen->draw(ui, ui->screen_state, &v);
}

/* The same as text; free it. */
__attribute__((unused)) static char *stub_drawn(struct ui *ui, int w, int h)
{
	struct canvas c;
	struct strbuf text = { 0 };

	stub_draw(ui, &c, w, h);
	canvas_to_text(&c, &text);
	canvas_release(&c);
	return strbuf_detach(&text);
}

#endif
