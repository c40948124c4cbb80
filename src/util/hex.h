/* Hexadecimal text and the 32-byte identifiers used everywhere. Any thread. */
#ifndef UTIL_HEX_H
#define UTIL_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct id32 {
	uint8_t b[32];
};

#define ID32_HEX 65 /* bytes for the text, NUL included */

/* Writes 2*len lower-case digits and a NUL. */
void hex_encode(const void *data, size_t len, char *out);
/* Exactly 2*len digits, either case; an "0x" prefix is accepted. false on anything else. */
bool hex_decode(const char *text, size_t text_len, void *out, size_t len);

static inline const char *id32_hex(const struct id32 *id, char out[ID32_HEX])
{
	hex_encode(id->b, sizeof(id->b), out);
	return out;
}
static inline bool id32_eq(const struct id32 *a, const struct id32 *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
bool id32_is_zero(const struct id32 *id);
bool id32_parse(const char *text, struct id32 *ret);

#endif
