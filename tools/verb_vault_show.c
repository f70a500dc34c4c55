/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault status: what a vault says of itself */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "tools/verb_vault.h"
#include "vault/message.h"

static const char *
life_text(const struct psd_status *s, uint32_t today)
{
	switch (s->life) {
	case PSD_CREATED: return "made, without a key";
	case PSD_INITIALISED: return "has a key, no licence";
	case PSD_OPERATIONAL:
		return s->expires < today ? "expired" : "operational";
	case PSD_LOCKED:
		return s->audit_due != 0 && today > s->audit_due
			   ? "locked: audit overdue"
			   : "locked: withheld by the provider";
	case PSD_WITHDRAWN: return "withdrawn";
	default: return "?";
	}
}

static void
show_pin(struct out *o, const struct psd_status *s)
{
	char text[64] = "none";

	if (s->pin_required && s->pin_tries_left == 0)
		snprintf(text, sizeof(text), "blocked");
	else if (s->pin_required)
		snprintf(text, sizeof(text), "required, %d tries left",
		    s->pin_tries_left);
	out_text(o, "pin", "PIN", text);
	out_number(o, "pin_tries_left", NULL, s->pin_tries_left);
}

static void
show_status(struct out *o, const struct vault *v, const struct psd_status *s)
{
	uint32_t today = date_local(time(NULL));
	char id[PSD_ID];
	struct message_psd psd = {.serial = s->serial};

	memcpy(psd.vendor, s->vendor, sizeof(psd.vendor));
	memcpy(psd.model, s->model, sizeof(psd.model));
	out_text(o, "vault", "Vault", vault_name(v));
	out_text(o, "psd", "PSD", message_psd_id(&psd, id));
	out_text(o, "life", "State", life_text(s, today));
	out_sum(o, "descending", "Value left", s->descending);
	out_sum(o, "ascending", "Spent in all", s->ascending);
	out_sum(o, "control_total", "Control total", s->control_total);
	out_number(o, "piece_count", "Pieces", s->piece_count);
	out_sum(o, "min_stamp", "Smallest stamp", s->min_stamp);
	out_sum(o, "max_stamp", "Biggest stamp", s->max_stamp);
	out_sum(o, "max_descending", "Holds at most", s->max_descending);
	out_date(o, "expires", "Expires", s->expires);
	out_date(o, "audit_due", "Audit due", s->audit_due);
	out_number(o, "download_sequence", "Downloads", s->download_sequence);
	out_number(o, "licence", "Licence", s->licence);
	out_number(o, "cert_serial", "Certificate", s->cert_serial);
	show_pin(o, s);
	out_flag(o, "lab", NULL, s->lab);
	if (s->lab)
		out_note(o, "A lab's PSD: its stamps say SPECIMEN and are "
			    "worth nothing.");
	if (strncmp(vault_name(v), "file:", 5) == 0)
		out_note(o, "A file can be copied and an old copy put back; "
			    "only the provider's books would show it.");
}

int
verb_vault_finish(
    struct arguments *a, struct vault *v, bool done, struct err *e)
{
	struct psd_status status;
	struct out *o;

	if (!done || !vault_status(v, &status, e)) {
		vault_close(v);
		return out_fail(a->options, NULL, e);
	}
	o = out_open(a->options);
	show_status(o, v, &status);
	vault_close(v);
	return out_close(o);
}

int
verb_vault_status(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	bool done = reach_vault(&a->settings, false, &v, &e);

	(void)words;
	return verb_vault_finish(a, v, done, &e);
}
