/*
 * From a resolved preset document to a checked scenario. Every message names
 * the place in the file; nothing here starts or creates anything.
 */
#include "core/scenario.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend.h"
#include "core/check.h"
#include "core/http_url.h"
#include "core/preset.h"
#include "core/scenario_sections.h"
#include "core/workload.h"
#include "util/units.h"

#define READY_BASE_NS 20000000000ull /* for nodes to come up, unless the preset says */
#define READY_NODE_NS 200000000ull   /* ... and for each of them */

/* --- places in the document -------------------------------------------------- */

/* The node at a dotted path, or the nearest above it that is written down. */
static const struct ynode *place(const struct ynode *root, const char *path)
{
	const struct ynode *n = root;
	char key[64];

	while (*path) {
		size_t len = strcspn(path, ".");
		const struct ynode *child;

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		child = ynode_get(n, key);
		if (!child)
			break;
		n = child;
		path += len + (path[len] == '.');
	}
	return n;
}

/* Where a hook found something wrong; the hook has set the text. */
static int hook_failed(const struct ynode *n, const char *where, struct err *err)
{
	if (err)
		err->code = ERR_USAGE;
	if (n->line == 0)
		return err_prefix(err, "%s", n->file);
	return err_prefix(err, "%s:%d:%d: %s", n->file, n->line, n->col, where);
}

static int expect_kind(const struct ynode *n, enum ynode_kind kind, const char *where,
	const char *what, struct err *err)
{
	char buf[OPTION_QUOTE];

	if (n->kind == kind)
		return 0;
	return option_err(
		n, where, err, "expected %s, not %s", what, option_value_text(n, buf, sizeof(buf)));
}

/* --- plain sections ------------------------------------------------------------ */

static int read_version(const struct ynode *root, struct err *err)
{
	const struct ynode *v = ynode_get(root, "version");
	char buf[OPTION_QUOTE];

	if (!v)
		return option_err(
			root, NULL, err, "the key \"version\" is missing; add \"version: 1\"");
	if (v->kind == YNODE_SCALAR && !v->quoted && strcmp(v->scalar, "1") == 0)
		return 0;
	return option_err(v, "version", err, "expected 1, the only version of the format, not %s",
		option_value_text(v, buf, sizeof(buf)));
}

static int read_top(
	struct scenario *s, const struct ynode *root, const char *default_name, struct err *err)
{
	struct top_config c;
	char buf[OPTION_QUOTE];

	options_defaults(top_options, &c, sizeof(c));
	int rc = options_parse_some(top_options, top_keys, "", root, &c, err);

	if (rc == 0 && ynode_get(root, "extends"))
		rc = option_err(ynode_get(root, "extends"), "extends", err, "not possible here");
	if (rc == 0)
		rc = read_version(root, err);
	s->name = c.name ? c.name : xstrdup(default_name);
	s->summary = c.summary;
	if (rc == 0 && !preset_name_valid(s->name))
		rc = option_err(place(root, "name"), "name", err,
			"expected at most %d letters, digits, \"-\", \"_\" and \".\", not %s",
			PRESET_MAX_NAME, option_quote(s->name, buf, sizeof(buf)));
	return rc;
}

static int check_env(
	const struct strlist *env, const char *where, const struct ynode *n, struct err *err)
{
	char buf[OPTION_QUOTE];

	for (size_t i = 0; i < env->len; i++) {
		const char *s = env->items[i];
		size_t len = 0;

		while (s[len] == '_' || isalnum((unsigned char)s[len]))
			len++;
		if (len == 0 || s[len] != '=' || isdigit((unsigned char)s[0]))
			return option_err(n, where, err, "expected KEY=VALUE, not %s",
				option_quote(s, buf, sizeof(buf)));
	}
	return 0;
}

