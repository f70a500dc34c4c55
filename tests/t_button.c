/* SPDX-License-Identifier: Apache-2.0 */
/* A PSD in a touch-memory button, through the real 1-Wire client library, over
 * a bus of ours. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/button_help.h"
#include "tests/test.h"
#include "vault/button_link.h"
#include "vault/button_own.h"

#define DS1996 8192
#define DS1977 32704

static struct button_bench b;

static mils
spent(const char *rom)
{
	struct vault *v = button_bench_vault(&b, rom, NULL);
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.ascending + s.descending, s.control_total, "the sum");
	vault_close(v);
	return s.ascending;
}

static void
a_uri_names_a_button(void **state)
{
	static const char *const bad[] = {"0C", "0C.0123456789ab", "@", "@host",
	    "@host:", "@:1", "@-h:1", "@a b:1", "@h:x", "x@h:1",
	    "0C.0123456789ABC", "0C.0123456789AB@h:1 --fake=0C"};
	struct button_home h;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(button_parse("", &h, &e), &e, "any");
	is_str(h.bus, "localhost:4304", "the usual bus");
	is_ok(button_parse("0C.0123456789AB@[::1]:4305", &h, &e) ||
		  button_parse("0C.0123456789AB@127.0.0.1:4305", &h, &e),
	    &e, "one, elsewhere");
	is_str(h.wanted, "0C.0123456789AB", "its name");
	is_str(h.bus, "127.0.0.1:4305", "its bus");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!button_parse(bad[i], &h, &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
	}
}

static void
a_stamp_is_debited_and_found(const char *rom, size_t ring, size_t batch)
{
	struct psd_request in[VAULT_BATCH_MAX];
	struct psd_stamp out[VAULT_BATCH_MAX], found, recent[PSD_RING];
	struct vault *v;
	struct err e = ERR_INIT;
	size_t count;
	bool known;
	uint32_t n = 0;

	button_bench_clear(&b);
	button_bench_make(&b, rom, NULL, 100000);
	v = button_bench_vault(&b, "", NULL);
	is_int(vault_batch(v), batch, "a batch");
	in[0] = button_request(1000, 780);
	is_ok(vault_debit(v, in, 1, out, &e), &e, "debit");
	ok(!out[0].replayed, "a new stamp");
	is_ok(vault_find(v, in[0].key, &found, &known, &e), &e, "find");
	ok(known, "it is found");
	is_mem(found.indicium, out[0].indicium, out[0].len, "the same");
	is_ok(vault_debit(v, in, 1, &found, &e), &e, "the same key");
	ok(found.replayed, "is not debited again");
	is_mem(found.indicium, out[0].indicium, out[0].len, "the same");
	while (n < 3 * ring) {
		for (size_t i = 0; i < batch; i++)
			in[i] = button_request(++n, 10);
		is_ok(vault_debit(v, in, batch, out, &e), &e, "a batch");
	}
	vault_close(v);
	v = button_bench_vault(&b, rom, NULL);
	is_ok(vault_recent(v, recent, &count, &e), &e, "recent");
	is_int(count, ring, "what it remembers");
	is_mem(recent[ring - 1].indicium, out[batch - 1].indicium,
	    out[batch - 1].len, "the newest last");
	is_ok(vault_find(v, button_request(1000, 780).key, &found, &known, &e),
	    &e, "find");
	ok(!known, "the oldest is forgotten");
	ok(!vault_debit(v, in, batch + 1, out, &e), "too long a batch");
	is_err(&e, ERR_REQUEST, "too long a batch");
	vault_close(v);
	is_int(spent(rom), 780 + 10 * (mils)n, "all was debited once");
}

static void
a_small_button_debits_and_remembers(void **state)
{
	(void)state;
	a_stamp_is_debited_and_found(ROM_A, 16, 16);
}

static void
a_big_button_debits_and_remembers(void **state)
{
	(void)state;
	a_stamp_is_debited_and_found(ROM_C, 64, 32);
}

static void
a_batch_is_all_or_nothing(void **state)
{
	struct psd_request in[3];
	struct psd_stamp out[3];
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 1000);
	v = button_bench_vault(&b, ROM_A, NULL);
	for (uint32_t i = 0; i < 3; i++)
		in[i] = button_request(i + 1, 400);
	ok(!vault_debit(v, in, 3, out, &e), "too much");
	is_err(&e, ERR_FUNDS, "too much");
	in[2].amount = 1000000;
	ok(!vault_debit(v, in, 3, out, &e), "one is too big");
	is_err(&e, ERR_REQUEST, "one is too big");
	vault_close(v);
	is_int(spent(ROM_A), 0, "nothing was debited");
}

static void
value_audit_refund_and_certificate_are_the_psds(void **state)
{
	uint8_t nonce[PSD_NONCE] = {1}, out[PSD_MESSAGE_MAX], der[CERT_MAX];
	struct psd_claim claim = {.date = 20261121, .count = 1, .total = 780};
	struct psd_request r = button_request(1, 780);
	struct psd_stamp stamp;
	struct psd_status s;
	struct cert *cert = NULL;
	struct vault *v;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 5000);
	v = button_bench_vault(&b, ROM_A, NULL);
	is_ok(lab_refill(b.lab, v, 2000, &e), &e, "refill");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.descending, 7000, "value left");
	is_int(s.download_sequence, 2, "downloads");
	is_ok(vault_certificate(v, der, sizeof(der), &len, &e), &e, "cert");
	is_ok(cert_parse(der, len, &cert, &e), &e, "it is one");
	is_ok(vault_audit(v, nonce, out, &len, &e), &e, "audit");
	ok(sig_verify(cert_key(cert), out, len - INDICIUM_SIGNATURE,
	       out + len - INDICIUM_SIGNATURE),
	    "signed by the certified key");
	is_ok(vault_debit(v, &r, 1, &stamp, &e), &e, "debit");
	is_ok(vault_refund_request(v, &claim, out, &len, &e), &e, "refund");
	ok(!vault_certificate(v, der, 10, &len, &e), "no room for it");
	is_err(&e, ERR_REQUEST, "no room for it");
	cert_free(cert);
	vault_close(v);
}

/* --- the PIN -------------------------------------------------------------------- */

