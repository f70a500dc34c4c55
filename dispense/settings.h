/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: postage.conf(5), read once per run.
 *
 * The file holds no secret and is readable by all; secrets are in files that
 * it names.  Sections: [vault] [daemon] [mail] [limits] [refund] and [queue NAME], where
 * the last overrides [mail], [limits] and [refund] for one queue.
 */
#ifndef DISPENSE_SETTINGS_H
#define DISPENSE_SETTINGS_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "dispense/request.h"
#include "vault/vault.h"

#define SETTINGS_QUEUES_MAX 64
#define SETTINGS_NAMES_MAX  512

enum missing { MISSING_PRINT = 1, MISSING_REFUSE }; /* 0 = not set */

/* What may differ from queue to queue.  In settings.queues, 0, "" and -2 mean
 * "as the defaults"; after settings_queue() there are no gaps. */
struct queue_settings {
	char name[QUEUE_MAX];
	struct mark mark;     /* defaults of every mark */
	enum missing missing; /* a document without any placeholder */
	char symbol[16];      /* "QR", "DataMatrix", "DMRE", "PDF417" */
	char origin_place[64];
	int mailby_days;   /* mail-by = mail date + this; -1 = none */
	int bar_reduction; /* dots taken off dark bars of a symbol; 0 = none */
	mils limit_stamp, limit_job, limit_day, limit_user_day; /* -1 = none */
	char users[SETTINGS_NAMES_MAX]; /* "a b @group"; "" = everyone */
	mils low;			/* low-funds alarm */
	int refund_days; /* after the mail date a stamp can be spoiled: 60;
			    -1 = no end */
};

struct settings {
	char vault_uri[VAULT_URI_MAX];
	char pin_file[PATH_MAX];  /* "" = no PIN; "credential:NAME" = systemd */
	char socket[PATH_MAX];	  /* default /run/postage/vaultd.sock */
	char state_dir[PATH_MAX]; /* default /var/lib/postage */
	char run_dir[PATH_MAX];	  /* default /run/postage: lock files */
	char scheduler[PATH_MAX]; /* cupsd: socket path or host:port */
	char printing_user[USER_MAX]; /* default "lp": who may be ROLE_FILTER */
	char rates[PATH_MAX];
	char templates[PATH_MAX]; /* administrator's label templates, "" none */
	char certificates[PATH_MAX]; /* authority and provider certificates */
	char seen[PATH_MAX]; /* the verifier's table of used stamps, "" none */
	char sandbox[8];     /* "on", "off" (labs in containers) */
	int wait_s;	     /* for another holder of a job or vault: 60 */
	struct queue_settings defaults;
	struct queue_settings queues[SETTINGS_QUEUES_MAX];
	int queue_count;
};

/* The file to read: $POSTAGE_CONF if set and not set-uid, else
 * <sysconfdir>/postage/postage.conf. */
const char *settings_path(void);

/* Reads the file over the built-in defaults.
 * Errors: ERR_CONFIG "<file>:<line>: ..." */
MUST_CHECK bool
settings_load(const char *path, struct settings *out, struct err *e);

/* The rules of one queue, every gap filled from the defaults. */
void settings_queue(
    const struct settings *s, const char *queue, struct queue_settings *out);

#endif
