/* Fork choice, finality, reorganisation and refusals of the chain, each on a small tree. */
#include <stdio.h>

#include "chain_fixture.h"

#define NOW 100000

struct seen {
	unsigned blocks, tips, finals;
	uint64_t depth, last_final;
};

struct rig {
	struct genesis g;
	struct chain *c;
	struct tx_key leader[3], wallet[4];
	struct seen seen;
};

static void on_block(void *arg, const struct block *b, uint64_t height)
{
	struct rig *r = arg;
	struct chain_entry e;
	assert_true(chain_find(r->c, &b->id, &e));
	assert_true(e.height == height && e.block == b);
	r->seen.blocks++;
}

static void on_tip(
	void *arg, const struct chain_entry *tip, const struct chain_entry *lib, uint64_t depth)
{
	struct rig *r = arg;
	const struct chain_entry have = chain_tip(r->c), final = chain_lib(r->c);
	assert_true(id32_eq(&tip->id, &have.id) && id32_eq(&lib->id, &final.id));
	assert_true(lib->height + r->g.security_param >= tip->height);
	r->seen.tips++;
	r->seen.depth = depth;
}

static void on_final(void *arg, const struct chain_entry *e)
{
	struct rig *r = arg;
	assert_true(e->height == r->seen.last_final + 1);
	assert_true(chain_is_canonical(r->c, &e->id));
	r->seen.last_final = e->height;
	r->seen.finals++;
}

static void rig_init(struct rig *r, uint32_t k)
{
	const struct fixture_params p = { { 10, 10, 10 }, 4, 100, k, 1 };
	const struct chain_hooks hooks = { r, on_block, on_tip, on_final, NULL };
	memset(r, 0, sizeof(*r));
	fixture_genesis(&p, &r->g);
	r->c = chain_new(&r->g, &hooks);
	for (unsigned i = 0; i < 3; i++)
		r->leader[i] = fixture_key(i + 1);
	for (unsigned i = 0; i < 4; i++)
		r->wallet[i] = fixture_key(i + 101);
}

static void rig_release(struct rig *r)
{
	assert_true(chain_supply(r->c) == r->g.total_supply);
	assert_true(ledger_recount_supply(r->c->ledger) == r->g.total_supply);
	chain_free(r->c);
	genesis_release(&r->g);
}

static enum chain_result add(struct rig *r, struct block *b, struct err *err)
{
	return chain_add_block(r->c, b, NOW, err);
}

/* n blocks on a parent, one per slot; gives the result of the last and its id. */
static enum chain_result grow(
	struct rig *r, const struct id32 *parent, unsigned n, unsigned leader, struct id32 *ret)
{
	enum chain_result res = CHAIN_KNOWN;
	struct id32 at = *parent;
	for (unsigned i = 0; i < n; i++) {
		struct err err = { 0 };
		struct block *b = fixture_block(
			r->c, &at, tree_find(r->c, &at)->slot + 1, &r->leader[leader], NULL, 0);
		at = b->id;
		res = add(r, b, &err);
		if (res == CHAIN_INVALID)
			fail_msg("%s", err.text);
	}
	*ret = at;
	return res;
}

static void assert_tip(const struct rig *r, const struct id32 *id, uint64_t height)
{
	const struct chain_entry tip = chain_tip(r->c);
	assert_true(id32_eq(&tip.id, id));
	assert_int_equal(tip.height, height);
}

/* --- fork choice -------------------------------------------------------------------- */

