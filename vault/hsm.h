/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsm: a PSD's key in a PKCS#11 token (a hardware security module, a smart
 * card, a token in software), which signs and never gives it out.
 *
 * A key is named by a PKCS#11 URI (RFC 7512): "pkcs11:token=Postage;id=%01%02",
 * with ?module-path=FILE where one module alone is to be loaded; without it
 * every module that p11-kit knows is.  A PIN in it is refused.
 *
 * The module's calls are made aside (vault/aside.h), for a module can hang, and
 * most do not outlive a fork.  An open hsm has one process and one session, for
 * any number of the token's keys: a thread opens one of its own.  A token that was taken out, or a process that
 * died, is asked once more, over a new session and with the PIN that was right
 * before; a PIN that was refused is forgotten, and a hung module is not asked
 * again.
 *
 * No signature goes out that the certified key does not verify: another key
 * under the same name, or a token that fails, signs nothing.
 *
 * What a home needs of it is the `struct psd_crypto` of hsm_lend().  The disk
 * keeps the key's URI beside the registers (vault/file_token.c).  A database
 * would do the same: a row holds state, certificate and URI, each thread opens
 * its own hsm, and the row is committed before a signature leaves.
 */
#ifndef VAULT_HSM_H
#define VAULT_HSM_H

#include "stamp/sig.h"
#include "vault/psd.h"

#define HSM_URI_MAX   512
#define HSM_TEXT      160   /* of what hsm_list() tells */
#define HSM_ANSWER_MS 10000 /* longest silence of a token that works */

struct hsm;

/* `uri` names a key, or for hsm_take() a token; `certified` is its public half,
 * NULL where hsm_take() finds it.  Nothing is asked of the token yet.
 * Errors: ERR_CONFIG (too long, no PKCS#11 URI, no point of the curve). */
MUST_CHECK bool hsm_open(const char *uri, const uint8_t *certified,
    int answer_ms, struct hsm **out, struct err *e);

/* Has its processes forked there (vault/nursery.h); before anything is asked of
 * the token.  It must live as long as *t. */
struct nursery;
void hsm_use_nursery(struct hsm *t, struct nursery *nursery);

/* Forgets the PIN, ends the session.  NULL is allowed. */
void hsm_close(struct hsm *t);

/* All that follow may fail with ERR_ABSENT (no such token, or it went away),
 * ERR_BUSY (silent for answer_ms, or no session is free), ERR_CONFIG (the URI,
 * the module; several tokens or keys answer to it; the key is not there),
 * ERR_SYSTEM. */

/* A session now, without a PIN, where the first signature would begin it. */
MUST_CHECK bool hsm_connect(struct hsm *t, bool *needs_pin, struct err *e);

/* Presents the token's user PIN, and keeps it if it was right.
 * Errors: ERR_DENIED (wrong, blocked, or none was ever set). */
MUST_CHECK bool hsm_unlock(struct hsm *t, const char *pin, struct err *e);
bool hsm_is_unlocked(const struct hsm *t);

/* Changes the token's user PIN.  Errors: as hsm_unlock(), ERR_REQUEST (not one
 * that the token takes). */
MUST_CHECK bool hsm_change_pin(
    struct hsm *t, const char *old_pin, const char *new_pin, struct err *e);

/* Errors: ERR_DENIED (needs the PIN), ERR_CORRUPT (what the token signed is not
 * the certified key's). */
MUST_CHECK bool hsm_sign(struct hsm *t, const void *msg, size_t len,
    uint8_t sig[SIG_BYTES], struct err *e);

/* Lends *t, which must live as long as *out is used. */
void hsm_lend(struct hsm *t, struct psd_crypto *out);

/* --- several keys of one token ---------------------------------------------------- */

/* Any key of the token that `uri` of hsm_open() names. */
struct hsm_key {
	const char *name; /* of hsm_take(); "": the one that the URI names */
	const struct sig_key *certified;
};

struct hsm_message {
	const uint8_t *ptr;
	size_t len;
	uint8_t sig[SIG_BYTES]; /* out */
};

/* Signs them all, or none and every `sig` is zero.  The token signs some while
 * those before them are verified: with a second processor that costs little.
 * Errors: as hsm_sign(), ERR_REQUEST (a message too long). */
MUST_CHECK bool hsm_sign_all(struct hsm *t, const struct hsm_key *key,
    struct hsm_message *messages, size_t count, struct err *e);

/* --- a new PSD's key ------------------------------------------------------------ */

struct hsm_taken {
	char uri[HSM_URI_MAX];	  /* for hsm_open() from now on */
	char key[HSM_URI_MAX];	  /* its part that names the key in its token */
	uint8_t point[PSD_POINT]; /* it signed for it */
	bool needs_pin;
	bool made; /* now; else it was there */
};

/* The key for a new PSD: the one that the URI names by id or object, else a new
 * pair under `label`, P-256, which cannot be taken out.  `pin` "": none.
 * Errors: ERR_DENIED (PIN), ERR_REQUEST (it is no P-256 key that signs, or it
 * can be taken out), ERR_CORRUPT (it does not sign for its public half). */
MUST_CHECK bool hsm_take(struct hsm *t, const char *label, const char *pin,
    struct hsm_taken *out, struct err *e);

/* Destroys what hsm_take() made: nobody certified it. */
void hsm_drop(struct hsm *t);

/* --- which tokens there are -------------------------------------------------------- */

struct hsm_token {
	char uri[HSM_URI_MAX]; /* names it */
	char model[HSM_TEXT];
	char keys[HSM_TEXT]; /* labels of P-256 keys, or why none is seen */
};

/* Every token that can sign as a PSD does, or could once it is set up; no PIN.
 * Errors: ERR_CONFIG (a module that must be there is not). */
MUST_CHECK bool hsm_list(int answer_ms,
    void (*each)(void *context, const struct hsm_token *token), void *context,
    struct err *e);

#endif
