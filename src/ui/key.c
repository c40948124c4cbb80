/* Names of keys; see key.h. */
#include "ui/key.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ui/chars.h"
#include "util/mem.h"

/* The first name of a code is the one that is written. */
static const struct {
	const char *name, *label;
	key_code code;
} specials[] = {
	{ "enter", "ENTER", KEY_ENTER_ },
	{ "return", NULL, KEY_ENTER_ },
	{ "esc", "ESC", KEY_ESC_ },
	{ "escape", NULL, KEY_ESC_ },
	{ "tab", "TAB", KEY_TAB_ },
	{ "shift-tab", "S-TAB", KEY_BACKTAB },
	{ "backspace", "BKSP", KEY_BACKSPACE_ },
	{ "delete", "DEL", KEY_DELETE },
	{ "insert", "INS", KEY_INSERT },
	{ "space", "SPACE", ' ' },
	{ "up", "UP", KEY_UP_ },
	{ "down", "DOWN", KEY_DOWN_ },
	{ "left", "LEFT", KEY_LEFT_ },
	{ "right", "RIGHT", KEY_RIGHT_ },
	{ "pageup", "PGUP", KEY_PAGE_UP },
	{ "page-up", NULL, KEY_PAGE_UP },
	{ "pagedown", "PGDN", KEY_PAGE_DOWN },
	{ "page-down", NULL, KEY_PAGE_DOWN },
	{ "home", "HOME", KEY_HOME_ },
	{ "end", "END", KEY_END_ },
	{ "shift-up", "S-UP", KEY_SHIFT_UP },
	{ "shift-down", "S-DOWN", KEY_SHIFT_DOWN },
	{ "f1", "F1", KEY_F1_ },
	{ "f2", "F2", KEY_F1_ + 1 },
	{ "f3", "F3", KEY_F1_ + 2 },
	{ "f4", "F4", KEY_F1_ + 3 },
	{ "f5", "F5", KEY_F1_ + 4 },
	{ "f6", "F6", KEY_F1_ + 5 },
	{ "f7", "F7", KEY_F1_ + 6 },
	{ "f8", "F8", KEY_F1_ + 7 },
	{ "f9", "F9", KEY_F1_ + 8 },
	{ "f10", "F10", KEY_F1_ + 9 },
	{ "f11", "F11", KEY_F1_ + 10 },
	{ "f12", "F12", KEY_F12_ },
};

const char *const key_names[] = { "enter", "esc", "tab", "shift-tab", "backspace", "delete",
	"insert", "space", "up", "down", "left", "right", "pageup", "pagedown", "home", "end",
	"shift-up", "shift-down", NULL };

key_code key_ctrl(char letter)
{
	char low = (char)tolower((unsigned char)letter);
	switch (low) {
	case 'h':
		return KEY_BACKSPACE_;
	case 'i':
		return KEY_TAB_;
	case 'j':
	case 'm':
		return KEY_ENTER_;
	default:
		return low >= 'a' && low <= 'z' ? KEY_CTRL_BASE + (key_code)low : KEY_NONE;
	}
}

bool key_is_text(key_code k)
{
	return k <= 0x10ffff && k >= ' ' && k != 0xa0 && chars_clean(k) == k;
}

static key_code parse_plain(const char *name)
{
	const char *rest = name;
	int width;
	uint32_t ch = chars_next(&rest, &width);
	if (ch && !*rest) {
		/* only what was written so: no replacement for a bad byte */
		char again[5];
		chars_encode(ch, again);
		return strcmp(again, name) == 0 ? ch : KEY_NONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(specials); i++) {
		if (strcasecmp(specials[i].name, name) == 0)
			return specials[i].code;
	}
	if (strncasecmp(name, "ctrl-", 5) == 0 && name[5] && !name[6])
		return key_ctrl(name[5]);
	return KEY_NONE;
}

key_code key_parse(const char *name)
{
	if (strncasecmp(name, "alt-", 4) != 0)
		return parse_plain(name);
	key_code k = parse_plain(name + 4);
	return k == KEY_NONE ? KEY_NONE : k | KEY_ALT_BIT;
}

const char *key_to_name(key_code k, char *buf, size_t size)
{
	const char *alt = k & KEY_ALT_BIT ? "alt-" : "";
	k &= ~(key_code)KEY_ALT_BIT;
	for (size_t i = 0; i < ARRAY_LEN(specials); i++) {
		if (specials[i].code == k) {
			snprintf(buf, size, "%s%s", alt, specials[i].name);
			return buf;
		}
	}
	char text[5] = "?";
	if (k >= KEY_CTRL_BASE + 'a' && k <= KEY_CTRL_BASE + 'z') {
		snprintf(buf, size, "%sctrl-%c", alt, (char)(k - KEY_CTRL_BASE));
		return buf;
	}
	if (key_is_text(k))
		chars_encode(k, text);
	const char *name = k == KEY_NONE ? "none" : k == KEY_MOUSE_ ? "mouse" : text;
	snprintf(buf, size, "%s%s", alt, k == KEY_RESIZE_ ? "resize" : name);
	return buf;
}

const char *key_label(key_code k, char *buf, size_t size)
{
	key_code plain = k & ~(key_code)KEY_ALT_BIT;
	const char *alt = k & KEY_ALT_BIT ? "ALT-" : "";
	for (size_t i = 0; i < ARRAY_LEN(specials); i++) {
		if (specials[i].code == plain) {
			snprintf(buf, size, "%s%s", alt, specials[i].label);
			return buf;
		}
	}
	if (plain >= KEY_CTRL_BASE + 'a' && plain <= KEY_CTRL_BASE + 'z') {
		snprintf(buf, size, "%s^%c", alt,
			(char)toupper((unsigned char)(plain - KEY_CTRL_BASE)));
		return buf;
	}
	char name[24];
	key_to_name(plain, name, sizeof(name));
	snprintf(buf, size, "%s%s", alt, name);
	return buf;
}
