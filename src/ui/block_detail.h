/* All about one block, as text. Pure. */
#ifndef UI_BLOCK_DETAIL_H
#define UI_BLOCK_DETAIL_H

#include "ui/block_tree.h"
#include "ui/pane.h"

/* The tree is one of ctx's blocks. False: there is no such row. */
bool block_detail(const struct pane_context *ctx, const struct block_tree *t, size_t row,
	char *ret_title, size_t title_size, struct rich *out);
/* "n1" when the key is of a node of the plan, else the short key. */
const char *block_proposer(
	const struct pane_context *ctx, const struct view_block *b, char *buf, size_t size);
/* "lost, led 20 ms"; "" for a block of the best chain. */
const char *block_place_text(const struct block_row *row, char *buf, size_t size);

#endif
