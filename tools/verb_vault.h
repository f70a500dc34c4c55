/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_vault: what the parts of `postage vault` share: the command line in
 * verb_vault.c, its actions in verb_vault_*.c.
 */
#ifndef TOOLS_VERB_VAULT_H
#define TOOLS_VERB_VAULT_H

#include "tools/action.h"
#include "tools/out.h"
#include "tools/reach.h"
#include "vault/lab.h"
#include "vault/pin.h"

struct arguments {
	const struct options *options;
	struct settings settings;
	char configured[VAULT_URI_MAX]; /* vault of postage.conf */
	struct reach reach;
	const char *request_file, *answer_file, *account_file; /* NULL: none */
	const char *provider;	    /* --provider; NULL: the lab answers */
	const char *new_pin_source; /* NULL = not said */
	const char *puk_file;	    /* likewise */
	struct lab_psd psd;
	mils amount;
	uint8_t orders;	    /* that the lab gives, of vault/message.h */
	uint8_t order_said; /* --order: those of `answer` */
	bool yes, rebind;
	char pin[PIN_BYTES], new_pin[PIN_BYTES], puk[PIN_BYTES];
};

action_function verb_vault_list;
action_function verb_vault_create;
action_function verb_vault_status; /* _show.c */
action_function verb_vault_log;
action_function verb_vault_audit;  /* _value.c */
action_function verb_vault_refill; /* _value.c */
action_function verb_vault_answer; /* _value.c */
action_function verb_vault_pin;
action_function verb_vault_guard;
action_function verb_vault_lock;     /* _order.c */
action_function verb_vault_unlock;   /* _order.c */
action_function verb_vault_withdraw; /* _order.c */

extern const char verb_vault_usage[];

/* --- _create.c ------------------------------------------------------------------ */

/* A new PUK in a->puk, shown in `o` or, as the caller, written to a->puk_file.
 * Errors: ERR_REQUEST (the file is there), ERR_SYSTEM. */
MUST_CHECK bool
verb_vault_make_puk(struct arguments *a, struct out *o, struct err *e);

/* --- _show.c -------------------------------------------------------------------- */

/* "operational", "locked: audit overdue", ... */
const char *verb_vault_life(const struct psd_status *s);

/* "XXPS0000000001".  Returns out. */
const char *verb_vault_psd(const struct psd_status *s, char out[PSD_ID]);

/* The end of an action: shows the vault's status where it was done, else the
 * error, in `o` or (NULL) one of its own; closes `v`, which may be NULL.
 * Returns the exit status. */
int verb_vault_finish(const struct arguments *a, struct out *o, struct vault *v,
    bool done, struct err *e);

/* --- _value.c ------------------------------------------------------------------- */

/* Writes a message as lines to carry (vault/carry.h), as the caller. */
MUST_CHECK bool verb_vault_write(
    const char *path, const uint8_t *msg, size_t len, struct err *e);

/* Writes the request, applies the answer or lets the lab answer, as the options
 * say; *only_request: nothing was changed yet. */
MUST_CHECK bool verb_vault_exchange(
    struct arguments *a, struct vault *v, bool *only_request, struct err *e);

#endif
