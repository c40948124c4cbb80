/*
 * What the terminal shows, as data: a grid of cells, each one character and
 * one role. Everything is drawn into a canvas; term.c copies it to the screen,
 * tests compare it with golden text, "save the screen" writes it to a file.
 *
 * Drawing goes through a view, a clipped rectangle of a canvas with its own
 * origin. Nothing outside of it can be touched, whatever the numbers say. Text
 * may come from nodes: control characters and bad UTF-8 become '?', wide
 * characters take two cells or none, combining marks are left out (chars.h).
 * A wide character of which one half is drawn over becomes a blank, so that the
 * cell right of a wide character is always 0, and no other is. Pure; main thread.
 */
#ifndef UI_CANVAS_H
#define UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/glyphs.h"
#include "ui/role.h"
#include "util/strbuf.h"

#define CANVAS_MAX_SIZE 1024    /* columns and rows; larger ones are cut */
#define CANVAS_MAX_TEXT 1000000 /* text_width() counts no further */

struct cell {
	uint32_t ch;  /* Unicode; 0: the right half of a wide character */
	uint8_t role; /* enum role */
	bool reverse; /* the selected row */
};

struct canvas {
	int w, h;
	struct cell *cells; /* h rows of w */
	const struct glyphs *glyphs;
	int cursor_x, cursor_y; /* where a text field is edited; -1: hidden */
};

void canvas_init(struct canvas *c, int w, int h, const struct glyphs *glyphs);
void canvas_resize(struct canvas *c, int w, int h); /* clears it */
void canvas_clear(struct canvas *c);
void canvas_release(struct canvas *c);

/* Plain text, one line a row, trailing blanks cut: golden files and README. */
void canvas_to_text(const struct canvas *c, struct strbuf *out);

struct view {
	struct canvas *canvas;
	int x, y, w, h; /* on the canvas; w and h may be 0, never negative */
};

struct view view_all(struct canvas *c);
/* A part of v in v's coordinates, clipped to v. */
struct view view_sub(const struct view *v, int x, int y, int w, int h);

/*
 * All of these take coordinates of the view and return the column after what
 * was drawn; what lies left of the view counts, what lies right of it does not.
 */
int view_text(struct view *v, int x, int y, enum role role, const char *text);
int view_textf(struct view *v, int x, int y, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* At most `width` cells, and no more than the view has; when it does not fit, the last is the glyph
 * for "cut off". */
int view_text_cut(struct view *v, int x, int y, int width, enum role role, const char *text);
/* Ends at column x + width (or the view's last); cut at the left when it does not fit. */
void view_text_right(struct view *v, int x, int y, int width, enum role role, const char *text);
void view_char(struct view *v, int x, int y, enum role role, uint32_t ch);
void view_fill(struct view *v, int x, int y, int w, int h, enum role role, uint32_t ch);
/* Reverses a row's cells: the selected line. */
void view_select_row(struct view *v, int y);
/* A frame around the whole view, title in the upper edge, note in the lower right (may be NULL).
 * The title has ROLE_TITLE, or ROLE_FOCUS with a border of that role. */
void view_frame(struct view *v, enum role border, const char *title, const char *note);
/* A bar of `width` cells, filled by share 0..1, in eighths where the glyphs allow. */
void view_bar(struct view *v, int x, int y, int width, enum role role, double share);
/* The last of n values, newest at the right end, scaled to max (0: their own), in `width` cells;
 * 0 and what is no number is blank. */
void view_spark(struct view *v, int x, int y, int width, enum role role, const double *values,
	size_t n, double max);

/* Cells that a text takes, with the same rules as drawing. */
int text_width(const char *text);

#endif
