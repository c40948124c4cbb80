/*
 * Expectation (liveness): the chain grows at about the rate that the protocol
 * promises, never stands still for long, and every node keeps up with it.
 *
 * Demanded only where it can be: the promise is scaled by the stake of the
 * largest group of healthy nodes that are linked by the plan's connections,
 * and nothing is demanded while that is less than min_stake, while a fault of
 * the whole network is in force, or for a grace period after either ends. A link
 * that is cut, or about as bad, counts as none; where that leaves several
 * groups, nothing is demanded of any. Links that are merely slower excuse nobody. Of a
 * single node it is demanded once it has been in that group for the grace
 * period. Blocks are compared by ancestry, not by the heights nodes claim.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/common.h"
#include "util/clock.h"
#include "util/map.h"
#include "util/units.h"

#define GRACE_INTERVALS 10
#define MIN_STALL_NS    (5 * NS_PER_S)
#define MIN_ADVANCE     3 /* blocks; less says nothing about a node whose tip stays */
#define CERTAIN_SIGMAS  4.0
#define MAX_LOSS        0.5 /* a link that loses as much is as good as cut */
#define MIN_EXPECTED    3.0 /* blocks; of less no growth can be demanded */

enum trouble { TROUBLE_NONE, TROUBLE_SILENT, TROUBLE_LAG };

struct watched {
	bool in_group;
	uint64_t since_ns; /* of being in the group */
	bool answered, advanced, has_tip, left_group;
	struct id32 first_tip;
	enum trouble trouble;
	uint64_t trouble_ns, lag; /* since when; blocks */
	enum trouble failed;
	uint64_t failed_since_ns, failed_lag;
	bool died;
	uint64_t died_ns;
	char why[64];
};

struct span {
	uint64_t start_ns, end_ns;
};

struct state {
	bool open, closed; /* the drive window */
	uint64_t start_ns, last_ns;
	double share, next_share; /* of stake: in force, and what it becomes at next_ns */
	uint64_t next_ns;
	bool demanding;
	VEC(struct span) spans; /* in which liveness was demanded */
	double expected, variance;
	double gap_blocks; /* expected since the last block */
	uint64_t gap_ns, gap_start_ns, longest_ns, longest_at_ns;
	bool stalled;
	uint64_t stall_ns, stall_at_ns;
	uint64_t samples, blocks;
	struct watched *nodes;
	size_t n_nodes;
	struct map *bad_links; /* struct link as keys: as good as cut */
};

struct link {
	unsigned from, to;
};

static const struct option options[] = {
	{ .name = "min_ratio",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct consensus_liveness_config, min_ratio),
		.def = "0.6",
		.dmin = 0,
		.dmax = 1,
		.help = "Least share of the blocks expected from slot time, f and stake" },
	{ .name = "max_lag",
		.type = OPTION_U64,
		.offset = offsetof(struct consensus_liveness_config, max_lag),
		.def = "5",
		.unit = "blocks",
		.max = 1000000,
		.help = "How far a node may be behind the chain at the end, or for max_stall" },
	{ .name = "max_stall",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct consensus_liveness_config, max_stall),
		.def = "15",
		.unit = "block intervals",
		.dmin = 1,
		.dmax = 1e6,
		.help = "Longest time without a block, or with a node silent or behind; at least "
			"5s" },
	{ .name = "min_stake",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct consensus_liveness_config, min_stake),
		.def = "0.5",
		.dmin = 0,
		.dmax = 1,
		.help = "Nothing is demanded with less than this share of the stake up and "
			"linked" },
	{ .name = "grace",
		.type = OPTION_DURATION,
		.offset = offsetof(struct consensus_liveness_config, grace_ns),
		.def = "0",
		.help = "Time to recover after faults; 0: 10 block intervals" },
	{ .name = NULL },
};

static uint64_t interval_ns(const struct check *c)
{
	return consensus_block_interval_ns(&c->plan->scenario->topology.consensus);
}

