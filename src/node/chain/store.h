/*
 * Durable blocks of one node in SQLite (WAL, synchronous=NORMAL with a
 * checkpoint per LIB move: kill -9 at any moment loses at most the newest
 * blocks, never a consistent state). Blocks are stored in the order in which
 * they were accepted and replayed through chain_add_block() at start.
 * Also keeps peers that were dialled, and the genesis id it belongs to.
 * One thread. Errors name the file and what to do.
 */
#ifndef NODE_CHAIN_STORE_H
#define NODE_CHAIN_STORE_H

#include "node/chain/block.h"
#include "util/err.h"

struct store;

/*
 * Opens or creates; a store of another genesis, of another program, in use by another
 * process, or damaged is an error that says so.
 */
struct store *store_open(const char *path, const struct id32 *genesis_id, struct err *err);
void store_close(struct store *s);
/* A block that is there already is left alone. */
int store_put_block(struct store *s, const struct block *b, struct err *err);
/*
 * Every block in the order in which they were put; fn takes ownership. Non-zero from fn ends it
 * and is returned; -1 with err set when a block is damaged. The same goes for peers.
 */
int store_each_block(
	struct store *s, int (*fn)(struct block *b, void *arg), void *arg, struct err *err);
int store_put_peer(struct store *s, const char *addr, struct err *err);
int store_each_peer(
	struct store *s, int (*fn)(const char *addr, void *arg), void *arg, struct err *err);
/* Makes everything so far durable (checkpoint). */
int store_sync(struct store *s, struct err *err);

#endif
