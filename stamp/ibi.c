/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ibi: the public IBI layout, and ours, which keeps its offsets: version 0x91
 * and 0x92 with extensions and a 64-byte signature; any other version byte with
 * 40 bytes of signature and the provider's own bytes behind.
 */
#include "stamp/format.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"

enum { FIXED = 49, FOREIGN_SIGNATURE = 40, TYPES = 8 };

/* Value bytes of each extension type. */
static const uint8_t extension_width[TYPES + 1] = {0, 2, 2, 4, 4, 2, 4, 1, 2};

static bool
is_ours(uint8_t version)
{
	return version == IBI_VERSION || version == IBI_VERSION_SHEET;
}

static bool
ibi_fits(const uint8_t *bytes, size_t len)
{
	return len > 0 &&
	       (is_ours(bytes[0]) || len >= FIXED + FOREIGN_SIGNATURE);
}

static size_t
ibi_signature_len(const struct indicium *in)
{
	return is_ours(in->version) ? INDICIUM_SIGNATURE : FOREIGN_SIGNATURE;
}

static bool
read_extension(struct bytes_reader *r, struct indicium *out, struct err *e)
{
	unsigned type = (unsigned)bytes_read_le(r, 1);
	size_t len = (size_t)bytes_read_le(r, 1);
	struct bytes_reader in;
	uint64_t value;

	bytes_reader_init(&in, bytes_read(r, len), len);
	if (r->failed)
		return err_set(
		    e, ERR_REQUEST, "not an indicium: extension cut short");
	if (type == 0 || type > TYPES)
		return true;
	if (len != extension_width[type] || out->has & 1u << type)
		return err_set(e, ERR_REQUEST,
		    "not an indicium: extension %u has %zu bytes or is there "
		    "twice",
		    type, len);
	out->has |= 1u << type;
	value = bytes_read_le(&in, len);
	switch (1u << type) {
	case HAS_MAILBY: out->mailby = date_from_days((uint16_t)value); break;
	case HAS_EXPIRY:
		out->psd_expires = date_from_days((uint16_t)value);
		break;
	case HAS_PIECE: out->piece_count = (uint32_t)value; break;
	case HAS_LICENCE: out->licence = (uint32_t)value; break;
	case HAS_CURRENCY: out->currency = (uint16_t)value; break;
	case HAS_SENDER: out->sender_zip = (uint32_t)value; break;
	case HAS_KIND: out->kind = (uint8_t)value; break;
	case HAS_PRICE_LIST: out->price_list = (uint16_t)value; break;
	}
	return true;
}

static bool
read_extensions(struct bytes_reader *r, struct indicium *out, struct err *e)
{
	size_t len = (size_t)bytes_read_le(r, 1);
	struct bytes_reader in;

	if (len > INDICIUM_EXTENSION_MAX)
		return err_set(e, ERR_REQUEST,
		    "not an indicium: %zu bytes of extensions, %d allowed", len,
		    INDICIUM_EXTENSION_MAX);
	bytes_read_into(r, out->extension, len);
	out->extension_len = len;
	bytes_reader_init(&in, out->extension, len);
	while (!r->failed && bytes_left(&in))
		if (!read_extension(&in, out, e))
			return false;
	return true;
}

static void
read_fixed(struct bytes_reader *r, struct indicium *out)
{
	out->version = (uint8_t)bytes_read_le(r, 1);
	out->algorithm = (uint8_t)bytes_read_le(r, 1);
	out->cert_serial = (uint32_t)bytes_read_le(r, 4);
	bytes_read_into(r, out->vendor, 2);
	bytes_read_into(r, out->model, 2);
	out->psd_serial = (uint32_t)bytes_read_le(r, 4);
	out->ascending = bytes_read_le(r, 5);
	out->postage = (uint32_t)bytes_read_le(r, 3);
	out->mail_date = (uint32_t)bytes_read_le(r, 4);
	out->origin_zip = (uint32_t)bytes_read_le(r, 4);
	if (out->version == IBI_VERSION_SHEET) {
		bytes_read_into(r, out->software_id, 2);
		out->sheet_serial = bytes_read_le(r, 7);
		out->label = (uint16_t)bytes_read_le(r, 2);
	} else {
		out->destination = bytes_read_le(r, 5);
		bytes_read_into(r, out->software_id, 6);
	}
	out->descending = (uint32_t)bytes_read_le(r, 4);
	bytes_read_into(r, out->category, 4);
}

static bool
ibi_read(struct bytes_reader *r, struct indicium *out, struct err *e)
{
	read_fixed(r, out);
	if (is_ours(out->version)) {
		if (!r->failed && out->algorithm != IBI_ALGORITHM)
			return err_set(e, ERR_REQUEST,
			    "not an indicium: signature algorithm 0x%02x is "
			    "unknown",
			    out->algorithm);
		if (!read_extensions(r, out, e))
			return false;
		format_read_signature(r, out, INDICIUM_SIGNATURE);
		return true;
	}
	format_read_signature(r, out, FOREIGN_SIGNATURE);
	out->trailing_len = bytes_left(r);
	if (out->trailing_len > sizeof(out->trailing))
		return err_set(e, ERR_REQUEST,
		    "not an indicium: longer than %d bytes",
		    INDICIUM_FOREIGN_MAX);
	bytes_read_into(r, out->trailing, out->trailing_len);
	return true;
}

