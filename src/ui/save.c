/* Screens as files: text, and SVG in the theme's colours. See ui_priv.h. */
#include <stdio.h>
#include <string.h>

#include "ui/ui_priv.h"
#include "util/fs.h"
#include "util/mem.h"

#define CELL_W     8.4
#define CELL_H     18
#define FONT_SIZE  14
#define MARGIN     10
#define BACKGROUND 0x16181d
#define FOREGROUND 0xd4d7dd

static unsigned rgb(short color, unsigned otherwise)
{
	unsigned char c[3];

	if (color < 0)
		return otherwise;
	color_to_rgb(color, c);
	return (unsigned)c[0] << 16 | (unsigned)c[1] << 8 | c[2];
}

static unsigned mix(unsigned a, unsigned b, unsigned percent_b)
{
	unsigned out = 0;

	for (int shift = 0; shift <= 16; shift += 8) {
		unsigned x = a >> shift & 0xff, y = b >> shift & 0xff;
		out |= (x * (100 - percent_b) + y * percent_b) / 100 << shift;
	}
	return out;
}

static void colors_of(const struct theme *t, const struct cell *c, unsigned *fg, unsigned *bg)
{
	const struct style *s = &t->styles[c->role];

	*fg = rgb(s->fg, FOREGROUND);
	*bg = rgb(s->bg, BACKGROUND);
	if (s->dim)
		*fg = mix(*fg, *bg, 45);
	if (s->reverse != c->reverse) {
		unsigned swap = *fg;
		*fg = *bg;
		*bg = swap;
	}
}

static void add_escaped(struct strbuf *out, uint32_t ch)
{
	if (ch == '&')
		strbuf_adds(out, "&amp;");
	else if (ch == '<')
		strbuf_adds(out, "&lt;");
	else if (ch == '>')
		strbuf_adds(out, "&gt;");
	else
		strbuf_adds(out, glyph_str(ch ? ch : ' '));
}

static bool same_look(const struct cell *a, const struct cell *b)
{
	return a->role == b->role && a->reverse == b->reverse;
}

static bool is_blank(const struct cell *c, int n)
{
	for (int i = 0; i < n; i++) {
		if (c[i].ch != ' ' && c[i].ch != 0)
			return false;
	}
	return true;
}

static void add_run(
	const struct canvas *c, const struct theme *t, int x, int y, int n, struct strbuf *out)
{
	const struct cell *cells = &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
	const struct style *s = &t->styles[cells->role];
	double left = MARGIN + x * CELL_W, width = n * CELL_W;
	int top = MARGIN + y * CELL_H;
	unsigned fg, bg;

	colors_of(t, cells, &fg, &bg);
	if (bg != BACKGROUND)
		strbuf_addf(out,
			"<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#%06x\"/>\n",
			left, top, width, CELL_H, bg);
	if (is_blank(cells, n))
		return;
	strbuf_addf(out, "<text x=\"%.1f\" y=\"%d\" fill=\"#%06x\" textLength=\"%.1f\"%s%s>", left,
		top + CELL_H - 5, fg, width, s->bold ? " font-weight=\"bold\"" : "",
		s->underline ? " text-decoration=\"underline\"" : "");
	for (int i = 0; i < n; i++) {
		if (cells[i].ch != 0 || i == 0)
			add_escaped(out, cells[i].ch);
	}
	strbuf_adds(out, "</text>\n");
}

void canvas_to_svg(const struct canvas *c, const struct theme *t, struct strbuf *out)
{
	double w = 2 * MARGIN + c->w * CELL_W;
	int h = 2 * MARGIN + c->h * CELL_H;

	strbuf_addf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" "
		"viewBox=\"0 0 %.0f %d\">\n"
		"<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"#%06x\"/>\n"
		"<g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" "
		"font-size=\"%d\" xml:space=\"preserve\">\n",
		w, h, w, h, BACKGROUND, FONT_SIZE);
	for (int y = 0; y < c->h; y++) {
		const struct cell *row = &c->cells[(size_t)y * (size_t)c->w];
		for (int x = 0, n; x < c->w; x += n) {
			n = 1;
			while (x + n < c->w && same_look(&row[x], &row[x + n]))
				n++;
			add_run(c, t, x, y, n, out);
		}
	}
	strbuf_adds(out, "</g>\n</svg>\n");
}

int ui_write_screen(struct ui *ui, const char *path_without_ending, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	CLEANUP_STRBUF struct strbuf svg = { 0 };
	CLEANUP_FREE char *txt_path = xasprintf("%s.txt", path_without_ending);
	CLEANUP_FREE char *svg_path = xasprintf("%s.svg", path_without_ending);

	canvas_to_text(&ui->canvas, &text);
	canvas_to_svg(&ui->canvas, &ui->theme, &svg);
	if (fs_write_atomic(txt_path, strbuf_str(&text), text.len, 0644, err) < 0)
		return -1;
	return fs_write_atomic(svg_path, strbuf_str(&svg), svg.len, 0644, err);
}

void ui_save_screen(struct ui *ui, const char *path_without_ending)
{
	struct err err = { 0 };

	if (ui_write_screen(ui, path_without_ending, &err) < 0)
		ui_message(ui, ROLE_BAD, "%s", err.text);
	else
		ui_message(ui, ROLE_GOOD, "saved %s.txt and .svg", path_without_ending);
}
