/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psd: the postal security device, one pure state machine for every home.
 *
 * No allocation, no operating system, no clock: the caller gives the bytes of
 * the state, the date and the crypto.  Two registers are stored, ascending
 * (ever spent) and control total (ever downloaded); both only grow; descending
 * is their difference.  The PSD composes every byte it signs and never signs a
 * host's hash.  Each message it signs begins with a byte that says what it is
 * (0x91, 0x92 indicium, 0x02 download request, 0x03 receipt, 0x04 audit, 0x05
 * authentication, 0x06 attestation, 0x07 refund request).
 *
 * A home does: psd_decode() of what it stores (psd_check() inside), one call
 * here on a copy, psd_encode(), one durable write, and only then lets a
 * signature out.
 */
#ifndef VAULT_PSD_H
#define VAULT_PSD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"
#include "stamp/indicium.h"

#define PSD_KEY_BYTES	16
#define PSD_HASH	16  /* of a request: SHA-256, first half */
#define PSD_DIGEST	32  /* of a list of stamps: SHA-256 */
#define PSD_RING	64  /* indicia remembered by stamp key */
#define PSD_BATCH_MAX	32  /* stamps of one psd_debit(): half the ring */
#define PSD_MESSAGE_MAX 256 /* any message of vault/message.h */
#define PSD_PIN_TRIES	5
#define PSD_PUK_TRIES	10
#define PSD_VERIFIER	32 /* what a home makes of a PIN */
#define PSD_POINT	65 /* P-256 public key: 0x04, x, y, big endian */
#define PSD_ID		16 /* "XXPS0001234567" and NUL */
#define PSD_NONCE	16

/* Of this software, on each indicium: "CP", version 1. */
#define PSD_SOFTWARE                 \
	{                            \
		'C', 'P', 0, 1, 0, 0 \
	}

/* The stored state: a core, then the ring, entry of piece n (from 1) at index
 * (n - 1) % PSD_RING: a home that writes small cells needs to write one entry
 * and the core for a debit. */
#define PSD_CORE_BYTES	512
#define PSD_ENTRY_BYTES 176
#define PSD_STATE_BYTES (PSD_CORE_BYTES + PSD_RING * PSD_ENTRY_BYTES)

/* ISO 7816-4 life cycle bytes. */
enum psd_life {
	PSD_CREATED = 0x01,	/* no key yet */
	PSD_INITIALISED = 0x03, /* key and identity, no licence */
	PSD_OPERATIONAL = 0x05,
	PSD_LOCKED = 0x04, /* audit overdue, or withheld by the provider */
	PSD_WITHDRAWN = 0x0c
};

/* What the host asks of one debit.  Everything else on the indicium is the
 * PSD's own. */
struct psd_request {
	uint8_t key[PSD_KEY_BYTES];
	mils amount;
	uint32_t mail_date;   /* YYYYMMDD */
	uint32_t mailby;      /* YYYYMMDD, 0 = none */
	uint32_t origin_zip;  /* place of mailing, 0 = none */
	uint64_t destination; /* ZIP+4+2, 0 = none */
	uint32_t sender_zip;  /* extension 6, 0 = none */
	char category[5];     /* rate category, 4 ASCII */
	uint8_t kind; /* extension 7: 0 postage, 1 correction, 2 specimen */
	uint16_t price_list;   /* extension 8, 0 = none */
	bool brief;	       /* no extensions: 114 bytes, for small symbols */
	uint64_t sheet_serial; /* u56; not 0: version 0x92 */
	uint16_t label;	       /* position on the sheet, from 1 */
};

struct psd_stamp {
	uint8_t key[PSD_KEY_BYTES];
	uint8_t indicium[INDICIUM_MAX];
	size_t len;
	bool replayed; /* answered from the ring, nothing debited now */
};

struct psd_status {
	char vendor[3], model[3];
	uint32_t serial, cert_serial, licence;
	uint16_t currency;  /* ISO 4217 number, 0 = the provider's own */
	enum psd_life life; /* PSD_LOCKED also where the audit is overdue */
	mils ascending, descending, control_total;
	uint32_t piece_count;
	mils min_stamp, max_stamp, max_descending;
	uint32_t expires;   /* YYYYMMDD */
	uint32_t audit_due; /* YYYYMMDD */
	uint32_t download_sequence;
	uint32_t refunds;	/* requests signed */
	uint8_t pin_tries_left; /* 0 = blocked */
	uint8_t puk_tries_left; /* 0 = none, or used up */
	bool pin_required;
	bool lab;      /* vendor id "XX": every imprint says SPECIMEN */
	bool no_clock; /* its home takes a mail date for today */
	/* A user system of a provider: each of its stamps is of one of the
	 * provider's PSDs, and says which. */
	bool pooled;
};

/* One remembered debit. */
struct psd_entry {
	uint8_t key[PSD_KEY_BYTES];
	uint8_t hash[PSD_HASH]; /* of the request */
	uint8_t len;		/* 0 = empty */
	uint8_t indicium[INDICIUM_MAX];
};

