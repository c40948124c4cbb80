/*
 * What operators change about the transactions workload while it runs: rate,
 * hold, bursts, the end of the drive phase. On a virtual clock; every run here
 * ends with counts that balance and nothing sent twice (see tx_bench.h).
 * Planned: 4 a second for 30 s, 120 in all.
 */
#include "../lib/tx_bench.h"

#include "workloads/tx_warp.h"

/* How many left in [from, to), from the start of the drive phase. */
static size_t sent_between(uint64_t from_ms, uint64_t to_ms)
{
	size_t n = 0;
	for (size_t i = 0; i < cl.sent_at.len; i++)
		n += cl.sent_at.items[i] >= from_ms * NS_PER_MS &&
		     cl.sent_at.items[i] < to_ms * NS_PER_MS;
	return n;
}

static void run_with(struct bench *b, int kind, int arrival, const struct change_at *changes)
{
	bench_init(b);
	b->config.kind = kind;
	b->config.arrival = arrival;
	b->changes = changes;
	bench_run(b);
}

/* All that were to be sent were sent and are in a block, about so many. */
static void expect_all_included(uint64_t least, uint64_t most)
{
	assert_in_range(cl.counts.planned, least, most);
	assert_int_equal(cl.counts.included, cl.counts.planned);
	assert_int_equal(cl.sent_at.len, cl.counts.planned);
}

static void rate(void **state)
{
	(void)state;
	static const struct {
		struct change_at changes[4];
		uint64_t want;
	} rows[] = {
		{ { { 10000, CHANGE_RATE, 8 } }, 40 + 160 },
		{ { { 10000, CHANGE_RATE, 0.4 } }, 40 + 8 },
		{ { { 10000, CHANGE_RATE, 12 }, { 20000, CHANGE_RATE, 4 } }, 40 + 120 + 40 },
		{ { { 10000, CHANGE_RATE, 4 } }, 120 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int kind = TX_KIND_TRANSFER; kind <= TX_KIND_MIX; kind++) {
			struct bench b;
			run_with(&b, kind, TX_ARRIVAL_CONSTANT, rows[i].changes);
			expect_all_included(rows[i].want - 1, rows[i].want + 1);
			assert_int_equal(sent_between(0, 10000), 40);
			/* on time by the changed schedule */
			assert_true(cl.counts.submit_p99_ns < NS_PER_MS);
			run_with(&b, kind, TX_ARRIVAL_POISSON, rows[i].changes);
			expect_all_included(rows[i].want * 3 / 4, rows[i].want * 5 / 4);
		}
	}
}

static void rate_is_reported(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 9500, CHANGE_RATE, 7 },
		{ 14500, CHANGE_HOLD, 0 }, { 19500, CHANGE_RELEASE, 0 }, { 0 } };
	struct bench b;
	run_with(&b, TX_KIND_INSCRIBE, TX_ARRIVAL_CONSTANT, changes);
	assert_float_equal(cl.target_rates[7], 4, 1e-9);
	assert_float_equal(cl.target_rates[11], 7, 1e-9);
	assert_float_equal(cl.target_rates[16], 0, 1e-9);
	assert_float_equal(cl.target_rates[21], 7, 1e-9);
	assert_float_equal(cl.target_rates[cl.reports - 1], 0, 1e-9); /* stopped */
}

static void held(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 10100, CHANGE_HOLD, 0 },
		{ 20100, CHANGE_RELEASE, 0 }, { 0 } };
	for (int kind = TX_KIND_TRANSFER; kind <= TX_KIND_MIX; kind++) {
		struct bench b;
		run_with(&b, kind, TX_ARRIVAL_CONSTANT, changes);
		expect_all_included(80, 80);
		assert_int_equal(sent_between(0, 10100), 41);
		assert_int_equal(sent_between(10100, 20100), 0);
		/* goes on where it stood, without making up for anything */
		assert_in_range(sent_between(20100, 21100), 4, 4);
		assert_true(cl.counts.submit_p99_ns < NS_PER_MS);
	}
}

static void held_to_the_end(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 10100, CHANGE_HOLD, 0 },
		{ 12000, CHANGE_BURST, 30 }, { 0 } };
	struct bench b;
	run_with(&b, TX_KIND_MIX, TX_ARRIVAL_POISSON, changes);
	assert_int_equal(sent_between(10100, 100000), 0);
	assert_int_equal(cl.counts.unsent, 0);
	assert_int_equal(cl.counts.planned, cl.sent_at.len);
}

static void burst(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 10100, CHANGE_BURST, 50 },
		{ 15100, CHANGE_BURST, 7 }, { 15200, CHANGE_BURST, 1 }, { 0 } };
	for (int arrival = TX_ARRIVAL_CONSTANT; arrival <= TX_ARRIVAL_POISSON; arrival++) {
		struct bench b;
		run_with(&b, TX_KIND_INSCRIBE, arrival, changes);
		expect_all_included(120 + 58, 120 + 58);
		assert_true(sent_between(10100, 10101) >= 50);
		assert_true(cl.counts.submit_p99_ns < NS_PER_MS);
		if (arrival == TX_ARRIVAL_POISSON)
			continue;
		/* the others keep their times */
		for (uint64_t ms = 0; ms < 30000; ms += 250)
			assert_int_equal(sent_between(ms, ms + 1), 1);
	}
}

