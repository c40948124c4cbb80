/* Rich text: building, plain text, wrapping at many widths, marking and finding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ui/rich.h"

static void assert_drawn(const struct rich *r, int w, int h, int top, const char *want)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct canvas c;
	canvas_init(&c, w, h, &glyphs_utf8);
	struct view v = view_all(&c);
	int rows = rich_draw(r, &v, top, NULL);
	assert_int_equal(rows, rich_height(r, w));
	canvas_to_text(&c, &out);
	canvas_release(&c);
	if (strcmp(strbuf_str(&out), want) != 0)
		fail_msg("drawn\n%s\nnot\n%s", strbuf_str(&out), want);
}

static void assert_text(const struct rich *r, const char *want)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	rich_to_text(r, &out);
	assert_string_equal(strbuf_str(&out), want);
}

static void test_lines_headings_and_fields(void **state)
{
	(void)state;
	struct rich r = { 0 };
	assert_text(&r, "");
	assert_int_equal(rich_height(&r, 10), 0);
	rich_heading(&r, "Node n0");
	rich_field(&r, 12, "state", ROLE_GOOD, "%s", "online");
	rich_field(&r, 6, "restarts", ROLE_NORMAL, "%d", 0);
	rich_heading(&r, "Log");
	rich_add_lines(&r, ROLE_DIM, "one\n\ntwo");
	rich_heading(&r, "End");
	rich_add(&r, ROLE_NORMAL, "not ");
	rich_addf(&r, ROLE_BAD, "%s", "ended  ");
	assert_text(&r, "Node n0\n  state     online\n  restarts 0\n\nLog\none\n\ntwo\n\nEnd\n"
			"not ended\n");
	rich_newline(&r);
	rich_newline(&r);
	rich_heading(&r, "After");
	assert_text(&r, "Node n0\n  state     online\n  restarts 0\n\nLog\none\n\ntwo\n\nEnd\n"
			"not ended\n\nAfter\n");
	rich_release(&r);
	rich_release(&r);
}

static void test_wraps_between_words(void **state)
{
	(void)state;
	struct rich r = { 0 };
	rich_field(&r, 7, "why", ROLE_BAD, "all were sent to n3 while it was restarting");
	rich_add(&r, ROLE_NORMAL, "averylongwordthatfitsnowhere at all");
	assert_drawn(&r, 20, 6, 0,
		"  why  all were sent\n       to n3 while\n       it was\n       restarting\n"
		"averylongwordthatfit\nsnowhere at all\n");
	assert_drawn(&r, 20, 2, 3, "       restarting\naverylongwordthatfit\n");
	assert_drawn(&r, 20, 1, 99, "\n");
	assert_drawn(&r, 60, 2, 0,
		"  why  all were sent to n3 while it was restarting\n"
		"averylongwordthatfitsnowhere at all\n");
	rich_release(&r);
}

static void test_hostile_text(void **state)
{
	(void)state;
	struct rich r = { 0 };
	rich_add(&r, ROLE_NORMAL, "a\nfake\x1b[2J\xff");
	rich_indent(&r, 1000);
	assert_text(&r, "a?fake?[2J?\n");
	assert_drawn(&r, 4, 8, 0, "a?fa\n  ke\n  ?[\n  2J\n  ?\n\n\n\n");
	rich_release(&r);
}

/* At every width nothing but blanks at the breaks is lost, and it gets to an end. */
static void test_all_widths(void **state)
{
	(void)state;
	struct rich r = { 0 };
	rich_add(&r, ROLE_NORMAL, "  日本語 text and  words of 1 22 333 4444 55555");
	rich_add(&r, ROLE_GOOD, "66666 日本 ");
	rich_indent(&r, 5);
	for (int w = 2; w < 70; w++) {
		struct canvas c;
		CLEANUP_STRBUF struct strbuf out = { 0 };
		canvas_init(&c, w, 80, &glyphs_utf8);
		struct view v = view_all(&c);
		assert_in_range(rich_draw(&r, &v, 0, NULL), 1, 60);
		canvas_to_text(&c, &out);
		canvas_release(&c);
		char got[200];
		size_t n = 0;
		for (const char *p = strbuf_str(&out); *p && n + 1 < sizeof(got); p++)
			if (*p != ' ' && *p != '\n')
				got[n++] = *p;
		got[n] = '\0';
		if (w >= 4) /* in less there is no room for a wide one behind the indent */
			assert_string_equal(got, "日本語textandwordsof122333444455555"
						 "66666日本");
	}
	struct canvas c;
	canvas_init(&c, 0, 0, &glyphs_utf8);
	struct view v = view_all(&c);
	assert_true(rich_draw(&r, &v, 0, "x") > 0);
	canvas_release(&c);
	rich_release(&r);
}

static void test_matches_are_marked_and_found(void **state)
{
	(void)state;
	struct rich r = { 0 };
	rich_add_lines(&r, ROLE_NORMAL, "alpha beta\ngamma\n");
	rich_add(&r, ROLE_GOOD, "al");
	rich_add(&r, ROLE_BAD, "PHA and alphalpha");
	assert_int_equal(rich_find(&r, 40, "Alpha", 0), 0);
	assert_int_equal(rich_find(&r, 40, "Alpha", 1), 2);
	assert_int_equal(rich_find(&r, 12, "Alpha", 1), 2);
	assert_int_equal(rich_find(&r, 12, "Alpha", 2), 3);
	assert_int_equal(rich_find(&r, 40, "alpha", 3), -1); /* they do not overlap */
	assert_int_equal(rich_find(&r, 40, "", 0), -1);
	assert_int_equal(rich_find(&r, 40, "delta", 0), -1);
	size_t at = 0, n = rich_count(&r, 40, "Alpha");
	assert_int_equal(n, 3);
	assert_int_equal(rich_step(&r, 40, "Alpha", 1, &at), rich_find(&r, 40, "Alpha", 1));
	assert_int_equal(rich_step(&r, 40, "Alpha", 0, &at), rich_find(&r, 40, "Alpha", 1));
	assert_int_equal(at, 1);
	rich_step(&r, 40, "Alpha", 1, &at);
	rich_step(&r, 40, "Alpha", 1, &at);
	assert_int_equal(at, 0); /* around the end */
	assert_int_equal(rich_step(&r, 40, "Alpha", -1, &at), rich_find(&r, 40, "Alpha", 2));
	assert_int_equal(at, 2); /* around the beginning */
	at = 1000;               /* found in a text that was longer */
	assert_true(rich_step(&r, 40, "Alpha", 1, &at) >= 0 && at < n);
	assert_int_equal(rich_step(&r, 40, "delta", 1, &at), -1);
	assert_int_equal(rich_step(&r, 40, "", 1, &at), -1);
	assert_int_equal(rich_count(&r, 40, ""), 0);
	struct canvas c;
	canvas_init(&c, 30, 3, &glyphs_utf8);
	struct view v = view_all(&c);
	rich_draw(&r, &v, 0, "alpha");
	for (int x = 0; x < 7; x++)
		assert_int_equal(c.cells[60 + x].role, x < 5 ? ROLE_MATCH : ROLE_BAD);
	assert_int_equal(c.cells[6].role, ROLE_NORMAL);
	canvas_release(&c);
	rich_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_headings_and_fields),
		cmocka_unit_test(test_wraps_between_words),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_all_widths),
		cmocka_unit_test(test_matches_are_marked_and_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
