/* What an operator changes about a running workload; see tune.h. */
#include "core/tune.h"

#include <pthread.h>

#include "util/mem.h"

struct tune {
	pthread_mutex_t lock; /* everything below */
	struct tune_state state;
	struct wake *wake; /* the workload's, while it has one */
};

struct tune *tune_new(uint64_t drive_end_ns)
{
	struct tune *t = xcalloc(1, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
	t->state.drive_end_ns = drive_end_ns;
	return t;
}

void tune_free(struct tune *t)
{
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void tune_set_wake(struct tune *t, struct wake *w)
{
	pthread_mutex_lock(&t->lock);
	t->wake = w;
	pthread_mutex_unlock(&t->lock);
}

void tune_read(struct tune *t, struct tune_state *ret)
{
	pthread_mutex_lock(&t->lock);
	*ret = t->state;
	t->state.burst = 0;
	pthread_mutex_unlock(&t->lock);
}

/* Unlocks; under the lock the workload cannot take its wake away. */
static void tell(struct tune *t)
{
	if (t->wake)
		wake_signal(t->wake);
	pthread_mutex_unlock(&t->lock);
}

void tune_set_rate(struct tune *t, double per_second)
{
	pthread_mutex_lock(&t->lock);
	t->state.rate = per_second;
	tell(t);
}

void tune_set_held(struct tune *t, bool held)
{
	pthread_mutex_lock(&t->lock);
	t->state.held = held;
	tell(t);
}

void tune_add_burst(struct tune *t, uint64_t count)
{
	pthread_mutex_lock(&t->lock);
	if (__builtin_add_overflow(t->state.burst, count, &t->state.burst))
		t->state.burst = UINT64_MAX;
	tell(t);
}

void tune_set_drive_end(struct tune *t, uint64_t drive_end_ns)
{
	pthread_mutex_lock(&t->lock);
	t->state.drive_end_ns = drive_end_ns;
	tell(t);
}
