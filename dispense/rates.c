/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"

/* Milligrams of an ounce, rounded up so that a piece of "2 oz", however it was
 * rounded, is within the step of two ounces. */
#define OUNCE_MG   28350
#define WEIGHT_MAX 1000000000 /* mg: a tonne */
#define COLUMNS	   7
#define LINE_MAX_  512

struct rates {
	size_t count;
	char name[128];
	struct rate rate[RATES_MAX];
};

/* A number with at most three decimals, in thousandths. */
static bool
parse_thousandths(const char *text, size_t len, int64_t *out)
{
	char number[MILS_TEXT];

	if (len == 0 || len >= sizeof(number))
		return false;
	memcpy(number, text, len);
	number[len] = '\0';
	return mils_parse(number, out);
}

/* "1oz", "20g", "-". */
static bool
parse_weight(const char *text, uint32_t *mg)
{
	size_t len = strlen(text);
	int64_t n;

	if (strcmp(text, "-") == 0) {
		*mg = UINT32_MAX;
		return true;
	}
	if (len > 2 && strcmp(text + len - 2, "oz") == 0) {
		if (!parse_thousandths(text, len - 2, &n) ||
		    n > (int64_t)WEIGHT_MAX * 1000 / OUNCE_MG)
			return false;
		n = (n * OUNCE_MG + 999) / 1000;
	} else if (len > 1 && text[len - 1] == 'g') {
		if (!parse_thousandths(text, len - 1, &n))
			return false;
	} else
		return false;
	if (n < 1 || n > WEIGHT_MAX)
		return false;
	*mg = (uint32_t)n;
	return true;
}

static bool
printable(const char *text)
{
	char clean[LINE_MAX_];

	return strcmp(text_clean(text, clean, sizeof(clean)), text) == 0;
}

/* Lower-case letters, digits and '-', one '.' in front of a surcharge. */
static bool
class_valid(const char *class)
{
	const char *at = class[0] == '.' ? class + 1 : class;

	return *at != '\0' &&
	       strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		   strlen(at);
}

static bool
parse_columns(char *column[COLUMNS], struct rate *out, struct err *e)
{
	uint64_t list;

	*out = (struct rate){0};
	if (!date_parse(column[0], &out->effective))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not a date such as 2025-07-13", column[0]);
	if (!text_to_u64(column[1], UINT16_MAX, &list) || list == 0)
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not a price list number, 1 to 65535", column[1]);
	out->list = (uint16_t)list;
	if (!class_valid(column[2]) ||
	    !text_copy(out->class, sizeof(out->class), column[2]))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not a class: a-z, 0-9 and -, at most %d",
		    column[2], MARK_CLASS_MAX - 1);
	if (!parse_weight(column[3], &out->upto_mg))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not a weight such as 1oz, 20g or -", column[3]);
	if (!mils_parse(column[4], &out->price) || out->price > 0xffffff)
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not a price such as 0.74", column[4]);
	if (strlen(column[5]) != 4 || !printable(column[5]) ||
	    !text_copy(out->category, sizeof(out->category), column[5]))
		return err_set(e, ERR_CONFIG,
		    "category \"%s\" is not 4 characters", column[5]);
	for (const char *c = out->category; *c; c++)
		if (*c & 0x80)
			return err_set(e, ERR_CONFIG,
			    "category \"%s\" is not 4 ASCII characters",
			    column[5]);
	if (!printable(column[6]) ||
	    !text_copy(out->name, sizeof(out->name), column[6]))
		return err_set(e, ERR_CONFIG,
		    "the name is longer than %zu bytes or not plain text",
		    sizeof(out->name) - 1);
	return true;
}

static bool
parse_line(char *line, struct rate *out, struct err *e)
{
	char *column[COLUMNS], *at = line;
	int n = 0;

	for (;;) {
		char *tab = strchr(at, '\t');

		if (n == COLUMNS)
			return err_set(
			    e, ERR_CONFIG, "more than %d columns", COLUMNS);
		column[n++] = at;
		if (tab == NULL)
			break;
		*tab = '\0';
		at = tab + 1;
	}
	if (n < COLUMNS)
		return err_set(e, ERR_CONFIG,
		    "%d columns where %d are needed, a tab between two", n,
		    COLUMNS);
	return parse_columns(column, out, e);
}

