/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post: the post's side: is this stamp good, and was it used?
 *
 * A stamp of a PSD in this database must say what was issued, byte for byte: a
 * key that leaked makes good signatures, and no stamp.  The signature may be
 * another good one; what says the same is the same stamp, and is used once.
 *
 * What a PSD in the field issued is in no database.  Its stamps are held against each
 * other and against what it was given (doubt.h): a PSD that was copied spends no more
 * than one.
 */
#ifndef PROVIDER_POST_H
#define PROVIDER_POST_H

#include "provider/doubt.h"
#include "provider/store_psd.h"
#include "provider/worker.h"
#include "stamp/indicium.h"

#define POST_WHY 200

enum post_verdict {
	POST_VALID,
	POST_DUPLICATE, /* it was seen, or another one with its registers */
	POST_EXPIRED,
	POST_REVOKED,
	POST_BAD_SIGNATURE,
	POST_UNKNOWN_ISSUER,
	POST_UNREADABLE,
	POST_NOT_ISSUED, /* good signature, and the books say no */
	POST_REFUNDED,	 /* its value was given back, or asked for */
	POST_VERDICTS
};
const char *post_verdict_name(enum post_verdict v); /* "BAD-SIGNATURE" */

struct post_check {
	enum post_verdict verdict;
	char why[POST_WHY]; /* "" where there is nothing to add */
	bool decoded;	    /* the rest is known */
	struct indicium in;
	char state[16]; /* of its PSD, "" = there is none */
	bool field; /* its PSD is in the field: what it issued is not known */
	uint32_t piece; /* 0 = not known */
	bool ended;	/* `end` has what became of it first */
	struct stamp_end end;
	struct doubt doubt; /* of a PSD in the field */
};

/* Who cancels, and where. */
struct post_mark {
	int64_t person;
	const char *place;
	const char *scan; /* the same again is the same look; "" = none */
};

/* A verdict on the bytes; a bad stamp is no error.  Outside of a transaction.
 * Errors: the store's. */
MUST_CHECK bool post_verify(struct worker *w, const uint8_t *bytes, size_t len,
    struct post_check *out, struct err *e);

/* The same, and a valid one is used from now on; one in doubt is kept, and its PSD
 * withheld. */
MUST_CHECK bool post_cancel(struct worker *w, const struct post_mark *mark,
    const uint8_t *bytes, size_t len, struct post_check *out, struct err *e);

/* What names a stamp: SHA-256 of what was signed.  Errors: ERR_REQUEST. */
MUST_CHECK bool
post_digest(const struct indicium *in, uint8_t out[END_DIGEST], struct err *e);

/* A stamp as its end is kept: name, registers, value; the rest of *out stays.  It is
 * taken for one of a PSD in the field.  Errors: likewise. */
MUST_CHECK bool
post_end(const struct indicium *in, struct stamp_end *out, struct err *e);

#endif
