/* SPDX-License-Identifier: Apache-2.0 */
/* the card's commands that move value or sign a message */
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "vault/card_app_own.h"

/* --- why not ----------------------------------------------------------------------- */

/* The clock, or the latest mail date of the remembered pieces. */
static uint32_t
latest_date(const struct card_app *a)
{
	const struct psd *p = &a->psd;
	uint32_t latest = a->clock;

	for (size_t i = 0; i < PSD_RING; i++) {
		struct indicium in;
		struct err e = ERR_INIT;

		if (p->ring[i].len > 0 &&
		    indicium_decode(
			p->ring[i].indicium, p->ring[i].len, &in, &e) &&
		    in.mail_date > latest)
			latest = in.mail_date;
	}
	return latest;
}

static uint16_t
why_denied(const struct psd *p, uint32_t today)
{
	if (p->life != PSD_OPERATIONAL)
		return CARD_WRONG_STATE;
	if (p->pin_required && p->pin_tries_left == 0 && !p->pin_verified)
		return CARD_PIN_BLOCKED;
	if (p->pin_required && !p->pin_verified)
		return CARD_NEEDS_PIN;
	if (today > p->expires)
		return CARD_EXPIRED;
	if (p->audit_due != 0 && today > p->audit_due)
		return CARD_AUDIT_OVERDUE;
	return CARD_WRONG_STATE;
}

/* The status word of the PSD's error. */
static uint16_t
why(const struct card_app *a, const struct err *e, uint32_t today)
{
	switch (e->kind) {
	case ERR_REQUEST: return CARD_BAD_DATA;
	case ERR_FUNDS: return CARD_NO_FUNDS;
	case ERR_DENIED: return why_denied(&a->psd, today);
	case ERR_CORRUPT: return CARD_DAMAGED;
	default: return CARD_NVM_FAILED;
	}
}

/* --- value ---------------------------------------------------------------------------- */

static void
put_stamp(const struct psd_stamp *stamp, struct reply *out)
{
	out->bytes[0] = stamp->replayed;
	memcpy(out->bytes + 1, stamp->indicium, stamp->len);
	out->len = 1 + stamp->len;
}

static bool
amount_fits(const struct psd *p, const struct psd_request *r)
{
	return r->kind != INDICIUM_POSTAGE ||
	       (r->amount >= p->min_stamp && r->amount <= p->max_stamp);
}

uint16_t
card_app_debit(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_request request;
	struct psd_stamp stamp;
	struct err e = ERR_INIT;
	uint32_t today;
	uint16_t word;
	bool changed;

	if (!card_get_request(in->data, in->len, &request, &e))
		return CARD_BAD_DATA;
	today = latest_date(a);
	if (a->clock == 0 && request.mail_date > today &&
	    date_valid(request.mail_date))
		today = request.mail_date;
	if (!psd_debit(&a->psd, &a->crypto->psd, today, &request, 1, &stamp,
		&changed, &e)) {
		if (e.kind == ERR_CORRUPT)
			return CARD_KEY_CONFLICT;
		if (e.kind == ERR_REQUEST && !amount_fits(&a->psd, &request))
			return CARD_BAD_AMOUNT;
		return why(a, &e, today);
	}
	word = card_app_kept(a, changed);
	if (word == CARD_OK)
		put_stamp(&stamp, out);
	return word;
}

uint16_t
card_app_recover(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_stamp stamp;
	uint16_t word;

	if (in->len != PSD_KEY_BYTES)
		return CARD_LENGTH;
	if (!psd_find(&a->psd, in->data, &stamp))
		return CARD_NOT_FOUND;
	word = card_app_kept(a, false);
	if (word == CARD_OK)
		put_stamp(&stamp, out);
	return word;
}

uint16_t
card_app_recent(struct card_app *a, const struct apdu *in, struct reply *out)
{
	const struct psd *p = &a->psd;
	const struct psd_entry *entry;
	uint16_t word;

	if (in->p1 >= PSD_RING || in->p1 >= p->piece_count)
		return CARD_NOT_FOUND;
	entry = &p->ring[(p->piece_count - 1 - in->p1) % PSD_RING];
	word = card_app_kept(a, false);
	if (word != CARD_OK)
		return word;
	memcpy(out->bytes, entry->key, PSD_KEY_BYTES);
	memcpy(out->bytes + PSD_KEY_BYTES, entry->indicium, entry->len);
	out->len = PSD_KEY_BYTES + (size_t)entry->len;
	return CARD_OK;
}

uint16_t
card_app_value_request(
    struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct bytes_reader r;
	struct err e = ERR_INIT;
	mils amount;

	bytes_reader_init(&r, in->data, in->len);
	amount = (mils)bytes_read_le(&r, 8);
	if (!bytes_reader_done(&r))
		return CARD_LENGTH;
	if (psd_download_request(
		&a->psd, &a->crypto->psd, amount, out->bytes, &out->len, &e))
		return CARD_OK;
	return e.kind == ERR_REQUEST ? CARD_OVER_LIMIT : why(a, &e, 0);
}

static bool
is_providers(const struct card_app *a, const struct apdu *in)
{
	size_t len = in->len - INDICIUM_SIGNATURE;

	return in->len > INDICIUM_SIGNATURE &&
	       a->crypto->psd.verify(a->crypto->psd.context,
		   a->psd.provider_key, in->data, len, in->data + len);
}

/* Why an answer was refused. */
static uint16_t
why_not_applied(
    const struct card_app *a, const struct apdu *in, const struct err *e)
{
	if (e->kind == ERR_REQUEST)
		return is_providers(a, in) ? CARD_OVER_LIMIT : CARD_BAD_DATA;
	if (e->kind != ERR_DENIED || a->psd.life == PSD_CREATED ||
	    a->psd.life == PSD_INITIALISED || a->psd.life == PSD_WITHDRAWN)
		return why(a, e, 0);
	return is_providers(a, in) ? CARD_BAD_SEQUENCE : CARD_BAD_SIGNATURE;
}

uint16_t
card_app_value_apply(
    struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct err e = ERR_INIT;
	uint16_t word;
	bool changed;

	if (!psd_download_apply(&a->psd, &a->crypto->psd, in->data, in->len,
		out->bytes, &out->len, &changed, &e)) {
		out->len = 0;
		return why_not_applied(a, in, &e);
	}
	word = card_app_kept(a, changed);
	if (word != CARD_OK)
		out->len = 0;
	return word;
}

uint16_t
card_app_audit(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct err e = ERR_INIT;

	if (in->len != PSD_NONCE)
		return CARD_LENGTH;
	return psd_audit(&a->psd, &a->crypto->psd, in->data, out->bytes,
		   &out->len, &e)
		   ? CARD_OK
		   : why(a, &e, 0);
}

uint16_t
card_app_authenticate(
    struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct err e = ERR_INIT;

	if (in->len != PSD_NONCE)
		return CARD_LENGTH;
	return psd_authenticate(&a->psd, &a->crypto->psd, in->data, out->bytes,
		   &out->len, &e)
		   ? CARD_OK
		   : why(a, &e, 0);
}

uint16_t
card_app_refund(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_claim claim;
	struct err e = ERR_INIT;
	uint16_t word;
	bool changed;

	if (!card_get_claim(in->data, in->len, &claim, &e))
		return CARD_BAD_DATA;
	if (!psd_refund_request(&a->psd, &a->crypto->psd, &claim, out->bytes,
		&out->len, &changed, &e)) {
		out->len = 0;
		return why(a, &e, 0);
	}
	word = card_app_kept(a, changed);
	if (word != CARD_OK)
		out->len = 0;
	return word;
}
