/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/text.h"

enum type {
	TYPE_TEXT,    /* char[], `size` bytes */
	TYPE_MILS,    /* a sum, or "none" = -1 */
	TYPE_INT,     /* 0 to 9999, or "none" = -1 */
	TYPE_MISSING, /* enum missing */
	TYPE_MARK     /* a field of struct mark, by mark_set() */
};

struct key {
	const char *section, *name;
	enum type type;
	size_t offset, size;
};

#define TEXT(field)                                  \
	TYPE_TEXT, offsetof(struct settings, field), \
	    sizeof(((struct settings *)0)->field)
#define QTEXT(field)                                       \
	TYPE_TEXT, offsetof(struct queue_settings, field), \
	    sizeof(((struct queue_settings *)0)->field)
#define QAT(type, field) type, offsetof(struct queue_settings, field), 0

/* Keys of the whole system. */
static const struct key system_keys[] = {
    {"vault", "uri", TEXT(vault_uri)},
    {"vault", "pin-file", TEXT(pin_file)},
    {"vault", "certificates", TEXT(certificates)},
    {"daemon", "socket", TEXT(socket)},
    {"daemon", "state-dir", TEXT(state_dir)},
    {"daemon", "run-dir", TEXT(run_dir)},
    {"daemon", "scheduler", TEXT(scheduler)},
    {"daemon", "printing-user", TEXT(printing_user)},
    {"daemon", "sandbox", TEXT(sandbox)},
    {"daemon", "wait", TYPE_INT, offsetof(struct settings, wait_s), 0},
    {"mail", "rates", TEXT(rates)},
    {"mail", "templates", TEXT(templates)},
    {"refund", "seen", TEXT(seen)},
};

