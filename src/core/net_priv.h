/*
 * Between net.c (thread, queue, timers, dispatch) and net_http.c (curl).
 * Everything here belongs to the net thread unless said otherwise.
 */
#ifndef CORE_NET_PRIV_H
#define CORE_NET_PRIV_H

#include <stdbool.h>

#include "core/net.h"
#include "util/strbuf.h"
#include "util/wake.h"

#define NET_MAX_BYTES_DEFAULT ((size_t)8 * 1024 * 1024)

enum net_object_kind { NET_OBJECT_REQUEST, NET_OBJECT_TIMER };

/* What has an id and a place in the timer heap; fields under net's lock. */
struct net_object {
	enum net_object_kind kind;
	uint64_t id;
	unsigned running; /* callbacks of it that run right now */
	uint64_t at_ns, seq;
	size_t heap_pos; /* NET_NOT_IN_HEAP */
};
#define NET_NOT_IN_HEAP SIZE_MAX

struct net_command {
	struct net_command *next;
	void (*run)(struct net *n, struct net_command *c);
};

struct net_http_easy;
struct net_http_lane;

struct net_req {
	struct net_object obj;
	struct net_command cmd;
	bool cancelled;       /* under net's lock: no callback any more */
	bool finishing;       /* under net's lock: on_done has been decided */
	bool started;         /* under net's lock: its send command has run */
	bool ended;           /* nothing of it is on the wire any more */
	struct net_request r; /* its texts and its body point into own memory */
	uint64_t start_ns, last_ns;
	bool open;                  /* stream: response headers are complete */
	struct strbuf in;           /* response body, or the unfinished line of a stream */
	struct net_http_easy *easy; /* NULL: not with curl (yet) */
	struct net_http_lane *lane; /* NULL: takes no part in queueing */
	struct net_req *lane_prev, *lane_next; /* waiting for a connection */
	struct net_req *prev, *next;           /* requests in progress */
};

static inline bool net_req_is_stream(const struct net_req *req)
{
	return req->r.on_line || req->r.on_data;
}

/* The last word on a request: calls on_done unless cancelled; may free req. */
void net_req_finish(struct net *n, struct net_req *req, int status, const struct err *err);
/* Gives a line to on_line, bytes to on_data. false when the request was cancelled. */
bool net_req_data(struct net *n, struct net_req *req, const char *data, size_t len);
static inline bool net_req_line(struct net *n, struct net_req *req, const char *line, size_t len)
{
	return net_req_data(n, req, line, len > 0 && line[len - 1] == '\r' ? len - 1 : len);
}
/* The response headers of a stream are there: from now on only silence ends it. */
void net_req_opened(struct net *n, struct net_req *req);
int net_req_error(const struct net_req *req, struct err *err, enum err_code code, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

struct net_http;
struct net_http *net_http_new(struct net *n, struct wake *wake, struct err *err);
void net_http_free(struct net_http *h);
void net_http_start(struct net_http *h, struct net_req *req);
/* Takes the request off the wire; not from within a callback of curl. */
void net_http_abort(struct net_http *h, struct net_req *req);
/* Waits until the wake, a socket or max_wait_ns, and serves what is due. */
void net_http_wait(struct net_http *h, uint64_t max_wait_ns);

#endif
