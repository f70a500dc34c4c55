/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_uri: where a provider is, and which files open the way, as text.  Pure.
 *
 *	//HOST[:PORT][,HOST[:PORT]...][/]?OPTION=FILE[&OPTION=FILE...]
 *
 *	authority	the certificates (PEM) of who certifies the provider's
 *			servers; needed
 *	token		a file, or credential:NAME, whose first line is the token
 *	certificate	a certificate (PEM) of our own, and
 *	key		its key; instead of a token, or with it
 *
 * Several hosts are fronts of one provider, asked in this order.  An IPv6
 * address stands in brackets.
 */
#ifndef VAULT_REMOTE_URI_H
#define VAULT_REMOTE_URI_H

#include <stddef.h>

#include "base/err.h"

#define REMOTE_FRONTS 8
#define REMOTE_FRONT  200 /* "https://provider.example:8443" */
#define REMOTE_FILE   256

struct remote_uri {
	char front[REMOTE_FRONTS][REMOTE_FRONT];
	size_t fronts;
	char authority[REMOTE_FILE], token[REMOTE_FILE];
	char certificate[REMOTE_FILE], key[REMOTE_FILE]; /* "": none */
};

/* `rest` is what stands behind "https:".  Errors: ERR_CONFIG. */
MUST_CHECK bool
remote_uri_parse(const char *rest, struct remote_uri *out, struct err *e);

#endif
