/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls_help.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "stamp/sig.h"
#include "tests/test.h"

#define DAY (24 * 3600)

struct tls_client {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
};

static void
must(int code, const char *what)
{
	if (code < 0)
		fail_at("%s: %s", what, gnutls_strerror(code));
}

static gnutls_datum_t
datum(const char *text)
{
	return (gnutls_datum_t){
	    .data = (unsigned char *)(uintptr_t)text,
	    .size = (unsigned)strlen(text),
	};
}

static void
fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, enum tls_use use)
{
	static const char *const names[] = {
	    "authority", "localhost", "client", "expired"};
	time_t now = time(NULL);
	unsigned char serial[8];
	uint32_t random = (uint32_t)rand();

	memset(serial, 1, sizeof(serial));
	memcpy(serial + 1, &random, sizeof(random));
	must(gnutls_x509_crt_set_version(crt, 3), "version");
	must(gnutls_x509_crt_set_key(crt, key), "key");
	must(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)), "serial");
	must(gnutls_x509_crt_set_activation_time(crt, now - 9 * DAY), "from");
	must(gnutls_x509_crt_set_expiration_time(
		 crt, use == TLS_EXPIRED ? now - DAY : now + DAY),
	    "to");
	must(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
		 names[use], (unsigned)strlen(names[use])),
	    "name");
	must(gnutls_x509_crt_set_ca_status(crt, use == TLS_AUTHORITY), "CA");
	if (use == TLS_AUTHORITY)
		must(gnutls_x509_crt_set_key_usage(
			 crt, GNUTLS_KEY_KEY_CERT_SIGN),
		    "usage");
	else
		must(gnutls_x509_crt_set_key_purpose_oid(crt,
			 use == TLS_SERVER ? GNUTLS_KP_TLS_WWW_SERVER
					   : GNUTLS_KP_TLS_WWW_CLIENT,
			 0),
		    "purpose");
	if (use == TLS_SERVER)
		must(
		    gnutls_x509_crt_set_subject_alt_name(crt,
			GNUTLS_SAN_IPADDRESS, "\177\0\0\1", 4, GNUTLS_FSAN_SET),
		    "address");
}

static void
sign(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
    const struct tls_pair *issuer)
{
	gnutls_x509_crt_t their_crt;
	gnutls_x509_privkey_t their_key;
	gnutls_datum_t d;

	if (issuer == NULL) {
		must(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0),
		    "sign");
		return;
	}
	must(gnutls_x509_crt_init(&their_crt), "init");
	must(gnutls_x509_privkey_init(&their_key), "init");
	d = datum(issuer->certificate);
	must(gnutls_x509_crt_import(their_crt, &d, GNUTLS_X509_FMT_PEM),
	    "issuer");
	d = datum(issuer->key);
	must(gnutls_x509_privkey_import(their_key, &d, GNUTLS_X509_FMT_PEM),
	    "issuer's key");
	must(gnutls_x509_crt_sign2(
		 crt, their_crt, their_key, GNUTLS_DIG_SHA256, 0),
	    "sign");
	gnutls_x509_crt_deinit(their_crt);
	gnutls_x509_privkey_deinit(their_key);
}

void
tls_make(const struct tls_pair *issuer, enum tls_use use, struct tls_pair *out)
{
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	size_t len = sizeof(out->certificate);
	uint8_t der[4096], hash[SIG_SHA256];

	memset(out, 0, sizeof(*out));
	must(gnutls_x509_crt_init(&crt), "init");
	must(gnutls_x509_privkey_init(&key), "init");
	must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
	    "generate");
	fill(crt, key, use);
	sign(crt, key, issuer);
	must(gnutls_x509_crt_export(
		 crt, GNUTLS_X509_FMT_PEM, out->certificate, &len),
	    "export");
	len = sizeof(out->key);
	must(gnutls_x509_privkey_export(
		 key, GNUTLS_X509_FMT_PEM, out->key, &len),
	    "export");
	len = sizeof(der);
	must(gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_DER, der, &len),
	    "export");
	sig_sha256(der, len, hash);
	bytes_to_hex(hash, sizeof(hash), out->fingerprint);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void
set_credentials(struct tls_client *c, const struct tls_pair *authority,
    const struct tls_pair *own)
{
	gnutls_datum_t d = datum(authority->certificate), key;

	must(gnutls_certificate_allocate_credentials(&c->cred), "credentials");
	must(gnutls_certificate_set_x509_trust_mem(
		 c->cred, &d, GNUTLS_X509_FMT_PEM),
	    "trust");
	if (own != NULL) {
		d = datum(own->certificate);
		key = datum(own->key);
		must(gnutls_certificate_set_x509_key_mem(
			 c->cred, &d, &key, GNUTLS_X509_FMT_PEM),
		    "own");
	}
	must(
	    gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->cred),
	    "credentials");
}

struct tls_client *
tls_connect(int fd, const struct tls_pair *authority,
    const struct tls_pair *own, const char *versions, int *alert)
{
	struct tls_client *c = calloc(1, sizeof(*c));
	char priority[128];
	int code;

	snprintf(priority, sizeof(priority), "NORMAL:-VERS-ALL:%s", versions);
	c->fd = fd;
	must(gnutls_init(&c->session,
		 GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_SIGNAL),
	    "init");
	must(
	    gnutls_priority_set_direct(c->session, priority, NULL), "priority");
	set_credentials(c, authority, own);
	gnutls_session_set_verify_cert(c->session, NULL, 0);
	gnutls_transport_set_int(c->session, fd);
	gnutls_handshake_set_timeout(c->session, 5000);
	do {
		code = gnutls_handshake(c->session);
	} while (code < 0 && !gnutls_error_is_fatal(code));
	*alert = 0;
	if (code >= 0)
		return c;
	*alert = code == GNUTLS_E_FATAL_ALERT_RECEIVED
		     ? (int)gnutls_alert_get(c->session)
		     : code;
	tls_close(c);
	return NULL;
}

bool
tls_ask(struct tls_client *c, const char *text, char *out, size_t size,
    const char *until)
{
	size_t pos = 0;
	ssize_t n;

	out[0] = '\0';
	if (gnutls_record_send(c->session, text, strlen(text)) < 0)
		return false;
	gnutls_record_set_timeout(c->session, 5000);
	while (pos + 1 < size && strstr(out, until) == NULL) {
		n = gnutls_record_recv(c->session, out + pos, size - 1 - pos);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return false;
		pos += (size_t)n;
		out[pos] = '\0';
	}
	return true;
}

void
tls_close(struct tls_client *c)
{
	gnutls_bye(c->session, GNUTLS_SHUT_WR);
	gnutls_deinit(c->session);
	gnutls_certificate_free_credentials(c->cred);
	close(c->fd);
	free(c);
}
