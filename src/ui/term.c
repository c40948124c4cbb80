/*
 * The terminal by ncurses; see term.h. Signals are the application's: what
 * ncurses installs for itself is taken out again, and sizes are asked from the
 * kernel. Cells go to ncurses only where they differ from the last ones (the
 * shadow); ncurses then finds the cheapest way to show them.
 */
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include "ui/term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#define term curses_term /* the header has a struct of that name */
#include <term.h>
#undef term

#include "ui/chars.h"
#include "util/mem.h"
#include "util/utf8.h"

#define ESC_DELAY_MS    25
#define DOUBLE_CLICK_NS 400000000ull
/* of xterm and most others, also where their terminfo entry has them not */
#define SEQUENCE_SHIFT_UP   "\033[1;2A"
#define SEQUENCE_SHIFT_DOWN "\033[1;2B"

struct term {
	SCREEN *screen;
	WINDOW *input; /* a pad: reading from it draws nothing */
	bool utf8, mouse;
	int colors;
	int w, h;
	struct canvas shadow; /* what ncurses was given */
	bool redraw;
	cchar_t *row; /* one row for ncurses */
	attr_t attrs[ROLE_COUNT];
	unsigned char partial[4]; /* a UTF-8 sequence that has not ended */
	size_t n_partial;
	int pushed_back; /* ERR: none */
	struct {
		uint64_t at_ns;
		int x, y;
	} click;
};

/* --- giving the terminal back, also from a signal handler --- */

static const int own_signals[] = { SIGTSTP, SIGINT, SIGTERM, SIGWINCH };
static const int crash_signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT };

static struct {
	volatile sig_atomic_t taken;
	struct termios before;
	char sequence[256]; /* that makes it a usual screen again */
	size_t n;
	struct sigaction old[ARRAY_LEN(crash_signals)];
	bool has_atexit;
} rescue;

void term_restore_from_signal(void)
{
	int saved = errno;
	if (rescue.taken) {
		rescue.taken = 0;
		for (size_t done = 0; done < rescue.n;) {
			ssize_t n = write(STDOUT_FILENO, rescue.sequence + done, rescue.n - done);
			if (n < 0 && errno != EINTR)
				break;
			done += n > 0 ? (size_t)n : 0;
		}
		tcsetattr(STDIN_FILENO, TCSANOW, &rescue.before);
	}
	errno = saved;
}

/* Whatever was to be done about the signal before (dying, a sanitizer's report) is done now. */
static void on_crash(int sig)
{
	term_restore_from_signal();
	for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++) {
		if (crash_signals[i] == sig)
			sigaction(sig, &rescue.old[i], NULL);
	}
	raise(sig);
}

static int rescue_putc(int c)
{
	if (rescue.n < sizeof(rescue.sequence))
		rescue.sequence[rescue.n++] = (char)c;
	return c;
}

static void rescue_add(const char *capability)
{
	const char *s = tigetstr(capability);
	if (s && s != (const char *)-1)
		tputs(s, 1, rescue_putc);
}

static void rescue_prepare(bool mouse)
{
	rescue.n = 0;
	if (mouse) {
		for (const char *s = "\033[?1006l\033[?1002l\033[?1000l"; *s; s++)
			rescue_putc(*s);
	}
	rescue_add("rmkx");
	rescue_add("sgr0");
	rescue_add("op");
	rescue_add("cnorm");
	rescue_add("rmcup");
	rescue_putc('\r');
}

/* A stack overflow can be handled only on another stack. */
static void rescue_stack(void)
{
	static char stack[32768];
	stack_t now, own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE))
		sigaltstack(&own, NULL);
}

static void rescue_arm(void)
{
	struct sigaction sa = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };
	sigemptyset(&sa.sa_mask);
	rescue_stack();
	for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
		sigaction(crash_signals[i], &sa, &rescue.old[i]);
	if (!rescue.has_atexit)
		rescue.has_atexit = atexit(term_restore_from_signal) == 0;
	rescue.taken = 1;
}

static void rescue_disarm(void)
{
	for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
		sigaction(crash_signals[i], &rescue.old[i], NULL);
}

/* --- opening --- */

static int refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_ENV,
		"the terminal application needs a terminal (%s); use `ltb --batch PRESET' instead",
		why);
}

