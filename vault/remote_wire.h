/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_wire: what a queue says to its provider and what that answers, as JSON.
 * Pure; over base/json.  What an indicium says of itself is the caller's to
 * check.
 */
#ifndef VAULT_REMOTE_WIRE_H
#define VAULT_REMOTE_WIRE_H

#include "vault/vault.h"

#define REMOTE_REASON 160

/* --- questions: on the heap, a NUL behind; NULL: no memory ------------------ */

char *remote_put_indicia(
    uint64_t fence, const struct psd_request *in, size_t count, size_t *len);

/* Of `count` requests the keys alone. */
char *remote_put_find(const struct psd_request *in, size_t count, size_t *len);

/* Of spoiled stamps: keys, and why. */
char *remote_put_needed(mils needed, size_t *len);
char *remote_put_refund(const struct vault_spoiled *what, size_t *len);

/* --- answers ----------------------------------------------------------------- */

struct remote_status {
	struct psd_status psd;
	uint64_t fence;
	size_t batch;
	char reason[REMOTE_REASON]; /* why it is locked; "" */
};

/* One that is signed by PSD `psd`, unchecked. */
struct remote_stamp {
	struct psd_stamp stamp;
	char psd[PSD_ID];
};

struct remote_stamps {
	struct remote_stamp item[PSD_RING];
	size_t count;
	uint64_t fence; /* of find alone */
};

/* Errors: ERR_REQUEST (not the JSON of the interface; says where). */
MUST_CHECK bool remote_get_status(
    const char *text, size_t len, struct remote_status *out, struct err *e);
MUST_CHECK bool remote_get_issued(
    const char *text, size_t len, struct remote_stamps *out, struct err *e);
MUST_CHECK bool remote_get_found(
    const char *text, size_t len, struct remote_stamps *out, struct err *e);
MUST_CHECK bool remote_get_recent(
    const char *text, size_t len, struct remote_stamps *out, struct err *e);
MUST_CHECK bool remote_get_refund(
    const char *text, size_t len, struct vault_refund *out, struct err *e);

/* What an answer that is not 200 means: the problem's kind and words, or what
 * its status alone says.  Always sets *e; a status that refuses gives ERR_FUNDS,
 * ERR_REQUEST or ERR_DENIED, one of which it is not known what was done
 * ERR_ABSENT, ERR_BUSY, ERR_CONFIG, ERR_CORRUPT. */
void
remote_get_problem(int status, const char *text, size_t len, struct err *e);

#endif
