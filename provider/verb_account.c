/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged account, credit: who pays.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>

#include "provider/fund.h"
#include "provider/store_admin.h"
#include "provider/store_pay.h"

#define ACCOUNT_USAGE                                           \
	"account add CUSTOMER NAME [--load SUM] | show NAME | " \
	"lock NAME --reason TEXT | unlock NAME | "              \
	"auto-add NAME --below SUM --amount SUM | auto-add NAME --off"

static bool
set_state(struct program *p, const struct state_change *change, struct err *e)
{
	struct verb_work work;
	bool good = verb_begin(p, &work, e) &&
		    store_state_set(work.w->store, change, e);

	return verb_done(&work, good, e);
}

/* --- account ------------------------------------------------------------------------ */

static bool
add_account(
    struct program *p, const char *customer, struct account *a, struct err *e)
{
	struct verb_work work;
	int64_t id = 0;
	bool good =
	    verb_begin(p, &work, e) &&
	    store_customer_add(
		work.w->store, customer, worker_ms(work.w), &a->customer, e) &&
	    store_account_add(work.w->store, a, worker_ms(work.w), &id, e);

	good = verb_done(&work, good, e);
	if (good)
		printf("account %lld: %s, of %s\n"
		       "next: postaged psd add %s; postaged credit %s SUM "
		       "--ref INVOICE; postaged system add %s NAME\n",
		    (long long)id, a->name, customer, a->name, a->name,
		    a->name);
	return good;
}

/* Only what there is to say. */
static void
print_money(const struct account *a, const struct pay_method *m)
{
	char owed[MILS_TEXT], below[MILS_TEXT], amount[MILS_TEXT];

	if (a->owed > 0)
		printf("owed     %s\n", mils_format(a->owed, owed));
	if (m->method[0] != '\0')
		printf("card     %s, ends in %s, expires %s (%s)\n", m->brand,
		    m->last4, m->expiry, m->driver);
	if (a->add_below >= 0)
		printf("auto-add %s below %s%s\n",
		    mils_format(a->add_amount, amount),
		    mils_format(a->add_below, below),
		    m->method[0] ? "" : ", when a card is saved");
}

static bool
show_account(struct program *p, const char *name, struct err *e)
{
	char credit[MILS_TEXT], loaded[MILS_TEXT];
	struct verb_work work;
	struct pay_method m = {.account = 0};
	struct account a = {.id = 0};
	mils in_psds = 0;
	bool found = false;
	bool good = verb_look(p, &work, e) &&
		    store_account_find(work.w->store, name, &a, e) &&
		    store_method_find(work.w->store, a.id, &m, &found, e) &&
		    store_system_loaded(work.w->store, a.id, 0, &in_psds, e);

	good = verb_done(&work, good, e);
	if (!good)
		return false;
	printf("account %lld: %s, of %s\nstate    %s%s%s\n"
	       "credit   %s\nin PSDs  %s\n",
	    (long long)a.id, a.name, a.customer_name, a.state,
	    a.reason[0] ? ": " : "", a.reason, mils_format(a.credit, credit),
	    mils_format(in_psds, loaded));
	print_money(&a, &m);
	return true;
}

/* --- auto-add ----------------------------------------------------------------------- */

static bool
read_auto_add(const char *below, const char *amount, bool off,
    struct auto_add *out, struct err *e)
{
	*out = (struct auto_add){.below = -1};
	if (off && below == NULL && amount == NULL)
		return true;
	if (off || below == NULL || amount == NULL)
		return err_set(e, ERR_REQUEST,
		    "auto-add takes --below SUM --amount SUM, or --off");
	if (!verb_mils(below, &out->below, e) ||
	    !verb_mils(amount, &out->amount, e))
		return false;
	return (out->amount > 0 && out->amount % 10 == 0) ||
	       err_set(
		   e, ERR_REQUEST, "--amount: whole cents, and more than none");
}

