/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_refund: a list of spoiled stamps that a PSD in the field signed
 * (vault/refund.h) becomes a refund as those of user systems (give_back.h).
 *
 * Stamps that can be refunded are claimed at once; the list is answered, stamp by
 * stamp, when persons said yes or no.  One answer for each number of the PSD, for
 * ever; the value is on the account's credit, and comes by value download.
 *
 * Its window begins with the mail date, or with the day on which the provider first
 * knew that there was such a stamp: by a word of the PSD, or a stamp that the post
 * took, whose ascending register is as high (store_field_heard()).
 */
#ifndef PROVIDER_FIELD_REFUND_H
#define PROVIDER_FIELD_REFUND_H

#include "provider/field.h"

#define FIELD_REFUND_MAX 100 /* stamps of a list */

/* call->msg is the text of the list.  *answer, the signed text, is on the heap,
 * or NULL as long as nobody said yes or no.
 * Errors: as refund_check(); ERR_REQUEST (too many stamps, another PSD's),
 * ERR_DENIED (not the account's, an old copy, another list had this number). */
MUST_CHECK bool field_refund(struct worker *w, const struct field_call *call,
    char **answer, size_t *len, struct err *e);

#endif