/* Everything that makes ncurses give up, asked before it is given anything. */
static int check_terminal(struct err *err)
{
	char why[200];
	const char *name = getenv("TERM");
	int status = 0;
	if (!isatty(STDOUT_FILENO))
		return refuse(err, "standard output is not one");
	if (!isatty(STDIN_FILENO))
		return refuse(err, "standard input is not one");
	if (!name || !*name)
		return refuse(err, "TERM is not set");
	snprintf(why, sizeof(why), "TERM is \"%.60s\", which %s", name,
		strcmp(name, "dumb") == 0 ? "cannot place text" : "this machine does not know");
	if (strcmp(name, "dumb") == 0 || setupterm(name, STDOUT_FILENO, &status) != OK)
		return refuse(err, why);
	const char *move_to = tigetstr("cup");
	bool able = move_to && move_to != (const char *)-1;
	del_curterm(cur_term);
	if (able)
		return 0;
	snprintf(why, sizeof(why), "TERM is \"%.60s\", which cannot place text", name);
	return refuse(err, why);
}

static void ask_size(struct term *t)
{
	struct winsize ws = { 0 };
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col && ws.ws_row) {
		t->w = ws.ws_col;
		t->h = ws.ws_row;
	} else {
		t->w = 80;
		t->h = 24;
	}
	t->w = MIN(t->w, CANVAS_MAX_SIZE);
	t->h = MIN(t->h, CANVAS_MAX_SIZE);
}

static void apply_size(struct term *t)
{
	resize_term(t->h, t->w);
	t->row = xrealloc_array(t->row, (size_t)t->w + 1, sizeof(*t->row));
	canvas_resize(&t->shadow, t->w, t->h);
	t->redraw = true;
}

/* ^S and ^Q are keys here; output is not to be stopped by accident. */
static void set_modes(struct term *t)
{
	struct termios now;
	cbreak();
	noecho();
	nonl();
	typeahead(-1);
	if (tcgetattr(STDIN_FILENO, &now) == 0) {
		now.c_iflag &= ~(tcflag_t)IXON;
		tcsetattr(STDIN_FILENO, TCSANOW, &now);
		def_prog_mode();
	}
	set_escdelay(ESC_DELAY_MS);
	t->input = newpad(1, 1);
	keypad(t->input, TRUE);
	nodelay(t->input, TRUE);
	meta(t->input, TRUE);
	define_key(SEQUENCE_SHIFT_UP, KEY_SR);
	define_key(SEQUENCE_SHIFT_DOWN, KEY_SF);
	define_key("\033[Z", KEY_BTAB);
	if (t->mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0); /* clicks are counted here; ncurses would wait for more */
	}
}

/* Colours beyond 256 are RGB values to ncurses, but for the first eight. */
static int count_colors(void)
{
	if (!has_colors() || start_color() != OK || use_default_colors() != OK)
		return 0;
	return COLORS >= 16 && COLORS <= 256 ? (COLORS == 256 ? 256 : 16) : COLORS >= 8 ? 8 : 0;
}

struct term *term_open(const struct term_options *opt, struct err *err)
{
	struct sigaction before[ARRAY_LEN(own_signals)];
	if (check_terminal(err) != 0)
		return NULL;
	setlocale(LC_CTYPE, "");
	tcgetattr(STDIN_FILENO, &rescue.before);
	for (size_t i = 0; i < ARRAY_LEN(own_signals); i++)
		sigaction(own_signals[i], NULL, &before[i]);
	SCREEN *screen = newterm(NULL, stdout, stdin);
	for (size_t i = 0; i < ARRAY_LEN(own_signals); i++)
		sigaction(own_signals[i], &before[i], NULL);
	if (!screen) {
		refuse(err, "ncurses cannot use this one");
		return NULL;
	}
	struct term *t = xcalloc(1, sizeof(*t));
	t->screen = screen;
	t->mouse = opt->mouse;
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->pushed_back = ERR;
	rescue_prepare(t->mouse);
	rescue_arm();
	set_modes(t);
	t->colors = opt->color ? count_colors() : 0;
	canvas_init(&t->shadow, 0, 0, &glyphs_ascii);
	ask_size(t);
	apply_size(t);
	return t;
}

void term_close(struct term *t)
{
	if (!t)
		return;
	if (rescue.taken) {
		rescue.taken = 0;
		curs_set(1);
		endwin();
		tcsetattr(STDIN_FILENO, TCSADRAIN, &rescue.before);
	}
	rescue_disarm();
	delwin(t->input);
	delscreen(t->screen);
	canvas_release(&t->shadow);
	free(t->row);
	free(t);
}

/* --- what it is --- */

void term_size(const struct term *t, int *ret_w, int *ret_h)
{
	*ret_w = t->w;
	*ret_h = t->h;
}

bool term_is_utf8(const struct term *t)
{
	return t->utf8;
}

int term_colors(const struct term *t)
{
	return t->colors;
}

bool term_resize(struct term *t)
{
	int w = t->w, h = t->h;
	ask_size(t);
	if (t->w == w && t->h == h)
		return false;
	apply_size(t);
	return true;
}

