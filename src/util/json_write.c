/* JSON out, streaming onto a strbuf; see json.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"
#include "util/mem.h"
#include "util/units.h"
#include "util/utf8.h"

static void jw_must(bool ok)
{
	if (!ok) {
		fputs("JSON writer used in a wrong order\n", stderr);
		abort();
	}
}

void jw_init(struct jw *w, struct strbuf *out, int indent)
{
	*w = (struct jw){ .out = out, .indent = indent };
}

static void jw_newline(struct jw *w)
{
	if (w->indent <= 0)
		return;
	strbuf_addc(w->out, '\n');
	for (int i = 0; i < w->depth * w->indent; i++)
		strbuf_addc(w->out, ' ');
}

static void jw_separate(struct jw *w)
{
	if (w->need_comma[w->depth])
		strbuf_addc(w->out, ',');
	w->need_comma[w->depth] = true;
	jw_newline(w);
}

/* What every value begins with. */
static void jw_begin(struct jw *w)
{
	if (w->depth == 0) {
		jw_must(!w->need_comma[0]);
		w->need_comma[0] = true;
	} else if (w->is_object[w->depth]) {
		jw_must(w->have_key);
		w->have_key = false;
	} else {
		jw_separate(w);
	}
}

static void jw_open(struct jw *w, bool object)
{
	jw_begin(w);
	jw_must(w->depth + 1 < JW_MAX_DEPTH);
	w->depth++;
	w->need_comma[w->depth] = false;
	w->is_object[w->depth] = object;
	strbuf_addc(w->out, object ? '{' : '[');
}

static void jw_close(struct jw *w, bool object)
{
	jw_must(w->depth > 0 && w->is_object[w->depth] == object && !w->have_key);
	bool empty = !w->need_comma[w->depth];
	w->depth--;
	if (!empty)
		jw_newline(w);
	strbuf_addc(w->out, object ? '}' : ']');
}

void jw_object(struct jw *w)
{
	jw_open(w, true);
}

void jw_object_end(struct jw *w)
{
	jw_close(w, true);
}

void jw_array(struct jw *w)
{
	jw_open(w, false);
}

void jw_array_end(struct jw *w)
{
	jw_close(w, false);
}

/* Length of the run at s that needs no escape. */
static size_t plain_run(const char *s, size_t len)
{
	size_t i = 0;
	while (i < len) {
		unsigned char c = (unsigned char)s[i];
		if (c < 0x20 || c == '"' || c == '\\')
			break;
		size_t n = c < 0x80 ? 1 : utf8_sequence(s + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

static void add_escaped(struct strbuf *out, unsigned char c)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};
	if (c == '"' || c == '\\')
		strbuf_addf(out, "\\%c", c);
	else if (c < 0x20 && letters[c])
		strbuf_addf(out, "\\%c", letters[c]);
	else if (c < 0x20)
		strbuf_addf(out, "\\u%04x", (unsigned)c);
	else
		strbuf_adds(out, "\xef\xbf\xbd"); /* U+FFFD for a byte that is no UTF-8 */
}

static void add_quoted(struct strbuf *out, const char *s, size_t len)
{
	strbuf_addc(out, '"');
	while (len > 0) {
		size_t n = plain_run(s, len);
		strbuf_add(out, s, n);
		if (n < len)
			add_escaped(out, (unsigned char)s[n++]);
		s += n;
		len -= n;
	}
	strbuf_addc(out, '"');
}

void jw_key(struct jw *w, const char *key)
{
	jw_must(w->depth > 0 && w->is_object[w->depth] && !w->have_key);
	jw_separate(w);
	add_quoted(w->out, key, strlen(key));
	strbuf_adds(w->out, w->indent > 0 ? ": " : ":");
	w->have_key = true;
}

void jw_raw(struct jw *w, const char *json)
{
	jw_begin(w);
	strbuf_adds(w->out, json);
}

void jw_null(struct jw *w)
{
	jw_raw(w, "null");
}

void jw_str(struct jw *w, const char *s)
{
	if (s)
		jw_strn(w, s, strlen(s));
	else
		jw_null(w);
}

void jw_strn(struct jw *w, const char *s, size_t len)
{
	jw_begin(w);
	add_quoted(w->out, s, len);
}

void jw_u64(struct jw *w, uint64_t v)
{
	jw_begin(w);
	strbuf_addf(w->out, "%llu", (unsigned long long)v);
}

void jw_i64(struct jw *w, int64_t v)
{
	jw_begin(w);
	strbuf_addf(w->out, "%lld", (long long)v);
}

void jw_double(struct jw *w, double v)
{
	if (!isfinite(v)) {
		jw_null(w);
		return;
	}
	char text[32];
	/* the program may run in a locale that writes a decimal comma */
	locale_t before = uselocale(units_c_locale());
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	uselocale(before);
	jw_raw(w, text);
}

void jw_bool(struct jw *w, bool v)
{
	jw_raw(w, v ? "true" : "false");
}

void jw_id32(struct jw *w, const struct id32 *id)
{
	jw_hex(w, id->b, sizeof(id->b));
}

void jw_hex(struct jw *w, const void *data, size_t len)
{
	const unsigned char *p = data;
	jw_begin(w);
	strbuf_addc(w->out, '"');
	while (len > 0) {
		char text[2 * 64 + 1];
		size_t n = MIN(len, 64u);
		hex_encode(p, n, text);
		strbuf_adds(w->out, text);
		p += n;
		len -= n;
	}
	strbuf_addc(w->out, '"');
}

void jw_value(struct jw *w, const cJSON *v)
{
	const char *integer = json_tagged_integer(v);
	/* a tree from outside may be deeper than this writer goes */
	bool too_deep = w->depth + 1 >= JW_MAX_DEPTH;
	if (integer) {
		jw_raw(w, integer);
	} else if (cJSON_IsString(v)) {
		jw_str(w, v->valuestring);
	} else if (cJSON_IsNumber(v)) {
		jw_double(w, v->valuedouble);
	} else if (cJSON_IsBool(v)) {
		jw_bool(w, cJSON_IsTrue(v));
	} else if (cJSON_IsObject(v) && !too_deep) {
		jw_object(w);
		json_each (item, v) {
			jw_key(w, item->string);
			jw_value(w, item);
		}
		jw_object_end(w);
	} else if (cJSON_IsArray(v) && !too_deep) {
		jw_array(w);
		json_each (item, v)
			jw_value(w, item);
		jw_array_end(w);
	} else {
		jw_null(w);
	}
}

void jw_kstr(struct jw *w, const char *key, const char *s)
{
	jw_key(w, key);
	jw_str(w, s);
}

void jw_ku64(struct jw *w, const char *key, uint64_t v)
{
	jw_key(w, key);
	jw_u64(w, v);
}

void jw_ki64(struct jw *w, const char *key, int64_t v)
{
	jw_key(w, key);
	jw_i64(w, v);
}

void jw_kdouble(struct jw *w, const char *key, double v)
{
	jw_key(w, key);
	jw_double(w, v);
}

void jw_kbool(struct jw *w, const char *key, bool v)
{
	jw_key(w, key);
	jw_bool(w, v);
}

void jw_kid32(struct jw *w, const char *key, const struct id32 *id)
{
	jw_key(w, key);
	jw_id32(w, id);
}
