/*
 * The sockets of peer-to-peer traffic: listening, dialling with back-off for
 * ever, one session per connection, one connection per peer. Knows nothing of
 * blocks; what a session needs comes through the hooks. One thread: the loop.
 *
 * Two nodes that dial each other at once keep the connection that the node
 * with the smaller key began. A peer that was restarted is recognised by its
 * instance number and replaces its old connection.
 */
#ifndef NODE_P2P_NET_H
#define NODE_P2P_NET_H

#include <event2/event.h>

#include "node/p2p/address.h"
#include "node/p2p/session.h"

#define NET_MAX_INBOUND 256
#define NET_MAX_TARGETS 1024
#define NET_MAX_OUTPUT  (16u * 1024 * 1024) /* a peer that reads slower is disconnected */
#define NET_DIAL_MS     5000

struct net;

struct net_config {
	struct event_base *base; /* borrowed */
	struct address listen;
	struct id32 node; /* this node's public key */
	uint64_t instance;
	struct session_hooks session; /* accept, may_sync, sync_ended lead to net_session_*() */
	void *arg;
	void (*up)(void *arg, struct session *s, const char *addr);
	void (*down)(void *arg, struct session *s, const char *addr, const char *reason);
	/* The peer was sent away: it is of another chain, or breaks the rules. */
	void (*refused)(void *arg, const char *addr, const char *reason);
};

/* Binds the listener. ERR_ENV when the address cannot be had. */
struct net *net_new(const struct net_config *cfg, struct err *err);
void net_free(struct net *n); /* NULL is fine */
struct address net_listen_address(const struct net *n);

/* Dials now and for ever; the same address again is ignored. */
void net_add_peer(struct net *n, const struct address *a);
size_t net_n_targets(const struct net *n);

/* peer NULL: failed, reason says why. Called exactly once, maybe before net_dial() returns. */
typedef void net_dial_fn(void *arg, const struct id32 *peer, const char *reason);
/* Dials within NET_DIAL_MS; on success the address is kept as by net_add_peer(). */
void net_dial(struct net *n, const struct address *a, net_dial_fn *fn, void *arg);

void net_broadcast_span(struct net *n, enum wire_type type, const void *data, size_t len,
	const struct session *except);
void net_broadcast_tip(struct net *n, const struct wire_tip *tip);
/* Hands what a session has to say to its socket. Needed after session_send_*() from outside. */
void net_flush(struct net *n, struct session *s);

struct net_counts {
	size_t peers;       /* distinct nodes */
	size_t connections; /* handshake done */
	size_t pending;     /* dialling or shaking hands */
};
struct net_counts net_counts(const struct net *n);
/* Each distinct connected peer. */
void net_each_peer(const struct net *n, void (*fn)(const struct session *s, void *arg), void *arg);

int net_session_accept(
	struct net *n, struct session *s, const struct wire_hello *h, struct err *err);
bool net_session_may_sync(const struct net *n, const struct session *s);
void net_session_sync_ended(struct net *n);
/* Somebody has blocks that this node wants. */
bool net_wants_sync(const struct net *n);

#endif
