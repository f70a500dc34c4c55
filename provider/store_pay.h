/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_pay: payments, how accounts pay, what processors have told.  Each call is
 * part of the caller's transaction.
 */
#ifndef PROVIDER_STORE_PAY_H
#define PROVIDER_STORE_PAY_H

#include "base/mils.h"
#include "provider/store.h"

#define PAY_KEY	   33 /* 32 hexadecimal digits and NUL */
#define PAY_REF	   128
#define PAY_REASON 200
#define STRAY_TEXT 400

enum pay_kind { PAY_CHECKOUT, PAY_AUTO, PAY_INVOICE };

/* Created: written down, the driver has not answered.  Pending: it has, the money
 * is not there.  Refunded: given back; returned: taken back. */
enum pay_state {
	PAY_CREATED,
	PAY_PENDING,
	PAY_PAID,
	PAY_FAILED,
	PAY_REFUNDED,
	PAY_RETURNED
};
const char *pay_kind_name(enum pay_kind kind);
const char *pay_state_name(enum pay_state state);

/* The money of an open one may still come. */
bool pay_is_open(enum pay_state state);

struct payment {
	int64_t id, account;
	char account_name[64];
	char driver[16];
	enum pay_kind kind;
	enum pay_state state;
	mils amount, returned; /* returned: by refunds and disputes */
	mils refunded;	       /* by refunds, as was said in all */
	uint16_t currency;
	char key[PAY_KEY];
	/* the processor's names of what it is taken from; "" = none saved */
	char customer[PAY_REF], method[PAY_REF];
	char processor_id[PAY_REF], page[PAY_REF]; /* "" = not known */
	char reason[PAY_REASON];
	int looks; /* so far; -1: nothing to look for any more */
	int64_t look_at, made, settled; /* ms since 1970 */
};

/* Adds one, with its key; *id.
 * Errors: ERR_BUSY (an automatic one is under way for this account: the
 * transaction is over). */
MUST_CHECK bool
store_payment_add(struct store *s, struct payment *p, struct err *e);
/* Writes back what can change: state, processor_id, page, reason, returned,
 * refunded, looks, look_at, settled. */
MUST_CHECK bool
store_payment_write(struct store *s, const struct payment *p, struct err *e);

/* One by its number, key, processor's number or page, the first of them that is
 * set; nobody else changes it until the transaction ends, where it writes. */
struct payment_named {
	int64_t id;
	const char *key, *processor_id, *page; /* NULL or "": not this */
	bool lock;
};
MUST_CHECK bool
store_payment_find(struct store *s, const struct payment_named *name,
    struct payment *out, bool *found, struct err *e);

/* The automatic one of `account` that is open. */
MUST_CHECK bool store_payment_under_way(struct store *s, int64_t account,
    struct payment *out, bool *found, struct err *e);

/* Up to `max` that are to be looked at by `now`, the longest due first. */
MUST_CHECK bool store_payment_due(struct store *s, int64_t now,
    struct payment *out, size_t max, size_t *count, struct err *e);

/* The last `max`, the newest first; account 0: of all; with `open` those alone
 * whose money may still come. */
struct payment_wanted {
	int64_t account;
	bool open;
};
MUST_CHECK bool
store_payment_list(struct store *s, const struct payment_wanted *wanted,
    struct payment *out, size_t max, size_t *count, struct err *e);

/* --- how accounts pay ------------------------------------------------------------- */

struct pay_method {
	int64_t account;
	char driver[16];
	char customer[PAY_REF], method[PAY_REF]; /* the processor's names */
	char brand[24], last4[8], expiry[12];	 /* for people */
	int64_t made;
};
/* In place of the one there was. */
MUST_CHECK bool
store_method_write(struct store *s, const struct pay_method *m, struct err *e);
MUST_CHECK bool store_method_find(struct store *s, int64_t account,
    struct pay_method *out, bool *found, struct err *e);

/* Declined automatic payments since the last one that was paid, or since the
 * method was saved; when and why the last of them was. */
struct declines {
	int64_t count, last;
	char reason[PAY_REASON];
};
MUST_CHECK bool store_declines(
    struct store *s, int64_t account, struct declines *out, struct err *e);

/* Up to `max` accounts behind `after` whose credit is below their line, that have
 * a method, owe nothing and have nothing under way. */
MUST_CHECK bool store_accounts_low(struct store *s, int64_t after,
    int64_t *account, size_t max, size_t *count, struct err *e);

/* --- what an account owes ------------------------------------------------------------ */

struct pay_account {
	char name[64], state[16], reason[128];
	mils credit, owed, add_below, add_amount;
};
/* Nobody else changes it until the transaction ends, where it writes. */
MUST_CHECK bool store_pay_account(
    struct store *s, int64_t account, struct pay_account *out, struct err *e);
/* Writes state, reason and owed. */
MUST_CHECK bool store_pay_account_write(struct store *s, int64_t account,
    const struct pay_account *a, struct err *e);

/* By an account's name; below -1: nothing is added.  Errors: ERR_REQUEST (no such
 * account). */
struct auto_add {
	mils below, amount;
};
MUST_CHECK bool store_auto_add(struct store *s, const char *account,
    const struct auto_add *add, struct err *e);

/* --- webhooks ---------------------------------------------------------------------- */

/* *fresh = false: this event was told before, and was of a payment here. */
MUST_CHECK bool store_webhook_add(struct store *s, const char *event,
    int64_t made, bool *fresh, struct err *e);
MUST_CHECK bool store_webhook_known(
    struct store *s, const char *event, bool *known, struct err *e);

/* One that is of no payment here, and what it says; the newest `max` of them. */
struct stray {
	char event[PAY_REF];
	int64_t made;
	char text[STRAY_TEXT];
};
MUST_CHECK bool
store_stray_add(struct store *s, const struct stray *stray, struct err *e);
MUST_CHECK bool store_stray_list(struct store *s, struct stray *out, size_t max,
    size_t *count, struct err *e);

#endif
