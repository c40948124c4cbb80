/* What an operator changes about a workload, as the workload sees it; see tuned.h. */
#include "workloads/tuned.h"

void tuned_read(const struct workload_env *env, struct tune_state *ret)
{
	if (env->tune)
		tune_read(env->tune, ret);
	else
		*ret = (struct tune_state){ .drive_end_ns = env->drive_end_ns };
}

void tuned_update(struct tuned *t)
{
	tuned_read(t->env, &t->state);
}

void tuned_init(struct tuned *t, const struct workload_env *env)
{
	*t = (struct tuned){ .env = env };
	wake_init(&t->wake);
	if (env->tune)
		tune_set_wake(env->tune, &t->wake);
	tuned_update(t);
}

void tuned_release(struct tuned *t)
{
	if (t->env->tune)
		tune_set_wake(t->env->tune, NULL);
	wake_release(&t->wake);
}

enum tuned_wait tuned_wait(struct tuned *t, uint64_t at_ns)
{
	struct clock *clock = t->env->clock;

	for (;;) {
		/* in this order: an end that was moved before it came is not taken for one that
		 * came */
		uint64_t now = clock_now(clock);
		tuned_update(t);
		if (cancel_is_set(t->env->cancel))
			return TUNED_CANCELLED;
		if (now >= t->state.drive_end_ns)
			return TUNED_OVER;
		if (now >= at_ns)
			return TUNED_DUE;
		clock_wait(clock, &t->wake, t->env->cancel, MIN(at_ns, t->state.drive_end_ns));
	}
}
