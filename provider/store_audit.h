/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_audit: the rules that the books must keep, one query each, and what an
 * audit reads one by one.
 */
#ifndef PROVIDER_STORE_AUDIT_H
#define PROVIDER_STORE_AUDIT_H

#include "provider/store_ledger.h"
#include "provider/store_stamp.h"

/* Calls `each` for every row that breaks a rule: the rule in words, and what of
 * it is wrong.  In a transaction that reads. */
typedef void audit_fault_fn(void *context, const char *rule, const char *what);
MUST_CHECK bool store_audit_rules(
    struct store *s, audit_fault_fn *each, void *context, struct err *e);
/* How many rules there are. */
size_t store_audit_count(void);

/* PSDs here that come behind `after`, by serial, with their certificates. */
struct audit_psd {
	uint32_t serial;
	int64_t pieces;
	mils ascending;
	uint8_t chain[CHAIN_BYTES];
	uint8_t point[PSD_POINT];
};
MUST_CHECK bool store_audit_psd(struct store *s, uint32_t after,
    struct audit_psd *out, bool *found, struct err *e);

/* --- checkpoints ------------------------------------------------------------------- */

struct checkpoint {
	int64_t id, made;
	char *body; /* heap */
	uint8_t signature[SIG_BYTES];
};
MUST_CHECK bool store_checkpoint_add(
    struct store *s, const struct checkpoint *c, struct err *e);
/* The one behind `after`; the caller frees out->body. */
MUST_CHECK bool store_checkpoint_next(struct store *s, int64_t after,
    struct checkpoint *out, bool *found, struct err *e);

/* --- the ledger for people ------------------------------------------------------------ */

/* Each account of the ledger, and what was given to it and taken from it. */
typedef void ledger_account_fn(
    void *context, const char *account, mils given, mils taken, int64_t count);
MUST_CHECK bool store_ledger_accounts(
    struct store *s, ledger_account_fn *each, void *context, struct err *e);

/* The last `max` transfers, the oldest first, of an account ("" = all). */
typedef void ledger_transfer_fn(void *context, const struct transfer *t);
MUST_CHECK bool store_ledger_transfers(struct store *s, const char *account,
    size_t max, ledger_transfer_fn *each, void *context, struct err *e);

#endif
