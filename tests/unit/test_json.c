/* JSON: what is refused and where, exact integers, typed reads, the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "util/json.h"
#include "util/mem.h"
#include "util/rng.h"

static cJSON *parse(const char *text)
{
	struct err err = { 0 };
	cJSON *tree = json_parse(text, strlen(text), NULL, &err);
	if (!tree)
		fail_msg("%s: %s", text, err.text);
	return tree;
}

static void test_accepted(void **state)
{
	(void)state;
	static const char *const good[] = { "null", " true ", "0", "-0", "-1.5e+10", "\"\"", "[]",
		"{}", "[1,[2,{\"a\":[]}],null]", "{\"a\":1,\"A\":2,\"\":3}",
		"\"\\ud83d\\ude00 \\u00e9 \xc3\xa9 \\/\\b\"", "\t[\r\n1 , 2 ]\n",
		"0.1000000000000000000000000000000000000000000000000000000000000000000000000001" };
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cJSON_Delete(parse(good[i]));
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "", "line 1, column 1: it ends too early" },
		{ "  ", "line 1, column 3: it ends too early" },
		{ "nul", "a value was expected" },
		{ "nullx", "column 5: there is something after the end" },
		{ "[1] [2]", "column 5: there is something after the end" },
		{ "[1,]", "column 4: a value was expected" },
		{ "[1 2]", "column 4: ',' or ']' was expected" },
		{ "[1", "',' or ']' was expected" },
		{ "[1}", "',' or ']' was expected" },
		{ "{\"a\":1", "',' or '}' was expected" },
		{ "{\"a\" 1}", "':' was expected" },
		{ "{a:1}", "a key in double quotes" },
		{ "{\"a\":1,}", "a key in double quotes" },
		{ "{1:1}", "a key in double quotes" },
		{ "]", "a value was expected" },
		{ "01", "begins with 0" },
		{ "-", "no digits" },
		{ "+1", "a value was expected" },
		{ ".5", "a value was expected" },
		{ "1.", "after the point" },
		{ "1e", "exponent" },
		{ "1e+", "exponent" },
		{ "NaN", "a value was expected" },
		{ "\"abc", "column 1: a string does not end" },
		{ "\"a\nb\"", "control character" },
		{ "\"\\x\"", "unknown escape" },
		{ "\"\\", "unknown escape" },
		{ "\"\\u12\"", "four hexadecimal digits" },
		{ "\"\\u0x1F\"", "four hexadecimal digits" },
		{ "\"\\u0000\"", "NUL" },
		{ "\"\\ud800\"", "surrogate" },
		{ "\"\\ud800\\u0041\"", "surrogate" },
		{ "\"\\udc00\"", "surrogate" },
		{ "\"\xff\"", "UTF-8" },
		{ "\"\xc0\x80\"", "UTF-8" },
		{ "\"\xed\xa0\x80\"", "UTF-8" },
		{ "\"\xf4\x90\x80\x80\"", "UTF-8" },
		{ "\"\xe2\x82\"", "UTF-8" },
		{ "\xef\xbb\xbf{}", "a value was expected" },
		{ "// x\n1", "a value was expected" },
		{ "{\"a\":1,\n \"a\":2}", "line 2, column 2: the key is there already" },
		{ "{\"a\":1,\"\\u0061\":2}", "there already" },
		{ "[{\"x\":{\"k\":1},\"y\":0},{\"b\":1,\"c\":2,\"b\":3}]",
			"column 35: the key is there already" },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		if (json_parse(bad[i].text, strlen(bad[i].text), NULL, &err))
			fail_msg("%s was taken", bad[i].text);
		assert_int_equal(err.code, ERR_PROTOCOL);
		if (!strstr(err.text, bad[i].message))
			fail_msg("%s: '%s' is not about '%s'", bad[i].text, err.text,
				bad[i].message);
	}
	assert_null(json_parse("1\0", 2, NULL, NULL));
	assert_null(json_parse("\"a\0b\"", 5, NULL, NULL));
}

static void test_limits(void **state)
{
	(void)state;
	struct err err = { 0 };
	const struct json_limits small = { .max_bytes = 4, .max_depth = 2 };
	cJSON_Delete(json_parse("[[]]", 4, &small, NULL));
	assert_null(json_parse("[   ]", 5, &small, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_null(json_parse("[[[", 3, &small, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	/* however deep a caller allows, the stack is safe */
	const struct json_limits deep = { .max_depth = 1000000 };
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	for (int i = 0; i < 500000; i++)
		strbuf_addc(&sb, '[');
	assert_null(json_parse(sb.buf, sb.len, &deep, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	/* as many values as a small text can hold */
	strbuf_clear(&sb);
	strbuf_adds(&sb, "[0");
	for (int i = 0; i < 3000000; i++)
		strbuf_adds(&sb, ",0");
	strbuf_addc(&sb, ']');
	assert_null(json_parse(sb.buf, sb.len, NULL, &err));
	assert_int_equal(err.code, ERR_LIMIT);
}

static void test_many_keys(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	strbuf_addc(&sb, '{');
	for (int i = 0; i < 100000; i++)
		strbuf_addf(&sb, "%s\"%d\":0", i ? "," : "", i);
	size_t len = sb.len;
	strbuf_adds(&sb, "}");
	cJSON *tree = json_parse(sb.buf, sb.len, NULL, NULL);
	assert_non_null(tree);
	cJSON_Delete(tree);
	sb.len = len;
	strbuf_adds(&sb, ",\"77777\":0}");
	assert_null(json_parse(sb.buf, sb.len, NULL, NULL));
}

static void test_u64(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "999999999999999", true, 999999999999999 },
		{ "1000000000000000", true, 1000000000000000 },
		{ "9007199254740993", true, 9007199254740993 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "1e3", true, 1000 },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999999999", false, 0 },
		{ "-1", false, 0 },
		{ "-1000000000000000", false, 0 },
		{ "1.5", false, 0 },
		{ "1e16", false, 0 },
		{ "1e999", false, 0 },
		{ "9007199254740993.0", false, 0 },
		{ "\"5\"", false, 0 },
		{ "\"18446744073709551615\"", false, 0 },
		{ "\"\xc3\xbf"
		  "18446744073709551615\"",
			false, 0 },
		{ "\"\\u00ff18446744073709551615\"", false, 0 },
		{ "true", false, 0 },
		{ "null", false, 0 },
		{ "[1]", false, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_JSON cJSON *v = parse(cases[i].text);
		uint64_t got = 77;
		if (json_as_u64(v, &got) != cases[i].ok)
			fail_msg("%s", cases[i].text);
		assert_true(got == (cases[i].ok ? cases[i].value : 77));
	}
	uint64_t got;
	assert_false(json_as_u64(NULL, &got));
}

