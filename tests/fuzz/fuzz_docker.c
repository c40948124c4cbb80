/*
 * What a Docker engine, or what answers in its place, can send: the first byte
 * chooses between framed logs (cut by the second), times, events, stats,
 * progress, errors, and the text of a DOCKER_HOST.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/docker_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_LONGEST 16384

struct sum {
	size_t lines, bytes;
	unsigned long hash;
};

static void on_line(void *arg, bool is_stderr, uint64_t time_ns, const char *line, size_t len)
{
	struct sum *s = arg;
	if (len > LINE_LONGEST || line[len] != '\0' || memchr(line, '\n', len))
		abort();
	s->lines++;
	s->bytes += len;
	for (size_t i = 0; i < len; i++)
		s->hash = s->hash * 33 + (unsigned char)line[i];
	s->hash = s->hash * 33 + is_stderr;
	s->hash = s->hash * 33 + (unsigned long)time_ns;
}

static struct sum demux(const char *data, size_t size, size_t step, bool whole)
{
	struct sum s = { 0 };
	struct docker_demux x = { .on_line = on_line, .arg = &s };
	for (size_t at = 0; at < size; at += step)
		docker_demux_add(&x, data + at, MIN(step, size - at));
	docker_demux_end(&x, whole);
	if (s.bytes > size)
		abort();
	return s;
}

/* Where it is cut makes no difference. */
static void fuzz_logs(const char *data, size_t size)
{
	size_t step = size > 0 ? (unsigned char)data[0] % 50u + 1 : 1;
	struct sum a = demux(data, size, step, true), b = demux(data, size, size + 1, true);
	if (a.lines != b.lines || a.hash != b.hash)
		abort();
	/* only what is not finished is left out: one line of either output */
	struct sum c = demux(data, size, step, false);
	if (c.lines > a.lines || a.lines - c.lines > 2)
		abort();
}

/* A time that is told from text is the same when it is written as the engine does. */
static void fuzz_time(const char *data, size_t size)
{
	CLEANUP_FREE char *text = xmalloc(MAX(size, 1u)); /* its end is where reading must end */
	char again[80];
	uint64_t ns, ns_again;
	memcpy(text, data, size);
	if (!docker_parse_time(text, size, &ns))
		return;
	time_t s = (time_t)(ns / 1000000000u);
	struct tm tm;
	if (!gmtime_r(&s, &tm))
		abort();
	size_t n = strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(again + n, sizeof(again) - n, ".%09uZ", (unsigned)(ns % 1000000000u));
	if (tm.tm_year + 1900 > 2553)
		return; /* it was ahead by its zone */
	if (!docker_parse_time(again, strlen(again), &ns_again) || ns != ns_again)
		abort();
}

static void fuzz_host(const char *data, size_t size)
{
	CLEANUP_FREE char *host = xstrndup(data, size);
	struct docker_place p, again;
	struct err err = { 0 };
	if (docker_place_parse(host, "fuzz", &p, &err) != 0) {
		if (err.code != ERR_ENV)
			abort();
		return;
	}
	if (docker_place_parse(p.host, "fuzz", &again, &err) != 0 ||
		strcmp(p.base, again.base) != 0 || strcmp(p.socket, again.socket) != 0)
		abort(); /* what a child is given must be read the same */
}

static void fuzz_error(const char *data, size_t size)
{
	char message[DOCKER_MESSAGE_MAX];
	struct err err = { 0 };
	docker_message(500, data, size, message, sizeof(message));
	err_set(&err, ERR_ENV, "%s", message);
	docker_explain(&err);
	docker_shorten_ids(err.text);
	size_t n = MIN(size, sizeof(err.text) - 1);
	memcpy(err.text, data, n);
	err.text[n] = '\0';
	docker_explain(&err);
	if (memchr(err.text, '\0', sizeof(err.text)) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *data = (const char *)bytes + 1;
	char message[DOCKER_MESSAGE_MAX];
	struct docker_event ev;
	struct docker_stats stats;
	struct strlist labels = { 0 };
	struct strbuf progress = { 0 };
	if (size-- == 0)
		return 0;
	switch (bytes[0]) {
	case 'l':
		fuzz_logs(data, size);
		break;
	case 't':
		fuzz_time(data, size);
		break;
	case 'e':
		docker_parse_event(data, size, &ev, &labels, NULL);
		break;
	case 's':
		docker_parse_stats(data, size, &stats, NULL);
		break;
	case 'p':
		docker_parse_progress(data, size, message, &progress);
		break;
	case 'h':
		fuzz_host(data, size);
		break;
	default:
		fuzz_error(data, size);
		break;
	}
	strlist_release(&labels);
	strbuf_release(&progress);
	return 0;
}
