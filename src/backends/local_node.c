/*
 * One node of the local backend: its process from start to end. Written for
 * the runner's thread; node_exited() and node_line() run on the procs thread,
 * api_answered() on the net thread.
 */
#include "backends/local.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/environ.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/proc.h"

#define TAIL_BYTES       2000
#define POLL_NS          (5 * NS_PER_MS)  /* between looks at the ready files */
#define ASK_AGAIN_NS     (20 * NS_PER_MS) /* after a failed call of a node's API */
#define ASK_TIMEOUT_NS   (2 * NS_PER_S)
#define READY_DEFAULT_NS (30 * NS_PER_S)
#define KILL_TIMEOUT_NS \
	(10 * NS_PER_S) /* SIGKILL until gone; more is a process stuck in the kernel */
#define NODE_EXIT_ENV 4 /* ltb-node: something it needs, such as its port, is not to be had */

static const char *node_name(const struct local_node *n)
{
	return n->plan_node->name;
}

struct local_node *local_node_new(struct local *l, unsigned index, char *binary)
{
	const struct plan *plan = l->env->plan;
	const struct topology *t = &plan->scenario->topology;
	const struct node_override *o =
		index < t->n_nodes && t->overrides ? &t->overrides[index] : NULL;
	struct local_node *n = xcalloc(1, sizeof(*n));

	n->l = l;
	n->index = index;
	n->binary = binary;
	if (index < plan->n_nodes) {
		n->plan_node = &plan->nodes[index];
	} else {
		plan_extra_node(plan, index, &n->extra);
		n->plan_node = &n->extra;
	}
	n->flavour = l->env->flavours[0];
	const char *base = strrchr(binary, '/');
	base = base ? base + 1 : binary;
	for (const struct flavour_ops *const *f = l->env->flavours; *f; f++)
		if (strcmp((*f)->binary, base) == 0)
			n->flavour = *f;
	n->dir = xasprintf("%s/nodes/%s", l->env->run_dir, node_name(n));
	n->log_path = xasprintf("%s/logs/%s.log", l->env->run_dir, node_name(n));
	for (size_t i = 0; i < t->args.len; i++)
		strlist_add(&n->args, t->args.items[i]);
	for (size_t i = 0; o && i < o->args.len; i++)
		strlist_add(&n->args, o->args.items[i]);
	/* The first of a name counts. */
	if (o)
		environ_add_missing(&n->env, &o->env);
	environ_add_missing(&n->env, &t->env);
	struct strlist environment = { 0 };
	environ_for_nodes(plan->scenario, &environment);
	environ_add_missing(&n->env, &environment);
	strlist_release(&environment);
	return n;
}

void local_node_free(struct local_node *n)
{
	if (!n)
		return;
	if (n->call)
		net_cancel(n->l->env->net, n->call);
	child_free(n->child);
	free(n->extra.peers);
	strlist_release(&n->args);
	strlist_release(&n->env);
	vec_free(&n->links);
	free(n->binary);
	free(n->dir);
	free(n->log_path);
	free(n->tail);
	free(n);
}

static void add_link(struct local_node *n, unsigned to)
{
	for (size_t i = 0; i < n->links.len; i++)
		if (n->links.items[i] == to)
			return;
	vec_push(&n->links, to);
}

void local_link(struct local_node *a, struct local_node *b)
{
	add_link(a, b->index);
	add_link(b, a->index);
}

static uint16_t port_named(const struct local_node *n, const char *name)
{
	for (size_t i = 0; i < FLAVOUR_MAX_PORTS && n->flavour->ports[i].name; i++)
		if (strcmp(n->flavour->ports[i].name, name) == 0)
			return n->ports[i];
	return 0;
}

void local_p2p_address(const struct local_node *n, char *buf, size_t size)
{
	n->flavour->peer_address(LOCAL_HOST, port_named(n, "p2p"), buf, size);
}

/* --- what is told to the runner ------------------------------------------------------- */

static void tell_exit(struct local_node *n)
{
	const struct backend_env *env = n->l->env;
	char reason[64], endpoint[sizeof(n->endpoint)];

	pthread_mutex_lock(&n->l->lock);
	bool expected = n->exit_expected;
	proc_status_text(n->status, reason, sizeof(reason));
	memcpy(endpoint, n->endpoint, sizeof(endpoint));
	CLEANUP_FREE char *tail = expected ? NULL : xstrdup(n->tail);
	pthread_mutex_unlock(&n->l->lock);
	env->node_state(env->arg, n->index, expected ? NODE_STOPPED : NODE_DEAD, expected,
		endpoint[0] ? endpoint : NULL, 0, reason, tail);
}

