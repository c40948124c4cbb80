/*
 * What workloads, timeline and terminal may do to a running cluster. Commands
 * go to the runner's mailbox and are carried out there, one at a time; callers
 * wait for the reply. Every command becomes an event; faults are journaled
 * before they are done.
 */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include "core/command.h"
#include "core/event.h"

struct control; /* made by the runner */

/*
 * Does op to a node on behalf of `by` ("restarts", "key"). Faults (everything
 * that takes a node away) open a FAULT event and close it when the node is
 * READY again. ERR_UNSUPPORTED when the backend cannot. Any thread but the
 * runner's, net's, hub's.
 */
int control_node_op(struct control *c, enum node_op op, unsigned node, const char *by,
	const struct cancel *cancel, struct err *err);

/*
 * Any command on behalf of `by`. control_do() waits for the outcome, with the
 * same threads and errors as control_node_op(); control_post() does not wait:
 * the outcome is a COMMAND event with `by` as its source, and -1 only means
 * that the command was not taken at all (the run is ending, too many wait).
 */
int control_do(struct control *c, const struct command *cmd, const char *by,
	const struct cancel *cancel, struct err *err);
int control_post(struct control *c, const struct command *cmd, const char *by, struct err *err);

/* Nodes as they are now (copies). */
size_t control_n_nodes(struct control *c); /* added ones included, removed ones too */
enum node_state control_node_state(struct control *c, unsigned node);
/* Base URL of a node's API; false when it has none now. */
bool control_endpoint(struct control *c, unsigned node, char *buf, size_t size);

#endif
