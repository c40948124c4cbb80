/*
 * Option tables: defaults, reading from YAML with errors that help, copying,
 * JSON and the table for people. One function reads one value of each type;
 * defaults go through it too, so they are written as in a preset. Pure.
 */
#include "core/option.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"
#include "util/nearest.h"
#include "util/units.h"

/* --- messages --------------------------------------------------- */

const char *option_quote(const char *s, char *buf, size_t size)
{
	size_t n = 0, i = 0;

	buf[n++] = '"';
	for (; s[i] && n + 5 < size; i++) {
		unsigned char c = (unsigned char)s[i];

		/* Text from a file must not be able to drive the terminal. */
		buf[n++] = c < 0x20 || c == 0x7f ? '?' : s[i];
	}
	if (s[i]) {
		while (n > 1 && ((unsigned char)buf[n - 1] & 0xc0) == 0x80)
			n--;
		if (n > 1 && ((unsigned char)buf[n - 1] & 0x80))
			n--;
		memcpy(buf + n, "...", 3);
		n += 3;
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return buf;
}

int option_err(const struct ynode *n, const char *where, struct err *err, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n->line == 0)
		return err_set(err, ERR_USAGE, "%s: %s", n->file, text);
	if (!where || !*where)
		return ynode_err(n, err, "%s", text);
	return ynode_err(n, err, "%s: %s", where, text);
}

int option_unknown(const struct ynode *key, const char *where, const char *what,
	const char *const *candidates, const char *hint, struct err *err)
{
	char buf[OPTION_QUOTE];
	const char *name = option_quote(key->scalar, buf, sizeof(buf));
	const char *near = nearest_name(key->scalar, candidates);

	if (near)
		return option_err(
			key, where, err, "unknown %s %s; did you mean \"%s\"?", what, name, near);
	return option_err(key, where, err, "unknown %s %s%s%s", what, name, hint ? "; " : "",
		hint ? hint : "");
}

const char *option_value_text(const struct ynode *v, char *buf, size_t size)
{
	switch (v->kind) {
	case YNODE_SEQ:
		return "a list";
	case YNODE_MAP:
		return "a map";
	case YNODE_SCALAR:
		break;
	}
	if (ynode_is_null(v))
		return "nothing";
	if (v->quoted) {
		/* What is wrong with "5" may be its quotes, so they are told apart. */
		size_t n = (size_t)snprintf(buf, size, "the text ");

		option_quote(v->scalar, buf + n, size - n);
		return buf;
	}
	return option_quote(v->scalar, buf, size);
}

/* --- one value ------------------------------------------------------------ */

static void *field(const struct option *o, void *config)
{
	return (char *)config + o->offset;
}

static const void *field_const(const struct option *o, const void *config)
{
	return (const char *)config + o->offset;
}

static const char *number_text(const struct option *o, uint64_t v, char *buf, size_t size)
{
	if (o->type == OPTION_DURATION)
		return units_format_duration(v, buf, size);
	if (o->type == OPTION_SIZE)
		return units_format_size(v, buf, size);
	snprintf(buf, size, "%" PRIu64, v);
	return buf;
}

static const char *type_noun(enum option_type type)
{
	switch (type) {
	case OPTION_BOOL:
		return "true or false";
	case OPTION_U64:
		return "a whole number";
	case OPTION_DOUBLE:
		return "a number";
	case OPTION_DURATION:
		return "a duration such as 500ms or 30s";
	case OPTION_SIZE:
		return "a size such as 64K or 10M";
	case OPTION_STRING:
		return "a text";
	case OPTION_ENUM:
		return "one of";
	case OPTION_STRINGS:
		return "a text or a list of texts";
	}
	return "";
}

