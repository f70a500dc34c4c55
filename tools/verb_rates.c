/* SPDX-License-Identifier: Apache-2.0 */
/* postage rates: prices, what a new table changes, and its way into force. */
#include <getopt.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"
#include "dispense/persons.h"
#include "dispense/rates.h"
#include "tools/action.h"
#include "tools/as_owner.h"
#include "tools/books.h"
#include "tools/out.h"
#include "tools/postage.h"

#define NAME_SHOWN 12 /* letters of a table's name */
#define HEAD_MAX   512

static const char usage[] =
    "postage rates\n"
    "  list\n"
    "  show    [--date DATE]\n"
    "  price   CLASS [--extra NAMES] [--weight W] [--date DATE]\n"
    "  diff    FILE\n"
    "  import  FILE [--late]\n"
    "  approve NAME\n"
    "\n"
    "import shows what the lists of FILE change, and keeps the table; approve\n"
    "puts it in force.  Lists that FILE does not hold stay.";

struct arguments {
	const struct options *options;
	struct settings settings;
	struct rate_piece piece;
	uint32_t today, date;
	bool late;
};

/* --- list, show, price -------------------------------------------------------- */

static void
text_of_date(uint32_t date, char out[DATE_TEXT])
{
	if (date)
		date_format(date, out);
	else
		strcpy(out, "none");
}

static void
list_lists(const struct rates *r, uint32_t today, struct out *o)
{
	static const struct out_column columns[] = {
	    {"effective", "From", OUT_TEXT}, {"list", "List", OUT_NUMBER},
	    {"prices", "Prices", OUT_NUMBER}, {"state", "State", OUT_TEXT}};
	uint32_t now = rates_list_on(r, today);
	size_t first = 0;

	out_table(o, "lists", OUT_COLUMNS(columns));
	for (size_t i = 1; i <= rates_count(r); i++) {
		const struct rate *x = rates_at(r, first);
		const struct rate *next = rates_at(r, i);

		if (next && next->effective == x->effective)
			continue;
		out_cell_date(o, x->effective);
		out_cell_number(o, x->list);
		out_cell_number(o, (int64_t)(i - first));
		out_cell(o, x->effective == now	 ? "in force"
			    : x->effective < now ? "past"
						 : "to come");
		first = i;
	}
}

static int
do_list(struct arguments *a, char **words)
{
	struct rates *r = NULL;
	struct err e = ERR_INIT;
	struct out *o;
	char change[DATE_TEXT];

	(void)words;
	if (!rates_load(a->settings.rates, &r, &e))
		return out_fail(a->options, NULL, &e);
	text_of_date(rates_next_change(r, a->today), change);
	o = out_open(a->options);
	out_text(o, "file", "File", a->settings.rates);
	out_text(o, "change", "Prices change", change);
	list_lists(r, a->today, o);
	rates_free(r);
	return out_close(o);
}

static int
do_show(struct arguments *a, char **words)
{
	static const struct out_column columns[] = {
	    {"class", "Class", OUT_TEXT}, {"upto", "Up to", OUT_TEXT},
	    {"price", "Price", OUT_TEXT}, {"category", "Category", OUT_TEXT},
	    {"name", "Name", OUT_TEXT}};
	char weight[MILS_TEXT];
	struct rates *r = NULL;
	struct err e = ERR_INIT;
	uint32_t effective;
	struct out *o;

	(void)words;
	if (!rates_load(a->settings.rates, &r, &e))
		return out_fail(a->options, NULL, &e);
	effective = rates_list_on(r, a->date);
	o = out_open(a->options);
	out_date(o, "effective", "From", effective);
	out_table(o, "prices", OUT_COLUMNS(columns));
	for (size_t i = 0; i < rates_count(r); i++) {
		const struct rate *x = rates_at(r, i);

		if (x->effective != effective)
			continue;
		out_cell(o, x->class);
		out_cell(o, rates_weight(x->upto_mg, weight));
		out_cell_sum(o, x->price);
		out_cell(o, x->category);
		out_cell(o, x->name);
	}
	rates_free(r);
	return out_close(o);
}

