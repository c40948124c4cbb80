/*
 * Reading and writing of little-endian binary forms: a cursor that can only
 * fail, never overrun, and the matching appends onto a strbuf. Any thread.
 */
#ifndef PROTO_BYTES_H
#define PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/hex.h"
#include "util/strbuf.h"

struct bytes_reader {
	const uint8_t *at;
	size_t left;
	bool failed; /* something was asked for that is not there; reads give zeros from then on */
};

static inline struct bytes_reader bytes_reader_of(const void *data, size_t len)
{
	return (struct bytes_reader){ .at = data, .left = len };
}

/* The next n bytes, borrowed; NULL when there are not so many. */
static inline const uint8_t *bytes_take(struct bytes_reader *r, size_t n)
{
	if (r->failed || n > r->left) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *p = r->at;
	if (n > 0) {
		r->at += n;
		r->left -= n;
	}
	return p;
}

static inline void bytes_get(struct bytes_reader *r, void *out, size_t n)
{
	const uint8_t *p = bytes_take(r, n);
	if (p && n > 0)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
}

static inline uint64_t bytes_get_le(struct bytes_reader *r, size_t n)
{
	uint64_t v = 0;
	const uint8_t *p = bytes_take(r, n);
	for (size_t i = 0; p && i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline uint8_t bytes_get_u8(struct bytes_reader *r)
{
	return (uint8_t)bytes_get_le(r, 1);
}

static inline uint32_t bytes_get_u32(struct bytes_reader *r)
{
	return (uint32_t)bytes_get_le(r, 4);
}

static inline uint64_t bytes_get_u64(struct bytes_reader *r)
{
	return bytes_get_le(r, 8);
}

static inline void bytes_get_id(struct bytes_reader *r, struct id32 *ret)
{
	bytes_get(r, ret->b, sizeof(ret->b));
}

static inline void bytes_store_le(uint8_t *out, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> (8 * i));
}

static inline void bytes_put_le(struct strbuf *out, uint64_t v, size_t n)
{
	uint8_t b[8];
	bytes_store_le(b, v, n);
	strbuf_add(out, b, n);
}

static inline void bytes_put_id(struct strbuf *out, const struct id32 *id)
{
	strbuf_add(out, id->b, sizeof(id->b));
}

#endif
