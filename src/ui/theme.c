/* Theme files; see theme.h. */
#include "ui/theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/embedded.h"
#include "core/option.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/nearest.h"
#include "util/yaml.h"

#define THEME_FILE_MAX (64u << 10)

static const char *const role_names[] = {
#define ROLE_NAME(id, name) name,
	ROLES(ROLE_NAME)
#undef ROLE_NAME
		NULL,
};

const char *role_name(enum role role)
{
	return (unsigned)role < ROLE_COUNT ? role_names[role] : "";
}

/* --- colours --- */

static const char *const color_names[] = { "black", "red", "green", "yellow", "blue", "magenta",
	"cyan", "white", "bright-black", "bright-red", "bright-green", "bright-yellow",
	"bright-blue", "bright-magenta", "bright-cyan", "bright-white", "default", NULL };

/* The levels of the 6x6x6 cube of the colours 16 to 231. */
static const int cube_levels[] = { 0, 95, 135, 175, 215, 255 };

static int nearest_level(int value)
{
	int best = 0;
	for (int i = 1; i < 6; i++) {
		if (abs(cube_levels[i] - value) < abs(cube_levels[best] - value))
			best = i;
	}
	return best;
}

static int distance(int r, int g, int b, const int rgb[3])
{
	int dr = r - rgb[0], dg = g - rgb[1], db = b - rgb[2];
	return dr * dr + dg * dg + db * db;
}

/* The nearest of the cube and the 24 greys (232 to 255). */
static short color_of_rgb(int r, int g, int b)
{
	int at[3] = { nearest_level(r), nearest_level(g), nearest_level(b) };
	int cube[3] = { cube_levels[at[0]], cube_levels[at[1]], cube_levels[at[2]] };
	int step = MAX(0, MIN(((r + g + b) / 3 - 8 + 5) / 10, 23));
	int grey[3] = { 8 + step * 10, 8 + step * 10, 8 + step * 10 };
	if (distance(r, g, b, grey) < distance(r, g, b, cube))
		return (short)(232 + step);
	return (short)(16 + 36 * at[0] + 6 * at[1] + at[2]);
}

void color_to_rgb(int color, unsigned char ret[3])
{
	/* the usual ones; terminals have their own idea of the first 16 */
	static const unsigned char base[16][3] = { { 0, 0, 0 }, { 205, 49, 49 }, { 13, 188, 121 },
		{ 229, 229, 16 }, { 36, 114, 200 }, { 188, 63, 188 }, { 17, 168, 205 },
		{ 229, 229, 229 }, { 102, 102, 102 }, { 241, 76, 76 }, { 35, 209, 139 },
		{ 245, 245, 67 }, { 59, 142, 234 }, { 214, 112, 214 }, { 41, 184, 219 },
		{ 255, 255, 255 } };
	if (color < 16) {
		memcpy(ret, base[MAX(color, 0)], 3);
		return;
	}
	color = MIN(color, 255);
	for (int i = 0; i < 3; i++) {
		static const int divisors[] = { 36, 6, 1 };
		int level = color < 232 ? cube_levels[(color - 16) / divisors[i] % 6]
					: 8 + (color - 232) * 10;
		ret[i] = (unsigned char)level;
	}
}

/* The nearest of the first n (8 or 16) of a colour of the 256. */
static short nearest_color(short color, int n)
{
	unsigned char want[3], rgb[3];
	int best = 0, best_distance = 0;
	color_to_rgb(color, want);
	for (int i = 0; i < n; i++) {
		color_to_rgb(i, rgb);
		int d = distance(want[0], want[1], want[2], (int[3]){ rgb[0], rgb[1], rgb[2] });
		if (i == 0 || d < best_distance) {
			best = i;
			best_distance = d;
		}
	}
	return (short)best;
}

