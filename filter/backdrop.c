/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/backdrop.h"

#include <stdlib.h>
#include <string.h>

#define PARALLEL_FROM 6 /* pages from which a second Ghostscript pays */
#define KEPT_FIRST    ((size_t)64 * 1024)

/* A page as its stream was: a byte "repeat - 1", a line's code, and so on. */
struct kept {
	cups_page_header2_t header;
	struct coded_form form;
	uint8_t *bytes;
	size_t len, room;
};

/* Ghostscript with the pages that were asked of it. */
struct run {
	struct renderer *renderer;
	int *pages;
	size_t count, next;
};

struct backdrops {
	const struct backdrop_setup *setup;
	struct kept **kept; /* by page - 1; NULL where it is not kept */
	size_t bytes;	    /* of all kept pages */
	struct run main, aside;
	size_t rendered;

	/* the page that is read */
	struct renderer *from; /* NULL: from `page` */
	struct kept *page;     /* being read, or being kept */
	int key;
	size_t at;
	struct coded_form form;
	size_t lines_left;
	bool again;
};

static int
key_of(const struct backdrops *b, int page)
{
	return b->setup->same != NULL ? b->setup->same[page - 1] : page;
}

static void
drop(struct backdrops *b, int key)
{
	struct kept *k = b->kept[key - 1];

	if (k == NULL)
		return;
	b->bytes -= k->room;
	free(k->bytes);
	free(k);
	b->kept[key - 1] = NULL;
}

static void
run_close(struct run *run)
{
	if (run->renderer != NULL)
		(void)render_close(run->renderer, &(struct err)ERR_INIT);
	run->renderer = NULL;
}

/* Starts Ghostscript on run->pages. */
static bool
run_open(struct backdrops *b, struct run *run, struct err *e)
{
	struct render_setup setup = b->setup->render;
	bool all = run->count == (size_t)b->setup->pages;

	run->next = 0;
	setup.processes =
	    run->count >= PARALLEL_FROM && !b->setup->in_order ? 2 : 1;
	/* A list alone makes Ghostscript treat backs and sizes otherwise. */
	if (setup.processes == 2 || !all) {
		setup.pages = run->pages;
		setup.page_count = run->count;
	}
	return render_open(&setup, &run->renderer, e);
}

/* The end of a run of which all pages came. */
static bool
run_finish(struct run *run, struct err *e)
{
	cups_page_header2_t h;
	size_t bytes;
	bool end = false, good;

	if (run->renderer == NULL)
		return true;
	good = run->next < run->count ||
	       render_header(run->renderer, &h, &bytes, &end, e);
	if (good && run->next == run->count && !end)
		good = err_set(e, ERR_CORRUPT,
		    "Ghostscript gave more than %zu pages", run->count);
	if (!render_close(run->renderer, good ? e : &(struct err)ERR_INIT))
		good = false;
	run->renderer = NULL;
	return good;
}

static bool
is_wanted(const struct backdrops *b, int page)
{
	return key_of(b, page) == page && b->kept[page - 1] == NULL;
}

static void
list_all(struct backdrops *b, struct run *run)
{
	run->count = (size_t)b->setup->pages;
	for (size_t i = 0; i < run->count; i++)
		run->pages[i] = (int)i + 1;
}

/* The distinct pages from `first` on that are not here yet. */
static bool
main_open(struct backdrops *b, int first, struct err *e)
{
	struct run *run = &b->main;

	if (!run_finish(run, e))
		return false;
	run->count = 0;
	for (int i = first;
	     i <= b->setup->pages && run->count < RENDER_PAGES_MAX; i++)
		if (is_wanted(b, i))
			run->pages[run->count++] = i;
	if (b->setup->in_order)
		list_all(b, run);
	return run_open(b, run, e);
}

/* One page alone, which did not fit in the budget. */
static bool
aside_open(struct backdrops *b, int page, struct err *e)
{
	struct run *run = &b->aside;

	if (!run_finish(run, e))
		return false;
	run->count = 1;
	run->pages[0] = page;
	if (b->setup->in_order)
		list_all(b, run);
	return run_open(b, run, e);
}

bool
backdrops_open(
    const struct backdrop_setup *setup, struct backdrops **out, struct err *e)
{
	struct backdrops *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return err_system(e, "memory for pages");
	b->setup = setup;
	b->kept = calloc((size_t)setup->pages, sizeof(struct kept *));
	b->main.pages = calloc((size_t)setup->pages, sizeof(*b->main.pages));
	b->aside.pages = calloc((size_t)setup->pages, sizeof(*b->aside.pages));
	if (b->kept == NULL || b->main.pages == NULL || b->aside.pages == NULL)
		err_system(e, "memory for pages");
	else if (main_open(b, 1, e)) {
		*out = b;
		return true;
	}
	backdrops_close(b);
	return false;
}

void
backdrops_close(struct backdrops *b)
{
	if (b == NULL)
		return;
	run_close(&b->main);
	run_close(&b->aside);
	free(b->main.pages);
	free(b->aside.pages);
	for (int i = 1; b->kept != NULL && i <= b->setup->pages; i++)
		drop(b, i);
	free(b->kept);
	free(b);
}

