/* Keys, the table of actions, key files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "ui/keymap.h"
#include "util/mem.h"

static void assert_round_trip(key_code k)
{
	char name[24], label[24];
	key_to_name(k, name, sizeof(name));
	if (key_parse(name) != k)
		fail_msg("%x is \"%s\", which is %x", k, name, key_parse(name));
	assert_true(*key_label(k, label, sizeof(label)));
}

static void test_names_of_all_keys(void **state)
{
	(void)state;
	for (key_code k = 1; k < KEY_MOUSE_; k++) {
		if (k > 0x10ffff && k < KEY_ENTER_)
			continue;
		if (k <= 0x10ffff && !key_is_text(k))
			continue;
		assert_round_trip(k);
		assert_round_trip(k | KEY_ALT_BIT);
	}
	for (char c = 'a'; c <= 'z'; c++) {
		char name[] = "Ctrl-?";
		name[5] = c;
		assert_int_equal(key_parse(name), key_ctrl(c));
		assert_int_not_equal(key_ctrl(c), KEY_NONE);
		assert_int_equal(key_ctrl((char)toupper(c)), key_ctrl(c));
		assert_round_trip(key_ctrl(c));
		assert_round_trip(key_ctrl(c) | KEY_ALT_BIT);
	}
	for (size_t i = 0; key_names[i]; i++)
		assert_int_not_equal(key_parse(key_names[i]), KEY_NONE);
}

static void test_spelling_of_keys(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		key_code code;
		const char *label;
	} cases[] = {
		{ "r", 'r', "r" },
		{ "R", 'R', "R" },
		{ "é", 0xe9, "é" },
		{ "ENTER", KEY_ENTER_, "ENTER" },
		{ "return", KEY_ENTER_, "ENTER" },
		{ "ctrl-s", KEY_CTRL_BASE + 's', "^S" },
		{ "ctrl-m", KEY_ENTER_, "ENTER" },
		{ "alt-x", 'x' | KEY_ALT_BIT, "ALT-x" },
		{ "Alt-F12", KEY_F12_ | KEY_ALT_BIT, "ALT-F12" },
		{ "space", ' ', "SPACE" },
		{ "shift-tab", KEY_BACKTAB, "S-TAB" },
		{ "-", '-', "-" },
	};
	char buf[24];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(key_parse(cases[i].name), cases[i].code);
		assert_string_equal(key_label(cases[i].code, buf, sizeof(buf)), cases[i].label);
	}
	static const char *const bad[] = { "", "rr", "ctrl-", "ctrl-1", "ctrl-ab", "alt-", "f0",
		"f13", "mouse", "resize", "none", "\xff", "\x1b", "\n", "alt-alt-x", "e\xcc\x81" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (key_parse(bad[i]) != KEY_NONE)
			fail_msg("\"%s\" is %x", bad[i], key_parse(bad[i]));
	}
	assert_true(key_is_text(' ') && key_is_text('~') && key_is_text(0x65e5));
	assert_false(key_is_text(0x1b) || key_is_text('x' | KEY_ALT_BIT) || key_is_text(KEY_UP_));
}

static void test_every_action_is_complete(void **state)
{
	(void)state;
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info(a);
		assert_true(*info->name && *info->help);
		assert_true(info->contexts != 0);
		for (const char *p = info->name; *p; p++)
			assert_true(islower((unsigned char)*p) || isdigit((unsigned char)*p) ||
				    *p == '-');
		assert_int_equal(action_by_name(info->name), a); /* also: names are unique */
		assert_true(action_contexts_meet(info->contexts, info->contexts));
	}
	assert_int_equal(action_by_name(""), ACTION_NONE);
	assert_int_equal(action_by_name("nothing"), ACTION_NONE);
	assert_string_equal(action_info(ACTION_COUNT)->name, "");
	for (unsigned c = CTX_ANY; c <= CTX_VIEW; c <<= 1)
		assert_true(*action_context_title((enum action_context)c));
}

