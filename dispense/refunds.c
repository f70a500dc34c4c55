/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/refunds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/refund.h"

/* A request on its way. */
struct work {
	struct journal *j;
	struct vault *v;
	const struct books_by *by;
	bool pooled; /* the provider numbers it, no PSD here signs */
	char psd_id[32];
};

static bool
end(struct work *w, bool done, struct err *e)
{
	if (done)
		return journal_commit(w->j, e);
	journal_abort(w->j);
	return false;
}

/* --- signed by a PSD ---------------------------------------------------------- */

static bool
sign(struct work *w, const struct books_request *r,
    const struct refund_list *list, struct err *e)
{
	struct psd_claim claim = {
	    .date = list->date, .count = list->count, .total = list->total};
	uint8_t msg[PSD_MESSAGE_MAX];
	struct refund_request said;
	size_t len;

	memcpy(claim.digest, list->digest, PSD_DIGEST);
	return vault_refund_request(w->v, &claim, msg, &len, e) &&
	       message_get_refund(msg, len, &said, e) &&
	       journal_begin(w->j, e) &&
	       end(w,
		   books_signed(w->j, r->id, said.number, msg, len, w->by, e),
		   e);
}

/* --- asked at a provider ------------------------------------------------------- */

/* One reason for all of them. */
static void
name_reason(const struct refund_list *list, char out[VAULT_REASON_MAX])
{
	bool same = true;

	for (uint32_t i = 1; i < list->count; i++)
		same = same && strcmp(list->lines[i].reason,
				   list->lines[0].reason) == 0;
	snprintf(out, VAULT_REASON_MAX, "%.100s%s", list->lines[0].reason,
	    same ? "" : ", and others");
}

/* A "no" gives the stamps free for another request.  If an earlier question of
 * a lost run is late still, its provider has a refund of stamps that are
 * spoiled here: the same stamps asked for again are that one. */
static bool
refuse(struct work *w, const struct books_request *r, struct err *e)
{
	struct err own = ERR_INIT;

	if (journal_begin(w->j, &own) &&
	    end(w, books_refused(w->j, r->id, e->text, w->by, &own), &own))
		return false;
	*e = own;
	return false;
}

static bool
ask(struct work *w, const struct books_request *r,
    const struct refund_list *list, struct err *e)
{
	uint8_t keys[VAULT_REFUND_MAX][PSD_KEY_BYTES];
	struct vault_spoiled what = {
	    .keys = (const uint8_t(*)[PSD_KEY_BYTES])keys,
	    .total = list->total};
	struct vault_refund got;
	bool no;

	name_reason(list, what.reason);
	if (!books_request_keys(
		w->j, r->id, keys, VAULT_REFUND_MAX, &what.count, e))
		return false;
	if (!vault_refund_ask(w->v, &what, &got, &no, e))
		return no ? refuse(w, r, e) : false;
	return journal_begin(w->j, e) &&
	       end(w, books_numbered(w->j, r->id, got.number, w->by, e), e);
}

/* --- requests ------------------------------------------------------------------- */

static bool
complete(struct work *w, const struct books_request *r, struct err *e)
{
	struct refund_list list;
	bool done;

	if (!refund_parse(r->text, strlen(r->text), &list, e))
		return false;
	done = w->pooled ? ask(w, r, &list, e) : sign(w, r, &list, e);
	refund_free(&list);
	return done;
}

/* Completes what an earlier run left without a number; *id = the last one, 0 =
 * there was none. */
static bool
complete_waiting(struct work *w, int64_t *id, struct err *e)
{
	struct books_request r;
	int64_t next;
	bool done;

	*id = 0;
	for (;;) {
		if (!books_unsigned(w->j, w->psd_id, &next, e))
			return false;
		if (next == 0)
			return true;
		*id = next;
		if (!books_request_load(w->j, next, &r, e))
			return false;
		done = complete(w, &r, e);
		books_request_free(&r);
		if (!done)
			return false;
	}
}

bool
refunds_request(struct journal *j, struct vault *v,
    const struct books_choice *choices, size_t count, uint32_t today,
    const struct books_by *by, int64_t *id, struct err *e)
{
	struct work w = {.j = j, .v = v, .by = by};
	struct books_pick pick = {
	    .choices = count ? choices : NULL, .count = count, .date = today};
	struct psd_status status;

	if (!vault_status(v, &status, e))
		return false;
	w.pooled = status.pooled;
	journal_psd_id(&status, w.psd_id);
	pick.psd_id = w.psd_id;
	pick.most = w.pooled ? VAULT_REFUND_MAX : REFUND_STAMPS_MAX;
	if (!complete_waiting(&w, id, e))
		return false;
	return *id != 0 || (journal_begin(j, e) &&
			       end(&w, books_claim(j, &pick, by, id, e), e) &&
			       complete_waiting(&w, id, e));
}

/* --- what became of it ------------------------------------------------------------ */

static bool
write_answer(const struct books_request *r, const struct vault_refund *now,
    const struct refund_list *list, char **text, size_t *len, struct err *e)
{
	bool yes = now->state == VAULT_REFUND_APPROVED;
	struct refund_answer a = {.number = r->number,
	    .count = list->count,
	    .total = yes ? list->total : 0};
	FILE *f = NULL;

	a.verdicts = calloc(list->count, sizeof(*a.verdicts));
	if (a.verdicts != NULL)
		f = open_memstream(text, len);
	if (f == NULL) {
		free(a.verdicts);
		return err_system(e, "memory for an answer");
	}
	memcpy(a.psd_id, r->psd_id, sizeof(a.psd_id));
	memcpy(a.digest, list->digest, PSD_DIGEST);
	for (uint32_t i = 0; i < list->count; i++) {
		a.verdicts[i].ascending = list->lines[i].ascending;
		a.verdicts[i].accepted = yes;
		a.verdicts[i].granted = yes ? list->lines[i].amount : 0;
	}
	refund_write_answer(f, &a);
	refund_write_unsigned(f);
	free(a.verdicts);
	return fclose(f) == 0 || err_system(e, "memory for an answer");
}

static bool
is_of(struct vault *v, const struct books_request *r, struct err *e)
{
	struct psd_status status;
	char id[32];

	if (!vault_status(v, &status, e))
		return false;
	journal_psd_id(&status, id);
	return strcmp(id, r->psd_id) == 0 ||
	       err_set(e, ERR_REQUEST,
		   "request %" PRIu32 " was asked for by %s, and vault %s is "
		   "%s: name the other one by --vault",
		   r->number, r->psd_id, vault_name(v), id);
}

bool
refunds_look(struct vault *v, const struct books_request *r,
    struct vault_refund *now, char **answer, size_t *len, struct err *e)
{
	struct refund_list list;
	bool done;

	*answer = NULL;
	if (!is_of(v, r, e) || !vault_refund_look(v, r->number, now, e))
		return false;
	if (now->stamps != r->count || now->total != r->total)
		return err_set(e, ERR_CORRUPT,
		    "refund %" PRIu32 " of the provider is not what was asked "
		    "for here",
		    r->number);
	if (now->state == VAULT_REFUND_ASKED)
		return true;
	if (!refund_parse(r->text, strlen(r->text), &list, e))
		return false;
	done = write_answer(r, now, &list, answer, len, e);
	refund_free(&list);
	return done;
}
