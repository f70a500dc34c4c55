/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ppdfilter.h"

#include <string.h>
#include <strings.h>

#include "dispense/drivers.h"
#include "dispense/gate.h"

#define GATE_RASTER "application/vnd.cups-postage-raster"
#define GATE_PWG    "application/vnd.cups-postage-pwg"
#define GATE_URF    "application/vnd.cups-postage-urf"
#define GATE_PDF    "application/vnd.cups-postage-pdf"
#define GATES	    "application/vnd.cups-postage-"
#define COMMANDS    "application/vnd.cups-command"
#define OUR_DRIVER  "postagedriver"

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
ppdfilter_init(struct ppdfilter *f, const struct ppdwrap_rules *rules)
{
	*f = (struct ppdfilter){.rank = -1, .rules = rules};
}

bool
ppdfilter_is_ours(const struct ppdfilter *f)
{
	return f->gate.source[0] != '\0';
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

static bool
read_line(struct slice value, bool has_target, struct ppdfilter_line *line)
{
	char cost[32];

	if (!word(&value, line->source, sizeof(line->source)) ||
	    (has_target && !word(&value, line->target, sizeof(line->target))) ||
	    !word(&value, cost, sizeof(cost)))
		return false;
	if (slice_begins(value, " maxsize(") &&
	    !word(&value, line->program, sizeof(line->program)))
		return false;
	return word(&value, line->program, sizeof(line->program));
}

/* False: what it names must not be run. */
static bool
note_program(struct ppdfilter *f, const char *program)
{
	if (!is_own(program) || drivers_allow(program, NULL, f->rules->drivers))
		return true;
	strcpy(f->refused, program);
	return false;
}

static void
note_filter(struct ppdfilter *f, struct slice value, bool has_target)
{
	struct ppdfilter_line line = {.target = ""};
	int rank;

	if (!read_line(value, has_target, &line))
		return;
	if (strncmp(line.source, GATES, strlen(GATES)) == 0) {
		f->gate = line;
		return;
	}
	if (strpbrk(line.program, "\"'`$;|&<>\\") || strchr(line.target, '"') ||
	    !note_program(f, line.program))
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

static void
note_driver(struct ppdfilter *f, struct slice value)
{
	size_t len = value.len < sizeof(f->driver) ? value.len : 0;

	/* Too long a one is none. */
	if (len > 0)
		memcpy(f->driver, value.ptr, len);
	f->driver[len] = '\0';
}

void
ppdfilter_note(struct ppdfilter *f, const struct statement *s)
{
	if (slice_is(s->keyword, "cupsFilter2")) {
		if (!f->filter2) {
			f->filter2 = true;
			f->rank = -1;
			f->command_count = 0;
			f->gate.source[0] = f->refused[0] = '\0';
		}
		note_filter(f, s->value, true);
	} else if (slice_is(s->keyword, "cupsFilter")) {
		if (!f->filter2)
			note_filter(f, s->value, false);
	} else if (slice_is(s->keyword, "cupsPostageDriver")) {
		note_driver(f, s->value);
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
	bool needs = strstr(f->best.program, "foomatic-rip") != NULL ||
		     strstr(f->driver, "foomatic-rip") != NULL;

	for (int i = 0; i < f->command_count; i++)
		needs |= strstr(f->commands[i].program, "foomatic-rip") != NULL;
	return needs;
}

/* The programs of a postage PPD's driver, one or two of which the first makes
 * what the second reads, written anew with one blank between. */
static bool
keep_driver(struct ppdfilter *f, struct ppdwrap_report *report)
{
	struct slice rest = {f->driver, strlen(f->driver)};
	char first[sizeof(f->driver)], second[sizeof(f->driver)];

	if (!word(&rest, first, sizeof(first)) || !note_program(f, first) ||
	    !is_own(first))
		return false;
	strcpy(report->driver, first);
	if (!word(&rest, second, sizeof(second)))
		return true;
	if (!note_program(f, second) || !is_own(second) ||
	    (strcmp(first, "pdftops") != 0 &&
		strcmp(first, "rastertopwg") != 0) ||
	    word(&rest, first, sizeof(first)))
		return false;
	strcat(report->driver, " ");
	strcat(report->driver, second);
	return true;
}

/* A gate that we could have made is made again. */
static bool
keep_gate(struct ppdfilter *f, struct ppdwrap_report *report, struct err *e)
{
	static const char *const gates[] = {
	    GATE_RASTER, GATE_PWG, GATE_URF, GATE_PDF};
	const struct ppdfilter_line *line = &f->gate;
	bool known = false, driven = strcmp(line->program, OUR_DRIVER) == 0;

	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
		known |= strcmp(line->source, gates[i]) == 0;
	f->to2 = line->target[0] != '\0';
	if (known &&
	    (driven ? keep_driver(f, report) : !is_own(line->program)) &&
	    (!f->to2 || gate_is_type(line->target, strlen(line->target)))) {
		snprintf(report->filter, sizeof(report->filter),
		    f->to2 ? "*cupsFilter2: \"%s %s 0 %s\""
			   : "*cupsFilter: \"%s%s 0 %s\"",
		    line->source, line->target, line->program);
		return true;
	}
	return f->refused[0] != '\0' ||
	       err_set(e, ERR_CONFIG,
		   "this says that it is a postage PPD, but its way to the "
		   "printer is none that is known here; give the printer's own "
		   "PPD");
}

/* What no PPD may do, whatever else it says. */
static bool
check_programs(const struct ppdfilter *f, struct err *e)
{
	if (f->refused[0] != '\0')
		return err_set(e, ERR_CONFIG,
		    "the PPD names the driver %s, which lies in no folder of "
		    "drivers; if you trust it, list it in postage.conf: "
		    "[daemon] drivers = PATH",
		    f->refused);
	if (needs_foomatic(f) && !f->rules->allow_foomatic)
		return err_set(e, ERR_CONFIG,
		    "the driver is foomatic-rip, which runs commands written "
		    "in the PPD; if you trust it, add --allow-foomatic");
	return true;
}

static bool
make_gate(struct ppdfilter *f, struct ppdwrap_report *report, struct err *e)
{
	struct ppdfilter_line *line = &f->best;
	const char *gate;

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
	    gate, line->target, report->driver[0] ? OUR_DRIVER : "-");
	return true;
}

bool
ppdfilter_choose(
    struct ppdfilter *f, struct ppdwrap_report *report, struct err *e)
{
	if (!ppdfilter_is_ours(f))
		f->driver[0] = '\0';
	else if (!keep_gate(f, report, e))
		return false;
	return check_programs(f, e) &&
	       (ppdfilter_is_ours(f) || make_gate(f, report, e));
}

void
ppdfilter_write_commands(const struct ppdfilter *f, FILE *out)
{
	for (int i = 0; i < f->command_count; i++) {
		const struct ppdfilter_line *line = &f->commands[i];

		if (f->to2)
			fprintf(out, "*cupsFilter2: \"%s %s 0 %s\"\n", COMMANDS,
			    line->target[0]	   ? line->target
			    : ppdfilter_is_ours(f) ? f->gate.target
						   : f->best.target,
			    line->program);
		else
			fprintf(out, "*cupsFilter: \"%s 0 %s\"\n", COMMANDS,
			    line->program);
	}
}
