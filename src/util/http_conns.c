/*
 * See http_conns.h. evhttp tells of a connection's end only once it has sent a
 * request. Until then a token tells: an empty piece of the connection's output
 * whose release is reported when something is written, or when all is freed.
 */
#include "util/http_conns.h"

#include <stdbool.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "util/mem.h"

struct token {
	struct conns *conns; /* NULL once nobody is interested */
};

struct entry {
	const struct bufferevent *bev; /* an identity, never followed: evhttp owns it */
	struct token *token;           /* NULL once released */
	bool used;                     /* has sent a request, so its end will be told */
};

struct conns {
	struct evconnlistener *listener;
	size_t n, max;
	bool paused;
	struct entry *entries;
};

static void drop_entry(struct conns *c, size_t at)
{
	if (c->entries[at].token)
		c->entries[at].token->conns = NULL;
	c->entries[at] = c->entries[--c->n];
	if (c->paused) {
		c->paused = false;
		evconnlistener_enable(c->listener);
	}
}

static size_t find(const struct conns *c, const struct bufferevent *bev)
{
	size_t i = 0;

	while (i < c->n && c->entries[i].bev != bev)
		i++;
	return i;
}

static void on_token(const void *data, size_t len, void *arg)
{
	struct token *t = arg;
	struct conns *c = t->conns;

	(void)data;
	(void)len;
	for (size_t i = 0; c && i < c->n; i++) {
		if (c->entries[i].token != t)
			continue;
		c->entries[i].token = NULL;
		if (!c->entries[i].used)
			drop_entry(c, i);
		break;
	}
	free(t);
}

static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct conns *c = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (!bev || c->n == c->max)
		return bev;
	struct token *t = xcalloc(1, sizeof(*t));
	t->conns = c;
	c->entries[c->n++] = (struct entry){ bev, t, false };
	if (evbuffer_add_reference(bufferevent_get_output(bev), "", 0, on_token, t))
		abort(); /* only for want of memory */
	if (c->n == c->max) {
		c->paused = true;
		evconnlistener_disable(c->listener);
	}
	return bev;
}

struct conns *conns_new(struct evhttp *http, struct evconnlistener *l, size_t max)
{
	struct conns *c = xcalloc(1, sizeof(*c));

	c->listener = l;
	c->max = max;
	c->entries = xcalloc(max, sizeof(*c->entries));
	evhttp_set_bevcb(http, on_accept, c);
	return c;
}

void conns_free(struct conns *c)
{
	if (!c)
		return;
	c->paused = false; /* the listener is gone */
	while (c->n)
		drop_entry(c, c->n - 1);
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
}