static void test_genesis_state(void **state)
{
	(void)state;
	struct rig r;
	struct chain_entry e;
	rig_init(&r, 3);
	assert_tip(&r, &r.g.id, 0);
	assert_true(chain_at_height(r.c, 0, &e) && !e.block);
	assert_false(chain_at_height(r.c, 1, &e));
	assert_true(chain_has(r.c, &r.g.id) && chain_is_canonical(r.c, &r.g.id));
	assert_true(chain_stake_of(r.c, &r.leader[0].pk) == 10);
	assert_true(chain_stake_of(r.c, &r.wallet[0].pk) == 0);
	assert_true(chain_knows_key(r.c, &r.wallet[0].pk));
	assert_false(chain_knows_key(r.c, &r.g.id));
	/* stake is no wallet note */
	struct chain_note *notes;
	assert_int_equal(chain_notes_of(r.c, &r.leader[0].pk, &notes), 0);
	free(notes);
	rig_release(&r);
}

/* Main branch of `main` blocks; a side branch of `side` blocks leaves it at height `at`. */
static void test_fork_choice(void **state)
{
	(void)state;
	static const struct {
		unsigned k, main, at, side;
		enum chain_result last;
		bool moves;
		uint64_t depth;
	} cases[] = {
		{ 5, 3, 0, 2, CHAIN_SIDE, false, 0 },
		{ 5, 3, 0, 3, CHAIN_SIDE, false, 0 }, /* a tie keeps the current one */
		{ 5, 3, 0, 4, CHAIN_NEW_TIP, true, 3 },
		{ 5, 3, 2, 2, CHAIN_NEW_TIP, true, 1 },
		{ 5, 5, 0, 6, CHAIN_NEW_TIP, true, 5 }, /* exactly k deep */
		{ 5, 6, 1, 6, CHAIN_NEW_TIP, true, 5 },
		{ 5, 6, 0, 1, CHAIN_TOO_OLD, false, 0 }, /* k + 1 deep */
		{ 5, 20, 14, 1, CHAIN_TOO_OLD, false, 0 },
		{ 5, 20, 15, 6, CHAIN_NEW_TIP, true, 5 },
		{ 1, 4, 3, 2, CHAIN_NEW_TIP, true, 1 },
		{ 1, 4, 2, 1, CHAIN_TOO_OLD, false, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		struct id32 main_tip, side_tip;
		struct chain_entry fork;
		rig_init(&r, cases[i].k);
		assert_int_equal(grow(&r, &r.g.id, cases[i].main, 0, &main_tip), CHAIN_NEW_TIP);
		uint64_t lib = cases[i].main > cases[i].k ? cases[i].main - cases[i].k : 0;
		assert_true(chain_lib(r.c).height == lib && r.seen.last_final == lib);
		assert_true(chain_at_height(r.c, cases[i].at, &fork));
		enum chain_result last = grow(&r, &fork.id, cases[i].side, 1, &side_tip);
		if (last != cases[i].last)
			fail_msg("case %zu: %d", i, last);
		if (cases[i].moves) {
			assert_tip(&r, &side_tip, cases[i].at + cases[i].side);
			assert_true(r.seen.depth == cases[i].depth);
			assert_false(chain_is_canonical(r.c, &main_tip));
		} else {
			assert_tip(&r, &main_tip, cases[i].main);
		}
		rig_release(&r);
	}
}

static void test_answers(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r, 5);
	struct id32 tip;
	struct block *b = fixture_block(r.c, &r.g.id, 1, &r.leader[0], NULL, 0);
	struct block *again = fixture_block_copy(b);
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);
	assert_int_equal(add(&r, again, NULL), CHAIN_KNOWN);
	grow(&r, &r.g.id, 1, 1, &tip);
	assert_int_equal(r.seen.blocks, 2);
	assert_int_equal(r.seen.tips, 1);

	/* a child of a block that another chain has */
	struct rig other;
	rig_init(&other, 5);
	struct id32 theirs;
	grow(&other, &other.g.id, 3, 2, &theirs);
	b = fixture_block(other.c, &theirs, 9, &other.leader[0], NULL, 0);
	assert_int_equal(add(&r, b, NULL), CHAIN_ORPHAN);
	rig_release(&other);

	b = fixture_block(r.c, &r.g.id, 50, &r.leader[0], NULL, 0);
	again = fixture_block_copy(b);
	assert_int_equal(chain_add_block(r.c, b, 48, NULL), CHAIN_FUTURE);
	assert_int_equal(chain_add_block(r.c, again, 49, NULL), CHAIN_SIDE);
	/* said before the epoch of a slot that far away is computed */
	b = block_new();
	b->header.parent = r.g.id;
	b->header.slot = UINT64_MAX;
	block_seal(b, &r.leader[0]);
	assert_int_equal(chain_add_block(r.c, b, 0, NULL), CHAIN_FUTURE);
	rig_release(&r);
}

