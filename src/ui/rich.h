/*
 * Text with roles, in lines: help, details, verdicts. Built once, then shown
 * by a viewer that scrolls, wraps and searches, or printed as plain text. Pure.
 */
#ifndef UI_RICH_H
#define UI_RICH_H

#include <stddef.h>

#include "ui/canvas.h"
#include "util/mem.h"
#include "util/strbuf.h"

/* A line that has been begun ends with rich_newline(); an empty one at the end does not count. */
struct rich_span {
	enum role role;
	char *text;
};
struct rich_line {
	int indent; /* of continuation lines when it wraps */
	VEC(struct rich_span) spans;
};
struct rich {
	VEC(struct rich_line) lines;
};

void rich_add(struct rich *r, enum role role, const char *text); /* to the last line */
void rich_addf(struct rich *r, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void rich_newline(struct rich *r);
/* Text of several lines, each on a line of its own. In all other text a line feed is shown as '?',
 * so that a node cannot make lines up. */
void rich_add_lines(struct rich *r, enum role role, const char *text);
void rich_indent(struct rich *r, int columns); /* of the last line */
/* A line of its own, with a blank line before it (but for the first). */
void rich_heading(struct rich *r, const char *text);
/* A line of its own: "  name   value" with the value at column `at`. */
void rich_field(struct rich *r, int at, const char *name, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void rich_release(struct rich *r);
void rich_to_text(const struct rich *r, struct strbuf *out);
/* Draws from wrapped row `top` on; returns how many rows the whole has at this width. match: text
 * to be marked, or NULL; the case of ASCII letters does not matter. */
int rich_draw(const struct rich *r, struct view *v, int top, const char *match);
int rich_height(const struct rich *r, int width);
/* Wrapped row of the n-th match at this width; -1 when there are fewer. */
int rich_find(const struct rich *r, int width, const char *match, size_t n);
size_t rich_count(const struct rich *r, int width, const char *match);
/* Goes `by` matches on from the *at-th, back when negative, around both ends. Returns the wrapped
 * row of the one that *at is then, -1 when there is none. */
int rich_step(const struct rich *r, int width, const char *match, int by, size_t *at);

#endif
