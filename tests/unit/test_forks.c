/*
 * Random block trees, delivered out of order and more than once, with good and
 * bad transactions, against a reference that knows no undo, no index and no
 * epoch memo: it recomputes everything from genesis after every block.
 */
#include <stdio.h>

#include "chain_fixture.h"

#define MAX_BLOCKS 260
#define N_LEADERS  3
#define N_WALLETS  5
#define N_CHANNELS 3
#define SECURITY   4

/* --- reference ledger --------------------------------------------------------------- */

struct ref_note {
	struct id32 id, pk;
	uint64_t value;
	bool spent, stake;
};

struct ref_state {
	VEC(struct ref_note) notes;
	VEC(struct id32) txs;
	struct {
		bool exists;
		struct id32 tip, signer;
	} channels[N_CHANNELS];
};

struct ref_block {
	struct block *b; /* NULL: genesis */
	size_t parent;
	uint64_t slot, height;
	bool present, invalid;
};

struct world {
	struct genesis g;
	struct chain *c;
	struct rng rng;
	struct tx_key leader[N_LEADERS], wallet[N_WALLETS];
	struct ref_block blocks[MAX_BLOCKS];
	size_t n, tip;
	uint64_t lib_height;
	unsigned results[CHAIN_TOO_OLD + 1];
	unsigned reorgs, failed_reorgs, returned;
};

static void ref_release(struct ref_state *s)
{
	vec_free(&s->notes);
	vec_free(&s->txs);
}

static struct ref_note *ref_find(struct ref_state *s, const struct id32 *id)
{
	for (size_t i = 0; i < s->notes.len; i++) {
		if (id32_eq(&s->notes.items[i].id, id))
			return &s->notes.items[i];
	}
	return NULL;
}

static bool ref_apply(struct ref_state *s, const struct tx *tx)
{
	for (size_t i = 0; i < s->txs.len; i++) {
		if (id32_eq(&s->txs.items[i], &tx->hash))
			return false;
	}
	vec_push(&s->txs, tx->hash);
	const struct tx_op *op = &tx->ops[0];
	if (op->opcode == TX_OP_INSCRIBE) {
		const struct tx_inscribe *ins = &op->u.inscribe;
		size_t ch = ins->channel.b[1];
		struct id32 expected = { { 0 } };
		if (s->channels[ch].exists) {
			expected = s->channels[ch].tip;
			if (!id32_eq(&s->channels[ch].signer, &ins->signer))
				return false;
		}
		if (!id32_eq(&expected, &ins->parent))
			return false;
		s->channels[ch].exists = true;
		s->channels[ch].signer = ins->signer;
		tx_message_id(ins, &s->channels[ch].tip);
		return true;
	}
	uint64_t in = 0, out = 0;
	for (size_t i = 0; i < op->u.transfer.n_inputs; i++) {
		struct ref_note *n = ref_find(s, &op->u.transfer.inputs[i]);
		if (!n || n->spent || n->stake)
			return false;
		n->spent = true;
		in += n->value;
	}
	for (size_t i = 0; i < op->u.transfer.n_outputs; i++) {
		const struct tx_output *o = &op->u.transfer.outputs[i];
		struct ref_note n = { fixture_output(tx, (uint32_t)i), o->pk, o->value, false,
			false };
		vec_push(&s->notes, n);
		out += o->value;
	}
	return in == out;
}

static void ref_genesis(const struct world *w, struct ref_state *s)
{
	struct id32 op, id;
	memset(s, 0, sizeof(*s));
	genesis_op_id(&w->g, &op);
	for (size_t i = 0; i < w->g.n_stakes + w->g.n_notes; i++) {
		bool stake = i < w->g.n_stakes;
		const struct tx_output *o =
			stake ? &w->g.stakes[i] : &w->g.notes[i - w->g.n_stakes];
		tx_note_id(&op, (uint32_t)i, o, &id);
		struct ref_note n = { id, o->pk, o->value, false, stake };
		vec_push(&s->notes, n);
	}
}

/* State after the block, from genesis; the first block that does not apply, or SIZE_MAX. */
static size_t ref_replay(const struct world *w, size_t at, struct ref_state *s)
{
	size_t path[MAX_BLOCKS], n = 0;
	for (; at != 0; at = w->blocks[at].parent)
		path[n++] = at;
	ref_genesis(w, s);
	while (n-- > 0) {
		const struct block *b = w->blocks[path[n]].b;
		for (size_t i = 0; i < b->n_txs; i++) {
			if (!ref_apply(s, b->txs[i]))
				return path[n];
		}
	}
	return SIZE_MAX;
}

