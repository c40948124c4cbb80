/*
 * Images and containers of the Docker engine; see docker.h. Any thread but the
 * net thread.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/docker_priv.h"

#define START_NS          (180 * NS_PER_S)
#define LOAD_NS           (900 * NS_PER_S)
#define GONE_LOOKS        300u
#define SO_ALREADY_LOOKS  3u
#define SO_ALREADY_NS     (50 * NS_PER_MS)
#define LOOK_NS           (100 * NS_PER_MS)
#define IMAGE_NAME_MAX    400
#define PROGRESS_EVERY_NS NS_PER_S

/* --- images ------------------------------------------------------------------------------ */

static int check_image_name(const char *image, struct err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._/:@";
	char shown[100];
	size_t len = strlen(image);
	if (len > 0 && len <= IMAGE_NAME_MAX && strspn(image, allowed) == len && image[0] != '/' &&
		!strstr(image, "..") && !strstr(image, "//"))
		return 0;
	docker_one_line(image, len, shown, sizeof(shown));
	return err_set(err, ERR_ENV, "'%s' is no name of an image; it looks like NAME:TAG", shown);
}

int docker_image_label(struct docker *d, const char *image, const char *label, char *ret,
	size_t size, const struct cancel *cancel, struct err *err)
{
	int status = 0;
	ret[0] = '\0';
	if (check_image_name(image, err) != 0)
		return -1;
	CLEANUP_FREE char *path = xasprintf("/images/%s/json", image);
	CLEANUP_FREE char *what = xasprintf("look at image %s", image);
	CLEANUP_JSON cJSON *j = docker_get(d, what, path, cancel, &status, err);
	if (!j)
		return status == 404 ? 0 : -1;
	const char *value = json_get_str(json_get(json_get(j, "Config"), "Labels"), label);
	if (value)
		docker_one_line(value, strlen(value), ret, size);
	return 1;
}

/* Looks through the progress lines of an answer for an error. */
static int check_progress(const char *what, const struct strbuf *answer, struct err *err)
{
	char message[DOCKER_MESSAGE_MAX];
	const char *at = strbuf_str(answer), *end = at + answer->len;
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);
		if (docker_parse_progress(at, len, message, NULL))
			return docker_refused(what, 0, message, strlen(message), err);
		at += len + 1;
	}
	return 0;
}

int docker_image_load(
	struct docker *d, const char *tar_path, const struct cancel *cancel, struct err *err)
{
	const struct net_request how = {
		.method = NET_POST,
		.body_path = tar_path,
		.content_type = "application/x-tar",
		.timeout_ns = LOAD_NS,
	};
	CLEANUP_STRBUF struct strbuf answer = { 0 };
	CLEANUP_FREE char *what = xasprintf("load image %s", tar_path);
	struct stat st;
	int status = 0;
	if (stat(tar_path, &st) != 0)
		return err_errno(err, ERR_ENV, "cannot load image %s", tar_path);
	if (docker_ask(d, &how, "/images/load?quiet=1", cancel, &status, &answer, err) != 0)
		return -1;
	if (status != 200)
		return docker_refused(what, status, strbuf_str(&answer), answer.len, err);
	return check_progress(what, &answer, err);
}

struct pull {
	struct docker *d;
	void (*progress)(void *arg, const char *text);
	void *arg;
	struct wake wake;
	/* net thread; after net_cancel() the caller's */
	struct strbuf text;
	uint64_t told_ns;
	bool done;
	int status;
	char error[DOCKER_MESSAGE_MAX];
	struct err err;
};

static void pull_line(const char *line, size_t len, void *arg)
{
	struct pull *p = arg;
	char error[DOCKER_MESSAGE_MAX];
	if (docker_parse_progress(line, len, error, &p->text)) {
		memcpy(p->error, error, sizeof(p->error));
		return;
	}
	uint64_t now = clock_now(p->d->clock);
	if (!p->progress || p->text.len == 0 || now - p->told_ns < PROGRESS_EVERY_NS)
		return;
	p->told_ns = now;
	p->progress(p->arg, p->text.buf);
}

