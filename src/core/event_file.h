/*
 * Reading events.jsonl: of a run that is over, or of one that still writes.
 * The one reader for judging, replaying, following and listing runs. The file
 * is input from outside: lines are bounded, a last line without its end is
 * not read (yet), a bad line is an error that names it. One thread each.
 */
#ifndef CORE_EVENT_FILE_H
#define CORE_EVENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/event.h"
#include "util/err.h"

#define EVENT_FILE_MAX_LINE (16u * 1024 * 1024)

struct event_file;

/* NULL on error: ERR_USAGE. Regular files only. */
struct event_file *event_file_open(const char *path, struct err *err);
void event_file_close(struct event_file *f);

/*
 * 1: *ret is the next event, which the caller frees. 0: no further complete
 * line; when more is written, the next call goes on. -1: ERR_USAGE with
 * "path:line: " in front, ERR_IO; the same again until it is rewound.
 * Kinds of events that are not known are passed over.
 */
int event_file_next(struct event_file *f, struct event **ret, struct err *err);
/* The same for the first one, which has to be a run_start: else ERR_USAGE. */
int event_file_start(struct event_file *f, struct event **ret, struct err *err);
void event_file_rewind(struct event_file *f);
/* -1 when the path leads to another file by now, or the file has become shorter: ERR_IO. */
int event_file_check(const struct event_file *f, struct err *err);

/*
 * The end of the file, read from there backwards, so that it is cheap: the
 * time of the last event, and the run_end when it is among the last few (else
 * NULL; the caller frees it). -1: nothing could be read, without a reason.
 */
int event_file_tail(const char *path, uint64_t *ret_last_ns, struct event **ret_run_end);

#endif
