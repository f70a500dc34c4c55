/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/settings_value.h"

#include <string.h>

#include "base/text.h"
#include "dispense/settings.h"

static bool
is_none(const char *value)
{
	return strcmp(value, "none") == 0;
}

static bool
set_int(int *out, const char *value, struct err *e)
{
	uint64_t number;

	if (is_none(value)) {
		*out = -1;
		return true;
	}
	if (!text_to_u64(value, 9999, &number))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not a number from 0 to 9999 or \"none\"", value);
	*out = (int)number;
	return true;
}

static bool
set_mils(mils *out, const char *value, struct err *e)
{
	if (is_none(value)) {
		*out = -1;
		return true;
	}
	if (!mils_parse(value, out))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not an amount such as 12.50 or \"none\"", value);
	return true;
}

static bool
set_switch(bool *out, const char *value, struct err *e)
{
	*out = strcmp(value, "yes") == 0;
	if (*out || strcmp(value, "no") == 0)
		return true;
	return err_set(e, ERR_CONFIG, "\"%s\" is not yes or no", value);
}

static bool
set_order(enum pool_order *out, const char *value, struct err *e)
{
	static const char *const names[] = {[POOL_IN_ORDER] = "in-order",
	    [POOL_FULLEST] = "fullest",
	    [POOL_ROUND_ROBIN] = "round-robin"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], value) == 0) {
			*out = (enum pool_order)i;
			return true;
		}
	return err_set(e, ERR_CONFIG,
	    "\"%s\" is not in-order, fullest or round-robin", value);
}

static bool
set_missing(enum missing *out, const char *value, struct err *e)
{
	if (strcmp(value, "print") == 0)
		*out = MISSING_PRINT;
	else if (strcmp(value, "refuse") == 0)
		*out = MISSING_REFUSE;
	else
		return err_set(
		    e, ERR_CONFIG, "\"%s\" is not print or refuse", value);
	return true;
}

static bool
set_mark(struct mark *out, const char *name, const char *value, struct err *e)
{
	if (mark_set(out, name, value, e))
		return true;
	e->kind = ERR_CONFIG;
	return false;
}

static bool
set_weight(uint32_t *mg, const char *value, struct err *e)
{
	*mg = 0;
	if (is_none(value) || mark_weight_parse(value, mg))
		return true;
	return err_set(e, ERR_CONFIG,
	    "\"%s\" is not a weight such as 3.5oz or 100g, or \"none\"", value);
}

/* "17:00" of `len` characters, as minutes; 24:00 is the day's end. */
static bool
parse_clock(const char *text, size_t len, int *minutes)
{
	uint64_t hour, minute;
	char word[8];

	if (len != 5 || text[2] != ':')
		return false;
	memcpy(word, text, len);
	word[2] = word[5] = '\0';
	if (!text_to_u64(word, 24, &hour) ||
	    !text_to_u64(word + 3, 59, &minute) || (hour == 24 && minute > 0))
		return false;
	*minutes = (int)(hour * 60 + minute);
	return true;
}

static bool
set_clock(int *out, const char *value, struct err *e)
{
	*out = -1;
	if (is_none(value) || parse_clock(value, strlen(value), out))
		return true;
	return err_set(e, ERR_CONFIG,
	    "\"%s\" is not a time such as 17:00, or \"none\"", value);
}

static bool
set_hours(struct hours *out, const char *value, struct err *e)
{
	*out = (struct hours){0, 0};
	if (is_none(value))
		return true;
	if (strlen(value) == 11 && value[5] == '-' &&
	    parse_clock(value, 5, &out->from) &&
	    parse_clock(value + 6, 5, &out->until) && out->from < out->until)
		return true;
	return err_set(e, ERR_CONFIG,
	    "\"%s\" is not hours such as 07:00-19:00, or \"none\"", value);
}

static int
weekday(const char *word, size_t len)
{
	static const char names[] = "sunmontuewedthufrisat";

	for (int i = 0; len == 3 && i < 7; i++)
		if (strncmp(names + (size_t)i * 3, word, 3) == 0)
			return i;
	return -1;
}

/* Days and ranges of days, blanks or commas between them. */
static bool
set_days(unsigned *out, const char *value, struct err *e)
{
	unsigned days = 0;

	for (const char *at = value; *at;) {
		size_t len = strcspn(at, " ,");
		size_t dash = strcspn(at, " ,-");
		int from = weekday(at, dash), to = from;

		if (dash < len)
			to = weekday(at + dash + 1, len - dash - 1);
		if (from < 0 || to < 0)
			return err_set(e, ERR_CONFIG,
			    "\"%s\" is not days such as \"mon-fri\" or "
			    "\"mon wed fri\"",
			    value);
		for (; from != to; from = (from + 1) % 7)
			days |= 1U << from;
		days |= 1U << to;
		at += len;
		at += strspn(at, " ,");
	}
	if (days == 0)
		return err_set(e, ERR_CONFIG, "no day is named");
	*out = days;
	return true;
}

/* Sizes of stamps, blanks or commas between them; none: all. */
static bool
set_sizes(unsigned *out, const char *value, struct err *e)
{
	unsigned sizes = 0;

	for (const char *at = value; *at;) {
		size_t len = strcspn(at, " ,");
		struct mark m = {0};
		char word[16] = "";

		if (len < sizeof(word))
			memcpy(word, at, len);
		if (!set_mark(&m, "size", word, e))
			return false;
		if (m.size == SIZE_AUTO)
			return err_set(e, ERR_CONFIG,
			    "size \"auto\" is label, or small on low labels: "
			    "name those");
		sizes |= 1U << m.size;
		at += len;
		at += strspn(at, " ,");
	}
	*out = sizes;
	return true;
}

static bool
set_mailby(
    struct mailby *out, const char *name, const char *value, struct err *e)
{
	const char *blank = strchr(name, ' ');
	struct mark word = {0};
	struct mailby_class *c;
	int i = 0;

	if (blank == NULL)
		return set_int(&out->days, value, e);
	if (!set_mark(&word, "class", blank + 1, e))
		return false;
	while (i < out->count && strcmp(out->of[i].class, word.rate_class) != 0)
		i++;
	if (i == MAILBY_CLASSES_MAX)
		return err_set(e, ERR_CONFIG, "over %d classes have days",
		    MAILBY_CLASSES_MAX);
	c = &out->of[i];
	memcpy(c->class, word.rate_class, sizeof(c->class));
	out->count += i == out->count;
	return set_int(&c->days, value, e);
}

bool
settings_value(enum value_type type, const char *name, void *at, size_t size,
    const char *value, struct err *e)
{
	switch (type) {
	case VALUE_TEXT:
		if (!text_copy(at, size, value))
			return err_set(e, ERR_CONFIG,
			    "value of %s is longer than %zu characters", name,
			    size - 1);
		return true;
	case VALUE_MILS: return set_mils(at, value, e);
	case VALUE_INT: return set_int(at, value, e);
	case VALUE_SWITCH: return set_switch(at, value, e);
	case VALUE_ORDER: return set_order(at, value, e);
	case VALUE_MISSING: return set_missing(at, value, e);
	case VALUE_MARK: return set_mark(at, name, value, e);
	case VALUE_WEIGHT: return set_weight(at, value, e);
	case VALUE_CLOCK: return set_clock(at, value, e);
	case VALUE_HOURS: return set_hours(at, value, e);
	case VALUE_DAYS: return set_days(at, value, e);
	case VALUE_SIZES: return set_sizes(at, value, e);
	case VALUE_MAILBY: return set_mailby(at, name, value, e);
	}
	return false;
}
