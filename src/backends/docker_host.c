/*
 * Which Docker engine is meant, and what keeps us from it; see docker.h.
 *
 * The order is the docker client's: DOCKER_HOST, DOCKER_CONTEXT, the context in
 * its configuration, the socket of the system. Nothing here asks the engine.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "backends/docker_priv.h"
#include "util/fs.h"
#include "util/hex.h"

#define DEFAULT_HOST     "unix:///var/run/docker.sock"
#define DEFAULT_PORT     "2375"
#define CONFIG_MAX       ((size_t)1024 * 1024)
#define CONTEXT_NAME_MAX 200

/* --- the text of a host ------------------------------------------------------------ */

static const char *after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static int bad_host(const char *named_by, const char *host, struct err *err, const char *why)
{
	char line[200];
	docker_one_line(host, strlen(host), line, sizeof(line));
	return err_set(err, ERR_ENV, "%s says '%s', %s", named_by, line, why);
}

static int refuse_tls(const char *named_by, const char *host, struct err *err)
{
	return bad_host(named_by, host, err,
		"an engine with TLS, which is not supported; run ltb on the engine's machine, or "
		"forward its socket (ssh -NL /tmp/docker.sock:/var/run/docker.sock USER@HOST) and "
		"set DOCKER_HOST=unix:///tmp/docker.sock without DOCKER_TLS_VERIFY");
}

static int parse_unix(
	const char *named_by, const char *path, struct docker_place *p, struct err *err)
{
	if (path[0] != '/')
		return bad_host(named_by, p->host, err,
			"which is no absolute path; it looks like unix:///var/run/docker.sock");
	if (strlen(path) >= sizeof(p->socket))
		return bad_host(named_by, p->host, err,
			"a path that is too long for a socket (107 bytes); make a symbolic link");
	snprintf(p->socket, sizeof(p->socket), "%s", path);
	snprintf(p->base, sizeof(p->base), "http://localhost");
	snprintf(p->published, sizeof(p->published), "127.0.0.1");
	return 0;
}

/* "host", "host:port", "[v6]:port": bytes of the host, 0 when it is none of them. */
static size_t host_part(const char *at)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-._";
	size_t n = strspn(at, name);
	if (at[0] == '[') {
		size_t inside = strspn(at + 1, "0123456789abcdefABCDEF:.");
		n = inside > 1 && at[1 + inside] == ']' ? inside + 2 : 0;
	}
	return n < 250 ? n : 0;
}

static int parse_tcp(const char *named_by, const char *at, struct docker_place *p, struct err *err)
{
	size_t n = host_part(at);
	const char *port = at[n] == ':' ? at + n + 1 : NULL;
	size_t digits = port ? strspn(port, "0123456789") : 0;
	const char *end = port ? port + digits : at + n;
	unsigned long number = digits > 0 && digits < 6 ? strtoul(port, NULL, 10) : 0;

	if (n == 0 || (port && (number == 0 || number > 65535)) || (*end && strcmp(end, "/") != 0))
		return bad_host(named_by, p->host, err,
			"which is no address; it looks like tcp://HOST:" DEFAULT_PORT
			" or unix:///var/run/docker.sock");
	snprintf(p->published, sizeof(p->published), "%.*s", (int)n, at);
	if (port)
		snprintf(p->base, sizeof(p->base), "http://%.*s:%lu", (int)n, at, number);
	else
		snprintf(p->base, sizeof(p->base), "http://%.*s:" DEFAULT_PORT, (int)n, at);
	/* a child must find it under what we speak ourselves */
	snprintf(p->host, sizeof(p->host), "tcp://%s", p->base + strlen("http://"));
	return 0;
}

