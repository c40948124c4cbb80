/* Commands: text and back, what is refused and why, who may do what when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/command.h"
#include "core/tune.h"
#include "util/clock.h"
#include "util/mem.h"

static void want_text(const char *text, const struct err *err, const char *want)
{
	if (!strstr(err->text, want))
		fail_msg("'%s': '%s' has no '%s'", text, err->text, want);
}

/* --- text ------------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
	(void)state;
	static const struct {
		const char *text, *normal; /* NULL: the same */
	} rows[] = {
		{ "start n0", NULL },
		{ "stop n999", NULL },
		{ "kill n1", NULL },
		{ "restart 2", "restart n2" },
		{ " kill-restart\t n1 ", "kill-restart n1" },
		{ "pause n007", "pause n7" },
		{ "resume n1", NULL },
		{ "add", NULL },
		{ "add n3", NULL },
		{ "remove n1", NULL },
		{ "partition n0 n1 | n2 n3", NULL },
		{ "partition  2|0  n1|n3-n5 ", "partition n2 | n0 n1 | n3-n5" },
		{ "link n0 n1", NULL },
		{ "link n0 n1 cut", NULL },
		{ "link n0 * delay=50ms jitter=5ms loss=2.5%", NULL },
		{ "link * * loss=100% delay=1500ms", "link * * delay=1.5s loss=100%" },
		{ "link n0 n1 loss=7% cut", "link n0 n1 cut loss=7%" },
		{ "link n0 n1 loss=0.0001%", NULL },
		{ "link n0 n1 delay=0 loss=0%", "link n0 n1" },
		{ "heal", NULL },
		{ "heal *", "heal" },
		{ "heal n4", NULL },
		{ "rate transactions 12.5", NULL },
		{ "rate transactions-2 0.1", NULL },
		{ "rate t 1e3", "rate t 1000" },
		{ "rate t 0.30000000000000004", NULL },
		{ "hold t", NULL },
		{ "release t", NULL },
		{ "burst t 1000000", NULL },
		{ "extend 90s", "extend 1m30s" },
		{ "extend 24h", NULL },
		{ "end", NULL },
		{ "judge", NULL },
		{ "note  a  b | \xe2\x82\xac ", "note a  b | \xe2\x82\xac" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command c, again;
		struct err err = { 0 };
		char text[600], second[600];
		if (command_parse(rows[i].text, &c, &err) < 0)
			fail_msg("'%s': %s", rows[i].text, err.text);
		command_format(&c, text, sizeof(text));
		assert_string_equal(text, rows[i].normal ? rows[i].normal : rows[i].text);
		assert_int_equal(command_parse(text, &again, &err), 0);
		assert_string_equal(command_format(&again, second, sizeof(second)), text);
		assert_int_equal(again.kind, c.kind);
		assert_int_equal(again.op, c.op);
		assert_int_equal(again.node, c.node);
		assert_int_equal(again.to, c.to);
		assert_int_equal(again.count, c.count);
		assert_int_equal(again.duration_ns, c.duration_ns);
		assert_int_equal(again.rule.cut, c.rule.cut);
		assert_int_equal(again.rule.delay_ns, c.rule.delay_ns);
		assert_int_equal(again.rule.jitter_ns, c.rule.jitter_ns);
		assert_true(again.rule.loss == c.rule.loss && again.rate == c.rate);
		assert_string_equal(again.text, c.text);
		assert_string_equal(again.workload, c.workload);
	}
}

