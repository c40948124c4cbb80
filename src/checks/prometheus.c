/*
 * Expectation: what a Prometheus answers to a query is within bounds, for every
 * sample of the answer. Sees the METRIC events that core/queries.c makes of the
 * answers; the last one before the judgement counts. What could not be asked or
 * answered, or is no number, is unknown, never a pass.
 */
#include <stdio.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/common.h"
#include "core/prometheus.h"
#include "util/units.h"

#define LABEL_MAX 60
#define SHOWN     48 /* bytes of a query in a reason */

struct state {
	char label[LABEL_MAX + 4];
	bool has_least, has_most;
	double least, most;

	uint64_t answers, errors;
	bool asked, ok; /* of the last one */
	uint64_t t_ns;
	char error[200];
	unsigned series;
	double min, max;
	char min_series[PROM_SERIES_BYTES], max_series[PROM_SERIES_BYTES];
};

static const struct option options[] = {
	{ .name = "query",
		.type = OPTION_STRING,
		.offset = offsetof(struct prometheus_config, query),
		.help = "PromQL, asked as an instant query; required" },
	{ .name = "at_least",
		.type = OPTION_STRING,
		.offset = offsetof(struct prometheus_config, at_least),
		.help = "A number that no sample may be below" },
	{ .name = "at_most",
		.type = OPTION_STRING,
		.offset = offsetof(struct prometheus_config, at_most),
		.help = "A number that no sample may be above" },
	{ .name = "label",
		.type = OPTION_STRING,
		.offset = offsetof(struct prometheus_config, label),
		.help = "What is measured, in words for the reports; default: the query" },
	{ .name = NULL },
};

/* 0, and whether there is one; -1 when it is no number. */
static int parse_bound(
	const char *key, const char *text, bool *ret_has, double *ret, struct err *err)
{
	char buf[OPTION_QUOTE];

	*ret_has = text && *text;
	if (!*ret_has || units_parse_double(text, ret, NULL) == 0)
		return 0;
	return err_set(err, ERR_USAGE, "%s: expected a number, not %s", key,
		option_quote(text, buf, sizeof(buf)));
}

static int validate(const void *config, const struct scenario *s, struct err *err)
{
	const struct prometheus_config *c = config;
	bool has_least, has_most;
	double least = 0, most = 0;

	(void)s;
	if (!c->query || !*c->query)
		return err_set(err, ERR_USAGE,
			"query is missing: which PromQL is to be asked, such as "
			"min(consensus_tip_height)?");
	if (strlen(c->query) > PROM_QUERY_MAX)
		return err_set(err, ERR_USAGE, "query: more than %d bytes", PROM_QUERY_MAX);
	if (c->label && strlen(c->label) > LABEL_MAX)
		return err_set(err, ERR_USAGE, "label: more than %d bytes", LABEL_MAX);
	if (parse_bound("at_least", c->at_least, &has_least, &least, err) ||
		parse_bound("at_most", c->at_most, &has_most, &most, err))
		return -1;
	if (!has_least && !has_most)
		return err_set(err, ERR_USAGE, "expected at_least, at_most or both");
	if (has_least && has_most && least > most)
		return err_set(err, ERR_USAGE, "no number is at least %.40s and at most %.40s",
			c->at_least, c->at_most);
	return 0;
}

static const char *query(const void *config)
{
	return ((const struct prometheus_config *)config)->query;
}

static void init(struct check *c)
{
	const struct prometheus_config *config = c->config;
	struct state *s = c->state;
	char quoted[SHOWN];

	(void)parse_bound("at_least", config->at_least, &s->has_least, &s->least, NULL);
	(void)parse_bound("at_most", config->at_most, &s->has_most, &s->most, NULL);
	if (config->label && *config->label) {
		snprintf(s->label, sizeof(s->label), "%s", config->label);
		return;
	}
	/* without the quotes around it: it has some of its own */
	option_quote(config->query ? config->query : "", quoted, sizeof(quoted));
	snprintf(s->label, sizeof(s->label), "%.*s", (int)strlen(quoted) - 2, quoted + 1);
}

