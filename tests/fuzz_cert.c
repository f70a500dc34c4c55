/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, revocation lists and keys, DER or PEM: what is a certificate
 * is one again when written, and nothing is good without an authority. */
#include <stdlib.h>
#include <string.h>

#include "stamp/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_again(const struct cert *c)
{
	uint8_t der[1 << 16];
	struct cert *again = NULL;
	struct err e = ERR_INIT;
	size_t len;

	if (!cert_der(c, der, sizeof(der), &len, &e))
		return; /* longer than any of ours */
	if (!cert_parse(der, len, &again, &e) ||
	    cert_rank(again) != cert_rank(c) ||
	    cert_serial(again) != cert_serial(c) ||
	    strcmp(cert_id(again), cert_id(c)) != 0 ||
	    strcmp(cert_name(again), cert_name(c)) != 0)
		abort();
	cert_free(again);
}

static void
check_trust(const uint8_t *data, size_t size, const struct cert *c)
{
	struct cert_store *store;
	struct err e = ERR_INIT;
	char why[256];

	if (!cert_store_new(&store, &e))
		abort();
	/* Without an authority there is nobody to trust. */
	if (c != NULL && cert_rank(c) != CERT_AUTHORITY &&
	    cert_store_check(store, c, 20261121, why) != CERT_UNKNOWN)
		abort();
	if (cert_store_add(store, data, size, &e)) {
		(void)cert_store_find(store, 3, "XXPS0001234567");
		if (c != NULL)
			(void)cert_store_check(store, c, 20261121, why);
	} else if (e.kind != ERR_CONFIG || e.text[0] == '\0') {
		abort();
	}
	cert_store_free(store);
}

static void
try_keys(const uint8_t *data, size_t size)
{
	struct sig_key *key = NULL;
	struct err e = ERR_INIT;
	uint8_t sig[SIG_BYTES] = {1};

	if (sig_load_private(data, size, &key, &e)) {
		if (!sig_sign(key, "x", 1, sig, &e) ||
		    !sig_verify(key, "x", 1, sig))
			abort();
		sig_free(key);
	}
	if (sig_load_public(data, size, &key, &e)) {
		if (sig_verify(key, "x", 1, sig))
			abort();
		sig_free(key);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cert *c = NULL;
	struct err e = ERR_INIT;

	if (!cert_parse(data, size, &c, &e))
		c = NULL;
	else
		check_again(c);
	check_trust(data, size, c);
	cert_free(c);
	try_keys(data, size);
	return 0;
}
