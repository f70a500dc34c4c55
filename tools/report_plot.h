/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_plot: a picture of a report: a bar for each day, stacked by key.
 *
 * plot_add() takes rows in the order of their days; the keys that come to most
 * get a colour of their own, the rest is one more.
 */
#ifndef TOOLS_REPORT_PLOT_H
#define TOOLS_REPORT_PLOT_H

#include "base/err.h"
#include "base/mils.h"

struct plot;

/* `first` and `last`: days (YYYYMMDD) of the axis. */
MUST_CHECK bool
plot_new(uint32_t first, uint32_t last, struct plot **out, struct err *e);

/* Errors: ERR_SYSTEM (memory).  A day outside the axis is left out. */
MUST_CHECK bool plot_add(
    struct plot *p, uint32_t day, const char *key, mils sum, struct err *e);

/* *png is the caller's to free. */
MUST_CHECK bool plot_draw(const struct plot *p, const char *title,
    uint8_t **png, size_t *len, struct err *e);
void plot_free(struct plot *p);

#endif
