/* What is changed about a workload: read once, and who is woken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/tune.h"
#include "util/clock.h"

static bool is_signalled(struct wake *w)
{
	struct clock *c = clock_new_virtual(1, 0);
	bool woken = clock_wait(c, w, NULL, 1) == CLOCK_WOKEN;
	clock_free(c);
	return woken;
}

static void test_tune(void **state)
{
	(void)state;
	struct tune *t = tune_new(7);
	struct tune_state s;
	struct wake w;
	wake_init(&w);
	tune_read(t, &s);
	assert_true(!s.held && s.rate == 0 && s.burst == 0 && s.drive_end_ns == 7);
	tune_set_rate(t, 2.5); /* nobody to wake */
	tune_set_wake(t, &w);
	assert_false(is_signalled(&w));
	tune_add_burst(t, 3);
	assert_true(is_signalled(&w));
	tune_add_burst(t, 4);
	tune_set_held(t, true);
	tune_set_drive_end(t, 5);
	assert_true(is_signalled(&w));
	tune_read(t, &s);
	assert_true(s.held && s.rate == 2.5 && s.burst == 7 && s.drive_end_ns == 5);
	tune_set_held(t, false);
	tune_read(t, &s);
	assert_true(!s.held && s.burst == 0);
	tune_add_burst(t, UINT64_MAX);
	tune_add_burst(t, 1);
	tune_read(t, &s);
	assert_true(s.burst == UINT64_MAX);
	tune_set_wake(t, NULL);
	wake_release(&w);
	tune_set_rate(t, 1);
	tune_free(t);
	tune_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tune),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
