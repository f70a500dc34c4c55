/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_help: a PSD in the field for unit tests: a vault file of a user of the
 * provider of api_help.h, and the letters that go to and fro.
 */
#ifndef TESTS_FIELD_HELP_H
#define TESTS_FIELD_HELP_H

#include "provider/field.h"
#include "tests/api_help.h"
#include "vault/lab.h"
#include "vault/vault.h"

#define SERIAL 900
#define CREDIT 10000

/* A vault of a user, and the user system that speaks for it. */
struct holder {
	struct help *h;
	struct lab *lab; /* the desk where PSDs are made: the same keys */
	struct user_system u;
	char token[96], uri[96], path[96];
	struct vault *v;
	uint8_t key;
};

struct letter {
	uint8_t bytes[PSD_MESSAGE_MAX];
	size_t len;
};

/* A vault without value, enrolled, of an account with CREDIT. */
void holder_open(struct help *h, struct holder *d);
void holder_close(struct holder *d);
/* Opens its file again. */
void open_vault(struct holder *d);
/* Enrols it by its certificate in a desk's folder. */
bool enrol(struct holder *d, const char *folder, struct err *e);

/* --- value --------------------------------------------------------------------- */

struct field_call call_of(const struct holder *d, const struct letter *l);
struct letter request(struct holder *d, mils amount);
struct letter answered(struct holder *d, const struct letter *l);
/* The provider refuses it, and says `why`. */
void refused(struct holder *d, const struct letter *l, enum err_kind kind,
    const char *why);
/* The receipt. */
struct letter applied(struct holder *d, const struct letter *answer);
/* All of that. */
void refill(struct holder *d, mils amount);

struct letter audit(struct holder *d);
/* Did the provider take it? */
bool heard(struct holder *d, const struct letter *l, struct err *e);

/* --- stamps -------------------------------------------------------------------- */

struct psd_stamp spend_as(struct holder *d, struct psd_request r);
/* To be mailed so many days from now. */
struct psd_stamp spend_for(struct holder *d, mils amount, int days);
struct psd_stamp spend(struct holder *d, mils amount);

/* A list of these that the vault signed, at most 4. */
void list_of(struct holder *d, const struct psd_stamp *stamp, size_t count,
    char **text, size_t *len);
/* *answer = NULL: persons say yes or no. */
bool asks_refund(struct holder *d, const char *text, size_t len, char **answer,
    struct err *e);

#endif
