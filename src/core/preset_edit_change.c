/*
 * Changes of the document: one value, or whole items. A value is read by the
 * option parser before it is written; what only the whole can tell is left to
 * the status.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/backend.h"
#include "core/check.h"
#include "core/preset_edit_priv.h"
#include "core/scenario_sections.h"
#include "core/workload.h"

/* --- one value ------------------------------------------------------------------------ */

static char *trimmed(const char *s)
{
	s += strspn(s, " \t\r\n");
	size_t len = strlen(s);

	while (len > 0 && strchr(" \t\r\n", s[len - 1]))
		len--;
	return xstrndup(s, len);
}

static struct ynode *make_value(enum option_type type, const char *text, struct err *err)
{
	if (type == OPTION_STRINGS)
		return tree_parse_list(text, err);
	struct ynode *n = tree_scalar(text, false);

	/* A text may be "null"; a number may not. */
	n->quoted = n->quoted || (type == OPTION_STRING && ynode_is_null(n));
	return n;
}

static void unlabel(struct ynode *n, const char *file)
{
	n->file = file;
	n->line = n->col = 0;
	for (size_t i = 0; i < n->len; i++)
		unlabel(n->items[i], file);
}

/* The value alone, as the reader of presets sees it: "PATH: expected ..., not ...". */
static int check_option(const struct slot *s, const struct ynode *value, struct err *err)
{
	struct option table[2] = { *s->option, { 0 } };
	union {
		uint64_t u;
		double d;
		char *s;
		struct strlist l;
	} scratch = { 0 };
	struct ynode *map = ynode_new(YNODE_MAP, s->f.path, 0, 0);
	struct ynode *copy = ynode_copy(value, s->f.path);

	unlabel(copy, s->f.path);
	ynode_set(map, s->key, copy);
	table[0].offset = 0;
	int rc = options_parse(table, NULL, map, &scratch, err);

	options_release(table, &scratch);
	ynode_free(map);
	return rc;
}

static int check_choice(const struct slot *s, const char *text, struct err *err)
{
	struct ynode *n = ynode_new_scalar(text, false, s->f.path, 0, 0);
	CLEANUP_STRBUF struct strbuf hint = { 0 };
	int rc = -1;

	strbuf_adds(&hint, "expected one of ");
	for (size_t i = 0; s->f.choices[i]; i++) {
		strbuf_addf(&hint, "%s%s", i ? ", " : "", s->f.choices[i]);
		if (strcmp(s->f.choices[i], text) == 0)
			rc = 0;
	}
	if (rc < 0)
		option_unknown(n, NULL, s->f.name, s->f.choices, strbuf_str(&hint), err);
	ynode_free(n);
	return rc;
}

/* *ret: the node to write. */
static int check_value(const struct slot *s, const char *text, struct ynode **ret, struct err *err)
{
	*ret = NULL;
	switch (s->kind) {
	case SLOT_UNKNOWN:
		return err_set(
			err, ERR_USAGE, "%s: no such setting; it can only be removed", s->f.path);
	case SLOT_ITEM:
		return err_set(
			err, ERR_USAGE, "%s is an entry: change the settings below it", s->f.path);
	case SLOT_CHOICE:
		if (check_choice(s, text, err) < 0)
			return -1;
		*ret = tree_scalar(text, false);
		return 0;
	case SLOT_OPTION:
		break;
	}
	*ret = make_value(s->f.type, text, err);
	if (!*ret)
		return err_prefix(err, "%s", s->f.path);
	if (check_option(s, *ret, err) == 0)
		return 0;
	ynode_free(*ret);
	*ret = NULL;
	return -1;
}

int preset_edit_check(struct preset_edit *e, enum edit_section s, size_t field, const char *value,
	struct err *err)
{
	struct slot *slot = edit_slot(e, s, field, err);
	CLEANUP_FREE char *text = trimmed(value);
	struct ynode *node = NULL;

	if (!slot)
		return -1;
	if (!*text && slot->kind != SLOT_ITEM)
		return 0;
	int rc = check_value(slot, text, &node, err);

	ynode_free(node);
	return rc;
}

/* --- items in lists --------------------------------------------------------------------- */

/* Appends NAME to a list of the root; its index, or -1. */
static int append_entry(
	struct preset_edit *e, enum edit_section s, struct ynode *entry, struct err *err)
{
	struct ynode *root = e->doc->root;
	const char *key = edit_list_key(s);
	struct ynode *list = tree_list(root, key);

	if (list && list->len >= SCENARIO_MAX_PLUGINS) {
		ynode_free(entry);
		return err_set(err, ERR_USAGE, "%s: at most %d entries are allowed", key,
			SCENARIO_MAX_PLUGINS);
	}
	if (!list) {
		list = ynode_new(YNODE_SEQ, EDIT_LABEL, 0, 0);
		tree_put(root, key, list, edit_root_order);
	}
	ynode_append(list, entry);
	return (int)list->len - 1;
}

