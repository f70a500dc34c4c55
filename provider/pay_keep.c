/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is open for long, and accounts that run low.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "provider/pay.h"

#define AT_ONCE	    8
#define AGAIN_MS    5000
#define DOUBLE_MAX  9 /* 43 min */
#define METHOD_MAX  12
#define KEY_LIFE_MS (23LL * 3600 * 1000) /* a processor keeps keys for a day */

/* --- whose turn --------------------------------------------------------------------- */

/* Several servers look; one of them has this payment for now. */
static bool
claim(struct worker *w, struct payment *p, bool *mine, struct err *e)
{
	const struct payment_named name = {.id = p->id, .lock = true};
	int64_t seen = p->look_at;
	bool found;

	*mine = false;
	if (!store_begin(w->store, STORE_WRITE, e) ||
	    !store_payment_find(w->store, &name, p, &found, e))
		return false;
	if (!found || p->look_at != seen || p->looks < 0)
		return true;
	p->look_at = worker_ms(w) +
		     ((int64_t)AGAIN_MS
			 << (p->looks < DOUBLE_MAX ? p->looks : DOUBLE_MAX));
	p->looks++;
	if (p->state == PAY_CREATED && worker_ms(w) - p->made > KEY_LIFE_MS) {
		p->looks = -1;
		snprintf(p->reason, sizeof(p->reason),
		    "the processor never said whether it was paid: look "
		    "there for %s, then approve or reject it",
		    p->key);
	}
	if (p->state == PAY_PAID && p->looks > METHOD_MAX)
		p->looks = -1;
	*mine = p->looks > 0;
	return store_payment_write(w->store, p, e) && store_commit(w->store, e);
}

/* --- one -------------------------------------------------------------------------------- */

static bool
look(struct worker *w, struct payment *p, struct err *e)
{
	struct pay_said said;
	void *home;
	const struct pay_driver *driver = pay_driver(w, p->driver, &home);

	return driver == NULL || driver->look == NULL ||
	       (driver->look(home, p, &said, e) &&
		   pay_hear(w, driver, p->id, &said, p, e));
}

static bool
one(struct worker *w, struct payment *p, struct err *e)
{
	char url[PAY_URL];
	bool mine, done = claim(w, p, &mine, e);
	enum pay_state was = p->state;

	store_rollback(w->store);
	if (!done || !mine)
		return done;
	done = p->state == PAY_CREATED ? pay_ask(w, p, false, url, e)
				       : look(w, p, e);
	if (done && p->state != was)
		log_info("payment %lld is %s", (long long)p->id,
		    pay_state_name(p->state));
	return done || err_prefix(e, "payment %lld", (long long)p->id);
}

static bool
all_due(struct worker *w, struct err *e)
{
	struct payment *list = calloc(AT_ONCE, sizeof(*list));
	size_t count = 0;
	bool done;

	if (list == NULL)
		return err_system(e, "memory");
	done =
	    store_begin(w->store, STORE_READ, e) &&
	    store_payment_due(w->store, worker_ms(w), list, AT_ONCE, &count, e);
	store_rollback(w->store);
	/* one that fails does not hold up the others */
	for (size_t i = 0; done && i < count; i++) {
		struct err wrong = ERR_INIT;

		if (!one(w, &list[i], &wrong))
			*e = wrong;
	}
	free(list);
	return done && e->kind == ERR_NONE;
}

/* --- accounts -------------------------------------------------------------------------- */

/* A declined card is silent here: who orders hears it. */
static bool
charge(struct worker *w, int64_t account, struct err *e)
{
	struct payment p;
	char url[PAY_URL];
	bool due, done = pay_auto_write(w, account, 0, &p, &due, e);

	if (!done && e->kind == ERR_FUNDS) {
		*e = (struct err)ERR_INIT;
		return true;
	}
	return done && (!due || pay_ask(w, &p, true, url, e));
}

static bool
all_low(struct worker *w, struct err *e)
{
	int64_t account[AT_ONCE], after = 0;
	size_t count;

	do {
		bool done = store_begin(w->store, STORE_READ, e) &&
			    store_accounts_low(
				w->store, after, account, AT_ONCE, &count, e);

		store_rollback(w->store);
		if (!done)
			return false;
		for (size_t i = 0; i < count; i++) {
			struct err wrong = ERR_INIT;

			after = account[i];
			if (!charge(w, after, &wrong))
				*e = wrong;
		}
	} while (count == AT_ONCE);
	return e->kind == ERR_NONE;
}

bool
pay_keep(struct worker *w, struct err *e)
{
	bool due = all_due(w, e), low = all_low(w, e);

	return due && low;
}
