/* Growable byte buffer; see strbuf.h. */
#include "util/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

void strbuf_init(struct strbuf *sb, size_t max)
{
	*sb = (struct strbuf){ .max = max };
}

void strbuf_release(struct strbuf *sb)
{
	free(sb->buf);
	*sb = (struct strbuf){ .max = sb->max };
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	sb->overflow = false;
	if (sb->buf)
		sb->buf[0] = '\0';
}

/* Makes room for extra bytes and the NUL, or marks the overflow. */
static int strbuf_reserve(struct strbuf *sb, size_t extra)
{
	size_t need;
	if (__builtin_add_overflow(sb->len, extra, &need) || (sb->max && need > sb->max) ||
		need > SIZE_MAX / 4) {
		sb->overflow = true;
		return -1;
	}
	if (need < sb->cap)
		return 0;
	size_t cap = sb->cap ? sb->cap * 2 : 64;
	sb->cap = MAX(cap, need + 1);
	sb->buf = xrealloc_array(sb->buf, sb->cap, 1);
	return 0;
}

int strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (strbuf_reserve(sb, len) != 0)
		return -1;
	if (len)
		memcpy(sb->buf + sb->len, data, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
	return 0;
}

int strbuf_adds(struct strbuf *sb, const char *s)
{
	return strbuf_add(sb, s, strlen(s));
}

int strbuf_addc(struct strbuf *sb, char c)
{
	return strbuf_add(sb, &c, 1);
}

int strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	char small[256];
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	int rc = -1;
	if (n >= 0 && (size_t)n < sizeof(small)) {
		rc = strbuf_add(sb, small, (size_t)n);
	} else if (n >= 0) {
		rc = strbuf_reserve(sb, (size_t)n);
		if (rc == 0) {
			vsnprintf(sb->buf + sb->len, (size_t)n + 1, fmt, again);
			sb->len += (size_t)n;
		}
	}
	va_end(again);
	return rc;
}

int strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int rc = strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
	return rc;
}

void strbuf_consume(struct strbuf *sb, size_t n)
{
	if (n >= sb->len) {
		sb->len = 0;
	} else {
		memmove(sb->buf, sb->buf + n, sb->len - n);
		sb->len -= n;
	}
	if (sb->buf)
		sb->buf[sb->len] = '\0';
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->buf ? sb->buf : "";
}

char *strbuf_detach(struct strbuf *sb)
{
	char *s = sb->buf ? sb->buf : xstrdup("");
	sb->buf = NULL;
	strbuf_release(sb);
	return s;
}
