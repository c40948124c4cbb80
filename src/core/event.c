/*
 * Events and their recorded form; see event.h.
 *
 * One table of fields drives the writer, the reader and the destructor, so
 * that a field cannot be written and then not read back. Reading treats its
 * input as hostile: sizes are bounded and every value is checked.
 */
#include "core/event.h"

#include <string.h>

#include "util/json.h"
#include "util/mem.h"

#define EVENT_MAX_NODE 2000
#define EVENT_MAX_LINE (8u * 1024 * 1024)

static const char *const kind_names[EVENT_KIND_COUNT] = {
#define EVENT_NAME(id, name) [EVENT_##id] = name,
	EVENT_KINDS(EVENT_NAME)
#undef EVENT_NAME
};

static const char *const phase_names[] = { "validate", "prepare", "up", "ready", "baseline",
	"drive", "heal", "settle", "judge", "collect", "down", NULL };
static const char *const node_state_names[] = { "planned", "starting", "up", "ready", "paused",
	"stopped", "dead", "removed", NULL };
static const char *const tx_state_names[] = { "submitted", "rejected", "included", "dropped",
	"expired", NULL };
static const char *const verdict_names[] = { "pending", "passing", "failing", "pass", "fail",
	"unknown", NULL };

/* --- fields -------------------------------------------------------------------- */

enum field_type {
	FIELD_STR,  /* left out when NULL, unless required */
	FIELD_JSON, /* an object kept as text; left out when NULL */
	FIELD_U64,
	FIELD_SOME, /* a uint64_t; left out when 0 */
	FIELD_I64,  /* not negative */
	FIELD_INT,  /* not negative */
	FIELD_UINT,
	FIELD_NODE, /* an unsigned; index of a node */
	FIELD_BOOL,
	FIELD_DOUBLE,
	FIELD_SHARE, /* a double; unknown when negative: left out */
	FIELD_ID,    /* left out when zero, unless required */
	FIELD_IDS,   /* array; its count is at count_offset */
	FIELD_ENUM,
};

#define NO_GATE SIZE_MAX

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	bool required;
	/* A bool without which the field means nothing: not written then. */
	size_t gate;
	bool sets_gate; /* the bool has no key of its own: presence is its value */
	size_t count_offset;
	const char *const *names; /* FIELD_ENUM */
};

#define AT(member) offsetof(struct event, u.member)
#define FIELD(k, t, member) \
	{ \
		.key = (k), .type = FIELD_##t, .offset = AT(member), .gate = NO_GATE \
	}
#define NEEDED(k, t, member) \
	{ \
		.key = (k), .type = FIELD_##t, .offset = AT(member), .gate = NO_GATE, \
		.required = true \
	}
#define GATED(k, t, member, g) \
	{ \
		.key = (k), .type = FIELD_##t, .offset = AT(member), .gate = AT(g) \
	}
#define PRESENT(k, t, member, g) \
	{ \
		.key = (k), .type = FIELD_##t, .offset = AT(member), .gate = AT(g), \
		.sets_gate = true \
	}
#define CHOICE(k, member, list) \
	{ \
		.key = (k), .type = FIELD_ENUM, .offset = AT(member), .gate = NO_GATE, \
		.required = true, .names = (list) \
	}
#define END \
	{ \
		.key = NULL \
	}

