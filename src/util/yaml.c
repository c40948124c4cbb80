/*
 * YAML in, and the tree itself; see yaml.h. libyaml's events are turned into
 * nodes directly: its own document tree would resolve aliases, which is where
 * small hostile files become large.
 */
#include "util/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "util/map.h"
#include "util/mem.h"
#include "util/yaml_plain.h"

#define DEFAULT_MAX_BYTES (1u << 20)
#define MAX_DEPTH         32
#define MAX_NODES         100000

/* --- the tree ------------------------------------------------------------------ */

struct ynode *ynode_new(enum ynode_kind kind, const char *file, int line, int col)
{
	struct ynode *n = xcalloc(1, sizeof(*n));
	n->kind = kind;
	n->file = file;
	n->line = line;
	n->col = col;
	if (kind == YNODE_SCALAR)
		n->scalar = xstrdup("");
	return n;
}

struct ynode *ynode_new_scalar(const char *text, bool quoted, const char *file, int line, int col)
{
	struct ynode *n = xcalloc(1, sizeof(*n));
	n->kind = YNODE_SCALAR;
	n->file = file;
	n->line = line;
	n->col = col;
	n->scalar = xstrdup(text);
	n->quoted = quoted || !yaml_plain_ok(text);
	return n;
}

void ynode_free(struct ynode *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->len; i++) {
		if (n->keys)
			ynode_free(n->keys[i]);
		ynode_free(n->items[i]);
	}
	free(n->keys);
	free(n->items);
	free(n->scalar);
	free(n);
}

static void ynode_add(struct ynode *n, struct ynode *key, struct ynode *value)
{
	if (n->len == n->cap) {
		n->cap = n->cap ? n->cap * 2 : 8;
		n->items = xrealloc_array(n->items, n->cap, sizeof(struct ynode *));
		if (n->kind == YNODE_MAP)
			n->keys = xrealloc_array(n->keys, n->cap, sizeof(struct ynode *));
	}
	if (n->kind == YNODE_MAP)
		n->keys[n->len] = key;
	n->items[n->len++] = value;
}

void ynode_append(struct ynode *seq, struct ynode *value)
{
	ynode_add(seq, NULL, value);
}

/* Index of the key, len when absent. */
static size_t ynode_find(const struct ynode *map, const char *key)
{
	size_t i = 0;
	while (i < map->len && strcmp(map->keys[i]->scalar, key) != 0)
		i++;
	return i;
}

struct ynode *ynode_get(const struct ynode *map, const char *key)
{
	if (!map || map->kind != YNODE_MAP)
		return NULL;
	size_t i = ynode_find(map, key);
	return i < map->len ? map->items[i] : NULL;
}

void ynode_set(struct ynode *map, const char *key, struct ynode *value)
{
	size_t i = ynode_find(map, key);
	if (i == map->len) {
		ynode_add(map, ynode_new_scalar(key, false, value->file, value->line, value->col),
			value);
		return;
	}
	if (map->items[i] != value)
		ynode_free(map->items[i]);
	map->items[i] = value;
}

struct ynode *ynode_copy(const struct ynode *n, const char *file)
{
	if (!n)
		return NULL;
	const char *its_file = file ? file : n->file;
	if (n->kind == YNODE_SCALAR)
		return ynode_new_scalar(n->scalar, n->quoted, its_file, n->line, n->col);
	struct ynode *copy = ynode_new(n->kind, its_file, n->line, n->col);
	for (size_t i = 0; i < n->len; i++)
		ynode_add(copy, n->keys ? ynode_copy(n->keys[i], file) : NULL,
			ynode_copy(n->items[i], file));
	return copy;
}

bool ynode_is_null(const struct ynode *n)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	if (!n || n->kind != YNODE_SCALAR || n->quoted)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
		if (strcmp(n->scalar, nulls[i]) == 0)
			return true;
	}
	return false;
}

