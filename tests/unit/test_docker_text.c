/*
 * What needs no engine in the Docker client: which engine is meant, known
 * complaints, and the parsers of logs, events, stats and progress.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../lib/says.h"
#include "backends/docker_priv.h"
#include "backends/node_log.h"
#include "util/fs.h"
#include "util/mem.h"

/* --- which engine ------------------------------------------------------------------------- */

static void test_hosts(void **state)
{
	static const struct {
		const char *host, *socket, *base, *published, *shown;
	} good[] = {
		{ "unix:///run/d.sock", "/run/d.sock", "http://localhost", "127.0.0.1",
			"unix:///run/d.sock" },
		{ "tcp://10.1.2.3:4243", "", "http://10.1.2.3:4243", "10.1.2.3",
			"tcp://10.1.2.3:4243" },
		{ "http://box", "", "http://box:2375", "box", "tcp://box:2375" },
		{ "tcp://box:80/", "", "http://box:80", "box", "tcp://box:80" },
		{ "tcp://[fe80::1]:2375", "", "http://[fe80::1]:2375", "[fe80::1]",
			"tcp://[fe80::1]:2375" },
	};
	static const struct {
		const char *host, *error;
	} bad[] = {
		{ "", "unix://PATH|tcp://HOST:PORT" },
		{ "/var/run/docker.sock", "unix://PATH" },
		{ "box:2375", "tcp://HOST:PORT" },
		{ "npipe:////./pipe/docker_engine", "none of unix://PATH" },
		{ "fd://", "none of" },
		{ "unix://run/d.sock", "no absolute path" },
		{ "unix://", "no absolute path" },
		{ "ssh://me@box", "ssh -NL|DOCKER_HOST=unix://" },
		{ "https://box:2376", "TLS|ssh -NL" },
		{ "tcp://", "no address" },
		{ "tcp://:2375", "no address" },
		{ "tcp://box:", "no address" },
		{ "tcp://box:0", "no address" },
		{ "tcp://box:65536", "no address" },
		{ "tcp://box:99999999999999999999", "no address" },
		{ "tcp://box:2375/prefix", "no address" },
		{ "tcp://me@box:2375", "no address" },
		{ "tcp://box:2375 x", "no address" },
		{ "tcp://[::1", "no address" },
		{ "tcp://[]:1", "no address" },
		{ "tcp://a\nb", "says 'tcp://a b'" },
	};
	char text[400];
	struct docker_place p;
	struct err err = { 0 };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(docker_place_parse(good[i].host, "test", &p, &err), 0);
		assert_string_equal(p.socket, good[i].socket);
		assert_string_equal(p.base, good[i].base);
		assert_string_equal(p.published, good[i].published);
		assert_string_equal(p.host, good[i].shown);
		/* what a child is given means the same */
		assert_int_equal(docker_place_parse(good[i].shown, "test", &p, &err), 0);
		assert_string_equal(p.base, good[i].base);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(docker_place_parse(bad[i].host, "the test", &p, &err), -1);
		assert_int_equal(err.code, ERR_ENV);
		says(&err, "the test says '");
		says(&err, bad[i].error);
	}
	/* the longest path that a socket can have, and one more byte */
	snprintf(text, sizeof(text), "unix:///%0106d", 7);
	assert_int_equal(docker_place_parse(text, "test", &p, &err), 0);
	assert_int_equal(strlen(p.socket), 107);
	snprintf(text, sizeof(text), "unix:///%0107d", 7);
	assert_int_equal(docker_place_parse(text, "test", &p, &err), -1);
	says(&err, "too long");
	snprintf(text, sizeof(text), "tcp://%0380d", 7);
	assert_int_equal(docker_place_parse(text, "test", &p, &err), -1);
	says(&err, "too long");
}

static char dir[60];

static int setup(void **state)
{
	static const char *const vars[] = { "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY",
		"XDG_RUNTIME_DIR" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vars); i++)
		unsetenv(vars[i]);
	snprintf(dir, sizeof(dir), "/tmp/test_docker_text.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	return setenv("DOCKER_CONFIG", dir, 1);
}

