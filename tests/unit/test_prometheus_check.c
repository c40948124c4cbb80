/* The expectation on Prometheus queries: bounds on every sample, and all that is unknown. */
#include "../lib/check_fixture.h"

static void config(struct fx *f, const char *query, const char *least, const char *most)
{
	struct prometheus_config *c = fx_config(f);

	c->query = xstrdup(query);
	c->at_least = xstrdup(least);
	c->at_most = xstrdup(most);
	f->check.ops->init(&f->check);
}

static void open_with(struct fx *f, const char *query, const char *least, const char *most)
{
	fx_init(f, &prometheus_check, 2);
	config(f, query, least, most);
	fx_start(f);
}

static void answer(struct fx *f, const char *query, unsigned series, double min, double max)
{
	struct event *ev = event_new(EVENT_METRIC, FX_S(9), -1);

	ev->u.metric.query = xstrdup(query);
	ev->u.metric.ok = true;
	ev->u.metric.series = series;
	ev->u.metric.min = min;
	ev->u.metric.max = max;
	ev->u.metric.min_series = xstrdup("{job=\"node-0\"}");
	ev->u.metric.max_series = xstrdup("{job=\"node-1\"}");
	fx_feed(f, ev);
}

static void refusal(struct fx *f, const char *query, const char *error)
{
	struct event *ev = event_new(EVENT_METRIC, FX_S(9), -1);

	ev->u.metric.query = xstrdup(query);
	ev->u.metric.error = xstrdup(error);
	fx_feed(f, ev);
}

/* fx_release() does not know of strings in configurations. */
static void expect(struct fx *f, enum verdict want, const char *part)
{
	struct prometheus_config c = *(struct prometheus_config *)fx_config(f);

	fx_expect(f, want, part);
	options_release(prometheus_check.options, &c);
}

