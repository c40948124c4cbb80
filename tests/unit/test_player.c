/* Replaying and following recordings: what is shown at which time, and what is refused. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/player.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/mem.h"

static char dir[64], path[128];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_player.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static FILE *out;

static void begin_file(void)
{
	unlink(path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs("{\"seq\":1,\"t_ns\":70000,\"kind\":\"run_start\",\"run_id\":\"r\",\"preset\":\"p\","
	      "\"backend\":\"b\",\"started\":\"s\",\"n_nodes\":2}\n",
		out);
}

/* Notes, one a run second: "0", "1" ... */
static void add_notes(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		fprintf(out, "{\"seq\":%u,\"t_ns\":%llu,\"kind\":\"note\",\"text\":\"%u\"}\n",
			i + 2, (unsigned long long)(i * NS_PER_S + NS_PER_MS), i);
	fflush(out);
}

static void add_text(const char *text)
{
	fputs(text, out);
	fflush(out);
}

static void end_file(void)
{
	assert_int_equal(fclose(out), 0);
}

#define RUN_END(t) \
	"{\"seq\":9,\"t_ns\":" #t ",\"kind\":\"run_end\",\"verdict\":\"pass\",\"exit_code\":0}\n"

/* How many notes are shown; -1: the lines are not those of that time. */
static int shown(struct player *p)
{
	struct snapshot *s = player_snapshot(p);
	const struct model *m = &s->model;
	int n = (int)m->n_log_total;
	char want[16];

	snprintf(want, sizeof(want), "%d", n - 1);
	if (m->n_nodes != 2 ||
		(n > 0 && strcmp(m->logs[(m->log_head + m->n_logs - 1) % MODEL_LOG_LINES].text,
				  want) != 0))
		n = -1;
	snapshot_unref(s);
	return n;
}

/* Waits for what must come; the time-out is that of the whole test. */
static void pause_a_bit(struct player *p)
{
	struct pollfd fd = { .fd = player_wake(p)->fd, .events = POLLIN };

	poll(&fd, 1, 20);
	wake_clear(player_wake(p));
}

static struct player_state settled(struct player *p)
{
	struct player_state s;

	for (player_state(p, &s); s.seeking; player_state(p, &s))
		pause_a_bit(p);
	return s;
}

static void wait_shown(struct player *p, int n)
{
	while (shown(p) < n)
		pause_a_bit(p);
}

static void test_seek(void **state)
{
	(void)state;
	struct err err = { 0 };

	begin_file();
	add_notes(0, 20);
	add_text(RUN_END(20000000000));
	end_file();
	struct player *p = player_start(path, PLAYER_REPLAY, &err);
	assert_non_null(p);
	struct player_state s = settled(p);
	assert_true(s.paused && s.complete && !s.at_end);
	assert_int_equal(s.length_ns, 20 * NS_PER_S);
	assert_int_equal(s.now_ns, 0);
	assert_int_equal(shown(p), 0); /* the nodes are there, and no note yet */

	static const struct {
		uint64_t to_s;
		int notes;
	} steps[] = { { 5, 5 }, { 12, 12 }, { 3, 3 }, { 3, 3 }, { 0, 0 }, { 20, 20 }, { 99, 20 },
		{ 19, 19 } };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct snapshot *before = player_snapshot(p);
		player_seek(p, steps[i].to_s * NS_PER_S);
		s = settled(p);
		assert_int_equal(shown(p), steps[i].notes);
		assert_int_equal(s.now_ns, MIN(steps[i].to_s, 20) * NS_PER_S);
		assert_true(s.paused);
		snapshot_unref(before);
	}
	player_seek(p, 20 * NS_PER_S);
	do {
		pause_a_bit(p);
		player_state(p, &s);
	} while (!s.at_end);
	struct snapshot *end = player_snapshot(p);
	assert_true(end->model.ended);
	snapshot_unref(end);
	/* the last one counts when many come at once */
	for (unsigned i = 0; i < 200; i++)
		player_seek(p, (i * 7 % 20) * NS_PER_S);
	player_seek(p, 4 * NS_PER_S);
	s = settled(p);
	assert_int_equal(shown(p), 4);
	assert_int_equal(s.error.code, ERR_NONE);
	player_free(p);
}

