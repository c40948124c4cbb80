/* The start screen: pictures at three sizes, launching, choosing, searching, looking at runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "../lib/ui_stubs.h"
#include "checks/registry.h"
#include "core/embedded.h"
#include "ui/start_priv.h"
#include "util/fs.h"
#include "workloads/registry.h"

#define MINUTE_MS 60000ull
#define DAY_MS    (1440 * MINUTE_MS)
#define NOW_MS    1795442400000ull /* 2026-11-23 14:00 UTC, a Monday */

/* --- a machine ------------------------------------------------------------------------------- */

static int probes;

static void probe_good(const void *config, struct backend_probe *ret)
{
	(void)config;
	probes++;
	*ret = (struct backend_probe){ .usable = true, .have = "ltb-node 0.1.0" };
}

static void probe_missing(const void *config, struct backend_probe *ret)
{
	(void)config;
	*ret = (struct backend_probe){ .usable = false,
		.missing = "no engine answers: start docker, or set DOCKER_HOST" };
}

static const struct option none[] = { { .name = NULL } };
static const struct backend_ops local = {
	.name = "local",
	.summary = "processes on this machine",
	.options = none,
	.caps = BACKEND_RESTART | BACKEND_KILL | BACKEND_PAUSE | BACKEND_LOGS,
	.probe = probe_good,
};
static const struct backend_ops compose = {
	.name = "compose",
	.summary = "containers",
	.options = none,
	.caps = BACKEND_RESTART | BACKEND_KILL,
	.probe = probe_missing,
};
static const struct backend_ops fake = {
	.name = "fake",
	.summary = "simulated",
	.options = none,
	.caps = BACKEND_RESTART | BACKEND_VIRTUAL,
	.probe = probe_good,
};
static const struct backend_ops *const backends[] = { &local, &compose, &fake, NULL };
static struct catalog catalog;

static const struct embedded_file extra[] = {
	{ "mine", "version: 1\nsummary: Wants more nodes than it links.\n"
		  "topology: {nodes: 3, layout: {random: {degree: 5}}}\n" },
	{ "in-containers", "version: 1\nsummary: Needs an engine.\nbackend: compose\n" },
	{ NULL, NULL },
};

/* --- runs that were -----------------------------------------------------------------------------
 */

static const struct {
	const char *preset, *reason;
	uint64_t age_ms, duration_s, seed;
	bool running, ended;
	enum verdict verdict;
} past[] = {
	{ "restarts", NULL, 1 * MINUTE_MS, 41, 1, true, false, VERDICT_PENDING },
	{ "smoke", NULL, 12 * MINUTE_MS, 47, 1, false, true, VERDICT_PASS },
	{ "restarts", "tx_inclusion: 91 % included, at least 95 % wanted", 55 * MINUTE_MS, 151, 77,
		false, true, VERDICT_FAIL },
	{ "smoke", NULL, 3 * 60 * MINUTE_MS, 46, 1, false, true, VERDICT_PASS },
	{ "tx-load", "the backend did not come up", 1 * DAY_MS, 4, 1, false, true,
		VERDICT_UNKNOWN },
	{ "restarts", NULL, 2 * DAY_MS, 150, 3, false, true, VERDICT_PASS },
	{ "bug-fork", NULL, 3 * DAY_MS, 12, 1, false, false, VERDICT_PENDING },
	{ "restarts", NULL, 40 * DAY_MS, 3723, 3, false, true, VERDICT_PASS },
};
static size_t n_past;

void run_dir_recent(const char *runs_dir, size_t max, struct run_summary **ret, size_t *ret_n)
{
	assert_string_equal(runs_dir, "/runs");
	assert_true(max >= n_past);
	*ret = xcalloc(n_past ? n_past : 1, sizeof(**ret));
	*ret_n = n_past;
	for (size_t i = 0; i < n_past; i++) {
		(*ret)[i] = (struct run_summary){
			.id = xasprintf("2026-run-%zu-%s", n_past - i, past[i].preset),
			.path = xasprintf("/runs/2026-run-%zu-%s", n_past - i, past[i].preset),
			.preset = xstrdup(past[i].preset),
			.backend = xstrdup("local"),
			.reason = xstrdup(past[i].reason),
			.seed = past[i].seed,
			.started_ms = NOW_MS - past[i].age_ms,
			.duration_ns = past[i].duration_s * RF_S,
			.running = past[i].running,
			.ended = past[i].ended,
			.verdict = past[i].verdict,
		};
	}
}

