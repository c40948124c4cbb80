/* The panes of a run as a whole: pictures, layouts, searching, what became of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "../lib/ui_stubs.h"
#include "ui/screen_run.h"
#include "ui/ui_priv.h"

/* --- a session without a run behind it ---------------------------------------------------------
 */

#define MAX_SENT 64

static struct command sent[MAX_SENT];
static size_t n_sent;
static unsigned n_interrupts;

uint64_t session_now(const struct session *s)
{
	return s->snapshot->model.now_ns;
}

int session_possible(const struct session *s, const struct command *c, struct err *err)
{
	(void)c;
	return s->finished ? err_set(err, ERR_UNSUPPORTED, "the run has ended") : 0;
}

int session_command(struct session *s, const struct command *c, struct err *err)
{
	(void)err;
	assert_true(n_sent < MAX_SENT);
	sent[n_sent++] = *c;
	session_batch_add(&s->batch);
	return 0;
}

void session_interrupt(struct session *s)
{
	(void)s;
	n_interrupts++;
}

void ui_run_command_line(struct ui *u, const char *text)
{
	struct command c;

	assert_int_equal(command_parse(text, &c, NULL), 0);
	assert_int_equal(session_command(u->session, &c, NULL), 0);
}

/* --- a run -------------------------------------------------------------------------------------
 */

static const struct ui_host host = { .presets_dir = "/presets" };
static const struct ui_options options = { .start = UI_START_SCREEN };
static struct ui ui;
static struct session session;
static struct snapshot snapshot;
static struct render_fixture fixture;

static void news(void)
{
	snapshot.model = fixture.model;
	ui.screen->news(&ui, ui.screen_state);
}

static void begin(const struct glyphs *glyphs)
{
	n_sent = n_interrupts = 0;
	render_fixture_init(&fixture);
	snapshot.model = fixture.model;
	session = (struct session){
		.kind = SESSION_LIVE,
		.run_dir = (char *)(uintptr_t) "/runs/20261123-140231-smoke",
		.run_id = (char *)(uintptr_t) "20261123-140231-smoke",
		.scenario = &fixture.scenario,
		.plan = &fixture.plan,
		.snapshot = &snapshot,
	};
	stub_ui_init(&ui, &host, glyphs);
	ui.opt = &options;
	ui.session = &session;
	ui_go_run(&ui);
}

static void end(void)
{
	stub_ui_release(&ui);
	free(fixture.model.end_reason);
	render_fixture_release(&fixture);
}

static struct run_screen *screen(void)
{
	return ui.screen_state;
}

static bool act(enum action a)
{
	return ui.screen->act(&ui, ui.screen_state, a);
}

static void shows(int w, int h, const char *text, bool there)
{
	CLEANUP_FREE char *s = stub_drawn(&ui, w, h);

	if (!!strstr(s, text) != there)
		fail_msg("%s \"%s\" in\n%s", there ? "no" : "there is", text, s);
}

static void picture(const char *name, int w, int h)
{
	struct canvas c;

	stub_draw(&ui, &c, w, h);
	render_golden(name, w, h, &c);
	canvas_release(&c);
}

/* --- pictures ----------------------------------------------------------------------------------
 */

static void over(enum verdict v)
{
	struct model *m = &fixture.model;

	m->ended = true;
	m->verdict = v;
	m->phase = PHASE_DOWN;
	for (int p = PHASE_DRIVE; p < PHASE_COUNT; p++)
		m->phases[p] = (struct model_phase){ .started = true,
			.ended = true,
			.ok = v != VERDICT_UNKNOWN || p != PHASE_SETTLE };
	for (size_t i = 0; i < m->n_checks; i++)
		m->checks[i].verdict = v == VERDICT_FAIL && i != 1 ? VERDICT_PASS : v;
	session.finished = session.shown_end = true;
	news();
}

static void test_pictures(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum verdict verdict;
	} ends[] = { { "run-pass", VERDICT_PASS }, { "run-fail", VERDICT_FAIL },
		{ "run-unknown", VERDICT_UNKNOWN } };

	begin(&glyphs_utf8);
	picture("run-faults", 80, 24);
	picture("run-faults", 120, 40);
	ui.glyphs = &glyphs_ascii;
	picture("run-faults-ascii", 80, 24);
	picture("run-faults-ascii", 120, 40);
	end();
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		begin(&glyphs_utf8);
		over(ends[i].verdict);
		picture(ends[i].name, 80, 24);
		picture(ends[i].name, 120, 40);
		end();
	}
}

