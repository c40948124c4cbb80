/*
 * A form: one section of a preset as rows of fields that can be walked through
 * and looked at. Changing values is the screen's business. Main thread.
 */
#ifndef UI_FORM_H
#define UI_FORM_H

#include "core/preset_edit.h"
#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/rich.h"

struct form {
	struct preset_edit *edit; /* borrowed */
	enum edit_section section;
	size_t cursor; /* field; the count of fields is the row "add" of sections with items */
	int top;       /* first visible row */
	int rows;      /* visible ones, as of the last draw */
	bool focused;
	const char *error_path; /* the field that an error is about; "" none */
	const char *match;      /* text to mark; "" none */
};

void form_section(struct form *f, enum edit_section s);        /* goes there, to its first field */
size_t form_count(const struct form *f);                       /* fields */
bool form_field(const struct form *f, struct edit_field *ret); /* at the cursor; false: "add" */
void form_clamp(struct form *f);
bool form_act(struct form *f, enum action a); /* UP, DOWN, PAGE_*, FIRST, LAST */
void form_draw(struct form *f, struct view *v);
/* The field at a row of the last draw; false: none is there. */
bool form_at(const struct form *f, int y, size_t *ret_field);
/* Goes to the field with a path, in whatever section; false when there is none. */
bool form_goto(struct form *f, const char *path);
/* What the field at the cursor is for and what it takes: two or three lines. */
void form_help(const struct form *f, const struct glyphs *g, struct rich *out);
/* "a duration, 1s .. 30d" */
void form_takes(const struct edit_field *field, struct strbuf *out);
/* Goes to the next (1) or previous (-1) field of any section that matches; 0: stays if it does. */
bool form_find(struct form *f, const char *text, int direction);
size_t form_matches(struct form *f, const char *text);
/* A number that changes when a value of the section does. */
uint64_t form_digest(struct preset_edit *e, enum edit_section s);

#endif
