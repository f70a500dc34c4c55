/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_apdu: what host and card say to each other: the one place for the
 * card's name, its commands, its status words, and the bytes of a request and
 * of the status.  docs/card.md is this file for those who write another card.
 *
 * Short APDUs of ISO 7816-4 only: at most 255 bytes in and 256 out, so that
 * every reader carries them.  Integers are little endian.  Pure.
 */
#ifndef VAULT_CARD_APDU_H
#define VAULT_CARD_APDU_H

#include "vault/psd.h"

#define CARD_AID                                              \
	{                                                     \
		0xf0, 'C', 'U', 'P', 'S', 'P', 'S', 'D', 0x01 \
	}
#define CARD_AID_BYTES 9
#define CARD_VERSION   1 /* of this table */
#define CARD_PIN_MIN   4
#define CARD_PIN_MAX   16
#define CARD_PUK_BYTES 8
#define CARD_DATA_MAX  255 /* of a command */
#define CARD_REPLY_MAX 256 /* of an answer, without the status word */
#define CARD_APDU_MAX  (5 + CARD_DATA_MAX + 1)

enum card_cla { CARD_CLA_ISO = 0x00, CARD_CLA_PSD = 0x80 };

/* Classes: ISO those of ISO 7816-4, else CARD_CLA_PSD. */
enum card_ins {
	CARD_VERIFY = 0x20,	   /* ISO; P2 81; PIN, or nothing: how is it? */
	CARD_CHANGE_PIN = 0x24,	   /* ISO; P2 81; P1 00: old length, old, new */
	CARD_UNBLOCK = 0x2c,	   /* ISO; P2 81; PUK, new PIN */
	CARD_GENERATE_KEY = 0x47,  /* ISO; -> point */
	CARD_CHALLENGE = 0x84,	   /* ISO; -> Le random bytes */
	CARD_AUTHENTICATE = 0x88,  /* ISO; nonce -> psd_authenticate() */
	CARD_SELECT = 0xa4,	   /* ISO; P1 04; AID -> CARD_VERSION, id */
	CARD_GET_RESPONSE = 0xc0,  /* ISO; T=0 */
	CARD_DEBIT = 0x10,	   /* request -> flags, indicium */
	CARD_RECOVER = 0x12,	   /* key -> flags, indicium */
	CARD_RECENT = 0x14,	   /* P1: n-th last -> key, indicium */
	CARD_VALUE_REQUEST = 0x20, /* amount (8) -> message */
	CARD_VALUE_APPLY = 0x22,   /* answer -> receipt */
	CARD_AUDIT = 0x24,	   /* nonce -> message */
	CARD_REFUND = 0x28,	   /* claim -> message */
	CARD_STATUS = 0xca,	   /* P1P2 df10 -> status */
	CARD_CERTIFICATE = 0xcc,   /* P1P2 offset -> bytes; at its end none */
	CARD_PUT_CERT = 0xdc,	   /* P1P2 offset, top bit: the last; bytes */
	CARD_PERSONALISE = 0xda	   /* setup; PIN's length, PIN, PUK or none */
};

/* Status words. */
enum card_word {
	CARD_OK = 0x9000,
	CARD_MORE = 0x6100,	  /* | bytes: GET RESPONSE */
	CARD_PIN_WRONG = 0x63c0,  /* | tries left */
	CARD_NVM_FAILED = 0x6581, /* outcome unknown: RECOVER */
	CARD_LENGTH = 0x6700,
	CARD_NO_CHANNEL = 0x6881,
	CARD_NEEDS_PIN = 0x6982,
	CARD_PIN_BLOCKED = 0x6983,
	CARD_WRONG_STATE = 0x6985, /* life cycle */
	CARD_BAD_DATA = 0x6a80,
	CARD_NO_APPLICATION = 0x6a82,
	CARD_BAD_P1P2 = 0x6a86,
	CARD_NOT_FOUND = 0x6a88, /* key unknown, no such piece */
	CARD_WRONG_LE = 0x6c00,	 /* | bytes there are */
	CARD_NO_INS = 0x6d00,
	CARD_NO_CLA = 0x6e00,
	CARD_DAMAGED = 0x6f01,	  /* no valid state: to the provider */
	CARD_OVER_LIMIT = 0x9101, /* download: more than it may hold */
	CARD_NO_FUNDS = 0x9102,
	CARD_BAD_AMOUNT = 0x9103,   /* stamp outside its limits */
	CARD_BAD_SEQUENCE = 0x9104, /* answer for another number or total */
	CARD_BAD_SIGNATURE = 0x9105,
	CARD_AUDIT_OVERDUE = 0x9106,
	CARD_KEY_CONFLICT = 0x9107, /* the key has another request */
	CARD_EXPIRED = 0x9108
};

/* What a status word means, in words for a person; "status word 6abc" (in `out`)
 * for one that is not of the table. */
#define CARD_WORD_TEXT 64
const char *card_word_text(uint16_t word, char out[CARD_WORD_TEXT]);

#define CARD_REQUEST_BYTES 70
#define CARD_STATUS_BYTES  80
#define CARD_CLAIM_BYTES   48
#define CARD_SETUP_BYTES   117

/* The request of a debit, the status, a claim, a setup; each getter checks the
 * length and that nothing is out of its field's range.  Errors: ERR_REQUEST. */
size_t
card_put_request(const struct psd_request *in, uint8_t out[CARD_REQUEST_BYTES]);
MUST_CHECK bool card_get_request(
    const uint8_t *in, size_t len, struct psd_request *out, struct err *e);

size_t
card_put_status(const struct psd_status *in, uint8_t out[CARD_STATUS_BYTES]);
MUST_CHECK bool card_get_status(
    const uint8_t *in, size_t len, struct psd_status *out, struct err *e);

size_t
card_put_claim(const struct psd_claim *in, uint8_t out[CARD_CLAIM_BYTES]);
MUST_CHECK bool card_get_claim(
    const uint8_t *in, size_t len, struct psd_claim *out, struct err *e);

size_t
card_put_setup(const struct psd_setup *in, uint8_t out[CARD_SETUP_BYTES]);
MUST_CHECK bool card_get_setup(
    const uint8_t *in, size_t len, struct psd_setup *out, struct err *e);

#endif
