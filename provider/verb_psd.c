/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged psd: the PSDs of accounts.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "provider/enrol.h"
#include "provider/field.h"
#include "provider/psd_end.h"
#include "provider/psds.h"
#include "provider/store_admin.h"

static const char usage[] =
    "psd add ACCOUNT [--module NAME] [--count N] | list ACCOUNT | "
    "enrol ACCOUNT --certificate FILE | "
    "withhold ID | release ID | withdraw ID | revoke ID [--lost]";

#define LISTED_MAX 256 /* more than issue: those that have expired, too */

/* --- add -------------------------------------------------------------------------- */

static struct signer *
find_module(struct worker *w, const char *name, struct err *e)
{
	struct signer *s;

	if (w->signers == 0) {
		err_set(e, ERR_CONFIG, "postaged.conf has no [module NAME]");
		return NULL;
	}
	if (name == NULL)
		return w->signer[0];
	s = worker_signer(w, name);
	if (s == NULL)
		err_set(
		    e, ERR_REQUEST, "postaged.conf has no [module %s]", name);
	return s;
}

static bool
add_one(struct worker *w, const struct enrol *setup, uint32_t *serial,
    struct err *e)
{
	return signer_follows(setup->signer)
		   ? enrol_card(w, setup->account, setup->signer, serial, e)
		   : enrol_psd(w, setup, serial, e);
}

static bool
add(struct verb_work *work, const char *account, const char *module, long count,
    struct err *e)
{
	const struct config *c = &work->p->config;
	struct enrol setup = {.authority = work->p->authority,
	    .min_stamp = c->min_stamp,
	    .max_stamp = c->max_stamp,
	    .max_descending = c->max_descending,
	    .years = c->psd_years};
	char id[PSD_ID];
	struct account a;
	uint32_t serial;

	setup.signer = find_module(work->w, module, e);
	if (setup.signer == NULL ||
	    !store_account_find(work->w->store, account, &a, e))
		return false;
	setup.account = a.id;
	for (long i = 0; i < count; i++) {
		if (!add_one(work->w, &setup, &serial, e))
			return false;
		printf("PSD %s: of account %s, its key in module %s\n",
		    worker_psd_id(work->w, serial, id), account,
		    signer_name(setup.signer));
	}
	return true;
}

/* --- enrol ------------------------------------------------------------------------- */

static bool
enrol(struct worker *w, const char *account, const char *path, struct err *e)
{
	struct cert *certificate = NULL;
	struct account a;
	uint32_t serial;
	char id[PSD_ID];
	bool good;

	if (path == NULL)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	good = authority_read_cert(path, &certificate, e) &&
	       store_account_find(w->store, account, &a, e) &&
	       field_enrol(w, a.id, certificate, &serial, e);
	if (good)
		printf("PSD %s: of account %s, in the field\n",
		    worker_psd_id(w, serial, id), account);
	cert_free(certificate);
	return good;
}

/* --- list -------------------------------------------------------------------------- */

static bool
show(struct worker *w, const struct psd_here *psd, struct err *e)
{
	char id[PSD_ID], spent[MILS_TEXT], left[MILS_TEXT], date[DATE_TEXT];
	struct psd_row row;
	bool found;

	store_psd_row_ask(w->store, psd->serial, STORE_LOOK);
	if (!store_psd_row_get(w->store, &row, &found, e) || !found)
		return false;
	printf("%s  module %-12s spent %12s  left %12s  pieces %lu  %s %s\n",
	    worker_psd_id(w, psd->serial, id), psd->module,
	    mils_format(row.psd.ascending, spent),
	    mils_format(psd_descending(&row.psd), left),
	    (unsigned long)row.psd.piece_count,
	    psd->expires < worker_today(w) ? "expired" : "until",
	    date_format(psd->expires, date));
	return true;
}

/* Those that have ended, and whose cards have not told. */
static bool
show_ending(
    struct worker *w, int64_t account, struct psd_here *psd, struct err *e)
{
	char id[PSD_ID], left[MILS_TEXT];
	struct psd_row row;
	size_t count;
	bool found;

