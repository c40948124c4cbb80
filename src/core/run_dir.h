/*
 * Run directories: making one, finding the recent ones and what came of them,
 * and turning an interactive session back into a preset. Reads and writes
 * files; any thread.
 */
#ifndef CORE_RUN_DIR_H
#define CORE_RUN_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"
#include "core/scenario.h"
#include "util/err.h"

struct run_dir {
	char id[128]; /* "20261123-133018-smoke-18dc": readable, sortable, unique enough */
	char *path;   /* absolute, owned */
};

/*
 * Makes the directory: `out` when given (it must be empty or not exist yet),
 * else a new one in runs_dir, which `latest` then points to. ERR_USAGE, ERR_ENV.
 */
int run_dir_create(const char *runs_dir, const char *preset, const char *out, struct run_dir *ret,
	struct err *err);
void run_dir_release(struct run_dir *d);

struct run_summary {
	char *id, *path, *preset, *backend;
	char *reason;              /* why not pass; may be NULL */
	uint64_t seed, started_ms; /* started_ms: since 1970 UTC; 0 unknown */
	uint64_t duration_ns;      /* so far, for a run that goes on or was killed */
	bool running;              /* its ltb is alive: `ltb watch` can join */
	bool ended;                /* there is a result; else it was killed or is running */
	enum verdict verdict;      /* valid when ended */
	int exit_code;
};

/* The newest `max` runs, newest first. Whatever is broken about one, it is listed or left out; no
 * error. Caller frees with run_summaries_free(). */
void run_dir_recent(const char *runs_dir, size_t max, struct run_summary **ret, size_t *ret_n);
/* One run; false when the directory holds none. */
bool run_dir_summary(const char *path, struct run_summary *ret);
void run_summary_release(struct run_summary *s);
void run_summaries_free(struct run_summary *s, size_t n);

/*
 * The session as a preset: the run's own preset, plus a timeline workload with
 * the commands that were carried out during its drive phase, at their times.
 * What made that phase longer or shorter becomes run.duration instead, unless
 * the preset has a timeline of its own that it would be at odds with.
 * Appends YAML that `ltb validate` accepts. name: of the new preset.
 */
int run_dir_export(const char *path, const char *name, struct strbuf *out, struct err *err);

#endif
