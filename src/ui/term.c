/*
 * The real terminal; see term.h. Colours and keys are ncurses' business; what
 * gives the terminal back after a crash is prepared beforehand, as a handler
 * may do no more than write() and tcsetattr().
 */
#include "ui/term.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "util/mem.h"

#define ESC_MS    25
#define MAX_PAIRS 256

struct terminal {
	SCREEN *screen;
	bool color, mouse, utf8;
	int w, h;
	struct theme theme;
	/* per role: how it looks here */
	attr_t attrs[ROLE_COUNT];
	short pairs[ROLE_COUNT];
	struct cell *shown; /* what is on the screen, w x h; role ROLE_COUNT: unknown */
};

/* --- after a crash: async-signal-safe --------------------------------------------------- */

static struct {
	volatile sig_atomic_t active;
	struct termios before;
	char bytes[512];
	size_t len;
} rescue;

static void restore_now(void)
{
	if (!rescue.active)
		return;
	rescue.active = 0;
	ssize_t unused = write(STDOUT_FILENO, rescue.bytes, rescue.len);
	(void)unused;
	tcsetattr(STDOUT_FILENO, TCSANOW, &rescue.before);
}

static void on_crash(int signo)
{
	int saved = errno;

	restore_now();
	errno = saved;
	/* SA_RESETHAND has put the default back: this ends the program as it should */
	raise(signo);
}

static void add_rescue(const char *capability)
{
	const char *s = tigetstr((char *)(uintptr_t)capability); /* curses does not change it */

	if (!s || s == (const char *)-1)
		return;
	size_t n = strlen(s);
	if (rescue.len + n > sizeof(rescue.bytes))
		return;
	memcpy(rescue.bytes + rescue.len, s, n);
	rescue.len += n;
}

static void prepare_rescue(bool mouse)
{
	static const int signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };
	static char stack[32768];
	static const char mouse_off[] = "\033[?1000l\033[?1002l\033[?1006l";
	static bool registered;

	rescue.len = 0;
	if (mouse) {
		memcpy(rescue.bytes, mouse_off, sizeof(mouse_off) - 1);
		rescue.len = sizeof(mouse_off) - 1;
	}
	add_rescue("sgr0");
	add_rescue("cnorm");
	add_rescue("rmkx");
	add_rescue("rmcup");
	rescue.active = 1;
	if (registered)
		return;
	registered = true;
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	sigaltstack(&alternate, NULL);
	struct sigaction sa = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_ONSTACK };
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &sa, NULL);
	atexit(restore_now);
}

/* --- colours ------------------------------------------------------------------------------ */

/* The nearest of the 8 or 16 colours to one of the 256. */
static short fewer_colors(short color, int colors)
{
	static const unsigned char levels[6] = { 0, 95, 135, 175, 215, 255 };
	int r, g, b;

	if (color < 0 || color < colors)
		return color;
	if (color < 16)
		return (short)(color - 8); /* the plain one instead of the bright one */
	if (color < 232) {
		int c = color - 16;
		r = levels[c / 36];
		g = levels[c / 6 % 6];
		b = levels[c % 6];
	} else {
		r = g = b = 8 + 10 * (color - 232);
	}
	int low = colors >= 16 ? 100 : 128;
	short plain = (short)((r >= low) | (g >= low) << 1 | (b >= low) << 2);
	bool bright = colors >= 16 && (r > 200 || g > 200 || b > 200);
	return (short)(plain + (bright ? 8 : 0));
}

static attr_t attributes(const struct style *s)
{
	attr_t a = A_NORMAL;

	if (s->bold)
		a |= A_BOLD;
	if (s->dim)
		a |= A_DIM;
	if (s->underline)
		a |= A_UNDERLINE;
	if (s->reverse)
		a |= A_REVERSE;
#ifdef A_ITALIC
	if (s->italic)
		a |= A_ITALIC;
#endif
	return a;
}

void term_set_theme(struct terminal *t, const struct theme *theme)
{
	int colors = term_colors(t);

	t->theme = *theme;
	for (int i = 0; i < ROLE_COUNT; i++) {
		const struct style *s = &theme->styles[i];
		t->attrs[i] = attributes(s);
		t->pairs[i] = 0;
		if (colors == 0) {
			/* without colours a background is all that tells a match from the rest */
			if (s->bg >= 0)
				t->attrs[i] |= A_REVERSE;
			continue;
		}
		short fg = fewer_colors(s->fg, colors), bg = fewer_colors(s->bg, colors);
		if ((fg >= 0 || bg >= 0) && i + 1 < COLOR_PAIRS &&
			init_pair((short)(i + 1), fg, bg) == OK)
			t->pairs[i] = (short)(i + 1);
	}
	term_redraw(t);
}

int term_colors(const struct terminal *t)
{
	if (!t->color)
		return 0;
	return COLORS >= 256 ? 256 : COLORS >= 16 ? 16 : COLORS >= 8 ? 8 : 0;
}

