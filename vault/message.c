/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/message.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"

#define MESSAGE_VERSION 1

static void
begin(struct bytes_writer *w, uint8_t *out, enum message_type type,
    const struct message_psd *psd)
{
	bytes_writer_init(w, out, PSD_MESSAGE_MAX - INDICIUM_SIGNATURE);
	bytes_write_le(w, type, 1);
	bytes_write_le(w, MESSAGE_VERSION, 1);
	bytes_write(w, psd->vendor, 2);
	bytes_write(w, psd->model, 2);
	bytes_write_le(w, psd->serial, 4);
}

static size_t
end(const struct bytes_writer *w)
{
	assert(!w->failed);
	return w->pos;
}

size_t
message_put_request(
    const struct download_request *in, uint8_t out[PSD_MESSAGE_MAX])
{
	struct bytes_writer w;

	begin(&w, out, MESSAGE_REQUEST, &in->psd);
	bytes_write_le(&w, in->cert_serial, 4);
	bytes_write_le(&w, in->sequence, 4);
	bytes_write_le(&w, (uint64_t)in->ascending, 8);
	bytes_write_le(&w, (uint64_t)in->control_total, 8);
	bytes_write_le(&w, in->piece_count, 4);
	bytes_write_le(&w, in->life, 1);
	bytes_write_le(&w, in->audit_due, 4);
	bytes_write_le(&w, in->expires, 4);
	bytes_write_le(&w, (uint64_t)in->amount, 8);
	return end(&w);
}

size_t
message_put_answer(
    const struct download_answer *in, uint8_t out[PSD_MESSAGE_MAX])
{
	struct bytes_writer w;

	begin(&w, out, MESSAGE_ANSWER, &in->psd);
	bytes_write_le(&w, in->sequence, 4);
	bytes_write_le(&w, (uint64_t)in->control_before, 8);
	bytes_write_le(&w, (uint64_t)in->amount, 8);
	bytes_write_le(&w, in->orders, 1);
	bytes_write_le(&w, in->audit_due, 4);
	return end(&w);
}

size_t
message_put_report(const struct psd_report *in, uint8_t out[PSD_MESSAGE_MAX])
{
	struct bytes_writer w;

	begin(&w, out, in->type, &in->psd);
	bytes_write_le(&w, in->cert_serial, 4);
	bytes_write_le(&w, in->sequence, 4);
	bytes_write_le(&w, (uint64_t)in->ascending, 8);
	bytes_write_le(&w, (uint64_t)in->control_total, 8);
	bytes_write_le(&w, in->piece_count, 4);
	bytes_write_le(&w, in->life, 1);
	bytes_write_le(&w, in->audit_due, 4);
	bytes_write_le(&w, in->expires, 4);
	bytes_write(&w, in->nonce, PSD_NONCE);
	return end(&w);
}

size_t
message_put_refund(
    const struct refund_request *in, uint8_t out[PSD_MESSAGE_MAX])
{
	struct bytes_writer w;

	begin(&w, out, MESSAGE_REFUND, &in->psd);
	bytes_write_le(&w, in->cert_serial, 4);
	bytes_write_le(&w, in->number, 4);
	bytes_write_le(&w, (uint64_t)in->ascending, 8);
	bytes_write_le(&w, (uint64_t)in->control_total, 8);
	bytes_write_le(&w, in->piece_count, 4);
	bytes_write_le(&w, in->life, 1);
	bytes_write_le(&w, in->date, 4);
	bytes_write_le(&w, in->count, 4);
	bytes_write_le(&w, (uint64_t)in->total, 8);
	bytes_write(&w, in->digest, PSD_DIGEST);
	return end(&w);
}

static bool
is_code(const char *text)
{
	return text[0] > ' ' && text[0] <= '~' && text[1] > ' ' &&
	       text[1] <= '~';
}

/* Opens `msg` without its signature and reads what all messages begin with. */
static bool
enter(struct bytes_reader *r, const uint8_t *msg, size_t len, uint8_t *type,
    struct message_psd *psd)
{
	bool known;

	memset(psd, 0, sizeof(*psd));
	bytes_reader_init(
	    r, msg, len > INDICIUM_SIGNATURE ? len - INDICIUM_SIGNATURE : 0);
	*type = (uint8_t)bytes_read_le(r, 1);
	known = bytes_read_le(r, 1) == MESSAGE_VERSION;
	bytes_read_into(r, psd->vendor, 2);
	bytes_read_into(r, psd->model, 2);
	psd->serial = (uint32_t)bytes_read_le(r, 4);
	return known && is_code(psd->vendor) && is_code(psd->model);
}

