/* The little of UTF-8 that readers and writers of text need; see utf8.h. */
#include "util/utf8.h"

#include <stdint.h>

size_t utf8_sequence(const char *s, size_t len)
{
	if (len == 0)
		return 0;
	unsigned char first = (unsigned char)s[0];
	size_t n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (n <= 1)
		return n;
	if (n > len || first > 0xf4)
		return 0;
	uint32_t point = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if ((c & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (c & 0x3f);
	}
	/* two bytes cannot be overlong any more: 0xc0 and 0xc1 were refused */
	bool overlong = (n == 3 && point < 0x800) || (n == 4 && point < 0x10000);
	bool surrogate = point >= 0xd800 && point <= 0xdfff;
	return overlong || surrogate || point > 0x10ffff ? 0 : n;
}

bool utf8_valid(const char *s, size_t len)
{
	while (len > 0) {
		size_t n = utf8_sequence(s, len);
		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}
