/* SPDX-License-Identifier: Apache-2.0 */
/* File vaults under a guard, against a real TPM 2.0 in software. */
#include "vault/guard.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/durable.h"
#include "tests/swtpm.h"
#include "tests/test.h"
#include "vault/file_image.h"
#include "vault/lab.h"
#include "vault/slots.h"

#define PIN	 "2468"
#define VALUE	 100000
#define EXIT_OFF 77

static char dir[] = "/tmp/t_guard.XXXXXX";
static char tpm_dir[48], other_dir[48];
static struct lab *lab;
static struct swtpm tpm;
static int made;
static uint32_t keys;

/* --- the bench ------------------------------------------------------------------ */

struct place {
	char uri[64], path[64];
	struct vault *v;
	uint8_t old[SLOTS_BYTES]; /* a copy */
};

static void
load(const struct place *p, uint8_t out[SLOTS_BYTES])
{
	struct err e = ERR_INIT;
	size_t len;

	is_ok(durable_read(p->path, out, SLOTS_BYTES, &len, &e), &e, "read");
	is_int(len, SLOTS_BYTES, "its length");
}

static void
put_back(const struct place *p, const uint8_t bytes[SLOTS_BYTES])
{
	struct err e = ERR_INIT;

	is_ok(durable_replace(p->path, bytes, SLOTS_BYTES, 0600, &e), &e,
	    "put back");
}

static void
is_unchanged(const struct place *p, const uint8_t was[SLOTS_BYTES])
{
	uint8_t now[SLOTS_BYTES];

	load(p, now);
	is_mem(now, was, SLOTS_BYTES, "nothing was changed");
}

static void
open_it(struct place *p)
{
	struct err e = ERR_INIT;

	vault_close(p->v);
	p->v = NULL;
	is_ok(vault_open(p->uri, 0, &p->v, &e), &e, "open");
	is_ok(vault_unlock(p->v, PIN, &e), &e, "unlock");
}

static void
name_place(struct place *p)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->uri, sizeof(p->uri), "file:%s/v%d", dir, ++made);
	snprintf(p->path, sizeof(p->path), "%s/v%d/psd.vault", dir, made);
}

static void
make(struct place *p, const char *guard)
{
	struct lab_psd psd;
	struct err e = ERR_INIT;
	char id[PSD_ID];

	name_place(p);
	lab_defaults(&psd);
	psd.pin = PIN;
	psd.guard = guard;
	is_ok(lab_create_vault(lab, p->uri, &psd, id, &e), &e, "create");
	open_it(p);
	is_ok(lab_refill(lab, p->v, VALUE, &e), &e, "refill");
}

static bool
debit_key(struct place *p, uint32_t key, struct psd_stamp *out, struct err *e)
{
	struct psd_request r = {.amount = 1000,
	    .mail_date = date_local(time(NULL)),
	    .category = "FCL1"};

	memcpy(r.key, &key, sizeof(key));
	*e = (struct err)ERR_INIT;
	return vault_debit(p->v, &r, 1, out, e);
}

static bool
debit(struct place *p, struct err *e)
{
	struct psd_stamp out;

	return debit_key(p, ++keys, &out, e);
}

static void
debits(struct place *p, int n)
{
	struct err e = ERR_INIT;

	for (int i = 0; i < n; i++)
		is_ok(debit(p, &e), &e, "debit");
}

static mils
spent(struct place *p)
{
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(p->v, &s, &e), &e, "status");
	is_int(s.ascending + s.descending, s.control_total, "the sum");
	return s.ascending;
}

static uint64_t
counted(struct place *p)
{
	struct vault_guard g;
	struct err e = ERR_INIT;

	is_ok(vault_guard(p->v, &g, &e), &e, "guard");
	return g.count;
}

/* What the file remembers of its guard. */
static struct guard
guard_of(const struct place *p)
{
	static struct file_image image;
	uint8_t bytes[FILE_IMAGE_BYTES];
	struct slots s;
	struct err e = ERR_INIT;
	int fd = open(p->path, O_RDONLY);

	is_ok(slots_read(&s, fd, bytes, sizeof(bytes), &e), &e, "slots");
	is_ok(file_image_decode(bytes, &image, &e), &e, "image");
	close(fd);
	return image.guard;
}

