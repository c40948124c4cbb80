/*
 * The Docker Engine client against a stub on a unix socket that answers by
 * script: versions, complaints, framed logs cut anywhere, garbage, silence.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "backends/docker.h"
#include "backends/docker_priv.h"
#include "docker_stub.h"

#include "../lib/heard.h"
#include "../lib/says.h"

/* --- fixture -------------------------------------------------------------------------------- */

static struct http_server server;
static char dir[60], socket_path[100], host[120];
static struct clock *real_clock;
static struct net *net;
static const char *const labels[] = { "run=1", NULL };

static void reply(int status, const char *body)
{
	pthread_mutex_lock(&stub.lock);
	stub.status = status;
	stub.body = body;
	strbuf_clear(&stub.seen);
	pthread_mutex_unlock(&stub.lock);
}

static const char *copy_of(const struct strbuf *text)
{
	static char copy[20000];
	pthread_mutex_lock(&stub.lock);
	snprintf(copy, sizeof(copy), "%s", strbuf_str(text));
	pthread_mutex_unlock(&stub.lock);
	return copy;
}

static const char *seen(void)
{
	return copy_of(&stub.seen);
}

static void set_left(int left, int born_later)
{
	pthread_mutex_lock(&stub.lock);
	stub.left = left;
	stub.born_later = born_later;
	pthread_mutex_unlock(&stub.lock);
}

static int setup(void **state)
{
	static const char *const vars[] = { "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG",
		"DOCKER_TLS_VERIFY", "XDG_RUNTIME_DIR" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vars); i++)
		unsetenv(vars[i]);
	memset(&stub, 0, sizeof(stub));
	pthread_mutex_init(&stub.lock, NULL);
	stub.version = VERSION("1.41", "1.12");
	stub.body = "";
	snprintf(dir, sizeof(dir), "/tmp/test_docker.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/sock", dir);
	snprintf(host, sizeof(host), "unix://%s", socket_path);
	http_server_start(&server, socket_path, serve, NULL);
	real_clock = clock_new_real();
	net = net_start(real_clock, NULL, NULL);
	return net ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	net_free(net);
	clock_free(real_clock);
	http_server_stop(&server);
	strbuf_release(&stub.seen);
	strbuf_release(&stub.sent);
	pthread_mutex_destroy(&stub.lock);
	unlink(socket_path);
	rmdir(dir);
	return 0;
}

static struct docker *open_stub(void)
{
	struct err err = { 0 };
	struct docker *d = docker_open_at(net, host, NULL, NULL, &err);
	if (!d)
		fail_msg("%s", err.text);
	return d;
}

/* --- opening ---------------------------------------------------------------------------------- */

