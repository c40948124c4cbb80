/* See http.h. */
#include "relay/http.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sodium.h>

#include "relay/api.h"
#include "relay/request.h"
#include "util/http_conns.h"

#define BACKLOG 64
#define ALL_METHODS \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | \
		EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)

struct http {
	struct plane *plane;
	struct evhttp *evhttp;
	struct conns *conns;
	unsigned char token_hash[32];
	char *address;
	char *socket_path; /* NULL: TCP */
};

static const char *method_name(enum evhttp_cmd_type cmd)
{
	switch (cmd) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	default:
		return "other";
	}
}

static void hash_token(const char *token, unsigned char ret[32])
{
	crypto_generichash(ret, 32, (const unsigned char *)token, strlen(token), NULL, 0);
}

/* Hashes are compared, so that neither the time nor the length tells anything. */
static bool is_allowed(const struct http *h, struct evhttp_request *rq)
{
	const char *value =
		evhttp_find_header(evhttp_request_get_input_headers(rq), "Authorization");
	unsigned char hash[32];

	if (!value || strncasecmp(value, "Bearer ", 7) != 0)
		return false;
	hash_token(value + 7, hash);
	return sodium_memcmp(hash, h->token_hash, sizeof(hash)) == 0;
}

static void set_header(struct evhttp_request *rq, const char *name, const char *value)
{
	if (value)
		evhttp_add_header(evhttp_request_get_output_headers(rq), name, value);
}

static void on_conn_closed(struct evhttp_connection *ec, void *arg)
{
	const struct http *h = arg;

	if (h->conns)
		conns_closed(h->conns, ec);
}

static void on_request(struct evhttp_request *rq, void *arg)
{
	struct http *h = arg;
	struct evhttp_connection *ec = evhttp_request_get_connection(rq);
	struct evbuffer *in = evhttp_request_get_input_buffer(rq);
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(rq));
	size_t len = evbuffer_get_length(in);
	struct api_reply rp = { 0 };

	evhttp_connection_set_closecb(ec, on_conn_closed, h);
	conns_request(h->conns, ec);
	if (!path)
		path = "";
	if (!api_is_open(path) && !is_allowed(h, rq)) {
		api_error(&rp, 401, "the token is missing or wrong: Authorization: Bearer TOKEN");
		set_header(rq, "WWW-Authenticate", "Bearer");
	} else {
		const char *body = len ? (const char *)evbuffer_pullup(in, -1) : "";
		api_dispatch(h->plane, method_name(evhttp_request_get_command(rq)), path, body, len,
			&rp);
	}
	set_header(rq, "Content-Type", rp.content_type);
	set_header(rq, "Allow", rp.allow);
	if (rp.body.len)
		evbuffer_add(evhttp_request_get_output_buffer(rq), rp.body.buf, rp.body.len);
	evhttp_send_reply(rq, (int)rp.status, NULL, NULL);
	strbuf_release(&rp.body);
}

/* A socket file that nobody answers on is left over from one that was killed. */
static void remove_stale(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) && errno == ECONNREFUSED &&
		lstat(a->sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(a->sun_path);
	close(fd);
}

static struct evconnlistener *listen_at(
	struct loop *l, const struct sockaddr *sa, socklen_t len, struct err *err)
{
	struct evconnlistener *listener = evconnlistener_new_bind(loop_base(l), NULL, NULL,
		LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, sa,
		(int)len);

	if (!listener)
		err_errno(err, ERR_ENV, "cannot listen (is it in use? --control takes another)");
	return listener;
}

static struct evconnlistener *listen_unix(
	struct http *h, struct loop *l, const char *path, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) == 0 || strlen(path) >= sizeof(a.sun_path)) {
		err_set(err, ERR_USAGE, "the path of a Unix socket has 1 to %zu characters",
			sizeof(a.sun_path) - 1);
		return NULL;
	}
	memcpy(a.sun_path, path, strlen(path));
	remove_stale(&a);
	mode_t old = umask(0177);
	struct evconnlistener *listener = listen_at(l, (const struct sockaddr *)&a, sizeof(a), err);
	umask(old);
	if (listener) {
		h->socket_path = xstrdup(path);
		h->address = xasprintf("unix:%s", path);
	}
	return listener;
}

static struct evconnlistener *listen_tcp(
	struct http *h, struct loop *l, const char *text, struct err *err)
{
	struct endpoint e;
	struct sockaddr_any a = { .len = sizeof(a.u) };
	char buf[ENDPOINT_TEXT];

	if (endpoint_parse(text, &e, err))
		return NULL;
	if (e.addr.len == 0) {
		err_set(err, ERR_USAGE, "'%s' is no numeric address, such as 127.0.0.1", e.host);
		return NULL;
	}
	struct evconnlistener *listener = listen_at(l, &e.addr.u.sa, e.addr.len, err);
	if (!listener)
		return NULL;
	if (getsockname(evconnlistener_get_fd(listener), &a.u.sa, &a.len) == 0)
		endpoint_set_port(&e, sockaddr_port(&a));
	h->address = xstrdup(endpoint_text(&e, buf));
	return listener;
}

struct http *http_new(
	struct loop *l, struct plane *p, const char *control, const char *token, struct err *err)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->plane = p;
	hash_token(token, h->token_hash);
	struct evconnlistener *listener = strncmp(control, "unix:", 5) == 0
						  ? listen_unix(h, l, control + 5, err)
						  : listen_tcp(h, l, control, err);
	if (!listener) {
		err_prefix(err, "--control %s", control);
		free(h);
		return NULL;
	}
	h->evhttp = evhttp_new(loop_base(l));
	if (!h->evhttp || !evhttp_bind_listener(h->evhttp, listener))
		abort(); /* only for want of memory */
	evhttp_set_allowed_methods(h->evhttp, ALL_METHODS);
	evhttp_set_max_body_size(h->evhttp, REQUEST_MAX_BYTES);
	evhttp_set_max_headers_size(h->evhttp, HTTP_MAX_HEADERS);
	evhttp_set_timeout(h->evhttp, HTTP_IDLE_S);
	evhttp_set_default_content_type(h->evhttp, NULL);
	evhttp_set_gencb(h->evhttp, on_request, h);
	h->conns = conns_new(h->evhttp, listener, HTTP_MAX_CONNECTIONS);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	conns_free(TAKE_PTR(h->conns)); /* first, as it holds on to the listener */
	evhttp_free(h->evhttp);
	if (h->socket_path)
		unlink(h->socket_path);
	free(h->socket_path);
	free(h->address);
	free(h);
}

const char *http_address(const struct http *h)
{
	return h->address;
}