static int
compare(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;
	int by_class = strcmp(x->class, y->class);

	if (x->effective != y->effective)
		return x->effective < y->effective ? -1 : 1;
	if (by_class != 0)
		return by_class;
	if (x->upto_mg != y->upto_mg)
		return x->upto_mg < y->upto_mg ? -1 : 1;
	return 0;
}

/* One price for one thing, one number for one list. */
static bool
check_table(const struct rates *r, struct err *e)
{
	char date[DATE_TEXT];

	if (r->count == 0)
		return err_set(e, ERR_CONFIG, "%s: holds no price", r->name);
	for (size_t i = 1; i < r->count; i++) {
		const struct rate *a = &r->rate[i - 1], *b = &r->rate[i];

		date_format(b->effective, date);
		if (compare(a, b) == 0)
			return err_set(e, ERR_CONFIG,
			    "%s: two prices of %s for one weight from %s",
			    r->name, b->class, date);
		if ((a->effective == b->effective) != (a->list == b->list))
			return err_set(e, ERR_CONFIG,
			    "%s: list %u and list %u: one number belongs to "
			    "one date (%s)",
			    r->name, a->list, b->list, date);
	}
	return true;
}

static bool
add_line(struct rates *r, const char *at, size_t len, struct err *e)
{
	char line[LINE_MAX_];

	if (len > 0 && at[len - 1] == '\r')
		len--;
	if (len == 0 || at[0] == '#')
		return true;
	if (len >= sizeof(line))
		return err_set(e, ERR_CONFIG, "line longer than %zu bytes",
		    sizeof(line) - 1);
	if (memchr(at, '\0', len))
		return err_set(e, ERR_CONFIG, "a NUL byte");
	memcpy(line, at, len);
	line[len] = '\0';
	if (r->count == RATES_MAX)
		return err_set(e, ERR_CONFIG, "over %d prices", RATES_MAX);
	if (!parse_line(line, &r->rate[r->count], e))
		return false;
	r->count++;
	return true;
}

bool
rates_parse(const char *text, size_t len, const char *name, struct rates **out,
    struct err *e)
{
	struct rates *r = calloc(1, sizeof(*r));
	size_t pos = 0;

	if (r == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	text_clean(name, r->name, sizeof(r->name));
	for (int line = 1; pos < len; line++) {
		const char *end = memchr(text + pos, '\n', len - pos);
		size_t part = end ? (size_t)(end - text) - pos : len - pos;

		if (!add_line(r, text + pos, part, e)) {
			err_prefix(e, "%s:%d", r->name, line);
			goto failed;
		}
		pos += part + (end != NULL);
	}
	qsort(r->rate, r->count, sizeof(r->rate[0]), compare);
	if (!check_table(r, e))
		goto failed;
	*out = r;
	return true;
failed:
	free(r);
	return false;
}

bool
rates_of(const struct rate *rate, size_t count, const char *name,
    struct rates **out, struct err *e)
{
	struct rates *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	text_clean(name, r->name, sizeof(r->name));
	r->count = count < RATES_MAX ? count : RATES_MAX;
	memcpy(r->rate, rate, r->count * sizeof(*rate));
	qsort(r->rate, r->count, sizeof(r->rate[0]), compare);
	if (count > RATES_MAX)
		err_set(e, ERR_CONFIG, "%s: over %d prices", name, RATES_MAX);
	else if (check_table(r, e)) {
		*out = r;
		return true;
	}
	free(r);
	return false;
}

bool
rates_read(const char *path, char **text, size_t *len, struct err *e)
{
	if (durable_load(path, RATES_FILE_MAX, text, len, e))
		return true;
	e->kind = ERR_CONFIG;
	return err_prefix(e, "rate table");
}

bool
rates_load(const char *path, struct rates **out, struct err *e)
{
	char *text;
	size_t len;
	bool done;

	if (!rates_read(path, &text, &len, e))
		return false;
	done = rates_parse(text, len, path, out, e);
	free(text);
	return done;
}

void
rates_free(struct rates *r)
{
	free(r);
}

uint32_t
rates_list_on(const struct rates *r, uint32_t date)
{
	uint32_t effective = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->rate[i].effective <= date)
			effective = r->rate[i].effective;
	return effective;
}

