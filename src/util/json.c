/*
 * JSON in; see json.h.
 *
 * Everything is checked by a pass of our own that keeps its nesting in an
 * array, so cJSON (which recurses, and is lenient) sees only text that is known
 * to be good. That pass copies the text and turns long integers into strings
 * that begin with the byte 0xff. No genuine string can: they are valid UTF-8.
 */
#include "util/json.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "util/map.h"
#include "util/mem.h"
#include "util/units.h"
#include "util/utf8.h"

#define DEFAULT_MAX_BYTES  (16u << 20)
#define DEFAULT_MAX_DEPTH  64u
#define HIGHEST_MAX_DEPTH  512u     /* cJSON itself stops at 1000 */
#define MAX_VALUES         2000000u /* one takes 64 bytes and more */
#define EXACT_DIGITS       15       /* any integer of so many is exact in a double */
#define CJSON_NUMBER_CHARS 60       /* it refuses numbers a little longer than this */
#define INTEGER_TAG        '\xff'

/* What may come next. */
enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* after [ */
	EXPECT_KEY,
	EXPECT_KEY_OR_END, /* after { */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING, /* the value is complete */
};

struct scan {
	const char *text;
	size_t len, at;
	struct strbuf out;
	VEC(size_t) key_offsets; /* in order of the text */
	size_t values;
	unsigned depth, max_depth;
	bool is_object[HIGHEST_MAX_DEPTH];
	struct err *err;
};

static int fail_at(const struct scan *s, size_t at, enum err_code code, const char *what)
{
	size_t line = 1, col = 1;
	for (size_t i = 0; i < at && i < s->len; i++) {
		col++;
		if (s->text[i] == '\n') {
			line++;
			col = 1;
		}
	}
	return err_set(s->err, code, "bad JSON at line %zu, column %zu: %s", line, col, what);
}

static int fail(const struct scan *s, const char *what)
{
	return fail_at(s, s->at, ERR_PROTOCOL, what);
}

static char peek(const struct scan *s)
{
	/* NUL is no token, so it can stand for the end */
	return s->at < s->len ? s->text[s->at] : '\0';
}

/* --- strings ------------------------------------------------------------------ */

/* Four hex digits at offset, or -1. */
static long hex4(const struct scan *s, size_t offset)
{
	unsigned char b[2];
	if (offset + 4 > s->len || !hex_decode(s->text + offset, 4, b, sizeof(b)))
		return -1;
	return (long)b[0] << 8 | b[1];
}

/* The escape at the backslash; moves past it. */
static int scan_escape(struct scan *s)
{
	char c = s->at + 1 < s->len ? s->text[s->at + 1] : '\0';
	if (c != 'u') {
		if (c == '\0' || !strchr("\"\\/bfnrt", c))
			return fail(s, "unknown escape in a string");
		s->at += 2;
		return 0;
	}
	long unit = hex4(s, s->at + 2);
	if (unit < 0)
		return fail(s, "\\u needs four hexadecimal digits");
	if (unit == 0)
		return fail(s, "a string may not contain a NUL character");
	size_t used = 6;
	if (unit >= 0xd800 && unit <= 0xdfff) {
		long low = -1;
		if (unit < 0xdc00 && s->at + 12 <= s->len && s->text[s->at + 6] == '\\' &&
			s->text[s->at + 7] == 'u')
			low = hex4(s, s->at + 8);
		if (low < 0xdc00 || low > 0xdfff)
			return fail(s, "half a surrogate pair in a string");
		used = 12;
	}
	s->at += used;
	return 0;
}

static int scan_string(struct scan *s)
{
	size_t start = s->at++;
	for (;;) {
		if (s->at >= s->len)
			return fail_at(s, start, ERR_PROTOCOL, "a string does not end");
		unsigned char c = (unsigned char)s->text[s->at];
		if (c == '"')
			break;
		if (c < 0x20)
			return fail(s, "control character in a string");
		if (c == '\\') {
			if (scan_escape(s) != 0)
				return -1;
			continue;
		}
		size_t n = utf8_sequence(s->text + s->at, s->len - s->at);
		if (n == 0)
			return fail(s, "a string is not valid UTF-8");
		s->at += n;
	}
	s->at++;
	strbuf_add(&s->out, s->text + start, s->at - start);
	return 0;
}

/* --- numbers and words ---------------------------------------------------------- */

/* Skips digits and returns how many there were. */
static size_t skip_digits(struct scan *s)
{
	size_t start = s->at;
	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at - start;
}

