/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refunds: user systems ask, administrators of the provider say yes or no.
 */
#include "provider/api.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provider/give_back.h"

#define LIST_MAX 200

static void
put_refund(const struct worker *w, struct json *j, const struct refund_row *r)
{
	json_put_int(j, "refund", r->id);
	json_put_text(j, "account", r->account_name);
	json_put_text(j, "state", r->state);
	json_put_int(j, "stamps", r->stamps);
	json_put_int(j, "total", r->total);
	json_put_text(j, "reason", r->reason);
	json_put_int(j, "made", r->made);
	json_put_int(j, "settled", r->settled);
	json_put_int(j, "approvals", r->approvals);
	json_put_int(j, "needs", give_back_needs(w, r));
}

static bool
give_refund(struct call *c, const struct refund_row *r, struct err *e)
{
	struct json *j = json_new();

	put_refund(c->w, j, r);
	return api_give(c, j, e);
}

/* --- asking -------------------------------------------------------------------------- */

/* {"key":"<32 hex>"} or {"psd":"XXPS0000000001","piece":5} */
static void
read_stamp(struct call *c, struct json *j, struct spoiled *out)
{
	char psd[PSD_ID + 8] = "", id[PSD_ID];
	uint64_t serial = 0;

	json_take_text(j, "psd", false, psd, sizeof(psd));
	json_take_u32(j, "piece", psd[0] != '\0', 1, UINT32_MAX, &out->piece);
	json_take_hex(j, "key", psd[0] == '\0', out->key, PSD_KEY_BYTES);
	if (psd[0] == '\0')
		return;
	if (strlen(psd) != PSD_ID - 2 ||
	    !text_to_u64(psd + 4, UINT32_MAX, &serial) ||
	    strcmp(worker_psd_id(c->w, (uint32_t)serial, id), psd) != 0)
		json_blame(j, "psd", "a PSD as in XXPS0000000001");
	out->psd = (uint32_t)serial;
}

static bool
read_ask(struct call *c, struct give_back *out, struct err *e)
{
	struct json *j;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_text(j, "reason", true, out->reason, sizeof(out->reason));
	out->count = json_count(j, "stamps", true, GIVE_BACK_MAX);
	for (size_t i = 0; i < out->count; i++) {
		json_enter_item(j, "stamps", i);
		read_stamp(c, j, &out->stamp[i]);
		json_leave(j);
	}
	out->who = &c->system;
	return json_close(j, e);
}

bool
api_refund_ask(struct call *c, struct err *e)
{
	struct give_back *ask = calloc(1, sizeof(*ask));
	struct refund_row row;
	bool done;

	if (ask == NULL)
		return err_system(e, "memory");
	done = read_ask(c, ask, e) && give_back_ask(c->w, ask, &row, e) &&
	       give_refund(c, &row, e);
	free(ask);
	return done;
}

static int64_t
refund_id(const struct call *c)
{
	uint64_t id = 0;

	return text_to_u64(c->tail, INT64_MAX, &id) ? (int64_t)id : 0;
}

bool
api_refund(struct call *c, struct err *e)
{
	struct refund_row row;
	bool found;

	if (!give_back_look(c->w, refund_id(c), &row, &found, e))
		return false;
	if (!found || row.account != c->system.account)
		return api_missing(c, "refund");
	return give_refund(c, &row, e);
}

/* --- saying yes or no ------------------------------------------------------------------ */

struct list {
	struct call *c;
	struct json *j;
};

static void
list_refund(void *context, const struct refund_row *row)
{
	struct list *l = context;

	json_item(l->j);
	put_refund(l->c->w, l->j, row);
	json_end(l->j);
}

bool
api_refunds(struct call *c, struct err *e)
{
	const char *state = c->request->query(c->request, "state");
	struct list l = {.c = c};
	bool done;

	if (c->person.customer != 0)
		return err_set(e, ERR_DENIED, "the list is the provider's own");
	l.j = json_new();
	json_begin_array(l.j, "refunds");
	done = store_begin(c->w->store, STORE_READ, e) &&
	       store_refund_list(c->w->store, state ? state : "", LIST_MAX,
		   list_refund, &l, e);
	store_rollback(c->w->store);
	if (!done) {
		json_free(l.j);
		return false;
	}
	json_end(l.j);
	return api_give(c, l.j, e);
}

static bool
read_method(struct call *c, char *method, size_t size, struct err *e)
{
	struct json *j;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_text(j, "method", true, method, size);
	return json_close(j, e);
}

bool
api_refund_approve(struct call *c, struct err *e)
{
	char method[REFUND_REASON] = "";
	struct refund_row row;

	return read_method(c, method, sizeof(method), e) &&
	       give_back_approve(
		   c->w, refund_id(c), &c->person, method, &row, e) &&
	       give_refund(c, &row, e);
}

bool
api_refund_reject(struct call *c, struct err *e)
{
	struct refund_row row;

	return give_back_reject(c->w, refund_id(c), &c->person, &row, e) &&
	       give_refund(c, &row, e);
}
