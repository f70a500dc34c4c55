/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/paper.h"

#include <cups/cups.h>
#include <cups/pwg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stamp/sheet.h"

bool
paper_size(const char *media, double *w_pt, double *h_pt, struct err *e)
{
	char text[128];
	struct sheet *s;
	bool done;

	if (sheet_paper(media, w_pt, h_pt))
		return true;
	s = malloc(sizeof(*s));
	if (s == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	snprintf(
	    text, sizeof(text), "page=%.80s;cols=1;rows=1;w=1pt;h=1pt", media);
	done = sheet_parse(text, s, e) || err_prefix(e, "--media %s", media);
	if (done) {
		*w_pt = s->page_w_pt;
		*h_pt = s->page_h_pt;
	}
	free(s);
	return done;
}

const char *
paper_name(double w_pt, double h_pt)
{
	const double unit = 2540 / 72.0; /* 1/100 mm */
	pwg_media_t *media =
	    pwgMediaForSize((int)(w_pt * unit + 0.5), (int)(h_pt * unit + 0.5));

	return media != NULL ? media->pwg : NULL;
}
