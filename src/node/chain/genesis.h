/*
 * What all nodes of one chain agree on before the first block: parameters,
 * stake, notes. Read from genesis.json, which the bench (or a person) writes:
 *
 *   {"chain_id":"ltb-smoke-1","genesis_time_ms":u64,"slot_duration_ms":u64,
 *    "active_slot_coeff":0.9,"security_param":10,"epoch_nonce":hex32,
 *    "stakes":[{"pk":hex32,"value":u64}...],   // leaders: Ed25519 keys
 *    "notes":[{"pk":hex32,"value":u64}...]}    // wallet notes
 *
 * The genesis id is BLAKE2b-256("LTB_GENESIS_V1" || canonical binary form), so
 * nodes of other chains are told apart in the handshake. Stakes are notes too
 * (listed first), but cannot be spent. Genesis notes are the outputs of one
 * transfer without inputs, so their note ids follow tx_note_id() with that op's id,
 * index counting stakes first, then notes (the encoded output count, one byte, is the
 * low byte of their number). Values are not zero, a key stakes once, unknown members are
 * ignored. Pure, any thread.
 */
#ifndef NODE_CHAIN_GENESIS_H
#define NODE_CHAIN_GENESIS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/tx.h"
#include "util/err.h"

#define GENESIS_MAX_NOTES  100000
#define GENESIS_MAX_STAKES 10000

struct genesis {
	char chain_id[65];
	uint64_t genesis_time_ms; /* Unix; slot 0 begins here */
	uint64_t slot_duration_ms;
	double active_slot_coeff; /* f, 0 < f <= 1 */
	uint32_t security_param;  /* k, blocks */
	struct id32 epoch_nonce;  /* of epoch 0 */
	size_t n_stakes, n_notes;
	struct tx_output *stakes, *notes;   /* owned */
	uint64_t total_stake, total_supply; /* supply = stakes + notes, checked for overflow */
	struct id32 id;                     /* header id of the genesis block */
};

int genesis_parse(const char *json, size_t len, struct genesis *ret, struct err *err);
void genesis_release(struct genesis *g);

/* Id of the transfer whose outputs the genesis notes are. */
void genesis_op_id(const struct genesis *g, struct id32 *ret);

/* Slot that is current at a Unix time; 0 before the start. */
uint64_t genesis_slot_at(const struct genesis *g, uint64_t unix_ms);
uint64_t genesis_slot_start_ms(const struct genesis *g, uint64_t slot);
/* Epoch length in slots: 10 * floor(k / f). Never 0. */
uint64_t genesis_epoch_slots(const struct genesis *g);

#endif
