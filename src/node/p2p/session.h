/*
 * One connection to a peer as a state machine: bytes in, bytes out, time as an
 * argument, everything that needs the chain through hooks. Does no I/O, reads
 * no clock, keeps no chain data. One thread.
 *
 * Both sides send HELLO first. After that, transactions and blocks are
 * gossiped, and whoever sees that the peer's tip is unknown and higher asks
 * for batches of blocks (GET_BLOCKS) until it has that tip. A function that
 * returns -1 has set err; the caller then closes the connection.
 */
#ifndef NODE_P2P_SESSION_H
#define NODE_P2P_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/p2p/wire.h"

#define SESSION_PING_MS      2000
#define SESSION_IDLE_MS      10000 /* silence after which a peer counts as gone */
#define SESSION_HANDSHAKE_MS 5000
#define SESSION_SYNC_MS      30000 /* patience for one batch */

struct session;

enum session_block {
	SESSION_BLOCK_OK,    /* taken, or had it, or nothing to do about it */
	SESSION_BLOCK_SPLIT, /* leaves our chain below what is final: syncing is pointless */
	SESSION_BLOCK_BAD,   /* the peer sent rubbish; err says why */
};

/* All members are set. */
struct session_hooks {
	void *arg;
	/* What to send as HELLO; the tip as it is now. */
	void (*hello)(void *arg, struct wire_hello *ret);
	/* The peer's HELLO is of our chain. -1: refuse it (self, duplicate). */
	int (*accept)(void *arg, struct session *s, const struct wire_hello *h, struct err *err);
	/* -1: invalid whatever the state of the chain. */
	int (*tx)(void *arg, struct session *s, const void *data, size_t len, struct err *err);
	/*
	 * A gossiped or fetched block (batch: part of a BLOCKS reply). ret_id gets
	 * its id where it decodes.
	 */
	enum session_block (*block)(void *arg, struct session *s, const void *data, size_t len,
		bool batch, struct id32 *ret_id, struct err *err);
	/* Ids from our tip backwards, exponentially; returns how many, at least one. */
	size_t (*locator)(void *arg, struct id32 *ret, size_t max);
	bool (*has_block)(void *arg, const struct id32 *id);
	/* Appends the encoded block; false when there is none. */
	bool (*encode_block)(void *arg, const struct id32 *id, struct strbuf *out);
	/* First id of the list that is on our best chain, then the id above it, and so on. */
	bool (*common_height)(void *arg, const struct id32 *ids, size_t n, uint64_t *ret);
	bool (*encode_at_height)(void *arg, uint64_t height, struct strbuf *out);
	/* May this session start or continue to fetch? One at a time is enough. */
	bool (*may_sync)(void *arg, struct session *s);
	/* The session has nothing (more) to fetch. */
	void (*sync_ended)(void *arg, struct session *s);
};

struct session *session_new(const struct session_hooks *hooks, uint64_t now_ms);
void session_free(struct session *s); /* NULL is fine */

/* Bytes that must be there before session_receive() can make progress. */
size_t session_need(const struct session *s);
/* Handles the complete messages in data; *ret_used bytes are done with. */
int session_receive(struct session *s, const void *data, size_t len, uint64_t now_ms,
	size_t *ret_used, struct err *err);
/* Some bytes arrived, though no complete message yet. */
void session_alive(struct session *s, uint64_t now_ms);
/* To be called a few times a second: keep-alive, time-outs, retried sync. */
int session_tick(struct session *s, uint64_t now_ms, struct err *err);
/* What is to be sent; the caller takes the bytes and clears the buffer. */
struct strbuf *session_output(struct session *s);

bool session_established(const struct session *s);
bool session_syncing(const struct session *s);
/* The peer has a tip that we want and do not have. */
bool session_wants_sync(const struct session *s);
const struct wire_hello *session_peer(const struct session *s); /* once established */
struct wire_tip session_peer_tip(const struct session *s);

/* Start fetching if there is a reason to. */
void session_sync(struct session *s, uint64_t now_ms);
/* Gossip; nothing is sent before the handshake is over. */
void session_send_span(struct session *s, enum wire_type type, const void *data, size_t len);
void session_send_tip(struct session *s, const struct wire_tip *tip);
void session_request_block(struct session *s, const struct id32 *id);

#endif
