/*
 * The random and the counted part of a rule: how long something is to wait,
 * whether it is lost, when the bandwidth lets it go. One for each direction
 * between two nodes, shared by all their connections. Knows no sockets and no
 * clock: the time is told. One thread.
 */
#ifndef RELAY_SHAPE_H
#define RELAY_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/rule.h"
#include "util/rng.h"

struct shaper {
	struct rng rng;
	double z; /* last jitter as a standard normal deviate, for the correlation */
	bool has_z;
	uint64_t full_ns; /* when all that has been let go is paid for by the bandwidth */
};

struct shape_fate {
	bool drop, duplicate, reorder;
};

void shaper_init(struct shaper *s, uint64_t seed, const char *label);
/* After each change of the rule: old debts to the bandwidth are forgiven. */
void shaper_rule_changed(struct shaper *s, uint64_t now_ns);

/* Delay and jitter of the next piece, 0 or more. */
uint64_t shaper_delay_ns(struct shaper *s, const struct rule *r);
/*
 * Byte streams: what a loss among so many bytes costs. Nothing of a stream can
 * be left out, so a lost segment is sent again after retransmit_ms, doubled each
 * time that is lost too. *ret_lost counts the losses.
 */
uint64_t shaper_stream_loss_ns(
	struct shaper *s, const struct rule *r, uint64_t bytes, unsigned *ret_lost);
struct shape_fate shaper_datagram(struct shaper *s, const struct rule *r);
/*
 * Bandwidth: when so many bytes may go, now_ns or later. Within any time t that
 * is at most burst + bytes_per_s * t.
 */
uint64_t shaper_reserve(struct shaper *s, const struct rule *r, uint64_t now_ns, uint64_t bytes);
/* How long something that came now would wait for bandwidth. */
uint64_t shaper_backlog_ns(const struct shaper *s, const struct rule *r, uint64_t now_ns);

#endif