static attr_t attrs_of(const struct style *s)
{
	attr_t can = termattrs(), attrs = 0;
	if (s->bold)
		attrs |= A_BOLD;
	if (s->dim)
		attrs |= A_DIM & can;
	if (s->underline)
		attrs |= A_UNDERLINE;
	if (s->reverse)
		attrs |= A_REVERSE;
	if (s->italic)
		attrs |= A_ITALIC & can;
	return attrs;
}

void term_set_theme(struct term *t, const struct theme *theme)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct style s = theme_style(theme, (enum role)role, t->colors);
		t->attrs[role] = attrs_of(&s);
		if (t->colors)
			init_pair((short)(role + 1), s.fg, s.bg);
	}
	t->redraw = true;
}

/* --- drawing --- */

/* The character of a cell as this terminal can show it; 0: nothing, it is a right half. */
static wchar_t shown_char(const struct term *t, const struct cell *cell, const struct cell *end)
{
	if (cell->ch < 0x80)
		return (wchar_t)cell->ch;
	bool is_wide = cell + 1 < end && cell[1].ch == 0;
	/* where the C library has another idea of the width, ncurses would shift the row */
	if (!t->utf8 || wcwidth((wchar_t)cell->ch) != (is_wide ? 2 : 1))
		return L'?';
	return (wchar_t)cell->ch;
}

static void set_cell(const struct term *t, cchar_t *ret, wchar_t ch, const struct cell *cell)
{
	unsigned role = cell->role < ROLE_COUNT ? cell->role : ROLE_NORMAL;
	attr_t attrs = t->attrs[role] ^ (cell->reverse ? A_REVERSE : 0);
	wchar_t text[2] = { ch, 0 };
	setcchar(ret, text, attrs, t->colors ? (short)(role + 1) : 0, NULL);
}

/* Gives ncurses the cells [from, to) of a row; neither end is within a wide character. */
static void draw_cells(struct term *t, int y, int from, int to, const struct cell *cells)
{
	int n = 0;
	bool half = false; /* the right half of what became '?' is to be blank */
	for (int x = from; x < to; x++) {
		const struct cell *cell = &cells[x];
		if (cell->ch == 0) {
			if (half)
				set_cell(t, &t->row[n++], L' ', cell);
			half = false;
			continue;
		}
		wchar_t ch = shown_char(t, cell, cells + to);
		half = (uint32_t)ch != cell->ch;
		set_cell(t, &t->row[n++], ch, cell);
	}
	mvadd_wchnstr(y, from, t->row, n);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
	return a->ch == b->ch && a->role == b->role && a->reverse == b->reverse;
}

static void draw_row(struct term *t, int y, const struct cell *cells, int w)
{
	struct cell *shadow = &t->shadow.cells[(size_t)y * (size_t)t->w];
	int from = 0, to = w;
	while (from < w && !t->redraw && same_cell(&cells[from], &shadow[from]))
		from++;
	while (to > from && !t->redraw && same_cell(&cells[to - 1], &shadow[to - 1]))
		to--;
	if (from == to)
		return;
	/* whole wide characters, of the old row and of the new one */
	while (from > 0 && (cells[from].ch == 0 || shadow[from].ch == 0))
		from--;
	while (to < w && (cells[to].ch == 0 || shadow[to].ch == 0))
		to++;
	draw_cells(t, y, from, to, cells);
	memcpy(shadow + from, cells + from, (size_t)(to - from) * sizeof(*cells));
}

void term_draw(struct term *t, const struct canvas *c)
{
	int w = MIN(c->w, t->w), h = MIN(c->h, t->h);
	if (t->redraw) {
		erase();
		canvas_clear(&t->shadow);
		clearok(stdscr, TRUE);
	}
	for (int y = 0; y < h; y++)
		draw_row(t, y, &c->cells[(size_t)y * (size_t)c->w], w);
	t->redraw = false;
	bool cursor = c->cursor_x >= 0 && c->cursor_y >= 0 && c->cursor_x < w && c->cursor_y < h;
	curs_set(cursor);
	if (cursor)
		move(c->cursor_y, c->cursor_x);
	refresh();
}

void term_redraw(struct term *t)
{
	t->redraw = true;
}

void term_suspend(struct term *t)
{
	curs_set(1);
	endwin();
	rescue.taken = 0;
	do {
		raise(SIGSTOP);
		/* `bg' alone does not give the terminal back */
	} while (tcgetpgrp(STDIN_FILENO) > 0 && tcgetpgrp(STDIN_FILENO) != getpgrp());
	tcgetattr(STDIN_FILENO, &rescue.before);
	rescue.taken = 1;
	reset_prog_mode();
	t->redraw = true;
	refresh();
}

/* --- keys --- */