static void test_branches_below_lib_are_dropped(void **state)
{
	(void)state;
	struct rig r;
	struct id32 main3, side, deep, tip;
	rig_init(&r, 3);
	grow(&r, &r.g.id, 3, 0, &main3);
	grow(&r, &r.g.id, 2, 1, &side);
	grow(&r, &main3, 1, 1, &tip);
	assert_false(chain_has(r.c, &side));
	grow(&r, &main3, 1, 2, &deep);
	assert_true(chain_has(r.c, &deep));
	grow(&r, &tip, 3, 0, &tip);
	assert_false(chain_has(r.c, &deep));
	assert_int_equal(r.c->recent.len, 3);
	assert_int_equal(map_len(r.c->nodes), 8);
	rig_release(&r);
}

struct order {
	struct id32 ids[64];
	size_t n;
};

static void check_order(const struct chain_entry *e, void *arg)
{
	struct order *o = arg;
	bool parent_seen = e->height == 0;
	for (size_t i = 0; i < o->n; i++)
		parent_seen |= id32_eq(&o->ids[i], &e->parent);
	assert_true(parent_seen);
	o->ids[o->n++] = e->id;
}

static void test_each_gives_parents_first(void **state)
{
	(void)state;
	struct rig r;
	struct id32 a, b;
	struct order o = { .n = 0 };
	rig_init(&r, 4);
	grow(&r, &r.g.id, 6, 0, &a);
	struct chain_entry e;
	assert_true(chain_at_height(r.c, 3, &e));
	grow(&r, &e.id, 4, 1, &b); /* moves the tip */
	grow(&r, &a, 1, 2, &a);
	chain_each(r.c, check_order, &o);
	assert_int_equal(o.n, 1 + 6 + 4 + 1);
	rig_release(&r);
}

static void test_side_branches_are_bounded(void **state)
{
	(void)state;
	struct rig r;
	struct id32 tip;
	rig_init(&r, 50000);
	grow(&r, &r.g.id, 3, 0, &tip);
	for (uint64_t slot = 2; slot < 2 + CHAIN_MAX_SIDE + 50; slot++) {
		struct block *b = fixture_block(r.c, &r.g.id, slot, &r.leader[1], NULL, 0);
		assert_int_equal(add(&r, b, NULL), CHAIN_SIDE);
	}
	assert_int_equal(r.c->n_side, CHAIN_MAX_SIDE);
	assert_tip(&r, &tip, 3);
	rig_release(&r);
}

/* --- refusals of a block ------------------------------------------------------------ */

static void expect_invalid(struct rig *r, struct block *b, const char *text)
{
	struct err err = { 0 };
	const struct chain_entry before = chain_tip(r->c);
	assert_int_equal(add(r, b, &err), CHAIN_INVALID);
	if (!strstr(err.text, text))
		fail_msg("expected \"%s\", got \"%s\"", text, err.text);
	assert_tip(r, &before.id, before.height);
	assert_true(ledger_recount_supply(r->c->ledger) == r->g.total_supply);
}

