/* consensus_liveness: growth, gaps, lag and silence; and what faults excuse. */
#include "../lib/check_fixture.h"

static void begin(struct fx *f, size_t nodes)
{
	fx_init(f, &consensus_liveness_check, nodes);
	fx_start(f);
}

static void healthy(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &consensus_liveness_check, 3);
	assert_int_equal(fx_peek(&f), VERDICT_PENDING);
	fx_start(&f);
	fx_blocks(&f, 1, 30, -1);
	assert_int_equal(fx_peek(&f), VERDICT_PASSING);
	fx_blocks(&f, 31, 60, -1);
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_PASS, "60 blocks, at least 36 wanted; longest gap");
}

static void nothing_observed(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &consensus_liveness_check, 3);
	fx_expect(&f, VERDICT_UNKNOWN, "before its baseline");

	begin(&f, 3);
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_UNKNOWN, "neither blocks nor answers");
}

/* Nodes answer, but no block comes. */
static void chain_stands(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	fx_blocks(&f, 1, 10, -1);
	for (uint64_t h = 11; h <= 60; h++) {
		for (int i = 0; i < 3; i++)
			fx_sample(&f, i, 10, fx_time(h));
	}
	assert_int_equal(fx_peek(&f), VERDICT_FAILING);
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_FAIL, "from 0:08 on, at most 7.5 s allowed; 10 blocks, at least 36");
}

static void too_few_blocks(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	/* every other slot is empty: no gap is long, but half of the blocks are missing */
	for (uint64_t h = 1; h <= 30; h++) {
		fx_block(&f, h, fx_time(2 * h));
		for (int i = 0; i < 3; i++)
			fx_sample(&f, i, h, fx_time(2 * h));
	}
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_FAIL, "30 blocks, at least 36 wanted (0.6 of 60 expected)");
}

/* With f 0.05 chance alone can make a minute poor in blocks. */
static void few_expected(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &consensus_liveness_check, 3);
	f.scenario.topology.consensus.active_slot_coeff = 0.05;
	fx_start(&f);
	for (uint64_t h = 1; h <= 100; h++)
		fx_sample(&f, (int)(h % 3), 0, fx_time(h));
	fx_end(&f, fx_time(100));
	fx_expect(&f, VERDICT_UNKNOWN, "too few to tell");
}

static void node_stalls(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	fx_blocks(&f, 1, 10, -1);
	for (uint64_t h = 11; h <= 60; h++) {
		fx_blocks(&f, h, h, 2);
		fx_sample(&f, 2, 10, fx_time(h));
	}
	assert_int_equal(fx_peek(&f), VERDICT_FAILING);
	fx_end(&f, fx_time(60));
	fx_expect(
		&f, VERDICT_FAIL, "n2 was up to 50 blocks behind from 0:11 on, at most 5 allowed");
}

/* A node that builds a chain of its own is behind by what it lacks of the real one. */
static void node_on_its_own_branch(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	fx_blocks(&f, 1, 10, -1);
	for (uint64_t h = 11; h <= 60; h++) {
		fx_blocks(&f, h, h, 2);
		fx_block_on(&f, 7, 10, h, fx_time(h));
		fx_sample_at(&f, 2, fx_id(7, h), h, fx_id(0, 0), fx_time(h));
	}
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_FAIL, "n2 was up to 50 blocks behind");
}

/* A fork that can still be resolved is no lag, however it stands at the end. */
static void node_on_a_shallow_branch(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	fx_blocks(&f, 1, 52, -1);
	for (uint64_t h = 53; h <= 60; h++) {
		fx_blocks(&f, h, h, 2);
		fx_block_on(&f, 7, 52, h, fx_time(h));
		fx_sample_at(&f, 2, fx_id(7, h), h, fx_id(0, 0), fx_time(h));
	}
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_PASS, "60 blocks");
}

/* Heights claimed by a node may start again after a crash; ancestry counts. */
static void height_claims_are_ignored(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	for (uint64_t h = 1; h <= 60; h++) {
		fx_blocks(&f, h, h, 2);
		fx_sample_at(&f, 2, fx_id(0, h), 1, fx_id(0, 0), fx_time(h));
	}
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_PASS, "60 blocks");
}

static void silent_node(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	for (uint64_t h = 1; h <= 60; h++) {
		fx_blocks(&f, h, h, 1);
		fx_sample_failed(&f, 1, fx_time(h));
	}
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_FAIL, "n1 gave no answer from 0:03 on");

	/* no sample at all */
	begin(&f, 3);
	fx_blocks(&f, 1, 60, 1);
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_FAIL, "n1 gave no answer in the whole run");
}

