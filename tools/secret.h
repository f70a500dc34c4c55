/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: a PIN or a PUK from where the person at the keyboard keeps it: a
 * file, a systemd credential (vault/pin.h), a line of standard input ("-"), or
 * the person's head: then it is typed at the terminal and not shown.
 *
 * Files are opened as that person: both call as_caller() first, so as_owner()
 * comes again before the vault's own files.
 */
#ifndef TOOLS_SECRET_H
#define TOOLS_SECRET_H

#include "vault/pin.h"

/* One that is there already; `what` is "PIN of card:" or so.  "" as `source`:
 * it is typed.  The caller erases `out`.
 * Errors: ERR_CONFIG (file), ERR_DENIED (no file, and no terminal), ERR_REQUEST
 * (nothing was typed). */
MUST_CHECK bool secret_read(
    const char *source, const char *what, char out[PIN_BYTES], struct err *e);

/* One that shall be: what is typed is typed twice.
 * Errors: also ERR_REQUEST (not the same both times). */
MUST_CHECK bool secret_read_new(
    const char *source, const char *what, char out[PIN_BYTES], struct err *e);

/* Asks a question at the terminal; is the answer "yes"?
 * Errors: ERR_REQUEST (there is no terminal). */
MUST_CHECK bool secret_agreed(const char *question, bool *yes, struct err *e);

#endif
