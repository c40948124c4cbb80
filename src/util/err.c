/* Errors as values; see err.h. Texts that do not fit are cut, never refused. */
#include "util/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void err_vformat(
	struct err *err, enum err_code code, int saved, const char *fmt, va_list ap)
{
	err->code = code;
	err->saved_errno = saved;
	if (vsnprintf(err->text, sizeof(err->text), fmt, ap) < 0)
		err->text[0] = '\0';
}

/* Appends ": " and s as far as they fit. */
static void err_append(char *text, size_t size, const char *s)
{
	size_t used = strlen(text);
	const char *parts[] = { ": ", s };
	for (size_t i = 0; i < 2; i++) {
		size_t n = strnlen(parts[i], size - 1 - used);
		memcpy(text + used, parts[i], n);
		used += n;
	}
	text[used] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (!err)
		return -1;
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	err_vformat(err, code, 0, fmt, ap);
	va_end(ap);
	errno = saved;
	return -1;
}

int err_errno(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (!err)
		return -1;
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	err_vformat(err, code, saved, fmt, ap);
	va_end(ap);
	char reason[128];
	err_append(err->text, sizeof(err->text), strerror_r(saved, reason, sizeof(reason)));
	errno = saved;
	return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	int saved = errno;
	char text[sizeof(err->text)];
	va_list ap;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	err_append(text, sizeof(text), err->text);
	memcpy(err->text, text, sizeof(text));
	errno = saved;
	return -1;
}

void err_clear(struct err *err)
{
	if (!err)
		return;
	err->code = ERR_NONE;
	err->saved_errno = 0;
	err->text[0] = '\0';
}

const char *err_code_name(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return "none";
	case ERR_USAGE:
		return "usage";
	case ERR_ENV:
		return "environment";
	case ERR_IO:
		return "io";
	case ERR_TIMEOUT:
		return "timeout";
	case ERR_CANCELLED:
		return "cancelled";
	case ERR_PROTOCOL:
		return "protocol";
	case ERR_LIMIT:
		return "limit";
	case ERR_UNSUPPORTED:
		return "unsupported";
	case ERR_INTERNAL:
		return "internal";
	}
	return "unknown";
}
