/* SPDX-License-Identifier: Apache-2.0 */
/*
 * give_back: refunds of stamps that were spoiled.
 *
 * A user system asks for stamps of its account.  From then on they are claimed
 * (store_end.h): the post takes none of them.  An administrator of the provider
 * who has seen them destroyed says yes; over a limit it takes two.  With the last
 * yes the value is on the account's credit, once; a no gives the stamps free.
 */
#ifndef PROVIDER_GIVE_BACK_H
#define PROVIDER_GIVE_BACK_H

#include "provider/store_person.h"
#include "provider/store_refund.h"
#include "provider/worker.h"
#include "vault/psd.h"

#define GIVE_BACK_MAX 100 /* stamps of one request */

struct give_back {
	const struct user_system *who;
	char reason[REFUND_REASON];
	size_t count;
	struct spoiled { /* by its PSD and piece, or (piece 0) by its key */
		uint32_t psd, piece;
		uint8_t key[PSD_KEY_BYTES];
	} stamp[GIVE_BACK_MAX];
};

/* A refund, for who settles its journal by it: as it is wherever it has to be.
 * *found = false: there is none of that number.
 * Errors: ERR_ABSENT (the standby may not have it yet). */
MUST_CHECK bool give_back_look(struct worker *w, int64_t id,
    struct refund_row *out, bool *found, struct err *e);

/* All of them, or none.  The same asked again is the same refund.
 * Errors: ERR_REQUEST (no such stamp of the account, one twice, no value),
 * ERR_DENIED (too old, mailed, in another refund). */
MUST_CHECK bool give_back_ask(struct worker *w, const struct give_back *ask,
    struct refund_row *out, struct err *e);

/* A person's yes; out->state is "approved" when it was the last that was
 * needed.  A yes to what is approved changes nothing.
 * Errors: ERR_REQUEST (no such refund, rejected), ERR_DENIED (not an
 * administrator of the provider, or suspended), ERR_ABSENT (not known: say it
 * again). */
MUST_CHECK bool
give_back_approve(struct worker *w, int64_t id, const struct person *by,
    const char *method, struct refund_row *out, struct err *e);
/* A no.  Errors: likewise; ERR_REQUEST (approved). */
MUST_CHECK bool give_back_reject(struct worker *w, int64_t id,
    const struct person *by, struct refund_row *out, struct err *e);

/* How many have to say yes.  The limit is for all of its customer within a day: one
 * that is split, among accounts too, is as large as it was. */
int64_t give_back_needs(const struct worker *w, const struct refund_row *row);

#endif
