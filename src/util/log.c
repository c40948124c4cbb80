/*
 * Diagnostics of a program; see log.h. The options are set once, before the
 * threads start; a line is built on its own and written with one write(2).
 */
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/json.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define LOG_LINE_MAX 8192 /* longer messages are cut */

static struct {
	atomic_int level;
	bool json;
	char name[64];
	int fd;
} config = { .level = LOG_INFO, .fd = STDERR_FILENO };

static const char *const level_names[] = {
	[LOG_TRACE] = "trace",
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
	[LOG_OFF] = "off",
};

void log_setup(const struct log_options *opt)
{
	config.json = opt->json;
	config.fd = opt->fd < 0 ? STDERR_FILENO : opt->fd;
	snprintf(config.name, sizeof(config.name), "%s", opt->name ? opt->name : "");
	atomic_store(&config.level, (int)opt->level);
}

bool log_enabled(enum log_level level)
{
	return level < LOG_OFF && (int)level >= atomic_load(&config.level);
}

/* "HH:MM:SS.mmmZ" behind a date when with_date. */
static void format_now(bool with_date, char *buf, size_t size)
{
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t used = strftime(buf, size, with_date ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	snprintf(buf + used, size - used, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

static void build_json(struct strbuf *line, enum log_level level, const char *text)
{
	char ts[40];
	struct jw w;
	format_now(true, ts, sizeof(ts));
	jw_init(&w, line, 0);
	jw_object(&w);
	jw_kstr(&w, "ts", ts);
	jw_kstr(&w, "level", log_level_name(level));
	if (*config.name)
		jw_kstr(&w, "name", config.name);
	jw_kstr(&w, "msg", text);
	jw_object_end(&w);
}

static void build_text(struct strbuf *line, enum log_level level, const char *text)
{
	static const char *const upper[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR" };
	char ts[40];
	format_now(false, ts, sizeof(ts));
	strbuf_addf(line, "%s %-5s %s%s", ts, upper[level], config.name, *config.name ? ": " : "");
	/* text may quote what a node sent: no forged lines, no terminal sequences */
	for (const char *p = text; *p; p++)
		strbuf_addc(
			line, ((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f ? ' ' : *p);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	if (!log_enabled(level))
		return;
	int saved = errno;
	char text[LOG_LINE_MAX];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0) {
		CLEANUP_STRBUF struct strbuf line = { 0 };
		if (config.json)
			build_json(&line, level, text);
		else
			build_text(&line, level, text);
		strbuf_addc(&line, '\n');
		/* one attempt: there is nowhere to report that reporting failed */
		if (write(config.fd, line.buf, line.len) < 0)
			errno = 0;
	}
	errno = saved;
}

bool log_level_parse(const char *name, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *log_level_name(enum log_level level)
{
	return (size_t)level < ARRAY_LEN(level_names) ? level_names[level] : "unknown";
}