/* --- reference tree ----------------------------------------------------------------- */

/* Height at which the branch leaves the path from genesis to the tip. */
static uint64_t ref_fork_height(const struct world *w, size_t at)
{
	size_t a = at, b = w->tip;
	while (a != b) {
		if (w->blocks[a].height >= w->blocks[b].height)
			a = w->blocks[a].parent;
		else
			b = w->blocks[b].parent;
	}
	return w->blocks[a].height;
}

static enum chain_result ref_add(struct world *w, size_t at)
{
	struct ref_block *rb = &w->blocks[at], *parent = &w->blocks[rb->parent];
	if (rb->present)
		return rb->invalid ? CHAIN_INVALID : CHAIN_KNOWN;
	if (!parent->present)
		return CHAIN_ORPHAN;
	if (ref_fork_height(w, rb->parent) < w->lib_height)
		return CHAIN_TOO_OLD;
	if (parent->invalid)
		return CHAIN_INVALID;
	rb->present = true;
	if (rb->height <= w->blocks[w->tip].height)
		return CHAIN_SIDE;
	struct ref_state s;
	size_t bad = ref_replay(w, at, &s);
	ref_release(&s);
	if (bad != SIZE_MAX) {
		w->failed_reorgs += rb->parent != w->tip;
		w->blocks[bad].invalid = true;
		for (size_t i = 1; i < w->n; i++) {
			if (w->blocks[i].present && w->blocks[w->blocks[i].parent].invalid)
				w->blocks[i].invalid = true;
		}
		return CHAIN_INVALID;
	}
	w->reorgs += rb->parent != w->tip;
	w->tip = at;
	if (rb->height > SECURITY)
		w->lib_height = rb->height - SECURITY;
	for (size_t i = 1; i < w->n; i++) {
		uint64_t fork = ref_fork_height(w, i);
		if (fork < w->lib_height && fork < w->blocks[i].height)
			w->blocks[i].present = false;
	}
	return CHAIN_NEW_TIP;
}

static struct id32 ref_nonce(const struct world *w, size_t parent, uint64_t slot)
{
	uint64_t len = 10 * SECURITY; /* f is 1 */
	struct id32 nonce = w->g.epoch_nonce;
	for (uint64_t e = 0; e < slot / len; e++) {
		size_t at = parent;
		while (at != 0 && w->blocks[at].slot >= e * len + len * 7 / 10)
			at = w->blocks[at].parent;
		bool inside = w->blocks[at].slot >= e * len;
		lottery_next_nonce(&nonce, inside ? (at ? &w->blocks[at].b->id : &w->g.id) : NULL);
	}
	return nonce;
}

/* --- making blocks ------------------------------------------------------------------ */

static const struct tx_key *key_of(const struct world *w, const struct id32 *pk)
{
	for (size_t i = 0; i < N_WALLETS; i++) {
		if (id32_eq(&w->wallet[i].pk, pk))
			return &w->wallet[i];
	}
	return &w->leader[0];
}

static struct tx *random_transfer(struct world *w, const struct ref_note *n)
{
	struct tx_output out[2];
	uint64_t first = rng_range(&w->rng, 1, n->value);
	out[0] = (struct tx_output){ first, w->wallet[rng_below(&w->rng, N_WALLETS)].pk };
	out[1] =
		(struct tx_output){ n->value - first, w->wallet[rng_below(&w->rng, N_WALLETS)].pk };
	if (rng_below(&w->rng, 25) == 0)
		out[0].value++; /* does not balance */
	return fixture_transfer(key_of(w, &n->pk), &n->id, 1, out, out[1].value ? 2 : 1);
}

/* Mostly applies to the state. NULL: no luck. */
static struct tx *random_tx(struct world *w, const struct ref_state *s)
{
	if (rng_below(&w->rng, 4) == 0) {
		unsigned ch = (unsigned)rng_below(&w->rng, N_CHANNELS);
		bool exists = s->channels[ch].exists != (rng_below(&w->rng, 25) == 0);
		return fixture_inscribe(&w->wallet[rng_below(&w->rng, 20) == 0 ? 4 : ch], ch,
			exists ? &s->channels[ch].tip : NULL,
			rng_below(&w->rng, 2) ? "ping" : "pong");
	}
	for (int i = 0; i < 10; i++) {
		const struct ref_note *n = &s->notes.items[rng_below(&w->rng, s->notes.len)];
		bool may_be_bad = rng_below(&w->rng, 60) == 0;
		if ((!n->spent && !n->stake) || may_be_bad)
			return random_transfer(w, n);
	}
	return NULL;
}

