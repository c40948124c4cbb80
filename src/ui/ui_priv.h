/*
 * Between ui.c (the loop), draw.c (bars), script.c and save.c; nothing for
 * screens. Main thread.
 */
#ifndef UI_UI_PRIV_H
#define UI_UI_PRIV_H

#include "ui/app.h"
#include "ui/term.h"

/* --- draw.c --- */
/* Everything into ui->canvas: screen, overlays, hint bar or message. */
void ui_draw(struct ui *ui);

/* --- save.c --- */
/* The canvas as an SVG picture in the theme's colours, for README and reports. */
void canvas_to_svg(const struct canvas *c, const struct theme *t, struct strbuf *out);
int ui_write_screen(struct ui *ui, const char *path_without_ending, struct err *err);

/* --- script.c --- */
struct script;
/* Reads and checks the whole file; ERR_USAGE with file:line. "-" is standard input. */
struct script *script_load(const char *path, struct err *err);
/* The same for a text at hand; name is for messages. */
struct script *script_parse(const char *name, const char *text, size_t len, struct err *err);
void script_free(struct script *s);
/* The size that it asks for; 120x36 when it does not. */
void script_size(const struct script *s, int *ret_w, int *ret_h);

struct script_turn {
	enum { SCRIPT_WAITS, SCRIPT_KEY, SCRIPT_GOES_ON, SCRIPT_ENDED, SCRIPT_FAILED } what;
	struct key_event key; /* SCRIPT_KEY */
	uint64_t until_ns;    /* SCRIPT_WAITS: look again then at the latest */
	struct err err;       /* SCRIPT_FAILED */
};
/* Does the next statement, on the screen as it is drawn now. */
void script_step(struct script *s, struct ui *ui, struct script_turn *ret);

/* --- ui.c --- */
/* A key, from the terminal or a script. */
void ui_key(struct ui *ui, const struct key_event *k);
void ui_run_command_line(struct ui *ui, const char *text); /* messages say what came of it */

#endif
