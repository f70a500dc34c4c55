/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a mark: set from text, inherited, written as text. */
#include "stamp/mark.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "stamp/typed.h"

#define WEIGHT_MAX_MG 100000000 /* 100 kg */
#define AMOUNT_MAX    0xffffff	/* mils: the indicium holds u24 */
#define ZIP_MAX	      99999	/* 5 digits */
#define ZIP4_MAX      999999999 /* 9 digits */
#define ZIP_PLUS2_MIN 1000	/* from 01000 on 11 digits are unique */

/* --- values ---------------------------------------------------------------- */

static bool
set_amount(struct mark *m, const char *value, struct err *e)
{
	mils amount;

	if (!mils_parse(value, &amount))
		return err_set(e, ERR_REQUEST,
		    "amount \"%s\": write it as 0.78, at most three decimals, "
		    "without currency sign",
		    value);
	if (amount > AMOUNT_MAX)
		return err_set(e, ERR_REQUEST,
		    "amount \"%s\": the largest stamp is 16777.215", value);
	m->amount = amount;
	m->has_amount = true;
	return true;
}

/* A name of letters, digits and what `more` holds, into out[size]. */
static bool
set_word(const char *value, const char *more, char *out, size_t size)
{
	for (const char *p = value; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= '0' && *p <= '9') && !strchr(more, *p))
			return false;
	return strlen(value) < size && text_copy(out, size, value);
}

static bool
set_class(struct mark *m, const char *value, struct err *e)
{
	char name[MARK_CLASS_MAX] = "";

	if (!set_word(value, "-_.", name, sizeof(name)))
		return err_set(e, ERR_REQUEST,
		    "class \"%s\": at most %d letters, digits and -_.", value,
		    MARK_CLASS_MAX - 1);
	for (char *p = name; *p; p++)
		*p = typed_lower(*p);
	memcpy(m->rate_class, name, sizeof(name));
	return true;
}

/* Names of surcharges between commas, each once. */
static bool
set_extra(struct mark *m, const char *value, struct err *e)
{
	char list[MARK_EXTRA_MAX + 2] = ",", name[MARK_EXTRA_MAX + 2];
	size_t len = 1;

	if (!set_word(value, "-,", list + 1, MARK_EXTRA_MAX))
		return err_set(e, ERR_REQUEST,
		    "extra \"%s\": at most %d letters, digits, - and a comma "
		    "between two",
		    value, MARK_EXTRA_MAX - 1);
	for (char *p = list; *p; p++)
		*p = typed_lower(*p);
	strcat(list, ",");
	for (const char *p = list; p[1]; p += len) {
		len = strcspn(p + 1, ",") + 1;
		snprintf(name, sizeof(name), "%.*s,", (int)len, p);
		if (len == 1 || strstr(p + len, name))
			return err_set(e, ERR_REQUEST,
			    "extra \"%s\": a name is empty or stands twice",
			    value);
	}
	list[strlen(list) - 1] = '\0';
	memcpy(m->extra, list + 1, sizeof(m->extra));
	return true;
}

static bool
set_cost(struct mark *m, const char *value, struct err *e)
{
	if (set_word(value, "-_./", m->cost, sizeof(m->cost)))
		return true;
	return err_set(e, ERR_REQUEST,
	    "cost \"%s\": at most %d letters, digits and -_./", value,
	    MARK_COST_MAX - 1);
}

/* Micrograms, so that an ounce (28.349523125 g) is exact enough. */
static const struct {
	const char *name;
	int64_t ug;
} units[] = {
    {"g", 1000000}, {"kg", 1000000000}, {"oz", 28349523}, {"lb", 453592370}};

