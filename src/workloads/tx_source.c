/* Schedule, users and their notes, and signing ahead; see tx_source.h. */
#include "workloads/tx_source.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "proto/tx.h"
#include "util/map.h"
#include "workloads/tx_warp.h"

#define LOOK_AHEAD_NS  (250 * NS_PER_MS)
#define LOOK_AHEAD_MAX 4096u
#define NEAR_TAIL      64
/* Blocks that must stand on a transfer's block before its note is spent. */
#define SETTLE_DEPTH 2
/* Of each user so many settled transfers are known again when a long branch has lost and they come
 * into another block. */
#define KNOWN_TRANSFERS 4
/* So many blocks they are waited for: their notes are as good as spent meanwhile. */
#define RECOVERY_BLOCKS 10
#define FAR_S           4e9 /* nothing is scheduled later; keeps nanoseconds within 64 bits */

struct note {
	struct id32 id;
	bool in_genesis;
	struct id32 blocks[TX_ITEM_BLOCKS]; /* that created it, unless in_genesis */
	unsigned n_blocks;
};

/* A settled transfer. */
struct transfer {
	struct user *user;
	struct id32 input, output;
};

struct user {
	const struct tx_key *key;
	uint64_t value;
	struct note now, before;   /* before: in case the branch with `now` loses */
	unsigned attempts;         /* transactions that have tried to spend `now` */
	bool busy;                 /* has a transfer that is ready, on its way or not settled */
	struct tx_item *unsettled; /* included, waiting for SETTLE_DEPTH */
	struct id32 known[KNOWN_TRANSFERS]; /* hashes of those that settled; ring */
	unsigned n_known;
	unsigned recovery; /* blocks for which it still waits for what its lost branch did */
	struct tx_item_list waiting; /* transfers that are due but have no note yet */
	TAILQ_ENTRY(user) link;      /* in one of the source's lists */
};
TAILQ_HEAD(user_list, user);

struct burst {
	uint64_t due_ns, left;
};

struct tx_source {
	const struct tx_plan *plan;
	struct tx_schedule schedule;
	struct tx_warp warp; /* from schedule time to clock time */
	uint64_t end_ns;     /* what is due then or later is not sent; only when retimed */
	bool retimed;        /* it is not (only) the plan any more */
	VEC(struct burst) bursts;
	uint64_t burst_total; /* all that were asked for */
	uint64_t planned;     /* valid when stopped */
	bool stopped;
	struct tx_slot upcoming; /* read from the schedule, not yet turned into an item */
	bool has_upcoming;
	struct user *users;
	struct tx_key spare_key;   /* signs inscriptions when there are no wallets */
	struct tx_item_list ready; /* signed, by due time */
	size_t n_ready, n_waiting;
	uint64_t n_skipped; /* no room to let them wait */
	struct user_list settling, recovering;
	struct user_list freed; /* users whose next waiting transfer can be signed */
	struct chain_view *chain;
	struct map *transfers; /* struct transfer by hash: those in users' known */
	struct strbuf json;    /* reused for every body */
	uint8_t *payload;
	void (*settled)(struct tx_item *it, void *arg);
	void *arg;
};

/* --- schedule ---------------------------------------------------------------------- */

void tx_schedule_init(struct tx_schedule *s, const struct tx_plan *plan)
{
	*s = (struct tx_schedule){ .plan = plan };
	rng_init(&s->rng, plan->seed);
	rng_init_label(&s->extra_rng, plan->seed, "extra");
}

static double planned_s(struct tx_schedule *s, uint64_t i)
{
	const struct tx_plan *p = s->plan;
	if (p->poisson_total == 0)
		return (double)i / p->rate_per_s;
	s->sum += rng_exponential(&s->rng, 1.0);
	return s->sum / p->poisson_total * ((double)p->duration_ns / NS_PER_S);
}