/* --- opening and closing -------------------------------------------------------------------- */

#define INSTEAD "; use `ltb --batch PRESET' instead"

static int refuse(struct err *err)
{
	const char *name = getenv("TERM");
	int known = 0;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(err, ERR_ENV,
			"the terminal application needs a terminal (standard %s is none)" INSTEAD,
			isatty(STDIN_FILENO) ? "output" : "input");
	if (!name || !*name || strcmp(name, "dumb") == 0)
		return err_set(err, ERR_ENV,
			"the terminal application needs a terminal that can move its cursor (TERM "
			"is %s)" INSTEAD,
			name && *name ? name : "not set");
	/* newterm() would do, but does not say why it fails */
	if (setupterm((char *)(uintptr_t)name, STDOUT_FILENO, &known) != OK)
		return err_set(err, ERR_ENV,
			"TERM is \"%s\", which this machine's terminfo does not know; try "
			"TERM=xterm-256color, or install ncurses-term" INSTEAD,
			name);
	const char *move = tigetstr("cup");
	if (!move || move == (const char *)-1)
		return err_set(err, ERR_ENV,
			"the terminal application needs a terminal that can move its cursor (TERM "
			"is %s)" INSTEAD,
			name);
	return 0;
}

static void take_size(struct terminal *t)
{
	struct winsize ws = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 && ws.ws_row > 0 &&
		(ws.ws_col != COLS || ws.ws_row != LINES))
		resizeterm(ws.ws_row, ws.ws_col);
	t->w = COLS;
	t->h = LINES;
	free(t->shown);
	t->shown = xcalloc((size_t)t->w * (size_t)t->h, sizeof(*t->shown));
	term_redraw(t);
}

static void set_modes(struct terminal *t)
{
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	scrollok(stdscr, FALSE);
	idlok(stdscr, FALSE);
	curs_set(0);
	set_escdelay(ESC_MS);
	if (t->mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED |
				  BUTTON4_PRESSED | BUTTON5_PRESSED,
			NULL);
		mouseinterval(0);
	}
}

struct terminal *term_open(const struct term_options *opt, struct err *err)
{
	if (refuse(err) < 0)
		return NULL;
	if (tcgetattr(STDOUT_FILENO, &rescue.before) < 0) {
		err_errno(err, ERR_ENV, "the terminal's settings cannot be read");
		return NULL;
	}
	struct terminal *t = xcalloc(1, sizeof(*t));
	/* the application has signals of its own for these */
	use_tioctl(TRUE);
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen) {
		free(t);
		err_set(err, ERR_ENV, "the terminal (TERM=%s) cannot be used" INSTEAD,
			getenv("TERM"));
		return NULL;
	}
	set_term(t->screen);
	t->mouse = opt->mouse;
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->color = opt->color && has_colors();
	if (t->color) {
		start_color();
		use_default_colors();
	}
	set_modes(t);
	prepare_rescue(t->mouse);
	take_size(t);
	return t;
}

void term_close(struct terminal *t)
{
	if (!t)
		return;
	endwin();
	rescue.active = 0;
	delscreen(t->screen);
	free(t->shown);
	free(t);
}

void term_size(const struct terminal *t, int *ret_w, int *ret_h)
{
	*ret_w = t->w;
	*ret_h = t->h;
}

bool term_is_utf8(const struct terminal *t)
{
	return t->utf8;
}

bool term_resize(struct terminal *t)
{
	int w = t->w, h = t->h;

	take_size(t);
	return w != t->w || h != t->h;
}

