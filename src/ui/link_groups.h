/*
 * Links that are cut, slow or lossy, put together by what was done to them and
 * when: a partition of 20 nodes is one line, not two hundred. Pure.
 */
#ifndef UI_LINK_GROUPS_H
#define UI_LINK_GROUPS_H

#include "core/model.h"
#include "ui/glyphs.h"
#include "util/strbuf.h"

#define LINK_GROUPS    16   /* further kinds are not told apart: the last group takes them */
#define LINK_GROUP_MAX 4096 /* links that are looked at */

struct link_group {
	struct model_link rule; /* of its first link; since_ns is the earliest */
	size_t n;               /* links, one way each */
};

/* Returns the number of groups. */
size_t link_groups(const struct model *m, struct link_group ret[LINK_GROUPS]);
/* "n0 n1 | n2 n3" (cut from each other), "n0 -> n1", "n0 n2 n3 n4, 9 links". */
void link_group_where(const struct model *m, const struct link_group *g,
	const struct glyphs *glyphs, struct strbuf *out);
/* "cut", "delay 120 ms +-20 ms, loss 5 %". */
void link_group_what(const struct link_group *g, struct strbuf *out);
/* Is this link one of the group? */
bool link_group_has(const struct link_group *g, const struct model_link *l);

#endif
