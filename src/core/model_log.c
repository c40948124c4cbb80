/*
 * The merged log: what nodes wrote, and what happened in the run told in one
 * line each; see model_log in model.h. A ring: the oldest lines are forgotten.
 */
#include "core/model_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/log.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/units.h"

/* text: a shared text, handed over. */
static void add_line(struct model *m, const struct event *ev, int level, bool own, char *text)
{
	struct model_log *l = &m->logs[(m->log_head + m->n_logs) % MODEL_LOG_LINES];

	if (m->n_logs == MODEL_LOG_LINES) {
		text_unref(l->text);
		m->log_head = (m->log_head + 1) % MODEL_LOG_LINES;
	} else {
		m->n_logs++;
	}
	m->n_log_total++;
	*l = (struct model_log){
		.t_ns = ev->t_ns,
		.node = ev->node >= 0 && ev->node < MODEL_MAX_NODES ? ev->node : -1,
		.level = level,
		.own = own,
		.text = text,
	};
}

static void tell(struct model *m, const struct event *ev, int level, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(struct model *m, const struct event *ev, int level, const char *fmt, ...)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&line, fmt, ap);
	va_end(ap);
	add_line(m, ev, level, false, text_new(strbuf_str(&line)));
}

/* ": why", or nothing. */
static const char *colon(const char *why)
{
	return why && *why ? ": " : "";
}

static const char *or_nothing(const char *s)
{
	return s ? s : "";
}

void tell_log(struct model *m, const struct event *ev)
{
	add_line(m, ev, ev->u.log.level, ev->node >= 0, text_new(or_nothing(ev->u.log.text)));
}

void tell_note(struct model *m, const struct event *ev)
{
	add_line(m, ev, LOG_INFO, false, text_new(or_nothing(ev->u.note.text)));
}

/* As much of it as fits, in whole characters. */
static void copy_cut(char *buf, size_t size, const char *s)
{
	snprintf(buf, size, "%.*s", (int)text_cut(s, size - 1), s);
}

void tell_command(struct model *m, const struct event *ev)
{
	const char *text = or_nothing(ev->u.command.text), *by = or_nothing(ev->u.command.source);
	const struct model_command *last = model_command_at(m, m->n_commands);
	uint64_t n_failed = (last ? last->n_failed : 0) + !ev->u.command.ok;
	struct model_command *c = &m->commands[m->n_commands++ % MODEL_COMMANDS];

	c->n = m->n_commands;
	c->n_failed = n_failed;
	c->t_ns = ev->t_ns;
	c->ok = ev->u.command.ok;
	copy_cut(c->text, sizeof(c->text), text);
	copy_cut(c->source, sizeof(c->source), by);
	copy_cut(c->reason, sizeof(c->reason), or_nothing(ev->u.command.reason));
	if (ev->u.command.ok)
		tell(m, ev, LOG_INFO, "%s (%s)", text, by);
	else
		tell(m, ev, LOG_WARN, "%s (%s): refused%s%s", text, by, colon(ev->u.command.reason),
			or_nothing(ev->u.command.reason));
}

void tell_phase_end(struct model *m, const struct event *ev)
{
	if (!ev->u.phase.ok)
		tell(m, ev, LOG_ERROR, "phase %s failed%s%s", phase_name(ev->u.phase.phase),
			colon(ev->u.phase.reason), or_nothing(ev->u.phase.reason));
}

/* Starting and stopping all nodes is what a run begins and ends with: no news. */
static bool is_news(const struct model *m, enum node_state state)
{
	if (state == NODE_PLANNED || state == NODE_UP)
		return false;
	return m->phase >= PHASE_BASELINE && m->phase < PHASE_COLLECT;
}

void tell_node_state(
	struct model *m, const struct event *ev, const struct model_node *n, enum node_state before)
{
	if (n->state == before)
		return;
	if (n->state == NODE_DEAD && !n->state_expected)
		tell(m, ev, LOG_ERROR, "died%s%s", colon(n->reason), or_nothing(n->reason));
	else if (is_news(m, n->state))
		tell(m, ev, LOG_INFO, "%s%s%s", node_state_name(n->state), colon(n->reason),
			or_nothing(n->reason));
}

void tell_reorg(struct model *m, const struct event *ev)
{
	unsigned long long depth = ev->u.reorg.depth;

	/* Two blocks in one slot are the protocol's daily business. */
	tell(m, ev, depth > 1 ? LOG_WARN : LOG_DEBUG, "reorg: %llu block%s left its chain", depth,
		plural_s(depth));
}

void tell_fault(struct model *m, const struct event *ev, uint64_t start_ns)
{
	const char *name = or_nothing(ev->u.fault.name), *detail = or_nothing(ev->u.fault.detail);
	char lasted[32];

	if (!ev->u.fault.end) {
		tell(m, ev, LOG_WARN, "fault begins: %s by %s%s%s", name,
			or_nothing(ev->u.fault.by), colon(detail), detail);
		return;
	}
	units_format_human(ev->t_ns > start_ns ? ev->t_ns - start_ns : 0, lasted, sizeof(lasted));
	tell(m, ev, LOG_INFO, "fault is over: %s, after %s%s%s%s", name, lasted,
		ev->u.fault.effective ? "" : ", without effect", colon(detail), detail);
}

void tell_check(struct model *m, const struct event *ev, enum verdict before)
{
	enum verdict v = ev->u.check.verdict;
	bool was_bad = before == VERDICT_FAILING || before == VERDICT_FAIL;
	bool is_bad = v == VERDICT_FAILING || v == VERDICT_FAIL;
	const char *name = or_nothing(ev->u.check.name), *reason = or_nothing(ev->u.check.reason);

	if (is_bad && (!was_bad || v == VERDICT_FAIL))
		tell(m, ev, LOG_WARN, "check %s %s%s%s", name,
			v == VERDICT_FAIL ? "failed" : "is failing", colon(reason), reason);
	else if (was_bad && (v == VERDICT_PASSING || v == VERDICT_PASS))
		tell(m, ev, LOG_INFO, "check %s %s", name,
			v == VERDICT_PASS ? "passed after all" : "is passing again");
}
