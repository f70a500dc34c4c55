/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: the scheduler's operation policy for postage queues.
 *
 * postage-vaultd asks the scheduler who owns a job; by CUPS's defaults that is
 * private.  The policy "postage" in cupsd.conf lets user postage see it, and
 * lets nobody but a job's owner and administrators change a job.
 */
#ifndef TOOLS_POLICY_H
#define TOOLS_POLICY_H

#include <cups/cups.h>

#include "base/err.h"

#define POLICY_NAME "postage"

/* Whether the scheduler's cupsd.conf has the policy.
 * Errors: ERR_DENIED (not an administrator). */
MUST_CHECK bool policy_is_there(http_t *http, bool *there, struct err *e);

/* Whether that policy wants a login from who prints.  Without one the name of
 * a job's user is what the client claims.  Errors: as above. */
MUST_CHECK bool policy_wants_login(http_t *http, bool *wants, struct err *e);

/* One line after the other of a cupsd.conf; *wants becomes true at a
 * "Require" for printing in our policy.  Begin with zeros. */
struct policy_reader {
	bool ours, printing, wants;
};
void policy_read_line(struct policy_reader *r, const char *line);

/* Makes sure of it.  Where it is missing and `add` is set, it is added to the
 * scheduler's cupsd.conf, which restarts the scheduler: *http is then another
 * connection.  Errors: ERR_CONFIG (missing), ERR_DENIED, ERR_ABSENT. */
MUST_CHECK bool policy_ensure(http_t **http, bool add, struct err *e);

#endif
