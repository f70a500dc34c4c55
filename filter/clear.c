/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/clear.h"

#include <math.h>
#include <string.h>

struct canvas_rect
clear_dots(int width, int height, const struct geometry *g, struct rect ink)
{
	struct rect r = geometry_to_raster(g, ink);
	int x0 = (int)floor(fmax(r.x, 0)), y0 = (int)floor(fmax(r.y, 0));
	int x1 = (int)ceil(fmin(r.x + r.w, width));
	int y1 = (int)ceil(fmin(r.y + r.h, height));

	return (struct canvas_rect){x0, y0, x1 - x0, y1 - y0};
}

#define VOTES 16

/* The commonest colour on the line just outside the rectangle. */
static struct canvas_color
around(const struct canvas *page, const struct canvas_rect *r)
{
	struct {
		struct canvas_color color;
		int count;
	} votes[VOTES];
	int used = 0, best = 0, x = r->x - 1, y = r->y - 1;
	int steps = 2 * (r->width + r->height) + 4;

	for (int i = 0; i < steps; i++) {
		struct canvas_rect dot = {x, y, 1, 1};
		struct canvas_color here;
		int k = 0;

		if (i < r->width + 1)
			x++;
		else if (i < r->width + r->height + 2)
			y++;
		else if (i < 2 * r->width + r->height + 3)
			x--;
		else
			y--;
		if (!canvas_inside(page, &dot))
			continue;
		here = canvas_sample(page, dot.x, dot.y);
		while (k < used &&
		       memcmp(&votes[k].color, &here, sizeof(here)) != 0)
			k++;
		if (k == VOTES)
			continue;
		if (k == used) {
			votes[used].color = here;
			votes[used++].count = 0;
		}
		if (++votes[k].count > votes[best].count)
			best = k;
	}
	return used > 0 ? votes[best].color : canvas_white(page);
}

bool
clear_rect(struct canvas *page, const struct canvas_rect *r, struct err *e)
{
	struct canvas_color color;

	if (r->width <= 0 || r->height <= 0)
		return true;
	color = around(page, r);
	return canvas_fill(page, r, &color, e);
}

bool
clear_mark(struct canvas *page, const struct geometry *g,
    const struct placeholder *mark, struct err *e)
{
	for (int i = 0; i < mark->ink_count; i++) {
		struct canvas_rect r =
		    clear_dots(page->width, page->height, g, mark->ink[i]);

		if (!clear_rect(page, &r, e))
			return false;
	}
	return true;
}
