/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ppdfilter.h"

#include <string.h>
#include <strings.h>

#define GATE_RASTER "application/vnd.cups-postage-raster"
#define GATE_PWG    "application/vnd.cups-postage-pwg"
#define GATE_URF    "application/vnd.cups-postage-urf"
#define GATE_PDF    "application/vnd.cups-postage-pdf"
#define COMMANDS    "application/vnd.cups-command"

/* Best first. */
enum {
	FROM_RASTER,
	FROM_PWG,
	FROM_URF,
	FROM_CUPS_PDF,
	FROM_PDF,
	FROM_CUPS_POSTSCRIPT,
	FROM_POSTSCRIPT
};

static const char *const sources[] = {"application/vnd.cups-raster",
    "image/pwg-raster", "image/urf", "application/vnd.cups-pdf",
    "application/pdf", "application/vnd.cups-postscript",
    "application/postscript"};

void
ppdfilter_init(struct ppdfilter *f)
{
	*f = (struct ppdfilter){.rank = -1};
}

/* The next word of a filter line; false if it does not fit or is not one. */
static bool
word(struct slice *s, char *out, size_t size)
{
	size_t len = 0;

	while (s->len > 0 && (*s->ptr == ' ' || *s->ptr == '\t'))
		s->ptr++, s->len--;
	while (len < s->len && s->ptr[len] > ' ' && s->ptr[len] <= '~')
		len++;
	if (len == 0 || len >= size)
		return false;
	memcpy(out, s->ptr, len);
	out[len] = '\0';
	s->ptr += len;
	s->len -= len;
	return true;
}

static bool
is_own(const char *program)
{
	return strcmp(program, "-") != 0;
}

/* -1: no use. */
static int
rank_of(const struct ppdfilter_line *line)
{
	for (int i = 0; i < (int)(sizeof(sources) / sizeof(sources[0])); i++) {
		if (strcmp(line->source, sources[i]) != 0)
			continue;
		/* rastertopwg makes URF only where that is the end. */
		return i == FROM_URF && is_own(line->program) ? -1 : i;
	}
	return -1;
}

static void
keep_command(struct ppdfilter *f, const struct ppdfilter_line *line)
{
	if (f->command_count < PPDFILTER_COMMANDS && is_own(line->program))
		f->commands[f->command_count++] = *line;
}

static void
note_filter(struct ppdfilter *f, struct slice value, bool has_target)
{
	struct ppdfilter_line line = {.target = ""};
	char cost[32];
	int rank;

	if (!word(&value, line.source, sizeof(line.source)) ||
	    (has_target && !word(&value, line.target, sizeof(line.target))) ||
	    !word(&value, cost, sizeof(cost)))
		return;
	if (slice_begins(value, " maxsize(") &&
	    !word(&value, line.program, sizeof(line.program)))
		return;
	if (!word(&value, line.program, sizeof(line.program)))
		return;
	if (strstr(line.source, "vnd.cups-postage-"))
		f->ours = true;
	if (strstr(line.program, "..") ||
	    strpbrk(line.program, "\"'`$;|&<>\\") || strchr(line.target, '"'))
		return;
	if (strcmp(line.source, COMMANDS) == 0) {
		keep_command(f, &line);
		return;
	}
	f->any_filter = true;
	rank = rank_of(&line);
	if (rank < 0 || (f->rank >= 0 && rank >= f->rank))
		return;
	f->rank = rank;
	f->best = line;
}

void
ppdfilter_note(struct ppdfilter *f, const struct statement *s)
{
	if (slice_is(s->keyword, "cupsFilter2")) {
		if (!f->filter2) {
			f->filter2 = true;
			f->rank = -1;
			f->command_count = 0;
		}
		note_filter(f, s->value, true);
	} else if (slice_is(s->keyword, "cupsFilter")) {
		if (!f->filter2)
			note_filter(f, s->value, false);
	} else if (slice_is(s->keyword, "LanguageLevel")) {
		f->postscript = true;
	} else if (slice_is(s->keyword, "cupsCommands")) {
		f->no_commands = slice_is(s->value, "none");
	}
}

