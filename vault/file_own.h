/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_own: what the files of the file vault share.  For vault/file*.c alone.
 *
 * Each operation is a visit: file_enter(), calls of the PSD on v.image.psd,
 * file_store() where its state changed or file_settle() where it is only told,
 * file_leave(); only then a signature goes out.
 */
#ifndef VAULT_FILE_OWN_H
#define VAULT_FILE_OWN_H

#include <limits.h>

#include "vault/file_image.h"
#include "vault/hsm.h"
#include "vault/slots.h"
#include "vault/vault.h"

/* A vault that is open: no file is, between two visits. */
struct file_home {
	char path[PATH_MAX];
	int wait_ms;
	char id[PSD_ID]; /* of the PSD that was opened */
	uint32_t cert_serial;
	struct sig_key *key; /* NULL until it is needed or unlocked */
	struct hsm *token;   /* likewise, where a token holds the key */
	uint64_t synced;     /* sequence that this opening wrote itself */
};

/* One operation: the file is open and locked from file_enter() to
 * file_leave(). */
struct file_visit {
	struct slots slots;
	struct file_image image;
};

/* Opens, locks (`write`: alone) and reads.
 * Errors: ERR_ABSENT (no medium, or another PSD's), ERR_BUSY (longer than
 * wait_ms), ERR_CORRUPT, ERR_CONFIG (not to be opened), ERR_SYSTEM. */
MUST_CHECK bool file_enter(
    struct file_home *h, bool write, struct file_visit *v, struct err *e);
/* Closes, unlocks and erases *v. */
void file_leave(struct file_visit *v);

/* Writes v->image; it is on the medium.  Errors: ERR_ABSENT, ERR_SYSTEM. */
MUST_CHECK bool
file_store(struct file_home *h, struct file_visit *v, struct err *e);

/* Makes sure that what was read is on the medium.  Errors: as file_store(). */
MUST_CHECK bool
file_settle(struct file_home *h, struct file_visit *v, struct err *e);

/* The file of a URI without its scheme.  Errors: ERR_CONFIG. */
MUST_CHECK bool
file_find_path(const char *rest, char *out, size_t size, struct err *e);

/* Is this the errno of a medium that was taken out? */
bool file_is_gone(int error);

/* A read or write failed: puts the path before the error, and makes it
 * ERR_ABSENT where the medium is gone.  Returns false. */
bool file_failed(const struct file_home *h, struct err *e);

/* See vault_create(), and vault_list(). */
MUST_CHECK bool file_create(
    const char *rest, int wait_ms, const struct vault_setup *in, struct err *e);
MUST_CHECK bool file_create_token(
    const char *rest, int wait_ms, const struct vault_setup *in, struct err *e);
MUST_CHECK bool file_list_tokens(
    int wait_ms, vault_place_fn *each, void *context, struct err *e);

/* See vault_list(): the vaults of mounted media. */
MUST_CHECK bool
file_list(int wait_ms, vault_place_fn *each, void *context, struct err *e);

/* --- who holds the key ------------------------------------------------------------ */

/* Within a visit; unlock() and change_pin() within one that may write. */
struct file_holder {
	/* The crypto with the key; a locked one is the PSD's to refuse. */
	bool (*lend)(struct file_home *h, const struct file_visit *v,
	    struct psd_crypto *crypto, struct err *e);
	/* Was the PIN right, in this opening? */
	bool (*is_unlocked)(const struct file_home *h);
	/* See vault_unlock() and vault_change_pin(). */
	bool (*unlock)(struct file_home *h, struct file_visit *v,
	    const char *pin, struct err *e);
	bool (*change_pin)(struct file_home *h, struct file_visit *v,
	    const char *old_pin, const char *new_pin, struct err *e);
};

/* The file itself, under the PIN or bare (file_pin.c), or the token that it
 * names (file_token.c). */
extern const struct file_holder file_key_holder, file_token_holder;
const struct file_holder *file_holder(const struct file_visit *v);

/* Puts `key` under a PIN in v->image, or (NULL or "") under none.
 * Errors: ERR_REQUEST (too short or long), ERR_DENIED, ERR_SYSTEM. */
MUST_CHECK bool file_set_pin(struct file_visit *v, const struct sig_key *key,
    const char *pin, struct err *e);

#endif
