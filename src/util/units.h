/*
 * Durations and sizes as people write them. Any thread.
 * Durations: "500ms", "30s", "1.5m", "2h", "100us", "1m30s"; a bare number is
 * refused (which unit?), "0" is allowed. Sizes: "64K", "10M", "1G", bytes.
 */
#ifndef UTIL_UNITS_H
#define UTIL_UNITS_H

#include <locale.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

int units_parse_duration(const char *s, uint64_t *ret_ns, struct err *err);
int units_parse_size(const char *s, uint64_t *ret_bytes, struct err *err);
int units_parse_u64(const char *s, uint64_t *ret, struct err *err);  /* decimal only */
int units_parse_double(const char *s, double *ret, struct err *err); /* finite, C locale */

locale_t units_c_locale(void); /* for strtod_l and uselocale; never freed */

/* Shortest exact form, such as "500ms", "1m30s"; buf of at least 32 bytes. */
const char *units_format_duration(uint64_t ns, char *buf, size_t size);
/* About three significant digits for people: "0.8 ms", "12 s", "2:31". */
const char *units_format_human(uint64_t ns, char *buf, size_t size);
const char *units_format_size(uint64_t bytes, char *buf, size_t size);
/* What makes a word fit its number: "s", or "" for 1: "%u node%s". */
const char *plural_s(uint64_t n);

#endif
