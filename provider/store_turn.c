/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_turn.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"

struct waiter {
	pthread_cond_t called;
	bool turn;
	struct waiter *next;
};

struct store_turn {
	dev_t dev;
	ino_t ino;
	int users;
	bool taken, doubt;
	struct waiter *first;
	pthread_mutex_t lock;
	struct store_turn *next;
};

/* What all threads of a process share has to be found by all of them. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store_turn *all;

static struct store_turn *
find(const struct stat *st)
{
	for (struct store_turn *t = all; t != NULL; t = t->next)
		if (t->dev == st->st_dev && t->ino == st->st_ino)
			return t;
	return NULL;
}

static struct store_turn *
make(const struct stat *st)
{
	struct store_turn *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->dev = st->st_dev;
	t->ino = st->st_ino;
	pthread_mutex_init(&t->lock, NULL);
	t->next = all;
	all = t;
	return t;
}

bool
store_turn_open(const char *path, struct store_turn **out, struct err *e)
{
	struct store_turn *t;
	struct stat st;

	if (stat(path, &st) != 0)
		return err_system(e, "database %s", path);
	pthread_mutex_lock(&all_lock);
	t = find(&st);
	if (t == NULL)
		t = make(&st);
	if (t != NULL)
		t->users++;
	pthread_mutex_unlock(&all_lock);
	*out = t;
	return t != NULL || err_set(e, ERR_SYSTEM, "database: out of memory");
}

void
store_turn_close(struct store_turn *t)
{
	struct store_turn **at = &all;

	if (t == NULL)
		return;
	pthread_mutex_lock(&all_lock);
	if (--t->users == 0) {
		while (*at != t)
			at = &(*at)->next;
		*at = t->next;
		pthread_mutex_destroy(&t->lock);
		free(t);
	}
	pthread_mutex_unlock(&all_lock);
}

bool *
store_turn_doubt(struct store_turn *t)
{
	return &t->doubt;
}

/* Where `w` stands in the queue; NULL: where the next one will. */
static struct waiter **
place_of(struct store_turn *t, const struct waiter *w)
{
	struct waiter **at = &t->first;

	while (*at != w)
		at = &(*at)->next;
	return at;
}

/* Called with the lock held. */
static bool
wait_turn(struct store_turn *t, int wait_ms)
{
	struct timespec end = clock_after(wait_ms);
	struct waiter me = {.turn = false};

	clock_cond_init(&me.called);
	*place_of(t, NULL) = &me;
	while (
	    !me.turn && pthread_cond_timedwait(&me.called, &t->lock, &end) == 0)
		continue;
	if (!me.turn)
		*place_of(t, &me) = me.next;
	pthread_cond_destroy(&me.called);
	return me.turn;
}

bool
store_turn_take(struct store_turn *t, int wait_ms, struct err *e)
{
	bool turn = true;

	pthread_mutex_lock(&t->lock);
	if (t->taken)
		turn = wait_turn(t, wait_ms);
	t->taken = t->taken || turn;
	pthread_mutex_unlock(&t->lock);
	return turn || err_set(e, ERR_BUSY,
			   "the database was being written by others for %d ms",
			   wait_ms);
}

/* The turn goes from hand to hand: nobody who comes now can pass the queue. */
void
store_turn_end(struct store_turn *t)
{
	struct waiter *next;

	pthread_mutex_lock(&t->lock);
	next = t->first;
	if (next == NULL) {
		t->taken = false;
	} else {
		t->first = next->next;
		next->turn = true;
		pthread_cond_signal(&next->called);
	}
	pthread_mutex_unlock(&t->lock);
}
