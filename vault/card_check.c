/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_check.h"

#include "vault/stamp_check.h"

/* A fresh stamp stands exactly one step on; a replayed one not beyond. */
static const char *
register_fault(
    const struct indicium *in, bool replayed, const struct psd_status *seen)
{
	mils ascending = (mils)in->ascending;

	if (replayed)
		return ascending > seen->ascending ? "it was never spent"
						   : NULL;
	if (ascending != seen->ascending + (mils)in->postage ||
	    (mils)in->descending != seen->descending - (mils)in->postage)
		return "its registers do not follow those of before";
	if ((in->has & HAS_PIECE) && in->piece_count != seen->piece_count + 1)
		return "its piece count does not follow the one before";
	return NULL;
}

static void
move_on(struct psd_status *seen, const struct indicium *in)
{
	seen->ascending += (mils)in->postage;
	seen->descending -= (mils)in->postage;
	seen->piece_count++;
}

static bool
judge(const char *fault, struct err *e)
{
	return fault == NULL ||
	       err_set(e, ERR_CORRUPT,
		   "the device answered with a stamp that is not the one that "
		   "was asked for (%s): nothing is printed of it; take the "
		   "device to the provider",
		   fault);
}

bool
card_check_stamp(const struct psd_request *asked, const struct psd_stamp *got,
    const struct cert *cert, struct psd_status *seen, struct err *e)
{
	struct indicium in;
	const char *fault = stamp_own_fault(got, cert, &in);

	if (fault == NULL)
		fault = stamp_request_fault(&in, asked);
	if (fault == NULL)
		fault = register_fault(&in, got->replayed, seen);
	if (!judge(fault, e))
		return false;
	if (!got->replayed)
		move_on(seen, &in);
	return true;
}

bool
card_check_found(const struct psd_stamp *got, const struct cert *cert,
    const struct psd_status *seen, struct err *e)
{
	struct indicium in;
	const char *fault = stamp_own_fault(got, cert, &in);

	if (fault == NULL)
		fault = register_fault(&in, true, seen);
	return judge(fault, e);
}
