/* SPDX-License-Identifier: Apache-2.0 */
/* A device that lies is not believed. */
#include "vault/card_check.h"

#include "tests/psd_help.h"
#include "tests/test.h"

static struct bench b;
static struct cert *cert, *other_cert;
static struct psd_status seen;

static struct cert *
issue(enum cert_rank rank, const char *id, const struct sig_key *key,
    const struct cert *issuer, const struct sig_key *sign)
{
	struct cert_spec spec = {.rank = rank,
	    .name = "test",
	    .id = id,
	    .serial = 7,
	    .not_before = 20260101,
	    .not_after = 20291231,
	    .key = key,
	    .issuer = issuer,
	    .sign = sign};
	struct cert *made = NULL;
	struct err e = ERR_INIT;

	is_ok(cert_issue(&spec, &made, &e), &e, "certificate");
	return made;
}

static int
setup(void **state)
{
	struct cert *authority, *provider;

	(void)state;
	bench_open(&b);
	bench_refill(&b, 100000);
	authority = issue(CERT_AUTHORITY, "", b.provider, NULL, b.provider);
	provider =
	    issue(CERT_PROVIDER, "XX", b.provider, authority, b.provider);
	cert = issue(CERT_PSD, "XXPS0000000007", b.key, provider, b.provider);
	other_cert =
	    issue(CERT_PSD, "XXPS0000000008", b.key, provider, b.provider);
	cert_free(authority);
	cert_free(provider);
	psd_status(&b.psd, TODAY, &seen);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	cert_free(cert);
	cert_free(other_cert);
	bench_close(&b);
	return 0;
}

static struct psd_stamp
debit(const struct psd_request *r)
{
	struct psd_stamp stamp;
	struct err e = ERR_INIT;

	is_ok(bench_debit(&b, r, &stamp, &e), &e, "debit");
	return stamp;
}

static void
believed(const struct psd_request *asked, const struct psd_stamp *got)
{
	struct err e = ERR_INIT;

	is_ok(card_check_stamp(asked, got, cert, &seen, &e), &e, "a stamp");
}

static void
refused(const struct psd_request *asked, const struct psd_stamp *got,
    const char *why)
{
	struct psd_status before = seen;
	struct err e = ERR_INIT;

	ok(!card_check_stamp(asked, got, cert, &seen, &e), why);
	is_err(&e, ERR_CORRUPT, why);
	ok(strstr(e.text, why) != NULL, e.text);
	is_mem(&seen, &before, sizeof(seen), "nothing moved on");
}

static void
stamps_in_order_are_believed(void **state)
{
	struct psd_request r[3] = {bench_request(1, 780),
	    bench_request(2, 1050), bench_request(3, 780)};
	struct psd_stamp stamp;

	(void)state;
	r[1].brief = true;
	r[2].sheet_serial = 4711;
	r[2].label = 3;
	r[2].destination = 0;
	for (int i = 0; i < 3; i++) {
		stamp = debit(&r[i]);
		believed(&r[i], &stamp);
	}
	is_int(seen.ascending, 780 + 1050 + 780, "ascending");
	is_int(seen.piece_count, 3, "pieces");
	stamp = debit(&r[0]);
	ok(stamp.replayed, "a replay");
	believed(&r[0], &stamp);
	is_int(seen.piece_count, 3, "moves nothing");
}

static void
an_old_stamp_under_a_new_key_is_refused(void **state)
{
	struct psd_request first = bench_request(1, 780),
			   second = bench_request(2, 780);
	struct psd_stamp stamp = debit(&first);

	(void)state;
	believed(&first, &stamp);
	refused(&second, &stamp, "registers do not follow");
}

static void
another_stamp_than_was_asked_for_is_refused(void **state)
{
	struct psd_request r = bench_request(1, 780), other;
	struct psd_stamp stamp = debit(&r);

	(void)state;
	other = r;
	other.amount = 790;
	refused(&other, &stamp, "value");
	other = r;
	other.mail_date = 20261122;
	refused(&other, &stamp, "dates");
	other = r;
	other.destination = 1;
	refused(&other, &stamp, "places");
	other = r;
	memcpy(other.category, "FCL2", 5);
	refused(&other, &stamp, "kind");
	believed(&r, &stamp);
}

static void
registers_that_jump_are_refused(void **state)
{
	struct psd_request r = bench_request(1, 780), next = r;
	struct psd_stamp lost = debit(&r), stamp;

	(void)state;
	(void)lost;
	next.key[0] = 2;
	stamp = debit(&next);
	refused(&next, &stamp, "registers do not follow");
	stamp.replayed = true;
	refused(&next, &stamp, "never spent");
}

static void
what_the_key_did_not_sign_is_refused(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp stamp = debit(&r);

	(void)state;
	stamp.indicium[stamp.len - 1] ^= 1;
	refused(&r, &stamp, "signature");
	stamp.len -= 10;
	refused(&r, &stamp, "cannot be read");
}

static void
another_device_is_refused(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp stamp = debit(&r);
	struct err e = ERR_INIT;

	(void)state;
	ok(!card_check_stamp(&r, &stamp, other_cert, &seen, &e), "another's");
	is_err(&e, ERR_CORRUPT, "another's");
	ok(strstr(e.text, "another PSD") != NULL, e.text);
}

static void
what_is_found_again_is_the_devices_own(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp stamp = debit(&r);
	struct err e = ERR_INIT;

	(void)state;
	ok(!card_check_found(&stamp, cert, &seen, &e), "before it was spent");
	believed(&r, &stamp);
	is_ok(card_check_found(&stamp, cert, &seen, &e), &e, "found");
	ok(!card_check_found(&stamp, other_cert, &seen, &e), "another's");
	stamp.indicium[20] ^= 1;
	ok(!card_check_found(&stamp, cert, &seen, &e), "not signed");
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(stamps_in_order_are_believed),
	    WITH(an_old_stamp_under_a_new_key_is_refused),
	    WITH(another_stamp_than_was_asked_for_is_refused),
	    WITH(registers_that_jump_are_refused),
	    WITH(what_the_key_did_not_sign_is_refused),
	    WITH(another_device_is_refused),
	    WITH(what_is_found_again_is_the_devices_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
