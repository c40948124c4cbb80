/* The editor's screen: pictures at three sizes, and every way of changing a preset by actions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../lib/tiny_catalog.h"
#include "../lib/render_fixture.h"
#include "../lib/ui_stubs.h"
#include "app/app.h"
#include "core/embedded.h"
#include "ui/edit_priv.h"
#include "util/fs.h"

static const struct preset_source shipped = { .embedded = presets_embedded };
static char presets_dir[64];
static struct ui_host host = {
	.catalog = &app_catalog, .presets = &shipped, .presets_dir = presets_dir
};
static struct ui ui;

static int went_to_start;

void ui_go_start(struct ui *u)
{
	(void)u;
	went_to_start++;
}

static struct edit_screen *screen(void)
{
	return ui.screen_state;
}

static void act(enum action a)
{
	assert_true(ui.screen->act(&ui, ui.screen_state, a));
}

static void begin(const char *preset)
{
	snprintf(presets_dir, sizeof(presets_dir), "/tmp/ltb-edit-XXXXXX");
	assert_non_null(mkdtemp(presets_dir));
	host.catalog = &app_catalog;
	host.presets = &shipped;
	went_to_start = 0;
	stub_ui_init(&ui, &host, &glyphs_utf8);
	ui_go_edit(&ui, preset);
	assert_ptr_equal(ui.screen, &screen_edit);
}

static void end(void)
{
	stub_ui_release(&ui);
	fs_remove_tree(presets_dir, NULL);
}

static void go(const char *path)
{
	if (!form_goto(&screen()->form, path))
		fail_msg("there is no field %s", path);
	screen()->on_sections = false;
}

static const char *value_of(const char *path)
{
	static char value[200];
	struct edit_field f;
	struct form form = { .edit = screen()->edit };

	assert_true(form_goto(&form, path) && form_field(&form, &f));
	snprintf(value, sizeof(value), "%s", f.value);
	return value;
}

static void picture(const char *name)
{
	static const int sizes[][2] = { { 80, 24 }, { 120, 36 }, { 200, 60 } };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct canvas c;

		stub_draw(&ui, &c, sizes[i][0], sizes[i][1]);
		render_golden(name, sizes[i][0], sizes[i][1], &c);
		canvas_release(&c);
	}
}

static void pictures(void **state)
{
	(void)state;
	begin("restarts");
	picture("edit-topology");
	act(ACTION_LEFT);
	for (int i = 0; i < 4; i++)
		act(ACTION_DOWN);
	picture("edit-sections");
	go("workloads.restarts.min_delay");
	act(ACTION_OPEN);
	assert_int_equal(stub.kind, STUB_ASK);
	stub_type(&ui, "11s");
	go("workloads.restarts.mode");
	picture("edit-error");
	end();
	begin(NULL);
	picture("edit-new");
	form_section(&screen()->form, EDIT_CHECKS);
	picture("edit-empty");
	end();
}

static void ascii(void **state)
{
	(void)state;
	struct canvas c;

	begin("tx-load");
	ui.glyphs = &glyphs_ascii;
	go("workloads.transactions.kind");
	stub_draw(&ui, &c, 120, 36);
	render_golden("edit-ascii", 120, 36, &c);
	canvas_release(&c);
	end();
}

static void adds_a_workload(void **state)
{
	(void)state;
	begin("smoke");
	form_section(&screen()->form, EDIT_WORKLOADS);
	act(ACTION_LAST);
	act(ACTION_OPEN);
	assert_string_equal(stub.title, "add a workload");
	assert_non_null(strstr(stub.items, "transactions|Signed transactions at a steady rate"));
	assert_null(strstr(stub.items, "restarts"));
	stub_choose(&ui, "transactions");
	assert_string_equal(value_of("workloads.transactions-2"), "all by default");
	assert_int_equal(preset_edit_status(screen()->edit)->scenario->n_workloads, 2);
	/* its first setting, from its head */
	act(ACTION_OPEN);
	act(ACTION_OPEN);
	assert_string_equal(stub.title, "workloads.transactions-2.rate");
	stub_type(&ui, "2");
	assert_string_equal(value_of("workloads.transactions-2.rate"), "2");
	act(ACTION_ITEM_UP);
	assert_string_equal(value_of("workloads.transactions.rate"), "2");
	act(ACTION_ITEM_DUPLICATE);
	assert_string_equal(value_of("workloads.transactions-2.rate"), "2");
	act(ACTION_ITEM_REMOVE);
	act(ACTION_UNDO);
	act(ACTION_UNDO);
	act(ACTION_UNDO);
	act(ACTION_UNDO);
	act(ACTION_UNDO);
	assert_false(preset_edit_is_changed(screen()->edit));
	act(ACTION_UNDO);
	assert_string_equal(stub.message, "there is nothing to take back");
	act(ACTION_REDO);
	assert_string_equal(value_of("workloads.transactions-2"), "all by default");
	end();
}

