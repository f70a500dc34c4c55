/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: what was asked, paid and printed, in one SQLite file.
 *
 * One writer at a time: every change is inside journal_begin() and
 * journal_commit(), which returns when it is on the medium (write-ahead log,
 * synchronous=FULL).  What is not committed never was.
 *
 * jobs -> runs -> passes (one pass = one run of one document's filter chain)
 * jobs -> documents -> stamps; sheets -> labels -> stamps.  An issued stamp is
 * a link of a hash chain: a row changed, removed or put in between is found by
 * journal_check().
 *
 * Every call can fail with ERR_BUSY (another writer, longer than the wait),
 * ERR_CORRUPT (the file is damaged or not ours, or a row that is named is not
 * there) and ERR_SYSTEM; what is named below comes beside them.  After a failure
 * inside a transaction the caller aborts it.
 */
#ifndef DISPENSE_JOURNAL_H
#define DISPENSE_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"
#include "dispense/request.h"
#include "vault/psd.h"

#define JOURNAL_HASH	 32
#define JOURNAL_NOTE_MAX 256
#define JOURNAL_FORM	 2 /* of links made now: they hold the whole row */

struct journal;

enum doc_state {
	DOC_OPEN,	 /* nothing quoted yet */
	DOC_QUOTED,	 /* priced, nothing debited */
	DOC_ISSUED,	 /* the first debit was begun */
	DOC_FINISHED,	 /* the filter wrote all of it */
	DOC_SENDING,	 /* bytes may have reached the printer */
	DOC_DELIVERED,	 /* the printer took all of it */
	DOC_UNDELIVERED, /* sending ended, not one byte was taken */
	DOC_UNCERTAIN,	 /* a person must say what came out */
	DOC_SPOILED,	 /* a person said: printed, but of no use */
	DOC_REPLACED,	 /* other marks took its place before it was sent */
	DOC_STATES
};

enum stamp_state {
	STAMP_QUOTED,	/* priced */
	STAMP_INTENT,	/* a debit was begun; the vault knows how it ended */
	STAMP_ISSUED,	/* paid, bytes known */
	STAMP_SPOILED,	/* paid, of no use: for a refund */
	STAMP_CLAIMED,	/* the refund was asked for */
	STAMP_REFUNDED, /* and granted */
	STAMP_REJECTED, /* or not */
	STAMP_STATES
};

const char *doc_state_name(enum doc_state state);
const char *stamp_state_name(enum stamp_state state);

/* One document of one epoch of one job. */
struct journal_document {
	int64_t id, job_id;
	struct job job; /* as first seen */
	uint32_t epoch, ordinal, again;
	uint8_t content[JOURNAL_HASH];
	enum doc_state state;
	uint32_t stamps, issued; /* rows; rows paid (specimens included) */
	mils total, paid;
	uint32_t pages;
	uint64_t bytes;
	uint64_t spool_bytes; /* stored bytes, where has_spool */
	bool has_spool;
	bool has_hash; /* spool_hash is the SHA-256 of the stored bytes */
	uint8_t spool_hash[JOURNAL_HASH];
	uint32_t spool_part; /* not 0: the n-th rest, some pages came out */
	int64_t changed;     /* seconds */
	char note[JOURNAL_NOTE_MAX];
	mils confirmed; /* the total that a person confirmed, -1 = none */
	char confirmed_by[USER_MAX];
};

/* One run's view of a document. */
struct journal_pass {
	int64_t id, run_id, document_id;
	uint32_t ordinal;
	bool finished, closed, settled;
	struct err refusal;
};

/* One stamp. */
struct journal_stamp {
	int64_t document_id;
	uint32_t index; /* in its quote, from 0 */
	enum stamp_state state;
	struct stamp_request request;
	struct stamp_quote quote;
	struct psd_request psd; /* what the vault is asked */
	char psd_id[32];	/* from the intent on */
	mils ascending;		/* of that PSD after this debit */
	/* Of a vault whose stamps are of several PSDs (psd_status.pooled):
	 * the one that signed this stamp, and its register in it; "" and 0. */
	char signer[32];
	mils signed_ascending;
	int64_t issued_at; /* seconds */
	int64_t seq;	   /* place in the chain, 0 = none */
	int form;	   /* of its link: JOURNAL_FORM, older ones less */
	char cost[MARK_COST_MAX]; /* as reports read it */
	uint8_t chain[JOURNAL_HASH];
	struct issued_stamp bytes;
};

/* --- the file (journal.c) -------------------------------------------------- */

/* Opens `path` for writing, making it where it is missing, or for reading
 * alone.  A file of an older version gets first what it lacks.  `wait_ms`: for
 * another writer.  The caller closes *out; NULL can be closed too.
 * Errors: ERR_ABSENT (reading, no file), ERR_CORRUPT (not ours, or of a newer
 * version), ERR_BUSY, ERR_SYSTEM. */
MUST_CHECK bool journal_open(const char *path, bool read_only, int wait_ms,
    struct journal **out, struct err *e);
void journal_close(struct journal *j);

MUST_CHECK bool journal_begin(struct journal *j, struct err *e);
/* The same for what a power failure may take back: its commit is there for
 * every process when it returns, but on the medium only with the next one that
 * is not light, anybody's.  Never for money, or for what was sent. */
MUST_CHECK bool journal_begin_light(struct journal *j, struct err *e);
MUST_CHECK bool journal_commit(struct journal *j, struct err *e);
/* Over 0, and another number once anybody else has written. */
MUST_CHECK bool journal_version(struct journal *j, int64_t *out, struct err *e);
/* Undoes everything since journal_begin(); harmless outside of it. */
void journal_abort(struct journal *j);

/* --- jobs, runs, documents (journal_job.c) -------------------------------- */

/* The pass of the next document of `job` in the run that its `processing`
 * names, and that document, made where they are new: see dispense.h. */
MUST_CHECK bool
journal_enter(struct journal *j, const struct job *job, int64_t now,
    struct journal_pass *pass, struct journal_document *doc, struct err *e);

MUST_CHECK bool journal_pass_load(
    struct journal *j, int64_t id, struct journal_pass *out, struct err *e);
MUST_CHECK bool journal_pass_save(
    struct journal *j, const struct journal_pass *pass, struct err *e);

MUST_CHECK bool journal_document_load(
    struct journal *j, int64_t id, struct journal_document *out, struct err *e);

MUST_CHECK bool journal_document_state(
    struct journal *j, int64_t id, enum doc_state *out, struct err *e);

/* Stores state, content, pages, bytes, spool, note and `now`. */
MUST_CHECK bool journal_document_save(struct journal *j,
    const struct journal_document *doc, int64_t now, struct err *e);

/* The document of `pass` gets other content: its stamps stay behind in a
 * replaced one; out = the document that has, or now gets, `content`. */
MUST_CHECK bool journal_document_replace(struct journal *j,
    struct journal_pass *pass, const uint8_t content[JOURNAL_HASH], int64_t now,
    struct journal_document *doc, struct err *e);

/* --- stamps (journal_stamp.c) ---------------------------------------------- */

/* Stores a quoted stamp, in place of one of the same key that is quoted. */
MUST_CHECK bool journal_stamp_quote(
    struct journal *j, const struct journal_stamp *s, struct err *e);

MUST_CHECK bool journal_stamp_load(struct journal *j, int64_t document_id,
    uint32_t index, struct journal_stamp *out, struct err *e);

/* The debit of this stamp begins, from the PSD `psd_id`. */
MUST_CHECK bool journal_stamp_intend(struct journal *j,
    const uint8_t key[PSD_KEY_BYTES], const char *psd_id, struct err *e);

/* The vault does not know the key: the stamp is quoted again. */
MUST_CHECK bool journal_stamp_unintend(
    struct journal *j, const uint8_t key[PSD_KEY_BYTES], struct err *e);

/* PSD and ascending register as they stand on the stamp. */
const char *journal_stamp_psd(const struct journal_stamp *s);
mils journal_stamp_register(const struct journal_stamp *s);

/* The stamp was paid (`chained`), or is a specimen: the bytes are kept.
 * `ascending`: of the PSD that it was intended from. */
MUST_CHECK bool journal_stamp_issue(struct journal *j,
    const uint8_t key[PSD_KEY_BYTES], const uint8_t *indicium, size_t len,
    mils ascending, bool chained, int64_t now, struct err *e);

/* Stamps whose debit was begun and not ended, the first `max` of them. */
MUST_CHECK bool journal_intents(struct journal *j, const char *psd_id,
    struct journal_stamp *out, size_t max, size_t *count, struct err *e);

/* The first stamps of `psd_id` in this journal follow this ascending register;
 * kept once. */
MUST_CHECK bool journal_psd_seen(struct journal *j, const char *psd_id,
    mils ascending, int64_t now, struct err *e);

/* What the journal knows of the stamp with this key. */
struct journal_place {
	bool known;
	enum stamp_state state;
	char queue[QUEUE_MAX]; /* of its job */
	uint32_t job;
};
MUST_CHECK bool journal_stamp_find(struct journal *j,
    const uint8_t key[PSD_KEY_BYTES], struct journal_place *out, struct err *e);

/* The highest ascending register of `psd_id` that this journal knows of. */
MUST_CHECK bool journal_psd_highest(
    struct journal *j, const char *psd_id, mils *out, struct err *e);

/* --- sheets (journal_sheet.c) ---------------------------------------------- */

/* Errors: ERR_REQUEST (known as another kind of sheet). */
MUST_CHECK bool journal_sheet_add(struct journal *j, uint64_t serial,
    const char *media, int64_t now, struct err *e);

/* used[i]: label i+1 was used by another document than `document_id`'s. */
MUST_CHECK bool journal_sheet_used(struct journal *j, uint64_t serial,
    int64_t document_id, bool *used, size_t count, struct err *e);

/* Every label of the document is its own from now on.
 * Errors: ERR_REQUEST (one is another document's). */
MUST_CHECK bool
journal_sheet_claim(struct journal *j, int64_t document_id, struct err *e);

/* --- sums (journal_spent.c) ------------------------------------------------- */

struct journal_sums {
	mils job, day, user_day; /* see struct spending; the days with: */
	mils reserved; /* what other documents, begun, are about to spend */
};
/* `day` and `next_day` bound today, in seconds. */
MUST_CHECK bool
journal_sum(struct journal *j, const struct journal_document *doc, int64_t day,
    int64_t next_day, int64_t now, struct journal_sums *out, struct err *e);

/* What each user spent on each queue from `from` until `until` (seconds), with
 * what documents other than this one are about to spend; a user and queue may
 * come twice. */
typedef void
journal_spent_fn(void *context, const char *queue, const char *user, mils sum);
MUST_CHECK bool journal_spent(struct journal *j, int64_t document_id,
    int64_t from, int64_t until, int64_t now, journal_spent_fn *fn,
    void *context, struct err *e);

/* Date corrections of the document's queue from `from` until `until`: issued,
 * and those that other documents are about to issue; and how many of this one
 * no debit was begun for. */
struct journal_corrections {
	int64_t issued, unpaid;
};
MUST_CHECK bool journal_corrections(struct journal *j,
    const struct journal_document *doc, int64_t from, int64_t until,
    int64_t now, struct journal_corrections *out, struct err *e);

/* The document's stamps that no debit was begun for: their sum, the dearest. */
MUST_CHECK bool journal_unpaid(struct journal *j, int64_t document_id,
    mils *sum, mils *dearest, struct err *e);

/* The same, stamp for stamp in their order: amount, mail date and kind. */
typedef bool
journal_unpaid_fn(void *context, const struct psd_request *r, struct err *e);
MUST_CHECK bool journal_unpaid_each(struct journal *j, int64_t document_id,
    journal_unpaid_fn *fn, void *context, struct err *e);

/* The PSD that issued the stamp that was written down last; "" = none. */
MUST_CHECK bool
journal_last_psd(struct journal *j, char out[32], struct err *e);

/* --- lists (journal_list.c) ------------------------------------------------- */

/* What to list; 0, "" and -1 = any. */
struct journal_filter {
	const char *queue, *user;
	uint32_t job;
	int doc_state;
	int64_t since, until; /* seconds, by last change */
	int64_t limit;	      /* the newest so many; 0 = all */
};
typedef bool
journal_document_fn(void *context, const struct journal_document *doc);
typedef bool journal_stamp_fn(void *context, const struct journal_stamp *stamp);
typedef bool journal_sheet_fn(void *context, uint64_t serial, const char *media,
    uint32_t used, uint32_t highest);

/* Each calls `fn` for every row until it returns false. */
MUST_CHECK bool
journal_documents(struct journal *j, const struct journal_filter *filter,
    journal_document_fn *fn, void *context, struct err *e);
MUST_CHECK bool journal_stamps(struct journal *j, int64_t document_id,
    journal_stamp_fn *fn, void *context, struct err *e);
MUST_CHECK bool journal_sheets(
    struct journal *j, journal_sheet_fn *fn, void *context, struct err *e);

/* The kind of sheet `serial` is, "" where it is not known. */
MUST_CHECK bool journal_sheet_media(struct journal *j, uint64_t serial,
    char *media, size_t size, struct err *e);

/* --- a person's word (journal_resolve.c) ------------------------------------ */

enum resolution { RESOLVE_DELIVERED, RESOLVE_REPRINT, RESOLVE_SPOILED };

struct books_by; /* see dispense/books.h */

/* Settles an uncertain document (with `force` also one that is being sent):
 * delivered; or to be sent again, the same bytes; or its stamps are spoiled
 * and the job's next run buys new ones.  Who said so is kept as an event.  Of
 * one whose first pages came out the rest can be given up before it is sent, as
 * delivered, but it is not spoiled as a whole: its missing pages are, by
 * books_spoil().
 * Errors: ERR_REQUEST (not uncertain). */
MUST_CHECK bool
journal_resolve(struct journal *j, int64_t document_id, enum resolution how,
    bool force, const char *note, const struct books_by *by, struct err *e);

/* A person confirms the total of a document before it is printed.
 * Errors: ERR_REQUEST (it is not quoted, or costs something else). */
MUST_CHECK bool journal_confirm(struct journal *j, int64_t document_id,
    mils total, const struct books_by *by, struct err *e);

/* --- proof (journal_check.c) -------------------------------------------------- */

typedef void journal_finding_fn(void *context, const char *sentence);

/* Checks the file, states, uniqueness, intents left over, the chain, and the
 * registers of the PSDs at hand against the sum of what was issued.
 * Calls `fn` with a sentence per finding; *count = how many.  Errors are those
 * of reading; findings are none. */
MUST_CHECK bool journal_check(struct journal *j, const struct psd_status *psds,
    size_t psd_count, journal_finding_fn *fn, void *context, size_t *count,
    struct err *e);

/* "XXPS0001234567": vendor, model, serial as printed. */
void journal_psd_id(const struct psd_status *psd, char out[32]);

#endif
