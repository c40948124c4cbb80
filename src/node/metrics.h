/*
 * What a node tells about itself in figures, and the two forms in which it
 * does: Prometheus text for GET /metrics, OTLP as JSON for otlp.c. The figures
 * are plain data; whoever has them fills the struct. One table names them all.
 * One thread: the node's loop.
 *
 * Where the real node has a metric, ours has its name and meaning, so that the
 * same queries and dashboards work with both.
 */
#ifndef NODE_METRICS_H
#define NODE_METRICS_H

#include <stdint.h>

#include "util/strbuf.h"

/* Counted since the process started; what is read back from the store is not. */
struct node_counters {
	uint64_t blocks_imported, blocks_proposed, block_transactions;
	uint64_t transactions_added;
	uint64_t reorgs, reorg_blocks;
};

struct node_metrics {
	const char *version; /* of the program; borrowed */
	uint64_t tip_height, tip_slot, finalized_height, finalized_slot;
	uint64_t current_slot, current_epoch; /* by the clock */
	uint64_t online;                      /* 0 or 1 */
	uint64_t peers, connections;
	uint64_t pending; /* transactions */
	struct node_counters count;
	uint64_t now_ms, started_ms; /* Unix time */
	/* Of the process: metrics_process(). */
	double cpu_s, start_s;
	uint64_t resident_bytes, open_fds;
};

/* Who the figures are of. */
struct metrics_source {
	const char *service, *instance; /* borrowed */
};

void metrics_process(struct node_metrics *m);
/* Text format 0.0.4. */
#define METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"
void metrics_to_text(const struct node_metrics *m, struct strbuf *out);
/* One ExportMetricsServiceRequest. */
void metrics_to_otlp(
	const struct node_metrics *m, const struct metrics_source *src, struct strbuf *out);

#endif
