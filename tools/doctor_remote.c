/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_remote.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/as_owner.h"
#include "vault/https.h"
#include "vault/remote_uri.h"
#include "vault/trust.h"
#include "vault/vault.h"

#define SCHEME	   "https:"
#define CONNECT_MS 4000
#define ANSWER_MS  8000
#define WAIT_MS	   10000
#define SKEW_S	   60 /* a proof of a front is good for half a minute */
#define DETAIL_MAX 512

struct look {
	const struct settings *s;
	const struct vault_choice *choice;
	uint32_t today;
	rules_fn *fn;
	void *context;
	struct remote_uri uri;
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

/* --- files ---------------------------------------------------------------------- */

static bool
check_token(const struct look *l)
{
	static const char write_it[] =
	    "write the token that \"postaged system add\" showed into it, mode "
	    "0600, owner postage";
	const char *path = l->uri.token;
	char detail[DETAIL_MAX];
	struct stat st;

	if (path[0] != '/')
		return true;
	if (stat(path, &st) != 0) {
		snprintf(detail, sizeof(detail), "%s is not there", path);
		return say(l, "provider's token", false, detail, write_it);
	}
	if (st.st_size == 0) {
		snprintf(detail, sizeof(detail), "%s is empty", path);
		return say(l, "provider's token", false, detail, write_it);
	}
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
		snprintf(detail, sizeof(detail),
		    "%s cannot be read by who reads the vault", path);
		return say(l, "provider's token", false, detail,
		    "chown postage it, mode 0600");
	}
	return say(l, "provider's token", (st.st_mode & 077) == 0, path,
	    "chmod 0600 it: others can read the token, and spend");
}

/* --- fronts ---------------------------------------------------------------------- */

static const char *
front_remedy(enum err_kind kind)
{
	switch (kind) {
	case ERR_DENIED:
		return "authority= in the vault's URI must be who certified "
		       "that server (ca.pem of docs/PROVIDER.md), and the "
		       "server's certificate must have the name in the URI";
	case ERR_CONFIG:
		return "authority= in the vault's URI names a file of "
		       "certificates (PEM) that user postage can read";
	default:
		return "is postaged running there, are name and port right, "
		       "and is nothing between?";
	}
}

static const char *
status_remedy(int status)
{
	switch (status) {
	case 404: return "this is another server: are name and port right?";
	case 503:
		return "its database or all its processing servers are away: "
		       "its administrator reads journalctl -u postaged";
	default:
		return "something is wrong there: its administrator reads "
		       "journalctl -u postaged";
	}
}

/* By its Date header, which a proxy may have left out. */
static void
check_clock(const struct look *l, struct https *h)
{
	const char *date = https_header(h, "Date");
	char detail[DETAIL_MAX];
	struct tm tm = {.tm_isdst = 0};
	long long ahead;

	if (date == NULL ||
	    strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm) == NULL)
		return;
	ahead = (long long)time(NULL) - (long long)timegm(&tm);
	snprintf(detail, sizeof(detail), "this computer's is %lld s %s",
	    ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead");
	say(l, "provider's clock", llabs(ahead) <= SKEW_S, detail,
	    "set the one that is wrong (timedatectl set-ntp true): mail dates "
	    "and certificates are judged by it");
}

static bool
ask_front(const struct look *l, struct https *h, const char *front, bool first)
{
	char url[REMOTE_FRONT + 16], detail[DETAIL_MAX];
	const struct https_request r = {.method = "GET", .url = url};
	struct https_answer a;
	struct err e = ERR_INIT;
	bool sent;

	snprintf(url, sizeof(url), "%s/v1/health", front);
	if (!https_ask(h, &r, &a, &sent, &e))
		return say(l, "provider", false, e.text, front_remedy(e.kind));
	/* A front whose clock is wrong believes no server. */
	if (first)
		check_clock(l, h);
	snprintf(detail, sizeof(detail), "%s answers%s", front,
	    a.status == 200 ? "" : ", but not as it should");
	if (a.status != 200)
		return say(
		    l, "provider", false, detail, status_remedy(a.status));
	return say(l, "provider", true, detail, "");
}

