/*
 * The real terminal, by ncurses: the only file that knows it. Opening it takes
 * the screen; closing gives it back as it was, and so do exit() and a crash (a
 * thread must not block SIGSEGV and its like, or the kernel ends it unasked).
 * ^C, ^Z and ^\ arrive as signals, ^S and ^Q as keys. There is one terminal at a
 * time. Main thread, but for term_restore_from_signal().
 */
#ifndef UI_TERM_H
#define UI_TERM_H

#include <stdbool.h>

#include "ui/canvas.h"
#include "ui/key.h"
#include "ui/theme.h"
#include "util/err.h"

struct term;

struct term_options {
	bool color; /* false: attributes only (NO_COLOR, --color never) */
	bool mouse;
};

/* ERR_ENV with a fix when stdin or stdout is no terminal, or TERM is unknown or dumb. Sets the
 * character set of the locale: to be called before there are other threads. */
struct term *term_open(const struct term_options *opt, struct err *err);
void term_close(struct term *t); /* NULL is fine; the screen is given back */
void term_size(const struct term *t, int *ret_w, int *ret_h);
bool term_is_utf8(const struct term *t);
int term_colors(const struct term *t); /* 0, 8, 16, 256 */
void term_set_theme(struct term *t, const struct theme *theme);

/* The next key that is waiting; false: none. Does not block, but for the 25 ms that tell ESC from
 * the beginning of another key. Call it until it says false, then poll stdin. */
bool term_key(struct term *t, struct key_event *ret);
/* Asks the kernel for the size again (after SIGWINCH); true when it has changed. */
bool term_resize(struct term *t);
/* Shows the canvas; only what differs from the last one is sent. */
void term_draw(struct term *t, const struct canvas *c);
void term_redraw(struct term *t); /* the next draw sends everything */
/* Gives the terminal back, stops this process (SIGSTOP), and takes the terminal again after fg; the
 * next draw sends everything. The size may have changed: term_resize(). */
void term_suspend(struct term *t);
/* Gives the screen back, whatever state it is in; nothing when it is not taken. Async-signal-safe;
 * the term cannot be used afterwards. */
void term_restore_from_signal(void);

#endif
