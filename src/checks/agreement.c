/*
 * Expectation (safety, at any time): no two nodes disagree at or below the
 * last irreversible block. Every LIB ever reported must lie on one chain, and
 * at the end the tips of all nodes that are up must meet a bounded number of
 * blocks back. An older LIB after a restart is fine: it is on the chain. So is
 * a tip that is merely behind: that is for consensus_liveness to judge.
 */
#include <inttypes.h>

#include "checks/checks.h"
#include "checks/common.h"
#include "util/clock.h"
#include "util/units.h"

#define AT_ONCE_SLACK_NS (30 * NS_PER_S) /* tips may still be apart so long after a fault */

#define MAX_UNSETTLED 4096u /* LIBs that could not be placed yet */
#define MAX_NODES     65536

struct seen_lib {
	struct id32 id;
	int node;
	uint64_t t_ns;
};

struct node_tips {
	bool has;
	struct id32 tip, tip_before; /* the newest one may be ahead of the block feed */
	bool has_lib;
	struct id32 lib;
};

struct state {
	uint64_t n_libs; /* reported by samples, changes only */
	bool has_top;
	struct seen_lib top; /* the LIB that all placed ones are below of */
	VEC(struct seen_lib) unsettled;
	uint64_t n_forgotten;
	bool failed;
	struct seen_lib bad, bad_against;
	VEC(struct node_tips) nodes;
	bool at_once; /* somebody asked to judge without waiting */
};

static const struct option options[] = {
	{ .name = "max_depth",
		.type = OPTION_U64,
		.offset = offsetof(struct agreement_config, max_depth),
		.def = "0",
		.unit = "blocks",
		.max = 1000000,
		.help = "How far back the tips may meet at the end; 0: consensus.security_param" },
	{ .name = NULL },
};

static uint64_t max_depth(const struct check *c)
{
	const struct agreement_config *config = c->config;
	return config->max_depth ? config->max_depth
				 : c->plan->scenario->topology.consensus.security_param;
}

/*
 * false: it cannot be told yet how *lib stands to the others. It may be another
 * one then: a top that is in no known block gives way to one that is.
 */
static bool place(struct state *s, const struct chain_view *v, struct seen_lib *lib)
{
	if (!s->has_top) {
		s->has_top = true;
		s->top = *lib;
		return true;
	}
	switch (check_relation(v, &lib->id, &s->top.id)) {
	case VIEW_SAME:
	case VIEW_ANCESTOR:
		return true;
	case VIEW_DESCENDANT:
		s->top = *lib;
		return true;
	case VIEW_FORKED:
		if (!s->failed) {
			s->failed = true;
			s->bad = *lib;
			s->bad_against = s->top;
		}
		return true;
	case VIEW_CANNOT_TELL:
		break;
	}
	if (!chain_view_find(v, &s->top.id) && chain_view_find(v, &lib->id)) {
		struct seen_lib unknown = s->top;
		s->top = *lib;
		*lib = unknown;
	}
	return false;
}

static void retry_unsettled(struct state *s, const struct chain_view *v)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->unsettled.len; i++) {
		struct seen_lib lib = s->unsettled.items[i];
		if (!place(s, v, &lib))
			s->unsettled.items[kept++] = lib;
	}
	s->unsettled.len = kept;
}

static struct node_tips *tips_of(struct state *s, int node)
{
	if (node < 0 || node >= MAX_NODES)
		return NULL;
	while (s->nodes.len <= (size_t)node) {
		struct node_tips none = { 0 };
		vec_push(&s->nodes, none);
	}
	return &s->nodes.items[node];
}

static void observe(struct check *c, const struct event *ev, const struct model *m)
{
	struct state *s = c->state;
	s->at_once = s->at_once || check_judges_at_once(ev);
	if (ev->kind != EVENT_NODE_SAMPLE || !ev->u.sample.ok)
		return;
	struct node_tips *n = tips_of(s, ev->node);
	if (!n)
		return;
	if (!n->has || !id32_eq(&n->tip, &ev->u.sample.tip)) {
		n->tip_before = n->has ? n->tip : ev->u.sample.tip;
		n->tip = ev->u.sample.tip;
		n->has = true;
	}
	if (n->has_lib && id32_eq(&n->lib, &ev->u.sample.lib))
		return;
	n->has_lib = true;
	n->lib = ev->u.sample.lib;
	s->n_libs++;
	struct seen_lib lib = { .id = n->lib, .node = ev->node, .t_ns = ev->t_ns };
	if (place(s, m->chain, &lib))
		return;
	if (s->unsettled.len < MAX_UNSETTLED)
		vec_push(&s->unsettled, lib);
	else
		s->n_forgotten++;
}

/* --- the end -------------------------------------------------------------------------- */

struct tips_result {
	unsigned n_up, n_excused, n_untold; /* nodes; untold: a tip or LIB that cannot be placed */
	uint64_t depth;
	int deepest, last; /* nodes; -1 */
};

