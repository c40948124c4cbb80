/* All about one node, and its links, as text: for the nodes pane and the map. Pure. */
#ifndef UI_NODE_DETAIL_H
#define UI_NODE_DETAIL_H

#include "ui/pane.h"

/* False: there is no such node. */
bool node_detail(const struct pane_context *ctx, size_t node, char *ret_title, size_t title_size,
	struct rich *out);
/* Whom it dials, who dials it, how those links behave, and other shaped links from and to it. */
void node_detail_links(const struct pane_context *ctx, size_t node, struct rich *out);

#endif
