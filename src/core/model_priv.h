/*
 * What the files of the model share: model.c (the fold), model_log.c (the
 * merged log), model_series.c (graphs), model_txs.c (transactions and links)
 * and snapshot.c.
 *
 * Every text that a model points to is counted and never changes, so that a
 * snapshot takes a reference instead of a copy. The counts are atomic:
 * snapshots are released by any thread.
 */
#ifndef CORE_MODEL_PRIV_H
#define CORE_MODEL_PRIV_H

#include "core/model.h"
#include "util/map.h"

#define MODEL_MAX_NODES    2001 /* indices 0..2000, as event.c lets through */
#define MODEL_MAX_NAMED    1000 /* workloads, checks */
#define MODEL_MAX_TEXT     4096 /* bytes; longer ones are cut */
#define MODEL_MAX_EVIDENCE (1024u * 1024)

/* The links of snapshots: sorted by from and to, made once a change. */
struct link_list {
	int refs; /* atomic */
	struct model_link items[];
};

/* What only the fold needs; snapshots have none. */
struct model_live {
	struct map *link_index;   /* from and to -> its position in model.links, plus one */
	struct link_list *sorted; /* for the next snapshot; NULL: to be made anew */
	/* When the greatest height so far was first reached. */
	bool has_top, block_heights; /* block_heights: blocks tell, samples need not */
	uint64_t top_height, top_ns;
};

/* --- snapshot.c: shared texts and lists; NULL is fine everywhere ---------------------- */

char *text_new(const char *s);              /* cut at MODEL_MAX_TEXT, between characters */
char *text_take(const char *s, size_t len); /* the first len bytes, however many */
char *text_ref(char *text);
void text_unref(char *text);
void text_set(char **at, const char *s);
/* As much of s as fits, without half characters. */
size_t text_cut(const char *s, size_t max);

void links_unref(struct model_link *items);
void block_txs_unref(struct model_block_txs *txs);
/* Of models and snapshots alike; not the model itself. */
void model_release(struct model *m);

/* --- model.c ------------------------------------------------------------------------------ */

struct model_node *model_node_at(struct model *m, int node); /* NULL: no such index */
/* Lowest and highest of the nodes that run and answer; false when there is none. */
bool model_heights(const struct model *m, uint64_t *ret_low, uint64_t *ret_high);

/* --- model_series.c ----------------------------------------------------------------------- */

struct model_bucket *series_at(struct model *m, uint64_t t_ns); /* until the next call */
void series_block(struct model *m, uint64_t t_ns, bool is_new);
void series_sample(struct model *m, uint64_t t_ns, bool height_changed);
void series_tx(struct model *m, const struct event *ev);

/* --- model_txs.c -------------------------------------------------------------------------- */

void apply_tx(struct model *m, const struct event *ev);
void apply_link(struct model *m, const struct event *ev);
/* Right after model.n_blocks has counted it. */
void keep_block_txs(struct model *m, const struct id32 *txs, size_t n);

/* --- model_log.c: lines for the merged log ------------------------------------------------- */

void tell_log(struct model *m, const struct event *ev);
void tell_note(struct model *m, const struct event *ev);
void tell_command(struct model *m, const struct event *ev);
void tell_phase_end(struct model *m, const struct event *ev);
/* n is already as the event says. */
void tell_node_state(struct model *m, const struct event *ev, const struct model_node *n,
	enum node_state before);
void tell_reorg(struct model *m, const struct event *ev);
void tell_fault(struct model *m, const struct event *ev, uint64_t start_ns);
void tell_check(struct model *m, const struct event *ev, enum verdict before);

#endif