/* A wrong value in every kind of field that can be typed: the message names what is expected. */
static void wrong_values(void **state)
{
	(void)state;
	static const struct {
		const char *path, *value, *message;
	} cases[] = {
		{ "topology.nodes", "0",
			"topology.nodes: expected a whole number from 1 to 1000, not \"0\"" },
		{ "topology.nodes", "99999999999999999999",
			"topology.nodes: expected a whole number from 1 to 1000, not "
			"\"99999999999999999999\"" },
		{ "run.duration", "30",
			"run.duration: expected a duration such as 500ms or 30s from 1s to 720h, not "
			"\"30\"" },
		{ "workloads.load.rate", "1e9",
			"workloads.load.rate: expected a number from 0.1 to 1000, not \"1e9\"" },
		{ "workloads.load.targets", "[n0",
			"workloads.load.targets: expected texts with commas between them: a, b or "
			"[a, \"b, c\"]" },
	};
	static const struct embedded_file embedded[] = {
		{ "tiny", "version: 1\nworkloads: [load]\n" }, { NULL, NULL }
	};
	static const struct preset_source tiny = { .embedded = embedded };

	begin("smoke");
	host.catalog = &tiny_catalog;
	host.presets = &tiny;
	ui_go_edit(&ui, "tiny");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		go(cases[i].path);
		act(ACTION_OPEN);
		assert_string_equal(stub.title, cases[i].path);
		assert_string_equal(stub_check(&ui, cases[i].value), cases[i].message);
		stub_close();
	}
	go("workloads.load.per");
	act(ACTION_OPEN);
	assert_string_equal(stub.items, "block|default\nsecond|\n");
	stub_choose(&ui, "second");
	assert_string_equal(value_of("workloads.load.per"), "second");
	go("workloads.load.loud");
	act(ACTION_OPEN);
	assert_string_equal(value_of("workloads.load.loud"), "true");
	act(ACTION_OPEN);
	assert_string_equal(value_of("workloads.load.loud"), "false");
	act(ACTION_ITEM_REMOVE);
	act(ACTION_ITEM_REMOVE);
	assert_string_equal(stub.message, "workloads.load.loud has its default already");
	/* what comes with a workload stays selected when it becomes an own one */
	go("expectations.seen.min_ratio");
	act(ACTION_OPEN);
	stub_type(&ui, "0.9");
	struct edit_field f;

	assert_true(form_field(&screen()->form, &f));
	assert_string_equal(f.path, "expectations.seen.min_ratio");
	assert_true(f.is_set);
	end();
}

/* What only the whole can tell is taken, shown, led to, and can be taken back. */
static void errors_of_the_whole(void **state)
{
	(void)state;
	begin("smoke");
	go("wallets.count");
	act(ACTION_OPEN);
	assert_string_equal(stub.initial, "50");
	stub_type(&ui, "3");
	CLEANUP_FREE char *text = stub_drawn(&ui, 120, 36);

	assert_non_null(strstr(text, "not valid"));
	assert_non_null(strstr(text, "users is 20, but there are only 3 wallets"));
	assert_null(strstr(text, "preset:"));
	act(ACTION_LAUNCH);
	assert_null(stub.launched);
	struct edit_field f;

	assert_true(form_field(&screen()->form, &f));
	assert_string_equal(f.path, "workloads.transactions.users");
	assert_int_equal(stub.role, ROLE_BAD);
	act(ACTION_UNDO);
	assert_int_equal(screen()->form.section, EDIT_WALLETS);
	assert_non_null(preset_edit_status(screen()->edit)->plan);
	act(ACTION_VALIDATE);
	assert_int_equal(stub.kind, STUB_SHOW);
	assert_non_null(strstr(stub.shown, "valid  smoke, seed 1"));
	assert_non_null(strstr(stub.shown, "dials n0"));
	end();
}

/* A fault that is there, but has no time to happen, is pointed out. */
static void faults_that_never_come(void **state)
{
	(void)state;
	struct canvas c;
	CLEANUP_STRBUF struct strbuf text = { 0 };

	begin("restarts");
	go("workloads.restarts.max_delay");
	act(ACTION_OPEN);
	stub_type(&ui, "10h");
	go("workloads.restarts.min_delay");
	act(ACTION_OPEN);
	stub_type(&ui, "59999ms");
	stub_draw(&ui, &c, 120, 36);
	canvas_to_text(&c, &text);
	assert_non_null(strstr(strbuf_str(&text), "faults  none in this time"));
	assert_int_equal(render_role_of(&c, "none in this time"), ROLE_WARN);
	canvas_release(&c);
	end();
}

