/*
 * Bus and hub; see hub.h.
 *
 * Any thread puts events into the ring; the hub thread takes them out in
 * batches. With a virtual clock nothing is dropped: a producer that waits here
 * holds virtual time still, so a run does not depend on the machine's speed.
 *
 * A snapshot is made when a reader asks and the model has moved on, by the
 * reader; only that and the fold itself take model_lock.
 */
#include "core/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"

#define HUB_QUEUE      65536
#define HUB_DROP_ABOVE (HUB_QUEUE / 4 * 3)
#define HUB_BATCH      256
#define HUB_MAX_SINKS  16
#define SINK_BUFFER    (64 * 1024)
#define FLUSH_NS       (200 * NS_PER_MS)
#define PUBLISH_NS     (50 * NS_PER_MS)
#define PEEK_NS        (250 * NS_PER_MS) /* in run time, so that it is the same in every run */

/* An event file being written. Hub thread. */
struct recording {
	char *path; /* NULL: not used, or given up after an error */
	int fd;
	struct strbuf pending;
};

struct hub {
	/* Immutable after hub_start(), sinks after the first event. */
	struct clock *clock;
	uint64_t t0_ns;
	struct {
		hub_sink_fn *fn;
		void *arg;
	} sinks[HUB_MAX_SINKS];
	size_t n_sinks;
	pthread_t thread;
	struct wake published;

	/* Hub thread only. */
	struct jury *jury;
	struct recording files[2];
	uint64_t seq, last_peek_ns;
	uint64_t flushed_ns, published_ns; /* real time */
	bool unpublished;

	pthread_mutex_t model_lock; /* model (hub thread reads without), newest */
	struct model *model;
	struct snapshot *newest; /* of newest->model.events events */

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t work;  /* for the hub thread */
	pthread_cond_t done;  /* processed, written, judged or room in the ring */
	struct event **ring;
	size_t first, len;
	uint64_t pushed, processed, written; /* events since the start */
	uint64_t dropped;                    /* not told yet */
	uint64_t lost_by_producers;
	bool want_flush, want_judge, stopping, stopped;
	enum verdict verdict;
	struct err error; /* first write error */
};

static uint64_t real_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* --- event files: hub thread ------------------------------------------------------- */

static int file_open(struct recording *f, const char *path, struct err *err)
{
	if (!path)
		return 0;
	f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (f->fd < 0)
		return err_errno(err, ERR_IO, "cannot write the event file %s", path);
	f->path = xstrdup(path);
	return 0;
}

static void file_close(struct recording *f)
{
	if (f->path)
		close(f->fd);
	free(f->path);
	f->path = NULL;
	strbuf_release(&f->pending);
}

static void file_flush(struct hub *h, struct recording *f)
{
	if (!f->path || f->pending.len == 0)
		return;
	if (fs_write_all(f->fd, f->pending.buf, f->pending.len) < 0) {
		struct err err = { 0 };
		err_errno(&err, ERR_IO, "cannot write the event file %s", f->path);
		pthread_mutex_lock(&h->lock);
		if (h->error.code == ERR_NONE)
			h->error = err;
		pthread_mutex_unlock(&h->lock);
		file_close(f);
		return;
	}
	strbuf_clear(&f->pending);
}

static void files_add(struct hub *h, const struct event *ev)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(h->files); i++) {
		struct recording *f = &h->files[i];
		if (!f->path)
			continue;
		if (line.len == 0) {
			event_to_json(ev, &line);
			strbuf_addc(&line, '\n');
		}
		strbuf_add(&f->pending, line.buf, line.len);
		if (f->pending.len >= SINK_BUFFER)
			file_flush(h, f);
	}
}

static void files_flush(struct hub *h)
{
	for (size_t i = 0; i < ARRAY_LEN(h->files); i++)
		file_flush(h, &h->files[i]);
	h->flushed_ns = real_ns();
}

/* --- processing: hub thread -------------------------------------------------------- */

/* Takes ownership. */
static void process(struct hub *h, struct event *ev)
{
	ev->seq = ++h->seq;
	files_add(h, ev);
	pthread_mutex_lock(&h->model_lock);
	model_apply(h->model, ev);
	pthread_mutex_unlock(&h->model_lock);
	h->unpublished = true;
	if (h->jury)
		jury_observe(h->jury, ev, h->model);
	for (size_t i = 0; i < h->n_sinks; i++)
		h->sinks[i].fn(ev, h->model, h->sinks[i].arg);
	event_free(ev);
}

static void process_from_jury(struct event *ev, void *arg)
{
	process(arg, ev);
}

static void peek_when_due(struct hub *h)
{
	uint64_t now = h->model->now_ns;
	if (!h->jury || now - h->last_peek_ns < PEEK_NS)
		return;
	h->last_peek_ns = now;
	jury_peek(h->jury, h->model, process_from_jury, h);
}

