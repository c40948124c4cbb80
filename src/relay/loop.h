/*
 * The event loop of the link plane: libevent's, for HTTP, signals and timers,
 * with an epoll of our own inside it for the sockets of the links. Those are
 * registered once, edge-triggered, so that pausing and going on costs no system
 * call and the end of a connection is seen even while nobody reads from it.
 * One thread.
 */
#ifndef RELAY_LOOP_H
#define RELAY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "util/err.h"

struct loop;

/* A socket. fn is called when something about it has changed. */
struct watch {
	int fd; /* -1: none */
	void (*fn)(struct watch *w, uint32_t epoll_events);
};

struct timer {
	struct event event;
	uint64_t at_ns; /* CLOCK_NEVER: not set */
	struct loop *loop;
	void (*fn)(struct timer *t);
};

/* Something to go on with after all others had their turn. */
struct task {
	struct task *next;
	bool posted;
	void (*fn)(struct task *t);
};

struct loop *loop_new(struct err *err);
void loop_free(struct loop *l); /* NULL is fine */
struct event_base *loop_base(struct loop *l);
uint64_t loop_now(void); /* monotonic ns */

int loop_watch(struct loop *l, struct watch *w, struct err *err); /* all events of w->fd */
void watch_close(struct watch *w);                                /* closes the fd; -1 is fine */

void timer_init(struct loop *l, struct timer *t, void (*fn)(struct timer *t));
void timer_set(struct timer *t, uint64_t at_ns); /* never early; CLOCK_NEVER unsets */
void timer_release(struct timer *t);

void loop_post(struct loop *l, struct task *t); /* once, however often it is called */
void loop_unpost(struct loop *l, struct task *t);
/* free(p) when no event that was already fetched can name it any more. */
void loop_free_later(struct loop *l, void *p);

#endif