void run_summaries_free(struct run_summary *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(s[i].id);
		free(s[i].path);
		free(s[i].preset);
		free(s[i].backend);
		free(s[i].reason);
	}
	free(s);
}

/* --- the screen ------------------------------------------------------------------------------ */

static void doctor(void *arg, struct strbuf *out)
{
	(void)arg;
	strbuf_adds(out, "machine\n  2 cores\n");
}

static VEC(struct embedded_file) presets;
static struct preset_source source;
static struct ui_host host = {
	.catalog = &catalog, .presets = &source, .runs_dir = "/runs", .doctor = doctor
};
static struct ui ui;

static struct start *screen(void)
{
	return ui.screen_state;
}

static bool act(enum action a)
{
	return ui.screen->act(&ui, ui.screen_state, a);
}

static void begin(size_t runs)
{
	n_past = runs;
	probes = 0;
	stub_ui_init(&ui, &host, &glyphs_utf8);
	ui_go_start(&ui);
	screen()->wall_ms = NOW_MS;
}

static void end(void)
{
	stub_ui_release(&ui);
}

static void select_preset(const char *name)
{
	for (size_t i = 0; i < screen()->shown_presets.len; i++) {
		screen()->preset_list.cursor = i;
		if (strcmp(start_selected(screen())->name, name) == 0)
			return;
	}
	fail_msg("no preset %s is shown", name);
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
	struct canvas c;

	begin(ARRAY_LEN(past));
	select_preset("restarts");
	picture("start-restarts");
	select_preset("mine");
	picture("start-invalid");
	select_preset("in-containers");
	picture("start-missing");
	act(ACTION_SWITCH);
	act(ACTION_DOWN);
	act(ACTION_DOWN);
	picture("start-runs");
	ui.glyphs = &glyphs_ascii;
	stub_draw(&ui, &c, 100, 30);
	render_golden("start-ascii", 100, 30, &c);
	canvas_release(&c);
	end();
	begin(0);
	select_preset("smoke");
	picture("start-first-time");
	end();
}

