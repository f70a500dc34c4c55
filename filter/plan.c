/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct plan *
plan_new(uint32_t copies, bool collate, struct err *e)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		err_system(e, "memory for the plan");
		return NULL;
	}
	p->copies = copies;
	p->collate = collate;
	return p;
}

void
plan_free(struct plan *p)
{
	if (p == NULL)
		return;
	free(p->pages);
	free(p->stamps);
	free(p);
}

/* Makes room for one more item of `size` bytes. */
static bool
grow(void **items, size_t *room, size_t count, size_t size, struct err *e)
{
	size_t wanted = *room == 0 ? 16 : *room * 2;
	void *larger;

	if (count < *room)
		return true;
	larger = realloc(*items, wanted * size);
	if (larger == NULL)
		return err_system(e, "memory for the plan");
	*items = larger;
	*room = wanted;
	return true;
}

static bool
add_page(struct plan *p, int source, struct err *e)
{
	void *items = p->pages;

	if (!grow(&items, &p->pages_room, p->page_count, sizeof(*p->pages), e))
		return false;
	p->pages = items;
	p->pages[p->page_count++] =
	    (struct plan_page){.source = source, .first = p->stamp_count};
	return true;
}

/* Adds a stamp to the page `index`, which must be the last that has any. */
static struct plan_stamp *
add_stamp(struct plan *p, size_t index, struct err *e)
{
	struct plan_page *page = &p->pages[index];
	void *items = p->stamps;
	struct plan_stamp *s;

	if ((p->stamp_count + 1) * p->copies > STAMPS_MAX) {
		err_set(e, ERR_REQUEST,
		    "page %zu: more than %d stamps in one document: print it "
		    "in parts",
		    index + 1, STAMPS_MAX);
		return NULL;
	}
	if (!grow(&items, &p->stamps_room, p->stamp_count, sizeof(*s), e))
		return NULL;
	p->stamps = items;
	if (page->count == 0)
		page->first = p->stamp_count;
	s = &p->stamps[p->stamp_count++];
	*s = (struct plan_stamp){
	    .page = (uint32_t)index + 1, .place = (uint32_t)++page->count};
	return s;
}

