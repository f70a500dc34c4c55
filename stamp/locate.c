/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/locate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stamp/typed.h"

/* A line of text as the caller's stream has it: glyphs up to a line end.  Its
 * box is in the reading frame: u grows as one reads, v from line to line. */
struct segment {
	size_t first, end;
	size_t ink;   /* its first glyph with ink, `end` if there is none */
	int rotation; /* ANY where one glyph alone does not tell */
	bool askew;
	double u0, u1, v0, v1;
};

#define ANY		 (-1)
#define SEGMENT_JUMP	 6.0   /* glyph sizes; a wider hole ends a line */
#define ASKEW		 0.2   /* tangent from which text is not upright */
#define CELL_GAP	 0.8   /* glyph heights; no blank is as wide */
#define RIGHT_GAP	 6.0   /* the same; no line is justified as badly */
#define ALIGNED_PT	 1.0   /* starts of lines of one column */
#define LINE_GAP	 1.5   /* line heights to the next line, at most */
#define LINE_SAME	 0.5   /* line heights: tops of one line differ less */
#define STEPS_MAX	 16384 /* of a page: bounds hostile pages */
#define ROW_PT		 2.0   /* boxes in one row, for the order */
#define BREAK_CHOICES(n) (1U << (n))

struct lines {
	struct segment *segments;
	size_t count;
};

struct page {
	const struct glyph *glyphs;
	struct lines whole; /* as the stream has them */
	struct lines cells; /* cut where there is more than a blank */
	size_t steps;	    /* lines followed so far */
};

/* One way of reading on from an opening bracket. */
struct trail {
	char line[LOCATED_INK_MAX][MARK_TEXT_MAX];
	struct rect ink[LOCATED_INK_MAX];
	int lines;
	bool closed;
};

enum keyword { KEYWORD_NOT, KEYWORD_BEGUN, KEYWORD_THERE };

typedef const struct segment *
next_line(const struct page *p, const struct lines *l, const struct segment *s);

/* --- lines ----------------------------------------------------------------- */

static struct segment
to_frame(struct rect r, int rotation)
{
	struct segment s = {0};

	switch (rotation) {
	case 90:
		s.u0 = r.y, s.u1 = r.y + r.h;
		s.v0 = -r.x - r.w, s.v1 = -r.x;
		break;
	case 180:
		s.u0 = -r.x - r.w, s.u1 = -r.x;
		s.v0 = -r.y - r.h, s.v1 = -r.y;
		break;
	case 270:
		s.u0 = -r.y - r.h, s.u1 = -r.y;
		s.v0 = r.x, s.v1 = r.x + r.w;
		break;
	default: s.u0 = r.x, s.u1 = r.x + r.w; s.v0 = r.y, s.v1 = r.y + r.h;
	}
	return s;
}

/* Blanks and line ends come with boxes of no meaning. */
static bool
is_ink(const struct glyph *g)
{
	char typed[TYPED_MAX];

	if (rect_empty(g->box) || !isfinite(g->box.x) || !isfinite(g->box.y) ||
	    !isfinite(g->box.w) || !isfinite(g->box.h))
		return false;
	return !typed_char(g->unicode, typed) ||
	       (typed[0] != '\0' && typed[0] != ' ');
}

static double
middle_x(const struct glyph *g)
{
	return g->box.x + g->box.w / 2;
}

static double
middle_y(const struct glyph *g)
{
	return g->box.y + g->box.h / 2;
}

/* The way from glyph a to glyph b as a rotation. */
static int
direction(const struct glyph *a, const struct glyph *b, bool *askew)
{
	double dx = middle_x(b) - middle_x(a), dy = middle_y(b) - middle_y(a);

	*askew = fmin(fabs(dx), fabs(dy)) > ASKEW * fmax(fabs(dx), fabs(dy));
	if (fabs(dx) >= fabs(dy))
		return dx >= 0 ? 0 : 180;
	return dy >= 0 ? 90 : 270;
}

/* Fills in rotation and box of the glyphs [first, end). */
static void
measure(const struct glyph *g, struct segment *s)
{
	const struct glyph *from = NULL, *to = NULL;
	struct rect box = {0, 0, 0, 0};
	struct segment frame;

	for (size_t i = s->first; i < s->end; i++) {
		if (!is_ink(&g[i]))
			continue;
		box = rect_union(box, g[i].box);
		to = &g[i];
		if (!from)
			from = to;
	}
	s->ink = from ? (size_t)(from - g) : s->end;
	s->rotation = ANY;
	if (from && from != to)
		s->rotation = direction(from, to, &s->askew);
	frame = to_frame(box, s->rotation == ANY ? 0 : s->rotation);
	s->u0 = frame.u0, s->u1 = frame.u1;
	s->v0 = frame.v0, s->v1 = frame.v1;
}

