/* The end of a run: pictures of each verdict, columns, searching to and fro, where keys lead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "../lib/ui_stubs.h"

/* --- what lies around the screen ------------------------------------------------------------- */

static unsigned went_to_run, exported;

void ui_go_run(struct ui *u)
{
	(void)u;
	went_to_run++;
}

void ui_export_session(struct ui *u)
{
	(void)u;
	exported++;
}

static char *reproduce(void *arg, const struct scenario *s, const char *run_dir)
{
	(void)arg;
	(void)s;
	(void)run_dir;
	return xstrdup("ltb --batch smoke --seed 1 --backend local");
}

static const struct ui_host host = { .reproduce = reproduce };
static struct ui ui;
static struct session session;
static struct snapshot snapshot;
static struct render_fixture fixture;

/* --- a run that has ended ----------------------------------------------------------------------
 */

static void ended(enum verdict v, const char *reason)
{
	struct model *m = &fixture.model;

	m->ended = true;
	m->verdict = v;
	m->end_reason = xstrdup(reason);
	m->phase = PHASE_DOWN;
	m->now_ns = 121 * RF_S;
}

static void set_check(size_t i, enum verdict v, const char *reason)
{
	struct model_check *c = &fixture.model.checks[i];

	c->verdict = v;
	free(c->reason);
	c->reason = xstrdup(reason);
}

static void begin(const struct glyphs *glyphs)
{
	went_to_run = exported = 0;
	snapshot.model = fixture.model;
	session = (struct session){
		.kind = SESSION_LIVE,
		.run_dir =
			(char *)(uintptr_t) "/home/op/.local/state/ltb/runs/20261123-140231-smoke",
		.run_id = (char *)(uintptr_t) "20261123-140231-smoke",
		.scenario = &fixture.scenario,
		.plan = &fixture.plan,
		.snapshot = &snapshot,
		.finished = true,
	};
	stub_ui_init(&ui, &host, glyphs);
	ui.session = &session;
	ui_go_end(&ui);
}

static void end(void)
{
	stub_ui_release(&ui);
	free(fixture.model.end_reason);
	fixture.model.end_reason = NULL;
	render_fixture_release(&fixture);
}

/* Everything went well, nothing was disturbed. */
static void a_pass(void)
{
	struct model *m = &fixture.model;

	render_fixture_init(&fixture);
	ended(VERDICT_PASS, NULL);
	set_check(0, VERDICT_PASS, "111 blocks, at least 84 wanted; longest gap 2.1 s at 0:31");
	set_check(1, VERDICT_PASS, "810 of 810 included (100.0 %), at least 99 % wanted");
	set_check(2, VERDICT_PASS, "all 5 nodes share one chain up to LIB 101");
	set_check(3, VERDICT_PASS, "the supply was that of the genesis in all 1147 samples");
	for (size_t i = 0; i < m->n_faults; i++) {
		free(m->faults[i].name);
		free(m->faults[i].by);
		free(m->faults[i].detail);
	}
	m->n_faults = 0;
	for (size_t i = 0; i < m->n_nodes; i++)
		m->nodes[i].state = NODE_READY;
	free(m->workloads[2].name);
	free(m->workloads[2].reason);
	m->n_workloads = 2;
	m->workloads[0].counts.submitted = m->workloads[0].counts.included = 810;
	m->workloads[0].counts.pending = m->workloads[0].counts.rejected = 0;
	m->workloads[0].counts.dropped = m->workloads[0].counts.expired = 0;
	m->workloads[0].ended = m->workloads[0].ok = true;
	m->workloads[1].ended = m->workloads[1].ok = true;
}

/* What the fixture's run came to: a node died, one fault was never healed. */
static void a_fail(void)
{
	render_fixture_init(&fixture);
	ended(VERDICT_FAIL, "tx_inclusion: 458 of 470 included (97.4 %), at least 99 % wanted");
	set_check(0, VERDICT_PASS, "111 blocks, at least 84 wanted; longest gap 2.1 s at 0:31");
	set_check(1, VERDICT_FAIL,
		"458 of 470 included (97.4 %), at least 99 % wanted; the 12 that are missing were "
		"all sent to n4, which died at 0:47");
	set_check(2, VERDICT_PASS, "3 nodes share one chain up to LIB 101; 2 not up: excused");
	set_check(3, VERDICT_UNKNOWN, "no sample of the supply after the last restart");
}

/* Called off: nothing was judged. */
static void an_unknown(void)
{
	struct model *m = &fixture.model;

	a_fail();
	free(m->end_reason);
	m->end_reason = xstrdup("interrupted by SIGINT in the drive phase");
	m->verdict = VERDICT_UNKNOWN;
	for (size_t i = 0; i < m->n_checks; i++) {
		free(m->checks[i].name);
		free(m->checks[i].reason);
	}
	m->n_checks = 0;
}

static const struct {
	const char *name;
	void (*make)(void);
} kinds[] = { { "pass", a_pass }, { "fail", a_fail }, { "unknown", an_unknown } };

/* --- tests ----------------------------------------------------------------------------------- */

static bool act(enum action a)
{
	return ui.screen->act(&ui, ui.screen_state, a);
}

