/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books: what people do with stamps that were paid, over the journal's file.
 *
 * Each such act is an event: who, when, what.  Events are a hash chain of their
 * own; each link also holds the newest link of the chain of stamps, so neither
 * can be written anew alone.  Every function here that changes anything is
 * called between journal_begin() and journal_commit().  Errors beside those that
 * are named: as in dispense/journal.h.
 */
#ifndef DISPENSE_BOOKS_H
#define DISPENSE_BOOKS_H

#include "dispense/journal.h"
#include "dispense/seen.h"

#define BOOKS_REASON_MAX 128
#define BOOKS_EVENT_MAX	 512
#define BOOKS_LETTERS	 16 /* of the name of an act */

/* Who acts. */
struct books_by {
	const char *person;
	int64_t now; /* seconds */
};

/* --- events (journal_event.c) ------------------------------------------------ */

struct books_event {
	int64_t seq, at, document; /* 0 = no document */
	char person[USER_MAX], what[BOOKS_LETTERS], text[BOOKS_EVENT_MAX];
};

/* Adds a link; *seq (or NULL) is its number. */
MUST_CHECK bool books_log(struct journal *j, const struct books_by *by,
    const char *what, int64_t document, int64_t *seq, struct err *e,
    const char *fmt, ...) PRINTF_LIKE(7, 8);

/* The last `limit` events (0 = all), the oldest first; until `fn` says false. */
typedef bool books_event_fn(void *context, const struct books_event *event);
MUST_CHECK bool books_events(struct journal *j, int64_t limit,
    books_event_fn *fn, void *context, struct err *e);

/* Walks the chain; a finding for each breach. */
MUST_CHECK bool books_check_events(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e);

/* --- spoiling (journal_spoil.c) ----------------------------------------------- */

/* Which stamps of one document; 0 = any, ascending 0 = any. */
struct books_choice {
	int64_t document;
	uint32_t page, place, copy;
	mils ascending;
};

struct books_rules {
	uint32_t today;	   /* YYYYMMDD */
	int window_days;   /* after the mail date; -1 = no end */
	struct seen *seen; /* stamps that were used; NULL = not known */
};

struct books_sum {
	uint32_t count;
	mils sum;
};

/* The chosen stamps are of no use: for a refund, never printed again.  Stamps
 * that are spoiled already are passed over.  Of a delivered document any stamp
 * can be spoiled; one that was never sent is spoiled whole, and its job's next
 * run buys new stamps.  One of which a part came out is resolved first.
 * Errors: ERR_REQUEST (nothing to spoil, not a paid stamp, on its way or
 * uncertain, too old, used). */
MUST_CHECK bool
books_spoil(struct journal *j, const struct books_choice *choice,
    const struct books_rules *rules, const struct books_by *by,
    const char *reason, struct books_sum *out, struct err *e);

/* Takes it back, until a refund was asked for; *out = how many stamps, and what
 * they come to.  Errors: ERR_REQUEST (nothing spoiled, asked for, replaced by new stamps). */
MUST_CHECK bool
books_unspoil(struct journal *j, const struct books_choice *choice,
    const struct books_by *by, struct books_sum *out, struct err *e);

/* "XXPS0001234567/780" (see seen_stamp_name()) or a stamp key in hexadecimal:
 * fills document, and what else singles it out.  Errors: ERR_REQUEST. */
MUST_CHECK bool books_find_stamp(struct journal *j, const char *name,
    struct books_choice *out, struct err *e);

/* Spoils every paid stamp of a document whose state is about to be
 * DOC_SPOILED.  For journal_resolve.c. */
MUST_CHECK bool
books_spoil_all(struct journal *j, const struct journal_document *doc,
    const struct books_by *by, const char *reason, struct err *e);

/* The state of the stamp of this PSD and ascending register; *found = false:
 * the journal does not have it. */
MUST_CHECK bool books_stamp_state(struct journal *j, const char *psd_id,
    mils ascending, enum stamp_state *out, bool *found, struct err *e);

/* What was written down of a spoiled stamp; *found = false: it is not one. */
struct books_spoiled {
	char reason[BOOKS_REASON_MAX], person[USER_MAX];
	char remark[BOOKS_REASON_MAX]; /* the provider's */
	int64_t at, request;	       /* request 0 = not asked for */
	mils granted;
};
MUST_CHECK bool
books_spoiled(struct journal *j, const uint8_t key[PSD_KEY_BYTES],
    struct books_spoiled *out, bool *found, struct err *e);

