/*
 * What became of each transaction: from the node's answer to a block, or to
 * its being dropped or expired, with counts that must balance and latencies
 * from the intended send time. Keyed by hash. Pure: times are arguments; every
 * transition is reported through one callback. One owner thread.
 */
#ifndef WORKLOADS_TX_TRACKER_H
#define WORKLOADS_TX_TRACKER_H

#include "core/event.h"
#include "util/hist.h"
#include "workloads/tx_source.h"

struct tx_tracker;

typedef void tx_report_fn(const struct tx_item *it, enum tx_state state, uint64_t latency_ns,
	const char *reason, void *arg);

struct tx_tracker_options {
	uint64_t expiry_ns;     /* after being accepted */
	uint64_t poll_after_ns; /* accepted for so long: worth asking the nodes about */
	uint64_t poll_every_ns;
	size_t max_lost; /* lost ones that are remembered */
	tx_report_fn *report;
	void *arg;
};

struct tx_tracker *tx_tracker_new(const struct tx_tracker_options *opt);
void tx_tracker_free(struct tx_tracker *t); /* and all items that are in it */

/* From now on the item is the tracker's, under its hash. -1: the hash is there already. */
int tx_tracker_add(struct tx_tracker *t, struct tx_item *it, struct err *err);
struct tx_item *tx_tracker_find(const struct tx_tracker *t, const struct id32 *hash);
void tx_tracker_remove(struct tx_tracker *t, struct tx_item *it); /* frees it */

/* The node took it. When a block has been seen with it before, it is INCLUDED at once. */
void tx_tracker_accepted(struct tx_tracker *t, struct tx_item *it, uint64_t now_ns);
/*
 * No node took it: reported, the caller removes it. But one that was seen in a
 * block all the same counts as accepted and included; see it->state.
 */
void tx_tracker_rejected(
	struct tx_tracker *t, struct tx_item *it, const char *reason, uint64_t now_ns);
/* A block has it. The caller looks at the state before and after. */
void tx_tracker_seen(
	struct tx_tracker *t, struct tx_item *it, const struct id32 *block, uint64_t now_ns);
/* Each call makes one overdue item LOST and returns it; NULL when there is none. */
struct tx_item *tx_tracker_expire(struct tx_tracker *t, uint64_t now_ns);
uint64_t tx_tracker_next_expiry_ns(const struct tx_tracker *t);

/* Up to max items that are due for a question to the nodes; they are due again later. */
size_t tx_tracker_to_poll(struct tx_tracker *t, uint64_t now_ns, struct id32 *ret, size_t max);
/* The outcome of a question: did any node know of it? At the second no in a row the item is LOST
 * (dropped): true. */
bool tx_tracker_polled(struct tx_tracker *t, struct tx_item *it, bool known, uint64_t now_ns);

size_t tx_tracker_n_pending(const struct tx_tracker *t);
/* All but planned, unsent and the rates. */
void tx_tracker_counts(const struct tx_tracker *t, struct workload_counts *ret);
/* The two sums of struct workload_counts; ERR_INTERNAL with the figures when one is wrong. */
int tx_counts_balance(const struct workload_counts *c, struct err *err);

#endif
