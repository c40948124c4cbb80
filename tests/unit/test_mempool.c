/* The pool: chains of pending spends, the waiting room and its bounds, and what blocks do to both.
 */
#include <stdio.h>

#include "chain_fixture.h"

struct rig {
	struct genesis g;
	struct chain *c;
	struct tx_key leader, wallet[4];
	unsigned promoted;
	struct id32 last_promoted;
};

static void on_promoted(void *arg, const struct tx *tx)
{
	struct rig *r = arg;
	assert_true(chain_is_pending(r->c, &tx->hash));
	r->promoted++;
	r->last_promoted = tx->hash;
}

static void rig_init(struct rig *r)
{
	const struct fixture_params p = { { 10 }, 4, 100, 5, 1 };
	const struct chain_hooks hooks = { .arg = r, .on_promoted = on_promoted };
	memset(r, 0, sizeof(*r));
	fixture_genesis(&p, &r->g);
	r->c = chain_new(&r->g, &hooks);
	r->leader = fixture_key(1);
	for (unsigned i = 0; i < 4; i++)
		r->wallet[i] = fixture_key(i + 101);
}

static void rig_release(struct rig *r)
{
	chain_free(r->c);
	genesis_release(&r->g);
}

static void include(struct rig *r, struct tx **txs, size_t n)
{
	struct err err = { 0 };
	const struct chain_entry tip = chain_tip(r->c);
	struct block *b = fixture_block(r->c, &tip.id, tip.slot + 1, &r->leader, txs, n);
	if (chain_add_block(r->c, b, tip.slot + 1, &err) != CHAIN_NEW_TIP)
		fail_msg("%s", err.text);
}

/* wallet 0's note goes to 1, to 2, to 3, and back to 0. */
static void make_chain(struct rig *r, struct tx *txs[4])
{
	struct id32 note = fixture_note_of(r->c, &r->wallet[0].pk);
	for (unsigned i = 0; i < 4; i++) {
		txs[i] = fixture_pay(&r->wallet[i], &note, 100, &r->wallet[(i + 1) % 4].pk);
		note = fixture_output(txs[i], 0);
	}
}

static enum mempool_result submit(
	struct rig *r, const struct tx *tx, bool from_api, struct err *err)
{
	return chain_submit(r->c, tx_copy(tx), from_api, 10, err);
}

static void collect(const struct tx *tx, void *arg)
{
	struct id32 **at = arg;
	*(*at)++ = tx->hash;
}

static void test_order_and_answers(void **state)
{
	(void)state;
	struct rig r;
	struct tx *txs[4];
	struct id32 order[4], *at = order;
	struct err err = { 0 };
	rig_init(&r);
	make_chain(&r, txs);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(submit(&r, txs[i], true, NULL), MEMPOOL_ADDED);
	assert_int_equal(submit(&r, txs[2], true, NULL), MEMPOOL_KNOWN);
	assert_int_equal(chain_pending(r.c), 4);
	chain_pending_each(r.c, collect, &at);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(id32_eq(&order[i], &txs[i]->hash));
		const struct tx *tx = chain_pending_tx(r.c, &txs[i]->hash);
		assert_true(tx && id32_eq(&tx->hash, &txs[i]->hash));
	}
	/* a rival of a pending one is a double spend */
	struct tx *rival = fixture_pay(
		&r.wallet[0], &txs[0]->ops[0].u.transfer.inputs[0], 100, &r.wallet[3].pk);
	assert_int_equal(submit(&r, rival, false, &err), MEMPOOL_REFUSED);
	assert_non_null(strstr(err.text, "double spend of note"));
	/* balances are those of the tip, not of the pool */
	struct chain_note *notes;
	assert_int_equal(chain_notes_of(r.c, &r.wallet[0].pk, &notes), 1);
	free(notes);

	struct block *b = chain_propose(r.c, &r.leader, 1);
	assert_int_equal(b->n_txs, 4);
	assert_int_equal(chain_add_block(r.c, b, 1, NULL), CHAIN_NEW_TIP);
	assert_int_equal(chain_pending(r.c), 0);
	assert_int_equal(submit(&r, txs[0], true, &err), MEMPOOL_REFUSED);
	assert_non_null(strstr(err.text, "already included"));
	for (unsigned i = 0; i < 4; i++)
		tx_free(txs[i]);
	tx_free(rival);
	rig_release(&r);
}