static void test_values(void **state)
{
	(void)state;
	struct command c;
	assert_int_equal(command_parse("link n3 * delay=50ms jitter=5ms loss=5%", &c, NULL), 0);
	assert_int_equal(c.kind, COMMAND_LINK);
	assert_int_equal(c.node, 3);
	assert_int_equal(c.to, COMMAND_ALL_NODES);
	assert_int_equal(c.rule.delay_ns, 50 * NS_PER_MS);
	assert_int_equal(c.rule.jitter_ns, 5 * NS_PER_MS);
	assert_true(c.rule.loss == 0.05 && !c.rule.cut);
	assert_int_equal(command_parse("heal", &c, NULL), 0);
	assert_int_equal(c.node, COMMAND_ALL_NODES);
	assert_int_equal(command_parse("extend 1m", &c, NULL), 0);
	assert_int_equal(c.duration_ns, 60 * NS_PER_S);
	assert_int_equal(command_parse("kill-restart n5", &c, NULL), 0);
	assert_int_equal(c.op, NODE_OP_KILL_RESTART);
	assert_int_equal(c.node, 5);
	/* a short buffer cuts, and ends */
	char small[6];
	assert_string_equal(command_format(&c, small, sizeof(small)), "kill-");
}

static void test_refused_text(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "a command is missing" },
		{ " \t ", "a command is missing" },
		{ "kil n1", "did you mean 'kill'?" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "unknown command" },
		{ "KILL n1", "unknown command" },
		{ "kill", "something is missing; its form is: kill NODE" },
		{ "kill n1 n2", "'n2' is more than it takes" },
		{ "kill x1", "'x1' is no node, such as n0" },
		{ "kill n", "is no node" },
		{ "kill n-1", "is no node" },
		{ "kill n1000", "the last node there can be is n999" },
		{ "kill n99999999999999999999", "is no node" },
		{ "kill *", "is no node" },
		{ "add n1 n2", "more than it takes" },
		{ "partition", "two groups at least" },
		{ "partition n0 n1", "two groups at least" },
		{ "partition n0 |", "a group is empty" },
		{ "partition | n0", "a group is empty" },
		{ "partition n0 || n1", "a group is empty" },
		{ "partition n0 | n1 n0", "n0 is named twice" },
		{ "partition n0-n3 | n2", "n2 is named twice" },
		{ "partition n3-n0 | n4", "ends before it begins" },
		{ "partition n0- | n4", "is no node" },
		{ "partition 0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16", "more than 16 groups" },
		{ "link n0", "something is missing" },
		{ "link n0 n0 cut", "no link to itself" },
		{ "link n0 n1 slow", "'slow' is nothing that a link can be told" },
		{ "link n0 n1 delay=5", "delay: '5' is not a duration" },
		{ "link n0 n1 delay=11m", "more than 10m" },
		{ "link n0 n1 loss=5", "is no percentage" },
		{ "link n0 n1 loss=%", "is no percentage" },
		{ "link n0 n1 loss=101%", "is not between 0% and 100%" },
		{ "link n0 n1 loss=-1%", "is not between 0% and 100%" },
		{ "link n0 n1 loss=nan%", "loss" },
		{ "link n0 n1 cut cut cut cut cut cut cut", "nothing that a link" },
		{ "rate t", "something is missing" },
		{ "rate t 0", "a rate is above 0" },
		{ "rate t -1", "a rate is above 0" },
		{ "rate t 1e9", "a rate is above 0 and at most" },
		{ "rate t inf", "rate" },
		{ "rate t fast", "rate WORKLOAD NUMBER" },
		{ "hold", "something is missing" },
		{ "hold "
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"too long for a workload's name" },
		{ "burst t 0", "a burst is of 1 to 1000000" },
		{ "burst t 1000001", "a burst is of 1 to 1000000" },
		{ "burst t 1.5", "burst WORKLOAD COUNT" },
		{ "extend 999ms", "not between 1s and 24h" },
		{ "extend 25h", "not between 1s and 24h" },
		{ "extend 30", "extend TIME" },
		{ "end now", "more than it takes" },
		{ "judge 1", "more than it takes" },
		{ "note", "the text is missing" },
		{ "note  ", "the text is missing" },
		{ "note a\nb", "no control characters" },
		{ "note \x7f", "no control characters" },
		{ "note \xff\xfe", "no valid UTF-8" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command c;
		struct err err = { 0 };
		assert_int_equal(command_parse(rows[i].text, &c, NULL), -1);
		assert_int_equal(command_parse(rows[i].text, &c, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		want_text(rows[i].text, &err, rows[i].want);
	}
}

/* Lines as long as can be, and longer. */
static void test_long_text(void **state)
{
	(void)state;
	struct command c;
	struct err err = { 0 };
	char line[2000], text[1000];

	memset(line, 'x', sizeof(line));
	memcpy(line, "note ", 5);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(command_parse(line, &c, &err), -1);
	line[5 + COMMAND_TEXT] = '\0';
	assert_int_equal(command_parse(line, &c, &err), -1);
	want_text("note", &err, "longer than 399 bytes");
	line[5 + COMMAND_TEXT - 1] = '\0';
	assert_int_equal(command_parse(line, &c, &err), 0);
	assert_string_equal(command_format(&c, text, sizeof(text)), line);

	CLEANUP_STRBUF struct strbuf sb = { 0 };
	strbuf_adds(&sb, "partition 999|");
	for (int i = 0; i < 110; i++)
		strbuf_addf(&sb, "%d ", 100 + i);
	assert_int_equal(command_parse(strbuf_str(&sb), &c, &err), -1);
	want_text("partition", &err, "ranges such as n0-n9 are shorter");
}

static void test_groups(void **state)
{
	(void)state;
	int group[6];
	struct err err = { 0 };
	static const int want[] = { 0, 0, 1, 2, -1, 0 };
	assert_int_equal(command_groups("n0-n1 n5 | n2 | n3", 6, group, &err), 0);
	assert_memory_equal(group, want, sizeof(want));
	assert_int_equal(command_groups("n0 | n6", 6, group, &err), -1);
	assert_string_equal(err.text, "there is no node n6, the last one is n5");
	assert_int_equal(command_groups("n0-n999 | n1", 6, group, &err), -1);
	assert_int_equal(command_groups("n0 | n1", 0, group, &err), -1);
}

/* --- what is possible ----------------------------------------------------------------------- */

#define ALL_CAPS \
	(BACKEND_RESTART | BACKEND_KILL | BACKEND_PAUSE | BACKEND_ADD | BACKEND_REMOVE | \
		BACKEND_LINKS)
#define ALL_TUNES (TUNE_RATE | TUNE_HOLD | TUNE_BURST)

static struct command parse(const char *text)
{
	struct command c;
	struct err err = { 0 };
	if (command_parse(text, &c, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	return c;
}

static struct command_context context(void)
{
	return (struct command_context){
		.caps = ALL_CAPS,
		.backend = "tiny",
		.phase = PHASE_DRIVE,
		.n_nodes = 4,
		.node = NODE_READY,
		.has_workload = true,
		.tunes = ALL_TUNES,
	};
}

static void test_states_and_caps(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned without; /* capabilities */
		enum node_state node;
		enum err_code code; /* ERR_NONE: possible */
		const char *want;
	} rows[] = {
		{ "kill n1", 0, NODE_READY, ERR_NONE, NULL },
		{ "kill n1", 0, NODE_PAUSED, ERR_NONE, NULL },
		{ "kill n1", 0, NODE_STOPPED, ERR_USAGE, "cannot kill n1: it is stopped" },
		{ "kill n1", BACKEND_KILL, NODE_READY, ERR_UNSUPPORTED,
			"backend tiny cannot kill nodes: it lacks the capability \"kill\"" },
		{ "kill-restart n1", BACKEND_KILL, NODE_READY, ERR_UNSUPPORTED, "\"kill\"" },
		{ "kill n4", 0, NODE_READY, ERR_USAGE, "there is no such node n4, the last one" },
		{ "start n1", 0, NODE_READY, ERR_USAGE, "cannot start n1: it is ready" },
		{ "start n1", 0, NODE_DEAD, ERR_NONE, NULL },
		{ "stop n1", 0, NODE_DEAD, ERR_USAGE, "it is dead" },
		{ "pause n1", 0, NODE_PAUSED, ERR_USAGE, "it is paused" },
		{ "pause n1", BACKEND_PAUSE, NODE_READY, ERR_UNSUPPORTED, "\"pause\"" },
		{ "resume n1", 0, NODE_READY, ERR_USAGE, "it is ready" },
		{ "restart n1", 0, NODE_DEAD, ERR_NONE, NULL },
		{ "restart n1", 0, NODE_REMOVED, ERR_USAGE, "it is removed" },
		{ "remove n1", 0, NODE_REMOVED, ERR_USAGE, "it is removed" },
		{ "add", 0, NODE_PLANNED, ERR_NONE, NULL },
		{ "add n4", 0, NODE_PLANNED, ERR_NONE, NULL },
		{ "add n3", 0, NODE_PLANNED, ERR_USAGE, "cannot add n3: the next node is n4" },
		{ "add", BACKEND_ADD, NODE_PLANNED, ERR_UNSUPPORTED, "\"add\"" },
		{ "partition n0 | n1", 0, NODE_READY, ERR_NONE, NULL },
		{ "partition n0 | n4", 0, NODE_READY, ERR_USAGE, "there is no node n4" },
		{ "partition n0 | n1", BACKEND_LINKS, NODE_READY, ERR_UNSUPPORTED,
			"backend tiny cannot shape links (no relay): to partition the network" },
		{ "link n0 *", BACKEND_LINKS, NODE_READY, ERR_UNSUPPORTED, "\"links\"" },
		{ "link n0 n4 cut", 0, NODE_READY, ERR_USAGE, "there is no such node n4" },
		{ "link n9 * cut", 0, NODE_READY, ERR_USAGE, "there is no such node n9" },
		{ "link * * cut", 0, NODE_READY, ERR_NONE, NULL },
		{ "heal", BACKEND_LINKS, NODE_READY, ERR_NONE, NULL },
		{ "heal n4", 0, NODE_READY, ERR_USAGE, "there is no such node n4" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command c = parse(rows[i].text);
		struct command_context x = context();
		struct err err = { 0 };
		x.caps &= ~rows[i].without;
		x.node = rows[i].node;
		int rc = command_possible(&c, &x, &err);
		if (rc != (rows[i].code == ERR_NONE ? 0 : -1) || err.code != rows[i].code)
			fail_msg("row %zu '%s': %d %s", i, rows[i].text, rc, err.text);
		if (rows[i].want)
			want_text(rows[i].text, &err, rows[i].want);
	}
}

static void test_phases(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum phase first, last;
		const char *before, *after;
	} rows[] = {
		{ "kill n1", PHASE_BASELINE, PHASE_DRIVE, "possible from the baseline phase on",
			"the time for faults is over" },
		{ "partition n0 | n1", PHASE_BASELINE, PHASE_DRIVE, "cannot partition the network",
			"the time for faults is over" },
		{ "link n0 n1 cut", PHASE_BASELINE, PHASE_DRIVE, "yet", "the time for faults" },
		{ "link n0 n1", PHASE_READY, PHASE_SETTLE, "yet", "coming to its end" },
		{ "add", PHASE_READY, PHASE_SETTLE, "cannot add a node yet", "coming to its end" },
		{ "heal", PHASE_READY, PHASE_SETTLE, "cannot heal yet", "coming to its end" },
		{ "rate t 5", PHASE_DRIVE, PHASE_DRIVE, "cannot change the rate of t yet",
			"the drive phase is over (phase heal)" },
		{ "hold t", PHASE_DRIVE, PHASE_DRIVE, "cannot hold t yet", "is over" },
		{ "release t", PHASE_DRIVE, PHASE_DRIVE, "cannot release t yet", "is over" },
		{ "burst t 5", PHASE_DRIVE, PHASE_DRIVE, "yet", "is over" },
		{ "extend 5s", PHASE_DRIVE, PHASE_DRIVE, "cannot extend the drive phase yet",
			"is over" },
		{ "end", PHASE_DRIVE, PHASE_DRIVE, "cannot end the drive phase yet", "is over" },
		{ "judge", PHASE_DRIVE, PHASE_SETTLE, "cannot judge yet", "coming to its end" },
		{ "note x", PHASE_VALIDATE, PHASE_DOWN, "", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command c = parse(rows[i].text);
		struct err err = { 0 };
		struct command_context x = context();
		for (unsigned p = 0; p < PHASE_COUNT; p++) {
			err_clear(&err);
			x.phase = p;
			int rc = command_possible(&c, &x, &err);
			if (rc != (p >= rows[i].first && p <= rows[i].last ? 0 : -1))
				fail_msg("'%s' in %s: %d %s", rows[i].text, phase_name(p), rc,
					err.text);
			if (p + 1 == rows[i].first)
				want_text(rows[i].text, &err, rows[i].before);
			if (p == rows[i].last + 1)
				want_text(rows[i].text, &err, rows[i].after);
		}
		x.ended = true;
		assert_int_equal(command_possible(&c, &x, &err), -1);
		want_text(rows[i].text, &err, "the run is over");
	}
}

static void test_tunes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned needs;
	} rows[] = {
		{ "rate t 5", TUNE_RATE },
		{ "hold t", TUNE_HOLD },
		{ "release t", TUNE_HOLD },
		{ "burst t 5", TUNE_BURST },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command c = parse(rows[i].text);
		struct command_context x = context();
		struct err err = { 0 };
		x.tunes = rows[i].needs;
		assert_int_equal(command_possible(&c, &x, &err), 0);
		x.tunes = ALL_TUNES & ~rows[i].needs;
		assert_int_equal(command_possible(&c, &x, &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		x.has_workload = false;
		assert_int_equal(command_possible(&c, &x, &err), -1);
		want_text(rows[i].text, &err, "the run has no workload 't'");
	}
}

static void test_nonsense(void **state)
{
	(void)state;
	struct command_context x = context();
	struct err err = { 0 };
	struct command c = { .kind = COMMAND_KIND_COUNT };
	assert_int_equal(command_possible(&c, &x, &err), -1);
	assert_int_equal(err.code, ERR_INTERNAL);
	c = (struct command){ .kind = COMMAND_NODE, .op = NODE_OP_COUNT };
	assert_int_equal(command_possible(&c, &x, &err), -1);
	assert_int_equal(err.code, ERR_INTERNAL);
	c = (struct command){ .kind = COMMAND_NODE, .op = NODE_OP_KILL, .node = COMMAND_ALL_NODES };
	assert_int_equal(command_possible(&c, &x, &err), -1);
	c = (struct command){ .kind = COMMAND_LINK, .node = 1, .to = 1 };
	assert_int_equal(command_possible(&c, &x, &err), -1);
}

static void test_what_is_a_fault(void **state)
{
	(void)state;
	static const char *const faults[] = { "stop n0", "kill n0", "restart n0", "kill-restart n0",
		"pause n0", "remove n0", "partition n0 | n1", "link n0 n1 cut",
		"link n0 n1 jitter=1ms" };
	static const char *const others[] = { "start n0", "resume n0", "add", "heal", "link n0 n1",
		"rate t 1", "hold t", "burst t 1", "extend 1s", "end", "judge", "note x" };
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct command c = parse(faults[i]);
		assert_true(command_is_fault(&c));
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct command c = parse(others[i]);
		assert_false(command_is_fault(&c));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused_text),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_states_and_caps),
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_tunes),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_what_is_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
