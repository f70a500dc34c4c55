/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: what the scheduler tells a filter about its job (filter(7)), read once.
 *
 * Sources: the arguments, the environment, the option string, the queue's PPD.
 * None of it is trusted with money: postage-vaultd asks the scheduler itself.
 *
 *	job_open(argc, argv, &job, &e); job_header(&job, &h, &e); job_close(&job)
 */
#ifndef FILTER_JOB_H
#define FILTER_JOB_H

#include <limits.h>

#include <cups/cups.h>
#include <cups/ppd.h>
#include <cups/raster.h>

#include "base/err.h"
#include "dispense/request.h"
#include "dispense/settings.h"
#include "filter/pageout.h"
#include "stamp/mark.h"
#include "stamp/rect.h"

#define JOB_VALUE_MAX  256
#define JOB_COPIES_MAX 9999

enum job_output { OUTPUT_RASTER, OUTPUT_PDF };

struct filter_job {
	struct job identity;
	bool real;   /* a scheduler runs us for a printer; else specimens */
	bool banner; /* a job sheet: never stamped */
	enum job_output output;
	enum pageout_kind raster; /* of OUTPUT_RASTER */
	bool preview;		  /* colour, whatever the driver wants */
	char input[PATH_MAX];	  /* argv[6], or the copy of standard input */
	char temp[PATH_MAX];	  /* a folder of our own; job_close() */
	uint32_t copies;	  /* to be made here */
	bool collate;

	struct mark mark; /* PostageAmount and so on */
	enum missing missing;
	char symbol[16];		   /* "" = the queue's */
	char sheet[JOB_VALUE_MAX];	   /* label sheet, "" = none */
	uint64_t sheet_serial;		   /* 0 = none */
	uint32_t first_label, label_count; /* 0 = first free, all */

	ppd_file_t *ppd; /* or NULL */
	char ppd_path[PATH_MAX];
	cups_option_t *options;
	int option_count;
};

/* Reads arguments and environment; copies standard input to a file where no
 * file is named.  On success job_close() releases it and removes the folder;
 * `identity` and `real` stay, and are there after a failure too, so that vaultd
 * can be told of it.
 * Errors: ERR_REQUEST (an option cannot be read: named), ERR_CONFIG (PPD),
 * ERR_SYSTEM. */
MUST_CHECK bool
job_open(int argc, char **argv, struct filter_job *out, struct err *e);
void job_close(struct filter_job *job);

/* The page header that the PPD and the options ask for; without a PPD, 8-bit
 * grey of 300 dpi on the medium of option "media" or "PageSize".
 * Errors: ERR_CONFIG (what PPD or options say is no page). */
MUST_CHECK bool job_header(
    const struct filter_job *job, cups_page_header2_t *out, struct err *e);

/* The value of a job option or PPD choice; NULL where neither is there. */
const char *job_value(const struct filter_job *job, const char *name);

/* True where pdftopdf was told to make pages as small as the paper, so that it
 * cuts nothing off. */
bool job_fits_pages(const struct filter_job *job);

/* The part of a w x h page that the printer can reach, as the PPD says; the
 * whole page where it says nothing. */
struct rect
job_imageable(const struct filter_job *job, double w_pt, double h_pt);

#endif
