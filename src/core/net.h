/*
 * The net thread: all HTTP of the bench, through one curl multi handle.
 *
 * Requests may be issued from any thread; their callbacks run on the net
 * thread and must not block. Every request has a deadline. With a virtual
 * clock a `struct net_handler` stands in for the network: same thread, same
 * callbacks, answers computed in memory (the fake backend uses this).
 */
#ifndef CORE_NET_H
#define CORE_NET_H

#include <stddef.h>
#include <stdint.h>

#include "util/clock.h"
#include "util/err.h"

struct net;

enum net_method { NET_GET, NET_POST, NET_PUT, NET_DELETE };

struct net_response {
	int status;       /* HTTP status; 0 when there was none: err says why */
	const char *body; /* borrowed for the duration of the callback; NUL-terminated */
	size_t len;
	uint64_t latency_ns;   /* request handed to the wire -> response complete */
	const struct err *err; /* not NULL only when status is 0 */
};
typedef void net_response_fn(const struct net_response *r, void *arg);
/* One line of an NDJSON stream, without the newline. */
typedef void net_line_fn(const char *line, size_t len, void *arg);
/* Some bytes of a stream, as they came; the cuts mean nothing. */
typedef void net_data_fn(const char *data, size_t len, void *arg);

struct net_request {
	enum net_method method;
	const char *url;         /* copied */
	const char *unix_socket; /* copied; NULL: TCP */
	const void *body;        /* copied */
	size_t body_len;
	const char *body_path;    /* copied; a file that is sent instead of body, as it is read */
	const char *bearer;       /* copied; the token of an Authorization header; NULL: none */
	const char *content_type; /* of body or file; copied; NULL: application/json */
	uint64_t timeout_ns;      /* whole request; streams: time to the response headers */
	uint64_t idle_ns;         /* streams: ended with an error when silent so long; 0: never */
	size_t max_bytes;         /* response body, or one line of a stream; 0: 8 MiB */
	/*
	 * One of them set: a stream, whose 2xx answer goes there; on_done is called at its
	 * end, with the body of any other answer. Streams never queue behind requests.
	 */
	net_line_fn *on_line;
	net_data_fn *on_data;
	net_response_fn *on_done; /* always called exactly once, unless net_cancel() won */
	void *arg;
};

/* An answer computed in memory instead of fetched; runs on the net thread. */
struct net_handler {
	void *arg;
	/*
	 * Answers through net_reply() (now or later, from a timer); streams through
	 * net_stream_line() until net_reply() ends them. A stream counts as open when
	 * this returns without an answer. Files (body_path) are for HTTP only.
	 */
	void (*request)(void *arg, uint64_t id, enum net_method m, const char *url,
		const char *body, size_t len, int is_stream);
	void (*cancelled)(void *arg, uint64_t id);
};

/* handler NULL: real HTTP. */
struct net *net_start(struct clock *clock, const struct net_handler *handler, struct err *err);
/*
 * Ends every request (callbacks get ERR_CANCELLED) and the thread. Afterwards
 * requests fail at once and posted functions run at once, on the calling thread.
 */
void net_stop(struct net *n);
void net_free(struct net *n);

/* Returns an id (> 0). */
uint64_t net_send(struct net *n, const struct net_request *req);
/* No callback of this request runs after it returns, except when called from the net thread's own
 * callback of it. */
void net_cancel(struct net *n, uint64_t id);
/* Blocking call for threads other than the net thread, no stream. 0: *ret_status is set, body
 * appended. */
struct strbuf;
int net_call(struct net *n, const struct net_request *req, const struct cancel *cancel,
	int *ret_status, struct strbuf *ret_body, struct err *err);

/* Runs fn on the net thread at (or soon after) a time of the clock. Any thread. Returns an id. */
uint64_t net_timer(struct net *n, uint64_t at_ns, void (*fn)(void *arg), void *arg);
/* As net_cancel(): once it returns, fn does not run (any more). */
void net_timer_cancel(struct net *n, uint64_t id);
/* Runs fn on the net thread soon, in the order of the calls. */
void net_post(struct net *n, void (*fn)(void *arg), void *arg);
/* As net_post, but returns after fn did; on the net thread it runs at once. */
void net_run(struct net *n, void (*fn)(void *arg), void *arg);

/* For a net_handler only, on the net thread. */
void net_reply(struct net *n, uint64_t id, int status, const char *body, size_t len);
void net_fail(struct net *n, uint64_t id, enum err_code code, const char *text);
void net_stream_line(struct net *n, uint64_t id, const char *line, size_t len);

#endif
