/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdftopostage: the CUPS filter that finds the placeholders of a document, has
 * a stamp issued for each, and writes the pages with the stamps on them.
 * See pdftopostage(8).
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mils.h"
#include "filter/bounds.h"
#include "filter/document.h"
#include "filter/issuer.h"
#include "filter/job.h"
#include "filter/leave.h"

#define GRACE_S 10 /* from SIGTERM to the end, come what may */

static volatile sig_atomic_t stop_requested;

static void
on_terminate(int signal_number)
{
	(void)signal_number;
	stop_requested = 1;
	/* Calls that wait for others do not look at the flag. */
	alarm(GRACE_S);
}

static void
on_grace_over(int signal_number)
{
	(void)signal_number;
	leave_now("INFO: The job was cancelled\n");
}

static void
catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_terminate};

	leave_on_crash();
	sigemptyset(&act.sa_mask);
	sigaction(SIGTERM, &act, NULL);
	act.sa_handler = on_grace_over;
	sigaction(SIGALRM, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}

static void
say_page(void *context, uint32_t page, uint32_t pages)
{
	(void)context;
	log_info("Stamping page %u of %u", page, pages);
}

/* A card that is not in its reader: the printer says so until it is, or until
 * the wait is over. */
static bool
say_waiting(void *context, const char *why)
{
	unsigned *times = context;

	if (why == NULL) {
		*times = 0;
		log_cups("STATE", "-postage-vault-absent-warning");
		return true;
	}
	if ((*times)++ == 0)
		log_cups("STATE", "+postage-vault-absent-warning");
	if (*times % 10 == 1)
		log_info("Waiting for the vault: %s", why);
	return !stop_requested;
}

/* The supply level of the queue is shown by its backend, together with the
 * printer's own; here the person who prints is told. */
static void
warn_of_low_funds(struct issuer *issuer)
{
	struct err e = ERR_INIT;
	struct funds f;
	char left[MILS_TEXT];
	bool known;

	if (!issuer_funds(issuer, &f, &known, &e))
		log_debug("funds: %s", e.text);
	else if (known && f.descending < f.low)
		log_warning("Only %s of postage is left: %s",
		    mils_format(f.descending, left),
		    strncmp(f.vault, "https:", 6) == 0
			? "pay in at the provider"
			: "postage vault refill");
}

static bool
print_document(struct filter_document *d, struct issuer *issuer, struct err *e)
{
	uint32_t pages = 0;
	uint64_t bytes = 0;
	size_t stamps;
	mils surcharge = 0;
	char sum[MILS_TEXT], part[MILS_TEXT];

	if (!document_plan(d, e) || !document_quote(d, e) ||
	    !document_fit(d, e))
		return false;
	stamps = plan_total(document_get_plan(d));
	for (size_t i = 0; i < stamps; i++)
		surcharge += issuer_quotes(issuer)[i].surcharge;
	log_info("%zu stamp%s, %s in all%s%s", stamps, stamps == 1 ? "" : "s",
	    mils_format(issuer_common(issuer)->total, sum),
	    surcharge > 0 ? ", of it surcharges " : "",
	    surcharge > 0 ? mils_format(surcharge, part) : "");
	if (!document_write(
		d, STDOUT_FILENO, say_page, NULL, &pages, &bytes, e))
		return false;
	return issuer_finish(issuer, pages, bytes, e);
}

static bool
run(int argc, char **argv, struct err *e)
{
	static struct settings settings;
	struct filter_job job;
	struct filter_document *d = NULL;
	struct issuer *issuer = NULL;
	struct err no_issuer = ERR_INIT;
	unsigned waited = 0;
	bool opened = job_open(argc, argv, &job, e), good = false;

	if (!settings_load(settings_path(), &settings, opened ? e : &no_issuer))
		goto out;
	bounds_set_page((unsigned)settings.page_s);
	if (!job.real)
		log_info("No printer: the stamps are specimens");
	if (!issuer_open(&settings, job.real ? &job.identity : NULL, &issuer,
		opened ? e : &no_issuer))
		goto out;
	issuer_on_wait(issuer, say_waiting, &waited);
	good = opened && bounds_walls(&job, &settings, e) &&
	       document_open(&job, &settings, issuer, &stop_requested, &d, e) &&
	       print_document(d, issuer, e);
	if (!good) {
		/* A cancelled job says nothing to the backend: it gets the
		 * same signal. */
		if (!stop_requested)
			issuer_refuse(issuer, e);
		goto out;
	}
	warn_of_low_funds(issuer);
out:
	document_close(d);
	issuer_close(issuer);
	if (opened)
		job_close(&job);
	return good;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	log_open(LOG_CUPS, "pdftopostage");
	catch_signals();
	if (bounds_enter(&e) && run(argc, argv, &e))
		return 0;
	if (stop_requested)
		log_info("The job was cancelled");
	else
		log_error("%s", e.text);
	return 1;
}
