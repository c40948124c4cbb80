/*
 * What an operator, a script or a timeline may ask of a running run, as data
 * and as one line of text: "restart n2", "rate transactions 12.5",
 * "partition n0 n1 | n2 n3". One grammar for keys, `--script`, the timeline
 * workload and the recorded COMMAND events, so that a session can be played
 * again. Pure, any thread.
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/backend.h"
#include "util/err.h"
#include "util/strbuf.h"

#define COMMAND_TEXT       400
#define COMMAND_MAX_GROUPS 16
#define COMMAND_ALL_NODES  UINT32_MAX

enum command_kind {
	COMMAND_NODE,      /* start|stop|kill|restart|kill-restart|pause|resume|remove NODE; add */
	COMMAND_PARTITION, /* partition NODE... | NODE... [| ...]: cuts all links between groups */
	COMMAND_LINK,      /* link FROM TO|* [cut] [delay=T] [jitter=T] [loss=P%] */
	COMMAND_HEAL,      /* heal [NODE]: ends faults, of one node or all */
	COMMAND_RATE,      /* rate WORKLOAD N: per second from now on */
	COMMAND_HOLD,      /* hold WORKLOAD: causes no load until released */
	COMMAND_RELEASE,   /* release WORKLOAD */
	COMMAND_BURST,     /* burst WORKLOAD N: so many at once, beside its rate */
	COMMAND_EXTEND,    /* extend TIME: the drive phase lasts longer */
	COMMAND_END,       /* end: the drive phase is over; heal, settle, judge */
	COMMAND_JUDGE,     /* judge: the same, but without waiting for what is still under way */
	COMMAND_NOTE,      /* note TEXT: a mark in the timeline */
	COMMAND_KIND_COUNT
};

struct command {
	enum command_kind kind;
	enum node_op op;         /* COMMAND_NODE */
	unsigned node;           /* NODE, HEAL, LINK (from); COMMAND_ALL_NODES: all or any */
	unsigned to;             /* LINK; COMMAND_ALL_NODES: every other node, both ways */
	struct link_rule rule;   /* LINK */
	char workload[64];       /* RATE, HOLD, RELEASE, BURST: name of the use */
	double rate;             /* RATE, per second, above 0 */
	uint64_t count;          /* BURST, 1..1000000 */
	uint64_t duration_ns;    /* EXTEND, 1 s .. 24 h */
	char text[COMMAND_TEXT]; /* NOTE: the text; PARTITION: "n0 n1 | n2 n3", normalised */
};

/* ERR_USAGE says what is wrong and what the form of this command is. */
int command_parse(const char *text, struct command *ret, struct err *err);
/* The text that command_parse() reads back to the same command. Returns buf. */
const char *command_format(const struct command *c, char *buf, size_t size);
/*
 * The groups of a partition: *ret_group[i] is node i's group from 0, or -1 when
 * it is named in none (it then keeps its links to all). ERR_USAGE: fewer than
 * two groups, a node named twice, an unknown node.
 */
int command_groups(const char *text, size_t n_nodes, int *ret_group, struct err *err);

/* What the answer depends on; all of it can be read off a snapshot and the backend's table. */
struct command_context {
	unsigned caps; /* enum backend_cap bits */
	const char *backend;
	enum phase phase;
	bool ended;
	size_t n_nodes;
	enum node_state node; /* of command.node, for COMMAND_NODE */
	/* Of the workload that is named: does it exist, and what can be changed (enum tune_cap)? */
	bool has_workload;
	unsigned tunes;
};
/*
 * Can it be carried out now? The one place that knows; control and terminal
 * both ask it. -1: err says why not and what would have to be so.
 */
int command_possible(const struct command *c, const struct command_context *x, struct err *err);
/* Does it take something away from the network (a node, a link)? Such things ask first. */
bool command_is_fault(const struct command *c);

#endif
