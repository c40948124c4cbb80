/*
 * The local backend: nodes are processes on this machine, bound to loopback.
 * They choose their own ports, tell them in a ready file, and are told of each
 * other when all ports are known, so that no port is ever guessed and all
 * nodes start at once. Runner's thread, except usage (net) and what
 * local_node.c says of itself.
 */
#include "backends/local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backends/registry.h"
#include "core/environ.h"
#include "util/fs.h"
#include "util/proc.h"
#include "util/strbuf.h"

#define NODE_VARIABLE "LOGOS_BLOCKCHAIN_NODE_BIN"

#define DISK_PER_NODE_BYTES  (10ull * 1024 * 1024)
#define FDS_PER_NODE         16 /* of the bench: pidfd, log, streams, samples */
#define FDS_OF_THE_BENCH     128
#define FDS_OF_A_NODE        64 /* and two a peer */
#define GENESIS_LEAD_MS      500
#define GENESIS_LEAD_NODE_MS 20
#define ADDED_NODE_LINKS     3
#define DIALS_AT_ONCE        64
#define DIAL_ATTEMPTS        5
#define DIAL_TIMEOUT_NS      (3 * NS_PER_S)
#define DIAL_AGAIN_NS        (100 * NS_PER_MS)
#define VERSION_TIMEOUT_MS   2000

const char *const local_log_levels[] = { "trace", "debug", "info", "warn", "error", NULL };

static const struct option local_options[] = {
	{ "binary", OPTION_STRING, offsetof(struct local_config, binary), .env = NODE_VARIABLE,
		.help = "node program; topology.binary and a node's own binary go before it" },
	{ "log_level", OPTION_ENUM, offsetof(struct local_config, log_level), .def = "info",
		.choices = local_log_levels, .env = "LOGOS_BLOCKCHAIN_LOG_LEVEL",
		.help = "how much the nodes write to RUN/logs" },
	{ "stop_grace", OPTION_DURATION, offsetof(struct local_config, stop_grace_ns), .def = "3s",
		.max = 60 * NS_PER_S, .help = "from SIGTERM to SIGKILL when a node is stopped" },
	{ "keep_state", OPTION_BOOL, offsetof(struct local_config, keep_state), .def = "false",
		.help = "leave the nodes' data directories in the run directory" },
	{ "links", OPTION_ENUM, offsetof(struct local_config, links), .def = "auto",
		.choices = links_modes, .help = LINKS_HELP },
	{ .name = NULL },
};

/* --- the node program ----------------------------------------------------------------- */

/* A program that somebody named: a path, or a name in PATH. Caller frees. */
static char *resolve_named(const char *program, const char *where, struct err *err)
{
	char *path = strchr(program, '/') ? fs_absolute(program) : fs_which(program);
	if (path && fs_is_executable(path))
		return path;
	free(path);
	err_set(err, ERR_ENV,
		"%s names the node program %s, which %s; build it with `make`, or correct "
		"the setting",
		where, program,
		!strchr(program, '/') ? "is not in PATH"
		: fs_exists(program)  ? "is not executable"
				      : "does not exist");
	return NULL;
}

/* The node program when the preset names none. Caller frees. */
static char *find_binary(const struct local_config *config, struct err *err)
{
	const char *variable = environ_get(NODE_VARIABLE);

	if (config && config->binary)
		return resolve_named(
			config->binary, "backend option binary (or " NODE_VARIABLE ")", err);
	if (variable && *variable)
		return resolve_named(variable, "the environment variable " NODE_VARIABLE, err);
	CLEANUP_FREE char *self_dir = fs_self_dir();
	char *path = program_beside(NODE_PROGRAM);
	if (!path)
		err_set(err, ERR_ENV,
			"no node program: looked for " NODE_PROGRAM
			" in %s and in PATH (" NODE_VARIABLE
			" is not set); build it with `make`, or name one with "
			"--set topology.binary=PATH",
			self_dir ? self_dir : "the directory of ltb");
	return path;
}

