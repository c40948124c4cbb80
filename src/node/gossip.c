/* See node.h: what peers send, what they are told. */
#include "node/node.h"

#include <inttypes.h>

#define PENDING_FOR_NEW_PEER (4u * 1024 * 1024) /* bytes of transactions */

static struct wire_tip own_tip(const struct node *n)
{
	const struct chain_entry tip = chain_tip(n->chain);

	return (struct wire_tip){ tip.id, tip.height };
}

static void tell_tip(struct node *n)
{
	struct wire_tip tip = own_tip(n);

	if (!node_ignores_blocks(n))
		p2p_broadcast_tip(n->net, &tip);
}

/* --- blocks ------------------------------------------------------------------------ */

static enum session_block add_block(struct node *n, struct block *b, const void *data, size_t len,
	struct session *from, bool batch, struct err *err);

/* Blocks that waited for this one; who sent them is forgotten, so nobody is blamed. */
static void add_children(struct node *n, const struct id32 *id)
{
	CLEANUP_STRBUF struct strbuf raw = { 0 };
	struct err err = { 0 };

	while (!n->failed && orphans_take_child(n->orphans, id, &raw)) {
		struct block *b = block_decode(raw.buf, raw.len, &err);
		if (b && add_block(n, b, raw.buf, raw.len, NULL, false, &err) == SESSION_BLOCK_BAD)
			log_warn("refused a block: %s", err.text);
		strbuf_clear(&raw);
	}
}

static void block_accepted(struct node *n, const struct id32 *id, bool new_tip, const void *data,
	size_t len, struct session *from, bool batch)
{
	struct id32 key;
	struct err err = { 0 };

	seen_key(data, len, &key);
	seen_add(n->seen, &key, node_mono_ms());
	if (n->lib_moved && store_sync(n->store, &err)) {
		node_fail(n, &err);
		return;
	}
	n->lib_moved = false;
	http_publish_block(n->http, id);
	/* Who fetches in batches tells its new tip at the end; others then fetch from it. */
	if (!batch && !node_ignores_blocks(n)) {
		p2p_broadcast_span(n->net, WIRE_BLOCK, data, len, from);
		if (new_tip)
			tell_tip(n);
	}
	add_children(n, id);
}

static enum session_block add_block(struct node *n, struct block *b, const void *data, size_t len,
	struct session *from, bool batch, struct err *err)
{
	const struct id32 id = b->id, parent = b->header.parent;
	char hex[ID32_HEX];
	struct id32 missing;

	id32_hex(&id, hex);
	enum chain_result r = chain_add_block(n->chain, b, node_slot(n), err);
	if (n->failed)
		return SESSION_BLOCK_OK;
	switch (r) {
	case CHAIN_NEW_TIP:
	case CHAIN_SIDE:
		block_accepted(n, &id, r == CHAIN_NEW_TIP, data, len, from, batch);
		return SESSION_BLOCK_OK;
	case CHAIN_KNOWN:
		return SESSION_BLOCK_OK;
	case CHAIN_ORPHAN:
		orphans_add(n->orphans, &id, &parent, data, len);
		missing = orphans_missing(n->orphans, &parent);
		if (from)
			session_request_block(from, &missing);
		return SESSION_BLOCK_OK;
	case CHAIN_FUTURE:
		log_debug("block %.16s is of a slot that has not begun", hex);
		return SESSION_BLOCK_OK;
	case CHAIN_TOO_OLD:
		log_debug("block %.16s leaves the chain below the last irreversible block", hex);
		return batch ? SESSION_BLOCK_SPLIT : SESSION_BLOCK_OK;
	case CHAIN_INVALID:
		err_prefix(err, "block %.16s", hex);
		return SESSION_BLOCK_BAD;
	}
	return SESSION_BLOCK_OK;
}

