/*
 * The text of compose.yaml, read back with our own YAML reader, which refuses
 * duplicate keys, anchors and tags. What Compose itself makes of it is seen in
 * tests/compose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/compose.h"
#include "backends/registry.h"
#include "flavours/registry.h"
#include "util/yaml.h"

#define N_NODES 3

struct bench {
	struct scenario scenario;
	struct node_override overrides[N_NODES];
	struct plan plan;
	struct plan_node nodes[N_NODES];
	unsigned peers[N_NODES][N_NODES];
	struct backend_env env;
	struct compose_config *config;
	struct compose c;
	struct ydoc *doc;
};

/* All dial those before them. */
static int setup(void **state)
{
	struct bench *t = xcalloc(1, sizeof(*t));

	*state = t;
	t->scenario.topology = (struct topology){ .n_nodes = N_NODES, .overrides = t->overrides };
	t->plan = (struct plan){ .scenario = &t->scenario, .nodes = t->nodes, .n_nodes = N_NODES };
	for (unsigned i = 0; i < N_NODES; i++) {
		snprintf(t->nodes[i].name, sizeof(t->nodes[i].name), "n%u", i);
		t->nodes[i].peers = t->peers[i];
		t->nodes[i].n_peers = i;
		for (unsigned k = 0; k < i; k++)
			t->peers[i][k] = k;
	}
	t->env = (struct backend_env){
		.plan = &t->plan, .flavours = flavours_all, .run_dir = "/run", .run_id = "the-run"
	};
	t->config = xcalloc(1, backend_compose.config_size);
	options_defaults(backend_compose.options, t->config, backend_compose.config_size);
	t->c = (struct compose){ .env = &t->env,
		.config = t->config,
		.project = xstrdup("ltb-the-run-1234"),
		.image = xstrdup(COMPOSE_IMAGE),
		.publish = "127.0.0.1" };
	pthread_mutex_init(&t->c.lock, NULL);
	return 0;
}

static struct compose_node *add(struct bench *t)
{
	struct compose_node *n = compose_node_new(&t->c, (unsigned)t->c.nodes.len);

	n->port = (uint16_t)(20000 + n->base.index);
	vec_push(&t->c.nodes, n);
	return n;
}

/* The file that is written, as a tree. */
static const struct ynode *written(struct bench *t)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct err err = { 0 };

	while (t->c.nodes.len < N_NODES)
		add(t);
	ydoc_free(t->doc);
	compose_file_text(&t->c, &text);
	t->doc = yaml_parse("compose.yaml", strbuf_str(&text), text.len, 0, &err);
	if (!t->doc)
		fail_msg("%s\n%s", err.text, strbuf_str(&text));
	assert_int_equal(t->doc->root->kind, YNODE_MAP);
	return t->doc->root;
}

static int teardown(void **state)
{
	struct bench *t = *state;

	ydoc_free(t->doc);
	for (size_t i = 0; i < t->c.nodes.len; i++)
		compose_node_free(t->c.nodes.items[i]);
	vec_free(&t->c.nodes);
	for (size_t i = 0; i < N_NODES; i++) {
		strlist_release(&t->overrides[i].args);
		strlist_release(&t->overrides[i].env);
	}
	strlist_release(&t->scenario.topology.args);
	strlist_release(&t->scenario.topology.env);
	options_release(backend_compose.options, t->config);
	free(t->config);
	free(t->c.project);
	free(t->c.image);
	compose_relay_release(&t->c);
	pthread_mutex_destroy(&t->c.lock);
	free(t);
	return 0;
}

/* "services/n0/ports/0"; NULL when it is not there. */
static const struct ynode *find(const struct ynode *n, const char *path)
{
	while (n && *path) {
		size_t len = strcspn(path, "/");
		CLEANUP_FREE char *step = xstrndup(path, len);
		if (n->kind == YNODE_SEQ) {
			size_t i = strtoul(step, NULL, 10);
			n = i < n->len ? n->items[i] : NULL;
		} else {
			n = n->kind == YNODE_MAP ? ynode_get(n, step) : NULL;
		}
		path += len + (path[len] == '/');
	}
	return n;
}

