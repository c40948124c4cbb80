/*
 * Option tables: one row per setting of a plug-in or preset section. Parser,
 * `ltb describe`, the manual and the forms of the terminal are all made from
 * them. A table ends with a row whose name is NULL. Pure, any thread.
 */
#ifndef CORE_OPTION_H
#define CORE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/yaml.h"

enum option_type {
	OPTION_BOOL,     /* bool */
	OPTION_U64,      /* uint64_t */
	OPTION_DOUBLE,   /* double */
	OPTION_DURATION, /* uint64_t, nanoseconds */
	OPTION_SIZE,     /* uint64_t, bytes */
	OPTION_STRING,   /* char *, owned; NULL when unset */
	OPTION_ENUM,     /* int, index into choices */
	OPTION_STRINGS,  /* struct strlist; a scalar is a list of one */
};

struct option {
	const char *name;
	enum option_type type;
	size_t offset;              /* into the plug-in's config struct */
	const char *def;            /* as one would write it in a preset; NULL: zero or unset */
	const char *unit;           /* shown to people; may be NULL */
	uint64_t min, max;          /* U64, DURATION, SIZE; max 0: no upper bound */
	double dmin, dmax;          /* DOUBLE; dmax 0: no upper bound */
	const char *const *choices; /* ENUM: NULL-terminated */
	const char *help;           /* one line */
	/*
	 * Environment variables that give the value when nothing else does: names with spaces
	 * between, the first that is set and not empty counts. For options of preset sections and
	 * of backends; not for OPTION_STRINGS.
	 */
	const char *env;
	const char *env_unit; /* appended to a bare number from there ("s"); may be NULL */
};

/* Fills config (zeroed first, config_size bytes) with the defaults. */
void options_defaults(const struct option *table, void *config, size_t config_size);
/*
 * Reads a YAML map into config, on top of what is there. Errors: file:line:col,
 * the key, what was expected, and for an unknown key the nearest valid name.
 * NULL or null map: nothing to do. `where` names the section in messages.
 */
int options_parse(const struct option *table, const char *where, const struct ynode *map,
	void *config, struct err *err);
/*
 * The same for a section that has more keys than its table: those named in
 * `others` (NULL-terminated) are left to the caller, but known to messages.
 */
int options_parse_some(const struct option *table, const char *const *others, const char *where,
	const struct ynode *map, void *config, struct err *err);
/* 1, true, yes, on; 0, false, no, off; in any case. False: it is none of them. */
bool option_truth(const char *value, bool *ret);
/* Reads a variable; NULL when it is not set. environ_get(), or a test's own. */
typedef const char *option_getenv(const char *name);
/* A variable that is a switch: unset and empty are off; ERR_USAGE for what is none of the above. */
int option_switch(const char *name, option_getenv *get, bool *ret, struct err *err);
/*
 * What the environment says about a row: *ret_node is a value for its place in a preset, labelled
 * with the variable (a name kept in `labels`), NULL when nothing is said. A value that a preset
 * could not have, beside 1/on and 0/off for booleans, is an ERR_USAGE that names the variable.
 */
int option_from_env(const struct option *o, const char *where, option_getenv *get,
	struct strlist *labels, struct ynode **ret_node, struct err *err);
void options_release(const struct option *table, void *config); /* frees owned strings */
void options_copy(const struct option *table, const void *from, void *to, size_t config_size);
/* {"name": value, ...} in table order. */
void options_to_json(const struct option *table, const void *config, struct jw *w);
/* The members alone, for an object that has others too. */
void options_members_to_json(const struct option *table, const void *config, struct jw *w);
/* " [$VARIABLE]" for a row that has one, else nothing. */
void option_env_text(const struct option *o, struct strbuf *out);
/* Human table: name, type/unit/range, default, help, environment variable. */
void options_describe(const struct option *table, struct strbuf *out);

/*
 * Messages about places in a preset, for sections that are read by hand.
 * "file:line:col: where: text"; a node without position (line 0) comes from the
 * command line and its file ("--set KEY") says all there is to say about where.
 */
int option_err(const struct ynode *n, const char *where, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* `unknown WHAT "x"; did you mean "y"?`, or the hint when no candidate is near. */
int option_unknown(const struct ynode *key, const char *where, const char *what,
	const char *const *candidates, const char *hint, struct err *err);
#define OPTION_QUOTE 72 /* bytes for a value shown in a message */
/* In double quotes, shortened to fit, control characters made harmless. Returns buf. */
const char *option_quote(const char *s, char *buf, size_t size);
/* What a value is, for "expected ..., not ...": the quoted scalar, "a list", "nothing". */
const char *option_value_text(const struct ynode *v, char *buf, size_t size);

#endif