static void bounds(void **state)
{
	static const struct {
		const char *least, *most;
		unsigned series;
		double min, max;
		enum verdict live, final;
		const char *reason;
	} rows[] = {
		{ "5", NULL, 1, 5, 5, VERDICT_PASSING, VERDICT_PASS, "q: 5, at least 5 wanted" },
		{ "5", NULL, 3, 5, 9.5, VERDICT_PASSING, VERDICT_PASS,
			"q: 5 to 9.5, at least 5 wanted; all of 3 samples" },
		{ "5", NULL, 3, 4, 9, VERDICT_FAILING, VERDICT_FAIL,
			"q: 4, at least 5 wanted; the lowest of 3 samples: {job=\"node-0\"}" },
		{ NULL, "0", 1, 0, 0, VERDICT_PASSING, VERDICT_PASS, "q: 0, at most 0 wanted" },
		{ NULL, "0", 2, 0, 1, VERDICT_FAILING, VERDICT_FAIL,
			"q: 1, at most 0 wanted; the highest of 2 samples: {job=\"node-1\"}" },
		{ "-1.5", "2e3", 2, -1.5, 2000, VERDICT_PASSING, VERDICT_PASS,
			"q: -1.5 to 2000, at least -1.5 and at most 2000 wanted" },
		{ "1", "2", 2, 0, 3, VERDICT_FAILING, VERDICT_FAIL,
			"q: 0, at least 1 and at most 2 wanted; the lowest" },
		{ "1", "2", 1, 3, 3, VERDICT_FAILING, VERDICT_FAIL, "q: 3, at least 1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx f;
		open_with(&f, "q", rows[i].least, rows[i].most);
		assert_int_equal(fx_peek(&f), VERDICT_PENDING);
		answer(&f, "q", rows[i].series, rows[i].min, rows[i].max);
		assert_int_equal(fx_peek(&f), rows[i].live);
		assert_string_equal(f.check.ops->query(f.check.config), "q");
		expect(&f, rows[i].final, rows[i].reason);
	}
}

static void unknown(void **state)
{
	struct fx f;

	(void)state;
	open_with(&f, "q", "1", NULL);
	expect(&f, VERDICT_UNKNOWN, "never asked");

	open_with(&f, "q", "1", NULL);
	answer(&f, "another", 1, 5, 5);
	expect(&f, VERDICT_UNKNOWN, "never asked");

	open_with(&f, "q", "1", NULL);
	refusal(&f, "q", "connection refused");
	assert_int_equal(fx_peek(&f), VERDICT_PENDING);
	assert_non_null(strstr(f.result.reason, "connection refused"));
	expect(&f, VERDICT_UNKNOWN, "q: connection refused");

	/* an older answer does not stand in for the last one, good or bad */
	for (int good = 0; good < 2; good++) {
		open_with(&f, "q", "1", NULL);
		answer(&f, "q", 1, good, good);
		refusal(&f, "q", "timed out");
		expect(&f, VERDICT_UNKNOWN, "timed out");
	}
	/* a record that claims an answer without any samples */
	open_with(&f, "q", "0", NULL);
	answer(&f, "q", 0, 0, 0);
	expect(&f, VERDICT_UNKNOWN, "an empty answer");
	open_with(&f, "q", "0", NULL);
	refusal(&f, "q", NULL);
	expect(&f, VERDICT_UNKNOWN, "an empty answer");
}

static void last_counts(void **state)
{
	struct fx f;

	(void)state;
	open_with(&f, "q", "1", NULL);
	answer(&f, "q", 1, 0, 0);
	answer(&f, "q", 1, 1, 1);
	expect(&f, VERDICT_PASS, "q: 1");
	open_with(&f, "q", "1", NULL);
	refusal(&f, "q", "timed out");
	answer(&f, "q", 1, 1, 1);
	answer(&f, "q", 1, 0, 0);
	expect(&f, VERDICT_FAIL, "q: 0");
}

static void labels(void **state)
{
	struct fx f;
	char query[3000];

	(void)state;
	memset(query, 'x', sizeof(query));
	query[sizeof(query) - 1] = '\0';
	open_with(&f, query, "1", NULL);
	assert_int_equal(fx_peek(&f), VERDICT_PENDING);
	assert_in_range(strlen(f.result.reason), 20, 80);
	expect(&f, VERDICT_UNKNOWN, "xxx...: it was never asked");

	fx_init(&f, &prometheus_check, 2);
	((struct prometheus_config *)fx_config(&f))->label = xstrdup("height of all nodes");
	config(&f, "q", "1", NULL);
	answer(&f, "q", 1, 1, 1);
	expect(&f, VERDICT_PASS, "height of all nodes: 1");
}

static void settings(void **state)
{
	char many[5000];
	const struct {
		const char *query, *least, *most, *label, *why;
	} bad[] = {
		{ NULL, "1", NULL, NULL, "query is missing" },
		{ "", "1", NULL, NULL, "query is missing" },
		{ "q", NULL, NULL, NULL, "expected at_least, at_most or both" },
		{ "q", "", "", NULL, "expected at_least, at_most or both" },
		{ "q", "many", NULL, NULL, "at_least: expected a number, not \"many\"" },
		{ "q", NULL, "NaN", NULL, "at_most: expected a number" },
		{ "q", NULL, "1e999", NULL, "at_most: expected a number" },
		{ "q", "3", "2", NULL, "no number is at least 3 and at most 2" },
		{ many, "1", NULL, NULL, "query: more than 4096 bytes" },
		{ "q", "1", NULL, many, "label: more than 60 bytes" },
	};
	char q[] = "q", two[] = "2";
	const struct prometheus_config good = { .query = q, .at_least = two, .at_most = two };

	(void)state;
	memset(many, 'x', sizeof(many));
	many[sizeof(many) - 1] = '\0';
	assert_int_equal(prometheus_check.validate(&good, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP_FREE char *query = xstrdup(bad[i].query);
		CLEANUP_FREE char *least = xstrdup(bad[i].least);
		CLEANUP_FREE char *most = xstrdup(bad[i].most);
		CLEANUP_FREE char *label = xstrdup(bad[i].label);
		const struct prometheus_config c = { query, least, most, label };
		struct err err = { 0 };
		assert_int_equal(prometheus_check.validate(&c, NULL, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.text, bad[i].why))
			fail_msg("%zu: %s", i, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),
		cmocka_unit_test(unknown),
		cmocka_unit_test(last_counts),
		cmocka_unit_test(labels),
		cmocka_unit_test(settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
