/* The hub: one order for all, nothing lost that matters, the file agrees with the model. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/hub.h"
#include "util/fs.h"
#include "util/mem.h"

#define PRODUCERS 4
#define EACH      3000

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_hub.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

struct seen {
	uint64_t n, last_seq, dropped;
	uint64_t next[PRODUCERS];
	bool disorder;
	pthread_mutex_t *gate; /* held by the test to keep the hub busy */
};

/* Notes carry the producer in node and its count in t_ns. */
static void watch(const struct event *ev, const struct model *m, void *arg)
{
	struct seen *s = arg;
	s->n++;
	if (ev->seq != ++s->last_seq || m->events != s->n)
		s->disorder = true;
	if (ev->kind == EVENT_NOTE && ev->node >= 0 && ev->t_ns != s->next[ev->node]++)
		s->disorder = true;
	if (ev->kind == EVENT_LOST)
		s->dropped += ev->u.lost.count;
	if (s->gate) {
		pthread_mutex_lock(s->gate);
		pthread_mutex_unlock(s->gate);
	}
}

struct producer {
	struct hub *hub;
	int index;
};

static struct event *note(uint64_t t_ns, int node)
{
	struct event *ev = event_new(EVENT_NOTE, t_ns, node);
	ev->u.note.text = xstrdup("n");
	return ev;
}

static void *produce(void *arg)
{
	struct producer *p = arg;
	for (uint64_t i = 0; i < EACH; i++)
		hub_emit(p->hub, note(i, p->index));
	return NULL;
}

static size_t count_lines(const char *path)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	size_t n = 0;
	assert_int_equal(fs_read(path, 64 << 20, &text, NULL), 0);
	for (size_t i = 0; i < text.len; i++)
		n += text.buf[i] == '\n';
	return n;
}

static void test_order(void **state)
{
	(void)state;
	struct clock *clock = clock_new_real();
	CLEANUP_FREE char *path = fs_join(dir, "events.jsonl");
	CLEANUP_FREE char *copy = fs_join(dir, "copy.jsonl");
	struct seen seen = { 0 };
	struct hub_options opt = {
		.clock = clock, .t0_ns = clock_now(clock), .events_path = path, .events_copy = copy
	};
	struct hub *h = hub_start(&opt, NULL);
	assert_non_null(h);
	hub_add_sink(h, watch, &seen);
	pthread_t threads[PRODUCERS];
	struct producer producers[PRODUCERS];
	for (int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ h, i };
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	for (int i = 0; i < 50; i++)
		snapshot_unref(hub_snapshot(h));
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	hub_flush(h);
	/* flushed means: in the file, in the model, through the sinks */
	assert_int_equal(count_lines(path), PRODUCERS * EACH);
	assert_int_equal(seen.n, PRODUCERS * EACH);
	assert_false(seen.disorder);
	struct snapshot *s = hub_snapshot(h);
	assert_int_equal(s->model.events, PRODUCERS * EACH);
	snapshot_unref(s);
	assert_int_equal(hub_judge(h), VERDICT_UNKNOWN);
	hub_stop(h);
	hub_emit(h, note(0, 0)); /* too late: just freed */
	hub_flush(h);
	assert_int_equal(count_lines(copy), PRODUCERS * EACH);
	assert_int_equal(hub_error(h, NULL), 0);
	hub_free(h);
	clock_free(clock);
}

/* A full queue drops samples and says how many, but no control event. */
static void drops(bool virtual_time)
{
	enum { SAMPLES = 60000, NOTES = 1000 };
	struct clock *clock = virtual_time ? clock_new_virtual(0, 0) : clock_new_real();
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct seen seen = { .gate = &gate };
	struct hub_options opt = { .clock = clock };
	struct hub *h = hub_start(&opt, NULL);
	assert_non_null(h);
	hub_add_sink(h, watch, &seen);
	pthread_mutex_lock(&gate);
	for (int i = 0; i < SAMPLES; i++)
		hub_emit(h, event_new(EVENT_NODE_SAMPLE, 0, 0));
	for (uint64_t i = 0; i < NOTES; i++)
		hub_emit(h, note(i, 1));
	pthread_mutex_unlock(&gate);
	hub_flush(h);
	assert_int_equal(seen.next[1], NOTES);
	assert_false(seen.disorder);
	if (virtual_time) {
		assert_int_equal(seen.dropped, 0);
		assert_int_equal(seen.n, SAMPLES + NOTES);
	} else {
		assert_true(seen.dropped > 0);
		struct snapshot *s = hub_snapshot(h);
		assert_int_equal(s->model.n_lost, seen.dropped);
		snapshot_unref(s);
	}
	assert_int_equal(hub_lost_by_producers(h), 0);
	struct event *lost = event_new(EVENT_LOST, 0, -1);
	lost->u.lost.count = 3;
	hub_emit(h, lost);
	assert_int_equal(hub_lost_by_producers(h), 3);
	hub_free(h);
	clock_free(clock);
}

static void test_drops(void **state)
{
	(void)state;
	drops(false);
}

static void test_virtual_drops_nothing(void **state)
{
	(void)state;
	drops(true);
}

static void test_write_error(void **state)
{
	(void)state;
	struct clock *clock = clock_new_real();
	struct err err = { 0 };
	struct hub_options opt = { .clock = clock, .events_path = "/dev/full" };
	struct hub *h = hub_start(&opt, &err);
	assert_non_null(h);
	hub_emit(h, note(0, 0));
	hub_flush(h);
	assert_int_equal(hub_error(h, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "/dev/full"));
	struct snapshot *s = hub_snapshot(h);
	assert_int_equal(s->model.events, 1); /* the run goes on */
	snapshot_unref(s);
	hub_free(h);

	CLEANUP_FREE char *nowhere = fs_join(dir, "none/events.jsonl");
	opt.events_path = nowhere;
	assert_null(hub_start(&opt, &err));
	clock_free(clock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_virtual_drops_nothing),
		cmocka_unit_test(test_write_error),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
