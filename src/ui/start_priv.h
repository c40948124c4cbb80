/*
 * What the parts of the start screen share: start_data.c reads presets, runs
 * and backends, start_draw.c draws them, screen_start.c acts. Main thread.
 */
#ifndef UI_START_PRIV_H
#define UI_START_PRIV_H

#include "core/backend.h"
#include "core/preset_edit.h"
#include "core/run_dir.h"
#include "ui/app.h"
#include "ui/layout.h"
#include "ui/pane.h"
#include "util/mem.h"

#define START_MAX_RUNS 200

struct start_preset {
	char *name, *source, *summary;
	char *hides; /* others of its name that are not used; "" none */
	bool loaded, planned;
	struct scenario *scenario; /* owned; NULL: status.error says why */
	struct plan *plan;         /* owned */
	struct edit_status status; /* with what is chosen for the next run */
};

struct start_backend {
	const struct backend_ops *ops;
	struct backend_probe probe;
};

struct start {
	VEC(struct start_preset) presets;
	VEC(struct start_backend) backends;
	struct run_summary *runs; /* newest first */
	size_t n_runs;
	uint64_t runs_read_ns;
	char filter[80];                       /* of the list that has the keys */
	VEC(size_t) shown_presets, shown_runs; /* indices, filtered */
	struct list preset_list, run_list;
	bool on_runs;
	struct rect presets_area, runs_area; /* rows of the lists, as of the last draw */
	uint64_t wall_ms;                    /* for tests: the time of day; 0: ask the clock */
};

/* --- start_data.c --- */
void start_read_presets(struct ui *ui, struct start *s);
void start_forget_plans(struct start *s); /* something else was chosen */
void start_read_runs(struct ui *ui, struct start *s);
void start_probe(struct ui *ui, struct start *s);
void start_filter(struct start *s);
void start_release(void *state);
struct start_preset *start_selected(struct start *s);          /* NULL: none */
const struct run_summary *start_selected_run(struct start *s); /* NULL: none */
/* Reads it with what is chosen; plan: plans it too. */
const struct edit_status *start_status(struct ui *ui, struct start_preset *p, bool plan);
const struct start_backend *start_backend_of(const struct start *s, const struct backend_ops *ops);
bool start_is_run_of(const struct start_preset *p, const struct run_summary *r);
/* "today 14:02", "Mon 23", "2025-11-23"; in local time. Returns buf. */
const char *start_when(uint64_t ms, uint64_t now_ms, char *buf, size_t size);
uint64_t start_now_ms(const struct start *s);

/* --- start_draw.c --- */
void start_draw(struct ui *ui, void *state, struct view *v);

#endif
