/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_post: the post asks a provider whether a stamp is good and was used,
 * and for the certificates and the list of revoked ones to check it with.
 *
 * A question may be put several times: a look that cancels bears a name (`scan`),
 * and the same look again gets the same answer.
 */
#ifndef VAULT_REMOTE_POST_H
#define VAULT_REMOTE_POST_H

#include "stamp/cert.h"
#include "vault/remote_link.h"

#define REMOTE_VERDICT 24
#define REMOTE_WHY     200
#define REMOTE_PLACE   64 /* bytes with the NUL, as of a look */
#define REMOTE_LIST    HTTPS_ANSWER_MAX

struct remote_post {
	struct remote_link link;
};

/* `uri` as a vault's, with the token of a person of the post.
 * Errors: ERR_CONFIG (URI, a file). */
MUST_CHECK bool remote_post_open(
    struct remote_post *out, const char *uri, int wait_ms, struct err *e);
void remote_post_close(struct remote_post *p);

struct remote_look {
	const uint8_t *bytes; /* of the symbol */
	size_t len;
	const char *place; /* where it is cancelled; NULL: it is looked at */
	const char *scan;  /* what names this look; with a place alone */
};

/* What the provider says of it; a bad stamp is no error. */
struct remote_check {
	char verdict[REMOTE_VERDICT]; /* "VALID", "DUPLICATE", ... */
	char why[REMOTE_WHY];	      /* cleaned, as `place`; "" */
	bool seen;		      /* it was cancelled before: */
	int64_t at;		      /* seconds since 1970 */
	char place[REMOTE_PLACE];
};

/* Errors: as remote_ask(); after ERR_ABSENT it may have been cancelled. */
MUST_CHECK bool remote_post_ask(struct remote_post *p,
    const struct remote_look *look, struct remote_check *out, struct err *e);

/* The certificate of a PSD or ("XX") of the provider, DER, unchecked.
 * *found = false: it has none of that name.  Errors: likewise; ERR_REQUEST (no
 * name). */
MUST_CHECK bool remote_post_certificate(struct remote_post *p, const char *id,
    uint8_t out[CERT_MAX], size_t *len, bool *found, struct err *e);

/* The list of revoked certificates, DER, unchecked, on the heap.
 * Errors: likewise. */
MUST_CHECK bool remote_post_list(
    struct remote_post *p, uint8_t **out, size_t *len, struct err *e);

/* Reads an answer about a stamp.  Pure.  Errors: ERR_REQUEST. */
MUST_CHECK bool remote_get_check(
    const char *text, size_t len, struct remote_check *out, struct err *e);

#endif
