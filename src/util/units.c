/* Durations, sizes and numbers as people write them; see units.h. */
#include "util/units.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

static const struct {
	const char *name;
	uint64_t ns;
} duration_units[] = {
	/* largest first: "1m30s" must descend */
	{ "d", 86400 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "s", NS_PER_S },
	{ "ms", NS_PER_MS },
	{ "us", NS_PER_US },
	{ "ns", 1 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *s; false on none, or when they do not fit. */
static bool read_u64(const char **s, uint64_t *ret)
{
	uint64_t v = 0;
	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); (*s)++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(**s - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

/* Index of the unit called s[0..len); ARRAY_LEN when there is none. */
static size_t find_unit(const char *s, size_t len)
{
	size_t u = 0;
	while (u < ARRAY_LEN(duration_units) &&
		(strlen(duration_units[u].name) != len ||
			memcmp(duration_units[u].name, s, len) != 0))
		u++;
	return u;
}

/* One "1.5m" at *s: adds it to *ns. Text of what is wrong, or NULL. */
static const char *read_duration_part(const char **s, size_t *next_unit, uint64_t *ns)
{
	uint64_t whole, total;
	if (!is_digit(**s))
		return "a number such as 30s was expected";
	if (!read_u64(s, &whole))
		return "the number is too large";
	const char *fraction = NULL;
	if (**s == '.') {
		fraction = ++*s;
		while (is_digit(**s))
			(*s)++;
		if (*s == fraction)
			return "digits are missing after the point";
	}
	size_t len = strspn(*s, "abcdefghijklmnopqrstuvwxyz");
	if (len == 0)
		return "the unit is missing (ns, us, ms, s, m, h, d)";
	size_t u = find_unit(*s, len);
	if (u == ARRAY_LEN(duration_units))
		return "the unit is unknown (use ns, us, ms, s, m, h, d)";
	if (u < *next_unit)
		return "units must go from large to small, as in 1m30s";
	*next_unit = u + 1;
	*s += len;
	if (__builtin_mul_overflow(whole, duration_units[u].ns, &total))
		return "it is too long";
	uint64_t scale = duration_units[u].ns;
	for (; fraction && is_digit(*fraction); fraction++) {
		if (scale < 10 && *fraction != '0')
			return "it is finer than a nanosecond";
		scale /= 10;
		if (__builtin_add_overflow(total, (uint64_t)(*fraction - '0') * scale, &total))
			return "it is too long";
	}
	return __builtin_add_overflow(*ns, total, ns) ? "it is too long" : NULL;
}

int units_parse_duration(const char *s, uint64_t *ret_ns, struct err *err)
{
	const char *at = s, *wrong = NULL;
	size_t next_unit = 0;
	uint64_t ns = 0;
	if (strcmp(s, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	do
		wrong = read_duration_part(&at, &next_unit, &ns);
	while (!wrong && *at);
	if (wrong)
		return err_set(err, ERR_USAGE, "'%.100s' is not a duration: %s", s, wrong);
	*ret_ns = ns;
	return 0;
}

int units_parse_size(const char *s, uint64_t *ret_bytes, struct err *err)
{
	static const char letters[] = "KMGT";
	const char *at = s;
	uint64_t v;
	unsigned shift = 0;
	bool ok = read_u64(&at, &v);
	if (ok && *at) {
		char letter = *at == 'k' ? 'K' : *at;
		const char *found = strchr(letters, letter);
		ok = found && (at[1] == '\0' || strcmp(at + 1, "iB") == 0);
		shift = ok ? 10 * (unsigned)(found - letters + 1) : 0;
	}
	if (!ok)
		return err_set(err, ERR_USAGE,
			"'%.100s' is not a size: use bytes or K, M, G, T, such as 64K", s);
	if (v > UINT64_MAX >> shift)
		return err_set(err, ERR_USAGE, "'%.100s' is not a size: it is too large", s);
	*ret_bytes = v << shift;
	return 0;
}

int units_parse_u64(const char *s, uint64_t *ret, struct err *err)
{
	const char *at = s;
	uint64_t v;
	if (!read_u64(&at, &v) || *at)
		return err_set(err, ERR_USAGE, "'%.100s' is not a whole number from 0 to %llu", s,
			(unsigned long long)UINT64_MAX);
	*ret = v;
	return 0;
}

static locale_t c_locale;

static void c_locale_init(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

locale_t units_c_locale(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, c_locale_init);
	return c_locale;
}

int units_parse_double(const char *s, double *ret, struct err *err)
{
	char *end = NULL;
	double v = 0;
	/* no spaces, hexadecimal, infinities: what YAML, JSON and people agree on */
	bool ok = *s && s[strspn(s, "0123456789+-.eE")] == '\0';
	if (ok) {
		v = strtod_l(s, &end, units_c_locale());
		ok = end != s && *end == '\0' && isfinite(v);
	}
	if (!ok)
		return err_set(err, ERR_USAGE, "'%.100s' is not a number", s);
	*ret = v;
	return 0;
}

/* value in units of `unit` ns with as many decimals as are needed, exactly. */
static void append_decimal(char *buf, size_t size, uint64_t value, uint64_t unit, const char *name)
{
	size_t used = strlen(buf);
	char fraction[24] = "";
	if (value % unit) {
		int digits = unit == NS_PER_S ? 9 : unit == NS_PER_MS ? 6 : 3;
		snprintf(fraction, sizeof(fraction), ".%0*llu", digits,
			(unsigned long long)(value % unit));
		for (size_t n = strlen(fraction); fraction[n - 1] == '0'; n--)
			fraction[n - 1] = '\0';
	}
	snprintf(buf + used, size - used, "%llu%s%s", (unsigned long long)(value / unit), fraction,
		name);
}

const char *units_format_duration(uint64_t ns, char *buf, size_t size)
{
	uint64_t hours = ns / (3600 * NS_PER_S), minutes = ns / (60 * NS_PER_S) % 60;
	uint64_t rest = ns % (60 * NS_PER_S);
	buf[0] = '\0';
	if (hours)
		append_decimal(buf, size, hours, 1, "h");
	if (minutes)
		append_decimal(buf, size, minutes, 1, "m");
	if (rest >= NS_PER_S || ns == 0)
		append_decimal(buf, size, rest, NS_PER_S, "s");
	else if (rest >= NS_PER_MS)
		append_decimal(buf, size, rest, NS_PER_MS, "ms");
	else if (rest >= NS_PER_US)
		append_decimal(buf, size, rest, NS_PER_US, "us");
	else if (rest)
		append_decimal(buf, size, rest, 1, "ns");
	return buf;
}

const char *units_format_human(uint64_t ns, char *buf, size_t size)
{
	/* above these, three digits would round up to a thousand of the unit */
	const double us = (double)ns / (double)NS_PER_US, ms = (double)ns / (double)NS_PER_MS;
	if (ns < NS_PER_US) {
		snprintf(buf, size, "%llu ns", (unsigned long long)ns);
	} else if (us < 99.95) {
		snprintf(buf, size, "%.3g us", us);
	} else if (ms < 999.5) {
		snprintf(buf, size, "%.3g ms", ms);
	} else if (ns < 60 * NS_PER_S - 50 * NS_PER_MS) {
		snprintf(buf, size, "%.3g s", (double)ns / (double)NS_PER_S);
	} else {
		unsigned long long s = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);
		if (s < 3600)
			snprintf(buf, size, "%llu:%02llu", s / 60, s % 60);
		else
			snprintf(buf, size, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
	}
	return buf;
}

const char *units_format_size(uint64_t bytes, char *buf, size_t size)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	size_t u = 0;
	while (v >= 1023.5 && u + 1 < ARRAY_LEN(names)) {
		v /= 1024;
		u++;
	}
	snprintf(buf, size, v >= 999.5 ? "%.0f %s" : "%.3g %s", v, names[u]);
	return buf;
}

const char *plural_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}
