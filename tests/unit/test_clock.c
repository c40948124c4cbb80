/* Virtual time with real threads, the real clock, and cancellation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "util/clock.h"
#include "util/mem.h"

#define START 1000ull

/* --- one thread ------------------------------------------------------------------ */

static void test_single_thread_jumps(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 5000);
	assert_true(clock_is_virtual(c));
	assert_int_equal(clock_now(c), START);
	assert_int_equal(clock_wait(c, NULL, NULL, START + 3 * NS_PER_S), CLOCK_DEADLINE);
	assert_int_equal(clock_now(c), START + 3 * NS_PER_S);
	assert_int_equal(clock_wall_ms(c), 8000);
	assert_int_equal(clock_wait(c, NULL, NULL, 5), CLOCK_DEADLINE);
	assert_int_equal(clock_now(c), START + 3 * NS_PER_S);
	clock_free(c);
}

static void check_reasons(struct clock *c)
{
	struct wake w;
	wake_init(&w);
	struct cancel *parent = cancel_new(NULL);
	struct cancel *child = cancel_new(parent);
	wake_signal(&w);
	wake_signal(&w);
	assert_int_equal(clock_wait(c, &w, child, CLOCK_NEVER), CLOCK_WOKEN);
	/* signals do not add up */
	assert_int_equal(clock_wait(c, &w, child, clock_now(c)), CLOCK_DEADLINE);
	wake_signal(&w);
	cancel_set(parent);
	assert_int_equal(clock_wait(c, &w, child, CLOCK_NEVER), CLOCK_CANCELLED);
	assert_int_equal(clock_wait(c, NULL, child, 0), CLOCK_CANCELLED);
	cancel_free(child);
	cancel_free(parent);
	wake_release(&w);
}

static void test_reasons(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 0);
	check_reasons(c);
	clock_free(c);
	c = clock_new_real();
	check_reasons(c);
	uint64_t before = clock_now(c);
	assert_int_equal(clock_wait(c, NULL, NULL, before + NS_PER_MS), CLOCK_DEADLINE);
	assert_true(clock_now(c) >= before + NS_PER_MS);
	assert_true(clock_wall_ms(c) > 1500000000000ull);
	clock_join(c);
	clock_leave(c);
	clock_free(c);
}

static void test_cancel_tree(void **state)
{
	(void)state;
	struct cancel *root = cancel_new(NULL);
	struct cancel *a = cancel_new(root), *b = cancel_new(root), *aa = cancel_new(a);
	assert_false(cancel_is_set(NULL));
	cancel_set(a);
	assert_true(cancel_is_set(a));
	assert_true(cancel_is_set(aa));
	assert_false(cancel_is_set(b));
	assert_false(cancel_is_set(root));
	cancel_free(aa);
	cancel_free(a);
	cancel_set(root);
	assert_true(cancel_is_set(b));
	struct cancel *late = cancel_new(b);
	assert_true(cancel_is_set(late));
	cancel_free(late);
	cancel_free(b);
	cancel_free(root);
}

/* --- several threads --------------------------------------------------------------- */

#define TICKERS 4
#define SECONDS 10000ull

struct ticker {
	struct clock *clock;
	uint64_t offset_ns, period_ns;
	pthread_mutex_t *lock;
	uint64_t *order; /* every timestamp of every thread */
	size_t *order_len;
};

static void *run_ticker(void *arg)
{
	struct ticker *t = arg;
	for (uint64_t at = START + t->offset_ns; at <= START + SECONDS * NS_PER_S;
		at += t->period_ns) {
		if (clock_wait(t->clock, NULL, NULL, at) != CLOCK_DEADLINE ||
			clock_now(t->clock) != at)
			break;
		pthread_mutex_lock(t->lock);
		t->order[(*t->order_len)++] = at;
		pthread_mutex_unlock(t->lock);
	}
	clock_leave(t->clock);
	return NULL;
}

