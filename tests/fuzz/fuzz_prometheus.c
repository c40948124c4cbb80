/*
 * Any bytes as the answer of a Prometheus: refused with a bounded text, or read
 * into finite numbers, lowest and highest, with texts within their bounds.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/prometheus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_series(const char text[PROM_SERIES_BYTES])
{
	const char *end = memchr(text, '\0', PROM_SERIES_BYTES);
	if (!end)
		abort();
	for (const char *c = text; c < end; c++) {
		if ((unsigned char)*c < ' ')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 400, 503 };
	int status = size ? statuses[data[0] % 3] : 200;
	struct prom_answer a;
	struct err err = { 0 };

	if (size) {
		data++;
		size--;
	}
	if (prom_parse_answer(status, (const char *)data, size, &a, &err) != 0) {
		size_t len = strlen(err.text);
		if (err.code == ERR_NONE || len == 0 || len > 700)
			abort();
		return 0;
	}
	if (status != 200 || a.series == 0 || !isfinite(a.min) || !isfinite(a.max) || a.min > a.max)
		abort();
	check_series(a.min_series);
	check_series(a.max_series);
	return 0;
}