static void test_waiting_is_promoted(void **state)
{
	(void)state;
	struct rig r;
	struct tx *txs[4];
	struct err err = { 0 };
	rig_init(&r);
	make_chain(&r, txs);
	assert_int_equal(submit(&r, txs[3], true, &err), MEMPOOL_REFUSED);
	assert_non_null(strstr(err.text, "unknown input"));
	for (unsigned i = 3; i > 0; i--)
		assert_int_equal(submit(&r, txs[i], false, NULL), MEMPOOL_WAITING);
	assert_int_equal(submit(&r, txs[3], false, NULL), MEMPOOL_WAITING);
	assert_int_equal(mempool_n_waiting(r.c->pool), 3);
	assert_int_equal(chain_pending(r.c), 0);
	assert_int_equal(submit(&r, txs[0], false, NULL), MEMPOOL_ADDED);
	assert_int_equal(chain_pending(r.c), 4);
	assert_int_equal(mempool_n_waiting(r.c->pool), 0);
	assert_int_equal(r.promoted, 3);
	assert_true(id32_eq(&r.last_promoted, &txs[3]->hash));
	for (unsigned i = 0; i < 4; i++)
		tx_free(txs[i]);
	rig_release(&r);
}

static void test_waiting_is_promoted_by_a_block(void **state)
{
	(void)state;
	struct rig r;
	struct tx *txs[4];
	rig_init(&r);
	make_chain(&r, txs);
	assert_int_equal(submit(&r, txs[2], false, NULL), MEMPOOL_WAITING);
	include(&r, txs, 2);
	assert_int_equal(chain_pending(r.c), 1);
	assert_true(chain_is_pending(r.c, &txs[2]->hash));
	tx_free(txs[2]);
	tx_free(txs[3]);
	rig_release(&r);
}

static void test_inscriptions_wait_for_their_parent(void **state)
{
	(void)state;
	struct rig r;
	struct id32 m1, m2, other = { { 7 } };
	rig_init(&r);
	struct tx *first = fixture_inscribe(&r.wallet[0], 1, NULL, "one");
	tx_message_id(&first->ops[0].u.inscribe, &m1);
	struct tx *second = fixture_inscribe(&r.wallet[0], 1, &m1, "two");
	tx_message_id(&second->ops[0].u.inscribe, &m2);
	struct tx *third = fixture_inscribe(&r.wallet[0], 1, &m2, "three");
	struct tx *never = fixture_inscribe(&r.wallet[0], 1, &other, "never");
	assert_int_equal(submit(&r, third, false, NULL), MEMPOOL_WAITING);
	assert_int_equal(submit(&r, second, false, NULL), MEMPOOL_WAITING);
	assert_int_equal(submit(&r, never, false, NULL), MEMPOOL_WAITING);
	assert_int_equal(submit(&r, first, true, NULL), MEMPOOL_ADDED);
	assert_int_equal(chain_pending(r.c), 3);
	assert_int_equal(mempool_n_waiting(r.c->pool), 1);
	/* the channel does not exist before a block says so */
	const struct id32 channel = { { 0xcc, 1 } };
	struct id32 message;
	assert_false(chain_channel_tip(r.c, &channel, &message));
	struct block *b = chain_propose(r.c, &r.leader, 1);
	assert_int_equal(chain_add_block(r.c, b, 1, NULL), CHAIN_NEW_TIP);
	assert_true(chain_channel_tip(r.c, &channel, &message));
	tx_message_id(&third->ops[0].u.inscribe, &m1);
	assert_true(id32_eq(&message, &m1));
	tx_free(first);
	tx_free(second);
	tx_free(third);
	tx_free(never);
	rig_release(&r);
}

/* A copy with a forged signature must not keep the genuine one from waiting and winning. */
static void test_forged_copies(void **state)
{
	(void)state;
	struct rig r;
	struct tx *txs[4];
	rig_init(&r);
	make_chain(&r, txs);
	struct tx *forged = tx_copy(txs[1]);
	forged->ops[0].sig[0] ^= 1;
	assert_int_equal(submit(&r, forged, false, NULL), MEMPOOL_WAITING);
	assert_int_equal(submit(&r, txs[1], false, NULL), MEMPOOL_WAITING);
	assert_int_equal(submit(&r, forged, false, NULL), MEMPOOL_WAITING);
	assert_int_equal(mempool_n_waiting(r.c->pool), 2);
	assert_int_equal(submit(&r, txs[0], false, NULL), MEMPOOL_ADDED);
	assert_true(chain_is_pending(r.c, &txs[1]->hash));
	assert_int_equal(chain_pending(r.c), 2);
	/* and in a block the pool's word does not cover it */
	struct err err = { 0 };
	struct tx *in[2] = { tx_copy(txs[0]), forged };
	struct block *b = fixture_block(r.c, &r.g.id, 1, &r.leader, in, 2);
	assert_int_equal(chain_add_block(r.c, b, 1, &err), CHAIN_INVALID);
	assert_non_null(strstr(err.text, "Invalid signature"));
	assert_int_equal(chain_pending(r.c), 2);
	for (unsigned i = 0; i < 4; i++)
		tx_free(txs[i]);
	rig_release(&r);
}

