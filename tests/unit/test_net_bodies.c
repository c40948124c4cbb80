/*
 * What the net thread sends and streams beyond JSON and lines: files as
 * bodies, content types, raw streams, and many of them on one unix socket.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "../lib/heard.h"
#include "core/net.h"
#include "http_fixture.h"
#include "util/fs.h"

#define STREAMS    150
#define CALLS      400
#define FILE_BYTES ((size_t)24 * 1024 * 1024)

/* --- the server ----------------------------------------------------------------------- */

static atomic_uint streams_open;
static atomic_bool hung_up; /* /once has ended a connection */

static unsigned long sum_of(const char *data, size_t len)
{
	unsigned long sum = 5381;
	for (size_t i = 0; i < len; i++)
		sum = sum * 33 + (unsigned char)data[i];
	return sum;
}

static void answer_what_came(const struct http_request *r)
{
	char text[300] = "no type", *type = strcasestr(r->head, "Content-Type: ");
	if (type)
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(type + 14, "\r\n"), type + 14);
	size_t at = strlen(text);
	snprintf(text + at, sizeof(text) - at, " %zu %lu", r->len, sum_of(r->body, r->len));
	http_put_answer(r->fd, "200 OK", text, strlen(text));
}

static bool serve(const struct http_request *r)
{
	if (strcmp(r->path, "/what") == 0) {
		answer_what_came(r);
	} else if (strcmp(r->path, "/once") == 0) {
		/* an answer that keeps the connection, which then goes all the same */
		answer_what_came(r);
		shutdown(r->fd, SHUT_RDWR);
		atomic_store(&hung_up, true);
		return false;
	} else if (strcmp(r->path, "/raw") == 0) {
		http_put(r->fd, HTTP_CHUNKED);
		http_put_chunk(r->fd, "\x01\0\0\0ab\r", 7);
		http_put_chunk(r->fd, "\n\n\r\n", 4);
		http_put_chunk(r->fd, "end", 3);
		http_put(r->fd, "0\r\n\r\n");
	} else if (strcmp(r->path, "/refused") == 0) {
		http_put_answer(r->fd, "409 Conflict", "{\"message\":\"no\"}", 16);
	} else if (strncmp(r->path, "/stream", 7) == 0) {
		atomic_fetch_add(&streams_open, 1);
		http_put(r->fd, HTTP_CHUNKED);
		http_put_chunk(r->fd, "tick\n", 5);
		http_wait_for_end(r->fd);
		return false;
	} else {
		http_put_answer(r->fd, "404 Not Found", "", 0);
	}
	return true;
}

/* --- fixture --------------------------------------------------------------------------- */

static struct http_server server;
static char socket_path[100], file_path[100];
static struct clock *real_clock;
static struct net *net;

static int setup(void **state)
{
	struct err err = { 0 };
	(void)state;
	snprintf(socket_path, sizeof(socket_path), "/tmp/test_net_bodies.%d.sock", (int)getpid());
	snprintf(file_path, sizeof(file_path), "/tmp/test_net_bodies.%d.file", (int)getpid());
	http_server_start(&server, socket_path, serve, NULL);
	real_clock = clock_new_real();
	net = net_start(real_clock, NULL, &err);
	return net ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	net_free(net);
	clock_free(real_clock);
	http_server_stop(&server);
	unlink(socket_path);
	unlink(file_path);
	return 0;
}

