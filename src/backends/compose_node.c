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
#define ASK_AGAIN_NS      (50 * NS_PER_MS)
#define ASK_TIMEOUT_NS    (2 * NS_PER_S)
#define END_TIMEOUT_NS    (20 * NS_PER_S) /* from SIGKILL until the engine says it is gone */
#define CREATE_TIMEOUT_NS (120 * NS_PER_S)
#define THREADS           8
#define PORT_FIRST        20000u
#define PORT_LAST         31999u /* above is what Linux gives to clients */
#define PORT_TRIES        4000u
#define PORT_CHANGES      5

const char *compose_node_name(const struct compose_node *n)
{
	return n->plan_node->name;
}

/* --- making one ----------------------------------------------------------------------------- */

static void add_peers(struct compose_node *n)
{
	const struct compose *c = n->c;

	for (size_t i = 0; i < n->plan_node->n_peers; i++) {
		unsigned peer = n->plan_node->peers[i];
		bool removed = peer < c->nodes.len && c->nodes.items[peer]->removed;
		if (!removed)
			strlist_addf(&n->peers, "n%u:%u", peer,
				(unsigned)flavour_usual_port(n->flavour, "p2p"));
	}
	/* a new node whose planned peers are gone takes the first that lives */
	for (size_t i = 0;
		n->peers.len == 0 && n->index >= c->env->plan->n_nodes && i < c->nodes.len; i++)
		if (compose_running(c->nodes.items[i]))
			strlist_addf(&n->peers, "%s:%u", compose_node_name(c->nodes.items[i]),
				(unsigned)flavour_usual_port(n->flavour, "p2p"));
}

struct compose_node *compose_node_new(struct compose *c, unsigned index)
{
	const struct plan *plan = c->env->plan;
	const struct topology *t = &plan->scenario->topology;
	const struct node_override *o =
		index < t->n_nodes && t->overrides ? &t->overrides[index] : NULL;
	struct compose_node *n = xcalloc(1, sizeof(*n));

	n->c = c;
	n->index = index;
	n->log.fd = -1;
	n->pending.max = 1024 * 1024;
	if (index < plan->n_nodes) {
		n->plan_node = &plan->nodes[index];
	} else {
		plan_extra_node(plan, index, &n->extra);
		n->plan_node = &n->extra;
	}
	const char *base = strrchr(c->config->program, '/');
	base = base ? base + 1 : c->config->program;
	n->flavour = c->env->flavours[0];
	for (const struct flavour_ops *const *f = c->env->flavours; *f; f++)
		if (strcmp((*f)->binary, base) == 0)
			n->flavour = *f;
	n->dir = xasprintf("%s/nodes/%s", c->env->run_dir, compose_node_name(n));
	n->container = xasprintf("%s-%s", c->project, compose_node_name(n));
	n->volume = xasprintf("%s-%s-data", c->project, compose_node_name(n));
	for (size_t i = 0; i < t->args.len; i++)
		strlist_add(&n->args, t->args.items[i]);
	for (size_t i = 0; o && i < o->args.len; i++)
		strlist_add(&n->args, o->args.items[i]);
	/* each name once: Compose refuses what is there twice */
	if (o)
		environ_add_missing(&n->env, &o->env);
	environ_add_missing(&n->env, &t->env);
	struct strlist environment = { 0 };
	environ_for_nodes(plan->scenario, &environment);
	environ_add_missing(&n->env, &environment);
	strlist_release(&environment);
	add_peers(n);
	return n;
}

void compose_node_free(struct compose_node *n)
{
	if (!n)
		return;
	if (n->call)
		net_cancel(n->c->env->net, n->call);
	free(n->extra.peers);
	strlist_release(&n->args);
	strlist_release(&n->env);
	strlist_release(&n->peers);
	strbuf_release(&n->pending);
	log_file_release(&n->log);
	free(n->dir);
	free(n->container);
	free(n->volume);
	free(n);
}

void compose_node_spec(const struct compose_node *n, struct flavour_node *ret)
{
	const struct compose *c = n->c;

	*ret = (struct flavour_node){
		.plan = c->env->plan,
		.index = n->index,
		.node = n->plan_node,
		.binary = c->config->program,
		.dir = n->dir,
		.node_dir = COMPOSE_CONFIG_DIR,
		.state_dir = COMPOSE_STATE_DIR,
		.bind = "0.0.0.0",
		.peers = (const char *const *)n->peers.items,
		.genesis_time_ms = c->genesis_time_ms,
		.log_level = compose_log_levels[c->config->log_level],
		.args = &n->args,
		.env = &n->env,
	};
	for (size_t i = 0; i < FLAVOUR_MAX_PORTS; i++)
		ret->ports[i] = n->flavour->ports[i].usual;
}

