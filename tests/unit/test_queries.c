/*
 * Answers of Prometheus: what is read from them, what is refused. And the asker
 * against a scripted server on a virtual clock: when it asks, what it tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/check.h"
#include "core/prometheus.h"
#include "core/queries.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define VECTOR(samples) \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" samples "]}}"
#define DATA(type, result) \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"" type "\",\"result\":" result "}}"
#define ONE(value) "{\"metric\":{},\"value\":[1.5,\"" value "\"]}"

/* --- answers ---------------------------------------------------------------------------- */

static void urls(void **state)
{
	(void)state;
	CLEANUP_FREE char *plain = prom_query_url("http://h:9090", "up");
	assert_string_equal(plain, "http://h:9090/api/v1/query?query=up");
	CLEANUP_FREE char *odd = prom_query_url("http://h/prom//", "a{b=~\"c.*\"} + 1&x=\xc3\xa4");
	assert_string_equal(odd, "http://h/prom/api/v1/query?query="
				 "a%7Bb%3D~%22c.%2A%22%7D%20%2B%201%26x%3D%C3%A4");
}

static void good_answers(void **state)
{
	static const struct {
		const char *body;
		unsigned series;
		double min, max;
		const char *min_series, *max_series;
	} rows[] = {
		{ VECTOR(ONE("7")), 1, 7, 7, "", "" },
		{ VECTOR("{\"metric\":{\"__name__\":\"up\",\"job\":\"node-0\"},\"value\":[1,\"1\"]},"
			 "{\"metric\":{\"__name__\":\"up\",\"job\":\"a\\\"b\\n\"},"
			 "\"value\":[1,\"-2.5e+06\"]}"),
			2, -2.5e6, 1, "up{job=\"a\\\"b?\"}", "up{job=\"node-0\"}" },
		{ DATA("scalar", "[1700000000.1,\"0.25\"]"), 1, 0.25, 0.25, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prom_answer a;
		struct err err = { 0 };
		if (prom_parse_answer(200, rows[i].body, strlen(rows[i].body), &a, &err))
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(a.series, rows[i].series);
		assert_true(a.min == rows[i].min && a.max == rows[i].max);
		assert_string_equal(a.min_series, rows[i].min_series);
		assert_string_equal(a.max_series, rows[i].max_series);
	}
}

static void bad_answers(void **state)
{
	static const struct {
		int status;
		const char *body, *why;
	} rows[] = {
		{ 400,
			"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid "
			"parameter \\\"query\\\": 1:4: parse error\"}",
			"Prometheus answers HTTP 400: invalid parameter \"query\": 1:4: parse" },
		{ 200, "{\"status\":\"error\",\"error\":\"late\"}", "answers HTTP 200: late" },
		{ 404, "404 page not found\n", "the answer is HTTP 404: 404 page not found" },
		{ 302, "", "the answer is HTTP 302" },
		{ 200, VECTOR(""), "gives nothing" },
		{ 200, VECTOR(ONE("NaN")), "a value is NaN" },
		{ 200, VECTOR(ONE("1") "," ONE("+Inf")), "a value is +Inf" },
		{ 200, VECTOR(ONE("-Inf")), "a value is -Inf" },
		{ 200, DATA("matrix", "[]"), "range of values" },
		{ 200, DATA("string", "[1,\"x\"]"), "a text" },
		{ 200, VECTOR("{\"metric\":{},\"histogram\":[1,{}]}"), "native histogram" },
		{ 200, DATA("scalar", "[1]"), "none of Prometheus" },
		{ 200, DATA("scalar", "[1,2]"), "none of Prometheus" },
		{ 200, DATA("scalar", "[1,\"\"]"), "none of Prometheus" },
		{ 200, DATA("scalar", "[1,\"1\",2]"), "none of Prometheus" },
		{ 200, DATA("scalar", "{}"), "none of Prometheus" },
		{ 200, DATA("vector", "{}"), "none of Prometheus" },
		{ 200, DATA("cube", "[]"), "none of Prometheus" },
		{ 200, VECTOR(ONE("7 apples")), "none of Prometheus" },
		{ 200, VECTOR("{\"metric\":[],\"value\":[1,\"1\"]}"), "none of Prometheus" },
		{ 200, VECTOR("5"), "none of Prometheus" },
		{ 200, "{\"status\":\"success\"}", "none of Prometheus" },
		{ 200, "{}", "none of Prometheus" },
		{ 200, "<html>", "none of Prometheus" },
		{ 200, "", "none of Prometheus" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prom_answer a;
		struct err err = { 0 };
		assert_int_equal(prom_parse_answer(rows[i].status, rows[i].body,
					 strlen(rows[i].body), &a, &err),
			-1);
		if (!strstr(err.text, rows[i].why))
			fail_msg("%zu: %s", i, err.text);
	}
}

static void long_labels(void **state)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	struct prom_answer a;

	(void)state;
	for (unsigned pad = 0; pad < 4; pad++) {
		strbuf_clear(&body);
		strbuf_addf(&body,
			"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
			"{\"metric\":{\"%.*s\":\"",
			(int)pad + 1, "abcd");
		for (int i = 0; i < 100; i++)
			strbuf_adds(&body, "\xe2\x82\xac");
		strbuf_adds(&body, "\"},\"value\":[1,\"1\"]}]}}");
		assert_int_equal(prom_parse_answer(200, body.buf, body.len, &a, NULL), 0);
		size_t len = strlen(a.min_series);
		assert_in_range(len, PROM_SERIES_BYTES - 6, PROM_SERIES_BYTES - 1);
		assert_string_equal(a.min_series + len - 3, "...");
		assert_int_equal((len - 3 - (pad + 4)) % 3, 0); /* not within a character */
	}
}

/* --- the asker ---------------------------------------------------------------------------- */

#define QUERIES 3

struct world {
	struct clock *clock;
	struct net *net;
	struct hub *hub;
	struct wake wake;
	struct queries *q;
	/* Net thread, or before. */
	unsigned asked;
	bool silent, empty;
	uint64_t open;
	/* Hub thread until hub_flush(). */
	struct strbuf told;
};

static const char *fx_query(const void *config)
{
	return config;
}

static const struct check_ops asking = { .name = "asking", .query = fx_query };

static void on_request(void *arg, uint64_t id, enum net_method m, const char *url, const char *body,
	size_t len, int is_stream)
{
	static const char full[] = VECTOR(ONE("7")), none[] = VECTOR("");
	struct world *w = arg;

	(void)body;
	(void)len;
	assert_int_equal(m, NET_GET);
	assert_false(is_stream);
	assert_non_null(strstr(url, "http://prom:9090/api/v1/query?query="));
	w->asked++;
	w->open = id;
	if (w->silent)
		return;
	const char *text = w->empty ? none : full;
	net_reply(w->net, id, 200, text, strlen(text));
}

static void on_cancelled(void *arg, uint64_t id)
{
	(void)arg;
	(void)id;
}

static void on_event(const struct event *ev, const struct model *m, void *arg)
{
	struct world *w = arg;

	(void)m;
	if (ev->kind != EVENT_METRIC)
		return;
	if (ev->u.metric.ok)
		strbuf_addf(&w->told, "%s=%g ", ev->u.metric.query, ev->u.metric.max);
	else
		strbuf_addf(&w->told, "%s!%.45s ", ev->u.metric.query, ev->u.metric.error);
}

static void open_world(struct world *w, const char *url, bool is_virtual, const char *a,
	const char *b, const char *c)
{
	const struct net_handler handler = { w, on_request, on_cancelled };
	struct check_use uses[QUERIES] = { { .ops = &asking }, { .ops = &asking },
		{ .ops = &asking } };
	struct scenario s = { .checks = uses, .n_checks = QUERIES };
	const char *texts[QUERIES] = { a, b, c };
	struct err err = { 0 };

	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < QUERIES; i++)
		uses[i].config = (void *)(uintptr_t)texts[i];
	CLEANUP_FREE char *copy = xstrdup(url);
	s.observability.query_url = copy;
	wake_init(&w->wake);
	w->clock = clock_new_virtual(NS_PER_S, 0);
	clock_join(w->clock);
	const struct hub_options ho = { .clock = w->clock, .t0_ns = NS_PER_S };
	w->hub = hub_start(&ho, &err);
	assert_non_null(w->hub);
	hub_add_sink(w->hub, on_event, w);
	w->net = net_start(w->clock, &handler, &err);
	assert_non_null(w->net);
	const struct queries_options opt = {
		.net = w->net,
		.hub = w->hub,
		.clock = w->clock,
		.scenario = &s,
		.is_virtual = is_virtual,
		.wake = &w->wake,
	};
	w->q = queries_new(&opt);
}