bool
mark_weight_parse(const char *text, uint32_t *weight_mg)
{
	size_t digits = strspn(text, "0123456789.");
	const char *unit = text + digits + strspn(text + digits, " ");
	char number[16];
	mils count;
	int64_t ug;

	if (digits >= sizeof(number))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	/* A weight has at most three decimals too; the sum type reads it. */
	if (!mils_parse(number, &count))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!typed_same(unit, units[i].name))
			continue;
		if (!mils_mul(count, units[i].ug, &ug) || ug <= 0)
			return false;
		/* thousandths of micrograms to milligrams */
		ug = (ug + 500000) / 1000000;
		if (ug == 0 || ug > WEIGHT_MAX_MG)
			return false;
		*weight_mg = (uint32_t)ug;
		return true;
	}
	return false;
}

static bool
set_weight(struct mark *m, const char *value, struct err *e)
{
	if (mark_weight_parse(value, &m->weight_mg))
		return true;
	return err_set(e, ERR_REQUEST,
	    "weight \"%s\": a number over 0 with g, kg, oz or lb, at most "
	    "100 kg",
	    value);
}

/* Digits of "90210", "90210-1234", "90210-1234-12", dashes where they belong
 * or left out.  False if the digits are not 5, 9 or 11. */
static bool
zip_digits(const char *value, char digits[12])
{
	size_t n = 0;

	for (const char *p = value; *p; p++) {
		if (*p == '-' && (n == 5 || n == 9) && p[1] != '\0' &&
		    p[1] != '-')
			continue;
		if (*p < '0' || *p > '9' || n == 11)
			return false;
		digits[n++] = *p;
	}
	digits[n] = '\0';
	return n == 5 || n == 9 || n == 11;
}

static bool
set_to(struct mark *m, const char *value, struct err *e)
{
	char digits[12];
	uint64_t zip = 0;

	if (!zip_digits(value, digits) ||
	    !text_to_u64(digits, UINT64_MAX, &zip))
		return err_set(e, ERR_REQUEST,
		    "to \"%s\": a ZIP of 5 digits, with 4 or 6 more as in "
		    "90210-1234",
		    value);
	/* The number has no leading zeros: 00901-1234-12 would read as
	 * 90112-3412.  Below 01000 the last two digits are left out. */
	if (strlen(digits) == 11 && zip / 1000000 < ZIP_PLUS2_MIN)
		zip /= 100;
	if (zip == 0 || (strlen(digits) > 5 && zip <= ZIP_MAX))
		return err_set(
		    e, ERR_REQUEST, "to \"%s\": there is no such ZIP", value);
	m->to = zip;
	return true;
}

static bool
zip5(const char *key, const char *value, uint32_t *out, struct err *e)
{
	char digits[12];
	uint64_t zip = 0;

	if (!zip_digits(value, digits) || strlen(digits) != 5 ||
	    !text_to_u64(digits, ZIP_MAX, &zip) || zip == 0)
		return err_set(
		    e, ERR_REQUEST, "%s \"%s\": a ZIP of 5 digits", key, value);
	*out = (uint32_t)zip;
	return true;
}

static bool
set_from(struct mark *m, const char *value, struct err *e)
{
	return zip5("from", value, &m->from, e);
}

static bool
set_origin(struct mark *m, const char *value, struct err *e)
{
	return zip5("origin", value, &m->origin, e);
}

static bool
date_field(const char *key, const char *value, const char *base, uint32_t *out,
    struct err *e)
{
	uint64_t days;

	if (value[0] == '+' &&
	    text_to_u64(value + 1, MARK_DATE_PLUS_MAX, &days)) {
		*out = MARK_DATE_PLUS + (uint32_t)days;
		return true;
	}
	if (date_parse(value, out))
		return true;
	return err_set(e, ERR_REQUEST,
	    "%s \"%s\": a date as 2026-11-24, or +N for N days after %s (at "
	    "most %d)",
	    key, value, base, MARK_DATE_PLUS_MAX);
}

static bool
set_date(struct mark *m, const char *value, struct err *e)
{
	return date_field("date", typed_same(value, "today") ? "+0" : value,
	    "today", &m->date, e);
}

