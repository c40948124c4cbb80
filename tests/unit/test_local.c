/*
 * The local backend with real processes. The node is this program itself: run
 * with arguments it plays ltb-node (ports, ready file, an HTTP server that says
 * 200 to everything, SIGTERM ends it), so that what the backend does can be
 * seen without the behaviour of a chain.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "flavours/registry.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/strbuf.h"

#define N_NODES   3
#define MAX_NODES 8

/* --- the node ------------------------------------------------------------------------------ */

static const char *argument(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return NULL;
}

static bool has_flag(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return false;
}

static int listen_at(const char *address, unsigned *ret_port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	const int one = 1;
	sa.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 64) < 0) {
		fprintf(stderr, "cannot listen at %s\n", address);
		exit(4);
	}
	getsockname(fd, (struct sockaddr *)&sa, &len);
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

static int play_node(int argc, char **argv)
{
	char ready[256], request[4096];
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
	unsigned http, p2p;

	if (has_flag(argc, argv, "--version")) {
		puts("ltb-node of the test");
		return 0;
	}
	if (has_flag(argc, argv, "--die")) {
		fputs("ERROR these are my last words\n", stderr);
		return 9;
	}
	if (has_flag(argc, argv, "--stubborn"))
		signal(SIGTERM, SIG_IGN);
	const char *variable = getenv("LTB_TEST_VARIABLE");
	printf("I am %s, variable %s\n", argument(argc, argv, "--name"),
		variable ? variable : "none");
	fflush(stdout);
	while (has_flag(argc, argv, "--never-ready"))
		pause();
	int fd = listen_at(argument(argc, argv, "--http"), &http);
	listen_at(argument(argc, argv, "--listen"), &p2p);
	int len = snprintf(ready, sizeof(ready),
		"{\"pid\":%d,\"http\":\"127.0.0.1:%u\",\"p2p\":\"127.0.0.1:%u\",\"peer_id\":\"x\"}",
		(int)getpid(), http, p2p);
	if (fs_write_atomic(argument(argc, argv, "--ready-file"), ready, (size_t)len, 0644, NULL) <
		0)
		return 70;
	for (;;) {
		int c = accept(fd, NULL, NULL);
		if (c < 0)
			continue;
		ssize_t n = read(c, request, sizeof(request) - 1);
		if (n > 0) {
			request[n] = '\0';
			printf("%.*s\n", (int)strcspn(request, "\r"), request);
			fflush(stdout);
			fs_write_all(c, answer, sizeof(answer) - 1);
		}
		close(c);
	}
}

/* --- the bench ------------------------------------------------------------------------------ */

struct seen {
	enum node_state state;
	unsigned ups, starts;
	bool expected;
	int64_t pid;
	char endpoint[64], reason[128], tail[512];
};

struct bench {
	struct scenario scenario;
	struct plan plan;
	struct plan_node nodes[N_NODES];
	unsigned peers[N_NODES];
	struct backend_env env;
	struct backend b;
	void *config;
	char *run_dir, *self;
	struct err err;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct seen seen[MAX_NODES]; /* lock */
	unsigned logs;               /* lock; warnings and worse */
};

static void on_state(void *arg, unsigned node, enum node_state state, bool expected,
	const char *endpoint, int64_t pid, const char *reason, const char *log_tail)
{
	struct bench *t = arg;
	assert_in_range(node, 0, MAX_NODES - 1);
	pthread_mutex_lock(&t->lock);
	struct seen *s = &t->seen[node];
	s->state = state;
	s->expected = expected;
	s->pid = pid;
	s->ups += state == NODE_UP;
	s->starts += state == NODE_STARTING;
	snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint ? endpoint : "");
	snprintf(s->reason, sizeof(s->reason), "%s", reason ? reason : "");
	snprintf(s->tail, sizeof(s->tail), "%.500s", log_tail ? log_tail : "");
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void on_log(void *arg, int node, int level, const char *text)
{
	struct bench *t = arg;
	(void)node;
	(void)text;
	pthread_mutex_lock(&t->lock);
	t->logs += level >= LOG_WARN;
	pthread_mutex_unlock(&t->lock);
}

