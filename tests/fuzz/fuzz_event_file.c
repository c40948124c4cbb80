/* Any bytes as a recording: read line by line and from its end, in any pieces. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/event_file.h"
#include "util/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_all(struct event_file *f, size_t n)
{
	struct event *ev;

	while (event_file_next(f, &ev, NULL) > 0) {
		event_free(ev);
		n++;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	uint64_t last_ns;
	struct event *ev = NULL;
	int fd = memfd_create("events", MFD_CLOEXEC);
	size_t half = size ? data[0] * size / 256 : 0;

	if (fd < 0 || fs_write_all(fd, data, half) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct event_file *f = event_file_open(path, NULL);
	if (!f)
		abort();
	/* In two pieces it must say the same as at once. */
	size_t in_pieces = read_all(f, 0);
	if (fs_write_all(fd, data + half, size - half) < 0)
		abort();
	in_pieces = read_all(f, in_pieces);
	event_file_rewind(f);
	if (read_all(f, 0) != in_pieces)
		abort();
	event_file_close(f);
	if (event_file_tail(path, &last_ns, &ev) == 0)
		event_free(ev);
	close(fd);
	return 0;
}
