/*
 * The block tree as seen from outside, from all nodes together: which blocks
 * exist, who has seen them when, which chain each node is on. Pure data
 * structure, bounded (oldest blocks below everybody's LIB are dropped beyond
 * CHAIN_VIEW_MAX). One owner thread each; copies are independent.
 */
#ifndef CORE_CHAIN_VIEW_H
#define CORE_CHAIN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/hex.h"

#define CHAIN_VIEW_MAX 50000

struct chain_view;

struct view_block {
	struct id32 id, parent, leader;
	uint64_t slot, height;
	bool has_height;
	uint64_t first_ns, last_ns; /* first and latest sighting, run time */
	int first_node;
	unsigned seen_by; /* number of nodes */
	uint32_t n_txs;
	uint64_t size_bytes;
	const struct view_block *parent_block; /* NULL when not known (yet) */
};

struct chain_view *chain_view_new(void);
void chain_view_free(struct chain_view *v);

/* Adds a block or a further sighting; returns the entry; *ret_new tells which it was. */
const struct view_block *chain_view_add(struct chain_view *v, const struct id32 *id,
	const struct id32 *parent, uint64_t slot, bool *ret_new);
void chain_view_seen(struct chain_view *v, const struct id32 *id, int node, uint64_t t_ns);
bool chain_view_is_seen_by(const struct chain_view *v, const struct id32 *id, int node);
void chain_view_details(struct chain_view *v, const struct id32 *id, const struct id32 *leader,
	uint32_t n_txs, uint64_t size_bytes);
/* Tells the height of a block (from a node's info); descendants get theirs from it. */
void chain_view_height(struct chain_view *v, const struct id32 *id, uint64_t height);
const struct view_block *chain_view_find(const struct chain_view *v, const struct id32 *id);
size_t chain_view_len(const struct chain_view *v);
/* The block of greatest height (first seen wins ties); NULL when empty. */
const struct view_block *chain_view_best(const struct chain_view *v);
/* Newest first by arrival: fn returns non-zero to stop. */
void chain_view_each_newest(
	const struct chain_view *v, int (*fn)(const struct view_block *b, void *arg), void *arg);

enum view_relation { VIEW_SAME, VIEW_ANCESTOR, VIEW_DESCENDANT, VIEW_FORKED, VIEW_CANNOT_TELL };
/* How a stands to b: VIEW_ANCESTOR when a is an ancestor of b. */
enum view_relation chain_view_relation(
	const struct chain_view *v, const struct id32 *a, const struct id32 *b);
/* Common ancestor of two known blocks; NULL when it cannot be told. */
const struct view_block *chain_view_common(
	const struct chain_view *v, const struct id32 *a, const struct id32 *b);

#endif