static void write_preset(const char *dir, const char *name, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s.yaml", dir, name);

	assert_int_equal(fs_mkdirs(dir, 0755, NULL), 0);
	assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static bool shows(const char *text)
{
	CLEANUP_FREE char *all = stub_drawn(&ui, 200, 40);

	return strstr(all, text) != NULL;
}

/* A preset that stands in the way of another one of its name: seen, and told when one is saved. */
static void same_names(void **state)
{
	(void)state;
	char root[] = "/tmp/ltb-start-XXXXXX";

	assert_non_null(mkdtemp(root));
	CLEANUP_FREE char *here = xasprintf("%s/a", root);
	CLEANUP_FREE char *own = xasprintf("%s/b", root);
	CLEANUP_FREE char *hidden = xasprintf("%s/smoke.yaml", own);
	CLEANUP_FREE char *note = xasprintf(
		"It is that of %s/smoke.yaml; not used: %s and the shipped one", here, hidden);
	CLEANUP_FREE char *told =
		xasprintf("saved to %s, but %s/smoke.yaml has the same name", hidden, here);
	const char *dirs[] = { here, own, NULL };

	write_preset(here, "smoke", "summary: in the way\n");
	write_preset(own, "smoke", "summary: mine\n");
	write_preset(own, "other", "summary: mine\n");
	source.dirs = dirs;
	begin(0);
	select_preset("smoke");
	assert_true(shows(note));
	select_preset("other");
	assert_false(shows("not used"));
	ui_tell_saved(&ui, "smoke", hidden, NULL);
	assert_memory_equal(stub.message, told, strlen(told));
	assert_int_equal(stub.role, ROLE_WARN);
	ui_tell_saved(&ui, "other", "x/other.yaml", NULL);
	assert_string_equal(stub.message, "saved as preset other: x/other.yaml");
	ui_tell_saved(&ui, "other", "x/other.yaml", "it is not valid yet");
	assert_string_equal(stub.message, "saved to x/other.yaml, but it is not valid yet");
	end();
	source.dirs = NULL;
	assert_int_equal(fs_remove_tree(root, NULL), 0);
}

static void launches(void **state)
{
	(void)state;
	begin(3);
	select_preset("restarts");
	assert_true(act(ACTION_OPEN));
	assert_string_equal(stub.launched->name, "restarts");
	assert_ptr_equal(stub.launched->backend, &local);
	/* what is chosen applies to the next ones, and can be seen */
	act(ACTION_SEED);
	assert_string_equal(
		stub_check(&ui, "-1"), "'-1' is not a whole number from 0 to 18446744073709551615");
	stub_type(&ui, "42");
	act(ACTION_BACKEND);
	assert_int_equal(probes, 4);
	assert_non_null(strstr(stub.items, "as the preset says|\n"));
	assert_non_null(strstr(stub.items, "compose|\u2717 no engine answers: start docker"));
	assert_non_null(strstr(stub.items, "fake|\u2713 simulation, ltb-node 0.1.0"));
	assert_true(stub.disabled[2] && !stub.disabled[3]);
	stub_choose(&ui, "fake");
	select_preset("smoke");
	CLEANUP_FREE char *text = stub_drawn(&ui, 120, 36);

	assert_non_null(strstr(text, "backend fake  seed 42"));
	assert_non_null(strstr(text, "fake (simulation)"));
	act(ACTION_OPEN);
	assert_ptr_equal(stub.launched->backend, &fake);
	assert_int_equal(stub.launched->run.seed, 42);
	/* kept while other screens are shown, and so is the selection */
	act(ACTION_UP);
	act(ACTION_DOWN);
	ui_go_start(&ui);
	assert_string_equal(start_selected(screen())->name, "smoke");
	assert_int_equal(
		start_status(&ui, start_selected(screen()), false)->scenario->run.seed, 42);
	act(ACTION_SEED);
	assert_string_equal(stub.initial, "42");
	stub_type(&ui, "");
	assert_int_equal(start_status(&ui, start_selected(screen()), false)->scenario->run.seed, 1);
	end();
}

static void refuses(void **state)
{
	(void)state;
	begin(0);
	select_preset("mine");
	act(ACTION_OPEN);
	assert_null(stub.launched);
	assert_non_null(strstr(stub.message, "5 links per node need at least 6 nodes"));
	act(ACTION_VALIDATE);
	assert_non_null(strstr(stub.shown, "not valid"));
	stub_close();
	select_preset("in-containers");
	act(ACTION_OPEN);
	assert_null(stub.launched);
	assert_string_equal(stub.message,
		"compose cannot be used here: no engine answers: start docker, or set "
		"DOCKER_HOST");
	select_preset("smoke");
	act(ACTION_VALIDATE);
	assert_non_null(strstr(stub.shown, "valid  smoke, seed 1"));
	stub_close();
	act(ACTION_DOCTOR);
	assert_string_equal(stub.shown, "machine\n  2 cores\n");
	stub_close();
	act(ACTION_EDIT);
	assert_ptr_equal(ui.screen, &screen_edit);
	end();
}

static void searches(void **state)
{
	(void)state;
	begin(ARRAY_LEN(past));
	size_t all = screen()->shown_presets.len;

	assert_int_equal(ui.screen->search(&ui, ui.screen_state, "BUG-"), 3);
	assert_string_equal(start_selected(screen())->name, "bug-drop-tx");
	assert_int_equal(ui.screen->search(&ui, ui.screen_state, "killed and restarted"), 1);
	assert_string_equal(start_selected(screen())->name, "restarts");
	assert_int_equal(ui.screen->search(&ui, ui.screen_state, "zzz"), 0);
	act(ACTION_OPEN);
	assert_string_equal(stub.message, "no preset is selected");
	assert_true(act(ACTION_BACK));
	assert_int_equal(screen()->shown_presets.len, all);
	assert_false(act(ACTION_BACK));
	act(ACTION_SWITCH);
	assert_int_equal(ui.screen->search(&ui, ui.screen_state, "restarts"), 4);
	assert_int_equal(screen()->shown_presets.len, all);
	assert_int_equal(ui.screen->search(&ui, ui.screen_state, "91 %"), 1);
	act(ACTION_SWITCH);
	assert_int_equal(screen()->shown_runs.len, ARRAY_LEN(past));
	end();
}

static void runs(void **state)
{
	(void)state;
	begin(ARRAY_LEN(past));
	act(ACTION_REPLAY);
	assert_true(screen()->on_runs);
	act(ACTION_OPEN);
	assert_string_equal(stub.opened, "/runs/2026-run-8-restarts");
	assert_int_equal(stub.opened_as, SESSION_WATCH);
	act(ACTION_DOWN);
	act(ACTION_REPLAY);
	assert_string_equal(stub.opened, "/runs/2026-run-7-smoke");
	assert_int_equal(stub.opened_as, SESSION_REPLAY);
	/* it stays selected as the list is read again */
	act(ACTION_DOWN);
	n_past = 3;
	ui.now_ns += 10 * RF_S;
	ui.screen->news(&ui, ui.screen_state);
	assert_int_equal(screen()->shown_runs.len, 3);
	end();
	begin(0);
	act(ACTION_SWITCH);
	act(ACTION_OPEN);
	assert_string_equal(stub.message, "there is no run yet");
	end();
}

static void times_of_day(void **state)
{
	(void)state;
	char buf[40];

	assert_string_equal(start_when(NOW_MS - 1, NOW_MS, buf, sizeof(buf)), "today 13:59");
	assert_string_equal(start_when(NOW_MS - DAY_MS, NOW_MS, buf, sizeof(buf)), "Sun 22");
	assert_string_equal(
		start_when(NOW_MS - 7 * DAY_MS, NOW_MS, buf, sizeof(buf)), "2026-11-16");
	assert_string_equal(
		start_when(NOW_MS + 2 * DAY_MS, NOW_MS, buf, sizeof(buf)), "2026-11-25");
	assert_string_equal(start_when(0, NOW_MS, buf, sizeof(buf)), "-");
	assert_string_equal(start_when(UINT64_MAX, NOW_MS, buf, 12), "-");
}

static void clicks(void **state)
{
	(void)state;
	struct canvas c;
	struct key_event k = { .code = KEY_MOUSE_, .mouse = MOUSE_PRESS, .x = 5, .y = 5 };

	begin(ARRAY_LEN(past));
	stub_draw(&ui, &c, 120, 36);
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_int_equal(screen()->preset_list.cursor, 2);
	k.y = screen()->runs_area.y + 1;
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_true(screen()->on_runs);
	k.mouse = MOUSE_DOUBLE;
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_string_equal(stub.opened, "/runs/2026-run-7-smoke");
	k.mouse = MOUSE_WHEEL_DOWN;
	ui.screen->mouse(&ui, ui.screen_state, &k);
	assert_int_equal(screen()->run_list.cursor, 2);
	canvas_release(&c);
	end();
}

static void anything(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 1, 2 }, { 20, 5 }, { 60, 15 }, { 80, 24 }, { 300, 100 } };
	struct rng rng;

	rng_init(&rng, 9);
	begin(ARRAY_LEN(past));
	for (int i = 0; i < 2000; i++) {
		enum action a = (enum action)rng_below(&rng, ACTION_COUNT);
		struct canvas c;

		if (a != ACTION_EDIT && a != ACTION_NEW)
			act(a);
		if (stub.kind == STUB_MENU) {
			stub_close();
			stub.chosen(&ui, (size_t)rng_below(&rng, stub.n_items), stub.arg);
		}
		if (stub.kind == STUB_ASK)
			stub_type(&ui, i % 2 ? "" : "7");
		stub_close();
		if (i % 50 == 0)
			ui.screen->search(&ui, ui.screen_state, i % 100 ? "" : "s");
		const int *size = sizes[rng_below(&rng, ARRAY_LEN(sizes))];

		stub_draw(&ui, &c, size[0], size[1]);
		canvas_release(&c);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures),
		cmocka_unit_test(same_names),
		cmocka_unit_test(launches),
		cmocka_unit_test(refuses),
		cmocka_unit_test(searches),
		cmocka_unit_test(runs),
		cmocka_unit_test(times_of_day),
		cmocka_unit_test(clicks),
		cmocka_unit_test(anything),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	catalog = (struct catalog){
		.backends = backends, .workloads = workloads_all, .checks = checks_all
	};
	/* a fixed choice: a preset more that ships is no change of this screen */
	static const char chosen[] = " bug-drop-tx bug-fork bug-stall restarts smoke tx-load ";
	for (const struct embedded_file *f = presets_embedded; f->name; f++) {
		CLEANUP_FREE char *word = xasprintf(" %s ", f->name);
		if (!strstr(chosen, word))
			continue;
		vec_push(&presets, *f);
	}
	for (size_t i = 0; i < ARRAY_LEN(extra); i++)
		vec_push(&presets, extra[i]);
	source.embedded = presets.items;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	vec_free(&presets);
	return rc;
}
