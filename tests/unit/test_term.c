/*
 * The terminal on a pseudo terminal: who is refused, keys, what is sent, and
 * above all that it is given back, whatever ends the program. A child is the
 * application; it reports on a pipe. What is sent is looked at only where every
 * terminal agrees; tests/tui look at the screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "ui/term.h"
#include "util/mem.h"

#define LEAVES_SCREEN "\033[?1049l"
#define WAIT_MS       20000

struct app {
	pid_t pid;
	int pty, report;
	int slave; /* kept open: the last one to close it resets the modes */
	struct termios before;
	struct strbuf sent; /* to the terminal so far */
};

typedef void app_fn(int report);

static const struct term_options options = { .color = true, .mouse = true };

static void app_start(struct app *a, const char *term, const char *locale, app_fn *fn)
{
	struct winsize size = { .ws_col = 80, .ws_row = 24 };
	int fds[2];
	*a = (struct app){ 0 };
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(openpty(&a->pty, &a->slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(a->slave, &a->before), 0);
	a->pid = fork();
	assert_true(a->pid >= 0);
	if (a->pid == 0) {
		static const int crashes[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };
		for (size_t i = 0; i < ARRAY_LEN(crashes); i++) /* cmocka has its own */
			signal(crashes[i], SIG_DFL);
		login_tty(a->slave);
		setenv("LC_ALL", locale, 1);
		if (term)
			setenv("TERM", term, 1);
		else
			unsetenv("TERM");
		fn(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	a->report = fds[0];
}

/* Takes what was sent; true while there may be more. */
static void app_pump(struct app *a, int fd_to_wait_for)
{
	struct pollfd p[] = { { .fd = a->pty, .events = POLLIN },
		{ .fd = fd_to_wait_for, .events = POLLIN } };
	char buf[4096];
	if (poll(p, 2, WAIT_MS) <= 0)
		fail_msg("nothing came");
	if (p[0].revents) {
		ssize_t n = read(a->pty, buf, sizeof(buf));
		if (n > 0)
			strbuf_add(&a->sent, buf, (size_t)n);
	}
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 0) > 0;
}

/* The next line of the report; "" at its end. */
static const char *app_line(struct app *a)
{
	static char line[1200];
	size_t n = 0;
	while (n + 1 < sizeof(line)) {
		while (!is_readable(a->report))
			app_pump(a, a->report);
		ssize_t got = read(a->report, line + n, 1);
		if (got <= 0 || line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return line;
}

static void app_drain(struct app *a)
{
	while (is_readable(a->pty)) {
		size_t before = a->sent.len;
		app_pump(a, a->pty);
		if (a->sent.len == before)
			break;
	}
}

/* What was sent after the first `from` bytes, as soon as this is in it. */
static const char *app_wait_sent(struct app *a, size_t from, const char *text)
{
	while (!strstr(strbuf_str(&a->sent) + from, text))
		app_pump(a, -1);
	return strbuf_str(&a->sent) + from;
}

static void assert_line(struct app *a, const char *want)
{
	const char *got = app_line(a);
	assert_string_equal(got, want);
}

static void assert_given_back(struct app *a)
{
	struct termios now;
	app_wait_sent(a, 0, LEAVES_SCREEN);
	assert_int_equal(tcgetattr(a->pty, &now), 0);
	assert_int_equal(now.c_lflag, a->before.c_lflag);
	assert_int_equal(now.c_iflag, a->before.c_iflag);
	assert_int_equal(now.c_oflag, a->before.c_oflag);
}

/* Returns the status of waitpid(). */
static int app_end(struct app *a)
{
	int status;
	while (*app_line(a))
		;
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	close(a->report);
	return status;
}

static void app_release(struct app *a)
{
	close(a->slave);
	close(a->pty);
	strbuf_release(&a->sent);
}

static struct term *must_open(int report)
{
	struct err err = { 0 };
	struct term *t = term_open(&options, &err);
	if (!t) {
		dprintf(report, "%s\n", err.text);
		_exit(1);
	}
	struct theme theme;
	if (theme_load(&theme, "default", &err) == 0)
		term_set_theme(t, &theme);
	return t;
}

/* --- who is refused --- */

static void app_open(int report)
{
	struct err err = { 0 };
	struct term *t = term_open(&options, &err);
	dprintf(report, "%s %s\n", err_code_name(err.code), err.text);
	term_close(t);
	term_close(NULL);
}

static void app_open_without_output(int report)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(fd, STDOUT_FILENO);
	app_open(report);
}

static void app_open_without_input(int report)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(fd, STDIN_FILENO);
	app_open(report);
}

static void test_refuses_politely(void **state)
{
	(void)state;
	static const struct {
		const char *term;
		app_fn *fn;
		const char *why;
	} cases[] = {
		{ "dumb", app_open, "TERM is \"dumb\", which cannot place text" },
		{ NULL, app_open, "TERM is not set" },
		{ "", app_open, "TERM is not set" },
		{ "no-such-terminal", app_open,
			"TERM is \"no-such-terminal\", which this machine does not know" },
		{ "unknown", app_open, "TERM is \"unknown\", which this machine does not know" },
		{ "xterm", app_open_without_output, "standard output is not one" },
		{ "xterm", app_open_without_input, "standard input is not one" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct app a;
		char want[400];
		struct err err = { .code = ERR_ENV };
		snprintf(want, sizeof(want),
			"%s the terminal application needs a terminal (%s); use `ltb --batch "
			"PRESET' instead",
			err_code_name(err.code), cases[i].why);
		app_start(&a, cases[i].term, "C", cases[i].fn);
		assert_line(&a, want);
		assert_int_equal(app_end(&a), 0);
		app_drain(&a);
		assert_string_equal(strbuf_str(&a.sent), "");
		app_release(&a);
	}
}

/* --- keys --- */

static void app_keys(int report)
{
	struct term *t = must_open(report);
	dprintf(report, "%s %d\n", term_is_utf8(t) ? "utf8" : "ascii", term_colors(t));
	for (;;) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		struct key_event k;
		if (poll(&p, 1, WAIT_MS) <= 0)
			break;
		while (term_key(t, &k)) {
			char name[24];
			key_to_name(k.code, name, sizeof(name));
			if (k.code == KEY_MOUSE_)
				dprintf(report, "mouse %d %d,%d\n", k.mouse, k.x, k.y);
			else
				dprintf(report, "%s\n", name);
			if (k.code == 'Q') {
				term_close(t);
				return;
			}
		}
	}
}

static void type(struct app *a, const char *text)
{
	assert_int_equal(write(a->pty, text, strlen(text)), strlen(text));
}

static void test_keys(void **state)
{
	(void)state;
	static const struct {
		const char *sent, *name;
	} cases[] = {
		{ "r", "r" },
		{ "R", "R" },
		{ " ", "space" },
		{ "\r", "enter" },
		{ "\n", "enter" },
		{ "\t", "tab" },
		{ "\x7f", "backspace" },
		{ "\x13", "ctrl-s" },
		{ "\x11", "ctrl-q" },
		{ "\x10", "ctrl-p" },
		{ "\033", "esc" },
		{ "\033x", "alt-x" },
		{ "\033OA", "up" },
		{ "\033OD", "left" },
		{ "\033[5~", "pageup" },
		{ "\033[6~", "pagedown" },
		{ "\033OH", "home" },
		{ "\033OF", "end" },
		{ "\033[3~", "delete" },
		{ "\033[Z", "shift-tab" },
		{ "\033[1;2A", "shift-up" },
		{ "\033[1;2B", "shift-down" },
		{ "\033OP", "f1" },
		{ "\033[15~", "f5" },
		{ "\033[24~", "f12" },
		{ "é", "é" },
		{ "日", "日" },
		{ "\xff\xc3(", "(" }, /* what is no character is nothing */
		{ "\x80z", "z" },
		{ "\033[<0;11;6M\033[<0;11;6m", "mouse 0 10,5" },
		{ "\033[<0;11;6M\033[<0;11;6m", "mouse 1 10,5" },
		{ "\033[<0;11;6M\033[<0;11;6m", "mouse 0 10,5" },
		{ "\033[<64;3;4M", "mouse 2 2,3" },
		{ "\033[<65;3;4M", "mouse 3 2,3" },
	};
	struct app a;
	app_start(&a, "xterm-256color", "C.UTF-8", app_keys);
	assert_line(&a, "utf8 256");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		type(&a, cases[i].sent);
		const char *got = app_line(&a);
		if (strcmp(got, cases[i].name) != 0)
			fail_msg("key %zu: \"%s\", not \"%s\"", i, got, cases[i].name);
	}
	type(&a, "ab\xc3"); /* several at once, and half a character */
	assert_line(&a, "a");
	assert_line(&a, "b");
	type(&a, "\xa9\033\033OBQ");
	assert_line(&a, "é");
	assert_line(&a, "alt-down");
	assert_line(&a, "Q");
	assert_int_equal(app_end(&a), 0);
	assert_given_back(&a);
	app_release(&a);
}

static void test_without_utf8_and_colours(void **state)
{
	(void)state;
	struct app a;
	app_start(&a, "vt100", "C", app_keys);
	assert_line(&a, "ascii 0");
	type(&a, "\xc3\xa9Q");
	assert_line(&a, "Q");
	assert_int_equal(app_end(&a), 0);
	app_release(&a);
	app_start(&a, "xterm", "C", app_keys);
	assert_line(&a, "ascii 8");
	type(&a, "Q");
	assert_line(&a, "Q");
	assert_int_equal(app_end(&a), 0);
	app_release(&a);
}

/* --- drawing --- */

static bool is_default(int sig)
{
	struct sigaction sa;
	sigaction(sig, NULL, &sa);
	return sa.sa_handler == SIG_DFL;
}

/* Says so on the terminal (as its title) and waits for a key. */
static void step(struct term *t, const char *what)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	struct key_event k;
	dprintf(STDOUT_FILENO, "\033]0;%s\a", what);
	while (!term_key(t, &k) && poll(&p, 1, WAIT_MS) > 0)
		;
}