/* --- refunds (journal_refund.c) ----------------------------------------------- */

struct books_request {
	int64_t id;
	char psd_id[PSD_ID];
	uint32_t number; /* the PSD's; 0 = not signed yet */
	uint32_t date;	 /* YYYYMMDD */
	uint32_t count;
	mils total;
	bool by_provider; /* numbered by it: no PSD here signs */
	bool refused;	  /* by the provider; its stamps are free again */
	bool answered;
	mils granted;	/* where it is answered */
	int64_t credit; /* see books_credit(); -1 = not yet */
	char *text;	/* signed, unless number is 0 or the provider's */
	char *answer;	/* NULL = none yet */
};
void books_request_free(struct books_request *r);

/* Collects spoiled stamps of `psd_id` that no request has, at most `most`
 * (REFUND_STAMPS_MAX), into a new one that is not signed yet: all, or those that
 * `choices` single out.  Errors: ERR_REQUEST (none, one that is not spoiled, of
 * another PSD, or asked for already). */
struct books_pick {
	const char *psd_id;
	const struct books_choice *choices; /* NULL = all */
	size_t count, most;
	uint32_t date;
};
MUST_CHECK bool books_claim(struct journal *j, const struct books_pick *pick,
    const struct books_by *by, int64_t *id, struct err *e);

/* The first request of `psd_id` that is not signed yet; *id = 0: none. */
MUST_CHECK bool books_unsigned(
    struct journal *j, const char *psd_id, int64_t *id, struct err *e);

/* The keys of its stamps, at most `max` of them (here and below:
 * journal_asked.c). */
MUST_CHECK bool books_request_keys(struct journal *j, int64_t id,
    uint8_t (*keys)[PSD_KEY_BYTES], size_t max, size_t *count, struct err *e);

/* The provider of a vault without a PSD here has numbered the request; or has
 * refused its stamps, which wait for another request then.  Once. */
MUST_CHECK bool books_numbered(struct journal *j, int64_t id, uint32_t number,
    const struct books_by *by, struct err *e);
MUST_CHECK bool books_refused(struct journal *j, int64_t id, const char *why,
    const struct books_by *by, struct err *e);

/* The PSD's message was made: the request has its number.  Once. */
MUST_CHECK bool books_signed(struct journal *j, int64_t id, uint32_t number,
    const uint8_t *msg, size_t len, const struct books_by *by, struct err *e);

/* By its id, or by PSD and number.  The caller frees *out.
 * Errors: ERR_REQUEST (no such one). */
MUST_CHECK bool books_request_load(
    struct journal *j, int64_t id, struct books_request *out, struct err *e);
MUST_CHECK bool books_request_find(struct journal *j, const char *psd_id,
    uint32_t number, int64_t *id, struct err *e);

/* Every request, without its texts. */
typedef bool books_request_fn(void *context, const struct books_request *r);
MUST_CHECK bool books_requests(
    struct journal *j, books_request_fn *fn, void *context, struct err *e);

/* The provider's answer, checked by the caller: each stamp of the request is
 * refunded or rejected.  The same answer again changes nothing.
 * Errors: ERR_REQUEST (not an answer to this request, or another one than was
 * kept). */
MUST_CHECK bool books_settle(struct journal *j, const struct books_request *r,
    const char *text, size_t len, const struct books_by *by, struct err *e);

/* Notes which value download (its sequence number) brought the value back. */
MUST_CHECK bool
books_credit(struct journal *j, int64_t id, uint32_t sequence, struct err *e);

/* --- reports (journal_report.c) ------------------------------------------------- */

enum books_key {
	BOOKS_BY_DAY,
	BOOKS_BY_MONTH,
	BOOKS_BY_USER,
	BOOKS_BY_COST,
	BOOKS_BY_QUEUE,
	BOOKS_BY_CLASS,
	BOOKS_BY_GROUP, /* rows are users still */
	BOOKS_KEYS
};

/* What became of the stamps that were paid; together they are all of them. */
enum books_fate {
	BOOKS_DELIVERED,
	BOOKS_UNCERTAIN, /* on its way, or a person must say */
	BOOKS_WAITING,	 /* not sent yet */
	BOOKS_SPOILED,	 /* not refunded, whether asked for or not */
	BOOKS_REFUNDED,
	BOOKS_FATES
};

struct books_row {
	char day[12]; /* "2026-11-25", "" where it is not daily */
	char key[USER_MAX];
	struct books_sum issued, fate[BOOKS_FATES];
};