/* The state.  Read it freely; only this module changes it. */
struct psd {
	enum psd_life life;
	char vendor[3], model[3];
	uint32_t serial, cert_serial, licence;
	uint16_t currency;
	uint8_t software_id[6];
	mils ascending, control_total; /* only grow */
	uint32_t piece_count;	       /* only grows */
	mils min_stamp, max_stamp, max_descending;
	uint32_t expires, audit_due; /* YYYYMMDD; audit_due 0 = never */
	uint32_t download_sequence;  /* answers applied */
	uint8_t provider_key[PSD_POINT];
	bool pin_required;
	uint8_t pin_tries_left;
	uint8_t pin_verifier[PSD_VERIFIER];
	uint8_t last_answer[PSD_HASH]; /* of the answer applied last */
	uint8_t receipt_len;
	uint8_t receipt[PSD_MESSAGE_MAX - 1]; /* given for it */
	uint32_t refunds;	      /* refund requests signed; only grows */
	uint8_t last_claim[PSD_HASH]; /* of what the last one asked for */
	uint8_t puk_verifier[PSD_VERIFIER];
	uint8_t puk_tries_left; /* 0 also where there is none */
	struct psd_entry ring[PSD_RING];
	/* Of the home, not stored: how many pieces it has room for, PSD_RING or
	 * fewer; piece n is ring[(n - 1) % remembers]. */
	uint32_t remembers;
	bool pin_verified; /* of this opening: not stored */
};

/* The crypto that the home lends. */
struct psd_crypto {
	void *context;
	/* ECDSA P-256 with SHA-256, r then s. */
	bool (*sign)(void *context, const uint8_t *msg, size_t len,
	    uint8_t sig[INDICIUM_SIGNATURE], struct err *e);
	bool (*verify)(void *context, const uint8_t key[PSD_POINT],
	    const uint8_t *msg, size_t len,
	    const uint8_t sig[INDICIUM_SIGNATURE]);
	void (*sha256)(
	    void *context, const uint8_t *msg, size_t len, uint8_t hash[32]);
};

/* --- life --------------------------------------------------------------- */

/* What personalisation writes, once. */
struct psd_setup {
	char vendor[3], model[3];
	uint32_t serial, cert_serial, licence;
	uint16_t currency;
	uint8_t software_id[6];
	mils min_stamp, max_stamp, max_descending;
	uint32_t expires, audit_due;
	uint8_t provider_key[PSD_POINT];
	uint32_t answers; /* applied by the device that this is to mirror */
};

/* PSD_CREATED, all zero. */
void psd_init(struct psd *p);

/* A key pair was made for it: PSD_INITIALISED.  Errors: ERR_DENIED (not
 * PSD_CREATED). */
MUST_CHECK bool psd_initialise(struct psd *p, struct err *e);

/* Identity, limits, dates, provider: PSD_OPERATIONAL, registers 0.
 * Errors: ERR_DENIED (not PSD_INITIALISED), ERR_REQUEST (a value makes no
 * sense). */
MUST_CHECK bool
psd_personalise(struct psd *p, const struct psd_setup *setup, struct err *e);

/* Every rule that the state must keep.  Errors: ERR_CORRUPT. */
MUST_CHECK bool psd_check(const struct psd *p, struct err *e);

/* The state as bytes, and back; psd_decode() calls psd_check().
 * Errors: ERR_CORRUPT. */
void psd_encode(const struct psd *p, uint8_t out[PSD_STATE_BYTES]);
MUST_CHECK bool
psd_decode(const uint8_t in[PSD_STATE_BYTES], struct psd *out, struct err *e);

/* The same in parts, for a home that writes small cells.  psd_decode_core()
 * leaves the ring empty and neither calls psd_check(): the home does, when it
 * has put the ring together.  Errors: ERR_CORRUPT. */
void psd_encode_core(const struct psd *p, uint8_t out[PSD_CORE_BYTES]);
void
psd_encode_entry(const struct psd_entry *entry, uint8_t out[PSD_ENTRY_BYTES]);
MUST_CHECK bool psd_decode_core(
    const uint8_t in[PSD_CORE_BYTES], struct psd *out, struct err *e);
MUST_CHECK bool psd_decode_entry(
    const uint8_t in[PSD_ENTRY_BYTES], struct psd_entry *out, struct err *e);

/* `today` decides whether the audit is overdue. */
void psd_status(const struct psd *p, uint32_t today, struct psd_status *out);

mils psd_descending(const struct psd *p);

/* "XXPS0001234567".  Returns out. */
const char *psd_id(const struct psd *p, char out[PSD_ID]);

/* --- debit --------------------------------------------------------------- */

/* Debits and signs `count` (1 to PSD_BATCH_MAX) stamps: all, or none and the
 * state is unchanged.  The home stores the state before `out` leaves it, if
 * *changed; else every stamp was a replay.  `today` is the home's date; a home
 * without a clock gives the latest mail date that it was asked for.
 * Errors: as vault_debit(). */
MUST_CHECK bool psd_debit(struct psd *p, const struct psd_crypto *crypto,
    uint32_t today, const struct psd_request *in, size_t count,
    struct psd_stamp *out, bool *changed, struct err *e);