/* Never before the end of the plan, whose count was rounded. */
static double beyond_s(struct tx_schedule *s, uint64_t i)
{
	const struct tx_plan *p = s->plan;
	if (p->poisson_total == 0)
		s->beyond = (double)(i - p->n) / p->rate_per_s;
	else
		s->beyond += rng_exponential(&s->rng, 1.0) / p->rate_per_s;
	return (double)p->duration_ns / NS_PER_S + s->beyond;
}

/* The next in line for user, target and number. */
static void next_slot(struct tx_schedule *s, struct rng *rng, struct tx_slot *ret)
{
	const struct tx_plan *p = s->plan;
	uint64_t i = s->next + s->extra;
	ret->seq = i;
	ret->user = (uint32_t)((p->user_offset + i) % p->users);
	ret->target = (uint32_t)((p->target_offset + i) % p->n_targets);
	ret->transfer = p->kind == TX_KIND_TRANSFER ||
			(p->kind == TX_KIND_MIX && (rng_u64(rng) >> 63) != 0);
}

bool tx_schedule_next(struct tx_schedule *s, struct tx_slot *ret)
{
	const struct tx_plan *p = s->plan;

	if (s->next < p->n) {
		uint64_t due = (uint64_t)(planned_s(s, s->next) * NS_PER_S);
		ret->due_ns = MIN(due, p->duration_ns);
	} else if (s->open) {
		ret->due_ns = (uint64_t)(fmin(beyond_s(s, s->next), FAR_S) * NS_PER_S);
	} else {
		return false;
	}
	next_slot(s, &s->rng, ret);
	s->next++;
	return true;
}

void tx_schedule_extra(struct tx_schedule *s, struct tx_slot *ret)
{
	ret->due_ns = 0;
	next_slot(s, &s->extra_rng, ret);
	s->extra++;
}

void tx_schedule_seal(struct tx_plan *plan, bool poisson)
{
	struct tx_schedule s;
	struct tx_slot slot;

	plan->poisson_total = 0;
	if (poisson) {
		/*
		 * n arrivals of a Poisson process in a given time are n + 1
		 * exponential gaps scaled to it, so the count stays exact.
		 */
		double sum = 0;
		tx_schedule_init(&s, plan);
		for (uint64_t i = 0; i <= plan->n; i++) {
			sum += rng_exponential(&s.rng, 1.0);
			if (plan->kind == TX_KIND_MIX)
				(void)rng_u64(&s.rng);
		}
		plan->poisson_total = sum;
	}
	crypto_generichash_state hash;
	crypto_generichash_init(&hash, NULL, 0, sizeof(plan->digest.b));
	tx_schedule_init(&s, plan);
	while (tx_schedule_next(&s, &slot)) {
		uint8_t row[17];
		for (int i = 0; i < 8; i++)
			row[i] = (uint8_t)(slot.due_ns >> (8 * i));
		for (int i = 0; i < 4; i++) {
			row[8 + i] = (uint8_t)(slot.user >> (8 * i));
			row[12 + i] = (uint8_t)(plan->targets[slot.target] >> (8 * i));
		}
		row[16] = slot.transfer;
		crypto_generichash_update(&hash, row, sizeof(row));
	}
	crypto_generichash_final(&hash, plan->digest.b, sizeof(plan->digest.b));
}

/* --- life ---------------------------------------------------------------------------- */

void tx_item_free(struct tx_item *it)
{
	if (!it)
		return;
	free(it->body);
	free(it->answer);
	free(it);
}

static void free_list(struct tx_item_list *list)
{
	struct tx_item *it;
	while ((it = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, it, link);
		tx_item_free(it);
	}
}

