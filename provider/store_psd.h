/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_psd: PSDs in the database: who they are, their registers, and the value
 * that they were given.  _ask and _get as in store_system.h.
 */
#ifndef PROVIDER_STORE_PSD_H
#define PROVIDER_STORE_PSD_H

#include "base/mils.h"
#include "provider/signer.h"
#include "provider/store.h"
#include "stamp/cert.h"
#include "vault/psd.h"

/* A PSD's row in psd_state: its core and the newest indicium. */
#define PSD_ROW_BYTES (PSD_CORE_BYTES + PSD_ENTRY_BYTES)
#define CHAIN_BYTES   32

/* What of a PSD does not change. */
struct psd_here {
	uint32_t serial;
	int64_t account;
	char module[SIGNER_NAME_MAX];
	bool card; /* its module follows */
	struct signer_key key;
	uint8_t certificate[CERT_MAX];
	size_t certificate_len;
	uint32_t cert_serial;
	uint32_t expires; /* YYYYMMDD; 0: in the field */
};

/* What does; as a home of vault/psd.h that remembers one piece. */
struct psd_row {
	struct psd psd;
	uint8_t chain[CHAIN_BYTES];
	int64_t complete; /* all pieces up to it are signed */
	bool operational; /* neither withheld nor withdrawn */
	bool ended;	  /* what was left went back (psd_end.h) */
	bool ending;	  /* it does when its card has told */
};

/* --- who ----------------------------------------------------------------------- */

/* The PSDs of an account that are in this database and in operation, expired or
 * not, those that expire last first; at most `max`. */
MUST_CHECK bool store_psd_list(struct store *s, int64_t account,
    struct psd_here *out, size_t max, size_t *count, struct err *e);

/* Any PSD, by serial; its account 0 where it has none. */
struct psd_record {
	struct psd_here here;
	bool field;	 /* a card or disk of a user */
	char state[16];	 /* "operational", "withheld", "withdrawn", "revoked" */
	mils spent_said; /* field: the highest that it said to have spent */
	int64_t audited;
};
MUST_CHECK bool store_psd_find(struct store *s, uint32_t serial,
    struct psd_record *out, bool *found, struct err *e);

/* PSDs here that have expired with something left in them, and those that expire
 * before `before`, by serial; not those at their end (psd_end.h). */
struct psd_expiring {
	uint32_t serial, expires;
	const char *account;
	mils left;
};
typedef void psd_expiring_fn(void *context, const struct psd_expiring *p);
MUST_CHECK bool store_psd_expiring(struct store *s, uint32_t today,
    uint32_t before, psd_expiring_fn *each, void *context, struct err *e);

/* A PSD in this module that has not come to its end (psd_end.h). */
MUST_CHECK bool store_psd_of_module(struct store *s, const char *module,
    uint32_t *serial, bool *found, struct err *e);

/* The next free serial number.  In a transaction that writes. */
MUST_CHECK bool
store_psd_next(struct store *s, uint32_t *serial, struct err *e);

/* A new one, with its first row where it is here (row not NULL). */
MUST_CHECK bool store_psd_add(struct store *s, const struct psd_record *psd,
    const struct psd_row *row, int64_t made, struct err *e);

/* --- registers ------------------------------------------------------------------- */

void store_psd_row_ask(struct store *s, uint32_t serial, enum store_lock lock);
/* Errors: ERR_CORRUPT (the state does not agree with itself or its row). */
MUST_CHECK bool store_psd_row_get(
    struct store *s, struct psd_row *out, bool *found, struct err *e);
/* It is used no more: what is left in it counts no more, with the word of its card
 * if there is one (len > 0), or waits for that. */
MUST_CHECK bool store_psd_end(struct store *s, uint32_t serial,
    const uint8_t *receipt, size_t len, struct err *e);
MUST_CHECK bool
store_psd_end_waits(struct store *s, uint32_t serial, struct err *e);
/* The word of the card of one that has ended; *len = 0: there is none. */
MUST_CHECK bool store_psd_receipt(struct store *s, uint32_t serial,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);
/* Those that wait for their card behind `after`, of an account (0: any); with
 * their serial, account, and module alone. */
MUST_CHECK bool
store_psd_ending(struct store *s, uint32_t after, int64_t account,
    struct psd_here *out, size_t max, size_t *count, struct err *e);
/* Writes them back: each, nothing else between, then they are sent; the commit, or
 * store_flush(), receives them. */
void store_psd_row_put(struct store *s, const struct psd_row *row);
void store_psd_row_send(struct store *s);

/* PSDs here behind `after` that may have stamps without a signature, of modules
 * that are named in `modules`, a space before and behind each; by serial.  Not
 * those whose card is lost. */
struct psd_unsigned {
	uint32_t serial;
	char module[SIGNER_NAME_MAX];
	int64_t complete, pieces;
};
MUST_CHECK bool
store_psd_unsigned(struct store *s, uint32_t after, const char *modules,
    struct psd_unsigned *out, size_t max, size_t *count, struct err *e);
/* All up to `piece` are signed. */
MUST_CHECK bool
store_psd_complete(struct store *s, uint32_t psd, int64_t piece, struct err *e);

/* --- value ------------------------------------------------------------------------ */

struct download {
	uint32_t psd, sequence;
	int64_t account;
	int64_t system; /* that takes it into the field; 0 = none */
	mils amount;
	uint8_t orders;
	uint8_t answer[PSD_MESSAGE_MAX];
	size_t answer_len;
	bool applied;
	int64_t made;
};

/* The answer of this number. */
MUST_CHECK bool store_download_find(struct store *s, uint32_t psd,
    uint32_t sequence, struct download *out, bool *found, struct err *e);
/* Sends a new one; a second of its number is a conflict. */
void store_download_put(struct store *s, const struct download *d);
/* Sends that the PSD has it. */
void store_download_applied(struct store *s, uint32_t psd, uint32_t sequence);
/* Those that the PSD has not are for nobody any more; *sum of them. */
MUST_CHECK bool
store_download_end(struct store *s, uint32_t psd, mils *sum, struct err *e);
/* Those for PSDs here in operation that were made before `before` and are not
 * applied: psd and sequence, the oldest first, at most `max`. */
MUST_CHECK bool store_download_waits(struct store *s, int64_t before,
    struct download *out, size_t max, size_t *count, struct err *e);

#endif
