/* Keys of actions: defaults and key files; see keymap.h. */
#include "ui/keymap.h"

#include <string.h>

#include "core/option.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/nearest.h"
#include "util/yaml.h"

#define KEYMAP_FILE_MAX (64u << 10)

void keymap_defaults(struct keymap *m)
{
	memset(m, 0, sizeof(*m));
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		const char *keys = action_info(a)->keys;
		for (size_t n = 0; *keys && n < KEYMAP_PER_ACTION; n++) {
			size_t len = strcspn(keys, " ");
			CLEANUP_FREE char *name = xstrndup(keys, len);
			m->keys[a][n] = key_parse(name);
			keys += len + strspn(keys + len, " ");
		}
	}
}

static bool has_key(const struct keymap *m, enum action a, key_code k)
{
	for (size_t i = 0; i < KEYMAP_PER_ACTION; i++) {
		if (m->keys[a][i] == k)
			return true;
	}
	return false;
}

enum action keymap_find(const struct keymap *m, key_code k, unsigned contexts)
{
	for (enum action a = ACTION_NONE + 1; k != KEY_NONE && a < ACTION_COUNT; a++) {
		if ((action_info(a)->contexts & contexts) && has_key(m, a, k))
			return a;
	}
	return ACTION_NONE;
}

const char *keymap_label(const struct keymap *m, enum action a, char *buf, size_t size)
{
	key_code k = m->keys[a][0];
	if (k != KEY_NONE)
		return key_label(k, buf, size);
	if (size)
		buf[0] = '\0';
	return buf;
}

/* --- key files --- */

static int parse_key(const struct ynode *n, const char *where, key_code *ret, struct err *err)
{
	char buf[OPTION_QUOTE];
	if (n->kind != YNODE_SCALAR || (ynode_is_null(n) && !*n->scalar))
		return option_err(n, where, err, "expected the name of a key, not %s",
			option_value_text(n, buf, sizeof(buf)));
	*ret = key_parse(n->scalar);
	if (*ret == KEY_NONE)
		return option_unknown(n, where, "key", key_names,
			"keys are named like r, R, ctrl-s, alt-x, f5, enter, space", err);
	if ((*ret & ~(key_code)KEY_ALT_BIT) == key_ctrl('c'))
		return option_err(n, where, err, "ctrl-c always interrupts");
	return 0;
}

static int parse_action(struct keymap *m, enum action a, const struct ynode *v, struct err *err)
{
	const char *where = action_info(a)->name;
	key_code keys[KEYMAP_PER_ACTION] = { KEY_NONE };
	if (v->kind == YNODE_SEQ) {
		if (v->len > KEYMAP_PER_ACTION)
			return option_err(v->items[KEYMAP_PER_ACTION], where, err,
				"an action has at most %d keys", KEYMAP_PER_ACTION);
		for (size_t i = 0; i < v->len; i++) {
			if (parse_key(v->items[i], where, &keys[i], err) != 0)
				return -1;
		}
	} else if (v->kind == YNODE_MAP || (ynode_is_null(v) && !*v->scalar)) {
		return option_err(v, where, err, "expected a key or a list of keys; [] is none");
	} else if (parse_key(v, where, &keys[0], err) != 0) {
		return -1;
	}
	memcpy(m->keys[a], keys, sizeof(keys));
	return 0;
}

static int unknown_action(const struct ynode *key, struct err *err)
{
	const char *names[ACTION_COUNT];
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
		names[a - 1] = action_info(a)->name;
	names[ACTION_COUNT - 1] = NULL;
	return option_unknown(key, NULL, "action", names, "the help screen lists them", err);
}

/* The action besides `a` that k means in a place where `a` has a meaning. */
static enum action other_meaning(const struct keymap *m, enum action a, key_code k)
{
	for (enum action b = ACTION_NONE + 1; b < ACTION_COUNT; b++) {
		if (b != a && has_key(m, b, k) &&
			action_contexts_meet(action_info(a)->contexts, action_info(b)->contexts))
			return b;
	}
	return ACTION_NONE;
}

/* Only what the file sets can be in the way of something, but with defaults, too. */
static int check_meanings(const struct keymap *m, const struct ynode *root, struct err *err)
{
	for (size_t i = 0; i < root->len; i++) {
		enum action a = action_by_name(root->keys[i]->scalar);
		const struct ynode *v = root->items[i];
		for (size_t j = 0; j < KEYMAP_PER_ACTION; j++) {
			key_code k = m->keys[a][j];
			enum action b = k == KEY_NONE ? ACTION_NONE : other_meaning(m, a, k);
			if (b == ACTION_NONE)
				continue;
			char name[24];
			return option_err(v->kind == YNODE_SEQ ? v->items[j] : v,
				action_info(a)->name, err,
				"%s already means \"%s\" there; give that another key, or none: "
				"%s: []",
				key_to_name(k, name, sizeof(name)), action_info(b)->name,
				action_info(b)->name);
		}
	}
	return 0;
}

static int parse_root(struct keymap *m, const struct ynode *root, struct err *err)
{
	if (!root || ynode_is_null(root))
		return 0;
	if (root->kind != YNODE_MAP)
		return ynode_err(root, err, "expected lines of ACTION: [KEY...]");
	for (size_t i = 0; i < root->len; i++) {
		enum action a = action_by_name(root->keys[i]->scalar);
		if (a == ACTION_NONE)
			return unknown_action(root->keys[i], err);
		if (parse_action(m, a, root->items[i], err) != 0)
			return -1;
	}
	return check_meanings(m, root, err);
}

int keymap_parse(struct keymap *m, const char *file, const char *text, size_t len, struct err *err)
{
	struct ydoc *doc = yaml_parse(file, text, len, KEYMAP_FILE_MAX, err);
	if (!doc)
		return -1;
	struct keymap changed = *m; /* on an error nothing changes */
	int rc = parse_root(&changed, doc->root, err);
	if (rc == 0)
		*m = changed;
	ydoc_free(doc);
	return rc;
}

int keymap_load(struct keymap *m, const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	if (fs_read(path, KEYMAP_FILE_MAX, &text, err) != 0)
		return -1;
	return keymap_parse(m, path, strbuf_str(&text), text.len, err);
}
