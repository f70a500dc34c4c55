/* SPDX-License-Identifier: Apache-2.0 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include "filter/pwgpage.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cups/pwg.h>

#include "filter/coded.h"

/* What is around the page on its sheet, in dots. */
struct margins {
	unsigned width, height; /* of the sheet */
	unsigned left, top, bottom;
};

/* As libcups and rastertopwg round, to the bit. */
static unsigned
to_dots(float points, unsigned dpi)
{
	return points > 0 ? (unsigned)((double)(points * (float)dpi) / 72.0)
			  : 0;
}

/* The renderer may have rounded a side up by one. */
static unsigned
sheet_side(float points, unsigned dpi, unsigned page)
{
	unsigned dots = to_dots(points, dpi);

	return dots < page && dots + 1 >= page ? page : dots;
}

static bool
find_margins(const cups_page_header2_t *h, struct margins *m, struct err *e)
{
	unsigned x = h->HWResolution[0], y = h->HWResolution[1];
	long top, right;

	m->width = sheet_side(h->cupsPageSize[0], x, h->cupsWidth);
	m->height = sheet_side(h->cupsPageSize[1], y, h->cupsHeight);
	m->left = to_dots(h->cupsImagingBBox[0], x);
	top = (long)m->height - (long)to_dots(h->cupsImagingBBox[1], y) -
	      (long)h->cupsHeight;
	right = (long)m->width - (long)m->left - (long)h->cupsWidth;
	if (top < -1 || right < -1 || m->height < h->cupsHeight ||
	    m->width < h->cupsWidth)
		return err_set(e, ERR_CONFIG,
		    "the page of %u x %u dots does not lie on its sheet of "
		    "%u x %u",
		    h->cupsWidth, h->cupsHeight, m->width, m->height);
	m->top = top < 0 ? 0 : (unsigned)top;
	m->bottom = m->height - m->top - h->cupsHeight;
	return true;
}

static bool
find_white(const cups_page_header2_t *h, uint8_t *white, struct err *e)
{
	unsigned space = (unsigned)h->cupsColorSpace;

	switch (h->cupsColorSpace) {
	case CUPS_CSPACE_W:
	case CUPS_CSPACE_RGB:
	case CUPS_CSPACE_SW:
	case CUPS_CSPACE_SRGB:
	case CUPS_CSPACE_ADOBERGB: *white = 0xff; break;
	case CUPS_CSPACE_K:
	case CUPS_CSPACE_CMYK: *white = 0; break;
	default:
		if (space < CUPS_CSPACE_DEVICE1 || space > CUPS_CSPACE_DEVICEF)
			return err_set(e, ERR_CONFIG,
			    "PWG raster has no colour space %u", space);
		*white = 0;
	}
	if (h->cupsColorOrder != CUPS_ORDER_CHUNKED ||
	    (h->cupsBitsPerPixel != 1 && h->cupsBitsPerColor != 8 &&
		h->cupsBitsPerColor != 16))
		return err_set(e, ERR_CONFIG,
		    "PWG raster has no pages of colour order %u, %u bits per "
		    "colour",
		    (unsigned)h->cupsColorOrder, h->cupsBitsPerColor);
	return true;
}

struct word {
	const char *option, *header;
};

/* A job option's word in the header; one that is not known empties it. */
static void
set_word(char *field, const char *value, const struct word *words)
{
	if (value == NULL)
		return;
	field[0] = '\0';
	for (; words->option != NULL; words++)
		if (strcmp(value, words->option) == 0)
			strcpy(field, words->header);
}

