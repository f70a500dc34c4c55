/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person: who is at the keyboard, for the books.
 */
#ifndef TOOLS_PERSON_H
#define TOOLS_PERSON_H

#include "dispense/request.h"

/* The login that began the session, with the user it works as where that is
 * another: "anna", "anna as root", "root".  Returns out. */
const char *person_name(char out[USER_MAX]);

#endif
