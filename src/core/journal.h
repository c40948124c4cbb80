/*
 * The journal: RUN/journal, one JSON object a line, synced *before* the act it
 * announces, so that whatever a killed ltb left behind can be found and
 * undone. Entries: {"op":"owner|start|path|fault|heal|done", ...}.
 * Thread-safe (one mutex); write errors are returned, the act must not follow.
 */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

struct journal;

struct journal *journal_create(const char *path, struct err *err);
void journal_close(struct journal *j);

/* A process that was started: pid and start time make it recognisable. */
int journal_process(struct journal *j, const char *what, pid_t pid, unsigned long long start_time,
	struct err *err);
/* Something outside the run directory that must be removed: kind and name are the backend's. */
int journal_resource(struct journal *j, const char *kind, const char *name, struct err *err);
int journal_fault(struct journal *j, uint64_t id, const char *text, struct err *err);
int journal_heal(struct journal *j, uint64_t id, struct err *err);
int journal_owner(struct journal *j, pid_t pid, unsigned long long start_time, const char *backend,
	struct err *err);                             /* first entry: which ltb made it */
int journal_done(struct journal *j, struct err *err); /* everything is gone */

struct journal_entry {
	enum {
		JOURNAL_OWNER,
		JOURNAL_PROCESS,
		JOURNAL_RESOURCE,
		JOURNAL_FAULT,
		JOURNAL_HEAL,
		JOURNAL_DONE
	} op;
	pid_t pid;
	unsigned long long start_time;
	uint64_t id;
	char text[256]; /* what, backend or fault text */
	char kind[64];
};
/* Reads a journal; a torn last line is ignored. fn returns non-zero to stop. */
int journal_read(const char *path, int (*fn)(const struct journal_entry *e, void *arg), void *arg,
	struct err *err);

#endif
