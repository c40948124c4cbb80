/*
 * Expectation: no node ever reports another supply than the genesis made.
 * Sees the node samples; nodes that do not report a supply are not judged.
 */
#include <inttypes.h>

#include "checks/checks.h"
#include "checks/common.h"
#include "util/units.h"

struct state {
	uint64_t samples;
	bool failed;
	int node;
	uint64_t t_ns, supply, genesis_supply;
};

static void observe(struct check *c, const struct event *ev, const struct model *m)
{
	(void)m;
	struct state *s = c->state;
	if (ev->kind != EVENT_NODE_SAMPLE || !ev->u.sample.ok || !ev->u.sample.has_supply)
		return;
	uint64_t supply = ev->u.sample.supply, genesis = ev->u.sample.genesis_supply;
	/* a cluster that was not made from this plan has a genesis of its own */
	uint64_t planned = c->plan->total_supply ? c->plan->total_supply : genesis;
	s->samples++;
	if (s->failed || (supply == genesis && supply == planned))
		return;
	s->failed = true;
	s->node = ev->node;
	s->t_ns = ev->t_ns;
	s->supply = supply;
	s->genesis_supply = genesis == planned ? genesis : planned;
}

static void failure(
	const struct state *s, const struct model *m, enum verdict v, struct check_result *r)
{
	check_set(r, v, "%s reported a supply of %" PRIu64 " at %s; the genesis made %" PRIu64,
		check_node(m, s->node).s, s->supply, check_at(s->t_ns).s, s->genesis_supply);
}

static void peek(struct check *c, const struct model *m, struct check_result *r)
{
	const struct state *s = c->state;
	if (s->failed)
		failure(s, m, VERDICT_FAILING, r);
	else if (s->samples == 0)
		check_set(r, VERDICT_PENDING, "no node has reported its supply yet");
	else
		check_set(r, VERDICT_PASSING, "supply as in the genesis");
}

static void judge(struct check *c, const struct model *m, struct check_result *r)
{
	const struct state *s = c->state;
	struct jw w;

	if (s->failed)
		failure(s, m, VERDICT_FAIL, r);
	else if (s->samples == 0)
		check_set(r, VERDICT_UNKNOWN, "no node reported its supply");
	else
		check_set(r, VERDICT_PASS,
			"the supply was that of the genesis in all %" PRIu64 " sample%s",
			s->samples, plural_s(s->samples));
	jw_init(&w, &r->evidence, 0);
	jw_object(&w);
	jw_ku64(&w, "samples", s->samples);
	if (s->failed) {
		jw_kstr(&w, "node", check_node(m, s->node).s);
		jw_ku64(&w, "t_ns", s->t_ns);
		jw_ku64(&w, "supply", s->supply);
		jw_ku64(&w, "genesis_supply", s->genesis_supply);
	}
	jw_object_end(&w);
}

static const struct option options[] = { { .name = NULL } };

const struct check_ops supply_conserved_check = {
	.name = "supply_conserved",
	.summary = "Every node reports the supply that the genesis made, at any time",
	.state_size = sizeof(struct state),
	.options = options,
	.validate = check_no_validate,
	.query = check_no_query,
	.init = check_no_init,
	.observe = observe,
	.peek = peek,
	.judge = judge,
	.release = check_no_release,
};
