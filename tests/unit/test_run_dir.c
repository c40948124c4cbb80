/* Run directories: made, listed whatever is in them, and a session turned into a preset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/journal.h"
#include "core/run_dir.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_run_dir.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static char *below(const char *name)
{
	return fs_join(dir, name);
}

static void write_file(const char *run, const char *name, const char *text)
{
	CLEANUP_FREE char *path = fs_join(run, name);
	assert_int_equal(fs_mkdirs(run, 0755, NULL), 0);
	assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

/* --- making ----------------------------------------------------------------------- */

static void test_create(void **state)
{
	(void)state;
	CLEANUP_FREE char *runs = below("made/runs");
	CLEANUP_FREE char *latest = below("made/runs/latest");
	CLEANUP_FREE char *inside = below("made/runs/latest/x");
	struct run_dir d;
	struct err err = { 0 };
	char target[160] = "";

	assert_int_equal(run_dir_create(runs, "smoke", NULL, &d, &err), 0);
	assert_int_equal(d.path[0], '/');
	assert_true(fs_exists(d.path));
	assert_string_equal(strrchr(d.path, '/') + 1, d.id);
	assert_non_null(strstr(d.id, "-smoke-"));
	assert_int_equal(strlen(d.id), strlen("20261123-133018-smoke-18dc"));
	assert_true(readlink(latest, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, d.id);
	write_file(d.path, "x", "y");
	assert_true(fs_exists(inside));

	/* `out`: an empty one may be there, another may not; runs and latest stay as they were */
	struct run_dir given;
	CLEANUP_FREE char *out = below("out");
	assert_int_equal(mkdir(out, 0755), 0);
	assert_int_equal(run_dir_create(runs, "smoke", out, &given, &err), 0);
	assert_string_equal(given.path, out);
	assert_true(fs_exists(out));
	assert_true(fs_exists(inside));
	run_dir_release(&given);
	write_file(out, "somebody's", "work");
	assert_int_equal(run_dir_create(runs, "smoke", out, &given, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "not empty"));
	CLEANUP_FREE char *nowhere = below("out/somebody's/x");
	assert_int_equal(run_dir_create(runs, "smoke", nowhere, &given, &err), -1);
	assert_int_equal(err.code, ERR_ENV);
	assert_null(given.path);
	run_dir_release(&d);
	run_dir_release(&d);
}

/* --- telling ---------------------------------------------------------------------- */

#define RUN_START \
	"{\"seq\":1,\"t_ns\":0,\"kind\":\"run_start\",\"run_id\":\"20260102-030405-tiny-0001\"," \
	"\"preset\":\"tiny\",\"backend\":\"local\",\"started\":\"2026-01-02T03:04:05.678Z\"," \
	"\"seed\":42,\"n_nodes\":2}\n"
#define RUN_END \
	"{\"seq\":3,\"t_ns\":9000000000,\"kind\":\"run_end\",\"verdict\":\"unknown\"," \
	"\"exit_code\":130,\"reason\":\"interrupted\"}\n"
#define NOTE "{\"seq\":2,\"t_ns\":7000000000,\"kind\":\"note\",\"text\":\"x\"}\n"
#define RESULT_HEAD \
	"{\n  \"schema\": \"https://logos.co/ltb/result/1\",\n  \"verdict\": \"fail\",\n" \
	"  \"exit_code\": 1,\n  \"reason\": \"agreement: two chains\",\n" \
	"  \"preset\": \"smoke\",\n  \"backend\": \"fake\",\n  \"seed\": 18446744073709551615,\n" \
	"  \"run_id\": \"20260102-030405-smoke-0002\",\n" \
	"  \"started\": \"2025-01-01T00:00:00.000Z\",\n  \"duration_ms\": 31250,\n"
#define STARTED_MS 1767323045000ull

/* An owner that is this process, or one that is gone. */
static void write_journal(const char *run, bool alive, bool done)
{
	CLEANUP_FREE char *path = fs_join(run, "journal");
	struct journal *j = journal_create(path, NULL);

	assert_non_null(j);
	unsigned long long start = proc_start_time(getpid());
	journal_owner(j, getpid(), alive ? start : start - 1, "local", NULL);
	journal_process(j, "n0", 1, 1, NULL);
	if (done)
		journal_done(j, NULL);
	journal_close(j);
}

static void test_result(void **state)
{
	(void)state;
	struct run_summary s;
	CLEANUP_FREE char *run = below("result/");

	/* only the head of it is read, unless it is written otherwise */
	static const char *const tails[] = { "  \"nodes\": [garbage",
		"  \"x\": [1],\"nodes\":[]}" };
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		CLEANUP_FREE char *text = xasprintf("%s%s", RESULT_HEAD, tails[i]);
		write_file(run, "result.json", text);
		assert_true(run_dir_summary(run, &s));
		assert_string_equal(s.id, "result");
		assert_int_equal(s.path[0], '/');
		assert_string_equal(s.preset, "smoke");
		assert_string_equal(s.backend, "fake");
		assert_string_equal(s.reason, "agreement: two chains");
		assert_true(s.seed == UINT64_MAX);
		/* a virtual clock begins on a fixed day: the id knows better */
		assert_int_equal(s.started_ms, STARTED_MS);
		assert_int_equal(s.duration_ns, 31250 * NS_PER_MS);
		assert_true(s.ended && !s.running);
		assert_int_equal(s.verdict, VERDICT_FAIL);
		assert_int_equal(s.exit_code, 1);
		run_summary_release(&s);
	}
	write_journal(run, true, true);
	assert_true(run_dir_summary(run, &s));
	assert_false(s.running); /* its ltb has gone on to another run */
	run_summary_release(&s);
}

