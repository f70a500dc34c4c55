/* SPDX-License-Identifier: Apache-2.0 */
/* A card that debits what a provider's books have debited: the card's own
 * application over a reader that is no reader (fake_pcsc.h), the books a PSD in
 * this program. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/fake_pcsc.h"
#include "tests/test.h"
#include "vault/authority.h"
#include "vault/crypto.h"
#include "vault/download.h"
#include "vault/follow.h"
#include "vault/lab.h"

#define PIECES	  600
#define ANSWERS	  120
#define MAIL_DATE 20270110

struct answer {
	uint8_t bytes[PSD_MESSAGE_MAX];
	size_t len;
};

static char dir[64];
static struct authority *authority;
static struct vault *card;
static struct psd books;
static uint8_t bytes[PIECES][INDICIUM_MAX];
static struct follow_piece pieces[PIECES]; /* of the books, the first at 0 */
static size_t issued;
static struct answer answers[ANSWERS];
static struct sig_key *card_key;

/* --- the books -------------------------------------------------------------------- */

static bool
no_signature(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	(void)context;
	(void)msg;
	(void)len;
	(void)e;
	memset(sig, 0, INDICIUM_SIGNATURE);
	return true;
}

static void
books_crypto(struct psd_crypto *out)
{
	crypto_init(out, NULL);
	out->sign = no_signature;
}

static void
books_open(const struct psd_status *s)
{
	struct psd_setup setup = {.vendor = "XX",
	    .model = "PS",
	    .serial = s->serial,
	    .cert_serial = s->cert_serial,
	    .licence = s->licence,
	    .currency = s->currency,
	    .software_id = PSD_SOFTWARE,
	    .min_stamp = s->min_stamp,
	    .max_stamp = s->max_stamp,
	    .max_descending = s->max_descending,
	    .expires = s->expires,
	    .audit_due = s->audit_due};
	struct err e = ERR_INIT;

	psd_init(&books);
	is_ok(crypto_point(
		  authority_answer_key(authority), setup.provider_key, &e) &&
		  psd_initialise(&books, &e) &&
		  psd_personalise(&books, &setup, &e),
	    &e, "books");
	issued = 0;
}

/* Value for the books; the card hears of it later. */
static void
books_load(mils amount)
{
	struct answer *a = &answers[books.download_sequence];
	struct download_terms terms = {.amount = amount};
	struct download_request request;
	uint8_t msg[PSD_MESSAGE_MAX];
	struct psd_crypto crypto;
	struct err e = ERR_INIT;
	bool changed;
	size_t len;

	books_crypto(&crypto);
	is_ok(psd_download_request(&books, &crypto, amount, msg, &len, &e) &&
		  message_get_request(msg, len, &request, &e) &&
		  download_make_answer(&request, &terms,
		      authority_answer_key(authority), a->bytes, &a->len, &e) &&
		  psd_download_apply(&books, &crypto, a->bytes, a->len, msg,
		      &len, &changed, &e),
	    &e, "value");
}

static bool
give_answer(void *context, uint32_t sequence, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	(void)context;
	if (sequence == 0 || sequence > books.download_sequence)
		return err_set(e, ERR_CORRUPT, "no such answer");
	memcpy(out, answers[sequence - 1].bytes, answers[sequence - 1].len);
	*len = answers[sequence - 1].len;
	return true;
}

static const struct follow_books shelf = {give_answer, NULL};

/* All that a request can say, one after the other. */
static struct psd_request
request_of(size_t n)
{
	struct psd_request r = {.amount = 500 + (mils)n,
	    .mail_date = MAIL_DATE,
	    .origin_zip = 94103,
	    .destination = 902101234,
	    .category = "FCM"};

	memcpy(r.key, &n, sizeof(n));
	switch (n % 6) {
	case 1: r.brief = true; break;
	case 2:
		r.sheet_serial = 1000 + n;
		r.label = 7;
		break;
	case 3:
		r.amount = 0;
		r.kind = INDICIUM_CORRECTION;
		break;
	case 4:
		r.mailby = MAIL_DATE + 5;
		r.price_list = 3;
		break;
	case 5:
		r.sender_zip = 10001;
		memcpy(r.category, "PRI1", 5);
		break;
	default: break;
	}
	return r;
}

