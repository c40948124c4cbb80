/*
 * What the engine sends in streams: framed logs, events, stats, progress; see
 * docker.h. Pure, any thread.
 */
#include <string.h>

#include "backends/docker_priv.h"

#define LINE_MAX_BYTES ((size_t)16 * 1024)
#define JSON_MAX_BYTES ((size_t)1024 * 1024)
#define FRAME_HEAD     8

/* --- times ----------------------------------------------------------------------------- */

/* n digits at *text, which is moved on. */
static bool take_digits(const char **text, const char *end, size_t n, unsigned *ret)
{
	*ret = 0;
	if ((size_t)(end - *text) < n)
		return false;
	for (; n > 0; n--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*ret = *ret * 10 + (unsigned)(**text - '0');
	}
	return true;
}

static bool take_char(const char **text, const char *end, char ch)
{
	if (*text == end || **text != ch)
		return false;
	(*text)++;
	return true;
}

/* Days since 1970-01-01; false: there is no such day. */
static bool days_of(unsigned year, unsigned month, unsigned day, int64_t *ret)
{
	static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1970 || year > 2553 || month < 1 || month > 12 || day < 1 ||
		day > lengths[month - 1] + (leap && month == 2 ? 1u : 0u))
		return false;
	unsigned before = year - 1;
	int64_t days = (int64_t)before * 365 + before / 4 - before / 100 + before / 400 - 719162;
	for (unsigned m = 1; m < month; m++)
		days += lengths[m - 1] + (leap && m == 2 ? 1 : 0);
	*ret = days + day - 1;
	return true;
}

/* ".123456789", or nothing. */
static bool take_fraction(const char **text, const char *end, uint64_t *ret_ns)
{
	uint64_t unit = NS_PER_S;
	unsigned digit;
	*ret_ns = 0;
	if (!take_char(text, end, '.'))
		return true;
	while (*text < end && **text >= '0' && **text <= '9') {
		if (unit == 1 || !take_digits(text, end, 1, &digit))
			return false;
		unit /= 10;
		*ret_ns += digit * unit;
	}
	return unit < NS_PER_S;
}

/* "Z", "+01:00": seconds ahead of UTC. */
static bool take_zone(const char **text, const char *end, int64_t *ret_s)
{
	unsigned hours, minutes;
	*ret_s = 0;
	if (take_char(text, end, 'Z'))
		return true;
	bool behind = take_char(text, end, '-');
	if ((!behind && !take_char(text, end, '+')) || !take_digits(text, end, 2, &hours) ||
		!take_char(text, end, ':') || !take_digits(text, end, 2, &minutes) || hours > 23 ||
		minutes > 59)
		return false;
	*ret_s = (int64_t)(hours * 3600 + minutes * 60) * (behind ? -1 : 1);
	return true;
}

bool docker_parse_time(const char *text, size_t len, uint64_t *ret_ns)
{
	const char *end = text + len;
	unsigned year, month, day, hour, minute, second;
	int64_t days, zone_s;
	uint64_t ns;
	if (!take_digits(&text, end, 4, &year) || !take_char(&text, end, '-') ||
		!take_digits(&text, end, 2, &month) || !take_char(&text, end, '-') ||
		!take_digits(&text, end, 2, &day) || !take_char(&text, end, 'T') ||
		!take_digits(&text, end, 2, &hour) || !take_char(&text, end, ':') ||
		!take_digits(&text, end, 2, &minute) || !take_char(&text, end, ':') ||
		!take_digits(&text, end, 2, &second) || !take_fraction(&text, end, &ns) ||
		!take_zone(&text, end, &zone_s) || text != end)
		return false;
	if (hour > 23 || minute > 59 || second > 60 || !days_of(year, month, day, &days))
		return false;
	int64_t s = days * 86400 + hour * 3600 + minute * 60 + second - zone_s;
	if (s < 0)
		return false;
	*ret_ns = (uint64_t)s * NS_PER_S + ns;
	return true;
}

/* --- logs ------------------------------------------------------------------------------ */

static void give_line(struct docker_demux *x, struct docker_log_line *line)
{
	struct strbuf *text = &line->text;
	size_t len = text->len;
	if (len > 0 && text->buf[len - 1] == '\r')
		text->buf[--len] = '\0';
	x->on_line(x->arg, line == &x->line[1], line->time_ns, strbuf_str(text), len);
	strbuf_clear(text);
}