static int teardown(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static void put_file(const char *name, const char *text)
{
	struct err err = { 0 };
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
	CLEANUP_FREE char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	if (fs_mkdirs(parent, 0700, &err) != 0 ||
		fs_write_atomic(path, text, strlen(text), 0600, &err) != 0)
		fail_msg("%s", err.text);
}

/* sha256 of "box" */
#define BOX "26f8567f2569182294c3fa5b9f9cb2270b554eef628b4c149cf82a42888ff4ae"

static void expect_host(const char *host)
{
	struct docker_place p;
	struct err err = { 0 };
	if (docker_place_find(&p, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(p.host, host);
}

static void expect_error(const char *words)
{
	struct docker_place p;
	struct err err = { 0 };
	assert_int_equal(docker_place_find(&p, &err), -1);
	assert_int_equal(err.code, ERR_ENV);
	says(&err, words);
}

static void test_the_order_of_hosts(void **state)
{
	static const char standard[] = "unix:///var/run/docker.sock";
	(void)state;
	expect_host(standard);
	put_file("config.json", "{\"auths\":{}}");
	expect_host(standard);
	put_file("config.json", "{\"currentContext\":\"default\"}");
	expect_host(standard);
	put_file("config.json", "{\"currentContext\":\"box\"}");
	expect_error("config.json names the docker context 'box', which does not exist|docker "
		     "context use|DOCKER_HOST");
	put_file("contexts/meta/" BOX "/meta.json",
		"{\"Name\":\"box\",\"Metadata\":{},\"Endpoints\":{\"docker\":{\"Host\":"
		"\"unix:///box.sock\",\"SkipTLSVerify\":false}}}");
	expect_host("unix:///box.sock");
	setenv("DOCKER_CONTEXT", "default", 1);
	expect_host(standard);
	setenv("DOCKER_CONTEXT", "other", 1);
	expect_error("DOCKER_CONTEXT names the docker context 'other'");
	setenv("DOCKER_HOST", "tcp://h:1", 1);
	expect_host("tcp://h:1");
	setenv("DOCKER_HOST", "", 1); /* is as if it were not there */
	setenv("DOCKER_CONTEXT", "", 1);
	expect_host("unix:///box.sock");
	setenv("DOCKER_HOST", "ssh://me@h", 1);
	expect_error("the environment variable DOCKER_HOST says 'ssh://me@h'|ssh -NL");
}

static void test_contexts_that_are_broken(void **state)
{
	(void)state;
	put_file("config.json", "{\"currentContext\":");
	expect_error("config.json|correct it, or set DOCKER_HOST");
	put_file("config.json", "{\"currentContext\":\"box\"}");
	put_file("contexts/meta/" BOX "/meta.json", "[]");
	expect_error("context 'box' has no engine|Endpoints.docker.Host");
	put_file("contexts/meta/" BOX "/meta.json", "garbage");
	expect_error(BOX "/meta.json");
	put_file("contexts/meta/" BOX "/meta.json",
		"{\"Endpoints\":{\"docker\":{\"Host\":\"ssh://me@h\"}}}");
	expect_error("the docker context 'box' says 'ssh://me@h'|ssh -NL");
	put_file("contexts/meta/" BOX "/meta.json",
		"{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://h:2376\"}}}");
	expect_host("tcp://h:2376");
	put_file("contexts/tls/" BOX "/docker/ca.pem", "x");
	expect_error("the docker context 'box'|TLS");
	CLEANUP_FREE char *name = xasprintf("%0500d", 1);
	setenv("DOCKER_CONTEXT", name, 1);
	expect_error("DOCKER_CONTEXT names a context of more than");
}

static void test_tls_is_refused(void **state)
{
	(void)state;
	setenv("DOCKER_TLS_VERIFY", "1", 1);
	expect_error("DOCKER_TLS_VERIFY|TLS");
	setenv("DOCKER_HOST", "tcp://h:2376", 1);
	expect_error("tcp://h:2376|TLS|without DOCKER_TLS_VERIFY");
	setenv("DOCKER_HOST", "unix:///x.sock", 1);
	expect_host("unix:///x.sock");
}

/* --- known complaints --------------------------------------------------------------------------
 */

static void test_complaints(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "Bind for 127.0.0.1:80 failed: port is already allocated", "ss -ltnp" },
		{ "listen tcp4 127.0.0.1:80: bind: address already in use", "ss -ltnp" },
		{ "could not find an available, non-overlapping IPv4 address pool among the "
		  "defaults to assign to the network",
			"docker network prune|backend.compose.subnet=|default-address-pools" },
		{ "all predefined address pools have been fully subnetted",
			"docker network prune" },
		{ "Pool overlaps with other one on this address space",
			"another backend.compose.subnet" },
		{ "write /x: no space left on device", "docker system df|docker system prune" },
		{ "No such image: a:b", "docker images|make image|docker pull" },
		{ "pull access denied for a, repository does not exist or may require 'docker "
		  "login': denied",
			"no credentials" },
		{ "manifest for a:b not found: manifest unknown: manifest unknown",
			"check the name" },
		{ "no matching manifest for linux/arm64 in the manifest list", "another kind" },
		{ "Conflict. The container name \"/x\" is already in use by container \"y\"",
			"docker rm -f|ltb clean" },
		{ "Got permission denied while trying to connect to the Docker daemon socket",
			"usermod -aG docker" },
		{ "docker.errors.DockerException: Error while fetching server API version: "
		  "('Connection aborted.', PermissionError(13, 'Permission denied'))",
			"usermod -aG docker" },
		{ "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
			"systemctl start docker" },
		{ "client version 1.50 is too new. Maximum supported API version is 1.41",
			"20.10" },
		{ "client version 1.24 is too old. Minimum supported API version is 1.44",
			"20.10" },
		{ "error while removing network: network a id b has active endpoints",
			"docker network disconnect" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 }, again;
		err_set(&err, ERR_ENV, "%s", cases[i].text);
		docker_explain(&err);
		says(&err, cases[i].text);
		says(&err, cases[i].words);
		assert_int_equal(err.code, ERR_ENV);
		/* once is enough */
		again = err;
		docker_explain(&again);
		assert_string_equal(again.text, err.text);
	}
	struct err err = { 0 };
	err_set(&err, ERR_ENV, "something else");
	docker_explain(&err);
	assert_string_equal(err.text, "something else");
	docker_explain(NULL);
	assert_true(docker_is_port_taken("x: Address already in use"));
	assert_false(docker_is_port_taken("no space left on device"));
}

/* The hint is what must not be lost when there is no room for everything. */
static void test_long_complaints(void **state)
{
	struct err err = { 0 };
	(void)state;
	memset(err.text, 'x', sizeof(err.text) - 1);
	memcpy(err.text, "port is already allocated", 25);
	docker_explain(&err);
	assert_true(strlen(err.text) < sizeof(err.text));
	says(&err, "port is already allocated|xxx...; another program|other ports");
	snprintf(err.text, sizeof(err.text), "port is already allocated.\n\n");
	docker_explain(&err);
	says(&err, "allocated; another program");
}

static void test_messages(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char out[40], text[300];
	(void)state;
	docker_message(409, "{\"message\":\"no\\n\\tway\\u001b[0m\"}", 32, out, sizeof(out));
	assert_string_equal(out, "no way [0m");
	docker_message(500, "  plain\ntext \n", 14, out, sizeof(out));
	assert_string_equal(out, "HTTP 500: plain text");
	docker_message(500, "", 0, out, sizeof(out));
	assert_string_equal(out, "HTTP 500");
	docker_message(500, "{\"message\":7}", 13, out, sizeof(out));
	assert_string_equal(out, "HTTP 500: {\"message\":7}");
	docker_one_line("0123456789", 10, out, 11);
	assert_string_equal(out, "0123456789");
	docker_one_line("0123456789A", 11, out, 11);
	assert_string_equal(out, "0123456...");
	snprintf(text, sizeof(text), "a %s b %s0 beef", id, id);
	docker_shorten_ids(text);
	assert_string_equal(text,
		"a 0123456789ab b "
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0 beef");
}

/* --- logs
 * ----------------------------------------------------------------------------------------- */

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.000000001Z", 1 },
		{ "2023-11-14T22:13:20.123456789Z", 1700000000123456789ull },
		{ "2023-11-14T23:43:20.5+01:30", 1700000000500000000ull },
		{ "2023-11-14T14:13:20-08:00", 1700000000000000000ull },
		{ "2024-02-29T00:00:00Z", 1709164800000000000ull },
		{ "2024-12-31T23:59:60Z", 1735689600000000000ull },
		{ "2553-12-31T23:59:59.999999999Z", 18429292799999999999ull },
	};
	static const char *const bad[] = {
		"",
		"2023-11-14",
		"2023-11-14T22:13:20",
		"2023-11-14T22:13:20.Z",
		"2023-11-14T22:13:20.1234567890Z",
		"2023-11-14T22:13:20Z ",
		"2023-11-14T22:13:20+1:00",
		"2023-11-14T22:13:20+24:00",
		"2023-11-14T24:13:20Z",
		"2023-11-14T22:60:20Z",
		"2023-11-14T22:13:61Z",
		"2023-11-31T22:13:20Z",
		"2023-02-29T22:13:20Z",
		"2100-02-29T22:13:20Z",
		"2023-13-14T22:13:20Z",
		"2023-00-14T22:13:20Z",
		"2023-01-00T22:13:20Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
		"2554-01-01T00:00:00Z",
		"+023-11-14T22:13:20Z",
		"2023-11-14 22:13:20Z",
	};
	uint64_t ns;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(docker_parse_time(good[i].text, strlen(good[i].text), &ns));
		assert_int_equal(ns, good[i].ns);
		/* none of its beginnings is read beyond its end */
		for (size_t len = 0; len < strlen(good[i].text); len++) {
			CLEANUP_FREE char *part = xmalloc(len + 1);
			memcpy(part, good[i].text, len);
			(void)docker_parse_time(part, len, &ns);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (docker_parse_time(bad[i], strlen(bad[i]), &ns))
			fail_msg("'%s' is taken", bad[i]);
	}
}

