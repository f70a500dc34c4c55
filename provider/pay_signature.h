/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pay_signature: did the processor send this webhook?
 *
 * Its header, "t=1795780000,v1=<64 hex>,v1=...": HMAC-SHA-256 with the secret of
 * the webhook over the time, a '.' and the body as it came.  Several v1 stand
 * there while a secret is being replaced.  Pure; comparisons take the same time
 * whatever differs.
 */
#ifndef PROVIDER_PAY_SIGNATURE_H
#define PROVIDER_PAY_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PAY_SIGNATURE_AGE_S 300 /* either way: its clock may be ahead */
#define PAY_SIGNATURES_MAX  8

/* What the header says. */
struct pay_signature {
	int64_t time; /* s since 1970 */
	char time_text[24];
	size_t count;
	uint8_t v1[PAY_SIGNATURES_MAX][32];
};

/* Schemes that are not known are passed over.  False: no time, a time twice, no
 * v1 or too many, or not of this form. */
bool pay_signature_parse(const char *header, struct pay_signature *out);

/* `header` NULL: there was none.
 * Errors: ERR_DENIED (not the processor's, or too old), ERR_SYSTEM. */
struct pay_signed {
	const char *header, *body;
	size_t body_len;
};
MUST_CHECK bool pay_signature_check(const struct pay_signed *in,
    const char *secret, int64_t now_s, struct err *e);

#endif
