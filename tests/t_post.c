/* SPDX-License-Identifier: Apache-2.0 */
/* The post's side: each stamp is good once, and only as it was issued. */
#include "provider/post.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/base64.h"
#include "provider/complete.h"
#include "provider/crl.h"
#include "provider/psd_end.h"
#include "provider/store_admin.h"
#include "stamp/cert.h"
#include "tests/api_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"

#define THREADS 4

static struct issue_result issued;

/* Two stamps, and a token of the post. */
static struct user_system
setup(struct help *h, char post[96])
{
	int64_t account = help_account(h, "one", 100000);
	struct user_system u = help_system(h, account, "one", NULL);
	struct err e;

	help_issue(h, help_order(h, &u, 2), &issued, ERR_NONE, &e);
	help_person(h, "sorter", PERSON_POST, NULL, post);
	return u;
}

static void
ask_about(struct help *h, const char *path, const char *token,
    const struct stamp_row *row, const char *rest)
{
	char text[512], body[800];

	base64_encode(row->indicium, row->len, text);
	snprintf(body, sizeof(body), "{\"indicium\":\"%s\"%s}", text, rest);
	help_ask(h, "POST", path, token, body);
}

static void
verdict_is(struct help *h, const struct stamp_row *row, const char *want)
{
	struct post_check check;
	struct err e = ERR_INIT;

	is_ok(post_verify(h->w, row->indicium, row->len, &check, &e), &e,
	    "verify");
	is_str(post_verdict_name(check.verdict), want, check.why);
}

/* --- use ------------------------------------------------------------------------------ */

static void
second_look_is_a_duplicate(void **state)
{
	struct help *h = *state;
	const struct stamp_row *row = &issued.stamp[0];
	char post[96];

	setup(h, post);
	ask_about(h, "/v1/verify", post, row, "");
	help_said(h, 200, "\"verdict\":\"VALID\"");
	help_said(h, 200, "\"piece\":1,\"amount\":100");
	ask_about(h, "/v1/cancel", post, row, ",\"place\":\"Oakland 3\"");
	help_said(h, 200, "\"verdict\":\"VALID\"");
	ask_about(h, "/v1/cancel", post, row, ",\"place\":\"Fresno\"");
	help_said(h, 200, "\"verdict\":\"DUPLICATE\"");
	help_said(h, 200, "\"place\":\"Oakland 3\"");
	ask_about(h, "/v1/verify", post, row, "");
	help_said(h, 200, "\"verdict\":\"DUPLICATE\"");
	verdict_is(h, &issued.stamp[1], "VALID");
	help_audit(h);
}

/* The answer was lost: the scanner asks again. */
static void
same_scan_is_one_look(void **state)
{
	static const char one[] = ",\"place\":\"A\",\"scan\":\"77-1\"";
	struct help *h = *state;
	const struct stamp_row *row = &issued.stamp[0];
	char post[96], other[96];

	setup(h, post);
	help_person(h, "other", PERSON_POST, NULL, other);
	for (int i = 0; i < 2; i++) {
		ask_about(h, "/v1/cancel", post, row, one);
		help_said(h, 200, "\"verdict\":\"VALID\"");
	}
	ask_about(h, "/v1/cancel", other, row, one);
	help_said(h, 200, "\"verdict\":\"DUPLICATE\"");
	ask_about(
	    h, "/v1/cancel", post, row, ",\"place\":\"A\",\"scan\":\"77-2\"");
	help_said(h, 200, "\"verdict\":\"DUPLICATE\"");
}

struct looker {
	struct worker *w;
	enum post_verdict verdict;
};

static void *
look(void *context)
{
	struct looker *l = context;
	struct post_mark mark = {.person = 1, .place = "A", .scan = ""};
	struct post_check check;
	struct err e = ERR_INIT;

	l->verdict = POST_VERDICTS;
	if (post_cancel(l->w, &mark, issued.stamp[0].indicium,
		issued.stamp[0].len, &check, &e))
		l->verdict = check.verdict;
	return NULL;
}

