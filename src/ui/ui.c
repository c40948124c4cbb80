/*
 * The terminal application's loop: keys, signals, news of the run and script
 * statements come in; frames go out, at most 20 a second for news and at once
 * for keys. Nothing is drawn, and nothing wakes up, when nothing has changed.
 */
#include "ui/ui.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "core/command.h"
#include "ui/overlay.h"
#include "ui/screen_run.h"
#include "ui/ui_priv.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/hist.h"
#include "util/mem.h"

#define FRAME_NS   (50 * NS_PER_MS)
#define TICK_NS    NS_PER_S /* clocks on the screen */
#define MAX_KEYS   200      /* of one turn: a paste must not starve the rest */
#define TURN_STEPS 200      /* script statements of one turn */

struct loop {
	struct ui ui;
	struct term *term;
	struct script *script;
	char *own_theme; /* path of the viewer's own one; NULL: none */
	bool on_own_theme;
	int signals;
	uint64_t drawn_ns, tick_ns, script_ns;
	bool news, script_failed, hung_up;
	struct err script_error;
	/* LTB_UI_STATS: what frames cost, and how long a key takes to be seen. Real time. */
	const char *stats;
	struct hist frame_ns, news_ns, key_ns;
	uint64_t key_at_ns; /* when the oldest key that is not drawn yet was read; 0: none */
};

static uint64_t real_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static struct loop *loop_of(struct ui *ui)
{
	return (struct loop *)(void *)((char *)ui - offsetof(struct loop, ui));
}

/* --- going from screen to screen ----------------------------------------------------------- */

void ui_go(struct ui *ui, const struct screen_ops *ops, void *state)
{
	overlays_close(ui);
	if (ui->screen)
		ui->screen->release(ui->screen_state);
	ui->screen = ops;
	ui->screen_state = state;
	ui->search[0] = '\0';
	ui->dirty = true;
}

bool ui_close_session(struct ui *ui)
{
	struct session *s = ui->session;

	if (s && s->kind == SESSION_LIVE && !s->finished) {
		ui_message(ui, ROLE_BAD, "a run is still going on; end it first (%s)",
			ui_key_name(ui, ACTION_END_RUN));
		return false;
	}
	/* what shows it must be gone before it is */
	ui->session = NULL;
	if (s && (ui->screen == &screen_run || ui->screen == &screen_end))
		ui_go_start(ui);
	session_free(ui->host, s);
	return true;
}

void ui_go_launch(struct ui *ui, struct scenario *s)
{
	struct err err = { 0 };
	struct plan *p = plan_new(s, &err);
	struct session *session = NULL;

	if (!p)
		scenario_free(s);
	else if (!ui_close_session(ui)) {
		plan_free(p);
		scenario_free(s);
		return;
	} else
		session = session_launch(ui->host, s, p, &err);
	if (!session) {
		ui_message(ui, ROLE_BAD, "%s", err.text);
		return;
	}
	ui->session = session;
	ui_go_run(ui);
}

void ui_go_open(struct ui *ui, const char *run_dir, enum session_kind kind)
{
	struct err err = { 0 };
	struct session *session = session_open(ui->host, run_dir, kind, &err);

	if (!session) {
		ui_message(ui, ROLE_BAD, "%s", err.text);
		return;
	}
	if (!ui_close_session(ui)) {
		session_free(ui->host, session);
		return;
	}
	ui->session = session;
	if (kind == SESSION_REPLAY)
		player_pause(session->player, false);
	ui_go_run(ui);
}

/* --- actions -------------------------------------------------------------------------------- */

unsigned ui_contexts(const struct ui *ui)
{
	unsigned c = CTX_ANY;

	if (ui->overlay && !overlay_is_search(ui))
		return overlay_contexts(ui);
	c |= ui->screen->contexts;
	if (ui->screen == &screen_run && ui->session) {
		if (ui->session->kind == SESSION_REPLAY)
			c |= CTX_REPLAY;
		else if (ui->session->kind == SESSION_LIVE && !ui->session->finished)
			c |= CTX_LIVE;
	}
	return c;
}

static void save_numbered(struct ui *ui)
{
	for (int i = 1; i < 10000; i++) {
		CLEANUP_FREE char *base = xasprintf("ltb-screen-%d", i);
		CLEANUP_FREE char *txt = xasprintf("%s.txt", base);
		if (fs_exists(txt))
			continue;
		ui_save_screen(ui, base);
		return;
	}
	ui_message(ui, ROLE_BAD, "ltb-screen-1.txt to ltb-screen-9999.txt are there already");
}