static void
set_options(cups_page_header2_t *h, int count, cups_option_t *options)
{
	static const struct word contents[] = {{"automatic", "Automatic"},
	    {"graphics", "Graphics"}, {"photo", "Photo"}, {"text", "Text"},
	    {"text-and-graphics", "TextAndGraphics"}, {NULL, NULL}};
	static const struct word intents[] = {{"absolute", "Absolute"},
	    {"automatic", "Automatic"}, {"perceptual", "Perceptual"},
	    {"relative", "Relative"}, {"relative-bpc", "RelativeBpc"},
	    {"saturation", "Saturation"}, {NULL, NULL}};
	const char *quality = cupsGetOption("print-quality", count, options);

	set_word(h->OutputType,
	    cupsGetOption("print-content-optimize", count, options), contents);
	set_word(h->cupsRenderingIntent,
	    cupsGetOption("print-rendering-intent", count, options), intents);
	if (quality != NULL) {
		int n = atoi(quality);

		h->cupsInteger[CUPS_RASTER_PWG_PrintQuality] =
		    n >= IPP_QUALITY_DRAFT && n <= IPP_QUALITY_HIGH
			? (unsigned)n
			: 0;
	}
}

static void
set_size_name(cups_page_header2_t *h)
{
	pwg_media_t *media =
	    pwgMediaForSize((int)(2540.0 * (double)h->cupsPageSize[0] / 72.0),
		(int)(2540.0 * (double)h->cupsPageSize[1] / 72.0));
	const char *name = media != NULL ? media->pwg : "";
	size_t len = strlen(name), max = sizeof(h->cupsPageSizeName) - 1;

	memset(h->cupsPageSizeName, 0, sizeof(h->cupsPageSizeName));
	memcpy(h->cupsPageSizeName, name, len < max ? len : max);
}

/* How a back is turned for the printer's duplex unit, 1 or -1 for each
 * direction.  rastertopwg compares the keyword the wrong way round, and
 * printers know it so: these are its values. */
static void
set_turn(cups_page_header2_t *h, const char *back)
{
	bool across = false, down = false;

	if (back != NULL && strcasecmp(back, "Normal") != 0) {
		across = h->Tumble;
		down =
		    strcasecmp(back, "Flipped") == 0 ? h->Tumble : !h->Tumble;
	}
	h->cupsInteger[CUPS_RASTER_PWG_CrossFeedTransform] = across ? ~0U : 1;
	h->cupsInteger[CUPS_RASTER_PWG_FeedTransform] = down ? ~0U : 1;
}

bool
pwgpage_make(const cups_page_header2_t *in, unsigned page, ppd_file_t *ppd,
    int option_count, cups_option_t *options, struct pwgpage *out,
    struct err *e)
{
	ppd_attr_t *back =
	    ppd != NULL ? ppdFindAttr(ppd, "cupsBackSide", NULL) : NULL;
	bool is_back = in->Duplex && page % 2 == 0;
	cups_page_header2_t *h = &out->header;
	struct margins m = {.width = 0};

	if (!find_margins(in, &m, e) || !find_white(in, &out->white, e))
		return false;
	*h = *in;
	h->cupsWidth = m.width;
	h->cupsHeight = m.height;
	h->cupsBytesPerLine = (m.width * in->cupsBitsPerPixel + 7) / 8;
	h->cupsInteger[CUPS_RASTER_PWG_VendorIdentifier] = 0;
	h->cupsInteger[CUPS_RASTER_PWG_VendorLength] = 0;
	set_options(h, option_count, options);
	set_size_name(h);
	set_turn(h, is_back && back != NULL ? back->value : NULL);
	out->top = m.top;
	out->bottom = m.bottom;
	out->offset = (size_t)m.left * in->cupsBitsPerPixel / 8;
	if (h->cupsBytesPerLine < in->cupsBytesPerLine)
		return err_set(e, ERR_CONFIG,
		    "the page's lines are longer than its sheet's");
	if (out->offset + in->cupsBytesPerLine > h->cupsBytesPerLine)
		out->offset = h->cupsBytesPerLine - in->cupsBytesPerLine;
	return true;
}

