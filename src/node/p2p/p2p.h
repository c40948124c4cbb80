/*
 * The sockets of peer-to-peer traffic: listening, dialling with back-off for
 * ever, one session per connection, one connection per peer. Knows nothing of
 * blocks; what a session needs comes through the hooks. One thread: the loop.
 *
 * Two nodes that dial each other at once keep the connection that the node
 * with the smaller key began. A peer that was restarted is recognised by its
 * instance number and replaces its old connection.
 */
#ifndef NODE_P2P_P2P_H
#define NODE_P2P_P2P_H

#include <event2/event.h>

#include "node/p2p/address.h"
#include "node/p2p/session.h"

#define NET_MAX_INBOUND 256
#define NET_MAX_TARGETS 1024
#define NET_MAX_OUTPUT  (16u * 1024 * 1024) /* a peer that reads slower is disconnected */
#define NET_DIAL_MS     5000

struct p2p;

struct p2p_config {
	struct event_base *base; /* borrowed */
	struct address listen;
	struct id32 node; /* this node's public key */
	uint64_t instance;
	struct session_hooks session; /* accept, may_sync, sync_ended lead to p2p_session_*() */
	void *arg;
	void (*up)(void *arg, struct session *s, const char *addr);
	void (*down)(void *arg, struct session *s, const char *addr, const char *reason);
	/* The peer was sent away: it is of another chain, or breaks the rules. */
	void (*refused)(void *arg, const char *addr, const char *reason);
	/* An address that is dialled for ever has failed for a while; told once until it answers.
	 */
	void (*unreachable)(void *arg, const char *addr, const char *reason);
};

/* Binds the listener. ERR_ENV when the address cannot be had. */
struct p2p *p2p_new(const struct p2p_config *cfg, struct err *err);
void p2p_free(struct p2p *n); /* NULL is fine */
struct address p2p_listen_address(const struct p2p *n);

/* Dials now and for ever; the same address again is ignored. */
void p2p_add_peer(struct p2p *n, const struct address *a);
size_t p2p_n_targets(const struct p2p *n);

/* peer NULL: failed, reason says why. Called exactly once, maybe before p2p_dial() returns. */
typedef void p2p_dial_fn(void *arg, const struct id32 *peer, const char *reason);
/* Dials within NET_DIAL_MS; on success the address is kept as by p2p_add_peer(). */
void p2p_dial(struct p2p *n, const struct address *a, p2p_dial_fn *fn, void *arg);

void p2p_broadcast_span(struct p2p *n, enum wire_type type, const void *data, size_t len,
	const struct session *except);
void p2p_broadcast_tip(struct p2p *n, const struct wire_tip *tip);
/* Hands what a session has to say to its socket. Needed after session_send_*() from outside. */
void p2p_flush(struct p2p *n, struct session *s);

struct p2p_counts {
	size_t peers;       /* distinct nodes */
	size_t connections; /* handshake done */
	size_t pending;     /* dialling or shaking hands */
};
struct p2p_counts p2p_counts(const struct p2p *n);
/* Each distinct connected peer. */
void p2p_each_peer(const struct p2p *n, void (*fn)(const struct session *s, void *arg), void *arg);

int p2p_session_accept(
	struct p2p *n, struct session *s, const struct wire_hello *h, struct err *err);
bool p2p_session_may_sync(const struct p2p *n, const struct session *s);
void p2p_session_sync_ended(struct p2p *n);
/* Somebody has blocks that this node wants. */
bool p2p_wants_sync(const struct p2p *n);

#endif
