/* All about one transaction, and how to find one. Pure; main thread. */
#ifndef UI_DETAIL_TX_H
#define UI_DETAIL_TX_H

#include "ui/pane.h"

/*
 * False when neither the transactions nor the blocks that are remembered have
 * it. The title is "transaction 8f3c..a1".
 */
bool tx_detail(const struct pane_context *ctx, const struct id32 *hash, char *title,
	size_t title_size, struct rich *out);
/*
 * Remembered transactions whose hash begins with these hexadecimal digits,
 * either case; *ret is the newest of them. 0 for an empty or a bad text.
 */
size_t tx_find_prefix(const struct model *m, const char *hex_prefix, struct id32 *ret);

/*
 * The newest remembered transactions of a workload with a heading, those that
 * were rejected or all others; returns how many (0: nothing was added).
 */
size_t tx_list(const struct model *m, unsigned workload, bool rejected, const char *heading,
	size_t most, struct rich *out);

/* Shared with lists of transactions. */
enum role role_of_tx(enum tx_state s);
uint32_t glyph_of_tx(const struct glyphs *g, enum tx_state s);
/* The i-th newest of the remembered ones; i < m->n_txs. */
const struct model_tx *tx_newest(const struct model *m, size_t i);

#endif