/* Would it issue this stamp, if it had the value and does not know the key?
 * Errors: ERR_DENIED (life, expiry, audit, PIN), ERR_REQUEST. */
MUST_CHECK bool psd_would_issue(const struct psd *p, uint32_t today,
    const struct psd_request *in, struct err *e);

/* By it a key that is asked for again is known to mean the same stamp. */
void psd_request_hash(const struct psd_crypto *crypto,
    const struct psd_request *request, uint8_t out[PSD_HASH]);

/* Looks a key up in the ring; false if it is not there. */
bool psd_find(const struct psd *p, const uint8_t key[PSD_KEY_BYTES],
    struct psd_stamp *out);

/* The stamps of the ring, the oldest first; `out` holds PSD_RING.  Returns how
 * many there are. */
size_t psd_recent(const struct psd *p, struct psd_stamp *out);

/* Length in bytes of the indicium that this request gets.
 * Errors: ERR_REQUEST (its extension fields do not fit). */
MUST_CHECK bool psd_indicium_len(const struct psd_status *status,
    const struct psd_request *request, size_t *len, struct err *e);

/* --- value download, audit ------------------------------------------------ */

/* The signed request for `amount` more (0: an audit).  A request repeated
 * before its answer was applied bears the same sequence number, and a provider
 * answers one number once: value is neither lost nor given twice.
 * Errors: ERR_REQUEST (descending register would pass its limit), ERR_DENIED
 * (PIN, life cycle). */
MUST_CHECK bool
psd_download_request(const struct psd *p, const struct psd_crypto *crypto,
    mils amount, uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* Applies the provider's answer and makes the receipt; store the state before
 * the receipt leaves, if *changed.  Errors: as vault_download_apply(). */
MUST_CHECK bool psd_download_apply(struct psd *p,
    const struct psd_crypto *crypto, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, bool *changed, struct err *e);

/* A signed report of the registers over the caller's nonce.
 * Errors: ERR_DENIED (no licence yet, or the key is locked by the PIN). */
MUST_CHECK bool psd_audit(const struct psd *p, const struct psd_crypto *crypto,
    const uint8_t nonce[PSD_NONCE], uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    struct err *e);

/* Is this the provider's consent to the audit with this nonce?  Its home may then
 * take this state for the newest.
 * Errors: ERR_REQUEST (no consent), ERR_DENIED (signature, PSD, nonce). */
MUST_CHECK bool psd_check_consent(const struct psd *p,
    const struct psd_crypto *crypto, const uint8_t nonce[PSD_NONCE],
    const uint8_t *msg, size_t len, struct err *e);

/* The PSD's signature over the caller's nonce and its own name: that the same
 * device is there again.  `out`: 0x05, vendor (2), model (2), serial (u32 le),
 * nonce, signature.  Errors: ERR_DENIED (no licence yet). */
MUST_CHECK bool psd_authenticate(const struct psd *p,
    const struct psd_crypto *crypto, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* --- refund ----------------------------------------------------------------- */

/* What a list of spoiled stamps comes to. */
struct psd_claim {
	uint32_t date; /* YYYYMMDD */
	uint32_t count;
	mils total;
	uint8_t digest[PSD_DIGEST]; /* of the list */
};

/* The signed request for a refund, numbered by the PSD; no register moves.  The
 * last claim made again gets its number again.  Store the state before the
 * request leaves, if *changed.
 * Errors: ERR_REQUEST (more than was ever spent, no date), ERR_DENIED (PIN,
 * life cycle). */
MUST_CHECK bool psd_refund_request(struct psd *p,
    const struct psd_crypto *crypto, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, bool *changed, struct err *e);

/* --- PIN ------------------------------------------------------------------ */

/* To check a PIN: psd_pin_spend(), store, psd_pin_compare(), store.  A try is
 * gone from the medium before the comparison can be seen.
 * Errors: ERR_DENIED "PIN blocked". */
MUST_CHECK bool psd_pin_spend(struct psd *p, struct err *e);

/* In constant time; right: all tries are back and p->pin_verified is set.
 * Errors: ERR_DENIED "PIN wrong, N tries left". */
MUST_CHECK bool psd_pin_compare(
    struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e);

/* Sets a new PIN; NULL: none is required from now on.
 * Errors: ERR_DENIED (a PIN is required and was not verified). */
MUST_CHECK bool
psd_pin_set(struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e);

/* The unblocking key (PUK), for homes whose key it need not unwrap: spend,
 * store, compare, store, as a PIN; right: the PIN counts as verified, so that
 * a new one can be set.  It has PSD_PUK_TRIES in all, which a right one brings
 * back.  Errors: ERR_DENIED (wrong, used up, or there is none). */
MUST_CHECK bool psd_puk_spend(struct psd *p, struct err *e);
MUST_CHECK bool psd_puk_compare(
    struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e);

/* Sets the PUK, once.  Errors: ERR_DENIED (there is one). */
MUST_CHECK bool
psd_puk_set(struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e);

#endif