static bool
set_mailby(struct mark *m, const char *value, struct err *e)
{
	return date_field("mailby", value, "the mail date", &m->mailby, e);
}

/* Position of `value` among `names` (ended by NULL), -1 if it is none. */
static int
choice(const char *value, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (typed_same(value, names[i]))
			return i;
	return -1;
}

/* In the order of the enums in mark.h. */
static const char *const size_names[] = {
    "auto", "label", "small", "envelope", NULL};
static const char *const corner_names[] = {
    "default", "nw", "ne", "sw", "se", "center", NULL};
static const char *const kind_names[] = {
    "default", "postage", "correction", "specimen", NULL};

const char *
mark_size_name(enum mark_size size)
{
	return size_names[size];
}

static bool
set_size(struct mark *m, const char *value, struct err *e)
{
	int i = choice(value, size_names);

	if (i < 0)
		return err_set(e, ERR_REQUEST,
		    "size \"%s\": auto, label, small or envelope", value);
	m->size = (enum mark_size)i;
	return true;
}

static bool
set_at(struct mark *m, const char *value, struct err *e)
{
	int i = typed_same(value, "centre") ? AT_CENTER
					    : choice(value, corner_names);

	if (i < 0)
		return err_set(e, ERR_REQUEST,
		    "at \"%s\": nw, ne, sw, se or center", value);
	m->at = (enum mark_corner)i;
	return true;
}

static bool
set_kind(struct mark *m, const char *value, struct err *e)
{
	int i = typed_same(value, "redate") ? KIND_CORRECTION
					    : choice(value, kind_names);

	if (i < 0)
		return err_set(e, ERR_REQUEST,
		    "kind \"%s\": postage, redate or specimen", value);
	m->kind = (enum mark_kind)i;
	return true;
}

/* --- keys ------------------------------------------------------------------ */

static const struct {
	const char *name;
	bool (*set)(struct mark *m, const char *value, struct err *e);
} keys[] = {{"amount", set_amount}, {"class", set_class}, {"extra", set_extra},
    {"weight", set_weight}, {"to", set_to}, {"from", set_from},
    {"origin", set_origin}, {"date", set_date}, {"mailby", set_mailby},
    {"cost", set_cost}, {"size", set_size}, {"at", set_at}, {"kind", set_kind}};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

int
mark_key(const char *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (typed_same(key, keys[i].name))
			return (int)i;
	return -1;
}

bool
mark_set(struct mark *m, const char *key, const char *value, struct err *e)
{
	char shown_key[64], shown[64];
	int i = mark_key(key);

	text_clean(key, shown_key, sizeof(shown_key));
	text_clean(value, shown, sizeof(shown));
	if (i < 0)
		return err_set(e, ERR_REQUEST,
		    "unknown word \"%s\"; allowed are " MARK_KEYS, shown_key);
	if (*value == '\0')
		return err_set(e, ERR_REQUEST, "%s has no value", keys[i].name);
	/* No value is that long; the setters may then quote it as it is. */
	if (strlen(value) >= sizeof(shown) || strcmp(value, shown) != 0)
		return err_set(e, ERR_REQUEST, "%s: \"%s\" is no value for it",
		    keys[i].name, shown);
	return keys[i].set(m, value, e);
}

bool
mark_check(const struct mark *m, struct err *e)
{
	if (m->kind == KIND_CORRECTION && m->has_amount && m->amount != 0)
		return err_set(e, ERR_REQUEST,
		    "kind=correction has the amount 0, or none");
	return true;
}

/* --- fields ---------------------------------------------------------------- */

uint32_t
mark_date(uint32_t date, uint32_t base)
{
	if (date < MARK_DATE_PLUS || date > MARK_DATE_PLUS + MARK_DATE_PLUS_MAX)
		return date;
	return date_add(base, (int)(date - MARK_DATE_PLUS));
}

