/* Lines of nodes' logs; see node_log.h. */
#include "backends/node_log.h"

#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

#define LOGS_PER_SECOND 50

enum log_level node_log_level(const char *line, size_t len)
{
	static const struct {
		const char *word;
		enum log_level level;
	} words[] = {
		{ "WARN", LOG_WARN },
		{ "ERROR", LOG_ERROR },
		{ "\"level\":\"warn\"", LOG_WARN },
		{ "\"level\":\"error\"", LOG_ERROR },
		{ " warn ", LOG_WARN },
		{ " error ", LOG_ERROR },
	};
	size_t head = MIN(len, 80u); /* further on it is text, which may say anything */
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (memmem(line, head, words[i].word, strlen(words[i].word)))
			return words[i].level;
	return LOG_INFO;
}

const char *node_log_words(const char *line, const char *node)
{
	static const char *const levels[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR" };
	size_t time = strspn(line, "0123456789-:.TZ+"), name = strlen(node);
	const char *s = line + time;

	if (time < 8 || *s != ' ')
		return line;
	s += strspn(s, " ");
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		size_t n = strlen(levels[i]);
		if (strncmp(s, levels[i], n) != 0 || s[n] != ' ')
			continue;
		s += n;
		s += strspn(s, " ");
		if (strncmp(s, node, name) == 0 && s[name] == ':')
			s += name + 1 + strspn(s + name + 1, " ");
		return s;
	}
	return line;
}

bool node_log_allowed(struct node_log_budget *b, uint64_t now_ns, enum log_level level)
{
	unsigned *count = level >= LOG_WARN ? &b->warnings : &b->chatter;

	if (now_ns / NS_PER_S != b->second) {
		b->second = now_ns / NS_PER_S;
		b->warnings = b->chatter = 0;
	}
	return (*count)++ < LOGS_PER_SECOND;
}

void node_log_mark_again(struct node_log_mark *m)
{
	m->skip = m->same;
	m->again = m->same > 0;
}

bool node_log_mark_take(struct node_log_mark *m, uint64_t time_ns)
{
	if (m->again && time_ns < m->time_ns)
		return false;
	if (m->again && time_ns == m->time_ns && m->skip > 0) {
		m->again = --m->skip > 0;
		return false;
	}
	m->again = false;
	m->same = m->same && time_ns == m->time_ns ? m->same + 1 : 1;
	m->time_ns = time_ns;
	return true;
}

void node_tail_add(struct node_tail *t, const char *line, size_t len)
{
	size_t room = sizeof(t->text) - 2; /* for the newline and the NUL */

	len = MIN(len, room);
	while (t->len + len > room) { /* the oldest line goes */
		const char *end = memchr(t->text, '\n', t->len);
		size_t drop = end ? (size_t)(end - t->text) + 1 : t->len;
		t->len -= drop;
		memmove(t->text, t->text + drop, t->len);
	}
	memcpy(t->text + t->len, line, len);
	t->len += len;
	t->text[t->len++] = '\n';
	t->text[t->len] = '\0';
}
