/*
 * One node of the compose backend: its container from start to end. Written
 * for the runner's thread; api_answered() runs on the net thread, and the ends
 * of containers are told by the watch thread (compose_watch.c).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/compose.h"
#include "core/environ.h"
#include "util/fs.h"

#define POLL_NS           (20 * NS_PER_MS)
#define END_TIMEOUT_NS    (20 * NS_PER_S) /* from SIGKILL until the engine says it is gone */
#define CREATE_TIMEOUT_NS (120 * NS_PER_S)
#define THREADS           8
#define PORT_FIRST        20000u
#define PORT_LAST         31999u /* above is what Linux gives to clients */
#define PORT_TRIES        4000u
#define PORT_CHANGES      5

/* --- making one ----------------------------------------------------------------------------- */

static void add_peer(struct compose_node *n, const char *name)
{
	char address[128];

	if (compose_relay_peer(n->c, n, name, address, sizeof(address)))
		strlist_add(&n->peers, address);
}

static void add_peers(struct compose_node *n)
{
	const struct compose *c = n->c;
	const struct plan *plan = c->env->plan;

	for (size_t i = 0; i < n->base.plan_node->n_peers; i++) {
		unsigned peer = n->base.plan_node->peers[i];
		if (peer < c->nodes.len && c->nodes.items[peer]->base.removed)
			continue;
		add_peer(n, peer < plan->n_nodes ? plan->nodes[peer].name
						 : node_base_name(&c->nodes.items[peer]->base));
	}
	/* a new node whose planned peers are gone takes the first that lives */
	for (size_t i = 0;
		n->peers.len == 0 && n->base.index >= c->env->plan->n_nodes && i < c->nodes.len;
		i++)
		if (node_base_is_running(&c->nodes.items[i]->base))
			add_peer(n, node_base_name(&c->nodes.items[i]->base));
}

struct compose_node *compose_node_new(struct compose *c, unsigned index)
{
	struct compose_node *n = xcalloc(1, sizeof(*n));

	node_base_init(&n->base, c->env, &c->lock, &c->wake, index, c->config->program);
	n->c = c;
	n->log.fd = -1;
	n->pending.max = 1024 * 1024;
	n->container = xasprintf("%s-%s", c->project, node_base_name(&n->base));
	n->volume = xasprintf("%s-%s-data", c->project, node_base_name(&n->base));
	add_peers(n);
	return n;
}

void compose_node_free(struct compose_node *n)
{
	if (!n)
		return;
	node_base_release(&n->base);
	strlist_release(&n->peers);
	strbuf_release(&n->pending);
	log_file_release(&n->log);
	free(n->container);
	free(n->volume);
	free(n);
}

void compose_node_spec(const struct compose_node *n, struct flavour_node *ret)
{
	const struct compose *c = n->c;

	*ret = (struct flavour_node){
		.plan = c->env->plan,
		.index = n->base.index,
		.node = n->base.plan_node,
		.binary = c->config->program,
		.dir = n->base.dir,
		.node_dir = COMPOSE_CONFIG_DIR,
		.state_dir = COMPOSE_STATE_DIR,
		.bind = "0.0.0.0",
		.peers = (const char *const *)n->peers.items,
		.genesis_time_ms = c->genesis_time_ms,
		.log_level = compose_log_levels[c->config->log_level],
		.args = &n->base.args,
		.env = &n->base.vars,
	};
	for (size_t i = 0; i < FLAVOUR_MAX_PORTS; i++)
		ret->ports[i] = n->base.flavour->ports[i].usual;
}

int compose_node_write_config(struct compose_node *n, struct err *err)
{
	struct flavour_node spec;

	compose_node_spec(n, &spec);
	return node_base_write_config(&n->base, &spec, err);
}

/* --- ports ------------------------------------------------------------------------------- */