static size_t pick_parent(struct world *w)
{
	uint64_t dice = rng_below(&w->rng, 100);
	if (dice < 20)
		return w->tip;
	if (dice < 70)
		return w->n - 1; /* one branch grows for a while and may overtake */
	if (dice < 95)
		return w->n - 1 - (size_t)rng_below(&w->rng, MIN(w->n, 10));
	return (size_t)rng_below(&w->rng, w->n);
}

static void finish_block(struct world *w, size_t parent, uint64_t slot, struct block *b)
{
	const struct ref_block *p = &w->blocks[parent];
	const struct tx_key *leader = &w->leader[rng_below(&w->rng, N_LEADERS)];
	struct id32 nonce = ref_nonce(w, parent, slot);
	assert_true(lottery_wins(&w->g, &nonce, slot, 10, leader, b->header.proof));
	b->header.parent = p->b ? p->b->id : w->g.id;
	b->header.slot = slot;
	block_seal(b, leader);
}

static size_t make_block(struct world *w)
{
	size_t parent = pick_parent(w);
	const struct ref_block *p = &w->blocks[parent];
	uint64_t slot = p->slot + rng_range(&w->rng, 1, rng_below(&w->rng, 20) ? 3 : 60);
	struct block *b = NULL;
	if (parent == w->tip && rng_below(&w->rng, 2)) {
		b = chain_propose(w->c, &w->leader[0], slot);
		assert_non_null(b);
	} else {
		struct ref_state s;
		b = block_new();
		b->txs = xcalloc(3, sizeof(struct tx *));
		ref_replay(w, parent, &s);
		for (uint64_t i = rng_below(&w->rng, 4); i > 0; i--) {
			struct tx *tx = random_tx(w, &s);
			if (!tx)
				continue;
			bool twice = false;
			for (size_t k = 0; k < b->n_txs; k++)
				twice |= id32_eq(&b->txs[k]->hash, &tx->hash);
			if (twice) {
				tx_free(tx);
				continue;
			}
			ref_apply(&s, tx);
			b->txs[b->n_txs++] = tx;
		}
		ref_release(&s);
		finish_block(w, parent, slot, b);
	}
	/* an empty block of the same leader, parent and slot is the same block */
	for (size_t i = 1; i < w->n; i++) {
		if (id32_eq(&w->blocks[i].b->id, &b->id)) {
			block_free(b);
			return i;
		}
	}
	w->blocks[w->n] = (struct ref_block){
		.b = b, .parent = parent, .slot = slot, .height = p->height + 1
	};
	return w->n++;
}

/* --- comparing ---------------------------------------------------------------------- */

static struct ref_state *pool_state;

static void apply_pending(const struct tx *tx, void *arg)
{
	(void)arg;
	assert_true(ref_apply(pool_state, tx));
}

static void compare_wallet(struct world *w, struct ref_state *s, const struct id32 *pk)
{
	struct chain_note *notes;
	size_t n = chain_notes_of(w->c, pk, &notes), expected = 0;
	bool ever = false;
	for (size_t i = 0; i < s->notes.len; i++) {
		const struct ref_note *note = &s->notes.items[i];
		if (!id32_eq(&note->pk, pk))
			continue;
		ever = true;
		expected += !note->spent && !note->stake;
	}
	assert_int_equal(n, expected);
	assert_int_equal(chain_knows_key(w->c, pk), ever);
	for (size_t i = 0; i < n; i++) {
		const struct ref_note *note = ref_find(s, &notes[i].id);
		assert_true(note && !note->spent && note->value == notes[i].value);
	}
	free(notes);
}

static void count_entry(const struct chain_entry *e, void *arg)
{
	(void)e;
	size_t *n = arg;
	++*n;
}