static char *node_binary(struct local *l, unsigned index, struct err *err)
{
	const struct topology *t = &l->env->plan->scenario->topology;
	const char *own = t->overrides && index < t->n_nodes ? t->overrides[index].binary : NULL;

	if (own)
		return resolve_named(own, "the node's own binary setting", err);
	if (t->binary)
		return resolve_named(t->binary, "topology.binary", err);
	return find_binary(l->config, err);
}

static void local_probe(const void *config, struct backend_probe *ret)
{
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf version = { .max = 4096 };
	int status = 0;

	*ret = (struct backend_probe){ 0 };
	CLEANUP_FREE char *binary = find_binary(config, &err);
	if (!binary) {
		snprintf(ret->missing, sizeof(ret->missing), "%.*s", (int)sizeof(ret->missing) - 1,
			err.text);
		return;
	}
	const char *const argv[] = { binary, "--version", NULL };
	if (proc_run(argv, VERSION_TIMEOUT_MS, version.max, &version, &status, &err) < 0 ||
		status) {
		char how[64];
		snprintf(ret->missing, sizeof(ret->missing),
			"%s --version fails: %.300s; build it anew with `make`", binary,
			err.code ? err.text : proc_status_text(status, how, sizeof(how)));
		return;
	}
	ret->usable = true;
	snprintf(ret->have, sizeof(ret->have), "%.*s (%s)",
		(int)strcspn(strbuf_str(&version), "\r\n"), strbuf_str(&version), binary);
}

/* --- prepare ---------------------------------------------------------------------------- */

static int check_descriptors(size_t n_nodes, struct err *err)
{
	rlim_t need = MAX(FDS_OF_THE_BENCH + FDS_PER_NODE * n_nodes, FDS_OF_A_NODE + 2 * n_nodes);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
		return 0;
	if (limit.rlim_max < need)
		return err_set(err, ERR_ENV,
			"%zu nodes need %llu file descriptors a process, the limit is %llu; raise "
			"it "
			"(`ulimit -Hn` as root, or LimitNOFILE=), or use fewer nodes",
			n_nodes, (unsigned long long)need, (unsigned long long)limit.rlim_max);
	limit.rlim_cur = limit.rlim_max; /* the nodes inherit it */
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_errno(err, ERR_ENV, "cannot raise the limit of file descriptors to %llu",
			(unsigned long long)limit.rlim_max);
	return 0;
}

static int check_disk(const char *run_dir, size_t n_nodes, struct err *err)
{
	struct statvfs fs;
	uint64_t need = n_nodes * DISK_PER_NODE_BYTES;

	if (access(run_dir, W_OK | X_OK) < 0)
		return err_errno(err, ERR_ENV, "cannot write to the run directory %s", run_dir);
	if (statvfs(run_dir, &fs) < 0)
		return err_errno(err, ERR_ENV, "cannot look at the file system of %s", run_dir);
	uint64_t have = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (have < need)
		return err_set(err, ERR_ENV,
			"%s has %llu MB free, %zu nodes need %llu MB; make room, or choose another "
			"place "
			"with --out",
			run_dir, (unsigned long long)(have >> 20), n_nodes,
			(unsigned long long)(need >> 20));
	return 0;
}

static int make_dir(const struct local *l, const char *sub, struct err *err)
{
	CLEANUP_FREE char *path = fs_join(l->env->run_dir, sub);
	return fs_mkdirs(path, 0755, err);
}

static struct local_node *add_node(struct local *l, unsigned index, struct err *err)
{
	char *binary = node_binary(l, index, err);
	if (!binary)
		return NULL;
	struct local_node *n = local_node_new(l, index, binary);
	if (!n->base.flavour->binds_port_zero || !n->base.flavour->dials_at_run_time) {
		err_set(err, ERR_UNSUPPORTED,
			"node %s: the local backend needs a node that chooses its own ports, and "
			"%s (%s) cannot",
			n->base.plan_node->name, n->binary, n->base.flavour->name);
		local_node_free(n);
		return NULL;
	}
	pthread_mutex_lock(&l->lock);
	vec_push(&l->nodes, n);
	pthread_mutex_unlock(&l->lock);
	return n;
}

/* Early enough for the first slot to find everybody up, late enough not to be waited for. */
static uint64_t genesis_time(const struct local *l)
{
	uint64_t lead = GENESIS_LEAD_NODE_MS * l->env->plan->n_nodes;
	return clock_wall_ms(l->env->clock) + MAX(lead, GENESIS_LEAD_MS);
}