/* True if b is too far from a to stand in one line with it. */
static bool
jumps(const struct glyph *a, const struct glyph *b)
{
	double size = fmax(fmax(a->box.w, a->box.h), fmax(b->box.w, b->box.h));

	return hypot(middle_x(b) - middle_x(a), middle_y(b) - middle_y(a)) >
	       SEGMENT_JUMP * size;
}

static size_t
segment_end(const struct glyph *g, size_t from, size_t n)
{
	const struct glyph *last = NULL;

	for (size_t i = from; i < n; i++) {
		if (g[i].unicode == '\n')
			return i + 1;
		if (!is_ink(&g[i]))
			continue;
		if (last && jumps(last, &g[i]))
			return i;
		last = &g[i];
	}
	return n;
}

/* As segment_end() within line `s`, at a hole wider than a blank. */
static size_t
cell_end(const struct glyph *g, const struct segment *s, size_t from)
{
	struct segment last = {0}, now;
	bool any = false;

	for (size_t i = from; i < s->end && s->rotation != ANY; i++) {
		if (!is_ink(&g[i]))
			continue;
		now = to_frame(g[i].box, s->rotation);
		if (any && now.u0 - last.u1 > CELL_GAP * (now.v1 - now.v0))
			return i;
		last = now;
		any = true;
	}
	return s->end;
}

static bool
split_lines(struct page *p, size_t n, struct err *e)
{
	struct lines *l = &p->whole;
	size_t count = 0;

	for (size_t i = 0; i < n; i = segment_end(p->glyphs, i, n))
		count++;
	l->segments = calloc(count ? count : 1, sizeof(*l->segments));
	if (!l->segments)
		return err_system(e, "lines of a page");
	for (size_t i = 0; i < n; i = l->segments[l->count++].end) {
		l->segments[l->count].first = i;
		l->segments[l->count].end = segment_end(p->glyphs, i, n);
		measure(p->glyphs, &l->segments[l->count]);
	}
	return true;
}

static bool
split_cells(struct page *p, struct err *e)
{
	struct lines *l = &p->cells;
	const struct segment *s = p->whole.segments;
	const struct segment *end = s + p->whole.count;
	size_t count = 0;

	for (; s < end; s++)
		for (size_t i = s->first; i < s->end;
		     i = cell_end(p->glyphs, s, i))
			count++;
	l->segments = calloc(count ? count : 1, sizeof(*l->segments));
	if (!l->segments)
		return err_system(e, "cells of a page");
	for (s = p->whole.segments; s < end; s++)
		for (size_t i = s->first; i < s->end;
		     i = l->segments[l->count++].end) {
			struct segment *cell = &l->segments[l->count];

			cell->first = i;
			cell->end = cell_end(p->glyphs, s, i);
			measure(p->glyphs, cell);
		}
	return true;
}

/* --- from line to line ----------------------------------------------------- */

static const struct segment *
next_in_stream(
    const struct page *p, const struct lines *l, const struct segment *s)
{
	(void)p;
	return s + 1 < l->segments + l->count ? s + 1 : NULL;
}

/* `other` in the frame of a line turned by `rotation`; false if they stand in
 * different directions. */
static bool
aligned(const struct page *p, const struct segment *other, int rotation,
    struct segment *frame)
{
	if (other->rotation == rotation) {
		*frame = *other;
		return true;
	}
	if (other->rotation != ANY || other->ink == other->end)
		return false;
	*frame = to_frame(p->glyphs[other->ink].box, rotation);
	return true;
}

/* The line below on the page: cells of a table come row by row in the stream,
 * a line of each in turn. */
