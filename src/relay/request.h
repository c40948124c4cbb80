/*
 * Bodies of the control API: JSON to what plane.h wants. Everything is bounded,
 * and members that are not known are refused, so that a typing error is no
 * fault that never happens. Pure, any thread.
 */
#ifndef RELAY_REQUEST_H
#define RELAY_REQUEST_H

#include "relay/plane.h"

#define REQUEST_MAX_BYTES (16u << 20)
#define RULES_MAX         10000 /* in one request */
#define LIST_MAX          LINKS_MAX

struct link_specs {
	struct link_spec *items;
	size_t len, cap;
};

struct rule_changes {
	struct rule_change *items;
	size_t len, cap;
};

/* {"links": [{id, from, to, kind, listen, target, groups, rule}, ...]}. ERR_USAGE, ERR_LIMIT, and
 * ERR_PROTOCOL for what is no JSON. *ret is to be released in any case. */
int request_links(const char *body, size_t len, struct link_specs *ret, struct err *err);
void link_specs_release(struct link_specs *s);
/* {"rules": [{links, from, to, groups, both, rule}, ...]} */
int request_rules(const char *body, size_t len, struct rule_changes *ret, struct err *err);
void rule_changes_release(struct rule_changes *c);
/* {"links": [id, ...]} */
int request_ids(const char *body, size_t len, struct strlist *ret, struct err *err);

#endif
