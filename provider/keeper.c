/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "provider/complete.h"
#include "provider/fund.h"
#include "provider/server.h"
#include "provider/web.h"
#include "provider/pay.h"
#include "provider/psd_end.h"
#include "provider/psds.h"

#define ROUND_MS 1000
#define YOUNG_MS 5000 /* whoever debited them may be signing still */

struct keeper {
	struct worker *w;
	struct web *web;
	struct server_row row; /* url "": no front asks this one */
	keeper_round *round;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t called; /* something of the following has changed */
	bool draining, stopping;
	bool ended;		   /* it has been told to */
	struct err last, last_say; /* said once */
};

/* True until it is to stop. */
static bool
wait_round(struct keeper *k)
{
	struct timespec until;
	bool on;

	clock_gettime(CLOCK_MONOTONIC, &until);
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

static bool
value_left(struct worker *w, struct err *e)
{
	size_t count;

	if (!fund_pending(w, YOUNG_MS, &count, e))
		return err_prefix(e, "value that was left");
	if (count > 0)
		log_info("value came in late, %zu times", count);
	return true;
}

static bool
sign_left(struct worker *w, bool that_follow, struct err *e)
{
	size_t count;

	if (!complete_pending(w, YOUNG_MS, that_follow, &count, e))
		return err_prefix(e, "stamps that were left");
	if (count > 0)
		log_info("signed %zu stamps that were left", count);
	return true;
}

bool
keeper_stamps(struct worker *w, struct err *e)
{
	return sign_left(w, false, e) && value_left(w, e);
}

static bool
end_cards(struct worker *w, struct err *e)
{
	size_t count;

	if (!psd_end_pending(w, &count, e))
		return err_prefix(e, "cards at their end");
	if (count > 0)
		log_info("%zu cards said that they are at their end", count);
	return true;
}

/* A card that is back is chosen again, though others do its work. */
static bool
look_for_card(struct worker *w, struct signer *s, struct err *e)
{
	const struct psd_here *psd;
	struct err ignored = ERR_INIT;
	uint32_t serial = 0;
	char id[PSD_ID];
	bool found = false, done;

	done =
	    store_begin(w->store, STORE_READ, e) &&
	    store_psd_of_module(w->store, signer_name(s), &serial, &found, e);
	store_rollback(w->store);
	if (!done || !found || !psds_find(w, serial, &psd, e))
		return done && e->kind == ERR_NONE;
	if (signer_reach(s, worker_psd_id(w, serial, id), &psd->key, &ignored))
		log_info("module %s is there again", signer_name(s));
	return true;
}

static bool
look_for_cards(struct worker *w, struct err *e)
{
	for (size_t i = 0; i < w->signers; i++)
		if (signer_follows(w->signer[i]) &&
		    signer_is_away(w->signer[i]) &&
		    !look_for_card(w, w->signer[i], e))
			return false;
	return true;
}

static bool
sign_cards(struct worker *w, struct err *e)
{
	return sign_left(w, true, e);
}

/* A card that does as it pleases does not keep the others from their work. */
bool
keeper_cards(struct worker *w, struct err *e)
{
	static keeper_round *const parts[] = {
	    sign_cards, end_cards, look_for_cards};
	bool good = true;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct err wrong = ERR_INIT;

		if (!parts[i](w, &wrong)) {
			good = false;
			*e = wrong;
		}
	}
	return good;
}

bool
keeper_payments(struct worker *w, struct err *e)
{
	return pay_keep(w, e) || err_prefix(e, "payments");
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
work(struct keeper *k)
{
	struct err e = ERR_INIT;
	bool done = k->round(k->w, &e);

	if (!done && e.kind != k->last.kind)
		log_warning("%s", e.text);
	k->last = e;
}

/* Books that went elsewhere, or have another schema now, are not these: what is
 * read here is old.  A database that is away says nothing. */
static void
end_with_books(struct keeper *k)
{
	struct err e = ERR_INIT;

	if (k->ended || store_check_version(k->w->store, &e) ||
	    e.kind != ERR_CONFIG)
		return;
	log_error("%s; this server ends", e.text);
	k->ended = true;
	kill(getpid(), SIGTERM);
}

static void *
run(void *context)
{
	struct keeper *k = context;

	do {
		say(k);
		work(k);
		end_with_books(k);
	} while (wait_round(k));
	k->row.state = SERVER_DOWN;
	say(k);
	return NULL;
}

static void
describe(struct keeper *k, const struct keeper_setup *setup)
{
	const struct config *c = &setup->program->config;

	k->round = setup->round;
	k->web = setup->web;
	server_describe(c, &k->row);
	if (c->role != ROLE_PROCESS || setup->web == NULL)
		k->row.url[0] = '\0';
}

bool
keeper_start(
    const struct keeper_setup *setup, struct keeper **out, struct err *e)
{
	struct keeper *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL)
		return err_system(e, "memory");
	describe(k, setup);
	pthread_mutex_init(&k->lock, NULL);
	clock_cond_init(&k->called);
	if (program_worker(setup->program, &k->w, e)) {
		k->w->may_wait = true; /* nobody waits for it */
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
