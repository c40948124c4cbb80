/*
 * The start screen: pick a preset and launch it, or look at a run that was.
 * What is chosen for the next run (backend, seed) is kept in struct ui. Main
 * thread; probing backends may take a moment, at entry and when one is chosen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ui/preview.h"
#include "ui/start_priv.h"
#include "util/units.h"

#define READ_RUNS_EVERY_NS 5000000000ull

/* --- launching ------------------------------------------------------------------------------ */

static void launch(struct ui *ui, struct start *s, struct start_preset *p)
{
	const struct edit_status *st = start_status(ui, p, true);

	if (!st->plan) {
		ui_message(ui, ROLE_BAD, "%s", st->error.text);
		return;
	}
	const struct start_backend *b = start_backend_of(s, st->scenario->backend);

	if (b && !b->probe.usable) {
		ui_message(
			ui, ROLE_BAD, "%s cannot be used here: %s", b->ops->name, b->probe.missing);
		return;
	}
	/* The scenario is handed over; its plan, which points to it, goes. */
	struct scenario *scenario = TAKE_PTR(p->scenario);

	plan_free(TAKE_PTR(p->plan));
	p->loaded = p->planned = false;
	memset(&p->status, 0, sizeof(p->status));
	ui_go_launch(ui, scenario);
}

static void open_run(struct ui *ui, const struct run_summary *r)
{
	if (!r) {
		ui_message(ui, ROLE_DIM, "there is no run yet");
		return;
	}
	/* The summary goes with this screen. */
	CLEANUP_FREE char *path = xstrdup(r->path);

	ui_go_open(ui, path, r->running ? SESSION_WATCH : SESSION_REPLAY);
}

/* --- backend and seed ------------------------------------------------------------------------- */

static void backend_chosen(struct ui *ui, size_t index, void *arg)
{
	struct start *s = arg;
	const char *name = index ? s->backends.items[index - 1].ops->name : "";

	snprintf(ui->start.backend, sizeof(ui->start.backend), "%s", name);
	start_forget_plans(s);
	ui->dirty = true;
}

static char *backend_note(const struct start_backend *b, const struct glyphs *g)
{
	char caps[160];

	if (!b->probe.usable)
		return xasprintf("%s %s", glyph_str(g->fail), b->probe.missing);
	return xasprintf("%s %s%s %s can: %s", glyph_str(g->pass),
		b->ops->caps & BACKEND_VIRTUAL ? "simulation, " : "", b->probe.have,
		glyph_str(g->middle_dot),
		backend_caps_text(b->ops->caps & ~(unsigned)BACKEND_VIRTUAL, caps, sizeof(caps)));
}

static void choose_backend(struct ui *ui, struct start *s)
{
	VEC(struct menu_item) items = { 0 };
	VEC(char *) notes = { 0 };
	struct menu_item first = { .label = "as the preset says" };
	size_t initial = 0;

	start_probe(ui, s);
	vec_push(&items, first);
	for (size_t i = 0; i < s->backends.len; i++) {
		const struct start_backend *b = &s->backends.items[i];
		struct menu_item item = { .label = b->ops->name,
			.note = backend_note(b, ui->glyphs),
			.role = b->probe.usable ? ROLE_DIM : ROLE_WARN,
			.disabled = !b->probe.usable };

		if (strcmp(ui->start.backend, b->ops->name) == 0)
			initial = i + 1;
		vec_push(&items, item);
		vec_push(&notes, (char *)(uintptr_t)item.note);
	}
	ui_menu(ui, "where nodes run", items.items, items.len, initial, backend_chosen, s, NULL);
	for (size_t i = 0; i < notes.len; i++)
		free(notes.items[i]);
	vec_free(&notes);
	vec_free(&items);
}

static int seed_check(struct ui *ui, const char *text, void *arg, struct err *err)
{
	uint64_t seed;

	(void)ui;
	(void)arg;
	return *text ? units_parse_u64(text, &seed, err) : 0;
}

