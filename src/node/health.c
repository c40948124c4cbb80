/* See health.h. */
#include "node/health.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/mem.h"

#define PATH      "/cryptarchia/info"
#define MAX_REPLY 65536

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int wait_for(int fd, short events, int64_t deadline_ms, struct err *err)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline_ms - now_ms();
		int r = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (r > 0)
			return 0;
		if (r == 0)
			return err_set(err, ERR_TIMEOUT, "no answer within %d ms", HEALTH_LIMIT_MS);
		if (errno != EINTR)
			return err_errno(err, ERR_IO, "cannot wait for an answer");
	}
}

static int connect_to(int fd, const struct address *a, int64_t deadline_ms, struct err *err)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int error = 0;

	if (!address_sockaddr(a, &ss, &len))
		return err_set(
			err, ERR_USAGE, "not a numeric address; expected e.g. 127.0.0.1:8080");
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return err_errno(err, ERR_IO, "cannot connect");
	if (wait_for(fd, POLLOUT, deadline_ms, err))
		return -1;
	len = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
		errno = error ? error : errno;
		return err_errno(err, ERR_IO, "cannot connect");
	}
	return 0;
}

/* A request this small fits into any fresh socket's buffer. */
static int ask(int fd, struct err *err)
{
	static const char request[] =
		"GET " PATH " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	ssize_t n = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);

	if (n == (ssize_t)sizeof(request) - 1)
		return 0;
	return n < 0 ? err_errno(err, ERR_IO, "cannot ask")
		     : err_set(err, ERR_IO, "cannot ask: the request was cut");
}

/* Until the node closes, so that an answer that stops in the middle counts as none. */
static int read_reply(
	int fd, char *buf, size_t size, int64_t deadline_ms, size_t *ret_len, struct err *err)
{
	size_t len = 0;

	for (;;) {
		if (wait_for(fd, POLLIN, deadline_ms, err))
			return -1;
		ssize_t n = recv(fd, buf + len, size - 1 - len, 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_errno(err, ERR_IO, "the answer broke off");
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == size - 1)
			return err_set(err, ERR_LIMIT, "an answer of more than %zu bytes", size);
	}
	buf[len] = '\0';
	*ret_len = len;
	return 0;
}

static int judge(const char *reply, size_t len, struct err *err)
{
	const char *body = strstr(reply, "\r\n\r\n");

	if (len == 0)
		return err_set(err, ERR_PROTOCOL, "closed without an answer");
	if (len < 12 || strncmp(reply, "HTTP/1.", 7) != 0 || strspn(reply + 9, "0123456789") != 3)
		return err_set(err, ERR_PROTOCOL, "the answer is not HTTP");
	if (memcmp(reply + 9, "200", 3) != 0)
		return err_set(err, ERR_PROTOCOL, "GET " PATH " was answered by %.3s", reply + 9);
	if (!body || !body[4])
		return err_set(err, ERR_PROTOCOL, "GET " PATH " was answered by nothing");
	return 0;
}

int health_check(const struct address *a, struct err *err)
{
	CLEANUP_FREE char *reply = xmalloc(MAX_REPLY);
	int64_t deadline_ms = now_ms() + HEALTH_LIMIT_MS;
	char text[ADDRESS_TEXT];
	size_t len = 0;
	int fd = socket(strchr(a->host, ':') ? AF_INET6 : AF_INET,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, ERR_ENV, "cannot make a socket");
	int r = connect_to(fd, a, deadline_ms, err) || ask(fd, err) ||
				read_reply(fd, reply, MAX_REPLY, deadline_ms, &len, err) ||
				judge(reply, len, err)
			? err_prefix(err, "%s", address_text(a, text))
			: 0;
	close(fd);
	return r;
}
