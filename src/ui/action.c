/* The table of actions as data; see action.h. */
#include "ui/action.h"

#include <string.h>

static const struct action_info infos[ACTION_COUNT] = {
	[ACTION_NONE] = { .name = "", .keys = "", .hint = "", .help = "" },
#define ACTION_ROW(id, name_, contexts_, keys_, hint_, help_) \
	[ACTION_##id] = { .name = (name_), \
		.contexts = (contexts_), \
		.keys = (keys_), \
		.hint = (hint_), \
		.help = (help_) },
	ACTIONS(ACTION_ROW)
#undef ACTION_ROW
};

const unsigned action_places[] = {
	CTX_ANY | CTX_START,
	CTX_ANY | CTX_EDIT,
	CTX_ANY | CTX_RUN | CTX_LIVE,
	CTX_ANY | CTX_RUN | CTX_REPLAY,
	CTX_ANY | CTX_END,
	CTX_ANY | CTX_VIEW,
	0,
};

bool action_contexts_meet(unsigned a, unsigned b)
{
	for (const unsigned *place = action_places; *place; place++) {
		if ((a & *place) && (b & *place))
			return true;
	}
	return false;
}

const struct action_info *action_info(enum action a)
{
	return &infos[(unsigned)a < ACTION_COUNT ? a : ACTION_NONE];
}

enum action action_by_name(const char *name)
{
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		if (strcmp(infos[a].name, name) == 0)
			return a;
	}
	return ACTION_NONE;
}

const char *action_context_title(enum action_context c)
{
	switch (c) {
	case CTX_ANY:
		return "everywhere";
	case CTX_START:
		return "presets and runs";
	case CTX_EDIT:
		return "preset editor";
	case CTX_RUN:
		return "panes of a run";
	case CTX_LIVE:
		return "while a run is going on";
	case CTX_REPLAY:
		return "replay";
	case CTX_END:
		return "end of a run";
	case CTX_VIEW:
		return "text views";
	}
	return "";
}
