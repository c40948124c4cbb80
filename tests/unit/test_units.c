/* Durations, sizes and numbers: what is taken, what is refused, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/rng.h"
#include "util/units.h"

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "1ns", 1 },
		{ "100us", 100 * NS_PER_US },
		{ "500ms", 500 * NS_PER_MS },
		{ "30s", 30 * NS_PER_S },
		{ "1.5m", 90 * NS_PER_S },
		{ "2h", 7200 * NS_PER_S },
		{ "1d", 86400 * NS_PER_S },
		{ "1m30s", 90 * NS_PER_S },
		{ "1h0.5s", 3600 * NS_PER_S + 500 * NS_PER_MS },
		{ "0.1s", 100 * NS_PER_MS },
		{ "1.000000001s", NS_PER_S + 1 },
		{ "0.30000s", 300 * NS_PER_MS },
		{ "1.0000000000000000s", NS_PER_S },
		{ "18446744073709551615ns", UINT64_MAX },
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err err = { 0 };
		uint64_t ns = 12345;
		if (units_parse_duration(good[i].text, &ns, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(ns, good[i].ns);
	}
	static const char *const bad[] = { "", "30", "1.5", "s", "-5s", "+5s", " 5s", "5s ", "5 s",
		"1.s", ".5s", "5x", "5S", "30s1m", "1s1s", "1e3s", "18446744073709551616ns",
		"18446744074s", "5124095577h", "1.0000000001s", "0.5ns", "1m30", "99999999999999d",
		"18446744073.709551616s", "18446744073s0.8s" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		uint64_t ns = 12345;
		if (units_parse_duration(bad[i], &ns, &err) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(ns, 12345);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, "is not a duration: "));
	}
}

static void test_format_duration(void **state)
{
	(void)state;
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1500, "1.5us" },
		{ 500 * NS_PER_MS, "500ms" },
		{ 1500 * NS_PER_MS, "1.5s" },
		{ 90 * NS_PER_S, "1m30s" },
		{ 3600 * NS_PER_S, "1h" },
		{ 60 * NS_PER_S + 1, "1m1ns" },
		{ 172800 * NS_PER_S, "48h" },
		{ UINT64_MAX, "5124095h34m33.709551615s" },
	};
	char buf[32];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(
			units_format_duration(cases[i].ns, buf, sizeof(buf)), cases[i].text);
	struct rng r;
	rng_init(&r, 11);
	for (int i = 0; i < 20000; i++) {
		uint64_t ns = rng_u64(&r) >> rng_below(&r, 64), back = 0;
		units_format_duration(ns, buf, sizeof(buf));
		assert_int_equal(units_parse_duration(buf, &back, NULL), 0);
		assert_int_equal(back, ns);
	}
}

static void test_format_human(void **state)
{
	(void)state;
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ns" },
		{ 950, "950 ns" },
		{ 50 * NS_PER_US, "50 us" },
		{ 99990, "0.1 ms" },
		{ 800 * NS_PER_US, "0.8 ms" },
		{ 12340 * NS_PER_US, "12.3 ms" },
		{ 999600 * NS_PER_US, "1 s" },
		{ 12 * NS_PER_S, "12 s" },
		{ 59940 * NS_PER_MS, "59.9 s" },
		{ 59960 * NS_PER_MS, "1:00" },
		{ 151 * NS_PER_S, "2:31" },
		{ 3599600 * NS_PER_MS, "1:00:00" },
		{ 3723 * NS_PER_S, "1:02:03" },
	};
	char buf[32];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(
			units_format_human(cases[i].ns, buf, sizeof(buf)), cases[i].text);
}

static void test_sizes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "64K", 65536 },
		{ "64k", 65536 },
		{ "10M", 10485760 },
		{ "1GiB", 1ull << 30 },
		{ "16777215T", 16777215ull << 40 },
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint64_t bytes = 7;
		assert_int_equal(units_parse_size(good[i].text, &bytes, NULL), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
	static const char *const bad[] = { "", "K", "-1K", "1.5G", "1KB", "1Q", "1 K", "1KiBs",
		"16777216T", "18446744073709551616", "0x10" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint64_t bytes = 7;
		struct err err = { 0 };
		assert_int_equal(units_parse_size(bad[i], &bytes, &err), -1);
		assert_int_equal(bytes, 7);
		assert_int_equal(err.code, ERR_USAGE);
	}
	char buf[32];
	assert_string_equal(units_format_size(512, buf, sizeof(buf)), "512 B");
	assert_string_equal(units_format_size(1023, buf, sizeof(buf)), "1023 B");
	assert_string_equal(units_format_size(1536, buf, sizeof(buf)), "1.5 KiB");
	assert_string_equal(units_format_size((1 << 20) - 1, buf, sizeof(buf)), "1 MiB");
	assert_string_equal(units_format_size(UINT64_MAX, buf, sizeof(buf)), "16 EiB");
}

static void test_numbers(void **state)
{
	(void)state;
	uint64_t u = 5;
	assert_int_equal(units_parse_u64("18446744073709551615", &u, NULL), 0);
	assert_true(u == UINT64_MAX);
	static const char *const bad_u64[] = { "", "-1", "+1", "1.0", " 1", "1 ", "0x1",
		"18446744073709551616", "1e3" };
	for (size_t i = 0; i < ARRAY_LEN(bad_u64); i++)
		assert_int_equal(units_parse_u64(bad_u64[i], &u, NULL), -1);
	double d = 0;
	/* whatever the program's locale says */
	setlocale(LC_ALL, "de_DE.UTF-8");
	assert_int_equal(units_parse_double("-2.5e1", &d, NULL), 0);
	assert_true(d == -25);
	static const char *const bad_double[] = { "", "nan", "inf", "1e999", "0x1p3", "1,5", " 1",
		"1 ", "--1", "1e", "e", "." };
	for (size_t i = 0; i < ARRAY_LEN(bad_double); i++) {
		if (units_parse_double(bad_double[i], &d, NULL) == 0)
			fail_msg("'%s' was taken", bad_double[i]);
	}
}

static void test_plural(void **state)
{
	(void)state;
	assert_string_equal(plural_s(0), "s");
	assert_string_equal(plural_s(1), "");
	assert_string_equal(plural_s(2), "s");
	assert_string_equal(plural_s(UINT64_MAX), "s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plural),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_format_duration),
		cmocka_unit_test(test_format_human),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