static void test_header_refusals(void **state)
{
	(void)state;
	struct rig r;
	struct id32 tip;
	rig_init(&r, 5);
	grow(&r, &r.g.id, 2, 0, &tip);

	struct block *b = fixture_block(r.c, &tip, 2, &r.leader[0], NULL, 0);
	expect_invalid(&r, b, "its slot 2 is not after its parent's, 2");
	b = fixture_block(r.c, &tip, 3, &r.leader[0], NULL, 0);
	b->header.proof[0] ^= 1;
	block_seal(b, &r.leader[0]);
	expect_invalid(&r, b, "did not win slot 3");
	b = fixture_block(r.c, &tip, 3, &r.leader[0], NULL, 0);
	b->header.slot = 4; /* the proof is of another slot */
	block_seal(b, &r.leader[0]);
	expect_invalid(&r, b, "did not win slot 4");
	b = fixture_block(r.c, &tip, 3, &r.leader[0], NULL, 0);
	block_seal(b, &r.wallet[0]);
	expect_invalid(&r, b, "has no stake");
	b = fixture_block(r.c, &tip, 3, &r.leader[0], NULL, 0);
	b->signature[0] ^= 1;
	expect_invalid(&r, b, "signature is invalid");
	/* the same holds off the best chain */
	b = fixture_block(r.c, &r.g.id, 3, &r.leader[1], NULL, 0);
	b->header.proof[0] ^= 1;
	block_seal(b, &r.leader[1]);
	expect_invalid(&r, b, "did not win slot 3");
	struct tx *tx = fixture_inscribe(&r.wallet[0], 1, NULL, "x");
	tx->ops[0].sig[0] ^= 1;
	b = fixture_block(r.c, &r.g.id, 3, &r.leader[1], &tx, 1);
	expect_invalid(&r, b, "Invalid signature for operation at index 0");
	rig_release(&r);
}

enum bad_tx {
	UNKNOWN_INPUT,
	STAKE_INPUT,
	DOUBLE_SPEND,
	WRONG_KEY,
	TWO_OWNERS,
	TOO_MUCH,
	TOO_LITTLE,
	OVERFLOW,
	ZERO_OUTPUT,
	NO_INPUT,
	INCLUDED,
	WRONG_PARENT,
	NO_CHANNEL,
	CHANNEL_TAKEN,
	WRONG_SIGNER,
};

/* On a chain where wallet 0 has paid wallet 1 (paid) and written `first` on channel 1. */
static struct tx *make_bad(
	struct rig *r, enum bad_tx kind, const struct tx *paid, const struct tx *first)
{
	struct id32 note = fixture_note_of(r->c, &r->wallet[2].pk), op, message;
	struct id32 notes[2] = { note, fixture_note_of(r->c, &r->wallet[3].pk) };
	const struct id32 pk = r->wallet[1].pk;
	const struct tx_output sum200 = { 200, pk };
	const struct tx_output wraps[2] = { { UINT64_MAX, pk }, { 101, pk } };
	const struct tx_output zero[2] = { { 100, pk }, { 0, pk } };
	switch (kind) {
	case UNKNOWN_INPUT:
		note.b[0] ^= 1;
		return fixture_pay(&r->wallet[2], &note, 100, &pk);
	case STAKE_INPUT:
		genesis_op_id(&r->g, &op);
		tx_note_id(&op, 0, &r->g.stakes[0], &note);
		return fixture_pay(&r->leader[0], &note, 10, &pk);
	case DOUBLE_SPEND:
		return fixture_pay(
			&r->wallet[0], &paid->ops[0].u.transfer.inputs[0], 100, &r->wallet[3].pk);
	case WRONG_KEY:
		return fixture_pay(&r->wallet[3], &note, 100, &pk);
	case TWO_OWNERS:
		return fixture_transfer(&r->wallet[2], notes, 2, &sum200, 1);
	case TOO_MUCH:
		return fixture_pay(&r->wallet[2], &note, 101, &pk);
	case TOO_LITTLE:
		return fixture_pay(&r->wallet[2], &note, 99, &pk);
	case OVERFLOW:
		return fixture_transfer(&r->wallet[2], &note, 1, wraps, 2);
	case ZERO_OUTPUT:
		return fixture_transfer(&r->wallet[2], &note, 1, zero, 2);
	case NO_INPUT:
		return fixture_transfer(&r->wallet[2], NULL, 0, zero, 1);
	case INCLUDED:
		return tx_copy(paid);
	case WRONG_PARENT:
		return fixture_inscribe(&r->wallet[0], 1, &note, "second");
	case NO_CHANNEL:
		return fixture_inscribe(&r->wallet[0], 2, &note, "first");
	case CHANNEL_TAKEN:
		return fixture_inscribe(&r->wallet[0], 1, NULL, "another first");
	case WRONG_SIGNER:
		tx_message_id(&first->ops[0].u.inscribe, &message);
		return fixture_inscribe(&r->wallet[1], 1, &message, "second");
	}
	return NULL;
}

