/* What several panes say about a node, so that they all say the same. Pure. */
#ifndef UI_NODE_VIEW_H
#define UI_NODE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model.h"
#include "core/plan.h"
#include "ui/canvas.h"

struct selection;

uint32_t glyph_of_node(const struct glyphs *g, enum node_state s); /* differs for each state */
/* Does its newest sample tell how it is now? */
bool node_has_numbers(const struct model_node *n);
/* Blocks that it is behind the best, see model_height(). */
uint64_t node_lag(const struct model_node *n, uint64_t best);
/* What is done to a node on purpose now. */
struct node_facts {
	const struct model_fault *fault; /* the newest in force on it; NULL: none */
	unsigned cut, shaped;            /* its links in either direction */
};
/* One for each node, in one pass over the model; caller frees. */
struct node_facts *node_facts(const struct model *m);
/*
 * Why a node is not as it should be, in a few words: fault in force, how it
 * died, what its last sample failed of, links that are cut or shaped. "" and ROLE_DIM when all is
 * well.
 */
enum role node_note(const struct model_node *n, const struct node_facts *facts, uint64_t now_ns,
	char *ret, size_t size);
/* "delay 120 ms ± 20 ms, loss 5 %", or "cut". */
void link_rule(const struct model_link *l, const struct glyphs *g, char *ret, size_t size);
/* Whom a node dials by plan, added nodes included; caller frees *ret. */
size_t node_dials(const struct plan *p, size_t node, unsigned **ret);
/* The node of the plan whose leader key this is; -1: none. */
int node_by_key(const struct plan *p, const struct id32 *key);
/* Marking on the selection; nodes that are removed are not among all. */
void selection_toggle(struct selection *sel, const struct model *m);   /* the selected node */
void selection_mark_all(struct selection *sel, const struct model *m); /* or none, if all are */
/* Case of ASCII letters does not matter; an empty needle is in nothing. */
bool text_has(const char *text, const char *needle);

#endif