static enum session_block on_block(void *arg, struct session *s, const void *data, size_t len,
	bool batch, struct id32 *ret_id, struct err *err)
{
	struct node *n = arg;
	struct id32 key;

	if (node_ignores_blocks(n) || n->failed)
		return SESSION_BLOCK_OK;
	seen_key(data, len, &key);
	if (!batch && seen_has(n->seen, &key))
		return SESSION_BLOCK_OK;
	struct block *b = block_decode(data, len, err);
	if (!b) {
		err_prefix(err, "malformed block");
		return SESSION_BLOCK_BAD;
	}
	*ret_id = b->id;
	if (chain_has(n->chain, &b->id)) {
		block_free(b);
		return SESSION_BLOCK_OK;
	}
	enum session_block r = add_block(n, b, data, len, s, batch, err);
	if (r == SESSION_BLOCK_SPLIT) {
		char peer[PEER_ID_TEXT];
		log_warn("peer %s has a chain that leaves ours below the last irreversible block: "
			 "it cannot be followed",
			peer_id_text(&session_peer(s)->node, peer));
	}
	return r;
}

void gossip_own_block(struct node *n, struct block *b)
{
	CLEANUP_STRBUF struct strbuf raw = { 0 };
	struct err err = { 0 };

	block_encode(b, &raw);
	n->count.blocks_proposed++;
	if (add_block(n, b, raw.buf, raw.len, NULL, false, &err) == SESSION_BLOCK_BAD) {
		err.code = ERR_INTERNAL;
		err_prefix(&err, "own block is invalid");
		node_fail(n, &err);
	}
}

static size_t locator(void *arg, struct id32 *ret, size_t max)
{
	struct node *n = arg;
	uint64_t height = chain_tip(n->chain).height, step = 1;
	struct chain_entry e;
	size_t count = 0;

	while (height > 0 && count + 1 < max && chain_at_height(n->chain, height, &e)) {
		ret[count++] = e.id;
		if (count >= 10)
			step *= 2;
		height = height > step ? height - step : 0;
	}
	ret[count++] = n->genesis.id;
	return count;
}

static bool has_block(void *arg, const struct id32 *id)
{
	struct node *n = arg;

	return id32_eq(id, &n->genesis.id) || chain_has(n->chain, id);
}

static bool encode_entry(const struct node *n, const struct chain_entry *e, struct strbuf *out)
{
	if (!e->block || node_misbehaves(n, MISBEHAVE_FORK))
		return false;
	block_encode(e->block, out);
	return true;
}

static bool encode_block(void *arg, const struct id32 *id, struct strbuf *out)
{
	struct node *n = arg;
	struct chain_entry e;

	return chain_find(n->chain, id, &e) && encode_entry(n, &e, out);
}

static bool encode_at_height(void *arg, uint64_t height, struct strbuf *out)
{
	struct node *n = arg;
	struct chain_entry e;

	return chain_at_height(n->chain, height, &e) && encode_entry(n, &e, out);
}

static bool common_height(void *arg, const struct id32 *ids, size_t count, uint64_t *ret)
{
	struct node *n = arg;
	struct chain_entry e;

	for (size_t i = 0; i < count; i++) {
		if (id32_eq(&ids[i], &n->genesis.id)) {
			*ret = 0;
			return true;
		}
		if (chain_is_canonical(n->chain, &ids[i]) && chain_find(n->chain, &ids[i], &e)) {
			*ret = e.height;
			return true;
		}
	}
	return false;
}

/* --- transactions -------------------------------------------------------------------- */

static int on_tx(void *arg, struct session *s, const void *data, size_t len, struct err *err)
{
	struct node *n = arg;
	struct err why = { 0 };
	char hex[ID32_HEX];
	struct id32 key;

	if (node_misbehaves(n, MISBEHAVE_DROP_TX))
		return 0;
	seen_key(data, len, &key);
	if (seen_has(n->seen, &key))
		return 0;
	struct tx *tx = tx_decode(data, len, err);
	if (!tx)
		return err_prefix(err, "malformed transaction");
	if (tx_check_signatures(tx, err)) {
		tx_free(tx);
		return err_prefix(err, "invalid transaction");
	}
	id32_hex(&tx->hash, hex);
	enum mempool_result r = chain_submit(n->chain, tx, false, node_slot(n), &why);
	if (r == MEMPOOL_REFUSED) { /* depends on the state of our chain: no fault of the peer */
		log_debug("refused transaction %.16s: %s", hex, why.text);
		return 0;
	}
	seen_add(n->seen, &key, node_mono_ms());
	if (r == MEMPOOL_ADDED) { /* one that waits is passed on once its inputs are there */
		n->count.transactions_added++;
		n->api.last_item_ms = node_wall_ms();
		p2p_broadcast_span(n->net, WIRE_TX, data, len, s);
	}
	return 0;
}

