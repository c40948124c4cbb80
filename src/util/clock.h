/*
 * Time, real or virtual, and the only way in which threads of the bench wait.
 *
 * Times are monotonic nanoseconds. A virtual clock stands still until every
 * participating thread waits in clock_wait() and none of them has anything to
 * do; then it jumps to the earliest deadline. So a run of minutes takes
 * milliseconds and, given one seed, always goes the same way.
 *
 * A participant is registered by the thread that starts it (before it starts,
 * so that time cannot jump in between) and leaves itself when it ends. With a
 * real clock both do nothing.
 *
 * A thread takes its place at its first clock_wait(); one that waits without
 * having been joined is a bystander: it sees time pass, but is not waited for.
 * It must not begin while places are still to be taken, or it gets one of them.
 *
 * Blocking on anything else than clock_wait() (a mutex, a reply from a thread
 * that is no participant) holds virtual time still, which is what one wants.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "util/cancel.h"
#include "util/wake.h"

#define NS_PER_US   1000ull
#define NS_PER_MS   1000000ull
#define NS_PER_S    1000000000ull
#define CLOCK_NEVER UINT64_MAX /* a deadline that does not come */

struct clock;

enum clock_wait {
	CLOCK_WOKEN,     /* the wake was signalled (it is cleared) */
	CLOCK_DEADLINE,  /* the deadline has come */
	CLOCK_CANCELLED, /* the cancel is set */
};

struct clock *clock_new_real(void);
struct clock *clock_new_virtual(uint64_t start_ns, uint64_t wall_ms);
/*
 * Virtual clocks: time does not jump ahead faster than `pace` virtual seconds
 * per real second, so that people can watch and take part; 0: no limit. Before
 * the first wait, or while it runs.
 */
void clock_set_pace(struct clock *c, double pace);
void clock_free(struct clock *c);

uint64_t clock_now(struct clock *c);     /* monotonic nanoseconds */
uint64_t clock_wall_ms(struct clock *c); /* milliseconds since 1970 UTC */
bool clock_is_virtual(const struct clock *c);

void clock_join(struct clock *c);
void clock_leave(struct clock *c);

/* Waits for the first of wake, cancel, deadline; wake and cancel may be NULL. */
enum clock_wait clock_wait(
	struct clock *c, struct wake *w, const struct cancel *cancel, uint64_t deadline_ns);

#endif