static uint64_t grace_ns(const struct check *c)
{
	const struct consensus_liveness_config *config = c->config;
	return config->grace_ns ? config->grace_ns : GRACE_INTERVALS * interval_ns(c);
}

static uint64_t stall_limit_ns(const struct check *c)
{
	const struct consensus_liveness_config *config = c->config;
	return MAX(MIN_STALL_NS, (uint64_t)(config->max_stall * (double)interval_ns(c)));
}

static void init(struct check *c)
{
	struct state *s = c->state;
	s->n_nodes = c->plan->n_nodes;
	s->nodes = xcalloc(MAX(s->n_nodes, 1u), sizeof(*s->nodes));
	s->bad_links = map_new(NULL);
}

static void release(struct check *c)
{
	struct state *s = c->state;
	free(s->nodes);
	map_free(s->bad_links);
	vec_free(&s->spans);
}

/* --- which nodes form the network, and with how much stake ------------------------------ */

static size_t root_of(size_t *root, size_t i)
{
	while (root[i] != i)
		i = root[i] = root[root[i]];
	return i;
}

static bool is_bad_link(const struct state *s, unsigned a, unsigned b)
{
	const struct link there = { a, b }, back = { b, a };
	return map_get(s->bad_links, &there, sizeof(there)) ||
	       map_get(s->bad_links, &back, sizeof(back));
}

/* Healthy, and not cut off from everybody that the plan has it linked to. */
static void find_present(const struct check *c, const struct model *m, bool *ret)
{
	const struct plan *p = c->plan;
	CLEANUP_FREE size_t *links = xcalloc(MAX(p->n_nodes, 1u), sizeof(*links));
	CLEANUP_FREE size_t *bad = xcalloc(MAX(p->n_nodes, 1u), sizeof(*bad));

	for (unsigned i = 0; i < p->n_nodes; i++) {
		for (size_t j = 0; j < p->nodes[i].n_peers; j++) {
			unsigned peer = p->nodes[i].peers[j];
			bool is_bad = is_bad_link(c->state, i, peer);
			links[i]++;
			bad[i] += is_bad;
			if (peer < p->n_nodes) {
				links[peer]++;
				bad[peer] += is_bad;
			}
		}
	}
	for (size_t i = 0; i < p->n_nodes; i++)
		ret[i] = model_node_is_healthy(m, i) && (bad[i] == 0 || bad[i] < links[i]);
}

/* Several groups where links are bad: who is behind whom is no longer anybody's fault. */
static bool is_split(const struct check *c, size_t *root, const bool *present)
{
	const struct state *s = c->state;
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < c->plan->n_nodes && map_len(s->bad_links) > 0; i++) {
		if (!present[i])
			continue;
		if (first == SIZE_MAX)
			first = root_of(root, i);
		else if (root_of(root, i) != first)
			return true;
	}
	return false;
}

/* Stake share of the largest linked group of healthy nodes; marks its members. */
static double largest_group(const struct check *c, const struct model *m, bool *ret_member)
{
	const struct plan *p = c->plan;
	CLEANUP_FREE size_t *root = xcalloc(MAX(p->n_nodes, 1u), sizeof(*root));
	CLEANUP_FREE double *stake = xcalloc(MAX(p->n_nodes, 1u), sizeof(*stake));
	CLEANUP_FREE bool *present = xcalloc(MAX(p->n_nodes, 1u), sizeof(*present));
	size_t best = SIZE_MAX;

	find_present(c, m, present);
	for (size_t i = 0; i < p->n_nodes; i++)
		root[i] = i;
	for (unsigned i = 0; i < p->n_nodes; i++) {
		for (size_t j = 0; j < p->nodes[i].n_peers && present[i]; j++) {
			unsigned peer = p->nodes[i].peers[j];
			if (peer < p->n_nodes && present[peer] && !is_bad_link(c->state, i, peer))
				root[root_of(root, peer)] = root_of(root, i);
		}
	}
	for (size_t i = 0; i < p->n_nodes && !is_split(c, root, present); i++) {
		if (!present[i])
			continue;
		size_t r = root_of(root, i);
		stake[r] += (double)p->nodes[i].stake;
		if (best == SIZE_MAX || stake[r] > stake[best])
			best = r;
	}
	for (size_t i = 0; i < p->n_nodes; i++)
		ret_member[i] = best != SIZE_MAX && present[i] && root_of(root, i) == best;
	if (best == SIZE_MAX || p->total_stake == 0)
		return 0;
	return MIN(stake[best] / (double)p->total_stake, 1.0);
}