static void test_speed_and_pause(void **state)
{
	(void)state;
	struct player_state s;

	begin_file();
	add_notes(0, 21);
	end_file();
	struct player *p = player_start(path, PLAYER_REPLAY, NULL);
	player_set_speed(p, 1e9);
	player_state(p, &s);
	assert_true(s.speed > 99 && s.speed < 101);
	assert_false(s.paused);
	wait_shown(p, 3);
	player_pause(p, true);
	player_state(p, &s);
	uint64_t at = s.now_ns;
	assert_true(at >= 2 * NS_PER_S);
	player_set_speed(p, 0);
	player_state(p, &s);
	assert_true(s.paused && s.speed > 0.09 && s.speed < 0.11);
	assert_int_equal(s.now_ns, at); /* time stands still, whatever the speed */
	player_seek(p, 2 * NS_PER_S);
	settled(p);
	assert_int_equal(shown(p), 2);
	player_set_speed(p, 100);
	player_pause(p, false);
	wait_shown(p, 21);
	do {
		pause_a_bit(p);
		player_state(p, &s);
	} while (!s.at_end);
	assert_int_equal(s.now_ns, s.length_ns);
	assert_false(s.complete); /* a run that was killed */
	/* from the end back, it goes on to play */
	player_seek(p, 18 * NS_PER_S);
	wait_shown(p, 21);
	player_free(p);
}

static void test_follow(void **state)
{
	(void)state;
	struct player_state s;

	begin_file();
	add_notes(0, 3);
	struct player *p = player_start(path, PLAYER_FOLLOW, NULL);
	assert_non_null(p);
	wait_shown(p, 3);
	add_text("{\"seq\":5,\"t_ns\":300");
	do {
		pause_a_bit(p);
		player_state(p, &s);
	} while (!s.at_end);
	assert_int_equal(shown(p), 3);
	add_text("1000000,\"kind\":\"note\",\"text\":\"3\"}\n");
	wait_shown(p, 4);
	player_seek(p, 0); /* does nothing here */
	player_set_speed(p, 5);
	player_pause(p, true);
	add_notes(4, 900);
	wait_shown(p, 900);
	player_state(p, &s);
	assert_true(!s.paused && !s.seeking && !s.complete);
	assert_int_equal(s.now_ns, 899 * NS_PER_S + NS_PER_MS);
	assert_int_equal(s.length_ns, s.now_ns);
	add_text(RUN_END(900000000000));
	do {
		pause_a_bit(p);
		player_state(p, &s);
	} while (!s.complete);
	end_file();
	player_free(p);
}

static void cut_short(void)
{
	assert_int_equal(truncate(path, 20), 0);
}

static void replace(void)
{
	char other[sizeof(path) + 8];

	snprintf(other, sizeof(other), "%s.new", path);
	FILE *f = fopen(other, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(rename(other, path), 0);
}

static void remove_file(void)
{
	assert_int_equal(unlink(path), 0);
}

/* The run's file must stay the run's file. */
static void test_rotated(void **state)
{
	(void)state;
	static const struct {
		void (*lose)(void);
		const char *told;
	} ways[] = { { replace, "replaced" }, { cut_short, "cut short" },
		{ remove_file, "is gone" } };

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct player_state s;

		begin_file();
		add_notes(0, 10);
		struct player *p = player_start(path, PLAYER_FOLLOW, NULL);
		wait_shown(p, 10);
		ways[i].lose();
		do {
			pause_a_bit(p);
			player_state(p, &s);
		} while (s.error.code == ERR_NONE);
		assert_non_null(strstr(s.error.text, ways[i].told));
		assert_int_equal(shown(p), 10);
		player_free(p);
		end_file();
	}
}

