/* See report.h. */
#include "relay/report.h"

#include <inttypes.h>

static const char *kind_name(enum link_kind k)
{
	return k == LINK_UDP ? "udp" : "tcp";
}

/* --- JSON ----------------------------------------------------------------------------- */

static void put_count(struct jw *w, const char *key, const struct link *l, unsigned direction)
{
	const struct link_count *c = &l->count[direction];

	jw_key(w, key);
	jw_object(w);
	jw_ku64(w, "bytes", c->bytes);
	jw_ku64(w, l->kind == LINK_UDP ? "datagrams" : "chunks", c->pieces);
	if (l->kind == LINK_UDP) {
		jw_ku64(w, "dropped", c->dropped);
		jw_ku64(w, "duplicated", c->duplicated);
		jw_ku64(w, "reordered", c->reordered);
	} else {
		jw_ku64(w, "lost", c->lost);
	}
	jw_key(w, "rule");
	rule_to_json(&l->path[direction]->rule, w);
	jw_object_end(w);
}

void report_link(struct jw *w, const struct link *l)
{
	char text[ENDPOINT_TEXT];

	jw_object(w);
	jw_kstr(w, "id", l->id);
	jw_kstr(w, "from", l->path[FORWARD]->from);
	jw_kstr(w, "to", l->path[FORWARD]->to);
	jw_kstr(w, "kind", kind_name(l->kind));
	jw_kstr(w, "listen", endpoint_text(&l->listen, text));
	jw_kstr(w, "target", endpoint_text(&l->target, text));
	jw_key(w, "groups");
	jw_array(w);
	for (size_t i = 0; i < l->groups.len; i++)
		jw_str(w, l->groups.items[i]);
	jw_array_end(w);
	jw_ku64(w, "open", l->open);
	jw_ku64(w, "connections", l->connections);
	jw_ku64(w, "refused", l->refused);
	jw_ku64(w, "failed", l->failed);
	jw_ku64(w, "resets", l->resets);
	put_count(w, "forward", l, FORWARD);
	put_count(w, "backward", l, BACKWARD);
	jw_object_end(w);
}

static int put_link(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	report_link(arg, value);
	return 0;
}

void report_links(struct jw *w, const struct plane *p)
{
	jw_object(w);
	jw_ku64(w, "queued_bytes", p->queued_bytes);
	jw_key(w, "links");
	jw_array(w);
	map_each(p->links, put_link, w);
	jw_array_end(w);
	jw_object_end(w);
}

static int put_rule(const void *key, size_t len, void *value, void *arg)
{
	const struct path *path = value;
	struct jw *w = arg;

	(void)key;
	(void)len;
	if (path->neutral)
		return 0;
	jw_object(w);
	jw_kstr(w, "from", path->from);
	jw_kstr(w, "to", path->to);
	jw_key(w, "rule");
	rule_to_json(&path->rule, w);
	jw_object_end(w);
	return 0;
}

void report_rules(struct jw *w, const struct plane *p)
{
	jw_object(w);
	jw_key(w, "rules");
	jw_array(w);
	map_each(p->paths, put_rule, w);
	jw_array_end(w);
	jw_object_end(w);
}

/* --- Prometheus ----------------------------------------------------------------------- */

/* One line a link, or two: forward and backward. */
struct metric {
	const char *name, *type, *help;
	bool per_direction;
	uint64_t (*value)(const struct link *l, unsigned direction);
};

struct metric_arg {
	struct strbuf *out;
	const struct metric *metric;
};

#define DIRECTED(member) \
	static uint64_t get_##member(const struct link *l, unsigned direction) \
	{ \
		return l->count[direction].member; \
	}
#define OF_LINK(member) \
	static uint64_t get_##member(const struct link *l, unsigned direction) \
	{ \
		(void)direction; \
		return l->member; \
	}
DIRECTED(bytes)
DIRECTED(pieces)
DIRECTED(dropped)
DIRECTED(duplicated)
DIRECTED(reordered)
DIRECTED(lost)
OF_LINK(open)
OF_LINK(connections)
OF_LINK(refused)
OF_LINK(failed)
OF_LINK(resets)

static const struct metric metrics[] = {
	{ "ltb_relay_bytes_total", "counter", "Bytes passed on.", true, get_bytes },
	{ "ltb_relay_chunks_total", "counter", "Pieces of streams, or datagrams, passed on.", true,
		get_pieces },
	{ "ltb_relay_dropped_total", "counter", "Datagrams dropped.", true, get_dropped },
	{ "ltb_relay_duplicated_total", "counter", "Datagrams sent twice.", true, get_duplicated },
	{ "ltb_relay_reordered_total", "counter", "Datagrams held back to be overtaken.", true,
		get_reordered },
	{ "ltb_relay_lost_total", "counter", "Losses on streams, which cost time.", true,
		get_lost },
	{ "ltb_relay_open", "gauge", "Connections, or UDP sessions, that are open.", false,
		get_open },
	{ "ltb_relay_connections_total", "counter", "Connections, or UDP sessions, so far.", false,
		get_connections },
	{ "ltb_relay_refused_total", "counter", "Connections refused because of too many.", false,
		get_refused },
	{ "ltb_relay_failed_total", "counter", "Connections whose target could not be reached.",
		false, get_failed },
	{ "ltb_relay_resets_total", "counter", "Connections that were reset.", false, get_resets },
};

static void put_sample(const struct metric_arg *a, const struct link *l, unsigned direction)
{
	const struct path *path = l->path[direction];

	/* Names have only characters that need no quoting. */
	strbuf_addf(a->out, "%s{link=\"%s\",kind=\"%s\",from=\"%s\",to=\"%s\"} %" PRIu64 "\n",
		a->metric->name, l->id, kind_name(l->kind), path->from, path->to,
		a->metric->value(l, direction));
}

static int put_samples(const void *key, size_t len, void *value, void *arg)
{
	const struct metric_arg *a = arg;

	(void)key;
	(void)len;
	put_sample(a, value, FORWARD);
	if (a->metric->per_direction)
		put_sample(a, value, BACKWARD);
	return 0;
}

void report_metrics(struct strbuf *out, const struct plane *p)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		struct metric_arg a = { out, &metrics[i] };

		strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", a.metric->name, a.metric->help,
			a.metric->name, a.metric->type);
		map_each(p->links, put_samples, &a);
	}
	strbuf_addf(out,
		"# HELP ltb_relay_links Links.\n# TYPE ltb_relay_links gauge\nltb_relay_links %zu\n"
		"# HELP ltb_relay_queued_bytes Bytes that wait.\n"
		"# TYPE ltb_relay_queued_bytes gauge\nltb_relay_queued_bytes %zu\n",
		map_len(p->links), p->queued_bytes);
}
