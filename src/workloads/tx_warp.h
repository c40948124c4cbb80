/*
 * From the time of a schedule to the time of the clock while somebody changes
 * how fast the schedule goes: a chain of legs, each with a speed (1: as
 * planned, 2: twice as fast, 0: it stands still). Pure arithmetic; at speed 1
 * it is exact to the nanosecond. One owner thread.
 */
#ifndef WORKLOADS_TX_WARP_H
#define WORKLOADS_TX_WARP_H

#include <stddef.h>
#include <stdint.h>

#include "util/mem.h"

struct tx_warp_leg {
	uint64_t clock_ns, pos_ns; /* where it begins; it ends where the next one begins */
	double speed;
};

struct tx_warp {
	VEC(struct tx_warp_leg) legs; /* never empty */
};

void tx_warp_init(struct tx_warp *w, uint64_t start_ns);
void tx_warp_release(struct tx_warp *w);
/* A new speed from clock time now_ns on. */
void tx_warp_turn(struct tx_warp *w, uint64_t now_ns, double speed);
double tx_warp_speed(const struct tx_warp *w);

/* Position at a clock time of the last leg; before it, where it begins. */
uint64_t tx_warp_pos(const struct tx_warp *w, uint64_t clock_ns);
/* Clock time of a position, in whichever leg it is; CLOCK_NEVER: it does not come. */
uint64_t tx_warp_clock(const struct tx_warp *w, uint64_t pos_ns);
/* Positions before this one will not be asked for any more. */
void tx_warp_forget(struct tx_warp *w, uint64_t pos_ns);

#endif
