/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/persons.h"
#include "dispense/policy.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/test.h"

static struct settings settings;

static bool
may(const char *list, const char *user)
{
	struct err e = ERR_INIT;
	struct queue_settings q = {.name = "mail"};
	bool yes;

	snprintf(q.users, sizeof(q.users), "%s", list);
	yes = policy_user(&settings, &q, user, &e);
	if (!yes)
		is_err(&e, ERR_DENIED, "kind");
	return yes;
}

static void
users_are_named_one_by_one(void **state)
{
	(void)state;
	ok(may("", "anna"), "nobody named: everyone");
	ok(may("anna bert", "bert"), "named");
	ok(may("anna, bert", "bert"), "named after a comma");
	ok(!may("anna bert", "ann"), "not by half a name");
	ok(!may("anna bert", "carl"), "not named");
	ok(!may("anna", ""), "no name");
}

static void
groups_are_those_of_the_computer(void **state)
{
	struct passwd *pw = getpwuid(geteuid());
	struct group *gr = getgrgid(pw->pw_gid);
	char list[128], user[64];

	(void)state;
	snprintf(user, sizeof(user), "%s", pw->pw_name);
	snprintf(list, sizeof(list), "nobody-here @%s", gr->gr_name);
	ok(may(list, user), "member");
	ok(!may(list, "no-such-user"), "unknown user");
	ok(!may("@no-such-group", user), "unknown group");
	ok(!may("root@daemon", "daemon"), "@ in the middle is no group");
}

static struct limits
limits(mils stamp, mils job, mils day, mils user_day)
{
	return (struct limits){
	    stamp, job, day, 2 * day, user_day, 2 * user_day};
}

static void
each_limit_holds_to_the_mil(void **state)
{
	struct limits none = {-1, -1, -1, -1, -1, -1};
	struct limits all = limits(1000, 5000, 20000, 10000);
	struct spending s = {1000, 3000, 2000, 17000, 37000, 7000, 17000};
	struct spending t;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(policy_limits("queue mail", &all, &s, &e), &e,
	    "all limits just kept");
	t = s, t.dearest++;
	ok(!policy_limits("queue mail", &all, &t, &e), "stamp");
	is_err(&e, ERR_DENIED, "stamp");
	is_str(e.text,
	    "queue mail: the limit of a stamp is 1.00, and 1.001 is asked "
	    "(postage.conf)",
	    "stamp");
	t = s, t.job++;
	ok(!policy_limits("queue mail", &all, &t, &e), "job");
	is_str(e.text,
	    "queue mail: the limit of a job is 5.00, 2.001 of it is spent, "
	    "and 3.00 is asked (postage.conf)",
	    "job");
	t = s, t.day++;
	ok(!policy_limits("queue mail", &all, &t, &e), "day");
	t = s, t.user_day++;
	ok(!policy_limits("queue mail", &all, &t, &e), "user and day");
	t = s, t.month++;
	ok(!policy_limits("queue mail", &all, &t, &e), "month");
	t = s, t.user_month++;
	ok(!policy_limits("group office", &all, &t, &e), "user and month");
	is_str(e.text,
	    "group office: the limit of a user and month is 20.00, 17.001 of "
	    "it is spent, and 3.00 is asked (postage.conf)",
	    "user and month");
	ok(policy_limits("queue mail", &none, &t, &e), "no limits");
}

static void
what_costs_nothing_more_passes(void **state)
{
	struct limits all = limits(1000, 5000, 20000, 10000);
	struct spending s = {0, 0, 99000, 99000, 99000, 99000, 99000};
	struct err e = ERR_INIT;

	(void)state;
	ok(policy_limits("queue mail", &all, &s, &e),
	    "paid before the limit was set");
}

static void
groups_of_the_configuration_come_first(void **state)
{
	struct passwd *pw = getpwuid(geteuid());
	struct group *gr = getgrgid(pw->pw_gid);

	(void)state;
	settings.group_count = 2;
	strcpy(settings.groups[0].name, "office");
	strcpy(settings.groups[0].members, "anna, bert");
	snprintf(settings.groups[1].name, sizeof(settings.groups[1].name),
	    "%.60s", gr->gr_name);
	strcpy(settings.groups[1].members, "carl");
	ok(may("@office", "bert"), "member");
	ok(!may("@office", "carl"), "no member");
	snprintf(settings.groups[0].members, 100, "@%.60s", gr->gr_name);
	ok(may("@office", pw->pw_name), "member of the computer's group");
	snprintf(settings.groups[0].members, 100, "dora");
	strcpy(settings.groups[1].members, "");
	ok(!may("x @office", pw->pw_name), "empty groups hold nobody");
	settings.group_count = 0;
}