/* --- layouts -----------------------------------------------------------------------------------
 */

/* The chosen one is kept for the next run; zoom and hidden panes are of this one. */
static void test_layouts(void **state)
{
	(void)state;
	begin(&glyphs_utf8);
	shows(120, 40, "5 faults", true);
	assert_true(act(ACTION_HIDE));
	shows(120, 40, "1 nodes", false);
	for (size_t i = 1; i < ui.layouts.n; i++) {
		CLEANUP_FREE char *told = xasprintf("layout: %s", ui.layouts.items[i].name);

		assert_true(act(ACTION_LAYOUT));
		assert_string_equal(stub.message, told);
		shows(200, 60, "1 nodes", true); /* shown again */
	}
	ui_go_run(&ui);
	assert_string_equal(screen()->layout.name, ui.layouts.items[ui.layouts.n - 1].name);
	assert_true(act(ACTION_LAYOUT));
	assert_string_equal(screen()->layout.name, ui.layouts.items[0].name);
	assert_true(act(ACTION_PANE_6));
	assert_true(act(ACTION_ZOOM));
	shows(120, 40, "6 log", true);
	shows(120, 40, "5 faults", false);
	assert_true(act(ACTION_BACK));
	shows(120, 40, "5 faults", true);
	end();
}

/* --- commands ----------------------------------------------------------------------------------
 */

static void answer(const char *text, const char *source, bool ok, const char *reason)
{
	struct model *m = &fixture.model;
	const struct model_command *last = model_command_at(m, m->n_commands);
	uint64_t n_failed = last ? last->n_failed : 0;
	struct model_command *c = &m->commands[m->n_commands++ % MODEL_COMMANDS];

	*c = (struct model_command){ .n = m->n_commands, .n_failed = n_failed + !ok, .ok = ok };
	snprintf(c->text, sizeof(c->text), "%s", text);
	snprintf(c->source, sizeof(c->source), "%s", source);
	snprintf(c->reason, sizeof(c->reason), "%s", reason ? reason : "");
}

/* What was asked is over: its argument goes. */
static void close_question(void)
{
	if (stub.free_arg)
		stub.free_arg(stub.arg);
	stub.free_arg = NULL;
	stub_close();
}

static void kill_marked(unsigned n)
{
	struct selection *s = &screen()->selection;

	memset(s->marked, 0, sizeof(s->marked));
	for (unsigned i = 0; i < n; i++)
		s->marked[i] = true;
	s->n_marked = n;
	act(ACTION_KILL);
	stub_answer_yes(&ui);
	close_question();
}

static void told(enum role role, const char *text)
{
	news();
	assert_string_equal(stub.message, text);
	assert_int_equal(stub.role, role);
}

static void test_outcomes(void **state)
{
	(void)state;
	begin(&glyphs_utf8);
	/* one by one */
	ui_run_command_line(&ui, "restart n1");
	answer("restart n1", "key", true, NULL);
	told(ROLE_GOOD, "restart n1: done");
	ui_run_command_line(&ui, "pause n4");
	answer("pause n4", "key", false, "cannot pause n4: it is dead");
	answer("note x", "timeline", true, NULL); /* is no answer to us, and in nobody's way */
	told(ROLE_BAD, "pause n4: cannot pause n4: it is dead");
	/* several, all in one frame */
	kill_marked(3);
	assert_int_equal(n_sent, 5);
	answer("kill n0", "key", true, NULL);
	answer("kill n1", "key", true, NULL);
	answer("kill n2", "key", true, NULL);
	told(ROLE_GOOD, "kill n2: done (3 of 3)");
	/* several, of which some go wrong: that stays, though others go right after it */
	kill_marked(3);
	answer("kill n0", "key", true, NULL);
	told(ROLE_GOOD, "kill n0: done (1 of 3)");
	answer("kill n1", "key", false, "it is stopped");
	told(ROLE_BAD, "1 of 3 failed: kill n1: it is stopped");
	answer("kill n2", "key", true, NULL);
	told(ROLE_BAD, "1 of 3 failed: kill n1: it is stopped");
	/* what comes next has a message of its own again */
	ui_run_command_line(&ui, "restart n1");
	answer("restart n1", "key", true, NULL);
	told(ROLE_GOOD, "restart n1: done");
	end();
}

