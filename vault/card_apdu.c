/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_apdu.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static const struct {
	uint16_t word, mask;
	const char *text;
} words[] = {
    {CARD_OK, 0xffff, "done"},
    {CARD_MORE, 0xff00, "the answer waits to be fetched"},
    {CARD_PIN_WRONG, 0xfff0, "PIN wrong"},
    {CARD_NVM_FAILED, 0xffff, "the card's memory failed"},
    {CARD_LENGTH, 0xffff, "a command of the wrong length"},
    {CARD_NO_CHANNEL, 0xffff, "the card has no logical channels"},
    {CARD_NEEDS_PIN, 0xffff, "the PIN is needed first"},
    {CARD_PIN_BLOCKED, 0xffff, "the PIN is blocked"},
    {CARD_WRONG_STATE, 0xffff, "not in this part of the card's life"},
    {CARD_BAD_DATA, 0xffff, "data that make no sense"},
    {CARD_NO_APPLICATION, 0xffff, "no postage on this card"},
    {CARD_BAD_P1P2, 0xffff, "wrong parameters"},
    {CARD_NOT_FOUND, 0xffff, "the card does not know this stamp"},
    {CARD_WRONG_LE, 0xff00, "an answer of another length"},
    {CARD_NO_INS, 0xffff, "a command that the card does not know"},
    {CARD_NO_CLA, 0xffff, "a class that the card does not know"},
    {CARD_DAMAGED, 0xffff, "the card's state is damaged"},
    {CARD_OVER_LIMIT, 0xffff, "more than the card may hold"},
    {CARD_NO_FUNDS, 0xffff, "too little value is left on the card"},
    {CARD_BAD_AMOUNT, 0xffff, "a stamp outside of the card's limits"},
    {CARD_BAD_SEQUENCE, 0xffff, "an answer to another request"},
    {CARD_BAD_SIGNATURE, 0xffff, "not the provider's signature"},
    {CARD_AUDIT_OVERDUE, 0xffff, "the card's audit is overdue"},
    {CARD_KEY_CONFLICT, 0xffff, "the card has this key for another stamp"},
    {CARD_EXPIRED, 0xffff, "the card has expired"},
};

const char *
card_word_text(uint16_t word, char out[CARD_WORD_TEXT])
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((word & words[i].mask) == words[i].word)
			return words[i].text;
	snprintf(out, CARD_WORD_TEXT, "status word %04x", word);
	return out;
}

static bool
whole(const struct bytes_reader *r, const char *what, struct err *e)
{
	return bytes_reader_done(r) ||
	       err_set(e, ERR_REQUEST, "%s of another length", what);
}

/* --- the request of a debit ----------------------------------------------------- */

size_t
card_put_request(const struct psd_request *in, uint8_t out[CARD_REQUEST_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, CARD_REQUEST_BYTES);
	bytes_write(&w, in->key, PSD_KEY_BYTES);
	bytes_write_le(&w, (uint64_t)in->amount, 8);
	bytes_write_le(&w, in->mail_date, 4);
	bytes_write_le(&w, in->mailby, 4);
	bytes_write_le(&w, in->origin_zip, 4);
	bytes_write_le(&w, in->destination, 8);
	bytes_write_le(&w, in->sender_zip, 4);
	bytes_write(&w, in->category, sizeof(in->category));
	bytes_write_le(&w, in->kind, 1);
	bytes_write_le(&w, in->price_list, 2);
	bytes_write_le(&w, in->brief, 1);
	bytes_write_le(&w, in->sheet_serial, 8);
	bytes_write_le(&w, in->label, 2);
	bytes_write_le(&w, 0, 3);
	assert(!w.failed && w.pos == CARD_REQUEST_BYTES);
	return w.pos;
}

