/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged refund: spoiled stamps whose value was asked back.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "provider/give_back.h"

#define LIST_MAX 1000

static const char usage[] =
    "refund list [asked|approved|rejected] | log | "
    "approve ID --by LOGIN --method TEXT | reject ID --by LOGIN";

static const char *
moment(int64_t ms, char out[32])
{
	time_t at = ms / 1000;
	struct tm tm;

	localtime_r(&at, &tm);
	strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
	return out;
}

static void
print_refund(void *context, const struct refund_row *r)
{
	char sum[MILS_TEXT], when[32];

	printf("%6lld  %s  %-9s %-20s %5lld stamps %10s  %lld of %lld said "
	       "yes  %s\n",
	    (long long)r->id, moment(r->made, when), r->state, r->account_name,
	    (long long)r->stamps, mils_format(r->total, sum),
	    (long long)r->approvals, (long long)give_back_needs(context, r),
	    r->reason);
}

static void
print_destruction(void *context, const struct destruction *d)
{
	char sum[MILS_TEXT], when[32];

	(void)context;
	printf("%s  refund %lld  %lld stamps  %s  %s  %s\n",
	    moment(d->made, when), (long long)d->refund, (long long)d->stamps,
	    mils_format(d->total, sum), d->login, d->method);
}

static bool
read_lists(struct worker *w, int argc, char **argv, struct err *e)
{
	if (strcmp(argv[1], "list") == 0)
		return store_refund_list(w->store, argc > 2 ? argv[2] : "",
		    LIST_MAX, print_refund, w, e);
	if (strcmp(argv[1], "log") == 0 && argc == 2)
		return store_refund_log(w->store, print_destruction, NULL, e);
	return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
}

static bool
find_person(
    struct worker *w, const char *login, struct person *out, struct err *e)
{
	bool done = store_begin(w->store, STORE_READ, e) &&
		    store_person_login(w->store, login, out, e);

	store_rollback(w->store);
	return done;
}

static bool
say(struct worker *w, char **argv, const char *by, const char *method,
    struct err *e)
{
	struct refund_row row;
	struct person p;
	uint64_t id;
	bool yes = strcmp(argv[1], "approve") == 0, done;

	if ((!yes && strcmp(argv[1], "reject") != 0) || by == NULL ||
	    (yes && method == NULL) || !text_to_u64(argv[2], INT64_MAX, &id))
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	done = find_person(w, by, &p, e) &&
	       (yes ? give_back_approve(w, (int64_t)id, &p, method, &row, e)
		    : give_back_reject(w, (int64_t)id, &p, &row, e));
	if (done)
		print_refund(w, &row);
	return done;
}

bool
verb_refund(struct program *p, int argc, char **argv, struct err *e)
{
	const char *by = verb_option(&argc, argv, "--by");
	const char *method = verb_option(&argc, argv, "--method");
	struct worker *w = NULL;
	bool good;

	if (!verb_words(argc, argv, 2, 3, usage, e))
		return false;
	good = program_open(p, e) && program_worker(p, &w, e);
	if (good && by != NULL && argc == 3) {
		good = say(w, argv, by, method, e);
	} else if (good) {
		good = store_begin(w->store, STORE_READ, e) &&
		       read_lists(w, argc, argv, e);
		store_rollback(w->store);
	}
	program_worker_close(w);
	program_close(p);
	return good;
}
