/* The ledger, its rules and its journal; see ledger.h. */
#include "node/chain/ledger.h"

#include <string.h>

#include "util/map.h"

struct owner {
	struct ledger_note *first;
	size_t n_notes; /* in the list */
	size_t n_ever;  /* all that the key owns or owned */
};

struct ledger {
	const struct ledger *base; /* NULL: root */
	struct map *notes;         /* id -> struct ledger_note */
	struct map *channels;      /* id -> struct ledger_channel */
	struct map *txs;           /* hash -> where */
	struct map *owners;        /* key -> struct owner; root only */
	uint64_t supply;           /* root only */
};

/* --- storage ------------------------------------------------------------------------ */

static void *get(const struct map *m, const struct id32 *id)
{
	return map_get(m, id->b, sizeof(id->b));
}

static void put(struct map *m, const struct id32 *id, void *value)
{
	map_put(m, id->b, sizeof(id->b), value);
}

static void del(struct map *m, const struct id32 *id)
{
	map_del(m, id->b, sizeof(id->b));
}

const struct ledger_note *ledger_find_note(const struct ledger *l, const struct id32 *id)
{
	const struct ledger_note *n = get(l->notes, id);
	return n || !l->base ? n : ledger_find_note(l->base, id);
}

const struct ledger_channel *ledger_find_channel(const struct ledger *l, const struct id32 *id)
{
	const struct ledger_channel *ch = get(l->channels, id);
	return ch || !l->base ? ch : ledger_find_channel(l->base, id);
}

void *ledger_find_tx(const struct ledger *l, const struct id32 *hash)
{
	void *where = get(l->txs, hash);
	return where || !l->base ? where : ledger_find_tx(l->base, hash);
}

/* Enters a live note into its owner's list and the supply. */
static void note_link(struct ledger *l, struct ledger_note *n)
{
	if (l->base)
		return;
	l->supply += n->value;
	if (n->locked)
		return;
	struct owner *o = get(l->owners, &n->pk);
	n->prev = NULL;
	n->next = o->first;
	if (n->next)
		n->next->prev = n;
	o->first = n;
	o->n_notes++;
}

static void note_unlink(struct ledger *l, struct ledger_note *n)
{
	if (l->base)
		return;
	l->supply -= n->value;
	if (n->locked)
		return;
	struct owner *o = get(l->owners, &n->pk);
	if (n->prev)
		n->prev->next = n->next;
	else
		o->first = n->next;
	if (n->next)
		n->next->prev = n->prev;
	n->prev = n->next = NULL;
	o->n_notes--;
}

static void note_create(
	struct ledger *l, const struct id32 *id, const struct tx_output *out, bool locked)
{
	struct ledger_note *n = xcalloc(1, sizeof(*n));
	n->id = *id;
	n->pk = out->pk;
	n->value = out->value;
	n->locked = locked;
	put(l->notes, id, n);
	if (l->base)
		return;
	struct owner *o = get(l->owners, &n->pk);
	if (!o) {
		o = xcalloc(1, sizeof(*o));
		put(l->owners, &n->pk, o);
	}
	o->n_ever++;
	note_link(l, n);
}

static void note_uncreate(struct ledger *l, const struct id32 *id)
{
	struct ledger_note *n = get(l->notes, id);
	if (!l->base) {
		note_unlink(l, n);
		struct owner *o = get(l->owners, &n->pk);
		if (--o->n_ever == 0)
			del(l->owners, &n->pk);
	}
	del(l->notes, id);
}

static void note_spend(struct ledger *l, const struct ledger_note *note)
{
	struct ledger_note *n = get(l->notes, &note->id);
	if (!n) {
		n = xmemdup(note, sizeof(*note));
		n->borrowed = true;
		n->prev = n->next = NULL;
		put(l->notes, &n->id, n);
	}
	n->spent = true;
	note_unlink(l, n);
}

static void note_unspend(struct ledger *l, const struct id32 *id)
{
	struct ledger_note *n = get(l->notes, id);
	if (n->borrowed) {
		del(l->notes, id);
		return;
	}
	n->spent = false;
	note_link(l, n);
}

