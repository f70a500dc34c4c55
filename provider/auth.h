/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: who asks?
 *
 * A user system shows a token, "XXUS0000000012.<64 hex>", whose second part's
 * SHA-256 is in the database (the secret is random, 256 bits, so no slow hash is
 * needed), or a client certificate whose fingerprint is.  It may be bound to a
 * network.  A person (provider/store_person.h) shows a token likewise,
 * "XXPN0000000003.<64 hex>".  Comparisons take the same time whatever differs.
 */
#ifndef PROVIDER_AUTH_H
#define PROVIDER_AUTH_H

#include "provider/http.h"
#include "provider/store_person.h"
#include "provider/store_system.h"
#include "provider/worker.h"

#define AUTH_TOKEN 96 /* bytes enough for a token and NUL */

/* A new secret for system `id`: the token for its administrator, shown once, and
 * what the database keeps.  Errors: ERR_SYSTEM. */
MUST_CHECK bool auth_make_token(const struct worker *w, int64_t id,
    char token[AUTH_TOKEN], uint8_t secret[SECRET_BYTES], struct err *e);

/* The same for a person. */
MUST_CHECK bool auth_make_person_token(const struct worker *w, int64_t id,
    char token[AUTH_TOKEN], uint8_t secret[SECRET_BYTES], struct err *e);

/* The user system that sent this request, with its account and counts.
 * *known = false: no usable credential, whatever is wrong with it (401); a
 * suspended one is known.  Errors: the store's. */
MUST_CHECK bool auth_system(struct worker *w, const struct http_request *r,
    struct user_system *out, bool *known, struct err *e);

/* The same for a request whose transaction reads the user system again, locked, and
 * holds it against *out by store_system_agrees(): who showed this token to this
 * worker before is known by what was read then.  auth_forget(): it did not agree. */
MUST_CHECK bool auth_system_seen(struct worker *w, const struct http_request *r,
    struct user_system *out, bool *known, struct err *e);
void auth_forget(struct worker *w, int64_t id);

/* The person that sent it.  *known = false: no usable credential, or the person
 * is suspended.  Errors: the store's. */
MUST_CHECK bool auth_person(struct worker *w, const struct http_request *r,
    struct person *out, bool *known, struct err *e);

/* Is `token` this person's?  Whoever is suspended has none. */
bool auth_is_person(
    const struct worker *w, const struct person *p, const char *token);

/* "192.0.2.0/24", "2001:db8::/32", an address alone; false: no network. */
bool auth_network_valid(const char *network);
/* IPv4 in IPv6 clothes counts as IPv4. */
bool auth_in_network(const char *address, const char *network);

#endif