static void test_default_keys(void **state)
{
	(void)state;
	struct keymap m;
	keymap_defaults(&m);
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		size_t n = 0;
		for (const char *p = action_info(a)->keys; *p; n++)
			p += strcspn(p, " "), p += strspn(p, " ");
		assert_true(n <= KEYMAP_PER_ACTION);
		assert_true(n > 0 || a == ACTION_THEME); /* that one is for the palette */
		for (size_t i = 0; i < KEYMAP_PER_ACTION; i++) {
			if ((m.keys[a][i] != KEY_NONE) != (i < n))
				fail_msg("%s: key %zu of \"%s\"", action_info(a)->name, i,
					action_info(a)->keys);
			assert_true(i < n || m.keys[a][i] == KEY_NONE);
		}
	}
	char buf[24];
	assert_string_equal(keymap_label(&m, ACTION_OPEN, buf, sizeof(buf)), "ENTER");
	assert_string_equal(keymap_label(&m, ACTION_THEME, buf, sizeof(buf)), "");
	assert_int_equal(keymap_find(&m, KEY_NONE, ~0u), ACTION_NONE);
}

static void test_no_key_has_two_meanings_in_one_place(void **state)
{
	(void)state;
	struct keymap m;
	keymap_defaults(&m);
	for (const unsigned *place = action_places; *place; place++) {
		for (enum action a = 1; a < ACTION_COUNT; a++) {
			if (!(action_info(a)->contexts & *place))
				continue;
			for (size_t i = 0; i < KEYMAP_PER_ACTION && m.keys[a][i]; i++) {
				enum action found = keymap_find(&m, m.keys[a][i], *place);
				if (found != a)
					fail_msg("\"%s\" is \"%s\" and \"%s\"",
						action_info(a)->keys, action_info(found)->name,
						action_info(a)->name);
			}
		}
	}
	assert_true(action_contexts_meet(CTX_ANY, CTX_VIEW));
	assert_true(action_contexts_meet(CTX_RUN, CTX_REPLAY));
	assert_false(action_contexts_meet(CTX_LIVE, CTX_REPLAY));
	assert_false(action_contexts_meet(CTX_START, CTX_EDIT));
}

/* What people have learned; the screens in the manual show them. */
static void test_well_known_keys(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		unsigned contexts;
		enum action action;
	} known[] = {
		{ "r", CTX_LIVE, ACTION_RESTART },
		{ "k", CTX_LIVE, ACTION_KILL },
		{ "z", CTX_LIVE, ACTION_PAUSE },
		{ "p", CTX_LIVE, ACTION_PARTITION },
		{ "+", CTX_LIVE, ACTION_ADD_NODE },
		{ "-", CTX_LIVE, ACTION_REMOVE_NODE },
		{ "R", CTX_LIVE, ACTION_RATE },
		{ "b", CTX_LIVE, ACTION_BURST },
		{ "j", CTX_LIVE, ACTION_JUDGE },
		{ "e", CTX_LIVE, ACTION_END_RUN },
		{ "-", CTX_REPLAY, ACTION_SLOWER },
		{ "?", CTX_VIEW, ACTION_HELP },
		{ "q", CTX_START, ACTION_QUIT },
		{ "tab", CTX_RUN, ACTION_PANE_NEXT },
		{ "tab", CTX_EDIT, ACTION_SECTION_NEXT },
	};
	struct keymap m;
	keymap_defaults(&m);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		unsigned contexts = CTX_ANY | known[i].contexts;
		assert_int_equal(
			keymap_find(&m, key_parse(known[i].key), contexts), known[i].action);
	}
	assert_int_equal(keymap_find(&m, 'r', CTX_ANY | CTX_RUN), ACTION_NONE);
}

static int parse(struct keymap *m, const char *text, struct err *err)
{
	return keymap_parse(m, "keys.yaml", text, strlen(text), err);
}

