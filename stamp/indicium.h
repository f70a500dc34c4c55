/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indicium: the signed evidence of postage, as bytes and as fields.
 *
 * Three formats behind one interface: `ibi` (what this project issues, and any
 * other bytes in the public IBI layout), `ibi-lite` (20 bytes, keyed hash) and
 * `dea` (28 or 42 bytes, big endian).  Encoders and decoders are pure and
 * total: any byte string gives fields or one clear error, and what decodes
 * encodes back to the same bytes.  Nothing here allocates.
 *
 * To issue: fill a zeroed struct, indicium_set_extensions(), sign what
 * indicium_signed_part() gives, put the signature in, indicium_encode().
 * To read: indicium_decode(), then indicium_signed_part() gives the bytes that
 * the signature must cover.
 */
#ifndef STAMP_INDICIUM_H
#define STAMP_INDICIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"

#define INDICIUM_MAX	       142 /* our own: 50 + 28 + 64 */
#define INDICIUM_FOREIGN_MAX   256 /* longest that decodes to fields */
#define INDICIUM_EXTENSION_MAX 28
#define INDICIUM_SIGNATURE     64
#define INDICIUM_TRAILING_MAX  167 /* foreign: 256 - 49 - 40 */
#define INDICIUM_PSD_ID	       32

#define IBI_VERSION	  0x91 /* ours */
#define IBI_VERSION_SHEET 0x92 /* ours, bound to a label of a sheet */
#define IBI_ALGORITHM	  0x21 /* ECDSA P-256, SHA-256, raw r then s */

enum indicium_format { FORMAT_IBI, FORMAT_IBI_LITE, FORMAT_DEA, FORMATS };

/* Extension fields: bit = 1 << extension type. */
enum {
	HAS_MAILBY = 1 << 1,
	HAS_EXPIRY = 1 << 2,
	HAS_PIECE = 1 << 3,
	HAS_LICENCE = 1 << 4,
	HAS_CURRENCY = 1 << 5,
	HAS_SENDER = 1 << 6,
	HAS_KIND = 1 << 7,
	HAS_PRICE_LIST = 1 << 8
};

enum indicium_kind { INDICIUM_POSTAGE, INDICIUM_CORRECTION, INDICIUM_SPECIMEN };

/* What only `dea` has.  Franking type 0x85 (Internetmarke) has running number
 * and user instead of customer, postage, date and what follows. */
struct dea {
	uint8_t franking;   /* 0x12 DV, 0x03 Frankit, 0x85 Internetmarke, ... */
	uint8_t price_list; /* not in 0x85 */
	uint64_t customer;  /* u40: customer or machine number */
	uint64_t running, user; /* u40 each, 0x85 only */
	uint16_t date;		/* day of year * 100 + yy; kept where it is no
				   date (mail_date is 0 then) */
	uint16_t product;
	uint32_t item;	       /* u24 */
	uint8_t participation; /* participation number */
	uint16_t list;	       /* posting-list number */
	uint8_t control;       /* 0 = customer data follow */
	uint8_t data[26];      /* what follows, as it stands */
	size_t data_len;
};

struct indicium {
	enum indicium_format format;
	uint8_t version;
	uint8_t algorithm;
	uint32_t cert_serial;
	char vendor[3]; /* 2 characters; "XX" = lab */
	char model[3];	/* 2 characters */
	uint32_t psd_serial;
	uint64_t ascending; /* mils, after this debit; u40 */
	uint32_t postage;   /* mils; u24 */
	uint32_t mail_date; /* YYYYMMDD as stored, not checked */
	uint32_t origin_zip;
	uint64_t destination;	/* ZIP+4+2; not in sheet version */
	uint8_t software_id[6]; /* sheet version: 2 bytes used */
	uint64_t sheet_serial;	/* sheet version; u56 */
	uint16_t label;		/* sheet version */
	uint32_t descending;	/* mils, after this debit */
	uint8_t category[4];
	unsigned has; /* HAS_* bits of the extension fields below */
	uint32_t mailby, psd_expires; /* YYYYMMDD */
	uint32_t piece_count, licence, sender_zip;
	uint16_t currency, price_list;
	uint8_t kind; /* 0 postage, 1 correction, 2 specimen */
	uint8_t extension[INDICIUM_EXTENSION_MAX]; /* as it stands, in order */
	size_t extension_len;
	uint8_t signature[INDICIUM_SIGNATURE];
	size_t signature_len; /* 64; 40 foreign; 6 ibi-lite; 0 dea */
	uint8_t trailing[INDICIUM_TRAILING_MAX]; /* foreign: provider bytes */
	size_t trailing_len;
	uint8_t vendor_model; /* ibi-lite */
	uint16_t service;     /* ibi-lite: Intelligent Mail service */
	struct dea dea;
};

/* Builds extension[] from `has` and its fields, in the order of the types;
 * extensions of unknown types are dropped.  False (and extension_len 0) if they
 * need more than INDICIUM_EXTENSION_MAX bytes: leave some out. */
bool indicium_set_extensions(struct indicium *in);

/* The bytes to be signed: the indicium without its signature.
 * Errors: ERR_REQUEST (a field is too big for its place, or `size`). */
MUST_CHECK bool indicium_signed_part(const struct indicium *in, uint8_t *out,
    size_t size, size_t *len, struct err *e);

/* The whole indicium, signature included (INDICIUM_MAX bytes hold any of our
 * own, INDICIUM_FOREIGN_MAX any).  extension[] is written as it stands.
 * Errors: ERR_REQUEST, also where signature_len is not the format's. */
MUST_CHECK bool indicium_encode(const struct indicium *in, uint8_t *out,
    size_t size, size_t *len, struct err *e);

/* Reads any known format; the signature is not checked.
 * Errors: ERR_REQUEST "not an indicium: ...". */
MUST_CHECK bool indicium_decode(
    const uint8_t *bytes, size_t len, struct indicium *out, struct err *e);

/* True for what this project issues: version 0x91 or 0x92. */
bool indicium_is_ours(const struct indicium *in);

/* "ibi", "ibi-lite", "dea". */
const char *indicium_format_name(enum indicium_format format);

/* Vendor, model and serial as printed: "XXPS0001234567".  Returns out. */
const char *
indicium_psd_id(const struct indicium *in, char out[INDICIUM_PSD_ID]);

/* One field for people and programs.  Sums are text with decimals, dates
 * "2026-11-21", bytes hexadecimal; `number` = the value is a JSON integer. */
struct indicium_field {
	const char *name;  /* "ascending": a JSON key */
	const char *label; /* "Ascending register" */
	bool number;
	char value[2 * INDICIUM_TRAILING_MAX + 1]; /* no control characters */
};

/* Gives every field that the format has, in the order of its bytes.  `emit`
 * may stop it by returning false. */
typedef bool indicium_emit(void *context, const struct indicium_field *field);
void
indicium_fields(const struct indicium *in, indicium_emit *emit, void *context);

/* dea: the printed 20-digit identifier with its check digit; false where the
 * franking type has none.  `out` holds 21 characters. */
bool dea_frankier_id(const struct indicium *in, char out[21]);

/* CRC-4 (x^4 + x + 1, initial value 0) of characters, 0 to 15. */
uint8_t dea_crc4(const char *text, size_t len);

#endif