static void test_garbage_line(void **state)
{
	(void)state;
	struct player_state s;

	begin_file();
	add_notes(0, 5);
	add_text("{\"seq\":7,\"t_ns\":\n");
	add_notes(6, 9);
	end_file();
	struct player *p = player_start(path, PLAYER_REPLAY, NULL);
	for (int round = 0; round < 2; round++) {
		player_seek(p, 8 * NS_PER_S);
		s = settled(p);
		if (!strstr(s.error.text, "events.jsonl:7: "))
			fail_msg("round %d: code %d: %s; shown %d", round, s.error.code,
				s.error.text, shown(p));
		assert_int_equal(shown(p), 5); /* once more: it is not passed over */
	}
	/* what is before it can still be looked at */
	player_seek(p, 2 * NS_PER_S);
	s = settled(p);
	assert_int_equal(s.error.code, ERR_NONE);
	assert_int_equal(shown(p), 2);
	player_free(p);
}

static void test_refused(void **state)
{
	(void)state;
	struct err err = { 0 };

	assert_null(player_start(dir, PLAYER_REPLAY, &err));
	assert_int_equal(err.code, ERR_USAGE);
	unlink(path);
	assert_null(player_start(path, PLAYER_FOLLOW, &err));

	out = fopen(path, "w");
	end_file();
	assert_null(player_start(path, PLAYER_REPLAY, &err));
	assert_non_null(strstr(err.text, "nothing has been recorded"));

	out = fopen(path, "w");
	add_notes(0, 2);
	end_file();
	assert_null(player_start(path, PLAYER_FOLLOW, &err));
	assert_non_null(strstr(err.text, "does not begin with a run_start"));

	out = fopen(path, "w");
	end_file();
	assert_int_equal(truncate(path, 100 << 20), 0);
	assert_null(player_start(path, PLAYER_REPLAY, &err));
	assert_non_null(strstr(err.text, "too long"));
	player_free(NULL);
}

/* Times that go back and times that no run has. */
static void test_odd_times(void **state)
{
	(void)state;
	struct player_state s;

	begin_file();
	add_text("{\"seq\":2,\"t_ns\":9000000000,\"kind\":\"note\",\"text\":\"0\"}\n");
	for (int i = 1; i < 40; i++)
		fprintf(out, "{\"seq\":3,\"t_ns\":1,\"kind\":\"note\",\"text\":\"%d\"}\n", i);
	end_file();
	struct player *p = player_start(path, PLAYER_REPLAY, NULL);
	settled(p);
	player_seek(p, UINT64_MAX);
	do {
		s = settled(p);
		player_seek(p, UINT64_MAX);
		pause_a_bit(p);
	} while (shown(p) < 40);
	s = settled(p);
	assert_int_equal(s.length_ns, 9 * NS_PER_S);
	player_seek(p, 0);
	settled(p);
	assert_int_equal(shown(p), 0);
	player_free(p);
}

/* Seeking in a long run keeps nobody waiting: all of these return before it is done. */
static void test_long(void **state)
{
	(void)state;
	enum { NOTES = 30000 };

	begin_file();
	add_notes(0, NOTES);
	end_file();
	struct player *p = player_start(path, PLAYER_REPLAY, NULL);
	struct player_state s;
	unsigned while_seeking = 0;

	for (int round = 0; round < 2; round++) {
		player_seek(p, round ? (NOTES - 10) * NS_PER_S : NOTES * NS_PER_S);
		for (player_state(p, &s); s.seeking; player_state(p, &s)) {
			assert_true(shown(p) >= 0);
			while_seeking++;
		}
		assert_int_equal(shown(p), round ? NOTES - 10 : NOTES);
	}
	assert_true(while_seeking > 0);
	player_seek(p, 0); /* freed in the middle of it */
	player_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_speed_and_pause),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_rotated),
		cmocka_unit_test(test_garbage_line),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_odd_times),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
