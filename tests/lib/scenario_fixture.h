/*
 * Presets as text, read with the tiny catalog and a few shipped presets: what
 * must be taken, and what is refused with which message. Include after cmocka.h.
 */
#ifndef TESTS_SCENARIO_FIXTURE_H
#define TESTS_SCENARIO_FIXTURE_H

#include <string.h>

#include "core/preset.h"
#include "tiny_catalog.h"

static const struct embedded_file embedded[] = {
	{ "base",
		"version: 1\nsummary: the base\ntopology: {nodes: 4, layout: {random: {degree: 2}},"
		" args: [\"-a\"]}\nworkloads: [load]\nbackend: {here: {keep: true}}\n" },
	{ "mid", "extends: base\nname: middle\ntopology:\n  consensus: {slot_duration: 1s}\n" },
	{ "loop-a", "extends: loop-b\n" },
	{ "loop-b", "extends: loop-a\n" },
	{ "d0", "version: 1\n" },
	{ "d1", "extends: d0\n" },
	{ "d2", "extends: d1\n" },
	{ "d3", "extends: d2\n" },
	{ "d4", "extends: d3\n" },
	{ "d5", "extends: d4\n" },
	{ "d6", "extends: d5\n" },
	{ "d7", "extends: d6\n" },
	{ "d8", "extends: d7\n" },
	{ "broken", "version: 1\ntopology: {nodes: 0}\n" },
	{ NULL, NULL },
};

static const struct preset_source source = { .embedded = embedded };

static inline struct scenario *parse_with(
	const char *text, const char *const *sets, struct err *err)
{
	const struct preset_request req = { .sets = sets };
	return scenario_parse(&tiny_catalog, &source, "t.yaml", text, strlen(text), &req, err);
}

static inline struct scenario *must(const char *text, const char *const *sets)
{
	struct err err = { 0 };
	struct scenario *s = parse_with(text, sets, &err);
	if (!s)
		fail_msg("%s", err.text);
	return s;
}

/* What parsing gave: nothing, and this message. */
static inline void assert_refused(
	const struct scenario *s, const struct err *err, const char *message)
{
	assert_null(s);
	assert_string_equal(err->text, message);
	assert_int_equal(err->code, ERR_USAGE);
}

static inline void fails(const char *text, const char *const *sets, const char *message)
{
	struct err err = { 0 };
	struct scenario *s = parse_with(text, sets, &err);

	assert_refused(s, &err, message);
}

#endif
