/*
 * The contract of a check (expectation).
 *
 * A check sees events in order and nothing else (plus the model, which is a
 * fold of the same events), on the hub thread; so a recorded run can be judged
 * again. It must not block, and it must not pass without having observed
 * something: "could not tell" is VERDICT_UNKNOWN.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include "core/event.h"
#include "core/model.h"
#include "core/option.h"
#include "core/plan.h"

struct check_result {
	enum verdict verdict;
	char reason[256];       /* one line for people, complete without the name */
	struct strbuf evidence; /* a JSON object; may stay empty in peek */
};

struct check {
	const struct check_ops *ops;
	const char *name;
	const void *config; /* ops->config_size bytes */
	const struct plan *plan;
	void *state; /* ops->state_size zeroed bytes */
};

struct check_ops {
	const char *name;    /* as in presets */
	const char *summary; /* one line */
	size_t config_size, state_size;
	const struct option *options; /* ends with a NULL name */
	/* Beyond what option ranges say; NULL-safe default: check_no_validate. */
	int (*validate)(const void *config, const struct scenario *s, struct err *err);
	/*
	 * PromQL whose answers, METRIC events, this check observes: it is asked of
	 * observability.query_url as long as the run lasts. NULL: none. Default: check_no_query.
	 */
	const char *(*query)(const void *config);
	void (*init)(struct check *c); /* before the first event */
	void (*observe)(struct check *c, const struct event *ev, const struct model *m);
	/* Live verdict (PENDING, PASSING, FAILING) and reason, a few times a second. */
	void (*peek)(struct check *c, const struct model *m, struct check_result *ret);
	/* Final verdict (PASS, FAIL, UNKNOWN), reason and evidence; called once. */
	void (*judge)(struct check *c, const struct model *m, struct check_result *ret);
	void (*release)(struct check *c); /* frees what state owns */
};

/* Defaults for members that a check does not need. */
int check_no_validate(const void *config, const struct scenario *s, struct err *err);
const char *check_no_query(const void *config);
void check_no_init(struct check *c);
void check_no_release(struct check *c);

/*
 * Shared by checks: since when the network has been whole (no fault open,
 * every planned node up) and whether liveness may be demanded. healed_ns is
 * how long that has been so at m->now_ns; 0 when it is not whole.
 */
uint64_t check_whole_for_ns(const struct model *m);
/* Share of the planned stake held by healthy nodes, 0..1. */
double check_stake_up(const struct check *c, const struct model *m);

/* All checks of a run. */
struct jury;
struct jury *jury_new(const struct scenario *s, const struct plan *p);
void jury_free(struct jury *j);
void jury_observe(struct jury *j, const struct event *ev, const struct model *m);
/* Calls fn with a new CHECK event for each check whose live verdict or reason changed; with none
 * once the jury has judged. */
void jury_peek(
	struct jury *j, const struct model *m, void (*fn)(struct event *ev, void *arg), void *arg);
/* Final: one CHECK event a check. Returns FAIL if any failed, else UNKNOWN if any is, else PASS
 * (UNKNOWN when there are no checks). */
enum verdict jury_judge(
	struct jury *j, const struct model *m, void (*fn)(struct event *ev, void *arg), void *arg);

#endif
