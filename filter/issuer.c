/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/issuer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/date.h"
#include "dispense/rates.h"
#include "stamp/indicium.h"

#define BATCH	 CLIENT_ISSUE_MAX
#define BATCH_MS 1000 /* of the vault's time that a batch is to take */
#define WAIT_MS	 1000
#define SLOW_MS	 5000 /* a vault that is well has signed by then */

#define SPECIMEN_VENDOR "XX"
#define SPECIMEN_MODEL	"SP"

struct issuer {
	struct client *client; /* NULL: specimens */
	const struct settings *settings;
	const struct stamp_request *requests;
	struct stamp_quote *quotes;
	size_t count;
	struct quote_common common;
	struct rates *rates; /* specimens: what classes cost, or NULL */

	struct issued_stamp batch[BATCH];
	size_t batch_first, batch_count;

	/* what was asked for and is not here yet */
	size_t ahead_first, ahead_count;
	int64_t asked_ms;
	size_t pace; /* stamps of a batch; 0 = not known yet */

	issuer_wait_fn *wait;
	void *wait_context;
};

bool
issuer_open(const struct settings *settings, const struct job *job,
    struct issuer **out, struct err *e)
{
	struct issuer *i = calloc(1, sizeof(*i));

	if (i == NULL)
		return err_system(e, "memory for stamps");
	i->settings = settings;
	if (job != NULL &&
	    !client_open(settings->socket, ROLE_FILTER, job, &i->client, e)) {
		free(i);
		return false;
	}
	*out = i;
	return true;
}

void
issuer_close(struct issuer *i)
{
	if (i == NULL)
		return;
	client_close(i->client);
	rates_free(i->rates);
	free(i->quotes);
	free(i);
}

void
issuer_on_wait(struct issuer *i, issuer_wait_fn *fn, void *context)
{
	i->wait = fn;
	i->wait_context = context;
}

/* A call of the daemon that may find the vault away. */
typedef bool vault_call(struct issuer *i, size_t index, struct err *e);

/* Tries again until somebody has put the card into its reader. */
static bool
patiently(struct issuer *i, vault_call *call, size_t index, struct err *e)
{
	int64_t end = clock_ms() + 1000 * (int64_t)i->settings->absent_s;
	bool done, waited = false;

	while (!(done = call(i, index, e)) &&
	       (e->kind == ERR_ABSENT || e->kind == ERR_BUSY) &&
	       client_is_open(i->client) && i->wait != NULL &&
	       clock_ms() < end && i->wait(i->wait_context, e->text)) {
		waited = true;
		nanosleep(&(struct timespec){.tv_sec = WAIT_MS / 1000}, NULL);
		*e = (struct err)ERR_INIT;
	}
	if (waited && i->wait != NULL)
		(void)i->wait(i->wait_context, NULL);
	return done;
}

bool
issuer_sheet(struct issuer *i, uint64_t serial, const char *media, bool *used,
    size_t count, struct err *e)
{
	if (i->client != NULL)
		return client_sheet(i->client, serial, media, used, count, e);
	memset(used, 0, count * sizeof(*used));
	return true;
}

/* An indicium with every field but the signature, which is all zero. */
static bool
specimen_encode(const struct stamp_request *r, const struct stamp_quote *q,
    size_t index, struct issued_stamp *out, struct err *e)
{
	struct indicium in = {.format = FORMAT_IBI,
	    .version = r->sheet_serial != 0 ? IBI_VERSION_SHEET : IBI_VERSION,
	    .algorithm = IBI_ALGORITHM,
	    .vendor = SPECIMEN_VENDOR,
	    .model = SPECIMEN_MODEL,
	    .ascending = index + 1, /* no two specimens look the same */
	    .postage = (uint32_t)q->amount,
	    .mail_date = q->mail_date,
	    .origin_zip = q->origin_zip,
	    .destination = r->sheet_serial != 0 ? 0 : r->mark.to,
	    .sheet_serial = r->sheet_serial,
	    .label = r->label,
	    .has = HAS_KIND | HAS_PIECE | HAS_EXPIRY |
		   (q->mailby != 0 ? HAS_MAILBY : 0u),
	    .mailby = q->mailby,
	    .psd_expires = date_add(q->mail_date, 365),
	    .piece_count = (uint32_t)index + 1,
	    .kind = 2,
	    .signature_len = INDICIUM_SIGNATURE};
	size_t len;

	memcpy(in.category, q->category, sizeof(in.category));
	if (r->mark.size == SIZE_SMALL)
		in.has = 0;
	if (!indicium_set_extensions(&in) ||
	    !indicium_encode(
		&in, out->indicium, sizeof(out->indicium), &len, e))
		return false;
	out->len = (uint16_t)len;
	return true;
}