/* clang-format off */
static const struct field run_start_fields[] = {
	NEEDED("run_id", STR, run_start.run_id),
	NEEDED("preset", STR, run_start.preset),
	NEEDED("backend", STR, run_start.backend),
	NEEDED("started", STR, run_start.started),
	FIELD("seed", U64, run_start.seed),
	NEEDED("n_nodes", UINT, run_start.n_nodes),
	END,
};
static const struct field phase_fields[] = {
	CHOICE("phase", phase.phase, phase_names),
	NEEDED("end", BOOL, phase.end),
	GATED("ok", BOOL, phase.ok, phase.end),
	GATED("reason", STR, phase.reason, phase.end),
	GATED("duration_ns", U64, phase.duration_ns, phase.end),
	FIELD("until_ns", SOME, phase.until_ns),
	END,
};
static const struct field node_state_fields[] = {
	CHOICE("state", node_state.state, node_state_names),
	FIELD("expected", BOOL, node_state.expected),
	FIELD("reason", STR, node_state.reason),
	FIELD("endpoint", STR, node_state.endpoint),
	FIELD("pid", I64, node_state.pid),
	FIELD("log_tail", STR, node_state.log_tail),
	END,
};
static const struct field sample_fields[] = {
	NEEDED("ok", BOOL, sample.ok),
	FIELD("error", STR, sample.error),
	FIELD("latency_ns", U64, sample.latency_ns),
	FIELD("cpu", SHARE, sample.cpu),
	FIELD("rss_bytes", U64, sample.rss_bytes),
	GATED("mode", STR, sample.mode, sample.ok),
	GATED("slot", U64, sample.slot, sample.ok),
	GATED("height", U64, sample.height, sample.ok),
	GATED("lib_slot", U64, sample.lib_slot, sample.ok),
	GATED("tip", ID, sample.tip, sample.ok),
	GATED("lib", ID, sample.lib, sample.ok),
	GATED("peers", U64, sample.peers, sample.ok),
	GATED("mempool", U64, sample.mempool, sample.ok),
	PRESENT("supply", U64, sample.supply, sample.has_supply),
	PRESENT("genesis_supply", U64, sample.genesis_supply, sample.has_supply),
	PRESENT("in_bytes", U64, sample.in_bytes, sample.has_traffic),
	PRESENT("out_bytes", U64, sample.out_bytes, sample.has_traffic),
	END,
};
static const struct field block_fields[] = {
	NEEDED("id", ID, block.id),
	NEEDED("parent", ID, block.parent),
	FIELD("leader", ID, block.leader),
	NEEDED("slot", U64, block.slot),
	PRESENT("height", U64, block.height, block.has_height),
	FIELD("size_bytes", U64, block.size_bytes),
	{ .key = "txs", .type = FIELD_IDS, .offset = AT(block.txs), .gate = NO_GATE,
		.count_offset = AT(block.n_txs) },
	END,
};
static const struct field block_seen_fields[] = {
	NEEDED("id", ID, block_seen.id),
	END,
};
static const struct field reorg_fields[] = {
	NEEDED("from", ID, reorg.from),
	NEEDED("to", ID, reorg.to),
	FIELD("depth", U64, reorg.depth),
	END,
};
static const struct field tx_fields[] = {
	NEEDED("workload", STR, tx.workload),
	NEEDED("hash", ID, tx.hash),
	CHOICE("state", tx.state, tx_state_names),
	FIELD("latency_ns", U64, tx.latency_ns),
	FIELD("block", ID, tx.block),
	FIELD("reason", STR, tx.reason),
	END,
};
static const struct field workload_fields[] = {
	NEEDED("name", STR, workload.name),
	FIELD("planned", U64, workload.counts.planned),
	FIELD("submitted", U64, workload.counts.submitted),
	FIELD("rejected", U64, workload.counts.rejected),
	FIELD("unsent", U64, workload.counts.unsent),
	FIELD("included", U64, workload.counts.included),
	FIELD("dropped", U64, workload.counts.dropped),
	FIELD("expired", U64, workload.counts.expired),
	FIELD("pending", U64, workload.counts.pending),
	FIELD("actions", U64, workload.counts.actions),
	FIELD("submit_p50_ns", U64, workload.counts.submit_p50_ns),
	FIELD("submit_p99_ns", U64, workload.counts.submit_p99_ns),
	FIELD("include_p50_ns", U64, workload.counts.include_p50_ns),
	FIELD("include_p99_ns", U64, workload.counts.include_p99_ns),
	FIELD("target_rate", DOUBLE, workload.counts.target_rate),
	FIELD("rate", DOUBLE, workload.counts.rate),
	NEEDED("end", BOOL, workload.end),
	GATED("ok", BOOL, workload.ok, workload.end),
	GATED("reason", STR, workload.reason, workload.end),
	END,
};
static const struct field fault_fields[] = {
	NEEDED("id", U64, fault.id),
	NEEDED("name", STR, fault.name),
	NEEDED("by", STR, fault.by),
	NEEDED("end", BOOL, fault.end),
	GATED("effective", BOOL, fault.effective, fault.end),
	FIELD("detail", STR, fault.detail),
	END,
};
static const struct field link_fields[] = {
	NEEDED("from", NODE, link.from),
	NEEDED("to", NODE, link.to),
	FIELD("cut", BOOL, link.cut),
	FIELD("delay_ns", U64, link.delay_ns),
	FIELD("jitter_ns", U64, link.jitter_ns),
	FIELD("loss", DOUBLE, link.loss),
	END,
};
static const struct field command_fields[] = {
	NEEDED("text", STR, command.text),
	NEEDED("source", STR, command.source),
	NEEDED("ok", BOOL, command.ok),
	FIELD("reason", STR, command.reason),
	END,
};
static const struct field metric_fields[] = {
	NEEDED("query", STR, metric.query),
	NEEDED("ok", BOOL, metric.ok),
	FIELD("error", STR, metric.error),
	GATED("series", UINT, metric.series, metric.ok),
	GATED("min", DOUBLE, metric.min, metric.ok),
	GATED("max", DOUBLE, metric.max, metric.ok),
	GATED("min_series", STR, metric.min_series, metric.ok),
	GATED("max_series", STR, metric.max_series, metric.ok),
	END,
};
static const struct field check_fields[] = {
	NEEDED("name", STR, check.name),
	CHOICE("verdict", check.verdict, verdict_names),
	FIELD("reason", STR, check.reason),
	FIELD("evidence", JSON, check.evidence),
	END,
};
static const struct field log_fields[] = {
	NEEDED("level", INT, log.level),
	NEEDED("text", STR, log.text),
	END,
};
static const struct field note_fields[] = {
	NEEDED("text", STR, note.text),
	END,
};
static const struct field lost_fields[] = {
	NEEDED("count", U64, lost.count),
	END,
};
static const struct field run_end_fields[] = {
	CHOICE("verdict", run_end.verdict, verdict_names),
	NEEDED("exit_code", INT, run_end.exit_code),
	FIELD("reason", STR, run_end.reason),
	END,
};
/* clang-format on */

