/*
 * Finding presets, reading them, and merging them with what they extend. The
 * result is one document in which every node still knows where it was written.
 */
#include "core/preset.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/option.h"
#include "util/fs.h"
#include "util/nearest.h"
#include "util/strbuf.h"
#include "util/units.h"

#define MAP_MAX_KEYS 4096

/* A preset that was found: its text and the place it has in messages. */
struct found {
	char *label; /* path, or "preset NAME" */
	char *dir;   /* NULL when it is not a file */
	char *name;
	struct strbuf text;
};

static void found_release(struct found *f)
{
	free(f->label);
	free(f->dir);
	free(f->name);
	strbuf_release(&f->text);
}

bool preset_name_valid(const char *name)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.";
	size_t len = strlen(name);

	return len > 0 && len <= PRESET_MAX_NAME && strspn(name, valid) == len &&
	       !strchr("-_.", name[0]);
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t ls = strlen(s), lx = strlen(suffix);

	return ls > lx && strcmp(s + ls - lx, suffix) == 0;
}

bool preset_is_path(const char *preset)
{
	return strchr(preset, '/') || has_suffix(preset, ".yaml") || has_suffix(preset, ".yml");
}

/* --- finding ---------------------------------------------------------------- */

typedef int preset_fn(const struct preset_info *p, void *arg);

struct entry {
	char *name, *path; /* path NULL: compiled in */
	const char *text;
	struct strlist hidden; /* places of others of that name, in the order of the search */
};

struct entries {
	struct entry *items;
	size_t len, cap;
};

static void entries_release(struct entries *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->items[i].name);
		free(l->items[i].path);
		strlist_release(&l->items[i].hidden);
	}
	free(l->items);
}

static int entry_read(const struct entry *e, struct strbuf *out, struct err *err)
{
	if (e->path)
		return fs_read_file(e->path, PRESET_MAX_BYTES, out, err);
	strbuf_adds(out, e->text);
	return 0;
}

/* A copy of the same preset (somebody's checkout has the shipped ones) hides nothing. */
static bool says_the_same(const struct entry *a, const struct entry *b)
{
	CLEANUP_STRBUF struct strbuf x = { 0 };
	CLEANUP_STRBUF struct strbuf y = { 0 };

	return entry_read(a, &x, NULL) == 0 && entry_read(b, &y, NULL) == 0 && x.len == y.len &&
	       memcmp(strbuf_str(&x), strbuf_str(&y), x.len) == 0;
}

/* Takes e's name and path. The first of a name is the one that is used. */
static void entries_add(struct entries *l, struct entry e)
{
	for (size_t i = 0; i < l->len; i++) {
		struct entry *used = &l->items[i];

		if (strcmp(used->name, e.name) != 0)
			continue;
		if (!says_the_same(used, &e))
			strlist_add(&used->hidden, e.path ? e.path : "the shipped one");
		free(e.name);
		free(e.path);
		return;
	}
	vec_push(l, e);
}

/* only: the one name that is wanted, or NULL. */
static void entries_add_dir(struct entries *l, const char *dir, const char *only)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (!has_suffix(e->d_name, ".yaml"))
			continue;
		CLEANUP_FREE char *name = xstrndup(e->d_name, strlen(e->d_name) - strlen(".yaml"));

		if (!preset_name_valid(name) || (only && strcmp(name, only) != 0))
			continue;
		entries_add(l,
			(struct entry){ .name = TAKE_PTR(name), .path = fs_join(dir, e->d_name) });
	}
	if (d)
		closedir(d);
}

