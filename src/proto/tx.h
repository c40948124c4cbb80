/*
 * Transactions of the node API generation 0.2.0: binary encoding, hash,
 * Ed25519 signature and JSON, shared by the embedded node and the bench.
 * Pure functions, any thread. Source of every rule: the node's own test
 * vectors, which tests/unit/test_tx.c pins.
 *
 *   E(tx)    = u8 op count, then per op u8 opcode and its payload
 *   transfer = u8 n, n * 32 note ids, u8 m, m * (u64 LE value, 32 pk)
 *   inscribe = channel 32, u32 LE length, bytes, parent 32, signer 32
 *   hash     = BLAKE2b-256("MANTLE_TXHASH_V1" || E); what Ed25519 signs is the hash
 *   op id    = BLAKE2b-256("OPERATION_ID_V1" || payload without opcode)
 *   message id of an inscription = BLAKE2b-256(payload without opcode)
 *
 * One rule is the embedded node's own, because the real one needs a
 * zero-knowledge prover: a note is owned by an Ed25519 public key, a transfer
 * carries {"Ed25519Sig"} of the one owner of all its inputs, and
 *   note id  = BLAKE2b-256("LTB_NOTE_ID_V1" || op id || u32 LE index || u64 LE value || pk)
 */
#ifndef PROTO_TX_H
#define PROTO_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "util/err.h"
#include "util/hex.h"
#include "util/json.h"
#include "util/strbuf.h"

#define TX_OP_TRANSFER 0x00
#define TX_OP_INSCRIBE 0x11

#define TX_MAX_OPS         16
#define TX_MAX_INPUTS      255
#define TX_MAX_OUTPUTS     255
#define TX_MAX_INSCRIPTION (64u * 1024) /* bytes */
#define TX_MAX_ENCODED     (256u * 1024)
#define TX_MAX_JSON        (1024u * 1024)

struct tx_output {
	uint64_t value;
	struct id32 pk;
};

struct tx_transfer {
	size_t n_inputs, n_outputs;
	struct id32 *inputs;       /* note ids, owned */
	struct tx_output *outputs; /* owned */
};

struct tx_inscribe {
	struct id32 channel, parent, signer;
	uint8_t *data; /* owned */
	size_t len;
};

struct tx_op {
	uint8_t opcode; /* TX_OP_... */
	union {
		struct tx_transfer transfer;
		struct tx_inscribe inscribe;
	} u;
	bool has_sig;
	uint8_t sig[64]; /* Ed25519 over the transaction's hash */
};

struct tx {
	size_t n_ops;
	struct tx_op *ops; /* owned */
	struct id32 hash;  /* set by tx_seal(), tx_decode(), tx_from_json() */
};

struct tx_key {
	uint8_t seed[32];
	uint8_t secret[64]; /* libsodium's form */
	struct id32 pk;
};

void tx_key_from_seed(const uint8_t seed[32], struct tx_key *ret);

struct tx *tx_new(void);
void tx_free(struct tx *tx); /* NULL is fine */
struct tx *tx_copy(const struct tx *tx);

/* Append an op; inputs and outputs are copied. -1 with ERR_LIMIT beyond a TX_MAX. */
int tx_add_transfer(struct tx *tx, const struct id32 *inputs, size_t n_inputs,
	const struct tx_output *outputs, size_t n_outputs, struct err *err);
int tx_add_inscribe(struct tx *tx, const struct id32 *channel, const struct id32 *parent,
	const struct id32 *signer, const void *data, size_t len, struct err *err);

/* Computes the hash; to be called after the last op was added. */
void tx_seal(struct tx *tx);
void tx_sign_op(struct tx *tx, size_t op, const struct tx_key *key);
/*
 * Inscriptions: valid signature by the signer. Transfers: a signature is
 * present (whose it must be only the ledger knows). Error text as the real
 * node: "Invalid signature for operation at index 0".
 */
int tx_check_signatures(const struct tx *tx, struct err *err);
/*
 * What can be said without a ledger: every transfer has an input and an output, no
 * output is zero, output sums fit 64 bits, no note is spent twice by the transaction.
 */
int tx_check_shape(const struct tx *tx, struct err *err);
bool tx_verify_op(const struct tx *tx, size_t op, const struct id32 *pk);

void tx_op_id(const struct tx_op *op, struct id32 *ret);
void tx_message_id(const struct tx_inscribe *ins, struct id32 *ret);
void tx_note_id(
	const struct id32 *op_id, uint32_t index, const struct tx_output *out, struct id32 *ret);

/* Bytes of tx_encode(). */
size_t tx_encoded_len(const struct tx *tx);
/* E(tx), unsigned. */
void tx_encode_unsigned(const struct tx *tx, struct strbuf *out);
/* E(tx) followed by one 64-byte signature per op: the wire and store form. */
void tx_encode(const struct tx *tx, struct strbuf *out);
/* Whole input must be one transaction with at least one op. NULL on error; the hash is set. */
struct tx *tx_decode(const void *data, size_t len, struct err *err);

/*
 * JSON of POST /mempool/add/tx: {"mantle_tx":{"ops":[{"opcode","payload"}]},"ops_proofs":[...]}.
 * in_block adds mantle_tx.hash, as ApiBlock has it. On input, inscription and signature may
 * also be arrays of numbers (the form of older generations), and unknown keys are ignored;
 * proof count and kinds are checked
 * ("Number of proofs (0) does not match number of operations (1)"), signatures are not.
 */
struct tx *tx_from_json(const cJSON *j, struct err *err);
void tx_to_json(const struct tx *tx, bool in_block, struct jw *w);

/*
 * Merkle root over hashes, zero-padded to a power of two; no hash: all zero; one: itself.
 * Inner nodes: BLAKE2b-256(left || right).
 */
void tx_merkle_root(const struct id32 *hashes, size_t n, struct id32 *ret);

/* BLAKE2b-256 over tag || data, the building block of all of the above. */
void tx_blake2b(const char *tag, const void *data, size_t len, struct id32 *ret);

#endif