static void use_theme(struct ui *ui, const char *name)
{
	struct loop *l = loop_of(ui);
	struct err err = { 0 };

	if (theme_load(&ui->theme, name, &err) < 0) {
		ui_message(ui, ROLE_BAD, "%s", err.text);
		return;
	}
	if (l->term)
		term_set_theme(l->term, &ui->theme);
	ui_message(ui, ROLE_DIM, "theme: %s", ui->theme.name);
}

/* Around all shipped ones, and the viewer's own one where there is one. */
static void use_next_theme(struct ui *ui)
{
	struct loop *l = loop_of(ui);
	const char *first = theme_next(""), *next = theme_next(ui->theme.name);

	l->on_own_theme = l->own_theme && !l->on_own_theme && strcmp(next, first) == 0;
	use_theme(ui, l->on_own_theme ? l->own_theme : next);
}

static void quit(struct ui *ui)
{
	if (ui->session && ui->session->kind == SESSION_LIVE && !ui->session->finished &&
		ui->screen != &screen_run)
		ui_go_run(ui);
	else
		ui->quit = true;
}

static void take_size(struct loop *l)
{
	int w, h;

	if (!l->term || !term_resize(l->term))
		return;
	term_size(l->term, &w, &h);
	canvas_resize(&l->ui.canvas, w, h);
}

/* The clock of a run goes on while this program stands still: the recording says so. */
static void suspend(struct ui *ui)
{
	struct loop *l = loop_of(ui);
	struct command c = { .kind = COMMAND_NOTE };
	uint64_t before = real_ns();
	bool live = ui->session && ui->session->kind == SESSION_LIVE && !ui->session->finished;

	if (!l->term)
		return;
	term_suspend(l->term);
	take_size(l);
	ui->now_ns = real_ns();
	ui->dirty = true;
	if (!live)
		return;
	snprintf(c.text, sizeof(c.text), "ltb was suspended for %.1f s: it sent and saw nothing",
		(double)(ui->now_ns - before) / NS_PER_S);
	session_command(ui->session, &c, NULL);
	ui_message(ui, ROLE_WARN, "%s", c.text);
}

bool ui_act(struct ui *ui, enum action a)
{
	struct loop *l = loop_of(ui);

	ui->dirty = true;
	if (a == ACTION_NONE)
		return false;
	if (a == ACTION_BACK && ui->search[0]) {
		ui->search[0] = '\0';
		ui->screen->search(ui, ui->screen_state, "");
		return true;
	}
	if (a != ACTION_SUSPEND && a != ACTION_REDRAW && a != ACTION_SAVE_SCREEN &&
		ui->screen->act(ui, ui->screen_state, a))
		return true;
	switch (a) {
	case ACTION_HELP:
		ui_show_help(ui);
		return true;
	case ACTION_PALETTE:
		ui_show_palette(ui);
		return true;
	case ACTION_SEARCH:
		ui_start_search(ui);
		return true;
	case ACTION_SAVE_SCREEN:
		save_numbered(ui);
		return true;
	case ACTION_THEME:
		use_next_theme(ui);
		return true;
	case ACTION_REDRAW:
		if (l->term)
			term_redraw(l->term);
		return true;
	case ACTION_SUSPEND:
		suspend(ui);
		return true;
	case ACTION_QUIT:
		quit(ui);
		return true;
	default:
		return false;
	}
}

/*
 * A key that came right behind an ESC looks like Alt and that key. When Alt
 * means nothing here, it was an ESC and a fast finger (or a program).
 */
static bool split_alt(struct ui *ui, const struct key_event *k)
{
	const struct key_event esc = { .code = KEY_ESC_ };
	const struct key_event rest = { .code = k->code & ~(key_code)KEY_ALT_BIT };

	if (k->code == KEY_MOUSE_ || !(k->code & KEY_ALT_BIT) ||
		keymap_find(&ui->keymap, k->code, ui_contexts(ui)) != ACTION_NONE)
		return false;
	ui_key(ui, &esc);
	ui_key(ui, &rest);
	return true;
}

void ui_key(struct ui *ui, const struct key_event *k)
{
	char label[24], help[24];

	ui->dirty = true;
	if (split_alt(ui, k))
		return;
	if (overlay_key(ui, k))
		return;
	if (k->code == KEY_MOUSE_) {
		ui->screen->mouse(ui, ui->screen_state, k);
		return;
	}
	enum action a = keymap_find(&ui->keymap, k->code, ui_contexts(ui));
	if (!ui_act(ui, a) && a == ACTION_NONE && k->code != KEY_ESC_)
		ui_message(ui, ROLE_DIM, "%s does nothing here; %s shows the keys",
			key_label(k->code, label, sizeof(label)),
			keymap_label(&ui->keymap, ACTION_HELP, help, sizeof(help)));
}

