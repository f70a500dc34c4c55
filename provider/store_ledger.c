/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_ledger.h"

void
store_transfer_row(struct store *s, const struct transfer *t)
{
	store_put_text(s, t->kind);
	store_put_text(s, t->from);
	store_put_text(s, t->to);
	store_put_int(s, t->amount);
	store_put_text(s, t->ref);
	store_put_int(s, t->made);
}

void
store_transfer_send(struct store *s)
{
	store_send_rows(s,
	    "INSERT INTO transfer (kind, taken_from, given_to, amount, ref, "
	    "made) VALUES",
	    6, "");
}

void
store_transfer_put(struct store *s, const struct transfer *t)
{
	store_transfer_row(s, t);
	store_transfer_send(s);
}

bool
store_transfer_known(
    struct store *s, const char *ref, bool *known, struct err *e)
{
	store_put_text(s, ref);
	if (!store_run(s, "SELECT id FROM transfer WHERE ref = $1", e))
		return false;
	*known = store_row(s);
	return true;
}

void
store_credit_take(struct store *s, int64_t account, mils amount)
{
	store_put_int(s, amount);
	store_put_int(s, account);
	store_send(s,
	    "UPDATE account SET credit = credit - $1 WHERE id = $2 AND "
	    "credit >= $1");
}

void
store_credit_give(struct store *s, int64_t account, mils amount)
{
	store_put_int(s, amount);
	store_put_int(s, account);
	store_send(s, "UPDATE account SET credit = credit + $1 WHERE id = $2");
}