/* Faults of links are told link by link. */
static bool network_fault_is_open(const struct model *m)
{
	for (size_t i = 0; i < m->n_faults; i++) {
		const struct model_fault *f = &m->faults[i];
		if (f->end_ns == 0 && f->node < 0 && strcmp(f->name, "link") != 0)
			return true;
	}
	return false;
}

/* Less stake counts at once, more only after the grace period. */
static void regroup(struct check *c, const struct model *m, uint64_t now_ns)
{
	struct state *s = c->state;
	CLEANUP_FREE bool *member = xcalloc(MAX(s->n_nodes, 1u), sizeof(*member));
	double share = network_fault_is_open(m) ? 0 : largest_group(c, m, member);

	for (size_t i = 0; i < s->n_nodes; i++) {
		struct watched *n = &s->nodes[i];
		if (member[i] && !n->in_group)
			n->since_ns = s->open ? now_ns : 0;
		if (!member[i]) {
			n->trouble = TROUBLE_NONE;
			n->left_group = true;
		}
		n->in_group = member[i];
	}
	if (!s->open || share <= s->share) {
		s->share = s->next_share = share;
	} else if (share != s->next_share) {
		s->next_share = share;
		s->next_ns = now_ns + grace_ns(c);
	}
}

/* --- time ----------------------------------------------------------------------------- */

static void set_demanding(struct check *c, uint64_t now_ns)
{
	const struct consensus_liveness_config *config = c->config;
	struct state *s = c->state;
	bool demand = s->open && !s->closed && s->share > 0 && s->share >= config->min_stake;

	if (demand == s->demanding)
		return;
	s->demanding = demand;
	s->gap_blocks = 0;
	s->gap_ns = 0;
	s->gap_start_ns = now_ns;
	if (demand) {
		struct span span = { .start_ns = now_ns, .end_ns = now_ns };
		vec_push(&s->spans, span);
	}
}

static void pass_demanded_time(struct check *c, uint64_t from_ns, uint64_t to_ns)
{
	const struct consensus_liveness_config *config = c->config;
	const struct consensus *p = &c->plan->scenario->topology.consensus;
	struct state *s = c->state;
	double slots = (double)(to_ns - from_ns) / (double)p->slot_duration_ns;
	double chance = consensus_blocks_per_slot(p, s->share);

	s->spans.items[s->spans.len - 1].end_ns = to_ns;
	s->expected += slots * chance;
	s->variance += slots * chance * (1 - chance);
	s->gap_blocks += slots * chance;
	s->gap_ns += to_ns - from_ns;
	if (s->gap_ns > s->longest_ns) {
		s->longest_ns = s->gap_ns;
		s->longest_at_ns = s->gap_start_ns;
	}
	if (s->gap_blocks > config->max_stall && s->gap_ns > MIN_STALL_NS &&
		s->gap_ns > s->stall_ns) {
		s->stalled = true;
		s->stall_ns = s->gap_ns;
		s->stall_at_ns = s->gap_start_ns;
	}
}

/* Lets time pass up to an event, before the event itself changes anything. */
static void advance(struct check *c, uint64_t now_ns)
{
	struct state *s = c->state;
	if (s->next_share > s->share && s->next_ns <= now_ns) {
		uint64_t at = MAX(s->next_ns, s->last_ns);
		if (s->demanding && at > s->last_ns)
			pass_demanded_time(c, s->last_ns, at);
		s->last_ns = at;
		s->share = s->next_share;
		set_demanding(c, at);
	}
	if (now_ns <= s->last_ns)
		return;
	if (s->demanding)
		pass_demanded_time(c, s->last_ns, now_ns);
	s->last_ns = now_ns;
}

