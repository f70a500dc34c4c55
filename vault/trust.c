/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/trust.h"

#include <string.h>

#include "stamp/cert.h"

/* It does not come by waiting. */
static bool
no_folder(const char *folder, struct err *e)
{
	struct err why = *e;

	return err_set(e, why.kind == ERR_ABSENT ? ERR_CONFIG : why.kind,
	    "%.300s: who certifies the provider has to be in %s, as PEM",
	    why.text, folder);
}

bool
trust_check(struct vault *v, const char *folder, uint32_t date, struct err *e)
{
	struct cert_store *store = NULL;
	struct cert *cert = NULL;
	uint8_t der[CERT_MAX];
	char why[256] = "";
	size_t len = 0;
	bool done;

	if (strncmp(vault_name(v), "file:", 5) == 0)
		return true;
	/* The medium itself has to lead there, or who signs its stamps. */
	done = vault_certificate(v, der, sizeof(der), &len, e) &&
	       cert_parse(der, len, &cert, e) &&
	       cert_store_open(folder, &store, e);
	if (!done && cert != NULL && store == NULL)
		done = no_folder(folder, e);
	if (done && cert_store_check(store, cert, date, why) != CERT_GOOD)
		done = err_set(e, ERR_DENIED,
		    "%s is no device of a provider that is trusted here (%s): "
		    "nothing is spent from it, and it gets no PIN",
		    vault_name(v), why);
	cert_store_free(store);
	cert_free(cert);
	return done && vault_trust(v, folder, date, e);
}
