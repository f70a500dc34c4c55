/* SPDX-License-Identifier: Apache-2.0 */
/* postage sheet: label sheets, and what is left of numbered ones. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "stamp/sheet.h"
#include "tools/action.h"
#include "tools/books.h"
#include "tools/out.h"
#include "tools/postage.h"

#define PT_PER_MM  (72.0 / 25.4)
#define USED_MAX   4096
#define LABELS_MAX 2048 /* bytes of a list of label numbers */

static const char usage[] =
    "postage sheet\n"
    "  list  [WORD ...]     label sheets whose name holds every word\n"
    "  list  --numbered     sheets with a serial number that were printed on\n"
    "  show  NAME | SERIAL  one kind of sheet, or what is left of one sheet";

struct arguments {
	const struct options *options;
	struct settings settings;
	bool numbered;
};

/* --- kinds of sheet ------------------------------------------------------------- */

static const struct out_column kind_columns[] = {
    {"name", "Name", OUT_TEXT},
    {"labels", "Labels", OUT_NUMBER},
    {"width_mm", "Width mm", OUT_TEXT},
    {"height_mm", "Height mm", OUT_TEXT},
    {"paper", "Paper", OUT_TEXT},
    {"description", "Description", OUT_TEXT},
};

static const char *
mm(double pt, char out[24])
{
	snprintf(out, 24, "%.1f", pt / PT_PER_MM);
	return out;
}

static bool
kind_row(
    void *context, const struct sheet *s, const char *brand, const char *part)
{
	struct out *o = context;
	char text[24];

	(void)brand;
	(void)part;
	out_cell(o, s->name);
	out_cell_number(o, s->count);
	out_cell(o, mm(s->label_w_pt, text));
	out_cell(o, mm(s->label_h_pt, text));
	out_cell(o, s->paper);
	out_cell(o, s->description);
	return true;
}

static int
list_kinds(struct arguments *a, char **words)
{
	char search[256] = "";
	struct err e = ERR_INIT;
	struct out *o;

	for (int i = 0; words[i]; i++) {
		size_t len = strlen(search);

		snprintf(search + len, sizeof(search) - len, "%s%s",
		    i ? " " : "", words[i]);
	}
	o = out_open(a->options);
	out_table(o, "sheets", OUT_COLUMNS(kind_columns));
	if (!sheet_list(search, a->settings.templates, kind_row, o, &e))
		return out_fail(a->options, o, &e);
	return out_close(o);
}

static int
show_kind(struct arguments *a, const char *name)
{
	struct err e = ERR_INIT;
	struct sheet s;
	struct out *o;
	char text[24];

	if (!sheet_find(name, a->settings.templates, &s, &e))
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_text(o, "name", "Name", s.name);
	out_text(o, "description", "Description", s.description);
	out_text(o, "paper", "Paper", s.paper);
	out_text(o, "page_width_mm", "Page width, mm", mm(s.page_w_pt, text));
	out_text(o, "page_height_mm", "Page height, mm", mm(s.page_h_pt, text));
	out_number(o, "labels", "Labels", s.count);
	out_number(o, "columns", "Columns", s.columns);
	out_number(o, "rows", "Rows", s.rows);
	out_text(
	    o, "label_width_mm", "Label width, mm", mm(s.label_w_pt, text));
	out_text(
	    o, "label_height_mm", "Label height, mm", mm(s.label_h_pt, text));
	return out_close(o);
}

/* --- numbered sheets -------------------------------------------------------------- */

static const struct out_column numbered_columns[] = {
    {"serial", "Serial", OUT_NUMBER},
    {"name", "Name", OUT_TEXT},
    {"used", "Used", OUT_NUMBER},
    {"highest", "Highest used", OUT_NUMBER},
};

static bool
numbered_row(void *context, uint64_t serial, const char *media, uint32_t used,
    uint32_t highest)
{
	struct out *o = context;

	out_cell_number(o, (int64_t)serial);
	out_cell_clean(o, media);
	out_cell_number(o, used);
	out_cell_number(o, highest);
	return true;
}

static int
list_numbered(struct arguments *a)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	bool done;

	if (!books_open(&a->settings, true, &j, &e) && e.kind != ERR_ABSENT)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_table(o, "sheets", OUT_COLUMNS(numbered_columns));
	done = j == NULL || journal_sheets(j, numbered_row, o, &e);
	journal_close(j);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}

