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
	struct reach reach;
	const char *new_pin_source, *request_file, *answer_file;
	struct lab_psd psd;
	mils amount;
	char pin[PIN_BYTES], new_pin[PIN_BYTES];
};

action_function verb_vault_create; /* _create.c */
action_function verb_vault_status; /* _show.c */
action_function verb_vault_audit;  /* _value.c */
action_function verb_vault_refill; /* _value.c */
action_function verb_vault_pin;	   /* _pin.c */

extern const char verb_vault_usage[];

/* The end of an action: shows the vault's status where it was done, else the
 * error; closes `v`, which may be NULL.  Returns the exit status. */
int verb_vault_finish(
    struct arguments *a, struct vault *v, bool done, struct err *e);

#endif
