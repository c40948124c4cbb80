/*
 * Any bytes drawn at any place of any view: nothing outside of the view changes
 * (but for the other half of a wide character), and the canvas stays well-formed.
 * Input: an operation (1 byte), four numbers (2 bytes each), a text up to a NUL; repeated.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/canvas.h"
#include "ui/chars.h"
#include "ui/rich.h"
#include "util/mem.h"

#define W 23
#define H 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_well_formed(const struct canvas *c)
{
	for (int y = 0; y < H; y++) {
		for (int x = 0; x < W; x++) {
			const struct cell *cell = &c->cells[y * W + x];
			if (cell->role >= ROLE_COUNT)
				abort();
			if (cell->ch == 0) {
				if (x == 0 || chars_width(cell[-1].ch) != 2)
					abort();
				continue;
			}
			if (chars_clean(cell->ch) != cell->ch)
				abort();
			if (chars_width(cell->ch) == 2 && (x + 1 == W || cell[1].ch != 0))
				abort();
		}
	}
}

static void must_keep_outside(
	const struct cell *before, const struct cell *after, const struct view *v)
{
	for (int y = 0; y < H; y++) {
		for (int x = 0; x < W; x++) {
			const struct cell *a = &before[y * W + x], *b = &after[y * W + x];
			if (y >= v->y && y < v->y + v->h && x >= v->x && x < v->x + v->w)
				continue;
			bool was_half = a->ch == 0 || (x + 1 < W && a[1].ch == 0);
			bool beside =
				y >= v->y && y < v->y + v->h && (x == v->x - 1 || x == v->x + v->w);
			if (a->ch != b->ch && !(was_half && beside && b->ch == ' '))
				abort();
			if (a->role != b->role || a->reverse != b->reverse)
				abort();
		}
	}
}

static void draw(struct view *v, unsigned op, const int n[4], const char *text)
{
	enum role role = (enum role)((unsigned)n[3] % ROLE_COUNT);
	double values[8];
	for (int i = 0; i < 8; i++)
		values[i] = i == n[2] % 8 ? NAN : n[i % 4] / 7.0;
	struct rich r = { 0 };
	switch (op % 10) {
	case 0:
		view_text(v, n[0], n[1], role, text);
		break;
	case 1:
		view_text_cut(v, n[0], n[1], n[2], role, text);
		break;
	case 2:
		view_text_right(v, n[0], n[1], n[2], role, text);
		break;
	case 3:
		view_char(v, n[0], n[1], role, (uint32_t)n[2] * 37u);
		break;
	case 4:
		view_fill(v, n[0], n[1], n[2], n[3], role, 'x');
		break;
	case 5:
		view_select_row(v, n[0]);
		break;
	case 6:
		view_frame(v, role, text, n[0] % 2 ? text : NULL);
		break;
	case 7:
		view_bar(v, n[0], n[1], n[2], role, n[3] / 100.0);
		break;
	case 8:
		view_spark(v, n[0], n[1], n[2], role, values, 8, n[3]);
		break;
	default:
		rich_add_lines(&r, role, text);
		rich_indent(&r, n[1]);
		rich_draw(&r, v, n[0], text + strlen(text) / 2);
		rich_release(&r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct canvas c;
	struct cell before[W * H];
	canvas_init(&c, W, H, &glyphs_utf8);
	struct view all = view_all(&c), v = all;
	for (int steps = 0; size >= 10 && steps < 100; steps++) {
		unsigned op = *data;
		int n[4];
		for (int i = 0; i < 4; i++) {
			n[i] = (int16_t)(data[1 + i * 2] | data[2 + i * 2] << 8);
			/* small numbers are where things happen, large ones where they overflow */
			n[i] = n[i] > 30000    ? n[i] * 65536
			       : n[i] < -30000 ? n[i] * 65536
					       : n[i] % 40;
		}
		data += 9;
		size -= 9;
		size_t len = strnlen((const char *)data, size);
		char *text = xstrndup((const char *)data, len);
		data += MIN(len + 1, size);
		size -= MIN(len + 1, size);
		if (op >= 128) {
			v = view_sub(op % 2 ? &all : &v, n[0], n[1], n[2], n[3]);
		} else {
			memcpy(before, c.cells, sizeof(before));
			draw(&v, op, n, text);
			must_keep_outside(before, c.cells, &v);
			must_be_well_formed(&c);
		}
		free(text);
	}
	struct strbuf out = { 0 };
	canvas_to_text(&c, &out);
	strbuf_release(&out);
	canvas_release(&c);
	return 0;
}
