/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to a processor, what it says, and whether it said it. */
#include "provider/pay_form.h"
#include "provider/pay_signature.h"
#include "provider/pay_stripe_wire.h"
#include "tests/test.h"

#define NOW 1795780000

/* Made by the processor's own library for these bytes, secret and time. */
static const char body[] =
    "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":"
    "\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":\"pi_1\"}}}";
static const char secret[] = "whsec_test";
#define V1 "cf34a69344538e4ea3479451a6cde600c240f157e7263a8b2b8ada3b6c4f508d"
#define OTHER \
	"00"  \
	"34a69344538e4ea3479451a6cde600c240f157e7263a8b2b8ada3b6c4f508d"

/* --- signature --------------------------------------------------------------------- */

static bool
believed(const char *header, const char *text, const char *key, int64_t now)
{
	struct err e = ERR_INIT;
	struct pay_signed in = {header, text, strlen(text)};
	bool good = pay_signature_check(&in, key, now, &e);

	if (!good)
		is_err(&e, ERR_DENIED, "not believed");
	return good;
}

static void
the_processors_own_signature_is_believed(void **state)
{
	static const char *const headers[] = {"t=1795780000,v1=" V1,
	    "v1=" V1 ",t=1795780000", "t=1795780000,v0=ab,v1=" V1,
	    "t=1795780000,v1=" OTHER ",v1=" V1,
	    "t=1795780000,v1=" V1 ",v1=" OTHER};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		ok(believed(headers[i], body, secret, NOW), headers[i]);
	ok(believed(headers[0], body, secret, NOW + 300), "5 minutes old");
	ok(believed(headers[0], body, secret, NOW - 300), "5 minutes ahead");
}

static void
nothing_else_is_believed(void **state)
{
	static const char good[] = "t=1795780000,v1=" V1;
	static const char *const headers[] = {"", "t=1795780000", "v1=" V1,
	    "t=,v1=" V1, "t=1795780000,v1=", "t=-1,v1=" V1,
	    "t=1795780000,v1=" OTHER, "t=1795780001,v1=" V1,
	    "t=1795780000,t=1795780000,v1=" V1, "t=1795780000,v1=" V1 ",",
	    "t=1795780000,v1=" V1 "00", "t=1795780000, v1=" V1,
	    "t=99999999999999999999,v1=" V1, "t=1795780000;v1=" V1,
	    "t=1795780000,v1=" OTHER ",v1=" OTHER ",v1=" OTHER ",v1=" OTHER
	    ",v1=" OTHER ",v1=" OTHER ",v1=" OTHER ",v1=" OTHER ",v1=" V1};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		ok(!believed(headers[i], body, secret, NOW), headers[i]);
	ok(!believed(NULL, body, secret, NOW), "no header");
	ok(!believed(good, body, "whsec_tess", NOW), "another secret");
	ok(!believed(good, body + 1, secret, NOW), "another body");
	ok(!believed(good, body, secret, NOW + 301), "too old");
	ok(!believed(good, body, secret, NOW - 301), "of a later time");
}

/* --- forms -------------------------------------------------------------------------- */

static void
a_form_escapes_what_it_must(void **state)
{
	struct pay_form f = {.len = 0};

	(void)state;
	pay_form_put(&f, "a[b]", "x y&z=1");
	pay_form_put_int(&f, "n", -5);
	pay_form_put(&f, "u", "\xc3\xa9-._*~+%\n");
	is_str(f.text, "a%5Bb%5D=x+y%26z%3D1&n=-5&u=%C3%A9-._*%7E%2B%25%0A",
	    "form");
	ok(!f.full, "it fits");
	is_int(f.len, strlen(f.text), "length");
}

static void
a_form_that_is_full_says_so(void **state)
{
	struct pay_form f = {.len = 0};

	(void)state;
	for (int i = 0; i < 300; i++)
		pay_form_put(&f, "name", "a value of twenty ch");
	ok(f.full, "full");
	ok(f.len < sizeof(f.text) && f.text[f.len] == '\0', "in bounds");
}

