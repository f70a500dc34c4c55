/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots: a state of fixed length kept twice in one file, so that a write torn
 * at any byte leaves the state before it or the state after it.
 *
 * A store writes the older slot, its checksum last, with the next sequence
 * number, and syncs: one write, one fsync.  The valid slot with the highest
 * number is the state.  Where neither is valid the state is lost, and that is
 * an error: nothing here starts from zero again.
 *
 * Slots begin at multiples of 16 KiB: no sector or page belongs to both.
 */
#ifndef VAULT_SLOTS_H
#define VAULT_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SLOT_BYTES   16384
#define SLOT_PAYLOAD (SLOT_BYTES - 8 - 8 - 4 - 32)
#define SLOTS_BYTES  (2 * SLOT_BYTES)

struct slots {
	int fd; /* the caller's */
	uint64_t sequence;
	int current; /* 0 or 1: the slot that holds it */
	bool torn;   /* the other one is not valid */
};

/* The bytes of a new file: the state in both slots. */
void slots_format(const void *payload, size_t len, uint8_t out[SLOTS_BYTES]);

/* Finds the state.  What was stored may be shorter than `len`, by a program that
 * knew less: zeros follow.
 * Errors: ERR_CORRUPT (no valid slot, more stored than `len`), ERR_SYSTEM
 * (errno stays). */
MUST_CHECK bool
slots_read(struct slots *s, int fd, void *payload, size_t len, struct err *e);

/* Makes `payload` the state.  After an error the outcome is unknown.
 * Errors: ERR_SYSTEM (errno stays). */
MUST_CHECK bool
slots_write(struct slots *s, const void *payload, size_t len, struct err *e);

#endif
