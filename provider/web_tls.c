/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/web_own.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <string.h>

#include "base/bytes.h"
#include "stamp/sig.h"

static gnutls_datum_t
datum(const char *text)
{
	return (gnutls_datum_t){
	    .data = (unsigned char *)(uintptr_t)text,
	    .size = (unsigned int)strlen(text),
	};
}

/* A handshake would find it out; by the credentials' own check the library
 * loses memory. */
static bool
is_pair(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	unsigned char ours[64], theirs[64];
	size_t our_len = sizeof(ours), their_len = sizeof(theirs);

	return gnutls_x509_crt_get_key_id(
		   crt, GNUTLS_KEYID_USE_SHA256, theirs, &their_len) == 0 &&
	       gnutls_x509_privkey_get_key_id(
		   key, GNUTLS_KEYID_USE_SHA256, ours, &our_len) == 0 &&
	       our_len == their_len && memcmp(ours, theirs, our_len) == 0;
}

static bool
check_pair(const char *certificate, const char *private, struct err *e)
{
	gnutls_datum_t crt_text = datum(certificate), key_text = datum(private);
	gnutls_x509_crt_t crt = NULL;
	gnutls_x509_privkey_t key = NULL;
	bool good = false;
	int code;

	if (gnutls_x509_crt_init(&crt) != 0 ||
	    gnutls_x509_privkey_init(&key) != 0)
		err_set(e, ERR_SYSTEM, "no memory for TLS");
	else if ((code = gnutls_x509_crt_import(
		      crt, &crt_text, GNUTLS_X509_FMT_PEM)) != 0)
		err_set(e, ERR_CONFIG,
		    "the server's certificate is none (PEM): %s",
		    gnutls_strerror(code));
	else if ((code = gnutls_x509_privkey_import2(
		      key, &key_text, GNUTLS_X509_FMT_PEM, NULL, 0)) != 0)
		err_set(e, ERR_CONFIG,
		    "the server's key is no private key (PEM): %s",
		    gnutls_strerror(code));
	else if (!is_pair(crt, key))
		err_set(
		    e, ERR_CONFIG, "the server's key is not its certificate's");
	else
		good = true;
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return good;
}

static bool
check_authority(const char *authority, struct err *e)
{
	gnutls_datum_t text = datum(authority);
	gnutls_x509_crt_t *list = NULL;
	unsigned int count = 0;
	int code = gnutls_x509_crt_list_import2(
	    &list, &count, &text, GNUTLS_X509_FMT_PEM, 0);

	if (code < 0)
		return err_set(e, ERR_CONFIG, "the clients' authority: %s",
		    gnutls_strerror(code));
	for (unsigned int i = 0; i < count; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return true;
}

bool
web_tls_check(const struct web_setup *setup, struct err *e)
{
	return check_pair(setup->certificate, setup->key, e) &&
	       (setup->client_authority == NULL ||
		   check_authority(setup->client_authority, e));
}

void
web_tls_know_peer(struct web_connection *c, struct MHD_Connection *mhd)
{
	gnutls_typed_vdata_st purpose = {
	    .type = GNUTLS_DT_KEY_PURPOSE_OID,
	    .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	const union MHD_ConnectionInfo *info;
	const gnutls_datum_t *chain;
	unsigned int count = 0, status = 0;
	uint8_t hash[SIG_SHA256];

	if (c->peer_known || c->web->setup.client_authority == NULL)
		return;
	c->peer_known = true;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info == NULL || info->tls_session == NULL)
		return;
	chain = gnutls_certificate_get_peers(info->tls_session, &count);
	if (chain == NULL || count == 0 ||
	    gnutls_certificate_verify_peers(
		info->tls_session, &purpose, 1, &status) != 0 ||
	    status != 0)
		return;
	sig_sha256(chain[0].data, chain[0].size, hash);
	bytes_to_hex(hash, sizeof(hash), c->fingerprint);
}
