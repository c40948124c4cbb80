/* The panes of a run, between screen_run.c (drawing, panes) and run_actions.c (commands). */
#ifndef UI_SCREEN_RUN_H
#define UI_SCREEN_RUN_H

#include "ui/app.h"
#include "ui/pane.h"

struct run_screen {
	void *panes[PANE_COUNT]; /* state of each */
	struct layout layout;
	struct layout_request request; /* focus, zoom, hidden */
	struct layout_result placed;   /* as last drawn */
	struct view inner[PANE_COUNT]; /* where each was last drawn, frame excluded */
	struct selection selection;
	uint64_t commands_seen; /* COMMAND events whose outcome was told */
	uint64_t failures_seen; /* how many of them had failed, whoever gave them */
	bool quit_when_done;    /* leave ltb once the run has been wound up */
};

/* What a pane may know, now. */
struct pane_context run_screen_context(struct ui *ui, struct run_screen *r, enum pane_id pane);

/* --- run_actions.c --- */
/* Does an action of CTX_LIVE, CTX_REPLAY or EXPORT; false: it is none of them. */
bool run_act(struct ui *ui, struct run_screen *r, enum action a);
/* Asks whether to stop a run that is going on; leaves at once when there is none. */
void run_quit(struct ui *ui, struct run_screen *r);
/* Detail view of a block or transaction by the beginning of its id; false: none has it. */
bool run_show_id(struct ui *ui, struct run_screen *r, const char *hex_prefix);

/* --- run_bar.c --- */
/* The first line: preset, phases with progress, time, verdict so far. */
void run_bar_draw(struct ui *ui, struct view *v);
/* Verdict so far in words: "PASSING 3/4". */
const char *run_verdict_text(const struct model *m, char *buf, size_t size, enum role *ret_role);

#endif
