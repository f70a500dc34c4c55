/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ibi-lite: 20 bytes with a truncated keyed hash for very small labels.  Only
 * the holder of the key can check it.
 */
#include "stamp/format.h"

#include <stdio.h>

enum { LITE_BYTES = 20, LITE_HASH = 6 };

static bool
lite_fits(const uint8_t *bytes, size_t len)
{
	(void)bytes;
	return len == LITE_BYTES;
}

static bool
lite_read(struct bytes_reader *r, struct indicium *out, struct err *e)
{
	(void)e;
	out->version = (uint8_t)bytes_read_le(r, 1);
	out->piece_count = (uint32_t)bytes_read_le(r, 4);
	out->has = HAS_PIECE;
	out->vendor_model = (uint8_t)bytes_read_le(r, 1);
	out->psd_serial = (uint32_t)bytes_read_le(r, 3);
	out->postage = (uint32_t)bytes_read_le(r, 3);
	out->service = (uint16_t)bytes_read_le(r, 2);
	format_read_signature(r, out, LITE_HASH);
	return true;
}

static bool
lite_write(const struct indicium *in, struct bytes_writer *w, struct err *e)
{
	if (!format_fits(in->psd_serial, 3, "PSD serial", e) ||
	    !format_fits(in->postage, 3, "postage", e))
		return false;
	bytes_write_le(w, in->version, 1);
	bytes_write_le(w, in->piece_count, 4);
	bytes_write_le(w, in->vendor_model, 1);
	bytes_write_le(w, in->psd_serial, 3);
	bytes_write_le(w, in->postage, 3);
	bytes_write_le(w, in->service, 2);
	return true;
}

static size_t
lite_signature_len(const struct indicium *in)
{
	(void)in;
	return LITE_HASH;
}

static void
lite_psd_id(const struct indicium *in, char out[INDICIUM_PSD_ID])
{
	snprintf(
	    out, INDICIUM_PSD_ID, "%02X%08u", in->vendor_model, in->psd_serial);
}

static void
lite_fields(const struct indicium *in, struct field_sink *s)
{
	field_text(s, "version", "Indicium version", "0x%02x", in->version);
	field_number(s, "piece_count", "Piece count", in->piece_count);
	field_text(
	    s, "vendor_model", "Vendor and model", "0x%02x", in->vendor_model);
	field_number(s, "psd_serial", "PSD serial", in->psd_serial);
	field_sum(s, "postage", "Postage", in->postage);
	field_number(s, "service", "Service", in->service);
	field_hex(s, "hash", "Keyed hash", in->signature, in->signature_len);
}

const struct format format_ibi_lite = {
    .name = "ibi-lite",
    .fits = lite_fits,
    .read = lite_read,
    .write = lite_write,
    .signature_len = lite_signature_len,
    .psd_id = lite_psd_id,
    .fields = lite_fields,
};
