/* Blocks: round trip, every refusal that needs no chain, and how often the lottery is won. */
#include <math.h>
#include <stdio.h>

#include "chain_fixture.h"

static struct genesis genesis;
static struct tx_key leader;

static int setup(void **state)
{
	(void)state;
	const struct fixture_params p = { { 10 }, 3, 100, 5, 1 };
	fixture_genesis(&p, &genesis);
	leader = fixture_key(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	genesis_release(&genesis);
	return 0;
}

static struct block *block_with(size_t n_txs)
{
	struct block *b = block_new();
	b->header.parent = genesis.id;
	b->header.slot = 7;
	b->txs = xcalloc(n_txs + 1, sizeof(struct tx *));
	for (size_t i = 0; i < n_txs; i++)
		b->txs[b->n_txs++] = fixture_inscribe(&leader, (unsigned)i, NULL, "hello");
	assert_true(lottery_wins(&genesis, &genesis.epoch_nonce, 7, 10, &leader, b->header.proof));
	block_seal(b, &leader);
	return b;
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t n = 0; n < 6; n++) {
		struct block *b = block_with(n);
		struct err err = { 0 };
		if (block_check(b, &err) != 0)
			fail_msg("%s", err.text);
		CLEANUP_STRBUF struct strbuf x = { 0 }, y = { 0 };
		block_encode(b, &x);
		assert_int_equal(x.len, b->encoded_len);
		struct block *d = block_decode(x.buf, x.len, &err);
		assert_non_null(d);
		assert_int_equal(block_check(d, NULL), 0);
		assert_true(id32_eq(&b->id, &d->id));
		assert_int_equal(d->encoded_len, b->encoded_len);
		block_encode(d, &y);
		assert_int_equal(x.len, y.len);
		assert_memory_equal(x.buf, y.buf, x.len);
		for (size_t len = 0; len < x.len; len++)
			assert_null(block_decode(x.buf, len, NULL));
		strbuf_addc(&x, 0);
		assert_null(block_decode(x.buf, x.len, &err));
		assert_string_equal(err.text, "1 bytes follow the block");
		block_free(b);
		block_free(d);
	}
}

static void test_empty_body_root_is_zero(void **state)
{
	(void)state;
	struct block *b = block_with(0);
	assert_true(id32_is_zero(&b->header.body_root));
	block_free(b);
	b = block_with(1);
	assert_true(id32_eq(&b->header.body_root, &b->txs[0]->hash));
	block_free(b);
}

enum damage {
	BAD_VERSION,
	BAD_ID,
	BAD_ROOT,
	BAD_SIGNATURE,
	BAD_LEADER,
	BAD_TX_SIGNATURE,
	BAD_TX_SHAPE,
	TX_TWICE,
	TOO_MANY,
};

