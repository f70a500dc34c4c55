/* SPDX-License-Identifier: Apache-2.0 */
/* paper: sizes of paper as people and queues name them. */
#ifndef TOOLS_PAPER_H
#define TOOLS_PAPER_H

#include "base/err.h"

/* "Letter", "A4" or "4inx6in".  Errors: ERR_REQUEST. */
MUST_CHECK bool
paper_size(const char *media, double *w_pt, double *h_pt, struct err *e);

/* What a queue's option "media" calls it; NULL if it is no standard size. */
const char *paper_name(double w_pt, double h_pt);

#endif
