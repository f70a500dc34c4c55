/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/outbox.h"

#include <stdlib.h>

#define PIECES (3 * OUTBOX_BANDS)

/* Bands of more pixels are drawn one at a time. */
#define LARGE ((size_t)16 << 20)

enum kind { PIECE_PAGE, PIECE_LINES, PIECE_BAND };

struct piece {
	struct band band; /* first: its job is the crew's */
	enum kind kind;
	struct pageout_sheet sheet;
	struct coded_store lines;
	bool given; /* to the crew */
	struct outbox *outbox;
	bool good;
	struct err e;
};

struct outbox {
	struct pageout *out;
	struct crew *crew;
	struct piece *pieces; /* a ring: `count` of them from `first` on */
	size_t first, count;
	size_t bands, bytes; /* in them */
	/* one for each hand of the crew, the last for this thread */
	struct band_desk desks[CREW_HANDS_MAX + 1];
	pthread_mutex_t fonts; /* of their pens */
};

bool
outbox_open(struct pageout *out, struct outbox **result, struct err *e)
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return err_system(e, "memory for pages");
	o->out = out;
	pthread_mutex_init(&o->fonts, NULL);
	for (int i = 0; i <= CREW_HANDS_MAX; i++)
		o->desks[i].fonts = &o->fonts;
	o->pieces = calloc(PIECES, sizeof(*o->pieces));
	if (o->pieces == NULL)
		err_system(e, "memory for pages");
	else if (crew_open(crew_hands(), &o->crew, e)) {
		*result = o;
		return true;
	}
	outbox_close(o);
	return false;
}

void
outbox_close(struct outbox *o)
{
	if (o == NULL)
		return;
	crew_close(o->crew);
	for (size_t i = 0; o->pieces != NULL && i < PIECES; i++) {
		band_free(&o->pieces[i].band);
		coded_store_free(&o->pieces[i].lines);
	}
	for (size_t i = 0; i <= CREW_HANDS_MAX; i++)
		band_desk_free(&o->desks[i]);
	free(o->pieces);
	pthread_mutex_destroy(&o->fonts);
	free(o);
}

static struct piece *
piece_at(const struct outbox *o, size_t i)
{
	return &o->pieces[(o->first + i) % PIECES];
}

/* --- out --------------------------------------------------------------------- */

static void
work(struct crew_job *job, int hand)
{
	struct piece *p = (struct piece *)job;

	p->good = band_draw(&p->band, &p->outbox->desks[hand], &p->e);
}

static bool
send_lines(
    struct outbox *o, const struct coded_store *lines, bool wide, struct err *e)
{
	struct coded_lines next;

	for (size_t at = 0; coded_store_next(lines, &at, &next);)
		if (!(wide ? pageout_wide(o->out, &next, e)
			   : pageout_lines(o->out, &next, e)))
			return false;
	return true;
}

static bool
send_band(struct outbox *o, struct piece *p, struct err *e)
{
	if (!p->given)
		work(&p->band.job, CREW_HANDS_MAX);
	else
		crew_wait(o->crew, &p->band.job);
	if (!p->good) {
		*e = p->e;
		return false;
	}
	o->bands--;
	o->bytes -= band_bytes(&p->band);
	return send_lines(o, &p->band.drawn, true, e);
}

static bool
send_first(struct outbox *o, struct err *e)
{
	struct piece *p = piece_at(o, 0);
	bool good = false;

	switch (p->kind) {
	case PIECE_PAGE: good = pageout_page(o->out, &p->sheet, e); break;
	case PIECE_BAND: good = send_band(o, p, e); break;
	case PIECE_LINES:
		o->bytes -= p->lines.len;
		good = send_lines(o, &p->lines, false, e);
		break;
	}
	o->first = (o->first + 1) % PIECES;
	o->count--;
	return good;
}

bool
outbox_send(struct outbox *o, struct err *e)
{
	while (o->count > 0) {
		struct piece *p = piece_at(o, 0);

		if (p->kind == PIECE_BAND && p->given &&
		    !crew_is_done(o->crew, &p->band.job))
			break;
		if (!send_first(o, e))
			return false;
	}
	return true;
}

bool
outbox_finish(struct outbox *o, struct err *e)
{
	while (o->count > 0)
		if (!send_first(o, e))
			return false;
	return true;
}

/* --- in ---------------------------------------------------------------------- */

static bool
is_full(const struct outbox *o)
{
	return o->count == PIECES || o->bands == OUTBOX_BANDS ||
	       o->bytes > OUTBOX_BYTES;
}

/* A new piece at the end. */
static bool
add(struct outbox *o, enum kind kind, struct piece **out, struct err *e)
{
	if (!outbox_send(o, e))
		return false;
	while (is_full(o))
		if (!send_first(o, e))
			return false;
	*out = piece_at(o, o->count++);
	(*out)->kind = kind;
	return true;
}

bool
outbox_page(struct outbox *o, const struct pageout_sheet *sheet, struct err *e)
{
	struct piece *p;

	if (!outbox_send(o, e))
		return false;
	if (o->count == 0)
		return pageout_page(o->out, sheet, e);
	if (!add(o, PIECE_PAGE, &p, e))
		return false;
	p->sheet = *sheet;
	return true;
}

bool
outbox_lines(struct outbox *o, const struct coded_lines *lines, struct err *e)
{
	struct piece *p = o->count > 0 ? piece_at(o, o->count - 1) : NULL;
	size_t before;

	/* Not for each line behind a band that is drawn. */
	if (p != NULL &&
	    (p->kind != PIECE_LINES || o->count == 1 || is_full(o)) &&
	    !outbox_send(o, e))
		return false;
	if (p == NULL || o->count == 0)
		return pageout_lines(o->out, lines, e);
	if (p->kind != PIECE_LINES || is_full(o)) {
		if (!add(o, PIECE_LINES, &p, e))
			return false;
		coded_store_clear(&p->lines);
	}
	before = p->lines.len;
	if (!coded_store_add(&p->lines, lines, e))
		return false;
	o->bytes += p->lines.len - before;
	return true;
}

bool
outbox_band(struct outbox *o, struct band **band, struct err *e)
{
	struct piece *p;

	if (!add(o, PIECE_BAND, &p, e))
		return false;
	p->outbox = o;
	p->given = false;
	o->bands++;
	*band = &p->band;
	return true;
}

bool
outbox_draw(struct outbox *o, struct err *e)
{
	struct piece *p = piece_at(o, o->count - 1);

	o->bytes += band_bytes(&p->band);
	p->e = (struct err)ERR_INIT;
	p->band.job.work = work;
	p->given =
	    band_pixels(&p->band) <= LARGE && crew_give(o->crew, &p->band.job);
	return outbox_send(o, e);
}
