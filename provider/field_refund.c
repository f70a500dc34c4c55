/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/field_refund.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "provider/again.h"
#include "provider/post.h"
#include "provider/store_end.h"
#include "provider/store_field.h"
#include "provider/store_psd.h"
#include "provider/store_refund.h"
#include "vault/refund.h"

#define TRIES 8

/* A list on its way, in a transaction that writes. */
struct claim {
	struct worker *w;
	const struct field_call *call;
	const struct refund_list *list;
	struct refund_request said;
	struct refund_list_row row;
	struct refund_row refund;
	struct refund_answer answer;
};

/* --- is it the PSD's ------------------------------------------------------------------- */

static bool
find_psd(struct claim *c, struct psd_record *psd, struct err *e)
{
	char id[PSD_ID];
	bool found;

	worker_psd_id(c->w, c->call->serial, id);
	if (strcmp(id, c->list->psd_id) != 0)
		return err_set(e, ERR_REQUEST, "a list of %s, not of %s",
		    c->list->psd_id, id);
	if (!store_psd_find(c->w->store, c->call->serial, psd, &found, e))
		return false;
	return (found && psd->field &&
		   psd->here.account == c->call->who->account) ||
	       err_set(e, ERR_DENIED, "%s is no PSD of account %s in the field",
		   id, c->call->who->account_name);
}

static bool
add_cert(struct cert_store *store, const struct cert *c, struct err *e)
{
	uint8_t der[CERT_MAX];
	size_t len;

	return cert_der(c, der, sizeof(der), &len, e) &&
	       cert_store_add(store, der, len, e);
}

static bool
check_signatures(struct claim *c, const struct psd_record *psd, struct err *e)
{
	const struct provider *p = c->w->provider;
	struct cert_store *store = NULL;
	bool done = cert_store_new(&store, e) &&
		    add_cert(store, p->authority, e) &&
		    add_cert(store, p->certificate, e) &&
		    cert_store_add(store, psd->here.certificate,
			psd->here.certificate_len, e) &&
		    refund_check(c->list, store, &c->said, e);

	cert_store_free(store);
	return done;
}

/* A list says how far its PSD was when it was signed, and may be on its way for
 * long; its stamps are before that (refund_check()), and held against all others. */
static bool
check_total(struct claim *c, struct err *e)
{
	char holds[MILS_TEXT];
	bool could;

	if (!store_field_could(c->w->store, c->call->serial, c->said.ascending,
		c->said.control_total, &could, e))
		return false;
	if (!could)
		return err_set(e, ERR_DENIED,
		    "%s holds %s in all, which this provider never gave it: it "
		    "was filled elsewhere, or is another PSD",
		    c->list->psd_id, mils_format(c->said.control_total, holds));
	return store_field_heard(c->w->store, c->call->serial,
	    c->said.ascending, worker_ms(c->w), e);
}

/* --- claiming ---------------------------------------------------------------------------- */

static bool
name_stamp(const struct refund_line *line, struct indicium *in,
    struct stamp_end *out, struct err *e)
{
	return indicium_decode(line->indicium, line->len, in, e) &&
	       post_end(in, out, e);
}

static uint32_t
day_of(int64_t ms)
{
	return date_local((time_t)(ms / 1000));
}

/* The window is of the mail date, which whoever asked the PSD for the stamp chose.
 * So it begins at the latest when the provider knew that there was such a stamp:
 * the register of a stamp only grows, and it was made before any word of the PSD,
 * or any other stamp of it, that has a higher one. */
static bool
too_old(
    struct claim *c, const struct refund_line *line, bool *is, struct err *e)
{
	int64_t asked = c->refund.made != 0 ? c->refund.made : worker_ms(c->w);
	uint32_t first = line->mail_date;
	int64_t known;

	if (!store_field_known(
		c->w->store, c->call->serial, (mils)line->ascending, &known, e))
		return false;
	if (known != 0 && day_of(known) < first)
		first = day_of(known);
	*is = day_of(asked) > date_add(first, c->w->provider->refund_days);
	return true;
}

