/* See prometheus.h. */
#include "core/prometheus.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/node_client.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/units.h"

char *prom_query_url(const char *base, const char *query)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~";
	struct strbuf url = { 0 };
	size_t len = strlen(base);

	while (len && base[len - 1] == '/')
		len--;
	strbuf_add(&url, base, len);
	strbuf_adds(&url, "/api/v1/query?query=");
	for (; *query; query++) {
		if (strchr(plain, *query))
			strbuf_addc(&url, *query);
		else
			strbuf_addf(&url, "%%%02X", (unsigned char)*query);
	}
	return strbuf_detach(&url);
}

/* --- labels ------------------------------------------------------------------------- */

/* As in PromQL, except for what could not be shown on a line. */
static void put_quoted(struct strbuf *out, const char *s)
{
	strbuf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
	}
	strbuf_addc(out, '"');
}

static void put_labels(struct strbuf *out, const cJSON *labels)
{
	const char *between = "{";

	json_each (l, labels) {
		const char *value = json_as_str(l);
		if (!value || strcmp(l->string, "__name__") == 0)
			continue;
		strbuf_addf(out, "%s%s=", between, l->string);
		put_quoted(out, value);
		between = ", ";
	}
	strbuf_adds(out, *between == '{' ? "" : "}");
}

static void series_text(const cJSON *labels, char buf[PROM_SERIES_BYTES])
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	const char *name = json_get_str(labels, "__name__");

	strbuf_adds(&text, name ? name : "");
	put_labels(&text, labels);
	const char *s = strbuf_str(&text);
	bool fits = text.len < PROM_SERIES_BYTES;
	size_t n = fits ? text.len : PROM_SERIES_BYTES - 4;
	while (!fits && n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		buf[i] = (unsigned char)s[i] < ' ' ? '?' : s[i];
	memcpy(buf + n, fits ? "" : "...", fits ? 1 : 4);
}

/* --- answers -------------------------------------------------------------------------- */

static int malformed(struct err *err)
{
	return err_set(err, ERR_PROTOCOL,
		"the answer is none of Prometheus; is query_url the base URL of one?");
}

/* [ <Unix time>, "<value>" ] */
static int parse_value(const cJSON *pair, double *ret, struct err *err)
{
	const char *text = pair && pair->child && pair->child->next && !pair->child->next->next
				   ? json_as_str(pair->child->next)
				   : NULL;
	char *end;

	if (!text || !*text)
		return malformed(err);
	*ret = strtod_l(text, &end, units_c_locale());
	if (*end)
		return malformed(err);
	if (!isfinite(*ret))
		return err_set(err, ERR_PROTOCOL, "a value is %s, which cannot be judged",
			isnan(*ret) ? "NaN"
			: *ret > 0  ? "+Inf"
				    : "-Inf");
	return 0;
}

static int take_sample(
	const cJSON *pair, const cJSON *labels, struct prom_answer *ret, struct err *err)
{
	double v = 0;

	if (parse_value(pair, &v, err))
		return -1;
	if (ret->series == 0 || v < ret->min) {
		ret->min = v;
		series_text(labels, ret->min_series);
	}
	if (ret->series == 0 || v > ret->max) {
		ret->max = v;
		series_text(labels, ret->max_series);
	}
	ret->series++;
	return 0;
}

static int parse_vector(const cJSON *result, struct prom_answer *ret, struct err *err)
{
	if (!cJSON_IsArray(result))
		return malformed(err);
	json_each (s, result) {
		const cJSON *labels = json_get(s, "metric");
		if (!cJSON_IsObject(labels))
			return malformed(err);
		if (json_get(s, "histogram"))
			return err_set(err, ERR_PROTOCOL,
				"the query gives a native histogram; ask for a number, as with "
				"histogram_quantile()");
		if (take_sample(json_get(s, "value"), labels, ret, err))
			return -1;
	}
	if (ret->series == 0)
		return err_set(err, ERR_PROTOCOL,
			"the query gives nothing: no such series, or a comparison left none over");
	return 0;
}

static int parse_data(const cJSON *data, struct prom_answer *ret, struct err *err)
{
	const char *type = json_get_str(data, "resultType");
	const cJSON *result = json_get(data, "result");

	if (type && strcmp(type, "vector") == 0)
		return parse_vector(result, ret, err);
	if (type && strcmp(type, "scalar") == 0)
		return cJSON_IsArray(result) ? take_sample(result, NULL, ret, err) : malformed(err);
	if (type && strcmp(type, "matrix") == 0)
		return err_set(err, ERR_PROTOCOL,
			"the query gives a range of values over time; ask for a number, as with "
			"max_over_time()");
	if (type && strcmp(type, "string") == 0)
		return err_set(err, ERR_PROTOCOL, "the query gives a text; ask for a number");
	return malformed(err);
}

int prom_parse_answer(
	int status, const char *body, size_t len, struct prom_answer *ret, struct err *err)
{
	const struct json_limits limits = { .max_bytes = PROM_ANSWER_MAX, .max_depth = 16 };
	CLEANUP_JSON cJSON *j = json_parse(body, len, &limits, NULL);
	const char *outcome = j ? json_get_str(j, "status") : NULL;
	const char *error = j ? json_get_str(j, "error") : NULL;
	char text[300];

	*ret = (struct prom_answer){ 0 };
	if (outcome && strcmp(outcome, "error") == 0 && error) {
		node_error_text(status, error, strlen(error), text, sizeof(text));
		return err_set(err, ERR_PROTOCOL, "Prometheus answers %s", text);
	}
	if (status / 100 != 2) {
		node_error_text(status, body, len, text, sizeof(text));
		return err_set(err, ERR_PROTOCOL, "the answer is %s", text);
	}
	if (!outcome || strcmp(outcome, "success") != 0)
		return malformed(err);
	return parse_data(json_get(j, "data"), ret, err);
}
