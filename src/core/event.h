/*
 * Events: the one stream that a run consists of. Everything that is shown,
 * judged or reported is computed from them; events.jsonl is their recorded
 * form. Names and fields are stable (assets/schemas/event.schema.json).
 *
 * An event belongs to whoever holds it until it is handed to the bus; strings
 * in it are owned by it. Times are nanoseconds since the run's start, taken by
 * the producer when the thing happened.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "util/err.h"
#include "util/hex.h"
#include "util/strbuf.h"

#define EVENT_KINDS(X) \
	X(RUN_START, "run_start") \
	X(PHASE, "phase") \
	X(NODE_STATE, "node_state") \
	X(NODE_SAMPLE, "node_sample") \
	X(BLOCK, "block") \
	X(BLOCK_SEEN, "block_seen") \
	X(REORG, "reorg") \
	X(TX, "tx") \
	X(WORKLOAD, "workload") \
	X(FAULT, "fault") \
	X(LINK, "link") \
	X(COMMAND, "command") \
	X(METRIC, "metric") \
	X(CHECK, "check") \
	X(LOG, "log") \
	X(NOTE, "note") \
	X(LOST, "lost") \
	X(RUN_END, "run_end")

enum event_kind {
#define EVENT_ENUM(id, name) EVENT_##id,
	EVENT_KINDS(EVENT_ENUM) EVENT_KIND_COUNT
#undef EVENT_ENUM
};

enum phase {
	PHASE_VALIDATE,
	PHASE_PREPARE,
	PHASE_UP,
	PHASE_READY,
	PHASE_BASELINE,
	PHASE_DRIVE,
	PHASE_HEAL,
	PHASE_SETTLE,
	PHASE_JUDGE,
	PHASE_COLLECT,
	PHASE_DOWN,
	PHASE_COUNT
};

enum node_state {
	NODE_PLANNED,  /* not started */
	NODE_STARTING, /* process started, API not up */
	NODE_UP,       /* API answers */
	NODE_READY,    /* peers connected, mode Online (first time after a start) */
	NODE_PAUSED,
	NODE_STOPPED, /* stopped or killed on purpose */
	NODE_DEAD,    /* ended by itself */
	NODE_REMOVED,
	NODE_STATE_COUNT
};

enum tx_state {
	TX_SUBMITTED, /* accepted by a node's API; latency = intended send -> accepted */
	TX_REJECTED,  /* a node refused it, or could not be asked; reason says why */
	TX_INCLUDED,  /* seen in a block; latency = intended send -> block observed */
	TX_DROPPED,   /* no node has it pending any more and no block has it */
	TX_EXPIRED,   /* not included within its time */
	TX_STATE_COUNT
};

enum verdict {
	VERDICT_PENDING,
	VERDICT_PASSING,
	VERDICT_FAILING,
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_UNKNOWN
};

/*
 * Counts of one workload. submitted = included + dropped + expired + pending at
 * any time. planned: what was really to be sent, so that it follows what an
 * operator changes (a hold makes it fewer, a burst more); meanwhile what it will
 * come to as things stand, and at the end planned = submitted + rejected +
 * unsent. For workloads that act instead: planned actions, of which `actions`
 * were done; 0 when that is not known beforehand. target_rate is the rate in
 * force: 0 while held, and once stopped.
 */
struct workload_counts {
	uint64_t planned, submitted, rejected, unsent;
	uint64_t included, dropped, expired, pending;
	uint64_t actions; /* for fault workloads: faults injected */
	uint64_t submit_p50_ns, submit_p99_ns, include_p50_ns, include_p99_ns;
	double target_rate, rate; /* per second */
};

