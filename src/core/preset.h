/*
 * Presets as documents: finding them by name, following `extends`, applying
 * what the command line changes. What the keys mean is scenario.c's business.
 * Reads files; any thread.
 */
#ifndef CORE_PRESET_H
#define CORE_PRESET_H

#include "core/scenario.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/yaml.h"

#define PRESET_MAX_EXTENDS 8
#define PRESET_MAX_NAME    48

/* Letters, digits, '-', '_', '.'; begins with a letter or digit; at most PRESET_MAX_NAME. */
bool preset_name_valid(const char *name);

/*
 * A resolved document. Its nodes still say which file (or "--set KEY") they
 * come from, for messages: those names live in `files`, so the set is released
 * only together with the document, or after preset_doc_detach().
 */
struct preset_doc {
	struct ydoc *doc; /* root is a map */
	char *name;       /* default for a preset without `name` */
	struct strlist files;
};

/* Finds and reads request->preset, then preset_resolve_text(). */
int preset_resolve(const struct preset_source *src, const struct preset_request *req,
	struct preset_doc *ret, struct err *err);
/* The same for a text at hand; what it extends is searched in src only. req may be NULL. */
int preset_resolve_text(const struct preset_source *src, const struct preset_request *req,
	const char *file, const char *text, size_t len, struct preset_doc *ret, struct err *err);
/* Hands the document over with all nodes naming doc->file; the set can then be released. */
struct ydoc *preset_doc_detach(struct preset_doc *pd);
void preset_doc_release(struct preset_doc *pd);

/* preset_set.c: one "dotted.key=value" applied to the tree; new nodes are labelled from files. */
int preset_set(struct ynode *root, const char *assignment, struct strlist *files, struct err *err);
/* Replaces or adds a top-down path of map keys by a scalar that names `label` in messages. */
void preset_put(struct ynode *root, const char *section, const char *key, const char *value,
	const char *label);

#endif
