/* Any bytes as a theme file: refused with a text and no change, or styles that can be shown. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct theme t, before;
	memset(&t, 0, sizeof(t));
	if (theme_load(&t, "default", &err) != 0)
		abort();
	memcpy(&before, &t, sizeof(t));
	if (theme_parse(&t, "fuzz", (const char *)data, size, &err) != 0) {
		if (!*err.text || memcmp(&t, &before, sizeof(t)) != 0)
			abort();
		return 0;
	}
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct style *s = &t.styles[i];
		if (s->fg < COLOR_DEFAULT || s->fg > 255 || s->bg < COLOR_DEFAULT || s->bg > 255)
			abort();
	}
	return 0;
}