struct tx_source *tx_source_new(const struct tx_plan *plan, const struct plan *run_plan,
	uint64_t start_ns, void (*settled)(struct tx_item *it, void *arg), void *arg)
{
	struct tx_source *s = xcalloc(1, sizeof(*s));
	s->plan = plan;
	s->end_ns = CLOCK_NEVER;
	tx_warp_init(&s->warp, start_ns);
	s->settled = settled;
	s->arg = arg;
	s->chain = chain_view_new();
	s->transfers = map_new(free);
	s->payload = xcalloc(MAX(plan->payload_bytes, 1u), 1);
	TAILQ_INIT(&s->ready);
	TAILQ_INIT(&s->settling);
	TAILQ_INIT(&s->recovering);
	TAILQ_INIT(&s->freed);
	tx_schedule_init(&s->schedule, plan);

	struct rng rng;
	uint8_t seed[32];
	rng_init_label(&rng, plan->seed, "inscriber");
	rng_bytes(&rng, seed, sizeof(seed));
	tx_key_from_seed(seed, &s->spare_key);

	s->users = xcalloc(plan->users, sizeof(*s->users));
	for (uint32_t i = 0; i < plan->users; i++) {
		struct user *u = &s->users[i];
		TAILQ_INIT(&u->waiting);
		u->key = &s->spare_key;
		if (i < run_plan->n_wallets) {
			const struct plan_wallet *w = &run_plan->wallets[i];
			u->key = &w->key;
			u->value = w->value;
			u->now = (struct note){ .id = w->note, .in_genesis = true };
			u->before = u->now;
		}
	}
	return s;
}

void tx_source_free(struct tx_source *s)
{
	if (!s)
		return;
	free_list(&s->ready);
	for (uint32_t i = 0; i < s->plan->users; i++)
		free_list(&s->users[i].waiting);
	free(s->users);
	tx_warp_release(&s->warp);
	vec_free(&s->bursts);
	chain_view_free(s->chain);
	map_free(s->transfers);
	strbuf_release(&s->json);
	free(s->payload);
	free(s);
}

/* --- building ------------------------------------------------------------------------- */

/* Each inscription has a channel of its own, so that none depends on another's inclusion. */
static int add_inscription(struct tx_source *s, const struct tx_item *it, struct tx *tx,
	const struct tx_key *key, size_t len, struct err *err)
{
	static const struct id32 no_parent;
	uint8_t name[16];
	struct id32 channel;

	for (int i = 0; i < 8; i++) {
		name[i] = (uint8_t)(s->plan->seed >> (8 * i));
		name[8 + i] = (uint8_t)(it->slot.seq >> (8 * i));
	}
	tx_blake2b("LTB_CHANNEL_V1", name, sizeof(name), &channel);
	for (size_t i = 0; i < len; i++)
		s->payload[i] = channel.b[i % sizeof(channel.b)];
	return tx_add_inscribe(tx, &channel, &no_parent, &key->pk, s->payload, len, err);
}

static int add_ops(struct tx_source *s, struct tx_item *it, struct tx *tx, struct err *err)
{
	struct user *u = &s->users[it->slot.user];
	if (!it->slot.transfer)
		return add_inscription(s, it, tx, u->key, s->plan->payload_bytes, err);

	struct tx_output out = { .value = u->value, .pk = u->key->pk };
	struct id32 op_id;
	if (tx_add_transfer(tx, &u->now.id, 1, &out, 1, err) != 0)
		return -1;
	tx_op_id(&tx->ops[0], &op_id);
	tx_note_id(&op_id, 0, &out, &it->output);
	it->input = u->now.id;
	/* A second attempt with the same note would be the same transaction again, hash and all. */
	if (u->attempts++ > 0)
		return add_inscription(s, it, tx, u->key, 1, err);
	return 0;
}

static int build(struct tx_source *s, struct tx_item *it, struct err *err)
{
	struct tx *tx = tx_new();
	int rc = add_ops(s, it, tx, err);
	if (rc == 0) {
		struct jw w;
		tx_seal(tx);
		for (size_t i = 0; i < tx->n_ops; i++)
			tx_sign_op(tx, i, s->users[it->slot.user].key);
		it->hash = tx->hash;
		strbuf_clear(&s->json);
		jw_init(&w, &s->json, 0);
		tx_to_json(tx, false, &w);
		it->body_len = s->json.len;
		it->body = xmemdup(strbuf_str(&s->json), s->json.len);
	} else {
		err_prefix(err, "building transaction %llu", (unsigned long long)it->slot.seq);
	}
	tx_free(tx);
	return rc;
}

