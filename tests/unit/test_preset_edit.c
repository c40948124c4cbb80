/* Editing presets: fields from tables, every kind of value, items, undo, the status, saving. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../lib/tiny_catalog.h"
#include "app/app.h"
#include "core/embedded.h"
#include "core/preset_edit.h"
#include "util/fs.h"
#include "util/rng.h"

#define MAX_FIELDS 2000

static const struct embedded_file embedded[] = {
	{ "whole", "version: 1\nname: whole\nsummary: all of it\n"
		   "topology:\n  nodes: 4\n  layout: {random: {degree: 2}}\n"
		   "  overrides: {n1: {stake: 0}, n3: {args: [\"-a, b\", -c]}}\n"
		   "wallets: {count: 20}\n"
		   "workloads:\n  - load: {users: 5, targets: [n0, n1]}\n  - killer\n  - load\n"
		   "expectations:\n  - alive: {}\n"
		   "run: {duration: 1m}\nbackend: {here: {keep: true}}\n" },
	{ "child", "extends: whole\ntopology: {nodes: 6}\n" },
	{ "odd",
		"version: 1\ntopology: {nodes: 4, nodse: 5}\nworkloads: [{load: {rat: 1}}, nothing,"
		" {a: 1, b: 2}]\nrunn: 3\n" },
	{ "future", "version: 2\n" },
	{ NULL, NULL },
};

static const struct preset_source source = { .embedded = embedded };

static struct preset_edit *open_preset(const char *name)
{
	struct err err = { 0 };
	struct preset_edit *e = preset_edit_open(&tiny_catalog, &source, name, &err);

	if (!e)
		fail_msg("%s", err.text);
	return e;
}

static char *text_of(const struct preset_edit *e)
{
	struct strbuf text = { 0 };

	preset_edit_text(e, &text);
	return strbuf_detach(&text);
}

/* The field with a path; fails when there is none. */
static size_t find(
	struct preset_edit *e, const char *path, enum edit_section *ret_s, struct edit_field *ret)
{
	static struct edit_field fields[MAX_FIELDS];

	for (int s = 0; s < EDIT_SECTION_COUNT; s++) {
		size_t n = preset_edit_fields(e, (enum edit_section)s, fields, MAX_FIELDS);

		for (size_t i = 0; i < n; i++) {
			if (strcmp(fields[i].path, path) != 0)
				continue;
			*ret_s = (enum edit_section)s;
			*ret = fields[i];
			return i;
		}
	}
	fail_msg("there is no field %s", path);
	return 0;
}

static struct edit_field field(struct preset_edit *e, const char *path)
{
	struct edit_field f;
	enum edit_section s;

	find(e, path, &s, &f);
	return f;
}

static int set(struct preset_edit *e, const char *path, const char *value, struct err *err)
{
	struct edit_field f;
	enum edit_section s;
	size_t i = find(e, path, &s, &f);

	return preset_edit_set(e, s, i, value, err);
}

static void must_set(struct preset_edit *e, const char *path, const char *value)
{
	struct err err = { 0 };

	if (set(e, path, value, &err) < 0)
		fail_msg("%s: %s", path, err.text);
}

static void reset(struct preset_edit *e, const char *path)
{
	struct edit_field f;
	struct err err = { 0 };
	enum edit_section s;
	size_t i = find(e, path, &s, &f);

	if (preset_edit_reset(e, s, i, &err) < 0)
		fail_msg("%s: %s", path, err.text);
}