int compose_node_write_config(struct compose_node *n, struct err *err)
{
	struct flavour_node spec;

	compose_node_spec(n, &spec);
	if (n->flavour->write_config(&spec, err) < 0)
		return err_prefix(err, "node %s", compose_node_name(n));
	return 0;
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
	for (size_t i = 0; i < c->nodes.len; i++)
		if (c->nodes.items[i]->port == port)
			return true;
	return false;
}

int compose_choose_port(struct compose *c, struct compose_node *n, struct err *err)
{
	uint64_t first = c->config->first_port;

	if (first) {
		uint64_t port = first + n->index;
		if (port > UINT16_MAX || !port_is_free(c, (uint16_t)port))
			return err_set(err, ERR_ENV,
				"port %llu of this machine, for node %s, is not to be had; free it "
				"(`ss -ltnp` tells who has it), or take another "
				"backend.compose.first_port",
				(unsigned long long)port, compose_node_name(n));
		n->port = (uint16_t)port;
		return 0;
	}
	/* runs beside each other begin at different places */
	unsigned at = n->port ? n->port + 1u - PORT_FIRST : 0, span = PORT_LAST - PORT_FIRST + 1;
	for (const char *s = c->project; !n->port && *s; s++)
		at = at * 31 + (unsigned char)*s;
	for (unsigned i = 0; i < PORT_TRIES; i++) {
		uint16_t port = (uint16_t)(PORT_FIRST + (at + n->index + i) % span);
		if (port_is_ours(c, port) || !port_is_free(c, port))
			continue;
		n->port = port;
		return 0;
	}
	return err_set(err, ERR_ENV, "no free port between %u and %u on this machine", PORT_FIRST,
		PORT_LAST);
}

/* --- what is told to the runner ------------------------------------------------------------- */

void compose_tell_exit(struct compose_node *n)
{
	const struct backend_env *env = n->c->env;
	char how[sizeof(n->how)], endpoint[sizeof(n->endpoint)];

	pthread_mutex_lock(&n->c->lock);
	bool expected = n->exit_expected;
	memcpy(how, n->how, sizeof(how));
	memcpy(endpoint, n->endpoint, sizeof(endpoint));
	CLEANUP_FREE char *tail = expected ? NULL : xstrdup(n->tail.text);
	pthread_mutex_unlock(&n->c->lock);
	env->node_state(env->arg, n->index, expected ? NODE_STOPPED : NODE_DEAD, expected,
		endpoint[0] ? endpoint : NULL, 0, how, tail);
}

/* That it is up must never be the last word about a dead node: see local_tell(). */
void compose_tell(struct compose_node *n, enum node_state state, bool expected, const char *reason)
{
	struct compose *c = n->c;
	char endpoint[sizeof(n->endpoint)];

	pthread_mutex_lock(&c->lock);
	bool running = n->running;
	int64_t pid = n->pid;
	n->telling = true;
	memcpy(endpoint, n->endpoint, sizeof(endpoint));
	pthread_mutex_unlock(&c->lock);

	if (running || state == NODE_REMOVED)
		c->env->node_state(
			c->env->arg, n->index, state, expected, endpoint, pid, reason, NULL);

	pthread_mutex_lock(&c->lock);
	n->telling = false;
	bool untold = n->exit_untold;
	n->exit_untold = false;
	pthread_mutex_unlock(&c->lock);
	if (untold)
		compose_tell_exit(n);
}

bool compose_running(struct compose_node *n)
{
	pthread_mutex_lock(&n->c->lock);
	bool running = n->running;
	pthread_mutex_unlock(&n->c->lock);
	return running;
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
			err_prefix(&e->err, "node %s", compose_node_name(e->nodes[i]));
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

	if (n->call)
		net_cancel(c->env->net, n->call);
	n->call = n->ask_at_ns = 0;
	n->up = false;
	pthread_mutex_lock(&c->lock);
	n->running = n->want_streams = n->fresh = true;
	n->exit_expected = n->exit_untold = n->paused = n->died = n->oom = n->coming = false;
	n->telling = true; /* until it has been told that it starts */
	n->api = COMPOSE_API_UNKNOWN;
	n->pid = 0;
	n->has_stats = false;
	snprintf(n->endpoint, sizeof(n->endpoint), "http://%s:%u", c->host, (unsigned)n->port);
	pthread_mutex_unlock(&c->lock);
}

static void mark_not_started(struct compose_node *n)
{
	pthread_mutex_lock(&n->c->lock);
	n->running = n->telling = n->want_streams = false;
	pthread_mutex_unlock(&n->c->lock);
}

static int recreate(struct compose *c, struct compose_node *n, struct err *err)
{
	const char *const args[] = { "up", "--no-start", "--no-deps", compose_node_name(n), NULL };

	if (compose_choose_port(c, n, err) < 0 || compose_file_write(c, err) < 0)
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
	n->pid = pid;
	pthread_mutex_unlock(&c->lock);
	wake_signal(&c->watch_wake);
	compose_tell(n, NODE_STARTING, true, NULL);
	return 0;
}

