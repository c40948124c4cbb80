/*
 * compose.yaml of a run: one service a node, valid for Compose 1.29 and 2
 * alike, and of use by hand. What may differ from run to run is in double
 * quotes; a `$' is doubled, as Compose would put variables in its place. Pure
 * but for the file it writes.
 */
#include "backends/compose.h"

#include <string.h>

#include "util/fs.h"
#include "util/yaml.h"

#define HEALTH_INTERVAL_S 15 /* each check is a process in the container */

static void add_quoted(struct strbuf *out, const char *s)
{
	CLEANUP_STRBUF struct strbuf quoted = { 0 };

	yaml_add_quoted(s, &quoted);
	for (const char *at = strbuf_str(&quoted); *at; at++) {
		if (*at == '$')
			strbuf_addc(out, '$');
		strbuf_addc(out, *at);
	}
}

static void add_row(struct strbuf *out, const char *head, const char *value)
{
	strbuf_adds(out, head);
	add_quoted(out, value);
	strbuf_addc(out, '\n');
}

static void add_list(struct strbuf *out, const char *key, const struct strlist *list)
{
	if (!list->len)
		return;
	strbuf_addf(out, "    %s:\n", key);
	for (size_t i = 0; i < list->len; i++)
		add_row(out, "      - ", list->items[i]);
}

static void add_labels(
	const struct compose *c, const char *indent, const char *node, struct strbuf *out)
{
	strbuf_addf(out, "%slabels:\n", indent);
	strbuf_addf(out, "%s  " COMPOSE_LABEL_RUN ": ", indent);
	add_row(out, "", c->env->run_id);
	strbuf_addf(out, "%s  " COMPOSE_LABEL_STACK ": ", indent);
	add_row(out, "", c->project);
	if (!node)
		return;
	strbuf_addf(out, "%s  " COMPOSE_LABEL_NODE ": ", indent);
	add_row(out, "", node);
}

static void add_health(const struct flavour_node *spec, const struct flavour_ops *flavour,
	size_t n_nodes, struct strbuf *out)
{
	struct strlist test = { 0 };

	flavour->health_command(spec, &test);
	if (test.len) {
		strbuf_adds(out, "    healthcheck:\n      test: [\"CMD\"");
		for (size_t i = 0; i < test.len; i++) {
			strbuf_adds(out, ", ");
			add_quoted(out, test.items[i]);
		}
		/* so many a second at most, all nodes together */
		strbuf_addf(out, "]\n      interval: %zus\n      timeout: 5s\n      retries: 3\n",
			MAX(HEALTH_INTERVAL_S, n_nodes));
		strbuf_adds(out, "      start_period: 30s\n");
	}
	strlist_release(&test);
}

static void add_limits(const struct compose_config *config, struct strbuf *out)
{
	if (config->memory_bytes)
		strbuf_addf(out, "    mem_limit: %llu\n    memswap_limit: %llu\n",
			(unsigned long long)config->memory_bytes,
			(unsigned long long)config->memory_bytes);
	if (config->cpus > 0)
		strbuf_addf(out, "    cpus: %g\n", config->cpus);
}

static void add_confinement(bool read_only, struct strbuf *out)
{
	strbuf_adds(out, "    restart: \"no\"\n    cap_drop: [ALL]\n"
			 "    security_opt: [\"no-new-privileges:true\"]\n");
	if (read_only)
		strbuf_adds(out, "    read_only: true\n    tmpfs: [/tmp]\n");
}

static void add_logging(const struct compose_config *config, struct strbuf *out)
{
	strbuf_addf(out,
		"    logging:\n      driver: json-file\n      options: {max-size: \"%llu\", "
		"max-file: \"2\"}\n",
		(unsigned long long)config->log_max_bytes);
}

static void add_relay(const struct compose *c, struct strbuf *out)
{
	strbuf_adds(out, "  " RELAY_NAME ":\n    image: \"" COMPOSE_IMAGE "\"\n");
	add_row(out, "    container_name: ", c->relay_container);
	strbuf_addf(out,
		"    hostname: " RELAY_NAME "\n"
		"    entrypoint: [/usr/bin/" RELAY_PROGRAM "]\n"
		"    command: [--name, " RELAY_NAME
		", --control, \"0.0.0.0:%d\", --token-file, " COMPOSE_CONFIG_DIR
		"/token, --links, " COMPOSE_CONFIG_DIR "/links.json]\n"
		"    ports:\n      - \"%s:%u:%d\"\n"
		"    volumes:\n      - \"./nodes/" RELAY_NAME ":" COMPOSE_CONFIG_DIR ":ro\"\n"
		"    networks: [",
		COMPOSE_RELAY_PORT, c->publish, (unsigned)c->relay_port, COMPOSE_RELAY_PORT);
	const char *comma = "";
	for (size_t i = 0; i < c->nodes.len; i++) {
		if (c->nodes.items[i]->base.removed)
			continue;
		strbuf_addf(out, "%s%s", comma, node_base_name(&c->nodes.items[i]->base));
		comma = ", ";
	}
	strbuf_adds(out, "]\n    stop_grace_period: 2s\n");
	add_confinement(true, out);
	add_logging(c->config, out);
	add_labels(c, "    ", NULL, out);
}

