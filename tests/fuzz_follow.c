/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a provider's books debited asks a card for the same: whatever stamp the
 * books' PSD issues, what follow_read() makes of its bytes passes the card's wire
 * unchanged, is debited by another PSD at the same registers, and gives those
 * bytes.  Any other bytes are refused, or are a request that the wire carries.
 *
 * Input: a byte, odd: the fields of a stamp that the books are asked for; even: a
 * piece's number and its bytes in the books.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "vault/card_apdu.h"
#include "vault/crypto.h"
#include "vault/follow.h"
#include "vault/message.h"

#define VALUE 100000
#define TODAY 20270110

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

/* --- PSDs -------------------------------------------------------------------------- */

static bool
no_signature(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	(void)context;
	(void)msg;
	(void)len;
	(void)e;
	memset(sig, 0, INDICIUM_SIGNATURE);
	return true;
}

/* Any answer counts: its signature is not what is looked at. */
static bool
any_signature(void *context, const uint8_t key[PSD_POINT], const uint8_t *msg,
    size_t len, const uint8_t sig[INDICIUM_SIGNATURE])
{
	(void)context;
	(void)key;
	(void)msg;
	(void)len;
	(void)sig;
	return true;
}

static struct psd_crypto
crypto_without_keys(void)
{
	struct psd_crypto c;

	crypto_init(&c, NULL);
	c.sign = no_signature;
	c.verify = any_signature;
	return c;
}

/* Of `licence` and `currency`, with VALUE; two of them are the same. */
static void
make_psd(struct psd *p, uint32_t licence, uint16_t currency)
{
	struct psd_setup setup = {.vendor = "XX",
	    .model = "PS",
	    .serial = 900,
	    .cert_serial = 900,
	    .licence = licence,
	    .currency = currency % 1000,
	    .software_id = PSD_SOFTWARE,
	    .max_stamp = VALUE,
	    .max_descending = VALUE,
	    .expires = 20291231,
	    .provider_key = {4}};
	struct download_answer a = {
	    .psd = {"XX", "PS", 900}, .sequence = 1, .amount = VALUE};
	uint8_t msg[PSD_MESSAGE_MAX] = {0}, receipt[PSD_MESSAGE_MAX];
	struct psd_crypto c = crypto_without_keys();
	struct err e = ERR_INIT;
	size_t len, receipt_len;
	bool changed;

	psd_init(p);
	len = message_put_answer(&a, msg) + INDICIUM_SIGNATURE;
	must(psd_initialise(p, &e) && psd_personalise(p, &setup, &e) &&
	     psd_download_apply(
		 p, &c, msg, len, receipt, &receipt_len, &changed, &e));
}

static bool
debit(struct psd *p, const struct psd_request *r, struct psd_stamp *out)
{
	struct psd_crypto c = crypto_without_keys();
	struct err e = ERR_INIT;
	bool changed;

	return psd_debit(p, &c, TODAY, r, 1, out, &changed, &e);
}

/* --- the wire ------------------------------------------------------------------------ */

static void
pass_wire(const struct psd_request *in, struct psd_request *out)
{
	uint8_t bytes[CARD_REQUEST_BYTES], again[CARD_REQUEST_BYTES];
	struct err e = ERR_INIT;
	size_t len = card_put_request(in, bytes);

	must(card_get_request(bytes, len, out, &e));
	must(card_put_request(out, again) == len &&
	     memcmp(bytes, again, len) == 0);
}

/* --- what the books issue ------------------------------------------------------------ */

static void
read_fields(struct bytes_reader *r, struct psd_request *out)
{
	uint32_t days;

	*out = (struct psd_request){.key = {1}};
	out->amount = (mils)bytes_read_le(r, 3);
	out->mail_date = date_add(TODAY, (int)bytes_read_le(r, 1));
	out->origin_zip = (uint32_t)bytes_read_le(r, 4);
	out->destination = bytes_read_le(r, 8) % 100000000000;
	out->sender_zip = (uint32_t)bytes_read_le(r, 4);
	out->kind = (uint8_t)bytes_read_le(r, 1) % 4;
	out->price_list = (uint16_t)bytes_read_le(r, 2);
	out->label = (uint16_t)bytes_read_le(r, 2);
	out->sheet_serial = bytes_read_le(r, 7);
	out->brief = bytes_read_le(r, 1) & 1;
	days = (uint32_t)bytes_read_le(r, 1);
	if (days != 0)
		out->mailby = date_add(out->mail_date, (int)days);
	bytes_read_into(r, out->category, 4);
}

static void
follow_books(struct bytes_reader *r)
{
	uint32_t licence = (uint32_t)bytes_read_le(r, 4);
	uint16_t currency = (uint16_t)bytes_read_le(r, 2);
	struct follow_piece piece = {.piece = 1};
	struct psd_request asked, carried;
	struct psd_stamp issued, followed;
	struct follow_request read;
	static struct psd books, card;
	struct err e = ERR_INIT;

	make_psd(&books, licence, currency);
	make_psd(&card, licence, currency);
	read_fields(r, &asked);
	if (r->failed || !debit(&books, &asked, &issued))
		return;
	piece.message = issued.indicium;
	piece.len = issued.len - INDICIUM_SIGNATURE;
	must(follow_read(&piece, &read, &e));
	must(read.ascending == books.ascending &&
	     read.control_total == books.control_total);
	pass_wire(&read.request, &carried);
	must(debit(&card, &carried, &followed));
	must(followed.len == issued.len &&
	     memcmp(followed.indicium, issued.indicium, issued.len) == 0);
}

/* --- any bytes ------------------------------------------------------------------------ */

static void
read_bytes(struct bytes_reader *r)
{
	struct follow_piece piece = {.piece = (uint32_t)bytes_read_le(r, 4)};
	struct follow_request one, two;
	struct psd_request carried;
	struct err e = ERR_INIT;

	piece.len = bytes_left(r);
	piece.message = bytes_read(r, piece.len);
	if (r->failed)
		return;
	if (!follow_read(&piece, &one, &e)) {
		must(e.kind == ERR_CORRUPT);
		return;
	}
	must(one.control_total >= one.ascending && one.ascending >= 0);
	pass_wire(&one.request, &carried);
	must(follow_read(&piece, &two, &e) &&
	     memcmp(one.request.key, two.request.key, PSD_KEY_BYTES) == 0);
	piece.piece ^= 1;
	must(follow_read(&piece, &two, &e) &&
	     memcmp(one.request.key, two.request.key, PSD_KEY_BYTES) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_reader r;
	bool fields;

	bytes_reader_init(&r, data, size);
	fields = bytes_read_le(&r, 1) & 1;
	if (fields)
		follow_books(&r);
	else
		read_bytes(&r);
	return 0;
}
