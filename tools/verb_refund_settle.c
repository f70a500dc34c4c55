/* SPDX-License-Identifier: Apache-2.0 */
/* postage refund settle, check: the provider's answer; what a request says. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "dispense/refunds.h"
#include "tools/as_owner.h"
#include "tools/named_file.h"
#include "tools/verb_refund.h"
#include "vault/lab.h"
#include "vault/remote_value.h"

#define PROVIDER_MS 60000

/* --- settle ------------------------------------------------------------------------------ */

/* The provider's signature, by its certificate here. */
static bool
check_answer(
    const struct arguments *a, const char *text, size_t len, struct err *e)
{
	struct cert_store *store = NULL;
	struct refund_answer answer;
	char vendor[3];
	bool good;

	if (!refund_parse_answer(text, len, &answer, e))
		return false;
	snprintf(vendor, sizeof(vendor), "%.2s", answer.psd_id);
	good = cert_store_open(a->settings.certificates, &store, e) &&
	       ((answer.is_signed &&
		    cert_store_verify(store, vendor, date_local(time(NULL)),
			text, answer.body_len, answer.signature)) ||
		   err_set(e, ERR_DENIED,
		       "the answer does not bear the signature of provider %s",
		       vendor));
	cert_store_free(store);
	refund_free_answer(&answer);
	return good;
}

/* The token is the caller's to read. */
static bool
ask_provider(struct arguments *a, const struct books_request *r, char **text,
    size_t *len, struct err *e)
{
	struct remote_value provider = {.link = {.front = 0}};
	bool done = as_caller(e) &&
		    remote_value_open(&provider, a->provider, PROVIDER_MS, e) &&
		    as_owner(a->settings.vault_uri, e) &&
		    remote_value_refund(&provider, r->psd_id, r->text,
			strlen(r->text), text, len, e);

	remote_value_close(&provider);
	if (done && *text == NULL)
		return err_set(e, ERR_BUSY,
		    "the provider has the list, and nobody there has said yes "
		    "or no yet: settle it later");
	return done;
}

/* Its registers are at the provider: that is asked, and believed for its
 * certificate. */
static bool
look(const struct arguments *a, const struct books_request *r, char **text,
    size_t *len, struct err *e)
{
	struct vault_refund now = {.number = 0};
	struct vault *v = NULL;
	bool done;

	if (a->answer || a->provider)
		return err_set(e, ERR_REQUEST,
		    "request %" PRIu32 " was asked for at the provider of its "
		    "vault: settle it without --answer and --provider",
		    r->number);
	done = reach_vault(&a->settings, true, &v, e) &&
	       refunds_look(v, r, &now, text, len, e);
	vault_close(v);
	if (done && *text == NULL)
		return err_set(e, ERR_BUSY,
		    "the provider has the list, and %" PRIu32 " of %" PRIu32
		    " persons there have said yes: settle it later",
		    now.approvals, now.needs);
	return done;
}

static bool
get_answer(struct arguments *a, const struct books_request *r, char **text,
    size_t *len, struct err *e)
{
	struct lab *lab = NULL;
	bool done;

	if (a->answer)
		return named_file_read(
			   a->answer, REFUND_TEXT_MAX, text, len, e) &&
		       as_owner(a->settings.vault_uri, e);
	if (a->provider)
		return ask_provider(a, r, text, len, e);
	done = lab_open(a->reach.lab, &lab, e) &&
	       lab_refund(lab, r->text, strlen(r->text), text, len, e);
	lab_close(lab);
	return done;
}

static bool
settle(struct arguments *a, struct journal *j, struct books_request *r,
    struct err *e)
{
	char name[USER_MAX], *text = NULL;
	struct books_by by = books_by_person(name);
	size_t len = 0;
	bool done;

	done = r->by_provider ? look(a, r, &text, &len, e)
			      : get_answer(a, r, &text, &len, e) &&
				    check_answer(a, text, len, e);
	done = done && journal_begin(j, e) &&
	       books_settle(j, r, text, len, &by, e) && journal_commit(j, e);
	journal_abort(j);
	free(text);
	return done;
}

/* The granted value comes by value download; the provider knows which, and
 * gives no second one. */
static bool
fetch(struct arguments *a, struct journal *j, const struct books_request *r,
    bool *fetched, struct err *e)
{
	const struct lab_granted what = {r->psd_id, r->number, r->granted};
	struct vault *v = NULL;
	struct lab *lab = NULL;
	uint32_t sequence;

	*fetched = r->credit >= 0;
	if (r->granted == 0 || r->by_provider || a->answer || a->provider ||
	    *fetched)
		return true;
	if (!reach_vault(&a->settings, true, &v, e))
		return false;
	*fetched = lab_open(a->reach.lab, &lab, e) &&
		   lab_credit(lab, v, &what, &sequence, e) &&
		   books_credit(j, r->id, sequence, e);
	lab_close(lab);
	vault_close(v);
	return *fetched;
}

int
verb_refund_settle(struct arguments *a, char **words)
{
	struct books_request r = {.id = 0}, now = {.id = 0};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	bool fetched = false;
	struct out *o;
	bool done = books_open(&a->settings, false, &j, &e) &&
		    verb_refund_load(j, words[0], &r, &e) &&
		    settle(a, j, &r, &e) &&
		    verb_refund_load(j, words[0], &now, &e) &&
		    fetch(a, j, &now, &fetched, &e);

	books_request_free(&r);
	books_request_free(&now);
	journal_close(j);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	verb_refund_fields(o, &now);
	out_flag(o, "downloaded", NULL, fetched);
	if (fetched)
		out_note(o, "The value was downloaded into the vault.");
	else if (now.granted > 0 && now.by_provider)
		out_note(o, "The value is in the account again.");
	else if (now.by_provider)
		out_note(o, "The provider refused it.");
	else if (now.granted > 0)
		out_note(o, "The provider credits it: postage vault refill");
	return out_close(o);
}

/* --- check -------------------------------------------------------------------------------- */

int
verb_refund_check(struct arguments *a, char **words)
{
	struct cert_store *store = NULL;
	struct refund_request message;
	struct refund_list list = {.count = 0};
	struct err e = ERR_INIT;
	char *text = NULL, sum[MILS_TEXT];
	struct out *o = NULL;
	size_t len;
	bool done =
	    named_file_read(words[0], REFUND_TEXT_MAX, &text, &len, &e) &&
	    refund_parse(text, len, &list, &e) &&
	    cert_store_open(a->settings.certificates, &store, &e) &&
	    refund_check(&list, store, &message, &e);

	if (done) {
		o = out_open(a->options);
		out_text(o, "psd", "PSD", list.psd_id);
		out_number(o, "number", "Number", message.number);
		out_date(o, "date", "Date", list.date);
		out_number(o, "stamps", "Stamps", list.count);
		out_sum(o, "total", "Asked for", list.total);
		out_text(o, "ascending", "Spent in all",
		    mils_format(message.ascending, sum));
		verb_refund_stamps(o, &list, NULL);
		out_flag(o, "good", NULL, true);
		out_note(o, "The PSD signed this list and each of its stamps.");
	}
	cert_store_free(store);
	refund_free(&list);
	free(text);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}