/* Every call that signs or spends says `kind`, in words that hold `word`, and
 * the file stays as it is. */
static void
is_refused(struct place *p, enum err_kind kind, const char *word)
{
	uint8_t msg[PSD_MESSAGE_MAX], was[SLOTS_BYTES];
	struct psd_stamp stamps[PSD_RING];
	struct psd_claim claim = {.date = 20260101, .count = 1, .total = 1};
	struct psd_status s;
	struct err e = ERR_INIT;
	size_t len;
	bool found;

	open_it(p);
	load(p, was);
	ok(!vault_status(p->v, &s, &e), "status");
	is_err(&e, kind, "status");
	ok(strstr(e.text, word) != NULL, e.text);
	ok(!debit(p, &e), "debit");
	is_err(&e, kind, "debit");
	ok(!vault_find(p->v, msg, stamps, &found, &e), "find");
	ok(!vault_recent(p->v, stamps, &len, &e), "recent");
	ok(!vault_audit(p->v, msg, msg, &len, &e), "audit");
	ok(!vault_download_request(p->v, 0, msg, &len, &e), "download");
	ok(!vault_download_apply(p->v, msg, 1, msg, &len, &e), "answer");
	ok(!vault_refund_request(p->v, &claim, msg, &len, &e), "refund");
	ok(!vault_change_pin(p->v, PIN, "97531", &e), "PIN");
	is_err(&e, kind, "PIN");
	is_unchanged(p, was);
}

static int
tool(const char *command, const char *rest)
{
	char line[512];

	snprintf(line, sizeof(line),
	    "TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=%d %s %s >/dev/null 2>&1",
	    tpm.port, command, rest);
	return system(line);
}

/* --- pure ------------------------------------------------------------------------- */

static void
an_epoch_is_judged_by_the_count(void **state)
{
	(void)state;
	is_int(guard_compare(5, 5), GUARD_CURRENT, "the same");
	is_int(guard_compare(6, 5), GUARD_UNCOUNTED, "one ahead");
	is_int(guard_compare(7, 5), GUARD_FOREIGN, "two ahead");
	is_int(guard_compare(4, 5), GUARD_ROLLED_BACK, "one behind");
	is_int(guard_compare(0, UINT64_MAX), GUARD_ROLLED_BACK, "behind");
	is_int(guard_compare(UINT64_MAX, 0), GUARD_FOREIGN, "ahead");
	is_int(guard_compare(UINT64_MAX, UINT64_MAX - 1), GUARD_UNCOUNTED,
	    "the last");
}

