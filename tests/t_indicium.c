/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "base/bytes.h"
#include "stamp/indicium.h"

/*
 * The oracle: a reader written from the public table of the IBI layout alone
 * (offset, length, little endian), not from stamp/ibi.c.
 */
enum oracle_field {
	O_VERSION,
	O_ALGORITHM,
	O_CERT,
	O_VENDOR,
	O_MODEL,
	O_SERIAL,
	O_ASCENDING,
	O_POSTAGE,
	O_DATE,
	O_ORIGIN,
	O_DESTINATION,
	O_SOFTWARE,
	O_DESCENDING,
	O_CATEGORY,
	O_EXTENSION,
	O_SHEET_SOFTWARE,
	O_SHEET_SERIAL,
	O_SHEET_LABEL
};
static const int oracle_table[][2] = {{0, 1}, {1, 1}, {2, 4}, {6, 2}, {8, 2},
    {10, 4}, {14, 5}, {19, 3}, {22, 4}, {26, 4}, {30, 5}, {35, 6}, {41, 4},
    {45, 4}, {49, 1}, {30, 2}, {32, 7}, {39, 2}};

static uint64_t
oracle(const uint8_t *bytes, enum oracle_field field)
{
	uint64_t value = 0;

	for (int i = 0; i < oracle_table[field][1]; i++)
		value += (uint64_t)bytes[oracle_table[field][0] + i] << (8 * i);
	return value;
}

static struct indicium
sample(void)
{
	struct indicium in = {
	    .format = FORMAT_IBI,
	    .version = IBI_VERSION,
	    .algorithm = IBI_ALGORITHM,
	    .cert_serial = 0x01020304,
	    .vendor = "XX",
	    .model = "PS",
	    .psd_serial = 1234567,
	    .ascending = 338000000780, /* more than u32 holds */
	    .postage = 780,
	    .mail_date = 20261121,
	    .origin_zip = 2138,
	    .destination = 90210123456,
	    .software_id = {1, 2, 3, 4, 5, 6},
	    .descending = 4000000000,
	    .category = {'F', 'C', 'L', '1'},
	    .has = HAS_MAILBY | HAS_PIECE,
	    .mailby = 20261128,
	    .piece_count = 77,
	    .signature_len = INDICIUM_SIGNATURE,
	};

	for (size_t i = 0; i < INDICIUM_SIGNATURE; i++)
		in.signature[i] = (uint8_t)(0xc0 + i);
	return in;
}

static void
our_fields_lie_where_the_public_table_says(void **state)
{
	uint8_t out[INDICIUM_MAX];
	struct indicium in = sample();
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	ok(indicium_set_extensions(&in), "extensions");
	is_ok(indicium_encode(&in, out, sizeof(out), &len, &e), &e, "encode");
	is_int(len, 50 + 4 + 6 + 64, "length");
	is_int(oracle(out, O_VERSION), 0x91, "version");
	is_int(oracle(out, O_ALGORITHM), 0x21, "algorithm");
	is_int(oracle(out, O_CERT), 0x01020304, "certificate");
	is_int(oracle(out, O_VENDOR), 'X' | 'X' << 8, "vendor");
	is_int(oracle(out, O_MODEL), 'P' | 'S' << 8, "model");
	is_int(oracle(out, O_SERIAL), 1234567, "serial");
	is_int(oracle(out, O_ASCENDING), 338000000780, "ascending");
	is_int(oracle(out, O_POSTAGE), 780, "postage");
	is_int(oracle(out, O_DATE), 20261121, "date");
	is_int(oracle(out, O_ORIGIN), 2138, "origin");
	is_int(oracle(out, O_DESTINATION), 90210123456, "destination");
	is_int(oracle(out, O_SOFTWARE), 0x060504030201, "software");
	is_int(oracle(out, O_DESCENDING), 4000000000, "descending");
	is_mem(out + 45, "FCL1", 4, "category");
	is_int(oracle(out, O_EXTENSION), 10, "extension length");
	/* 2026-11-28 is day 9828 since 2000-01-01: 26 years of 365 days, 7
	 * leap days, and day 332 of its year. */
	is_mem(out + 50, "\1\2\x64\x26\3\4\x4d\0\0\0", 10, "extensions");
	is_mem(out + 60, in.signature, 64, "signature");
}