static void test_no_result(void **state)
{
	(void)state;
	static const struct {
		const char *events;
		bool alive, done;
		uint64_t duration_ns;
		bool running, ended;
	} cases[] = {
		{ RUN_START NOTE "{\"seq\":", true, false, 7000000000, true, false },
		{ RUN_START NOTE, false, false, 7000000000, false, false },
		{ RUN_START NOTE, true, true, 7000000000, false, false },
		{ RUN_START NOTE RUN_END, true, false, 9000000000, false, true },
		{ RUN_START, true, false, 0, true, false },
	};
	CLEANUP_FREE char *run = below("no-result");

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct run_summary s;
		fs_remove_tree(run, NULL);
		write_file(run, "events.jsonl", cases[i].events);
		write_file(run, "result.json", "{\"verdict\":"); /* torn: as good as none */
		write_journal(run, cases[i].alive, cases[i].done);
		assert_true(run_dir_summary(run, &s));
		assert_string_equal(s.preset, "tiny");
		assert_string_equal(s.backend, "local");
		assert_int_equal(s.seed, 42);
		assert_int_equal(s.started_ms, STARTED_MS + 678);
		assert_int_equal(s.duration_ns, cases[i].duration_ns);
		assert_int_equal(s.running, cases[i].running);
		assert_int_equal(s.ended, cases[i].ended);
		if (s.ended) {
			assert_int_equal(s.exit_code, 130);
			assert_string_equal(s.reason, "interrupted");
		}
		run_summary_release(&s);
	}
}

