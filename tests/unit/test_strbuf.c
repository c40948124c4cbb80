/* Growable buffer: growth, bound, consuming, detaching; the lists of mem.h too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "util/mem.h"
#include "util/strbuf.h"

static void test_append(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	assert_string_equal(strbuf_str(&sb), "");
	assert_int_equal(strbuf_adds(&sb, "ab"), 0);
	assert_int_equal(strbuf_addc(&sb, 'c'), 0);
	assert_int_equal(strbuf_add(&sb, "d\0e", 3), 0);
	assert_int_equal(strbuf_addf(&sb, "%03d", 7), 0);
	assert_int_equal(sb.len, 9);
	assert_memory_equal(sb.buf, "abcd\0e007", 10);
}

static void test_long_format(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	strbuf_adds(&sb, "<");
	assert_int_equal(strbuf_addf(&sb, "%5000s", "x"), 0);
	strbuf_adds(&sb, ">");
	assert_int_equal(sb.len, 5002);
	assert_int_equal(strlen(sb.buf), 5002);
	assert_string_equal(sb.buf + 4999, " x>");
}

static void test_bound(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb;
	strbuf_init(&sb, 5);
	assert_int_equal(strbuf_adds(&sb, "1234"), 0);
	assert_int_equal(strbuf_adds(&sb, "56"), -1);
	assert_true(sb.overflow);
	assert_string_equal(strbuf_str(&sb), "1234");
	assert_int_equal(strbuf_addf(&sb, "%300d", 1), -1);
	assert_int_equal(strbuf_addc(&sb, '5'), 0);
	assert_string_equal(strbuf_str(&sb), "12345");
	strbuf_clear(&sb);
	assert_false(sb.overflow);
	assert_int_equal(strbuf_adds(&sb, "123456"), -1);
	strbuf_release(&sb);
	assert_int_equal(sb.max, 5);
	assert_int_equal(strbuf_add(&sb, "x", SIZE_MAX), -1);
}

static void test_consume_and_detach(void **state)
{
	(void)state;
	struct strbuf sb = { 0 };
	strbuf_consume(&sb, 3);
	strbuf_adds(&sb, "hello");
	strbuf_consume(&sb, 2);
	assert_string_equal(strbuf_str(&sb), "llo");
	CLEANUP_FREE char *got = strbuf_detach(&sb);
	assert_string_equal(got, "llo");
	assert_int_equal(sb.len, 0);
	CLEANUP_FREE char *empty = strbuf_detach(&sb);
	assert_string_equal(empty, "");
	strbuf_adds(&sb, "again");
	strbuf_consume(&sb, 99);
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_release(&sb);
}

static void test_strlist(void **state)
{
	(void)state;
	struct strlist l = { 0 };
	for (int i = 0; i < 40; i++) {
		strlist_addf(&l, "n%d", i);
		assert_null(l.items[l.len]);
	}
	strlist_add(&l, "end");
	assert_int_equal(l.len, 41);
	assert_string_equal(l.items[39], "n39");
	assert_string_equal(l.items[40], "end");
	assert_null(l.items[41]);
	strlist_release(&l);
	assert_int_equal(l.len, 0);
}

static void test_vec_and_take(void **state)
{
	(void)state;
	VEC(int) v = { 0 };
	for (int i = 0; i < 100; i++)
		vec_push(&v, i * i);
	assert_int_equal(v.len, 100);
	assert_int_equal(v.items[99], 9801);
	vec_free(&v);
	assert_null(v.items);
	char *a = xstrndup("abcdef", 3);
	CLEANUP_FREE char *b = TAKE_PTR(a);
	assert_null(a);
	assert_string_equal(b, "abc");
	assert_null(xstrdup(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_long_format),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_consume_and_detach),
		cmocka_unit_test(test_strlist),
		cmocka_unit_test(test_vec_and_take),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
