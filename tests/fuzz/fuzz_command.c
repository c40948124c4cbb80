/*
 * Any text as a command: refused with a text, or written to text that is read
 * back and written the same. Whether it is possible can be asked of each.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/command.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_command(const struct command *c)
{
	char first[600], second[600];
	struct command again;

	command_format(c, first, sizeof(first));
	if (command_parse(first, &again, NULL) < 0)
		abort(); /* what is written must be readable */
	command_format(&again, second, sizeof(second));
	if (strcmp(first, second) != 0 || again.kind != c->kind ||
		command_is_fault(&again) != command_is_fault(c))
		abort();
	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		const struct command_context x = { .caps = UINT32_MAX,
			.backend = "fuzz",
			.phase = i,
			.n_nodes = 5,
			.node = i % NODE_STATE_COUNT,
			.has_workload = true,
			.tunes = i };
		struct err err = { 0 };
		if (command_possible(c, &x, &err) < 0 && err.text[0] == '\0')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	struct command c;
	struct err err = { 0 };
	int group[5];

	if (command_parse(text, &c, &err) == 0)
		check_command(&c);
	else if (err.code != ERR_USAGE)
		abort();
	(void)command_groups(text, ARRAY_LEN(group), group, NULL);
	return 0;
}
