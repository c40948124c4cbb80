/* Any bytes as a file of layouts: refused with a text and no change, or all can be shown. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/layouts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct layouts l, defaults;
	struct err err = { 0 };

	layouts_defaults(&l);
	layouts_defaults(&defaults);
	if (layouts_parse(&l, "fuzz", (const char *)data, size, &err) != 0) {
		if (!*err.text || memcmp(&l, &defaults, sizeof(l)) != 0)
			abort();
		return 0;
	}
	if (l.n < defaults.n || l.n > LAYOUTS_MAX)
		abort();
	for (size_t i = 0; i < l.n; i++) {
		struct layout_request q = { .w = 200, .h = 60, .focus = PANE_LOG };
		struct layout_result r;

		layout_compute(&l.items[i], &q, &r);
		if (!r.shown[PANE_LOG] || !*l.items[i].name)
			abort();
		for (size_t j = 0; j < i; j++) {
			if (strcmp(l.items[i].name, l.items[j].name) == 0)
				abort();
		}
	}
	return 0;
}