static void on_line(void *arg, bool is_stderr, uint64_t time_ns, const char *line, size_t len)
{
	assert_int_equal(line[len], '\0');
	strbuf_addf(arg, "%s[%llu ", is_stderr ? "!" : "", (unsigned long long)time_ns);
	if (len > 100)
		strbuf_addf(arg, "%zu]", len);
	else
		strbuf_addf(arg, "%s]", line);
}

static void frame(struct strbuf *to, int stream, const char *text, size_t len)
{
	const unsigned char head[8] = { (unsigned char)stream, 0, 0, 0, (unsigned char)(len >> 24),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len };
	strbuf_add(to, head, 8);
	strbuf_add(to, text, len);
}

/* A piece of output, with its time of so many nanoseconds. */
static void piece(struct strbuf *to, int stream, unsigned ns, const char *text, size_t len)
{
	CLEANUP_STRBUF struct strbuf all = { 0 };
	strbuf_addf(&all, "1970-01-01T00:00:00.%09uZ ", ns);
	strbuf_add(&all, text, len);
	frame(to, stream, all.buf, all.len);
}

/* Fed in pieces of `step` bytes. */
static void expect_lines(
	const struct strbuf *in, size_t step, bool whole, const char *want, bool broken)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct docker_demux x = { .on_line = on_line, .arg = &out };
	for (size_t at = 0; at < in->len; at += step)
		docker_demux_add(&x, in->buf + at, MIN(step, in->len - at));
	assert_int_equal(x.broken, broken);
	docker_demux_end(&x, whole);
	assert_string_equal(strbuf_str(&out), want);
}

