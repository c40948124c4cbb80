/*
 * Commands as text and back, and whether one can be carried out; see
 * command.h. One table has the word, the form and the reader of each command.
 */
#include "core/command.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/topology.h"
#include "core/tune.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/nearest.h"
#include "util/units.h"
#include "util/utf8.h"

#define MAX_LINE      (COMMAND_TEXT + 100)
#define MAX_WORDS     8
#define MAX_RATE      1e6
#define MAX_BURST     1000000u
#define MIN_EXTEND_NS NS_PER_S
#define MAX_EXTEND_NS (24 * 3600 * NS_PER_S)
#define MAX_DELAY_NS  (600 * NS_PER_S)
#define LOSS_STEPS    1e6 /* finer shares have no text */

#define BLANK " \t"

/* The words after the command's own; rest is the same, uncut. */
struct words {
	char buf[MAX_LINE];
	const char *rest;
	const char *at[MAX_WORDS];
	size_t n;
};

typedef int reader(const struct words *w, struct command *c, struct err *err);

/* --- reading parts --------------------------------------------------------------------- */

static int want_words(const struct words *w, size_t least, size_t most, struct err *err)
{
	if (w->n < least)
		return err_set(err, ERR_USAGE, "something is missing");
	if (w->n > most)
		return err_set(err, ERR_USAGE, "'%.60s' is more than it takes", w->at[most]);
	return 0;
}

/* "n2" or "2" */
static int read_node(const char *word, unsigned *ret, struct err *err)
{
	uint64_t n;
	if (units_parse_u64(word + (word[0] == 'n'), &n, NULL) < 0)
		return err_set(err, ERR_USAGE, "'%.60s' is no node, such as n0", word);
	if (n >= TOPOLOGY_MAX_NODES)
		return err_set(err, ERR_USAGE, "'%.60s': the last node there can be is n%d", word,
			TOPOLOGY_MAX_NODES - 1);
	*ret = (unsigned)n;
	return 0;
}

static int read_node_or_all(const char *word, unsigned *ret, struct err *err)
{
	if (strcmp(word, "*") != 0)
		return read_node(word, ret, err);
	*ret = COMMAND_ALL_NODES;
	return 0;
}

static int read_workload(const char *word, struct command *c, struct err *err)
{
	if (strlen(word) >= sizeof(c->workload))
		return err_set(
			err, ERR_USAGE, "'%.60s...' is too long for a workload's name", word);
	snprintf(c->workload, sizeof(c->workload), "%s", word);
	return 0;
}

/* --- reading commands ------------------------------------------------------------------- */

static int read_op(const struct words *w, struct command *c, struct err *err)
{
	if (want_words(w, c->op == NODE_OP_ADD ? 0 : 1, 1, err) < 0)
		return -1;
	c->node = COMMAND_ALL_NODES;
	return w->n ? read_node(w->at[0], &c->node, err) : 0;
}

static int read_groups(
	const char *text, size_t n_nodes, int *ret_group, struct strbuf *normal, struct err *err);

static int read_partition(const struct words *w, struct command *c, struct err *err)
{
	int group[TOPOLOGY_MAX_NODES];
	CLEANUP_STRBUF struct strbuf normal = { 0 };

	if (read_groups(w->rest, TOPOLOGY_MAX_NODES, group, &normal, err) < 0)
		return -1;
	if (normal.len >= sizeof(c->text))
		return err_set(err, ERR_USAGE,
			"the groups are too long; ranges such as n0-n9 are shorter");
	snprintf(c->text, sizeof(c->text), "%s", strbuf_str(&normal));
	return 0;
}

static int read_time(const char *key, const char *value, uint64_t *ret, struct err *err)
{
	if (units_parse_duration(value, ret, err) < 0)
		return err_prefix(err, "%s", key);
	if (*ret > MAX_DELAY_NS)
		return err_set(err, ERR_USAGE, "%s: %.60s is more than 10m", key, value);
	return 0;
}