static void app_drawing(int report)
{
	struct term *t = must_open(report);
	struct canvas c;
	int w, h;
	term_size(t, &w, &h);
	dprintf(report, "%dx%d %d%d%d%d\n", w, h, is_default(SIGTSTP), is_default(SIGINT),
		is_default(SIGTERM), is_default(SIGWINCH));
	canvas_init(&c, w, h, &glyphs_utf8);
	struct view v = view_all(&c);
	view_text(&v, 3, 2, ROLE_GOOD, "height 193");
	view_text(&v, 0, 3, ROLE_NORMAL, "日本語 ✓ bad:\x1b[2J");
	view_text(&v, 70, h - 1, ROLE_NORMAL, "the corner");
	term_draw(t, &c);
	step(t, "first");
	term_draw(t, &c);
	step(t, "same");
	view_text(&v, 10, 2, ROLE_GOOD, "194");
	term_draw(t, &c);
	step(t, "changed");
	term_redraw(t);
	term_draw(t, &c);
	step(t, "redrawn");
	struct winsize size = { .ws_col = 40, .ws_row = 10 };
	ioctl(STDOUT_FILENO, TIOCSWINSZ, &size);
	bool changed = term_resize(t), again = term_resize(t);
	term_size(t, &w, &h);
	dprintf(report, "%d%d %dx%d\n", changed, again, w, h);
	term_draw(t, &c); /* a canvas of the old size does no harm */
	canvas_resize(&c, 3, 200);
	term_draw(t, &c);
	canvas_release(&c);
	term_close(t);
}