static void test_typed_reads(void **state)
{
	(void)state;
	CLEANUP_JSON cJSON *v = parse(
		"{\"s\":\"text\",\"b\":true,\"d\":-2.5,\"big\":12345678901234567890,\"huge\":1e999,"
		"\"id\":\"0x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}");
	double d = 0;
	bool b = false;
	uint64_t u = 0;
	struct id32 id;
	assert_string_equal(json_get_str(v, "s"), "text");
	assert_null(json_get_str(v, "S"));
	assert_null(json_get_str(v, "big"));
	assert_null(json_get_str(v, "b"));
	assert_true(json_get_bool(v, "b", &b) && b);
	assert_false(json_get_bool(v, "s", &b));
	assert_true(json_get_double(v, "d", &d) && d == -2.5);
	assert_true(json_get_double(v, "big", &d) && d == 12345678901234567890.0);
	assert_false(json_get_double(v, "huge", &d));
	assert_true(json_get_u64(v, "big", &u) && u == 12345678901234567890ull);
	assert_false(json_get_u64(v, "d", &u));
	assert_true(json_get_id32(v, "id", &id));
	assert_int_equal(id.b[1], 0x11);
	assert_false(json_get_id32(v, "s", &id));
	assert_null(json_get(v, "missing"));
	assert_null(json_get(NULL, "x"));
	assert_null(json_get(json_get(v, "s"), "x"));
	unsigned members = 0;
	json_each (item, v) {
		assert_non_null(item->string);
		members++;
	}
	assert_int_equal(members, 6);
}