static void observe(struct check *c, const struct event *ev, const struct model *m)
{
	const struct prometheus_config *config = c->config;
	struct state *s = c->state;

	(void)m;
	if (ev->kind != EVENT_METRIC || strcmp(ev->u.metric.query, config->query) != 0)
		return;
	s->asked = true;
	s->t_ns = ev->t_ns;
	s->ok = ev->u.metric.ok && ev->u.metric.series > 0;
	s->answers += s->ok;
	s->errors += !s->ok;
	if (!s->ok) {
		const char *error = ev->u.metric.error;
		snprintf(s->error, sizeof(s->error), "%s", error ? error : "an empty answer");
		return;
	}
	s->series = ev->u.metric.series;
	s->min = ev->u.metric.min;
	s->max = ev->u.metric.max;
	const char *low = ev->u.metric.min_series, *high = ev->u.metric.max_series;
	snprintf(s->min_series, sizeof(s->min_series), "%s", low ? low : "");
	snprintf(s->max_series, sizeof(s->max_series), "%s", high ? high : "");
}

struct number {
	char s[40];
};

/* As JSON has it: the shortest that reads back. */
static struct number number(double v)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct number n;
	struct jw w;

	jw_init(&w, &text, 0);
	jw_double(&w, v);
	snprintf(n.s, sizeof(n.s), "%s", strbuf_str(&text));
	return n;
}

static void add_bounds(const struct state *s, struct check_result *r)
{
	if (s->has_least)
		check_add(r, "at least %s", number(s->least).s);
	if (s->has_most)
		check_add(r, "%sat most %s", s->has_least ? " and " : "", number(s->most).s);
	check_add(r, " wanted");
}

static bool is_low(const struct state *s)
{
	return s->has_least && s->min < s->least;
}

static bool is_high(const struct state *s)
{
	return s->has_most && s->max > s->most;
}

/* Needs an answer. */
static void say(const struct state *s, enum verdict good, enum verdict bad, struct check_result *r)
{
	const bool low = is_low(s), wrong = low || is_high(s);
	const char *series = low ? s->min_series : s->max_series;
	const bool spread = s->min < s->max;

	if (wrong)
		check_set(r, bad, "%s: %s, ", s->label, number(low ? s->min : s->max).s);
	else
		check_set(r, good, "%s: %s%s%s, ", s->label, number(s->min).s, spread ? " to " : "",
			spread ? number(s->max).s : "");
	add_bounds(s, r);
	if (s->series > 1)
		check_add(r, "; %s of %u samples",
			wrong ? low ? "the lowest" : "the highest" : "all", s->series);
	if (wrong && *series)
		check_add(r, ": %s", series);
}

static void peek(struct check *c, const struct model *m, struct check_result *r)
{
	const struct state *s = c->state;

	(void)m;
	if (!s->asked)
		check_set(r, VERDICT_PENDING, "%s: not asked yet", s->label);
	else if (!s->ok)
		check_set(r, VERDICT_PENDING, "%s: %s", s->label, s->error);
	else
		say(s, VERDICT_PASSING, VERDICT_FAILING, r);
}

static void judge(struct check *c, const struct model *m, struct check_result *r)
{
	const struct prometheus_config *config = c->config;
	const struct state *s = c->state;
	struct jw w;

	(void)m;
	if (!s->asked)
		check_set(r, VERDICT_UNKNOWN, "%s: it was never asked", s->label);
	else if (!s->ok)
		check_set(r, VERDICT_UNKNOWN, "%s: %s", s->label, s->error);
	else
		say(s, VERDICT_PASS, VERDICT_FAIL, r);
	jw_init(&w, &r->evidence, 0);
	jw_object(&w);
	jw_kstr(&w, "query", config->query);
	jw_ku64(&w, "answers", s->answers);
	jw_ku64(&w, "errors", s->errors);
	if (s->asked)
		jw_ku64(&w, "t_ns", s->t_ns);
	if (s->ok) {
		jw_ku64(&w, "series", s->series);
		jw_kdouble(&w, "min", s->min);
		jw_kdouble(&w, "max", s->max);
		jw_kstr(&w, "min_series", s->min_series);
		jw_kstr(&w, "max_series", s->max_series);
	}
	jw_object_end(&w);
}

const struct check_ops prometheus_check = {
	.name = "prometheus",
	.summary = "A Prometheus query gives numbers within bounds",
	.config_size = sizeof(struct prometheus_config),
	.state_size = sizeof(struct state),
	.options = options,
	.validate = validate,
	.query = query,
	.init = init,
	.observe = observe,
	.peek = peek,
	.judge = judge,
	.release = check_no_release,
};
