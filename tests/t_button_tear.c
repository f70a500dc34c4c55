/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contact ends at every page that a change of the state writes, and leaves the
 * page old, new, or with any mixture of the bits that differ.  Then it comes
 * back, and ends once more within what the mending writes.  After it the
 * registers are those of before or of after, each stamp was debited once, key
 * and PIN go together; and what is done again does what is left of it.
 *
 * Short: one of the mixtures at each page.  POSTAGE_LONG: many.
 */
#include <setjmp.h>
#include <stdlib.h>

#include "tests/psd_help.h"
#include "tests/test.h"
#include "vault/button_store.h"

#define ROM    "0C.0000000000AA"
#define MEMORY 8192
#define PAGE   32
#define BATCH  16

enum tear { TEAR_OLD, TEAR_NEW, TEAR_MIX }; /* and more seeds of a mixture */

static struct bench b;
static struct button_store store;
static struct psd psd;
static struct {
	uint8_t memory[MEMORY];
	long writes;  /* pages until now */
	long tear_at; /* contact ends in this one; -1 = never */
	unsigned tear;
	jmp_buf dark;
} m;
static unsigned mixtures;

/* --- the memory ----------------------------------------------------------------- */

static bool
memory_read(void *context, size_t at, void *out, size_t len)
{
	(void)context;
	ok(at <= MEMORY && len <= MEMORY - at, "a read in the memory");
	memcpy(out, m.memory + at, len);
	return true;
}

static void
tear_page(uint8_t *page, const uint8_t *bytes, size_t len)
{
	uint32_t seed = m.tear * 2654435761u + (uint32_t)m.writes;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		if (m.tear == TEAR_NEW)
			page[i] = bytes[i];
		else if (m.tear >= TEAR_MIX)
			page[i] ^=
			    (uint8_t)((page[i] ^ bytes[i]) & (seed >> 16));
	}
}

static bool
memory_write(void *context, size_t at, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	(void)context;
	ok(at <= MEMORY && len <= MEMORY - at, "a write in the memory");
	while (len > 0) {
		size_t n = PAGE - at % PAGE < len ? PAGE - at % PAGE : len;

		if (m.writes++ == m.tear_at) {
			tear_page(m.memory + at, from, n);
			longjmp(m.dark, 1);
		}
		memcpy(m.memory + at, from, n);
		at += n;
		from += n;
		len -= n;
	}
	return true;
}

static struct nvm nvm = {NULL, MEMORY, memory_read, memory_write};

/* --- the PSD in it ------------------------------------------------------------------ */

static void
make_key(struct button_key *out, uint8_t pin)
{
	memset(out, 0, sizeof(*out));
	out->wrapped = pin != 0;
	memset(out->key.salt, pin + 0x40, sizeof(out->key.salt));
	memset(out->verifier, pin, sizeof(out->verifier));
}

static void
create(void)
{
	static const uint8_t cert[300] = {7};
	struct button_key key;
	struct psd_setup setup;
	struct err e = ERR_INIT;

	button_store_init(&store, button_kind(ROM), ROM, &nvm);
	bench_setup(&b, &setup);
	psd_init(&psd);
	psd.remembers = store.kind->remembers;
	is_ok(psd_initialise(&psd, &e), &e, "initialise");
	is_ok(psd_personalise(&psd, &setup, &e), &e, "personalise");
	make_key(&key, 0);
	is_ok(button_store_create(&store, &psd, &key, cert, sizeof(cert), &e),
	    &e, "create");
}

static void
load(void)
{
	struct err e = ERR_INIT;

	button_store_init(&store, button_kind(ROM), ROM, &nvm);
	is_ok(button_store_find(&store, &psd, &e), &e, "find");
	is_ok(button_store_mend(&store, &psd, &e), &e, "mend");
	psd.pin_verified = true;
}

static void
save(void)
{
	struct err e = ERR_INIT;

	is_ok(button_store_save(&store, &psd, &e), &e, "save");
}

/* What came out is what the memory has. */
static void
debit(uint32_t first, size_t count, struct psd_stamp *out)
{
	struct psd_request in[BATCH];
	struct err e = ERR_INIT;
	bool changed;

	for (size_t i = 0; i < count; i++)
		in[i] = bench_request(first + (uint32_t)i, 780);
	is_ok(psd_debit(&psd, &b.crypto, TODAY, in, count, out, &changed, &e),
	    &e, "debit");
	if (changed)
		save();
}

static void
download(void)
{
	struct download_terms terms = {5000, 0, 20270228};
	uint8_t msg[PSD_MESSAGE_MAX], answer[PSD_MESSAGE_MAX];
	struct download_request request;
	size_t len, answer_len;
	struct err e = ERR_INIT;
	bool changed;

	is_ok(psd_download_request(&psd, &b.crypto, 5000, msg, &len, &e), &e,
	    "request");
	is_ok(
	    download_check_request(msg, len, b.key, &request, &e), &e, "check");
	is_ok(download_make_answer(
		  &request, &terms, b.provider, answer, &answer_len, &e),
	    &e, "answer");
	is_ok(psd_download_apply(
		  &psd, &b.crypto, answer, answer_len, msg, &len, &changed, &e),
	    &e, "apply");
	save();
}

/* --- scenes ------------------------------------------------------------------------ */

static void
do_debit(void)
{
	struct psd_stamp out;

	debit(1000, 1, &out);
}

static void
do_batch(void)
{
	struct psd_stamp out[BATCH];

	debit(1000, BATCH, out);
}

static void
do_new_pin(void)
{
	struct button_key key;
	struct err e = ERR_INIT;

	make_key(&key, 2);
	is_ok(psd_pin_set(&psd, key.verifier, &e), &e, "a PIN");
	is_ok(button_store_save_key(&store, &psd, &key, &e), &e, "save");
}