static struct seen seen_of(struct bench *t, unsigned node)
{
	pthread_mutex_lock(&t->lock);
	struct seen s = t->seen[node];
	pthread_mutex_unlock(&t->lock);
	return s;
}

static void await_state(struct bench *t, unsigned node, enum node_state state)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&t->lock);
	while (t->seen[node].state != state)
		if (pthread_cond_timedwait(&t->changed, &t->lock, &until))
			fail_msg("node %u is %s", node, node_state_name(t->seen[node].state));
	pthread_mutex_unlock(&t->lock);
}

static void *option_of(struct bench *t, const char *name)
{
	const struct option *o = backend_local.options;
	while (strcmp(o->name, name) != 0)
		o++;
	return (char *)t->config + o->offset;
}

static void bench_init(struct bench *t)
{
	*t = (struct bench){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER };
	t->run_dir = xstrdup("/tmp/ltb-test-local-XXXXXX");
	assert_non_null(mkdtemp(t->run_dir));
	char self[4096] = "";
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	t->self = xstrdup(self);
	t->scenario.topology = (struct topology){ .n_nodes = N_NODES,
		.binary = t->self,
		.overrides = xcalloc(N_NODES, sizeof(struct node_override)) };
	t->plan = (struct plan){ .scenario = &t->scenario, .nodes = t->nodes, .n_nodes = N_NODES };
	for (unsigned i = 0; i < N_NODES; i++) {
		snprintf(t->nodes[i].name, sizeof(t->nodes[i].name), "n%u", i);
		t->nodes[i].peers = &t->peers[i]; /* all dial n0 */
		t->nodes[i].n_peers = i > 0;
	}
	CLEANUP_FREE char *journal = fs_join(t->run_dir, "journal");
	t->env = (struct backend_env){ .plan = &t->plan,
		.flavours = flavours_all,
		.run_dir = t->run_dir,
		.run_id = "test",
		.clock = clock_new_real(),
		.cancel = cancel_new(NULL),
		.procs = procs_start(&t->err),
		.journal = journal_create(journal, &t->err),
		.arg = t,
		.node_state = on_state,
		.log = on_log };
	assert_non_null(t->env.procs);
	assert_non_null(t->env.journal);
	t->env.net = net_start(t->env.clock, NULL, &t->err);
	assert_non_null(t->env.net);
	t->config = xcalloc(1, backend_local.config_size);
	options_defaults(backend_local.options, t->config, backend_local.config_size);
	t->b = (struct backend){ &backend_local, t->config, &t->env,
		xcalloc(1, backend_local.state_size) };
}

static bool is_gone(int64_t pid)
{
	return proc_start_time((pid_t)pid) == 0;
}

/* Takes it down and sees that nothing of it is left. */
static void bench_release(struct bench *t)
{
	for (int again = 0; again < 2; again++)
		if (backend_local.down(&t->b, again, &t->err) < 0)
			fail_msg("%s", t->err.text);
	for (unsigned i = 0; i < MAX_NODES; i++) {
		if (t->seen[i].pid)
			assert_true(is_gone(t->seen[i].pid));
		CLEANUP_FREE char *data = xasprintf("%s/nodes/n%u/data", t->run_dir, i);
		assert_false(fs_exists(data));
	}
	backend_local.release(&t->b);
	net_stop(t->env.net);
	net_free(t->env.net);
	procs_free(t->env.procs);
	journal_close(t->env.journal);
	cancel_free(t->env.cancel);
	clock_free(t->env.clock);
	options_release(backend_local.options, t->config);
	free(t->config);
	free(t->b.state);
	for (unsigned i = 0; i < N_NODES; i++)
		strlist_release(&t->scenario.topology.overrides[i].args);
	free(t->scenario.topology.overrides);
	strlist_release(&t->scenario.topology.args);
	strlist_release(&t->scenario.topology.env);
	assert_int_equal(fs_remove_tree(t->run_dir, NULL), 0);
	free(t->run_dir);
	free(t->self);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->changed);
}

