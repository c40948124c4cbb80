/* All about a transaction, and finding one by the beginning of its hash. Pure. */
#ifndef UI_DETAIL_TX_H
#define UI_DETAIL_TX_H

#include "ui/pane.h"

/* false: the model does not remember it. */
bool tx_detail(const struct pane_context *ctx, const struct id32 *hash, char *ret_title,
	size_t title_size, struct rich *out);
/* How many remembered transactions begin with these hex digits; *ret is the newest of them. */
size_t tx_find_prefix(const struct model *m, const char *hex_prefix, struct id32 *ret);
/* What became of one, in a word or two, and how that looks. */
const char *tx_state_text(const struct model_tx *t, enum role *ret_role);
/* One line of a list: time, hash, state, node, latency, reason. Ends with a new line. */
void tx_line(struct rich *out, const struct model *m, const struct model_tx *t);

#endif
