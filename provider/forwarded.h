/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forwarded: the header by which a front proves to a processing server that a
 * request is one of its, and says who asked:
 *
 *	Postage-Forwarded: v1; 192.0.2.7; -; 1764333333; <id>; <proof>
 *
 * address of who asked ("-": a local socket), fingerprint of his certificate
 * ("-": none), seconds since 1970, the request's id, and the HMAC-SHA-256 by the
 * cluster's key over these, method, target and the SHA-256 of the body.  Pure.
 */
#ifndef PROVIDER_FORWARDED_H
#define PROVIDER_FORWARDED_H

#include <stdint.h>

#include "provider/http.h"

#define FORWARDED_NAME	"Postage-Forwarded"
#define FORWARDED_KEY	32
#define FORWARDED_PROOF 32
#define FORWARDED_MAX	320 /* bytes of the value, with NUL */
#define FORWARDED_S	30  /* so long it is believed */

struct forwarded {
	char address[HTTP_ADDRESS];
	char fingerprint[HTTP_FINGERPRINT];
	char id[HTTP_ID];
	int64_t time; /* seconds since 1970 */
	uint8_t proof[FORWARDED_PROOF];
};

/* False: it is not written so.  Proves nothing. */
bool forwarded_parse(const char *text, struct forwarded *out);

/* The value for request `r`, of whom it takes address, fingerprint and id.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool
forwarded_make(const uint8_t key[FORWARDED_KEY], const struct http_request *r,
    int64_t now, char out[FORWARDED_MAX], struct err *e);

/* Is the value that came with `r` by this key, for this request, and fresh?  The
 * comparison takes the same time whatever differs.
 * Errors: ERR_DENIED (which of it), ERR_SYSTEM. */
MUST_CHECK bool
forwarded_check(const uint8_t key[FORWARDED_KEY], const struct http_request *r,
    int64_t now, struct forwarded *out, struct err *e);

#endif
