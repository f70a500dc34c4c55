/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispense: the one spender.  Nothing else calls pool_debit().
 *
 * postage-vaultd decodes a client's message, asks the scheduler about the job
 * and makes the call of the same name here; each call mirrors one of
 * dispense/client.h and keeps its contract.  One process holds one `struct
 * dispense`: open it after fork(2), never carry it over one.  Several processes
 * may work at once, on one job too; the money is then behind one lock.
 *
 * What a job may get is found from its identity (queue, id, created, uuid) and
 * from what the journal remembers of it:
 *
 *   run      one attempt of the scheduler at the job (`processing` names it)
 *   epoch    moves on when a run comes after one that was complete, that is
 *            with every document delivered, and that the scheduler called
 *            finished (`completed`): a finished job printed again buys new
 *            stamps, everything else gets the old ones
 *   ordinal  which document of the run this is: how many of it are settled
 *
 * So each document of a job, one with no mark, a banner page and a raw one
 * included, must be opened and settled by its backend: they count.
 *
 * A document that an earlier run delivered is walked over: the filter gets the
 * same indicia, dispense_outcome() says `delivered`, nothing is to be sent.
 * Where such a document's marks changed meanwhile the filter gets bytes that
 * no key signed, because they will never be printed.
 */
#ifndef DISPENSE_DISPENSE_H
#define DISPENSE_DISPENSE_H

#include <time.h>

#include "base/err.h"
#include "dispense/client.h"
#include "dispense/request.h"
#include "dispense/settings.h"

struct dispense;
struct document;
struct books_by; /* dispense/books.h */
struct books_adopted;

/* Opens the journal below settings->state_dir, making it and the spool folder
 * where they are missing.  The vault is reached when it is first needed.
 * `settings` must live as long as *out.
 * Errors: ERR_CORRUPT (not a journal of ours), ERR_SYSTEM, ERR_BUSY. */
MUST_CHECK bool dispense_open(
    const struct settings *settings, struct dispense **out, struct err *e);

/* True if the journal that is open is the one that lies there: not one that
 * another took the place of, which would go on into a file without a name. */
bool dispense_is_current(const struct dispense *d);

/* Forgets PIN and vault.  NULL is allowed. */
void dispense_close(struct dispense *d);

/* From now on it is `now` (tests, rehearsals). */
void dispense_set_time(struct dispense *d, time_t now);

/* Finds run, epoch and ordinal of the next document of `job`, whose fields the
 * scheduler confirmed (documents 0 counts as 1).  The caller holds the lock of
 * (queue, job id, role) from before this call until after the close.
 * ROLE_STATUS is no role for a document.
 * Errors: ERR_CORRUPT, ERR_SYSTEM, ERR_BUSY. */
MUST_CHECK bool
dispense_document_open(struct dispense *d, enum client_role role,
    const struct job *job, struct document **out, struct err *e);
void dispense_document_close(struct document *doc);

/* --- for the filter ------------------------------------------------------ */

/* See client_sheet(). */
MUST_CHECK bool dispense_sheet(struct document *doc, uint64_t serial,
    const char *media, bool *used, size_t count, struct err *e);

/* See client_quote().  `count` may be 0.  Spends nothing. */
MUST_CHECK bool dispense_quote(struct document *doc,
    const struct stamp_request *in, size_t count, struct stamp_quote *out,
    struct quote_common *common, struct err *e);

/* See client_issue().  Only after dispense_quote() on the same document. */
MUST_CHECK bool dispense_issue(struct document *doc, size_t first, size_t count,
    struct issued_stamp *out, struct err *e);

/* See client_finish(). */
MUST_CHECK bool dispense_finish(
    struct document *doc, uint32_t pages, uint64_t bytes, struct err *e);

/* See client_refuse().  The text is cleaned before it is kept. */
MUST_CHECK bool
dispense_refuse(struct document *doc, const struct err *why, struct err *e);

/* --- for the backend ----------------------------------------------------- */

/* See client_outcome().  Asked once the filter's data ended: it ends this pass
 * over the document, and counts one that was delivered before as settled. */
MUST_CHECK bool
dispense_outcome(struct document *doc, struct outcome *out, struct err *e);

/* See client_spool(); only after dispense_outcome(). */
MUST_CHECK bool
dispense_spool(struct document *doc, bool store, int *fd, struct err *e);

/* See client_spooled(). */
MUST_CHECK bool
dispense_spooled(struct document *doc, uint64_t bytes, struct err *e);

/* See client_sending(). */
MUST_CHECK bool dispense_sending(struct document *doc, struct err *e);

/* See client_settle(). */
MUST_CHECK bool dispense_settle(
    struct document *doc, enum settle how, const char *note, struct err *e);

/* --- for both ------------------------------------------------------------ */

/* A journal that is older than the vault books what the vault remembers: see
 * books_adopt(). */
MUST_CHECK bool dispense_adopt(struct dispense *d, const struct books_by *by,
    struct books_adopted *out, struct err *e);

/* A person says of an uncertain document that its first `printed` pages came
 * out and no other: the stored bytes of the rest are what is sent next, and
 * they can never be made again.
 * Errors: ERR_REQUEST (not uncertain, nothing stored, a language without
 * pages, no page left). */
MUST_CHECK bool
dispense_print_rest(struct dispense *d, int64_t document, uint32_t printed,
    const char *why, const struct books_by *by, struct err *e);

/* See client_status(). */
MUST_CHECK bool dispense_funds(
    struct dispense *d, const char *queue, struct funds *out, struct err *e);

/* True if the vault refused the PIN that stands in the configured file now: it
 * is not presented again before the file changes.  For those who may read the
 * state folder. */
bool dispense_pin_was_refused(const struct settings *s);

/* What a person should be told: funds that are low, a group's month that is
 * nearly used up, prices that change soon.
 * Calls `fn` with a sentence for each that began since it was last asked, at
 * most once a day and alarm. */
typedef void dispense_alarm_fn(void *context, const char *text);
MUST_CHECK bool dispense_alarms(struct dispense *d, const char *queue,
    dispense_alarm_fn *fn, void *context, struct err *e);

#endif
