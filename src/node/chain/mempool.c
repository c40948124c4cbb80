/*
 * The pool is a list plus an overlay ledger with the effect of all its
 * transactions; see mempool.h. So any prefix of the list can go into a block.
 * Signatures are verified once: note ids commit to their owner, hence a
 * transaction that was signed right stays so on every branch.
 */
#include "node/chain/mempool.h"

#include <string.h>

#include "util/map.h"
#include "util/mem.h"

struct entry {
	struct tx *tx;
	size_t bytes;
	bool verified;
	struct entry *prev, *next;
	/* waiting only */
	struct id32 need; /* note or message id */
	uint64_t since_slot;
	struct entry *next_needy; /* waits for the same */
};

struct list {
	struct entry *first, *last;
	size_t len, bytes;
};

struct mempool {
	const struct ledger *base;
	struct ledger *overlay;
	struct list pending;
	struct map *by_hash; /* pending; hash -> entry */
	struct list waiting; /* oldest first */
	struct map *by_need; /* need -> first entry that waits for it */
	void (*on_promoted)(void *arg, const struct tx *tx);
	void *arg;
};

/* --- lists -------------------------------------------------------------------------- */

static void list_append(struct list *l, struct entry *e)
{
	e->prev = l->last;
	e->next = NULL;
	if (l->last)
		l->last->next = e;
	else
		l->first = e;
	l->last = e;
	l->len++;
	l->bytes += e->bytes;
}

static void list_remove(struct list *l, struct entry *e)
{
	if (e->prev)
		e->prev->next = e->next;
	else
		l->first = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		l->last = e->prev;
	e->prev = e->next = NULL;
	l->len--;
	l->bytes -= e->bytes;
}

static struct entry *list_pop(struct list *l)
{
	struct entry *e = l->first;
	if (!e)
		return NULL;
	l->first = e->next;
	if (l->first)
		l->first->prev = NULL;
	else
		l->last = NULL;
	e->next = NULL;
	l->len--;
	l->bytes -= e->bytes;
	return e;
}

static struct entry *entry_new(struct tx *tx)
{
	struct entry *e = xcalloc(1, sizeof(*e));
	e->tx = tx;
	e->bytes = tx_encoded_len(tx);
	return e;
}

static void entry_free(struct entry *e)
{
	tx_free(e->tx);
	free(e);
}

static void list_clear(struct list *l)
{
	for (struct entry *e; (e = list_pop(l)) != NULL;)
		entry_free(e);
}

struct mempool *mempool_new(const struct ledger *base)
{
	struct mempool *m = xcalloc(1, sizeof(*m));
	m->base = base;
	m->overlay = ledger_new_overlay(base);
	m->by_hash = map_new(NULL);
	m->by_need = map_new(NULL);
	return m;
}

void mempool_free(struct mempool *m)
{
	if (!m)
		return;
	list_clear(&m->pending);
	list_clear(&m->waiting);
	map_free(m->by_hash);
	map_free(m->by_need);
	ledger_free(m->overlay);
	free(m);
}

void mempool_on_promoted(struct mempool *m, void (*fn)(void *arg, const struct tx *tx), void *arg)
{
	m->on_promoted = fn;
	m->arg = arg;
}

/* --- waiting room ------------------------------------------------------------------- */

static struct entry *needy_first(const struct mempool *m, const struct id32 *need)
{
	return map_get(m->by_need, need->b, sizeof(need->b));
}

/* It waits for nothing from now on. */
static void drop_need(struct mempool *m, struct entry *e)
{
	struct entry *first = needy_first(m, &e->need);
	if (first == e) {
		if (e->next_needy)
			map_put(m->by_need, e->need.b, sizeof(e->need.b), e->next_needy);
		else
			map_del(m->by_need, e->need.b, sizeof(e->need.b));
	} else {
		while (first && first->next_needy != e)
			first = first->next_needy;
		if (first)
			first->next_needy = e->next_needy;
	}
	e->next_needy = NULL;
}

static void waiting_remove(struct mempool *m, struct entry *e)
{
	drop_need(m, e);
	list_remove(&m->waiting, e);
}

static void waiting_drop_oldest(struct mempool *m)
{
	struct entry *e = list_pop(&m->waiting);
	if (!e)
		return;
	drop_need(m, e);
	entry_free(e);
}

static bool same_signatures(const struct tx *a, const struct tx *b)
{
	/* equal hashes: the same operations */
	for (size_t i = 0; i < a->n_ops; i++) {
		if (memcmp(a->ops[i].sig, b->ops[i].sig, sizeof(a->ops[i].sig)) != 0)
			return false;
	}
	return true;
}

