/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct hand {
	struct crew *crew;
	pthread_t thread;
	int number;
};

struct crew {
	struct hand hands[CREW_HANDS_MAX];
	int wanted, running;

	pthread_mutex_t lock; /* of what follows, and of each job's `done` */
	pthread_cond_t given, finished;
	struct crew_job *first, *last; /* not begun */
	bool closing;
};

int
crew_hands(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors < CREW_HANDS_MAX ? (int)processors : CREW_HANDS_MAX;
}

bool
crew_open(int hands, struct crew **out, struct err *e)
{
	struct crew *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_system(e, "memory for threads");
	c->wanted = hands < CREW_HANDS_MAX ? hands : CREW_HANDS_MAX;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->given, NULL);
	pthread_cond_init(&c->finished, NULL);
	*out = c;
	return true;
}

/* The next job, or NULL at the end; the lock is held. */
static struct crew_job *
next_job(struct crew *c)
{
	struct crew_job *job;

	while (c->first == NULL && !c->closing)
		pthread_cond_wait(&c->given, &c->lock);
	if (c->closing)
		return NULL;
	job = c->first;
	c->first = job->next;
	return job;
}

static void *
run(void *context)
{
	struct hand *hand = context;
	struct crew *c = hand->crew;
	struct crew_job *job;

	pthread_mutex_lock(&c->lock);
	while ((job = next_job(c)) != NULL) {
		pthread_mutex_unlock(&c->lock);
		job->work(job, hand->number);
		pthread_mutex_lock(&c->lock);
		job->done = true;
		pthread_cond_broadcast(&c->finished);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Signals are the main thread's, but for a crash: one that is blocked ends the
 * process without its handler. */
static void
block_signals(sigset_t *before)
{
	static const int crashes[] = {
	    SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
	sigset_t most;

	sigfillset(&most);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigdelset(&most, crashes[i]);
	pthread_sigmask(SIG_SETMASK, &most, before);
}

static bool
start(struct crew *c)
{
	sigset_t before;
	int error = 0;

	block_signals(&before);
	while (error == 0 && c->running < c->wanted) {
		struct hand *hand = &c->hands[c->running];

		*hand = (struct hand){.crew = c, .number = c->running};
		error = pthread_create(&hand->thread, NULL, run, hand);
		if (error == 0)
			c->running++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return c->running > 0; /* fewer are slower, no more */
}

bool
crew_give(struct crew *c, struct crew_job *job)
{
	if (c->running == 0 && !start(c))
		return false;
	job->next = NULL;
	job->done = false;
	pthread_mutex_lock(&c->lock);
	if (c->first == NULL)
		c->first = job;
	else
		c->last->next = job;
	c->last = job;
	pthread_cond_signal(&c->given);
	pthread_mutex_unlock(&c->lock);
	return true;
}

bool
crew_is_done(struct crew *c, const struct crew_job *job)
{
	bool done;

	pthread_mutex_lock(&c->lock);
	done = job->done;
	pthread_mutex_unlock(&c->lock);
	return done;
}

void
crew_wait(struct crew *c, const struct crew_job *job)
{
	pthread_mutex_lock(&c->lock);
	while (!job->done)
		pthread_cond_wait(&c->finished, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

void
crew_close(struct crew *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	pthread_cond_broadcast(&c->given);
	pthread_mutex_unlock(&c->lock);
	for (int i = 0; i < c->running; i++)
		pthread_join(c->hands[i].thread, NULL);
	pthread_cond_destroy(&c->finished);
	pthread_cond_destroy(&c->given);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
