/*
 * Names to addresses, by getaddrinfo(), so as any other program on the machine
 * sees them, and anew each time: containers change their addresses. It blocks,
 * so it is done by a few threads, started when first needed; all calls here and
 * all answers are on the loop's thread.
 */
#ifndef RELAY_RESOLVE_H
#define RELAY_RESOLVE_H

#include "relay/endpoint.h"
#include "relay/loop.h"

#define RESOLVE_MAX_ADDRESSES 4

struct resolver;
struct resolve_request;

/* n 0: reason says why. Called once, unless cancelled. */
typedef void resolve_fn(void *arg, const struct sockaddr_any *addrs, size_t n, const char *reason);

struct resolver *resolver_new(struct loop *l);
void resolver_free(struct resolver *r); /* NULL is fine; requests are dropped */
struct resolve_request *resolver_ask(
	struct resolver *r, const struct endpoint *e, resolve_fn *fn, void *arg);
void resolve_cancel(struct resolve_request *rq); /* NULL is fine */

#endif
