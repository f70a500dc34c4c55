/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "provider/complete.h"

#define ROUND_MS 1000
#define YOUNG_MS 5000 /* whoever debited them may be signing still */

struct keeper {
	struct worker *w;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool stopping;
	struct err last; /* said once */
};

/* True until it is to stop. */
static bool
wait_round(struct keeper *k)
{
	struct timespec until;
	bool on;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ROUND_MS / 1000;
	pthread_mutex_lock(&k->lock);
	if (!k->stopping)
		pthread_cond_timedwait(&k->stop, &k->lock, &until);
	on = !k->stopping;
	pthread_mutex_unlock(&k->lock);
	return on;
}

static void
round_of_work(struct keeper *k)
{
	struct err e = ERR_INIT;
	size_t count;

	if (complete_pending(k->w, YOUNG_MS, &count, &e)) {
		if (count > 0)
			log_info("signed %zu stamps that were left", count);
		k->last = (struct err)ERR_INIT;
		return;
	}
	if (e.kind != k->last.kind)
		log_warning("stamps that were left: %s", e.text);
	k->last = e;
}

static void *
run(void *context)
{
	struct keeper *k = context;

	do
		round_of_work(k);
	while (wait_round(k));
	return NULL;
}

bool
keeper_start(const struct program *p, struct keeper **out, struct err *e)
{
	struct keeper *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL)
		return err_system(e, "memory");
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->stop, NULL);
	if (program_worker(p, &k->w, e)) {
		if (pthread_create(&k->thread, NULL, run, k) == 0) {
			*out = k;
			return true;
		}
		err_system(e, "a thread");
		program_worker_close(k->w);
	}
	free(k);
	return false;
}

void
keeper_stop(struct keeper *k)
{
	if (k == NULL)
		return;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->stop);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	program_worker_close(k->w);
	pthread_cond_destroy(&k->stop);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
