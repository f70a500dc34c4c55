/* SPDX-License-Identifier: Apache-2.0 */
/* The glyphs of a page, as text and places: each mark that is found reads
 * again as the same mark, and lies where glyphs are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stamp/locate.h"
#include "stamp/typed.h"

#define GLYPHS_MAX 1024
#define FOUND_MAX  32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A byte below 8 moves the pen or turns it, one above 127 makes a character
 * with the next, any other is itself. */
struct pen {
	double x, y, dx, dy, size;
};

static void
move(struct pen *p, uint8_t how, uint8_t by)
{
	double turned = p->dx;

	switch (how) {
	case 0: p->x += by - 128.0; break;
	case 1: p->y += by - 128.0; break;
	case 2: p->dx = -p->dy, p->dy = turned; break;
	case 3: p->size = by / 4.0; break;
	case 4: p->x = ldexp(1, by); break;
	case 5: p->size = by == 0 ? HUGE_VAL : 0; break;
	case 6: p->y = -ldexp(1, by); break;
	case 7: p->x = 72, p->y += 14; break;
	}
}

static size_t
read_page(const uint8_t *data, size_t size, struct glyph *out)
{
	struct pen p = {72, 72, 6, 0, 12};
	size_t n = 0;

	for (size_t i = 0; i < size && n < GLYPHS_MAX; i++) {
		uint8_t next = i + 1 < size ? data[i + 1] : 0;

		if (data[i] < 8) {
			move(&p, data[i], next);
			i++;
			continue;
		}
		out[n].unicode = data[i] < 128
				     ? data[i]
				     : (uint32_t)(data[i++] - 128) << 8 | next;
		out[n].box = (struct rect){p.x, p.y, p.size / 2, p.size};
		p.x += p.dx;
		p.y += p.dy;
		n++;
	}
	return n;
}

static void
check(const struct located *l)
{
	struct err e = ERR_INIT;
	struct mark again;

	if (strnlen(l->text, sizeof(l->text)) == sizeof(l->text) ||
	    !mark_parse(l->text, &again, &e) ||
	    memcmp(&again, &l->mark, sizeof(again)) != 0 || l->ink_count < 1 ||
	    l->ink_count > LOCATED_INK_MAX ||
	    (l->rotation != 0 && l->rotation != 90 && l->rotation != 180 &&
		l->rotation != 270))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct glyph glyphs[GLYPHS_MAX];
	static struct located found[FOUND_MAX];
	size_t n = read_page(data, size, glyphs), count = 0;
	struct err e = ERR_INIT;
	char text[256], typed[512];

	locate_restore(glyphs, n);
	if (locate_marks(glyphs, n, found, FOUND_MAX, &count, &e)) {
		if (count > FOUND_MAX)
			abort();
		for (size_t i = 0; i < count; i++)
			check(&found[i]);
	} else if (e.kind != ERR_REQUEST || e.text[0] == '\0') {
		abort();
	}
	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	e = (struct err)ERR_INIT;
	if (typed_text(text, typed, sizeof(typed), &e))
		for (const char *c = typed; *c; c++)
			if ((unsigned char)*c > 0x7e)
				abort();
	return 0;
}
