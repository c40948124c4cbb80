/*
 * The plan: every random choice of a run, made before it starts, from one
 * seed. The same preset and seed give the same plan, byte for byte in
 * plan.json, on every backend. Ports, process ids and wall-clock times are not
 * part of it. Pure; immutable after plan_new(); any thread.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "core/scenario.h"
#include "proto/tx.h"
#include "util/err.h"
#include "util/strbuf.h"

struct plan_node {
	char name[16];     /* "n0" */
	struct tx_key key; /* leader key */
	uint64_t stake;
	unsigned *peers; /* indices this node dials; owned */
	size_t n_peers;
};

struct plan_wallet {
	struct tx_key key;
	uint64_t value;
	struct id32 note; /* id of its genesis note */
};

struct plan {
	const struct scenario *scenario; /* borrowed */
	uint64_t seed;
	char chain_id[65];
	struct id32 epoch_nonce;
	struct plan_node *nodes;
	size_t n_nodes;
	struct plan_wallet *wallets;
	size_t n_wallets;
	uint64_t total_stake, total_supply;
	void **workloads; /* per scenario workload: what plan() made; freed by plan_free() */
};

struct plan *plan_new(const struct scenario *s, struct err *err);
void plan_free(struct plan *p);
/* Pretty; keys as public keys and seeds. */
void plan_to_json(const struct plan *p, struct strbuf *out);
/* Leader key, stake 0 and peers for a node that is added during the run (index >= n_nodes). */
void plan_extra_node(const struct plan *p, unsigned index, struct plan_node *ret);
/* genesis.json for ltb-node (see node/chain/genesis.h for the format). */
void plan_genesis_json(const struct plan *p, uint64_t genesis_time_ms, struct strbuf *out);
uint64_t plan_node_stake(const struct plan *p, unsigned node); /* 0 for added nodes */

#endif
