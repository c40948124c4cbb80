/*
 * What keys do to a run: commands to the runner, with questions before what
 * takes something away; seeking in a recording; export. See screen_run.h.
 */
#include <stdio.h>
#include <string.h>

#include "core/preset.h"
#include "core/workload.h"
#include "ui/detail_tx.h"
#include "ui/screen_run.h"
#include "ui/ui_priv.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/units.h"

#define MAX_AT_ONCE TOPOLOGY_MAX_NODES

/* --- sending --------------------------------------------------------------------------- */

static bool send_command(struct ui *ui, const struct command *c)
{
	struct err err = { 0 };

	if (session_command(ui->session, c, &err) == 0)
		return true;
	ui_message(ui, ROLE_BAD, "%s", err.text);
	return false;
}

/* Commands that wait for a yes; owned by the overlay. */
struct asked {
	size_t n;
	struct command commands[];
};

static void send_asked(struct ui *ui, void *arg)
{
	const struct asked *a = arg;

	for (size_t i = 0; i < a->n && send_command(ui, &a->commands[i]); i++)
		;
}

/*
 * Sends commands, after a question when they take something away. What is not
 * possible is not asked about either: the reason is told instead.
 */
static void send_all(struct ui *ui, const struct command *commands, size_t n, const char *question)
{
	struct err err = { 0 };
	struct asked *a;

	for (size_t i = 0; i < n; i++) {
		if (session_possible(ui->session, &commands[i], &err) < 0) {
			ui_message(ui, ROLE_BAD, "%s", err.text);
			return;
		}
	}
	a = xcalloc(1, sizeof(*a) + n * sizeof(*commands));
	a->n = n;
	memcpy(a->commands, commands, n * sizeof(*commands));
	if (question) {
		ui_confirm(ui, question, NULL, send_asked, a, free);
		return;
	}
	send_asked(ui, a);
	free(a);
}

/* --- nodes ------------------------------------------------------------------------------ */

static size_t selected_nodes(struct ui *ui, const struct run_screen *r, unsigned *ret)
{
	const struct model *m = &ui->session->snapshot->model;
	size_t n = 0;

	for (unsigned i = 0; i < m->n_nodes && i < MAX_AT_ONCE; i++) {
		if (r->selection.n_marked ? r->selection.marked[i] : i == r->selection.node)
			ret[n++] = i;
	}
	return n;
}

/* "n1", "n1, n2 and n3", "12 nodes" */
static const char *name_nodes(const unsigned *nodes, size_t n, char *buf, size_t size)
{
	size_t len = 0;

	if (n > 5) {
		snprintf(buf, size, "%zu nodes", n);
		return buf;
	}
	buf[0] = '\0';
	for (size_t i = 0; i < n && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%sn%u",
			i == 0       ? ""
			: i + 1 == n ? " and "
				     : ", ",
			nodes[i]);
	return buf;
}

static enum node_op toggle(enum action a, enum node_state s)
{
	if (a == ACTION_PAUSE)
		return s == NODE_PAUSED ? NODE_OP_RESUME : NODE_OP_PAUSE;
	return s == NODE_STOPPED || s == NODE_DEAD ? NODE_OP_START : NODE_OP_STOP;
}

static void do_to_nodes(struct ui *ui, const struct run_screen *r, enum action a)
{
	/* what does not ask is not in it */
	static const struct {
		const char *verb, *after; /* around the nodes' names */
		enum action way_back;     /* its key is told at the end */
	} what[NODE_OP_COUNT] = {
		[NODE_OP_RESTART] = { "Restart", "?", ACTION_NONE },
		[NODE_OP_KILL] = { "Kill", "? It stays down until you start it",
			ACTION_START_STOP },
		[NODE_OP_REMOVE] = { "Remove", " for good? Its data goes; it cannot come back.",
			ACTION_NONE },
		[NODE_OP_PAUSE] = { "Pause", "? It stands still until you resume it",
			ACTION_PAUSE },
		[NODE_OP_STOP] = { "Stop", "? It stays down until you start it",
			ACTION_START_STOP },
	};
	const struct model *m = &ui->session->snapshot->model;
	CLEANUP_FREE unsigned *nodes = xcalloc(MAX_AT_ONCE, sizeof(*nodes));
	CLEANUP_FREE struct command *commands = NULL;
	size_t n = selected_nodes(ui, r, nodes);
	char names[80], question[200];

	if (n == 0) {
		ui_message(ui, ROLE_WARN, "there is no node yet");
		return;
	}
	commands = xcalloc(n, sizeof(*commands));
	for (size_t i = 0; i < n; i++) {
		commands[i].kind = COMMAND_NODE;
		commands[i].node = nodes[i];
		commands[i].op = a == ACTION_RESTART       ? NODE_OP_RESTART
				 : a == ACTION_KILL        ? NODE_OP_KILL
				 : a == ACTION_REMOVE_NODE ? NODE_OP_REMOVE
							   : toggle(a, m->nodes[nodes[0]].state);
	}
	enum node_op op = commands[0].op;
	enum action way_back = what[op].way_back;

	name_nodes(nodes, n, names, sizeof(names));
	if (what[op].verb)
		snprintf(question, sizeof(question), "%s %s%s%s%s%s", what[op].verb, names,
			what[op].after, way_back ? " (" : "",
			way_back ? ui_key_name(ui, way_back) : "", way_back ? ")." : "");
	send_all(ui, commands, n, what[op].verb ? question : NULL);
}