/* Before the driver, or instead of it where the printer needs none. */
static void
put_before(struct ppdfilter_line *line, const char *maker,
    struct ppdwrap_report *report)
{
	snprintf(report->driver, sizeof(report->driver), "%s%s%.100s", maker,
	    is_own(line->program) ? " " : "",
	    is_own(line->program) ? line->program : "");
}

/* libcups gives PostScript printers this one by itself. */
static void
add_commandtops(struct ppdfilter *f)
{
	static const struct ppdfilter_line line = {
	    COMMANDS, "application/postscript", "commandtops"};

	if (f->command_count == 0 && !f->no_commands &&
	    !is_own(f->best.program))
		f->commands[f->command_count++] = line;
}

static bool
needs_foomatic(const struct ppdfilter *f)
{
	bool needs = strstr(f->best.program, "foomatic-rip") != NULL;

	for (int i = 0; i < f->command_count; i++)
		needs |= strstr(f->commands[i].program, "foomatic-rip") != NULL;
	return needs;
}

bool
ppdfilter_choose(struct ppdfilter *f, bool allow_foomatic,
    struct ppdwrap_report *report, struct err *e)
{
	struct ppdfilter_line *line = &f->best;
	const char *gate;

	if (f->ours)
		return err_set(e, ERR_CONFIG, "this is a postage PPD already");
	if (needs_foomatic(f) && !allow_foomatic)
		return err_set(e, ERR_CONFIG,
		    "the driver is foomatic-rip, which runs commands written "
		    "in the PPD; if you trust it, add --allow-foomatic");
	if (f->rank < 0 && (f->any_filter || !f->postscript))
		return err_set(e, ERR_CONFIG,
		    "the printer's driver takes neither CUPS raster, PWG "
		    "raster, URF, PDF nor PostScript, so no stamps can be put "
		    "before it");
	if (f->rank < 0) {
		f->rank = FROM_CUPS_POSTSCRIPT;
		strcpy(line->program, "-");
	}
	gate = f->rank <= FROM_URF ? GATE_RASTER : GATE_PDF;
	if (is_own(line->program))
		snprintf(report->driver, sizeof(report->driver), "%s",
		    line->program);
	if (f->rank >= FROM_CUPS_POSTSCRIPT) {
		put_before(line, "pdftops", report);
		add_commandtops(f);
		if (!is_own(line->program))
			strcpy(line->target, "application/postscript");
	} else if (f->rank == FROM_PWG && is_own(line->program)) {
		put_before(line, "rastertopwg", report);
	} else if (f->rank == FROM_PWG || f->rank == FROM_URF) {
		/* The printer's own format, made by pdftopostage. */
		gate = f->rank == FROM_PWG ? GATE_PWG : GATE_URF;
		strcpy(line->target, line->source);
	}
	f->to2 = line->target[0] != '\0';
	/* A driver is run by postagedriver, which knows what was applied. */
	snprintf(report->filter, sizeof(report->filter),
	    f->to2 ? "*cupsFilter2: \"%s %.100s 0 %s\""
		   : "*cupsFilter: \"%s%.0s 0 %s\"",
	    gate, line->target, report->driver[0] ? "postagedriver" : "-");
	return true;
}

void
ppdfilter_write_commands(const struct ppdfilter *f, FILE *out)
{
	for (int i = 0; i < f->command_count; i++) {
		const struct ppdfilter_line *line = &f->commands[i];

		if (f->to2)
			fprintf(out, "*cupsFilter2: \"%s %s 0 %s\"\n", COMMANDS,
			    line->target[0] ? line->target : f->best.target,
			    line->program);
		else
			fprintf(out, "*cupsFilter: \"%s 0 %s\"\n", COMMANDS,
			    line->program);
	}
}