struct event {
	enum event_kind kind;
	uint64_t seq;  /* position in the stream, given by the hub, from 1 */
	uint64_t t_ns; /* since the run's start */
	int node;      /* index, or -1 */
	union {
		struct {
			char *run_id, *preset, *backend, *started; /* started: RFC 3339 UTC */
			uint64_t seed;
			unsigned n_nodes;
		} run_start;
		struct {
			enum phase phase;
			bool end;
			bool ok;      /* at the end */
			char *reason; /* at the end, when not ok */
			uint64_t duration_ns;
			/* At the start: run time at which it is expected to end; 0 unknown. A
			 * further start of a phase that has not ended tells a new time. */
			uint64_t until_ns;
		} phase;
		struct {
			enum node_state state;
			bool expected;  /* somebody asked for it (a fault, teardown) */
			char *reason;   /* "exit 1", "restart by restarts"; may be NULL */
			char *endpoint; /* http://127.0.0.1:1234 when known */
			int64_t pid;    /* 0 when there is none */
			char *log_tail; /* NODE_DEAD: last lines; may be NULL */
		} node_state;
		struct {
			bool ok;     /* the node answered, with something that makes sense */
			char *error; /* when not ok */
			char *mode;  /* "Online", "Bootstrapping", "AwaitingStart" */
			uint64_t slot, height, lib_slot;
			struct id32 tip, lib;
			uint64_t peers, mempool;
			bool has_supply;
			uint64_t supply, genesis_supply;
			uint64_t latency_ns;
			double cpu; /* share of one core since the last sample; < 0 unknown */
			uint64_t rss_bytes; /* 0 unknown */
			/* Since its process started, all kinds together; only when has_traffic. */
			bool has_traffic;
			uint64_t in_bytes, out_bytes;
		} sample;
		struct {
			struct id32 id, parent, leader;
			uint64_t slot, height;
			bool has_height; /* false while an ancestor is missing */
			uint64_t size_bytes;
			struct id32 *txs; /* owned */
			size_t n_txs;
		} block; /* first sighting anywhere; node = where */
		struct {
			struct id32 id;
		} block_seen; /* a further node has it */
		struct {
			struct id32 from, to; /* old and new tip of the node */
			uint64_t depth;       /* blocks that left its chain */
		} reorg;
		struct {
			char *workload;
			struct id32 hash;
			enum tx_state state;
			uint64_t latency_ns;
			struct id32 block; /* TX_INCLUDED */
			char *reason;      /* TX_REJECTED */
		} tx;
		struct {
			char *name;
			struct workload_counts counts;
			bool end; /* it is done; ok and reason are valid */
			bool ok;
			char *reason;
		} workload; /* once a second and at the end */
		struct {
			uint64_t id;    /* unique in the run */
			char *name;     /* "restart", "pause", ... */
			char *by;       /* workload's name, "key", "timeline" */
			bool end;       /* healed */
			bool effective; /* at the end: it was seen to do something */
			char *detail;   /* may be NULL */
		} fault;
		struct {
			unsigned from, to; /* node indices */
			bool cut;
			uint64_t delay_ns, jitter_ns;
			double loss; /* all zero: the link is as it was */
		} link;              /* how a directed link behaves from now on */
		struct {
			char *text, *source;
			bool ok;
			char *reason;
		} command;
		struct {
			char *query; /* PromQL */
			bool ok;     /* there is an answer that can be judged */
			char *error; /* when not ok */
			/* When ok: how many samples, and the lowest and highest of them. */
			unsigned series;
			double min, max;
			char *min_series, *max_series; /* their labels; NULL when there are none */
		} metric;
		struct {
			char *name;
			enum verdict verdict; /* final ones only in the judge phase */
			char *reason;
			char *evidence; /* a JSON object; NULL while live */
		} check;
		struct {
			int level; /* enum log_level */
			char *text;
		} log; /* node -1: the bench itself */
		struct {
			char *text;
		} note;
		struct {
			uint64_t count; /* samples or log lines dropped because a queue was full */
		} lost;
		struct {
			enum verdict verdict;
			int exit_code;
			char *reason;
		} run_end;
	} u;
};

struct event *event_new(enum event_kind kind, uint64_t t_ns, int node);
void event_free(struct event *ev); /* NULL is fine */
/* Node samples and log lines may be dropped when a queue is full; nothing else. */
bool event_is_droppable(const struct event *ev);

/* One line of JSON without the newline: {"seq","t_ns","kind",["node"],...}. */
void event_to_json(const struct event *ev, struct strbuf *out);
/* Unknown kinds and keys: NULL without an error text, to be skipped; bad shapes: NULL with one. */
struct event *event_from_json(const char *line, size_t len, struct err *err);

const char *event_kind_name(enum event_kind k);
const char *phase_name(enum phase p);
const char *node_state_name(enum node_state s);
const char *tx_state_name(enum tx_state s);
const char *verdict_name(enum verdict v);

#endif