static void add_node(struct ui *ui)
{
	struct command c = { .kind = COMMAND_NODE,
		.op = NODE_OP_ADD,
		.node = (unsigned)ui->session->snapshot->model.n_nodes };

	send_all(ui, &c, 1, NULL);
}

/* --- links ------------------------------------------------------------------------------ */

static void partition(struct ui *ui, const struct run_screen *r)
{
	const struct model *m = &ui->session->snapshot->model;
	CLEANUP_STRBUF struct strbuf text = { 0 };
	CLEANUP_STRBUF struct strbuf rest = { 0 };
	struct command c;
	struct err err = { 0 };

	for (unsigned i = 0; i < m->n_nodes && i < MAX_AT_ONCE; i++) {
		bool in = r->selection.n_marked ? r->selection.marked[i] : i == r->selection.node;
		if (m->nodes[i].state != NODE_REMOVED)
			strbuf_addf(in ? &text : &rest, " n%u", i);
	}
	if (text.len == 0 || rest.len == 0) {
		ui_message(ui, ROLE_WARN,
			"mark the nodes to be cut off from the others (%s), not all of them",
			ui_key_name(ui, ACTION_MARK));
		return;
	}
	CLEANUP_FREE char *line =
		xasprintf("partition%s |%s", strbuf_str(&text), strbuf_str(&rest));
	CLEANUP_FREE char *question = xasprintf("Cut %s%s off from the others? %s heals.",
		r->selection.n_marked ? "the marked nodes:" : "", strbuf_str(&text),
		ui_key_name(ui, ACTION_HEAL));
	if (command_parse(line, &c, &err) < 0)
		ui_message(ui, ROLE_BAD, "%s", err.text);
	else
		send_all(ui, &c, 1, question);
}

/* Between which nodes: two that are marked, or one and all others. */
struct link_question {
	unsigned a, b; /* b: COMMAND_ALL_NODES */
};

/* One direction, or both when there is but one other node. */
static char *link_line(const struct link_question *q, bool back, const char *rule)
{
	if (q->b == COMMAND_ALL_NODES)
		return xasprintf("link n%u * %s", q->a, rule);
	return xasprintf("link n%u n%u %s", back ? q->b : q->a, back ? q->a : q->b, rule);
}

static int check_link(struct ui *ui, const char *text, void *arg, struct err *err)
{
	struct command c;
	CLEANUP_FREE char *line = link_line(arg, false, text);

	(void)ui;
	return command_parse(line, &c, err);
}

static void link_done(struct ui *ui, const char *text, void *arg)
{
	const struct link_question *q = arg;
	CLEANUP_FREE char *there = link_line(q, false, text);
	CLEANUP_FREE char *back = link_line(q, true, text);

	ui_run_command_line(ui, there);
	if (q->b != COMMAND_ALL_NODES)
		ui_run_command_line(ui, back);
}

static void shape_link(struct ui *ui, struct run_screen *r)
{
	struct link_question q = { .a = r->selection.node, .b = COMMAND_ALL_NODES };
	CLEANUP_FREE unsigned *nodes = xcalloc(MAX_AT_ONCE, sizeof(*nodes));
	struct err err = { 0 };
	char title[80];

	if (selected_nodes(ui, r, nodes) == 2)
		q = (struct link_question){ nodes[0], nodes[1] };
	const struct command c = {
		.kind = COMMAND_LINK, .node = q.a, .to = q.b, .rule = { .delay_ns = NS_PER_MS }
	};
	if (session_possible(ui->session, &c, &err) < 0) {
		ui_message(ui, ROLE_BAD, "%s", err.text);
		return;
	}
	if (q.b == COMMAND_ALL_NODES)
		snprintf(title, sizeof(title), "All links of n%u, both ways", q.a);
	else
		snprintf(title, sizeof(title), "The link between n%u and n%u, both ways", q.a, q.b);
	ui_ask(ui, title, "delay=50ms jitter=10ms loss=5% or cut; nothing: as they were",
		"delay=50ms", check_link, link_done, xmemdup(&q, sizeof(q)), free);
}

