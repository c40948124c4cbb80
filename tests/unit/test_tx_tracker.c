/* tx_tracker: transitions, counts that balance, polls, expiry, late blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/tx_tracker.h"

#define EXPIRY_NS (10 * NS_PER_S)

struct seen {
	unsigned by_state[TX_STATE_COUNT];
	uint64_t latency_ns;
	char reason[64];
};

static void report(const struct tx_item *it, enum tx_state state, uint64_t latency_ns,
	const char *reason, void *arg)
{
	(void)it;
	struct seen *s = arg;
	s->by_state[state]++;
	s->latency_ns = latency_ns;
	snprintf(s->reason, sizeof(s->reason), "%s", reason ? reason : "");
}

static struct tx_tracker *tracker(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	return tx_tracker_new(&(struct tx_tracker_options){
		.expiry_ns = EXPIRY_NS,
		.poll_after_ns = 2 * NS_PER_S,
		.poll_every_ns = NS_PER_S,
		.max_lost = 2,
		.report = report,
		.arg = s,
	});
}

static struct tx_item *add(struct tx_tracker *t, unsigned n, uint64_t due_ns)
{
	struct tx_item *it = xcalloc(1, sizeof(*it));
	it->hash.b[0] = (uint8_t)n;
	it->slot.due_ns = due_ns;
	assert_int_equal(tx_tracker_add(t, it, NULL), 0);
	return it;
}

static struct workload_counts counts(const struct tx_tracker *t, uint64_t planned)
{
	struct workload_counts c;
	struct err err = { 0 };
	tx_tracker_counts(t, &c);
	c.planned = planned;
	c.unsent = planned - c.submitted - c.rejected;
	if (tx_counts_balance(&c, &err) != 0)
		fail_msg("%s", err.text);
	return c;
}

static const struct id32 block_a = { .b = { 1 } }, block_b = { .b = { 2 } };

static void the_usual_way(void **state)
{
	(void)state;
	struct seen s;
	struct tx_tracker *t = tracker(&s);
	struct tx_item *it = add(t, 1, 100);
	tx_tracker_accepted(t, it, 150);
	assert_int_equal(s.latency_ns, 50);
	assert_int_equal(tx_tracker_n_pending(t), 1);
	assert_ptr_equal(tx_tracker_find(t, &it->hash), it);
	tx_tracker_seen(t, it, &block_a, 400);
	assert_int_equal(it->state, TX_ITEM_INCLUDED);
	assert_int_equal(s.latency_ns, 300);
	tx_tracker_seen(t, it, &block_b, 900); /* a competing block changes nothing */
	assert_int_equal(s.by_state[TX_INCLUDED], 1);
	assert_int_equal(it->n_blocks, 2);
	struct workload_counts c = counts(t, 1);
	assert_int_equal(c.included, 1);
	assert_int_equal(c.pending, 0);
	assert_in_range(c.include_p50_ns, 295, 305);
	assert_in_range(c.submit_p99_ns, 49, 51);
	tx_tracker_free(t);
}

static void block_before_answer(void **state)
{
	(void)state;
	for (int refused = 0; refused < 2; refused++) {
		struct seen s;
		struct tx_tracker *t = tracker(&s);
		struct tx_item *it = add(t, 1, 0);
		tx_tracker_seen(t, it, &block_a, 50);
		assert_int_equal(it->state, TX_ITEM_SENDING);
		if (refused) /* say, the connection broke after the node had taken it */
			tx_tracker_rejected(t, it, "connection reset", 60);
		else
			tx_tracker_accepted(t, it, 60);
		assert_int_equal(it->state, TX_ITEM_INCLUDED);
		assert_int_equal(s.by_state[TX_REJECTED], 0);
		assert_int_equal(s.by_state[TX_SUBMITTED], 1);
		assert_int_equal(s.by_state[TX_INCLUDED], 1);
		counts(t, 1);
		tx_tracker_free(t);
	}
}

static void rejected(void **state)
{
	(void)state;
	struct seen s;
	struct tx_tracker *t = tracker(&s);
	struct tx_item *it = add(t, 1, 0);
	tx_tracker_rejected(t, it, "HTTP 422: no", 60);
	assert_string_equal(s.reason, "HTTP 422: no");
	tx_tracker_remove(t, it);
	assert_null(tx_tracker_find(t, &(struct id32){ .b = { 1 } }));
	assert_int_equal(counts(t, 5).unsent, 4);
	tx_tracker_free(t);
}

