/* Canvas: clipping, cutting, wide and hostile text, frames, bars; as the text it would show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <string.h>
#include <wchar.h>

#include "ui/canvas.h"
#include "ui/chars.h"
#include "ui/pane.h"
#include "util/mem.h"
#include "util/utf8.h"

static struct canvas canvas;

static struct view fresh(int w, int h, const struct glyphs *g)
{
	canvas_release(&canvas);
	canvas_init(&canvas, w, h, g);
	return view_all(&canvas);
}

#define assert_shows(text) assert_shows_(text, __LINE__)
static void assert_shows_(const char *text, int line)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	canvas_to_text(&canvas, &out);
	if (strcmp(strbuf_str(&out), text) != 0)
		fail_msg("line %d: shows\n%s\nnot\n%s", line, strbuf_str(&out), text);
}

static void test_text_is_clipped_on_all_sides(void **state)
{
	(void)state;
	struct view all = fresh(10, 4, &glyphs_utf8);
	struct view v = view_sub(&all, 2, 1, 5, 2);
	assert_int_equal(view_text(&v, 0, 0, ROLE_NORMAL, "ab"), 2);
	assert_int_equal(view_text(&v, 2, 0, ROLE_NORMAL, "cdefgh"), 5);
	assert_int_equal(view_text(&v, -3, 1, ROLE_GOOD, "12345"), 2);
	assert_int_equal(view_text(&v, 9, 1, ROLE_NORMAL, "x"), 9);
	view_text(&v, 0, -1, ROLE_NORMAL, "above");
	view_text(&v, 0, 2, ROLE_NORMAL, "below");
	view_text(&v, INT_MIN, 1, ROLE_NORMAL, "far left");
	view_text(&v, INT_MAX, 1, ROLE_NORMAL, "far right");
	assert_shows("\n  abcde\n  45\n\n");
	assert_int_equal(canvas.cells[22].role, ROLE_GOOD);
	assert_int_equal(canvas.cells[24].role, ROLE_NORMAL);
}

static void test_views_never_grow(void **state)
{
	(void)state;
	struct view all = fresh(10, 4, &glyphs_utf8);
	static const int numbers[] = { INT_MIN, -5, -1, 0, 1, 3, 9, 10, 11, INT_MAX };
	size_t n = ARRAY_LEN(numbers);
	for (size_t i = 0; i < n * n * n * n; i++) {
		struct view v = view_sub(&all, numbers[i % n], numbers[i / n % n],
			numbers[i / n / n % n], numbers[i / n / n / n]);
		assert_in_range(v.w, 0, 10);
		assert_in_range(v.h, 0, 4);
		assert_in_range(v.x, 0, 10 - v.w);
		assert_in_range(v.y, 0, 4 - v.h);
	}
	struct view part = view_sub(&all, -2, -1, 5, 3);
	assert_int_equal(part.x, 0);
	assert_int_equal(part.w, 3);
	assert_int_equal(part.h, 2);
	struct view empty = view_sub(&part, 1, 1, 0, 0);
	view_text(&empty, 0, 0, ROLE_NORMAL, "no");
	view_frame(&empty, ROLE_BORDER, "no", "no");
	assert_shows("\n\n\n\n");
}

static void test_text_that_does_not_fit_is_cut(void **state)
{
	(void)state;
	struct view v = fresh(12, 5, &glyphs_utf8);
	assert_int_equal(view_text_cut(&v, 1, 0, 5, ROLE_NORMAL, "exact"), 6);
	assert_int_equal(view_text_cut(&v, 1, 1, 5, ROLE_NORMAL, "longer"), 6);
	view_text_cut(&v, 8, 2, 50, ROLE_NORMAL, "at the edge");
	view_text_right(&v, 0, 3, 6, ROLE_NORMAL, "42");
	view_text_right(&v, 7, 3, 3, ROLE_NORMAL, "123456");
	view_text_right(&v, 8, 4, 100, ROLE_NORMAL, "9999");
	assert_int_equal(view_text_cut(&v, 3, 4, 0, ROLE_NORMAL, "none"), 3);
	assert_int_equal(view_text_cut(&v, 3, 4, -4, ROLE_NORMAL, "none"), 3);
	assert_shows(" exact\n long…\n        at …\n    42 …56\n        9999\n");
	v = fresh(12, 1, &glyphs_ascii);
	view_text_cut(&v, 0, 0, 5, ROLE_NORMAL, "longer");
	assert_shows("long~\n");
}

static void test_wide_characters_take_two_cells_or_none(void **state)
{
	(void)state;
	struct view v = fresh(6, 5, &glyphs_utf8);
	assert_int_equal(text_width("日本x"), 5);
	assert_int_equal(view_text(&v, 0, 0, ROLE_NORMAL, "日本x"), 5);
	assert_int_equal(canvas.cells[1].ch, 0);
	view_text(&v, 1, 1, ROLE_NORMAL, "日本語");  /* the last one has one cell only */
	view_text(&v, -1, 2, ROLE_NORMAL, "日本語"); /* and here the first one */
	view_text_cut(&v, 0, 3, 4, ROLE_NORMAL, "日本語");
	view_text_right(&v, 0, 4, 4, ROLE_NORMAL, "日本語");
	assert_shows("日本x\n 日本\n 本語\n日…\n …語\n");
}