/* cJSON has a small buffer for numbers; a double needs no more than 17 digits. */
static void add_shortened(struct strbuf *out, const char *number, size_t len)
{
	CLEANUP_FREE char *copy = xstrndup(number, len);
	double v = strtod_l(copy, NULL, units_c_locale());
	locale_t before = uselocale(units_c_locale());
	if (isfinite(v))
		strbuf_addf(out, "%.17g", v);
	else
		strbuf_adds(out, v < 0 ? "-1e999" : "1e999");
	uselocale(before);
}

static int scan_number(struct scan *s)
{
	size_t start = s->at;
	bool integer = true;
	if (peek(s) == '-')
		s->at++;
	bool zero = peek(s) == '0';
	size_t digits = skip_digits(s);
	if (digits == 0)
		return fail(s, "a number has no digits");
	if (zero && digits > 1)
		return fail_at(s, start, ERR_PROTOCOL, "a number begins with 0");
	if (peek(s) == '.') {
		integer = false;
		s->at++;
		if (skip_digits(s) == 0)
			return fail(s, "digits are missing after the point");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		integer = false;
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (skip_digits(s) == 0)
			return fail(s, "an exponent has no digits");
	}
	const char *number = s->text + start;
	size_t len = s->at - start;
	if (integer && digits > EXACT_DIGITS) {
		strbuf_addc(&s->out, '"');
		strbuf_addc(&s->out, INTEGER_TAG);
		strbuf_add(&s->out, number, len);
		strbuf_addc(&s->out, '"');
	} else if (len > CJSON_NUMBER_CHARS) {
		add_shortened(&s->out, number, len);
	} else {
		strbuf_add(&s->out, number, len);
	}
	return 0;
}

static int scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);
		if (s->len - s->at >= n && memcmp(s->text + s->at, words[i], n) == 0) {
			strbuf_add(&s->out, words[i], n);
			s->at += n;
			return 0;
		}
	}
	return fail(s, s->at < s->len ? "a value was expected" : "it ends too early");
}

/* --- structure -------------------------------------------------------------------- */

static enum expect after_value(const struct scan *s)
{
	return s->depth ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static int scan_open(struct scan *s, bool object, enum expect *next)
{
	if (s->depth >= s->max_depth)
		return fail_at(s, s->at, ERR_LIMIT, "it is nested too deeply");
	s->is_object[s->depth++] = object;
	strbuf_addc(&s->out, s->text[s->at++]);
	*next = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	return 0;
}

static int scan_close(struct scan *s, enum expect *next)
{
	strbuf_addc(&s->out, s->text[s->at++]);
	s->depth--;
	*next = after_value(s);
	return 0;
}

static int scan_value(struct scan *s, enum expect *next)
{
	if (++s->values > MAX_VALUES)
		return fail_at(s, s->at, ERR_LIMIT, "it has too many values");
	char c = peek(s);
	if (c == '{' || c == '[')
		return scan_open(s, c == '{', next);
	*next = after_value(s);
	if (c == '"')
		return scan_string(s);
	if (c == '-' || (c >= '0' && c <= '9'))
		return scan_number(s);
	return scan_word(s);
}

static int scan_key(struct scan *s, enum expect *next)
{
	if (peek(s) != '"')
		return fail(s, "a key in double quotes was expected");
	vec_push(&s->key_offsets, s->at);
	*next = EXPECT_COLON;
	return scan_string(s);
}

static int scan_token(struct scan *s, enum expect *next)
{
	char c = peek(s);
	switch (*next) {
	case EXPECT_VALUE_OR_END:
		return c == ']' ? scan_close(s, next) : scan_value(s, next);
	case EXPECT_VALUE:
		return scan_value(s, next);
	case EXPECT_KEY_OR_END:
		return c == '}' ? scan_close(s, next) : scan_key(s, next);
	case EXPECT_KEY:
		return scan_key(s, next);
	case EXPECT_COLON:
		if (c != ':')
			return fail(s, "':' was expected after a key");
		*next = EXPECT_VALUE;
		break;
	case EXPECT_COMMA_OR_END: {
		bool object = s->is_object[s->depth - 1];
		if (c == (object ? '}' : ']'))
			return scan_close(s, next);
		if (c != ',')
			return fail(
				s, object ? "',' or '}' was expected" : "',' or ']' was expected");
		*next = object ? EXPECT_KEY : EXPECT_VALUE;
		break;
	}
	case EXPECT_NOTHING:
		return fail(s, "there is something after the end");
	}
	strbuf_addc(&s->out, c);
	s->at++;
	return 0;
}

static int scan_text(struct scan *s)
{
	enum expect next = EXPECT_VALUE;
	for (;;) {
		while (s->at < s->len && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at])
			s->at++;
		if (s->at == s->len && next == EXPECT_NOTHING)
			return 0;
		if (scan_token(s, &next) != 0)
			return -1;
	}
}