/* The fields that PWG 5102.4 has, big-endian; every other one is zero. */
void
pwgpage_pwg(const struct pwgpage *p, cups_page_header2_t *out)
{
	const cups_page_header2_t *h = &p->header;

	memset(out, 0, sizeof(*out));
	strcpy(out->MediaClass, "PwgRaster");
#define TEXT(f)	  memcpy(out->f, h->f, strnlen(h->f, sizeof(h->f) - 1))
#define NUMBER(f) (out->f = htonl(h->f))
	TEXT(MediaColor);
	TEXT(MediaType);
	TEXT(OutputType);
	TEXT(cupsRenderingIntent);
	TEXT(cupsPageSizeName);
	NUMBER(CutMedia);
	NUMBER(Duplex);
	NUMBER(InsertSheet);
	NUMBER(Jog);
	NUMBER(LeadingEdge);
	NUMBER(ManualFeed);
	NUMBER(MediaPosition);
	NUMBER(MediaWeight);
	NUMBER(NumCopies);
	NUMBER(Orientation);
	NUMBER(Tumble);
	NUMBER(cupsWidth);
	NUMBER(cupsHeight);
	NUMBER(cupsBitsPerColor);
	NUMBER(cupsBitsPerPixel);
	NUMBER(cupsBytesPerLine);
	NUMBER(cupsColorOrder);
	NUMBER(cupsColorSpace);
	NUMBER(cupsNumColors);
	for (int i = 0; i < 2; i++) {
		NUMBER(HWResolution[i]);
		NUMBER(PageSize[i]);
	}
	for (int i = 0; i < 4; i++)
		NUMBER(ImagingBoundingBox[i]);
	for (int i = 0; i < 3; i++)
		NUMBER(cupsInteger[i]);
#undef TEXT
#undef NUMBER
	for (int i = 0; i < 4; i++)
		out->cupsInteger[CUPS_RASTER_PWG_ImageBoxLeft + i] = htonl(
		    to_dots(h->cupsImagingBBox[i], h->HWResolution[i % 2]));
	out->cupsInteger[CUPS_RASTER_PWG_AlternatePrimary] = htonl(0xffffff);
}

static void
put32(uint8_t *out, unsigned value)
{
	value = htonl(value);
	memcpy(out, &value, sizeof(value));
}

static uint8_t
urf_space(const cups_page_header2_t *h)
{
	switch (h->cupsColorSpace) {
	case CUPS_CSPACE_SRGB: return 1;
	case CUPS_CSPACE_CIELab: return 2;
	case CUPS_CSPACE_ADOBERGB: return 3;
	case CUPS_CSPACE_W: return 4;
	case CUPS_CSPACE_RGB: return 5;
	case CUPS_CSPACE_CMYK: return 6;
	default: return 0;
	}
}

/* The media type's number; "auto" for one without. */
static uint8_t
urf_media(const char *type)
{
	static const char *const types[] = {"auto", "stationery",
	    "transparency", "envelope", "cardstock", "labels",
	    "stationery-letterhead", "disc", "photographic-matte",
	    "photographic-satin", "photographic-semi-gloss",
	    "photographic-glossy", "photographic-high-gloss", "other"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return (uint8_t)i;
	return 0;
}

bool
pwgpage_urf(const struct pwgpage *p, uint8_t out[PWGPAGE_URF_PAGE],
    unsigned *lines, struct err *e)
{
	const cups_page_header2_t *h = &p->header;
	unsigned x = h->HWResolution[0], y = h->HWResolution[1];

	/* There is one resolution in it: lower lines are repeated. */
	*lines = x / y;
	if (*lines * y != x || *lines > CODED_REPEAT_MAX)
		return err_set(e, ERR_CONFIG,
		    "Apple raster has no pages of %u x %u dpi", x, y);
	memset(out, 0, PWGPAGE_URF_PAGE);
	out[0] = (uint8_t)h->cupsBitsPerPixel;
	out[1] = urf_space(h);
	out[2] = !h->Duplex ? 1 : h->Tumble ? 2 : 3;
	out[3] = (uint8_t)h->cupsInteger[CUPS_RASTER_PWG_PrintQuality];
	out[4] = urf_media(h->MediaType);
	out[5] = (uint8_t)h->MediaPosition;
	put32(out + 12, h->cupsWidth);
	put32(out + 16, h->cupsHeight * *lines);
	put32(out + 20, x);
	return true;
}
