/* SPDX-License-Identifier: Apache-2.0 */
/* postage sheet: label sheets, and what is left of numbered ones. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dispense/journal.h"
#include "dispense/settings.h"
#include "stamp/sheet.h"
#include "tools/as_owner.h"
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
	char labels[24], w[24], h[24];

	(void)brand;
	(void)part;
	snprintf(labels, sizeof(labels), "%d", s->count);
	out_row(context, (const char *[]){s->name, labels, mm(s->label_w_pt, w),
			     mm(s->label_h_pt, h), s->paper, s->description});
	return true;
}

static int
list_kinds(struct arguments *a, int count, char **words)
{
	char search[256] = "";
	struct err e = ERR_INIT;
	struct out *o;

	for (int i = 0; i < count; i++) {
		size_t len = strlen(search);

		snprintf(search + len, sizeof(search) - len, "%s%s",
		    i ? " " : "", words[i]);
	}
	o = out_open(a->options);
	out_table(o, "sheets", kind_columns, 6);
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

static bool
open_journal(struct arguments *a, struct journal **j, struct err *e)
{
	char path[PATH_MAX];

	snprintf(
	    path, sizeof(path), "%.4000s/journal.db", a->settings.state_dir);
	return as_owner(a->settings.vault_uri, e) &&
	       journal_open(path, true, a->settings.wait_s * 1000, j, e);
}

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
	char s[24], name[128], u[12], h[12];

	snprintf(s, sizeof(s), "%llu", (unsigned long long)serial);
	snprintf(u, sizeof(u), "%u", used);
	snprintf(h, sizeof(h), "%u", highest);
	text_clean(media, name, sizeof(name));
	out_row(context, (const char *[]){s, name, u, h});
	return true;
}

static int
list_numbered(struct arguments *a)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;

	if (!open_journal(a, &j, &e) && e.kind != ERR_ABSENT)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_table(o, "sheets", numbered_columns, 4);
	if (j && !journal_sheets(j, numbered_row, o, &e)) {
		journal_close(j);
		return out_fail(a->options, o, &e);
	}
	journal_close(j);
	return out_close(o);
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

	if (!open_journal(a, &j, &e))
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

int
verb_sheet(int argc, char **argv, const struct options *o)
{
	static const struct option long_options[] = {
	    {"numbered", no_argument, NULL, 'n'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	struct arguments a = {.options = o};
	struct err e = ERR_INIT;
	uint64_t serial;
	int option;

	while (
	    (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == 'h') {
			printf("Usage: %s\n", usage);
			return 0;
		}
		if (option != 'n')
			return out_usage(usage);
		a.numbered = true;
	}
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	if (optind < argc && strcmp(argv[optind], "list") == 0)
		return a.numbered ? list_numbered(&a)
				  : list_kinds(&a, argc - optind - 1,
					argv + optind + 1);
	if (argc - optind != 2 || strcmp(argv[optind], "show") != 0)
		return out_usage(usage);
	/* A name that is all digits, "5160", is a kind only where the journal
	 * has no sheet of that number. */
	if (text_to_u64(argv[optind + 1], UINT64_MAX >> 8, &serial) &&
	    serial > 0) {
		struct journal *j = NULL;
		char media[128] = "";
		bool known =
		    open_journal(&a, &j, &e) &&
		    journal_sheet_media(j, serial, media, sizeof(media), &e);
		bool used[USED_MAX] = {false}, any = false;

		known = known &&
			journal_sheet_used(j, serial, 0, used, USED_MAX, &e);
		for (int i = 0; known && i < USED_MAX; i++)
			any |= used[i];
		journal_close(j);
		if (media[0] || any)
			return show_numbered(&a, serial);
	}
	return show_kind(&a, argv[optind + 1]);
}