void ui_run_command_line(struct ui *ui, const char *text)
{
	struct command c;
	struct err err = { 0 };

	if (command_parse(text, &c, &err) < 0) {
		ui_message(ui, ROLE_BAD, "%s", err.text);
		return;
	}
	if (!ui->session) {
		ui_message(ui, ROLE_BAD, "no run is going on: launch one first");
		return;
	}
	if (session_command(ui->session, &c, &err) < 0)
		ui_message(ui, ROLE_BAD, "%s", err.text);
}

/* --- signals --------------------------------------------------------------------------------- */

static int open_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP,
		SIGCONT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&set, signals[i]);
	/* before the first thread starts, so that all inherit it */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void stop_for_signal(struct ui *ui, int signo)
{
	struct session *s = ui->session;

	if (!s || s->kind != SESSION_LIVE || s->finished) {
		ui->quit = true;
		if (signo != SIGINT)
			ui->exit_code = EXIT_SIGNAL + signo;
		return;
	}
	if (ui->screen != &screen_run)
		ui_go_run(ui);
	struct run_screen *r = ui->screen_state;
	r->quit_when_done = true;
	s->quit_signals++;
	run_interrupt(s->run, signo);
	ui_message(ui, ROLE_WARN, "%s: stopping%s", strsignal(signo),
		s->quit_signals > 1 ? " at once" : "; again to stop at once");
}

static void handle_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		l->ui.dirty = true;
		switch ((int)info.ssi_signo) {
		case SIGWINCH:
			take_size(l);
			break;
		case SIGTSTP:
			suspend(&l->ui);
			break;
		case SIGCONT:
			if (l->term)
				term_redraw(l->term);
			break;
		default:
			stop_for_signal(&l->ui, (int)info.ssi_signo);
			break;
		}
	}
}

/* --- one turn ----------------------------------------------------------------------------------
 */

static bool clock_runs(const struct ui *ui)
{
	return ui->session && ui->screen == &screen_run && ui->session->kind != SESSION_REPLAY &&
	       !ui->session->finished && !ui->session->snapshot->model.ended;
}

/* When something is to be done although nothing comes in; UINT64_MAX: never. */
static uint64_t next_time(const struct loop *l)
{
	const struct ui *ui = &l->ui;
	uint64_t at = UINT64_MAX;

	if (ui->dirty || l->news)
		at = l->drawn_ns + FRAME_NS;
	if (ui->message[0])
		at = MIN(at, ui->message_until_ns);
	if (clock_runs(ui))
		at = MIN(at, l->tick_ns + TICK_NS);
	if (l->script)
		at = MIN(at, l->script_ns);
	return at;
}

static void wait_for_something(struct loop *l)
{
	struct pollfd fds[4] = { { .fd = l->signals, .events = POLLIN } };
	nfds_t n = 1;
	int session[2];
	uint64_t at = next_time(l), now = real_ns();
	uint64_t left = at > now ? at - now : 0;
	const struct timespec timeout = {
		.tv_sec = (time_t)(left / NS_PER_S),
		.tv_nsec = (long)(left % NS_PER_S),
	};

	if (l->term && !l->hung_up)
		fds[n++] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	/* news that is waiting to be drawn need not wake again */
	int n_session = l->ui.session && !l->news ? session_fds(l->ui.session, session) : 0;
	for (int i = 0; i < n_session; i++)
		fds[n++] = (struct pollfd){ .fd = session[i], .events = POLLIN };
	if (ppoll(fds, n, at == UINT64_MAX ? NULL : &timeout, NULL) < 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		if (!fds[i].revents)
			continue;
		if (fds[i].fd == STDIN_FILENO && (fds[i].revents & (POLLHUP | POLLERR))) {
			l->hung_up = true; /* the terminal is gone, and says so for ever */
			stop_for_signal(&l->ui, SIGHUP);
		} else if (fds[i].fd != STDIN_FILENO && fds[i].fd != l->signals)
			l->news = true;
	}
}

static void take_keys(struct loop *l)
{
	struct key_event k;

	for (int i = 0; l->term && i < MAX_KEYS && !l->ui.quit && term_key(l->term, &k); i++) {
		if (l->key_at_ns == 0)
			l->key_at_ns = real_ns();
		ui_key(&l->ui, &k);
	}
	/* a screen without a run has no other news than that somebody looks at it */
	if (l->ui.dirty && !l->ui.session && !l->ui.quit)
		l->ui.screen->news(&l->ui, l->ui.screen_state);
}

