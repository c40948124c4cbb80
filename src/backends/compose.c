/*
 * The compose backend: nodes are containers of a Docker engine, made by Docker
 * Compose from a compose.yaml in the run directory and taken through their
 * lives through the engine's own API. Runner's thread, except usage (net) and
 * what the other files say of themselves.
 */
#include "backends/compose.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backends/registry.h"
#include "util/fs.h"
#include "util/strbuf.h"

#define GENESIS_LEAD_MS      500
#define GENESIS_LEAD_NODE_MS 150 /* what a container takes to start, several at a time */
#define CLIENT_TIMEOUT_NS    (60 * NS_PER_S)
#define CLIENT_NODE_NS       (5 * NS_PER_S)
#define PROJECT_NAME_MAX     40

const char *const compose_log_levels[] = { "trace", "debug", "info", "warn", "error", NULL };
static const char *const clients[] = { "auto", "v2", "v1", NULL };

static const struct option compose_options[] = {
	{ "client", OPTION_ENUM, offsetof(struct compose_config, client), .def = "auto",
		.choices = clients,
		.help = "which Docker Compose: version 2, or docker-compose 1" },
	{ "program", OPTION_STRING, offsetof(struct compose_config, program),
		.def = "/usr/bin/ltb-node", .help = "the node program in the image" },
	{ "host", OPTION_STRING, offsetof(struct compose_config, host),
		.env = "COMPOSE_RUNNER_HOST",
		.help = "where the nodes' ports are reached; default: where the engine is" },
	{ "host_gateway", OPTION_STRING, offsetof(struct compose_config, host_gateway),
		.def = "host.docker.internal:host-gateway",
		.env = "COMPOSE_RUNNER_HOST_GATEWAY DOCKER_HOST_GATEWAY",
		.help = "NAME:ADDRESS by which containers reach this machine; disable: none" },
	{ "subnet", OPTION_STRING, offsetof(struct compose_config, subnet),
		.help = "of the nodes' network, 10.99.0.0/24; default: the engine's choice. With "
			"the relay, nodes have 8 addresses of it each" },
	{ "first_port", OPTION_U64, offsetof(struct compose_config, first_port), .def = "0",
		.max = UINT16_MAX,
		.help = "on this machine, of the first node's API; 0: free ones from 20000 on" },
	{ "http_timeout", OPTION_DURATION, offsetof(struct compose_config, http_timeout_ns),
		.def = "0s", .max = 3600 * NS_PER_S, .env = "COMPOSE_RUNNER_HTTP_TIMEOUT_SECS",
		.env_unit = "s",
		.help = "for a node's API to answer, when longer than run.ready_timeout" },
	{ "memory", OPTION_SIZE, offsetof(struct compose_config, memory_bytes), .def = "0",
		.help = "limit of each node; 0: none" },
	{ "cpus", OPTION_DOUBLE, offsetof(struct compose_config, cpus), .def = "0", .dmin = 0,
		.dmax = 1024, .help = "limit of each node; 0: none" },
	{ "read_only", OPTION_BOOL, offsetof(struct compose_config, read_only), .def = "true",
		.help = "nodes may write to /data and /tmp only" },
	{ "log_level", OPTION_ENUM, offsetof(struct compose_config, log_level), .def = "info",
		.choices = compose_log_levels, .env = "LOGOS_BLOCKCHAIN_LOG_LEVEL",
		.help = "how much the nodes write to RUN/logs" },
	{ "log_max", OPTION_SIZE, offsetof(struct compose_config, log_max_bytes), .def = "64MiB",
		.min = 65536,
		.help = "of a node's log, here and in the engine; then it is rotated" },
	{ "stop_grace", OPTION_DURATION, offsetof(struct compose_config, stop_grace_ns),
		.def = "3s", .min = NS_PER_S, .max = 60 * NS_PER_S,
		.help = "from SIGTERM to SIGKILL when a node is stopped" },
	{ "links", OPTION_ENUM, offsetof(struct compose_config, links), .def = "auto",
		.choices = links_modes, .help = LINKS_HELP },
	{ .name = NULL },
};

/* --- probe -------------------------------------------------------------------------------- */

static void compose_probe(const void *config, struct backend_probe *ret)
{
	const struct compose_config *wanted = config;
	struct err err = { 0 };
	struct docker_version version;
	enum compose_client kind;
	char client[80] = "";
	CLEANUP_FREE char *path = NULL;

	*ret = (struct backend_probe){ 0 };
	struct clock *clock = clock_new_real();
	struct net *net = net_start(clock, NULL, &err);
	struct docker *docker = net ? docker_open(net, NULL, &version, &err) : NULL;
	if (docker && compose_client_find(wanted ? (enum compose_client)wanted->client : 0, &kind,
			      &path, client, sizeof(client), &err) == 0) {
		ret->usable = true;
		snprintf(ret->have, sizeof(ret->have), "Docker %s at %.100s, %s", version.engine,
			docker_host(docker), client);
	} else {
		snprintf(ret->missing, sizeof(ret->missing), "%.*s", (int)sizeof(ret->missing) - 1,
			err.text);
	}
	docker_free(docker);
	if (net) {
		net_stop(net);
		net_free(net);
	}
	clock_free(clock);
}

