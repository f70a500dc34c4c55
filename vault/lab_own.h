/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab_own: what the files of the lab share.  For vault/lab*.c alone.
 */
#ifndef VAULT_LAB_OWN_H
#define VAULT_LAB_OWN_H

#include <limits.h>

#include "vault/lab.h"
#include "vault/message.h"

struct lab {
	char folder[PATH_MAX];
	struct sig_key *authority_key, *provider_key, *download_key;
	struct cert *authority, *provider;
};

/* Errors: ERR_CONFIG (too long). */
MUST_CHECK bool lab_path(
    const struct lab *lab, const char *name, char out[PATH_MAX], struct err *e);

/* Where the answer of `sequence` to this PSD is kept.  Errors: ERR_CONFIG. */
MUST_CHECK bool
lab_answer_path(const struct lab *lab, const struct message_psd *psd,
    uint32_t sequence, char out[PATH_MAX], struct err *e);

/* The answer that grants what is asked and gives orders; it is not kept yet. */
MUST_CHECK bool
lab_make_answer(const struct lab *lab, const struct download_request *request,
    uint8_t orders, uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

#endif