static const struct segment *
next_below(const struct page *p, const struct lines *l, const struct segment *s)
{
	const struct segment *best = NULL;
	struct segment own, frame, found = {0};
	int rotation = s->rotation == ANY ? 0 : s->rotation;
	double height;

	if (!aligned(p, s, rotation, &own))
		return NULL;
	height = own.v1 - own.v0;
	for (size_t i = 0; i < l->count; i++) {
		if (&l->segments[i] == s ||
		    !aligned(p, &l->segments[i], rotation, &frame))
			continue;
		if ((frame.v0 + frame.v1) / 2 <= own.v1 - height / 4 ||
		    frame.v0 > own.v1 + LINE_GAP * height ||
		    frame.u0 >= own.u1 || frame.u1 <= own.u0)
			continue;
		if (best && (frame.v0 > found.v0 + LINE_SAME * height ||
				(frame.v0 > found.v0 - LINE_SAME * height &&
				    frame.u0 >= found.u0)))
			continue;
		best = &l->segments[i];
		found = frame;
	}
	return best;
}

/* Adds the glyphs from `at` to the end of the line or the closing brackets to
 * the trail's next line. */
static void
read_line(const struct page *p, size_t at, size_t end, struct trail *t)
{
	char *line = t->line[t->lines], typed[TYPED_MAX];
	struct rect *ink = &t->ink[t->lines];
	size_t len = 0;
	char last = '\0';

	if (t->lines > 0) {
		size_t before = strlen(t->line[t->lines - 1]);

		last = before ? t->line[t->lines - 1][before - 1] : '\0';
	}
	for (; at < end && !t->closed; at++) {
		if (!typed_char(p->glyphs[at].unicode, typed))
			strcpy(typed, "?");
		if (is_ink(&p->glyphs[at]))
			*ink = rect_union(*ink, p->glyphs[at].box);
		for (const char *c = typed; *c; c++) {
			if (*c == ' ' && (len == 0 || line[len - 1] == ' '))
				continue;
			if (len + 1 == MARK_TEXT_MAX)
				goto full;
			line[len++] = *c;
			if (*c == ']' && last == ']')
				t->closed = true;
			last = *c;
		}
	}
full:
	while (len > 0 && line[len - 1] == ' ')
		len--;
	line[len] = '\0';
	if (len > 0)
		t->lines++;
}

/* Whether the trail begins with the brackets and the keyword, however torn. */
static enum keyword
keyword(const struct trail *t)
{
	static const char wanted[] = "[[" MARK_KEYWORD;
	const char *w = wanted;

	for (int i = 0; i < t->lines; i++) {
		for (const char *c = t->line[i]; *c; c++) {
			if (*c == ' ' || (*c == '-' && c[1] == '\0'))
				continue;
			if (typed_lower(*c) != *w)
				return KEYWORD_NOT;
			if (*++w == '\0')
				return KEYWORD_THERE;
		}
	}
	return KEYWORD_BEGUN;
}

/* The nearest text to the right of a line, in its frame. */
static const struct segment *
right_of(const struct page *p, const struct lines *l, const struct segment *s,
    struct segment *frame)
{
	const struct segment *best = NULL;
	struct segment own, now;
	int rotation = s->rotation == ANY ? 0 : s->rotation;
	double height;

	if (!aligned(p, s, rotation, &own))
		return NULL;
	height = own.v1 - own.v0;
	for (size_t i = 0; i < l->count; i++) {
		if (&l->segments[i] == s ||
		    !aligned(p, &l->segments[i], rotation, &now) ||
		    fabs(now.v0 + now.v1 - own.v0 - own.v1) > height ||
		    now.u0 < own.u1 || now.u0 > own.u1 + RIGHT_GAP * height ||
		    (best && now.u0 >= frame->u0))
			continue;
		best = &l->segments[i];
		*frame = now;
	}
	return best;
}

/* True if another line near it begins below or above this one. */
static bool
in_column(const struct page *p, const struct lines *l, const struct segment *s,
    const struct segment *frame, int rotation)
{
	double reach = (1 + LINE_GAP) * (frame->v1 - frame->v0);
	struct segment now;

	for (size_t i = 0; i < l->count; i++)
		if (&l->segments[i] != s &&
		    aligned(p, &l->segments[i], rotation, &now) &&
		    fabs(now.u0 - frame->u0) < ALIGNED_PT &&
		    fabs(now.v0 - frame->v0) < reach)
			return true;
	return false;
}

/* True if the words of a mark go on to the right of line `s`, in a badly
 * justified line: read on below it, they would be lost. */
