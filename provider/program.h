/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program: what every verb of postaged needs of the configuration, opened.
 */
#ifndef PROVIDER_PROGRAM_H
#define PROVIDER_PROGRAM_H

#include "provider/conf.h"
#include "provider/forwarded.h"
#include "provider/worker.h"
#include "vault/authority.h"

struct program {
	struct config config;
	struct authority *authority;	       /* NULL: this one has none */
	struct nursery *nursery;	       /* of the modules' processes */
	struct signer_turn *turn[MODULES_MAX]; /* of modules, as in config */
	struct provider provider;
	struct tally tally;
	struct load load;
	struct places card_places, turns, audits;
	uint8_t
	    cluster_key[FORWARDED_KEY]; /* fronts and servers on their own */
};

/* Reads the configuration alone.  Errors: ERR_CONFIG. */
MUST_CHECK bool
program_load(const char *path, struct program *out, struct err *e);

/* What root makes in the service's folders the service could not read, files of
 * SQLite for one.
 * Errors: ERR_REQUEST (root runs this, and they are another user's). */
MUST_CHECK bool program_is_service(const struct config *c, struct err *e);

/* Before there are threads.  Opens the authority's folder and reads the licence
 * from the database.
 * Errors: ERR_CONFIG (init was not run, another version of the schema). */
MUST_CHECK bool program_open(struct program *p, struct err *e);
/* Forgets the keys. */
void program_close(struct program *p);

/* Database and modules for one thread.  Errors: as store_open(),
 * signer_open(). */
MUST_CHECK bool
program_worker(const struct program *p, struct worker **out, struct err *e);
void program_worker_close(struct worker *w); /* NULL is allowed */

#endif
