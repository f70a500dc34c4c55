/* SPDX-License-Identifier: Apache-2.0 */
/* postage report: what was spent, by whom and what for. */
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"
#include "tools/as_owner.h"
#include "tools/books.h"
#include "tools/out.h"
#include "tools/postage.h"
#include "tools/report_plot.h"

#define PUBLIC_MODE 0644
#define DAYS_SHOWN  92 /* of a plot without --from */
#define DAYS_MAX    3660

static const char usage[] =
    "postage report [--from DATE] [--to DATE | --days N]\n"
    "    [--by day|month|user|cost|queue|class|group]\n"
    "    [--format text|tsv|json] [--plot OUT.png]\n"
    "\n"
    "Counts and sums of what was issued, and what became of it: delivered,\n"
    "uncertain, waiting, spoiled, refunded.  --plot draws a bar for each day.";

static const char *const key_names[BOOKS_KEYS] = {
    "day", "month", "user", "cost", "queue", "class", "group"};

struct arguments {
	struct options options;
	struct settings settings;
	uint32_t from, to; /* days, both included; 0 = the first, the last */
	enum books_key by;
	bool tsv;
	const char *plot;
};

/* Rows of one key: groups have many users. */
struct rows {
	struct books_row *at;
	size_t count, room;
	struct books_row total;
	bool groups, failed;
};

/* --- rows ----------------------------------------------------------------------------- */

static void
add_sum(struct books_sum *to, const struct books_sum *from)
{
	to->count += from->count;
	to->sum += from->sum;
}

static void
add_row(struct books_row *to, const struct books_row *from)
{
	add_sum(&to->issued, &from->issued);
	for (int i = 0; i < BOOKS_FATES; i++)
		add_sum(&to->fate[i], &from->fate[i]);
}

/* The user's primary group. */
static void
name_group(char name[USER_MAX])
{
	const struct passwd *pw = getpwnam(name);
	const struct group *gr = pw ? getgrgid(pw->pw_gid) : NULL;

	snprintf(name, USER_MAX, "%s", gr ? gr->gr_name : "-");
}

static struct books_row *
find_row(struct rows *rows, const struct books_row *like)
{
	for (size_t i = 0; i < rows->count && rows->groups; i++)
		if (strcmp(rows->at[i].key, like->key) == 0)
			return &rows->at[i];
	if (rows->count == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 64;
		void *more = realloc(rows->at, room * sizeof(*rows->at));

		if (more == NULL)
			return NULL;
		rows->at = more;
		rows->room = room;
	}
	rows->at[rows->count] = (struct books_row){.day = ""};
	memcpy(rows->at[rows->count].key, like->key, sizeof(like->key));
	return &rows->at[rows->count++];
}

static bool
take_row(void *context, const struct books_row *row)
{
	struct rows *rows = context;
	struct books_row named = *row, *at;

	if (rows->groups)
		name_group(named.key);
	at = find_row(rows, &named);
	if (at == NULL) {
		rows->failed = true;
		return false;
	}
	add_row(at, row);
	add_row(&rows->total, row);
	return true;
}

/* --- as text, JSON, TSV ------------------------------------------------------------------ */

static const struct out_column columns[] = {
    {"key", "", OUT_TEXT},
    {"issued", "Issued", OUT_NUMBER},
    {"issued_sum", "Sum", OUT_TEXT},
    {"delivered", "Delivered", OUT_NUMBER},
    {"delivered_sum", "Sum", OUT_TEXT},
    {"uncertain", "Uncertain", OUT_NUMBER},
    {"uncertain_sum", "Sum", OUT_TEXT},
    {"waiting", "Waiting", OUT_NUMBER},
    {"waiting_sum", "Sum", OUT_TEXT},
    {"spoiled", "Spoiled", OUT_NUMBER},
    {"spoiled_sum", "Sum", OUT_TEXT},
    {"refunded", "Refunded", OUT_NUMBER},
    {"refunded_sum", "Sum", OUT_TEXT},
};

#define CELLS 13

struct cells {
	char key[USER_MAX], count[BOOKS_FATES + 1][24];
	char sum[BOOKS_FATES + 1][MILS_TEXT];
	const char *text[CELLS];
};

