/*
 * Expectation: transactions that nodes accept end up in blocks of the chain,
 * in time, and once. By hash: what the workload says is compared with the
 * blocks that were seen and with the best chain at the end.
 *
 * The base of the ratio is every transaction that was accepted, plus those
 * that were rejected, except where no node could be asked while a fault was in
 * force. Transactions that were never sent do not count, nor, when the run was
 * interrupted, those still pending. When somebody asked to judge at once, those
 * pending could have gone either way: where they decide, it is unknown.
 */
#include <inttypes.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/common.h"
#include "util/clock.h"
#include "util/hist.h"
#include "util/map.h"
#include "util/units.h"

#define MAX_TXS        4000000u
#define MAX_SHOWN      10u
#define FAULT_SLACK_NS (10 * NS_PER_S) /* a request may fail this long after what made it fail */
#define NO_NODE_TO_ASK "no node could be asked" /* how the workload begins such a reason */

struct seen_tx {
	struct id32 hash;
	bool sent;    /* by a workload; else just seen in a block */
	bool excused; /* rejected for want of a node, under a fault */
	enum tx_state state;
	int node;
	uint64_t t_ns; /* when it was accepted or rejected */
	char *reason;  /* of a rejection */
	size_t n_blocks;
	struct id32 block;   /* the first one */
	struct id32 *others; /* n_blocks - 1 more, owned */
};

struct state {
	struct map *txs; /* by hash; owns them */
	bool overflow;
	bool at_once; /* somebody asked to judge without waiting */
	uint64_t submitted, rejected, excused, included; /* as they come, for peek */
	struct hist latency;
};

static const struct option options[] = {
	{ .name = "min_ratio",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct tx_inclusion_config, min_ratio),
		.def = "0.95",
		.dmin = 0,
		.dmax = 1,
		.help = "Least share of the transactions that must be on the chain at the end" },
	{ .name = "max_p99",
		.type = OPTION_DURATION,
		.offset = offsetof(struct tx_inclusion_config, max_p99_ns),
		.def = "0",
		.help = "99 % must be seen in a block this long after they were due; 0: any time" },
	{ .name = NULL },
};

static void free_tx(void *value)
{
	struct seen_tx *tx = value;
	free(tx->reason);
	free(tx->others);
	free(tx);
}

static void init(struct check *c)
{
	struct state *s = c->state;
	s->txs = map_new(free_tx);
	hist_init(&s->latency);
}

static void release(struct check *c)
{
	struct state *s = c->state;
	map_free(s->txs);
	hist_release(&s->latency);
}

/* NULL when there are too many to follow. */
static struct seen_tx *tx_of(struct state *s, const struct id32 *hash)
{
	struct seen_tx *tx = map_get(s->txs, hash->b, sizeof(hash->b));
	if (tx)
		return tx;
	if (map_len(s->txs) >= MAX_TXS) {
		s->overflow = true;
		return NULL;
	}
	tx = xcalloc(1, sizeof(*tx));
	tx->hash = *hash;
	tx->node = -1;
	map_put(s->txs, tx->hash.b, sizeof(tx->hash.b), tx);
	return tx;
}

static void add_block(struct seen_tx *tx, const struct id32 *block)
{
	if (tx->n_blocks++ == 0) {
		tx->block = *block;
		return;
	}
	tx->others = xrealloc_array(tx->others, tx->n_blocks - 1, sizeof(*tx->others));
	tx->others[tx->n_blocks - 2] = *block;
}

static void observe_rejected(
	struct state *s, const struct event *ev, const struct model *m, struct seen_tx *tx)
{
	const char *reason = ev->u.tx.reason;
	s->rejected++;
	tx->reason = xstrdup(reason);
	if (reason && strncmp(reason, NO_NODE_TO_ASK, strlen(NO_NODE_TO_ASK)) == 0 &&
		check_fault_near(m, ev->t_ns, FAULT_SLACK_NS)) {
		tx->excused = true;
		s->excused++;
	}
}

static void observe_tx(struct state *s, const struct event *ev, const struct model *m)
{
	struct seen_tx *tx = tx_of(s, &ev->u.tx.hash);
	if (!tx)
		return;
	bool is_first = !tx->sent;
	tx->sent = true;
	tx->state = ev->u.tx.state;
	if (ev->u.tx.state == TX_INCLUDED) {
		s->included++;
		hist_record(&s->latency, ev->u.tx.latency_ns);
	}
	if (!is_first)
		return;
	tx->node = ev->node;
	tx->t_ns = ev->t_ns;
	if (ev->u.tx.state == TX_REJECTED)
		observe_rejected(s, ev, m, tx);
	else
		s->submitted++;
}

static void observe(struct check *c, const struct event *ev, const struct model *m)
{
	struct state *s = c->state;
	s->at_once = s->at_once || check_judges_at_once(ev);
	if (ev->kind == EVENT_TX) {
		observe_tx(s, ev, m);
	} else if (ev->kind == EVENT_BLOCK) {
		for (size_t i = 0; i < ev->u.block.n_txs; i++) {
			struct seen_tx *tx = tx_of(s, &ev->u.block.txs[i]);
			if (tx)
				add_block(tx, &ev->u.block.id);
		}
	}
}