static void lag_at_the_end(void **state)
{
	(void)state;
	for (uint64_t behind = 5; behind <= 6; behind++) {
		struct fx f;
		begin(&f, 3);
		fx_blocks(&f, 1, 50, -1);
		fx_blocks(&f, 51, 50 + behind, 2);
		fx_sample(&f, 2, 50, fx_time(50 + behind));
		fx_end(&f, fx_time(50 + behind));
		fx_expect(&f, behind > 5 ? VERDICT_FAIL : VERDICT_PASS,
			behind > 5 ? "n2 was 6 blocks behind at the end, at most 5" : "55 blocks");
	}
}

static void tip_never_moves(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	for (uint64_t h = 1; h <= 4; h++) {
		fx_blocks(&f, h, h, 2);
		fx_sample(&f, 2, 0, fx_time(h));
	}
	fx_end(&f, fx_time(4));
	fx_expect(&f, VERDICT_FAIL, "the tip of n2 never moved while the chain grew by 4 blocks");
}

static void unexpected_death(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	fx_blocks(&f, 1, 20, -1);
	fx_state(&f, 1, NODE_DEAD, false, fx_time(20));
	assert_int_equal(fx_peek(&f), VERDICT_FAILING);
	fx_blocks(&f, 21, 60, 1);
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_FAIL, "n1 died at 0:13 (exit 1)");
}

/* Kills a node at height 20 and has it back, with its fault healed, at height `back`. */
static void kill_and_restart(struct fx *f, int node, uint64_t back, bool chain_goes_on)
{
	fx_blocks(f, 1, 20, -1);
	fx_fault(f, 1, node, false, fx_time(20));
	fx_state(f, node, NODE_STOPPED, true, fx_time(20));
	if (chain_goes_on)
		fx_blocks(f, 21, back, node);
	else
		fx_sample_failed(f, node, fx_time(back) - 1);
	fx_state(f, node, NODE_STARTING, true, fx_time(back));
	fx_state(f, node, NODE_READY, true, fx_time(back));
	fx_fault(f, 1, node, true, fx_time(back));
}

static void restart_is_excused(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	kill_and_restart(&f, 2, 50, true);
	fx_sample(&f, 2, 20, fx_time(50)); /* 30 behind, catching up */
	fx_blocks(&f, 51, 90, -1);
	fx_end(&f, fx_time(90));
	fx_expect(&f, VERDICT_PASS, "times of 1 fault excused");
}

static void restart_without_recovery(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	kill_and_restart(&f, 2, 40, true);
	for (uint64_t h = 41; h <= 90; h++) {
		fx_blocks(&f, h, h, 2);
		fx_sample(&f, 2, 20, fx_time(h));
	}
	fx_end(&f, fx_time(90));
	fx_expect(&f, VERDICT_FAIL, "n2 was up to 70 blocks behind from 0:28 on");
}

/* Without the star's centre no two nodes are linked: nothing can be demanded meanwhile. */
static void centre_of_the_star_is_down(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 4);
	kill_and_restart(&f, 0, 60, false);
	for (uint64_t h = 21; h <= 60; h++) {
		fx_block(&f, h, fx_time(60 + h - 20));
		for (int i = 0; i < 4; i++)
			fx_sample(&f, i, h, fx_time(60 + h - 20));
	}
	fx_end(&f, fx_time(100));
	fx_expect(&f, VERDICT_PASS, "longest gap");
}

/* The chain needs a while to get going again: excused within the grace period only. */
static void grace_after_a_fault(void **state)
{
	(void)state;
	for (int enough = 0; enough < 2; enough++) {
		struct fx f;
		fx_init(&f, &consensus_liveness_check, 4);
		((struct consensus_liveness_config *)fx_config(&f))->grace_ns =
			FX_S(enough ? 20 : 1);
		fx_start(&f);
		kill_and_restart(&f, 0, 60, false);
		for (uint64_t h = 21; h <= 60; h++) {
			fx_block(&f, h, fx_time(92 + h - 20));
			for (int i = 0; i < 4; i++)
				fx_sample(&f, i, h, fx_time(92 + h - 20));
		}
		fx_end(&f, fx_time(132));
		fx_expect(&f, enough ? VERDICT_PASS : VERDICT_FAIL,
			enough ? "longest gap" : "no block for 1");
	}
}

/* But with most of the stake still linked, a standing chain is a failure. */
static void chain_stands_while_a_leaf_is_down(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 4);
	kill_and_restart(&f, 3, 60, false);
	fx_end(&f, fx_time(61));
	fx_expect(&f, VERDICT_FAIL, "no block for 20.5 s from 0:13 on");
}