static int read_loss(const char *value, double *ret, struct err *err)
{
	char number[32];
	double percent;
	size_t len = strlen(value);

	if (len < 2 || len > sizeof(number) || value[len - 1] != '%')
		return err_set(
			err, ERR_USAGE, "loss: '%.60s' is no percentage, such as 5%%", value);
	snprintf(number, sizeof(number), "%.*s", (int)len - 1, value);
	if (units_parse_double(number, &percent, err) < 0)
		return err_prefix(err, "loss");
	if (percent < 0 || percent > 100)
		return err_set(err, ERR_USAGE, "loss: '%.60s' is not between 0%% and 100%%", value);
	*ret = round(percent * (LOSS_STEPS / 100)) / LOSS_STEPS;
	return 0;
}

static int read_rule(const char *word, struct link_rule *rule, struct err *err)
{
	if (strcmp(word, "cut") == 0) {
		rule->cut = true;
		return 0;
	}
	if (strncmp(word, "delay=", 6) == 0)
		return read_time("delay", word + 6, &rule->delay_ns, err);
	if (strncmp(word, "jitter=", 7) == 0)
		return read_time("jitter", word + 7, &rule->jitter_ns, err);
	if (strncmp(word, "loss=", 5) == 0)
		return read_loss(word + 5, &rule->loss, err);
	return err_set(err, ERR_USAGE, "'%.60s' is nothing that a link can be told", word);
}

static int read_link(const struct words *w, struct command *c, struct err *err)
{
	if (want_words(w, 2, MAX_WORDS, err) < 0 || read_node_or_all(w->at[0], &c->node, err) < 0 ||
		read_node_or_all(w->at[1], &c->to, err) < 0)
		return -1;
	if (c->node == c->to && c->node != COMMAND_ALL_NODES)
		return err_set(err, ERR_USAGE, "a node has no link to itself");
	for (size_t i = 2; i < w->n; i++) {
		if (read_rule(w->at[i], &c->rule, err) < 0)
			return -1;
	}
	return 0;
}

static int read_heal(const struct words *w, struct command *c, struct err *err)
{
	c->node = COMMAND_ALL_NODES;
	if (want_words(w, 0, 1, err) < 0)
		return -1;
	return w->n ? read_node_or_all(w->at[0], &c->node, err) : 0;
}

static int read_rate(const struct words *w, struct command *c, struct err *err)
{
	if (want_words(w, 2, 2, err) < 0 || read_workload(w->at[0], c, err) < 0 ||
		units_parse_double(w->at[1], &c->rate, err) < 0)
		return -1;
	if (!(c->rate > 0 && c->rate <= MAX_RATE))
		return err_set(err, ERR_USAGE,
			"'%.60s' per second: a rate is above 0 and at most %g; to stop it, hold "
			"it",
			w->at[1], MAX_RATE);
	return 0;
}

static int read_use(const struct words *w, struct command *c, struct err *err)
{
	return want_words(w, 1, 1, err) < 0 ? -1 : read_workload(w->at[0], c, err);
}

static int read_burst(const struct words *w, struct command *c, struct err *err)
{
	if (want_words(w, 2, 2, err) < 0 || read_workload(w->at[0], c, err) < 0 ||
		units_parse_u64(w->at[1], &c->count, err) < 0)
		return -1;
	if (c->count < 1 || c->count > MAX_BURST)
		return err_set(
			err, ERR_USAGE, "'%.60s': a burst is of 1 to %u", w->at[1], MAX_BURST);
	return 0;
}

static int read_extend(const struct words *w, struct command *c, struct err *err)
{
	if (want_words(w, 1, 1, err) < 0 ||
		units_parse_duration(w->at[0], &c->duration_ns, err) < 0)
		return -1;
	if (c->duration_ns < MIN_EXTEND_NS || c->duration_ns > MAX_EXTEND_NS)
		return err_set(err, ERR_USAGE, "'%.60s' is not between 1s and 24h", w->at[0]);
	return 0;
}

static int read_nothing(const struct words *w, struct command *c, struct err *err)
{
	(void)c;
	return want_words(w, 0, 0, err);
}

static int read_note(const struct words *w, struct command *c, struct err *err)
{
	size_t len = strlen(w->rest);
	while (len > 0 && strchr(BLANK, w->rest[len - 1]))
		len--;
	if (len == 0)
		return err_set(err, ERR_USAGE, "the text is missing");
	if (len >= sizeof(c->text))
		return err_set(
			err, ERR_USAGE, "the text is longer than %zu bytes", sizeof(c->text) - 1);
	snprintf(c->text, sizeof(c->text), "%.*s", (int)len, w->rest);
	return 0;
}