static bool port_is_free(const struct compose *c, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return true; /* the engine will tell */
	inet_pton(AF_INET, c->publish, &sin.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	bool is_free = bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0;
	close(fd);
	return is_free;
}

static bool port_is_ours(const struct compose *c, uint16_t port)
{
	if (c->relay_port == port)
		return true;
	for (size_t i = 0; i < c->nodes.len; i++)
		if (c->nodes.items[i]->port == port)
			return true;
	return false;
}

int compose_choose_port(struct compose *c, size_t nth, uint16_t *port, struct err *err)
{
	/* runs beside each other begin at different places */
	unsigned at = *port ? *port + 1u - PORT_FIRST : 0, span = PORT_LAST - PORT_FIRST + 1;
	for (const char *s = c->project; !*port && *s; s++)
		at = at * 31 + (unsigned char)*s;
	for (unsigned i = 0; i < PORT_TRIES; i++) {
		uint16_t next = (uint16_t)(PORT_FIRST + (at + nth + i) % span);
		if (port_is_ours(c, next) || !port_is_free(c, next))
			continue;
		*port = next;
		return 0;
	}
	return err_set(err, ERR_ENV, "no free port between %u and %u on this machine", PORT_FIRST,
		PORT_LAST);
}

int compose_choose_node_port(struct compose *c, struct compose_node *n, struct err *err)
{
	uint64_t first = c->config->first_port, port = first + n->base.index;

	if (!first)
		return compose_choose_port(c, n->base.index, &n->port, err);
	if (port > UINT16_MAX || !port_is_free(c, (uint16_t)port))
		return err_set(err, ERR_ENV,
			"port %llu of this machine, for node %s, is not to be had; free it "
			"(`ss -ltnp` tells who has it), or take another "
			"backend.compose.first_port",
			(unsigned long long)port, node_base_name(&n->base));
	n->port = (uint16_t)port;
	return 0;
}

/* --- several at a time ------------------------------------------------------------------------ */

typedef int each_fn(struct compose_node *n, void *arg, struct err *err);

struct each {
	struct compose_node *const *nodes;
	size_t n_nodes;
	atomic_size_t next;
	each_fn *fn;
	void *arg;
	pthread_mutex_t lock; /* what follows */
	int failed;
	struct err err; /* the first one */
};

static void *each_main(void *arg)
{
	struct each *e = arg;

	for (size_t i; (i = atomic_fetch_add(&e->next, 1)) < e->n_nodes;) {
		struct err err = { 0 };
		if (e->fn(e->nodes[i], e->arg, &err) == 0)
			continue;
		pthread_mutex_lock(&e->lock);
		if (!e->failed++) {
			e->err = err;
			err_prefix(&e->err, "node %s", node_base_name(&e->nodes[i]->base));
		}
		pthread_mutex_unlock(&e->lock);
	}
	return NULL;
}

/* Calls fn for every node, some at a time; -1 with the first error when any failed. */
static int each_node(
	struct compose_node *const *nodes, size_t n, each_fn *fn, void *arg, struct err *err)
{
	struct each e = { .nodes = nodes, .n_nodes = n, .fn = fn, .arg = arg };
	pthread_t threads[THREADS];
	size_t n_threads = 0;

	pthread_mutex_init(&e.lock, NULL);
	while (n_threads + 1 < MIN(n, (size_t)THREADS) &&
		pthread_create(&threads[n_threads], NULL, each_main, &e) == 0)
		n_threads++;
	each_main(&e);
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&e.lock);
	if (!e.failed)
		return 0;
	if (err)
		*err = e.err;
	return -1;
}

/* --- start ------------------------------------------------------------------------------------ */

static void mark_starting(struct compose_node *n)
{
	struct compose *c = n->c;

	node_base_starting(&n->base);
	pthread_mutex_lock(&c->lock);
	n->want_streams = n->fresh = true;
	n->paused = n->died = n->oom = n->killed = n->coming = false;
	n->has_stats = false;
	snprintf(n->base.endpoint, sizeof(n->base.endpoint), "http://%s:%u", c->host,
		(unsigned)n->port);
	pthread_mutex_unlock(&c->lock);
}

static void mark_not_started(struct compose_node *n)
{
	pthread_mutex_lock(&n->c->lock);
	n->want_streams = false;
	pthread_mutex_unlock(&n->c->lock);
	node_base_not_started(&n->base);
}

static int recreate(struct compose *c, struct compose_node *n, struct err *err)
{
	const char *const args[] = { "up", "--no-start", "--no-deps", node_base_name(&n->base),
		NULL };

	if (compose_choose_node_port(c, n, err) < 0 || compose_file_write(c, err) < 0)
		return -1;
	return compose_client_run(c, args, CREATE_TIMEOUT_NS, c->env->cancel, err);
}

static int start_one(struct compose_node *n, void *arg, struct err *err)
{
	struct compose *c = n->c;
	struct docker_container container;
	(void)arg;

	mark_starting(n);
	if (docker_start(c->docker, n->container, c->env->cancel, err) < 0) {
		mark_not_started(n);
		return -1;
	}
	int64_t pid = 0;
	if (docker_inspect(c->docker, n->container, c->env->cancel, &container, NULL) == 0)
		pid = container.pid;
	pthread_mutex_lock(&c->lock);
	n->base.pid = pid;
	pthread_mutex_unlock(&c->lock);
	wake_signal(&c->watch_wake);
	node_base_tell(&n->base, NODE_STARTING, true, NULL);
	return 0;
}