/* Goes on to `page` in a run that has it. */
static bool
run_to(struct backdrops *b, struct run *run, int page,
    cups_page_header2_t *header, struct err *e)
{
	bool end;
	size_t bytes;

	do {
		if (!render_header(run->renderer, header, &bytes, &end, e))
			return false;
		if (end)
			return err_set(e, ERR_CORRUPT,
			    "Ghostscript gave %zu pages of %zu", run->next,
			    run->count);
		b->rendered++;
	} while (run->pages[run->next++] != page);
	b->from = run->renderer;
	return coded_form(header, &b->form) ||
	       err_set(e, ERR_CORRUPT, "page header");
}

static bool
main_has(const struct backdrops *b, int page)
{
	for (size_t i = b->main.next; i < b->main.count; i++)
		if (b->main.pages[i] == page)
			return true;
	return false;
}

static bool
get_rendered(
    struct backdrops *b, int page, cups_page_header2_t *header, struct err *e)
{
	if (b->main.renderer != NULL && main_has(b, b->key))
		return run_to(b, &b->main, b->key, header, e);
	/* The next copy of the document. */
	if (page == b->key &&
	    (b->main.next == b->main.count || b->setup->in_order))
		return main_open(b, page, e) &&
		       run_to(b, &b->main, page, header, e);
	return aside_open(b, page, e) && run_to(b, &b->aside, page, header, e);
}

/* Keeps what is read from here on, if there is room. */
static void
keep(struct backdrops *b, const cups_page_header2_t *header)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return;
	k->header = *header;
	k->form = b->form;
	b->kept[b->key - 1] = b->page = k;
}

bool
backdrops_get(struct backdrops *b, int page, bool again,
    cups_page_header2_t *header, struct coded_form *form, struct err *e)
{
	struct coded_lines rest;

	while (b->lines_left > 0)
		if (!backdrops_lines(b, &rest, e))
			return false;
	if (b->page != NULL && !b->again)
		drop(b, b->key);
	b->key = key_of(b, page);
	b->again = again;
	b->at = 0;
	b->page = b->kept[b->key - 1];
	b->from = NULL;
	if (b->page != NULL) {
		*header = b->page->header;
		b->form = b->page->form;
	} else {
		if (!get_rendered(b, page, header, e))
			return false;
		if (again)
			keep(b, header);
	}
	b->lines_left = b->form.lines;
	*form = b->form;
	return true;
}

/* Adds lines to the page being kept; drops it where it grows too large. */
static void
keep_lines(struct backdrops *b, const struct coded_lines *lines)
{
	struct kept *k = b->page;
	size_t len = k->len + 1 + lines->len, room = k->room;
	uint8_t *larger;

	while (room < len)
		room = room == 0 ? KEPT_FIRST : room * 3 / 2;
	if (room > k->room) {
		larger = b->bytes - k->room + room <= b->setup->budget
			     ? realloc(k->bytes, room)
			     : NULL;
		if (larger == NULL) {
			drop(b, b->key);
			b->page = NULL;
			return;
		}
		b->bytes += room - k->room;
		k->bytes = larger;
		k->room = room;
	}
	k->bytes[k->len] = (uint8_t)(lines->repeat - 1);
	memcpy(k->bytes + k->len + 1, lines->code, lines->len);
	k->len = len;
}

static bool
read_kept(struct backdrops *b, struct coded_lines *out, struct err *e)
{
	const struct kept *k = b->page;
	const uint8_t *code = k->bytes + b->at + 1;
	bool bad;
	size_t len = coded_measure(&k->form, code, k->len - b->at - 1, &bad);

	if (len == 0)
		return err_set(e, ERR_CORRUPT, "a kept page is damaged");
	*out = (struct coded_lines){code, len, code[-1] + 1u};
	b->at += 1 + len;
	return true;
}

/* The page is read: gives back what is not needed for it. */
static void
end_page(struct backdrops *b)
{
	struct kept *k = b->page;
	uint8_t *smaller;

	if (k == NULL || b->from == NULL)
		return;
	smaller = realloc(k->bytes, k->len);
	if (smaller == NULL)
		return;
	k->bytes = smaller;
	b->bytes -= k->room - k->len;
	k->room = k->len;
}

bool
backdrops_lines(struct backdrops *b, struct coded_lines *out, struct err *e)
{
	if (b->from == NULL) {
		if (!read_kept(b, out, e))
			return false;
	} else {
		if (!render_lines(b->from, out, e))
			return false;
		if (b->page != NULL)
			keep_lines(b, out);
	}
	b->lines_left -= out->repeat;
	if (b->lines_left == 0)
		end_page(b);
	return true;
}

bool
backdrops_finish(struct backdrops *b, struct err *e)
{
	return run_finish(&b->main, e) && run_finish(&b->aside, e);
}

size_t
backdrops_rendered(const struct backdrops *b)
{
	return b->rendered;
}
