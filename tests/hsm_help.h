/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsm_help: SoftHSM tokens in a private folder, and vaults whose key is in one.
 * The folder's tools are the independent ones: softhsm2-util and OpenSC's
 * pkcs11-tool.
 */
#ifndef TESTS_HSM_HELP_H
#define TESTS_HSM_HELP_H

#include "vault/lab.h"

#define HSM_PIN	    "271828"
#define HSM_MODULE  hsm_help_module()
#define HSM_URI	    256
#define HSM_COMMAND 1024

/* Where SoftHSM's module is; NULL where it or a tool is not installed. */
const char *hsm_help_module(void);

/* The folder, SOFTHSM2_CONF, a lab; `hsm_folder` is its name. */
extern char hsm_folder[64];
void hsm_help_open(void);
void hsm_help_close(void);

/* Runs a shell command; true if it succeeds.  What it says is in hsm_said. */
extern char hsm_said[8192];
bool hsm_run(const char *format, ...) PRINTF_LIKE(1, 2);

/* A token of this label, its PIN HSM_PIN. */
void hsm_new_token(const char *label);

/* A vault "hsm:..." with `value` in it; `uri` holds HSM_URI. */
MUST_CHECK bool
hsm_try_create(char *uri, const char *token, const char *pin, struct err *e);
MUST_CHECK bool hsm_create_at(const char *uri, const char *pin, struct err *e);
void hsm_create_guarded(char *uri, const char *guard, mils value);
void hsm_create(char *uri, const char *token, mils value);

/* Opened, and unlocked. */
struct vault *hsm_open_vault(const char *uri);

struct psd_request hsm_request(uint32_t n, mils amount);

/* The ascending register; the three registers agree. */
mils hsm_spent(const char *uri);

/* Is this stamp signed by the vault's certified key? */
bool hsm_verifies(struct vault *v, const struct psd_stamp *s);

#endif
