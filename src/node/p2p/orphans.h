/*
 * Blocks whose parent is not here yet, bounded by count and bytes; the oldest
 * goes first. Holds encoded blocks, knows nothing of the chain. One thread.
 */
#ifndef NODE_P2P_ORPHANS_H
#define NODE_P2P_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/hex.h"
#include "util/strbuf.h"

#define ORPHANS_MAX       64
#define ORPHANS_MAX_BYTES (8u * 1024 * 1024)

struct orphans;

struct orphans *orphans_new(void);
void orphans_free(struct orphans *o); /* NULL is fine */
/* Copies the bytes; a block that is held already is left as it is. */
void orphans_add(struct orphans *o, const struct id32 *id, const struct id32 *parent,
	const void *data, size_t len);
/* Removes a block with this parent and appends its bytes to out. */
bool orphans_take_child(struct orphans *o, const struct id32 *parent, struct strbuf *out);
/* First ancestor of id that is not held: the one to ask for. id itself when it is not held. */
struct id32 orphans_missing(const struct orphans *o, const struct id32 *id);
size_t orphans_len(const struct orphans *o);

#endif
