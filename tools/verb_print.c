/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage print: stamps from the command line, through the queue like any
 * other job: a sheet of labels, or pages with one mark each.
 */
#include <cups/cups.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "stamp/mark.h"
#include "stamp/sheet.h"
#include "tools/blankpdf.h"
#include "tools/cupsd.h"
#include "tools/out.h"
#include "tools/paper.h"
#include "tools/postage.h"

#define USAGE                                                                  \
	"postage print [--queue NAME] [--media NAME|WIDTHxHEIGHT] [MARK]\n"    \
	"              [--count N] [-o OPTION=VALUE]...\n"                     \
	"       postage print --sheet NAME [--queue NAME] [--count N]\n"       \
	"              [--first N] [--serial N] [MARK] [-o OPTION=VALUE]...\n" \
	"\nMARK: [--amount SUM | --class NAME [--extra NAMES] [--weight W]]\n" \
	"      [--to ZIP] [--from ZIP] [--origin ZIP] [--date DATE] "          \
	"[--mailby DATE]\n"                                                    \
	"      [--cost CODE] [--size NAME] [--kind NAME] [--at CORNER]\n"      \
	"\nWithout --sheet, N pages (1) with one stamp each.  Without\n"       \
	"--queue the only postage queue there is."

#define PAGES_MAX 1000
#define EDGE_PT	  40.0	/* from the page's edge to the stamp */
#define ROOM_PT	  230.0 /* of the widest stamp */
#define FONT_PT	  4.0

/* Long options that are words of a mark, and their job options. */
static const struct {
	const char *word, *option;
} marks[] = {{"amount", "PostageAmount"}, {"class", "PostageClass"},
    {"extra", "PostageExtra"}, {"weight", "PostageWeight"}, {"to", NULL},
    {"from", NULL}, {"origin", "PostageOrigin"}, {"date", "PostageDate"},
    {"mailby", "PostageMailBy"}, {"cost", "PostageCost"},
    {"size", "PostageSize"}, {"kind", NULL}, {"at", NULL}};

#define MARKS (sizeof(marks) / sizeof(marks[0]))

struct print {
	char queue[QUEUE_MAX];
	const char *media, *sheet, *first, *serial;
	uint64_t count;
	const char *values[MARKS];
	cups_option_t *options;
	int option_count;
};

static bool
only_queue(void *context, const struct cupsd_queue *q)
{
	struct print *p = context;

	if (strncmp(q->device_uri, "postage:/", 9) != 0)
		return true;
	if (p->queue[0]) {
		strcpy(p->queue, "*");
		return false;
	}
	text_copy(p->queue, sizeof(p->queue), q->name);
	return true;
}