static void take_text(struct docker_demux *x, const char *data, size_t len)
{
	struct docker_log_line *line = &x->line[x->stream == 2];
	while (len > 0) {
		const char *nl = memchr(data, '\n', len);
		size_t part = nl ? (size_t)(nl - data) : len;
		size_t room = LINE_MAX_BYTES - line->text.len;
		if (part > room) {
			strbuf_add(&line->text, data, room);
			give_line(x, line);
			data += room;
			len -= room;
			continue;
		}
		strbuf_add(&line->text, data, part);
		if (nl)
			give_line(x, line);
		data += part + (nl != NULL);
		len -= part + (nl != NULL);
	}
}

/*
 * Up to the blank behind the time; bytes of data that it took. The pieces of
 * one line have the time of its first one. Another time means that the line
 * before was the last of a life of the container, and was never finished.
 */
static size_t take_time(struct docker_demux *x, const char *data, size_t len)
{
	struct docker_log_line *line = &x->line[x->stream == 2];
	const char *blank = memchr(data, ' ', len);
	size_t part = blank ? (size_t)(blank - data) : len;
	uint64_t time_ns;
	if (part > sizeof(x->time) - x->time_len) {
		x->broken = true;
		return len;
	}
	memcpy(x->time + x->time_len, data, part);
	x->time_len += part;
	if (!blank)
		return len;
	if (!docker_parse_time(x->time, x->time_len, &time_ns)) {
		x->broken = true;
		return len;
	}
	if (line->text.len > 0 && line->time_ns != time_ns)
		give_line(x, line);
	line->time_ns = time_ns;
	x->in_text = true;
	return part + 1;
}

/* Bytes of data that it took, all of them inside of the frame. */
static size_t take_payload(struct docker_demux *x, const char *data, size_t len)
{
	/* stdin (0) and the engine's own errors (3) are not the container's */
	if (x->stream != 1 && x->stream != 2)
		return len;
	if (!x->in_text)
		return take_time(x, data, len);
	take_text(x, data, len);
	return len;
}

/* Bytes of data that it took. */
static size_t take_head(struct docker_demux *x, const char *data, size_t len)
{
	size_t n = MIN(len, FRAME_HEAD - x->head_len);
	memcpy(x->head + x->head_len, data, n);
	x->head_len += n;
	if (x->head_len < FRAME_HEAD)
		return n;
	const unsigned char *h = x->head;
	x->stream = h[0];
	x->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
	x->broken = h[0] > 3 || h[1] || h[2] || h[3];
	x->time_len = 0;
	x->in_text = false;
	if (x->left == 0)
		x->head_len = 0;
	return n;
}

void docker_demux_add(struct docker_demux *x, const char *data, size_t len)
{
	while (len > 0 && !x->broken) {
		size_t n;
		if (x->head_len < FRAME_HEAD) {
			n = take_head(x, data, len);
		} else {
			n = take_payload(x, data, MIN(len, x->left));
			x->left -= (uint32_t)n;
			if (x->left == 0) {
				x->head_len = 0;
				bool is_output = x->stream == 1 || x->stream == 2;
				x->broken = x->broken || (is_output && !x->in_text);
			}
		}
		data += n;
		len -= n;
	}
}

void docker_demux_release(struct docker_demux *x)
{
	strbuf_release(&x->line[0].text);
	strbuf_release(&x->line[1].text);
	x->head_len = 0;
	x->left = 0;
}

void docker_demux_end(struct docker_demux *x, bool whole)
{
	for (size_t i = 0; i < 2; i++) {
		if (whole && x->line[i].text.len > 0)
			give_line(x, &x->line[i]);
	}
	docker_demux_release(x);
}

/* --- events ------------------------------------------------------------------------------ */

static int unexpected(
	struct err *err, const char *what, const char *why, const char *text, size_t len)
{
	char quote[120];
	docker_one_line(text, len, quote, sizeof(quote));
	return err_set(err, ERR_PROTOCOL, "%s: %s in '%s'", what, why, quote);
}

static cJSON *parse(const char *what, const char *text, size_t len, struct err *err)
{
	const struct json_limits limits = { .max_bytes = JSON_MAX_BYTES };
	struct err why = { 0 };
	cJSON *j = json_parse(text, len, &limits, &why);
	if (!j)
		unexpected(err, what, why.text, text, len);
	return j;
}

static void copy(char *to, size_t size, const char *text)
{
	docker_one_line(text ? text : "", text ? strlen(text) : 0, to, size);
}

static int exit_code_of(const char *text)
{
	char *end;
	long code = text && *text ? strtol(text, &end, 10) : -1;
	return text && *text && *end == '\0' && code >= 0 && code <= 255 ? (int)code : -1;
}