static void
of_many_at_once_one_is_first(void **state)
{
	struct help *h = *state;
	struct looker looker[THREADS];
	pthread_t thread[THREADS];
	int valid = 0, duplicate = 0;
	char post[96];

	setup(h, post);
	for (int i = 0; i < THREADS; i++) {
		looker[i].w = shop_worker(&h->shop, NULL);
		ok(pthread_create(&thread[i], NULL, look, &looker[i]) == 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		valid += looker[i].verdict == POST_VALID;
		duplicate += looker[i].verdict == POST_DUPLICATE;
		shop_worker_close(looker[i].w);
	}
	is_int(valid, 1, "valid");
	is_int(duplicate, THREADS - 1, "duplicates");
}

/* --- what is no stamp ----------------------------------------------------------------- */

static void
changed_bytes_are_no_stamp(void **state)
{
	struct help *h = *state;
	struct stamp_row row;
	char post[96];

	setup(h, post);
	for (size_t i = 0; i < issued.stamp[0].len; i++) {
		struct post_check check;
		struct err e = ERR_INIT;

		row = issued.stamp[0];
		row.indicium[i] ^= 1;
		is_ok(post_verify(h->w, row.indicium, row.len, &check, &e), &e,
		    "verify");
		ok(check.verdict == POST_BAD_SIGNATURE ||
			check.verdict == POST_UNKNOWN_ISSUER ||
			check.verdict == POST_UNREADABLE,
		    post_verdict_name(check.verdict));
	}
	row.len = 30;
	verdict_is(h, &row, "UNREADABLE");
}

/* A good signature is not enough. */
static void
what_is_not_in_the_books_was_not_issued(void **state)
{
	struct help *h = *state;
	char post[96];

	setup(h, post);
	shop_sql(&h->shop, "DELETE FROM stamp WHERE piece = 2");
	verdict_is(h, &issued.stamp[1], "NOT-ISSUED");
	verdict_is(h, &issued.stamp[0], "VALID");
}

/* With a PSD's key: `in` as it says it, signed. */
static void
forge(struct help *h, const struct indicium *in, struct stamp_row *out)
{
	struct psd_record psd;
	uint8_t bytes[INDICIUM_FOREIGN_MAX];
	struct signer_message m = {.ptr = bytes};
	struct indicium forged = *in;
	struct err e = ERR_INIT;
	char id[PSD_ID];
	bool found;

	is_ok(store_begin(h->w->store, STORE_READ, &e) &&
		  store_psd_find(h->w->store, 1, &psd, &found, &e),
	    &e, "the PSD");
	store_rollback(h->w->store);
	is_ok(indicium_signed_part(in, bytes, sizeof(bytes), &m.len, &e) &&
		  signer_sign(h->w->signer[0], worker_psd_id(h->w, 1, id),
		      &psd.here.key, &m, 1, &e),
	    &e, "signed");
	memcpy(forged.signature, m.sig, SIG_BYTES);
	is_ok(indicium_encode(
		  &forged, out->indicium, sizeof(out->indicium), &out->len, &e),
	    &e, "bytes");
}

/* Who has its key makes good signatures, and no stamp. */
static void
what_its_psd_never_said_was_not_issued(void **state)
{
	struct help *h = *state;
	struct stamp_row row = {.psd = 1};
	struct indicium in, other;
	struct err e = ERR_INIT;
	char post[96];

	setup(h, post);
	is_ok(indicium_decode(
		  issued.stamp[0].indicium, issued.stamp[0].len, &in, &e),
	    &e, "a stamp");
	forge(h, &in, &row);
	verdict_is(h, &row, "VALID"); /* says what was issued */
	other = in;
	other.postage += 100;
	forge(h, &other, &row);
	verdict_is(h, &row, "NOT-ISSUED");
	other = in;
	other.mail_date++;
	forge(h, &other, &row);
	verdict_is(h, &row, "NOT-ISSUED");
	other = in;
	other.ascending += 1000000;
	forge(h, &other, &row);
	verdict_is(h, &row, "NOT-ISSUED");
	other = in;
	other.piece_count += 1;
	ok(indicium_set_extensions(&other), "another piece");
	forge(h, &other, &row);
	verdict_is(h, &row, "NOT-ISSUED");
}

/* What was lost is signed again, as another server's key would: the paper has the
 * first signature, the books the second. */
static void
the_other_signature_of_a_stamp_is_no_other_stamp(void **state)
{
	struct help *h = *state;
	struct stamp_row again;
	struct err e = ERR_INIT;
	char post[96];
	size_t count;
	bool found;

	setup(h, post);
	shop_sql(&h->shop, "DELETE FROM signature WHERE piece = 1");
	is_ok(
	    complete_pending(h->w, -1, false, &count, &e), &e, "signed again");
	is_int(count, 1, "signed again");
	is_ok(store_begin(h->w->store, STORE_READ, &e), &e, "read");
	store_stamp_piece_ask(h->w->store, 1, 1);
	is_ok(store_stamp_get(h->w->store, &again, &found, &e), &e, "read");
	store_rollback(h->w->store);
	ok(memcmp(again.indicium, issued.stamp[0].indicium, again.len) != 0,
	    "another signature");
	verdict_is(h, &issued.stamp[0], "VALID");
	verdict_is(h, &again, "VALID");
	ask_about(h, "/v1/cancel", post, &issued.stamp[0], ",\"place\":\"A\"");
	help_said(h, 200, "\"verdict\":\"VALID\"");
	verdict_is(h, &again, "DUPLICATE");
	verdict_is(h, &issued.stamp[0], "DUPLICATE");
}

static void
small_stamps_are_found_by_their_register(void **state)
{
	static struct issue_result small;
	struct help *h = *state;
	char post[96];
	struct user_system u = setup(h, post);
	struct issue_order *o = help_order(h, &u, 9);
	struct err e;

	for (size_t i = 0; i < o->count; i++) {
		o->item[i].request.brief = true;
		/* corrections have no value, and no register of their own */
		if (i % 3 == 1) {
			o->item[i].request.brief = false;
			o->item[i].request.amount = 0;
			o->item[i].request.kind = 1;
			o->total -= 100;
		}
	}
	help_issue(h, o, &small, ERR_NONE, &e);
	for (size_t i = 0; i < small.count; i++) {
		struct post_check check;

		is_ok(post_verify(h->w, small.stamp[i].indicium,
			  small.stamp[i].len, &check, &e),
		    &e, "verify");
		is_str(post_verdict_name(check.verdict), "VALID", check.why);
		is_int(check.piece, small.stamp[i].piece, "piece");
	}
}

static void
stamps_expire(void **state)
{
	struct help *h = *state;
	char post[96];

	setup(h, post);
	help_set_today(20261228);
	verdict_is(h, &issued.stamp[0], "VALID");
	help_set_today(20261229);
	verdict_is(h, &issued.stamp[0], "EXPIRED");
	ask_about(h, "/v1/cancel", post, &issued.stamp[0], ",\"place\":\"A\"");
	help_said(h, 200, "\"verdict\":\"EXPIRED\"");
	/* it was not marked */
	help_set_today(HELP_TODAY);
	verdict_is(h, &issued.stamp[0], "VALID");
}

/* --- states of PSDs --------------------------------------------------------------------- */

static void
set_psd(struct help *h, const char *psd_state)
{
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	struct psd_end end = {.back = 0};

	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  psd_end_set(h->w, 1, psd_state, &end, &e) &&
		  store_commit(s, &e),
	    &e, psd_state);
}

