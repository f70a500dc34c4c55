/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fatal: a program whose n-th write, sync, rename, link, unlink or truncation
 * goes wrong, whichever library makes it: the functions of fatal.c come before
 * those of the C library.  Descriptors 0 to 2 do not count.
 */
#ifndef TESTS_FATAL_H
#define TESTS_FATAL_H

#define FATAL_DEAD 77 /* the exit code of a program that died of it */

enum fatal {
	FATAL_DIES, /* there; a write is done by half */
	FATAL_FULL  /* from then on there is no room on the disk */
};

/* The n-th call from now; 0 = none.  `met` is called when it comes, or NULL; it
 * makes no such call itself. */
void fatal_at(long n, enum fatal how, void (*met)(void));

#endif
