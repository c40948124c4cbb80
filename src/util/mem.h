/*
 * Allocation that never returns NULL: out of memory aborts the program with a
 * line on stderr. Sizes that come from outside must be bounded before they get
 * here. Any thread.
 */
#ifndef UTIL_MEM_H
#define UTIL_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc_array(void *p, size_t n, size_t size); /* aborts on overflow of n * size */
char *xstrdup(const char *s);                         /* NULL in, NULL out */
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* `CLEANUP_FREE char *s = ...;` frees s when it goes out of scope. */
static inline void mem_cleanup_free(void *p)
{
	free(*(void **)p);
}
#define CLEANUP_FREE __attribute__((cleanup(mem_cleanup_free)))

/* Hands the value of an owning variable on and empties the variable. */
#define TAKE_PTR(p) \
	__extension__({ \
		__typeof__(p) taken_ = (p); \
		(p) = NULL; \
		taken_; \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))

/* Typed growable arrays: VEC(int) v = {0}; vec_push(&v, 3); vec_free(&v); */
#define VEC(type) \
	struct { \
		type *items; \
		size_t len, cap; \
	}
#define vec_push(v, x) \
	do { \
		if ((v)->len == (v)->cap) { \
			(v)->cap = (v)->cap ? (v)->cap * 2 : 8; \
			(v)->items = xrealloc_array( \
				(v)->items, (v)->cap, sizeof(__typeof__(*(v)->items))); \
		} \
		(v)->items[(v)->len++] = (x); \
	} while (0)
#define vec_free(v) \
	do { \
		free((v)->items); \
		(v)->items = NULL; \
		(v)->len = (v)->cap = 0; \
	} while (0)

/* A NULL-terminated, owned list of strings (argv, environment). */
struct strlist {
	char **items; /* items[len] is NULL once anything was added */
	size_t len, cap;
};
void strlist_add(struct strlist *l, const char *s); /* copies s */
void strlist_addf(struct strlist *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strlist_release(struct strlist *l);

#endif
