/*
 * How roles look: foreground, background and attributes, from a theme file
 * (YAML: "good: {fg: green, bold: true}"). Colours are default, the 16 by name
 * (red, bright-red), 0 to 255, or "#rrggbb" (the nearest of the 256). Shipped ones: default, light,
 * mono, high-contrast, compiled in from assets/themes. Main thread.
 */
#ifndef UI_THEME_H
#define UI_THEME_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/role.h"
#include "util/err.h"

#define COLOR_DEFAULT (-1) /* the terminal's own */

struct style {
	short fg, bg; /* 0..255, or COLOR_DEFAULT; mapped down for 8 and 16 colours by term.c */
	bool bold, dim, underline, reverse, italic;
};

struct theme {
	char name[32];
	struct style styles[ROLE_COUNT];
};

/* A shipped theme by name, or a file (contains '/' or ends in .yaml) on top of the default theme.
 * On an error *t is as it was. */
int theme_load(struct theme *t, const char *name_or_path, struct err *err);
/* On top of what is there; a role that is named is replaced as a whole. */
int theme_parse(struct theme *t, const char *file, const char *text, size_t len, struct err *err);
bool theme_is_path(const char *name_or_path); /* else it is the name of a shipped one */
const char *theme_next(const char *name);     /* the shipped one after this one */
/* The style on a terminal of 0, 8, 16 or 256 colours: colours are below that number then, and what
 * they cannot say is said by attributes where possible. */
struct style theme_style(const struct theme *t, enum role role, int colors);
const char *role_name(enum role role);
/* What a colour of 0..255 looks like in most terminals, for pictures. */
void color_to_rgb(int color, unsigned char ret[3]);

#endif