static const struct form {
	const char *word;
	enum command_kind kind;
	enum node_op op;
	reader *read;
	const char *form;
} forms[] = {
	{ "start", COMMAND_NODE, NODE_OP_START, read_op, "start NODE" },
	{ "stop", COMMAND_NODE, NODE_OP_STOP, read_op, "stop NODE" },
	{ "kill", COMMAND_NODE, NODE_OP_KILL, read_op, "kill NODE" },
	{ "restart", COMMAND_NODE, NODE_OP_RESTART, read_op, "restart NODE" },
	{ "kill-restart", COMMAND_NODE, NODE_OP_KILL_RESTART, read_op, "kill-restart NODE" },
	{ "pause", COMMAND_NODE, NODE_OP_PAUSE, read_op, "pause NODE" },
	{ "resume", COMMAND_NODE, NODE_OP_RESUME, read_op, "resume NODE" },
	{ "add", COMMAND_NODE, NODE_OP_ADD, read_op, "add" },
	{ "remove", COMMAND_NODE, NODE_OP_REMOVE, read_op, "remove NODE" },
	{ "partition", COMMAND_PARTITION, 0, read_partition,
		"partition NODE... | NODE... [| NODE...]" },
	{ "link", COMMAND_LINK, 0, read_link,
		"link FROM|* TO|* [cut] [delay=TIME] [jitter=TIME] [loss=P%]" },
	{ "heal", COMMAND_HEAL, 0, read_heal, "heal [NODE]" },
	{ "rate", COMMAND_RATE, 0, read_rate, "rate WORKLOAD NUMBER" },
	{ "hold", COMMAND_HOLD, 0, read_use, "hold WORKLOAD" },
	{ "release", COMMAND_RELEASE, 0, read_use, "release WORKLOAD" },
	{ "burst", COMMAND_BURST, 0, read_burst, "burst WORKLOAD COUNT" },
	{ "extend", COMMAND_EXTEND, 0, read_extend, "extend TIME" },
	{ "end", COMMAND_END, 0, read_nothing, "end" },
	{ "judge", COMMAND_JUDGE, 0, read_nothing, "judge" },
	{ "note", COMMAND_NOTE, 0, read_note, "note TEXT" },
};

