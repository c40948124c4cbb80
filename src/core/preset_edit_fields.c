/*
 * The document as lists of fields, one list a section: made from the option
 * tables of the sections and of the plug-ins in the catalog, so that a form
 * knows all of them and this file knows none. What is written in the preset
 * but in no table is listed too, or it could not be taken away.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/backend.h"
#include "core/check.h"
#include "core/preset_edit_priv.h"
#include "core/scenario_sections.h"
#include "core/workload.h"
#include "util/units.h"

const char *const edit_root_order[] = { "version", "name", "summary", "topology", "wallets",
	"workloads", "expectations", "run", "observability", "backend", NULL };
const char *const edit_topology_order[] = { "nodes", "layout", "consensus", "stake", "binary",
	"image", "args", "env", "overrides", NULL };

/* Which part of the format a section shows; dotted as in scenario_sections(). */
static const struct {
	const char *title, *help, *dotted;
} sections[EDIT_SECTION_COUNT] = {
	[EDIT_GENERAL] = { "general", "What the preset is called.", "" },
	[EDIT_TOPOLOGY] = { "topology", "Which nodes there are, and who dials whom.", "topology" },
	[EDIT_CONSENSUS] = { "consensus", "Parameters of the chain.", "topology.consensus" },
	[EDIT_OVERRIDES] = { "overrides", "What differs for single nodes.",
		"topology.overrides.NODE" },
	[EDIT_WALLETS] = { "wallets", "Accounts that transactions are sent from.", "wallets" },
	[EDIT_WORKLOADS] = { "workloads", "What drives the network.", NULL },
	[EDIT_FAULTS] = { "faults", "What is done to the nodes on purpose.", NULL },
	[EDIT_CHECKS] = { "expectations", "What must be so for the run to pass.", NULL },
	[EDIT_RUN] = { "run", "How long, and from which seed.", "run" },
	[EDIT_OBSERVABILITY] = { "observability", "Services that watch the cluster from outside.",
		"observability" },
	[EDIT_BACKEND] = { "backend", "Where the nodes run.", NULL },
};

const char *edit_section_title(enum edit_section s)
{
	return sections[s].title;
}

const char *edit_section_help(enum edit_section s)
{
	return sections[s].help;
}

bool edit_section_has_items(enum edit_section s)
{
	return s == EDIT_OVERRIDES || edit_list_key(s);
}

const char *edit_list_key(enum edit_section s)
{
	if (s == EDIT_WORKLOADS || s == EDIT_FAULTS)
		return "workloads";
	return s == EDIT_CHECKS ? "expectations" : NULL;
}

static const struct scenario_section *section_of(const char *dotted)
{
	const struct scenario_section *s = scenario_sections();

	while (s->name && strcmp(s->name, dotted) != 0)
		s++;
	return s;
}

/* --- making slots ------------------------------------------------------------------ */

void edit_clear_slots(struct slots *s)
{
	vec_free(&s->v);
	strlist_release(&s->strings);
	for (size_t i = 0; i < s->blocks.len; i++)
		free(s->blocks.items[i]);
	vec_free(&s->blocks);
	s->valid = false;
}

static const char *keep(struct slots *l, const char *s)
{
	strlist_add(&l->strings, s);
	return l->strings.items[l->strings.len - 1];
}

static const char *keep_path(struct slots *l, const char *where, const char *key)
{
	strlist_addf(&l->strings, "%s%s%s", where, *where && *key ? "." : "", key);
	return l->strings.items[l->strings.len - 1];
}

static const char *keep_value(struct slots *l, const struct ynode *n, enum option_type type)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (type == OPTION_STRINGS && n->kind == YNODE_SCALAR) {
		/* One text; shown as a list that reads back as one. */
		struct ynode *seq = ynode_new(YNODE_SEQ, EDIT_LABEL, 0, 0);

		ynode_append(seq, ynode_copy(n, EDIT_LABEL));
		tree_text(seq, &text);
		ynode_free(seq);
	} else {
		tree_text(n, &text);
	}
	return keep(l, strbuf_str(&text));
}

static const char *keep_default(struct slots *l, const struct option *o)
{
	const char *text = NULL;

	if (!o->def || o->type != OPTION_STRINGS)
		return o->def;
	struct ydoc *d = yaml_parse("default", o->def, strlen(o->def), 0, NULL);

	if (d && d->root)
		text = keep_value(l, d->root, OPTION_STRINGS);
	ydoc_free(d);
	return text ? text : o->def;
}

