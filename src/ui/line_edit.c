/* See line_edit.h. */
#include "ui/line_edit.h"

#include <string.h>

#include "util/utf8.h"

static size_t next_char(const struct line_edit *e, size_t at)
{
	size_t n = at < e->len ? utf8_sequence(e->text + at, e->len - at) : 0;
	return at < e->len ? at + (n ? n : 1) : at;
}

static size_t previous_char(const struct line_edit *e, size_t at)
{
	while (at > 0 && ((unsigned char)e->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static void erase(struct line_edit *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->len - to + 1);
	e->len -= to - from;
	e->at = from;
}

void line_edit_set(struct line_edit *e, const char *text)
{
	size_t len = strlen(text);

	e->len = 0;
	while (e->len < len) {
		size_t n = utf8_sequence(text + e->len, len - e->len);
		if (n == 0 || e->len + n > LINE_EDIT_MAX)
			break;
		e->len += n;
	}
	memcpy(e->text, text, e->len);
	e->text[e->len] = '\0';
	e->at = e->len;
	e->fresh = false;
}

void line_edit_suggest(struct line_edit *e, const char *text)
{
	line_edit_set(e, text);
	e->fresh = e->len > 0;
}

static size_t encode(key_code k, char out[4])
{
	if (k < 0x80) {
		out[0] = (char)k;
		return 1;
	}
	if (k < 0x800) {
		out[0] = (char)(0xc0 | k >> 6);
		out[1] = (char)(0x80 | (k & 0x3f));
		return 2;
	}
	if (k < 0x10000) {
		out[0] = (char)(0xe0 | k >> 12);
		out[1] = (char)(0x80 | (k >> 6 & 0x3f));
		out[2] = (char)(0x80 | (k & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | k >> 18);
	out[1] = (char)(0x80 | (k >> 12 & 0x3f));
	out[2] = (char)(0x80 | (k >> 6 & 0x3f));
	out[3] = (char)(0x80 | (k & 0x3f));
	return 4;
}

static void insert(struct line_edit *e, key_code k)
{
	char bytes[4];
	size_t n = encode(k, bytes);

	if (utf8_sequence(bytes, n) != n || e->len + n > LINE_EDIT_MAX)
		return;
	memmove(e->text + e->at + n, e->text + e->at, e->len - e->at + 1);
	memcpy(e->text + e->at, bytes, n);
	e->len += n;
	e->at += n;
}

static void erase_word(struct line_edit *e)
{
	size_t from = e->at;

	while (from > 0 && e->text[from - 1] == ' ')
		from--;
	while (from > 0 && e->text[from - 1] != ' ')
		from--;
	erase(e, from, e->at);
}

bool line_edit_key(struct line_edit *e, key_code k)
{
	bool fresh = e->fresh;

	e->fresh = false;
	if (fresh && (key_is_text(k) || k == KEY_BACKSPACE_))
		erase(e, 0, e->len);
	if (key_is_text(k))
		insert(e, k);
	else if (k == KEY_BACKSPACE_)
		erase(e, previous_char(e, e->at), e->at);
	else if (k == KEY_DELETE)
		erase(e, e->at, next_char(e, e->at));
	else if (k == KEY_LEFT_)
		e->at = previous_char(e, e->at);
	else if (k == KEY_RIGHT_)
		e->at = next_char(e, e->at);
	else if (k == KEY_HOME_ || k == key_ctrl('a'))
		e->at = 0;
	else if (k == KEY_END_ || k == key_ctrl('e'))
		e->at = e->len;
	else if (k == key_ctrl('u'))
		erase(e, 0, e->at);
	else if (k == key_ctrl('k'))
		erase(e, e->at, e->len);
	else if (k == key_ctrl('w'))
		erase_word(e);
	else
		return false;
	return true;
}

void line_edit_draw(const struct line_edit *e, struct view *v, int x, int y, int width)
{
	char before[LINE_EDIT_MAX + 1];
	size_t from = 0;

	if (width < 2)
		return;
	/* the cursor's column must fit: what does not is left out at the left */
	for (;;) {
		memcpy(before, e->text + from, e->at - from);
		before[e->at - from] = '\0';
		if (text_width(before) < width)
			break;
		from = next_char(e, from);
	}
	view_fill(v, x, y, width, 1, ROLE_INPUT, ' ');
	view_text_cut(v, x, y, width, e->fresh ? ROLE_MATCH : ROLE_INPUT, e->text + from);
	v->canvas->cursor_x = v->x + x + text_width(before);
	v->canvas->cursor_y = v->y + y;
}