/* Keys of [mail], [limits] and [refund], each of which [queue NAME] may override. */
static const struct key queue_keys[] = {
    {"mail", "missing", QAT(TYPE_MISSING, missing)},
    {"mail", "symbol", QTEXT(symbol)},
    {"mail", "origin-place", QTEXT(origin_place)},
    {"mail", "mailby-days", QAT(TYPE_INT, mailby_days)},
    {"mail", "bar-reduction", QAT(TYPE_INT, bar_reduction)},
    {"mail", "amount", QAT(TYPE_MARK, mark)},
    {"mail", "class", QAT(TYPE_MARK, mark)},
    {"mail", "extra", QAT(TYPE_MARK, mark)},
    {"mail", "weight", QAT(TYPE_MARK, mark)},
    {"mail", "from", QAT(TYPE_MARK, mark)},
    {"mail", "origin", QAT(TYPE_MARK, mark)},
    {"mail", "cost", QAT(TYPE_MARK, mark)},
    {"mail", "size", QAT(TYPE_MARK, mark)},
    {"mail", "at", QAT(TYPE_MARK, mark)},
    {"limits", "stamp", QAT(TYPE_MILS, limit_stamp)},
    {"limits", "job", QAT(TYPE_MILS, limit_job)},
    {"limits", "day", QAT(TYPE_MILS, limit_day)},
    {"limits", "user-day", QAT(TYPE_MILS, limit_user_day)},
    {"limits", "users", QTEXT(users)},
    {"limits", "low", QAT(TYPE_MILS, low)},
    {"refund", "refund-days", QAT(TYPE_INT, refund_days)},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *
settings_path(void)
{
	const char *path = secure_getenv("POSTAGE_CONF");

	return path && *path ? path : POSTAGE_SYSCONFDIR "/postage.conf";
}

static bool
set_int(int *out, const char *value, struct err *e)
{
	uint64_t number;

	if (strcmp(value, "none") == 0) {
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
	if (strcmp(value, "none") == 0) {
		*out = -1;
		return true;
	}
	if (!mils_parse(value, out))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not an amount such as 12.50 or \"none\"", value);
	return true;
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
set_key(const struct key *k, void *base, const char *value, struct err *e)
{
	char *at = (char *)base + k->offset;

	switch (k->type) {
	case TYPE_TEXT:
		if (!text_copy(at, k->size, value))
			return err_set(e, ERR_CONFIG,
			    "value of %s is longer than %zu characters",
			    k->name, k->size - 1);
		return true;
	case TYPE_MILS: return set_mils((mils *)(void *)at, value, e);
	case TYPE_INT: return set_int((int *)(void *)at, value, e);
	case TYPE_MISSING:
		return set_missing((enum missing *)(void *)at, value, e);
	case TYPE_MARK:
		if (mark_set((struct mark *)(void *)at, k->name, value, e))
			return true;
		e->kind = ERR_CONFIG;
		return false;
	}
	return false;
}

static const struct key *
find_key(
    const struct key *keys, size_t count, const char *section, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if ((section == NULL ||
			strcmp(keys[i].section, section) == 0) &&
		    strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static void
queue_clear(struct queue_settings *q)
{
	*q = (struct queue_settings){.mailby_days = -2,
	    .bar_reduction = -2,
	    .refund_days = -2,
	    .limit_stamp = -2,
	    .limit_job = -2,
	    .limit_day = -2,
	    .limit_user_day = -2,
	    .low = -2};
}

/* The settings of queue `name`, made where it is new; NULL where full. */
static struct queue_settings *
queue_named(struct settings *s, const char *name)
{
	struct queue_settings *q;

	for (int i = 0; i < s->queue_count; i++)
		if (strcmp(s->queues[i].name, name) == 0)
			return &s->queues[i];
	if (s->queue_count == SETTINGS_QUEUES_MAX)
		return NULL;
	q = &s->queues[s->queue_count];
	queue_clear(q);
	if (!text_copy(q->name, sizeof(q->name), name))
		return NULL;
	s->queue_count++;
	return q;
}

static bool
one_line(void *context, const char *section, const char *name,
    const char *value, struct err *e)
{
	struct settings *s = context;
	struct queue_settings *q;
	const struct key *k;

	if (strncmp(section, "queue ", 6) == 0) {
		k = find_key(queue_keys, COUNT(queue_keys), NULL, name);
		if (k == NULL)
			return err_set(e, ERR_CONFIG,
			    "unknown key \"%s\" in [%s]", name, section);
		q = queue_named(s, section + 6);
		if (q == NULL)
			return err_set(e, ERR_CONFIG,
			    "[%s]: name too long or over %d queues", section,
			    SETTINGS_QUEUES_MAX);
		return set_key(k, q, value, e);
	}
	k = find_key(system_keys, COUNT(system_keys), section, name);
	if (k)
		return set_key(k, s, value, e);
	k = find_key(queue_keys, COUNT(queue_keys), section, name);
	if (k)
		return set_key(k, &s->defaults, value, e);
	return err_set(
	    e, ERR_CONFIG, "unknown key \"%s\" in [%s]", name, section);
}

static void
set_defaults(struct settings *s)
{
	struct queue_settings *q = &s->defaults;

	*s = (struct settings){.vault_uri = "file:" POSTAGE_STATEDIR "/vault",
	    .certificates = POSTAGE_STATEDIR "/certificates",
	    .socket = "/run/postage/vaultd.sock",
	    .state_dir = POSTAGE_STATEDIR,
	    .run_dir = "/run/postage",
	    .scheduler = "/run/cups/cups.sock",
	    .printing_user = "lp",
	    .rates = POSTAGE_DATADIR "/rates/usps.tsv",
	    .sandbox = "on",
	    .wait_s = 60};
	queue_clear(q);
	q->missing = MISSING_PRINT;
	text_copy(q->symbol, sizeof(q->symbol), "QR");
	q->mailby_days = -1;
	q->bar_reduction = 0;
	q->refund_days = 60;
	q->limit_stamp = q->limit_job = -1;
	q->limit_day = q->limit_user_day = -1;
	q->low = 10 * MILS_PER_UNIT;
}

bool
settings_load(const char *path, struct settings *out, struct err *e)
{
	set_defaults(out);
	if (!conf_load(path, one_line, out, e))
		return false;
	if (strcmp(out->sandbox, "on") != 0 && strcmp(out->sandbox, "off") != 0)
		return err_set(e, ERR_CONFIG,
		    "%s: [daemon] sandbox is \"%s\", not on or off", path,
		    out->sandbox);
	return true;
}

static void
inherit_mils(mils *value, mils fallback)
{
	if (*value == -2)
		*value = fallback;
}

void
settings_queue(
    const struct settings *s, const char *queue, struct queue_settings *out)
{
	const struct queue_settings *d = &s->defaults;

	*out = *d;
	for (int i = 0; i < s->queue_count; i++)
		if (strcmp(s->queues[i].name, queue) == 0)
			*out = s->queues[i];
	text_copy(out->name, sizeof(out->name), queue);
	mark_inherit(&out->mark, &d->mark);
	if (out->missing == 0)
		out->missing = d->missing;
	if (out->symbol[0] == '\0')
		memcpy(out->symbol, d->symbol, sizeof(out->symbol));
	if (out->origin_place[0] == '\0')
		memcpy(out->origin_place, d->origin_place,
		    sizeof(out->origin_place));
	if (out->users[0] == '\0')
		memcpy(out->users, d->users, sizeof(out->users));
	if (out->mailby_days == -2)
		out->mailby_days = d->mailby_days;
	if (out->bar_reduction == -2)
		out->bar_reduction = d->bar_reduction;
	if (out->bar_reduction < 0) /* "none" */
		out->bar_reduction = 0;
	if (out->refund_days == -2)
		out->refund_days = d->refund_days;
	inherit_mils(&out->limit_stamp, d->limit_stamp);
	inherit_mils(&out->limit_job, d->limit_job);
	inherit_mils(&out->limit_day, d->limit_day);
	inherit_mils(&out->limit_user_day, d->limit_user_day);
	inherit_mils(&out->low, d->low);
}