static void
a_stamp_on_a_sheet_is_bound_to_its_label(void **state)
{
	uint8_t out[INDICIUM_MAX];
	struct indicium in = sample();
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	in.version = IBI_VERSION_SHEET;
	in.sheet_serial = 0xfedcba98765432;
	in.label = 31;
	is_ok(indicium_encode(&in, out, sizeof(out), &len, &e), &e, "encode");
	is_int(oracle(out, O_SHEET_SOFTWARE), 0x0201, "software");
	is_int(oracle(out, O_SHEET_SERIAL), 0xfedcba98765432, "serial");
	is_int(oracle(out, O_SHEET_LABEL), 31, "label");
	is_int(oracle(out, O_DESCENDING), 4000000000, "descending");
}

/* The signed parts of two stamps that were shown in public, and what was
 * printed on them. */
static const char endicia_hex[] =
    "50 01 dc780c00 3037 3156 576c0800 7a8609c54e d82700 8ab73201 244f0000"
    "67496d1500 b5c300000000 06c13102 b90290d0";
static const char stamps_hex[] =
    "05 01 ffff0000 3036 3253 3b477000 f2ed100000 141e00 56523301 59330100"
    "0000000000 000400020000 5cda0000 38303334";

/* 49 bytes from hexadecimal, other bytes up to `len` behind. */
static void
foreign(const char *hex, uint8_t *bytes, size_t len)
{
	size_t got;

	ok(bytes_from_hex(hex, bytes, len, &got), "hex");
	for (size_t i = 49; i < len; i++)
		bytes[i] = (uint8_t)(i * 7);
}

static void
a_public_stamp_with_provider_bytes_decodes(void **state)
{
	uint8_t bytes[98], back[INDICIUM_FOREIGN_MAX];
	char id[INDICIUM_PSD_ID];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	foreign(endicia_hex, bytes, sizeof(bytes));
	is_ok(indicium_decode(bytes, sizeof(bytes), &in, &e), &e, "decode");
	is_int(in.version, 0x50, "version");
	is_int(in.cert_serial, 817372, "certificate");
	is_str(indicium_psd_id(&in, id), "071V0000552023", "as printed");
	is_int(in.ascending, 338313184890, "338 million dollars");
	is_int(in.postage, 10200, "10.20");
	is_int(in.mail_date, 20101002, "date");
	is_int(in.origin_zip, 20260, "origin");
	is_int(in.destination, 359483751, "35948-3751");
	is_int(in.signature_len, 40, "signature");
	is_int(in.trailing_len, 9, "provider's bytes");
	ok(!indicium_is_ours(&in), "not ours");
	is_ok(indicium_encode(&in, back, sizeof(back), &len, &e), &e, "back");
	is_int(len, sizeof(bytes), "same length");
	is_mem(back, bytes, len, "same bytes");
}

static void
a_public_stamp_without_them_decodes(void **state)
{
	uint8_t bytes[89], back[INDICIUM_FOREIGN_MAX];
	char id[INDICIUM_PSD_ID];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	foreign(stamps_hex, bytes, sizeof(bytes));
	is_ok(indicium_decode(bytes, sizeof(bytes), &in, &e), &e, "decode");
	is_str(indicium_psd_id(&in, id), "062S0007358267", "as printed");
	is_int(in.mail_date, 20140630, "date");
	is_int(in.origin_zip, 78681, "origin");
	is_int(in.ascending, oracle(bytes, O_ASCENDING), "ascending");
	is_int(in.postage, 7700, "7.70");
	is_int(in.descending, 55900, "descending");
	is_mem(in.category, "8034", 4, "category");
	is_int(in.trailing_len, 0, "nothing behind");
	is_ok(indicium_encode(&in, back, sizeof(back), &len, &e), &e, "back");
	is_mem(back, bytes, sizeof(bytes), "same bytes");
}

