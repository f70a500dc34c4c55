/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/pay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/log.h"
#include "provider/pay_settle.h"

#define MILS_PER_CENT	   10
/* An order waits for an automatic payment, a person at a page takes longer. */
#define FIRST_LOOK_AUTO_MS 2000
#define FIRST_LOOK_MS	   10000

static const struct pay_driver *const drivers[] = {
    &pay_stripe_driver, &pay_invoice_driver};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

struct pay {
	void *home[DRIVERS]; /* NULL: not configured */
};

/* --- drivers --------------------------------------------------------------------- */

bool
pay_open(const struct pay_setup *setup, struct pay **out, struct err *e)
{
	struct pay *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return err_system(e, "memory");
	for (size_t i = 0; i < DRIVERS; i++)
		if (!drivers[i]->open(setup, &p->home[i], e)) {
			pay_close(p);
			return false;
		}
	*out = p;
	return true;
}

void
pay_close(struct pay *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < DRIVERS; i++)
		if (p->home[i] != NULL)
			drivers[i]->close(p->home[i]);
	free(p);
}

const struct pay_driver *
pay_driver(const struct worker *w, const char *name, void **home)
{
	*home = NULL;
	for (size_t i = 0; i < DRIVERS; i++)
		if (w->pay != NULL && w->pay->home[i] != NULL &&
		    strcmp(drivers[i]->name, name) == 0) {
			*home = w->pay->home[i];
			return drivers[i];
		}
	return NULL;
}

static bool
find_driver(const struct worker *w, const char *name,
    const struct pay_driver **driver, void **home, struct err *e)
{
	*driver = pay_driver(w, name, home);
	return *driver != NULL ||
	       err_set(e, ERR_REQUEST,
		   "this provider takes no payments by \"%s\"", name);
}

/* --- hearing ---------------------------------------------------------------------- */

/* Disputes name the processor's number alone.  A payment that was settled by hand
 * has none here; there the key that it was asked with is known. */
static bool
look_whose(struct worker *w, const struct pay_heard *heard, struct payment *p,
    bool *found, struct err *e)
{
	struct payment of = {.kind = PAY_AUTO, .state = PAY_PAID};
	struct pay_heard again = *heard;
	struct pay_said told;
	void *home;
	const struct pay_driver *driver =
	    pay_driver(w, heard->driver->name, &home);

	if (driver == NULL || driver->look == NULL ||
	    heard->said->processor_id[0] == '\0')
		return true;
	snprintf(of.processor_id, sizeof(of.processor_id), "%s",
	    heard->said->processor_id);
	if (!driver->look(home, &of, &told, e))
		return false;
	again.said = &told;
	return pay_settle(w->store, &again, p, found, e) &&
	       (!*found || pay_settle(w->store, heard, p, found, e));
}

static bool
is_back(enum pay_word word)
{
	return word == PAY_SAYS_REFUNDED || word == PAY_SAYS_DISPUTED ||
	       word == PAY_SAYS_WON;
}

static bool
keep_stray(struct worker *w, const struct stray *stray, struct err *e)
{
	bool done = stray->event[0] == '\0' ||
		    (store_begin(w->store, STORE_WRITE, e) &&
			store_stray_add(w->store, stray, e) &&
			store_commit(w->store, e));

	store_rollback(w->store);
	return done;
}

/* Money that goes back is never passed over in silence. */
static bool
hear_back(struct worker *w, const struct pay_heard *heard, struct payment *p,
    bool *found, struct err *e)
{
	const struct pay_said *said = heard->said;
	struct stray stray = {.made = heard->now};
	char sum[MILS_TEXT];

	if (!look_whose(w, heard, p, found, e)) {
		log_warning(
		    "%s of %s: %s", said->event, said->processor_id, e->text);
		return false;
	}
	if (*found)
		return true;
	snprintf(stray.event, sizeof(stray.event), "%s", said->event);
	snprintf(stray.text, sizeof(stray.text), "%s, %s of %s", said->reason,
	    mils_format(said->amount, sum), said->processor_id);
	log_warning("%s: %s: that is no payment here; if it is one, say so: "
		    "postaged pay returned ID",
	    stray.event, stray.text);
	return keep_stray(w, &stray, e);
}

