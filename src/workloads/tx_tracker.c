/* Transactions by hash, their transitions and counts; see tx_tracker.h. */
#include "workloads/tx_tracker.h"

#include <string.h>

#include "util/map.h"

#define MISSES_TO_DROP 2

struct tx_tracker {
	struct tx_tracker_options opt;
	struct map *by_hash;         /* owns the items */
	struct tx_item_list pending; /* in the order in which they were accepted */
	struct tx_item_list lost;    /* oldest first */
	size_t n_lost;
	struct workload_counts counts;
	struct hist submit, include;
};

static void free_value(void *it)
{
	tx_item_free(it);
}

struct tx_tracker *tx_tracker_new(const struct tx_tracker_options *opt)
{
	struct tx_tracker *t = xcalloc(1, sizeof(*t));
	t->opt = *opt;
	t->by_hash = map_new(free_value);
	TAILQ_INIT(&t->pending);
	TAILQ_INIT(&t->lost);
	hist_init(&t->submit);
	hist_init(&t->include);
	return t;
}

void tx_tracker_free(struct tx_tracker *t)
{
	if (!t)
		return;
	map_free(t->by_hash);
	hist_release(&t->submit);
	hist_release(&t->include);
	free(t);
}

struct tx_item *tx_tracker_find(const struct tx_tracker *t, const struct id32 *hash)
{
	return map_get(t->by_hash, hash->b, sizeof(hash->b));
}

int tx_tracker_add(struct tx_tracker *t, struct tx_item *it, struct err *err)
{
	char hex[ID32_HEX];
	if (tx_tracker_find(t, &it->hash))
		return err_set(err, ERR_INTERNAL, "transaction %s was built twice",
			id32_hex(&it->hash, hex));
	it->state = TX_ITEM_SENDING;
	map_put(t->by_hash, it->hash.b, sizeof(it->hash.b), it);
	return 0;
}

static void unlist(struct tx_tracker *t, struct tx_item *it)
{
	if (it->state == TX_ITEM_PENDING) {
		TAILQ_REMOVE(&t->pending, it, link);
		t->counts.pending--;
	} else if (it->state == TX_ITEM_LOST) {
		TAILQ_REMOVE(&t->lost, it, link);
		t->n_lost--;
	}
}

void tx_tracker_remove(struct tx_tracker *t, struct tx_item *it)
{
	unlist(t, it);
	map_del(t->by_hash, it->hash.b, sizeof(it->hash.b));
}

static uint64_t latency(const struct tx_item *it, uint64_t at_ns)
{
	return at_ns > it->slot.due_ns ? at_ns - it->slot.due_ns : 0;
}

static void include(struct tx_tracker *t, struct tx_item *it)
{
	uint64_t took = latency(it, it->seen_ns);
	unlist(t, it);
	it->state = TX_ITEM_INCLUDED;
	t->counts.included++;
	hist_record(&t->include, took);
	t->opt.report(it, TX_INCLUDED, took, NULL, t->opt.arg);
}

void tx_tracker_accepted(struct tx_tracker *t, struct tx_item *it, uint64_t now_ns)
{
	uint64_t took = latency(it, now_ns);
	it->state = TX_ITEM_PENDING;
	it->accepted_ns = now_ns;
	it->next_poll_ns = now_ns + t->opt.poll_after_ns;
	free(TAKE_PTR(it->body));
	TAILQ_INSERT_TAIL(&t->pending, it, link);
	t->counts.submitted++;
	t->counts.pending++;
	hist_record(&t->submit, took);
	t->opt.report(it, TX_SUBMITTED, took, NULL, t->opt.arg);
	if (it->n_blocks > 0)
		include(t, it);
}

void tx_tracker_rejected(
	struct tx_tracker *t, struct tx_item *it, const char *reason, uint64_t now_ns)
{
	if (it->n_blocks > 0) {
		tx_tracker_accepted(t, it, now_ns);
		return;
	}
	t->counts.rejected++;
	t->opt.report(it, TX_REJECTED, latency(it, now_ns), reason, t->opt.arg);
}