static void pull_done(const struct net_response *r, void *arg)
{
	struct pull *p = arg;
	p->done = true;
	p->status = r->status;
	if (!r->status)
		p->err = *r->err;
	else if (r->status != 200)
		docker_message(r->status, r->body, r->len, p->error, sizeof(p->error));
	wake_signal(&p->wake);
}

/* "name", "name:tag", "name@digest": without a tag the engine would fetch them all. */
static char *pull_url(const struct docker *d, const char *image)
{
	CLEANUP_STRBUF struct strbuf path = { 0 };
	const char *slash = strrchr(image, '/');
	const char *cut = strchr(image, '@');
	if (!cut)
		cut = strchr(slash ? slash : image, ':');
	size_t n = cut ? (size_t)(cut - image) : strlen(image);
	CLEANUP_FREE char *name = xstrndup(image, n);
	strbuf_addf(&path, "%s%s/images/create?fromImage=", d->place.base, d->version_path);
	docker_add_escaped(&path, name);
	strbuf_adds(&path, "&tag=");
	docker_add_escaped(&path, cut ? cut + 1 : "latest");
	return strbuf_detach(&path);
}

static int pull_result(struct pull *p, const char *image, enum clock_wait how, uint64_t timeout_ns,
	struct err *err)
{
	CLEANUP_FREE char *what = xasprintf("pull image %s", image);
	if (!p->done && how == CLOCK_CANCELLED)
		return err_set(err, ERR_CANCELLED, "%s: cancelled", what);
	if (!p->done)
		return err_set(err, ERR_ENV,
			"Docker engine: %s: not there after %llu s; pull it yourself (`docker pull "
			"%s`), or check the engine's network",
			what, (unsigned long long)(timeout_ns / NS_PER_S), image);
	if (!p->status)
		return docker_unreachable(&p->d->place, &p->err, err);
	if (p->error[0])
		return docker_refused(what, 0, p->error, strlen(p->error), err);
	return 0;
}

int docker_image_pull(struct docker *d, const char *image, uint64_t timeout_ns,
	const struct cancel *cancel, void (*progress)(void *arg, const char *text), void *arg,
	struct err *err)
{
	if (check_image_name(image, err) != 0)
		return -1;
	CLEANUP_FREE char *url = pull_url(d, image);
	struct pull p = { .d = d, .progress = progress, .arg = arg };
	const struct net_request req = {
		.method = NET_POST,
		.url = url,
		.unix_socket = d->place.socket[0] ? d->place.socket : NULL,
		.timeout_ns = timeout_ns,
		.on_line = pull_line,
		.on_done = pull_done,
		.arg = &p,
	};
	wake_init(&p.wake);
	uint64_t id = net_send(d->net, &req);
	enum clock_wait how =
		clock_wait(d->clock, &p.wake, cancel, clock_now(d->clock) + timeout_ns);
	net_cancel(d->net, id); /* from here on p is ours */
	int rc = pull_result(&p, image, how, timeout_ns, err);
	strbuf_release(&p.text);
	wake_release(&p.wake);
	return rc;
}

/* --- containers ---------------------------------------------------------------------------- */

static char *container_path(const char *id, const char *rest)
{
	CLEANUP_STRBUF struct strbuf path = { 0 };
	strbuf_adds(&path, "/containers/");
	docker_add_escaped(&path, id);
	strbuf_adds(&path, rest);
	return strbuf_detach(&path);
}

static void copy(char *to, size_t size, const char *text)
{
	docker_one_line(text ? text : "", text ? strlen(text) : 0, to, size);
}

