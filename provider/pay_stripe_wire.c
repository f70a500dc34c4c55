/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/pay_stripe_wire.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define CENTS_MAX     99999999 /* eight digits are Stripe's limit */
#define MILS_PER_CENT 10
#define WORD	      48

static const struct {
	uint16_t number;
	const char *name;
} currencies[] = {{840, "usd"}, {978, "eur"}, {826, "gbp"}, {756, "chf"},
    {124, "cad"}, {36, "aud"}, {752, "sek"}, {208, "dkk"}, {578, "nok"}};

#define CURRENCIES (sizeof(currencies) / sizeof(currencies[0]))

const char *
stripe_currency(uint16_t number)
{
	for (size_t i = 0; i < CURRENCIES; i++)
		if (currencies[i].number == number)
			return currencies[i].name;
	return NULL;
}

/* --- forms -------------------------------------------------------------------------- */

static void
put_currency(struct pay_form *out, const char *name, const struct payment *p)
{
	const char *currency = stripe_currency(p->currency);

	if (currency == NULL)
		out->full = true;
	else
		pay_form_put(out, name, currency);
}

void
stripe_page_form(const struct payment *p, const struct stripe_back *back,
    struct pay_form *out)
{
	*out = (struct pay_form){.len = 0};
	pay_form_put(out, "mode", "payment");
	pay_form_put(out, "line_items[0][quantity]", "1");
	put_currency(out, "line_items[0][price_data][currency]", p);
	pay_form_put_int(out, "line_items[0][price_data][unit_amount]",
	    p->amount / MILS_PER_CENT);
	pay_form_put(
	    out, "line_items[0][price_data][product_data][name]", "Postage");
	pay_form_put(out, "success_url", back->paid);
	pay_form_put(out, "cancel_url", back->cancelled);
	if (p->customer[0] != '\0')
		pay_form_put(out, "customer", p->customer);
	else
		pay_form_put(out, "customer_creation", "always");
	pay_form_put(
	    out, "payment_intent_data[setup_future_usage]", "off_session");
	pay_form_put(out, "payment_intent_data[metadata][payment]", p->key);
	pay_form_put(out, "metadata[payment]", p->key);
}

void
stripe_charge_form(const struct payment *p, struct pay_form *out)
{
	*out = (struct pay_form){.len = 0};
	pay_form_put_int(out, "amount", p->amount / MILS_PER_CENT);
	put_currency(out, "currency", p);
	pay_form_put(out, "customer", p->customer);
	pay_form_put(out, "payment_method", p->method);
	pay_form_put(out, "off_session", "true");
	pay_form_put(out, "confirm", "true");
	pay_form_put(out, "description", "Postage");
	pay_form_put(out, "metadata[payment]", p->key);
}

/* --- parts of documents ---------------------------------------------------------------- */

static void
take_cents(struct json *j, const char *key, mils *out)
{
	int64_t cents = -1;

	json_take_int(j, key, false, 0, CENTS_MAX, &cents);
	if (cents >= 0)
		*out = cents * MILS_PER_CENT;
}

static void
take_currency(struct json *j, uint16_t *out)
{
	char name[8] = "";

	json_take_text(j, "currency", false, name, sizeof(name));
	for (size_t i = 0; i < CURRENCIES; i++)
		if (strcmp(currencies[i].name, name) == 0)
			*out = currencies[i].number;
	if (*name != '\0' && *out == 0)
		*out = UINT16_MAX; /* not ours */
}

/* An object's number, or the object itself. */
static void
take_id(struct json *j, const char *key, char out[PAY_REF])
{
	json_take_text(j, key, false, out, PAY_REF);
	if (*out == '\0' && json_enter(j, key, false)) {
		json_take_text(j, "id", false, out, PAY_REF);
		json_leave(j);
	}
}

/* Its own number; an empty one is none. */
static void
take_own_id(struct json *j, char out[PAY_REF])
{
	json_take_text(j, "id", true, out, PAY_REF);
	if (*out == '\0')
		json_blame(j, "id", "empty");
}

static void
take_metadata(struct json *j, char key[PAY_KEY])
{
	char text[PAY_REF] = "";

	if (!json_enter(j, "metadata", false))
		return;
	json_take_words(j, "payment", text, sizeof(text));
	if (strlen(text) == PAY_KEY - 1)
		memcpy(key, text, PAY_KEY);
	json_leave(j);
}

static void
take_card(struct json *j, struct pay_method *m)
{
	int64_t month = 0, year = 0;

	if (!json_enter(j, "payment_method", false))
		return;
	if (json_enter(j, "card", false)) {
		json_take_words(j, "brand", m->brand, sizeof(m->brand));
		json_take_words(j, "last4", m->last4, sizeof(m->last4));
		json_take_int(j, "exp_month", false, 1, 12, &month);
		json_take_int(j, "exp_year", false, 2000, 9999, &year);
		json_leave(j);
	}
	json_leave(j);
	if (month != 0 && year != 0)
		snprintf(m->expiry, sizeof(m->expiry), "%04d-%02d", (int)year,
		    (int)month);
}

