/* What can be done in the editor: changing fields, items, saving, launching, leaving. Main thread.
 */
#include <stdio.h>
#include <string.h>

#include "core/backend.h"
#include "core/check.h"
#include "core/preset.h"
#include "core/workload.h"
#include "ui/edit_priv.h"
#include "ui/preview.h"
#include "util/fs.h"
#include "util/mem.h"

static void failed(struct ui *ui, const struct err *err)
{
	ui_message(ui, ROLE_BAD, "%s", preset_edit_message(err->text));
}

/* --- values ----------------------------------------------------------------------------------- */

static void apply(struct ui *ui, struct edit_screen *s, const char *value)
{
	struct edit_field f;
	struct err err = { 0 };

	if (!form_field(&s->form, &f))
		return;
	/* The field may have another number afterwards: when an item becomes a written one. */
	CLEANUP_FREE char *path = xstrdup(f.path);

	ui->dirty = true;
	if (preset_edit_set(s->edit, s->form.section, s->form.cursor, value, &err) < 0)
		failed(ui, &err);
	else if (form_field(&s->form, &f) && strcmp(f.path, path) != 0)
		form_goto(&s->form, path);
}

static void value_chosen(struct ui *ui, size_t index, void *arg)
{
	struct edit_screen *s = arg;
	struct edit_field f;

	if (form_field(&s->form, &f) && f.choices)
		apply(ui, s, f.choices[index]);
}

/* What stands beside a choice: a backend says what it is. */
static const char *choice_note(
	const struct ui *ui, const struct edit_screen *s, const struct edit_field *f, size_t i)
{
	if (s->form.section == EDIT_BACKEND && strcmp(f->path, "backend") == 0) {
		const struct backend_ops *b = catalog_backend(ui->host->catalog, f->choices[i]);

		return b ? b->summary : NULL;
	}
	return f->def && strcmp(f->choices[i], f->def) == 0 ? "default" : NULL;
}

static void choose_value(struct ui *ui, struct edit_screen *s, const struct edit_field *f)
{
	VEC(struct menu_item) items = { 0 };
	size_t initial = 0;

	for (size_t i = 0; f->choices[i]; i++) {
		struct menu_item item = {
			.label = f->choices[i], .note = choice_note(ui, s, f, i), .role = ROLE_DIM
		};

		if (strcmp(f->choices[i], f->value) == 0)
			initial = i;
		vec_push(&items, item);
	}
	ui_menu(ui, f->path, items.items, items.len, initial, value_chosen, s, NULL);
	vec_free(&items);
}

static int value_check(struct ui *ui, const char *text, void *arg, struct err *err)
{
	struct edit_screen *s = arg;

	(void)ui;
	return preset_edit_check(s->edit, s->form.section, s->form.cursor, text, err);
}

static void value_typed(struct ui *ui, const char *text, void *arg)
{
	apply(ui, arg, text);
}

static void edit_field(struct ui *ui, struct edit_screen *s, const struct edit_field *f)
{
	CLEANUP_STRBUF struct strbuf takes = { 0 };
	bool on = strcmp(f->value, "true") == 0 || strcmp(f->value, "yes") == 0;

	if (f->type == OPTION_BOOL) {
		apply(ui, s, on ? "false" : "true");
		return;
	}
	if (f->type == OPTION_ENUM && f->choices) {
		choose_value(ui, s, f);
		return;
	}
	form_takes(f, &takes);
	strbuf_addf(&takes, "; nothing: %s", f->def && *f->def ? f->def : "not set");
	ui_ask(ui, f->path, strbuf_str(&takes), f->value, value_check, value_typed, s, NULL);
}

/* --- items ----------------------------------------------------------------------------------- */

static void go_to_item(struct edit_screen *s, int item)
{
	struct edit_field f;
	size_t n = form_count(&s->form);

	for (s->form.cursor = 0; s->form.cursor < n; s->form.cursor++) {
		if (form_field(&s->form, &f) && f.is_item && f.item == item)
			return;
	}
	form_clamp(&s->form);
}

