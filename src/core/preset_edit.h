/*
 * A preset that is being edited: a YAML tree with undo, known by the option
 * tables, checked by the same code that reads presets. Sections and fields are
 * numbered lists that a form can be made from. Pure but for load and save; one
 * owner thread.
 */
#ifndef CORE_PRESET_EDIT_H
#define CORE_PRESET_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/catalog.h"
#include "core/option.h"
#include "core/plan.h"
#include "core/scenario.h"
#include "util/err.h"

struct preset_edit;

/* preset: name or path (its extends are resolved: what is edited is whole), NULL: a new one. */
struct preset_edit *preset_edit_open(const struct catalog *cat, const struct preset_source *src,
	const char *preset, struct err *err);
void preset_edit_free(struct preset_edit *e);

enum edit_section {
	EDIT_GENERAL,  /* name, summary */
	EDIT_TOPOLOGY, /* nodes, layout, stake, program */
	EDIT_CONSENSUS,
	EDIT_OVERRIDES, /* items: nodes */
	EDIT_WALLETS,
	EDIT_WORKLOADS, /* items: those that drive load */
	EDIT_FAULTS,    /* items: workloads that disturb the cluster, see workload_is_fault() */
	EDIT_CHECKS,    /* items; implied ones are shown, but not written */
	EDIT_RUN,
	EDIT_OBSERVABILITY, /* services around the cluster */
	EDIT_BACKEND,       /* which one, and its options */
	EDIT_SECTION_COUNT
};
const char *edit_section_title(enum edit_section s);
const char *edit_section_help(enum edit_section s);
bool edit_section_has_items(enum edit_section s);

/* One field of a form. Strings live until the next change. */
struct edit_field {
	const char *path; /* "topology.consensus.slot_duration", for messages */
	const char *name, *help, *unit;
	enum option_type type;
	const char *const *choices; /* ENUM; also layout, backend: names */
	char range[64];             /* "100ms .. 10m", "" when there is none */
	const char *value;          /* as written; the default when not */
	const char *def;            /* NULL: unset */
	bool is_set;                /* written in the preset */
	const char *env;            /* variables that it can come from, see struct option */
	const char *from;           /* the one that the value is from; NULL: none */
	int item;                   /* index of the item it belongs to, or -1 */
	bool is_item; /* the head line of an item: name is its name, value a summary */
	bool implied; /* an item that a workload brings along */
};
/*
 * All fields of a section in order, items' heads before their fields; keys that
 * no table has come last, so that they can be reset away. Returns how many there
 * are; at most `max` are filled in.
 */
size_t preset_edit_fields(
	struct preset_edit *e, enum edit_section s, struct edit_field *ret, size_t max);

/*
 * Changes; each is one step of undo. Values are texts as in a preset; a list
 * is written "a, b" or "[a, b]"; an empty text resets. -1: err says what was
 * expected (with range and unit) and nothing changes. Only what is wrong by
 * itself is refused; what the whole makes of it is in the status. A field of an
 * implied item that is set makes it a written one.
 */
int preset_edit_set(struct preset_edit *e, enum edit_section s, size_t field, const char *value,
	struct err *err);
/* Would it be taken? For a check while somebody types. */
int preset_edit_check(struct preset_edit *e, enum edit_section s, size_t field, const char *value,
	struct err *err);
int preset_edit_reset(struct preset_edit *e, enum edit_section s, size_t field, struct err *err);
/* Names that may be added to a section of items. NULL-terminated, owned by e. */
const char *const *preset_edit_addable(struct preset_edit *e, enum edit_section s);
/* Returns the index of the new item. */
int preset_edit_add(struct preset_edit *e, enum edit_section s, const char *name, struct err *err);
int preset_edit_remove(struct preset_edit *e, enum edit_section s, int item, struct err *err);
/* Returns the index of the copy. */
int preset_edit_duplicate(struct preset_edit *e, enum edit_section s, int item, struct err *err);
int preset_edit_move(struct preset_edit *e, enum edit_section s, int item, int by, struct err *err);
bool preset_edit_undo(struct preset_edit *e);
bool preset_edit_redo(struct preset_edit *e);
bool preset_edit_is_changed(const struct preset_edit *e); /* since load or save */

/* What the preset comes to, as of the last change. */
struct edit_status {
	const struct scenario *scenario;    /* NULL when it is not valid */
	const struct plan *plan;            /* NULL when it cannot be planned */
	struct err error;                   /* as `ltb validate` has it */
	char path[128];                     /* field that the error names, "" unknown */
	uint64_t block_interval_ns, run_ns; /* run_ns: warmup and drive, about */
	double expected_blocks;
	uint64_t planned_txs, planned_faults;
};
/* Fills in the numbers from a scenario and its plan (which may be NULL). */
void edit_status_numbers(struct edit_status *st);
const struct edit_status *preset_edit_status(struct preset_edit *e);
/* An error's text without its place in the preset's text, which a form does not show. */
const char *preset_edit_message(const char *message);
/* An own scenario of the present state, to be run. */
struct scenario *preset_edit_scenario(struct preset_edit *e, struct err *err);
/* YAML, as it would be saved. */
void preset_edit_text(const struct preset_edit *e, struct strbuf *out);
/* Writes DIR/NAME.yaml (the directory is made); name becomes the preset's. overwrite false: an
 * existing file is an error. */
int preset_edit_save(struct preset_edit *e, const char *dir, const char *name, bool overwrite,
	char **ret_path, struct err *err);

#endif
