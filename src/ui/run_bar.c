/* The first line of a run; see screen_run.h. */
#include <stdio.h>
#include <string.h>

#include "ui/screen_run.h"
#include "util/mem.h"

const char *run_verdict_text(const struct model *m, char *buf, size_t size, enum role *ret_role)
{
	size_t good = 0, bad = 0;

	if (m->ended) {
		*ret_role = role_of_verdict(m->verdict);
		snprintf(buf, size, "%s",
			m->verdict == VERDICT_PASS   ? "PASS"
			: m->verdict == VERDICT_FAIL ? "FAIL"
						     : "UNKNOWN");
		return buf;
	}
	for (size_t i = 0; i < m->n_checks; i++) {
		enum verdict v = m->checks[i].verdict;
		good += v == VERDICT_PASSING || v == VERDICT_PASS;
		bad += v == VERDICT_FAILING || v == VERDICT_FAIL;
	}
	if (m->n_checks == 0)
		snprintf(buf, size, "%s", "no verdict yet");
	else if (bad > 0)
		snprintf(buf, size, "FAILING %zu/%zu", bad, m->n_checks);
	else
		snprintf(buf, size, "PASSING %zu/%zu", good, m->n_checks);
	*ret_role = bad > 0 ? ROLE_BAD : good == m->n_checks && good > 0 ? ROLE_GOOD : ROLE_NORMAL;
	return buf;
}

/* Share of the phase that has passed; -1 when nobody knows how long it takes. */
static double phase_share(const struct model_phase *p, uint64_t now_ns)
{
	if (p->until_ns <= p->start_ns)
		return -1;
	uint64_t done = now_ns > p->start_ns ? now_ns - p->start_ns : 0;
	return MIN(1.0, (double)done / (double)(p->until_ns - p->start_ns));
}

static int draw_current(const struct model *m, uint64_t now, struct view *v, int x)
{
	const struct model_phase *p = &m->phases[m->phase];
	char name[24], left[24], of[24];
	double share = phase_share(p, now);

	snprintf(name, sizeof(name), "%s", phase_name(m->phase));
	for (char *c = name; *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
	x = view_textf(v, x, 0, ROLE_STRONG, "%s ", name);
	if (share >= 0) {
		int width = MAX(6, MIN(20, v->w / 10));
		view_bar(v, x, 0, width, ROLE_ACCENT, share);
		x += width + 1;
		x = view_textf(v, x, 0, ROLE_NORMAL, "%s",
			fmt_clock_s(now - MIN(now, p->start_ns), left, sizeof(left)));
		x = view_textf(v, x, 0, ROLE_DIM, "/%s ",
			fmt_clock_s(p->until_ns - p->start_ns, of, sizeof(of)));
	} else {
		x = view_textf(v, x, 0, ROLE_NORMAL, "%s ",
			fmt_clock_s(now - MIN(now, p->start_ns), left, sizeof(left)));
	}
	return x;
}

static bool is_small(enum phase p)
{
	return p == PHASE_VALIDATE || p == PHASE_PREPARE || p == PHASE_COLLECT;
}

/* Phases before and after the current one; small ones only when something was wrong with them. */
static int draw_phases(
	struct ui *ui, const struct model *m, uint64_t now, struct view *v, int x, int right)
{
	bool wide = v->w >= 110;

	for (int i = 0; i < PHASE_COUNT && x < right; i++) {
		const struct model_phase *p = &m->phases[i];
		if (!m->ended && (enum phase)i == m->phase && p->started && !p->ended) {
			x = draw_current(m, now, v, x);
		} else if (p->ended && !p->ok) {
			x = view_textf(v, x, 0, ROLE_BAD, "%s%s ", phase_name((enum phase)i),
				glyph_str(ui->glyphs->fail));
		} else if (!wide || is_small((enum phase)i)) {
			continue;
		} else if (p->ended) {
			x = view_textf(v, x, 0, ROLE_DIM, "%s ", phase_name((enum phase)i));
			x = view_textf(v, x - 1, 0, ROLE_GOOD, "%s ", glyph_str(ui->glyphs->pass));
		} else {
			x = view_textf(v, x, 0, ROLE_DIM, "%s ", phase_name((enum phase)i));
		}
	}
	return x;
}

static int draw_player(struct ui *ui, struct view *v, int x)
{
	const struct session *s = ui->session;
	struct player_state p;
	char now[24], of[24];

	player_state(s->player, &p);
	if (p.error.code != ERR_NONE)
		return view_textf(v, x, 0, ROLE_BAD, "%s ", p.error.text);
	if (s->kind == SESSION_WATCH)
		return view_text(v, x, 0, ROLE_ACCENT,
			p.complete ? "watching: it has ended  " : "watching  ");
	x = view_text(v, x, 0, ROLE_ACCENT,
		p.seeking  ? "seeking "
		: p.at_end ? "at the end "
		: p.paused ? "paused "
			   : "replay ");
	double share = p.length_ns ? (double)p.now_ns / (double)p.length_ns : 0;
	int width = MAX(8, MIN(30, v->w / 6));
	view_bar(v, x, 0, width, ROLE_ACCENT, share);
	x += width + 1;
	return view_textf(v, x, 0, ROLE_NORMAL, "%s/%s %gx  ",
		fmt_clock_s(p.now_ns, now, sizeof(now)), fmt_clock_s(p.length_ns, of, sizeof(of)),
		p.speed);
}

void run_bar_draw(struct ui *ui, struct view *v)
{
	const struct session *s = ui->session;
	const struct model *m = &s->snapshot->model;
	const char *dot = glyph_str(ui->glyphs->middle_dot);
	char verdict[32];
	enum role role;

	run_verdict_text(m, verdict, sizeof(verdict), &role);
	int right = v->w - text_width(verdict) - 2;
	struct view left = view_sub(v, 0, 0, right, 1);

	int x = view_textf(&left, 1, 0, ROLE_STRONG, "%s", m->preset ? m->preset : "?");
	if (v->w >= 100)
		x = view_textf(&left, x, 0, ROLE_DIM, " %s %s %s seed %llu", dot,
			m->backend ? m->backend : "?", dot, (unsigned long long)m->seed);
	else
		x = view_textf(&left, x, 0, ROLE_DIM, "%s%s", dot, m->backend ? m->backend : "?");
	x += 2;
	if (s->player)
		x = draw_player(ui, &left, x);
	if (s->quit_signals > 0 && !s->finished)
		x = view_text(&left, x, 0, ROLE_WARN, "stopping ");
	if (!s->player || v->w >= 120)
		draw_phases(ui, m, session_now(s), &left, x, right);
	view_text(v, right + 1, 0, role, verdict);
}
