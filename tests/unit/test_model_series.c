/* Graphs: what happened is in the stretch in which it did, whatever the width becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/model.h"
#include "util/clock.h"
#include "util/mem.h"

#define MS(n) ((uint64_t)(n)*NS_PER_MS)

static void ready(struct model *m, int node)
{
	struct event ev = { .kind = EVENT_NODE_STATE, .node = node };
	ev.u.node_state.state = NODE_READY;
	model_apply(m, &ev);
}

static void sample(struct model *m, uint64_t t_ns, int node, uint64_t height)
{
	struct event ev = { .kind = EVENT_NODE_SAMPLE, .t_ns = t_ns, .node = node };
	ev.u.sample.ok = true;
	ev.u.sample.height = height;
	model_apply(m, &ev);
}

static void block(struct model *m, uint64_t t_ns, uint8_t n, uint8_t parent, bool has_height)
{
	struct event ev = { .kind = EVENT_BLOCK, .t_ns = t_ns, .node = 0 };
	ev.u.block.id.b[0] = n;
	ev.u.block.parent.b[0] = parent;
	ev.u.block.slot = n;
	ev.u.block.has_height = has_height;
	ev.u.block.height = has_height ? n : 0;
	model_apply(m, &ev);
}

static void tx(struct model *m, uint64_t t_ns, enum tx_state state, uint64_t latency_ns)
{
	struct event ev = { .kind = EVENT_TX, .t_ns = t_ns, .node = 0 };
	char name[] = "load";
	ev.u.tx.workload = name;
	ev.u.tx.state = state;
	ev.u.tx.latency_ns = latency_ns;
	model_apply(m, &ev);
}

static void reorg(struct model *m, uint64_t t_ns)
{
	struct event ev = { .kind = EVENT_REORG, .t_ns = t_ns, .node = 0 };
	ev.u.reorg.depth = 1;
	model_apply(m, &ev);
}

static void nothing(struct model *m, uint64_t t_ns)
{
	struct event ev = { .kind = EVENT_LOST, .t_ns = t_ns, .node = -1 };
	model_apply(m, &ev);
}

static void test_counts(void **state)
{
	(void)state;
	struct model *m = model_new();

	block(m, MS(10), 1, 0, true);
	block(m, MS(20), 1, 0, true); /* no new one */
	block(m, MS(260), 2, 1, true);
	tx(m, MS(100), TX_SUBMITTED, MS(1));
	tx(m, MS(300), TX_INCLUDED, MS(200));
	tx(m, MS(310), TX_INCLUDED, MS(100));
	tx(m, MS(320), TX_REJECTED, MS(1));
	tx(m, MS(330), TX_EXPIRED, 0);
	reorg(m, MS(400));
	nothing(m, MS(1100));
	const struct model_bucket *b = m->series.buckets;
	assert_int_equal(m->series.width_ns, MS(250));
	assert_int_equal(m->series.n, 5); /* time goes on, also when nothing is counted */
	assert_int_equal(b[0].blocks, 1);
	assert_int_equal(b[0].submitted, 1);
	assert_int_equal(b[0].height, 1);
	assert_int_equal(b[1].blocks, 1);
	assert_int_equal(b[1].included, 2);
	assert_int_equal(b[1].include_sum_ns, MS(300));
	assert_int_equal(b[1].include_max_ns, MS(200));
	assert_int_equal(b[1].rejected, 1);
	assert_int_equal(b[1].reorgs, 1);
	assert_int_equal(b[1].max_interval_ns, MS(250));
	assert_int_equal(b[4].blocks, 0);
	assert_int_equal(b[4].height, 2);
	assert_false(b[4].has_heights);
	model_free(m);
}

/* The interval is from one greatest height to the next; forks and stragglers are none. */
static void test_interval(void **state)
{
	(void)state;
	struct model *m = model_new();

	ready(m, 0);
	/* as long as blocks do not say, samples do */
	sample(m, MS(0), 0, 50);
	sample(m, MS(100), 0, 51);
	assert_int_equal(m->series.buckets[0].max_interval_ns, MS(100));
	block(m, MS(1000), 7, 6, true);
	block(m, MS(1500), 8, 7, false); /* follows from its parent */
	block(m, MS(1600), 9, 7, false); /* of the same height */
	sample(m, MS(1700), 0, 100);     /* a lie does not count */
	block(m, MS(2500), 10, 8, false);
	const struct model_bucket *b = m->series.buckets;
	assert_int_equal(b[4].max_interval_ns, 0);
	assert_int_equal(b[6].max_interval_ns, MS(500));
	assert_int_equal(b[10].max_interval_ns, MS(1000));
	model_free(m);
}