static void test_versions(void **state)
{
	static const struct {
		const char *version, *api, *error;
	} cases[] = {
		{ VERSION("1.41", "1.12"), "1.41", NULL },
		{ VERSION("1.43", "1.12"), "1.43", NULL },
		{ VERSION("1.60", "1.44"), "1.47", NULL },
		{ VERSION("1.70", "1.52"), "1.52", NULL }, /* has dropped what we know */
		{ "{\"Version\":\"x\",\"ApiVersion\":\"1.41\"}", "1.41", NULL },
		{ VERSION("1.40", "1.12"), NULL, "version 20.10.24 (API 1.40)|too old|20.10" },
		{ VERSION("1.9", "1.1"), NULL, "too old" },
		{ VERSION("2.0", "1.41"), NULL, "too new|newer ltb" },
		{ VERSION("banana", "1.12"), NULL, "no Docker engine|API version" },
		{ VERSION("1.41x", "1.12"), NULL, "no Docker engine" },
		{ VERSION("99999999999.1", "1.12"), NULL, "no Docker engine" },
		{ "{}", NULL, "no Docker engine|API version|DOCKER_HOST" },
		{ "{\"ApiVersion\":", NULL, "no Docker engine" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", NULL, "no Docker engine|DOCKER_HOST" },
		{ "\x16\x03\x01\x02\r\n\r\n", NULL, "no Docker engine" },
		{ "HTTP/1.1 400 Bad Request\r\nContent-Length: 47\r\n\r\n"
		  "Client sent an HTTP request to an HTTPS server.",
			NULL, "no Docker engine|HTTP 400|wants TLS|ssh -NL" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", NULL, "no Docker engine" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct docker_version v;
		struct err err = { 0 };
		pthread_mutex_lock(&stub.lock);
		stub.version = cases[i].version;
		pthread_mutex_unlock(&stub.lock);
		struct docker *d = docker_open_at(net, host, NULL, &v, &err);
		if (cases[i].api) {
			assert_non_null(d);
			assert_string_equal(v.api, cases[i].api);
			assert_string_equal(docker_host(d), host);
			assert_string_equal(docker_published_host(d), "127.0.0.1");
		} else {
			assert_null(d);
			assert_int_equal(err.code, ERR_ENV);
			says(&err, cases[i].error);
		}
		docker_free(d);
	}
}

static void test_no_engine(void **state)
{
	struct err err = { 0 };
	char path[100];
	(void)state;
	snprintf(path, sizeof(path), "unix://%s/none", dir);
	assert_null(docker_open_at(net, path, NULL, NULL, &err));
	assert_int_equal(err.code, ERR_ENV);
	says(&err, "no Docker engine|/none does not exist|systemctl start docker|DOCKER_HOST");

	/* a socket that nobody listens at any more */
	snprintf(path, sizeof(path), "%s/dead", dir);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	snprintf(path, sizeof(path), "unix://%s/dead", dir);
	assert_null(docker_open_at(net, path, NULL, NULL, &err));
	says(&err, "nobody listens|/dead");
	unlink(un.sun_path);

	assert_null(docker_open_at(net, "tcp://127.0.0.1:1", NULL, NULL, &err));
	assert_int_equal(err.code, ERR_ENV);
	says(&err, "no Docker engine at tcp://127.0.0.1:1");
}

/* A socket that is not for us; root may do everything, so root becomes somebody else. */
static void test_no_permission(void **state)
{
	struct docker_place p;
	struct err err = { 0 };
	uid_t before = geteuid();
	(void)state;
	assert_int_equal(docker_place_parse(host, "test", &p, &err), 0);
	assert_int_equal(docker_place_probe(&p, &err), 0);
	chmod(socket_path, 0);
	chmod(dir, 0755);
	if (before == 0)
		assert_int_equal(seteuid(65534), 0);
	int rc = docker_place_probe(&p, &err);
	if (before == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, ERR_ENV);
	assert_int_equal(err.saved_errno, EACCES);
	says(&err, "no permission|usermod -aG docker|log in again|DOCKER_HOST");
	says(&err, socket_path);
}

static void test_silence_and_cancel(void **state)
{
	struct docker *d = open_stub();
	struct cancel *c = cancel_new(NULL);
	struct err err = { 0 };
	int status = 77;
	(void)state;
	reply(0, "");
	assert_int_equal(docker_call(d, NET_GET, "/info", NULL, 0, NULL, 50 * NS_PER_MS, NULL,
				 &status, NULL, &err),
		-1);
	assert_int_equal(err.code, ERR_ENV);
	assert_int_equal(status, 0);
	says(&err, "hangs|50 ms");
	cancel_set(c);
	assert_int_equal(docker_start(d, "x", c, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_int_equal(docker_image_pull(d, "a:b", NS_PER_S, c, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	unsigned n = 0;
	assert_int_equal(docker_remove_labelled(d, labels, c, &n, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	cancel_free(c);
	docker_free(d);
}

static void test_an_engine_that_goes(void **state)
{
	struct docker *d = open_stub();
	struct err err = { 0 };
	(void)state;
	reply(1, "\r\n");
	assert_int_equal(docker_start(d, "x", NULL, &err), -1);
	assert_int_equal(err.code, ERR_ENV);
	says(&err, "lost the Docker engine|still running");
	http_server_stop(&server);
	assert_int_equal(docker_start(d, "x", NULL, &err), -1);
	assert_int_equal(err.code, ERR_ENV);
	says(&err, "nobody listens");
	docker_free(d);
	unlink(socket_path);
	http_server_start(&server, socket_path, serve, NULL);
}

/* --- calls ---------------------------------------------------------------------------------------
 */

static void test_calls(void **state)
{
	struct docker *d = open_stub();
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct err err = { 0 };
	int status = 0;
	(void)state;
	reply(201, "{\"Id\":\"abc\"}");
	strbuf_adds(&out, ">");
	assert_int_equal(docker_call(d, NET_POST, "/networks/create", "{}", 2, NULL, 0, NULL,
				 &status, &out, &err),
		0);
	assert_int_equal(status, 201);
	assert_string_equal(out.buf, ">{\"Id\":\"abc\"}");
	assert_string_equal(seen(), "POST /v1.41/networks/create\n");
	assert_string_equal(copy_of(&stub.sent), "{}");
	reply(409, "{\"message\":\"no\\nway\"}");
	assert_int_equal(docker_call(d, NET_DELETE, "/networks/a?x=1", NULL, 0, NULL, 0, NULL,
				 &status, &out, &err),
		-1);
	assert_int_equal(status, 409);
	assert_int_equal(err.code, ERR_ENV);
	assert_string_equal(err.text, "Docker engine: DELETE /networks/a: no way");
	assert_string_equal(out.buf, ">{\"Id\":\"abc\"}");
	reply(500, "");
	assert_int_equal(
		docker_call(d, NET_GET, "/x", NULL, 0, NULL, 0, NULL, NULL, NULL, &err), -1);
	says(&err, "HTTP 500");
	assert_int_equal(
		docker_call(d, NET_GET, "/x", NULL, 0, NULL, 0, NULL, NULL, NULL, NULL), -1);
	docker_free(d);
}

static void test_containers(void **state)
{
	static const char inspected[] =
		"{\"Id\":\"abc\",\"Name\":\"/n1\",\"State\":{\"Status\":\"exited\",\"Pid\":0,"
		"\"ExitCode\":137,\"OOMKilled\":true,\"Error\":\"broken\\u0007\"}}";
	struct docker *d = open_stub();
	struct docker_container c;
	struct err err = { 0 };
	(void)state;
	reply(200, inspected);
	assert_int_equal(docker_inspect(d, "n1", NULL, &c, &err), 0);
	assert_string_equal(c.id, "abc");
	assert_string_equal(c.name, "n1");
	assert_string_equal(c.state, "exited");
	assert_string_equal(c.error, "broken");
	assert_int_equal(c.exit_code, 137);
	assert_true(c.oom_killed);
	assert_string_equal(seen(), "GET /v1.41/containers/n1/json\n");
	reply(200, "{\"Id\":\"abc\"}");
	assert_int_equal(docker_inspect(d, "n1", NULL, &c, &err), -1);
	assert_int_equal(err.code, ERR_ENV);
	reply(200, "[");
	assert_int_equal(docker_inspect(d, "n1", NULL, &c, &err), -1);
	says(&err, "inspect n1|no JSON");

	reply(204, "");
	assert_int_equal(docker_start(d, "a/../b?c", NULL, &err), 0);
	assert_int_equal(docker_stop(d, "n1", 2500 * NS_PER_MS, NULL, &err), 0);
	assert_int_equal(docker_kill(d, "n1", "SIG&T", NULL, &err), 0);
	assert_int_equal(docker_pause(d, "n1", true, NULL, &err), 0);
	assert_int_equal(docker_pause(d, "n1", false, NULL, &err), 0);
	assert_int_equal(docker_remove(d, "n1", NULL, &err), 0);
	assert_string_equal(seen(), "POST /v1.41/containers/a%2F..%2Fb%3Fc/start\n"
				    "POST /v1.41/containers/n1/stop?t=3\n"
				    "POST /v1.41/containers/n1/kill?signal=SIG%26T\n"
				    "POST /v1.41/containers/n1/pause\n"
				    "POST /v1.41/containers/n1/unpause\n"
				    "DELETE /v1.41/containers/n1?force=1&v=1\n");
	reply(304, "");
	assert_int_equal(docker_start(d, "n1", NULL, &err), 0);
	assert_int_equal(docker_stop(d, "n1", 0, NULL, &err), 0);
	reply(409, "{\"message\":\"Container abc is already paused\"}");
	assert_int_equal(docker_pause(d, "n1", true, NULL, &err), 0);
	assert_int_equal(docker_pause(d, "n1", false, NULL, &err), -1);
	reply(500, "{\"message\":\"Container abc is not paused\"}");
	assert_int_equal(docker_pause(d, "n1", false, NULL, &err), 0);
	reply(404, "{\"message\":\"No such container: n1\"}");
	assert_int_equal(docker_remove(d, "n1", NULL, &err), 0);
	assert_int_equal(docker_start(d, "n1", NULL, &err), -1);
	assert_string_equal(err.text, "Docker engine: start n1: No such container: n1");
	docker_free(d);
}

static void test_images(void **state)
{
	struct docker *d = open_stub();
	struct err err = { 0 };
	char label[20], file[100];
	(void)state;
	reply(200, "{\"Config\":{\"Labels\":{\"v\":\"12\"}}}");
	assert_int_equal(docker_image_label(d, "a/b:c", "v", label, sizeof(label), NULL, &err), 1);
	assert_string_equal(label, "12");
	assert_string_equal(seen(), "GET /v1.41/images/a/b:c/json\n");
	assert_int_equal(docker_image_label(d, "a:b", "w", label, sizeof(label), NULL, &err), 1);
	assert_string_equal(label, "");
	reply(404, "{\"message\":\"no such image\"}");
	assert_int_equal(docker_image_label(d, "a:b", "v", label, sizeof(label), NULL, &err), 0);
	assert_int_equal(
		docker_image_label(d, "../info?x", "v", label, sizeof(label), NULL, &err), -1);
	says(&err, "no name of an image");

	snprintf(file, sizeof(file), "%s/image.tar", dir);
	FILE *f = fopen(file, "w");
	fputs("tar of an image", f);
	fclose(f);
	reply(200, "{\"stream\":\"Loaded image: a:b\\n\"}\n");
	assert_int_equal(docker_image_load(d, file, NULL, &err), 0);
	assert_string_equal(copy_of(&stub.sent), "tar of an image");
	reply(200, "{\"stream\":\"x\"}\n{\"errorDetail\":{\"message\":\"write: no space left on "
		   "device\"},\"error\":\"x\"}\n");
	assert_int_equal(docker_image_load(d, file, NULL, &err), -1);
	says(&err, "load image|no space left|docker system df|docker system prune");
	unlink(file);
	assert_int_equal(docker_image_load(d, file, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ENV);
	says(&err, "image.tar|No such file");
	docker_free(d);
}

static void on_progress(void *arg, const char *text)
{
	snprintf(arg, 100, "%s", text);
}

static void test_pulls(void **state)
{
	struct docker *d = open_stub();
	struct err err = { 0 };
	char progress[100] = "";
	(void)state;
	reply(200, "{\"status\":\"Downloading\",\"id\":\"abc\",\"progress\":\"1MB/2MB\"}\n");
	assert_int_equal(docker_image_pull(d, "host:5000/a/b", 60 * NS_PER_S, NULL, on_progress,
				 progress, &err),
		0);
	assert_string_equal(progress, "abc: Downloading 1MB/2MB");
	assert_int_equal(docker_image_pull(d, "a:1", 60 * NS_PER_S, NULL, NULL, NULL, &err), 0);
	assert_int_equal(
		docker_image_pull(d, "a@sha256:0a", 60 * NS_PER_S, NULL, NULL, NULL, &err), 0);
	assert_string_equal(seen(),
		"POST /v1.41/images/create?fromImage=host%3A5000%2Fa%2Fb&tag=latest\n"
		"POST /v1.41/images/create?fromImage=a&tag=1\n"
		"POST /v1.41/images/create?fromImage=a&tag=sha256%3A0a\n");
	reply(404, "{\"message\":\"pull access denied for a, repository does not exist\"}");
	assert_int_equal(docker_image_pull(d, "a:1", 60 * NS_PER_S, NULL, NULL, NULL, &err), -1);
	says(&err, "pull image a:1|pull access denied|docker login");
	reply(200, "{\"status\":\"x\"}\n{\"error\":\"toomanyrequests: slow down\"}\n");
	assert_int_equal(docker_image_pull(d, "a:1", 60 * NS_PER_S, NULL, NULL, NULL, &err), -1);
	says(&err, "toomanyrequests|docker login");
	reply(0, "");
	assert_int_equal(docker_image_pull(d, "a:1", 50 * NS_PER_MS, NULL, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ENV);
	docker_free(d);
}

/* --- by label
 * -------------------------------------------------------------------------------------- */

static void test_lists_and_removes_by_label(void **state)
{
	static const char *const none[] = { NULL };
	struct docker *d = open_stub();
	struct strlist names = { 0 }, ids = { 0 };
	struct err err = { 0 };
	unsigned removed = 1;
	(void)state;
	reply(-1, "");
	set_left(3, 0);
	assert_int_equal(docker_list(d, labels, NULL, &names, &ids, &err), 0);
	assert_int_equal(ids.len, 3);
	assert_string_equal(names.items[2], "n2");
	assert_string_equal(ids.items[2], "id2");
	assert_string_equal(seen(), "GET /v1.41/containers/json?all=1&filters="
				    "%7B%22label%22%3A%5B%22run%3D1%22%5D%7D\n");
	strlist_release(&names);
	strlist_release(&ids);

	/* what comes into being after a look that found nothing is found by the next */
	set_left(3, 2);
	assert_int_equal(docker_remove_labelled(d, labels, NULL, &removed, &err), 0);
	assert_int_equal(removed, 1 + 3 + 2);
	assert_null(strstr(seen(), "foreign"));
	assert_null(strstr(seen(), "/bare"));
	assert_non_null(strstr(seen(), "DELETE /v1.41/containers/id2?force=1&v=1\n"));

	/* no label would mean everything */
	assert_int_equal(docker_remove_labelled(d, none, NULL, &removed, &err), -1);
	assert_int_equal(docker_list(d, NULL, NULL, &names, &ids, &err), -1);
	assert_int_equal(err.code, ERR_INTERNAL);
	reply(200, "{\"not\":\"a list\"}");
	assert_int_equal(docker_remove_labelled(d, labels, NULL, &removed, &err), -1);
	says(&err, "no list");
	docker_free(d);
}

/* --- streams
 * ------------------------------------------------------------------------------------------ */

static void on_log(void *arg, bool is_stderr, uint64_t time_ns, const char *line, size_t len)
{
	CLEANUP_FREE char *text = xasprintf("%s[%llu.%llu %.*s]", is_stderr ? "!" : "",
		(unsigned long long)(time_ns / NS_PER_S), (unsigned long long)(time_ns % NS_PER_S),
		(int)len, line);
	heard_add(arg, text, strlen(text));
}

static void on_event(void *arg, const struct docker_event *ev)
{
	CLEANUP_FREE char *text =
		xasprintf("[%s %s %s %d %llu %s]", ev->id, ev->name, ev->action, ev->exit_code,
			(unsigned long long)ev->time_ns, ev->labels[0] ? ev->labels[2] : "none");
	heard_add(arg, text, strlen(text));
}

static void on_stats(void *arg, const struct docker_stats *s)
{
	CLEANUP_FREE char *text = xasprintf("[%llu %llu %llu %d %llu %llu]",
		(unsigned long long)s->cpu_ns, (unsigned long long)s->memory_bytes,
		(unsigned long long)s->memory_limit_bytes, s->has_network,
		(unsigned long long)s->in_bytes, (unsigned long long)s->out_bytes);
	heard_add(arg, text, strlen(text));
}

/* Waits for the end: what was heard, and what the error says (NULL: none). */
static void check_stream(
	struct docker_stream *s, struct heard *h, const char *text, const char *error)
{
	sem_wait(&h->end);
	docker_stream_close(s);
	assert_int_equal(h->ends, 1);
	assert_string_equal(strbuf_str(&h->text), text);
	if (error) {
		assert_int_not_equal(h->err.code, ERR_NONE);
		says(&h->err, error);
	} else if (h->err.code) {
		fail_msg("%s", h->err.text);
	}
	heard_release(h);
	heard_init(h);
}

static void test_log_streams(void **state)
{
	struct docker *d = open_stub();
	struct heard h;
	(void)state;
	heard_init(&h);
	/* what is not finished yet may go on, when it is followed */
	check_stream(docker_logs(d, "n1", 0, true, on_log, heard_end, &h), &h,
		"[1.0 one]![1.5 err][1.0 two-more]", NULL);
	assert_non_null(strstr(
		seen(), "GET /v1.41/containers/n1/logs?follow=1&stdout=1&stderr=1&timestamps=1\n"));
	check_stream(docker_logs(d, "n1", 0, false, on_log, heard_end, &h), &h,
		"[1.0 one]![1.5 err][1.0 two-more][2.7 three]", NULL);
	assert_non_null(strstr(seen(), "/logs?follow=0&stdout=1&stderr=1&timestamps=1\n"));
	/* nor is it known to be whole when the engine is lost */
	check_stream(docker_logs(d, "cut", 1700000000000000005ull, false, on_log, heard_end, &h),
		&h, "[3.0 one]", "lost the Docker engine");
	assert_non_null(strstr(seen(), "&since=1700000000.000000005\n"));
	check_stream(docker_logs(d, "tty", 0, true, on_log, heard_end, &h), &h, "", "terminal");
	reply(404, "{\"message\":\"No such container: nope\"}");
	check_stream(docker_logs(d, "nope", 0, true, on_log, heard_end, &h), &h, "",
		"logs of nope|No such container");
	reply(200, "");
	/* one that is closed says nothing any more; h would be used after its end */
	struct docker_stream *s = docker_logs(d, "open", 0, true, on_log, heard_end, &h);
	sem_wait(&h.some);
	docker_stream_close(s);
	assert_int_equal(h.ends, 0);
	docker_stream_close(NULL);
	heard_release(&h);
	docker_free(d);
}

static void test_events_and_stats(void **state)
{
	static const char event[] = "[abc n1 die 137 1700000000123456789 run=1]";
	static const char sample[] = "[5000000000 700 4000 1 11 22]";
	struct docker *d = open_stub();
	struct heard h;
	char twice[200];
	(void)state;
	heard_init(&h);
	snprintf(twice, sizeof(twice), "%s%s", event, event);
	check_stream(docker_events(d, labels, 0, on_event, heard_end, &h), &h, twice, NULL);
	assert_non_null(strstr(seen(), "/v1.41/events?filters=%7B%22type%22%3A%5B%22container%22"
				       "%5D%2C%22label%22%3A%5B%22run%3D1%22%5D%7D\n"));
	snprintf(twice, sizeof(twice), "%s%s", sample, sample);
	check_stream(docker_stats(d, "n1", on_stats, heard_end, &h), &h, twice, NULL);
	check_stream(docker_stats(d, "bad", on_stats, heard_end, &h), &h, sample, "stats");
	heard_release(&h);
	docker_free(d);
}

static void test_streams_when_net_has_ended(void **state)
{
	struct docker *d = open_stub();
	struct heard h;
	struct err err = { 0 };
	(void)state;
	heard_init(&h);
	struct docker_stream *s = docker_logs(d, "open", 0, true, on_log, heard_end, &h);
	sem_wait(&h.some);
	net_stop(net);
	check_stream(s, &h, "[1.0 one]", "over");
	check_stream(docker_logs(d, "open", 0, true, on_log, heard_end, &h), &h, "", "ended");
	assert_int_equal(docker_start(d, "x", NULL, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	heard_release(&h);
	docker_free(d);
}

/* Many streams, closed from other threads while their callbacks run. */
static void *close_streams(void *arg)
{
	struct docker *d = arg;
	for (int i = 0; i < 40; i++) {
		struct heard *h = xmalloc(sizeof(*h));
		heard_init(h);
		struct docker_stream *s[] = {
			docker_logs(d, "n1", 0, true, on_log, heard_end, h),
			docker_stats(d, "n1", on_stats, heard_end, h),
			docker_events(d, labels, 0, on_event, heard_end, h),
		};
		if (i % 3 == 0)
			sem_wait(&h->some);
		for (size_t k = 0; k < ARRAY_LEN(s); k++)
			docker_stream_close(s[k]);
		heard_release(h);
		free(h);
	}
	return NULL;
}

static void test_closing_races(void **state)
{
	struct docker *d = open_stub();
	pthread_t threads[3];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_create(&threads[i], NULL, close_streams, d);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	docker_free(d);
}

int main(void)
{
#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_STUB(test_versions),
		WITH_STUB(test_no_engine),
		WITH_STUB(test_no_permission),
		WITH_STUB(test_silence_and_cancel),
		WITH_STUB(test_an_engine_that_goes),
		WITH_STUB(test_calls),
		WITH_STUB(test_containers),
		WITH_STUB(test_images),
		WITH_STUB(test_pulls),
		WITH_STUB(test_lists_and_removes_by_label),
		WITH_STUB(test_log_streams),
		WITH_STUB(test_events_and_stats),
		WITH_STUB(test_streams_when_net_has_ended),
		WITH_STUB(test_closing_races),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