static void test_writer(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct jw w;
	struct id32 id = { { 0xab } };
	jw_init(&w, &sb, 0);
	jw_object(&w);
	jw_kstr(&w, "s", "a\"\\\n\x01\x7f\xff\xe2\x82\xac");
	jw_kstr(&w, "none", NULL);
	jw_ku64(&w, "u", UINT64_MAX);
	jw_ki64(&w, "i", INT64_MIN);
	jw_kdouble(&w, "d", 0.1);
	jw_kdouble(&w, "nan", NAN);
	jw_kbool(&w, "b", false);
	jw_kid32(&w, "id", &id);
	jw_key(&w, "a\t");
	jw_array(&w);
	jw_raw(&w, "[1]");
	jw_strn(&w, "a\0b", 3);
	jw_array(&w);
	jw_array_end(&w);
	jw_array_end(&w);
	jw_object_end(&w);
	assert_string_equal(strbuf_str(&sb),
		"{\"s\":\"a\\\"\\\\\\n\\u0001\x7f\xef\xbf\xbd\xe2\x82\xac\",\"none\":null,"
		"\"u\":18446744073709551615,\"i\":-9223372036854775808,\"d\":0.1,\"nan\":null,"
		"\"b\":false,\"id\":"
		"\"ab00000000000000000000000000000000000000000000000000000000000000\","
		"\"a\\t\":[[1],\"a\\u0000b\",[]]}");
}

static void test_pretty(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	CLEANUP_JSON cJSON *v = parse("{\"a\":[1,{}],\"b\":{\"c\":[]}}");
	struct jw w;
	jw_init(&w, &sb, 2);
	jw_value(&w, v);
	assert_string_equal(strbuf_str(&sb),
		"{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
}

static void test_value_round_trip(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":[18446744073709551616,-1234567890123456789,0.1,1e+300,"
				   "-7],\"\\\"\":\"x\\ny\",\"t\":true,\"n\":null}";
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	CLEANUP_JSON cJSON *v = parse(text);
	struct jw w;
	jw_init(&w, &sb, 0);
	jw_value(&w, v);
	assert_string_equal(strbuf_str(&sb), text);
	/* deeper than the writer goes: still valid JSON, nothing aborts */
	const struct json_limits deep = { .max_depth = 500 };
	strbuf_clear(&sb);
	for (int i = 0; i < 400; i++)
		strbuf_addc(&sb, '[');
	for (int i = 0; i < 400; i++)
		strbuf_addc(&sb, ']');
	CLEANUP_JSON cJSON *nested = json_parse(sb.buf, sb.len, &deep, NULL);
	strbuf_clear(&sb);
	jw_init(&w, &sb, 0);
	jw_value(&w, nested);
	CLEANUP_JSON cJSON *again = json_parse(sb.buf, sb.len, &deep, NULL);
	assert_non_null(again);
}

static void test_doubles_read_back(void **state)
{
	(void)state;
	struct rng r;
	rng_init(&r, 9);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = rng_u64(&r);
		double d, back = 0;
		memcpy(&d, &bits, sizeof(d));
		if (!isfinite(d))
			continue;
		CLEANUP_STRBUF struct strbuf sb = { 0 };
		struct jw w;
		jw_init(&w, &sb, 0);
		jw_double(&w, d);
		CLEANUP_JSON cJSON *v = parse(strbuf_str(&sb));
		assert_true(json_as_double(v, &back));
		assert_true(back == d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_typed_reads),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_value_round_trip),
		cmocka_unit_test(test_doubles_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
