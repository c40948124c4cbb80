/*
 * The real terminal, by ncurses: the only file that knows it. Opening it takes
 * the screen; closing gives it back as it was, and so does a crash. Main
 * thread, but for term_restore_from_signal().
 */
#ifndef UI_TERM_H
#define UI_TERM_H

#include <stdbool.h>

#include "ui/canvas.h"
#include "ui/key.h"
#include "ui/theme.h"
#include "util/err.h"

struct terminal;

struct term_options {
	bool color; /* false: attributes only (NO_COLOR, --color never) */
	bool mouse;
};

/* ERR_ENV with a fix when stdin or stdout is no terminal, or TERM is unknown or dumb. */
struct terminal *term_open(const struct term_options *opt, struct err *err);
void term_close(struct terminal *t); /* NULL is fine; the screen is given back */
void term_size(const struct terminal *t, int *ret_w, int *ret_h);
bool term_is_utf8(const struct terminal *t);
int term_colors(const struct terminal *t); /* 0, 8, 16, 256 */
void term_set_theme(struct terminal *t, const struct theme *theme);

/* The next key that is waiting; false: none. Never blocks. Poll stdin for more. */
bool term_key(struct terminal *t, struct key_event *ret);
/* Asks the kernel for the size again (after SIGWINCH); true when it has changed. */
bool term_resize(struct terminal *t);
/* Shows the canvas; only what differs from the last one is sent. */
void term_draw(struct terminal *t, const struct canvas *c);
void term_redraw(struct terminal *t); /* the next draw sends everything */
/* Gives the terminal back, stops this process (SIGSTOP), and takes the terminal again after fg. */
void term_suspend(struct terminal *t);

#endif
