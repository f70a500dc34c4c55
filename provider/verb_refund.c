/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged refund: spoiled stamps whose value was asked back.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "provider/auth.h"
#include "provider/give_back.h"
#include "vault/pin.h"

#define LIST_MAX 1000

static const char usage[] =
    "refund list [asked|approved|rejected] | log | "
    "approve ID --by LOGIN --method TEXT [--token FILE] | "
    "reject ID --by LOGIN";

/* Who says yes, to what, and how it was destroyed. */
struct voice {
	const char *by, *method, *token_file; /* NULL: not said */
};

static void
print_refund(void *context, const struct refund_row *r)
{
	char sum[MILS_TEXT], when[32];

	printf("%6lld  %s  %-9s %-20s %5lld stamps %10s  %lld of %lld said "
	       "yes  %s\n",
	    (long long)r->id, verb_moment(r->made, when), r->state,
	    r->account_name, (long long)r->stamps, mils_format(r->total, sum),
	    (long long)r->approvals, (long long)give_back_needs(context, r),
	    r->reason);
}

static void
print_destruction(void *context, const struct destruction *d)
{
	char sum[MILS_TEXT], when[32];

	(void)context;
	printf("%s  refund %lld  %lld stamps  %s  %s  %s\n",
	    verb_moment(d->made, when), (long long)d->refund,
	    (long long)d->stamps, mils_format(d->total, sum), d->login,
	    d->method);
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
has_token(const struct worker *w, const struct person *p, const char *path,
    struct err *e)
{
	char token[AUTH_TOKEN] = "";
	bool is;

	if (!pin_line(path, token, sizeof(token), e))
		return false;
	is = auth_is_person(w, p, token);
	explicit_bzero(token, sizeof(token));
	return is || err_set(e, ERR_DENIED, "%s: not the token of %s", path,
			 p->login);
}

/* A name alone says who, and proves nothing: enough where one person is. */
static bool
check_voice(struct worker *w, int64_t id, const struct person *p,
    const char *path, struct err *e)
{
	struct refund_row row;
	bool found = false;
	bool done = store_begin(w->store, STORE_READ, e) &&
		    store_refund_find(w->store, id, false, &row, &found, e);

	store_rollback(w->store);
	if (!done)
		return false;
	if (path != NULL)
		return has_token(w, p, path, e);
	return !found || give_back_needs(w, &row) < 2 ||
	       err_set(e, ERR_DENIED,
		   "refund %lld takes two persons: --token FILE has to show "
		   "that it is %s who says yes",
		   (long long)id, p->login);
}

static bool
say(struct worker *w, char **argv, const struct voice *v, struct err *e)
{
	struct refund_row row;
	struct person p;
	uint64_t id;
	bool yes = strcmp(argv[1], "approve") == 0, done;

	if ((!yes && strcmp(argv[1], "reject") != 0) ||
	    (yes && v->method == NULL) || !text_to_u64(argv[2], INT64_MAX, &id))
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	if (!find_person(w, v->by, &p, e))
		return false;
	if (yes)
		done =
		    check_voice(w, (int64_t)id, &p, v->token_file, e) &&
		    give_back_approve(w, (int64_t)id, &p, v->method, &row, e);
	else
		done = give_back_reject(w, (int64_t)id, &p, &row, e);
	if (done)
		print_refund(w, &row);
	return done;
}

bool
verb_refund(struct program *p, int argc, char **argv, struct err *e)
{
	const struct voice voice = {.by = verb_option(&argc, argv, "--by"),
	    .method = verb_option(&argc, argv, "--method"),
	    .token_file = verb_option(&argc, argv, "--token")};
	struct worker *w = NULL;
	bool good;

	if (!verb_words(argc, argv, 2, 3, usage, e))
		return false;
	good = program_open(p, e) && program_worker(p, &w, e);
	if (good && voice.by != NULL && argc == 3) {
		good = say(w, argv, &voice, e);
	} else if (good) {
		good = store_begin(w->store, STORE_READ, e) &&
		       read_lists(w, argc, argv, e);
		store_rollback(w->store);
	}
	program_worker_close(w);
	program_close(p);
	return good;
}
