/*
 * What happens to the bytes that flow from one node to another, whoever opened
 * the connection. All zero: nothing. Reading it from JSON and writing it back
 * go by one table. Pure, any thread.
 */
#ifndef RELAY_RULE_H
#define RELAY_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"

#define RULE_MAX_DELAY_MS   600000.0
#define RULE_RETRANSMIT_NS  (200 * 1000000ull) /* the least that Linux waits */
#define RULE_REORDER_NS     (20 * 1000000ull)
#define RULE_MAX_BYTES      (1ull << 40)
#define RULE_MIN_BURST      4096u
#define RULE_SEGMENT_BYTES  1460u /* what a loss hits on a byte stream */
#define RULE_MAX_READ_BYTES 65536u

enum rule_distribution { DISTRIBUTION_UNIFORM, DISTRIBUTION_NORMAL, DISTRIBUTION_PARETO };

enum rule_cut {
	CUT_NONE,
	CUT_SILENT,    /* nothing arrives, nobody is told */
	CUT_RESET,     /* connections are reset, new ones refused */
	CUT_HALF_OPEN, /* the receiving end of each connection is dead, the sender's is not */
};

struct rule {
	uint64_t delay_ns, jitter_ns;
	enum rule_distribution distribution;
	double correlation;        /* of one jitter with the next, 0..1 */
	double loss;               /* share, 0..1: of datagrams, or of segments of a stream */
	uint64_t retransmit_ns;    /* 0: RULE_RETRANSMIT_NS */
	double duplicate, reorder; /* share of datagrams */
	uint64_t reorder_ns;       /* 0: RULE_REORDER_NS */
	uint64_t bytes_per_s;      /* 0: no limit */
	uint64_t burst_bytes;      /* 0: what passes in 50 ms */
	enum rule_cut cut;
};

/* Any member may be missing, none be unknown. ERR_USAGE. */
int rule_from_json(const cJSON *obj, struct rule *ret, struct err *err);
/* An object with what differs from the default. */
void rule_to_json(const struct rule *r, struct jw *w);

/* Nothing is changed, held or counted: bytes may go straight through. */
bool rule_is_neutral(const struct rule *r);
/* Nothing arrives for as long as this lasts. */
static inline bool rule_holds(const struct rule *r)
{
	return r->cut == CUT_SILENT || r->loss >= 1;
}
uint64_t rule_burst_bytes(const struct rule *r);
uint64_t rule_reorder_ns(const struct rule *r);
/* The most that may be read from a stream at once, so that the rate is smooth. */
uint32_t rule_read_bytes(const struct rule *r);

#endif
