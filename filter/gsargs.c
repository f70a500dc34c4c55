/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/gsargs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELD(f)                                     \
	{                                            \
#f, offsetof(cups_page_header2_t, f) \
	}

struct field {
	const char *name;
	size_t offset;
};

/* Numbers, given where not 0.  Drivers say -1 in some of them ("as the printer
 * is set"); the device takes no number above an int's. */
static const struct field numbers[] = {FIELD(AdvanceDistance),
    FIELD(AdvanceMedia), FIELD(CutMedia), FIELD(Jog), FIELD(LeadingEdge),
    FIELD(MediaPosition), FIELD(MediaWeight), FIELD(cupsMediaType),
    FIELD(cupsCompression), FIELD(cupsRowCount), FIELD(cupsRowFeed),
    FIELD(cupsRowStep)};

/* Switches.  Copies, mirroring and orientation are not among them: the pages
 * come with these already applied. */
static const struct field switches[] = {FIELD(Duplex), FIELD(InsertSheet),
    FIELD(ManualFeed), FIELD(NegativePrint), FIELD(OutputFaceUp),
    FIELD(Separations), FIELD(TraySwitch), FIELD(Tumble)};

static const struct field strings[] = {FIELD(MediaClass), FIELD(MediaColor),
    FIELD(MediaType), FIELD(OutputType), FIELD(cupsMarkerType),
    FIELD(cupsRenderingIntent), FIELD(cupsPageSizeName)};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void add(struct gsargs *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
add(struct gsargs *a, const char *fmt, ...)
{
	size_t room = sizeof(a->text) - a->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->text + a->used, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || a->argc == GSARGS_MAX) {
		a->failed = true;
		return;
	}
	a->argv[a->argc++] = a->text + a->used;
	a->argv[a->argc] = NULL;
	a->used += (size_t)n + 1;
}

static unsigned
number(const cups_page_header2_t *h, const struct field *f)
{
	unsigned value;

	memcpy(&value, (const char *)h + f->offset, sizeof(value));
	return value;
}

static void
add_fields(struct gsargs *a, const cups_page_header2_t *h)
{
	for (size_t i = 0; i < COUNT(strings); i++) {
		const char *s = (const char *)h + strings[i].offset;

		if (s[0] != '\0')
			add(a, "-s%s=%.63s", strings[i].name, s);
	}
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (number(h, &numbers[i]) != 0)
			add(a, "-d%s=%d", numbers[i].name,
			    (int)number(h, &numbers[i]));
	for (size_t i = 0; i < COUNT(switches); i++)
		if (number(h, &switches[i]) != 0)
			add(a, "-d%s", switches[i].name);
}

static void
add_page(struct gsargs *a, const cups_page_header2_t *h)
{
	add(a, "-r%ux%u", h->HWResolution[0], h->HWResolution[1]);
	add(a, "-dDEVICEWIDTHPOINTS=%u", h->PageSize[0]);
	add(a, "-dDEVICEHEIGHTPOINTS=%u", h->PageSize[1]);
	add(a, "-dcupsBitsPerColor=%u", h->cupsBitsPerColor);
	add(a, "-dcupsColorOrder=%u", (unsigned)h->cupsColorOrder);
	add(a, "-dcupsColorSpace=%u", (unsigned)h->cupsColorSpace);
	if (h->cupsBorderlessScalingFactor != 1.0f &&
	    h->cupsBorderlessScalingFactor > 0.0f)
		add(a, "-dcupsBorderlessScalingFactor=%.4f",
		    (double)h->cupsBorderlessScalingFactor);
	for (int i = 0; i < 16; i++) {
		if (h->cupsInteger[i] != 0)
			add(a, "-dcupsInteger%d=%d", i, (int)h->cupsInteger[i]);
		if (h->cupsReal[i] != 0.0f)
			add(a, "-dcupsReal%d=%.4f", i, (double)h->cupsReal[i]);
		if (h->cupsString[i][0] != '\0')
			add(a, "-scupsString%d=%.63s", i, h->cupsString[i]);
	}
}

static void
add_postscript(struct gsargs *a, const struct gsargs_how *how)
{
	const cups_page_header2_t *h = how->header;

	add(a, "-c");
	if (h->cupsImagingBBox[3] > 0.0f)
		add(a, "<</.HWMargins[%f %f %f %f]/Margins[0 0]>>setpagedevice",
		    (double)h->cupsImagingBBox[0],
		    (double)h->cupsImagingBBox[1],
		    (double)(h->cupsPageSize[0] - h->cupsImagingBBox[2]),
		    (double)(h->cupsPageSize[1] - h->cupsImagingBBox[3]));
	if (how->profile != NULL)
		add(a, "<</cupsProfile(%s)>>setpagedevice", how->profile);
	if (how->center_of_pixel)
		add(a, "0 0 .setfilladjust2");
}

bool
gsargs_make(const struct gsargs_how *how, struct gsargs *out, struct err *e)
{
	out->argc = 0;
	out->used = 0;
	out->failed = false;
	if (how->profile != NULL &&
	    how->profile[strspn(how->profile, "0123456789.,-+")] != '\0')
		return err_set(e, ERR_REQUEST,
		    "job option profile: a list of numbers is wanted");
	add(out, "gs");
	add(out, "-dQUIET");
	add(out, "-dSAFER");
	add(out, "-dNOPAUSE");
	add(out, "-dBATCH");
	add(out, "-dNOINTERPOLATE");
	add(out, "-dNOMEDIAATTRS");
	add(out, "-dShowAcroForm");
	/* The page as filter/scan.c sees it. */
	add(out, "-dUseCropBox");
	add(out, "-dNoUserUnit");
	add(out, "-sstdout=%%stderr");
	add(out, "-sOutputFile=%%stdout");
	add(out, "-sDEVICE=cups");
	add_fields(out, how->header);
	add_page(out, how->header);
	if (how->pages[0] != '\0')
		add(out, "-sPageList=%s", how->pages);
	if (how->icc != NULL)
		add(out, "-sOutputICCProfile=%s", how->icc);
	add_postscript(out, how);
	add(out, "-f");
	add(out, "%s", how->file);
	if (out->failed)
		return err_set(e, ERR_REQUEST,
		    "the job's options are too long for Ghostscript");
	return true;
}
