/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format: what stands behind indicium.h, one driver per layout.  For
 * stamp/indicium.c and the drivers alone; everyone else uses indicium.h.
 *
 * A new format is one `const struct format`, listed in the table of
 * indicium.c, and its value in enum indicium_format.
 */
#ifndef STAMP_FORMAT_H
#define STAMP_FORMAT_H

#include "base/bytes.h"
#include "stamp/indicium.h"

/* Where the fields go; `stopped` once the receiver has had enough. */
struct field_sink {
	indicium_emit *emit;
	void *context;
	bool stopped;
};

struct format {
	const char *name;
	/* The bytes can only be this format: a cheap look, not a check. */
	bool (*fits)(const uint8_t *bytes, size_t len);
	/* Reads signed part, signature and what trails. */
	bool (*read)(
	    struct bytes_reader *r, struct indicium *out, struct err *e);
	/* Writes the signed part.  A writer that is full says so itself. */
	bool (*write)(
	    const struct indicium *in, struct bytes_writer *w, struct err *e);
	size_t (*signature_len)(const struct indicium *in);
	void (*psd_id)(const struct indicium *in, char out[INDICIUM_PSD_ID]);
	void (*fields)(const struct indicium *in, struct field_sink *sink);
};

extern const struct format format_ibi, format_ibi_lite, format_dea;

/* False with ERR_REQUEST if `value` needs more than `width_bytes`. */
MUST_CHECK bool format_fits(
    uint64_t value, size_t width_bytes, const char *name, struct err *e);

/* Takes all `len` signature bytes that follow. */
void
format_read_signature(struct bytes_reader *r, struct indicium *out, size_t len);

void field_text(struct field_sink *s, const char *name, const char *label,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
void field_number(
    struct field_sink *s, const char *name, const char *label, uint64_t value);
void field_sum(
    struct field_sink *s, const char *name, const char *label, mils value);
/* "2026-11-21"; "none" for 0; the plain number where it is no date. */
void field_date(struct field_sink *s, const char *name, const char *label,
    uint32_t yyyymmdd);
/* "90210", "90210-1234", "90210-1234-56"; "none" for 0. */
void field_zip(
    struct field_sink *s, const char *name, const char *label, uint64_t zip);
void field_hex(struct field_sink *s, const char *name, const char *label,
    const uint8_t *bytes, size_t len);
/* Text where every byte is a printable ASCII character, else hexadecimal. */
void field_ascii(struct field_sink *s, const char *name, const char *label,
    const void *bytes, size_t len);

#endif