static void test_log_frames_cut_anywhere(void **state)
{
	static const size_t steps[] = { 1, 2, 3, 5, 7, 8, 9, 11, 13, 1000 };
	CLEANUP_STRBUF struct strbuf in = { 0 };
	(void)state;
	piece(&in, 1, 1, "one\ntwo\n\nth", 11);
	piece(&in, 2, 2, "error\r\n", 7);
	frame(&in, 1, "", 0);
	frame(&in, 0, "input\n", 6);
	frame(&in, 3, "engine\n", 7);
	piece(&in, 1, 1, "ree\n", 4);
	piece(&in, 1, 3, "\n", 1);
	piece(&in, 1, 4, "", 0);
	piece(&in, 1, 5, "2023-11-14T22:13:20Z four", 25);
	piece(&in, 2, 6, "last", 4);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		expect_lines(&in, steps[i], true,
			"[1 one][1 two][1 ]![2 error][1 three][3 ]"
			"[5 2023-11-14T22:13:20Z four]![6 last]",
			false);
		expect_lines(
			&in, steps[i], false, "[1 one][1 two][1 ]![2 error][1 three][3 ]", false);
	}
}

static void test_long_lines_come_in_pieces(void **state)
{
	CLEANUP_STRBUF struct strbuf in = { 0 }, line = { 0 };
	(void)state;
	for (int i = 0; i < 16384; i++)
		strbuf_addc(&line, 'x');
	/* as the engine cuts them; the other output may come between */
	piece(&in, 1, 7, line.buf, 16384);
	piece(&in, 1, 7, line.buf, 16384);
	piece(&in, 2, 8, "error\n", 6);
	piece(&in, 1, 7, line.buf, 7231);
	piece(&in, 1, 7, "\n", 1);
	piece(&in, 1, 9, line.buf, 16384); /* one that just fits is one */
	piece(&in, 1, 9, "\n", 1);
	/* a life that ended in the middle of a line, and the next one */
	piece(&in, 1, 10, "rest", 4);
	piece(&in, 1, 11, "first\n", 6);
	for (size_t step = 1000; step <= 100000; step *= 100)
		expect_lines(&in, step, false,
			"[7 16384]![8 error][7 16384][7 7231][9 16384][10 rest][11 first]", false);
}