void gossip_promoted(void *node, const struct tx *tx)
{
	struct node *n = node;
	CLEANUP_STRBUF struct strbuf raw = { 0 };

	if (n->replaying)
		return;
	n->count.transactions_added++;
	tx_encode(tx, &raw);
	p2p_broadcast_span(n->net, WIRE_TX, raw.buf, raw.len, NULL);
}

enum mempool_result gossip_submit(void *node, struct tx *tx, struct err *err)
{
	struct node *n = node;
	CLEANUP_STRBUF struct strbuf raw = { 0 };
	char hex[ID32_HEX];

	if (node_misbehaves(n, MISBEHAVE_DROP_TX)) {
		tx_free(tx);
		return MEMPOOL_ADDED;
	}
	tx_encode(tx, &raw);
	id32_hex(&tx->hash, hex);
	enum mempool_result r = chain_submit(n->chain, tx, true, node_slot(n), err);
	if (r == MEMPOOL_ADDED) {
		n->count.transactions_added++;
		n->api.last_item_ms = node_wall_ms();
		p2p_broadcast_span(n->net, WIRE_TX, raw.buf, raw.len, NULL);
	} else if (r == MEMPOOL_REFUSED) {
		log_debug("refused transaction %.16s: %s", hex, err ? err->text : "");
	}
	return r;
}

struct pending_out {
	struct session *session;
	size_t bytes;
};

static void send_pending(const struct tx *tx, void *arg)
{
	struct pending_out *p = arg;
	CLEANUP_STRBUF struct strbuf raw = { 0 };

	if (p->bytes >= PENDING_FOR_NEW_PEER)
		return;
	tx_encode(tx, &raw);
	p->bytes += raw.len;
	session_send_span(p->session, WIRE_TX, raw.buf, raw.len);
}

/* --- peers --------------------------------------------------------------------------- */

void gossip_peer_up(void *node, struct session *s, const char *addr)
{
	struct node *n = node;
	struct pending_out out = { s, 0 };
	char id[PEER_ID_TEXT];

	log_info("peer up: %s at %s, height %" PRIu64, peer_id_text(&session_peer(s)->node, id),
		addr, session_peer_tip(s).height);
	chain_pending_each(n->chain, send_pending, &out);
	p2p_flush(n->net, s);
	node_update_mode(n);
}

void gossip_peer_down(void *node, struct session *s, const char *addr, const char *reason)
{
	char id[PEER_ID_TEXT];

	(void)node;
	log_info("peer down: %s at %s: %s", peer_id_text(&session_peer(s)->node, id), addr, reason);
}

void gossip_peer_refused(void *node, const char *addr, const char *reason)
{
	(void)node;
	log_warn("refused peer at %s: %s", addr, reason);
}

void gossip_peer_unreachable(void *node, const char *addr, const char *reason)
{
	(void)node;
	log_info("no peer at %s so far: %s; trying on", addr, reason);
}

static void own_hello(void *arg, struct wire_hello *ret)
{
	const struct node *n = arg;

	ret->genesis = n->genesis.id;
	ret->node = n->identity.pk;
	ret->instance = n->instance;
	ret->listen_port = n->net ? p2p_listen_address(n->net).port : 0;
	ret->tip = own_tip(n);
}

static int accept_peer(void *arg, struct session *s, const struct wire_hello *h, struct err *err)
{
	struct node *n = arg;

	return p2p_session_accept(n->net, s, h, err);
}

static bool may_sync(void *arg, struct session *s)
{
	struct node *n = arg;

	return !n->failed && !node_ignores_blocks(n) && p2p_session_may_sync(n->net, s);
}

static void sync_ended(void *arg, struct session *s)
{
	struct node *n = arg;

	(void)s;
	tell_tip(n);
	p2p_session_sync_ended(n->net);
	node_update_mode(n);
}

void gossip_hooks(struct node *n, struct session_hooks *ret)
{
	*ret = (struct session_hooks){
		.arg = n,
		.hello = own_hello,
		.accept = accept_peer,
		.tx = on_tx,
		.block = on_block,
		.locator = locator,
		.has_block = has_block,
		.encode_block = encode_block,
		.common_height = common_height,
		.encode_at_height = encode_at_height,
		.may_sync = may_sync,
		.sync_ended = sync_ended,
	};
}
