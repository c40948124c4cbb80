/*
 * A preset that is being edited: opening, undo and saving. The present state
 * is a text and the tree read from it, so that what is shown, checked and
 * saved can never differ, and messages have the places of that text. A change
 * alters the tree; edit_commit() writes it and reads it anew.
 */
#include "core/preset_edit.h"

#include <string.h>

#include "core/preset_edit_priv.h"
#include "util/fs.h"
#include "util/strbuf.h"

#define MAX_STATES      501 /* 500 steps back */
#define MAX_STATE_BYTES (64u * 1024 * 1024)
#define NEW_NAME        "my-preset"
#define HEADER          "# Written by ltb; ltb-preset(5) describes the format.\n"

/* --- history ---------------------------------------------------------------------------- */

static const char *present(const struct preset_edit *e)
{
	return e->states.items[e->at];
}

static void forget(struct preset_edit *e)
{
	for (size_t i = 0; i < EDIT_SECTION_COUNT; i++)
		edit_clear_slots(&e->sections[i]);
	edit_clear_status(e);
}

/* The tree of the present text. It was written by us, so it can be read. */
static void reread(struct preset_edit *e)
{
	ydoc_free(e->doc);
	e->doc = yaml_parse(EDIT_LABEL, present(e), strlen(present(e)), PRESET_MAX_BYTES, NULL);
	if (!e->doc || !e->doc->root)
		abort();
	forget(e);
}

static void drop_state(struct preset_edit *e, size_t i)
{
	e->state_bytes -= strlen(e->states.items[i]);
	free(e->states.items[i]);
	e->states.len--;
	for (; i < e->states.len; i++)
		e->states.items[i] = e->states.items[i + 1];
}

static void push_state(struct preset_edit *e, char *text)
{
	while (e->states.len > e->at + 1)
		drop_state(e, e->states.len - 1);
	vec_push(&e->states, text);
	e->state_bytes += strlen(text);
	while (e->states.len > 2 &&
		(e->states.len > MAX_STATES || e->state_bytes > MAX_STATE_BYTES))
		drop_state(e, 0);
	e->at = e->states.len - 1;
}

/*
 * The tree as a text that the reader takes and that is written the same again
 * (bad UTF-8, for one, is replaced at the first reading). Appends to out.
 */
static int write_tree(const struct ynode *root, struct strbuf *out, struct err *err)
{
	CLEANUP_STRBUF struct strbuf first = { 0 };

	ynode_write(root, &first);
	if (first.len > PRESET_MAX_BYTES - sizeof(HEADER))
		return err_set(err, ERR_LIMIT, "the preset would be larger than %u bytes",
			PRESET_MAX_BYTES);
	struct ydoc *d =
		yaml_parse(EDIT_LABEL, strbuf_str(&first), first.len, PRESET_MAX_BYTES, err);

	if (d && d->root)
		ynode_write(d->root, out);
	ydoc_free(d);
	return d ? 0 : -1;
}

int edit_commit(struct preset_edit *e, struct err *err)
{
	struct strbuf text = { 0 };
	int rc = write_tree(e->doc->root, &text, err);

	if (rc == 0 && strcmp(strbuf_str(&text), present(e)) != 0)
		push_state(e, strbuf_detach(&text));
	strbuf_release(&text);
	reread(e);
	return rc;
}

bool preset_edit_undo(struct preset_edit *e)
{
	if (e->at == 0)
		return false;
	e->at--;
	reread(e);
	return true;
}

bool preset_edit_redo(struct preset_edit *e)
{
	if (e->at + 1 >= e->states.len)
		return false;
	e->at++;
	reread(e);
	return true;
}

bool preset_edit_is_changed(const struct preset_edit *e)
{
	return strcmp(present(e), e->saved) != 0;
}

/* --- opening ------------------------------------------------------------------------------ */

/* A version that this program does not know is no preset that it could edit. */
static int check_version(const struct ynode *root, struct err *err)
{
	const struct ynode *v = ynode_get(root, "version");
	char buf[OPTION_QUOTE];

	if (!v || (v->kind == YNODE_SCALAR && !v->quoted && strcmp(v->scalar, "1") == 0))
		return 0;
	return option_err(v, "version", err, "expected 1, the only version of the format, not %s",
		option_value_text(v, buf, sizeof(buf)));
}

/*
 * The version and the name that reports would have are always written, and where
 * they are looked for: what is merged from a preset below comes before them.
 */