static void send_what(
	const char *path, const char *body, const char *file, const char *type, struct strbuf *out)
{
	CLEANUP_FREE char *url = xasprintf("http://localhost%s", path);
	const struct net_request req = {
		.method = NET_POST,
		.url = url,
		.unix_socket = socket_path,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.body_path = file,
		.content_type = type,
		.timeout_ns = 60 * NS_PER_S,
	};
	struct err err = { 0 };
	int status = 0;
	strbuf_clear(out);
	if (net_call(net, &req, NULL, &status, out, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(status, 200);
}

/* --- bodies ------------------------------------------------------------------------------ */

static void test_content_types(void **state)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	char want[100];
	(void)state;
	snprintf(want, sizeof(want), " 2 %lu", sum_of("{}", 2));
	send_what("/what", "{}", NULL, "application/x-tar", &out);
	assert_non_null(strstr(strbuf_str(&out), "application/x-tar 2 "));
	/* a handle that is used again has forgotten it */
	send_what("/what", "{}", NULL, NULL, &out);
	assert_non_null(strstr(strbuf_str(&out), "application/json 2 "));
	assert_non_null(strstr(strbuf_str(&out), want));
}

static char *write_file(size_t size)
{
	struct err err = { 0 };
	char *data = xmalloc(size);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	if (fs_write_atomic(file_path, data, size, 0600, &err) != 0)
		fail_msg("%s", err.text);
	return data;
}

static void test_files_are_bodies(void **state)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	static const size_t sizes[] = { 0, 1, 70001, FILE_BYTES };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char want[100];
		CLEANUP_FREE char *data = write_file(sizes[i]);
		snprintf(want, sizeof(want), "application/x-tar %zu %lu", sizes[i],
			sum_of(data, sizes[i]));
		send_what("/what", NULL, file_path, "application/x-tar", &out);
		assert_string_equal(strbuf_str(&out), want);
	}
	assert_int_equal(http_server_connections(&server), 1);
}

/* The connection that is reused has gone meanwhile: the file is sent from its start again. */
static void test_files_are_sent_again(void **state)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	CLEANUP_FREE char *data = write_file(100000);
	char want[100];
	(void)state;
	snprintf(want, sizeof(want), "a/b 100000 %lu", sum_of(data, 100000));
	for (int i = 0; i < 5; i++) {
		send_what("/once", NULL, file_path, "a/b", &out);
		assert_string_equal(strbuf_str(&out), want);
	}
	assert_true(atomic_load(&hung_up));
}

