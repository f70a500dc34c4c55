/* SPDX-License-Identifier: Apache-2.0 */
/* postage journal check, adopt: does it agree with the vault, and what then. */
#include "dispense/dispense.h"
#include "tools/as_owner.h"
#include "tools/out.h"
#include "tools/verb_journal.h"

/* --- check ---------------------------------------------------------------------- */

static const struct out_column finding_columns[] = {
    {"finding", "Finding", OUT_TEXT},
};

static void
finding(void *context, const char *sentence)
{
	out_cell_clean(context, sentence);
}

int
verb_journal_check(struct arguments *a, char **words)
{
	struct psd_status psd, *at_hand = NULL;
	struct err e = ERR_INIT, no_vault = ERR_INIT;
	struct journal *j = NULL;
	struct vault *v = NULL;
	struct out *o;
	size_t findings = 0;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e) && e.kind != ERR_ABSENT)
		return out_fail(a->options, NULL, &e);
	if (vault_open(a->settings.vault_uri, a->settings.wait_s * 1000, &v,
		&no_vault) &&
	    vault_status(v, &psd, &no_vault))
		at_hand = &psd;
	vault_close(v);
	o = out_open(a->options);
	out_table(o, "findings", OUT_COLUMNS(finding_columns));
	if (j == NULL) {
		findings = at_hand && psd.ascending > 0;
		if (findings)
			finding(o, "the vault has spent value, and there is no "
				   "journal");
	} else if (!journal_check(j, at_hand, finding, o, &findings, &e)) {
		journal_close(j);
		return out_fail(a->options, o, &e);
	}
	journal_close(j);
	if (at_hand == NULL)
		out_text(
		    o, "vault", "Not compared with the vault", no_vault.text);
	out_flag(
	    o, "clean", findings ? NULL : "The books are right", findings == 0);
	out_close(o);
	return findings != 0;
}

/* --- adopt ---------------------------------------------------------------------- */

int
verb_journal_adopt(struct arguments *a, char **words)
{
	char name[USER_MAX];
	struct books_by by = books_by_person(name);
	struct books_adopted adopted;
	struct err e = ERR_INIT;
	struct dispense *d = NULL;
	struct out *o;
	bool done = as_owner(a->settings.vault_uri, &e) &&
		    dispense_open(&a->settings, &d, &e) &&
		    dispense_adopt(d, &by, &adopted, &e);

	(void)words;
	dispense_close(d);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_number(o, "stamps", "Stamps booked", adopted.count);
	out_sum(o, "sum", "Their value", adopted.sum);
	out_sum(o, "lost", "Spent, not known on what", adopted.lost);
	out_number(o, "uncertain", "Documents to look at", adopted.doubtful);
	out_note(o,
	    "What may have been printed since is uncertain now, also what was "
	    "paid in part: postage journal list");
	return out_close(o);
}
