/*
 * The Docker Engine client: opening it, and calls; see docker.h. Objects and
 * streams are in files of their own. Any thread but the net thread.
 */
#include "backends/docker.h"

#include <stdio.h>
#include <string.h>

#include "backends/docker_priv.h"

#define API_MAJOR     1u
#define API_MINOR_MIN 41u /* Docker 20.10 */
#define API_MINOR_MAX 47u /* what we speak is the same up to here, and probably beyond */

/* --- errors ------------------------------------------------------------------------------ */

static bool is_success(int status)
{
	return status / 100 == 2 || status == 304; /* it is so already */
}

int docker_refused(const char *what, int status, const char *body, size_t len, struct err *err)
{
	char message[DOCKER_MESSAGE_MAX];
	struct err refused = { 0 };
	docker_message(status, body, len, message, sizeof(message));
	err_set(&refused, ERR_ENV, "Docker engine: %.200s: %s", what, message);
	docker_shorten_ids(refused.text);
	docker_explain(&refused);
	if (err)
		*err = refused;
	return -1;
}

/* The text of an error of the net thread without its "GET http://...: ". */
static const char *reason_of(const struct err *why)
{
	const char *colon = strstr(why->text, ": ");
	return colon ? colon + 2 : why->text;
}

int docker_unreachable(const struct docker_place *p, const struct err *why, struct err *err)
{
	if (why->code == ERR_CANCELLED)
		return err_set(err, ERR_CANCELLED,
			"stopped while waiting for the Docker engine: %s", reason_of(why));
	if (why->code == ERR_INTERNAL) {
		if (err)
			*err = *why;
		return -1;
	}
	if (why->code == ERR_IO && docker_place_probe(p, err) != 0)
		return -1;
	if (why->code == ERR_TIMEOUT)
		return err_set(err, ERR_ENV,
			"the Docker engine at %s hangs: %s; see its log (`journalctl -u docker`), "
			"restart it",
			p->host, reason_of(why));
	return err_set(err, ERR_ENV, "lost the Docker engine at %s: %s; is it still running?",
		p->host, reason_of(why));
}

/* --- calls --------------------------------------------------------------------------------- */

int docker_ask(struct docker *d, const struct net_request *how, const char *path,
	const struct cancel *cancel, int *ret_status, struct strbuf *ret, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s%s%s", d->place.base, d->version_path, path);
	struct net_request req = *how;
	struct err why = { 0 };
	req.url = url;
	req.unix_socket = d->place.socket[0] ? d->place.socket : NULL;
	if (!req.timeout_ns)
		req.timeout_ns = DOCKER_CALL_NS;
	if (!req.max_bytes)
		req.max_bytes = DOCKER_ANSWER_MAX;
	if (net_call(d->net, &req, cancel, ret_status, ret, &why) != 0)
		return docker_unreachable(&d->place, &why, err);
	return 0;
}

int docker_call(struct docker *d, enum net_method method, const char *path, const void *body,
	size_t len, const char *content_type, uint64_t timeout_ns, const struct cancel *cancel,
	int *ret_status, struct strbuf *ret, struct err *err)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
	const struct net_request how = {
		.method = method,
		.body = body,
		.body_len = body ? len : 0,
		.content_type = content_type,
		.timeout_ns = timeout_ns,
	};
	CLEANUP_STRBUF struct strbuf answer = { 0 };
	int status = 0;
	int rc = docker_ask(d, &how, path, cancel, &status, &answer, err);
	if (ret_status)
		*ret_status = status;
	if (rc != 0)
		return -1;
	if (!is_success(status)) {
		char what[160];
		snprintf(what, sizeof(what), "%s %.*s", methods[method],
			(int)MIN(strcspn(path, "?"), 140u), path);
		return docker_refused(what, status, strbuf_str(&answer), answer.len, err);
	}
	if (ret && strbuf_add(ret, strbuf_str(&answer), answer.len) != 0)
		return err_set(err, ERR_LIMIT, "Docker engine: an answer of %zu bytes is too large",
			answer.len);
	return 0;
}

