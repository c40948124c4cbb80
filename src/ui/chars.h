/*
 * Text from anywhere as characters that a terminal can show: one decoder and
 * one table of widths for canvas, rich text and text fields, independent of the
 * locale. Pure; any thread.
 */
#ifndef UI_CHARS_H
#define UI_CHARS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The next character of a NUL-terminated text, which is moved on; 0 at its end.
 * Tabs become blanks, other control characters and bytes that are no UTF-8 '?';
 * what takes no cell of its own (combining marks, joiners) is left out.
 */
uint32_t chars_next(const char **text, int *ret_width);
/* The same cleaning for one character; 0: it takes no cell. */
uint32_t chars_clean(uint32_t ch);
int chars_width(uint32_t ch); /* 0, 1 or 2 */
/* UTF-8 of a valid character, NUL-terminated; returns its length. */
size_t chars_encode(uint32_t ch, char ret[5]);

#endif
