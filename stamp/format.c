/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"

bool
format_fits(uint64_t value, size_t width_bytes, const char *name, struct err *e)
{
	if (width_bytes < 8 && value >> (8 * width_bytes))
		return err_set(e, ERR_REQUEST,
		    "%s %" PRIu64 " does not fit %zu bytes of an indicium",
		    name, value, width_bytes);
	return true;
}

void
format_read_signature(struct bytes_reader *r, struct indicium *out, size_t len)
{
	bytes_read_into(r, out->signature, len);
	out->signature_len = len;
}

static void
send_field(struct field_sink *s, const struct indicium_field *field)
{
	if (!s->stopped)
		s->stopped = !s->emit(s->context, field);
}

void
field_text(struct field_sink *s, const char *name, const char *label,
    const char *fmt, ...)
{
	struct indicium_field field = {.name = name, .label = label};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(field.value, sizeof(field.value), fmt, ap);
	va_end(ap);
	send_field(s, &field);
}

void
field_number(
    struct field_sink *s, const char *name, const char *label, uint64_t value)
{
	struct indicium_field field = {
	    .name = name, .label = label, .number = true};

	snprintf(field.value, sizeof(field.value), "%" PRIu64, value);
	send_field(s, &field);
}

void
field_sum(struct field_sink *s, const char *name, const char *label, mils value)
{
	char text[MILS_TEXT];

	field_text(s, name, label, "%s", mils_format(value, text));
}

void
field_date(struct field_sink *s, const char *name, const char *label,
    uint32_t yyyymmdd)
{
	char text[DATE_TEXT];

	if (yyyymmdd == 0)
		field_text(s, name, label, "none");
	else if (date_valid(yyyymmdd))
		field_text(s, name, label, "%s", date_format(yyyymmdd, text));
	else
		field_text(s, name, label, "%" PRIu32, yyyymmdd);
}

void
field_zip(
    struct field_sink *s, const char *name, const char *label, uint64_t zip)
{
	if (zip == 0)
		field_text(s, name, label, "none");
	else if (zip <= 99999)
		field_text(s, name, label, "%05" PRIu64, zip);
	else if (zip <= 999999999)
		field_text(s, name, label, "%05" PRIu64 "-%04" PRIu64,
		    zip / 10000, zip % 10000);
	else
		field_text(s, name, label,
		    "%05" PRIu64 "-%04" PRIu64 "-%02" PRIu64, zip / 1000000,
		    zip / 100 % 10000, zip % 100);
}

void
field_hex(struct field_sink *s, const char *name, const char *label,
    const uint8_t *bytes, size_t len)
{
	struct indicium_field field = {.name = name, .label = label};

	bytes_to_hex(bytes, len, field.value);
	send_field(s, &field);
}

void
field_ascii(struct field_sink *s, const char *name, const char *label,
    const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++) {
		if (at[i] < 0x20 || at[i] > 0x7e) {
			field_hex(s, name, label, at, len);
			return;
		}
	}
	field_text(s, name, label, "%.*s", (int)len, (const char *)bytes);
}