static void
extensions_come_back_as_fields(void **state)
{
	struct indicium in = sample(), out;
	uint8_t bytes[INDICIUM_MAX];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	in.has =
	    HAS_EXPIRY | HAS_LICENCE | HAS_CURRENCY | HAS_KIND | HAS_PRICE_LIST;
	in.psd_expires = 20301231;
	in.licence = 0xdeadbeef;
	in.currency = 840;
	in.kind = INDICIUM_SPECIMEN;
	in.price_list = 207;
	ok(indicium_set_extensions(&in), "fits");
	is_ok(indicium_encode(&in, bytes, sizeof(bytes), &len, &e), &e, "out");
	is_ok(indicium_decode(bytes, len, &out, &e), &e, "in");
	is_int(out.has, in.has, "which");
	is_int(out.psd_expires, 20301231, "expiry");
	is_int(out.licence, 0xdeadbeef, "licence");
	is_int(out.currency, 840, "currency");
	is_int(out.kind, INDICIUM_SPECIMEN, "kind");
	is_int(out.price_list, 207, "price list");
}

static void
too_many_extensions_are_refused(void **state)
{
	struct indicium in = sample();

	(void)state;
	in.has = 0x1fe;
	in.psd_expires = in.mailby;
	ok(!indicium_set_extensions(&in), "37 bytes do not fit 28");
	is_int(in.extension_len, 0, "none written");
	in.has = HAS_MAILBY;
	in.mailby = 20261131;
	ok(!indicium_set_extensions(&in), "no such day");
}

static void
unknown_extensions_are_kept(void **state)
{
	struct indicium in = sample(), out;
	uint8_t bytes[INDICIUM_MAX], back[INDICIUM_MAX];
	struct err e = ERR_INIT;
	size_t len, back_len;

	(void)state;
	memcpy(in.extension, "\x7f\3abc\7\1\2", 8);
	in.extension_len = 8;
	is_ok(indicium_encode(&in, bytes, sizeof(bytes), &len, &e), &e, "out");
	is_ok(indicium_decode(bytes, len, &out, &e), &e, "in");
	is_int(out.kind, 2, "the known one behind it");
	is_ok(
	    indicium_encode(&out, back, sizeof(back), &back_len, &e), &e, "x");
	is_mem(back, bytes, len, "same bytes");
}

static void
broken_extensions_are_errors(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {{"\1", 1}, {"\1\3ab", 4}, {"\1\1a", 3}, {"\7\1\2\7\1\0", 6}};
	struct indicium in = sample(), out;
	uint8_t bytes[INDICIUM_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		memcpy(in.extension, bad[i].bytes, bad[i].len);
		in.extension_len = bad[i].len;
		is_ok(indicium_encode(&in, bytes, sizeof(bytes), &len, &e), &e,
		    "encode");
		ok(!indicium_decode(bytes, len, &out, &e), "refused");
		is_err(&e, ERR_REQUEST, "kind");
	}
}

static void
lengths_that_fit_no_format_are_errors(void **state)
{
	uint8_t bytes[300] = {0};
	struct indicium in, mine = sample();
	size_t len;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bool known = i == 20 || (i >= 89 && i <= 256);

		is_int(indicium_decode(bytes, i, &in, &e), known, "zeros");
	}
	is_ok(
	    indicium_encode(&mine, bytes, sizeof(bytes), &len, &e), &e, "mine");
	for (size_t i = 0; i < sizeof(bytes); i++)
		if (i != 20)
			is_int(indicium_decode(bytes, i, &in, &e), i == len,
			    "only its own length");
}

static void
values_too_big_for_their_bytes_are_refused(void **state)
{
	struct indicium in = sample();
	uint8_t out[INDICIUM_MAX];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	in.postage = 1u << 24;
	ok(!indicium_encode(&in, out, sizeof(out), &len, &e), "postage");
	is_err(&e, ERR_REQUEST, "postage");
	in = sample();
	in.ascending = UINT64_C(1) << 40;
	ok(!indicium_encode(&in, out, sizeof(out), &len, &e), "ascending");
	in = sample();
	ok(!indicium_encode(&in, out, 113, &len, &e), "buffer");
	in.signature_len = 40;
	ok(!indicium_encode(&in, out, sizeof(out), &len, &e), "signature");
}

static void
the_signed_part_ends_before_the_signature(void **state)
{
	struct indicium in = sample();
	uint8_t part[INDICIUM_MAX], whole[INDICIUM_MAX];
	struct err e = ERR_INIT;
	size_t part_len, len;

	(void)state;
	ok(indicium_set_extensions(&in), "extensions");
	is_ok(indicium_signed_part(&in, part, sizeof(part), &part_len, &e), &e,
	    "part");
	is_ok(indicium_encode(&in, whole, sizeof(whole), &len, &e), &e, "all");
	is_int(part_len, len - 64, "length");
	is_mem(part, whole, part_len, "bytes");
}

