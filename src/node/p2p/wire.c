/* See wire.h. */
#include "node/p2p/wire.h"

#include <stdbool.h>

#include "node/chain/block.h"
#include "proto/tx.h"
#include "util/mem.h"

#define HELLO_SIZE  (4 + 2 + 32 + 32 + 8 + 2 + 32 + 8)
#define BLOCKS_HEAD (32 + 8 + 2)

/* Payload sizes that a type may have; anything else is refused by the header alone. */
static const struct {
	const char *name;
	uint32_t min, max;
} types[] = {
	[WIRE_HELLO] = { "HELLO", HELLO_SIZE, HELLO_SIZE },
	[WIRE_PING] = { "PING", 8, 8 },
	[WIRE_PONG] = { "PONG", 8, 8 },
	[WIRE_TX] = { "TX", 1, TX_MAX_ENCODED },
	[WIRE_BLOCK] = { "BLOCK", 1, BLOCK_MAX_ENCODED },
	[WIRE_GET_BLOCKS] = { "GET_BLOCKS", 2 + 32, 2 + 32 * WIRE_MAX_LOCATOR },
	[WIRE_BLOCKS] = { "BLOCKS", BLOCKS_HEAD, WIRE_MAX_PAYLOAD },
	[WIRE_GET_BLOCK] = { "GET_BLOCK", 32, 32 },
	[WIRE_TIP] = { "TIP", 40, 40 },
};

/* Reads forward through a payload; the caller has checked how much there is. */
struct reader {
	const uint8_t *p;
	size_t left;
};

static uint64_t take_uint(struct reader *r, size_t n)
{
	uint64_t v = 0;

	for (size_t i = n; i-- > 0;)
		v = v << 8 | r->p[i];
	r->p += n;
	r->left -= n;
	return v;
}

static struct id32 take_id(struct reader *r)
{
	struct id32 id;

	memcpy(id.b, r->p, sizeof(id.b));
	r->p += sizeof(id.b);
	r->left -= sizeof(id.b);
	return id;
}

static struct wire_tip take_tip(struct reader *r)
{
	struct wire_tip tip;

	tip.id = take_id(r);
	tip.height = take_uint(r, 8);
	return tip;
}

static void decode_hello(struct reader *r, struct wire_hello *h)
{
	h->magic = (uint32_t)take_uint(r, 4);
	h->version = (uint16_t)take_uint(r, 2);
	h->genesis = take_id(r);
	h->node = take_id(r);
	h->instance = take_uint(r, 8);
	h->listen_port = (uint16_t)take_uint(r, 2);
	h->tip = take_tip(r);
}

static int decode_locator(struct reader *r, struct wire_msg *ret, struct err *err)
{
	size_t n = (size_t)take_uint(r, 2);

	if (n == 0 || n > WIRE_MAX_LOCATOR || r->left != n * 32)
		return err_set(
			err, ERR_PROTOCOL, "GET_BLOCKS with %zu ids in %zu bytes", n, r->left);
	ret->u.locator.n = n;
	for (size_t i = 0; i < n; i++)
		ret->u.locator.ids[i] = take_id(r);
	return 0;
}

static int decode_blocks(struct reader *r, struct wire_msg *ret, struct err *err)
{
	ret->u.blocks.tip = take_tip(r);
	size_t n = (size_t)take_uint(r, 2);
	if (n > WIRE_BATCH_BLOCKS)
		return err_set(err, ERR_PROTOCOL, "BLOCKS with %zu blocks, at most %d are allowed",
			n, WIRE_BATCH_BLOCKS);
	ret->u.blocks.n = n;
	for (size_t i = 0; i < n; i++) {
		if (r->left < 4)
			return err_set(err, ERR_PROTOCOL, "BLOCKS ends within block %zu", i);
		size_t len = (size_t)take_uint(r, 4);
		if (len == 0 || len > BLOCK_MAX_ENCODED || len > r->left)
			return err_set(err, ERR_PROTOCOL, "BLOCKS: block %zu of %zu bytes", i, len);
		ret->u.blocks.items[i] = (struct wire_span){ r->p, len };
		r->p += len;
		r->left -= len;
	}
	if (r->left)
		return err_set(err, ERR_PROTOCOL, "BLOCKS has %zu bytes too many", r->left);
	return 0;
}