static void take_news(struct loop *l)
{
	struct ui *ui = &l->ui;

	if (!ui->session)
		return;
	bool was_finished = ui->session->finished;
	uint64_t start = real_ns();
	bool fresh = session_update(ui->session);

	if (!fresh && was_finished == ui->session->finished)
		return;
	ui->dirty = true;
	ui->screen->news(ui, ui->screen_state);
	overlays_news(ui);
	if (l->stats)
		hist_record(&l->news_ns, real_ns() - start);
}

static void draw(struct loop *l)
{
	uint64_t start = real_ns();

	ui_draw(&l->ui);
	if (l->term)
		term_draw(l->term, &l->ui.canvas);
	l->ui.dirty = false;
	l->drawn_ns = l->ui.now_ns;
	if (!l->stats)
		return;
	uint64_t end = real_ns();
	hist_record(&l->frame_ns, end - start);
	if (l->key_at_ns)
		hist_record(&l->key_ns, end - l->key_at_ns);
	l->key_at_ns = 0;
}

/* A script without a terminal leaves when it is through; with one, a person goes on. */
static void end_script(struct loop *l)
{
	struct ui *ui = &l->ui;

	script_free(TAKE_PTR(l->script));
	if (!ui->headless && !l->script_failed)
		return;
	if (ui->session && ui->session->kind == SESSION_LIVE && !ui->session->finished)
		stop_for_signal(ui, SIGINT);
	else
		ui->quit = true;
}

static void run_script(struct loop *l)
{
	struct script_turn turn;

	for (int i = 0; l->script && i < TURN_STEPS && !l->ui.quit; i++) {
		if (l->ui.dirty)
			draw(l); /* a script sees what a person would see */
		script_step(l->script, &l->ui, &turn);
		switch (turn.what) {
		case SCRIPT_KEY:
			ui_key(&l->ui, &turn.key);
			break;
		case SCRIPT_GOES_ON:
			break;
		case SCRIPT_WAITS:
			l->script_ns = turn.until_ns;
			return;
		case SCRIPT_FAILED:
			l->script_failed = true;
			l->script_error = turn.err;
			end_script(l);
			return;
		case SCRIPT_ENDED:
			end_script(l);
			return;
		}
	}
}

static void turn(struct loop *l)
{
	struct ui *ui = &l->ui;

	wait_for_something(l);
	ui->now_ns = real_ns();
	handle_signals(l);
	take_keys(l);
	bool by_key = ui->dirty;

	if (clock_runs(ui) && ui->now_ns >= l->tick_ns + TICK_NS) {
		l->tick_ns = ui->now_ns;
		ui->dirty = true;
	}
	if (ui->message[0] && ui->now_ns >= ui->message_until_ns)
		ui->dirty = true;
	if (l->news && (by_key || ui->now_ns >= l->drawn_ns + FRAME_NS)) {
		l->news = false;
		take_news(l);
	}
	if (ui->dirty && (by_key || ui->now_ns >= l->drawn_ns + FRAME_NS))
		draw(l);
	if (l->script && ui->now_ns >= l->script_ns)
		run_script(l);
}

/* --- starting and ending ---------------------------------------------------------------------- */

static int load_settings(struct loop *l, struct err *err)
{
	const struct ui_options *opt = l->ui.opt;
	CLEANUP_FREE char *keys = fs_join(opt->host->config_dir, "keys.yaml");
	CLEANUP_FREE char *theme = fs_join(opt->host->config_dir, "theme.yaml");
	CLEANUP_FREE char *layouts = fs_join(opt->host->config_dir, "layouts.yaml");
	const char *use_keys = opt->keys ? opt->keys : fs_exists(keys) ? keys : NULL;
	const char *use_theme = opt->theme ? opt->theme : fs_exists(theme) ? theme : "default";

	keymap_defaults(&l->ui.keymap);
	layouts_defaults(&l->ui.layouts);
	if (fs_exists(layouts) && layouts_load(&l->ui.layouts, layouts, err) < 0)
		return -1;
	if (use_keys && keymap_load(&l->ui.keymap, use_keys, err) < 0)
		return -1;
	if (theme_load(&l->ui.theme, use_theme, err) < 0)
		return -1;
	l->on_own_theme = theme_is_path(use_theme);
	if (l->on_own_theme)
		l->own_theme = xstrdup(use_theme);
	if (opt->script) {
		l->script = script_load(opt->script, err);
		if (!l->script)
			return -1;
	}
	return 0;
}

