/*
 * Notes, inscription channels and included transactions at one point of the
 * chain. A ledger is either a root (what the blocks up to the tip say) or an
 * overlay on another one (what pending transactions would add), with the same
 * rules for both. Every application is journalled and can be taken back.
 * Private to node/chain. One thread.
 *
 * Spent notes are remembered, so that a double spend is told from an unknown input.
 */
#ifndef NODE_CHAIN_LEDGER_H
#define NODE_CHAIN_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/chain/genesis.h"
#include "proto/tx.h"
#include "util/err.h"
#include "util/mem.h"

struct ledger;

struct ledger_note {
	struct id32 id, pk;
	uint64_t value;
	bool spent;
	bool locked;   /* stake: cannot be spent */
	bool borrowed; /* overlay: the note itself is in the base, here it is spent */
	struct ledger_note *prev, *next; /* root: unspent, unlocked notes of the same key */
};

struct ledger_channel {
	struct id32 tip; /* message id of the last inscription */
	struct id32 signer;
};

enum ledger_change_kind {
	LEDGER_NOTE_SPENT,
	LEDGER_NOTE_CREATED,
	LEDGER_CHANNEL_CREATED,
	LEDGER_CHANNEL_MOVED,
	LEDGER_TX_ADDED,
};

struct ledger_change {
	enum ledger_change_kind kind;
	struct id32 id;      /* note, channel or transaction */
	struct id32 old_tip; /* LEDGER_CHANNEL_MOVED */
};

/* What was done, oldest first. Zero-initialised is empty; free with vec_free(). */
struct ledger_journal {
	struct ledger_change *items;
	size_t len, cap;
};

enum ledger_verdict {
	LEDGER_OK,
	LEDGER_INVALID, /* err says why */
	LEDGER_MISSING, /* an input or a channel's parent message is unknown; err says which */
};

struct ledger *ledger_new_root(const struct genesis *g);
struct ledger *ledger_new_overlay(const struct ledger *base); /* base must outlive it */
void ledger_free(struct ledger *l);

/*
 * Applies a transaction that passed tx_check_shape(), or changes nothing. where
 * (not NULL) is what ledger_find_tx() gives for it. verified: all signatures
 * are known to be good. ret_missing: the id that was missing.
 */
enum ledger_verdict ledger_apply(struct ledger *l, const struct tx *tx, bool verified, void *where,
	struct ledger_journal *journal, struct id32 *ret_missing, struct err *err);
/* Takes back everything in the journal beyond its first `keep` changes. */
void ledger_undo(struct ledger *l, struct ledger_journal *journal, size_t keep);

/* An overlay forgets a transaction that its base has applied since. */
void ledger_absorb(struct ledger *overlay, const struct tx *tx);
/*
 * Would a transaction that is not in the overlay, but was applied to its base,
 * clash with something in the overlay?
 */
bool ledger_conflicts(const struct ledger *overlay, const struct tx *tx);

const struct ledger_note *ledger_find_note(const struct ledger *l, const struct id32 *id);
const struct ledger_channel *ledger_find_channel(const struct ledger *l, const struct id32 *id);
void *ledger_find_tx(const struct ledger *l, const struct id32 *hash);

/* Root ledgers only. */
uint64_t ledger_supply(const struct ledger *l);
uint64_t ledger_recount_supply(struct ledger *l); /* the same, from every note */
const struct ledger_note *ledger_notes_of(
	const struct ledger *l, const struct id32 *pk, size_t *ret_n); /* a list by `next` */
bool ledger_knows_key(const struct ledger *l, const struct id32 *pk);

#endif
