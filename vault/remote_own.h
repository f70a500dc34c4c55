/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_own: what the files of the remote vault share.  For vault/remote.c
 * and vault/remote_*.c alone.
 */
#ifndef VAULT_REMOTE_OWN_H
#define VAULT_REMOTE_OWN_H

#include "stamp/cert.h"
#include "vault/remote_link.h"
#include "vault/remote_wire.h"
#include "vault/vault.h"

#define REMOTE_CERTS 64 /* PSDs whose certificates are remembered */

struct remote_home {
	struct remote_link link;
	struct remote_status seen;
	bool known; /* `seen` was read */
	uint64_t fence;
	uint8_t provider[CERT_MAX]; /* its certificate, DER */
	size_t provider_len;	    /* 0: not asked for yet */
	struct cert_store *store;   /* NULL: nobody said who is trusted */
	uint32_t date;		    /* on which certificates have to be good */
	struct cert *cert[REMOTE_CERTS];
	size_t certs;
};

/* --- remote.c ------------------------------------------------------------------ */

MUST_CHECK bool
remote_look(struct remote_home *h, struct psd_status *out, struct err *e);

/* What a debit, or a search, is about. */
struct remote_work {
	const struct psd_request *in;
	size_t count;
	struct psd_stamp *out;
	bool found[PSD_BATCH_MAX]; /* by remote_find_all() */
	struct remote_turn turn;
};

/* Asks which of the work's keys the provider has stamps of: checks them, puts
 * them into out[] and moves the fence.  With `keys_only` in[] has no more than
 * keys.  Errors: as remote_ask(), ERR_CORRUPT. */
MUST_CHECK bool remote_find_all(struct remote_home *h, struct remote_work *w,
    bool keys_only, struct err *e);

/* --- remote_debit.c -------------------------------------------------------------- */

bool remote_debit(void *home, const struct psd_request *in, size_t count,
    struct psd_stamp *out, struct err *e);

/* --- remote_refund.c ------------------------------------------------------------- */

bool remote_refund_ask(void *home, const struct vault_spoiled *what,
    struct vault_refund *out, bool *no, struct err *e);
bool remote_refund_look(
    void *home, uint32_t number, struct vault_refund *out, struct err *e);

/* --- remote_certs.c -------------------------------------------------------------- */

bool remote_trust(void *home, const char *folder, uint32_t date, struct err *e);

/* The provider's certificate. */
bool remote_certificate(
    void *home, uint8_t *out, size_t size, size_t *len, struct err *e);

/* Is the stamp one of the provider's PSDs, and (asked != NULL) what was asked
 * for?  Errors: ERR_CORRUPT (says what is otherwise), as remote_ask() (its PSD's
 * certificate). */
MUST_CHECK bool
remote_check(struct remote_home *h, const struct psd_request *asked,
    const struct remote_stamp *got, struct err *e);

#endif
