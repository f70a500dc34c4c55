/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pay_stripe_wire: what is said to Stripe and what it says, without the network:
 * forms of Checkout Sessions and PaymentIntents, their JSON, its errors and
 * events.  Pure.  Its documents have many keys and get more; those that we do not
 * know are passed over.
 */
#ifndef PROVIDER_PAY_STRIPE_WIRE_H
#define PROVIDER_PAY_STRIPE_WIRE_H

#include "provider/pay_driver.h"
#include "provider/pay_form.h"

/* "usd" of 840; NULL: not one that is taken. */
const char *stripe_currency(uint16_t number);

/* A page in payment mode, whose card may be charged again later, and where it
 * leads. */
struct stripe_back {
	const char *paid, *cancelled;
};
void stripe_page_form(const struct payment *p, const struct stripe_back *back,
    struct pay_form *out);
/* A charge of a saved card, nobody there. */
void stripe_charge_form(const struct payment *p, struct pay_form *out);

/* Read a document of `len` bytes, a NUL behind it; *out is zeroed first.
 * Errors: ERR_REQUEST (not such a document). */
MUST_CHECK bool stripe_read_session(
    const char *text, size_t len, struct pay_said *out, struct err *e);
MUST_CHECK bool stripe_read_intent(
    const char *text, size_t len, struct pay_said *out, struct err *e);
MUST_CHECK bool stripe_read_event(
    const char *text, size_t len, struct pay_said *out, struct err *e);

/* An answer that is no success.  True: it says that the payment failed, *out has
 * why.  False: whether something was done is not known, or the payment cannot be
 * asked for like this; *e says. */
MUST_CHECK bool stripe_read_error(int status, const char *text, size_t len,
    struct pay_said *out, struct err *e);

#endif
