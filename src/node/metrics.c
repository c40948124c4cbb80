/* See metrics.h. */
#include "node/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"

#define CUMULATIVE 2 /* AGGREGATION_TEMPORALITY_CUMULATIVE */

enum metric_type { GAUGE, COUNTER };

struct metric {
	const char *name, *help;
	const char *unit; /* UCUM, as OTLP wants it */
	enum metric_type type;
	bool is_double;
	size_t offset;
};

#define INT(n, t, u, member, h) \
	{ \
		.name = (n), .help = (h), .unit = (u), .type = (t), \
		.offset = offsetof(struct node_metrics, member) \
	}
#define REAL(n, t, u, member, h) \
	{ \
		.name = (n), .help = (h), .unit = (u), .type = (t), .is_double = true, \
		.offset = offsetof(struct node_metrics, member) \
	}

/* clang-format off */
static const struct metric metrics[] = {
	INT("consensus_tip_height", GAUGE, "{block}", tip_height, "Height of the tip"),
	INT("consensus_tip_slot", GAUGE, "{slot}", tip_slot, "Slot of the tip"),
	INT("consensus_finalized_height", GAUGE, "{block}", finalized_height,
		"Height of the last irreversible block"),
	INT("consensus_finalized_slot", GAUGE, "{slot}", finalized_slot,
		"Slot of the last irreversible block"),
	INT("consensus_current_slot", GAUGE, "{slot}", current_slot, "Slot by the clock"),
	INT("consensus_current_epoch", GAUGE, "{epoch}", current_epoch, "Epoch by the clock"),
	INT("consensus_online", GAUGE, "1", online, "1 once the node has caught up, else 0"),
	INT("consensus_peers_connected", GAUGE, "{peer}", peers, "Distinct connected nodes"),
	INT("consensus_connections", GAUGE, "{connection}", connections,
		"Connections to peers, handshake done"),
	INT("consensus_blocks_imported_total", COUNTER, "{block}", count.blocks_imported,
		"Blocks accepted on any branch, own ones included"),
	INT("consensus_processed_blocks", COUNTER, "{block}", count.blocks_imported,
		"Same as consensus_blocks_imported_total, by its older name"),
	INT("consensus_blocks_proposed_total", COUNTER, "{block}", count.blocks_proposed,
		"Blocks that this node made"),
	INT("consensus_block_transactions_total", COUNTER, "{transaction}",
		count.block_transactions, "Transactions in accepted blocks of any branch"),
	INT("consensus_transactions_total", COUNTER, "{transaction}", count.block_transactions,
		"Same as consensus_block_transactions_total, by its older name"),
	INT("consensus_reorgs_total", COUNTER, "{reorganisation}", count.reorgs,
		"Times that the tip moved to another branch"),
	INT("consensus_reorg_blocks_total", COUNTER, "{block}", count.reorg_blocks,
		"Blocks that left the best chain thereby"),
	INT("mempool_transactions_pending", GAUGE, "{transaction}", pending,
		"Transactions waiting for a block"),
	INT("mempool_transactions_added_total", COUNTER, "{transaction}",
		count.transactions_added, "Transactions taken into the pool, by API and from peers"),
	REAL("process_cpu_seconds_total", COUNTER, "s", cpu_s, "User and system time"),
	INT("process_resident_memory_bytes", GAUGE, "By", resident_bytes, "Resident memory"),
	INT("process_open_fds", GAUGE, "{descriptor}", open_fds, "Open file descriptors"),
	REAL("process_start_time_seconds", GAUGE, "s", start_s,
		"Start of the process, Unix time"),
};
/* clang-format on */

static uint64_t int_of(const struct metric *m, const struct node_metrics *values)
{
	return *(const uint64_t *)(const void *)((const char *)values + m->offset);
}

static double double_of(const struct metric *m, const struct node_metrics *values)
{
	return *(const double *)(const void *)((const char *)values + m->offset);
}

/* --- the process ------------------------------------------------------------------- */

/* The second number there, in pages. */
static uint64_t resident_bytes(void)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (fs_read("/proc/self/statm", 4096, &text, NULL))
		return 0;
	const char *second = strchr(strbuf_str(&text), ' ');
	return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n > 3 ? n - 3 : 0; /* ".", ".." and the directory itself */
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