static int
do_price(struct arguments *a, char **words)
{
	struct rate_price price;
	struct rates *r = NULL;
	struct err e = ERR_INIT;
	struct out *o;
	bool done;

	a->piece.class = words[0];
	a->piece.mail_date = a->date;
	done = rates_load(a->settings.rates, &r, &e) &&
	       rates_find(r, &a->piece, &price, &e);
	rates_free(r);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_text(o, "name", "Class", price.rate.name);
	out_sum(o, "base", "Price", price.rate.price);
	out_text(o, "surcharges", "Surcharges",
	    price.surcharges[0] ? price.surcharges : "none");
	out_sum(o, "total", "Total", price.total);
	out_number(o, "list", "Price list", price.rate.list);
	out_date(o, "date", "Mail date", a->date);
	return out_close(o);
}

/* --- what a table changes ------------------------------------------------------- */

static void
cell_price(struct out *o, mils price, const char *none)
{
	if (price >= 0)
		out_cell_sum(o, price);
	else
		out_cell(o, none);
}

static void
change_row(void *context, const struct rate_change *c)
{
	char weight[MILS_TEXT];
	struct out *o = context;

	out_cell_date(o, c->effective);
	out_cell(o, c->rate->class);
	out_cell(o, rates_weight(c->rate->upto_mg, weight));
	cell_price(o, c->before, "");
	cell_price(o, c->after, "gone");
	out_cell(o, c->rate->name);
}

static void
show_changes(struct out *o, const struct rates *old, const struct rates *news)
{
	static const struct out_column columns[] = {
	    {"effective", "From", OUT_TEXT}, {"class", "Class", OUT_TEXT},
	    {"upto", "Up to", OUT_TEXT}, {"before", "Before", OUT_TEXT},
	    {"after", "Then", OUT_TEXT}, {"name", "Name", OUT_TEXT}};

	out_table(o, "changes", OUT_COLUMNS(columns));
	rates_diff(old, news, change_row, o);
}

static int
do_diff(struct arguments *a, char **words)
{
	struct rates *old = NULL, *news = NULL;
	struct err e = ERR_INIT;
	struct out *o = NULL;
	bool done = rates_load(a->settings.rates, &old, &e) &&
		    rates_load(words[0], &news, &e);

	if (done) {
		o = out_open(a->options);
		show_changes(o, old, news);
	}
	rates_free(old);
	rates_free(news);
	return done ? out_close(o) : out_fail(a->options, NULL, &e);
}

/* --- import ------------------------------------------------------------------------ */

static bool
hash(const char *text, size_t len, uint8_t out[JOURNAL_HASH], struct err *e)
{
	return EVP_Digest(text, len, out, NULL, EVP_sha256(), NULL) == 1 ||
	       err_set(e, ERR_SYSTEM, "no hash of a table");
}

/* The hash of the file in force: a table is entered over it, and approved only
 * while it is still there. */
static bool
hash_in_force(
    const struct arguments *a, char hex[2 * JOURNAL_HASH + 1], struct err *e)
{
	uint8_t sha[JOURNAL_HASH];
	char *text = NULL;
	size_t len;
	bool done = rates_read(a->settings.rates, &text, &len, e) &&
		    hash(text, len, sha, e);

	free(text);
	if (done)
		bytes_to_hex(sha, JOURNAL_HASH, hex);
	return done;
}

#define OVER "# Entered over "

static bool
merged_text(const struct arguments *a, const struct rates *old,
    const struct rates *news, char **text, size_t *len, struct err *e)
{
	char head[HEAD_MAX], base[2 * JOURNAL_HASH + 1];
	struct rates *all = NULL;
	bool done;

	if (!hash_in_force(a, base, e) ||
	    !rates_merge(old, news, a->today, a->late, &all, e))
		return false;
	snprintf(head, sizeof(head),
	    OVER "%s\n"
		 "# with \"postage rates import\"; see postage.conf(5).\n",
	    base);
	done = rates_format(all, head, text, len, e);
	rates_free(all);
	return done;
}

static bool
enter(const struct arguments *a, const char *text, size_t len,
    uint8_t sha[JOURNAL_HASH], struct err *e)
{
	char person[USER_MAX];
	const struct books_by by = books_by_person(person);
	struct journal *j = NULL;
	bool done;

	if (!hash(text, len, sha, e) || !books_open(&a->settings, false, &j, e))
		return false;
	done = journal_begin(j, e) &&
	       books_rates_enter(j, sha, text, len, &by, e) &&
	       journal_commit(j, e);
	journal_close(j);
	return done;
}