static void
the_pin_keeps_the_key(void **state)
{
	struct psd_request r = button_request(1, 780);
	struct psd_stamp out;
	struct psd_status s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	button_bench_make(&b, ROM_A, "1234", 5000);
	v = button_bench_vault(&b, ROM_A, NULL);
	ok(!vault_debit(v, &r, 1, &out, &e), "without its PIN");
	is_err(&e, ERR_DENIED, "without its PIN");
	ok(!vault_unlock(v, "9999", &e), "a wrong PIN");
	is_err(&e, ERR_DENIED, "a wrong PIN");
	ok(!vault_unlock(v, "1", &e), "no PIN at all");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.pin_tries_left, PSD_PIN_TRIES - 2, "tries are counted");
	is_ok(vault_unlock(v, "1234", &e), &e, "the right one");
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "debit");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.pin_tries_left, PSD_PIN_TRIES, "all are back");
	vault_close(v);
	for (int i = 0; i < PSD_PIN_TRIES; i++) {
		v = button_bench_vault(&b, ROM_A, NULL);
		ok(!vault_unlock(v, "9999", &e), "wrong");
		vault_close(v);
	}
	v = button_bench_vault(&b, ROM_A, NULL);
	ok(!vault_unlock(v, "1234", &e), "blocked");
	is_err(&e, ERR_DENIED, "blocked");
	vault_close(v);
}

static size_t
count_bytes(const uint8_t *in, size_t len, const void *what, size_t what_len)
{
	size_t count = 0;

	for (size_t i = 0; i + what_len <= len; i++)
		count += memcmp(in + i, what, what_len) == 0;
	return count;
}

