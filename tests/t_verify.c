/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "stamp/symbol.h"
#include "tools/verify.h"

/* A lab's certificates, the key of its PSD, and the rules to check with. */
struct lab {
	struct sig_key *key[3];
	struct cert *cert[3];
	struct cert_store *store;
	struct seen *run;
};

static int
make_lab(void **state)
{
	static const char *const ids[] = {"", "XX", "XXPS0000000042"};
	struct lab *lab = calloc(1, sizeof(*lab));
	struct err e = ERR_INIT;

	if (lab == NULL || !cert_store_new(&lab->store, &e) ||
	    !seen_open(":memory:", true, &lab->run, &e))
		return -1;
	for (int i = 0; i < 3; i++) {
		struct cert_spec spec = {.rank = (enum cert_rank)i,
		    .name = "Lab",
		    .id = ids[i],
		    .serial = 1000 + (uint32_t)i,
		    .not_before = 20260101,
		    .not_after = 20281231,
		    .issuer = i ? lab->cert[i - 1] : NULL};
		uint8_t der[CERT_MAX];
		size_t len;

		if (!sig_generate(&lab->key[i], &e))
			return -1;
		spec.key = lab->key[i];
		spec.sign = lab->key[i ? i - 1 : 0];
		if (!cert_issue(&spec, &lab->cert[i], &e) ||
		    !cert_der(lab->cert[i], der, sizeof(der), &len, &e) ||
		    !cert_store_add(lab->store, der, len, &e))
			return -1;
	}
	*state = lab;
	return 0;
}

static int
free_lab(void **state)
{
	struct lab *lab = *state;

	for (int i = 0; i < 3; i++) {
		sig_free(lab->key[i]);
		cert_free(lab->cert[i]);
	}
	cert_store_free(lab->store);
	seen_close(lab->run);
	free(lab);
	return 0;
}

static struct check_rules
rules_of(const struct lab *lab)
{
	return (struct check_rules){
	    .certificates = lab->store, .today = 20261121, .window_days = 30};
}

static struct indicium
sample(void)
{
	return (struct indicium){
	    .format = FORMAT_IBI,
	    .version = IBI_VERSION,
	    .algorithm = IBI_ALGORITHM,
	    .cert_serial = 1002,
	    .vendor = "XX",
	    .model = "PS",
	    .psd_serial = 42,
	    .ascending = 780,
	    .postage = 780,
	    .mail_date = 20261120,
	    .descending = 99220,
	    .category = {'F', 'C', 'L', '1'},
	    .has = HAS_MAILBY | HAS_EXPIRY,
	    .mailby = 20261127,
	    .psd_expires = 20281231,
	    .signature_len = INDICIUM_SIGNATURE,
	};
}

static size_t
sign(const struct lab *lab, struct indicium *in, uint8_t out[INDICIUM_MAX])
{
	struct err e = ERR_INIT;
	size_t len;

	ok(indicium_set_extensions(in), "extensions");
	is_ok(indicium_signed_part(in, out, INDICIUM_MAX, &len, &e), &e, "p");
	is_ok(sig_sign(lab->key[2], out, len, in->signature, &e), &e, "sign");
	is_ok(indicium_encode(in, out, INDICIUM_MAX, &len, &e), &e, "encode");
	return len;
}

static enum verdict
verdict_of(const struct check_rules *rules, const uint8_t *bytes, size_t len,
    struct judged *out)
{
	struct err e = ERR_INIT;

	is_ok(check_stamp(rules, bytes, len, "here", out, &e), &e, "check");
	return out->verdict;
}

/* Signs what is in `in` and checks it on `today`. */
static enum verdict
fate(const struct lab *lab, struct indicium *in, uint32_t today)
{
	struct check_rules rules = rules_of(lab);
	uint8_t bytes[INDICIUM_MAX];
	struct judged judged;
	size_t len = sign(lab, in, bytes);

	rules.today = today;
	return verdict_of(&rules, bytes, len, &judged);
}

static void
a_good_stamp_is_valid_as_far_as_is_known(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	struct indicium in = sample();
	uint8_t bytes[INDICIUM_MAX];
	struct judged judged;
	size_t len = sign(lab, &in, bytes);

	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID_OFFLINE,
	    judged.why);
	ok(judged.lab && judged.decoded, "a lab's, with fields");
	is_int(judged.in.postage, 780, "its fields");
}