/* --- documents --------------------------------------------------------------------------- */

static void
take_session(struct json *j, struct pay_said *out)
{
	char status[WORD] = "", paid[WORD] = "";

	take_own_id(j, out->page);
	json_take_text(j, "status", false, status, sizeof(status));
	json_take_text(j, "payment_status", false, paid, sizeof(paid));
	json_take_text(j, "url", false, out->url, sizeof(out->url));
	take_id(j, "payment_intent", out->processor_id);
	take_cents(j, "amount_total", &out->amount);
	take_currency(j, &out->currency);
	take_metadata(j, out->key);
	out->word = PAY_SAYS_PENDING;
	if (strcmp(paid, "paid") == 0 && out->processor_id[0] != '\0')
		out->word = PAY_SAYS_PAID;
	else if (strcmp(status, "expired") == 0) {
		out->word = PAY_SAYS_FAILED;
		snprintf(out->reason, sizeof(out->reason),
		    "nobody paid at its page in time");
	}
}

static void
take_decline(struct json *j, const char *key, struct pay_said *out)
{
	if (!json_enter(j, key, false))
		return;
	json_take_words(j, "message", out->reason, sizeof(out->reason));
	json_leave(j);
}

/* The statuses of a PaymentIntent after which nothing comes by itself; nobody is
 * there to act. */
static enum pay_word
word_of_status(const char *status)
{
	static const char *const ends[] = {"canceled",
	    "requires_payment_method", "requires_action",
	    "requires_confirmation"};

	if (strcmp(status, "succeeded") == 0)
		return PAY_SAYS_PAID;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(status, ends[i]) == 0)
			return PAY_SAYS_FAILED;
	return PAY_SAYS_PENDING;
}

static void
take_intent(struct json *j, struct pay_said *out)
{
	char status[WORD] = "";

	take_own_id(j, out->processor_id);
	json_take_text(j, "status", true, status, sizeof(status));
	take_cents(j, "amount", &out->amount);
	take_cents(j, "amount_received", &out->amount);
	take_currency(j, &out->currency);
	take_id(j, "customer", out->method.customer);
	take_id(j, "payment_method", out->method.method);
	take_card(j, &out->method);
	take_metadata(j, out->key);
	out->word = word_of_status(status);
	if (out->word != PAY_SAYS_FAILED)
		return;
	take_decline(j, "last_payment_error", out);
	if (out->reason[0] == '\0')
		snprintf(out->reason, sizeof(out->reason),
		    "the payment ended as \"%s\"", status);
}

static void
take_charge(struct json *j, struct pay_said *out)
{
	char id[PAY_REF] = "";

	take_own_id(j, id);
	take_id(j, "payment_intent", out->processor_id);
	take_cents(j, "amount_refunded", &out->amount);
	take_currency(j, &out->currency);
	take_metadata(j, out->key);
	out->word = PAY_SAYS_REFUNDED;
	snprintf(out->reason, sizeof(out->reason), "refunded");
	snprintf(out->ref, sizeof(out->ref), "stripe:%.80s:%lld", id,
	    (long long)out->amount);
}

/* *status: of the dispute. */
static void
take_dispute(
    struct json *j, enum pay_word word, char status[WORD], struct pay_said *out)
{
	char id[PAY_REF] = "", why[WORD] = "";

	take_own_id(j, id);
	take_id(j, "payment_intent", out->processor_id);
	take_cents(j, "amount", &out->amount);
	take_currency(j, &out->currency);
	json_take_words(j, "reason", why, sizeof(why));
	json_take_text(j, "status", false, status, WORD);
	out->word = word;
	snprintf(out->reason, sizeof(out->reason), "disputed: %s", why);
	snprintf(out->ref, sizeof(out->ref), "stripe:%.80s", id);
}

/* --- answers -------------------------------------------------------------------------------- */

typedef void take_fn(struct json *j, struct pay_said *out);

static bool
read_answer(const char *text, size_t len, take_fn *take, struct pay_said *out,
    struct err *e)
{
	struct json *j;

	*out = (struct pay_said){.word = PAY_SAYS_NOTHING};
	if (!json_open_loosely(text, len, &j, e))
		return false;
	take(j, out);
	if (json_close(j, e))
		return true;
	*out = (struct pay_said){.word = PAY_SAYS_NOTHING};
	return false;
}

bool
stripe_read_session(
    const char *text, size_t len, struct pay_said *out, struct err *e)
{
	return read_answer(text, len, take_session, out, e);
}

