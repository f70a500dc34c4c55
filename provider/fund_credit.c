/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money from outside.
 */
#include <stdio.h>
#include <string.h>

#include "provider/fund.h"
#include "provider/store_ledger.h"
#include "provider/store_pay.h"

#define REF_MAX 256

static bool
is_known(struct store *s, const struct payment_in *in, const char *owed_ref,
    bool *known, struct err *e)
{
	return store_transfer_known(s, in->ref, known, e) &&
	       (*known || store_transfer_known(s, owed_ref, known, e));
}

/* Unlocks what was locked for it, and nothing else. */
static bool
repay(struct store *s, const struct payment_in *in, const char *ref,
    mils amount, struct pay_account *a, struct err *e)
{
	struct transfer t = {.kind = in->kind ? in->kind : "repaid",
	    .from = in->from,
	    .to = "returned",
	    .ref = ref,
	    .amount = amount,
	    .made = in->made};

	if (amount == 0)
		return true;
	a->owed -= amount;
	if (a->owed == 0 && strcmp(a->state, "locked") == 0 &&
	    strcmp(a->reason, FUND_RETURNED) == 0) {
		snprintf(a->state, sizeof(a->state), "active");
		a->reason[0] = '\0';
	}
	store_transfer_put(s, &t);
	return store_receive(s, e) &&
	       store_pay_account_write(s, in->account, a, e);
}

static bool
give(struct store *s, const struct payment_in *in, mils amount, struct err *e)
{
	char to[32];
	struct transfer t = {.kind = in->kind ? in->kind : "payment",
	    .from = in->from,
	    .to = to,
	    .ref = in->ref,
	    .amount = amount,
	    .made = in->made};

	if (amount == 0)
		return true;
	snprintf(to, sizeof(to), "credit:%lld", (long long)in->account);
	store_transfer_put(s, &t);
	store_credit_give(s, in->account, amount);
	return store_flush(s, e);
}

bool
fund_credit(
    struct store *s, const struct payment_in *in, bool *fresh, struct err *e)
{
	char owed_ref[REF_MAX];
	struct pay_account a;
	bool known;
	mils owed, sum;
	int n = snprintf(owed_ref, sizeof(owed_ref), "%s:owed", in->ref);

	*fresh = false;
	if (in->amount <= 0)
		return err_set(e, ERR_REQUEST, "a payment of nothing");
	if (n < 0 || n >= (int)sizeof(owed_ref))
		return err_set(e, ERR_REQUEST, "a payment's name is too long");
	if (!store_pay_account(s, in->account, &a, e) ||
	    !is_known(s, in, owed_ref, &known, e))
		return false;
	if (known)
		return true;
	owed = a.owed < in->amount ? a.owed : in->amount;
	if (!mils_add(a.credit, in->amount - owed, &sum))
		return err_set(
		    e, ERR_REQUEST, "account %s: a sum out of range", a.name);
	if (!repay(s, in, owed_ref, owed, &a, e) ||
	    !give(s, in, in->amount - owed, e))
		return false;
	*fresh = true;
	return true;
}