static bool
goes_on(const struct page *p, const struct lines *l, const struct segment *s,
    const struct trail *t)
{
	struct segment frame = {0};
	const struct segment *right = right_of(p, l, s, &frame);
	struct trail text;
	bool words;

	if (!right)
		return false;
	memset(&text, 0, sizeof(text));
	read_line(p, right->first, right->end, &text);
	if (strncmp(text.line[0], "[[", 2) == 0)
		return false;
	words = strchr(text.line[0], '=') || strstr(text.line[0], "]]");
	if (t->lines == 1 && typed_same(t->line[0], "[[" MARK_KEYWORD))
		words |= strchr(".0123456789", text.line[0][0]) != NULL;
	return words && !in_column(p, l, right, &frame,
			    s->rotation == ANY ? 0 : s->rotation);
}

static void
follow(struct page *p, const struct lines *l, size_t at, next_line *next,
    struct trail *t)
{
	const struct segment *s = l->segments;

	while (s->end <= at)
		s++;
	memset(t, 0, sizeof(*t));
	read_line(p, at, s->end, t);
	while (!t->closed && t->lines < LOCATED_INK_MAX && t->lines > 0 &&
	       keyword(t) != KEYWORD_NOT && p->steps < STEPS_MAX) {
		p->steps++;
		if (next == next_below && goes_on(p, l, s, t))
			return;
		s = next(p, l, s);
		if (!s)
			return;
		read_line(p, s->first, s->end, t);
	}
}

/* --- reading --------------------------------------------------------------- */

/* Joins the lines; bit i of `choices` set = line i+1 follows without blank, or
 * without the hyphen that ended line i.  False if that is too long. */
static bool
join(const struct trail *t, unsigned choices, char out[MARK_TEXT_MAX])
{
	size_t pos = 0;

	for (int i = 0; i < t->lines; i++) {
		size_t len = strlen(t->line[i]);
		bool hyphen = pos > 0 && out[pos - 1] == '-';
		bool tight = i > 0 && (choices & BREAK_CHOICES(i - 1));

		if (hyphen && tight)
			pos--;
		if (i > 0 && !hyphen && !tight)
			out[pos++] = ' ';
		if (pos + len + 2 > MARK_TEXT_MAX)
			return false;
		memcpy(out + pos, t->line[i], len);
		pos += len;
	}
	out[pos] = '\0';
	return true;
}

static bool
same_mark(const struct mark *a, const struct mark *b)
{
	char x[MARK_TEXT_MAX], y[MARK_TEXT_MAX];

	mark_format(a, x);
	mark_format(b, y);
	return strcmp(x, y) == 0;
}

/* The choices of join() that take a hyphen away. */
static unsigned
hyphen_choices(const struct trail *t)
{
	unsigned mask = 0;

	for (int i = 0; i + 1 < t->lines; i++)
		if (t->line[i][strlen(t->line[i]) - 1] == '-')
			mask |= BREAK_CHOICES(i);
	return mask;
}

/* Reads a closed trail into text and mark.  A hyphen that makes sense where it
 * stands is kept. */
static bool
understand(const struct trail *t, struct located *out, struct err *e)
{
	char text[MARK_TEXT_MAX];
	unsigned hyphens = hyphen_choices(t);
	struct mark mark;
	struct err ignored = ERR_INIT;
	bool found;

	if (!join(t, 0, out->text))
		return err_set(e, ERR_REQUEST,
		    "it is longer than %d characters", MARK_TEXT_MAX - 1);
	found = mark_parse(out->text, &out->mark, e);
	for (unsigned c = 1; c < BREAK_CHOICES(t->lines - 1); c++) {
		if ((found && (c & hyphens)) || !join(t, c, text) ||
		    !mark_parse(text, &mark, &ignored))
			continue;
		if (found && !same_mark(&mark, &out->mark))
			return err_set(e, ERR_REQUEST,
			    "broken over lines it can be read as %s too; keep "
			    "it in one line",
			    text);
		if (found)
			continue;
		memcpy(out->text, text, sizeof(text));
		out->mark = mark;
		found = true;
	}
	return found;
}

/* Reads the mark that opens at glyph `at`: below on the page, with the cells
 * of a table in one line or apart, else further in the stream.  KEYWORD_THERE where it is a mark, readable or not. */
static enum keyword
read_text(struct page *p, size_t at, struct trail *t, struct located *out,
    struct err *e)
{
	const struct {
		const struct lines *lines;
		next_line *next;
	} ways[] = {{&p->whole, next_below}, {&p->cells, next_below},
	    {&p->whole, next_in_stream}};
	enum keyword found = KEYWORD_NOT;
	struct trail other;

