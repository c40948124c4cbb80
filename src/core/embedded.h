/* Files compiled into the program; the arrays are generated at build time, a NULL name ends. */
#ifndef CORE_EMBEDDED_H
#define CORE_EMBEDDED_H

struct embedded_file {
	const char *name; /* base name without its ending */
	const char *text;
};

extern const struct embedded_file presets_embedded[], themes_embedded[];
/* One file: the shell script that makes the container image, assets/image/build. */
extern const struct embedded_file image_build_script[];

#endif
