/*
 * What can be asked of a node, over the generations of its HTTP API
 * (docs/node-api.md): requests are built here and answers parsed here; the
 * net thread carries them. Parsing is pure and tolerant: unknown keys are
 * ignored, an unknown shape is an error that quotes the offending text.
 */
#ifndef CORE_NODE_CLIENT_H
#define CORE_NODE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/net.h"
#include "util/err.h"
#include "util/hex.h"
#include "util/strbuf.h"

struct node_info {
	struct id32 tip, lib;
	uint64_t slot, lib_slot, height;
	bool has_lib_slot;
	char mode[24]; /* "AwaitingStart", "Bootstrapping", "Online" */
	bool online;
};

struct node_block {
	struct id32 id; /* all zero: a raw block (POST /storage/block), which does not say */
	struct id32 parent, leader;
	uint64_t slot;
	struct id32 *txs; /* hashes, owned; all zero where the block does not tell one */
	size_t n_txs, size_bytes;
	/* From stream events; has_tip false elsewhere. */
	bool has_tip;
	struct id32 tip, lib;
};
void node_block_release(struct node_block *b);

struct node_network {
	uint64_t peers, connections, pending;
	char peer_id[128];
};

/* Pure parsers of response bodies; ERR_PROTOCOL. */
int node_parse_info(const char *body, size_t len, struct node_info *ret, struct err *err);
int node_parse_block(const char *body, size_t len, struct node_block *ret, struct err *err);
/* A line of /cryptarchia/events/blocks/stream ({"block","tip","lib"}) or a bare ApiBlock. */
int node_parse_block_event(const char *line, size_t len, struct node_block *ret, struct err *err);
int node_parse_ids(const char *body, size_t len, size_t max, struct id32 **ret, size_t *ret_n,
	struct err *err);
int node_parse_network(const char *body, size_t len, struct node_network *ret, struct err *err);
int node_parse_pending(const char *body, size_t len, uint64_t *ret, struct err *err);
int node_parse_supply(
	const char *body, size_t len, uint64_t *ret_supply, uint64_t *ret_genesis, struct err *err);
/* Statuses of POST /mantle/status, in request order: true where Pending. */
int node_parse_statuses(const char *body, size_t len, size_t n, bool *ret_pending, struct err *err);
/* Error text of a response that is not 2xx: JSON {"message"} or plain text, one line, bounded. */
void node_error_text(int status, const char *body, size_t len, char *buf, size_t size);

/* Blocking calls, for any thread but net's; base is "http://host:port". */
int node_get_info(struct net *n, const char *base, uint64_t timeout_ns, const struct cancel *c,
	struct node_info *ret, struct err *err);
int node_get_network(struct net *n, const char *base, uint64_t timeout_ns, const struct cancel *c,
	struct node_network *ret, struct err *err);
int node_dial(struct net *n, const char *base, const char *multiaddr, uint64_t timeout_ns,
	const struct cancel *c, struct err *err);

#endif
