/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint_text.h"

#include <stdlib.h>
#include <string.h>

#include <cairo.h>
#include <pango/pangocairo.h>

#include "base/text.h"
#include "stamp/imprint_dots.h"

/* The first has the clearest hinted letters at 10 to 20 dots; any font will
 * do, as sizes are measured. */
#define FAMILY "DejaVu Sans Condensed,DejaVu Sans,Liberation Sans,Sans"

#define TEXT_MAX 128

/* Everything that a word's dots depend on. */
struct key {
	char text[TEXT_MAX];
	bool bold, spread;
	int size;
	int width; /* spread over or shortened to it; 0: as it comes */
};

struct word {
	struct key key;
	int ink_width, ink_height; /* as measured: may be a dot off */
	bool drawn;
	int baseline;	     /* rows of `dots` from the top down to it */
	struct imprint dots; /* from its first column of ink to its last */
};

struct imprint_pen {
	PangoFontMap *fonts; /* NULL: nothing was measured yet */
	PangoLayout *layout;
	struct word words[IMPRINT_WORDS];
	struct word *order[IMPRINT_WORDS]; /* the latest asked for first */
	int count;
	size_t bytes; /* of all their dots */
	struct imprint_kept kept;
	pthread_mutex_t *lock; /* of the fonts, or NULL: nobody shares them */
};

struct imprint_pen *
imprint_pen_new(struct err *e)
{
	struct imprint_pen *pen = calloc(1, sizeof *pen);

	if (pen == NULL)
		err_system(e, "memory for the words of stamps");
	return pen;
}

static void
forget_dots(struct imprint_pen *pen, struct word *w)
{
	pen->bytes -= w->dots.stride * (size_t)w->dots.height;
	imprint_free(&w->dots);
	w->drawn = false;
}

void
imprint_pen_free(struct imprint_pen *pen)
{
	if (pen == NULL)
		return;
	for (int i = 0; i < pen->count; i++)
		forget_dots(pen, &pen->words[i]);
	imprint_free(&pen->kept.words);
	if (pen->fonts != NULL) {
		g_object_unref(pen->layout);
		g_object_unref(pen->fonts);
	}
	free(pen);
}

void
imprint_pen_share(struct imprint_pen *pen, pthread_mutex_t *fonts)
{
	pen->lock = fonts;
}

static void
lock_fonts(const struct imprint_pen *pen)
{
	if (pen->lock != NULL)
		pthread_mutex_lock(pen->lock);
}

static void
unlock_fonts(const struct imprint_pen *pen)
{
	if (pen->lock != NULL)
		pthread_mutex_unlock(pen->lock);
}

struct imprint_kept *
imprint_pen_kept(struct imprint_pen *pen)
{
	return &pen->kept;
}

/* A font map of its own: Pango's default one belongs to the thread. */
static void
open_fonts(struct imprint_pen *pen)
{
	cairo_font_options_t *options = cairo_font_options_create();
	PangoContext *context;

	pen->fonts = pango_cairo_font_map_new();
	context = pango_font_map_create_context(pen->fonts);
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_NONE);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_FULL);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_ON);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	pen->layout = pango_layout_new(context);
	g_object_unref(context);
	pango_layout_set_single_paragraph_mode(pen->layout, TRUE);
}

static int
ink_width(struct imprint_pen *pen)
{
	PangoRectangle ink;

	pango_layout_get_pixel_extents(pen->layout, &ink, NULL);
	return ink.width;
}

static void
spread(struct imprint_pen *pen, const char *text, int room)
{
	glong letters = g_utf8_strlen(text, -1);
	PangoAttrList *list;
	int gap;

	if (letters < 2 || room <= 0)
		return;
	gap = room / (int)(letters - 1);
	list = pango_attr_list_new();
	pango_attr_list_insert(
	    list, pango_attr_letter_spacing_new(gap * PANGO_SCALE));
	pango_layout_set_attributes(pen->layout, list);
	pango_attr_list_unref(list);
}

