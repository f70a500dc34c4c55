/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the HTTP server, and who shows which certificate. */
#include <gnutls/gnutls.h>
#include <unistd.h>

#include "tests/test.h"
#include "tests/tls_help.h"
#include "tests/web_help.h"

#define WHO  "GET /who HTTP/1.1\r\nHost: x\r\n\r\n"
#define BOTH "+VERS-TLS1.2:+VERS-TLS1.3"

struct world {
	struct tls_pair authority, server, client, expired, other, foreign;
	struct served s;
};

static int
set_up(void **state)
{
	static struct world w;

	tls_make(NULL, TLS_AUTHORITY, &w.authority);
	tls_make(&w.authority, TLS_SERVER, &w.server);
	tls_make(&w.authority, TLS_CLIENT, &w.client);
	tls_make(&w.authority, TLS_EXPIRED, &w.expired);
	tls_make(NULL, TLS_AUTHORITY, &w.other);
	tls_make(&w.other, TLS_CLIENT, &w.foreign);
	*state = &w;
	return 0;
}

static void
start(struct world *w, bool ask)
{
	memset(&w->s, 0, sizeof(w->s));
	w->s.setup.certificate = w->server.certificate;
	w->s.setup.key = w->server.key;
	w->s.setup.client_authority = ask ? w->authority.certificate : NULL;
	w->s.setup.idle_s = 2;
	served_start(&w->s);
}

static void
is_known_as(struct world *w, const struct tls_pair *own, const char *versions,
    const char *fingerprint)
{
	char out[4096], want[128];
	int alert, fd = raw_connect(web_address(w->s.web));
	struct tls_client *c =
	    tls_connect(fd, &w->authority, own, versions, &alert);

	if (c == NULL)
		fail_at("%s: no handshake: %d", versions, alert);
	snprintf(want, sizeof(want), "\r\n\r\n127.0.0.1 %s", fingerprint);
	for (int i = 0; i < 3; i++) {
		ok(tls_ask(c, WHO, out, sizeof(out), want), out);
		is_str(strstr(out, "\r\n\r\n"), want, "who it is");
	}
	tls_close(c);
}

static void
clients_are_known_by_a_certificate_that_verifies(void **state)
{
	static const char *const versions[] = {
	    "+VERS-TLS1.2", "+VERS-TLS1.3", BOTH};
	struct world *w = *state;

	start(w, true);
	for (int i = 0; i < 3; i++) {
		is_known_as(w, NULL, versions[i], "");
		is_known_as(w, &w->client, versions[i], w->client.fingerprint);
		is_known_as(w, &w->foreign, versions[i], "");
		is_known_as(w, &w->expired, versions[i], "");
		/* no client's purpose */
		is_known_as(w, &w->server, versions[i], "");
	}
	served_stop(&w->s);
}

static void
none_is_asked_for_without_an_authority(void **state)
{
	struct world *w = *state;

	start(w, false);
	is_known_as(w, &w->client, BOTH, "");
	served_stop(&w->s);
}

static void
old_versions_and_no_tls_are_refused(void **state)
{
	static const char *const old[] = {"+VERS-TLS1.0", "+VERS-TLS1.1"};
	struct world *w = *state;
	char out[4096];
	int alert, fd;

	start(w, true);
	for (int i = 0; i < 2; i++) {
		fd = raw_connect(web_address(w->s.web));
		ok(tls_connect(fd, &w->authority, NULL, old[i], &alert) == NULL,
		    old[i]);
		/* it says so, or only closes */
		ok(alert == GNUTLS_A_PROTOCOL_VERSION ||
			alert == GNUTLS_E_PREMATURE_TERMINATION,
		    old[i]);
	}
	fd = raw_connect(web_address(w->s.web));
	raw_send(fd, WHO, strlen(WHO));
	ok(raw_read_all(fd, out, sizeof(out), 5000), "closed");
	is_int(raw_status(out), 0, "no answer");
	close(fd);
	is_int(w->s.handled, 0, "handled");
	served_stop(&w->s);
}

static void
a_handshake_that_does_not_come_is_ended(void **state)
{
	struct world *w = *state;
	char out[4096];
	int fd;

	start(w, true);
	fd = raw_connect(web_address(w->s.web));
	raw_send(fd, "\026\003\001", 3);
	ok(raw_read_all(fd, out, sizeof(out), 5000), "closed");
	close(fd);
	served_stop(&w->s);
}

static void
wrong_certificates_fail_the_start(void **state)
{
	struct world *w = *state;
	const char *wrong[][3] = {
	    {"", w->server.key, NULL},
	    {"-----BEGIN CERTIFICATE-----\n", w->server.key, NULL},
	    {w->server.certificate, "", NULL},
	    {w->server.certificate, w->client.key, NULL},
	    {w->server.certificate, w->server.key, "no certificate"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct web_setup setup = {
		    .listen = "127.0.0.1:0",
		    .certificate = wrong[i][0],
		    .key = wrong[i][1],
		    .client_authority = wrong[i][2],
		};
		struct err e = ERR_INIT;
		struct web *web;

		if (web_start(&setup, &web, &e))
			fail_at("case %zu: started", i);
		is_err(&e, ERR_CONFIG, "wrong certificate or key");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(clients_are_known_by_a_certificate_that_verifies),
	    T(none_is_asked_for_without_an_authority),
	    T(old_versions_and_no_tls_are_refused),
	    T(a_handshake_that_does_not_come_is_ended),
	    T(wrong_certificates_fail_the_start),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