static void compare(struct world *w)
{
	struct ref_state s;
	const struct chain_entry tip = chain_tip(w->c), lib = chain_lib(w->c);
	const struct ref_block *t = &w->blocks[w->tip];
	assert_true(id32_eq(&tip.id, t->b ? &t->b->id : &w->g.id));
	assert_int_equal(lib.height, w->lib_height);
	assert_int_equal(ref_replay(w, w->tip, &s), SIZE_MAX);
	assert_true(chain_supply(w->c) == w->g.total_supply);
	assert_true(ledger_recount_supply(w->c->ledger) == w->g.total_supply);
	for (size_t i = 0; i < N_WALLETS; i++)
		compare_wallet(w, &s, &w->wallet[i].pk);
	for (unsigned i = 0; i < N_CHANNELS; i++) {
		const struct id32 channel = { { 0xcc, (uint8_t)i } };
		struct id32 message;
		bool exists = chain_channel_tip(w->c, &channel, &message);
		assert_int_equal(exists, s.channels[i].exists);
		if (exists)
			assert_true(id32_eq(&message, &s.channels[i].tip));
	}
	/* every transaction of every block: found exactly when its block is on the best chain */
	size_t valid = 0, on_path = 0;
	for (size_t i = 1; i < w->n; i++) {
		const struct ref_block *rb = &w->blocks[i];
		bool best = rb->present && ref_fork_height(w, i) == rb->height;
		valid += rb->present && !rb->invalid;
		assert_int_equal(chain_has(w->c, &rb->b->id), rb->present);
		assert_int_equal(chain_is_canonical(w->c, &rb->b->id), best);
		for (size_t k = 0; best && k < rb->b->n_txs; k++) {
			struct id32 where;
			assert_true(chain_find_tx(w->c, &rb->b->txs[k]->hash, &where));
			assert_true(id32_eq(&where, &rb->b->id));
			on_path++;
		}
	}
	assert_int_equal(s.txs.len, on_path);
	size_t entries = 0;
	chain_each(w->c, count_entry, &entries);
	assert_int_equal(entries, valid + 1);
	/* the pool in its order applies to the tip */
	pool_state = &s;
	chain_pending_each(w->c, apply_pending, NULL);
	w->returned += chain_pending(w->c) > 0;
	ref_release(&s);
}

static void deliver(struct world *w, size_t at)
{
	struct err err = { 0 };
	enum chain_result want = ref_add(w, at);
	enum chain_result have =
		chain_add_block(w->c, fixture_block_copy(w->blocks[at].b), 1000000, &err);
	if (have != want)
		fail_msg("block %zu: %d instead of %d: %s", at, have, want, err.text);
	if (have == CHAIN_INVALID)
		assert_true(err.text[0] != '\0');
	w->results[have]++;
	compare(w);
}

static void submit_some(struct world *w)
{
	struct ref_state s;
	ref_replay(w, w->tip, &s);
	struct tx *tx = random_tx(w, &s);
	if (tx)
		chain_submit(w->c, tx, rng_below(&w->rng, 2) != 0, 1000000, NULL);
	ref_release(&s);
}

static void run_world(uint64_t seed, struct world *w)
{
	const struct fixture_params p = { { 10, 10, 10 }, N_WALLETS, 50, SECURITY, 1 };
	fixture_genesis(&p, &w->g);
	w->c = chain_new(&w->g, NULL);
	rng_init(&w->rng, seed);
	for (unsigned i = 0; i < N_LEADERS; i++)
		w->leader[i] = fixture_key(i + 1);
	for (unsigned i = 0; i < N_WALLETS; i++)
		w->wallet[i] = fixture_key(i + 101);
	w->blocks[0] = (struct ref_block){ .present = true };
	w->n = 1;
	w->tip = 0;
	w->lib_height = 0;
	while (w->n < MAX_BLOCKS) {
		if (rng_below(&w->rng, 3) == 0)
			submit_some(w);
		size_t made = make_block(w);
		if (rng_below(&w->rng, 100) < 85)
			deliver(w, made);
		if (rng_below(&w->rng, 100) < 25)
			deliver(w, 1 + (size_t)rng_below(&w->rng, w->n - 1));
	}
	for (size_t i = 1; i < w->n; i++)
		block_free(w->blocks[i].b);
	chain_free(w->c);
	genesis_release(&w->g);
}

static void test_random_trees(void **state)
{
	(void)state;
	static struct world w;
	for (uint64_t seed = 1; seed <= 30; seed++)
		run_world(seed, &w);
	/* all of it really happened */
	for (enum chain_result r = CHAIN_NEW_TIP; r <= CHAIN_TOO_OLD; r++) {
		if (r != CHAIN_FUTURE)
			assert_true(w.results[r] > 10);
	}
	assert_true(w.reorgs > 20 && w.failed_reorgs > 3 && w.returned > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_trees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
