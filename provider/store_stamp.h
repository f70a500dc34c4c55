/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_stamp: the stamps in the database, and their signatures.  _ask and _get
 * as in store_system.h.
 *
 * A stamp is written in the transaction that debits it, with everything that
 * will be signed.  Its signature comes later, once: who comes second reads what
 * the first one wrote.
 */
#ifndef PROVIDER_STORE_STAMP_H
#define PROVIDER_STORE_STAMP_H

#include "base/mils.h"
#include "provider/store.h"
#include "provider/store_psd.h"
#include "vault/psd.h"

#define COST_MAX 32

struct stamp_row {
	uint32_t psd, piece;
	int64_t system;
	uint8_t key[PSD_KEY_BYTES];
	uint8_t request[PSD_HASH];
	mils amount;
	uint32_t mail_date;
	uint8_t indicium[INDICIUM_MAX];
	size_t len;
	uint8_t chain[CHAIN_BYTES];
	uint64_t sheet; /* 0 = none */
	uint16_t label;
	char cost[COST_MAX]; /* "" = none */
	int64_t made;
	bool is_signed; /* the signature is in the indicium */
};

/* The stamp of a system with this key. */
void store_stamp_ask(
    struct store *s, int64_t system, const uint8_t key[PSD_KEY_BYTES]);
MUST_CHECK bool store_stamp_get(
    struct store *s, struct stamp_row *out, bool *found, struct err *e);

/* The stamp of a PSD by its piece count; get as above. */
void store_stamp_piece_ask(struct store *s, uint32_t psd, uint32_t piece);

/* New stamps: each is put, then all are sent.  Conflicts: "stamp_key" (the key is
 * known), "stamp_label" (the label is used). */
void store_stamp_put(struct store *s, const struct stamp_row *row);
void store_stamp_send(struct store *s);

/* Signatures likewise; nothing happens where there is one. */
void store_signature_put(
    struct store *s, const struct stamp_row *row, const uint8_t sig[SIG_BYTES]);
void store_signature_send(struct store *s);

/* The last `max` of a system, the oldest first.  The statement is for a test that
 * looks at its plan. */
extern const char store_stamp_recent_sql[];
MUST_CHECK bool store_stamp_recent(struct store *s, int64_t system,
    struct stamp_row *out, size_t max, size_t *count, struct err *e);

/* Stamps of a PSD that are behind piece `after` and not signed, in order. */
MUST_CHECK bool
store_stamp_pending(struct store *s, uint32_t psd, int64_t after,
    struct stamp_row *out, size_t max, size_t *count, struct err *e);

/* Stamps of a PSD behind a piece, in order. */
MUST_CHECK bool store_stamp_list(struct store *s, uint32_t psd, int64_t after,
    struct stamp_row *out, size_t max, size_t *count, struct err *e);

/* Puts a signature into an indicium that was stored without, and back: its last
 * 64 bytes before nothing else.  Errors: ERR_CORRUPT (no indicium). */
MUST_CHECK bool stamp_row_sign(
    struct stamp_row *row, const uint8_t sig[SIG_BYTES], struct err *e);
/* What is to be signed. */
MUST_CHECK bool stamp_row_message(const struct stamp_row *row,
    uint8_t out[INDICIUM_MAX], size_t *len, struct err *e);

#endif