int docker_place_parse(
	const char *host, const char *named_by, struct docker_place *ret, struct err *err)
{
	struct docker_place p = { 0 };
	const char *rest;
	snprintf(p.named_by, sizeof(p.named_by), "%s", named_by);
	snprintf(p.host, sizeof(p.host), "%s", host);
	int rc;
	if (strlen(host) >= sizeof(p.host))
		return bad_host(named_by, host, err, "which is too long");
	if ((rest = after(host, "unix://")))
		rc = parse_unix(named_by, rest, &p, err);
	else if ((rest = after(host, "tcp://")) || (rest = after(host, "http://")))
		rc = parse_tcp(named_by, rest, &p, err);
	else if (after(host, "ssh://"))
		rc = bad_host(named_by, host, err,
			"an engine behind ssh, which is not supported; forward its socket (ssh -NL "
			"/tmp/docker.sock:/var/run/docker.sock USER@HOST) and set "
			"DOCKER_HOST=unix:///tmp/docker.sock");
	else if (after(host, "https://"))
		rc = refuse_tls(named_by, host, err);
	else
		rc = bad_host(named_by, host, err,
			"which is none of unix://PATH, tcp://HOST:PORT and http://HOST:PORT; set "
			"DOCKER_HOST to one of them");
	if (rc == 0)
		*ret = p;
	return rc;
}

/* --- the docker client's configuration ------------------------------------------------ */

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

char *docker_config_dir(void)
{
	const char *dir = variable("DOCKER_CONFIG"), *home = variable("HOME");
	if (dir)
		return xstrdup(dir);
	return home ? fs_join(home, ".docker") : NULL;
}

static cJSON *read_json(const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct err why = { 0 };
	cJSON *j = NULL;
	if (fs_read(path, CONFIG_MAX, &text, &why) == 0) {
		j = json_parse(strbuf_str(&text), text.len, NULL, &why);
		if (!j)
			err_prefix(&why, "%s", path);
	}
	if (!j)
		err_set(err, ERR_ENV,
			"the docker client's configuration cannot be used to find the engine: %s; "
			"correct it, or set DOCKER_HOST",
			why.text);
	return j;
}

/* The name of the context in force, empty for none. named_by: who says so. */
static int current_context(
	const char *dir, char *ret, size_t size, char *named_by, size_t named_size, struct err *err)
{
	const char *name = variable("DOCKER_CONTEXT");
	CLEANUP_FREE char *path = dir ? fs_join(dir, "config.json") : NULL;
	CLEANUP_JSON cJSON *config = NULL;
	ret[0] = '\0';
	snprintf(named_by, named_size, "the environment variable DOCKER_CONTEXT");
	if (!name && path && fs_exists(path)) {
		config = read_json(path, err);
		if (!config)
			return -1;
		name = json_get_str(config, "currentContext");
		snprintf(named_by, named_size, "%s", path);
	}
	if (!name || strcmp(name, "default") == 0)
		return 0;
	if (strlen(name) >= size)
		return err_set(err, ERR_ENV,
			"%s names a context of more than %zu bytes; set DOCKER_HOST", named_by,
			size - 1);
	snprintf(ret, size, "%s", name);
	return 0;
}

static int place_of_context(const char *dir, const char *name, const char *named_by,
	struct docker_place *ret, struct err *err)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1], shown[100], origin[160];
	crypto_hash_sha256(hash, (const unsigned char *)name, strlen(name));
	hex_encode(hash, sizeof(hash), hex);
	docker_one_line(name, strlen(name), shown, sizeof(shown));
	CLEANUP_FREE char *meta = xasprintf("%s/contexts/meta/%s/meta.json", dir ? dir : "", hex);
	CLEANUP_FREE char *tls = xasprintf("%s/contexts/tls/%s/docker", dir ? dir : "", hex);
	if (!dir || !fs_exists(meta))
		return err_set(err, ERR_ENV,
			"%s names the docker context '%s', which does not exist (no %s); choose one "
			"with `docker context use`, or set DOCKER_HOST",
			named_by, shown, meta);
	CLEANUP_JSON cJSON *j = read_json(meta, err);
	if (!j)
		return -1;
	const char *host = json_get_str(json_get(json_get(j, "Endpoints"), "docker"), "Host");
	if (!host)
		return err_set(err, ERR_ENV,
			"the docker context '%s' has no engine: %s says no Endpoints.docker.Host; "
			"choose another one with `docker context use`, or set DOCKER_HOST",
			shown, meta);
	snprintf(origin, sizeof(origin), "the docker context '%s'", shown);
	if (docker_place_parse(host, origin, ret, err) != 0)
		return -1;
	return !ret->socket[0] && fs_exists(tls) ? refuse_tls(origin, host, err) : 0;
}

