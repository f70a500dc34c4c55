/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab_own: what the files of the lab share.  For vault/lab*.c alone.
 */
#ifndef VAULT_LAB_OWN_H
#define VAULT_LAB_OWN_H

#include <limits.h>

#include "vault/authority.h"
#include "vault/lab.h"
#include "vault/message.h"

struct lab {
	char folder[PATH_MAX];
	struct authority *authority;
};

/* Errors: ERR_CONFIG (too long). */
MUST_CHECK bool lab_path(
    const struct lab *lab, const char *name, char out[PATH_MAX], struct err *e);

/* The certificate of a PSD of this lab.  Errors: ERR_DENIED (none). */
MUST_CHECK bool lab_find_psd(const struct lab *lab,
    const struct message_psd *psd, struct cert **out, struct err *e);

/* Writes down what the PSD says to have spent in all.
 * Errors: ERR_DENIED (it has said more before: an old copy), ERR_SYSTEM. */
MUST_CHECK bool lab_book(const struct lab *lab, const struct message_psd *psd,
    mils ascending, struct err *e);

/* Where the answer of `sequence` to this PSD is kept.  Errors: ERR_CONFIG. */
MUST_CHECK bool
lab_answer_path(const struct lab *lab, const struct message_psd *psd,
    uint32_t sequence, char out[PATH_MAX], struct err *e);

/* The answer that grants what is asked and gives orders; it is not kept yet. */
MUST_CHECK bool
lab_make_answer(const struct lab *lab, const struct download_request *request,
    uint8_t orders, uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

#endif