/* *good: its PSD can have issued it beside all others that ended. */
static bool
check_doubt(struct claim *c, const struct indicium *in,
    const struct stamp_end *stamp, bool *good, struct err *e)
{
	char place[END_PLACE];
	struct doubt d;
	bool withheld;

	snprintf(place, sizeof(place), "list %lu of refunds",
	    (unsigned long)c->said.number);
	if (!doubt_look(c->w, in, stamp, &d, e))
		return false;
	*good = d.kind == DOUBT_NONE;
	return doubt_keep(c->w, &d, stamp, place, &withheld, e);
}

/* *may: it is neither too old nor ended, nor in doubt. */
static bool
look_at(
    struct claim *c, const struct refund_line *line, bool *may, struct err *e)
{
	struct stamp_end stamp = {.made = worker_ms(c->w)}, end;
	struct indicium in;
	bool ended = true, old, good = true;

	if (!name_stamp(line, &in, &stamp, e) ||
	    !store_end_find(c->w->store, stamp.digest, &end, &ended, e) ||
	    (!ended && !check_doubt(c, &in, &stamp, &good, e)) ||
	    !too_old(c, line, &old, e))
		return false;
	*may = !ended && good && line->amount > 0 && !old;
	return true;
}

static bool
claim_one(struct claim *c, const struct refund_line *line, struct err *e)
{
	struct stamp_end end = {
	    .refund = c->refund.id, .made = worker_ms(c->w)};
	struct indicium in;
	bool fresh;

	if (!name_stamp(line, &in, &end, e) ||
	    !store_end_add(c->w->store, &end, &fresh, e))
		return false;
	/* not between look and claim: its PSD is locked */
	return fresh || err_set(e, ERR_BUSY, "a stamp was mailed just now");
}

static bool
sum_up(struct claim *c, bool *may, struct err *e)
{
	c->refund = (struct refund_row){.account = c->call->who->account,
	    .system = c->call->who->id,
	    .made = worker_ms(c->w)};
	snprintf(c->refund.reason, sizeof(c->refund.reason), "%s, list %lu",
	    c->list->psd_id, (unsigned long)c->said.number);
	for (uint32_t i = 0; i < c->list->count; i++) {
		if (!look_at(c, &c->list->lines[i], &may[i], e))
			return false;
		c->refund.stamps += may[i];
		c->refund.total += may[i] ? c->list->lines[i].amount : 0;
	}
	return true;
}

/* A new list: its stamps are claimed, where any can be. */
static bool
claim_list(struct claim *c, struct err *e)
{
	bool may[FIELD_REFUND_MAX];

	if (!sum_up(c, may, e))
		return false;
	c->row = (struct refund_list_row){
	    .psd = c->call->serial, .number = c->said.number};
	memcpy(c->row.digest, c->list->digest, sizeof(c->row.digest));
	if (c->refund.stamps > 0 &&
	    !store_refund_add(c->w->store, &c->refund, &c->refund.id, e))
		return false;
	for (uint32_t i = 0; i < c->list->count; i++)
		if (may[i] && !claim_one(c, &c->list->lines[i], e))
			return false;
	c->row.refund = c->refund.id;
	return store_refund_list_add(c->w->store, &c->row, e);
}

/* --- answering --------------------------------------------------------------------------- */

static bool
judge_one(struct claim *c, const struct refund_line *line,
    struct refund_verdict *v, struct err *e)
{
	struct stamp_end stamp = {.made = 0}, end;
	struct indicium in;
	const char *why;
	bool ended, old, doubted;

	*v = (struct refund_verdict){.ascending = line->ascending};
	if (!name_stamp(line, &in, &stamp, e) ||
	    !store_end_find(c->w->store, stamp.digest, &end, &ended, e) ||
	    !store_doubt_find(c->w->store, stamp.digest, &doubted, e) ||
	    !too_old(c, line, &old, e))
		return false;
	v->accepted = ended && end.refund != 0 && end.refund == c->row.refund;
	if (v->accepted) {
		v->granted = line->amount;
		return true;
	}
	why = ended && end.refund == 0 ? "it was mailed"
	      : ended		       ? "refunded before"
	      : doubted		       ? "its PSD was copied"
	      : old		       ? "too old"
				       : "refused";
	snprintf(v->remark, sizeof(v->remark), "%s", why);
	return true;
}

