/*
 * The HTTP server of the node API: evhttp around api_dispatch(), plus what
 * outlives a handler: NDJSON streams and dialling. Bodies, headers, idle time,
 * connections and what may wait for a slow reader are bounded. One thread: the
 * node's loop.
 */
#ifndef NODE_API_HTTP_H
#define NODE_API_HTTP_H

#include <event2/event.h>

#include "node/api/api.h"

#define HTTP_MAX_BODY        (1024u * 1024)
#define HTTP_MAX_HEADERS     (16u * 1024)
#define HTTP_MAX_CONNECTIONS 256
#define HTTP_IDLE_S          30
#define HTTP_MAX_LAG         (4u * 1024 * 1024) /* bytes; further items are dropped */

struct http;

/* Answer of a dial: exactly once. */
typedef void http_dialled_fn(void *arg, const struct id32 *peer, const char *reason);

struct http_config {
	struct event_base *base;   /* borrowed */
	const struct api_env *env; /* borrowed */
	struct address listen;
	void *arg;
	void (*dial)(void *arg, const struct address *a, http_dialled_fn *fn, void *fn_arg);
};

struct http *http_new(const struct http_config *cfg, struct err *err);
void http_free(struct http *h); /* NULL is fine; answers of dials may still come until then */
struct address http_listen_address(const struct http *h);

/* Sends a line to all subscribers; makes it only when there are any. */
void http_publish_block(struct http *h, const struct id32 *id);
void http_publish_lib(struct http *h, const struct chain_entry *e);

#endif