static const char *text_at(const struct ynode *root, const char *path)
{
	const struct ynode *n = find(root, path);

	if (!n || n->kind != YNODE_SCALAR)
		fail_msg("there is no text at %s", path);
	return n->scalar;
}

static bool has_item(const struct ynode *list, const char *text)
{
	for (size_t i = 0; list && i < list->len; i++)
		if (strcmp(list->items[i]->scalar, text) == 0)
			return true;
	return false;
}

static void assert_keys(const struct ynode *map, const char *const *keys)
{
	size_t n = 0;

	assert_non_null(map);
	for (; keys[n]; n++)
		if (!ynode_get(map, keys[n]))
			fail_msg("there is no %s", keys[n]);
	for (size_t i = 0; i < map->len; i++) {
		bool known = false;
		for (size_t k = 0; keys[k]; k++)
			known = known || strcmp(map->keys[i]->scalar, keys[k]) == 0;
		if (!known)
			fail_msg("there is %s too", map->keys[i]->scalar);
	}
	assert_int_equal(map->len, n);
}

/* --- tests ------------------------------------------------------------------------------------ */

struct wanted {
	const char *path, *text;
};

static void assert_texts(const struct ynode *root, const struct wanted *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text_at(root, wanted[i].path), wanted[i].text) != 0)
			fail_msg("%s is %s, not %s", wanted[i].path, text_at(root, wanted[i].path),
				wanted[i].text);
}

static void test_usual(void **state)
{
	/* whatever more a service may have (privileged, cap_add, network_mode) is not there */
	static const char *const top[] = { "services", "volumes", "networks", NULL };
	static const char *const nodes[] = { "n0", "n1", "n2", NULL };
	static const char *const volumes[] = { "n0-data", "n1-data", "n2-data", NULL };
	static const char *const keys[] = { "image", "container_name", "hostname", "entrypoint",
		"command", "ports", "volumes", "extra_hosts", "healthcheck", "stop_grace_period",
		"restart", "cap_drop", "security_opt", "read_only", "tmpfs", "logging", "labels",
		NULL };
	static const struct wanted wanted[] = {
		{ "services/n1/image", "logos-testbench:local" },
		{ "services/n1/container_name", "ltb-the-run-1234-n1" },
		{ "services/n1/hostname", "n1" },
		{ "services/n1/entrypoint/0", "/usr/bin/ltb-node" },
		{ "services/n1/ports/0", "127.0.0.1:20001:8080" },
		{ "services/n1/volumes/0", "./nodes/n1:/config:ro" },
		{ "services/n1/volumes/1", "n1-data:/data" },
		{ "services/n1/extra_hosts/0", "host.docker.internal:host-gateway" },
		{ "services/n1/healthcheck/test/0", "CMD" },
		{ "services/n1/healthcheck/test/2", "--check-health" },
		{ "services/n1/stop_grace_period", "3s" },
		{ "services/n1/restart", "no" },
		{ "services/n1/cap_drop/0", "ALL" },
		{ "services/n1/security_opt/0", "no-new-privileges:true" },
		{ "services/n1/read_only", "true" },
		{ "services/n1/logging/driver", "json-file" },
		{ "services/n1/logging/options/max-size", "67108864" },
		{ "services/n1/labels/" COMPOSE_LABEL_RUN, "the-run" },
		{ "services/n1/labels/" COMPOSE_LABEL_STACK, "ltb-the-run-1234" },
		{ "services/n1/labels/" COMPOSE_LABEL_NODE, "n1" },
		{ "volumes/n1-data/name", "ltb-the-run-1234-n1-data" },
		{ "volumes/n1-data/labels/" COMPOSE_LABEL_RUN, "the-run" },
		{ "volumes/n1-data/labels/" COMPOSE_LABEL_STACK, "ltb-the-run-1234" },
		{ "networks/default/name", "ltb-the-run-1234" },
		{ "networks/default/driver", "bridge" },
		{ "networks/default/labels/" COMPOSE_LABEL_RUN, "the-run" },
		{ "networks/default/labels/" COMPOSE_LABEL_STACK, "ltb-the-run-1234" },
	};
	struct bench *t = *state;

	const struct ynode *root = written(t);
	assert_keys(root, top);
	assert_keys(find(root, "services"), nodes);
	assert_keys(find(root, "volumes"), volumes);
	assert_keys(find(root, "services/n0"), keys);
	assert_texts(root, wanted, ARRAY_LEN(wanted));
	/* YAML 1.1 would take it as false */
	assert_true(find(root, "services/n1/restart")->quoted);
	/* nothing but the port is published, and nothing of the host is mounted that can be written
	 */
	assert_int_equal(find(root, "services/n0/ports")->len, 1);
	assert_int_equal(find(root, "services/n0/volumes")->len, 2);
	assert_false(has_item(find(root, "services/n0/command"), "--peer"));
	assert_true(has_item(find(root, "services/n2/command"), "n0:3000"));
	assert_true(has_item(find(root, "services/n2/command"), "n1:3000"));
}