/* `NAME`, or a map of one key: `NAME: {options}`. */
static int read_choice(const struct ynode *n, const char *where, const char *noun,
	const struct ynode **ret_name, const struct ynode **ret_options, struct err *err)
{
	char buf[OPTION_QUOTE], buf2[OPTION_QUOTE];

	*ret_options = NULL;
	if (n->kind == YNODE_SCALAR && !ynode_is_null(n)) {
		*ret_name = n;
		return 0;
	}
	if (n->kind == YNODE_MAP && n->len == 1) {
		*ret_name = n->keys[0];
		*ret_options = n->items[0];
		return 0;
	}
	if (n->kind == YNODE_MAP && n->len > 1) {
		option_err(n->keys[1], where, err,
			"expected one %s, found %s beside %s; options are indented below the name",
			noun, option_quote(n->keys[1]->scalar, buf, sizeof(buf)),
			option_quote(n->keys[0]->scalar, buf2, sizeof(buf2)));
		return -1;
	}
	option_err(n, where, err, "expected NAME or NAME: {options}, not %s",
		n->kind == YNODE_MAP ? "an empty map" : option_value_text(n, buf, sizeof(buf)));
	return -1;
}

static int read_layout(struct topology *t, const struct ynode *topology, struct err *err)
{
	static const char *const names[] = { "star", "chain", "ring", "full", "random", NULL };
	static const struct option none[] = { { 0 } };
	const struct ynode *n = ynode_get(topology, "layout"), *name, *options;
	struct random_config random;
	size_t i = 0;

	t->layout = LAYOUT_STAR;
	if (!n || ynode_is_null(n))
		return 0;
	if (read_choice(n, "topology.layout", "layout", &name, &options, err) < 0)
		return -1;
	while (names[i] && strcmp(names[i], name->scalar) != 0)
		i++;
	if (!names[i])
		return option_unknown(name, "topology.layout", "layout", names,
			"expected star, chain, ring, full or {random: {degree: N}}", err);
	t->layout = (enum topology_layout)i;
	if (t->layout != LAYOUT_RANDOM)
		return options_parse(none, "topology.layout", options, NULL, err);

	options_defaults(random_options, &random, sizeof(random));
	if (options_parse(random_options, "topology.layout.random", options, &random, err) < 0)
		return -1;
	t->degree = (unsigned)random.degree;
	if (t->degree >= t->n_nodes)
		return option_err(place(n, "random.degree"), "topology.layout.random.degree", err,
			"%u links per node need at least %u nodes; there are %zu", t->degree,
			t->degree + 1, t->n_nodes);
	return 0;
}

static int read_consensus(struct consensus *c, const struct ynode *topology, struct err *err)
{
	const struct ynode *n = ynode_get(topology, "consensus");
	struct consensus_config config;

	options_defaults(consensus_options, &config, sizeof(config));
	if (options_parse(consensus_options, "topology.consensus", n, &config, err) < 0)
		return -1;
	if (config.slot_duration_ns % 1000000)
		return option_err(place(n, "slot_duration"), "topology.consensus.slot_duration",
			err, "expected whole milliseconds");
	c->slot_duration_ns = config.slot_duration_ns;
	c->active_slot_coeff = config.active_slot_coeff;
	c->security_param = (uint32_t)config.security_param;
	return 0;
}

/* Index of "n12"; n_nodes when there is no such node. */
static size_t node_index(const char *name, size_t n_nodes)
{
	uint64_t i;
	char canonical[24];

	if (name[0] != 'n' || units_parse_u64(name + 1, &i, NULL) < 0 || i >= n_nodes)
		return n_nodes;
	snprintf(canonical, sizeof(canonical), "n%" PRIu64, i);
	return strcmp(canonical, name) == 0 ? (size_t)i : n_nodes;
}

static int read_override(
	struct node_override *o, const struct ynode *n, const char *where, struct err *err)
{
	struct override_config c;
	const struct ynode *stake = ynode_get(n, "stake");
	char env[64];

	options_defaults(override_options, &c, sizeof(c));
	int rc = options_parse(override_options, where, n, &c, err);

	o->stake = c.stake;
	o->no_stake = stake && !ynode_is_null(stake) && c.stake == 0;
	o->binary = c.binary;
	o->args = c.args;
	o->env = c.env;
	snprintf(env, sizeof(env), "%s.env", where);
	return rc == 0 ? check_env(&o->env, env, place(n, "env"), err) : rc;
}