static const char *const *
fill_cells(const struct books_row *r, struct cells *c)
{
	c->text[0] =
	    text_clean(r->key[0] ? r->key : "-", c->key, sizeof(c->key));
	for (int i = 0; i <= BOOKS_FATES; i++) {
		const struct books_sum *s = i ? &r->fate[i - 1] : &r->issued;

		snprintf(
		    c->count[i], sizeof(c->count[i]), "%" PRIu32, s->count);
		c->text[2 * i + 1] = c->count[i];
		c->text[2 * i + 2] = mils_format(s->sum, c->sum[i]);
	}
	return c->text;
}

static int
print_tsv(const struct arguments *a, const struct rows *rows)
{
	struct cells c;

	printf("%s", key_names[a->by]);
	for (int i = 1; i < CELLS; i++)
		printf("\t%s", columns[i].key);
	for (size_t i = 0; i < rows->count; i++) {
		const char *const *text = fill_cells(&rows->at[i], &c);

		for (int k = 0; k < CELLS; k++)
			printf("%c%s", k ? '\t' : '\n', text[k]);
	}
	printf("\n");
	return 0;
}

static bool
show_account(void *context, const struct books_account *a)
{
	struct out *o = context;

	out_cell(o, a->psd_id);
	out_cell_sum(o, a->began);
	out_cell_sum(o, a->issued);
	out_cell_sum(o, a->unknown);
	out_cell_sum(o, a->ascending);
	out_cell_sum(o, a->granted);
	return true;
}

/* The registers are those of all time, whatever the days of the report. */
static const struct out_column account_columns[] = {
    {"psd", "PSD", OUT_TEXT},
    {"began", "Began at", OUT_TEXT},
    {"issued", "Issued", OUT_TEXT},
    {"unknown", "Not known", OUT_TEXT},
    {"ascending", "Ascending register", OUT_TEXT},
    {"granted", "Refunds granted", OUT_TEXT},
};

static bool
print_out(const struct arguments *a, struct journal *j, const struct rows *rows,
    struct out *o, struct err *e)
{
	static struct out_column named[CELLS];
	struct books_row total = rows->total;
	struct cells c;

	memcpy(named, columns, sizeof(named));
	named[0].key = named[0].heading = key_names[a->by];
	out_table(o, "rows", named, CELLS);
	for (size_t i = 0; i < rows->count; i++)
		out_row(o, fill_cells(&rows->at[i], &c));
	snprintf(total.key, sizeof(total.key), "total");
	out_table(o, "total", named, CELLS);
	out_row(o, fill_cells(&total, &c));
	out_table(o, "registers", OUT_COLUMNS(account_columns));
	return books_accounts(j, show_account, o, e);
}

/* --- the picture ----------------------------------------------------------------------------- */

struct drawing {
	struct plot *plot;
	enum books_key by;
	struct err *e;
	bool failed;
};

/* Days by days: the bars show what became of the stamps. */
static bool
add_fates(struct drawing *d, uint32_t day, const struct books_row *row)
{
	for (int i = 0; i < BOOKS_FATES && !d->failed; i++)
		d->failed = row->fate[i].count > 0 &&
			    !plot_add(d->plot, day, columns[2 * i + 3].key,
				row->fate[i].sum, d->e);
	return !d->failed;
}

static bool
take_bar(void *context, const struct books_row *row)
{
	struct drawing *d = context;
	struct books_row named = *row;
	uint32_t day;

	if (d->by == BOOKS_BY_GROUP)
		name_group(named.key);
	d->failed = !date_parse(row->day, &day);
	if (d->by == BOOKS_BY_DAY || d->by == BOOKS_BY_MONTH)
		return add_fates(d, day, row);
	d->failed = d->failed ||
		    !plot_add(d->plot, day, named.key, row->issued.sum, d->e);
	return !d->failed;
}

