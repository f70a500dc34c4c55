/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_pcsc: the functions of pcsc-lite that vault/card.c calls, with one reader
 * and a postage card in it, which is the card's own application.  A program that
 * has them wins over the library.
 *
 * The calls happen in the child of a card_link; what both sides see is in
 * `fake_pcsc`, which they share.  Nobody waits for a slow card: clock_ms() goes
 * on by its time (link with -Wl,--wrap=clock_ms).
 */
#ifndef TESTS_FAKE_PCSC_H
#define TESTS_FAKE_PCSC_H

#include "vault/card_app.h"

#define FAKE_READER "Fake reader 00 00"

struct fake_pcsc {
	uint8_t memory[CARD_NVM_BYTES];
	bool t0;
	bool denied;	  /* by polkit */
	int think_ms;	  /* that each answer takes */
	int64_t passed;	  /* of such times, until now */
	long answers;	  /* until now */
	long pins;	  /* right ones, until now */
	long other_after; /* so many another host changes the PIN */
	char pin[2][CARD_PIN_MAX + 1]; /* from the first to the second */
	/* Called in the child for each answer: changes it.  False: the card is
	 * pulled. */
	bool (*lie)(uint8_t *out, size_t *len, size_t size);
};

extern struct fake_pcsc *fake_pcsc;

/* A blank card in the reader. */
void fake_pcsc_open(void);

#endif
