/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is read as what a processor says: as its page, payment, event and
 * error.  What was understood is in its bounds and complete. */
#include <stdlib.h>
#include <string.h>

#include "provider/pay_stripe_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AMOUNT_MAX 999999990

#define IN_BOUNDS(field) (memchr(field, '\0', sizeof(field)) != NULL)

static void
check(const struct pay_said *s)
{
	if (s->amount < 0 || s->amount > AMOUNT_MAX || s->amount % 10 != 0 ||
	    !IN_BOUNDS(s->event) || !IN_BOUNDS(s->key) ||
	    !IN_BOUNDS(s->processor_id) || !IN_BOUNDS(s->page) ||
	    !IN_BOUNDS(s->ref) || !IN_BOUNDS(s->reason) || !IN_BOUNDS(s->url) ||
	    !IN_BOUNDS(s->method.method) || !IN_BOUNDS(s->method.customer) ||
	    !IN_BOUNDS(s->method.last4))
		abort();
	if (s->key[0] != '\0' && strlen(s->key) != PAY_KEY - 1)
		abort();
	/* money without a name could not be credited once */
	if (s->word == PAY_SAYS_PAID && s->processor_id[0] == '\0')
		abort();
	if ((s->word == PAY_SAYS_REFUNDED || s->word == PAY_SAYS_DISPUTED) &&
	    s->ref[0] == '\0')
		abort();
}

typedef bool
read_fn(const char *text, size_t len, struct pay_said *out, struct err *e);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static read_fn *const all[] = {
	    stripe_read_session, stripe_read_intent, stripe_read_event};
	const char *text = (const char *)data;
	struct pay_said s;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct err e = ERR_INIT;

		if (all[i](text, size, &s, &e))
			check(&s);
		else if (e.kind != ERR_REQUEST || s.word != PAY_SAYS_NOTHING)
			abort();
	}
	for (int status = 200; status < 600; status += 101) {
		struct err e = ERR_INIT;

		if (stripe_read_error(status, text, size, &s, &e))
			check(&s);
		else if (e.kind != ERR_ABSENT && e.kind != ERR_CORRUPT)
			abort();
	}
	return 0;
}