static void test_pictures(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 80, 24 }, { 120, 40 } };

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		CLEANUP_FREE char *name = xasprintf("end-%s", kinds[k].name);
		CLEANUP_FREE char *ascii = xasprintf("end-%s-ascii", kinds[k].name);
		struct canvas c;

		kinds[k].make();
		begin(&glyphs_utf8);
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			stub_draw(&ui, &c, sizes[i][0], sizes[i][1]);
			render_golden(name, sizes[i][0], sizes[i][1], &c);
			canvas_release(&c);
		}
		stub_draw(&ui, &c, 80, 24);
		assert_int_equal(render_role_of(&c, k == 0   ? "PASS"
						    : k == 1 ? "FAIL"
							     : "UNKNOWN"),
			role_of_verdict(fixture.model.verdict));
		canvas_release(&c);
		ui.glyphs = &glyphs_ascii;
		ui.screen->news(&ui, ui.screen_state);
		act(ACTION_LAST);
		stub_draw(&ui, &c, 80, 24);
		render_golden(ascii, 80, 24, &c);
		canvas_release(&c);
		end();
	}
}

/* Column of the first `value` behind `name` at the beginning of a line, -1: there is no such. */
static int column_of(const char *text, const char *name, const char *value)
{
	CLEANUP_FREE char *begin_of_line = xasprintf("| %s ", name);
	const char *line = strstr(text, begin_of_line);
	const char *at = line ? strstr(line, value) : NULL;

	return at ? (int)(at - line) : -1;
}

/* What belongs together begins in one column. */
static void test_columns(void **state)
{
	(void)state;
	a_fail();
	begin(&glyphs_ascii);
	CLEANUP_FREE char *text = stub_drawn(&ui, 120, 60);

	assert_int_equal(column_of(text, "  run", "/home/op"), 12);
	assert_int_equal(column_of(text, "  again", "ltb --batch"), 12);
	assert_int_equal(column_of(text, "  judge", "ltb judge"), 12);
	assert_int_equal(column_of(text, "  replay", "ltb replay"), 12);
	assert_int_equal(column_of(text, "  transactions", "470 sent"), 28);
	assert_int_equal(column_of(text, "  inscriptions", "18 sent"), 28);
	end();
}

/* Which matches n and N show, around both ends. */
static void test_matches(void **state)
{
	(void)state;
	a_fail();
	begin(&glyphs_ascii);
	free(stub_drawn(&ui, 80, 24));
	snprintf(ui.search, sizeof(ui.search), "ltb ");
	assert_int_equal(
		ui.screen->search(&ui, ui.screen_state, "ltb "), 3); /* again, judge, replay */
	static const struct {
		enum action a;
		const char *message;
	} steps[] = {
		{ ACTION_NEXT_MATCH, "match 2 of 3" },
		{ ACTION_NEXT_MATCH, "match 3 of 3" },
		{ ACTION_PREV_MATCH, "match 2 of 3" },
		{ ACTION_NEXT_MATCH, "match 3 of 3" },
		{ ACTION_NEXT_MATCH, "match 1 of 3" },
		{ ACTION_PREV_MATCH, "match 3 of 3" },
	};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		assert_true(act(steps[i].a));
		assert_string_equal(stub.message, steps[i].message);
	}
	/* far apart: the screen follows */
	snprintf(ui.search, sizeof(ui.search), "smoke");
	assert_int_equal(ui.screen->search(&ui, ui.screen_state, "smoke"), 5);
	CLEANUP_FREE char *first = stub_drawn(&ui, 80, 20);
	act(ACTION_PREV_MATCH);
	CLEANUP_FREE char *last = stub_drawn(&ui, 80, 20);

	assert_non_null(strstr(first, "FAIL  smoke"));
	assert_null(strstr(last, "FAIL  smoke"));
	assert_non_null(strstr(last, "ltb replay"));
	snprintf(ui.search, sizeof(ui.search), "no such");
	assert_int_equal(ui.screen->search(&ui, ui.screen_state, "no such"), 0);
	act(ACTION_NEXT_MATCH);
	assert_string_equal(stub.message, "\"no such\" does not occur");
	end();
}

static void test_leads_on(void **state)
{
	(void)state;
	a_pass();
	begin(&glyphs_utf8);
	free(stub_drawn(&ui, 80, 24));
	assert_true(act(ACTION_OPEN));
	assert_int_equal(went_to_run, 1);
	assert_true(act(ACTION_EXPORT));
	assert_int_equal(exported, 1);
	assert_true(act(ACTION_REPLAY));
	assert_string_equal(stub.opened, session.run_dir);
	assert_int_equal(stub.opened_as, SESSION_REPLAY);
	assert_true(act(ACTION_AGAIN)); /* the fixture has no document */
	assert_string_equal(stub.message, "the preset of this run cannot be read any more");
	assert_true(act(ACTION_BACK));
	assert_int_equal(stub.n_closed, 1);
	assert_false(act(ACTION_RESTART));
	assert_true(act(ACTION_QUIT));
	assert_true(ui.quit);
	end();
}

/* No size, key or search does harm. */
static void test_anything(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 1, 2 }, { 5, 4 }, { 60, 15 }, { 80, 24 }, { 300, 100 } };
	static const char *const words[] = { "", "n", "no such text at all", "%s" };
	struct rng rng;

	rng_init(&rng, 4);
	a_fail();
	begin(&glyphs_utf8);
	for (int i = 0; i < 3000; i++) {
		const int *size = sizes[rng_below(&rng, ARRAY_LEN(sizes))];
		const char *word = words[rng_below(&rng, ARRAY_LEN(words))];

		act((enum action)rng_below(&rng, ACTION_COUNT));
		if (i % 20 == 0) {
			snprintf(ui.search, sizeof(ui.search), "%s", word);
			ui.screen->search(&ui, ui.screen_state, word);
		}
		free(stub_drawn(&ui, size[0], size[1]));
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_leads_on),
		cmocka_unit_test(test_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