/* Texts that YAML or Compose could take for something else, as they are to arrive. */
static const char *const odd[] = { "plain", "", " leading and trailing ", "a: b", "- a", "#no",
	"yes", "~", "null", "0x10", "1e3", "{a: b}", "[x]", "&a", "*a", "!tag", "%x", "@x", "`x`",
	"'", "\"", "\\", "a\\nb", "two\nlines", "tab\there", "\r", "\x01\x1b[0m", "del\x7f.",
	"\xc2\x85nel", "\xe2\x80\xa8line",
	"\xef\xbb\xbf"
	"bom",
	"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "--flag=a b", "|", ">", "? x", "</script>" };

static void test_odd_texts(void **state)
{
	struct bench *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		strlist_add(&t->scenario.topology.args, odd[i]);
		strlist_addf(&t->overrides[1].env, "VARIABLE_%zu=%s", i, odd[i]);
	}
	const struct ynode *root = written(t);
	const struct ynode *command = find(root, "services/n2/command");
	const struct ynode *environment = find(root, "services/n1/environment");
	assert_non_null(environment);
	assert_int_equal(environment->len, ARRAY_LEN(odd));
	assert_true(command->len > ARRAY_LEN(odd));
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const struct ynode *arg = command->items[command->len - ARRAY_LEN(odd) + i];
		CLEANUP_FREE char *variable = xasprintf("VARIABLE_%zu=%s", i, odd[i]);
		assert_string_equal(arg->scalar, odd[i]);
		assert_true(arg->quoted);
		assert_string_equal(environment->items[i]->scalar, variable);
	}
	assert_null(find(root, "services/n2/environment"));
}

static void test_dollars(void **state)
{
	struct bench *t = *state;

	strlist_add(&t->scenario.topology.args, "--cost=$5");
	strlist_add(&t->scenario.topology.env, "A=${HOME}$$");
	free(t->c.image);
	t->c.image = xstrdup("registry/$x");
	const struct ynode *root = written(t);
	assert_true(has_item(find(root, "services/n0/command"), "--cost=$$5"));
	assert_string_equal(text_at(root, "services/n0/environment/0"), "A=$${HOME}$$$$");
	assert_string_equal(text_at(root, "services/n0/image"), "registry/$$x");
}

/* Compose takes a list with the same item twice as a mistake; which of two values counts is up to
 * it. */
static void test_variables_once(void **state)
{
	struct bench *t = *state;

	strlist_add(&t->scenario.topology.env, "A=1");
	strlist_add(&t->scenario.topology.env, "AB=1");
	strlist_add(&t->scenario.topology.env, "B=1");
	strlist_add(&t->overrides[0].env, "A=1");
	strlist_add(&t->overrides[0].env, "B=2");
	const struct ynode *root = written(t);
	const struct ynode *list = find(root, "services/n0/environment");
	assert_int_equal(list->len, 3);
	assert_true(has_item(list, "A=1"));
	assert_true(has_item(list, "AB=1"));
	assert_true(has_item(list, "B=2")); /* the node's own goes before that of all */
	list = find(root, "services/n1/environment");
	assert_int_equal(list->len, 3);
	assert_true(has_item(list, "B=1"));
}

