/*
 * The contract of a pane: draws a part of a run from a snapshot, and nothing
 * else. A pane keeps only what its viewer has chosen (cursor, scrolling,
 * filters). Main thread; drawing must stay well below a millisecond for what is
 * visible, whatever the size of the model.
 */
#ifndef UI_PANE_H
#define UI_PANE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"
#include "core/plan.h"
#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/layout.h"
#include "ui/rich.h"

/* What the viewer has chosen and more than one pane must know. */
struct selection {
	unsigned node; /* the cursor of the nodes pane */
	bool marked[TOPOLOGY_MAX_NODES];
	unsigned n_marked;
	unsigned workload; /* the cursor of the workloads pane */
};

struct pane_context {
	const struct model *model;  /* of a snapshot */
	const struct plan *plan;    /* NULL when the run's preset could not be read */
	uint64_t now_ns;            /* run time: that of the newest event, or later while it runs */
	uint64_t block_interval_ns; /* expected; 0 unknown */
	bool focused, narrow;
	bool live; /* commands are possible */
	struct selection *selection;
};

enum pane_reply {
	PANE_IGNORED,
	PANE_HANDLED,
	PANE_DETAIL, /* open the pane's detail view */
};

struct pane_ops {
	enum pane_id id;
	const char *title; /* "nodes" */
	size_t state_size;
	void (*init)(void *state);
	/* What stands behind the title in the frame: "4 up, 1 paused". May leave out empty. */
	void (*status)(const void *state, const struct pane_context *ctx, struct strbuf *out);
	/* Into a view without frame. Also clamps its cursor to what there is. */
	void (*draw)(void *state, const struct pane_context *ctx, struct view *v);
	/* One or two lines for narrow screens, at most v->h rows; returns how many it used. */
	int (*brief)(void *state, const struct pane_context *ctx, struct view *v);
	/* UP, DOWN, PAGE_*, FIRST, LAST, LEFT, RIGHT, OPEN, BACK, NEXT_MATCH, PREV_MATCH, SORT,
	 * MARK, MARK_ALL, FILTER_*. */
	enum pane_reply (*act)(void *state, const struct pane_context *ctx, enum action a);
	/* A click on a row of the last drawn view, in its coordinates. */
	enum pane_reply (*click)(void *state, const struct pane_context *ctx, int x, int y);
	/* New search text, "" ends it; returns the number of matches. */
	size_t (*search)(void *state, const struct pane_context *ctx, const char *text);
	/* All about what is selected; false: nothing is. Called again at each new snapshot while
	 * the detail view is open. */
	bool (*detail)(const void *state, const struct pane_context *ctx, char *ret_title,
		size_t title_size, struct rich *out);
	void (*release)(void *state);
};

extern const struct pane_ops pane_nodes, pane_blocks, pane_workloads, pane_checks, pane_faults,
	pane_log, pane_map, pane_graphs;
extern const struct pane_ops *const panes_all[PANE_COUNT]; /* by pane_id */

/* pane_common.c: for panes that do not need a member. */
void pane_no_init(void *state);
void pane_no_release(void *state);
int pane_no_brief(void *state, const struct pane_context *ctx, struct view *v);
size_t pane_no_search(void *state, const struct pane_context *ctx, const char *text);
enum pane_reply pane_no_click(void *state, const struct pane_context *ctx, int x, int y);

/* A list with a cursor: shared by the panes that are one. */
struct list {
	size_t cursor, top;
	size_t rows; /* visible, as of the last draw */
	bool at_end; /* stays at the last line as lines come */
};
/* Keeps cursor and top within n items and `rows` visible ones. */
void list_clamp(struct list *l, size_t n, size_t rows);
/* UP, DOWN, PAGE_UP, PAGE_DOWN, FIRST, LAST; false for others. */
bool list_act(struct list *l, size_t n, enum action a);

/* Formats that panes share; all return buf. */
const char *fmt_clock(uint64_t ns, char *buf, size_t size);    /* "0:52.1", "1:02:03" */
const char *fmt_clock_s(uint64_t ns, char *buf, size_t size);  /* "0:52" */
const char *fmt_ago(uint64_t ns, char *buf, size_t size);      /* "41 s" */
const char *fmt_ms(uint64_t ns, char *buf, size_t size);       /* "0.8 ms", "1.9 s"; "-" for 0 */
const char *fmt_bytes(uint64_t bytes, char *buf, size_t size); /* "9.1M" */
const char *fmt_rate(double per_s, char *buf, size_t size);    /* "9.1/s" */
const char *fmt_id(const struct id32 *id, char *buf, size_t size); /* "8f3c..a1" */
const char *fmt_count(uint64_t n, char *buf, size_t size);         /* "1,944" */
enum role role_of_verdict(enum verdict v);
uint32_t glyph_of_verdict(const struct glyphs *g, enum verdict v);
enum role role_of_node(enum node_state s);

#endif
