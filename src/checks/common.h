/*
 * What several checks need: wording of times, nodes and blocks in reasons, and
 * steps along the block tree. Pure; hub thread.
 */
#ifndef CHECKS_COMMON_H
#define CHECKS_COMMON_H

#include "core/check.h"
#include "util/json.h"
#include "util/mem.h"

struct check_text {
	char s[24];
};

/* "1:22", minutes and seconds of run time. */
struct check_text check_at(uint64_t t_ns);
/* "8f3c..a1" */
struct check_text check_id(const struct id32 *id);
struct check_text check_node(const struct model *m, int node);
struct check_text check_human(uint64_t ns); /* "4.2 s" */

/* Sets verdict and reason; a reason that does not fit is cut. */
void check_set(struct check_result *r, enum verdict v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Appends to the reason, as long as it fits. */
void check_add(struct check_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Blocks from b down to its ancestor; UINT64_MAX when that is no ancestor. */
uint64_t check_steps(const struct view_block *b, const struct view_block *ancestor);
/*
 * As chain_view_relation, but also knows the parent of the oldest known blocks
 * (the genesis block of a chain that was followed from its start).
 */
enum view_relation check_relation(
	const struct chain_view *v, const struct id32 *a, const struct id32 *b);
/* Did somebody ask to judge at once, without waiting for what was under way? */
bool check_judges_at_once(const struct event *ev);
/* Was any fault in force at this time, or less than slack before it? */
bool check_fault_near(const struct model *m, uint64_t t_ns, uint64_t slack_ns);

#endif
