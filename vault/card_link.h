/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_link: a card in a reader, with an end to every waiting.
 *
 * The calls of pcsc-lite wait as long as another program or the reader pleases.
 * So a child process makes them (vault/card.c), one at a time, and is killed
 * when its time is up: pcscd then resets the card, and a debit is safe, for its
 * key gets the same stamp again.  After a failed call the link is broken: close
 * it and open another; nothing is tried again on a link whose answer is lost,
 * because another card may be in the reader by then.
 *
 * Order: card_link_open(); card_link_readers(), or card_link_connect(), then
 * card_link_begin(), card_link_send()..., card_link_end(); card_link_close().
 */
#ifndef VAULT_CARD_LINK_H
#define VAULT_CARD_LINK_H

#include "vault/card_apdu.h"

#define CARD_READERS_MAX 16
#define CARD_READER_NAME 128 /* MAX_READERNAME of pcsc-lite */
#define CARD_ATR_MAX	 33
#define CARD_SILENCE_MS	 10000 /* longest silence of a card that works */

struct card_link;

struct card_reader {
	char name[CARD_READER_NAME];
	bool present;
	uint8_t atr[CARD_ATR_MAX];
	size_t atr_len;
};

/* The child, of this nursery in a program with threads (vault/nursery.h; else
 * NULL); `wait_ms` is how long another program may hold the card.
 * Errors: ERR_SYSTEM. */
struct nursery;
MUST_CHECK bool card_link_open(struct nursery *nursery, int wait_ms,
    struct card_link **out, struct err *e);

/* From now on card_link_connect() and card_link_begin() wait `ms` in all. */
void card_link_hurry(struct card_link *l, int ms);

/* NULL is allowed. */
void card_link_close(struct card_link *l);

/* Every reader; `out` holds CARD_READERS_MAX.
 * Errors: ERR_ABSENT (pcscd does not run), ERR_BUSY (it does not answer),
 * ERR_DENIED (its policy does not let us), ERR_SYSTEM. */
MUST_CHECK bool card_link_readers(
    struct card_link *l, struct card_reader *out, size_t *count, struct err *e);

/* Waits until a reader or a card comes or goes, at most `ms`.
 * Errors: as card_link_readers(). */
MUST_CHECK bool card_link_wait(struct card_link *l, int ms, struct err *e);

/* Makes sure that a reader that is said to be empty is: pcscd 1.9.9 keeps to
 * that where a card left and came between two of its looks.
 * Errors: as card_link_readers(); none where it is empty. */
MUST_CHECK bool
card_link_wake(struct card_link *l, const char *reader, struct err *e);

/* The card in this reader.  Errors: ERR_ABSENT (no card), ERR_BUSY (another
 * program has it for itself), else as card_link_readers(). */
MUST_CHECK bool
card_link_connect(struct card_link *l, const char *reader, struct err *e);

/* The card is ours until card_link_end().  Errors: ERR_BUSY, ERR_ABSENT. */
MUST_CHECK bool card_link_begin(struct card_link *l, struct err *e);
void card_link_end(struct card_link *l);

/* Between begin and end: has the reader keys on which the PIN is typed?
 * Errors: as card_link_readers(). */
MUST_CHECK bool card_link_pad(struct card_link *l, bool *there, struct err *e);

/* Waits until it is typed there, and gives it to the card: *word is what the
 * card said.  Errors: ERR_DENIED (it was not typed), as card_link_send(). */
MUST_CHECK bool
card_link_pad_pin(struct card_link *l, uint16_t *word, struct err *e);

/* A command and its answer: `out` holds CARD_REPLY_MAX bytes, *word gets the
 * status word.  T=0's halves are put together.  The card may think for `ms`, and
 * for CARD_SILENCE_MS at most.
 * Errors: ERR_ABSENT, ERR_BUSY, ERR_SYSTEM: it is not known what the card did. */
struct card_command {
	uint8_t cla, ins;
	uint16_t p1p2;
	const uint8_t *data;
	size_t len;
	int64_t ms;
};
MUST_CHECK bool
card_link_send(struct card_link *l, const struct card_command *in, uint8_t *out,
    size_t *len, uint16_t *word, struct err *e);

#endif
