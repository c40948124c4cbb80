/*
 * The HTTP server of the control API: evhttp around api_dispatch(), on a TCP
 * port or a Unix socket, and the token that every request has to show. Bodies,
 * headers, idle time and connections are bounded. One thread: the loop's.
 */
#ifndef RELAY_HTTP_H
#define RELAY_HTTP_H

#include "relay/plane.h"

#define HTTP_MAX_HEADERS     (16u * 1024)
#define HTTP_MAX_CONNECTIONS 128
#define HTTP_IDLE_S          30
#define TOKEN_MIN_CHARS      16
#define TOKEN_MAX_CHARS      512

struct http;

/* control: HOST:PORT or unix:PATH. The plane is borrowed. */
struct http *http_new(
	struct loop *l, struct plane *p, const char *control, const char *token, struct err *err);
void http_free(struct http *h);                 /* NULL is fine; removes the Unix socket */
const char *http_address(const struct http *h); /* with the real port */

#endif
