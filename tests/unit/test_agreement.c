/* agreement: LIBs on one chain, tips that meet; restarts are fine, forks are not. */
#include "../lib/check_fixture.h"

static void healthy(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 3);
	fx_start(&f);
	assert_int_equal(fx_peek(&f), VERDICT_PENDING);
	fx_blocks(&f, 1, 40, -1);
	assert_int_equal(fx_peek(&f), VERDICT_PASSING);
	fx_end(&f, fx_time(40));
	fx_expect(&f, VERDICT_PASS, "all 3 nodes share one chain up to LIB 30");
}

static void nothing(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 3);
	fx_start(&f);
	fx_sample_failed(&f, 0, FX_S(5));
	fx_expect(&f, VERDICT_UNKNOWN, "no node reported");
}

static void older_lib_after_restart(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 3);
	fx_start(&f);
	fx_blocks(&f, 1, 30, -1);
	fx_sample_at(&f, 1, fx_id(0, 25), 25, fx_id(0, 3), fx_time(30));
	fx_blocks(&f, 31, 40, -1);
	fx_expect(&f, VERDICT_PASS, "all 3 nodes");
}

static void lib_on_another_branch(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 3);
	fx_start(&f);
	fx_blocks(&f, 1, 20, 2);
	for (uint64_t h = 6; h <= 20; h++)
		fx_block_on(&f, 7, 5, h, fx_time(20));
	fx_sample_at(&f, 2, fx_id(7, 20), 20, fx_id(7, 9), fx_time(20));
	assert_int_equal(fx_peek(&f), VERDICT_FAILING);
	/* and it stays failed when the node comes back to the chain */
	fx_blocks(&f, 21, 40, -1);
	fx_expect(&f, VERDICT_FAIL, "n2 has 0700..01 (height 9");
}

/* The LIB is heard of before its block is. */
static void lib_placed_later(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 2);
	fx_start(&f);
	fx_blocks(&f, 1, 12, 1);
	fx_sample_at(&f, 1, fx_id(7, 8), 8, fx_id(7, 7), fx_time(12));
	assert_int_equal(fx_peek(&f), VERDICT_PASSING);
	for (uint64_t h = 2; h <= 8; h++)
		fx_block_on(&f, 7, 1, h, fx_time(12));
	assert_int_equal(fx_peek(&f), VERDICT_FAILING);
	fx_expect(&f, VERDICT_FAIL, "disagree");
}

/* Tips apart, LIBs not yet. */
static void tips(void **state)
{
	(void)state;
	static const struct {
		uint64_t from; /* where branch 7 leaves the chain of 20 */
		uint64_t allowed;
		enum verdict want;
		const char *reason;
	} rows[] = {
		{ 17, 0, VERDICT_PASS, "tips at most 3 apart" },
		{ 9, 0, VERDICT_FAIL, "11 blocks off the chain of n0; at most 10" },
		{ 9, 11, VERDICT_PASS, "all 3" },
		{ 17, 2, VERDICT_FAIL, "3 blocks off the chain of n0; at most 2" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx f;
		fx_init(&f, &agreement_check, 3);
		((struct agreement_config *)fx_config(&f))->max_depth = rows[i].allowed;
		fx_start(&f);
		fx_blocks(&f, 1, 20, 2);
		for (uint64_t h = rows[i].from + 1; h <= 20; h++)
			fx_block_on(&f, 7, rows[i].from, h, fx_time(20));
		fx_sample_at(&f, 2, fx_id(7, 20), 20, fx_id(0, 1), fx_time(20));
		fx_expect(&f, rows[i].want, rows[i].reason);
	}
}

/* Tips that are far apart just after a fault had no time to meet, if nobody waited for it. */
static void judged_at_once(void **state)
{
	(void)state;
	for (unsigned mask = 0; mask < 4; mask++) {
		bool at_once = mask & 1, fault = mask & 2;
		struct fx f;
		fx_init(&f, &agreement_check, 3);
		fx_start(&f);
		fx_blocks(&f, 1, 20, 2);
		for (uint64_t h = 10; h <= 20; h++)
			fx_block_on(&f, 7, 9, h, fx_time(20));
		fx_sample_at(&f, 2, fx_id(7, 20), 20, fx_id(0, 1), fx_time(20));
		if (fault) {
			fx_fault(&f, 1, -1, false, fx_time(20));
			fx_fault(&f, 1, -1, true, fx_time(21));
		}
		fx_command(&f, "judge", at_once, fx_time(21));
		fx_expect(&f, at_once && fault ? VERDICT_UNKNOWN : VERDICT_FAIL, "11 blocks off");
	}
}

static void node_that_is_down_is_excused(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 3);
	fx_start(&f);
	fx_blocks(&f, 1, 20, 2);
	fx_sample_at(&f, 2, fx_id(9, 20), 20, fx_id(0, 1), fx_time(20)); /* unknown tip */
	fx_state(&f, 2, NODE_STOPPED, true, fx_time(20));
	fx_expect(&f, VERDICT_PASS, "2 nodes share one chain up to LIB 10; 1 not up");
}

static void unknown_tip(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 3);
	fx_start(&f);
	fx_blocks(&f, 1, 20, 2);
	fx_sample_at(&f, 2, fx_id(9, 20), 20, fx_id(0, 1), fx_time(20));
	fx_expect(&f, VERDICT_UNKNOWN, "1 of 3 nodes");
}

/* A node that stands still disagrees with nobody. */
static void tip_far_behind(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 3);
	fx_start(&f);
	fx_blocks(&f, 1, 5, -1);
	fx_blocks(&f, 6, 60, 1);
	fx_sample(&f, 1, 5, fx_time(60));
	fx_expect(&f, VERDICT_PASS, "all 3 nodes share one chain up to LIB 50");
}

/* The newest tip may be ahead of the block feed: the one before it is known. */
static void tip_ahead_of_the_feed(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 2);
	fx_start(&f);
	fx_blocks(&f, 1, 20, -1);
	fx_sample(&f, 1, 21, fx_time(20));
	fx_expect(&f, VERDICT_PASS, "all 2");
}

/* Followed from the middle: the first LIB was never seen as a block. */
static void chain_followed_from_the_middle(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 2);
	fx_start(&f);
	fx_blocks(&f, 100, 140, -1);
	fx_expect(&f, VERDICT_PASS, "LIB 130");
}

static void single_node(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &agreement_check, 1);
	fx_start(&f);
	fx_blocks(&f, 1, 20, -1);
	fx_expect(&f, VERDICT_PASS, "only n0 could be compared");

	fx_init(&f, &agreement_check, 1);
	fx_start(&f);
	fx_blocks(&f, 1, 20, -1);
	for (uint64_t h = 4; h <= 30; h++)
		fx_block_on(&f, 7, 3, h, fx_time(20));
	fx_sample_at(&f, 0, fx_id(7, 30), 30, fx_id(7, 20), fx_time(21));
	fx_expect(&f, VERDICT_FAIL, "n0 and n0 disagree");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy),
		cmocka_unit_test(nothing),
		cmocka_unit_test(older_lib_after_restart),
		cmocka_unit_test(lib_on_another_branch),
		cmocka_unit_test(lib_placed_later),
		cmocka_unit_test(tips),
		cmocka_unit_test(judged_at_once),
		cmocka_unit_test(node_that_is_down_is_excused),
		cmocka_unit_test(unknown_tip),
		cmocka_unit_test(tip_far_behind),
		cmocka_unit_test(tip_ahead_of_the_feed),
		cmocka_unit_test(chain_followed_from_the_middle),
		cmocka_unit_test(single_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