static const struct payment payment = {.id = 7,
    .kind = PAY_AUTO,
    .amount = 20050,
    .currency = 840,
    .key = "00112233445566778899aabbccddeeff"};

static void
requests_say_what_is_paid(void **state)
{
	static const struct stripe_back back = {
	    "https://example.org/paid", "https://example.org/cancelled"};
	struct payment odd = payment, known = payment;
	struct pay_form f;

	(void)state;
	snprintf(known.customer, sizeof(known.customer), "cus_1");
	snprintf(known.method, sizeof(known.method), "pm_1");
	stripe_charge_form(&known, &f);
	is_str(f.text,
	    "amount=2005&currency=usd&customer=cus_1&payment_method=pm_1&"
	    "off_session=true&confirm=true&description=Postage&"
	    "metadata%5Bpayment%5D=00112233445566778899aabbccddeeff",
	    "charge");
	stripe_page_form(&payment, &back, &f);
	ok(strstr(f.text, "unit_amount%5D=2005&") != NULL, "page: amount");
	ok(strstr(f.text, "customer_creation=always") != NULL, "a new one");
	ok(strstr(f.text, "&success_url=https%3A%2F%2Fexample.org%2Fpaid&"
			  "cancel_url=https%3A%2F%2Fexample.org%2Fcancelled&"),
	    "and back");
	ok(strstr(f.text, "setup_future_usage%5D=off_session") != NULL, "kept");
	stripe_page_form(&known, &back, &f);
	ok(strstr(f.text, "&customer=cus_1&") != NULL, "page: who");
	odd.currency = 999;
	stripe_charge_form(&odd, &f);
	ok(f.full, "a currency that is not taken is not sent");
}

/* --- answers -------------------------------------------------------------------------- */

#define KEY "\"metadata\":{\"payment\":\"00112233445566778899aabbccddeeff\"}"

static void
a_page_is_read(void **state)
{
	static const char open[] =
	    "{\"id\":\"cs_1\",\"status\":\"open\",\"payment_status\":"
	    "\"unpaid\",\"payment_intent\":null,\"url\":\"https://pay/x\","
	    "\"amount_total\":2005,\"currency\":\"usd\",\"new\":[1.5]," KEY "}";
	static const char done[] =
	    "{\"id\":\"cs_1\",\"status\":\"complete\",\"payment_status\":"
	    "\"paid\",\"payment_intent\":{\"id\":\"pi_1\",\"x\":1},\"url\":"
	    "null,\"amount_total\":2005,\"currency\":\"usd\"}";
	static const char expired[] =
	    "{\"id\":\"cs_1\",\"status\":\"expired\",\"payment_status\":"
	    "\"unpaid\"}";
	static const char no_intent[] =
	    "{\"id\":\"cs_1\",\"status\":\"complete\",\"payment_status\":"
	    "\"paid\",\"amount_total\":2005,\"currency\":\"usd\"}";
	struct err e = ERR_INIT;
	struct pay_said s;

	(void)state;
	ok(stripe_read_session(open, strlen(open), &s, &e), e.text);
	is_int(s.word, PAY_SAYS_PENDING, "open");
	is_str(s.url, "https://pay/x", "url");
	is_str(s.key, payment.key, "key");
	ok(stripe_read_session(done, strlen(done), &s, &e), e.text);
	is_int(s.word, PAY_SAYS_PAID, "paid");
	is_str(s.processor_id, "pi_1", "an object's number");
	is_int(s.amount, 20050, "mils");
	is_int(s.currency, 840, "currency");
	ok(stripe_read_session(expired, strlen(expired), &s, &e), e.text);
	is_int(s.word, PAY_SAYS_FAILED, "expired");
	ok(stripe_read_session(no_intent, strlen(no_intent), &s, &e), e.text);
	is_int(s.word, PAY_SAYS_PENDING, "paid, but by what?");
}