bool
pay_hear(struct worker *w, const struct pay_driver *driver, int64_t id,
    const struct pay_said *said, struct payment *out, struct err *e)
{
	struct pay_heard heard = {
	    .driver = driver, .said = said, .id = id, .now = worker_ms(w)};
	struct payment p = {.id = 0};
	bool found;

	if (said->word == PAY_SAYS_NOTHING)
		return true;
	if (!pay_settle(w->store, &heard, &p, &found, e))
		return false;
	if (!found && is_back(said->word) &&
	    !hear_back(w, &heard, &p, &found, e))
		return false;
	if (out != NULL && found)
		*out = p;
	return true;
}

/* --- asking ----------------------------------------------------------------------- */

/* Nothing left this computer, so there is nothing to ask again for. */
static bool
was_not_asked(struct worker *w, const struct pay_driver *driver,
    struct payment *p, struct err *e)
{
	struct pay_said said = {.word = PAY_SAYS_FAILED};
	struct err ignored = ERR_INIT;

	snprintf(said.reason, sizeof(said.reason), "%.190s", e->text);
	if (!pay_hear(w, driver, p->id, &said, p, &ignored))
		log_warning("payment %lld: %s", (long long)p->id, ignored.text);
	return false;
}

bool
pay_ask(struct worker *w, struct payment *p, bool first, char url[PAY_URL],
    struct err *e)
{
	const struct pay_driver *driver;
	struct pay_said said = {.word = PAY_SAYS_NOTHING};
	bool sent = false;
	void *home;

	*url = '\0';
	if (!find_driver(w, p->driver, &driver, &home, e))
		return false;
	if (!driver->ask(home, p, &said, &sent, e))
		return first && !sent ? was_not_asked(w, driver, p, e) : false;
	snprintf(url, PAY_URL, "%s", said.url);
	return pay_hear(w, driver, p->id, &said, p, e);
}

/* --- beginning -------------------------------------------------------------------- */

