/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm_uri: which counter of which TPM, as text.  Pure.
 *
 *	[INDEX][?tcti=device:PATH | ?tcti=swtpm:host=HOST,port=PORT]
 *
 * INDEX is an NV index, 0x01000000 to 0x01ffffff; without it one is chosen.
 * Without a tcti it is the kernel's /dev/tpmrm0.  A vault file may come from
 * anywhere: its guard can name TPM devices and TPMs on this computer, and
 * nothing else.
 */
#ifndef VAULT_TPM_URI_H
#define VAULT_TPM_URI_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TPM_URI_CONF 96

struct tpm_uri {
	uint32_t index; /* 0: not said */
	bool software;	/* conf is of swtpm, not a device's path */
	char conf[TPM_URI_CONF];
};

/* `rest` is what stands behind "tpm:".  Errors: ERR_CONFIG. */
MUST_CHECK bool
tpm_uri_parse(const char *rest, struct tpm_uri *out, struct err *e);

/* The whole text, "tpm:" included.  False where it does not fit. */
MUST_CHECK bool
tpm_uri_format(const struct tpm_uri *in, char *out, size_t size);

#endif
