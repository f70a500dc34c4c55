/* SPDX-License-Identifier: Apache-2.0 */
/*
 * as_owner: root's vault work is done as the vault's owner, so that no file of
 * it ever belongs to root and postage-vaultd can use them all.  Files that
 * the caller names (PIN, messages, certificates) are opened as the caller:
 * between as_caller() and the next as_owner().  Without root all do nothing.
 */
#ifndef TOOLS_AS_OWNER_H
#define TOOLS_AS_OWNER_H

#include "base/err.h"

/* Becomes the owner of the vault at `uri`, if it is a file's. */
MUST_CHECK bool as_owner(const char *uri, struct err *e);

/* For a vault still to be made: becomes user postage where there is one.  Its
 * folder and `state_dir` are made for that user where they are missing.  Where that user could not reach the folder, stays root. */
MUST_CHECK bool
as_owner_of_new(const char *uri, const char *state_dir, struct err *e);

/* Becomes who started the program again. */
MUST_CHECK bool as_caller(struct err *e);

#endif