/* --- prepare ---------------------------------------------------------------------------------- */

/* What Compose takes as a name: lower case, digits, - and _; unique, as run ids need not be. */
static char *project_name(const char *run_id)
{
	struct strbuf name = { 0 };

	strbuf_adds(&name, "ltb-");
	for (const char *s = run_id; *s && name.len < PROJECT_NAME_MAX; s++) {
		char ch = (char)(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s);
		bool good = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-';
		strbuf_addc(&name, good ? ch : '-');
	}
	strbuf_addf(&name, "-%08x", (unsigned)randombytes_random());
	return strbuf_detach(&name);
}

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0;
}

static uint64_t genesis_time(const struct compose *c)
{
	return clock_wall_ms(c->env->clock) + GENESIS_LEAD_MS +
	       GENESIS_LEAD_NODE_MS * c->env->plan->n_nodes;
}

static struct compose_node *add_node(struct compose *c, unsigned index, struct err *err)
{
	struct compose_node *n = compose_node_new(c, index);
	char subnet[32];

	if (compose_choose_node_port(c, n, err) < 0 ||
		(c->relayed && compose_relay_subnet(c, index, subnet, sizeof(subnet), err) < 0)) {
		compose_node_free(n);
		return NULL;
	}
	pthread_mutex_lock(&c->lock);
	vec_push(&c->nodes, n);
	pthread_mutex_unlock(&c->lock);
	return n;
}

static int make_dirs(const struct compose *c, struct err *err)
{
	/* keys are in there, readable by whatever user a container has; others do not get in */
	CLEANUP_FREE char *nodes = fs_join(c->env->run_dir, "nodes");
	CLEANUP_FREE char *logs = fs_join(c->env->run_dir, "logs");

	if (fs_mkdirs(nodes, 0700, err) < 0)
		return -1;
	return fs_mkdirs(logs, 0755, err);
}

static int open_engine(struct compose *c, struct err *err)
{
	struct docker_version version;
	char text[80];

	c->docker = docker_open(c->env->net, c->env->cancel, &version, err);
	if (!c->docker)
		return -1;
	const char *at = docker_published_host(c->docker);
	c->host = xstrdup(c->config->host && *c->config->host ? c->config->host : at);
	c->publish = is_loopback(at) ? "127.0.0.1" : "0.0.0.0";
	return compose_client_find((enum compose_client)c->config->client, &c->client_kind,
		&c->client, text, sizeof(text), err);
}

static int compose_prepare(struct backend *b, struct err *err)
{
	struct compose *c = b->state;
	const struct plan *plan = b->env->plan;
	const char *image = plan->scenario->topology.image;

	c->env = b->env;
	c->config = b->config;
	c->own_image = !image || strcmp(image, COMPOSE_IMAGE) == 0;
	c->image = xstrdup(image ? image : COMPOSE_IMAGE);
	c->project = project_name(b->env->run_id);
	c->file = fs_join(b->env->run_dir, "compose.yaml");
	compose_relay_init(c);
	strlist_addf(&c->labels, COMPOSE_LABEL_STACK "=%s", c->project);
	wake_init(&c->wake);
	wake_init(&c->watch_wake);
	pthread_mutex_init(&c->lock, NULL);
	c->prepared = true;
	if (make_dirs(c, err) < 0 || open_engine(c, err) < 0 || compose_image_ensure(c, err) < 0)
		return -1;
	for (unsigned i = 0; i < plan->n_nodes; i++)
		if (!add_node(c, i, err))
			return -1;
	if (c->relayed && compose_choose_port(c, plan->n_nodes, &c->relay_port, err) < 0)
		return -1;
	c->genesis_time_ms = genesis_time(c);
	for (size_t i = 0; i < c->nodes.len; i++)
		if (compose_node_write_config(c->nodes.items[i], err) < 0)
			return -1;
	if (compose_relay_write(c, err) < 0)
		return -1;
	return compose_file_write(c, err);
}

/* --- up ----------------------------------------------------------------------------------- */

static int journal_stack(struct compose *c, struct err *err)
{
	CLEANUP_FREE char *text = xasprintf("%s %s", c->project, docker_host(c->docker));

	if (c->env->journal &&
		journal_resource(c->env->journal, COMPOSE_JOURNAL_KIND, text, err) < 0)
		return -1;
	c->may_be_left = true;
	return 0;
}

