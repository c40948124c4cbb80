/*
 * Blocks and the leader lottery. Pure functions, any thread.
 *
 *   lottery proof  = Ed25519 signature by the leader over
 *                    "LTB_LOTTERY_V1" || epoch nonce || slot u64 LE   (private, verifiable)
 *   ticket         = first 8 bytes LE of BLAKE2b-256("LTB_TICKET_V1" || proof), / 2^64
 *   wins           if ticket < 1 - (1 - f)^(stake / total stake)
 *                  (independent aggregation: the network-wide rate is f however stake is split)
 *   header id      = BLAKE2b-256("BLOCK_ID_V1" || encoded header)
 *   body root      = tx_merkle_root over the transactions' hashes
 *   block          = header || signature by the leader over the header id || transactions
 * Epoch nonce: n(0) from genesis; n(e+1) = BLAKE2b-256("LTB_NONCE_V1" || n(e) || id of the last
 * block of the branch whose slot lies in the first 7/10 of epoch e, or n(e) alone).
 * The genesis block counts as a block of epoch 0.
 *
 *   encoded header = u8 version, parent 32, u64 LE slot, body root 32, leader 32, proof 64
 *   encoded block  = encoded header, signature 64, u32 LE count,
 *                    per transaction u32 LE length and its tx_encode() form
 */
#ifndef NODE_CHAIN_BLOCK_H
#define NODE_CHAIN_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/chain/genesis.h"
#include "proto/tx.h"
#include "util/strbuf.h"

#define BLOCK_MAX_TXS     1024
#define BLOCK_MAX_ENCODED (1024u * 1024)

struct block_header {
	uint8_t version; /* 1 */
	struct id32 parent;
	uint64_t slot;
	struct id32 body_root;
	struct id32 leader; /* Ed25519 public key */
	uint8_t proof[64];  /* lottery proof */
};

struct block {
	struct block_header header;
	struct id32 id; /* set by block_seal() and block_decode() */
	uint8_t signature[64];
	size_t n_txs;
	struct tx **txs;    /* owned */
	size_t encoded_len; /* bytes on the wire */
};

struct block *block_new(void);
void block_free(struct block *b);
/* Takes ownership of txs[0..n) and the array; sets body root, id, signature. */
void block_seal(struct block *b, const struct tx_key *leader);
void block_encode(const struct block *b, struct strbuf *out);
struct block *block_decode(const void *data, size_t len, struct err *err); /* id is set */
/*
 * Everything that needs no chain. The head: version, sizes, id, body root, leader's
 * signature. The body: shape and signatures of the transactions, no one twice; those that
 * `known` (may be NULL) vouches for, signature bytes included, are not verified again.
 */
int block_check_head(const struct block *b, struct err *err);
int block_check_body(const struct block *b, bool (*known)(void *arg, const struct tx *tx),
	void *arg, struct err *err);
int block_check(const struct block *b, struct err *err); /* both */
/* {"header":{id,parent_block,slot,block_root,proof_of_leadership:{...}},"transactions":[...]}:
 * ApiBlock. */
void block_to_json(const struct block *b, struct jw *w);

/* The nonce of the next epoch; last: the block that counts, or NULL. */
void lottery_next_nonce(struct id32 *nonce, const struct id32 *last);
bool lottery_wins(const struct genesis *g, const struct id32 *epoch_nonce, uint64_t slot,
	uint64_t stake, const struct tx_key *key, uint8_t ret_proof[64]);
bool lottery_check(const struct genesis *g, const struct id32 *epoch_nonce, uint64_t slot,
	uint64_t stake, const struct id32 *pk, const uint8_t proof[64]);

#endif