static int next_code(struct term *t)
{
	int code = t->pushed_back;
	t->pushed_back = ERR;
	while (code == ERR || code == KEY_RESIZE) {
		code = wgetch(t->input);
		if (code == ERR)
			return ERR;
	}
	return code;
}

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool mouse_key(struct term *t, struct key_event *ret)
{
	MEVENT ev;
	if (getmouse(&ev) != OK)
		return false;
	*ret = (struct key_event){ .code = KEY_MOUSE_, .x = ev.x, .y = ev.y };
	if (ev.bstate & BUTTON4_PRESSED) {
		ret->mouse = MOUSE_WHEEL_UP;
	} else if (ev.bstate & BUTTON5_PRESSED) {
		ret->mouse = MOUSE_WHEEL_DOWN;
	} else if (ev.bstate & BUTTON1_PRESSED) {
		uint64_t now = now_ns();
		bool again = t->click.at_ns && now - t->click.at_ns < DOUBLE_CLICK_NS &&
			     t->click.x == ev.x && t->click.y == ev.y;
		ret->mouse = again ? MOUSE_DOUBLE : MOUSE_PRESS;
		t->click.at_ns = again ? 0 : now;
		t->click.x = ev.x;
		t->click.y = ev.y;
	} else {
		return false;
	}
	return true;
}

/* Codes of ncurses; KEY_NONE for those that mean nothing here. */
static key_code function_key(int code)
{
	switch (code) {
	case KEY_ENTER:
		return KEY_ENTER_;
	case KEY_BACKSPACE:
		return KEY_BACKSPACE_;
	case KEY_BTAB:
		return KEY_BACKTAB;
	case KEY_DC:
		return KEY_DELETE;
	case KEY_IC:
		return KEY_INSERT;
	case KEY_UP:
		return KEY_UP_;
	case KEY_DOWN:
		return KEY_DOWN_;
	case KEY_LEFT:
		return KEY_LEFT_;
	case KEY_RIGHT:
		return KEY_RIGHT_;
	case KEY_PPAGE:
		return KEY_PAGE_UP;
	case KEY_NPAGE:
		return KEY_PAGE_DOWN;
	case KEY_HOME:
	case KEY_FIND:
		return KEY_HOME_;
	case KEY_END:
	case KEY_SELECT:
		return KEY_END_;
	case KEY_SR:
		return KEY_SHIFT_UP;
	case KEY_SF:
		return KEY_SHIFT_DOWN;
	default:
		break;
	}
	if (code >= KEY_F(1) && code <= KEY_F(12))
		return KEY_F1_ + (key_code)(code - KEY_F(1));
	return KEY_NONE;
}

static key_code control_key(int code)
{
	if (code == 0x7f)
		return KEY_BACKSPACE_;
	return code >= 1 && code <= 26 ? key_ctrl((char)('a' + code - 1)) : KEY_NONE;
}

/* One byte of text; KEY_NONE while a character is not complete, or for one that is none. */
static key_code text_key(struct term *t, int code)
{
	if (code < 0x80 || !t->utf8) {
		t->n_partial = 0;
		return code < 0x80 ? (key_code)code : KEY_NONE;
	}
	if (code >= 0xc0) /* begins a character */
		t->n_partial = 0;
	t->partial[t->n_partial++] = (unsigned char)code;
	char text[5] = { 0 };
	memcpy(text, t->partial, t->n_partial);
	if (utf8_sequence(text, t->n_partial) != t->n_partial) {
		if (t->n_partial == sizeof(t->partial) || t->partial[0] < 0xc0)
			t->n_partial = 0;
		return KEY_NONE;
	}
	t->n_partial = 0;
	const char *p = text;
	int width;
	key_code k = chars_next(&p, &width);
	return key_is_text(k) ? k : KEY_NONE;
}

static key_code key_of(struct term *t, int code)
{
	if (code >= 0x100)
		return function_key(code);
	if (code < 0x20 || code == 0x7f)
		return control_key(code);
	return text_key(t, code);
}

bool term_key(struct term *t, struct key_event *ret)
{
	for (;;) {
		int code = next_code(t);
		if (code == ERR)
			return false;
		if (code == KEY_MOUSE) {
			if (mouse_key(t, ret))
				return true;
			continue;
		}
		key_code alt = 0, k;
		if (code == 27) {
			/* what follows at once was typed with alt */
			code = next_code(t);
			alt = KEY_ALT_BIT;
			if (code == ERR || code == 27 || code == KEY_MOUSE) {
				t->pushed_back = code;
				*ret = (struct key_event){ .code = KEY_ESC_ };
				return true;
			}
		}
		k = key_of(t, code);
		if (k != KEY_NONE) {
			*ret = (struct key_event){ .code = k | alt };
			return true;
		}
	}
}
