/*
 * Logs, events and stats as they come; see docker.h. A stream's callbacks run
 * on the net thread, which alone touches it until it is closed.
 */
#include <stdio.h>
#include <string.h>

#include "backends/docker_priv.h"

#define HEADERS_NS   (60 * NS_PER_S)
#define LINE_MAX_LEN ((size_t)1024 * 1024)

struct docker_stream {
	struct net *net;
	uint64_t request;
	struct docker_place place;
	char what[100];
	docker_log_fn *on_log;
	docker_event_fn *on_event;
	docker_stats_fn *on_stats;
	docker_end_fn *on_end;
	void *arg;
	/* net thread */
	struct docker_demux demux;
	bool follow; /* logs */
	bool ended;  /* on_end was called: what still comes is not looked at */
};

static void end(struct docker_stream *s, const struct err *err)
{
	if (s->ended)
		return;
	s->ended = true;
	if (s->on_end)
		s->on_end(s->arg, err);
}

static void done(const struct net_response *r, void *arg)
{
	struct docker_stream *s = arg;
	struct err err = { 0 };
	if (s->ended)
		return;
	if (s->on_log)
		docker_demux_end(&s->demux, !s->follow && r->status);
	if (!r->status)
		docker_unreachable(&s->place, r->err, &err);
	else if (r->status / 100 != 2)
		docker_refused(s->what, r->status, r->body, r->len, &err);
	end(s, err.code ? &err : NULL);
}

static struct docker_stream *stream_new(struct docker *d, const char *verb, const char *id)
{
	struct docker_stream *s = xcalloc(1, sizeof(*s));
	s->net = d->net;
	s->place = d->place;
	snprintf(s->what, sizeof(s->what), "%s %.70s", verb, id);
	return s;
}

static struct docker_stream *stream_start(struct docker *d, struct docker_stream *s,
	const char *path, net_line_fn *on_line, net_data_fn *on_data)
{
	CLEANUP_FREE char *url = xasprintf("%s%s%s", d->place.base, d->version_path, path);
	const struct net_request req = {
		.url = url,
		.unix_socket = d->place.socket[0] ? d->place.socket : NULL,
		.timeout_ns = HEADERS_NS,
		.max_bytes = LINE_MAX_LEN,
		.on_line = on_line,
		.on_data = on_data,
		.on_done = done,
		.arg = s,
	};
	s->request = net_send(d->net, &req);
	return s;
}

void docker_stream_close(struct docker_stream *s)
{
	if (!s)
		return;
	net_cancel(s->net, s->request);
	docker_demux_release(&s->demux);
	free(s);
}

/* "1700000000.000000001", as the engine reads times; nothing for 0. */
static void add_since(struct strbuf *path, uint64_t since_ns)
{
	if (since_ns)
		strbuf_addf(path, "&since=%llu.%09llu", (unsigned long long)(since_ns / NS_PER_S),
			(unsigned long long)(since_ns % NS_PER_S));
}

/* --- logs ------------------------------------------------------------------------------------ */

static void logs_data(const char *data, size_t len, void *arg)
{
	struct docker_stream *s = arg;
	struct err err = { 0 };
	if (s->ended)
		return;
	docker_demux_add(&s->demux, data, len);
	if (!s->demux.broken)
		return;
	err_set(&err, ERR_ENV,
		"Docker engine: %s: not the framing of logs with times; does the container have a "
		"terminal (tty: true)?",
		s->what);
	end(s, &err);
}

struct docker_stream *docker_logs(struct docker *d, const char *id, uint64_t since_ns, bool follow,
	docker_log_fn *on_line, docker_end_fn *on_end, void *arg)
{
	struct docker_stream *s = stream_new(d, "logs of", id);
	CLEANUP_STRBUF struct strbuf path = { 0 };
	s->on_log = on_line;
	s->follow = follow;
	s->on_end = on_end;
	s->arg = arg;
	s->demux.on_line = on_line;
	s->demux.arg = arg;
	strbuf_adds(&path, "/containers/");
	docker_add_escaped(&path, id);
	strbuf_addf(&path, "/logs?follow=%d&stdout=1&stderr=1&timestamps=1", follow);
	add_since(&path, since_ns);
	return stream_start(d, s, path.buf, NULL, logs_data);
}

/* --- events --------------------------------------------------------------------------------------
 */

static void event_line(const char *line, size_t len, void *arg)
{
	struct docker_stream *s = arg;
	struct docker_event ev;
	struct strlist labels = { 0 };
	struct err err = { 0 };
	static const char *const none[] = { NULL };
	if (s->ended)
		return;
	if (docker_parse_event(line, len, &ev, &labels, &err) != 0) {
		end(s, &err);
	} else {
		ev.labels = labels.items ? (const char *const *)labels.items : none;
		s->on_event(s->arg, &ev);
	}
	strlist_release(&labels);
}

struct docker_stream *docker_events(struct docker *d, const char *const *labels, uint64_t since_ns,
	docker_event_fn *on_event, docker_end_fn *on_end, void *arg)
{
	struct docker_stream *s = stream_new(d, "watch", "events");
	CLEANUP_STRBUF struct strbuf path = { 0 };
	s->on_event = on_event;
	s->on_end = on_end;
	s->arg = arg;
	strbuf_adds(&path, "/events?");
	docker_add_filters(&path, "container", labels);
	add_since(&path, since_ns);
	return stream_start(d, s, path.buf, event_line, NULL);
}

/* --- stats
 * ----------------------------------------------------------------------------------------- */

static void stats_line(const char *line, size_t len, void *arg)
{
	struct docker_stream *s = arg;
	struct docker_stats stats;
	struct err err = { 0 };
	if (s->ended)
		return;
	int rc = docker_parse_stats(line, len, &stats, &err);
	if (rc < 0)
		end(s, &err);
	else if (rc == 0)
		s->on_stats(s->arg, &stats);
}

struct docker_stream *docker_stats(struct docker *d, const char *id, docker_stats_fn *on_stats,
	docker_end_fn *on_end, void *arg)
{
	struct docker_stream *s = stream_new(d, "stats of", id);
	CLEANUP_STRBUF struct strbuf path = { 0 };
	s->on_stats = on_stats;
	s->on_end = on_end;
	s->arg = arg;
	strbuf_adds(&path, "/containers/");
	docker_add_escaped(&path, id);
	strbuf_adds(&path, "/stats?stream=1");
	return stream_start(d, s, path.buf, stats_line, NULL);
}
