/* See shape.h. */
#include "relay/shape.h"

#include <math.h>

#include "util/clock.h"
#include "util/mem.h"

#define PARETO_SHAPE    3.0
#define PARETO_MOST     100.0 /* of the jitter; the tail has no end by itself */
#define MAX_RETRANSMITS 6     /* then it gets through: 63 times retransmit_ms */

void shaper_init(struct shaper *s, uint64_t seed, const char *label)
{
	*s = (struct shaper){ 0 };
	rng_init_label(&s->rng, seed, label);
}

void shaper_rule_changed(struct shaper *s, uint64_t now_ns)
{
	s->full_ns = MIN(s->full_ns, now_ns);
	s->has_z = false;
}

static double normal_deviate(struct rng *rng)
{
	/* 1 - unit is never 0 */
	double radius = sqrt(-2 * log1p(-rng_unit(rng)));

	return radius * cos(2 * M_PI * rng_unit(rng));
}

/*
 * The correlation is put into a normal deviate and that is mapped to the wanted
 * distribution, which so keeps its shape, however strong the correlation.
 */
static double next_z(struct shaper *s, double correlation)
{
	double z = normal_deviate(&s->rng);

	if (s->has_z && correlation > 0)
		z = correlation * s->z + sqrt(1 - correlation * correlation) * z;
	s->z = z;
	s->has_z = true;
	return z;
}

static double jitter_factor(enum rule_distribution d, double z)
{
	switch (d) {
	case DISTRIBUTION_NORMAL:
		return z;
	case DISTRIBUTION_PARETO: {
		/* from 0 on, 1 in the mean */
		double above = MAX(0.5 * erfc(z / M_SQRT2), 1e-12);
		double x = (pow(above, -1 / PARETO_SHAPE) - 1) * (PARETO_SHAPE - 1);
		return MIN(x, PARETO_MOST);
	}
	case DISTRIBUTION_UNIFORM:
		break;
	}
	return erf(z / M_SQRT2); /* -1 to 1 */
}

uint64_t shaper_delay_ns(struct shaper *s, const struct rule *r)
{
	if (r->jitter_ns == 0)
		return r->delay_ns;
	double ns = (double)r->delay_ns + (double)r->jitter_ns * jitter_factor(r->distribution,
									 next_z(s, r->correlation));
	return ns > 0 ? (uint64_t)ns : 0;
}

uint64_t shaper_stream_loss_ns(
	struct shaper *s, const struct rule *r, uint64_t bytes, unsigned *ret_lost)
{
	uint64_t wait = 0, next = r->retransmit_ns ? r->retransmit_ns : RULE_RETRANSMIT_NS;

	*ret_lost = 0;
	if (!(r->loss > 0))
		return 0;
	uint64_t segments = (bytes + RULE_SEGMENT_BYTES - 1) / RULE_SEGMENT_BYTES;
	double chance = -expm1((double)segments * log1p(-MIN(r->loss, 0.999999)));
	while (*ret_lost < MAX_RETRANSMITS && rng_unit(&s->rng) < chance) {
		wait += next;
		next *= 2;
		++*ret_lost;
		chance = r->loss; /* of the one segment that is sent again */
	}
	return wait;
}

static bool happens(struct shaper *s, double share)
{
	return share > 0 && rng_unit(&s->rng) < share;
}

struct shape_fate shaper_datagram(struct shaper *s, const struct rule *r)
{
	struct shape_fate fate = { .drop = happens(s, r->loss) };

	if (!fate.drop) {
		fate.duplicate = happens(s, r->duplicate);
		fate.reorder = happens(s, r->reorder);
	}
	return fate;
}

static uint64_t transfer_ns(const struct rule *r, uint64_t bytes)
{
	return (uint64_t)ceil((double)bytes * (double)NS_PER_S / (double)r->bytes_per_s);
}

uint64_t shaper_reserve(struct shaper *s, const struct rule *r, uint64_t now_ns, uint64_t bytes)
{
	if (r->bytes_per_s == 0)
		return now_ns;
	uint64_t burst = transfer_ns(r, rule_burst_bytes(r));
	uint64_t earliest = now_ns > burst ? now_ns - burst : 0;

	s->full_ns = MAX(s->full_ns, earliest) + transfer_ns(r, bytes);
	return MAX(s->full_ns, now_ns);
}

uint64_t shaper_backlog_ns(const struct shaper *s, const struct rule *r, uint64_t now_ns)
{
	return r->bytes_per_s && s->full_ns > now_ns ? s->full_ns - now_ns : 0;
}