static void
any_changed_bit_makes_it_worthless(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	struct indicium in = sample();
	uint8_t bytes[INDICIUM_MAX];
	struct judged judged;
	size_t len = sign(lab, &in, bytes);

	for (size_t i = 0; i < 8 * len; i++) {
		enum verdict v;

		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		v = verdict_of(&rules, bytes, len, &judged);
		ok(v != VERDICT_VALID && v != VERDICT_VALID_OFFLINE,
		    verdict_name(v));
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	bytes[20] ^= 1;
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_BAD_SIGNATURE,
	    "postage changed");
}

static void
nobody_says_forged(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	struct judged judged;

	is_int(verdict_of(&rules, (const uint8_t *)"\x91\x21", 2, &judged),
	    VERDICT_UNREADABLE, "cut short");
	ok(!judged.decoded, "no fields");
	ok(!strstr(judged.why, "forged"), judged.why);
	for (int v = 0; v < VERDICTS; v++)
		ok(!strstr(verdict_name((enum verdict)v), "FORGED"), "word");
}

static void
strangers_are_unknown(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	uint8_t foreign[89] = {0x50, 0x01}, dea[28];
	struct indicium in = sample();
	struct judged judged;
	size_t len;

	in.cert_serial = 1003;
	is_int(fate(lab, &in, 20261121), VERDICT_UNKNOWN_ISSUER, "serial");
	in = sample();
	in.psd_serial = 43;
	is_int(fate(lab, &in, 20261121), VERDICT_UNKNOWN_ISSUER, "PSD");
	is_int(verdict_of(&rules, foreign, sizeof(foreign), &judged),
	    VERDICT_UNKNOWN_ISSUER, "another post's");
	ok(judged.decoded && !judged.lab, "with its fields");
	ok(bytes_from_hex("444541121C012BB7456D00BE578D00B600000E01155600000000"
			  "0000",
	       dea, sizeof(dea), &len),
	    "hex");
	is_int(verdict_of(&rules, dea, len, &judged), VERDICT_UNKNOWN_ISSUER,
	    "unsigned format");
}

static void
specimens_have_no_value(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	struct indicium in = sample();
	uint8_t bytes[INDICIUM_MAX];
	struct judged judged;
	struct err e = ERR_INIT;
	size_t len;

	is_ok(indicium_encode(&in, bytes, sizeof(bytes), &len, &e), &e, "out");
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_SPECIMEN,
	    "signed by nothing");
	in.has |= HAS_KIND;
	in.kind = INDICIUM_SPECIMEN;
	is_int(fate(lab, &in, 20261121), VERDICT_SPECIMEN, "of that kind");
}

static void
dates_bound_its_life(void **state)
{
	const struct lab *lab = *state;
	struct indicium in = sample();

	is_int(fate(lab, &in, 20261127), VERDICT_VALID_OFFLINE, "last day");
	is_int(fate(lab, &in, 20261128), VERDICT_EXPIRED, "day after");
	is_int(fate(lab, &in, 20261110), VERDICT_VALID_OFFLINE, "advance");
	is_int(fate(lab, &in, 20260601), VERDICT_EXPIRED, "half a year ahead");
	in.has = 0;
	is_int(fate(lab, &in, 20261220), VERDICT_VALID_OFFLINE, "30 days");
	is_int(fate(lab, &in, 20261221), VERDICT_EXPIRED, "31 days");
	in = sample();
	in.psd_expires = 20261119;
	is_int(fate(lab, &in, 20261121), VERDICT_EXPIRED, "PSD expired");
	in = sample();
	in.mail_date = 20290102;
	in.mailby = 20290109;
	in.psd_expires = 20301231;
	is_int(fate(lab, &in, 20290103), VERDICT_EXPIRED, "certificate's end");
	in = sample();
	in.mail_date = 20261131;
	is_int(fate(lab, &in, 20261121), VERDICT_EXPIRED, "no such day");
}

static void
a_revoked_psd_is_named(void **state)
{
	struct lab *lab = *state;
	const uint32_t serials[] = {1002};
	struct cert_crl_spec spec = {
	    lab->cert[1], lab->key[1], serials, 1, 1, 20261101, 20271101};
	struct indicium in = sample();
	struct err e = ERR_INIT;
	uint8_t der[512];
	size_t len;

	is_ok(cert_crl_issue(&spec, der, sizeof(der), &len, &e), &e, "list");
	is_ok(cert_store_add(lab->store, der, len, &e), &e, "add");
	is_int(fate(lab, &in, 20261121), VERDICT_REVOKED, "revoked");
}

