/*
 * Presets from outside: any bytes are either refused with a message or give a
 * scenario whose recorded document reads back to the same, and a plan. A first
 * line "#set KEY=VALUE" is applied as the command line's --set, and one of
 * "#env NAME=VALUE" is the environment: what it gives is the same as if set.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tiny_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct embedded_file embedded[] = {
	{ "base", "version: 1\ntopology: {nodes: 4, layout: {random: {degree: 2}}}\n"
		  "workloads: [load, killer]\nbackend: {here: {keep: true}}\n" },
	{ "loop", "extends: loop\n" },
	{ NULL, NULL },
};

static const char *env_line; /* NAME=VALUE; NULL: none */

static const char *env_get(const char *name)
{
	size_t len = strlen(name);

	return env_line && strncmp(env_line, name, len) == 0 && env_line[len] == '='
		       ? env_line + len + 1
		       : NULL;
}

static const struct preset_source source = { .embedded = embedded, .get = env_get };

static void must(int ok)
{
	if (!ok)
		abort();
}

static void check_plan(const struct scenario *s)
{
	CLEANUP_STRBUF struct strbuf json = { 0 };
	struct err err = { 0 };

	/* keys cost time; large plans differ in nothing else */
	if (s->topology.n_nodes > 30 || s->n_wallets > 10)
		return;
	struct plan *p = plan_new(s, &err);
	must(p != NULL);
	plan_to_json(p, &json);
	plan_genesis_json(p, 1, &json);
	must(strlen(p->chain_id) < sizeof(p->chain_id) - 1);
	plan_free(p);
}

static void check_again(const struct scenario *s)
{
	CLEANUP_STRBUF struct strbuf a = { 0 }, b = { 0 };
	struct err err = { 0 };

	ynode_write(s->doc->root, &a);
	if (a.len > PRESET_MAX_BYTES)
		return;
	struct scenario *again =
		scenario_parse(&tiny_catalog, NULL, "again", a.buf, a.len, NULL, &err);
	must(again != NULL);
	ynode_write(again->doc->root, &b);
	must(strcmp(strbuf_str(&a), strbuf_str(&b)) == 0);
	scenario_free(again);
}

static void check_set(const struct scenario *s, const uint8_t *data, size_t size)
{
	CLEANUP_STRBUF struct strbuf a = { 0 }, b = { 0 };
	struct err err = { 0 };
	const char *sets[] = { NULL, NULL };
	const struct preset_request req = { .sets = sets, .recorded = true };

	for (size_t i = 0; i < s->n_env; i++)
		sets[0] = s->env[i].assignment ? s->env[i].assignment : sets[0];
	if (!sets[0])
		return;
	struct scenario *set = scenario_parse(
		&tiny_catalog, &source, "fuzz.yaml", (const char *)data, size, &req, &err);
	must(set != NULL);
	ynode_write(s->doc->root, &a);
	ynode_write(set->doc->root, &b);
	must(strcmp(strbuf_str(&a), strbuf_str(&b)) == 0);
	scenario_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	char *text = xstrndup((const char *)data, size), *set = NULL;
	size_t line = strcspn(text, "\n");

	if (strncmp(text, "#set ", 5) == 0)
		set = xstrndup(text + 5, line - 5);
	char *env = strncmp(text, "#env ", 5) == 0 ? xstrndup(text + 5, line - 5) : NULL;
	env_line = env;
	const char *const sets[] = { set, NULL };
	const struct preset_request req = { .sets = sets };
	struct scenario *s = scenario_parse(
		&tiny_catalog, &source, "fuzz.yaml", (const char *)data, size, &req, &err);

	must(s ? err.code == ERR_NONE : err.code != ERR_NONE && err.code != ERR_INTERNAL);
	if (s) {
		check_plan(s);
		check_again(s);
		if (env)
			check_set(s, data, size);
	}
	scenario_free(s);
	free(set);
	free(env);
	free(text);
	return 0;
}
