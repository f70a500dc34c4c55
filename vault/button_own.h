/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_own: what the files of the button vault share.  For vault/button_*.c
 * alone, and its tests.
 *
 * Each operation is a visit: button_enter(), calls of the PSD on v.psd,
 * button_save() where its state changed or button_settle() where it is only
 * told, button_leave(); only then a signature goes out.
 */
#ifndef VAULT_BUTTON_OWN_H
#define VAULT_BUTTON_OWN_H

#include "vault/button_home.h"
#include "vault/button_memory.h"
#include "vault/button_uri.h"

struct button_home {
	char bus[BUTTON_BUS];
	char wanted[BUTTON_ROM]; /* or "" */
	int wait_ms;
	/* Of the PSD that was opened; "" before. */
	char rom[BUTTON_ROM], id[PSD_ID];
	uint32_t cert_serial;
	const struct button_kind *kind;
	struct button_link *link; /* NULL: not connected */
	struct button_memory *memory;
	struct sig_key *key; /* NULL until it is needed or unlocked */
};

/* One operation: the button is locked from button_enter() to
 * button_leave(). */
struct button_visit {
	int lock;
	struct button_store store;
	struct psd psd;
};

/* The URI after "button:".  Errors: ERR_CONFIG. */
MUST_CHECK bool
button_parse(const char *rest, struct button_home *h, struct err *e);

/* Finds, locks and reads it; waits a moment for one that is away.
 * Errors: ERR_ABSENT (not there, or another), ERR_BUSY, ERR_CORRUPT, ERR_CONFIG
 * (more than one), ERR_SYSTEM. */
MUST_CHECK bool
button_enter(struct button_home *h, struct button_visit *v, struct err *e);
/* Unlocks and erases *v. */
void button_leave(struct button_visit *v);

/* Writes v->psd; then it is on the button.  Errors: ERR_ABSENT, ERR_BUSY,
 * ERR_SYSTEM: outcome unknown, leave and enter again. */
MUST_CHECK bool
button_save(struct button_home *h, struct button_visit *v, struct err *e);

/* Makes sure that what was found stays.  Errors: as button_save(). */
MUST_CHECK bool
button_settle(struct button_home *h, struct button_visit *v, struct err *e);

/* The key, where no PIN keeps it; a locked one is the PSD's to refuse.
 * Errors: ERR_CORRUPT. */
MUST_CHECK bool button_take_key(struct button_home *h,
    const struct button_visit *v, struct psd_crypto *crypto, struct err *e);

/* A read or write failed in the button: says how.  Returns false. */
bool button_failed(struct button_home *h, struct err *e);

/* The link is given up, and what was read over it. */
void button_break(struct button_home *h);

void button_free(struct button_home *h);

/* --- for those who look at a bus ---------------------------------------------- */

MUST_CHECK bool button_connect(struct button_home *h, struct err *e);

/* This button is the one that is looked at from now on. */
MUST_CHECK bool
button_take(struct button_home *h, const char *rom, struct err *e);

/* Its lock, a file in the daemon's runtime folder, or in /tmp where there is no
 * such folder: of those that run as one user.  Errors: ERR_BUSY, ERR_SYSTEM. */
MUST_CHECK bool
button_lock(const char *rom, int wait_ms, int *lock, struct err *e);

/* Reads it until it can be believed; *v gets what it holds.
 * Errors: as button_store_find(), button_link_read(). */
MUST_CHECK bool
button_read(struct button_home *h, struct button_visit *v, struct err *e);

/* --- the key and its PIN (button_pin.c) ------------------------------------------ */

/* See vault_unlock() and vault_change_pin(). */
MUST_CHECK bool button_unlock(void *home, const char *pin, struct err *e);
MUST_CHECK bool button_change_pin(
    void *home, const char *old_pin, const char *new_pin, struct err *e);

/* `key` under a PIN, or (NULL or "") under none; v->psd gets the verifier.
 * Errors: ERR_REQUEST (too short or long), ERR_DENIED, ERR_SYSTEM. */
MUST_CHECK bool
button_set_pin(struct button_visit *v, const struct sig_key *key,
    const char *pin, struct button_key *out, struct err *e);

/* The private key; `keys` NULL: where it is bare.
 * Errors: ERR_DENIED (does not open), ERR_CORRUPT (not the certificate's). */
MUST_CHECK bool button_open_key(const struct button_visit *v,
    const struct wrap_keys *keys, struct sig_key **out, struct err *e);

/* --- places (button_place.c) ------------------------------------------------------- */

/* See vault_create() and vault_list(). */
MUST_CHECK bool button_create(const char *rest, int wait_ms,
    const struct vault_setup *setup, struct err *e);
MUST_CHECK bool
button_list(int wait_ms, vault_place_fn *each, void *context, struct err *e);
/* The same, of another bus. */
MUST_CHECK bool button_list_bus(const char *bus, int wait_ms,
    vault_place_fn *each, void *context, struct err *e);

#endif
