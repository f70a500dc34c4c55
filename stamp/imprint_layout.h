/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_layout: where the parts of an imprint go, in whole dots.  Part of
 * imprint; nothing else includes it.
 */
#ifndef STAMP_IMPRINT_LAYOUT_H
#define STAMP_IMPRINT_LAYOUT_H

#include "stamp/imprint.h"

struct imprint_box {
	int x, y, w, h;
};

struct imprint_plan {
	int width, height;
	int module_x, module_y;	   /* dots */
	struct imprint_box symbol; /* its modules, without quiet zone */
	struct imprint_box words;  /* last baseline is its lower edge */
	struct imprint_box amount; /* baseline is its lower edge */
	int split; /* between symbol and words beside it; 0: over each other */
	bool amount_right;	/* amount ends at the right of its box */
	struct imprint_box fim; /* first bar; w = 0: none */
};

/* Dots of `mil` thousandths of an inch, to the nearest. */
int imprint_dots(int mil, int dpi);

/* Left edge of bar `module` (0 to 16) of the facing mark, from the first. */
int imprint_fim_offset(int module, int dpi);

/* Errors: those of imprint_size(). */
MUST_CHECK bool imprint_plan(
    const struct imprint_spec *spec, struct imprint_plan *out, struct err *e);

#endif
