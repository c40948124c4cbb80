/*
 * A size-capped log file of whatever program: appended to, rotated once
 * (PATH.1) when it would grow beyond its cap, with the last words at hand. A
 * log that cannot be written is given up: who writes must not suffer from a
 * full disk. One thread, or the owner's lock.
 */
#ifndef CORE_LOG_FILE_H
#define CORE_LOG_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define LOG_FILE_MAX_DEFAULT (64ull * 1024 * 1024)

struct log_file {
	char *path; /* owned */
	int fd;     /* -1: closed, or given up */
	uint64_t bytes, max_bytes;
};

/* max_bytes 0: LOG_FILE_MAX_DEFAULT. On failure nothing is left to release. */
int log_file_open(struct log_file *f, const char *path, uint64_t max_bytes, struct err *err);
void log_file_append(struct log_file *f, const char *data, size_t len);
void log_file_release(struct log_file *f); /* a zeroed one is fine */

#endif
