/*
 * What is said to a relay, against a stub of its control API: bodies, the
 * token, ports of the answer; and what becomes of refusals, garbage and silence.
 */
#include "backends/links.h"
#include "core/net.h"
#include "core/plan.h"
#include "core/scenario.h"
#include "http_fixture.h"
#include "util/clock.h"

#include "../lib/says.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

/* --- fixture -------------------------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	const char *status; /* of the next answers; NULL: hangs */
	const char *body;
	unsigned refusals; /* so many answers before are 503 */
	unsigned requests;
	struct strbuf seen; /* "METHOD path body" of the last request */
	struct strbuf head; /* its header lines */
} stub;

static struct http_server server;
static struct clock *real_clock;
static struct net *net;
static struct cancel *cancel;
static struct backend_ops backend = { .name = "local" };
static struct scenario scenario = { .backend = &backend };
static struct plan plan = { .scenario = &scenario };
static struct backend_env env;
static struct links links;
static struct err broken; /* what the run was told last */

static void on_broken(void *arg, const struct err *why)
{
	(void)arg;
	broken = *why;
}

static bool serve(const struct http_request *r)
{
	pthread_mutex_lock(&stub.lock);
	stub.requests++;
	strbuf_clear(&stub.seen);
	strbuf_addf(&stub.seen, "%s %s %s", r->method, r->path, r->body);
	strbuf_clear(&stub.head);
	strbuf_adds(&stub.head, r->head);
	bool refuse = stub.refusals > 0;
	stub.refusals -= refuse;
	const char *status = refuse ? "503 Service Unavailable" : stub.status;
	CLEANUP_FREE char *body = xstrdup(refuse ? "{\"error\":\"not yet\"}" : stub.body);
	pthread_mutex_unlock(&stub.lock);
	if (!status) {
		http_wait_for_end(r->fd);
		return false;
	}
	http_put_answer(r->fd, status, body, strlen(body));
	return true;
}

static void reply(const char *status, const char *body)
{
	pthread_mutex_lock(&stub.lock);
	stub.status = status;
	stub.body = body;
	stub.requests = 0;
	strbuf_clear(&stub.seen);
	strbuf_clear(&stub.head);
	pthread_mutex_unlock(&stub.lock);
}

/* What the last request was. Its answer has come, so nothing changes any more; the lock says so to
 * the thread sanitizer. */
static const char *seen(void)
{
	pthread_mutex_lock(&stub.lock);
	const char *text = strbuf_str(&stub.seen);
	pthread_mutex_unlock(&stub.lock);
	return text;
}

static bool head_has(const char *line)
{
	pthread_mutex_lock(&stub.lock);
	bool has = strcasestr(strbuf_str(&stub.head), line) != NULL;
	pthread_mutex_unlock(&stub.lock);
	return has;
}

static unsigned requests(void)
{
	pthread_mutex_lock(&stub.lock);
	unsigned n = stub.requests;
	pthread_mutex_unlock(&stub.lock);
	return n;
}

static int setup(void **state)
{
	(void)state;
	memset(&stub, 0, sizeof(stub));
	pthread_mutex_init(&stub.lock, NULL);
	http_server_start(&server, NULL, serve, NULL);
	real_clock = clock_new_real();
	net = net_start(real_clock, NULL, NULL);
	cancel = cancel_new(NULL);
	env = (struct backend_env){
		.plan = &plan,
		.clock = real_clock,
		.cancel = cancel,
		.net = net,
		.run_dir = "/run",
		.broken = on_broken,
	};
	links = (struct links){ .env = &env, .token = TOKEN };
	snprintf(links.url, sizeof(links.url), "%s", server.base);
	return net ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	net_free(net);
	http_server_stop(&server);
	cancel_free(cancel);
	clock_free(real_clock);
	strbuf_release(&stub.seen);
	strbuf_release(&stub.head);
	pthread_mutex_destroy(&stub.lock);
	return 0;
}

