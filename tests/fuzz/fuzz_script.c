/* Scripts for the terminal application: read or refused, never more. */
#include <stddef.h>
#include <stdint.h>

#include "ui/ui_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	int w, h;
	struct script *s = script_parse("fuzz", (const char *)data, size, &err);

	if (!s && err.code != ERR_USAGE)
		__builtin_trap();
	if (s) {
		script_size(s, &w, &h);
		if (w < 1 || h < 1 || w > 1000 || h > 500)
			__builtin_trap();
	}
	script_free(s);
	return 0;
}
