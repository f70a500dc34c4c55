/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells_draw: how a sheet of pdftopdf's is drawn: forms, each moved and scaled,
 * and nothing else.  For filter/cells.c.
 */
#ifndef FILTER_CELLS_DRAW_H
#define FILTER_CELLS_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#define DRAWN_NAME_MAX 32

struct drawn_form {
	char name[DRAWN_NAME_MAX]; /* "/X1" */
	double m[6];		   /* its space to the page's, as in PDF */
};

/* The forms that `content` draws, in order.  False where it draws anything
 * else, or more than `max`. */
bool cells_draw(
    const char *content, struct drawn_form *out, size_t max, size_t *count);

#endif
