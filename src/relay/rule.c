/* See rule.h. */
#include "relay/rule.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "util/mem.h"
#include "util/nearest.h"

#define NS_PER_MS_D 1e6

static const char *const distributions[] = { "uniform", "normal", "pareto", NULL };
static const char *const cuts[] = { "none", "silent", "reset", "half-open", NULL };

enum field_kind { FIELD_MS, FIELD_SHARE, FIELD_BYTES, FIELD_DISTRIBUTION, FIELD_CUT };

static const struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
} fields[] = {
	{ "delay_ms", FIELD_MS, offsetof(struct rule, delay_ns) },
	{ "jitter_ms", FIELD_MS, offsetof(struct rule, jitter_ns) },
	{ "distribution", FIELD_DISTRIBUTION, offsetof(struct rule, distribution) },
	{ "correlation", FIELD_SHARE, offsetof(struct rule, correlation) },
	{ "loss", FIELD_SHARE, offsetof(struct rule, loss) },
	{ "retransmit_ms", FIELD_MS, offsetof(struct rule, retransmit_ns) },
	{ "duplicate", FIELD_SHARE, offsetof(struct rule, duplicate) },
	{ "reorder", FIELD_SHARE, offsetof(struct rule, reorder) },
	{ "reorder_ms", FIELD_MS, offsetof(struct rule, reorder_ns) },
	{ "bytes_per_s", FIELD_BYTES, offsetof(struct rule, bytes_per_s) },
	{ "burst_bytes", FIELD_BYTES, offsetof(struct rule, burst_bytes) },
	{ "cut", FIELD_CUT, offsetof(struct rule, cut) },
};

static int unknown_field(const char *name, struct err *err)
{
	const char *names[ARRAY_LEN(fields) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		names[i] = fields[i].name;
	const char *near = nearest_name(name, names);
	return err_set(err, ERR_USAGE, "a rule has no member '%.60s'%s%s%s", name,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int read_name(
	const cJSON *v, const char *field, const char *const *names, int *ret, struct err *err)
{
	const char *text = json_as_str(v);

	for (int i = 0; text && names[i]; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "%s: '%.60s' is none of %s, %s, %s%s%s", field,
		text ? text : "(no string)", names[0], names[1], names[2], names[3] ? ", " : "",
		names[3] ? names[3] : "");
}

static int read_field(const cJSON *v, const struct field *f, struct rule *r, struct err *err)
{
	char *at = (char *)r + f->offset;
	double d;
	uint64_t u;
	int i = 0;

	switch (f->kind) {
	case FIELD_MS:
		if (!json_as_double(v, &d) || !(d >= 0 && d <= RULE_MAX_DELAY_MS))
			return err_set(err, ERR_USAGE, "%s: not a number from 0 to %.0f", f->name,
				RULE_MAX_DELAY_MS);
		u = (uint64_t)llround(d * NS_PER_MS_D);
		memcpy(at, &u, sizeof(u));
		return 0;
	case FIELD_SHARE:
		if (!json_as_double(v, &d) || !(d >= 0 && d <= 1))
			return err_set(err, ERR_USAGE, "%s: not a number from 0 to 1", f->name);
		memcpy(at, &d, sizeof(d));
		return 0;
	case FIELD_BYTES:
		if (!json_as_u64(v, &u) || u > RULE_MAX_BYTES)
			return err_set(err, ERR_USAGE, "%s: not a whole number from 0 to %llu",
				f->name, RULE_MAX_BYTES);
		memcpy(at, &u, sizeof(u));
		return 0;
	case FIELD_DISTRIBUTION:
		if (read_name(v, f->name, distributions, &i, err))
			return -1;
		r->distribution = (enum rule_distribution)i;
		return 0;
	case FIELD_CUT:
		if (read_name(v, f->name, cuts, &i, err))
			return -1;
		r->cut = (enum rule_cut)i;
		return 0;
	}
	return err_set(err, ERR_INTERNAL, "field of no kind");
}

int rule_from_json(const cJSON *obj, struct rule *ret, struct err *err)
{
	*ret = (struct rule){ 0 };
	if (!cJSON_IsObject(obj))
		return err_set(err, ERR_USAGE, "a rule is an object, such as {\"delay_ms\": 50}");
	json_each (v, obj) {
		size_t i = 0;

		while (i < ARRAY_LEN(fields) && strcmp(fields[i].name, v->string) != 0)
			i++;
		if (i == ARRAY_LEN(fields))
			return unknown_field(v->string, err);
		if (read_field(v, &fields[i], ret, err))
			return -1;
	}
	if (ret->burst_bytes && ret->burst_bytes < RULE_MIN_BURST)
		return err_set(err, ERR_USAGE, "burst_bytes: at least %u, or 0 for the default",
			RULE_MIN_BURST);
	return 0;
}

static void write_field(const struct field *f, const struct rule *r, struct jw *w)
{
	const char *at = (const char *)r + f->offset;
	double d = 0;
	uint64_t u = 0;

	switch (f->kind) {
	case FIELD_MS:
		memcpy(&u, at, sizeof(u));
		if (u)
			jw_kdouble(w, f->name, (double)u / NS_PER_MS_D);
		return;
	case FIELD_SHARE:
		memcpy(&d, at, sizeof(d));
		if (d > 0)
			jw_kdouble(w, f->name, d);
		return;
	case FIELD_BYTES:
		memcpy(&u, at, sizeof(u));
		if (u)
			jw_ku64(w, f->name, u);
		return;
	case FIELD_DISTRIBUTION:
		if (r->distribution != DISTRIBUTION_UNIFORM)
			jw_kstr(w, f->name, distributions[r->distribution]);
		return;
	case FIELD_CUT:
		if (r->cut != CUT_NONE)
			jw_kstr(w, f->name, cuts[r->cut]);
		return;
	}
}

void rule_to_json(const struct rule *r, struct jw *w)
{
	jw_object(w);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		write_field(&fields[i], r, w);
	jw_object_end(w);
}

bool rule_is_neutral(const struct rule *r)
{
	return r->cut == CUT_NONE && r->delay_ns == 0 && r->jitter_ns == 0 && !(r->loss > 0) &&
	       !(r->duplicate > 0) && !(r->reorder > 0) && r->bytes_per_s == 0;
}

uint64_t rule_burst_bytes(const struct rule *r)
{
	return r->burst_bytes ? r->burst_bytes : MAX(r->bytes_per_s / 20, RULE_MIN_BURST);
}

uint64_t rule_reorder_ns(const struct rule *r)
{
	return r->reorder_ns ? r->reorder_ns : RULE_REORDER_NS;
}

uint32_t rule_read_bytes(const struct rule *r)
{
	uint64_t in_10_ms = r->bytes_per_s / 100;

	if (r->bytes_per_s == 0 || in_10_ms >= RULE_MAX_READ_BYTES)
		return RULE_MAX_READ_BYTES;
	return (uint32_t)MAX(in_10_ms, RULE_SEGMENT_BYTES);
}
