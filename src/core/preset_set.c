/*
 * `--set dotted.key=value`: one change to a preset's tree. Whether the key means
 * anything is found out when the tree is read; only the way to it must exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/option.h"
#include "core/preset.h"
#include "util/nearest.h"
#include "util/strbuf.h"

#define SET_MAX_SEGMENTS 16
#define SET_MAX_BYTES    (64u * 1024)

struct path {
	const char *label; /* "--set KEY", for messages */
	char *key;         /* a copy, cut into segments */
	const char *segments[SET_MAX_SEGMENTS];
	size_t len;
};

/* A key made here has no position: messages show the label alone. */
static void put_labelled(struct ynode *map, const char *key, struct ynode *value, const char *label)
{
	bool is_new = !ynode_get(map, key);

	ynode_set(map, key, value);
	if (is_new) {
		struct ynode *k = map->keys[map->len - 1];

		k->file = label;
		k->line = k->col = 0;
	}
}

static void relabel(struct ynode *n, const char *label)
{
	n->file = label;
	n->line = n->col = 0;
	for (size_t i = 0; i < n->len; i++) {
		if (n->kind == YNODE_MAP)
			relabel(n->keys[i], label);
		relabel(n->items[i], label);
	}
}

static int fail(const struct path *p, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(const struct path *p, struct err *err, const char *fmt, ...)
{
	va_list ap;
	char text[400];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_USAGE, "%s: %s", p->label, text);
}

static int cut(struct path *p, struct err *err)
{
	char *s = p->key;

	for (;;) {
		char *dot = strchr(s, '.');

		if (dot)
			*dot = '\0';
		if (!*s) {
			fail(p, err, "expected names with dots between them");
			return -1;
		}
		if (p->len == SET_MAX_SEGMENTS) {
			fail(p, err, "more than %d names in the key", SET_MAX_SEGMENTS);
			return -1;
		}
		p->segments[p->len++] = s;
		if (!dot)
			return 0;
		s = dot + 1;
	}
}

static struct ynode *parse_value(const struct path *p, const char *text, struct err *err)
{
	struct ydoc *doc = yaml_parse("value", text, strlen(text), SET_MAX_BYTES, err);
	struct ynode *value;

	if (!doc) {
		err_prefix(err, "%s", p->label);
		return NULL;
	}
	value = doc->root ? TAKE_PTR(doc->root) : ynode_new_scalar("", false, p->label, 0, 0);
	relabel(value, p->label);
	ydoc_free(doc);
	return value;
}

/* The name of a list entry such as `restarts` or `restarts: {...}`; NULL for other things. */
static const char *entry_name(const struct ynode *entry)
{
	if (entry->kind == YNODE_SCALAR)
		return entry->scalar;
	return entry->kind == YNODE_MAP && entry->len == 1 ? entry->keys[0]->scalar : NULL;
}

/* "transactions-2" is the second entry of that name, as in reports. */
static bool entry_matches(const struct ynode *seq, size_t index, const char *wanted)
{
	const char *name = entry_name(seq->items[index]);
	char unique[96];
	unsigned nth = 1;

	if (!name)
		return false;
	for (size_t i = 0; i < index; i++) {
		const char *other = entry_name(seq->items[i]);

		nth += other && strcmp(other, name) == 0;
	}
	if (nth == 1)
		return strcmp(name, wanted) == 0;
	snprintf(unique, sizeof(unique), "%s-%u", name, nth);
	return strcmp(unique, wanted) == 0;
}

static bool parse_index(const char *s, size_t *ret)
{
	size_t v = 0;

	if (!*s || strlen(s) > 6)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (size_t)(*s - '0');
	}
	*ret = v;
	return true;
}

static int find_entry(const struct path *p, size_t at, const struct ynode *seq, size_t *ret_index,
	struct err *err)
{
	const char *wanted = p->segments[at];
	const char *list = at > 0 ? p->segments[at - 1] : "";
	char buf[OPTION_QUOTE];

	if (parse_index(wanted, ret_index)) {
		if (*ret_index <= seq->len)
			return 0;
		return fail(p, err, "\"%s\" has %zu entries, counted from 0", list, seq->len);
	}
	for (size_t i = 0; i < seq->len; i++) {
		if (entry_matches(seq, i, wanted)) {
			*ret_index = i;
			return 0;
		}
	}

	VEC(const char *) names = { 0 };

	for (size_t i = 0; i < seq->len; i++) {
		if (entry_name(seq->items[i]))
			vec_push(&names, entry_name(seq->items[i]));
	}
	vec_push(&names, NULL);
	const char *near = nearest_name(wanted, names.items);

	fail(p, err, "no %s in \"%s\" of this preset%s%s%s", option_quote(wanted, buf, sizeof(buf)),
		list, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	vec_free(&names);
	return -1;
}

/* Makes `name` into {name: {}} so that options can be put below it. */
static struct ynode *open_choice(const struct ynode *scalar, const char *label)
{
	struct ynode *map = ynode_new(YNODE_MAP, scalar->file, scalar->line, scalar->col);
	struct ynode *options = ynode_new(YNODE_MAP, label, 0, 0);