static void
the_second_of_two_is_a_duplicate(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	struct indicium in = sample();
	uint8_t bytes[INDICIUM_MAX], other[INDICIUM_MAX];
	struct judged judged;
	size_t len = sign(lab, &in, bytes), other_len;

	rules.run = lab->run;
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID_OFFLINE,
	    "first");
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_DUPLICATE,
	    "second");
	ok(strstr(judged.why, "here"), judged.why);
	/* The register names the stamp, not its other bytes. */
	in.mail_date = 20261121;
	other_len = sign(lab, &in, other);
	is_int(verdict_of(&rules, other, other_len, &judged), VERDICT_DUPLICATE,
	    "same register");
	in.ascending += 780;
	other_len = sign(lab, &in, other);
	is_int(verdict_of(&rules, other, other_len, &judged),
	    VERDICT_VALID_OFFLINE, "next register");
}

static void
corrections_are_told_apart_by_piece_count(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	struct indicium in = sample();
	uint8_t bytes[INDICIUM_MAX];
	struct judged judged;
	size_t len;

	rules.run = lab->run;
	len = sign(lab, &in, bytes);
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID_OFFLINE,
	    "the stamp before it");
	in.has |= HAS_KIND | HAS_PIECE;
	in.kind = INDICIUM_CORRECTION;
	in.postage = 0;
	in.piece_count = 2;
	len = sign(lab, &in, bytes);
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID_OFFLINE,
	    "a correction");
	in.piece_count = 3;
	len = sign(lab, &in, bytes);
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID_OFFLINE,
	    "another");
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_DUPLICATE,
	    "the same");
}

static void
a_use_is_recorded_once(void **state)
{
	const struct lab *lab = *state;
	struct check_rules rules = rules_of(lab);
	struct indicium in = sample();
	char path[] = "/tmp/t_verify.XXXXXX";
	uint8_t bytes[INDICIUM_MAX];
	struct judged judged;
	struct err e = ERR_INIT;
	size_t len = sign(lab, &in, bytes);
	struct seen *seen = NULL;

	close(mkstemp(path));
	unlink(path);
	ok(!seen_open(path, false, &seen, &e), "no table yet");
	is_err(&e, ERR_ABSENT, "kind");
	is_ok(seen_open(path, true, &seen, &e), &e, "make");
	rules.seen = seen;
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID, "check");
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID,
	    "checking records nothing");
	rules.cancel = true;
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_VALID,
	    "cancelled");
	is_int(verdict_of(&rules, bytes, len, &judged), VERDICT_DUPLICATE,
	    "again");
	seen_close(seen);
	is_ok(seen_open(path, false, &seen, &e), &e, "open again");
	rules.seen = seen;
	rules.cancel = false;
	is_int(
	    verdict_of(&rules, bytes, len, &judged), VERDICT_DUPLICATE, "kept");
	ok(strstr(judged.why, "first seen 20"), judged.why);
	seen_close(seen);
	unlink(path);
}

static void
text_is_no_stamp(void **state)
{
	(void)state;
	ok(check_is_text((const uint8_t *)"https://example.org/", 20), "text");
	ok(!check_is_text((const uint8_t *)"a\x91", 2), "bytes");
}

/* Draws one symbol, quarter-turned `turns` times. */
static void
draw(struct image *image, enum symbol_kind kind, int x0, int y0, int dots,
    int turns)
{
	uint8_t bytes[116];
	struct symbol s;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + (unsigned)x0);
	is_ok(symbol_encode(kind, bytes, sizeof(bytes), &s, &e), &e, "encode");
	for (int y = 0; y < s.shape.height * dots; y++)
		for (int x = 0; x < s.shape.width * dots; x++) {
			int w = s.shape.width * dots, h = s.shape.height * dots;
			int px = turns == 1   ? h - 1 - y
				 : turns == 2 ? w - 1 - x
				 : turns == 3 ? y
					      : x;
			int py = turns == 1   ? x
				 : turns == 2 ? h - 1 - y
				 : turns == 3 ? w - 1 - x
					      : y;

			if (symbol_get(&s, x / dots, y / dots))
				image
				    ->grey[(y0 + py) * image->width + x0 + px] =
				    0;
		}
}