static void test_files_that_cannot_be_read(void **state)
{
	static const struct {
		const char *path, *says;
	} cases[] = {
		{ "/nonexistent/image.tar", "cannot open /nonexistent/image.tar: No such file" },
		{ "/tmp", "/tmp is no regular file" },
		{ "/dev/null", "/dev/null is no regular file" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct net_request req = {
			.method = NET_POST,
			.url = "http://localhost/what",
			.unix_socket = socket_path,
			.body_path = cases[i].path,
			.timeout_ns = 60 * NS_PER_S,
		};
		CLEANUP_STRBUF struct strbuf out = { 0 };
		struct err err = { 0 };
		int status = 0;
		assert_int_equal(net_call(net, &req, NULL, &status, &out, &err), -1);
		assert_int_equal(err.code, ERR_IO);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

/* --- raw streams -------------------------------------------------------------------------- */

static void on_data(const char *data, size_t len, void *arg)
{
	heard_add(arg, data, len);
}

static uint64_t stream(struct net *n, struct heard *h, const char *path)
{
	CLEANUP_FREE char *url = xasprintf("http://localhost%s", path);
	const struct net_request req = {
		.url = url,
		.unix_socket = socket_path,
		.timeout_ns = 60 * NS_PER_S,
		.on_data = on_data,
		.on_done = heard_done,
		.arg = h,
	};
	return net_send(n, &req);
}

static void test_raw_streams(void **state)
{
	struct heard h;
	(void)state;
	heard_init(&h);
	stream(net, &h, "/raw");
	sem_wait(&h.end);
	assert_int_equal(h.status, 200);
	assert_int_equal(h.text.len, 14);
	assert_memory_equal(h.text.buf, "\x01\0\0\0ab\r\n\n\r\nend", 14);
	assert_int_equal(h.body.len, 0);
	stream(net, &h, "/refused");
	sem_wait(&h.end);
	assert_int_equal(h.status, 409);
	assert_int_equal(h.text.len, 14);
	assert_string_equal(strbuf_str(&h.body), "{\"message\":\"no\"}");
	heard_release(&h);
}

struct tally {
	unsigned ok;
	sem_t done;
};

static void count(const struct net_response *r, void *arg)
{
	struct tally *t = arg;
	t->ok += r->status == 200;
	sem_post(&t->done);
}

/* However many streams are open, calls pass, and share a few connections among themselves. */
static void test_many_streams_on_one_socket(void **state)
{
	struct heard h;
	struct tally t = { 0 };
	uint64_t ids[STREAMS];
	const struct net_request req = {
		.url = "http://localhost/what",
		.unix_socket = socket_path,
		.timeout_ns = 120 * NS_PER_S,
		.on_done = count,
		.arg = &t,
	};
	(void)state;
	heard_init(&h);
	sem_init(&t.done, 0, 0);
	atomic_store(&streams_open, 0);
	for (int i = 0; i < STREAMS; i++)
		ids[i] = stream(net, &h, "/stream");
	for (int i = 0; i < STREAMS; i++)
		sem_wait(&h.some);
	assert_int_equal(atomic_load(&streams_open), STREAMS);
	for (int i = 0; i < CALLS; i++)
		net_send(net, &req);
	for (int i = 0; i < CALLS; i++)
		sem_wait(&t.done);
	assert_int_equal(t.ok, CALLS);
	assert_in_range(http_server_connections(&server), STREAMS + 1, STREAMS + 64);
	for (int i = 0; i < STREAMS; i++)
		net_cancel(net, ids[i]);
	assert_int_equal(sem_trywait(&h.end), -1);
	assert_int_equal(h.text.len, STREAMS * 5);
	heard_release(&h);
	sem_destroy(&t.done);
}

struct late {
	int fd;
	pthread_t thread;
};

/* Takes the calls that wait, one at a time. */
static void *accept_all(void *arg)
{
	struct late *l = arg;
	for (int fd; (fd = accept(l->fd, NULL, NULL)) >= 0; close(fd)) {
		CLEANUP_STRBUF struct strbuf in = { 0 };
		struct http_request r = { .fd = fd };
		if (http_read(fd, &in, &r))
			http_put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
				     "Connection: close\r\n\r\n");
	}
	return NULL;
}

/* A unix socket refuses at once when its queue is full: that is no failure, but a wait. */
static void test_a_socket_that_is_crowded(void **state)
{
	struct late l;
	struct tally t = { 0 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	uint64_t ids[20];
	(void)state;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s.late", socket_path);
	l.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l.fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(l.fd, 1), 0);
	const struct net_request req = {
		.url = "http://localhost/any",
		.unix_socket = un.sun_path,
		.timeout_ns = 120 * NS_PER_S,
		.on_done = count,
		.arg = &t,
	};
	sem_init(&t.done, 0, 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		ids[i] = net_send(net, &req);
	/* those that wait for a place have their deadlines, and can be cancelled */
	struct net_request brief = req;
	brief.timeout_ns = 50 * NS_PER_MS;
	net_send(net, &brief);
	sem_wait(&t.done);
	assert_int_equal(t.ok, 0);
	for (size_t i = 10; i < ARRAY_LEN(ids); i++)
		net_cancel(net, ids[i]);
	pthread_create(&l.thread, NULL, accept_all, &l);
	for (size_t i = 0; i < 10; i++)
		sem_wait(&t.done);
	assert_int_equal(t.ok, 10);
	shutdown(l.fd, SHUT_RDWR);
	pthread_join(l.thread, NULL);
	close(l.fd);
	unlink(un.sun_path);
	sem_destroy(&t.done);
}

/* --- a handler's ---------------------------------------------------------------------------- */

static struct net *handled;

static void handle(void *arg, uint64_t id, enum net_method m, const char *url, const char *body,
	size_t len, int is_stream)
{
	(void)arg, (void)m, (void)url, (void)body, (void)len;
	if (!is_stream)
		return;
	net_stream_line(handled, id, "a\r", 2);
	net_reply(handled, id, 200, "", 0);
}

static void test_a_handler_can_stream_bytes(void **state)
{
	const struct net_handler handler = { .request = handle };
	struct heard h;
	(void)state;
	heard_init(&h);
	handled = net_start(real_clock, &handler, NULL);
	stream(handled, &h, "/any");
	sem_wait(&h.end);
	assert_memory_equal(strbuf_str(&h.text), "a\r", 3);
	net_free(handled);
	heard_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_content_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_are_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_are_sent_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_that_cannot_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_raw_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_streams_on_one_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_socket_that_is_crowded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_handler_can_stream_bytes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
