/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/cells.h"

#include <fcntl.h>
#include <math.h>
#include <qpdf/qpdf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter/cells_draw.h"
#include "filter/pieces.h"

#define ROOM_PT	     3600.0 /* around a form; half of the largest paper */
#define CELLS_ALL    65536  /* of one document */
#define CONTENT_MAX  16384  /* bytes of what pdftopdf draws a sheet with */
#define NUMBER_MAX   1e6    /* points, and factors */
#define TAIL_END_MAX 1024   /* bytes from startxref to the end */

struct sheet_cells {
	size_t first, count;
	bool pieces;
};

struct cells {
	struct sheet_cells *sheets;
	int sheet_count;
	struct cell *all;
	size_t count, room;
	void *pdf; /* mapped */
	size_t bytes;
	/* while it is made */
	qpdf_data q;
	FILE *tail;
	long objects, prev, size; /* of the file: numbers, its table, bytes */
	long *offsets;		  /* of the new objects */
	size_t offset_room;
};

static const double identity[6] = {1, 0, 0, 1, 0, 0};

/* First `m`, then `n`. */
static void
multiply(const double m[6], const double n[6], double out[6])
{
	double r[6] = {m[0] * n[0] + m[1] * n[2], m[0] * n[1] + m[1] * n[3],
	    m[2] * n[0] + m[3] * n[2], m[2] * n[1] + m[3] * n[3],
	    m[4] * n[0] + m[5] * n[2] + n[4], m[4] * n[1] + m[5] * n[3] + n[5]};

	memcpy(out, r, sizeof(r));
}

static struct rect
transformed(const double m[6], struct rect r)
{
	double x0 = m[0] * r.x + m[2] * r.y + m[4];
	double y0 = m[1] * r.x + m[3] * r.y + m[5];
	double x1 = m[0] * (r.x + r.w) + m[2] * (r.y + r.h) + m[4];
	double y1 = m[1] * (r.x + r.w) + m[3] * (r.y + r.h) + m[5];

	return (struct rect){
	    fmin(x0, x1), fmin(y0, y1), fabs(x1 - x0), fabs(y1 - y0)};
}

struct rect
cell_to_sheet(const struct cell *c, struct rect r)
{
	return transformed(c->m, r);
}

/* Quarter turns, one scale, perhaps a mirror: text is bent by nothing. */
static bool
is_square(const double m[6])
{
	double big = fmax(fabs(m[0]), fabs(m[1])), small = big * 1e-3;

	if (!(big > 1e-3) || !(big < 1e3))
		return false;
	return (fabs(m[1]) < small && fabs(m[2]) < small &&
		   fabs(fabs(m[0]) - fabs(m[3])) < small) ||
	       (fabs(m[0]) < small && fabs(m[3]) < small &&
		   fabs(fabs(m[1]) - fabs(m[2])) < small);
}

bool
cell_is_mirrored(const struct cell *c)
{
	return c->m[0] * c->m[3] - c->m[1] * c->m[2] < 0;
}

/* --- reading ----------------------------------------------------------------- */

static bool
read_numbers(qpdf_data q, qpdf_oh array, int n, double *out)
{
	if (!qpdf_oh_is_array(q, array) ||
	    qpdf_oh_get_array_n_items(q, array) != n)
		return false;
	for (int i = 0; i < n; i++) {
		qpdf_oh item = qpdf_oh_get_array_item(q, array, i);

		if (!qpdf_oh_is_number(q, item))
			return false;
		out[i] = qpdf_oh_get_numeric_value(q, item);
		if (!(fabs(out[i]) < NUMBER_MAX))
			return false;
	}
	return true;
}

static bool
read_box(qpdf_data q, qpdf_oh dict, const char *key, struct rect *out)
{
	double n[4];

	if (!read_numbers(q, qpdf_oh_get_key(q, dict, key), 4, n))
		return false;
	*out = (struct rect){fmin(n[0], n[2]), fmin(n[1], n[3]),
	    fabs(n[2] - n[0]), fabs(n[3] - n[1])};
	return out->w >= 1 && out->h >= 1;
}

