/* Allocation that aborts instead of returning NULL; see mem.h. */
#include "util/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* No stdio here: it may allocate, and there is nothing left to allocate from. */
static _Noreturn void mem_abort(const char *line)
{
	if (write(STDERR_FILENO, line, strlen(line)) < 0) {
		/* the abort below says it as well */
	}
	abort();
}

static void *mem_check(void *p)
{
	if (!p)
		mem_abort("out of memory\n");
	return p;
}

void *xmalloc(size_t size)
{
	return mem_check(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return mem_check(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc_array(void *p, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		mem_abort("allocation size overflows\n");
	return mem_check(realloc(p, bytes ? bytes : 1));
}

char *xstrdup(const char *s)
{
	return s ? xmemdup(s, strlen(s) + 1) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = xmalloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void *xmemdup(const void *p, size_t n)
{
	void *copy = xmalloc(n);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;
	if (vasprintf(&s, fmt, ap) < 0)
		mem_abort("out of memory or bad format\n");
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

/* gcc 12's analyzer loses what the items hold once realloc() left them in place. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static void strlist_take(struct strlist *l, char *s)
{
	/* always one slot more than used, for the NULL at the end */
	if (l->len + 1 >= l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->items = xrealloc_array(l->items, l->cap, sizeof(*l->items));
	}
	l->items[l->len++] = s;
	l->items[l->len] = NULL;
}

void strlist_add(struct strlist *l, const char *s)
{
	strlist_take(l, xstrdup(s));
}

void strlist_addf(struct strlist *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	strlist_take(l, xvasprintf(fmt, ap));
	va_end(ap);
}

void strlist_release(struct strlist *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->items[i]);
	vec_free(l);
}
