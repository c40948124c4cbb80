/* A recorded session as a preset; see run_dir_export() in run_dir.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/command.h"
#include "core/event_file.h"
#include "core/preset.h"
#include "core/run_dir.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/units.h"

#define MAX_STEPS 10000

/* What the control thread does by itself at the end of the drive phase: nobody's command. */
#define HEALER "heal"

struct step {
	uint64_t t_ms;          /* since the start of the drive phase */
	enum command_kind kind; /* COMMAND_KIND_COUNT: not a command that is known */
	char *text;             /* owned */
};

struct session {
	const struct ynode *workloads; /* of the preset; may be NULL */
	VEC(struct step) steps;
	uint64_t seed, start_ns, last_ms;
	uint64_t driven_ns;   /* until the drive phase ended, or its last event so far */
	uint64_t extended_ns; /* by the operator */
	bool driving, driven;
	bool ended; /* by the operator */
	bool moved; /* a workload of the preset moved the end, and will do so again */
};

/* The name of a workload in the preset: "- NAME" or "- NAME: {...}". */
static const char *use_name(const struct ynode *item)
{
	if (item->kind == YNODE_SCALAR)
		return item->scalar;
	return item->kind == YNODE_MAP && item->len > 0 ? item->keys[0]->scalar : "";
}

/* Whether a workload of the preset gave it: it will do so again. Uses are "NAME", "NAME-2" ... */
static bool is_of_workload(const struct session *s, const char *source)
{
	for (size_t i = 0; s->workloads && i < s->workloads->len; i++) {
		const char *name = use_name(s->workloads->items[i]);
		size_t len = strlen(name);

		if (len == 0 || strncmp(source, name, len) != 0)
			continue;
		const char *rest = source + len;
		if (!*rest || (*rest == '-' && isdigit((unsigned char)rest[1]) &&
				      strspn(rest + 1, "0123456789") == strlen(rest + 1)))
			return true;
	}
	return false;
}

static enum command_kind read_kind(const char *text, uint64_t *ret_extend_ns)
{
	struct command c;

	if (command_parse(text, &c, NULL) < 0)
		return COMMAND_KIND_COUNT;
	*ret_extend_ns = c.kind == COMMAND_EXTEND ? c.duration_ns : 0;
	return c.kind;
}