int ynode_err(const struct ynode *n, struct err *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	CLEANUP_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(err, ERR_USAGE, "%s:%d:%d: %s", n->file, n->line, n->col, text);
}

/* --- reading -------------------------------------------------------------------- */

struct reader {
	yaml_parser_t parser;
	const char *file;
	const char *text;
	size_t len;
	size_t nodes;
	struct err *err;
};

static int fail_at(
	const struct reader *r, const yaml_mark_t *mark, enum err_code code, const char *what)
{
	return err_set(
		r->err, code, "%s:%zu:%zu: %s", r->file, mark->line + 1, mark->column + 1, what);
}

/* libyaml gives an offset, not a mark, for bytes that it cannot decode. */
static yaml_mark_t mark_of_offset(const struct reader *r, size_t offset)
{
	yaml_mark_t mark = { 0 };
	for (size_t i = 0; i < offset && i < r->len; i++) {
		if (r->text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)r->text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static int next_event(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->parser, ev))
		return 0;
	const char *problem = r->parser.problem ? r->parser.problem : "cannot be parsed";
	yaml_mark_t mark = r->parser.problem_mark;
	if (r->parser.error == YAML_READER_ERROR)
		mark = mark_of_offset(r, r->parser.problem_offset);
	return fail_at(r, &mark, ERR_USAGE, problem);
}

static struct ynode *read_node(struct reader *r, const yaml_event_t *ev, unsigned depth);

/* What is refused at every node. */
static int check_node(
	struct reader *r, const yaml_event_t *ev, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return fail_at(r, &ev->start_mark, ERR_USAGE, "anchors are not supported");
	if (tag)
		return fail_at(r, &ev->start_mark, ERR_USAGE, "tags are not supported");
	if (++r->nodes > MAX_NODES)
		return fail_at(r, &ev->start_mark, ERR_LIMIT, "too many nodes");
	return 0;
}

static struct ynode *read_scalar(struct reader *r, const yaml_event_t *ev)
{
	if (check_node(r, ev, ev->data.scalar.anchor, ev->data.scalar.tag) != 0)
		return NULL;
	const char *text = (const char *)ev->data.scalar.value;
	if (strlen(text) != ev->data.scalar.length) {
		fail_at(r, &ev->start_mark, ERR_USAGE, "NUL characters are not supported");
		return NULL;
	}
	return ynode_new_scalar(text, ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE, r->file,
		(int)ev->start_mark.line + 1, (int)ev->start_mark.column + 1);
}

static struct ynode *read_key(struct reader *r, const yaml_event_t *ev, struct map *seen)
{
	if (ev->type == YAML_ALIAS_EVENT) {
		fail_at(r, &ev->start_mark, ERR_USAGE, "aliases are not supported");
		return NULL;
	}
	if (ev->type != YAML_SCALAR_EVENT) {
		fail_at(r, &ev->start_mark, ERR_USAGE, "a key must be a scalar");
		return NULL;
	}
	struct ynode *key = read_scalar(r, ev);
	if (!key)
		return NULL;
	size_t len = strlen(key->scalar);
	const struct ynode *first = map_get(seen, key->scalar, len);
	if (first) {
		ynode_err(key, r->err, "key '%.100s' is there already, on line %d", key->scalar,
			first->line);
		ynode_free(key);
		return NULL;
	}
	map_put(seen, key->scalar, len, key);
	return key;
}

/* Entries up to the end of the mapping. */
static int read_map(struct reader *r, struct ynode *map, struct map *seen, unsigned depth)
{
	for (;;) {
		yaml_event_t ev;
		if (next_event(r, &ev) != 0)
			return -1;
		if (ev.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&ev);
			return 0;
		}
		struct ynode *key = read_key(r, &ev, seen);
		yaml_event_delete(&ev);
		if (!key)
			return -1;
		struct ynode *value = NULL;
		if (next_event(r, &ev) == 0) {
			value = read_node(r, &ev, depth + 1);
			yaml_event_delete(&ev);
		}
		if (!value) {
			ynode_free(key);
			return -1;
		}
		ynode_add(map, key, value);
	}
}