bool
card_get_request(
    const uint8_t *in, size_t len, struct psd_request *out, struct err *e)
{
	struct bytes_reader r;
	uint64_t brief, spare;

	memset(out, 0, sizeof(*out));
	bytes_reader_init(&r, in, len);
	bytes_read_into(&r, out->key, PSD_KEY_BYTES);
	out->amount = (mils)bytes_read_le(&r, 8);
	out->mail_date = (uint32_t)bytes_read_le(&r, 4);
	out->mailby = (uint32_t)bytes_read_le(&r, 4);
	out->origin_zip = (uint32_t)bytes_read_le(&r, 4);
	out->destination = bytes_read_le(&r, 8);
	out->sender_zip = (uint32_t)bytes_read_le(&r, 4);
	bytes_read_into(&r, out->category, sizeof(out->category));
	out->kind = (uint8_t)bytes_read_le(&r, 1);
	out->price_list = (uint16_t)bytes_read_le(&r, 2);
	brief = bytes_read_le(&r, 1);
	out->sheet_serial = bytes_read_le(&r, 8);
	out->label = (uint16_t)bytes_read_le(&r, 2);
	spare = bytes_read_le(&r, 3);
	if (!whole(&r, "a request", e))
		return false;
	out->brief = brief == 1;
	if (brief > 1 || spare != 0 || out->amount < 0 ||
	    out->category[sizeof(out->category) - 1] != '\0')
		return err_set(e, ERR_REQUEST, "a request out of range");
	return true;
}

/* --- the status -------------------------------------------------------------------- */

enum { STATUS_PIN = 1 };

size_t
card_put_status(const struct psd_status *in, uint8_t out[CARD_STATUS_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, CARD_STATUS_BYTES);
	bytes_write_le(&w, CARD_VERSION, 1);
	bytes_write_le(&w, in->life, 1);
	bytes_write_le(&w, in->pin_required ? STATUS_PIN : 0, 1);
	bytes_write_le(&w, in->pin_tries_left, 1);
	bytes_write_le(&w, in->puk_tries_left, 1);
	bytes_write_le(&w, 0, 1);
	bytes_write_le(&w, in->currency, 2);
	bytes_write(&w, in->vendor, 2);
	bytes_write(&w, in->model, 2);
	bytes_write_le(&w, in->serial, 4);
	bytes_write_le(&w, in->cert_serial, 4);
	bytes_write_le(&w, in->licence, 4);
	bytes_write_le(&w, (uint64_t)in->ascending, 8);
	bytes_write_le(&w, (uint64_t)in->control_total, 8);
	bytes_write_le(&w, in->piece_count, 4);
	bytes_write_le(&w, (uint64_t)in->min_stamp, 4);
	bytes_write_le(&w, (uint64_t)in->max_stamp, 4);
	bytes_write_le(&w, (uint64_t)in->max_descending, 8);
	bytes_write_le(&w, in->expires, 4);
	bytes_write_le(&w, in->audit_due, 4);
	bytes_write_le(&w, in->download_sequence, 4);
	bytes_write_le(&w, in->refunds, 4);
	bytes_write_le(&w, 0, 4);
	assert(!w.failed && w.pos == CARD_STATUS_BYTES);
	return w.pos;
}

bool
card_get_status(
    const uint8_t *in, size_t len, struct psd_status *out, struct err *e)
{
	struct bytes_reader r;
	uint64_t version, flags;

	memset(out, 0, sizeof(*out));
	bytes_reader_init(&r, in, len);
	version = bytes_read_le(&r, 1);
	out->life = (enum psd_life)bytes_read_le(&r, 1);
	flags = bytes_read_le(&r, 1);
	out->pin_required = (flags & STATUS_PIN) != 0;
	out->pin_tries_left = (uint8_t)bytes_read_le(&r, 1);
	out->puk_tries_left = (uint8_t)bytes_read_le(&r, 1);
	bytes_read(&r, 1);
	out->currency = (uint16_t)bytes_read_le(&r, 2);
	bytes_read_into(&r, out->vendor, 2);
	bytes_read_into(&r, out->model, 2);
	out->serial = (uint32_t)bytes_read_le(&r, 4);
	out->cert_serial = (uint32_t)bytes_read_le(&r, 4);
	out->licence = (uint32_t)bytes_read_le(&r, 4);
	out->ascending = (mils)bytes_read_le(&r, 8);
	out->control_total = (mils)bytes_read_le(&r, 8);
	out->piece_count = (uint32_t)bytes_read_le(&r, 4);
	out->min_stamp = (mils)bytes_read_le(&r, 4);
	out->max_stamp = (mils)bytes_read_le(&r, 4);
	out->max_descending = (mils)bytes_read_le(&r, 8);
	out->expires = (uint32_t)bytes_read_le(&r, 4);
	out->audit_due = (uint32_t)bytes_read_le(&r, 4);
	out->download_sequence = (uint32_t)bytes_read_le(&r, 4);
	out->refunds = (uint32_t)bytes_read_le(&r, 4);
	bytes_read(&r, 4);
	if (!whole(&r, "a status", e))
		return false;
	if (version != CARD_VERSION)
		return err_set(
		    e, ERR_REQUEST, "a card of version %u", (unsigned)version);
	if (out->ascending < 0 || out->control_total < out->ascending ||
	    out->max_descending < 0)
		return err_set(e, ERR_REQUEST, "registers out of range");
	out->descending = out->control_total - out->ascending;
	out->lab = strcmp(out->vendor, "XX") == 0;
	return true;
}

