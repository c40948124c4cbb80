/* Themes: colours, files and their errors, and what the shipped ones promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/embedded.h"
#include "ui/theme.h"
#include "util/mem.h"

static int parse(struct theme *t, const char *text, struct err *err)
{
	return theme_parse(t, "theme.yaml", text, strlen(text), err);
}

static struct theme load(const char *name)
{
	struct theme t;
	struct err err = { 0 };
	if (theme_load(&t, name, &err) != 0)
		fail_msg("%s: %s", name, err.text);
	return t;
}

static void test_colors(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int color;
	} cases[] = {
		{ "black", 0 },
		{ "red", 1 },
		{ "white", 7 },
		{ "bright-black", 8 },
		{ "bright-red", 9 },
		{ "bright-white", 15 },
		{ "default", COLOR_DEFAULT },
		{ "0", 0 },
		{ "255", 255 },
		{ "\"#ff0000\"", 196 },
		{ "\"#FFFFFF\"", 231 },
		{ "\"#000000\"", 16 },
		{ "\"#808080\"", 244 },
		{ "\"#5f87af\"", 67 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct theme t = load("default");
		struct err err = { 0 };
		char text[64];
		snprintf(text, sizeof(text), "good: {fg: %s, bg: 7}", cases[i].text);
		if (parse(&t, text, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(t.styles[ROLE_GOOD].fg, cases[i].color);
		assert_int_equal(t.styles[ROLE_GOOD].bg, 7);
	}
	/* a colour of the 256 that is written as #rrggbb is found again, if not by its number */
	for (int color = 16; color < 256; color++) {
		struct theme t = load("default");
		unsigned char rgb[3], again[3];
		char text[64];
		color_to_rgb(color, rgb);
		snprintf(text, sizeof(text), "good: {fg: \"#%02x%02x%02x\"}", rgb[0], rgb[1],
			rgb[2]);
		assert_int_equal(parse(&t, text, NULL), 0);
		color_to_rgb(t.styles[ROLE_GOOD].fg, again);
		assert_memory_equal(rgb, again, 3);
	}
}

static void test_a_file_lies_on_top_of_the_default(void **state)
{
	(void)state;
	char dir[] = "/tmp/ltb-theme-XXXXXX", path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/mine.yaml", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("bad: {fg: 200, italic: true, bold: false}\n", f);
	fclose(f);
	struct theme t = load(path), base = load("default");
	assert_string_equal(t.name, "mine.yaml");
	assert_int_equal(t.styles[ROLE_BAD].fg, 200);
	assert_true(t.styles[ROLE_BAD].italic);
	assert_false(t.styles[ROLE_BAD].bold);
	assert_memory_equal(
		&t.styles[ROLE_GOOD], &base.styles[ROLE_GOOD], sizeof(t.styles[ROLE_GOOD]));
	assert_int_equal(unlink(path), 0);
	struct err err = { 0 };
	assert_int_equal(theme_load(&t, path, &err), -1);
	assert_non_null(strstr(err.text, path));
	assert_string_equal(t.name, "mine.yaml");
	assert_int_equal(rmdir(dir), 0);
}

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "godo: {}\n", "theme.yaml:1:1: unknown role \"godo\"; did you mean \"good\"?" },
		{ "good: {fg: gren}\n",
			"theme.yaml:1:12: good.fg: unknown colour \"gren\"; did you mean \"green\"?" },
		{ "good: {bg: 256}\n",
			"theme.yaml:1:12: good.bg: unknown colour \"256\"; colours are red, "
			"bright-red, default, ..., 0 to 255, \"#rrggbb\"" },
		{ "good: {bg: \"#12345g\"}\n",
			"theme.yaml:1:12: good.bg: unknown colour \"#12345g\"; colours are red, "
			"bright-red, default, ..., 0 to 255, \"#rrggbb\"" },
		{ "good: {fg: }\n", "theme.yaml:1:12: good.fg: expected a colour, not nothing" },
		{ "\ngood: {blod: true}\n",
			"theme.yaml:2:8: good: unknown property \"blod\"; did you mean \"bold\"?" },
		{ "good: {bold: yes}\n",
			"theme.yaml:1:14: good.bold: expected true or false, not \"yes\"" },
		{ "good: green\n", "theme.yaml:1:7: good: expected {fg: COLOUR, bold: true, ...}" },
		{ "[good]\n",
			"theme.yaml:1:1: expected lines of ROLE: {fg: COLOUR, bold: true, ...}" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct theme t = load("default"), before = t;
		struct err err = { 0 };
		assert_int_equal(parse(&t, cases[i].text, &err), -1);
		assert_string_equal(err.text, cases[i].message);
		assert_memory_equal(&t, &before, sizeof(t));
	}
	struct theme t;
	struct err err = { 0 };
	assert_int_equal(theme_load(&t, "lihgt", &err), -1);
	assert_string_equal(err.text, "unknown theme \"lihgt\"; did you mean \"light\"?");
}

