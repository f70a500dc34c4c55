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
    "token NAME | suspend NAME | resume NAME | withdraw NAME";

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

		*limits[i].at = -1;
		if (text != NULL && !verb_mils(text, limits[i].at, e))
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

bool
verb_system(struct program *p, int argc, char **argv, struct err *e)
{
	struct user_system u = {.id = 0};

	if (!take_options(&argc, argv, &u, e) ||
	    !verb_words(argc, argv, 3, 4, usage, e))
		return false;
	if (argc == 4 && strcmp(argv[1], "add") == 0) {
		snprintf(u.name, sizeof(u.name), "%s", argv[3]);
		return add_system(p, argv[2], &u, e);
	}
	if (argc == 4)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	if (strcmp(argv[1], "token") == 0)
		return new_token(p, argv[2], e);
	return change(p, argv[1], argv[2], e);
}
