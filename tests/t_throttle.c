/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>

#include "provider/throttle.h"
#include "tests/test.h"

static struct throttle *
made(int burst, int each_ms, int keys)
{
	const struct throttle_setup setup = {burst, each_ms, keys};
	struct err e = ERR_INIT;
	struct throttle *t;

	is_ok(throttle_new(&setup, &t, &e), &e, "throttle_new");
	return t;
}

static int
take_all(struct throttle *t, const char *key, int64_t now)
{
	int n = 0;

	while (n < 1000 && throttle_take(t, key, now, NULL))
		n++;
	return n;
}

static void
a_burst_is_let_through_then_one_at_a_time(void **state)
{
	struct throttle *t = made(5, 1000, 100);
	int64_t wait = -1;

	(void)state;
	is_int(take_all(t, "a", 0), 5, "at once");
	ok(!throttle_take(t, "a", 0, &wait), "no more");
	is_int(wait, 1000, "wait");
	ok(!throttle_take(t, "a", 999, &wait), "too early");
	is_int(wait, 1, "wait");
	ok(throttle_take(t, "a", 1000, &wait), "in time");
	is_int(wait, 0, "wait");
	ok(!throttle_take(t, "a", 1000, &wait), "one only");
	is_int(take_all(t, "a", 3500), 2, "two and a half seconds later");
	ok(!throttle_take(t, "a", 3999, &wait), "the half is kept");
	ok(throttle_take(t, "a", 4000, NULL), "and counts");
	is_int(take_all(t, "a", 100000), 5, "full again, not more");
	is_int(take_all(t, "b", 100000), 5, "another key");
	throttle_free(t);
	throttle_free(NULL);
}

/* The one who has nothing left is kept while others come and go. */
static void
many_keys_do_not_free_a_throttled_one(void **state)
{
	struct throttle *t = made(10, 60000, 64);
	char key[32];

	(void)state;
	is_int(take_all(t, "guesser", 0), 10, "at once");
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "10.%d.%d.%d", i >> 16, i >> 8 & 255,
		    i & 255);
		ok(throttle_take(t, key, 1, NULL), "a new one is let in");
	}
	is_int(take_all(t, "guesser", 2), 0, "still throttled");
	throttle_free(t);
}

static void
a_thousand_keys_are_remembered(void **state)
{
	struct throttle *t = made(1, 60000, 4096);
	char key[300];
	int free_again = 0;

	(void)state;
	memset(key, 'x', sizeof(key));
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1000; i++) {
			snprintf(key, sizeof(key), "system %d", i);
			free_again +=
			    throttle_take(t, key, round, NULL) && round == 1;
		}
	ok(free_again < 10, "hardly any was forgotten");
	memset(key, 'x', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	is_int(take_all(t, key, 0), 1, "a long key");
	is_int(take_all(t, "", 0), 1, "an empty key");
	throttle_free(t);
}

struct many {
	struct throttle *t;
	atomic_int taken;
};

static void *
take_often(void *arg)
{
	struct many *m = arg;

	for (int i = 0; i < 2000; i++)
		m->taken += throttle_take(m->t, "same", 0, NULL);
	return NULL;
}

static void
threads_get_no_more_together(void **state)
{
	struct many m = {.t = made(1000, 1000, 8)};
	pthread_t thread[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, take_often, &m);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	is_int(m.taken, 1000, "taken by all");
	throttle_free(m.t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_burst_is_let_through_then_one_at_a_time),
	    T(many_keys_do_not_free_a_throttled_one),
	    T(a_thousand_keys_are_remembered),
	    T(threads_get_no_more_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
