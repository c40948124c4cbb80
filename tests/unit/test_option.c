/* Option tables: defaults, every type, messages, copies, JSON, the human table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/option.h"
#include "util/mem.h"

struct config {
	bool on;
	uint64_t count, wait_ns, bytes;
	double ratio;
	char *text;
	int colour;
	struct strlist list;
};

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct option table[] = {
	{ "on", OPTION_BOOL, offsetof(struct config, on), .def = "true", .help = "a switch" },
	{ "count", OPTION_U64, offsetof(struct config, count), .def = "7", .min = 1, .max = 9,
		.unit = "things", .help = "a number" },
	{ "wait", OPTION_DURATION, offsetof(struct config, wait_ns), .def = "1m30s", .min = 1000000,
		.max = 3600000000000, .help = "a time" },
	{ "bytes", OPTION_SIZE, offsetof(struct config, bytes), .def = "4K", .help = "a size" },
	{ "ratio", OPTION_DOUBLE, offsetof(struct config, ratio), .def = "0.5", .dmax = 1,
		.help = "a share" },
	{ "text", OPTION_STRING, offsetof(struct config, text), .help = "words" },
	{ "colour", OPTION_ENUM, offsetof(struct config, colour), .def = "green",
		.choices = colours, .help = "a choice" },
	{ "list", OPTION_STRINGS, offsetof(struct config, list), .def = "[a, b]",
		.help = "some words" },
	{ .name = NULL },
};

static int parse(const char *yaml, struct config *c, struct err *err)
{
	struct ydoc *d = yaml_parse("t.yaml", yaml, strlen(yaml), 0, err);
	assert_non_null(d);
	int rc = options_parse(table, "sec", d->root, c, err);
	ydoc_free(d);
	return rc;
}

static void defaults_are_as_written(void **state)
{
	struct config c;
	(void)state;
	options_defaults(table, &c, sizeof(c));
	assert_true(c.on);
	assert_int_equal(c.count, 7);
	assert_true(c.wait_ns == 90000000000ull);
	assert_int_equal(c.bytes, 4096);
	assert_true(c.ratio == 0.5);
	assert_null(c.text);
	assert_int_equal(c.colour, 1);
	assert_int_equal(c.list.len, 2);
	assert_string_equal(c.list.items[1], "b");
	options_release(table, &c);
	assert_null(c.list.items);
}

static void values_replace_defaults(void **state)
{
	struct config c, copy;
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct jw w;
	(void)state;
	options_defaults(table, &c, sizeof(c));
	assert_int_equal(parse("{on: false, count: 9, wait: 250ms, bytes: 1M, ratio: 1,\n"
			       " text: hi, colour: blue, list: one}",
				 &c, &err),
		0);
	/* twice: what was owned is freed */
	assert_int_equal(parse("text: there\nlist: [x, \"y z\"]\ncount:\n", &c, &err), 0);
	options_copy(table, &c, &copy, sizeof(c));
	options_release(table, &c);
	jw_init(&w, &sb, 0);
	options_to_json(table, &copy, &w);
	options_release(table, &copy);
	assert_string_equal(strbuf_str(&sb),
		"{\"on\":false,\"count\":9,\"wait\":\"250ms\",\"bytes\":1048576,\"ratio\":1,"
		"\"text\":\"there\",\"colour\":\"blue\",\"list\":[\"x\",\"y z\"]}");
}

static void nothing_is_fine(void **state)
{
	struct config c;
	struct err err = { 0 };
	(void)state;
	options_defaults(table, &c, sizeof(c));
	assert_int_equal(options_parse(table, "sec", NULL, &c, &err), 0);
	assert_int_equal(parse("~", &c, &err), 0);
	assert_int_equal(c.count, 7);
	options_release(table, &c);
}

