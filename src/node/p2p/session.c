/* See session.h. */
#include "node/p2p/session.h"

#include "util/mem.h"

#define SYNC_RETRY_MS  1000
#define SPLIT_RETRY_MS 10000

struct session {
	struct session_hooks hooks;
	struct strbuf out;
	size_t need; /* size of the message that is arriving, as far as known */
	bool established;
	struct wire_hello peer;
	struct wire_tip peer_tip;
	uint64_t started_ms, last_rx_ms, last_ping_ms;

	bool syncing;
	bool split; /* the peer's chain leaves ours below LIB; looked at again once in a while */
	uint64_t split_ms;
	uint64_t sync_sent_ms, sync_not_before_ms;
	struct id32 sync_last; /* newest block of the last batch: its branch may not be our best */
	bool have_sync_last;
};

struct session *session_new(const struct session_hooks *hooks, uint64_t now_ms)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct wire_hello h = { 0 };

	s->hooks = *hooks;
	s->need = WIRE_HEADER;
	s->started_ms = s->last_rx_ms = s->last_ping_ms = now_ms;
	s->hooks.hello(s->hooks.arg, &h);
	h.magic = WIRE_MAGIC;
	h.version = WIRE_VERSION;
	wire_put_hello(&s->out, &h);
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	strbuf_release(&s->out);
	free(s);
}

static bool wants(const struct session *s, const struct wire_tip *own)
{
	return s->established && !s->split && s->peer_tip.height > own->height &&
	       !s->hooks.has_block(s->hooks.arg, &s->peer_tip.id);
}

bool session_wants_sync(const struct session *s)
{
	struct wire_hello own = { 0 };

	s->hooks.hello(s->hooks.arg, &own);
	return wants(s, &own.tip);
}

static void end_sync(struct session *s)
{
	bool was = s->syncing;

	s->syncing = false;
	s->have_sync_last = false;
	if (was)
		s->hooks.sync_ended(s->hooks.arg, s);
}

static void request_batch(struct session *s, uint64_t now_ms)
{
	struct id32 ids[WIRE_MAX_LOCATOR];
	size_t n = 0;

	if (s->have_sync_last)
		ids[n++] = s->sync_last;
	n += s->hooks.locator(s->hooks.arg, ids + n, ARRAY_LEN(ids) - n);
	wire_put_get_blocks(&s->out, ids, n);
	s->sync_sent_ms = now_ms;
}

void session_sync(struct session *s, uint64_t now_ms)
{
	if (s->syncing || now_ms < s->sync_not_before_ms || !session_wants_sync(s) ||
		!s->hooks.may_sync(s->hooks.arg, s))
		return;
	s->syncing = true;
	request_batch(s, now_ms);
}

static int on_hello(struct session *s, const struct wire_hello *h, uint64_t now_ms, struct err *err)
{
	struct wire_hello own = { 0 };

	if (s->established)
		return err_set(err, ERR_PROTOCOL, "second HELLO");
	s->hooks.hello(s->hooks.arg, &own);
	if (h->magic != WIRE_MAGIC)
		return err_set(err, ERR_PROTOCOL, "this is no ltb-node (magic %08x)", h->magic);
	if (h->version != WIRE_VERSION)
		return err_set(err, ERR_PROTOCOL, "peer speaks protocol version %u, this node %u",
			h->version, WIRE_VERSION);
	if (!id32_eq(&h->genesis, &own.genesis)) {
		char theirs[ID32_HEX], ours[ID32_HEX];
		return err_set(err, ERR_PROTOCOL,
			"peer is on another chain (genesis %.16s, here %.16s); start both with the "
			"same genesis file",
			id32_hex(&h->genesis, theirs), id32_hex(&own.genesis, ours));
	}
	s->peer = *h;
	s->peer_tip = h->tip;
	if (s->hooks.accept(s->hooks.arg, s, h, err))
		return -1;
	s->established = true;
	session_sync(s, now_ms);
	return 0;
}

static void on_get_blocks(struct session *s, const struct id32 *ids, size_t n)
{
	CLEANUP_STRBUF struct strbuf buf = { 0 };
	struct wire_span items[WIRE_BATCH_BLOCKS];
	size_t ends[WIRE_BATCH_BLOCKS];
	struct wire_hello own = { 0 };
	uint64_t height = 0;
	size_t count = 0;

	if (s->hooks.common_height(s->hooks.arg, ids, n, &height)) {
		while (count < WIRE_BATCH_BLOCKS && buf.len < WIRE_BATCH_BYTES &&
			s->hooks.encode_at_height(s->hooks.arg, height + 1 + count, &buf))
			ends[count++] = buf.len;
	}
	for (size_t i = 0, start = 0; i < count; i++) {
		items[i] = (struct wire_span){ (const uint8_t *)buf.buf + start, ends[i] - start };
		start = ends[i];
	}
	s->hooks.hello(s->hooks.arg, &own);
	wire_put_blocks(&s->out, &own.tip, items, count);
}