static void complete(struct ynode *root, const char *name)
{
	const struct ynode *have = ynode_get(root, "name");
	static const char *const head[] = { "summary", "name", "version" };

	if (!ynode_get(root, "version"))
		tree_put(root, "version", tree_scalar("1", false), edit_root_order);
	if (!have || ynode_is_null(have))
		tree_put(root, "name", tree_scalar(name, false), edit_root_order);
	for (size_t i = 0; i < ARRAY_LEN(head); i++) {
		if (tree_find(root, head[i]) < root->len)
			tree_to_front(root, tree_find(root, head[i]));
	}
}

static int open_doc(
	const struct preset_source *src, const char *preset, struct ydoc **ret, struct err *err)
{
	const struct preset_request req = { .preset = preset };
	struct preset_doc pd = { 0 };
	int rc;

	if (preset)
		rc = preset_resolve(src, &req, &pd, err);
	else
		rc = preset_resolve_text(src, NULL, EDIT_LABEL, "version: 1\nname: " NEW_NAME "\n",
			strlen("version: 1\nname: " NEW_NAME "\n"), &pd, err);
	if (rc < 0)
		return -1;
	rc = check_version(pd.doc->root, err);
	if (rc == 0) {
		complete(pd.doc->root, pd.name);
		*ret = preset_doc_detach(&pd);
	}
	preset_doc_release(&pd);
	return rc;
}

struct preset_edit *preset_edit_open(const struct catalog *cat, const struct preset_source *src,
	const char *preset, struct err *err)
{
	struct ydoc *doc = NULL;
	struct strbuf text = { 0 };

	if (open_doc(src, preset, &doc, err) < 0 || !doc)
		return NULL;
	int rc = write_tree(doc->root, &text, err);

	ydoc_free(doc);
	if (rc < 0) {
		strbuf_release(&text);
		return NULL;
	}
	struct preset_edit *e = xcalloc(1, sizeof(*e));

	e->cat = cat;
	e->src = src;
	e->saved = xstrdup(strbuf_str(&text));
	push_state(e, strbuf_detach(&text));
	reread(e);
	return e;
}

void preset_edit_free(struct preset_edit *e)
{
	if (!e)
		return;
	forget(e);
	ydoc_free(e->doc);
	for (size_t i = 0; i < e->states.len; i++)
		free(e->states.items[i]);
	vec_free(&e->states);
	vec_free(&e->addable);
	strlist_release(&e->addable_names);
	free(e->saved);
	free(e);
}

/* --- the whole ------------------------------------------------------------------------------ */

void preset_edit_text(const struct preset_edit *e, struct strbuf *out)
{
	strbuf_adds(out, HEADER);
	strbuf_adds(out, present(e));
}

struct scenario *preset_edit_scenario(struct preset_edit *e, struct err *err)
{
	return scenario_parse(
		e->cat, e->src, EDIT_LABEL, present(e), strlen(present(e)), NULL, err);
}

static int write_file(
	const char *path, const struct preset_edit *e, bool overwrite, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (!overwrite && fs_exists(path))
		return err_set(err, ERR_USAGE, "%s exists already", path);
	preset_edit_text(e, &text);
	return fs_write_atomic(path, strbuf_str(&text), text.len, 0644, err);
}

int preset_edit_save(struct preset_edit *e, const char *dir, const char *name, bool overwrite,
	char **ret_path, struct err *err)
{
	char buf[OPTION_QUOTE];

	if (ret_path)
		*ret_path = NULL;
	if (!preset_name_valid(name))
		return err_set(err, ERR_USAGE,
			"name: expected at most %d letters, digits, \"-\", \"_\" and \".\", not %s",
			PRESET_MAX_NAME, option_quote(name, buf, sizeof(buf)));
	CLEANUP_FREE char *base = xasprintf("%s.yaml", name);
	CLEANUP_FREE char *path = fs_join(dir, base);

	if (!overwrite && fs_exists(path))
		return err_set(err, ERR_USAGE, "%s exists already", path);
	tree_put(e->doc->root, "name", tree_scalar(name, false), edit_root_order);
	if (edit_commit(e, err) < 0 || fs_mkdirs(dir, 0755, err) < 0 ||
		write_file(path, e, overwrite, err) < 0)
		return -1;
	free(e->saved);
	e->saved = xstrdup(present(e));
	if (ret_path)
		*ret_path = TAKE_PTR(path);
	return 0;
}
