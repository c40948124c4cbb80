/*
 * Remembers what gossip brought lately, so that the same bytes from the next
 * peer are dropped before they are decoded. Forgets after one to two periods,
 * so that something sent again later gets its chance. One thread.
 */
#ifndef NODE_P2P_SEEN_H
#define NODE_P2P_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/hex.h"

#define SEEN_PERIOD_MS   10000
#define SEEN_MAX_ENTRIES 16384 /* per period */

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *s); /* NULL is fine */
void seen_key(const void *data, size_t len, struct id32 *ret);
bool seen_has(const struct seen *s, const struct id32 *key);
void seen_add(struct seen *s, const struct id32 *key, uint64_t now_ms);

#endif