static const struct links_link two[] = {
	{ .from = "n0", .to = "n1", .listen = "127.0.0.1:0", .target = "127.0.0.1:3000" },
	{ .from = "n1",
		.to = "n0",
		.udp = true,
		.listen = "127.0.0.1:4001",
		.target = "127.0.0.1:3001" },
};
#define TWO \
	"{\"links\":[{\"id\":\"n0-n1\",\"from\":\"n0\",\"to\":\"n1\",\"kind\":\"tcp\"," \
	"\"listen\":\"127.0.0.1:0\",\"target\":\"127.0.0.1:3000\"}," \
	"{\"id\":\"n1-n0\",\"from\":\"n1\",\"to\":\"n0\",\"kind\":\"udp\"," \
	"\"listen\":\"127.0.0.1:4001\",\"target\":\"127.0.0.1:3001\"}]}"
#define TWO_MADE \
	"{\"links\":[{\"id\":\"n0-n1\",\"listen\":\"127.0.0.1:40001\"}," \
	"{\"id\":\"n1-n0\",\"listen\":\"127.0.0.1:4001\"}]}"

/* --- links ---------------------------------------------------------------------------------- */

static void test_links_are_made(void **state)
{
	struct links_link list[ARRAY_LEN(two)];
	struct err err = { 0 };
	(void)state;

	memcpy(list, two, sizeof(two));
	reply("200 OK", TWO_MADE);
	if (links_put(&links, list, ARRAY_LEN(list), &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(seen(), "PUT /links " TWO);
	assert_true(head_has("Authorization: Bearer " TOKEN "\r\n"));
	assert_true(head_has("Content-Type: application/json\r\n"));
	assert_string_equal(list[0].listen, "127.0.0.1:40001");
	assert_string_equal(list[1].listen, "127.0.0.1:4001");
}

static void test_no_links(void **state)
{
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf body = { 0 };
	(void)state;

	reply("500 Internal Server Error", "");
	assert_int_equal(links_put(&links, NULL, 0, &err), 0);
	assert_int_equal(requests(), 0);
	links_to_json(NULL, 0, &body);
	assert_string_equal(strbuf_str(&body), "{\"links\":[]}");
}

/* The connection is kept, the token is not: it is for the relay alone. */
static void test_token_is_not_reused(void **state)
{
	struct err err = { 0 };
	CLEANUP_FREE char *url = xasprintf("%s/elsewhere", server.base);
	const struct net_request plain = { .url = url, .timeout_ns = 5 * NS_PER_S };
	(void)state;

	reply("200 OK", "{\"matched\":[0]}");
	for (int i = 0; i < 2; i++) {
		CLEANUP_STRBUF struct strbuf answer = { 0 };
		int status = 0;
		const struct link_rule rule = { 0 };
		assert_int_equal(links_rule(&links, "n0", "n1", &rule, &err), 0);
		assert_true(head_has("Authorization: Bearer " TOKEN "\r\n"));
		assert_int_equal(net_call(net, &plain, cancel, &status, &answer, &err), 0);
		assert_false(head_has("Authorization"));
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *status, *body, *says;
		enum err_code code;
	} cases[] = {
		{ "401 Unauthorized", "{\"error\":\"no token, or a wrong one\"}",
			"the relay: no token, or a wrong one|(status 401)", ERR_ENV },
		{ "422 Unprocessable", "{\"error\":\"link 'n0-n1': a kind\"}",
			"link 'n0-n1': a kind|422", ERR_ENV },
		{ "503 Service Unavailable", "{\"error\":\"address in use\"}", "address in use|503",
			ERR_ENV },
		{ "500 Internal Server Error", "{}", "refused (status 500)", ERR_ENV },
		{ "404 Not Found", "[]", "refused (status 404)", ERR_ENV },
		{ "404 Not Found", "<html>no such page</html>", "the relay's answer",
			ERR_PROTOCOL },
		{ "200 OK", "", "the relay's answer", ERR_PROTOCOL },
		{ "200 OK", "{\"links\":[", "the relay's answer", ERR_PROTOCOL },
		{ "200 OK", "{}", "of 0 links, not of 2", ERR_PROTOCOL },
		{ "200 OK", "[]", "of 0 links, not of 2", ERR_PROTOCOL },
		{ "200 OK", "{\"links\":[{\"id\":\"n0-n1\",\"listen\":\"127.0.0.1:40001\"}]}",
			"of 1 links, not of 2", ERR_PROTOCOL },
		{ "200 OK", "{\"links\":[{\"listen\":1},{\"listen\":null},7,\"x\"]}",
			"of 0 links, not of 2", ERR_PROTOCOL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct links_link list[ARRAY_LEN(two)];
		struct err err = { 0 };
		memcpy(list, two, sizeof(two));
		reply(cases[i].status, cases[i].body);
		if (links_put(&links, list, ARRAY_LEN(list), &err) == 0)
			fail_msg("case %zu: %s is taken", i, cases[i].body);
		says(&err, cases[i].says);
		if (err.code != cases[i].code)
			fail_msg("case %zu: code %d: %s", i, err.code, err.text);
	}
}

/* More than there is room for, and addresses that are too long: nothing is written beyond. */
static void test_answers_too_long(void **state)
{
	struct {
		struct links_link list[2];
		char after[64];
	} here;
	CLEANUP_STRBUF struct strbuf body = { 0 };
	struct err err = { 0 };
	(void)state;

	strbuf_adds(&body, "{\"links\":[");
	for (int i = 0; i < 100; i++)
		strbuf_addf(&body, "%s{\"listen\":\"127.0.0.1:%0*d\"}", i ? "," : "", 200, i);
	strbuf_adds(&body, "]}");
	memcpy(here.list, two, sizeof(two));
	memset(here.after, 'x', sizeof(here.after));
	reply("200 OK", strbuf_str(&body));
	(void)links_put(&links, here.list, 2, &err);
	assert_int_equal(requests(), 1);
	for (size_t i = 0; i < sizeof(here.after); i++)
		assert_int_equal(here.after[i], 'x');
	for (size_t i = 0; i < 2; i++)
		assert_true(strnlen(here.list[i].listen, sizeof(here.list[i].listen)) <
			    sizeof(here.list[i].listen));
	assert_string_equal(here.list[0].target, two[0].target);
}

static void test_nobody_there(void **state)
{
	struct links_link list[ARRAY_LEN(two)];
	struct err err = { 0 };
	(void)state;

	memcpy(list, two, sizeof(two));
	snprintf(links.url, sizeof(links.url), "http://127.0.0.1:1");
	assert_int_equal(links_put(&links, list, ARRAY_LEN(list), &err), -1);
	says(&err, "the relay does not answer");
}

static void *cancel_soon(void *arg)
{
	static const struct timespec a_while = { 0, 50000000 };
	nanosleep(&a_while, NULL);
	cancel_set(arg);
	return NULL;
}

static void test_called_off(void **state)
{
	struct links_link list[ARRAY_LEN(two)];
	struct err err = { 0 };
	pthread_t t;
	(void)state;

	memcpy(list, two, sizeof(two));
	reply(NULL, "");
	pthread_create(&t, NULL, cancel_soon, cancel);
	assert_int_equal(links_put(&links, list, ARRAY_LEN(list), &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	pthread_join(t, NULL);
}

/* --- rules ---------------------------------------------------------------------------------- */

static void test_rules(void **state)
{
	static const struct {
		struct link_rule rule;
		const char *json;
	} cases[] = {
		{ { 0 }, "{}" },
		{ { .cut = true }, "{\"cut\":\"silent\"}" },
		{ { .delay_ns = 40 * NS_PER_MS }, "{\"delay_ms\":40}" },
		{ { .delay_ns = 1500000 }, "{\"delay_ms\":1.5}" },
		{ { .jitter_ns = 5 * NS_PER_MS }, "{\"jitter_ms\":5}" },
		{ { .loss = 0.25 }, "{\"loss\":0.25}" },
		{ { true, 2 * NS_PER_S, NS_PER_MS, 1 },
			"{\"cut\":\"silent\",\"delay_ms\":2000,\"jitter_ms\":1,\"loss\":1}" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		CLEANUP_FREE char *wanted = xasprintf(
			"PUT /rules {\"rules\":[{\"from\":[\"n3\"],\"to\":[\"n10\"],\"rule\":%s}]}",
			cases[i].json);
		reply("200 OK", "{\"matched\":[1]}");
		if (links_rule(&links, "n3", "n10", &cases[i].rule, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(seen(), wanted);
	}
}

static void test_rules_fail(void **state)
{
	static const struct link_rule cut = { .cut = true };
	struct err err = { 0 };
	(void)state;

	reply("200 OK", "{\"matched\":[0]}"); /* nothing flows there */
	assert_int_equal(links_rule(&links, "n0", "n1", &cut, &err), 0);
	reply("401 Unauthorized", "{\"error\":\"a wrong token\"}");
	assert_int_equal(links_rule(&links, "n0", "n1", &cut, &err), -1);
	says(&err, "the relay: a wrong token|401");
	err = (struct err){ 0 };
	reply("200 OK", "yes");
	assert_int_equal(links_rule(&links, "n0", "n1", &cut, &err), -1);
	says(&err, "the relay's answer");

	err = (struct err){ 0 };
	reply("200 OK", "{}");
	links.url[0] = '\0';
	assert_int_equal(links_rule(&links, "n0", "n1", &cut, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	says(&err, "reach each other directly|set backend.local.links to relay");
	assert_int_equal(requests(), 0);
}

/* --- waiting for it -------------------------------------------------------------------------- */

static int wait_for_it(struct err *err)
{
	struct wake wake;
	wake_init(&wake);
	int r = links_wait(&links, &wake, err);
	wake_release(&wake);
	return r;
}

static void test_waits(void **state)
{
	struct err err = { 0 };
	(void)state;

	reply("200 OK", "{\"status\":\"ok\",\"version\":\"x\"}");
	stub.refusals = 3;
	if (wait_for_it(&err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(requests(), 4);
	assert_string_equal(seen(), "GET /health ");
}

static void test_ends_while_waiting(void **state)
{
	struct err err = { 0 };
	(void)state;

	snprintf(links.url, sizeof(links.url), "http://127.0.0.1:1");
	links_relay_ended(&links, "ended (exit 3)");
	assert_int_equal(wait_for_it(&err), -1);
	says(&err, "the relay ended while starting");
	assert_int_equal(err.code, ERR_ENV);
	says(&broken,
		"the relay between the nodes ended (exit 3); its log is in /run/logs/relay.log");

	err = (struct err){ 0 };
	atomic_store(&links.ended, false);
	cancel_set(cancel);
	assert_int_equal(wait_for_it(&err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
}

/* --- small things ----------------------------------------------------------------------------- */

static void test_tokens(void **state)
{
	char a[LINKS_TOKEN], b[LINKS_TOKEN];
	(void)state;

	links_new_token(a);
	links_new_token(b);
	assert_int_equal(strlen(a), LINKS_TOKEN - 1);
	assert_int_equal(strspn(a, "0123456789abcdef"), LINKS_TOKEN - 1);
	assert_string_not_equal(a, b);
}

static void test_wanted(void **state)
{
	static const struct {
		enum links_mode mode;
		bool may, wanted;
	} cases[] = {
		{ LINKS_AUTO, false, false },
		{ LINKS_AUTO, true, true },
		{ LINKS_RELAY, false, true },
		{ LINKS_RELAY, true, true },
		{ LINKS_DIRECT, false, false },
		{ LINKS_DIRECT, true, false },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct backend_env e = { .may_shape_links = cases[i].may };
		assert_int_equal(links_wanted(cases[i].mode, &e), cases[i].wanted);
	}
	assert_string_equal(links_modes[LINKS_AUTO], "auto");
	assert_string_equal(links_modes[LINKS_RELAY], "relay");
	assert_string_equal(links_modes[LINKS_DIRECT], "direct");
	assert_null(links_modes[LINKS_DIRECT + 1]);
}

#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STUB(test_links_are_made),
		WITH_STUB(test_no_links),
		WITH_STUB(test_token_is_not_reused),
		WITH_STUB(test_refusals),
		WITH_STUB(test_answers_too_long),
		WITH_STUB(test_nobody_there),
		WITH_STUB(test_called_off),
		WITH_STUB(test_rules),
		WITH_STUB(test_rules_fail),
		WITH_STUB(test_waits),
		WITH_STUB(test_ends_while_waiting),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_wanted),
	};
	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
