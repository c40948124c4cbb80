/*
 * Pictures of panes and their comparison with tests/data/render/NAME-WxH.txt;
 * UPDATE=1 rewrites them. Include after cmocka.h; tests run in the root of the
 * tree.
 */
#ifndef TESTS_RENDER_PICTURE_H
#define TESTS_RENDER_PICTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/canvas.h"
#include "ui/pane.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define RF_INLINE __attribute__((unused)) static

/* Compares text with the file, or writes it when UPDATE is set. */
RF_INLINE void render_golden_text(const char *file, const char *text)
{
	char path[256];
	CLEANUP_STRBUF struct strbuf want = { 0 };
	const char *update = getenv("UPDATE");
	FILE *fp;

	snprintf(path, sizeof(path), "tests/data/render/%s.txt", file);
	if (update && *update) {
		fp = fopen(path, "we");
		if (!fp || fputs(text, fp) < 0 || fclose(fp) != 0)
			fail_msg("cannot write %s", path);
		return;
	}
	fp = fopen(path, "re");
	if (!fp)
		fail_msg("%s is missing; UPDATE=1 writes it", path);
	char buf[4096];

	for (size_t n; (n = fread(buf, 1, sizeof(buf), fp)) > 0;)
		strbuf_add(&want, buf, n);
	fclose(fp);
	if (strcmp(strbuf_str(&want), text) == 0)
		return;
	fail_msg("%s differs (UPDATE=1 accepts it). It is now:\n%s", path, text);
}

/* The canvas against tests/data/render/NAME-WxH.txt. */
RF_INLINE void render_golden(const char *name, int w, int h, const struct canvas *c)
{
	char file[128];
	CLEANUP_STRBUF struct strbuf text = { 0 };

	canvas_to_text(c, &text);
	snprintf(file, sizeof(file), "%s-%dx%d", name, w, h);
	render_golden_text(file, strbuf_str(&text));
}

/* A new state for a pane; free with render_pane_free. */
RF_INLINE void *render_pane_new(const struct pane_ops *ops)
{
	void *state = xcalloc(1, ops->state_size ? ops->state_size : 1);

	ops->init(state);
	return state;
}

RF_INLINE void render_pane_free(const struct pane_ops *ops, void *state)
{
	ops->release(state);
	free(state);
}

RF_INLINE void rf_draw_framed(
	const struct pane_ops *ops, void *state, const struct pane_context *ctx, struct canvas *c)
{
	CLEANUP_STRBUF struct strbuf title = { 0 }, status = { 0 };
	struct view all = view_all(c), inner = view_sub(&all, 1, 1, c->w - 2, c->h - 2);

	ops->draw(state, ctx, &inner);
	ops->status(state, ctx, &status);
	strbuf_adds(&title, ops->title);
	if (status.len > 0)
		strbuf_addf(&title, " %s %s", glyph_str(c->glyphs->h), strbuf_str(&status));
	view_frame(&all, ROLE_FOCUS, strbuf_str(&title), NULL);
}

/* The pane in its frame, title and status included, as the run screen would draw it. */
RF_INLINE void render_pane_golden(const struct pane_ops *ops, void *state,
	const struct pane_context *ctx, const char *name, int w, int h, const struct glyphs *glyphs)
{
	struct canvas c;

	canvas_init(&c, w, h, glyphs);
	rf_draw_framed(ops, state, ctx, &c);
	render_golden(name, w, h, &c);
	canvas_release(&c);
}

/* The text of the detail view; false when nothing is selected. */
RF_INLINE bool render_detail_golden(const struct pane_ops *ops, const void *state,
	const struct pane_context *ctx, const char *name)
{
	struct rich r = { 0 };
	char title[200] = "";
	CLEANUP_STRBUF struct strbuf text = { 0 };
	bool there = ops->detail(state, ctx, title, sizeof(title), &r);

	strbuf_addf(&text, "[%s]\n", title);
	rich_to_text(&r, &text);
	rich_release(&r);
	if (there)
		render_golden_text(name, strbuf_str(&text));
	return there;
}

/* Role of the first cell of `text` on the canvas; ROLE_COUNT when it is not there. */
RF_INLINE enum role render_role_of(const struct canvas *c, const char *text)
{
	size_t len = strlen(text);

	for (int y = 0; y < c->h; y++) {
		for (int x = 0; x + (int)len <= c->w; x++) {
			const struct cell *cells = &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
			size_t i = 0;

			while (i < len && cells[i].ch == (uint32_t)(unsigned char)text[i])
				i++;
			if (i == len)
				return (enum role)cells[0].role;
		}
	}
	return ROLE_COUNT;
}

/* Draws and does everything at sizes where little or nothing fits; must not crash. */
RF_INLINE void render_pane_robust(const struct pane_ops *ops, const struct pane_context *ctx)
{
	static const int sizes[][2] = { { 0, 0 }, { 1, 1 }, { 3, 2 }, { 1, 40 }, { 200, 1 },
		{ 0, 5 }, { 5, 0 }, { 20, 5 }, { 80, 24 }, { 240, 80 } };
	void *state = render_pane_new(ops);

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (int ascii = 0; ascii < 2; ascii++) {
			struct canvas c;

			canvas_init(
				&c, sizes[i][0], sizes[i][1], ascii ? &glyphs_ascii : &glyphs_utf8);
			struct view v = view_all(&c);

			for (int a = ACTION_NONE; a < ACTION_COUNT; a++) {
				struct rich r = { 0 };
				char title[40];

				ops->act(state, ctx, (enum action)a);
				ops->draw(state, ctx, &v);
				if (ops->detail(state, ctx, title, sizeof(title), &r))
					rich_height(&r, sizes[i][0]);
				rich_release(&r);
			}
			int rows = ops->brief(state, ctx, &v);

			assert_true(rows >= 0 && rows <= sizes[i][1]);
			ops->search(state, ctx, i % 2 ? "n" : "");
			ops->click(state, ctx, sizes[i][0] / 2, sizes[i][1] / 2);
			ops->click(state, ctx, -1, 1000000);
			canvas_release(&c);
		}
	}
	render_pane_free(ops, state);
}

#endif
