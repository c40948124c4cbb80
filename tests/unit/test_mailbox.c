/* Mailbox: order, bound, closing, the wake, many senders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>

#include "util/mailbox.h"
#include "util/mem.h"

static bool is_signalled(struct mailbox *mb)
{
	struct pollfd p = { .fd = mailbox_wake(mb)->fd, .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

static void test_order_and_bound(void **state)
{
	(void)state;
	int m[4];
	struct mailbox *mb = mailbox_new(3);
	assert_null(mailbox_pop(mb));
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			assert_true(mailbox_push(mb, &m[i]));
		assert_false(mailbox_push(mb, &m[3]));
		assert_int_equal(mailbox_len(mb), 3);
		assert_ptr_equal(mailbox_pop(mb), &m[0]);
		assert_true(mailbox_push(mb, &m[3]));
		for (int i = 1; i < 4; i++)
			assert_ptr_equal(mailbox_pop(mb), &m[i]);
		assert_null(mailbox_pop(mb));
	}
	mailbox_free(mb, NULL);
	mailbox_free(NULL, NULL);
}

static void test_wake_follows_content(void **state)
{
	(void)state;
	int a, b;
	struct mailbox *mb = mailbox_new(4);
	assert_false(is_signalled(mb));
	mailbox_push(mb, &a);
	mailbox_push(mb, &b);
	assert_true(is_signalled(mb));
	wake_clear(mailbox_wake(mb)); /* as clock_wait() does */
	mailbox_pop(mb);
	assert_true(is_signalled(mb));
	mailbox_pop(mb);
	assert_false(is_signalled(mb));
	mailbox_close(mb);
	assert_true(is_signalled(mb));
	mailbox_free(mb, NULL);
}

static unsigned freed;

static void count_free(void *p)
{
	freed++;
	free(p);
}

static void test_close(void **state)
{
	(void)state;
	struct mailbox *mb = mailbox_new(4);
	for (int i = 0; i < 3; i++)
		mailbox_push(mb, xmalloc(1));
	mailbox_close(mb);
	int late;
	assert_false(mailbox_push(mb, &late));
	assert_false(mailbox_push_wait(mb, &late));
	free(mailbox_pop(mb));
	freed = 0;
	mailbox_free(mb, count_free);
	assert_int_equal(freed, 2);
}

#define SENDERS 3
#define EACH    5000

struct sender {
	struct mailbox *mb;
	int *numbers; /* EACH of them */
};

static void *run_sender(void *arg)
{
	struct sender *s = arg;
	for (int i = 0; i < EACH; i++) {
		if (!mailbox_push_wait(s->mb, &s->numbers[i]))
			return s;
	}
	return NULL;
}

static void test_many_senders(void **state)
{
	(void)state;
	struct mailbox *mb = mailbox_new(7);
	int *numbers = xcalloc(SENDERS * EACH, sizeof(*numbers));
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS];
	int next[SENDERS] = { 0 };
	for (int i = 0; i < SENDERS * EACH; i++)
		numbers[i] = i;
	for (int i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .mb = mb, .numbers = numbers + i * EACH };
		assert_int_equal(pthread_create(&threads[i], NULL, run_sender, &senders[i]), 0);
	}
	for (int got = 0; got < SENDERS * EACH;) {
		struct pollfd p = { .fd = mailbox_wake(mb)->fd, .events = POLLIN };
		assert_int_equal(poll(&p, 1, -1), 1);
		wake_clear(mailbox_wake(mb));
		/* one at a time: the rest has to wake us again */
		const int *msg = mailbox_pop(mb);
		if (!msg)
			continue;
		assert_int_equal(*msg % EACH, next[*msg / EACH]++);
		got++;
	}
	for (int i = 0; i < SENDERS; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	mailbox_free(mb, NULL);
	free(numbers);
}

static void test_close_frees_a_blocked_sender(void **state)
{
	(void)state;
	struct mailbox *mb = mailbox_new(1);
	int numbers[EACH] = { 0 };
	struct sender s = { .mb = mb, .numbers = numbers };
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, run_sender, &s), 0);
	mailbox_close(mb);
	void *failed;
	pthread_join(thread, &failed);
	assert_ptr_equal(failed, &s);
	mailbox_free(mb, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_bound),
		cmocka_unit_test(test_wake_follows_content),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_many_senders),
		cmocka_unit_test(test_close_frees_a_blocked_sender),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
