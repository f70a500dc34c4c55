/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shop: a small lab in a temporary folder, for tests: a file vault with value
 * in it, a rate table, a configuration.
 */
#ifndef TESTS_SHOP_H
#define TESTS_SHOP_H

#include "dispense/dispense.h"
#include "dispense/journal.h"
#include "stamp/sig.h"

#define SHOP_NOW 1795262400 /* 2026-11-21 12:00 UTC */

struct shop {
	char dir[64];
	char journal[96]; /* the journal's file */
	struct settings settings;
	struct sig_key *provider;
	uint8_t vault[65536]; /* the vault file as it was made */
	size_t vault_len;
};

/* `extra`: more lines of postage.conf; `pin`: NULL = none. */
void shop_open(struct shop *s, mils value, const char *pin, const char *extra);
void shop_close(struct shop *s);

/* Provider's answer to a request of `value`. */
void shop_refill(struct shop *s, mils value);

/* Everything as shop_open() left it: no journal, no spool, the vault full. */
void shop_reset(struct shop *s);

/* What the vault says. */
struct psd_status shop_registers(struct shop *s);

/* Findings of journal_check() against the vault; they are in shop_findings. */
extern char shop_findings[4096];
size_t shop_check(struct shop *s);

/* The journal alone, for reading. */
struct journal *shop_journal(struct shop *s);

/* A spender whose clock stands at `now`. */
struct dispense *shop_spender(struct shop *s, time_t now);

#endif