/* --- duplicate keys ----------------------------------------------------------------- */

/*
 * Compared as cJSON decoded them, so that escapes hide nothing. Members come in
 * the order of the text, so *key counts along key_offsets. The depth is known
 * to be bounded.
 */
static int check_keys(const struct scan *s, const cJSON *v, size_t *key)
{
	struct map *seen = cJSON_IsObject(v) && v->child && v->child->next ? map_new(NULL) : NULL;
	int rc = 0;
	for (const cJSON *item = v->child; item && rc == 0; item = item->next) {
		if (cJSON_IsObject(v)) {
			size_t at = s->key_offsets.items[(*key)++], len = strlen(item->string);
			if (seen && map_get(seen, item->string, len)) {
				rc = fail_at(s, at, ERR_PROTOCOL, "the key is there already");
				break;
			}
			if (seen)
				map_put(seen, item->string, len, item->string);
		}
		rc = check_keys(s, item, key);
	}
	map_free(seen);
	return rc;
}

cJSON *json_parse(const char *text, size_t len, const struct json_limits *limits, struct err *err)
{
	size_t max_bytes = limits && limits->max_bytes ? limits->max_bytes : DEFAULT_MAX_BYTES;
	unsigned max_depth = limits && limits->max_depth ? limits->max_depth : DEFAULT_MAX_DEPTH;
	if (len > max_bytes) {
		err_set(err, ERR_LIMIT, "JSON of %zu bytes is larger than the %zu allowed", len,
			max_bytes);
		return NULL;
	}
	struct scan s = {
		.text = text,
		.len = len,
		.max_depth = MIN(max_depth, HIGHEST_MAX_DEPTH),
		.err = err,
	};
	cJSON *tree = NULL;
	size_t key = 0;
	if (scan_text(&s) == 0) {
		tree = cJSON_ParseWithLength(strbuf_str(&s.out), s.out.len);
		if (!tree)
			err_set(err, ERR_INTERNAL, "cJSON refused checked JSON");
	}
	if (tree && check_keys(&s, tree, &key) != 0) {
		cJSON_Delete(tree);
		tree = NULL;
	}
	strbuf_release(&s.out);
	vec_free(&s.key_offsets);
	return tree;
}

/* --- typed reads ------------------------------------------------------------------- */

const char *json_tagged_integer(const cJSON *v)
{
	return v && cJSON_IsString(v) && v->valuestring[0] == INTEGER_TAG ? v->valuestring + 1
									  : NULL;
}

bool json_as_u64(const cJSON *v, uint64_t *ret)
{
	const char *digits = json_tagged_integer(v);
	if (digits)
		return units_parse_u64(digits, ret, NULL) == 0;
	/* from 2^53 on, a number with an exponent may have been rounded */
	if (!v || !cJSON_IsNumber(v) || !(v->valuedouble >= 0 && v->valuedouble < 0x1p53) ||
		floor(v->valuedouble) != v->valuedouble)
		return false;
	*ret = (uint64_t)v->valuedouble;
	return true;
}

bool json_as_double(const cJSON *v, double *ret)
{
	const char *digits = json_tagged_integer(v);
	double value = 0;
	if (digits)
		value = strtod_l(digits, NULL, units_c_locale());
	else if (v && cJSON_IsNumber(v))
		value = v->valuedouble;
	else
		return false;
	if (!isfinite(value))
		return false;
	*ret = value;
	return true;
}

bool json_as_bool(const cJSON *v, bool *ret)
{
	if (!cJSON_IsBool(v))
		return false;
	*ret = cJSON_IsTrue(v);
	return true;
}

const char *json_as_str(const cJSON *v)
{
	return v && cJSON_IsString(v) && v->valuestring[0] != INTEGER_TAG ? v->valuestring : NULL;
}

bool json_as_id32(const cJSON *v, struct id32 *ret)
{
	return id32_parse(json_as_str(v), ret);
}

const cJSON *json_get(const cJSON *obj, const char *key)
{
	return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

bool json_get_u64(const cJSON *obj, const char *key, uint64_t *ret)
{
	return json_as_u64(json_get(obj, key), ret);
}

bool json_get_double(const cJSON *obj, const char *key, double *ret)
{
	return json_as_double(json_get(obj, key), ret);
}

bool json_get_bool(const cJSON *obj, const char *key, bool *ret)
{
	return json_as_bool(json_get(obj, key), ret);
}

const char *json_get_str(const cJSON *obj, const char *key)
{
	return json_as_str(json_get(obj, key));
}

bool json_get_id32(const cJSON *obj, const char *key, struct id32 *ret)
{
	return json_as_id32(json_get(obj, key), ret);
}
