/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/text.h"
#include "dispense/settings_value.h"

struct key {
	const char *section, *name;
	enum value_type type;
	size_t offset, size;
};

#define S(type, field)                                  \
	VALUE_##type, offsetof(struct settings, field), \
	    sizeof(((struct settings *)0)->field)
#define Q(type, field)                                        \
	VALUE_##type, offsetof(struct queue_settings, field), \
	    sizeof(((struct queue_settings *)0)->field)
#define V(type, field)                                        \
	VALUE_##type, offsetof(struct vault_settings, field), \
	    sizeof(((struct vault_settings *)0)->field)
#define G(type, field)                                        \
	VALUE_##type, offsetof(struct group_settings, field), \
	    sizeof(((struct group_settings *)0)->field)

/* Keys of the whole system. */
static const struct key system_keys[] = {
    {"vault", "uri", S(TEXT, vault_uri)},
    {"vault", "pin-file", S(TEXT, pin_file)},
    {"vault", "certificates", S(TEXT, certificates)},
    {"vault", "order", S(ORDER, order)},
    {"vault", "absent", S(INT, absent_s)},
    {"daemon", "socket", S(TEXT, socket)},
    {"daemon", "state-dir", S(TEXT, state_dir)},
    {"daemon", "run-dir", S(TEXT, run_dir)},
    {"daemon", "scheduler", S(TEXT, scheduler)},
    {"daemon", "printing-user", S(TEXT, printing_user)},
    {"daemon", "drivers", S(TEXT, drivers)},
    {"daemon", "sandbox", S(TEXT, sandbox)},
    {"daemon", "spool-days", S(INT, spool_days)},
    {"daemon", "wait", S(INT, wait_s)},
    {"daemon", "page-time", S(INT, page_s)},
    {"daemon", "alarm", S(TEXT, alarm)},
    {"mail", "rates", S(TEXT, rates)},
    {"mail", "rates-persons", S(INT, rates_persons)},
    {"mail", "rates-warn", S(INT, rates_warn_days)},
    {"mail", "templates", S(TEXT, templates)},
    {"refund", "seen", S(TEXT, seen)},
};

/* Keys of [mail], [limits] and [refund], each of which [queue NAME] may override. */
static const struct key queue_keys[] = {
    {"mail", "missing", Q(MISSING, missing)},
    {"mail", "symbol", Q(TEXT, symbol)},
    {"mail", "origin-place", Q(TEXT, origin_place)},
    {"mail", "mailby-days", Q(MAILBY, mailby)},
    {"mail", "bar-reduction", Q(INT, bar_reduction)},
    {"mail", "amount", Q(MARK, mark)},
    {"mail", "class", Q(MARK, mark)},
    {"mail", "extra", Q(MARK, mark)},
    {"mail", "weight", Q(MARK, mark)},
    {"mail", "from", Q(MARK, mark)},
    {"mail", "origin", Q(MARK, mark)},
    {"mail", "cost", Q(MARK, mark)},
    {"mail", "size", Q(MARK, mark)},
    {"mail", "at", Q(MARK, mark)},
    {"mail", "days-ahead", Q(INT, days_ahead)},
    {"mail", "cutoff", Q(CLOCK, cutoff_min)},
    {"mail", "collection", Q(DAYS, collection)},
    {"mail", "holidays", Q(TEXT, holidays)},
    {"mail", "cost-codes", Q(TEXT, cost_codes)},
    {"mail", "cost-required", Q(SWITCH, cost_required)},
    {"limits", "stamp", Q(MILS, limits.stamp)},
    {"limits", "job", Q(MILS, limits.job)},
    {"limits", "day", Q(MILS, limits.day)},
    {"limits", "month", Q(MILS, limits.month)},
    {"limits", "user-day", Q(MILS, limits.user_day)},
    {"limits", "user-month", Q(MILS, limits.user_month)},
    {"limits", "users", Q(TEXT, users)},
    {"limits", "confirm", Q(MILS, confirm)},
    {"limits", "approve", Q(MILS, approve)},
    {"limits", "classes", Q(TEXT, classes)},
    {"limits", "sizes", Q(SIZES, sizes)},
    {"limits", "heaviest", Q(WEIGHT, heaviest_mg)},
    {"limits", "hours", Q(HOURS, hours)},
    {"limits", "redates", Q(INT, redates)},
    {"limits", "low", Q(MILS, low)},
    {"refund", "refund-days", Q(INT, refund_days)},
    {"limits", "vaults", Q(TEXT, vaults)},
};

