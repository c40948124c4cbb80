/*
 * Progress of a batch run on stderr: what changed between two snapshots, a
 * line each, and a heartbeat so that CI sees life. Main thread.
 */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>

#include "core/model.h"

struct progress;

/* verbose: -1 nothing, 0 phases, faults and verdicts, 1 also node states, 2 also log lines. */
struct progress *progress_new(int verbose, bool color);
void progress_free(struct progress *p);
void progress_update(struct progress *p, const struct model *m);
/* One line on where the run stands; called by the caller every few seconds. */
void progress_heartbeat(struct progress *p, const struct model *m);

#endif
