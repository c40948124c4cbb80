/* Any bytes as a key file: refused with a text and no change, or no key has two meanings. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/keymap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct keymap m, defaults;
	keymap_defaults(&m);
	keymap_defaults(&defaults);
	if (keymap_parse(&m, "fuzz", (const char *)data, size, &err) != 0) {
		if (!*err.text || memcmp(&m, &defaults, sizeof(m)) != 0)
			abort();
		return 0;
	}
	for (const unsigned *place = action_places; *place; place++) {
		for (enum action a = 1; a < ACTION_COUNT; a++) {
			for (size_t i = 0; i < KEYMAP_PER_ACTION; i++) {
				key_code k = m.keys[a][i];
				char name[24];
				if (k == KEY_NONE)
					continue;
				if (key_parse(key_to_name(k, name, sizeof(name))) != k)
					abort();
				if ((action_info(a)->contexts & *place) &&
					keymap_find(&m, k, *place) != a)
					abort();
			}
		}
	}
	return 0;
}
