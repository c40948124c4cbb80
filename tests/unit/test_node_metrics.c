/* The node's figures as OTLP, what the environment asks for, and pushing to a loopback collector.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "node/metrics.h"
#include "node/otlp.h"
#include "util/json.h"
#include "util/log.h"
#include "util/mem.h"

/* --- the environment ----------------------------------------------------------------- */

static const char *env[8]; /* name, value, ... */

static const char *get(const char *name)
{
	for (size_t i = 0; env[i]; i += 2)
		if (strcmp(env[i], name) == 0)
			return env[i + 1];
	return NULL;
}

static int read_env(struct otlp_config *ret, struct err *err, const char *own, const char *all,
	const char *interval)
{
	size_t n = 0;

	*err = (struct err){ 0 };
	memset(env, 0, sizeof(env));
	if (own) {
		env[n++] = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
		env[n++] = own;
	}
	if (all) {
		env[n++] = "OTEL_EXPORTER_OTLP_ENDPOINT";
		env[n++] = all;
	}
	if (interval) {
		env[n++] = "OTEL_METRIC_EXPORT_INTERVAL";
		env[n++] = interval;
	}
	return otlp_config_read(get, ret, err);
}

static void environment(void **state)
{
	static const struct {
		const char *own, *all, *url, *host, *path;
		uint16_t port;
	} good[] = {
		{ NULL, "http://h:4318", "http://h:4318/v1/metrics", "h", "/v1/metrics", 4318 },
		{ NULL, "http://h:4318//", "http://h:4318/v1/metrics", "h", "/v1/metrics", 4318 },
		{ NULL, "http://h/otel/", "http://h/otel/v1/metrics", "h", "/otel/v1/metrics", 80 },
		{ "http://h:9/in?a=b", "http://other", "http://h:9/in?a=b", "h", "/in?a=b", 9 },
		{ "http://h:9", NULL, "http://h:9", "h", "/", 9 },
		{ "HTTP://[::1]:9/x", NULL, "HTTP://[::1]:9/x", "::1", "/x", 9 },
		{ "", "http://h:1/y/", "http://h:1/y/v1/metrics", "h", "/y/v1/metrics", 1 },
	};
	static const struct {
		const char *own, *all, *why;
	} bad[] = {
		{ "https://h:4318", NULL, "METRICS_ENDPOINT https://h:4318: ltb-node cannot push" },
		{ NULL, "HTTPS://h", "OTLP_ENDPOINT HTTPS://h: ltb-node cannot push over https" },
		{ "h:4318", NULL, "expected http://HOST" },
		{ "grpc://h:4317", NULL, "expected http://HOST" },
		{ "http://", NULL, "expected http://HOST" },
		{ "http://h:0/", NULL, "expected http://HOST" },
		{ "http://h:70000/", NULL, "expected http://HOST" },
		{ "http://h/ x", NULL, "expected http://HOST" },
		{ "http://me:secret@h/", NULL, "user name" },
	};
	struct otlp_config c;
	struct err err;

	(void)state;
	assert_int_equal(read_env(&c, &err, NULL, NULL, "5"), 0);
	assert_null(c.url);
	assert_int_equal(read_env(&c, &err, "", "", NULL), 0);
	assert_null(c.url);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (read_env(&c, &err, good[i].own, good[i].all, NULL))
			fail_msg("%zu: %s", i, err.text);
		assert_string_equal(c.url, good[i].url);
		assert_string_equal(c.host, good[i].host);
		assert_string_equal(c.path, good[i].path);
		assert_int_equal(c.port, good[i].port);
		assert_string_equal(c.service, "ltb-node");
		assert_int_equal(c.interval_ms, 60000);
		otlp_config_release(&c);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(read_env(&c, &err, bad[i].own, bad[i].all, NULL), -1);
		if (!strstr(err.text, bad[i].why))
			fail_msg("%zu: %s", i, err.text);
		assert_null(c.url);
		otlp_config_release(&c);
	}
}

