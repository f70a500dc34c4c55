/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note: an act that is kept in a file beside postage.conf (a measured printer)
 * is told by an event of the journal too: both, or neither.
 *
 *	note_open()	the journal is open for one change
 *	...		the act, as the caller
 *	note_close()	the event, or nothing where the act failed
 */
#ifndef TOOLS_NOTE_H
#define TOOLS_NOTE_H

#include "dispense/books.h"

struct note;

/* Without a journal (nothing was ever printed) there is nothing to tell it.
 * Nobody prints from here on until note_close(): be quick.
 * Errors: ERR_CONFIG, and those of journal_open(). */
MUST_CHECK bool note_open(const char *config, struct note **out, struct err *e);

/* `done`: the act succeeded; else *e stays what it says.  Frees *n.  Returns
 * `done`, or false where the event could not be written. */
MUST_CHECK bool note_close(struct note *n, bool done, const char *what,
    const char *text, struct err *e);

#endif
