/*
 * Cells, clipping and the simple drawings. Every write goes through put(),
 * which is the one place that keeps to the view; see canvas.h.
 */
#include "ui/canvas.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ui/chars.h"
#include "util/mem.h"

static const struct cell blank = { .ch = ' ', .role = ROLE_NORMAL };

/* --- canvas --- */

void canvas_init(struct canvas *c, int w, int h, const struct glyphs *glyphs)
{
	*c = (struct canvas){ .glyphs = glyphs };
	canvas_resize(c, w, h);
}

void canvas_resize(struct canvas *c, int w, int h)
{
	w = MAX(0, MIN(w, CANVAS_MAX_SIZE));
	h = MAX(0, MIN(h, CANVAS_MAX_SIZE));
	if (w != c->w || h != c->h || !c->cells) {
		free(c->cells);
		c->cells = xcalloc((size_t)w * (size_t)h + 1, sizeof(*c->cells));
		c->w = w;
		c->h = h;
	}
	canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0, n = (size_t)c->w * (size_t)c->h; i < n; i++)
		c->cells[i] = blank;
	c->cursor_x = c->cursor_y = -1;
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){ .glyphs = c->glyphs, .cursor_x = -1, .cursor_y = -1 };
}

static struct cell *cell_at(const struct canvas *c, int x, int y)
{
	return &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
}

void canvas_to_text(const struct canvas *c, struct strbuf *out)
{
	char buf[5];
	for (int y = 0; y < c->h; y++) {
		int w = c->w;
		while (w > 0 && cell_at(c, w - 1, y)->ch == ' ')
			w--;
		for (int x = 0; x < w; x++) {
			uint32_t ch = cell_at(c, x, y)->ch;
			if (ch)
				strbuf_add(out, buf, chars_encode(ch, buf));
		}
		strbuf_addc(out, '\n');
	}
}

/* --- views --- */

struct view view_all(struct canvas *c)
{
	return (struct view){ .canvas = c, .w = c->w, .h = c->h };
}

/* The part of [pos, pos + len) that lies in [0, size). */
static void clip(int *pos, int *len, int size)
{
	int64_t from = MAX((int64_t)*pos, 0);
	int64_t to = MIN((int64_t)*pos + *len, (int64_t)size);
	*pos = (int)MIN(from, (int64_t)size);
	*len = to > from ? (int)(to - from) : 0;
}

struct view view_sub(const struct view *v, int x, int y, int w, int h)
{
	clip(&x, &w, v->w);
	clip(&y, &h, v->h);
	return (struct view){ .canvas = v->canvas, .x = v->x + x, .y = v->y + y, .w = w, .h = h };
}

/* Half of a wide character that is about to be drawn over takes the other half with it. */
static void break_wide(struct canvas *c, int x, int y)
{
	if (cell_at(c, x, y)->ch == 0 && x > 0)
		cell_at(c, x - 1, y)->ch = ' ';
	if (x + 1 < c->w && cell_at(c, x + 1, y)->ch == 0)
		cell_at(c, x + 1, y)->ch = ' ';
}

/* A clean character of 1 or 2 cells, or nothing where it is not wholly in the view. */
static void put(struct view *v, int x, int y, enum role role, uint32_t ch, int width)
{
	if (x < 0 || y < 0 || y >= v->h || x > v->w - width)
		return;
	struct canvas *c = v->canvas;
	for (int i = 0; i < width; i++) {
		break_wide(c, v->x + x + i, v->y + y);
		*cell_at(c, v->x + x + i, v->y + y) =
			(struct cell){ .ch = i == 0 ? ch : 0, .role = (uint8_t)role };
	}
}

/* --- text --- */

int text_width(const char *text)
{
	int width, sum = 0;
	while (chars_next(&text, &width) && sum < CANVAS_MAX_TEXT)
		sum += width;
	return sum;
}

int view_text(struct view *v, int x, int y, enum role role, const char *text)
{
	uint32_t ch;
	int width;
	while (x < v->w && (ch = chars_next(&text, &width))) {
		put(v, x, y, role, ch, width);
		x += width;
	}
	return x;
}

int view_textf(struct view *v, int x, int y, enum role role, const char *fmt, ...)
{
	char buf[512];
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(buf)) {
		CLEANUP_FREE char *text = xvasprintf(fmt, again);
		x = view_text(v, x, y, role, text);
	} else if (n > 0) {
		x = view_text(v, x, y, role, buf);
	}
	va_end(again);
	return x;
}

/* How much of a width there is from x on in the view. */
static int room(const struct view *v, int x, int width)
{
	return (int)MIN((int64_t)width, (int64_t)v->w - x);
}

/* Does it take more than `width` cells? Looks no further than needed. */
static bool is_wider(const char *text, int width)
{
	int w;
	while (chars_next(&text, &w)) {
		if ((width -= w) < 0)
			return true;
	}
	return false;
}