static const struct {
	enum bad_tx kind;
	const char *text;
} bad_txs[] = {
	{ UNKNOWN_INPUT, "unknown input " },
	{ STAKE_INPUT, "is stake and cannot be spent" },
	{ DOUBLE_SPEND, "double spend of note " },
	{ WRONG_KEY, "Invalid signature for operation at index 0" },
	{ TWO_OWNERS, "inputs of operation at index 0 belong to different keys" },
	{ TOO_MUCH, "transfer is not balanced: in 100, out 101" },
	{ TOO_LITTLE, "transfer is not balanced: in 100, out 99" },
	{ OVERFLOW, "outputs overflow" },
	{ ZERO_OUTPUT, "output 1 of operation at index 0 has the value 0" },
	{ NO_INPUT, "operation at index 0 has no inputs" },
	{ INCLUDED, "is already included" },
	{ WRONG_PARENT, "but the channel's tip is" },
	{ NO_CHANNEL, "does not exist: its first inscription has parent zero" },
	{ CHANNEL_TAKEN, "names parent 00000000" },
	{ WRONG_SIGNER, "is not accredited on channel" },
};

static void test_tx_refusals(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r, 5);
	struct id32 note = fixture_note_of(r.c, &r.wallet[0].pk);
	struct tx *paid = fixture_pay(&r.wallet[0], &note, 100, &r.wallet[1].pk);
	struct tx *first = fixture_inscribe(&r.wallet[0], 1, NULL, "first");
	struct tx *both[2] = { tx_copy(paid), tx_copy(first) };
	struct block *b = fixture_block(r.c, &r.g.id, 1, &r.leader[0], both, 2);
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);
	struct id32 tip = b->id;
	for (size_t i = 0; i < ARRAY_LEN(bad_txs); i++) {
		/* in a block, behind a good one that must be taken back */
		struct id32 note1 = fixture_note_of(r.c, &r.wallet[1].pk);
		struct tx *txs[2] = {
			fixture_pay(&r.wallet[1], &note1, 100, &r.wallet[0].pk),
			make_bad(&r, bad_txs[i].kind, paid, first),
		};
		b = fixture_block(r.c, &tip, 2 + i, &r.leader[0], txs, 2);
		struct block *again = fixture_block_copy(b);
		expect_invalid(&r, b, bad_txs[i].text);
		assert_int_equal(add(&r, again, NULL), CHAIN_INVALID);
		/* and by itself */
		struct err err = { 0 };
		struct tx *bad = make_bad(&r, bad_txs[i].kind, paid, first);
		assert_int_equal(chain_submit(r.c, bad, true, NOW, &err), MEMPOOL_REFUSED);
		if (!strstr(err.text, bad_txs[i].text))
			fail_msg("case %zu: \"%s\"", i, err.text);
		assert_int_equal(chain_pending(r.c), 0);
	}
	tx_free(paid);
	tx_free(first);
	rig_release(&r);
}