static int entry_cmp(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* All presets there are, by name; what comes first in the search order wins. */
static void entries_collect(const struct preset_source *src, const char *only, struct entries *ret)
{
	for (size_t i = 0; src && src->dirs && src->dirs[i]; i++)
		entries_add_dir(ret, src->dirs[i], only);
	for (const struct embedded_file *f = src ? src->embedded : NULL; f && f->name; f++) {
		if (!only || strcmp(f->name, only) == 0)
			entries_add(
				ret, (struct entry){ .name = xstrdup(f->name), .text = f->text });
	}
	if (ret->len)
		qsort(ret->items, ret->len, sizeof(*ret->items), entry_cmp);
}

static char *summary_of(const struct entry *e)
{
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf text = { 0 };
	char *summary = NULL;

	if (entry_read(e, &text, &err) < 0)
		return xasprintf("(unreadable: %s)", err.text);
	struct ydoc *d = yaml_parse(
		e->path ? e->path : e->name, strbuf_str(&text), text.len, PRESET_MAX_BYTES, &err);
	if (!d)
		return xasprintf("(invalid: %s)", err.text);
	if (d->root && d->root->kind == YNODE_MAP) {
		const struct ynode *v = ynode_get(d->root, "summary");

		if (v && v->kind == YNODE_SCALAR)
			summary = xstrdup(v->scalar);
	}
	ydoc_free(d);
	return summary ? summary : xstrdup("");
}

/* "a", "a and b", "a, b and c" */
static void put_list(const struct strlist *l, struct strbuf *out)
{
	for (size_t i = 0; i < l->len; i++)
		strbuf_addf(out, "%s%s",
			i == 0            ? ""
			: i + 1 == l->len ? " and "
					  : ", ",
			l->items[i]);
}

static int entry_tell(const struct entry *e, preset_fn *fn, void *arg)
{
	CLEANUP_FREE char *summary = summary_of(e);
	CLEANUP_STRBUF struct strbuf hides = { 0 };

	put_list(&e->hidden, &hides);
	const struct preset_info p = {
		.name = e->name,
		.summary = summary,
		.source = e->path ? e->path : "shipped",
		.hides = strbuf_str(&hides),
	};

	return fn(&p, arg);
}

int preset_each(const struct preset_source *src, preset_fn *fn, void *arg)
{
	struct entries all = { 0 };
	int rc = 0;

	entries_collect(src, NULL, &all);
	for (size_t i = 0; i < all.len && rc == 0; i++)
		rc = entry_tell(&all.items[i], fn, arg);
	entries_release(&all);
	return rc;
}

bool preset_look_up(const struct preset_source *src, const char *preset, preset_fn *fn, void *arg)
{
	struct entries found = { 0 };
	bool there;

	if (preset_name_valid(preset) && !preset_is_path(preset))
		entries_collect(src, preset, &found);
	there = found.len > 0;
	if (there)
		entry_tell(&found.items[0], fn, arg);
	entries_release(&found);
	return there;
}

static void unknown_preset(const struct preset_source *src, const char *name, struct err *err)
{
	struct entries all = { 0 };
	VEC(const char *) names = { 0 };
	char buf[OPTION_QUOTE];

	entries_collect(src, NULL, &all);
	for (size_t i = 0; i < all.len; i++)
		vec_push(&names, all.items[i].name);
	vec_push(&names, NULL);
	const char *near = nearest_name(name, names.items);

	err_set(err, ERR_USAGE, "unknown preset %s; %s%s%s\"ltb list presets\" shows all",
		option_quote(name, buf, sizeof(buf)), near ? "did you mean \"" : "",
		near ? near : "", near ? "\"? " : "");
	vec_free(&names);
	entries_release(&all);
}

/* pipe: it may be one, as somebody named it who has a use for that (<(...) in a shell). */
static int read_file(const char *path, bool pipe, struct found *ret, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	if ((pipe ? fs_read : fs_read_file)(path, PRESET_MAX_BYTES, &ret->text, err) < 0) {
		if (err)
			err->code = ERR_USAGE;
		return -1;
	}
	ret->label = xstrdup(path);
	ret->dir = slash ? xstrndup(path, MAX((size_t)(slash - path), 1)) : xstrdup(".");
	ret->name = xstrndup(base, dot ? (size_t)(dot - base) : strlen(base));
	return 0;
}

/* 1 found, 0 not there, -1 error. */
static int find_in_dir(const char *dir, const char *name, struct found *ret, struct err *err)
{
	CLEANUP_FREE char *base = xasprintf("%s.yaml", name);
	CLEANUP_FREE char *path = fs_join(dir, base);

	if (!fs_exists(path))
		return 0;
	return read_file(path, false, ret, err) < 0 ? -1 : 1;
}

static int find_by_name(const struct preset_source *src, const char *own_dir, const char *name,
	struct found *ret, struct err *err)
{
	int rc = 0;

	if (preset_name_valid(name)) {
		if (own_dir)
			rc = find_in_dir(own_dir, name, ret, err);
		for (size_t i = 0; rc == 0 && src && src->dirs && src->dirs[i]; i++)
			rc = find_in_dir(src->dirs[i], name, ret, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		for (const struct embedded_file *f = src ? src->embedded : NULL; f && f->name;
			f++) {
			if (strcmp(f->name, name) != 0)
				continue;
			ret->label = xasprintf("preset %s", name);
			ret->name = xstrdup(name);
			strbuf_adds(&ret->text, f->text);
			return 0;
		}
	}
	unknown_preset(src, name, err);
	return -1;
}

static int find_preset(const struct preset_source *src, const struct preset_request *req,
	struct found *ret, struct err *err)
{
	const char *preset = req->preset;

	if (strcmp(preset, "-") == 0) {
		if (fs_read("-", PRESET_MAX_BYTES, &ret->text, err) < 0)
			return -1;
		ret->label = xstrdup("stdin");
		ret->name = xstrdup("stdin");
		return 0;
	}
	if (preset_is_path(preset))
		return read_file(preset, !req->recorded, ret, err);
	return find_by_name(src, NULL, preset, ret, err);
}

/* --- merging ---------------------------------------------------------------- */

/* Adds or replaces; value and key say where they were written. */
static void put(struct ynode *map, const struct ynode *key, const struct ynode *value)
{
	ynode_set(map, key->scalar, ynode_copy(value, NULL));
	for (size_t i = 0; i < map->len; i++) {
		if (strcmp(map->keys[i]->scalar, key->scalar) == 0) {
			map->keys[i]->file = key->file;
			map->keys[i]->line = key->line;
			map->keys[i]->col = key->col;
		}
	}
}

static void drop_key(struct ynode *map, const char *key)
{
	for (size_t i = 0; i < map->len; i++) {
		if (strcmp(map->keys[i]->scalar, key) != 0)
			continue;
		ynode_free(map->keys[i]);
		ynode_free(map->items[i]);
		map->len--;
		for (; i < map->len; i++) {
			map->keys[i] = map->keys[i + 1];
			map->items[i] = map->items[i + 1];
		}
		return;
	}
}

static void relabel(struct ynode *n, const char *file)
{
	n->file = file;
	for (size_t i = 0; i < n->len; i++) {
		if (n->kind == YNODE_MAP)
			relabel(n->keys[i], file);
		relabel(n->items[i], file);
	}
}

/* Merging and looking up are linear in the keys of a map, so these are bounded. */
static int check_width(const struct ynode *n, struct err *err)
{
	if (n->kind == YNODE_MAP && n->len > MAP_MAX_KEYS)
		return option_err(n, NULL, err, "%zu keys in one map; at most %d are allowed",
			n->len, MAP_MAX_KEYS);
	for (size_t i = 0; i < n->len; i++) {
		if (check_width(n->items[i], err) < 0)
			return -1;
	}
	return 0;
}

/* A map whose one key is a choice, such as {random: {...}}: another choice replaces it. */
static bool is_choice(const char *key)
{
	return strcmp(key, "backend") == 0 || strcmp(key, "layout") == 0;
}

static bool merges(const char *key, const struct ynode *old, const struct ynode *new)
{
	if (!old || old->kind != YNODE_MAP || new->kind != YNODE_MAP)
		return false;
	if (!is_choice(key) || old->len != 1 || new->len != 1)
		return true;
	return strcmp(old->keys[0]->scalar, new->keys[0]->scalar) == 0;
}

static void merge_map(struct ynode *into, const struct ynode *from)
{
	for (size_t i = 0; i < from->len; i++) {
		const struct ynode *key = from->keys[i], *value = from->items[i];
		struct ynode *old = ynode_get(into, key->scalar);

		if (merges(key->scalar, old, value))
			merge_map(old, value);
		else
			put(into, key, value);
	}
}

/* The presets on the way from the one asked for to the one that extends nothing. */
struct chain {
	const struct chain *below; /* who extends this one */
	const char *label;
	unsigned depth;
};

static int check_chain(
	const struct chain *below, const struct ynode *extends, const char *label, struct err *err)
{
	for (const struct chain *c = below; c; c = c->below) {
		if (strcmp(c->label, label) != 0)
			continue;
		CLEANUP_STRBUF struct strbuf path = { 0 };
		VEC(const char *) names = { 0 };

		for (const struct chain *d = below; d; d = d->below) {
			vec_push(&names, d->label);
			if (d == c)
				break;
		}
		for (size_t i = names.len; i-- > 0;)
			strbuf_addf(&path, "%s -> ", names.items[i]);
		strbuf_adds(&path, label);
		vec_free(&names);
		return option_err(extends, "extends", err,
			"presets extend each other in a cycle: %s", strbuf_str(&path));
	}
	if (below->depth >= PRESET_MAX_EXTENDS)
		return option_err(extends, "extends", err,
			"more than %d presets extend one another", PRESET_MAX_EXTENDS);
	return 0;
}

static int resolve(const struct preset_source *src, const struct found *f, const struct chain *here,
	struct strlist *files, struct ydoc **ret, struct err *err);

/* Reads what a preset extends; its root is handed over. NULL on error. */
static struct ynode *resolve_base(const struct preset_source *src, const char *own_dir,
	const struct ynode *extends, const struct chain *here, struct strlist *files,
	struct err *err)
{
	struct found base = { 0 };
	struct ydoc *doc = NULL;
	struct ynode *root = NULL;
	char buf[OPTION_QUOTE];

	if (extends->kind != YNODE_SCALAR || !preset_name_valid(extends->scalar)) {
		option_err(extends, "extends", err, "expected the name of a preset, not %s",
			option_value_text(extends, buf, sizeof(buf)));
		return NULL;
	}
	if (find_by_name(src, own_dir, extends->scalar, &base, err) < 0) {
		err_prefix(err, "%s:%d:%d: extends", extends->file, extends->line, extends->col);
	} else if (check_chain(here, extends, base.label, err) == 0) {
		struct chain above = { here, base.label, here->depth + 1 };

		if (resolve(src, &base, &above, files, &doc, err) == 0)
			root = TAKE_PTR(doc->root);
	}
	ydoc_free(doc);
	found_release(&base);
	return root;
}

static int resolve(const struct preset_source *src, const struct found *f, const struct chain *here,
	struct strlist *files, struct ydoc **ret, struct err *err)
{
	char buf[OPTION_QUOTE];
	struct ydoc *doc =
		yaml_parse(f->label, strbuf_str(&f->text), f->text.len, PRESET_MAX_BYTES, err);

	*ret = doc;
	if (!doc)
		return -1;
	if (!doc->root)
		return err_set(err, ERR_USAGE, "%s: the preset is empty", f->label);
	strlist_add(files, f->label);
	relabel(doc->root, files->items[files->len - 1]);
	if (doc->root->kind != YNODE_MAP)
		return option_err(doc->root, NULL, err,
			"expected a map (\"version: 1\" ...), not %s",
			option_value_text(doc->root, buf, sizeof(buf)));
	if (check_width(doc->root, err) < 0)
		return -1;

	const struct ynode *extends = ynode_get(doc->root, "extends");

	if (extends) {
		struct ynode *base = resolve_base(src, f->dir, extends, here, files, err);

		if (!base)
			return -1;
		drop_key(doc->root, "extends");
		drop_key(base, "name");
		merge_map(base, doc->root);
		ynode_free(doc->root);
		doc->root = base;
	}
	return 0;
}

/* --- the whole -------------------------------------------------------------- */

void preset_put(struct ynode *root, const char *section, const char *key, const char *value,
	const char *label)
{
	struct ynode *map = root;

	if (section) {
		map = ynode_get(root, section);
		if (!map || ynode_is_null(map)) {
			map = ynode_new(YNODE_MAP, label, 0, 0);
			ynode_set(root, section, map);
		}
	}
	/* A section of the wrong kind is reported when it is read. */
	if (map->kind == YNODE_MAP)
		ynode_set(map, key, ynode_new_scalar(value, false, label, 0, 0));
}

static void put_backend(struct ynode *root, const char *name)
{
	const struct ynode *have = ynode_get(root, "backend");

	/* The one that the preset names anyway keeps its options. */
	if (have && have->kind == YNODE_MAP && have->len == 1 &&
		strcmp(have->keys[0]->scalar, name) == 0)
		return;
	preset_put(root, NULL, "backend", name, "--backend");
}

static int apply_request(const struct preset_request *req, struct preset_doc *pd, struct err *err)
{
	struct ynode *root = pd->doc->root;
	char buf[40];

	/* First, so that --set can reach its options, and last, so that it is the one. */
	if (req->backend)
		put_backend(root, req->backend);
	for (size_t i = 0; req->sets && req->sets[i]; i++) {
		if (preset_set(root, req->sets[i], &pd->files, err) < 0)
			return -1;
	}
	if (req->backend)
		put_backend(root, req->backend);
	if (req->has_seed) {
		snprintf(buf, sizeof(buf), "%" PRIu64, req->seed);
		preset_put(root, "run", "seed", buf, "--seed");
	}
	if (req->has_duration) {
		units_format_duration(req->duration_ns, buf, sizeof(buf));
		preset_put(root, "run", "duration", buf, "--duration");
	}
	return 0;
}

static int resolve_found(const struct preset_source *src, const struct preset_request *req,
	struct found *f, struct preset_doc *ret, struct err *err)
{
	struct chain here = { NULL, f->label, 0 };

	if (resolve(src, f, &here, &ret->files, &ret->doc, err) < 0)
		return -1;
	ret->name = TAKE_PTR(f->name);
	return req ? apply_request(req, ret, err) : 0;
}

int preset_resolve(const struct preset_source *src, const struct preset_request *req,
	struct preset_doc *ret, struct err *err)
{
	struct found f = { 0 };

	memset(ret, 0, sizeof(*ret));
	int rc = find_preset(src, req, &f, err);

	if (rc == 0)
		rc = resolve_found(src, req, &f, ret, err);
	found_release(&f);
	if (rc < 0)
		preset_doc_release(ret);
	return rc;
}

int preset_resolve_text(const struct preset_source *src, const struct preset_request *req,
	const char *file, const char *text, size_t len, struct preset_doc *ret, struct err *err)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	struct found f = { .label = xstrdup(file), .name = xstrndup(base, strcspn(base, ".")) };

	memset(ret, 0, sizeof(*ret));
	strbuf_add(&f.text, text, len);
	int rc = resolve_found(src, req, &f, ret, err);

	found_release(&f);
	if (rc < 0)
		preset_doc_release(ret);
	return rc;
}

struct ydoc *preset_doc_detach(struct preset_doc *pd)
{
	struct ydoc *doc = TAKE_PTR(pd->doc);

	relabel(doc->root, doc->file);
	return doc;
}

void preset_doc_release(struct preset_doc *pd)
{
	ydoc_free(pd->doc);
	free(pd->name);
	strlist_release(&pd->files);
	memset(pd, 0, sizeof(*pd));
}