static void test_half_of_a_wide_character_becomes_blank(void **state)
{
	(void)state;
	struct view v = fresh(6, 2, &glyphs_utf8);
	view_text(&v, 0, 0, ROLE_NORMAL, "日本語");
	view_char(&v, 1, 0, ROLE_NORMAL, 'x');
	view_char(&v, 2, 0, ROLE_NORMAL, 'y');
	assert_shows(" xy 語\n\n");
	view_text(&v, 0, 1, ROLE_NORMAL, "日本語");
	view_text(&v, 1, 1, ROLE_NORMAL, "字");
	assert_shows(" xy 語\n 字 語\n");
}

static void test_hostile_text_is_shown_as_what_it_is(void **state)
{
	(void)state;
	struct view v = fresh(30, 1, &glyphs_utf8);
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "\x1b[31mred\x1b[0m", "?[31mred?[0m\n" },
		{ "a\nb\rc\bd\x7f", "a?b?c?d?\n" },
		{ "tab\there", "tab here\n" },
		{ "\xff\xfe\xc3)\xe2\x82", "??\?)??\n" },
		{ "c1 \xc2\x9b 31m", "c1 ? 31m\n" },
		{ "over \xe2\x80\xaegnp.exe", "over ?gnp.exe\n" },
		{ "\xe2\x81\xa6isolate\xe2\x81\xa9", "?isolate?\n" },
		{ "e\xcc\x81\xcc\x81\xcc\x81 zalgo", "e zalgo\n" },
		{ "zero\xe2\x80\x8bwidth\xef\xbb\xbf", "zerowidth\n" },
		{ "private \xee\x80\x80 \xf4\x8f\xbf\xbf", "private ? ?\n" },
		{ "surrogate \xed\xa0\x80", "surrogate ???\n" },
		{ "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", "👩💻\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		canvas_clear(&canvas);
		int end = view_text(&v, 0, 0, ROLE_NORMAL, cases[i].text);
		assert_shows(cases[i].shown);
		assert_int_equal(end, text_width(cases[i].text));
	}
	canvas_clear(&canvas);
	view_char(&v, 0, 0, ROLE_NORMAL, 0x1b);
	view_char(&v, 1, 0, ROLE_NORMAL, 0);
	view_char(&v, 2, 0, ROLE_NORMAL, 0xffffffff);
	view_char(&v, 3, 0, ROLE_NORMAL, 0x301);
	view_fill(&v, 4, 0, 2, 1, ROLE_NORMAL, 0x65e5);
	assert_shows("??????\n");
}

static void test_long_format(void **state)
{
	(void)state;
	struct view v = fresh(1024, 1, &glyphs_utf8);
	char text[1001];
	memset(text, 'a', sizeof(text) - 1);
	text[1000] = '\0';
	assert_int_equal(view_textf(&v, 0, 0, ROLE_NORMAL, "%s%d", text, 7), 1001);
	assert_int_equal(canvas.cells[1000].ch, '7');
	assert_int_equal(view_textf(&v, 5, 0, ROLE_NORMAL, "%s", ""), 5);
}

static void test_frame(void **state)
{
	(void)state;
	struct view v = fresh(20, 3, &glyphs_utf8);
	view_frame(&v, ROLE_FOCUS, "nodes ─ 4 up", "1/9");
	assert_shows("┌ nodes ─ 4 up ────┐\n│                  │\n└───────────── 1/9 ┘\n");
	assert_int_equal(canvas.cells[2].role, ROLE_FOCUS);
	v = fresh(10, 2, &glyphs_ascii);
	view_frame(&v, ROLE_BORDER, "expectations", NULL);
	assert_shows("+ expec~ +\n+--------+\n");
	assert_int_equal(canvas.cells[2].role, ROLE_TITLE);
	for (int w = 0; w < 8; w++) {
		for (int h = 0; h < 4; h++) {
			v = fresh(w, h, &glyphs_utf8);
			view_frame(&v, ROLE_BORDER, "title", "note");
		}
	}
}