void
mark_inherit(struct mark *m, const struct mark *defaults)
{
	bool priced = m->rate_class[0] || m->extra[0] || m->weight_mg;

	if (!m->has_amount) {
		if (!m->rate_class[0])
			memcpy(m->rate_class, defaults->rate_class,
			    sizeof(m->rate_class));
		if (!m->extra[0])
			memcpy(m->extra, defaults->extra, sizeof(m->extra));
		if (!m->weight_mg)
			m->weight_mg = defaults->weight_mg;
	}
	if (!m->has_amount && !priced) {
		m->has_amount = defaults->has_amount;
		m->amount = defaults->amount;
	}
	if (!m->to)
		m->to = defaults->to;
	if (!m->from)
		m->from = defaults->from;
	if (!m->origin)
		m->origin = defaults->origin;
	if (!m->date)
		m->date = defaults->date;
	if (!m->mailby)
		m->mailby = defaults->mailby;
	if (!m->cost[0])
		memcpy(m->cost, defaults->cost, sizeof(m->cost));
	if (m->size == SIZE_AUTO)
		m->size = defaults->size;
	if (m->at == AT_DEFAULT)
		m->at = defaults->at;
	if (m->kind == KIND_DEFAULT)
		m->kind = defaults->kind;
}

/* --- as text --------------------------------------------------------------- */

static void
add(char out[MARK_TEXT_MAX], const char *key, const char *value)
{
	size_t len = strlen(out);
	int n = snprintf(out + len, MARK_TEXT_MAX - len, " %s=%s", key, value);

	assert(n > 0 && (size_t)n < MARK_TEXT_MAX - len);
}

static void
add_zip(char out[MARK_TEXT_MAX], const char *key, uint64_t zip)
{
	char text[32];

	if (!zip)
		return;
	if (zip <= ZIP_MAX)
		snprintf(text, sizeof(text), "%05" PRIu64, zip);
	else if (zip <= ZIP4_MAX)
		snprintf(text, sizeof(text), "%05" PRIu64 "-%04" PRIu64,
		    zip / 10000, zip % 10000);
	else
		snprintf(text, sizeof(text), "%05" PRIu64 "-%06" PRIu64,
		    zip / 1000000 % (ZIP_MAX + 1), zip % 1000000);
	add(out, key, text);
}

static void
add_date(char out[MARK_TEXT_MAX], const char *key, uint32_t date)
{
	char text[DATE_TEXT];

	if (!date)
		return;
	if (date <= MARK_DATE_PLUS + MARK_DATE_PLUS_MAX)
		snprintf(text, sizeof(text), "+%u", date - MARK_DATE_PLUS);
	else
		date_format(date, text);
	add(out, key, text);
}

void
mark_format(const struct mark *m, char out[MARK_TEXT_MAX])
{
	char text[MILS_TEXT];

	strcpy(out, "[[" MARK_KEYWORD);
	if (m->has_amount)
		add(out, "amount", mils_format(m->amount, text));
	if (m->rate_class[0])
		add(out, "class", m->rate_class);
	if (m->extra[0])
		add(out, "extra", m->extra);
	if (m->weight_mg) {
		/* Milligrams are thousandths of a gram, as mils are of money */
		mils_format((mils)m->weight_mg, text);
		strcat(text, "g");
		add(out, "weight", text);
	}
	add_zip(out, "to", m->to);
	add_zip(out, "from", m->from);
	add_zip(out, "origin", m->origin);
	add_date(out, "date", m->date);
	add_date(out, "mailby", m->mailby);
	if (m->cost[0])
		add(out, "cost", m->cost);
	if (m->size != SIZE_AUTO)
		add(out, "size", size_names[m->size]);
	if (m->at != AT_DEFAULT)
		add(out, "at", corner_names[m->at]);
	if (m->kind != KIND_DEFAULT)
		add(out, "kind", kind_names[m->kind]);
	strcat(out, "]]");
	assert(strlen(out) < MARK_TEXT_MAX);
}