/* A user's note is spent once per settled block: what cannot be sent waits, and is late. */
static void burst_of_transfers(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 10100, CHANGE_BURST, 60 }, { 0 } };
	struct bench b;
	run_with(&b, TX_KIND_TRANSFER, TX_ARRIVAL_CONSTANT, changes);
	expect_all_included(180, 180);
	assert_in_range(sent_between(10100, 10200), 5, N_WALLETS);
	assert_true(cl.counts.submit_p99_ns > NS_PER_S);
}

static void burst_beyond_what_may_be_in_flight(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 10100, CHANGE_BURST, 300 }, { 0 } };
	struct bench b;
	bench_init(&b);
	b.config.kind = TX_KIND_INSCRIBE;
	b.config.max_in_flight = 50;
	b.changes = changes;
	bench_run(&b);
	expect_all_included(420, 420);
	assert_in_range(sent_between(10100, 10101), 48, 50);
	assert_true(cl.counts.submit_p99_ns > NS_PER_S);
}

static void burst_while_held(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 10100, CHANGE_HOLD, 0 },
		{ 12000, CHANGE_BURST, 30 }, { 15100, CHANGE_RELEASE, 0 }, { 0 } };
	struct bench b;
	run_with(&b, TX_KIND_INSCRIBE, TX_ARRIVAL_CONSTANT, changes);
	expect_all_included(100 + 30, 100 + 30);
	assert_int_equal(sent_between(10100, 15100), 0);
	assert_int_equal(sent_between(15100, 15101), 30);
	assert_true(cl.counts.submit_p99_ns < NS_PER_MS); /* due when it was released */
}

static void end_moves(void **state)
{
	(void)state;
	static const struct {
		struct change_at changes[4];
		uint64_t end_ms, want;
	} rows[] = {
		{ { { 20000, CHANGE_END, 45000 } }, 45000, 180 },
		{ { { 29900, CHANGE_END, 31000 }, { 30500, CHANGE_END, 40000 } }, 40000, 160 },
		{ { { 20000, CHANGE_RATE, 8 }, { 21000, CHANGE_END, 40000 } }, 40000, 80 + 160 },
		{ { { 10100, CHANGE_END, 10100 } }, 10100, 41 },
		{ { { 10100, CHANGE_END, 15100 } }, 15100, 61 },
		{ { { 10100, CHANGE_END, 10150 } }, 10150, 41 },
		{ { { 10100, CHANGE_END, 15100 }, { 15000, CHANGE_END, 30000 } }, 30000, 120 },
		{ { { 10100, CHANGE_HOLD, 0 }, { 12000, CHANGE_END, 40000 },
			  { 20100, CHANGE_RELEASE, 0 } },
			40000, 120 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int kind = TX_KIND_TRANSFER; kind <= TX_KIND_MIX; kind++) {
			struct bench b;
			struct change_at changes[5] = { { 0 } };
			memcpy(changes, rows[i].changes, sizeof(rows[i].changes));
			run_with(&b, kind, TX_ARRIVAL_CONSTANT, changes);
			expect_all_included(rows[i].want - 1, rows[i].want);
			assert_int_equal(sent_between(rows[i].end_ms, 100000), 0);
			run_with(&b, kind, TX_ARRIVAL_POISSON, changes);
			expect_all_included(rows[i].want * 3 / 4, rows[i].want * 5 / 4);
		}
	}
}

/* What was to be sent until the end that was in force counts as unsent. */
static void cancelled(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 10000, CHANGE_RATE, 8 },
		{ 11000, CHANGE_END, 40000 }, { 14800, CHANGE_BURST, 5 },
		{ 15050, CHANGE_CANCEL, 0 }, { 0 } };
	struct bench b;
	run_with(&b, TX_KIND_INSCRIBE, TX_ARRIVAL_CONSTANT, changes);
	assert_in_range(cl.counts.planned, 40 + 240 + 5 - 1, 40 + 240 + 5 + 1);
	assert_int_equal(cl.sent_at.len, 40 + 41 + 5);
	assert_int_equal(cl.counts.unsent, cl.counts.planned - cl.sent_at.len);
}

/* "judge": the drive phase is over and nobody waits for outcomes, both at once. */
static void ended_and_cancelled(void **state)
{
	(void)state;
	static const struct change_at changes[] = { { 15050, CHANGE_END, 15050 },
		{ 15050, CHANGE_CANCEL, 0 }, { 0 } };
	for (int i = 0; i < 20; i++) {
		struct bench b;
		run_with(&b, TX_KIND_INSCRIBE, TX_ARRIVAL_CONSTANT, changes);
		assert_int_equal(cl.counts.planned, 61);
		assert_int_equal(cl.sent_at.len, 61);
		assert_int_equal(cl.counts.unsent, 0);
	}
}