/* The page's own space to the sheet's, which is turned and has y down. */
static bool
read_sheet(qpdf_data q, qpdf_oh page, double m[6], struct rect *sheet)
{
	struct rect box, crop;
	qpdf_oh turn = qpdf_oh_get_key(q, page, "/Rotate");
	int rotate = 0;

	if (!read_box(q, page, "/MediaBox", &box))
		return false;
	if (qpdf_oh_has_key(q, page, "/CropBox") &&
	    (!read_box(q, page, "/CropBox", &crop) || !rect_equal(crop, box)))
		return false;
	if (qpdf_oh_is_integer(q, turn))
		rotate =
		    (qpdf_oh_get_int_value_as_int(q, turn) % 360 + 360) % 360;
	*sheet = (struct rect){0, 0, box.w, box.h};
	if (rotate % 180 != 0)
		*sheet = (struct rect){0, 0, box.h, box.w};
	switch (rotate) {
	case 0:
		memcpy(m, (double[6]){1, 0, 0, -1, -box.x, box.y + box.h},
		    6 * sizeof(*m));
		return true;
	case 90:
		memcpy(
		    m, (double[6]){0, 1, 1, 0, -box.y, -box.x}, 6 * sizeof(*m));
		return true;
	case 180:
		memcpy(m, (double[6]){-1, 0, 0, 1, box.x + box.w, -box.y},
		    6 * sizeof(*m));
		return true;
	case 270:
		memcpy(m,
		    (double[6]){0, -1, -1, 0, box.y + box.h, box.x + box.w},
		    6 * sizeof(*m));
		return true;
	default: return false;
	}
}

/* What the sheet is drawn with, as text; NULL where that is more than a few
 * forms need.  The caller frees. */
static char *
read_content(qpdf_data q, qpdf_oh page)
{
	qpdf_oh stream = qpdf_oh_get_key(q, page, "/Contents");
	unsigned char *data = NULL;
	QPDF_BOOL filtered = QPDF_FALSE;
	char *text = NULL;
	size_t len = 0;
	qpdf_oh length;

	if (!qpdf_oh_is_stream(q, stream))
		return NULL;
	length = qpdf_oh_get_key(q, qpdf_oh_get_dict(q, stream), "/Length");
	if (!qpdf_oh_is_integer(q, length) ||
	    qpdf_oh_get_int_value_as_int(q, length) > CONTENT_MAX)
		return NULL;
	if (qpdf_oh_get_stream_data(q, stream, qpdf_dl_generalized, &filtered,
		&data, &len) < QPDF_ERRORS &&
	    filtered && len <= CONTENT_MAX && (text = malloc(len + 1))) {
		memcpy(text, data, len);
		text[len] = '\0';
	}
	free(data);
	return text;
}

/* --- the second PDF ------------------------------------------------------------ */

static bool
add_object(struct cells *c)
{
	size_t n = c->count + 2; /* with catalogue and tree, which come last */

	if (n >= c->offset_room) {
		size_t room = c->offset_room ? c->offset_room * 2 : 64;
		long *larger = realloc(c->offsets, room * sizeof(*larger));

		if (larger == NULL)
			return false;
		c->offsets = larger;
		c->offset_room = room;
	}
	c->offsets[c->count] = ftell(c->tail);
	return true;
}

/* Makes the form a page; `m` is the form's space to the sheet. */
static bool
add_cell(struct cells *c, qpdf_oh form, struct rect box, const double m[6],
    struct rect sheet)
{
	qpdf_oh dict = qpdf_oh_get_dict(c->q, form);
	struct rect wide = rect_grow(box, ROOM_PT);
	const double up[6] = {1, 0, 0, -1, wide.x, wide.y + wide.h};
	struct cell *cell;

	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 16;
		struct cell *larger = realloc(c->all, room * sizeof(*larger));