/* No two are due at once, so the order of all the timestamps is fixed: ascending. */
static void test_threads_interleave(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 0);
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	size_t order_len = 0, expected = 0;
	uint64_t *order = xcalloc(TICKERS * SECONDS, sizeof(*order));
	struct ticker t[TICKERS];
	pthread_t threads[TICKERS];
	for (size_t i = 0; i < TICKERS; i++) {
		t[i] = (struct ticker){ .clock = c,
			.offset_ns = i + 1,
			.period_ns = (10 + i) * NS_PER_S,
			.lock = &lock,
			.order = order,
			.order_len = &order_len };
		for (uint64_t at = t[i].offset_ns; at <= SECONDS * NS_PER_S; at += t[i].period_ns)
			expected++;
		clock_join(c);
	}
	for (size_t i = 0; i < TICKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_ticker, &t[i]), 0);
	for (size_t i = 0; i < TICKERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(order_len, expected);
	for (size_t i = 1; i < order_len; i++)
		assert_true(order[i] > order[i - 1]);
	free(order);
	clock_free(c);
}

struct pong {
	struct clock *clock;
	struct wake ping, pong;
	uint64_t answered_at[1000];
	unsigned deadlines, rounds;
};

static void *run_pong(void *arg)
{
	struct pong *p = arg;
	while (p->rounds < ARRAY_LEN(p->answered_at)) {
		/* a deadline of its own, close behind: it must never overtake the wake */
		uint64_t now = clock_now(p->clock);
		enum clock_wait why = clock_wait(p->clock, &p->ping, NULL, now + NS_PER_S + 1);
		if (why == CLOCK_DEADLINE) {
			p->deadlines++;
			continue;
		}
		p->answered_at[p->rounds++] = clock_now(p->clock);
		wake_signal(&p->pong);
	}
	clock_leave(p->clock);
	return NULL;
}

static void test_time_never_jumps_over_a_wake(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 0);
	struct pong p = { .clock = c };
	wake_init(&p.ping);
	wake_init(&p.pong);
	clock_join(c); /* this thread */
	clock_join(c);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, run_pong, &p), 0);
	for (size_t i = 0; i < ARRAY_LEN(p.answered_at); i++) {
		uint64_t now = clock_now(c);
		assert_int_equal(now, START + i * NS_PER_S);
		wake_signal(&p.ping);
		assert_int_equal(clock_wait(c, &p.pong, NULL, now + NS_PER_MS), CLOCK_WOKEN);
		assert_int_equal(clock_now(c), now);
		if (i + 1 < ARRAY_LEN(p.answered_at))
			assert_int_equal(clock_wait(c, NULL, NULL, now + NS_PER_S), CLOCK_DEADLINE);
	}
	pthread_join(thread, NULL);
	assert_int_equal(p.rounds, ARRAY_LEN(p.answered_at));
	assert_int_equal(p.deadlines, 0);
	for (size_t i = 0; i < p.rounds; i++)
		assert_int_equal(p.answered_at[i], START + i * NS_PER_S);
	clock_leave(c);
	wake_release(&p.ping);
	wake_release(&p.pong);
	clock_free(c);
}

struct worker {
	struct clock *clock;
	struct wake *go;
	struct cancel *cancel;
	uint64_t deadline_ns;
	enum clock_wait why;
	uint64_t ended_at;
};

static void *run_worker(void *arg)
{
	struct worker *w = arg;
	w->why = clock_wait(w->clock, w->go, w->cancel, w->deadline_ns);
	w->ended_at = clock_now(w->clock);
	clock_leave(w->clock);
	return NULL;
}

/* Time stands still while a participant neither waits nor has left. */
static void test_leave_lets_time_go_on(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 0);
	struct worker w = { .clock = c, .deadline_ns = START + NS_PER_S };
	clock_join(c);
	clock_join(c);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, run_worker, &w), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(clock_now(c), START);
	clock_leave(c);
	pthread_join(thread, NULL);
	assert_int_equal(w.why, CLOCK_DEADLINE);
	assert_int_equal(w.ended_at, START + NS_PER_S);
	clock_free(c);
}