/* The range of a numeric row: " from 1 to 10", " of at least 1"; nothing when unbounded. */
static void range_text(const struct option *o, struct strbuf *out)
{
	char lo[40], hi[40];
	bool has_lo, has_hi;

	if (o->type == OPTION_DOUBLE) {
		has_lo = o->dmin != 0 || o->dmax != 0;
		has_hi = o->dmax != 0;
		snprintf(lo, sizeof(lo), "%g", o->dmin);
		snprintf(hi, sizeof(hi), "%g", o->dmax);
	} else {
		has_lo = o->min != 0 || o->max != 0;
		has_hi = o->max != 0;
		/* Zero has one spelling in each unit, "0". */
		number_text(o, o->min, lo, sizeof(lo));
		number_text(o, o->max, hi, sizeof(hi));
	}
	if (has_hi)
		strbuf_addf(out, " from %s to %s", lo, hi);
	else if (has_lo)
		strbuf_addf(out, " of at least %s", lo);
}

static void choices_text(const struct option *o, struct strbuf *out)
{
	for (size_t i = 0; o->choices[i]; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "", o->choices[i]);
}

static void expected_text(const struct option *o, struct strbuf *out)
{
	strbuf_adds(out, type_noun(o->type));
	switch (o->type) {
	case OPTION_U64:
	case OPTION_DOUBLE:
	case OPTION_DURATION:
	case OPTION_SIZE:
		range_text(o, out);
		break;
	case OPTION_ENUM:
		strbuf_addc(out, ' ');
		choices_text(o, out);
		break;
	case OPTION_BOOL:
	case OPTION_STRING:
	case OPTION_STRINGS:
		break;
	}
}

static bool parse_bool(const struct ynode *v, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "yes", true }, { "no", false } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(v->scalar, words[i].word) == 0) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

static bool parse_number(const struct option *o, const char *s, bool bounded, void *to)
{
	uint64_t u = 0;
	int rc = -1;

	if (o->type == OPTION_DOUBLE) {
		double d = 0;

		if (units_parse_double(s, &d, NULL) < 0)
			return false;
		if (bounded && (d < o->dmin || (o->dmax != 0 && d > o->dmax)))
			return false;
		memcpy(to, &d, sizeof(d));
		return true;
	}
	if (o->type == OPTION_DURATION)
		rc = units_parse_duration(s, &u, NULL);
	else if (o->type == OPTION_SIZE)
		rc = units_parse_size(s, &u, NULL);
	else
		rc = units_parse_u64(s, &u, NULL);
	if (rc < 0 || (bounded && (u < o->min || (o->max != 0 && u > o->max))))
		return false;
	memcpy(to, &u, sizeof(u));
	return true;
}

static bool parse_strings(const struct ynode *v, struct strlist *to)
{
	struct strlist l = { 0 };

	if (v->kind == YNODE_MAP)
		return false;
	if (v->kind == YNODE_SCALAR)
		strlist_add(&l, v->scalar);
	for (size_t i = 0; v->kind == YNODE_SEQ && i < v->len; i++) {
		if (v->items[i]->kind != YNODE_SCALAR || ynode_is_null(v->items[i])) {
			strlist_release(&l);
			return false;
		}
		strlist_add(&l, v->items[i]->scalar);
	}
	strlist_release(to);
	*to = l;
	return true;
}

static bool parse_value(const struct option *o, const struct ynode *v, bool bounded, void *to)
{
	if (o->type == OPTION_STRINGS)
		return parse_strings(v, to);
	if (v->kind != YNODE_SCALAR)
		return false;
	switch (o->type) {
	case OPTION_BOOL: {
		bool b = false;

		if (v->quoted || !parse_bool(v, &b))
			return false;
		*(bool *)to = b;
		return true;
	}
	case OPTION_U64:
	case OPTION_DOUBLE:
	case OPTION_DURATION:
	case OPTION_SIZE:
		return !v->quoted && parse_number(o, v->scalar, bounded, to);
	case OPTION_STRING:
		free(*(char **)to);
		*(char **)to = xstrdup(v->scalar);
		return true;
	case OPTION_ENUM:
		for (int i = 0; o->choices[i]; i++) {
			if (strcmp(o->choices[i], v->scalar) == 0) {
				*(int *)to = i;
				return true;
			}
		}
		return false;
	case OPTION_STRINGS:
		break;
	}
	return false;
}

/* --- tables --------------------------------------------------------------- */