static void expiry(void **state)
{
	(void)state;
	struct seen s;
	struct tx_tracker *t = tracker(&s);
	assert_true(tx_tracker_next_expiry_ns(t) == CLOCK_NEVER);
	for (unsigned i = 0; i < 4; i++)
		tx_tracker_accepted(t, add(t, i, 0), i);
	assert_true(tx_tracker_next_expiry_ns(t) == EXPIRY_NS);
	assert_null(tx_tracker_expire(t, EXPIRY_NS - 1));
	struct tx_item *it = tx_tracker_expire(t, EXPIRY_NS + 2);
	assert_int_equal(it->hash.b[0], 0);
	assert_int_equal(it->state, TX_ITEM_LOST);
	assert_non_null(tx_tracker_expire(t, EXPIRY_NS + 2));
	/* only two lost ones are remembered: the third pushes the first out */
	assert_non_null(tx_tracker_expire(t, EXPIRY_NS + 2));
	assert_null(tx_tracker_find(t, &(struct id32){ .b = { 0 } }));
	assert_null(tx_tracker_expire(t, EXPIRY_NS + 2));
	/* late inclusion changes no count */
	it = tx_tracker_find(t, &(struct id32){ .b = { 2 } });
	tx_tracker_seen(t, it, &block_a, EXPIRY_NS + 5);
	assert_int_equal(it->state, TX_ITEM_LOST);
	struct workload_counts c = counts(t, 4);
	assert_int_equal(c.expired, 3);
	assert_int_equal(c.pending, 1);
	assert_int_equal(c.included, 0);
	tx_tracker_free(t);
}

static void polls(void **state)
{
	(void)state;
	struct seen s;
	struct id32 due[8];
	struct tx_tracker *t = tracker(&s);
	for (unsigned i = 0; i < 3; i++)
		tx_tracker_accepted(t, add(t, i, 0), i * NS_PER_S);
	assert_int_equal(tx_tracker_to_poll(t, 2 * NS_PER_S - 1, due, 8), 0);
	assert_int_equal(tx_tracker_to_poll(t, 3 * NS_PER_S, due, 8), 2);
	assert_int_equal(due[1].b[0], 1);
	assert_int_equal(tx_tracker_to_poll(t, 3 * NS_PER_S + 1, due, 8), 0); /* just asked */
	assert_int_equal(tx_tracker_to_poll(t, 4 * NS_PER_S, due, 2), 2);     /* bounded */

	struct tx_item *it = tx_tracker_find(t, &due[0]);
	assert_false(tx_tracker_polled(t, it, false, 4 * NS_PER_S));
	assert_false(tx_tracker_polled(t, it, true, 4 * NS_PER_S)); /* there it is again */
	assert_false(tx_tracker_polled(t, it, false, 4 * NS_PER_S));
	assert_true(tx_tracker_polled(t, it, false, 4 * NS_PER_S));
	assert_int_equal(it->state, TX_ITEM_LOST);
	assert_int_equal(counts(t, 3).dropped, 1);
	tx_tracker_free(t);
}

static void same_hash_twice(void **state)
{
	(void)state;
	struct seen s;
	struct err err = { 0 };
	struct tx_tracker *t = tracker(&s);
	add(t, 1, 0);
	struct tx_item again = { .hash.b = { 1 } };
	assert_int_equal(tx_tracker_add(t, &again, &err), -1);
	assert_int_equal(err.code, ERR_INTERNAL);
	tx_tracker_free(t);
}

static void unbalanced_counts_are_told(void **state)
{
	(void)state;
	static const struct workload_counts wrong[] = {
		{ .planned = 3, .submitted = 1, .included = 1, .rejected = 1 },
		{ .planned = 2, .submitted = 2, .included = 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err err = { 0 };
		assert_int_equal(tx_counts_balance(&wrong[i], &err), -1);
		assert_int_equal(err.code, ERR_INTERNAL);
		assert_non_null(strstr(err.text, "do not balance"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_way),
		cmocka_unit_test(block_before_answer),
		cmocka_unit_test(rejected),
		cmocka_unit_test(expiry),
		cmocka_unit_test(polls),
		cmocka_unit_test(same_hash_twice),
		cmocka_unit_test(unbalanced_counts_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