/* An implied expectation gets settings of its own: it is written then. */
static int write_implied(
	struct preset_edit *e, enum edit_section s, struct place *place, struct err *err)
{
	if (place->entry != INT32_MAX)
		return 0;
	place->entry = append_entry(e, s, tree_scalar(place->choice, false), err);
	return place->entry < 0 ? -1 : 0;
}

/* Is it written like that already? "5" in quotes is not 5, so it has to be a valid one. */
static bool is_there(const struct slot *s, const char *text)
{
	if (!s->f.is_set || strcmp(s->f.value, text) != 0)
		return false;
	return s->kind != SLOT_OPTION || check_option(s, s->at, NULL) == 0;
}

int preset_edit_set(struct preset_edit *e, enum edit_section s, size_t field, const char *value,
	struct err *err)
{
	struct slot *slot = edit_slot(e, s, field, err);
	CLEANUP_FREE char *text = trimmed(value);
	struct ynode *node;

	if (!slot)
		return -1;
	if (!*text && slot->kind != SLOT_ITEM)
		return preset_edit_reset(e, s, field, err);
	if (check_value(slot, text, &node, err) < 0)
		return -1;
	if (is_there(slot, text)) {
		ynode_free(node);
		return 0;
	}
	struct place place = slot->place;

	if (slot->kind == SLOT_CHOICE) {
		/* Its key is the last step; the place is what holds it. */
		place.choice = NULL;
		place.n_steps--;
		tree_put(place_make(e->doc->root, &place), slot->key, node,
			place.n_steps ? edit_topology_order : edit_root_order);
		return edit_commit(e, err);
	}
	if (write_implied(e, s, &place, err) < 0) {
		ynode_free(node);
		return -1;
	}
	tree_put(place_make(e->doc->root, &place), slot->key, node, slot->order);
	return edit_commit(e, err);
}

int preset_edit_reset(struct preset_edit *e, enum edit_section s, size_t field, struct err *err)
{
	struct slot *slot = edit_slot(e, s, field, err);

	if (!slot)
		return -1;
	if (slot->kind == SLOT_ITEM)
		return err_set(err, ERR_USAGE, "%s is an entry: it can be removed, not reset",
			slot->f.path);
	if (!slot->at_key)
		return 0;
	struct place place = slot->place;

	if (slot->kind == SLOT_CHOICE) {
		place.choice = NULL;
		place.n_steps--;
	}
	struct ynode *map = place_find(e->doc->root, &place);

	tree_remove(map, tree_find(map, slot->key));
	/* What is left of an override stays: it is an item. */
	if (s != EDIT_OVERRIDES)
		place_tidy(e->doc->root, &place);
	return edit_commit(e, err);
}

/* --- adding -------------------------------------------------------------------------------- */

static uint64_t node_count(struct preset_edit *e)
{
	const struct slots *l = edit_slots(e, EDIT_TOPOLOGY);
	uint64_t n = 0;

	for (size_t i = 0; i < l->v.len; i++) {
		const struct slot *s = &l->v.items[i];

		if (s->kind != SLOT_OPTION || strcmp(s->key, "nodes") != 0)
			continue;
		n = strtoull(s->f.value, NULL, 10);
		if (n < s->option->min || n > s->option->max)
			n = strtoull(s->option->def, NULL, 10);
	}
	return n;
}

static void addable_nodes(struct preset_edit *e)
{
	const struct ynode *have = ynode_get(ynode_get(e->doc->root, "topology"), "overrides");
	uint64_t n = node_count(e);

	for (uint64_t i = 0; i < n; i++) {
		char name[24];

		snprintf(name, sizeof(name), "n%" PRIu64, i);
		if (!ynode_get(have, name))
			strlist_add(&e->addable_names, name);
	}
	for (size_t i = 0; i < e->addable_names.len; i++)
		vec_push(&e->addable, e->addable_names.items[i]);
}

const char *const *preset_edit_addable(struct preset_edit *e, enum edit_section s)
{
	e->addable.len = 0;
	strlist_release(&e->addable_names);
	if (s == EDIT_OVERRIDES)
		addable_nodes(e);
	for (size_t i = 0; e->cat->workloads && e->cat->workloads[i]; i++) {
		const struct workload_ops *w = e->cat->workloads[i];

		if (s == (workload_is_fault(w) ? EDIT_FAULTS : EDIT_WORKLOADS))
			vec_push(&e->addable, w->name);
	}
	for (size_t i = 0; s == EDIT_CHECKS && e->cat->checks && e->cat->checks[i]; i++)
		vec_push(&e->addable, e->cat->checks[i]->name);
	vec_push(&e->addable, NULL);
	return e->addable.items;
}

/* Number of the last item that is written. */
static int last_item(struct preset_edit *e, enum edit_section s)
{
	const struct slots *l = edit_slots(e, s);
	int last = -1;

	for (size_t i = 0; i < l->v.len; i++) {
		if (l->v.items[i].kind == SLOT_ITEM && !l->v.items[i].f.implied)
			last = l->v.items[i].f.item;
	}
	return last;
}

