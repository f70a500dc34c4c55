/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A user system's vault: the other end of vault/remote.c.
 */
#include "provider/api_stamps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "provider/auth.h"
#include "provider/psds.h"
#include "vault/vault.h"

#define FIND_MAX ISSUE_MAX

/* --- status --------------------------------------------------------------------------- */

/* Of several PSDs: what all of them have room for, what each issues. */
static void
put_limits(struct json *j, const struct psd *p)
{
	json_put_int(j, "min_stamp", p->min_stamp);
	json_put_int(j, "max_stamp", p->max_stamp);
	json_put_int(j, "max_descending", p->max_descending);
	json_put_int(j, "expires", p->expires);
}

static bool
read_status(struct call *c, struct psd_row *row, mils *loaded, struct err *e)
{
	const struct psd_here *list;
	size_t count;
	bool found = false, done;

	if (!psds_of(c->w, c->system.account, &list, &count, e)) {
		if (e->kind ==
		    ERR_CONFIG) /* this account's, not the server's */
			e->kind = ERR_DENIED;
		return false;
	}
	if (!store_begin(c->w->store, STORE_READ, e))
		return false;
	store_psd_row_ask(c->w->store, list[0].serial, STORE_LOOK);
	done = store_psd_row_get(c->w->store, row, &found, e) &&
	       store_system_loaded(c->w->store, c->system.account, loaded, e);
	store_rollback(c->w->store);
	return done && (found || err_set(e, ERR_CORRUPT, "a PSD has gone"));
}

static void
put_registers(
    struct call *c, struct json *j, const struct user_system *u, mils left)
{
	char id[PSD_ID];

	json_put_text(j, "system", worker_system_id(c->w, u->id, id));
	json_put_int(j, "ascending", u->ascending);
	json_put_int(j, "descending", left);
	json_put_int(j, "piece_count", u->pieces);
	json_put_digits(j, "fence", (uint64_t)u->fence);
}

static bool
give_status(struct call *c, const struct user_system *u,
    const struct psd_row *row, mils loaded, struct err *e)
{
	const struct licence *licence = &c->w->provider->licence;
	struct json *j = json_new();

	put_registers(c, j, u, loaded + u->credit);
	json_put_text(j, "account", u->account_name);
	json_put_int(j, "licence", licence->number);
	json_put_int(j, "currency", licence->currency);
	json_put_text(j, "life", u->why[0] ? "locked" : "operational");
	json_put_text(j, "reason", u->why);
	put_limits(j, &row->psd);
	json_put_int(j, "batch", VAULT_BATCH_MAX);
	json_put_bool(j, "lab", strcmp(licence->vendor, "XX") == 0);
	return api_give(c, j, e);
}

bool
api_vault_status(struct call *c, struct err *e)
{
	struct psd_row row;
	mils loaded;

	return read_status(c, &row, &loaded, e) &&
	       give_status(c, &c->system, &row, loaded, e);
}

/* --- funds ------------------------------------------------------------------------------ */

static bool
read_needed(struct call *c, mils *out, struct err *e)
{
	struct json *j;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_int(j, "needed", true, 0, INT64_MAX, out);
	return json_close(j, e);
}

/* A card is charged for no more than what one order could come to. */
static bool
check_needed(mils needed, const struct psd *p, struct err *e)
{
	mils most = ISSUE_MAX * p->max_stamp;
	char text[MILS_TEXT];

	return needed <= most ||
	       err_set(e, ERR_DENIED,
		   "no more than %s is had ready at once: pay in before",
		   mils_format(most, text));
}

bool
api_vault_funds(struct call *c, struct err *e)
{
	struct user_system u;
	struct psd_row row;
	mils needed = 0, loaded;

	return read_needed(c, &needed, e) && read_status(c, &row, &loaded, e) &&
	       check_needed(needed, &row.psd, e) &&
	       issue_funds(c->w, &c->system, needed, &u, &loaded, e) &&
	       give_status(c, &u, &row, loaded, e);
}

/* --- indicia ---------------------------------------------------------------------------- */

static bool
read_order(struct call *c, struct issue_order *out, struct err *e)
{
	struct json *j;
	uint64_t fence = 0;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_digits(j, "fence", true, INT64_MAX, &fence);
	json_take_int(j, "total", true, 0, INT64_MAX, &out->total);
	api_take_stamps(j, out);
	out->fence = (int64_t)fence;
	out->who = &c->system;
	return json_close(j, e);
}

struct work {
	struct issue_order order;
	struct issue_result result;
	uint8_t keys[FIND_MAX][PSD_KEY_BYTES];
};

static struct work *
new_work(struct err *e)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		err_system(e, "memory");
	return work;
}

bool
api_vault_indicia(struct call *c, struct err *e)
{
	struct work *work = new_work(e);
	bool done = work != NULL && read_order(c, &work->order, e) &&
		    issue_stamps(c->w, &work->order, &work->result, e) &&
		    api_give_issued(c, &work->result, e);

	if (!done && work != NULL && work->result.stranger) {
		auth_forget(c->w, c->system.id);
		c->stranger = true;
	}
	/* The client's fault, not this server's. */
	if (!done && work != NULL && work->result.other_request) {
		http_conflict(c->out, c->request, e);
		done = true;
	}
	free(work);
	return done;
}

/* --- finding ---------------------------------------------------------------------------------- */

static bool
read_keys(struct call *c, struct work *work, size_t *count, struct err *e)
{
	char text[2 * PSD_KEY_BYTES + 1];
	struct json *j;
	size_t len;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	*count = json_count(j, "keys", true, FIND_MAX);
	for (size_t i = 0; i < *count; i++) {
		json_item_text(j, "keys", i, text, sizeof(text));
		if (!bytes_from_hex(text, work->keys[i], PSD_KEY_BYTES, &len) ||
		    len != PSD_KEY_BYTES)
			json_blame(j, "keys", "32 hexadecimal digits");
	}
	return json_close(j, e);
}

static bool
give_found(struct call *c, const struct issue_result *r, struct err *e)
{
	struct json *j = json_new();

	json_put_digits(j, "fence", (uint64_t)r->system.fence);
	json_begin_array(j, "stamps");
	for (size_t i = 0; i < r->count; i++)
		if (r->replayed[i])
			api_put_stamp(c, j, &r->stamp[i], true);
	json_end(j);
	return api_give(c, j, e);
}

bool
api_vault_find(struct call *c, struct err *e)
{
	struct work *work = new_work(e);
	size_t count = 0;
	bool done = work != NULL && read_keys(c, work, &count, e) &&
		    issue_find(c->w, c->system.id, work->keys, count,
			&work->result, e) &&
		    give_found(c, &work->result, e);

	free(work);
	return done;
}

bool
api_vault_recent(struct call *c, struct err *e)
{
	struct work *work = new_work(e);
	bool done = work != NULL && issue_recent(c->w, c->system.id, PSD_RING,
					&work->result, e);

	if (done) {
		for (size_t i = 0; i < work->result.count; i++)
			work->result.replayed[i] = true;
		work->result.system = c->system;
		done = give_found(c, &work->result, e);
	}
	free(work);
	return done;
}
