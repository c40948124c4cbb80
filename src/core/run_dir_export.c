/* A recorded session as a preset; see run_dir_export() in run_dir.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/event_file.h"
#include "core/preset.h"
#include "core/run_dir.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/mem.h"

#define MAX_STEPS 10000

/* What the control thread does by itself at the end of the drive phase: nobody's command. */
#define HEALER "heal"

struct session {
	const struct ynode *workloads; /* of the preset; may be NULL */
	struct ynode *steps;           /* a list; items name `label` */
	const char *label;
	uint64_t seed, start_ns, last_ns;
	bool driving, driven;
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

static int add_step(struct session *s, const struct event *ev, struct err *err)
{
	/* Threads tell their times by themselves: keep them in the order of the record. */
	uint64_t t_ns = ev->t_ns > s->start_ns ? ev->t_ns - s->start_ns : 0;
	char time[40];

	s->last_ns = MAX(s->last_ns, t_ns);
	if (s->steps->len == MAX_STEPS)
		return err_set(
			err, ERR_LIMIT, "more than %d commands were given in this run", MAX_STEPS);
	unsigned long long ms = s->last_ns / NS_PER_MS;
	int len = snprintf(time, sizeof(time), "%llu.%03llu", ms / 1000, ms % 1000);
	while (time[len - 1] == '0')
		len--;
	len -= time[len - 1] == '.';
	CLEANUP_FREE char *step = xasprintf("%.*ss %s", len, time, ev->u.command.text);
	ynode_append(s->steps, ynode_new_scalar(step, false, s->label, 0, 0));
	return 0;
}

static int take(struct session *s, const struct event *ev, struct err *err)
{
	if (ev->kind == EVENT_PHASE && ev->u.phase.phase == PHASE_DRIVE) {
		if (!ev->u.phase.end && !s->driven)
			s->start_ns = ev->t_ns;
		s->driving = !ev->u.phase.end;
		s->driven = true;
	}
	if (ev->kind != EVENT_COMMAND || !s->driving || !ev->u.command.ok ||
		strcmp(ev->u.command.source, HEALER) == 0 ||
		is_of_workload(s, ev->u.command.source))
		return 0;
	return add_step(s, ev, err);
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

/* Adds "- timeline: {steps: [...]}"; takes the steps. */
static void add_timeline(struct ynode *root, struct ynode *steps, const char *label)
{
	struct ynode *workloads = ynode_get(root, "workloads");
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

static struct ydoc *read_preset(const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (fs_read(path, PRESET_MAX_BYTES, &text, err) < 0) {
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
	char seed[24];

	if (!preset_name_valid(name))
		return err_set(err, ERR_USAGE,
			"\"%.60s\" cannot be the name of a preset: letters, digits, '-', '_' and "
			"'.', at most %d",
			name, PRESET_MAX_NAME);
	struct ydoc *doc = read_preset(preset, err);
	if (!doc)
		return -1;
	struct session s = { .workloads = ynode_get(doc->root, "workloads"),
		.steps = ynode_new(YNODE_SEQ, doc->file, 0, 0),
		.label = doc->file };
	int rc = read_session(events, &s, err);
	if (rc < 0 || s.steps->len == 0)
		ynode_free(TAKE_PTR(s.steps));
	if (rc == 0) {
		snprintf(seed, sizeof(seed), "%llu", (unsigned long long)s.seed);
		preset_put(doc->root, NULL, "name", name, doc->file);
		preset_put(doc->root, "run", "seed", seed, doc->file);
		if (s.steps)
			add_timeline(doc->root, s.steps, doc->file);
		ynode_write(doc->root, &text);
		/* what no reader takes is no preset */
		if (text.len > PRESET_MAX_BYTES)
			rc = err_set(err, ERR_LIMIT,
				"the commands of this run make the preset larger than %u bytes",
				PRESET_MAX_BYTES);
		else
			strbuf_add(out, strbuf_str(&text), text.len);
	}
	ydoc_free(doc);
	return rc;
}
