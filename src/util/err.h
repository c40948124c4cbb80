/*
 * Errors as values: a code, the errno that was current, and a text that is
 * complete enough to show to a user.
 *
 * The caller owns the struct (usually on its stack, zero-initialised) and
 * passes it down as the last argument. A function that fails sets it once and
 * returns -1; callers may only put context in front of the text, never
 * replace it. NULL is accepted everywhere and means "do not care".
 * No function here blocks; any thread.
 */
#ifndef UTIL_ERR_H
#define UTIL_ERR_H

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,       /* command line or preset is wrong: exit 2 */
	ERR_ENV,         /* the machine or backend lacks something: exit 4 */
	ERR_IO,          /* a file, socket or database failed */
	ERR_TIMEOUT,     /* a deadline passed */
	ERR_CANCELLED,   /* somebody asked to stop */
	ERR_PROTOCOL,    /* a peer or node answered something unexpected */
	ERR_LIMIT,       /* a bound on outside input was exceeded */
	ERR_UNSUPPORTED, /* this backend or node cannot do that */
	ERR_INTERNAL,    /* a bug in this program: exit 70 */
};

struct err {
	enum err_code code;
	int saved_errno;
	char text[1000];
};

/* Sets code and text; always returns -1, so `return err_set(...)` works. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(errno) appended; errno is kept. */
int err_errno(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "<context>: " in front of the text. Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);
const char *err_code_name(enum err_code code);

#endif
