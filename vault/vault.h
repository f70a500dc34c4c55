/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault: where a PSD is kept and how it is reached, behind one interface.
 *
 * Order of calls: vault_open(), vault_unlock() where the PSD has a PIN, any of
 * the others, vault_close().  A vault is named by a URI whose scheme chooses
 * the driver ("file:/var/lib/postage/vault").  A new home is a new `const
 * struct vault_driver` in the one table of vault.c; callers do not change.
 *
 * Each call goes to the medium.  So each can fail with ERR_ABSENT (it went
 * away, or holds another PSD now), ERR_BUSY (another holder, longer than the
 * wait), ERR_CORRUPT (no valid copy of the state) and ERR_SYSTEM; what is
 * named below comes beside them.
 *
 * A debit names each stamp by a 16-byte key.  The same key with the same
 * request gives the same indicium for as long as the PSD's ring remembers it
 * (the last PSD_RING keys; fewer where a home has less room, but never fewer
 * than one batch); it is never debited twice.  vault_debit() is called by
 * vault/pool.c alone, for dispense/dispense.c; vault_debit_next() by
 * vault/follow.c alone, for a provider whose books have debited before.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"
#include "stamp/cert.h"
#include "vault/guard.h"
#include "vault/psd.h"

#define VAULT_URI_MAX	512
#define VAULT_BATCH_MAX PSD_BATCH_MAX /* stamps of one vault_debit(), at most */

struct vault;

/* Opens the vault at `uri`, waiting at most `wait_ms` for another holder.
 * Nothing is locked between calls.  On success the caller owns *out.
 * Errors: ERR_CONFIG (unknown scheme, bad URI), ERR_ABSENT (medium, card or
 * reader not there), ERR_CORRUPT (no valid copy of the state), ERR_BUSY. */
MUST_CHECK bool
vault_open(const char *uri, int wait_ms, struct vault **out, struct err *e);

/* The same in a program with threads: a home that has processes of its own has
 * them from `nursery` (vault/nursery.h). */
struct nursery;
MUST_CHECK bool vault_open_in(struct nursery *nursery, const char *uri,
    int wait_ms, struct vault **out, struct err *e);

/* What a new PSD is told. */
struct vault_setup {
	struct psd_setup psd;
	const char *pin;   /* NULL or "": none */
	const char *puk;   /* VAULT_PUK digits, only with a PIN; NULL: none */
	const char *guard; /* vault/guard.h; NULL or "": none */
	/* PKCS#11 URI of a token, or of a key in it (vault/hsm.h), where the
	 * home keeps its key in one; NULL: the one token that there is. */
	const char *token;
	/* Certifies the key that its home made, by the public half. */
	bool (*certify)(void *context, const struct sig_key *key,
	    struct cert **out, struct err *e);
	void *context;
};

/* Makes a PSD at `uri`, value 0; its key is made where it will live.
 * Errors: ERR_CONFIG (URI), ERR_REQUEST (setup, PIN; a PSD is there already),
 * ERR_ABSENT, ERR_BUSY, ERR_SYSTEM, as certify(). */
MUST_CHECK bool vault_create(const char *uri, int wait_ms,
    const struct vault_setup *setup, struct err *e);

/* Can a PSD at `uri` have a PUK, a key that unblocks its PIN? */
#define VAULT_PUK 8
bool vault_has_puk(const char *uri);

/* A place where a PSD is or could be: a reader, a button, a token, a folder. */
#define VAULT_PLACE 160
struct vault_place {
	/* For vault_open(), or vault_create() where a blank card is; "" where
	 * neither can be. */
	char uri[VAULT_URI_MAX];
	char place[VAULT_PLACE]; /* "Virtual PCD 00 00" */
	char holds[VAULT_PLACE]; /* "empty", "a blank postage card", ... */
	bool known;		 /* a PSD answered: `status` is its */
	struct psd_status status;
};
typedef void vault_place_fn(void *context, const struct vault_place *place);

/* Calls `each` for every place that the drivers can find by themselves, without
 * a PIN; one that cannot look (no pcscd, no owserver) is told as a place that
 * `holds` the reason. */
void vault_list(int wait_ms, vault_place_fn *each, void *context);

/* Forgets PIN and keys.  NULL is allowed. */
void vault_close(struct vault *v);

/* Presents the user PIN for the rest of this opening; a vault without one takes
 * any.  Errors: ERR_DENIED ("PIN wrong, N tries left" or "PIN blocked"). */
MUST_CHECK bool vault_unlock(struct vault *v, const char *pin, struct err *e);