static int add_override(
	struct preset_edit *e, const char *name, struct ynode *value, struct err *err)
{
	const struct place place = {
		.steps = { "topology", "overrides" }, .n_steps = 2, .entry = -1
	};

	ynode_set(place_make(e->doc->root, &place), name, value);
	return edit_commit(e, err) < 0 ? -1 : last_item(e, EDIT_OVERRIDES);
}

int preset_edit_add(struct preset_edit *e, enum edit_section s, const char *wanted, struct err *err)
{
	/* It may well be one of the last list of names, which goes now. */
	CLEANUP_FREE char *name = xstrdup(wanted);
	const char *const *names = preset_edit_addable(e, s);
	size_t i = 0;

	if (!edit_section_has_items(s))
		return err_set(err, ERR_USAGE, "%s has no entries", edit_section_title(s));
	while (names[i] && strcmp(names[i], name) != 0)
		i++;
	if (!names[i]) {
		struct ynode *n = ynode_new_scalar(name, false, edit_section_title(s), 0, 0);

		option_unknown(n, NULL, "name", names, NULL, err);
		ynode_free(n);
		return -1;
	}
	if (s == EDIT_OVERRIDES)
		return add_override(e, names[i], ynode_new(YNODE_MAP, EDIT_LABEL, 0, 0), err);
	if (append_entry(e, s, tree_scalar(names[i], false), err) < 0 || edit_commit(e, err) < 0)
		return -1;
	return last_item(e, s);
}

/* --- removing, copying, moving --------------------------------------------------------------- */

static int not_written(const struct slot *head, const char *what, struct err *err)
{
	return err_set(err, ERR_USAGE,
		"%s comes with the workload \"%s\": it can be changed, but not %s", head->f.path,
		head->implies, what);
}

/* The list or map that holds the items. */
static struct ynode *holder_of(struct preset_edit *e, enum edit_section s)
{
	if (s == EDIT_OVERRIDES)
		return ynode_get(ynode_get(e->doc->root, "topology"), "overrides");
	return tree_list(e->doc->root, edit_list_key(s));
}

int preset_edit_remove(struct preset_edit *e, enum edit_section s, int item, struct err *err)
{
	struct slot *head = edit_head(e, s, item, err);

	if (!head)
		return -1;
	if (head->f.implied)
		return not_written(head, "removed", err);
	const struct place place = { .steps = { s == EDIT_OVERRIDES ? "topology" : edit_list_key(s),
					     "overrides" },
		.n_steps = s == EDIT_OVERRIDES ? 2 : 1,
		.entry = -1 };

	tree_remove(holder_of(e, s), (size_t)head->index);
	place_tidy(e->doc->root, &place);
	return edit_commit(e, err);
}

/* Puts what was appended to a list behind entry `index`. */
static void move_last_behind(struct ynode *list, size_t index)
{
	struct ynode *last = list->items[list->len - 1];

	for (size_t i = list->len - 1; i > index + 1; i--)
		list->items[i] = list->items[i - 1];
	list->items[index + 1] = last;
}

int preset_edit_duplicate(struct preset_edit *e, enum edit_section s, int item, struct err *err)
{
	struct slot *head = edit_head(e, s, item, err);

	if (!head)
		return -1;
	if (head->f.implied)
		return not_written(head, "copied", err);
	struct ynode *copy = ynode_copy(head->at, EDIT_LABEL);

	if (s == EDIT_OVERRIDES) {
		const char *const *names = preset_edit_addable(e, s);

		if (names[0])
			return add_override(e, names[0], copy, err);
		ynode_free(copy);
		return err_set(err, ERR_USAGE, "%s: every node has an entry already",
			edit_section_title(s));
	}
	size_t index = (size_t)head->index;

	if (append_entry(e, s, copy, err) < 0)
		return -1;
	move_last_behind(tree_list(e->doc->root, edit_list_key(s)), index);
	return edit_commit(e, err) < 0 ? -1 : item + 1;
}

int preset_edit_move(struct preset_edit *e, enum edit_section s, int item, int by, struct err *err)
{
	struct slot *head = edit_head(e, s, item, err);
	int last = last_item(e, s);

	if (!head)
		return -1;
	if (head->f.implied)
		return not_written(head, "moved", err);
	if (item + by < 0 || item + by > last)
		return err_set(err, ERR_USAGE, "%s is the %s already", head->f.path,
			by < 0 ? "first" : "last");
	struct ynode *holder = holder_of(e, s);
	int from = item, step = by < 0 ? -1 : 1;

	/* Past one neighbour of the same section after the other; what lies between stays. */
	for (; from != item + by; from += step) {
		size_t a = (size_t)edit_head(e, s, from, NULL)->index;
		size_t b = (size_t)edit_head(e, s, from + step, NULL)->index;
		struct ynode *n = holder->items[a];

		holder->items[a] = holder->items[b];
		holder->items[b] = n;
		if (holder->kind == YNODE_MAP) {
			n = holder->keys[a];
			holder->keys[a] = holder->keys[b];
			holder->keys[b] = n;
		}
	}
	return edit_commit(e, err);
}
