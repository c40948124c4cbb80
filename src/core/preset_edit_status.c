/*
 * What the preset comes to: read and planned by the very code that `ltb
 * validate` uses, at most once after each change, and the field that an error
 * is about.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/preset_edit_priv.h"
#include "core/workload.h"

void edit_clear_status(struct preset_edit *e)
{
	plan_free(e->plan);
	scenario_free(e->scenario);
	e->plan = NULL;
	e->scenario = NULL;
	e->status_valid = false;
	memset(&e->status, 0, sizeof(e->status));
}

/* --- which field ----------------------------------------------------------------------------- */

/* What a message begins with: "preset:LINE:COL: WHERE: TEXT"; any part may be missing. */
struct said {
	int line, col;
	char where[160];
	const char *text;
};

/* "12:" and so on; NULL when it is no number of a place. */
static const char *read_place(const char *s, int *ret)
{
	char *end;
	long v = strtol(s, &end, 10);

	if (end == s || *end != ':' || v < 0 || v > PRESET_MAX_BYTES)
		return NULL;
	*ret = (int)v;
	return end + 1;
}

/* What comes behind "preset:LINE:COL: ", if that is how it begins. */
static const char *skip_place(const char *message, int *ret_line, int *ret_col)
{
	const char *s = message;

	*ret_line = *ret_col = 0;
	if (strncmp(s, EDIT_LABEL ":", strlen(EDIT_LABEL ":")) != 0)
		return message;
	s = read_place(s + strlen(EDIT_LABEL ":"), ret_line);
	s = s ? read_place(s, ret_col) : NULL;
	return s && *s == ' ' ? s + 1 : message;
}

const char *preset_edit_message(const char *message)
{
	int line, col;

	return skip_place(message, &line, &col);
}

static void take_apart(const char *message, struct said *ret)
{
	memset(ret, 0, sizeof(*ret));
	const char *s = skip_place(message, &ret->line, &ret->col);
	size_t len = strcspn(s, ": \"");

	if (len > 0 && len < sizeof(ret->where) && s[len] == ':' && s[len + 1] == ' ') {
		memcpy(ret->where, s, len);
		s += len + 2;
	}
	ret->text = s;
}

static const struct slot *slot_of_path(struct preset_edit *e, const char *path)
{
	for (int s = 0; *path && s < EDIT_SECTION_COUNT; s++) {
		const struct slots *l = edit_slots(e, (enum edit_section)s);

		for (size_t i = 0; i < l->v.len; i++) {
			if (strcmp(l->v.items[i].f.path, path) == 0)
				return &l->v.items[i];
		}
	}
	return NULL;
}

/* The setting of an item that the text begins with: "min_delay (5s) is greater than ...". */
static const char *setting_named(struct preset_edit *e, const struct slot *head, const char *text)
{
	char path[160];
	int len = (int)strcspn(text, " ,:");

	snprintf(path, sizeof(path), "%s.%.*s", head->f.path, len, text);
	const struct slot *s = slot_of_path(e, path);

	return s ? s->f.path : head->f.path;
}

static bool stands_at(const struct ynode *n, const struct said *said)
{
	return n && n->line == said->line && n->col == said->col;
}

static const char *path_at(struct preset_edit *e, const struct said *said)
{
	const char *item = NULL;

	for (int s = 0; said->line && s < EDIT_SECTION_COUNT; s++) {
		const struct slots *l = edit_slots(e, (enum edit_section)s);

		for (size_t i = 0; i < l->v.len; i++) {
			const struct slot *slot = &l->v.items[i];

			if (stands_at(slot->at_key, said) || stands_at(slot->at, said))
				return slot->f.path;
			if (!item && slot->at && tree_contains(slot->at, said->line, said->col))
				item = slot->f.path;
		}
	}
	return item;
}

/*
 * Messages name the setting they are about, but some name what is above it; the
 * place tells more then. Without either, the first field of the section.
 */
static const char *path_of(struct preset_edit *e, const char *message)
{
	struct said said;

	take_apart(message, &said);
	const struct slot *s = slot_of_path(e, said.where);
	const char *path = path_at(e, &said);

	if (s && !s->f.is_item)
		return s->f.path;
	if (s && (!path || strcmp(path, s->f.path) == 0))
		return setting_named(e, s, said.text);
	if (path)
		return path;
	for (int i = 0; *said.where && i < EDIT_SECTION_COUNT; i++) {
		const struct slots *l = edit_slots(e, (enum edit_section)i);
		size_t len = strlen(said.where);

		if (l->v.len && strncmp(l->v.items[0].f.path, said.where, len) == 0 &&
			l->v.items[0].f.path[len] == '.')
			return l->v.items[0].f.path;
	}
	return "";
}

/* --- numbers ------------------------------------------------------------------------------------
 */

void edit_status_numbers(struct edit_status *st)
{
	const struct scenario *s = st->scenario;

	st->planned_txs = st->planned_faults = 0;
	st->block_interval_ns = scenario_block_interval_ns(s);
	st->run_ns = s->run.warmup_ns + s->run.duration_ns;
	st->expected_blocks = scenario_expected_blocks(s, s->run.duration_ns);
	for (size_t i = 0; st->plan && i < s->n_workloads; i++) {
		const struct workload_ops *ops = s->workloads[i].ops;
		uint64_t n = workload_planned(ops, st->plan->workloads[i]);

		if (workload_is_fault(ops))
			st->planned_faults += n;
		else
			st->planned_txs += n;
	}
}

const struct edit_status *preset_edit_status(struct preset_edit *e)
{
	struct edit_status *st = &e->status;

	if (e->status_valid)
		return st;
	e->status_valid = true;
	e->scenario = preset_edit_scenario(e, &st->error);
	if (e->scenario)
		e->plan = plan_new(e->scenario, &st->error);
	st->scenario = e->scenario;
	st->plan = e->plan;
	if (st->scenario)
		edit_status_numbers(st);
	if (!st->plan)
		snprintf(st->path, sizeof(st->path), "%.*s", (int)sizeof(st->path) - 1,
			path_of(e, st->error.text));
	return st;
}