static const char *number(const struct option *o, uint64_t v, char *buf, size_t size)
{
	if (v == 0 || o->type == OPTION_U64)
		snprintf(buf, size, "%" PRIu64, v);
	else if (o->type == OPTION_DURATION)
		units_format_duration(v, buf, size);
	else
		units_format_size(v, buf, size);
	return buf;
}

static void put_range(const struct option *o, char *buf, size_t size)
{
	char lo[40], hi[40];
	bool has_lo, has_hi;

	buf[0] = '\0';
	if (o->type == OPTION_DOUBLE) {
		has_hi = o->dmax != 0;
		has_lo = o->dmin != 0 || has_hi;
		snprintf(lo, sizeof(lo), "%g", o->dmin);
		snprintf(hi, sizeof(hi), "%g", o->dmax);
	} else if (o->type == OPTION_U64 || o->type == OPTION_DURATION || o->type == OPTION_SIZE) {
		has_hi = o->max != 0 && o->max != UINT64_MAX;
		has_lo = o->min != 0 || has_hi;
		number(o, o->min, lo, sizeof(lo));
		number(o, o->max, hi, sizeof(hi));
	} else {
		return;
	}
	if (has_hi)
		snprintf(buf, size, "%.28s .. %.28s", lo, hi);
	else if (has_lo)
		snprintf(buf, size, "at least %s", lo);
}

/* Where fields come from; a slot is made for each row of the table. */
struct source {
	const char *where; /* dotted, kept */
	struct place place;
	const struct option *table;
	const char *const *others; /* keys that are shown elsewhere */
	const char *const *order;
	int item;
};