static const struct field *const fields_of[EVENT_KIND_COUNT] = {
	[EVENT_RUN_START] = run_start_fields,
	[EVENT_PHASE] = phase_fields,
	[EVENT_NODE_STATE] = node_state_fields,
	[EVENT_NODE_SAMPLE] = sample_fields,
	[EVENT_BLOCK] = block_fields,
	[EVENT_BLOCK_SEEN] = block_seen_fields,
	[EVENT_REORG] = reorg_fields,
	[EVENT_TX] = tx_fields,
	[EVENT_WORKLOAD] = workload_fields,
	[EVENT_FAULT] = fault_fields,
	[EVENT_LINK] = link_fields,
	[EVENT_COMMAND] = command_fields,
	[EVENT_METRIC] = metric_fields,
	[EVENT_CHECK] = check_fields,
	[EVENT_LOG] = log_fields,
	[EVENT_NOTE] = note_fields,
	[EVENT_LOST] = lost_fields,
	[EVENT_RUN_END] = run_end_fields,
};

static void *member(struct event *ev, size_t offset)
{
	return (char *)ev + offset;
}

static const void *const_member(const struct event *ev, size_t offset)
{
	return (const char *)ev + offset;
}

/* --- life ---------------------------------------------------------------------- */

struct event *event_new(enum event_kind kind, uint64_t t_ns, int node)
{
	struct event *ev = xcalloc(1, sizeof(*ev));
	ev->kind = kind;
	ev->t_ns = t_ns;
	ev->node = node;
	if (kind == EVENT_NODE_SAMPLE)
		ev->u.sample.cpu = -1;
	return ev;
}

void event_free(struct event *ev)
{
	if (!ev)
		return;
	for (const struct field *f = fields_of[ev->kind]; f->key; f++) {
		if (f->type == FIELD_STR || f->type == FIELD_JSON)
			free(*(char **)member(ev, f->offset));
		else if (f->type == FIELD_IDS)
			free(*(struct id32 **)member(ev, f->offset));
	}
	free(ev);
}

bool event_is_droppable(const struct event *ev)
{
	return ev->kind == EVENT_NODE_SAMPLE || ev->kind == EVENT_LOG;
}

/* --- writing ------------------------------------------------------------------- */

/* Line breaks can only be white space between tokens of valid JSON. */
static void write_one_line(struct jw *w, const char *json)
{
	CLEANUP_FREE char *copy = xstrdup(json);
	for (char *c = copy; *c; c++) {
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	}
	jw_raw(w, copy);
}

static void write_ids(struct jw *w, const struct event *ev, const struct field *f)
{
	const struct id32 *ids = *(struct id32 *const *)const_member(ev, f->offset);
	size_t n = *(const size_t *)const_member(ev, f->count_offset);
	jw_key(w, f->key);
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		jw_id32(w, &ids[i]);
	jw_array_end(w);
}

