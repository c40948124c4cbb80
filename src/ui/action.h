/*
 * Actions: everything a person can do, in one table. Names are used by key
 * files and scripts; the key map, the help pane, the hint bar, the palette and
 * the manual are made from it. A test fails when one is unbound, undocumented
 * or not handled.
 *
 * X(ID, "name", contexts, "default keys", "hint", "help")
 * Keys are separated by blanks; "" is none (palette only). In one place a key
 * has one meaning: contexts that can be active together do not share keys.
 * hint: a word or two for the hint bar; "" keeps it out.
 */
#ifndef UI_ACTION_H
#define UI_ACTION_H

#include <stdbool.h>

enum action_context {
	CTX_ANY = 1 << 0,    /* everywhere but in text fields */
	CTX_START = 1 << 1,  /* list of presets and runs */
	CTX_EDIT = 1 << 2,   /* preset editor */
	CTX_RUN = 1 << 3,    /* panes of a run, of whatever kind */
	CTX_LIVE = 1 << 4,   /* ... of one that this ltb drives */
	CTX_REPLAY = 1 << 5, /* ... of a recorded one */
	CTX_END = 1 << 6,    /* verdict screen */
	CTX_VIEW = 1 << 7,   /* a text that is read: help, details */
};

#define ACTIONS(X) \
	X(UP, "up", CTX_ANY, "up", "", "go up a line") \
	X(DOWN, "down", CTX_ANY, "down", "", "go down a line") \
	X(LEFT, "left", CTX_ANY, "left", "", "go left, or scroll left") \
	X(RIGHT, "right", CTX_ANY, "right", "", "go right, or scroll right") \
	X(PAGE_UP, "page-up", CTX_ANY, "pageup", "", "go up a page") \
	X(PAGE_DOWN, "page-down", CTX_ANY, "pagedown", "", "go down a page") \
	X(FIRST, "first", CTX_ANY, "home g", "", "go to the first line") \
	X(LAST, "last", CTX_ANY, "end G", "", "go to the last line, and stay there as lines come") \
	X(OPEN, "open", CTX_ANY, "enter", "open", "open what is selected: launch, edit, details") \
	X(BACK, "back", CTX_ANY, "esc", "back", "leave this view; end a search or a selection") \
	X(SEARCH, "search", CTX_ANY, "/", "search", "search or filter the list") \
	X(NEXT_MATCH, "next-match", CTX_ANY, "n", "", "go to the next match") \
	X(PREV_MATCH, "previous-match", CTX_ANY, "N", "", "go to the previous match") \
	X(HELP, "help", CTX_ANY, "? f1", "help", "this list of keys") \
	X(PALETTE, "palette", CTX_ANY, ": ctrl-p", "commands", \
		"search all actions by name and run one") \
	X(SAVE_SCREEN, "save-screen", CTX_ANY, "P", "", "save the screen as text and as SVG") \
	X(THEME, "theme", CTX_ANY, "", "", "use the next theme") \
	X(REDRAW, "redraw", CTX_ANY, "ctrl-l", "", "draw the screen anew") \
	X(SUSPEND, "suspend", CTX_ANY, "ctrl-z", "", \
		"stop ltb and return to the shell; fg comes back") \
	X(QUIT, "quit", CTX_ANY, "q", "quit", "leave; asks first while a run is going on") \
	/* start */ \
	X(EDIT, "edit", CTX_START, "e", "edit", "edit the selected preset") \
	X(NEW, "new", CTX_START, "c", "new", "create a preset") \
	X(BACKEND, "backend", CTX_START, "b", "backend", \
		"choose where nodes run, and see what is missing") \
	X(SEED, "seed", CTX_START, "s", "seed", "choose the seed of the next run") \
	X(VALIDATE, "validate", CTX_START | CTX_EDIT, "v", "validate", \
		"check the preset and show its plan") \
	X(DOCTOR, "doctor", CTX_START, "d", "doctor", \
		"what this machine can run, and how to get the rest") \
	X(SWITCH, "switch", CTX_START, "tab", "presets/runs", "go to the other list") \
	/* editor */ \
	X(LAUNCH, "launch", CTX_EDIT, "f5 L", "launch", "run the preset as it stands") \
	X(SAVE, "save", CTX_EDIT, "ctrl-s w", "save", "save as a preset of your own") \
	X(UNDO, "undo", CTX_EDIT, "u ctrl-u", "undo", "take the last change back") \
	X(REDO, "redo", CTX_EDIT, "U ctrl-r", "", "make the change again") \
	X(ITEM_ADD, "add-item", CTX_EDIT, "a +", "add", \
		"add a workload, fault, expectation or override") \
	X(ITEM_REMOVE, "remove-item", CTX_EDIT, "x delete -", "remove", \
		"remove the item, or reset the field") \
	X(ITEM_DUPLICATE, "duplicate-item", CTX_EDIT, "D", "", "add a copy of the item") \
	X(ITEM_UP, "move-item-up", CTX_EDIT, "K shift-up", "", "move the item up") \
	X(ITEM_DOWN, "move-item-down", CTX_EDIT, "J shift-down", "", "move the item down") \
	X(SECTION_NEXT, "next-section", CTX_EDIT, "tab", "section", "go to the next section") \
	X(SECTION_PREV, "previous-section", CTX_EDIT, "shift-tab", "", \
		"go to the previous section") \
	/* panes */ \
	X(PANE_NEXT, "next-pane", CTX_RUN, "tab", "pane", "go to the next pane") \
	X(PANE_PREV, "previous-pane", CTX_RUN, "shift-tab", "", "go to the previous pane") \
	X(PANE_1, "pane-nodes", CTX_RUN, "1", "", "go to the nodes") \
	X(PANE_2, "pane-blocks", CTX_RUN, "2", "", "go to the blocks") \
	X(PANE_3, "pane-workloads", CTX_RUN, "3", "", "go to the workloads") \
	X(PANE_4, "pane-expectations", CTX_RUN, "4", "", "go to the expectations") \
	X(PANE_5, "pane-faults", CTX_RUN, "5", "", "go to the faults") \
	X(PANE_6, "pane-log", CTX_RUN, "6", "", "go to the log") \
	X(PANE_7, "pane-map", CTX_RUN, "7", "", "go to the map of the topology") \
	X(PANE_8, "pane-graphs", CTX_RUN, "8", "", "go to the graphs") \
	X(ZOOM, "zoom", CTX_RUN, "O", "zoom", "give the pane the whole screen, or take it back") \
	X(HIDE, "hide-pane", CTX_RUN, "h", "", "hide the pane; its number brings it back") \
	X(SWAP, "swap-pane", CTX_RUN, "o", "", "swap the pane with the next one") \
	X(LAYOUT, "layout", CTX_RUN, "l", "layout", "use the next layout") \
	X(MARK, "mark", CTX_RUN, "space", "", "mark the node; actions then mean all marked ones") \
	X(MARK_ALL, "mark-all", CTX_RUN, "*", "", "mark all nodes, or none") \
	X(SORT, "sort", CTX_RUN, "y", "", "sort the nodes by the next column") \
	X(FILTER_NODE, "filter-node", CTX_RUN, "f", "", "log: only the selected or marked nodes") \
	X(FILTER_LEVEL, "filter-level", CTX_RUN, "v", "", "log: only from the next level up") \
	X(EXPORT, "export", CTX_RUN | CTX_END, "x", "export", \
		"save this session as a preset with a timeline") \
	/* live */ \
	X(RESTART, "restart", CTX_LIVE, "r", "restart", "restart the selected node") \
	X(KILL, "kill", CTX_LIVE, "k", "kill", "kill the selected node; it stays down") \
	X(PAUSE, "pause", CTX_LIVE, "z", "pause", "pause the selected node, or resume it") \
	X(START_STOP, "start-stop", CTX_LIVE, "s", "", \
		"start the selected node, or stop it gracefully") \
	X(ADD_NODE, "add-node", CTX_LIVE, "+ =", "", "add a node") \
	X(REMOVE_NODE, "remove-node", CTX_LIVE, "-", "", "remove the selected node for good") \
	X(PARTITION, "partition", CTX_LIVE, "p", "partition", \
		"cut the marked nodes off from the others") \
	X(LINK, "link", CTX_LIVE, "d", "delay/loss", \
		"delay, loss or cut on the links of the selected node, or between two marked") \
	X(HEAL, "heal", CTX_LIVE, "H", "heal", "end all faults: links as they were, nodes back") \
	X(RATE, "rate", CTX_LIVE, "R", "rate", "change the rate of a workload") \
	X(HOLD, "hold", CTX_LIVE, "w", "", "hold a workload, or let it go on") \
	X(BURST, "burst", CTX_LIVE, "b", "burst", "send many transactions at once") \
	X(EXTEND, "extend", CTX_LIVE, "t", "", "extend the run") \
	X(END_RUN, "end", CTX_LIVE, "e", "end", "end the load now; then heal, settle and judge") \
	X(JUDGE, "judge", CTX_LIVE, "j", "judge", "end the load and judge at once what was seen") \
	X(NOTE, "note", CTX_LIVE, "m", "", "put a note into the timeline") \
	/* replay */ \
	X(PLAY, "play", CTX_REPLAY, "p", "play/pause", "go on, or stand still") \
	X(SEEK_BACK, "seek-back", CTX_REPLAY, "[ ,", "back", "go back by a twentieth of the run") \
	X(SEEK_FORWARD, "seek-forward", CTX_REPLAY, "] .", "forward", \
		"go on by a twentieth of the run") \
	X(SLOWER, "slower", CTX_REPLAY, "-", "", "half the speed") \
	X(FASTER, "faster", CTX_REPLAY, "+ =", "", "twice the speed") \
	/* end */ \
	X(AGAIN, "again", CTX_END, "a", "again", "run the same once more") \
	X(REPLAY, "replay", CTX_START | CTX_END, "r", "replay", "look at the recorded run") \
	X(SHOW_RUN, "show-run", CTX_END, "l tab", "panes", \
		"look at the panes as they were at the end")

enum action {
	ACTION_NONE,
#define ACTION_ENUM(id, name, contexts, keys, hint, help) ACTION_##id,
	ACTIONS(ACTION_ENUM) ACTION_COUNT
#undef ACTION_ENUM
};

struct action_info {
	const char *name;
	unsigned contexts;
	const char *keys, *hint, *help;
};
const struct action_info *action_info(enum action a); /* never NULL */
enum action action_by_name(const char *name);         /* ACTION_NONE when there is none */
const char *action_context_title(enum action_context c);
/* The contexts that are active together, each with CTX_ANY; 0 ends. */
extern const unsigned action_places[];
/* Is there a place where both mean something? */
bool action_contexts_meet(unsigned a, unsigned b);

#endif
