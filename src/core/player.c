/*
 * Replaying and following recorded runs; see player.h.
 *
 * The thread reads and folds without any lock but model_lock, for one event at
 * a time; snapshots are made by who asks, as in the hub. To go back, it folds
 * from the start into a second model and shows the first one until it is there.
 */
#include "core/player.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/event_file.h"
#include "util/clock.h"
#include "util/mem.h"

#define POLL_NS      (100 * NS_PER_MS) /* follow: how often the file is looked at */
#define PUBLISH_NS   (50 * NS_PER_MS)
#define FIRST_WAIT   30 /* polls: a run that has just begun has written nothing yet */
#define SPEED_MIN    0.1
#define SPEED_MAX    100.0
#define CLOCK_CHECKS 16 /* events between two looks at the clock while folding */

struct player {
	/* Immutable after player_start(). */
	enum player_mode mode;
	pthread_t thread;
	bool thread_started;
	struct wake news;

	/* Player's thread only. */
	struct event_file *file;
	struct event *next;    /* read, but not folded yet */
	struct model *fresh;   /* being folded from the start; NULL: model goes on */
	uint64_t reached_ns;   /* greatest time folded into that model; the first event aside */
	unsigned seeks_seen;   /* of `seeks`, those that are being carried out */
	bool broken;           /* the reader met a bad line: it can only begin anew */
	uint64_t signalled_ns; /* real time */
	bool unsignalled;

	pthread_mutex_t model_lock; /* model, generation, newest */
	struct model *model;
	uint64_t generation; /* of model: counts how often it was replaced */
	struct snapshot *newest;
	uint64_t newest_generation;

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t work;
	bool stop;
	bool untouched; /* nobody has said yet whether it is to play */
	bool paused, at_end, complete;
	bool seeking;   /* to shown_ns, which is where it stands then */
	unsigned seeks; /* how many there were: a later one supersedes those before */
	double speed;
	uint64_t shown_ns; /* run time at real time since_ns */
	uint64_t since_ns;
	uint64_t length_ns;
	struct err error;
};

static uint64_t real_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* --- position: under the lock ------------------------------------------------------- */

static uint64_t position(const struct player *p, uint64_t now)
{
	if (p->mode == PLAYER_FOLLOW || p->paused || p->seeking || p->at_end || p->error.code)
		return p->shown_ns;
	double passed = (double)(now - p->since_ns) * p->speed;
	uint64_t left = p->length_ns > p->shown_ns ? p->length_ns - p->shown_ns : 0;

	return passed < (double)left ? p->shown_ns + (uint64_t)passed : p->shown_ns + left;
}

/* Takes the position as it is now; what it depends on can be changed then. */
static void settle(struct player *p)
{
	uint64_t now = real_ns();

	p->shown_ns = position(p, now);
	p->since_ns = now;
}

/* --- player's thread ------------------------------------------------------------------ */

static void signal_news(struct player *p, bool at_once)
{
	uint64_t now = real_ns();

	p->unsignalled = true;
	if (!at_once && now - p->signalled_ns < PUBLISH_NS)
		return;
	p->unsignalled = false;
	p->signalled_ns = now;
	wake_signal(&p->news);
}

static void fold_next(struct player *p)
{
	struct event *ev = TAKE_PTR(p->next);

	if (p->fresh) {
		model_apply(p->fresh, ev);
	} else {
		pthread_mutex_lock(&p->model_lock);
		model_apply(p->model, ev);
		pthread_mutex_unlock(&p->model_lock);
	}
	p->reached_ns = MAX(p->reached_ns, ev->t_ns);
	if (ev->kind == EVENT_RUN_END || p->mode == PLAYER_FOLLOW) {
		pthread_mutex_lock(&p->lock);
		p->complete = p->complete || ev->kind == EVENT_RUN_END;
		if (p->mode == PLAYER_FOLLOW)
			p->shown_ns = p->length_ns = p->reached_ns;
		pthread_mutex_unlock(&p->lock);
	}
	event_free(ev);
}

static void fail(struct player *p, const struct err *err)
{
	p->broken = true;
	pthread_mutex_lock(&p->lock);
	settle(p);
	/* Unless somebody wants to be elsewhere by now. */
	if (p->seeks == p->seeks_seen) {
		p->error = *err;
		p->shown_ns = MIN(p->shown_ns, p->reached_ns);
		p->seeking = false;
	}
	pthread_mutex_unlock(&p->lock);
	signal_news(p, true);
}

/* Whether there is an event to be folded; else the file has ended, or failed. */
static bool peek(struct player *p)
{
	struct err err = { 0 };

	if (p->next)
		return true;
	int rc = event_file_next(p->file, &p->next, &err);
	if (rc < 0)
		fail(p, &err);
	return rc > 0;
}