static int local_prepare(struct backend *b, struct err *err)
{
	struct local *l = b->state;
	const struct plan *plan = b->env->plan;

	l->env = b->env;
	l->config = b->config;
	l->links.env = b->env;
	wake_init(&l->wake);
	pthread_mutex_init(&l->lock, NULL);
	l->prepared = true;
	if (check_descriptors(plan->n_nodes, err) < 0 ||
		check_disk(b->env->run_dir, plan->n_nodes, err) < 0 ||
		make_dir(l, "nodes", err) < 0 || make_dir(l, "logs", err) < 0)
		return -1;
	for (unsigned i = 0; i < plan->n_nodes; i++)
		if (!add_node(l, i, err))
			return err_prefix(err, "node %s", plan->nodes[i].name);
	for (unsigned i = 0; i < plan->n_nodes; i++)
		for (size_t j = 0; j < plan->nodes[i].n_peers; j++)
			local_link(l->nodes.items[i], l->nodes.items[plan->nodes[i].peers[j]]);
	/* up() writes them again with the time that then counts; what fails, fails here */
	l->genesis_time_ms = genesis_time(l);
	for (size_t i = 0; i < l->nodes.len; i++)
		if (local_node_write_config(l->nodes.items[i], err) < 0)
			return -1;
	return 0;
}

/* --- up ----------------------------------------------------------------------------------- */

struct dial {
	struct local_node *from, *to;
	uint16_t port;        /* that leads to the other one */
	uint64_t at_ns, call; /* runner only */
	unsigned attempts;
	/* local->lock */
	enum { DIAL_DUE, DIAL_ASKED, DIAL_DONE } state;
	char why[160]; /* of the last failure */
};

static void dial_answered(const struct net_response *r, void *arg)
{
	struct dial *d = arg;
	struct local *l = d->from->l;

	pthread_mutex_lock(&l->lock);
	d->state = r->status == 200 ? DIAL_DONE : DIAL_DUE;
	if (r->status == 0)
		snprintf(d->why, sizeof(d->why), "%.*s", (int)sizeof(d->why) - 1,
			r->err ? r->err->text : "?");
	else
		snprintf(d->why, sizeof(d->why), "status %d: %.*s", r->status,
			(int)MIN(r->len, 120u), r->body);
	pthread_mutex_unlock(&l->lock);
	wake_signal(&l->wake);
}

static void dial_send(struct local *l, struct dial *d)
{
	char address[96], url[sizeof(d->from->base.endpoint) + 32], body[128];

	d->to->base.flavour->peer_address(LOCAL_HOST, d->port, address, sizeof(address));
	int len = snprintf(body, sizeof(body), "{\"addr\":\"%s\"}", address);
	pthread_mutex_lock(&l->lock);
	d->state = DIAL_ASKED;
	snprintf(url, sizeof(url), "%s/network/dial_peer", d->from->base.endpoint);
	pthread_mutex_unlock(&l->lock);
	d->attempts++;
	d->at_ns = clock_now(l->env->clock) + DIAL_AGAIN_NS;
	const struct net_request req = {
		.method = NET_POST,
		.url = url,
		.body = body,
		.body_len = (size_t)len,
		.timeout_ns = DIAL_TIMEOUT_NS,
		.on_done = dial_answered,
		.arg = d,
	};
	d->call = net_send(l->env->net, &req);
}

/* One round over all dials. 1: all are done, 0: go on, -1: one is hopeless. */
static int dial_round(struct local *l, struct dial *dials, size_t n, struct err *err)
{
	uint64_t now = clock_now(l->env->clock);
	size_t asked = 0, done = 0;

	for (size_t i = 0; i < n; i++) {
		pthread_mutex_lock(&l->lock);
		int state = dials[i].state;
		bool dead = !dials[i].from->base.running;
		pthread_mutex_unlock(&l->lock);
		asked += state == DIAL_ASKED;
		done += state == DIAL_DONE;
		if (state == DIAL_DUE && (dials[i].attempts >= DIAL_ATTEMPTS || dead))
			return err_set(err, ERR_ENV,
				"node %s cannot be connected with %s: %s; its log is in %s",
				dials[i].from->base.plan_node->name,
				dials[i].to->base.plan_node->name, dead ? "it ended" : dials[i].why,
				dials[i].from->base.log_path);
		if (state == DIAL_DUE && now >= dials[i].at_ns && asked < DIALS_AT_ONCE) {
			dial_send(l, &dials[i]);
			asked++;
		}
	}
	return done == n;
}

