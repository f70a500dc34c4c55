/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front: a provider's web front on loopback for the tests of vault/remote.c: two
 * PSDs of a lab sign, turn about.  It keeps the rules of the provider's
 * interface (keys, fence, all or none), and breaks them, or its connections,
 * where a test says so.
 */
#ifndef TESTS_FRONT_H
#define TESTS_FRONT_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/tls_server.h"
#include "vault/lab.h"

#define FRONT_PSDS   2
#define FRONT_STAMPS 256
#define FRONT_TOKEN  "XXUS0000000012.secret"
#define FRONT_SYSTEM "XXUS0000000012"

enum front_op {
	AT_STATUS,
	AT_INDICIA,
	AT_FIND,
	AT_RECENT,
	AT_REFUND,
	AT_POST,
	AT_CERT,
	FRONT_OPS
};

enum front_fault {
	DO_WELL,
	DO_CUT_BEFORE, /* nothing is done, the connection is cut */
	DO_CUT_AFTER,  /* done, and the answer lost */
	DO_LATE,       /* done `arg` ms later, answered then */
	DO_SAY,	       /* not done: status `arg`, with kind and Retry-After */
	DO_SAY_AFTER,  /* done, but status `arg` is said */
	DO_TRUNCATE,   /* the JSON is cut in half */
	DO_NOT_JSON,
	DO_OTHER_SIGNATURE,
	DO_OTHER_PSD,	 /* names the PSD that did not sign */
	DO_OTHER_AMOUNT, /* debits 10 mils more, and signs that */
	DO_OTHER_PLACE,	 /* signs for another address, and says 503 */
	DO_OTHER_KEY,
	DO_DOUBLE, /* the first stamp for all keys; finds what is not there */
	DO_FEWER,
	DO_STRANGER, /* the certificate of somebody else's PSD of that name */
	DO_LICENCE,  /* says another licence */
	DO_NAME,     /* says another system */
	DO_REAL	     /* says that a lab's postage is real */
};

struct front {
	char dir[64];
	struct lab *lab, *stranger;
	char id[FRONT_PSDS][PSD_ID];
	struct vault *psd[FRONT_PSDS];
	struct psd_status of_psd;
	struct tls_authority *tls;
	struct tls_server *server;
	char certificates[96]; /* folder: the lab's authority alone */
	char uri[512];	       /* for vault_open() */

	pthread_mutex_t lock; /* of all below */
	unsigned long long fence;
	mils ascending, descending;
	unsigned pieces;
	bool funds_gone; /* nothing is left, whatever was said */
	const char *life, *reason;
	struct front_stamp {
		struct psd_stamp stamp;
		struct psd_request request;
		int psd;
	} stamp[FRONT_STAMPS];
	size_t stamps;
	struct front_refund { /* at most one; stamps 0 = none */
		unsigned stamps;
		uint8_t keys[100][PSD_KEY_BYTES];
		mils total;
		char reason[128];
		const char *state;
	} refund;
	struct front_use { /* the one stamp that was cancelled; len 0 = none */
		uint8_t bytes[INDICIUM_MAX];
		size_t len;
		char place[64], scan[40];
	} used;
	struct {
		enum front_fault what;
		int arg;
	} fault[FRONT_OPS][8];
	size_t faults[FRONT_OPS], done[FRONT_OPS];
	atomic_int asked[FRONT_OPS];
};

void front_open(struct front *f);
void front_close(struct front *f);

/* The next request of this kind (behind those said before) meets a fault. */
void
front_will(struct front *f, enum front_op op, enum front_fault what, int arg);

/* The same provider at one more address: ",HOST:PORT" for a URI. */
struct tls_server *front_again(struct front *f, char address[32]);

#endif