static int compose_up(struct backend *b, struct err *err)
{
	static const char *const create[] = { "up", "--no-start", NULL };
	struct compose *c = b->state;

	if (journal_stack(c, err) < 0 || compose_watch_start(c, err) < 0)
		return -1;
	if (compose_client_run(c, create, CLIENT_TIMEOUT_NS + CLIENT_NODE_NS * c->nodes.len,
		    b->env->cancel, err) < 0 ||
		compose_relay_start(c, err) < 0)
		return -1;
	/* making them took its time: only from here on it is known when they will be there */
	c->genesis_time_ms = genesis_time(c);
	for (size_t i = 0; i < c->nodes.len; i++)
		if (compose_node_write_config(c->nodes.items[i], err) < 0)
			return -1;
	if (compose_start(c, c->nodes.items, c->nodes.len, err) < 0)
		return -1;
	return compose_wait_up(c, c->nodes.items, c->nodes.len, err);
}

/* --- single nodes ---------------------------------------------------------------------- */

static int start_again(struct compose *c, struct compose_node *n, struct err *err)
{
	if (compose_start(c, &n, 1, err) < 0)
		return -1;
	return compose_wait_up(c, &n, 1, err);
}

static int pause_node(struct compose *c, struct compose_node *n, bool pause, struct err *err)
{
	pthread_mutex_lock(&c->lock);
	bool running = n->base.running, was = n->paused;
	if (running)
		n->paused = pause;
	pthread_mutex_unlock(&c->lock);
	if (!running)
		return err_set(err, ERR_ENV, "node %s is not running", node_base_name(&n->base));
	if (docker_pause(c->docker, n->container, pause, c->env->cancel, err) < 0) {
		pthread_mutex_lock(&c->lock);
		n->paused = was;
		pthread_mutex_unlock(&c->lock);
		return -1;
	}
	node_base_tell(&n->base, pause ? NODE_PAUSED : NODE_UP, true, pause ? "paused" : "resumed");
	return 0;
}

static int add_while_running(struct compose *c, unsigned index, struct err *err)
{
	if (index != c->nodes.len)
		return err_set(err, ERR_INTERNAL, "the next node to be added is number %zu, not %u",
			c->nodes.len, index);
	if (index >= TOPOLOGY_MAX_NODES)
		return err_set(err, ERR_LIMIT, "no more than %d nodes", TOPOLOGY_MAX_NODES);
	size_t first_link = c->relay_links.len;
	struct compose_node *n = add_node(c, index, err);
	if (!n)
		return -1;
	const char *const create[] = { "up", "--no-start", "--no-deps", "--no-recreate",
		node_base_name(&n->base), NULL };
	if (compose_node_write_config(n, err) < 0 || compose_relay_write(c, err) < 0 ||
		compose_file_write(c, err) < 0 ||
		compose_client_run(c, create, CLIENT_TIMEOUT_NS, c->env->cancel, err) < 0 ||
		compose_relay_add(c, n, first_link, err) < 0)
		return -1;
	return start_again(c, n, err);
}

static int remove_node(struct compose *c, struct compose_node *n, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("/volumes/%s?force=1", n->volume);

	if (compose_end(c, &n, 1, c->config->stop_grace_ns, c->env->cancel, err) < 0 ||
		docker_remove(c->docker, n->container, c->env->cancel, err) < 0)
		return -1;
	pthread_mutex_lock(&c->lock);
	n->base.removed = true;
	pthread_mutex_unlock(&c->lock);
	node_base_tell(&n->base, NODE_REMOVED, true, "removed");
	if (docker_call(c->docker, NET_DELETE, path, NULL, 0, NULL, CLIENT_TIMEOUT_NS,
		    c->env->cancel, NULL, NULL, err) < 0)
		return -1;
	return compose_file_write(c, err);
}