/* What was sent until the child said this; the child goes on. */
static const char *news(struct app *a, const char *line)
{
	static char text[1 << 16];
	static size_t seen;
	char title[80];
	snprintf(title, sizeof(title), "\033]0;%s\a", line);
	seen = strcmp(line, "first") == 0 ? 0 : seen;
	const char *sent = app_wait_sent(a, seen, title);
	size_t n = (size_t)(strstr(sent, title) - sent);
	snprintf(text, sizeof(text), "%.*s", (int)n, sent);
	seen += n + strlen(title);
	type(a, "g");
	return text;
}

static void test_sends_only_what_has_changed(void **state)
{
	(void)state;
	struct app a;
	app_start(&a, "xterm-256color", "C.UTF-8", app_drawing);
	assert_line(&a, "80x24 1111");
	const char *sent = news(&a, "first");
	assert_non_null(strstr(sent, "height 193"));
	assert_non_null(strstr(sent, "日本語 ✓ bad:?[2J"));
	assert_non_null(strstr(sent, "the corne"));
	assert_string_equal(news(&a, "same"), "");
	sent = news(&a, "changed");
	assert_non_null(strstr(sent, "4"));
	assert_null(strstr(sent, "19"));
	assert_in_range(strlen(sent), 1, 40);
	assert_non_null(strstr(news(&a, "redrawn"), "height 194"));
	assert_line(&a, "10 40x10");
	assert_int_equal(app_end(&a), 0);
	assert_given_back(&a);
	app_release(&a);
	app_start(&a, "xterm", "C", app_drawing); /* where the characters cannot be shown */
	assert_line(&a, "80x24 1111");
	assert_non_null(strstr(news(&a, "first"), "? ? ?  ? bad:?[2J"));
	for (int i = 0; i < 3; i++)
		type(&a, "g");
	assert_int_equal(app_end(&a), 0);
	app_release(&a);
}