static void
withheld_psds_issue_nothing(void **state)
{
	struct help *h = *state;
	char post[96];
	struct user_system u = setup(h, post);
	static struct issue_result out;
	struct err e;

	set_psd(h, "withheld");
	help_issue(h, help_order(h, &u, 1), &out, ERR_DENIED, &e);
	ok(strstr(e.text, "withheld") != NULL, e.text);
	verdict_is(h, &issued.stamp[0], "VALID");
	set_psd(h, "operational");
	help_issue(h, help_order(h, &u, 1), &out, ERR_NONE, &e);
	help_audit(h);
}

static uint32_t
read_list(struct help *h, uint8_t **der, size_t *len)
{
	struct err e = ERR_INIT;

	is_ok(crl_newest(h->w, der, len, &e), &e, "list");
	is_ok(store_begin(h->w->store, STORE_READ, &e) &&
		  store_run(h->w->store, "SELECT MAX(number) FROM crl", &e) &&
		  store_row(h->w->store),
	    &e, "number");
	{
		uint32_t number = (uint32_t)store_int(h->w->store, 0);

		store_rollback(h->w->store);
		return number;
	}
}

/* An independent reader of the list: the store of certificates. */
static enum cert_state
state_by_list(struct help *h, const uint8_t *der, size_t len)
{
	struct cert_store *certs = NULL;
	struct psd_record psd;
	const struct cert *found;
	uint8_t bytes[CERT_MAX];
	struct err e = ERR_INIT;
	enum cert_state got;
	size_t n;
	char why[256];
	bool there;

	is_ok(cert_store_new(&certs, &e), &e, "store");
	is_ok(cert_der(
		  h->shop.provider.authority, bytes, sizeof(bytes), &n, &e) &&
		  cert_store_add(certs, bytes, n, &e) &&
		  cert_der(h->shop.provider.certificate, bytes, sizeof(bytes),
		      &n, &e) &&
		  cert_store_add(certs, bytes, n, &e) &&
		  store_begin(h->w->store, STORE_READ, &e) &&
		  store_psd_find(h->w->store, 1, &psd, &there, &e) &&
		  cert_store_add(certs, psd.here.certificate,
		      psd.here.certificate_len, &e) &&
		  cert_store_add(certs, der, len, &e),
	    &e, "certificates");
	store_rollback(h->w->store);
	found = cert_store_find(certs, 1, "XXPS0000000001");
	ok(found != NULL, "the PSD's");
	got = cert_store_check(certs, found, worker_today(h->w), why);
	cert_store_free(certs);
	return got;
}

