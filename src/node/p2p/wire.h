/*
 * Messages between nodes, as bytes: u32 LE payload length, u8 type, payload.
 *
 * Decoding borrows from the input and allocates nothing; every length and
 * count is checked against a ceiling of its type before it is used. What is
 * inside TX and BLOCK payloads is the chain's business. Pure, any thread.
 *
 *   HELLO      u32 magic, u16 version, genesis 32, node 32, u64 instance,
 *              u16 listen port, tip 32, u64 tip height
 *   PING PONG  u64 nonce            GET_BLOCK   id 32
 *   TX         tx_encode()          GET_BLOCKS  u16 n, n * id (newest first)
 *   BLOCK      block_encode()       TIP         id 32, u64 height
 *   BLOCKS     tip 32, u64 tip height, u16 n, n * (u32 length, block)
 */
#ifndef NODE_P2P_WIRE_H
#define NODE_P2P_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/hex.h"
#include "util/strbuf.h"

#define WIRE_MAGIC        0x3142544cu /* "LTB1" */
#define WIRE_VERSION      1
#define WIRE_HEADER       5
#define WIRE_MAX_PAYLOAD  (2u * 1024 * 1024)
#define WIRE_MAX_LOCATOR  64
#define WIRE_BATCH_BLOCKS 64
#define WIRE_BATCH_BYTES  (256u * 1024) /* a batch ends with the block that passes it */

enum wire_type {
	WIRE_HELLO = 1,
	WIRE_PING,
	WIRE_PONG,
	WIRE_TX,
	WIRE_BLOCK,
	WIRE_GET_BLOCKS,
	WIRE_BLOCKS,
	WIRE_GET_BLOCK,
	WIRE_TIP,
};

struct wire_span {
	const uint8_t *data; /* borrowed from the input */
	size_t len;
};

struct wire_tip {
	struct id32 id;
	uint64_t height;
};

struct wire_hello {
	uint32_t magic;
	uint16_t version, listen_port;
	struct id32 genesis;
	struct id32 node;  /* public key: who the peer is across restarts */
	uint64_t instance; /* random per process: tells a restarted peer from a second connection */
	struct wire_tip tip;
};

struct wire_msg {
	enum wire_type type;
	union {
		struct wire_hello hello;
		uint64_t nonce;        /* PING, PONG */
		struct wire_span span; /* TX, BLOCK */
		struct id32 id;        /* GET_BLOCK */
		struct wire_tip tip;   /* TIP */
		struct {
			size_t n;
			struct id32 ids[WIRE_MAX_LOCATOR];
		} locator; /* GET_BLOCKS */
		struct {
			struct wire_tip tip;
			size_t n;
			struct wire_span items[WIRE_BATCH_BLOCKS];
		} blocks; /* BLOCKS */
	} u;
};

/*
 * Looks at the first message in the buffer. 1: decoded, *ret_size bytes long;
 * 0: incomplete, *ret_size bytes are needed to go on; -1: never valid.
 */
int wire_decode(
	const void *buf, size_t len, struct wire_msg *ret, size_t *ret_size, struct err *err);

void wire_put_hello(struct strbuf *out, const struct wire_hello *h);
void wire_put_ping(struct strbuf *out, enum wire_type type, uint64_t nonce);
/* TX or BLOCK. */
void wire_put_span(struct strbuf *out, enum wire_type type, const void *data, size_t len);
void wire_put_get_block(struct strbuf *out, const struct id32 *id);
void wire_put_get_blocks(struct strbuf *out, const struct id32 *ids, size_t n);
void wire_put_blocks(
	struct strbuf *out, const struct wire_tip *tip, const struct wire_span *items, size_t n);
void wire_put_tip(struct strbuf *out, const struct wire_tip *tip);

const char *wire_type_name(enum wire_type type);

#endif
