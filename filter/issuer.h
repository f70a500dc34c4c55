/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuer: where the indicia of a document come from: postage-vaultd for a real
 * job, specimens that are worth nothing for any other run.
 *
 *	issuer_open(); issuer_sheet() where numbered; issuer_quote() with all
 *	requests of the document; issuer_get() for each; issuer_finish()
 *
 * Real stamps are fetched in batches, in the order of the requests, and the
 * next batch is asked for before this one is used: the vault signs while pages
 * are made.  How many stamps a batch has follows from how fast the vault is, so
 * that the first page does not wait for the stamps of the others.
 *
 * A vault that is away, or does not answer, is waited for: [vault] absent in
 * postage.conf(5).
 */
#ifndef FILTER_ISSUER_H
#define FILTER_ISSUER_H

#include "base/err.h"
#include "dispense/client.h"
#include "dispense/request.h"
#include "dispense/settings.h"
#include "stamp/imprint.h"

struct issuer;

/* `job` NULL: specimens.  `settings` must live until issuer_close(), which the
 * caller calls (NULL is allowed).  Errors: as client_open(). */
MUST_CHECK bool issuer_open(const struct settings *settings,
    const struct job *job, struct issuer **out, struct err *e);
void issuer_close(struct issuer *i);

/* Is called about once a second while a vault is away or slow, `why` says which;
 * and with NULL when that is over.  False: waiting ends. */
typedef bool issuer_wait_fn(void *context, const char *why);
void issuer_on_wait(struct issuer *i, issuer_wait_fn *fn, void *context);

/* As client_sheet(); specimens use no label. */
MUST_CHECK bool issuer_sheet(struct issuer *i, uint64_t serial,
    const char *media, bool *used, size_t count, struct err *e);

/* The requests must live until issuer_close().
 * Errors: as client_quote(). */
MUST_CHECK bool issuer_quote(struct issuer *i, const struct stamp_request *in,
    size_t count, struct err *e);

/* After issuer_quote(), `count` of them; what all imprints share. */
const struct stamp_quote *issuer_quotes(const struct issuer *i);
const struct quote_common *issuer_common(const struct issuer *i);

/* The signed bytes of request `index`, and the words that go with them.
 * Errors: as client_issue(). */
MUST_CHECK bool issuer_get(struct issuer *i, size_t index,
    struct issued_stamp *out, struct imprint_text *words, struct err *e);

/* The document is written.  Does nothing for specimens. */
MUST_CHECK bool
issuer_finish(struct issuer *i, uint32_t pages, uint64_t bytes, struct err *e);

/* The document is not going to be printed: the backend gets to know why. */
void issuer_refuse(struct issuer *i, const struct err *why);

/* Value left for the supply level.  *known = false for specimens. */
MUST_CHECK bool
issuer_funds(struct issuer *i, struct funds *out, bool *known, struct err *e);

#endif
