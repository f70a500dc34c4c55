/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_card.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "tools/as_owner.h"
#include "vault/card_link.h"
#include "vault/trust.h"
#include "vault/vault.h"

#define WAIT_MS	    2000 /* for a job that has the card now */
#define AUDIT_DAYS  14	 /* before it is due */
#define DETAIL_MAX  512
#define VIRTUAL	    "Virtual PCD" /* readers of vsmartcard */
#define POLICY_FILE "/usr/share/polkit-1/rules.d/50-cups-postage.rules"

struct look {
	const struct settings *s;
	const struct vault_choice *choice;
	uint32_t today;
	rules_fn *fn;
	void *context;
	struct vault *vault;
	struct psd_status status;
};

static bool
say(const struct look *l, const char *what, bool good, const char *detail,
    const char *remedy)
{
	l->fn(l->context, what, good, detail, good ? "" : remedy);
	return good;
}

/* --- readers -------------------------------------------------------------------- */

static const char *
reader_remedy(enum err_kind kind)
{
	switch (kind) {
	case ERR_ABSENT:
		return "apt install pcscd, then systemctl enable --now "
		       "pcscd.socket";
	case ERR_DENIED:
		return POLICY_FILE
		    " lets user postage in: install the package again, then "
		    "systemctl restart polkit";
	case ERR_BUSY: return "systemctl restart pcscd";
	default: return "journalctl -u pcscd says more";
	}
}

/* Their names and what is in them; *real = one is no virtual one. */
static void
list(const struct card_reader *readers, size_t count, char out[DETAIL_MAX],
    bool *real)
{
	size_t len = 0;

	out[0] = '\0';
	*real = false;
	for (size_t i = 0; i < count && len < DETAIL_MAX; i++) {
		int n = snprintf(out + len, DETAIL_MAX - len, "%s%s (%s)",
		    i > 0 ? ", " : "", readers[i].name,
		    readers[i].present ? "card" : "empty");

		len += n > 0 ? (size_t)n : 0;
		*real = *real ||
			strncmp(readers[i].name, VIRTUAL, strlen(VIRTUAL)) != 0;
	}
}

/* The two virtual readers are always there: a machine that has no others has a
 * lab's card at most. */
static bool
check_readers(const struct look *l)
{
	struct card_reader readers[CARD_READERS_MAX];
	struct card_link *link = NULL;
	char detail[DETAIL_MAX];
	struct err e = ERR_INIT;
	size_t count = 0;
	bool real, any = false;

	if (!card_link_open(NULL, WAIT_MS, &link, &e) ||
	    !card_link_readers(link, readers, &count, &e)) {
		card_link_close(link);
		return say(
		    l, "card readers", false, e.text, reader_remedy(e.kind));
	}
	card_link_close(link);
	if (count == 0)
		return say(l, "card readers", false, "there is none",
		    "plug one in; pcsc_scan shows what pcscd sees, libccid "
		    "lists what it knows");
	list(readers, count, detail, &real);
	for (size_t i = 0; i < count; i++)
		any = any || readers[i].present;
	return say(l, "card readers", any, detail,
	    real ? "put the card in"
		 : "these are the virtual readers of vsmartcard: plug a reader "
		   "in, or start postage-labcard");
}

/* --- the card --------------------------------------------------------------------- */

static const char *
card_remedy(enum err_kind kind)
{
	switch (kind) {
	case ERR_ABSENT:
		return "put that card in, or name another in postage.conf; "
		       "postage vault create makes a PSD of a blank one";
	case ERR_BUSY: return "another program has it: try again, or end it";
	case ERR_DENIED: return reader_remedy(kind);
	case ERR_CORRUPT: return "do not use it: send it to the provider";
	default: return "journalctl -u pcscd says more";
	}
}

static bool
check_card(struct look *l)
{
	char detail[DETAIL_MAX], left[MILS_TEXT];
	struct err e = ERR_INIT;

	if (!vault_open(l->choice->uri, WAIT_MS, &l->vault, &e) ||
	    !vault_status(l->vault, &l->status, &e))
		return say(l, "card", false, e.text, card_remedy(e.kind));
	snprintf(detail, sizeof(detail), "%s%s%010lu, %s left",
	    l->status.vendor, l->status.model, (unsigned long)l->status.serial,
	    mils_format(l->status.descending, left));
	return say(l, "card", true, detail, "");
}

static void
check_trust(const struct look *l)
{
	struct err e = ERR_INIT;
	bool good = trust_check(l->vault, l->s->certificates, l->today, &e);

	say(l, "card's certificate", good,
	    good ? "leads to an authority" : e.text,
	    "put the provider's certificates into that folder; if they are "
	    "there, this is not the provider's card");
}

static void
check_life(const struct look *l)
{
	const struct psd_status *p = &l->status;
	char detail[DETAIL_MAX], date[DATE_TEXT];
	uint32_t soon = date_add(l->today, AUDIT_DAYS);

	if (p->life == PSD_WITHDRAWN || p->expires < l->today) {
		snprintf(detail, sizeof(detail), "%s",
		    p->life == PSD_WITHDRAWN ? "withdrawn by the provider"
					     : "it has expired");
		say(l, "card's life", false, detail,
		    "ask the provider for another");
	} else if (p->audit_due == 0) {
		say(l, "card's audit", true, "never due", "");
	} else {
		snprintf(detail, sizeof(detail), "due on %s",
		    date_format(p->audit_due, date));
		say(l, "card's audit",
		    p->life == PSD_OPERATIONAL && p->audit_due >= soon, detail,
		    "postage vault audit, before the card stops");
	}
}

static void
check_pin(const struct look *l)
{
	const struct psd_status *p = &l->status;
	char detail[DETAIL_MAX];

	if (!p->pin_required) {
		say(l, "card's PIN", true, "none is set", "");
		return;
	}
	snprintf(detail, sizeof(detail), "%u of %d tries left, PUK %u",
	    p->pin_tries_left, PSD_PIN_TRIES, p->puk_tries_left);
	if (p->pin_tries_left == 0)
		say(l, "card's PIN", false, "blocked",
		    "its PUK brings it back; without one, the provider must "
		    "replace the card");
	else if (l->choice->pin_file[0] == '\0')
		say(l, "card's PIN", false, "the card wants one",
		    "name its file as pin-file in postage.conf");
	else
		say(l, "card's PIN", p->pin_tries_left == PSD_PIN_TRIES, detail,
		    "wrong ones were given: look at the file that pin-file "
		    "names; the right PIN brings all tries back");
}

void
doctor_card(const struct settings *s, const struct vault_choice *choice,
    uint32_t today, rules_fn *fn, void *context)
{
	struct look l = {s, choice, today, fn, context, NULL, {.serial = 0}};
	struct err e = ERR_INIT;

	if (!as_owner(choice->uri, &e)) {
		say(&l, "card readers", false, e.text, "");
		return;
	}
	if (check_readers(&l) && check_card(&l)) {
		check_trust(&l);
		check_life(&l);
		check_pin(&l);
	}
	vault_close(l.vault);
	if (!as_caller(&e))
		say(&l, "card readers", false, e.text, "");
}
