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
#define POLL_NS          (5 * NS_PER_MS) /* between looks at the ready files */
#define READY_DEFAULT_NS (30 * NS_PER_S)
#define KILL_TIMEOUT_NS \
	(10 * NS_PER_S) /* SIGKILL until gone; more is a process stuck in the kernel */
#define NODE_EXIT_ENV 4 /* ltb-node: something it needs, such as its port, is not to be had */

static const char *node_name(const struct local_node *n)
{
	return node_base_name(&n->base);
}

struct local_node *local_node_new(struct local *l, unsigned index, char *binary)
{
	struct local_node *n = xcalloc(1, sizeof(*n));

	node_base_init(&n->base, l->env, &l->lock, &l->wake, index, binary);
	n->l = l;
	n->binary = binary;
	return n;
}

void local_node_free(struct local_node *n)
{
	if (!n)
		return;
	node_base_release(&n->base);
	child_free(n->child);
	vec_free(&n->peers);
	free(n->binary);
	free(n);
}

static void add_link(struct local_node *n, unsigned to)
{
	for (size_t i = 0; i < n->peers.len; i++)
		if (n->peers.items[i].index == to)
			return;
	vec_push(&n->peers, (struct local_peer){ .index = to });
}

void local_link(struct local_node *a, struct local_node *b)
{
	add_link(a, b->base.index);
	add_link(b, a->base.index);
}

static uint16_t port_named(const struct local_node *n, const char *name)
{
	for (size_t i = 0; i < FLAVOUR_MAX_PORTS && n->base.flavour->ports[i].name; i++)
		if (strcmp(n->base.flavour->ports[i].name, name) == 0)
			return n->ports[i];
	return 0;
}

uint16_t local_p2p_port(const struct local_node *n)
{
	return port_named(n, "p2p");
}

/* --- callbacks, on the procs thread ----------------------------------------------------- */

static void node_exited(void *arg, struct child *c, int status)
{
	struct local_node *n = arg;
	CLEANUP_FREE char *tail = child_tail(c, TAIL_BYTES);

	pthread_mutex_lock(&n->l->lock);
	snprintf(n->base.tail.text, sizeof(n->base.tail.text), "%s", tail);
	proc_status_text(status, n->base.how, sizeof(n->base.how));
	n->status = status;
	pthread_mutex_unlock(&n->l->lock);
	node_base_ended(&n->base);
}

static void node_line(void *arg, struct child *c, const char *line, size_t len)
{
	struct local_node *n = arg;
	struct local *l = n->l;
	const struct backend_env *env = l->env;
	enum log_level level = node_log_level(line, len);
	(void)c;

	if (node_log_allowed(&l->budget, clock_now(env->clock), level))
		env->log(env->arg, (int)n->base.index, level,
			node_log_words(line, n->base.plan_node->name));
}

/* --- start ------------------------------------------------------------------------------ */

/* n's peers: those that can be reached by now. */
static void node_spec(struct local_node *n, struct strlist *peers, struct flavour_node *ret)
{
	struct local *l = n->l;

	for (size_t i = 0; i < n->peers.len; i++) {
		const struct local_node *peer = l->nodes.items[n->peers.items[i].index];
		uint16_t port = l->relay ? n->peers.items[i].via : local_p2p_port(peer);
		if (port && !peer->base.removed)
			strlist_addf(peers, LOCAL_HOST ":%u", (unsigned)port);
	}
	*ret = (struct flavour_node){
		.plan = l->env->plan,
		.index = n->base.index,
		.node = n->base.plan_node,
		.binary = n->binary,
		.dir = n->base.dir,
		.node_dir = n->base.dir,
		.bind = LOCAL_HOST,
		.peers = (const char *const *)peers->items,
		.genesis_time_ms = l->genesis_time_ms,
		.log_level = local_log_levels[l->config->log_level],
		.args = &n->base.args,
		.env = &n->base.vars,
	};
	memcpy(ret->ports, n->ports, sizeof(ret->ports));
}

