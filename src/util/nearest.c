/* Edit distance with transpositions (optimal string alignment), case-insensitive. */
#include "util/nearest.h"

#include <ctype.h>
#include <string.h>

#include "util/mem.h"

#define MAX_NAME 64

static unsigned cost(char a, char b)
{
	return tolower((unsigned char)a) != tolower((unsigned char)b);
}

static unsigned distance(const char *a, size_t la, const char *b, size_t lb)
{
	unsigned rows[3][MAX_NAME + 1];
	unsigned *two_ago = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned d = last[j - 1] + cost(a[i - 1], b[j - 1]);

			d = MIN(d, last[j] + 1);
			d = MIN(d, now[j - 1] + 1);
			if (i > 1 && j > 1 && !cost(a[i - 1], b[j - 2]) &&
				!cost(a[i - 2], b[j - 1]))
				d = MIN(d, two_ago[j - 2] + 1);
			now[j] = d;
		}
		unsigned *spare = two_ago;

		two_ago = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

const char *nearest_name(const char *name, const char *const *candidates)
{
	size_t len = strlen(name);
	const char *best = NULL;
	unsigned best_distance = 0;

	if (len == 0 || len > MAX_NAME)
		return NULL;
	for (; *candidates; candidates++) {
		size_t other = strlen(*candidates);

		if (other > MAX_NAME)
			continue;
		unsigned d = distance(name, len, *candidates, other);

		/* A third of the letters may be wrong; more is another word. */
		if (d <= MAX(1, MIN(len, other) / 3) && (!best || d < best_distance)) {
			best = *candidates;
			best_distance = d;
		}
	}
	return best;
}
