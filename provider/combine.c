/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/combine.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

/* Of one thread, on its stack. */
struct place {
	struct place *next;
	void *what;
	pthread_cond_t told;
	bool leads, taken, done;
};

struct combine {
	const struct combine_kind *kind;
	pthread_mutex_t lock;
	struct place *first, **end; /* they wait */
	bool at_work;
};

struct combine *
combine_new(const struct combine_kind *kind)
{
	struct combine *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	if (pthread_mutex_init(&c->lock, NULL) != 0) {
		free(c);
		return NULL;
	}
	c->kind = kind;
	c->end = &c->first;
	return c;
}

void
combine_free(struct combine *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void
leave_line(struct combine *c, struct place *p)
{
	struct place **at = &c->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (c->end == &p->next)
		c->end = at;
}

/* What was taken is another thread's until it is done.  False: it has left. */
static bool
wait_in_line(struct combine *c, struct place *p)
{
	struct timespec until = clock_after(c->kind->wait_ms);

	*c->end = p;
	c->end = &p->next;
	while (!p->leads && !p->done) {
		if (c->kind->wait_ms == 0 || p->taken)
			pthread_cond_wait(&p->told, &c->lock);
		else if (pthread_cond_timedwait(&p->told, &c->lock, &until) !=
			     0 &&
			 !p->leads && !p->taken) {
			leave_line(c, p);
			return false;
		}
	}
	return true;
}

/* Those that fit, off the line; the others keep their order. */
static size_t
take(struct combine *c, struct place **out, void **what)
{
	size_t count = 0;

	for (struct place **at = &c->first; *at && count < COMBINE_MAX;) {
		if (count > 0 && !c->kind->fits(what, count, (*at)->what)) {
			at = &(*at)->next;
			continue;
		}
		what[count] = (*at)->what;
		out[count++] = *at;
		(*at)->taken = true;
		*at = (*at)->next;
	}
	c->end = &c->first;
	while (*c->end != NULL)
		c->end = &(*c->end)->next;
	return count;
}

/* The leader is the first in the line, so it is among them. */
static void
lead(struct combine *c, void *context)
{
	struct place *place[COMBINE_MAX];
	void *what[COMBINE_MAX];
	size_t count = take(c, place, what);

	pthread_mutex_unlock(&c->lock);
	c->kind->run(context, what, count);
	pthread_mutex_lock(&c->lock);
	/* once it is told, and the lock is free, a place may be gone */
	for (size_t i = 0; i < count; i++) {
		place[i]->done = true;
		pthread_cond_signal(&place[i]->told);
	}
	c->at_work = c->first != NULL;
	if (c->at_work) {
		c->first->leads = true;
		pthread_cond_signal(&c->first->told);
	}
}

bool
combine_do(struct combine *c, void *what, void *context)
{
	struct place p = {.what = what};
	bool done;

	clock_cond_init(&p.told);
	pthread_mutex_lock(&c->lock);
	p.leads = !c->at_work;
	c->at_work = true;
	done = wait_in_line(c, &p);
	if (p.leads)
		lead(c, context);
	pthread_mutex_unlock(&c->lock);
	pthread_cond_destroy(&p.told);
	return done;
}

size_t
combine_waiting(struct combine *c)
{
	size_t count = 0;

	pthread_mutex_lock(&c->lock);
	for (const struct place *p = c->first; p != NULL; p = p->next)
		count++;
	pthread_mutex_unlock(&c->lock);
	return count;
}