static void test_framing_that_is_none(void **state)
{
	CLEANUP_STRBUF struct strbuf in = { 0 };
	static const char *const no_times[] = { "no time", "2023-11-14T22:13:20Z", "1970-01-01 x",
		"00000000000000000000000000000000000000000", " x" };
	(void)state;
	piece(&in, 1, 1, "good\n", 5);
	strbuf_adds(&in, "plain text\r\nof a terminal\r\n");
	expect_lines(&in, 1, true, "[1 good]", true);
	expect_lines(&in, 1000, true, "[1 good]", true);
	for (size_t i = 0; i < ARRAY_LEN(no_times); i++) {
		strbuf_clear(&in);
		piece(&in, 1, 1, "good\n", 5);
		frame(&in, 1, no_times[i], strlen(no_times[i]));
		expect_lines(&in, 1, true, "[1 good]", true);
		expect_lines(&in, 1000, true, "[1 good]", true);
	}
	strbuf_clear(&in);
	strbuf_add(&in, "\x01\0\x01\0\0\0\0\1x", 9);
	expect_lines(&in, 9, true, "", true);
	/* a frame of 4 GB is no memory, only a promise */
	strbuf_clear(&in);
	strbuf_add(&in, "\x01\0\0\0\xff\xff\xff\xff", 8);
	strbuf_adds(&in, "1970-01-01T00:00:00.000000004Z a\nb");
	expect_lines(&in, 4, true, "[4 a][4 b]", false);
}

/* Takes the lines of these times, in order; the text has a + for each that is new. */
static void expect_new(struct node_log_mark *m, const char *times, const char *want)
{
	char got[40];
	size_t n = 0;
	for (; times[n]; n++)
		got[n] = node_log_mark_take(m, (uint64_t)(times[n] - '0')) ? '+' : '-';
	got[n] = '\0';
	assert_string_equal(got, want);
}

static void test_marks(void **state)
{
	struct node_log_mark m = { 0 };
	(void)state;
	node_log_mark_again(&m); /* nothing was there */
	expect_new(&m, "12333", "+++++");
	node_log_mark_again(&m);
	expect_new(&m, "123", "---"); /* not as far as it was */
	node_log_mark_again(&m);
	expect_new(&m, "2333345", "----+++");
	node_log_mark_again(&m);
	expect_new(&m, "5", "-");
	/* the engine's clock was set back: what is new is new */
	expect_new(&m, "344", "+++");
	node_log_mark_again(&m);
	expect_new(&m, "3446", "---+");
	/* its log was rotated, and what was there is no more */
	node_log_mark_again(&m);
	expect_new(&m, "78", "++");
}

