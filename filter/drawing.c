/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/drawing.h"

#include <errno.h>
#include <stdlib.h>

static bool
draw_one(struct drawing *d, size_t i)
{
	const struct drawing_work *w = &d->work;
	size_t stamp = d->page->first + i;
	const struct plan_stamp *p = &w->plan->stamps[stamp];
	const struct geometry *g = &w->geometry[d->page->source - 1];
	struct issued_stamp issued;
	struct imprint_text words;

	return issuer_get(w->issuer, plan_index(w->plan, stamp, d->copy),
		   &issued, &words, &d->e) &&
	       imprint_draw(w->pen, &p->spec, issued.indicium, &words,
		   &d->imprints[i], &d->e) &&
	       imprint_turn(&d->imprints[i], p->rotation, g->mirror, &d->e);
}

static void *
draw(void *context)
{
	struct drawing *d = context;

	d->good = true;
	for (size_t i = 0; d->good && i < d->count; i++)
		d->good = draw_one(d, i);
	return NULL;
}

bool
drawing_start(struct drawing *d, const struct drawing_work *work, size_t index,
    uint32_t copy, struct err *e)
{
	int error;

	drawing_free(d);
	*d = (struct drawing){.work = *work,
	    .page = &work->plan->pages[index],
	    .copy = copy,
	    .good = true};
	if (d->page->count == 0)
		return true;
	d->imprints = calloc(d->page->count, sizeof(*d->imprints));
	if (d->imprints == NULL)
		return err_system(e, "memory for stamps");
	d->count = d->page->count;
	error = pthread_create(&d->thread, NULL, draw, d);
	if (error != 0) {
		errno = error;
		return err_system(e, "a thread for stamps");
	}
	d->running = true;
	return true;
}

static void
join(struct drawing *d)
{
	if (d->running)
		pthread_join(d->thread, NULL);
	d->running = false;
}

bool
drawing_finish(struct drawing *d, struct err *e)
{
	join(d);
	if (!d->good)
		*e = d->e;
	return d->good;
}

void
drawing_free(struct drawing *d)
{
	join(d);
	for (size_t i = 0; i < d->count; i++)
		imprint_free(&d->imprints[i]);
	free(d->imprints);
	*d = (struct drawing){.count = 0};
}