/* What a link does to it excuses a node only where the link is as good as cut. */
static void links(void **state)
{
	(void)state;
	static const struct {
		unsigned from, to; /* of a star around n0 */
		bool cut;
		uint64_t delay_ms;
		int behind;
		enum verdict want;
		const char *text;
	} rows[] = {
		{ 0, 2, true, 0, 2, VERDICT_PASS, "times of 1 fault excused" },
		{ 2, 0, true, 0, 2, VERDICT_PASS, "times of 1 fault excused" },
		{ 0, 2, false, 3000, 2, VERDICT_PASS, "times of 1 fault excused" },
		{ 0, 2, false, 50, 2, VERDICT_FAIL, "n2 was up to 40 blocks behind" },
		{ 0, 2, true, 0, 1, VERDICT_FAIL, "n1 was up to 40 blocks behind" },
		{ 1, 2, true, 0, 1, VERDICT_FAIL, "n1 was up to 40 blocks behind" },
		{ 0, 1, false, 50, -1, VERDICT_PASS, "90 blocks" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx f;
		begin(&f, 3);
		fx_blocks(&f, 1, 10, -1);
		fx_fault_as(&f, "link", 1, -1, false, fx_time(10));
		fx_link(&f, rows[i].from, rows[i].to, rows[i].cut, FX_MS(rows[i].delay_ms),
			fx_time(10));
		for (uint64_t h = 11; h <= 50; h++) {
			fx_blocks(&f, h, h, rows[i].behind);
			if (rows[i].behind >= 0)
				fx_sample(&f, rows[i].behind, 10, fx_time(h));
		}
		fx_link(&f, rows[i].from, rows[i].to, false, 0, fx_time(50));
		fx_fault_as(&f, "link", 1, -1, true, fx_time(50));
		fx_blocks(&f, 51, 90, -1);
		fx_end(&f, fx_time(90));
		fx_expect(&f, rows[i].want, rows[i].text);
	}
}

/* While the network is in two, nothing is demanded; of it the same as ever afterwards. */
static void partition(void **state)
{
	(void)state;
	for (int recovers = 0; recovers < 2; recovers++) {
		struct fx f;
		begin(&f, 3);
		fx_blocks(&f, 1, 20, -1);
		fx_fault_as(&f, "partition", 1, -1, false, fx_time(20));
		for (unsigned i = 0; i < 2; i++) {
			fx_link(&f, i, 2, true, 0, fx_time(20));
			fx_link(&f, 2, i, true, 0, fx_time(20));
		}
		fx_sample(&f, 2, 20, fx_time(60)); /* and no block at all */
		for (unsigned i = 0; i < 2; i++) {
			fx_link(&f, i, 2, false, 0, fx_time(60));
			fx_link(&f, 2, i, false, 0, fx_time(60));
		}
		fx_fault_as(&f, "partition", 1, -1, true, fx_time(60));
		for (uint64_t h = 61; h <= 120; h++) {
			fx_block_with(&f, fx_id(0, h), fx_id(0, h == 61 ? 20 : h - 1), h - 40, NULL,
				0, fx_time(h));
			for (int i = 0; i < 3; i++)
				fx_sample_at(&f, i, fx_id(0, i < 2 || recovers ? h : 20), h,
					fx_id(0, 0), fx_time(h));
		}
		fx_end(&f, fx_time(120));
		fx_expect(&f, recovers ? VERDICT_PASS : VERDICT_FAIL,
			recovers ? "times of 1 fault excused" : "n2 was up to");
	}
}

/* A run that was ended so early that nothing could have failed says nothing. */
static void ended_early(void **state)
{
	(void)state;
	struct fx f;
	begin(&f, 3);
	fx_blocks(&f, 1, 2, -1);
	fx_end(&f, fx_time(2));
	fx_expect(&f, VERDICT_UNKNOWN, "2 blocks, and only 2.0 were expected: too few to tell");
}

static void never_enough_stake(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &consensus_liveness_check, 3);
	((struct consensus_liveness_config *)fx_config(&f))->min_stake = 0.9;
	fx_state(&f, 1, NODE_STOPPED, true, 0);
	fx_phase(&f, PHASE_BASELINE, true, true, FX_BASELINE);
	fx_blocks(&f, 1, 10, 1);
	fx_end(&f, fx_time(60));
	fx_expect(&f, VERDICT_UNKNOWN, "never enough stake");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy),
		cmocka_unit_test(nothing_observed),
		cmocka_unit_test(chain_stands),
		cmocka_unit_test(too_few_blocks),
		cmocka_unit_test(few_expected),
		cmocka_unit_test(node_stalls),
		cmocka_unit_test(node_on_its_own_branch),
		cmocka_unit_test(node_on_a_shallow_branch),
		cmocka_unit_test(height_claims_are_ignored),
		cmocka_unit_test(silent_node),
		cmocka_unit_test(lag_at_the_end),
		cmocka_unit_test(tip_never_moves),
		cmocka_unit_test(unexpected_death),
		cmocka_unit_test(restart_is_excused),
		cmocka_unit_test(restart_without_recovery),
		cmocka_unit_test(centre_of_the_star_is_down),
		cmocka_unit_test(grace_after_a_fault),
		cmocka_unit_test(chain_stands_while_a_leaf_is_down),
		cmocka_unit_test(links),
		cmocka_unit_test(partition),
		cmocka_unit_test(ended_early),
		cmocka_unit_test(never_enough_stake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
