/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/refund_page.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/date.h"

#define MARGIN	 42.0
#define ROW	 15.0
#define HEAD	 138.0 /* of the first page, below the margin */
#define TABLE	 22.0  /* headings of the table */
#define SIGN	 178.0 /* what stands below the table */
#define FOOT	 20.0
#define QR	 96.0
#define INK	 0x1a1a1au
#define GREY	 0x6b6b6bu
#define RULE	 0xb8b8b8u
#define ZEBRA	 0xf3f5f7u
#define ALARM	 0xa02020u
#define COLUMNS	 7
#define TEXT_MAX 200

struct page {
	struct draw *d;
	const struct refund_list *list;
	const struct refund_request *message; /* NULL: a provider's */
	struct draw_size paper;
	uint32_t request; /* its number */
	double y;
	int number, pages;
};

static const struct {
	const char *heading;
	double share; /* of the width */
	enum draw_align align;
} columns[COLUMNS] = {
    {"No.", 0.05, DRAW_RIGHT},
    {"Stamp", 0.205, DRAW_LEFT},
    {"Mail date", 0.1, DRAW_LEFT},
    {"Amount", 0.08, DRAW_RIGHT},
    {"Class", 0.145, DRAW_LEFT},
    {"Printed as", 0.265, DRAW_LEFT},
    {"Reason", 0.155, DRAW_LEFT},
};

bool
refund_paper(const char *name, struct draw_size *out)
{
	if (strcasecmp(name, "letter") == 0)
		*out = (struct draw_size){612, 792};
	else if (strcasecmp(name, "a4") == 0)
		*out = (struct draw_size){595.276, 841.89};
	else
		return false;
	return true;
}

static double
inner(const struct page *p)
{
	return p->paper.width - 2 * MARGIN;
}

static void
put(struct page *p, double x, double size, bool bold, uint32_t colour,
    const char *text)
{
	struct draw_style style = {
	    .size = size, .bold = bold, .colour = colour};

	draw_text(p->d, x, p->y, &style, text);
}

static void
rule(struct page *p, double x, double width, double thick, uint32_t colour)
{
	struct draw_box line = {x, p->y, width, 0};

	draw_line(p->d, &line, thick, colour);
}

/* What is printed on it: of stamps of a user system, which the list counts, its
 * PSD's own count. */
const char *
refund_stamp_name(
    const struct refund_line *line, const char *psd_id, char out[SEEN_NAME])
{
	struct err ignored = ERR_INIT;
	struct indicium in;

	if (indicium_decode(line->indicium, line->len, &in, &ignored))
		return seen_stamp_name(&in, out);
	snprintf(out, SEEN_NAME, "%.31s/%" PRIu64, psd_id, line->ascending);
	return out;
}

/* --- the head ---------------------------------------------------------------------- */

static void
fact(struct page *p, const char *label, const char *value)
{
	put(p, MARGIN, 9, false, GREY, label);
	put(p, MARGIN + 106, 9, false, INK, value);
	p->y += 13.5;
}

static bool
put_code(struct page *p, struct err *e)
{
	char digest[2 * PSD_DIGEST + 1], text[TEXT_MAX];
	struct symbol s;

	bytes_to_hex(p->list->digest, PSD_DIGEST, digest);
	snprintf(text, sizeof(text), "postage-refund %s %" PRIu32 " %s",
	    p->list->psd_id, p->request, digest);
	if (!symbol_encode(
		SYMBOL_QR, (const uint8_t *)text, strlen(text), &s, e))
		return false;
	draw_symbol(p->d, &s, p->paper.width - MARGIN - QR, MARGIN - 8, QR);
	return true;
}

static void
put_registers(struct page *p)
{
	const struct refund_request *m = p->message;
	char text[TEXT_MAX], a[MILS_TEXT], b[MILS_TEXT];

	if (m == NULL) {
		fact(p, "Registers", "at the provider, who gave the number");
		return;
	}
	snprintf(text, sizeof(text),
	    "%s spent, %s in all downloaded, %" PRIu32 " pieces",
	    mils_format(m->ascending, a), mils_format(m->control_total, b),
	    m->piece_count);
	fact(p, "Registers", text);
}

static bool
put_head(struct page *p, struct err *e)
{
	char text[TEXT_MAX], digest[2 * PSD_DIGEST + 1];
	char a[MILS_TEXT], date[DATE_TEXT];

	p->y = MARGIN;
	snprintf(text, sizeof(text), "Refund request No. %" PRIu32, p->request);
	put(p, MARGIN, 20, true, INK, text);
	p->y += 32;
	fact(p, p->message ? "Postal security device" : "User system",
	    p->list->psd_id);
	fact(p, "Date", date_format(p->list->date, date));
	snprintf(text, sizeof(text), "%" PRIu32 " stamp%s, %s in all",
	    p->list->count, p->list->count == 1 ? "" : "s",
	    mils_format(p->list->total, a));
	fact(p, "Asked for", text);
	put_registers(p);
	bytes_to_hex(p->list->digest, PSD_DIGEST, digest);
	snprintf(text, sizeof(text), "%.32s", digest);
	fact(p, "SHA-256 of the list", text);
	fact(p, "", digest + 32);
	p->y += 4;
	if (strncmp(p->list->psd_id, "XX", 2) == 0)
		put(p, MARGIN, 9, true, ALARM,
		    "A lab's stamps: they never had a value.");
	return put_code(p, e);
}

/* --- the table ---------------------------------------------------------------------- */

