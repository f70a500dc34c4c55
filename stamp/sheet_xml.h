/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sheet_xml: gLabels template XML, as stamp/sheet.c needs it.
 *
 * Read as a stream, with neither network nor DTD nor entities, within limits.
 * Lengths are points.
 */
#ifndef STAMP_SHEET_XML_H
#define STAMP_SHEET_XML_H

#include <stddef.h>

#include "base/err.h"
#include "stamp/sheet.h"

#define TEMPLATE_BRAND_MAX   32
#define TEMPLATE_PART_MAX    48
#define TEMPLATE_LAYOUTS_MAX 8
#define TEMPLATES_MAX	     20000 /* of all files together */

struct layout {
	int nx, ny;
	double x0, y0, dx, dy;
};

struct template
{
	char brand[TEMPLATE_BRAND_MAX];
	char part[TEMPLATE_PART_MAX];
	char equiv[TEMPLATE_PART_MAX]; /* same sheet as this part, or "" */
	char description[SHEET_NAME_MAX];
	char paper[SHEET_PAPER_MAX];
	double page_w, page_h;
	enum sheet_shape shape;
	double label_w, label_h, corner, hole, margin, waste_x, waste_y;
	struct layout layouts[TEMPLATE_LAYOUTS_MAX];
	int layout_count;
	char problem[64]; /* why it cannot be used, or "" */
};

struct template_list {
	struct template *items;
	size_t count, room;
};

/* "2.625in", "66.04 mm", "5": number and pt, in, mm, cm or pc; points without.
 * False if it is no length or beyond 100,000 points. */
bool template_length(const char *text, double *pt);

/* Adds all templates of the *.xml files of a folder, files by name.  A folder
 * or file that cannot be read is an error.
 * Errors: ERR_CONFIG naming the file. */
MUST_CHECK bool
template_load(const char *folder, struct template_list *list, struct err *e);

/* Adds the templates of one file in memory.
 * Errors: ERR_CONFIG (no well-formed XML, a DTD or entity, over a limit). */
MUST_CHECK bool template_read(
    const void *xml, size_t len, struct template_list *list, struct err *e);

/* Gives every template with `equiv` the geometry of the part it names. */
void template_resolve(struct template_list *list);

void template_free(struct template_list *list);

/* The sheet that a template describes, without its name (sheet_build.c).
 * Errors: ERR_REQUEST, likewise. */
MUST_CHECK bool
template_build(const struct template *t, struct sheet *out, struct err *e);

#endif