static bool
mark_passes(const struct queue_settings *q, const char *text)
{
	struct err e = ERR_INIT;
	struct mark m;

	is_ok(mark_parse(text, &m, &e), &e, text);
	if (policy_mark(q, &m, &e))
		return true;
	is_err(&e, ERR_REQUEST, text);
	return false;
}

static void
queue_prints_its_classes_and_weights(void **state)
{
	struct queue_settings q = {
	    .name = "mail", .classes = "letter, postcard square"};

	(void)state;
	ok(mark_passes(&q, "[[postage class=letter]]"), "class");
	ok(!mark_passes(&q, "[[postage class=letters]]"), "longer");
	ok(!mark_passes(&q, "[[postage class=post]]"), "shorter");
	ok(!mark_passes(&q, "[[postage 0.78]]"), "bare amount");
	ok(mark_passes(&q, "[[postage class=letter extra=square]]"), "extra");
	ok(!mark_passes(&q, "[[postage class=letter extra=square,sure]]"),
	    "one extra of two");
	ok(mark_passes(&q, "[[postage kind=correction]]"), "correction");
	q = (struct queue_settings){.name = "mail", .classes = "amount"};
	ok(mark_passes(&q, "[[postage 0.78]]"), "amounts alone");
	q = (struct queue_settings){.name = "mail", .heaviest_mg = 100000};
	ok(mark_passes(&q, "[[postage class=letter weight=100g]]"), "just");
	ok(!mark_passes(&q, "[[postage class=letter weight=100.001g]]"),
	    "a milligram too heavy");
}

static void
queue_prints_its_sizes(void **state)
{
	struct queue_settings q = {.name = "mail"};
	struct mark m = {.size = SIZE_SMALL};
	struct err e = ERR_INIT;

	(void)state;
	ok(mark_passes(&q, "[[postage 0.78 size=small]]"), "any");
	q.sizes = 1U << SIZE_LABEL | 1U << SIZE_ENVELOPE;
	ok(mark_passes(&q, "[[postage 0.78]]"), "auto is a label");
	ok(mark_passes(&q, "[[postage 0.78 size=label]]"), "label");
	ok(mark_passes(&q, "[[postage 0.78 size=envelope]]"), "envelope");
	ok(!mark_passes(&q, "[[postage 0.78 size=small]]"), "small");
	ok(!mark_passes(&q, "[[postage kind=correction size=small]]"), "too");
	ok(!policy_mark(&q, &m, &e), "refused");
	is_str(e.text,
	    "queue mail prints no stamps of size small, only label, envelope "
	    "(sizes in postage.conf): write size=label into the mark",
	    "text");
	q.sizes = 1U << SIZE_SMALL;
	ok(!mark_passes(&q, "[[postage 0.78]]"), "a label it is not");
}

static void
hours_begin_and_end_on_the_minute(void **state)
{
	struct queue_settings q = {.name = "mail", .hours = {420, 1140}};
	struct err e = ERR_INIT;

	(void)state;
	ok(policy_hours(&q, 420, &e), "first minute");
	ok(policy_hours(&q, 1139, &e), "last minute");
	ok(!policy_hours(&q, 419, &e), "before");
	ok(!policy_hours(&q, 1140, &e), "after");
	is_err(&e, ERR_DENIED, "kind");
	ok(strstr(e.text, "07:00 to 19:00") != NULL, e.text);
	q.hours = (struct hours){0, 0};
	ok(policy_hours(&q, 0, &e), "no hours");
}

static const struct consent no_word = {.queue = "mail",
    .job_id = 12,
    .documents = 1,
    .total = 25000,
    .option = "",
    .confirmed = -1,
    .person = "",
    .user = "anna"};

static bool
agreed(const struct queue_settings *q, struct consent c, const char *sentence)
{
	struct err e = ERR_INIT;

	if (policy_consent(q, &c, &e))
		return true;
	is_err(&e, ERR_DENIED, "kind");
	if (sentence)
		is_str(e.text, sentence, "sentence");
	return false;
}