static void close_world(struct world *w)
{
	queries_free(w->q);
	clock_leave(w->clock);
	net_stop(w->net);
	net_free(w->net);
	hub_stop(w->hub);
	hub_free(w->hub);
	clock_free(w->clock);
	wake_release(&w->wake);
	strbuf_release(&w->told);
}

static void pass(struct world *w, uint64_t s)
{
	clock_wait(w->clock, NULL, NULL, clock_now(w->clock) + s * NS_PER_S);
}

/* Until the last queries are answered, or given up. */
static void await_answers(struct world *w)
{
	while (!queries_are_done(w->q))
		clock_wait(w->clock, &w->wake, NULL, clock_now(w->clock) + NS_PER_S);
}

static void assert_told(struct world *w, const char *expected)
{
	hub_flush(w->hub);
	assert_string_equal(strbuf_str(&w->told), expected);
	strbuf_clear(&w->told);
}

static void do_silence(void *arg)
{
	((struct world *)arg)->silent = true;
}

static void do_speak(void *arg)
{
	((struct world *)arg)->silent = false;
}

static void do_empty(void *arg)
{
	((struct world *)arg)->empty = true;
}

static void asks_each_once(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "http://prom:9090/", false, "a", "b", "a");
	queries_start(w.q);
	pass(&w, 1);
	assert_told(&w, "a=7 b=7 ");
	pass(&w, 5);
	assert_told(&w, "a=7 b=7 ");
	net_run(w.net, do_empty, &w);
	queries_ask_last(w.q);
	await_answers(&w);
	assert_told(&w,
		"a!the query gives nothing: no such series, or a b!the query gives nothing: no such series, or a ");
	pass(&w, 60);
	assert_told(&w, "");
	assert_int_equal(w.asked, 6);
	close_world(&w);
}

