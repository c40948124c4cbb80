/*
 * What the parts of the preset editor share: preset_edit.c (opening, history,
 * saving), preset_edit_tree.c (places in the YAML tree), preset_edit_fields.c
 * (the tree as lists of fields), preset_edit_change.c and preset_edit_status.c.
 */
#ifndef CORE_PRESET_EDIT_PRIV_H
#define CORE_PRESET_EDIT_PRIV_H

#include "core/preset.h"
#include "core/preset_edit.h"
#include "util/mem.h"
#include "util/yaml.h"

#define EDIT_LABEL "preset" /* the file in messages */

/* --- preset_edit_tree.c ---------------------------------------------------- */

/*
 * Where a map of options is, whether it is written down or not: keys from the
 * root on; then, when entry >= 0, an entry of the list found there; then, when
 * choice is set, the options below that name ("NAME" or "NAME: {options}").
 */
struct place {
	const char *steps[3];
	unsigned n_steps;
	int entry;
	const char *choice;
};

/* NULL when it is not written, or is no map. */
struct ynode *place_find(struct ynode *root, const struct place *p);
struct ynode *place_make(struct ynode *root, const struct place *p);
/* Removes what became empty: options of a choice, maps and lists on the way. */
void place_tidy(struct ynode *root, const struct place *p);

/* Adds or replaces; a new key goes to its place among those that `order` (NULL-terminated) names.
 */
void tree_put(struct ynode *map, const char *key, struct ynode *value, const char *const *order);
void tree_remove(struct ynode *map_or_seq, size_t index);
void tree_to_front(struct ynode *map, size_t index);        /* that key comes first */
size_t tree_find(const struct ynode *map, const char *key); /* map->len when absent */
/* The list below a key of the root; NULL when there is none. */
struct ynode *tree_list(const struct ynode *root, const char *key);
struct ynode *tree_scalar(const char *text, bool quoted);
/* NAME of "NAME" or "NAME: {options}"; NULL for other things. */
const struct ynode *tree_choice(const struct ynode *n);
bool tree_contains(const struct ynode *n, int line, int col);
/* On one line: a scalar as it is, a list as "a, b" or "[a, \"b, c\"]", a map as "{a: b}". */
void tree_text(const struct ynode *n, struct strbuf *out);
/* "a, b" or "[a, b]"; NULL: err. */
struct ynode *tree_parse_list(const char *text, struct err *err);

/* --- preset_edit_fields.c -------------------------------------------------- */

enum slot_kind {
	SLOT_OPTION,
	SLOT_CHOICE,  /* layout, backend: the place is that of the choice's options */
	SLOT_ITEM,    /* head of an item */
	SLOT_UNKNOWN, /* a key that no table has */
};

struct slot {
	struct edit_field f;
	enum slot_kind kind;
	const struct option *option; /* SLOT_OPTION */
	struct place place;          /* of the map that has the key; SLOT_ITEM: of its options */
	const char *key;
	const struct ynode *at_key, *at; /* where it is written; NULL: nowhere */
	const char *const *order;        /* keys of the map, as they are to be written */
	int index;                       /* SLOT_ITEM: in the list or map; -1: implied */
	const char *implies;             /* SLOT_ITEM, implied: the workload that brings it */
};

struct slots {
	VEC(struct slot) v;
	struct strlist strings; /* what the slots point to */
	VEC(void *) blocks;     /* ... arrays of strings */
	bool valid;
};

struct preset_edit {
	const struct catalog *cat;
	const struct preset_source *src;
	struct ydoc *doc; /* of the present text; its file is EDIT_LABEL */
	VEC(char *) states;
	size_t at;          /* the present one of states */
	size_t state_bytes; /* of all states */
	char *saved;
	struct slots sections[EDIT_SECTION_COUNT];
	VEC(const char *) addable;
	struct strlist addable_names;
	struct scenario *scenario; /* of status */
	struct plan *plan;
	struct edit_status status;
	bool status_valid;
};

struct slots *edit_slots(struct preset_edit *e, enum edit_section s);
/* NULL: err. */
struct slot *edit_slot(struct preset_edit *e, enum edit_section s, size_t field, struct err *err);
struct slot *edit_head(struct preset_edit *e, enum edit_section s, int item, struct err *err);
/* Is an entry of `workloads` shown among the faults? */
bool edit_is_fault(const struct preset_edit *e, const struct ynode *entry);
const char *edit_list_key(enum edit_section s); /* "workloads", "expectations" */
extern const char *const edit_root_order[], *const edit_topology_order[];

/* --- preset_edit.c ----------------------------------------------------------- */

/* Takes the tree as it is now as the next state; -1: it is as before the change. */
int edit_commit(struct preset_edit *e, struct err *err);
void edit_clear_slots(struct slots *s);
/* preset_edit_status.c */
void edit_clear_status(struct preset_edit *e);

#endif
