/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: something beside the medium that counts and cannot be set back, so
 * that an old copy of a vault file is known for one.
 *
 * The file holds an epoch.  Each change of it is written with the next epoch,
 * and then the guard takes a step.  What is read is held against the count:
 * guard_compare().  A guard is one `const struct guard_driver` in the table of
 * guard.c, named by a text whose first word is its kind:
 *
 *	tpm:		a new counter in the NV memory of this machine's TPM 2.0
 *	tpm:0x0180c0de	that one
 *	button:		a page, whose writes a touch-memory button counts, of
 *			the one such button on the 1-Wire bus
 *	button:18.0123456789AB/12
 *			that page of that one (vault/button_uri.h)
 *
 * Devices hang.  So each call here is made by a process of its own, which is
 * killed when its time is up; the drivers simply wait.
 *
 * Order of calls: guard_make() once; guard_read() at each visit of the file;
 * guard_step() behind each change; guard_forget() when it guards nothing more.
 */
#ifndef VAULT_GUARD_H
#define VAULT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GUARD_URI    128
#define GUARD_ID     64
#define GUARD_SECRET 32
#define GUARD_MAKER  16

/* As bytes: uri, length of id, id, secret, maker, software, epoch. */
#define GUARD_BYTES \
	(GUARD_URI + 1 + GUARD_ID + GUARD_SECRET + GUARD_MAKER + 1 + 8)

/* What the file remembers of its guard; all zero: it has none. */
struct guard {
	char uri[GUARD_URI];	      /* "" where there is none */
	uint8_t id[GUARD_ID];	      /* names that counter and no other */
	size_t id_len;		      /* 0 to GUARD_ID */
	uint8_t secret[GUARD_SECRET]; /* that it answers to; zero: none */
	char maker[GUARD_MAKER];      /* "INTC", for people */
	bool software; /* whoever owns the host can set it back after all */
	uint64_t epoch;
};

/* May the text name a guard?  Nothing is reached for.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool guard_known(const char *uri, struct err *e);

/* Makes a counter where `uri` says, or where there is room, and fills *out,
 * whose epoch is its count.
 * Errors: ERR_CONFIG (text; no right to the device), ERR_ABSENT (no device),
 * ERR_DENIED (the device's owner keeps it locked), ERR_REQUEST (that counter is
 * in use; no room), ERR_BUSY (does not answer in time), ERR_SYSTEM. */
MUST_CHECK bool guard_make(const char *uri, struct guard *out, struct err *e);

/* Errors: ERR_ABSENT (no device), ERR_CORRUPT (not the counter that was made:
 * another device, another definition, gone), ERR_BUSY, ERR_CONFIG (no right to
 * the device), ERR_SYSTEM. */
MUST_CHECK bool
guard_read(const struct guard *g, uint64_t *count, struct err *e);

/* One more; *count is read after it.  After an error it is not known whether it
 * was counted.  Errors: as guard_read(). */
MUST_CHECK bool
guard_step(const struct guard *g, uint64_t *count, struct err *e);

/* Gives its place in the device back.  Errors: as guard_read(). */
MUST_CHECK bool guard_forget(const struct guard *g, struct err *e);

/* What a file's epoch is worth beside the count.  A file is written, then the
 * guard is stepped, and only then an answer goes out. */
enum guard_verdict {
	GUARD_CURRENT,	   /* the newest state */
	GUARD_UNCOUNTED,   /* the newest; who wrote it died before the step */
	GUARD_ROLLED_BACK, /* an older copy */
	GUARD_FOREIGN	   /* ahead of its guard: not this one's */
};
enum guard_verdict guard_compare(uint64_t epoch, uint64_t count);

/* Pure.  Errors of guard_decode(): ERR_CORRUPT. */
void guard_encode(const struct guard *in, uint8_t out[GUARD_BYTES]);
MUST_CHECK bool
guard_decode(const uint8_t in[GUARD_BYTES], struct guard *out, struct err *e);

/* --- for the kinds of guard ------------------------------------------------- */

/* `rest` is the text after "kind:".  All but known(), which is pure, may wait
 * for ever: they run in a child that has nothing of its parent's but the
 * arguments.  make() fills all of *g but the epoch. */
struct guard_driver {
	const char *kind; /* "tpm" */
	bool (*known)(const char *rest, struct err *e);
	bool (*make)(
	    const char *rest, struct guard *g, uint64_t *count, struct err *e);
	bool (*read)(const char *rest, const struct guard *g, uint64_t *count,
	    struct err *e);
	bool (*step)(const char *rest, const struct guard *g, uint64_t *count,
	    struct err *e);
	bool (*forget)(const char *rest, const struct guard *g, struct err *e);
};

extern const struct guard_driver guard_tpm_driver;
extern const struct guard_driver guard_button_driver;

#endif