static void
an_intent_is_read(void **state)
{
	static const char good[] =
	    "{\"id\":\"pi_1\",\"status\":\"succeeded\",\"amount\":2005,"
	    "\"amount_received\":2005,\"currency\":\"usd\",\"customer\":"
	    "\"cus_1\",\"payment_method\":{\"id\":\"pm_1\",\"card\":{\"brand\":"
	    "\"visa\",\"last4\":\"4242\",\"exp_month\":8,\"exp_year\":2031}}}";
	static const struct {
		const char *status;
		enum pay_word word;
	} all[] = {{"succeeded", PAY_SAYS_PAID}, {"canceled", PAY_SAYS_FAILED},
	    {"requires_payment_method", PAY_SAYS_FAILED},
	    {"requires_action", PAY_SAYS_FAILED},
	    {"processing", PAY_SAYS_PENDING}, {"new word", PAY_SAYS_PENDING}};
	struct err e = ERR_INIT;
	struct pay_said s;
	char text[128];

	(void)state;
	ok(stripe_read_intent(good, strlen(good), &s, &e), e.text);
	is_int(s.word, PAY_SAYS_PAID, "paid");
	is_str(s.method.customer, "cus_1", "customer");
	is_str(s.method.method, "pm_1", "method");
	is_str(s.method.expiry, "2031-08", "expiry");
	is_str(s.method.last4, "4242", "last four");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(text, sizeof(text),
		    "{\"id\":\"pi_1\",\"status\":\"%s\"}", all[i].status);
		ok(stripe_read_intent(text, strlen(text), &s, &e), e.text);
		is_int(s.word, all[i].word, all[i].status);
	}
}

/* What has no number could be credited twice. */
static void
an_empty_number_is_none(void **state)
{
	static const char intent[] =
	    "{\"id\":\"\",\"status\":\"succeeded\",\"amount\":2000}";
	static const char session[] =
	    "{\"id\":\"\",\"payment_status\":\"paid\","
	    "\"payment_intent\":\"pi_1\"}";
	static const char event[] =
	    "{\"id\":\"\",\"type\":\"payment_intent.succeeded\",\"data\":"
	    "{\"object\":{\"id\":\"pi_1\",\"status\":\"succeeded\"}}}";
	static const char refund[] =
	    "{\"id\":\"evt_1\",\"type\":\"charge.refunded\",\"data\":"
	    "{\"object\":{\"id\":\"\",\"amount_refunded\":100}}}";
	struct err e = ERR_INIT;
	struct pay_said s;

	(void)state;
	ok(!stripe_read_intent(intent, strlen(intent), &s, &e), "intent");
	is_err(&e, ERR_REQUEST, "intent");
	is_int(s.word, PAY_SAYS_NOTHING, "intent");
	ok(!stripe_read_session(session, strlen(session), &s, &e), "session");
	is_err(&e, ERR_REQUEST, "session");
	ok(!stripe_read_event(event, strlen(event), &s, &e), "event");
	is_err(&e, ERR_REQUEST, "event");
	ok(!stripe_read_event(refund, strlen(refund), &s, &e), "refund");
	is_err(&e, ERR_REQUEST, "refund");
}

static void
a_refusal_is_told_from_a_doubt(void **state)
{
	static const char declined[] =
	    "{\"error\":{\"type\":\"card_error\",\"code\":\"card_declined\","
	    "\"message\":\"Your card has insufficient funds.\","
	    "\"payment_intent\":{\"id\":\"pi_9\"}}}";
	static const char reused[] =
	    "{\"error\":{\"type\":\"idempotency_error\",\"message\":\"x\"}}";
	static const int doubts[] = {0, 302, 408, 409, 429, 500, 503};
	struct err e = ERR_INIT;
	struct pay_said s;

	(void)state;
	ok(stripe_read_error(402, declined, strlen(declined), &s, &e), e.text);
	is_int(s.word, PAY_SAYS_FAILED, "declined");
	is_str(s.reason, "Your card has insufficient funds.", "why");
	is_str(s.processor_id, "pi_9", "which");
	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
		ok(!stripe_read_error(doubts[i], "<html>", 6, &s, &e),
		    "nobody knows");
		is_err(&e, ERR_ABSENT, "nobody knows");
	}
	ok(!stripe_read_error(400, reused, strlen(reused), &s, &e), "reused");
	is_err(&e, ERR_CORRUPT, "a key of another payment");
	ok(stripe_read_error(401, "", 0, &s, &e), "our key is refused");
	ok(strstr(s.reason, "401") != NULL, "with its status");
}