	put_labelled(map, scalar->scalar, options, label);
	map->keys[0]->file = scalar->file;
	map->keys[0]->line = scalar->line;
	map->keys[0]->col = scalar->col;
	return map;
}

static void replace_item(struct ynode *parent, size_t i, struct ynode *value)
{
	ynode_free(parent->items[i]);
	parent->items[i] = value;
}

/* The options map of entry i of a list of plug-ins, made when there is none yet. */
static struct ynode *entry_options(struct ynode *seq, size_t i, const char *label)
{
	if (seq->items[i]->kind == YNODE_SCALAR)
		replace_item(seq, i, open_choice(seq->items[i], label));

	struct ynode *entry = seq->items[i];

	if (entry->kind != YNODE_MAP || entry->len != 1)
		return entry;
	if (ynode_is_null(entry->items[0]))
		replace_item(entry, 0, ynode_new(YNODE_MAP, label, 0, 0));
	return entry->items[0];
}

static int set_in(
	struct ynode *node, const struct path *p, size_t at, struct ynode *value, struct err *err);

static int set_in_seq(
	struct ynode *seq, const struct path *p, size_t at, struct ynode *value, struct err *err)
{
	bool last = at + 1 == p->len;
	bool by_name, plugins = at == 1;
	size_t i = 0, ignored;

	if (find_entry(p, at, seq, &i, err) < 0) {
		ynode_free(value);
		return -1;
	}
	by_name = !parse_index(p->segments[at], &ignored);
	if (i == seq->len) {
		if (last) {
			ynode_append(seq, value);
			return 0;
		}
		ynode_free(value);
		return fail(p, err, "\"%s\" has %zu entries, counted from 0", p->segments[at - 1],
			seq->len);
	}
	if (last && by_name && plugins) {
		entry_options(seq, i, p->label);
		replace_item(seq->items[i], 0, value);
		return 0;
	}
	if (last) {
		replace_item(seq, i, value);
		return 0;
	}
	if (!plugins)
		return set_in(seq->items[i], p, at + 1, value, err);
	/* workloads.0.transactions.rate and workloads.0.rate are the same. */
	const char *name = entry_name(seq->items[i]);
	bool named_again = !by_name && name && strcmp(name, p->segments[at + 1]) == 0;

	if (named_again && at + 2 == p->len) {
		entry_options(seq, i, p->label);
		replace_item(seq->items[i], 0, value);
		return 0;
	}
	return set_in(entry_options(seq, i, p->label), p, at + (named_again ? 2 : 1), value, err);
}

static int set_in_map(
	struct ynode *map, const struct path *p, size_t at, struct ynode *value, struct err *err)
{
	const char *key = p->segments[at];
	struct ynode *child = ynode_get(map, key);

	if (at + 1 == p->len) {
		put_labelled(map, key, value, p->label);
		return 0;
	}
	if (!child || ynode_is_null(child)) {
		bool list = at == 0 &&
			    (strcmp(key, "workloads") == 0 || strcmp(key, "expectations") == 0);

		child = ynode_new(list ? YNODE_SEQ : YNODE_MAP, p->label, 0, 0);
		put_labelled(map, key, child, p->label);
	} else if (child->kind == YNODE_SCALAR && strcmp(child->scalar, p->segments[at + 1]) == 0) {
		/* `backend: local` and backend.local.option=... */
		child = open_choice(child, p->label);
		put_labelled(map, key, child, p->label);
	}
	return set_in(child, p, at + 1, value, err);
}

static int set_in(
	struct ynode *node, const struct path *p, size_t at, struct ynode *value, struct err *err)
{
	char buf[OPTION_QUOTE];

	if (node->kind == YNODE_MAP)
		return set_in_map(node, p, at, value, err);
	if (node->kind == YNODE_SEQ)
		return set_in_seq(node, p, at, value, err);
	ynode_free(value);
	return fail(p, err, "\"%s\" is %s here, it has nothing below it", p->segments[at - 1],
		option_value_text(node, buf, sizeof(buf)));
}

int preset_set(struct ynode *root, const char *assignment, struct strlist *files, struct err *err)
{
	const char *eq = strchr(assignment, '=');
	char buf[OPTION_QUOTE];

	if (!eq || eq == assignment)
		return err_set(err, ERR_USAGE,
			"--set %s: expected KEY=VALUE, such as topology.nodes=5",
			option_quote(assignment, buf, sizeof(buf)));

	CLEANUP_FREE char *key = xstrndup(assignment, (size_t)(eq - assignment));
	CLEANUP_FREE char *shown = xstrdup(option_quote(key, buf, sizeof(buf)));

	shown[strlen(shown) - 1] = '\0';
	strlist_addf(files, "--set %s", shown + 1);
	struct path p = { .label = files->items[files->len - 1], .key = key };

	if (cut(&p, err) < 0)
		return -1;
	if (strcmp(p.segments[0], "extends") == 0)
		return fail(&p, err, "only a preset file can extend another preset");
	struct ynode *value = parse_value(&p, eq + 1, err);

	return value ? set_in(root, &p, 0, value, err) : -1;
}