/* --- events --------------------------------------------------------------------------- */

static void observe_phase(struct check *c, const struct event *ev, const struct model *m)
{
	struct state *s = c->state;
	if (ev->u.phase.phase == PHASE_BASELINE && ev->u.phase.end && ev->u.phase.ok && !s->open) {
		regroup(c, m, ev->t_ns);
		s->open = true;
		s->start_ns = s->last_ns = ev->t_ns;
		for (size_t i = 0; i < s->n_nodes; i++)
			s->nodes[i].left_group = !s->nodes[i].in_group;
	} else if (ev->u.phase.phase == PHASE_DRIVE && ev->u.phase.end) {
		s->closed = true;
	}
}

/* Whether the link became good or bad by it. */
static bool observe_link(struct check *c, const struct event *ev)
{
	struct state *s = c->state;
	const struct link link = { ev->u.link.from, ev->u.link.to };
	uint64_t slot_ns = c->plan->scenario->topology.consensus.slot_duration_ns;
	bool bad = ev->u.link.cut || ev->u.link.loss >= MAX_LOSS || ev->u.link.delay_ns > slot_ns ||
		   ev->u.link.jitter_ns > slot_ns;
	bool was_bad = map_get(s->bad_links, &link, sizeof(link)) != NULL;

	if (bad && !was_bad)
		map_put(s->bad_links, &link, sizeof(link), s);
	else if (!bad && was_bad)
		map_del(s->bad_links, &link, sizeof(link));
	return bad != was_bad;
}

static void observe_death(struct state *s, const struct event *ev)
{
	if (!s->open || ev->u.node_state.state != NODE_DEAD || ev->u.node_state.expected ||
		ev->node < 0 || (size_t)ev->node >= s->n_nodes || s->nodes[ev->node].died)
		return;
	struct watched *n = &s->nodes[ev->node];
	n->died = true;
	n->died_ns = ev->t_ns;
	snprintf(n->why, sizeof(n->why), "%s",
		ev->u.node_state.reason ? ev->u.node_state.reason : "ended by itself");
}

/*
 * Blocks that the node's chain is shorter than the best one. On a branch of the same length it is
 * not behind, as long as the branch left the chain at most k blocks ago; one that is deeper can
 * never come back, and lacks all that the chain has had since.
 */
static uint64_t lag_of(const struct check *c, const struct model *m, const struct event *ev)
{
	uint64_t k = c->plan->scenario->topology.consensus.security_param;
	const struct view_block *best = chain_view_best(m->chain);
	const struct view_block *tip = chain_view_find(m->chain, &ev->u.sample.tip);
	if (!best)
		return 0;
	if (tip) {
		const struct view_block *common = chain_view_common(m->chain, &best->id, &tip->id);
		uint64_t ahead = common ? check_steps(best, common) : UINT64_MAX;
		uint64_t own = common ? check_steps(tip, common) : UINT64_MAX;
		if (ahead != UINT64_MAX && own != UINT64_MAX)
			return own > k ? ahead : ahead > own ? ahead - own : 0;
	}
	/* not a block that was seen: its height is all there is to go by */
	return best->has_height && best->height > ev->u.sample.height
		       ? best->height - ev->u.sample.height
		       : 0;
}

static bool is_demanded(const struct check *c, const struct watched *n, uint64_t now_ns)
{
	return n->in_group && (n->since_ns == 0 || now_ns >= n->since_ns + grace_ns(c));
}

