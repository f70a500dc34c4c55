/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doubt: what shows that a PSD in the field was copied.
 *
 * Its stamps are not in these books until they end, but each says what its PSD's
 * registers were.  A PSD comes by each piece, and by each mil of its ascending
 * register, once, and has in all what it was given: so two stamps that share any
 * of it are of two copies, and what says more than was given is of somebody who has
 * the key.  The first that is seen counts, so all that count are worth no more than
 * was given.
 *
 * What is in doubt is no stamp; it is kept, and its PSD is withheld until a person
 * has said what becomes of it.
 */
#ifndef PROVIDER_DOUBT_H
#define PROVIDER_DOUBT_H

#include "provider/store_end.h"
#include "provider/worker.h"
#include "stamp/indicium.h"

enum doubt_kind {
	DOUBT_NONE,
	DOUBT_NEVER, /* its PSD never had such registers */
	DOUBT_TWIN   /* another stamp has its registers */
};

struct doubt {
	enum doubt_kind kind;
	struct stamp_end other; /* DOUBT_TWIN */
};

/* Of a stamp of a PSD in the field that has not ended, named by post_end().  Who
 * writes has its PSD's row locked.  Errors: the store's. */
MUST_CHECK bool doubt_look(struct worker *w, const struct indicium *in,
    const struct stamp_end *stamp, struct doubt *out, struct err *e);

/* Keeps it, and withholds its PSD; nothing where it was known, or there is none.
 * `place`: where it was seen.  *withheld: from now on. */
MUST_CHECK bool doubt_keep(struct worker *w, const struct doubt *d,
    const struct stamp_end *stamp, const char *place, bool *withheld,
    struct err *e);

#endif