/* One that answers is enough to go on. */
static bool
check_fronts(const struct look *l)
{
	const struct https_setup setup = {.authority = l->uri.authority,
	    .certificate = l->uri.certificate[0] ? l->uri.certificate : NULL,
	    .key = l->uri.key[0] ? l->uri.key : NULL,
	    .connect_ms = CONNECT_MS,
	    .answer_ms = ANSWER_MS};
	struct https *h = NULL;
	struct err e = ERR_INIT;
	bool any = false;

	if (!https_open(&setup, &h, &e))
		return say(l, "provider", false, e.text, front_remedy(e.kind));
	for (size_t i = 0; i < l->uri.fronts; i++)
		any = ask_front(l, h, l->uri.front[i], !any) || any;
	https_close(h);
	return any;
}

/* --- the user system ---------------------------------------------------------------- */

static const char *
credential_remedy(enum err_kind kind)
{
	switch (kind) {
	case ERR_DENIED:
		return "at the provider \"postaged system list\" says from "
		       "which address this system may ask, \"postaged system "
		       "token NAME\" gives a new token";
	case ERR_CONFIG:
		return "token=, or certificate= and key=, in the vault's URI "
		       "name files that user postage can read";
	default:
		return "the provider's administrator knows more: its log has "
		       "what went wrong";
	}
}

static bool
check_credential(struct look *l)
{
	char detail[DETAIL_MAX];
	struct err e = ERR_INIT;

	if (!vault_open(l->choice->uri, WAIT_MS, &l->vault, &e) ||
	    !vault_status(l->vault, &l->status, &e))
		return say(
		    l, "credential", false, e.text, credential_remedy(e.kind));
	snprintf(detail, sizeof(detail), "accepted, as %s%s%010lu",
	    l->status.vendor, l->status.model, (unsigned long)l->status.serial);
	return say(l, "credential", true, detail, "");
}

static void
check_life(const struct look *l)
{
	const struct psd_status *p = &l->status;
	const char *reason = vault_reason(l->vault);

	if (p->life == PSD_WITHDRAWN)
		say(l, "user system", false, "withdrawn by the provider",
		    "ask the provider for another");
	else if (p->life != PSD_OPERATIONAL)
		say(l, "user system", false,
		    reason[0] != '\0' ? reason : "locked by the provider",
		    "settle it with the provider: jobs are held, and go on "
		    "then");
	else
		say(l, "user system", true, "may spend", "");
}

static void
check_funds(const struct look *l)
{
	char detail[DETAIL_MAX], left[MILS_TEXT];

	snprintf(detail, sizeof(detail), "%s left",
	    mils_format(l->status.descending, left));
	say(l, "account", l->status.descending > 0, detail,
	    "pay in at the provider, or have it set this system's limits");
}

static void
check_trust(const struct look *l)
{
	struct err e = ERR_INIT;
	bool good = trust_check(l->vault, l->s->certificates, l->today, &e);
	char remedy[PATH_MAX + 160];

	snprintf(remedy, sizeof(remedy),
	    "put XX-authority.pem of \"postaged init --publish\" there: "
	    "install -D -m 0644 -o postage -t %s XX-authority.pem",
	    l->s->certificates);
	say(l, "provider's certificate", good,
	    good ? "leads to an authority" : e.text, remedy);
}

void
doctor_remote(const struct settings *s, const struct vault_choice *choice,
    uint32_t today, rules_fn *fn, void *context)
{
	struct look l = {.s = s,
	    .choice = choice,
	    .today = today,
	    .fn = fn,
	    .context = context};
	struct err e = ERR_INIT;

	if (!as_owner(choice->uri, &e) ||
	    !remote_uri_parse(choice->uri + strlen(SCHEME), &l.uri, &e)) {
		say(&l, "provider", false, e.text,
		    "write uri in postage.conf as postage.conf(5) says");
	} else if (check_token(&l) && check_fronts(&l) &&
		   check_credential(&l)) {
		check_life(&l);
		check_funds(&l);
		check_trust(&l);
	}
	vault_close(l.vault);
	if (!as_caller(&e))
		say(&l, "provider", false, e.text, "");
}
