/* Errors as values: texts, codes, cutting, NULL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "util/err.h"

static void test_set(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(err_set(&err, ERR_LIMIT, "%d of %s", 3, "them"), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(err.saved_errno, 0);
	assert_string_equal(err.text, "3 of them");
	assert_int_equal(err_prefix(&err, "reading %s", "x.yaml"), -1);
	assert_string_equal(err.text, "reading x.yaml: 3 of them");
	assert_int_equal(err.code, ERR_LIMIT);
	err_clear(&err);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.text, "");
}

static void test_errno(void **state)
{
	(void)state;
	struct err err = { 0 };
	errno = ENOSPC;
	assert_int_equal(err_errno(&err, ERR_IO, "cannot write %s", "f"), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(err.saved_errno, ENOSPC);
	assert_string_equal(err.text, "cannot write f: No space left on device");
}

static void test_null_is_fine(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_errno(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_prefix(NULL, "x"), -1);
	err_clear(NULL);
}

static void test_too_long_is_cut(void **state)
{
	(void)state;
	struct err err = { 0 };
	char big[3000];
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&err, ERR_IO, "%s", big);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_prefix(&err, "outer");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "outer: aaa", 10);
	err_prefix(&err, "%s", big);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	errno = EIO;
	err_errno(&err, ERR_IO, "%s", big);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_code_names_differ(void **state)
{
	(void)state;
	for (int a = ERR_NONE; a <= ERR_INTERNAL; a++) {
		assert_string_not_equal(err_code_name((enum err_code)a), "unknown");
		for (int b = ERR_NONE; b < a; b++)
			assert_string_not_equal(
				err_code_name((enum err_code)a), err_code_name((enum err_code)b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_null_is_fine),
		cmocka_unit_test(test_too_long_is_cut),
		cmocka_unit_test(test_code_names_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