static _Noreturn void bad_default(const struct option *o)
{
	fprintf(stderr, "option table: bad default \"%s\" of \"%s\"\n", o->def, o->name);
	abort();
}

void options_defaults(const struct option *table, void *config, size_t config_size)
{
	if (config_size)
		memset(config, 0, config_size);
	for (const struct option *o = table; o && o->name; o++) {
		if (!o->def)
			continue;
		bool ok = false;

		if (o->type == OPTION_STRINGS) {
			struct ydoc *d = yaml_parse("default", o->def, strlen(o->def), 0, NULL);

			ok = d && d->root && parse_value(o, d->root, false, field(o, config));
			ydoc_free(d);
		} else {
			struct ynode *v = ynode_new_scalar(o->def, false, "default", 1, 1);

			ok = parse_value(o, v, false, field(o, config));
			ynode_free(v);
		}
		if (!ok)
			bad_default(o);
	}
}

static const struct option *find_option(const struct option *table, const char *name)
{
	for (const struct option *o = table; o && o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return o;
	}
	return NULL;
}

static bool in_list(const char *const *list, const char *name)
{
	for (size_t i = 0; list && list[i]; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

static int unknown_key(const struct option *table, const char *const *others, const char *where,
	const struct ynode *key, struct err *err)
{
	VEC(const char *) names = { 0 };
	CLEANUP_STRBUF struct strbuf hint = { 0 };

	for (const struct option *o = table; o && o->name; o++)
		vec_push(&names, o->name);
	for (size_t i = 0; others && others[i]; i++)
		vec_push(&names, others[i]);
	strbuf_adds(&hint, names.len ? "expected one of " : "there are no options here");
	for (size_t i = 0; i < names.len; i++)
		strbuf_addf(&hint, "%s%s", i ? ", " : "", names.items[i]);
	vec_push(&names, NULL);
	int rc = option_unknown(key, where, "key", names.items, strbuf_str(&hint), err);
	vec_free(&names);
	return rc;
}

static int bad_value(
	const struct option *o, const char *where, const struct ynode *v, struct err *err)
{
	CLEANUP_STRBUF struct strbuf expected = { 0 };
	char path[200], buf[OPTION_QUOTE];
	const char *near = NULL;

	expected_text(o, &expected);
	snprintf(path, sizeof(path), "%s%s%s", where ? where : "", where && *where ? "." : "",
		o->name);
	if (o->type == OPTION_ENUM && v->kind == YNODE_SCALAR)
		near = nearest_name(v->scalar, o->choices);
	return option_err(v, path, err, "expected %s, not %s%s%s%s", strbuf_str(&expected),
		option_value_text(v, buf, sizeof(buf)), near ? "; did you mean \"" : "",
		near ? near : "", near ? "\"?" : "");
}

int options_parse_some(const struct option *table, const char *const *others, const char *where,
	const struct ynode *map, void *config, struct err *err)
{
	char buf[OPTION_QUOTE];

	if (!map || ynode_is_null(map))
		return 0;
	if (map->kind != YNODE_MAP)
		return option_err(map, where, err, "expected a map of options, not %s",
			option_value_text(map, buf, sizeof(buf)));
	for (size_t i = 0; i < map->len; i++) {
		const struct ynode *key = map->keys[i], *v = map->items[i];
		const struct option *o = find_option(table, key->scalar);

		if (!o && in_list(others, key->scalar))
			continue;
		if (!o)
			return unknown_key(table, others, where, key, err);
		if (ynode_is_null(v))
			continue;
		if (!parse_value(o, v, true, field(o, config)))
			return bad_value(o, where, v, err);
	}
	return 0;
}

int options_parse(const struct option *table, const char *where, const struct ynode *map,
	void *config, struct err *err)
{
	return options_parse_some(table, NULL, where, map, config, err);
}

/* --- the environment ------------------------------------------------------ */

/* The first of the row's variables that is set; its name goes to buf. */
static const char *first_set(
	const struct option *o, option_getenv *get, char *name, size_t name_size)
{
	for (const char *s = o->env; s && *s;) {
		size_t len = strcspn(s, " ");

		snprintf(name, name_size, "%.*s", (int)len, s);
		const char *value = get(name);

		if (value && *value)
			return value;
		s += len + strspn(s + len, " ");
	}
	return NULL;
}

/* As it would be written in a preset; caller frees. */
static char *env_spelling(const struct option *o, const char *value)
{
	bool on = false;

	if (o->type == OPTION_BOOL && option_truth(value, &on))
		return xstrdup(on ? "true" : "false");
	for (size_t i = 0; o->type == OPTION_ENUM && o->choices[i]; i++) {
		if (strcasecmp(o->choices[i], value) == 0)
			return xstrdup(o->choices[i]);
	}
	if (o->env_unit && value[strspn(value, "0123456789.")] == '\0')
		return xasprintf("%s%s", value, o->env_unit);
	return xstrdup(value);
}

static int bad_env(const struct option *o, const char *where, const char *variable,
	const char *value, struct err *err)
{
	CLEANUP_STRBUF struct strbuf expected = { 0 };
	char buf[OPTION_QUOTE];
	const char *near = o->type == OPTION_ENUM ? nearest_name(value, o->choices) : NULL;

	expected_text(o, &expected);
	if (o->type == OPTION_BOOL)
		strbuf_adds(&expected, ", 1 or 0, yes or no, on or off");
	if (o->env_unit)
		strbuf_addf(&expected, ", or such a number without its unit (%s)", o->env_unit);
	return err_set(err, ERR_USAGE,
		"the environment variable %s, which is the default of %s%s%s: expected %s, not "
		"%s%s%s%s",
		variable, where, *where ? "." : "", o->name, strbuf_str(&expected),
		option_quote(value, buf, sizeof(buf)), near ? "; did you mean \"" : "",
		near ? near : "", near ? "\"?" : "");
}

bool option_truth(const char *value, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "1", true }, { "true", true }, { "yes", true }, { "on", true },
		{ "0", false }, { "false", false }, { "no", false }, { "off", false } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(value, words[i].word) == 0) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

int option_switch(const char *name, option_getenv *get, bool *ret, struct err *err)
{
	const char *value = get(name);
	char buf[OPTION_QUOTE];

	*ret = false;
	if (!value || !*value || option_truth(value, ret))
		return 0;
	return err_set(err, ERR_USAGE,
		"the environment variable %s: expected 1, true, yes or on, or 0, false, no or off, "
		"not %s",
		name, option_quote(value, buf, sizeof(buf)));
}

int option_from_env(const struct option *o, const char *where, option_getenv *get,
	struct strlist *labels, struct ynode **ret_node, struct err *err)
{
	char variable[80];
	union {
		bool b;
		uint64_t u;
		double d;
		int i;
		char *s;
	} unused = { 0 };
	const char *value = first_set(o, get, variable, sizeof(variable));

	*ret_node = NULL;
	if (!value)
		return 0;
	CLEANUP_FREE char *text = env_spelling(o, value);

	strlist_add(labels, variable);
	struct ynode *n = ynode_new_scalar(text, false, labels->items[labels->len - 1], 0, 0);

	if (o->type == OPTION_STRING || o->type == OPTION_ENUM)
		n->quoted = ynode_is_null(n);
	if (!parse_value(o, n, true, &unused)) {
		ynode_free(n);
		return bad_env(o, where, variable, value, err);
	}
	if (o->type == OPTION_STRING)
		free(unused.s);
	*ret_node = n;
	return 0;
}

void options_release(const struct option *table, void *config)
{
	if (!config)
		return;
	for (const struct option *o = table; o && o->name; o++) {
		if (o->type == OPTION_STRING) {
			char **s = field(o, config);

			free(*s);
			*s = NULL;
		} else if (o->type == OPTION_STRINGS) {
			strlist_release(field(o, config));
		}
	}
}

void options_copy(const struct option *table, const void *from, void *to, size_t config_size)
{
	if (config_size)
		memcpy(to, from, config_size);
	for (const struct option *o = table; o && o->name; o++) {
		if (o->type == OPTION_STRING) {
			char **s = field(o, to);

			*s = xstrdup(*s);
		} else if (o->type == OPTION_STRINGS) {
			const struct strlist *src = field_const(o, from);
			struct strlist copy = { 0 };

			for (size_t i = 0; i < src->len; i++)
				strlist_add(&copy, src->items[i]);
			*(struct strlist *)field(o, to) = copy;
		}
	}
}

static void value_to_json(const struct option *o, const void *v, struct jw *w)
{
	char buf[40];

	switch (o->type) {
	case OPTION_BOOL:
		jw_bool(w, *(const bool *)v);
		break;
	case OPTION_U64:
	case OPTION_SIZE:
		jw_u64(w, *(const uint64_t *)v);
		break;
	case OPTION_DOUBLE:
		jw_double(w, *(const double *)v);
		break;
	case OPTION_DURATION:
		jw_str(w, units_format_duration(*(const uint64_t *)v, buf, sizeof(buf)));
		break;
	case OPTION_STRING:
		jw_str(w, *(char *const *)v);
		break;
	case OPTION_ENUM:
		jw_str(w, o->choices[*(const int *)v]);
		break;
	case OPTION_STRINGS: {
		const struct strlist *l = v;

		jw_array(w);
		for (size_t i = 0; i < l->len; i++)
			jw_str(w, l->items[i]);
		jw_array_end(w);
		break;
	}
	}
}

void options_members_to_json(const struct option *table, const void *config, struct jw *w)
{
	for (const struct option *o = table; o && o->name; o++) {
		jw_key(w, o->name);
		value_to_json(o, field_const(o, config), w);
	}
}

void options_to_json(const struct option *table, const void *config, struct jw *w)
{
	jw_object(w);
	options_members_to_json(table, config, w);
	jw_object_end(w);
}

/* --- for people ------------------------------------------------------------ */

static void short_type(const struct option *o, struct strbuf *out)
{
	static const char *const names[] = {
		[OPTION_BOOL] = "bool",
		[OPTION_U64] = "integer",
		[OPTION_DOUBLE] = "number",
		[OPTION_DURATION] = "duration",
		[OPTION_SIZE] = "size",
		[OPTION_STRING] = "text",
		[OPTION_STRINGS] = "list of texts",
	};

	if (o->type == OPTION_ENUM) {
		for (size_t i = 0; o->choices[i]; i++)
			strbuf_addf(out, "%s%s", i ? "|" : "", o->choices[i]);
		return;
	}
	strbuf_adds(out, names[o->type]);
	if (o->type == OPTION_BOOL || o->type == OPTION_STRING || o->type == OPTION_STRINGS)
		return;
	range_text(o, out);
	if (o->unit)
		strbuf_addf(out, " (%s)", o->unit);
}

void option_env_text(const struct option *o, struct strbuf *out)
{
	const char *between = " [";

	for (const char *s = o->env; s && *s;) {
		size_t len = strcspn(s, " ");

		strbuf_addf(out, "%s$%.*s", between, (int)len, s);
		between = " or ";
		s += len + strspn(s + len, " ");
	}
	if (o->env)
		strbuf_addc(out, ']');
}

void options_describe(const struct option *table, struct strbuf *out)
{
	size_t w_name = 0, w_type = 0, w_def = 1;

	for (const struct option *o = table; o && o->name; o++) {
		CLEANUP_STRBUF struct strbuf type = { 0 };

		short_type(o, &type);
		w_name = MAX(w_name, strlen(o->name));
		w_type = MAX(w_type, type.len);
		w_def = MAX(w_def, o->def ? strlen(o->def) : 1);
	}
	for (const struct option *o = table; o && o->name; o++) {
		CLEANUP_STRBUF struct strbuf type = { 0 };

		short_type(o, &type);
		strbuf_addf(out, "  %-*s  %-*s  %-*s  %s", (int)w_name, o->name, (int)w_type,
			strbuf_str(&type), (int)w_def, o->def && *o->def ? o->def : "-",
			o->help ? o->help : "");
		option_env_text(o, out);
		strbuf_addc(out, '\n');
	}
}
