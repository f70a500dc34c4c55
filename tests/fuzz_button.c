/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A touch-memory button of any bytes: what is found in it is a sound PSD or one
 * error; what is saved is found again; a torn save leaves the state before it or
 * after it.
 *
 * Steps: a byte that says what comes (STEP_...), then what it needs.  The
 * checksums can be made to fit, or the fuzzer would never come through them.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "vault/button_store.h"
#include "vault/crypto.h"

#define ROM	  "0C.0000000000AA"
#define MEMORY	  8192
#define STEPS_MAX 32

enum {
	STEP_PATCH, /* place (2), length (1), bytes */
	STEP_SEAL,  /* every checksum fits */
	STEP_VISIT, /* it is read, and mended */
	STEP_DEBIT, /* key's first byte, amount (2) */
	STEP_PIN,   /* verifier's byte */
	STEP_TEAR,  /* pages until contact ends (1) */
	STEPS
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct button {
	uint8_t memory[MEMORY];
	long left; /* pages until contact ends; -1 = it stays */
	jmp_buf dark;
	struct button_store store;
	struct psd psd;
	bool found;
	mils stored; /* ascending, that the button has */
} b;
static uint8_t fresh[MEMORY];
static struct sig_key *key;
static struct psd_crypto crypto;

static void
must(bool what)
{
	if (!what)
		abort();
}

static bool
memory_read(void *context, size_t at, void *out, size_t len)
{
	(void)context;
	must(at <= MEMORY && len <= MEMORY - at);
	memcpy(out, b.memory + at, len);
	return true;
}

static bool
memory_write(void *context, size_t at, const void *bytes, size_t len)
{
	(void)context;
	must(at <= MEMORY && len <= MEMORY - at);
	if (b.left == 0)
		longjmp(b.dark, 1);
	b.left -= b.left > 0;
	memcpy(b.memory + at, bytes, len);
	return true;
}

static struct nvm nvm = {NULL, MEMORY, memory_read, memory_write};

/* --- a button that is good --------------------------------------------------------- */

static void
make(void)
{
	static const uint8_t cert[200] = {0x30};
	struct psd_setup setup = {.vendor = "XX",
	    .model = "PS",
	    .serial = 7,
	    .cert_serial = 7,
	    .licence = 1,
	    .max_stamp = 100000,
	    .max_descending = 2000000,
	    .expires = 20291231};
	struct button_key bare = {.wrapped = false};
	struct err e = ERR_INIT;

	must(sig_generate(&key, &e));
	crypto_init(&crypto, key);
	must(crypto_point(key, setup.provider_key, &e));
	b.left = -1;
	button_store_init(&b.store, button_kind(ROM), ROM, &nvm);
	psd_init(&b.psd);
	b.psd.remembers = b.store.kind->remembers;
	must(psd_initialise(&b.psd, &e) && psd_personalise(&b.psd, &setup, &e));
	/* Value without a provider. */
	b.psd.control_total = 1000000;
	b.psd.download_sequence = 1;
	must(button_store_create(
	    &b.store, &b.psd, &bare, cert, sizeof(cert), &e));
	memcpy(fresh, b.memory, MEMORY);
}

/* --- steps ---------------------------------------------------------------------------- */

static void
seal(void)
{
	size_t page = b.store.kind->page, at = b.store.cells.at;
	size_t key_at = at + cells_size(&b.store.cells);
	size_t core = (CORE_CELL + page - 1) / page * page;
	size_t ring = (RING_CELL + page - 1) / page * page;

	must(cell_seal(&nvm, 0, 28));
	for (size_t i = 0; i < 2; i++)
		must(cell_seal(&nvm, at + i * core, CORE_CELL) &&
		     cell_seal(&nvm, key_at + i * 128, 116));
	for (size_t i = 0; i < b.store.cells.count; i++)
		must(cell_seal(&nvm, at + 2 * core + i * ring, RING_CELL));
	must(cell_seal(&nvm, key_at + 256,
	    4 + button_store_cert_max(&b.store) + CELL_CHECK));
}

static void
patch(struct bytes_reader *r)
{
	size_t at = (size_t)bytes_read_le(r, 2) % MEMORY;
	size_t len = (size_t)bytes_read_le(r, 1);
	const uint8_t *bytes = bytes_read(r, len);

	if (bytes != NULL)
		memcpy(b.memory + at, bytes,
		    len < MEMORY - at ? len : MEMORY - at);
}

static void
visit(void)
{
	struct button_key stored;
	uint8_t cert[CERT_MAX];
	struct err e = ERR_INIT;
	size_t len;

	button_store_init(&b.store, button_kind(ROM), ROM, &nvm);
	b.found = button_store_find(&b.store, &b.psd, &e);
	if (!b.found) {
		must(e.kind == ERR_ABSENT || e.kind == ERR_CORRUPT);
		return;
	}
	must(psd_check(&b.psd, &e));
	must(b.psd.remembers == b.store.kind->remembers);
	must(button_store_key(&b.store, &stored, &e));
	must(button_store_cert(&b.store, cert, &len, &e) && len <= CERT_MAX);
	/* Only a sequence number at its end keeps one from being written. */
	b.found = button_store_mend(&b.store, &b.psd, &e);
	must(b.found || b.store.cells.sequence == UINT32_MAX);
	b.stored = b.psd.ascending;
}

/* What is saved is there, also where the save was torn. */
static void
save(const struct button_key *stored)
{
	static struct psd wanted;
	struct err e = ERR_INIT;
	static volatile bool torn;
	mils old = b.stored;
	bool same;

	wanted = b.psd;
	torn = true;
	if (setjmp(b.dark) == 0) {
		b.found =
		    stored != NULL
			? button_store_save_key(&b.store, &b.psd, stored, &e)
			: button_store_save(&b.store, &b.psd, &e);
		torn = false;
	}
	b.left = -1;
	if (!b.found)
		return;
	visit();
	must(b.found);
	same = b.psd.ascending == wanted.ascending &&
	       b.psd.piece_count == wanted.piece_count &&
	       b.psd.pin_required == wanted.pin_required;
	must(same || (torn && b.psd.ascending == old));
}

static void
debit(struct bytes_reader *r)
{
	struct psd_request in = {.mail_date = 20261121, .category = "FCL1"};
	struct psd_stamp out;
	struct err e = ERR_INIT;
	bool changed;

	in.key[0] = (uint8_t)bytes_read_le(r, 1);
	in.amount = (mils)bytes_read_le(r, 2);
	if (!b.found)
		return;
	b.psd.pin_verified = true;
	if (psd_debit(&b.psd, &crypto, 20261121, &in, 1, &out, &changed, &e) &&
	    changed)
		save(NULL);
	else
		visit();
}

static void
new_pin(struct bytes_reader *r)
{
	struct button_key stored = {.wrapped = true};
	uint8_t byte = (uint8_t)bytes_read_le(r, 1);
	struct err e = ERR_INIT;

	if (!b.found)
		return;
	b.psd.pin_verified = true;
	memset(stored.verifier, byte | 1, PSD_VERIFIER);
	must(psd_pin_set(&b.psd, stored.verifier, &e));
	save(&stored);
}

static void
step(struct bytes_reader *r)
{
	switch (bytes_read_le(r, 1) % STEPS) {
	case STEP_PATCH:
		patch(r);
		b.found = false;
		break;
	case STEP_SEAL: seal(); break;
	case STEP_VISIT: visit(); break;
	case STEP_DEBIT: debit(r); break;
	case STEP_PIN: new_pin(r); break;
	case STEP_TEAR:
		visit();
		b.left = (long)bytes_read_le(r, 1) % 24;
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_reader r;

	if (key == NULL)
		make();
	memcpy(b.memory, fresh, MEMORY);
	b.left = -1;
	visit();
	bytes_reader_init(&r, data, size);
	for (int i = 0; i < STEPS_MAX && bytes_left(&r) > 0; i++) {
		step(&r);
		if (b.left < 0)
			continue;
		/* Contact ends within a save, or not at all. */
		if (bytes_left(&r) > 0 && data[r.pos] % STEPS != STEP_DEBIT &&
		    data[r.pos] % STEPS != STEP_PIN)
			b.left = -1;
	}
	return 0;
}
