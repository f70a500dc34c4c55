/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/issuer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "dispense/rates.h"
#include "stamp/indicium.h"

#define BATCH 32 /* stamps asked for at once: the vault's own batch */

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
		return client_quote(
		    i->client, in, count, i->quotes, &i->common, e);
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

static bool
fetch(struct issuer *i, size_t index, struct issued_stamp *out, struct err *e)
{
	size_t left = i->count - index;

	if (i->client == NULL)
		return specimen_encode(
		    &i->requests[index], &i->quotes[index], index, out, e);
	if (index < i->batch_first ||
	    index >= i->batch_first + i->batch_count) {
		i->batch_count = 0;
		if (!client_issue(i->client, index, left < BATCH ? left : BATCH,
			i->batch, e))
			return false;
		i->batch_first = index;
		i->batch_count = left < BATCH ? left : BATCH;
	}
	*out = i->batch[index - i->batch_first];
	return true;
}

/* Where several vaults issue a document, each stamp says which one it is of. */
static bool
name_psd(
    const struct issued_stamp *s, struct imprint_text *words, struct err *e)
{
	struct indicium in;
	char id[INDICIUM_PSD_ID];

	if (words->psd_id[0] != '\0')
		return true;
	if (!indicium_decode(s->indicium, s->len, &in, e))
		return false;
	snprintf(words->psd_id, sizeof(words->psd_id), "%s",
	    indicium_psd_id(&in, id));
	if (words->psd_expires == 0 && in.has & HAS_EXPIRY)
		words->psd_expires = in.psd_expires;
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
	return name_psd(out, words, e);
}

bool
issuer_finish(struct issuer *i, uint32_t pages, uint64_t bytes, struct err *e)
{
	return i->client == NULL || client_finish(i->client, pages, bytes, e);
}

void
issuer_refuse(struct issuer *i, const struct err *why)
{
	if (i != NULL && i->client != NULL)
		client_refuse(i->client, why);
}

bool
issuer_funds(struct issuer *i, struct funds *out, bool *known, struct err *e)
{
	*known = i->client != NULL;
	return i->client == NULL || client_status(i->client, out, e);
}
