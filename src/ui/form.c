/* Rows of fields; see form.h. */
#include "ui/form.h"

#include <string.h>
#include <strings.h>

#include "util/mem.h"
#include "util/strbuf.h"

#define NAME_MAX_WIDTH 20
#define INDENT         2  /* of an item's fields */
#define MAX_WIDTH      80 /* wider, a range would be too far from its value */

struct fields {
	struct edit_field *items;
	size_t len;
};

static struct fields fields_of(struct preset_edit *e, enum edit_section s)
{
	struct fields l = { .len = preset_edit_fields(e, s, NULL, 0) };

	l.items = xcalloc(MAX(l.len, 1), sizeof(*l.items));
	preset_edit_fields(e, s, l.items, l.len);
	return l;
}

static void fields_release(struct fields *l)
{
	free(l->items);
}

#define CLEANUP_FIELDS __attribute__((cleanup(fields_release)))

/* --- rows: fields, a blank one before each item but the first, and "add" ---------------------- */

static bool blank_before(const struct fields *l, size_t i)
{
	return i > 0 && (i == l->len || l->items[i].is_item);
}

static int row_of(const struct fields *l, size_t field)
{
	int row = 0;

	for (size_t i = 0; i <= field; i++)
		row += blank_before(l, i) ? 2 : 1;
	return row - 1;
}

static size_t last_of(const struct form *f, size_t n)
{
	return edit_section_has_items(f->section) ? n : n ? n - 1 : 0;
}

size_t form_count(const struct form *f)
{
	return preset_edit_fields(f->edit, f->section, NULL, 0);
}

void form_clamp(struct form *f)
{
	f->cursor = MIN(f->cursor, last_of(f, form_count(f)));
}

void form_section(struct form *f, enum edit_section s)
{
	f->section = s;
	f->cursor = 0;
	f->top = 0;
}

bool form_field(const struct form *f, struct edit_field *ret)
{
	CLEANUP_FIELDS struct fields l = fields_of(f->edit, f->section);

	if (f->cursor >= l.len)
		return false;
	*ret = l.items[f->cursor];
	return true;
}

bool form_at(const struct form *f, int y, size_t *ret_field)
{
	CLEANUP_FIELDS struct fields l = fields_of(f->edit, f->section);

	int row = -1;

	for (size_t i = 0; y >= 0 && y < f->rows && i <= last_of(f, l.len); i++) {
		row += blank_before(&l, i) ? 2 : 1;
		if (row == f->top + y) {
			*ret_field = i;
			return l.len > 0 || edit_section_has_items(f->section);
		}
	}
	return false;
}

bool form_act(struct form *f, enum action a)
{
	size_t n = form_count(f), last = last_of(f, n), page = (size_t)MAX(f->rows - 1, 1);

	form_clamp(f);
	switch (a) {
	case ACTION_UP:
		f->cursor -= f->cursor > 0;
		return true;
	case ACTION_DOWN:
		f->cursor += f->cursor < last;
		return true;
	case ACTION_PAGE_UP:
		f->cursor -= MIN(page, f->cursor);
		return true;
	case ACTION_PAGE_DOWN:
		f->cursor = MIN(f->cursor + page, last);
		return true;
	case ACTION_FIRST:
		f->cursor = 0;
		return true;
	case ACTION_LAST:
		f->cursor = last;
		return true;
	default:
		return false;
	}
}

/* --- drawing -------------------------------------------------------------------------------------
 */

struct columns {
	int name, value, value_width, range, range_width;
};

/* Name, value and range, as wide as this section needs and the view allows. */
static struct columns layout(const struct fields *l, int w)
{
	struct columns c = { .name = 2, .value = 12, .range_width = 0 };

	w = MIN(w, MAX_WIDTH);
	for (size_t i = 0; i < l->len; i++) {
		const struct edit_field *f = &l->items[i];

		c.value = MAX(c.value, MIN(text_width(f->name), NAME_MAX_WIDTH) +
					       (f->item >= 0 && !f->is_item ? INDENT : 0));
		c.range_width = MAX(c.range_width, text_width(f->range));
	}
	c.value += c.name + 2;
	if (c.range_width > (w - c.value) / 2)
		c.range_width = 0;
	c.range = w - c.range_width - 1;
	c.value_width = MAX((c.range_width ? c.range - 2 : w - 1) - c.value, 0);
	return c;
}

static bool contains(const char *text, const char *part)
{
	return *part && strcasestr(text, part);
}