static uint16_t via_of(const struct local_node *n, unsigned peer)
{
	for (size_t i = 0; i < n->peers.len; i++)
		if (n->peers.items[i].index == peer)
			return n->peers.items[i].via;
	return 0;
}

/* Tells the nodes of each other: who dials whom was planned, the ports are known only now. */
static int dial_all(struct local *l, struct err *err)
{
	const struct plan *plan = l->env->plan;
	VEC(struct dial) dials = { 0 };
	int r = 0;

	for (size_t i = 0; i < plan->n_nodes; i++) {
		for (size_t j = 0; j < plan->nodes[i].n_peers; j++) {
			struct local_node *from = l->nodes.items[i];
			struct local_node *to = l->nodes.items[plan->nodes[i].peers[j]];
			struct dial d = { .from = from,
				.to = to,
				.port = l->relay ? via_of(from, to->base.index)
						 : local_p2p_port(to) };
			vec_push(&dials, d);
		}
	}
	for (;;) {
		r = dial_round(l, dials.items, dials.len, err);
		if (r)
			break;
		uint64_t next = clock_now(l->env->clock) + DIAL_AGAIN_NS;
		if (clock_wait(l->env->clock, &l->wake, l->env->cancel, next) == CLOCK_CANCELLED) {
			r = err_set(
				err, ERR_CANCELLED, "stopped while the nodes were being connected");
			break;
		}
	}
	for (size_t i = 0; i < dials.len; i++)
		if (dials.items[i].call)
			net_cancel(l->env->net, dials.items[i].call);
	vec_free(&dials);
	return r < 0 ? -1 : 0;
}

static int local_up(struct backend *b, struct err *err)
{
	struct local *l = b->state;

	if (links_wanted((enum links_mode)l->config->links, b->env) &&
		local_relay_start(l, err) < 0)
		return -1;
	l->genesis_time_ms = genesis_time(l);
	for (size_t i = 0; i < l->nodes.len; i++) {
		if (cancel_is_set(b->env->cancel))
			return err_set(
				err, ERR_CANCELLED, "stopped while the nodes were being started");
		if (local_start(l->nodes.items[i], err) < 0)
			return -1;
	}
	if (local_wait_up(l, l->nodes.items, l->nodes.len, err) < 0 ||
		local_relay_link(l, NULL, err) < 0)
		return -1;
	return dial_all(l, err);
}

/* --- single nodes ---------------------------------------------------------------------- */

static int start_again(struct local *l, struct local_node *n, struct err *err)
{
	n->tried_new_ports = false;
	if (local_start(n, err) < 0 || local_wait_up(l, &n, 1, err) < 0)
		return -1;
	return local_relay_link(l, n, err);
}

static int pause_node(struct local_node *n, bool pause, struct err *err)
{
	if (!local_running(n))
		return err_set(err, ERR_ENV, "node %s is not running", n->base.plan_node->name);
	if (child_signal(n->child, pause ? SIGSTOP : SIGCONT) < 0)
		return err_set(err, ERR_ENV, "node %s has just ended", n->base.plan_node->name);
	n->paused = pause;
	node_base_tell(&n->base, pause ? NODE_PAUSED : NODE_UP, true, pause ? "paused" : "resumed");
	return 0;
}

/* Links a new node with some that live: those of its plan first. */
static void link_added(struct local *l, struct local_node *n)
{
	for (size_t i = 0; i < n->base.plan_node->n_peers && n->peers.len < ADDED_NODE_LINKS; i++) {
		unsigned peer = n->base.plan_node->peers[i];
		if (peer < l->nodes.len && local_running(l->nodes.items[peer]))
			local_link(n, l->nodes.items[peer]);
	}
	for (size_t i = 0; i < l->nodes.len && n->peers.len < ADDED_NODE_LINKS; i++)
		if (l->nodes.items[i] != n && local_running(l->nodes.items[i]))
			local_link(n, l->nodes.items[i]);
}