static void damage(struct block *b, enum damage how)
{
	const struct id32 note = { { 1 } };
	const struct tx_output out = { 0, note };
	switch (how) {
	case BAD_VERSION:
		b->header.version = 2;
		break;
	case BAD_ID:
		b->id.b[0] ^= 1;
		break;
	case BAD_ROOT:
		tx_free(b->txs[--b->n_txs]);
		break;
	case BAD_SIGNATURE:
		b->signature[5] ^= 1;
		break;
	case BAD_LEADER: {
		struct tx_key other = fixture_key(2);
		block_seal(b, &other);
		uint8_t sig[64];
		memcpy(sig, b->signature, sizeof(sig));
		block_seal(b, &leader);
		memcpy(b->signature, sig, sizeof(sig));
		break;
	}
	case BAD_TX_SIGNATURE:
		b->txs[1]->ops[0].sig[0] ^= 1;
		break;
	case BAD_TX_SHAPE:
		tx_free(b->txs[1]);
		b->txs[1] = fixture_transfer(&leader, &note, 1, &out, 1);
		block_seal(b, &leader);
		break;
	case TX_TWICE:
		tx_free(b->txs[0]);
		b->txs[0] = tx_copy(b->txs[1]);
		block_seal(b, &leader);
		break;
	case TOO_MANY:
		b->txs = xrealloc_array(b->txs, BLOCK_MAX_TXS + 1, sizeof(struct tx *));
		while (b->n_txs <= BLOCK_MAX_TXS)
			b->txs[b->n_txs++] = tx_copy(b->txs[0]);
		block_seal(b, &leader);
		break;
	}
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		enum damage how;
		const char *text;
	} cases[] = {
		{ BAD_VERSION, "unknown version 2" },
		{ BAD_ID, "block id differs from the hash of its header" },
		{ BAD_ROOT, "body root does not match" },
		{ BAD_SIGNATURE, "the leader's signature is invalid" },
		{ BAD_LEADER, "the leader's signature is invalid" },
		{ BAD_TX_SIGNATURE, "transaction 1: Invalid signature for operation at index 0" },
		{ BAD_TX_SHAPE, "transaction 1: output 0 of operation at index 0 has the value 0" },
		{ TX_TWICE, "is in the block twice" },
		{ TOO_MANY, "has 1025 transactions, more than 1024" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct block *b = block_with(3);
		damage(b, cases[i].how);
		assert_int_equal(block_check(b, &err), -1);
		if (!strstr(err.text, cases[i].text))
			fail_msg("case %zu: %s", i, err.text);
		block_free(b);
	}
	struct err err = { 0 };
	uint8_t counts[237] = { 1 };
	memset(counts + 233, 0xff, 4);
	assert_null(block_decode(counts, sizeof(counts), &err));
	assert_non_null(strstr(err.text, "at most 1024 transactions"));
	CLEANUP_FREE uint8_t *big = xcalloc(BLOCK_MAX_ENCODED + 1, 1);
	assert_null(block_decode(big, BLOCK_MAX_ENCODED + 1, &err));
	assert_int_equal(err.code, ERR_LIMIT);
}

static bool vouch_for(void *arg, const struct tx *tx)
{
	return tx == arg;
}

static void test_known_txs_are_not_verified_again(void **state)
{
	(void)state;
	struct block *b = block_with(2);
	b->txs[1]->ops[0].sig[0] ^= 1;
	assert_int_equal(block_check_head(b, NULL), 0);
	assert_int_equal(block_check_body(b, NULL, NULL, NULL), -1);
	assert_int_equal(block_check_body(b, vouch_for, b->txs[1], NULL), 0);
	assert_int_equal(block_check_body(b, vouch_for, b->txs[0], NULL), -1);
	block_free(b);
}

static void test_json(void **state)
{
	(void)state;
	struct block *b = block_with(2);
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct jw w;
	jw_init(&w, &sb, 0);
	block_to_json(b, &w);
	CLEANUP_JSON cJSON *j = json_parse(sb.buf, sb.len, NULL, NULL);
	const cJSON *h = json_get(j, "header");
	struct id32 id;
	uint64_t slot;
	assert_true(json_get_id32(h, "id", &id) && id32_eq(&id, &b->id));
	assert_true(json_get_id32(h, "parent_block", &id) && id32_eq(&id, &genesis.id));
	assert_true(json_get_u64(h, "slot", &slot) && slot == 7);
	assert_true(json_get_id32(h, "block_root", &id) && id32_eq(&id, &b->header.body_root));
	const cJSON *proof = json_get(h, "proof_of_leadership");
	assert_true(json_get_id32(proof, "leader_key", &id) && id32_eq(&id, &leader.pk));
	size_t n = 0;
	json_each (tx, json_get(j, "transactions")) {
		assert_true(json_get_id32(json_get(tx, "mantle_tx"), "hash", &id));
		assert_true(id32_eq(&id, &b->txs[n++]->hash));
	}
	assert_int_equal(n, 2);
	block_free(b);
}

/* --- lottery ------------------------------------------------------------------------ */

