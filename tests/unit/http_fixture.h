/*
 * An HTTP server for tests, on loopback or a unix socket: one thread a
 * connection. What it answers is the test's business, by `serve`.
 */
#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/strbuf.h"

#define HTTP_CONNECTIONS_MAX 1024
#define HTTP_CHUNKED         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

struct http_request {
	int fd;
	const char *method, *path; /* path with its query */
	const char *head;          /* all header lines */
	const char *body;          /* NUL-terminated */
	size_t len;
	void *arg; /* the server's */
};
/* Writes the answer to fd. false: the connection ends. */
typedef bool http_serve_fn(const struct http_request *r);

struct http_server {
	int fd;
	char base[64]; /* "http://127.0.0.1:PORT" */
	http_serve_fn *serve;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock; /* everything below */
	int fds[HTTP_CONNECTIONS_MAX];
	pthread_t threads[HTTP_CONNECTIONS_MAX];
	int n;
};

struct http_connection {
	struct http_server *server;
	int fd;
};

static inline void http_put_data(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static inline void http_put(int fd, const char *text)
{
	http_put_data(fd, text, strlen(text));
}

static inline void http_put_chunk(int fd, const char *data, size_t len)
{
	char head[20];
	snprintf(head, sizeof(head), "%zx\r\n", len);
	http_put(fd, head);
	http_put_data(fd, data, len);
	http_put(fd, "\r\n");
}

static inline void http_put_answer(int fd, const char *status, const char *body, size_t len)
{
	char head[200];
	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, len);
	http_put(fd, head);
	http_put_data(fd, body, len);
}

/* Until the client goes or the server is stopped. */
static inline void http_wait_for_end(int fd)
{
	char byte;
	(void)!read(fd, &byte, 1);
}

/* The rest of a request into in; false at the end of the connection. */
static inline bool http_read(int fd, struct strbuf *in, struct http_request *r)
{
	char chunk[65536];
	const char *end = NULL;
	size_t want = SIZE_MAX;
	while (in->len < want) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
		if (n <= 0)
			return false;
		strbuf_add(in, chunk, (size_t)n);
		end = end ? end : strstr(in->buf, "\r\n\r\n");
		if (end && want == SIZE_MAX) {
			const char *length = strcasestr(in->buf, "Content-Length: ");
			want = (size_t)(end + 4 - in->buf);
			if (length && length < end)
				want += strtoul(length + 16, NULL, 10);
		}
	}
	char *head_end = strstr(in->buf, "\r\n\r\n");
	char *path = strchr(in->buf, ' '), *path_end = strchr(path + 1, ' ');
	*head_end = *path = *path_end = '\0';
	r->method = in->buf;
	r->path = path + 1;
	r->head = path_end + 1;
	r->body = head_end + 4;
	r->len = in->len - (size_t)(r->body - in->buf);
	return true;
}

static inline void *http_connection_main(void *arg)
{
	struct http_connection *c = arg;
	struct http_request r = { .fd = c->fd, .arg = c->server->arg };
	CLEANUP_STRBUF struct strbuf in = { 0 };
	while (http_read(c->fd, &in, &r) && c->server->serve(&r))
		strbuf_clear(&in);
	shutdown(c->fd, SHUT_RDWR);
	free(c);
	return NULL;
}

static inline void *http_server_main(void *arg)
{
	struct http_server *s = arg;
	for (;;) {
		const int on = 1;
		int fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		/* an answer is two writes, which must not wait for each other */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		pthread_mutex_lock(&s->lock);
		assert_true(s->n < HTTP_CONNECTIONS_MAX);
		struct http_connection *c = xcalloc(1, sizeof(*c));
		*c = (struct http_connection){ s, fd };
		s->fds[s->n] = fd;
		pthread_create(&s->threads[s->n], NULL, http_connection_main, c);
		s->n++;
		pthread_mutex_unlock(&s->lock);
	}
}

/* unix_path NULL: a port of loopback. */
static inline void http_server_start(
	struct http_server *s, const char *unix_path, http_serve_fn *serve, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->serve = serve;
	s->arg = arg;
	pthread_mutex_init(&s->lock, NULL);
	if (unix_path) {
		struct sockaddr_un un = { .sun_family = AF_UNIX };
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", unix_path);
		s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(s->fd, (struct sockaddr *)&un, sizeof(un)), 0);
		snprintf(s->base, sizeof(s->base), "http://localhost");
	} else {
		struct sockaddr_in in = { .sin_family = AF_INET };
		socklen_t len = sizeof(in);
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(s->fd, (struct sockaddr *)&in, sizeof(in)), 0);
		getsockname(s->fd, (struct sockaddr *)&in, &len);
		snprintf(s->base, sizeof(s->base), "http://127.0.0.1:%u", ntohs(in.sin_port));
	}
	assert_int_equal(listen(s->fd, HTTP_CONNECTIONS_MAX), 0);
	pthread_create(&s->thread, NULL, http_server_main, s);
}

static inline void http_server_stop(struct http_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (int i = 0; i < s->n; i++) {
		shutdown(s->fds[i], SHUT_RDWR);
		pthread_join(s->threads[i], NULL);
		close(s->fds[i]);
	}
	pthread_mutex_destroy(&s->lock);
}

static inline int http_server_connections(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	int n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

#endif
