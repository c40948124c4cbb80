/*
 * Bounded queue of messages; see mailbox.h. The wake is signalled as long as
 * messages are left, so a reader that takes one and waits again is not stuck.
 */
#include "util/mailbox.h"

#include <pthread.h>

#include "util/mem.h"

struct mailbox {
	struct wake own;   /* when not shared */
	struct wake *wake; /* own or the owner's; immutable */
	size_t capacity;
	pthread_mutex_t lock; /* everything below */
	pthread_cond_t room;
	bool closed;
	size_t first, len;
	void **ring;
};

struct mailbox *mailbox_new_shared(size_t capacity, struct wake *wake)
{
	struct mailbox *mb = xcalloc(1, sizeof(*mb));
	mb->capacity = MAX(capacity, 1u);
	mb->ring = xcalloc(mb->capacity, sizeof(*mb->ring));
	mb->own.fd = -1;
	mb->wake = wake;
	if (!wake) {
		wake_init(&mb->own);
		mb->wake = &mb->own;
	}
	pthread_mutex_init(&mb->lock, NULL);
	pthread_cond_init(&mb->room, NULL);
	return mb;
}

struct mailbox *mailbox_new(size_t capacity)
{
	return mailbox_new_shared(capacity, NULL);
}

void mailbox_free(struct mailbox *mb, void (*free_msg)(void *))
{
	if (!mb)
		return;
	for (size_t i = 0; free_msg && i < mb->len; i++)
		free_msg(mb->ring[(mb->first + i) % mb->capacity]);
	wake_release(&mb->own);
	pthread_cond_destroy(&mb->room);
	pthread_mutex_destroy(&mb->lock);
	free(mb->ring);
	free(mb);
}

/* Under the lock. */
static bool push_locked(struct mailbox *mb, void *msg)
{
	if (mb->closed || mb->len == mb->capacity)
		return false;
	mb->ring[(mb->first + mb->len++) % mb->capacity] = msg;
	wake_signal(mb->wake);
	return true;
}

bool mailbox_push(struct mailbox *mb, void *msg)
{
	pthread_mutex_lock(&mb->lock);
	bool pushed = push_locked(mb, msg);
	pthread_mutex_unlock(&mb->lock);
	return pushed;
}

bool mailbox_push_wait(struct mailbox *mb, void *msg)
{
	pthread_mutex_lock(&mb->lock);
	while (!mb->closed && mb->len == mb->capacity)
		pthread_cond_wait(&mb->room, &mb->lock);
	bool pushed = push_locked(mb, msg);
	pthread_mutex_unlock(&mb->lock);
	return pushed;
}

void *mailbox_pop(struct mailbox *mb)
{
	void *msg = NULL;
	pthread_mutex_lock(&mb->lock);
	if (mb->len > 0) {
		msg = mb->ring[mb->first];
		mb->first = (mb->first + 1) % mb->capacity;
		mb->len--;
		pthread_cond_signal(&mb->room);
		if (mb->len > 0)
			wake_signal(mb->wake);
		else if (!mb->closed && mb->wake == &mb->own)
			wake_clear(mb->wake); /* a shared one may stand for another mailbox */
	}
	pthread_mutex_unlock(&mb->lock);
	return msg;
}

void mailbox_close(struct mailbox *mb)
{
	pthread_mutex_lock(&mb->lock);
	mb->closed = true;
	wake_signal(mb->wake);
	pthread_cond_broadcast(&mb->room);
	pthread_mutex_unlock(&mb->lock);
}

struct wake *mailbox_wake(struct mailbox *mb)
{
	return mb->wake;
}

size_t mailbox_len(struct mailbox *mb)
{
	pthread_mutex_lock(&mb->lock);
	size_t len = mb->len;
	pthread_mutex_unlock(&mb->lock);
	return len;
}
