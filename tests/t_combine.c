/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads whose work one of them does for all: each thing once, one at work at a
 * time, in the order in which they came, and none is kept waiting by others.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "provider/combine.h"
#include "tests/test.h"

#define THREADS 12
#define ROUNDS	2000

struct thing {
	int colour; /* of two with one colour, one waits */
	int done;
	const void *by;
};

static _Atomic int at_work, overlaps, too_many, alike;
static bool slow; /* set before there are threads */

static bool
other_colours(void *const *list, size_t count, const void *next)
{
	const struct thing *n = next;

	for (size_t i = 0; i < count; i++)
		if (((const struct thing *)list[i])->colour == n->colour)
			return false;
	return true;
}

static void
do_all(void *context, void *const *list, size_t count)
{
	if (at_work++ != 0)
		overlaps++;
	if (count == 0 || count > COMBINE_MAX)
		too_many++;
	for (size_t i = 0; i < count; i++) {
		struct thing *t = list[i];

		if (!other_colours(list, i, t))
			alike++;
		t->done++;
		t->by = context;
	}
	if (slow)
		nanosleep(&(struct timespec){0, 500000}, NULL);
	at_work--;
}

static const struct combine_kind kind = {other_colours, do_all, 0};

struct one {
	struct combine *c;
	pthread_t thread;
	int number;
	int missed;
};

static void *
come_again_and_again(void *context)
{
	struct one *o = context;

	for (int i = 0; i < ROUNDS; i++) {
		struct thing t = {.colour = (o->number + i) % 5};

		if (!combine_do(o->c, &t, o) || t.done != 1)
			o->missed++;
	}
	return NULL;
}

static void *
come_in_haste(void *context)
{
	struct one *o = context;

	for (int i = 0; i < ROUNDS; i++) {
		struct thing t = {.colour = (o->number + i) % 5};
		bool done = combine_do(o->c, &t, o);

		if (t.done != done)
			o->missed++;
	}
	return NULL;
}

static void
each_thing_is_done_once_and_one_is_at_work(void **state)
{
	struct combine *c = combine_new(&kind);
	struct one one[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		one[i] = (struct one){.c = c, .number = i};
		is_int(pthread_create(
			   &one[i].thread, NULL, come_again_and_again, &one[i]),
		    0, "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(one[i].thread, NULL);
		is_int(one[i].missed, 0, "done once");
	}
	is_int(overlaps, 0, "two at work");
	is_int(too_many, 0, "lists of a wrong size");
	is_int(alike, 0, "two of one colour in a list");
	combine_free(c);
}

static void
who_is_alone_does_it_itself(void **state)
{
	struct combine *c = combine_new(&kind);
	struct thing t = {.colour = 1};
	int me;

	(void)state;
	ok(combine_do(c, &t, &me), "in a list");
	is_int(t.done, 1, "done");
	ok(t.by == &me, "by whose thread it is");
	combine_free(c);
}

/* --- the order ---------------------------------------------------------------------- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int seen[THREADS + 1];
static _Atomic size_t seen_count;
static _Atomic int runs;

static bool
two_at_most(void *const *list, size_t count, const void *next)
{
	(void)list;
	(void)next;
	return count < 2;
}

static void
do_behind_a_gate(void *context, void *const *list, size_t count)
{
	(void)context;
	runs++;
	pthread_mutex_lock(&gate);
	for (size_t i = 0; i < count; i++)
		seen[seen_count++] = ((const struct one *)list[i])->number;
	pthread_mutex_unlock(&gate);
}

static void *
come_once(void *context)
{
	struct one *o = context;

	o->missed = !combine_do(o->c, o, o);
	return NULL;
}

/* At work or in the line. */
static void
wait_until(_Atomic int *all, struct combine *c, int came)
{
	while (*all == 0 || combine_waiting(c) < (size_t)came)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void
they_are_done_in_the_order_in_which_they_came(void **state)
{
	static const struct combine_kind pairs = {
	    two_at_most, do_behind_a_gate, 0};
	struct combine *c = combine_new(&pairs);
	struct one one[THREADS + 1];

	(void)state;
	pthread_mutex_lock(&gate);
	for (int i = 0; i <= THREADS; i++) {
		one[i] = (struct one){.c = c, .number = i};
		is_int(pthread_create(&one[i].thread, NULL, come_once, &one[i]),
		    0, "thread");
		wait_until(&runs, c, i);
	}
	pthread_mutex_unlock(&gate);
	for (int i = 0; i <= THREADS; i++)
		pthread_join(one[i].thread, NULL);
	for (int i = 0; i <= THREADS; i++) {
		is_int(one[i].missed, 0, "in a list");
		is_int(seen[i], i, "the order");
	}
	is_int(runs, 1 + THREADS / 2, "the first alone, the others in twos");
	combine_free(c);
}

/* The first hangs; who is in its list hangs with it, the others go. */
static void
who_waits_too_long_goes(void **state)
{
	static const struct combine_kind impatient = {
	    two_at_most, do_behind_a_gate, 50};
	struct combine *c = combine_new(&impatient);
	struct one one[4];

	(void)state;
	runs = 0;
	seen_count = 0;
	pthread_mutex_lock(&gate);
	for (int i = 0; i < 4; i++) {
		one[i] = (struct one){.c = c, .number = i};
		is_int(pthread_create(&one[i].thread, NULL, come_once, &one[i]),
		    0, "thread");
		while (runs == 0)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	for (int i = 1; i < 4; i++) {
		pthread_join(one[i].thread, NULL);
		is_int(one[i].missed, 1, "in no list");
	}
	is_int(combine_waiting(c), 0, "nobody is in the line");
	pthread_mutex_unlock(&gate);
	pthread_join(one[0].thread, NULL);
	is_int(one[0].missed, 0, "at work");
	is_int(seen_count, 1, "nobody else's");
	/* as if nothing had been */
	come_once(&one[1]);
	is_int(one[1].missed, 0, "in a list");
	is_int(seen_count, 2, "its own");
	combine_free(c);
}

/* Lists of two, in which some are while others go: nobody is lost on the way. */
static void
who_goes_was_not_done_and_who_stays_was(void **state)
{
	static const struct combine_kind hasty = {other_colours, do_all, 1};
	struct combine *c = combine_new(&hasty);
	struct one one[THREADS];

	(void)state;
	slow = true;
	for (int i = 0; i < THREADS; i++) {
		one[i] = (struct one){.c = c, .number = i};
		is_int(pthread_create(
			   &one[i].thread, NULL, come_in_haste, &one[i]),
		    0, "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(one[i].thread, NULL);
		is_int(one[i].missed, 0, "as it was told");
	}
	is_int(overlaps, 0, "two at work");
	combine_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(who_is_alone_does_it_itself),
	    T(each_thing_is_done_once_and_one_is_at_work),
	    T(they_are_done_in_the_order_in_which_they_came),
	    T(who_waits_too_long_goes),
	    T(who_goes_was_not_done_and_who_stays_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