static void observe_sample(struct check *c, const struct event *ev, const struct model *m)
{
	const struct consensus_liveness_config *config = c->config;
	struct state *s = c->state;
	if (!s->open || ev->node < 0 || (size_t)ev->node >= s->n_nodes)
		return;
	struct watched *n = &s->nodes[ev->node];
	enum trouble trouble = TROUBLE_SILENT;
	s->samples++;
	if (ev->u.sample.ok) {
		n->answered = true;
		n->advanced |= n->has_tip && !id32_eq(&n->first_tip, &ev->u.sample.tip);
		if (!n->has_tip)
			n->first_tip = ev->u.sample.tip;
		n->has_tip = true;
		n->lag = lag_of(c, m, ev);
		trouble = n->lag > config->max_lag ? TROUBLE_LAG : TROUBLE_NONE;
	}
	if (!is_demanded(c, n, ev->t_ns))
		trouble = TROUBLE_NONE;
	if (n->trouble == TROUBLE_NONE)
		n->trouble_ns = ev->t_ns;
	n->trouble = trouble;
	if (trouble == TROUBLE_NONE || ev->t_ns - n->trouble_ns <= stall_limit_ns(c))
		return;
	if (n->failed == TROUBLE_NONE)
		n->failed_since_ns = n->trouble_ns;
	n->failed = trouble;
	n->failed_lag = MAX(n->failed_lag, trouble == TROUBLE_LAG ? n->lag : 0);
}

static void observe(struct check *c, const struct event *ev, const struct model *m)
{
	struct state *s = c->state;
	advance(c, ev->t_ns);
	switch (ev->kind) {
	case EVENT_PHASE:
		observe_phase(c, ev, m);
		break;
	case EVENT_BLOCK:
		s->blocks += s->open;
		s->gap_blocks = 0;
		s->gap_ns = 0;
		s->gap_start_ns = s->last_ns;
		break;
	case EVENT_NODE_SAMPLE:
		observe_sample(c, ev, m);
		break;
	case EVENT_NODE_STATE:
		observe_death(s, ev);
		regroup(c, m, ev->t_ns);
		break;
	case EVENT_FAULT:
		regroup(c, m, ev->t_ns);
		break;
	case EVENT_LINK:
		if (observe_link(c, ev))
			regroup(c, m, ev->t_ns);
		break;
	default:
		break;
	}
	set_demanding(c, s->last_ns);
}

/* --- verdict -------------------------------------------------------------------------- */

static bool is_in_spans(const struct state *s, uint64_t t_ns)
{
	size_t lo = 0, hi = s->spans.len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->spans.items[mid].end_ns < t_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->spans.len && s->spans.items[lo].start_ns <= t_ns;
}

/* Blocks of the best chain that came while liveness was demanded; all of them since the baseline.
 */
static uint64_t chain_growth(const struct state *s, const struct model *m, uint64_t *ret_all)
{
	uint64_t n = 0, all = 0;
	const struct view_block *b = chain_view_best(m->chain);
	for (size_t i = 0; b && b->first_ns > s->start_ns && i <= CHAIN_VIEW_MAX; i++) {
		n += is_in_spans(s, b->first_ns);
		all++;
		b = b->parent_block;
	}
	if (ret_all)
		*ret_all = all;
	return n;
}

/* The demand: the ratio, or less where so few blocks are expected that chance could miss it. */
static uint64_t wanted_blocks(const struct check *c)
{
	const struct consensus_liveness_config *config = c->config;
	const struct state *s = c->state;
	double by_ratio = config->min_ratio * s->expected;
	double by_chance = s->expected - CERTAIN_SIGMAS * sqrt(s->variance) - 1;
	return (uint64_t)MAX(floor(MIN(by_ratio, by_chance)), 0.0);
}

#define MAX_COMPLAINTS 16

struct complaints {
	size_t n; /* all; the texts of the first MAX_COMPLAINTS are kept */
	char text[MAX_COMPLAINTS][160];
};

static void complain(struct complaints *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct complaints *l, const char *fmt, ...)
{
	va_list ap;
	if (l->n++ >= MAX_COMPLAINTS)
		return;
	va_start(ap, fmt);
	vsnprintf(l->text[l->n - 1], sizeof(l->text[0]), fmt, ap);
	va_end(ap);
}