/* More in one frame than the model remembers: counted all the same, failures too. */
static void test_many_outcomes(void **state)
{
	(void)state;
	const unsigned n = MODEL_COMMANDS + 10;

	begin(&glyphs_utf8);
	for (unsigned i = 0; i < n; i++)
		ui_run_command_line(&ui, "note x");
	for (unsigned i = 0; i < n; i++)
		answer("note x", "key", i != 3, i == 3 ? "no" : NULL);
	CLEANUP_FREE char *one = xasprintf("1 of %u failed: the log says why", n);

	told(ROLE_BAD, one);
	ui_run_command_line(&ui, "note y");
	answer("note y", "key", true, NULL);
	told(ROLE_GOOD, "note y: done");
	/* a run that is looked at tells what its operator did, as it comes */
	session.kind = SESSION_REPLAY;
	session.batch = (struct session_batch){ .sent = 0 };
	answer("kill n0", "key", true, NULL);
	answer("kill n1", "key", true, NULL);
	told(ROLE_GOOD, "kill n1: done");
	fixture.model.n_commands = 1; /* back to the beginning */
	news();
	answer("kill n2", "key", false, "no");
	told(ROLE_BAD, "kill n2: no");
	end();
}

/* Questions and messages call keys as they are bound. */
static void test_key_names(void **state)
{
	(void)state;
	static const char keys[] = "start-stop: [f7]\nheal: [f8]\nend: []\nquit: [ctrl-x]\n";
	struct err err = { 0 };

	begin(&glyphs_utf8);
	if (keymap_parse(&ui.keymap, "keys", keys, strlen(keys), &err) != 0)
		fail_msg("%s", err.text);
	act(ACTION_KILL);
	assert_string_equal(stub.title, "Kill n0? It stays down until you start it (F7).");
	close_question();
	act(ACTION_REMOVE_NODE);
	assert_string_equal(stub.title, "Remove n0 for good? Its data goes; it cannot come back.");
	close_question();
	act(ACTION_PARTITION);
	assert_non_null(strstr(stub.title, "F8 heals."));
	close_question();
	act(ACTION_QUIT);
	assert_non_null(strstr(stub.detail, "(end ends it with a verdict.)")); /* its name */
	stub_answer_yes(&ui);
	assert_non_null(strstr(stub.message, "^X again: at once"));
	end();
}

/* --- leaving -----------------------------------------------------------------------------------
 */

static void test_leaves(void **state)
{
	(void)state;
	begin(&glyphs_utf8);
	assert_true(act(ACTION_QUIT));
	assert_string_equal(stub.title, "Stop this run and leave ltb?");
	stub_answer_yes(&ui);
	assert_int_equal(n_interrupts, 1);
	session.quit_signals = 1;
	assert_true(act(ACTION_QUIT));
	assert_int_equal(n_interrupts, 2);
	session.finished = true;
	session.result.exit_code = 130;
	news();
	assert_true(ui.quit);
	assert_int_equal(ui.exit_code, 130);
	end();
}

/* No size or action does harm. */
static void test_anything(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 1, 2 }, { 20, 5 }, { 60, 15 }, { 99, 27 }, { 300, 100 } };
	struct rng rng;

	rng_init(&rng, 5);
	begin(&glyphs_utf8);
	for (int i = 0; i < 3000; i++) {
		const int *size = sizes[rng_below(&rng, ARRAY_LEN(sizes))];

		act((enum action)rng_below(&rng, ACTION_COUNT));
		close_question();
		n_sent = 0;
		if (i % 20 == 0)
			ui.screen->search(&ui, ui.screen_state, i % 40 ? "" : "n");
		if (ui.screen != &screen_run)
			ui_go_run(&ui);
		free(stub_drawn(&ui, size[0], size[1]));
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_many_outcomes),
		cmocka_unit_test(test_key_names),
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