static void
books_debit(const struct psd_request *in)
{
	struct follow_piece *p = &pieces[issued];
	struct psd_crypto crypto;
	struct psd_stamp out;
	struct err e = ERR_INIT;
	bool changed;

	books_crypto(&crypto);
	is_ok(psd_debit(&books, &crypto, MAIL_DATE, in, 1, &out, &changed, &e),
	    &e, "debit in the books");
	memcpy(bytes[issued], out.indicium, out.len);
	*p = (struct follow_piece){.piece = books.piece_count,
	    .message = bytes[issued],
	    .len = out.len - INDICIUM_SIGNATURE};
	issued++;
}

static void
books_issue(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct psd_request r = request_of(issued);

		books_debit(&r);
	}
}

/* --- the card ----------------------------------------------------------------------- */

static struct psd_status
registers(void)
{
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(card, &s, &e), &e, "status");
	return s;
}

static int
setup(void **state)
{
	uint8_t der[CERT_MAX];
	struct cert *cert = NULL;
	struct lab *lab = NULL;
	struct lab_psd psd;
	struct psd_status s;
	struct err e = ERR_INIT;
	uint8_t point[PSD_POINT];
	char id[PSD_ID], path[96];
	size_t len;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/t_follow.XXXXXX");
	ok(mkdtemp(dir) != NULL, "folder");
	snprintf(path, sizeof(path), "%s/lab", dir);
	fake_pcsc_open();
	lab_defaults(&psd);
	psd.currency = 840;
	psd.audit_due = 0;
	is_ok(lab_open(path, &lab, &e) &&
		  lab_create_vault(lab, "card:", &psd, id, &e),
	    &e, "a card");
	lab_close(lab);
	is_ok(authority_open(path, &authority, &e), &e, "authority");
	is_ok(vault_open("card:", 0, &card, &e), &e, "open");
	is_ok(vault_certificate(card, der, sizeof(der), &len, &e) &&
		  cert_parse(der, len, &cert, &e) &&
		  crypto_point(cert_key(cert), point, &e) &&
		  crypto_from_point(point, &card_key, &e),
	    &e, "its key");
	cert_free(cert);
	s = registers();
	books_open(&s);
	return 0;
}