static bool ends_drive(enum command_kind k)
{
	return k == COMMAND_END || k == COMMAND_JUDGE;
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t since_start(const struct session *s, uint64_t t_ns)
{
	return t_ns > s->start_ns ? t_ns - s->start_ns : 0;
}

static int take_command(struct session *s, const struct event *ev, struct err *err)
{
	uint64_t extend_ns = 0;
	enum command_kind kind = read_kind(ev->u.command.text, &extend_ns);

	if (is_of_workload(s, ev->u.command.source)) {
		s->moved = s->moved || kind == COMMAND_EXTEND || ends_drive(kind);
		return 0;
	}
	if (s->steps.len == MAX_STEPS)
		return err_set(
			err, ERR_LIMIT, "more than %d commands were given in this run", MAX_STEPS);
	s->extended_ns = add_up(s->extended_ns, extend_ns);
	s->ended = s->ended || ends_drive(kind);
	/* Threads tell their times by themselves: keep them in the order of the record. */
	s->last_ms = MAX(s->last_ms, since_start(s, ev->t_ns) / NS_PER_MS);
	struct step step = {
		.t_ms = s->last_ms, .kind = kind, .text = xstrdup(ev->u.command.text)
	};
	vec_push(&s->steps, step);
	return 0;
}

static int take(struct session *s, const struct event *ev, struct err *err)
{
	if (s->driving)
		s->driven_ns = MAX(s->driven_ns, since_start(s, ev->t_ns));
	if (ev->kind == EVENT_PHASE && ev->u.phase.phase == PHASE_DRIVE) {
		if (!ev->u.phase.end && !s->driven)
			s->start_ns = ev->t_ns;
		s->driving = !ev->u.phase.end;
		s->driven = true;
	}
	if (ev->kind != EVENT_COMMAND || !s->driving || !ev->u.command.ok ||
		strcmp(ev->u.command.source, HEALER) == 0)
		return 0;
	return take_command(s, ev, err);
}

static int read_session(const char *path, struct session *s, struct err *err)
{
	struct event_file *f = event_file_open(path, err);
	struct event *ev = NULL;
	int got = f ? event_file_start(f, &ev, err) : -1;

	if (got == 0)
		got = err_set(err, ERR_USAGE, "%s: nothing has been recorded in it", path);
	if (got > 0)
		s->seed = ev->u.run_start.seed;
	event_free(ev);
	while (got > 0 && (got = event_file_next(f, &ev, err)) > 0) {
		if (take(s, ev, err) < 0)
			got = -1;
		event_free(ev);
	}
	event_file_close(f);
	return got;
}

/* --- writing ------------------------------------------------------------------------ */

/*
 * Which steps stay. How long the operator made the drive phase becomes
 * run.duration, where a person looks for it, except where that would not give
 * the same session: a timeline of the preset was written for its duration and
 * is refused with less, and when the preset itself moves the end, only the
 * same commands at the same times come to the same.
 */
struct folding {
	bool extends, ends;
};

static struct folding choose_folding(const struct session *s)
{
	bool has_timeline = false;

	for (size_t i = 0; s->workloads && i < s->workloads->len; i++)
		has_timeline =
			has_timeline || strcmp(use_name(s->workloads->items[i]), "timeline") == 0;
	return (struct folding){ .extends = !s->moved, .ends = !s->moved && !has_timeline };
}

static bool is_folded(struct folding f, enum command_kind k)
{
	return (f.extends && k == COMMAND_EXTEND) || (f.ends && ends_drive(k));
}

/* run.duration of the preset. One that is wrong makes the preset so, with or without us. */
static uint64_t preset_duration(const struct ynode *root)
{
	const struct scenario_section *run = scenario_sections();
	struct run_settings settings;

	while (strcmp(run->name, "run") != 0)
		run++;
	options_defaults(run->options, &settings, sizeof(settings));
	options_parse(run->options, "run", ynode_get(root, "run"), &settings, NULL);
	return settings.duration_ns;
}

/* In whole seconds, and so that every step is within. */
static uint64_t driven_duration(const struct session *s, struct folding f)
{
	uint64_t ns = MAX(s->driven_ns, 1);

	for (size_t i = 0; i < s->steps.len; i++) {
		if (!is_folded(f, s->steps.items[i].kind))
			ns = MAX(ns, s->steps.items[i].t_ms * NS_PER_MS + 1);
	}
	return add_up(ns, NS_PER_S - 1) / NS_PER_S * NS_PER_S;
}

static void put_duration(
	struct ynode *root, const struct session *s, struct folding f, const char *label)
{
	uint64_t ns = preset_duration(root);
	char text[40];

	if (f.extends)
		ns = add_up(ns, s->extended_ns);
	if (f.ends && s->ended)
		ns = MIN(ns, driven_duration(s, f));
	if (ns != preset_duration(root))
		preset_put(root, "run", "duration", units_format_duration(ns, text, sizeof(text)),
			label);
}

static struct ynode *step_node(const struct step *s, const char *label)
{
	char time[40];
	int len = snprintf(time, sizeof(time), "%llu.%03llu", (unsigned long long)s->t_ms / 1000,
		(unsigned long long)s->t_ms % 1000);

	while (time[len - 1] == '0')
		len--;
	len -= time[len - 1] == '.';
	CLEANUP_FREE char *step = xasprintf("%.*ss %s", len, time, s->text);
	return ynode_new_scalar(step, false, label, 0, 0);
}

/* The steps that stay, up to the one that ends the drive phase; NULL: none. */
static struct ynode *make_steps(const struct session *s, struct folding f, const char *label)
{
	struct ynode *steps = ynode_new(YNODE_SEQ, label, 0, 0);
	bool over = false;

	for (size_t i = 0; i < s->steps.len && !over; i++) {
		const struct step *step = &s->steps.items[i];
		if (is_folded(f, step->kind))
			continue;
		ynode_append(steps, step_node(step, label));
		over = ends_drive(step->kind);
	}
	if (steps->len == 0)
		ynode_free(TAKE_PTR(steps));
	return steps;
}

/* Adds "- timeline: {steps: [...]}". */
static void add_timeline(
	struct ynode *root, const struct session *s, struct folding f, const char *label)
{
	struct ynode *steps = make_steps(s, f, label);
	struct ynode *workloads = ynode_get(root, "workloads");

	if (!steps)
		return;
	struct ynode *options = ynode_new(YNODE_MAP, label, 0, 0);
	struct ynode *use = ynode_new(YNODE_MAP, label, 0, 0);
	ynode_set(options, "steps", steps);
	ynode_set(use, "timeline", options);
	if (!workloads || workloads->kind != YNODE_SEQ) {
		workloads = ynode_new(YNODE_SEQ, label, 0, 0);
		ynode_set(root, "workloads", workloads);
	}
	ynode_append(workloads, use);
}

static void put_session(struct ynode *root, const struct session *s, const char *label)
{
	struct folding f = choose_folding(s);
	char seed[24];

	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)s->seed);
	preset_put(root, "run", "seed", seed, label);
	put_duration(root, s, f, label);
	add_timeline(root, s, f, label); /* last: the list of workloads may be a new one */
}