static void intervals(void **state)
{
	static const char *const bad[] = { "0", "-1", "1s", "86400001", "99999999999999999999" };
	struct otlp_config c;
	struct err err;

	(void)state;
	assert_int_equal(read_env(&c, &err, "http://h", NULL, "250"), 0);
	assert_int_equal(c.interval_ms, 250);
	otlp_config_release(&c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(read_env(&c, &err, "http://h", NULL, bad[i]), -1);
		assert_non_null(strstr(err.text, "OTEL_METRIC_EXPORT_INTERVAL"));
		assert_non_null(c.url);
		assert_int_equal(c.interval_ms, 60000);
		otlp_config_release(&c);
	}
}

/* --- the message ------------------------------------------------------------------------ */

static const cJSON *first(const cJSON *parent, const char *key)
{
	const cJSON *list = json_get(parent, key);

	assert_true(cJSON_IsArray(list));
	assert_non_null(list->child);
	return list->child;
}

static const cJSON *named(const cJSON *list, const char *key, const char *name)
{
	json_each (item, list)
		if (strcmp(json_get_str(item, key), name) == 0)
			return item;
	fail_msg("no %s", name);
	return NULL;
}

static void message(void **state)
{
	const struct node_metrics m = { .version = "9.9",
		.tip_height = UINT64_MAX,
		.count = { .reorgs = 7 },
		.cpu_s = 1.5,
		.now_ms = 1700000000123,
		.started_ms = 1700000000000 };
	const struct metrics_source src = { "svc", "n\"1" };
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct err err = { 0 };
	double cpu;
	uint64_t u;
	bool b;

	(void)state;
	metrics_to_otlp(&m, &src, &text);
	CLEANUP_JSON cJSON *j = json_parse(text.buf, text.len, NULL, &err);
	assert_non_null(j);
	const cJSON *rm = first(j, "resourceMetrics");
	const cJSON *attributes = json_get(json_get(rm, "resource"), "attributes");
	const cJSON *who = named(attributes, "key", "service.instance.id");
	assert_string_equal(json_get_str(json_get(who, "value"), "stringValue"), "n\"1");
	const cJSON *list = json_get(first(rm, "scopeMetrics"), "metrics");

	const cJSON *gauge = json_get(named(list, "name", "consensus_tip_height"), "gauge");
	const cJSON *point = first(gauge, "dataPoints");
	assert_string_equal(json_get_str(point, "asInt"), "18446744073709551615");
	assert_string_equal(json_get_str(point, "timeUnixNano"), "1700000000123000000");
	assert_null(json_get(point, "startTimeUnixNano"));

	const cJSON *sum = json_get(named(list, "name", "consensus_reorgs_total"), "sum");
	point = first(sum, "dataPoints");
	assert_string_equal(json_get_str(point, "asInt"), "7");
	assert_string_equal(json_get_str(point, "startTimeUnixNano"), "1700000000000000000");
	assert_true(json_get_u64(sum, "aggregationTemporality", &u) && u == 2);
	assert_true(json_get_bool(sum, "isMonotonic", &b) && b);
	sum = json_get(named(list, "name", "process_cpu_seconds_total"), "sum");
	assert_true(json_get_double(first(sum, "dataPoints"), "asDouble", &cpu));
	assert_true(cpu == 1.5);
}

static void process(void **state)
{
	struct node_metrics m = { .started_ms = 2500 };

	(void)state;
	metrics_process(&m);
	assert_true(m.resident_bytes > 100000);
	assert_in_range(m.open_fds, 3, 1000);
	assert_true(m.cpu_s > 0 && m.start_s == 2.5);
}

/* --- pushing ---------------------------------------------------------------------------- */

struct collector {
	struct event_base *base;
	struct evhttp *http;
	int status;      /* of answers */
	unsigned pushes; /* so far; the loop ends at each */
	char content_type[80], path[80];
};