	if (!store_psd_ending(w->store, 0, account, psd, LISTED_MAX, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		store_psd_row_ask(w->store, psd[i].serial, STORE_LOOK);
		if (!store_psd_row_get(w->store, &row, &found, e))
			return false;
		printf("%s  module %-12s at its end: %s waits for its card\n",
		    worker_psd_id(w, psd[i].serial, id), psd[i].module,
		    mils_format(psd_descending(&row.psd), left));
	}
	return true;
}

static bool
list(struct worker *w, const char *account, struct err *e)
{
	struct psd_here *psd = calloc(LISTED_MAX, sizeof(*psd));
	struct account a;
	size_t count = 0;
	bool good = psd != NULL &&
		    store_account_find(w->store, account, &a, e) &&
		    store_psd_list(w->store, a.id, psd, LISTED_MAX, &count, e);

	for (size_t i = 0; good && i < count; i++)
		good = show(w, &psd[i], e);
	good = good && show_ending(w, a.id, psd, e);
	free(psd);
	return good;
}

/* --- states ------------------------------------------------------------------------ */

/* "XXPS0000000001", or its number alone. */
static bool
parse_psd(const char *text, uint32_t *serial, struct err *e)
{
	uint64_t n;

	if (strlen(text) == PSD_ID - 2 && text[0] > '9')
		text += 4;
	if (!text_to_u64(text, UINT32_MAX, &n))
		return err_set(e, ERR_REQUEST, "\"%s\" is no PSD", text);
	*serial = (uint32_t)n;
	return true;
}

/* What a verb did that the card has to do too. */
struct change {
	const char *verb, *id;
	bool lost;
	uint32_t serial;
	struct psd_end end;
};

static void
print_back(mils back)
{
	char sum[MILS_TEXT];

	if (back > 0)
		printf("%s went back to the account's credit\n",
		    mils_format(back, sum));
}

static bool
change(struct worker *w, struct change *c, struct err *e)
{
	static const struct {
		const char *verb, *state;
	} states[] = {{"withhold", "withheld"}, {"release", "operational"},
	    {"withdraw", "withdrawn"}, {"revoke", "revoked"}};

	if (c->lost && strcmp(c->verb, "revoke") == 0)
		return parse_psd(c->id, &c->serial, e) &&
		       psd_end_lost(w, c->serial, &c->end, e);
	for (size_t i = 0; !c->lost && i < sizeof(states) / sizeof(states[0]);
	     i++)
		if (strcmp(states[i].verb, c->verb) == 0)
			return parse_psd(c->id, &c->serial, e) &&
			       psd_end_set(
				   w, c->serial, states[i].state, &c->end, e);
	return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
}

/* It is in the books; a server that has the card goes on trying. */
static bool
tell_card(struct program *p, const struct change *c, struct err *e)
{
	struct err away = ERR_INIT;
	struct verb_work work;
	char sum[MILS_TEXT];
	bool good = verb_look(p, &work, e);
	mils back = 0;

	if (good) {
		store_rollback(work.w->store);
		if (psd_end_card(work.w, c->serial, &back, &away))
			print_back(back);
		else
			printf("%s goes back when its card has told that it "
			       "is at its end: %s\n",
			    mils_format(c->end.waits, sum), away.text);
		good = store_begin(work.w->store, STORE_READ, e);
	}
	return verb_done(&work, good, e);
}

bool
verb_psd(struct program *p, int argc, char **argv, struct err *e)
{
	const char *module = verb_option(&argc, argv, "--module");
	const char *number = verb_option(&argc, argv, "--count");
	const char *certificate = verb_option(&argc, argv, "--certificate");
	struct change c = {.lost = verb_flag(&argc, argv, "--lost")};
	long count = number ? strtol(number, NULL, 10) : 1;
	struct verb_work work;
	bool good;

	if (!verb_words(argc, argv, 3, 3, usage, e))
		return false;
	if (count < 1 || count > PSDS_MAX)
		return err_set(e, ERR_REQUEST, "--count: 1 to %d", PSDS_MAX);
	if ((strcmp(argv[1], "add") == 0 || strcmp(argv[1], "enrol") == 0) &&
	    !verb_needs_keys(p, e))
		return false;
	good = strcmp(argv[1], "list") == 0 ? verb_look(p, &work, e)
					    : verb_begin(p, &work, e);
	if (good && strcmp(argv[1], "add") == 0)
		good = add(&work, argv[2], module, count, e);
	else if (good && strcmp(argv[1], "enrol") == 0)
		good = enrol(work.w, argv[2], certificate, e);
	else if (good && strcmp(argv[1], "list") == 0)
		good = list(work.w, argv[2], e);
	else if (good) {
		c.verb = argv[1];
		c.id = argv[2];
		good = change(work.w, &c, e);
	}
	good = verb_done(&work, good, e);
	if (good)
		print_back(c.end.back);
	return good && (!c.end.card || tell_card(p, &c, e));
}
