/*
 * A wake-up flag that can be polled: an eventfd. Any thread may signal it; one
 * thread waits on it and clears it. Signals do not add up.
 */
#ifndef UTIL_WAKE_H
#define UTIL_WAKE_H

struct wake {
	int fd; /* immutable after init; readable while signalled */
};

void wake_init(struct wake *w); /* aborts when the process is out of descriptors */
void wake_release(struct wake *w);
void wake_signal(struct wake *w); /* async-signal-safe */
void wake_clear(struct wake *w);

#endif
