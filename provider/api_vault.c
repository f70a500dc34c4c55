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

/* Its account's PSDs: what each of them issues and has room for, when the last one
 * expires, what may be spent of all. */
struct psds_said {
	struct psd_row row;
	uint32_t expires;
	mils loaded;
};

static void
put_limits(struct json *j, const struct psds_said *s)
{
	json_put_int(j, "min_stamp", s->row.psd.min_stamp);
	json_put_int(j, "max_stamp", s->row.psd.max_stamp);
	json_put_int(j, "max_descending", s->row.psd.max_descending);
	json_put_int(j, "expires", s->expires);
}

static uint32_t
last_day(const struct psds_found *psds)
{
	uint32_t here = psds->here[0].expires;
	uint32_t elsewhere =
	    psds->elsewhere_count > 0 ? psds->elsewhere[0].expires : 0;

	return here > elsewhere ? here : elsewhere;
}

static bool
read_status(struct call *c, struct psds_said *out, struct err *e)
{
	struct psds_found psds;
	bool found = false, done;

	if (!psds_of(c->w, c->system.account, 0, &psds, e) ||
	    !store_begin(c->w->store, STORE_READ, e))
		return false;
	out->expires = last_day(&psds);
	store_psd_row_ask(c->w->store, psds.here[0].serial, STORE_LOOK);
	done = store_psd_row_get(c->w->store, &out->row, &found, e) &&
	       store_system_loaded(c->w->store, c->system.account,
		   worker_today(c->w), &out->loaded, e);
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
    const struct psds_said *psds, struct err *e)
{
	const struct licence *licence = &c->w->provider->licence;
	struct json *j = json_new();

	put_registers(c, j, u, psds->loaded + u->credit);
	json_put_text(j, "account", u->account_name);
	json_put_int(j, "licence", licence->number);
	json_put_int(j, "currency", licence->currency);
	json_put_text(j, "life", u->why[0] ? "locked" : "operational");
	json_put_text(j, "reason", u->why);
	put_limits(j, psds);
	json_put_int(j, "batch", VAULT_BATCH_MAX);
	json_put_bool(j, "lab", strcmp(licence->vendor, "XX") == 0);
	return api_give(c, j, e);
}

bool
api_vault_status(struct call *c, struct err *e)
{
	struct psds_said psds;

	return read_status(c, &psds, e) && give_status(c, &c->system, &psds, e);
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
	struct psds_said psds;
	mils needed = 0;

	return read_needed(c, &needed, e) && read_status(c, &psds, e) &&
	       check_needed(needed, &psds.row.psd, e) &&
	       issue_funds(c->w, &c->system, needed, &u, &psds.loaded, e) &&
	       give_status(c, &u, &psds, e);
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
