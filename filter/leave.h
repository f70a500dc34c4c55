/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leave: the end of a process that cannot go back out of a library: its time
 * is up, or the library crashed.
 *
 * What is left then is taken along: the renderers (sandbox.h) and the job's
 * folder.  Only SIGKILL and a power failure leave something behind.
 */
#ifndef FILTER_LEAVE_H
#define FILTER_LEAVE_H

#include <stdnoreturn.h>

/* The folder to remove; NULL = none any more.  The text is copied. */
void leave_folder(const char *path);

/* Ends the process so, with exit code 1, after `line` ("ERROR: ...\n") on
 * standard error.  May be called by a signal's handler. */
noreturn void leave_now(const char *line);

/* From now on a crash ends so too.  A stack without end is a crash. */
void leave_on_crash(void);

/* Removes a folder, what is in it, and what is in the folders in it.  May be
 * called by a signal's handler. */
void leave_remove(const char *folder);

#endif