/* Only those that do not run yet; after a change of port the others already do. */
static int start_rest(
	struct compose *c, struct compose_node *const *nodes, size_t n, struct err *err)
{
	VEC(struct compose_node *) rest = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!compose_running(nodes[i]))
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
			if (!compose_running(nodes[i]) && !port_is_free(c, nodes[i]->port) &&
				recreate(c, nodes[i], err) < 0)
				return -1;
	}
}

/* --- until its API answers --------------------------------------------------------------- */

static void api_answered(const struct net_response *r, void *arg)
{
	struct compose_node *n = arg;

	pthread_mutex_lock(&n->c->lock);
	n->api = r->status == 200 ? COMPOSE_API_UP : COMPOSE_API_UNKNOWN;
	pthread_mutex_unlock(&n->c->lock);
	wake_signal(&n->c->wake);
}

static void ask_api(struct compose_node *n)
{
	struct compose *c = n->c;
	uint64_t now = clock_now(c->env->clock);
	char url[sizeof(n->endpoint) + 32];

	if (now < n->ask_at_ns)
		return;
	n->ask_at_ns = now + ASK_AGAIN_NS;
	pthread_mutex_lock(&c->lock);
	n->api = COMPOSE_API_ASKED;
	snprintf(url, sizeof(url), "%s/cryptarchia/info", n->endpoint);
	pthread_mutex_unlock(&c->lock);
	const struct net_request req = {
		.method = NET_GET,
		.url = url,
		.timeout_ns = ASK_TIMEOUT_NS,
		.on_done = api_answered,
		.arg = n,
	};
	n->call = net_send(c->env->net, &req);
}

static int died_early(struct compose_node *n, struct err *err)
{
	pthread_mutex_lock(&n->c->lock);
	CLEANUP_FREE char *tail = xstrdup(n->tail.text);
	CLEANUP_FREE char *how = xstrdup(n->how);
	pthread_mutex_unlock(&n->c->lock);
	return err_set(err, ERR_ENV,
		"node %s ended while starting (%s)%s%s\nits whole log is in %s/logs/%s.log",
		compose_node_name(n), how, *tail ? "; its last words:\n" : ", without a word", tail,
		n->c->env->run_dir, compose_node_name(n));
}

static int advance(struct compose_node *n, struct err *err)
{
	pthread_mutex_lock(&n->c->lock);
	bool running = n->running;
	enum compose_api api = n->api;
	pthread_mutex_unlock(&n->c->lock);

	if (!running)
		return died_early(n, err);
	if (n->up)
		return 0;
	if (api == COMPOSE_API_UNKNOWN)
		ask_api(n);
	if (api == COMPOSE_API_UP) {
		n->up = true;
		n->call = 0;
		compose_tell(n, NODE_UP, true, NULL);
	}
	return 0;
}

int compose_wait_up(struct compose *c, struct compose_node *const *nodes, size_t n, struct err *err)
{
	struct clock *clock = c->env->clock;
	uint64_t timeout = MAX(c->env->ready_timeout_ns, c->config->http_timeout_ns);
	uint64_t deadline = clock_now(clock) + timeout;

	for (;;) {
		struct compose_node *waiting = NULL;
		for (size_t i = 0; i < n; i++) {
			if (advance(nodes[i], err) < 0)
				return -1;
			if (!nodes[i]->up && !waiting)
				waiting = nodes[i];
		}
		if (!waiting)
			return 0;
		uint64_t now = clock_now(clock);
		if (now >= deadline)
			return err_set(err, ERR_ENV,
				"node %s: its API at %s did not answer within %llu s; its log is in "
				"%s/logs/%s.log",
				compose_node_name(waiting), waiting->endpoint,
				(unsigned long long)(timeout / NS_PER_S), c->env->run_dir,
				compose_node_name(waiting));
		if (clock_wait(clock, &c->wake, c->env->cancel, MIN(deadline, now + POLL_NS)) ==
			CLOCK_CANCELLED)
			return err_set(err, ERR_CANCELLED, "stopped while node %s was starting",
				compose_node_name(waiting));
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
	bool running = n->running;
	n->exit_expected = n->exit_expected || running;
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
		if (nodes[i]->call)
			net_cancel(c->env->net, nodes[i]->call);
		nodes[i]->call = 0;
		nodes[i]->up = false;
		while (r == 0 && compose_running(nodes[i])) {
			uint64_t now = clock_now(clock);
			if (now >= deadline)
				return err_set(err, ERR_ENV,
					"node %s: the Docker engine does not say that it has ended",
					compose_node_name(nodes[i]));
			if (clock_wait(clock, &c->wake, cancel, now + POLL_NS) == CLOCK_CANCELLED)
				return err_set(err, ERR_CANCELLED,
					"stopped while node %s was ending",
					compose_node_name(nodes[i]));
		}
	}
	return r;
}