static void test_waiting_is_bounded(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r);
	struct id32 unknown = { { 0 } };
	for (unsigned i = 0; i < MEMPOOL_MAX_WAITING + 100; i++) {
		memcpy(unknown.b, &i, sizeof(i));
		struct tx *tx = fixture_pay(&r.wallet[0], &unknown, 1, &r.wallet[1].pk);
		assert_int_equal(chain_submit(r.c, tx, false, 10 + i / 100, NULL), MEMPOOL_WAITING);
	}
	assert_int_equal(mempool_n_waiting(r.c->pool), MEMPOOL_MAX_WAITING);
	/* they go when their time is over; the last came in slot 21 */
	struct id32 note = fixture_note_of(r.c, &r.wallet[0].pk);
	struct tx *tx = fixture_pay(&r.wallet[0], &note, 100, &r.wallet[1].pk);
	assert_int_equal(
		chain_submit(r.c, tx, false, 21 + MEMPOOL_WAIT_SLOTS, NULL), MEMPOOL_ADDED);
	assert_int_equal(mempool_n_waiting(r.c->pool), 24);
	note = fixture_output(chain_pending_tx(r.c, &tx->hash), 0);
	tx = fixture_pay(&r.wallet[1], &note, 100, &r.wallet[2].pk);
	assert_int_equal(
		chain_submit(r.c, tx, false, 22 + MEMPOOL_WAIT_SLOTS, NULL), MEMPOOL_ADDED);
	assert_int_equal(mempool_n_waiting(r.c->pool), 0);

	/* by size as well */
	static char text[TX_MAX_INSCRIPTION + 1];
	memset(text, 'x', TX_MAX_INSCRIPTION);
	for (unsigned i = 0; i < 200; i++) {
		memcpy(unknown.b, &i, sizeof(i));
		unknown.b[31] = 1;
		tx = fixture_inscribe(&r.wallet[0], i % 256, &unknown, text);
		assert_int_equal(chain_submit(r.c, tx, false, 100, NULL), MEMPOOL_WAITING);
	}
	assert_int_equal(mempool_n_waiting(r.c->pool), 127);
	rig_release(&r);
}

static void test_blocks_evict_what_they_contradict(void **state)
{
	(void)state;
	struct rig r;
	struct tx *txs[4];
	rig_init(&r);
	make_chain(&r, txs);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(submit(&r, txs[i], true, NULL), MEMPOOL_ADDED);
	struct tx *said = fixture_inscribe(&r.wallet[0], 1, NULL, "mine");
	struct tx *other = fixture_inscribe(&r.wallet[1], 2, NULL, "untouched");
	assert_int_equal(submit(&r, said, true, NULL), MEMPOOL_ADDED);
	assert_int_equal(submit(&r, other, true, NULL), MEMPOOL_ADDED);
	/* rivals of the chain's second link and of the inscription */
	struct tx *in[3] = {
		tx_copy(txs[0]),
		fixture_pay(
			&r.wallet[1], &txs[1]->ops[0].u.transfer.inputs[0], 100, &r.wallet[0].pk),
		fixture_inscribe(&r.wallet[2], 1, NULL, "theirs"),
	};
	include(&r, in, 3);
	assert_int_equal(chain_pending(r.c), 1);
	assert_true(chain_is_pending(r.c, &other->hash));
	for (unsigned i = 0; i < 4; i++)
		tx_free(txs[i]);
	tx_free(said);
	tx_free(other);
	rig_release(&r);
}

