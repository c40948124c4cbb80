/* Reading recorded events: line by line while the file grows, from its end, and when it is bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/event_file.h"
#include "util/fs.h"
#include "util/mem.h"

#define START \
	"{\"seq\":1,\"t_ns\":5,\"kind\":\"run_start\",\"run_id\":\"r\",\"preset\":\"p\"," \
	"\"backend\":\"b\",\"started\":\"s\",\"n_nodes\":2}\n"
#define NOTE(t) "{\"seq\":2,\"t_ns\":" #t ",\"kind\":\"note\",\"text\":\"hello\"}\n"
#define RUN_END \
	"{\"seq\":9,\"t_ns\":90,\"kind\":\"run_end\",\"verdict\":\"pass\",\"exit_code\":0}\n"

static char dir[64], path[128];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_event_file.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static void append(const char *text)
{
	FILE *f = fopen(path, "a");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void write_file(const char *text)
{
	unlink(path);
	append(text);
}

/* "kind@t", "end", or the error. */
static const char *next(struct event_file *f)
{
	static char buf[1200];
	struct err err = { 0 };
	struct event *ev = NULL;
	int rc = event_file_next(f, &ev, &err);

	if (rc > 0)
		snprintf(buf, sizeof(buf), "%s@%llu", event_kind_name(ev->kind),
			(unsigned long long)ev->t_ns);
	else
		snprintf(buf, sizeof(buf), "%s", rc < 0 ? err.text : "end");
	if (rc > 0)
		event_free(ev);
	return buf;
}

static void test_growing(void **state)
{
	(void)state;
	write_file(START "{\"seq\":2,\"t_ns\":7,\"kind\":\"of the future\"}\n{\"seq\":3,\"t_");
	struct event_file *f = event_file_open(path, NULL);
	assert_non_null(f);
	assert_string_equal(next(f), "run_start@5");
	assert_string_equal(next(f), "end");
	append("ns\":8,\"kind\":\"note\",\"text\":\"x\"}");
	assert_string_equal(next(f), "end");
	append("\n" NOTE(9));
	assert_string_equal(next(f), "note@8");
	assert_string_equal(next(f), "note@9");
	assert_string_equal(next(f), "end");
	assert_int_equal(event_file_check(f, NULL), 0);
	event_file_rewind(f);
	assert_string_equal(next(f), "run_start@5");

	struct err err = { 0 };
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(event_file_check(f, &err), -1);
	assert_non_null(strstr(err.text, "cut short"));
	write_file(START);
	assert_int_equal(event_file_check(f, &err), -1);
	assert_non_null(strstr(err.text, "replaced"));
	unlink(path);
	assert_int_equal(event_file_check(f, &err), -1);
	event_file_close(f);
}

static void test_bad(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ START "\n", ":2: " },
		{ START NOTE(6) "{\"seq\":3}\n" NOTE(7), ":3: not an event" },
		{ START "{\"seq\":3,\"t_ns\":1,\"kind\":\"note\"}\n", ":2: event of kind note" },
		{ START "\xff\n", ":2: " },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		write_file(cases[i].text);
		struct event_file *f = event_file_open(path, NULL);
		const char *got;
		do
			got = next(f);
		while (strchr(got, '@'));
		if (!strstr(got, cases[i].error) || strncmp(got, path, strlen(path)) != 0)
			fail_msg("case %zu: %s", i, got);
		assert_non_null(strstr(next(f), cases[i].error)); /* nothing gets past it */
		event_file_close(f);
	}
}

static void test_start(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ START, 1 },
		{ "{\"seq\":0,\"t_ns\":0,\"kind\":\"newer\"}\n" START, 1 },
		{ "", 0 },
		{ "{\"seq\":1,", 0 },
		{ NOTE(1) START, -1 },
		{ "nonsense\n", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct event *ev = NULL;
		write_file(cases[i].text);
		struct event_file *f = event_file_open(path, NULL);
		assert_int_equal(event_file_start(f, &ev, &err), cases[i].rc);
		if (cases[i].rc < 0)
			assert_non_null(strstr(err.text, "does not begin with a run_start event"));
		if (cases[i].rc > 0)
			event_free(ev);
		event_file_close(f);
	}
	struct err err = { 0 };
	assert_null(event_file_open(dir, &err)); /* no file */
	assert_int_equal(err.code, ERR_USAGE);
	unlink(path);
	assert_null(event_file_open(path, &err));
	assert_int_equal(mkfifo(path, 0600), 0); /* would block for ever */
	assert_null(event_file_open(path, &err));
	unlink(path);
}

/* A line without an end is refused before it fills the memory. */
static void test_long_line(void **state)
{
	(void)state;
	write_file(START);
	assert_int_equal(truncate(path, 3ll * 1024 * 1024 * 1024), 0); /* all holes */
	struct event_file *f = event_file_open(path, NULL);
	assert_string_equal(next(f), "run_start@5");
	assert_non_null(strstr(next(f), ":2: line is too long"));
	event_file_close(f);
	uint64_t last;
	struct event *run_end;
	assert_int_equal(event_file_tail(path, &last, &run_end), -1);
	assert_null(run_end);
}

static void test_tail(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf big = { 0 };
	static const struct {
		const char *text;
		int rc;
		uint64_t last;
		bool run_end;
	} cases[] = {
		{ START, 0, 5, false },
		{ START NOTE(30) "{\"seq\":", 0, 30, false },
		{ START NOTE(30) RUN_END, 0, 90, true },
		{ START RUN_END NOTE(95), 0, 95, true },
		{ START NOTE(31) "nonsense\n", 0, 31, false },
		{ "nonsense", -1, 0, false },
		{ "", -1, 0, false },
	};
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			uint64_t last;
			struct event *run_end;
			write_file(strbuf_str(&big));
			append(cases[i].text);
			int rc = event_file_tail(path, &last, &run_end);
			if (round == 0 || cases[i].rc == 0)
				assert_int_equal(rc, cases[i].rc);
			if (cases[i].rc == 0)
				assert_int_equal(last, cases[i].last);
			assert_int_equal(run_end != NULL, cases[i].run_end);
			event_free(run_end);
		}
		/* once more behind a long line and many short ones */
		strbuf_adds(&big, "{\"seq\":1,\"t_ns\":1,\"kind\":\"note\",\"text\":\"");
		for (int i = 0; i < 300000; i++)
			strbuf_addc(&big, 'x');
		strbuf_adds(&big, "\"}\n");
		for (int i = 0; i < 3000; i++)
			strbuf_adds(&big, NOTE(2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_tail),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