static void item_chosen(struct ui *ui, size_t index, void *arg)
{
	struct edit_screen *s = arg;
	const char *const *names = preset_edit_addable(s->edit, s->form.section);
	struct err err = { 0 };

	ui->dirty = true;
	int item = preset_edit_add(s->edit, s->form.section, names[index], &err);

	if (item < 0)
		failed(ui, &err);
	else
		go_to_item(s, item);
}

/* What the preset's backend lacks for a fault; false: nothing. */
static bool lacks(struct edit_screen *s, const struct workload_ops *w, char *buf, size_t size)
{
	const struct scenario *scenario = preset_edit_status(s->edit)->scenario;
	char missing[128];

	if (!scenario || !(w->needs & ~scenario->backend->caps))
		return false;
	backend_caps_text(w->needs & ~scenario->backend->caps, missing, sizeof(missing));
	snprintf(buf, size, "%s lacks %s: %s", scenario->backend->name, missing, w->summary);
	return true;
}

static void add_item(struct ui *ui, struct edit_screen *s)
{
	enum edit_section section = s->form.section;
	const char *const *names = preset_edit_addable(s->edit, section);
	const struct catalog *cat = ui->host->catalog;
	VEC(struct menu_item) items = { 0 };
	char notes[64][300];

	if (!edit_section_has_items(section)) {
		ui_message(ui, ROLE_WARN,
			"nothing can be added to %s; see overrides, workloads, faults, "
			"expectations",
			edit_section_title(section));
		return;
	}
	for (size_t i = 0; names[i]; i++) {
		const struct workload_ops *w = section == EDIT_WORKLOADS || section == EDIT_FAULTS
						       ? catalog_workload(cat, names[i])
						       : NULL;
		const struct check_ops *c =
			section == EDIT_CHECKS ? catalog_check(cat, names[i]) : NULL;
		struct menu_item item = { .label = names[i],
			.note = w   ? w->summary
				: c ? c->summary
				    : NULL,
			.role = ROLE_DIM };

		if (w && i < ARRAY_LEN(notes) && lacks(s, w, notes[i], sizeof(notes[i]))) {
			item.note = notes[i];
			item.role = ROLE_WARN;
		}
		vec_push(&items, item);
	}
	if (items.len)
		ui_menu(ui,
			section == EDIT_OVERRIDES   ? "node"
			: section == EDIT_WORKLOADS ? "add a workload"
			: section == EDIT_FAULTS    ? "add a fault"
						    : "add an expectation",
			items.items, items.len, 0, item_chosen, s, NULL);
	else
		ui_message(ui, ROLE_WARN, "there is nothing that could be added");
	vec_free(&items);
}

static void remove_item(struct ui *ui, struct edit_screen *s)
{
	struct edit_field f;
	struct err err = { 0 };
	int rc;

	if (!form_field(&s->form, &f))
		return;
	if (!f.is_item && !f.is_set) {
		ui_message(ui, ROLE_DIM, "%s has its default already", f.path);
		return;
	}
	if (f.is_item)
		rc = preset_edit_remove(s->edit, s->form.section, f.item, &err);
	else
		rc = preset_edit_reset(s->edit, s->form.section, s->form.cursor, &err);
	if (rc < 0)
		failed(ui, &err);
	form_clamp(&s->form);
}

