/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vpcd: the protocol between the virtual reader of vsmartcard and a card: the
 * reader listens, the card connects.  A message is its length, two bytes, big
 * endian, and that many bytes; one byte is an order, more are a command.
 *
 * Order of calls: vpcd_connect(), then vpcd_read() and, where an answer is due,
 * vpcd_answer(), until the reader goes away; vpcd_close().
 */
#ifndef TOOLS_VPCD_H
#define TOOLS_VPCD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define VPCD_PORT	 35963 /* of the first slot */
#define VPCD_MESSAGE_MAX 65535

enum vpcd_kind {
	VPCD_OFF,     /* no answer */
	VPCD_ON,      /* no answer */
	VPCD_RESET,   /* no answer */
	VPCD_ATR,     /* the answer is the ATR */
	VPCD_COMMAND, /* the answer is the card's */
	VPCD_NOTHING  /* an order that is not known: no answer */
};

struct vpcd {
	int fd;
	uint8_t message[2 + VPCD_MESSAGE_MAX];
};

/* What a message of `len` bytes is. */
enum vpcd_kind vpcd_kind(const uint8_t *message, size_t len);

/* Errors: ERR_ABSENT (nobody listens), ERR_CONFIG (no such host),
 * ERR_SYSTEM. */
MUST_CHECK bool
vpcd_connect(struct vpcd *v, const char *host, unsigned port, struct err *e);

/* The next message; it stays until the next call.
 * Errors: ERR_ABSENT (the reader went away), ERR_SYSTEM. */
MUST_CHECK bool vpcd_read(struct vpcd *v, enum vpcd_kind *kind,
    const uint8_t **bytes, size_t *len, struct err *e);

/* Errors: as vpcd_read(). */
MUST_CHECK bool
vpcd_answer(struct vpcd *v, const uint8_t *bytes, size_t len, struct err *e);

void vpcd_close(struct vpcd *v);

#endif
