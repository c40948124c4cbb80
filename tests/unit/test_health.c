/* ltb-node --check-health against a server that answers as each case says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/health.h"
#include "util/mem.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"

struct server {
	int listener;
	const char *reply;
	bool hang;      /* stay open after the reply */
	size_t padding; /* bytes after the reply */
	char request[512];
	int gone[2]; /* closed by the test when it is done */
};

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->listener, NULL, NULL);
	char c;

	if (fd < 0)
		return NULL;
	ssize_t n = recv(fd, s->request, sizeof(s->request) - 1, 0);
	s->request[n > 0 ? n : 0] = '\0';
	send(fd, s->reply, strlen(s->reply), MSG_NOSIGNAL);
	for (size_t i = 0; i < s->padding; i += 64)
		if (send(fd, "................................................................", 64,
			    MSG_NOSIGNAL) < 0)
			break;
	if (s->hang && read(s->gone[0], &c, 1) < 0)
		abort();
	close(fd);
	return NULL;
}

static struct address listen_somewhere(int *ret_fd)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	*ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(*ret_fd >= 0);
	assert_int_equal(bind(*ret_fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(*ret_fd, 1), 0);
	assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&sa, &len), 0);
	return address_from_sockaddr((struct sockaddr *)&sa);
}

/* Runs the check against this reply; what the server was asked stays in s. */
static int check(struct server *s, const char *reply, struct err *err)
{
	struct address a = listen_somewhere(&s->listener);
	pthread_t thread;

	s->reply = reply;
	*err = (struct err){ 0 };
	assert_int_equal(pipe(s->gone), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, s), 0);
	int r = health_check(&a, err);
	close(s->gone[1]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(s->gone[0]);
	close(s->listener);
	return r;
}

static void a_good_answer(void **state)
{
	struct server s = { 0 };
	struct err err;

	(void)state;
	if (check(&s, OK_HEAD "{\"height\":1}", &err))
		fail_msg("%s", err.text);
	assert_true(strncmp(s.request, "GET /cryptarchia/info HTTP/1.1\r\n", 32) == 0);
	assert_non_null(strstr(s.request, "\r\n\r\n"));
}

static void wrong_answers(void **state)
{
	static const struct {
		const char *reply, *why;
		bool hang;
		size_t padding;
	} rows[] = {
		{ "HTTP/1.1 503 Service Unavailable\r\n\r\nbusy", "answered by 503", false, 0 },
		{ "HTTP/1.1 404 Not Found\r\n\r\n", "answered by 404", false, 0 },
		{ "", "closed without an answer", false, 0 },
		{ "SSH-2.0-OpenSSH\r\n", "not HTTP", false, 0 },
		{ "HTTP/1.1 \r\n\r\n", "not HTTP", false, 0 },
		{ OK_HEAD, "answered by nothing", false, 0 },
		{ OK_HEAD "{", "no answer within 2000 ms", true, 0 },
		{ "", "no answer within 2000 ms", true, 0 },
		{ OK_HEAD, "more than", false, 200000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server s = { .hang = rows[i].hang, .padding = rows[i].padding };
		struct err err;
		assert_int_equal(check(&s, rows[i].reply, &err), -1);
		if (!strstr(err.text, rows[i].why) || strncmp(err.text, "127.0.0.1:", 10) != 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_not_equal(err.code, ERR_USAGE);
	}
}

static void nobody_there(void **state)
{
	struct err err = { 0 };
	int fd;
	struct address a = listen_somewhere(&fd);

	(void)state;
	close(fd);
	assert_int_equal(health_check(&a, &err), -1);
	assert_non_null(strstr(err.text, "refused"));
	assert_int_not_equal(err.code, ERR_USAGE);

	a = (struct address){ .host = "localhost", .port = 80 };
	err = (struct err){ 0 };
	assert_int_equal(health_check(&a, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "numeric"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_answer),
		cmocka_unit_test(wrong_answers),
		cmocka_unit_test(nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
