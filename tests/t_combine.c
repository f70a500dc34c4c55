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
	at_work--;
}

static const struct combine_kind kind = {other_colours, do_all};

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

		combine_do(o->c, &t, o);
		if (t.done != 1)
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
	combine_do(c, &t, &me);
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

	combine_do(o->c, o, o);
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
	    two_at_most, do_behind_a_gate};
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
	for (int i = 0; i <= THREADS; i++)
		is_int(seen[i], i, "the order");
	is_int(runs, 1 + THREADS / 2, "the first alone, the others in twos");
	combine_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(who_is_alone_does_it_itself),
	    T(each_thing_is_done_once_and_one_is_at_work),
	    T(they_are_done_in_the_order_in_which_they_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