static void test_spread(void **state)
{
	(void)state;
	struct model *m = model_new();
	uint64_t low = 1;

	assert_int_equal(model_height(m, &low), 0);
	assert_int_equal(low, 0);
	for (int i = 0; i < 3; i++)
		ready(m, i);
	sample(m, MS(0), 3, 99); /* does not run */
	sample(m, MS(1), 0, 10);
	sample(m, MS(2), 1, 4);
	sample(m, MS(3), 2, 10);
	sample(m, MS(4), 1, 9);
	assert_int_equal(model_height(m, &low), 10);
	assert_int_equal(low, 9);
	const struct model_bucket *b = m->series.buckets;
	assert_true(b[0].has_heights);
	assert_int_equal(b[0].low, 4);
	assert_int_equal(b[0].high, 10);
	assert_int_equal(b[0].height, 10);
	/* a stretch has heights even when none changed in it */
	sample(m, MS(300), 0, 10);
	assert_true(b[1].has_heights);
	assert_int_equal(b[1].low, 9);
	struct event dead = { .kind = EVENT_NODE_STATE, .t_ns = MS(600), .node = 1 };
	dead.u.node_state.state = NODE_DEAD;
	model_apply(m, &dead);
	assert_int_equal(model_height(m, &low), 10);
	assert_int_equal(low, 10);
	sample(m, MS(650), 0, 11);
	assert_int_equal(b[2].low, 10);
	assert_int_equal(b[2].high, 11);
	model_free(m);
}

/* The whole run stays, in wider stretches; nothing that was counted gets lost. */
static void test_widen(void **state)
{
	(void)state;
	struct model *m = model_new();
	uint64_t submitted = 0, sum = 0, max = 0;

	ready(m, 0);
	ready(m, 1);
	for (unsigned i = 0; i < 1000; i++) {
		tx(m, MS(i * 250), TX_SUBMITTED, 0);
		tx(m, MS(i * 250), TX_INCLUDED, MS(i));
		sample(m, MS(i * 250), 0, i);
		sample(m, MS(i * 250), 1, i == 77 ? 10 : i);
	}
	const struct model_series *s = &m->series;
	assert_int_equal(s->width_ns, MS(2000));
	assert_int_equal(s->n, 125);
	for (size_t i = 0; i < s->n; i++) {
		const struct model_bucket *b = &s->buckets[i];
		submitted += b->submitted;
		sum += b->include_sum_ns;
		max = MAX(max, b->include_max_ns);
		assert_int_equal(b->submitted, 8);
		assert_true(b->has_heights);
		assert_int_equal(b->height, i * 8 + 7);
	}
	assert_int_equal(submitted, 1000);
	assert_int_equal(sum, MS(999 * 1000 / 2));
	assert_int_equal(max, MS(999));
	assert_int_equal(s->buckets[9].low, 10);  /* the widest of what it was merged from */
	assert_int_equal(s->buckets[9].high, 78); /* node 0 is sampled first */
	for (size_t i = s->n; i < MODEL_BUCKETS; i++)
		assert_int_equal(s->buckets[i].submitted, 0);
	model_free(m);
}

/* Times that no run has, out of order, and latencies that overflow. */
static void test_hostile(void **state)
{
	(void)state;
	struct model *m = model_new();

	tx(m, 0, TX_INCLUDED, UINT64_MAX);
	tx(m, 0, TX_INCLUDED, UINT64_MAX);
	assert_true(m->series.buckets[0].include_sum_ns == UINT64_MAX);
	tx(m, UINT64_MAX, TX_SUBMITTED, 0);
	assert_true(m->series.n <= MODEL_BUCKETS);
	tx(m, MS(1), TX_SUBMITTED, 0);
	block(m, UINT64_MAX - 1, 3, 2, true);
	block(m, MS(2), 4, 3, true);
	uint64_t submitted = 0;
	for (size_t i = 0; i < m->series.n; i++) {
		submitted += m->series.buckets[i].submitted;
		assert_true(m->series.buckets[i].height >= 3);
	}
	assert_int_equal(submitted, 2);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_widen),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
