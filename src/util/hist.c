/* Log-linear histogram; see hist.h. */
#include "util/hist.h"

#include <stddef.h>
#include <stdlib.h>

#include "util/mem.h"

#define SUB_COUNT (1u << HIST_SUB_BITS)

/* Values below SUB_COUNT have a bucket each; above, SUB_COUNT of them per power of two. */
static size_t bucket_of(uint64_t value)
{
	if (value < SUB_COUNT)
		return (size_t)value;
	unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HIST_SUB_BITS;
	return ((size_t)(shift + 1) << HIST_SUB_BITS) + (size_t)((value >> shift) - SUB_COUNT);
}

static uint64_t bucket_highest(size_t index)
{
	if (index < SUB_COUNT)
		return index;
	unsigned shift = (unsigned)(index >> HIST_SUB_BITS) - 1;
	uint64_t sub = SUB_COUNT + (index & (SUB_COUNT - 1));
	return (sub << shift) + ((1ull << shift) - 1);
}

void hist_init(struct hist *h)
{
	*h = (struct hist){ 0 };
}

void hist_release(struct hist *h)
{
	free(h->buckets);
	hist_init(h);
}

static void add_saturating(uint32_t *bucket, uint32_t n)
{
	if (__builtin_add_overflow(*bucket, n, bucket))
		*bucket = UINT32_MAX;
}

void hist_record(struct hist *h, uint64_t value)
{
	if (!h->buckets)
		h->buckets = xcalloc(HIST_BUCKETS, sizeof(*h->buckets));
	if (h->count == 0 || value < h->min)
		h->min = value;
	if (h->count == 0 || value > h->max)
		h->max = value;
	h->count++;
	h->sum += (double)value;
	add_saturating(&h->buckets[bucket_of(value)], 1);
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (from->count == 0)
		return;
	if (!into->buckets)
		into->buckets = xcalloc(HIST_BUCKETS, sizeof(*into->buckets));
	if (into->count == 0 || from->min < into->min)
		into->min = from->min;
	if (into->count == 0 || from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->sum += from->sum;
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		add_saturating(&into->buckets[i], from->buckets[i]);
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	if (h->count == 0)
		return 0;
	if (!(q > 0))
		return h->min;
	if (q >= 1)
		return h->max;
	/* the smallest rank that covers the share q */
	double exact = q * (double)h->count;
	uint64_t rank = (uint64_t)exact;
	if ((double)rank < exact || rank == 0)
		rank++;
	uint64_t seen = 0;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= rank)
			return MIN(bucket_highest(i), h->max);
	}
	return h->max;
}

double hist_mean(const struct hist *h)
{
	return h->count ? h->sum / (double)h->count : 0;
}