/* --- workloads -------------------------------------------------------------------------- */

struct load_question {
	enum command_kind kind;
	char workload[64];
};

static struct command load_command(const struct load_question *q)
{
	struct command c = { .kind = q->kind, .rate = 1, .count = 1 };
	snprintf(c.workload, sizeof(c.workload), "%s", q->workload);
	return c;
}

static char *load_line(const struct load_question *q, const char *value)
{
	return xasprintf(
		"%s %s %s", q->kind == COMMAND_RATE ? "rate" : "burst", q->workload, value);
}

static int check_load(struct ui *ui, const char *text, void *arg, struct err *err)
{
	struct command c;
	CLEANUP_FREE char *line = load_line(arg, text);

	(void)ui;
	return command_parse(line, &c, err);
}

static void load_done(struct ui *ui, const char *text, void *arg)
{
	CLEANUP_FREE char *line = load_line(arg, text);
	ui_run_command_line(ui, line);
}

static const struct model_workload *model_workload(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n_workloads; i++) {
		if (strcmp(m->workloads[i].name, name) == 0)
			return &m->workloads[i];
	}
	return NULL;
}

static void ask_load(struct ui *ui, const struct load_question *q)
{
	const struct model_workload *w = model_workload(&ui->session->snapshot->model, q->workload);
	struct command c = load_command(q);
	struct err err = { 0 };
	char title[120], initial[32] = "100";

	if (session_possible(ui->session, &c, &err) < 0) {
		ui_message(ui, ROLE_BAD, "%s", err.text);
		return;
	}
	if (q->kind == COMMAND_HOLD) {
		/* held is what has no rate although its time is not over */
		bool held = w && w->counts.target_rate <= 0 && !w->ended;
		c.kind = held ? COMMAND_RELEASE : COMMAND_HOLD;
		send_command(ui, &c);
		return;
	}
	if (q->kind == COMMAND_RATE && w)
		snprintf(initial, sizeof(initial), "%.4g", w->counts.target_rate);
	snprintf(title, sizeof(title), "%s of %s", q->kind == COMMAND_RATE ? "Rate" : "Burst",
		q->workload);
	struct load_question *copy = xmemdup(q, sizeof(*q));
	ui_ask(ui, title,
		q->kind == COMMAND_RATE ? "transactions per second from now on"
					: "how many to send at once, beside the usual rate",
		initial, check_load, load_done, copy, free);
}

struct load_menu {
	enum command_kind kind;
	size_t n;
	char names[][64];
};

static void load_chosen(struct ui *ui, size_t index, void *arg)
{
	const struct load_menu *menu = arg;
	struct load_question q = { .kind = menu->kind };

	snprintf(q.workload, sizeof(q.workload), "%s", menu->names[index]);
	ask_load(ui, &q);
}

/* Which workload: the one that can be, or the one under the cursor, or a question. */
static void tune_workload(struct ui *ui, const struct run_screen *r, enum command_kind kind)
{
	const struct scenario *s = ui->session->scenario;
	unsigned need = kind == COMMAND_RATE   ? TUNE_RATE
			: kind == COMMAND_HOLD ? TUNE_HOLD
					       : TUNE_BURST;
	struct load_menu *menu =
		xcalloc(1, sizeof(*menu) + s->n_workloads * sizeof(menu->names[0]));
	struct menu_item items[SCENARIO_MAX_PLUGINS] = { 0 };

	menu->kind = kind;
	for (size_t i = 0; i < s->n_workloads; i++) {
		if (!(s->workloads[i].ops->tunes & need))
			continue;
		snprintf(menu->names[menu->n], sizeof(menu->names[0]), "%s", s->workloads[i].name);
		items[menu->n].label = menu->names[menu->n];
		items[menu->n++].note = s->workloads[i].ops->summary;
	}
	if (menu->n == 0) {
		ui_message(ui, ROLE_BAD, "this scenario has no workload whose %s can be changed",
			kind == COMMAND_RATE   ? "rate"
			: kind == COMMAND_HOLD ? "pace"
					       : "bursts");
		free(menu);
	} else if (menu->n == 1) {
		load_chosen(ui, 0, menu);
		free(menu);
	} else {
		ui_menu(ui, "Which workload?", items, menu->n,
			MIN(r->selection.workload, menu->n - 1), load_chosen, menu, free);
	}
}

