/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_refund: what the parts of `postage refund` share: the command line and
 * `request` in verb_refund.c, the other actions in verb_refund_*.c.
 */
#ifndef TOOLS_VERB_REFUND_H
#define TOOLS_VERB_REFUND_H

#include "tools/action.h"
#include "tools/books.h"
#include "tools/out.h"
#include "tools/reach.h"
#include "tools/refund_page.h"

struct arguments {
	const struct options *options;
	struct settings settings;
	struct reach reach;
	struct draw_size paper;
	const char *out, *pdf, *answer, *provider; /* NULL = not said */
};

action_function verb_refund_list;   /* _show.c */
action_function verb_refund_show;   /* _show.c */
action_function verb_refund_settle; /* _settle.c */
action_function verb_refund_check;  /* _settle.c */

/* "2", or "XXPS0000000001/2" where several PSDs have such a one.  The caller
 * frees *out by books_request_free().  Errors: ERR_REQUEST. */
MUST_CHECK bool verb_refund_load(struct journal *j, const char *word,
    struct books_request *out, struct err *e);

/* The text for the provider into file `text`, the paper into `pdf`; NULL = not
 * wanted. */
MUST_CHECK bool
verb_refund_write(const struct arguments *a, const struct books_request *r,
    const char *text, const char *pdf, struct err *e);

/* Fields of a request; the table of its stamps, with the provider's answer
 * where there is one (NULL = none). */
void verb_refund_fields(struct out *o, const struct books_request *r);
void verb_refund_stamps(struct out *o, const struct refund_list *list,
    const struct refund_answer *answer);

#endif