static void peek(struct check *c, const struct model *m, struct check_result *r)
{
	(void)m;
	const struct state *s = c->state;
	uint64_t base = s->submitted + s->rejected - s->excused;
	if (base == 0)
		check_set(r, VERDICT_PENDING, "nothing submitted yet");
	else /* what is pending may still come, so only the end can tell a failure */
		check_set(
			r, VERDICT_PASSING, "%" PRIu64 "/%" PRIu64 " included", s->included, base);
}

/* --- the end -------------------------------------------------------------------------- */

struct missing_from {
	int node;
	uint64_t n;
};

struct tally {
	const struct model *m;
	struct map *on_chain;    /* ids of the best chain's blocks, as keys */
	uint64_t chain_end_slot; /* of the oldest of them */
	bool chain_is_whole;
	bool interrupted, at_once;
	uint64_t base, on, untold, undecided, pending_excused;
	uint64_t n_missing, missing_rejected, missing_pending, missing_off_chain;
	uint64_t first_ns, last_ns; /* of the missing ones */
	const struct seen_tx *shown[MAX_SHOWN];
	size_t n_shown;
	VEC(struct missing_from) from;
	const struct seen_tx *twice; /* on the chain more than once */
	uint64_t n_twice;
};

static void walk_best_chain(struct tally *t)
{
	const struct view_block *b = chain_view_best(t->m->chain);
	for (size_t i = 0; b && i <= CHAIN_VIEW_MAX; i++) {
		map_put(t->on_chain, b->id.b, sizeof(b->id.b), t);
		t->chain_end_slot = b->slot;
		t->chain_is_whole = b->has_height && b->height <= 1;
		b = b->parent_block;
	}
}

enum place { PLACE_ON, PLACE_OFF, PLACE_UNTOLD };

static enum place place_of(const struct tally *t, const struct id32 *block)
{
	if (map_get(t->on_chain, block->b, sizeof(block->b)))
		return PLACE_ON;
	const struct view_block *b = chain_view_find(t->m->chain, block);
	if (!b)
		return PLACE_UNTOLD; /* so old that it was dropped */
	return !t->chain_is_whole && b->slot < t->chain_end_slot ? PLACE_UNTOLD : PLACE_OFF;
}

static void count_missing(struct tally *t, const struct seen_tx *tx)
{
	size_t i = 0;
	t->n_missing++;
	t->missing_rejected += tx->state == TX_REJECTED;
	t->missing_pending += tx->state == TX_SUBMITTED;
	t->missing_off_chain += tx->n_blocks > 0;
	t->first_ns = t->n_missing == 1 ? tx->t_ns : MIN(t->first_ns, tx->t_ns);
	t->last_ns = MAX(t->last_ns, tx->t_ns);
	if (t->n_shown < MAX_SHOWN)
		t->shown[t->n_shown++] = tx;
	while (i < t->from.len && t->from.items[i].node != tx->node)
		i++;
	if (i == t->from.len) {
		struct missing_from f = { .node = tx->node };
		vec_push(&t->from, f);
	}
	t->from.items[i].n++;
}

static int tally_tx(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	const struct seen_tx *tx = value;
	struct tally *t = arg;
	uint64_t on = 0, untold = 0;

	if (!tx->sent || (tx->excused && tx->n_blocks == 0))
		return 0;
	for (size_t i = 0; i < tx->n_blocks; i++) {
		enum place p = place_of(t, i == 0 ? &tx->block : &tx->others[i - 1]);
		on += p == PLACE_ON;
		untold += p == PLACE_UNTOLD;
	}
	if (on == 0 && untold == 0 && t->interrupted && tx->state == TX_SUBMITTED) {
		t->pending_excused++;
		return 0;
	}
	t->base++;
	if (on > 1) {
		t->n_twice++;
		t->twice = t->twice ? t->twice : tx;
	}
	if (on > 0)
		t->on++;
	else if (untold > 0)
		t->untold++;
	else if (t->at_once && tx->state == TX_SUBMITTED)
		t->undecided++;
	else
		count_missing(t, tx);
	return 0;
}

/* What the missing ones have in common. */
static void add_pattern(const struct tally *t, struct check_result *r)
{
	if (t->n_missing == 0)
		return;
	check_add(r, "; %" PRIu64 " not included", t->n_missing);
	if (t->missing_rejected == t->n_missing && t->shown[0]->reason)
		check_add(r, ": all were rejected, as \"%.60s\"", t->shown[0]->reason);
	else if (t->from.len == 1 && t->from.items[0].node >= 0 && t->missing_rejected == 0)
		check_add(
			r, ": all were accepted by %s", check_node(t->m, t->from.items[0].node).s);
	else if (t->missing_off_chain == t->n_missing)
		check_add(r, ": all were in blocks that left the chain");
	else if (t->missing_pending > 0 || t->missing_rejected > 0)
		check_add(r, " (%" PRIu64 " rejected, %" PRIu64 " pending)", t->missing_rejected,
			t->missing_pending);
	check_add(r, ", between %s and %s", check_at(t->first_ns).s, check_at(t->last_ns).s);
}

