/* A wake-up flag that can be polled; see wake.h. */
#include "util/wake.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

void wake_init(struct wake *w)
{
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0) {
		perror("eventfd");
		abort();
	}
}

void wake_release(struct wake *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void wake_signal(struct wake *w)
{
	int saved = errno;
	const uint64_t one = 1;
	while (write(w->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved; /* EAGAIN: the counter is full, so it is signalled already */
}

void wake_clear(struct wake *w)
{
	int saved = errno;
	uint64_t count;
	while (read(w->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	errno = saved;
}