static void test_nodes_come_and_go(void **state)
{
	static const char *const nodes[] = { "n0", "n2", "n3", NULL };
	static const char *const volumes[] = { "n0-data", "n2-data", "n3-data", NULL };
	struct bench *t = *state;

	t->scenario.topology.layout = LAYOUT_STAR;
	written(t);
	t->c.nodes.items[1]->base.removed = true;
	t->c.nodes.items[0]->base.running = true;
	add(t);
	const struct ynode *root = written(t);
	assert_keys(find(root, "services"), nodes);
	assert_keys(find(root, "volumes"), volumes);
	assert_true(has_item(find(root, "services/n3/command"), "n0:3000"));
	assert_string_equal(text_at(root, "services/n3/ports/0"), "127.0.0.1:20003:8080");
	/* what is left is written as before: Compose would make anew what has changed */
	assert_true(has_item(find(root, "services/n2/command"), "n1:3000"));

	/* one whose planned peer is gone takes another */
	t->c.nodes.items[0]->base.removed = true;
	t->c.nodes.items[0]->base.running = false;
	t->c.nodes.items[2]->base.running = true;
	add(t);
	root = written(t);
	assert_false(has_item(find(root, "services/n4/command"), "n0:3000"));
	assert_true(has_item(find(root, "services/n4/command"), "n2:3000"));
}

static void test_relay(void **state)
{
	static const char *const nodes[] = { "n0", "n1", "n2", "relay", NULL };
	static const char *const networks[] = { "n0", "n1", "n2", NULL };
	static const struct wanted wanted[] = {
		{ "services/n1/networks/0", "n1" },
		{ "services/relay/image", "logos-testbench:local" },
		{ "services/relay/container_name", "ltb-the-run-1234-relay" },
		{ "services/relay/entrypoint/0", "/usr/bin/ltb-relay" },
		{ "services/relay/ports/0", "127.0.0.1:21000:9100" },
		{ "services/relay/volumes/0", "./nodes/relay:/config:ro" },
		{ "services/relay/networks/2", "n2" },
		{ "services/relay/restart", "no" },
		{ "services/relay/cap_drop/0", "ALL" },
		{ "services/relay/security_opt/0", "no-new-privileges:true" },
		{ "services/relay/read_only", "true" },
		{ "services/relay/labels/" COMPOSE_LABEL_STACK, "ltb-the-run-1234" },
		{ "networks/n1/name", "ltb-the-run-1234-n1" },
		{ "networks/n1/ipam/config/0/subnet", "10.99.3.136/29" },
		{ "networks/n1/labels/" COMPOSE_LABEL_RUN, "the-run" },
	};
	struct bench *t = *state;
	struct compose *c = &t->c;

	c->relayed = true;
	c->relay_container = xstrdup("ltb-the-run-1234-relay");
	c->relay_port = 21000;
	c->relay_subnet = xstrdup("10.99.3.128/25");
	const struct ynode *root = written(t);
	assert_keys(find(root, "services"), nodes);
	assert_keys(find(root, "networks"), networks);
	assert_texts(root, wanted, ARRAY_LEN(wanted));
	/* nodes know the relay only, and each link has a port of its own */
	assert_false(has_item(find(root, "services/n0/command"), "--peer"));
	assert_true(has_item(find(root, "services/n1/command"), "relay:10000"));
	assert_true(has_item(find(root, "services/n2/command"), "relay:10001"));
	assert_true(has_item(find(root, "services/n2/command"), "relay:10002"));
	assert_false(has_item(find(root, "services/n2/command"), "n0:3000"));
	assert_int_equal(c->relay_links.len, 3);
	assert_string_equal(c->relay_links.items[2].from, "n2");
	assert_string_equal(c->relay_links.items[2].to, "n1");
	assert_string_equal(c->relay_links.items[2].listen, "0.0.0.0:10002");
	assert_string_equal(c->relay_links.items[2].target, "n1:3000");
}

