/*
 * The links of the fake backend: every node is linked to every other, and a
 * rule says what happens to messages from one to another. Without rules nothing
 * here has a say, so that a run without them goes as it always did. Net thread.
 *
 * Once links have been shaped, nodes also compare their tips with those of
 * their neighbours once a slot. That is how a block finds its way around a
 * link that is cut, and how a lost one is made good.
 */
#include <stdio.h>

#include "backends/fake.h"
#include "util/rng.h"

#define GOSSIP_MIN_NS (5 * NS_PER_MS)
#define GOSSIP_MAX_NS (40 * NS_PER_MS)

static const struct link_rule *rule_of(const struct fake *f, unsigned from, unsigned to)
{
	const struct fake_pair key = { from, to };
	return f->links ? map_get(f->links, &key, sizeof(key)) : NULL;
}

bool fake_link_is_cut(const struct fake *f, unsigned from, unsigned to)
{
	const struct link_rule *rule = rule_of(f, from, to);
	return rule && rule->cut;
}

void fake_link_set(struct fake *f, unsigned from, unsigned to, const struct link_rule *rule)
{
	const struct fake_pair key = { from, to };
	bool none = !rule->cut && !rule->delay_ns && !rule->jitter_ns && rule->loss <= 0;

	if (!f->links)
		f->links = map_new(free);
	if (none)
		map_del(f->links, &key, sizeof(key));
	else
		map_put(f->links, &key, sizeof(key), xmemdup(rule, sizeof(*rule)));
}

/* Evenly from delay - jitter to delay + jitter, but not before now. */
static uint64_t delay_of(const struct link_rule *rule, struct rng *r)
{
	if (!rule->jitter_ns)
		return rule->delay_ns;
	uint64_t at = rule->delay_ns + rng_range(r, 0, 2 * rule->jitter_ns);
	return at > rule->jitter_ns ? at - rule->jitter_ns : 0;
}

bool fake_link_passes(const struct fake *f, const char *what, uint64_t n, unsigned from,
	unsigned to, uint64_t *delay_ns)
{
	const struct link_rule *rule = rule_of(f, from, to);
	char label[32];

	if (!rule)
		return true;
	if (rule->cut)
		return false;
	snprintf(label, sizeof(label), "link-%s", what);
	struct rng r = fake_draw(f, label, n, from, to);
	if (rng_unit(&r) < rule->loss)
		return false;
	*delay_ns += delay_of(rule, &r);
	return true;
}

/* --- blocks ------------------------------------------------------------------------------ */

struct delivery {
	unsigned to, block;
};

static void deliver(struct fake *f, void *arg)
{
	const struct delivery *d = arg;
	if (fake_is_connected(f, d->to))
		fake_learn(f, d->to, d->block);
}

void fake_link_send(struct fake *f, const char *what, unsigned from, unsigned to, unsigned block)
{
	struct rng r = fake_draw(f, what, f->slot, from, to);
	uint64_t delay = rng_range(&r, GOSSIP_MIN_NS, GOSSIP_MAX_NS);

	if (!fake_link_passes(f, what, f->slot, from, to, &delay))
		return;
	struct delivery *d = xmalloc(sizeof(*d));
	*d = (struct delivery){ to, block };
	fake_run_later(f, delay, deliver, d, free);
}

static uint64_t height_of(const struct fake *f, unsigned node)
{
	return f->chain.blocks.items[f->chain.views.items[node]->tip]->height;
}

void fake_links_sync(struct fake *f)
{
	for (unsigned to = 0; f->links && to < f->nodes.len; to++) {
		for (unsigned from = 0; from < f->nodes.len && fake_is_connected(f, to); from++) {
			if (from != to && fake_is_connected(f, from) &&
				height_of(f, from) > height_of(f, to))
				fake_link_send(
					f, "sync", from, to, f->chain.views.items[from]->tip);
		}
	}
}

/* --- transactions ------------------------------------------------------------------------- */

struct tx_delivery {
	unsigned to, tx;
};

static void deliver_tx(struct fake *f, void *arg)
{
	const struct tx_delivery *d = arg;
	if (fake_is_connected(f, d->to) && !fake_hits(f, &f->drop, d->to))
		fake_chain_pool_add(&f->chain, d->to, d->tx);
}

static void send_tx(struct fake *f, unsigned to, unsigned tx, uint64_t delay_ns)
{
	struct tx_delivery d = { to, tx };
	if (delay_ns == 0)
		deliver_tx(f, &d);
	else
		fake_run_later(f, delay_ns, deliver_tx, xmemdup(&d, sizeof(d)), free);
}

void fake_links_spread(struct fake *f, unsigned node, unsigned tx)
{
	size_t n = f->nodes.len, first = 0, last = 0;
	CLEANUP_FREE unsigned *queue = xcalloc(n, sizeof(*queue));
	CLEANUP_FREE uint64_t *delay = xcalloc(n, sizeof(*delay));
	CLEANUP_FREE bool *reached = xcalloc(n, sizeof(*reached));

	queue[last++] = node;
	reached[node] = true;
	while (first < last) {
		unsigned from = queue[first++];
		for (unsigned to = 0; to < n && fake_is_connected(f, from); to++) {
			uint64_t after = delay[from];
			if (reached[to] || !fake_is_connected(f, to) ||
				!fake_link_passes(f, "tx", tx, from, to, &after))
				continue;
			reached[to] = true;
			delay[to] = after;
			queue[last++] = to;
			send_tx(f, to, tx, after);
		}
	}
}