int docker_do(struct docker *d, const char *what, enum net_method method, const char *path,
	uint64_t timeout_ns, const struct cancel *cancel, char *ret_message, struct err *err)
{
	const struct net_request how = { .method = method, .timeout_ns = timeout_ns };
	CLEANUP_STRBUF struct strbuf answer = { 0 };
	int status = 0;
	if (docker_ask(d, &how, path, cancel, &status, &answer, err) != 0)
		return -1;
	ret_message[0] = '\0';
	if (is_success(status))
		return 0;
	docker_message(status, strbuf_str(&answer), answer.len, ret_message, DOCKER_MESSAGE_MAX);
	docker_refused(what, status, strbuf_str(&answer), answer.len, err);
	return status;
}

cJSON *docker_get(struct docker *d, const char *what, const char *path, const struct cancel *cancel,
	int *ret_status, struct err *err)
{
	const struct json_limits limits = { .max_bytes = DOCKER_ANSWER_MAX };
	const struct net_request how = { .method = NET_GET };
	CLEANUP_STRBUF struct strbuf answer = { 0 };
	struct err why = { 0 };
	int status = 0;
	int rc = docker_ask(d, &how, path, cancel, &status, &answer, err);
	if (ret_status)
		*ret_status = status;
	if (rc != 0 || (ret_status && status == 404))
		return NULL;
	if (status != 200) {
		docker_refused(what, status, strbuf_str(&answer), answer.len, err);
		return NULL;
	}
	cJSON *j = json_parse(strbuf_str(&answer), answer.len, &limits, &why);
	if (!j)
		err_set(err, ERR_ENV, "Docker engine: %.200s: an answer that is no JSON: %s", what,
			why.text);
	return j;
}

int docker_pause_between(
	struct docker *d, uint64_t ns, const struct cancel *cancel, struct err *err)
{
	if (clock_wait(d->clock, NULL, cancel, clock_now(d->clock) + ns) == CLOCK_CANCELLED)
		return err_set(err, ERR_CANCELLED, "cancelled");
	return 0;
}

/* --- paths ----------------------------------------------------------------------------------- */

void docker_add_escaped(struct strbuf *path, const char *part)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	for (; *part; part++) {
		if (strchr(plain, *part))
			strbuf_addc(path, *part);
		else
			strbuf_addf(path, "%%%02X", (unsigned char)*part);
	}
}

void docker_add_filters(struct strbuf *path, const char *type, const char *const *labels)
{
	CLEANUP_STRBUF struct strbuf json = { 0 };
	struct jw w;
	jw_init(&w, &json, 0);
	jw_object(&w);
	if (type) {
		jw_key(&w, "type");
		jw_array(&w);
		jw_str(&w, type);
		jw_array_end(&w);
	}
	jw_key(&w, "label");
	jw_array(&w);
	for (size_t i = 0; labels && labels[i]; i++)
		jw_str(&w, labels[i]);
	jw_array_end(&w);
	jw_object_end(&w);
	strbuf_adds(path, "filters=");
	docker_add_escaped(path, strbuf_str(&json));
}

void docker_add_label_filter(struct strbuf *path, const char *const *labels)
{
	docker_add_filters(path, NULL, labels);
}

/* --- opening ------------------------------------------------------------------------------------
 */

/* Digits only, at most four; NULL when there are none. */
static const char *parse_number(const char *text, unsigned *ret)
{
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > 4)
		return NULL;
	*ret = (unsigned)strtoul(text, NULL, 10);
	return text + n;
}

/* "1.41" */
static bool parse_version(const char *text, unsigned *major, unsigned *minor)
{
	const char *at = text ? parse_number(text, major) : NULL;
	at = at && *at == '.' ? parse_number(at + 1, minor) : NULL;
	return at && *at == '\0';
}

static int no_engine(const struct docker_place *p, struct err *err, const char *why)
{
	return err_set(err, ERR_ENV,
		"what answers at %s (%s) is no Docker engine: %s; set DOCKER_HOST to one", p->host,
		p->named_by, why);
}

static void copy(char *to, size_t size, const char *text)
{
	docker_one_line(text ? text : "?", text ? strlen(text) : 1, to, size);
}

