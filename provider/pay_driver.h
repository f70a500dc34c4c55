/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pay_driver: what a way of paying implements; callers include provider/pay.h.
 */
#ifndef PROVIDER_PAY_DRIVER_H
#define PROVIDER_PAY_DRIVER_H

#include "provider/pay_signature.h"
#include "provider/store_pay.h"

#define PAY_URL	 1024
#define PAY_BACK 320

/* What there is to hear of a payment. */
enum pay_word {
	PAY_SAYS_NOTHING, /* nothing that concerns us */
	PAY_SAYS_PENDING,
	PAY_SAYS_PAID,
	PAY_SAYS_FAILED,
	PAY_SAYS_REFUNDED, /* amount: in all, so far */
	PAY_SAYS_DISPUTED, /* amount: of this dispute, which took it back */
	PAY_SAYS_WON	   /* that dispute: it was given again */
};

struct pay_said {
	enum pay_word word;
	/* "" = not said */
	char event[PAY_REF]; /* each is told once or more */
	char key[PAY_KEY], processor_id[PAY_REF], page[PAY_REF];
	char ref[PAY_REF]; /* of a refund, or of a dispute: both its ends */
	char reason[PAY_REASON];
	char url[PAY_URL];	  /* where a person pays */
	mils amount;		  /* of what was paid or went back */
	uint16_t currency;	  /* 0 = not said */
	struct pay_method method; /* method.method "" = not said */
};

struct pay_setup {
	const char *base_url, *key_file, *webhook_secret_file, *authority;
	/* where a person comes back to */
	const char *paid_url, *cancelled_url;
};

struct pay_driver {
	const char *name;   /* "stripe" */
	const char *ledger; /* where its money comes from: "processor" */

	/* *home NULL: not configured. */
	bool (*open)(const struct pay_setup *setup, void **home, struct err *e);
	void (*close)(void *home);

	/* Asks for the money of `p`: at a page, or of its method.  Asked again
	 * with the same row it is the same payment.  Not *sent: nothing left.
	 * Errors: ERR_ABSENT (not known whether it was done). */
	bool (*ask)(void *home, const struct payment *p, struct pay_said *out,
	    bool *sent, struct err *e);

	/* The rest may be NULL: nothing is ever heard by itself. */

	/* What became of it, whose it is and how it was paid, with p->page or
	 * p->processor_id. */
	bool (*look)(void *home, const struct payment *p, struct pay_said *out,
	    struct err *e);
	/* A webhook.  Errors: ERR_DENIED (not the processor's), ERR_REQUEST. */
	bool (*hear)(void *home, const struct pay_signed *in, int64_t now_s,
	    struct pay_said *out, struct err *e);
};

extern const struct pay_driver pay_stripe_driver, pay_invoice_driver;

#endif
