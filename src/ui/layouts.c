/* Layouts from a file, before the shipped ones; see layouts.h. */
#include "ui/layouts.h"

#include <ctype.h>
#include <string.h>

#include "core/option.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/yaml.h"

static bool has(const struct layouts *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->items[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Those whose name is not taken. */
static void add_shipped(struct layouts *l)
{
	for (size_t i = 0; layout_presets[i].name && l->n < LAYOUTS_MAX; i++) {
		const struct layout_preset *p = &layout_presets[i];

		if (!has(l, p->name) && layout_parse(&l->items[l->n], p->name, p->text, NULL) == 0)
			l->n++; /* a test sees to it that they all can be parsed */
	}
}

void layouts_defaults(struct layouts *l)
{
	memset(l, 0, sizeof(*l));
	add_shipped(l);
}

static int check_name(const struct ynode *key, struct err *err)
{
	char quoted[OPTION_QUOTE];
	const char *s = key->scalar;
	size_t len = strlen(s);
	bool good = len > 0 && len < sizeof(((struct layout *)0)->name);

	for (; good && *s; s++)
		good = isalnum((unsigned char)*s) || *s == '-' || *s == '_';
	return good ? 0
		    : ynode_err(key, err,
			      "a layout's name is letters, digits, - and _, at most %zu of them, not "
			      "%s",
			      sizeof(((struct layout *)0)->name) - 1,
			      option_quote(key->scalar, quoted, sizeof(quoted)));
}

static int parse_root(struct layouts *l, const struct ynode *root, struct err *err)
{
	const size_t most = LAYOUTS_MAX / 2; /* the shipped ones have room too */

	if (!root || ynode_is_null(root))
		return 0;
	if (root->kind != YNODE_MAP)
		return ynode_err(root, err, "expected lines of NAME: LAYOUT");
	if (root->len > most)
		return ynode_err(
			root, err, "%zu layouts; at most %zu are possible", root->len, most);
	for (size_t i = 0; i < root->len; i++) {
		const struct ynode *name = root->keys[i], *v = root->items[i];

		if (check_name(name, err) != 0)
			return -1;
		if (v->kind != YNODE_SCALAR)
			return ynode_err(
				v, err, "expected a text such as rows(nodes:2 cols(blocks log))");
		if (layout_parse(&l->items[l->n], name->scalar, v->scalar, err) != 0)
			return err_prefix(err, "%s:%d:%d", v->file, v->line, v->col);
		l->n++;
	}
	return 0;
}

int layouts_parse(
	struct layouts *l, const char *file, const char *text, size_t len, struct err *err)
{
	CLEANUP_FREE struct layouts *fresh = xcalloc(1, sizeof(*fresh));
	struct ydoc *doc = yaml_parse(file, text, len, LAYOUT_FILE_MAX, err);

	if (!doc)
		return -1;
	int rc = parse_root(fresh, doc->root, err);

	if (rc == 0) {
		add_shipped(fresh);
		*l = *fresh;
	}
	ydoc_free(doc);
	return rc;
}

int layouts_load(struct layouts *l, const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (fs_read(path, LAYOUT_FILE_MAX, &text, err) != 0)
		return -1;
	return layouts_parse(l, path, strbuf_str(&text), text.len, err);
}
