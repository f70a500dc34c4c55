/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol: the messages between client.c and serve.c over the Unix socket.
 *
 * A message is u32le length of the rest, u8 type, body.  A client sends one
 * request and waits for one reply.  Integers are little endian, strings u16le
 * length and bytes.  Each structure has one function that writes it or reads
 * it, whichever the `struct wire` does, so that the two cannot differ.  Reading
 * checks every bound and every enumeration; a wrong byte fails the whole
 * message (wire->failed), never a part of it.
 */
#ifndef DISPENSE_PROTOCOL_H
#define DISPENSE_PROTOCOL_H

#include "base/bytes.h"
#include "base/err.h"
#include "dispense/client.h"
#include "dispense/request.h"

#define PROTOCOL_VERSION    3
#define PROTOCOL_BODY_MAX   (4 * 1024 * 1024)
#define PROTOCOL_LABELS_MAX 4096
#define PROTOCOL_ISSUE_MAX  256 /* stamps of one issue request */

enum message {
	MESSAGE_HELLO = 1, /* u16 version, u8 role, job -> empty */
	MESSAGE_SHEET,	   /* u64 serial, str media, u16 n -> n times u8 */
	MESSAGE_QUOTE,	   /* u32 n, n requests -> common, n quotes */
	MESSAGE_ISSUE,	   /* u32 first, u32 n -> n issued stamps */
	MESSAGE_FINISH,	   /* u32 pages, u64 bytes -> empty */
	MESSAGE_REFUSE,	   /* err -> empty */
	MESSAGE_OUTCOME,   /* empty -> outcome */
	MESSAGE_SPOOL,	   /* u8 store -> empty, with a file descriptor */
	MESSAGE_SPOOLED,   /* u64 bytes -> empty */
	MESSAGE_SENDING,   /* empty -> empty */
	MESSAGE_SETTLE,	   /* u8 how, str note -> empty */
	MESSAGE_STATUS,	   /* empty -> funds */
	MESSAGE_OK = 0x40, /* the reply's body */
	MESSAGE_ERROR	   /* err */
};

struct wire {
	bool writing;
	bool failed; /* valid after wire_done() */
	struct bytes_reader r;
	struct bytes_writer w;
};

void wire_read(struct wire *w, const void *ptr, size_t len);
void wire_write(struct wire *w, void *ptr, size_t size);

/* Nothing failed and, when reading, nothing is left over. */
bool wire_done(struct wire *w);

void wire_u8(struct wire *w, uint8_t *value);
void wire_u16(struct wire *w, uint16_t *value);
void wire_u32(struct wire *w, uint32_t *value);
void wire_u64(struct wire *w, uint64_t *value);
void wire_str(struct wire *w, char *text, size_t size);
void wire_bool(struct wire *w, bool *value);

void wire_job(struct wire *w, struct job *job);
void wire_stamp_request(struct wire *w, struct stamp_request *s);
void wire_stamp_quote(struct wire *w, struct stamp_quote *q);
void wire_quote_common(struct wire *w, struct quote_common *q);
void wire_issued_stamp(struct wire *w, struct issued_stamp *s);
void wire_outcome(struct wire *w, struct outcome *o);
void wire_funds(struct wire *w, struct funds *f);
void wire_err(struct wire *w, struct err *e);

/* Sends one message; `passed` is a file descriptor that goes with it or -1.
 * Errors: ERR_ABSENT (the other side is gone). */
MUST_CHECK bool protocol_send(int fd, enum message type, const void *body,
    size_t len, int passed, struct err *e);

/* Receives one message into `body`; *passed gets a descriptor that came with
 * it or -1 (NULL: none is wanted, what comes is closed).
 * Errors: ERR_ABSENT (closed, or nothing within the socket's time limit),
 * ERR_REQUEST (longer than `size`). */
MUST_CHECK bool protocol_receive(int fd, enum message *type, void *body,
    size_t size, size_t *len, int *passed, struct err *e);

#endif
