/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swtpm: a TPM 2.0 in a folder, by swtpm(8), for the tests of guards.
 */
#ifndef TESTS_SWTPM_H
#define TESTS_SWTPM_H

#include <sys/types.h>

struct swtpm {
	char folder[64]; /* its state; absolute */
	int port;	 /* and the next one */
	pid_t pid;	 /* 0: off */
	char guard[128]; /* for guard_make() */
};

/* Is swtpm(8) there? */
int swtpm_installed(void);

/* On, with the state of `folder`, which is made where it is missing; at the
 * same port again where it had one.  Fails the test where it does not start. */
void swtpm_start(struct swtpm *t, const char *folder);

/* As if its plug was pulled. */
void swtpm_kill(struct swtpm *t);

#endif
