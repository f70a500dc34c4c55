/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/pdfout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <qpdf/qpdf-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "filter/bounds.h"

#define COPY_BYTES   65536
#define POLL_MS	     500
#define CONTENT_ROOM 2048 /* drawing one stamp and clearing its mark */

struct geometry
pdfout_geometry(double page_w_pt, double page_h_pt, int dpi)
{
	return (struct geometry){.page_w_pt = page_w_pt,
	    .page_h_pt = page_h_pt,
	    .width = (int)floor(page_w_pt * dpi / 72),
	    .height = (int)floor(page_h_pt * dpi / 72),
	    .dpi_x = dpi,
	    .dpi_y = dpi};
}

/* A page's drawing instructions. */
struct content {
	char *text;
	size_t len, room;
	bool failed;
};

static void say(struct content *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
say(struct content *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (c->room - c->len < CONTENT_ROOM) {
		char *larger = realloc(c->text, c->room + 4 * CONTENT_ROOM);

		if (larger == NULL) {
			c->failed = true;
			return;
		}
		c->text = larger;
		c->room += 4 * CONTENT_ROOM;
	}
	va_start(ap, fmt);
	n = vsnprintf(c->text + c->len, c->room - c->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= c->room - c->len)
		c->failed = true;
	else
		c->len += (size_t)n;
}

static bool
qpdf_failed(qpdf_data q, struct err *e)
{
	char words[160];

	text_clean(qpdf_get_error_full_text(q, qpdf_get_error(q)), words,
	    sizeof(words));
	return err_set(e, ERR_REQUEST, "the PDF cannot be used: %s", words);
}

/* PDF's RunLengthDecode: stamps are long runs, and are kept in memory until
 * the document is written.  `out` holds len + len / 64 + 2 bytes. */
static size_t
run_lengths(const uint8_t *in, size_t len, uint8_t *out)
{
	size_t used = 0, i = 0;

	while (i < len) {
		size_t run = 1, plain = i;

		while (run < 128 && i + run < len && in[i + run] == in[i])
			run++;
		if (run > 2) {
			out[used++] = (uint8_t)(257 - run);
			out[used++] = in[i];
			i += run;
			continue;
		}
		while (
		    i - plain < 128 && i < len &&
		    !(i + 2 < len && in[i] == in[i + 1] && in[i] == in[i + 2]))
			i++;
		out[used++] = (uint8_t)(i - plain - 1);
		memcpy(out + used, in + plain, i - plain);
		used += i - plain;
	}
	out[used++] = 128; /* end of data */
	return used;
}

static qpdf_oh
new_number(qpdf_data q, int n)
{
	return qpdf_oh_new_integer(q, n);
}

/* An image mask: black where a bit is 1. */
static qpdf_oh
new_image(
    qpdf_data q, const struct plan_stamp *s, const uint8_t *data, size_t len)
{
	qpdf_oh image = qpdf_oh_new_stream(q);
	qpdf_oh dict;

	qpdf_oh_replace_stream_data(q, image, data, len,
	    qpdf_oh_new_name(q, "/RunLengthDecode"), qpdf_oh_new_null(q));
	dict = qpdf_oh_get_dict(q, image);
	qpdf_oh_replace_key(q, dict, "/Type", qpdf_oh_new_name(q, "/XObject"));
	qpdf_oh_replace_key(q, dict, "/Subtype", qpdf_oh_new_name(q, "/Image"));
	qpdf_oh_replace_key(q, dict, "/Width", new_number(q, s->dots.width));
	qpdf_oh_replace_key(q, dict, "/Height", new_number(q, s->dots.height));
	qpdf_oh_replace_key(
	    q, dict, "/ImageMask", qpdf_oh_new_bool(q, QPDF_TRUE));
	qpdf_oh_replace_key(q, dict, "/BitsPerComponent", new_number(q, 1));
	qpdf_oh_replace_key(q, dict, "/Decode", qpdf_oh_parse(q, "[1 0]"));
	return image;
}

static bool
make_image(struct pdfout *p, qpdf_data q, size_t stamp, uint32_t copy,
    qpdf_oh *out, struct err *e)
{
	const struct plan_stamp *s = &p->plan->stamps[stamp];
	struct issued_stamp issued;
	struct imprint_text words;
	struct imprint im = {.bits = NULL};
	uint8_t *packed = NULL;
	size_t len;
	bool done = false;

	if (!issuer_get(p->issuer, plan_index(p->plan, stamp, copy), &issued,
		&words, e) ||
	    !imprint_draw(p->pen, &s->spec, issued.indicium, &words, &im, e) ||
	    !imprint_turn(&im, s->rotation, false, e))
		goto out;
	len = im.stride * (size_t)im.height;
	packed = malloc(len + len / 64 + 2);
	if (packed == NULL) {
		err_system(e, "memory for a stamp");
		goto out;
	}
	len = run_lengths(im.bits, len, packed);
	*out = new_image(q, s, packed, len);
	done = true;
out:
	imprint_free(&im);
	free(packed);
	return done;
}

/* The box a page is shown in, and how it is turned. */
struct view {
	double x0, y0, x1, y1;
	int rotate;
};

static bool
read_view(qpdf_data q, qpdf_oh page, struct view *out, struct err *e)
{
	double v[4];
	qpdf_oh box = qpdf_oh_get_key(q, page, "/CropBox");
	qpdf_oh rotate = qpdf_oh_get_key(q, page, "/Rotate");
	int turn = 0;

	if (!qpdf_oh_is_array(q, box))
		box = qpdf_oh_get_key(q, page, "/MediaBox");
	if (!qpdf_oh_is_array(q, box) || qpdf_oh_get_array_n_items(q, box) < 4)
		return err_set(e, ERR_REQUEST, "a page without a size");
	for (int i = 0; i < 4; i++)
		v[i] = qpdf_oh_get_numeric_value(
		    q, qpdf_oh_get_array_item(q, box, i));
	if (qpdf_oh_is_integer(q, rotate))
		turn = qpdf_oh_get_int_value_as_int(q, rotate);
	out->x0 = fmin(v[0], v[2]);
	out->x1 = fmax(v[0], v[2]);
	out->y0 = fmin(v[1], v[3]);
	out->y1 = fmax(v[1], v[3]);
	out->rotate = (turn % 360 + 360) % 360;
	return true;
}

/* From sheet space (upper left origin, y down) to the page's own. */
static void
say_sheet_space(struct content *c, const struct view *v)
{
	switch (v->rotate) {
	case 90: say(c, "0 1 1 0 %.4f %.4f cm\n", v->x0, v->y0); break;
	case 180: say(c, "-1 0 0 1 %.4f %.4f cm\n", v->x1, v->y0); break;
	case 270: say(c, "0 -1 -1 0 %.4f %.4f cm\n", v->x1, v->y1); break;
	default: say(c, "1 0 0 -1 %.4f %.4f cm\n", v->x0, v->y1); break;
	}
}

static void
say_clear(struct content *c, const struct plan_stamp *s)
{
	say(c, "%.4f %.4f %.4f rg\n", (s->paper >> 16 & 255) / 255.0,
	    (s->paper >> 8 & 255) / 255.0, (s->paper & 255) / 255.0);
	for (int i = 0; i < s->mark.ink_count; i++)
		say(c, "%.4f %.4f %.4f %.4f re f\n", s->mark.ink[i].x,
		    s->mark.ink[i].y, s->mark.ink[i].w, s->mark.ink[i].h);
}

static void
say_stamp(struct content *c, const struct plan_stamp *s)
{
	const struct rect *a = &s->area;

	say(c,
	    "1 g %.4f %.4f %.4f %.4f re f\n"
	    "q 0 g %.4f 0 0 %.4f %.4f %.4f cm /PostageStamp%u Do Q\n",
	    a->x, a->y, a->w, a->h, a->w, -a->h, a->x, a->y + a->h, s->place);
}

/* A copy of a dictionary that pages may share; an empty one if it is none. */
static qpdf_oh
own_dictionary(qpdf_data q, qpdf_oh shared)
{
	qpdf_oh own = qpdf_oh_new_dictionary(q);

	if (!qpdf_oh_is_dictionary(q, shared))
		return own;
	qpdf_oh_begin_dict_key_iter(q, shared);
	while (qpdf_oh_dict_more_keys(q)) {
		const char *key = qpdf_oh_dict_next_key(q);

		qpdf_oh_replace_key(
		    q, own, key, qpdf_oh_get_key(q, shared, key));
	}
	return own;
}

static qpdf_oh
new_content(qpdf_data q, const char *text, size_t len)
{
	qpdf_oh stream = qpdf_oh_new_stream(q);

	qpdf_oh_replace_stream_data(q, stream, (const unsigned char *)text, len,
	    qpdf_oh_new_null(q), qpdf_oh_new_null(q));
	return stream;
}

/* The page's content between "q" and "Q", then ours. */
static void
append_content(qpdf_data q, qpdf_oh page, const struct content *c)
{
	qpdf_oh before = qpdf_oh_get_key(q, page, "/Contents");
	qpdf_oh all = qpdf_oh_new_array(q);

	qpdf_oh_append_item(q, all, new_content(q, "q\n", 2));
	if (qpdf_oh_is_array(q, before))
		for (int i = 0; i < qpdf_oh_get_array_n_items(q, before); i++)
			qpdf_oh_append_item(
			    q, all, qpdf_oh_get_array_item(q, before, i));
	else if (qpdf_oh_is_stream(q, before))
		qpdf_oh_append_item(q, all, before);
	qpdf_oh_append_item(q, all, new_content(q, c->text, c->len));
	qpdf_oh_replace_key(q, page, "/Contents", all);
}

static bool
stamp_page(struct pdfout *p, qpdf_data q, qpdf_oh page, size_t index,
    uint32_t copy, struct err *e)
{
	const struct plan_page *out = &p->plan->pages[index];
	struct content c = {NULL, 0, 0, false};
	struct view v = {0, 0, 0, 0, 0};
	qpdf_oh resources, images, image;
	char name[32];
	bool good = true;

	if (out->count == 0)
		return true;
	if (!read_view(q, page, &v, e))
		return false;
	resources = own_dictionary(q, qpdf_oh_get_key(q, page, "/Resources"));
	images = own_dictionary(q, qpdf_oh_get_key(q, resources, "/XObject"));
	say(&c, "\nQ\nq\n");
	say_sheet_space(&c, &v);
	for (size_t i = out->first; i < out->first + out->count; i++)
		say_clear(&c, &p->plan->stamps[i]);
	for (size_t i = out->first; good && i < out->first + out->count; i++) {
		good = make_image(p, q, i, copy, &image, e);
		if (!good)
			break;
		snprintf(name, sizeof(name), "/PostageStamp%u",
		    p->plan->stamps[i].place);
		qpdf_oh_replace_key(q, images, name, image);
		say_stamp(&c, &p->plan->stamps[i]);
	}
	say(&c, "Q\n");
	if (good && c.failed)
		good = err_system(e, "memory for a page");
	if (good) {
		qpdf_oh_replace_key(q, resources, "/XObject", images);
		qpdf_oh_replace_key(q, page, "/Resources", resources);
		append_content(q, page, &c);
	}
	free(c.text);
	qpdf_oh_release_all(q);
	return good;
}

/* Appends output page `index`, a page object of its own. */
static bool
add_page(
    struct pdfout *p, qpdf_data q, size_t index, uint32_t copy, struct err *e)
{
	size_t source = (size_t)p->plan->pages[index].source - 1;
	qpdf_oh page;

	if (p->stop != NULL && *p->stop)
		return err_set(e, ERR_SYSTEM, "the job was cancelled");
	if (p->progress != NULL)
		p->progress(p->context, p->pages + 1,
		    (uint32_t)p->plan->page_count * p->plan->copies);
	/* A page that is in the document already is copied by this call. */
	if (qpdf_add_page(q, q, qpdf_get_page_n(q, source), QPDF_FALSE) &
	    QPDF_ERRORS)
		return qpdf_failed(q, e);
	page = qpdf_get_page_n(q, (size_t)qpdf_get_num_pages(q) - 1);
	p->pages++;
	return stamp_page(p, q, page, index, copy, e);
}

static bool
add_filler(struct pdfout *p, qpdf_data q, struct err *e)
{
	size_t last = (size_t)qpdf_get_num_pages(q) - 1;
	qpdf_oh page;

	if (qpdf_add_page(q, q, qpdf_get_page_n(q, last), QPDF_FALSE) &
	    QPDF_ERRORS)
		return qpdf_failed(q, e);
	page = qpdf_get_page_n(q, last + 1);
	qpdf_oh_remove_key(q, page, "/Contents");
	qpdf_oh_remove_key(q, page, "/Annots");
	p->pages++;
	return true;
}

static bool
add_pages(struct pdfout *p, qpdf_data q, struct err *e)
{
	const struct plan *plan = p->plan;
	uint32_t passes = plan->collate ? plan->copies : 1;
	uint32_t each = plan->collate ? 1 : plan->copies;

	for (uint32_t pass = 0; pass < passes; pass++) {
		for (size_t i = 0; i < plan->page_count; i++)
			for (uint32_t k = 0; k < each; k++)
				if (!add_page(p, q, i, pass + k, e))
					return false;
		if (p->fill_back && pass + 1 < passes &&
		    plan->page_count % 2 == 1 && !add_filler(p, q, e))
			return false;
	}
	return true;
}

static bool
copy_out(struct pdfout *p, int from, struct err *e)
{
	char bytes[COPY_BYTES];
	ssize_t n, done;

	while ((n = read(from, bytes, sizeof(bytes))) > 0) {
		for (done = 0; done < n;) {
			struct pollfd w = {.fd = p->fd, .events = POLLOUT};
			ssize_t m = 0;

			if (p->stop != NULL && *p->stop)
				return err_set(
				    e, ERR_SYSTEM, "the job was cancelled");
			if (poll(&w, 1, POLL_MS) <= 0)
				continue;
			m = write(p->fd, bytes + done, (size_t)(n - done));
			if (m < 0 && errno != EINTR && errno != EAGAIN)
				return err_system(e, "writing the document");
			done += m > 0 ? m : 0;
		}
		p->bytes += (uint64_t)n;
	}
	return n == 0 || err_system(e, "reading the document back");
}

/* Time for QPDF: it does about a hundred pages while others read one. */
static unsigned
work_of(const struct pdfout *p)
{
	return 1 + (unsigned)(p->plan->page_count * p->plan->copies / 100);
}

static bool
write_document(struct pdfout *p, qpdf_data q, struct err *e)
{
	char path[PATH_MAX];
	bool good = false;
	int fd;

	snprintf(path, sizeof(path), "%s/postage-out-XXXXXX", p->temp);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_system(e, "a file in %s", p->temp);
	if (qpdf_init_write(q, path) & QPDF_ERRORS) {
		qpdf_failed(q, e);
		goto out;
	}
	qpdf_set_preserve_encryption(q, QPDF_FALSE);
	/* qpdf writes the trailer's size only where the input's had one. */
	qpdf_oh_replace_key(
	    q, qpdf_get_trailer(q), "/Size", qpdf_oh_new_integer(q, 1));
	bounds_work(work_of(p));
	good = !(qpdf_write(q) & QPDF_ERRORS);
	bounds_work(0);
	if (!good) {
		qpdf_failed(q, e);
		goto out;
	}
	/* qpdf may have put another file under the name. */
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	good = fd >= 0 ? copy_out(p, fd, e) : err_system(e, "%s", path);
out:
	if (fd >= 0)
		close(fd);
	(void)unlink(path);
	return good;
}

static bool
read_document(struct pdfout *p, qpdf_data q, int *pages, struct err *e)
{
	bool good;

	bounds_work(work_of(p));
	good = !(qpdf_read(q, p->file, NULL) & QPDF_ERRORS) &&
	       !(qpdf_push_inherited_attributes_to_page(q) & QPDF_ERRORS);
	if (good)
		*pages = qpdf_get_num_pages(q);
	bounds_work(0);
	return good || qpdf_failed(q, e);
}

bool
pdfout_write(struct pdfout *p, struct err *e)
{
	qpdf_data q = qpdf_init();
	bool good = false;
	int sources = 0;

	p->pages = 0;
	p->bytes = 0;
	p->pen = imprint_pen_new(e);
	if (p->pen == NULL)
		goto out;
	qpdf_silence_errors(q);
	qpdf_set_suppress_warnings(q, QPDF_TRUE);
	if (!read_document(p, q, &sources, e))
		goto out;
	if (p->plan->page_count == 0 ||
	    p->plan->pages[p->plan->page_count - 1].source > sources) {
		err_set(e, ERR_CORRUPT, "the document has %d pages", sources);
		goto out;
	}
	if (!add_pages(p, q, e))
		goto out;
	for (int i = 0; i < sources; i++)
		if (qpdf_remove_page(q, qpdf_get_page_n(q, 0)) & QPDF_ERRORS) {
			qpdf_failed(q, e);
			goto out;
		}
	good = write_document(p, q, e);
out:
	imprint_pen_free(p->pen);
	qpdf_cleanup(&q);
	return good;
}