static int add_while_running(struct local *l, unsigned index, struct err *err)
{
	if (index != l->nodes.len)
		return err_set(err, ERR_INTERNAL, "the next node to be added is number %zu, not %u",
			l->nodes.len, index);
	if (index >= TOPOLOGY_MAX_NODES)
		return err_set(err, ERR_LIMIT, "no more than %d nodes", TOPOLOGY_MAX_NODES);
	if (check_disk(l->env->run_dir, 1, err) < 0)
		return -1;
	struct local_node *n = add_node(l, index, err);
	if (!n)
		return -1;
	link_added(l, n);
	if (local_relay_link(l, n, err) <
		0) /* so that it finds the others; they need not know it */
		return -1;
	return start_again(l, n, err);
}

static int remove_node(struct local *l, struct local_node *n, struct err *err)
{
	if (local_end(l, &n, 1, l->config->stop_grace_ns, l->env->cancel, err) < 0)
		return -1;
	n->base.removed = true;
	node_base_tell(&n->base, NODE_REMOVED, true, "removed");
	if (l->config->keep_state)
		return 0;
	return local_remove_state(n, err);
}

static int local_node_op(struct backend *b, enum node_op op, unsigned node, struct err *err)
{
	struct local *l = b->state;

	if (op == NODE_OP_ADD)
		return add_while_running(l, node, err);
	if (node >= l->nodes.len)
		return err_set(err, ERR_USAGE, "there is no node %u", node);
	struct local_node *n = l->nodes.items[node];
	uint64_t grace =
		op == NODE_OP_KILL || op == NODE_OP_KILL_RESTART ? 0 : l->config->stop_grace_ns;
	if (n->base.removed)
		return err_set(err, ERR_USAGE, "node %s was removed", n->base.plan_node->name);
	switch (op) {
	case NODE_OP_START:
		if (local_running(n))
			return err_set(
				err, ERR_USAGE, "node %s is running", n->base.plan_node->name);
		return start_again(l, n, err);
	case NODE_OP_STOP:
	case NODE_OP_KILL:
		return local_end(l, &n, 1, grace, b->env->cancel, err);
	case NODE_OP_RESTART:
	case NODE_OP_KILL_RESTART:
		if (local_end(l, &n, 1, grace, b->env->cancel, err) < 0)
			return -1;
		return start_again(l, n, err);
	case NODE_OP_PAUSE:
	case NODE_OP_RESUME:
		return pause_node(n, op == NODE_OP_PAUSE, err);
	case NODE_OP_REMOVE:
		return remove_node(l, n, err);
	case NODE_OP_ADD:
	case NODE_OP_COUNT:
		break;
	}
	return err_set(err, ERR_INTERNAL, "unknown node operation %d", (int)op);
}

static int local_set_link(struct backend *b, unsigned from, unsigned to,
	const struct link_rule *rule, struct err *err)
{
	struct local *l = b->state;

	if (from >= l->nodes.len || to >= l->nodes.len)
		return err_set(err, ERR_USAGE, "there is no link n%u - n%u", from, to);
	return links_rule(&l->links, node_base_name(&l->nodes.items[from]->base),
		node_base_name(&l->nodes.items[to]->base), rule, err);
}

/* --- usage ------------------------------------------------------------------------------- */

/* utime + stime in ticks and resident pages, from /proc/PID/stat. */
static bool read_stat(pid_t pid, uint64_t *ret_ticks, uint64_t *ret_pages)
{
	char path[32];
	CLEANUP_STRBUF struct strbuf text = { 0 };
	unsigned long long value[25] = { 0 }; /* by field number, from 1 as in proc(5) */

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fs_read(path, 4096, &text, NULL) < 0)
		return false;
	const char *after_name = strrchr(strbuf_str(&text), ')'); /* the name may hold anything */
	const char *at = after_name ? strchr(after_name, ' ') : NULL;
	size_t field = 3;
	for (; at && field < ARRAY_LEN(value); field++, at = strchr(at + 1, ' '))
		value[field] = strtoull(at + 1, NULL, 10);
	if (field < ARRAY_LEN(value))
		return false;
	*ret_ticks = value[14] + value[15];
	*ret_pages = value[24];
	return true;
}