/* --- claim and setup ------------------------------------------------------------------ */

size_t
card_put_claim(const struct psd_claim *in, uint8_t out[CARD_CLAIM_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, CARD_CLAIM_BYTES);
	bytes_write_le(&w, in->date, 4);
	bytes_write_le(&w, in->count, 4);
	bytes_write_le(&w, (uint64_t)in->total, 8);
	bytes_write(&w, in->digest, PSD_DIGEST);
	assert(!w.failed && w.pos == CARD_CLAIM_BYTES);
	return w.pos;
}

bool
card_get_claim(
    const uint8_t *in, size_t len, struct psd_claim *out, struct err *e)
{
	struct bytes_reader r;

	bytes_reader_init(&r, in, len);
	out->date = (uint32_t)bytes_read_le(&r, 4);
	out->count = (uint32_t)bytes_read_le(&r, 4);
	out->total = (mils)bytes_read_le(&r, 8);
	bytes_read_into(&r, out->digest, PSD_DIGEST);
	return whole(&r, "a claim", e) &&
	       (out->total >= 0 ||
		   err_set(e, ERR_REQUEST, "a claim out of range"));
}

size_t
card_put_setup(const struct psd_setup *in, uint8_t out[CARD_SETUP_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, CARD_SETUP_BYTES);
	bytes_write(&w, in->vendor, 2);
	bytes_write(&w, in->model, 2);
	bytes_write_le(&w, in->serial, 4);
	bytes_write_le(&w, in->cert_serial, 4);
	bytes_write_le(&w, in->licence, 4);
	bytes_write_le(&w, in->currency, 2);
	bytes_write(&w, in->software_id, sizeof(in->software_id));
	bytes_write_le(&w, (uint64_t)in->min_stamp, 4);
	bytes_write_le(&w, (uint64_t)in->max_stamp, 4);
	bytes_write_le(&w, (uint64_t)in->max_descending, 8);
	bytes_write_le(&w, in->expires, 4);
	bytes_write_le(&w, in->audit_due, 4);
	bytes_write(&w, in->provider_key, PSD_POINT);
	bytes_write_le(&w, 0, 4);
	assert(!w.failed && w.pos == CARD_SETUP_BYTES);
	return w.pos;
}

bool
card_get_setup(
    const uint8_t *in, size_t len, struct psd_setup *out, struct err *e)
{
	struct bytes_reader r;

	memset(out, 0, sizeof(*out));
	bytes_reader_init(&r, in, len);
	bytes_read_into(&r, out->vendor, 2);
	bytes_read_into(&r, out->model, 2);
	out->serial = (uint32_t)bytes_read_le(&r, 4);
	out->cert_serial = (uint32_t)bytes_read_le(&r, 4);
	out->licence = (uint32_t)bytes_read_le(&r, 4);
	out->currency = (uint16_t)bytes_read_le(&r, 2);
	bytes_read_into(&r, out->software_id, sizeof(out->software_id));
	out->min_stamp = (mils)bytes_read_le(&r, 4);
	out->max_stamp = (mils)bytes_read_le(&r, 4);
	out->max_descending = (mils)bytes_read_le(&r, 8);
	out->expires = (uint32_t)bytes_read_le(&r, 4);
	out->audit_due = (uint32_t)bytes_read_le(&r, 4);
	bytes_read_into(&r, out->provider_key, PSD_POINT);
	bytes_read(&r, 4);
	return whole(&r, "a setup", e);
}
