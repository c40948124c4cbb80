/*
 * Cancellation tree; see cancel.h. One lock for all trees: cancelling and
 * making children are rare, and asking takes no lock.
 */
#include "util/cancel.h"

#include <pthread.h>
#include <stdatomic.h>

#include "util/mem.h"
#include "util/wake.h"

struct cancel {
	atomic_bool set;
	struct wake wake;
	/* tree_lock */
	struct cancel *parent, *first_child, *prev, *next;
};

static pthread_mutex_t tree_lock = PTHREAD_MUTEX_INITIALIZER;

static void cancel_mark(struct cancel *c)
{
	atomic_store(&c->set, true);
	wake_signal(&c->wake);
}

struct cancel *cancel_new(struct cancel *parent)
{
	struct cancel *c = xcalloc(1, sizeof(*c));
	wake_init(&c->wake);
	if (!parent)
		return c;
	pthread_mutex_lock(&tree_lock);
	c->parent = parent;
	c->next = parent->first_child;
	if (c->next)
		c->next->prev = c;
	parent->first_child = c;
	if (atomic_load(&parent->set))
		cancel_mark(c);
	pthread_mutex_unlock(&tree_lock);
	return c;
}

void cancel_free(struct cancel *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&tree_lock);
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else if (c->parent)
		c->parent->first_child = c->next;
	pthread_mutex_unlock(&tree_lock);
	wake_release(&c->wake);
	free(c);
}

void cancel_set(struct cancel *c)
{
	pthread_mutex_lock(&tree_lock);
	/* depth first without recursion: the tree has parent pointers */
	struct cancel *at = c;
	while (at) {
		cancel_mark(at);
		if (at->first_child) {
			at = at->first_child;
			continue;
		}
		while (at != c && !at->next)
			at = at->parent;
		at = at == c ? NULL : at->next;
	}
	pthread_mutex_unlock(&tree_lock);
}

bool cancel_is_set(const struct cancel *c)
{
	return c && atomic_load(&c->set);
}

int cancel_fd(const struct cancel *c)
{
	return c->wake.fd;
}