static int bench_up(struct bench *t)
{
	if (backend_local.prepare(&t->b, &t->err) < 0)
		return -1;
	return backend_local.up(&t->b, &t->err);
}

static void must_come_up(struct bench *t)
{
	if (bench_up(t) < 0)
		fail_msg("%s", t->err.text);
}

static void must_do(struct bench *t, enum node_op op, unsigned node)
{
	if (backend_local.node_op(&t->b, op, node, &t->err) < 0)
		fail_msg("%s node %u: %s", node_op_name(op), node, t->err.text);
}

static char *log_of(struct bench *t, unsigned node)
{
	CLEANUP_FREE char *path = xasprintf("%s/logs/n%u.log", t->run_dir, node);
	struct strbuf text = { 0 };
	assert_int_equal(fs_read(path, 1 << 20, &text, &t->err), 0);
	return strbuf_detach(&text);
}

/* The state letter of /proc/PID/stat. */
static char process_state(int64_t pid)
{
	char path[64];
	CLEANUP_STRBUF struct strbuf text = { 0 };
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	assert_int_equal(fs_read(path, 4096, &text, NULL), 0);
	const char *end = strrchr(strbuf_str(&text), ')');
	assert_non_null(end);
	return end[2];
}

/* --- tests ----------------------------------------------------------------------------------- */

static int count_processes(const struct journal_entry *e, void *arg)
{
	int *n = arg;
	*n += e->op == JOURNAL_PROCESS;
	return 0;
}

static void test_up_and_down(void **state)
{
	struct bench t;
	int journaled = 0;
	struct node_usage use;
	(void)state;
	bench_init(&t);
	strlist_add(&t.scenario.topology.env, "LTB_TEST_VARIABLE=set");
	must_come_up(&t);
	for (unsigned i = 0; i < N_NODES; i++) {
		struct seen s = seen_of(&t, i);
		assert_int_equal(s.state, NODE_UP);
		assert_memory_equal(s.endpoint, "http://127.0.0.1:", 17);
		assert_true(s.pid > 0);
		backend_local.usage(&t.b, i, &use);
		assert_true(use.rss_bytes > 4096);
		/* it has read its configuration and answered over HTTP */
		assert_true(use.has_traffic && use.in_bytes > 100 && use.out_bytes > 100);
	}
	CLEANUP_FREE char *journal = fs_join(t.run_dir, "journal");
	assert_int_equal(journal_read(journal, count_processes, &journaled, &t.err), 0);
	assert_int_equal(journaled, N_NODES);
	assert_int_equal(backend_local.collect(&t.b, &t.err), 0);
	assert_int_equal(backend_local.down(&t.b, false, &t.err), 0);
	for (unsigned i = 0; i < N_NODES; i++) {
		assert_int_equal(seen_of(&t, i).state, NODE_STOPPED);
		assert_true(seen_of(&t, i).expected);
		/* a log is complete once its writer has ended */
		CLEANUP_FREE char *log = log_of(&t, i);
		assert_non_null(strstr(log, "variable set"));
		/* those who dial were told so, over HTTP */
		assert_int_equal(strstr(log, "POST /network/dial_peer") != NULL, i > 0);
	}
	bench_release(&t);
}

static void test_death_at_the_start(void **state)
{
	struct bench t;
	(void)state;
	bench_init(&t);
	strlist_add(&t.scenario.topology.overrides[1].args, "--die");
	assert_int_equal(bench_up(&t), -1);
	assert_int_equal(t.err.code, ERR_ENV);
	assert_non_null(strstr(t.err.text, "n1"));
	assert_non_null(strstr(t.err.text, "exit 9"));
	assert_non_null(strstr(t.err.text, "these are my last words"));
	struct seen s = seen_of(&t, 1);
	assert_int_equal(s.state, NODE_DEAD);
	assert_false(s.expected);
	assert_string_equal(s.tail, "ERROR these are my last words");
	assert_int_equal(t.logs, 1);
	bench_release(&t);
}

