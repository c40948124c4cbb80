/*
 * Lines of nodes' logs on their way to the event stream: which level, which
 * words, and how many a second, whatever program writes them. Pure.
 */
#ifndef BACKENDS_NODE_LOG_H
#define BACKENDS_NODE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/log.h"

/* The level of a log line of whatever program; LOG_INFO when none is seen. */
enum log_level node_log_level(const char *line, size_t len);

/*
 * Where a line's own words begin: behind the time, the level and the node's
 * name, which whoever shows the line has already. A line of another form is
 * left as it is.
 */
const char *node_log_words(const char *line, const char *node);

/* At most so many lines a second become events. One thread. */
struct node_log_budget {
	uint64_t second;
	unsigned warnings, chatter;
};
/* Warnings and what is worse have a budget of their own, so that chatter cannot hide them. */
bool node_log_allowed(struct node_log_budget *b, uint64_t now_ns, enum log_level level);

/*
 * How far an output was read, by the times of its lines (in order; several may
 * share one): what comes again when it is read once more, from some way back,
 * is told apart from what is new.
 */
struct node_log_mark {
	uint64_t time_ns; /* of the last line */
	uint64_t same;    /* lines with its time; 0: nothing was read */
	uint64_t skip;    /* how many of them are still to come again */
	bool again;       /* it was begun anew, and is not as far as it had been */
};
void node_log_mark_again(struct node_log_mark *m); /* it is read anew */
/* false: that line was there before. */
bool node_log_mark_take(struct node_log_mark *m, uint64_t time_ns);

/* The last words of a node: whole lines, as many as fit. */
struct node_tail {
	char text[2000];
	size_t len;
};
void node_tail_add(struct node_tail *t, const char *line, size_t len);

#endif
