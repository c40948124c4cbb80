/*
 * TCP links: accepting, dialling the target, and moving bytes both ways under
 * the rules. What one end does (end of stream, reset, not reading) the other
 * end sees. One thread: the loop's.
 */
#ifndef RELAY_TCP_H
#define RELAY_TCP_H

#include "relay/plane.h"

int tcp_listen(struct link *l, struct err *err); /* binds l->listen, fills in its port */
void tcp_accept(struct link *l);
void tcp_rules_changed(struct link *l);
void tcp_close_all(struct link *l);

#endif