static void make_ready(struct tx_source *s, struct tx_item *it)
{
	struct tx_item *at = TAILQ_LAST(&s->ready, tx_item_list);
	s->n_ready++;
	/* one of a burst has only what was signed ahead behind it */
	for (int i = 0; i < NEAR_TAIL && at && at->slot.due_ns > it->slot.due_ns; i++)
		at = TAILQ_PREV(at, tx_item_list, link);
	if (at && at->slot.due_ns <= it->slot.due_ns) {
		TAILQ_INSERT_AFTER(&s->ready, at, it, link);
		return;
	}
	/* one that had to wait is overdue: near the head */
	TAILQ_FOREACH (at, &s->ready, link) {
		if (at->slot.due_ns > it->slot.due_ns)
			break;
	}
	if (at)
		TAILQ_INSERT_BEFORE(at, it, link);
	else
		TAILQ_INSERT_TAIL(&s->ready, it, link);
}

/* A user has a note again: its oldest waiting transfer is next. */
static int serve_freed(struct tx_source *s, struct user *u, struct err *err)
{
	struct tx_item *it = TAILQ_FIRST(&u->waiting);
	TAILQ_REMOVE(&s->freed, u, link);
	TAILQ_REMOVE(&u->waiting, it, link);
	s->n_waiting--;
	u->busy = true;
	if (build(s, it, err) != 0) {
		tx_item_free(it);
		return -1;
	}
	make_ready(s, it);
	return 0;
}

static int take_slot(
	struct tx_source *s, const struct tx_slot *slot, uint64_t due_ns, struct err *err)
{
	struct user *u = &s->users[slot->user];
	bool must_wait = slot->transfer && (u->busy || !TAILQ_EMPTY(&u->waiting));
	if (must_wait && s->n_waiting >= s->plan->max_in_flight) {
		s->n_skipped++;
		return 0;
	}
	struct tx_item *it = xcalloc(1, sizeof(*it));
	it->slot = *slot;
	it->pos_ns = slot->due_ns;
	it->slot.due_ns = due_ns;
	it->node = -1;
	if (must_wait) {
		TAILQ_INSERT_TAIL(&u->waiting, it, link);
		s->n_waiting++;
		return 0;
	}
	if (slot->transfer)
		u->busy = true;
	if (build(s, it, err) != 0) {
		tx_item_free(it);
		return -1;
	}
	make_ready(s, it);
	return 0;
}

static bool read_ahead(struct tx_source *s)
{
	if (!s->has_upcoming)
		s->has_upcoming = tx_schedule_next(&s->schedule, &s->upcoming);
	return s->has_upcoming;
}

static uint64_t upcoming_due_ns(const struct tx_source *s)
{
	return tx_warp_clock(&s->warp, s->upcoming.due_ns);
}

/* When the next slot of the schedule is to be signed. */
static uint64_t upcoming_work_ns(const struct tx_source *s)
{
	if (!s->has_upcoming)
		return CLOCK_NEVER;
	uint64_t due = upcoming_due_ns(s);
	if (due == CLOCK_NEVER || (s->retimed && due >= s->end_ns))
		return CLOCK_NEVER;
	return due > LOOK_AHEAD_NS ? due - LOOK_AHEAD_NS : 0;
}

uint64_t tx_source_work_ns(const struct tx_source *s)
{
	if (!TAILQ_EMPTY(&s->freed))
		return 0;
	if (s->n_ready >= LOOK_AHEAD_MAX)
		return CLOCK_NEVER;
	return s->bursts.len > 0 ? 0 : upcoming_work_ns(s);
}