static void
total_is_confirmed_to_the_mil(void **state)
{
	struct queue_settings q = {
	    .name = "mail", .confirm = 10000, .approve = -1};
	struct consent c = no_word;

	(void)state;
	ok(!agreed(&q, c,
	       "the total is 25.00; above 10.00 it is to be confirmed: lp -i "
	       "mail-12 -o PostageConfirm=25.00 -H resume prints it, or cancel "
	       "the job"),
	    "no word");
	c.option = "25";
	ok(agreed(&q, c, NULL), "by the option");
	c.option = "25.001";
	ok(!agreed(&q, c,
	       "PostageConfirm is \"25.001\", and the total is 25.00: nothing "
	       "was printed; lp -i mail-12 -o PostageConfirm=25.00 -H resume "
	       "prints it, or cancel the job"),
	    "too much is wrong too");
	c.option = "yes";
	ok(!agreed(&q, c, NULL), "no sum");
	c = no_word, c.total = 10000;
	ok(agreed(&q, c, NULL), "just not above");
	c.option = "9.99";
	ok(!agreed(&q, c, NULL), "a wrong total is wrong below it too");
	c = no_word, c.confirmed = 25000, c.person = "anna";
	ok(agreed(&q, c, NULL), "in the journal");
	c.confirmed = 24999;
	ok(!agreed(&q, c, NULL), "before the price changed");
	c = no_word, c.total = 5000, c.before = 5001;
	ok(!agreed(&q, c, NULL), "with the documents before");
	c.documents = 3, c.option = "10.01";
	ok(agreed(&q, c, NULL), "several come up to it");
	c.option = "10.00";
	ok(!agreed(&q, c, NULL), "several come over it");
}

static void
great_totals_are_approved_by_another(void **state)
{
	struct queue_settings q = {
	    .name = "mail", .confirm = 10000, .approve = 20000};
	struct consent c = no_word;

	(void)state;
	c.option = "25.00";
	ok(!agreed(&q, c,
	       "the total is 25.00; above 20.00 somebody other than anna "
	       "approves it: postage confirm mail-12 25.00 prints it, or "
	       "cancel the job"),
	    "the option is not enough");
	c.confirmed = 25000, c.person = "anna";
	ok(!agreed(&q, c, NULL), "not oneself");
	c.person = "anna as root";
	ok(!agreed(&q, c, NULL), "nor as root");
	c.person = "bert/anna as root";
	ok(!agreed(&q, c, NULL), "nor under two names");
	c.person = "annabel";
	ok(agreed(&q, c, NULL), "another");
	c.confirmed = 20000;
	ok(!agreed(&q, c, NULL), "another sum");
}

static void
two_persons_are_two_for_certain(void **state)
{
	static const struct {
		const char *a, *b;
		bool differ;
	} pairs[] = {{"anna", "bert", true}, {"anna", "anna", false},
	    {"anna as root", "anna", false}, {"anna", "annabel", true},
	    {"anna as root", "bert as root", true}, {"root", "root", false},
	    {"root", "anna", false}, {"anna as postage", "postage", false},
	    {"anna/bert as root", "bert", false}, {"", "anna", false},
	    {"anna/root", "bert/root", true}, {"root/postage", "anna", false},
	    {"bert/carl", "anna/carl as root", false}};
	char person[96] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		is_int(persons_differ(pairs[i].a, pairs[i].b), pairs[i].differ,
		    pairs[i].a);
		is_int(persons_differ(pairs[i].b, pairs[i].a), pairs[i].differ,
		    pairs[i].b);
	}
	persons_add(person, sizeof(person), "DOM/anna smith");
	persons_add(person, sizeof(person), "bert");
	persons_add(person, sizeof(person), "bert");
	is_str(person, "DOM_anna_smith/bert", "names");
	ok(persons_include(person, "DOM/anna smith"), "the same name");
	persons_add(person, sizeof(person),
	    "a-name-of-far-more-than-twenty-eight-letters");
	ok(persons_include(
	       person, "a-name-of-far-more-than-twenty-eight-letters"),
	    "a long one");
	ok(!persons_include(person, "a-name"), "and no part of it");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(users_are_named_one_by_one),
	    T(groups_are_those_of_the_computer),
	    T(each_limit_holds_to_the_mil),
	    T(what_costs_nothing_more_passes),
	    T(groups_of_the_configuration_come_first),
	    T(queue_prints_its_classes_and_weights),
	    T(queue_prints_its_sizes),
	    T(hours_begin_and_end_on_the_minute),
	    T(total_is_confirmed_to_the_mil),
	    T(great_totals_are_approved_by_another),
	    T(two_persons_are_two_for_certain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