static bool read_counter(const char *text, const char *key, uint64_t *ret)
{
	const char *at = strstr(text, key);
	if (at)
		*ret = strtoull(at + strlen(key), NULL, 10);
	return at != NULL;
}

/*
 * rchar and wchar of /proc/PID/io: whatever went through read and write calls
 * and their kin, so sockets and files alike; the kernel does not tell them apart.
 */
static bool read_io(pid_t pid, uint64_t *ret_in, uint64_t *ret_out)
{
	char path[32];
	CLEANUP_STRBUF struct strbuf text = { 0 };

	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	return fs_read(path, 4096, &text, NULL) == 0 &&
	       read_counter(strbuf_str(&text), "rchar:", ret_in) &&
	       read_counter(strbuf_str(&text), "wchar:", ret_out);
}

static void local_usage(struct backend *b, unsigned node, struct node_usage *ret)
{
	struct local *l = b->state;
	uint64_t ticks, pages, now = clock_now(b->env->clock);

	*ret = (struct node_usage){ .cpu = -1 };
	pthread_mutex_lock(&l->lock);
	struct local_node *n = node < l->nodes.len ? l->nodes.items[node] : NULL;
	pid_t pid = n ? n->base.pid : 0;
	pthread_mutex_unlock(&l->lock);
	if (!pid || !read_stat(pid, &ticks, &pages))
		return;
	ret->rss_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	ret->has_traffic = read_io(pid, &ret->in_bytes, &ret->out_bytes);

	pthread_mutex_lock(&l->lock);
	if (n->base.pid == pid && n->cpu_at_ns && now > n->cpu_at_ns && ticks >= n->cpu_ticks)
		ret->cpu = (double)(ticks - n->cpu_ticks) / (double)sysconf(_SC_CLK_TCK) /
			   ((double)(now - n->cpu_at_ns) / (double)NS_PER_S);
	n->cpu_ticks = ticks;
	n->cpu_at_ns = now;
	pthread_mutex_unlock(&l->lock);
}

/* --- end ----------------------------------------------------------------------------------- */

static int local_collect(struct backend *b, struct err *err)
{
	(void)b; /* logs and configurations are written into the run directory from the start */
	(void)err;
	return 0;
}

static int local_down(struct backend *b, bool force, struct err *err)
{
	struct local *l = b->state;

	if (!l->prepared)
		return 0;
	/* no cancel: a teardown that was cancelled is called again with force */
	int r = local_end(
		l, l->nodes.items, l->nodes.len, force ? 0 : l->config->stop_grace_ns, NULL, err);
	local_relay_end(l);
	for (size_t i = 0; i < l->nodes.len && !l->config->keep_state; i++)
		if (local_remove_state(l->nodes.items[i], r < 0 ? NULL : err) < 0)
			r = -1;
	return r;
}

static void local_release(struct backend *b)
{
	struct local *l = b->state;

	if (!l->prepared)
		return;
	local_relay_end(l);
	for (size_t i = 0; i < l->nodes.len; i++)
		local_node_free(l->nodes.items[i]);
	vec_free(&l->nodes);
	pthread_mutex_destroy(&l->lock);
	wake_release(&l->wake);
	l->prepared = false;
}

const struct backend_ops backend_local = {
	.name = "local",
	.summary = "processes on this machine, on loopback",
	.config_size = sizeof(struct local_config),
	.state_size = sizeof(struct local),
	.options = local_options,
	.caps = BACKEND_RESTART | BACKEND_KILL | BACKEND_PAUSE | BACKEND_ADD | BACKEND_REMOVE |
		BACKEND_LINKS | BACKEND_LOGS | BACKEND_USAGE,
	.probe = local_probe,
	.handler = backend_no_handler,
	.prepare = local_prepare,
	.up = local_up,
	.node_op = local_node_op,
	.link = local_set_link,
	.usage = local_usage,
	.collect = local_collect,
	.down = local_down,
	.release = local_release,
	.clean = local_clean,
};