int docker_parse_event(const char *line, size_t len, struct docker_event *ret,
	struct strlist *ret_labels, struct err *err)
{
	static const char what[] = "event of the Docker engine";
	CLEANUP_JSON cJSON *j = parse(what, line, len, err);
	if (!j)
		return -1;
	struct docker_event ev = { .exit_code = -1 };
	const cJSON *actor = json_get(j, "Actor");
	const cJSON *attributes = json_get(actor, "Attributes");
	const char *action = json_get_str(j, "Action"), *id = json_get_str(actor, "ID");
	uint64_t time_s;
	if (!action || !*action)
		return unexpected(err, what, "no 'Action'", line, len);
	if (!id || !*id || strlen(id) >= sizeof(ev.id))
		return unexpected(err, what, "no 'Actor.ID'", line, len);
	if (!json_get_u64(j, "timeNano", &ev.time_ns)) {
		if (!json_get_u64(j, "time", &time_s) || time_s > UINT64_MAX / NS_PER_S)
			return unexpected(err, what, "no 'timeNano'", line, len);
		ev.time_ns = time_s * NS_PER_S;
	}
	copy(ev.id, sizeof(ev.id), id);
	copy(ev.action, sizeof(ev.action), action);
	copy(ev.name, sizeof(ev.name), json_get_str(attributes, "name"));
	if (strcmp(ev.action, "die") == 0)
		ev.exit_code = exit_code_of(json_get_str(attributes, "exitCode"));
	json_each (item, attributes) {
		const char *value = json_as_str(item);
		if (item->string && value)
			strlist_addf(ret_labels, "%s=%s", item->string, value);
	}
	*ret = ev;
	return 0;
}

/* --- stats --------------------------------------------------------------------------------- */

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* As the docker client has it: what could be dropped at once does not count. */
static uint64_t page_cache_of(const cJSON *memory)
{
	static const char *const names[] = {
		"total_inactive_file", /* cgroup v1, with hierarchy */
		"inactive_file",       /* cgroup v2 */
	};
	const cJSON *stats = json_get(memory, "stats");
	uint64_t bytes = 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (json_get_u64(stats, names[i], &bytes))
			break;
	}
	return bytes;
}

int docker_parse_stats(const char *line, size_t len, struct docker_stats *ret, struct err *err)
{
	static const char what[] = "stats of the Docker engine";
	CLEANUP_JSON cJSON *j = parse(what, line, len, err);
	if (!j)
		return -1;
	struct docker_stats s = { 0 };
	const cJSON *memory = json_get(j, "memory_stats");
	const cJSON *usage = json_get(json_get(j, "cpu_stats"), "cpu_usage");
	uint64_t in, out;
	if (!cJSON_IsObject(memory) || !json_get_u64(usage, "total_usage", &s.cpu_ns))
		return unexpected(err, what, "no 'cpu_usage' or no 'memory_stats'", line, len);
	/* one that does not run has no memory to speak of */
	if (!json_get_u64(memory, "usage", &s.memory_bytes))
		return 1;
	uint64_t cache = page_cache_of(memory);
	s.memory_bytes -= MIN(cache, s.memory_bytes);
	json_get_u64(memory, "limit", &s.memory_limit_bytes);
	json_each (item, json_get(j, "networks")) {
		if (!json_get_u64(item, "rx_bytes", &in) || !json_get_u64(item, "tx_bytes", &out))
			return unexpected(err, what, "no bytes of a network", line, len);
		s.has_network = true;
		s.in_bytes = add_capped(s.in_bytes, in);
		s.out_bytes = add_capped(s.out_bytes, out);
	}
	*ret = s;
	return 0;
}

/* --- progress of load and pull ------------------------------------------------------------- */

bool docker_parse_progress(
	const char *line, size_t len, char *ret_error, struct strbuf *ret_progress)
{
	CLEANUP_JSON cJSON *j = parse("progress", line, len, NULL);
	const char *error = j ? json_get_str(json_get(j, "errorDetail"), "message") : NULL;
	if (j && !error)
		error = json_get_str(j, "error");
	if (error) {
		docker_one_line(error, strlen(error), ret_error, DOCKER_MESSAGE_MAX);
		return true;
	}
	const char *status = j ? json_get_str(j, "status") : NULL;
	if (!status || !ret_progress)
		return false;
	char text[160];
	const char *id = json_get_str(j, "id"), *progress = json_get_str(j, "progress");
	CLEANUP_FREE char *all = xasprintf("%s%s%s%s%s", id ? id : "", id ? ": " : "", status,
		progress ? " " : "", progress ? progress : "");
	docker_one_line(all, strlen(all), text, sizeof(text));
	strbuf_clear(ret_progress);
	strbuf_adds(ret_progress, text);
	return false;
}