/* The amount of a mark, or what its class costs. */
static bool
specimen_price(struct issuer *i, const struct mark *m, struct stamp_quote *q,
    struct err *e)
{
	const struct rate_piece piece = {
	    m->rate_class[0] != '\0' ? m->rate_class : "letter", m->extra,
	    m->weight_mg, q->mail_date};
	struct rate_price price;

	memcpy(q->category, "    ", 5);
	if (m->has_amount) {
		q->amount = m->amount;
		return true;
	}
	if (m->kind == KIND_CORRECTION)
		return true;
	if (i->rates == NULL && !rates_load(i->settings->rates, &i->rates, e))
		return false;
	if (!rates_find(i->rates, &piece, &price, e))
		return false;
	q->amount = price.total;
	q->surcharge = price.surcharge;
	memcpy(q->surcharges, price.surcharges, sizeof(q->surcharges));
	memcpy(q->category, price.rate.category, sizeof(q->category));
	memcpy(q->class_name, price.rate.name, sizeof(q->class_name));
	return true;
}

static bool
specimen_quote(struct issuer *i, size_t index, struct err *e)
{
	const struct stamp_request *r = &i->requests[index];
	struct stamp_quote *q = &i->quotes[index];
	struct issued_stamp probe;
	int days = settings_mailby(&i->settings->defaults, r->mark.rate_class);
	uint32_t today = date_local(time(NULL));

	q->mail_date =
	    r->mark.date != 0 ? mark_date(r->mark.date, today) : today;
	q->mailby = mark_date(r->mark.mailby, q->mail_date);
	if (q->mailby == 0 && days > 0)
		q->mailby = date_add(q->mail_date, days);
	q->origin_zip = r->mark.origin;
	if (!specimen_price(i, &r->mark, q, e) ||
	    !specimen_encode(r, q, index, &probe, e))
		return err_prefix(e, "page %u, stamp %u", r->page, r->place);
	q->indicium_len = probe.len;
	return mils_add(i->common.total, q->amount, &i->common.total) ||
	       err_set(e, ERR_REQUEST, "the sum of all stamps is too large");
}

static bool
quote_all(struct issuer *i, size_t count, struct err *e)
{
	return client_quote(
	    i->client, i->requests, count, i->quotes, &i->common, e);
}

bool
issuer_quote(struct issuer *i, const struct stamp_request *in, size_t count,
    struct err *e)
{
	i->requests = in;
	i->count = count;
	i->quotes = calloc(count + 1, sizeof(*i->quotes));
	if (i->quotes == NULL)
		return err_system(e, "memory for stamps");
	if (i->client != NULL)
		return patiently(i, quote_all, count, e);
	i->common = (struct quote_common){.specimen = true};
	memcpy(i->common.psd_id, "SPECIMEN", 9);
	memcpy(i->common.origin_place, i->settings->defaults.origin_place,
	    sizeof(i->common.origin_place));
	for (size_t k = 0; k < count; k++)
		if (!specimen_quote(i, k, e))
			return false;
	return true;
}

const struct stamp_quote *
issuer_quotes(const struct issuer *i)
{
	return i->quotes;
}

const struct quote_common *
issuer_common(const struct issuer *i)
{
	return &i->common;
}

/* The stamps from `index` on that are on one page of one copy. */
static size_t
of_page(const struct issuer *i, size_t index)
{
	const struct stamp_request *r = &i->requests[index];
	size_t n = 1;

	while (index + n < i->count && r[n].page == r->page &&
	       r[n].copy == r->copy)
		n++;
	return n;
}

/* Asks for the stamps from `index` on: at first for those of its page. */
static bool
ask_for(struct issuer *i, size_t index, struct err *e)
{
	size_t left = i->count - index;
	size_t n = i->pace > 0 ? i->pace : of_page(i, index);

	n = n < BATCH ? n : BATCH;
	n = n < left ? n : left;
	i->asked_ms = clock_ms();
	i->ahead_first = index;
	i->ahead_count = n;
	return client_issue_begin(i->client, index, n, e);
}

/* A vault that has kept us waiting gets as many as it does in BATCH_MS; one
 * that was ready before us gets more. */
static size_t
next_pace(size_t n, bool ready, int64_t ms)
{
	size_t pace =
	    ready || ms < 1 ? 2 * n : (size_t)(BATCH_MS * (int64_t)n / ms);

	return pace < 1 ? 1 : pace < BATCH ? pace : BATCH;
}

