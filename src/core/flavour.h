/*
 * The contract of a flavour: what one kind of node program needs, wherever it
 * runs. Backends place and start; flavours say what. Pure except for the files
 * that write_config() makes below the node's own directory. Any thread.
 */
#ifndef CORE_FLAVOUR_H
#define CORE_FLAVOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/plan.h"
#include "util/err.h"
#include "util/mem.h"

enum port_kind { PORT_TCP, PORT_UDP };

struct flavour_port {
	const char *name; /* "http", "p2p" */
	enum port_kind kind;
	uint16_t usual; /* where it listens when it has an address of its own (a container) */
};

#define FLAVOUR_MAX_PORTS 4

struct flavour_node {
	const struct plan *plan;
	unsigned index;
	const struct plan_node *node;
	const char *binary;
	const char *dir;      /* where files are written, as ltb sees it */
	const char *node_dir; /* the same place as the node sees it */
	/*
	 * Where the node may write, as it sees it, when node_dir is read-only to it and its files
	 * are to be read by whatever user it is; NULL: node_dir/data, and it tells its ports there.
	 */
	const char *state_dir;
	const char *bind;                  /* address to bind, "127.0.0.1" or "0.0.0.0" */
	uint16_t ports[FLAVOUR_MAX_PORTS]; /* 0: the node chooses and tells (ready file) */
	const char *const *peers;          /* "host:port" of those it dials; NULL-terminated */
	uint64_t genesis_time_ms;
	const char *log_level;
	const struct strlist *args, *env; /* from the preset, already merged */
};

struct flavour_ops {
	const char *name, *summary;
	const char *binary; /* program name looked for when none is given */
	struct flavour_port ports[FLAVOUR_MAX_PORTS]; /* name NULL ends */
	bool binds_port_zero;                         /* can choose its own ports and tell them */
	bool dials_at_run_time; /* POST /network/dial_peer with these multiaddresses works */
	int (*write_config)(const struct flavour_node *n, struct err *err);
	int (*command)(const struct flavour_node *n, struct strlist *ret_argv,
		struct strlist *ret_env, struct err *err);
	/* 1: started, ports (host order) filled in; 0: not yet; -1: err. If binds_port_zero. */
	int (*read_ready)(const struct flavour_node *n, pid_t pid,
		uint16_t ret_ports[FLAVOUR_MAX_PORTS], struct err *err);
	/* A command that tells by its exit status whether the node on this machine is well, for
	 * containers. Nothing: there is none. */
	void (*health_command)(const struct flavour_node *n, struct strlist *ret_argv);
	/* Address to be given to dial_peer. */
	void (*peer_address)(const char *host, uint16_t port, char *buf, size_t size);
};

/* How the port of this name is spoken to. */
static inline enum port_kind flavour_port_kind(const struct flavour_ops *ops, const char *name)
{
	for (size_t i = 0; i < FLAVOUR_MAX_PORTS && ops->ports[i].name; i++)
		if (strcmp(ops->ports[i].name, name) == 0)
			return ops->ports[i].kind;
	return PORT_TCP;
}

/* The usual port of this name; 0: it has none. */
static inline uint16_t flavour_usual_port(const struct flavour_ops *ops, const char *name)
{
	for (size_t i = 0; i < FLAVOUR_MAX_PORTS && ops->ports[i].name; i++)
		if (strcmp(ops->ports[i].name, name) == 0)
			return ops->ports[i].usual;
	return 0;
}

#endif
