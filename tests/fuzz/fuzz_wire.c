/*
 * Any bytes as what a peer sends, before and after the handshake: the session
 * refuses them with a text or goes on, and never needs more than a frame.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "node/chain/block.h"
#include "node/p2p/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hook_hello(void *arg, struct wire_hello *ret)
{
	(void)arg;
	*ret = (struct wire_hello){ 0 };
}

static int hook_accept(void *arg, struct session *s, const struct wire_hello *h, struct err *err)
{
	(void)arg;
	(void)s;
	(void)h;
	(void)err;
	return 0;
}

static int hook_tx(void *arg, struct session *s, const void *data, size_t len, struct err *err)
{
	struct tx *tx = tx_decode(data, len, err);

	(void)arg;
	(void)s;
	tx_free(tx);
	return tx ? 0 : -1;
}

static enum session_block hook_block(void *arg, struct session *s, const void *data, size_t len,
	bool batch, struct id32 *ret_id, struct err *err)
{
	struct block *b = block_decode(data, len, err);

	(void)arg;
	(void)s;
	(void)batch;
	if (!b)
		return SESSION_BLOCK_BAD;
	*ret_id = b->id;
	block_free(b);
	return SESSION_BLOCK_OK;
}

static size_t hook_locator(void *arg, struct id32 *ret, size_t max)
{
	(void)arg;
	memset(ret, 1, max * sizeof(*ret));
	return max;
}

static bool hook_has(void *arg, const struct id32 *id)
{
	(void)arg;
	return id->b[0] & 1;
}

static bool hook_encode(void *arg, const struct id32 *id, struct strbuf *out)
{
	(void)arg;
	strbuf_add(out, id, sizeof(*id));
	return true;
}

static bool hook_common(void *arg, const struct id32 *ids, size_t n, uint64_t *ret)
{
	(void)arg;
	*ret = ids[n - 1].b[0];
	return true;
}

static bool hook_at_height(void *arg, uint64_t height, struct strbuf *out)
{
	(void)arg;
	strbuf_adds(out, "block");
	return height < 100;
}

static bool hook_may_sync(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
	return true;
}

static void hook_ended(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
}

static void feed(struct session *s, const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	size_t used = 0;

	if (session_receive(s, data, size, 1, &used, &err)) {
		if (!err.text[0])
			abort();
		return;
	}
	if (used > size || session_need(s) <= size - used ||
		session_need(s) > WIRE_HEADER + WIRE_MAX_PAYLOAD)
		abort();
	session_tick(s, 100, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct session_hooks hooks = { NULL, hook_hello, hook_accept, hook_tx,
		hook_block, hook_locator, hook_has, hook_encode, hook_common, hook_at_height,
		hook_may_sync, hook_ended };
	struct session *s = session_new(&hooks, 0);

	feed(s, data, size);
	session_free(s);

	struct session *greeted = session_new(&hooks, 0);
	struct strbuf hello = { 0 };
	const struct wire_hello h = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .tip = { .height = 9 }
	};
	wire_put_hello(&hello, &h);
	feed(greeted, (const uint8_t *)hello.buf, hello.len);
	feed(greeted, data, size);
	strbuf_release(&hello);
	session_free(greeted);
	return 0;
}
