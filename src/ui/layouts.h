/*
 * The layouts that a viewer can choose from: those of a file of his own, then
 * the shipped ones. Pure but for layouts_load(); main thread.
 */
#ifndef UI_LAYOUTS_H
#define UI_LAYOUTS_H

#include "ui/layout.h"

#define LAYOUTS_MAX     40
#define LAYOUT_FILE_MAX 65536

struct layouts {
	struct layout items[LAYOUTS_MAX];
	size_t n;
};

void layouts_defaults(struct layouts *l);
/*
 * A YAML map from names to layouts as in layout.h. They come first, in their
 * order, so that the first is what a run begins with; one with the name of a
 * shipped one stands for it. Errors have file:line:col; then *l is as it was.
 */
int layouts_parse(
	struct layouts *l, const char *file, const char *text, size_t len, struct err *err);
int layouts_load(struct layouts *l, const char *path, struct err *err);

#endif