static bool in_list(const char *const *list, const char *name)
{
	for (size_t i = 0; list && list[i]; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

static const char *const *table_order(struct slots *l, const struct option *table)
{
	VEC(const char *) names = { 0 };

	for (const struct option *o = table; o->name; o++)
		vec_push(&names, o->name);
	vec_push(&names, NULL);
	vec_push(&l->blocks, (void *)names.items);
	return names.items;
}

/* What the environment says to a setting that is not written. */
static void add_from_env(struct preset_edit *e, struct slots *l, struct slot *s)
{
	struct ynode *n = NULL;

	if (!s->option->env || !e->src || !e->src->get)
		return;
	/* A bad value is told of when the whole is read. */
	if (option_from_env(s->option, "", e->src->get, &l->strings, &n, NULL) < 0 || !n)
		return;
	s->f.from = n->file;
	s->f.value = keep(l, n->scalar);
	ynode_free(n);
}

static void add_option(struct preset_edit *e, struct slots *l, const struct source *src,
	const struct ynode *map, const struct option *o)
{
	struct slot s = {
		.kind = SLOT_OPTION,
		.option = o,
		.place = src->place,
		.key = o->name,
		.order = src->order,
		.f = { .name = o->name, .help = o->help ? o->help : "", .unit = o->unit },
	};
	size_t i = map ? tree_find(map, o->name) : 0;

	s.f.path = keep_path(l, src->where, o->name);
	s.f.type = o->type;
	s.f.choices = o->type == OPTION_ENUM ? o->choices : NULL;
	s.f.item = src->item;
	put_range(o, s.f.range, sizeof(s.f.range));
	s.f.def = keep_default(l, o);
	s.f.value = s.f.def ? s.f.def : "";
	s.f.env = o->env;
	if (map && i < map->len) {
		s.at_key = map->keys[i];
		s.at = map->items[i];
		s.f.is_set = !ynode_is_null(s.at);
		if (s.f.is_set)
			s.f.value = keep_value(l, s.at, o->type);
	}
	if (!s.f.is_set)
		add_from_env(e, l, &s);
	vec_push(&l->v, s);
}

static bool in_table(const struct option *table, const char *name)
{
	for (const struct option *o = table; o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return true;
	}
	return false;
}

static void add_unknown(struct slots *l, const struct source *src, const struct ynode *map)
{
	for (size_t i = 0; map && i < map->len; i++) {
		const char *key = map->keys[i]->scalar;

		if (in_table(src->table, key) || in_list(src->others, key))
			continue;
		struct slot s = {
			.kind = SLOT_UNKNOWN,
			.place = src->place,
			.key = keep(l, key),
			.at_key = map->keys[i],
			.at = map->items[i],
			.f = { .help = "no such setting: remove it", .type = OPTION_STRING },
		};

		s.f.path = keep_path(l, src->where, key);
		s.f.name = s.key;
		s.f.value = keep_value(l, map->items[i], OPTION_STRING);
		s.f.is_set = true;
		s.f.item = src->item;
		vec_push(&l->v, s);
	}
}

static const struct option no_options[] = { { 0 } };

/* The table may be NULL. Rows from `skip` on, `count` of them at most. */
static void add_rows(
	struct preset_edit *e, struct slots *l, struct source *src, size_t skip, size_t count)
{
	const struct ynode *map = place_find(e->doc->root, &src->place);

	if (!src->table)
		src->table = no_options;
	if (!src->order)
		src->order = table_order(l, src->table);
	for (size_t i = 0; src->table[i].name; i++) {
		if (i >= skip && i - skip < count)
			add_option(e, l, src, map, &src->table[i]);
	}
}

static void add_table(struct preset_edit *e, struct slots *l, struct source *src)
{
	add_rows(e, l, src, 0, SIZE_MAX);
	add_unknown(l, src, place_find(e->doc->root, &src->place));
}

/* --- choices ------------------------------------------------------------------------- */

/* A key of the root or of topology whose value is NAME or NAME: {options}. */
static const char *add_choice(struct preset_edit *e, struct slots *l, const struct place *place,
	const char *path, const char *help, const char *const *choices, const char *def)
{
	const char *key = place->steps[place->n_steps - 1];
	const struct ynode *map = e->doc->root, *name = NULL;
	struct slot s = {
		.kind = SLOT_CHOICE,
		.place = *place,
		.key = key,
		.f = { .path = path, .name = key, .help = help, .type = OPTION_ENUM },
	};

	s.f.choices = choices;
	s.f.def = def;
	s.f.item = -1;
	if (place->n_steps > 1)
		map = ynode_get(map, place->steps[0]);
	if (map && map->kind == YNODE_MAP && tree_find(map, key) < map->len) {
		s.at_key = map->keys[tree_find(map, key)];
		s.at = map->items[tree_find(map, key)];
		name = tree_choice(s.at);
		s.f.is_set = !ynode_is_null(s.at);
	}
	s.f.value = name ? keep(l, name->scalar) : s.f.is_set ? keep_value(l, s.at, 0) : def;
	vec_push(&l->v, s);
	return s.f.value;
}

static const char *const *layout_names(struct slots *l)
{
	const char **names = xcalloc(LAYOUT_RANDOM + 2, sizeof(*names));

	for (int i = 0; i <= LAYOUT_RANDOM; i++)
		names[i] = topology_layout_name((enum topology_layout)i);
	vec_push(&l->blocks, (void *)names);
	return names;
}

static void add_layout(struct preset_edit *e, struct slots *l)
{
	const struct scenario_key *k = section_of("topology")->keys;
	struct place place = { .steps = { "topology", "layout" }, .n_steps = 2, .entry = -1 };
	const char *random = topology_layout_name(LAYOUT_RANDOM);

	while (k->name && strcmp(k->name, "layout") != 0)
		k++;
	const char *now = add_choice(e, l, &place, "topology.layout", k->help ? k->help : "",
		layout_names(l), topology_layout_name(LAYOUT_STAR));

	if (strcmp(now, random) != 0)
		return;
	struct source src = { .where = "topology.layout.random",
		.place = place,
		.table = section_of("topology.layout.random")->options,
		.item = -1 };

	src.place.choice = random;
	add_table(e, l, &src);
}

static void add_topology(struct preset_edit *e, struct slots *l)
{
	struct source src = { .where = "topology",
		.place = { .steps = { "topology" }, .n_steps = 1, .entry = -1 },
		.table = section_of("topology")->options,
		.others = topology_keys,
		.order = edit_topology_order,
		.item = -1 };

	add_rows(e, l, &src, 0, 1);
	add_layout(e, l);
	add_rows(e, l, &src, 1, SIZE_MAX);
	add_unknown(l, &src, place_find(e->doc->root, &src.place));
}

static void add_backend(struct preset_edit *e, struct slots *l)
{
	struct place place = { .steps = { "backend" }, .n_steps = 1, .entry = -1 };
	VEC(const char *) names = { 0 };

	for (size_t i = 0; e->cat->backends && e->cat->backends[i]; i++)
		vec_push(&names, e->cat->backends[i]->name);
	vec_push(&names, NULL);
	vec_push(&l->blocks, (void *)names.items);
	const char *now = add_choice(e, l, &place, "backend", "where nodes run", names.items,
		names.items[0] ? names.items[0] : "");
	const struct backend_ops *ops = catalog_backend(e->cat, now);
	struct source src = { .place = place, .table = ops ? ops->options : NULL, .item = -1 };

	src.where = keep_path(l, "backend", now);
	src.place.choice = ops ? ops->name : keep(l, now);
	add_table(e, l, &src);
}

/* --- items -------------------------------------------------------------------------------- */

/* What is set in an item, in a few words, behind its head line. */
static void summarize(struct slots *l, size_t head)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	for (size_t i = head + 1; i < l->v.len; i++) {
		const struct edit_field *f = &l->v.items[i].f;

		if (f->is_set)
			strbuf_addf(&text, "%s%s %s", text.len ? ", " : "", f->name, f->value);
	}
	const char *kept = keep(l, text.len ? strbuf_str(&text) : "all by default");

	l->v.items[head].f.value = kept;
}

static void add_item(struct preset_edit *e, struct slots *l, struct slot *head, struct source *src)
{
	size_t at = l->v.len;

	head->kind = SLOT_ITEM;
	head->place = src->place;
	head->f.path = src->where;
	head->f.is_item = true;
	head->f.is_set = !head->f.implied;
	head->f.item = src->item;
	head->f.type = OPTION_STRING;
	vec_push(&l->v, *head);
	add_table(e, l, src);
	summarize(l, at);
}

static void add_overrides(struct preset_edit *e, struct slots *l)
{
	const struct ynode *map = ynode_get(ynode_get(e->doc->root, "topology"), "overrides");
	const struct option *table = section_of("topology.overrides.NODE")->options;

	for (size_t i = 0; map && map->kind == YNODE_MAP && i < map->len; i++) {
		const char *name = keep(l, map->keys[i]->scalar);
		struct slot head = { .f = { .name = name, .help = sections[EDIT_OVERRIDES].help },
			.at_key = map->keys[i],
			.at = map->items[i],
			.index = (int)i };
		struct source src = { .where = keep_path(l, "topology.overrides", name),
			.place = { .steps = { "topology", "overrides", name },
				.n_steps = 3,
				.entry = -1 },
			.table = table,
			.item = (int)i };

		add_item(e, l, &head, &src);
	}
}

/* The table and the summary of a plug-in that an entry names; false: there is none. */
static bool plugin_of(const struct preset_edit *e, enum edit_section s, const char *name,
	const struct option **ret_table, const char **ret_summary)
{
	const struct workload_ops *w = s == EDIT_CHECKS ? NULL : catalog_workload(e->cat, name);
	const struct check_ops *c = s == EDIT_CHECKS ? catalog_check(e->cat, name) : NULL;

	*ret_table = w ? w->options : c ? c->options : NULL;
	*ret_summary = w ? w->summary : c ? c->summary : "there is none of this name: remove it";
	return w || c;
}

bool edit_is_fault(const struct preset_edit *e, const struct ynode *entry)
{
	const struct ynode *name = tree_choice(entry);
	const struct workload_ops *w = name ? catalog_workload(e->cat, name->scalar) : NULL;

	return w && workload_is_fault(w);
}

/* "transactions-2": the second of that name, as in messages and reports. */
static const char *unique_name(struct slots *l, const struct ynode *list, size_t index)
{
	const struct ynode *name = tree_choice(list->items[index]);
	size_t before = 0;

	if (!name)
		return "?";
	for (size_t i = 0; i < index; i++) {
		const struct ynode *other = tree_choice(list->items[i]);

		before += other && strcmp(other->scalar, name->scalar) == 0;
	}
	if (before)
		strlist_addf(&l->strings, "%s-%zu", name->scalar, before + 1);
	else
		strlist_add(&l->strings, name->scalar);
	return l->strings.items[l->strings.len - 1];
}

static void add_entry(struct preset_edit *e, struct slots *l, enum edit_section s,
	const struct ynode *list, size_t index, int item)
{
	const char *key = edit_list_key(s);
	const struct ynode *name = tree_choice(list->items[index]);
	struct slot head = { .at_key = name, .at = list->items[index], .index = (int)index };
	struct source src = { .place = { .steps = { key }, .n_steps = 1, .entry = (int)index },
		.item = item };

	head.f.name = unique_name(l, list, index);
	src.where = keep_path(l, key, head.f.name);
	if (!name) {
		head.f.help = "expected NAME or NAME: {options}: remove it";
		src.place.choice = "?";
	} else {
		plugin_of(e, s, name->scalar, &src.table, &head.f.help);
		src.place.choice = keep(l, name->scalar);
	}
	add_item(e, l, &head, &src);
}

static bool has_item_of(const struct slots *l, const char *name)
{
	for (size_t i = 0; i < l->v.len; i++) {
		const struct slot *s = &l->v.items[i];

		if (s->kind == SLOT_ITEM && s->place.choice && strcmp(s->place.choice, name) == 0)
			return true;
	}
	return false;
}

/* Checks that workloads bring along, unless the preset has one of that name. */
static void add_implied(struct preset_edit *e, struct slots *l, int item)
{
	const struct ynode *list = tree_list(e->doc->root, "workloads");

	for (size_t i = 0; list && i < list->len; i++) {
		const struct ynode *name = tree_choice(list->items[i]);
		const struct workload_ops *w = name ? catalog_workload(e->cat, name->scalar) : NULL;

		for (size_t j = 0; w && w->default_checks && w->default_checks[j]; j++) {
			const struct check_ops *c = catalog_check(e->cat, w->default_checks[j]);

			if (!c || has_item_of(l, c->name))
				continue;
			struct slot head = { .index = -1, .implies = w->name };
			struct source src = { .where = keep_path(l, "expectations", c->name),
				/* No such entry yet: nothing is found, all is by default. */
				.place = { .steps = { "expectations" },
					.n_steps = 1,
					.entry = INT32_MAX,
					.choice = c->name },
				.table = c->options,
				.item = item };

			head.f.name = c->name;
			head.f.help = c->summary;
			head.f.implied = true;
			add_item(e, l, &head, &src);
			item++;
		}
	}
}

static void add_entries(struct preset_edit *e, struct slots *l, enum edit_section s)
{
	const struct ynode *list = tree_list(e->doc->root, edit_list_key(s));
	int item = 0;

	for (size_t i = 0; list && i < list->len; i++) {
		if (s == EDIT_CHECKS || edit_is_fault(e, list->items[i]) == (s == EDIT_FAULTS))
			add_entry(e, l, s, list, i, item++);
	}
	if (s == EDIT_CHECKS)
		add_implied(e, l, item);
}

/* --- sections -------------------------------------------------------------------------------- */

static void add_plain(struct preset_edit *e, struct slots *l, enum edit_section s)
{
	const char *dotted = sections[s].dotted;
	const char *dot = strchr(dotted, '.');
	struct source src = {
		.where = dotted, .place = { .entry = -1 }, .table = section_of(dotted)->options
	};

	src.item = -1;
	if (*dotted)
		src.place.steps[src.place.n_steps++] =
			dot ? keep(l, "topology") : dotted; /* only topology has sections below */
	if (dot)
		src.place.steps[src.place.n_steps++] = dot + 1;
	if (!*dotted) {
		src.others = top_keys;
		src.order = edit_root_order;
	}
	add_table(e, l, &src);
}

struct slots *edit_slots(struct preset_edit *e, enum edit_section s)
{
	struct slots *l = &e->sections[s];

	if (l->valid)
		return l;
	edit_clear_slots(l);
	l->valid = true;
	switch (s) {
	case EDIT_TOPOLOGY:
		add_topology(e, l);
		break;
	case EDIT_OVERRIDES:
		add_overrides(e, l);
		break;
	case EDIT_WORKLOADS:
	case EDIT_FAULTS:
	case EDIT_CHECKS:
		add_entries(e, l, s);
		break;
	case EDIT_BACKEND:
		add_backend(e, l);
		break;
	case EDIT_GENERAL:
	case EDIT_CONSENSUS:
	case EDIT_WALLETS:
	case EDIT_RUN:
	case EDIT_OBSERVABILITY:
	case EDIT_SECTION_COUNT:
		add_plain(e, l, s);
		break;
	}
	return l;
}

size_t preset_edit_fields(
	struct preset_edit *e, enum edit_section s, struct edit_field *ret, size_t max)
{
	const struct slots *l = edit_slots(e, s);

	for (size_t i = 0; i < l->v.len && i < max; i++)
		ret[i] = l->v.items[i].f;
	return l->v.len;
}

struct slot *edit_slot(struct preset_edit *e, enum edit_section s, size_t field, struct err *err)
{
	struct slots *l = edit_slots(e, s);

	if (field < l->v.len)
		return &l->v.items[field];
	err_set(err, ERR_INTERNAL, "%s has no field %zu", edit_section_title(s), field);
	return NULL;
}

struct slot *edit_head(struct preset_edit *e, enum edit_section s, int item, struct err *err)
{
	struct slots *l = edit_slots(e, s);

	for (size_t i = 0; i < l->v.len; i++) {
		if (l->v.items[i].kind == SLOT_ITEM && l->v.items[i].f.item == item)
			return &l->v.items[i];
	}
	err_set(err, ERR_USAGE, "%s has no item %d", edit_section_title(s), item);
	return NULL;
}