static void publish_when_due(struct hub *h, bool now)
{
	if (!h->unpublished || (!now && real_ns() - h->published_ns < PUBLISH_NS))
		return;
	h->unpublished = false;
	h->published_ns = real_ns();
	wake_signal(&h->published);
}

static void report_dropped(struct hub *h, uint64_t count)
{
	struct event *ev = event_new(EVENT_LOST, h->model->now_ns, -1);
	ev->u.lost.count = count;
	process(h, ev);
}

/* Under the lock; waits until there is something to do or a timer is due. */
static void wait_for_work(struct hub *h)
{
	while (h->len == 0 && !h->want_flush && !h->want_judge && !h->stopping) {
		bool pending = h->unpublished || h->files[0].pending.len || h->files[1].pending.len;
		if (!pending) {
			pthread_cond_wait(&h->work, &h->lock);
			continue;
		}
		uint64_t due = h->flushed_ns + FLUSH_NS;
		if (h->unpublished)
			due = MIN(due, h->published_ns + PUBLISH_NS);
		struct timespec ts = { (time_t)(due / NS_PER_S), (long)(due % NS_PER_S) };
		if (pthread_cond_timedwait(&h->work, &h->lock, &ts) == ETIMEDOUT)
			return;
	}
}

/* Under the lock. */
static size_t take_batch(struct hub *h, struct event **batch)
{
	size_t n = MIN(h->len, (size_t)HUB_BATCH);
	for (size_t i = 0; i < n; i++) {
		batch[i] = h->ring[h->first];
		h->first = (h->first + 1) % HUB_QUEUE;
	}
	h->len -= n;
	if (n)
		pthread_cond_broadcast(&h->done);
	return n;
}

static void judge(struct hub *h)
{
	enum verdict v =
		h->jury ? jury_judge(h->jury, h->model, process_from_jury, h) : VERDICT_UNKNOWN;
	files_flush(h);
	pthread_mutex_lock(&h->lock);
	h->verdict = v;
	h->want_judge = false;
	pthread_cond_broadcast(&h->done);
	pthread_mutex_unlock(&h->lock);
}

static void *hub_main(void *arg)
{
	struct hub *h = arg;
	struct event *batch[HUB_BATCH];
	bool stop = false;

	while (!stop) {
		pthread_mutex_lock(&h->lock);
		wait_for_work(h);
		size_t n = take_batch(h, batch);
		uint64_t dropped = h->dropped;
		h->dropped = 0;
		bool idle = h->len == 0;
		bool flush = idle && (h->want_flush || h->stopping);
		bool want_judge = idle && h->want_judge;
		stop = idle && h->stopping && !h->want_judge;
		if (flush)
			h->want_flush = false;
		pthread_mutex_unlock(&h->lock);

		for (size_t i = 0; i < n; i++) {
			process(h, batch[i]);
			peek_when_due(h);
		}
		if (dropped)
			report_dropped(h, dropped);
		if (flush || real_ns() - h->flushed_ns >= FLUSH_NS)
			files_flush(h);

		pthread_mutex_lock(&h->lock);
		h->processed += n;
		if (flush)
			h->written = h->processed;
		pthread_cond_broadcast(&h->done);
		pthread_mutex_unlock(&h->lock);
		if (want_judge)
			judge(h);
		publish_when_due(h, flush || want_judge);
	}
	return NULL;
}

/* --- life ------------------------------------------------------------------------- */

static void init_locks(struct hub *h)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->work, &attr);
	pthread_cond_init(&h->done, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->model_lock, NULL);
}

struct hub *hub_start(const struct hub_options *opt, struct err *err)
{
	struct hub *h = xcalloc(1, sizeof(*h));

	init_locks(h);
	wake_init(&h->published);
	h->clock = opt->clock;
	h->t0_ns = opt->t0_ns;
	h->jury = opt->jury;
	h->ring = xcalloc(HUB_QUEUE, sizeof(struct event *));
	h->model = model_new();
	h->newest = snapshot_new(h->model);
	h->flushed_ns = real_ns();
	h->verdict = VERDICT_UNKNOWN;
	h->stopped = true;
	if (file_open(&h->files[0], opt->events_path, err) < 0 ||
		file_open(&h->files[1], opt->events_copy, err) < 0)
		goto fail;
	int rc = pthread_create(&h->thread, NULL, hub_main, h);
	if (rc != 0) {
		errno = rc;
		err_errno(err, ERR_ENV, "cannot start the hub thread");
		goto fail;
	}
	pthread_mutex_lock(&h->lock);
	h->stopped = false;
	pthread_mutex_unlock(&h->lock);
	return h;
fail:
	hub_free(h);
	return NULL;
}

