/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books, for the provider's own administrators and auditors.
 */
#include "provider/api.h"

#include "provider/audit.h"
#include "provider/store_ledger.h"

#define TRANSFERS_MAX 100
#define FAULTS_MAX    100

static bool
is_providers(const struct call *c, struct err *e)
{
	return c->person.customer == 0 ||
	       err_set(e, ERR_DENIED, "the books are the provider's own");
}

/* --- ledger -------------------------------------------------------------------------- */

static void
put_account(
    void *context, const char *account, mils given, mils taken, int64_t count)
{
	struct json *j = context;

	json_item(j);
	json_put_text(j, "account", account);
	json_put_int(j, "given", given);
	json_put_int(j, "taken", taken);
	json_put_int(j, "transfers", count);
	json_end(j);
}

static void
put_transfer(void *context, const struct transfer *t)
{
	struct json *j = context;

	json_item(j);
	json_put_int(j, "made", t->made);
	json_put_text(j, "kind", t->kind);
	json_put_text(j, "from", t->from);
	json_put_text(j, "to", t->to);
	json_put_int(j, "amount", t->amount);
	json_put_text(j, "ref", t->ref);
	json_end(j);
}

static bool
put_ledger(struct call *c, struct json *j, const char *account, struct err *e)
{
	struct store *s = c->w->store;

	if (!store_begin(s, STORE_READ, e))
		return false;
	if (account == NULL) {
		json_begin_array(j, "accounts");
		return store_ledger_accounts(s, put_account, j, e);
	}
	json_begin_array(j, "transfers");
	return store_ledger_transfers(
	    s, account, TRANSFERS_MAX, put_transfer, j, e);
}

bool
api_ledger(struct call *c, struct err *e)
{
	const char *account = c->request->query(c->request, "account");
	struct json *j;
	bool done;

	if (!is_providers(c, e))
		return false;
	j = json_new();
	done = put_ledger(c, j, account, e);
	store_rollback(c->w->store);
	if (done) {
		json_end(j);
		return api_give(c, j, e);
	}
	json_free(j);
	return false;
}

/* --- audit --------------------------------------------------------------------------- */

struct faults {
	struct json *j;
	size_t count;
};

static void
put_fault(void *context, const char *rule, const char *what)
{
	struct faults *f = context;

	if (f->count++ >= FAULTS_MAX)
		return;
	json_item(f->j);
	json_put_text(f->j, "rule", rule);
	json_put_text(f->j, "what", what);
	json_end(f->j);
}

static bool
audit(struct call *c, struct err *e)
{
	struct faults faults = {.count = 0};
	struct audit_result r;

	faults.j = json_new();
	json_begin_array(faults.j, "faults");
	if (!audit_books(c->w, put_fault, &faults, &r, e)) {
		json_free(faults.j);
		return false;
	}
	json_end(faults.j);
	json_put_int(faults.j, "count", (int64_t)r.faults);
	json_put_int(faults.j, "rules", (int64_t)store_audit_count());
	json_put_int(faults.j, "psds", (int64_t)r.psds);
	json_put_int(faults.j, "stamps", r.stamps);
	json_put_int(faults.j, "pending", r.pending);
	json_put_int(faults.j, "sum", r.sum);
	json_put_int(faults.j, "checkpoints", (int64_t)r.checkpoints);
	return api_give(c, faults.j, e);
}

/* Each has a worker for as long as the books are long: those of others that asked
 * again would leave none. */
bool
api_audit(struct call *c, struct err *e)
{
	struct places *places = c->w->provider->audits;
	bool done;

	if (!is_providers(c, e))
		return false;
	if (!places_take(places))
		return err_set(
		    e, ERR_BUSY, "an audit is under way: wait for its end");
	done = audit(c, e);
	places_give(places);
	return done;
}
