/*
 * Known complaints of the Docker engine and of compose clients, with cause and
 * fix; see docker.h. Pure text; any thread.
 */
#include <stdio.h>
#include <string.h>

#include "backends/docker_priv.h"

#define PATTERNS_MAX 4

/* The first row that has one of its patterns (in any case) in the text is the one. */
static const struct complaint {
	const char *patterns[PATTERNS_MAX];
	const char *hint;
} complaints[] = {
	{ { "port is already allocated", "address already in use", "ports are not available" },
		"another program or container has this host port: see `docker ps` and `ss -ltnp`, "
		"stop it, or choose other ports" },
	{ { "non-overlapping IPv4 address pool",
		  "all predefined address pools have been fully subnetted" },
		"there are too many Docker networks: remove those nobody uses (`docker network "
		"prune`, `ltb clean`), choose a subnet for this one (--set "
		"backend.compose.subnet=10.99.0.0/24), or give the engine more "
		"default-address-pools in /etc/docker/daemon.json" },
	{ { "Pool overlaps with other one" },
		"the subnet belongs to another Docker network (`docker network ls`): choose another "
		"backend.compose.subnet, or remove networks nobody uses with `docker network "
		"prune`" },
	{ { "no space left on device", "disk quota exceeded" },
		"the engine's disk is full: `docker system df` says what fills it, `docker system "
		"prune` frees it" },
	{ { "exec format error", "no matching manifest for" },
		"the image is for another kind of machine than the engine's" },
	{ { "toomanyrequests" },
		"the registry refuses so many downloads: wait, or `docker login` and `docker pull` "
		"the image yourself" },
	{ { "pull access denied", "repository does not exist", "manifest unknown",
		  "unauthorized:" },
		"there is no such image, or its registry wants a login: check the name, or `docker "
		"login` and `docker pull` it yourself (ltb sends no credentials)" },
	{ { "no such image", "manifest for " },
		"check the image's name with `docker images`; `make image` builds the bench's own, "
		"`docker pull` fetches others" },
	{ { "/v2/", "registry-1.docker.io" },
		"the engine cannot reach the image's registry: check its network, or load the image "
		"with `docker load`" },
	{ { "is already in use by container", "Conflict. The container name" },
		"a container of this name is left over from something else: `docker ps -a`, `docker "
		"rm -f` it, or `ltb clean` if it is of an earlier run" },
	{ { "permission denied while trying to connect", "Got permission denied",
		  "PermissionError(13" },
		"no permission for the engine's socket: `sudo usermod -aG docker $USER` and log in "
		"again, or set DOCKER_HOST to a rootless engine's socket" },
	{ { "Cannot connect to the Docker daemon", "Couldn't connect to Docker daemon",
		  "Is the docker daemon running", "error during connect" },
		"no engine answers: start it (`sudo systemctl start docker`, `sudo dockerd`), or set "
		"DOCKER_HOST" },
	{ { "Minimum supported API version", "client version" },
		"client and engine are of too different ages: version 20.10 of Docker or newer is "
		"needed on both sides" },
	{ { "HTTP request to an HTTPS server" },
		"the engine wants TLS, which is not supported: use its unix socket, forwarded with "
		"`ssh -NL` if it is on another machine" },
	{ { "has active endpoints" },
		"containers of somebody else are attached to this network: `docker network inspect` "
		"names them, `docker network disconnect -f` detaches them" },
	{ { "executable file not found", "no such file or directory: unknown" },
		"the image has no such program: is it the bench's image? `make image` builds it" },
	{ { "Range of CPUs is from", "CPU CFS scheduler", "Minimum memory limit allowed" },
		"the engine's machine cannot give that limit of CPU or memory: choose another one" },
	{ { "configured logging driver does not support reading" },
		"the engine keeps no logs of its containers: set its log-driver to json-file or local "
		"in /etc/docker/daemon.json" },
};

static bool has_pattern(const struct complaint *c, const char *text)
{
	for (size_t i = 0; i < PATTERNS_MAX && c->patterns[i]; i++) {
		if (strcasestr(text, c->patterns[i]))
			return true;
	}
	return false;
}

bool docker_is_port_taken(const char *text)
{
	return has_pattern(&complaints[0], text);
}

void docker_explain(struct err *err)
{
	if (!err)
		return;
	for (size_t i = 0; i < ARRAY_LEN(complaints); i++) {
		const char *hint = complaints[i].hint;
		if (!has_pattern(&complaints[i], err->text))
			continue;
		if (strstr(err->text, hint))
			return;
		/* the complaint is cut where the hint would not fit */
		size_t n = strlen(err->text), room = sizeof(err->text) - strlen(hint) - 6;
		while (n > 0 && strchr(" \n\r.;", err->text[n - 1]))
			n--;
		if (n > room)
			n = (size_t)(stpcpy(err->text + room, "...") - err->text);
		snprintf(err->text + n, sizeof(err->text) - n, "; %s", hint);
		return;
	}
}

void docker_one_line(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0, max = size - 1;
	bool cut = false;
	for (size_t i = 0; i < len && !cut; i++) {
		unsigned char c = (unsigned char)text[i];
		bool blank = c <= ' ' || c == 0x7f;
		if (blank && (n == 0 || out[n - 1] == ' '))
			continue;
		cut = n == max;
		if (!cut)
			out[n++] = blank ? ' ' : c < 0x80 ? (char)c : '?';
	}
	if (cut && max > 3)
		memcpy(out + max - 3, "...", 3);
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void docker_shorten_ids(char *text)
{
	char *to = text;
	while (*text) {
		size_t n = strspn(text, "0123456789abcdef");
		size_t kept = n == 64 ? 12 : MAX(n, 1u);
		memmove(to, text, kept);
		to += kept;
		text += MAX(n, 1u);
	}
	*to = '\0';
}

void docker_message(int status, const char *body, size_t len, char *out, size_t size)
{
	CLEANUP_JSON cJSON *j = len > 0 ? json_parse(body, len, NULL, NULL) : NULL;
	const char *message = j ? json_get_str(j, "message") : NULL;
	if (message) {
		docker_one_line(message, strlen(message), out, size);
	} else if (status) {
		int n = snprintf(out, size, len > 0 ? "HTTP %d: " : "HTTP %d", status);
		docker_one_line(body, len, out + n, size - (size_t)n);
	} else {
		docker_one_line(body, len, out, size);
	}
}