/* Slots won by somebody must be near f, and each leader's near its own share. */
static void test_lottery_rate(void **state)
{
	(void)state;
	static const struct {
		double f;
		uint64_t stakes[8];
	} cases[] = {
		{ 0.9, { 100 } },
		{ 0.9, { 1, 1, 1 } },
		{ 0.5, { 70, 20, 10 } },
		{ 0.2, { 1, 1, 1, 1, 1, 1, 1 } },
		{ 0.05, { 1000000000000, 1 } },
		{ 1, { 3, 1 } },
	};
	const unsigned slots = 4000;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture_params p = { .k = 5, .f = cases[i].f };
		struct genesis g;
		unsigned won[8] = { 0 }, any = 0;
		memcpy(p.stakes, cases[i].stakes, sizeof(p.stakes));
		fixture_genesis(&p, &g);
		for (unsigned slot = 0; slot < slots; slot++) {
			bool somebody = false;
			for (unsigned k = 0; k < g.n_stakes; k++) {
				struct tx_key key = fixture_key(k + 1);
				uint8_t proof[64];
				if (!lottery_wins(&g, &g.epoch_nonce, slot, g.stakes[k].value, &key,
					    proof))
					continue;
				somebody = true;
				won[k]++;
			}
			any += somebody;
		}
		/* five standard deviations; the keys are fixed, so the outcome is too */
		double sd = sqrt(slots * p.f * (1 - p.f));
		if (fabs(any - slots * p.f) > 5 * sd)
			fail_msg("case %zu: %u of %u slots for f = %g", i, any, slots, p.f);
		for (unsigned k = 0; k < g.n_stakes; k++) {
			double share = (double)g.stakes[k].value / (double)g.total_stake;
			double rate = 1 - pow(1 - p.f, share);
			if (fabs(won[k] - slots * rate) > 5 * sqrt(slots * rate * (1 - rate)) + 1)
				fail_msg("case %zu: leader %u won %u", i, k, won[k]);
		}
		genesis_release(&g);
	}
}

static void test_lottery_proofs(void **state)
{
	(void)state;
	struct fixture_params p = { .stakes = { 1, 1 }, .k = 5, .f = 0.5 };
	struct genesis g;
	fixture_genesis(&p, &g);
	struct tx_key other = fixture_key(2);
	unsigned wins = 0;
	for (uint64_t slot = 0; slot < 200; slot++) {
		uint8_t proof[64];
		bool won = lottery_wins(&g, &g.epoch_nonce, slot, 1, &leader, proof);
		assert_int_equal(
			lottery_check(&g, &g.epoch_nonce, slot, 1, &leader.pk, proof), won);
		assert_false(lottery_check(&g, &g.epoch_nonce, slot + 1, 1, &leader.pk, proof));
		assert_false(lottery_check(&g, &g.id, slot, 1, &leader.pk, proof));
		assert_false(lottery_check(&g, &g.epoch_nonce, slot, 1, &other.pk, proof));
		assert_false(lottery_check(&g, &g.epoch_nonce, slot, 0, &leader.pk, proof));
		assert_false(lottery_wins(&g, &g.epoch_nonce, slot, 0, &leader, proof));
		wins += won;
	}
	assert_true(wins > 20 && wins < 100);
	genesis_release(&g);
}

static void test_next_nonce(void **state)
{
	(void)state;
	struct id32 with = genesis.epoch_nonce, without = genesis.epoch_nonce, want;
	uint8_t both[64];
	memcpy(both, genesis.epoch_nonce.b, 32);
	memcpy(both + 32, genesis.id.b, 32);
	lottery_next_nonce(&with, &genesis.id);
	tx_blake2b("LTB_NONCE_V1", both, 64, &want);
	assert_true(id32_eq(&with, &want));
	lottery_next_nonce(&without, NULL);
	tx_blake2b("LTB_NONCE_V1", both, 32, &want);
	assert_true(id32_eq(&without, &want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty_body_root_is_zero),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_known_txs_are_not_verified_again),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_lottery_rate),
		cmocka_unit_test(test_lottery_proofs),
		cmocka_unit_test(test_next_nonce),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
