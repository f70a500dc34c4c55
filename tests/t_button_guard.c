/* SPDX-License-Identifier: Apache-2.0 */
/* File vaults under a guard that counts in a touch-memory button. */
#include "vault/guard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/durable.h"
#include "tests/button_help.h"
#include "tests/test.h"
#include "vault/slots.h"

#define ROM_G "18.0000000000AA"
#define ROM_H "1D.0000000000BB"
#define BYTES (512 + 16)

static struct button_bench b;
static int made;

struct place {
	char uri[96], path[128];
	struct vault *v;
};

static const char *
guard_uri(const char *what, char out[128])
{
	snprintf(out, 128, "button:%s@127.0.0.1:%d", what, b.port);
	return out;
}

static bool
try_make(struct place *p, const char *guard, struct err *e)
{
	struct lab_psd psd;
	char id[PSD_ID];

	memset(p, 0, sizeof(*p));
	*e = (struct err)ERR_INIT;
	snprintf(p->uri, sizeof(p->uri), "file:%s/v%d", b.dir, ++made);
	snprintf(p->path, sizeof(p->path), "%s/v%d/psd.vault", b.dir, made);
	lab_defaults(&psd);
	psd.guard = guard;
	return lab_create_vault(b.lab, p->uri, &psd, id, e);
}

static void
reopen(struct place *p)
{
	struct err e = ERR_INIT;

	vault_close(p->v);
	p->v = NULL;
	is_ok(vault_open(p->uri, 0, &p->v, &e), &e, "open");
}

static void
make(struct place *p, const char *rom)
{
	struct err e;
	char guard[128];

	is_ok(try_make(p, guard_uri(rom, guard), &e), &e, "a guarded vault");
	reopen(p);
	is_ok(lab_refill(b.lab, p->v, 50000, &e), &e, "value");
}

static bool
debit(struct place *p, uint32_t n, struct psd_stamp *out, struct err *e)
{
	struct psd_request r = button_request(n, 780);

	*e = (struct err)ERR_INIT;
	return vault_debit(p->v, &r, 1, out, e);
}

static mils
spent(struct place *p)
{
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(p->v, &s, &e), &e, "status");
	return s.ascending;
}

static void
copy(const char *path, uint8_t bytes[SLOTS_BYTES], bool back)
{
	struct err e = ERR_INIT;
	size_t len;

	if (back)
		is_ok(durable_replace(path, bytes, SLOTS_BYTES, 0600, &e), &e,
		    "put back");
	else
		is_ok(durable_read(path, bytes, SLOTS_BYTES, &len, &e), &e,
		    "copy");
}

static void
an_old_copy_is_known_for_one(void **state)
{
	static uint8_t old[SLOTS_BYTES], newest[SLOTS_BYTES];
	struct psd_stamp out;
	struct vault_guard g;
	struct psd_status s;
	struct place p;
	struct err e = ERR_INIT;

	(void)state;
	button_bench_put(&b, ROM_G);
	make(&p, "");
	is_ok(vault_guard(p.v, &g, &e), &e, "guard");
	ok(!g.by_itself && !g.software, "a guard beside it");
	is_str(g.maker, "DS1963S", "its maker");
	ok(strstr(g.uri, ROM_G "/12@") != NULL, "which page");
	is_ok(debit(&p, 1, &out, &e), &e, "debit");
	copy(p.path, old, false);
	is_ok(debit(&p, 2, &out, &e), &e, "debit");
	copy(p.path, newest, false);
	copy(p.path, old, true);
	ok(!debit(&p, 3, &out, &e), "an old copy");
	is_err(&e, ERR_CORRUPT, "an old copy");
	ok(!vault_status(p.v, &s, &e), "nor does it tell registers");
	copy(p.path, newest, true);
	is_ok(debit(&p, 3, &out, &e), &e, "the newest");
	is_int(spent(&p), 3 * 780, "three in all");
	vault_close(p.v);
}

static void
without_its_button_it_waits(void **state)
{
	struct psd_stamp out;
	struct place p;
	struct err e;

	(void)state;
	button_bench_put(&b, ROM_H);
	make(&p, ROM_H);
	button_bench_take(&b, ROM_H);
	ok(!debit(&p, 1, &out, &e), "away");
	is_err(&e, ERR_ABSENT, "away");
	button_bench_put(&b, ROM_H);
	is_ok(debit(&p, 1, &out, &e), &e, "there");
	is_int(spent(&p), 780, "one");
	vault_close(p.v);
}

/* However the step was torn, the debit is there once. */
static void
contact_may_end_within_a_step(void **state)
{
	struct psd_stamp out;
	struct place p;
	struct err e;
	uint32_t n = 0;

	(void)state;
	button_bench_put(&b, ROM_G);
	make(&p, ROM_G);
	for (uint32_t tear = 0; tear < OWBUS_TEARS; tear++)
		for (int again = 0; again < 2; again++) {
			b.control->tear = tear;
			b.control->tear_at = b.control->writes;
			ok(!debit(&p, ++n, &out, &e), "contact ends");
			is_err(&e, ERR_ABSENT, "contact ends");
			b.control->gone = 0;
			/* And in the next visit's step, where there is one. */
			b.control->tear_at = again ? b.control->writes : -1;
			if (!debit(&p, n, &out, &e))
				is_err(&e, ERR_ABSENT, "it ends again");
			b.control->gone = 0;
			b.control->tear_at = -1;
			is_ok(debit(&p, n, &out, &e), &e, "once more");
			ok(out.replayed || again == 0, "it was debited");
			is_int(spent(&p), 780 * (mils)n, "once");
		}
	vault_close(p.v);
}

