/*
 * One TCP connection through the plane, and the two flows of bytes in it. Shared
 * by tcp.c, which opens and closes connections, and flow.c, which moves bytes;
 * nobody else looks inside. One thread: the loop's.
 */
#ifndef RELAY_CONN_H
#define RELAY_CONN_H

#include "relay/plane.h"

enum conn_state {
	CONN_HELD,       /* accepted during a cut; the target knows nothing of it */
	CONN_OPENING,    /* the time that the first packet takes */
	CONN_RESOLVING,  /* the target's name */
	CONN_CONNECTING, /* to the target */
	CONN_OPEN,
	CONN_HALF_OPEN, /* one end is gone and the other one is not told */
};

enum { END_FROM, END_TO }; /* the dialer's socket, the target's */

struct end {
	struct watch watch; /* first */
	struct conn *conn;
	bool readable, writable; /* for all we know */
	bool ended;              /* the other side has closed, at least half */
	bool failed;             /* reset, or an error: to be passed on */
};

/* flow[FORWARD] goes from end[END_FROM] to end[END_TO], flow[BACKWARD] back. */
struct flow {
	struct conn *conn;
	struct path *path;
	struct link_count *count;
	struct end *src, *dst;
	struct queue queue;
	struct timer timer;
	uint64_t read_at_ns;  /* not before: bandwidth, or a connection that is being made */
	uint64_t reset_at_ns; /* CLOCK_NEVER: src has not failed */
	bool eof_read, eof_sent;
	uint64_t eof_at_ns;
};

struct conn {
	struct link *link;
	struct conn *prev, *next;
	enum conn_state state;
	unsigned lost_end; /* CONN_HALF_OPEN */
	struct end end[2];
	struct flow flow[2];
	struct timer opening;
	struct task more;
	uint64_t open_at_ns; /* CONN_OPENING */
	struct resolve_request *name;
	struct sockaddr_any addrs[RESOLVE_MAX_ADDRESSES];
	size_t n_addrs, next_addr;
};

void conn_close(struct conn *c); /* what was sent still arrives */
void conn_reset(struct conn *c); /* both ends see a reset */

void flow_init(struct flow *f, struct conn *c, unsigned direction);
void flow_release(struct flow *f);
/* Moves what can be moved. false when the connection is gone by that. */
bool flow_pump(struct flow *f);
void flow_rule_changed(struct flow *f, uint64_t now_ns);

#endif
