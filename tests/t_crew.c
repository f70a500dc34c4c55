/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs done by threads: all of them, once, by hands of their own. */
#include "config.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter/crew.h"
#include "tests/test.h"

#define JOBS 2000

struct sum {
	struct crew_job job; /* first */
	unsigned from, result;
	int *hands; /* how many jobs are in each hand */
	bool alone;
	int times;
};

static void
add_up(struct crew_job *job, int hand)
{
	struct sum *s = (struct sum *)job;

	s->alone = s->hands[hand]++ == 0;
	for (unsigned i = 0; i < 1000; i++)
		s->result += s->from ^ i;
	s->times++;
	s->hands[hand]--;
}

static void
each_job_is_done_once(void **state)
{
	struct sum *sums = calloc(JOBS, sizeof(*sums));
	int hands[CREW_HANDS_MAX] = {0};
	struct crew *crew;
	struct err e = ERR_INIT;

	(void)state;
	ok(sums != NULL, "memory");
	is_ok(crew_open(CREW_HANDS_MAX, &crew, &e), &e, "open");
	for (unsigned i = 0; i < JOBS; i++) {
		sums[i] = (struct sum){
		    .job = {.work = add_up}, .from = i, .hands = hands};
		ok(crew_give(crew, &sums[i].job), "give");
		if (i % 100 == 99) {
			crew_wait(crew, &sums[i].job);
			ok(crew_is_done(crew, &sums[i].job), "waited for");
		}
	}
	for (unsigned i = 0; i < JOBS; i++) {
		unsigned want = 0;

		crew_wait(crew, &sums[i].job);
		for (unsigned k = 0; k < 1000; k++)
			want += i ^ k;
		is_int(sums[i].result, want, "result");
		is_int(sums[i].times, 1, "times");
		ok(sums[i].alone, "one job in a hand");
	}
	crew_close(crew);
	free(sums);
}

static void
sleep_a_little(struct crew_job *job, int hand)
{
	(void)hand;
	usleep(20000);
	((struct sum *)job)->times++;
}

static void
closing_ends_what_was_begun_and_no_more(void **state)
{
	struct sum sums[20] = {{.times = 0}};
	struct crew *crew;
	struct err e = ERR_INIT;
	int done = 0;

	(void)state;
	is_ok(crew_open(2, &crew, &e), &e, "open");
	for (int i = 0; i < 20; i++) {
		sums[i].job.work = sleep_a_little;
		ok(crew_give(crew, &sums[i].job), "give");
	}
	crew_wait(crew, &sums[0].job);
	crew_close(crew);
	for (int i = 0; i < 20; i++) {
		ok(sums[i].times == 0 || i == 0 || sums[i - 1].times == 1,
		    "in order");
		done += sums[i].times;
	}
	ok(done >= 1 && done < 20, "not all");
	/* One that had nothing to do. */
	is_ok(crew_open(crew_hands(), &crew, &e), &e, "open");
	crew_close(crew);
	crew_close(NULL);
}

#ifndef WITH_SANITIZERS
static void
where_no_thread_can_be_started_the_job_is_the_callers(void **state)
{
	const struct rlimit none = {1, 1};
	struct sum sum = {.job = {.work = add_up}};
	struct err e = ERR_INIT;
	struct crew *crew;
	pid_t child;
	int status;

	(void)state;
	is_ok(crew_open(1, &crew, &e), &e, "open");
	child = fork();
	if (child == 0) /* no memory for a stack */
		_exit(setrlimit(RLIMIT_AS, &none) == 0 &&
			      !crew_give(crew, &sum.job)
			  ? 0
			  : 1);
	is_int(waitpid(child, &status, 0), child, "wait");
	is_int(status, 0, "not taken");
	crew_close(crew);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef WITH_SANITIZERS
	    /* first: stacks of threads that ended are used again */
	    T(where_no_thread_can_be_started_the_job_is_the_callers),
#endif
	    T(each_job_is_done_once),
	    T(closing_ends_what_was_begun_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
