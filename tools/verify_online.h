/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_online: the verifier asks a provider, as the post does: for what a
 * stamp is checked with, and whether it was used.
 *
 * Certificates are kept in a folder, so that each PSD's is fetched once; the
 * provider's own and the list of revoked ones are fetched again after an hour.
 * Nothing from there or from the folder is believed that does not lead to an
 * authority which the certificate store knows already.
 */
#ifndef TOOLS_VERIFY_ONLINE_H
#define TOOLS_VERIFY_ONLINE_H

#include "stamp/cert.h"
#include "stamp/indicium.h"
#include "vault/remote_post.h"

struct online;

struct online_setup {
	const char *uri;   /* https://HOST/?authority=FILE&token=FILE */
	const char *cache; /* folder; NULL: postage of the user's own cache */
	const char *place; /* valid stamps are cancelled there; NULL: not */
	struct cert_store *certificates; /* gets what was fetched */
	uint32_t today;			 /* YYYYMMDD */
};

/* Asks nothing yet.  The strings and the store must live as long.
 * Errors: ERR_CONFIG (URI, a file), ERR_REQUEST (too long a place). */
MUST_CHECK bool online_open(
    const struct online_setup *setup, struct online **out, struct err *e);
void online_close(struct online *o); /* NULL is allowed */

/* Puts what this stamp is checked with into the store, where the provider has
 * it.  Errors: ERR_DENIED (the provider is not trusted here), as
 * remote_post_certificate(). */
MUST_CHECK bool
online_fetch(struct online *o, const struct indicium *in, struct err *e);

/* What the provider says of a stamp that is good by itself; it is cancelled where
 * the setup has a place.  Errors: as remote_post_ask(). */
MUST_CHECK bool online_ask(struct online *o, const uint8_t *bytes, size_t len,
    struct remote_check *out, struct err *e);

#endif