static int
teardown(void **state)
{
	char command[96];

	(void)state;
	vault_close(card);
	authority_close(authority);
	sig_free(card_key);
	card_key = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Signs pieces `from` (from 0) to `to` of the books. */
static bool
follow(size_t from, size_t to, struct err *e)
{
	return follow_sign(card, &shelf, &pieces[from], to - from, e);
}

static void
follows(size_t from, size_t to)
{
	struct err e = ERR_INIT;

	is_ok(follow(from, to, &e), &e, "the card follows");
	for (size_t i = from; i < to; i++)
		ok(sig_verify(card_key, pieces[i].message, pieces[i].len,
		       pieces[i].sig),
		    "its signature over the books' bytes");
}

static void
is_where_books_are(void)
{
	struct psd_status s = registers();

	is_int(s.piece_count, books.piece_count, "pieces");
	is_int(s.ascending, books.ascending, "spent");
	is_int(s.control_total, books.control_total, "in all");
}

static void
is_corrupt(size_t from, size_t to)
{
	struct psd_status before = registers(), after;
	struct err e = ERR_INIT;

	ok(!follow(from, to, &e), "it does not follow");
	is_err(&e, ERR_CORRUPT, "the books and it differ");
	after = registers();
	is_int(after.piece_count, before.piece_count, "nothing is debited");
}

/* --- following ------------------------------------------------------------------------ */

static void
every_kind_of_stamp_is_followed(void **state)
{
	(void)state;
	books_load(20000);
	books_issue(14);
	follows(0, 14);
	is_where_books_are();
}

static void
value_comes_in_where_the_books_had_it(void **state)
{
	(void)state;
	books_load(20000);
	books_issue(3);
	books_load(1000);
	books_load(500);
	books_issue(4);
	books_load(700);
	books_issue(1);
	follows(0, 8);
	is_where_books_are();
}

static void
asked_again_it_is_the_same(void **state)
{
	uint8_t sig[INDICIUM_SIGNATURE];

	(void)state;
	books_load(40000);
	books_issue(32);
	follows(0, 32);
	memcpy(sig, pieces[7].sig, sizeof(sig));
	follows(0, 32);
	is_mem(pieces[7].sig, sig, sizeof(sig), "the same signature");
	follows(20, 32);
	books_issue(10);
	follows(25, 42);
	is_where_books_are();
}

/* From that answer on the card is away. */
static long lost_at;

static bool
lose(uint8_t *out, size_t *len, size_t size)
{
	(void)out;
	(void)len;
	(void)size;
	return fake_pcsc->answers < lost_at;
}

/* The card's child knows when, from its birth on. */
static void
open_to_lose(long n)
{
	static long opening;
	struct err e = ERR_INIT;
	long before = fake_pcsc->answers;

	vault_close(card);
	lost_at = before + opening + n;
	fake_pcsc->lie = opening > 0 ? lose : NULL;
	is_ok(vault_open("card:", 0, &card, &e), &e, "open");
	opening = fake_pcsc->answers - before;
}

static void
pulled_at_any_answer_it_debits_once(void **state)
{
	bool whole = false;
	long lost = 0;

	(void)state;
	books_load(100000);
	open_to_lose(0);
	for (long n = 1; n < ANSWERS - 1 && !whole; n++) {
		struct err e = ERR_INIT;
		size_t from = issued;

		books_issue(2);
		books_load(100);
		books_issue(2);
		open_to_lose(n);
		whole = follow(from, from + 4, &e);
		lost += !whole;
		fake_pcsc->lie = NULL;
		follows(from, from + 4);
		is_where_books_are();
	}
	ok(lost > 10 && whole, "each answer was lost once");
}

/* --- what is not followed ---------------------------------------------------------------- */

static void
a_card_that_was_used_elsewhere_is_not_believed(void **state)
{
	struct psd_request r = request_of(0);
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	books_load(20000);
	books_issue(1);
	follows(0, 1);
	r.key[15] = 1;
	is_ok(vault_debit(card, &r, 1, &out, &e), &e, "spent elsewhere");
	books_issue(2);
	is_corrupt(1, 3);
}

static void
an_older_card_is_not_believed(void **state)
{
	(void)state;
	books_load(20000);
	books_issue(3);
	is_corrupt(1, 3);
}

static void
other_books_are_not_followed(void **state)
{
	struct psd_status s = registers();
	struct psd_request r = request_of(1);

	(void)state;
	books_load(20000);
	books_issue(2);
	follows(0, 2);
	books_open(&s); /* as a backup of them, put back */
	books_load(20000);
	books_issue(1);
	r.amount = 900;
	books_debit(&r);
	is_corrupt(1, 2);
	books_load(300);
	books_issue(1);
	is_corrupt(2, 3);
}

static void
a_piece_that_it_forgot_is_not_debited_again(void **state)
{
	(void)state;
	books_load(100000);
	books_issue(32);
	follows(0, 32);
	books_issue(32);
	follows(32, 64);
	books_issue(3);
	follows(64, 67);
	is_corrupt(0, 5);
	follows(3, 30);
	is_where_books_are();
}

static void
a_piece_out_of_turn_is_not_debited(void **state)
{
	struct psd_request r = request_of(0);
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	books_load(20000);
	books_issue(2);
	follows(0, 2);
	r.key[15] = 9;
	ok(!vault_debit_next(card, 1, &r, 1, &out, &e), "an old place");
	is_err(&e, ERR_BUSY, "is not debited");
	e = (struct err)ERR_INIT;
	ok(!vault_debit_next(card, 5, &r, 1, &out, &e), "a place to come");
	is_err(&e, ERR_BUSY, "is not debited");
	is_where_books_are();
}

static void
bytes_that_are_no_indicium_are_refused(void **state)
{
	uint8_t junk[INDICIUM_MAX];
	struct follow_request out;

	(void)state;
	memset(junk, 0x91, sizeof(junk));
	for (size_t len = 0; len <= sizeof(junk); len++) {
		struct follow_piece p = {1, junk, len, {0}};
		struct err e = ERR_INIT;

		if (!follow_read(&p, &out, &e))
			is_err(&e, ERR_CORRUPT, "no indicium");
		else
			ok(len <= INDICIUM_MAX - INDICIUM_SIGNATURE,
			    "it has room for a signature");
	}
}

#define WITH_CARD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_CARD(every_kind_of_stamp_is_followed),
	    WITH_CARD(value_comes_in_where_the_books_had_it),
	    WITH_CARD(asked_again_it_is_the_same),
	    WITH_CARD(pulled_at_any_answer_it_debits_once),
	    WITH_CARD(a_card_that_was_used_elsewhere_is_not_believed),
	    WITH_CARD(an_older_card_is_not_believed),
	    WITH_CARD(other_books_are_not_followed),
	    WITH_CARD(a_piece_that_it_forgot_is_not_debited_again),
	    WITH_CARD(a_piece_out_of_turn_is_not_debited),
	    WITH_CARD(bytes_that_are_no_indicium_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
