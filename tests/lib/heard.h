/*
 * What the callbacks of a stream or a request told a test, which waits for it
 * by semaphores. They come from other threads.
 */
#ifndef TESTS_HEARD_H
#define TESTS_HEARD_H

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "core/net.h"
#include "util/err.h"
#include "util/strbuf.h"

struct heard {
	pthread_mutex_t lock; /* text */
	struct strbuf text;   /* what the stream brought, in its order */
	struct strbuf body;   /* of the answers */
	sem_t some, end;      /* posted for each piece of text, for each end */
	unsigned ends;
	int status;     /* of the last answer */
	struct err err; /* of the last end */
};

static inline void heard_init(struct heard *h)
{
	memset(h, 0, sizeof(*h));
	pthread_mutex_init(&h->lock, NULL);
	sem_init(&h->some, 0, 0);
	sem_init(&h->end, 0, 0);
}

static inline void heard_release(struct heard *h)
{
	strbuf_release(&h->text);
	strbuf_release(&h->body);
	pthread_mutex_destroy(&h->lock);
	sem_destroy(&h->some);
	sem_destroy(&h->end);
}

static inline void heard_add(struct heard *h, const char *text, size_t len)
{
	pthread_mutex_lock(&h->lock);
	strbuf_add(&h->text, text, len);
	pthread_mutex_unlock(&h->lock);
	sem_post(&h->some);
}

/* `arg` is a struct heard; no error: it ended well. */
static inline void heard_end(void *arg, const struct err *err)
{
	struct heard *h = arg;

	h->ends++;
	h->err = err ? *err : (struct err){ 0 };
	sem_post(&h->end);
}

/* As the on_done of a net_request whose arg is a struct heard. */
static inline void heard_done(const struct net_response *r, void *arg)
{
	struct heard *h = arg;

	h->status = r->status;
	if (r->len > 0)
		strbuf_add(&h->body, r->body, r->len);
	heard_end(h, r->err);
}

#endif
