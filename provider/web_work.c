/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/web_own.h"

#include <microhttpd.h>
#include <stdlib.h>

static struct web_exchange *
shift(struct web *w)
{
	struct web_exchange *x = w->first;

	w->first = x->next;
	if (w->first == NULL)
		w->last = NULL;
	w->waiting--;
	w->busy++;
	return x;
}

/* What is to be done next; NULL: the question of web_answers().  False: the work
 * is at its end. */
static bool
take(struct web *w, struct web_exchange **x)
{
	bool there, asked;

	pthread_mutex_lock(&w->work_lock);
	while (w->first == NULL && w->probe != WEB_ASKED && !w->work_ends)
		pthread_cond_wait(&w->work_there, &w->work_lock);
	asked = w->probe == WEB_ASKED;
	there = asked || w->first != NULL;
	if (asked)
		w->probe = WEB_ASKING;
	*x = there && !asked ? shift(w) : NULL;
	pthread_mutex_unlock(&w->work_lock);
	return there;
}

static void
answer_probe(struct web_worker *me)
{
	struct web *w = me->web;

	if (w->setup.probe != NULL)
		w->setup.probe(w->setup.context, me->context);
	pthread_mutex_lock(&w->work_lock);
	w->probe = WEB_ANSWERED;
	pthread_mutex_unlock(&w->work_lock);
}

static void
answer(struct web_worker *me, struct web_exchange *x)
{
	struct MHD_Connection *mhd = x->mhd;
	struct web *w = me->web;

	w->setup.handler(
	    w->setup.context, me->context, &x->request, &x->response);
	x->state = WEB_DONE;
	pthread_mutex_lock(&w->work_lock);
	w->busy--;
	pthread_mutex_unlock(&w->work_lock);
	/* from here on it is not ours any more */
	MHD_resume_connection(mhd);
}

static void *
work(void *arg)
{
	struct web_worker *me = arg;
	struct web_exchange *x;

	while (take(me->web, &x)) {
		if (x == NULL)
			answer_probe(me);
		else
			answer(me, x);
	}
	return NULL;
}

bool
web_work_start(struct web *w, struct err *e)
{
	w->worker = calloc((size_t)w->setup.workers, sizeof(*w->worker));
	if (w->worker == NULL)
		return err_set(e, ERR_SYSTEM, "no memory for workers");
	for (int i = 0; i < w->setup.workers; i++) {
		struct web_worker *me = &w->worker[i];

		me->web = w;
		if (w->setup.open_worker != NULL &&
		    !w->setup.open_worker(w->setup.context, &me->context, e))
			return false;
		me->open = true;
		me->running = web_thread(&me->thread, work, me, e);
		if (!me->running)
			return false;
	}
	return true;
}

bool
web_work_give(struct web_exchange *x)
{
	struct web *w = x->web;
	bool room;

	pthread_mutex_lock(&w->work_lock);
	room = w->waiting < w->setup.queue_max && !w->work_ends;
	if (room) {
		x->state = WEB_WORK;
		x->next = NULL;
		/* before a worker can wake it */
		MHD_suspend_connection(x->mhd);
		if (w->last != NULL)
			w->last->next = x;
		else
			w->first = x;
		w->last = x;
		w->waiting++;
		pthread_cond_signal(&w->work_there);
	}
	pthread_mutex_unlock(&w->work_lock);
	return room;
}

bool
web_answers(struct web *w)
{
	bool answered;

	pthread_mutex_lock(&w->work_lock);
	answered = w->probe == WEB_ANSWERED;
	if (answered) {
		w->probe = WEB_ASKED;
		pthread_cond_signal(&w->work_there);
	}
	pthread_mutex_unlock(&w->work_lock);
	return answered;
}

void
web_work_stop(struct web *w)
{
	pthread_mutex_lock(&w->work_lock);
	w->work_ends = true;
	pthread_cond_broadcast(&w->work_there);
	pthread_mutex_unlock(&w->work_lock);
	for (int i = 0; w->worker != NULL && i < w->setup.workers; i++) {
		struct web_worker *me = &w->worker[i];

		if (me->running)
			pthread_join(me->thread, NULL);
		if (me->open && w->setup.close_worker != NULL)
			w->setup.close_worker(w->setup.context, me->context);
	}
	free(w->worker);
	w->worker = NULL;
}
