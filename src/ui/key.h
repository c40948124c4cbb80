/*
 * Keys as numbers and as names ("r", "R", "ctrl-s", "enter", "f5", "alt-x",
 * "space", "shift-tab"), for key files, scripts and the hint bar. Pure.
 */
#ifndef UI_KEY_H
#define UI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t key_code; /* a Unicode character, or one of these; KEY_ALT may be or'ed in */

enum {
	KEY_NONE = 0,
	KEY_ALT_BIT = 1u << 28,
	KEY_CTRL_BASE = 0x120000, /* + letter 'a'..'z'; see key_ctrl() */
	KEY_SPECIAL = 0x130000,
	KEY_ENTER_,
	KEY_ESC_,
	KEY_TAB_,
	KEY_BACKTAB,
	KEY_BACKSPACE_,
	KEY_DELETE,
	KEY_INSERT,
	KEY_UP_,
	KEY_DOWN_,
	KEY_LEFT_,
	KEY_RIGHT_,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME_,
	KEY_END_,
	KEY_SHIFT_UP,
	KEY_SHIFT_DOWN,
	KEY_F1_,
	KEY_F12_ = KEY_F1_ + 11,
	KEY_MOUSE_, /* see struct key_event */
	KEY_RESIZE_,
};

enum mouse_kind { MOUSE_PRESS, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct key_event {
	key_code code;
	enum mouse_kind mouse; /* KEY_MOUSE_ */
	int x, y;              /* KEY_MOUSE_: cell */
};

/* A terminal cannot tell ctrl-i from tab, ctrl-m and ctrl-j from enter, ctrl-h from backspace: they
 * are the same code. KEY_NONE for what is no letter. */
key_code key_ctrl(char letter);
/* KEY_NONE when there is no such key. Case matters only for single characters. */
key_code key_parse(const char *name);
/* What key_parse() reads; buf of at least 24; returns it. (key_name() is taken by curses.) */
const char *key_to_name(key_code k, char *buf, size_t size);
/* Short form for the hint bar: "ENTER", "^S", "TAB", "r". */
const char *key_label(key_code k, char *buf, size_t size);
/* The names of the special keys, for "did you mean"; NULL ends. */
extern const char *const key_names[];
bool key_is_text(key_code k); /* a printable character: what a text field takes */

#endif
