/* What lies above a screen: keys in, answers out, and every argument freed once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ui/overlay.h"
#include "util/mem.h"

static struct ui ui;
static unsigned freed;
static char got[200];
static size_t chosen;

static size_t no_search(struct ui *u, void *state, const char *text)
{
	(void)u;
	(void)state;
	return strlen(text);
}

static const struct screen_ops screen = { .name = "test", .search = no_search };

static void begin(int w, int h)
{
	ui = (struct ui){ .glyphs = &glyphs_utf8, .screen = &screen };
	keymap_defaults(&ui.keymap);
	canvas_init(&ui.canvas, w, h, ui.glyphs);
	freed = 0;
	got[0] = '\0';
	chosen = SIZE_MAX;
}

static void end(void)
{
	overlays_close(&ui);
	canvas_release(&ui.canvas);
}

static void press(key_code k)
{
	const struct key_event e = { .code = k };
	overlay_key(&ui, &e);
}

static void type(const char *text)
{
	for (; *text; text++)
		press((key_code)(unsigned char)*text);
}

static char *drawn(void)
{
	struct strbuf out = { 0 };
	canvas_clear(&ui.canvas);
	struct view v = view_all(&ui.canvas);
	overlays_draw(&ui, &v);
	canvas_to_text(&ui.canvas, &out);
	return strbuf_detach(&out);
}

static void shows(const char *text)
{
	CLEANUP_FREE char *s = drawn();
	if (!strstr(s, text))
		fail_msg("no \"%s\" in\n%s", text, s);
}

static void count_free(void *arg)
{
	freed++;
	free(arg);
}

static void yes(struct ui *u, void *arg)
{
	(void)u;
	snprintf(got, sizeof(got), "yes %s", (const char *)arg);
}

static void test_confirm(void **state)
{
	(void)state;
	begin(80, 24);
	static const key_code no[] = { 'n', 'N', 'q', KEY_ESC_ };
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		ui_confirm(&ui, "Kill n1?", "It stays down.", yes, xstrdup("a"), count_free);
		shows("Kill n1?");
		shows("It stays down.");
		press(KEY_ENTER_); /* typed ahead: no answer */
		press(' ');
		assert_non_null(ui.overlay);
		press(no[i]);
		assert_null(ui.overlay);
		assert_int_equal(freed, i + 1);
	}
	assert_string_equal(got, "");
	ui_confirm(&ui, "Kill n1?", NULL, yes, xstrdup("b"), count_free);
	press('y');
	assert_string_equal(got, "yes b");
	assert_int_equal(freed, 5);
	ui_confirm(&ui, "Left open", NULL, yes, xstrdup("c"), count_free);
	end();
	assert_int_equal(freed, 6);
}

static int only_short(struct ui *u, const char *text, void *arg, struct err *err)
{
	(void)u;
	(void)arg;
	return strlen(text) <= 3 ? 0 : err_set(err, ERR_USAGE, "at most three characters");
}

static void take(struct ui *u, const char *text, void *arg)
{
	snprintf(got, sizeof(got), "%s", text);
	/* the next overlay may be opened from an answer */
	ui_confirm(u, "Really?", NULL, yes, xstrdup((const char *)arg), count_free);
}

static void test_ask(void **state)
{
	(void)state;
	begin(80, 24);
	ui_ask(&ui, "Name", "a short one", "abc", only_short, take, xstrdup("x"), count_free);
	shows("a short one");
	type("much too long");
	shows("at most three characters");
	press(KEY_ENTER_);
	assert_non_null(ui.overlay); /* refused */
	press(key_ctrl('u'));
	type("ok");
	shows("a short one");
	press(KEY_ENTER_);
	assert_string_equal(got, "ok");
	assert_int_equal(freed, 1);
	shows("Really?");
	press('y');
	assert_string_equal(got, "yes x");
	assert_int_equal(freed, 2);
	assert_null(ui.overlay);
	ui_ask(&ui, "Name", NULL, NULL, NULL, take, xstrdup("x"), count_free);
	press(KEY_ESC_);
	assert_int_equal(freed, 3);
	end();
}

static void pick(struct ui *u, size_t index, void *arg)
{
	(void)u;
	(void)arg;
	chosen = index;
}

static void typed(struct ui *u, const char *text, void *arg)
{
	(void)u;
	(void)arg;
	snprintf(got, sizeof(got), "typed %s", text);
}

static const struct menu_item items[] = {
	{ .label = "local", .note = "processes on this machine" },
	{ .label = "compose", .note = "no engine answers", .disabled = true },
	{ .label = "fake", .note = "a simulation" },
};