/* --- events ----------------------------------------------------------------------------------- */

#define EVENT(action, attributes, rest) \
	"{\"status\":\"x\",\"Type\":\"container\",\"Action\":\"" action \
	"\",\"Actor\":{\"ID\":\"abc\",\"Attributes\":" attributes "}" rest "}"

static void test_events(void **state)
{
	static const struct {
		const char *text, *action, *name;
		int exit_code;
		uint64_t time_ns;
		size_t n_labels;
	} good[] = {
		{ EVENT("die", "{\"exitCode\":\"137\",\"name\":\"n1\"}",
			  ",\"timeNano\":1700000000123456789"),
			"die", "n1", 137, 1700000000123456789ull, 2 },
		{ EVENT("die", "{\"exitCode\":\"banana\"}", ",\"timeNano\":5"), "die", "", -1, 5,
			1 },
		{ EVENT("die", "{\"exitCode\":\"\"}", ",\"timeNano\":5"), "die", "", -1, 5, 1 },
		{ EVENT("start", "{\"exitCode\":\"1\"}", ",\"time\":7"), "start", "", -1,
			7000000000ull, 1 },
		{ EVENT("oom", "null", ",\"time\":7"), "oom", "", -1, 7000000000ull, 0 },
		{ EVENT("health_status: healthy", "{\"a\":1,\"b\":\"c\"}", ",\"time\":0"),
			"health_status: healthy", "", -1, 0, 1 },
		{ EVENT("exec_start: sh -c something that is long", "{}", ",\"time\":0"),
			"exec_start: sh -c something ...", "", -1, 0, 0 },
	};
	static const char *const bad[] = {
		"",
		"[]",
		"null",
		"{\"Action\":\"die\"}",
		"{\"Action\":7,\"Actor\":{\"ID\":\"a\"},\"time\":1}",
		"{\"Action\":\"\",\"Actor\":{\"ID\":\"a\"},\"time\":1}",
		"{\"Action\":\"die\",\"Actor\":{\"ID\":\"\"},\"time\":1}",
		"{\"Action\":\"die\",\"Actor\":{\"ID\":\"a\"}}",
		"{\"Action\":\"die\",\"Actor\":{\"ID\":\"a\"},\"time\":-1}",
		"{\"Action\":\"die\",\"Actor\":{\"ID\":\"a\"},\"time\":99999999999999}",
		"{\"Action\":\"die\",\"Actor\":{\"ID\":\"a012345678901234567890123456789012345678"
		"90123456789012345678901234\"},\"time\":1}",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct docker_event ev;
		struct strlist labels = { 0 };
		struct err err = { 0 };
		if (docker_parse_event(good[i].text, strlen(good[i].text), &ev, &labels, &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(ev.id, "abc");
		assert_string_equal(ev.action, good[i].action);
		assert_string_equal(ev.name, good[i].name);
		assert_int_equal(ev.exit_code, good[i].exit_code);
		assert_true(ev.time_ns == good[i].time_ns);
		assert_int_equal(labels.len, good[i].n_labels);
		strlist_release(&labels);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct docker_event ev;
		struct strlist labels = { 0 };
		struct err err = { 0 };
		assert_int_equal(
			docker_parse_event(bad[i], strlen(bad[i]), &ev, &labels, &err), -1);
		assert_int_equal(err.code, ERR_PROTOCOL);
		strlist_release(&labels);
	}
}

/* --- stats ---------------------------------------------------------------------------------------
 */

#define SAMPLE(memory, rest) \
	"{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":7}},\"memory_stats\":" memory rest "}"