static int read_overrides(struct topology *t, const struct ynode *topology, struct err *err)
{
	const struct ynode *map = ynode_get(topology, "overrides");
	char where[48], buf[OPTION_QUOTE];

	t->overrides = xcalloc(t->n_nodes, sizeof(*t->overrides));
	if (!map || ynode_is_null(map))
		return 0;
	if (expect_kind(map, YNODE_MAP, "topology.overrides", "a map of nodes", err) < 0)
		return -1;
	for (size_t i = 0; i < map->len; i++) {
		size_t node = node_index(map->keys[i]->scalar, t->n_nodes);

		if (node == t->n_nodes)
			return option_err(map->keys[i], "topology.overrides", err,
				"unknown node %s; this topology has n0 to n%zu",
				option_quote(map->keys[i]->scalar, buf, sizeof(buf)),
				t->n_nodes - 1);
		snprintf(where, sizeof(where), "topology.overrides.n%zu", node);
		if (read_override(&t->overrides[node], map->items[i], where, err) < 0)
			return -1;
	}
	return 0;
}

static int read_topology(struct topology *t, const struct ynode *root, struct err *err)
{
	const struct ynode *n = ynode_get(root, "topology");
	struct topology_config c;

	options_defaults(topology_options, &c, sizeof(c));
	int rc = options_parse_some(topology_options, topology_keys, "topology", n, &c, err);

	t->n_nodes = (size_t)c.nodes;
	t->default_stake = c.stake;
	t->binary = c.binary;
	t->image = c.image;
	t->args = c.args;
	t->env = c.env;
	if (rc < 0 || check_env(&t->env, "topology.env", place(root, "topology.env"), err) < 0)
		return -1;
	if (read_consensus(&t->consensus, n, err) < 0 || read_layout(t, n, err) < 0)
		return -1;
	return read_overrides(t, n, err);
}

static int read_wallets(struct scenario *s, const struct ynode *root, struct err *err)
{
	struct wallets_config c;

	options_defaults(wallets_options, &c, sizeof(c));
	if (options_parse(wallets_options, "wallets", ynode_get(root, "wallets"), &c, err) < 0)
		return -1;
	s->n_wallets = c.count;
	s->wallet_funds = c.funds;
	return 0;
}

static int read_run(struct run_settings *r, const struct ynode *root, struct err *err)
{
	char have[40], need[40];

	options_defaults(run_options, r, sizeof(*r));
	if (options_parse(run_options, "run", ynode_get(root, "run"), r, err) < 0)
		return -1;
	if (r->timeout_ns && r->timeout_ns <= r->warmup_ns + r->duration_ns)
		return option_err(place(root, "run.timeout"), "run.timeout", err,
			"%s is over before warmup and duration are (%s)",
			units_format_duration(r->timeout_ns, have, sizeof(have)),
			units_format_duration(r->warmup_ns + r->duration_ns, need, sizeof(need)));
	return 0;
}