static void channel_set(
	struct ledger *l, const struct id32 *id, const struct id32 *tip, const struct id32 *signer)
{
	struct ledger_channel *ch = get(l->channels, id);
	if (!ch) {
		ch = xcalloc(1, sizeof(*ch));
		ch->signer = *signer;
		put(l->channels, id, ch);
	}
	ch->tip = *tip;
}

static void channel_move_back(struct ledger *l, const struct id32 *id, const struct id32 *old_tip)
{
	struct ledger_channel *ch = get(l->channels, id);
	ch->tip = *old_tip;
}

/* --- life --------------------------------------------------------------------------- */

static struct ledger *ledger_new(const struct ledger *base)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	l->base = base;
	l->notes = map_new(free);
	l->channels = map_new(free);
	l->txs = map_new(NULL);
	l->owners = base ? NULL : map_new(free);
	return l;
}

struct ledger *ledger_new_overlay(const struct ledger *base)
{
	return ledger_new(base);
}

struct ledger *ledger_new_root(const struct genesis *g)
{
	struct ledger *l = ledger_new(NULL);
	struct id32 op_id, note_id;
	genesis_op_id(g, &op_id);
	for (size_t i = 0; i < g->n_stakes + g->n_notes; i++) {
		bool stake = i < g->n_stakes;
		const struct tx_output *out = stake ? &g->stakes[i] : &g->notes[i - g->n_stakes];
		tx_note_id(&op_id, (uint32_t)i, out, &note_id);
		note_create(l, &note_id, out, stake);
	}
	return l;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	map_free(l->notes);
	map_free(l->channels);
	map_free(l->txs);
	map_free(l->owners);
	free(l);
}

/* --- rules -------------------------------------------------------------------------- */

static void record(struct ledger_journal *j, enum ledger_change_kind kind, const struct id32 *id,
	const struct id32 *old_tip)
{
	struct ledger_change c = { .kind = kind, .id = *id };
	if (old_tip)
		c.old_tip = *old_tip;
	vec_push(j, c);
}

struct application {
	struct ledger *l;
	const struct tx *tx;
	bool verified;
	struct ledger_journal *journal;
	struct id32 *missing;
	struct err *err;
};

static enum ledger_verdict invalid_signature(const struct application *a, size_t op)
{
	err_set(a->err, ERR_PROTOCOL, "Invalid signature for operation at index %zu", op);
	return LEDGER_INVALID;
}

/* The note of an input, when it may be spent. */
static enum ledger_verdict spendable(
	const struct application *a, const struct id32 *id, const struct ledger_note **ret)
{
	char hex[ID32_HEX];
	const struct ledger_note *n = ledger_find_note(a->l, id);
	*ret = n;
	if (!n) {
		*a->missing = *id;
		err_set(a->err, ERR_PROTOCOL, "unknown input %s", id32_hex(id, hex));
		return LEDGER_MISSING;
	}
	if (n->spent) {
		err_set(a->err, ERR_PROTOCOL, "double spend of note %s: it is spent already",
			id32_hex(id, hex));
		return LEDGER_INVALID;
	}
	if (n->locked) {
		err_set(a->err, ERR_PROTOCOL, "note %s is stake and cannot be spent",
			id32_hex(id, hex));
		return LEDGER_INVALID;
	}
	return LEDGER_OK;
}