static int unknown_word(const char *word, struct err *err)
{
	const char *names[ARRAY_LEN(forms) + 1] = { NULL };
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		names[i] = forms[i].word;
	const char *near = nearest_name(word, names);
	return err_set(err, ERR_USAGE, "unknown command '%.60s'%s%s%s", word,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int check_bytes(const char *text, struct err *err)
{
	size_t len = strnlen(text, MAX_LINE);
	if (len >= MAX_LINE)
		return err_set(err, ERR_USAGE, "a command is shorter than %d bytes", MAX_LINE);
	for (const char *at = text; *at; at++) {
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == '\x7f')
			return err_set(err, ERR_USAGE, "a command has no control characters");
	}
	if (!utf8_valid(text, len))
		return err_set(err, ERR_USAGE, "the command is no valid UTF-8");
	return 0;
}

/* Cuts the words of *w->buf apart; those beyond MAX_WORDS stay in the last one. */
static void cut_words(struct words *w)
{
	char *at = w->buf + strspn(w->buf, BLANK);
	while (*at && w->n < MAX_WORDS) {
		w->at[w->n++] = at;
		at += strcspn(at, BLANK);
		if (*at && w->n < MAX_WORDS)
			*at++ = '\0';
		at += strspn(at, BLANK);
	}
}

int command_parse(const char *text, struct command *ret, struct err *err)
{
	struct words w = { 0 };
	struct err why = { 0 };
	char word[32];

	*ret = (struct command){ 0 };
	if (check_bytes(text, err) < 0)
		return -1;
	text += strspn(text, BLANK);
	size_t len = strcspn(text, BLANK);
	if (len == 0)
		return err_set(err, ERR_USAGE, "a command is missing");
	snprintf(word, sizeof(word), "%.*s", (int)MIN(len, sizeof(word)), text);
	const struct form *f = forms, *end = forms + ARRAY_LEN(forms);
	while (f < end && strcmp(f->word, word) != 0)
		f++;
	if (f == end || len >= sizeof(word))
		return unknown_word(word, err);
	ret->kind = f->kind;
	ret->op = f->op;
	w.rest = text + len + strspn(text + len, BLANK);
	snprintf(w.buf, sizeof(w.buf), "%s", w.rest);
	cut_words(&w);
	if (f->read(&w, ret, &why) == 0)
		return 0;
	*ret = (struct command){ 0 };
	return err_set(err, ERR_USAGE, "%s: %.300s; its form is: %s", f->word, why.text, f->form);
}

/* --- groups ------------------------------------------------------------------------------ */

static int add_to_group(unsigned node, int group, size_t n_nodes, int *ret_group, struct err *err)
{
	if (node >= n_nodes)
		return err_set(err, ERR_USAGE, "there is no node n%u, the last one is n%zu", node,
			n_nodes ? n_nodes - 1 : 0);
	if (ret_group[node] >= 0)
		return err_set(err, ERR_USAGE, "n%u is named twice", node);
	ret_group[node] = group;
	return 0;
}

/* "n2" or "n2-n5" */
static int read_members(const char *word, int group, size_t n_nodes, int *ret_group,
	struct strbuf *normal, struct err *err)
{
	const char *dash = strchr(word, '-');
	CLEANUP_FREE char *first = xstrndup(word, dash ? (size_t)(dash - word) : strlen(word));
	unsigned from = 0, to;

	if (read_node(first, &from, err) < 0)
		return -1;
	to = from;
	if (dash && read_node(dash + 1, &to, err) < 0)
		return -1;
	if (to < from)
		return err_set(err, ERR_USAGE, "'%.60s' ends before it begins", word);
	for (unsigned i = from; i <= to; i++) {
		if (add_to_group(i, group, n_nodes, ret_group, err) < 0)
			return -1;
	}
	strbuf_addf(normal, "%sn%u", normal->len ? " " : "", from);
	if (dash)
		strbuf_addf(normal, "-n%u", to);
	return 0;
}

static int read_groups(
	const char *text, size_t n_nodes, int *ret_group, struct strbuf *normal, struct err *err)
{
	int group = 0;
	bool empty = true;

	for (size_t i = 0; i < n_nodes; i++)
		ret_group[i] = -1;
	for (const char *at = text + strspn(text, BLANK); *at; at += strspn(at, BLANK)) {
		if (*at == '|') {
			if (empty)
				return err_set(err, ERR_USAGE, "a group is empty");
			if (++group >= COMMAND_MAX_GROUPS)
				return err_set(
					err, ERR_USAGE, "more than %d groups", COMMAND_MAX_GROUPS);
			empty = true;
			strbuf_adds(normal, " |");
			at++;
			continue;
		}
		size_t len = strcspn(at, BLANK "|");
		CLEANUP_FREE char *word = xstrndup(at, len);
		if (read_members(word, group, n_nodes, ret_group, normal, err) < 0)
			return -1;
		empty = false;
		at += len;
	}
	if (group == 0)
		return err_set(err, ERR_USAGE, "two groups at least, with | between them");
	if (empty)
		return err_set(err, ERR_USAGE, "a group is empty");
	return 0;
}

int command_groups(const char *text, size_t n_nodes, int *ret_group, struct err *err)
{
	CLEANUP_STRBUF struct strbuf unused = { 0 };
	return read_groups(text, n_nodes, ret_group, &unused, err);
}

/* --- writing ----------------------------------------------------------------------------- */

/* The shortest text that is read back to the same number, whatever the user's locale. */
static const char *number_text(double v, char *buf, size_t size)
{
	locale_t before = uselocale(units_c_locale());
	bool whole = v == floor(v) && fabs(v) < 1e15;
	if (whole)
		snprintf(buf, size, "%.0f", v);
	for (int digits = 1; digits <= 17 && !whole; digits++) {
		double back;
		snprintf(buf, size, "%.*g", digits, v);
		if (units_parse_double(buf, &back, NULL) == 0 && back == v)
			break;
	}
	uselocale(before);
	return buf;
}

static const char *node_text(unsigned node, char *buf, size_t size)
{
	if (node == COMMAND_ALL_NODES)
		snprintf(buf, size, "*");
	else
		snprintf(buf, size, "n%u", node);
	return buf;
}

static void rule_text(const struct link_rule *rule, struct strbuf *out)
{
	char t[40];
	if (rule->cut)
		strbuf_adds(out, " cut");
	if (rule->delay_ns)
		strbuf_addf(out, " delay=%s", units_format_duration(rule->delay_ns, t, sizeof(t)));
	if (rule->jitter_ns)
		strbuf_addf(
			out, " jitter=%s", units_format_duration(rule->jitter_ns, t, sizeof(t)));
	/* rounded to what can be read back */
	if (rule->loss > 0)
		strbuf_addf(out, " loss=%s%%",
			number_text(
				round(rule->loss * LOSS_STEPS) / (LOSS_STEPS / 100), t, sizeof(t)));
}

static void format_node(const struct command *c, struct strbuf *out)
{
	strbuf_adds(out, node_op_name(c->op));
	if (c->node != COMMAND_ALL_NODES)
		strbuf_addf(out, " n%u", c->node);
}

static const char *word_of(enum command_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (forms[i].kind == kind && kind != COMMAND_NODE)
			return forms[i].word;
	}
	return "?";
}