static void
a_new_pin_takes_the_old_wrapping_away(void **state)
{
	uint8_t *memory;
	struct button_store store;
	struct psd_request r = button_request(1, 780);
	struct psd_stamp out;
	struct vault *v;
	uint8_t old[WRAP_SALT];
	size_t at;
	struct nvm none = {NULL, DS1996, NULL, NULL};
	struct err e = ERR_INIT;

	(void)state;
	button_bench_make(&b, ROM_A, "1234", 5000);
	button_store_init(&store, button_kind(ROM_A), ROM_A, &none);
	memory = button_bench_memory(&b, ROM_A, DS1996);
	at = store.cells.at + cells_size(&store.cells);
	memcpy(old, memory + at + 1, sizeof(old));
	is_int(count_bytes(memory, DS1996, old, sizeof(old)), 1, "the salt");
	v = button_bench_vault(&b, ROM_A, NULL);
	ok(!vault_change_pin(v, "4321", "8888", &e), "the old one is wrong");
	is_err(&e, ERR_DENIED, "the old one is wrong");
	is_ok(vault_change_pin(v, "1234", "8888", &e), &e, "a new PIN");
	is_int(count_bytes(memory, DS1996, old, sizeof(old)), 0, "is gone");
	vault_close(v);
	v = button_bench_vault(&b, ROM_A, NULL);
	ok(!vault_unlock(v, "1234", &e), "the old PIN");
	is_ok(vault_change_pin(v, "8888", NULL, &e), &e, "no PIN any more");
	vault_close(v);
	v = button_bench_vault(&b, ROM_A, NULL);
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "needs none");
	is_ok(vault_change_pin(v, NULL, "7777", &e), &e, "and one again");
	r = button_request(2, 780);
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "open as before");
	vault_close(v);
	v = button_bench_vault(&b, ROM_A, "7777");
	r = button_request(3, 780);
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "with it");
	vault_close(v);
	munmap(memory, DS1996);
}

/* --- which button ---------------------------------------------------------------------- */

static void
refuse_open(const char *rom, enum err_kind kind, const char *says)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char uri[128];

	ok(!vault_open(button_bench_uri(&b, rom, uri), 0, &v, &e), says);
	is_err(&e, kind, says);
	if (strstr(e.text, says) == NULL)
		fail_at("\"%s\" does not say \"%s\"", e.text, says);
}

static void
what_is_no_vault_is_told(void **state)
{
	(void)state;
	refuse_open("", ERR_ABSENT, "no button is on the bus");
	refuse_open(ROM_A, ERR_ABSENT, "is not on the bus");
	button_bench_put(&b, ROM_A);
	refuse_open("", ERR_ABSENT, "no postage button");
	refuse_open(ROM_A, ERR_ABSENT, "holds no PSD");
	button_bench_put(&b, "06.0000000000DD");
	button_bench_put(&b, "28.0000000000DD");
	refuse_open("06.0000000000DD", ERR_CONFIG, "has room");
	button_bench_make(&b, ROM_A, NULL, 0);
	button_bench_make(&b, ROM_B, NULL, 0);
	refuse_open("", ERR_CONFIG, "more than one");
	vault_close(button_bench_vault(&b, ROM_B, NULL));
}

static void
a_bus_that_nobody_serves_is_absent(void **state)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	ok(!vault_open("button:@127.0.0.1:1", 0, &v, &e), "no owserver");
	is_err(&e, ERR_ABSENT, "no owserver");
	ok(strstr(e.text, "no owserver") != NULL, "and says so");
}

static void
a_copy_on_another_button_is_refused(void **state)
{
	uint8_t *from, *to;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 5000);
	button_bench_put(&b, ROM_B);
	from = button_bench_memory(&b, ROM_A, DS1996);
	to = button_bench_memory(&b, ROM_B, DS1996);
	memcpy(to, from, DS1996);
	refuse_open(ROM_B, ERR_CORRUPT, "a copy");
	munmap(from, DS1996);
	munmap(to, DS1996);
}

/* One that was made to say that it is this button: the key's wrapping knows. */
static void
a_key_under_a_pin_opens_on_its_button_only(void **state)
{
	uint8_t *from, *to;
	struct button_store store;
	struct vault *v;
	struct nvm nvm = {NULL, DS1996, NULL, NULL};
	struct err e = ERR_INIT;
	size_t head;

	(void)state;
	button_bench_make(&b, ROM_A, "1234", 5000);
	button_bench_make(&b, ROM_B, "1234", 0);
	from = button_bench_memory(&b, ROM_A, DS1996);
	to = button_bench_memory(&b, ROM_B, DS1996);
	button_store_init(&store, button_kind(ROM_A), ROM_A, &nvm);
	/* All but the header. */
	head = store.cells.at;
	memcpy(to + head, from + head, DS1996 - head);
	v = button_bench_vault(&b, ROM_B, NULL);
	ok(!vault_unlock(v, "1234", &e), "the right PIN");
	is_err(&e, ERR_DENIED, "does not open it");
	vault_close(v);
	munmap(from, DS1996);
	munmap(to, DS1996);
}