/* A sum: u64, never negative. */
static mils
read_sum(struct bytes_reader *r, bool *sound)
{
	uint64_t value = bytes_read_le(r, 8);

	*sound &= value <= INT64_MAX;
	return (mils)(value & INT64_MAX);
}

static uint32_t
read_date(struct bytes_reader *r, bool *sound)
{
	uint32_t date = (uint32_t)bytes_read_le(r, 4);

	*sound &= date == 0 || date_valid(date);
	return date;
}

static bool
no_message(const char *what, struct err *e)
{
	return err_set(e, ERR_REQUEST,
	    "this is no %s: it was damaged on its way, or is something else",
	    what);
}

bool
message_get_request(
    const uint8_t *msg, size_t len, struct download_request *out, struct err *e)
{
	struct bytes_reader r;
	uint8_t type;
	bool sound = enter(&r, msg, len, &type, &out->psd);

	out->cert_serial = (uint32_t)bytes_read_le(&r, 4);
	out->sequence = (uint32_t)bytes_read_le(&r, 4);
	out->ascending = read_sum(&r, &sound);
	out->control_total = read_sum(&r, &sound);
	out->piece_count = (uint32_t)bytes_read_le(&r, 4);
	out->life = (uint8_t)bytes_read_le(&r, 1);
	out->audit_due = read_date(&r, &sound);
	out->expires = read_date(&r, &sound);
	out->amount = read_sum(&r, &sound);
	if (!sound || type != MESSAGE_REQUEST || !bytes_reader_done(&r) ||
	    out->ascending > out->control_total)
		return no_message("download request", e);
	return true;
}

bool
message_get_answer(
    const uint8_t *msg, size_t len, struct download_answer *out, struct err *e)
{
	struct bytes_reader r;
	uint8_t type;
	bool sound = enter(&r, msg, len, &type, &out->psd);

	out->sequence = (uint32_t)bytes_read_le(&r, 4);
	out->control_before = read_sum(&r, &sound);
	out->amount = read_sum(&r, &sound);
	out->orders = (uint8_t)bytes_read_le(&r, 1);
	out->audit_due = read_date(&r, &sound);
	if (!sound || type != MESSAGE_ANSWER || !bytes_reader_done(&r) ||
	    (out->orders & ~(ORDER_WITHHOLD | ORDER_WITHDRAW)) != 0)
		return no_message("download answer", e);
	return true;
}

bool
message_get_report(
    const uint8_t *msg, size_t len, struct psd_report *out, struct err *e)
{
	struct bytes_reader r;
	uint8_t type;
	bool sound = enter(&r, msg, len, &type, &out->psd);

	out->type = (enum message_type)type;
	out->cert_serial = (uint32_t)bytes_read_le(&r, 4);
	out->sequence = (uint32_t)bytes_read_le(&r, 4);
	out->ascending = read_sum(&r, &sound);
	out->control_total = read_sum(&r, &sound);
	out->piece_count = (uint32_t)bytes_read_le(&r, 4);
	out->life = (uint8_t)bytes_read_le(&r, 1);
	out->audit_due = read_date(&r, &sound);
	out->expires = read_date(&r, &sound);
	bytes_read_into(&r, out->nonce, PSD_NONCE);
	if (!sound || (type != MESSAGE_RECEIPT && type != MESSAGE_AUDIT) ||
	    !bytes_reader_done(&r) || out->ascending > out->control_total)
		return no_message("receipt or audit of a PSD", e);
	return true;
}

bool
message_get_refund(
    const uint8_t *msg, size_t len, struct refund_request *out, struct err *e)
{
	struct bytes_reader r;
	uint8_t type;
	bool sound = enter(&r, msg, len, &type, &out->psd);

	out->cert_serial = (uint32_t)bytes_read_le(&r, 4);
	out->number = (uint32_t)bytes_read_le(&r, 4);
	out->ascending = read_sum(&r, &sound);
	out->control_total = read_sum(&r, &sound);
	out->piece_count = (uint32_t)bytes_read_le(&r, 4);
	out->life = (uint8_t)bytes_read_le(&r, 1);
	out->date = read_date(&r, &sound);
	out->count = (uint32_t)bytes_read_le(&r, 4);
	out->total = read_sum(&r, &sound);
	bytes_read_into(&r, out->digest, PSD_DIGEST);
	if (!sound || type != MESSAGE_REFUND || !bytes_reader_done(&r) ||
	    out->ascending > out->control_total ||
	    out->total > out->ascending || out->count > out->piece_count ||
	    out->count == 0 || out->number == 0)
		return no_message("refund request of a PSD", e);
	return true;
}

const char *
message_psd_id(const struct message_psd *psd, char out[PSD_ID])
{
	snprintf(out, PSD_ID, "%.2s%.2s%010lu", psd->vendor, psd->model,
	    (unsigned long)psd->serial);
	return out;
}