/* Lays the word out. */
static void
set(struct imprint_pen *pen, const struct key *key)
{
	PangoFontDescription *font = pango_font_description_new();

	if (pen->fonts == NULL)
		open_fonts(pen);
	pango_font_description_set_family_static(font, FAMILY);
	pango_font_description_set_weight(
	    font, key->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_font_description_set_absolute_size(
	    font, (double)key->size * PANGO_SCALE);
	pango_layout_set_font_description(pen->layout, font);
	pango_font_description_free(font);
	pango_layout_set_attributes(pen->layout, NULL);
	pango_layout_set_width(pen->layout, -1);
	pango_layout_set_text(pen->layout, key->text, -1);
	if (key->spread) {
		spread(pen, key->text, key->width - ink_width(pen));
	} else if (key->width > 0) {
		pango_layout_set_width(pen->layout, key->width * PANGO_SCALE);
		pango_layout_set_ellipsize(pen->layout, PANGO_ELLIPSIZE_MIDDLE);
	}
}

/* Takes the ink of the surface, which is of 8 bits, as the word's dots. */
static bool
take(struct word *w, cairo_surface_t *surface, struct err *e)
{
	size_t stride = (size_t)cairo_image_surface_get_stride(surface);
	const uint8_t *data = cairo_image_surface_get_data(surface);
	int width = cairo_image_surface_get_width(surface);
	int height = cairo_image_surface_get_height(surface);
	int from = width, end = 0;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			if (data[(size_t)y * stride + (size_t)x] >= 128) {
				from = x < from ? x : from;
				end = x >= end ? x + 1 : end;
			}
	if (!imprint_make(&w->dots, end > from ? end - from : 0, height, e))
		return false;
	for (int y = 0; y < height; y++)
		for (int x = from; x < end; x++)
			if (data[(size_t)y * stride + (size_t)x] >= 128)
				imprint_run(
				    &w->dots, x - from, x - from + 1, y);
	return true;
}

static bool
draw(struct imprint_pen *pen, struct word *w, struct err *e)
{
	PangoRectangle ink;
	cairo_surface_t *surface;
	cairo_t *cairo;
	cairo_status_t status;
	int clear = 2 + w->key.size / 4; /* around what was measured */
	bool done;

	set(pen, &w->key);
	pango_layout_get_pixel_extents(pen->layout, &ink, NULL);
	w->baseline = pango_layout_get_baseline(pen->layout) / PANGO_SCALE;
	surface = cairo_image_surface_create(
	    CAIRO_FORMAT_A8, ink.width + 2 * clear, w->baseline + w->key.size);
	cairo = cairo_create(surface);
	cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
	cairo_move_to(cairo, clear - ink.x, 0);
	pango_cairo_show_layout(cairo, pen->layout);
	cairo_surface_flush(surface);
	status = cairo_status(cairo);
	done =
	    status == CAIRO_STATUS_SUCCESS
		? take(w, surface, e)
		: err_set(e, ERR_SYSTEM, "cairo, \"%s\" of %d dots: %s",
		      w->key.text, w->key.size, cairo_status_to_string(status));
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	if (done)
		pen->bytes += w->dots.stride * (size_t)w->dots.height;
	w->drawn = done;
	return done;
}

static bool
key_equal(const struct key *a, const struct key *b)
{
	return a->size == b->size && a->width == b->width &&
	       a->bold == b->bold && a->spread == b->spread &&
	       strcmp(a->text, b->text) == 0;
}

static void
measure(struct imprint_pen *pen, struct word *w, const struct key *key)
{
	PangoRectangle ink;

	set(pen, key);
	pango_layout_get_pixel_extents(pen->layout, &ink, NULL);
	w->key = *key;
	w->ink_width = ink.width;
	w->ink_height = ink.height;
}

/* The word, measured; good until the next call. */
static struct word *
find(struct imprint_pen *pen, const struct key *key)
{
	struct word *w;
	int i = 0;

	while (i < pen->count && !key_equal(&pen->order[i]->key, key))
		i++;
	if (i < pen->count) {
		w = pen->order[i];
	} else {
		if (i < IMPRINT_WORDS)
			pen->order[pen->count++] = &pen->words[i];
		else
			forget_dots(pen, pen->order[--i]);
		w = pen->order[i];
		lock_fonts(pen);
		measure(pen, w, key);
		unlock_fonts(pen);
	}
	for (; i > 0; i--)
		pen->order[i] = pen->order[i - 1];
	return pen->order[0] = w;
}

static struct key
key_of(const char *text, bool bold, int size)
{
	struct key key = {.bold = bold, .size = size};

	text_copy(key.text, sizeof key.text, text);
	return key;
}

/* The greatest size at most `size` at which the text is at most `most` dots
 * wide, or high. */
static int
shrink(struct imprint_pen *pen, const char *text, bool bold, int size, int most,
    bool high)
{
	for (; size > 1; size--) {
		struct key key = key_of(text, bold, size);
		const struct word *w = find(pen, &key);
		int got = high ? w->ink_height : w->ink_width;

		if (got <= most)
			break;
		/* a jump near to what will fit, then dot by dot */
		if ((long)size * most / got + 2 < size)
			size = (int)((long)size * most / got) + 2;
	}
	return size;
}

int
imprint_pen_fit(
    struct imprint_pen *pen, const char *text, bool bold, int cap, int width)
{
	int size = shrink(pen, "H", bold, cap * 3 / 2 + 1, cap, true);

	return shrink(pen, text, bold, size, width, false);
}

bool
imprint_pen_write(struct imprint_pen *pen, const struct imprint_writing *in,
    struct imprint *sheet, int x, int y, struct err *e)
{
	struct key key = key_of(in->text, in->bold, in->size);
	struct word *w = find(pen, &key);

	if (in->align == ALIGN_SPREAD || w->ink_width > in->width) {
		key.spread = in->align == ALIGN_SPREAD;
		key.width = in->width;
		w = find(pen, &key);
	}
	if (!w->drawn) {
		bool done;

		lock_fonts(pen);
		done = draw(pen, w, e);
		unlock_fonts(pen);
		if (!done)
			return false;
	}
	for (int i = pen->count - 1; pen->bytes > IMPRINT_WORD_BYTES && i > 0;
	     i--)
		forget_dots(pen, pen->order[i]);
	if (in->align == ALIGN_SPREAD)
		x += (in->width - w->ink_width) / 2;
	else if (in->align == ALIGN_RIGHT)
		x += in->width - w->dots.width;
	imprint_add(sheet, &w->dots, x, y - w->baseline);
	return true;
}
