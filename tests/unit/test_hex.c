/* Hexadecimal text and identifiers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/hex.h"
#include "util/mem.h"

static void test_encode(void **state)
{
	(void)state;
	char out[9];
	hex_encode("\x00\x9f\xfa\x7e", 4, out);
	assert_string_equal(out, "009ffa7e");
	hex_encode("", 0, out);
	assert_string_equal(out, "");
}

static void test_decode(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		bool ok;
	} cases[] = {
		{ "009Ffa7E", 4, true },
		{ "0x009ffa7e", 4, true },
		{ "0X009ffa7e", 4, true },
		{ "", 0, true },
		{ "0x", 0, true },
		{ "009ffa7", 4, false },
		{ "009ffa7e0", 4, false },
		{ "009ffa7e00", 4, false },
		{ "009ffa", 4, false },
		{ "009ffag0", 4, false },
		{ "0x0x9ffa7e", 4, false },
		{ " 09ffa7e", 4, false },
		{ "0x", 1, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned char out[4] = { 0 };
		bool ok = hex_decode(cases[i].text, strlen(cases[i].text), out, cases[i].len);
		assert_int_equal(ok, cases[i].ok);
		if (ok && cases[i].len == 4)
			assert_memory_equal(out, "\x00\x9f\xfa\x7e", 4);
	}
}

static void test_id32(void **state)
{
	(void)state;
	struct id32 a = { { 0 } }, b = { { 0 } };
	char text[ID32_HEX];
	assert_true(id32_is_zero(&a));
	a.b[31] = 1;
	assert_false(id32_is_zero(&a));
	assert_false(id32_eq(&a, &b));
	assert_true(id32_parse(id32_hex(&a, text), &b));
	assert_true(id32_eq(&a, &b));
	assert_false(id32_parse("abc", &b));
	assert_false(id32_parse(NULL, &b));
	assert_true(id32_eq(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_id32),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