int docker_place_find(struct docker_place *ret, struct err *err)
{
	const char *host = variable("DOCKER_HOST");
	bool tls = variable("DOCKER_TLS_VERIFY") != NULL;
	char context[CONTEXT_NAME_MAX + 1], named_by[160];

	if (host) {
		static const char by[] = "the environment variable DOCKER_HOST";
		if (docker_place_parse(host, by, ret, err) != 0)
			return -1;
		return tls && !ret->socket[0] ? refuse_tls(by, host, err) : 0;
	}
	CLEANUP_FREE char *dir = docker_config_dir();
	if (current_context(dir, context, sizeof(context), named_by, sizeof(named_by), err) != 0)
		return -1;
	if (context[0])
		return place_of_context(dir, context, named_by, ret, err);
	if (tls)
		return err_set(err, ERR_ENV,
			"the environment variable DOCKER_TLS_VERIFY asks for an engine with TLS, "
			"which is not supported; unset it, or set DOCKER_HOST to a unix:// or tcp:// "
			"engine without TLS");
	return docker_place_parse(DEFAULT_HOST, "the default", ret, err);
}

/* --- what keeps us from it ----------------------------------------------------------------- */

/* A hint for those whose engine is their own, not the system's. */
static void hint_rootless(const struct docker_place *p, char *buf, size_t size)
{
	const char *dir = variable("XDG_RUNTIME_DIR");
	CLEANUP_FREE char *path = dir ? fs_join(dir, "docker.sock") : NULL;
	buf[0] = '\0';
	if (path && strcmp(path, p->socket) != 0 && fs_exists(path))
		snprintf(buf, size, "; a rootless engine's socket is there: DOCKER_HOST=unix://%s",
			path);
}

static int explain_socket(const struct docker_place *p, int error, struct err *err)
{
	char hint[200];
	hint_rootless(p, hint, sizeof(hint));
	switch (error) {
	case EACCES:
	case EPERM:
		return err_set(err, ERR_ENV,
			"no permission for the Docker engine's socket %s; `sudo usermod -aG docker "
			"$USER` and log in again, or set DOCKER_HOST to a rootless engine's socket%s",
			p->socket, hint);
	case ENOENT:
	case ENOTDIR:
		return err_set(err, ERR_ENV,
			"no Docker engine: %s does not exist (%s); start it (`sudo systemctl start "
			"docker`, `sudo dockerd`), or set DOCKER_HOST%s",
			p->socket, p->named_by, hint);
	case ECONNREFUSED:
		return err_set(err, ERR_ENV,
			"no Docker engine: nobody listens at %s (%s), it has ended or is starting; "
			"start it (`sudo systemctl start docker`, `sudo dockerd`), or set "
			"DOCKER_HOST%s",
			p->socket, p->named_by, hint);
	default:
		return err_set(err, ERR_ENV, "no Docker engine: cannot connect to %s (%s): %s%s",
			p->socket, p->named_by, strerror(error), hint);
	}
}

int docker_place_probe(const struct docker_place *p, struct err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	if (!p->socket[0])
		return 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, ERR_ENV, "cannot make a socket");
	memcpy(un.sun_path, p->socket, sizeof(un.sun_path));
	int rc = connect(fd, (const struct sockaddr *)&un, sizeof(un));
	int error = errno;
	close(fd);
	/* a queue that is full is a sign of life */
	if (rc == 0 || error == EAGAIN || error == EINPROGRESS)
		return 0;
	explain_socket(p, error, err);
	if (err)
		err->saved_errno = error;
	return -1;
}