	for (int i = 0; i < 3; i++) {
		/* cppcheck-suppress uninitvar; follow() fills it */
		struct trail *now = found == KEYWORD_THERE ? &other : t;
		struct err why = ERR_INIT;

		follow(p, ways[i].lines, at, ways[i].next, now);
		if (keyword(now) != KEYWORD_THERE)
			continue;
		if (!now->closed)
			err_set(&why, ERR_REQUEST, "it is not closed by ]]");
		else if (understand(now, out, &why))
			why.kind = ERR_NONE;
		if (found != KEYWORD_THERE || why.kind == ERR_NONE ||
		    (now->closed && !t->closed)) {
			*t = *now;
			*e = why;
		}
		found = KEYWORD_THERE;
		if (why.kind == ERR_NONE)
			break;
	}
	if (p->steps == STEPS_MAX) {
		err_set(e, ERR_REQUEST, "too many brackets to be marks");
		return KEYWORD_THERE;
	}
	return found;
}

/* The mark that opens with the glyphs `at` and `second`; *is_mark = false if
 * it is none. */
static bool
read_mark(struct page *p, const struct segment *s, size_t at, size_t second,
    struct located *out, bool *is_mark, struct err *e)
{
	struct err why = ERR_INIT;
	struct trail t;
	bool askew;

	*is_mark = read_text(p, at, &t, out, &why) == KEYWORD_THERE;
	if (!*is_mark)
		return true;
	out->rotation = direction(&p->glyphs[at], &p->glyphs[second], &askew);
	if (why.kind == ERR_NONE && (askew || s->askew))
		err_set(&why, ERR_REQUEST,
		    "it stands askew; stamps are printed upright or in "
		    "quarter turns");
	if (why.kind != ERR_NONE) {
		if (!join(&t, 0, out->text))
			text_copy(out->text, sizeof(out->text), t.line[0]);
		*e = why;
		return err_prefix(e, "mark \"%.80s%s\"", out->text,
		    strlen(out->text) > 80 ? "..." : "");
	}
	out->ink_count = t.lines;
	for (int i = 0; i < t.lines; i++) {
		out->ink[i] = t.ink[i];
		out->box = rect_union(out->box, t.ink[i]);
	}
	return true;
}

/* --- order ----------------------------------------------------------------- */

static int
by_place(const void *left, const void *right)
{
	const struct located *a = left, *b = right;
	double row_a = floor(a->box.y / ROW_PT),
	       row_b = floor(b->box.y / ROW_PT);

	if (row_a != row_b)
		return row_a < row_b ? -1 : 1;
	if (a->box.x != b->box.x)
		return a->box.x < b->box.x ? -1 : 1;
	return 0;
}

static bool
is_bracket(const struct glyph *g)
{
	char typed[TYPED_MAX];

	return is_ink(g) && typed_char(g->unicode, typed) &&
	       strcmp(typed, "[") == 0;
}

/* Characters of no width may stand between the two brackets, nothing else. */
static bool
shows_nothing(const struct glyph *g)
{
	char typed[TYPED_MAX];

	return typed_char(g->unicode, typed) && typed[0] == '\0';
}

static bool
scan_segment(struct page *p, const struct segment *s, struct located *out,
    size_t max, size_t *count, struct err *e)
{
	size_t at = s->end;
	struct located found;
	bool is_mark;

	for (size_t i = s->first; i < s->end; i++) {
		if (!is_bracket(&p->glyphs[i])) {
			if (!shows_nothing(&p->glyphs[i]))
				at = s->end;
			continue;
		}
		if (at == s->end) {
			at = i;
			continue;
		}
		memset(&found, 0, sizeof(found));
		if (!read_mark(p, s, at, i, &found, &is_mark, e))
			return false;
		at = i;
		if (!is_mark)
			continue;
		if (*count == max)
			return err_set(
			    e, ERR_REQUEST, "more than %zu marks", max);
		out[(*count)++] = found;
	}
	return true;
}

bool
locate_marks(const struct glyph *glyphs, size_t n, struct located *out,
    size_t max, size_t *count, struct err *e)
{
	struct page p = {0};
	bool done;

	*count = 0;
	p.glyphs = glyphs;
	done = split_lines(&p, n, e) && split_cells(&p, e);
	for (size_t i = 0; i < p.whole.count && done; i++)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed below */
		done =
		    scan_segment(&p, &p.whole.segments[i], out, max, count, e);
	free(p.whole.segments);
	free(p.cells.segments);
	if (!done)
		return false;
	qsort(out, *count, sizeof(*out), by_place);
	return true;
}
