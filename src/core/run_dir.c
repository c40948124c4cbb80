/*
 * Making run directories, and telling what is in those that are there; see
 * run_dir.h. A list of many runs is asked for at every start of the terminal,
 * so only the beginning of result.json and the two ends of events.jsonl are
 * read, whatever their size.
 */
#include "core/run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/event_file.h"
#include "core/journal.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/proc.h"

#define RESULT_MAX_BYTES (16u * 1024 * 1024)
#define RESULT_HEAD      4096 /* what is looked at first; the totals come first */

/* --- making one --------------------------------------------------------------------- */

static int use_given(const char *out, struct run_dir *ret, struct err *err)
{
	ret->path = fs_absolute(out);
	/* An empty directory may be used; what has something in it is somebody's. */
	if (rmdir(ret->path) < 0 && (errno == ENOTEMPTY || errno == EEXIST))
		return err_set(err, ERR_USAGE,
			"--out %s: the directory is not empty; name one that is empty or does not "
			"exist yet",
			ret->path);
	return fs_mkdirs(ret->path, 0755, err);
}

static int make_new(const char *runs_dir, struct run_dir *ret, struct err *err)
{
	CLEANUP_FREE char *runs = fs_absolute(runs_dir);

	if (fs_mkdirs(runs, 0755, err) < 0)
		return -1;
	ret->path = fs_join(runs, ret->id);
	if (mkdir(ret->path, 0755) < 0)
		return err_errno(err, ERR_ENV, "cannot make the run directory %s", ret->path);
	CLEANUP_FREE char *latest = fs_join(runs, "latest");
	CLEANUP_FREE char *fresh = xasprintf("%s.%ld", latest, (long)getpid());

	/* A convenience; a run does not fail for it. */
	if (symlink(ret->id, fresh) == 0 && rename(fresh, latest) < 0)
		unlink(fresh);
	return 0;
}

int run_dir_create(const char *runs_dir, const char *preset, const char *out, struct run_dir *ret,
	struct err *err)
{
	struct err why = { 0 };
	struct timespec now;
	struct tm tm;
	char stamp[32];

	*ret = (struct run_dir){ .path = NULL };
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	snprintf(ret->id, sizeof(ret->id), "%s-%.40s-%04lx", stamp, preset,
		(unsigned long)(now.tv_nsec / 1000) & 0xffff);
	if ((out ? use_given(out, ret, &why) : make_new(runs_dir, ret, &why)) == 0)
		return 0;
	run_dir_release(ret);
	if (why.code == ERR_IO)
		why.code = ERR_ENV; /* nothing was started: the machine's fault, not ours */
	if (err)
		*err = why;
	return -1;
}

void run_dir_release(struct run_dir *d)
{
	free(d->path);
	d->path = NULL;
}

/* --- what came of one: result.json ---------------------------------------------------- */

/*
 * The totals of a result: what stands before its long lists, as report/json.c
 * writes it. NULL when it is not written like that.
 */
static cJSON *parse_head(const char *path)
{
	char text[RESULT_HEAD + 1];
	int fd = fs_open_file(path, NULL);
	ssize_t n = fd < 0 ? -1 : read(fd, text, RESULT_HEAD);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	char *end = strstr(text, ",\n  \"nodes\":");
	if (!end)
		return NULL;
	*end++ = '}';
	return json_parse(text, (size_t)(end - text), NULL, NULL);
}

static cJSON *parse_result(const char *path)
{
	static const struct json_limits limits = { .max_bytes = RESULT_MAX_BYTES };
	CLEANUP_STRBUF struct strbuf text = { 0 };
	cJSON *head = parse_head(path);
	if (head || fs_read_file(path, RESULT_MAX_BYTES, &text, NULL) < 0)
		return head;
	return json_parse(strbuf_str(&text), text.len, &limits, NULL);
}