static void session_release(struct session *s)
{
	for (size_t i = 0; i < s->steps.len; i++)
		free(s->steps.items[i].text);
	vec_free(&s->steps);
}

static struct ydoc *read_preset(const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (fs_read_file(path, PRESET_MAX_BYTES, &text, err) < 0) {
		if (err)
			err->code = ERR_USAGE;
		return NULL;
	}
	struct ydoc *doc = yaml_parse(path, strbuf_str(&text), text.len, PRESET_MAX_BYTES, err);
	if (!doc || !doc->root || doc->root->kind != YNODE_MAP) {
		if (doc)
			err_set(err, ERR_USAGE, "%s: not a preset", path);
		ydoc_free(doc);
		return NULL;
	}
	const struct ynode *w = ynode_get(doc->root, "workloads");
	if (w && w->kind != YNODE_SEQ && !ynode_is_null(w)) {
		ynode_err(w, err, "workloads: expected a list");
		ydoc_free(doc);
		return NULL;
	}
	return doc;
}

int run_dir_export(const char *path, const char *name, struct strbuf *out, struct err *err)
{
	CLEANUP_FREE char *preset = fs_join(path, "preset.yaml");
	CLEANUP_FREE char *events = fs_join(path, "events.jsonl");
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (!preset_name_valid(name))
		return err_set(err, ERR_USAGE,
			"\"%.60s\" cannot be the name of a preset: letters, digits, '-', '_' and "
			"'.', at most %d",
			name, PRESET_MAX_NAME);
	struct ydoc *doc = read_preset(preset, err);
	if (!doc)
		return -1;
	struct session s = { .workloads = ynode_get(doc->root, "workloads") };
	int rc = read_session(events, &s, err);
	if (rc == 0) {
		preset_put(doc->root, NULL, "name", name, doc->file);
		put_session(doc->root, &s, doc->file);
		ynode_write(doc->root, &text);
		/* what no reader takes is no preset */
		if (text.len > PRESET_MAX_BYTES)
			rc = err_set(err, ERR_LIMIT,
				"the commands of this run make the preset larger than %u bytes",
				PRESET_MAX_BYTES);
		else
			strbuf_add(out, strbuf_str(&text), text.len);
	}
	session_release(&s);
	ydoc_free(doc);
	return rc;
}
