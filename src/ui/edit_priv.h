/* What the parts of the editor's screen share: screen_edit.c draws, edit_acts.c changes. */
#ifndef UI_EDIT_PRIV_H
#define UI_EDIT_PRIV_H

#include "core/preset_edit.h"
#include "ui/app.h"
#include "ui/form.h"
#include "ui/layout.h"

struct edit_screen {
	struct preset_edit *edit;
	struct form form;
	bool on_sections;                       /* the list of sections has the keys */
	uint64_t as_saved[EDIT_SECTION_COUNT];  /* form_digest() of each */
	struct rect sections_area, fields_area; /* as of the last draw, frames excluded */
	char *save_name;                        /* asked for, while overwriting is confirmed */
};

/* The present sections are as they were loaded or saved. */
void edit_mark_saved(struct edit_screen *s);
/* The screen's act(). */
bool edit_act(struct ui *ui, void *state, enum action a);

#endif
