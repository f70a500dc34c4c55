/* SPDX-License-Identifier: Apache-2.0 */
/* complete_own: signatures on their way, between provider/complete*.c. */
#ifndef PROVIDER_COMPLETE_OWN_H
#define PROVIDER_COMPLETE_OWN_H

#include "provider/complete.h"
#include "provider/psds.h"

/* Stamps of one PSD that are signed as one piece of work. */
struct group {
	struct stamp_row *row[SIGNER_BATCH];
	struct signer_message message[SIGNER_BATCH];
	uint8_t bytes[SIGNER_BATCH][INDICIUM_MAX];
	size_t count;
	int64_t complete; /* all pieces up to it are signed then; 0: unknown */
	bool written;	  /* together with others */
};

/* Errors: ERR_CORRUPT. */
MUST_CHECK bool
complete_add(struct group *g, struct stamp_row *row, struct err *e);

/* False: they were not written, or not as the first. */
bool complete_together(struct worker *w, struct group *g);

/* Writes the group's signatures; each row gets the one that counts.
 * Errors: ERR_ABSENT. */
MUST_CHECK bool
complete_write(struct worker *w, struct group *g, struct err *e);

/* Signs all stamps of a PSD whose module follows, in order, up to piece `last`.
 * A PSD whose card did something else than the books is withheld.
 * Errors: as signer_follow(), the store's. */
MUST_CHECK bool complete_in_order(
    struct worker *w, const struct psd_here *psd, uint32_t last, struct err *e);

#endif
