/*
 * The books of the faults that are in force, of nodes and of links, for
 * control.c: each is journaled before it is done, and opens and closes a FAULT
 * event. Runner's thread.
 */
#ifndef CORE_CONTROL_FAULTS_H
#define CORE_CONTROL_FAULTS_H

#include "core/control_priv.h"

struct faults;

struct faults *faults_new(const struct control_options *opt);
void faults_free(struct faults *f);

/* A node is about to be taken away. */
int faults_open_node(
	struct faults *f, enum node_op op, unsigned node, const char *by, struct err *err);
bool faults_has_node(const struct faults *f, unsigned node);
void faults_close_node(struct faults *f, unsigned node, const char *detail); /* if there is one */
/* Closes those of nodes that are READY again. */
void faults_close_recovered(struct faults *f);

/*
 * Carries out COMMAND_PARTITION or COMMAND_LINK. -1 when a link could not be
 * changed; those that could be are, and belong to the fault.
 */
int faults_set_links(struct faults *f, const struct command *cmd, const char *by, struct err *err);
/* Links of a node or all (COMMAND_ALL_NODES) are as they were; faults without links are over. */
int faults_heal_links(struct faults *f, unsigned node, struct err *err);
bool faults_has_links(const struct faults *f);

size_t faults_len(const struct faults *f);
size_t faults_nodes_away(const struct faults *f);
uint64_t faults_total(const struct faults *f);
/* Closes all that are still open. */
void faults_give_up(struct faults *f);

#endif