const char *command_format(const struct command *c, char *buf, size_t size)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	char a[40], b[16];

	if (c->kind == COMMAND_NODE)
		format_node(c, &out);
	else
		strbuf_adds(&out, word_of(c->kind));
	switch (c->kind) {
	case COMMAND_PARTITION:
	case COMMAND_NOTE:
		strbuf_addf(&out, " %s", c->text);
		break;
	case COMMAND_LINK:
		strbuf_addf(&out, " %s %s", node_text(c->node, a, sizeof(a)),
			node_text(c->to, b, sizeof(b)));
		rule_text(&c->rule, &out);
		break;
	case COMMAND_HEAL:
		if (c->node != COMMAND_ALL_NODES)
			strbuf_addf(&out, " n%u", c->node);
		break;
	case COMMAND_RATE:
		strbuf_addf(&out, " %s %s", c->workload, number_text(c->rate, a, sizeof(a)));
		break;
	case COMMAND_HOLD:
	case COMMAND_RELEASE:
		strbuf_addf(&out, " %s", c->workload);
		break;
	case COMMAND_BURST:
		strbuf_addf(&out, " %s %llu", c->workload, (unsigned long long)c->count);
		break;
	case COMMAND_EXTEND:
		strbuf_addf(&out, " %s", units_format_duration(c->duration_ns, a, sizeof(a)));
		break;
	case COMMAND_NODE:
	case COMMAND_END:
	case COMMAND_JUDGE:
	case COMMAND_KIND_COUNT:
		break;
	}
	if (size > 0)
		snprintf(buf, size, "%s", strbuf_str(&out));
	return buf;
}

/* --- what can be done -------------------------------------------------------------------- */

static const struct {
	unsigned caps;
	bool takes_away;
} op_rules[NODE_OP_COUNT] = {
	[NODE_OP_START] = { BACKEND_RESTART, false },
	[NODE_OP_STOP] = { BACKEND_RESTART, true },
	[NODE_OP_KILL] = { BACKEND_KILL, true },
	[NODE_OP_RESTART] = { BACKEND_RESTART, true },
	[NODE_OP_KILL_RESTART] = { BACKEND_RESTART | BACKEND_KILL, true },
	[NODE_OP_PAUSE] = { BACKEND_PAUSE, true },
	[NODE_OP_RESUME] = { BACKEND_PAUSE, false },
	[NODE_OP_ADD] = { BACKEND_ADD, false },
	[NODE_OP_REMOVE] = { BACKEND_REMOVE, true },
};

static bool is_rule(const struct link_rule *r)
{
	return r->cut || r->delay_ns || r->jitter_ns || r->loss > 0;
}

bool command_is_fault(const struct command *c)
{
	switch (c->kind) {
	case COMMAND_NODE:
		return (unsigned)c->op < NODE_OP_COUNT && op_rules[c->op].takes_away;
	case COMMAND_PARTITION:
		return true;
	case COMMAND_LINK:
		return is_rule(&c->rule);
	default:
		return false;
	}
}

