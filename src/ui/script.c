/*
 * `--script FILE`: keys, actions and commands, one a line, with waiting for
 * what the screen shows. For tests, demonstrations and the pictures in the
 * manual. The file is read and checked whole before anything starts.
 */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "core/command.h"
#include "ui/ui_priv.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/nearest.h"
#include "util/units.h"
#include "util/utf8.h"

#define SCRIPT_MAX_BYTES ((size_t)1024 * 1024)
#define DEFAULT_WAIT_NS  (60 * NS_PER_S)
#define MAX_COLUMNS      1000
#define MAX_ROWS         500
#define POLL_NS          (20 * NS_PER_MS)

enum statement_kind {
	ST_SIZE,
	ST_KEY,
	ST_TYPE,
	ST_DO,
	ST_COMMAND,
	ST_WAIT,
	ST_WAIT_GONE,
	ST_EXPECT,
	ST_REJECT,
	ST_SAVE,
	ST_SLEEP,
	ST_TIMEOUT,
};

static const char *const kinds[] = {
	[ST_SIZE] = "size",
	[ST_KEY] = "key",
	[ST_TYPE] = "type",
	[ST_DO] = "do",
	[ST_COMMAND] = "command",
	[ST_WAIT] = "wait",
	[ST_WAIT_GONE] = "wait-gone",
	[ST_EXPECT] = "expect",
	[ST_REJECT] = "reject",
	[ST_SAVE] = "save",
	[ST_SLEEP] = "sleep",
	[ST_TIMEOUT] = "timeout",
};

struct statement {
	enum statement_kind kind;
	int line;
	char *text; /* what follows the word */
	bool is_regex;
	regex_t regex;
	VEC(key_code) keys;
	enum action action;
	uint64_t ns;
	int w, h;
};

struct script {
	char *path;
	VEC(struct statement) statements;
	size_t at;         /* the next one */
	size_t key;        /* the next key of it */
	uint64_t since_ns; /* when its waiting began; 0: not yet */
	uint64_t timeout_ns;
};

/* --- reading --------------------------------------------------------------------------- */

static int fail(const struct script *s, int line, struct err *err, const char *what)
{
	return err_set(err, ERR_USAGE, "%s:%d: %s", s->path, line, what);
}

static int read_keys(struct script *s, struct statement *st, struct err *err)
{
	char *word, *rest = NULL;
	CLEANUP_FREE char *copy = xstrdup(st->text);

	for (word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		key_code k = key_parse(word);
		if (k == KEY_NONE)
			return err_set(
				err, ERR_USAGE, "%s:%d: \"%s\" is no key", s->path, st->line, word);
		vec_push(&st->keys, k);
	}
	return st->keys.len ? 0 : fail(s, st->line, err, "key needs the name of a key");
}

static uint32_t decode(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t ch = u[0] & masks[n];

	for (size_t i = 1; i < n; i++)
		ch = ch << 6 | (u[i] & 0x3f);
	return ch;
}

static void read_type(struct statement *st)
{
	size_t len = strlen(st->text);

	for (size_t i = 0, n; i < len && (n = utf8_sequence(st->text + i, len - i)); i += n)
		vec_push(&st->keys, decode(st->text + i, n));
}

