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
    "limits NAME [--stamp-max SUM|none] [--day-max SUM|none] "
    "[--month-max SUM|none] [--cost-required|--cost-optional] | "
    "list [ACCOUNT] | token NAME | suspend NAME | resume NAME | withdraw NAME";

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
	good = good && admin_add_system(work.w, u, SIDE_PROVIDER, token, e);
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
	verb_print_limits(&u->limits, "  ");
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

/* --- options ---------------------------------------------------------------------- */

static bool
take_options(int *argc, char **argv, struct user_system *u, struct err *e)
{
	const char *network = verb_option(argc, argv, "--address");
	const char *print = verb_option(argc, argv, "--fingerprint");
	mils most[LIMITS];

	if (network != NULL && strlen(network) >= sizeof(u->address))
		return err_set(e, ERR_REQUEST, "--address: too long");
	if (print != NULL && strlen(print) >= sizeof(u->fingerprint))
		return err_set(e, ERR_REQUEST, "--fingerprint: too long");
	snprintf(u->address, sizeof(u->address), "%s", network ? network : "");
	snprintf(
	    u->fingerprint, sizeof(u->fingerprint), "%s", print ? print : "");
	u->cost_required[SIDE_PROVIDER] =
	    verb_flag(argc, argv, "--cost-required");
	if (!verb_limits(argc, argv, most, e))
		return false;
	verb_set_limits(&u->limits, most);
	return true;
}

static bool
find_system(struct verb_work *work, const char *name, struct user_system *out,
    struct err *e)
{
	int64_t id;

	return store_system_named(work->w->store, name, &id, e) &&
	       store_system_rules(work->w->store, id, out, e);
}

/* Only what is named changes. */
static bool
set_limits(struct program *p, int argc, char **argv, struct err *e)
{
	bool required = verb_flag(&argc, argv, "--cost-required");
	bool optional = verb_flag(&argc, argv, "--cost-optional");
	struct user_system was, u = {.id = 0};
	struct verb_work work;
	mils most[LIMITS];
	bool good;

	if (!verb_limits(&argc, argv, most, e) ||
	    !verb_words(argc, argv, 3, 3, usage, e))
		return false;
	good = verb_begin(p, &work, e) && find_system(&work, argv[2], &was, e);
	if (good) {
		u = was;
		verb_set_limits(&u.limits, most);
		if (required || optional)
			u.cost_required[SIDE_PROVIDER] = required;
		good = admin_system_limits(work.w, &was, &u, SIDE_PROVIDER, e);
	}
	good = verb_done(&work, good, e);
	if (good)
		verb_print_limits(&u.limits, "");
	return good;
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
	struct user_system u = {.limits = LIMITS_NONE};

	if (argc > 1 && strcmp(argv[1], "limits") == 0)
		return set_limits(p, argc, argv, e);
	if (!take_options(&argc, argv, &u, e) ||
	    !verb_words(argc, argv, 2, 4, usage, e))
		return false;
	if (argc < 4 && strcmp(argv[1], "list") == 0)
		return list_systems(p, argv[2], e);
	if (argc == 4 && strcmp(argv[1], "add") == 0) {
		snprintf(u.name, sizeof(u.name), "%s", argv[3]);
		return add_system(p, argv[2], &u, e);
	}
	if (argc != 3 || !is_verb(argv[1]))
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	if (strcmp(argv[1], "token") == 0)
		return new_token(p, argv[2], e);
	return change(p, argv[1], argv[2], e);
}