static void
revoked_psds_are_on_the_list(void **state)
{
	struct help *h = *state;
	uint8_t *first, *same, *second;
	size_t first_len, same_len, second_len;
	uint32_t number;
	char post[96];

	shop_set_time(time(NULL)); /* the authority was made today */
	setup(h, post);
	number = read_list(h, &first, &first_len);
	is_int(read_list(h, &same, &same_len), number, "kept");
	is_int(same_len, first_len, "length");
	is_mem(same, first, first_len, "the same list");
	is_int(state_by_list(h, first, first_len), CERT_GOOD, "not on it");
	set_psd(h, "revoked");
	verdict_is(h, &issued.stamp[0], "REVOKED");
	is_int(read_list(h, &second, &second_len), number + 1, "a new one");
	is_int(state_by_list(h, second, second_len), CERT_REVOKED, "on it");
	help_ask(h, "GET", "/v1/crl", NULL, NULL);
	is_int(h->status, 200, "for anybody");
	shop_set_time(time(NULL) + 86400);
	free(same);
	is_int(read_list(h, &same, &same_len), number + 2, "each day");
	free(first);
	free(same);
	free(second);
}

/* Anybody asks for it; a debit of whoever it is has the one turn to write. */
static void
who_reads_the_list_waits_for_no_writer(void **state)
{
	struct help *h = *state;
	struct worker *writer = shop_worker(&h->shop, NULL);
	struct store *patient = h->w->store;
	struct err e = ERR_INIT;

	shop_set_time(time(NULL));
	help_ask(h, "GET", "/v1/crl", NULL, NULL);
	is_int(h->status, 200, "made");
	is_ok(store_open(h->shop.uri, 100, &h->w->store, &e), &e, "store");
	is_ok(store_begin(writer->store, STORE_WRITE, &e), &e, "a writer");
	help_ask(h, "GET", "/v1/crl", NULL, NULL);
	is_int(h->status, 200, "read");
	store_rollback(writer->store);
	shop_worker_close(writer);
	store_close(h->w->store);
	h->w->store = patient;
}