static void
symbols_are_found_where_they_are(void **state)
{
	static const struct {
		enum symbol_kind kind;
		int x, y, turns;
		double width, height;
	} wanted[] = {
	    {SYMBOL_QR, 80, 60, 0, 225, 225},
	    {SYMBOL_QR, 400, 70, 2, 225, 225},
	    {SYMBOL_DATAMATRIX, 80, 400, 1, 220, 220},
	    {SYMBOL_DATAMATRIX, 400, 400, 3, 220, 220},
	};
	struct image image = {
	    .page = 1, .width = 700, .height = 700, .dpi_x = 300, .dpi_y = 300};
	struct find_rules rules = {BY_ZBAR | BY_DMTX, true};
	struct found_list list = {0};
	struct err e = ERR_INIT;

	(void)state;
	is_ok(image_new(&image, &e), &e, "page");
	for (size_t i = 0; i < 4; i++)
		draw(&image, wanted[i].kind, wanted[i].x, wanted[i].y, 5,
		    wanted[i].turns);
	/* A line of dots, 4 modules off. */
	for (int x = 80; x < 305; x += 3)
		image.grey[(60 + 225 + 20) * image.width + x] = 0;
	is_ok(find_symbols(&image, &rules, &list, &e), &e, "find");
	is_int(list.count, 4, "symbols");
	for (size_t i = 0; i < 4; i++) {
		const struct found *f = &list.at[i];

		is_int(f->len, 116, "bytes");
		is_int(f->bytes[1], (37 + wanted[i].x) & 255, "which");
		is_int(f->box.left, wanted[i].x, "left");
		is_int(f->box.top, wanted[i].y, "top");
		is_int(f->box.right - f->box.left, wanted[i].width, "width");
		is_int(f->box.bottom - f->box.top, wanted[i].height, "height");
		is_int(f->by, wanted[i].kind == SYMBOL_QR ? BY_ZBAR : BY_DMTX,
		    "by");
	}
	found_free(&list);
	image_free(&image);
}

static void
what_two_decoders_read_is_one_symbol(void **state)
{
	struct found one = {
	    .len = 1, .by = BY_ZBAR, .bytes = {7}, .box = {10, 10, 50, 50}};
	struct found_list list = {0};
	struct err e = ERR_INIT;

	(void)state;
	is_ok(found_add(&list, &one, &e), &e, "first");
	one.by = BY_ZXING;
	one.box.left = 11;
	is_ok(found_add(&list, &one, &e), &e, "second");
	is_int(list.count, 1, "merged");
	is_int(list.at[0].by, BY_ZBAR | BY_ZXING, "by both");
	one.box = (struct box){100, 10, 140, 50};
	is_ok(found_add(&list, &one, &e), &e, "elsewhere");
	is_int(list.count, 2, "a copy beside it is another symbol");
	one.bytes[0] = 8;
	is_ok(found_add(&list, &one, &e), &e, "other bytes");
	is_int(list.count, 3, "decoders that disagree are both heard");
	found_free(&list);
}

static void
files_of_no_known_kind_are_refused(void **state)
{
	char path[] = "/tmp/t_verify.XXXXXX";
	struct err e = ERR_INIT;
	int fd = mkstemp(path);

	(void)state;
	ok(fd >= 0 && write(fd, "hello", 5) == 5, "file");
	close(fd);
	ok(!image_read(path, 300, NULL, NULL, &e), "text");
	is_err(&e, ERR_REQUEST, "kind");
	unlink(path);
	ok(!image_read(path, 300, NULL, NULL, &e), "missing");
	is_err(&e, ERR_SYSTEM, "kind");
}

#define LAB(f) cmocka_unit_test_setup_teardown(f, make_lab, free_lab)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB(a_good_stamp_is_valid_as_far_as_is_known),
	    LAB(any_changed_bit_makes_it_worthless),
	    LAB(nobody_says_forged),
	    LAB(strangers_are_unknown),
	    LAB(specimens_have_no_value),
	    LAB(dates_bound_its_life),
	    LAB(a_revoked_psd_is_named),
	    LAB(the_second_of_two_is_a_duplicate),
	    LAB(corrections_are_told_apart_by_piece_count),
	    LAB(a_use_is_recorded_once),
	    T(text_is_no_stamp),
	    T(symbols_are_found_where_they_are),
	    T(what_two_decoders_read_is_one_symbol),
	    T(files_of_no_known_kind_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
