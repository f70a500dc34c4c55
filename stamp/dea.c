/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dea: Deutsche Post's Data Matrix, 28 or 42 bytes, big endian, unsigned: the
 * post checks it against the posting list.
 */
#include "stamp/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"

enum {
	DEA_SHORT = 28,
	DEA_LONG = 42,
	DEA_HEAD = 23, /* all before the customer's own data */
	INTERNETMARKE_HEAD = 16,
	MILS_PER_CENT = 10,
	INTERNETMARKE = 0x85
};

static bool
dea_fits(const uint8_t *bytes, size_t len)
{
	return (len == DEA_SHORT || len == DEA_LONG) &&
	       memcmp(bytes, "DEA", 3) == 0;
}

/* Day of year and two digits of a year of this century; 0 if it is none. */
static uint32_t
date_of_day(uint16_t day_and_year)
{
	uint32_t year = 2000 + day_and_year % 100u;
	unsigned day = day_and_year / 100;
	uint32_t date = date_add(year * 10000 + 101, (int)day - 1);

	return day > 0 && date / 10000 == year ? date : 0;
}

static uint16_t
day_of_date(uint32_t date)
{
	unsigned year = date / 10000;
	unsigned day =
	    date_to_days(date) - date_to_days(year * 10000 + 101) + 1u;

	return (uint16_t)(day * 100 + year % 100);
}

static void
read_customer(struct bytes_reader *r, struct indicium *out)
{
	struct dea *d = &out->dea;

	d->price_list = (uint8_t)bytes_read_be(r, 1);
	d->customer = bytes_read_be(r, 5);
	out->postage = (uint32_t)bytes_read_be(r, 2) * MILS_PER_CENT;
	d->date = (uint16_t)bytes_read_be(r, 2);
	out->mail_date = date_of_day(d->date);
	d->product = (uint16_t)bytes_read_be(r, 2);
	d->item = (uint32_t)bytes_read_be(r, 3);
	d->participation = (uint8_t)bytes_read_be(r, 1);
	d->list = (uint16_t)bytes_read_be(r, 2);
	d->control = (uint8_t)bytes_read_be(r, 1);
}

static bool
dea_read(struct bytes_reader *r, struct indicium *out, struct err *e)
{
	struct dea *d = &out->dea;

	(void)e;
	bytes_read(r, 3);
	d->franking = (uint8_t)bytes_read_be(r, 1);
	if (d->franking == INTERNETMARKE) {
		d->running = bytes_read_be(r, 5);
		d->user = bytes_read_be(r, 5);
		d->product = (uint16_t)bytes_read_be(r, 2);
	} else {
		read_customer(r, out);
	}
	d->data_len = bytes_left(r);
	bytes_read_into(r, d->data, d->data_len);
	return true;
}

static bool
write_customer(const struct indicium *in, struct bytes_writer *w, struct err *e)
{
	const struct dea *d = &in->dea;
	uint16_t day = d->date;

	if (in->mail_date && !date_valid(in->mail_date))
		return err_set(e, ERR_REQUEST, "%" PRIu32 " is no mail date",
		    in->mail_date);
	if (in->mail_date)
		day = day_of_date(in->mail_date);
	if (in->postage % MILS_PER_CENT)
		return err_set(e, ERR_REQUEST,
		    "postage of %" PRIu32 " mils is no whole number of cents",
		    in->postage);
	if (!format_fits(d->customer, 5, "customer", e) ||
	    !format_fits(in->postage / MILS_PER_CENT, 2, "postage", e) ||
	    !format_fits(d->item, 3, "item", e))
		return false;
	bytes_write_be(w, d->price_list, 1);
	bytes_write_be(w, d->customer, 5);
	bytes_write_be(w, in->postage / MILS_PER_CENT, 2);
	bytes_write_be(w, day, 2);
	bytes_write_be(w, d->product, 2);
	bytes_write_be(w, d->item, 3);
	bytes_write_be(w, d->participation, 1);
	bytes_write_be(w, d->list, 2);
	bytes_write_be(w, d->control, 1);
	return true;
}

