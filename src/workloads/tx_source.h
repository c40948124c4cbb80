/*
 * What the transactions workload sends: the schedule, the users and their
 * notes, and the building and signing of each transaction ahead of its time.
 *
 * A user owns one note. A transfer moves all of it to the user again, so the
 * next one must wait until the last is in a block that others build on: before
 * that, a node on another branch would refuse the note. Inscriptions need no
 * note. No I/O, no clock of its own; one owner thread.
 */
#ifndef WORKLOADS_TX_SOURCE_H
#define WORKLOADS_TX_SOURCE_H

#include <sys/queue.h>

#include "core/chain_view.h"
#include "util/rng.h"
#include "workloads/transactions.h"

struct tx_slot {
	uint64_t seq, due_ns;  /* due_ns: schedule time, from the start of the drive phase */
	uint32_t user, target; /* target: position in the plan's list */
	bool transfer;
};

struct tx_schedule {
	const struct tx_plan *plan;
	struct rng rng, extra_rng;
	uint64_t next;  /* planned slots so far */
	uint64_t extra; /* others so far */
	double sum;     /* of the Poisson gaps so far */
	double beyond;  /* the same after the planned ones, seconds */
	bool open;      /* goes on after the planned ones, at the planned rate */
};
void tx_schedule_init(struct tx_schedule *s, const struct tx_plan *plan);
bool tx_schedule_next(struct tx_schedule *s, struct tx_slot *ret);
/* A slot between two of the schedule, without a time of its own; all others keep theirs. */
void tx_schedule_extra(struct tx_schedule *s, struct tx_slot *ret);
/* Fills in what the whole schedule must be known for: poisson_total and the digest. */
void tx_schedule_seal(struct tx_plan *plan, bool poisson);

enum tx_item_state {
	TX_ITEM_QUEUED,   /* not sent */
	TX_ITEM_SENDING,  /* a node was asked and has not answered */
	TX_ITEM_PENDING,  /* accepted */
	TX_ITEM_INCLUDED, /* in a block; the user's note is not settled yet */
	TX_ITEM_LOST,     /* dropped or expired; kept in case it is included after all */
};

#define TX_ITEM_BLOCKS 4 /* competing blocks with the same transaction that are remembered */

/* One transaction from its building to its end. */
struct tx_item {
	struct tx_slot slot; /* due_ns is clock time here */
	uint64_t pos_ns;     /* schedule time that it comes from */
	enum tx_item_state state;
	struct id32 hash;
	struct id32 input, output; /* notes, of transfers */
	char *body;                /* JSON; freed once accepted */
	size_t body_len;
	/* sending */
	uint64_t request; /* of net_send(), while SENDING */
	unsigned tries;
	int node; /* asked, or accepted by */
	uint64_t accepted_ns;
	/* the node's answer, written by the net thread before it is handed over */
	int status;
	char *answer;
	void *owner;
	/* following up */
	uint64_t next_poll_ns;
	unsigned misses;                    /* successive polls in which no node had it */
	struct id32 blocks[TX_ITEM_BLOCKS]; /* ring */
	unsigned n_blocks;
	uint64_t seen_ns; /* first sighting in a block */
	TAILQ_ENTRY(tx_item) link;
};
TAILQ_HEAD(tx_item_list, tx_item);
void tx_item_free(struct tx_item *it);

struct tx_source;

/* settled is called for an included transfer that nothing refers to any more. */
struct tx_source *tx_source_new(const struct tx_plan *plan, const struct plan *run_plan,
	uint64_t start_ns, void (*settled)(struct tx_item *it, void *arg), void *arg);
void tx_source_free(struct tx_source *s);

/*
 * From now_ns on the schedule goes `speed` times as fast as planned (0: it
 * stands still), and what would be due at end_ns or later is not sent. What
 * is not due yet gets a new time, signed or not; beyond the planned
 * transactions the schedule goes on at its rate. Never called: the plan as it is.
 */
void tx_source_retime(struct tx_source *s, uint64_t now_ns, double speed, uint64_t end_ns);
/* So many more, due now. */
void tx_source_burst(struct tx_source *s, uint64_t now_ns, uint64_t count);
/* How many there are to be in all, as things stand. After tx_source_stop(): there were. */
uint64_t tx_source_planned(struct tx_source *s);

/* Does one step of work ahead; *ret_more false: nothing to do before tx_source_work_ns(). */
int tx_source_prepare(struct tx_source *s, uint64_t now_ns, bool *ret_more, struct err *err);
uint64_t tx_source_work_ns(const struct tx_source *s);
/* The signed transaction that is due first, or NULL. take: it is the caller's now. */
struct tx_item *tx_source_peek(const struct tx_source *s);
struct tx_item *tx_source_take(struct tx_source *s);

/* A block was seen: users whose transfer is settled by it may go on. */
void tx_source_block(struct tx_source *s, const struct id32 *id, const struct id32 *parent,
	uint64_t slot, uint64_t height);
/* Gives up on settling transfers that were included before this time. */
void tx_source_unsettle(struct tx_source *s, uint64_t before_ns);
/* What became of a transfer. included: also of one that counted as lost. */
void tx_source_included(struct tx_source *s, struct tx_item *it);
void tx_source_failed(struct tx_source *s, struct tx_item *it);
/* A block has a transaction that was settled long ago, or is none of ours: a branch has lost that
 * was longer than anybody expected, and what it did is done again. */
void tx_source_seen(struct tx_source *s, const struct id32 *hash, const struct id32 *block);

/* Ends the schedule: frees what was not taken. Returns how many of the planned were never sent. */
uint64_t tx_source_stop(struct tx_source *s);

#endif