static void draw_value(
	struct view *v, int y, const struct columns *c, const struct edit_field *f, bool wrong)
{
	enum role role = wrong ? ROLE_BAD : f->is_set ? ROLE_STRONG : ROLE_DIM;
	/* A value that is long may take the room of the range. */
	bool room = c->range_width > 0 && text_width(f->value) <= c->value_width;
	int width = room ? c->value_width : v->w - 1 - c->value;
	int x = view_text_cut(v, c->value, y, width, role, *f->value ? f->value : "not set");

	if (f->unit && !f->from)
		view_text_cut(v, x + 1, y, c->value + width - x - 1, ROLE_DIM, f->unit);
	if (f->from) {
		x = view_text_cut(v, x + 1, y, c->value + width - x - 1, ROLE_DIM, "from ");
		view_text_cut(v, x, y, c->value + width - x, ROLE_DIM, f->from);
	}
	if (room)
		view_text_right(v, c->range, y, c->range_width, ROLE_DIM, f->range);
}

static void draw_head(struct view *v, int y, const struct edit_field *f, bool wrong)
{
	enum role role = wrong ? ROLE_BAD : f->implied ? ROLE_NORMAL : ROLE_TITLE;
	int x = view_text_cut(v, 2, y, v->w - 3, role, f->name);

	view_text_cut(v, x + 2, y, v->w - x - 3, ROLE_DIM,
		f->implied ? "comes with a workload, by default" : f->value);
}

static void draw_field(struct form *form, struct view *v, int y, const struct columns *c,
	const struct edit_field *f, bool selected)
{
	const struct glyphs *g = v->canvas->glyphs;
	bool wrong = *form->error_path && strcmp(form->error_path, f->path) == 0;

	if (selected)
		view_char(v, 0, y, ROLE_ACCENT, g->pointer);
	if (wrong)
		view_char(v, 1, y, ROLE_BAD, g->fail);
	if (f->is_item) {
		draw_head(v, y, f, wrong);
	} else {
		int x = c->name + (f->item >= 0 ? INDENT : 0);
		enum role role = wrong                            ? ROLE_BAD
				 : contains(f->name, form->match) ? ROLE_MATCH
								  : ROLE_NORMAL;

		view_text_cut(v, x, y, c->value - x - 1, role, f->name);
		draw_value(v, y, c, f, wrong);
	}
}

static const char *add_text(enum edit_section s)
{
	switch (s) {
	case EDIT_OVERRIDES:
		return "add settings for a node";
	case EDIT_WORKLOADS:
		return "add a workload";
	case EDIT_FAULTS:
		return "add a fault";
	default:
		return "add an expectation";
	}
}

void form_draw(struct form *f, struct view *v)
{
	CLEANUP_FIELDS struct fields l = fields_of(f->edit, f->section);
	struct columns c = layout(&l, v->w);

	form_clamp(f);
	size_t last = last_of(f, l.len);
	int row = row_of(&l, f->cursor), all = row_of(&l, last) + 1;

	f->rows = v->h;
	if (row < f->top + (f->cursor > 0 && row > 0 && blank_before(&l, f->cursor)))
		f->top = MAX(row - 1, 0);
	if (row >= f->top + v->h)
		f->top = row - v->h + 1;
	f->top = MAX(MIN(f->top, all - v->h), 0);
	row = -1;
	for (size_t i = 0; i < l.len; i++) {
		row += blank_before(&l, i) ? 2 : 1;
		int y = row - f->top;

		if (y < 0 || y >= v->h)
			continue;
		draw_field(f, v, y, &c, &l.items[i], i == f->cursor && f->focused);
		if (i == f->cursor && f->focused)
			view_select_row(v, y);
	}
	if (edit_section_has_items(f->section)) {
		int y = row_of(&l, l.len) - f->top;
		bool selected = f->cursor == l.len && f->focused;

		if (selected)
			view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
		view_textf(v, 2, y, ROLE_ACCENT, "+ %s", add_text(f->section));
		if (selected)
			view_select_row(v, y);
	} else if (l.len == 0) {
		view_text(v, 2, 0, ROLE_DIM, "nothing can be set here");
	}
}

/* --- help ------------------------------------------------------------------------------------ */

