/*
 * What may change about a workload while it runs: its rate, holding it, a
 * burst, and the end of the drive phase. Made by the runner, one a workload;
 * written by the runner's thread, read by the workload's. Thread-safe.
 */
#ifndef CORE_TUNE_H
#define CORE_TUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/wake.h"

enum tune_cap { TUNE_RATE = 1 << 0, TUNE_HOLD = 1 << 1, TUNE_BURST = 1 << 2 };

struct tune;

struct tune_state {
	bool held;
	double rate;           /* per second; 0: as planned */
	uint64_t burst;        /* asked for since the last tune_read() */
	uint64_t drive_end_ns; /* clock time; may move either way */
};

struct tune *tune_new(uint64_t drive_end_ns);
void tune_free(struct tune *t);

/* Workload's thread: signalled at each change; NULL when it goes away (always before it does). */
void tune_set_wake(struct tune *t, struct wake *w);
/* Workload's thread. Takes the burst. */
void tune_read(struct tune *t, struct tune_state *ret);

/* Runner's thread. */
void tune_set_rate(struct tune *t, double per_second);
void tune_set_held(struct tune *t, bool held);
void tune_add_burst(struct tune *t, uint64_t count);
void tune_set_drive_end(struct tune *t, uint64_t drive_end_ns);

#endif