static bool runs(enum node_state s)
{
	return s == NODE_STARTING || s == NODE_UP || s == NODE_READY || s == NODE_PAUSED;
}

static bool fits_state(enum node_op op, enum node_state s)
{
	switch (op) {
	case NODE_OP_START:
		return s == NODE_STOPPED || s == NODE_DEAD;
	case NODE_OP_STOP:
	case NODE_OP_KILL:
		return runs(s);
	case NODE_OP_PAUSE:
		return runs(s) && s != NODE_PAUSED;
	case NODE_OP_RESUME:
		return s == NODE_PAUSED;
	case NODE_OP_RESTART:
	case NODE_OP_KILL_RESTART:
	case NODE_OP_REMOVE:
		return s != NODE_REMOVED && s != NODE_PLANNED;
	case NODE_OP_ADD:
	case NODE_OP_COUNT:
		break;
	}
	return true;
}

/* What it was that cannot be done, for messages. */
static const char *act_text(const struct command *c, char *buf, size_t size)
{
	char node[16];
	switch (c->kind) {
	case COMMAND_NODE:
		if (c->node == COMMAND_ALL_NODES)
			snprintf(buf, size, "%s a node", node_op_name(c->op));
		else
			snprintf(buf, size, "%s n%u", node_op_name(c->op), c->node);
		break;
	case COMMAND_RATE:
		snprintf(buf, size, "change the rate of %s", c->workload);
		break;
	case COMMAND_HOLD:
	case COMMAND_RELEASE:
		snprintf(buf, size, "%s %s", word_of(c->kind), c->workload);
		break;
	case COMMAND_BURST:
		snprintf(buf, size, "have %s send a burst", c->workload);
		break;
	case COMMAND_LINK:
		snprintf(buf, size, "change links of %s", node_text(c->node, node, sizeof(node)));
		break;
	case COMMAND_PARTITION:
		snprintf(buf, size, "partition the network");
		break;
	case COMMAND_EXTEND:
		snprintf(buf, size, "extend the drive phase");
		break;
	case COMMAND_END:
		snprintf(buf, size, "end the drive phase");
		break;
	default:
		snprintf(buf, size, "%s", word_of(c->kind));
		break;
	}
	return buf;
}

static int check_phase(
	const struct command *c, const struct command_context *x, const char *act, struct err *err)
{
	const char *phase = phase_name(x->phase);
	bool of_nodes = c->kind == COMMAND_NODE || c->kind == COMMAND_PARTITION ||
			c->kind == COMMAND_LINK || c->kind == COMMAND_HEAL;
	enum phase first = command_is_fault(c)       ? PHASE_BASELINE
			   : of_nodes                ? PHASE_READY
			   : c->kind == COMMAND_NOTE ? PHASE_VALIDATE
						     : PHASE_DRIVE;

	if (x->ended)
		return err_set(err, ERR_CANCELLED, "cannot %s: the run is over", act);
	if (x->phase > PHASE_SETTLE && c->kind != COMMAND_NOTE)
		return err_set(err, ERR_CANCELLED,
			"cannot %s: the run is coming to its end (phase %s)", act, phase);
	if (x->phase < first)
		return err_set(err, ERR_USAGE,
			"cannot %s yet: it is possible from the %s phase on (now: %s)", act,
			phase_name(first), phase);
	if (x->phase <= PHASE_DRIVE)
		return 0;
	if (command_is_fault(c))
		return err_set(err, ERR_CANCELLED,
			"cannot %s: the time for faults is over (phase %s)", act, phase);
	if (of_nodes || c->kind == COMMAND_NOTE || c->kind == COMMAND_JUDGE)
		return 0;
	return err_set(
		err, ERR_CANCELLED, "cannot %s: the drive phase is over (phase %s)", act, phase);
}

static int no_such_node(const char *act, unsigned node, size_t n_nodes, struct err *err)
{
	return err_set(err, ERR_USAGE, "cannot %s: there is no such node n%u, the last one is n%zu",
		act, node, n_nodes ? n_nodes - 1 : 0);
}