static bool
ranges_fit(const struct indicium *in, struct err *e)
{
	if (in->extension_len > INDICIUM_EXTENSION_MAX)
		return err_set(e, ERR_REQUEST,
		    "%zu bytes of extensions, %d allowed", in->extension_len,
		    INDICIUM_EXTENSION_MAX);
	return format_fits(in->ascending, 5, "ascending register", e) &&
	       format_fits(in->postage, 3, "postage", e) &&
	       (in->version == IBI_VERSION_SHEET
		       ? format_fits(in->sheet_serial, 7, "sheet serial", e)
		       : format_fits(in->destination, 5, "destination", e));
}

static bool
ibi_write(const struct indicium *in, struct bytes_writer *w, struct err *e)
{
	if (!ranges_fit(in, e))
		return false;
	bytes_write_le(w, in->version, 1);
	bytes_write_le(w, in->algorithm, 1);
	bytes_write_le(w, in->cert_serial, 4);
	bytes_write(w, in->vendor, 2);
	bytes_write(w, in->model, 2);
	bytes_write_le(w, in->psd_serial, 4);
	bytes_write_le(w, in->ascending, 5);
	bytes_write_le(w, in->postage, 3);
	bytes_write_le(w, in->mail_date, 4);
	bytes_write_le(w, in->origin_zip, 4);
	if (in->version == IBI_VERSION_SHEET) {
		bytes_write(w, in->software_id, 2);
		bytes_write_le(w, in->sheet_serial, 7);
		bytes_write_le(w, in->label, 2);
	} else {
		bytes_write_le(w, in->destination, 5);
		bytes_write(w, in->software_id, 6);
	}
	bytes_write_le(w, in->descending, 4);
	bytes_write(w, in->category, 4);
	if (is_ours(in->version)) {
		bytes_write_le(w, in->extension_len, 1);
		bytes_write(w, in->extension, in->extension_len);
	}
	return true;
}

static char
printable(char c)
{
	return (char)(c < 0x20 || c > 0x7e ? '?' : c);
}

static void
ibi_psd_id(const struct indicium *in, char out[INDICIUM_PSD_ID])
{
	snprintf(out, INDICIUM_PSD_ID, "%c%c%c%c%010u",
	    printable(in->vendor[0]), printable(in->vendor[1]),
	    printable(in->model[0]), printable(in->model[1]), in->psd_serial);
}

static void
extension_fields(const struct indicium *in, struct field_sink *s)
{
	static const char *const kinds[] = {
	    "postage", "correction", "specimen"};

	if (in->has & HAS_MAILBY)
		field_date(s, "mail_by", "Mail by", in->mailby);
	if (in->has & HAS_EXPIRY)
		field_date(s, "psd_expires", "PSD expires", in->psd_expires);
	if (in->has & HAS_PIECE)
		field_number(s, "piece_count", "Piece count", in->piece_count);
	if (in->has & HAS_LICENCE)
		field_number(s, "licence", "Licence", in->licence);
	if (in->has & HAS_CURRENCY)
		field_number(s, "currency", "Currency (ISO)", in->currency);
	if (in->has & HAS_SENDER)
		field_zip(s, "sender_zip", "Sender ZIP", in->sender_zip);
	if (in->has & HAS_KIND && in->kind < 3)
		field_text(s, "kind", "Kind", "%s", kinds[in->kind]);
	else if (in->has & HAS_KIND)
		field_number(s, "kind", "Kind", in->kind);
	if (in->has & HAS_PRICE_LIST)
		field_number(s, "price_list", "Price list", in->price_list);
	if (in->extension_len)
		field_hex(s, "extension", "Extension bytes", in->extension,
		    in->extension_len);
}

static void
ibi_fields(const struct indicium *in, struct field_sink *s)
{
	bool sheet = in->version == IBI_VERSION_SHEET;

	field_text(s, "version", "Indicium version", "0x%02x", in->version);
	field_text(s, "algorithm", "Algorithm", "0x%02x", in->algorithm);
	field_number(s, "certificate_serial", "Certificate", in->cert_serial);
	field_ascii(s, "vendor", "Vendor", in->vendor, 2);
	field_ascii(s, "model", "PSD model", in->model, 2);
	field_number(s, "psd_serial", "PSD serial", in->psd_serial);
	field_sum(s, "ascending", "Ascending register", (mils)in->ascending);
	field_sum(s, "postage", "Postage", in->postage);
	field_date(s, "mail_date", "Mail date", in->mail_date);
	field_zip(s, "origin_zip", "Origin ZIP", in->origin_zip);
	if (!sheet)
		field_zip(s, "destination", "Destination", in->destination);
	field_hex(s, "software_id", "Software id", in->software_id,
	    sheet ? 2 : sizeof(in->software_id));
	if (sheet) {
		field_number(
		    s, "sheet_serial", "Sheet serial", in->sheet_serial);
		field_number(s, "label", "Label position", in->label);
	}
	field_sum(s, "descending", "Descending register", in->descending);
	field_ascii(s, "category", "Rate category", in->category, 4);
	extension_fields(in, s);
	field_hex(
	    s, "signature", "Signature", in->signature, in->signature_len);
	if (in->trailing_len)
		field_hex(s, "trailing", "Provider's bytes", in->trailing,
		    in->trailing_len);
}

const struct format format_ibi = {
    .name = "ibi",
    .fits = ibi_fits,
    .read = ibi_read,
    .write = ibi_write,
    .signature_len = ibi_signature_len,
#ifndef POSTAGE_NO_TEXT
    .psd_id = ibi_psd_id,
    .fields = ibi_fields,
#endif
};
