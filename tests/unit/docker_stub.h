/*
 * A stub of the Docker engine for tests: answers by script, logs what it was
 * asked, streams logs, events and stats of its own.
 */
#ifndef TESTS_DOCKER_STUB_H
#define TESTS_DOCKER_STUB_H

#include "http_fixture.h"

#define VERSION(api, min) \
	"{\"Version\":\"20.10.24\",\"ApiVersion\":\"" api "\",\"MinAPIVersion\":\"" min \
	"\",\"Os\":\"linux\",\"Arch\":\"amd64\"}"

static struct docker_stub {
	pthread_mutex_t lock;
	const char *version; /* the answer to /version */
	/* the next answer to anything else; a status of 0 hangs, of 1 is no HTTP at all */
	int status;
	const char *body;
	struct strbuf seen; /* "METHOD path\n" of each request */
	struct strbuf sent; /* its last body */
	int left;           /* labelled things that are left to remove */
	int born_later;     /* and that appear when all are gone */
} stub;

static inline const char *status_text(int status)
{
	switch (status) {
	case 200:
		return "200 OK";
	case 201:
		return "201 Created";
	case 204:
		return "204 No Content";
	case 304:
		return "304 Not Modified";
	case 403:
		return "403 Forbidden";
	case 404:
		return "404 Not Found";
	case 409:
		return "409 Conflict";
	default:
		return "500 Internal Server Error";
	}
}

static inline bool answer(int fd, int status, const char *body)
{
	if (status == 0) {
		http_wait_for_end(fd);
		return false;
	}
	if (status == 1) {
		http_put(fd, body);
		return false;
	}
	if (status == 204 || status == 304) { /* these never have a body */
		char head[100];
		snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n\r\n", status_text(status));
		http_put(fd, head);
		return true;
	}
	http_put_answer(fd, status_text(status), body, strlen(body));
	return true;
}

/* Containers with the label run=1, as many as are left, and one that is not ours. */
static inline void answer_list(int fd)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	pthread_mutex_lock(&stub.lock);
	strbuf_adds(&out,
		"[{\"Id\":\"foreign\",\"Names\":[\"/foreign\"],\"Labels\":{\"run\":\"2\"}},"
		"{\"Id\":\"bare\",\"Labels\":null}");
	for (int i = 0; i < stub.left; i++)
		strbuf_addf(&out,
			",{\"Id\":\"id%d\",\"Names\":[\"/n%d\"],\"Labels\":{\"run\":\"1\"}}", i, i);
	strbuf_adds(&out, "]");
	if (stub.left == 0) {
		stub.left = stub.born_later;
		stub.born_later = 0;
	}
	pthread_mutex_unlock(&stub.lock);
	http_put_answer(fd, "200 OK", out.buf, out.len);
}

#define AT(second, ns) "1970-01-01T00:00:0" second ".00000000" ns "Z "

/* Two outputs, framed, with every cut that a byte can have. */
static inline void stream_logs(int fd)
{
	static const char frames[] = "\x01\0\0\0\0\0\0\x27" AT("1",
		"0") "one\r\ntwo"
		     "\x02\0\0\0\0\0\0\x23" AT("1", "5") "err\n"
							 "\x01\0\0\0\0\0\0\0"
							 "\x01\0\0\0\0\0\0\x25" AT("1",
								 "0") "-more\n"
								      "\x00\0\0\0\0\0\0\x03in\n"
								      "\x01\0\0\0\0\0\0\x24" AT(
									      "2", "7") "three";
	http_put(fd, HTTP_CHUNKED);
	for (size_t i = 0; i + 1 < sizeof(frames); i++)
		http_put_chunk(fd, frames + i, 1);
	http_put(fd, "0\r\n\r\n");
}

static inline void stream_lines(int fd, const char *text)
{
	http_put(fd, HTTP_CHUNKED);
	http_put_chunk(fd, text, strlen(text));
	http_put(fd, "0\r\n\r\n");
}

#define DIE \
	"{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"abc\",\"Attributes\":" \
	"{\"exitCode\":\"137\",\"name\":\"n1\",\"run\":\"1\"}},\"time\":1700000000," \
	"\"timeNano\":1700000000123456789}\n"
#define STATS \
	"{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":5000000000}},\"memory_stats\":{\"usage\":1000," \
	"\"limit\":4000,\"stats\":{\"total_inactive_file\":300,\"inactive_file\":1}},\"networks\":{" \
	"\"eth0\":{\"rx_bytes\":10,\"tx_bytes\":20},\"eth1\":{\"rx_bytes\":1,\"tx_bytes\":2}}}\n"
#define STOPPED "{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":0}},\"memory_stats\":{}}\n"

static inline bool serve_streams(int fd, const char *path)
{
	if (strstr(path, "/cut/logs")) { /* the engine dies in the middle */
		http_put(fd, HTTP_CHUNKED);
		http_put_chunk(fd, "\x01\0\0\0\0\0\0\x27" AT("3", "0") "one\nhalf", 47);
		return false;
	}
	if (strstr(path, "/tty/logs"))
		stream_lines(fd, "plain text of a terminal\r\n");
	else if (strstr(path, "/open/logs")) {
		http_put(fd, HTTP_CHUNKED);
		http_put_chunk(fd, "\x01\0\0\0\0\0\0\x23" AT("1", "0") "one\n", 43);
		http_wait_for_end(fd);
		return false;
	} else if (strstr(path, "/logs"))
		stream_logs(fd);
	else if (strstr(path, "/bad/stats"))
		stream_lines(fd, STATS "{\"cpu_stats\":\n" STATS);
	else if (strstr(path, "/stats"))
		stream_lines(fd, STATS STOPPED STATS);
	else
		stream_lines(fd, DIE DIE);
	return true;
}

static inline bool serve(const struct http_request *r)
{
	pthread_mutex_lock(&stub.lock);
	strbuf_addf(&stub.seen, "%s %s\n", r->method, r->path);
	strbuf_clear(&stub.sent);
	strbuf_add(&stub.sent, r->body, r->len);
	const char *version = stub.version, *body = stub.body;
	int status = stub.status;
	bool is_list = status < 0 && strstr(r->path, "/containers/json");
	bool is_removal = status < 0 && strcmp(r->method, "DELETE") == 0;
	if (is_removal && stub.left > 0)
		stub.left--;
	pthread_mutex_unlock(&stub.lock);

	if (strcmp(r->path, "/version") == 0)
		return version[0] == '{' ? answer(r->fd, 200, version) : answer(r->fd, 1, version);
	if (strstr(r->path, "/logs?") || strstr(r->path, "/events?") || strstr(r->path, "stream=1"))
		return status >= 400 ? answer(r->fd, status, body) : serve_streams(r->fd, r->path);
	if (is_list) {
		answer_list(r->fd);
		return true;
	}
	if (is_removal)
		return answer(r->fd, 204, "");
	if (status < 0)
		return answer(
			r->fd, 200, strstr(r->path, "/volumes") ? "{\"Volumes\":null}" : "[]");
	return answer(r->fd, status, body);
}

#endif
