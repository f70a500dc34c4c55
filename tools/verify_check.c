/* SPDX-License-Identifier: Apache-2.0 */
/* verify_check: a verdict on the bytes of one stamp. */
#include "tools/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"

/* A mail date this far ahead is no advance dating any more. */
#define AHEAD_DAYS 90

static const char *const verdict_names[VERDICTS] = {
    [VERDICT_VALID] = "VALID",
    [VERDICT_VALID_OFFLINE] = "VALID-OFFLINE",
    [VERDICT_DUPLICATE] = "DUPLICATE",
    [VERDICT_EXPIRED] = "EXPIRED",
    [VERDICT_REVOKED] = "REVOKED",
    [VERDICT_BAD_SIGNATURE] = "BAD-SIGNATURE",
    [VERDICT_UNKNOWN_ISSUER] = "UNKNOWN-ISSUER",
    [VERDICT_UNREADABLE] = "UNREADABLE",
    [VERDICT_SPECIMEN] = "SPECIMEN",
    [VERDICT_SPOILED] = "SPOILED",
    [VERDICT_REFUNDED] = "REFUNDED",
    [VERDICT_NOT_ISSUED] = "NOT-ISSUED",
};

const char *
verdict_name(enum verdict v)
{
	return (unsigned)v < VERDICTS ? verdict_names[v] : "?";
}

bool
check_is_text(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((bytes[i] < 0x20 || bytes[i] > 0x7e) && bytes[i] != '\n' &&
		    bytes[i] != '\r' && bytes[i] != '\t')
			return false;
	return true;
}

bool
check_is_lab(const struct indicium *in)
{
	return indicium_is_ours(in) && strcmp(in->vendor, "XX") == 0;
}