static void
put_row(struct page *p, const char *const *cells, bool bold, uint32_t colour)
{
	double x = MARGIN;

	for (int i = 0; i < COLUMNS; i++) {
		double width = columns[i].share * inner(p);
		struct draw_style style = {.size = 8,
		    .bold = bold,
		    .align = columns[i].align,
		    .width = width - 7,
		    .colour = colour};

		draw_text(p->d, x, p->y, &style, cells[i]);
		x += width;
	}
}

static void
put_headings(struct page *p)
{
	const char *cells[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		cells[i] = columns[i].heading;
	put_row(p, cells, true, INK);
	p->y += 14;
	rule(p, MARGIN, inner(p), 0.8, INK);
	p->y += TABLE - 14;
}

static void
put_stamp(struct page *p, uint32_t index)
{
	const struct refund_line *l = &p->list->lines[index];
	char number[16], name[SEEN_NAME], date[DATE_TEXT], sum[MILS_TEXT];
	struct draw_box stripe = {MARGIN, p->y - 3, inner(p), ROW};

	if (index % 2 != 0)
		draw_fill(p->d, &stripe, ZEBRA);
	snprintf(number, sizeof(number), "%" PRIu32, index + 1);
	refund_stamp_name(l, p->list->psd_id, name);
	put_row(p,
	    (const char *[]){number, name, date_format(l->mail_date, date),
		mils_format(l->amount, sum), l->class_name, l->place,
		l->reason},
	    false, INK);
	p->y += ROW;
}

/* --- below it ------------------------------------------------------------------------ */

static void
place_for(struct page *p, double x, double width, const char *label)
{
	rule(p, x, width, 0.6, GREY);
	p->y += 3;
	put(p, x, 7.5, false, GREY, label);
	p->y -= 3;
}

static void
put_total(struct page *p)
{
	char sum[MILS_TEXT];
	double end = MARGIN +
		     inner(p) * (columns[0].share + columns[1].share +
				    columns[2].share + columns[3].share) -
		     7;
	struct draw_style style = {
	    .size = 9.5, .bold = true, .align = DRAW_RIGHT, .colour = INK};

	rule(p, MARGIN, inner(p), 0.8, INK);
	p->y += 5;
	draw_text(p->d, end, p->y, &style, mils_format(p->list->total, sum));
	put(p, MARGIN + inner(p) * columns[0].share, 9.5, true, INK, "Total");
	p->y += 30;
}

static void
put_signatures(struct page *p)
{
	double half = (inner(p) - 24) / 2, right = MARGIN + half + 24;

	put(p, MARGIN, 9, false, INK,
	    "These stamps were paid for and not used for mail. Two persons "
	    "have seen the paper:");
	p->y += 40;
	place_for(p, MARGIN, half, "Name, signature, date");
	place_for(p, right, half, "Name, signature, date");
	p->y += 28;
	put(p, MARGIN, 9, true, INK, "Destruction of the paper");
	p->y += 42;
	place_for(p, MARGIN, half * 0.62, "Date and place");
	place_for(p, MARGIN + half * 0.62 + 16, half * 0.7 - 8, "Destroyed by");
	place_for(p, MARGIN + half * 1.32 + 24, inner(p) - half * 1.32 - 24,
	    "Witnessed by");
}

static void
put_foot(struct page *p)
{
	char text[TEXT_MAX];
	struct draw_style style = {
	    .size = 7.5, .align = DRAW_RIGHT, .colour = GREY};

	snprintf(text, sizeof(text), "%s, request %" PRIu32 ", page %d of %d",
	    p->list->psd_id, p->request, p->number, p->pages);
	draw_text(p->d, p->paper.width - MARGIN, p->paper.height - MARGIN + 6,
	    &style, text);
}

/* --- pages ----------------------------------------------------------------------------- */

static int
rows_of(const struct page *p, bool first)
{
	return (int)((p->paper.height - 2 * MARGIN - FOOT - TABLE -
			 (first ? HEAD : 0)) /
		     ROW);
}

/* The signatures stand below the last rows, or on a page of their own. */
static int
count_pages(const struct page *p)
{
	int left = (int)p->list->count - rows_of(p, true), pages = 1;

	for (; left > 0; left -= rows_of(p, false))
		pages++;
	return pages + ((-left) * ROW < SIGN);
}

static void
turn(struct page *p)
{
	put_foot(p);
	draw_next_page(p->d);
	p->number++;
	p->y = MARGIN;
}

static bool
put_all(struct page *p, struct err *e)
{
	int room = rows_of(p, true);

	if (!put_head(p, e))
		return false;
	p->y = MARGIN + HEAD;
	put_headings(p);
	for (uint32_t i = 0; i < p->list->count; i++) {
		if (room-- == 0) {
			turn(p);
			put_headings(p);
			room = rows_of(p, false) - 1;
		}
		put_stamp(p, i);
	}
	if (room * ROW < SIGN)
		turn(p);
	put_total(p);
	put_signatures(p);
	put_foot(p);
	return true;
}

bool
refund_page(
    const struct refund_print *paper, uint8_t **pdf, size_t *len, struct err *e)
{
	struct page p = {.list = paper->list,
	    .message = paper->message,
	    .request = paper->number,
	    .paper = paper->size,
	    .number = 1};
	char title[TEXT_MAX];
	struct err ignored = ERR_INIT;
	bool done;

	snprintf(title, sizeof(title), "Refund request %s %" PRIu32,
	    p.list->psd_id, p.request);
	if (!draw_pdf(&p.paper, title, &p.d, e))
		return false;
	p.pages = count_pages(&p);
	done = put_all(&p, e);
	return draw_end(p.d, pdf, len, done ? e : &ignored) && done;
}