void term_suspend(struct terminal *t)
{
	endwin();
	rescue.active = 0;
	fflush(stdout);
	raise(SIGSTOP);
	/* here again after fg */
	rescue.active = 1;
	refresh();
	set_modes(t);
	take_size(t);
	clearok(curscr, TRUE);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static key_code special_key(wint_t c)
{
	static const struct {
		wint_t curses;
		key_code ours;
	} map[] = {
		{ KEY_UP, KEY_UP_ },
		{ KEY_DOWN, KEY_DOWN_ },
		{ KEY_LEFT, KEY_LEFT_ },
		{ KEY_RIGHT, KEY_RIGHT_ },
		{ KEY_PPAGE, KEY_PAGE_UP },
		{ KEY_NPAGE, KEY_PAGE_DOWN },
		{ KEY_HOME, KEY_HOME_ },
		{ KEY_FIND, KEY_HOME_ },
		{ KEY_END, KEY_END_ },
		{ KEY_SELECT, KEY_END_ },
		{ KEY_IC, KEY_INSERT },
		{ KEY_DC, KEY_DELETE },
		{ KEY_BACKSPACE, KEY_BACKSPACE_ },
		{ KEY_ENTER, KEY_ENTER_ },
		{ KEY_BTAB, KEY_BACKTAB },
		{ KEY_SR, KEY_SHIFT_UP },
		{ KEY_SF, KEY_SHIFT_DOWN },
		{ KEY_RESIZE, KEY_RESIZE_ },
	};

	for (size_t i = 0; i < ARRAY_LEN(map); i++) {
		if (map[i].curses == c)
			return map[i].ours;
	}
	if (c >= KEY_F(1) && c <= KEY_F(12))
		return KEY_F1_ + (c - KEY_F(1));
	return KEY_NONE;
}

static key_code plain_key(wint_t c)
{
	if (c == '\r' || c == '\n')
		return KEY_ENTER_;
	if (c == '\t')
		return KEY_TAB_;
	if (c == 27)
		return KEY_ESC_;
	if (c == 127 || c == 8)
		return KEY_BACKSPACE_;
	if (c >= 1 && c <= 26)
		return key_ctrl((char)('a' + c - 1));
	return c < 32 ? KEY_NONE : (key_code)c;
}

static bool mouse_key(struct key_event *ret)
{
	MEVENT m;

	if (getmouse(&m) != OK)
		return false;
	*ret = (struct key_event){ .code = KEY_MOUSE_, .x = m.x, .y = m.y };
	if (m.bstate & BUTTON4_PRESSED)
		ret->mouse = MOUSE_WHEEL_UP;
	else if (m.bstate & BUTTON5_PRESSED)
		ret->mouse = MOUSE_WHEEL_DOWN;
	else if (m.bstate & BUTTON1_DOUBLE_CLICKED)
		ret->mouse = MOUSE_DOUBLE;
	else if (m.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
		ret->mouse = MOUSE_PRESS;
	else
		return false;
	return true;
}

bool term_key(struct terminal *t, struct key_event *ret)
{
	wint_t c;

	(void)t;
	for (;;) {
		int rc = get_wch(&c);
		if (rc == ERR)
			return false;
		if (rc == KEY_CODE_YES && c == KEY_MOUSE) {
			if (mouse_key(ret))
				return true;
			continue;
		}
		key_code k = rc == KEY_CODE_YES ? special_key(c) : plain_key(c);
		if (k == KEY_ESC_) {
			/* an escape with something right behind it is Alt */
			wint_t next;
			rc = get_wch(&next);
			if (rc != ERR) {
				key_code with =
					rc == KEY_CODE_YES ? special_key(next) : plain_key(next);
				k = with == KEY_NONE || with == KEY_ESC_ ? KEY_ESC_
									 : with | KEY_ALT_BIT;
			}
		}
		/* a change of size comes as a signal; what is no key is left out */
		if (k == KEY_NONE || k == KEY_RESIZE_)
			continue;
		*ret = (struct key_event){ .code = k };
		return true;
	}
}

/* --- drawing
 * -------------------------------------------------------------------------------------- */

static bool same(const struct cell *a, const struct cell *b)
{
	return a->ch == b->ch && a->role == b->role && a->reverse == b->reverse;
}

static void put(const struct terminal *t, int x, int y, const struct cell *c)
{
	wchar_t text[2] = { (wchar_t)(c->ch ? c->ch : ' '), L'\0' };
	int role = c->role < ROLE_COUNT ? c->role : ROLE_NORMAL;
	attr_t attrs = t->attrs[role] ^ (c->reverse ? A_REVERSE : 0);
	cchar_t cc;

	/* a locale that has no such character shows it as a question mark */
	if (!t->utf8 && c->ch > 126)
		text[0] = L'?';
	if (setcchar(&cc, text, attrs, t->pairs[role], NULL) == OK)
		mvadd_wch(y, x, &cc);
}

void term_draw(struct terminal *t, const struct canvas *c)
{
	int w = MIN(t->w, c->w), h = MIN(t->h, c->h);

	for (int y = 0; y < h; y++) {
		const struct cell *row = &c->cells[(size_t)y * (size_t)c->w];
		struct cell *shown = &t->shown[(size_t)y * (size_t)t->w];
		for (int x = 0; x < w; x++) {
			bool wide = x + 1 < w && row[x + 1].ch == 0;
			if (same(&row[x], &shown[x]) && (!wide || same(&row[x + 1], &shown[x + 1])))
				continue;
			shown[x] = row[x];
			if (row[x].ch != 0)
				put(t, x, y, &row[x]);
		}
	}
	if (c->cursor_x >= 0 && c->cursor_x < t->w && c->cursor_y >= 0 && c->cursor_y < t->h) {
		curs_set(1);
		move(c->cursor_y, c->cursor_x);
	} else {
		curs_set(0);
		move(MAX(0, t->h - 1), 0);
	}
	refresh();
}

void term_redraw(struct terminal *t)
{
	erase();
	clearok(curscr, TRUE);
	for (size_t i = 0; t->shown && i < (size_t)t->w * (size_t)t->h; i++)
		t->shown[i] = (struct cell){ .ch = ' ', .role = ROLE_COUNT };
}
