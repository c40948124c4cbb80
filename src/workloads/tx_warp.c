/* Schedule time and clock time; see tx_warp.h. */
#include "workloads/tx_warp.h"

#include <math.h>
#include <string.h>

#include "util/clock.h"

#define FAR_NS 4e18 /* times are kept below this, so that sums fit in 64 bits */

void tx_warp_init(struct tx_warp *w, uint64_t start_ns)
{
	struct tx_warp_leg leg = { .clock_ns = start_ns, .speed = 1 };
	*w = (struct tx_warp){ 0 };
	vec_push(&w->legs, leg);
}

void tx_warp_release(struct tx_warp *w)
{
	vec_free(&w->legs);
}

static const struct tx_warp_leg *last_leg(const struct tx_warp *w)
{
	return &w->legs.items[w->legs.len - 1];
}

double tx_warp_speed(const struct tx_warp *w)
{
	return last_leg(w)->speed;
}

void tx_warp_turn(struct tx_warp *w, uint64_t now_ns, double speed)
{
	struct tx_warp_leg leg = {
		.clock_ns = MAX(now_ns, last_leg(w)->clock_ns),
		.pos_ns = tx_warp_pos(w, now_ns),
		.speed = speed,
	};
	vec_push(&w->legs, leg);
}

uint64_t tx_warp_pos(const struct tx_warp *w, uint64_t clock_ns)
{
	const struct tx_warp_leg *leg = last_leg(w);

	if (clock_ns <= leg->clock_ns)
		return leg->pos_ns;
	uint64_t past = clock_ns - leg->clock_ns;
	/* no detour over floating point when nothing was changed: the plan is exact */
	if (leg->speed == 1)
		return leg->pos_ns + past;
	uint64_t moved = (uint64_t)fmin((double)past * leg->speed, FAR_NS);
	return MIN(leg->pos_ns + moved, (uint64_t)FAR_NS);
}

uint64_t tx_warp_clock(const struct tx_warp *w, uint64_t pos_ns)
{
	const struct tx_warp_leg *leg = w->legs.items;

	while (leg != last_leg(w) && pos_ns > leg[1].pos_ns)
		leg++;
	if (pos_ns <= leg->pos_ns)
		return leg->clock_ns;
	uint64_t ahead = pos_ns - leg->pos_ns;
	if (leg->speed == 1)
		return leg->clock_ns + ahead;
	double wait_ns = leg->speed > 0 ? (double)ahead / leg->speed : INFINITY;
	return wait_ns < FAR_NS ? leg->clock_ns + (uint64_t)wait_ns : CLOCK_NEVER;
}

void tx_warp_forget(struct tx_warp *w, uint64_t pos_ns)
{
	size_t past = 0;

	while (past + 1 < w->legs.len && w->legs.items[past + 1].pos_ns < pos_ns)
		past++;
	if (past == 0)
		return;
	w->legs.len -= past;
	memmove(w->legs.items, w->legs.items + past, w->legs.len * sizeof(*w->legs.items));
}