static void give(struct judged *out, enum verdict v, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
give(struct judged *out, enum verdict v, const char *fmt, ...)
{
	va_list ap;

	out->verdict = v;
	va_start(ap, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
}

static bool
is_specimen(const struct indicium *in)
{
	static const uint8_t zero[INDICIUM_SIGNATURE];

	return (in->has & HAS_KIND && in->kind == INDICIUM_SPECIMEN) ||
	       memcmp(in->signature, zero, sizeof(zero)) == 0;
}

/* Issuer and signature.  True if both are good. */
static bool
check_issuer(const struct check_rules *rules, const uint8_t *bytes, size_t len,
    struct judged *out)
{
	const struct indicium *in = &out->in;
	char id[INDICIUM_PSD_ID], why[256];
	const struct cert *psd;
	enum cert_state state;

	indicium_psd_id(in, id);
	psd = cert_store_find(rules->certificates, in->cert_serial, id);
	if (psd == NULL) {
		give(out, VERDICT_UNKNOWN_ISSUER,
		    "no certificate %u of PSD %s here: --online fetches it "
		    "from its provider",
		    in->cert_serial, id);
		return false;
	}
	state = cert_store_check(rules->certificates, psd, in->mail_date, why);
	if (state == CERT_UNKNOWN)
		give(out, VERDICT_UNKNOWN_ISSUER, "%s", why);
	else if (!sig_verify(cert_key(psd), bytes, len - INDICIUM_SIGNATURE,
		     in->signature))
		give(out, VERDICT_BAD_SIGNATURE,
		    "the bytes are not what PSD %s signed", id);
	else if (state == CERT_REVOKED)
		give(out, VERDICT_REVOKED, "%s", why);
	else if (state == CERT_OUTDATED)
		give(out, VERDICT_EXPIRED, "%s (mail date %u)", why,
		    in->mail_date);
	else
		return true;
	return false;
}

static bool
check_dates(const struct check_rules *rules, struct judged *out)
{
	const struct indicium *in = &out->in;
	char text[DATE_TEXT];
	uint32_t last;

	if (!date_valid(in->mail_date)) {
		give(out, VERDICT_EXPIRED, "mail date %u is no date",
		    in->mail_date);
		return false;
	}
	last = in->has & HAS_MAILBY
		   ? in->mailby
		   : date_add(in->mail_date, rules->window_days);
	if (rules->today > last)
		give(out, VERDICT_EXPIRED, "was to be mailed by %s",
		    date_format(last, text));
	else if (in->has & HAS_EXPIRY && in->mail_date > in->psd_expires)
		give(out, VERDICT_EXPIRED, "its PSD expired on %s",
		    date_format(in->psd_expires, text));
	else if (in->mail_date > date_add(rules->today, AHEAD_DAYS))
		give(out, VERDICT_EXPIRED,
		    "mail date %s is more than %d days ahead",
		    date_format(in->mail_date, text), AHEAD_DAYS);
	else
		return true;
	return false;
}

/* True if the books say nothing against it.  A date correction has no value to
 * give back, and the register of the stamp before it. */
static bool
check_books(const struct check_rules *rules, struct judged *out, bool *good,
    struct err *e)
{
	const struct indicium *in = &out->in;
	enum stamp_state state = STAMP_ISSUED;
	char id[INDICIUM_PSD_ID];
	bool found;

	*good = true;
	if (rules->books == NULL || in->postage == 0)
		return true;
	if (!books_stamp_state(rules->books, indicium_psd_id(in, id),
		(mils)in->ascending, &state, &found, e))
		return false;
	*good = state <= STAMP_ISSUED;
	if (state == STAMP_REFUNDED)
		give(out, VERDICT_REFUNDED, "its value was given back");
	else if (!*good)
		give(out, VERDICT_SPOILED, "%s",
		    state == STAMP_CLAIMED ? "its refund was asked for"
		    : state == STAMP_REJECTED
			? "its refund was asked for and refused"
			: "it waits for a refund");
	return true;
}

static void
give_duplicate(struct judged *out, const struct seen_use *first)
{
	out->used = true;
	out->first = *first;
	give(out, VERDICT_DUPLICATE, "first seen %s, %s", first->when,
	    first->where);
}

/* A verdict of the provider's, by its name. */
static bool
find_verdict(const char *name, enum verdict *out)
{
	for (int v = 0; v < VERDICTS; v++)
		if (strcmp(name, verdict_names[v]) == 0) {
			*out = (enum verdict)v;
			return true;
		}
	return false;
}

/* What is good by itself: was it used anywhere, refunded, or never issued? */
static bool
check_online(const struct check_rules *rules, const uint8_t *bytes, size_t len,
    struct judged *out, struct err *e)
{
	struct remote_check said;
	struct seen_use first = {"", ""};
	enum verdict v;
	struct tm tm;

	if (!online_ask(rules->online, bytes, len, &said, e))
		return false;
	if (!find_verdict(said.verdict, &v))
		return err_set(e, ERR_CONFIG,
		    "the provider's verdict \"%s\" is not known here",
		    said.verdict);
	if (v == VERDICT_DUPLICATE && said.seen) {
		time_t at = (time_t)said.at;

		strftime(first.when, sizeof(first.when), "%Y-%m-%dT%H:%M:%SZ",
		    gmtime_r(&at, &tm));
		snprintf(first.where, sizeof(first.where), "%s", said.place);
		give_duplicate(out, &first);
	} else {
		give(out, v, "%s",
		    v == VERDICT_VALID && rules->cancel ? "cancelled"
							: said.why);
	}
	return true;
}

/* The last question: has it been seen?  Twice in this run counts too. */
static bool
check_seen(const struct check_rules *rules, const char *where,
    struct judged *out, struct err *e)
{
	struct seen_use first = {"", ""};
	char name[SEEN_NAME];
	bool again = false;

	seen_stamp_name(&out->in, name);
	if (rules->run &&
	    !seen_cancel(rules->run, name, where, &again, &first, e))
		return false;
	if (!again && rules->seen && rules->cancel &&
	    !seen_cancel(rules->seen, name, where, &again, &first, e))
		return false;
	if (!again && rules->seen && !rules->cancel &&
	    !seen_find(rules->seen, name, &again, &first, e))
		return false;
	if (again)
		give_duplicate(out, &first);
	else if (rules->online)
		return true;
	else if (rules->seen)
		give(out, VERDICT_VALID, "%s",
		    rules->cancel ? "use recorded" : "");
	else
		give(out, VERDICT_VALID_OFFLINE,
		    "not checked against used stamps");
	return true;
}

bool
check_stamp(const struct check_rules *rules, const uint8_t *bytes, size_t len,
    const char *where, struct judged *out, struct err *e)
{
	struct err why = ERR_INIT;
	bool good = false;

	*out = (struct judged){.verdict = VERDICT_UNREADABLE};
	if (!indicium_decode(bytes, len, &out->in, &why)) {
		give(out, VERDICT_UNREADABLE, "%s", why.text);
		return true;
	}
	out->decoded = true;
	out->lab =
	    indicium_is_ours(&out->in) && strcmp(out->in.vendor, "XX") == 0;
	if (!indicium_is_ours(&out->in))
		give(out, VERDICT_UNKNOWN_ISSUER,
		    "format %s of another post cannot be checked here",
		    indicium_format_name(out->in.format));
	else if (is_specimen(&out->in))
		give(out, VERDICT_SPECIMEN, "made to look at, has no value");
	else if ((rules->online != NULL &&
		     !online_fetch(rules->online, &out->in, e)) ||
		 (check_issuer(rules, bytes, len, out) &&
		     !check_books(rules, out, &good, e)))
		return false;
	/* How long a stamp is good is the provider's to say where it is asked. */
	if (!good || (rules->online == NULL && !check_dates(rules, out)))
		return true;
	if (!check_seen(rules, where, out, e))
		return false;
	return rules->online == NULL || out->used ||
	       check_online(rules, bytes, len, out, e);
}