/* A wake or a cancel from a thread that is no participant gets through. */
static void test_outside_events(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct clock *c = clock_new_virtual(START, 0);
		struct wake go;
		wake_init(&go);
		struct cancel *cancel = cancel_new(NULL);
		struct worker a = { .clock = c, .go = &go, .deadline_ns = CLOCK_NEVER };
		struct worker b = { .clock = c, .cancel = cancel, .deadline_ns = CLOCK_NEVER };
		pthread_t thread_a, thread_b;
		clock_join(c);
		clock_join(c);
		assert_int_equal(pthread_create(&thread_a, NULL, run_worker, &a), 0);
		assert_int_equal(pthread_create(&thread_b, NULL, run_worker, &b), 0);
		wake_signal(&go);
		pthread_join(thread_a, NULL);
		cancel_set(cancel);
		pthread_join(thread_b, NULL);
		assert_int_equal(a.why, CLOCK_WOKEN);
		assert_int_equal(b.why, CLOCK_CANCELLED);
		assert_int_equal(clock_now(c), START);
		wake_release(&go);
		cancel_free(cancel);
		clock_free(c);
	}
}

static void *run_many_waits(void *arg)
{
	struct worker *w = arg;
	for (uint64_t i = 1; i <= 2000; i++)
		clock_wait(w->clock, NULL, NULL, START + i * NS_PER_MS);
	w->ended_at = clock_now(w->clock);
	clock_leave(w->clock);
	return NULL;
}

static void *run_bystander(void *arg)
{
	struct worker *w = arg;
	clock_wait(w->clock, NULL, NULL, START + 1);
	while (clock_wait(w->clock, w->go, w->cancel, clock_now(w->clock) + NS_PER_MS / 3) !=
		CLOCK_CANCELLED)
		;
	return NULL;
}

/* One that is not counted sees time go by, and holds nobody up for good. */
static void test_bystander(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 0);
	struct cancel *cancel = cancel_new(NULL);
	struct wake go;
	wake_init(&go);
	struct worker a = { .clock = c }, b = { .clock = c };
	struct worker by = { .clock = c, .go = &go, .cancel = cancel };
	pthread_t threads[2], bystander;
	clock_join(c);
	clock_join(c);
	assert_int_equal(pthread_create(&threads[0], NULL, run_many_waits, &a), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, run_many_waits, &b), 0);
	assert_int_equal(pthread_create(&bystander, NULL, run_bystander, &by), 0);
	for (int i = 0; i < 1000; i++)
		wake_signal(&go);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	cancel_set(cancel);
	pthread_join(bystander, NULL);
	assert_true(clock_now(c) >= START + 2000 * NS_PER_MS);
	cancel_free(cancel);
	wake_release(&go);
	clock_free(c);
}

/* --- pace --------------------------------------------------------------------------- */

static uint64_t real_ms(void)
{
	struct clock *real = clock_new_real();
	uint64_t now = clock_now(real) / NS_PER_MS;
	clock_free(real);
	return now;
}

/* One real second for ten of the clock, at least. */
static void test_pace_holds_back(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 0);
	clock_join(c);
	clock_set_pace(c, 10);
	uint64_t before = real_ms();
	for (unsigned i = 1; i <= 20; i++) {
		uint64_t at = START + i * 100 * NS_PER_MS;
		assert_int_equal(clock_wait(c, NULL, NULL, at), CLOCK_DEADLINE);
		assert_int_equal(clock_now(c), at);
	}
	assert_true(real_ms() - before >= 199);
	/* a deadline in the past does not wait for anything */
	assert_int_equal(clock_wait(c, NULL, NULL, START), CLOCK_DEADLINE);
	clock_set_pace(c, 1e-6);
	clock_set_pace(c, 0);
	assert_int_equal(clock_wait(c, NULL, NULL, START + 3600 * NS_PER_S), CLOCK_DEADLINE);
	clock_leave(c);
	clock_free(c);
}