bool
plan_scan(struct plan *p, const struct placeholder *marks, size_t count,
    struct err *e)
{
	if (!add_page(p, (int)p->page_count + 1, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct plan_stamp *s = add_stamp(p, p->page_count - 1, e);

		if (s == NULL)
			return false;
		s->mark = marks[i];
	}
	return true;
}

static bool
add_label(struct plan *p, size_t page, const struct plan_sheet *sheet,
    int label, struct err *e)
{
	struct plan_stamp *s = add_stamp(p, page, e);

	if (s == NULL)
		return false;
	s->is_label = true;
	/* The stamp brings its own margin; of a label that is not rectangular
	 * it may use the rectangle inside. */
	s->label = sheet->sheet->shape == SHAPE_RECTANGLE
		       ? sheet_label(sheet->sheet, label)
		       : sheet_label_area(sheet->sheet, label);
	s->sheet_serial = sheet->serial;
	s->label_number = (uint16_t)(label + 1);
	s->mark.page = s->page;
	s->mark.place = s->place;
	s->mark.box = s->label;
	return true;
}

static bool
check_sheet(const struct plan *p, const struct plan_sheet *sheet, struct err *e)
{
	const char *name = sheet->sheet->name;

	if (p->stamp_count > 0)
		return err_set(e, ERR_REQUEST,
		    "page %u: the document has marks and the label sheet %s "
		    "was chosen too: print it without the sheet, or take the "
		    "marks out",
		    p->stamps[0].page, name);
	if (sheet->first > (uint32_t)sheet->sheet->count)
		return err_set(e, ERR_REQUEST,
		    "first label %u: %s has %d labels", sheet->first, name,
		    sheet->sheet->count);
	if (sheet->serial == 0)
		return true;
	if (p->copies > 1 || p->page_count > 1)
		return err_set(e, ERR_REQUEST,
		    "a numbered sheet is one page in one copy, the document "
		    "has %zu pages in %u copies",
		    p->page_count, p->copies);
	return true;
}

bool
plan_labels(struct plan *p, const struct plan_sheet *sheet, struct err *e)
{
	bool repeats = p->page_count == 1 && sheet->serial == 0;
	uint32_t left = sheet->count > 0 ? sheet->count : UINT32_MAX;
	int label = sheet->first > 0 ? (int)sheet->first - 1 : 0;

	if (!check_sheet(p, sheet, e))
		return false;
	for (size_t page = 0; left > 0; page++) {
		if (page == p->page_count &&
		    (sheet->count == 0 || !repeats || !add_page(p, 1, e)))
			break;
		for (; left > 0 && label < sheet->sheet->count; label++) {
			if (sheet->used != NULL && sheet->used[label])
				continue;
			if (!add_label(p, page, sheet, label, e))
				return false;
			left--;
		}
		label = 0;
	}
	if (e->kind != ERR_NONE)
		return false;
	if (sheet->count > 0 && left > 0)
		return err_set(e, ERR_REQUEST,
		    "%u labels are wanted, %s has %u free ones on %zu page%s",
		    sheet->count, sheet->sheet->name, sheet->count - left,
		    p->page_count, p->page_count == 1 ? "" : "s");
	if (p->stamp_count == 0)
		return err_set(e, ERR_REQUEST, "%s has no free label left",
		    sheet->sheet->name);
	return true;
}

size_t
plan_total(const struct plan *p)
{
	return p->stamp_count * p->copies;
}

size_t
plan_index(const struct plan *p, size_t stamp, uint32_t copy)
{
	const struct plan_page *page = &p->pages[p->stamps[stamp].page - 1];

	if (p->collate)
		return copy * p->stamp_count + stamp;
	return page->first * p->copies + copy * page->count +
	       (stamp - page->first);
}

void
plan_requests(const struct plan *p, const struct mark *defaults,
    struct stamp_request *out)
{
	for (size_t i = 0; i < p->stamp_count; i++) {
		const struct plan_stamp *s = &p->stamps[i];
		struct stamp_request r = {.page = s->page,
		    .place = s->place,
		    .x_um = (int32_t)lround(s->mark.box.x * 25400 / 72),
		    .y_um = (int32_t)lround(s->mark.box.y * 25400 / 72),
		    .mark = s->mark.mark,
		    .sheet_serial = s->sheet_serial,
		    /* The signature binds labels of numbered sheets only. */
		    .label = s->sheet_serial != 0 ? s->label_number : 0};

		mark_inherit(&r.mark, defaults);
		/* A low label takes the small stamp, whose bytes are fewer. */
		if (s->is_label && imprint_choose(r.mark.size, s->label.w,
				       s->label.h) == LAYOUT_SMALL)
			r.mark.size = SIZE_SMALL;
		for (uint32_t copy = 0; copy < p->copies; copy++) {
			r.copy = copy + 1;
			out[plan_index(p, i, copy)] = r;
		}
	}
}

/* True if both take the same room in the same place. */
static bool
fits_alike(const struct plan_stamp *a, const struct plan_stamp *b)
{
	return a->is_label == b->is_label && rect_equal(a->label, b->label) &&
	       rect_equal(a->mark.box, b->mark.box) &&
	       a->mark.rotation == b->mark.rotation &&
	       a->mark.mark.size == b->mark.mark.size &&
	       strcmp(a->mark.text, b->mark.text) == 0;
}

bool
plan_fit_again(
    struct plan *p, size_t page, size_t like, const struct stamp_quote *quotes)
{
	const struct plan_page *to = &p->pages[page], *from;

	if (like == SIZE_MAX)
		return false;
	from = &p->pages[like];
	if (to->count != from->count)
		return false;
	for (size_t i = 0; i < to->count; i++)
		if (!fits_alike(&p->stamps[to->first + i],
			&p->stamps[from->first + i]) ||
		    quotes[to->first + i].indicium_len !=
			quotes[from->first + i].indicium_len)
			return false;
	for (size_t i = 0; i < to->count; i++) {
		struct plan_stamp *s = &p->stamps[to->first + i];
		const struct plan_stamp *f = &p->stamps[from->first + i];

		s->spec = f->spec;
		s->rotation = f->rotation;
		s->dots = f->dots;
		s->area = f->area;
		s->paper = f->paper;
	}
	return true;
}