void metrics_process(struct node_metrics *m)
{
	struct rusage use;

	if (getrusage(RUSAGE_SELF, &use) == 0)
		m->cpu_s = seconds(use.ru_utime) + seconds(use.ru_stime);
	m->start_s = (double)m->started_ms / 1000;
	m->resident_bytes = resident_bytes();
	m->open_fds = open_fds();
}

/* --- Prometheus ---------------------------------------------------------------------- */

static void add_label_value(struct strbuf *out, const char *s)
{
	strbuf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, *s);
	}
	strbuf_addc(out, '"');
}

void metrics_to_text(const struct node_metrics *values, struct strbuf *out)
{
	struct jw w; /* for its doubles: shortest, and the same in every locale */

	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		const struct metric *m = &metrics[i];
		strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", m->name, m->help, m->name,
			m->type == COUNTER ? "counter" : "gauge", m->name);
		jw_init(&w, out, 0);
		if (m->is_double)
			jw_double(&w, double_of(m, values));
		else
			jw_u64(&w, int_of(m, values));
		strbuf_addc(out, '\n');
	}
	strbuf_adds(out, "# HELP ltb_node_build_info Always 1; the label tells the version\n"
			 "# TYPE ltb_node_build_info gauge\n"
			 "ltb_node_build_info{version=");
	add_label_value(out, values->version);
	strbuf_adds(out, "} 1\n");
}

/* --- OTLP ------------------------------------------------------------------------------ */

static void otlp_attribute(struct jw *w, const char *key, const char *value)
{
	jw_object(w);
	jw_kstr(w, "key", key);
	jw_key(w, "value");
	jw_object(w);
	jw_kstr(w, "stringValue", value);
	jw_object_end(w);
	jw_object_end(w);
}

/* As protobuf's JSON mapping has them: 64-bit integers are strings. */
static void otlp_u64(struct jw *w, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	jw_kstr(w, key, text);
}

static void otlp_metric(struct jw *w, const struct metric *m, const struct node_metrics *values)
{
	jw_object(w);
	jw_kstr(w, "name", m->name);
	jw_kstr(w, "description", m->help);
	jw_kstr(w, "unit", m->unit);
	jw_key(w, m->type == COUNTER ? "sum" : "gauge");
	jw_object(w);
	if (m->type == COUNTER) {
		jw_ku64(w, "aggregationTemporality", CUMULATIVE);
		jw_kbool(w, "isMonotonic", true);
	}
	jw_key(w, "dataPoints");
	jw_array(w);
	jw_object(w);
	if (m->type == COUNTER)
		otlp_u64(w, "startTimeUnixNano", values->started_ms * 1000000);
	otlp_u64(w, "timeUnixNano", values->now_ms * 1000000);
	if (m->is_double)
		jw_kdouble(w, "asDouble", double_of(m, values));
	else
		otlp_u64(w, "asInt", int_of(m, values));
	jw_object_end(w);
	jw_array_end(w);
	jw_object_end(w);
	jw_object_end(w);
}

void metrics_to_otlp(
	const struct node_metrics *values, const struct metrics_source *src, struct strbuf *out)
{
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key(&w, "resourceMetrics");
	jw_array(&w);
	jw_object(&w);
	jw_key(&w, "resource");
	jw_object(&w);
	jw_key(&w, "attributes");
	jw_array(&w);
	otlp_attribute(&w, "service.name", src->service);
	otlp_attribute(&w, "service.instance.id", src->instance);
	otlp_attribute(&w, "service.version", values->version);
	jw_array_end(&w);
	jw_object_end(&w);
	jw_key(&w, "scopeMetrics");
	jw_array(&w);
	jw_object(&w);
	jw_key(&w, "scope");
	jw_object(&w);
	jw_kstr(&w, "name", "ltb-node");
	jw_kstr(&w, "version", values->version);
	jw_object_end(&w);
	jw_key(&w, "metrics");
	jw_array(&w);
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		otlp_metric(&w, &metrics[i], values);
	jw_array_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	jw_object_end(&w);
}