static int take_upcoming(struct tx_source *s, struct err *err)
{
	s->has_upcoming = false;
	tx_warp_forget(&s->warp, s->upcoming.due_ns);
	return take_slot(s, &s->upcoming, upcoming_due_ns(s), err);
}

static int take_extra(struct tx_source *s, struct err *err)
{
	struct burst *b = &s->bursts.items[0];
	uint64_t due_ns = b->due_ns;
	struct tx_slot slot;

	if (--b->left == 0)
		memmove(b, b + 1, --s->bursts.len * sizeof(*b));
	tx_schedule_extra(&s->schedule, &slot);
	return take_slot(s, &slot, due_ns, err);
}

int tx_source_prepare(struct tx_source *s, uint64_t now_ns, bool *ret_more, struct err *err)
{
	struct user *u = TAILQ_FIRST(&s->freed);
	*ret_more = u != NULL;
	if (u)
		return serve_freed(s, u, err);
	read_ahead(s);
	if (tx_source_work_ns(s) > now_ns)
		return 0;
	*ret_more = true;
	/* a long burst does not keep the schedule waiting */
	return upcoming_work_ns(s) <= now_ns ? take_upcoming(s, err) : take_extra(s, err);
}

struct tx_item *tx_source_peek(const struct tx_source *s)
{
	return TAILQ_FIRST(&s->ready);
}

struct tx_item *tx_source_take(struct tx_source *s)
{
	struct tx_item *it = TAILQ_FIRST(&s->ready);
	if (it) {
		TAILQ_REMOVE(&s->ready, it, link);
		s->n_ready--;
	}
	return it;
}

/* --- changes --------------------------------------------------------------------------- */

/* What is due has its time already. The order stays: all others come later, as before. */
static void retime_list(const struct tx_source *s, struct tx_item_list *list, uint64_t now_ns)
{
	struct tx_item *it;
	TAILQ_FOREACH (it, list, link) {
		if (it->slot.due_ns > now_ns)
			it->slot.due_ns = MAX(tx_warp_clock(&s->warp, it->pos_ns), now_ns);
	}
}

void tx_source_retime(struct tx_source *s, uint64_t now_ns, double speed, uint64_t end_ns)
{
	if (s->stopped)
		return;
	s->retimed = true;
	s->schedule.open = true;
	s->end_ns = end_ns;
	if (speed == tx_warp_speed(&s->warp))
		return;
	tx_warp_turn(&s->warp, now_ns, speed);
	retime_list(s, &s->ready, now_ns);
	for (uint32_t i = 0; s->n_waiting > 0 && i < s->plan->users; i++)
		retime_list(s, &s->users[i].waiting, now_ns);
}

void tx_source_burst(struct tx_source *s, uint64_t now_ns, uint64_t count)
{
	struct burst b = { .due_ns = now_ns, .left = count };
	if (s->stopped || count == 0)
		return;
	s->burst_total += count;
	vec_push(&s->bursts, b);
}

static uint64_t count_beyond(const struct tx_source *s, const struct tx_item_list *list)
{
	const struct tx_item *it;
	uint64_t n = 0;
	TAILQ_FOREACH (it, list, link)
		n += it->slot.due_ns >= s->end_ns;
	return n;
}

/* Signed or waiting, but by now not due before the end any more. */
static uint64_t n_beyond(const struct tx_source *s)
{
	if (!s->retimed)
		return 0;
	uint64_t n = count_beyond(s, &s->ready);
	for (uint32_t i = 0; s->n_waiting > 0 && i < s->plan->users; i++)
		n += count_beyond(s, &s->users[i].waiting);
	return n;
}

/* Slots that will be due and have not been turned into items; of a Poisson process: about. */
static uint64_t n_to_come(struct tx_source *s)
{
	if (!s->retimed)
		return s->has_upcoming + (s->plan->n - s->schedule.next);
	read_ahead(s);
	if (upcoming_due_ns(s) >= s->end_ns)
		return 0;
	uint64_t end_pos = tx_warp_pos(&s->warp, s->end_ns), pos = s->upcoming.due_ns;
	if (end_pos <= pos)
		return 1;
	return (uint64_t)fmax(ceil((double)(end_pos - pos) / NS_PER_S * s->plan->rate_per_s), 1);
}