/* Is the PIN of vault_unlock() still the PIN?  A home that presents it again for
 * each piece of work may find that another host has changed it: the work fails
 * with ERR_DENIED, a try is gone, and this is false. */
bool vault_pin_holds(const struct vault *v);

/* Where the PIN is typed at the device's own keys: *able, and from now on each
 * call that needs the PIN waits for it there, at most a minute and a half.  For
 * a program that a person looks at.  Not *able: the PIN has to be given. */
MUST_CHECK bool vault_unlock_there(struct vault *v, bool *able, struct err *e);

/* Puts the key under another PIN; `new_pin` NULL or "": under none, and who can
 * read the medium can spend.  `old_pin` is looked at where there is one.
 * Errors: ERR_DENIED (as vault_unlock()), ERR_REQUEST (too short or long). */
MUST_CHECK bool vault_change_pin(
    struct vault *v, const char *old_pin, const char *new_pin, struct err *e);

/* Sets a new PIN by the PUK, also where the PIN is blocked.
 * Errors: ERR_DENIED (PUK wrong, or its tries are used up), ERR_REQUEST (the PIN
 * is too short or long), ERR_CONFIG (a home without one). */
MUST_CHECK bool vault_unblock(
    struct vault *v, const char *puk, const char *new_pin, struct err *e);

/* Sets the PUK, once, where vault_create() did not: the vault has a PIN and is
 * unlocked.  Errors: ERR_DENIED (there is one, no PIN), ERR_CONFIG (a home
 * without one). */
MUST_CHECK bool vault_set_puk(struct vault *v, const char *puk, struct err *e);

/* Registers, life cycle, limits, dates: never needs a PIN. */
MUST_CHECK bool
vault_status(struct vault *v, struct psd_status *out, struct err *e);

/* Has `needed` ready where more can be had: at a provider, whose customer has said
 * that a card is charged by itself.  *out as vault_status(); it may still be too
 * little.  In the other homes this is vault_status().
 * Errors: ERR_FUNDS (the card was declined), ERR_DENIED (over a limit). */
MUST_CHECK bool
vault_fund(struct vault *v, mils needed, struct psd_status *out, struct err *e);

/* How many stamps this vault debits in one step: 1 to VAULT_BATCH_MAX, and no
 * more than its ring remembers. */
size_t vault_batch(const struct vault *v);

/* Debits and signs `count` (1 to vault_batch()) stamps as one step: all of
 * them or none; one durable write.  out[i] answers in[i].  Keys that the ring
 * holds are answered from it (out[i].replayed) and not debited again.
 * Errors: ERR_FUNDS (sum of the batch), ERR_REQUEST (amount outside the PSD's
 * limits, a field out of range), ERR_DENIED (PIN, life cycle, expiry, audit
 * overdue), ERR_CORRUPT (key known with another request), ERR_ABSENT/ERR_BUSY/
 * ERR_SYSTEM: the outcome is unknown; ask vault_find() for each key. */
MUST_CHECK bool vault_debit(struct vault *v, const struct psd_request *in,
    size_t count, struct psd_stamp *out, struct err *e);

/* The same for one who counts along: in[i] is the device's piece `pieces` + i + 1,
 * or a replay of it, and nothing is debited that would be another piece.
 * Errors: as vault_debit(); ERR_BUSY (it is at another piece), ERR_CONFIG (this
 * kind of vault cannot). */
MUST_CHECK bool
vault_debit_next(struct vault *v, uint32_t pieces, const struct psd_request *in,
    size_t count, struct psd_stamp *out, struct err *e);

/* Looks a key up in the ring.  *found = false is no error. */
MUST_CHECK bool vault_find(struct vault *v, const uint8_t key[PSD_KEY_BYTES],
    struct psd_stamp *out, bool *found, struct err *e);

/* The last stamps that the vault remembers, the oldest first; `out` holds
 * PSD_RING. */
MUST_CHECK bool vault_recent(
    struct vault *v, struct psd_stamp *out, size_t *count, struct err *e);

/* Value download, step 1: the PSD's signed request for `amount` more.
 * `out` holds PSD_MESSAGE_MAX bytes.  A request repeated before its answer was
 * applied bears the same sequence number, which a provider answers once.
 * Amount 0 asks for a device audit.
 * Errors: as psd_download_request(). */
