/*
 * The newest blocks sorted out as a tree that can be drawn: which chain is the
 * best, what lies off it, and in which lane each block stands. Takes what nodes
 * said as it is: parents that are missing, heights that do not fit and loops
 * give a strange picture, never a wrong access or an endless walk. Pure.
 *
 * Rows go from new to old, every block above its parent. Lane 0 belongs to the
 * best chain. A lane is drawn downwards from a block to its parent; a block
 * whose parent is awaited in another lane already is attached to that lane.
 */
#ifndef UI_BLOCK_TREE_H
#define UI_BLOCK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model.h"
#include "ui/canvas.h"

#define BLOCK_TREE_LANES 64

enum block_place {
	BLOCK_BEST,
	BLOCK_COMPETING, /* off the best chain, on a branch that is as high */
	BLOCK_LOST,      /* ... on one that is lower */
	BLOCK_ORPHAN,    /* an ancestor is not known */
	BLOCK_UNTOLD     /* older than the part of the best chain that is known */
};

struct block_row {
	size_t block; /* index into the blocks that were given */
	int parent;   /* row; -1: not among them */
	enum block_place place;
	uint64_t level;  /* height; where it is not known, what follows from neighbours */
	uint64_t led_ns; /* off the best chain: how long it was seen before its rival */
	int lane;
	int attach;            /* lane that waits for the same parent; -1: none */
	uint64_t lines, joins; /* lanes that pass by; lanes that end here from the right or left */
};

struct block_tree {
	struct block_row rows[MODEL_BLOCKS];
	size_t n;
	int n_lanes;          /* that are used */
	size_t n_forks;       /* branches that leave the best chain */
	size_t n_best;        /* blocks of it, without a gap from its top */
	uint64_t interval_ns; /* mean over the newest of them; 0: fewer than two */
};

/* blocks: newest arrival first; at most MODEL_BLOCKS are looked at. */
void block_tree_build(struct block_tree *t, const struct view_block *blocks, size_t n);
/* The row of a block; -1 when there is none. */
int block_tree_row(
	const struct block_tree *t, const struct view_block *blocks, const struct id32 *id);
/* Cells that the lanes take, with at most max_lanes of them. */
int block_tree_width(const struct block_tree *t, int max_lanes);
/* The lanes of a row at x, y of the view. */
void block_tree_draw(
	const struct block_tree *t, size_t row, struct view *v, int x, int y, int max_lanes);

#endif