static void write_str(struct jw *w, const struct field *f, const char *s)
{
	if (f->type == FIELD_JSON && s) {
		jw_key(w, f->key);
		write_one_line(w, s);
	} else if (s || f->required) {
		jw_kstr(w, f->key, s ? s : "");
	}
}

static void write_field(struct jw *w, const struct event *ev, const struct field *f)
{
	const void *p = const_member(ev, f->offset);

	if (f->gate != NO_GATE && !*(const bool *)const_member(ev, f->gate))
		return;
	switch (f->type) {
	case FIELD_STR:
	case FIELD_JSON:
		write_str(w, f, *(char *const *)p);
		break;
	case FIELD_U64:
		jw_ku64(w, f->key, *(const uint64_t *)p);
		break;
	case FIELD_SOME:
		if (*(const uint64_t *)p)
			jw_ku64(w, f->key, *(const uint64_t *)p);
		break;
	case FIELD_I64:
		jw_ki64(w, f->key, MAX(*(const int64_t *)p, 0));
		break;
	case FIELD_INT:
		jw_ki64(w, f->key, MAX(*(const int *)p, 0));
		break;
	case FIELD_UINT:
	case FIELD_NODE:
		jw_ku64(w, f->key, *(const unsigned *)p);
		break;
	case FIELD_BOOL:
		jw_kbool(w, f->key, *(const bool *)p);
		break;
	case FIELD_SHARE:
		if (*(const double *)p >= 0)
			jw_kdouble(w, f->key, *(const double *)p);
		break;
	case FIELD_DOUBLE:
		jw_kdouble(w, f->key, *(const double *)p);
		break;
	case FIELD_ID:
		if (f->required || !id32_is_zero(p))
			jw_kid32(w, f->key, p);
		break;
	case FIELD_IDS:
		write_ids(w, ev, f);
		break;
	case FIELD_ENUM:
		jw_kstr(w, f->key, f->names[*(const unsigned *)p]);
		break;
	}
}

void event_to_json(const struct event *ev, struct strbuf *out)
{
	struct jw w;
	jw_init(&w, out, 0);
	jw_object(&w);
	jw_ku64(&w, "seq", ev->seq);
	jw_ku64(&w, "t_ns", ev->t_ns);
	jw_kstr(&w, "kind", kind_names[ev->kind]);
	if (ev->node >= 0)
		jw_ki64(&w, "node", ev->node);
	for (const struct field *f = fields_of[ev->kind]; f->key; f++)
		write_field(&w, ev, f);
	jw_object_end(&w);
}

/* --- reading ------------------------------------------------------------------- */

static bool read_bounded(const cJSON *v, uint64_t max, uint64_t *ret)
{
	return json_as_u64(v, ret) && *ret <= max;
}

static bool read_ids(const cJSON *v, struct event *ev, const struct field *f)
{
	if (!cJSON_IsArray(v))
		return false;
	size_t n = 0;
	json_each (item, v) {
		(void)item;
		n++;
	}
	if (n == 0)
		return true;
	/* every id takes more room in the text than here, so the line's bound is the array's */
	struct id32 *ids = xcalloc(n, sizeof(*ids));
	*(struct id32 **)member(ev, f->offset) = ids;
	*(size_t *)member(ev, f->count_offset) = n;
	json_each (item, v) {
		if (!json_as_id32(item, ids++))
			return false;
	}
	return true;
}

static bool read_object(const cJSON *v, char **ret)
{
	if (!cJSON_IsObject(v))
		return false;
	struct strbuf sb = { 0 };
	struct jw w;
	jw_init(&w, &sb, 0);
	jw_value(&w, v);
	*ret = strbuf_detach(&sb);
	return true;
}