int view_text_cut(struct view *v, int x, int y, int width, enum role role, const char *text)
{
	width = room(v, x, width);
	if (width <= 0)
		return x;
	if (!is_wider(text, width))
		return view_text(v, x, y, role, text);
	int w, end = x + width - 1;
	for (uint32_t ch; (ch = chars_next(&text, &w)) && x + w <= end; x += w)
		put(v, x, y, role, ch, w);
	put(v, x, y, role, v->canvas->glyphs->cut, 1);
	return x + 1;
}

void view_text_right(struct view *v, int x, int y, int width, enum role role, const char *text)
{
	width = room(v, x, width);
	if (width <= 0)
		return;
	int need = text_width(text);
	if (need <= width) {
		view_text(v, x + width - need, y, role, text);
		return;
	}
	int w;
	while (need > width - 1 && chars_next(&text, &w))
		need -= w;
	put(v, x + width - 1 - need, y, role, v->canvas->glyphs->cut, 1);
	view_text(v, x + width - need, y, role, text);
}

void view_char(struct view *v, int x, int y, enum role role, uint32_t ch)
{
	ch = chars_clean(ch);
	put(v, x, y, role, ch ? ch : '?', ch ? chars_width(ch) : 1);
}

void view_fill(struct view *v, int x, int y, int w, int h, enum role role, uint32_t ch)
{
	clip(&x, &w, v->w);
	clip(&y, &h, v->h);
	ch = chars_clean(ch);
	if (chars_width(ch) != 1)
		ch = '?';
	for (int row = y; row < y + h; row++)
		for (int column = x; column < x + w; column++)
			put(v, column, row, role, ch, 1);
}

void view_select_row(struct view *v, int y)
{
	if (y < 0 || y >= v->h)
		return;
	for (int x = 0; x < v->w; x++)
		cell_at(v->canvas, v->x + x, v->y + y)->reverse = true;
}

/* --- drawings --- */

void view_frame(struct view *v, enum role border, const char *title, const char *note)
{
	if (v->w < 2 || v->h < 2)
		return;
	const struct glyphs *g = v->canvas->glyphs;
	int right = v->w - 1, bottom = v->h - 1;
	view_fill(v, 1, 0, right - 1, 1, border, g->h);
	view_fill(v, 1, bottom, right - 1, 1, border, g->h);
	view_fill(v, 0, 1, 1, bottom - 1, border, g->v);
	view_fill(v, right, 1, 1, bottom - 1, border, g->v);
	put(v, 0, 0, border, g->top_left, 1);
	put(v, right, 0, border, g->top_right, 1);
	put(v, 0, bottom, border, g->bottom_left, 1);
	put(v, right, bottom, border, g->bottom_right, 1);
	int width = v->w - 4;
	if (title && *title && width > 0) {
		put(v, 1, 0, border, ' ', 1);
		int end = view_text_cut(
			v, 2, 0, width, border == ROLE_FOCUS ? ROLE_FOCUS : ROLE_TITLE, title);
		put(v, end, 0, border, ' ', 1);
	}
	if (note && *note && width > 0) {
		int used = MIN(text_width(note), width);
		put(v, right - 2 - used, bottom, border, ' ', 1);
		view_text_right(v, right - 1 - used, bottom, used, ROLE_DIM, note);
		put(v, right - 1, bottom, border, ' ', 1);
	}
}

void view_bar(struct view *v, int x, int y, int width, enum role role, double share)
{
	const uint32_t *eighths = v->canvas->glyphs->eighths_h;
	if (width <= 0)
		return;
	width = MIN(width, CANVAS_MAX_SIZE);
	share = share > 0 ? MIN(share, 1.0) : 0; /* not a number: 0 */
	int n = (int)lround(share * width * 8);
	for (int i = 0; i < width && x < v->w; i++, x++)
		put(v, x, y, role, eighths[MAX(0, MIN(n - i * 8, 8))], 1);
}

void view_spark(struct view *v, int x, int y, int width, enum role role, const double *values,
	size_t n, double max)
{
	const uint32_t *eighths = v->canvas->glyphs->eighths_v;
	width = room(v, x, MIN(width, CANVAS_MAX_SIZE));
	if (width <= 0)
		return;
	if (n > (size_t)width) {
		values += n - (size_t)width;
		n = (size_t)width;
	}
	if (!(max > 0)) {
		max = 0;
		for (size_t i = 0; i < n; i++)
			max = values[i] > max ? values[i] : max;
	}
	x += width - (int)n;
	for (size_t i = 0; i < n; i++) {
		double share = max > 0 && values[i] > 0 ? values[i] / max : 0;
		int level = share > 0 ? MAX(1, (int)lround(MIN(share, 1.0) * 8)) : 0;
		put(v, x + (int)i, y, role, eighths[level], 1);
	}
}
