/*
 * The transactions workload: its plan, and runs of it on a virtual clock
 * against the cluster of tx_bench.h.
 */
#include "../lib/tx_bench.h"

/* --- plan -------------------------------------------------------------------------------- */

static char *plan_text(const struct bench *b)
{
	struct strbuf out = { 0 };
	struct jw w;
	jw_init(&w, &out, 0);
	transactions_workload.plan_to_json(b->plan_data, &w);
	return strbuf_detach(&out);
}

static void plan_comes_from_the_seed(void **state)
{
	(void)state;
	for (int kind = TX_KIND_TRANSFER; kind <= TX_KIND_MIX; kind++) {
		struct bench b;
		bench_init(&b);
		b.config.kind = kind;
		b.config.arrival = TX_ARRIVAL_POISSON;
		bench_plan(&b, 1);
		CLEANUP_FREE char *first = plan_text(&b);
		bench_plan(&b, 1);
		CLEANUP_FREE char *again = plan_text(&b);
		bench_plan(&b, 2);
		CLEANUP_FREE char *other = plan_text(&b);
		assert_string_equal(first, again);
		assert_string_not_equal(first, other);
		bench_release(&b);
	}
}

static void schedule(void **state)
{
	(void)state;
	static const struct {
		double rate;
		int per, arrival, kind;
		uint64_t want;
	} rows[] = {
		{ 5, TX_PER_BLOCK, TX_ARRIVAL_CONSTANT, TX_KIND_TRANSFER, 300 },
		{ 5, TX_PER_SECOND, TX_ARRIVAL_CONSTANT, TX_KIND_MIX, 150 },
		{ 0.05, TX_PER_SECOND, TX_ARRIVAL_CONSTANT, TX_KIND_TRANSFER, 2 },
		{ 1000, TX_PER_SECOND, TX_ARRIVAL_POISSON, TX_KIND_MIX, 30000 },
		{ 7.5, TX_PER_BLOCK, TX_ARRIVAL_POISSON, TX_KIND_INSCRIBE, 450 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct tx_schedule s;
		struct tx_slot slot;
		uint64_t n = 0, last = 0, transfers = 0, early = 0;
		bench_init(&b);
		b.config.rate = rows[i].rate;
		b.config.per = rows[i].per;
		b.config.arrival = rows[i].arrival;
		b.config.kind = rows[i].kind;
		bench_plan(&b, 5);
		tx_schedule_init(&s, b.plan_data);
		while (tx_schedule_next(&s, &slot)) {
			assert_int_equal(slot.seq, n++);
			assert_true(slot.due_ns >= last && slot.due_ns <= DRIVE_NS);
			assert_true(slot.user < N_WALLETS && slot.target < N_NODES);
			last = slot.due_ns;
			transfers += slot.transfer;
			early += slot.due_ns < DRIVE_NS / 2;
		}
		assert_int_equal(n, rows[i].want);
		assert_in_range(early, n * 2 / 5, n * 3 / 5);
		if (rows[i].kind == TX_KIND_MIX)
			assert_in_range(transfers, n * 2 / 5, n * 3 / 5);
		else
			assert_int_equal(transfers, rows[i].kind == TX_KIND_TRANSFER ? n : 0);
		bench_release(&b);
	}
}

static void validation(void **state)
{
	(void)state;
	static const struct {
		double rate;
		uint64_t users, wallets;
		int kind;
		const char *target, *want; /* want NULL: valid */
	} rows[] = {
		{ 1, 0, 20, TX_KIND_TRANSFER, NULL, NULL },
		{ 1, 20, 20, TX_KIND_TRANSFER, "n2", NULL },
		{ 1, 80, 50, TX_KIND_TRANSFER, NULL, "users is 80, but there are only 50 wallets" },
		{ 1, 0, 0, TX_KIND_TRANSFER, NULL, "wallets.count is 0" },
		{ 1, 0, 0, TX_KIND_MIX, NULL, "set kind: inscribe" },
		{ 1, 0, 0, TX_KIND_INSCRIBE, NULL, NULL },
		{ 0.001, 0, 20, TX_KIND_TRANSFER, NULL, "no transaction in the whole run" },
		{ 1e6, 0, 20, TX_KIND_TRANSFER, NULL, "lower rate or run.duration" },
		{ 1, 0, 20, TX_KIND_TRANSFER, "n3",
			"no node is called 'n3'; the topology has n0 to n2" },
		{ 1, 0, 20, TX_KIND_TRANSFER, "n01", "no node is called" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b);
		b.config.rate = rows[i].rate;
		b.config.users = rows[i].users;
		b.config.kind = rows[i].kind;
		b.scenario.n_wallets = rows[i].wallets;
		if (rows[i].target) {
			strlist_release(&b.config.targets);
			strlist_add(&b.config.targets, rows[i].target);
		}
		int rc = transactions_workload.validate(&b.config, &b.scenario, &err);
		assert_int_equal(rc, rows[i].want ? -1 : 0);
		if (rows[i].want && !strstr(err.text, rows[i].want))
			fail_msg("row %zu: %s", i, err.text);
		bench_release(&b);
	}
}

/* --- runs -------------------------------------------------------------------------------- */

static void healthy(void **state)
{
	(void)state;
	for (int forks = 0; forks < 2; forks++) {
		for (int kind = TX_KIND_TRANSFER; kind <= TX_KIND_MIX; kind++) {
			struct bench b;
			bench_init(&b);
			b.config.kind = kind;
			cl.forks = forks;
			bench_run(&b);
			assert_int_equal(cl.counts.planned, 120);
			assert_int_equal(cl.counts.included, 120);
			for (int i = 0; i < N_NODES; i++)
				assert_int_equal(cl.sent_to[i], 40);
			/* sent when due, so the next block has it */
			assert_true(cl.counts.submit_p99_ns < NS_PER_MS);
			assert_true(cl.counts.include_p99_ns <= BLOCK_NS + BLOCK_NS / 10);
			assert_in_range(cl.reports, 30, 34);
		}
	}
}

/* More transfers than the users have notes for: the rest waits, and is late, but goes through. */
static void users_take_turns(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.users = 2;
	bench_run(&b);
	assert_int_equal(cl.counts.rejected, 0);
	assert_int_equal(cl.counts.included, cl.counts.submitted);
	assert_true(cl.counts.unsent > 50 && cl.counts.included > 30);
	assert_true(cl.counts.submit_p99_ns > NS_PER_S); /* from the intended time */
}

static void node_down_is_passed_over(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[1] = NODE_IS_DOWN;
	bench_run(&b);
	assert_int_equal(cl.sent_to[1], 0);
	assert_int_equal(cl.counts.included, 120);
}

static void refused_connection_is_retried(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[2] = NODE_REFUSES;
	bench_run(&b);
	assert_true(cl.sent_to[2] >= 30);
	assert_int_equal(cl.counts.included, 120);
}

static void nobody_to_ask(void **state)
{
	(void)state;
	for (int down = 0; down < 2; down++) {
		struct bench b;
		bench_init(&b);
		for (int i = 0; i < N_NODES; i++)
			cl.kinds[i] = down ? NODE_IS_DOWN : NODE_REFUSES;
		bench_run(&b);
		assert_int_equal(cl.counts.rejected, 120);
		assert_int_equal(cl.sent_to[0], down ? 0 : 120);
		assert_string_equal(cl.reason, down ? TX_NO_NODE_TO_ASK
						       ": none of the targets is up"
						    : TX_NO_NODE_TO_ASK ": connection refused");
	}
}

static void rejected_by_a_node(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[0] = NODE_REJECTS;
	bench_run(&b);
	assert_int_equal(cl.counts.rejected, 40);
	assert_int_equal(cl.counts.included, 80);
	assert_string_equal(cl.reason, "HTTP 422: nope");
}

static void dropped(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[1] = NODE_DROPS;
	bench_run(&b);
	assert_int_equal(cl.dropped_elsewhere, 0);
	assert_true(cl.counts.dropped >= 20);
	/* the users of the dropped ones go on with the note they had */
	assert_int_equal(cl.counts.rejected, 0);
	assert_int_equal(cl.counts.included + cl.counts.dropped, cl.counts.submitted);
}

static void expired(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.kind = TX_KIND_INSCRIBE;
	b.config.expiry_ns = 4 * NS_PER_S;
	cl.kinds[1] = NODE_SITS_ON;
	bench_run(&b);
	assert_int_equal(cl.counts.expired, 40);
	assert_int_equal(cl.counts.included, 80);
}

static void cancelled(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.kind = TX_KIND_INSCRIBE;
	cl.kinds[1] = NODE_SITS_ON;
	static const struct change_at half_way[] = { { DRIVE_NS / 2 / NS_PER_MS, CHANGE_CANCEL, 0 },
		{ 0 } };
	b.changes = half_way;
	bench_run(&b);
	assert_true(cl.counts.unsent > 40 && cl.counts.pending > 0 && cl.counts.included > 20);
}

/* --- notes and branches ------------------------------------------------------------------ */

static void settled_item(struct tx_item *it, void *arg)
{
	(*(unsigned *)arg)++;
	tx_item_free(it);
}

static struct tx_item *next_item(struct tx_source *s)
{
	bool more = true;
	while (!tx_source_peek(s) && more)
		assert_int_equal(tx_source_prepare(s, DRIVE_FROM + DRIVE_NS, &more, NULL), 0);
	return tx_source_take(s);
}

static void add_block(struct tx_source *s, unsigned branch, unsigned parent, uint64_t height)
{
	struct id32 id = { .b = { (uint8_t)branch, (uint8_t)height } };
	struct id32 below = { .b = { (uint8_t)parent, (uint8_t)(height - 1) } };
	tx_source_block(s, &id, &below, height, height);
}

/*
 * A transfer is in block 2 of branch 7; then that branch or another one wins.
 * In that one the transfer comes again, or it does not, for so long that nobody
 * waits any more. The next transfer spends its note, or the one before it.
 */
static void note_follows_the_branch(void **state)
{
	enum { WINS, COMES_AGAIN, FORGOTTEN, LATE, N_WAYS };
	(void)state;
	for (int way = WINS; way < N_WAYS; way++) {
		struct bench b;
		unsigned settled = 0, winner = way == WINS ? 7 : 1, height = 4;
		struct id32 again = { .b = { 1, 9 } };
		bench_init(&b);
		b.config.users = 1;
		bench_plan(&b, 1);
		struct tx_source *s =
			tx_source_new(b.plan_data, &b.plan, DRIVE_FROM, settled_item, &settled);
		struct tx_item *it = next_item(s);
		assert_true(id32_eq(&it->input, &b.wallets[0].note));
		struct id32 output = it->output, hash = it->hash;
		assert_null(next_item(s)); /* one at a time */

		add_block(s, 1, 1, 1);
		it->state = TX_ITEM_INCLUDED;
		it->blocks[0] = (struct id32){ .b = { 7, 2 } };
		it->n_blocks = 1;
		it->seen_ns = 5;
		tx_source_included(s, it);
		add_block(s, 7, 1, 2);
		add_block(s, 1, 1, 2);
		add_block(s, winner, winner, 3);
		assert_int_equal(settled, 0);
		assert_null(next_item(s)); /* one block on top is not enough */
		add_block(s, winner, winner, 4);
		assert_int_equal(settled, way == WINS);
		tx_source_unsettle(s, 6);
		assert_int_equal(settled, 1);

		const struct id32 other = { .b = { 99 } };
		tx_source_seen(s, &other, &again); /* nobody's */
		while (way != WINS && height < 9) {
			assert_null(next_item(s)); /* it may come again */
			add_block(s, 1, 1, ++height);
			add_block(s, 1, 1, height); /* the same one, from another node */
		}
		if (way == COMES_AGAIN)
			tx_source_seen(s, &hash, &again);
		while (way > COMES_AGAIN && height < 14) {
			assert_null(next_item(s));
			add_block(s, 1, 1, ++height);
		}
		if (way == LATE) /* nothing was made of the note before yet */
			tx_source_seen(s, &hash, &again);
		it = next_item(s);
		assert_true(id32_eq(&it->input, way == FORGOTTEN ? &b.wallets[0].note : &output));
		tx_item_free(it);
		tx_source_free(s);
		bench_release(&b);
	}
}

/* A branch loses that was so long that its transfers were settled. */
static void settled_and_undone(void **state)
{
	(void)state;
	struct bench b;
	unsigned settled = 0;
	struct id32 hashes[6], outputs[6];
	bench_init(&b);
	b.config.users = 1;
	bench_plan(&b, 1);
	struct tx_source *s =
		tx_source_new(b.plan_data, &b.plan, DRIVE_FROM, settled_item, &settled);
	add_block(s, 1, 1, 1);
	/* one transfer after the other, in every third block of branch 7 */
	for (unsigned i = 0; i < 6; i++) {
		unsigned height = 2 + 3 * i;
		struct tx_item *it = next_item(s);
		hashes[i] = it->hash;
		outputs[i] = it->output;
		it->state = TX_ITEM_INCLUDED;
		it->blocks[0] = (struct id32){ .b = { 7, (uint8_t)height } };
		it->n_blocks = 1;
		tx_source_included(s, it);
		add_block(s, 7, i == 0 ? 1 : 7, height);
		add_block(s, 7, 7, height + 1);
		add_block(s, 7, 7, height + 2);
		assert_int_equal(settled, i + 1);
	}
	/* the other branch is longer; the next transfer fails, as its note is not there */
	for (unsigned height = 2; height < 22; height++)
		add_block(s, 1, 1, height);
	struct tx_item *it = next_item(s);
	assert_true(id32_eq(&it->input, &outputs[5]));
	tx_source_failed(s, it);
	tx_item_free(it);
	assert_null(next_item(s));
	/* all come again; of the first two nobody knows any more */
	for (unsigned i = 0; i < 6; i++) {
		const struct id32 block = { .b = { 1, (uint8_t)(22 + i) } };
		tx_source_seen(s, &hashes[i], &block);
		add_block(s, 1, 1, 22 + i);
	}
	it = next_item(s);
	assert_non_null(it);
	assert_true(id32_eq(&it->input, &outputs[5]));
	/* and it is no mystery any more where that note comes from */
	tx_source_failed(s, it);
	tx_item_free(it);
	it = next_item(s);
	assert_non_null(it);
	assert_true(id32_eq(&it->input, &outputs[5]));
	tx_item_free(it);
	tx_source_free(s);
	bench_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_comes_from_the_seed),
		cmocka_unit_test(schedule),
		cmocka_unit_test(validation),
		cmocka_unit_test(healthy),
		cmocka_unit_test(users_take_turns),
		cmocka_unit_test(node_down_is_passed_over),
		cmocka_unit_test(refused_connection_is_retried),
		cmocka_unit_test(nobody_to_ask),
		cmocka_unit_test(rejected_by_a_node),
		cmocka_unit_test(dropped),
		cmocka_unit_test(expired),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(note_follows_the_branch),
		cmocka_unit_test(settled_and_undone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