static void
ibi_lite_follows_its_table(void **state)
{
	uint8_t bytes[20], back[20];
	char id[INDICIUM_PSD_ID];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	ok(bytes_from_hex("ff 47132700 11 f50fce 960100 2c01 9aca2921e3f1",
	       bytes, sizeof(bytes), &len),
	    "hex");
	is_ok(indicium_decode(bytes, len, &in, &e), &e, "decode");
	is_int(in.format, FORMAT_IBI_LITE, "format");
	is_int(in.version, 0xff, "version");
	is_int(in.piece_count, 2560839, "piece counter");
	is_int(in.vendor_model, 17, "vendor and model");
	is_int(in.psd_serial, 0xce0ff5, "serial");
	is_int(in.postage, 406, "postage");
	is_int(in.service, 300, "service");
	is_mem(in.signature, "\x9a\xca\x29\x21\xe3\xf1", 6, "hash");
	is_str(indicium_psd_id(&in, id), "1113504501", "id");
	is_ok(indicium_encode(&in, back, sizeof(back), &len, &e), &e, "back");
	is_mem(back, bytes, 20, "same bytes");
}

/* A string of Deutsche Post's own checker, with the fields it shows. */
static const char dea_hex[] =
    "44 45 41 12 1C 01 2B B7 45 6D 00 BE 57 8D 00 B6 00 00 0E 01 15 56 00"
    "00 00 00 00 00";

static void
dea_reads_what_the_posts_checker_reads(void **state)
{
	uint8_t bytes[28], back[42];
	char id[21];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	ok(bytes_from_hex(dea_hex, bytes, sizeof(bytes), &len), "hex");
	is_ok(indicium_decode(bytes, len, &in, &e), &e, "decode");
	is_int(in.format, FORMAT_DEA, "format");
	is_int(in.dea.franking, 0x12, "DV franking");
	is_int(in.dea.price_list, 28, "prices");
	is_int(in.dea.customer, 5028398445, "customer");
	is_int(in.postage, 1900, "1.90");
	is_int(in.mail_date, 20130812, "12.08.2013");
	is_int(in.dea.product, 182, "product");
	is_int(in.dea.item, 14, "item");
	is_int(in.dea.participation, 1, "participation");
	is_int(in.dea.list, 5462, "list");
	is_int(in.dea.control, 0, "control");
	ok(dea_frankier_id(&in, id), "has an id");
	is_str(id, "012FF45D0155600000E6", "Frankier-ID");
	is_ok(indicium_encode(&in, back, sizeof(back), &len, &e), &e, "back");
	is_int(len, 28, "length");
	is_mem(back, bytes, len, "same bytes");
}

static void
crc4_follows_its_polynomial(void **state)
{
	(void)state;
	/* x^4 = x + 1, x^11 = x^3 + x^2 + x modulo x^4 + x + 1 */
	is_int(dea_crc4("\x01", 1), 3, "x^4");
	is_int(dea_crc4("\x80", 1), 14, "x^11");
	is_int(dea_crc4("\x81", 1), 3 ^ 14, "their sum");
	is_int(dea_crc4("", 0), 0, "nothing");
}

static void
dea_writes_the_published_vectors(void **state)
{
	struct indicium in = {.format = FORMAT_DEA,
	    .postage = 700,
	    .mail_date = 20170504,
	    .dea = {.franking = 0x12,
		.price_list = 36,
		.customer = 5111111111,
		.product = 1,
		.data_len = 19}};
	uint8_t out[42];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	is_ok(indicium_encode(&in, out, sizeof(out), &len, &e), &e, "encode");
	is_int(len, 42, "long form");
	is_mem(out, "DEA\x12\x24", 5, "head");
	is_mem(out + 5, "\x01\x30\xA5\x5D\xC7", 5, "customer 5111111111");
	is_mem(out + 10, "\x00\x46", 2, "0.70");
	is_mem(out + 12, "\x30\x81", 2, "4 May 2017");
	in.postage = 705;
	ok(!indicium_encode(&in, out, sizeof(out), &len, &e), "half a cent");
	in.postage = 700;
	in.dea.data_len = 6;
	ok(!indicium_encode(&in, out, sizeof(out), &len, &e), "no such size");
}

