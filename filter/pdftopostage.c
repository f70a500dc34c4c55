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
#include "filter/document.h"
#include "filter/issuer.h"
#include "filter/job.h"

#define LOW_REASON  "com.github.cups-postage.postage-low-warning"
#define GRACE_S	    10 /* from SIGTERM to the end, come what may */
#define PERCENT_MAX 100

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
catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_terminate};

	sigemptyset(&act.sa_mask);
	sigaction(SIGTERM, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}

static void
say_page(void *context, uint32_t page, uint32_t pages)
{
	(void)context;
	log_info("Stamping page %u of %u", page, pages);
}

/* The descending register as the queue's supply "Postage". */
static void
say_funds(struct issuer *issuer, mils low)
{
	struct err e = ERR_INIT;
	struct funds f;
	char left[MILS_TEXT];
	mils full, level;
	bool known;

	if (!issuer_funds(issuer, &f, &known, &e)) {
		log_debug("funds: %s", e.text);
		return;
	}
	if (!known)
		return;
	if (low <= 0)
		low = f.low;
	full = f.full > 0 ? f.full : f.descending;
	level = full <= 0	       ? 0
		: f.descending >= full ? PERCENT_MAX
		: f.descending / 1000 > 0 /* no overflow below */
		    ? f.descending / 10 * PERCENT_MAX / (full / 10 + 1)
		    : 0;
	log_cups("ATTR",
	    "marker-colors=#000000 marker-high-levels=100 "
	    "marker-low-levels=%d marker-levels=%d marker-names=Postage "
	    "marker-types=other",
	    full > 0 && low > 0 && low < full
		? (int)(low / 10 * PERCENT_MAX / (full / 10 + 1))
		: 10,
	    (int)level);
	log_cups("STATE", "%cmarker-supply-low-warning,%s",
	    f.descending < low ? '+' : '-', LOW_REASON);
	if (f.descending < low)
		log_warning("Only %s of postage is left: postage vault refill",
		    mils_format(f.descending, left));
}

static bool
print_document(struct filter_document *d, struct issuer *issuer, struct err *e)
{
	uint32_t pages = 0;
	uint64_t bytes = 0;
	size_t stamps;
	char sum[MILS_TEXT];

	if (!document_plan(d, e) || !document_quote(d, e) ||
	    !document_fit(d, e))
		return false;
	stamps = plan_total(document_get_plan(d));
	log_info("%zu stamp%s, %s in all", stamps, stamps == 1 ? "" : "s",
	    mils_format(issuer_common(issuer)->total, sum));
	if (!document_write(
		d, STDOUT_FILENO, say_page, NULL, &pages, &bytes, e))
		return false;
	return issuer_finish(issuer, pages, bytes, e);
}

static bool
run(int argc, char **argv, struct err *e)
{
	static struct settings settings;
	struct queue_settings rules;
	struct filter_job job;
	struct filter_document *d = NULL;
	struct issuer *issuer = NULL;
	struct err no_issuer = ERR_INIT;
	bool opened = job_open(argc, argv, &job, e), good = false;

	if (!settings_load(settings_path(), &settings, opened ? e : &no_issuer))
		goto out;
	if (!job.real)
		log_info("No printer: the stamps are specimens");
	if (!issuer_open(&settings, job.real ? &job.identity : NULL, &issuer,
		opened ? e : &no_issuer))
		goto out;
	good = opened &&
	       document_open(&job, &settings, issuer, &stop_requested, &d, e) &&
	       print_document(d, issuer, e);
	if (!good) {
		/* A cancelled job says nothing to the backend: it gets the
		 * same signal. */
		if (!stop_requested)
			issuer_refuse(issuer, e);
		goto out;
	}
	settings_queue(&settings, job.identity.queue, &rules);
	say_funds(issuer, rules.low);
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
	if (run(argc, argv, &e))
		return 0;
	if (stop_requested)
		log_info("The job was cancelled");
	else
		log_error("%s", e.text);
	return 1;
}