static int negotiate(struct docker *d, const cJSON *j, struct docker_version *v, struct err *err)
{
	unsigned major, minor, low_major = API_MAJOR, low = 0;
	const char *low_text = json_get_str(j, "MinAPIVersion");
	copy(v->engine, sizeof(v->engine), json_get_str(j, "Version"));
	copy(v->os, sizeof(v->os), json_get_str(j, "Os"));
	copy(v->arch, sizeof(v->arch), json_get_str(j, "Arch"));
	if (!parse_version(json_get_str(j, "ApiVersion"), &major, &minor) ||
		(low_text && !parse_version(low_text, &low_major, &low)))
		return no_engine(&d->place, err, "it tells no API version");
	if (major < API_MAJOR || (major == API_MAJOR && minor < API_MINOR_MIN))
		return err_set(err, ERR_ENV,
			"the Docker engine at %s is version %s (API %u.%u), which is too old; 20.10 "
			"(API %u.%u) or newer is needed",
			d->place.host, v->engine, major, minor, API_MAJOR, API_MINOR_MIN);
	if (major > API_MAJOR || low_major > API_MAJOR)
		return err_set(err, ERR_ENV,
			"the Docker engine at %s is version %s (API %u.%u), which is too new for "
			"this ltb: it speaks API %u; use an older engine or a newer ltb",
			d->place.host, v->engine, major, minor, API_MAJOR);
	/* one that has dropped what we know may still do with what it has instead */
	minor = MAX(MIN(minor, API_MINOR_MAX), low);
	snprintf(v->api, sizeof(v->api), "%u.%u", API_MAJOR, minor);
	snprintf(d->version_path, sizeof(d->version_path), "/v%u.%u", API_MAJOR, minor);
	return 0;
}

static int ask_version(
	struct docker *d, const struct cancel *cancel, struct docker_version *v, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s/version", d->place.base);
	const struct net_request req = {
		.url = url,
		.unix_socket = d->place.socket[0] ? d->place.socket : NULL,
		.timeout_ns = DOCKER_CALL_NS,
	};
	CLEANUP_STRBUF struct strbuf answer = { 0 };
	char message[200];
	struct err why = { 0 };
	int status = 0;

	if (docker_place_probe(&d->place, err) != 0)
		return -1;
	if (net_call(d->net, &req, cancel, &status, &answer, &why) != 0) {
		if (why.code == ERR_PROTOCOL || why.code == ERR_LIMIT)
			return no_engine(&d->place, err, reason_of(&why));
		if (why.code == ERR_IO && !d->place.socket[0])
			return err_set(err, ERR_ENV,
				"no Docker engine at %s (%s): %s; start it with that address, or set "
				"DOCKER_HOST",
				d->place.host, d->place.named_by, reason_of(&why));
		return docker_unreachable(&d->place, &why, err);
	}
	CLEANUP_JSON cJSON *j = json_parse(strbuf_str(&answer), answer.len, NULL, &why);
	if (status == 200 && j)
		return negotiate(d, j, v, err);
	docker_message(status, strbuf_str(&answer), answer.len, message, sizeof(message));
	no_engine(&d->place, err, message);
	docker_explain(err);
	return -1;
}

static struct docker *open_place(struct net *net, const struct docker_place *p,
	const struct cancel *cancel, struct docker_version *ret, struct err *err)
{
	struct docker *d = xcalloc(1, sizeof(*d));
	struct docker_version version = { 0 };
	d->net = net;
	d->place = *p;
	d->clock = clock_new_real();
	if (ask_version(d, cancel, &version, err) != 0) {
		docker_free(d);
		return NULL;
	}
	if (ret)
		*ret = version;
	return d;
}

struct docker *docker_open(
	struct net *net, const struct cancel *cancel, struct docker_version *ret, struct err *err)
{
	struct docker_place p;
	return docker_place_find(&p, err) == 0 ? open_place(net, &p, cancel, ret, err) : NULL;
}

struct docker *docker_open_at(struct net *net, const char *host, const struct cancel *cancel,
	struct docker_version *ret, struct err *err)
{
	struct docker_place p;
	if (!host || !*host)
		return docker_open(net, cancel, ret, err);
	if (docker_place_parse(host, "the record of the run", &p, err) != 0)
		return NULL;
	return open_place(net, &p, cancel, ret, err);
}

void docker_free(struct docker *d)
{
	if (!d)
		return;
	clock_free(d->clock);
	free(d);
}

const char *docker_host(const struct docker *d)
{
	return d->place.host;
}

const char *docker_published_host(const struct docker *d)
{
	return d->place.published;
}
