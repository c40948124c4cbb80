/*
 * Growable byte buffer, always NUL-terminated, with an upper bound.
 *
 * A buffer that was initialised with a maximum refuses to grow past it: the
 * append returns -1 and the buffer is marked overflowed (the content so far
 * stays). Zero-initialised means empty, no maximum. Not thread-safe.
 */
#ifndef UTIL_STRBUF_H
#define UTIL_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *buf; /* NULL while nothing was added; use strbuf_str() */
	size_t len, cap;
	size_t max; /* bytes; 0 = no limit */
	bool overflow;
};

void strbuf_init(struct strbuf *sb, size_t max);
void strbuf_release(struct strbuf *sb); /* frees; the struct can be used again */
void strbuf_clear(struct strbuf *sb);   /* keeps the memory */
int strbuf_add(struct strbuf *sb, const void *data, size_t len);
int strbuf_adds(struct strbuf *sb, const char *s);
int strbuf_addc(struct strbuf *sb, char c);
int strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void strbuf_consume(struct strbuf *sb, size_t n); /* drops n bytes at the front */
const char *strbuf_str(const struct strbuf *sb);  /* never NULL */
char *strbuf_detach(struct strbuf *sb);           /* caller frees; never NULL */

#define CLEANUP_STRBUF __attribute__((cleanup(strbuf_release)))

#endif
