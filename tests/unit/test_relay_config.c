/* The command line of ltb-relay: what each option sets, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay/config.h"
#include "util/mem.h"

#define TOKEN "a-token-for-the-tests"

/* Of a line of words with single blanks between them. */
static int parse(const char *line, struct config *ret, struct err *err)
{
	static char text[1000]; /* what *ret borrows from */
	static char name[] = "ltb-relay";
	char *argv[32] = { name };
	int argc = 1;
	char *save = NULL;

	strncpy(text, line, sizeof(text) - 1);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	setenv("LTB_RELAY_TOKEN", TOKEN, 1);
	return config_parse(argc, argv, ret, err);
}

static void defaults(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse("", &c, NULL), 0);
	assert_int_equal(c.action, CONFIG_RUN);
	assert_string_equal(c.control, "127.0.0.1:0");
	assert_null(c.token_file);
	assert_null(c.links);
	assert_null(c.ready_file);
	assert_null(c.name);
	assert_string_equal(c.token, TOKEN);
	assert_int_equal(c.seed, 1);
	assert_false(c.exit_with_parent || c.log_json);
	assert_int_equal(c.log_level, LOG_INFO);
	assert_null(getenv("LTB_RELAY_TOKEN")); /* nobody can read it there any more */
	config_release(&c);
}

static void all_options(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse("--control 0.0.0.0:9100 --links /etc/links.json --ready-file r "
			       "--seed 7 --exit-with-parent --name x --log-level debug "
			       "--log-format json",
				 &c, NULL),
		0);
	assert_string_equal(c.control, "0.0.0.0:9100");
	assert_string_equal(c.links, "/etc/links.json");
	assert_string_equal(c.ready_file, "r");
	assert_int_equal(c.seed, 7);
	assert_true(c.exit_with_parent && c.log_json);
	assert_string_equal(c.name, "x");
	assert_int_equal(c.log_level, LOG_DEBUG);
	config_release(&c);
	/* The file is read at the start, not here. */
	assert_int_equal(parse("--links=/nonexistent", &c, NULL), 0);
	assert_string_equal(c.links, "/nonexistent");
	config_release(&c);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "--bogus", "unknown option '--bogus'" },
		{ "--links", "--links wants a value" },
		{ "links.json", "unexpected argument 'links.json'" },
		{ "--seed x", "--seed" },
		{ "--log-level loud", "--log-level loud: expected" },
		{ "--log-format xml", "--log-format xml: expected" },
		{ "--token-file /nonexistent", "--token-file /nonexistent: cannot open" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config c;
		struct err err = { 0 };

		assert_int_equal(parse(cases[i].line, &c, &err), -1);
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].line, err.text);
		config_release(&c);
	}
}

/* Every option is in the help, and what ends at once asks for no token. */
static void help(void **state)
{
	static const char *const options[] = { "--control", "--token-file", "--links",
		"--ready-file", "--seed", "--exit-with-parent", "--name", "--log-level",
		"--log-format", "--help", "--version" };
	char name[] = "ltb-relay", option[] = "--help", *argv[] = { name, option, NULL };
	struct config c;
	char *text = NULL;
	size_t len = 0;

	(void)state;
	unsetenv("LTB_RELAY_TOKEN");
	assert_int_equal(config_parse(2, argv, &c, NULL), 0);
	assert_int_equal(c.action, CONFIG_HELP);
	config_release(&c);
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	config_help(f);
	fclose(f);
	const char *at = text;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		at = strstr(at, options[i]);
		if (!at)
			fail_msg("%s is not in the help, or not in its place", options[i]);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_options),
		cmocka_unit_test(refused),
		cmocka_unit_test(help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
