/* SPDX-License-Identifier: Apache-2.0 */
/* a table of rates that is to take another's place */
#include "dispense/rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"

#define OUNCE_MG  28350 /* as in rates.c */
#define LINE_MAX_ 512

/* The price of this class and weight in the list of `effective`. */
static const struct rate *
same_price(const struct rates *r, uint32_t effective, const struct rate *like)
{
	for (size_t i = 0; i < rates_count(r); i++) {
		const struct rate *x = rates_at(r, i);

		if (x->effective == effective && x->upto_mg == like->upto_mg &&
		    strcmp(x->class, like->class) == 0)
			return x;
	}
	return NULL;
}

static bool
has_list(const struct rates *r, uint32_t effective)
{
	return rates_list_on(r, effective) == effective;
}

static bool
is_same(const struct rate *a, const struct rate *b)
{
	return a && b && a->list == b->list && a->price == b->price &&
	       strcmp(a->category, b->category) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

/* Every price of a's list stands in b's, the same. */
static bool
is_within(const struct rates *a, const struct rates *b, uint32_t effective)
{
	for (size_t i = 0; i < rates_count(a); i++) {
		const struct rate *x = rates_at(a, i);

		if (x->effective == effective &&
		    !is_same(x, same_price(b, effective, x)))
			return false;
	}
	return true;
}

static bool
check_list(const struct rates *old, const struct rates *news,
    uint32_t effective, uint32_t today, bool late, struct err *e)
{
	char date[DATE_TEXT];

	if (effective > today)
		return true;
	date_format(effective, date);
	if (!has_list(old, effective))
		return late || err_set(e, ERR_REQUEST,
				   "the list of %s is not of a day to come: "
				   "enter it with --late",
				   date);
	return (is_within(old, news, effective) &&
		   is_within(news, old, effective)) ||
	       err_set(e, ERR_REQUEST,
		   "the list of %s is in force, or was: stamps were sold by "
		   "it, and it stays; enter a list of a day to come",
		   date);
}

bool
rates_merge(const struct rates *old, const struct rates *news, uint32_t today,
    bool late, struct rates **out, struct err *e)
{
	size_t room = rates_count(old) + rates_count(news), count = 0;
	struct rate *all = calloc(room + 1, sizeof(*all));
	bool done = true;

	if (all == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; done && i < rates_count(news); i++) {
		all[count] = *rates_at(news, i);
		done = check_list(
		    old, news, all[count++].effective, today, late, e);
	}
	for (size_t i = 0; done && i < rates_count(old); i++)
		if (!has_list(news, rates_at(old, i)->effective))
			all[count++] = *rates_at(old, i);
	done = done && rates_of(all, count, "the table", out, e);
	if (!done)
		e->kind = e->kind == ERR_SYSTEM ? ERR_SYSTEM : ERR_REQUEST;
	free(all);
	return done;
}

static void
diff_list(const struct rates *old, const struct rates *news, uint32_t effective,
    rates_change_fn *fn, void *context)
{
	uint32_t base = rates_list_on(old, effective);
	const struct rate *x, *y;

	for (size_t i = 0; i < rates_count(news); i++) {
		x = rates_at(news, i);
		y = same_price(old, base, x);
		if (x->effective == effective &&
		    (y == NULL || y->price != x->price))
			fn(context, &(struct rate_change){effective, x,
					y ? y->price : -1, x->price});
	}
	for (size_t i = 0; base != 0 && i < rates_count(old); i++) {
		x = rates_at(old, i);
		if (x->effective == base && !same_price(news, effective, x))
			fn(context,
			    &(struct rate_change){effective, x, x->price, -1});
	}
}

void
rates_diff(const struct rates *old, const struct rates *news,
    rates_change_fn *fn, void *context)
{
	uint32_t last = 0;

	for (size_t i = 0; i < rates_count(news); i++) {
		uint32_t effective = rates_at(news, i)->effective;

		if (effective != last)
			diff_list(old, news, effective, fn, context);
		last = effective;
	}
}

const char *
rates_weight(uint32_t upto_mg, char out[MILS_TEXT])
{
	int64_t thousandths = (int64_t)upto_mg * 1000;
	bool ounces = thousandths % OUNCE_MG == 0;
	char *point;

	if (upto_mg == UINT32_MAX)
		return strcpy(out, "-");
	/* Milligrams are thousandths of a gram, as mils are of money. */
	mils_format(ounces ? thousandths / OUNCE_MG : upto_mg, out);
	point = strchr(out, '.');
	if (point && strspn(point + 1, "0") == strlen(point + 1))
		*point = '\0';
	return strcat(out, ounces ? "oz" : "g");
}

bool
rates_format(const struct rates *r, const char *head, char **out, size_t *len,
    struct err *e)
{
	char line[LINE_MAX_], date[DATE_TEXT], price[MILS_TEXT];
	char weight[MILS_TEXT], *text = malloc(RATES_FILE_MAX);

	if (text == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	*len = (size_t)snprintf(text, RATES_FILE_MAX, "%s", head);
	for (size_t i = 0; i < rates_count(r); i++) {
		const struct rate *x = rates_at(r, i);
		size_t n = (size_t)snprintf(line, sizeof(line),
		    "%s\t%u\t%s\t%s\t%s\t%s\t%s\n",
		    date_format(x->effective, date), x->list, x->class,
		    rates_weight(x->upto_mg, weight),
		    mils_format(x->price, price), x->category, x->name);

		if (*len + n > RATES_FILE_MAX) {
			free(text);
			return err_set(e, ERR_REQUEST, "the table is too long");
		}
		memcpy(text + *len, line, n);
		*len += n;
	}
	*out = text;
	return true;
}