/* --- events ----------------------------------------------------------------------------- */

static enum pay_word
word_of(const char *type, const char *object, struct pay_said *s)
{
	struct err e = ERR_INIT;
	char text[1024];

	snprintf(text, sizeof(text),
	    "{\"id\":\"evt_1\",\"type\":\"%s\",\"data\":{\"object\":%s}}", type,
	    object);
	ok(stripe_read_event(text, strlen(text), s, &e), e.text);
	is_str(s->event, "stripe:evt_1", "event");
	return s->word;
}

static void
events_are_read(void **state)
{
	static const char dispute[] =
	    "{\"id\":\"du_1\",\"payment_intent\":\"pi_1\",\"amount\":2005,"
	    "\"currency\":\"usd\",\"reason\":\"fraudulent\",\"status\":"
	    "\"won\"}";
	struct err e = ERR_INIT;
	struct pay_said s;

	(void)state;
	is_int(word_of("charge.refunded",
		   "{\"id\":\"ch_1\",\"payment_intent\":\"pi_1\","
		   "\"amount_refunded\":500," KEY "}",
		   &s),
	    PAY_SAYS_REFUNDED, "refund");
	is_int(s.amount, 5000, "refunded so far");
	is_str(s.ref, "stripe:ch_1:5000", "named by how much");
	is_int(word_of("charge.dispute.created", dispute, &s),
	    PAY_SAYS_DISPUTED, "dispute");
	is_str(s.ref, "stripe:du_1", "dispute");
	is_int(
	    word_of("charge.dispute.closed", dispute, &s), PAY_SAYS_WON, "won");
	is_int(word_of("charge.dispute.closed",
		   "{\"id\":\"du_1\",\"status\":\"lost\"}", &s),
	    PAY_SAYS_NOTHING, "lost: it is gone already");
	is_int(word_of("charge.dispute.created",
		   "{\"id\":\"du_1\",\"payment_intent\":\"pi_1\",\"amount\":"
		   "2005,\"status\":\"warning_needs_response\"}",
		   &s),
	    PAY_SAYS_NOTHING, "a question: nothing was taken back");
	is_int(word_of("charge.dispute.funds_withdrawn", dispute, &s),
	    PAY_SAYS_DISPUTED, "taken back");
	is_str(s.ref, "stripe:du_1", "the same dispute");
	is_int(word_of("charge.dispute.funds_reinstated", dispute, &s),
	    PAY_SAYS_WON, "given again");
	is_str(s.ref, "stripe:du_1", "of the same one");
	is_int(word_of("customer.created", "{\"id\":\"cus_1\"}", &s),
	    PAY_SAYS_NOTHING, "not ours");
	ok(!stripe_read_event("{\"id\":\"evt_1\"}", 14, &s, &e), "no data");
	is_err(&e, ERR_REQUEST, "no data");
	ok(!stripe_read_event("[]", 2, &s, &e), "no object");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_processors_own_signature_is_believed),
	    T(nothing_else_is_believed),
	    T(a_form_escapes_what_it_must),
	    T(a_form_that_is_full_says_so),
	    T(requests_say_what_is_paid),
	    T(a_page_is_read),
	    T(an_intent_is_read),
	    T(an_empty_number_is_none),
	    T(a_refusal_is_told_from_a_doubt),
	    T(events_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