/* A lost answer, and a count that went on without the vault. */
static void
what_was_not_counted_for_it_is_no_step(void **state)
{
	struct psd_stamp out;
	struct place p;
	struct err e;
	uint8_t *memory;

	(void)state;
	button_bench_put(&b, ROM_G);
	make(&p, ROM_G);
	b.control->drop = 1;
	ok(!debit(&p, 1, &out, &e), "the answer is lost");
	b.control->drop = 0;
	is_ok(debit(&p, 1, &out, &e), &e, "asked again");
	ok(out.replayed, "it was debited");
	memory = button_bench_memory(&b, ROM_G, BYTES);
	memory[512]++;
	ok(!debit(&p, 2, &out, &e), "somebody else counted");
	is_err(&e, ERR_CORRUPT, "somebody else counted");
	memory[512] = (uint8_t)(memory[512] - 3);
	ok(!debit(&p, 2, &out, &e), "an emulated button was set back");
	munmap(memory, BYTES);
	vault_close(p.v);
}

static void
a_page_counts_for_one_vault(void **state)
{
	struct psd_stamp out;
	struct place p[5];
	struct err e = ERR_INIT;
	uint8_t *memory;
	char guard[128];

	(void)state;
	button_bench_put(&b, ROM_G);
	for (int i = 0; i < 4; i++)
		make(&p[i], ROM_G);
	for (uint32_t i = 0; i < 8; i++)
		is_ok(debit(&p[i % 4], i, &out, &e), &e, "debit");
	ok(!try_make(&p[4], guard_uri(ROM_G, guard), &e), "no page is left");
	is_err(&e, ERR_REQUEST, "no page is left");
	ok(!try_make(&p[4], guard_uri(ROM_G "/13", guard), &e), "in use");
	is_err(&e, ERR_REQUEST, "in use");
	is_ok(vault_set_guard(p[1].v, NULL, NULL, &e), &e, "none any more");
	is_ok(try_make(&p[4], guard_uri(ROM_G, guard), &e), &e, "its page");
	memory = button_bench_memory(&b, ROM_G, BYTES);
	memory[14 * 32 + 7] ^= 1;
	ok(!debit(&p[2], 100, &out, &e), "written over");
	is_err(&e, ERR_CORRUPT, "written over");
	is_ok(debit(&p[3], 100, &out, &e), &e, "the others go on");
	munmap(memory, BYTES);
	for (int i = 0; i < 4; i++)
		vault_close(p[i].v);
}

static void
a_guard_is_a_page_that_counts(void **state)
{
	static const char *const bad[] = {"button:0C.0000000000AA",
	    "button:18.0000000000AA/11", "button:18.0000000000AA/16",
	    "button:/12", "button:@example.org:4304", "button:x"};
	struct place p;
	struct err e = ERR_INIT;
	char guard[128];

	(void)state;
	is_ok(guard_known("button:", &e), &e, "any");
	is_ok(guard_known("button:1A.0000000000AA/15", &e), &e, "one");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!guard_known(bad[i], &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
	}
	ok(!try_make(&p, guard_uri("", guard), &e), "none is there");
	is_err(&e, ERR_ABSENT, "none is there");
	button_bench_put(&b, ROM_G);
	button_bench_put(&b, ROM_H);
	ok(!try_make(&p, guard_uri("", guard), &e), "which one?");
	is_err(&e, ERR_CONFIG, "which one?");
}

/* The button that holds a PSD says that nothing keeps old copies away. */
static void
a_button_with_a_psd_has_no_guard(void **state)
{
	struct vault_guard g;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	button_bench_make(&b, ROM_A, NULL, 0);
	v = button_bench_vault(&b, ROM_A, NULL);
	is_ok(vault_guard(v, &g, &e), &e, "guard");
	ok(!g.by_itself, "it can be copied");
	is_str(g.uri, "", "and nothing would notice");
	ok(!vault_set_guard(v, "tpm:", NULL, &e), "takes none");
	is_err(&e, ERR_CONFIG, "takes none");
	vault_close(v);
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
	const struct CMUnitTest tests[] = {TT(an_old_copy_is_known_for_one),
	    TT(without_its_button_it_waits), TT(contact_may_end_within_a_step),
	    TT(what_was_not_counted_for_it_is_no_step),
	    TT(a_page_counts_for_one_vault), TT(a_guard_is_a_page_that_counts),
	    TT(a_button_with_a_psd_has_no_guard)};
	int failed;

	button_bench_open(&b);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	button_bench_close(&b);
	return failed;
}