/* Only those that do not run yet; after a change of port the others already do. */
static int start_rest(
	struct compose *c, struct compose_node *const *nodes, size_t n, struct err *err)
{
	VEC(struct compose_node *) rest = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!node_base_is_running(&nodes[i]->base))
			vec_push(&rest, nodes[i]);
	int r = each_node(rest.items, rest.len, start_one, c, err);
	vec_free(&rest);
	return r;
}

int compose_start(struct compose *c, struct compose_node *const *nodes, size_t n, struct err *err)
{
	for (unsigned changes = 0;; changes++) {
		struct err why = { 0 };
		if (start_rest(c, nodes, n, &why) == 0)
			return 0;
		if (!docker_is_port_taken(why.text) || c->config->first_port ||
			changes == PORT_CHANGES) {
			if (err)
				*err = why;
			return -1;
		}
		/* somebody was quicker: those that could not start get other ports */
		for (size_t i = 0; i < n; i++)
			if (!node_base_is_running(&nodes[i]->base) &&
				!port_is_free(c, nodes[i]->port) && recreate(c, nodes[i], err) < 0)
				return -1;
	}
}

/* --- until its API answers --------------------------------------------------------------- */

int compose_wait_up(struct compose *c, struct compose_node *const *nodes, size_t n, struct err *err)
{
	struct clock *clock = c->env->clock;
	uint64_t timeout = MAX(c->env->ready_timeout_ns, c->config->http_timeout_ns);
	uint64_t deadline = clock_now(clock) + timeout;

	for (;;) {
		struct compose_node *waiting = NULL;
		for (size_t i = 0; i < n; i++) {
			if (node_base_advance(&nodes[i]->base, err) < 0)
				return -1;
			if (!nodes[i]->base.up && !waiting)
				waiting = nodes[i];
		}
		if (!waiting)
			return 0;
		uint64_t now = clock_now(clock);
		if (now >= deadline)
			return err_set(err, ERR_ENV,
				"node %s: its API at %s did not answer within %llu s; its log is in "
				"%s/logs/%s.log",
				node_base_name(&waiting->base), waiting->base.endpoint,
				(unsigned long long)(timeout / NS_PER_S), c->env->run_dir,
				node_base_name(&waiting->base));
		if (clock_wait(clock, &c->wake, c->env->cancel, MIN(deadline, now + POLL_NS)) ==
			CLOCK_CANCELLED)
			return err_set(err, ERR_CANCELLED, "stopped while node %s was starting",
				node_base_name(&waiting->base));
	}
}

/* --- end -------------------------------------------------------------------------------- */

struct end_arg {
	uint64_t grace_ns;
	const struct cancel *cancel;
};

static int end_one(struct compose_node *n, void *arg, struct err *err)
{
	const struct end_arg *how = arg;
	struct compose *c = n->c;

	pthread_mutex_lock(&c->lock);
	bool running = n->base.running;
	n->base.exit_expected = n->base.exit_expected || running;
	n->paused = false;
	pthread_mutex_unlock(&c->lock);
	if (!running)
		return 0;
	int r = how->grace_ns
			? docker_stop(c->docker, n->container, how->grace_ns, how->cancel, err)
			: docker_kill(c->docker, n->container, "SIGKILL", how->cancel, err);
	if (r == 0)
		return 0;
	/* it may have ended by itself just then */
	struct docker_container now;
	if (docker_inspect(c->docker, n->container, how->cancel, &now, NULL) < 0 ||
		(strcmp(now.state, "exited") != 0 && strcmp(now.state, "dead") != 0))
		return -1;
	err_clear(err);
	return 0;
}

int compose_end(struct compose *c, struct compose_node *const *nodes, size_t n, uint64_t grace_ns,
	const struct cancel *cancel, struct err *err)
{
	struct clock *clock = c->env->clock;
	struct end_arg arg = { .grace_ns = grace_ns, .cancel = cancel };

	int r = each_node(nodes, n, end_one, &arg, err);
	uint64_t deadline = clock_now(clock) + END_TIMEOUT_NS;
	for (size_t i = 0; i < n; i++) {
		node_base_stop_asking(&nodes[i]->base);
		while (r == 0 && node_base_is_running(&nodes[i]->base)) {
			uint64_t now = clock_now(clock);
			if (now >= deadline)
				return err_set(err, ERR_ENV,
					"node %s: the Docker engine does not say that it has ended",
					node_base_name(&nodes[i]->base));
			if (clock_wait(clock, &c->wake, cancel, now + POLL_NS) == CLOCK_CANCELLED)
				return err_set(err, ERR_CANCELLED,
					"stopped while node %s was ending",
					node_base_name(&nodes[i]->base));
		}
	}
	return r;
}