static void waiting_add(
	struct mempool *m, struct entry *e, const struct id32 *need, uint64_t now_slot)
{
	struct entry *first = needy_first(m, need);
	/* signatures count, lest a forged copy keep the genuine one out */
	for (struct entry *w = first; w; w = w->next_needy) {
		if (id32_eq(&w->tx->hash, &e->tx->hash) && same_signatures(w->tx, e->tx)) {
			entry_free(e);
			return;
		}
	}
	e->need = *need;
	e->since_slot = now_slot;
	e->next_needy = first;
	map_put(m->by_need, need->b, sizeof(need->b), e);
	list_append(&m->waiting, e);
	while (m->waiting.len > MEMPOOL_MAX_WAITING || m->waiting.bytes > MEMPOOL_MAX_WAITING_BYTES)
		waiting_drop_oldest(m);
}

static void waiting_age(struct mempool *m, uint64_t now_slot)
{
	while (m->waiting.first && now_slot > MEMPOOL_WAIT_SLOTS &&
		m->waiting.first->since_slot < now_slot - MEMPOOL_WAIT_SLOTS)
		waiting_drop_oldest(m);
}

/* --- pending ------------------------------------------------------------------------ */

/* Applies to the overlay and appends; on any other verdict nothing changed. */
static enum ledger_verdict pend(
	struct mempool *m, struct entry *e, struct id32 *ret_missing, struct err *err)
{
	struct ledger_journal journal = { 0 };
	enum ledger_verdict v =
		ledger_apply(m->overlay, e->tx, e->verified, e, &journal, ret_missing, err);
	vec_free(&journal);
	if (v == LEDGER_OK) {
		e->verified = true;
		list_append(&m->pending, e);
		map_put(m->by_hash, e->tx->hash.b, sizeof(e->tx->hash.b), e);
	}
	return v;
}

static bool is_full(const struct mempool *m, size_t bytes)
{
	return m->pending.len >= MEMPOOL_MAX_TXS || m->pending.bytes + bytes > MEMPOOL_MAX_BYTES;
}

typedef VEC(struct id32) id_vec;

/* What others may have been waiting for: the notes and messages of a transaction. */
static void collect_products(const struct tx *tx, id_vec *ids)
{
	struct id32 id, op_id;
	for (size_t i = 0; i < tx->n_ops; i++) {
		const struct tx_op *op = &tx->ops[i];
		if (op->opcode == TX_OP_INSCRIBE) {
			tx_message_id(&op->u.inscribe, &id);
			vec_push(ids, id);
			continue;
		}
		tx_op_id(op, &op_id);
		for (size_t k = 0; k < op->u.transfer.n_outputs; k++) {
			tx_note_id(&op_id, (uint32_t)k, &op->u.transfer.outputs[k], &id);
			vec_push(ids, id);
		}
	}
}

/* Promotes those that wait for one of the ids, and then those that wait for these. */
static void wake(struct mempool *m, id_vec *ids, uint64_t now_slot)
{
	for (size_t i = 0; i < ids->len; i++) {
		struct entry *e;
		struct id32 id = ids->items[i], missing;
		while ((e = needy_first(m, &id)) != NULL) {
			waiting_remove(m, e);
			enum ledger_verdict v =
				is_full(m, e->bytes) ? LEDGER_INVALID : pend(m, e, &missing, NULL);
			if (v == LEDGER_OK) {
				collect_products(e->tx, ids);
				if (m->on_promoted)
					m->on_promoted(m->arg, e->tx);
			} else if (v == LEDGER_MISSING && !id32_eq(&missing, &id)) {
				waiting_add(m, e, &missing, now_slot);
			} else {
				entry_free(e);
			}
		}
	}
}

/* Then tx_check_signatures() has verified all there is. */
static bool only_inscriptions(const struct tx *tx)
{
	for (size_t i = 0; i < tx->n_ops; i++) {
		if (tx->ops[i].opcode != TX_OP_INSCRIBE)
			return false;
	}
	return true;
}

static enum mempool_result refuse(struct entry *e)
{
	entry_free(e);
	return MEMPOOL_REFUSED;
}

