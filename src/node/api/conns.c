/* See conns.h. */
#include "node/api/conns.h"

#include <stdbool.h>
#include <time.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "util/mem.h"

/* The pointer is an identity and never followed: evhttp owns what it points to. */
struct entry {
	const struct bufferevent *bev;
	time_t since;
	bool used;
};

struct conns {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *retry;
	size_t n, max;
	unsigned idle_s;
	bool paused;
	struct entry *entries;
};

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void resume(struct conns *c)
{
	if (!c->paused || c->n >= c->max)
		return;
	c->paused = false;
	evconnlistener_enable(c->listener);
}

static void drop_entry(struct conns *c, size_t at)
{
	c->entries[at] = c->entries[--c->n];
}

static size_t find(const struct conns *c, const struct bufferevent *bev)
{
	size_t i = 0;

	while (i < c->n && c->entries[i].bev != bev)
		i++;
	return i;
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { 0, 100000 };
	struct conns *c = arg;
	time_t now = now_s();

	(void)fd;
	(void)what;
	for (size_t i = 0; i < c->n;) {
		if (!c->entries[i].used && now - c->entries[i].since > (time_t)c->idle_s)
			drop_entry(c, i);
		else
			i++;
	}
	resume(c);
	if (c->paused)
		event_add(c->retry, &again);
}

static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct conns *c = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	size_t at = find(c, bev); /* a recycled address: that connection is gone */

	if (at == c->n) {
		if (c->n == c->max)
			return bev; /* accepted in the same turn as the one that filled the table */
		c->n++;
	}
	c->entries[at] = (struct entry){ bev, now_s(), false };
	if (c->n == c->max && !c->paused) {
		c->paused = true;
		evconnlistener_disable(c->listener);
		event_active(c->retry, EV_TIMEOUT, 0);
	}
	return bev;
}

struct conns *conns_new(struct event_base *base, struct evhttp *http, struct evconnlistener *l,
	size_t max, unsigned idle_s)
{
	struct conns *c = xcalloc(1, sizeof(*c));

	c->base = base;
	c->listener = l;
	c->max = max;
	c->idle_s = idle_s;
	c->entries = xcalloc(max, sizeof(*c->entries));
	c->retry = event_new(base, -1, 0, on_retry, c);
	evhttp_set_bevcb(http, on_accept, c);
	return c;
}

void conns_free(struct conns *c)
{
	if (!c)
		return;
	event_free(c->retry);
	free(c->entries);
	free(c);
}

void conns_request(struct conns *c, struct evhttp_connection *ec)
{
	size_t at = find(c, evhttp_connection_get_bufferevent(ec));

	if (at < c->n)
		c->entries[at].used = true;
}

void conns_closed(struct conns *c, struct evhttp_connection *ec)
{
	size_t at = find(c, evhttp_connection_get_bufferevent(ec));

	if (at < c->n)
		drop_entry(c, at);
	resume(c);
}