/* Stamps issued from `from` on and before `until` (seconds), one row for each
 * key, or day and key, in their order. */
struct books_span {
	int64_t from, until;
	enum books_key by;
	bool daily;
};
typedef bool books_report_fn(void *context, const struct books_row *row);
MUST_CHECK bool books_report(struct journal *j, const struct books_span *span,
    books_report_fn *fn, void *context, struct err *e);

/* How the ascending register of a PSD comes about: began + issued + unknown. */
struct books_account {
	char psd_id[32];
	mils began, issued, unknown, ascending;
	mils granted; /* of refunds */
};
typedef bool
books_account_fn(void *context, const struct books_account *account);
MUST_CHECK bool books_accounts(
    struct journal *j, books_account_fn *fn, void *context, struct err *e);

/* --- a journal older than its vault (journal_adopt.c) -------------------------- */

#define BOOKS_ADOPTED "(adopted)" /* the queue of stamps without a job */

struct books_adopted {
	uint32_t count; /* stamps that were booked */
	mils sum;
	mils lost;	   /* spent on stamps that nobody remembers */
	int64_t document;  /* of those without a job, 0 = none */
	uint32_t doubtful; /* documents of jobs that became uncertain */
};

/* Books the stamps that the vault remembers (vault_recent()) and this journal
 * does not: those of a job it knows there, the others in an uncertain document
 * of their own.  What is older than the vault's memory is noted as a gap.
 * Documents with a paid stamp that were not delivered become uncertain, those
 * that are paid in part too: their rest may be on paper, with stamps that
 * nobody remembers.  Nothing more of them is bought until a person speaks.
 * Errors: ERR_REQUEST (the journal is not older), ERR_CORRUPT. */
MUST_CHECK bool books_adopt(struct journal *j, const struct psd_status *psd,
    const struct psd_stamp *recent, size_t count, const struct books_by *by,
    struct books_adopted *out, struct err *e);

/* Was a stamp of this PSD ever begun here? */
MUST_CHECK bool books_psd_known(
    struct journal *j, const char *psd_id, bool *known, struct err *e);

/* Stamps of before the chain held all of a row are as they were sealed:
 * journal_seal.c. */
MUST_CHECK bool books_check_seal(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e);

/* Requests without their events, or other ones: journal_claims.c. */
MUST_CHECK bool books_check_requests(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e);

/* Spoiled stamps without a row, rows without an event, and the like. */
MUST_CHECK bool books_check_spoils(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e);

/* --- tables of rates (journal_rates.c) ------------------------------------------ */

#define BOOKS_RATES_NAME 8 /* least letters of the hash in hexadecimal */

struct books_rates {
	uint8_t sha[JOURNAL_HASH]; /* of the text */
	char *text;		   /* the caller frees it */
	size_t len;
	char entered_by[USER_MAX], approved_by[USER_MAX];
	int64_t entered, approved; /* seconds; approved 0 = not yet */
};

/* Keeps a table under its hash.  One that is kept already is entered anew by
 * this person, and nobody has approved it any more. */
MUST_CHECK bool
books_rates_enter(struct journal *j, const uint8_t sha[JOURNAL_HASH],
    const char *text, size_t len, const struct books_by *by, struct err *e);

/* `name`: the beginning of the hash.  The caller frees out->text.
 * Errors: ERR_REQUEST (too short, none or several of that name). */
MUST_CHECK bool books_rates_find(struct journal *j, const char *name,
    struct books_rates *out, struct err *e);
/* Notes who approved it; whether he may, and putting it in force, are the
 * caller's. */
MUST_CHECK bool books_rates_approve(struct journal *j,
    const uint8_t sha[JOURNAL_HASH], const struct books_by *by, struct err *e);
MUST_CHECK bool books_rates_approved(struct journal *j,
    const uint8_t sha[JOURNAL_HASH], bool *yes, struct err *e);

/* --- refills and alarms (journal_alarm.c) ----------------------------------------- */

/* The control total that was seen last and what was left then; control -1 =
 * never seen. */
MUST_CHECK bool books_fill(struct journal *j, const char *psd_id, mils *control,
    mils *value, struct err *e);
MUST_CHECK bool books_set_fill(struct journal *j, const char *psd_id,
    mils control, mils value, int64_t now, struct err *e);

/* The alarm `name` is raised, or is not.  *tell: it was not before, and was not
 * told since `day`. */
MUST_CHECK bool books_alarm(struct journal *j, const char *name, bool raised,
    int64_t day, int64_t now, bool *tell, struct err *e);

#endif