/* A batch that brought nothing new ends the sync: asking again at once would bring the same. */
static int on_blocks(struct session *s, const struct wire_msg *m, uint64_t now_ms, struct err *err)
{
	bool progress = false;

	if (!s->syncing)
		return err_set(err, ERR_PROTOCOL, "BLOCKS that nobody asked for");
	s->peer_tip = m->u.blocks.tip;
	for (size_t i = 0; i < m->u.blocks.n; i++) {
		struct id32 id = { 0 };
		const struct wire_span *item = &m->u.blocks.items[i];
		switch (s->hooks.block(s->hooks.arg, s, item->data, item->len, true, &id, err)) {
		case SESSION_BLOCK_OK:
			break;
		case SESSION_BLOCK_SPLIT:
			s->split = true;
			s->split_ms = now_ms;
			end_sync(s);
			return 0;
		case SESSION_BLOCK_BAD:
			return -1;
		}
		if (s->hooks.has_block(s->hooks.arg, &id)) {
			progress |= !s->have_sync_last || !id32_eq(&id, &s->sync_last);
			s->sync_last = id;
			s->have_sync_last = true;
		}
	}
	if (!progress)
		s->sync_not_before_ms = now_ms + SYNC_RETRY_MS;
	if (progress && session_wants_sync(s) && s->hooks.may_sync(s->hooks.arg, s))
		request_batch(s, now_ms);
	else
		end_sync(s);
	return 0;
}

static void on_get_block(struct session *s, const struct id32 *id)
{
	CLEANUP_STRBUF struct strbuf buf = { 0 };

	if (s->hooks.encode_block(s->hooks.arg, id, &buf))
		wire_put_span(&s->out, WIRE_BLOCK, buf.buf, buf.len);
}

static int on_message(struct session *s, const struct wire_msg *m, uint64_t now_ms, struct err *err)
{
	struct id32 id;

	if (!s->established && m->type != WIRE_HELLO)
		return err_set(err, ERR_PROTOCOL, "%s before HELLO", wire_type_name(m->type));
	switch (m->type) {
	case WIRE_HELLO:
		return on_hello(s, &m->u.hello, now_ms, err);
	case WIRE_PING:
		wire_put_ping(&s->out, WIRE_PONG, m->u.nonce);
		return 0;
	case WIRE_PONG:
		return 0;
	case WIRE_TX:
		return s->hooks.tx(s->hooks.arg, s, m->u.span.data, m->u.span.len, err);
	case WIRE_BLOCK:
		if (s->hooks.block(s->hooks.arg, s, m->u.span.data, m->u.span.len, false, &id,
			    err) == SESSION_BLOCK_BAD)
			return -1;
		return 0;
	case WIRE_GET_BLOCKS:
		on_get_blocks(s, m->u.locator.ids, m->u.locator.n);
		return 0;
	case WIRE_BLOCKS:
		return on_blocks(s, m, now_ms, err);
	case WIRE_GET_BLOCK:
		on_get_block(s, &m->u.id);
		return 0;
	case WIRE_TIP:
		s->peer_tip = m->u.tip;
		s->split &= now_ms - s->split_ms < SPLIT_RETRY_MS;
		session_sync(s, now_ms);
		return 0;
	}
	return 0;
}

size_t session_need(const struct session *s)
{
	return s->need;
}

int session_receive(struct session *s, const void *data, size_t len, uint64_t now_ms,
	size_t *ret_used, struct err *err)
{
	struct wire_msg m;
	size_t used = 0;

	s->last_rx_ms = now_ms;
	for (;;) {
		size_t size = 0;
		int r = wire_decode((const uint8_t *)data + used, len - used, &m, &size, err);
		if (r == 0) {
			s->need = size;
			*ret_used = used;
			return 0;
		}
		if (r < 0 || on_message(s, &m, now_ms, err))
			return -1;
		used += size;
	}
}

void session_alive(struct session *s, uint64_t now_ms)
{
	s->last_rx_ms = now_ms;
}

int session_tick(struct session *s, uint64_t now_ms, struct err *err)
{
	if (!s->established && now_ms - s->started_ms > SESSION_HANDSHAKE_MS)
		return err_set(err, ERR_TIMEOUT, "no handshake within %d ms", SESSION_HANDSHAKE_MS);
	if (now_ms - s->last_rx_ms > SESSION_IDLE_MS)
		return err_set(err, ERR_TIMEOUT, "no sign of life for %d ms", SESSION_IDLE_MS);
	if (s->syncing && now_ms - s->sync_sent_ms > SESSION_SYNC_MS)
		return err_set(err, ERR_TIMEOUT, "no blocks within %d ms", SESSION_SYNC_MS);
	if (s->established && now_ms - s->last_ping_ms >= SESSION_PING_MS) {
		wire_put_ping(&s->out, WIRE_PING, now_ms);
		s->last_ping_ms = now_ms;
	}
	session_sync(s, now_ms);
	return 0;
}

struct strbuf *session_output(struct session *s)
{
	return &s->out;
}

bool session_established(const struct session *s)
{
	return s->established;
}

bool session_syncing(const struct session *s)
{
	return s->syncing;
}

const struct wire_hello *session_peer(const struct session *s)
{
	return &s->peer;
}

struct wire_tip session_peer_tip(const struct session *s)
{
	return s->peer_tip;
}

void session_send_span(struct session *s, enum wire_type type, const void *data, size_t len)
{
	if (s->established)
		wire_put_span(&s->out, type, data, len);
}

void session_send_tip(struct session *s, const struct wire_tip *tip)
{
	if (s->established)
		wire_put_tip(&s->out, tip);
}

void session_request_block(struct session *s, const struct id32 *id)
{
	if (s->established)
		wire_put_get_block(&s->out, id);
}