void tx_tracker_seen(
	struct tx_tracker *t, struct tx_item *it, const struct id32 *block, uint64_t now_ns)
{
	it->blocks[it->n_blocks % TX_ITEM_BLOCKS] = *block;
	if (it->n_blocks++ == 0)
		it->seen_ns = now_ns;
	if (it->state == TX_ITEM_PENDING)
		include(t, it);
}

/* Remembered for a while: it may turn up in a block yet. */
static void lose(struct tx_tracker *t, struct tx_item *it, enum tx_state state, uint64_t now_ns)
{
	unlist(t, it);
	it->state = TX_ITEM_LOST;
	TAILQ_INSERT_TAIL(&t->lost, it, link);
	t->n_lost++;
	if (state == TX_DROPPED)
		t->counts.dropped++;
	else
		t->counts.expired++;
	t->opt.report(it, state, latency(it, now_ns), NULL, t->opt.arg);
	if (t->n_lost > MAX(t->opt.max_lost, 1u))
		tx_tracker_remove(t, TAILQ_FIRST(&t->lost));
}

uint64_t tx_tracker_next_expiry_ns(const struct tx_tracker *t)
{
	const struct tx_item *it = TAILQ_FIRST(&t->pending);
	return it ? it->accepted_ns + t->opt.expiry_ns : CLOCK_NEVER;
}

struct tx_item *tx_tracker_expire(struct tx_tracker *t, uint64_t now_ns)
{
	struct tx_item *it = TAILQ_FIRST(&t->pending);
	if (!it || tx_tracker_next_expiry_ns(t) > now_ns)
		return NULL;
	lose(t, it, TX_EXPIRED, now_ns);
	return it;
}

size_t tx_tracker_to_poll(struct tx_tracker *t, uint64_t now_ns, struct id32 *ret, size_t max)
{
	size_t n = 0;
	struct tx_item *it;
	TAILQ_FOREACH (it, &t->pending, link) {
		/* accepted in order, so nothing behind this one has been pending long enough */
		if (n == max || it->accepted_ns + t->opt.poll_after_ns > now_ns)
			break;
		if (it->next_poll_ns > now_ns)
			continue;
		it->next_poll_ns = now_ns + t->opt.poll_every_ns;
		ret[n++] = it->hash;
	}
	return n;
}

bool tx_tracker_polled(struct tx_tracker *t, struct tx_item *it, bool known, uint64_t now_ns)
{
	it->misses = known ? 0 : it->misses + 1;
	if (it->misses < MISSES_TO_DROP)
		return false;
	lose(t, it, TX_DROPPED, now_ns);
	return true;
}

size_t tx_tracker_n_pending(const struct tx_tracker *t)
{
	return t->counts.pending;
}

void tx_tracker_counts(const struct tx_tracker *t, struct workload_counts *ret)
{
	*ret = t->counts;
	ret->submit_p50_ns = hist_quantile(&t->submit, 0.5);
	ret->submit_p99_ns = hist_quantile(&t->submit, 0.99);
	ret->include_p50_ns = hist_quantile(&t->include, 0.5);
	ret->include_p99_ns = hist_quantile(&t->include, 0.99);
}

int tx_counts_balance(const struct workload_counts *c, struct err *err)
{
	if (c->planned != c->submitted + c->rejected + c->unsent)
		return err_set(err, ERR_INTERNAL,
			"counts do not balance: %llu planned, but %llu submitted + %llu rejected + "
			"%llu unsent",
			(unsigned long long)c->planned, (unsigned long long)c->submitted,
			(unsigned long long)c->rejected, (unsigned long long)c->unsent);
	if (c->submitted != c->included + c->dropped + c->expired + c->pending)
		return err_set(err, ERR_INTERNAL,
			"counts do not balance: %llu submitted, but %llu included + %llu dropped + "
			"%llu expired + %llu pending",
			(unsigned long long)c->submitted, (unsigned long long)c->included,
			(unsigned long long)c->dropped, (unsigned long long)c->expired,
			(unsigned long long)c->pending);
	return 0;
}