/* --- the run ---------------------------------------------------------------------------- */

static void send_line(struct ui *ui, const char *text, void *arg)
{
	CLEANUP_FREE char *line = xasprintf("%s %s", (const char *)arg, text);
	ui_run_command_line(ui, line);
}

static int check_line(struct ui *ui, const char *text, void *arg, struct err *err)
{
	struct command c;
	CLEANUP_FREE char *line = xasprintf("%s %s", (const char *)arg, text);

	(void)ui;
	return command_parse(line, &c, err);
}

/* A command that needs nothing but one more word. */
static void ask_line(
	struct ui *ui, const char *word, const char *title, const char *hint, const char *initial)
{
	ui_ask(ui, title, hint, initial, check_line, send_line, xstrdup(word), free);
}

static void end_run(struct ui *ui, enum command_kind kind)
{
	struct command c = { .kind = kind };

	send_all(ui, &c, 1,
		kind == COMMAND_END
			? "End the load now? Faults are healed, what is under way may finish, and "
			  "the run is judged on what was seen."
			: "End the load and judge at once? What is still under way is not waited "
			  "for.");
}

static void heal(struct ui *ui)
{
	struct command c = { .kind = COMMAND_HEAL, .node = COMMAND_ALL_NODES };
	send_all(ui, &c, 1, NULL);
}

static bool act_live(struct ui *ui, struct run_screen *r, enum action a)
{
	switch (a) {
	case ACTION_RESTART:
	case ACTION_KILL:
	case ACTION_PAUSE:
	case ACTION_START_STOP:
	case ACTION_REMOVE_NODE:
		do_to_nodes(ui, r, a);
		return true;
	case ACTION_ADD_NODE:
		add_node(ui);
		return true;
	case ACTION_PARTITION:
		partition(ui, r);
		return true;
	case ACTION_LINK:
		shape_link(ui, r);
		return true;
	case ACTION_HEAL:
		heal(ui);
		return true;
	case ACTION_RATE:
		tune_workload(ui, r, COMMAND_RATE);
		return true;
	case ACTION_HOLD:
		tune_workload(ui, r, COMMAND_HOLD);
		return true;
	case ACTION_BURST:
		tune_workload(ui, r, COMMAND_BURST);
		return true;
	case ACTION_EXTEND:
		ask_line(ui, "extend", "Extend the run by", "30s, 5m, 1h", "30s");
		return true;
	case ACTION_END_RUN:
		end_run(ui, COMMAND_END);
		return true;
	case ACTION_JUDGE:
		end_run(ui, COMMAND_JUDGE);
		return true;
	case ACTION_NOTE:
		ask_line(ui, "note", "Note", "what you see or did; it stays in the recording", "");
		return true;
	default:
		return false;
	}
}

static bool act_replay(struct ui *ui, enum action a)
{
	struct player *p = ui->session->player;
	struct player_state st;

	player_state(p, &st);
	uint64_t step = MAX(st.length_ns / 20, NS_PER_S);
	switch (a) {
	case ACTION_PLAY:
		if (st.at_end)
			player_seek(p, 0);
		player_pause(p, !st.paused && !st.at_end);
		return true;
	case ACTION_SEEK_BACK:
		player_seek(p, st.now_ns > step ? st.now_ns - step : 0);
		return true;
	case ACTION_SEEK_FORWARD:
		player_seek(p, MIN(st.now_ns + step, st.length_ns));
		return true;
	case ACTION_SLOWER:
		player_set_speed(p, st.speed / 2);
		return true;
	case ACTION_FASTER:
		player_set_speed(p, st.speed * 2);
		return true;
	default:
		return false;
	}
}

bool run_act(struct ui *ui, struct run_screen *r, enum action a)
{
	if (a == ACTION_EXPORT) {
		ui_export_session(ui);
		return true;
	}
	if (ui->session->kind == SESSION_REPLAY)
		return act_replay(ui, a);
	return ui->session->kind == SESSION_LIVE && !ui->session->finished && act_live(ui, r, a);
}

/* --- export ------------------------------------------------------------------------------- */

static int check_name(struct ui *ui, const char *text, void *arg, struct err *err)
{
	(void)ui;
	(void)arg;
	if (preset_name_valid(text))
		return 0;
	return err_set(err, ERR_USAGE, "letters, digits, \"-\", \"_\" and \".\", at most %d",
		PRESET_MAX_NAME);
}