/*
 * A process may end between our look at it and our word about it, and that
 * it is up must never be the last word about a dead node. So while the runner
 * speaks, the procs thread leaves the news of the end to it.
 */
void local_tell(struct local_node *n, enum node_state state, const char *reason)
{
	struct local *l = n->l;
	char endpoint[sizeof(n->endpoint)];

	pthread_mutex_lock(&l->lock);
	bool exited = n->exited;
	pid_t pid = n->pid;
	n->telling = true;
	memcpy(endpoint, n->endpoint, sizeof(endpoint));
	pthread_mutex_unlock(&l->lock);

	if (!exited || state == NODE_REMOVED)
		l->env->node_state(l->env->arg, n->index, state, true,
			endpoint[0] ? endpoint : NULL, pid, reason, NULL);

	pthread_mutex_lock(&l->lock);
	n->telling = false;
	bool untold = n->exit_untold;
	n->exit_untold = false;
	pthread_mutex_unlock(&l->lock);
	if (untold)
		tell_exit(n);
}

static void node_exited(void *arg, struct child *c, int status)
{
	struct local_node *n = arg;
	char *tail = child_tail(c, TAIL_BYTES);

	pthread_mutex_lock(&n->l->lock);
	free(n->tail);
	n->tail = tail;
	n->pid = 0;
	n->exited = true;
	n->status = status;
	n->exit_untold = n->telling;
	bool tell = !n->telling;
	pthread_mutex_unlock(&n->l->lock);
	if (tell)
		tell_exit(n);
	wake_signal(&n->l->wake);
}

static void node_line(void *arg, struct child *c, const char *line, size_t len)
{
	struct local_node *n = arg;
	struct local *l = n->l;
	const struct backend_env *env = l->env;
	enum log_level level = node_log_level(line, len);
	(void)c;

	if (node_log_allowed(&l->budget, clock_now(env->clock), level))
		env->log(env->arg, (int)n->index, level, node_log_words(line, n->plan_node->name));
}

/* --- start ------------------------------------------------------------------------------ */

/* n's peers: those it is linked with whose port is known. */
static void node_spec(struct local_node *n, struct strlist *peers, struct flavour_node *ret)
{
	struct local *l = n->l;

	for (size_t i = 0; i < n->links.len; i++) {
		const struct local_node *peer = l->nodes.items[n->links.items[i]];
		uint16_t port = port_named(peer, "p2p");
		if (port && !peer->removed)
			strlist_addf(peers, LOCAL_HOST ":%u", (unsigned)port);
	}
	*ret = (struct flavour_node){
		.plan = l->env->plan,
		.index = n->index,
		.node = n->plan_node,
		.binary = n->binary,
		.dir = n->dir,
		.node_dir = n->dir,
		.bind = LOCAL_HOST,
		.peers = (const char *const *)peers->items,
		.genesis_time_ms = l->genesis_time_ms,
		.log_level = local_log_levels[l->config->log_level],
		.args = &n->args,
		.env = &n->env,
	};
	memcpy(ret->ports, n->ports, sizeof(ret->ports));
}

int local_node_write_config(struct local_node *n, struct err *err)
{
	struct strlist peers = { 0 };
	struct flavour_node spec;
	node_spec(n, &peers, &spec);
	int r = n->flavour->write_config(&spec, err);
	strlist_release(&peers);
	return r < 0 ? err_prefix(err, "node %s", node_name(n)) : 0;
}

static int spawn(struct local_node *n, struct err *err)
{
	struct strlist peers = { 0 }, argv = { 0 }, env = { 0 };
	struct flavour_node spec;
	int r = -1;

	node_spec(n, &peers, &spec);
	if (n->flavour->write_config(&spec, err) < 0 ||
		n->flavour->command(&spec, &argv, &env, err) < 0)
		goto out;
	for (char **variable = environ; *variable; variable++)
		if (!environ_has(&env, *variable) && !environ_not_for_nodes(*variable))
			strlist_add(&env, *variable);
	const struct procs_spec ps = {
		.argv = (const char *const *)argv.items,
		.env = (const char *const *)env.items,
		.cwd = n->dir,
		.log_path = n->log_path,
		.on_exit = node_exited,
		.on_line = node_line,
		.arg = n,
		.outlive = n->l->env->keep,
	};
	n->child = procs_spawn(n->l->env->procs, &ps, err);
	r = n->child ? 0 : -1;
out:
	strlist_release(&peers);
	strlist_release(&argv);
	strlist_release(&env);
	return r;
}