static enum ledger_verdict apply_transfer(const struct application *a, size_t op)
{
	const struct tx_transfer *t = &a->tx->ops[op].u.transfer;
	const struct ledger_note *n = NULL;
	struct id32 owner = { { 0 } };
	uint64_t in = 0, out = 0;
	for (size_t i = 0; i < t->n_inputs; i++) {
		enum ledger_verdict v = spendable(a, &t->inputs[i], &n);
		if (v != LEDGER_OK)
			return v;
		if (i > 0 && !id32_eq(&owner, &n->pk)) {
			err_set(a->err, ERR_PROTOCOL,
				"inputs of operation at index %zu belong to different keys", op);
			return LEDGER_INVALID;
		}
		owner = n->pk;
		/* cannot wrap: the supply fits, and no note counts twice */
		in += n->value;
		record(a->journal, LEDGER_NOTE_SPENT, &t->inputs[i], NULL);
		note_spend(a->l, n);
	}
	for (size_t i = 0; i < t->n_outputs; i++)
		out += t->outputs[i].value;
	if (in != out) {
		err_set(a->err, ERR_PROTOCOL, "transfer is not balanced: in %llu, out %llu",
			(unsigned long long)in, (unsigned long long)out);
		return LEDGER_INVALID;
	}
	if (!a->verified && !tx_verify_op(a->tx, op, &owner))
		return invalid_signature(a, op);
	struct id32 op_id, note_id;
	tx_op_id(&a->tx->ops[op], &op_id);
	for (size_t i = 0; i < t->n_outputs; i++) {
		tx_note_id(&op_id, (uint32_t)i, &t->outputs[i], &note_id);
		record(a->journal, LEDGER_NOTE_CREATED, &note_id, NULL);
		note_create(a->l, &note_id, &t->outputs[i], false);
	}
	return LEDGER_OK;
}

static enum ledger_verdict wrong_parent(
	const struct application *a, const struct tx_inscribe *ins, const struct ledger_channel *ch)
{
	char channel[ID32_HEX], parent[ID32_HEX], tip[ID32_HEX];
	id32_hex(&ins->channel, channel);
	if (!ch)
		err_set(a->err, ERR_PROTOCOL,
			"channel %s does not exist: its first inscription has parent zero, not %s",
			channel, id32_hex(&ins->parent, parent));
	else
		err_set(a->err, ERR_PROTOCOL,
			"inscription on channel %s names parent %s, but the channel's tip is %s",
			channel, id32_hex(&ins->parent, parent), id32_hex(&ch->tip, tip));
	*a->missing = ins->parent;
	return id32_is_zero(&ins->parent) ? LEDGER_INVALID : LEDGER_MISSING;
}

static enum ledger_verdict apply_inscribe(const struct application *a, size_t op)
{
	const struct tx_inscribe *ins = &a->tx->ops[op].u.inscribe;
	const struct ledger_channel *ch = ledger_find_channel(a->l, &ins->channel);
	const struct id32 zero = { { 0 } };
	char hex[ID32_HEX];
	if (!id32_eq(&ins->parent, ch ? &ch->tip : &zero))
		return wrong_parent(a, ins, ch);
	if (ch && !id32_eq(&ins->signer, &ch->signer)) {
		err_set(a->err, ERR_PROTOCOL,
			"signer of operation at index %zu is not accredited on channel %s", op,
			id32_hex(&ins->channel, hex));
		return LEDGER_INVALID;
	}
	if (!a->verified && !tx_verify_op(a->tx, op, &ins->signer))
		return invalid_signature(a, op);
	struct id32 message;
	tx_message_id(ins, &message);
	if (ch)
		record(a->journal, LEDGER_CHANNEL_MOVED, &ins->channel, &ch->tip);
	else
		record(a->journal, LEDGER_CHANNEL_CREATED, &ins->channel, NULL);
	channel_set(a->l, &ins->channel, &message, &ins->signer);
	return LEDGER_OK;
}

enum ledger_verdict ledger_apply(struct ledger *l, const struct tx *tx, bool verified, void *where,
	struct ledger_journal *journal, struct id32 *ret_missing, struct err *err)
{
	char hex[ID32_HEX];
	if (ledger_find_tx(l, &tx->hash)) {
		err_set(err, ERR_PROTOCOL, "transaction %s is already included",
			id32_hex(&tx->hash, hex));
		return LEDGER_INVALID;
	}
	size_t keep = journal->len;
	const struct application a = { l, tx, verified, journal, ret_missing, err };
	for (size_t i = 0; i < tx->n_ops; i++) {
		enum ledger_verdict v = tx->ops[i].opcode == TX_OP_TRANSFER ? apply_transfer(&a, i)
									    : apply_inscribe(&a, i);
		if (v != LEDGER_OK) {
			ledger_undo(l, journal, keep);
			return v;
		}
	}
	record(journal, LEDGER_TX_ADDED, &tx->hash, NULL);
	put(l->txs, &tx->hash, where);
	return LEDGER_OK;
}

