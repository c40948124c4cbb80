/* What the text of an error has to say. Include after cmocka.h. */
#ifndef TESTS_SAYS_H
#define TESTS_SAYS_H

#include <string.h>

#include "util/err.h"
#include "util/mem.h"

/* The error says all that the '|'-separated words say. */
static inline void says(const struct err *err, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, "|");
		CLEANUP_FREE char *word = xstrndup(words, n);
		if (!strstr(err->text, word))
			fail_msg("'%s' does not say '%s'", err->text, word);
		words += n + (words[n] == '|');
	}
}

#endif