static int check_node(
	const struct command *c, const struct command_context *x, const char *act, struct err *err)
{
	const char *name = node_op_name(c->op);
	unsigned lacking = op_rules[c->op].caps & ~x->caps;
	char caps[80];

	if (lacking)
		return err_set(err, ERR_UNSUPPORTED,
			"backend %s cannot %s nodes: it lacks the capability \"%s\"", x->backend,
			name, backend_caps_text(lacking, caps, sizeof(caps)));
	if (check_phase(c, x, act, err) < 0)
		return -1;
	if (c->op == NODE_OP_ADD) {
		if (x->n_nodes >= TOPOLOGY_MAX_NODES)
			return err_set(err, ERR_USAGE, "cannot %s: %d nodes are the most", act,
				TOPOLOGY_MAX_NODES);
		if (c->node != COMMAND_ALL_NODES && c->node != x->n_nodes)
			return err_set(err, ERR_USAGE, "cannot %s: the next node is n%zu", act,
				x->n_nodes);
		return 0;
	}
	if (c->node == COMMAND_ALL_NODES)
		return err_set(err, ERR_USAGE, "cannot %s: which one?", act);
	if (c->node >= x->n_nodes)
		return no_such_node(act, c->node, x->n_nodes, err);
	if (!fits_state(c->op, x->node))
		return err_set(
			err, ERR_USAGE, "cannot %s: it is %s", act, node_state_name(x->node));
	return 0;
}

static int check_links(
	const struct command *c, const struct command_context *x, const char *act, struct err *err)
{
	if (!(x->caps & BACKEND_LINKS))
		return err_set(err, ERR_UNSUPPORTED,
			"backend %s cannot shape links (no relay): to %s it takes a backend with "
			"the capability \"links\"",
			x->backend, act);
	if (check_phase(c, x, act, err) < 0)
		return -1;
	if (c->kind == COMMAND_PARTITION) {
		CLEANUP_FREE int *group = xcalloc(MAX(x->n_nodes, 1u), sizeof(*group));
		if (command_groups(c->text, x->n_nodes, group, err) < 0)
			return err_prefix(err, "cannot %s", act);
		return 0;
	}
	if (c->node != COMMAND_ALL_NODES && c->node >= x->n_nodes)
		return no_such_node(act, c->node, x->n_nodes, err);
	if (c->to != COMMAND_ALL_NODES && c->to >= x->n_nodes)
		return no_such_node(act, c->to, x->n_nodes, err);
	if (c->node == c->to && c->node != COMMAND_ALL_NODES)
		return err_set(err, ERR_USAGE, "cannot %s: a node has no link to itself", act);
	return 0;
}

static int check_tune(
	const struct command *c, const struct command_context *x, const char *act, struct err *err)
{
	unsigned needed = c->kind == COMMAND_RATE    ? TUNE_RATE
			  : c->kind == COMMAND_BURST ? TUNE_BURST
						     : TUNE_HOLD;
	if (!x->has_workload)
		return err_set(err, ERR_USAGE, "cannot %s: the run has no workload '%s'", act,
			c->workload);
	if (!(x->tunes & needed))
		return err_set(err, ERR_UNSUPPORTED,
			"cannot %s: a workload of this kind does not take '%s'", act,
			word_of(c->kind));
	return check_phase(c, x, act, err);
}

int command_possible(const struct command *c, const struct command_context *x, struct err *err)
{
	char act[100];

	if ((unsigned)c->kind >= COMMAND_KIND_COUNT)
		return err_set(err, ERR_INTERNAL, "unknown command %d", (int)c->kind);
	if (c->kind == COMMAND_NODE && (unsigned)c->op >= NODE_OP_COUNT)
		return err_set(err, ERR_INTERNAL, "unknown node operation %d", (int)c->op);
	act_text(c, act, sizeof(act));
	switch (c->kind) {
	case COMMAND_NODE:
		return check_node(c, x, act, err);
	case COMMAND_PARTITION:
	case COMMAND_LINK:
		return check_links(c, x, act, err);
	case COMMAND_HEAL:
		if (c->node != COMMAND_ALL_NODES && c->node >= x->n_nodes)
			return no_such_node(act, c->node, x->n_nodes, err);
		break;
	case COMMAND_RATE:
	case COMMAND_HOLD:
	case COMMAND_RELEASE:
	case COMMAND_BURST:
		return check_tune(c, x, act, err);
	default:
		break;
	}
	return check_phase(c, x, act, err);
}
