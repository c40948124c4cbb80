/* Shared by the YAML reader and writer only. Any thread. */
#ifndef UTIL_YAML_PLAIN_H
#define UTIL_YAML_PLAIN_H

#include <stdbool.h>

/*
 * Whether ynode_write() can write the text without quotes and have it read
 * back as it is. Stricter than YAML: whatever is unusual gets quotes.
 */
bool yaml_plain_ok(const char *text);

#endif
