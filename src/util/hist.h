/*
 * Log-linear histogram of u64 values (nanoseconds, usually): 64 linear
 * sub-buckets per power of two, so any quantile is within 1/64 of the truth.
 * Fixed size, no allocation after init. Not thread-safe.
 */
#ifndef UTIL_HIST_H
#define UTIL_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 6
#define HIST_BUCKETS  ((64 - HIST_SUB_BITS + 1) << HIST_SUB_BITS)

struct hist {
	uint64_t count, min, max;
	double sum;
	uint32_t *buckets; /* HIST_BUCKETS of them, allocated at the first record */
};

void hist_init(struct hist *h);
void hist_release(struct hist *h);
void hist_record(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);
/* Value at quantile q in [0,1]; 0 when empty. Highest value of its bucket, at most max. */
uint64_t hist_quantile(const struct hist *h, double q);
double hist_mean(const struct hist *h);

#endif