static void seed_typed(struct ui *ui, const char *text, void *arg)
{
	ui->start.has_seed = *text != '\0';
	ui->start.seed = 0;
	if (*text)
		units_parse_u64(text, &ui->start.seed, NULL);
	start_forget_plans(arg);
	ui->dirty = true;
}

static void choose_seed(struct ui *ui, struct start *s)
{
	char now[24] = "";

	if (ui->start.has_seed)
		snprintf(now, sizeof(now), "%" PRIu64, ui->start.seed);
	ui_ask(ui, "seed of the next run",
		"a whole number, from which all that is random comes; nothing: as the preset says",
		now, seed_check, seed_typed, s, NULL);
}

/* --- texts ----------------------------------------------------------------------------------- */

static void validate(struct ui *ui, struct start_preset *p)
{
	const struct edit_status *st = start_status(ui, p, true);
	struct rich text = { 0 };

	if (st->plan) {
		preview_plan(st, ui->glyphs, &text);
	} else {
		rich_addf(&text, ROLE_BAD, "%s not valid", glyph_str(ui->glyphs->fail));
		rich_newline(&text);
		rich_newline(&text);
		rich_add(&text, ROLE_NORMAL, st->error.text);
		rich_newline(&text);
	}
	ui_show(ui, p->name, &text, NULL, NULL, NULL);
}

static void doctor(struct ui *ui)
{
	struct rich text = { 0 };
	CLEANUP_STRBUF struct strbuf plain = { 0 };

	ui->host->doctor(ui->host->arg, &plain);
	rich_add_lines(&text, ROLE_NORMAL, strbuf_str(&plain));
	ui_show(ui, "what this machine can run", &text, NULL, NULL, NULL);
}

/* --- actions --------------------------------------------------------------------------------- */

static void remember_selected(struct ui *ui, struct start *s)
{
	const struct start_preset *p = start_selected(s);

	if (p)
		snprintf(ui->start.preset, sizeof(ui->start.preset), "%s", p->name);
}

static void switch_list(struct start *s)
{
	s->on_runs = !s->on_runs;
	s->filter[0] = '\0';
	start_filter(s);
}

/* What is about the selected preset. */
static bool act_on_preset(struct ui *ui, struct start *s, enum action a)
{
	struct start_preset *p = start_selected(s);

	if (a != ACTION_EDIT && a != ACTION_VALIDATE && a != ACTION_OPEN)
		return false;
	if (!p) {
		ui_message(ui, ROLE_DIM, "no preset is selected");
		return true;
	}
	if (a == ACTION_EDIT) {
		CLEANUP_FREE char *name = xstrdup(p->name);

		ui_go_edit(ui, name);
	} else if (a == ACTION_VALIDATE) {
		validate(ui, p);
	} else {
		launch(ui, s, p);
	}
	return true;
}

static bool act_on_lists(struct start *s, enum action a)
{
	if (a == ACTION_SWITCH) {
		switch_list(s);
		return true;
	}
	if (a == ACTION_BACK && *s->filter) {
		s->filter[0] = '\0';
		start_filter(s);
		return true;
	}
	return s->on_runs ? list_act(&s->run_list, s->shown_runs.len, a)
			  : list_act(&s->preset_list, s->shown_presets.len, a);
}

static bool act(struct ui *ui, void *state, enum action a)
{
	struct start *s = state;

	ui->dirty = true;
	if (act_on_lists(s, a)) {
		remember_selected(ui, s);
		return true;
	}
	switch (a) {
	case ACTION_NEW:
		ui_go_edit(ui, NULL);
		return true;
	case ACTION_BACKEND:
		choose_backend(ui, s);
		return true;
	case ACTION_SEED:
		choose_seed(ui, s);
		return true;
	case ACTION_DOCTOR:
		doctor(ui);
		return true;
	case ACTION_REPLAY:
		if (s->on_runs) {
			open_run(ui, start_selected_run(s));
		} else {
			switch_list(s);
			ui_message(ui, ROLE_DIM, "choose the run to look at");
		}
		return true;
	case ACTION_OPEN:
		if (s->on_runs) {
			open_run(ui, start_selected_run(s));
			return true;
		}
		break;
	default:
		break;
	}
	return act_on_preset(ui, s, a);
}

