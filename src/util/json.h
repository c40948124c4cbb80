/*
 * JSON in and out, safe for input from outside.
 *
 * In: cJSON behind a token pass that bounds size and depth, refuses duplicate
 * keys, bad UTF-8 and trailing garbage, and keeps integers of more than 15
 * digits exact (they become tagged strings that only json_as_u64() reads).
 * The tree is plain `const cJSON *`; free it with cJSON_Delete.
 * Out: a streaming writer onto a strbuf. Any thread.
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "util/err.h"
#include "util/hex.h"
#include "util/strbuf.h"

struct json_limits {
	size_t max_bytes;   /* 0: 16 MiB */
	unsigned max_depth; /* 0: 64 */
};

/* NULL on error, with position in the text. limits may be NULL. */
cJSON *json_parse(const char *text, size_t len, const struct json_limits *limits, struct err *err);

static inline void json_cleanup(cJSON **j)
{
	cJSON_Delete(*j);
}
#define CLEANUP_JSON __attribute__((cleanup(json_cleanup)))

/* Typed reads of one value; false when it is of another type or out of range. */
bool json_as_u64(const cJSON *v, uint64_t *ret);
bool json_as_double(const cJSON *v, double *ret);
bool json_as_bool(const cJSON *v, bool *ret);
const char *json_as_str(const cJSON *v); /* NULL when it is no string (or a tagged integer) */
bool json_as_id32(const cJSON *v, struct id32 *ret);
const char *json_tagged_integer(const cJSON *v); /* its text, NULL when it is none */

/* Members of an object; false/NULL when missing or of another type. */
const cJSON *json_get(const cJSON *obj, const char *key); /* case-sensitive */
bool json_get_u64(const cJSON *obj, const char *key, uint64_t *ret);
bool json_get_double(const cJSON *obj, const char *key, double *ret);
bool json_get_bool(const cJSON *obj, const char *key, bool *ret);
const char *json_get_str(const cJSON *obj, const char *key);
bool json_get_id32(const cJSON *obj, const char *key, struct id32 *ret);

#define json_each(item, array) \
	for (const cJSON *item = (array) ? (array)->child : NULL; item; item = item->next)

/*
 * Writer. Commas are its business; nesting and keys are the caller's (a wrong
 * order aborts: a bug). indent 0 gives one line, else pretty-printed.
 */
#define JW_MAX_DEPTH 128
struct jw {
	struct strbuf *out;
	int indent;
	int depth;
	bool need_comma[JW_MAX_DEPTH];
	bool is_object[JW_MAX_DEPTH];
	bool have_key;
};
void jw_init(struct jw *w, struct strbuf *out, int indent);
void jw_object(struct jw *w);
void jw_object_end(struct jw *w);
void jw_array(struct jw *w);
void jw_array_end(struct jw *w);
void jw_key(struct jw *w, const char *key);
void jw_str(struct jw *w, const char *s); /* NULL writes null; bad UTF-8 becomes U+FFFD */
void jw_strn(struct jw *w, const char *s, size_t len);
void jw_u64(struct jw *w, uint64_t v);
void jw_i64(struct jw *w, int64_t v);
void jw_double(struct jw *w, double v); /* shortest form that reads back; not finite: null */
void jw_bool(struct jw *w, bool v);
void jw_null(struct jw *w);
void jw_id32(struct jw *w, const struct id32 *id);
void jw_hex(struct jw *w, const void *data, size_t len);
void jw_raw(struct jw *w, const char *json); /* an already valid value */
void jw_value(struct jw *w, const cJSON *v); /* a parsed tree, integers exact */

/* key and value in one call */
void jw_kstr(struct jw *w, const char *key, const char *s);
void jw_ku64(struct jw *w, const char *key, uint64_t v);
void jw_ki64(struct jw *w, const char *key, int64_t v);
void jw_kdouble(struct jw *w, const char *key, double v);
void jw_kbool(struct jw *w, const char *key, bool v);
void jw_kid32(struct jw *w, const char *key, const struct id32 *id);

#endif
