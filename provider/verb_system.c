/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged system: the computers that print.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>

#include "provider/admin.h"
#include "provider/store_admin.h"

static const char usage[] =
    "system add ACCOUNT NAME [--address NETWORK] [--fingerprint SHA256] "
    "[--stamp-max SUM] [--day-max SUM] [--month-max SUM] [--cost-required] | "
    "list [ACCOUNT] | limits NAME [--stamp-max SUM] [--day-max SUM] "
    "[--month-max SUM] | token NAME | suspend NAME | resume NAME | "
    "withdraw NAME";

#define NO_LIMIT (-1)
#define UNSAID	 (-2) /* it stays as it is */

static bool
add_system(struct program *p, const char *account, struct user_system *u,
    struct err *e)
{
	char token[AUTH_TOKEN] = "", name[PSD_ID];
	struct verb_work work;
	struct account a;
	bool good = verb_begin(p, &work, e) &&
		    store_account_find(work.w->store, account, &a, e);

	u->account = good ? a.id : 0;
	good = good && admin_add_system(work.w, u, token, e);
	if (good)
		worker_system_id(work.w, u->id, name);
	good = verb_done(&work, good, e);
	if (good)
		printf("user system %s: %s, of account %s\n", name, u->name,
		    account);
	if (good && token[0] != '\0')
		printf("token, shown this once:\n%s\n", token);
	explicit_bzero(token, sizeof(token));
	return good;
}

static bool
new_token(struct program *p, const char *name, struct err *e)
{
	char token[AUTH_TOKEN];
	struct verb_work work;
	bool good = verb_begin(p, &work, e) &&
		    admin_system_token(work.w, name, token, e);

	good = verb_done(&work, good, e);
	if (good)
		printf("token, shown this once; the old one is worth nothing "
		       "any more:\n%s\n",
		    token);
	explicit_bzero(token, sizeof(token));
	return good;
}

static bool
change(struct program *p, const char *verb, const char *name, struct err *e)
{
	const struct system_change to = {
	    .verb = verb, .name = name, .by = SIDE_PROVIDER};
	struct verb_work work;
	bool still = false;
	bool good = verb_begin(p, &work, e) &&
		    admin_change_system(work.w, &to, &still, e);

	if (!verb_done(&work, good, e))
		return false;
	if (still && strcmp(verb, "resume") == 0)
		printf("it stays suspended: by its customer's administrator\n");
	return true;
}

/* --- list ------------------------------------------------------------------------ */

struct list {
	const struct worker *w;
	const char *account; /* NULL = all */
	unsigned count;
};

static void
print_system(void *context, const struct user_system *u)
{
	struct list *l = context;
	char id[PSD_ID], spent[MILS_TEXT];

	if (l->account != NULL && strcmp(l->account, u->account_name) != 0)
		return;
	l->count++;
	printf("%s  %-16s of %-16s from %-18s spent %12s%s%s\n",
	    worker_system_id(l->w, u->id, id), u->name, u->account_name,
	    u->address[0] ? u->address : "anywhere",
	    mils_format(u->ascending, spent), u->why[0] ? "  " : "", u->why);
}

static bool
list_systems(struct program *p, const char *account, struct err *e)
{
	struct list l = {.account = account};
	struct verb_work work;
	bool good = verb_look(p, &work, e);

	l.w = work.w;
	good = good && store_system_list(work.w->store, print_system, &l, e);
	if (good && account != NULL && l.count == 0) {
		struct account a;

		good = store_account_find(work.w->store, account, &a, e);
	}
	return verb_done(&work, good, e);
}

/* --- limits ------------------------------------------------------------------------ */

struct find {
	const char *name;
	struct user_system found; /* id 0: there is none */
};

static void
find_system(void *context, const struct user_system *u)
{
	struct find *f = context;

	if (!u->withdrawn && strcmp(u->name, f->name) == 0)
		f->found = *u;
}

static void
change_limit(mils *limit, mils to)
{
	if (to != UNSAID)
		*limit = to;
}

