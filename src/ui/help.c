/* Help and the palette: both made from the action table and the key map. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ui/app.h"
#include "ui/screen_run.h"
#include "ui/ui_priv.h"
#include "util/mem.h"

static void add_keys(const struct keymap *m, enum action a, char *buf, size_t size)
{
	char label[24];
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 0; i < KEYMAP_PER_ACTION && m->keys[a][i] != KEY_NONE && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? " " : "",
			key_label(m->keys[a][i], label, sizeof(label)));
}

/* Actions of one context that are not possible everywhere in `but`. */
static void add_context(
	struct rich *r, const struct keymap *m, enum action_context c, unsigned shown)
{
	char keys[120];

	rich_heading(r, action_context_title(c));
	for (int a = 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info((enum action)a);
		if (!(info->contexts & c) || (info->contexts & shown))
			continue;
		add_keys(m, (enum action)a, keys, sizeof(keys));
		rich_indent(r, 34);
		rich_addf(r, ROLE_KEY, "  %-12s ", keys[0] ? keys : "-");
		rich_addf(r, ROLE_NORMAL, "%-18s ", info->name);
		rich_add(r, ROLE_DIM, info->help);
		rich_newline(r);
	}
}

void ui_show_help(struct ui *ui)
{
	static const enum action_context order[] = { CTX_START, CTX_EDIT, CTX_LIVE, CTX_REPLAY,
		CTX_RUN, CTX_END };
	unsigned here = ui_contexts(ui), shown = 0;
	struct rich r = { 0 };

	/* what can be done here first, then what is always possible, then the rest */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < ARRAY_LEN(order); i++) {
			if (((here & order[i]) != 0) != (pass == 0))
				continue;
			add_context(&r, &ui->keymap, order[i], shown & ~(unsigned)order[i]);
			shown |= order[i];
		}
		if (pass == 0)
			add_context(&r, &ui->keymap, CTX_ANY, 0);
	}
	ui_show(ui, "keys", &r, NULL, NULL, NULL);
}

/* --- the palette --------------------------------------------------------------------------- */

struct palette {
	size_t n;
	enum action actions[ACTION_COUNT];
};

static void palette_chosen(struct ui *ui, size_t index, void *arg)
{
	const struct palette *p = arg;
	ui_act(ui, p->actions[index]);
}

static bool looks_like_id(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
	}
	return n >= 4;
}

/* What is no action: a command ("rate transactions 20"), or the beginning of an id. */
static void palette_typed(struct ui *ui, const char *text, void *arg)
{
	(void)arg;
	if (ui->screen == &screen_run && looks_like_id(text)) {
		if (!run_show_id(ui, ui->screen_state, text))
			ui_message(ui, ROLE_WARN, "no recent block or transaction begins with %s",
				text);
		return;
	}
	ui_run_command_line(ui, text);
}

void ui_show_palette(struct ui *ui)
{
	unsigned here = ui_contexts(ui);
	struct palette *p = xcalloc(1, sizeof(*p));
	struct menu_item items[ACTION_COUNT] = { 0 };
	char labels[ACTION_COUNT][64], keys[40];

	for (int a = 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info((enum action)a);
		if (!(info->contexts & here) || a == ACTION_PALETTE)
			continue;
		add_keys(&ui->keymap, (enum action)a, keys, sizeof(keys));
		snprintf(labels[p->n], sizeof(labels[0]), "%-18s %s", info->name, keys);
		items[p->n] = (struct menu_item){
			.label = labels[p->n], .note = info->help, .role = ROLE_DIM
		};
		p->actions[p->n++] = (enum action)a;
	}
	ui_menu_or_text(ui, "commands",
		ui->screen == &screen_run ? "an action, a command such as \"rate transactions "
					    "20\", or the beginning of an id"
					  : "type to narrow the list",
		items, p->n, palette_chosen, palette_typed, p, free);
}
