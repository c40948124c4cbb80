/* tx_inclusion: by hash against the chain at the end; patterns of what is missing. */
#include "../lib/check_fixture.h"

#define NO_NODE "no node could be asked: connection refused"

static struct id32 tx_hash(unsigned i)
{
	return fx_id(200, i + 1);
}

/* Sends n transactions, in turn to each node, one a block; lost_node's never arrive (-1: all do).
 */
static void traffic(struct fx *f, unsigned n, int lost_node)
{
	for (unsigned i = 0; i < n; i++) {
		int node = (int)(i % f->plan.n_nodes);
		uint64_t h = i + 1, t = FX_BASELINE + h * FX_BLOCK;
		struct id32 hash = tx_hash(i);
		bool lost = node == lost_node;
		fx_tx(f, hash, TX_SUBMITTED, node, NULL, t - 1);
		fx_block_with(f, fx_id(0, h), fx_id(0, h - 1), h, &hash, lost ? 0 : 1, t);
		if (!lost)
			fx_tx(f, hash, TX_INCLUDED, node, NULL, t + 1);
	}
}

static void healthy(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &tx_inclusion_check, 3);
	fx_start(&f);
	assert_int_equal(fx_peek(&f), VERDICT_PENDING);
	traffic(&f, 54, -1);
	assert_int_equal(fx_peek(&f), VERDICT_PASSING);
	assert_string_equal(f.result.reason, "54/54 included");
	fx_end(&f, fx_time(55));
	fx_expect(&f, VERDICT_PASS, "54 of 54 included (100.0 %), at least 95 % wanted");
}

static void nothing_submitted(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &tx_inclusion_check, 3);
	fx_start(&f);
	fx_blocks(&f, 1, 10, -1);
	fx_end(&f, fx_time(11));
	fx_expect(&f, VERDICT_UNKNOWN, "no transaction was submitted");
}

static void one_node_drops(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &tx_inclusion_check, 3);
	fx_start(&f);
	traffic(&f, 54, 1);
	for (unsigned i = 1; i < 54; i += 3)
		fx_tx(&f, tx_hash(i), TX_DROPPED, 1, NULL, fx_time(55));
	fx_end(&f, fx_time(55));
	assert_int_equal(fx_judge(&f), VERDICT_FAIL);
	assert_non_null(strstr(f.result.reason, "36 of 54 included (66.7 %), at least 95 % wanted; "
						"18 not included: all were accepted by n1"));
	assert_non_null(strstr(strbuf_str(&f.result.evidence), "\"missing_by_node\":{\"n1\":18}"));
	cJSON *j = json_parse(strbuf_str(&f.result.evidence), f.result.evidence.len, NULL, NULL);
	assert_int_equal(cJSON_GetArraySize(json_get(j, "examples")), 10);
	cJSON_Delete(j);
	fx_release(&f);
}

/* Just at the threshold, and one below it. */
static void ratio(void **state)
{
	(void)state;
	for (unsigned lost = 5; lost <= 6; lost++) {
		struct fx f;
		fx_init(&f, &tx_inclusion_check, 3);
		fx_start(&f);
		traffic(&f, 100 - lost, -1);
		for (unsigned i = 0; i < lost; i++)
			fx_tx(&f, tx_hash(1000 + i), TX_SUBMITTED, 0, NULL, fx_time(2));
		fx_end(&f, fx_time(101));
		fx_expect(&f, lost == 5 ? VERDICT_PASS : VERDICT_FAIL, "at least 95 %");
	}
}

/* A workload may say included, and the block it means may have left the chain. */
static void included_off_the_chain(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &tx_inclusion_check, 3);
	fx_start(&f);
	fx_block(&f, 1, fx_time(1));
	struct id32 txs[3] = { tx_hash(1), tx_hash(2), tx_hash(3) };
	for (int i = 0; i < 3; i++)
		fx_tx(&f, txs[i], TX_SUBMITTED, i, NULL, fx_time(1));
	fx_block_with(&f, fx_id(7, 2), fx_id(0, 1), 2, txs, 3, fx_time(2));
	for (int i = 0; i < 3; i++)
		fx_tx(&f, txs[i], TX_INCLUDED, i, NULL, fx_time(2));
	for (uint64_t h = 2; h < 9; h++)
		fx_block(&f, h, fx_time(h));
	fx_end(&f, fx_time(10));
	fx_expect(&f, VERDICT_FAIL, "3 not included: all were in blocks that left the chain");
}

/* In two blocks of competing branches it is on the chain once. */
static void twice(void **state)
{
	(void)state;
	for (int both = 0; both < 2; both++) {
		struct fx f;
		struct id32 tx = tx_hash(0);
		fx_init(&f, &tx_inclusion_check, 3);
		fx_start(&f);
		fx_block(&f, 1, fx_time(1));
		fx_tx(&f, tx, TX_SUBMITTED, 0, NULL, fx_time(1));
		fx_block_with(&f, fx_id(0, 2), fx_id(0, 1), 2, &tx, 1, fx_time(2));
		fx_tx(&f, tx, TX_INCLUDED, 0, NULL, fx_time(2));
		struct id32 parent = both ? fx_id(0, 2) : fx_id(0, 1);
		uint64_t h = both ? 3 : 2;
		fx_block_with(&f, fx_id(7, h), parent, h, &tx, 1, fx_time(3));
		if (!both)
			fx_block(&f, 3, fx_time(4));
		fx_end(&f, fx_time(5));
		fx_expect(&f, both ? VERDICT_FAIL : VERDICT_PASS,
			both ? "on the chain more than once" : "1 of 1 included");
	}
}