static void test_bar(void **state)
{
	(void)state;
	struct view v = fresh(10, 7, &glyphs_utf8);
	static const double shares[] = { 0, 0.55, 1, 7, -1, NAN, INFINITY };
	for (int i = 0; i < 7; i++) {
		view_bar(&v, 1, i, 8, ROLE_ACCENT, shares[i]);
		view_char(&v, 9, i, ROLE_NORMAL, '|');
	}
	assert_shows("         |\n ████▍   |\n ████████|\n ████████|\n         |\n         |\n"
		     " ████████|\n");
	v = fresh(10, 1, &glyphs_ascii);
	view_bar(&v, 0, 0, 10, ROLE_ACCENT, 0.55);
	assert_shows("######\n");
	view_bar(&v, 8, 0, INT_MAX, ROLE_ACCENT, 1);
	assert_shows("######  ##\n");
}

static void test_spark(void **state)
{
	(void)state;
	static const double values[] = { 1, 0, 2, 4, 8, NAN, 6, INFINITY };
	struct view v = fresh(12, 4, &glyphs_utf8);
	view_spark(&v, 0, 0, 12, ROLE_SERIES1, values, 7, 0);
	view_spark(&v, 0, 1, 4, ROLE_SERIES1, values, 7, 16);
	view_spark(&v, 6, 2, 99, ROLE_SERIES1, values, 8, 8);
	view_spark(&v, 0, 3, 5, ROLE_SERIES1, NULL, 0, 0);
	assert_shows("     ▁ ▂▄█ ▆\n▂▄ ▃\n      ▂▄█ ▆█\n\n");
	v = fresh(8, 1, &glyphs_ascii);
	view_spark(&v, 0, 0, 8, ROLE_SERIES1, values, 7, 0);
	assert_shows(" . ,-# +\n");
}

static void test_selected_row_and_sizes(void **state)
{
	(void)state;
	struct view all = fresh(6, 3, &glyphs_utf8);
	struct view v = view_sub(&all, 1, 1, 4, 1);
	view_select_row(&v, 0);
	view_select_row(&v, 1);
	view_select_row(&v, -1);
	for (int i = 0; i < 18; i++)
		assert_int_equal(canvas.cells[i].reverse, i >= 7 && i <= 10);
	canvas_resize(&canvas, -3, 1 << 30);
	assert_int_equal(canvas.w, 0);
	assert_int_equal(canvas.h, CANVAS_MAX_SIZE);
	all = view_all(&canvas);
	view_text(&all, 0, 0, ROLE_NORMAL, "x");
	canvas_resize(&canvas, 3, 1);
	assert_int_equal(canvas.cursor_x, -1);
	assert_shows("\n");
}

static void test_glyphs_take_one_cell(void **state)
{
	(void)state;
	const struct glyphs *tables[] = { &glyphs_utf8, &glyphs_ascii };
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	for (int t = 0; t < 2; t++) {
		const uint32_t *g = (const uint32_t *)tables[t];
		for (size_t i = 0; i < sizeof(*tables[t]) / sizeof(*g); i++) {
			if (t == 1 && g[i] == 0)
				continue; /* no dots */
			assert_int_equal(chars_clean(g[i]), g[i]);
			assert_int_equal(chars_width(g[i]), 1);
			assert_int_equal(wcwidth((wchar_t)g[i]), 1);
			if (t == 1)
				assert_in_range(g[i], 0x20, 0x7e);
		}
	}
	assert_string_equal(glyph_str(glyphs_utf8.pass), "✓");
	assert_string_equal(glyph_str(0x1b), "?");
}

/* All of Unicode: UTF-8 both ways, and never wider than what the terminal is told. */
static void test_all_characters(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	for (uint32_t ch = 1; ch <= 0x10ffff; ch++) {
		char buf[5];
		if (ch >= 0xd800 && ch < 0xe000)
			continue;
		size_t n = chars_encode(ch, buf);
		if (n != strlen(buf) || utf8_sequence(buf, n) != n)
			fail_msg("U+%04X is %zu bytes", ch, n);
		const char *text = buf;
		int width, system = wcwidth((wchar_t)ch);
		uint32_t got = chars_next(&text, &width);
		if (got != chars_clean(ch) || (got && got != ch && got != '?' && got != ' '))
			fail_msg("U+%04X is read as U+%04X", ch, got);
		if (got == ch && system >= 0 && width != system)
			fail_msg("U+%04X: %d cells, not %d", ch, width, system);
	}
}

