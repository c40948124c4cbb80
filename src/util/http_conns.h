/*
 * Counts the connections of an evhttp server, which cannot do that itself, and
 * stops its listener while there are too many. One thread.
 */
#ifndef UTIL_HTTP_CONNS_H
#define UTIL_HTTP_CONNS_H

#include <stddef.h>

#include <event2/http.h>
#include <event2/listener.h>

struct conns;

/* Takes over evhttp's bufferevent callback. The listener is borrowed. */
struct conns *conns_new(struct evhttp *http, struct evconnlistener *l, size_t max);
void conns_free(struct conns *c); /* NULL is fine; connections may still be open */
void conns_request(struct conns *c, struct evhttp_connection *ec); /* it sent a request */
void conns_closed(struct conns *c, struct evhttp_connection *ec);

#endif