static void test_subnets(void **state)
{
	static const struct {
		const char *subnet;
		unsigned index;
		const char *part, *error; /* NULL part: refused */
	} cases[] = {
		{ NULL, 7, "", NULL },
		{ "10.99.0.0/24", 0, "10.99.0.0/29", NULL },
		{ "10.99.0.0/24", 31, "10.99.0.248/29", NULL },
		{ "10.99.0.0/24", 32, NULL, "has room for 32 of them" },
		{ "10.0.0.0/8", 999, "10.0.31.56/29", NULL },
		{ "10.0.0.0/29", 0, "10.0.0.0/29", NULL },
		{ "10.0.0.0/30", 0, NULL, "has room for 0 of them" },
		{ "0.0.0.0/0", 1, "0.0.0.8/29", NULL },
		{ "10.0.0.0", 0, NULL, "is no network such as" },
		{ "10.0.0.0/33", 0, NULL, "is no network such as" },
		{ "10.0.0/24", 0, NULL, "is no network such as" },
		{ "10.0.0.0/24x", 0, NULL, "is no network such as" },
		{ "fd00::/64", 0, NULL, "is no network such as" },
		{ "", 0, NULL, "is no network such as" },
	};
	struct bench *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char part[32] = "?";
		struct err err = { 0 };
		free(t->c.relay_subnet);
		t->c.relay_subnet = xstrdup(cases[i].subnet);
		int r = compose_relay_subnet(&t->c, cases[i].index, part, sizeof(part), &err);
		assert_int_equal(r, cases[i].part ? 0 : -1);
		if (cases[i].part)
			assert_string_equal(part, cases[i].part);
		else if (err.code != ERR_USAGE || !strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].subnet, err.text);
	}
}

static void test_limits(void **state)
{
	struct bench *t = *state;

	const struct ynode *root = written(t);
	assert_null(find(root, "services/n0/mem_limit"));
	assert_null(find(root, "services/n0/cpus"));
	t->config->memory_bytes = 48 << 20;
	t->config->cpus = 0.25;
	t->config->log_max_bytes = 65536;
	t->config->stop_grace_ns = 1500 * NS_PER_MS;
	root = written(t);
	assert_string_equal(text_at(root, "services/n0/mem_limit"), "50331648");
	/* no swap beside it */
	assert_string_equal(text_at(root, "services/n0/memswap_limit"), "50331648");
	assert_string_equal(text_at(root, "services/n2/cpus"), "0.25");
	assert_string_equal(text_at(root, "services/n0/logging/options/max-size"), "65536");
	assert_string_equal(text_at(root, "services/n0/stop_grace_period"), "2s");
}

static void test_options(void **state)
{
	static const char *const off[] = { "", "disable" };
	struct bench *t = *state;

	const struct ynode *root = written(t);
	assert_null(find(root, "networks/default/ipam"));
	t->config->subnet = xstrdup("10.99.0.0/24");
	t->config->read_only = false;
	free(t->config->host_gateway);
	t->config->host_gateway = xstrdup("outside:10.0.0.1");
	t->c.publish = "0.0.0.0";
	root = written(t);
	assert_string_equal(text_at(root, "networks/default/ipam/config/0/subnet"), "10.99.0.0/24");
	assert_string_equal(text_at(root, "services/n0/extra_hosts/0"), "outside:10.0.0.1");
	assert_string_equal(text_at(root, "services/n0/ports/0"), "0.0.0.0:20000:8080");
	assert_null(find(root, "services/n0/read_only"));
	for (size_t i = 0; i < ARRAY_LEN(off); i++) {
		free(t->config->host_gateway);
		t->config->host_gateway = xstrdup(off[i]);
		assert_null(find(written(t), "services/n0/extra_hosts"));
	}
}

/* Each check is a process: a large cluster must not be busy with that alone. */
static void test_health_of_many(void **state)
{
	struct bench *t = *state;

	assert_string_equal(text_at(written(t), "services/n0/healthcheck/interval"), "15s");
	while (t->c.nodes.len < 40)
		add(t);
	assert_string_equal(text_at(written(t), "services/n0/healthcheck/interval"), "40s");
}

int main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_BENCH(test_usual),
		WITH_BENCH(test_odd_texts),
		WITH_BENCH(test_dollars),
		WITH_BENCH(test_variables_once),
		WITH_BENCH(test_nodes_come_and_go),
		WITH_BENCH(test_relay),
		WITH_BENCH(test_subnets),
		WITH_BENCH(test_limits),
		WITH_BENCH(test_options),
		WITH_BENCH(test_health_of_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
