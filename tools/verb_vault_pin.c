/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault pin: change, unblock, remove */
#include <stdio.h>
#include <string.h>

#include "tools/as_owner.h"
#include "tools/secret.h"
#include "tools/verb_vault.h"

#define WHAT_MAX 160

/* "PIN of card:" */
static const char *
of(const struct arguments *a, const char *what, char out[WHAT_MAX])
{
	snprintf(out, WHAT_MAX, "%s of %.120s", what, a->settings.vault_uri);
	return out;
}

/* A file that still has the old one is where the daemon will look. */
static void
remind(const struct arguments *a, struct out *o, const char *words)
{
	if (a->settings.pin_file[0] != '\0' &&
	    strcmp(a->settings.pin_file, "-") != 0)
		out_note(o, "%s %s.", words, a->settings.pin_file);
}

static bool
read_old(struct arguments *a, const struct psd_status *s, struct err *e)
{
	char what[WHAT_MAX];

	return !s->pin_required ||
	       secret_read(a->settings.pin_file, of(a, "PIN", what), a->pin, e);
}

static bool
read_new(struct arguments *a, struct err *e)
{
	char what[WHAT_MAX];

	return secret_read_new(
	    a->new_pin_source != NULL ? a->new_pin_source : "",
	    of(a, "New PIN", what), a->new_pin, e);
}

/* The end of a change of PIN: also what to do with the file of the old one. */
static int
ended(struct arguments *a, struct vault *v, bool done, const char *file,
    struct err *e)
{
	struct out *o = done ? out_open(a->options) : NULL;

	if (done)
		remind(a, o, file);
	return verb_vault_finish(a, o, v, done, e);
}

static int
change(struct arguments *a, char **words)
{
	const char *uri = a->settings.vault_uri;
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	struct psd_status status;
	bool done = reach_vault(&a->settings, false, &v, &e) &&
		    vault_status(v, &status, &e) && read_old(a, &status, &e) &&
		    read_new(a, &e) && as_owner(uri, &e) &&
		    vault_change_pin(v, a->pin, a->new_pin, &e);

	(void)words;
	return ended(a, v, done, "The PIN is changed: put it into", &e);
}

static int
remove_pin(struct arguments *a, char **words)
{
	const char *uri = a->settings.vault_uri;
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	struct psd_status status;
	bool done = reach_vault(&a->settings, false, &v, &e) &&
		    vault_status(v, &status, &e) && read_old(a, &status, &e) &&
		    as_owner(uri, &e) && vault_change_pin(v, a->pin, "", &e);

	(void)words;
	return ended(a, v, done, "There is no PIN any more; nothing needs", &e);
}

/* Said before anybody types a PUK. */
static bool
has_puk(const char *uri, struct err *e)
{
	return vault_has_puk(uri) ||
	       err_set(e, ERR_CONFIG,
		   "%.120s has no PUK: its PIN alone opens the key. Where the "
		   "PIN is lost the provider must replace the PSD",
		   uri);
}

static int
unblock(struct arguments *a, char **words)
{
	const char *uri = a->settings.vault_uri;
	char what[WHAT_MAX];
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	bool done = has_puk(uri, &e) &&
		    reach_vault(&a->settings, false, &v, &e) &&
		    secret_read(a->puk_file != NULL ? a->puk_file : "",
			of(a, "PUK", what), a->puk, &e) &&
		    read_new(a, &e) && as_owner(uri, &e) &&
		    vault_unblock(v, a->puk, a->new_pin, &e);

	(void)words;
	return ended(a, v, done, "The PIN is changed: put it into", &e);
}

/* For a card that got its PIN later than its name. */
static int
make_puk(struct arguments *a, char **words)
{
	const char *uri = a->settings.vault_uri;
	struct out *o = out_open(a->options);
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	struct psd_status s;
	bool done = has_puk(uri, &e) &&
		    reach_vault(&a->settings, true, &v, &e) &&
		    vault_status(v, &s, &e);

	(void)words;
	if (done && (!s.pin_required || s.puk_tries_left > 0))
		done = err_set(&e, ERR_DENIED, "%.120s: %s", uri,
		    s.pin_required ? "there is a PUK already"
				   : "a PUK goes with a PIN: set that first");
	done = done && as_caller(&e) && verb_vault_make_puk(a, o, &e) &&
	       as_owner(uri, &e) && vault_set_puk(v, a->puk, &e);
	return verb_vault_finish(a, o, v, done, &e);
}

static const struct action actions[] = {
    {"change", change, 0, 0},
    {"unblock", unblock, 0, 0},
    {"remove", remove_pin, 0, 0},
    {"puk", make_puk, 0, 0},
};

int
verb_vault_pin(struct arguments *a, char **words)
{
	return action_run(ACTIONS(actions), a, words[0] != NULL ? 1 : 0, words,
	    verb_vault_usage);
}