static bool
dea_write(const struct indicium *in, struct bytes_writer *w, struct err *e)
{
	const struct dea *d = &in->dea;
	bool mark = d->franking == INTERNETMARKE;
	size_t head = mark ? INTERNETMARKE_HEAD : DEA_HEAD;

	if (d->data_len != DEA_SHORT - head && d->data_len != DEA_LONG - head)
		return err_set(e, ERR_REQUEST,
		    "%zu bytes of customer data: %zu or %zu are wanted",
		    d->data_len, DEA_SHORT - head, DEA_LONG - head);
	bytes_write(w, "DEA", 3);
	bytes_write_be(w, d->franking, 1);
	if (mark) {
		if (!format_fits(d->running, 5, "running number", e) ||
		    !format_fits(d->user, 5, "user", e))
			return false;
		bytes_write_be(w, d->running, 5);
		bytes_write_be(w, d->user, 5);
		bytes_write_be(w, d->product, 2);
	} else if (!write_customer(in, w, e)) {
		return false;
	}
	bytes_write(w, d->data, d->data_len);
	return true;
}

static size_t
dea_signature_len(const struct indicium *in)
{
	(void)in;
	return 0;
}

static void
dea_psd_id(const struct indicium *in, char out[INDICIUM_PSD_ID])
{
	const struct dea *d = &in->dea;

	snprintf(out, INDICIUM_PSD_ID, "DEA%010" PRIu64,
	    d->franking == INTERNETMARKE ? d->user : d->customer);
}

uint8_t
dea_crc4(const char *text, size_t len)
{
	unsigned crc = 0;

	for (size_t i = 0; i < len; i++) {
		for (int bit = 7; bit >= 0; bit--) {
			unsigned in = (unsigned char)text[i] >> bit & 1u;

			crc = crc << 1 ^ (in << 4);
			/* x^4 + x + 1 */
			if (crc & 0x10)
				crc ^= 0x13;
		}
	}
	return (uint8_t)(crc & 15);
}

bool
dea_frankier_id(const struct indicium *in, char out[21])
{
	const struct dea *d = &in->dea;
	uint64_t customer = d->customer / 100; /* 8 digits of 10 */

	out[0] = '\0';
	if (in->format != FORMAT_DEA || d->franking == INTERNETMARKE ||
	    customer > 0xfffffff || d->item > 0xffffff)
		return false;
	snprintf(out, 21, "%02X%07" PRIX64 "%04X%06X", d->participation,
	    customer, d->list, d->item);
	out[19] = "0123456789ABCDEF"[dea_crc4(out, 19)];
	out[20] = '\0';
	return true;
}

static void
customer_fields(const struct indicium *in, struct field_sink *s)
{
	const struct dea *d = &in->dea;
	char id[21];

	field_number(s, "price_list", "Price list", d->price_list);
	field_text(s, "customer", "Customer", "%010" PRIu64, d->customer);
	field_sum(s, "postage", "Postage", in->postage);
	if (in->mail_date)
		field_date(s, "mail_date", "Mail date", in->mail_date);
	else
		field_number(s, "mail_day", "Mail date (no date)", d->date);
	field_number(s, "product", "Product key", d->product);
	field_number(s, "item", "Item number", d->item);
	field_number(s, "participation", "Participation", d->participation);
	field_number(s, "posting_list", "Posting list", d->list);
	field_number(s, "control", "Control byte", d->control);
	if (dea_frankier_id(in, id))
		field_text(s, "frankier_id", "Frankier-ID", "%s", id);
}

static void
dea_fields(const struct indicium *in, struct field_sink *s)
{
	const struct dea *d = &in->dea;

	field_text(s, "operator", "Operator", "DEA");
	field_text(s, "franking", "Franking type", "0x%02x", d->franking);
	if (d->franking == INTERNETMARKE) {
		field_number(s, "running", "Running number", d->running);
		field_number(s, "user", "User serial", d->user);
		field_number(s, "product", "Product key", d->product);
	} else {
		customer_fields(in, s);
	}
	field_hex(s, "data", "Customer data", d->data, d->data_len);
}

const struct format format_dea = {
    .name = "dea",
    .fits = dea_fits,
    .read = dea_read,
    .write = dea_write,
    .signature_len = dea_signature_len,
    .psd_id = dea_psd_id,
    .fields = dea_fields,
};