/* Whatever people do. */
static void anything(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct bench b;
		struct rng rng;
		struct change_at changes[41] = { { 0 } };
		uint64_t at_ms = 0;
		rng_init(&rng, seed);
		for (size_t i = 0; i + 1 < ARRAY_LEN(changes); i++) {
			at_ms += 1 + rng_below(&rng, 1000);
			struct change_at *c = &changes[i];
			*c = (struct change_at){ at_ms, (enum change)rng_below(&rng, 5), 0 };
			if (c->what == CHANGE_RATE)
				c->value = rng_unit(&rng) * 40 + 0.01;
			else if (c->what == CHANGE_BURST)
				c->value = (double)rng_below(&rng, 40);
			else if (c->what == CHANGE_END)
				c->value = (double)(at_ms + rng_below(&rng, 20000));
		}
		bench_init(&b);
		b.config.kind = (int)(seed % 3);
		b.config.arrival = (int)(seed % 2);
		b.config.max_in_flight = seed % 4 ? 200000 : 20;
		b.changes = changes;
		bench_run(&b);
		assert_int_equal(cl.counts.rejected, 0);
		assert_int_equal(cl.counts.included, cl.sent_at.len);
	}
}

/* --- parts --------------------------------------------------------------------------------- */

static void warp(void **state)
{
	(void)state;
	struct tx_warp w;
	tx_warp_init(&w, 1000);
	assert_int_equal(tx_warp_clock(&w, 0), 1000);
	assert_int_equal(tx_warp_clock(&w, 77), 1077);
	tx_warp_turn(&w, 1100, 2); /* at 100 */
	tx_warp_turn(&w, 1200, 0); /* at 300 */
	assert_int_equal(tx_warp_clock(&w, 99), 1099);
	assert_int_equal(tx_warp_clock(&w, 200), 1150);
	assert_int_equal(tx_warp_clock(&w, 300), 1200);
	assert_true(tx_warp_clock(&w, 301) == CLOCK_NEVER);
	assert_int_equal(tx_warp_pos(&w, 5000), 300);
	tx_warp_turn(&w, 2000, 1);
	assert_int_equal(tx_warp_clock(&w, 300), 1200); /* was due before it stood still */
	assert_int_equal(tx_warp_clock(&w, 310), 2010);
	assert_int_equal(tx_warp_pos(&w, 2500), 800);
	tx_warp_forget(&w, 150);
	assert_int_equal(tx_warp_clock(&w, 200), 1150);
	tx_warp_forget(&w, 301);
	assert_int_equal(w.legs.len, 1);
	assert_int_equal(tx_warp_clock(&w, 310), 2010);
	tx_warp_turn(&w, 3000, 1e-300);
	assert_true(tx_warp_clock(&w, 5000) == CLOCK_NEVER);
	tx_warp_turn(&w, 4000, 1e300);
	assert_true(tx_warp_clock(&w, 1000000) >= 4000);
	assert_true(tx_warp_pos(&w, 100000) > NS_PER_S);
	tx_warp_release(&w);
}

/* The planned slots are the same ones; the rest goes on at the planned rate. */
static void schedule_goes_on(void **state)
{
	(void)state;
	for (int arrival = TX_ARRIVAL_CONSTANT; arrival <= TX_ARRIVAL_POISSON; arrival++) {
		struct bench b;
		struct tx_schedule plain, open;
		struct tx_slot want, slot = { 0 };
		bench_init(&b);
		b.config.kind = TX_KIND_MIX;
		b.config.arrival = arrival;
		b.config.rate = 50;
		bench_plan(&b, 3);
		tx_schedule_init(&plain, b.plan_data);
		tx_schedule_init(&open, b.plan_data);
		open.open = true;
		while (tx_schedule_next(&plain, &want)) {
			assert_true(tx_schedule_next(&open, &slot));
			assert_memory_equal(&slot, &want, sizeof(slot));
		}
		uint64_t last = DRIVE_NS, first = slot.seq + 1, transfers = 0;
		for (uint64_t i = 0; i < 3000; i++) {
			if (i == 1000)
				tx_schedule_extra(&open, &slot);
			assert_true(tx_schedule_next(&open, &slot));
			assert_int_equal(slot.seq, first + i + (i >= 1000));
			assert_true(slot.due_ns >= last);
			last = slot.due_ns;
			transfers += slot.transfer;
		}
		assert_in_range(last, DRIVE_NS * 19 / 10, DRIVE_NS * 21 / 10);
		assert_in_range(transfers, 1300, 1700);
		bench_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate),
		cmocka_unit_test(rate_is_reported),
		cmocka_unit_test(held),
		cmocka_unit_test(held_to_the_end),
		cmocka_unit_test(burst),
		cmocka_unit_test(burst_of_transfers),
		cmocka_unit_test(burst_beyond_what_may_be_in_flight),
		cmocka_unit_test(burst_while_held),
		cmocka_unit_test(end_moves),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(ended_and_cancelled),
		cmocka_unit_test(anything),
		cmocka_unit_test(warp),
		cmocka_unit_test(schedule_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
