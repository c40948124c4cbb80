/*
 * What the tests of node/chain share: numbered keys, a genesis made from
 * parameters, signed transactions, and blocks on any parent.
 */
#ifndef TESTS_CHAIN_FIXTURE_H
#define TESTS_CHAIN_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "node/chain/chain_impl.h"
#include "util/rng.h"

struct fixture_params {
	uint64_t stakes[8]; /* of the keys 1, 2, ...; ends at 0 */
	size_t n_wallets;   /* keys 101, 102, ... */
	uint64_t wallet_value;
	uint32_t k;
	double f;
};

static inline struct tx_key fixture_key(unsigned n)
{
	struct tx_key key;
	uint8_t seed[32] = { (uint8_t)n, (uint8_t)(n >> 8), 0x5a };
	tx_key_from_seed(seed, &key);
	return key;
}

static inline const char *fixture_pk_hex(unsigned n, char hex[ID32_HEX])
{
	struct tx_key key = fixture_key(n);
	return id32_hex(&key.pk, hex);
}

static inline void fixture_genesis(const struct fixture_params *p, struct genesis *ret)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct err err = { 0 };
	char hex[ID32_HEX];
	strbuf_addf(&sb,
		"{\"chain_id\":\"test\",\"genesis_time_ms\":1000,\"slot_duration_ms\":500,"
		"\"active_slot_coeff\":%.17g,\"security_param\":%u,\"epoch_nonce\":\"%s\","
		"\"stakes\":[",
		p->f, p->k, fixture_pk_hex(999, hex));
	for (unsigned i = 0; i < 8 && p->stakes[i]; i++)
		strbuf_addf(&sb, "%s{\"pk\":\"%s\",\"value\":%llu}", i ? "," : "",
			fixture_pk_hex(i + 1, hex), (unsigned long long)p->stakes[i]);
	strbuf_adds(&sb, "],\"notes\":[");
	for (unsigned i = 0; i < p->n_wallets; i++)
		strbuf_addf(&sb, "%s{\"pk\":\"%s\",\"value\":%llu}", i ? "," : "",
			fixture_pk_hex(i + 101, hex), (unsigned long long)p->wallet_value);
	strbuf_adds(&sb, "]}");
	if (genesis_parse(sb.buf, sb.len, ret, &err) != 0)
		fail_msg("%s", err.text);
}

static inline struct tx *fixture_transfer(const struct tx_key *from, const struct id32 *inputs,
	size_t n_inputs, const struct tx_output *outputs, size_t n_outputs)
{
	struct tx *tx = tx_new();
	assert_int_equal(tx_add_transfer(tx, inputs, n_inputs, outputs, n_outputs, NULL), 0);
	tx_seal(tx);
	tx_sign_op(tx, 0, from);
	return tx;
}

/* One input, all of it to one key. */
static inline struct tx *fixture_pay(
	const struct tx_key *from, const struct id32 *input, uint64_t value, const struct id32 *to)
{
	const struct tx_output out = { value, *to };
	return fixture_transfer(from, input, 1, &out, 1);
}

static inline struct tx *fixture_inscribe(
	const struct tx_key *signer, unsigned channel, const struct id32 *parent, const char *text)
{
	struct tx *tx = tx_new();
	const struct id32 zero = { { 0 } }, ch = { { 0xcc, (uint8_t)channel } };
	assert_int_equal(tx_add_inscribe(tx, &ch, parent ? parent : &zero, &signer->pk, text,
				 strlen(text), NULL),
		0);
	tx_seal(tx);
	tx_sign_op(tx, 0, signer);
	return tx;
}

/* Id of the first output of a one-op transfer. */
static inline struct id32 fixture_output(const struct tx *tx, uint32_t index)
{
	struct id32 op, note;
	tx_op_id(&tx->ops[0], &op);
	tx_note_id(&op, index, &tx->ops[0].u.transfer.outputs[index], &note);
	return note;
}

static inline struct id32 fixture_note_of(const struct chain *c, const struct id32 *pk)
{
	struct chain_note *notes;
	assert_true(chain_notes_of(c, pk, &notes) > 0);
	struct id32 id = notes[0].id;
	free(notes);
	return id;
}

/* A block on any known parent; takes txs. The key must win, so f is 1 or the slot is known to. */
static inline struct block *fixture_block(struct chain *c, const struct id32 *parent, uint64_t slot,
	const struct tx_key *key, struct tx **txs, size_t n)
{
	const struct chain_node *p = tree_find(c, parent);
	assert_non_null(p);
	struct chain_epoch e = tree_epoch(c, p, slot);
	struct block *b = block_new();
	assert_true(lottery_wins(
		c->genesis, &e.nonce, slot, chain_stake_of(c, &key->pk), key, b->header.proof));
	b->header.parent = *parent;
	b->header.slot = slot;
	b->txs = n ? xmemdup(txs, n * sizeof(*txs)) : NULL;
	b->n_txs = n;
	block_seal(b, key);
	return b;
}

static inline struct block *fixture_block_copy(const struct block *b)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct err err = { 0 };
	block_encode(b, &sb);
	struct block *copy = block_decode(sb.buf, sb.len, &err);
	if (!copy)
		fail_msg("%s", err.text);
	return copy;
}

#endif