int local_start(struct local_node *n, struct err *err)
{
	struct local *l = n->l;

	if (n->call)
		net_cancel(l->env->net, n->call);
	child_free(n->child);
	n->child = NULL;
	n->call = n->ask_at_ns = 0;
	n->paused = n->ready = n->up = false;
	pthread_mutex_lock(&l->lock);
	n->pid = 0;
	n->endpoint[0] = '\0';
	n->api = LOCAL_API_UNKNOWN;
	n->exited = n->exit_expected = n->exit_untold = false;
	n->telling = true; /* until it has been told that it starts */
	n->cpu_at_ns = 0;
	pthread_mutex_unlock(&l->lock);

	if (spawn(n, err) < 0) {
		pthread_mutex_lock(&l->lock);
		n->telling = false;
		n->exited = true;
		pthread_mutex_unlock(&l->lock);
		return err_prefix(err, "cannot start node %s", node_name(n));
	}
	pid_t pid = child_pid(n->child);
	pthread_mutex_lock(&l->lock);
	if (!n->exited)
		n->pid = pid;
	pthread_mutex_unlock(&l->lock);
	int r = 0;
	if (l->env->journal)
		r = journal_process(l->env->journal, node_name(n), pid, proc_start_time(pid), err);
	l->env->node_state(l->env->arg, n->index, NODE_STARTING, true, NULL, pid, NULL, NULL);
	pthread_mutex_lock(&l->lock);
	n->telling = false;
	bool untold = n->exit_untold;
	n->exit_untold = false;
	pthread_mutex_unlock(&l->lock);
	if (untold)
		tell_exit(n);
	if (r < 0) {
		/* what is in no journal cannot be cleaned up after a crash */
		local_end(l, &n, 1, 0, NULL, NULL);
		return err_prefix(err, "cannot start node %s", node_name(n));
	}
	return 0;
}

bool local_running(struct local_node *n)
{
	return n->child && child_running(n->child);
}

/* --- until its API answers -------------------------------------------------------------- */

static void api_answered(const struct net_response *r, void *arg)
{
	struct local_node *n = arg;
	pthread_mutex_lock(&n->l->lock);
	n->api = r->status == 200 ? LOCAL_API_UP : LOCAL_API_UNKNOWN;
	pthread_mutex_unlock(&n->l->lock);
	wake_signal(&n->l->wake);
}

static void ask_api(struct local_node *n)
{
	struct local *l = n->l;
	uint64_t now = clock_now(l->env->clock);
	char url[sizeof(n->endpoint) + 32];

	if (now < n->ask_at_ns)
		return;
	n->ask_at_ns = now + ASK_AGAIN_NS;
	pthread_mutex_lock(&l->lock);
	n->api = LOCAL_API_ASKED;
	snprintf(url, sizeof(url), "%s/cryptarchia/info", n->endpoint);
	pthread_mutex_unlock(&l->lock);
	const struct net_request req = {
		.method = NET_GET,
		.url = url,
		.timeout_ns = ASK_TIMEOUT_NS,
		.on_done = api_answered,
		.arg = n,
	};
	n->call = net_send(l->env->net, &req);
}

static int died_early(struct local_node *n, struct err *err)
{
	char how[64];
	pthread_mutex_lock(&n->l->lock);
	int status = n->status;
	CLEANUP_FREE char *tail = xstrdup(n->tail);
	pthread_mutex_unlock(&n->l->lock);

	proc_status_text(status, how, sizeof(how));
	return err_set(err, ERR_ENV,
		"node %s ended while starting (%s)%s%s\nits whole log is in %s", node_name(n), how,
		tail && *tail ? "; its last words:\n" : ", without a word", tail ? tail : "",
		n->log_path);
}

/* Its old port went to somebody else while it was down: it gets another one. */
static bool may_try_new_ports(const struct local_node *n, int status)
{
	return !n->tried_new_ports && port_named(n, "http") && WIFEXITED(status) &&
	       WEXITSTATUS(status) == NODE_EXIT_ENV;
}

static int read_ready(struct local_node *n, struct err *err)
{
	struct strlist none = { 0 };
	struct flavour_node spec;
	uint16_t ports[FLAVOUR_MAX_PORTS] = { 0 };

	node_spec(n, &none, &spec);
	int r = n->flavour->read_ready(&spec, child_pid(n->child), ports, err);
	strlist_release(&none);
	if (r < 0)
		return err_prefix(err, "node %s", node_name(n));
	if (r == 0)
		return 0;
	memcpy(n->ports, ports, sizeof(n->ports));
	n->ready = true;
	pthread_mutex_lock(&n->l->lock);
	snprintf(n->endpoint, sizeof(n->endpoint), "http://" LOCAL_HOST ":%u",
		(unsigned)port_named(n, "http"));
	pthread_mutex_unlock(&n->l->lock);
	return 1;
}

