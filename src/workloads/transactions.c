/*
 * The transactions workload: a steady stream of signed transactions, each one
 * followed until a block has it or it is lost. Open loop: the schedule never
 * waits for the cluster, and latency counts from the intended send time.
 * Operators change its rate, hold it, or ask for bursts while it runs. This
 * file holds its options and its plan (pure); tx_run.c the running.
 */
#include "workloads/transactions.h"

#include <math.h>
#include <string.h>

#include "proto/tx.h"
#include "workloads/targets.h"
#include "workloads/tx_source.h"

#define MAX_PLANNED      20000000ull /* transactions in one run */
#define MIN_EXPIRY_NS    (15 * NS_PER_S)
#define EXPIRY_INTERVALS 12

static const char *const per_names[] = { "block", "second", NULL };
static const char *const arrival_names[] = { "constant", "poisson", NULL };
static const char *const kind_names[] = { "transfer", "inscribe", "mix", NULL };
static const char *const default_checks[] = { "tx_inclusion", NULL };

static const struct option options[] = {
	{ .name = "rate",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct transactions_config, rate),
		.def = "1",
		.unit = "transactions",
		.dmin = 1e-6,
		.dmax = TX_MAX_RATE,
		.help = "Transactions per block or per second, above 0" },
	{ .name = "per",
		.type = OPTION_ENUM,
		.offset = offsetof(struct transactions_config, per),
		.def = "block",
		.choices = per_names,
		.help = "What rate counts by; a block takes slot / active_slot_coeff on average" },
	{ .name = "arrival",
		.type = OPTION_ENUM,
		.offset = offsetof(struct transactions_config, arrival),
		.def = "constant",
		.choices = arrival_names,
		.help = "Constant gaps, or the random ones of a Poisson process" },
	{ .name = "kind",
		.type = OPTION_ENUM,
		.offset = offsetof(struct transactions_config, kind),
		.def = "transfer",
		.choices = kind_names,
		.help = "Transfers of a user's note to itself, inscriptions, or half of each" },
	{ .name = "users",
		.type = OPTION_U64,
		.offset = offsetof(struct transactions_config, users),
		.def = "0",
		.max = 10000000,
		.help = "Wallets that take turns; 0: all of them" },
	{ .name = "targets",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct transactions_config, targets),
		.def = "all",
		.help = "Nodes to send to in turn, by name, or all; one that is down is passed "
			"over" },
	{ .name = "expiry",
		.type = OPTION_DURATION,
		.offset = offsetof(struct transactions_config, expiry_ns),
		.def = "0",
		.help = "Accepted but in no block for so long: expired; 0: 12 blocks, at least "
			"15s" },
	{ .name = "payload_bytes",
		.type = OPTION_U64,
		.offset = offsetof(struct transactions_config, payload_bytes),
		.def = "32",
		.unit = "bytes",
		.min = 1,
		.max = TX_MAX_INSCRIPTION,
		.help = "Size of an inscription" },
	{ .name = "max_in_flight",
		.type = OPTION_U64,
		.offset = offsetof(struct transactions_config, max_in_flight),
		.def = "200000",
		.min = 1,
		.max = 2000000,
		.help = "Accepted transactions followed at once; beyond it sending pauses" },
	{ .name = NULL },
};

static double rate_per_second(const struct transactions_config *c, uint64_t block_interval_ns)
{
	if (c->per == TX_PER_SECOND)
		return c->rate;
	return c->rate / ((double)block_interval_ns / NS_PER_S);
}

static double expected_count(const struct transactions_config *c, const struct scenario *s)
{
	return rate_per_second(c, scenario_block_interval_ns(s)) *
	       ((double)s->run.duration_ns / NS_PER_S);
}