/* Forgets what was folded, out of sight; without the first event there would be no nodes. */
static void start_anew(struct player *p)
{
	event_free(TAKE_PTR(p->next));
	event_file_rewind(p->file);
	p->broken = false;
	model_free(p->fresh);
	p->fresh = model_new();
	if (peek(p))
		fold_next(p);
	p->reached_ns = 0;
}

static void show_fresh(struct player *p)
{
	if (!p->fresh)
		return;
	pthread_mutex_lock(&p->model_lock);
	struct model *old = p->model;
	p->model = TAKE_PTR(p->fresh);
	p->generation++;
	pthread_mutex_unlock(&p->model_lock);
	model_free(old);
}

/* What there is to do now. */
struct task {
	bool stop, seeking, failed;
	uint64_t until_ns; /* events up to this run time are due */
};

static struct task look(struct player *p)
{
	struct task t;

	pthread_mutex_lock(&p->lock);
	t.stop = p->stop;
	t.seeking = p->seeking;
	p->seeks_seen = p->seeks;
	t.failed = p->error.code != ERR_NONE;
	t.until_ns = p->mode == PLAYER_FOLLOW ? UINT64_MAX : position(p, real_ns());
	pthread_mutex_unlock(&p->lock);
	return t;
}

/* Folds what is due; returns early when there is something else to do. False: the file is at its
 * end. */
static bool fold_due(struct player *p, const struct task *t)
{
	for (int i = 0; i < CLOCK_CHECKS; i++) {
		if (!peek(p))
			return false;
		if (p->next->t_ns > t->until_ns)
			return true;
		fold_next(p);
		p->unsignalled = true;
	}
	return true;
}

/* The position is reached, as far as the file goes. */
static void arrive(struct player *p, bool at_end)
{
	bool changed = false;

	show_fresh(p);
	pthread_mutex_lock(&p->lock);
	if (p->seeking && p->seeks == p->seeks_seen) {
		p->seeking = false;
		p->since_ns = real_ns();
		changed = true;
	}
	/* A last event that is not the latest one: what comes last decides. */
	if (p->next)
		p->length_ns = MAX(p->length_ns, p->next->t_ns);
	if (at_end && !p->seeking && !p->at_end && !p->error.code &&
		(p->mode == PLAYER_FOLLOW || position(p, real_ns()) >= p->length_ns)) {
		settle(p);
		p->at_end = changed = true;
	}
	pthread_mutex_unlock(&p->lock);
	if (changed)
		signal_news(p, true);
}

static void check_file(struct player *p)
{
	struct err err = { 0 };

	pthread_mutex_lock(&p->lock);
	bool complete = p->complete;
	pthread_mutex_unlock(&p->lock);
	if (!complete && event_file_check(p->file, &err) < 0)
		fail(p, &err);
}

/* Under the lock: real time at which there is something to do, UINT64_MAX: when told. */
static uint64_t next_due(struct player *p)
{
	uint64_t due = p->unsignalled ? p->signalled_ns + PUBLISH_NS : UINT64_MAX;

	if (p->error.code)
		return due;
	if (p->mode == PLAYER_FOLLOW)
		return p->complete ? due : MIN(due, real_ns() + POLL_NS);
	if (p->paused || p->at_end)
		return due;
	/* To the next event, or to the end of the file. */
	uint64_t to = p->next ? p->next->t_ns : p->length_ns;
	double wait = to > p->shown_ns ? (double)(to - p->shown_ns) / p->speed : 0;

	return wait < 1e15 ? MIN(due, p->since_ns + (uint64_t)wait + 1) : due;
}

/* Waits until something is due or somebody changes something. */
static void wait_for_work(struct player *p)
{
	pthread_mutex_lock(&p->lock);
	bool wait = !p->stop && !p->seeking;
	uint64_t due = next_due(p);

	if (wait && due == UINT64_MAX) {
		pthread_cond_wait(&p->work, &p->lock);
	} else if (wait && due > real_ns()) {
		struct timespec ts = { (time_t)(due / NS_PER_S), (long)(due % NS_PER_S) };
		pthread_cond_timedwait(&p->work, &p->lock, &ts);
	}
	pthread_mutex_unlock(&p->lock);
}

static void *player_main(void *arg)
{
	struct player *p = arg;

	for (;;) {
		struct task t = look(p);

		if (t.stop)
			return NULL;
		if (t.seeking && (t.until_ns < p->reached_ns || p->broken))
			start_anew(p);
		bool more = !t.failed && fold_due(p, &t);
		bool due = more && (!p->next || p->next->t_ns <= t.until_ns);

		if (p->unsignalled && !p->fresh)
			signal_news(p, false);
		if (due)
			continue;
		if (!more && !t.failed && p->mode == PLAYER_FOLLOW)
			check_file(p);
		arrive(p, !more);
		wait_for_work(p);
		if (p->unsignalled)
			signal_news(p, false);
	}
}

