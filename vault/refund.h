/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refund: a request for a refund and its answer, as text that is signed.
 *
 * Both are lines of words between tabs; each stamp is one line, by growing
 * ascending register, so that no stamp is there twice.  The signature covers
 * every byte before its own line:
 *
 *	postage-refund-request 1		postage-refund-answer 1
 *	psd	XXPS0000000001			psd	XXPS0000000001
 *	date	2026-11-25			number	1
 *	stamp	780	2026-11-24	...	digest	SHA-256 of the request
 *	count	1				stamp	780	accepted	0.78	...
 *	total	0.78				total	0.78
 *	signed	MESSAGE				signed	SIGNATURE
 *
 * An answer that a provider gave to who asked it over HTTPS ends with the word
 * "unsigned" in place of the last line: what makes it good is who was asked.
 *
 * MESSAGE is the PSD's (0x07 of vault/message.h), over the digest of the lines
 * before it; SIGNATURE the provider's, 64 bytes.  Both are hexadecimal.  A
 * stamp's line in a request has: ascending register, mail date, amount, class,
 * where it was printed, why it is of no use, and its indicium, so the provider
 * can check each by itself.
 */
#ifndef VAULT_REFUND_H
#define VAULT_REFUND_H

#include <stdio.h>

#include "stamp/cert.h"
#include "vault/message.h"

#define REFUND_STAMPS_MAX 1000
#define REFUND_TEXT_MAX	  ((size_t)1 << 20)
#define REFUND_WORDS	  160 /* bytes of a text of a line */

struct refund_line {
	uint64_t ascending;
	uint32_t mail_date; /* YYYYMMDD */
	mils amount;
	char class_name[48], place[REFUND_WORDS], reason[REFUND_WORDS];
	uint8_t indicium[INDICIUM_MAX];
	size_t len;
};

/* What a request says of itself; `lines` are the caller's to free. */
struct refund_list {
	char psd_id[PSD_ID];
	uint32_t date;
	uint32_t count;
	mils total;
	struct refund_line *lines;
	uint8_t digest[PSD_DIGEST]; /* of the lines before "signed" */
	uint8_t message[PSD_MESSAGE_MAX];
	size_t message_len; /* 0 = not signed yet */
};

/* Writes the lines before "signed"; texts are cleaned on the way.  Whether all
 * was written, the caller asks the stream (fclose(3)), here and below. */
void refund_write_list(FILE *f, const struct refund_list *list);

/* Adds the last line.  Nothing of the rest may change any more. */
void refund_write_signed(FILE *f, const uint8_t *msg, size_t len);

/* Reads a request, signed or not.  Checks its form, order, count and total.
 * The caller frees *out by refund_free(); after an error there is nothing to
 * free.  Errors: ERR_REQUEST (naming the line), ERR_SYSTEM (memory). */
MUST_CHECK bool refund_parse(
    const char *text, size_t len, struct refund_list *out, struct err *e);
void refund_free(struct refund_list *list);

/* Is a parsed request what its PSD signed, and each stamp of it too, and can one PSD
 * with the registers of the request have issued them all?  `out` gets the PSD's
 * message.
 * Errors: ERR_DENIED (unknown PSD, a signature, registers), ERR_REQUEST (list and
 * message differ, a stamp is not what its line says). */
MUST_CHECK bool refund_check(const struct refund_list *list,
    const struct cert_store *certificates, struct refund_request *out,
    struct err *e);

struct refund_verdict {
	uint64_t ascending;
	bool accepted;
	mils granted;
	char remark[REFUND_WORDS];
};

struct refund_answer {
	char psd_id[PSD_ID];
	uint32_t number;
	uint8_t digest[PSD_DIGEST];
	uint32_t count;
	mils total; /* granted in all */
	struct refund_verdict *verdicts;
	size_t body_len; /* of the text that is signed */
	bool is_signed;
	uint8_t signature[SIG_BYTES];
};

/* The lines of an answer that are signed, and the one behind them. */
void refund_write_answer(FILE *f, const struct refund_answer *answer);
void refund_write_signature(FILE *f, const uint8_t sig[SIG_BYTES]);
void refund_write_unsigned(FILE *f);

/* As refund_parse(); refund_free_answer() frees.  Whose signature stands behind
 * the first body_len bytes of `text`, or that there has to be one, is for the
 * caller to check. */
MUST_CHECK bool refund_parse_answer(
    const char *text, size_t len, struct refund_answer *out, struct err *e);
void refund_free_answer(struct refund_answer *answer);

#endif
