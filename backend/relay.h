/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay: what the real backend says on stderr, made fit for the scheduler.
 *
 * The scheduler obeys these lines (filter(7)), and a printer on the network can
 * put its own words into them.  So each line is taken apart and written anew:
 *
 *	PPD:		dropped: it would edit the queue
 *	PAGE:		dropped: our filter counted the sheets
 *	JOBSTATE:	one plain keyword; "cups-retry-as-raster" is dropped, it
 *			would run the filters again for another format
 *	STATE:		keywords with + or -, so that ours stay; a bare list
 *			gets "+"
 *	ATTR:		only what a backend may set; every marker-... array
 *			gets one more element, the postage
 *	others		cleaned of control characters; no prefix = DEBUG
 *
 * Where the device URI's user and password appear they are starred out.
 *
 * Pure but for relay_feed()'s caller, who owns reading and writing.
 */
#ifndef BACKEND_RELAY_H
#define BACKEND_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "dispense/client.h"

#define RELAY_LINE_MAX 2000 /* CUPS_MAX_MESSAGE is 2,047 */

/* CUPS's own backends for the network take a document, or its beginning, before
 * they have a printer for it, and say how far they are.  What shows that nothing
 * of the document has left the computer: */
enum relay_proof {
	RELAY_PROOF_NONE,      /* another backend: nothing does */
	RELAY_PROOF_CONNECTED, /* socket, lpd: it has not connected */
	RELAY_PROOF_JOB /* ipp, ipps, http, https: the printer has made no
				  job, as when it is busy with another's */
};

struct relay {
	struct funds funds;
	bool has_funds;	  /* the postage is shown as a supply */
	char secret[256]; /* "user:password", or "" */
	char pending[RELAY_LINE_MAX];
	size_t pending_len;
	bool skipping; /* the rest of a line that was too long */
	enum relay_proof proof;
	bool connecting, reached; /* as these say it */
};

/* Takes one finished line. */
typedef void relay_sink(void *context, const char *line);

/* `uri`: the real device URI, whose credentials must not be seen. */
void relay_init(struct relay *r, const char *uri);

/* From now on the postage is the last supply of every list. */
void relay_set_funds(struct relay *r, const struct funds *funds);

/* The lines that show the postage by itself, before the real backend says
 * anything: supplies, and the printer-state-reasons for low funds. */
void relay_show_funds(const struct relay *r, relay_sink *sink, void *context);

/* `len` more bytes of the child's stderr; whole lines go to `sink`. */
void relay_feed(struct relay *r, const char *bytes, size_t len,
    relay_sink *sink, void *context);

/* The child's stderr ended: what is left is a line. */
void relay_end(struct relay *r, relay_sink *sink, void *context);

/* True if the child said that it connects to the printer, and not that it came
 * so far that the printer may have something of the document. */
bool relay_unreached(const struct relay *r);

/* One line without its newline; false if nothing is to be said.  `out` holds
 * RELAY_LINE_MAX bytes. */
bool relay_line(const struct relay *r, const char *line, char *out);

/* How full the vault is, 0 to 100. */
int relay_level(const struct funds *funds);

#endif
