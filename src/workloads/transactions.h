/*
 * What the parts of the transactions workload share: its settings and its
 * plan. The workload is split into this (options and plan, pure), tx_source
 * (what to send when, and with which note; tx_warp for changes), tx_tracker (what became of each
 * transaction) and tx_run (the loop that sends and listens).
 */
#ifndef WORKLOADS_TRANSACTIONS_H
#define WORKLOADS_TRANSACTIONS_H

#include "core/workload.h"
#include "util/mem.h"

enum tx_kind { TX_KIND_TRANSFER, TX_KIND_INSCRIBE, TX_KIND_MIX };
enum tx_per { TX_PER_BLOCK, TX_PER_SECOND };
enum tx_arrival { TX_ARRIVAL_CONSTANT, TX_ARRIVAL_POISSON };

struct transactions_config {
	double rate;
	int per, arrival, kind; /* enum tx_... */
	uint64_t users;         /* 0: all wallets */
	struct strlist targets;
	uint64_t expiry_ns; /* 0: derived from the block interval */
	uint64_t payload_bytes, max_in_flight;
};

/*
 * The schedule, in a form of fixed size: each transaction's time, user, target
 * and kind is computed from it again when its turn comes (tx_schedule_next).
 */
struct tx_plan {
	uint64_t n; /* transactions, unless somebody changes something meanwhile */
	uint64_t seed, duration_ns, block_interval_ns, expiry_ns;
	double rate_per_s;
	double poisson_total; /* sum of all gaps before scaling; 0: constant gaps */
	uint32_t users, user_offset, target_offset;
	enum tx_kind kind;
	unsigned *targets; /* node indices, owned */
	size_t n_targets;
	uint64_t payload_bytes, max_in_flight;
	struct id32 digest; /* BLAKE2b-256 over all (time, user, target, kind) */
};

extern const struct workload_ops transactions_workload;

/* The body of the workload's thread; see struct workload_ops.run. */
int transactions_run(const struct workload_env *env, struct err *err);

#define TX_MAX_RATE 100000 /* per second, also for operators */

/* How often a transaction is offered to a node that cannot be reached before it counts as rejected,
 * and how such a rejection's reason begins (tx_inclusion looks for it). */
#define TX_MAX_TRIES      3
#define TX_NO_NODE_TO_ASK "no node could be asked"

#endif
