/* See loop.h. */
#include "relay/loop.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"

#define EVENTS_AT_ONCE 256

struct loop {
	struct event_base *base;
	int epoll_fd;
	struct event *sockets, *run;
	struct task *first, **last;
	VEC(void *) dead;
};

uint64_t loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void bury(struct loop *l)
{
	for (size_t i = 0; i < l->dead.len; i++)
		free(l->dead.items[i]);
	l->dead.len = 0;
}

static void on_sockets(evutil_socket_t fd, short what, void *arg)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct loop *l = arg;

	(void)what;
	int n = epoll_wait(fd, events, EVENTS_AT_ONCE, 0);
	for (int i = 0; i < n; i++) {
		struct watch *w = events[i].data.ptr;

		if (w->fd >= 0) /* else closed by one of those before */
			w->fn(w, events[i].events);
	}
	bury(l);
}

static void on_run(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct task *t = l->first;

	(void)fd;
	(void)what;
	/* Tasks posted from now on have their turn after the sockets. */
	l->first = NULL;
	l->last = &l->first;
	while (t) {
		struct task *next = t->next;

		t->posted = false;
		t->fn(t); /* unposts no other than itself */
		t = next;
	}
	bury(l);
}

struct loop *loop_new(struct err *err)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct event_config *cfg = event_config_new();

	if (!cfg)
		abort(); /* only for want of memory */
	l->last = &l->first;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	/* Else timers are as coarse as epoll_wait(): a millisecond. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER);
	l->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (l->epoll_fd < 0 || !l->base) {
		err_errno(err, ERR_ENV, "cannot make an event loop");
		loop_free(l);
		return NULL;
	}
	l->sockets = event_new(l->base, l->epoll_fd, EV_READ | EV_PERSIST, on_sockets, l);
	l->run = event_new(l->base, -1, 0, on_run, l);
	if (!l->sockets || !l->run || event_add(l->sockets, NULL))
		abort(); /* only for want of memory */
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->sockets)
		event_free(l->sockets);
	if (l->run)
		event_free(l->run);
	if (l->base)
		event_base_free(l->base);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	bury(l);
	vec_free(&l->dead);
	free(l);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

int loop_watch(struct loop *l, struct watch *w, struct err *err)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = w };

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, w->fd, &e))
		return err_errno(err, ERR_ENV, "cannot watch a socket");
	return 0;
}

void watch_close(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd); /* which takes it out of the epoll */
	w->fd = -1;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;
	uint64_t at = t->at_ns;

	(void)fd;
	(void)what;
	t->at_ns = CLOCK_NEVER;
	/* libevent counts from when it last looked at the clock, which may be a bit early */
	if (loop_now() < at)
		timer_set(t, at);
	else
		t->fn(t);
}

void timer_init(struct loop *l, struct timer *t, void (*fn)(struct timer *t))
{
	t->loop = l;
	t->fn = fn;
	t->at_ns = CLOCK_NEVER;
	event_assign(&t->event, l->base, -1, 0, on_timer, t);
}

void timer_set(struct timer *t, uint64_t at_ns)
{
	if (at_ns == t->at_ns)
		return;
	t->at_ns = at_ns;
	if (at_ns == CLOCK_NEVER) {
		event_del(&t->event);
		return;
	}
	uint64_t now = loop_now(), wait_us = at_ns > now ? (at_ns - now + 999) / 1000 : 0;
	struct timeval tv = { .tv_sec = (time_t)(wait_us / 1000000),
		.tv_usec = (suseconds_t)(wait_us % 1000000) };
	event_add(&t->event, &tv);
}

void timer_release(struct timer *t)
{
	if (t->loop)
		event_del(&t->event);
	t->at_ns = CLOCK_NEVER;
}

void loop_post(struct loop *l, struct task *t)
{
	if (t->posted)
		return;
	t->posted = true;
	t->next = NULL;
	*l->last = t;
	l->last = &t->next;
	event_active(l->run, 0, 0);
}

void loop_unpost(struct loop *l, struct task *t)
{
	if (!t->posted)
		return;
	t->posted = false;
	for (struct task **p = &l->first; *p; p = &(*p)->next) {
		if (*p != t)
			continue;
		*p = t->next;
		if (!*p)
			l->last = p;
		return;
	}
}

void loop_free_later(struct loop *l, void *p)
{
	vec_push(&l->dead, p);
	event_active(l->run, 0, 0);
}