static int read_action(struct script *s, struct statement *st, struct err *err)
{
	const char *names[ACTION_COUNT] = { NULL };

	st->action = action_by_name(st->text);
	if (st->action != ACTION_NONE)
		return 0;
	for (int a = 1; a < ACTION_COUNT; a++)
		names[a - 1] = action_info((enum action)a)->name;
	const char *near = nearest_name(st->text, names);
	return err_set(err, ERR_USAGE, "%s:%d: there is no action \"%s\"%s%s%s", s->path, st->line,
		st->text, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int read_pattern(struct script *s, struct statement *st, struct err *err)
{
	size_t len = strlen(st->text);

	if (len == 0)
		return fail(s, st->line, err, "a text to look for is needed");
	const char *end = strrchr(st->text, '/');

	/* "/regexp/ 60s": nobody means that as a text */
	if (st->text[0] == '/' && end > st->text + 1 && (end[1] == ' ' || end[1] == '\t'))
		return fail(s, st->line, err,
			"nothing can follow /regexp/; a statement \"timeout\" before it says how "
			"long to wait");
	if (len < 3 || st->text[0] != '/' || st->text[len - 1] != '/')
		return 0;
	CLEANUP_FREE char *inside = xstrndup(st->text + 1, len - 2);
	int rc = regcomp(&st->regex, inside, REG_EXTENDED | REG_NOSUB);

	if (rc != 0) {
		char why[120];
		regerror(rc, &st->regex, why, sizeof(why));
		return err_set(err, ERR_USAGE, "%s:%d: %s: %s", s->path, st->line, st->text, why);
	}
	st->is_regex = true;
	return 0;
}

static int read_size(struct script *s, struct statement *st, struct err *err)
{
	size_t n = strcspn(st->text, " \t");
	CLEANUP_FREE char *columns = xstrndup(st->text, n);
	uint64_t w, h;

	if (units_parse_u64(columns, &w, NULL) < 0 ||
		units_parse_u64(st->text + n + strspn(st->text + n, " \t"), &h, NULL) < 0 ||
		w < 1 || h < 1 || w > MAX_COLUMNS || h > MAX_ROWS)
		return err_set(err, ERR_USAGE,
			"%s:%d: expected size COLUMNS ROWS, at most %d and %d", s->path, st->line,
			MAX_COLUMNS, MAX_ROWS);
	st->w = (int)w;
	st->h = (int)h;
	return 0;
}

static int read_rest(struct script *s, struct statement *st, struct err *err)
{
	struct command c;

	switch (st->kind) {
	case ST_SIZE:
		return read_size(s, st, err);
	case ST_KEY:
		return read_keys(s, st, err);
	case ST_TYPE:
		read_type(st);
		return 0;
	case ST_DO:
		return read_action(s, st, err);
	case ST_COMMAND:
		if (command_parse(st->text, &c, err) < 0)
			return err_prefix(err, "%s:%d", s->path, st->line);
		return 0;
	case ST_WAIT:
	case ST_WAIT_GONE:
	case ST_EXPECT:
	case ST_REJECT:
		return read_pattern(s, st, err);
	case ST_SAVE:
		return *st->text ? 0 : fail(s, st->line, err, "save needs a path");
	case ST_SLEEP:
	case ST_TIMEOUT:
		if (units_parse_duration(st->text, &st->ns, err) < 0)
			return err_prefix(err, "%s:%d", s->path, st->line);
		return 0;
	}
	return 0;
}

static int read_line(struct script *s, char *line, int number, struct err *err)
{
	line += strspn(line, " \t");
	size_t end = strlen(line);
	while (end > 0 && strchr(" \t\r", line[end - 1]))
		line[--end] = '\0';
	if (!*line || *line == '#')
		return 0;

	size_t n = strcspn(line, " \t");
	struct statement st = { .line = number };
	const char *names[ARRAY_LEN(kinds) + 1] = { NULL };
	CLEANUP_FREE char *word = xstrndup(line, n);
	size_t kind = 0;

	while (kind < ARRAY_LEN(kinds) && strcmp(kinds[kind], word) != 0)
		kind++;
	if (kind == ARRAY_LEN(kinds)) {
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			names[i] = kinds[i];
		const char *near = nearest_name(word, names);
		return err_set(err, ERR_USAGE, "%s:%d: unknown statement \"%s\"%s%s%s", s->path,
			number, word, near ? "; did you mean \"" : "", near ? near : "",
			near ? "\"?" : "");
	}
	st.kind = (enum statement_kind)kind;
	line += n;
	st.text = xstrdup(line + strspn(line, " \t"));
	vec_push(&s->statements, st);
	return read_rest(s, &s->statements.items[s->statements.len - 1], err);
}

struct script *script_parse(const char *name, const char *text, size_t len, struct err *err)
{
	struct script *s = xcalloc(1, sizeof(*s));
	CLEANUP_FREE char *copy = xstrndup(text, len);
	int number = 1;

	s->path = xstrdup(name);
	s->timeout_ns = DEFAULT_WAIT_NS;
	if (!utf8_valid(text, len) || memchr(text, 0, len)) {
		err_set(err, ERR_USAGE, "%s: this is no text", name);
		script_free(s);
		return NULL;
	}
	for (char *line = copy; line && *line; number++) {
		char *end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (read_line(s, line, number, err) < 0) {
			script_free(s);
			return NULL;
		}
		line = end ? end + 1 : NULL;
	}
	return s;
}

struct script *script_load(const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (fs_read(path, SCRIPT_MAX_BYTES, &text, err) < 0) {
		if (err)
			err->code = ERR_USAGE;
		return NULL;
	}
	return script_parse(
		strcmp(path, "-") == 0 ? "script" : path, strbuf_str(&text), text.len, err);
}

void script_free(struct script *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->statements.len; i++) {
		struct statement *st = &s->statements.items[i];
		if (st->is_regex)
			regfree(&st->regex);
		vec_free(&st->keys);
		free(st->text);
	}
	vec_free(&s->statements);
	free(s->path);
	free(s);
}

void script_size(const struct script *s, int *ret_w, int *ret_h)
{
	*ret_w = 120;
	*ret_h = 36;
	if (s->statements.len > 0 && s->statements.items[0].kind == ST_SIZE) {
		*ret_w = s->statements.items[0].w;
		*ret_h = s->statements.items[0].h;
	}
}

/* --- doing ------------------------------------------------------------------------------ */

static bool on_screen(const struct statement *st, const struct strbuf *screen)
{
	if (!st->is_regex)
		return strstr(strbuf_str(screen), st->text) != NULL;
	/* by line, so that ^ and $ mean what they say */
	for (const char *line = strbuf_str(screen); *line;) {
		size_t n = strcspn(line, "\n");
		CLEANUP_FREE char *copy = xstrndup(line, n);
		if (regexec(&st->regex, copy, 0, NULL, 0) == 0)
			return true;
		line += n + (line[n] == '\n');
	}
	return false;
}

static void failed(const struct script *s, const struct statement *st, const char *what,
	struct script_turn *ret)
{
	ret->what = SCRIPT_FAILED;
	err_set(&ret->err, ERR_TIMEOUT, "%s:%d: %s: %s", s->path, st->line, what, st->text);
}

static void look(struct script *s, struct ui *ui, struct statement *st, struct script_turn *ret)
{
	CLEANUP_STRBUF struct strbuf screen = { 0 };
	bool want = st->kind == ST_WAIT || st->kind == ST_EXPECT;
	bool waits = st->kind == ST_WAIT || st->kind == ST_WAIT_GONE;

	canvas_to_text(&ui->canvas, &screen);
	ret->what = SCRIPT_GOES_ON;
	if (on_screen(st, &screen) == want) {
		s->at++;
		s->since_ns = 0;
		return;
	}
	if (!waits || ui->now_ns - s->since_ns >= s->timeout_ns) {
		failed(s, st,
			waits  ? "waited in vain"
			: want ? "this is not on the screen"
			       : "this is on the screen",
			ret);
		return;
	}
	ret->what = SCRIPT_WAITS;
	ret->until_ns = ui->now_ns + POLL_NS;
}

static void give_key(struct script *s, const struct statement *st, struct script_turn *ret)
{
	if (s->key >= st->keys.len) {
		s->key = 0;
		s->at++;
		ret->what = SCRIPT_GOES_ON;
		return;
	}
	ret->what = SCRIPT_KEY;
	ret->key = (struct key_event){ .code = st->keys.items[s->key++] };
}

static void resize(struct ui *ui, const struct statement *st)
{
	/* a real terminal has its own size */
	if (ui->headless)
		canvas_resize(&ui->canvas, st->w, st->h);
	ui->dirty = true;
}

void script_step(struct script *s, struct ui *ui, struct script_turn *ret)
{
	*ret = (struct script_turn){ .what = SCRIPT_ENDED };
	if (s->at >= s->statements.len)
		return;
	struct statement *st = &s->statements.items[s->at];

	if (s->since_ns == 0)
		s->since_ns = ui->now_ns;
	ret->what = SCRIPT_GOES_ON;
	switch (st->kind) {
	case ST_WAIT:
	case ST_WAIT_GONE:
	case ST_EXPECT:
	case ST_REJECT:
		look(s, ui, st, ret);
		return;
	case ST_KEY:
	case ST_TYPE:
		give_key(s, st, ret);
		if (ret->what == SCRIPT_GOES_ON)
			s->since_ns = 0;
		return;
	case ST_SLEEP:
		if (ui->now_ns - s->since_ns < st->ns) {
			ret->what = SCRIPT_WAITS;
			ret->until_ns = s->since_ns + st->ns;
			return;
		}
		break;
	case ST_SIZE:
		resize(ui, st);
		break;
	case ST_DO:
		if (!ui_act(ui, st->action)) {
			failed(s, st, "nothing here takes this action", ret);
			return;
		}
		break;
	case ST_COMMAND:
		ui_run_command_line(ui, st->text);
		break;
	case ST_SAVE:
		if (ui_write_screen(ui, st->text, &ret->err) < 0) {
			ret->what = SCRIPT_FAILED;
			return;
		}
		break;
	case ST_TIMEOUT:
		s->timeout_ns = st->ns;
		break;
	}
	s->at++;
	s->since_ns = 0;
}
