/*
 * See resolve.h. The threads are detached, as getaddrinfo() cannot be stopped:
 * whoever lets go last frees what is shared.
 */
#include "relay/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "util/wake.h"

#define MAX_THREADS 8

struct resolve_request {
	struct resolve_request *next;
	/* loop's thread */
	resolve_fn *fn; /* NULL: cancelled */
	void *arg;
	/* whoever has taken it from a list */
	char host[ENDPOINT_HOST];
	uint16_t port;
	struct sockaddr_any addrs[RESOLVE_MAX_ADDRESSES];
	size_t n;
	char reason[128];
};

struct list {
	struct resolve_request *first, **last;
};

struct shared {
	pthread_mutex_t lock; /* all below */
	pthread_cond_t more;
	struct list asked, answered;
	unsigned threads, idle;
	bool closed;
	unsigned users;
	struct wake wake;
};

struct resolver {
	struct shared *shared;
	struct event *answers;
};

static void list_init(struct list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_push(struct list *l, struct resolve_request *rq)
{
	rq->next = NULL;
	*l->last = rq;
	l->last = &rq->next;
}

static struct resolve_request *list_pop(struct list *l)
{
	struct resolve_request *rq = l->first;

	if (rq) {
		l->first = rq->next;
		if (!l->first)
			l->last = &l->first;
	}
	return rq;
}

/* With the lock held, which it gives up. */
static void leave(struct shared *s)
{
	bool last = --s->users == 0;
	struct resolve_request *rq;

	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	while ((rq = list_pop(&s->asked)) || (rq = list_pop(&s->answered)))
		free(rq);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	wake_release(&s->wake);
	free(s);
}

static void look_up(struct resolve_request *rq)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *all = NULL;
	char port[8];

	snprintf(port, sizeof(port), "%u", rq->port);
	int rc = getaddrinfo(rq->host, port, &hints, &all);
	for (struct addrinfo *a = rc ? NULL : all; a && rq->n < RESOLVE_MAX_ADDRESSES;
		a = a->ai_next) {
		if (a->ai_addrlen > sizeof(rq->addrs[0].u))
			continue;
		memcpy(&rq->addrs[rq->n].u, a->ai_addr, a->ai_addrlen);
		rq->addrs[rq->n++].len = a->ai_addrlen;
	}
	if (rq->n == 0)
		snprintf(rq->reason, sizeof(rq->reason), "%s",
			rc ? gai_strerror(rc) : "the name has no address");
	if (all)
		freeaddrinfo(all);
}

static void *worker(void *arg)
{
	struct shared *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->closed) {
		struct resolve_request *rq = list_pop(&s->asked);

		if (!rq) {
			s->idle++;
			pthread_cond_wait(&s->more, &s->lock);
			s->idle--;
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		look_up(rq);
		pthread_mutex_lock(&s->lock);
		list_push(&s->answered, rq);
		wake_signal(&s->wake);
	}
	leave(s);
	return NULL;
}

static void on_answers(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;
	struct shared *s = r->shared;
	struct list answers;

	(void)fd;
	(void)what;
	wake_clear(&s->wake);
	list_init(&answers);
	pthread_mutex_lock(&s->lock);
	struct resolve_request *rq;
	while ((rq = list_pop(&s->answered)))
		list_push(&answers, rq);
	pthread_mutex_unlock(&s->lock);
	while ((rq = list_pop(&answers))) {
		if (rq->fn)
			rq->fn(rq->arg, rq->addrs, rq->n, rq->reason);
		free(rq);
	}
}

struct resolver *resolver_new(struct loop *l)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	struct shared *s = r->shared = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	list_init(&s->asked);
	list_init(&s->answered);
	s->users = 1;
	wake_init(&s->wake);
	r->answers = event_new(loop_base(l), s->wake.fd, EV_READ | EV_PERSIST, on_answers, r);
	if (!r->answers || event_add(r->answers, NULL))
		abort(); /* only for want of memory */
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	event_free(r->answers);
	pthread_mutex_lock(&r->shared->lock);
	r->shared->closed = true;
	pthread_cond_broadcast(&r->shared->more);
	leave(r->shared);
	free(r);
}

/* With the lock held. */
static void start_thread(struct shared *s)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, (size_t)512 * 1024);
	if (pthread_create(&thread, &attr, worker, s) == 0) {
		s->threads++;
		s->users++;
	} else if (s->threads == 0) {
		abort(); /* only for want of memory */
	}
	pthread_attr_destroy(&attr);
}

struct resolve_request *resolver_ask(
	struct resolver *r, const struct endpoint *e, resolve_fn *fn, void *arg)
{
	struct resolve_request *rq = xcalloc(1, sizeof(*rq));
	struct shared *s = r->shared;

	rq->fn = fn;
	rq->arg = arg;
	memcpy(rq->host, e->host, sizeof(rq->host));
	rq->port = e->port;
	pthread_mutex_lock(&s->lock);
	list_push(&s->asked, rq);
	if (s->idle == 0 && s->threads < MAX_THREADS)
		start_thread(s);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	return rq;
}

void resolve_cancel(struct resolve_request *rq)
{
	if (rq)
		rq->fn = NULL;
}
