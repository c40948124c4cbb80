/*
 * The relay's shaping on a made-up clock: distributions, correlation, losses,
 * the bandwidth's bound, and the order of the queue. All seeded, so the bounds
 * hold or do not, always.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "relay/queue.h"
#include "relay/shape.h"
#include "util/clock.h"
#include "util/mem.h"

#define N 20000

struct sample {
	double mean, sd, min, max, lag1; /* ms; correlation of neighbours */
};

static struct sample draw(const struct rule *r, uint64_t seed)
{
	static double ms[N];
	struct shaper s;
	struct sample out = { .min = INFINITY };
	double cov = 0;

	shaper_init(&s, seed, "a>b");
	for (int i = 0; i < N; i++) {
		ms[i] = (double)shaper_delay_ns(&s, r) / 1e6;
		out.mean += ms[i] / N;
		out.min = MIN(out.min, ms[i]);
		out.max = MAX(out.max, ms[i]);
	}
	for (int i = 0; i < N; i++) {
		out.sd += (ms[i] - out.mean) * (ms[i] - out.mean) / N;
		if (i)
			cov += (ms[i] - out.mean) * (ms[i - 1] - out.mean) / N;
	}
	out.lag1 = out.sd > 0 ? cov / out.sd : 0;
	out.sd = sqrt(out.sd);
	return out;
}

static void assert_near(double value, double wanted, double within)
{
	if (fabs(value - wanted) > within)
		fail_msg("%g is not within %g of %g", value, within, wanted);
}

static void distributions(void **state)
{
	struct rule r = { .delay_ns = 50 * NS_PER_MS };
	struct sample s = draw(&r, 1);

	(void)state;
	assert_true(s.min == 50 && s.max == 50);
	r.jitter_ns = 10 * NS_PER_MS;
	s = draw(&r, 1);
	assert_near(s.mean, 50, 0.3);
	assert_near(s.sd, 10 / sqrt(3), 0.2);
	assert_true(s.min >= 40 && s.max <= 60 && s.min < 41 && s.max > 59);
	assert_near(s.lag1, 0, 0.03);
	r.distribution = DISTRIBUTION_NORMAL;
	s = draw(&r, 1);
	assert_near(s.mean, 50, 0.3);
	assert_near(s.sd, 10, 0.3);
	r.distribution = DISTRIBUTION_PARETO;
	s = draw(&r, 1);
	assert_near(s.mean, 60, 1);
	assert_true(s.min >= 50 && s.max > 100);
}

static void correlation(void **state)
{
	struct rule r = {
		.delay_ns = 50 * NS_PER_MS, .jitter_ns = 10 * NS_PER_MS, .correlation = 0.8
	};
	struct sample s = draw(&r, 1);

	(void)state;
	assert_near(s.lag1, 0.8, 0.05);
	/* and the shape is as it was */
	assert_near(s.mean, 50, 1);
	assert_near(s.sd, 10 / sqrt(3), 0.4);
	assert_true(s.min >= 40 && s.max <= 60);
}

static void never_negative(void **state)
{
	struct rule r = { .delay_ns = NS_PER_MS,
		.jitter_ns = 100 * NS_PER_MS,
		.distribution = DISTRIBUTION_NORMAL };
	struct sample s = draw(&r, 3);

	(void)state;
	assert_true(s.min == 0);
	assert_true(s.max < 1000);
}

static void seed_decides(void **state)
{
	struct rule r = { .jitter_ns = 100 * NS_PER_MS, .delay_ns = 100 * NS_PER_MS };
	struct shaper a, b, c, d;

	(void)state;
	shaper_init(&a, 7, "a>b");
	shaper_init(&b, 7, "a>b");
	shaper_init(&c, 7, "b>a");
	shaper_init(&d, 8, "a>b");
	uint64_t first = shaper_delay_ns(&a, &r);
	assert_true(first == shaper_delay_ns(&b, &r));
	assert_true(first != shaper_delay_ns(&c, &r));
	assert_true(first != shaper_delay_ns(&d, &r));
}

static void datagrams(void **state)
{
	const struct rule r = { .loss = 0.1, .duplicate = 0.2, .reorder = 0.3 };
	unsigned dropped = 0, duplicated = 0, reordered = 0;
	struct shaper s;

	(void)state;
	shaper_init(&s, 1, "a>b");
	for (int i = 0; i < N; i++) {
		struct shape_fate f = shaper_datagram(&s, &r);

		assert_false(f.drop && (f.duplicate || f.reorder));
		dropped += f.drop;
		duplicated += f.duplicate;
		reordered += f.reorder;
	}
	assert_near(dropped / (double)N, 0.1, 0.01);
	assert_near(duplicated / (double)(N - dropped), 0.2, 0.015);
	assert_near(reordered / (double)(N - dropped), 0.3, 0.015);
}

static void stream_loss(void **state)
{
	struct rule r = { .loss = 0.1 };
	unsigned lost, hit = 0, hit_long = 0;
	struct shaper s;

	(void)state;
	shaper_init(&s, 1, "a>b");
	for (int i = 0; i < N; i++) {
		uint64_t wait = shaper_stream_loss_ns(&s, &r, 100, &lost);

		/* 200 ms, 600 ms, 1400 ms, ... */
		assert_true(wait == RULE_RETRANSMIT_NS * ((1u << lost) - 1));
		hit += lost > 0;
		shaper_stream_loss_ns(&s, &r, 10ull * RULE_SEGMENT_BYTES, &lost);
		hit_long += lost > 0;
	}
	assert_near(hit / (double)N, 0.1, 0.01);
	assert_near(hit_long / (double)N, 1 - pow(0.9, 10), 0.02);
	r.loss = 1;
	for (int i = 0; i < 100; i++) /* bounded all the same */
		assert_true(shaper_stream_loss_ns(&s, &r, 1, &lost) <= 63 * RULE_RETRANSMIT_NS);
	r = (struct rule){ .loss = 0 };
	assert_true(shaper_stream_loss_ns(&s, &r, 1000000, &lost) == 0 && lost == 0);
}