static void
an_exchanged_psd_is_noticed(void **state)
{
	uint8_t *memory, *saved = malloc(DS1996);
	struct vault *v;
	struct psd_status s;
	struct lab_psd psd;
	char uri[128], id[PSD_ID];
	struct err e = ERR_INIT;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 0);
	memory = button_bench_memory(&b, ROM_A, DS1996);
	memcpy(saved, memory, DS1996);
	memset(memory, 0, DS1996);
	lab_defaults(&psd);
	is_ok(lab_create_vault(
		  b.lab, button_bench_uri(&b, "", uri), &psd, id, &e),
	    &e, "another PSD in it");
	v = button_bench_vault(&b, ROM_A, NULL);
	memcpy(memory, saved, DS1996);
	ok(!vault_status(v, &s, &e), "another");
	is_err(&e, ERR_ABSENT, "another");
	ok(strstr(e.text, "another PSD") != NULL, "and says so");
	vault_close(v);
	munmap(memory, DS1996);
	free(saved);
}

static bool
try_create(const char *rom, struct err *e)
{
	struct lab_psd psd;
	char uri[128], id[PSD_ID];

	*e = (struct err)ERR_INIT;
	lab_defaults(&psd);
	return lab_create_vault(
	    b.lab, button_bench_uri(&b, rom, uri), &psd, id, e);
}

static void
nothing_is_written_over(void **state)
{
	uint8_t *memory;
	struct err e;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 5000);
	ok(!try_create(ROM_A, &e), "over a PSD");
	is_err(&e, ERR_REQUEST, "over a PSD");
	ok(!try_create("", &e), "over the only one");
	is_err(&e, ERR_ABSENT, "over the only one");
	memory = button_bench_memory(&b, ROM_A, DS1996);
	memory[0] ^= 1;
	ok(!try_create(ROM_A, &e), "over one whose header is damaged");
	is_err(&e, ERR_REQUEST, "over one whose header is damaged");
	munmap(memory, DS1996);
	button_bench_put(&b, ROM_B);
	memory = button_bench_memory(&b, ROM_B, DS1996);
	memory[3] = 7;
	ok(!try_create("", &e), "over other data, unnamed");
	is_err(&e, ERR_ABSENT, "over other data, unnamed");
	is_ok(try_create(ROM_B, &e), &e, "named");
	munmap(memory, DS1996);
	ok(!try_create("06.0000000000DD", &e), "too small a button");
}

/* --- accidents ------------------------------------------------------------------------- */

static void
a_button_that_comes_back_is_waited_for(void **state)
{
	struct psd_request r = button_request(1, 780);
	struct psd_stamp out;
	struct psd_status s;
	struct vault *v;
	struct err e = ERR_INIT;
	pid_t pid;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 5000);
	v = button_bench_vault(&b, ROM_A, NULL);
	button_bench_take(&b, ROM_A);
	pid = fork();
	if (pid == 0) {
		usleep(500000);
		button_bench_put(&b, ROM_A);
		_exit(0);
	}
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "it came back");
	waitpid(pid, NULL, 0);
	button_bench_take(&b, ROM_A);
	ok(!vault_status(v, &s, &e), "it stays away");
	is_err(&e, ERR_ABSENT, "it stays away");
	vault_close(v);
	button_bench_put(&b, ROM_A);
	is_int(spent(ROM_A), 780, "one debit");
}

static void
a_lost_answer_debits_once(void **state)
{
	struct psd_request r;
	struct psd_stamp out;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 50000);
	v = button_bench_vault(&b, ROM_A, NULL);
	for (uint32_t i = 1; i <= 6; i++) {
		r = button_request(i, 780);
		b.control->drop = 1;
		is_ok(vault_debit(v, &r, 1, &out, &e), &e, "asked again");
	}
	b.control->drop = 0;
	vault_close(v);
	is_int(spent(ROM_A), 6 * 780, "six debits");
}

static void
a_mute_bus_ends_the_waiting(void **state)
{
	struct vault *v;
	struct psd_status s;
	struct err e = ERR_INIT;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 0);
	v = button_bench_vault(&b, ROM_A, NULL);
	b.control->mute = 1;
	ok(!vault_status(v, &s, &e), "mute");
	ok(e.kind == ERR_BUSY || e.kind == ERR_ABSENT, "not for ever");
	b.control->mute = 0;
	is_ok(vault_status(v, &s, &e), &e, "it speaks again");
	vault_close(v);
}

static void *
open_in_thread(void *context)
{
	struct vault **v = context;

	*v = button_bench_vault(&b, ROM_A, NULL);
	return NULL;
}

