/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person: who is at the keyboard, for the books.
 */
#ifndef TOOLS_PERSON_H
#define TOOLS_PERSON_H

#include "dispense/request.h"

/* Who it is by all signs of it (dispense/persons.h), with the user it works as
 * where that is another: "anna", "anna as root", "root".  The signs are the
 * kernel's login uid, what sudo(8) and pkexec(1) say of their caller, and where
 * there are none of these, the user.  They prove something of those who may
 * run `postage` alone with another's rights; who has a shell of root's, or of
 * user postage, can write anything into the books.  Returns out. */
const char *person_name(char out[USER_MAX]);

#endif
