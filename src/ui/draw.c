/* One frame: the screen, what lies on it, and the last line. See ui_priv.h. */
#include <stdio.h>
#include <string.h>

#include "ui/overlay.h"
#include "ui/ui_priv.h"
#include "util/mem.h"

#define MIN_WIDTH  60
#define MIN_HEIGHT 15

static int draw_hint(struct ui *ui, enum action a, struct view *v, int x, int right)
{
	const char *hint = a == ACTION_OPEN ? ui->screen->open_hint : action_info(a)->hint;
	char label[24];

	keymap_label(&ui->keymap, a, label, sizeof(label));
	if (!label[0] || x + text_width(label) + text_width(hint) + 3 > right)
		return x;
	x = view_text(v, x, 0, ROLE_KEY, label);
	return view_textf(v, x, 0, ROLE_NORMAL, " %s  ", hint);
}

/* The hints of one kind of context, as far as they fit. */
static int draw_hints(struct ui *ui, unsigned contexts, struct view *v, int x, int right)
{
	for (int a = 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info((enum action)a);
		if (info->hint[0] && (info->contexts & contexts))
			x = draw_hint(ui, (enum action)a, v, x, right);
	}
	return x;
}

static void draw_hint_bar(struct ui *ui, struct view *v)
{
	unsigned contexts = ui_contexts(ui);
	/* what is always there, at the right, where it is always found */
	static const enum action always[] = { ACTION_HELP, ACTION_PALETTE, ACTION_QUIT };
	char label[24];
	int w = 0;

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		w += text_width(keymap_label(&ui->keymap, always[i], label, sizeof(label))) + 3 +
		     text_width(action_info(always[i])->hint);
	int x = v->w - w;
	struct view left = view_sub(v, 0, 0, x - 1, 1);

	for (size_t i = 0; i < ARRAY_LEN(always) && x > 0; i++) {
		x = view_text(v, x, 0, ROLE_KEY,
			keymap_label(&ui->keymap, always[i], label, sizeof(label)));
		x = view_textf(v, x, 0, ROLE_NORMAL, " %s  ", action_info(always[i])->hint);
	}
	/* from the special to the general */
	x = draw_hint(ui, ACTION_OPEN, &left, 1, left.w);
	x = draw_hints(ui, contexts & ~(unsigned)(CTX_ANY | CTX_RUN), &left, x, left.w);
	x = draw_hints(ui, contexts & CTX_RUN, &left, x, left.w);
	x = draw_hint(ui, ACTION_SEARCH, &left, x, left.w);
	draw_hint(ui, ACTION_BACK, &left, x, left.w);
}

static void draw_last_line(struct ui *ui, struct view *v)
{
	if (ui->message[0] && ui->now_ns < ui->message_until_ns) {
		view_text_cut(v, 1, 0, v->w - 2, ui->message_role, ui->message);
		return;
	}
	ui->message[0] = '\0';
	draw_hint_bar(ui, v);
}

void ui_draw(struct ui *ui)
{
	canvas_clear(&ui->canvas);
	struct view all = view_all(&ui->canvas);

	if (all.w < MIN_WIDTH || all.h < MIN_HEIGHT) {
		view_textf(&all, 0, 0, ROLE_WARN, "%dx%d: at least %dx%d is needed", all.w, all.h,
			MIN_WIDTH, MIN_HEIGHT);
		return;
	}
	struct view body = view_sub(&all, 0, 0, all.w, all.h - 1);
	struct view last = view_sub(&all, 0, all.h - 1, all.w, 1);

	ui->screen->draw(ui, ui->screen_state, &body);
	if (!ui->overlay || ui->message[0])
		draw_last_line(ui, &last);
	overlays_draw(ui, overlay_is_search(ui) ? &all : &body);
}