/* The daemon asks a provider again by itself for a while. */
static void
say_slow(struct issuer *i)
{
	int64_t slow = clock_ms() + SLOW_MS;
	bool said = false, on = i->wait != NULL;

	while (on && !client_issue_ready(i->client, WAIT_MS))
		if (clock_ms() >= slow) {
			said = true;
			on = i->wait(i->wait_context,
			    "it has not signed yet; postage doctor says more");
		}
	if (said)
		(void)i->wait(i->wait_context, NULL);
}

/* What was asked for, and how fast the vault is. */
static bool
take(struct issuer *i, struct err *e)
{
	bool ready = client_issue_ready(i->client, 0);
	size_t n = i->ahead_count;

	say_slow(i);
	i->ahead_count = i->batch_count = 0;
	if (!client_issue_end(i->client, n, i->batch, e))
		return false;
	i->batch_first = i->ahead_first;
	i->batch_count = n;
	i->pace = next_pace(n, ready, clock_ms() - i->asked_ms);
	return true;
}

static bool
fetch_batch(struct issuer *i, size_t index, struct err *e)
{
	/* In another order, or after an error: what comes is not wanted. */
	if (i->ahead_count > 0 && i->ahead_first != index && !take(i, e))
		return false;
	if (i->ahead_count == 0 && !ask_for(i, index, e))
		return false;
	return take(i, e);
}

static bool
fetch(struct issuer *i, size_t index, struct issued_stamp *out, struct err *e)
{
	size_t next;

	if (i->client == NULL)
		return specimen_encode(
		    &i->requests[index], &i->quotes[index], index, out, e);
	if (index < i->batch_first ||
	    index >= i->batch_first + i->batch_count) {
		if (!patiently(i, fetch_batch, index, e))
			return false;
		next = i->batch_first + i->batch_count;
		if (next < i->count && !ask_for(i, next, e))
			return false;
	}
	*out = i->batch[index - i->batch_first];
	return true;
}

/* Nothing else can be asked while an answer is under way. */
static bool
hear_out(struct issuer *i, struct err *e)
{
	return i->ahead_count == 0 || take(i, e);
}

/* Which PSD it is says the stamp itself: where there are several, the quote was
 * made before anybody knew. */
static bool
name_psd(
    const struct issued_stamp *s, struct imprint_text *words, struct err *e)
{
	struct indicium in;
	char id[INDICIUM_PSD_ID];

	if (!indicium_decode(s->indicium, s->len, &in, e))
		return false;
	if (in.has & HAS_EXPIRY)
		words->psd_expires = in.psd_expires;
	else if (strcmp(indicium_psd_id(&in, id), words->psd_id) != 0)
		words->psd_expires = 0;
	snprintf(words->psd_id, sizeof(words->psd_id), "%s",
	    indicium_psd_id(&in, id));
	return true;
}

bool
issuer_get(struct issuer *i, size_t index, struct issued_stamp *out,
    struct imprint_text *words, struct err *e)
{
	const struct stamp_quote *q = &i->quotes[index];

	if (!fetch(i, index, out, e))
		return false;
	if (out->len != q->indicium_len)
		return err_set(e, ERR_CORRUPT,
		    "stamp %zu has %u bytes, %u were promised", index + 1,
		    out->len, q->indicium_len);
	*words = (struct imprint_text){.amount = q->amount,
	    .mail_date = q->mail_date,
	    .mailby = q->mailby,
	    .psd_expires = i->common.psd_expires,
	    .origin_zip = q->origin_zip,
	    .kind = i->requests[index].mark.kind,
	    .specimen = i->common.specimen};
	memcpy(words->origin_place, i->common.origin_place,
	    sizeof(words->origin_place));
	memcpy(words->class_name, q->class_name, sizeof(words->class_name));
	memcpy(words->psd_id, i->common.psd_id, sizeof(words->psd_id));
	return i->client == NULL || name_psd(out, words, e);
}

bool
issuer_finish(struct issuer *i, uint32_t pages, uint64_t bytes, struct err *e)
{
	return i->client == NULL ||
	       (hear_out(i, e) && client_finish(i->client, pages, bytes, e));
}

void
issuer_refuse(struct issuer *i, const struct err *why)
{
	struct err ignored = ERR_INIT;

	/* What the vault says now changes nothing any more. */
	if (i != NULL && i->client != NULL &&
	    (hear_out(i, &ignored) || client_is_open(i->client)))
		client_refuse(i->client, why);
}

bool
issuer_funds(struct issuer *i, struct funds *out, bool *known, struct err *e)
{
	*known = i->client != NULL;
	return i->client == NULL || client_status(i->client, out, e);
}
