/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/signer_turn.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

struct signer_turn {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool taken, refused, there, away; /* there, away: at its news */
	int64_t news_ms; /* clock_ms(), when it answered or did not; 0: never */
	struct err said; /* when it was away */
};

bool
signer_turn_new(struct signer_turn **out, struct err *e)
{
	struct signer_turn *t = calloc(1, sizeof(*t));

	*out = t;
	if (t == NULL)
		return err_system(e, "memory for a cryptographic module");
	pthread_mutex_init(&t->lock, NULL);
	clock_cond_init(&t->ended);
	return true;
}

void
signer_turn_free(struct signer_turn *t)
{
	if (t == NULL)
		return;
	pthread_cond_destroy(&t->ended);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* With the lock: may it be asked? */
static bool
is_asked(const struct signer_turn *t, struct err *e)
{
	if (t->refused)
		return err_set(e, ERR_DENIED,
		    "it refused its PIN before, and is not given it again: put "
		    "the right one into pin-file and start this program again");
	if (!t->away || clock_ms() >= t->news_ms + SIGNER_AWAY_MS)
		return true;
	*e = t->said;
	return false;
}

bool
signer_turn_begin(struct signer_turn *t, int wait_ms, struct err *e)
{
	struct timespec until = clock_after(wait_ms);
	bool mine;

	pthread_mutex_lock(&t->lock);
	while (t->taken &&
	       pthread_cond_timedwait(&t->ended, &t->lock, &until) == 0)
		;
	mine = !t->taken;
	if (!mine)
		err_set(e, ERR_BUSY, "it is at work for others");
	mine = mine && is_asked(t, e);
	t->taken = t->taken || mine;
	pthread_mutex_unlock(&t->lock);
	return mine;
}

/* With the lock. */
static void
hear(struct signer_turn *t, const struct err *e)
{
	t->there = e->kind == ERR_NONE;
	t->away = e->kind == ERR_ABSENT || e->kind == ERR_BUSY;
	t->news_ms = clock_ms();
	if (t->away)
		t->said = *e;
}

void
signer_turn_end(struct signer_turn *t, const struct err *e, bool refused)
{
	pthread_mutex_lock(&t->lock);
	t->taken = false;
	t->refused = t->refused || refused;
	hear(t, e);
	pthread_cond_signal(&t->ended);
	pthread_mutex_unlock(&t->lock);
}

void
signer_turn_note(struct signer_turn *t, const struct err *e)
{
	pthread_mutex_lock(&t->lock);
	hear(t, e);
	pthread_mutex_unlock(&t->lock);
}

/* --- what is known ------------------------------------------------------------- */

static bool
is_news(const struct signer_turn *t, int ms)
{
	return t->news_ms != 0 && clock_ms() < t->news_ms + ms;
}

bool
signer_turn_is_away(struct signer_turn *t)
{
	bool away;

	pthread_mutex_lock(&t->lock);
	away = t->refused || (t->away && is_news(t, SIGNER_KNOWN_MS));
	pthread_mutex_unlock(&t->lock);
	return away;
}

bool
signer_turn_is_there(struct signer_turn *t)
{
	bool there;

	pthread_mutex_lock(&t->lock);
	there = !t->refused && t->there &&
		(t->taken || is_news(t, SIGNER_FRESH_MS));
	pthread_mutex_unlock(&t->lock);
	return there;
}