static void complain_of_node(const struct check *c, const struct model *m, size_t i, bool final,
	uint64_t growth, struct complaints *l)
{
	const struct consensus_liveness_config *config = c->config;
	const struct state *s = c->state;
	const struct watched *n = &s->nodes[i];
	struct check_text name = check_node(m, (int)i);

	if (n->died)
		complain(l, "%s died at %s (%s)", name.s, check_at(n->died_ns).s, n->why);
	else if (n->failed == TROUBLE_SILENT)
		complain(l, "%s gave no answer from %s on", name.s, check_at(n->failed_since_ns).s);
	else if (n->failed == TROUBLE_LAG)
		complain(l,
			"%s was up to %" PRIu64 " block%s behind from %s on, at most %" PRIu64
			" allowed",
			name.s, n->failed_lag, plural_s(n->failed_lag),
			check_at(n->failed_since_ns).s, config->max_lag);
	else if (!final || !is_demanded(c, n, m->now_ns))
		return;
	else if (!n->answered && s->samples > 0)
		complain(l, "%s gave no answer in the whole run", name.s);
	else if (n->trouble == TROUBLE_SILENT)
		complain(l, "%s gave no answer at the end, since %s", name.s,
			check_at(n->trouble_ns).s);
	else if (n->trouble == TROUBLE_LAG)
		complain(l,
			"%s was %" PRIu64 " block%s behind at the end, at most %" PRIu64
			" allowed; since %s",
			name.s, n->lag, plural_s(n->lag), config->max_lag,
			check_at(n->trouble_ns).s);
	else if (n->has_tip && !n->advanced && !n->left_group && growth >= MIN_ADVANCE)
		complain(l, "the tip of %s never moved while the chain grew by %" PRIu64 " block%s",
			name.s, growth, plural_s(growth));
}

static void find_complaints(
	const struct check *c, const struct model *m, bool final, struct complaints *l)
{
	const struct consensus_liveness_config *config = c->config;
	const struct state *s = c->state;
	uint64_t all, blocks = chain_growth(s, m, &all), wanted = wanted_blocks(c);

	l->n = 0;
	if (s->stalled)
		complain(l, "no block for %s from %s on, at most %s allowed",
			check_human(s->stall_ns).s, check_at(s->stall_at_ns).s,
			check_human(stall_limit_ns(c)).s);
	for (size_t i = 0; i < s->n_nodes; i++)
		complain_of_node(c, m, i, final, all, l);
	if (blocks < wanted)
		complain(l,
			"%" PRIu64 " block%s, at least %" PRIu64 " wanted (%g of %.0f expected)",
			blocks, plural_s(blocks), wanted, config->min_ratio, s->expected);
}

static void say(const struct complaints *l, enum verdict v, struct check_result *r)
{
	check_set(r, v, "%s", l->text[0]);
	if (l->n > 1)
		check_add(r, "; %s", l->text[1]);
	if (l->n > 2)
		check_add(r, "; %zu more", l->n - 2);
}

static void peek(struct check *c, const struct model *m, struct check_result *r)
{
	const struct state *s = c->state;
	struct complaints l;

	if (!s->open) {
		check_set(r, VERDICT_PENDING, "waiting for the baseline");
		return;
	}
	find_complaints(c, m, false, &l);
	uint64_t blocks = chain_growth(s, m, NULL);

	if (l.n > 0)
		say(&l, VERDICT_FAILING, r);
	else
		check_set(r, VERDICT_PASSING, "%" PRIu64 " block%s, >= %" PRIu64 " wanted, gap %s",
			blocks, plural_s(blocks), wanted_blocks(c), check_human(s->longest_ns).s);
}

static uint64_t demanded_ns(const struct state *s)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < s->spans.len; i++)
		sum += s->spans.items[i].end_ns - s->spans.items[i].start_ns;
	return sum;
}

