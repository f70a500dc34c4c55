/* SPDX-License-Identifier: Apache-2.0 */
/*
 * persons: what the books say of who did something, and whether two were one.
 *
 * "anna" or "anna as root": the login, and the user it works as.  Where the
 * signs of who it is do not agree, all of them count: "anna/bert as root" is
 * both, for nobody gets rid of a sign of his own by adding another's.
 */
#ifndef DISPENSE_PERSONS_H
#define DISPENSE_PERSONS_H

#include <stdbool.h>
#include <stddef.h>

#define PERSON_NAME_MAX 28 /* characters that count of a user's name */

/* Adds `user` to the names in `out`, unless it is there; blanks and slashes
 * become "_".  `out` has room for three of them. */
void persons_add(char *out, size_t size, const char *user);

/* An account that people who have names work as: root, or the daemon's own. */
bool persons_are_behind(const char *user);

/* True if `user` may be the person. */
bool persons_include(const char *person, const char *user);

/* True if it is certain that these are two: no name is common to both, and
 * neither is only an account that several can work as. */
bool persons_differ(const char *a, const char *b);

#endif
