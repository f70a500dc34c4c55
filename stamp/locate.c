/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/locate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stamp/locate_lines.h"
#include "stamp/near.h"
#include "stamp/typed.h"

#define STEPS_MAX	 16384 /* lines followed on a page */
#define ROW_PT		 2.0   /* boxes in one row, for the order */
#define GLYPH_TO_ASCII	 29
#define BREAK_CHOICES(n) (1U << (n))

/* One way of reading on from an opening bracket. */
struct trail {
	char line[LOCATED_INK_MAX][MARK_TEXT_MAX];
	struct rect ink[LOCATED_INK_MAX];
	int lines;
	bool closed;
};

enum keyword { KEYWORD_NOT, KEYWORD_BEGUN, KEYWORD_THERE };

typedef const struct segment *next_line(
    const struct lines_page *p, const struct lines *l, const struct segment *s);

/* Adds the glyphs from `at` to the end of the line or the closing brackets to
 * the trail's next line. */
static void
read_line(const struct lines_page *p, size_t at, size_t end, struct trail *t)
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
		if (glyph_is_ink(&p->glyphs[at]))
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

static bool
begins_in_numbers(const struct glyph *g, size_t n, const char *opening)
{
	size_t len = strlen(opening);

	for (size_t i = 0; i < len && i < n; i++) {
		uint32_t c = g[i].unicode + GLYPH_TO_ASCII;

		if (c >= 0x7f || typed_lower((char)c) != opening[i])
			return false;
	}
	return n >= len;
}

/* A mark, or what was meant to be one. */
static bool
is_mark_in_numbers(const struct glyph *g, size_t n)
{
	return begins_in_numbers(g, n, "[[" MARK_KEYWORD) ||
	       begins_in_numbers(g, n, "[" MARK_KEYWORD);
}

