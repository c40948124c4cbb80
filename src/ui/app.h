/*
 * Inside of the terminal application: what its screens, overlays and the main
 * loop share. One struct ui, one thread.
 *
 * A screen draws itself into a view and gets actions; keys have been turned
 * into actions by then, unless the screen edits text (overlays do). Overlays
 * lie above the screen and get everything first.
 */
#ifndef UI_APP_H
#define UI_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/keymap.h"
#include "ui/layouts.h"
#include "ui/rich.h"
#include "ui/session.h"
#include "ui/theme.h"
#include "ui/ui.h"

struct ui;

struct screen_ops {
	const char *name;
	const char *open_hint; /* what OPEN does here, in a word, for the hint bar */
	unsigned contexts;     /* of actions that are possible, CTX_ANY aside; see also `more` */
	/* The whole screen but for the hint bar (last row) and the message above it. */
	void (*draw)(struct ui *ui, void *state, struct view *v);
	bool (*act)(struct ui *ui, void *state, enum action a); /* false: not handled here */
	void (*mouse)(struct ui *ui, void *state, const struct key_event *k);
	/* A search text was typed (live); "" ends it. Returns matches. */
	size_t (*search)(struct ui *ui, void *state, const char *text);
	void (*news)(struct ui *ui, void *state); /* a new snapshot, a second has passed, ... */
	void (*release)(void *state);
};

/* What was chosen on the start screen for the runs to come; kept while others are shown. */
struct start_choice {
	char preset[64];  /* the selected one */
	char backend[32]; /* "": as the preset says */
	bool has_seed;
	uint64_t seed;
};

struct ui {
	const struct ui_options *opt;
	const struct ui_host *host;
	struct theme theme;
	struct keymap keymap;
	struct layouts layouts;
	size_t layout; /* the one in use: kept from run to run */
	const struct glyphs *glyphs;
	struct canvas canvas;
	const struct screen_ops *screen;
	void *screen_state;
	struct overlay *overlay; /* topmost; NULL: none */
	struct session *session; /* the run that is shown; NULL: none */
	char message[400];
	enum role message_role;
	uint64_t message_until_ns; /* real time */
	char search[80];           /* of the screen; "" none */
	struct start_choice start;
	uint64_t now_ns; /* real monotonic time of this turn */
	bool dirty;      /* something may have changed: draw */
	bool headless;   /* no terminal: a script draws into the canvas only */
	bool quit;
	int exit_code;
};

/* --- screens --- */
extern const struct screen_ops screen_start, screen_edit, screen_run, screen_end;
/* Leaves the present screen and goes to another; state is taken (made by the functions below). */
void ui_go(struct ui *ui, const struct screen_ops *ops, void *state);
void ui_go_start(struct ui *ui);
/* Edits a preset by name or path; NULL: a new one. Errors become a message. */
void ui_go_edit(struct ui *ui, const char *preset);
/* Leaves ui->session, and for the start the screens that show it; false: a run is still going on.
 */
bool ui_close_session(struct ui *ui);
/* Takes the scenario; on error a message, and the screen stays. */
void ui_go_launch(struct ui *ui, struct scenario *s);
void ui_go_open(struct ui *ui, const char *run_dir, enum session_kind kind);
void ui_go_run(struct ui *ui); /* panes of ui->session */
void ui_go_end(struct ui *ui); /* verdict of ui->session */

/* --- overlays (overlay.c) --- */
/* One line at the bottom for some seconds. ROLE_BAD ones stay longer. */
void ui_message(struct ui *ui, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* arg is freed with free_arg (may be NULL) when the overlay goes, whatever was answered. */
typedef void ui_free_fn(void *arg);
/* A yes-no question; `yes` is called on y; Enter is no answer, so that
 * typing ahead does no harm. detail: further lines, may be NULL. */
void ui_confirm(struct ui *ui, const char *question, const char *detail,
	void (*yes)(struct ui *ui, void *arg), void *arg, ui_free_fn *free_arg);
/* A line of text. check: called at each change and before done; its error is shown below the field
 * and keeps Enter from being taken. */
void ui_ask(struct ui *ui, const char *title, const char *hint, const char *initial,
	int (*check)(struct ui *ui, const char *text, void *arg, struct err *err),
	void (*done)(struct ui *ui, const char *text, void *arg), void *arg, ui_free_fn *free_arg);
struct menu_item {
	const char *label, *note; /* note may be NULL; both copied */
	enum role role;           /* of the note */
	bool disabled;            /* can be looked at, not chosen: the note says why */
};
/* One of several; the first keys typed narrow the list. */
void ui_menu(struct ui *ui, const char *title, const struct menu_item *items, size_t n,
	size_t initial, void (*done)(struct ui *ui, size_t index, void *arg), void *arg,
	ui_free_fn *free_arg);
/* The same, where text that no item matches is an answer too. hint stands for the empty text. */
void ui_menu_or_text(struct ui *ui, const char *title, const char *hint,
	const struct menu_item *items, size_t n,
	void (*done)(struct ui *ui, size_t index, void *arg),
	void (*typed)(struct ui *ui, const char *text, void *arg), void *arg, ui_free_fn *free_arg);
/* A text to read. `refill` (may be NULL) is called at news and may replace the text. */
void ui_show(struct ui *ui, const char *title, struct rich *text /* its content is taken */,
	void (*refill)(struct ui *ui, struct rich *text, void *arg), void *arg,
	ui_free_fn *free_arg);
void ui_show_help(struct ui *ui);
void ui_show_palette(struct ui *ui);
void ui_close_overlay(struct ui *ui);

/* Says where a preset was saved, and whether it is the one that its name means from now on.
 * trouble: what else is wrong with it, or NULL. */
void ui_tell_saved(struct ui *ui, const char *name, const char *path, const char *trouble);
/* Asks for a name and saves ui->session as a preset with a timeline. */
void ui_export_session(struct ui *ui);

/* The key of an action as it is bound, for messages; its name when it has none. Valid until the
 * fourth next call; main thread. */
const char *ui_key_name(const struct ui *ui, enum action a);
/* Does an action as if its key had been pressed; true when somebody handled it. */
bool ui_act(struct ui *ui, enum action a);
unsigned ui_contexts(const struct ui *ui); /* what is active now */
/* Writes DIR/ltb-screen-N.txt and .svg; message says where. */
void ui_save_screen(struct ui *ui, const char *path_without_ending);

#endif
