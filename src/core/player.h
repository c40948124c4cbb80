/*
 * A recorded run as a source of snapshots: replayed at a chosen speed, paused,
 * sought; or followed while another ltb still writes it. A thread of its own
 * reads events.jsonl and folds the events into a model; nothing is judged and
 * nothing written. The file is input from outside: lines are bounded, a torn
 * last line is waited for (follow) or ignored (replay), a bad line ends the
 * replay with an error that names the line. Functions: any thread.
 */
#ifndef CORE_PLAYER_H
#define CORE_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"
#include "util/err.h"
#include "util/wake.h"

struct player;

enum player_mode {
	PLAYER_REPLAY, /* begins paused at 0 unless player_set_speed() says otherwise */
	PLAYER_FOLLOW, /* always at the end of what is written; seeking and speed do nothing */
};

struct player_state {
	uint64_t now_ns;    /* run time shown */
	uint64_t length_ns; /* run time of the last event in the file (so far) */
	double speed;       /* run seconds per real second */
	bool paused, at_end, seeking;
	bool complete;    /* the file has a run_end event */
	struct err error; /* ERR_NONE, or why it cannot go on */
};

/* Reads the first event before it returns, so that a file that is no recording is refused here. */
struct player *player_start(const char *events_path, enum player_mode mode, struct err *err);
void player_free(struct player *p); /* ends the thread */

struct snapshot *player_snapshot(struct player *p); /* caller unrefs; never NULL */
struct wake *player_wake(struct player *p);         /* signalled when there is something new */
void player_state(struct player *p, struct player_state *ret);

void player_pause(struct player *p, bool paused);
void player_set_speed(struct player *p, double speed); /* clamped to 0.1 .. 100 */
/* Backwards too: the events are folded anew from the start. Returns at once. */
void player_seek(struct player *p, uint64_t to_ns);

#endif
