/*
 * The link plane: links (a listening socket and a target each), the directions
 * between nodes with their rules, and how many bytes wait in all of it. It does
 * what it is told; who tells it is http.h. One thread: the loop's.
 */
#ifndef RELAY_PLANE_H
#define RELAY_PLANE_H

#include "relay/endpoint.h"
#include "relay/loop.h"
#include "relay/queue.h"
#include "relay/resolve.h"
#include "relay/rule.h"
#include "relay/shape.h"
#include "util/map.h"
#include "util/mem.h"

#define LINK_ID_MAX      160 /* characters */
#define NAME_MAX_CHARS   64  /* of nodes and groups */
#define LINKS_MAX        20000
#define GROUPS_MAX       16                  /* of one link */
#define CONNS_MAX        4096                /* of one link */
#define SESSIONS_MAX     256                 /* of one link */
#define QUEUE_MAX_BYTES  (4u << 20)          /* of one connection, one way */
#define QUEUES_MAX_BYTES ((size_t)256 << 20) /* of all; then each may have ... */
#define QUEUE_MIN_BYTES  (64u << 10)         /* ... this much */
#define SCRATCH_BYTES    (256u << 10)

enum link_kind { LINK_TCP, LINK_UDP };

/* What is wanted. Strings are owned. */
struct link_spec {
	char *id, *from, *to;
	enum link_kind kind;
	struct endpoint listen, target;
	struct strlist groups;
	bool has_rule;
	struct rule rule; /* of the bytes from `from` to `to` */
};

/* Which directions between nodes a rule is for; absent lists match all. */
struct rule_change {
	struct strlist links, from, to, groups;
	bool has_links, has_from, has_to, has_groups;
	bool both; /* also the opposite directions */
	struct rule rule;
	unsigned matched; /* out: directions */
};

struct link_count {
	uint64_t bytes, pieces;                  /* passed on; pieces: writes or datagrams */
	uint64_t dropped, duplicated, reordered; /* datagrams */
	uint64_t lost;                           /* segments of a stream that had to wait */
};

/* From one node to another. */
struct path {
	char *from, *to;
	struct rule rule;
	bool neutral; /* rule_is_neutral() */
	struct shaper shaper;
	VEC(struct link *) links; /* that carry it, in either direction */
	bool changed;             /* while a change is being applied */
};

enum { FORWARD, BACKWARD }; /* from `from` to `to`, and what comes back */

struct conn;
struct session;

struct link {
	struct watch watch; /* the listening or receiving socket; first */
	struct plane *plane;
	char *id;
	enum link_kind kind;
	struct endpoint listen, target;
	struct strlist groups;
	struct path *path[2];
	struct link_count count[2];
	uint64_t connections, refused, failed, resets; /* sessions, for UDP */
	unsigned open;
	bool shut;           /* refuses connections (TCP) */
	bool accept_pending; /* there were no descriptors left */
	struct conn *conns;
	struct map *sessions; /* UDP, by the dialer's address */
	struct task more;     /* UDP: there is more to be read */
};

struct plane {
	struct loop *loop;
	struct resolver *resolver;
	uint64_t seed;
	struct map *links, *paths; /* by id, by "from>to" */
	size_t queued_bytes;
	size_t max_fds, used_fds; /* used: by links, connections and sessions */
	bool warned;              /* that there are too few */
	struct timer accept_again, tidy;
	unsigned char *scratch; /* SCRATCH_BYTES */
};

void link_spec_release(struct link_spec *s);
void rule_change_release(struct rule_change *c);

struct plane *plane_new(struct loop *l, uint64_t seed, size_t max_fds);
void plane_free(struct plane *p); /* NULL is fine; closes everything */

/*
 * Makes links, all or none. One that is there already by id gets the target and
 * the groups that are given; who it is between and where it listens must be as before.
 * ERR_USAGE: conflict; ERR_ENV: a socket; ERR_LIMIT: too many.
 */
int plane_put_links(struct plane *p, const struct link_spec *specs, size_t n, struct err *err);
/* Closes the links with all their connections. Those that are not there are passed over. */
unsigned plane_delete_links(struct plane *p, const struct strlist *ids);
/* In order; in force, also for what is under way, on return. */
void plane_put_rules(struct plane *p, struct rule_change *changes, size_t n);
const struct link *plane_link(const struct plane *p, const char *id);

/* For tcp.c and udp.c. */
size_t plane_queue_limit(const struct plane *p);
/* Whether there are so many descriptors more; if not, a TCP link accepts again later. */
bool plane_has_descriptors(struct plane *p, struct link *l, size_t n);
void plane_accept_later(struct plane *p, struct link *l);

#endif