struct reader {
	struct worker *w;
	pthread_barrier_t *start;
	uint8_t *der;
	size_t len;
};

static void *
read_newest(void *context)
{
	struct reader *r = context;
	struct err e = ERR_INIT;

	pthread_barrier_wait(r->start);
	if (!crl_newest(r->w, &r->der, &r->len, &e))
		r->der = NULL;
	return NULL;
}

static void
readers_at_once_make_one_list(void **state)
{
	struct help *h = *state;
	struct reader r[THREADS];
	pthread_t thread[THREADS];
	pthread_barrier_t start;
	uint8_t *der;
	size_t len;

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		r[i] = (struct reader){
		    .w = shop_worker(&h->shop, NULL), .start = &start};
	for (int day = 0; day < 5; day++) {
		shop_set_time(time(NULL) + day * 86400);
		for (int i = 0; i < THREADS; i++)
			pthread_create(&thread[i], NULL, read_newest, &r[i]);
		for (int i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
		is_int(read_list(h, &der, &len), day + 1, "one each day");
		for (int i = 0; i < THREADS; i++) {
			ok(r[i].der != NULL && r[i].len == len, "all have it");
			is_mem(r[i].der, der, len, "the same");
			free(r[i].der);
		}
		free(der);
	}
	for (int i = 0; i < THREADS; i++)
		shop_worker_close(r[i].w);
	pthread_barrier_destroy(&start);
}

/* As store_crl.c counts; the other engine takes the index where it pays. */
static void
the_revoked_are_counted_by_themselves(void **state)
{
	struct help *h = *state;
	struct err e = ERR_INIT;

	is_ok(store_begin(h->w->store, STORE_READ, &e) &&
		  store_run(h->w->store,
		      "EXPLAIN QUERY PLAN SELECT COUNT(*) FROM psd "
		      "WHERE state = 'revoked'",
		      &e) &&
		  store_row(h->w->store),
	    &e, "plan");
	ok(strstr(store_text(h->w->store, 3), "psd_revoked") != NULL,
	    store_text(h->w->store, 3));
	store_rollback(h->w->store);
}

static void
revocation_is_for_ever(void **state)
{
	struct help *h = *state;
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	char post[96];
	struct psd_end end = {.back = 0};

	setup(h, post);
	set_psd(h, "withdrawn");
	set_psd(h, "revoked");
	is_ok(store_begin(s, STORE_WRITE, &e), &e, "begin");
	ok(!psd_end_set(h->w, 1, "operational", &end, &e), "released");
	is_err(&e, ERR_REQUEST, "released");
	store_rollback(s);
}

#define COMMON(on)                                                             \
	on(second_look_is_a_duplicate), on(same_scan_is_one_look),             \
	    on(of_many_at_once_one_is_first), on(changed_bytes_are_no_stamp),  \
	    on(what_is_not_in_the_books_was_not_issued),                       \
	    on(what_its_psd_never_said_was_not_issued),                        \
	    on(the_other_signature_of_a_stamp_is_no_other_stamp),              \
	    on(small_stamps_are_found_by_their_register), on(stamps_expire),   \
	    on(withheld_psds_issue_nothing), on(revoked_psds_are_on_the_list), \
	    on(who_reads_the_list_waits_for_no_writer),                        \
	    on(readers_at_once_make_one_list), on(revocation_is_for_ever)

static const struct CMUnitTest sqlite[] = {
    COMMON(HELP_SQLITE), HELP_SQLITE(the_revoked_are_counted_by_themselves)};
static const struct CMUnitTest postgresql[] = {COMMON(HELP_PG)};

HELP_MAIN(sqlite, postgresql)
