/* Hash map: keys of bytes, ownership of values, order, deletion while iterating. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "util/map.h"
#include "util/mem.h"

static unsigned freed;

static void count_free(void *p)
{
	freed++;
	free(p);
}

static void test_basics(void **state)
{
	(void)state;
	int one = 1, two = 2;
	struct map *m = map_new(NULL);
	assert_null(map_get(m, "a", 1));
	map_put(m, "a", 1, &one);
	map_put(m, "a\0b", 3, &two);
	assert_ptr_equal(map_get(m, "a", 1), &one);
	assert_ptr_equal(map_get(m, "a\0b", 3), &two);
	assert_null(map_get(m, "a\0c", 3));
	map_put(m, "", 0, &two);
	assert_ptr_equal(map_get(m, "", 0), &two);
	assert_int_equal(map_len(m), 3);
	assert_ptr_equal(map_take(m, "a", 1), &one);
	assert_null(map_take(m, "a", 1));
	map_del(m, "nothing", 7);
	assert_int_equal(map_len(m), 2);
	map_free(m);
	map_free(NULL);
}

static void test_ownership(void **state)
{
	(void)state;
	freed = 0;
	struct map *m = map_new(count_free);
	map_put(m, "k", 1, xmalloc(1));
	map_put(m, "k", 1, xmalloc(1));
	assert_int_equal(freed, 1);
	free(map_take(m, "k", 1));
	assert_int_equal(freed, 1);
	map_put(m, "k", 1, xmalloc(1));
	map_del(m, "k", 1);
	assert_int_equal(freed, 2);
	map_put(m, "x", 1, xmalloc(1));
	map_put(m, "y", 1, xmalloc(1));
	map_free(m);
	assert_int_equal(freed, 4);
}

struct walk {
	struct map *m;
	int expected;
};

static int delete_even(const void *key, size_t len, void *value, void *arg)
{
	struct walk *walk = arg;
	int n = *(int *)value;
	char text[16];
	assert_int_equal(len, snprintf(text, sizeof(text), "%d", n));
	assert_memory_equal(key, text, len);
	assert_int_equal(n, walk->expected++);
	if (n % 2 == 0)
		map_del(walk->m, key, len);
	return n == 997 ? 42 : 0;
}

static void test_order_and_delete(void **state)
{
	(void)state;
	struct map *m = map_new(free);
	for (int i = 0; i < 1000; i++) {
		char key[16];
		int len = snprintf(key, sizeof(key), "%d", i);
		map_put(m, key, (size_t)len, xmemdup(&i, sizeof(i)));
	}
	struct walk walk = { .m = m };
	assert_int_equal(map_each(m, delete_even, &walk), 42);
	assert_int_equal(walk.expected, 998);
	assert_int_equal(map_len(m), 1000 - 499);
	assert_null(map_get(m, "996", 3));
	assert_non_null(map_get(m, "998", 3));
	map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_ownership),
		cmocka_unit_test(test_order_and_delete),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