bool
stripe_read_intent(
    const char *text, size_t len, struct pay_said *out, struct err *e)
{
	return read_answer(text, len, take_intent, out, e);
}

/* --- errors ----------------------------------------------------------------------------------- */

struct refusal {
	char type[WORD], message[PAY_REASON], intent[PAY_REF];
};

static void
read_refusal(const char *text, size_t len, struct refusal *out)
{
	struct err e = ERR_INIT;
	struct json *j;

	*out = (struct refusal){.type = ""};
	if (!json_open_loosely(text, len, &j, &e))
		return;
	if (json_enter(j, "error", false)) {
		json_take_words(j, "type", out->type, sizeof(out->type));
		json_take_words(
		    j, "message", out->message, sizeof(out->message));
		take_id(j, "payment_intent", out->intent);
		json_leave(j);
	}
	json_free(j);
}

bool
stripe_read_error(int status, const char *text, size_t len,
    struct pay_said *out, struct err *e)
{
	struct refusal r;
	bool again = status == 408 || status == 409 || status == 425 ||
		     status == 429 || status < 400 || status >= 500;

	*out = (struct pay_said){.word = PAY_SAYS_NOTHING};
	read_refusal(text, len, &r);
	if (strcmp(r.type, "idempotency_error") == 0)
		return err_set(e, ERR_CORRUPT,
		    "the processor knows this payment otherwise: %s",
		    r.message);
	if (again)
		return err_set(e, ERR_ABSENT,
		    "the processor answers with status %d: %s", status,
		    r.message);
	out->word = PAY_SAYS_FAILED;
	snprintf(out->processor_id, sizeof(out->processor_id), "%s", r.intent);
	if (r.message[0] != '\0')
		snprintf(out->reason, sizeof(out->reason), "%s", r.message);
	else
		snprintf(out->reason, sizeof(out->reason),
		    "the processor refuses it with status %d", status);
	return true;
}

/* --- events ------------------------------------------------------------------------------------- */

/* A bank that only asks, as yet ("warning_..."), has taken nothing back. */
static void
take_dispute_begin(struct json *j, struct pay_said *out)
{
	char status[WORD] = "";

	take_dispute(j, PAY_SAYS_DISPUTED, status, out);
	if (strncmp(status, "warning_", 8) == 0)
		out->word = PAY_SAYS_NOTHING;
}

static void
take_dispute_end(struct json *j, struct pay_said *out)
{
	char status[WORD] = "";

	take_dispute(j, PAY_SAYS_WON, status, out);
	if (strcmp(status, "won") != 0)
		out->word = PAY_SAYS_NOTHING;
}

/* The same dispute, under the same name: it counts once whichever comes. */
static void
take_withdrawn(struct json *j, struct pay_said *out)
{
	char status[WORD] = "";

	take_dispute(j, PAY_SAYS_DISPUTED, status, out);
}

static void
take_reinstated(struct json *j, struct pay_said *out)
{
	char status[WORD] = "";

	take_dispute(j, PAY_SAYS_WON, status, out);
}

static void
take_page_failed(struct json *j, struct pay_said *out)
{
	take_session(j, out);
	out->word = PAY_SAYS_FAILED;
	if (out->reason[0] == '\0')
		snprintf(
		    out->reason, sizeof(out->reason), "the bank did not pay");
}

static const struct {
	const char *type;
	take_fn *take;
} events[] = {
    {"checkout.session.completed", take_session},
    {"checkout.session.async_payment_succeeded", take_session},
    {"checkout.session.async_payment_failed", take_page_failed},
    {"checkout.session.expired", take_session},
    {"payment_intent.succeeded", take_intent},
    {"payment_intent.payment_failed", take_intent},
    {"payment_intent.canceled", take_intent},
    {"charge.refunded", take_charge},
    {"charge.dispute.created", take_dispute_begin},
    {"charge.dispute.funds_withdrawn", take_withdrawn},
    {"charge.dispute.funds_reinstated", take_reinstated},
    {"charge.dispute.closed", take_dispute_end},
};

static void
take_event(struct json *j, struct pay_said *out)
{
	char type[64] = "", id[PAY_REF] = "";

	take_own_id(j, id);
	json_take_words(j, "type", type, sizeof(type));
	if (!json_enter(j, "data", true))
		return;
	if (json_enter(j, "object", true)) {
		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
			if (strcmp(events[i].type, type) == 0)
				events[i].take(j, out);
		json_leave(j);
	}
	json_leave(j);
	snprintf(out->event, sizeof(out->event), "stripe:%.100s", id);
}

bool
stripe_read_event(
    const char *text, size_t len, struct pay_said *out, struct err *e)
{
	return read_answer(text, len, take_event, out, e);
}