static void test_none(void **state)
{
	(void)state;
	struct run_summary s;
	CLEANUP_FREE char *run = below("none");
	CLEANUP_FREE char *fifo = below("none/result.json");

	assert_false(run_dir_summary(run, &s));
	assert_int_equal(mkdir(run, 0755), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(run_dir_summary(run, &s));
	write_file(run, "events.jsonl", "garbage\n");
	assert_false(run_dir_summary(run, &s));
	write_file(run, "events.jsonl", NOTE);
	assert_false(run_dir_summary(run, &s));
	/* of what has a good result all else may be a pipe */
	CLEANUP_FREE char *whole = below("none/whole");
	CLEANUP_FREE char *journal = below("none/whole/journal");
	CLEANUP_FREE char *events = below("none/whole/events.jsonl");

	assert_int_equal(mkdir(whole, 0755), 0);
	write_file(whole, "result.json", "{\"verdict\":\"pass\"}");
	assert_int_equal(mkfifo(journal, 0600), 0);
	assert_int_equal(mkfifo(events, 0600), 0);
	assert_true(run_dir_summary(whole, &s));
	assert_false(s.running);
	run_summary_release(&s);
}

static void test_recent(void **state)
{
	(void)state;
	CLEANUP_FREE char *runs = below("many");
	CLEANUP_FREE char *latest = below("many/latest");
	struct run_summary *s;
	size_t n;

	run_dir_recent(runs, 10, &s, &n);
	assert_int_equal(n, 0);
	run_summaries_free(s, n);
	for (int i = 0; i < 30; i++) {
		CLEANUP_FREE char *run = xasprintf("%s/20260102-0304%02d-tiny-0001", runs, i);
		if (i % 3 == 0)
			write_file(run, "result.json", RESULT_HEAD "  \"nodes\": []\n}\n");
		else if (i % 3 == 1)
			write_file(run, "events.jsonl", RUN_START NOTE);
		else
			write_file(run, "events.jsonl", "nothing");
	}
	write_file(runs, "a file", "x");
	assert_int_equal(symlink("20260102-030400-tiny-0001", latest), 0);
	run_dir_recent(runs, 5, &s, &n);
	assert_int_equal(n, 5);
	static const char *const newest[] = { "28", "27", "25", "24", "22" };
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(s[i].id + strlen("20260102-0304"), newest[i], 2);
	assert_false(s[0].ended);
	assert_true(s[1].ended);
	run_summaries_free(s, n);
	run_dir_recent(runs, 100, &s, &n);
	assert_int_equal(n, 20);
	run_summaries_free(s, n);
}

/* --- exporting -------------------------------------------------------------------- */

#define PRESET \
	"version: 1\nname: tiny\nsummary: \"a: b\"\nrun:\n  seed: 7\n  duration: 30s\nworkloads:\n" \
	"  - transactions: {rate: 5}\n  - restarts\n"
#define DRIVE(t, end) \
	"{\"seq\":2,\"t_ns\":" #t ",\"kind\":\"phase\",\"phase\":\"drive\",\"end\":" end "}\n"
#define COMMAND(t, text, source, ok) \
	"{\"seq\":3,\"t_ns\":" #t ",\"kind\":\"command\",\"text\":\"" text \
	"\",\"source\":\"" source "\",\"ok\":" ok "}\n"

/* The document that was exported, through text. */
static struct ydoc *export(const char *preset, const char *events)
{
	CLEANUP_FREE char *run = below("session");
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct err err = { 0 };

	write_file(run, "preset.yaml", preset);
	write_file(run, "events.jsonl", events);
	if (run_dir_export(run, "again", &out, &err) < 0)
		fail_msg("%s", err.text);
	struct ydoc *d = yaml_parse("out", strbuf_str(&out), out.len, 0, &err);
	if (!d)
		fail_msg("%s\n%s", err.text, strbuf_str(&out));
	assert_string_equal(ynode_get(d->root, "name")->scalar, "again");
	assert_string_equal(ynode_get(ynode_get(d->root, "run"), "seed")->scalar, "42");
	return d;
}

static const struct ynode *steps_of(const struct ydoc *d, size_t at)
{
	const struct ynode *w = ynode_get(d->root, "workloads");

	assert_true(w->len > at);
	return ynode_get(ynode_get(w->items[at], "timeline"), "steps");
}

static void test_export(void **state)
{
	(void)state;
	static const char *const want[] = {
		"0.5s restart n1",
		"3s partition n0 n1 | n2 n3",
		"3s note it said: \"why\" # here",
		"12.25s pause n0",
	};
	struct ydoc *d = export(PRESET,
		RUN_START COMMAND(1, "kill n0", "key", "true") DRIVE(2000000000, "false") COMMAND(
			2500000000, "restart n1", "key", "true") COMMAND(3000000000, "restart n1",
			"restarts", "true") COMMAND(3000000000, "pause n9", "key", "false")
			COMMAND(5000000000, "partition n0 n1 | n2 n3", "script", "true")
		/* a thread that was a little late with it */
		COMMAND(4999999999, "note it said: \\\"why\\\" # here", "key", "true")
			COMMAND(6000000000, "rate transactions-2 5", "transactions-2", "true")
				DRIVE(7000000000, "false") /* it lasts longer now */
		COMMAND(14250999999, "pause n0", "restarts-x", "true")
			COMMAND(21000000000, "start n0", "heal", "true") COMMAND(
				22000000000, "end", "key", "true") DRIVE(22000000001, "true")
				COMMAND(23000000000, "resume n0", "key", "true"));
	const struct ynode *w = ynode_get(d->root, "workloads");
	assert_int_equal(w->len, 3);
	const struct ynode *steps = steps_of(d, 2);
	assert_int_equal(steps->len, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(steps->items[i]->scalar, want[i]);
	assert_string_equal(ynode_get(d->root, "summary")->scalar, "a: b");
	assert_string_equal(ynode_get(ynode_get(d->root, "run"), "duration")->scalar, "21s");
	ydoc_free(d);
}

/* Seconds of the drive phase at which something was done, its length, and what becomes of it. */
static void test_export_length(void **state)
{
	(void)state;
#define OWN                "workloads:\n  - timeline: {steps: [2s pause n1]}\n"
#define AT(t, text)        COMMAND(t, text, "key", "true")
#define BY_PRESET(t, text) COMMAND(t, text, "timeline", "true")
	static const struct {
		const char *preset, *events, *duration, *steps;
	} cases[] = {
		/* the default is 30 s */
		{ "", AT(1000000000, "extend 10s") AT(2000000000, "extend 1m"), "1m40s", "" },
		{ "run: {duration: 1500ms}\n", AT(1000000000, "extend 10s"), "11.5s", "" },
		{ "run: {duration: 20s}\n",
			AT(1000000000, "extend 10s") AT(24500000000, "kill n0")
				AT(24900000000, "end") DRIVE(24900000001, "true"),
			"25s", "24.5s kill n0;" },
		/* a step is within; what comes after the end is not lost by it */
		{ "", AT(4000000000, "judge") AT(4000000000, "note x") DRIVE(4000000000, "true"),
			"5s", "4s note x;" },
		/* never longer than it would have been */
		{ "run: {duration: 3s}\n", AT(2999999999, "end") DRIVE(3000400000, "true"), "3s",
			"" },
		{ "", AT(0, "end"), "1s", "" },
		/* killed: nobody ended it */
		{ "", AT(5000000000, "kill n0"), NULL, "5s kill n0;" },
		/* a timeline that was written for the duration of the preset */
		{ OWN, AT(1000000000, "extend 10s") AT(3000000000, "end") AT(3000000000, "note x"),
			"40s", "3s end;" },
		{ OWN,
			BY_PRESET(1000000000, "extend 10s") AT(2000000000, "extend 5s")
				AT(3000000000, "judge"),
			NULL, "2s extend 5s;3s judge;" },
		/* not a command, or none that is possible */
		{ "", AT(1000000000, "extend 999999h") AT(2000000000, "\\n- x: \\\""), NULL,
			"1s extend 999999h;2s \n- x: \";" },
		{ "run: 3\n", AT(1000000000, "extend 10s"), NULL, "" },
	};
	CLEANUP_FREE char *run = below("length");

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_FREE char *events =
			xasprintf("%s%s%s", RUN_START, DRIVE(0, "false"), cases[i].events);
		CLEANUP_STRBUF struct strbuf out = { 0 }, steps = { 0 };
		struct err err = { 0 };

		write_file(run, "preset.yaml", "version: 1\n");
		if (cases[i].preset[0])
			write_file(run, "preset.yaml", cases[i].preset);
		write_file(run, "events.jsonl", events);
		if (run_dir_export(run, "x", &out, &err) < 0)
			fail_msg("case %zu: %s", i, err.text);
		struct ydoc *d = yaml_parse("out", strbuf_str(&out), out.len, 0, &err);
		if (!d)
			fail_msg("case %zu: %s", i, err.text);
		const struct ynode *settings = ynode_get(d->root, "run");
		const struct ynode *duration =
			settings->kind == YNODE_MAP ? ynode_get(settings, "duration") : NULL;
		const struct ynode *w = ynode_get(d->root, "workloads");
		const struct ynode *list = NULL;

		if (w && w->len > (strstr(cases[i].preset, OWN) ? 1 : 0))
			list = steps_of(d, w->len - 1);
		for (size_t k = 0; list && k < list->len; k++)
			strbuf_addf(&steps, "%s;", list->items[k]->scalar);
		assert_string_equal(strbuf_str(&steps), cases[i].steps);
		assert_int_equal(duration != NULL, cases[i].duration != NULL);
		if (duration)
			assert_string_equal(duration->scalar, cases[i].duration);
		ydoc_free(d);
	}
}

static void test_export_variants(void **state)
{
	(void)state;
#define SESSION RUN_START DRIVE(0, "false") COMMAND(1000000000, "kill n0", "key", "true")
	/* nobody did anything */
	struct ydoc *d = export(PRESET, RUN_START DRIVE(0, "false") DRIVE(5, "true"));
	assert_int_equal(ynode_get(d->root, "workloads")->len, 2);
	ydoc_free(d);
	/* a preset without workloads, or without a section for the seed; killed in the middle */
	d = export("version: 1\n", SESSION "{\"seq\":");
	assert_string_equal(steps_of(d, 0)->items[0]->scalar, "1s kill n0");
	ydoc_free(d);
	d = export("version: 1\nworkloads:\n", SESSION);
	assert_int_equal(ynode_get(d->root, "workloads")->len, 1);
	ydoc_free(d);
	/* one that has a timeline already: what that one did is not doubled */
	d = export("version: 1\nworkloads:\n  - timeline: {steps: [\"2s pause n1\"]}\n",
		SESSION COMMAND(2000000000, "pause n1", "timeline", "true"));
	assert_int_equal(steps_of(d, 0)->len, 1);
	assert_string_equal(steps_of(d, 0)->items[0]->scalar, "2s pause n1");
	assert_int_equal(steps_of(d, 1)->len, 1);
	assert_string_equal(steps_of(d, 1)->items[0]->scalar, "1s kill n0");
	ydoc_free(d);
}

static void test_export_refused(void **state)
{
	(void)state;
	static const struct {
		const char *preset, *events, *name, *error;
	} cases[] = {
		{ PRESET, SESSION, "a b", "name of a preset" },
		{ PRESET, SESSION, "", "name of a preset" },
		{ "- 1\n", SESSION, "x", "not a preset" },
		{ "", SESSION, "x", "not a preset" },
		{ "workloads: 3\n", SESSION, "x", "preset.yaml:1:12: " },
		{ "a: [\n", SESSION, "x", "preset.yaml:" },
		{ PRESET, NOTE, "x", "does not begin with a run_start" },
		{ PRESET, "", "x", "nothing has been recorded" },
		{ PRESET, SESSION "{}\n", "x", "events.jsonl:4: " },
	};
	CLEANUP_FREE char *run = below("refused");

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_STRBUF struct strbuf out = { 0 };
		struct err err = { 0 };
		write_file(run, "preset.yaml", cases[i].preset);
		write_file(run, "events.jsonl", cases[i].events);
		assert_int_equal(run_dir_export(run, cases[i].name, &out, &err), -1);
		assert_int_equal(out.len, 0);
		if (err.code != ERR_USAGE || !strstr(err.text, cases[i].error))
			fail_msg("case %zu: %s", i, err.text);
	}
	CLEANUP_FREE char *preset = below("refused/preset.yaml");
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct err blocked = { 0 };
	assert_int_equal(unlink(preset), 0);
	assert_int_equal(mkfifo(preset, 0600), 0);
	assert_int_equal(run_dir_export(run, "x", &out, &blocked), -1);
	assert_int_equal(blocked.code, ERR_USAGE);
	CLEANUP_FREE char *none = below("not there");
	struct err err = { 0 };
	assert_int_equal(run_dir_export(none, "x", NULL, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_no_result),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_recent),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_export_length),
		cmocka_unit_test(test_export_variants),
		cmocka_unit_test(test_export_refused),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
