/*
 * What environment variables give to a preset: put into its document, where
 * nothing is written yet, before it is read. So the recorded preset has these
 * values, and the same run can be had without the variables. Pure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend.h"
#include "core/preset.h"
#include "core/scenario_sections.h"
#include "util/units.h"

#define SLOW_VARIABLE "SLOW_TEST_ENV"

struct taking {
	struct scenario *s;
	struct ynode *root;
	option_getenv *get;
	struct strlist *labels;
};

static void remember(struct scenario *s, const char *variable, const char *path, char *assignment)
{
	s->env = xrealloc_array(s->env, s->n_env + 1, sizeof(*s->env));
	s->env[s->n_env++] = (struct scenario_env){
		.variable = xstrdup(variable),
		.path = xstrdup(path),
		.assignment = assignment,
	};
}

/* "key=value" as --set takes it. */
static char *assignment(const char *path, const struct ynode *value)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct ynode *map = ynode_new(YNODE_MAP, value->file, 0, 0);

	/* In a map, as a document that is only a scalar can be written in its own way. */
	ynode_set(map, "v", ynode_copy(value, NULL));
	ynode_write(map, &text);
	ynode_free(map);
	const char *written = strbuf_str(&text) + strlen("v: ");

	return xasprintf("%s=%.*s", path, (int)strcspn(written, "\n"), written);
}

static void set_labelled(struct ynode *map, const char *key, struct ynode *value, const char *label)
{
	bool is_new = !ynode_get(map, key);

	ynode_set(map, key, value);
	if (is_new) {
		map->keys[map->len - 1]->file = label;
		map->keys[map->len - 1]->line = map->keys[map->len - 1]->col = 0;
	}
}

/*
 * The map at a dotted path, made where it is missing. NULL when something else stands there:
 * that is reported when it is read. `make` NULL: nothing is made.
 */
static struct ynode *map_at(struct ynode *root, const char *path, const char *make)
{
	struct ynode *n = root;
	char key[64];

	while (n && n->kind == YNODE_MAP && *path) {
		size_t len = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		struct ynode *child = ynode_get(n, key);

		if (make && child && child->kind == YNODE_SCALAR && path[len] == '.' &&
			strcmp(child->scalar, path + len + 1) == 0) {
			/* NAME of a choice becomes {NAME: {}}, still where it was written. */
			struct ynode *choice =
				ynode_new(YNODE_MAP, child->file, child->line, child->col);

			set_labelled(choice, path + len + 1, ynode_new(YNODE_MAP, make, 0, 0),
				child->file);
			choice->keys[0]->line = child->line;
			choice->keys[0]->col = child->col;
			ynode_set(n, key, choice);
			child = choice;
		} else if (make && (!child || ynode_is_null(child))) {
			child = ynode_new(YNODE_MAP, make, 0, 0);
			set_labelled(n, key, child, make);
		}
		n = child;
		path += len + (path[len] == '.');
	}
	return n && n->kind == YNODE_MAP ? n : NULL;
}

static int take_option(struct taking *t, const char *where, const struct option *o, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s%s%s", where, *where ? "." : "", o->name);
	const struct ynode *map = map_at(t->root, where, NULL);
	const struct ynode *written = map ? ynode_get(map, o->name) : NULL;
	struct ynode *value = NULL;

	if (option_from_env(o, where, t->get, t->labels, &value, err) < 0) {
		/* What is not used does no harm. */
		if (!written || ynode_is_null(written))
			return -1;
		err_clear(err);
		return 0;
	}
	if (!value)
		return 0;
	if (written && !ynode_is_null(written)) {
		remember(t->s, value->file, path, NULL);
		ynode_free(value);
		return 0;
	}
	struct ynode *to = map_at(t->root, where, value->file);

	if (!to) {
		ynode_free(value);
		return 0;
	}
	remember(t->s, value->file, path, assignment(path, value));
	set_labelled(to, o->name, value, value->file);
	return 0;
}

static int take_table(
	struct taking *t, const char *where, const struct option *table, struct err *err)
{
	for (const struct option *o = table; o && o->name; o++) {
		if (o->env && take_option(t, where, o, err) < 0)
			return -1;
	}
	return 0;
}

/* The backend that the document names, or the one that is taken without. */
static const struct backend_ops *backend_of(const struct catalog *cat, const struct ynode *root)
{
	const struct ynode *n = ynode_get(root, "backend");

	if (!n || ynode_is_null(n))
		return cat->backends ? cat->backends[0] : NULL;
	if (n->kind == YNODE_SCALAR)
		return catalog_backend(cat, n->scalar);
	return n->kind == YNODE_MAP && n->len == 1 ? catalog_backend(cat, n->keys[0]->scalar)
						   : NULL;
}

int scenario_env_take(struct scenario *s, const struct catalog *cat, struct ynode *root,
	option_getenv *get, struct strlist *labels, struct err *err)
{
	struct taking t = { .s = s, .root = root, .get = get, .labels = labels };
	const struct backend_ops *backend = backend_of(cat, root);
	char where[96];

	for (const struct scenario_section *i = scenario_sections(); i->name; i++) {
		if (take_table(&t, i->name, i->options, err) < 0)
			return -1;
	}
	if (!backend)
		return 0;
	snprintf(where, sizeof(where), "backend.%s", backend->name);
	return take_table(&t, where, backend->options, err);
}

int scenario_env_slow(struct scenario *s, struct ynode *root, option_getenv *get, struct err *err)
{
	static const char path[] = "run.ready_timeout";
	bool given = s->run.ready_timeout_ns > 0, on = false;
	char text[40];

	if (option_switch(SLOW_VARIABLE, get, &on, err) < 0)
		return -1;
	if (!on)
		return 0;
	if (!given) {
		s->run.ready_timeout_ns = 2 * scenario_ready_timeout_ns(s);
		units_format_duration(s->run.ready_timeout_ns, text, sizeof(text));
		preset_put(root, "run", "ready_timeout", text, SLOW_VARIABLE);
	}
	remember(s, SLOW_VARIABLE, path, given ? NULL : xasprintf("%s=%s", path, text));
	return 0;
}

void scenario_env_release(struct scenario *s)
{
	for (size_t i = 0; i < s->n_env; i++) {
		free(s->env[i].variable);
		free(s->env[i].path);
		free(s->env[i].assignment);
	}
	free(s->env);
}