/* Text in eight colours: the bright half is bold, but for the grey, which would be black there. */
static void to_eight(struct style *s)
{
	if (s->fg == 8) {
		s->fg = COLOR_DEFAULT;
		s->dim = true;
	} else if (s->fg > 8) {
		s->fg = (short)(s->fg - 8);
		s->bold = true;
	}
	if (s->bg >= 8)
		s->bg = (short)(s->bg == 8 ? 0 : s->bg - 8);
}

struct style theme_style(const struct theme *t, enum role role, int colors)
{
	struct style s = t->styles[(unsigned)role < ROLE_COUNT ? role : ROLE_NORMAL];
	if (colors >= 256)
		return s;
	if (colors < 8) {
		/* a background of its own is to be seen */
		if (s.bg != t->styles[ROLE_NORMAL].bg)
			s.reverse = true;
		s.fg = s.bg = COLOR_DEFAULT;
		return s;
	}
	if (s.fg >= 16)
		s.fg = nearest_color(s.fg, 16);
	if (s.bg >= 16)
		s.bg = nearest_color(s.bg, 16);
	if (colors < 16)
		to_eight(&s);
	return s;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_rgb(const char *s, short *ret)
{
	int v[6];
	if (*s++ != '#' || strlen(s) != 6)
		return false;
	for (int i = 0; i < 6; i++) {
		if ((v[i] = hex_digit(s[i])) < 0)
			return false;
	}
	*ret = color_of_rgb(v[0] * 16 + v[1], v[2] * 16 + v[3], v[4] * 16 + v[5]);
	return true;
}

static bool parse_number(const char *s, short *ret)
{
	size_t n = strlen(s);
	if (n < 1 || n > 3 || strspn(s, "0123456789") != n)
		return false;
	long value = strtol(s, NULL, 10);
	if (value > 255)
		return false;
	*ret = (short)value;
	return true;
}

static int parse_color(const struct ynode *n, const char *where, short *ret, struct err *err)
{
	char buf[OPTION_QUOTE];
	if (n->kind != YNODE_SCALAR || !*n->scalar)
		return option_err(n, where, err, "expected a colour, not %s",
			option_value_text(n, buf, sizeof(buf)));
	for (short i = 0; color_names[i]; i++) {
		if (strcmp(color_names[i], n->scalar) == 0) {
			*ret = i < 16 ? i : COLOR_DEFAULT;
			return 0;
		}
	}
	if (parse_number(n->scalar, ret) || parse_rgb(n->scalar, ret))
		return 0;
	return option_unknown(n, where, "colour", color_names,
		"colours are red, bright-red, default, ..., 0 to 255, \"#rrggbb\"", err);
}

/* --- files --- */

static int parse_flag(const struct ynode *n, const char *where, bool *ret, struct err *err)
{
	char buf[OPTION_QUOTE];
	bool yes = n->kind == YNODE_SCALAR && strcmp(n->scalar, "true") == 0;
	if (!yes && (n->kind != YNODE_SCALAR || strcmp(n->scalar, "false") != 0))
		return option_err(n, where, err, "expected true or false, not %s",
			option_value_text(n, buf, sizeof(buf)));
	*ret = yes;
	return 0;
}

static int parse_style(
	struct style *style, const char *role, const struct ynode *map, struct err *err)
{
	static const char *const names[] = { "fg", "bg", "bold", "dim", "underline", "reverse",
		"italic", NULL };
	*style = (struct style){ .fg = COLOR_DEFAULT, .bg = COLOR_DEFAULT };
	bool *flags[] = { NULL, NULL, &style->bold, &style->dim, &style->underline, &style->reverse,
		&style->italic };
	if (map->kind != YNODE_MAP)
		return option_err(map, role, err, "expected {fg: COLOUR, bold: true, ...}");
	for (size_t i = 0; i < map->len; i++) {
		const char *key = map->keys[i]->scalar;
		char where[80];
		size_t n = 0;
		while (names[n] && strcmp(names[n], key) != 0)
			n++;
		if (!names[n])
			return option_unknown(map->keys[i], role, "property", names,
				"it is one of fg, bg, bold, dim, underline, reverse, italic", err);
		snprintf(where, sizeof(where), "%s.%s", role, names[n]);
		int rc = n < 2 ? parse_color(map->items[i], where, n ? &style->bg : &style->fg, err)
			       : parse_flag(map->items[i], where, flags[n], err);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int parse_root(struct theme *t, const struct ynode *root, struct err *err)
{
	if (!root || ynode_is_null(root))
		return 0;
	if (root->kind != YNODE_MAP)
		return ynode_err(
			root, err, "expected lines of ROLE: {fg: COLOUR, bold: true, ...}");
	CLEANUP_STRBUF struct strbuf hint = { 0 };
	for (size_t i = 0; i < ROLE_COUNT; i++)
		strbuf_addf(&hint, "%s%s", i ? ", " : "it is one of ", role_names[i]);
	for (size_t i = 0; i < root->len; i++) {
		const char *key = root->keys[i]->scalar;
		size_t role = 0;
		while (role < ROLE_COUNT && strcmp(role_names[role], key) != 0)
			role++;
		if (role == ROLE_COUNT)
			return option_unknown(
				root->keys[i], NULL, "role", role_names, strbuf_str(&hint), err);
		if (parse_style(&t->styles[role], role_names[role], root->items[i], err) != 0)
			return -1;
	}
	return 0;
}

static void theme_plain(struct theme *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	for (size_t i = 0; i < ROLE_COUNT; i++)
		t->styles[i].fg = t->styles[i].bg = COLOR_DEFAULT;
}

int theme_parse(struct theme *t, const char *file, const char *text, size_t len, struct err *err)
{
	struct ydoc *doc = yaml_parse(file, text, len, THEME_FILE_MAX, err);
	if (!doc)
		return -1;
	struct theme changed = *t; /* on an error nothing changes */
	int rc = parse_root(&changed, doc->root, err);
	if (rc == 0)
		*t = changed;
	ydoc_free(doc);
	return rc;
}

static int load_shipped(struct theme *t, const char *name, struct err *err)
{
	const char *names[32];
	size_t n = 0;
	for (const struct embedded_file *f = themes_embedded; f->name; f++) {
		if (strcmp(f->name, name) == 0) {
			theme_plain(t, name);
			return theme_parse(t, name, f->text, strlen(f->text), err);
		}
		if (n + 1 < ARRAY_LEN(names))
			names[n++] = f->name;
	}
	names[n] = NULL;
	const char *near = nearest_name(name, names);
	if (near)
		return err_set(
			err, ERR_USAGE, "unknown theme \"%s\"; did you mean \"%s\"?", name, near);
	return err_set(err, ERR_USAGE,
		"unknown theme \"%s\"; there are default, light, mono, high-contrast, or the path "
		"of a .yaml file",
		name);
}

bool theme_is_path(const char *name)
{
	size_t n = strlen(name);
	return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
}

int theme_load(struct theme *t, const char *name_or_path, struct err *err)
{
	struct theme loaded = { 0 };
	CLEANUP_STRBUF struct strbuf text = { 0 };
	bool path = theme_is_path(name_or_path);
	if (load_shipped(&loaded, path ? "default" : name_or_path, err) != 0)
		return -1;
	if (path) {
		const char *slash = strrchr(name_or_path, '/');
		if (fs_read(name_or_path, THEME_FILE_MAX, &text, err) != 0 ||
			theme_parse(&loaded, name_or_path, strbuf_str(&text), text.len, err) != 0)
			return -1;
		snprintf(loaded.name, sizeof(loaded.name), "%s", slash ? slash + 1 : name_or_path);
	}
	*t = loaded;
	return 0;
}

const char *theme_next(const char *name)
{
	for (const struct embedded_file *f = themes_embedded; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return f[1].name ? f[1].name : themes_embedded[0].name;
	}
	return themes_embedded[0].name;
}
