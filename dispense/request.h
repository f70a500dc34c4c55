/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what filter, backend and vaultd say to each other about a document.
 * Plain data; no calls.
 */
#ifndef DISPENSE_REQUEST_H
#define DISPENSE_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/mils.h"
#include "stamp/indicium.h"
#include "stamp/mark.h"

#define CONFIRM_MAX	     24 /* characters of a sum */
#define QUEUE_MAX	     128
#define USER_MAX	     128
#define JOB_UUID_MAX	     64
#define QUOTE_SURCHARGES_MAX 96
#define STAMPS_MAX	     10000 /* of one document, copies included */

/* One run of one document of one job, as the scheduler's environment tells it.
 * vaultd believes only what cupsd confirms (dispense/scheduler.h). */
struct job {
	char queue[QUEUE_MAX];
	uint32_t id;
	char uuid[JOB_UUID_MAX];
	uint32_t created;    /* time-at-creation, seconds */
	uint32_t processing; /* time-at-processing: names the attempt */
	char user[USER_MAX]; /* set by vaultd from cupsd's answer */
	uint32_t documents;  /* number-of-documents, likewise */
	uint32_t completed;  /* time-at-completed, likewise; 0 = never yet */
	char confirm[CONFIRM_MAX]; /* its PostageConfirm, likewise; "" = none */
};

/* One wanted stamp.  Marks inherit the job's and the queue's defaults in the
 * filter, the configuration's in vaultd. */
struct stamp_request {
	uint32_t page;	/* of the printed document, from 1 */
	uint32_t place; /* on its page, in reading order, from 1 */
	uint32_t copy;	/* from 1 */
	int32_t x_um,
	    y_um; /* upper left of the mark on the sheet, micrometres */
	struct mark mark;
	uint64_t sheet_serial; /* 0 = not a numbered sheet */
	uint16_t label;	       /* position on the sheet from 1, 0 = none */
};

/* What vaultd will issue for it. */
struct stamp_quote {
	mils amount;			       /* with surcharges */
	mils surcharge;			       /* what of it they are */
	char surcharges[QUOTE_SURCHARGES_MAX]; /* "certified 5.30, ..." */
	uint32_t mail_date, mailby;	       /* YYYYMMDD */
	uint32_t origin_zip;
	char category[5];      /* as in the indicium */
	char class_name[48];   /* for people: "First-Class Letter" */
	uint16_t indicium_len; /* bytes the signed indicium will have */
};

/* What every imprint of the document shares. */
struct quote_common {
	char psd_id[32];	/* "XXPS0001234567"; "" = several */
	uint32_t psd_expires;	/* YYYYMMDD; 0 = each stamp its own */
	char origin_place[64];	/* "Springfield IL" */
	bool specimen;		/* the word SPECIMEN is printed */
	mils total, descending; /* descending: before this document */
};

/* Signed bytes of one stamp. */
struct issued_stamp {
	uint16_t len;
	uint8_t indicium[INDICIUM_MAX];
};

/* How the delivery ended. */
enum settle {
	SETTLE_DELIVERED,   /* the real backend took all of it and said OK */
	SETTLE_UNDELIVERED, /* not one byte left this computer */
	SETTLE_UNCERTAIN    /* bytes went out, success was not confirmed */
};

#endif
