/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew: a few threads that do jobs while the main one goes on.  They take the
 * jobs in the order that they were given in, and share nothing but that order:
 * a job must touch only itself and what belongs to its hand, a number from 0
 * on that no two threads have.
 *
 *	crew_open(hands, &crew, &e)	no thread runs yet
 *	job.work = ...; crew_give(crew, &job) || job.work(&job, own hand)
 *	crew_is_done(crew, &job); crew_wait(crew, &job)
 *	crew_close(crew)	jobs not begun are forgotten, others ended
 *
 * A job is the caller's, who leaves it alone from crew_give() until it is done.
 */
#ifndef FILTER_CREW_H
#define FILTER_CREW_H

#include "base/err.h"

#define CREW_HANDS_MAX 4

struct crew;

struct crew_job {
	void (*work)(struct crew_job *job, int hand);

	/* private */
	struct crew_job *next;
	bool done;
};

/* Hands for the processors of this computer, CREW_HANDS_MAX at most. */
int crew_hands(void);

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool crew_open(int hands, struct crew **out, struct err *e);
void crew_close(struct crew *c);

/* The first call starts the threads.  False: not one can be started; the job is
 * the caller's still, to do it himself. */
MUST_CHECK bool crew_give(struct crew *c, struct crew_job *job);

bool crew_is_done(struct crew *c, const struct crew_job *job);
void crew_wait(struct crew *c, const struct crew_job *job);

#endif
