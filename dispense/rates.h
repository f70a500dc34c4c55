/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rates: what a piece of mail costs on the day it is mailed.
 *
 * A rate table is a text file, one price a line, columns between single tabs:
 *
 *   effective   YYYY-MM-DD, the first mailing date the price holds for
 *   list        number of the price list (1 to 65535), put into the indicium
 *   class       keyword of marks and options: "letter"
 *   up to       heaviest piece: "1oz", "3.5oz", "20g", or "-" for any weight
 *   price       "0.74"
 *   category    4 characters for the indicium
 *   name        for people: "First-Class Letter"
 *
 * A surcharge is a line whose class begins with "."; a mark adds ".square" by
 * "extra=square".  Lines that begin with "#" and empty lines are skipped.
 * All lists are kept: the one in force on the mailing date counts, whole, so
 * that a class it does not name has no price on that date.
 */
#ifndef DISPENSE_RATES_H
#define DISPENSE_RATES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"
#include "dispense/request.h"
#include "stamp/mark.h"

#define RATES_FILE_MAX 1048576 /* bytes of a table */
#define RATES_MAX      4096    /* prices of a table */

struct rate {
	uint32_t effective;	    /* YYYYMMDD */
	uint16_t list;		    /* price-list version */
	char class[MARK_CLASS_MAX]; /* ".square" = a surcharge */
	uint32_t upto_mg;	    /* UINT32_MAX = any weight */
	mils price;
	char category[5];
	char name[48];
};

struct rates;

/* Parses a table of `len` bytes; `name` is for messages.
 * Errors: ERR_CONFIG "<name>:<line>: ...". */
MUST_CHECK bool rates_parse(const char *text, size_t len, const char *name,
    struct rates **out, struct err *e);

/* Reads and parses the file `path`.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool rates_load(const char *path, struct rates **out, struct err *e);

/* The bytes of a table's file, which the caller frees.  Errors: ERR_CONFIG. */
MUST_CHECK bool
rates_read(const char *path, char **text, size_t *len, struct err *e);

/* The table of `count` prices, checked as a whole.  Errors: ERR_CONFIG. */
MUST_CHECK bool rates_of(const struct rate *rate, size_t count,
    const char *name, struct rates **out, struct err *e);

/* NULL is allowed. */
void rates_free(struct rates *r);

/* --- a table that is to take another's place (rates_change.c) ----------------- */

/* The lists of `news` over those of `old`: one of the same date takes the
 * other's place, all others stay.  What holds since `today` or longer is never
 * changed; a list that is added there wants `late`.
 * Errors: ERR_REQUEST (names the list). */
MUST_CHECK bool rates_merge(const struct rates *old, const struct rates *news,
    uint32_t today, bool late, struct rates **out, struct err *e);

/* One price of `effective` that the merged table has and the old one had not,
 * or had otherwise; -1 = no price. */
struct rate_change {
	uint32_t effective;
	const struct rate *rate; /* class, weight and name of it */
	mils before, after;
};
typedef void rates_change_fn(void *context, const struct rate_change *change);

/* What `news` changes: each of its lists against the old one of its date, and
 * where there is none against the list that it follows. */
void rates_diff(const struct rates *old, const struct rates *news,
    rates_change_fn *fn, void *context);

/* The table as text that parses to the same; `head` is put before it as
 * comments.  The caller frees *out.  Errors: ERR_SYSTEM, ERR_REQUEST (larger
 * than RATES_FILE_MAX). */
MUST_CHECK bool rates_format(const struct rates *r, const char *head,
    char **out, size_t *len, struct err *e);

/* "1oz", "20g", "-".  Returns out. */
const char *rates_weight(uint32_t upto_mg, char out[MILS_TEXT]);

/* The list in force on `date`: its first mailing date, 0 = none yet. */
uint32_t rates_list_on(const struct rates *r, uint32_t date);

/* --- prices ---------------------------------------------------------------------- */

/* What is to be priced. */
struct rate_piece {
	const char *class;  /* "letter" */
	const char *extra;  /* surcharges, a comma between two: "square,sure" */
	uint32_t weight_mg; /* 0 = the lightest step */
	uint32_t mail_date;
};

struct rate_price {
	mils total;			       /* with surcharges */
	mils surcharge;			       /* what of it they are */
	char surcharges[QUOTE_SURCHARGES_MAX]; /* "square 0.40, sure 2.105" */
	struct rate rate;		       /* of the class alone */
};

/* The price of one piece.
 * Errors: ERR_REQUEST (no such class or surcharge, too heavy, no list on that
 * date). */
MUST_CHECK bool rates_find(const struct rates *r, const struct rate_piece *p,
    struct rate_price *out, struct err *e);

/* The first mailing date after `date` from which another list holds; 0 = none
 * is known. */
uint32_t rates_next_change(const struct rates *r, uint32_t date);

/* All prices, by date, class and weight; NULL behind the last. */
size_t rates_count(const struct rates *r);
const struct rate *rates_at(const struct rates *r, size_t index);

#endif