static void test_missing_program(void **state)
{
	static const struct {
		const char *topology, *option, *mention;
	} cases[] = {
		{ "/nonexistent/ltb-node", NULL,
			"topology.binary names the node program /nonexistent" },
		{ "/etc/passwd", NULL, "is not executable" },
		{ "no-such-program-anywhere", NULL, "is not in PATH" },
		{ NULL, "/nonexistent/x", "backend option binary" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench t;
		CLEANUP_FREE char *topology = xstrdup(cases[i].topology);
		bench_init(&t);
		t.scenario.topology.binary = topology;
		*(char **)option_of(&t, "binary") = xstrdup(cases[i].option);
		assert_int_equal(bench_up(&t), -1);
		assert_int_equal(t.err.code, ERR_ENV);
		if (!strstr(t.err.text, cases[i].mention))
			fail_msg("%s", t.err.text);
		assert_int_equal(t.seen[0].starts, 0);
		bench_release(&t);
	}
}

static void test_probe(void **state)
{
	struct bench t;
	struct backend_probe probe;
	(void)state;
	bench_init(&t);
	*(char **)option_of(&t, "binary") = xstrdup(t.self);
	backend_local.probe(t.config, &probe);
	assert_true(probe.usable);
	assert_memory_equal(probe.have, "ltb-node of the test", 20);
	free(*(char **)option_of(&t, "binary"));
	*(char **)option_of(&t, "binary") = xstrdup("/bin/false");
	backend_local.probe(t.config, &probe);
	assert_false(probe.usable);
	assert_non_null(strstr(probe.missing, "exit 1"));
	bench_release(&t);
}

static void test_not_ready_in_time_or_cancelled(void **state)
{
	(void)state;
	for (int cancelled = 0; cancelled < 2; cancelled++) {
		struct bench t;
		bench_init(&t);
		strlist_add(&t.scenario.topology.overrides[2].args, "--never-ready");
		assert_int_equal(backend_local.prepare(&t.b, &t.err), 0);
		t.env.ready_timeout_ns = cancelled ? 60 * NS_PER_S : 300 * NS_PER_MS;
		if (cancelled)
			cancel_set(t.env.cancel);
		assert_int_equal(backend_local.up(&t.b, &t.err), -1);
		assert_int_equal(t.err.code, cancelled ? ERR_CANCELLED : ERR_ENV);
		if (!cancelled)
			assert_non_null(strstr(t.err.text, "n2"));
		bench_release(&t);
	}
}

static void test_unexpected_death(void **state)
{
	struct bench t;
	(void)state;
	bench_init(&t);
	must_come_up(&t);
	kill((pid_t)seen_of(&t, 1).pid, SIGKILL);
	await_state(&t, 1, NODE_DEAD);
	struct seen s = seen_of(&t, 1);
	assert_false(s.expected);
	assert_string_equal(s.reason, "signal 9 (Killed)");
	assert_true(*s.tail);
	must_do(&t, NODE_OP_START, 1);
	assert_int_equal(seen_of(&t, 1).state, NODE_UP);
	bench_release(&t);
}

static void test_restart_keeps_the_ports(void **state)
{
	static const enum node_op ops[] = { NODE_OP_RESTART, NODE_OP_KILL_RESTART };
	struct bench t;
	(void)state;
	bench_init(&t);
	must_come_up(&t);
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		struct seen before = seen_of(&t, 1);
		must_do(&t, ops[i], 1);
		struct seen after = seen_of(&t, 1);
		assert_int_equal(after.state, NODE_UP);
		assert_string_equal(after.endpoint, before.endpoint);
		assert_int_not_equal(after.pid, before.pid);
		assert_true(is_gone(before.pid));
	}
	assert_int_equal(backend_local.node_op(&t.b, NODE_OP_START, 1, &t.err), -1);
	bench_release(&t);
}

