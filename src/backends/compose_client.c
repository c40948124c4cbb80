/*
 * Docker Compose as a program: the plug-in of version 2, or docker-compose
 * 1.29 and newer. The plug-in is run by itself, without the docker client
 * around it, so that it ends when ltb does. Runner's thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/compose.h"
#include "util/fs.h"
#include "util/proc.h"

#define VERSION_TIMEOUT_MS 15000 /* docker-compose 1.29 on a busy machine takes seconds */
#define TAIL_BYTES         1500
#define WORDS_MAX          400 /* of them, so that cause and fix fit into an error */
#define SLICE_NS           (50 * NS_PER_MS)

#define HOW_TO_GET \
	"install it (Debian: `apt install docker-compose`; else the package " \
	"docker-compose-plugin), or name the kind with --set backend.compose.client=v1|v2"

/* Where the docker client looks for its plug-ins. Caller frees. */
static char *find_plugin(void)
{
	static const char *const dirs[] = {
		"/usr/local/lib/docker/cli-plugins",
		"/usr/local/libexec/docker/cli-plugins",
		"/usr/lib/docker/cli-plugins",
		"/usr/libexec/docker/cli-plugins",
	};
	CLEANUP_FREE char *config = docker_config_dir();
	char *path = config ? fs_join(config, "cli-plugins/docker-compose") : NULL;

	if (path && fs_is_executable(path))
		return path;
	free(path);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		path = fs_join(dirs[i], "docker-compose");
		if (fs_is_executable(path))
			return path;
		free(path);
	}
	return NULL;
}

/* What the program says of itself; 0: it is no Docker Compose that can be used. */
static unsigned version_of(const char *path, char *text, size_t size)
{
	const char *const argv[] = { path, "version", "--short", NULL };
	CLEANUP_STRBUF struct strbuf out = { .max = 4096 };
	unsigned long major, minor;
	int status = 0;

	if (proc_run(argv, VERSION_TIMEOUT_MS, out.max, &out, &status, NULL) < 0 || status)
		return 0;
	const char *s = strbuf_str(&out);
	s += *s == 'v';
	char *end;
	major = strtoul(s, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	if (major > 99 || (major == 1 && minor < 27))
		return 0;
	snprintf(text, size, "Compose %.*s", (int)strcspn(s, "\r\n "), s);
	return (unsigned)major;
}

int compose_client_find(enum compose_client wanted, enum compose_client *ret_kind, char **ret_path,
	char *text, size_t size, struct err *err)
{
	char *candidates[] = { find_plugin(), fs_which("docker-compose") };
	int r = -1;

	for (size_t i = 0; i < ARRAY_LEN(candidates) && r < 0; i++) {
		unsigned major = candidates[i] ? version_of(candidates[i], text, size) : 0;
		enum compose_client kind = major >= 2 ? COMPOSE_CLIENT_V2 : COMPOSE_CLIENT_V1;
		if (!major || (wanted != COMPOSE_CLIENT_AUTO && wanted != kind))
			continue;
		*ret_kind = kind;
		*ret_path = candidates[i];
		candidates[i] = NULL;
		r = 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++)
		free(candidates[i]);
	if (r == 0)
		return 0;
	static const char *const what[] = {
		[COMPOSE_CLIENT_AUTO] = "Docker Compose (plug-in, or docker-compose 1.27)",
		[COMPOSE_CLIENT_V2] = "Docker Compose 2",
		[COMPOSE_CLIENT_V1] = "docker-compose 1.27 or newer",
	};
	return err_set(err, ERR_ENV, "%s is not to be found; " HOW_TO_GET, what[wanted]);
}

/* Ours, so that nothing of the user's project settings or of another engine gets in. */
static bool is_foreign(const char *variable)
{
	static const char *const names[] = { "COMPOSE_", "DOCKER_HOST=", "DOCKER_CONTEXT=",
		"DOCKER_TLS_VERIFY=", "DOCKER_CERT_PATH=", "DOCKER_API_VERSION=" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* "Creating ltb-x-n0 ... done" of version 1, " Container ltb-x-n0  Created" of version 2. */
static bool is_progress(const char *line)
{
	static const char *const words[] = { "Creating ", "Recreating ", "Starting ", "Stopping ",
		"Removing ", " Network ", " Volume ", " Container " };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strncmp(line, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* What it says besides how far it has got, as many whole lines as may be told. */
static void add_complaints(const char *tail, struct strbuf *out)
{
	for (const char *line = tail; *line;) {
		size_t len = strcspn(line, "\r\n");
		bool complains = len && !is_progress(line);
		if (complains && out->len && out->len + len >= WORDS_MAX)
			break;
		if (complains)
			strbuf_addf(out, "%s%.*s", out->len ? "\n" : "", (int)len, line);
		line += len + (line[len] != '\0');
	}
}

static int failed(const struct compose *c, const char *verb, const char *tail, const char *how,
	struct err *err)
{
	CLEANUP_STRBUF struct strbuf complaints = { 0 };

	add_complaints(tail, &complaints);
	const char *words = complaints.len ? strbuf_str(&complaints) : tail;
	err_set(err, ERR_ENV,
		"`%s %s' fails (%s)%s%.*s\nall that it said is in %s/logs/compose.log",
		c->client_kind == COMPOSE_CLIENT_V2 ? "docker compose" : "docker-compose", verb,
		how, *words ? ":\n" : "", WORDS_MAX, words, c->env->run_dir);
	docker_explain(err);
	return -1;
}

int compose_client_run(struct compose *c, const char *const *args, uint64_t timeout_ns,
	const struct cancel *cancel, struct err *err)
{
	CLEANUP_FREE char *log = fs_join(c->env->run_dir, "logs/compose.log");
	const char *const head[] = { c->client, "-f", c->file, "-p", c->project };
	struct strlist argv = { 0 }, env = { 0 };
	char how[64];
	int status = 0, r = 0;

	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		strlist_add(&argv, head[i]);
	for (const char *const *a = args; *a; a++)
		strlist_add(&argv, *a);
	strlist_addf(&env, "DOCKER_HOST=%s", docker_host(c->docker));
	for (char **variable = environ; *variable; variable++)
		if (!is_foreign(*variable))
			strlist_add(&env, *variable);
	const struct procs_spec spec = {
		.argv = (const char *const *)argv.items,
		.env = (const char *const *)env.items,
		.cwd = c->env->run_dir,
		.log_path = log,
	};
	struct child *child = procs_spawn(c->env->procs, &spec, err);
	strlist_release(&argv);
	strlist_release(&env);
	if (!child)
		return err_prefix(err, "cannot run Docker Compose");
	uint64_t deadline = clock_now(c->env->clock) + timeout_ns;
	while (!child_wait(child, SLICE_NS, &status)) {
		if (cancel && cancel_is_set(cancel)) {
			r = err_set(err, ERR_CANCELLED, "stopped while Docker Compose was running");
			break;
		}
		if (clock_now(c->env->clock) >= deadline) {
			CLEANUP_FREE char *tail = child_tail(child, TAIL_BYTES);
			r = failed(c, args[0], tail, "not done in time", err);
			break;
		}
	}
	if (r == 0 && status) {
		CLEANUP_FREE char *tail = child_tail(child, TAIL_BYTES);
		r = failed(c, args[0], tail, proc_status_text(status, how, sizeof(how)), err);
	}
	child_free(child); /* kills it if it still runs */
	return r;
}
