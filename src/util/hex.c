/* Hexadecimal text; see hex.h. */
#include "util/hex.h"

void hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *text, size_t text_len, void *out, size_t len)
{
	if (text_len >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		text_len -= 2;
	}
	if (text_len % 2 != 0 || text_len / 2 != len)
		return false;
	uint8_t *p = out;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		p[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool id32_is_zero(const struct id32 *id)
{
	uint8_t any = 0;
	for (size_t i = 0; i < sizeof(id->b); i++)
		any |= id->b[i];
	return any == 0;
}

bool id32_parse(const char *text, struct id32 *ret)
{
	struct id32 id = { 0 };
	if (!text || !hex_decode(text, strlen(text), id.b, sizeof(id.b)))
		return false;
	*ret = id;
	return true;
}
