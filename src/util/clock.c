/*
 * Time, real or virtual; see clock.h.
 *
 * The virtual clock: every waiter poll()s on its wake, its cancel and a tick of
 * its own. Whoever makes the last participant wait looks at the descriptors of
 * all waiters; only when nobody has anything to read does time advance. A
 * waiter clears its wake and takes itself off the list under one lock, so a
 * signal that was sent before the sender waited always holds time still.
 *
 * With a pace, a jump has a real time before which it does not happen. The
 * waiter with the earliest deadline polls no longer than until then, and tries
 * again; whoever finds a jump too early sees to it that this one does.
 */
#include "util/clock.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "util/mem.h"

#define PACE_SLACK_NS (50 * NS_PER_MS)
#define PACE_MAX_NS   1e18

struct waiter {
	struct wake tick;       /* signalled when due */
	int wake_fd, cancel_fd; /* -1: none */
	uint64_t deadline_ns;
	bool participant;
	bool due;
	bool ticked; /* tick was signalled, to say that it is due or to think again */
	bool timed;  /* with a pace: polls until its deadline is due in real time, at most */
	struct waiter *next;
};

struct clock {
	bool is_virtual;
	uint64_t start_ns, start_wall_ms; /* immutable */
	pthread_mutex_t lock;             /* everything below */
	uint64_t now_ns;
	double pace;                   /* 0: as fast as can be */
	uint64_t pace_ns, pace_now_ns; /* real time, and time of the clock then */
	size_t participants;
	size_t participants_waiting;
	size_t waiters_len;
	/*
	 * A participant is joined by its starter, before it has a thread, so
	 * a thread claims its place at its first wait.
	 */
	VEC(pthread_t) claimed;
	struct waiter *waiters; /* in no order */
	struct waiter *spare;   /* kept for their descriptors */
	struct pollfd *pollfds;
	size_t pollfds_cap;
};

static uint64_t timespec_ns(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * NS_PER_S + (uint64_t)ts->tv_nsec;
}

static uint64_t real_now(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return timespec_ns(&ts);
}