/* Keys of [vault NAME]. */
static const struct key vault_keys[] = {
    {"vault", "uri", V(TEXT, uri)},
    {"vault", "pin-file", V(TEXT, pin_file)},
};

static const struct key group_keys[] = {
    {"group", "members", G(TEXT, members)},
    {"group", "stamp", G(MILS, limits.stamp)},
    {"group", "job", G(MILS, limits.job)},
    {"group", "day", G(MILS, limits.day)},
    {"group", "month", G(MILS, limits.month)},
    {"group", "user-day", G(MILS, limits.user_day)},
    {"group", "user-month", G(MILS, limits.user_month)},
    {"group", "low", G(MILS, low)},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct limits no_limits = {-1, -1, -1, -1, -1, -1};

const char *
settings_path(void)
{
	const char *path = secure_getenv("POSTAGE_CONF");

	return path && *path ? path : POSTAGE_SYSCONFDIR "/postage.conf";
}

/* "mailby-days letter" is the key "mailby-days". */
static bool
is_key(const struct key *k, const char *name)
{
	size_t len = strlen(k->name);

	return strncmp(k->name, name, len) == 0 &&
	       (name[len] == '\0' ||
		   (k->type == VALUE_MAILBY && name[len] == ' '));
}

static const struct key *
find_key(
    const struct key *keys, size_t count, const char *section, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if ((section == NULL ||
			strcmp(keys[i].section, section) == 0) &&
		    is_key(&keys[i], name))
			return &keys[i];
	return NULL;
}

static bool
set_key(const struct key *k, const char *name, void *base, const char *value,
    struct err *e)
{
	return settings_value(
	    k->type, name, (char *)base + k->offset, k->size, value, e);
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
	*q = (struct queue_settings){.mailby.days = -1};
	if (!text_copy(q->name, sizeof(q->name), name))
		return NULL;
	s->queue_count++;
	return q;
}

static struct group_settings *
group_named(struct settings *s, const char *name)
{
	struct group_settings *g;

	for (int i = 0; i < s->group_count; i++)
		if (strcmp(s->groups[i].name, name) == 0)
			return &s->groups[i];
	if (s->group_count == SETTINGS_GROUPS_MAX)
		return NULL;
	g = &s->groups[s->group_count];
	*g = (struct group_settings){.limits = no_limits, .low = -1};
	if (!text_copy(g->name, sizeof(g->name), name))
		return NULL;
	s->group_count++;
	return g;
}

static struct vault_settings *
vault_named(struct settings *s, const char *name)
{
	struct vault_settings *v;

	for (int i = 0; i < s->more_count; i++)
		if (strcmp(s->more[i].name, name) == 0)
			return &s->more[i];
	if (s->more_count == POOL_MAX - 1)
		return NULL;
	v = &s->more[s->more_count];
	*v = (struct vault_settings){.name = ""};
	if (!text_copy(v->name, sizeof(v->name), name) ||
	    strchr(name, ' ') != NULL || strcmp(name, SETTINGS_VAULT_MAIN) == 0)
		return NULL;
	s->more_count++;
	return v;
}

static bool
unknown_key(const char *section, const char *name, struct err *e)
{
	return err_set(
	    e, ERR_CONFIG, "unknown key \"%s\" in [%s]", name, section);
}

static bool
too_many(const char *section, int max, struct err *e)
{
	return err_set(e, ERR_CONFIG, "[%s]: name too long or over %d of them",
	    section, max);
}

static bool
queue_line(struct settings *s, struct queue_settings *q, const char *section,
    const char *name, const char *value, struct err *e)
{
	bool own = q != &s->defaults;
	const struct key *k =
	    find_key(queue_keys, COUNT(queue_keys), own ? NULL : section, name);

	if (k == NULL)
		return unknown_key(section, name, e);
	q->set |= (uint64_t)1 << (k - queue_keys);
	return set_key(k, name, q, value, e);
}

static bool
one_line(void *context, const char *section, const char *name,
    const char *value, struct err *e)
{
	struct settings *s = context;
	struct queue_settings *q = &s->defaults;
	struct vault_settings *v;
	struct group_settings *g;
	const struct key *k;

	if (strncmp(section, "vault ", 6) == 0) {
		v = vault_named(s, section + 6);
		if (v == NULL)
			return too_many(section, POOL_MAX - 1, e);
		k = find_key(vault_keys, COUNT(vault_keys), NULL, name);
		return k ? set_key(k, name, v, value, e)
			 : unknown_key(section, name, e);
	} else if (strncmp(section, "queue ", 6) == 0) {
		q = queue_named(s, section + 6);
		if (q == NULL)
			return too_many(section, SETTINGS_QUEUES_MAX, e);
	} else if (strncmp(section, "group ", 6) == 0) {
		g = group_named(s, section + 6);
		if (g == NULL)
			return too_many(section, SETTINGS_GROUPS_MAX, e);
		k = find_key(group_keys, COUNT(group_keys), NULL, name);
		return k ? set_key(k, name, g, value, e)
			 : unknown_key(section, name, e);
	}
	k = q == &s->defaults
		? find_key(system_keys, COUNT(system_keys), section, name)
		: NULL;
	return k ? set_key(k, name, s, value, e)
		 : queue_line(s, q, section, name, value, e);
}

static void
set_defaults(struct settings *s)
{
	_Static_assert(COUNT(queue_keys) <= 64, "bits of `set`");
	*s = (struct settings){.order = POOL_FULLEST,
	    .absent_s = 60,
	    .certificates = POSTAGE_STATEDIR "/certificates",
	    .socket = "/run/postage/vaultd.sock",
	    .state_dir = POSTAGE_STATEDIR,
	    .run_dir = "/run/postage",
	    .scheduler = "/run/cups/cups.sock",
	    .printing_user = "lp",
	    .rates_persons = 1,
	    .rates_warn_days = 14,
	    .sandbox = "on",
	    .spool_days = 30,
	    .wait_s = 60,
	    .page_s = 30,
	    .defaults = {.missing = MISSING_PRINT,
		.symbol = "QR",
		.mailby.days = -1,
		.days_ahead = 30,
		.cutoff_min = -1,
		.collection = 0x7f,
		.limits = no_limits,
		.confirm = -1,
		.approve = -1,
		.redates = 50,
		.refund_days = 60,
		.low = 10 * MILS_PER_UNIT}};
}

/* Each vault that a queue names is there. */
static bool
check_vaults(const struct settings *s, const char *section, const char *names,
    struct err *e)
{
	char copy[256], *rest, *name;

	text_copy(copy, sizeof(copy), names);
	for (name = strtok_r(copy, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest))
		if (settings_vault(s, name) == NULL &&
		    (s->vault_uri[0] == '\0' ||
			strcmp(name, SETTINGS_VAULT_MAIN) != 0))
			return err_set(e, ERR_CONFIG,
			    "[%s] vaults: there is no [vault %s]", section,
			    name);
	return true;
}

static bool
check_all_vaults(const struct settings *s, struct err *e)
{
	char section[QUEUE_MAX + 8];

	for (int i = 0; i < s->more_count; i++)
		if (s->more[i].uri[0] == '\0')
			return err_set(e, ERR_CONFIG, "[vault %s] has no uri",
			    s->more[i].name);
	if (!check_vaults(s, "limits", s->defaults.vaults, e))
		return false;
	for (int i = 0; i < s->queue_count; i++) {
		snprintf(
		    section, sizeof(section), "queue %s", s->queues[i].name);
		if (!check_vaults(s, section, s->queues[i].vaults, e))
			return false;
	}
	return true;
}

/* What a value alone cannot be wrong about. */
static bool
check(const struct settings *s, struct err *e)
{
	if (!check_all_vaults(s, e))
		return false;
	if (strcmp(s->sandbox, "on") != 0 && strcmp(s->sandbox, "off") != 0)
		return err_set(e, ERR_CONFIG,
		    "[daemon] sandbox is \"%s\", not on or off", s->sandbox);
	if (s->page_s < 1)
		return err_set(
		    e, ERR_CONFIG, "[daemon] page-time is a second or more");
	if (s->rates_persons != 1 && s->rates_persons != 2)
		return err_set(
		    e, ERR_CONFIG, "[mail] rates-persons is not 1 or 2");
	if (s->alarm[0] != '\0' && s->alarm[0] != '/')
		return err_set(e, ERR_CONFIG,
		    "[daemon] alarm begins with the whole path of a program");
	for (int i = 0; i < s->group_count; i++)
		if (s->groups[i].low >= 0 && s->groups[i].limits.month < 0)
			return err_set(e, ERR_CONFIG,
			    "[group %s] has low, and no month that it is of",
			    s->groups[i].name);
	return true;
}

/* [vault] may be left out where others are named: the first is it then. */
static void
settle_first_vault(struct settings *s)
{
	if (s->vault_uri[0] != '\0')
		return;
	if (s->more_count == 0) {
		strcpy(s->vault_uri, "file:" POSTAGE_STATEDIR "/vault");
		return;
	}
	memcpy(s->vault_uri, s->more[0].uri, sizeof(s->vault_uri));
	memcpy(s->pin_file, s->more[0].pin_file, sizeof(s->pin_file));
	s->first_is_named = true;
}

bool
settings_load(const char *path, struct settings *out, struct err *e)
{
	static const char own[] = POSTAGE_SYSCONFDIR "/rates.tsv";

	set_defaults(out);
	/* before it is read: what is written meanwhile is a change */
	if (stat(path, &out->file) != 0)
		return err_set(
		    e, ERR_CONFIG, "cannot read %s: %s", path, strerror(errno));
	if (!conf_load(path, one_line, out, e))
		return false;
	if (!check(out, e))
		return err_prefix(e, "%s", path);
	settle_first_vault(out);
	if (out->rates[0] != '\0') {
		memcpy(out->rates_own, out->rates, sizeof(out->rates_own));
		return true;
	}
	text_copy(out->rates_own, sizeof(out->rates_own), own);
	text_copy(out->rates, sizeof(out->rates),
	    access(own, F_OK) == 0 ? own : POSTAGE_DATADIR "/rates/usps.tsv");
	return true;
}

bool
settings_changed(const char *path, const struct settings *s)
{
	struct stat now;

	return stat(path, &now) != 0 || now.st_ino != s->file.st_ino ||
	       now.st_dev != s->file.st_dev || now.st_size != s->file.st_size ||
	       now.st_ctim.tv_sec != s->file.st_ctim.tv_sec ||
	       now.st_ctim.tv_nsec != s->file.st_ctim.tv_nsec;
}

void
settings_queue(
    const struct settings *s, const char *queue, struct queue_settings *out)
{
	const struct queue_settings *d = &s->defaults;

	*out = (struct queue_settings){.set = 0};
	for (int i = 0; i < s->queue_count; i++)
		if (strcmp(s->queues[i].name, queue) == 0)
			*out = s->queues[i];
	text_copy(out->name, sizeof(out->name), queue);
	mark_inherit(&out->mark, &d->mark);
	for (size_t i = 0; i < COUNT(queue_keys); i++) {
		const struct key *k = &queue_keys[i];

		if (k->type != VALUE_MARK && !(out->set >> i & 1))
			memcpy((char *)out + k->offset,
			    (const char *)d + k->offset, k->size);
	}
	if (out->bar_reduction < 0) /* "none" */
		out->bar_reduction = 0;
	if (out->days_ahead < 0)
		out->days_ahead = 0;
}

int
settings_mailby(const struct queue_settings *q, const char *class)
{
	for (int i = 0; i < q->mailby.count; i++)
		if (strcmp(q->mailby.of[i].class, class) == 0)
			return q->mailby.of[i].days;
	return q->mailby.days;
}

const struct vault_settings *
settings_vault(const struct settings *s, const char *name)
{
	for (int i = 0; i < s->more_count; i++)
		if (strcmp(s->more[i].name, name) == 0)
			return &s->more[i];
	return NULL;
}

/* Is `name` one of the words of `names`? */
static bool
has_word(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)) != NULL; at++)
		if ((at == names || at[-1] == ' ') &&
		    (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

size_t
settings_vaults(const struct settings *s, const struct queue_settings *q,
    struct vault_choice out[POOL_MAX])
{
	bool all = q->vaults[0] == '\0';
	size_t n = 0;

	if (!s->first_is_named &&
	    (all || has_word(q->vaults, SETTINGS_VAULT_MAIN)))
		out[n++] = (struct vault_choice){s->vault_uri, s->pin_file};
	for (int i = 0; i < s->more_count; i++)
		if (all || has_word(q->vaults, s->more[i].name))
			out[n++] = (struct vault_choice){
			    s->more[i].uri, s->more[i].pin_file};
	return n;
}