int docker_inspect(struct docker *d, const char *id_or_name, const struct cancel *cancel,
	struct docker_container *ret, struct err *err)
{
	CLEANUP_FREE char *path = container_path(id_or_name, "/json");
	CLEANUP_FREE char *what = xasprintf("inspect %.70s", id_or_name);
	CLEANUP_JSON cJSON *j = docker_get(d, what, path, cancel, NULL, err);
	if (!j)
		return -1;
	struct docker_container c = { 0 };
	const cJSON *state = json_get(j, "State");
	const char *id = json_get_str(j, "Id"), *name = json_get_str(j, "Name");
	double number;
	if (!id || strlen(id) >= sizeof(c.id) || !json_get_str(state, "Status"))
		return err_set(
			err, ERR_ENV, "Docker engine: %s: an answer without id and state", what);
	copy(c.id, sizeof(c.id), id);
	copy(c.name, sizeof(c.name), name && *name == '/' ? name + 1 : name);
	copy(c.state, sizeof(c.state), json_get_str(state, "Status"));
	copy(c.error, sizeof(c.error), json_get_str(state, "Error"));
	if (json_get_double(state, "Pid", &number) && number > 0 && number < INT32_MAX)
		c.pid = (int64_t)number;
	if (json_get_double(state, "ExitCode", &number) && number > INT32_MIN && number < INT32_MAX)
		c.exit_code = (int)number;
	json_get_bool(state, "OOMKilled", &c.oom_killed);
	*ret = c;
	return 0;
}

/*
 * One of the acts on a container. accepted: what the engine says when it is so
 * already. That follows what happened by some milliseconds, so it is believed
 * only when it says so again.
 */
static int act(struct docker *d, const char *verb, const char *id, const char *rest,
	uint64_t timeout_ns, const char *accepted, const struct cancel *cancel, struct err *err)
{
	char message[DOCKER_MESSAGE_MAX];
	CLEANUP_FREE char *path = container_path(id, rest);
	CLEANUP_FREE char *what = xasprintf("%s %.70s", verb, id);

	for (unsigned look = 1;; look++) {
		struct err refused = { 0 };
		int rc = docker_do(d, what, NET_POST, path, timeout_ns, cancel, message, &refused);
		bool is_so = rc > 0 && accepted && strstr(message, accepted);
		if (rc == 0 || (is_so && look == SO_ALREADY_LOOKS))
			return 0;
		if (!is_so) {
			if (err)
				*err = refused;
			return -1;
		}
		if (docker_pause_between(d, SO_ALREADY_NS, cancel, err) != 0)
			return -1;
	}
}

int docker_start(struct docker *d, const char *id, const struct cancel *cancel, struct err *err)
{
	return act(d, "start", id, "/start", START_NS, NULL, cancel, err);
}

int docker_stop(struct docker *d, const char *id, uint64_t grace_ns, const struct cancel *cancel,
	struct err *err)
{
	char rest[40];
	uint64_t grace_s = grace_ns / NS_PER_S + (grace_ns % NS_PER_S != 0);
	snprintf(rest, sizeof(rest), "/stop?t=%llu", (unsigned long long)grace_s);
	return act(d, "stop", id, rest, grace_s * NS_PER_S + DOCKER_CALL_NS, NULL, cancel, err);
}

int docker_kill(struct docker *d, const char *id, const char *signal, const struct cancel *cancel,
	struct err *err)
{
	CLEANUP_STRBUF struct strbuf rest = { 0 };
	strbuf_adds(&rest, "/kill?signal=");
	docker_add_escaped(&rest, signal);
	return act(d, "kill", id, rest.buf, DOCKER_CALL_NS, NULL, cancel, err);
}

int docker_pause(
	struct docker *d, const char *id, bool pause, const struct cancel *cancel, struct err *err)
{
	if (pause)
		return act(d, "pause", id, "/pause", DOCKER_CALL_NS, "already paused", cancel, err);
	return act(d, "unpause", id, "/unpause", DOCKER_CALL_NS, "not paused", cancel, err);
}

int docker_remove(struct docker *d, const char *id, const struct cancel *cancel, struct err *err)
{
	char message[DOCKER_MESSAGE_MAX];
	CLEANUP_FREE char *path = container_path(id, "?force=1&v=1");
	CLEANUP_FREE char *what = xasprintf("remove %.70s", id);
	for (unsigned look = 0;; look++) {
		struct err refused = { 0 };
		int rc = docker_do(
			d, what, NET_DELETE, path, DOCKER_CALL_NS, cancel, message, &refused);
		if (rc == 0 || rc == 404)
			return 0;
		/* somebody else does it: wait until it is done */
		if (rc != 409 || !strstr(message, "already in progress") || look == GONE_LOOKS) {
			if (err)
				*err = refused;
			return -1;
		}
		if (docker_pause_between(d, LOOK_NS, cancel, err) != 0)
			return -1;
	}
}
