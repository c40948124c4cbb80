/*
 * Diagnostics of a program, one line each, to stderr or a file.
 * Only programs log (src/app, src/node); libraries return errors instead.
 * Any thread; one line is written with one write(2).
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>

#include "util/err.h"

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

struct log_options {
	enum log_level level;
	bool json;        /* one JSON object a line, else text */
	const char *name; /* shown in each line; copied; may be NULL */
	int fd;           /* borrowed; -1: stderr */
};

void log_setup(const struct log_options *opt);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool log_level_parse(const char *name, enum log_level *ret);
const char *log_level_name(enum log_level level);

#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

#endif
