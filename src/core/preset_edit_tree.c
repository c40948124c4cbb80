/*
 * The editor's hands on the YAML tree: finding and making places, keys in a
 * sensible order, lists on one line. Knows no section of a preset. Pure.
 */
#include <stdio.h>
#include <string.h>

#include "core/preset_edit_priv.h"
#include "util/yaml.h"

#define LIST_MAX_BYTES (64u * 1024)

struct ynode *tree_scalar(const char *text, bool quoted)
{
	return ynode_new_scalar(text, quoted, EDIT_LABEL, 0, 0);
}

size_t tree_find(const struct ynode *map, const char *key)
{
	size_t i = 0;

	while (i < map->len && strcmp(map->keys[i]->scalar, key) != 0)
		i++;
	return i;
}

void tree_remove(struct ynode *n, size_t index)
{
	if (n->kind == YNODE_MAP)
		ynode_free(n->keys[index]);
	ynode_free(n->items[index]);
	n->len--;
	for (size_t i = index; i < n->len; i++) {
		n->items[i] = n->items[i + 1];
		if (n->kind == YNODE_MAP)
			n->keys[i] = n->keys[i + 1];
	}
}

void tree_to_front(struct ynode *map, size_t index)
{
	struct ynode *key = map->keys[index], *value = map->items[index];

	for (size_t i = index; i > 0; i--) {
		map->keys[i] = map->keys[i - 1];
		map->items[i] = map->items[i - 1];
	}
	map->keys[0] = key;
	map->items[0] = value;
}

static size_t rank(const char *const *order, const char *key)
{
	size_t i = 0;

	while (order[i] && strcmp(order[i], key) != 0)
		i++;
	return i;
}

void tree_put(struct ynode *map, const char *key, struct ynode *value, const char *const *order)
{
	size_t at = tree_find(map, key), mine;

	if (at < map->len || !order) {
		ynode_set(map, key, value);
		return;
	}
	mine = rank(order, key);
	/* Behind the last one that comes before it. */
	for (at = map->len; at > 0 && rank(order, map->keys[at - 1]->scalar) > mine;)
		at--;
	ynode_set(map, key, value);
	struct ynode *new_key = map->keys[map->len - 1];

	for (size_t i = map->len - 1; i > at; i--) {
		map->keys[i] = map->keys[i - 1];
		map->items[i] = map->items[i - 1];
	}
	map->keys[at] = new_key;
	map->items[at] = value;
}

struct ynode *tree_list(const struct ynode *root, const char *key)
{
	struct ynode *n = ynode_get(root, key);

	return n && n->kind == YNODE_SEQ ? n : NULL;
}

const struct ynode *tree_choice(const struct ynode *n)
{
	if (n->kind == YNODE_SCALAR)
		return ynode_is_null(n) ? NULL : n;
	return n->kind == YNODE_MAP && n->len == 1 ? n->keys[0] : NULL;
}

bool tree_contains(const struct ynode *n, int line, int col)
{
	if (n->line == line && n->col == col)
		return true;
	for (size_t i = 0; i < n->len; i++) {
		if (n->kind == YNODE_MAP && tree_contains(n->keys[i], line, col))
			return true;
		if (tree_contains(n->items[i], line, col))
			return true;
	}
	return false;
}

/* --- places ---------------------------------------------------------------------- */

/* The node that holds the choice, or the map itself. */
static struct ynode *walk(struct ynode *root, const struct place *p)
{
	struct ynode *n = root;

	for (unsigned i = 0; i < p->n_steps && n; i++)
		n = ynode_get(n, p->steps[i]);
	if (!n || p->entry < 0)
		return n;
	return n->kind == YNODE_SEQ && (size_t)p->entry < n->len ? n->items[p->entry] : NULL;
}

struct ynode *place_find(struct ynode *root, const struct place *p)
{
	struct ynode *n = walk(root, p);

	if (n && p->choice)
		n = n->kind == YNODE_MAP && n->len == 1 ? ynode_get(n, p->choice) : NULL;
	return n && n->kind == YNODE_MAP ? n : NULL;
}

static struct ynode *new_map(void)
{
	return ynode_new(YNODE_MAP, EDIT_LABEL, 0, 0);
}

/* Makes sure that *slot is a map: {}, or {choice: {}}. Returns the innermost one. */
static struct ynode *open_choice(struct ynode **slot, const char *choice)
{
	struct ynode *n = *slot;

	if (!choice)
		return n;
	if (n->kind != YNODE_MAP || n->len != 1 || strcmp(n->keys[0]->scalar, choice) != 0) {
		ynode_free(n);
		*slot = n = new_map();
		ynode_set(n, choice, new_map());
	}
	if (n->items[0]->kind != YNODE_MAP) {
		ynode_free(n->items[0]);
		n->items[0] = new_map();
	}
	return n->items[0];
}

struct ynode *place_make(struct ynode *root, const struct place *p)
{
	struct ynode *n = root;

	for (unsigned i = 0; i < p->n_steps; i++) {
		bool last = i + 1 == p->n_steps;
		const char *const *order = i == 0 ? edit_root_order : edit_topology_order;
		struct ynode *child = ynode_get(n, p->steps[i]);

		if (last && p->entry >= 0)
			return open_choice(&child->items[p->entry], p->choice);
		if (!child || (child->kind != YNODE_MAP && !(last && p->choice))) {
			child = new_map();
			tree_put(n, p->steps[i], child, order);
		}
		if (last)
			return open_choice(&n->items[tree_find(n, p->steps[i])], p->choice);
		n = child;
	}
	return n;
}

