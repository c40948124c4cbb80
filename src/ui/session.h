/*
 * A run as the terminal sees it, whatever is behind it: one that this program
 * drives, one that another drives (watch), or a recorded one (replay). Hands
 * out snapshots, takes commands, says when there is news. Main thread.
 */
#ifndef UI_SESSION_H
#define UI_SESSION_H

#include <stdbool.h>

#include "core/command.h"
#include "core/model.h"
#include "core/player.h"
#include "core/runner.h"

enum session_kind { SESSION_LIVE, SESSION_WATCH, SESSION_REPLAY };

struct ui_host;

struct session {
	enum session_kind kind;
	const struct ui_host *host; /* LIVE */
	char *run_dir, *run_id;
	struct scenario *scenario; /* owned; NULL when a recorded run's could not be read */
	struct plan *plan;         /* owned; NULL with scenario */
	struct run *run;           /* LIVE */
	struct player *player;     /* WATCH, REPLAY */
	void *reports;             /* LIVE: the host's, for struct ui_host.release_reports */
	struct snapshot *snapshot; /* the one shown; never NULL */
	bool finished;             /* LIVE: the run has ended, result is valid */
	struct run_result result;
	/* LIVE: the commands since all that were sent before had been answered */
	struct session_batch {
		unsigned sent, told, failed;
		char first_failed[700]; /* "kill n1: it is stopped" */
	} batch;
	bool shown_end;   /* the verdict screen came up by itself already */
	int quit_signals; /* LIVE: how often it was asked to stop */
};

/* One more was sent: after all others had been answered, it begins a new batch. */
static inline void session_batch_add(struct session_batch *b)
{
	if (b->told >= b->sent)
		*b = (struct session_batch){ .sent = 0 };
	b->sent++;
}

/* Takes scenario and plan, also on error. */
struct session *session_launch(
	const struct ui_host *host, struct scenario *s, struct plan *p, struct err *err);
struct session *session_open(
	const struct ui_host *host, const char *run_dir, enum session_kind kind, struct err *err);
void session_free(const struct ui_host *host, struct session *s); /* a live run must be finished */

/* Takes the newest snapshot; true when it is another than before. */
bool session_update(struct session *s);
/* Descriptors to poll for news; at most 2; returns how many. */
int session_fds(const struct session *s, int ret[2]);
/* LIVE only. The outcome comes as a COMMAND event; -1: it was not taken, or cannot be. */
int session_command(struct session *s, const struct command *c, struct err *err);
/* Why a command is not possible now; 0: it is. */
int session_possible(const struct session *s, const struct command *c, struct err *err);
/* Run time to show, which goes on between events while the run is going on. */
uint64_t session_now(const struct session *s);
/* LIVE: waits for the end of a run that was asked to stop. */
void session_finish(struct session *s);
/* LIVE: as a signal would; the second time by force. */
void session_interrupt(struct session *s);

#endif
