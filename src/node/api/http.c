/* See http.h. */
#include "node/api/http.h"

#include <netinet/in.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "util/http_conns.h"
#include "node/api/range.h"
#include "node/listen.h"
#include "util/mem.h"

#define ALL_METHODS \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | \
		EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)

/* A reply that goes on after its handler: a stream, a range, or a dial that is under way. */
struct open_reply {
	struct http *http;
	enum api_action action;
	struct evhttp_request *rq; /* NULL once the client is gone (only for dials) */
	struct evhttp_connection *ec;
	struct api_range *range;
};

struct http {
	struct http_config cfg;
	struct address listen;
	struct evhttp *evhttp;
	struct conns *conns;
	VEC(struct open_reply *) open;
};

static const char *method_name(enum evhttp_cmd_type cmd)
{
	switch (cmd) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	default:
		return "other";
	}
}

static void set_header(struct evhttp_request *rq, const char *name, const char *value)
{
	if (value)
		evhttp_add_header(evhttp_request_get_output_headers(rq), name, value);
}

static void send_reply(struct evhttp_request *rq, const struct api_reply *rp)
{
	set_header(rq, "Content-Type", rp->content_type);
	if (rp->body.len)
		evbuffer_add(evhttp_request_get_output_buffer(rq), rp->body.buf, rp->body.len);
	evhttp_send_reply(rq, rp->status, NULL, NULL);
}

/* --- replies that stay open ------------------------------------------------------- */

static void open_drop(struct open_reply *o)
{
	struct http *h = o->http;

	for (size_t i = 0; i < h->open.len; i++) {
		if (h->open.items[i] == o) {
			h->open.items[i] = h->open.items[--h->open.len];
			break;
		}
	}
	api_range_free(o->range);
	free(o);
}

static struct open_reply *open_add(
	struct http *h, struct evhttp_request *rq, enum api_action action)
{
	struct open_reply *o = xcalloc(1, sizeof(*o));

	o->http = h;
	o->action = action;
	o->rq = rq;
	o->ec = evhttp_request_get_connection(rq);
	vec_push(&h->open, o);
	return o;
}

static void on_conn_closed(struct evhttp_connection *ec, void *arg)
{
	struct http *h = arg;

	if (h->conns)
		conns_closed(h->conns, ec);
	for (size_t i = 0; i < h->open.len; i++) {
		struct open_reply *o = h->open.items[i];
		if (o->ec != ec)
			continue;
		/* Cut off from its connection, a request that is not answered yet is ours. */
		if (!evhttp_request_get_connection(o->rq))
			evhttp_request_free(o->rq);
		o->rq = NULL;
		o->ec = NULL;
		if (o->action != API_DIAL) /* the answer of a dial will find it */
			open_drop(o);
		return;
	}
}

static void start_chunks(struct open_reply *o)
{
	set_header(o->rq, "Content-Type", API_NDJSON);
	/* An idle stream is not a dead one. */
	bufferevent_set_timeouts(evhttp_connection_get_bufferevent(o->ec), NULL, NULL);
	evhttp_send_reply_start(o->rq, 200, "OK");
}

static void send_chunk(struct open_reply *o, const struct strbuf *text,
	void (*cb)(struct evhttp_connection *, void *))
{
	struct evbuffer *buf = evbuffer_new();

	if (!buf)
		abort(); /* only for want of memory */
	evbuffer_add(buf, strbuf_str(text), text->len);
	evhttp_send_reply_chunk_with_cb(o->rq, buf, cb, o);
	evbuffer_free(buf);
}

static void publish(struct http *h, enum api_action action, const struct strbuf *line)
{
	for (size_t i = 0; i < h->open.len; i++) {
		struct open_reply *o = h->open.items[i];
		if (o->action != action)
			continue;
		struct evbuffer *waiting =
			bufferevent_get_output(evhttp_connection_get_bufferevent(o->ec));
		if (evbuffer_get_length(waiting) + line->len <= HTTP_MAX_LAG)
			send_chunk(o, line, NULL);
	}
}

static bool has_subscriber(const struct http *h, enum api_action action)
{
	for (size_t i = 0; i < h->open.len; i++)
		if (h->open.items[i]->action == action)
			return true;
	return false;
}

void http_publish_block(struct http *h, const struct id32 *id)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };

	if (has_subscriber(h, API_BLOCK_STREAM) && api_block_line(h->cfg.env, id, &line))
		publish(h, API_BLOCK_STREAM, &line);
}

void http_publish_lib(struct http *h, const struct chain_entry *e)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };

	if (!has_subscriber(h, API_LIB_STREAM))
		return;
	api_lib_line(e, &line);
	publish(h, API_LIB_STREAM, &line);
}

