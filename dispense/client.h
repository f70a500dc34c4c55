/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: how filter and backend reach postage-vaultd.
 *
 * The filter:  client_open(ROLE_FILTER), client_sheet() where a numbered sheet
 * is used, client_quote() with every stamp of the document, client_issue() in
 * ranges, client_finish(); or client_refuse() with the error that stops it.
 *
 * The backend (root): client_open(ROLE_BACKEND), client_outcome(), then
 * client_spool(), and after the real backend ended client_settle().
 *
 * While a connection of a role is open, the same role of the same job cannot
 * be opened again: a chain that outlived its scheduler is waited for.
 *
 * Every call sends one message and waits for its answer; it can fail with
 * ERR_ABSENT (the daemon is gone, or silent past its time) and with what the
 * call of the same name in dispense/dispense.h says.
 */
#ifndef DISPENSE_CLIENT_H
#define DISPENSE_CLIENT_H

#include "base/err.h"
#include "dispense/request.h"

struct client;

enum client_role { ROLE_FILTER = 1, ROLE_BACKEND = 2, ROLE_STATUS = 3 };

/* Connects and names the job (ROLE_STATUS: only the queue of it is used).
 * Errors: ERR_ABSENT (no daemon), ERR_BUSY (another live chain holds this job
 * past the wait), ERR_DENIED (cupsd does not know the job as printing, user
 * not allowed, or the role is not this uid's).  The caller closes *out; NULL can
 * be closed too. */
MUST_CHECK bool client_open(const char *socket_path, enum client_role role,
    const struct job *job, struct client **out, struct err *e);
void client_close(struct client *c);

/* Which labels of a numbered sheet are used by other jobs: used[i] for label
 * i+1; count at most 4096.  `media` is the sheet's "Brand Part" name.
 * Errors: ERR_REQUEST (the serial is known as another kind of sheet). */
MUST_CHECK bool client_sheet(struct client *c, uint64_t serial,
    const char *media, bool *used, size_t count, struct err *e);

/* Prices and checks the whole document; spends nothing.  Afterwards the
 * document is open for client_issue().
 * Errors: ERR_REQUEST, ERR_FUNDS, ERR_DENIED, ERR_ABSENT, ERR_CORRUPT; the text
 * names page and mark where one is to blame. */
MUST_CHECK bool
client_quote(struct client *c, const struct stamp_request *in, size_t count,
    struct stamp_quote *out, struct quote_common *common, struct err *e);

/* Issues stamps first..first+count-1 of the quote.  Asked again, the same
 * stamps give the same bytes.
 * Errors: ERR_FUNDS, ERR_DENIED (limits, PIN, life cycle), ERR_CORRUPT. */
MUST_CHECK bool client_issue(struct client *c, size_t first, size_t count,
    struct issued_stamp *out, struct err *e);

/* The same in halves, at most CLIENT_ISSUE_MAX stamps: while the vault signs
 * them the caller works on.  Between the two nothing else is asked. */
#define CLIENT_ISSUE_MAX 32
MUST_CHECK bool
client_issue_begin(struct client *c, size_t first, size_t count, struct err *e);
MUST_CHECK bool client_issue_end(
    struct client *c, size_t count, struct issued_stamp *out, struct err *e);
/* Would client_issue_end() not wait, at the latest in wait_ms? */
bool client_issue_ready(const struct client *c, int wait_ms);

/* False where the daemon went away: nothing more can be asked. */
bool client_is_open(const struct client *c);

/* The filter wrote everything: `pages` pages, `bytes` bytes. */
MUST_CHECK bool
client_finish(struct client *c, uint32_t pages, uint64_t bytes, struct err *e);

/* The filter stops: the backend will act on this kind and say this text. */
void client_refuse(struct client *c, const struct err *why);

/* What became of the filter's part of this document. */
struct outcome {
	bool finished;	    /* client_finish() came: the data is whole */
	bool delivered;	    /* an earlier attempt delivered this document */
	bool uncertain;	    /* an earlier attempt may have: do not send */
	bool spooled;	    /* an earlier attempt stored the printer's bytes */
	uint32_t stamps;    /* issued for it */
	struct err refusal; /* kind ERR_NONE, or why the filter stopped */
};
MUST_CHECK bool
client_outcome(struct client *c, struct outcome *out, struct err *e);

/* A file in vaultd's care for the printer's bytes.  `store`: open for writing,
 * empty; else the stored bytes, at offset 0.  The caller closes *fd. */
MUST_CHECK bool
client_spool(struct client *c, bool store, int *fd, struct err *e);

/* The spool holds `bytes` bytes and is on the disk: from now on it is what any
 * later attempt sends. */
MUST_CHECK bool client_spooled(struct client *c, uint64_t bytes, struct err *e);

/* Delivery begins: until client_settle() says otherwise it is uncertain. */
MUST_CHECK bool client_sending(struct client *c, struct err *e);
MUST_CHECK bool client_settle(
    struct client *c, enum settle how, const char *note, struct err *e);

/* Funds for the supply level. */
struct funds {
	mils descending, low, full; /* low: alarm; full: what counts as 100 % */
	char vault[128];	    /* name without credentials */
	char psd_id[32];
	char budget[64]; /* a group whose month is nearly used up, "" = none */
	mils budget_left, budget_low;
};
MUST_CHECK bool
client_status(struct client *c, struct funds *out, struct err *e);

#endif
