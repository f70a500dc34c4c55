/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indicium: the signed evidence of postage, as bytes and as fields.
 *
 * Three formats behind one interface: `ibi` (what this project issues, and any
 * other bytes in the public IBI layout), `ibi-lite` (20 bytes, keyed hash) and
 * `dea` (28 or 42 bytes, big endian).  Encoders and decoders are pure and
 * total: any byte string gives fields or one clear error, and what decodes
 * encodes back to the same bytes.
 */
#ifndef STAMP_INDICIUM_H
#define STAMP_INDICIUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"

#define INDICIUM_MAX	       142 /* our own: 50 + 28 + 64 */
#define INDICIUM_FOREIGN_MAX   256 /* longest that decodes to fields */
#define INDICIUM_EXTENSION_MAX 28
#define INDICIUM_SIGNATURE     64

#define IBI_VERSION	  0x91 /* ours */
#define IBI_VERSION_SHEET 0x92 /* ours, bound to a label of a sheet */
#define IBI_ALGORITHM	  0x21 /* ECDSA P-256, SHA-256, raw r then s */

enum indicium_format { FORMAT_IBI, FORMAT_IBI_LITE, FORMAT_DEA, FORMATS };

/* Extension fields; `has_` a bit of INDICIUM_HAS_*. */
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
	size_t signature_len;
};

#endif