MUST_CHECK bool vault_download_request(struct vault *v, mils amount,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* Step 2: applies the provider's signed answer; `out` gets the signed receipt.
 * The same answer twice gives the same receipt and changes nothing.
 * Errors: ERR_DENIED (not the provider's signature, not this PSD, not this
 * sequence number), ERR_REQUEST (not a message, over the register's limit). */
MUST_CHECK bool
vault_download_apply(struct vault *v, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* The PSD's signed request for a refund: see psd_refund_request(). */
MUST_CHECK bool
vault_refund_request(struct vault *v, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* --- refunds at a provider ---------------------------------------------------- */

/* Where the registers are at a provider (psd_status.pooled), no PSD here signs:
 * the provider is told which stamps are spoiled, and its people say yes or no. */
#define VAULT_REFUND_MAX 100 /* stamps of one */
#define VAULT_REASON_MAX 128

struct vault_spoiled {
	const uint8_t (*keys)[PSD_KEY_BYTES];
	size_t count;
	mils total; /* of the stamps' amounts */
	char reason[VAULT_REASON_MAX];
};

enum vault_refund_state {
	VAULT_REFUND_ASKED = 1,
	VAULT_REFUND_APPROVED, /* the value is in the account again */
	VAULT_REFUND_REJECTED
};

struct vault_refund {
	uint32_t number; /* the provider's */
	enum vault_refund_state state;
	uint32_t stamps;
	mils total;
	uint32_t approvals, needs; /* persons who said yes; who have to */
};

/* Asks for the value of stamps, all of them or none.  The same asked again is
 * the same refund.  *no: the provider refuses these stamps, and nothing was
 * asked for; after any other error it may have been, or be later.
 * Errors: ERR_REQUEST, ERR_DENIED (it refuses), ERR_CONFIG (a vault whose own
 * PSD signs), ERR_CORRUPT (its answer is to something else). */
MUST_CHECK bool
vault_refund_ask(struct vault *v, const struct vault_spoiled *what,
    struct vault_refund *out, bool *no, struct err *e);

/* What became of it.  Errors: ERR_REQUEST (no such one), likewise. */
MUST_CHECK bool vault_refund_look(
    struct vault *v, uint32_t number, struct vault_refund *out, struct err *e);

/* --- reports -------------------------------------------------------------------- */

/* A signed report of the registers over the caller's nonce.
 * Errors: as psd_audit(). */
MUST_CHECK bool vault_audit(struct vault *v, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* The PSD's X.509 certificate, DER.  Errors: ERR_REQUEST (longer than `size`).
 */
MUST_CHECK bool vault_certificate(
    struct vault *v, uint8_t *out, size_t size, size_t *len, struct err *e);

/* Which authorities are trusted: the certificates of `folder`, on `date`.  A home
 * whose stamps are of several PSDs is told before it gives the first one, and
 * asks whether its provider is one of theirs; for others there is nothing to do.
 * See trust_check().  Errors: ERR_DENIED (it is not), as cert_store_open(). */
MUST_CHECK bool
vault_trust(struct vault *v, const char *folder, uint32_t date, struct err *e);

/* Why the vault is locked, as its last vault_status() said; or "". */
const char *vault_reason(const struct vault *v);

/* What a home of this kind cannot promise, in a sentence for a person; or "". */
const char *vault_caution(const struct vault *v);

/* --- roll-back -------------------------------------------------------------- */

/* What keeps an old copy of the vault from being taken for the newest state. */
struct vault_guard {
	bool by_itself;	     /* a device that nobody can copy */
	char uri[GUARD_URI]; /* "": nothing does */
	char maker[GUARD_MAKER];
	bool software; /* the guard can be copied itself */
	uint64_t count;
	bool pin_required;
};

/* As the vault's medium says; the guard is not asked, vault_status() does. */
MUST_CHECK bool
vault_guard(struct vault *v, struct vault_guard *out, struct err *e);

/* The provider, who alone can say whether the registers are the newest: gets
 * the PSD's audit, gives its consent (message.h) in `out` of PSD_MESSAGE_MAX. */
struct vault_judge {
	bool (*consent)(void *context, const uint8_t *audit, size_t audit_len,
	    uint8_t *out, size_t *len, struct err *e);
	void *context;
};

/* Puts the vault (unlocked) under another guard, or (NULL) none.  Without a
 * judge the guard that it has must say that this is the newest state; with one,
 * where the guard is gone or disagrees, the judge must.
 * Errors: as guard_make(), guard_read(), consent(); ERR_DENIED (PIN; no consent),
 * ERR_CONFIG (this kind of vault has none). */
MUST_CHECK bool vault_set_guard(struct vault *v, const char *uri,
    const struct vault_judge *judge, struct err *e);

/* The URI without credentials and options, for messages. */
const char *vault_name(const struct vault *v);

#endif
