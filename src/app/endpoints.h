/*
 * TESTNET_PRINT_ENDPOINTS: once the cluster is ready, where its services and
 * nodes answer, in the lines that tools around the cluster look for. Main thread.
 */
#ifndef APP_ENDPOINTS_H
#define APP_ENDPOINTS_H

#include <stdbool.h>
#include <stdio.h>

#include "core/model.h"
#include "core/scenario.h"

/* Does somebody want them, and are there any? A cluster that is only computed has none. */
int endpoints_wanted(const struct scenario *s, bool *ret, struct err *err);
bool endpoints_known(const struct model *m); /* the cluster is ready */
void endpoints_print(const struct scenario *s, const struct model *m, FILE *out);

#endif
