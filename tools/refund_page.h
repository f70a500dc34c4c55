/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refund_page: a refund request on paper: what is asked for, places for two
 * signatures and for the destruction of the spoiled paper.
 */
#ifndef TOOLS_REFUND_PAGE_H
#define TOOLS_REFUND_PAGE_H

#include "tools/draw.h"
#include "vault/refund.h"

/* Draws a request that was parsed and whose message is `message`; *pdf is the
 * caller's to free.  Its QR symbol says "postage-refund PSD NUMBER DIGEST". */
MUST_CHECK bool refund_page(const struct refund_list *list,
    const struct refund_request *message, const struct draw_size *paper,
    uint8_t **pdf, size_t *len, struct err *e);

/* "letter" or "a4". */
bool refund_paper(const char *name, struct draw_size *out);

#endif