static int read_observability(struct observability *o, const struct ynode *root, struct err *err)
{
	const struct {
		const char *key, *path;
		char *const *url;
		bool base;
	} urls[] = { { "query_url", "observability.query_url", &o->query_url, true },
		{ "otlp_url", "observability.otlp_url", &o->otlp_url, true },
		{ "grafana_url", "observability.grafana_url", &o->grafana_url, false } };
	const struct ynode *n = ynode_get(root, "observability");

	options_defaults(observability_options, o, sizeof(*o));
	if (options_parse(observability_options, "observability", n, o, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		if (*urls[i].url && http_url_check(*urls[i].url, urls[i].base, err) < 0)
			return hook_failed(place(n, urls[i].key), urls[i].path, err);
	}
	return 0;
}

/* --- plug-ins --------------------------------------------------------------------- */

struct names {
	const char **items;
	size_t len, cap;
};

/* Collects the names of a NULL-terminated array of any kind of plug-in. */
#define PLUGIN_NAMES(list, ret) \
	do { \
		for (size_t i_ = 0; (list) && (list)[i_]; i_++) \
			vec_push((ret), (list)[i_]->name); \
		vec_push((ret), NULL); \
	} while (0)

/* Where the options of a plug-in are, and how messages call it. */
struct plugin_use {
	const struct ynode *name, *options;
	char where[96];
};

static void *read_config(
	const struct option *table, size_t size, const struct plugin_use *u, struct err *err)
{
	void *config = xcalloc(1, MAX(size, 1));

	options_defaults(table, config, size);
	if (!u || options_parse(table, u->where, u->options, config, err) == 0)
		return config;
	options_release(table, config);
	free(config);
	return NULL;
}

static char *unique_name(const char *name, size_t n_before)
{
	return n_before ? xasprintf("%s-%zu", name, n_before + 1) : xstrdup(name);
}

static int read_workload(
	struct scenario *s, const struct catalog *cat, const struct ynode *item, struct err *err)
{
	struct plugin_use u;
	size_t n_before = 0;

	if (read_choice(item, "workloads", "workload", &u.name, &u.options, err) < 0)
		return -1;
	const struct workload_ops *ops = catalog_workload(cat, u.name->scalar);

	if (!ops) {
		struct names names = { 0 };

		PLUGIN_NAMES(cat->workloads, &names);
		option_unknown(u.name, "workloads", "workload", names.items,
			"\"ltb list workloads\" shows all", err);
		vec_free(&names);
		return -1;
	}
	for (size_t i = 0; i < s->n_workloads; i++)
		n_before += s->workloads[i].ops == ops;

	struct workload_use *w = &s->workloads[s->n_workloads];

	w->name = unique_name(ops->name, n_before);
	w->ops = ops;
	w->line = u.name->line;
	snprintf(u.where, sizeof(u.where), "workloads.%s", w->name);
	s->n_workloads++;
	w->config = read_config(ops->options, ops->config_size, &u, err);
	return w->config ? 0 : -1;
}

static int read_check(
	struct scenario *s, const struct catalog *cat, const struct ynode *item, struct err *err)
{
	struct plugin_use u;
	size_t n_before = 0;

	if (read_choice(item, "expectations", "expectation", &u.name, &u.options, err) < 0)
		return -1;
	const struct check_ops *ops = catalog_check(cat, u.name->scalar);

	if (!ops) {
		struct names names = { 0 };

		PLUGIN_NAMES(cat->checks, &names);
		option_unknown(u.name, "expectations", "expectation", names.items,
			"\"ltb list checks\" shows all", err);
		vec_free(&names);
		return -1;
	}
	for (size_t i = 0; i < s->n_checks; i++)
		n_before += s->checks[i].ops == ops;

	struct check_use *c = &s->checks[s->n_checks];

	c->name = unique_name(ops->name, n_before);
	c->ops = ops;
	c->line = u.name->line;
	snprintf(u.where, sizeof(u.where), "expectations.%s", c->name);
	s->n_checks++;
	c->config = read_config(ops->options, ops->config_size, &u, err);
	return c->config ? 0 : -1;
}

/* The list `key`, which may be absent: its length, and -1 on error. */
static int plugin_list(const struct ynode *root, const char *key, const struct ynode **ret_list,
	size_t *ret_len, struct err *err)
{
	const struct ynode *list = ynode_get(root, key);

	*ret_list = list;
	*ret_len = 0;
	if (!list || ynode_is_null(list))
		return 0;
	if (expect_kind(list, YNODE_SEQ, key, "a list (\"- NAME\" or \"- NAME: {options}\")", err) <
		0)
		return -1;
	if (list->len > SCENARIO_MAX_PLUGINS)
		return option_err(list, key, err, "%zu entries; at most %d are allowed", list->len,
			SCENARIO_MAX_PLUGINS);
	*ret_len = list->len;
	return 0;
}

static bool has_check(const struct scenario *s, const struct check_ops *ops)
{
	for (size_t i = 0; i < s->n_checks; i++) {
		if (s->checks[i].ops == ops)
			return true;
	}
	return false;
}

/* Checks that workloads bring along, unless the preset has one of that name. */
static int imply_checks(struct scenario *s, const struct catalog *cat, struct err *err)
{
	for (size_t i = 0; i < s->n_workloads; i++) {
		const char *const *names = s->workloads[i].ops->default_checks;

		for (; names && *names; names++) {
			const struct check_ops *ops = catalog_check(cat, *names);

			if (!ops)
				return err_set(err, ERR_INTERNAL,
					"workload %s brings the check \"%s\", which does not exist",
					s->workloads[i].name, *names);
			if (has_check(s, ops))
				continue;
			s->checks = xrealloc_array(s->checks, s->n_checks + 1, sizeof(*s->checks));
			s->checks[s->n_checks++] = (struct check_use){
				.ops = ops,
				.config = read_config(ops->options, ops->config_size, NULL, NULL),
				.name = xstrdup(ops->name),
				.line = s->workloads[i].line,
				.implied = true,
			};
		}
	}
	return 0;
}

static int read_plugins(
	struct scenario *s, const struct catalog *cat, const struct ynode *root, struct err *err)
{
	const struct ynode *list;
	size_t len;

	if (plugin_list(root, "workloads", &list, &len, err) < 0)
		return -1;
	s->workloads = xcalloc(MAX(len, 1), sizeof(*s->workloads));
	for (size_t i = 0; i < len; i++) {
		if (read_workload(s, cat, list->items[i], err) < 0)
			return -1;
	}
	if (plugin_list(root, "expectations", &list, &len, err) < 0)
		return -1;
	s->checks = xcalloc(MAX(len, 1), sizeof(*s->checks));
	for (size_t i = 0; i < len; i++) {
		if (read_check(s, cat, list->items[i], err) < 0)
			return -1;
	}
	return imply_checks(s, cat, err);
}

static int read_backend(
	struct scenario *s, const struct catalog *cat, const struct ynode *root, struct err *err)
{
	const struct ynode *n = ynode_get(root, "backend");
	struct plugin_use u = { 0 };

	if (n && !ynode_is_null(n)) {
		if (read_choice(n, "backend", "backend", &u.name, &u.options, err) < 0)
			return -1;
		s->backend = catalog_backend(cat, u.name->scalar);
	} else if (cat->backends) {
		s->backend = cat->backends[0];
	}
	if (!s->backend) {
		struct names names = { 0 };

		if (!u.name)
			return err_set(err, ERR_INTERNAL, "there is no backend");
		PLUGIN_NAMES(cat->backends, &names);
		option_unknown(u.name, "backend", "backend", names.items,
			"\"ltb list backends\" shows all", err);
		vec_free(&names);
		return -1;
	}
	snprintf(u.where, sizeof(u.where), "backend.%s", s->backend->name);
	s->backend_config = read_config(s->backend->options, s->backend->config_size, &u, err);
	return s->backend_config ? 0 : -1;
}

/* --- what only the whole can tell ---------------------------------------------------- */

static int check_supply(const struct scenario *s, const struct ynode *root, struct err *err)
{
	const struct topology *t = &s->topology;
	uint64_t stake = 0, funds = 0, supply = 0;

	for (size_t i = 0; i < t->n_nodes; i++) {
		const struct node_override *o = &t->overrides[i];
		uint64_t own = o->no_stake ? 0 : o->stake ? o->stake : t->default_stake;

		if (__builtin_add_overflow(stake, own, &stake))
			return option_err(place(root, "topology.stake"), "topology.stake", err,
				"the stake of all nodes together does not fit in 64 bits");
	}
	if (stake == 0)
		return option_err(place(root, "topology.stake"), "topology.stake", err,
			"no node has stake, so none could make a block");
	if (__builtin_mul_overflow(s->n_wallets, s->wallet_funds, &funds) ||
		__builtin_add_overflow(stake, funds, &supply))
		return option_err(place(root, "wallets.funds"), "wallets.funds", err,
			"stake and funds together do not fit in 64 bits");
	return 0;
}

static int check_caps(const struct scenario *s, const struct ynode *root, struct err *err)
{
	const struct ynode *list = ynode_get(root, "workloads");
	char needs[128], missing[128], where[96];

	for (size_t i = 0; i < s->n_workloads; i++) {
		unsigned lacks = s->workloads[i].ops->needs & ~s->backend->caps;

		if (!lacks)
			continue;
		snprintf(where, sizeof(where), "workloads.%s", s->workloads[i].name);
		return option_err(list->items[i], where, err,
			"needs a backend with %s; \"%s\" lacks %s",
			backend_caps_text(s->workloads[i].ops->needs, needs, sizeof(needs)),
			s->backend->name, backend_caps_text(lacks, missing, sizeof(missing)));
	}
	return 0;
}

static int run_hooks(const struct scenario *s, const struct ynode *root, struct err *err)
{
	const struct ynode *workloads = ynode_get(root, "workloads");
	const struct ynode *checks = ynode_get(root, "expectations");
	char where[96];

	for (size_t i = 0; i < s->n_workloads; i++) {
		const struct workload_use *w = &s->workloads[i];

		snprintf(where, sizeof(where), "workloads.%s", w->name);
		if (w->ops->validate(w->config, s, err) < 0)
			return hook_failed(workloads->items[i], where, err);
	}
	for (size_t i = 0; i < s->n_checks; i++) {
		const struct check_use *c = &s->checks[i];

		snprintf(where, sizeof(where), "expectations.%s", c->name);
		if (c->ops->validate(c->config, s, err) < 0)
			return hook_failed(c->implied ? workloads : checks->items[i], where, err);
	}
	return 0;
}

static int read_all(
	struct scenario *s, const struct catalog *cat, const struct preset_doc *pd, struct err *err)
{
	const struct ynode *root = pd->doc->root;

	if (read_top(s, root, pd->name, err) < 0 || read_topology(&s->topology, root, err) < 0 ||
		read_wallets(s, root, err) < 0 || read_plugins(s, cat, root, err) < 0 ||
		read_run(&s->run, root, err) < 0 ||
		read_observability(&s->observability, root, err) < 0 ||
		read_backend(s, cat, root, err) < 0)
		return -1;
	if (check_supply(s, root, err) < 0 || check_caps(s, root, err) < 0)
		return -1;
	return run_hooks(s, root, err);
}

/* --- the whole -------------------------------------------------------------------------- */

/* get: what is asked for environment variables, or NULL. */
static struct scenario *build(
	const struct catalog *cat, struct preset_doc *pd, option_getenv *get, struct err *err)
{
	struct scenario *s = xcalloc(1, sizeof(*s));

	s->source = xstrdup(pd->doc->file);
	if ((get && scenario_env_take(s, cat, pd->doc->root, get, &pd->files, err) < 0) ||
		read_all(s, cat, pd, err) < 0 ||
		(get && scenario_env_slow(s, pd->doc->root, get, err) < 0)) {
		scenario_free(s);
		s = NULL;
	} else {
		/* The recorded document keeps a name that came from the file's. */
		const struct ynode *name = ynode_get(pd->doc->root, "name");

		if (!name || ynode_is_null(name))
			preset_put(pd->doc->root, NULL, "name", s->name, pd->doc->file);
		s->doc = preset_doc_detach(pd);
	}
	preset_doc_release(pd);
	return s;
}

static option_getenv *environment(const struct preset_source *src, const struct preset_request *req)
{
	return src && !(req && req->recorded) ? src->get : NULL;
}

struct scenario *scenario_load(const struct catalog *cat, const struct preset_source *src,
	const struct preset_request *req, struct err *err)
{
	struct preset_doc pd;

	if (preset_resolve(src, req, &pd, err) < 0)
		return NULL;
	return build(cat, &pd, environment(src, req), err);
}

struct scenario *scenario_parse(const struct catalog *cat, const struct preset_source *src,
	const char *file, const char *text, size_t len, const struct preset_request *req,
	struct err *err)
{
	struct preset_doc pd;

	if (preset_resolve_text(src, req, file, text, len, &pd, err) < 0)
		return NULL;
	return build(cat, &pd, environment(src, req), err);
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_workloads; i++) {
		options_release(s->workloads[i].ops->options, s->workloads[i].config);
		free(s->workloads[i].config);
		free(s->workloads[i].name);
	}
	for (size_t i = 0; i < s->n_checks; i++) {
		options_release(s->checks[i].ops->options, s->checks[i].config);
		free(s->checks[i].config);
		free(s->checks[i].name);
	}
	if (s->backend)
		options_release(s->backend->options, s->backend_config);
	free(s->backend_config);
	free(s->workloads);
	free(s->checks);
	topology_release(&s->topology);
	options_release(observability_options, &s->observability);
	scenario_env_release(s);
	ydoc_free(s->doc);
	free(s->name);
	free(s->summary);
	free(s->source);
	free(s);
}

uint64_t scenario_ready_timeout_ns(const struct scenario *s)
{
	if (s->run.ready_timeout_ns)
		return s->run.ready_timeout_ns;
	return READY_BASE_NS + s->topology.n_nodes * READY_NODE_NS;
}

uint64_t scenario_block_interval_ns(const struct scenario *s)
{
	return consensus_block_interval_ns(&s->topology.consensus);
}

double scenario_expected_blocks(const struct scenario *s, uint64_t window_ns)
{
	const struct consensus *c = &s->topology.consensus;
	double slots = (double)window_ns / (double)c->slot_duration_ns;

	return slots * consensus_blocks_per_slot(c, 1.0);
}