/* Runs each time the last batch has been written out. */
static void range_continue(struct evhttp_connection *ec, void *arg)
{
	CLEANUP_STRBUF struct strbuf lines = { 0 };
	struct open_reply *o = arg;
	bool more;

	(void)ec;
	do {
		more = api_range_next(o->http->cfg.env, o->range, &lines);
	} while (more && lines.len == 0);
	if (more) {
		send_chunk(o, &lines, range_continue);
		return;
	}
	struct evhttp_request *rq = o->rq;
	open_drop(o);
	evhttp_send_reply_end(rq);
}

static void dialled(void *arg, const struct id32 *peer, const char *reason)
{
	struct open_reply *o = arg;
	struct api_reply rp = { 0 };
	char text[PEER_ID_TEXT];
	struct jw w;

	if (o->rq) {
		if (peer) {
			api_reply_json(&rp, &w);
			jw_str(&w, peer_id_text(peer, text));
		} else {
			api_reply_text(&rp, 500, "Failed to dial peer: %s", reason);
		}
		send_reply(o->rq, &rp);
		api_reply_release(&rp);
	}
	open_drop(o);
}

/* --- requests -------------------------------------------------------------------- */

static void finish(struct http *h, struct evhttp_request *rq, struct api_reply *rp)
{
	bool head = evhttp_request_get_command(rq) == EVHTTP_REQ_HEAD;
	struct open_reply *o;

	if (head && rp->action != API_REPLY)
		api_reply_text(rp, 200, "%s", "");
	switch (rp->action) {
	case API_REPLY:
		send_reply(rq, rp);
		break;
	case API_BLOCK_STREAM:
	case API_LIB_STREAM:
		start_chunks(open_add(h, rq, rp->action));
		break;
	case API_RANGE:
		o = open_add(h, rq, rp->action);
		o->range = TAKE_PTR(rp->range);
		start_chunks(o);
		range_continue(o->ec, o);
		break;
	case API_DIAL:
		h->cfg.dial(h->cfg.arg, &rp->dial, dialled, open_add(h, rq, rp->action));
		break;
	}
}

static void on_request(struct evhttp_request *rq, void *arg)
{
	struct http *h = arg;
	struct evhttp_connection *ec = evhttp_request_get_connection(rq);
	struct evbuffer *in = evhttp_request_get_input_buffer(rq);
	size_t len = evbuffer_get_length(in);
	struct api_request req;
	struct api_reply rp = { 0 };
	struct err err = { 0 };

	evhttp_connection_set_closecb(ec, on_conn_closed, h);
	conns_request(h->conns, ec);
	if (api_request_init(&req, method_name(evhttp_request_get_command(rq)),
		    evhttp_request_get_uri(rq), &err)) {
		api_reply_text(&rp, 400, "%s", err.text);
	} else {
		req.content_type =
			evhttp_find_header(evhttp_request_get_input_headers(rq), "Content-Type");
		if (len) {
			req.body = (const char *)evbuffer_pullup(in, -1);
			req.body_len = len;
		}
		api_dispatch(h->cfg.env, &req, &rp);
	}
	finish(h, rq, &rp);
	api_request_release(&req);
	api_reply_release(&rp);
}

struct http *http_new(const struct http_config *cfg, struct err *err)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->cfg = *cfg;
	h->listen = cfg->listen;
	struct evconnlistener *l =
		listen_on(cfg->base, &h->listen, "--http", "HTTP", NULL, NULL, err);
	if (!l) {
		free(h);
		return NULL;
	}
	h->evhttp = evhttp_new(cfg->base);
	if (!h->evhttp || !evhttp_bind_listener(h->evhttp, l))
		abort(); /* only for want of memory */
	evhttp_set_allowed_methods(h->evhttp, ALL_METHODS);
	evhttp_set_max_body_size(h->evhttp, HTTP_MAX_BODY);
	evhttp_set_max_headers_size(h->evhttp, HTTP_MAX_HEADERS);
	evhttp_set_timeout(h->evhttp, HTTP_IDLE_S);
	evhttp_set_default_content_type(h->evhttp, NULL);
	evhttp_set_gencb(h->evhttp, on_request, h);
	h->conns = conns_new(h->evhttp, l, HTTP_MAX_CONNECTIONS);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	conns_free(TAKE_PTR(h->conns)); /* first, as it holds on to the listener */
	evhttp_free(h->evhttp);         /* closes all connections, which empties most of the list */
	while (h->open.len)
		open_drop(h->open.items[0]);
	vec_free(&h->open);
	free(h);
}

struct address http_listen_address(const struct http *h)
{
	return h->listen;
}