static void test_stats(void **state)
{
	static const struct {
		const char *text;
		int rc;
		struct docker_stats stats;
	} cases[] = {
		/* cgroup v1, as Docker 20.10 has it */
		{ SAMPLE("{\"usage\":1000,\"max_usage\":2000,\"stats\":{\"cache\":600,"
			 "\"inactive_file\":1,\"total_inactive_file\":400},\"limit\":25276502016}",
			  ",\"networks\":{\"eth0\":{\"rx_bytes\":90,\"tx_bytes\":0}}"),
			0, { 7, 600, 25276502016ull, true, 90, 0 } },
		/* cgroup v2 */
		{ SAMPLE("{\"usage\":1000,\"stats\":{\"anon\":5,\"file\":700,\"inactive_file\":300},"
			 "\"limit\":9223372036854771712}",
			  ""),
			0, { 7, 700, 9223372036854771712ull, false, 0, 0 } },
		/* more cache than there is, no limit, sums that do not fit */
		{ SAMPLE("{\"usage\":10,\"stats\":{\"inactive_file\":300}}",
			  ",\"networks\":{\"a\":{\"rx_bytes\":18446744073709551615,"
			  "\"tx_bytes\":1},\"b\":{\"rx_bytes\":5,\"tx_bytes\":2}}"),
			0, { 7, 0, 0, true, UINT64_MAX, 3 } },
		{ SAMPLE("{\"usage\":10}", ""), 0, { 7, 10, 0, false, 0, 0 } },
		/* one that does not run */
		{ SAMPLE("{}", ",\"read\":\"0001-01-01T00:00:00Z\""), 1, { 0 } },
		{ "{}", -1, { 0 } },
		{ "", -1, { 0 } },
		{ "[1]", -1, { 0 } },
		{ SAMPLE("[]", ""), -1, { 0 } },
		{ "{\"cpu_stats\":{},\"memory_stats\":{\"usage\":1}}", -1, { 0 } },
		{ SAMPLE("{\"usage\":1}", ",\"networks\":{\"a\":{\"rx_bytes\":-1,\"tx_bytes\":1}}"),
			-1, { 0 } },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct docker_stats *want = &cases[i].stats;
		struct docker_stats s = { 0 };
		struct err err = { 0 };
		int rc = docker_parse_stats(cases[i].text, strlen(cases[i].text), &s, &err);
		assert_int_equal(rc, cases[i].rc);
		assert_int_equal(err.code, rc < 0 ? ERR_PROTOCOL : ERR_NONE);
		assert_true(s.cpu_ns == want->cpu_ns);
		assert_true(s.memory_bytes == want->memory_bytes);
		assert_true(s.memory_limit_bytes == want->memory_limit_bytes);
		assert_int_equal(s.has_network, want->has_network);
		assert_true(s.in_bytes == want->in_bytes);
		assert_true(s.out_bytes == want->out_bytes);
	}
}

/* --- progress
 * -------------------------------------------------------------------------------------- */

static void test_progress(void **state)
{
	static const struct {
		const char *line, *error, *progress;
	} cases[] = {
		{ "{\"status\":\"Pulling\"}", NULL, "Pulling" },
		{ "{\"status\":\"Down\",\"id\":\"a\",\"progress\":\"1/2\"}", NULL, "a: Down 1/2" },
		{ "{\"error\":\"bad\\nluck\"}", "bad luck", "" },
		{ "{\"errorDetail\":{\"message\":\"worse\"},\"error\":\"bad\"}", "worse", "" },
		{ "garbage", NULL, "" },
		{ "[]", NULL, "" },
		{ "{\"status\":7,\"error\":null}", NULL, "" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_STRBUF struct strbuf progress = { 0 };
		char error[DOCKER_MESSAGE_MAX] = "";
		bool failed = docker_parse_progress(
			cases[i].line, strlen(cases[i].line), error, &progress);
		assert_int_equal(failed, cases[i].error != NULL);
		assert_string_equal(error, cases[i].error ? cases[i].error : "");
		assert_string_equal(strbuf_str(&progress), cases[i].progress);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test_setup_teardown(test_the_order_of_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_contexts_that_are_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tls_is_refused, setup, teardown),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_long_complaints),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_log_frames_cut_anywhere),
		cmocka_unit_test(test_long_lines_come_in_pieces),
		cmocka_unit_test(test_framing_that_is_none),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_progress),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