static bool
choose_queue(http_t *http, struct print *p, struct err *e)
{
	if (p->queue[0])
		return true;
	if (!cupsd_queues(http, only_queue, p, e))
		return false;
	if (p->queue[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "there is no postage queue; make one with \"postage queue "
		    "add\"");
	if (p->queue[0] == '*')
		return err_set(e, ERR_REQUEST,
		    "there are several postage queues; choose one with "
		    "--queue");
	return true;
}

static void
add_option(struct print *p, const char *name, const char *value)
{
	p->option_count =
	    cupsAddOption(name, value, p->option_count, &p->options);
}

static void
add_custom(struct print *p, const char *name, const char *value)
{
	char text[512];

	if (value == NULL)
		return;
	snprintf(text, sizeof(text), "Custom.%s", value);
	add_option(p, name, text);
}

/* Labels: what is on them comes from the job's options. */
static bool
sheet_job(struct print *p, struct blankpdf *b, struct err *e)
{
	char count[24];
	struct sheet *s;

	for (size_t i = 0; i < MARKS; i++) {
		if (p->values[i] && marks[i].option == NULL)
			return err_set(e, ERR_REQUEST,
			    "--%s is for single stamps, not for sheets",
			    marks[i].word);
		if (p->values[i])
			add_custom(p, marks[i].option, p->values[i]);
	}
	s = malloc(sizeof(*s));
	if (s == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (!sheet_find(p->sheet, NULL, s, e)) {
		free(s);
		return false;
	}
	b->w_pt = s->page_w_pt;
	b->h_pt = s->page_h_pt;
	/* As many pages as the labels need; without --count, one sheet. */
	if (p->count > 0 && s->count > 0 && !p->serial && !p->first)
		b->pages = (int)((p->count + (uint64_t)s->count - 1) /
				 (uint64_t)s->count);
	free(s);
	add_custom(p, "PostageSheet", p->sheet);
	add_custom(p, "PostageFirstLabel", p->first);
	add_custom(p, "PostageSerial", p->serial);
	if (p->count > 0) {
		snprintf(
		    count, sizeof(count), "%llu", (unsigned long long)p->count);
		add_custom(p, "PostageCount", count);
	}
	return true;
}

/* Pages with one mark where a stamp belongs: the upper right corner. */
static bool
mark_job(struct print *p, struct blankpdf *b, char text[MARK_TEXT_MAX],
    struct err *e)
{
	struct mark mark;

	memset(&mark, 0, sizeof(mark));
	for (size_t i = 0; i < MARKS; i++)
		if (p->values[i] &&
		    !mark_set(&mark, marks[i].word, p->values[i], e))
			return err_prefix(e, "--%s", marks[i].word);
	mark_format(&mark, text);
	b->text = text;
	b->font_pt = FONT_PT;
	b->x_pt = b->w_pt > ROOM_PT + 2 * EDGE_PT ? b->w_pt - ROOM_PT - EDGE_PT
						  : EDGE_PT / 2;
	b->y_pt = b->w_pt > ROOM_PT + 2 * EDGE_PT ? EDGE_PT : EDGE_PT / 2;
	b->pages = p->count > 0 ? (int)p->count : 1;
	return true;
}

/* The medium that the queue is asked for, unless the caller did. */
static void
add_media(struct print *p, double w_pt, double h_pt)
{
	const char *media = paper_name(w_pt, h_pt);

	if (cupsGetOption("media", p->option_count, p->options) ||
	    cupsGetOption("PageSize", p->option_count, p->options))
		return;
	if (media)
		add_option(p, "media", media);
}

static bool
submit(http_t *http, struct print *p, const struct blankpdf *b, int *job,
    struct err *e)
{
	char path[] = "/tmp/postage-print.XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool done;

	if (f == NULL)
		return err_system(e, "cannot make a temporary file");
	done = blankpdf_write(b, f, e);
	fclose(f);
	if (done) {
		add_media(p, b->w_pt, b->h_pt);
		*job = cupsPrintFile2(http, p->queue, path,
		    p->sheet ? "Postage labels" : "Postage", p->option_count,
		    p->options);
		if (*job == 0)
			done = err_set(e, ERR_CONFIG, "queue %s: %s", p->queue,
			    cupsLastErrorString());
	}
	unlink(path);
	return done;
}

static bool
print(struct print *p, int *job, struct err *e)
{
	struct blankpdf b = {.pages = 1};
	char text[MARK_TEXT_MAX];
	http_t *http = NULL;
	bool done;

	if (!paper_size(p->media ? p->media : "Letter", &b.w_pt, &b.h_pt, e) ||
	    !cupsd_connect(&http, e))
		return false;
	done = choose_queue(http, p, e) &&
	       (p->sheet ? sheet_job(p, &b, e) : mark_job(p, &b, text, e)) &&
	       submit(http, p, &b, job, e);
	httpClose(http);
	return done;
}

static bool
take(struct print *p, int c, const char *value)
{
	switch (c) {
	case 'q': return text_copy(p->queue, sizeof(p->queue), value);
	case 'm': p->media = value; return true;
	case 's': p->sheet = value; return true;
	case 'f': p->first = value; return true;
	case 'n': p->serial = value; return true;
	case 'c': return text_to_u64(value, PAGES_MAX, &p->count) && p->count;
	case 'o':
		p->option_count =
		    cupsParseOptions(value, p->option_count, &p->options);
		return true;
	default: break;
	}
	if (c < 256 || c >= 256 + (int)MARKS)
		return false;
	p->values[c - 256] = value;
	return true;
}

static bool
parse(int argc, char **argv, struct print *p)
{
	struct option list[16 + MARKS] = {{"queue", 1, NULL, 'q'},
	    {"media", 1, NULL, 'm'}, {"sheet", 1, NULL, 's'},
	    {"first", 1, NULL, 'f'}, {"serial", 1, NULL, 'n'},
	    {"count", 1, NULL, 'c'}};
	int c, used = 6;

	for (size_t i = 0; i < MARKS; i++)
		list[used++] =
		    (struct option){marks[i].word, 1, NULL, 256 + (int)i};
	while ((c = getopt_long(argc, argv, "o:", list, NULL)) != -1)
		if (!take(p, c, optarg))
			return false;
	return optind == argc;
}

int
verb_print(int argc, char **argv, const struct options *options)
{
	struct print p = {.count = 0};
	struct err e = ERR_INIT;
	struct out *o;
	int job = 0;
	bool done;

	if (out_help(argc, argv, USAGE))
		return 0;
	if (!parse(argc, argv, &p)) {
		cupsFreeOptions(p.option_count, p.options);
		return out_usage(USAGE);
	}
	done = print(&p, &job, &e);
	cupsFreeOptions(p.option_count, p.options);
	if (!done)
		return out_fail(options, NULL, &e);
	o = out_open(options);
	out_text(o, "queue", "Queue", p.queue);
	out_number(o, "job", "Job", job);
	return out_close(o);
}
