/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ppdfilter: the filter lines of a printer's PPD, and what a postage queue has
 * in their place.
 *
 *	what the driver reads		what runs behind our gate
 *	CUPS raster			the driver
 *	PWG raster			rastertopwg, the driver if there is one
 *	URF, as it is			rastertopwg
 *	PDF				the driver
 *	PostScript, or no line at all	pdftops, the driver if there is one
 *	application/vnd.cups-command	as it was: no document has this type
 *
 * The first of these that the PPD has is taken; the others are dropped, each of
 * them would be a way round the gate.  A PPD that has a gate already keeps it,
 * as far as it is one that we could have made.  Programs are those of
 * dispense/drivers.h.
 *
 *	ppdfilter_init(&f, &rules); ppdfilter_note(&f, &statement) ...;
 *	ppdfilter_choose(&f, &report, &e)
 */
#ifndef TOOLS_PPDFILTER_H
#define TOOLS_PPDFILTER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "tools/ppdread.h"
#include "tools/ppdwrap.h"

#define PPDFILTER_COMMANDS 4

struct ppdfilter_line {
	char source[128], target[128], program[128];
};

struct ppdfilter {
	struct ppdfilter_line best;
	int rank;	 /* of `best`: lower is better, -1 for none */
	bool filter2;	 /* cupsFilter2 lines hide cupsFilter lines */
	bool any_filter; /* a filter for documents, ours to use or not */
	bool postscript; /* LanguageLevel given */
	struct ppdfilter_line gate; /* of a postage PPD: its own way; source
				     * "" = it is none */
	char driver[128];	    /* and its driver's programs */
	char refused[128];	    /* a program that must not be run */
	bool no_commands;	    /* cupsCommands says "none" */
	bool to2;		    /* the gate's line has a target */
	struct ppdfilter_line commands[PPDFILTER_COMMANDS];
	int command_count;
	const struct ppdwrap_rules *rules;
};

void ppdfilter_init(struct ppdfilter *f, const struct ppdwrap_rules *rules);

/* One more statement of the PPD; those about no filter are passed over. */
void ppdfilter_note(struct ppdfilter *f, const struct statement *s);

/* After the last statement: fills `filter` and `driver` of the report.
 * Errors: ERR_CONFIG, as ppdwrap(). */
MUST_CHECK bool ppdfilter_choose(
    struct ppdfilter *f, struct ppdwrap_report *report, struct err *e);

/* After ppdfilter_choose(): a postage PPD already. */
bool ppdfilter_is_ours(const struct ppdfilter *f);

/* The lines of the command filters (head cleaning and the like). */
void ppdfilter_write_commands(const struct ppdfilter *f, FILE *out);

#endif