static void test_a_taken_port_is_replaced(void **state)
{
	struct bench t;
	unsigned port;
	(void)state;
	bench_init(&t);
	must_come_up(&t);
	struct seen before = seen_of(&t, 2);
	must_do(&t, NODE_OP_KILL, 2);
	assert_int_equal(seen_of(&t, 2).state, NODE_STOPPED);
	int fd = listen_at(before.endpoint, &port);
	must_do(&t, NODE_OP_START, 2);
	struct seen after = seen_of(&t, 2);
	assert_int_equal(after.state, NODE_UP);
	assert_string_not_equal(after.endpoint, before.endpoint);
	close(fd);
	bench_release(&t);
}

static void test_pause_and_resume(void **state)
{
	struct bench t;
	(void)state;
	bench_init(&t);
	must_come_up(&t);
	int64_t pid = seen_of(&t, 0).pid;
	must_do(&t, NODE_OP_PAUSE, 0);
	assert_int_equal(seen_of(&t, 0).state, NODE_PAUSED);
	while (process_state(pid) != 'T')
		poll(NULL, 0, 1);
	must_do(&t, NODE_OP_RESUME, 0);
	assert_int_equal(seen_of(&t, 0).state, NODE_UP);
	while (process_state(pid) == 'T')
		poll(NULL, 0, 1);
	/* a paused one is stopped gracefully all the same */
	must_do(&t, NODE_OP_PAUSE, 0);
	must_do(&t, NODE_OP_STOP, 0);
	assert_string_equal(seen_of(&t, 0).reason, "signal 15 (Terminated)");
	assert_int_equal(backend_local.node_op(&t.b, NODE_OP_PAUSE, 0, &t.err), -1);
	bench_release(&t);
}

static void test_add_and_remove(void **state)
{
	struct bench t;
	(void)state;
	bench_init(&t);
	must_come_up(&t);
	assert_int_equal(backend_local.node_op(&t.b, NODE_OP_ADD, 7, &t.err), -1);
	must_do(&t, NODE_OP_ADD, N_NODES);
	assert_int_equal(seen_of(&t, N_NODES).state, NODE_UP);
	must_do(&t, NODE_OP_REMOVE, N_NODES);
	assert_int_equal(seen_of(&t, N_NODES).state, NODE_REMOVED);
	CLEANUP_FREE char *data = xasprintf("%s/nodes/n%u/data", t.run_dir, N_NODES);
	assert_false(fs_exists(data));
	CLEANUP_FREE char *log = log_of(&t, N_NODES);
	assert_non_null(strstr(log, "I am n3"));
	assert_int_equal(backend_local.node_op(&t.b, NODE_OP_START, N_NODES, &t.err), -1);
	assert_int_equal(backend_local.node_op(&t.b, NODE_OP_KILL, 99, &t.err), -1);
	bench_release(&t);
}

static void test_who_does_not_stop_is_killed(void **state)
{
	struct bench t;
	(void)state;
	bench_init(&t);
	strlist_add(&t.scenario.topology.args, "--stubborn");
	*(uint64_t *)option_of(&t, "stop_grace") = 100 * NS_PER_MS;
	must_come_up(&t);
	must_do(&t, NODE_OP_STOP, 0);
	assert_string_equal(seen_of(&t, 0).reason, "signal 9 (Killed)");
	assert_int_equal(backend_local.down(&t.b, false, &t.err), 0);
	assert_string_equal(seen_of(&t, 1).reason, "signal 9 (Killed)");
	bench_release(&t);
}

/* --- clean -------------------------------------------------------------------------------------
 */

static pid_t start_sleeper(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	setpgid(pid, pid);
	return pid;
}

static void *reap(void *arg)
{
	pid_t *pid = arg;
	int status = 0;
	waitpid(*pid, &status, 0);
	*pid = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
	return NULL;
}

