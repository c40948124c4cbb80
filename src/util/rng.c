/* Seeded pseudo-random numbers, xoshiro256** by Blackman and Vigna; see rng.h. */
#include "util/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "util/mem.h"

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void rng_init(struct rng *r, uint64_t seed)
{
	for (size_t i = 0; i < ARRAY_LEN(r->s); i++)
		r->s[i] = splitmix64(&seed);
}

static void store_le64(unsigned char out[8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)(v >> (8 * i));
}

void rng_init_label(struct rng *r, uint64_t seed, const char *label)
{
	unsigned char seed_le[8], digest[32];
	crypto_generichash_state state;
	if (sodium_init() < 0)
		abort();
	store_le64(seed_le, seed);
	crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	crypto_generichash_update(&state, seed_le, sizeof(seed_le));
	crypto_generichash_update(&state, (const unsigned char *)label, strlen(label));
	crypto_generichash_final(&state, digest, sizeof(digest));
	for (size_t i = 0; i < ARRAY_LEN(r->s); i++) {
		r->s[i] = 0;
		for (size_t b = 0; b < 8; b++)
			r->s[i] |= (uint64_t)digest[8 * i + b] << (8 * b);
	}
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	const uint64_t result = rotl(s[1] * 5, 7) * 9;
	const uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	if (n == 0)
		abort();
	/* draws below 2^64 mod n would make small results more likely */
	const uint64_t reject = -n % n;
	uint64_t v;
	do
		v = rng_u64(r);
	while (v < reject);
	return v % n;
}

uint64_t rng_range(struct rng *r, uint64_t lo, uint64_t hi)
{
	if (lo > hi)
		abort();
	const uint64_t span = hi - lo;
	return span == UINT64_MAX ? rng_u64(r) : lo + rng_below(r, span + 1);
}

double rng_unit(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1.0p-53;
}

double rng_exponential(struct rng *r, double mean)
{
	/* 1 - unit is never 0 */
	return -mean * log1p(-rng_unit(r));
}

void rng_bytes(struct rng *r, void *out, size_t len)
{
	unsigned char *p = out;
	while (len > 0) {
		unsigned char word[8];
		store_le64(word, rng_u64(r));
		size_t n = MIN(len, sizeof(word));
		memcpy(p, word, n);
		p += n;
		len -= n;
	}
}