int local_node_write_config(struct local_node *n, struct err *err)
{
	struct strlist peers = { 0 };
	struct flavour_node spec;
	node_spec(n, &peers, &spec);
	int r = node_base_write_config(&n->base, &spec, err);
	strlist_release(&peers);
	return r;
}

static int spawn(struct local_node *n, struct err *err)
{
	struct strlist peers = { 0 }, argv = { 0 }, env = { 0 };
	struct flavour_node spec;
	int r = -1;

	node_spec(n, &peers, &spec);
	if (n->base.flavour->write_config(&spec, err) < 0 ||
		n->base.flavour->command(&spec, &argv, &env, err) < 0)
		goto out;
	for (char **variable = environ; *variable; variable++)
		if (!environ_has(&env, *variable) && !environ_not_for_nodes(*variable))
			strlist_add(&env, *variable);
	const struct procs_spec ps = {
		.argv = (const char *const *)argv.items,
		.env = (const char *const *)env.items,
		.cwd = n->base.dir,
		.log_path = n->base.log_path,
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
	int r = 0;

	node_base_starting(&n->base);
	child_free(n->child);
	n->child = NULL;
	n->paused = n->ready = false;
	pthread_mutex_lock(&l->lock);
	n->cpu_at_ns = 0;
	pthread_mutex_unlock(&l->lock);

	if (spawn(n, err) < 0) {
		node_base_not_started(&n->base);
		return err_prefix(err, "cannot start node %s", node_name(n));
	}
	pid_t pid = child_pid(n->child);
	pthread_mutex_lock(&l->lock);
	if (n->base.running)
		n->base.pid = pid;
	pthread_mutex_unlock(&l->lock);
	if (l->env->journal)
		r = journal_process(l->env->journal, node_name(n), pid, proc_start_time(pid), err);
	node_base_tell(&n->base, NODE_STARTING, true, NULL);
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
	int r = n->base.flavour->read_ready(&spec, child_pid(n->child), ports, err);
	strlist_release(&none);
	if (r < 0)
		return err_prefix(err, "node %s", node_name(n));
	if (r == 0)
		return 0;
	memcpy(n->ports, ports, sizeof(n->ports));
	n->ready = true;
	pthread_mutex_lock(&n->l->lock);
	snprintf(n->base.endpoint, sizeof(n->base.endpoint), "http://" LOCAL_HOST ":%u",
		(unsigned)port_named(n, "http"));
	pthread_mutex_unlock(&n->l->lock);
	return 1;
}

/* One step towards UP; sets base.up when it is there. */
static int advance(struct local_node *n, struct err *err)
{
	struct local *l = n->l;

	pthread_mutex_lock(&l->lock);
	bool running = n->base.running;
	int status = n->status;
	pthread_mutex_unlock(&l->lock);

	if (!running && !n->base.up && may_try_new_ports(n, status)) {
		l->env->log(l->env->arg, (int)n->base.index, LOG_WARN,
			"its port was taken while it was down; it gets another one");
		n->tried_new_ports = true;
		memset(n->ports, 0, sizeof(n->ports));
		return local_start(n, err);
	}
	if (running && !n->ready && read_ready(n, err) < 0)
		return -1;
	return node_base_advance(&n->base, err) < 0 ? -1 : 0;
}

static int too_late(struct local_node *n, uint64_t timeout_ns, struct err *err)
{
	CLEANUP_FREE char *tail = child_tail(n->child, TAIL_BYTES);
	return err_set(err, ERR_ENV,
		"node %s: %s within %llu s; its last words:\n%s\n"
		"its whole log is in %s",
		node_name(n), n->ready ? "its API did not answer" : "it did not report its ports",
		(unsigned long long)(timeout_ns / NS_PER_S), tail, n->base.log_path);
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
			if (!nodes[i]->base.up && !waiting)
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
		n->base.exit_expected = n->base.exit_expected || n->base.running;
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
		node_base_stop_asking(&n->base);
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
	CLEANUP_FREE char *data = fs_join(n->base.dir, "data");
	return fs_remove_tree(data, err);
}