/* The step of `class` that holds the weight; *known: the list has the class. */
static const struct rate *
find_step(const struct rates *r, uint32_t effective, const char *class,
    uint32_t weight_mg, bool *known)
{
	*known = false;
	for (size_t i = 0; i < r->count; i++) {
		const struct rate *x = &r->rate[i];

		if (x->effective != effective || strcmp(x->class, class) != 0)
			continue;
		*known = true;
		if (weight_mg <= x->upto_mg)
			return x;
	}
	return NULL;
}

/* The classes, or surcharges, of a list as words, for a message. */
static void
name_classes(const struct rates *r, uint32_t effective, bool extra, char *out,
    size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < r->count; i++) {
		const struct rate *x = &r->rate[i];
		size_t need = strlen(x->class) + 2;

		if (x->effective != effective || used + need >= size ||
		    (x->class[0] == '.') != extra ||
		    (i > 0 && strcmp(x->class, r->rate[i - 1].class) == 0 &&
			r->rate[i - 1].effective == effective))
			continue;
		if (used > 0)
			out[used++] = ' ';
		strcpy(out + used, x->class + extra);
		used += strlen(x->class + extra);
	}
}

/* The last step of a class. */
static uint32_t
heaviest(const struct rates *r, uint32_t effective, const char *class)
{
	uint32_t upto = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->rate[i].effective == effective &&
		    strcmp(r->rate[i].class, class) == 0 &&
		    r->rate[i].upto_mg > upto)
			upto = r->rate[i].upto_mg;
	return upto;
}

static bool
find_part(const struct rates *r, uint32_t effective, const char *class,
    uint32_t weight_mg, const struct rate **out, struct err *e)
{
	bool extra = class[0] == '.', known;
	char have[256];

	*out = find_step(r, effective, class, weight_mg, &known);
	if (*out)
		return true;
	if (known)
		return err_set(e, ERR_REQUEST,
		    "%u g is too heavy for %s %s, which ends at %u g: "
		    "choose another class, or give the amount",
		    weight_mg / 1000, extra ? "the surcharge" : "class",
		    class + extra, heaviest(r, effective, class) / 1000);
	name_classes(r, effective, extra, have, sizeof(have));
	return err_set(e, ERR_REQUEST,
	    "the price list has no %s \"%s\"; it has: %s",
	    extra ? "surcharge" : "class", class + extra,
	    have[0] ? have : "none");
}

static bool
add_surcharge(const struct rates *r, uint32_t effective,
    const struct rate_piece *p, const char *name, struct rate_price *out,
    struct err *e)
{
	char sum[MILS_TEXT];
	const struct rate *part;
	size_t used = strlen(out->surcharges);

	if (!find_part(r, effective, name, p->weight_mg, &part, e))
		return false;
	if (!mils_add(out->surcharge, part->price, &out->surcharge) ||
	    !mils_add(out->total, part->price, &out->total))
		return err_set(e, ERR_REQUEST, "price too high");
	snprintf(out->surcharges + used, sizeof(out->surcharges) - used,
	    "%s%s %s", used ? ", " : "", part->class + 1,
	    mils_format(part->price, sum));
	return true;
}

bool
rates_find(const struct rates *r, const struct rate_piece *p,
    struct rate_price *out, struct err *e)
{
	uint32_t effective = rates_list_on(r, p->mail_date);
	char name[MARK_EXTRA_MAX + 1], date[DATE_TEXT];
	const struct rate *part;

	*out = (struct rate_price){.total = 0};
	if (effective == 0)
		return err_set(e, ERR_REQUEST,
		    "%s has no price list for mail of %s", r->name,
		    date_format(p->mail_date, date));
	if (!find_part(r, effective, p->class, p->weight_mg, &part, e))
		return false;
	out->rate = *part;
	out->total = part->price;
	for (const char *at = p->extra; at && *at;) {
		size_t len = strcspn(at, ",");

		snprintf(name, sizeof(name), ".%.*s", (int)len, at);
		if (!add_surcharge(r, effective, p, name, out, e))
			return false;
		at += len + (at[len] == ',');
	}
	return true;
}

uint32_t
rates_next_change(const struct rates *r, uint32_t date)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->rate[i].effective > date)
			return r->rate[i].effective;
	return 0;
}

size_t
rates_count(const struct rates *r)
{
	return r->count;
}

const struct rate *
rates_at(const struct rates *r, size_t index)
{
	return index < r->count ? &r->rate[index] : NULL;
}