static uint64_t n_bursting(const struct tx_source *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s->bursts.len; i++)
		n += s->bursts.items[i].left;
	return n;
}

/* Counted by what came out of the schedule, so that it tells when one gets lost in here. */
uint64_t tx_source_planned(struct tx_source *s)
{
	if (s->stopped)
		return s->planned;
	uint64_t to_come = n_to_come(s);
	return s->schedule.next - s->has_upcoming + s->burst_total + to_come - n_beyond(s);
}

uint64_t tx_source_stop(struct tx_source *s)
{
	if (s->stopped)
		return 0;
	s->planned = tx_source_planned(s);
	uint64_t n = s->n_ready + s->n_waiting - n_beyond(s) + s->n_skipped + n_bursting(s) +
		     n_to_come(s);
	free_list(&s->ready);
	for (uint32_t i = 0; i < s->plan->users; i++)
		free_list(&s->users[i].waiting);
	TAILQ_INIT(&s->freed);
	s->bursts.len = 0;
	s->n_ready = s->n_waiting = 0;
	s->n_skipped = 0;
	s->has_upcoming = false;
	s->schedule.open = false;
	s->schedule.next = MAX(s->schedule.next, s->plan->n);
	s->stopped = true;
	return n;
}

/* --- notes --------------------------------------------------------------------------- */

static void user_is_free(struct tx_source *s, struct user *u)
{
	u->busy = false;
	if (!TAILQ_EMPTY(&u->waiting))
		TAILQ_INSERT_TAIL(&s->freed, u, link);
}

static bool any_block_below(const struct tx_source *s, const struct id32 *blocks, unsigned n,
	const struct view_block *tip)
{
	for (unsigned i = 0; tip && i < MIN(n, (unsigned)TX_ITEM_BLOCKS); i++) {
		enum view_relation r = chain_view_relation(s->chain, &blocks[i], &tip->id);
		if (r == VIEW_SAME || r == VIEW_ANCESTOR)
			return true;
	}
	return false;
}

/* Back to the note before, if the branch that made the present one has lost: true. */
static bool check_branch(struct tx_source *s, struct user *u)
{
	const struct view_block *best = chain_view_best(s->chain);
	if (!best || u->now.in_genesis || u->now.n_blocks == 0)
		return false;
	for (unsigned i = 0; i < MIN(u->now.n_blocks, (unsigned)TX_ITEM_BLOCKS); i++) {
		if (chain_view_relation(s->chain, &u->now.blocks[i], &best->id) != VIEW_FORKED)
			return false;
	}
	u->now = u->before;
	u->attempts = 1; /* the lost transfer was one */
	return true;
}

static void note_from_item(struct user *u, const struct tx_item *it)
{
	u->before = u->now;
	u->now = (struct note){ .id = it->output, .n_blocks = it->n_blocks };
	memcpy(u->now.blocks, it->blocks, sizeof(u->now.blocks));
	u->attempts = 0;
}

void tx_source_included(struct tx_source *s, struct tx_item *it)
{
	struct user *u = &s->users[it->slot.user];
	bool is_late = it->state == TX_ITEM_LOST;
	if (id32_eq(&u->now.id, &it->input))
		note_from_item(u, it);
	if (is_late)
		return; /* the user went on long ago */
	u->unsettled = it;
	TAILQ_INSERT_TAIL(&s->settling, u, link);
}

/* Its transfer is over, one way or another. */
static void go_on(struct tx_source *s, struct user *u)
{
	if (!check_branch(s, u)) {
		user_is_free(s, u);
		return;
	}
	/* what its branch did will be done again: nodes keep transactions that have lost their
	 * block */
	u->recovery = RECOVERY_BLOCKS;
	TAILQ_INSERT_TAIL(&s->recovering, u, link);
}