/* At a pace at which their deadlines never come, wakes and cancels still do. */
static void test_pace_lets_events_through(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		struct clock *c = clock_new_virtual(START, 0);
		struct wake go;
		wake_init(&go);
		struct cancel *cancel = cancel_new(NULL);
		struct worker a = { .clock = c, .go = &go, .deadline_ns = START + NS_PER_S };
		struct worker b = { .clock = c, .cancel = cancel, .deadline_ns = START + NS_PER_S };
		pthread_t thread_a, thread_b;
		clock_set_pace(c, 1e-6);
		clock_join(c);
		clock_join(c);
		assert_int_equal(pthread_create(&thread_a, NULL, run_worker, &a), 0);
		assert_int_equal(pthread_create(&thread_b, NULL, run_worker, &b), 0);
		wake_signal(&go);
		pthread_join(thread_a, NULL);
		cancel_set(cancel);
		pthread_join(thread_b, NULL);
		assert_int_equal(a.why, CLOCK_WOKEN);
		assert_int_equal(b.why, CLOCK_CANCELLED);
		assert_int_equal(clock_now(c), START);
		wake_release(&go);
		cancel_free(cancel);
		clock_free(c);
	}
}

/* Whoever waits hears of a new pace, a faster one or none at all. */
static void test_pace_changes_while_waiting(void **state)
{
	(void)state;
	static const double paces[] = { 0, 1e6 };
	for (size_t i = 0; i < ARRAY_LEN(paces); i++) {
		struct clock *c = clock_new_virtual(START, 0);
		struct worker w = { .clock = c, .deadline_ns = START + 100 * NS_PER_S };
		pthread_t thread;
		clock_set_pace(c, 1e-6);
		clock_join(c);
		assert_int_equal(pthread_create(&thread, NULL, run_worker, &w), 0);
		clock_set_pace(c, 2e-6);
		clock_set_pace(c, paces[i]);
		pthread_join(thread, NULL);
		assert_int_equal(w.why, CLOCK_DEADLINE);
		assert_int_equal(w.ended_at, START + 100 * NS_PER_S);
		clock_free(c);
	}
}

/* Many threads at a pace: the same order as without one, and nobody is forgotten. */
static void test_pace_with_threads(void **state)
{
	(void)state;
	struct clock *c = clock_new_virtual(START, 0);
	struct cancel *cancel = cancel_new(NULL);
	struct wake go;
	wake_init(&go);
	struct worker many = { .clock = c };
	struct worker late = { .clock = c, .deadline_ns = START + 1234 * NS_PER_MS };
	struct worker by = { .clock = c, .go = &go, .cancel = cancel };
	pthread_t threads[2], bystander;
	clock_set_pace(c, 20);
	clock_join(c);
	clock_join(c);
	assert_int_equal(pthread_create(&threads[0], NULL, run_many_waits, &many), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, run_worker, &late), 0);
	assert_int_equal(pthread_create(&bystander, NULL, run_bystander, &by), 0);
	for (int i = 0; i < 200; i++)
		wake_signal(&go);
	pthread_join(threads[1], NULL);
	assert_int_equal(late.why, CLOCK_DEADLINE);
	assert_true(late.ended_at >= late.deadline_ns);
	clock_set_pace(c, 200);
	pthread_join(threads[0], NULL);
	cancel_set(cancel);
	pthread_join(bystander, NULL);
	assert_true(clock_now(c) >= START + 2000 * NS_PER_MS);
	cancel_free(cancel);
	wake_release(&go);
	clock_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_thread_jumps),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_cancel_tree),
		cmocka_unit_test(test_threads_interleave),
		cmocka_unit_test(test_time_never_jumps_over_a_wake),
		cmocka_unit_test(test_leave_lets_time_go_on),
		cmocka_unit_test(test_outside_events),
		cmocka_unit_test(test_bystander),
		cmocka_unit_test(test_pace_holds_back),
		cmocka_unit_test(test_pace_lets_events_through),
		cmocka_unit_test(test_pace_changes_while_waiting),
		cmocka_unit_test(test_pace_with_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
