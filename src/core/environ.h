/*
 * The environment variables that ltb and what it starts know, those of the
 * framework that people come from included: one table, from which `ltb doctor`,
 * `ltb list environment` and the manual are made; a test sees to it that none is
 * read beside it. Reads the environment, which nothing changes while threads
 * run; any thread.
 */
#ifndef CORE_ENVIRON_H
#define CORE_ENVIRON_H

#include <stdbool.h>

#include "core/catalog.h"
#include "core/option.h"
#include "core/scenario.h"
#include "util/err.h"
#include "util/strbuf.h"

enum environ_use {
	ENVIRON_SYSTEM,   /* common to many programs; no news when it is set */
	ENVIRON_USED,     /* by ltb */
	ENVIRON_NODES,    /* handed through to nodes */
	ENVIRON_REPLACED, /* without effect: something else does this now */
	ENVIRON_DEAD,     /* without effect: there is nothing left that it could do */
};

struct environ_variable {
	const char *name; /* ends in "*": all that begin so */
	enum environ_use use;
	const char *backend; /* the only one that it is for; NULL: any */
	bool is_switch;
	bool is_secret;   /* its value is not shown */
	const char *help; /* one line; a dead one's says why */
};

const struct environ_variable *environ_table(void); /* ends with a NULL name */
const struct environ_variable *environ_find(const char *name);
const char *environ_use_name(enum environ_use use); /* "used" */

/* NULL when it is not set. */
const char *environ_get(const char *name);
/* See option_switch(). */
int environ_switch(const char *name, bool *ret, struct err *err);

/*
 * What the environment says to node programs wherever they run, as NAME=VALUE: what they know by
 * the same name, and what other names of theirs stand for. What topology.env of the preset sets
 * is left out, as that goes before it.
 */
void environ_for_nodes(const struct scenario *s, struct strlist *ret);
/* Is the name of this NAME=VALUE among those of env? */
bool environ_has(const struct strlist *env, const char *variable);
/* Those of `from`, as NAME=VALUE, whose name is not in env yet. */
void environ_add_missing(struct strlist *env, const struct strlist *from);

/*
 * For those that inherit the environment: is this NAME=VALUE a switch of nodes that is off? They
 * would take it as on.
 */
bool environ_not_for_nodes(const char *variable);

/* A line each for those that are set, with their effect, and for those that look misspelled. */
void environ_describe(const struct catalog *cat, struct strbuf *out);

#endif