static void saves(void **state)
{
	(void)state;
	begin("smoke");
	go("topology.nodes");
	act(ACTION_OPEN);
	stub_type(&ui, "4");
	act(ACTION_SAVE);
	assert_string_equal(stub.initial, "smoke");
	assert_string_not_equal(stub_check(&ui, "../x"), "");
	stub_type(&ui, "smoke");
	assert_string_equal(stub.title, "Save under the name of a shipped preset?");
	stub_close();
	assert_true(preset_edit_is_changed(screen()->edit));
	act(ACTION_SAVE);
	stub_type(&ui, "mine");
	assert_int_equal(stub.kind, STUB_NONE);
	assert_non_null(strstr(stub.message, "/mine.yaml"));
	assert_string_equal(ui.start.preset, "mine");
	assert_false(preset_edit_is_changed(screen()->edit));
	act(ACTION_SAVE);
	stub_type(&ui, "mine");
	assert_string_equal(stub.title, "Overwrite it?");
	stub_answer_yes(&ui);
	assert_int_equal(stub.role, ROLE_GOOD);
	act(ACTION_LAUNCH);
	assert_non_null(stub.launched);
	assert_int_equal(stub.launched->topology.n_nodes, 4);
	act(ACTION_BACK);
	assert_int_equal(went_to_start, 1);
	assert_false(ui.screen->act(&ui, ui.screen_state, ACTION_QUIT));
	end();
}

static void asks_before_changes_are_lost(void **state)
{
	(void)state;
	begin("smoke");
	go("backend");
	act(ACTION_OPEN);
	assert_non_null(strstr(stub.items, "fake|"));
	stub_choose(&ui, "fake");
	act(ACTION_BACK);
	assert_string_equal(stub.title, "Leave without saving?");
	stub_answer_yes(&ui);
	assert_int_equal(went_to_start, 1);
	act(ACTION_QUIT);
	assert_string_equal(stub.title, "Quit without saving?");
	stub_answer_yes(&ui);
	assert_true(ui.quit);
	act(ACTION_LAUNCH);
	assert_string_equal(stub.title, "Launch without saving?");
	stub_answer_yes(&ui);
	assert_string_equal(stub.launched->backend->name, "fake");
	ui_go_edit(&ui, "no-such-preset");
	assert_non_null(strstr(stub.message, "unknown preset"));
	end();
}

static void finds(void **state)
{
	(void)state;
	begin("smoke");
	snprintf(ui.search, sizeof(ui.search), "security");
	assert_int_equal(ui.screen->search(&ui, ui.screen_state, ui.search), 2);
	assert_int_equal(screen()->form.section, EDIT_CONSENSUS);
	snprintf(ui.search, sizeof(ui.search), "stake");
	size_t n = ui.screen->search(&ui, ui.screen_state, ui.search);

	assert_true(n >= 2);
	enum edit_section s = screen()->form.section;
	size_t cursor = screen()->form.cursor;

	for (size_t i = 0; i < n; i++)
		act(ACTION_NEXT_MATCH);
	assert_true(screen()->form.section == s && screen()->form.cursor == cursor);
	act(ACTION_PREV_MATCH);
	assert_false(screen()->form.section == s && screen()->form.cursor == cursor);
	end();
}

static void clicks(void **state)
{
	(void)state;
	struct canvas c;
	struct key_event k = { .code = KEY_MOUSE_, .mouse = MOUSE_PRESS, .x = 5, .y = 4 };

	begin("smoke");
	stub_draw(&ui, &c, 80, 24);
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_int_equal(screen()->form.section, EDIT_CONSENSUS);
	k.x = 30;
	k.y = 3;
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_int_equal(screen()->form.cursor, 1);
	assert_int_equal(stub.kind, STUB_NONE);
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_string_equal(stub.title, "topology.consensus.active_slot_coeff");
	stub_close();
	k.mouse = MOUSE_WHEEL_UP;
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_int_equal(screen()->form.cursor, 0);
	canvas_release(&c);
	end();
}

/* Every action anywhere, at every size: nothing may crash, whatever is answered. */
static void anything(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 1, 2 }, { 20, 5 }, { 79, 14 }, { 80, 24 }, { 300, 100 } };
	static const char *const texts[] = { "", "3", "30s", "[x, y", "name" };
	struct rng rng;

	rng_init(&rng, 5);
	begin("restarts");
	for (int i = 0; i < 3000; i++) {
		enum action a = (enum action)rng_below(&rng, ACTION_COUNT);
		struct canvas c;

		if (a != ACTION_BACK && a != ACTION_QUIT && a != ACTION_SAVE)
			ui.screen->act(&ui, ui.screen_state, a);
		if (stub.kind == STUB_ASK) {
			const char *text = texts[rng_below(&rng, ARRAY_LEN(texts))];

			if (!*stub_check(&ui, text))
				stub_type(&ui, text);
		}
		if (stub.kind == STUB_MENU) {
			stub_close();
			stub.chosen(&ui, (size_t)rng_below(&rng, stub.n_items), stub.arg);
		}
		if (stub.kind == STUB_CONFIRM)
			stub_answer_yes(&ui);
		stub_close();
		if (i % 10 == 0) {
			const int *size = sizes[rng_below(&rng, ARRAY_LEN(sizes))];

			stub_draw(&ui, &c, size[0], size[1]);
			canvas_release(&c);
		}
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures),
		cmocka_unit_test(ascii),
		cmocka_unit_test(adds_a_workload),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(errors_of_the_whole),
		cmocka_unit_test(faults_that_never_come),
		cmocka_unit_test(saves),
		cmocka_unit_test(asks_before_changes_are_lost),
		cmocka_unit_test(finds),
		cmocka_unit_test(clicks),
		cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