static int read_seq(struct reader *r, struct ynode *seq, unsigned depth)
{
	for (;;) {
		yaml_event_t ev;
		if (next_event(r, &ev) != 0)
			return -1;
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			return 0;
		}
		struct ynode *item = read_node(r, &ev, depth + 1);
		yaml_event_delete(&ev);
		if (!item)
			return -1;
		ynode_append(seq, item);
	}
}

static struct ynode *read_collection(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	bool is_map = ev->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
		is_map ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor;
	const yaml_char_t *tag = is_map ? ev->data.mapping_start.tag : ev->data.sequence_start.tag;
	if (check_node(r, ev, anchor, tag) != 0)
		return NULL;
	if (depth >= MAX_DEPTH) {
		fail_at(r, &ev->start_mark, ERR_LIMIT, "nested too deeply");
		return NULL;
	}
	struct ynode *n = ynode_new(is_map ? YNODE_MAP : YNODE_SEQ, r->file,
		(int)ev->start_mark.line + 1, (int)ev->start_mark.column + 1);
	int rc;
	if (is_map) {
		struct map *seen = map_new(NULL);
		rc = read_map(r, n, seen, depth);
		map_free(seen);
	} else {
		rc = read_seq(r, n, depth);
	}
	if (rc != 0) {
		ynode_free(n);
		return NULL;
	}
	return n;
}

static struct ynode *read_node(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, ev);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return read_collection(r, ev, depth);
	case YAML_ALIAS_EVENT:
		fail_at(r, &ev->start_mark, ERR_USAGE, "aliases are not supported");
		return NULL;
	default:
		fail_at(r, &ev->start_mark, ERR_INTERNAL, "unexpected YAML event");
		return NULL;
	}
}

/* Stream start, at most one document, stream end. */
static int read_stream(struct reader *r, struct ydoc *d)
{
	for (;;) {
		yaml_event_t ev;
		if (next_event(r, &ev) != 0)
			return -1;
		int rc = 0;
		bool end = ev.type == YAML_STREAM_END_EVENT;
		if (ev.type == YAML_DOCUMENT_START_EVENT) {
			if (d->root)
				rc = fail_at(r, &ev.start_mark, ERR_USAGE,
					"a further document begins: only one is supported");
		} else if (ev.type != YAML_STREAM_START_EVENT &&
			   ev.type != YAML_DOCUMENT_END_EVENT && !end) {
			d->root = read_node(r, &ev, 0);
			rc = d->root ? 0 : -1;
		}
		yaml_event_delete(&ev);
		if (rc != 0 || end)
			return rc;
	}
}

struct ydoc *yaml_parse(
	const char *file, const char *text, size_t len, size_t max_bytes, struct err *err)
{
	if (max_bytes == 0)
		max_bytes = DEFAULT_MAX_BYTES;
	if (len > max_bytes) {
		err_set(err, ERR_LIMIT, "%s: %zu bytes are more than the %zu allowed", file, len,
			max_bytes);
		return NULL;
	}
	struct ydoc *d = xcalloc(1, sizeof(*d));
	d->file = xstrdup(file);
	struct reader r = { .file = d->file, .text = text, .len = len, .err = err };
	if (!yaml_parser_initialize(&r.parser)) {
		err_set(err, ERR_INTERNAL, "%s: cannot start the YAML parser", file);
		ydoc_free(d);
		return NULL;
	}
	/* otherwise a byte order mark could make it UTF-16 */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	int rc = read_stream(&r, d);
	yaml_parser_delete(&r.parser);
	if (rc != 0) {
		ydoc_free(d);
		return NULL;
	}
	return d;
}

void ydoc_free(struct ydoc *d)
{
	if (!d)
		return;
	ynode_free(d->root);
	free(d->file);
	free(d);
}