static void test_menu(void **state)
{
	(void)state;
	begin(80, 24);
	ui_menu(&ui, "Backend", items, ARRAY_LEN(items), 1, pick, xstrdup("m"), count_free);
	shows("no engine answers");
	press(KEY_ENTER_); /* cannot be chosen: it says why, and stays */
	assert_non_null(ui.overlay);
	assert_non_null(strstr(ui.message, "no engine answers"));
	press(KEY_DOWN_);
	press(KEY_ENTER_);
	assert_int_equal(chosen, 2);
	assert_int_equal(freed, 1);
	ui_menu(&ui, "Backend", items, ARRAY_LEN(items), 0, pick, xstrdup("m"), count_free);
	type("simul");
	press(KEY_ENTER_);
	assert_int_equal(chosen, 2);
	ui_menu(&ui, "Backend", items, ARRAY_LEN(items), 0, pick, xstrdup("m"), count_free);
	chosen = SIZE_MAX;
	type("zzz");
	shows("nothing matches");
	press(KEY_ENTER_);
	assert_int_equal(chosen, SIZE_MAX);
	press(KEY_ESC_);
	assert_int_equal(freed, 3);
	ui_menu_or_text(&ui, "commands", "or a command", items, ARRAY_LEN(items), pick, typed,
		xstrdup("m"), count_free);
	shows("or a command");
	type("restart n1");
	press(KEY_ENTER_);
	assert_string_equal(got, "typed restart n1");
	assert_int_equal(freed, 4);
	end();
}

/* A note that has no room beside its label is there as a whole when its item is looked at. */
static void test_menu_notes(void **state)
{
	(void)state;
	static const struct menu_item backends[] = {
		{ .label = "local",
			.note = "ltb-node 0.1.0, can: restart, kill, pause, add, remove, logs, "
				"resources and whatever else it takes to fill more than one line" },
		{ .label = "compose",
			.note = "no engine answers: start docker, or set DOCKER_HOST to where one "
				"is, or install it, which is the end of a long note",
			.disabled = true },
		{ .label = "fake" },
	};

	begin(80, 24);
	ui_menu(&ui, "Backend", backends, ARRAY_LEN(backends), 0, pick, NULL, NULL);
	shows("fill more than one line");
	press(KEY_DOWN_);
	shows("end of a long note");
	shows("fake"); /* the list is still there */
	press(KEY_DOWN_);
	CLEANUP_FREE char *text = drawn();

	assert_null(strstr(text, "long note"));
	end();
	begin(80, 8); /* low: the list has the room first */
	ui_menu(&ui, "Backend", backends, ARRAY_LEN(backends), 0, pick, NULL, NULL);
	shows("local");
	end();
	/* where all fit there is nothing below */
	begin(200, 24);
	ui_menu(&ui, "Backend", backends, ARRAY_LEN(backends), 1, pick, NULL, NULL);
	CLEANUP_FREE char *wide = drawn();
	const char *first = strstr(wide, "end of a long note");

	assert_non_null(first);
	assert_null(strstr(first + 1, "end of a long note"));
	end();
}

static void refill(struct ui *u, struct rich *text, void *arg)
{
	(void)u;
	(void)arg;
	rich_release(text);
	rich_add(text, ROLE_NORMAL, "fresh");
}

static void test_show(void **state)
{
	(void)state;
	begin(80, 12);
	struct rich text = { 0 };
	for (int i = 0; i < 100; i++) {
		rich_addf(&text, ROLE_NORMAL, "line %d", i);
		rich_newline(&text);
	}
	ui_show(&ui, "lines", &text, refill, xstrdup("s"), count_free);
	shows("line 0");
	press(KEY_END_);
	shows("line 99");
	press(KEY_HOME_);
	press(KEY_PAGE_DOWN);
	shows("line 8");
	press('/');
	type("line 55");
	shows("line 55");
	press(KEY_ENTER_);
	press('n'); /* around */
	shows("line 55");
	assert_string_equal(ui.message, "match 1 of 1");
	press('/');
	type("line 7");
	press(KEY_ENTER_);
	press('N'); /* around, backwards */
	assert_string_equal(ui.message, "match 11 of 11");
	shows("line 79");
	press('N');
	shows("line 78");
	press('n');
	press('n');
	assert_string_equal(ui.message, "match 1 of 11");
	type("q");
	assert_null(ui.overlay);
	assert_int_equal(freed, 1);
	rich_add(&text, ROLE_NORMAL, "stale");
	ui_show(&ui, "one", &text, refill, NULL, NULL);
	overlays_news(&ui);
	shows("fresh");
	end();
}

/* No size is too small, no key too strange. */
static void test_tiny(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 0, 0 }, { 1, 1 }, { 3, 2 }, { 20, 4 }, { 60, 15 } };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		begin(sizes[i][0], sizes[i][1]);
		struct rich text = { 0 };
		rich_add(&text, ROLE_NORMAL, "a text of some length that has to wrap somewhere");
		ui_show(&ui, "t", &text, NULL, NULL, NULL);
		free(drawn());
		ui_menu(&ui, "a menu", items, ARRAY_LEN(items), 0, pick, NULL, NULL);
		free(drawn());
		ui_ask(&ui, "a question", "hint", "text", NULL, take, NULL, NULL);
		free(drawn());
		ui_confirm(&ui, "a question", "detail", yes, NULL, NULL);
		free(drawn());
		press(KEY_F1_);
		press(KEY_ALT_BIT | 'x');
		press(0x10ffff);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_menu),
		cmocka_unit_test(test_menu_notes),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_tiny),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
