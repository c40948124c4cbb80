/* What a key is called in messages, as it is bound; see app.h. */
#include <stdio.h>

#include "ui/app.h"

#define RING 4

const char *ui_key_name(const struct ui *ui, enum action a)
{
	static char ring[RING][32];
	static unsigned next;
	char *buf = ring[next++ % RING];

	if (!*keymap_label(&ui->keymap, a, buf, sizeof(ring[0])))
		snprintf(buf, sizeof(ring[0]), "%s", action_info(a)->name);
	return buf;
}