/* An answer that is on its way when the last one is asked for may be from before. */
static void last_is_last(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "http://prom:9090", false, "a", NULL, NULL);
	net_run(w.net, do_silence, &w);
	queries_start(w.q);
	pass(&w, 1);
	assert_told(&w, "");
	net_run(w.net, do_speak, &w);
	queries_ask_last(w.q);
	await_answers(&w);
	assert_told(&w, "a=7 ");
	close_world(&w);
}

static void nobody_answers(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "http://prom:9090", false, "a", NULL, NULL);
	net_run(w.net, do_silence, &w);
	queries_ask_last(w.q);
	uint64_t start = clock_now(w.clock);
	await_answers(&w);
	assert_true(clock_now(w.clock) - start <= QUERIES_ANSWER_NS + NS_PER_S);
	hub_flush(w.hub);
	assert_string_equal(strbuf_str(&w.told), "a!http://prom:9090: no answer within 10000 ms ");
	close_world(&w);
	/* given up in the middle */
	open_world(&w, "http://prom:9090", false, "a", "b", "c");
	net_run(w.net, do_silence, &w);
	queries_start(w.q);
	queries_ask_last(w.q);
	assert_false(queries_are_done(w.q));
	close_world(&w);
}

static void not_asked(void **state)
{
	static struct world w;
	static const struct {
		const char *url;
		bool is_virtual;
		const char *told;
	} rows[] = {
		{ NULL, false,
			"a!no Prometheus to ask; set observability.query b!no Prometheus to ask; set observability.query " },
		{ "", false,
			"a!no Prometheus to ask; set observability.query b!no Prometheus to ask; set observability.query " },
		{ "http://prom:9090", true,
			"a!not asked, as the time of this backend is not b!not asked, as the time of this backend is not " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		open_world(&w, rows[i].url, rows[i].is_virtual, "a", "b", NULL);
		queries_start(w.q);
		assert_told(&w, rows[i].told);
		pass(&w, 20);
		queries_ask_last(w.q);
		assert_true(queries_are_done(w.q));
		assert_told(&w, "");
		assert_int_equal(w.asked, 0);
		close_world(&w);
	}
	/* and no check that wants to know anything */
	open_world(&w, "http://prom:9090", false, NULL, NULL, NULL);
	queries_start(w.q);
	pass(&w, 20);
	queries_ask_last(w.q);
	assert_true(queries_are_done(w.q));
	assert_told(&w, "");
	assert_int_equal(w.asked, 0);
	close_world(&w);
	queries_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(good_answers),
		cmocka_unit_test(bad_answers),
		cmocka_unit_test(long_labels),
		cmocka_unit_test(asks_each_once),
		cmocka_unit_test(last_is_last),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
