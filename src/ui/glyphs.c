/* The two tables of glyphs; see glyphs.h. Each is one cell wide in every terminal. */
#include "ui/glyphs.h"

#include "ui/chars.h"

const struct glyphs glyphs_utf8 = {
	.h = 0x2500,
	.v = 0x2502,
	.top_left = 0x250c,
	.top_right = 0x2510,
	.bottom_left = 0x2514,
	.bottom_right = 0x2518,
	.tee_right = 0x251c,
	.tee_left = 0x2524,
	.pass = 0x2713,
	.fail = 0x2717,
	.unknown = '?',
	.pending = 0x2026,
	.on = 0x25cf,
	.off = 0x25cb,
	.pointer = 0x25b8,
	.mark = 0x25c6,
	.cut = 0x2026,
	.up = 0x2191,
	.down = 0x2193,
	.right = 0x2192,
	.left = 0x2190,
	.branch = 0x251c,
	.last_branch = 0x2514,
	.trunk = 0x2502,
	.link_h = 0x2500,
	.link_v = 0x2502,
	.link_up = 0x2571,
	.link_down = 0x2572,
	.link_cross = 0x2573,
	.link_cut = 0x2702,
	.eighths_h = { ' ', 0x258f, 0x258e, 0x258d, 0x258c, 0x258b, 0x258a, 0x2589, 0x2588 },
	.eighths_v = { ' ', 0x2581, 0x2582, 0x2583, 0x2584, 0x2585, 0x2586, 0x2587, 0x2588 },
	.dots = 0x2800,
	.middle_dot = 0xb7,
	.ellipsis = 0x2026,
	.ge = 0x2265,
	.approx = 0x2248,
};

const struct glyphs glyphs_ascii = {
	.h = '-',
	.v = '|',
	.top_left = '+',
	.top_right = '+',
	.bottom_left = '+',
	.bottom_right = '+',
	.tee_right = '+',
	.tee_left = '+',
	.pass = '+',
	.fail = 'X',
	.unknown = '?',
	.pending = '.',
	.on = '*',
	.off = 'o',
	.pointer = '>',
	.mark = '#',
	.cut = '~',
	.up = '^',
	.down = 'v',
	.right = '>',
	.left = '<',
	.branch = '|',
	.last_branch = '`',
	.trunk = '|',
	.link_h = '-',
	.link_v = '|',
	.link_up = '/',
	.link_down = '\\',
	.link_cross = 'X',
	.link_cut = '%',
	.eighths_h = { ' ', ' ', ' ', ' ', '#', '#', '#', '#', '#' },
	.eighths_v = { ' ', '.', ',', ':', '-', '=', '+', '*', '#' },
	.dots = 0,
	.middle_dot = '-',
	.ellipsis = '~',
	.ge = '>',
	.approx = '~',
};

const char *glyph_str(uint32_t ch)
{
	static char ring[4][5];
	static unsigned next;
	char *s = ring[next++ % 4];
	uint32_t clean = chars_clean(ch);
	chars_encode(clean ? clean : '?', s);
	return s;
}
