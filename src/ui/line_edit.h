/* One line of text that is being typed: UTF-8, a cursor, the usual keys. Pure; main thread. */
#ifndef UI_LINE_EDIT_H
#define UI_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/canvas.h"
#include "ui/key.h"

#define LINE_EDIT_MAX 1000 /* bytes; more is not taken */

struct line_edit {
	char text[LINE_EDIT_MAX + 1];
	size_t len, at; /* at: byte offset of the cursor, always at the start of a character */
	bool fresh;     /* a suggestion: the first character typed replaces it */
};

void line_edit_set(struct line_edit *e, const char *text); /* cut to fit; cursor at the end */
/* The same as a suggestion, which is drawn as selected: typing replaces it, other keys edit it. */
void line_edit_suggest(struct line_edit *e, const char *text);
/* Takes a key: text, backspace, delete, left, right, home, end, ctrl-a/e/u/k/w. false: not its own.
 */
bool line_edit_key(struct line_edit *e, key_code k);
/* Draws the part around the cursor and puts the canvas's cursor there. */
void line_edit_draw(const struct line_edit *e, struct view *v, int x, int y, int width);

#endif