		if (larger == NULL)
			return false;
		c->all = larger;
		c->room = room;
	}
	if (!add_object(c))
		return false;
	fprintf(c->tail,
	    "%ld 0 obj\n<</Type/Page/Parent %ld 0 R/MediaBox[%.4f %.4f %.4f "
	    "%.4f]/Contents %d %d R",
	    c->objects + 2 + (long)c->count, c->objects + 1, wide.x, wide.y,
	    wide.x + wide.w, wide.y + wide.h, qpdf_oh_get_object_id(c->q, form),
	    qpdf_oh_get_generation(c->q, form));
	fprintf(c->tail, "/Resources %s>>\nendobj\n",
	    qpdf_oh_unparse(c->q, qpdf_oh_get_key(c->q, dict, "/Resources")));
	cell = &c->all[c->count++];
	*cell = (struct cell){.page = (int)c->count};
	multiply(up, m, cell->m);
	cell->area = rect_cut(transformed(m, box), sheet);
	return true;
}

/* The forms of one sheet; false where it is drawn with anything else. */
static bool
add_sheet(struct cells *c, qpdf_oh page)
{
	struct drawn_form forms[CELLS_MAX];
	double to_sheet[6], own[6], m[6];
	struct rect sheet, box;
	char *content = NULL;
	qpdf_oh names, form, dict;
	size_t n = 0;
	bool good;

	if (!read_sheet(c->q, page, to_sheet, &sheet))
		return false;
	content = read_content(c->q, page);
	good = content && cells_draw(content, forms, CELLS_MAX, &n);
	free(content);
	names = qpdf_oh_get_key(
	    c->q, qpdf_oh_get_key(c->q, page, "/Resources"), "/XObject");
	for (size_t i = 0; good && i < n; i++) {
		form = qpdf_oh_get_key(c->q, names, forms[i].name);
		dict = qpdf_oh_get_dict(c->q, form);
		memcpy(own, identity, sizeof(own));
		if (!qpdf_oh_is_stream(c->q, form) ||
		    !qpdf_oh_is_name_and_equals(c->q,
			qpdf_oh_get_key(c->q, dict, "/Subtype"), "/Form") ||
		    !read_box(c->q, dict, "/BBox", &box) ||
		    (qpdf_oh_has_key(c->q, dict, "/Matrix") &&
			!read_numbers(c->q,
			    qpdf_oh_get_key(c->q, dict, "/Matrix"), 6, own)))
			return false;
		multiply(own, forms[i].m, m);
		if (!is_square(m))
			return false;
		multiply(m, to_sheet, m);
		if (!add_cell(c, form, box, m, sheet))
			return false;
	}
	return good && n > 0;
}

/* The table at the end of the file has all objects in one piece, as pdftopdf
 * writes it. */
static bool
find_table(struct cells *c, int fd)
{
	char end[TAIL_END_MAX + 1], head[64], *at = NULL;
	ssize_t n;
	off_t from = c->size > TAIL_END_MAX ? c->size - TAIL_END_MAX : 0;

	n = pread(fd, head, 5, 0);
	if (n != 5 || memcmp(head, "%PDF-", 5) != 0)
		return false;
	n = pread(fd, end, TAIL_END_MAX, from);
	if (n <= 0)
		return false;
	end[n] = '\0';
	for (char *p = end; p < end + n; p++)
		if (strncmp(p, "startxref", 9) == 0)
			at = p;
	if (at == NULL || sscanf(at, "startxref %ld", &c->prev) != 1 ||
	    c->prev <= 0 || c->prev >= c->size)
		return false;
	n = pread(fd, head, sizeof(head) - 1, c->prev);
	if (n <= 0)
		return false;
	head[n] = '\0';
	return sscanf(head, "xref 0 %ld", &c->objects) == 1 && c->objects > 0 &&
	       c->objects < c->size;
}

static void
write_tail_end(struct cells *c)
{
	long table, first = c->objects;

	c->offsets[c->count] = ftell(c->tail);
	fprintf(c->tail, "%ld 0 obj\n<</Type/Catalog/Pages %ld 0 R>>\nendobj\n",
	    first, first + 1);
	c->offsets[c->count + 1] = ftell(c->tail);
	fprintf(c->tail, "%ld 0 obj\n<</Type/Pages/Count %zu/Kids[", first + 1,
	    c->count);
	for (size_t i = 0; i < c->count; i++)
		fprintf(c->tail, "%ld 0 R ", first + 2 + (long)i);
	fprintf(c->tail, "]>>\nendobj\n");
	table = ftell(c->tail);
	fprintf(c->tail, "xref\n%ld %zu\n", first, c->count + 2);
	for (size_t i = 0; i < c->count + 2; i++)
		fprintf(c->tail, "%010ld 00000 n \n",
		    c->size + c->offsets[(i + c->count) % (c->count + 2)]);
	fprintf(c->tail,
	    "trailer\n<</Size %ld/Root %ld 0 R/Prev %ld>>\nstartxref\n%ld\n"
	    "%%%%EOF\n",
	    first + 2 + (long)c->count, first, c->prev, c->size + table);
}