/* "1-3 7": the numbers (from 1) of what is `value` among the first `count`. */
static void
ranges(const bool *used, size_t count, bool value, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t first = i;

		if (used[i] != value)
			continue;
		while (i + 1 < count && used[i + 1] == value)
			i++;
		if (len + 24 > size)
			return;
		len += (size_t)snprintf(out + len, size - len,
		    first == i ? "%s%zu" : "%s%zu-%zu", len ? " " : "",
		    first + 1, i + 1);
	}
}

static int
show_numbered(struct arguments *a, uint64_t serial)
{
	char media[128], clean[128], used_text[LABELS_MAX];
	char free_text[LABELS_MAX];
	bool used[USED_MAX];
	struct err e = ERR_INIT, unknown = ERR_INIT;
	struct journal *j = NULL;
	size_t count = 0, next = 0;
	struct sheet s;
	struct out *o;

	if (!books_open(&a->settings, true, &j, &e))
		return out_fail(a->options, NULL, &e);
	if (!journal_sheet_media(j, serial, media, sizeof(media), &e) ||
	    !journal_sheet_used(j, serial, 0, used, USED_MAX, &e)) {
		journal_close(j);
		return out_fail(a->options, NULL, &e);
	}
	journal_close(j);
	/* Without its kind, as far as it was used. */
	if (media[0] && sheet_find(media, a->settings.templates, &s, &unknown))
		count = (size_t)s.count;
	for (size_t i = 0; count == 0 && i < USED_MAX; i++)
		if (used[USED_MAX - 1 - i])
			count = USED_MAX - i;
	while (next < count && used[next])
		next++;
	ranges(used, count, true, used_text, sizeof(used_text));
	ranges(used, count, false, free_text, sizeof(free_text));
	o = out_open(a->options);
	out_number(o, "serial", "Serial", (int64_t)serial);
	out_text(o, "name", "Name", text_clean(media, clean, sizeof(clean)));
	out_number(o, "labels", "Labels", (int64_t)count);
	out_text(o, "used", "Used", used_text);
	out_text(o, "free", "Free", free_text);
	out_number(o, "next", next < count ? "First free label" : NULL,
	    next < count ? (int64_t)next + 1 : 0);
	if (next == count)
		out_note(o, "no label of it is free");
	return out_close(o);
}

/* Does the journal know a sheet of this number? */
static bool
is_numbered(struct arguments *a, uint64_t serial)
{
	bool used[USED_MAX] = {false}, any = false;
	struct journal *j = NULL;
	struct err e = ERR_INIT;
	char media[128] = "";
	bool known = books_open(&a->settings, true, &j, &e) &&
		     journal_sheet_media(j, serial, media, sizeof(media), &e) &&
		     journal_sheet_used(j, serial, 0, used, USED_MAX, &e);

	for (int i = 0; known && i < USED_MAX; i++)
		any |= used[i];
	journal_close(j);
	return media[0] || any;
}

/* --- the command line --------------------------------------------------------------- */

static int
do_list(struct arguments *a, char **words)
{
	return a->numbered ? list_numbered(a) : list_kinds(a, words);
}

/* A name that is all digits, "5160", is a kind where the journal has no sheet
 * of that number. */
static int
do_show(struct arguments *a, char **words)
{
	uint64_t serial;

	if (text_to_u64(words[0], UINT64_MAX >> 8, &serial) && serial > 0 &&
	    is_numbered(a, serial))
		return show_numbered(a, serial);
	return show_kind(a, words[0]);
}

static const struct action actions[] = {
    {"list", do_list, 0, INT_MAX},
    {"show", do_show, 1, 1},
};

int
verb_sheet(int argc, char **argv, const struct options *o)
{
	static const struct option long_options[] = {
	    {"numbered", no_argument, NULL, 'n'},
	    {NULL, 0, NULL, 0},
	};
	struct arguments a = {.options = o};
	struct err e = ERR_INIT;
	int option;

	if (out_help(argc, argv, usage))
		return 0;
	while (
	    (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option != 'n')
			return out_usage(usage);
		a.numbered = true;
	}
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	return action_run(
	    ACTIONS(actions), &a, argc - optind, argv + optind, usage);
}
