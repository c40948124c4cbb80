/*
 * A listening socket of the node, for peers or for HTTP: bound, in the loop,
 * with the port that the kernel chose filled in. Loop's thread.
 */
#ifndef NODE_LISTEN_H
#define NODE_LISTEN_H

#include <event2/listener.h>

#include "node/p2p/address.h"
#include "util/err.h"

/*
 * Binds *addr, whose port is replaced by the real one. option ("--http") and purpose ("HTTP")
 * are for the message. cb may be NULL when another owner takes the connections. The caller frees
 * the listener; NULL on error: ERR_USAGE for a host that is no number, else ERR_ENV with the fix.
 */
struct evconnlistener *listen_on(struct event_base *base, struct address *addr, const char *option,
	const char *purpose, evconnlistener_cb cb, void *arg, struct err *err);

#endif