/* Part of a pending chain is included; the rest must still build on it. */
static void test_blocks_include_a_prefix(void **state)
{
	(void)state;
	struct rig r;
	struct tx *txs[4];
	rig_init(&r);
	make_chain(&r, txs);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(submit(&r, txs[i], true, NULL), MEMPOOL_ADDED);
	struct tx *in[2] = { tx_copy(txs[0]), tx_copy(txs[1]) };
	include(&r, in, 2);
	assert_int_equal(chain_pending(r.c), 1);
	/* its input is in the base now and spent in the pool */
	struct err err = { 0 };
	struct tx *rival = fixture_pay(
		&r.wallet[2], &txs[2]->ops[0].u.transfer.inputs[0], 100, &r.wallet[0].pk);
	assert_int_equal(chain_submit(r.c, rival, true, 10, &err), MEMPOOL_REFUSED);
	assert_non_null(strstr(err.text, "double spend"));
	assert_int_equal(submit(&r, txs[3], true, NULL), MEMPOOL_ADDED);
	struct block *b = chain_propose(r.c, &r.leader, 5);
	assert_int_equal(b->n_txs, 2);
	assert_int_equal(chain_add_block(r.c, b, 5, NULL), CHAIN_NEW_TIP);
	for (unsigned i = 0; i < 4; i++)
		tx_free(txs[i]);
	rig_release(&r);
}

/* Several operations apply together or not at all, and may build on each other. */
static void test_operations_are_atomic(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r);
	struct id32 note = fixture_note_of(r.c, &r.wallet[0].pk), channel = { { 0xcc, 1 } },
		    zero = { { 0 } };
	const struct tx_output self = { 100, r.wallet[0].pk }, away = { 100, r.wallet[1].pk };
	struct tx *tx = tx_new();
	assert_int_equal(tx_add_transfer(tx, &note, 1, &self, 1, NULL), 0);
	struct id32 mid = fixture_output(tx, 0);
	assert_int_equal(tx_add_transfer(tx, &mid, 1, &away, 1, NULL), 0);
	assert_int_equal(tx_add_inscribe(tx, &channel, &zero, &r.wallet[0].pk, "x", 1, NULL), 0);
	struct tx *half = tx_copy(tx);
	mid.b[0] ^= 1;
	assert_int_equal(tx_add_transfer(half, &mid, 1, &away, 1, NULL), 0);
	tx_seal(half);
	tx_seal(tx);
	for (size_t i = 0; i < 4; i++) {
		tx_sign_op(half, i, &r.wallet[0]);
		if (i < 3)
			tx_sign_op(tx, i, &r.wallet[0]);
	}
	assert_int_equal(chain_submit(r.c, half, true, 1, NULL), MEMPOOL_REFUSED);
	assert_int_equal(chain_submit(r.c, tx, true, 1, NULL), MEMPOOL_ADDED);
	struct block *b = chain_propose(r.c, &r.leader, 1);
	assert_int_equal(b->n_txs, 1);
	assert_int_equal(chain_add_block(r.c, b, 1, NULL), CHAIN_NEW_TIP);
	struct chain_note *notes;
	assert_int_equal(chain_notes_of(r.c, &r.wallet[1].pk, &notes), 2);
	free(notes);
	assert_int_equal(chain_notes_of(r.c, &r.wallet[0].pk, &notes), 0);
	free(notes);
	rig_release(&r);
}

static void test_full_pool(void **state)
{
	(void)state;
	struct rig r;
	struct err err = { 0 };
	rig_init(&r);
	static char text[TX_MAX_INSCRIPTION + 1];
	memset(text, 'x', TX_MAX_INSCRIPTION);
	struct id32 message;
	size_t added = 0;
	for (;; added++) {
		struct tx *tx = fixture_inscribe(&r.wallet[0], 1, added ? &message : NULL, text);
		tx_message_id(&tx->ops[0].u.inscribe, &message);
		if (chain_submit(r.c, tx, true, 1, &err) != MEMPOOL_ADDED)
			break;
	}
	assert_non_null(strstr(err.text, "the mempool is full (1021 transactions"));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(added, chain_pending(r.c));
	rig_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_answers),
		cmocka_unit_test(test_waiting_is_promoted),
		cmocka_unit_test(test_waiting_is_promoted_by_a_block),
		cmocka_unit_test(test_inscriptions_wait_for_their_parent),
		cmocka_unit_test(test_forged_copies),
		cmocka_unit_test(test_waiting_is_bounded),
		cmocka_unit_test(test_blocks_evict_what_they_contradict),
		cmocka_unit_test(test_blocks_include_a_prefix),
		cmocka_unit_test(test_operations_are_atomic),
		cmocka_unit_test(test_full_pool),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
