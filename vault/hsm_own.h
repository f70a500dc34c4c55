/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsm_own: what the files of an hsm's child share, the only ones that call
 * PKCS#11.  For vault/hsm.c, hsm_token.c and hsm_key.c alone.
 *
 * What a module answers is from outside: lengths are bounded, texts cleaned.
 */
#ifndef VAULT_HSM_OWN_H
#define VAULT_HSM_OWN_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "vault/hsm_child.h"

#define HSM_SLOTS_MAX  256 /* of one module */
#define HSM_TOKENS_MAX 64  /* of all */
#define HSM_KEYS_MAX   1024

/* A token in a slot. */
struct hsm_place {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
};

/* A key that was looked for once. */
struct hsm_found {
	char name[HSM_URI_MAX];
	CK_OBJECT_HANDLE key;
	bool wants_pin;
};

struct hsm_child {
	CK_FUNCTION_LIST **modules; /* loaded, all that p11-kit knows */
	CK_FUNCTION_LIST *one[2];   /* or the one of the URI's module-path */
	struct hsm_place places[HSM_TOKENS_MAX];
	size_t places_count;
	P11KitUri *wanted;
	struct hsm_place at;   /* the token of the session */
	CK_MECHANISM_TYPE how; /* it signs */
	bool in;	       /* the session is open */
	CK_SESSION_HANDLE session;
	char pin[HSM_PIN_MAX]; /* that was right: some keys want it each time */
	/* Found in this session; a full one forgets the oldest. */
	struct hsm_found keys[HSM_KEYS_MAX];
	size_t keys_count, keys_next;
	CK_OBJECT_HANDLE key; /* that signs now */
	bool key_wants_pin;   /* CKA_ALWAYS_AUTHENTICATE */
	bool made;	      /* by this process: these two */
	CK_OBJECT_HANDLE made_key, public_key;
};

/* The error that a call ended with.  Returns false. */
bool hsm_failed(CK_RV rv, const char *what, struct err *e);

/* Reads a URI; the caller frees *out with p11_kit_uri_free(), also after an error.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool hsm_parse_uri(const char *text, P11KitUri **out, struct err *e);

/* --- tokens (hsm_token.c) ----------------------------------------------------- */

/* Loads what the URI wants, all modules where it names none (NULL too).
 * Errors: ERR_CONFIG, ERR_ABSENT (it is there and does not begin). */
MUST_CHECK bool hsm_load(struct hsm_child *c, struct err *e);
void hsm_unload(struct hsm_child *c);

/* Fills c->places. */
void hsm_look(struct hsm_child *c);

/* The one token that c->wanted names, into c->at.
 * Errors: ERR_ABSENT, ERR_CONFIG (several, or it does not sign). */
MUST_CHECK bool hsm_find(struct hsm_child *c, struct err *e);

/* How it signs; false if it does not as a PSD must. */
bool hsm_mechanism(const struct hsm_place *p, CK_MECHANISM_TYPE *out);

/* Writes the entry of a list. */
void hsm_describe(const struct hsm_place *p, struct bytes_writer *out);

/* --- keys (hsm_key.c) ----------------------------------------------------------- */

/* c->key by its name.  Errors: ERR_CONFIG (none, several, no id or object), as
 * hsm_failed(). */
MUST_CHECK bool
hsm_find_key(struct hsm_child *c, const char *name, struct err *e);

/* See hsm_take() and hsm_drop(). */
MUST_CHECK bool hsm_take_key(struct hsm_child *c, const char *label,
    struct hsm_taken *out, struct err *e);
void hsm_drop_key(struct hsm_child *c);

/* The labels of the P-256 keys that a session without a PIN shows. */
void hsm_key_labels(
    CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, char out[HSM_TEXT]);

/* CKA_EC_POINT, in an OCTET STRING as PKCS#11 wants it, or bare as some modules
 * give it; false if it is no uncompressed point of P-256's length. */
bool hsm_read_point(const uint8_t *in, size_t len, uint8_t point[PSD_POINT]);

#endif
