/*
 * The net thread against a real HTTP server on loopback that misbehaves on
 * request, and against a handler on a virtual clock.
 */
#include "../lib/heard.h"
#include "core/net.h"
#include "http_fixture.h"

/* --- the server: behaviour by path -------------------------------------------------- */

static bool serve(const struct http_request *r)
{
	const char *path = r->path;
	int fd = r->fd;
	if (strcmp(path, "/ok") == 0) {
		http_put_answer(fd, "200 OK", "hello", 5);
	} else if (strcmp(path, "/echo") == 0) {
		http_put_answer(fd, "201 Created", r->body, r->len);
	} else if (strcmp(path, "/500") == 0) {
		http_put_answer(fd, "500 Internal Server Error", "broken", 6);
	} else if (strcmp(path, "/redirect") == 0) {
		http_put(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
	} else if (strcmp(path, "/big") == 0) {
		char *big = xmalloc(100001);
		memset(big, 'b', 100000);
		big[100000] = '\0';
		http_put_answer(fd, "200 OK", big, 100000);
		free(big);
	} else if (strcmp(path, "/headers") == 0) {
		http_put(fd, "HTTP/1.1 200 OK\r\n");
		for (int i = 0; i < 5000; i++)
			http_put(fd, "X-More: 0123456789012345678901234567890123456789\r\n");
		http_put(fd, "\r\n");
		return false;
	} else if (strcmp(path, "/garbage") == 0) {
		http_put(fd, "this is not HTTP\n\n");
		return false;
	} else if (strcmp(path, "/truncated") == 0) {
		http_put(fd, HTTP_CHUNKED "20\r\n{\"half\":");
		return false;
	} else if (strcmp(path, "/lines") == 0) {
		http_put(fd, HTTP_CHUNKED
			"5\r\none\nt\r\n1\r\nw\r\n8\r\no\r\n\nthre\r\n2\r\ne\n\r\n4\r\nfour\r\n"
			"0\r\n\r\n");
	} else if (strcmp(path, "/longline") == 0) {
		http_put(fd, HTTP_CHUNKED "6\r\nshort\n\r\n19\r\n0123456789012345678901234\r\n");
		http_wait_for_end(fd);
		return false;
	} else if (strcmp(path, "/open") == 0) {
		http_put(fd, HTTP_CHUNKED "4\r\none\n\r\n");
		http_wait_for_end(fd);
		return false;
	} else if (strcmp(path, "/hang") == 0) {
		http_wait_for_end(fd);
		return false;
	} else {
		http_put_answer(fd, "404 Not Found", "", 0);
	}
	return true;
}

/* --- fixture ---------------------------------------------------------------------------- */

static struct http_server server;
static struct clock *real_clock;
static struct net *net;

static int setup(void **state)
{
	struct err err = { 0 };
	(void)state;
	http_server_start(&server, NULL, serve, NULL);
	real_clock = clock_new_real();
	net = net_start(real_clock, NULL, &err);
	return net ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	net_stop(net);
	net_free(net);
	clock_free(real_clock);
	http_server_stop(&server);
	return 0;
}

static int call(const char *base, const char *path, const char *body, uint64_t timeout_ns,
	size_t max, int *status, struct strbuf *out, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s%s", base, path);
	const struct net_request req = {
		.method = body ? NET_POST : NET_GET,
		.url = url,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ns = timeout_ns,
		.max_bytes = max,
	};
	return net_call(net, &req, NULL, status, out, err);
}

static void test_answers(void **state)
{
	static const struct {
		const char *path, *body;
		int status;
		const char *answer;
	} cases[] = {
		{ "/ok", NULL, 200, "hello" },
		{ "/echo", "{\"a\":1}", 201, "{\"a\":1}" },
		{ "/500", NULL, 500, "broken" },
		{ "/nowhere", NULL, 404, "" },
		{ "/redirect", NULL, 302, "" },
		{ "/ok", NULL, 200, "hello" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_STRBUF struct strbuf out = { 0 };
		struct err err = { 0 };
		int status = 0;
		assert_int_equal(call(server.base, cases[i].path, cases[i].body, 20 * NS_PER_S, 0,
					 &status, &out, &err),
			0);
		assert_int_equal(status, cases[i].status);
		assert_string_equal(strbuf_str(&out), cases[i].answer);
	}
}

static void test_failures(void **state)
{
	static const struct {
		const char *base, *path; /* base NULL: the server */
		uint64_t timeout_ns;
		enum err_code code;
		const char *says;
	} cases[] = {
		{ NULL, "/hang", 50 * NS_PER_MS, ERR_TIMEOUT, "no answer within 50 ms" },
		{ NULL, "/truncated", 20 * NS_PER_S, ERR_PROTOCOL, "/truncated" },
		{ NULL, "/big", 20 * NS_PER_S, ERR_LIMIT, "1000 bytes" },
		{ NULL, "/headers", 20 * NS_PER_S, ERR_LIMIT, "headers" },
		{ NULL, "/garbage", 20 * NS_PER_S, ERR_PROTOCOL, "/garbage" },
		{ "http://127.0.0.1:1", "/", 20 * NS_PER_S, ERR_IO, "127.0.0.1:1" },
		{ "ftp://127.0.0.1:1", "/", 20 * NS_PER_S, ERR_USAGE, "ftp" },
		{ "file:///etc", "/passwd", 20 * NS_PER_S, ERR_USAGE, "file" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_STRBUF struct strbuf out = { 0 };
		struct err err = { 0 };
		int status = 77;
		const char *base = cases[i].base ? cases[i].base : server.base;
		assert_int_equal(call(base, cases[i].path, NULL, cases[i].timeout_ns, 1000, &status,
					 &out, &err),
			-1);
		assert_int_equal(status, 0);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

static void test_unix_socket(void **state)
{
	struct http_server local;
	char path[100];
	int status = 0;
	CLEANUP_STRBUF struct strbuf out = { 0 };
	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_net.%d.sock", (int)getpid());
	http_server_start(&local, path, serve, NULL);
	const struct net_request req = {
		.url = "http://localhost/ok", .unix_socket = path, .timeout_ns = 20 * NS_PER_S
	};
	assert_int_equal(net_call(net, &req, NULL, &status, &out, NULL), 0);
	assert_int_equal(status, 200);
	assert_string_equal(strbuf_str(&out), "hello");
	http_server_stop(&local);
	unlink(path);
}

/* --- streams ------------------------------------------------------------------------------ */

static void on_line(const char *line, size_t len, void *arg)
{
	CLEANUP_FREE char *text = xasprintf("[%.*s]", (int)len, line);

	heard_add(arg, text, strlen(text));
}

static uint64_t stream(struct net *n, struct heard *h, const char *base, const char *path,
	uint64_t idle_ns, size_t max)
{
	CLEANUP_FREE char *url = xasprintf("%s%s", base, path);
	const struct net_request req = {
		.url = url,
		.timeout_ns = 20 * NS_PER_S,
		.idle_ns = idle_ns,
		.max_bytes = max,
		.on_line = on_line,
		.on_done = heard_done,
		.arg = h,
	};
	return net_send(n, &req);
}

static void test_streams(void **state)
{
	static const struct {
		const char *path;
		uint64_t idle_ns;
		size_t max;
		const char *lines;
		int status;
		enum err_code code;
	} cases[] = {
		{ "/lines", 0, 0, "[one][two][three][four]", 200, ERR_NONE },
		{ "/longline", 0, 20, "[short]", 0, ERR_LIMIT },
		{ "/open", 50 * NS_PER_MS, 0, "[one]", 0, ERR_TIMEOUT },
		{ "/nowhere", 0, 0, "", 404, ERR_NONE },
		{ "/truncated", 0, 0, "", 0, ERR_PROTOCOL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct heard h;
		heard_init(&h);
		stream(net, &h, server.base, cases[i].path, cases[i].idle_ns, cases[i].max);
		sem_wait(&h.end);
		assert_string_equal(strbuf_str(&h.text), cases[i].lines);
		assert_int_equal(h.status, cases[i].status);
		assert_int_equal(h.err.code, cases[i].code);
		heard_release(&h);
	}
}

static void test_cancelled_stream_is_silent(void **state)
{
	struct heard h;
	(void)state;
	heard_init(&h);
	uint64_t id = stream(net, &h, server.base, "/open", 0, 0);
	sem_wait(&h.some);
	net_cancel(net, id);
	assert_int_equal(sem_trywait(&h.end), -1);
	heard_release(&h); /* a later callback would be a use after free */
	net_cancel(net, id);
}

static void test_call_can_be_cancelled(void **state)
{
	struct cancel *c = cancel_new(NULL);
	CLEANUP_FREE char *url = xasprintf("%s/hang", server.base);
	const struct net_request req = { .url = url, .timeout_ns = 60 * NS_PER_S };
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct err err = { 0 };
	int status;
	(void)state;
	cancel_set(c);
	assert_int_equal(net_call(net, &req, c, &status, &out, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	cancel_free(c);
}

/* --- load and races ------------------------------------------------------------------------ */

#define LOAD 5000

struct load {
	unsigned ok, bad;
	uint64_t latency_ns;
	sem_t done;
};

static void load_done(const struct net_response *r, void *arg)
{
	struct load *l = arg;
	l->latency_ns += r->latency_ns;
	if (r->status == 200 && r->len == 5)
		l->ok++;
	else
		l->bad++;
	if (l->ok + l->bad == LOAD)
		sem_post(&l->done);
}

static void test_load_reuses_connections(void **state)
{
	struct load l = { 0 };
	CLEANUP_FREE char *url = xasprintf("%s/ok", server.base);
	const struct net_request req = {
		.url = url, .timeout_ns = 120 * NS_PER_S, .on_done = load_done, .arg = &l
	};
	(void)state;
	sem_init(&l.done, 0, 0);
	for (int i = 0; i < LOAD; i++)
		assert_true(net_send(net, &req) > 0);
	sem_wait(&l.done);
	assert_int_equal(l.ok, LOAD);
	assert_true(l.latency_ns > 0);
	assert_in_range(http_server_connections(&server), 1, 64);
	sem_destroy(&l.done);
}

static void touch_line(const char *line, size_t len, void *arg)
{
	(void)line;
	*(unsigned *)arg += (unsigned)len;
}

static void touch_done(const struct net_response *r, void *arg)
{
	*(unsigned *)arg += (unsigned)r->len + 1;
}

static void *cancel_racer(void *arg)
{
	static const char *const paths[] = { "/ok", "/lines", "/500", "/truncated" };
	unsigned seed = *(unsigned *)arg;
	for (int i = 0; i < 60; i++) {
		unsigned *touched[4];
		uint64_t ids[4];
		for (unsigned k = 0; k < 4; k++) {
			CLEANUP_FREE char *url = xasprintf("%s%s", server.base, paths[k]);
			touched[k] = xcalloc(1, sizeof(**touched));
			const struct net_request req = {
				.url = url,
				.timeout_ns = 20 * NS_PER_S,
				.on_line = k == 1 ? touch_line : NULL,
				.on_done = touch_done,
				.arg = touched[k],
			};
			ids[k] = net_send(net, &req);
		}
		for (unsigned spin = 0; spin < (seed = seed * 1103515245 + 12345) % 20000; spin++)
			__asm__ volatile("");
		for (unsigned k = 0; k < 4; k++) {
			net_cancel(net, ids[k]);
			*touched[k] = 0;
			free(touched[k]);
		}
	}
	return NULL;
}

static void test_cancel_races(void **state)
{
	pthread_t threads[3];
	unsigned seeds[3] = { 1, 22, 333 };
	(void)state;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, cancel_racer, &seeds[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void test_stop_ends_everything(void **state)
{
	struct err err = { 0 };
	struct net *n = net_start(real_clock, NULL, &err);
	struct heard h;
	(void)state;
	heard_init(&h);
	stream(n, &h, server.base, "/open", 0, 0);
	sem_wait(&h.some);
	stream(n, &h, server.base, "/hang", 0, 0);
	net_stop(n);
	sem_wait(&h.end);
	sem_wait(&h.end);
	assert_int_equal(h.err.code, ERR_CANCELLED);
	/* what comes too late fails at once */
	stream(n, &h, server.base, "/ok", 0, 0);
	assert_int_equal(sem_trywait(&h.end), 0);
	assert_int_equal(h.err.code, ERR_CANCELLED);
	net_free(n);
	heard_release(&h);
}

/* --- handler on a virtual clock -------------------------------------------------------------- */

struct fake {
	struct net *net;
	struct clock *clock;
	uint64_t stream_id;
	int lines;
	unsigned cancelled;
};

static void fake_line(void *arg)
{
	struct fake *f = arg;
	if (f->lines == 3) {
		net_reply(f->net, f->stream_id, 200, "", 0);
		return;
	}
	net_stream_line(f->net, f->stream_id, "tick", 4);
	f->lines++;
	net_timer(f->net, clock_now(f->clock) + NS_PER_S, fake_line, f);
}

static void fake_request(void *arg, uint64_t id, enum net_method m, const char *url,
	const char *body, size_t len, int is_stream)
{
	struct fake *f = arg;
	(void)m;
	if (is_stream && strstr(url, "/ticks")) {
		f->stream_id = id;
		net_timer(f->net, clock_now(f->clock) + NS_PER_S, fake_line, f);
	} else if (strstr(url, "/echo")) {
		net_reply(f->net, id, 200, body, len);
	} else if (strstr(url, "/refuse")) {
		net_fail(f->net, id, ERR_IO, "refused");
	}
}

static void fake_cancelled(void *arg, uint64_t id)
{
	struct fake *f = arg;
	(void)id;
	f->cancelled++;
}

static void test_handler(void **state)
{
	struct fake f = { .clock = clock_new_virtual(1000, 0) };
	const struct net_handler handler = { &f, fake_request, fake_cancelled };
	struct heard ticks, silent;
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct err err = { 0 };
	int status;
	(void)state;
	clock_join(f.clock);
	f.net = net_start(f.clock, &handler, &err);
	heard_init(&ticks);
	heard_init(&silent);

	const struct net_request echo = { .method = NET_POST,
		.url = "x/echo",
		.body = "abc",
		.body_len = 3,
		.timeout_ns = NS_PER_S };
	assert_int_equal(net_call(f.net, &echo, NULL, &status, &out, &err), 0);
	assert_string_equal(strbuf_str(&out), "abc");
	assert_true(clock_now(f.clock) == 1000);

	const struct net_request refuse = { .url = "x/refuse", .timeout_ns = NS_PER_S };
	assert_int_equal(net_call(f.net, &refuse, NULL, &status, &out, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "refused"));

	const struct net_request hang = { .url = "x/hang", .timeout_ns = 7 * NS_PER_S };
	assert_int_equal(net_call(f.net, &hang, NULL, &status, &out, &err), -1);
	assert_int_equal(err.code, ERR_TIMEOUT);
	assert_true(clock_now(f.clock) == 1000 + 7 * NS_PER_S);

	/* an hour of virtual time; the idle watchdog bites only the silent one */
	uint64_t start = clock_now(f.clock);
	stream(f.net, &ticks, "x", "/ticks", 2 * NS_PER_S, 0);
	stream(f.net, &silent, "x", "/silent", 3 * NS_PER_S, 0);
	clock_wait(f.clock, NULL, NULL, start + 3600 * NS_PER_S);
	sem_wait(&ticks.end);
	sem_wait(&silent.end);
	assert_string_equal(strbuf_str(&ticks.text), "[tick][tick][tick]");
	assert_int_equal(ticks.status, 200);
	assert_int_equal(silent.err.code, ERR_TIMEOUT);

	stream(f.net, &silent, "x", "/silent", 0, 0);
	net_stop(f.net); /* before leaving, which lets time go on */
	clock_leave(f.clock);
	sem_wait(&silent.end);
	assert_int_equal(silent.err.code, ERR_CANCELLED);
	assert_int_equal(f.cancelled, 3); /* hang, the silent stream, and net_stop()'s */
	net_free(f.net);
	clock_free(f.clock);
	heard_release(&ticks);
	heard_release(&silent);
}

/* --- timers ----------------------------------------------------------------------------------- */

struct order {
	struct strbuf text;
	struct net *net;
	uint64_t doomed;
};

struct mark {
	struct order *order;
	char name;
};

static void mark(void *arg)
{
	struct mark *m = arg;
	strbuf_addc(&m->order->text, m->name);
	if (m->name == 'b')
		net_timer_cancel(m->order->net, m->order->doomed);
}

static void test_timers(void **state)
{
	struct fake f = { .clock = clock_new_virtual(0, 0) };
	const struct net_handler handler = { &f, fake_request, fake_cancelled };
	struct order o = { 0 };
	struct mark m[8];
	static const uint64_t at[] = { 50, 20, 20, 90, 70, 10, 60 };
	(void)state;
	clock_join(f.clock);
	o.net = f.net = net_start(f.clock, &handler, NULL);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		m[i] = (struct mark){ &o, (char)('a' + i) };
		uint64_t id = net_timer(f.net, at[i] * NS_PER_S, mark, &m[i]);
		if (i == 4)
			o.doomed = id;
		if (i == 6)
			net_timer_cancel(f.net, id);
	}
	clock_wait(f.clock, NULL, NULL, 80 * NS_PER_S);
	m[7] = (struct mark){ &o, 'X' };
	net_run(f.net, mark, &m[7]);
	assert_string_equal(strbuf_str(&o.text), "fbcaX"); /* d has not come yet */
	net_stop(f.net); /* before leaving, which lets time go on */
	clock_leave(f.clock);
	net_run(f.net, mark, &m[7]);
	assert_string_equal(strbuf_str(&o.text), "fbcaXX");
	net_free(f.net);
	clock_free(f.clock);
	strbuf_release(&o.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unix_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancelled_stream_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_call_can_be_cancelled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_load_reuses_connections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel_races, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_ends_everything, setup, teardown),
		cmocka_unit_test(test_handler),
		cmocka_unit_test(test_timers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
