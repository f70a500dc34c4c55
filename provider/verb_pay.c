/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged pay: payments, and what an administrator says of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provider/pay.h"
#include "provider/store_admin.h"
#include "provider/verbs.h"

#define LIST_MAX 200

#define USAGE                                                  \
	"pay list [ACCOUNT] [--open] | strays | approve ID | " \
	"reject ID | returned ID"

/* --- list ------------------------------------------------------------------------- */

static void
print_payment(const struct payment *p)
{
	char when[32], sum[MILS_TEXT];

	verb_moment(p->made, when);
	printf("%6lld  %s  %-16s %-8s %-8s %12s  %-8s %s%s%s\n",
	    (long long)p->id, when, p->account_name, p->driver,
	    pay_kind_name(p->kind), mils_format(p->amount, sum),
	    pay_state_name(p->state), p->processor_id, p->reason[0] ? "  " : "",
	    p->reason);
}

static bool
read_list(struct program *p, const char *account, bool open,
    struct payment *list, size_t *count, struct err *e)
{
	struct payment_wanted wanted = {.account = 0, .open = open};
	struct verb_work work;
	struct account a;
	bool good = verb_look(p, &work, e);

	if (good && account != NULL) {
		good = store_account_find(work.w->store, account, &a, e);
		wanted.account = good ? a.id : 0;
	}
	good = good && store_payment_list(
			   work.w->store, &wanted, list, LIST_MAX, count, e);
	return verb_done(&work, good, e);
}

static bool
print_list(struct program *p, const char *account, bool open, struct err *e)
{
	struct payment *list = calloc(LIST_MAX, sizeof(*list));
	size_t count = 0;
	bool done;

	if (list == NULL)
		return err_system(e, "memory");
	done = read_list(p, account, open, list, &count, e);
	for (size_t i = 0; done && i < count; i++)
		print_payment(&list[i]);
	free(list);
	return done;
}

static bool
print_strays(struct program *p, struct err *e)
{
	struct stray *list = calloc(LIST_MAX, sizeof(*list));
	struct verb_work work;
	size_t count = 0;
	bool done;

	if (list == NULL)
		return err_system(e, "memory");
	done = verb_look(p, &work, e) &&
	       store_stray_list(work.w->store, list, LIST_MAX, &count, e);
	done = verb_done(&work, done, e);
	for (size_t i = 0; done && i < count; i++) {
		char when[32];

		printf("%s  %s  %s\n", verb_moment(list[i].made, when),
		    list[i].event, list[i].text);
	}
	free(list);
	return done;
}

/* --- by hand ------------------------------------------------------------------------ */

static bool
say(struct program *p, const char *text, enum pay_hand what, struct err *e)
{
	struct payment payment;
	struct worker *w = NULL;
	uint64_t id;
	bool done;

	if (!text_to_u64(text, INT64_MAX, &id))
		return err_set(e, ERR_REQUEST,
		    "\"%s\" is no payment's number: postaged pay list", text);
	done = program_open(p, e) && program_worker(p, &w, e) &&
	       pay_by_hand(w, (int64_t)id, what, &payment, e);
	program_worker_close(w);
	program_close(p);
	if (done)
		print_payment(&payment);
	return done;
}

bool
verb_pay(struct program *p, int argc, char **argv, struct err *e)
{
	static const struct {
		const char *word;
		enum pay_hand what;
	} hands[] = {{"approve", PAY_APPROVE}, {"reject", PAY_REJECT},
	    {"returned", PAY_GONE_BACK}};
	bool open = verb_flag(&argc, argv, "--open");

	if (!verb_words(argc, argv, 2, 3, USAGE, e))
		return false;
	if (strcmp(argv[1], "list") == 0)
		return print_list(p, argv[2], open, e);
	if (argc == 2 && strcmp(argv[1], "strays") == 0)
		return print_strays(p, e);
	for (size_t i = 0; i < sizeof(hands) / sizeof(hands[0]); i++)
		if (argc == 3 && strcmp(argv[1], hands[i].word) == 0)
			return say(p, argv[2], hands[i].what, e);
	return err_set(e, ERR_REQUEST, "usage: postaged %s", USAGE);
}
