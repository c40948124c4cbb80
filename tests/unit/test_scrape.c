/* The files by which a Prometheus finds the nodes: what they say, when they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/scrape.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"

struct fixture {
	char dir[64];
	struct scrape *s;
	struct strbuf text;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/ltb-scrape-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->s = scrape_new(f->dir, "run-1");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	scrape_free(f->s);
	scrape_free(NULL);
	strbuf_release(&f->text);
	if (access(f->dir, F_OK) == 0)
		assert_int_equal(fs_remove_tree(f->dir, NULL), 0);
	free(f);
	return 0;
}

static const char *file(struct fixture *f, const char *name)
{
	CLEANUP_FREE char *path = fs_join(f->dir, name);

	strbuf_clear(&f->text);
	if (fs_read(path, 100000, &f->text, NULL))
		return NULL;
	return strbuf_str(&f->text);
}

/* "node-0 n0 n0 run-1 h:1 [scheme] [path];" for each target. */
static char *targets(struct fixture *f)
{
	const char *text = file(f, "prometheus-targets.json");
	struct strbuf out = { 0 };
	struct err err = { 0 };

	assert_non_null(text);
	CLEANUP_JSON cJSON *j = json_parse(text, strlen(text), NULL, &err);
	assert_true(cJSON_IsArray(j));
	json_each (t, j) {
		const cJSON *l = json_get(t, "labels");
		const char *scheme = json_get_str(l, "__scheme__");
		const char *path = json_get_str(l, "__metrics_path__");
		assert_int_equal(cJSON_GetArraySize(json_get(t, "targets")), 1);
		strbuf_addf(&out, "%s %s %s %s %s%s%s%s%s;", json_get_str(l, "job"),
			json_get_str(l, "instance"), json_get_str(l, "node"),
			json_get_str(l, "run"), json_as_str(json_get(t, "targets")->child),
			scheme ? " " : "", scheme ? scheme : "", path ? " " : "", path ? path : "");
	}
	return strbuf_detach(&out);
}

static void addresses(void **state)
{
	struct fixture *f = *state;

	scrape_set(f->s, 2, "https://node.example/two/");
	scrape_set(f->s, 0, "http://127.0.0.1:8080");
	scrape_set(f->s, 3, "http://[::1]:8080/");
	scrape_set(f->s, 4000000, "http://127.0.0.1:1");
	assert_int_equal(scrape_write(f->s, NULL), 0);
	CLEANUP_FREE char *all = targets(f);
	assert_string_equal(all, "node-0 n0 n0 run-1 127.0.0.1:8080;"
				 "node-2 n2 n2 run-1 node.example https /two/metrics;"
				 "node-3 n3 n3 run-1 [::1]:8080;");
	assert_non_null(strstr(file(f, "prometheus.yml"), "files: [prometheus-targets.json]"));
}

static void changes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(scrape_write(f->s, NULL), 0);
	assert_null(file(f, "prometheus.yml")); /* no node is known */
	scrape_set(f->s, 0, "http://a:1");
	scrape_set(f->s, 1, "http://b:1");
	assert_int_equal(scrape_write(f->s, NULL), 0);
	CLEANUP_FREE char *path = fs_join(f->dir, "prometheus-targets.json");
	assert_int_equal(unlink(path), 0);
	scrape_set(f->s, 0, "http://a:1");
	scrape_set(f->s, 1, ""); /* down: it is still to be there */
	scrape_remove(f->s, 7);
	assert_int_equal(scrape_write(f->s, NULL), 0);
	assert_int_not_equal(access(path, F_OK), 0); /* nothing has changed */
	scrape_set(f->s, 1, "http://b:2");
	assert_int_equal(scrape_write(f->s, NULL), 0);
	CLEANUP_FREE char *moved = targets(f);
	assert_string_equal(moved, "node-0 n0 n0 run-1 a:1;node-1 n1 n1 run-1 b:2;");
	scrape_remove(f->s, 0);
	assert_int_equal(scrape_write(f->s, NULL), 0);
	CLEANUP_FREE char *left = targets(f);
	assert_string_equal(left, "node-1 n1 n1 run-1 b:2;");
}

static void failures(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	assert_int_equal(rmdir(f->dir), 0);
	scrape_set(f->s, 0, "http://a:1");
	assert_int_equal(scrape_write(f->s, &err), -1);
	assert_non_null(strstr(err.text, "prometheus-targets.json"));
	assert_int_equal(scrape_write(f->s, NULL), 0); /* told once */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(changes, setup, teardown),
		cmocka_unit_test_setup_teardown(failures, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
