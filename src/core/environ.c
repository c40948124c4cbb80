/* See environ.h: looking at the environment by the table, and telling of it. */
#include "core/environ.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/nearest.h"

#define METRICS_VARIABLE "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
#define TRACES_VARIABLE  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
#define TRACES_SOURCE    "LOGOS_BLOCKCHAIN_OTLP_ENDPOINT"

static bool row_has(const struct environ_variable *v, const char *name)
{
	size_t len = strlen(v->name);

	if (v->name[len - 1] == '*')
		return strncmp(v->name, name, len - 1) == 0 && name[len - 1];
	return strcmp(v->name, name) == 0;
}

const struct environ_variable *environ_find(const char *name)
{
	for (const struct environ_variable *v = environ_table(); v->name; v++) {
		if (row_has(v, name))
			return v;
	}
	return NULL;
}

const char *environ_use_name(enum environ_use use)
{
	static const char *const names[] = {
		[ENVIRON_SYSTEM] = "common",
		[ENVIRON_USED] = "used",
		[ENVIRON_NODES] = "nodes",
		[ENVIRON_REPLACED] = "replaced",
		[ENVIRON_DEAD] = "no effect",
	};

	return names[use];
}

const char *environ_get(const char *name)
{
	return getenv(name);
}

int environ_switch(const char *name, bool *ret, struct err *err)
{
	return option_switch(name, environ_get, ret, err);
}

/* --- for nodes ------------------------------------------------------------------ */

static bool list_has(const struct strlist *list, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < list->len; i++) {
		if (strncmp(list->items[i], name, len) == 0 && list->items[i][len] == '=')
			return true;
	}
	return false;
}

static void hand_through(
	const struct scenario *s, const char *name, const char *value, struct strlist *ret)
{
	if (value && *value && !list_has(&s->topology.env, name) && !list_has(ret, name))
		strlist_addf(ret, "%s=%s", name, value);
}

/* NAME of "NAME=VALUE"; caller frees. */
static char *name_of(const char *variable)
{
	return xstrndup(variable, strcspn(variable, "="));
}

static void hand_through_all(
	const struct scenario *s, const struct environ_variable *v, struct strlist *ret)
{
	for (char **e = environ; e && *e; e++) {
		CLEANUP_FREE char *name = name_of(*e);

		if (row_has(v, name))
			hand_through(s, name, environ_get(name), ret);
	}
}

void environ_for_nodes(const struct scenario *s, struct strlist *ret)
{
	for (const struct environ_variable *v = environ_table(); v->name; v++) {
		bool on = false;

		if (v->use != ENVIRON_NODES || strcmp(v->name, TRACES_SOURCE) == 0)
			continue;
		if (!v->is_switch)
			hand_through_all(s, v, ret);
		/* Nodes only look whether it is there, so one that is off must not be. */
		else if (environ_get(v->name) && option_truth(environ_get(v->name), &on) && on)
			hand_through(s, v->name, "true", ret);
	}
	hand_through(
		s, "LOGOS_BLOCKCHAIN_LOG_LEVEL", environ_get("LOGOS_BLOCKCHAIN_LOG_LEVEL"), ret);
	hand_through(s, METRICS_VARIABLE, s->observability.otlp_url, ret);
	hand_through(s, TRACES_VARIABLE, environ_get(TRACES_SOURCE), ret);
}

bool environ_has(const struct strlist *env, const char *variable)
{
	size_t name_len = strcspn(variable, "=") + 1;
	for (size_t i = 0; i < env->len; i++)
		if (strncmp(env->items[i], variable, name_len) == 0)
			return true;
	return false;
}

void environ_add_missing(struct strlist *env, const struct strlist *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (!environ_has(env, from->items[i]))
			strlist_add(env, from->items[i]);
}

bool environ_not_for_nodes(const char *variable)
{
	CLEANUP_FREE char *name = name_of(variable);
	const struct environ_variable *v = environ_find(name);
	bool on = false;

	if (!v || v->use != ENVIRON_NODES || !v->is_switch || !variable[strlen(name)])
		return false;
	return !option_truth(variable + strlen(name) + 1, &on) || !on;
}

