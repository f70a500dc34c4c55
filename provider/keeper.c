/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "provider/complete.h"
#include "provider/server.h"
#include "provider/web.h"

#define ROUND_MS 1000
#define YOUNG_MS 5000 /* whoever debited them may be signing still */

struct keeper {
	struct worker *w;
	struct web *web;
	struct server_row row; /* url "": no front asks this one */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t called; /* something of the following has changed */
	bool draining, stopping;
	struct err last, last_say; /* said once */
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
	if (!k->stopping && k->draining == (k->row.state != SERVER_UP))
		pthread_cond_timedwait(&k->called, &k->lock, &until);
	if (k->draining)
		k->row.state = SERVER_DRAINING;
	on = !k->stopping;
	pthread_mutex_unlock(&k->lock);
	return on;
}

static void
say(struct keeper *k)
{
	struct web_state state;
	struct err e = ERR_INIT;

	if (k->row.url[0] == '\0')
		return;
	web_look(k->web, &state);
	k->row.waiting = state.waiting + state.busy;
	if (!server_say(k->w, &k->row, &e) && e.kind != k->last_say.kind)
		log_warning("fronts cannot be told of this server: %s", e.text);
	k->last_say = e;
}

static void
complete(struct keeper *k)
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

	do {
		say(k);
		complete(k);
	} while (wait_round(k));
	k->row.state = SERVER_DOWN;
	say(k);
	return NULL;
}

bool
keeper_start(const struct program *p, struct web *web, struct keeper **out,
    struct err *e)
{
	struct keeper *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL)
		return err_system(e, "memory");
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->called, NULL);
	k->web = web;
	server_describe(&p->config, &k->row);
	if (p->config.role != ROLE_PROCESS)
		k->row.url[0] = '\0';
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
keeper_drain(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	k->draining = true;
	pthread_cond_signal(&k->called);
	pthread_mutex_unlock(&k->lock);
}

void
keeper_stop(struct keeper *k)
{
	if (k == NULL)
		return;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->called);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	program_worker_close(k->w);
	pthread_cond_destroy(&k->called);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
