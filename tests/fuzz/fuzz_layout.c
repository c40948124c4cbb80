/* Any bytes as a layout: refused with a text, or panes that do not leave the screen. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/layout.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_fit(const struct layout *l, const struct layout_request *q)
{
	struct layout_result r;
	layout_compute(l, q, &r);
	if (!r.shown[q->focus])
		abort();
	for (int p = 0; p < PANE_COUNT; p++) {
		const struct rect *a = &r.rects[p];
		if (a->x < 0 || a->y < 0 || a->w < 0 || a->h < 0 || a->x + a->w > q->w ||
			a->y + a->h > q->h || r.shown[p] != (a->w > 0 && a->h > 0))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct layout l;
	char *text = xstrndup((const char *)data, size);
	if (layout_parse(&l, "fuzz", text, &err) != 0) {
		if (!*err.text)
			abort();
	} else {
		for (int focus = 0; focus < PANE_COUNT; focus++) {
			struct layout_request q = { .w = 300, .h = 100 };
			q.focus = (enum pane_id)focus;
			must_fit(&l, &q);
			q.w = LAYOUT_NARROW;
			q.h = LAYOUT_LOW;
			must_fit(&l, &q);
			layout_swap(&l, PANE_NODES, q.focus);
		}
	}
	free(text);
	return 0;
}
