/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_help: certificates made for a test, and a client that shows one; over
 * GnuTLS.  Each ends the test on failure.
 */
#ifndef TESTS_TLS_HELP_H
#define TESTS_TLS_HELP_H

#include <stdbool.h>
#include <stddef.h>

struct tls_pair {
	char certificate[4096], key[4096]; /* PEM */
	char fingerprint[65];		   /* SHA-256 of the DER, hex */
};

enum tls_use { TLS_AUTHORITY, TLS_SERVER, TLS_CLIENT, TLS_EXPIRED };

/* NULL: signed by itself. */
void
tls_make(const struct tls_pair *issuer, enum tls_use use, struct tls_pair *out);

struct tls_client;

/* Shows `own` (NULL: none) whatever the server asks for, and trusts `authority`.
 * `versions`: "+VERS-TLS1.3".  NULL: no handshake; *alert then says why. */
struct tls_client *tls_connect(int fd, const struct tls_pair *authority,
    const struct tls_pair *own, const char *versions, int *alert);
/* Sends `text`; what comes until there is an empty line and `len` bytes. */
bool tls_ask(struct tls_client *c, const char *text, char *out, size_t size,
    const char *until);
void tls_close(struct tls_client *c);

#endif
