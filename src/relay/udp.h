/*
 * UDP links: a session for each address that sends, with a socket of its own
 * towards the target, so that answers find their way back. One thread: the
 * loop's.
 */
#ifndef RELAY_UDP_H
#define RELAY_UDP_H

#include "relay/plane.h"

#define UDP_IDLE_NS (180 * 1000000000ull)

int udp_listen(struct link *l, struct err *err); /* binds l->listen, fills in its port */
void udp_rules_changed(struct link *l);
void udp_target_changed(struct link *l); /* sessions start over */
void udp_tidy(struct link *l, uint64_t now_ns);
void udp_close_all(struct link *l);

#endif