static int
do_import(struct arguments *a, char **words)
{
	struct rates *old = NULL, *news = NULL;
	char *text = NULL, name[2 * JOURNAL_HASH + 1];
	uint8_t sha[JOURNAL_HASH];
	struct err e = ERR_INIT;
	struct out *o = NULL;
	size_t len;
	bool done = rates_load(a->settings.rates, &old, &e) &&
		    rates_load(words[0], &news, &e) &&
		    merged_text(a, old, news, &text, &len, &e) &&
		    enter(a, text, len, sha, &e);

	if (done) {
		bytes_to_hex(sha, JOURNAL_HASH, name);
		name[NAME_SHOWN] = '\0';
		o = out_open(a->options);
		out_text(o, "table", "Table", name);
		show_changes(o, old, news);
		out_note(o,
		    "Nothing has changed yet.  %s puts it in force: postage "
		    "rates approve %s",
		    a->settings.rates_persons == 2 ? "Another person" : "This",
		    name);
	}
	free(text);
	rates_free(old);
	rates_free(news);
	return done ? out_close(o) : out_fail(a->options, NULL, &e);
}

/* --- approve ------------------------------------------------------------------------- */

static bool
may_approve(const struct arguments *a, const struct books_rates *t,
    const char *person, struct err *e)
{
	char base[2 * JOURNAL_HASH + 1];

	if (a->settings.rates_persons == 2 &&
	    !persons_differ(t->entered_by, person))
		return err_set(e, ERR_DENIED,
		    "%s entered this table, and %s may be the same: another "
		    "person approves it, with a login of his own and sudo "
		    "(rates-persons in postage.conf)",
		    t->entered_by, person);
	if (!hash_in_force(a, base, e))
		return false;
	if (t->len > sizeof(OVER) + sizeof(base) &&
	    strncmp(t->text + sizeof(OVER) - 1, base, strlen(base)) == 0)
		return true;
	return err_set(e, ERR_REQUEST,
	    "the table in force, %s, is not the one that this was entered "
	    "over: import it again",
	    a->settings.rates);
}

static bool
approve(const struct arguments *a, const char *name, struct books_rates *t,
    struct err *e)
{
	char person[USER_MAX];
	const struct books_by by = books_by_person(person);
	struct journal *j = NULL;
	bool done;

	if (!books_open(&a->settings, false, &j, e))
		return false;
	done = books_rates_find(j, name, t, e) && as_caller(e) &&
	       may_approve(a, t, by.person, e) &&
	       as_owner(a->settings.vault_uri, e) && journal_begin(j, e) &&
	       books_rates_approve(j, t->sha, &by, e) && journal_commit(j, e) &&
	       as_caller(e) &&
	       durable_replace(a->settings.rates_own, t->text, t->len, 0644, e);
	journal_close(j);
	return done;
}

static int
do_approve(struct arguments *a, char **words)
{
	struct books_rates t = {.text = NULL};
	struct err e = ERR_INIT;
	struct out *o;
	bool done = approve(a, words[0], &t, &e);

	free(t.text);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_text(o, "file", "In force", a->settings.rates_own);
	out_text(o, "entered_by", "Entered by", t.entered_by);
	return out_close(o);
}

/* --- the command line ----------------------------------------------------------------- */

static const struct option long_options[] = {
    {"date", required_argument, NULL, 'd'},
    {"extra", required_argument, NULL, 'e'},
    {"weight", required_argument, NULL, 'w'},
    {"late", no_argument, NULL, 'l'},
    {NULL, 0, NULL, 0},
};

static bool
take_option(struct arguments *a, int option, const char *value)
{
	switch (option) {
	case 'd': return date_parse(value, &a->date);
	case 'e': a->piece.extra = value; return true;
	case 'w': return mark_weight_parse(value, &a->piece.weight_mg);
	case 'l': return a->late = true;
	default: return false;
	}
}

static const struct action actions[] = {
    {"list", do_list, 0, 0},
    {"show", do_show, 0, 0},
    {"price", do_price, 1, 1},
    {"diff", do_diff, 1, 1},
    {"import", do_import, 1, 1},
    {"approve", do_approve, 1, 1},
};

int
verb_rates(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = o, .today = date_local(time(NULL))};
	struct err e = ERR_INIT;
	int option;

	a.date = a.today;
	if (out_help(argc, argv, usage))
		return 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option, optarg))
			return out_usage(usage);
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	return action_run(
	    ACTIONS(actions), &a, argc - optind, argv + optind, usage);
}