static bool row_of(const struct rect *r, const struct list *l, size_t n, const struct key_event *k,
	size_t *ret)
{
	if (k->x < r->x || k->x >= r->x + r->w || k->y < r->y || k->y >= r->y + r->h)
		return false;
	*ret = l->top + (size_t)(k->y - r->y);
	return *ret < n;
}

static void mouse(struct ui *ui, void *state, const struct key_event *k)
{
	struct start *s = state;
	size_t row;
	bool runs = row_of(&s->runs_area, &s->run_list, s->shown_runs.len, k, &row);

	ui->dirty = true;
	if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
		act(ui, s, k->mouse == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
		return;
	}
	if (!runs && !row_of(&s->presets_area, &s->preset_list, s->shown_presets.len, k, &row))
		return;
	if (s->on_runs != runs)
		s->on_runs = runs;
	(runs ? &s->run_list : &s->preset_list)->cursor = row;
	(runs ? &s->run_list : &s->preset_list)->at_end = false;
	remember_selected(ui, s);
	if (k->mouse == MOUSE_DOUBLE)
		act(ui, s, ACTION_OPEN);
}

static bool select_named(struct start *s, const char *name)
{
	for (size_t i = 0; name && i < s->shown_presets.len; i++) {
		if (strcmp(s->presets.items[s->shown_presets.items[i]].name, name) != 0)
			continue;
		s->preset_list.cursor = i;
		return true;
	}
	return false;
}

/* The first that is found, those that begin so before those that only mention it. */
static void select_found(struct start *s, const char *text)
{
	struct list *l = s->on_runs ? &s->run_list : &s->preset_list;

	l->cursor = l->top = 0;
	for (size_t i = 0; !s->on_runs && i < s->shown_presets.len; i++) {
		const struct start_preset *p = &s->presets.items[s->shown_presets.items[i]];
		if (strncasecmp(p->name, text, strlen(text)) != 0)
			continue;
		l->cursor = i;
		return;
	}
}

static size_t search(struct ui *ui, void *state, const char *text)
{
	struct start *s = state;

	snprintf(s->filter, sizeof(s->filter), "%s", text);
	start_filter(s);
	if (*text)
		select_found(s, text);
	else
		select_named(s, ui->start.preset);
	remember_selected(ui, s);
	ui->dirty = true;
	return s->on_runs ? s->shown_runs.len : s->shown_presets.len;
}

static void news(struct ui *ui, void *state)
{
	struct start *s = state;

	if (ui->now_ns - s->runs_read_ns < READ_RUNS_EVERY_NS)
		return;
	start_read_runs(ui, s);
	ui->dirty = true;
}

const struct screen_ops screen_start = {
	.name = "start",
	.open_hint = "launch",
	.contexts = CTX_START,
	.draw = start_draw,
	.act = act,
	.mouse = mouse,
	.search = search,
	.news = news,
	.release = start_release,
};

/* What was selected before, else what was run last, else what a newcomer should run. */
static void select_first(struct ui *ui, struct start *s)
{
	if (select_named(s, ui->start.preset))
		return;
	if (s->n_runs == 0 || !select_named(s, s->runs[0].preset))
		select_named(s, "smoke");
}

void ui_go_start(struct ui *ui)
{
	struct start *s = xcalloc(1, sizeof(*s));

	start_read_presets(ui, s);
	start_probe(ui, s);
	start_read_runs(ui, s);
	select_first(ui, s);
	ui_go(ui, &screen_start, s);
}