/* --- giving back --- */

static void app_segv(int report)
{
	must_open(report);
	raise(SIGSEGV);
}

static void app_abort(int report)
{
	must_open(report);
	abort();
}

static void app_exit(int report)
{
	static struct term *volatile t; /* for a leak checker, it is still there at the end */
	t = must_open(report);
	exit(t ? 3 : 0);
}

static void app_close(int report)
{
	term_close(must_open(report));
	struct term *t = must_open(report); /* and once more */
	term_close(t);
	_exit(4);
}

static void test_is_given_back_by_whatever_ends_it(void **state)
{
	(void)state;
	static const struct {
		app_fn *fn;
		int signal, exit;
	} cases[] = {
		{ app_segv, SIGSEGV, 0 },
		{ app_abort, SIGABRT, 0 },
		{ app_exit, 0, 3 },
		{ app_close, 0, 4 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct app a;
		app_start(&a, "xterm-256color", "C.UTF-8", cases[i].fn);
		int status = app_end(&a);
		assert_given_back(&a);
		if (cases[i].signal) {
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), cases[i].signal);
		} else {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), cases[i].exit);
		}
		app_release(&a);
	}
}

static void app_suspend(int report)
{
	struct term *t = must_open(report);
	struct canvas c;
	canvas_init(&c, 80, 24, &glyphs_utf8);
	struct view v = view_all(&c);
	view_text(&v, 0, 0, ROLE_NORMAL, "before and after");
	term_draw(t, &c);
	dprintf(report, "drawn\n");
	term_suspend(t);
	term_draw(t, &c);
	dprintf(report, "drawn again\n");
	canvas_release(&c);
	term_close(t);
}

static void test_suspend(void **state)
{
	(void)state;
	struct app a;
	struct termios now;
	int status;
	app_start(&a, "xterm-256color", "C.UTF-8", app_suspend);
	assert_line(&a, "drawn");
	assert_int_equal(waitpid(a.pid, &status, WUNTRACED), a.pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), SIGSTOP);
	assert_given_back(&a);
	size_t seen = a.sent.len;
	assert_int_equal(kill(a.pid, SIGCONT), 0);
	assert_line(&a, "drawn again");
	assert_int_equal(app_end(&a), 0);
	const char *sent = app_wait_sent(&a, seen, LEAVES_SCREEN);
	assert_non_null(strstr(sent, "before and after"));
	assert_non_null(strstr(sent, "\033[?1049h"));
	assert_int_equal(tcgetattr(a.pty, &now), 0);
	assert_int_equal(now.c_lflag, a.before.c_lflag);
	app_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses_politely),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_without_utf8_and_colours),
		cmocka_unit_test(test_sends_only_what_has_changed),
		cmocka_unit_test(test_is_given_back_by_whatever_ends_it),
		cmocka_unit_test(test_suspend),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