static void fold_choice(struct ynode **slot, const char *choice)
{
	struct ynode *n = *slot;

	if (n->kind != YNODE_MAP || n->len != 1 || strcmp(n->keys[0]->scalar, choice) != 0 ||
		n->items[0]->kind == YNODE_SCALAR || n->items[0]->len > 0)
		return;
	struct ynode *name = tree_scalar(choice, n->keys[0]->quoted);

	ynode_free(n);
	*slot = name;
}

void place_tidy(struct ynode *root, const struct place *p)
{
	struct ynode *way[4] = { root };
	unsigned n = 0;

	for (; n < p->n_steps; n++) {
		way[n + 1] = ynode_get(way[n], p->steps[n]);
		if (!way[n + 1])
			break;
	}
	if (n == 0)
		return;
	if (n == p->n_steps && p->choice) {
		struct ynode *holder = way[n];

		if (p->entry < 0)
			fold_choice(&way[n - 1]->items[tree_find(way[n - 1], p->steps[n - 1])],
				p->choice);
		else if ((size_t)p->entry < holder->len)
			fold_choice(&holder->items[p->entry], p->choice);
		if (p->entry < 0)
			return;
	}
	for (; n > 0; n--) {
		if (way[n]->kind == YNODE_SCALAR || way[n]->len > 0)
			return;
		tree_remove(way[n - 1], tree_find(way[n - 1], p->steps[n - 1]));
	}
}

/* --- lists and values on one line -------------------------------------------------- */

static void put_quoted(const char *s, struct strbuf *out)
{
	strbuf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			strbuf_addf(out, "\\x%02x", (unsigned char)*s);
		else
			strbuf_addc(out, *s);
	}
	strbuf_addc(out, '"');
}

/* Can it stand between commas as it is? */
static bool is_simple(const struct ynode *n)
{
	size_t len = strlen(n->scalar);
	struct ynode *plain = tree_scalar(n->scalar, false);
	bool ok = n->kind == YNODE_SCALAR && len > 0 && !plain->quoted &&
		  !strpbrk(n->scalar, ",[]{}\"'") && n->scalar[0] != ' ';

	ynode_free(plain);
	return ok;
}

static void put_list(const struct ynode *n, struct strbuf *out)
{
	bool simple = n->len > 0;

	for (size_t i = 0; i < n->len; i++)
		simple = simple && n->items[i]->kind == YNODE_SCALAR && is_simple(n->items[i]);
	if (!simple)
		strbuf_addc(out, '[');
	for (size_t i = 0; i < n->len; i++) {
		if (i)
			strbuf_adds(out, ", ");
		if (n->items[i]->kind != YNODE_SCALAR)
			tree_text(n->items[i], out);
		else if (is_simple(n->items[i]))
			strbuf_adds(out, n->items[i]->scalar);
		else
			put_quoted(n->items[i]->scalar, out);
	}
	if (!simple)
		strbuf_addc(out, ']');
}

void tree_text(const struct ynode *n, struct strbuf *out)
{
	if (n->kind == YNODE_SCALAR) {
		strbuf_adds(out, n->scalar);
	} else if (n->kind == YNODE_SEQ) {
		put_list(n, out);
	} else {
		strbuf_addc(out, '{');
		for (size_t i = 0; i < n->len; i++) {
			strbuf_addf(out, "%s%s: ", i ? ", " : "", n->keys[i]->scalar);
			tree_text(n->items[i], out);
		}
		strbuf_addc(out, '}');
	}
}

static struct ynode *parse_flow(const char *text, struct err *err)
{
	struct ydoc *d = yaml_parse("list", text, strlen(text), LIST_MAX_BYTES, NULL);
	struct ynode *seq = NULL;
	bool ok = d && d->root && d->root->kind == YNODE_SEQ;

	for (size_t i = 0; ok && i < d->root->len; i++)
		ok = d->root->items[i]->kind == YNODE_SCALAR;
	if (ok)
		seq = ynode_copy(d->root, EDIT_LABEL);
	else
		err_set(err, ERR_USAGE,
			"expected texts with commas between them: a, b or [a, \"b, c\"]");
	ydoc_free(d);
	return seq;
}

struct ynode *tree_parse_list(const char *text, struct err *err)
{
	if (text[0] == '[')
		return parse_flow(text, err);

	struct ynode *seq = ynode_new(YNODE_SEQ, EDIT_LABEL, 0, 0);

	while (*text) {
		size_t len = strcspn(text, ","), used = len;

		while (used > 0 && text[used - 1] == ' ')
			used--;
		if (used > 0) {
			CLEANUP_FREE char *item = xstrndup(text, used);

			ynode_append(seq, tree_scalar(item, false));
		}
		text += len;
		text += strspn(text, ", ");
	}
	/* What a plain word cannot say ("null", "~") has to be quoted. */
	for (size_t i = 0; i < seq->len; i++)
		seq->items[i]->quoted = seq->items[i]->quoted || ynode_is_null(seq->items[i]);
	return seq;
}