static int validate(const void *config, const struct scenario *s, struct err *err)
{
	const struct transactions_config *c = config;
	double count = expected_count(c, s);

	if (c->users > s->n_wallets && !(s->n_wallets == 0 && c->kind == TX_KIND_INSCRIBE))
		return err_set(err, ERR_USAGE,
			"users is %llu, but there are only %llu wallets: lower users, or set "
			"wallets.count to %llu",
			(unsigned long long)c->users, (unsigned long long)s->n_wallets,
			(unsigned long long)c->users);
	if (s->n_wallets == 0 && c->kind != TX_KIND_INSCRIBE)
		return err_set(err, ERR_USAGE,
			"kind %s spends the notes of wallets, but wallets.count is 0: raise it, or "
			"set "
			"kind: inscribe",
			kind_names[c->kind]);
	if (round(count) < 1)
		return err_set(err, ERR_USAGE,
			"rate %g per %s gives no transaction in the whole run: raise rate or "
			"run.duration",
			c->rate, per_names[c->per]);
	if (count > MAX_PLANNED)
		return err_set(err, ERR_USAGE,
			"rate %g per %s gives %.0f transactions in the whole run, at most %llu are "
			"possible: lower rate or run.duration",
			c->rate, per_names[c->per], count, MAX_PLANNED);
	return targets_validate(&c->targets, s, err);
}

static void plan_free_data(void *plan_data)
{
	struct tx_plan *p = plan_data;
	if (!p)
		return;
	free(p->targets);
	free(p);
}

static int plan(const void *config, const struct plan *run_plan, struct rng *rng, void **ret,
	struct err *err)
{
	const struct transactions_config *c = config;
	const struct scenario *s = run_plan->scenario;
	struct tx_plan *p = xcalloc(1, sizeof(*p));

	p->duration_ns = s->run.duration_ns;
	p->block_interval_ns = scenario_block_interval_ns(s);
	p->rate_per_s = rate_per_second(c, p->block_interval_ns);
	p->n = (uint64_t)llround(expected_count(c, s));
	p->expiry_ns = c->expiry_ns ? c->expiry_ns
				    : MAX(MIN_EXPIRY_NS, EXPIRY_INTERVALS * p->block_interval_ns);
	p->kind = (enum tx_kind)c->kind;
	p->payload_bytes = c->payload_bytes;
	p->max_in_flight = c->max_in_flight;
	p->n_targets = targets_resolve(&c->targets, run_plan->n_nodes, &p->targets);
	if (p->n_targets == 0 || (run_plan->n_wallets == 0 && p->kind != TX_KIND_INSCRIBE)) {
		plan_free_data(p);
		return err_set(err, ERR_USAGE, "transactions: there are no %s to send from or to",
			run_plan->n_nodes ? "wallets" : "nodes");
	}
	p->users = (uint32_t)MAX(c->users ? c->users : run_plan->n_wallets, 1u);
	p->seed = rng_u64(rng);
	p->user_offset = (uint32_t)rng_below(rng, p->users);
	p->target_offset = (uint32_t)rng_below(rng, p->n_targets);
	tx_schedule_seal(p, c->arrival == TX_ARRIVAL_POISSON);
	*ret = p;
	return 0;
}

static uint64_t planned(const void *plan_data)
{
	const struct tx_plan *p = plan_data;
	return p->n;
}

static void plan_to_json_value(const void *plan_data, struct jw *w)
{
	const struct tx_plan *p = plan_data;
	jw_object(w);
	jw_ku64(w, "transactions", p->n);
	jw_kdouble(w, "rate_per_second", p->rate_per_s);
	jw_kstr(w, "arrival", arrival_names[p->poisson_total > 0]);
	jw_kstr(w, "kind", kind_names[p->kind]);
	jw_ku64(w, "users", p->users);
	jw_ku64(w, "targets", p->n_targets);
	jw_ku64(w, "expiry_ns", p->expiry_ns);
	jw_ku64(w, "seed", p->seed);
	jw_kid32(w, "schedule_digest", &p->digest);
	jw_object_end(w);
}

const struct workload_ops transactions_workload = {
	.name = "transactions",
	.summary = "Signed transactions at a steady rate, each followed into a block",
	.config_size = sizeof(struct transactions_config),
	.options = options,
	.needs = 0,
	.tunes = TUNE_RATE | TUNE_HOLD | TUNE_BURST,
	.default_checks = default_checks,
	.validate = validate,
	.plan = plan,
	.plan_to_json = plan_to_json_value,
	.plan_free = plan_free_data,
	.planned = planned,
	.run = transactions_run,
};