static void write_evidence(const struct check *c, const struct model *m, const struct complaints *l,
	struct strbuf *out)
{
	const struct state *s = c->state;
	uint64_t all, blocks = chain_growth(s, m, &all);
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_ku64(&w, "blocks", blocks);
	jw_ku64(&w, "wanted", wanted_blocks(c));
	jw_kdouble(&w, "expected", s->expected);
	jw_ku64(&w, "blocks_since_baseline", all);
	jw_ku64(&w, "demanded_ns", demanded_ns(s));
	jw_ku64(&w, "longest_gap_ns", s->longest_ns);
	jw_ku64(&w, "longest_gap_at_ns", s->longest_at_ns);
	jw_ku64(&w, "max_gap_ns", stall_limit_ns(c));
	jw_ku64(&w, "grace_ns", grace_ns(c));
	jw_ku64(&w, "faults", m->n_faults);
	jw_key(&w, "nodes");
	jw_array(&w);
	for (size_t i = 0; i < s->n_nodes; i++) {
		jw_object(&w);
		jw_kstr(&w, "node", check_node(m, (int)i).s);
		jw_kbool(&w, "answered", s->nodes[i].answered);
		jw_ku64(&w, "lag", s->nodes[i].lag);
		jw_kbool(&w, "judged_at_end", is_demanded(c, &s->nodes[i], m->now_ns));
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_key(&w, "failures");
	jw_array(&w);
	for (size_t i = 0; i < MIN(l->n, (size_t)MAX_COMPLAINTS); i++)
		jw_str(&w, l->text[i]);
	jw_array_end(&w);
	jw_object_end(&w);
}

static bool anyone_died(const struct state *s)
{
	for (size_t i = 0; i < s->n_nodes; i++) {
		if (s->nodes[i].died)
			return true;
	}
	return false;
}

static void judge(struct check *c, const struct model *m, struct check_result *r)
{
	struct state *s = c->state;
	struct complaints l = { 0 };

	advance(c, m->now_ns);
	uint64_t all, blocks = chain_growth(s, m, &all);
	if (s->open)
		find_complaints(c, m, true, &l);
	if (!s->open) {
		check_set(r, VERDICT_UNKNOWN, "the run ended before its baseline");
	} else if (s->blocks == 0 && s->samples == 0 && !anyone_died(s)) {
		check_set(r, VERDICT_UNKNOWN, "neither blocks nor answers of nodes were observed");
	} else if (l.n > 0) {
		say(&l, VERDICT_FAIL, r);
	} else if (s->spans.len == 0) {
		check_set(r, VERDICT_UNKNOWN,
			"there was never enough stake up and linked to demand anything");
	} else if (blocks == 0 || s->expected < MIN_EXPECTED) {
		check_set(r, VERDICT_UNKNOWN,
			"%" PRIu64
			" block%s, and only %.1f were expected: too few to tell; run for "
			"longer",
			blocks, plural_s(blocks), s->expected);
	} else {
		check_set(r, VERDICT_PASS,
			"%" PRIu64 " block%s, at least %" PRIu64 " wanted; longest gap %s at %s",
			blocks, plural_s(blocks), wanted_blocks(c), check_human(s->longest_ns).s,
			check_at(s->longest_at_ns).s);
		if (m->n_faults > 0)
			check_add(r, "; times of %zu fault%s excused", m->n_faults,
				plural_s(m->n_faults));
	}
	write_evidence(c, m, &l, &r->evidence);
}

const struct check_ops consensus_liveness_check = {
	.name = "consensus_liveness",
	.summary = "The chain grows as the protocol promises and every node follows it",
	.config_size = sizeof(struct consensus_liveness_config),
	.state_size = sizeof(struct state),
	.options = options,
	.validate = check_no_validate,
	.query = check_no_query,
	.init = init,
	.observe = observe,
	.peek = peek,
	.judge = judge,
	.release = release,
};