enum mempool_result mempool_add(
	struct mempool *m, struct tx *tx, bool wait, uint64_t now_slot, struct err *err)
{
	waiting_age(m, now_slot);
	if (mempool_find(m, &tx->hash)) {
		tx_free(tx);
		return MEMPOOL_KNOWN;
	}
	struct entry *e = entry_new(tx);
	if (is_full(m, e->bytes)) {
		err_set(err, ERR_LIMIT,
			"the mempool is full (%zu transactions, %zu bytes): try again after the "
			"next "
			"block",
			m->pending.len, m->pending.bytes);
		return refuse(e);
	}
	if (tx_check_shape(tx, err) != 0 || tx_check_signatures(tx, err) != 0)
		return refuse(e);
	e->verified = only_inscriptions(tx);
	struct id32 missing;
	struct err why = { 0 };
	switch (pend(m, e, &missing, &why)) {
	case LEDGER_OK:
		break;
	case LEDGER_MISSING:
		if (wait) {
			waiting_add(m, e, &missing, now_slot);
			return MEMPOOL_WAITING;
		}
		__attribute__((fallthrough));
	default:
		if (err)
			*err = why;
		return refuse(e);
	}
	id_vec ids = { 0 };
	collect_products(tx, &ids);
	wake(m, &ids, now_slot);
	vec_free(&ids);
	return MEMPOOL_ADDED;
}

/* --- the tip moved ------------------------------------------------------------------ */

/* Validates everything anew on an empty overlay; what no longer applies goes. */
static void rebuild(struct mempool *m, uint64_t now_slot)
{
	struct list old = m->pending;
	m->pending = (struct list){ 0 };
	map_free(m->by_hash);
	m->by_hash = map_new(NULL);
	ledger_free(m->overlay);
	m->overlay = ledger_new_overlay(m->base);
	for (struct entry *e; (e = list_pop(&old)) != NULL;) {
		struct id32 missing;
		enum ledger_verdict v =
			is_full(m, e->bytes) ? LEDGER_INVALID : pend(m, e, &missing, NULL);
		if (v == LEDGER_MISSING)
			waiting_add(m, e, &missing, now_slot);
		else if (v == LEDGER_INVALID)
			entry_free(e);
	}
}

void mempool_block_added(struct mempool *m, const struct block *b, uint64_t now_slot)
{
	bool conflict = false;
	id_vec ids = { 0 };
	for (size_t i = 0; i < b->n_txs; i++) {
		const struct tx *tx = b->txs[i];
		struct entry *e = map_get(m->by_hash, tx->hash.b, sizeof(tx->hash.b));
		if (e) {
			ledger_absorb(m->overlay, tx);
			map_del(m->by_hash, tx->hash.b, sizeof(tx->hash.b));
			list_remove(&m->pending, e);
			entry_free(e);
		} else if (ledger_conflicts(m->overlay, tx)) {
			conflict = true;
		}
		if (m->waiting.len > 0)
			collect_products(tx, &ids);
	}
	if (conflict)
		rebuild(m, now_slot);
	wake(m, &ids, now_slot);
	vec_free(&ids);
	waiting_age(m, now_slot);
}

void mempool_rebase(struct mempool *m, struct tx **returned, size_t n, uint64_t now_slot)
{
	struct list all = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct entry *e = entry_new(returned[i]);
		e->verified = true; /* it was in a valid block */
		list_append(&all, e);
	}
	for (struct entry *e; (e = list_pop(&m->pending)) != NULL;)
		list_append(&all, e);
	/* what waited may have its input on the new branch */
	map_free(m->by_need);
	m->by_need = map_new(NULL);
	for (struct entry *e; (e = list_pop(&m->waiting)) != NULL;) {
		e->next_needy = NULL;
		list_append(&all, e);
	}
	m->pending = all;
	rebuild(m, now_slot);
	waiting_age(m, now_slot);
}

/* --- questions ---------------------------------------------------------------------- */

size_t mempool_len(const struct mempool *m)
{
	return m->pending.len;
}

size_t mempool_n_waiting(const struct mempool *m)
{
	return m->waiting.len;
}

const struct tx *mempool_find(const struct mempool *m, const struct id32 *hash)
{
	const struct entry *e = map_get(m->by_hash, hash->b, sizeof(hash->b));
	return e ? e->tx : NULL;
}

bool mempool_vouches(const struct mempool *m, const struct tx *tx)
{
	const struct tx *pending = mempool_find(m, &tx->hash);
	return pending && same_signatures(pending, tx);
}

void mempool_each(const struct mempool *m, bool (*fn)(void *arg, const struct tx *tx), void *arg)
{
	for (const struct entry *e = m->pending.first; e; e = e->next) {
		if (!fn(arg, e->tx))
			return;
	}
}