static void rejections(void **state)
{
	(void)state;
	static const struct {
		const char *reason;
		bool fault;
		enum verdict want;
		const char *text;
	} rows[] = {
		{ "HTTP 422: bad note", true, VERDICT_FAIL, "30 of 60 included (50.0 %)" },
		{ NO_NODE, false, VERDICT_FAIL, "all were rejected, as \"no node" },
		{ NO_NODE, true, VERDICT_PASS, "30 of 30 included" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx f;
		fx_init(&f, &tx_inclusion_check, 3);
		fx_start(&f);
		traffic(&f, 30, -1);
		if (rows[i].fault)
			fx_fault(&f, 1, 1, false, fx_time(10));
		for (unsigned k = 0; k < 30; k++)
			fx_tx(&f, tx_hash(500 + k), TX_REJECTED, 1, rows[i].reason, fx_time(31));
		fx_end(&f, fx_time(31));
		fx_expect(&f, rows[i].want, rows[i].text);
	}
}

static void interrupted_run_excuses_pending(void **state)
{
	(void)state;
	for (int interrupted = 0; interrupted < 2; interrupted++) {
		struct fx f;
		fx_init(&f, &tx_inclusion_check, 3);
		fx_start(&f);
		traffic(&f, 20, -1);
		for (unsigned k = 0; k < 20; k++)
			fx_tx(&f, tx_hash(500 + k), TX_SUBMITTED, 1, NULL, fx_time(20));
		fx_phase(&f, PHASE_DRIVE, true, !interrupted, fx_time(21));
		fx_expect(&f, interrupted ? VERDICT_PASS : VERDICT_FAIL,
			interrupted ? "20 of 20" : "20 of 40");
	}
}

/* Asked to judge at once: what is pending decides nothing, unless it could not matter. */
static void judged_at_once(void **state)
{
	(void)state;
	static const struct {
		unsigned pending, dropped;
		bool refused;
		enum verdict want;
		const char *text;
	} rows[] = {
		{ 1, 0, false, VERDICT_PASS, "20 of 21" },
		{ 20, 0, false, VERDICT_UNKNOWN, "20 of 40 included, but 20 were still pending" },
		{ 20, 20, false, VERDICT_FAIL, "20 of 60" },
		{ 20, 0, true, VERDICT_FAIL, "20 of 40" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx f;
		fx_init(&f, &tx_inclusion_check, 3);
		fx_start(&f);
		traffic(&f, 20, -1);
		for (unsigned k = 0; k < rows[i].pending; k++)
			fx_tx(&f, tx_hash(500 + k), TX_SUBMITTED, 1, NULL, fx_time(20));
		for (unsigned k = 0; k < rows[i].dropped; k++) {
			fx_tx(&f, tx_hash(700 + k), TX_SUBMITTED, 1, NULL, fx_time(20));
			fx_tx(&f, tx_hash(700 + k), TX_DROPPED, 1, NULL, fx_time(21));
		}
		fx_command(&f, "judge", !rows[i].refused, fx_time(21));
		fx_phase(&f, PHASE_DRIVE, true, true, fx_time(21));
		fx_expect(&f, rows[i].want, rows[i].text);
	}
}

static void latency_bound(void **state)
{
	(void)state;
	for (int tight = 0; tight < 2; tight++) {
		struct fx f;
		fx_init(&f, &tx_inclusion_check, 3);
		((struct tx_inclusion_config *)fx_config(&f))->max_p99_ns =
			FX_MS(tight ? 500 : 700);
		fx_start(&f);
		traffic(&f, 20, -1);
		fx_end(&f, fx_time(21));
		fx_expect(&f, tight ? VERDICT_FAIL : VERDICT_PASS, tight ? "99 %" : "20 of 20");
	}
}

/* The block is heard of before the node's answer. */
static void block_before_answer(void **state)
{
	(void)state;
	struct fx f;
	struct id32 tx = tx_hash(0);
	fx_init(&f, &tx_inclusion_check, 1);
	fx_start(&f);
	fx_block_with(&f, fx_id(0, 1), fx_id(0, 0), 1, &tx, 1, fx_time(1));
	fx_tx(&f, tx, TX_SUBMITTED, 0, NULL, fx_time(2));
	fx_end(&f, fx_time(3));
	fx_expect(&f, VERDICT_PASS, "1 of 1");
}

/* Between the block that has it and the chain's end there are blocks that nobody has seen. */
static void hole_in_the_chain(void **state)
{
	(void)state;
	struct fx f;
	struct id32 tx = tx_hash(0);
	fx_init(&f, &tx_inclusion_check, 1);
	fx_start(&f);
	fx_tx(&f, tx, TX_SUBMITTED, 0, NULL, fx_time(1));
	fx_block_with(&f, fx_id(0, 1), fx_id(0, 0), 1, &tx, 1, fx_time(1));
	fx_tx(&f, tx, TX_INCLUDED, 0, NULL, fx_time(1));
	for (uint64_t h = 5; h < 9; h++)
		fx_block(&f, h, fx_time(h));
	fx_end(&f, fx_time(9));
	fx_expect(&f, VERDICT_UNKNOWN, "for 1 more the block tree is too incomplete");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy),
		cmocka_unit_test(nothing_submitted),
		cmocka_unit_test(one_node_drops),
		cmocka_unit_test(ratio),
		cmocka_unit_test(included_off_the_chain),
		cmocka_unit_test(twice),
		cmocka_unit_test(rejections),
		cmocka_unit_test(interrupted_run_excuses_pending),
		cmocka_unit_test(judged_at_once),
		cmocka_unit_test(latency_bound),
		cmocka_unit_test(block_before_answer),
		cmocka_unit_test(hole_in_the_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