/* --- life ------------------------------------------------------------------------------ */

/* Waits for the first line of a run that has only just begun. */
static int read_first(struct player *p, const char *path, struct err *err)
{
	const struct timespec pause = { 0, POLL_NS };
	int rc = event_file_start(p->file, &p->next, err);

	for (int i = 0; rc == 0 && p->mode == PLAYER_FOLLOW && i < FIRST_WAIT; i++) {
		nanosleep(&pause, NULL);
		rc = event_file_start(p->file, &p->next, err);
	}
	if (rc == 0)
		err_set(err, ERR_USAGE, "%s: nothing has been recorded in it", path);
	return rc > 0 ? 0 : -1;
}

static void read_length(struct player *p, const char *path)
{
	struct event *run_end = NULL;
	uint64_t last_ns;

	if (event_file_tail(path, &last_ns, &run_end) == 0)
		p->length_ns = MAX(last_ns, p->reached_ns);
	p->complete = run_end != NULL;
	event_free(run_end);
}

struct player *player_start(const char *events_path, enum player_mode mode, struct err *err)
{
	struct player *p = xcalloc(1, sizeof(*p));
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->work, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->model_lock, NULL);
	wake_init(&p->news);
	p->mode = mode;
	p->speed = 1;
	p->paused = p->untouched = mode == PLAYER_REPLAY;
	p->model = model_new();
	p->file = event_file_open(events_path, err);
	if (!p->file || read_first(p, events_path, err) < 0)
		goto fail;
	fold_next(p);
	p->newest = snapshot_new(p->model);
	if (mode == PLAYER_REPLAY)
		read_length(p, events_path);
	p->reached_ns = 0;
	p->since_ns = real_ns();
	int rc = pthread_create(&p->thread, NULL, player_main, p);
	if (rc != 0) {
		errno = rc;
		err_errno(err, ERR_ENV, "cannot start the player's thread");
		goto fail;
	}
	p->thread_started = true;
	return p;
fail:
	player_free(p);
	return NULL;
}

void player_free(struct player *p)
{
	if (!p)
		return;
	if (p->thread_started) {
		pthread_mutex_lock(&p->lock);
		p->stop = true;
		pthread_cond_signal(&p->work);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
	}
	event_free(p->next);
	event_file_close(p->file);
	snapshot_unref(p->newest);
	model_free(p->fresh);
	model_free(p->model);
	wake_release(&p->news);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->model_lock);
	free(p);
}

/* --- any thread -------------------------------------------------------------------------- */

struct snapshot *player_snapshot(struct player *p)
{
	pthread_mutex_lock(&p->model_lock);
	if (p->newest->model.events != p->model->events || p->newest_generation != p->generation) {
		snapshot_unref(p->newest);
		p->newest = snapshot_new(p->model);
		p->newest_generation = p->generation;
	}
	struct snapshot *s = snapshot_ref(p->newest);
	pthread_mutex_unlock(&p->model_lock);
	return s;
}

struct wake *player_wake(struct player *p)
{
	return &p->news;
}

void player_state(struct player *p, struct player_state *ret)
{
	pthread_mutex_lock(&p->lock);
	*ret = (struct player_state){
		.now_ns = position(p, real_ns()),
		.length_ns = p->length_ns,
		.speed = p->speed,
		.paused = p->paused,
		.at_end = p->at_end,
		.seeking = p->seeking,
		.complete = p->complete,
		.error = p->error,
	};
	pthread_mutex_unlock(&p->lock);
}

void player_pause(struct player *p, bool paused)
{
	pthread_mutex_lock(&p->lock);
	if (p->mode == PLAYER_REPLAY) {
		settle(p);
		p->paused = paused;
		p->untouched = false;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
}

void player_set_speed(struct player *p, double speed)
{
	pthread_mutex_lock(&p->lock);
	if (p->mode == PLAYER_REPLAY) {
		settle(p);
		/* this way round, what is no number becomes the least */
		p->speed = speed > SPEED_MIN ? MIN(speed, SPEED_MAX) : SPEED_MIN;
		if (p->untouched)
			p->paused = p->untouched = false;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
}

void player_seek(struct player *p, uint64_t to_ns)
{
	pthread_mutex_lock(&p->lock);
	if (p->mode == PLAYER_REPLAY) {
		p->shown_ns = MIN(to_ns, p->length_ns);
		p->seeking = true;
		p->seeks++;
		p->at_end = false;
		/* a bad line will be met again, if it is still in the way */
		err_clear(&p->error);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
}