static void write_export(struct ui *ui, const char *name)
{
	CLEANUP_FREE char *base = xasprintf("%s.yaml", name);
	CLEANUP_FREE char *path = fs_join(ui->host->presets_dir, base);
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct err err = { 0 };

	if (run_dir_export(ui->session->run_dir, name, &text, &err) < 0 ||
		fs_mkdirs(ui->host->presets_dir, 0755, &err) < 0 ||
		fs_write_atomic(path, strbuf_str(&text), text.len, 0644, &err) < 0)
		ui_message(ui, ROLE_BAD, "%s", err.text);
	else
		ui_tell_saved(ui, name, path, NULL);
}

static void overwrite_export(struct ui *ui, void *arg)
{
	write_export(ui, arg);
}

static void export_named(struct ui *ui, const char *name, void *arg)
{
	CLEANUP_FREE char *base = xasprintf("%s.yaml", name);
	CLEANUP_FREE char *path = fs_join(ui->host->presets_dir, base);
	CLEANUP_FREE char *question = xasprintf("There is a preset %s already. Replace it?", name);

	(void)arg;
	if (fs_exists(path))
		ui_confirm(ui, question, path, overwrite_export, xstrdup(name), free);
	else
		write_export(ui, name);
}

void ui_export_session(struct ui *ui)
{
	const struct model *m = &ui->session->snapshot->model;
	CLEANUP_FREE char *name = xasprintf("%.40s-session", m->preset ? m->preset : "my");

	ui_ask(ui, "Save this session as a preset named",
		"the scenario, with a timeline of what you did by key", name, check_name,
		export_named, NULL, NULL);
}

/* --- leaving ------------------------------------------------------------------------------ */

static void stop_and_quit(struct ui *ui, void *arg)
{
	struct run_screen *r = arg;

	r->quit_when_done = true;
	session_interrupt(ui->session);
	ui_message(ui, ROLE_WARN,
		"stopping: healing, judging, taking the nodes down; %s again: at once",
		ui_key_name(ui, ACTION_QUIT));
}

void run_quit(struct ui *ui, struct run_screen *r)
{
	const struct session *s = ui->session;

	if (s->kind != SESSION_LIVE) {
		if (ui->opt->start == UI_START_REPLAY || ui->opt->start == UI_START_WATCH)
			ui->quit = true;
		else
			ui_close_session(ui);
		return;
	}
	if (s->finished) {
		ui_go_end(ui);
	} else if (s->quit_signals > 0) {
		session_interrupt(ui->session);
		r->quit_when_done = true;
		ui_message(ui, ROLE_WARN, "stopping at once");
	} else {
		CLEANUP_FREE char *detail = xasprintf(
			"Faults are healed, reports written and all nodes taken down first. The "
			"verdict will be unknown: it was interrupted. (%s ends it with a verdict.)",
			ui_key_name(ui, ACTION_END_RUN));

		ui_confirm(ui, "Stop this run and leave ltb?", detail, stop_and_quit, r, NULL);
	}
}

/* --- by id ---------------------------------------------------------------------------------- */

struct id_detail {
	struct id32 hash;
};

static void refill_tx(struct ui *ui, struct rich *text, void *arg)
{
	const struct id_detail *d = arg;
	struct rich fresh = { 0 };
	char title[120];

	if (ui->screen != &screen_run)
		return;
	struct pane_context ctx = run_screen_context(ui, ui->screen_state, PANE_BLOCKS);
	if (tx_detail(&ctx, &d->hash, title, sizeof(title), &fresh)) {
		rich_release(text);
		*text = fresh;
	} else {
		rich_release(&fresh);
	}
}

bool run_show_id(struct ui *ui, struct run_screen *r, const char *hex_prefix)
{
	struct pane_context ctx = run_screen_context(ui, r, PANE_BLOCKS);
	struct rich text = { 0 };
	struct id32 hash;
	char title[120] = "";

	size_t n = tx_find_prefix(ctx.model, hex_prefix, &hash);
	if (n > 1) {
		ui_message(ui, ROLE_WARN, "%zu transactions begin with %s: type more of it", n,
			hex_prefix);
		return true;
	}
	if (n == 1 && tx_detail(&ctx, &hash, title, sizeof(title), &text)) {
		struct id_detail *d = xcalloc(1, sizeof(*d));
		d->hash = hash;
		ui_show(ui, title, &text, refill_tx, d, free);
		return true;
	}
	rich_release(&text);
	/* the blocks pane finds blocks by id itself */
	ctx.focused = true;
	if (panes_all[PANE_BLOCKS]->search(r->panes[PANE_BLOCKS], &ctx, hex_prefix) > 0) {
		r->request.focus = PANE_BLOCKS;
		r->request.hidden[PANE_BLOCKS] = false;
		snprintf(ui->search, sizeof(ui->search), "%.60s", hex_prefix);
		return true;
	}
	return false;
}
