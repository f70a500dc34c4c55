/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: what one thread of a processing server has for itself, and what all
 * of them share.
 */
#ifndef PROVIDER_WORKER_H
#define PROVIDER_WORKER_H

#include <stdint.h>
#include <time.h>

#include "base/mils.h"
#include "provider/choose.h"
#include "provider/load.h"
#include "provider/signer.h"
#include "provider/store.h"
#include "stamp/cert.h"
#include "vault/authority.h"

#define MODULES_MAX 8

/* The one licence under which all stamps are issued. */
struct licence {
	uint32_t number;
	char vendor[3];
	char holder[128];
	uint16_t currency;
};

/* What was done since the program began. */
struct tally {
	_Atomic uint64_t stamps, in_doubt; /* commits that were asked again */
	_Atomic int64_t sum;		   /* of the stamps, mils */
};

/* Who waits for something outside holds a worker that others need: only so many
 * may at once. */
struct places {
	int max;
	_Atomic int taken;
};
/* False: there is none.  NULL: there is always one. */
bool places_take(struct places *p);
void places_give(struct places *p);

/* What does not change while the program runs. */
struct provider {
	struct licence licence;
	/* Certifies PSDs, signs lists. */
	const struct authority *keys;
	/* Answers value downloads. */
	const struct sig_key *answer_key;
	const struct cert *certificate, *authority;
	enum choose choose_psd;
	int mail_days;	    /* a stamp is good so long after its mail date */
	int audit_days;	    /* a PSD in the field has to be heard so often */
	int refund_days;    /* a refund is asked for so long after it */
	mils approve_above; /* more takes two persons */
	int redates;	    /* stamps of no value, of a user system, a day */
	bool any_sheet;	    /* label sheets that nobody registered, too */
	const char *server; /* this processing server's name */
	int64_t (*now_ms)(void);    /* since 1970; NULL: the system's clock */
	struct tally *tally;	    /* NULL: nobody counts */
	struct load *load;	    /* of PSDs; may be NULL */
	struct places *card_places; /* of orders that wait for a card */
	struct places *turns;  /* for modules that do one thing at a time */
	struct places *audits; /* that are asked for over HTTP */
	/* What is done together (combine.h); NULL: each alone. */
	struct combine *debits, *signatures;
};

struct worker {
	const struct provider *provider;
	struct store *store;
	struct signer *signer[MODULES_MAX];
	size_t signers;
	struct pay *pay;	/* ways of paying; NULL: none (pay.h) */
	struct psds *psds;	/* the PSDs that it has read, see psds.h */
	struct auth_seen *seen; /* who asked it before, see auth.h */
	uint64_t turn;		/* orders so far */
	uint32_t completed;	/* the PSD that complete_pending() saw last */
	uint32_t ending;	/* psd_end_pending(), likewise */
	bool may_wait; /* for such a module: it has a place, or needs none */
};

/* The signer of this module; NULL: another server has it. */
struct signer *worker_signer(const struct worker *w, const char *module);

/* "XXPS0000000001", "XXUS0000000012" (a user system), "XXPN0000000003" (a
 * person).  Return out. */
const char *
worker_psd_id(const struct worker *w, uint32_t serial, char out[PSD_ID]);
const char *
worker_system_id(const struct worker *w, int64_t system, char out[PSD_ID]);
const char *
worker_person_id(const struct worker *w, int64_t person, char out[PSD_ID]);

/* Counts stamps that were issued, and commits in doubt. */
void worker_count_stamp(const struct worker *w, mils amount);
void worker_count_doubt(const struct worker *w);

/* Milliseconds since 1970, and the local date, of now. */
int64_t worker_ms(const struct worker *w);
uint32_t worker_today(const struct worker *w);

#endif