/* What asks the bus dies with the thread that made it. */
static void
a_vault_outlives_the_thread_that_opened_it(void **state)
{
	struct psd_status s;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	pthread_t thread;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 0);
	is_int(pthread_create(&thread, NULL, open_in_thread, &v), 0, "thread");
	pthread_join(thread, NULL);
	usleep(100000);
	is_ok(vault_status(v, &s, &e), &e, "status");
	vault_close(v);
}

/* Wrong bytes of a bad contact must not take the newest state away. */
static void
a_bad_contact_changes_nothing(void **state)
{
	struct psd_request r = button_request(1, 780);
	struct psd_stamp out, found;
	struct vault *v;
	struct err e = ERR_INIT;
	uint8_t *memory, *before = malloc(DS1996);
	bool known;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 5000);
	v = button_bench_vault(&b, ROM_A, NULL);
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "debit");
	vault_close(v);
	memory = button_bench_memory(&b, ROM_A, DS1996);
	memcpy(before, memory, DS1996);
	for (int i = 0; i < 3; i++) {
		b.control->noise = 1 + i;
		is_int(spent(ROM_A), 780, "read again");
		is_mem(memory, before, DS1996, "nothing was written");
	}
	v = button_bench_vault(&b, ROM_A, NULL);
	b.control->noise = 1;
	is_ok(vault_find(v, r.key, &found, &known, &e), &e, "find");
	ok(known, "it is known");
	vault_close(v);
	b.control->noise = 1000000;
	refuse_open(ROM_A, ERR_CORRUPT, "");
	b.control->noise = 0;
	munmap(memory, DS1996);
	free(before);
}

static void
a_damaged_button_is_not_begun_anew(void **state)
{
	uint8_t *memory;
	struct button_store store;
	struct nvm none = {NULL, DS1996, NULL, NULL};
	size_t head;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 5000);
	button_store_init(&store, button_kind(ROM_A), ROM_A, &none);
	head = button_store_head(&store);
	memory = button_bench_memory(&b, ROM_A, DS1996);
	memory[head - 500] ^= 1;
	memory[store.cells.at + 100] ^= 1;
	refuse_open(ROM_A, ERR_CORRUPT, "no valid state");
	munmap(memory, DS1996);
}

static void
another_program_is_waited_for(void **state)
{
	struct vault *v;
	struct psd_status s;
	struct err e = ERR_INIT;
	char path[160];
	int fd;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 0);
	v = button_bench_vault(&b, ROM_A, NULL);
	snprintf(path, sizeof(path), "%s/button-%s.lock", b.dir, ROM_A);
	fd = open(path, O_RDWR);
	ok(fd >= 0, "the lock is a file");
	is_int(flock(fd, LOCK_EX), 0, "another has it");
	ok(!vault_status(v, &s, &e), "in use");
	is_err(&e, ERR_BUSY, "in use");
	close(fd);
	is_ok(vault_status(v, &s, &e), &e, "free again");
	vault_close(v);
}

/* Contact ends while page `n` of a debit is written, comes back, and ends once
 * more.  False: the debit wrote fewer pages. */
static bool
cut_debit(const uint8_t *before, uint8_t *memory, long n, uint32_t tear)
{
	struct psd_request in[2] = {
	    button_request(7, 780), button_request(8, 780)};
	struct psd_stamp out[2], found;
	struct vault *v;
	struct err e = ERR_INIT;
	bool whole, known;
	char uri[128];

	memcpy(memory, before, DS1996);
	button_bench_uri(&b, ROM_A, uri);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	b.control->tear = tear;
	b.control->seed = (uint32_t)n * 7919;
	b.control->tear_at = b.control->writes + n;
	whole = vault_debit(v, in, 2, out, &e);
	vault_close(v);
	if (!whole) {
		is_err(&e, ERR_ABSENT, "the button was taken away");
		b.control->gone = 0;
		b.control->tear_at = b.control->writes + n % 5;
		if (vault_open(uri, 0, &v, &e)) {
			(void)!vault_find(v, in[0].key, &found, &known, &e);
			vault_close(v);
		}
	}
	b.control->tear_at = -1;
	b.control->gone = 0;
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_find(v, in[0].key, &found, &known, &e), &e, "find");
	ok(known || !whole, "what came out is in the button");
	is_ok(vault_debit(v, in, 2, out, &e), &e, "once more");
	is_int(out[0].replayed, known, "debited where it was not");
	is_int(out[1].replayed, known, "both or none");
	if (known)
		is_mem(out[0].indicium, found.indicium, found.len, "the same");
	vault_close(v);
	is_int(spent(ROM_A), 3 * 780, "each was debited once");
	return !whole;
}

