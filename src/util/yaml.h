/*
 * YAML as a small tree with positions (libyaml behind it).
 *
 * Refused, with file:line:column: aliases and anchors, tags, further
 * documents, duplicate keys, keys that are not scalars, bad UTF-8, more than
 * max_bytes, deeper than 32 levels, more than 100,000 nodes. Any thread.
 */
#ifndef UTIL_YAML_H
#define UTIL_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"
#include "util/strbuf.h"

enum ynode_kind { YNODE_SCALAR, YNODE_SEQ, YNODE_MAP };

struct ynode {
	enum ynode_kind kind;
	const char *file; /* borrowed from the document */
	int line, col;    /* from 1 */
	char *scalar;     /* YNODE_SCALAR */
	bool quoted;      /* was quoted, or has to be: never a number, bool or null */
	/* YNODE_SEQ: items; YNODE_MAP: keys (scalars) and items side by side */
	size_t len, cap;
	struct ynode **keys;
	struct ynode **items;
};

struct ydoc {
	char *file;
	struct ynode *root; /* NULL for an empty document */
};

/* file is for messages only; max_bytes 0: 1 MiB. NULL on error. */
struct ydoc *yaml_parse(
	const char *file, const char *text, size_t len, size_t max_bytes, struct err *err);
void ydoc_free(struct ydoc *d);

struct ynode *ynode_get(const struct ynode *map, const char *key); /* NULL when absent */
bool ynode_is_null(const struct ynode *n);                         /* plain "", ~, null */

/*
 * Construction, for --set and extends: deep copy (file NULL: keeps the
 * original's), replace or add a key (takes value). file must outlive the node.
 */
struct ynode *ynode_copy(const struct ynode *n, const char *file);
struct ynode *ynode_new(enum ynode_kind kind, const char *file, int line, int col);
struct ynode *ynode_new_scalar(const char *text, bool quoted, const char *file, int line, int col);
void ynode_set(struct ynode *map, const char *key, struct ynode *value);
void ynode_append(struct ynode *seq, struct ynode *value);
void ynode_free(struct ynode *n);

/* Writes the tree as YAML that yaml_parse() reads back to an equal tree. */
void ynode_write(const struct ynode *n, struct strbuf *out);
/* text between double quotes, on one line. */
void yaml_add_quoted(const char *text, struct strbuf *out);

/* err_set(ERR_USAGE) with "file:line:col: " in front. Returns -1. */
int ynode_err(const struct ynode *n, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