void hub_stop(struct hub *h)
{
	pthread_mutex_lock(&h->lock);
	bool again = h->stopped || h->stopping;
	h->stopping = true;
	pthread_cond_signal(&h->work);
	pthread_cond_broadcast(&h->done);
	pthread_mutex_unlock(&h->lock);
	if (again)
		return;
	pthread_join(h->thread, NULL);
	pthread_mutex_lock(&h->lock);
	h->stopped = true;
	pthread_cond_broadcast(&h->done);
	pthread_mutex_unlock(&h->lock);
	for (size_t i = 0; i < ARRAY_LEN(h->files); i++)
		file_close(&h->files[i]);
}

void hub_free(struct hub *h)
{
	if (!h)
		return;
	hub_stop(h);
	for (size_t i = 0; i < ARRAY_LEN(h->files); i++)
		file_close(&h->files[i]);
	for (; h->len > 0; h->len--) {
		event_free(h->ring[h->first]);
		h->first = (h->first + 1) % HUB_QUEUE;
	}
	free(h->ring);
	snapshot_unref(h->newest);
	model_free(h->model);
	wake_release(&h->published);
	pthread_cond_destroy(&h->work);
	pthread_cond_destroy(&h->done);
	pthread_mutex_destroy(&h->lock);
	pthread_mutex_destroy(&h->model_lock);
	free(h);
}

/* --- any thread --------------------------------------------------------------------- */

void hub_add_sink(struct hub *h, hub_sink_fn *fn, void *arg)
{
	if (h->n_sinks == HUB_MAX_SINKS)
		abort(); /* a bug: sinks are a fixed few of the application's */
	h->sinks[h->n_sinks].fn = fn;
	h->sinks[h->n_sinks++].arg = arg;
}

/* Under the lock. */
static bool must_drop(const struct hub *h, const struct event *ev)
{
	return event_is_droppable(ev) && h->len >= HUB_DROP_ABOVE && !clock_is_virtual(h->clock);
}

void hub_emit(struct hub *h, struct event *ev)
{
	pthread_mutex_lock(&h->lock);
	while (h->len == HUB_QUEUE && !h->stopping && !must_drop(h, ev))
		pthread_cond_wait(&h->done, &h->lock);
	if (h->stopping || must_drop(h, ev)) {
		h->dropped += !h->stopping;
		pthread_mutex_unlock(&h->lock);
		event_free(ev);
		return;
	}
	if (ev->kind == EVENT_LOST)
		h->lost_by_producers += ev->u.lost.count;
	h->ring[(h->first + h->len++) % HUB_QUEUE] = ev;
	h->pushed++;
	if (h->len == 1)
		pthread_cond_signal(&h->work);
	pthread_mutex_unlock(&h->lock);
}

uint64_t hub_now(struct hub *h)
{
	uint64_t now = clock_now(h->clock);
	return now > h->t0_ns ? now - h->t0_ns : 0;
}

/* Under the lock. */
static void flush_locked(struct hub *h)
{
	uint64_t target = h->pushed;
	while (h->written < target && !h->stopped) {
		h->want_flush = true;
		pthread_cond_signal(&h->work);
		pthread_cond_wait(&h->done, &h->lock);
	}
}

void hub_flush(struct hub *h)
{
	pthread_mutex_lock(&h->lock);
	flush_locked(h);
	pthread_mutex_unlock(&h->lock);
}

enum verdict hub_judge(struct hub *h)
{
	pthread_mutex_lock(&h->lock);
	flush_locked(h);
	if (!h->stopping) {
		h->want_judge = true;
		pthread_cond_signal(&h->work);
		while (h->want_judge && !h->stopped)
			pthread_cond_wait(&h->done, &h->lock);
	}
	enum verdict v = h->verdict;
	pthread_mutex_unlock(&h->lock);
	return v;
}

struct snapshot *hub_snapshot(struct hub *h)
{
	pthread_mutex_lock(&h->model_lock);
	if (h->newest->model.events != h->model->events) {
		snapshot_unref(h->newest);
		h->newest = snapshot_new(h->model);
	}
	struct snapshot *s = snapshot_ref(h->newest);
	pthread_mutex_unlock(&h->model_lock);
	return s;
}

struct wake *hub_wake(struct hub *h)
{
	return &h->published;
}

int hub_error(struct hub *h, struct err *ret)
{
	pthread_mutex_lock(&h->lock);
	struct err e = h->error;
	pthread_mutex_unlock(&h->lock);
	if (ret)
		*ret = e;
	return e.code == ERR_NONE ? 0 : -1;
}

uint64_t hub_lost_by_producers(struct hub *h)
{
	pthread_mutex_lock(&h->lock);
	uint64_t n = h->lost_by_producers;
	pthread_mutex_unlock(&h->lock);
	return n;
}