static bool read_verdict(const char *name, enum verdict *ret)
{
	for (unsigned v = VERDICT_PASS; name && v <= VERDICT_UNKNOWN; v++) {
		if (strcmp(name, verdict_name(v)) == 0) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static char *dup_nonempty(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

/* Milliseconds since 1970 of such a time in UTC; 0 when it is none. */
static uint64_t wall_ms(const char *text, const char *fmt, unsigned ms)
{
	struct tm tm = { 0 };
	const char *end = text ? strptime(text, fmt, &tm) : NULL;
	time_t t = end ? timegm(&tm) : -1;

	return t > 0 ? (uint64_t)t * 1000 + ms : 0;
}

/*
 * When a run began. A run on a virtual clock says itself that it began on some
 * fixed day, so the stamp in its id is believed when the two do not agree.
 */
static uint64_t started_at(const char *run_id, const char *started)
{
	uint64_t by_id = wall_ms(run_id, "%Y%m%d-%H%M%S-", 0);
	const char *dot = started ? strchr(started, '.') : NULL;
	unsigned ms = 0;

	if (dot)
		for (int i = 1; i <= 3; i++)
			ms = ms * 10 +
			     (dot[i] >= '0' && dot[i] <= '9' ? (unsigned)dot[i] - '0' : 0);
	uint64_t said = wall_ms(started, "%Y-%m-%dT%H:%M:%S", ms);
	return by_id == 0 || (said >= by_id && said - by_id < 3600u * 1000) ? said : by_id;
}

static bool read_result(const char *dir, struct run_summary *ret)
{
	CLEANUP_FREE char *path = fs_join(dir, "result.json");
	CLEANUP_JSON cJSON *j = parse_result(path);
	uint64_t exit_code = 0, ms = 0;

	if (!j || !read_verdict(json_get_str(j, "verdict"), &ret->verdict))
		return false;
	if (json_get_u64(j, "exit_code", &exit_code) && exit_code <= 255)
		ret->exit_code = (int)exit_code;
	json_get_u64(j, "seed", &ret->seed);
	if (json_get_u64(j, "duration_ms", &ms))
		ret->duration_ns = ms < UINT64_MAX / NS_PER_MS ? ms * NS_PER_MS : UINT64_MAX;
	const char *preset = json_get_str(j, "preset"), *backend = json_get_str(j, "backend");
	ret->preset = xstrdup(preset ? preset : "");
	ret->backend = xstrdup(backend ? backend : "");
	ret->reason = dup_nonempty(json_get_str(j, "reason"));
	ret->started_ms = started_at(json_get_str(j, "run_id"), json_get_str(j, "started"));
	ret->ended = true;
	return true;
}

/* --- what came of one: events and journal ------------------------------------------------ */

static bool read_start(const char *events, struct run_summary *ret)
{
	struct event_file *f = event_file_open(events, NULL);
	struct event *ev = NULL;

	if (f && event_file_start(f, &ev, NULL) > 0) {
		ret->seed = ev->u.run_start.seed;
		ret->preset = xstrdup(ev->u.run_start.preset);
		ret->backend = xstrdup(ev->u.run_start.backend);
		ret->started_ms = started_at(ev->u.run_start.run_id, ev->u.run_start.started);
	}
	bool found = ev != NULL;
	event_free(ev);
	event_file_close(f);
	return found;
}

/* The run that wrote no result, or none that can be read. */
static bool read_events(const char *events, struct run_summary *ret)
{
	struct event *run_end = NULL;

	if (!read_start(events, ret))
		return false;
	event_file_tail(events, &ret->duration_ns, &run_end);
	if (run_end) {
		ret->ended = true;
		ret->verdict = run_end->u.run_end.verdict;
		ret->exit_code = run_end->u.run_end.exit_code;
		ret->reason = dup_nonempty(run_end->u.run_end.reason);
	}
	event_free(run_end);
	return true;
}

struct journal_facts {
	bool only_owner; /* is asked for */
	bool has_owner, done;
	struct journal_entry owner;
};

static int note_facts(const struct journal_entry *e, void *arg)
{
	struct journal_facts *f = arg;

	if (e->op == JOURNAL_OWNER) {
		f->has_owner = true;
		f->owner = *e;
	}
	f->done = f->done || e->op == JOURNAL_DONE;
	return f->has_owner && f->only_owner;
}

/* An ltb that is alive may have done several runs, so it must not have ended this one. */
static bool is_running(const char *dir, const char *events)
{
	CLEANUP_FREE char *journal = fs_join(dir, "journal");
	struct journal_facts f = { .only_owner = true };
	struct event *run_end = NULL;
	uint64_t last_ns;

	journal_read(journal, note_facts, &f, NULL);
	if (!f.has_owner || !proc_is_alive(f.owner.pid, f.owner.start_time))
		return false;
	f.only_owner = false;
	journal_read(journal, note_facts, &f, NULL);
	event_file_tail(events, &last_ns, &run_end);
	bool over = f.done || run_end;
	event_free(run_end);
	return !over;
}

bool run_dir_summary(const char *path, struct run_summary *ret)
{
	CLEANUP_FREE char *events = fs_join(path, "events.jsonl");

	*ret = (struct run_summary){ .path = fs_absolute(path), .verdict = VERDICT_UNKNOWN };
	if (!read_result(path, ret) && !read_events(events, ret)) {
		run_summary_release(ret);
		return false;
	}
	size_t len = strlen(ret->path);
	while (len > 1 && ret->path[len - 1] == '/')
		ret->path[--len] = '\0';
	const char *slash = strrchr(ret->path, '/');
	ret->id = xstrdup(slash ? slash + 1 : ret->path);
	ret->running = is_running(path, events);
	return true;
}

void run_summary_release(struct run_summary *s)
{
	free(s->id);
	free(s->path);
	free(s->preset);
	free(s->backend);
	free(s->reason);
	*s = (struct run_summary){ 0 };
}

/* --- many ------------------------------------------------------------------------------------ */

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

/* Their names begin with the time, so that the order of names is that of time. */
static void list_names(const char *runs_dir, struct strlist *ret)
{
	DIR *dir = opendir(runs_dir);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		bool maybe = d->d_type == DT_DIR || d->d_type == DT_UNKNOWN;

		if (maybe && d->d_name[0] != '.' && strcmp(d->d_name, "latest") != 0)
			strlist_add(ret, d->d_name);
	}
	if (dir)
		closedir(dir);
	if (ret->len)
		qsort(ret->items, ret->len, sizeof(*ret->items), newest_first);
}

void run_dir_recent(const char *runs_dir, size_t max, struct run_summary **ret, size_t *ret_n)
{
	struct strlist names = { 0 };
	VEC(struct run_summary) found = { 0 };

	list_names(runs_dir, &names);
	for (size_t i = 0; i < names.len && found.len < max; i++) {
		CLEANUP_FREE char *path = fs_join(runs_dir, names.items[i]);
		struct run_summary s;

		if (run_dir_summary(path, &s))
			vec_push(&found, s);
	}
	strlist_release(&names);
	*ret = found.items;
	*ret_n = found.len;
}

void run_summaries_free(struct run_summary *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		run_summary_release(&s[i]);
	free(s);
}
