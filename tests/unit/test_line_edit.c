/* A line of text that is being typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/line_edit.h"

static void type(struct line_edit *e, const char *keys)
{
	for (; *keys; keys++)
		assert_true(line_edit_key(e, (key_code)(unsigned char)*keys));
}

static void test_keys(void **state)
{
	(void)state;
	struct line_edit e = { 0 };
	type(&e, "hello world");
	assert_string_equal(e.text, "hello world");
	line_edit_key(&e, key_ctrl('w'));
	assert_string_equal(e.text, "hello ");
	line_edit_key(&e, KEY_HOME_);
	type(&e, "> ");
	assert_string_equal(e.text, "> hello ");
	line_edit_key(&e, KEY_RIGHT_);
	line_edit_key(&e, KEY_DELETE);
	assert_string_equal(e.text, "> hllo ");
	line_edit_key(&e, key_ctrl('k'));
	assert_string_equal(e.text, "> h");
	line_edit_key(&e, KEY_BACKSPACE_);
	line_edit_key(&e, KEY_LEFT_);
	line_edit_key(&e, key_ctrl('u'));
	assert_string_equal(e.text, " ");
	line_edit_key(&e, key_ctrl('e'));
	assert_int_equal(e.at, 1);
	line_edit_key(&e, key_ctrl('a'));
	line_edit_key(&e, KEY_BACKSPACE_);
	line_edit_key(&e, KEY_LEFT_);
	assert_int_equal(e.at, 0);
	assert_false(line_edit_key(&e, KEY_ENTER_));
	assert_false(line_edit_key(&e, KEY_UP_));
	assert_false(line_edit_key(&e, KEY_F1_));
}

static void test_utf8(void **state)
{
	(void)state;
	struct line_edit e = { 0 };
	line_edit_key(&e, 0xe4);    /* two bytes */
	line_edit_key(&e, 0x20ac);  /* three */
	line_edit_key(&e, 0x1f600); /* four */
	assert_string_equal(e.text, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	line_edit_key(&e, KEY_LEFT_);
	line_edit_key(&e, KEY_BACKSPACE_);
	assert_string_equal(e.text, "\xc3\xa4\xf0\x9f\x98\x80");
	line_edit_key(&e, KEY_DELETE);
	assert_string_equal(e.text, "\xc3\xa4");
	/* what is no text is cut off */
	line_edit_set(&e, "ab\xff"
			  "cd");
	assert_string_equal(e.text, "ab");
}

/* A suggestion is replaced by typing, and edited by everything else. */
static void test_suggestion(void **state)
{
	(void)state;
	struct line_edit e = { 0 };
	line_edit_suggest(&e, "30s");
	type(&e, "5m");
	assert_string_equal(e.text, "5m");
	line_edit_suggest(&e, "30s");
	line_edit_key(&e, KEY_LEFT_);
	type(&e, "0");
	assert_string_equal(e.text, "300s");
	line_edit_suggest(&e, "30s");
	line_edit_key(&e, KEY_BACKSPACE_);
	assert_string_equal(e.text, "");
	line_edit_suggest(&e, "30s");
	assert_false(line_edit_key(&e, KEY_ENTER_));
	assert_string_equal(e.text, "30s");
}

static void test_limit(void **state)
{
	(void)state;
	struct line_edit e = { 0 };
	char big[LINE_EDIT_MAX + 100];
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	line_edit_set(&e, big);
	assert_int_equal(e.len, LINE_EDIT_MAX);
	line_edit_key(&e, 'y');
	assert_int_equal(e.len, LINE_EDIT_MAX);
	line_edit_key(&e, KEY_BACKSPACE_);
	line_edit_key(&e, 0x20ac); /* does not fit */
	assert_int_equal(e.len, LINE_EDIT_MAX - 1);
	line_edit_key(&e, 'y');
	assert_int_equal(e.text[LINE_EDIT_MAX - 1], 'y');
}

/* The cursor is always in the field, whatever its width. */
static void test_drawing(void **state)
{
	(void)state;
	struct canvas c;
	struct line_edit e = { 0 };
	canvas_init(&c, 20, 1, &glyphs_utf8);
	line_edit_set(&e, "0123456789abcdefghijklmnopqrstuvwxyz");
	for (int width = 0; width <= 20; width++) {
		for (size_t at = 0; at <= e.len; at++) {
			struct view v = view_all(&c);
			e.at = at;
			c.cursor_x = -1;
			line_edit_draw(&e, &v, 0, 0, width);
			if (width >= 2) {
				assert_true(c.cursor_x >= 0 && c.cursor_x < width);
				uint32_t under = at < e.len ? (uint32_t)e.text[at] : ' ';
				uint32_t there = c.cells[c.cursor_x].ch;
				assert_true(there == under || there == glyphs_utf8.cut);
			}
		}
	}
	canvas_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_suggestion),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_drawing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