/* key: what services call it; suffix: of its name. */
static void add_network(const struct compose *c, const char *key, const char *suffix,
	const char *subnet, struct strbuf *out)
{
	CLEANUP_FREE char *name = xasprintf("%s%s", c->project, suffix);

	strbuf_addf(out, "  %s:\n    driver: bridge\n", key);
	add_row(out, "    name: ", name);
	if (subnet && *subnet)
		add_row(out, "    ipam:\n      config:\n        - subnet: ", subnet);
	add_labels(c, "    ", NULL, out);
}

static void add_networks(const struct compose *c, struct strbuf *out)
{
	strbuf_adds(out, "networks:\n");
	if (!c->relayed) {
		add_network(c, "default", "", c->config->subnet, out);
		return;
	}
	for (size_t i = 0; i < c->nodes.len; i++) {
		const struct compose_node *n = c->nodes.items[i];
		CLEANUP_FREE char *suffix = xasprintf("-%s", node_base_name(&n->base));
		char subnet[32];
		if (n->base.removed)
			continue;
		compose_relay_subnet(c, n->base.index, subnet, sizeof(subnet), NULL);
		add_network(c, node_base_name(&n->base), suffix, subnet, out);
	}
}

static void add_service(const struct compose *c, const struct compose_node *n, struct strbuf *out)
{
	const struct compose_config *config = c->config;
	const char *name = node_base_name(&n->base);
	struct strlist argv = { 0 }, env = { 0 };
	struct flavour_node spec;

	compose_node_spec(n, &spec);
	n->base.flavour->command(&spec, &argv, &env, NULL);
	strbuf_addf(out, "  %s:\n", name);
	add_row(out, "    image: ", c->image);
	add_row(out, "    container_name: ", n->container);
	add_row(out, "    hostname: ", name);
	strbuf_adds(out, "    entrypoint:\n");
	add_row(out, "      - ", argv.items[0]);
	strbuf_adds(out, "    command:\n");
	for (size_t i = 1; i < argv.len; i++)
		add_row(out, "      - ", argv.items[i]);
	add_list(out, "environment", &env);
	strbuf_addf(out, "    ports:\n      - \"%s:%u:%u\"\n", c->publish, (unsigned)n->port,
		(unsigned)flavour_usual_port(n->base.flavour, "http"));
	strbuf_addf(out,
		"    volumes:\n      - \"./nodes/%s:" COMPOSE_CONFIG_DIR ":ro\"\n"
		"      - \"%s-data:" COMPOSE_STATE_DIR "\"\n",
		name, name);
	if (config->host_gateway && *config->host_gateway &&
		strcmp(config->host_gateway, "disable") != 0)
		add_row(out, "    extra_hosts:\n      - ", config->host_gateway);
	if (c->relayed)
		strbuf_addf(out, "    networks: [%s]\n", name);
	add_health(&spec, n->base.flavour, c->nodes.len, out);
	strbuf_addf(out, "    stop_grace_period: %llus\n", /* docker-compose 1 wants whole ones */
		(unsigned long long)((config->stop_grace_ns + NS_PER_S - 1) / NS_PER_S));
	add_confinement(config->read_only, out);
	add_limits(config, out);
	add_logging(config, out);
	add_labels(c, "    ", name, out);
	strlist_release(&argv);
	strlist_release(&env);
}

void compose_file_text(const struct compose *c, struct strbuf *out)
{
	strbuf_addf(out,
		"# The cluster of run %s. By hand, in this directory:\n"
		"#   docker compose -p %s up -d    and    docker compose -p %s down -v\n"
		"# (docker-compose takes the same arguments).\n"
		"services:\n",
		c->env->run_id, c->project, c->project);
	for (size_t i = 0; i < c->nodes.len; i++)
		if (!c->nodes.items[i]->base.removed)
			add_service(c, c->nodes.items[i], out);
	if (c->relayed)
		add_relay(c, out);
	strbuf_adds(out, "volumes:\n");
	for (size_t i = 0; i < c->nodes.len; i++) {
		const struct compose_node *n = c->nodes.items[i];
		if (n->base.removed)
			continue;
		strbuf_addf(out, "  %s-data:\n", node_base_name(&n->base));
		add_row(out, "    name: ", n->volume);
		add_labels(c, "    ", node_base_name(&n->base), out);
	}
	add_networks(c, out);
}

int compose_file_write(const struct compose *c, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	compose_file_text(c, &text);
	return fs_write_atomic(c->file, strbuf_str(&text), text.len, 0644, err);
}