static void test_children_of_invalid_blocks(void **state)
{
	(void)state;
	struct rig r;
	struct id32 tip, side;
	rig_init(&r, 8);
	grow(&r, &r.g.id, 3, 0, &tip);
	const struct chain_entry before = chain_tip(r.c);
	/* a side branch whose first block is bad: found out when it would win */
	struct id32 note = { { 9 } };
	struct tx *bad = fixture_pay(&r.wallet[0], &note, 100, &r.wallet[1].pk);
	struct block *b = fixture_block(r.c, &r.g.id, 1, &r.leader[1], &bad, 1);
	struct id32 first = b->id;
	assert_int_equal(add(&r, b, NULL), CHAIN_SIDE);
	assert_int_equal(grow(&r, &first, 2, 1, &side), CHAIN_SIDE);
	b = fixture_block(r.c, &side, 5, &r.leader[1], NULL, 0);
	struct block *late = fixture_block(r.c, &side, 6, &r.leader[2], NULL, 0);
	expect_invalid(&r, b, "transaction 0: unknown input");
	assert_tip(&r, &before.id, 3);
	expect_invalid(&r, late, "descends from the invalid block");
	struct chain_entry e;
	assert_true(chain_has(r.c, &first));
	assert_false(chain_find(r.c, &first, &e));
	/* the old branch goes on */
	assert_int_equal(grow(&r, &tip, 1, 0, &tip), CHAIN_NEW_TIP);
	rig_release(&r);
}

/* --- reorganisation ----------------------------------------------------------------- */

static void test_reorg_returns_transactions(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r, 8);
	struct id32 note0 = fixture_note_of(r.c, &r.wallet[0].pk);
	struct id32 note1 = fixture_note_of(r.c, &r.wallet[1].pk);
	struct tx *pay0 = fixture_pay(&r.wallet[0], &note0, 100, &r.wallet[2].pk);
	struct id32 got = fixture_output(pay0, 0);
	struct tx *onward = fixture_pay(&r.wallet[2], &got, 100, &r.wallet[3].pk);
	struct tx *pay1 = fixture_pay(&r.wallet[1], &note1, 100, &r.wallet[2].pk);
	struct tx *rival = fixture_pay(&r.wallet[1], &note1, 100, &r.wallet[3].pk);
	struct tx *said = fixture_inscribe(&r.wallet[0], 1, NULL, "hello");
	struct id32 h0 = pay0->hash, h1 = pay1->hash, h2 = onward->hash, h3 = said->hash,
		    h4 = rival->hash;

	struct tx *in1[2] = { pay0, pay1 }, *in2[2] = { onward, said };
	struct block *b = fixture_block(r.c, &r.g.id, 1, &r.leader[0], in1, 2);
	struct id32 first = b->id, where;
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);
	b = fixture_block(r.c, &first, 2, &r.leader[0], in2, 2);
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);
	assert_true(chain_find_tx(r.c, &h0, &where) && id32_eq(&where, &first));

	b = fixture_block(r.c, &r.g.id, 1, &r.leader[1], &rival, 1);
	struct id32 other = b->id, channel = { { 0xcc, 1 } }, tip;
	assert_int_equal(add(&r, b, NULL), CHAIN_SIDE);
	assert_int_equal(grow(&r, &other, 2, 1, &tip), CHAIN_NEW_TIP);
	assert_true(r.seen.depth == 2);
	/* all but the one that the rival made impossible are pending again, in order */
	assert_int_equal(chain_pending(r.c), 3);
	assert_true(chain_is_pending(r.c, &h0) && chain_is_pending(r.c, &h2) &&
		    chain_is_pending(r.c, &h3));
	assert_false(chain_is_pending(r.c, &h1));
	assert_false(chain_find_tx(r.c, &h0, &where));
	assert_true(chain_find_tx(r.c, &h4, &where) && id32_eq(&where, &other));
	assert_false(chain_channel_tip(r.c, &channel, &where));
	struct chain_note *notes;
	assert_int_equal(chain_notes_of(r.c, &r.wallet[3].pk, &notes), 2);
	free(notes);

	b = chain_propose(r.c, &r.leader[2], 7);
	assert_non_null(b);
	assert_int_equal(b->n_txs, 3);
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);
	assert_int_equal(chain_pending(r.c), 0);
	assert_true(chain_channel_tip(r.c, &channel, &where));
	rig_release(&r);
}

