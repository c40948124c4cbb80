/*
 * Bus and hub: producers emit events from any thread; one hub thread numbers
 * them, appends them to events.jsonl, folds them into the model, feeds the
 * checks and the sinks, and publishes snapshots (at most 20 a second, none
 * when nothing changed).
 *
 * The queue is bounded: producers of control events wait when it is full;
 * samples and log lines are dropped and counted (EVENT_LOST).
 */
#ifndef CORE_HUB_H
#define CORE_HUB_H

#include "core/check.h"
#include "core/event.h"
#include "core/model.h"
#include "util/clock.h"

struct hub;

/* Called on the hub thread for each event after the model took it. Must not block for long. */
typedef void hub_sink_fn(const struct event *ev, const struct model *m, void *arg);

struct hub_options {
	struct clock *clock;     /* real or virtual; the hub is no participant */
	uint64_t t0_ns;          /* clock time of the run's start */
	const char *events_path; /* NULL: not recorded */
	const char *events_copy; /* --events FILE; NULL: none */
	struct jury *jury;       /* borrowed; used on the hub thread only; may be NULL */
};

struct hub *hub_start(const struct hub_options *opt, struct err *err);
void hub_add_sink(struct hub *h, hub_sink_fn *fn, void *arg); /* before the first event */
/* Takes ownership; never fails. After hub_stop() the event is just freed. */
void hub_emit(struct hub *h, struct event *ev);
uint64_t hub_now(struct hub *h); /* run time, for event_new() */
/* Returns when everything emitted before the call has been processed. Blocks in real time. */
void hub_flush(struct hub *h);
/* Flushes, then lets the jury judge on the hub thread; CHECK events are emitted and processed. */
enum verdict hub_judge(struct hub *h);
struct snapshot *hub_snapshot(struct hub *h); /* up to date; caller unrefs; never NULL */
struct wake *hub_wake(struct hub *h);         /* signalled when a new snapshot is out */
/* First write error of the event file (disk full ...), or ERR_NONE. */
int hub_error(struct hub *h, struct err *ret);
/* What producers said that they lost themselves (EVENT_LOST they emitted); not droppable things. */
uint64_t hub_lost_by_producers(struct hub *h);
/* Flushes, closes the file, ends the thread. The last snapshot stays valid. */
void hub_stop(struct hub *h);
void hub_free(struct hub *h);

#endif
