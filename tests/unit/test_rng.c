/* Random numbers: fixed sequences, independence of labels, bounds, rough shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "util/rng.h"

/* The generator's published reference: state 1,2,3,4. */
static void test_reference_sequence(void **state)
{
	(void)state;
	static const uint64_t expected[] = { 11520, 0, 1509978240, 1215971899390074240 };
	struct rng r = { .s = { 1, 2, 3, 4 } };
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(rng_u64(&r), expected[i]);
}

static void test_seed_decides(void **state)
{
	(void)state;
	struct rng a, b, c;
	rng_init(&a, 7);
	rng_init(&b, 7);
	rng_init(&c, 8);
	uint64_t first = rng_u64(&a);
	assert_int_equal(first, rng_u64(&b));
	assert_int_not_equal(first, rng_u64(&c));
	/* splitmix64(0) is the usual way to fill the state */
	rng_init(&a, 0);
	assert_int_equal(a.s[0], 0xe220a8397b1dcdafull);
}

static void test_labels(void **state)
{
	(void)state;
	struct rng a, b, c, d;
	rng_init_label(&a, 1, "peers");
	rng_init_label(&b, 1, "peers");
	rng_init_label(&c, 1, "faults");
	rng_init_label(&d, 2, "peers");
	uint64_t v = rng_u64(&a);
	assert_int_equal(v, rng_u64(&b));
	assert_int_not_equal(v, rng_u64(&c));
	assert_int_not_equal(v, rng_u64(&d));
	/* BLAKE2b-256 of eight zero bytes, first word, little endian */
	rng_init_label(&a, 0, "");
	static const unsigned char first[8] = { 0x81, 0xe4, 0x7a, 0x19, 0xe6, 0xb2, 0x9b, 0x0a };
	for (size_t i = 0; i < 8; i++)
		assert_int_equal((unsigned char)(a.s[0] >> (8 * i)), first[i]);
}

static void test_bounds(void **state)
{
	(void)state;
	struct rng r;
	rng_init(&r, 42);
	unsigned seen[7] = { 0 };
	for (int i = 0; i < 70000; i++) {
		uint64_t v = rng_below(&r, 7);
		assert_true(v < 7);
		seen[v]++;
		uint64_t w = rng_range(&r, 10, 12);
		assert_true(w >= 10 && w <= 12);
		double u = rng_unit(&r);
		assert_true(u >= 0 && u < 1);
	}
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 9500, 10500);
	assert_int_equal(rng_below(&r, 1), 0);
	assert_int_equal(rng_range(&r, 9, 9), 9);
	rng_range(&r, 0, UINT64_MAX);
}

static void test_exponential_mean(void **state)
{
	(void)state;
	struct rng r;
	rng_init(&r, 3);
	double sum = 0;
	for (int i = 0; i < 100000; i++) {
		double v = rng_exponential(&r, 5);
		assert_true(v >= 0 && isfinite(v));
		sum += v;
	}
	assert_true(fabs(sum / 100000 - 5) < 0.1);
}

static void test_bytes(void **state)
{
	(void)state;
	struct rng a, b;
	rng_init(&a, 1);
	rng_init(&b, 1);
	unsigned char x[13] = { 0 }, y[16];
	rng_bytes(&a, x, 11);
	rng_bytes(&b, y, 16);
	assert_memory_equal(x, y, 11);
	assert_int_equal(x[11], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_sequence),
		cmocka_unit_test(test_seed_decides),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_exponential_mean),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