/* The file with the tail behind it. */
static bool
map(struct cells *c, int fd, const char *tail, size_t len)
{
	size_t bytes = (size_t)c->size + len;
	void *all = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		return false;
	c->pdf = all;
	c->bytes = bytes;
	if (mmap(all, (size_t)c->size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		return false;
	memcpy((char *)all + c->size, tail, len);
	return true;
}

/* --- all of it ----------------------------------------------------------------- */

static bool
read_sheets(struct cells *c, const char *file)
{
	long at;

	if (qpdf_read(c->q, file, NULL) != QPDF_SUCCESS ||
	    qpdf_is_encrypted(c->q) ||
	    qpdf_get_num_pages(c->q) != c->sheet_count)
		return false;
	for (int i = 0; i < c->sheet_count; i++) {
		qpdf_oh page = qpdf_get_page_n(c->q, (size_t)i);
		size_t before = c->count;

		at = ftell(c->tail);
		if (c->objects == 0 || c->count > CELLS_ALL ||
		    !add_sheet(c, page)) {
			c->count = before;
			fseek(c->tail, at, SEEK_SET);
		}
		c->sheets[i] = (struct sheet_cells){
		    before, c->count - before, pieces_many(c->q, page)};
		qpdf_oh_release_all(c->q);
	}
	return !qpdf_has_error(c->q);
}

static bool
read_file(struct cells *c, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *tail = NULL;
	size_t len = 0;
	bool good = false;

	if (fd < 0)
		return false;
	c->q = qpdf_init();
	c->tail = open_memstream(&tail, &len);
	if (c->q == NULL || c->tail == NULL || fstat(fd, &st) != 0)
		goto out;
	c->size = (long)st.st_size;
	qpdf_silence_errors(c->q);
	qpdf_set_suppress_warnings(c->q, QPDF_TRUE);
	if (!find_table(c, fd))
		c->objects = 0;
	if (!read_sheets(c, file))
		goto out;
	good = c->count == 0;
	if (good)
		goto out;
	write_tail_end(c);
	good = fflush(c->tail) == 0 && map(c, fd, tail, len);
out:
	if (c->tail != NULL)
		fclose(c->tail);
	free(tail);
	free(c->offsets);
	c->offsets = NULL;
	if (c->q != NULL && qpdf_has_error(c->q))
		(void)qpdf_get_error(c->q); /* else QPDF tells of it */
	if (c->q != NULL)
		qpdf_cleanup(&c->q);
	close(fd);
	return good;
}

struct cells *
cells_open(const char *file, int pages)
{
	struct cells *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->sheet_count = pages;
	c->sheets = calloc((size_t)pages, sizeof(*c->sheets));
	if (c->sheets != NULL && read_file(c, file))
		return c;
	cells_close(c);
	return NULL;
}

void
cells_close(struct cells *c)
{
	if (c == NULL)
		return;
	if (c->pdf != NULL)
		munmap(c->pdf, c->bytes);
	free(c->all);
	free(c->sheets);
	free(c);
}

const struct cell *
cells_of(const struct cells *c, int page, size_t *count)
{
	const struct sheet_cells *s = &c->sheets[page - 1];

	*count = s->count;
	return c->all + s->first;
}

bool
cells_pieces(const struct cells *c, int page)
{
	return c->sheets[page - 1].pieces;
}

const void *
cells_pdf(const struct cells *c, size_t *bytes, int *pages)
{
	*bytes = c->bytes;
	*pages = (int)c->count;
	return c->pdf;
}
