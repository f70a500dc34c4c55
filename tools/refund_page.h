/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refund_page: a refund request on paper: what is asked for, places for two
 * signatures and for the destruction of the spoiled paper.
 */
#ifndef TOOLS_REFUND_PAGE_H
#define TOOLS_REFUND_PAGE_H

#include "dispense/seen.h"
#include "tools/draw.h"
#include "vault/refund.h"

/* Draws a request that was parsed and whose message is `message`, or (NULL) that
 * a provider numbered; *pdf is the caller's to free.  Its QR symbol says
 * "postage-refund PSD NUMBER DIGEST". */
struct refund_print {
	const struct refund_list *list;
	const struct refund_request *message;
	uint32_t number;
	struct draw_size size;
};
MUST_CHECK bool refund_page(const struct refund_print *paper, uint8_t **pdf,
    size_t *len, struct err *e);

/* "XXPS0000000001/780", as a person reads it on the stamp. */
const char *refund_stamp_name(
    const struct refund_line *line, const char *psd_id, char out[SEEN_NAME]);

/* "letter" or "a4". */
bool refund_paper(const char *name, struct draw_size *out);

#endif