/* --- for people ------------------------------------------------------------------- */

/* As one would type it, with nothing in it that could drive the terminal. */
static void add_value(const char *value, struct strbuf *out)
{
	char buf[OPTION_QUOTE];

	/* The password of a URL is nobody's business. */
	if (strstr(value, "://") && strchr(value, '@'))
		value = "...";
	option_quote(value, buf, sizeof(buf));
	size_t len = strlen(buf);

	if (strpbrk(value, " \t\n\"'") || !*value)
		strbuf_addf(out, "=%s", buf);
	else
		strbuf_addf(out, "=%.*s", (int)len - 2, buf + 1);
}

/* Why a variable that could have an effect has none; NULL: it has. Not for a switch's value. */
static const char *why_idle(
	const struct catalog *cat, const struct environ_variable *v, const char *value)
{
	bool on = true;

	if (!*value)
		return "is empty, which is as if it were not set";
	if (v->backend && !catalog_backend(cat, v->backend))
		return "has no effect: this ltb does not have the backend that it is for";
	if (v->is_switch && !option_truth(value, &on))
		return "IS WRONG: expected 1, true, yes or on, or 0, false, no or off";
	return on ? NULL : "is off";
}

static void add_effect(const struct catalog *cat, const struct environ_variable *v,
	const char *value, struct strbuf *out)
{
	const char *idle = why_idle(cat, v, value);

	if (v->use == ENVIRON_REPLACED)
		strbuf_addf(out, "has no effect; instead: %s", v->help);
	else if (v->use == ENVIRON_DEAD)
		strbuf_addf(out, "has no effect: %s", v->help);
	else if (idle)
		strbuf_adds(out, idle);
	else if (v->use == ENVIRON_NODES)
		strbuf_addf(out, "handed to nodes: %s", v->help);
	else if (v->backend)
		strbuf_addf(out, "backend %s: %s", v->backend, v->help);
	else
		strbuf_adds(out, v->help);
}

/* Of the framework, by its name; false for the many that are none of our business. */
static bool looks_like_ours(const char *name)
{
	static const char *const prefixes[] = { "LOGOS_BLOCKCHAIN_", "CONSENSUS_", "TESTNET_",
		"COMPOSE_RUNNER_", "K8S_RUNNER_", "LTB_" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

static void add_unknown(const char *name, struct strbuf *out)
{
	VEC(const char *) names = { 0 };
	char buf[OPTION_QUOTE];

	for (const struct environ_variable *v = environ_table(); v->name; v++)
		vec_push(&names, v->name);
	vec_push(&names, NULL);
	const char *near = nearest_name(name, names.items);

	strbuf_addf(out, "  %s: not known%s%s%s\n", option_quote(name, buf, sizeof(buf)),
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	vec_free(&names);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void environ_describe(const struct catalog *cat, struct strbuf *out)
{
	struct strlist set = { 0 };

	for (char **e = environ; e && *e; e++) {
		CLEANUP_FREE char *name = name_of(*e);
		const struct environ_variable *v = environ_find(name);

		if (v ? v->use != ENVIRON_SYSTEM : looks_like_ours(name))
			strlist_add(&set, name);
	}
	if (set.len)
		qsort(set.items, set.len, sizeof(*set.items), by_name);
	for (size_t i = 0; i < set.len; i++) {
		const struct environ_variable *v = environ_find(set.items[i]);
		const char *value = environ_get(set.items[i]);

		if (!v || !value) {
			add_unknown(set.items[i], out);
			continue;
		}
		strbuf_addf(out, "  %s", set.items[i]);
		if (!v->is_secret)
			add_value(value, out);
		strbuf_adds(out, ": ");
		add_effect(cat, v, value, out);
		strbuf_addc(out, '\n');
	}
	strlist_release(&set);
}
