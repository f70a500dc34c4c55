/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/indicium.h"

#include <string.h>

#include "base/date.h"
#include "stamp/format.h"

/* A device without words knows the one that it makes. */
static const struct format *const formats[] = {
    [FORMAT_IBI] = &format_ibi,
#ifndef POSTAGE_NO_TEXT
    [FORMAT_IBI_LITE] = &format_ibi_lite,
    [FORMAT_DEA] = &format_dea,
#endif
};

#define KNOWN (sizeof(formats) / sizeof(formats[0]))

static void
put(struct bytes_writer *w, unsigned type, uint64_t value, size_t width_bytes)
{
	bytes_write_le(w, type, 1);
	bytes_write_le(w, width_bytes, 1);
	bytes_write_le(w, value, width_bytes);
}

bool
indicium_set_extensions(struct indicium *in)
{
	struct bytes_writer w;

	in->extension_len = 0;
	memset(in->extension, 0, sizeof(in->extension));
	if ((in->has & HAS_MAILBY && !date_valid(in->mailby)) ||
	    (in->has & HAS_EXPIRY && !date_valid(in->psd_expires)))
		return false;
	bytes_writer_init(&w, in->extension, sizeof(in->extension));
	if (in->has & HAS_MAILBY)
		put(&w, 1, date_to_days(in->mailby), 2);
	if (in->has & HAS_EXPIRY)
		put(&w, 2, date_to_days(in->psd_expires), 2);
	if (in->has & HAS_PIECE)
		put(&w, 3, in->piece_count, 4);
	if (in->has & HAS_LICENCE)
		put(&w, 4, in->licence, 4);
	if (in->has & HAS_CURRENCY)
		put(&w, 5, in->currency, 2);
	if (in->has & HAS_SENDER)
		put(&w, 6, in->sender_zip, 4);
	if (in->has & HAS_KIND)
		put(&w, 7, in->kind, 1);
	if (in->has & HAS_PRICE_LIST)
		put(&w, 8, in->price_list, 2);
	if (!w.failed)
		in->extension_len = w.pos;
	return !w.failed;
}

static bool
write_signed(const struct indicium *in, struct bytes_writer *w, struct err *e)
{
	if ((unsigned)in->format >= KNOWN)
		return err_set(e, ERR_REQUEST, "unknown indicium format");
	return formats[in->format]->write(in, w, e);
}

static bool
written(const struct bytes_writer *w, size_t *len, struct err *e)
{
	if (w->failed)
		return err_set(e, ERR_REQUEST,
		    "an indicium does not fit %zu bytes", w->size);
	*len = w->pos;
	return true;
}

bool
indicium_signed_part(const struct indicium *in, uint8_t *out, size_t size,
    size_t *len, struct err *e)
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, size);
	return write_signed(in, &w, e) && written(&w, len, e);
}

bool
indicium_encode(const struct indicium *in, uint8_t *out, size_t size,
    size_t *len, struct err *e)
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, size);
	if (!write_signed(in, &w, e))
		return false;
	if (in->signature_len != formats[in->format]->signature_len(in))
		return err_set(e, ERR_REQUEST,
		    "a signature of %zu bytes is not this indicium's",
		    in->signature_len);
	if (in->trailing_len > sizeof(in->trailing) ||
	    (in->trailing_len && indicium_is_ours(in)))
		return err_set(e, ERR_REQUEST, "too many trailing bytes");
	bytes_write(&w, in->signature, in->signature_len);
	bytes_write(&w, in->trailing, in->trailing_len);
	return written(&w, len, e);
}

bool
indicium_decode(
    const uint8_t *bytes, size_t len, struct indicium *out, struct err *e)
{
	struct bytes_reader r;

	for (int i = (int)KNOWN - 1; i >= 0; i--) {
		if (!formats[i]->fits(bytes, len))
			continue;
		*out = (struct indicium){.format = (enum indicium_format)i};
		bytes_reader_init(&r, bytes, len);
		if (!formats[i]->read(&r, out, e))
			return false;
		if (!bytes_reader_done(&r))
			return err_set(e, ERR_REQUEST,
			    "not an indicium: %zu bytes are %s for %s", len,
			    r.failed ? "too few" : "too many",
			    formats[i]->name);
		return true;
	}
	return err_set(e, ERR_REQUEST,
	    "not an indicium: %zu bytes that fit no known format", len);
}

bool
indicium_is_ours(const struct indicium *in)
{
	return in->format == FORMAT_IBI &&
	       (in->version == IBI_VERSION || in->version == IBI_VERSION_SHEET);
}

const char *
indicium_format_name(enum indicium_format format)
{
	return (unsigned)format < KNOWN ? formats[format]->name : "?";
}

const char *
indicium_psd_id(const struct indicium *in, char out[INDICIUM_PSD_ID])
{
	out[0] = '\0';
	if ((unsigned)in->format < KNOWN)
		formats[in->format]->psd_id(in, out);
	return out;
}

void
indicium_fields(const struct indicium *in, indicium_emit *emit, void *context)
{
	struct field_sink sink = {.emit = emit, .context = context};

	if ((unsigned)in->format < KNOWN)
		formats[in->format]->fields(in, &sink);
}