static void
a_text_names_a_tpm_and_nothing_else(void **state)
{
	static const char *const good[] = {"tpm:", "tpm:0x01800001",
	    "tpm:0x01c0ffee", "tpm:?tcti=device:/dev/tpm0",
	    "tpm:0x01800001?tcti=swtpm:host=127.0.0.1,port=2321",
	    "tpm:?tcti=swtpm:host=localhost,port=1"};
	static const char *const bad[] = {"", "tpm", "none", "floppy:", "tpm:1",
	    "tpm:0x0180000", "tpm:0x018000011", "tpm:0x81000001",
	    "tpm:0x01800001 ", "tpm:?tcti=device:/dev/sda",
	    "tpm:?tcti=device:/dev/tpm", "tpm:?tcti=device:/dev/tpm0/../sda",
	    "tpm:?tcti=swtpm:host=example.org,port=1",
	    "tpm:?tcti=swtpm:host=127.0.0.1,port=", "tpm:?tcti=cmd:sh",
	    "tpm:?tcti=libevil.so"};
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_ok(guard_known(good[i], &e), &e, good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!guard_known(bad[i], &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
	}
}

static void
a_guard_survives_its_bytes(void **state)
{
	struct guard in = {.uri = "tpm:0x01800001",
	    .id = {1, 2, 3},
	    .id_len = 3,
	    .secret = {9},
	    .maker = "INTC",
	    .epoch = UINT64_MAX};
	struct guard out;
	uint8_t bytes[GUARD_BYTES];
	struct err e = ERR_INIT;

	(void)state;
	guard_encode(&in, bytes);
	is_ok(guard_decode(bytes, &out, &e), &e, "decode");
	is_mem(&out, &in, sizeof(in), "the same");
	memset(bytes, 0, sizeof(bytes));
	is_ok(guard_decode(bytes, &out, &e), &e, "none");
	is_str(out.uri, "", "none");
	bytes[GUARD_BYTES - 1] = 1;
	ok(!guard_decode(bytes, &out, &e), "an epoch of no guard");
	is_err(&e, ERR_CORRUPT, "an epoch of no guard");
}

/* --- in use ------------------------------------------------------------------------- */

static void
only_changes_are_counted_each_once(void **state)
{
	struct psd_request in[PSD_BATCH_MAX];
	struct psd_stamp out[PSD_BATCH_MAX];
	struct place p;
	struct vault_guard g;
	struct err e = ERR_INIT;
	uint64_t before;

	(void)state;
	make(&p, tpm.guard);
	is_ok(vault_guard(p.v, &g, &e), &e, "guard");
	ok(strncmp(g.uri, "tpm:0x01", 8) == 0, g.uri);
	ok(g.software, "swtpm says that it is software");
	ok(!g.by_itself, "a file is copied");
	before = counted(&p);
	debits(&p, 3);
	is_int(counted(&p), before + 3, "one for each debit");
	for (int i = 0; i < 3; i++)
		open_it(&p);
	is_int(spent(&p), 3000, "registers");
	is_int(counted(&p), before + 3, "PIN and status cost nothing");
	for (uint32_t i = 0; i < PSD_BATCH_MAX; i++) {
		in[i] = (struct psd_request){.amount = 10,
		    .mail_date = date_local(time(NULL)),
		    .category = "FCL1"};
		keys++;
		memcpy(in[i].key, &keys, sizeof(keys));
	}
	is_ok(vault_debit(p.v, in, PSD_BATCH_MAX, out, &e), &e, "a batch");
	is_int(counted(&p), before + 4, "a batch is one");
	open_it(&p);
	is_ok(vault_debit(p.v, in, PSD_BATCH_MAX, out, &e), &e, "again");
	ok(out[0].replayed, "from the ring");
	is_int(counted(&p), before + 4, "a replay is none");
	is_ok(vault_change_pin(p.v, PIN, PIN, &e), &e, "PIN");
	is_int(counted(&p), before + 5, "another PIN is one");
	vault_close(p.v);
}

static void
a_vault_without_guard_is_as_before(void **state)
{
	struct place p;
	struct vault_guard g;
	struct err e = ERR_INIT;

	(void)state;
	make(&p, NULL);
	is_ok(vault_guard(p.v, &g, &e), &e, "guard");
	is_str(g.uri, "", "none");
	ok(!g.by_itself, "a file is copied");
	load(&p, p.old);
	debits(&p, 2);
	put_back(&p, p.old);
	open_it(&p);
	is_int(
	    spent(&p), 0, "an old copy is taken: that is what guards are for");
	vault_close(p.v);
}

/* --- old copies --------------------------------------------------------------------- */

static void
an_old_copy_is_refused(void **state)
{
	struct place p;
	uint8_t newest[SLOTS_BYTES];

	(void)state;
	make(&p, tpm.guard);
	debits(&p, 1);
	load(&p, p.old);
	debits(&p, 1);
	load(&p, newest);
	put_back(&p, p.old);
	is_refused(&p, ERR_CORRUPT, "postage vault guard --rebind");
	is_refused(&p, ERR_CORRUPT, "old copy");
	put_back(&p, newest);
	open_it(&p);
	is_int(spent(&p), 2000, "the newest is good");
	debits(&p, 1);
	vault_close(p.v);
}

/* Who damages the newer slot gets the older one: as old as any copy. */
static void
the_older_slot_is_an_old_copy(void **state)
{
	struct place p;
	uint8_t newest[SLOTS_BYTES], bad[SLOTS_BYTES];

	(void)state;
	make(&p, tpm.guard);
	debits(&p, 2);
	load(&p, newest);
	for (size_t slot = 0; slot < 2; slot++) {
		uint8_t *older = bad + (1 - slot) * SLOT_BYTES;
		struct slots s;
		struct err e = ERR_INIT;
		uint8_t image[FILE_IMAGE_BYTES];
		int fd = open(p.path, O_RDONLY);

		is_ok(slots_read(&s, fd, image, sizeof(image), &e), &e, "read");
		close(fd);
		if (s.current != (int)slot)
			continue;
		memcpy(bad, newest, sizeof(bad));
		bad[slot * SLOT_BYTES + 1000] ^= 1;
		put_back(&p, bad);
		is_refused(&p, ERR_CORRUPT, "old copy");
		memcpy(bad + slot * SLOT_BYTES, older, SLOT_BYTES);
		put_back(&p, bad);
		is_refused(&p, ERR_CORRUPT, "old copy");
	}
	put_back(&p, newest);
	open_it(&p);
	is_int(spent(&p), 2000, "the newest is good");
	vault_close(p.v);
}

static void
an_old_pin_does_not_come_back(void **state)
{
	struct place p;
	struct err e = ERR_INIT;

	(void)state;
	make(&p, tpm.guard);
	load(&p, p.old);
	is_ok(vault_change_pin(p.v, PIN, "97531", &e), &e, "change");
	put_back(&p, p.old);
	is_refused(&p, ERR_CORRUPT, "old copy");
	vault_close(p.v);
}

/* --- a TPM that is not there -------------------------------------------------------- */

static void
without_its_tpm_nothing_is_spent(void **state)
{
	struct place p;

	(void)state;
	make(&p, tpm.guard);
	debits(&p, 1);
	swtpm_kill(&tpm);
	is_refused(&p, ERR_ABSENT, "TPM");
	swtpm_start(&tpm, tpm_dir);
	open_it(&p);
	is_int(spent(&p), 1000, "it is back");
	debits(&p, 1);
	vault_close(p.v);
}

static void
another_tpm_is_noticed(void **state)
{
	struct place p;

	(void)state;
	make(&p, tpm.guard);
	debits(&p, 1);
	swtpm_kill(&tpm);
	swtpm_start(&tpm, other_dir);
	is_refused(&p, ERR_CORRUPT, "exchanged");
	swtpm_kill(&tpm);
	swtpm_start(&tpm, tpm_dir);
	open_it(&p);
	is_int(spent(&p), 1000, "the right one is back");
	vault_close(p.v);
}

/* The owner can remove a counter, and make one that looks the same. */
static void
a_counter_that_was_made_anew_is_noticed(void **state)
{
	struct place p;
	struct guard g;
	char secret[2 * GUARD_SECRET + 1], index[16], line[256];

	(void)state;
	make(&p, tpm.guard);
	debits(&p, 2);
	g = guard_of(&p);
	snprintf(index, sizeof(index), "%.10s", g.uri + strlen("tpm:"));
	bytes_to_hex(g.secret, GUARD_SECRET, secret);
	is_int(tool("tpm2_nvundefine", index), 0, "undefine");
	is_refused(&p, ERR_CORRUPT, "removed");
	snprintf(line, sizeof(line),
	    "-s 8 -a 'authread|authwrite|no_da|nt=counter' -p hex:%s %s",
	    secret, index);
	is_int(tool("tpm2_nvdefine", line), 0, "define");
	is_refused(&p, ERR_CORRUPT, "counter");
	snprintf(
	    line, sizeof(line), "-P hex:%s -C %s %s", secret, index, index);
	is_int(tool("tpm2_nvincrement", line), 0, "increment");
	is_refused(&p, ERR_CORRUPT, "old copy");
	is_int(tool("tpm2_nvundefine", index), 0, "undefine");
	snprintf(line, sizeof(line),
	    "-s 8 -a 'authread|authwrite|no_da|nt=counter' -p other %s", index);
	is_int(tool("tpm2_nvdefine", line), 0, "define");
	snprintf(line, sizeof(line), "-P other -C %s %s", index, index);
	is_int(tool("tpm2_nvincrement", line), 0, "increment");
	is_refused(&p, ERR_CORRUPT, "counter");
	vault_close(p.v);
}

static void
nobody_else_counts_not_even_the_owner(void **state)
{
	struct place p;
	char index[16], line[64];

	(void)state;
	make(&p, tpm.guard);
	snprintf(
	    index, sizeof(index), "%.10s", guard_of(&p).uri + strlen("tpm:"));
	ok(tool("tpm2_nvincrement", index) != 0, "without its secret");
	snprintf(line, sizeof(line), "-C o %s", index);
	ok(tool("tpm2_nvincrement", line) != 0, "as the owner");
	debits(&p, 1);
	vault_close(p.v);
}

static void
a_mute_tpm_has_an_end(void **state)
{
	struct place p;
	struct err e = ERR_INIT;
	int64_t begin;

	(void)state;
	make(&p, tpm.guard);
	kill(tpm.pid, SIGSTOP);
	begin = clock_ms();
	ok(!debit(&p, &e), "debit");
	is_err(&e, ERR_BUSY, "debit");
	ok(clock_ms() - begin < 15000, "in time");
	kill(tpm.pid, SIGCONT);
	is_ok(debit(&p, &e), &e, "it speaks again");
	is_int(spent(&p), 1000, "debited once");
	vault_close(p.v);
}

static void
a_vault_that_cannot_be_made_leaves_no_counter(void **state)
{
	struct lab_psd psd;
	struct err e = ERR_INIT;
	char uri[96], line[160], id[PSD_ID];

	(void)state;
	snprintf(line, sizeof(line), "| sort >%s/before", dir);
	is_int(tool("tpm2_getcap handles-nv-index", line), 0, "list");
	lab_defaults(&psd);
	psd.guard = tpm.guard;
	snprintf(uri, sizeof(uri), "file:/proc/%d/psd.vault", getpid());
	ok(!lab_create_vault(lab, uri, &psd, id, &e), "create");
	snprintf(line, sizeof(line), "| sort >%s/after", dir);
	is_int(tool("tpm2_getcap handles-nv-index", line), 0, "list");
	snprintf(line, sizeof(line), "cmp -s %s/before %s/after", dir, dir);
	is_int(system(line), 0, "the same counters");
}

/* --- another guard ------------------------------------------------------------------- */

static void
a_vault_gets_a_guard_and_loses_it_by_the_pin(void **state)
{
	struct place p;
	uint8_t guarded[SLOTS_BYTES];
	struct err e = ERR_INIT;

	(void)state;
	make(&p, NULL);
	debits(&p, 1);
	load(&p, p.old);
	is_ok(vault_set_guard(p.v, tpm.guard, NULL, &e), &e, "a guard");
	debits(&p, 1);
	load(&p, guarded);
	debits(&p, 1);
	vault_close(p.v);
	p.v = NULL;
	is_ok(vault_open(p.uri, 0, &p.v, &e), &e, "open");
	ok(!vault_set_guard(p.v, NULL, NULL, &e), "without the PIN");
	is_err(&e, ERR_DENIED, "without the PIN");
	open_it(&p);
	is_ok(vault_set_guard(p.v, NULL, NULL, &e), &e, "none");
	debits(&p, 1);
	is_int(spent(&p), 4000, "registers");
	put_back(&p, guarded);
	is_refused(&p, ERR_CORRUPT, "removed");
	vault_close(p.v);
}

static void
an_old_copy_gets_no_other_guard(void **state)
{
	struct place p;
	struct err e = ERR_INIT;

	(void)state;
	make(&p, tpm.guard);
	load(&p, p.old);
	debits(&p, 1);
	put_back(&p, p.old);
	open_it(&p);
	load(&p, p.old);
	ok(!vault_set_guard(p.v, tpm.guard, NULL, &e), "another guard");
	is_err(&e, ERR_CORRUPT, "another guard");
	ok(!vault_set_guard(p.v, NULL, NULL, &e), "none");
	is_err(&e, ERR_CORRUPT, "none");
	is_unchanged(&p, p.old);
	vault_close(p.v);
}

/* The mainboard was exchanged; the file is the newest. */
static void
the_provider_lets_a_vault_under_another_tpm(void **state)
{
	struct place p;
	struct psd_status s;
	struct err e = ERR_INIT;

	(void)state;
	make(&p, tpm.guard);
	debits(&p, 2);
	load(&p, p.old);
	swtpm_kill(&tpm);
	swtpm_start(&tpm, other_dir);
	is_refused(&p, ERR_CORRUPT, "exchanged");
	vault_close(p.v);
	p.v = NULL;
	is_ok(vault_open(p.uri, 0, &p.v, &e), &e, "open");
	ok(!lab_rebind(lab, p.v, tpm.guard, &e), "without the PIN");
	is_err(&e, ERR_DENIED, "without the PIN");
	open_it(&p);
	is_ok(lab_rebind(lab, p.v, tpm.guard, &e), &e, "rebind");
	is_int(spent(&p), 2000, "not a mil lost");
	is_ok(vault_status(p.v, &s, &e), &e, "status");
	is_int(s.control_total, VALUE, "nor won");
	debits(&p, 1);
	put_back(&p, p.old);
	is_refused(&p, ERR_CORRUPT, "counter");
	load(&p, p.old);
	ok(!lab_rebind(lab, p.v, tpm.guard, &e), "the copy, too");
	is_err(&e, ERR_DENIED, "the copy, too");
	is_unchanged(&p, p.old);
	vault_close(p.v);
	swtpm_kill(&tpm);
	swtpm_start(&tpm, tpm_dir);
}

/* The provider has heard of more. */
static void
the_provider_knows_an_old_copy(void **state)
{
	struct place p;
	struct err e = ERR_INIT;

	(void)state;
	make(&p, tpm.guard);
	load(&p, p.old);
	debits(&p, 2);
	is_ok(lab_refill(lab, p.v, 0, &e), &e, "audit");
	put_back(&p, p.old);
	open_it(&p);
	ok(!lab_rebind(lab, p.v, tpm.guard, &e), "rebind");
	is_err(&e, ERR_DENIED, "rebind");
	ok(strstr(e.text, "old copy") != NULL, e.text);
	vault_close(p.v);
}

static bool
replay(void *context, const uint8_t *audit, size_t audit_len, uint8_t *out,
    size_t *len, struct err *e)
{
	static uint8_t first[PSD_MESSAGE_MAX];
	static size_t first_len;

	if (first_len == 0 &&
	    !lab_consent(context, audit, audit_len, first, &first_len, e))
		return false;
	memcpy(out, first, first_len);
	*len = first_len;
	return true;
}

static void
a_consent_is_good_for_one_guard(void **state)
{
	const struct vault_judge judge = {replay, lab};
	struct place p;
	struct err e = ERR_INIT;

	(void)state;
	make(&p, tpm.guard);
	debits(&p, 1);
	is_ok(vault_set_guard(p.v, tpm.guard, &judge, &e), &e, "once");
	ok(!vault_set_guard(p.v, tpm.guard, &judge, &e), "twice");
	is_err(&e, ERR_DENIED, "twice");
	debits(&p, 1);
	vault_close(p.v);
}

/* --- main -------------------------------------------------------------------------------- */

static int
setup(void **state)
{
	struct err e = ERR_INIT;
	char folder[64];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(folder, sizeof(folder), "%s/lab", dir);
	snprintf(tpm_dir, sizeof(tpm_dir), "%s/tpm", dir);
	snprintf(other_dir, sizeof(other_dir), "%s/other", dir);
	if (!lab_open(folder, &lab, &e))
		return -1;
	swtpm_start(&tpm, tpm_dir);
	return 0;
}

static int
teardown(void **state)
{
	char command[64];

	(void)state;
	swtpm_kill(&tpm);
	lab_close(lab);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(an_epoch_is_judged_by_the_count),
	    T(a_text_names_a_tpm_and_nothing_else),
	    T(a_guard_survives_its_bytes),
	    T(only_changes_are_counted_each_once),
	    T(a_vault_without_guard_is_as_before), T(an_old_copy_is_refused),
	    T(the_older_slot_is_an_old_copy), T(an_old_pin_does_not_come_back),
	    T(without_its_tpm_nothing_is_spent), T(another_tpm_is_noticed),
	    T(a_counter_that_was_made_anew_is_noticed),
	    T(nobody_else_counts_not_even_the_owner), T(a_mute_tpm_has_an_end),
	    T(a_vault_that_cannot_be_made_leaves_no_counter),
	    T(a_vault_gets_a_guard_and_loses_it_by_the_pin),
	    T(an_old_copy_gets_no_other_guard),
	    T(the_provider_lets_a_vault_under_another_tpm),
	    T(the_provider_knows_an_old_copy),
	    T(a_consent_is_good_for_one_guard)};

	if (!swtpm_installed()) {
		puts("swtpm is not installed");
		return EXIT_OFF;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
