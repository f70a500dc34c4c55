/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: postaged.conf(5), read once per run.
 *
 * The file holds no secret; secrets are in files that it names, or systemd
 * credentials ("credential:NAME").  An unknown key is an error that names file
 * and line.
 */
#ifndef PROVIDER_CONF_H
#define PROVIDER_CONF_H

#include <limits.h>

#include "base/mils.h"
#include "provider/choose.h"
#include "provider/signer.h"
#include "provider/worker.h"

#define CONFIG_URL 256

enum role { ROLE_BOTH, ROLE_WEB, ROLE_PROCESS };

/* A [module NAME]. */
struct module_config {
	char name[SIGNER_NAME_MAX];
	char uri[SIGNER_KEY_MAX];
	char pin_file[PATH_MAX];
};

struct config {
	/* [postaged] */
	enum role role;
	char name[64];		    /* of this server; default: the host's */
	char database[CONFIG_URL];  /* provider/store.h */
	char authority[PATH_MAX];   /* folder: vault/authority.h */
	char cluster_key[PATH_MAX]; /* shared by fronts and servers, "" none */
	enum choose choose_psd, choose_server;
	int redates;	/* stamps of no value, of a user system, a day */
	bool any_sheet; /* sheets = any: unregistered label sheets, too */
	int workers;
	int drain_s; /* for requests under way, at the end */

	/* [web]: what users reach */
	char listen[CONFIG_URL];
	char certificate[PATH_MAX], key[PATH_MAX];
	char client_authority[PATH_MAX]; /* "" = no client certificates */
	char url[CONFIG_URL];		 /* as users write it */
	int connections, per_address;	 /* of the second 0 = any number */
	int rate, burst; /* requests a second of one address; 0 = any */
	int login_burst; /* wrong credentials of one address a minute */
	char metrics[CONFIG_URL]; /* networks that may read them */
	char pages[PATH_MAX];	  /* folder of site.h, "" = none */

	/* [process]: what fronts reach */
	char process_listen[CONFIG_URL];
	char process_url[CONFIG_URL];
	char process_certificate[PATH_MAX], process_key[PATH_MAX];
	char process_authority[PATH_MAX]; /* that fronts trust, "" = no TLS */

	struct module_config module[MODULES_MAX];
	size_t modules;
	int answer_ms; /* longest silence of a module */

	int mail_days; /* [post] days: a stamp is good after its mail date */

	/* [stripe]: cards; key-file "" = none are taken */
	char stripe_url[CONFIG_URL];
	char stripe_key[PATH_MAX], stripe_webhook_secret[PATH_MAX];
	char stripe_authority[PATH_MAX]; /* that certified its servers */
	char stripe_return[CONFIG_URL];	 /* after the page; "" = url */

	/* [refund] */
	int refund_days;    /* days: after the mail date */
	mils approve_above; /* a larger one takes two persons */

	/* [psd]: of PSDs to come */
	mils min_stamp, max_stamp, max_descending;
	int psd_years;
	int audit_days; /* of PSDs in the field */
};

/* The file to read: $POSTAGED_CONF, else <sysconfdir>/postage/postaged.conf. */
const char *config_path(void);

/* Reads the file over the built-in defaults.
 * Errors: ERR_CONFIG "<file>:<line>: ..." */
MUST_CHECK bool
config_load(const char *path, struct config *out, struct err *e);

#endif