/* --- leading ------------------------------------------------------------------------ */

static void test_propose(void **state)
{
	(void)state;
	const struct fixture_params p = { { 10, 10 }, 1, 5, 4, 0.5 };
	struct genesis g;
	fixture_genesis(&p, &g);
	struct chain *c = chain_new(&g, NULL);
	struct tx_key key[2] = { fixture_key(1), fixture_key(2) }, poor = fixture_key(101);
	unsigned filled = 0;
	/* five epochs: the nonce must be the same for the leader and the check */
	for (uint64_t slot = 1; slot < 5 * genesis_epoch_slots(&g); slot++) {
		bool any = false;
		assert_null(chain_propose(c, &poor, slot));
		for (unsigned i = 0; i < 2 && !any; i++) {
			struct err err = { 0 };
			struct block *b = chain_propose(c, &key[i], slot);
			if (!b)
				continue;
			any = true;
			if (chain_add_block(c, b, slot, &err) != CHAIN_NEW_TIP)
				fail_msg("slot %llu: %s", (unsigned long long)slot, err.text);
			assert_null(chain_propose(c, &key[i], slot));
		}
		filled += any;
	}
	assert_true(filled > 150 && filled < 250); /* of 399 at f = 0.5 */
	assert_true(chain_lib(c).height == chain_tip(c).height - 4);
	chain_free(c);
	genesis_release(&g);
}

static void test_propose_respects_limits(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r, 8);
	static char text[TX_MAX_INSCRIPTION + 1];
	memset(text, 'x', TX_MAX_INSCRIPTION);
	for (unsigned i = 0; i < 20; i++) {
		struct tx *tx = fixture_inscribe(&r.wallet[0], i, NULL, text);
		assert_int_equal(chain_submit(r.c, tx, true, 1, NULL), MEMPOOL_ADDED);
	}
	struct block *b = chain_propose(r.c, &r.leader[0], 1);
	assert_int_equal(b->n_txs, 15); /* 16 of 64 KiB and their frames are above 1 MiB */
	assert_true(b->encoded_len <= BLOCK_MAX_ENCODED);
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);
	assert_int_equal(chain_pending(r.c), 5);
	b = chain_propose(r.c, &r.leader[0], 2);
	assert_int_equal(b->n_txs, 5);
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);

	struct id32 parent = { { 0 } };
	for (unsigned i = 0; i < BLOCK_MAX_TXS + 10; i++) {
		struct tx *tx = fixture_inscribe(&r.wallet[1], 200, i ? &parent : NULL, "y");
		tx_message_id(&tx->ops[0].u.inscribe, &parent);
		assert_int_equal(chain_submit(r.c, tx, true, 1, NULL), MEMPOOL_ADDED);
	}
	b = chain_propose(r.c, &r.leader[0], 3);
	assert_int_equal(b->n_txs, BLOCK_MAX_TXS);
	assert_int_equal(add(&r, b, NULL), CHAIN_NEW_TIP);
	assert_int_equal(chain_pending(r.c), 10);
	rig_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_genesis_state),
		cmocka_unit_test(test_fork_choice),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_branches_below_lib_are_dropped),
		cmocka_unit_test(test_each_gives_parents_first),
		cmocka_unit_test(test_side_branches_are_bounded),
		cmocka_unit_test(test_header_refusals),
		cmocka_unit_test(test_tx_refusals),
		cmocka_unit_test(test_children_of_invalid_blocks),
		cmocka_unit_test(test_reorg_returns_transactions),
		cmocka_unit_test(test_propose),
		cmocka_unit_test(test_propose_respects_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
