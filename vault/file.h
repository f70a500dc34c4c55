/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: the PSD's home on a disk, a memory card or any other mounted medium.
 *
 * "file:FOLDER" keeps FOLDER/psd.vault, "file:NAME.vault" that file.  The one
 * file holds registers, ring, key and certificate in two slots (slots.h), so
 * every change, the PIN's too, is one write.  The private key is wrapped by the
 * PIN (wrap.h); without a PIN whoever reads the file can issue stamps, so it is
 * made with mode 0600.  Nothing but creation needs more than a FAT file system
 * can do.
 *
 * "hsm:FOLDER" keeps all of it there but the private key: the file names the
 * token and the key in it that signs (hsm.h), and the PIN is the token's.
 *
 * What a file cannot promise: who can copy it can put an old copy back.  Only
 * the provider's books then show it.  A token does not change that: it keeps
 * the key, not the registers.
 */
#ifndef VAULT_FILE_H
#define VAULT_FILE_H

#include "stamp/cert.h"
#include "vault/vault.h"

struct vault_file_setup {
	struct psd_setup psd;
	const struct sig_key *key; /* the PSD's private key */
	const struct cert *cert;   /* for it */
	const char *pin;	   /* NULL or "": none */
	const char *token; /* instead of key and pin: who holds the key */
	bool token_pin;	   /* wants its PIN before it signs */
};

/* Makes a vault, with its folder where that is missing; value 0.
 * Errors: ERR_CONFIG (URI), ERR_REQUEST (setup, PIN, a vault is there),
 * ERR_ABSENT (medium), ERR_SYSTEM. */
MUST_CHECK bool vault_file_create(
    const char *uri, const struct vault_file_setup *setup, struct err *e);

/* Calls `each` for every vault of the folder: its files NAME.vault, and the
 * folders in it that are one. */
void vault_file_look(const char *folder, vault_place_fn *each, void *context);

/* Is there no vault at `uri` yet?  Errors: ERR_REQUEST, ERR_CONFIG (URI). */
MUST_CHECK bool vault_file_is_free(const char *uri, struct err *e);

/* Is this the URI of a vault in a file? */
bool vault_file_is(const char *uri);

/* The file that a URI names.  Errors: ERR_CONFIG. */
MUST_CHECK bool
vault_file_path(const char *uri, char *out, size_t size, struct err *e);

#endif