void
locate_restore(struct glyph *glyphs, size_t n)
{
	size_t end;

	for (size_t i = 0; i < n; i++) {
		if (!is_mark_in_numbers(glyphs + i, n - i))
			continue;
		end = n - i > MARK_TEXT_MAX ? i + MARK_TEXT_MAX : n;
		for (; i < end; i++) {
			uint32_t c = glyphs[i].unicode + GLYPH_TO_ASCII;

			if (glyphs[i].unicode == '\n' || c >= 0x7f)
				continue;
			glyphs[i].unicode = c;
			if (c == ']' && glyphs[i - 1].unicode == ']')
				break;
		}
	}
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

/* True if the words of a mark go on to the right of line `s`, in a badly
 * justified line: read on below it, they would be lost. */
static bool
goes_on(const struct lines_page *p, const struct lines *l,
    const struct segment *s, const struct trail *t)
{
	struct segment frame = {0};
	const struct segment *right = line_right_of(p, l, s, &frame);
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
	return words && !line_in_column(p, l, right, &frame,
			    s->rotation == ANY ? 0 : s->rotation);
}

static void
follow(struct lines_page *p, const struct lines *l, size_t at, next_line *next,
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
		if (next == line_below && goes_on(p, l, s, t))
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
read_text(struct lines_page *p, size_t at, struct trail *t, struct located *out,
    struct err *e)
{
	const struct {
		const struct lines *lines;
		next_line *next;
	} ways[] = {{&p->whole, line_below}, {&p->cells, line_below},
	    {&p->whole, line_after}};
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

/* Most of the keyword and then nothing that goes on with it. */
static bool
is_torn(const char *line)
{
	static const char wanted[] = "[[" MARK_KEYWORD;
	size_t n = strlen(line);
	size_t len = sizeof(wanted) - 1;

	if (n < len - 2 || n >= len)
		return false;
	for (size_t i = 0; i < n; i++)
		if (typed_lower(line[i]) != wanted[i])
			return false;
	return true;
}

/* The mark that opens with the glyphs `at` and `second`; *is_mark = false if
 * it is none. */
static bool
read_mark(struct lines_page *p, const struct segment *s, size_t at,
    size_t second, struct located *out, bool *is_mark, struct err *e)
{
	struct err why = ERR_INIT;
	struct trail t;
	bool askew;

	*is_mark = read_text(p, at, &t, out, &why) == KEYWORD_THERE;
	if (!*is_mark && is_torn(t.line[0]))
		return err_set(e, ERR_REQUEST,
		    "mark \"%s\" ends within its first word: is the rest of it "
		    "beside the page?",
		    t.line[0]);
	if (!*is_mark)
		return true;
	out->rotation =
	    glyph_direction(&p->glyphs[at], &p->glyphs[second], &askew);
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

	return glyph_is_ink(g) && typed_char(g->unicode, typed) &&
	       strcmp(typed, "[") == 0;
}

/* Characters of no width may stand between the two brackets, nothing else. */
static bool
shows_nothing(const struct glyph *g)
{
	char typed[TYPED_MAX];

	return typed_char(g->unicode, typed) && typed[0] == '\0';
}

/* The glyphs from `at` to the end of the line, as a person typed them. */
static void
typed_line(
    const struct glyph *g, size_t at, size_t end, char out[MARK_TEXT_MAX])
{
	char typed[TYPED_MAX];
	size_t len = 0;

	for (; at < end && g[at].unicode != '\n'; at++) {
		if (!typed_char(g[at].unicode, typed))
			strcpy(typed, "?");
		for (const char *c = typed; *c; c++)
			if ((*c != ' ' || (len > 0 && out[len - 1] != ' ')) &&
			    len + 1 < MARK_TEXT_MAX)
				out[len++] = *c;
	}
	out[len] = '\0';
}

/* One or two brackets and the keyword's first letter. */
static bool
may_be_near(const struct glyph *g, size_t at, size_t end)
{
	char bracket[TYPED_MAX], next[TYPED_MAX];

	if (at + 2 >= end || !typed_char(g[at].unicode, bracket) ||
	    !near_begins(*bracket) || !typed_char(g[at + 1].unicode, next))
		return false;
	if (*next == *bracket && !typed_char(g[at + 2].unicode, next))
		return false;
	return typed_lower(*next) == MARK_KEYWORD[0];
}

/* Refuses text that is all but a mark.  Brackets with a blank between them, or
 * behind the first, are how those letters are printed. */
static bool
check_near(const struct lines_page *p, const struct segment *s, struct err *e)
{
	char text[MARK_TEXT_MAX], seen[MARK_TEXT_MAX], meant[MARK_TEXT_MAX];
	char typed[TYPED_MAX], last[TYPED_MAX] = "";

	for (size_t i = s->first; i < s->end; i++) {
		if (!typed_char(p->glyphs[i].unicode, typed) || !*typed ||
		    *typed == ' ')
			continue;
		if (*typed != *last && may_be_near(p->glyphs, i, s->end)) {
			typed_line(p->glyphs, i, s->end, text);
			if (near_mark(text, seen, meant))
				return err_set(e, ERR_REQUEST,
				    "text \"%.80s\" is no mark: did you mean "
				    "%.100s? To print it as text put a blank "
				    "behind the first bracket",
				    seen, meant);
		}
		strcpy(last, typed);
	}
	return true;
}

static bool
scan_segment(struct lines_page *p, const struct segment *s, struct located *out,
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
	struct lines_page p = {0};
	bool done;

	*count = 0;
	done = lines_split(&p, glyphs, n, e);
	for (size_t i = 0; i < p.whole.count && done; i++)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed below */
		done =
		    check_near(&p, &p.whole.segments[i], e) &&
		    scan_segment(&p, &p.whole.segments[i], out, max, count, e);
	lines_free(&p);
	if (!done)
		return false;
	locate_sort(out, *count);
	return true;
}

void
locate_sort(struct located *marks, size_t count)
{
	qsort(marks, count, sizeof(*marks), by_place);
}
