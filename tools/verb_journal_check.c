/* SPDX-License-Identifier: Apache-2.0 */
/* postage journal check, adopt: does it agree with the vault, and what then. */
#include <string.h>

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

/* The vaults that can be asked; `out` says of each other one why not. */
struct at_hand {
	struct psd_status psd[POOL_MAX];
	size_t count;
	char missing[POOL_MAX][sizeof(((struct err *)0)->text)];
	size_t missing_count;
};

static void
ask_vaults(const struct settings *s, struct at_hand *out)
{
	const struct queue_settings all = {.vaults = ""};
	struct vault_choice choice[POOL_MAX];
	size_t count = settings_vaults(s, &all, choice);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++) {
		struct err e = ERR_INIT;
		struct vault *v = NULL;

		if (vault_open(choice[i].uri, s->wait_s * 1000, &v, &e) &&
		    vault_status(v, &out->psd[out->count], &e))
			out->count++;
		else
			memcpy(out->missing[out->missing_count++], e.text,
			    sizeof(e.text));
		vault_close(v);
	}
}

static bool
any_spent(const struct at_hand *at_hand)
{
	for (size_t i = 0; i < at_hand->count; i++)
		if (at_hand->psd[i].ascending > 0)
			return true;
	return false;
}

int
verb_journal_check(struct arguments *a, char **words)
{
	static struct at_hand at_hand;
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	size_t findings = 0;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e) && e.kind != ERR_ABSENT)
		return out_fail(a->options, NULL, &e);
	ask_vaults(&a->settings, &at_hand);
	o = out_open(a->options);
	out_table(o, "findings", OUT_COLUMNS(finding_columns));
	if (j == NULL) {
		findings = any_spent(&at_hand);
		if (findings)
			finding(o, "the vault has spent value, and there is no "
				   "journal");
	} else if (!journal_check(j, at_hand.psd, at_hand.count, finding, o,
		       &findings, &e)) {
		journal_close(j);
		return out_fail(a->options, o, &e);
	}
	journal_close(j);
	for (size_t i = 0; i < at_hand.missing_count; i++)
		out_text(o, "vault", "Not compared with the vault",
		    at_hand.missing[i]);
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
