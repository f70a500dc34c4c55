/* SPDX-License-Identifier: Apache-2.0 */
/* one stamp: its key, its dates, its price, what the vault will be asked */
#include "dispense/dispense_own.h"
#include "dispense/policy.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "stamp/indicium.h"

#define VALUE_ONLY "AMNT" /* rate category of a bare amount */
#define KEY_BYTES  512

/* The stamp's key: everything that tells it from any other. */
static bool
make_key(const struct document *doc, const struct stamp_request *r,
    uint8_t out[PSD_KEY_BYTES], struct err *e)
{
	uint8_t buf[KEY_BYTES], hash[32];
	struct bytes_writer w;

	bytes_writer_init(&w, buf, sizeof(buf));
	bytes_write_str(&w, doc->job.queue);
	bytes_write_le(&w, doc->job.id, 4);
	bytes_write_le(&w, doc->job.created, 4);
	bytes_write_str(&w, doc->job.uuid);
	bytes_write_le(&w, doc->doc.ordinal, 4);
	bytes_write(&w, doc->doc.content, JOURNAL_HASH);
	bytes_write_le(&w, doc->doc.epoch, 4);
	bytes_write_le(&w, doc->doc.again, 4);
	bytes_write_le(&w, r->page, 4);
	bytes_write_le(&w, r->place, 4);
	bytes_write_le(&w, r->copy, 4);
	if (w.failed ||
	    EVP_Digest(buf, w.pos, hash, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_SYSTEM, "no key of a stamp");
	memcpy(out, hash, PSD_KEY_BYTES);
	return true;
}

/* The day on which a piece stamped now is collected. */
static bool
next_collection(const struct document *doc, uint32_t *date, struct err *e)
{
	const struct queue_settings *q = &doc->queue;
	struct dispense *d = doc->d;
	int minute = calendar_minute(dispense_now(d));
	bool late = q->cutoff_min >= 0 && minute >= q->cutoff_min;

	if (d->calendar == NULL) {
		d->calendar = calloc(1, sizeof(*d->calendar));
		if (d->calendar == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		if (!calendar_load(q->holidays, d->calendar, e))
			return false;
	}
	*date = calendar_collection(d->calendar, q->collection,
	    date_add(dispense_today(d), late ? 1 : 0));
	return *date != 0 ||
	       err_set(e, ERR_CONFIG,
		   "%s: no day of a whole year is one of collection",
		   q->holidays);
}

static bool
set_mailby(const struct document *doc, const struct mark *m,
    struct psd_request *p, struct err *e)
{
	int days = settings_mailby(&doc->queue, m->rate_class);
	char a[DATE_TEXT], b[DATE_TEXT];

	p->mailby = mark_date(m->mailby, p->mail_date);
	if (p->mailby == 0 && days >= 0)
		p->mailby = date_add(p->mail_date, days);
	if (p->mailby == 0 ||
	    (date_valid(p->mailby) && p->mailby >= p->mail_date))
		return true;
	return err_set(e, ERR_REQUEST,
	    "mail-by date %s is before the mail date %s",
	    date_format(p->mailby, a), date_format(p->mail_date, b));
}

static bool
set_dates(const struct document *doc, const struct mark *m,
    struct psd_request *p, struct err *e)
{
	uint32_t today = dispense_today(doc->d);
	uint32_t last = date_add(today, doc->queue.days_ahead);
	char a[DATE_TEXT], b[DATE_TEXT];

	if (m->date == 0)
		return next_collection(doc, &p->mail_date, e) &&
		       set_mailby(doc, m, p, e);
	p->mail_date = mark_date(m->date, today);
	if (!date_valid(p->mail_date) || p->mail_date < today)
		return err_set(e, ERR_REQUEST,
		    "mail date %s is in the past: today is %s",
		    date_format(p->mail_date, a), date_format(today, b));
	if (p->mail_date > last)
		return err_set(e, ERR_REQUEST,
		    "mail date %s is more than %d days ahead: %s is the last",
		    date_format(p->mail_date, a), doc->queue.days_ahead,
		    date_format(last, b));
	return set_mailby(doc, m, p, e);
}

/* An amount was written for the prices of today.  A class is priced by the
 * mail date, so it may cross a change of prices, an amount alone may not. */
static bool
check_amount_date(const struct document *doc, const struct mark *m,
    const struct psd_request *p, struct err *e)
{
	uint32_t today = dispense_today(doc->d), change;
	char a[DATE_TEXT], b[DATE_TEXT];

	if (p->mail_date == today || m->kind == KIND_SPECIMEN)
		return true;
	if (!dispense_rates(doc->d, e))
		return false;
	change = rates_next_change(doc->d->rates, today);
	if (change == 0 || p->mail_date < change)
		return true;
	return err_set(e, ERR_REQUEST,
	    "prices change on %s, before the mail date %s: name the class, "
	    "which is priced by its mail date, instead of the amount",
	    date_format(change, a), date_format(p->mail_date, b));
}

static bool
check_cost(const struct document *doc, const struct mark *m, struct err *e)
{
	const struct queue_settings *q = &doc->queue;
	struct dispense *d = doc->d;
	const struct cost_code *code;
	char near[COST_NEAR_MAX];

	if (m->kind == KIND_SPECIMEN)
		return true;
	if (m->cost[0] == '\0' && q->cost_required)
		return err_set(e, ERR_REQUEST,
		    "queue %s wants a cost code: write cost=CODE into the "
		    "mark, or print with PostageCost=CODE",
		    q->name);
	if (m->cost[0] == '\0' || q->cost_codes[0] == '\0')
		return true;
	if (d->costs == NULL && !cost_load(q->cost_codes, &d->costs, e))
		return false;
	code = cost_find(d->costs, m->cost);
	if (code == NULL) {
		cost_near(d->costs, m->cost, near);
		return err_set(e, ERR_REQUEST,
		    "there is no cost code \"%s\"%s%s%s", m->cost,
		    near[0] ? "; is it one of " : "", near,
		    near[0] ? "?" : ": ask who keeps the list");
	}
	if (policy_listed(d->settings, code->users, doc->job.user))
		return true;
	return err_set(e, ERR_DENIED,
	    "user %s may not use cost code %s (%s): ask who keeps the list, "
	    "then release the job, or cancel it",
	    doc->job.user, code->code, code->text);
}

static bool
set_price(const struct document *doc, const struct mark *m,
    struct journal_stamp *s, struct err *e)
{
	const struct rate_piece piece = {
	    m->rate_class, m->extra, m->weight_mg, s->psd.mail_date};
	struct rate_price price = {.rate = {.category = VALUE_ONLY}};
	const struct rate *rate = &price.rate;

	if (m->kind == KIND_CORRECTION) {
		s->quote.amount = 0;
	} else if (m->has_amount && m->extra[0]) {
		return err_set(e, ERR_REQUEST,
		    "extra=%s has a price beside a class only: leave the "
		    "amount out, or put all of it into the amount",
		    m->extra);
	} else if (m->rate_class[0]) {
		if (!dispense_rates(doc->d, e) ||
		    !rates_find(doc->d->rates, &piece, &price, e))
			return false;
		if (m->has_amount && m->amount != price.total &&
		    !check_amount_date(doc, m, &s->psd, e))
			return false;
		s->quote.amount = m->has_amount ? m->amount : price.total;
	} else if (m->has_amount) {
		if (!check_amount_date(doc, m, &s->psd, e))
			return false;
		s->quote.amount = m->amount;
	} else
		return err_set(e, ERR_REQUEST,
		    "no amount and no class: write [[postage 0.78]] or "
		    "[[postage class=letter]], or choose one in the print "
		    "dialog");
	if (s->quote.amount == 0 && m->kind != KIND_CORRECTION)
		return err_set(e, ERR_REQUEST, "the amount is 0");
	s->quote.surcharge = price.surcharge;
	memcpy(
	    s->quote.surcharges, price.surcharges, sizeof(s->quote.surcharges));
	memcpy(s->quote.category, rate->category, sizeof(rate->category));
	memcpy(s->quote.class_name, rate->name, sizeof(s->quote.class_name));
	memcpy(s->psd.category, rate->category, sizeof(rate->category));
	s->psd.price_list = rate->list;
	return true;
}

bool
dispense_specimen(
    const struct journal_stamp *s, struct indicium *out, struct err *e)
{
	const struct psd_request *p = &s->psd;

	*out = (struct indicium){.format = FORMAT_IBI,
	    .version = p->sheet_serial ? IBI_VERSION_SHEET : IBI_VERSION,
	    .algorithm = IBI_ALGORITHM,
	    .vendor = "XX",
	    .model = "  ",
	    .postage = (uint32_t)s->quote.amount,
	    .mail_date = p->mail_date,
	    .origin_zip = p->origin_zip,
	    .destination = p->sheet_serial ? 0 : p->destination,
	    .sheet_serial = p->sheet_serial,
	    .label = p->label,
	    .has = HAS_KIND | (p->mailby ? HAS_MAILBY : 0U),
	    .mailby = p->mailby,
	    .kind = INDICIUM_SPECIMEN,
	    .signature_len = INDICIUM_SIGNATURE};
	memcpy(out->category, p->category, sizeof(out->category));
	if (p->brief)
		out->has = 0;
	return indicium_set_extensions(out) ||
	       err_set(e, ERR_REQUEST, "no room for the stamp's fields");
}

/* The stamp as the vaults would issue it: all that may, alike, because its place
 * on the paper is chosen before anybody knows which one will.  Where none may
 * spend, what is said of that comes later. */
static bool
issued_length(const struct pool *p, const struct psd_request *r, size_t *len,
    struct err *e)
{
	struct err why = ERR_INIT;
	const struct pool_member *first = NULL;
	size_t other;

	for (size_t i = 0; i < p->count; i++) {
		const struct pool_member *m = &p->member[i];

		if (!m->there || (first != NULL && !m->may_spend))
			continue;
		if (!pool_may_issue(&m->status, r, &why)) {
			if (e->kind == ERR_NONE)
				*e = why;
			continue;
		}
		if (!psd_indicium_len(&m->status, r, &other, e))
			return false;
		if (first != NULL && first->may_spend && other != *len)
			return err_set(e, ERR_CONFIG,
			    "%s and %s issue stamps of different lengths: give "
			    "each queues of its own",
			    first->id, m->id);
		if (first == NULL || !first->may_spend) {
			first = m;
			*len = other;
		}
	}
	if (first != NULL)
		*e = (struct err)ERR_INIT;
	return first != NULL;
}

static bool
set_length(const struct pool *p, struct journal_stamp *s, struct err *e)
{
	uint8_t bytes[INDICIUM_MAX];
	struct indicium in;
	size_t len;
	bool done;

	if (s->psd.kind == INDICIUM_SPECIMEN)
		done = dispense_specimen(s, &in, e) &&
		       indicium_encode(&in, bytes, sizeof(bytes), &len, e);
	else
		done = issued_length(p, &s->psd, &len, e);
	if (done)
		s->quote.indicium_len = (uint16_t)len;
	return done;
}

bool
dispense_price(const struct document *doc, const struct stamp_request *r,
    struct journal_stamp *s, struct err *e)
{
	struct mark m = r->mark;

	*s = (struct journal_stamp){.request = *r};
	if (r->page == 0 || r->place == 0 || r->copy == 0)
		return err_set(e, ERR_REQUEST,
		    "page, place and copy count "
		    "from 1");
	mark_inherit(&m, &doc->queue.mark);
	s->request.mark = m;
	s->psd.kind = m.kind == KIND_CORRECTION ? INDICIUM_CORRECTION
		      : m.kind == KIND_SPECIMEN ? INDICIUM_SPECIMEN
						: INDICIUM_POSTAGE;
	if (!policy_mark(&doc->queue, &m, e) || !check_cost(doc, &m, e) ||
	    !set_dates(doc, &m, &s->psd, e) || !set_price(doc, &m, s, e) ||
	    !make_key(doc, r, s->psd.key, e))
		return false;
	s->psd.brief = m.size == SIZE_SMALL;
	s->psd.amount = m.kind == KIND_SPECIMEN ? 0 : s->quote.amount;
	s->psd.origin_zip = m.origin;
	s->psd.destination = m.to;
	s->psd.sender_zip = m.from == m.origin ? 0 : m.from;
	if (r->sheet_serial && r->label) {
		s->psd.sheet_serial = r->sheet_serial;
		s->psd.label = r->label;
	}
	s->quote.mail_date = s->psd.mail_date;
	s->quote.mailby = s->psd.mailby;
	s->quote.origin_zip = s->psd.origin_zip;
	return set_length(&doc->d->pool, s, e);
}
