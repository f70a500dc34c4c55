/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry: a message of PSD or provider (vault/message.h) as text for hands: in a
 * mail, on paper, read out on the telephone, typed.
 *
 *	# XXPS0000000001, request 2: 10.00 more
 *	1/5  080NG P2GAC 0G000 00400 00010 00000 00000 00000  18
 *	2/5  ...
 *
 * A line is its number and how many there are, up to eight groups of five
 * characters, and a check of two.  Characters are the digits and the capital
 * letters but I, L, O and U (base 32, the first bit of the message first); read
 * are small letters too, I and L as 1, O as 0.  Blanks and hyphens between them
 * do not matter, nor does the order of the lines; # begins a remark.
 *
 * With the check each line is 0 in the sum, modulo 1021, of its characters'
 * values times their weights: number 2, count 3, characters 33, 34, ..., check
 * 32 and 1.  1021 is a prime and the weights differ: so one wrong character and
 * any two that were exchanged are found for certain, and the line is named.
 * What is left is found by the message's signature.
 *
 * Pure.
 */
#ifndef VAULT_CARRY_H
#define VAULT_CARRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CARRY_BYTES 256	 /* longest message */
#define CARRY_TEXT  1024 /* of any message, and NUL */

/* The lines of a message of 1 to CARRY_BYTES bytes, after a remark where `words`
 * is not ""; it is one line of at most 99 characters.  Returns the length. */
size_t carry_write(
    const uint8_t *msg, size_t len, const char *words, char out[CARRY_TEXT]);

/* Reads such lines, or the whole message in hexadecimal as it was written
 * before.  `out` holds CARRY_BYTES.
 * Errors: ERR_REQUEST, naming the line with the typo, or that is missing. */
MUST_CHECK bool carry_read(const char *text, size_t text_len,
    uint8_t out[CARRY_BYTES], size_t *len, struct err *e);

#endif