/* One step towards UP; sets n->up when it is there. */
static int advance(struct local_node *n, struct err *err)
{
	struct local *l = n->l;

	pthread_mutex_lock(&l->lock);
	bool exited = n->exited;
	int status = n->status;
	enum local_api api = n->api;
	pthread_mutex_unlock(&l->lock);

	if (exited && !n->up && may_try_new_ports(n, status)) {
		l->env->log(l->env->arg, (int)n->index, LOG_WARN,
			"its port was taken while it was down; it gets another one");
		n->tried_new_ports = true;
		memset(n->ports, 0, sizeof(n->ports));
		return local_start(n, err);
	}
	if (exited)
		return died_early(n, err);
	if (n->up)
		return 0;
	if (!n->ready && read_ready(n, err) < 0)
		return -1;
	if (!n->ready)
		return 0;
	if (api == LOCAL_API_UNKNOWN)
		ask_api(n);
	if (api == LOCAL_API_UP) {
		n->up = true;
		n->call = 0;
		local_tell(n, NODE_UP, NULL);
	}
	return 0;
}

static int too_late(struct local_node *n, uint64_t timeout_ns, struct err *err)
{
	CLEANUP_FREE char *tail = child_tail(n->child, TAIL_BYTES);
	return err_set(err, ERR_ENV,
		"node %s: %s within %llu s; its last words:\n%s\n"
		"its whole log is in %s",
		node_name(n), n->ready ? "its API did not answer" : "it did not report its ports",
		(unsigned long long)(timeout_ns / NS_PER_S), tail, n->log_path);
}

int local_wait_up(struct local *l, struct local_node *const *nodes, size_t n_nodes, struct err *err)
{
	struct clock *clock = l->env->clock;
	uint64_t timeout = l->env->ready_timeout_ns ? l->env->ready_timeout_ns : READY_DEFAULT_NS;
	uint64_t deadline = clock_now(clock) + timeout;

	for (;;) {
		struct local_node *waiting = NULL;
		for (size_t i = 0; i < n_nodes; i++) {
			if (advance(nodes[i], err) < 0) /* those that are up may die again */
				return -1;
			if (!nodes[i]->up && !waiting)
				waiting = nodes[i];
		}
		if (!waiting)
			return 0;
		uint64_t now = clock_now(clock);
		if (now >= deadline)
			return too_late(waiting, timeout, err);
		if (clock_wait(clock, &l->wake, l->env->cancel, MIN(deadline, now + POLL_NS)) ==
			CLOCK_CANCELLED)
			return err_set(err, ERR_CANCELLED, "stopped while node %s was starting",
				node_name(waiting));
	}
}

/* --- end -------------------------------------------------------------------------------- */

static bool any_running(struct local_node *const *nodes, size_t n_nodes)
{
	for (size_t i = 0; i < n_nodes; i++)
		if (local_running(nodes[i]))
			return true;
	return false;
}

static void signal_all(struct local_node *const *nodes, size_t n_nodes, int sig)
{
	for (size_t i = 0; i < n_nodes; i++) {
		struct local_node *n = nodes[i];
		if (!n->child)
			continue;
		pthread_mutex_lock(&n->l->lock);
		n->exit_expected = n->exit_expected || !n->exited;
		pthread_mutex_unlock(&n->l->lock);
		child_signal(n->child, sig);
		child_signal(n->child, SIGCONT); /* a paused one would only take it later */
		n->paused = false;
	}
}

int local_end(struct local *l, struct local_node *const *nodes, size_t n_nodes, uint64_t grace_ns,
	const struct cancel *cancel, struct err *err)
{
	struct clock *clock = l->env->clock;
	uint64_t deadline = clock_now(clock) + grace_ns;
	int r = 0;

	if (grace_ns)
		signal_all(nodes, n_nodes, SIGTERM);
	while (any_running(nodes, n_nodes) && clock_now(clock) < deadline)
		if (clock_wait(clock, &l->wake, cancel, deadline) == CLOCK_CANCELLED)
			break;
	signal_all(nodes, n_nodes, SIGKILL);
	for (size_t i = 0; i < n_nodes; i++) {
		struct local_node *n = nodes[i];
		if (!n->child)
			continue;
		if (n->call)
			net_cancel(l->env->net, n->call);
		n->call = 0;
		n->up = false;
		if (!child_wait(n->child, KILL_TIMEOUT_NS, NULL)) {
			r = err_set(err, ERR_INTERNAL, "node %s (pid %d) does not end on SIGKILL",
				node_name(n), (int)child_pid(n->child));
			continue;
		}
		child_free(n->child);
		n->child = NULL;
	}
	return r;
}

int local_remove_state(struct local_node *n, struct err *err)
{
	CLEANUP_FREE char *data = fs_join(n->dir, "data");
	return fs_remove_tree(data, err);
}
