/* Roles: what a cell's text is for. Themes say how each looks; code never names a colour. */
#ifndef UI_ROLE_H
#define UI_ROLE_H

#define ROLES(X) \
	X(NORMAL, "normal") \
	X(DIM, "dim")       /* labels, units, what is as usual */ \
	X(STRONG, "strong") /* what to look at first */ \
	X(TITLE, "title")   /* of a pane */ \
	X(BORDER, "border") \
	X(FOCUS, "focus") /* border and title of the pane that has the keys */ \
	X(GOOD, "good") \
	X(WARN, "warn") \
	X(BAD, "bad") \
	X(ACCENT, "accent") /* the selection, progress */ \
	X(KEY, "key")       /* a key in the hint bar */ \
	X(HEADER, "header") /* of a table's columns; top and bottom bar */ \
	X(INPUT, "input")   /* a field that is being edited */ \
	X(MATCH, "match")   /* found text */ \
	X(FAULT, "fault")   /* something that was done on purpose */ \
	X(SERIES1, "series1") \
	X(SERIES2, "series2") \
	X(SERIES3, "series3")

enum role {
#define ROLE_ENUM(id, name) ROLE_##id,
	ROLES(ROLE_ENUM) ROLE_COUNT
#undef ROLE_ENUM
};

#endif
