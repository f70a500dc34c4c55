/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mark: the words of a placeholder, "[[postage 0.78 to=90210-1234]]", as
 * fields.  See postage-marks(7).
 *
 * A field left out is 0 or "" and falls back to the job's options, then the
 * queue's, then the configuration's: mark_inherit().
 */
#ifndef STAMP_MARK_H
#define STAMP_MARK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"

#define MARK_TEXT_MAX  320 /* longest mark with its brackets, bytes */
#define MARK_CLASS_MAX 24
#define MARK_EXTRA_MAX 40
#define MARK_COST_MAX  32
#define MARK_KEYWORD   "postage"

/* Every key, for messages. */
#define MARK_KEYS                                                            \
	"amount class extra weight to from origin date mailby cost size at " \
	"kind"

enum mark_size { SIZE_AUTO, SIZE_LABEL, SIZE_SMALL, SIZE_ENVELOPE };
enum mark_corner { AT_DEFAULT, AT_NW, AT_NE, AT_SW, AT_SE, AT_CENTER };
enum mark_kind { KIND_DEFAULT, KIND_POSTAGE, KIND_CORRECTION, KIND_SPECIMEN };

struct mark {
	bool has_amount;
	mils amount;			 /* where has_amount */
	char rate_class[MARK_CLASS_MAX]; /* "letter", see the rate table */
	char extra[MARK_EXTRA_MAX];	 /* surcharges: "certified,square" */
	uint32_t weight_mg;		 /* milligrams; 0 = the lowest step */
	uint64_t to;			 /* destination ZIP+4+2 as a number */
	uint32_t from;			 /* sender's ZIP */
	uint32_t origin;		 /* ZIP of mailing */
	uint32_t date;			 /* mail date: see mark_date() */
	uint32_t mailby;		 /* mail-by date: see mark_date() */
	char cost[MARK_COST_MAX];	 /* cost code */
	enum mark_size size;
	enum mark_corner at;
	enum mark_kind kind;
};

/* "label"; as it is written behind size=. */
const char *mark_size_name(enum mark_size size);

/* Parses one mark, brackets included, blanks of any kind between words.  What
 * office programs make of typed text (typographic quotes, dashes, blanks,
 * ligatures) is read as what was typed.
 * Errors: ERR_REQUEST, text names the word and what is allowed. */
MUST_CHECK bool mark_parse(const char *text, struct mark *out, struct err *e);

/* The same as a URI, "postage:?amount=0.78&to=90210", the mark of documents
 * that come as pixels.  The first is true of everything that begins so: other
 * QR codes are not ours.
 * Errors: as mark_parse(). */
bool mark_is_uri(const char *text);
MUST_CHECK bool
mark_parse_uri(const char *text, struct mark *out, struct err *e);
void mark_format_uri(const struct mark *m, char out[MARK_TEXT_MAX]);

/* What every parser asks at its end: do the fields go together?
 * Errors: ERR_REQUEST. */
MUST_CHECK bool mark_check(const struct mark *m, struct err *e);

/* Sets one field from "key", "value", as in a mark, a job option or the
 * configuration.  Errors: ERR_REQUEST. */
MUST_CHECK bool
mark_set(struct mark *m, const char *key, const char *value, struct err *e);

/* Position of a key in MARK_KEYS (any case), -1 if it is none. */
int mark_key(const char *key);

/* Fills every field that `m` leaves out from `defaults`.  An amount in `m`
 * keeps the defaults' class, extra and weight from pricing it, and the
 * reverse. */
void mark_inherit(struct mark *m, const struct mark *defaults);

/* A date field as a calendar date.  `date` is YYYYMMDD, 0 (none: stays 0), or
 * relative: MARK_DATE_PLUS + n stands for "+n" in the mark, n days after
 * `base` (today for the mail date, the mail date for the mail-by date).
 * Relative dates stay so in the mark, that a retry on another day asks for the
 * same stamp. */
#define MARK_DATE_PLUS	   1   /* "+0" */
#define MARK_DATE_PLUS_MAX 366 /* largest n */
uint32_t mark_date(uint32_t date, uint32_t base);

/* "1oz", "1.5 lb", "20g", "0.25kg" as milligrams, to the nearest.  False if it
 * is no weight with a unit, or over 100 kg. */
bool mark_weight_parse(const char *text, uint32_t *weight_mg);

/* The mark as canonical text, "[[postage amount=0.78 ...]]". */
void mark_format(const struct mark *m, char out[MARK_TEXT_MAX]);

#endif
