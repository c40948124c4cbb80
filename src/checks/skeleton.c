/*
 * A check to start from: copy this file, rename, and add the table to
 * registry.c and checks.h. It expects a number of blocks. Compiled and tested
 * with everything else, so it is always up to date, but not registered.
 *
 * A check sees events and the model that they fold to, nothing else; so it can
 * judge a recorded run too. It never passes without having observed something.
 */
#include <inttypes.h>

#include "checks/checks.h"
#include "checks/common.h"
#include "util/units.h"

struct state {
	uint64_t blocks, samples;
};

/* One row per setting; parser, `ltb describe` and the manual are made from it. */
static const struct option options[] = {
	{ .name = "min_blocks",
		.type = OPTION_U64,
		.offset = offsetof(struct skeleton_check_config, min_blocks),
		.def = "1",
		.min = 1,
		.help = "Blocks that must be seen" },
	{ .name = NULL },
};

/* On the hub thread, for every event, after the model took it. Must not block. */
static void observe(struct check *c, const struct event *ev, const struct model *m)
{
	(void)m;
	struct state *s = c->state;
	if (ev->kind == EVENT_BLOCK)
		s->blocks++;
	else if (ev->kind == EVENT_NODE_SAMPLE)
		s->samples++;
}

/* A few times a second: PENDING, PASSING or FAILING. */
static void peek(struct check *c, const struct model *m, struct check_result *r)
{
	(void)m;
	const struct state *s = c->state;
	const struct skeleton_check_config *config = c->config;
	check_set(r, s->blocks >= config->min_blocks ? VERDICT_PASSING : VERDICT_PENDING,
		"%" PRIu64 " of %" PRIu64 " block%s", s->blocks, config->min_blocks,
		plural_s(config->min_blocks));
}

/* Once, at the end: PASS, FAIL, or UNKNOWN when it could not be told. */
static void judge(struct check *c, const struct model *m, struct check_result *r)
{
	(void)m;
	const struct state *s = c->state;
	const struct skeleton_check_config *config = c->config;
	struct jw w;

	if (s->blocks == 0 && s->samples == 0)
		check_set(r, VERDICT_UNKNOWN, "nothing was observed");
	else
		check_set(r, s->blocks >= config->min_blocks ? VERDICT_PASS : VERDICT_FAIL,
			"%" PRIu64 " block%s, at least %" PRIu64 " wanted", s->blocks,
			plural_s(s->blocks), config->min_blocks);
	jw_init(&w, &r->evidence, 0);
	jw_object(&w);
	jw_ku64(&w, "blocks", s->blocks);
	jw_object_end(&w);
}

const struct check_ops skeleton_check = {
	.name = "skeleton",
	.summary = "Sees a number of blocks; a starting point for new checks",
	.config_size = sizeof(struct skeleton_check_config),
	.state_size = sizeof(struct state),
	.options = options,
	.validate = check_no_validate,
	.query = check_no_query,
	.init = check_no_init,
	.observe = observe,
	.peek = peek,
	.judge = judge,
	.release = check_no_release,
};