static const struct view_block *known_tip(
	const struct state *s, const struct chain_view *v, size_t node)
{
	if (node >= s->nodes.len || !s->nodes.items[node].has)
		return NULL;
	const struct view_block *b = chain_view_find(v, &s->nodes.items[node].tip);
	return b ? b : chain_view_find(v, &s->nodes.items[node].tip_before);
}

static bool lib_is_unsettled(const struct state *s, size_t node)
{
	for (size_t i = 0; i < s->unsettled.len; i++) {
		if (id32_eq(&s->unsettled.items[i].id, &s->nodes.items[node].lib))
			return true;
	}
	return false;
}

static bool is_off_best(const struct model *m, const struct view_block *tip)
{
	const struct view_block *best = chain_view_best(m->chain);
	return best && chain_view_relation(m->chain, &tip->id, &best->id) == VIEW_FORKED;
}

static bool takes_part(const struct state *s, const struct model *m, size_t node)
{
	return model_node_is_healthy(m, node) && node < s->nodes.len && s->nodes.items[node].has;
}

/* The highest tip of a node that is up. */
static const struct view_block *leading_tip(const struct state *s, const struct model *m)
{
	const struct view_block *lead = NULL;
	for (size_t i = 0; i < m->n_nodes; i++) {
		const struct view_block *tip =
			takes_part(s, m, i) ? known_tip(s, m->chain, i) : NULL;
		if (tip && (!lead || tip->height > lead->height))
			lead = tip;
	}
	return lead;
}

/* Finds where the tips of all nodes that are up meet. */
static const struct view_block *meeting_point(const struct state *s, const struct model *m,
	const struct view_block *lead, struct tips_result *ret)
{
	const struct view_block *common = lead;
	for (size_t i = 0; i < m->n_nodes; i++) {
		if (!takes_part(s, m, i)) {
			ret->n_excused += m->nodes[i].state != NODE_REMOVED;
			continue;
		}
		ret->n_up++;
		ret->last = (int)i;
		const struct view_block *tip = known_tip(s, m->chain, i);
		if (!tip || lib_is_unsettled(s, i)) {
			ret->n_untold++;
			continue;
		}
		if (chain_view_relation(m->chain, &tip->id, &lead->id) == VIEW_ANCESTOR)
			continue;
		const struct view_block *meet = chain_view_common(m->chain, &common->id, &tip->id);
		if (meet)
			common = meet;
		else
			ret->n_untold++;
	}
	return common;
}

/* Compares the tips of all nodes that are up: how far back from the farthest they meet. */
static void compare_tips(const struct state *s, const struct model *m, struct tips_result *ret)
{
	*ret = (struct tips_result){ .deepest = -1, .last = -1 };
	const struct view_block *common = meeting_point(s, m, leading_tip(s, m), ret);
	for (size_t i = 0; common && i < m->n_nodes; i++) {
		const struct view_block *tip =
			takes_part(s, m, i) ? known_tip(s, m->chain, i) : NULL;
		uint64_t depth = tip ? check_steps(tip, common) : UINT64_MAX;
		if (depth == UINT64_MAX)
			continue;
		/* of two that are as deep, the one off the best chain is to be named */
		if (ret->deepest < 0 || depth > ret->depth ||
			(depth == ret->depth && is_off_best(m, tip))) {
			ret->depth = depth;
			ret->deepest = (int)i;
		}
	}
}

/* A node whose tip is on another branch than that of the deepest one, for the message. */
static int node_across(const struct state *s, const struct model *m, int node)
{
	const struct view_block *tip = known_tip(s, m->chain, (size_t)node);
	int best = -1;
	uint64_t best_depth = 0;
	for (size_t i = 0; tip && i < m->n_nodes; i++) {
		const struct view_block *other = known_tip(s, m->chain, i);
		if (!other || !model_node_is_healthy(m, i) || (int)i == node)
			continue;
		uint64_t depth =
			check_steps(tip, chain_view_common(m->chain, &tip->id, &other->id));
		if (depth != UINT64_MAX && (best < 0 || depth > best_depth)) {
			best = (int)i;
			best_depth = depth;
		}
	}
	return best;
}

static uint64_t height_of(const struct model *m, const struct id32 *id)
{
	const struct view_block *b = chain_view_find(m->chain, id);
	return b && b->has_height ? b->height : 0;
}

static void lib_failure(
	const struct state *s, const struct model *m, enum verdict v, struct check_result *r)
{
	check_set(r, v,
		"%s and %s disagree below their last irreversible blocks: %s has %s (height "
		"%" PRIu64 ", %s), %s has %s (height %" PRIu64 ", %s)",
		check_node(m, s->bad_against.node).s, check_node(m, s->bad.node).s,
		check_node(m, s->bad_against.node).s, check_id(&s->bad_against.id).s,
		height_of(m, &s->bad_against.id), check_at(s->bad_against.t_ns).s,
		check_node(m, s->bad.node).s, check_id(&s->bad.id).s, height_of(m, &s->bad.id),
		check_at(s->bad.t_ns).s);
}