static bool read_enum(const cJSON *v, const char *const *names, unsigned *ret)
{
	const char *s = json_as_str(v);
	for (unsigned i = 0; s && names[i]; i++) {
		if (strcmp(s, names[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool read_value(const cJSON *v, struct event *ev, const struct field *f)
{
	void *p = member(ev, f->offset);
	uint64_t n;
	const char *s;

	switch (f->type) {
	case FIELD_STR:
		s = json_as_str(v);
		*(char **)p = xstrdup(s);
		return s != NULL;
	case FIELD_JSON:
		return read_object(v, p);
	case FIELD_U64:
	case FIELD_SOME:
		return json_as_u64(v, p);
	case FIELD_I64:
		if (!read_bounded(v, INT64_MAX, &n))
			return false;
		*(int64_t *)p = (int64_t)n;
		return true;
	case FIELD_INT:
		if (!read_bounded(v, INT32_MAX, &n))
			return false;
		*(int *)p = (int)n;
		return true;
	case FIELD_UINT:
	case FIELD_NODE:
		if (!read_bounded(v, f->type == FIELD_NODE ? EVENT_MAX_NODE : UINT32_MAX, &n))
			return false;
		*(unsigned *)p = (unsigned)n;
		return true;
	case FIELD_BOOL:
		return json_as_bool(v, p);
	case FIELD_DOUBLE:
	case FIELD_SHARE:
		return json_as_double(v, p);
	case FIELD_ID:
		return json_as_id32(v, p);
	case FIELD_IDS:
		return read_ids(v, ev, f);
	case FIELD_ENUM:
		return read_enum(v, f->names, p);
	}
	return false;
}

static int read_fields(const cJSON *obj, struct event *ev, struct err *err)
{
	for (const struct field *f = fields_of[ev->kind]; f->key; f++) {
		const cJSON *v = json_get(obj, f->key);
		if (!v || cJSON_IsNull(v)) {
			if (f->required)
				return err_set(err, ERR_PROTOCOL,
					"event of kind %s: key '%s' is missing",
					kind_names[ev->kind], f->key);
			continue;
		}
		if (!read_value(v, ev, f))
			return err_set(err, ERR_PROTOCOL,
				"event of kind %s: key '%s' has a bad value", kind_names[ev->kind],
				f->key);
		if (f->sets_gate)
			*(bool *)member(ev, f->gate) = true;
	}
	return 0;
}

static int find_kind(const char *name)
{
	for (int i = 0; i < EVENT_KIND_COUNT; i++) {
		if (strcmp(name, kind_names[i]) == 0)
			return i;
	}
	return -1;
}

static struct event *read_event(const cJSON *obj, struct err *err)
{
	uint64_t seq, t_ns, node = 0;
	const char *kind_name = json_get_str(obj, "kind");

	if (!kind_name || !json_get_u64(obj, "seq", &seq) || !json_get_u64(obj, "t_ns", &t_ns)) {
		err_set(err, ERR_PROTOCOL, "not an event: it needs 'seq', 't_ns' and 'kind'");
		return NULL;
	}
	int kind = find_kind(kind_name);
	if (kind < 0)
		return NULL;
	const cJSON *at = json_get(obj, "node");
	if (at && !read_bounded(at, EVENT_MAX_NODE, &node)) {
		err_set(err, ERR_PROTOCOL, "event of kind %s: 'node' is not an index up to %d",
			kind_name, EVENT_MAX_NODE);
		return NULL;
	}
	struct event *ev = event_new((enum event_kind)kind, t_ns, at ? (int)node : -1);
	ev->seq = seq;
	if (read_fields(obj, ev, err) < 0) {
		event_free(ev);
		return NULL;
	}
	return ev;
}

struct event *event_from_json(const char *line, size_t len, struct err *err)
{
	static const struct json_limits limits = { .max_bytes = EVENT_MAX_LINE, .max_depth = 32 };

	CLEANUP_JSON cJSON *obj = json_parse(line, len, &limits, err);
	if (!obj)
		return NULL;
	if (!cJSON_IsObject(obj)) {
		err_set(err, ERR_PROTOCOL, "not an event: a JSON object is needed");
		return NULL;
	}
	return read_event(obj, err);
}

/* --- names --------------------------------------------------------------------- */

const char *event_kind_name(enum event_kind k)
{
	return (unsigned)k < EVENT_KIND_COUNT ? kind_names[k] : "?";
}

const char *phase_name(enum phase p)
{
	return (unsigned)p < PHASE_COUNT ? phase_names[p] : "?";
}

const char *node_state_name(enum node_state s)
{
	return (unsigned)s < NODE_STATE_COUNT ? node_state_names[s] : "?";
}

const char *tx_state_name(enum tx_state s)
{
	return (unsigned)s < TX_STATE_COUNT ? tx_state_names[s] : "?";
}

const char *verdict_name(enum verdict v)
{
	return (unsigned)v <= VERDICT_UNKNOWN ? verdict_names[v] : "?";
}
