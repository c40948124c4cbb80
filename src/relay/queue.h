/*
 * Pieces that wait for their time, first in, first out: none is due before the
 * one in front of it. What all queues hold together is counted, as it is
 * memory. One thread.
 */
#ifndef RELAY_QUEUE_H
#define RELAY_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "relay/shape.h"

#define CHUNK_OVERHEAD_BYTES 64 /* counted for each, so that small ones are bounded too */

struct chunk {
	struct chunk *next;
	uint64_t due_ns;
	uint32_t len, sent; /* bytes of data, and how many of them are gone */
	unsigned char data[];
};

struct queue {
	struct chunk *head, **tail;
	size_t bytes;  /* held, overhead included */
	size_t *total; /* of all queues */
	uint64_t last_due_ns;
};

void queue_init(struct queue *q, size_t *total);
void queue_clear(struct queue *q);
/* Copies the bytes. Due at due_ns, or with the last one when that is later. */
void queue_push(struct queue *q, const void *data, uint32_t len, uint64_t due_ns);
void queue_pop(struct queue *q);              /* the head, which there must be */
uint64_t queue_due_ns(const struct queue *q); /* of the head; CLOCK_NEVER when empty */
/* After a change of the rule: none waits longer than one that comes now. */
void queue_hurry(struct queue *q, struct shaper *s, const struct rule *r, uint64_t now_ns);

#endif