static bool
draw_days(const struct arguments *a, struct journal *j,
    const struct books_span *span, struct err *e)
{
	struct books_span daily = *span;
	uint32_t last = a->to, first = a->from;
	struct drawing d = {.by = a->by, .e = e};
	char title[96], from[DATE_TEXT], to[DATE_TEXT];
	uint8_t *png = NULL;
	size_t len;
	bool done;

	daily.daily = true;
	if (last == 0)
		last = date_local(time(NULL));
	if (first == 0)
		first = date_add(last, 1 - DAYS_SHOWN);
	if (first > last || date_to_days(last) - date_to_days(first) > DAYS_MAX)
		return err_set(e, ERR_REQUEST,
		    "a plot has 1 to %d days: choose with --from and --to",
		    DAYS_MAX);
	snprintf(title, sizeof(title), "Postage by %s, %s to %s",
	    key_names[a->by], date_format(first, from), date_format(last, to));
	if (!plot_new(first, last, &d.plot, e))
		return false;
	done = books_report(j, &daily, take_bar, &d, e) &&
	       (!d.failed || e->kind != ERR_NONE ||
		   err_set(e, ERR_CORRUPT, "the journal has no such day")) &&
	       !d.failed && plot_draw(d.plot, title, &png, &len, e) &&
	       as_caller(e) &&
	       durable_replace(a->plot, png, len, PUBLIC_MODE, e);
	free(png);
	plot_free(d.plot);
	return done;
}

/* --- all of it --------------------------------------------------------------------------------- */

/* First second of a local day. */
static int64_t
second_of(uint32_t day)
{
	struct tm tm = {.tm_year = (int)(day / 10000) - 1900,
	    .tm_mon = (int)(day / 100 % 100) - 1,
	    .tm_mday = (int)(day % 100),
	    .tm_isdst = -1};

	return (int64_t)mktime(&tm);
}

static int
run(struct arguments *a)
{
	struct books_span span = {.by = a->by,
	    .from = a->from ? second_of(a->from) : 1,
	    .until = a->to ? second_of(date_add(a->to, 1)) : INT64_MAX};
	struct rows rows = {.groups = a->by == BOOKS_BY_GROUP};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o = NULL;
	int status = 0;
	bool done =
	    books_open(&a->settings, true, &j, &e) &&
	    books_report(j, &span, take_row, &rows, &e) &&
	    (!rows.failed || err_set(&e, ERR_SYSTEM, "out of memory")) &&
	    (a->plot == NULL || draw_days(a, j, &span, &e));

	if (done && a->tsv) {
		status = print_tsv(a, &rows);
	} else if (done) {
		o = out_open(&a->options);
		done = print_out(a, j, &rows, o, &e);
		if (done)
			status = out_close(o);
	}
	journal_close(j);
	free(rows.at);
	return done ? status : out_fail(&a->options, o, &e);
}

/* --- the command line ------------------------------------------------------------------------------ */

enum { OPT_FROM = 256, OPT_TO, OPT_DAYS, OPT_BY, OPT_FORMAT, OPT_PLOT };

static const struct option long_options[] = {
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"days", required_argument, NULL, OPT_DAYS},
    {"by", required_argument, NULL, OPT_BY},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"plot", required_argument, NULL, OPT_PLOT},
    {NULL, 0, NULL, 0},
};

static bool
take_key(struct arguments *a, const char *word)
{
	for (int i = 0; i < BOOKS_KEYS; i++)
		if (strcmp(word, key_names[i]) == 0) {
			a->by = (enum books_key)i;
			return true;
		}
	return false;
}

static bool
take_option(struct arguments *a, int option)
{
	uint64_t days;

	switch (option) {
	case OPT_FROM: return date_parse(optarg, &a->from);
	case OPT_TO: return date_parse(optarg, &a->to);
	case OPT_DAYS:
		if (!text_to_u64(optarg, DAYS_MAX, &days) || days == 0)
			return false;
		a->from = date_add(date_local(time(NULL)), 1 - (int)days);
		return true;
	case OPT_BY: return take_key(a, optarg);
	case OPT_FORMAT:
		a->tsv = strcmp(optarg, "tsv") == 0;
		a->options.json |= strcmp(optarg, "json") == 0;
		return a->tsv || strcmp(optarg, "json") == 0 ||
		       strcmp(optarg, "text") == 0;
	case OPT_PLOT: a->plot = optarg; return true;
	default: return false;
	}
}

int
verb_report(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = *o};
	struct err e = ERR_INIT;
	int option;

	if (out_help(argc, argv, usage))
		return 0;
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option))
			return out_usage(usage);
	if (optind < argc)
		return out_usage(usage);
	return run(&a);
}