static void decide(const struct check *c, const struct tally *t, struct check_result *r)
{
	const struct tx_inclusion_config *config = c->config;
	const struct state *s = c->state;
	double ratio = t->base ? (double)t->on / (double)t->base : 0;
	double at_best = t->base ? (double)(t->on + t->untold + t->undecided) / (double)t->base : 0;
	uint64_t p99 = hist_quantile(&s->latency, 0.99);

	if (t->n_twice > 0) {
		check_set(r, VERDICT_FAIL,
			"%" PRIu64 " transaction%s on the chain more than once, %s for one",
			t->n_twice, plural_s(t->n_twice), check_id(&t->twice->hash).s);
	} else if (t->base == 0) {
		check_set(r, VERDICT_UNKNOWN, "no transaction was submitted");
	} else if (at_best < config->min_ratio) {
		check_set(r, VERDICT_FAIL,
			"%" PRIu64 " of %" PRIu64 " included (%.1f %%), at least %g %% wanted",
			t->on, t->base, 100 * ratio, 100 * config->min_ratio);
		add_pattern(t, r);
	} else if (t->undecided > 0 && ratio < config->min_ratio) {
		check_set(r, VERDICT_UNKNOWN,
			"%" PRIu64 " of %" PRIu64 " included, but %" PRIu64
			" were still pending when it was to be judged at once",
			t->on, t->base, t->undecided);
	} else if (s->overflow || ratio < config->min_ratio) {
		check_set(r, VERDICT_UNKNOWN,
			"%" PRIu64 " of %" PRIu64 " included, but for %" PRIu64
			" more the block tree is too incomplete to tell",
			t->on, t->base, t->untold);
	} else if (config->max_p99_ns > 0 && p99 > config->max_p99_ns) {
		check_set(r, VERDICT_FAIL,
			"99 %% were included within %s of being due, at most %s wanted",
			check_human(p99).s, check_human(config->max_p99_ns).s);
	} else {
		check_set(r, VERDICT_PASS,
			"%" PRIu64 " of %" PRIu64 " included (%.1f %%), at least %g %% wanted",
			t->on, t->base, 100 * ratio, 100 * config->min_ratio);
		add_pattern(t, r);
	}
}

static void write_evidence(const struct check *c, const struct tally *t, struct strbuf *out)
{
	const struct state *s = c->state;
	struct jw w;
	jw_init(&w, out, 0);
	jw_object(&w);
	jw_ku64(&w, "submitted", s->submitted);
	jw_ku64(&w, "rejected", s->rejected);
	jw_ku64(&w, "rejected_excused", s->excused);
	jw_ku64(&w, "pending_excused", t->pending_excused);
	jw_ku64(&w, "base", t->base);
	jw_ku64(&w, "on_chain", t->on);
	jw_ku64(&w, "cannot_tell", t->untold);
	jw_ku64(&w, "pending_at_once", t->undecided);
	jw_ku64(&w, "missing", t->n_missing);
	jw_ku64(&w, "missing_seen_off_chain", t->missing_off_chain);
	jw_ku64(&w, "included_twice", t->n_twice);
	jw_ku64(&w, "p50_ns", hist_quantile(&s->latency, 0.5));
	jw_ku64(&w, "p99_ns", hist_quantile(&s->latency, 0.99));
	jw_key(&w, "missing_by_node");
	jw_object(&w);
	for (size_t i = 0; i < t->from.len; i++)
		jw_ku64(&w, check_node(t->m, t->from.items[i].node).s, t->from.items[i].n);
	jw_object_end(&w);
	jw_key(&w, "examples");
	jw_array(&w);
	for (size_t i = 0; i < t->n_shown; i++) {
		const struct seen_tx *tx = t->shown[i];
		jw_object(&w);
		jw_kid32(&w, "hash", &tx->hash);
		jw_kstr(&w, "state", tx_state_name(tx->state));
		jw_kstr(&w, "node", check_node(t->m, tx->node).s);
		jw_ku64(&w, "t_ns", tx->t_ns);
		if (tx->reason)
			jw_kstr(&w, "reason", tx->reason);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	if (t->twice)
		jw_kid32(&w, "twice", &t->twice->hash);
	jw_object_end(&w);
}

static void judge(struct check *c, const struct model *m, struct check_result *r)
{
	struct state *s = c->state;
	const struct model_phase *drive = &m->phases[PHASE_DRIVE];
	struct tally t = {
		.m = m, .interrupted = !drive->ended || !drive->ok, .at_once = s->at_once
	};

	t.on_chain = map_new(NULL);
	walk_best_chain(&t);
	map_each(s->txs, tally_tx, &t);
	decide(c, &t, r);
	write_evidence(c, &t, &r->evidence);
	map_free(t.on_chain);
	vec_free(&t.from);
}

const struct check_ops tx_inclusion_check = {
	.name = "tx_inclusion",
	.summary = "Submitted transactions are in the chain at the end, once each",
	.config_size = sizeof(struct tx_inclusion_config),
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
