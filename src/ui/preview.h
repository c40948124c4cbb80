/*
 * What a preset comes to, for people: the drawn topology, the numbers that
 * follow from it, and the plan as a text. Shared by the start screen and the
 * editor. Main thread.
 */
#ifndef UI_PREVIEW_H
#define UI_PREVIEW_H

#include "core/preset_edit.h"
#include "ui/canvas.h"
#include "ui/rich.h"

/* Needs st->scenario: "nodes  5, ring" and so on, one fact a line. brief: only what differs most.
 */
void preview_facts(
	const struct edit_status *st, const struct glyphs *g, bool brief, struct rich *out);
/* The same on one line: "5 nodes ring, ~108 blocks, 540 tx, 8 faults, 1:03". Appends. */
void preview_line(const struct edit_status *st, const struct glyphs *g, struct strbuf *out);
/* The map above, the facts below it; as much of them as fits. Without a plan: only the facts. */
void preview_draw(const struct edit_status *st, struct view *v);
/* All about the plan; needs st->plan. */
void preview_plan(const struct edit_status *st, const struct glyphs *g, struct rich *out);

#endif
