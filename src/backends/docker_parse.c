/*
 * What the engine sends in streams: framed logs, events, stats, progress; see
 * docker.h. Pure, any thread.
 */
#include <string.h>

#include "backends/docker_priv.h"

#define LINE_MAX_BYTES ((size_t)16 * 1024)
#define JSON_MAX_BYTES ((size_t)1024 * 1024)
#define FRAME_HEAD     8

/* --- logs ------------------------------------------------------------------------------ */

static void give_line(struct docker_demux *x, struct strbuf *line)
{
	size_t len = line->len;
	if (len > 0 && line->buf[len - 1] == '\r')
		line->buf[--len] = '\0';
	x->on_line(x->arg, line == &x->line[1], strbuf_str(line), len);
	strbuf_clear(line);
}

static void take_payload(struct docker_demux *x, const char *data, size_t len)
{
	struct strbuf *line = &x->line[x->stream == 2];
	while (len > 0) {
		const char *nl = memchr(data, '\n', len);
		size_t part = nl ? (size_t)(nl - data) : len;
		size_t room = LINE_MAX_BYTES - line->len;
		if (part > room) {
			strbuf_add(line, data, room);
			give_line(x, line);
			data += room;
			len -= room;
			continue;
		}
		strbuf_add(line, data, part);
		if (nl)
			give_line(x, line);
		data += part + (nl != NULL);
		len -= part + (nl != NULL);
	}
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
			n = MIN(len, x->left);
			/* stdin (0) and the engine's own errors (3) are not the container's */
			if (x->stream == 1 || x->stream == 2)
				take_payload(x, data, n);
			x->left -= (uint32_t)n;
			if (x->left == 0)
				x->head_len = 0;
		}
		data += n;
		len -= n;
	}
}

void docker_demux_release(struct docker_demux *x)
{
	strbuf_release(&x->line[0]);
	strbuf_release(&x->line[1]);
	x->head_len = 0;
	x->left = 0;
}

void docker_demux_end(struct docker_demux *x)
{
	for (size_t i = 0; i < 2; i++) {
		if (x->line[i].len > 0)
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