static bool
make_key(char key[PAY_KEY], struct err *e)
{
	uint8_t random[(PAY_KEY - 1) / 2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_system(e, "getrandom");
	bytes_to_hex(random, sizeof(random), key);
	return true;
}

/* The customer that the processor knows, and its card, as they are now: a key is
 * of what it was first asked with. */
static bool
put_method(struct worker *w, struct payment *p, struct err *e)
{
	struct pay_method m;
	bool found;

	if (!store_method_find(w->store, p->account, &m, &found, e))
		return false;
	if (!found || strcmp(m.driver, p->driver) != 0)
		return true;
	snprintf(p->customer, sizeof(p->customer), "%s", m.customer);
	snprintf(p->method, sizeof(p->method), "%s", m.method);
	return true;
}

bool
pay_write_new(struct worker *w, struct payment *p, struct err *e)
{
	p->state = PAY_CREATED;
	p->currency = w->provider->licence.currency;
	p->made = worker_ms(w);
	p->look_at = p->made +
		     (p->kind == PAY_AUTO ? FIRST_LOOK_AUTO_MS : FIRST_LOOK_MS);
	return (p->key[0] != '\0' || make_key(p->key, e)) &&
	       put_method(w, p, e) && store_payment_add(w->store, p, e);
}

static bool
is_same(const struct pay_order *order, const struct payment *p, struct err *e)
{
	return (p->account == order->account && p->amount == order->amount &&
		   strcmp(p->driver, order->driver) == 0) ||
	       err_set(e, ERR_REQUEST,
		   "the key \"%s\" was used for another payment", order->key);
}

/* The payment of this key, or a new one. */
static bool
find_or_write(struct worker *w, const struct pay_order *order,
    struct payment *p, bool *fresh, struct err *e)
{
	const struct payment_named name = {.key = order->key, .lock = true};
	bool found;

	if (!store_payment_find(w->store, &name, p, &found, e))
		return false;
	*fresh = !found;
	if (found)
		return is_same(order, p, e);
	*p = (struct payment){.account = order->account,
	    .amount = order->amount,
	    .kind = PAY_CHECKOUT};
	if (strcmp(order->driver, pay_invoice_driver.name) == 0) {
		p->kind = PAY_INVOICE;
		p->looks = -1;
	}
	snprintf(p->driver, sizeof(p->driver), "%s", order->driver);
	snprintf(p->key, sizeof(p->key), "%s", order->key);
	return pay_write_new(w, p, e);
}

/* Whoever finds no place has the payment written: its key asks for it again. */
static bool
ask_in_place(struct worker *w, struct payment *p, bool fresh, char url[PAY_URL],
    struct err *e)
{
	bool done;

	if (p->kind == PAY_INVOICE)
		return pay_ask(w, p, fresh, url, e);
	if (!places_take(w->provider->card_places))
		return err_set(e, ERR_ABSENT,
		    "too many pay at this moment: ask again with the same "
		    "key");
	done = pay_ask(w, p, fresh, url, e);
	places_give(w->provider->card_places);
	return done;
}

bool
pay_begin(struct worker *w, const struct pay_order *order,
    struct pay_begun *out, struct err *e)
{
	const struct pay_driver *driver;
	struct payment *p = &out->payment;
	bool fresh = false, done;
	void *home;

	*out = (struct pay_begun){.url = ""};
	if (!find_driver(w, order->driver, &driver, &home, e))
		return false;
	if (order->amount <= 0 || order->amount % MILS_PER_CENT != 0)
		return err_set(e, ERR_REQUEST,
		    "a payment is of whole cents, and of more than none");
	done = store_begin(w->store, STORE_WRITE, e) &&
	       find_or_write(w, order, p, &fresh, e) &&
	       store_commit(w->store, e);
	store_rollback(w->store);
	if (!done || !pay_is_open(p->state))
		return done;
	if (!ask_in_place(w, p, fresh, out->url, e))
		return false;
	return p->state != PAY_FAILED ||
	       err_set(e, ERR_CONFIG, "payment %lld cannot be made: %s",
		   (long long)p->id, p->reason);
}

/* --- by hand ---------------------------------------------------------------------- */

static bool
hand_says(const struct payment *p, enum pay_hand what, struct pay_said *said,
    struct err *e)
{
	bool fits = what == PAY_GONE_BACK ? p->state == PAY_PAID
					  : pay_is_open(p->state);

	*said = (struct pay_said){.amount = p->amount};
	snprintf(said->processor_id, sizeof(said->processor_id), "%s",
	    p->processor_id);
	snprintf(said->page, sizeof(said->page), "%s", p->page);
	pay_hand_ref(p, said->ref);
	switch (what) {
	case PAY_APPROVE: said->word = PAY_SAYS_PAID; break;
	case PAY_REJECT:
		said->word = PAY_SAYS_FAILED;
		snprintf(said->reason, sizeof(said->reason),
		    "rejected by an administrator");
		break;
	case PAY_GONE_BACK:
		said->word = PAY_SAYS_DISPUTED;
		snprintf(said->reason, sizeof(said->reason),
		    "returned, an administrator says");
		break;
	}
	return fits || err_set(e, ERR_REQUEST,
			   "payment %lld is %s: that cannot be said of it",
			   (long long)p->id, pay_state_name(p->state));
}

static bool
read_payment(struct worker *w, int64_t id, struct payment *out, struct err *e)
{
	const struct payment_named name = {.id = id};
	bool found = false;
	bool done = store_begin(w->store, STORE_READ, e) &&
		    store_payment_find(w->store, &name, out, &found, e);

	store_rollback(w->store);
	return done &&
	       (found || err_set(e, ERR_REQUEST, "there is no payment %lld",
			     (long long)id));
}

bool
pay_by_hand(struct worker *w, int64_t id, enum pay_hand what,
    struct payment *out, struct err *e)
{
	const struct pay_driver *driver;
	struct pay_said said;
	void *home;

	return read_payment(w, id, out, e) &&
	       find_driver(w, out->driver, &driver, &home, e) &&
	       hand_says(out, what, &said, e) &&
	       pay_hear(w, driver, id, &said, out, e);
}