static void test_clean(void **state)
{
	char dir[] = "/tmp/ltb-test-clean-XXXXXX";
	struct err err = { 0 };
	unsigned removed = 0;
	pthread_t reaper;
	(void)state;
	assert_non_null(mkdtemp(dir));
	CLEANUP_FREE char *path = fs_join(dir, "journal");
	CLEANUP_FREE char *data = fs_join(dir, "nodes/n0/data");
	assert_int_equal(fs_mkdirs(data, 0755, &err), 0);

	pid_t left = start_sleeper(), other = start_sleeper(), owner = start_sleeper();
	unsigned long long owner_start = proc_start_time(owner);
	struct journal *j = journal_create(path, &err);
	assert_non_null(j);
	assert_int_equal(journal_owner(j, owner, owner_start, "local", &err), 0);
	assert_int_equal(journal_process(j, "n0", left, proc_start_time(left), &err), 0);
	/* a pid that is somebody else's by now */
	assert_int_equal(journal_process(j, "n1", other, proc_start_time(other) - 1, &err), 0);
	journal_close(j);

	assert_int_equal(backend_local.clean(dir, &removed, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "in use"));
	assert_false(is_gone(left));
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);

	pid_t ended_by = left;
	assert_int_equal(pthread_create(&reaper, NULL, reap, &ended_by), 0);
	err_clear(&err);
	if (backend_local.clean(dir, &removed, &err) < 0)
		fail_msg("%s", err.text);
	pthread_join(reaper, NULL);
	assert_int_equal(ended_by, SIGKILL);
	assert_int_equal(removed, 2); /* a process and a data directory */
	assert_false(fs_exists(data));
	assert_false(is_gone(other));
	assert_int_equal(backend_local.clean(dir, &removed, &err), 0);
	assert_int_equal(removed, 2);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	assert_int_equal(fs_remove_tree(dir, NULL), 0);
}

/* --- the flavour ---------------------------------------------------------------------------------
 */

static void test_ready_file(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{ NULL, 0 },
		{ "{\"pid\":41,\"http\":\"127.0.0.1:80\",\"p2p\":\"127.0.0.1:81\"}",
			0 }, /* stale */
		{ "{\"pid\":42,\"http\":\"127.0.0.1:80\",\"p2p\":\"127.0.0.1:81\"}", 1 },
		{ "{\"pid\":42,\"http\":\"127.0.0.1:0\",\"p2p\":\"127.0.0.1:81\"}", -1 },
		{ "{\"pid\":42,\"http\":\"127.0.0.1:65536\",\"p2p\":\"127.0.0.1:81\"}", -1 },
		{ "{\"pid\":42,\"http\":\"127.0.0.1\",\"p2p\":\"127.0.0.1:81\"}", -1 },
		{ "{\"http\":\"127.0.0.1:80\"}", -1 },
		{ "garbage", -1 },
	};
	char dir[] = "/tmp/ltb-test-ready-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(dir));
	CLEANUP_FREE char *path = fs_join(dir, "ready");
	const struct flavour_node n = { .dir = dir };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		uint16_t ports[FLAVOUR_MAX_PORTS] = { 0 };
		if (cases[i].text)
			assert_int_equal(fs_write_atomic(path, cases[i].text, strlen(cases[i].text),
						 0644, &err),
				0);
		assert_int_equal(flavour_embedded.read_ready(&n, 42, ports, &err), cases[i].result);
		if (cases[i].result == 1) {
			assert_int_equal(ports[0], 80);
			assert_int_equal(ports[1], 81);
		}
		assert_int_equal(err.code != ERR_NONE, cases[i].result < 0);
	}
	char address[64];
	flavour_embedded.peer_address("127.0.0.1", 81, address, sizeof(address));
	assert_string_equal(address, "/ip4/127.0.0.1/tcp/81");
	assert_int_equal(fs_remove_tree(dir, NULL), 0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return play_node(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_death_at_the_start),
		cmocka_unit_test(test_missing_program),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_not_ready_in_time_or_cancelled),
		cmocka_unit_test(test_unexpected_death),
		cmocka_unit_test(test_restart_keeps_the_ports),
		cmocka_unit_test(test_a_taken_port_is_replaced),
		cmocka_unit_test(test_pause_and_resume),
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_who_does_not_stop_is_killed),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_ready_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