static bool
judge(struct claim *c, struct err *e)
{
	struct refund_answer *a = &c->answer;

	a->number = c->said.number;
	a->count = c->list->count;
	memcpy(a->psd_id, c->list->psd_id, sizeof(a->psd_id));
	memcpy(a->digest, c->list->digest, sizeof(a->digest));
	a->verdicts = calloc(a->count, sizeof(*a->verdicts));
	if (a->verdicts == NULL)
		return err_system(e, "memory");
	for (uint32_t i = 0; i < a->count; i++) {
		if (!judge_one(c, &c->list->lines[i], &a->verdicts[i], e))
			return false;
		a->total += a->verdicts[i].granted;
	}
	return true;
}

static bool
write_answer(struct claim *c, struct err *e)
{
	uint8_t sig[SIG_BYTES];
	FILE *f = open_memstream(&c->row.answer, &c->row.len);
	bool done;

	if (f == NULL)
		return err_system(e, "memory");
	refund_write_answer(f, &c->answer);
	done = fflush(f) == 0 && authority_sign(c->w->provider->keys,
				     c->row.answer, c->row.len, sig, e);
	if (done)
		refund_write_signature(f, sig);
	return fclose(f) == 0 ? done : err_system(e, "memory");
}

/* Where it can be: nothing was claimed, or persons said yes or no. */
static bool
answer_list(struct claim *c, struct err *e)
{
	bool found = false;

	if (c->row.refund != 0 && !store_refund_find(c->w->store, c->row.refund,
				      false, &c->refund, &found, e))
		return false;
	if (found && strcmp(c->refund.state, "asked") == 0)
		return true;
	return judge(c, e) && write_answer(c, e) &&
	       store_refund_list_answer(c->w->store, &c->row, e);
}

/* Locks the PSD, so that a list is not claimed twice.  One that was taken stays so:
 * its PSD may have got on since. */
static bool
take_list(struct claim *c, struct err *e)
{
	struct store *s = c->w->store;
	struct field_row row;
	bool found, known;

	if (!store_field_lock(s, c->call->serial, 0, &row, &found, e) ||
	    !store_refund_list_find(
		s, c->call->serial, c->said.number, &c->row, &known, e))
		return false;
	if (known &&
	    memcmp(c->row.digest, c->list->digest, sizeof(c->row.digest)) != 0)
		return err_set(e, ERR_DENIED,
		    "another list had number %lu: it was signed by a copy of "
		    "%s",
		    (unsigned long)c->said.number, c->list->psd_id);
	return known || (check_total(c, e) && claim_list(c, e));
}

static bool
run(struct claim *c, struct err *e)
{
	struct psd_record psd;

	return store_begin(c->w->store, STORE_WRITE, e) &&
	       find_psd(c, &psd, e) && check_signatures(c, &psd, e) &&
	       take_list(c, e) &&
	       (c->row.answer != NULL || answer_list(c, e)) &&
	       store_commit(c->w->store, e);
}

static bool
claim_at_last(struct worker *w, const struct field_call *call,
    const struct refund_list *list, char **answer, size_t *len, struct err *e)
{
	struct again a;
	bool done;

	again_begin(&a, TRIES);
	do {
		struct claim c = {.w = w, .call = call, .list = list};

		done = run(&c, e);
		store_rollback(w->store);
		refund_free_answer(&c.answer);
		*answer = done ? c.row.answer : NULL;
		*len = c.row.len;
		if (!done)
			free(c.row.answer);
	} while (!done && again(&a, w, e));
	return done;
}

bool
field_refund(struct worker *w, const struct field_call *call, char **answer,
    size_t *len, struct err *e)
{
	struct refund_list list;
	bool done;

	*answer = NULL;
	if (!refund_parse((const char *)call->msg, call->len, &list, e))
		return false;
	done = list.count <= FIELD_REFUND_MAX
		   ? claim_at_last(w, call, &list, answer, len, e)
		   : err_set(e, ERR_REQUEST,
			 "a list has at most %d stamps here", FIELD_REFUND_MAX);
	refund_free(&list);
	return done;
}
