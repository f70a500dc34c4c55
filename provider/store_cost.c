/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_cost.h"

bool
store_cost_add(struct store *s, int64_t account, const char *code,
    const char *name, struct err *e)
{
	store_put_int(s, account);
	store_put_text(s, code);
	store_put_text(s, name);
	return store_run(s,
	    "INSERT INTO cost_code (account, code, name) VALUES ($1, $2, $3) "
	    "ON CONFLICT (account, code) DO UPDATE SET name = $3",
	    e);
}

bool
store_cost_remove(
    struct store *s, int64_t account, const char *code, struct err *e)
{
	store_put_int(s, account);
	store_put_text(s, code);
	if (!store_run(
		s, "DELETE FROM cost_code WHERE account = $1 AND code = $2", e))
		return false;
	return store_changed(s) == 1 ||
	       err_set(
		   e, ERR_REQUEST, "the account has no cost code \"%s\"", code);
}

bool
store_cost_list(struct store *s, int64_t account, cost_fn *each, void *context,
    struct err *e)
{
	store_put_int(s, account);
	if (!store_run(s,
		"SELECT code, name FROM cost_code WHERE account = $1 "
		"ORDER BY code",
		e))
		return false;
	while (store_row(s))
		each(context, store_text(s, 0), store_text(s, 1));
	return true;
}

void
store_cost_ask(struct store *s, int64_t account, const char *code)
{
	store_put_int(s, account);
	store_put_text(s, code);
	store_send(
	    s, "SELECT code FROM cost_code WHERE account = $1 AND code = $2");
}

bool
store_cost_get(struct store *s, bool *known, struct err *e)
{
	*known = false;
	if (!store_receive(s, e))
		return false;
	*known = store_row(s);
	return true;
}