static int compose_node_op(struct backend *b, enum node_op op, unsigned node, struct err *err)
{
	struct compose *c = b->state;

	if (op == NODE_OP_ADD)
		return add_while_running(c, node, err);
	if (node >= c->nodes.len)
		return err_set(err, ERR_USAGE, "there is no node %u", node);
	struct compose_node *n = c->nodes.items[node];
	uint64_t grace =
		op == NODE_OP_KILL || op == NODE_OP_KILL_RESTART ? 0 : c->config->stop_grace_ns;
	if (n->base.removed)
		return err_set(err, ERR_USAGE, "node %s was removed", node_base_name(&n->base));
	switch (op) {
	case NODE_OP_START:
		if (node_base_is_running(&n->base))
			return err_set(
				err, ERR_USAGE, "node %s is running", node_base_name(&n->base));
		return start_again(c, n, err);
	case NODE_OP_STOP:
	case NODE_OP_KILL:
		return compose_end(c, &n, 1, grace, b->env->cancel, err);
	case NODE_OP_RESTART:
	case NODE_OP_KILL_RESTART:
		if (compose_end(c, &n, 1, grace, b->env->cancel, err) < 0)
			return -1;
		return start_again(c, n, err);
	case NODE_OP_PAUSE:
	case NODE_OP_RESUME:
		return pause_node(c, n, op == NODE_OP_PAUSE, err);
	case NODE_OP_REMOVE:
		return remove_node(c, n, err);
	case NODE_OP_ADD:
	case NODE_OP_COUNT:
		break;
	}
	return err_set(err, ERR_INTERNAL, "unknown node operation %d", (int)op);
}

static int compose_set_link(struct backend *b, unsigned from, unsigned to,
	const struct link_rule *rule, struct err *err)
{
	struct compose *c = b->state;

	if (from >= c->nodes.len || to >= c->nodes.len)
		return err_set(err, ERR_USAGE, "there is no link n%u - n%u", from, to);
	return links_rule(&c->links, node_base_name(&c->nodes.items[from]->base),
		node_base_name(&c->nodes.items[to]->base), rule, err);
}

static void compose_usage(struct backend *b, unsigned node, struct node_usage *ret)
{
	struct compose *c = b->state;

	*ret = (struct node_usage){ .cpu = -1 };
	pthread_mutex_lock(&c->lock);
	struct compose_node *n = node < c->nodes.len ? c->nodes.items[node] : NULL;
	if (n && n->has_stats) {
		ret->rss_bytes = n->stats.memory_bytes;
		ret->has_traffic = n->stats.has_network;
		ret->in_bytes = n->stats.in_bytes;
		ret->out_bytes = n->stats.out_bytes;
		ret->cpu = n->cpu;
	}
	pthread_mutex_unlock(&c->lock);
}

/* --- end ----------------------------------------------------------------------------------- */

static int compose_collect(struct backend *b, struct err *err)
{
	(void)b; /* logs and configurations are written into the run directory from the start */
	(void)err;
	return 0;
}

static int compose_down(struct backend *b, bool force, struct err *err)
{
	static const char *const down[] = { "down", "--volumes", "--timeout", "1", NULL };
	struct compose *c = b->state;
	unsigned removed = 0;

	if (!c->prepared || !c->may_be_left)
		return 0;
	/* no cancel: a teardown that was cancelled is called again with force */
	struct err ignored = { 0 };
	(void)compose_end(c, c->nodes.items, c->nodes.len, force ? 0 : c->config->stop_grace_ns,
		NULL, &ignored);
	compose_relay_end(c, force);
	compose_watch_stop(c, true);
	if (!force)
		(void)compose_client_run(c, down, CLIENT_TIMEOUT_NS, c->env->cancel, &ignored);
	/* whatever came of that: what is left goes, and that nothing is left was seen */
	if (docker_remove_labelled(
		    c->docker, (const char *const *)c->labels.items, NULL, &removed, err) < 0)
		return -1;
	c->may_be_left = false;
	return 0;
}

static void compose_release(struct backend *b)
{
	struct compose *c = b->state;

	if (!c->prepared)
		return;
	compose_watch_stop(c, false);
	for (size_t i = 0; i < c->nodes.len; i++)
		compose_node_free(c->nodes.items[i]);
	vec_free(&c->nodes);
	compose_relay_release(c);
	docker_free(c->docker);
	strlist_release(&c->labels);
	free(c->project);
	free(c->file);
	free(c->image);
	free(c->client);
	free(c->host);
	pthread_mutex_destroy(&c->lock);
	wake_release(&c->wake);
	wake_release(&c->watch_wake);
	c->prepared = false;
}

const struct backend_ops backend_compose = {
	.name = "compose",
	.summary = "containers of a Docker engine, made by Docker Compose",
	.config_size = sizeof(struct compose_config),
	.state_size = sizeof(struct compose),
	.options = compose_options,
	.caps = BACKEND_RESTART | BACKEND_KILL | BACKEND_PAUSE | BACKEND_ADD | BACKEND_REMOVE |
		BACKEND_LINKS | BACKEND_LOGS | BACKEND_USAGE,
	.probe = compose_probe,
	.handler = backend_no_handler,
	.prepare = compose_prepare,
	.up = compose_up,
	.node_op = compose_node_op,
	.link = compose_set_link,
	.usage = compose_usage,
	.collect = compose_collect,
	.down = compose_down,
	.release = compose_release,
	.clean = compose_clean,
};
