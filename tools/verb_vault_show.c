/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault status: what a vault says of itself */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "stamp/cert.h"
#include "tools/verb_vault.h"
#include "vault/message.h"

const char *
verb_vault_life(const struct psd_status *s)
{
	uint32_t today = date_local(time(NULL));

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

const char *
verb_vault_psd(const struct psd_status *s, char out[PSD_ID])
{
	struct message_psd psd = {.serial = s->serial};

	memcpy(psd.vendor, s->vendor, sizeof(psd.vendor));
	memcpy(psd.model, s->model, sizeof(psd.model));
	return message_psd_id(&psd, out);
}

static void
show_secrets(struct out *o, const char *uri, const struct psd_status *s)
{
	char text[64] = "none";

	if (strncmp(uri, "hsm:", 4) == 0 && s->pin_required) {
		out_text(o, "pin", "PIN", "required, counted by the token");
		out_flag(o, "pin_required", NULL, true);
		return;
	}
	if (s->pin_required && s->pin_tries_left == 0)
		snprintf(text, sizeof(text), "blocked");
	else if (s->pin_required)
		snprintf(text, sizeof(text), "required, %d %s left",
		    s->pin_tries_left,
		    s->pin_tries_left == 1 ? "try" : "tries");
	out_text(o, "pin", "PIN", text);
	out_flag(o, "pin_required", NULL, s->pin_required);
	out_number(o, "pin_tries_left", NULL, s->pin_tries_left);
	snprintf(text, sizeof(text), "none, or its tries are used up");
	if (s->puk_tries_left > 0)
		snprintf(text, sizeof(text), "%d %s left", s->puk_tries_left,
		    s->puk_tries_left == 1 ? "try" : "tries");
	out_text(o, "puk_state", vault_has_puk(uri) ? "PUK" : NULL,
	    vault_has_puk(uri) ? text : NULL);
	out_number(o, "puk_tries_left", NULL, s->puk_tries_left);
}

static void
show_cert(struct out *o, struct vault *v)
{
	uint8_t der[CERT_MAX];
	struct cert *c = NULL;
	struct err ignored = ERR_INIT;
	size_t len;

	if (vault_certificate(v, der, sizeof(der), &len, &ignored) &&
	    cert_parse(der, len, &c, &ignored))
		out_date(
		    o, "cert_expires", "Certificate until", cert_not_after(c));
	else
		out_text(o, "cert_expires", "Certificate until", NULL);
	cert_free(c);
}

/* How far an old copy is from being taken for the vault. */
static void
show_guard(struct out *o, const struct vault_guard *g)
{
	char text[GUARD_URI + GUARD_MAKER + 16];

	if (g->by_itself)
		return;
	if (g->uri[0] == '\0') {
		out_text(o, "guard", "Guard", "none");
		return;
	}
	snprintf(text, sizeof(text), "%s (%s)", g->uri, g->maker);
	out_text(o, "guard", "Guard", text);
	out_number(o, "guard_count", "Changes counted", (int64_t)g->count);
	out_flag(o, "guard_software", NULL, g->software);
	out_note(o, g->software
			? "The guard is software: an old copy of the file is "
			  "refused, but whoever owns the host can put back the "
			  "guard with it."
			: "An old copy of the file is refused. Who can change "
			  "this computer's programs is not kept out.");
}

static void
show_status(struct out *o, struct vault *v, const struct psd_status *s,
    const struct vault_guard *g)
{
	const char *caution = g->uri[0] == '\0' ? vault_caution(v) : "";
	char id[PSD_ID];

	out_text(o, "vault", "Vault", vault_name(v));
	out_text(o, "psd", "PSD", verb_vault_psd(s, id));
	out_text(o, "life", "State", verb_vault_life(s));
	if (vault_reason(v)[0] != '\0')
		out_text(o, "reason", "Reason", vault_reason(v));
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
	out_number(
	    o, "cert_serial", s->pooled ? NULL : "Certificate", s->cert_serial);
	show_cert(o, v);
	show_secrets(o, vault_name(v), s);
	show_guard(o, g);
	out_flag(o, "lab", NULL, s->lab);
	out_text(o, "caution", NULL, caution[0] != '\0' ? caution : NULL);
	if (s->lab)
		out_note(o, "A lab's PSD: its stamps say SPECIMEN and are "
			    "worth nothing.");
	if (caution[0] != '\0')
		out_note(o, "%s", caution);
}

int
verb_vault_finish(const struct arguments *a, struct out *o, struct vault *v,
    bool done, struct err *e)
{
	struct psd_status status;
	struct vault_guard guard;

	if (!done || !vault_status(v, &status, e) ||
	    !vault_guard(v, &guard, e)) {
		vault_close(v);
		return out_fail(a->options, o, e);
	}
	if (o == NULL)
		o = out_open(a->options);
	show_status(o, v, &status, &guard);
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
	return verb_vault_finish(a, NULL, v, done, &e);
}
