/* "Did you mean": what is near, what is not, and ties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/mem.h"
#include "util/nearest.h"

static const char *const names[] = { "nodes", "layout", "slot_duration", "active_slot_coeff",
	"local", NULL };

static void test_names(void **state)
{
	static const struct {
		const char *typed, *wanted;
	} cases[] = {
		{ "nodes", "nodes" },
		{ "ndoes", "nodes" },
		{ "Nodes", "nodes" },
		{ "slot_durtion", "slot_duration" },
		{ "lokal", "local" },
		{ "active_slot_coef", "active_slot_coeff" },
		{ "", NULL },
		{ "kubernetes", NULL },
		{ "xxxxx", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = nearest_name(cases[i].typed, names);

		if (cases[i].wanted)
			assert_string_equal(got, cases[i].wanted);
		else
			assert_null(got);
	}
}

static void test_overlong(void **state)
{
	char name[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = 'n';
	name[sizeof(name) - 1] = '\0';
	assert_null(nearest_name(name, names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_overlong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
