/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged customer: whose accounts there are, and what all of them may spend.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "provider/admin.h"

static const char usage[] =
    "customer add NAME | show NAME | suspend NAME [--reason TEXT] | "
    "resume NAME | limits NAME [--stamp-max SUM|none] [--day-max SUM|none] "
    "[--month-max SUM|none] [--systems-max NUMBER|none]";

static bool
set_state(struct program *p, const struct state_change *change, struct err *e)
{
	struct verb_work work;
	bool good = verb_begin(p, &work, e) &&
		    store_state_set(work.w->store, change, e);

	return verb_done(&work, good, e);
}

static bool
add_customer(struct program *p, const char *name, struct err *e)
{
	struct verb_work work;
	int64_t id = 0;
	bool good =
	    verb_begin(p, &work, e) &&
	    store_customer_add(work.w->store, name, worker_ms(work.w), &id, e);

	good = verb_done(&work, good, e);
	if (good)
		printf("customer %lld: %s\n", (long long)id, name);
	return good;
}

/* --- limits ---------------------------------------------------------------------- */

static void
print_rules(const struct customer *c)
{
	verb_print_limits(&c->limits, "");
	printf("systems  %lld", (long long)c->systems);
	if (c->systems_max >= 0)
		printf(", of %lld that its administrators may have",
		    (long long)c->systems_max);
	printf("\n");
}

static bool
show_customer(struct program *p, const char *name, struct err *e)
{
	char day[MILS_TEXT], month[MILS_TEXT];
	struct spent_sums spent = {.day = 0};
	struct verb_work work;
	struct customer c = {.id = 0};
	bool good = verb_look(p, &work, e) &&
		    store_customer_read(work.w->store, name, false, &c, e);

	if (good)
		store_customer_spent_ask(
		    work.w->store, c.id, worker_today(work.w), false);
	good =
	    good && store_customer_spent_get(work.w->store, false, &spent, e);
	if (!verb_done(&work, good, e))
		return false;
	printf("customer %lld: %s\nstate    %s%s%s\n"
	       "spent    %s this day, %s this month\n",
	    (long long)c.id, c.name, c.state, c.reason[0] ? ": " : "", c.reason,
	    mils_format(spent.day, day), mils_format(spent.month, month));
	print_rules(&c);
	return true;
}

static bool
take_number(const char *text, int64_t *out, struct err *e)
{
	uint64_t n;

	*out = text == NULL ? VERB_KEEP : -1;
	if (text == NULL || strcmp(text, "none") == 0)
		return true;
	if (!text_to_u64(text, INT32_MAX, &n))
		return err_set(
		    e, ERR_REQUEST, "--systems-max: a number, or none");
	*out = (int64_t)n;
	return true;
}

/* Only what is named changes. */
static bool
set_limits(struct program *p, int argc, char **argv, struct err *e)
{
	struct customer was, c = {.id = 0};
	struct verb_work work;
	mils most[LIMITS];
	int64_t systems;
	bool good;

	if (!verb_limits(&argc, argv, most, e) ||
	    !take_number(
		verb_option(&argc, argv, "--systems-max"), &systems, e) ||
	    !verb_words(argc, argv, 3, 3, usage, e))
		return false;
	good = verb_begin(p, &work, e) &&
	       store_customer_read(work.w->store, argv[2], true, &was, e);
	if (good) {
		c = was;
		verb_set_limits(&c.limits, most);
		if (systems != VERB_KEEP)
			c.systems_max = systems;
		good =
		    admin_customer_limits(work.w, &was, &c, SIDE_PROVIDER, e);
	}
	good = verb_done(&work, good, e);
	if (good)
		print_rules(&c);
	return good;
}

bool
verb_customer(struct program *p, int argc, char **argv, struct err *e)
{
	const char *reason = verb_option(&argc, argv, "--reason");
	struct state_change change = {
	    .what = "customer", .reason = reason ? reason : ""};

	if (argc > 1 && strcmp(argv[1], "limits") == 0)
		return set_limits(p, argc, argv, e);
	if (!verb_words(argc, argv, 3, 3, usage, e))
		return false;
	change.name = argv[2];
	if (strcmp(argv[1], "add") == 0)
		return add_customer(p, argv[2], e);
	if (strcmp(argv[1], "show") == 0)
		return show_customer(p, argv[2], e);
	if (strcmp(argv[1], "suspend") == 0)
		change.state = "suspended";
	else if (strcmp(argv[1], "resume") == 0)
		change.state = "active";
	else
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	return set_state(p, &change, e);
}