static void on_push(struct evhttp_request *rq, void *arg)
{
	struct collector *c = arg;
	struct evbuffer *in = evhttp_request_get_input_buffer(rq);
	size_t len = evbuffer_get_length(in);
	struct err err = { 0 };

	CLEANUP_JSON cJSON *j = json_parse((const char *)evbuffer_pullup(in, -1), len, NULL, &err);
	assert_non_null(json_get(j, "resourceMetrics"));
	snprintf(c->content_type, sizeof(c->content_type), "%s",
		evhttp_find_header(evhttp_request_get_input_headers(rq), "Content-Type"));
	snprintf(c->path, sizeof(c->path), "%s", evhttp_request_get_uri(rq));
	c->pushes++;
	evhttp_send_reply(rq, c->status, NULL, NULL);
	event_base_loopbreak(c->base);
}

static void figures(void *arg, struct node_metrics *ret)
{
	(void)arg;
	*ret = (struct node_metrics){ .version = "1" };
}

static uint16_t listen_at(struct collector *c, uint16_t port)
{
	c->http = evhttp_new(c->base);
	evhttp_set_gencb(c->http, on_push, c);
	struct evhttp_bound_socket *s = evhttp_bind_socket_with_handle(c->http, "127.0.0.1", port);
	assert_non_null(s);
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	assert_int_equal(
		getsockname(evhttp_bound_socket_get_fd(s), (struct sockaddr *)&a, &len), 0);
	return ntohs(((struct sockaddr_in *)(void *)&a)->sin_port);
}

static void wait_for_push(struct collector *c)
{
	unsigned before = c->pushes;

	while (c->pushes == before)
		event_base_loop(c->base, EVLOOP_ONCE);
}

static void push_to(const char *host)
{
	struct collector c = { .base = event_base_new(), .status = 200 };
	uint16_t port = listen_at(&c, 0);
	CLEANUP_FREE char *url = xasprintf("http://%s:%u/x", host, port);
	struct otlp_config cfg;
	struct err err;

	assert_int_equal(read_env(&cfg, &err, url, NULL, "5"), 0);
	struct otlp *o = otlp_new(c.base, &cfg, "n0", figures, NULL);
	wait_for_push(&c);
	assert_string_equal(c.content_type, "application/json");
	assert_string_equal(c.path, "/x");
	/* refused, away, back: it goes on each time */
	c.status = 503;
	wait_for_push(&c);
	evhttp_free(c.http);
	for (int i = 0; i < 20; i++)
		event_base_loop(c.base, EVLOOP_ONCE);
	listen_at(&c, port);
	c.status = 200;
	wait_for_push(&c);
	wait_for_push(&c);
	evhttp_free(c.http);
	otlp_free(o);
	otlp_config_release(&cfg);
	event_base_free(c.base);
}

static void pushes(void **state)
{
	(void)state;
	push_to("127.0.0.1");
	push_to("localhost"); /* from the hosts file, without a question to anybody */
}

/* Taken down while a name is being looked up, and while an answer is awaited. */
static void cut_off(void **state)
{
	static const char *const urls[] = { "http://nobody.invalid:1/", "http://127.0.0.1:1/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct event_base *base = event_base_new();
		struct otlp_config cfg;
		struct err err;
		assert_int_equal(read_env(&cfg, &err, urls[i], NULL, "1"), 0);
		struct otlp *o = otlp_new(base, &cfg, "n0", figures, NULL);
		event_base_loop(base, EVLOOP_ONCE);
		otlp_free(o);
		otlp_config_release(&cfg);
		event_base_free(base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment),
		cmocka_unit_test(intervals),
		cmocka_unit_test(message),
		cmocka_unit_test(process),
		cmocka_unit_test(pushes),
		cmocka_unit_test(cut_off),
	};
	const struct log_options log = { .level = LOG_OFF, .fd = -1 };

	log_setup(&log);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
