/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: postage.conf(5), read once per run.
 *
 * The file holds no secret and is readable by all; secrets are in files that
 * it names.  Sections: [vault] and one [vault NAME] for each other vault,
 * [daemon] [mail] [limits] [refund], [queue NAME], which overrides the last
 * three for one queue, and [group NAME], some users and what they may spend.
 */
#ifndef DISPENSE_SETTINGS_H
#define DISPENSE_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "dispense/request.h"
#include "vault/pool.h"

#define SETTINGS_QUEUES_MAX 64
#define SETTINGS_GROUPS_MAX 32
#define SETTINGS_NAMES_MAX  512
#define SETTINGS_PATH_MAX   256 /* of a list that a queue has for itself */
#define SETTINGS_VAULT_NAME 32
#define SETTINGS_VAULT_MAIN "main" /* how [vault] is called */
#define MAILBY_CLASSES_MAX  16

enum missing { MISSING_PRINT = 1, MISSING_REFUSE };

/* The most that may be spent; -1 = no limit. */
struct limits {
	mils stamp, job;	   /* one stamp, one job */
	mils day, month;	   /* all jobs */
	mils user_day, user_month; /* all jobs of one user */
};

/* Of the day, in minutes; no hours at all = at any time. */
struct hours {
	int from, until;
};

/* Mail-by = mail date + this; -1 = none. */
struct mailby {
	int days;
	struct mailby_class {
		char class[MARK_CLASS_MAX];
		int days;
	} of[MAILBY_CLASSES_MAX];
	int count;
};

/* What may differ from queue to queue.  `set` has a bit for each key that was
 * given; after settings_queue() there are no gaps. */
struct queue_settings {
	char name[QUEUE_MAX];
	uint64_t set;
	struct mark mark;     /* defaults of every mark */
	enum missing missing; /* a document without any placeholder */
	char symbol[16];      /* "QR", "DataMatrix", "DMRE", "PDF417" */
	char origin_place[64];
	int bar_reduction; /* dots taken off dark bars of a symbol */
	char vaults[256];  /* "main second": which it uses; "" = all */

	/* mail dates */
	struct mailby mailby;
	int days_ahead;			  /* how far off a mail date may be */
	int cutoff_min;			  /* no mail of today after that; -1 */
	unsigned collection;		  /* weekdays, bit 0 = Sunday */
	char holidays[SETTINGS_PATH_MAX]; /* days without collection, "" */

	/* cost codes */
	char cost_codes[SETTINGS_PATH_MAX]; /* "" = any code */
	bool cost_required;

	/* limits */
	char users[SETTINGS_NAMES_MAX]; /* "a b @group"; "" = everyone */
	struct limits limits;
	mils confirm;	   /* above it the total is to be confirmed; -1 */
	mils approve;	   /* above it by another person; -1 */
	char classes[256]; /* "letter postcard amount"; "" = all */
	unsigned sizes;	   /* of stamps: bits of enum mark_size; 0 = all */
	uint32_t heaviest_mg;
	struct hours hours;
	int redates; /* date corrections a day */
	mils low;    /* low-funds alarm */

	int refund_days; /* after the mail date a stamp can be spoiled; -1 */
};

struct group_settings {
	char name[64];
	char members[SETTINGS_NAMES_MAX]; /* "a b @unix-group" */
	struct limits limits;
	mils low; /* alarm: so little is left of limits.month; -1 */
};

/* A [vault NAME]. */
struct vault_settings {
	char name[SETTINGS_VAULT_NAME];
	char uri[VAULT_URI_MAX];
	char pin_file[PATH_MAX]; /* "" = no PIN; "credential:NAME" = systemd */
};

struct settings {
	char vault_uri[VAULT_URI_MAX]; /* [vault] */
	char pin_file[PATH_MAX];
	struct vault_settings more[POOL_MAX - 1]; /* [vault NAME] */
	int more_count;
	bool first_is_named;   /* no [vault]: vault_uri is that of more[0] */
	enum pool_order order; /* of several vaults */
	int absent_s; /* how long a job waits for a vault that is away: 60 */
	char socket[PATH_MAX];	      /* default /run/postage/vaultd.sock */
	char state_dir[PATH_MAX];     /* default /var/lib/postage */
	char run_dir[PATH_MAX];	      /* default /run/postage: lock files */
	char scheduler[PATH_MAX];     /* cupsd: socket path or host:port */
	char printing_user[USER_MAX]; /* default "lp": who may be ROLE_FILTER */
	char alarm[512];	      /* command of the low-funds alarm, "" */
	char rates[PATH_MAX];	      /* the table in force */
	char rates_own[PATH_MAX];     /* where one that is entered goes */
	int rates_persons;	      /* 2 = who approves is not who entered */
	int rates_warn_days;	      /* before prices change */
	char templates[PATH_MAX]; /* administrator's label templates, "" none */
	char certificates[PATH_MAX]; /* authority and provider certificates */
	char seen[PATH_MAX]; /* the verifier's table of used stamps, "" none */
	char drivers[512];   /* more printers' drivers, dispense/drivers.h */
	char sandbox[8];     /* "on", "off" (labs in containers) */
	int wait_s;	     /* for another holder of a job or vault: 60 */
	int page_s;	/* processor time to read a page of a document: 30 */
	int spool_days; /* stored bytes of what was not printed: 30; -1 = kept */
	struct queue_settings defaults;
	struct queue_settings queues[SETTINGS_QUEUES_MAX];
	struct stat file; /* what was read, see settings_changed() */
	struct err wrong; /* why the file that is there now cannot be used */
	int queue_count;
	struct group_settings groups[SETTINGS_GROUPS_MAX];
	int group_count;
};

/* The file to read: $POSTAGE_CONF if set and not set-uid, else
 * <sysconfdir>/postage/postage.conf. */
const char *settings_path(void);

/* Reads the file over the built-in defaults.
 * Errors: ERR_CONFIG "<file>:<line>: ..." */
MUST_CHECK bool
settings_load(const char *path, struct settings *out, struct err *e);

/* True if the file at `path` is not what was read into *s. */
bool settings_changed(const char *path, const struct settings *s);

/* The rules of one queue, every gap filled from the defaults. */
void settings_queue(
    const struct settings *s, const char *queue, struct queue_settings *out);

/* The vaults of a queue, in the file's order; those of *s live in it.  Returns
 * how many, 1 to POOL_MAX. */
struct vault_choice {
	const char *uri, *pin_file;
};
size_t settings_vaults(const struct settings *s, const struct queue_settings *q,
    struct vault_choice out[POOL_MAX]);

/* The [vault NAME]; NULL = there is none. */
const struct vault_settings *
settings_vault(const struct settings *s, const char *name);

/* The days of `class`, -1 = no mail-by date. */
int settings_mailby(const struct queue_settings *q, const char *class);

#endif
