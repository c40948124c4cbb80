/* See queue.h. */
#include "relay/queue.h"

#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

static size_t held_bytes(const struct chunk *c)
{
	return (size_t)c->len + CHUNK_OVERHEAD_BYTES;
}

void queue_init(struct queue *q, size_t *total)
{
	*q = (struct queue){ .total = total };
	q->tail = &q->head;
}

void queue_clear(struct queue *q)
{
	while (q->head)
		queue_pop(q);
	q->last_due_ns = 0;
}

void queue_push(struct queue *q, const void *data, uint32_t len, uint64_t due_ns)
{
	struct chunk *c = xmalloc(sizeof(*c) + len);

	q->last_due_ns = MAX(q->last_due_ns, due_ns);
	*c = (struct chunk){ .due_ns = q->last_due_ns, .len = len };
	memcpy(c->data, data, len);
	*q->tail = c;
	q->tail = &c->next;
	q->bytes += held_bytes(c);
	*q->total += held_bytes(c);
}

void queue_pop(struct queue *q)
{
	struct chunk *c = q->head;

	q->head = c->next;
	if (!q->head)
		q->tail = &q->head;
	q->bytes -= held_bytes(c);
	*q->total -= held_bytes(c);
	free(c);
}

uint64_t queue_due_ns(const struct queue *q)
{
	return q->head ? q->head->due_ns : CLOCK_NEVER;
}

void queue_hurry(struct queue *q, struct shaper *s, const struct rule *r, uint64_t now_ns)
{
	uint64_t last = 0;

	for (struct chunk *c = q->head; c; c = c->next) {
		c->due_ns = MAX(last, MIN(c->due_ns, now_ns + shaper_delay_ns(s, r)));
		last = c->due_ns;
	}
	q->last_due_ns = MIN(q->last_due_ns, MAX(last, now_ns));
}