/*
 * An overlay may keep a copy of a channel that was moved back to the base's
 * tip. It says what the base says until the base's channel moves, and that
 * counts as a conflict, upon which the overlay is made anew.
 */
void ledger_undo(struct ledger *l, struct ledger_journal *journal, size_t keep)
{
	while (journal->len > keep) {
		const struct ledger_change *c = &journal->items[--journal->len];
		switch (c->kind) {
		case LEDGER_NOTE_SPENT:
			note_unspend(l, &c->id);
			break;
		case LEDGER_NOTE_CREATED:
			note_uncreate(l, &c->id);
			break;
		case LEDGER_CHANNEL_CREATED:
			del(l->channels, &c->id);
			break;
		case LEDGER_CHANNEL_MOVED:
			channel_move_back(l, &c->id, &c->old_tip);
			break;
		case LEDGER_TX_ADDED:
			del(l->txs, &c->id);
			break;
		}
	}
}

/* --- overlays ----------------------------------------------------------------------- */

static void absorb_transfer(struct ledger *overlay, const struct tx_op *op)
{
	const struct tx_transfer *t = &op->u.transfer;
	struct id32 op_id, note_id;
	for (size_t i = 0; i < t->n_inputs; i++)
		del(overlay->notes, &t->inputs[i]);
	tx_op_id(op, &op_id);
	for (size_t i = 0; i < t->n_outputs; i++) {
		tx_note_id(&op_id, (uint32_t)i, &t->outputs[i], &note_id);
		struct ledger_note *n = get(overlay->notes, &note_id);
		if (n && n->spent)
			n->borrowed = true; /* a later pending transaction spends it */
		else
			del(overlay->notes, &note_id);
	}
}

static void absorb_inscribe(struct ledger *overlay, const struct tx_inscribe *ins)
{
	struct id32 message;
	tx_message_id(ins, &message);
	const struct ledger_channel *ch = get(overlay->channels, &ins->channel);
	if (ch && id32_eq(&ch->tip, &message))
		del(overlay->channels, &ins->channel);
}

void ledger_absorb(struct ledger *overlay, const struct tx *tx)
{
	for (size_t i = 0; i < tx->n_ops; i++) {
		if (tx->ops[i].opcode == TX_OP_TRANSFER)
			absorb_transfer(overlay, &tx->ops[i]);
		else
			absorb_inscribe(overlay, &tx->ops[i].u.inscribe);
	}
	del(overlay->txs, &tx->hash);
}

bool ledger_conflicts(const struct ledger *overlay, const struct tx *tx)
{
	for (size_t i = 0; i < tx->n_ops; i++) {
		const struct tx_op *op = &tx->ops[i];
		if (op->opcode == TX_OP_INSCRIBE) {
			if (get(overlay->channels, &op->u.inscribe.channel))
				return true;
			continue;
		}
		for (size_t k = 0; k < op->u.transfer.n_inputs; k++) {
			if (get(overlay->notes, &op->u.transfer.inputs[k]))
				return true;
		}
	}
	return false;
}

/* --- questions ---------------------------------------------------------------------- */

uint64_t ledger_supply(const struct ledger *l)
{
	return l->supply;
}

static int add_value(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	const struct ledger_note *n = value;
	uint64_t *sum = arg;
	*sum += n->spent ? 0 : n->value;
	return 0;
}

uint64_t ledger_recount_supply(struct ledger *l)
{
	uint64_t sum = 0;
	map_each(l->notes, add_value, &sum);
	return sum;
}

const struct ledger_note *ledger_notes_of(
	const struct ledger *l, const struct id32 *pk, size_t *ret_n)
{
	const struct owner *o = get(l->owners, pk);
	*ret_n = o ? o->n_notes : 0;
	return o ? o->first : NULL;
}

bool ledger_knows_key(const struct ledger *l, const struct id32 *pk)
{
	return get(l->owners, pk) != NULL;
}