static void messages(void **state)
{
	static const struct {
		const char *yaml, *text;
	} cases[] = {
		{ "coutn: 1", "t.yaml:1:1: sec: unknown key \"coutn\"; did you mean \"count\"?" },
		{ "xyzzy: 1", "t.yaml:1:1: sec: unknown key \"xyzzy\"; expected one of on, count, "
			      "wait, bytes, ratio, text, colour, list" },
		{ "count: 10", "t.yaml:1:8: sec.count: expected a whole number from 1 to 9, not "
			       "\"10\"" },
		{ "count: 0", "t.yaml:1:8: sec.count: expected a whole number from 1 to 9, not "
			      "\"0\"" },
		{ "count: -1", "t.yaml:1:8: sec.count: expected a whole number from 1 to 9, not "
			       "\"-1\"" },
		{ "count: \"5\"", "t.yaml:1:8: sec.count: expected a whole number from 1 to 9, "
				  "not the text \"5\"" },
		{ "count: [5]", "t.yaml:1:8: sec.count: expected a whole number from 1 to 9, not a "
				"list" },
		{ "on: 1", "t.yaml:1:5: sec.on: expected true or false, not \"1\"" },
		{ "wait: 5", "t.yaml:1:7: sec.wait: expected a duration such as 500ms or 30s from "
			     "1ms to 1h, not \"5\"" },
		{ "ratio: 1.1", "t.yaml:1:8: sec.ratio: expected a number from 0 to 1, not "
				"\"1.1\"" },
		{ "ratio: nan", "t.yaml:1:8: sec.ratio: expected a number from 0 to 1, not "
				"\"nan\"" },
		{ "bytes: many", "t.yaml:1:8: sec.bytes: expected a size such as 64K or 10M, not "
				 "\"many\"" },
		{ "text: {a: b}", "t.yaml:1:7: sec.text: expected a text, not a map" },
		{ "colour: gren", "t.yaml:1:9: sec.colour: expected one of red, green, blue, not "
				  "\"gren\"; did you mean \"green\"?" },
		{ "list: [a, [b]]", "t.yaml:1:7: sec.list: expected a text or a list of texts, not "
				    "a list" },
		{ "[1]", "t.yaml:1:1: sec: expected a map of options, not a list" },
		{ "word", "t.yaml:1:1: sec: expected a map of options, not \"word\"" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config c;
		struct err err = { 0 };
		options_defaults(table, &c, sizeof(c));
		assert_int_equal(parse(cases[i].yaml, &c, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.text, cases[i].text);
		options_release(table, &c);
	}
}

static void quoting_is_harmless_and_short(void **state)
{
	char buf[OPTION_QUOTE], longest[500];
	(void)state;
	assert_string_equal(option_quote("a\x1b[2J\n", buf, sizeof(buf)), "\"a?[2J?\"");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	option_quote(longest, buf, sizeof(buf));
	assert_true(strlen(buf) < sizeof(buf));
	assert_string_equal(buf + strlen(buf) - 5, "x...\"");
	/* a character of several bytes is not cut in two */
	for (size_t i = 0; i + 2 < sizeof(longest); i += 2)
		memcpy(longest + i, "\xc3\xa9", 2);
	option_quote(longest, buf, sizeof(buf));
	assert_memory_equal(buf + strlen(buf) - 6, "\xc3\xa9...", 5);
}

static void description_lists_every_row(void **state)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	(void)state;
	options_describe(table, &sb);
	for (const struct option *o = table; o->name; o++)
		assert_non_null(strstr(strbuf_str(&sb), o->help));
	assert_non_null(strstr(strbuf_str(&sb), "integer from 1 to 9 (things)"));
	assert_non_null(strstr(strbuf_str(&sb), "red|green|blue"));
}

/* --- the environment --- */

static const char *variable; /* the value of VAR */

static const char *get(const char *name)
{
	return strcmp(name, "VAR") == 0 ? variable : NULL;
}

struct env_case {
	enum option_type type;
	const char *unit, *value;
	const char *wanted; /* as in a preset; NULL: the error has `message` */
	const char *message;
};

static void check_env_case(const struct env_case *c)
{
	const struct option o = { .name = "o",
		.type = c->type,
		.choices = colours,
		.min = 1,
		.max = c->type == OPTION_DURATION ? 60000000000 : 9000,
		.dmax = 1,
		.env = "NONE VAR",
		.env_unit = c->unit };
	struct strlist labels = { 0 };
	struct ynode *n = NULL;
	struct err err = { 0 };

	variable = c->value;
	int rc = option_from_env(&o, "sec", get, &labels, &n, &err);
	if (c->message) {
		assert_int_equal(rc, -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_null(n);
		if (!strstr(err.text, c->message))
			fail_msg("%s", err.text);
		assert_non_null(strstr(err.text, "the environment variable VAR, which is the "
						 "default of sec.o: expected "));
	} else if (!c->wanted) {
		assert_int_equal(rc, 0);
		assert_null(n);
	} else {
		if (rc < 0)
			fail_msg("%s", err.text);
		assert_non_null(n);
		assert_string_equal(n->scalar, c->wanted);
		assert_string_equal(n->file, "VAR");
		assert_int_equal(n->line, 0);
	}
	ynode_free(n);
	strlist_release(&labels);
}

static void values_from_the_environment(void **state)
{
	static const struct env_case cases[] = {
		{ OPTION_BOOL, NULL, "1", "true", NULL },
		{ OPTION_BOOL, NULL, "0", "false", NULL },
		{ OPTION_BOOL, NULL, "On", "true", NULL },
		{ OPTION_BOOL, NULL, "OFF", "false", NULL },
		{ OPTION_BOOL, NULL, "yes", "true", NULL },
		{ OPTION_BOOL, NULL, "no", "false", NULL },
		{ OPTION_BOOL, NULL, "TRUE", "true", NULL },
		{ OPTION_BOOL, NULL, "", NULL, NULL },
		{ OPTION_BOOL, NULL, NULL, NULL, NULL },
		{ OPTION_BOOL, NULL, "2", NULL, "true or false, 1 or 0, yes or no, on or off" },
		{ OPTION_U64, NULL, "9", "9", NULL },
		{ OPTION_U64, NULL, "0", NULL, "a whole number from 1 to 9000, not \"0\"" },
		{ OPTION_U64, NULL, " 9", NULL, "not \" 9\"" },
		{ OPTION_U64, NULL, "9; rm", NULL, "not \"9; rm\"" },
		{ OPTION_DURATION, "s", "30", "30s", NULL },
		{ OPTION_DURATION, "s", "1.5", "1.5s", NULL },
		{ OPTION_DURATION, "s", "250ms", "250ms", NULL },
		{ OPTION_DURATION, "s", "61", NULL, "without its unit (s), not \"61\"" },
		{ OPTION_DURATION, "s", ".", NULL, "not \".\"" },
		{ OPTION_DURATION, NULL, "30", NULL, "not \"30\"" },
		{ OPTION_SIZE, NULL, "4K", "4K", NULL },
		{ OPTION_DOUBLE, NULL, "0.25", "0.25", NULL },
		{ OPTION_DOUBLE, NULL, "nan", NULL, "not \"nan\"" },
		{ OPTION_STRING, NULL, "a: b # [", "a: b # [", NULL },
		{ OPTION_STRING, NULL, "~", "~", NULL },
		{ OPTION_ENUM, NULL, "BLUE", "blue", NULL },
		{ OPTION_ENUM, NULL, "bleu", NULL, "did you mean \"blue\"?" },
		{ OPTION_ENUM, NULL, "bl\033[2Jue", NULL, "\"bl?[2Jue\"" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_env_case(&cases[i]);
}

static void switches(void **state)
{
	struct err err = { 0 };
	bool on = true;
	(void)state;

	variable = NULL;
	assert_int_equal(option_switch("VAR", get, &on, &err), 0);
	assert_false(on);
	variable = "1";
	assert_int_equal(option_switch("VAR", get, &on, &err), 0);
	assert_true(on);
	variable = "0";
	assert_int_equal(option_switch("VAR", get, &on, &err), 0);
	assert_false(on);
	variable = "maybe";
	assert_int_equal(option_switch("VAR", get, &on, &err), -1);
	assert_string_equal(err.text, "the environment variable VAR: expected 1, true, yes or on, "
				      "or 0, false, no or off, not \"maybe\"");
}

static void description_names_variables(void **state)
{
	static const struct option rows[] = { { .name = "a", .help = "words", .env = "ONE TWO" },
		{ .name = NULL } };
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	(void)state;

	options_describe(rows, &sb);
	assert_non_null(strstr(strbuf_str(&sb), "words [$ONE or $TWO]\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_as_written),
		cmocka_unit_test(values_replace_defaults),
		cmocka_unit_test(nothing_is_fine),
		cmocka_unit_test(messages),
		cmocka_unit_test(quoting_is_harmless_and_short),
		cmocka_unit_test(description_lists_every_row),
		cmocka_unit_test(values_from_the_environment),
		cmocka_unit_test(switches),
		cmocka_unit_test(description_names_variables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