static int open_screen(struct loop *l, struct err *err)
{
	struct ui *ui = &l->ui;
	int w = 120, h = 36;

	ui->headless = l->script && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
	if (ui->headless) {
		script_size(l->script, &w, &h);
		ui->glyphs = ui->opt->ascii ? &glyphs_ascii : &glyphs_utf8;
	} else {
		const struct term_options opt = { .color = ui->opt->color,
			.mouse = ui->opt->mouse };
		l->term = term_open(&opt, err);
		if (!l->term)
			return -1;
		term_set_theme(l->term, &ui->theme);
		term_size(l->term, &w, &h);
		ui->glyphs =
			term_is_utf8(l->term) && !ui->opt->ascii ? &glyphs_utf8 : &glyphs_ascii;
	}
	canvas_init(&ui->canvas, w, h, ui->glyphs);
	return 0;
}

/* The first screen. What cannot be opened at all is an error of the command line. */
static int open_first(struct ui *ui, struct err *err)
{
	const struct ui_options *opt = ui->opt;
	struct plan *p;

	switch (opt->start) {
	case UI_START_SCREEN:
		ui_go_start(ui);
		return 0;
	case UI_START_LAUNCH:
		p = plan_new(opt->scenario, err);
		if (!p) {
			scenario_free(opt->scenario);
			return -1;
		}
		ui->session = session_launch(ui->host, opt->scenario, p, err);
		break;
	case UI_START_REPLAY:
	case UI_START_WATCH:
		ui->session = session_open(ui->host, opt->run_dir,
			opt->start == UI_START_WATCH ? SESSION_WATCH : SESSION_REPLAY, err);
		if (ui->session && opt->start == UI_START_REPLAY)
			player_pause(ui->session->player, false);
		break;
	}
	if (!ui->session)
		return -1;
	ui_go_run(ui);
	return 0;
}

static void close_all(struct loop *l)
{
	struct ui *ui = &l->ui;

	overlays_close(ui);
	if (ui->screen)
		ui->screen->release(ui->screen_state);
	ui->screen = NULL;
	if (ui->session)
		session_finish(ui->session); /* it has been interrupted before */
	session_free(ui->host, ui->session);
	term_close(l->term);
	script_free(l->script);
	if (l->signals >= 0)
		close(l->signals);
}

static void stats_line(FILE *f, const char *what, const struct hist *h)
{
	fprintf(f, "%s %llu %.3f %.3f %.3f\n", what, (unsigned long long)h->count,
		(double)hist_quantile(h, 0.5) / NS_PER_MS,
		(double)hist_quantile(h, 0.99) / NS_PER_MS, (double)h->max / NS_PER_MS);
}

static void write_stats(struct loop *l)
{
	FILE *f = l->stats ? fopen(l->stats, "we") : NULL;

	if (f) {
		fputs("# what count p50 p99 max (ms)\n", f);
		stats_line(f, "frame", &l->frame_ns);
		stats_line(f, "news", &l->news_ns);
		stats_line(f, "key", &l->key_ns);
		fclose(f);
	}
	hist_release(&l->frame_ns);
	hist_release(&l->news_ns);
	hist_release(&l->key_ns);
}

static int report_script(struct loop *l, struct err *err)
{
	CLEANUP_STRBUF struct strbuf screen = { 0 };

	if (!l->script_failed)
		return l->ui.exit_code;
	canvas_to_text(&l->ui.canvas, &screen);
	fprintf(stderr, "%s", strbuf_str(&screen));
	*err = l->script_error;
	return EXIT_FAIL;
}

int ui_main(const struct ui_options *opt, struct err *err)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct ui *ui = &l->ui;
	int status = -1;

	ui->opt = opt;
	ui->host = opt->host;
	ui->now_ns = l->tick_ns = real_ns();
	ui->dirty = true;
	ui->canvas.cursor_x = ui->canvas.cursor_y = -1;
	l->signals = -1;
	l->stats = getenv("LTB_UI_STATS");
	hist_init(&l->frame_ns);
	hist_init(&l->news_ns);
	hist_init(&l->key_ns);
	if (load_settings(l, err) == 0) {
		l->signals = open_signals();
		if (l->signals < 0)
			err_errno(err, ERR_ENV, "signalfd");
		else if (open_screen(l, err) == 0 && open_first(ui, err) == 0)
			status = 0;
	} else if (opt->start == UI_START_LAUNCH) {
		scenario_free(opt->scenario);
	}
	if (status == 0) {
		draw(l);
		while (!ui->quit)
			turn(l);
	}
	close_all(l);
	if (status == 0)
		status = report_script(l, err);
	write_stats(l);
	canvas_release(&ui->canvas);
	free(l->own_theme);
	free(l);
	return status;
}
