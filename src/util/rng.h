/*
 * Seeded pseudo-random numbers (xoshiro256**), with named sub-streams so that
 * one consumer drawing more numbers never changes another's.
 * Not for keys that protect anything. Not thread-safe.
 */
#ifndef UTIL_RNG_H
#define UTIL_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
/* Sub-stream: BLAKE2b-256(seed LE || label) is its state. */
void rng_init_label(struct rng *r, uint64_t seed, const char *label);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);               /* 0..n-1, unbiased; n > 0 */
uint64_t rng_range(struct rng *r, uint64_t lo, uint64_t hi); /* lo..hi inclusive */
double rng_unit(struct rng *r);                              /* [0, 1) */
double rng_exponential(struct rng *r, double mean);
void rng_bytes(struct rng *r, void *out, size_t len);

#endif