static void
contact_may_end_at_any_page_of_a_debit(void **state)
{
	struct psd_request r = button_request(1, 780);
	struct psd_stamp out;
	struct vault *v;
	struct err e = ERR_INIT;
	uint8_t *memory, *before = malloc(DS1996);
	bool all = getenv("POSTAGE_LONG") != NULL, more = true;
	long n;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 5000);
	v = button_bench_vault(&b, ROM_A, NULL);
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "debit");
	vault_close(v);
	memory = button_bench_memory(&b, ROM_A, DS1996);
	memcpy(before, memory, DS1996);
	for (n = 0; more; n++)
		for (uint32_t t = 0; more && t < OWBUS_TEARS; t++)
			if (all || t == n % OWBUS_TEARS)
				more = cut_debit(before, memory, n, t);
	print_message("%ld pages\n", n - 1);
	ok(n > 10, "it was cut");
	munmap(memory, DS1996);
	free(before);
}

/* --- the list -------------------------------------------------------------------------------- */

struct seen {
	int count, known, blank, guards, other;
};

static void
see(void *context, const struct vault_place *place)
{
	struct seen *s = context;

	s->count++;
	s->known += place->known;
	s->blank += strstr(place->holds, "blank") != NULL;
	s->guards += strstr(place->holds, "a guard for") != NULL;
	s->other += strstr(place->holds, "other data") != NULL;
	if (place->known) {
		struct vault *v = NULL;
		struct err e = ERR_INIT;

		is_ok(vault_open(place->uri, 0, &v, &e), &e, place->uri);
		vault_close(v);
	}
}

static void
every_button_is_listed(void **state)
{
	char bus[64];
	struct seen s = {0};
	struct err e = ERR_INIT;
	uint8_t *memory;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 0);
	button_bench_put(&b, ROM_B);
	button_bench_put(&b, ROM_C);
	button_bench_put(&b, "18.0000000000DD");
	button_bench_put(&b, "28.0000000000EE"); /* a thermometer */
	memory = button_bench_memory(&b, ROM_B, DS1996);
	memset(memory, 0x17, 20);
	munmap(memory, DS1996);
	snprintf(bus, sizeof(bus), "127.0.0.1:%d", b.port);
	is_ok(button_list_bus(bus, 1000, see, &s, &e), &e, "list");
	is_int(s.count, 4, "memory buttons");
	is_int(s.known, 1, "with a PSD");
	is_int(s.blank, 1, "blank");
	is_int(s.other, 1, "with other data");
	is_int(s.guards, 1, "a guard");
	ok(!button_list_bus("127.0.0.1:1", 0, see, &s, &e), "no owserver");
	is_err(&e, ERR_ABSENT, "no owserver");
}

static int
clear(void **state)
{
	(void)state;
	button_bench_clear(&b);
	return 0;
}

#define TT(f) cmocka_unit_test_setup(f, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {T(a_uri_names_a_button),
	    TT(a_small_button_debits_and_remembers),
	    TT(a_big_button_debits_and_remembers),
	    TT(a_batch_is_all_or_nothing),
	    TT(value_audit_refund_and_certificate_are_the_psds),
	    TT(the_pin_keeps_the_key),
	    TT(a_new_pin_takes_the_old_wrapping_away),
	    TT(what_is_no_vault_is_told),
	    TT(a_bus_that_nobody_serves_is_absent),
	    TT(a_copy_on_another_button_is_refused),
	    TT(a_key_under_a_pin_opens_on_its_button_only),
	    TT(an_exchanged_psd_is_noticed), TT(nothing_is_written_over),
	    TT(a_button_that_comes_back_is_waited_for),
	    TT(a_lost_answer_debits_once), TT(a_mute_bus_ends_the_waiting),
	    TT(a_vault_outlives_the_thread_that_opened_it),
	    TT(a_bad_contact_changes_nothing),
	    TT(a_damaged_button_is_not_begun_anew),
	    TT(contact_may_end_at_any_page_of_a_debit),
	    TT(another_program_is_waited_for), TT(every_button_is_listed)};
	int failed;

	button_bench_open(&b);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	button_bench_close(&b);
	return failed;
}
