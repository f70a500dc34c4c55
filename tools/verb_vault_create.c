/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault create: a PSD of this computer's lab */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/durable.h"
#include "tools/as_owner.h"
#include "tools/secret.h"
#include "tools/verb_vault.h"

#define SECRET_MODE  0600
#define OPEN_WAIT_MS 5000
#define PUK_NUMBERS  100000000 /* of VAULT_PUK digits */

static bool
random_puk(char out[PIN_BYTES], struct err *e)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return err_system(e, "random numbers");
	snprintf(
	    out, PIN_BYTES, "%08lu", (unsigned long)(number % PUK_NUMBERS));
	return true;
}

/* The PUK is kept before it is in force: a person who has one that is of no use
 * loses nothing, one without it may lose the PSD. */
bool
verb_vault_make_puk(struct arguments *a, struct out *o, struct err *e)
{
	char line[PIN_BYTES + 1];
	bool done;

	if (!random_puk(a->puk, e))
		return false;
	if (a->puk_file == NULL) {
		out_text(o, "puk", "PUK", a->puk);
		out_note(o, "Keep it, not beside the PIN: it sets a new PIN "
			    "where that is lost or blocked,\nand is not shown "
			    "again.");
		return true;
	}
	snprintf(line, sizeof(line), "%s\n", a->puk);
	done = durable_create(a->puk_file, line, strlen(line), SECRET_MODE, e);
	explicit_bzero(line, sizeof(line));
	if (!done && errno == EEXIST)
		return err_set(e, ERR_REQUEST,
		    "%.150s is there, and may be the PUK of another card: name "
		    "another file, or remove it",
		    a->puk_file);
	return done || err_prefix(e, "the PUK's file");
}

static bool
secrets(struct arguments *a, struct out *o, struct err *e)
{
	const char *uri = a->settings.vault_uri;

	if (a->puk_file != NULL &&
	    (!vault_has_puk(uri) || a->settings.pin_file[0] == '\0'))
		return err_set(e, ERR_REQUEST,
		    "--puk-file: there is a PUK only with a PIN "
		    "(--pin-file), and not in every home: this is %.100s",
		    uri);
	if (a->settings.pin_file[0] == '\0')
		return true;
	if (!secret_read_new(a->settings.pin_file, "PIN", a->pin, e))
		return false;
	a->psd.pin = a->pin;
	if (!vault_has_puk(uri))
		return true;
	a->psd.puk = a->puk;
	return verb_vault_make_puk(a, o, e);
}

/* Also where it is not known whether a card was made: its certificate is. */
static bool
publish(struct arguments *a, struct lab *lab, const char *id, bool made,
    struct err *e)
{
	struct err ignored = ERR_INIT;

	if (lab == NULL || id[0] == '\0')
		return made;
	if (made)
		return as_caller(e) &&
		       lab_publish(lab, id, a->settings.certificates, e);
	(void)!(as_caller(&ignored) &&
		lab_publish(lab, id, a->settings.certificates, &ignored));
	return false;
}

/* The one that was made, and no other card. */
static bool
open_new(const char *uri, const char *id, struct vault **v, struct err *e)
{
	char named[PSD_ID + 8];

	snprintf(named, sizeof(named), "card:%s", id);
	return vault_open(
	    strncmp(uri, "card:", 5) == 0 ? named : uri, OPEN_WAIT_MS, v, e);
}

int
verb_vault_create(struct arguments *a, char **words)
{
	const char *uri = a->settings.vault_uri;
	struct out *o = out_open(a->options);
	struct err e = ERR_INIT;
	struct lab *lab = NULL;
	struct vault *v = NULL;
	char id[PSD_ID] = "";
	bool done = secrets(a, o, &e) &&
		    as_owner_of_new(uri, a->settings.state_dir, &e) &&
		    lab_open(a->reach.lab, &lab, &e) &&
		    lab_create_vault(lab, uri, &a->psd, id, &e);

	(void)words;
	done = publish(a, lab, id, done, &e);
	lab_close(lab);
	done = done && as_owner(uri, &e) && open_new(uri, id, &v, &e);
	if (done && strcmp(vault_name(v), a->configured) != 0)
		out_note(o, "To print with it: uri = %s under [vault] in %s.",
		    vault_name(v), a->options->config);
	return verb_vault_finish(a, o, v, done, &e);
}
