/*
 * Which key does what: the defaults of the action table, changed by a key file
 * (YAML: "restart: [r, ctrl-r]", "kill: []"). Main thread.
 */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

#include "ui/action.h"
#include "ui/key.h"
#include "util/err.h"

#define KEYMAP_PER_ACTION 4

struct keymap {
	key_code keys[ACTION_COUNT][KEYMAP_PER_ACTION]; /* KEY_NONE: none */
};

void keymap_defaults(struct keymap *m);
/* On top of what is there. Unknown actions and keys, and a key with two meanings in one place, are
 * errors with file:line:col. */
int keymap_parse(struct keymap *m, const char *file, const char *text, size_t len, struct err *err);
int keymap_load(struct keymap *m, const char *path, struct err *err);
/* The action of a key when these contexts are active; ACTION_NONE. */
enum action keymap_find(const struct keymap *m, key_code k, unsigned contexts);
/* First key of an action, short form; "" when it has none. */
const char *keymap_label(const struct keymap *m, enum action a, char *buf, size_t size);

#endif