static struct clock *clock_new(bool is_virtual, uint64_t start_ns, uint64_t wall_ms)
{
	struct clock *c = xcalloc(1, sizeof(*c));
	c->is_virtual = is_virtual;
	c->start_ns = c->now_ns = start_ns;
	c->start_wall_ms = wall_ms;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

struct clock *clock_new_real(void)
{
	return clock_new(false, 0, 0);
}

struct clock *clock_new_virtual(uint64_t start_ns, uint64_t wall_ms)
{
	return clock_new(true, start_ns, wall_ms);
}

void clock_free(struct clock *c)
{
	if (!c)
		return;
	while (c->spare) {
		struct waiter *w = c->spare;
		c->spare = w->next;
		wake_release(&w->tick);
		free(w);
	}
	vec_free(&c->claimed);
	free(c->pollfds);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

uint64_t clock_now(struct clock *c)
{
	if (!c->is_virtual)
		return real_now(CLOCK_MONOTONIC);
	pthread_mutex_lock(&c->lock);
	uint64_t now = c->now_ns;
	pthread_mutex_unlock(&c->lock);
	return now;
}

uint64_t clock_wall_ms(struct clock *c)
{
	if (!c->is_virtual)
		return real_now(CLOCK_REALTIME) / NS_PER_MS;
	return c->start_wall_ms + (clock_now(c) - c->start_ns) / NS_PER_MS;
}

bool clock_is_virtual(const struct clock *c)
{
	return c->is_virtual;
}

/* --- virtual time: all of this under the lock --------------------------------- */

/* Real time before which a deadline is not due. */
static uint64_t pace_due(const struct clock *c, uint64_t deadline_ns)
{
	if (deadline_ns <= c->pace_now_ns)
		return 0;
	double wait = (double)(deadline_ns - c->pace_now_ns) / c->pace;
	return wait > PACE_MAX_NS ? CLOCK_NEVER : c->pace_ns + (uint64_t)wait;
}

static void tick(struct waiter *w)
{
	w->ticked = true;
	wake_signal(&w->tick);
}

/*
 * False when it is too early to jump to the earliest deadline. Being late is
 * made good as far as PACE_SLACK_NS; what is lost beyond is not run after.
 */
static bool pace_allows(struct clock *c, struct waiter *earliest)
{
	if (c->pace <= 0 || earliest->deadline_ns <= c->now_ns)
		return true;
	uint64_t now = real_now(CLOCK_MONOTONIC), due = pace_due(c, earliest->deadline_ns);
	if (now >= due) {
		c->pace_ns = MAX(due, now - MIN(now, PACE_SLACK_NS));
		c->pace_now_ns = earliest->deadline_ns;
		return true;
	}
	if (!earliest->timed)
		tick(earliest);
	earliest->timed = true;
	return false;
}

/* Whether any waiter has something to do that it has not got round to. */
static bool anyone_busy(struct clock *c)
{
	size_t need = 2 * c->waiters_len, n = 0;
	if (need > c->pollfds_cap) {
		c->pollfds = xrealloc_array(c->pollfds, need, sizeof(*c->pollfds));
		c->pollfds_cap = need;
	}
	for (const struct waiter *w = c->waiters; w; w = w->next) {
		if (w->due)
			return true;
		if (w->wake_fd >= 0)
			c->pollfds[n++] = (struct pollfd){ .fd = w->wake_fd, .events = POLLIN };
		if (w->cancel_fd >= 0)
			c->pollfds[n++] = (struct pollfd){ .fd = w->cancel_fd, .events = POLLIN };
	}
	return n && poll(c->pollfds, n, 0) != 0; /* a failed poll holds time still */
}

/* Jumps to the earliest deadline if every participant waits and none is busy. */
static void maybe_advance(struct clock *c)
{
	if (!c->waiters || c->participants_waiting < c->participants || anyone_busy(c))
		return;
	struct waiter *earliest = NULL;
	uint64_t at = CLOCK_NEVER;
	for (struct waiter *w = c->waiters; w; w = w->next) {
		if (w->deadline_ns < at) {
			earliest = w;
			at = w->deadline_ns;
		}
	}
	if (!earliest)
		return; /* only an event from outside can move anything now */
	if (!pace_allows(c, earliest))
		return;
	c->now_ns = MAX(c->now_ns, at);
	for (struct waiter *w = c->waiters; w; w = w->next) {
		if (w->deadline_ns <= c->now_ns) {
			w->due = true;
			tick(w);
		}
	}
}

static size_t claim_index(const struct clock *c)
{
	size_t i = 0;
	while (i < c->claimed.len && !pthread_equal(c->claimed.items[i], pthread_self()))
		i++;
	return i;
}

/* Whether the calling thread is a participant. */
static bool claim_place(struct clock *c)
{
	if (claim_index(c) < c->claimed.len)
		return true;
	if (c->claimed.len >= c->participants)
		return false;
	vec_push(&c->claimed, pthread_self());
	return true;
}

static struct waiter *waiter_add(struct clock *c)
{
	struct waiter *w = c->spare;
	if (w) {
		c->spare = w->next;
	} else {
		w = xcalloc(1, sizeof(*w));
		wake_init(&w->tick);
	}
	w->due = w->ticked = false;
	w->timed = c->pace > 0; /* it is about to work out how long to poll */
	w->participant = claim_place(c);
	c->participants_waiting += w->participant;
	w->next = c->waiters;
	c->waiters = w;
	c->waiters_len++;
	return w;
}

static void waiter_remove(struct clock *c, struct waiter *w)
{
	struct waiter **at = &c->waiters;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	c->waiters_len--;
	c->participants_waiting -= w->participant;
	if (w->ticked)
		wake_clear(&w->tick);
	w->next = c->spare;
	c->spare = w;
}

void clock_set_pace(struct clock *c, double pace)
{
	if (!c->is_virtual)
		return;
	pthread_mutex_lock(&c->lock);
	c->pace = pace > 0 ? pace : 0;
	c->pace_ns = real_now(CLOCK_MONOTONIC);
	c->pace_now_ns = c->now_ns;
	/* all that wait think again */
	for (struct waiter *w = c->waiters; w; w = w->next)
		tick(w);
	pthread_mutex_unlock(&c->lock);
}

/* --- waiting ------------------------------------------------------------------- */

void clock_join(struct clock *c)
{
	if (!c->is_virtual)
		return;
	pthread_mutex_lock(&c->lock);
	c->participants++;
	pthread_mutex_unlock(&c->lock);
}

void clock_leave(struct clock *c)
{
	if (!c->is_virtual)
		return;
	pthread_mutex_lock(&c->lock);
	size_t i = claim_index(c);
	if (i < c->claimed.len)
		c->claimed.items[i] = c->claimed.items[--c->claimed.len];
	if (c->participants > 0)
		c->participants--;
	/* everybody else may be waiting for this thread alone */
	maybe_advance(c);
	pthread_mutex_unlock(&c->lock);
}

enum { FD_WAKE, FD_CANCEL, FD_TICK, FD_COUNT };

/* True when the poll results end the wait; clears the wake it reports. */
static bool wait_is_over(
	const struct pollfd *fds, struct wake *w, bool deadline_came, enum clock_wait *ret)
{
	if (fds[FD_CANCEL].revents) {
		*ret = CLOCK_CANCELLED;
	} else if (fds[FD_WAKE].revents) {
		wake_clear(w);
		*ret = CLOCK_WOKEN;
	} else if (deadline_came) {
		*ret = CLOCK_DEADLINE;
	} else {
		return false;
	}
	return true;
}

static void poll_once(struct pollfd fds[FD_COUNT], const struct timespec *timeout)
{
	if (ppoll(fds, FD_COUNT, timeout, NULL) < 0) {
		/* EINTR or no memory: revents are undefined, the caller comes again */
		for (int i = 0; i < FD_COUNT; i++)
			fds[i].revents = 0;
	}
}

static enum clock_wait wait_real(struct pollfd fds[FD_COUNT], struct wake *w, uint64_t deadline_ns)
{
	enum clock_wait why;
	for (;;) {
		uint64_t now = real_now(CLOCK_MONOTONIC);
		uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
		const struct timespec timeout = {
			.tv_sec = (time_t)(left / NS_PER_S),
			.tv_nsec = (long)(left % NS_PER_S),
		};
		poll_once(fds, deadline_ns == CLOCK_NEVER ? NULL : &timeout);
		if (wait_is_over(fds, w, real_now(CLOCK_MONOTONIC) >= deadline_ns, &why))
			return why;
	}
}

/*
 * How long a waiter polls: with a pace, until its deadline is due; NULL: until
 * something comes. A deadline that is due already waits for somebody who is
 * busy, who will be the one to let time go on. Under the lock.
 */
static const struct timespec *pace_timeout(struct clock *c, struct waiter *w, struct timespec *ret)
{
	uint64_t now = real_now(CLOCK_MONOTONIC), due = CLOCK_NEVER;
	w->timed = false;
	if (c->pace > 0 && w->deadline_ns != CLOCK_NEVER)
		due = pace_due(c, w->deadline_ns);
	if (due == CLOCK_NEVER || due <= now)
		return NULL;
	w->timed = true;
	*ret = (struct timespec){ .tv_sec = (time_t)((due - now) / NS_PER_S),
		.tv_nsec = (long)((due - now) % NS_PER_S) };
	return ret;
}

static enum clock_wait wait_virtual(
	struct clock *c, struct pollfd fds[FD_COUNT], struct wake *w, uint64_t deadline_ns)
{
	static const struct timespec at_once = { 0 };
	enum clock_wait why;

	pthread_mutex_lock(&c->lock);
	poll_once(fds, &at_once);
	if (wait_is_over(fds, w, c->now_ns >= deadline_ns, &why)) {
		pthread_mutex_unlock(&c->lock);
		return why;
	}
	struct waiter *self = waiter_add(c);
	self->wake_fd = fds[FD_WAKE].fd;
	self->cancel_fd = fds[FD_CANCEL].fd;
	self->deadline_ns = deadline_ns;
	fds[FD_TICK].fd = self->tick.fd;
	maybe_advance(c);
	for (;;) {
		struct timespec left;
		const struct timespec *timeout = pace_timeout(c, self, &left);
		pthread_mutex_unlock(&c->lock);
		poll_once(fds, timeout);
		pthread_mutex_lock(&c->lock);
		if (wait_is_over(fds, w, self->due, &why))
			break;
		if (self->ticked)
			wake_clear(&self->tick);
		self->ticked = false;
		maybe_advance(c);
	}
	waiter_remove(c, self);
	/* a bystander may have held the others up while it was being woken */
	if (!self->participant)
		maybe_advance(c);
	pthread_mutex_unlock(&c->lock);
	return why;
}

enum clock_wait clock_wait(
	struct clock *c, struct wake *w, const struct cancel *cancel, uint64_t deadline_ns)
{
	struct pollfd fds[FD_COUNT] = {
		[FD_WAKE] = { .fd = w ? w->fd : -1, .events = POLLIN },
		[FD_CANCEL] = { .fd = cancel ? cancel_fd(cancel) : -1, .events = POLLIN },
		[FD_TICK] = { .fd = -1, .events = POLLIN },
	};
	if (!c->is_virtual)
		return wait_real(fds, w, deadline_ns);
	return wait_virtual(c, fds, w, deadline_ns);
}