static void refused(struct preset_edit *e, const char *path, const char *value, const char *message)
{
	struct err err = { 0 }, checked = { 0 };
	struct edit_field f;
	enum edit_section s;
	size_t i = find(e, path, &s, &f);
	char *before = text_of(e), *after;

	assert_int_equal(preset_edit_set(e, s, i, value, &err), -1);
	assert_string_equal(err.text, message);
	assert_int_equal(preset_edit_check(e, s, i, value, &checked), -1);
	assert_string_equal(checked.text, message);
	after = text_of(e);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void text_is(const struct preset_edit *e, const char *expected)
{
	char *text = text_of(e);
	const char *body = strchr(text, '\n') + 1;

	assert_true(text[0] == '#');
	assert_string_equal(body, expected);
	free(text);
}

static void a_new_one(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset(NULL);

	text_is(e, "version: 1\nname: my-preset\n");
	assert_false(preset_edit_is_changed(e));
	const struct edit_status *st = preset_edit_status(e);

	assert_non_null(st->scenario);
	assert_non_null(st->plan);
	assert_string_equal(st->path, "");
	assert_true(st->run_ns == 33000000000 && st->block_interval_ns == 555555555);
	assert_int_equal(field(e, "topology.layout").type, OPTION_ENUM);
	assert_string_equal(field(e, "topology.layout").value, "star");
	assert_string_equal(field(e, "topology.nodes").range, "1 .. 1000");
	assert_string_equal(field(e, "topology.consensus.slot_duration").range, "100ms .. 10m");
	assert_string_equal(field(e, "wallets.funds").range, "at least 1");
	assert_string_equal(field(e, "topology.consensus.security_param").unit, "blocks");
	assert_string_equal(field(e, "backend.here.keep").value, "false");
	preset_edit_free(e);
}

static void every_type(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset("whole");

	assert_string_equal(field(e, "workloads.load.targets").value, "n0, n1");
	assert_string_equal(field(e, "workloads.load-2.targets").value, "all");
	assert_string_equal(field(e, "workloads.load-2.targets").def, "all");
	assert_string_equal(field(e, "topology.overrides.n3.args").value, "[\"-a, b\", -c]");
	must_set(e, "workloads.load.rate", "2.5");
	must_set(e, "workloads.load.per", "second");
	must_set(e, "workloads.load.users", "7");
	must_set(e, "workloads.load.expiry", "1m30s");
	must_set(e, "workloads.load.targets", "n2,  n0");
	must_set(e, "workloads.load.note", "a: b # c");
	must_set(e, "workloads.load.loud", "yes");
	must_set(e, "topology.overrides.n3.args", field(e, "topology.overrides.n3.args").value);
	must_set(e, "backend.here.keep", "false");
	must_set(e, "topology.layout", "ring");
	text_is(e,
		"version: 1\nname: whole\nsummary: all of it\ntopology:\n  nodes: 4\n  layout: ring\n"
		"  overrides:\n    n1:\n      stake: 0\n    n3:\n      args:\n        - \"-a, b\"\n"
		"        - -c\nwallets:\n  count: 20\nworkloads:\n  - load:\n      rate: 2.5\n"
		"      per: second\n      users: 7\n      expiry: 1m30s\n      targets:\n        - n2\n"
		"        - n0\n      note: \"a: b # c\"\n      loud: yes\n  - killer\n  - load\n"
		"expectations:\n  - alive: {}\nrun:\n  duration: 1m\nbackend:\n  here:\n"
		"    keep: false\n");
	assert_string_equal(field(e, "workloads.load.note").value, "a: b # c");
	const struct edit_status *st = preset_edit_status(e);

	if (!st->plan)
		fail_msg("%s", st->error.text);
	const struct tiny_load *load = st->scenario->workloads[0].config;

	assert_true(load->rate == 2.5 && load->users == 7 && load->loud && load->per == 1);
	assert_int_equal(load->targets.len, 2);
	preset_edit_free(e);
}

static void wrong_values(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset("whole");

	refused(e, "workloads.load.loud", "perhaps",
		"workloads.load.loud: expected true or false, not \"perhaps\"");
	refused(e, "topology.nodes", "0",
		"topology.nodes: expected a whole number from 1 to 1000, not \"0\"");
	refused(e, "workloads.load-2.users", "-1",
		"workloads.load-2.users: expected a whole number from 1 to 100, not \"-1\"");
	refused(e, "run.duration", "30",
		"run.duration: expected a duration such as 500ms or 30s from 1s to 720h, not \"30\"");
	refused(e, "workloads.load.rate", "fast",
		"workloads.load.rate: expected a number from 0.1 to 1000, not \"fast\"");
	refused(e, "workloads.load.per", "secnd",
		"workloads.load.per: expected one of block, second, not \"secnd\"; did you mean "
		"\"second\"?");
	refused(e, "topology.layout", "rnig",
		"topology.layout: unknown layout \"rnig\"; did you mean \"ring\"?");
	refused(e, "backend", "somewhere",
		"backend: unknown backend \"somewhere\"; expected one of here, away");
	refused(e, "workloads.load.targets", "[n0, {a: b}]",
		"workloads.load.targets: expected texts with commas between them: a, b or [a, "
		"\"b, c\"]");
	refused(e, "workloads.load", "x",
		"workloads.load is an entry: change the settings below it");
	assert_false(preset_edit_undo(e));
	preset_edit_free(e);
}

/* Accepted, as only the whole can tell; the status says what `ltb validate` would, and where. */
static void status_points_to_the_field(void **state)
{
	(void)state;
	static const struct {
		const char *set, *value, *message, *path;
	} cases[] = {
		{ "wallets.count", "2", "preset:22:5: workloads.load: 5 users, but only 2 wallets",
			"workloads.load" },
		{ "topology.layout.random.degree", "9",
			"preset:8:15: topology.layout.random.degree: 9 links per node need at least 10 "
			"nodes; there are 4",
			"topology.layout.random.degree" },
		{ "name", "a b",
			"preset:2:7: name: expected at most 48 letters, digits, \"-\", \"_\" and \".\", not "
			"\"a b\"",
			"name" },
		{ "topology.nodes", "3",
			"preset:12:5: topology.overrides: unknown node \"n3\"; this topology has n0 to n2",
			"topology.overrides.n3" },
		{ "run.timeout", "5s",
			"preset:35:12: run.timeout: 5s is over before warmup and duration are (1m3s)",
			"run.timeout" },
		{ "topology.consensus.slot_duration", "100.5ms",
			"preset:10:20: topology.consensus.slot_duration: expected whole milliseconds",
			"topology.consensus.slot_duration" },
		{ "backend", "away",
			"preset:28:5: workloads.killer: needs a backend with restart, kill; \"away\" lacks "
			"kill",
			"workloads.killer" },
		{ "topology.overrides.n1.env", "no",
			"preset:13:9: topology.overrides.n1.env: expected KEY=VALUE, not \"no\"",
			"topology.overrides.n1.env" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct preset_edit *e = open_preset("whole");
		struct err err = { 0 };

		must_set(e, cases[i].set, cases[i].value);
		const struct edit_status *st = preset_edit_status(e);
		struct strbuf text = { 0 };

		assert_null(st->scenario);
		assert_string_equal(strrchr(st->error.text, ':') ? st->path : "", cases[i].path);
		/* word for word what reading the file says, but for the comment on top */
		preset_edit_text(e, &text);
		strbuf_consume(&text, (size_t)(strchr(text.buf, '\n') + 1 - text.buf));
		assert_null(scenario_parse(
			&tiny_catalog, &source, "preset", text.buf, text.len, NULL, &err));
		assert_string_equal(st->error.text, err.text);
		const char *said = strstr(cases[i].message, ": ");

		assert_non_null(strstr(st->error.text, said));
		strbuf_release(&text);
		assert_true(preset_edit_undo(e));
		assert_non_null(preset_edit_status(e)->plan);
		preset_edit_free(e);
	}
}

/* A hook's message begins with the setting that it is about. */
static void status_of_plugins(void **state)
{
	(void)state;
	const struct preset_source shipped = { .embedded = presets_embedded };
	struct preset_edit *e = preset_edit_open(&app_catalog, &shipped, "restarts", NULL);

	assert_non_null(e);
	const struct edit_status *st = preset_edit_status(e);

	assert_non_null(st->plan);
	assert_true(st->planned_txs > 500 && st->planned_txs < 600);
	assert_true(st->planned_faults >= 5 && st->planned_faults <= 12);
	assert_true(st->expected_blocks > 107 && st->expected_blocks < 109);
	must_set(e, "workloads.restarts.min_delay", "11s");
	st = preset_edit_status(e);
	assert_string_equal(st->path, "workloads.restarts.min_delay");
	assert_non_null(strstr(st->error.text, "min_delay (11s) is greater than max_delay (10s)"));
	assert_int_equal(st->planned_txs + st->planned_faults, 0);
	preset_edit_free(e);
}

static void items(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset("whole");
	struct err err = { 0 };

	assert_true(edit_section_has_items(EDIT_FAULTS) && !edit_section_has_items(EDIT_RUN));
	assert_string_equal(preset_edit_addable(e, EDIT_WORKLOADS)[0], "load");
	assert_null(preset_edit_addable(e, EDIT_WORKLOADS)[1]);
	assert_string_equal(preset_edit_addable(e, EDIT_FAULTS)[0], "killer");
	assert_string_equal(preset_edit_addable(e, EDIT_OVERRIDES)[0], "n0");
	assert_string_equal(preset_edit_addable(e, EDIT_OVERRIDES)[1], "n2");
	assert_null(preset_edit_addable(e, EDIT_RUN)[0]);

	assert_int_equal(preset_edit_add(e, EDIT_WORKLOADS, "load", &err), 2);
	assert_string_equal(field(e, "workloads.load-3").value, "all by default");
	assert_int_equal(preset_edit_duplicate(e, EDIT_WORKLOADS, 0, &err), 1);
	assert_string_equal(field(e, "workloads.load-2").value, "users 5, targets n0, n1");
	/* past the fault, which stays where it is */
	assert_int_equal(preset_edit_move(e, EDIT_WORKLOADS, 0, 2, &err), 0);
	assert_string_equal(field(e, "workloads.load").value, "users 5, targets n0, n1");
	assert_string_equal(field(e, "workloads.load-2").value, "all by default");
	assert_string_equal(field(e, "workloads.load-3").value, "users 5, targets n0, n1");
	assert_int_equal(preset_edit_move(e, EDIT_WORKLOADS, 0, -1, &err), -1);
	assert_string_equal(err.text, "workloads.load is the first already");
	assert_int_equal(preset_edit_remove(e, EDIT_WORKLOADS, 1, &err), 0);
	assert_int_equal(preset_edit_remove(e, EDIT_FAULTS, 0, &err), 0);
	assert_int_equal(preset_edit_fields(e, EDIT_FAULTS, NULL, 0), 0);

	assert_int_equal(preset_edit_add(e, EDIT_OVERRIDES, "n2", &err), 2);
	must_set(e, "topology.overrides.n2.stake", "7");
	assert_int_equal(preset_edit_duplicate(e, EDIT_OVERRIDES, 2, &err), 3);
	assert_string_equal(field(e, "topology.overrides.n0").value, "stake 7");
	assert_int_equal(preset_edit_duplicate(e, EDIT_OVERRIDES, 2, &err), -1);
	assert_int_equal(preset_edit_add(e, EDIT_OVERRIDES, "n9", &err), -1);
	reset(e, "topology.overrides.n2.stake");
	assert_string_equal(field(e, "topology.overrides.n2").value, "all by default");
	for (int i = 0; i < 4; i++)
		assert_int_equal(preset_edit_remove(e, EDIT_OVERRIDES, 0, &err), 0);
	char *text = text_of(e);

	assert_null(strstr(text, "overrides"));
	free(text);
	assert_non_null(preset_edit_status(e)->plan);
	preset_edit_free(e);
}

static void implied_checks(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset("whole");
	struct edit_field f = field(e, "expectations.seen");
	struct err err = { 0 };

	assert_true(f.implied && f.is_item && !f.is_set && f.item == 1);
	assert_int_equal(preset_edit_remove(e, EDIT_CHECKS, 1, &err), -1);
	assert_string_equal(err.text,
		"expectations.seen comes with the workload \"load\": it can be changed, but not "
		"removed");
	char *before = text_of(e), *after;

	must_set(e, "expectations.seen.min_ratio", "0.8");
	assert_false(field(e, "expectations.seen").implied);
	assert_int_equal(preset_edit_status(e)->scenario->n_checks, 2);
	assert_false(preset_edit_status(e)->scenario->checks[1].implied);
	assert_true(preset_edit_undo(e));
	after = text_of(e);
	assert_string_equal(before, after);
	free(before);
	free(after);
	preset_edit_free(e);
}

static void tidy_after_reset(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset(NULL);

	must_set(e, "wallets.count", "9");
	must_set(e, "topology.consensus.security_param", "9");
	must_set(e, "topology.layout", "random");
	must_set(e, "topology.layout.random.degree", "2");
	must_set(e, "backend.here.keep", "true");
	must_set(e, "summary", "null");
	text_is(e,
		"version: 1\nname: my-preset\nsummary: \"null\"\ntopology:\n  layout:\n    random:\n"
		"      degree: 2\n  consensus:\n    security_param: 9\nwallets:\n  count: 9\nbackend:\n"
		"  here:\n    keep: true\n");
	assert_string_equal(field(e, "summary").value, "null");
	reset(e, "wallets.count");
	reset(e, "topology.consensus.security_param");
	must_set(e, "topology.layout.random.degree", "  ");
	reset(e, "backend.here.keep");
	must_set(e, "summary", "");
	text_is(e, "version: 1\nname: my-preset\ntopology:\n  layout: random\nbackend: here\n");
	reset(e, "backend");
	reset(e, "topology.layout");
	text_is(e, "version: 1\nname: my-preset\n");
	assert_false(preset_edit_is_changed(e));
	preset_edit_free(e);
}

/* What is wrong in a file can be seen and taken away. */
static void repairs(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset("odd");
	struct err err = { 0 };

	assert_string_equal(preset_edit_status(e)->path, "runn");
	reset(e, "runn");
	assert_string_equal(preset_edit_status(e)->path, "topology.nodse");
	assert_string_equal(field(e, "topology.nodse").help, "no such setting: remove it");
	refused(e, "topology.nodse", "4",
		"topology.nodse: no such setting; it can only be removed");
	reset(e, "topology.nodse");
	assert_string_equal(preset_edit_status(e)->path, "workloads.load.rat");
	reset(e, "workloads.load.rat");
	assert_string_equal(preset_edit_status(e)->path, "workloads.nothing");
	assert_int_equal(preset_edit_remove(e, EDIT_WORKLOADS, 1, &err), 0);
	assert_string_equal(preset_edit_status(e)->path, "workloads.?");
	assert_int_equal(preset_edit_remove(e, EDIT_WORKLOADS, 1, &err), 0);
	assert_non_null(preset_edit_status(e)->plan);
	preset_edit_free(e);
	assert_null(preset_edit_open(&tiny_catalog, &source, "future", &err));
	assert_non_null(strstr(err.text, "expected 1, the only version"));
	assert_null(preset_edit_open(&tiny_catalog, &source, "whol", &err));
	assert_non_null(strstr(err.text, "did you mean \"whole\"?"));
}

static void extends_is_resolved(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset("child");

	assert_string_equal(field(e, "name").value, "child");
	assert_string_equal(field(e, "topology.nodes").value, "6");
	assert_string_equal(field(e, "wallets.count").value, "20");
	assert_false(preset_edit_is_changed(e));
	CLEANUP_FREE char *text = text_of(e);

	/* not behind all that was merged */
	assert_non_null(strstr(text, "\nversion: 1\nname: child\nsummary: all of it\ntopology:\n"));
	preset_edit_free(e);
}

static void undo_and_redo(void **state)
{
	(void)state;
	struct preset_edit *e = open_preset(NULL);
	char value[16];
	int undone = 0;

	assert_false(preset_edit_redo(e));
	for (int i = 1; i <= 600; i++) {
		snprintf(value, sizeof(value), "%d", i);
		must_set(e, "topology.nodes", value);
		must_set(e, "topology.nodes", value); /* nothing changes: no step */
	}
	assert_true(preset_edit_is_changed(e));
	while (preset_edit_undo(e))
		undone++;
	assert_int_equal(undone, 500);
	assert_string_equal(field(e, "topology.nodes").value, "100");
	assert_true(preset_edit_redo(e));
	assert_string_equal(field(e, "topology.nodes").value, "101");
	must_set(e, "topology.nodes", "7");
	assert_false(preset_edit_redo(e));
	preset_edit_free(e);
}

/* --- saving ----------------------------------------------------------------------------- */

static char *temp_dir(void)
{
	char path[] = "/tmp/ltb-edit-XXXXXX";

	assert_non_null(mkdtemp(path));
	return xstrdup(path);
}

static char *plan_of(struct preset_edit *e)
{
	struct strbuf json = { 0 };
	const struct edit_status *st = preset_edit_status(e);

	if (!st->plan)
		fail_msg("%s", st->error.text);
	plan_to_json(st->plan, &json);
	return strbuf_detach(&json);
}

static void shipped_presets_survive(void **state)
{
	(void)state;
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *sub = fs_join(dir, "a/b");
	const struct preset_source shipped = { .embedded = presets_embedded };

	for (const struct embedded_file *f = presets_embedded; f->name; f++) {
		struct err err = { 0 };
		char *path = NULL;
		const struct preset_request req = { .preset = f->name };
		struct scenario *s = scenario_load(&app_catalog, &shipped, &req, &err);
		struct plan *p = s ? plan_new(s, &err) : NULL;
		struct strbuf as_read = { 0 };
		struct preset_edit *e = preset_edit_open(&app_catalog, &shipped, f->name, &err);

		assert_non_null(p);
		assert_non_null(e);
		plan_to_json(p, &as_read);
		assert_int_equal(preset_edit_save(e, sub, f->name, false, &path, &err), 0);
		assert_false(preset_edit_is_changed(e));
		struct preset_edit *again = preset_edit_open(&app_catalog, &shipped, path, &err);

		if (!again)
			fail_msg("%s", err.text);
		CLEANUP_FREE char *plan = plan_of(e), *plan2 = plan_of(again);
		CLEANUP_FREE char *text = text_of(e), *text2 = text_of(again);

		assert_string_equal(strbuf_str(&as_read), plan);
		assert_string_equal(plan, plan2);
		assert_string_equal(text, text2);
		strbuf_release(&as_read);
		free(path);
		preset_edit_free(e);
		preset_edit_free(again);
		plan_free(p);
		scenario_free(s);
	}
	fs_remove_tree(dir, NULL);
}

static void saving(void **state)
{
	(void)state;
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *path = NULL;
	struct preset_edit *e = open_preset("whole");
	struct err err = { 0 };

	must_set(e, "run.seed", "5");
	assert_int_equal(preset_edit_save(e, dir, "../evil", false, NULL, &err), -1);
	assert_int_equal(preset_edit_save(e, dir, "mine", false, &path, &err), 0);
	assert_string_equal(field(e, "name").value, "mine");
	assert_false(preset_edit_is_changed(e));
	must_set(e, "run.seed", "6");
	assert_true(preset_edit_is_changed(e));
	assert_int_equal(preset_edit_save(e, dir, "mine", false, NULL, &err), -1);
	assert_non_null(strstr(err.text, "exists already"));
	assert_true(preset_edit_is_changed(e));
	assert_int_equal(preset_edit_save(e, dir, "mine", true, NULL, &err), 0);
	assert_true(preset_edit_undo(e));
	assert_true(preset_edit_is_changed(e));
	assert_true(preset_edit_redo(e));
	assert_false(preset_edit_is_changed(e));
	struct scenario *s = preset_edit_scenario(e, &err);

	assert_non_null(s);
	assert_int_equal(s->run.seed, 6);
	scenario_free(s);
	fs_remove_tree(dir, NULL);
	assert_int_equal(preset_edit_save(e, "/proc/none", "x", true, NULL, &err), -1);
	preset_edit_free(e);
}

/* --- anything ---------------------------------------------------------------------------- */

static const char *const values[] = { "", "0", "1", "5", "3.5", "30s", "500ms", "1h", "true", "no",
	"n0, n1", "[]", "[\"a, b\", ~]", "random", "star", "block", "here", "away", "x y",
	"\xff\xfe", "null", "- a", "\"", "a: b", "99999999999999999999", "ä \xe2\x9c\x93", "KEY=1",
	"[", "{a: [b]}", "all", "\t#", "?" };

static void random_step(struct preset_edit *e, struct rng *rng)
{
	enum edit_section s = (enum edit_section)rng_below(rng, EDIT_SECTION_COUNT);
	size_t n = preset_edit_fields(e, s, NULL, 0);
	int item = (int)rng_below(rng, 4);
	struct err err = { 0 };

	switch (rng_below(rng, 10)) {
	case 0:
		preset_edit_reset(e, s, (size_t)rng_below(rng, n + 1), &err);
		break;
	case 1: {
		const char *const *names = preset_edit_addable(e, s);

		if (names[0])
			preset_edit_add(e, s, names[0], &err);
		break;
	}
	case 2:
		preset_edit_remove(e, s, item, &err);
		break;
	case 3:
		preset_edit_duplicate(e, s, item, &err);
		break;
	case 4:
		preset_edit_move(e, s, item, (int)rng_below(rng, 5) - 2, &err);
		break;
	case 5:
		preset_edit_undo(e);
		break;
	case 6:
		preset_edit_redo(e);
		break;
	default:
		preset_edit_set(e, s, (size_t)rng_below(rng, n + 1),
			values[rng_below(rng, ARRAY_LEN(values))], &err);
	}
}

/* What is shown as a value can be typed in again, and the status is what the reader says. */
static void consistent(struct preset_edit *e)
{
	static struct edit_field fields[MAX_FIELDS];
	CLEANUP_FREE char *text = text_of(e);
	const struct edit_status *st = preset_edit_status(e);
	struct err err = { 0 };
	struct scenario *s =
		scenario_parse(&tiny_catalog, &source, "preset", text, strlen(text), NULL, &err);

	assert_true((s != NULL) == (st->scenario != NULL));
	assert_true((st->plan == NULL) == (st->error.code != ERR_NONE));
	scenario_free(s);
	for (int i = 0; i < EDIT_SECTION_COUNT; i++) {
		size_t n = preset_edit_fields(e, (enum edit_section)i, fields, MAX_FIELDS);

		for (size_t j = 0; st->plan && j < n; j++) {
			struct err why = { 0 };

			if (fields[j].is_item || !fields[j].is_set)
				continue;
			if (preset_edit_check(e, (enum edit_section)i, j, fields[j].value, &why) <
				0)
				fail_msg("%s", why.text);
		}
	}
}

static void anything(void **state)
{
	(void)state;
	static const char *const presets[] = { "whole", "odd", NULL, "child" };

	for (uint64_t seed = 0; seed < ARRAY_LEN(presets); seed++) {
		struct preset_edit *e = open_preset(presets[seed]);
		CLEANUP_FREE char *first = text_of(e);
		struct rng rng;
		int steps = 0;

		rng_init(&rng, seed);
		for (int i = 0; i < 500; i++) {
			CLEANUP_FREE char *before = text_of(e);

			random_step(e, &rng);
			CLEANUP_FREE char *after = text_of(e);

			if (strcmp(before, after) != 0 && preset_edit_undo(e)) {
				/* an undo or a redo has gone the other way */
				CLEANUP_FREE char *undone = text_of(e);

				assert_true(preset_edit_redo(e));
				CLEANUP_FREE char *redone = text_of(e);

				assert_string_equal(after, redone);
				steps += strcmp(undone, before) == 0;
			}
			consistent(e);
		}
		assert_true(steps > 50);
		while (preset_edit_undo(e))
			;
		CLEANUP_FREE char *last = text_of(e);

		assert_string_equal(first, last);
		preset_edit_free(e);
	}
}

static const char *slot_time(const char *name)
{
	return strcmp(name, "CONSENSUS_SLOT_TIME") == 0 ? "3" : NULL;
}

static void from_the_environment(void **state)
{
	struct preset_source src = source;
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf text = { 0 };
	(void)state;

	src.get = slot_time;
	struct preset_edit *e = preset_edit_open(&tiny_catalog, &src, NULL, &err);
	struct edit_field f = field(e, "topology.consensus.slot_duration");

	assert_false(f.is_set);
	assert_string_equal(f.value, "3s");
	assert_string_equal(f.from, "CONSENSUS_SLOT_TIME");
	assert_string_equal(f.def, "500ms");
	assert_null(field(e, "topology.consensus.active_slot_coeff").from);
	assert_int_equal(
		preset_edit_status(e)->scenario->topology.consensus.slot_duration_ns, 3000000000u);
	/* It is no part of what is edited. */
	preset_edit_text(e, &text);
	assert_null(strstr(strbuf_str(&text), "slot_duration"));
	must_set(e, "topology.consensus.slot_duration", "1s");
	f = field(e, "topology.consensus.slot_duration");
	assert_string_equal(f.value, "1s");
	assert_null(f.from);
	assert_int_equal(
		preset_edit_status(e)->scenario->topology.consensus.slot_duration_ns, 1000000000u);
	preset_edit_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one),
		cmocka_unit_test(every_type),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(status_points_to_the_field),
		cmocka_unit_test(status_of_plugins),
		cmocka_unit_test(items),
		cmocka_unit_test(implied_checks),
		cmocka_unit_test(tidy_after_reset),
		cmocka_unit_test(repairs),
		cmocka_unit_test(extends_is_resolved),
		cmocka_unit_test(undo_and_redo),
		cmocka_unit_test(shipped_presets_survive),
		cmocka_unit_test(saving),
		cmocka_unit_test(from_the_environment),
		cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