/* Whatever is asked for when: in any window no more than burst + rate * time. */
static void bandwidth(void **state)
{
	const struct rule r = { .bytes_per_s = 1000000, .burst_bytes = 20000 };
	static uint64_t at[2000], size[2000];
	struct shaper s;
	struct rng rng;
	uint64_t now = NS_PER_S;

	(void)state;
	shaper_init(&s, 1, "a>b");
	rng_init(&rng, 5);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		size[i] = rng_range(&rng, 1, 10000);
		at[i] = shaper_reserve(&s, &r, now, size[i]);
		assert_true(at[i] >= now && (i == 0 || at[i] >= at[i - 1]));
		/* a reader that waits, and sometimes is idle */
		now = at[i] + (rng_below(&rng, 20) == 0 ? rng_below(&rng, 100 * NS_PER_MS) : 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(at); i += 7) {
		uint64_t sum = 0;

		for (size_t j = i; j < ARRAY_LEN(at); j++) {
			sum += size[j];
			assert_true((double)sum <=
				    20000 + (double)(at[j] - at[i]) / 1e9 * 1e6 + 10000 + 1);
		}
	}
	/* from a standstill, exactly: the burst at once, the rest at the rate */
	now = at[ARRAY_LEN(at) - 1] + NS_PER_S;
	assert_true(shaper_reserve(&s, &r, now, 20000) == now);
	assert_true(shaper_reserve(&s, &r, now, 100000) == now + 100 * NS_PER_MS);
	assert_true(shaper_backlog_ns(&s, &r, now) == 100 * NS_PER_MS);
	shaper_rule_changed(&s, now);
	assert_true(shaper_backlog_ns(&s, &r, now) == 0);
	assert_true(shaper_reserve(&s, &(struct rule){ 0 }, now, 1u << 30) == now);
}

static void queue_keeps_order(void **state)
{
	struct rule r = { .delay_ns = 20 * NS_PER_MS, .jitter_ns = 20 * NS_PER_MS };
	size_t total = 0;
	struct queue q;
	struct shaper s;
	uint64_t last = 0;

	(void)state;
	shaper_init(&s, 1, "a>b");
	queue_init(&q, &total);
	assert_true(queue_due_ns(&q) == CLOCK_NEVER);
	for (uint32_t i = 0; i < 1000; i++)
		queue_push(&q, &i, sizeof(i), i * NS_PER_MS + shaper_delay_ns(&s, &r));
	assert_int_equal(total, 1000 * (sizeof(uint32_t) + CHUNK_OVERHEAD_BYTES));
	assert_int_equal(q.bytes, total);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t got;

		assert_true(queue_due_ns(&q) >= last && queue_due_ns(&q) >= i * NS_PER_MS);
		last = queue_due_ns(&q);
		memcpy(&got, q.head->data, sizeof(got));
		assert_int_equal(got, i);
		queue_pop(&q);
	}
	assert_int_equal(total, 0);
	assert_null(q.head);
	queue_push(&q, "x", 1, 5); /* after what was last in it */
	assert_true(queue_due_ns(&q) == last);
	queue_clear(&q);
	queue_push(&q, "x", 1, 5);
	assert_true(queue_due_ns(&q) == 5);
	queue_clear(&q);
	assert_int_equal(total, 0);
}

static void queue_hurries(void **state)
{
	const struct rule shorter = { .delay_ns = 5 * NS_PER_MS }, none = { 0 };
	size_t total = 0;
	struct queue q;
	struct shaper s;
	const uint64_t now = 1000 * NS_PER_MS;

	(void)state;
	shaper_init(&s, 1, "a>b");
	queue_init(&q, &total);
	queue_push(&q, "a", 1, now + NS_PER_MS);
	queue_push(&q, "b", 1, now + 10 * NS_PER_S);
	queue_push(&q, "c", 1, now + 20 * NS_PER_S);
	queue_hurry(&q, &s, &shorter, now);
	assert_true(q.head->due_ns == now + NS_PER_MS); /* sooner already */
	assert_true(q.head->next->due_ns == now + 5 * NS_PER_MS);
	assert_true(q.head->next->next->due_ns == now + 5 * NS_PER_MS);
	queue_push(&q, "d", 1, now + 6 * NS_PER_MS); /* the old delay is forgotten */
	assert_true(q.head->next->next->next->due_ns == now + 6 * NS_PER_MS);
	queue_hurry(&q, &s, &none, now);
	for (const struct chunk *c = q.head; c; c = c->next)
		assert_true(c->due_ns == now);
	queue_clear(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distributions),
		cmocka_unit_test(correlation),
		cmocka_unit_test(never_negative),
		cmocka_unit_test(seed_decides),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(stream_loss),
		cmocka_unit_test(bandwidth),
		cmocka_unit_test(queue_keeps_order),
		cmocka_unit_test(queue_hurries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