static void test_key_file_changes_defaults(void **state)
{
	(void)state;
	struct keymap m, untouched;
	struct err err = { 0 };
	keymap_defaults(&m);
	keymap_defaults(&untouched);
	assert_int_equal(parse(&m, "", &err), 0);
	assert_int_equal(parse(&m, "# nothing\n", &err), 0);
	assert_memory_equal(&m, &untouched, sizeof(m));
	assert_int_equal(
		parse(&m, "restart: [alt-r, f9]\nkill: []\nburst: \"-\"\nremove-node: k\n", &err),
		0);
	assert_int_equal(keymap_find(&m, 'r', CTX_LIVE), ACTION_NONE);
	assert_int_equal(keymap_find(&m, key_parse("alt-r"), CTX_LIVE), ACTION_RESTART);
	assert_int_equal(keymap_find(&m, key_parse("F9"), CTX_LIVE), ACTION_RESTART);
	assert_int_equal(keymap_find(&m, 'k', CTX_LIVE), ACTION_REMOVE_NODE);
	assert_int_equal(keymap_find(&m, '-', CTX_LIVE), ACTION_BURST);
	assert_int_equal(keymap_find(&m, 'z', CTX_LIVE), ACTION_PAUSE);
}

static void test_key_file_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "restrat: r\n",
			"keys.yaml:1:1: unknown action \"restrat\"; did you mean \"restart\"?" },
		{ "quit: Q\nrestart: [r, entr]\n",
			"keys.yaml:2:14: restart: unknown key \"entr\"; did you mean \"enter\"?" },
		{ "restart: hyper-x\n",
			"keys.yaml:1:10: restart: unknown key \"hyper-x\"; keys are named like r, R, "
			"ctrl-s, alt-x, f5, enter, space" },
		{ "restart: [r, k]\n",
			"keys.yaml:1:14: restart: k already means \"kill\" there; give that another "
			"key, or none: kill: []" },
		{ "help: r\n",
			"keys.yaml:1:7: help: r already means \"restart\" there; give that another "
			"key, or none: restart: []" },
		{ "restart: [a, b, c, d, e]\n",
			"keys.yaml:1:23: restart: an action has at most 4 keys" },
		{ "restart:\n",
			"keys.yaml:1:9: restart: expected a key or a list of keys; [] is none" },
		{ "restart: {a: b}\n",
			"keys.yaml:1:10: restart: expected a key or a list of keys; [] is none" },
		{ "restart: [[a]]\n",
			"keys.yaml:1:11: restart: expected the name of a key, not a list" },
		{ "restart: ctrl-c\n", "keys.yaml:1:10: restart: ctrl-c always interrupts" },
		{ "- restart\n", "keys.yaml:1:1: expected lines of ACTION: [KEY...]" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct keymap m, untouched;
		struct err err = { 0 };
		keymap_defaults(&m);
		keymap_defaults(&untouched);
		assert_int_equal(parse(&m, cases[i].text, &err), -1);
		assert_string_equal(err.text, cases[i].message);
		assert_int_equal(err.code, ERR_USAGE);
		assert_memory_equal(&m, &untouched, sizeof(m));
	}
	struct keymap m;
	struct err err = { 0 };
	keymap_defaults(&m);
	assert_int_equal(keymap_load(&m, "no/such/keys.yaml", &err), -1);
	assert_non_null(strstr(err.text, "no/such/keys.yaml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_all_keys),
		cmocka_unit_test(test_spelling_of_keys),
		cmocka_unit_test(test_every_action_is_complete),
		cmocka_unit_test(test_default_keys),
		cmocka_unit_test(test_no_key_has_two_meanings_in_one_place),
		cmocka_unit_test(test_well_known_keys),
		cmocka_unit_test(test_key_file_changes_defaults),
		cmocka_unit_test(test_key_file_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
