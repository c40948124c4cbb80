/*
 * The course of a run in equal stretches of time; see model_series in model.h.
 * A pure fold: the widths depend on nothing but the times of the events.
 */
#include "core/model_priv.h"

#include "util/clock.h"
#include "util/mem.h"

#define FIRST_WIDTH_NS (250 * NS_PER_MS)

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Of samplings that differ as much, the later one is shown. */
static void note_heights(struct model_bucket *b, uint64_t low, uint64_t high)
{
	if (b->has_heights && high - low < b->high - b->low)
		return;
	b->has_heights = true;
	b->low = low;
	b->high = high;
}

static void merge(struct model_bucket *into, const struct model_bucket *later)
{
	into->blocks += later->blocks;
	into->reorgs += later->reorgs;
	into->max_interval_ns = MAX(into->max_interval_ns, later->max_interval_ns);
	into->submitted += later->submitted;
	into->included += later->included;
	into->rejected += later->rejected;
	into->include_sum_ns = add_saturated(into->include_sum_ns, later->include_sum_ns);
	into->include_max_ns = MAX(into->include_max_ns, later->include_max_ns);
	if (later->has_heights)
		note_heights(into, later->low, later->high);
	into->height = MAX(into->height, later->height);
}

static void widen(struct model_series *s)
{
	size_t n = (s->n + 1) / 2;

	for (size_t i = 0; i < n; i++) {
		struct model_bucket b = s->buckets[2 * i];
		if (2 * i + 1 < s->n)
			merge(&b, &s->buckets[2 * i + 1]);
		s->buckets[i] = b;
	}
	for (size_t i = n; i < s->n; i++)
		s->buckets[i] = (struct model_bucket){ 0 };
	s->n = n;
	s->width_ns *= 2;
}

struct model_bucket *series_at(struct model *m, uint64_t t_ns)
{
	struct model_series *s = &m->series;

	if (s->width_ns == 0)
		s->width_ns = FIRST_WIDTH_NS;
	while (t_ns / s->width_ns >= MODEL_BUCKETS)
		widen(s);
	size_t i = (size_t)(t_ns / s->width_ns);
	while (s->n <= i) {
		uint64_t height = s->n ? s->buckets[s->n - 1].height : 0;
		s->buckets[s->n++] = (struct model_bucket){ .height = height };
	}
	return &s->buckets[i];
}

/* Events may come a little out of order: the height then holds from there on. */
static void note_height(struct model *m, uint64_t t_ns, uint64_t height)
{
	struct model_bucket *b = series_at(m, t_ns);
	const struct model_bucket *end = &m->series.buckets[m->series.n];

	for (; b < end && b->height < height; b++)
		b->height = height;
}

/* A height that may be the greatest so far. */
static void reach(struct model *m, uint64_t t_ns, uint64_t height)
{
	struct model_live *l = m->live;

	if (l->has_top && height <= l->top_height)
		return;
	if (l->has_top && t_ns > l->top_ns) {
		struct model_bucket *b = series_at(m, t_ns);
		b->max_interval_ns = MAX(b->max_interval_ns, t_ns - l->top_ns);
	}
	l->has_top = true;
	l->top_height = height;
	l->top_ns = t_ns;
}

void series_block(struct model *m, uint64_t t_ns, bool is_new)
{
	const struct view_block *best = chain_view_best(m->chain);

	if (is_new)
		series_at(m, t_ns)->blocks++;
	if (!best || !best->has_height)
		return;
	if (!m->live->block_heights) {
		/* From now on blocks tell: they come at once, and what nodes say may be a lie. */
		m->live->block_heights = true;
		m->live->has_top = false;
	}
	reach(m, t_ns, best->height);
	note_height(m, t_ns, best->height);
}

void series_sample(struct model *m, uint64_t t_ns, bool height_changed)
{
	struct model_bucket *b = series_at(m, t_ns);
	uint64_t low, high;

	/* To look at all nodes at each sample of each would be quadratic. */
	if ((!height_changed && b->has_heights) || !model_heights(m, &low, &high))
		return;
	note_heights(b, low, high);
	note_height(m, t_ns, high);
	if (!m->live->block_heights)
		reach(m, t_ns, high);
}

void series_tx(struct model *m, const struct event *ev)
{
	struct model_bucket *b = series_at(m, ev->t_ns);

	switch (ev->u.tx.state) {
	case TX_SUBMITTED:
		b->submitted++;
		break;
	case TX_REJECTED:
		b->rejected++;
		break;
	case TX_INCLUDED:
		b->included++;
		b->include_sum_ns = add_saturated(b->include_sum_ns, ev->u.tx.latency_ns);
		b->include_max_ns = MAX(b->include_max_ns, ev->u.tx.latency_ns);
		break;
	case TX_DROPPED:
	case TX_EXPIRED:
	case TX_STATE_COUNT:
		break;
	}
}