int wire_decode(
	const void *buf, size_t len, struct wire_msg *ret, size_t *ret_size, struct err *err)
{
	struct reader r = { buf, len };

	if (len < WIRE_HEADER) {
		*ret_size = WIRE_HEADER;
		return 0;
	}
	uint32_t size = (uint32_t)take_uint(&r, 4);
	unsigned type = (unsigned)take_uint(&r, 1);
	if (type >= ARRAY_LEN(types) || !types[type].name)
		return err_set(err, ERR_PROTOCOL, "message of unknown type %u", type);
	if (size < types[type].min || size > types[type].max)
		return err_set(err, ERR_PROTOCOL, "%s of %u bytes, allowed are %u to %u",
			types[type].name, size, types[type].min, types[type].max);
	*ret_size = WIRE_HEADER + (size_t)size;
	if (r.left < size)
		return 0;

	r.left = size;
	ret->type = (enum wire_type)type;
	switch (ret->type) {
	case WIRE_HELLO:
		decode_hello(&r, &ret->u.hello);
		break;
	case WIRE_PING:
	case WIRE_PONG:
		ret->u.nonce = take_uint(&r, 8);
		break;
	case WIRE_TX:
	case WIRE_BLOCK:
		ret->u.span = (struct wire_span){ r.p, r.left };
		break;
	case WIRE_GET_BLOCK:
		ret->u.id = take_id(&r);
		break;
	case WIRE_TIP:
		ret->u.tip = take_tip(&r);
		break;
	case WIRE_GET_BLOCKS:
		return decode_locator(&r, ret, err) ? -1 : 1;
	case WIRE_BLOCKS:
		return decode_blocks(&r, ret, err) ? -1 : 1;
	}
	return 1;
}

static void put_uint(struct strbuf *out, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++, v >>= 8)
		strbuf_addc(out, (char)(v & 0xff));
}

static void put_id(struct strbuf *out, const struct id32 *id)
{
	strbuf_add(out, id->b, sizeof(id->b));
}

static void put_tip_fields(struct strbuf *out, const struct wire_tip *tip)
{
	put_id(out, &tip->id);
	put_uint(out, tip->height, 8);
}

static void put_header(struct strbuf *out, enum wire_type type, size_t payload)
{
	put_uint(out, payload, 4);
	put_uint(out, type, 1);
}

void wire_put_hello(struct strbuf *out, const struct wire_hello *h)
{
	put_header(out, WIRE_HELLO, HELLO_SIZE);
	put_uint(out, h->magic, 4);
	put_uint(out, h->version, 2);
	put_id(out, &h->genesis);
	put_id(out, &h->node);
	put_uint(out, h->instance, 8);
	put_uint(out, h->listen_port, 2);
	put_tip_fields(out, &h->tip);
}

void wire_put_ping(struct strbuf *out, enum wire_type type, uint64_t nonce)
{
	put_header(out, type, 8);
	put_uint(out, nonce, 8);
}

void wire_put_span(struct strbuf *out, enum wire_type type, const void *data, size_t len)
{
	put_header(out, type, len);
	strbuf_add(out, data, len);
}

void wire_put_get_block(struct strbuf *out, const struct id32 *id)
{
	put_header(out, WIRE_GET_BLOCK, sizeof(id->b));
	put_id(out, id);
}

void wire_put_get_blocks(struct strbuf *out, const struct id32 *ids, size_t n)
{
	put_header(out, WIRE_GET_BLOCKS, 2 + 32 * n);
	put_uint(out, n, 2);
	for (size_t i = 0; i < n; i++)
		put_id(out, &ids[i]);
}

void wire_put_blocks(
	struct strbuf *out, const struct wire_tip *tip, const struct wire_span *items, size_t n)
{
	size_t size = BLOCKS_HEAD;

	for (size_t i = 0; i < n; i++)
		size += 4 + items[i].len;
	put_header(out, WIRE_BLOCKS, size);
	put_tip_fields(out, tip);
	put_uint(out, n, 2);
	for (size_t i = 0; i < n; i++) {
		put_uint(out, items[i].len, 4);
		strbuf_add(out, items[i].data, items[i].len);
	}
}

void wire_put_tip(struct strbuf *out, const struct wire_tip *tip)
{
	put_header(out, WIRE_TIP, 40);
	put_tip_fields(out, tip);
}

const char *wire_type_name(enum wire_type type)
{
	return (size_t)type < ARRAY_LEN(types) && types[type].name ? types[type].name : "?";
}
