/*
 * The HTTP API of generation 0.2.0 as functions from request to reply: routes,
 * handlers, JSON shapes. No sockets and no clock here; the server is http.h.
 * One thread: the node's loop.
 */
#ifndef NODE_API_API_H
#define NODE_API_API_H

#include "node/api/request.h"
#include "node/chain/chain.h"
#include "node/metrics.h"

/* What handlers may use. Everything is borrowed; all members are set. */
struct api_env {
	void *arg;
	const struct genesis *genesis;
	struct chain *chain;
	const struct tx_key *keys; /* of transfer-funds; may be NULL with n_keys 0 */
	size_t n_keys;
	uint64_t last_item_ms; /* Unix time at which the mempool last took something, or 0 */
	uint64_t (*now_ms)(void *arg); /* Unix time */
	bool (*online)(void *arg);
	/* Takes ownership of tx; adds it to the pool and gossips it. */
	enum mempool_result (*submit)(void *arg, struct tx *tx, struct err *err);
	/* Writes the members of /network/info into an open object. */
	void (*network)(void *arg, struct jw *w);
	void (*metrics)(void *arg, struct node_metrics *ret);
};

/* Finds the route and fills the reply. rp must be zero. */
void api_dispatch(const struct api_env *env, struct api_request *rq, struct api_reply *rp);

/* One line of the block stream for a block of the tree; false when its body is gone. */
bool api_block_line(const struct api_env *env, const struct id32 *id, struct strbuf *out);
void api_lib_line(const struct chain_entry *e, struct strbuf *out);

/* Handlers, in chain_api.c and tx_api.c; api.c has the table. */
typedef void api_handler(const struct api_env *env, struct api_request *rq, struct api_reply *rp);
api_handler api_info, api_headers, api_block, api_blocks, api_blocks_range, api_time, api_supply,
	api_transaction;
api_handler api_add_tx, api_mempool_view, api_metrics, api_status, api_balance, api_transfer_funds,
	api_channel;
api_handler api_network_info, api_dial_peer, api_prometheus;

/* Helpers of handlers. */
void api_reply_json(struct api_reply *rp, struct jw *ret_w); /* 200; write the body to ret_w */
/* NULL and the reply filled (415, 400) unless the body is JSON. */
cJSON *api_body_json(const struct api_request *rq, struct api_reply *rp);
/* The id in the path; false and 400 when it is none. */
bool api_path_id(const struct api_request *rq, struct api_reply *rp, struct id32 *ret);

#endif