static bool
set_auto_add(struct program *p, int argc, char **argv, struct err *e)
{
	const char *below = verb_option(&argc, argv, "--below");
	const char *amount = verb_option(&argc, argv, "--amount");
	bool off = verb_flag(&argc, argv, "--off");
	struct verb_work work;
	struct auto_add add;
	bool good;

	if (!verb_words(argc, argv, 3, 3, ACCOUNT_USAGE, e) ||
	    !read_auto_add(below, amount, off, &add, e))
		return false;
	good = verb_begin(p, &work, e) &&
	       store_auto_add(work.w->store, argv[2], &add, e);
	return verb_done(&work, good, e) && show_account(p, argv[2], e);
}

bool
verb_account(struct program *p, int argc, char **argv, struct err *e)
{
	const char *reason = verb_option(&argc, argv, "--reason");
	const char *load = verb_option(&argc, argv, "--load");
	struct state_change change = {
	    .what = "account", .reason = reason ? reason : ""};
	struct account a = {.load = 0};

	if (argc > 1 && strcmp(argv[1], "auto-add") == 0)
		return set_auto_add(p, argc, argv, e);
	if (!verb_words(argc, argv, 3, 4, ACCOUNT_USAGE, e) ||
	    (load != NULL && !verb_mils(load, &a.load, e)))
		return false;
	change.name = argv[2];
	if (strcmp(argv[1], "add") == 0 && argc == 4) {
		snprintf(a.name, sizeof(a.name), "%s", argv[3]);
		return add_account(p, argv[2], &a, e);
	}
	if (strcmp(argv[1], "show") == 0)
		return show_account(p, argv[2], e);
	if (strcmp(argv[1], "lock") == 0 && *change.reason == '\0')
		return err_set(e, ERR_REQUEST,
		    "say why: --reason TEXT; who prints reads it");
	if (strcmp(argv[1], "lock") == 0)
		change.state = "locked";
	else if (strcmp(argv[1], "unlock") == 0)
		change.state = "active";
	else
		return err_set(
		    e, ERR_REQUEST, "usage: postaged %s", ACCOUNT_USAGE);
	return set_state(p, &change, e);
}

/* --- credit --------------------------------------------------------------------------- */

static bool
pay_in(
    struct program *p, const char *name, struct payment_in *in, struct err *e)
{
	char sum[MILS_TEXT], credit[MILS_TEXT];
	struct verb_work work;
	struct account a = {.id = 0};
	bool fresh = false;
	bool good = verb_begin(p, &work, e) &&
		    store_account_find(work.w->store, name, &a, e);

	if (good) {
		in->account = a.id;
		in->made = worker_ms(work.w);
		good = fund_credit(work.w->store, in, &fresh, e) &&
		       store_account_find(work.w->store, name, &a, e);
	}
	good = verb_done(&work, good, e);
	mils_format(a.credit, credit);
	if (good && fresh)
		printf("%s paid in: %s, credit of %s is %s\n", in->ref,
		    mils_format(in->amount, sum), name, credit);
	else if (good)
		printf("%s was paid in before, nothing changed: credit of %s "
		       "is %s\n",
		    in->ref, name, credit);
	return good;
}

bool
verb_credit(struct program *p, int argc, char **argv, struct err *e)
{
	static const char usage[] = "credit ACCOUNT SUM --ref TEXT";
	const char *ref = verb_option(&argc, argv, "--ref");
	char full[128];
	struct payment_in in = {.from = "invoice", .ref = full};

	if (!verb_words(argc, argv, 3, 3, usage, e) ||
	    !verb_mils(argv[2], &in.amount, e))
		return false;
	if (ref == NULL || *ref == '\0' || strlen(ref) > 100)
		return err_set(e, ERR_REQUEST,
		    "--ref names the payment, so that it counts once: its "
		    "invoice's number for example");
	snprintf(full, sizeof(full), "invoice:%s", ref);
	return pay_in(p, argv[1], &in, e);
}
