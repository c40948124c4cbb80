/* Histogram: exactness of small values, the error bound, extremes, merging. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/hist.h"
#include "util/rng.h"

static void test_empty(void **state)
{
	(void)state;
	struct hist h, other;
	hist_init(&h);
	hist_init(&other);
	assert_int_equal(hist_quantile(&h, 0.5), 0);
	assert_true(hist_mean(&h) == 0);
	hist_merge(&h, &other);
	assert_int_equal(h.count, 0);
	hist_release(&h);
}

static void test_small_values_are_exact(void **state)
{
	(void)state;
	struct hist h;
	hist_init(&h);
	for (uint64_t v = 1; v <= 100; v++)
		hist_record(&h, v);
	assert_int_equal(hist_quantile(&h, 0), 1);
	assert_int_equal(hist_quantile(&h, 0.5), 50);
	assert_int_equal(hist_quantile(&h, 0.99), 99);
	assert_int_equal(hist_quantile(&h, 1), 100);
	assert_true(hist_mean(&h) == 50.5);
	hist_release(&h);
}

static void test_error_bound(void **state)
{
	(void)state;
	struct rng r;
	rng_init(&r, 5);
	for (int i = 0; i < 20000; i++) {
		/* a value alone, with a larger one above, so that max does not help */
		uint64_t v = rng_u64(&r) >> rng_below(&r, 64);
		struct hist h;
		if (i % 100)
			v |= 1ull << (i % 63);
		hist_init(&h);
		hist_record(&h, v);
		hist_record(&h, UINT64_MAX);
		uint64_t got = hist_quantile(&h, 0.5);
		assert_true(got >= v);
		assert_true(got - v <= v / 64);
		hist_release(&h);
	}
}

static void test_extremes(void **state)
{
	(void)state;
	struct hist h;
	hist_init(&h);
	hist_record(&h, UINT64_MAX);
	hist_record(&h, 0);
	assert_int_equal(h.min, 0);
	assert_true(h.max == UINT64_MAX);
	assert_true(hist_quantile(&h, 0.9) == UINT64_MAX);
	assert_int_equal(hist_quantile(&h, 0.1), 0);
	hist_release(&h);
}

static void test_merge(void **state)
{
	(void)state;
	struct hist a, b, both;
	hist_init(&a);
	hist_init(&b);
	hist_init(&both);
	for (uint64_t v = 1; v < 5000; v += 3) {
		hist_record(v % 2 ? &a : &b, v * v);
		hist_record(&both, v * v);
	}
	struct hist sum;
	hist_init(&sum);
	hist_merge(&sum, &a);
	hist_merge(&sum, &b);
	assert_int_equal(sum.count, both.count);
	assert_int_equal(sum.min, both.min);
	assert_int_equal(sum.max, both.max);
	for (int i = 0; i <= 20; i++)
		assert_int_equal(hist_quantile(&sum, i / 20.0), hist_quantile(&both, i / 20.0));
	hist_release(&a);
	hist_release(&b);
	hist_release(&both);
	hist_release(&sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_error_bound),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_merge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
