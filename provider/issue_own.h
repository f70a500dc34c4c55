/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue_own: one attempt at an order, between provider/issue*.c.
 */
#ifndef PROVIDER_ISSUE_OWN_H
#define PROVIDER_ISSUE_OWN_H

#include "provider/issue.h"
#include "provider/psds.h"

/* A PSD that is locked in this attempt. */
struct taken {
	const struct psd_here *here;
	struct psd_row row;
	uint32_t first; /* piece of the first stamp now; 0 = none */
	mils sum;
};

struct attempt {
	struct worker *w;
	const struct issue_order *order;
	struct issue_result *out;
	bool look_up; /* some keys may be known */
	bool all;     /* one PSD has too little */

	struct psd_here *list;
	size_t listed, chosen;
	struct taken *psd;
	size_t psds;

	struct user_system system;
	bool overtaken; /* by a find */
	bool known[ISSUE_MAX];
	size_t fresh;
	mils sum;      /* of the fresh */
	mils short_by; /* what would be enough, where it is put best */
	mils lump; /* no PSD has enough for this stamp; 0 = all too little */
};

/* May the system spend this, now?
 * Errors: ERR_DENIED, ERR_BUSY (fence), ERR_REQUEST (cost code). */
MUST_CHECK bool issue_check(struct attempt *a, struct err *e);

/* May the fresh stamps go onto their label sheets?  Binds sheets that are
 * nobody's to the account.
 * Errors: ERR_DENIED (sheet unknown, another's or void; label used or void). */
MUST_CHECK bool issue_sheets(struct attempt *a, struct err *e);

/* Counts what was spent. */
void issue_count(struct attempt *a);

/* Debits the fresh stamps; out->stamp[] holds them unsigned.  False with
 * ERR_NONE: too little value, short_by says how much.
 * Errors: as psd_debit(). */
MUST_CHECK bool issue_debit(struct attempt *a, struct err *e);

#endif