void form_takes(const struct edit_field *f, struct strbuf *out)
{
	static const char *const nouns[] = {
		[OPTION_BOOL] = "true or false",
		[OPTION_U64] = "a whole number",
		[OPTION_DOUBLE] = "a number",
		[OPTION_DURATION] = "a duration such as 500ms, 30s or 1m30s",
		[OPTION_SIZE] = "a size such as 64K or 10M",
		[OPTION_STRING] = "a text",
		[OPTION_ENUM] = "one of",
		[OPTION_STRINGS] = "texts with commas between them",
	};

	strbuf_adds(out, nouns[f->type]);
	for (size_t i = 0; f->type == OPTION_ENUM && f->choices && f->choices[i]; i++)
		strbuf_addf(out, "%s%s", i ? ", " : " ", f->choices[i]);
	if (*f->range)
		strbuf_addf(out, ", %s", f->range);
	if (f->unit)
		strbuf_addf(out, " (%s)", f->unit);
}

void form_help(const struct form *f, const struct glyphs *g, struct rich *out)
{
	struct edit_field field;
	CLEANUP_STRBUF struct strbuf takes = { 0 };

	if (!form_field(f, &field)) {
		rich_add(out, ROLE_NORMAL, edit_section_help(f->section));
		rich_newline(out);
		return;
	}
	rich_addf(out, ROLE_STRONG, "%s", field.name);
	rich_addf(out, ROLE_NORMAL, "  %s", field.help);
	rich_newline(out);
	if (field.is_item) {
		rich_add(out, ROLE_DIM,
			field.implied ? "Comes with a workload. Change a setting to have it as "
					"an own one."
				      : "Its settings are below. It can be copied, moved and "
					"removed.");
		rich_newline(out);
		return;
	}
	form_takes(&field, &takes);
	rich_add(out, ROLE_DIM, strbuf_str(&takes));
	if (field.def && *field.def)
		rich_addf(out, ROLE_DIM, " %s default %s", glyph_str(g->middle_dot), field.def);
	if (field.env)
		rich_addf(
			out, ROLE_DIM, " %s environment: %s", glyph_str(g->middle_dot), field.env);
	rich_newline(out);
}

/* --- finding --------------------------------------------------------------------------------- */

bool form_goto(struct form *f, const char *path)
{
	for (int s = 0; *path && s < EDIT_SECTION_COUNT; s++) {
		CLEANUP_FIELDS struct fields l = fields_of(f->edit, (enum edit_section)s);

		for (size_t i = 0; i < l.len; i++) {
			if (strcmp(l.items[i].path, path) != 0)
				continue;
			form_section(f, (enum edit_section)s);
			f->cursor = i;
			return true;
		}
	}
	return false;
}

static bool field_matches(const struct edit_field *f, const char *text)
{
	return contains(f->path, text) || contains(f->value, text) || contains(f->help, text);
}

size_t form_matches(struct form *f, const char *text)
{
	size_t n = 0;

	for (int s = 0; s < EDIT_SECTION_COUNT; s++) {
		CLEANUP_FIELDS struct fields l = fields_of(f->edit, (enum edit_section)s);

		for (size_t i = 0; i < l.len; i++)
			n += field_matches(&l.items[i], text);
	}
	return n;
}

bool form_find(struct form *f, const char *text, int direction)
{
	/* All fields in a row; the one at the cursor is `at`. */
	VEC(struct {
		int section;
		size_t field;
		bool matches;
	})
	all = { 0 };
	size_t at = 0;

	for (int s = 0; s < EDIT_SECTION_COUNT; s++) {
		CLEANUP_FIELDS struct fields l = fields_of(f->edit, (enum edit_section)s);

		if (s == (int)f->section)
			at = all.len + MIN(f->cursor, l.len ? l.len - 1 : 0);
		for (size_t i = 0; i < l.len; i++) {
			__typeof__(*all.items) one = { s, i, field_matches(&l.items[i], text) };

			vec_push(&all, one);
		}
	}
	bool found = false;

	for (size_t step = direction ? 1 : 0; !found && all.len && step <= all.len; step++) {
		size_t i = (at + (direction < 0 ? all.len * 2 - step : step)) % all.len;

		if (!all.items[i].matches)
			continue;
		found = true;
		if (all.items[i].section != (int)f->section)
			form_section(f, (enum edit_section)all.items[i].section);
		f->cursor = all.items[i].field;
	}
	vec_free(&all);
	return found;
}

static uint64_t mix(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211ull; /* FNV-1a */
	return (h ^ 0xff) * 1099511628211ull;
}

uint64_t form_digest(struct preset_edit *e, enum edit_section s)
{
	CLEANUP_FIELDS struct fields l = fields_of(e, s);
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < l.len; i++) {
		if (l.items[i].is_set)
			h = mix(mix(h, l.items[i].path), l.items[i].value);
	}
	return h;
}