static void
fill_ring(void)
{
	struct psd_stamp out;

	for (uint32_t i = 0; i < 40; i++)
		debit(i + 1, 1, &out);
}

static void
set_pin(void)
{
	struct button_key key;
	struct err e = ERR_INIT;

	make_key(&key, 1);
	is_ok(psd_pin_set(&psd, key.verifier, &e), &e, "a PIN");
	is_ok(button_store_save_key(&store, &psd, &key, &e), &e, "save");
}

static void
nothing(void)
{
}

static const struct scene {
	const char *name;
	void (*prepare)(void);
	void (*work)(void);
	mils spends, brings;
	uint32_t pieces;
} scenes[] = {
    {"debit", nothing, do_debit, 780, 0, 1},
    {"debit, full ring", fill_ring, do_debit, 780, 0, 1},
    {"a batch, full ring", fill_ring, do_batch, BATCH * 780, 0, BATCH},
    {"download", nothing, download, 0, 5000, 0},
    {"a new PIN", set_pin, do_new_pin, 0, 0, 0},
};

/* --- what is looked at ---------------------------------------------------------------- */

static void
look(const struct scene *s, const struct psd *old, bool whole)
{
	mils spent = psd.ascending - old->ascending;
	mils came = psd.control_total - old->control_total;
	struct psd_stamp found, again;
	struct button_key key;
	struct err e = ERR_INIT;

	ok(spent == s->spends || (!whole && spent == 0), "spent once or not");
	ok(came == s->brings || (!whole && came == 0), "once or not");
	is_int(psd.piece_count - old->piece_count, spent ? s->pieces : 0,
	    "all or none");
	for (uint32_t i = 0; i < s->pieces; i++) {
		struct psd_request r = bench_request(1000 + i, 780);
		bool known = psd_find(&psd, r.key, &found);

		ok(known == (spent != 0), "known where it was debited");
		if (!known)
			continue;
		debit(1000 + i, 1, &again);
		ok(again.replayed, "not debited again");
		is_mem(again.indicium, found.indicium, found.len, "the same");
	}
	/* The key goes with the PIN, and no other is left. */
	is_ok(button_store_key(&store, &key, &e), &e, "the key");
	is_int(key.wrapped, psd.pin_required, "wrapped");
	is_mem(key.verifier, psd.pin_verifier, PSD_VERIFIER, "verifier");
	for (size_t i = 0; i + WRAP_SALT <= MEMORY; i++)
		for (uint8_t pin = 1; pin <= 2; pin++)
			if (pin != key.verifier[0] &&
			    m.memory[i] == pin + 0x40 &&
			    memcmp(m.memory + i, m.memory + i + 1,
				WRAP_SALT - 1) == 0)
				fail_at("a salt of the other key is left");
}

/* Contact comes back, and ends within what that writes, `again` pages on. */
static void
come_back(long again)
{
	m.writes = 0;
	m.tear_at = again;
	if (setjmp(m.dark) == 0)
		load();
	m.tear_at = -1;
	load();
}

/* False: the work wrote fewer pages. */
static bool
cut(const struct scene *s, const uint8_t *before, const struct psd *old, long n,
    unsigned tear, long again)
{
	static volatile bool whole;

	m.tear_at = -1;
	memcpy(m.memory, before, MEMORY);
	load();
	m.writes = 0;
	m.tear_at = n;
	m.tear = tear;
	whole = false;
	if (setjmp(m.dark) == 0) {
		s->work();
		whole = true;
	}
	m.tear_at = -1;
	if (whole) {
		load();
		look(s, old, true);
		return false;
	}
	come_back(again);
	look(s, old, false);
	if (psd.ascending == old->ascending &&
	    psd.control_total == old->control_total)
		s->work();
	load();
	look(s, old, true);
	return true;
}

static void
contact_may_end_at_any_page(void **state)
{
	static uint8_t before[MEMORY];
	static struct psd old;

	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		const struct scene *s = &scenes[i];
		bool more = true;
		long n;

		m.tear_at = -1;
		memset(m.memory, 0, MEMORY);
		create();
		load();
		for (int d = 0; d < 10; d++)
			download();
		s->prepare();
		load();
		memcpy(before, m.memory, MEMORY);
		old = psd;
		for (n = 0; more; n++)
			for (unsigned t = 0; more && t < TEAR_MIX + mixtures;
			     t++)
				more = cut(s, before, &old, n, t,
				    t % 3 == 0 ? -1 : (n * 7 + t) % 24);
		print_message("%s: %ld pages\n", s->name, n - 1);
		ok(n > 8, "it was cut");
	}
}

/* Until its header is whole there is no PSD, and it is made anew. */
static void
creation_may_end_at_any_page(void **state)
{
	enum button_content content;
	struct err e = ERR_INIT;
	static volatile long n;
	static volatile bool whole;

	(void)state;
	whole = false;
	for (n = 0; !whole; n++) {
		memset(m.memory, 0xff, MEMORY);
		m.writes = 0;
		m.tear_at = n;
		m.tear = TEAR_MIX + (unsigned)n;
		if (setjmp(m.dark) == 0) {
			create();
			whole = true;
		}
		m.tear_at = -1;
		is_ok(button_store_content(&store, &content, &e), &e, "look");
		is_int(content == BUTTON_POSTAGE, whole, "the header is last");
		if (!whole)
			create();
		load();
		is_int(psd.life, PSD_OPERATIONAL, "it is one");
	}
	ok(n > 100, "it was cut");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(contact_may_end_at_any_page), T(creation_may_end_at_any_page)};
	int failed;

	mixtures = getenv("POSTAGE_LONG") != NULL ? 64 : 3;
	bench_open(&b);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bench_close(&b);
	return failed;
}