static void peek(struct check *c, const struct model *m, struct check_result *r)
{
	struct state *s = c->state;
	retry_unsettled(s, m->chain);
	if (s->failed)
		lib_failure(s, m, VERDICT_FAILING, r);
	else if (s->n_libs == 0)
		check_set(r, VERDICT_PENDING, "no node has reported yet");
	else
		check_set(r, VERDICT_PASSING, "one chain up to LIB %" PRIu64,
			height_of(m, &s->top.id));
}

static void verdict_of_tips(const struct check *c, const struct model *m,
	const struct tips_result *t, struct check_result *r)
{
	const struct state *s = c->state;
	uint64_t limit = max_depth(c), lib = height_of(m, &s->top.id);

	if (t->depth > limit && s->at_once && check_fault_near(m, m->now_ns, AT_ONCE_SLACK_NS)) {
		check_set(r, VERDICT_UNKNOWN,
			"the tip of %s is %" PRIu64 " block%s off, but it was to be judged at once "
			"after a fault",
			check_node(m, t->deepest).s, t->depth, plural_s(t->depth));
	} else if (t->depth > limit) {
		int across = node_across(s, m, t->deepest);
		check_set(r, VERDICT_FAIL,
			"at the end the tip of %s is %" PRIu64
			" block%s off the chain of %s; at most "
			"%" PRIu64 " allowed",
			check_node(m, t->deepest).s, t->depth, plural_s(t->depth),
			check_node(m, across).s, limit);
	} else if (t->n_up == 0) {
		check_set(r, VERDICT_UNKNOWN, "no node was up at the end");
	} else if (t->n_untold > 0) {
		check_set(r, VERDICT_UNKNOWN,
			"%u of %u node%s ended on blocks that cannot be placed: too little of the "
			"block tree was seen",
			t->n_untold, t->n_up, plural_s(t->n_up));
	} else if (t->n_up == 1) {
		check_set(r, VERDICT_PASS,
			"only %s could be compared, and it kept to one chain up to LIB %" PRIu64,
			check_node(m, t->last).s, lib);
	} else {
		check_set(r, VERDICT_PASS, "%s%u nodes share one chain up to LIB %" PRIu64,
			t->n_excused ? "" : "all ", t->n_up, lib);
		if (t->depth > 0)
			check_add(r, ", tips at most %" PRIu64 " apart", t->depth);
		if (t->n_excused > 0)
			check_add(r, "; %u not up at the end: excused", t->n_excused);
	}
}

static void write_lib(
	struct jw *w, const char *key, const struct seen_lib *lib, const struct model *m)
{
	jw_key(w, key);
	jw_object(w);
	jw_kstr(w, "node", check_node(m, lib->node).s);
	jw_kid32(w, "lib", &lib->id);
	jw_ku64(w, "height", height_of(m, &lib->id));
	jw_ku64(w, "t_ns", lib->t_ns);
	jw_object_end(w);
}

static void judge(struct check *c, const struct model *m, struct check_result *r)
{
	struct state *s = c->state;
	struct tips_result tips;
	struct jw w;

	retry_unsettled(s, m->chain);
	compare_tips(s, m, &tips);
	if (s->failed)
		lib_failure(s, m, VERDICT_FAIL, r);
	else if (s->n_libs == 0)
		check_set(r, VERDICT_UNKNOWN, "no node reported a last irreversible block");
	else
		verdict_of_tips(c, m, &tips, r);

	jw_init(&w, &r->evidence, 0);
	jw_object(&w);
	jw_ku64(&w, "libs", s->n_libs);
	jw_ku64(&w, "libs_not_placed", s->unsettled.len + s->n_forgotten);
	jw_ku64(&w, "nodes_compared", tips.n_up);
	jw_ku64(&w, "nodes_excused", tips.n_excused);
	jw_ku64(&w, "max_depth", max_depth(c));
	jw_ku64(&w, "depth", tips.depth);
	if (s->has_top)
		write_lib(&w, "top", &s->top, m);
	if (s->failed) {
		write_lib(&w, "against", &s->bad_against, m);
		write_lib(&w, "bad", &s->bad, m);
	}
	jw_object_end(&w);
}

static void release(struct check *c)
{
	struct state *s = c->state;
	vec_free(&s->unsettled);
	vec_free(&s->nodes);
}

const struct check_ops agreement_check = {
	.name = "agreement",
	.summary = "All nodes are on one chain up to their last irreversible blocks",
	.config_size = sizeof(struct agreement_config),
	.state_size = sizeof(struct state),
	.options = options,
	.validate = check_no_validate,
	.query = check_no_query,
	.init = check_no_init,
	.observe = observe,
	.peek = peek,
	.judge = judge,
	.release = release,
};