static void
print_limit(const char *of, mils limit)
{
	char text[MILS_TEXT];

	printf("a %-5s  %s\n", of,
	    limit == NO_LIMIT ? "no limit" : mils_format(limit, text));
}

/* Also shows them. */
static bool
set_limits(struct program *p, const char *name, const struct user_system *to,
    struct err *e)
{
	struct find f = {.name = name};
	struct user_system *u = &f.found;
	struct verb_work work;
	bool good = verb_begin(p, &work, e) &&
		    store_system_list(work.w->store, find_system, &f, e);

	if (good && u->id == 0)
		good = err_set(
		    e, ERR_REQUEST, "there is no user system \"%s\"", name);
	change_limit(&u->stamp_max, to->stamp_max);
	change_limit(&u->day_max, to->day_max);
	change_limit(&u->month_max, to->month_max);
	good = good && store_system_limits(work.w->store, u, e);
	if (!verb_done(&work, good, e))
		return false;
	print_limit("stamp", u->stamp_max);
	print_limit("day", u->day_max);
	print_limit("month", u->month_max);
	return true;
}

/* --- options ---------------------------------------------------------------------- */

static bool
take_limits(int *argc, char **argv, struct user_system *u, struct err *e)
{
	const struct {
		const char *name;
		mils *at;
	} limits[] = {{"--stamp-max", &u->stamp_max},
	    {"--day-max", &u->day_max}, {"--month-max", &u->month_max}};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const char *text = verb_option(argc, argv, limits[i].name);

		*limits[i].at = NO_LIMIT;
		if (text == NULL)
			*limits[i].at = UNSAID;
		else if (strcmp(text, "none") != 0 &&
			 !verb_mils(text, limits[i].at, e))
			return false;
	}
	return true;
}

static bool
take_options(int *argc, char **argv, struct user_system *u, struct err *e)
{
	const char *network = verb_option(argc, argv, "--address");
	const char *print = verb_option(argc, argv, "--fingerprint");

	if (network != NULL && strlen(network) >= sizeof(u->address))
		return err_set(e, ERR_REQUEST, "--address: too long");
	if (print != NULL && strlen(print) >= sizeof(u->fingerprint))
		return err_set(e, ERR_REQUEST, "--fingerprint: too long");
	snprintf(u->address, sizeof(u->address), "%s", network ? network : "");
	snprintf(
	    u->fingerprint, sizeof(u->fingerprint), "%s", print ? print : "");
	u->cost_required = verb_flag(argc, argv, "--cost-required");
	return take_limits(argc, argv, u, e);
}

static bool
is_verb(const char *word)
{
	static const char *const verbs[] = {
	    "token", "suspend", "resume", "withdraw"};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(word, verbs[i]) == 0)
			return true;
	return false;
}

bool
verb_system(struct program *p, int argc, char **argv, struct err *e)
{
	struct user_system u = {.id = 0};

	if (!take_options(&argc, argv, &u, e) ||
	    !verb_words(argc, argv, 2, 4, usage, e))
		return false;
	if (argc < 4 && strcmp(argv[1], "list") == 0)
		return list_systems(p, argv[2], e);
	if (argc == 4 && strcmp(argv[1], "add") == 0) {
		snprintf(u.name, sizeof(u.name), "%s", argv[3]);
		if (u.stamp_max == UNSAID)
			u.stamp_max = NO_LIMIT;
		if (u.day_max == UNSAID)
			u.day_max = NO_LIMIT;
		if (u.month_max == UNSAID)
			u.month_max = NO_LIMIT;
		return add_system(p, argv[2], &u, e);
	}
	if (argc == 3 && strcmp(argv[1], "limits") == 0)
		return set_limits(p, argv[2], &u, e);
	if (argc != 3 || !is_verb(argv[1]))
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	if (strcmp(argv[1], "token") == 0)
		return new_token(p, argv[2], e);
	return change(p, argv[1], argv[2], e);
}
