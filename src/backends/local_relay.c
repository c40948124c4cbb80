/*
 * The relay of the local backend: one process between all nodes, and the
 * links that go through it. Who dials whom is planned, but everybody may dial
 * after a restart, so each pair that is to be connected has a link each way.
 * Runner's thread; the callbacks on the procs thread.
 */
#include "backends/local.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "util/fs.h"
#include "util/json.h"
#include "util/log.h"
#include "util/proc.h"

#define READY_FILE      RELAY_NAME ".json" /* in RUN */
#define READY_TIMEOUT   (30 * NS_PER_S)
#define POLL_NS         (5 * NS_PER_MS)
#define END_GRACE_NS    NS_PER_S
#define KILL_TIMEOUT_NS (10 * NS_PER_S)
#define READY_MAX       4096

static void relay_exited(void *arg, struct child *c, int status)
{
	struct local *l = arg;
	char how[64];
	(void)c;

	CLEANUP_FREE char *text =
		xasprintf("ended (%s)", proc_status_text(status, how, sizeof(how)));
	links_relay_ended(&l->links, text);
	wake_signal(&l->wake);
}

static void relay_line(void *arg, struct child *c, const char *line, size_t len)
{
	struct local *l = arg;
	enum log_level level = node_log_level(line, len);
	(void)c;

	if (level >= LOG_WARN && node_log_allowed(&l->budget, clock_now(l->env->clock), level))
		l->env->log(l->env->arg, -1, level, node_log_words(line, RELAY_NAME));
}

static int spawn(struct local *l, const char *program, const char *ready, struct err *err)
{
	CLEANUP_FREE char *log = xasprintf("%s/logs/" RELAY_NAME ".log", l->env->run_dir);
	static const char any_port[] = LOCAL_HOST ":0";
	struct strlist env = { 0 };
	const char *const argv[] = { program, "--control", any_port, "--ready-file", ready,
		"--name", RELAY_NAME, NULL };

	strlist_addf(&env, "LTB_RELAY_TOKEN=%s", l->links.token);
	const struct procs_spec spec = {
		.argv = argv,
		.env = (const char *const *)env.items,
		.cwd = l->env->run_dir,
		.log_path = log,
		.on_exit = relay_exited,
		.on_line = relay_line,
		.arg = l,
		.outlive = l->env->keep,
	};
	l->relay = procs_spawn(l->env->procs, &spec, err);
	strlist_release(&env);
	if (!l->relay)
		return err_prefix(err, "cannot start the relay");
	pid_t pid = child_pid(l->relay);
	if (l->env->journal &&
		journal_process(l->env->journal, RELAY_NAME, pid, proc_start_time(pid), err) < 0)
		return -1;
	return 0;
}

/* 1: it told where its API is; 0: not yet. */
static int read_ready(struct local *l, const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	uint64_t pid = 0;

	if (!fs_exists(path))
		return 0;
	if (fs_read(path, READY_MAX, &text, err) < 0)
		return -1;
	CLEANUP_JSON cJSON *j = json_parse(strbuf_str(&text), text.len, NULL, err);
	const char *control = json_get_str(j, "control");
	if (!j || !control || !json_get_u64(j, "pid", &pid))
		return err_set(err, ERR_ENV, "%s is no ready file of ltb-relay", path);
	if (pid != (uint64_t)child_pid(l->relay))
		return 0;
	snprintf(l->links.url, sizeof(l->links.url), "http://%.100s", control);
	return 1;
}

int local_relay_start(struct local *l, struct err *err)
{
	CLEANUP_FREE char *program = program_beside(RELAY_PROGRAM);
	CLEANUP_FREE char *ready = fs_join(l->env->run_dir, READY_FILE);
	uint64_t deadline = clock_now(l->env->clock) + READY_TIMEOUT;
	int r = 0;

	if (!program)
		return err_set(err, ERR_ENV,
			"links are to go through " RELAY_PROGRAM
			", which is neither beside ltb nor "
			"in PATH; build it with `make`, or set backend.local.links to direct");
	links_new_token(l->links.token);
	if (spawn(l, program, ready, err) < 0)
		return -1;
	while ((r = read_ready(l, ready, err)) == 0) {
		bool ended = atomic_load(&l->links.ended);
		uint64_t now = clock_now(l->env->clock);
		if (ended || now >= deadline)
			return err_set(err, ERR_ENV,
				"the relay %s; its log is in %s/logs/" RELAY_NAME ".log",
				ended ? "ended while starting" : "does not say where it is reached",
				l->env->run_dir);
		if (clock_wait(l->env->clock, &l->wake, l->env->cancel, now + POLL_NS) ==
			CLOCK_CANCELLED)
			return err_set(
				err, ERR_CANCELLED, "stopped while the relay was being started");
	}
	return r < 0 ? -1 : 0;
}

void local_relay_end(struct local *l)
{
	if (!l->relay)
		return;
	child_signal(l->relay, SIGTERM);
	if (!child_wait(l->relay, END_GRACE_NS, NULL)) {
		child_signal(l->relay, SIGKILL);
		(void)child_wait(l->relay, KILL_TIMEOUT_NS, NULL);
	}
	child_free(l->relay);
	l->relay = NULL;
	l->links.url[0] = '\0';
}

/* --- links ------------------------------------------------------------------------------ */

static uint16_t port_of(const char *address)
{
	const char *colon = strrchr(address, ':');
	return colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

int local_relay_link(struct local *l, const struct local_node *only, struct err *err)
{
	VEC(struct links_link) list = { 0 };
	VEC(struct local_peer *) peers = { 0 };
	int r = 0;

	if (!l->relay)
		return 0;
	for (size_t i = 0; i < l->nodes.len; i++) {
		struct local_node *from = l->nodes.items[i];
		for (size_t j = 0; j < from->peers.len; j++) {
			struct local_peer *peer = &from->peers.items[j];
			const struct local_node *to = l->nodes.items[peer->index];
			uint16_t port = local_p2p_port(to);
			if (!port || to->base.removed || (only && only != from && only != to))
				continue;
			struct links_link link = {
				.from = node_base_name(&from->base),
				.to = node_base_name(&to->base),
				.udp = flavour_port_kind(to->base.flavour, "p2p") == PORT_UDP,
			};
			snprintf(link.listen, sizeof(link.listen), LOCAL_HOST ":%u",
				(unsigned)peer->via);
			snprintf(
				link.target, sizeof(link.target), LOCAL_HOST ":%u", (unsigned)port);
			vec_push(&list, link);
			vec_push(&peers, peer);
		}
	}
	r = links_put(&l->links, list.items, list.len, err);
	for (size_t i = 0; r == 0 && i < list.len; i++)
		peers.items[i]->via = port_of(list.items[i].listen);
	vec_free(&list);
	vec_free(&peers);
	return r;
}