static void
dea_keeps_days_that_are_no_date(void **state)
{
	uint8_t bytes[28], back[28];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	ok(bytes_from_hex(dea_hex, bytes, sizeof(bytes), &len), "hex");
	for (unsigned day = 0; day < 0x10000; day++) {
		bytes[12] = (uint8_t)(day >> 8);
		bytes[13] = (uint8_t)day;
		is_ok(indicium_decode(bytes, 28, &in, &e), &e, "decode");
		is_ok(indicium_encode(&in, back, 28, &len, &e), &e, "encode");
		is_mem(back, bytes, 28, "same bytes");
	}
}

static void
an_internetmarke_has_its_own_layout(void **state)
{
	uint8_t bytes[42] = "DEA\x85\1\2\3\4\5\xa1\xa2\xa3\xa4\xa5\0\x15rest";
	uint8_t back[42];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;
	char id[21];

	(void)state;
	is_ok(indicium_decode(bytes, 42, &in, &e), &e, "decode");
	is_int(in.dea.running, 0x0102030405, "running");
	is_int(in.dea.user, 0xa1a2a3a4a5, "user");
	is_int(in.dea.product, 21, "product");
	ok(!dea_frankier_id(&in, id), "no Frankier-ID");
	is_ok(indicium_encode(&in, back, 42, &len, &e), &e, "back");
	is_mem(back, bytes, 42, "same bytes");
}

struct seen {
	char text[4096];
	int count;
};

static bool
collect(void *context, const struct indicium_field *f)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s=%s%s\n",
	    f->name, f->value, f->number ? "#" : "");
	return ++seen->count < 20;
}

static void
fields_are_text_for_people(void **state)
{
	struct indicium in = sample();
	struct seen seen = {"", 0};

	(void)state;
	indicium_fields(&in, collect, &seen);
	ok(strstr(seen.text, "postage=0.78\n"), seen.text);
	ok(strstr(seen.text, "ascending=338000000.78\n"), seen.text);
	ok(strstr(seen.text, "mail_date=2026-11-21\n"), seen.text);
	ok(strstr(seen.text, "origin_zip=02138\n"), seen.text);
	ok(strstr(seen.text, "destination=90210-1234-56\n"), seen.text);
	ok(strstr(seen.text, "category=FCL1\n"), seen.text);
	ok(strstr(seen.text, "mail_by=2026-11-28\n"), seen.text);
	ok(strstr(seen.text, "piece_count=77#\n"), seen.text);
	seen = (struct seen){"", 18};
	in.category[0] = 1;
	indicium_fields(&in, collect, &seen);
	is_int(seen.count, 20, "stopped when told");
}

static void
bytes_that_are_no_text_are_shown_safely(void **state)
{
	struct indicium in = sample();
	struct seen seen = {"", 0};
	char id[INDICIUM_PSD_ID];

	(void)state;
	in.vendor[0] = '\n';
	in.model[1] = '\0';
	memcpy(in.category, "\033[2J", 4);
	is_str(indicium_psd_id(&in, id), "?XP?0001234567", "id");
	indicium_fields(&in, collect, &seen);
	ok(strstr(seen.text, "vendor=0a58\n"), seen.text);
	ok(strstr(seen.text, "category=1b5b324a\n"), seen.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(our_fields_lie_where_the_public_table_says),
	    T(a_stamp_on_a_sheet_is_bound_to_its_label),
	    T(a_public_stamp_with_provider_bytes_decodes),
	    T(a_public_stamp_without_them_decodes),
	    T(extensions_come_back_as_fields),
	    T(too_many_extensions_are_refused),
	    T(unknown_extensions_are_kept),
	    T(broken_extensions_are_errors),
	    T(lengths_that_fit_no_format_are_errors),
	    T(values_too_big_for_their_bytes_are_refused),
	    T(the_signed_part_ends_before_the_signature),
	    T(ibi_lite_follows_its_table),
	    T(dea_reads_what_the_posts_checker_reads),
	    T(crc4_follows_its_polynomial),
	    T(dea_writes_the_published_vectors),
	    T(dea_keeps_days_that_are_no_date),
	    T(an_internetmarke_has_its_own_layout),
	    T(fields_are_text_for_people),
	    T(bytes_that_are_no_text_are_shown_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
