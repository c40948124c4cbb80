/* The characters that are more than text: one table for UTF-8, one for ASCII. */
#ifndef UI_GLYPHS_H
#define UI_GLYPHS_H

#include <stdint.h>

struct glyphs {
	/* frames */
	uint32_t h, v, top_left, top_right, bottom_left, bottom_right;
	uint32_t tee_right, tee_left; /* |- and -| */
	/* state */
	uint32_t pass, fail, unknown, pending; /* ✓ ✗ ? … */
	uint32_t on, off;                      /* ● ○ */
	uint32_t pointer, mark, cut;           /* ▸ selected row, ◆ marked row, … cut off */
	uint32_t up, down, right, left;        /* arrows */
	/* trees of blocks */
	uint32_t branch, last_branch, trunk; /* ├ └ │ */
	/* links of the map */
	uint32_t link_h, link_v, link_up, link_down, link_cross, link_cut; /* ─ │ ╱ ╲ ╳ ✂ */
	uint32_t eighths_h[9];                     /* 0/8 to 8/8 of a cell, growing to the right */
	uint32_t eighths_v[9];                     /* growing upwards */
	uint32_t dots;                             /* 0x2800 when braille may be used, else 0 */
	uint32_t middle_dot, ellipsis, ge, approx; /* · … ≥ ≈ */
};

extern const struct glyphs glyphs_utf8, glyphs_ascii;
/* UTF-8 of one of them, for use in text; valid until the fourth next call. Main thread. */
const char *glyph_str(uint32_t ch);

#endif