static bool same_style(const struct style *a, const struct style *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->dim == b->dim &&
	       a->underline == b->underline && a->reverse == b->reverse && a->italic == b->italic;
}

static void test_shipped_themes(void **state)
{
	(void)state;
	size_t n = 0;
	const char *name = "default";
	for (const struct embedded_file *f = themes_embedded; f->name; f++, n++) {
		struct theme t = load(f->name);
		assert_string_equal(t.name, f->name);
		for (enum role r = 0; r < ROLE_COUNT; r++) {
			char role[40];
			snprintf(role, sizeof(role), "\n%s: {", role_name(r));
			if (!strstr(f->text, role))
				fail_msg("%s has no %s", f->name, role_name(r));
		}
		/* what must not look alike */
		static const enum role apart[][2] = { { ROLE_GOOD, ROLE_BAD },
			{ ROLE_GOOD, ROLE_WARN }, { ROLE_WARN, ROLE_BAD },
			{ ROLE_BORDER, ROLE_FOCUS }, { ROLE_NORMAL, ROLE_MATCH },
			{ ROLE_NORMAL, ROLE_INPUT }, { ROLE_NORMAL, ROLE_ACCENT },
			{ ROLE_NORMAL, ROLE_KEY }, { ROLE_SERIES1, ROLE_SERIES2 },
			{ ROLE_SERIES2, ROLE_SERIES3 }, { ROLE_FAULT, ROLE_BAD } };
		for (size_t i = 0; i < ARRAY_LEN(apart); i++) {
			if (same_style(&t.styles[apart[i][0]], &t.styles[apart[i][1]]))
				fail_msg("%s: %s is like %s", f->name, role_name(apart[i][0]),
					role_name(apart[i][1]));
		}
		name = theme_next(name);
		for (enum role r = 0; r < ROLE_COUNT && strcmp(f->name, "mono") == 0; r++) {
			assert_int_equal(t.styles[r].fg, COLOR_DEFAULT);
			assert_int_equal(t.styles[r].bg, COLOR_DEFAULT);
		}
	}
	assert_int_equal(n, 4);
	assert_string_equal(name, "default"); /* once around */
	assert_string_equal(theme_next("mine.yaml"), themes_embedded[0].name);
}

static void test_fewer_colors(void **state)
{
	(void)state;
	static const int counts[] = { 0, 8, 16, 256 };
	for (const struct embedded_file *f = themes_embedded; f->name; f++) {
		struct theme t = load(f->name);
		for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
			for (enum role r = 0; r < ROLE_COUNT; r++) {
				struct style s = theme_style(&t, r, counts[i]);
				assert_in_range(s.fg + 1, 0, counts[i]);
				assert_in_range(s.bg + 1, 0, counts[i]);
				/* text in the colour of its ground is no text */
				assert_true(s.fg != s.bg || s.fg == COLOR_DEFAULT);
			}
			struct style normal = theme_style(&t, ROLE_NORMAL, counts[i]);
			struct style match = theme_style(&t, ROLE_MATCH, counts[i]);
			assert_false(same_style(&normal, &match));
		}
	}
	struct theme t = load("default");
	assert_int_equal(
		parse(&t, "good: {fg: 240}\nbad: {fg: bright-red}\nwarn: {fg: 208}", NULL), 0);
	assert_int_equal(theme_style(&t, ROLE_GOOD, 16).fg, 8);
	assert_true(theme_style(&t, ROLE_GOOD, 8).dim);
	assert_int_equal(theme_style(&t, ROLE_BAD, 8).fg, 1);
	assert_true(theme_style(&t, ROLE_BAD, 8).bold);
	assert_int_equal(theme_style(&t, ROLE_GOOD, 0).fg, COLOR_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_a_file_lies_on_top_of_the_default),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_shipped_themes),
		cmocka_unit_test(test_fewer_colors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
