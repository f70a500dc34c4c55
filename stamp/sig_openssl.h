/* SPDX-License-Identifier: Apache-2.0 */
/* sig_openssl: what stamp/sig.c and stamp/cert.c share of OpenSSL. */
#ifndef STAMP_SIG_OPENSSL_H
#define STAMP_SIG_OPENSSL_H

#include <openssl/evp.h>

#include "stamp/sig.h"

struct sig_key {
	EVP_PKEY *pkey;
	bool private;
};

/* Takes over `pkey`, also on failure.  Errors: ERR_CONFIG (not P-256). */
MUST_CHECK bool
sig_adopt(EVP_PKEY *pkey, bool private, struct sig_key **out, struct err *e);

/* Sets the error with OpenSSL's own reason behind; empties its queue. */
bool sig_failed(struct err *e, enum err_kind kind, const char *what);

#endif