static void test_formats(void **state)
{
	(void)state;
	char b[32];
	const uint64_t s = 1000000000, ms = 1000000;
	assert_string_equal(fmt_clock(52 * s + 199 * ms, b, sizeof(b)), "0:52.1");
	assert_string_equal(fmt_clock(3723 * s, b, sizeof(b)), "1:02:03");
	assert_string_equal(fmt_clock_s(0, b, sizeof(b)), "0:00");
	assert_string_equal(fmt_clock_s(3599 * s, b, sizeof(b)), "59:59");
	assert_string_equal(fmt_ago(41 * s, b, sizeof(b)), "41 s");
	assert_string_equal(fmt_ago(125 * s, b, sizeof(b)), "2 min");
	assert_string_equal(fmt_ago(7300 * s, b, sizeof(b)), "2 h");
	assert_string_equal(fmt_ms(0, b, sizeof(b)), "-");
	assert_string_equal(fmt_ms(800000, b, sizeof(b)), "0.8 ms");
	assert_string_equal(fmt_ms(452 * ms, b, sizeof(b)), "452 ms");
	assert_string_equal(fmt_ms(999 * ms + 600000, b, sizeof(b)), "1.0 s");
	assert_string_equal(fmt_ms(1900 * ms, b, sizeof(b)), "1.9 s");
	assert_string_equal(fmt_ms(132 * s, b, sizeof(b)), "132 s");
	assert_string_equal(fmt_bytes(999, b, sizeof(b)), "999B");
	assert_string_equal(fmt_bytes(1946, b, sizeof(b)), "1.9K");
	assert_string_equal(fmt_bytes(9542042, b, sizeof(b)), "9.1M");
	assert_string_equal(fmt_bytes(1023 * 1024, b, sizeof(b)), "1.0M");
	assert_string_equal(fmt_bytes(UINT64_MAX, b, sizeof(b)), "16.0E");
	assert_string_equal(fmt_rate(9.1, b, sizeof(b)), "9.1/s");
	assert_string_equal(fmt_rate(1234, b, sizeof(b)), "1234/s");
	assert_string_equal(fmt_rate(12345, b, sizeof(b)), "12.3k/s");
	assert_string_equal(fmt_rate(NAN, b, sizeof(b)), "-");
	assert_string_equal(fmt_count(1944, b, sizeof(b)), "1,944");
	assert_string_equal(fmt_count(12, b, sizeof(b)), "12");
	assert_string_equal(fmt_count(UINT64_MAX, b, sizeof(b)), "18,446,744,073,709,551,615");
	assert_true(strlen(fmt_count(UINT64_MAX, b, 6)) < 6);
	struct id32 id = { .b = { 0x8f, 0x3c, [31] = 0xa1 } };
	assert_string_equal(fmt_id(&id, b, sizeof(b)), "8f3c..a1");
}

static void test_list(void **state)
{
	(void)state;
	struct list l = { 0 };
	list_clamp(&l, 20, 5);
	assert_true(list_act(&l, 20, ACTION_UP));
	assert_int_equal(l.cursor, 0);
	list_act(&l, 20, ACTION_PAGE_DOWN);
	list_act(&l, 20, ACTION_PAGE_DOWN);
	list_clamp(&l, 20, 5);
	assert_int_equal(l.cursor, 8);
	assert_int_equal(l.top, 4);
	list_act(&l, 20, ACTION_LAST);
	list_clamp(&l, 30, 5); /* lines came: it stays at the end */
	assert_int_equal(l.cursor, 29);
	assert_int_equal(l.top, 25);
	list_act(&l, 30, ACTION_UP);
	list_clamp(&l, 40, 5);
	assert_int_equal(l.cursor, 28);
	list_clamp(&l, 40, 30); /* more room: no empty rows at the bottom */
	assert_int_equal(l.top, 10);
	list_clamp(&l, 3, 30);
	assert_int_equal(l.cursor, 2);
	assert_int_equal(l.top, 0);
	list_clamp(&l, 0, 30);
	assert_true(list_act(&l, 0, ACTION_DOWN));
	assert_true(list_act(&l, 0, ACTION_LAST));
	assert_int_equal(l.cursor, 0);
	assert_false(list_act(&l, 10, ACTION_OPEN));
	list_clamp(&l, 10, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_clipped_on_all_sides),
		cmocka_unit_test(test_views_never_grow),
		cmocka_unit_test(test_text_that_does_not_fit_is_cut),
		cmocka_unit_test(test_wide_characters_take_two_cells_or_none),
		cmocka_unit_test(test_half_of_a_wide_character_becomes_blank),
		cmocka_unit_test(test_hostile_text_is_shown_as_what_it_is),
		cmocka_unit_test(test_long_format),
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_spark),
		cmocka_unit_test(test_selected_row_and_sizes),
		cmocka_unit_test(test_glyphs_take_one_cell),
		cmocka_unit_test(test_all_characters),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_list),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	canvas_release(&canvas);
	return failed;
}
