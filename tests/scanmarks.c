/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scanmarks: what filter/scan.c finds in a PDF, for tests by script.
 *
 *	scanmarks FILE.pdf
 *
 * Writes "page N W H" for each page and, for each placeholder, "mark ROTATION
 * TEXT" with its box and an "ink X Y W H" line per rectangle, in points.
 */
#include <stdio.h>
#include <stdlib.h>

#include "filter/scan.h"

static bool
show_page(struct scan *s, int page, struct placeholder *marks, struct err *e)
{
	double w, h;
	size_t n;

	if (!scan_page_size(s, page, &w, &h, e) ||
	    !scan_page(s, page, marks, SCAN_MARKS_MAX, &n, e))
		return false;
	printf("page %d %g %g\n", page, w, h);
	for (size_t i = 0; i < n; i++) {
		const struct placeholder *m = &marks[i];

		printf("mark %d %s\n", m->rotation, m->text);
		printf("box %.2f %.2f %.2f %.2f\n", m->box.x, m->box.y,
		    m->box.w, m->box.h);
		for (int k = 0; k < m->ink_count; k++)
			printf("ink %.2f %.2f %.2f %.2f\n", m->ink[k].x,
			    m->ink[k].y, m->ink[k].w, m->ink[k].h);
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct placeholder *marks = calloc(SCAN_MARKS_MAX, sizeof(*marks));
	struct scan *s = NULL;
	struct err e = ERR_INIT;
	bool good = marks && argc == 2 && scan_open(argv[1], &s, &e);

	for (int page = 1; good && page <= scan_page_count(s); page++)
		good = show_page(s, page, marks, &e);
	scan_close(s);
	free(marks);
	if (!good)
		fprintf(stderr, "scanmarks: %s: %s\n", err_kind_name(e.kind),
		    e.text);
	return good ? 0 : 1;
}
