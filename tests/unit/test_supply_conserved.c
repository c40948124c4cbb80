/* supply_conserved: passes on the genesis supply, fails on any other, unknown on none. */
#include "../lib/check_fixture.h"

static void sample(struct fx *f, int node, bool has, uint64_t supply, uint64_t genesis, uint64_t t)
{
	struct event *ev = event_new(EVENT_NODE_SAMPLE, t, node);
	ev->u.sample.ok = true;
	ev->u.sample.has_supply = has;
	ev->u.sample.supply = supply;
	ev->u.sample.genesis_supply = genesis;
	fx_feed(f, ev);
}

static void verdicts(void **state)
{
	(void)state;
	static const struct {
		bool has;
		uint64_t supply, genesis;
		enum verdict live, final;
		const char *reason;
	} rows[] = {
		{ true, FX_SUPPLY, FX_SUPPLY, VERDICT_PASSING, VERDICT_PASS, "all 2 samples" },
		{ true, FX_SUPPLY + 1, FX_SUPPLY, VERDICT_FAILING, VERDICT_FAIL,
			"n1 reported a supply of 123457 at 0:07; the genesis made 123456" },
		{ true, FX_SUPPLY - 1, FX_SUPPLY, VERDICT_FAILING, VERDICT_FAIL, "123455" },
		/* consistent with itself, but not the genesis that was planned */
		{ true, 5, 5, VERDICT_FAILING, VERDICT_FAIL, "the genesis made 123456" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx f;
		fx_init(&f, &supply_conserved_check, 2);
		fx_start(&f);
		assert_int_equal(fx_peek(&f), VERDICT_PENDING);
		sample(&f, 0, true, FX_SUPPLY, FX_SUPPLY, FX_S(6));
		sample(&f, 1, rows[i].has, rows[i].supply, rows[i].genesis, FX_S(7));
		assert_int_equal(fx_peek(&f), rows[i].live);
		fx_expect(&f, rows[i].final, rows[i].reason);
	}
}

static void nothing_reported(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &supply_conserved_check, 2);
	fx_start(&f);
	sample(&f, 0, false, 0, 0, FX_S(6));
	fx_sample_failed(&f, 1, FX_S(6));
	fx_expect(&f, VERDICT_UNKNOWN, "no node reported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(nothing_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