void tx_source_failed(struct tx_source *s, struct tx_item *it)
{
	go_on(s, &s->users[it->slot.user]);
}

static void recovered(struct tx_source *s, struct user *u)
{
	u->recovery = 0;
	TAILQ_REMOVE(&s->recovering, u, link);
	user_is_free(s, u);
}

/* One block fewer. */
static void wait_less(struct tx_source *s)
{
	struct user *next;
	for (struct user *u = TAILQ_FIRST(&s->recovering); u; u = next) {
		next = TAILQ_NEXT(u, link);
		if (--u->recovery == 0)
			recovered(s, u);
	}
}

/* From now on only its hash tells of it. */
static void remember(struct tx_source *s, struct user *u, const struct tx_item *it)
{
	const struct transfer t = { .user = u, .input = it->input, .output = it->output };
	struct id32 *hash = &u->known[u->n_known % KNOWN_TRANSFERS];

	if (u->n_known++ >= KNOWN_TRANSFERS)
		map_del(s->transfers, hash, sizeof(*hash));
	*hash = it->hash;
	map_put(s->transfers, hash, sizeof(*hash), xmemdup(&t, sizeof(t)));
}

static void note_in_block(struct note *n, const struct id32 *block)
{
	n->blocks[n->n_blocks++ % TX_ITEM_BLOCKS] = *block;
}

void tx_source_seen(struct tx_source *s, const struct id32 *hash, const struct id32 *block)
{
	const struct transfer *t = map_get(s->transfers, hash, sizeof(*hash));
	struct user *u = t ? t->user : NULL;

	if (!t)
		return;
	if (id32_eq(&u->now.id, &t->output)) {
		note_in_block(&u->now, block);
	} else if (id32_eq(&u->before.id, &t->output)) {
		note_in_block(&u->before, block);
	} else if (id32_eq(&u->now.id, &t->input)) {
		/* its branch had lost, and the user had gone back */
		u->before = u->now;
		u->now = (struct note){ .id = t->output };
		note_in_block(&u->now, block);
		u->attempts = 0;
		if (u->recovery > 0)
			recovered(s, u);
	}
}

static void settle(struct tx_source *s, struct user *u)
{
	struct tx_item *it = u->unsettled;
	TAILQ_REMOVE(&s->settling, u, link);
	u->unsettled = NULL;
	if (id32_eq(&u->now.id, &it->output)) {
		u->now.n_blocks = it->n_blocks;
		memcpy(u->now.blocks, it->blocks, sizeof(u->now.blocks));
	}
	remember(s, u, it);
	s->settled(it, s->arg);
}

void tx_source_block(struct tx_source *s, const struct id32 *id, const struct id32 *parent,
	uint64_t slot, uint64_t height)
{
	bool is_new;
	chain_view_add(s->chain, id, parent, slot, &is_new);
	if (height)
		chain_view_height(s->chain, id, height);
	const struct view_block *tip = chain_view_best(s->chain);
	for (int i = 0; tip && i < SETTLE_DEPTH; i++)
		tip = tip->parent_block;
	if (is_new)
		wait_less(s);
	struct user *u = TAILQ_FIRST(&s->settling);
	while (u) {
		struct user *next = TAILQ_NEXT(u, link);
		if (any_block_below(s, u->unsettled->blocks, u->unsettled->n_blocks, tip)) {
			settle(s, u);
			user_is_free(s, u);
		}
		u = next;
	}
}

void tx_source_unsettle(struct tx_source *s, uint64_t before_ns)
{
	struct user *next;
	/* in order of inclusion, so the first that is young enough ends it */
	for (struct user *u = TAILQ_FIRST(&s->settling); u && u->unsettled->seen_ns < before_ns;
		u = next) {
		next = TAILQ_NEXT(u, link);
		settle(s, u);
		go_on(s, u);
	}
}