/* For the item that the cursor is in: a copy, or another place. */
static void change_item(struct ui *ui, struct edit_screen *s, enum action a)
{
	struct edit_field f;
	struct err err = { 0 };
	int to = -1, by = a == ACTION_ITEM_UP ? -1 : 1;

	if (!form_field(&s->form, &f) || f.item < 0) {
		ui_message(ui, ROLE_WARN, "that is for entries such as workloads");
		return;
	}
	if (a == ACTION_ITEM_DUPLICATE)
		to = preset_edit_duplicate(s->edit, s->form.section, f.item, &err);
	else if (preset_edit_move(s->edit, s->form.section, f.item, by, &err) == 0)
		to = f.item + by;
	if (to < 0)
		failed(ui, &err);
	else
		go_to_item(s, to);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void validate(struct ui *ui, struct edit_screen *s)
{
	const struct edit_status *st = preset_edit_status(s->edit);
	struct rich text = { 0 };

	if (!st->plan) {
		if (form_goto(&s->form, st->path))
			s->on_sections = false;
		ui_message(ui, ROLE_BAD, "%s", preset_edit_message(st->error.text));
		return;
	}
	preview_plan(st, ui->glyphs, &text);
	ui_show(ui, "the preset and its plan", &text, NULL, NULL, NULL);
}

static void launch(struct ui *ui, void *arg)
{
	struct edit_screen *s = arg;
	struct err err = { 0 };
	struct scenario *scenario = preset_edit_scenario(s->edit, &err);

	if (scenario)
		ui_go_launch(ui, scenario);
	else
		failed(ui, &err);
}

static void ask_launch(struct ui *ui, struct edit_screen *s)
{
	if (!preset_edit_status(s->edit)->plan)
		validate(ui, s);
	else if (preset_edit_is_changed(s->edit))
		ui_confirm(ui, "Launch without saving?",
			"The run keeps what it was started with (preset.yaml in its directory), "
			"but your presets do not get the changes.",
			launch, s, NULL);
	else
		launch(ui, s);
}

static void save(struct ui *ui, void *arg)
{
	struct edit_screen *s = arg;
	struct err err = { 0 };
	CLEANUP_FREE char *path = NULL;

	if (preset_edit_save(s->edit, ui->host->presets_dir, s->save_name, true, &path, &err) < 0) {
		failed(ui, &err);
		return;
	}
	edit_mark_saved(s);
	/* It is what one wants to launch after leaving. */
	snprintf(ui->start.preset, sizeof(ui->start.preset), "%s", s->save_name);
	bool valid = preset_edit_status(s->edit)->plan != NULL;

	ui_tell_saved(ui, s->save_name, path, valid ? NULL : "it is not valid yet");
}

static int save_check(struct ui *ui, const char *text, void *arg, struct err *err)
{
	(void)ui;
	(void)arg;
	if (preset_name_valid(text))
		return 0;
	return err_set(err, ERR_USAGE,
		"at most %d letters, digits, \"-\", \"_\" and \".\"; the first a letter or digit",
		PRESET_MAX_NAME);
}

/* Is there a shipped preset of that name, which the file would be found before? */
static bool is_shipped(const struct ui *ui, const char *name)
{
	const struct embedded_file *f = ui->host->presets->embedded;

	while (f && f->name && strcmp(f->name, name) != 0)
		f++;
	return f && f->name;
}

static void save_named(struct ui *ui, const char *text, void *arg)
{
	struct edit_screen *s = arg;
	CLEANUP_FREE char *base = xasprintf("%s.yaml", text);
	CLEANUP_FREE char *path = fs_join(ui->host->presets_dir, base);

	free(s->save_name);
	s->save_name = xstrdup(text);
	if (fs_exists(path))
		ui_confirm(ui, "Overwrite it?", path, save, s, NULL);
	else if (is_shipped(ui, text))
		ui_confirm(ui, "Save under the name of a shipped preset?",
			"Yours is used from then on, wherever that name is given.", save, s, NULL);
	else
		save(ui, s);
}

static void ask_save(struct ui *ui, struct edit_screen *s)
{
	struct form f = { .edit = s->edit, .error_path = "", .match = "" };
	struct edit_field name = { .value = "" };
	CLEANUP_FREE char *hint = xasprintf("presets are kept in %s", ui->host->presets_dir);

	if (form_goto(&f, "name"))
		form_field(&f, &name);
	ui_ask(ui, "save the preset as", hint, name.value, save_check, save_named, s, NULL);
}

static void leave(struct ui *ui, void *arg)
{
	(void)arg;
	ui_go_start(ui);
}

static void quit(struct ui *ui, void *arg)
{
	(void)arg;
	ui->quit = true;
}

static bool ask_leave(struct ui *ui, struct edit_screen *s, enum action a)
{
	bool quits = a == ACTION_QUIT;

	if (preset_edit_is_changed(s->edit))
		ui_confirm(ui, quits ? "Quit without saving?" : "Leave without saving?",
			"The changes of this preset would be lost.", quits ? quit : leave, s, NULL);
	else if (quits)
		return false;
	else
		leave(ui, s);
	return true;
}

/* --- actions --------------------------------------------------------------------------------- */

static void go_section(struct edit_screen *s, int by)
{
	int n = EDIT_SECTION_COUNT;

	form_section(&s->form, (enum edit_section)(((int)s->form.section + by + n) % n));
}

static bool move(struct edit_screen *s, enum action a)
{
	switch (a) {
	case ACTION_LEFT:
		s->on_sections = true;
		return true;
	case ACTION_RIGHT:
		s->on_sections = false;
		return true;
	case ACTION_SECTION_NEXT:
		go_section(s, 1);
		return true;
	case ACTION_SECTION_PREV:
		go_section(s, -1);
		return true;
	default:
		break;
	}
	if (!s->on_sections)
		return form_act(&s->form, a);
	if (a == ACTION_UP && s->form.section > 0)
		go_section(s, -1);
	else if (a == ACTION_DOWN && s->form.section + 1 < EDIT_SECTION_COUNT)
		go_section(s, 1);
	else if (a == ACTION_FIRST || a == ACTION_PAGE_UP)
		form_section(&s->form, 0);
	else if (a == ACTION_LAST || a == ACTION_PAGE_DOWN)
		form_section(&s->form, EDIT_SECTION_COUNT - 1);
	else
		return a == ACTION_UP || a == ACTION_DOWN;
	return true;
}

static void open_selected(struct ui *ui, struct edit_screen *s)
{
	struct edit_field f;

	if (s->on_sections) {
		s->on_sections = false;
	} else if (!form_field(&s->form, &f)) {
		if (edit_section_has_items(s->form.section))
			add_item(ui, s);
	} else if (f.is_item) {
		int item = f.item;

		s->form.cursor++;
		if (!form_field(&s->form, &f) || f.item != item) {
			s->form.cursor--;
			ui_message(ui, ROLE_DIM, "it has no settings");
		}
	} else {
		edit_field(ui, s, &f);
	}
}

/* Goes where it happened, so that it can be seen. */
static void history(struct ui *ui, struct edit_screen *s, bool back)
{
	uint64_t before[EDIT_SECTION_COUNT];
	int changed = -1;

	for (int i = 0; i < EDIT_SECTION_COUNT; i++)
		before[i] = form_digest(s->edit, (enum edit_section)i);
	if (!(back ? preset_edit_undo(s->edit) : preset_edit_redo(s->edit))) {
		ui_message(ui, ROLE_DIM, "there is nothing to %s", back ? "take back" : "redo");
		return;
	}
	for (int i = EDIT_SECTION_COUNT - 1; i >= 0; i--) {
		if (form_digest(s->edit, (enum edit_section)i) != before[i])
			changed = i;
	}
	if (changed >= 0 && form_digest(s->edit, s->form.section) == before[s->form.section])
		form_section(&s->form, (enum edit_section)changed);
	form_clamp(&s->form);
	ui_message(ui, ROLE_DIM, back ? "taken back" : "made again");
}

bool edit_act(struct ui *ui, void *state, enum action a)
{
	struct edit_screen *s = state;

	ui->dirty = true;
	if (move(s, a))
		return true;
	switch (a) {
	case ACTION_OPEN:
		open_selected(ui, s);
		return true;
	case ACTION_BACK:
	case ACTION_QUIT:
		return ask_leave(ui, s, a);
	case ACTION_NEXT_MATCH:
	case ACTION_PREV_MATCH:
		return *ui->search &&
		       form_find(&s->form, ui->search, a == ACTION_NEXT_MATCH ? 1 : -1);
	case ACTION_VALIDATE:
		validate(ui, s);
		return true;
	case ACTION_LAUNCH:
		ask_launch(ui, s);
		return true;
	case ACTION_SAVE:
		ask_save(ui, s);
		return true;
	case ACTION_UNDO:
	case ACTION_REDO:
		history(ui, s, a == ACTION_UNDO);
		return true;
	case ACTION_ITEM_ADD:
		add_item(ui, s);
		return true;
	case ACTION_ITEM_REMOVE:
		remove_item(ui, s);
		return true;
	case ACTION_ITEM_DUPLICATE:
	case ACTION_ITEM_UP:
	case ACTION_ITEM_DOWN:
		change_item(ui, s, a);
		return true;
	default:
		return false;
	}
}
